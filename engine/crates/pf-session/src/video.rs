//! The video thread: one session from opening its source to its end (video-plane, "Loop").
//!
//! It waits for the client, the clock and the encoder, and for nothing else: the desktop has its own thread, the wire
//! has its own thread, and a full queue is answered by dropping the newest frame. What one turn of the loop does is in
//! `frame.rs`.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use pf_codec::{CodecError, Encoder, EncoderConfig, VideoEncoder, open_encoder_or_simpler};
use pf_desktop::{PictureSource, Source, SourceConfig};
use pf_net::{DeadlineSleeper, MediaSocket, ThreadRole};
use pf_proto::gamestream::video::VideoFormat;
use pf_proto::pacer::{Pacer, PacerConfig};
use pf_seal::VideoSealer;
use pf_stats::RecordProducer;
use serde_json::json;

use crate::admission;
use crate::audio::{AudioJob, AudioStream, Silence};
use crate::clock::{Advance, FrameClock};
use crate::encoding::Encoding;
use crate::events::Level;
use crate::frame::{FramePath, FramePathParts};
use crate::grab::Grabber;
use crate::handoff::{Outbox, SpinPolicy, handoff};
use crate::listener::Medium;
use crate::request::Refusal;
use crate::script::{Script, TruthLog};
use crate::sender::Sender;
use crate::shared::{Endpoint, RefusedView, SessionShared, SessionState};

/// The largest frame that the arena holds, in average frames: key frames of hard pictures reach about ten.
const LARGEST_FRAME: usize = 24;
/// Frames whose room in each slot is made resident at the start.
const TOUCHED_FRAMES: usize = 8;
/// How often a late picture is looked for, ns.
const LATE_POLL_NS: u64 = 150_000;
/// The most that a session's end waits for its client to be told.
const GOODBYE: Duration = Duration::from_secs(3);
/// Bounds of a slot, bytes.
const SLOT_BYTES: (usize, usize) = (2 << 20, 8 << 20);

/// What `session.start` resolved before the thread began.
pub struct VideoJob {
    /// The session.
    pub session: Arc<SessionShared>,
    /// Its medium's socket.
    pub socket: Arc<MediaSocket>,
    /// Checked wire format.
    pub format: VideoFormat,
    /// Where pictures come from.
    pub source: SourceConfig,
    /// Checked encoder settings.
    pub encoder: EncoderConfig,
    /// Records of frames that reached the sender.
    pub sent_records: RecordProducer,
    /// Records of frames that did not.
    pub dropped_records: RecordProducer,
    /// Seals its datagrams; absent in the clear.
    pub sealer: Option<VideoSealer>,
    /// Faults put into the stream on purpose.
    pub script: Option<Script>,
    /// The operation to answer once the session is ready.
    pub op: u32,
    /// The sound beside it, which ends with it.
    pub audio: Option<AudioJob<Silence>>,
}

impl VideoJob {
    /// The thread's body.
    pub fn run(mut self) {
        pf_net::tune_thread(ThreadRole::Video);
        let audio = self.audio.take();
        let session = Arc::clone(&self.session);
        let op = self.op;
        let events = &session.engine.events;
        match self.open() {
            Ok(stream) => {
                let result = session.view();
                events.push("op.done", json!({ "op": op, "ok": true, "result": result }));
                session.enter(SessionState::WaitingForClient);
                let _sound = audio.and_then(|job| start_sound(job, &session));
                if let Err(end) = stream.run() {
                    session.end(end.code, end.message);
                }
            }
            Err(refusal) => {
                events.push(
                    "op.done",
                    json!({ "op": op, "ok": false, "error": refusal }),
                );
                session.end(refusal.code, refusal.message);
            }
        }
        session.wait_for_control_end(GOODBYE);
        session.finish();
    }

    fn open(self) -> Result<Stream, Refusal> {
        let session = &self.session;
        let source = Source::open(&self.source, session.engine.now_ns)
            .map_err(|e| Refusal::new("source_unavailable", e.to_string()))?;
        let encoder = open(session, self.encoder)
            .map_err(|e| Refusal::new("encoder_unavailable", e.to_string()))?;
        let can_invalidate = encoder.info().can_invalidate && session.request.invalidation;
        session.update(|view| {
            view.source = source.info().name.to_owned();
            view.can_invalidate = can_invalidate;
        });
        let grabber = Grabber::new(source, self.encoder.size, self.encoder.colour)?;
        Ok(Stream {
            job: self,
            grabber,
            encoder,
            can_invalidate,
        })
    }
}

/// Opens the session's encoder and says what it is.
fn open(session: &SessionShared, config: EncoderConfig) -> Result<Encoder, CodecError> {
    let opened = open_encoder_or_simpler(&session.request.encoder, config)?;
    let refused = opened.refused.into_iter().map(|refused| RefusedView {
        name: refused.name,
        reason: refused.reason,
    });
    let (info, detail) = (opened.encoder.info(), opened.encoder.detail());
    session.update(|view| {
        view.encoder = info.name.to_owned();
        view.encoder_detail = Some(detail);
        view.refused = refused.collect();
    });
    Ok(opened.encoder)
}

/// A session goes on without sound when its thread does not start.
fn start_sound(job: AudioJob<Silence>, session: &SessionShared) -> Option<AudioStream> {
    let started = AudioStream::start(job);
    if let Err(error) = &started {
        let text = format!("The audio thread did not start: {error}.");
        session.engine.events.log(Level::Error, "audio", text);
    }
    started.ok()
}

/// Reports a panic of the video thread as the session's end.
pub fn report_panic(session: &SessionShared) {
    let text = "The video thread panicked; its session has ended.";
    session.engine.events.log(Level::Error, "session", text);
    session.end("internal", text);
    session.wait_for_control_end(GOODBYE);
    session.finish();
}

