//! The engine as a value: sockets, sessions, lanes. Commands are answered within a millisecond; what may wait runs on
//! a thread of its own and completes as the event `op.done`.

mod listeners;
mod start;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_stats::{RECORD_BYTES, RecordConsumer};
use serde::Serialize;
use serde_json::{Value, json};

use crate::admission;
use crate::events::{EventQueue, Level};
use crate::listener::{Listener, ListenerView};
use crate::request::Refusal;
use crate::sender::SendTotals;
use crate::shared::{EngineShared, SessionShared, SessionView};
use crate::trial::{self, TrialRequest};

/// Sessions at once: each owns an encoder, and far fewer are ever wanted.
pub const MAX_SESSIONS: usize = 16;
/// How long a closed engine's last events are waited for, a session.
const FAREWELL: Duration = Duration::from_secs(1);
/// Operations are numbered from here; 0 is none.
const FIRST_OP: u32 = 1;

/// Budgets of the lanes.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Seconds of records that a session's ring holds.
    pub records_seconds: u32,
    /// Bytes of events that may wait.
    pub events_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            records_seconds: 10,
            events_bytes: 1 << 20,
        }
    }
}

/// A level-triggered picture of everything the engine holds.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Living sessions.
    pub sessions: Vec<SessionView>,
    /// Bound sockets.
    pub listeners: Vec<ListenerView>,
    /// Whether the gate is open.
    pub measuring: bool,
    /// Use of the lanes.
    pub lanes: Lanes,
}

/// Use of both lanes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lanes {
    /// Lane 0, bytes.
    pub events: LaneUse,
    /// Lane 1, bytes; `lost` in records.
    pub records: LaneUse,
}

/// Use of one lane.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct LaneUse {
    /// Bytes waiting.
    pub used: usize,
    /// Bytes that fit.
    pub limit: usize,
    /// Lost since the engine opened.
    pub lost: u64,
}

/// The engine.
pub struct Engine {
    shared: Arc<EngineShared>,
    config: EngineConfig,
    next_op: AtomicU32,
    closed: AtomicBool,
    inner: Mutex<Inner>,
    lanes: Mutex<RecordLanes>,
}

#[derive(Default)]
struct Inner {
    listeners: Vec<(u32, Listener)>,
    sessions: Vec<Running>,
    /// Control threads that still tell their clients to go.
    retiring: Vec<JoinHandle<()>>,
    next_listener: u32,
    next_session: u16,
}

struct Running {
    shared: Arc<SessionShared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct RecordLanes {
    lanes: Vec<(Arc<SessionShared>, RecordConsumer)>,
    /// Losses of sessions whose ring is gone.
    lost_before: u64,
}

impl Engine {
    /// Opens an engine. `now_ns` is CLOCK_MONOTONIC.
    pub fn open(config: EngineConfig, now_ns: fn() -> u64) -> Self {
        Self {
            shared: Arc::new(EngineShared::new(config.events_bytes, now_ns)),
            config,
            next_op: AtomicU32::new(FIRST_OP),
            closed: AtomicBool::new(false),
            inner: Mutex::default(),
            lanes: Mutex::default(),
        }
    }

    /// Lane 0.
    pub fn events(&self) -> &EventQueue {
        &self.shared.events
    }

    /// A number for an operation that completes later.
    pub fn next_op(&self) -> u32 {
        self.next_op.fetch_add(1, Ordering::Relaxed)
    }

    /// Everything that is, now.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.lock();
        inner.reap();
        let (used, limit, lost) = self.shared.events.usage();
        Snapshot {
            // Whose end was told is gone, though its thread may have a last instruction left.
            sessions: inner
                .sessions
                .iter()
                .filter(|running| !running.shared.is_over())
                .map(|running| running.shared.view())
                .collect(),
            listeners: inner
                .listeners
                .iter()
                .map(|(_, listener)| listener.view())
                .collect(),
            measuring: self.shared.gate.is_open(),
            lanes: Lanes {
                events: LaneUse { used, limit, lost },
                records: self.record_use(),
            },
        }
    }

    /// Opens or closes the gate: records for lane 1, and the perf line.
    pub fn measure(&self, on: bool, perf: bool) {
        self.shared.recording.store(on, Ordering::Relaxed);
        self.shared.perf.store(perf, Ordering::Relaxed);
        self.shared.gate.set(on || perf);
    }

    /// Asks a session to end; the operation completes when its threads are gone.
    pub fn stop_session(&self, number: u16, reason: &str) -> Result<u32, Refusal> {
        let session = self.session(number)?;
        let op = self.next_op();
        if !session.answer_at_end(op) {
            self.shared
                .events
                .push("op.done", json!({ "op": op, "ok": true, "result": {} }));
        }
        session.end(reason, "The host ended the session.");
        Ok(op)
    }

    /// A living session.
    pub fn session(&self, number: u16) -> Result<Arc<SessionShared>, Refusal> {
        self.lock()
            .sessions
            .iter()
            .find(|running| running.shared.number() == number)
            .map(|running| Arc::clone(&running.shared))
            .ok_or_else(|| {
                Refusal::new("unknown_session", format!("There is no session {number}."))
            })
    }

