//! An engine with its three sockets, and the sessions that tests start on it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pf_session::{
    ControlLimits, Drained, Engine, EngineConfig, Refusal, SessionRequest, monotonic_ns,
};
use serde_json::{Value, json};

use crate::client::KEY_HEX;

/// One engine at a time: tests measure times.
static TURN: Mutex<()> = Mutex::new(());

pub struct Rig {
    _turn: MutexGuard<'static, ()>,
    pub engine: Engine,
    pub video: SocketAddr,
    pub control: SocketAddr,
    pub audio: SocketAddr,
    listeners: [u32; 3],
    pub events: Vec<Value>,
}

impl Rig {
    pub fn new() -> Self {
        Self::on("127.0.0.1")
    }

    /// Sockets on `ip`; called at loopback.
    pub fn on(ip: &str) -> Self {
        // A test that failed in its turn spoils nothing for the next.
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let engine = Engine::open(EngineConfig::default(), monotonic_ns);
        let views = ["video", "control", "audio"].map(|medium| {
            engine
                .open_listener(medium, ip, 0, false)
                .expect("loopback")
        });
        let called = if ip == "::" { "127.0.0.1" } else { ip };
        let address = |port| SocketAddr::new(called.parse().expect("an ip"), port);
        Self {
            _turn: turn,
            video: address(views[0].port),
            control: address(views[1].port),
            audio: address(views[2].port),
            listeners: views.map(|view| view.listener),
            engine,
            events: Vec::new(),
        }
    }

    /// A small session that waits for `data`, changed by `change`.
    pub fn request(&self, data: u32, change: impl FnOnce(&mut Value)) -> SessionRequest {
        let [video, control, _] = self.listeners;
        let mut request = json!({
            "kind": "gamestream", "client": "test", "listener": video,
            "ping_payload": format!("{data:016x}"), "packet_size": 1024, "fec_pct": 20, "min_parity": 2,
            "source": "synthetic", "width": 320, "height": 180, "fps": 30, "bitrate_kbps": 1000,
            "codec": "h264", "encoder": "auto", "invalidation": true,
            "control": {
                "listener": control, "connect_data": data, "address": "127.0.0.1", "sealing": "v2",
                "reports": true, "connect_timeout_ms": 5000
            },
            "encryption": { "key": KEY_HEX, "key_id": 1, "video": false, "audio": false }
        });
        change(&mut request);
        serde_json::from_value(request).expect("a request")
    }

    pub fn listeners(&self) -> [u32; 3] {
        self.listeners
    }

    pub fn try_start(&self, request: SessionRequest) -> Result<(u32, u16), Refusal> {
        self.engine.start_session(request)
    }

    /// Starts a session and waits until it is ready.
    pub fn start_request(&mut self, request: SessionRequest) -> u16 {
        let (op, number) = self.try_start(request).expect("a session");
        let done = self.wait_for("op.done", |e| e["ev"] == "op.done" && e["op"] == op);
        assert_eq!(done["ok"], true, "{done}");
        number
    }

    pub fn start(&mut self, data: u32) -> u16 {
        self.start_request(self.request(data, |_| {}))
    }

    /// As `start`, with shorter waits.
    pub fn start_with_limits(&mut self, data: u32, limits: ControlLimits) -> u16 {
        let mut request = self.request(data, |_| {});
        request.control.as_mut().expect("control").limits = limits;
        self.start_request(request)
    }

    /// Pings the video port as session `data`'s client; answers the socket that pictures come to.
    pub fn ping_video(&self, data: u32) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        socket
            .set_read_timeout(Some(Duration::from_secs(3)))
            .expect("a time-out");
        let mut ping = format!("{data:016x}").into_bytes();
        ping.extend(1_u32.to_be_bytes());
        socket.send_to(&ping, self.video).expect("loopback");
        socket
    }

    pub fn drain(&mut self) {
        let mut buffer = vec![0; 1 << 16];
        while let Drained::Bytes(bytes @ 1..) =
            self.engine.events().drain_into(&mut buffer, Duration::ZERO)
        {
            let lines = buffer[..bytes].split(|byte| *byte == b'\n');
            for line in lines.filter(|line| !line.is_empty()) {
                self.events
                    .push(serde_json::from_slice(line).expect("JSON"));
            }
        }
    }

    /// Waits for an event, seen already or not.
    pub fn wait_for(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(15);
        loop {
            self.drain();
            if let Some(event) = self.events.iter().find(|event| is(event)) {
                return event.clone();
            }
            assert!(Instant::now() < end, "no {what} in {:#?}", self.events);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn event(&mut self, session: u16, kind: &str) -> Value {
        self.wait_for(kind, |e| {
            e["ev"] == "session.event" && e["session"] == session && e["kind"] == kind
        })
    }

    pub fn ended(&mut self, session: u16) -> String {
        let event = self.wait_for("the end", |e| {
            e["ev"] == "session.state" && e["session"] == session && e["state"] == "ended"
        });
        event["reason"].as_str().expect("a reason").to_owned()
    }

    /// How many events of a kind were told so far.
    pub fn count(&mut self, session: u16, kind: &str) -> usize {
        self.drain();
        let is = |e: &&Value| e["session"] == session && e["kind"] == kind;
        self.events.iter().filter(is).count()
    }
}
