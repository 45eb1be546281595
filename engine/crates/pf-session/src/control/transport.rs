//! What the control stream needs of its transport: connections in slots, whole messages, and their round trips.
//!
//! A small seam, so that ENet can be exchanged, and so that the state machine is tested without a socket.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pf_net::{NetError, Readiness, Waker};

/// A connection's place. Used again after its end was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub usize);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// A client is connected.
    Connected {
        /// Its place.
        slot: Slot,
        /// What its connect carried.
        data: u32,
        /// Where it is.
        from: SocketAddr,
    },
    /// A whole message.
    Message {
        /// Whose.
        slot: Slot,
        /// Its bytes, at most 1024.
        payload: Vec<u8>,
    },
    /// The connection is over: the client said so, or nothing came back for long.
    Disconnected {
        /// Which.
        slot: Slot,
    },
}

/// Whose connect is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What it carries; absent: 0, and then the address must be right.
    pub data: Option<u32>,
    /// The client's.
    pub address: IpAddr,
}

impl Expected {
    /// Whether a connect with `data` from `ip` is this one.
    pub fn is(&self, data: u32, ip: IpAddr) -> bool {
        match self.data {
            Some(expected) => data == expected,
            None => data == 0 && ip.to_canonical() == self.address,
        }
    }
}

/// Connections of one socket.
pub trait ControlTransport {
    /// The next thing that happened; `None` until something more comes.
    fn next_event(&mut self) -> Option<TransportEvent>;

    /// Queues a message, reliable, on channel 0. False when the connection is not there.
    fn send(&mut self, slot: Slot, payload: &[u8]) -> bool;

    /// Asks for a round trip.
    fn ping(&mut self, slot: Slot);

    /// A round trip that was measured since: slot, µs.
    fn next_round_trip(&mut self) -> Option<(Slot, u32)>;

    /// Ends a connection at once. No event follows.
    fn disconnect_now(&mut self, slot: Slot);

    /// Who may connect from now on.
    fn expect(&mut self, expected: Vec<Expected>);

    /// Sends what is queued.
    fn flush(&mut self);

    /// How long it may be left alone when nothing comes in; absent: for ever.
    fn patience(&mut self) -> Option<Duration>;

    /// Waits for a datagram, `waker`, or `timeout`.
    fn wait(&self, timeout: Option<Duration>, waker: &Waker) -> Result<Readiness, NetError>;
}
