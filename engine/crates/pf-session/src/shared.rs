//! What the threads of one session share: its end, its endpoint, its pending recovery, its view for snapshots.
//!
//! Every lock here is held for a copy; the video and send threads read the rest from atomics.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use pf_net::{LocalAddress, Waker};
use pf_proto::gamestream::ping::{EndpointTracker, PingEffect};
use pf_proto::gamestream::recovery::RecoverySlot;
use pf_proto::gamestream::reports::ClientReports;
use pf_stats::Gate;
use serde::Serialize;

use crate::events::EventQueue;
use crate::listener::Medium;
use crate::request::SessionRequest;
use crate::sender::SendTotals;

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Source and encoder are being opened.
    Starting,
    /// Ready; no ping has told the endpoint yet.
    WaitingForClient,
    /// Frames leave.
    Streaming,
    /// Over.
    Ended,
}

/// How far a session's control stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    /// The client has not connected yet.
    Awaiting,
    /// It has, and has not said that it is ready.
    Connected,
    /// It is ready, or had time enough to say so.
    Ready,
}

/// Where the source's picture lies in the encoded one, px. Input will be mapped back through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PictureView {
    /// Left edge in the mode.
    pub x: u32,
    /// Top edge in the mode.
    pub y: u32,
    /// Width in the mode.
    pub width: u32,
    /// Height in the mode.
    pub height: u32,
    /// Width of the source.
    pub source_width: u32,
    /// Height of the source.
    pub source_height: u32,
}

/// An encoder that could not be opened, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedView {
    /// Its name and settings.
    pub name: String,
    /// Its own words.
    pub reason: String,
}

/// A session as snapshots and `session.state` events tell it.
#[derive(Clone, Debug, Serialize)]
pub struct SessionView {
    /// Number, never reused while the engine is open.
    pub session: u16,
    /// Protocol family.
    pub kind: String,
    /// How far it is.
    pub state: SessionState,
    /// Label of the peer.
    pub client: String,
    /// Source's name.
    pub source: String,
    /// Encoder's name; as asked until it is open.
    pub encoder: String,
    /// What the encoder says of itself; absent until it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder_detail: Option<String>,
    /// What was tried before this encoder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedView>,
    /// Codec's name.
    pub codec: String,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Target, kb/s.
    pub bitrate_kbps: u32,
    /// Absent until the source has told its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureView>,
    /// Whether a loss can be answered without a key frame.
    pub can_invalidate: bool,
    /// Absent without a control stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlState>,
}

/// Why a session ended: a stable name and a sentence.
#[derive(Clone, Debug)]
pub struct EndReason {
    /// Stable name, e.g. `client_gone`.
    pub code: String,
    /// A sentence with the values.
    pub message: String,
}

/// What every session of an engine shares.
pub struct EngineShared {
    /// Lane 0.
    pub events: EventQueue,
    /// Opens while anything measures: the one load that a frame pays.
    pub gate: Gate,
    /// Whether records go to lane 1; read only when the gate is open.
    pub recording: AtomicBool,
    /// Whether `perf` events are made; read only when the gate is open.
    pub perf: AtomicBool,
    /// CLOCK_MONOTONIC, ns.
    pub now_ns: fn() -> u64,
}

impl EngineShared {
    /// Lane 0 of `events_bytes`, a closed gate, and the engine's clock.
    pub fn new(events_bytes: usize, now_ns: fn() -> u64) -> Self {
        Self {
            events: EventQueue::new(events_bytes, now_ns),
            gate: Gate::closed(),
            recording: AtomicBool::new(false),
            perf: AtomicBool::new(false),
            now_ns,
        }
    }
}

/// One session's shared state.
pub struct SessionShared {
    /// What it was asked to be.
    pub request: SessionRequest,
    /// The engine's.
    pub engine: Arc<EngineShared>,
    /// What its pings are known by.
    pub pings: PingSecrets,
    /// What became of its pictures, counted for whoever asks.
    pub totals: Arc<SendTotals>,
    number: u16,
    stop: AtomicBool,
    target_kbps: AtomicU32,
    last_ping_ns: AtomicU64,
    /// Raised when the session shall end: its control thread tells the client.
    control_waker: OnceLock<Waker>,
    inner: Mutex<Inner>,
    changed: Condvar,
    /// What the client tells of its reception; absent without a control stream.
    reports: Option<Mutex<ClientReports>>,
}

/// Where packets of a medium go, and which address of this machine the client has called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The client's.
    pub peer: SocketAddr,
    /// Ours; unknown on a socket that has one address only.
    pub source: Option<LocalAddress>,
}