    /// Totals of a session's sender: frames and packets handed to the kernel.
    pub fn send_totals(&self, number: u16) -> Option<Arc<SendTotals>> {
        let inner = self.lock();
        inner
            .sessions
            .iter()
            .find(|running| running.shared.number() == number)
            .map(|running| Arc::clone(&running.shared.totals))
    }

    /// Changes the encoder's target.
    pub fn set_bitrate(&self, number: u16, kbps: u32) -> Result<(), Refusal> {
        admission::check_bitrate(kbps)?;
        self.session(number)?.set_target_kbps(kbps);
        Ok(())
    }

    /// Opens a source or an encoder for a few frames and times it. Belongs in a child process.
    pub fn trial(&self, request: TrialRequest) -> Result<u32, Refusal> {
        let op = self.next_op();
        let shared = Arc::clone(&self.shared);
        self.run_op(op, "pf-trial", move || trial::run(&request, shared.now_ns))?;
        Ok(op)
    }

    /// Runs `work` on a thread of its own and answers `op` with what it returns.
    pub fn run_op(
        &self,
        op: u32,
        name: &str,
        work: impl FnOnce() -> Result<Value, Refusal> + Send + 'static,
    ) -> Result<(), Refusal> {
        let shared = Arc::clone(&self.shared);
        let body = move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
                .unwrap_or_else(|_| Err(Refusal::new("internal", "The operation panicked.")));
            let done = match result {
                Ok(result) => json!({ "op": op, "ok": true, "result": result }),
                Err(refusal) => json!({ "op": op, "ok": false, "error": refusal }),
            };
            shared.events.push("op.done", done);
        };
        std::thread::Builder::new()
            .name(format!("{name}-{op}"))
            .spawn(body)
            .map(drop)
            .map_err(|e| Refusal::new("no_thread", format!("A thread did not start: {e}.")))
    }

    /// Copies whole records of every session into `out`; answers the bytes written, `None` once closed and empty.
    pub fn drain_records(&self, out: &mut [u8]) -> Option<usize> {
        let mut lanes = lock(&self.lanes);
        let mut written = 0;
        for (_, consumer) in &mut lanes.lanes {
            written += consumer.drain_into(&mut out[written..]);
        }
        lanes.forget_ended();
        if written == 0 && self.closed.load(Ordering::Acquire) {
            None
        } else {
            Some(written)
        }
    }

    /// True once [`Engine::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends everything and returns at once; threads end by themselves, lanes can be read to their end. With clients to
    /// tell, lane 0 ends when they were told: at most a second and a bit later.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let (listeners, sessions, mut retiring) = {
            let mut inner = self.lock();
            let sessions: Vec<_> = inner
                .sessions
                .iter()
                .map(|running| Arc::clone(&running.shared))
                .collect();
            let retiring = std::mem::take(&mut inner.retiring);
            (std::mem::take(&mut inner.listeners), sessions, retiring)
        };
        for session in &sessions {
            session.end("engine_closed", "The engine was closed.");
        }
        for (_, listener) in listeners {
            if let Listener::Control(control) = listener {
                retiring.extend(control.close());
            }
        }
        let shared = Arc::clone(&self.shared);
        let farewell = move || {
            for thread in retiring {
                // A panic was told when it happened.
                drop(thread.join());
            }
            let sessions_with_client = sessions
                .iter()
                .filter(|session| session.request.control.is_some());
            for session in sessions_with_client {
                session.wait_until_over(FAREWELL);
            }
            shared.events.log(Level::Debug, "engine", "closed");
            shared.events.close();
        };
        let spawned = std::thread::Builder::new()
            .name("pf-close".into())
            .spawn(farewell);
        if spawned.is_err() {
            // Without a thread there is nobody to wait with; whoever drains must not wait for ever.
            self.shared.events.close();
        }
    }

    fn record_use(&self) -> LaneUse {
        let lanes = lock(&self.lanes);
        let mut use_ = LaneUse {
            lost: lanes.lost_before,
            ..LaneUse::default()
        };
        for (_, consumer) in &lanes.lanes {
            use_.used += consumer.len() * RECORD_BYTES;
            use_.limit += consumer.capacity() * RECORD_BYTES;
            use_.lost += consumer.overflow();
        }
        use_
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    /// Joins the threads of sessions that are over and forgets them.
    fn reap(&mut self) {
        let listeners = &self.listeners;
        self.sessions.retain_mut(|running| {
            let over = running.thread.as_ref().is_none_or(JoinHandle::is_finished);
            if over {
                if let Some(thread) = running.thread.take() {
                    // A panic was told when it happened.
                    drop(thread.join());
                }
                for (_, listener) in listeners {
                    listener.detach(running.shared.number());
                }
            }
            !over
        });
    }

    fn free_session_number(&mut self) -> u16 {
        loop {
            self.next_session = self.next_session.wrapping_add(1).max(1);
            let number = self.next_session;
            if self
                .sessions
                .iter()
                .all(|running| running.shared.number() != number)
            {
                return number;
            }
        }
    }
}

impl RecordLanes {
    fn forget_ended(&mut self) {
        let mut lost = 0;
        self.lanes.retain(|(session, consumer)| {
            let over = session.is_over() && consumer.is_empty();
            if over {
                lost += consumer.overflow();
            }
            !over
        });
        self.lost_before += lost;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
