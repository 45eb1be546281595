//! The transport as `rusty_enet` does it: one ENet host a socket, for the socket's life, on one thread.
//!
//! Around it is what it lacks (gamestream-control-stream.md 3.8): a filter before the first byte reaches it, answers
//! from the address that was called, clients that may change their port, sends that never fail, round trips by ACK.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use pf_net::{ControlSocket, LocalAddress, NetError, Readiness, Waker};
use pf_proto::gamestream::enet::{PeerDatagram, RoundTrips};
use rusty_enet::{
    Address, Event, Host, HostSettings, MTU_MAX, Packet, PacketReceived, PeerID, PeerState, Socket,
};

use crate::control::gate::{Gate, Passed};
use crate::control::transport::{ControlTransport, Expected, Slot, TransportEvent};
use crate::request::Refusal;

/// Connections at once; a session has one.
pub const PEER_LIMIT: usize = 16;
/// What a client asks for: with fewer, everything would queue behind everything.
const CHANNELS: usize = 48;
/// The client's own.
const MTU: u16 = 900;
/// Bytes of a packet, also of one in fragments.
const PACKET_LIMIT: usize = 4096;
/// Bytes that may wait to be put together.
const WAITING_LIMIT: usize = 262_144;
/// What is told further; longer is no control message.
const MESSAGE_LIMIT: usize = 1024;
/// ENet gives up after this many doublings within `TIMEOUT_MS.0`, and after `TIMEOUT_MS.1` anyway: not before the client.
const TIMEOUT: (u32, u32, u32) = (32, 10_000, 15_000);
/// A connect that is not confirmed for so long gives its place to another.
const HALF_OPEN_NS: u64 = 3_000_000_000;

/// How often ENet looks at its own timers: for its retransmissions of pings. What comes in is served at once.
const CONNECTED_TICK: Duration = Duration::from_millis(20);
/// The same while a connection comes or goes.
pub const HURRIED_TICK: Duration = Duration::from_millis(5);

/// Counts of what was dropped or refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransportCounts {
    /// Datagrams that never reached ENet.
    pub dropped: u64,
    /// Packets that no control message can be.
    pub oversize: u64,
}

/// ENet on a socket.
pub struct EnetTransport {
    host: Host<FilteredSocket>,
    half_open_since_ns: [Option<u64>; PEER_LIMIT],
    oversize: u64,
    now_ns: fn() -> u64,
}

/// A client's address. Two are the same when the IP is: a NAT may change the port, nobody may change the IP.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress {
    remote: SocketAddr,
    local: Option<LocalAddress>,
}

struct FilteredSocket {
    socket: ControlSocket,
    gate: Gate,
    connections: [Option<Connection>; PEER_LIMIT],
    round_trips: VecDeque<(Slot, u32)>,
    now_ns: fn() -> u64,
}

/// Where a connection is, and what its acknowledgements prove: only its own are believed.
struct Connection {
    address: PeerAddress,
    round_trips: RoundTrips,
}

impl EnetTransport {
    /// Serves `socket` by the engine's clock.
    pub fn new(socket: ControlSocket, now_ns: fn() -> u64) -> Result<Self, Refusal> {
        let filtered = FilteredSocket {
            socket,
            gate: Gate::default(),
            connections: [const { None }; PEER_LIMIT],
            round_trips: VecDeque::with_capacity(ROUND_TRIPS),
            now_ns,
        };
        let settings = HostSettings {
            peer_limit: PEER_LIMIT,
            channel_limit: CHANNELS,
            time: Box::new(move || Duration::from_nanos(now_ns())),
            ..HostSettings::default()
        };
        let mut host = Host::new(filtered, settings).map_err(unusable)?;
        host.set_mtu(MTU).map_err(unusable)?;
        host.set_maximum_packet_size(PACKET_LIMIT)
            .map_err(unusable)?;
        host.set_maximum_waiting_data(WAITING_LIMIT)
            .map_err(unusable)?;
        Ok(Self {
            host,
            half_open_since_ns: [None; PEER_LIMIT],
            oversize: 0,
            now_ns,
        })
    }

    /// What was dropped so far.
    pub fn counts(&self) -> TransportCounts {
        TransportCounts {
            dropped: self.host.socket().gate.dropped(),
            oversize: self.oversize,
        }
    }

    /// Connects that are not confirmed for long give their place back.
    fn reset_half_open(&mut self) {
        let now_ns = (self.now_ns)();
        for (index, since_ns) in self.half_open_since_ns.iter_mut().enumerate() {
            let peer = self.host.peer_mut(PeerID(index));
            let half_open = matches!(
                peer.state(),
                PeerState::AcknowledgingConnect
                    | PeerState::ConnectionPending
                    | PeerState::ConnectionSucceeded
            );
            if !half_open {
                *since_ns = None;
            } else if now_ns.saturating_sub(*since_ns.get_or_insert(now_ns)) > HALF_OPEN_NS {
                peer.reset();
                *since_ns = None;
            }
        }
    }
}

fn unusable(error: impl std::fmt::Debug) -> Refusal {
    Refusal::new("bind_failed", format!("ENet did not start: {error:?}."))
}

