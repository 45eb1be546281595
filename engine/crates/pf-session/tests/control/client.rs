//! A client: 48 channels, MTU 900, sealed messages (gamestream-control-stream.md 12.2).

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use pf_seal::{ClientSeals, ControlStyle, SessionKey};
use rusty_enet::{Event, Host, HostSettings, Packet, PeerID};

/// The session's key in these tests, as hex and as bytes.
pub const KEY_HEX: &str = "00112233445566778899aabbccddeeff";
pub const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

pub const START_A: &[u8] = &[0x02, 0x03, 0x02, 0x00, 0x00, 0x00];
pub const START_B: &[u8] = &[0x07, 0x03, 0x01, 0x00, 0x00];
pub const PING: &[u8] = &[
    0x00, 0x02, 0x08, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0xaa, 0x55,
];

pub struct Client {
    host: Host<UdpSocket>,
    peer: PeerID,
    pub seals: ClientSeals,
    pub connected: bool,
    pub disconnected: bool,
    /// Opened messages from the host.
    pub received: Vec<Vec<u8>>,
}

impl Client {
    /// Starts to connect.
    pub fn to(server: SocketAddr, data: u32) -> Self {
        Self::with_key(server, data, KEY, ControlStyle::V2)
    }

    pub fn with_key(server: SocketAddr, data: u32, key: [u8; 16], style: ControlStyle) -> Self {
        let any = if server.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        };
        let socket = UdpSocket::bind(any).expect("loopback");
        Self::on(socket, server, data, key, style)
    }

    pub fn on(
        socket: UdpSocket,
        server: SocketAddr,
        data: u32,
        key: [u8; 16],
        style: ControlStyle,
    ) -> Self {
        let settings = HostSettings {
            peer_limit: 1,
            channel_limit: 48,
            ..HostSettings::default()
        };
        let mut host = Host::new(socket, settings).expect("a client");
        host.set_mtu(900).expect("the client's own");
        let peer = host.connect(server, 48, data).expect("a free peer").id();
        Self {
            host,
            peer,
            seals: SessionKey::new(key).into_client_seals(style),
            connected: false,
            disconnected: false,
            received: Vec::new(),
        }
    }

    /// Serves ENet for `ms`.
    pub fn serve(&mut self, ms: u64) {
        self.serve_until(ms, |_| false);
    }

    /// Serves ENet until `done`, at most `ms`; answers whether it was.
    pub fn serve_until(&mut self, ms: u64, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = Instant::now() + Duration::from_millis(ms);
        loop {
            while let Some(event) = self.host.service().expect("loopback") {
                match event {
                    Event::Connect { .. } => self.connected = true,
                    Event::Disconnect { .. } => self.disconnected = true,
                    Event::Receive { packet, .. } => {
                        let mut payload = packet.data().to_vec();
                        let message = self.seals.control_opener.open(&mut payload);
                        self.received
                            .push(message.expect("the host's key").to_vec());
                    }
                }
            }
            if done(self) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the connection.
    pub fn connects(&mut self) -> bool {
        self.serve_until(10_000, |client| client.connected)
    }

    /// Connects and says Start A and Start B.
    pub fn start(server: SocketAddr, data: u32) -> Self {
        let mut client = Self::to(server, data);
        assert!(client.connects(), "no connection");
        client.send(0, START_A);
        client.send(0, START_B);
        client.serve(5);
        client
    }

    /// Seals a message and sends it, reliable.
    pub fn send(&mut self, channel: u8, message: &[u8]) {
        let envelope = self.seal(message);
        self.send_raw(channel, &envelope);
    }

    /// The envelope of a message, numbered.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let mut envelope = Vec::new();
        let sealed = self.seals.control_sealer.seal(message, &mut envelope);
        sealed.expect("numbers are left");
        envelope
    }

    pub fn send_raw(&mut self, channel: u8, payload: &[u8]) {
        let peer = self.host.peer_mut(self.peer);
        peer.send(channel, &Packet::reliable(payload))
            .expect("connected");
        self.host.flush();
    }

    pub fn send_unsequenced(&mut self, channel: u8, message: &[u8]) {
        let envelope = self.seal(message);
        let peer = self.host.peer_mut(self.peer);
        peer.send(channel, &Packet::unreliable_unsequenced(&envelope[..]))
            .expect("connected");
        self.host.flush();
    }

    /// Says goodbye and waits for the answer.
    pub fn leave(&mut self) -> bool {
        self.host.peer_mut(self.peer).disconnect_later(0);
        self.serve_until(3_000, |client| client.disconnected)
    }

    /// As stock clients answer a termination message: unsequenced, and gone.
    pub fn vanish(&mut self) {
        self.host.peer_mut(self.peer).disconnect_now(0);
    }

    pub fn local_address(&self) -> SocketAddr {
        self.host.socket().local_addr().expect("bound")
    }

    /// The code of the termination message that came.
    pub fn termination(&self) -> Option<u32> {
        self.received.iter().find_map(|message| match message[..] {
            [0x09, 0x01, 0x04, 0x00, a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
            _ => None,
        })
    }
}