/// An open session: source, converter and encoder are there.
struct Stream {
    job: VideoJob,
    grabber: Grabber,
    encoder: Encoder,
    can_invalidate: bool,
}

impl Stream {
    fn run(self) -> Result<(), Refusal> {
        let Self {
            job,
            grabber,
            encoder,
            can_invalidate,
        } = self;
        let session = Arc::clone(&job.session);
        let endpoint = wait_for_client(&session)?;
        session.enter(SessionState::Streaming);
        let request = &session.request;
        let average_bytes = request.bitrate_kbps as usize * 125 / request.fps.max(1) as usize;
        let slot_bytes = (average_bytes * LARGEST_FRAME).clamp(SLOT_BYTES.0, SLOT_BYTES.1);
        let datagram_bytes = job.format.datagram_bytes();
        let (mut outbox, inbox) =
            handoff(slot_bytes, datagram_bytes, average_bytes * TOUCHED_FRAMES);
        let (truth, player) = match &job.script {
            Some(script) => {
                let (truth, player) = TruthLog::start(script, &session)?;
                (truth, Some(player))
            }
            None => (None, None),
        };
        let sender = Sender {
            session: Arc::clone(&session),
            socket: job.socket,
            inbox,
            records: job.sent_records,
            pacer: Pacer::new(PacerConfig::for_link(
                admission::link(request, endpoint.peer.ip()),
                datagram_bytes,
            )),
            spin: spin_policy(encoder.info().threads),
            sealer: job.sealer,
            truth: player
                .as_ref()
                .map(|player| player.truth.clone())
                .unwrap_or_default(),
        };
        let sending = start_sender(sender, &mut outbox)?;
        let (shared, config) = (Arc::clone(&session), job.encoder);
        let encoder = Encoding::new(
            encoder,
            request.bitrate_kbps,
            Box::new(move || open(&shared, config)),
        );
        let path = FramePath::new(FramePathParts {
            session: Arc::clone(&session),
            grabber,
            encoder,
            can_invalidate,
            format: job.format,
            outbox,
            access_unit_bytes: slot_bytes,
            dropped_records: job.dropped_records,
            player,
        });
        let end = stream(&session, path);
        // The path is gone and with it the queue's end: the sender drains what waits and returns.
        let sent = sending.join();
        if let Some(truth) = truth {
            truth.finish();
        }
        match sent {
            Ok(_) => end,
            Err(_) => Err(Refusal::new("internal", "The send thread panicked.")),
        }
    }
}

/// The loop: a frame at every deadline until the session shall end.
fn stream(session: &SessionShared, mut path: FramePath) -> Result<(), Refusal> {
    let now_ns = session.engine.now_ns;
    let mut sleeper = DeadlineSleeper::new();
    let mut clock = FrameClock::new(session.request.fps, now_ns());
    let mut restarted = false;
    while !session.is_ending() {
        sleeper.sleep_until(clock.deadline_ns());
        if let Some(limit_ns) = clock.worth_waiting_until(now_ns()) {
            while !path.has_news() && now_ns() < limit_ns {
                sleeper.sleep_until(now_ns() + LATE_POLL_NS);
            }
        }
        path.next(&mut clock, restarted)?;
        restarted = match clock.advance(now_ns()) {
            Advance::OnTime => false,
            Advance::Restarted { late_ns } => {
                session.event("clock_restarted", json!({ "late_us": late_ns / 1000 }));
                true
            }
        };
        check_liveness(session, now_ns())?;
    }
    Ok(())
}

fn wait_for_client(session: &SessionShared) -> Result<Endpoint, Refusal> {
    let mut limit = Duration::from_millis(u64::from(session.request.client_timeout_ms));
    if let Some(control) = &session.request.control {
        // Pings follow the control stream, which has its own limit.
        limit += Duration::from_millis(u64::from(control.connect_timeout_ms));
    }
    session
        .wait_for_endpoint(Medium::Video, limit)
        .ok_or_else(|| {
            let seconds = limit.as_secs_f64();
            Refusal::new(
                "no_client",
                format!("No client pinged the video port within {seconds:.1} s."),
            )
        })
}

/// A client that stopped pinging is gone, when no control stream tells better.
fn check_liveness(session: &SessionShared, now_ns: u64) -> Result<(), Refusal> {
    if session.request.control.is_some() {
        return Ok(());
    }
    let silent_ms = now_ns.saturating_sub(session.last_ping_ns()) / 1_000_000;
    if silent_ms <= u64::from(session.request.client_timeout_ms) {
        return Ok(());
    }
    let seconds = silent_ms as f64 / 1000.0;
    Err(Refusal::new(
        "client_gone",
        format!("The client has not pinged for {seconds:.1} s."),
    ))
}

fn start_sender(
    sender: Sender,
    outbox: &mut Outbox,
) -> Result<JoinHandle<RecordProducer>, Refusal> {
    let name = format!("pf-send-{}", sender.session.number());
    let sending = std::thread::Builder::new().name(name).spawn(move || {
        pf_net::tune_thread(ThreadRole::Send);
        sender.run()
    });
    let sending = sending
        .map_err(|e| Refusal::new("no_thread", format!("The send thread did not start: {e}.")))?;
    outbox.wake(sending.thread().clone());
    Ok(sending)
}

/// Spinning for a frame pays only where a core is free besides the encoder's.
fn spin_policy(encoder_threads: u8) -> SpinPolicy {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > usize::from(encoder_threads.max(1)) {
        SpinPolicy {
            lead_ns: 50_000,
            patience_ns: 150_000,
        }
    } else {
        SpinPolicy {
            lead_ns: 0,
            patience_ns: 0,
        }
    }
}