impl ControlTransport for EnetTransport {
    fn next_event(&mut self) -> Option<TransportEvent> {
        loop {
            // The socket never fails, so serving does not.
            let Ok(event) = self.host.service();
            let Some(event) = event else {
                self.reset_half_open();
                return None;
            };
            match event {
                Event::Connect { peer, data } => {
                    let (limit, least_ms, most_ms) = TIMEOUT;
                    peer.set_timeout(limit, least_ms, most_ms);
                    let slot = Slot(peer.id().0);
                    // A connected peer has an address.
                    let Some(address) = peer.address() else {
                        continue;
                    };
                    self.host.socket_mut().connections[slot.0] = Some(Connection {
                        address,
                        round_trips: RoundTrips::new(),
                    });
                    let from = address.remote;
                    return Some(TransportEvent::Connected { slot, data, from });
                }
                Event::Disconnect { peer, .. } => {
                    let slot = Slot(peer.id().0);
                    self.host.socket_mut().connections[slot.0] = None;
                    return Some(TransportEvent::Disconnected { slot });
                }
                Event::Receive { peer, packet, .. } => {
                    let slot = Slot(peer.id().0);
                    if packet.data().len() > MESSAGE_LIMIT {
                        self.oversize += 1;
                        continue;
                    }
                    let payload = packet.data().to_vec();
                    return Some(TransportEvent::Message { slot, payload });
                }
            }
        }
    }

    fn send(&mut self, slot: Slot, payload: &[u8]) -> bool {
        let peer = self.host.get_peer_mut(PeerID(slot.0));
        peer.is_some_and(|peer| peer.send(0, &Packet::reliable(payload)).is_ok())
    }

    fn ping(&mut self, slot: Slot) {
        if let Some(peer) = self.host.get_peer_mut(PeerID(slot.0)) {
            peer.ping();
        }
    }

    fn next_round_trip(&mut self) -> Option<(Slot, u32)> {
        self.host.socket_mut().round_trips.pop_front()
    }

    fn disconnect_now(&mut self, slot: Slot) {
        if let Some(peer) = self.host.get_peer_mut(PeerID(slot.0)) {
            peer.disconnect_now(0);
        }
        self.host.socket_mut().connections[slot.0] = None;
    }

    fn expect(&mut self, expected: Vec<Expected>) {
        self.host.socket_mut().gate.expect(expected);
    }

    fn flush(&mut self) {
        self.host.flush();
    }

    fn patience(&mut self) -> Option<Duration> {
        let of = |state| match state {
            PeerState::Disconnected => None,
            PeerState::Connected => Some(CONNECTED_TICK),
            _ => Some(HURRIED_TICK),
        };
        self.host.peers().filter_map(|peer| of(peer.state())).min()
    }

    fn wait(&self, timeout: Option<Duration>, waker: &Waker) -> Result<Readiness, NetError> {
        self.host.socket().socket.wait(timeout, waker)
    }
}

impl Socket for FilteredSocket {
    type Address = PeerAddress;
    type Error = Infallible;

    fn send(&mut self, to: PeerAddress, datagram: &[u8]) -> Result<usize, Infallible> {
        let mut connections = self.connections.iter_mut().flatten();
        if let Some(connection) = connections.find(|c| c.address.remote == to.remote) {
            connection
                .round_trips
                .datagram_sent(datagram, (self.now_ns)());
        }
        // A refused datagram is like a lost one: ENet sends it again.
        Ok(self.socket.send(to.local, to.remote, datagram))
    }

    fn receive(
        &mut self,
        buffer: &mut [u8; MTU_MAX],
    ) -> Result<Option<(PeerAddress, PacketReceived)>, Infallible> {
        for _ in 0..DATAGRAMS_AT_ONCE {
            // An error of the socket itself looks like an idle one: its clients are lost by their watchdogs.
            let Ok(Some(taken)) = self.socket.receive(buffer) else {
                return Ok(None);
            };
            if taken.truncated {
                self.gate.count_dropped();
                continue;
            }
            let now_ns = (self.now_ns)();
            let datagram = &buffer[..taken.bytes];
            let address = PeerAddress {
                remote: taken.from,
                local: taken.to,
            };
            match self.gate.pass(datagram, taken.from, now_ns) {
                None => continue,
                Some(Passed::Connect) => {}
                Some(Passed::Peer(datagram)) => {
                    let connections = &mut self.connections;
                    note(
                        &datagram,
                        address,
                        connections,
                        &mut self.round_trips,
                        now_ns,
                    );
                }
            }
            return Ok(Some((address, PacketReceived::Complete(taken.bytes))));
        }
        Ok(None)
    }
}

/// Keeps a connection's newest port, and what its acknowledgements prove.
fn note(
    datagram: &PeerDatagram<'_>,
    address: PeerAddress,
    connections: &mut [Option<Connection>; PEER_LIMIT],
    round_trips: &mut VecDeque<(Slot, u32)>,
    now_ns: u64,
) {
    let slot = Slot(usize::from(datagram.peer));
    let Some(Some(connection)) = connections.get_mut(slot.0) else {
        return;
    };
    if !connection.address.same(&address) {
        return;
    }
    connection.address = address;
    for time in datagram.acknowledged_times() {
        let round_trip_ns = connection.round_trips.acknowledged(time, now_ns);
        if let Some(ns) = round_trip_ns
            && round_trips.len() < ROUND_TRIPS
        {
            let us = u32::try_from(ns / 1000).unwrap_or(u32::MAX);
            round_trips.push_back((slot, us));
        }
    }
}

impl Address for PeerAddress {
    fn same_host(&self, other: &Self) -> bool {
        self.same(other)
    }

    fn same(&self, other: &Self) -> bool {
        let scope = |address: &SocketAddr| match address {
            SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => v6.scope_id(),
            _ => 0,
        };
        self.remote.ip().to_canonical() == other.remote.ip().to_canonical()
            && scope(&self.remote) == scope(&other.remote)
    }

    fn is_broadcast(&self) -> bool {
        false
    }
}

/// Round trips that wait to be asked for.
const ROUND_TRIPS: usize = 64;
/// Datagrams that one look at the socket may drop before ENet has its turn.
const DATAGRAMS_AT_ONCE: usize = 256;