/// How pings are told apart.
#[derive(Clone, Default)]
pub struct PingSecrets {
    /// In pings on the video port.
    pub video: [u8; 16],
    /// In pings on the audio port; absent without sound.
    pub audio: Option<[u8; 16]>,
    /// Whose pings need no secret, if no other session says so too.
    pub legacy: Option<IpAddr>,
}

struct Inner {
    view: SessionView,
    end: Option<EndReason>,
    stop_ops: Vec<u32>,
    video: Tracked,
    audio: Tracked,
    recovery: RecoverySlot,
    /// A control thread still owes the client a goodbye.
    control_runs: bool,
}

#[derive(Default)]
struct Tracked {
    tracker: EndpointTracker,
    source: Option<LocalAddress>,
}

impl Tracked {
    fn endpoint(&self) -> Option<Endpoint> {
        self.tracker.address().map(|peer| Endpoint {
            peer,
            source: self.source,
        })
    }
}

impl SessionShared {
    /// A session that is about to start.
    pub fn new(
        session: u16,
        request: SessionRequest,
        pings: PingSecrets,
        engine: Arc<EngineShared>,
    ) -> Self {
        let view = SessionView {
            session,
            kind: request.kind.clone(),
            state: SessionState::Starting,
            client: request.client.clone(),
            source: request.source.clone(),
            encoder: request.encoder.clone(),
            encoder_detail: None,
            refused: Vec::new(),
            codec: request.codec.clone(),
            width: request.width,
            height: request.height,
            fps: request.fps,
            bitrate_kbps: request.bitrate_kbps,
            picture: None,
            can_invalidate: false,
            control: request.control.as_ref().map(|_| ControlState::Awaiting),
        };
        let inner = Inner {
            view,
            end: None,
            stop_ops: Vec::new(),
            video: Tracked::default(),
            audio: Tracked::default(),
            recovery: RecoverySlot::default(),
            control_runs: false,
        };
        let reports = request
            .control
            .as_ref()
            .map(|control| Mutex::new(ClientReports::new(control.reports)));
        Self {
            reports,
            target_kbps: AtomicU32::new(request.bitrate_kbps),
            request,
            engine,
            pings,
            totals: Arc::default(),
            number: session,
            stop: AtomicBool::new(false),
            last_ping_ns: AtomicU64::new(0),
            control_waker: OnceLock::new(),
            inner: Mutex::new(inner),
            changed: Condvar::new(),
        }
    }

    /// The session's number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// True once its threads are gone and its end was told.
    pub fn is_over(&self) -> bool {
        self.lock().view.state == SessionState::Ended
    }

    /// A copy of the view.
    pub fn view(&self) -> SessionView {
        self.lock().view.clone()
    }

    /// Changes the view.
    pub fn update(&self, change: impl FnOnce(&mut SessionView)) {
        change(&mut self.lock().view);
    }

    /// Moves to `state` and tells the host.
    pub fn enter(&self, state: SessionState) {
        self.update(|view| view.state = state);
        self.tell_state(None);
    }

    /// The last state: told with the reason; afterwards the operations that asked for the end are answered.
    pub fn finish(&self) {
        self.update(|view| view.state = SessionState::Ended);
        let reason = self.end_reason();
        self.tell_state(Some(&reason));
        let ops = std::mem::take(&mut self.lock().stop_ops);
        for op in ops {
            self.engine.events.push(
                "op.done",
                serde_json::json!({ "op": op, "ok": true, "result": {} }),
            );
        }
        self.changed.notify_all();
    }

    /// Waits until the end was told, at most `limit`.
    pub fn wait_until_over(&self, limit: Duration) {
        let inner = self.lock();
        let going = |inner: &mut Inner| inner.view.state != SessionState::Ended;
        drop(self.changed.wait_timeout_while(inner, limit, going));
    }

    fn tell_state(&self, reason: Option<&EndReason>) {
        let mut value = serde_json::to_value(self.view()).unwrap_or_default();
        if let (Some(reason), Some(object)) = (reason, value.as_object_mut()) {
            object.insert("reason".into(), reason.code.clone().into());
            object.insert("message".into(), reason.message.clone().into());
        }
        self.engine.events.push("session.state", value);
    }

    /// Asks the session to end. The first reason stays.
    pub fn end(&self, code: &str, message: impl Into<String>) {
        let mut inner = self.lock();
        inner.end.get_or_insert_with(|| EndReason {
            code: code.into(),
            message: message.into(),
        });
        drop(inner);
        // Release: whoever sees the flag finds the reason.
        self.stop.store(true, Ordering::Release);
        self.changed.notify_all();
        if let Some(waker) = self.control_waker.get() {
            waker.wake();
        }
    }

