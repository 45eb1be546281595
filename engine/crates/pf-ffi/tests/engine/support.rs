//! Drives the engine through its six C functions, as the host does.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pf_ffi::{pf_engine_call, pf_engine_close, pf_engine_drain, pf_engine_open, pf_last_error};
use serde_json::{Value, json};

/// One engine at a time: streams beside each other would measure each other.
static TURN: Mutex<()> = Mutex::new(());

/// Flags of a record.
pub const KEY: u16 = 1;
/// Flags of a record.
pub const REPEAT: u16 = 1 << 1;
/// Flags of a record.
pub const AFTER_INVALIDATION: u16 = 1 << 2;

/// An open engine and the events it has told so far.
pub struct Host {
    _turn: MutexGuard<'static, ()>,
    /// The handle.
    pub engine: u32,
    /// Answer of `open`.
    pub opened: Value,
    /// Every event drained.
    pub events: Vec<Value>,
    /// Every record drained, 64 bytes each.
    pub records: Vec<[u8; 64]>,
}

/// A failed call.
#[derive(Debug)]

pub struct Failed {
    /// The negative answer.
    pub status: i32,
    /// `pf_last_error`.
    pub error: Value,
}

impl Host {
    /// Opens an engine with default budgets.
    pub fn open() -> Self {
        // A test that failed in its turn spoils nothing for the next.
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut reply = vec![0_u8; 4096];
        // SAFETY: no configuration, and the reply buffer lives through the call.
        let written =
            unsafe { pf_engine_open(std::ptr::null(), 0, reply.as_mut_ptr(), reply.len() as u32) };
        let opened: Value =
            serde_json::from_slice(&reply[..written as usize]).expect("open answers JSON");
        let engine = opened["engine"].as_u64().expect("a handle") as u32;
        Self {
            _turn: turn,
            engine,
            opened,
            events: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Calls a command.
    pub fn call(&self, request: &Value) -> Result<Value, Failed> {
        let text = request.to_string();
        let mut reply = vec![0_u8; 1 << 16];
        // SAFETY: both buffers live through the call and have the lengths given.
        let written = unsafe {
            pf_engine_call(
                self.engine,
                text.as_ptr(),
                text.len() as u32,
                reply.as_mut_ptr(),
                reply.len() as u32,
            )
        };
        if written < 0 {
            return Err(Failed {
                status: written,
                error: last_error(),
            });
        }
        Ok(serde_json::from_slice(&reply[..written as usize]).expect("a reply is JSON"))
    }

    /// Calls a command that must succeed.
    pub fn must(&self, request: Value) -> Value {
        self.call(&request)
            .unwrap_or_else(|failed| panic!("{request}: {failed:?}"))
    }

    /// Moves both lanes into `events` and `records`.
    pub fn drain(&mut self, wait_ms: u32) {
        let mut buffer = vec![0_u8; 1 << 20];
        // SAFETY: the buffer lives through the call.
        let bytes = unsafe {
            pf_engine_drain(
                self.engine,
                0,
                buffer.as_mut_ptr(),
                buffer.len() as u32,
                wait_ms,
            )
        };
        for line in buffer[..bytes.max(0) as usize]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            self.events
                .push(serde_json::from_slice(line).expect("an event is JSON"));
        }
        // SAFETY: the same buffer, the other lane.
        let bytes =
            unsafe { pf_engine_drain(self.engine, 1, buffer.as_mut_ptr(), buffer.len() as u32, 0) };
        for record in buffer[..bytes.max(0) as usize].chunks_exact(64) {
            self.records.push(record.try_into().expect("64 bytes"));
        }
    }

    /// Waits for an event.
    pub fn wait_for(&mut self, what: &str, mut found: impl FnMut(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(20);
        let mut seen = 0;
        loop {
            while seen < self.events.len() {
                if found(&self.events[seen]) {
                    return self.events[seen].clone();
                }
                seen += 1;
            }
            assert!(
                Instant::now() < end,
                "{what} did not come; events: {:#?}",
                self.events
            );
            self.drain(50);
        }
    }

    /// Waits for an operation and answers its `op.done`.
    pub fn done(&mut self, reply: &Value) -> Value {
        let op = reply["op"].clone();
        assert!(op.is_u64(), "no operation in {reply}");
        self.wait_for("op.done", |event| {
            event["ev"] == "op.done" && event["op"] == op
        })
    }

    /// Opens a video listener on a free port of loopback; answers its number and port.
    pub fn listener(&self) -> (u64, u64) {
        let reply = self.must(json!({
            "cmd": "listener.open", "medium": "video", "address": "127.0.0.1", "port": 0, "dscp": false
        }));
        (
            reply["listener"].as_u64().expect("number"),
            reply["port"].as_u64().expect("port"),
        )
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        pf_engine_close(self.engine);
    }
}

/// Streams for `seconds` and answers the probe's report; the records are in `host`.
pub fn stream(host: &mut Host, seconds: f64, change: impl FnOnce(&mut Value)) -> Value {
    let (listener, port) = host.listener();
    let mut session = synthetic(listener);
    change(&mut session);
    host.must(json!({ "cmd": "measure", "on": true, "perf": false }));
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    let ready = host.done(&started);
    assert_eq!(ready["ok"], true, "{ready}");
    let number = started["session"].clone();
    let probe = host.must(json!({
        "cmd": "probe.start", "session": number, "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": session["packet_size"], "seconds": seconds
    }));
    let report = host.done(&probe);
    assert_eq!(report["ok"], true, "{report}");
    let stop =
        host.must(json!({ "cmd": "session.stop", "session": number, "reason": "test_over" }));
    host.done(&stop);
    let ended = host.wait_for("the end", |event| {
        event["ev"] == "session.state" && event["state"] == "ended"
    });
    assert_eq!(ended["reason"], "test_over", "{ended}");
    host.drain(0);
    report["result"].clone()
}

/// What `host` has drained, parsed.
pub fn records(host: &Host) -> Vec<Record> {
    host.records.iter().map(Record::parse).collect()
}

/// What this thread's last call said.
pub fn last_error() -> Value {
    let mut buffer = vec![0_u8; 1 << 16];
    // SAFETY: the buffer lives through the call.
    let written = unsafe { pf_last_error(buffer.as_mut_ptr(), buffer.len() as u32) };
    serde_json::from_slice(&buffer[..written as usize]).expect("an error is JSON")
}

/// A session request for a synthetic stream; tests change what they need.
pub fn synthetic(listener: u64) -> Value {
    json!({
        "kind": "gamestream", "client": "test", "listener": listener, "ping_payload": "0123456789abcdef",
        "packet_size": 1392, "fec_pct": 20, "min_parity": 2, "source": "synthetic", "width": 640, "height": 360,
        "fps": 60, "bitrate_kbps": 5000, "codec": "h264", "encoder": "auto", "invalidation": true
    })
}

/// Fields of a frame record, by the table in pf-stats.
#[derive(Clone, Copy, Debug)]

pub struct Record {
    pub grabbed_ns: u64,
    pub boundaries: [u32; 7],
    pub frame_index: u32,
    pub source_sequence: u32,
    pub source_age_ns: u32,
    pub bytes: u32,
    pub session: u16,
    pub flags: u16,
    pub data_packets: u16,
    pub parity_packets: u16,
    pub outcome: u8,
    pub send_refused: u8,
}

impl Record {
    /// Reads the 64 bytes.
    pub fn parse(bytes: &[u8; 64]) -> Self {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().expect("2 bytes"));
        Self {
            grabbed_ns: u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")),
            boundaries: std::array::from_fn(|i| u32_at(8 + 4 * i)),
            frame_index: u32_at(36),
            source_sequence: u32_at(40),
            source_age_ns: u32_at(44),
            bytes: u32_at(48),
            session: u16_at(52),
            flags: u16_at(54),
            data_packets: u16_at(56),
            parity_packets: u16_at(58),
            outcome: bytes[61],
            send_refused: bytes[62],
        }
    }
}