    /// A control thread takes care of the client from now on, and is woken when the session shall end.
    pub fn control_begins(&self, waker: Waker) {
        self.lock().control_runs = true;
        // A session has one control thread in its life.
        let _: Result<(), Waker> = self.control_waker.set(waker);
    }

    /// The client was told of the end, or is gone, or never came.
    pub fn control_ended(&self) {
        self.lock().control_runs = false;
        self.changed.notify_all();
    }

    /// Waits until the control thread is through with the client, at most `limit`.
    pub fn wait_for_control_end(&self, limit: Duration) {
        let inner = self.lock();
        drop(
            self.changed
                .wait_timeout_while(inner, limit, |inner| inner.control_runs),
        );
    }

    /// Remembers an operation to answer when the session is over; false when it is over already.
    pub fn answer_at_end(&self, op: u32) -> bool {
        let mut inner = self.lock();
        let alive = inner.view.state != SessionState::Ended;
        if alive {
            inner.stop_ops.push(op);
        }
        alive
    }

    /// Why it ended; a session that was never asked to end says so.
    pub fn end_reason(&self) -> EndReason {
        self.lock().end.clone().unwrap_or_else(|| EndReason {
            code: "unknown".into(),
            message: "The session ended by itself.".into(),
        })
    }

    /// True once the session shall end.
    #[inline]
    pub fn is_ending(&self) -> bool {
        // Acquire: pairs with `end`.
        self.stop.load(Ordering::Acquire)
    }

    /// The encoder's target, kb/s.
    pub fn target_kbps(&self) -> u32 {
        self.target_kbps.load(Ordering::Relaxed)
    }

    /// Asks for another target.
    pub fn set_target_kbps(&self, kbps: u32) {
        self.target_kbps.store(kbps, Ordering::Relaxed);
        self.update(|view| view.bitrate_kbps = kbps);
    }

    /// A ping of `medium` that was this session's; `to` is the address that it called.
    pub fn ping(
        &self,
        medium: Medium,
        from: SocketAddr,
        to: Option<LocalAddress>,
        sequence: u32,
        now_ns: u64,
    ) {
        let effect = {
            let mut inner = self.lock();
            let tracked = inner.tracked(medium);
            let effect = tracked.tracker.ping(from, sequence, now_ns);
            if effect != PingEffect::Dropped {
                tracked.source = to;
            }
            effect
        };
        if effect != PingEffect::Dropped && medium == Medium::Video {
            self.last_ping_ns.store(now_ns, Ordering::Relaxed);
        }
        match effect {
            PingEffect::Learned => self.changed.notify_all(),
            PingEffect::Moved { from: before } => {
                let details = serde_json::json!({
                    "medium": medium.name(), "from": before.to_string(), "to": from.to_string()
                });
                self.event("client_moved", details);
            }
            PingEffect::Alive | PingEffect::Dropped => {}
        }
    }

    /// Where packets of `medium` go.
    pub fn endpoint(&self, medium: Medium) -> Option<Endpoint> {
        self.lock().tracked(medium).endpoint()
    }

    /// Engine clock of the last valid video ping; 0 before the first.
    pub fn last_ping_ns(&self) -> u64 {
        self.last_ping_ns.load(Ordering::Relaxed)
    }

    /// Waits until the endpoint of `medium` is known, the session ends, or `limit` is over.
    pub fn wait_for_endpoint(&self, medium: Medium, limit: Duration) -> Option<Endpoint> {
        let inner = self.lock();
        let waiting =
            |inner: &mut Inner| inner.tracked(medium).endpoint().is_none() && !self.is_ending();
        let (mut inner, _) = self
            .changed
            .wait_timeout_while(inner, limit, waiting)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        inner.tracked(medium).endpoint()
    }

    /// Works on the pending recovery; the closure copies, it does not wait.
    pub fn recovery<T>(&self, work: impl FnOnce(&mut RecoverySlot) -> T) -> T {
        work(&mut self.lock().recovery)
    }

    /// Works on what the client tells of its reception; nothing without a control stream.
    pub fn reports<T>(&self, work: impl FnOnce(&mut ClientReports) -> T) -> Option<T> {
        let reports = self.reports.as_ref()?;
        let mut reports = reports
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Some(work(&mut reports))
    }

    /// Tells the host of something rare in this session's life.
    pub fn event(&self, kind: &str, mut details: serde_json::Value) {
        if let Some(object) = details.as_object_mut() {
            object.insert("session".into(), self.number().into());
            object.insert("kind".into(), kind.into());
        }
        self.engine.events.push("session.event", details);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every mutation leaves the state valid, so a panic elsewhere does not spoil it.
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Inner {
    fn tracked(&mut self, medium: Medium) -> &mut Tracked {
        match medium {
            Medium::Video => &mut self.video,
            Medium::Audio => &mut self.audio,
        }
    }
}
