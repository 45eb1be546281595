//! The video thread: one session from opening its source to its end (video-plane, "Loop").
//!
//! It waits for the client, the clock and the encoder, and for nothing else: the desktop has its own thread, the wire
//! has its own thread, and a full queue is answered by dropping the newest frame.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pf_codec::{
    BgrxImage, Converter, Encoder, EncoderConfig, FrameKind, FrameRequest, PictureSize, VideoEncoder, open_encoder,
};
use pf_desktop::{Newest, Picture, PictureSource, Source, SourceConfig, SourceStamp};
use pf_net::{DeadlineSleeper, MediaSocket, ThreadRole};
use pf_proto::gamestream::bitstream;
use pf_proto::gamestream::recovery::{AnswerKind, RecoveryAction};
use pf_proto::gamestream::video::{FrameMeta, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::pacer::{Pacer, PacerConfig};
use pf_proto::units::{Kbps, RtpTimestamp};
use pf_stats::{Boundary, FrameFlags, FrameOutcome, FrameTimer, RecordProducer};
use serde_json::json;

use crate::clock::{Advance, FrameClock};
use crate::events::Level;
use crate::handoff::{Outbox, SpinPolicy, handoff};
use crate::perf::PerfWindow;
use crate::request::Refusal;
use crate::sender::{SendTotals, Sender, close, mark};
use crate::shared::{PictureView, SessionShared, SessionState};
use crate::stall::{Place, Stall};

/// A source that answered nothing for so long has hung; the stream goes on with repeats and the host is told.
const STALL_TOLD_NS: u64 = 1_000_000_000;
/// A source that is lost ends the session: its picture would be a lie.
const LOST_CODE: &str = "source_lost";
/// Frames whose room in the arena is made resident at the start.
const TOUCHED_FRAMES: usize = 8;
/// The largest frame that the arena holds, in average frames: key frames of hard pictures reach about ten.
const LARGEST_FRAME: usize = 24;
/// Arena bounds a slot, bytes.
const SLOT_BYTES: std::ops::RangeInclusive<usize> = 2 << 20..=8 << 20;

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
    /// Link rate for the pacer.
    pub link: Kbps,
    /// Records of frames that reached the sender.
    pub sent_records: RecordProducer,
    /// Records of frames that did not.
    pub dropped_records: RecordProducer,
    /// The operation to answer once the session is ready.
    pub op: u32,
    /// For tests and snapshots.
    pub totals: Arc<SendTotals>,
}

impl VideoJob {
    /// The thread's body.
    pub fn run(self) {
        pf_net::tune_thread(ThreadRole::Video);
        let session = Arc::clone(&self.session);
        let op = self.op;
        let opened = self.open();
        let events = &session.engine.events;
        let stream = match opened {
            Ok(stream) => stream,
            Err(refusal) => {
                events.push("op.done", json!({ "op": op, "ok": false, "error": refusal }));
                session.end(refusal.code, refusal.message);
                return session.finish();
            }
        };
        events.push("op.done", json!({ "op": op, "ok": true, "result": session.view() }));
        session.enter(SessionState::WaitingForClient);
        stream.run();
        session.finish();
    }

    fn open(self) -> Result<Stream, Refusal> {
        let now_ns = self.session.engine.now_ns;
        let source = Source::open(&self.source, now_ns).map_err(|e| Refusal::new("source_unavailable", e.to_string()))?;
        let encoder = open_encoder(&self.session.request.encoder, &self.encoder)
            .map_err(|e| Refusal::new("encoder_unavailable", e.to_string()))?;
        let target = self.encoder.size;
        let info = source.info();
        let converter = Converter::new(PictureSize { width: info.size.width, height: info.size.height }, target)
            .map_err(|e| Refusal::new("scaling_impossible", e.to_string()))?;
        let can_invalidate = encoder.info().can_invalidate && self.session.request.invalidation;
        self.session.update(|view| {
            view.encoder = encoder.info().name.to_string();
            view.source = info.name.to_string();
            view.can_invalidate = can_invalidate;
        });
        Ok(Stream { job: self, source, encoder, converter, source_size: None, can_invalidate })
    }
}

/// An open session: source, converter and encoder are there.
struct Stream {
    job: VideoJob,
    source: Source,
    encoder: Encoder,
    converter: Converter,
    source_size: Option<PictureSize>,
    can_invalidate: bool,
}

/// Counters and buffers of the loop.
struct Loop {
    packetizer: VideoPacketizer,
    outbox: Outbox,
    access_unit: Vec<u8>,
    started_ns: u64,
    encode_ns: f64,
    bitrate_kbps: u32,
    nth: u64,
    queue_drops: u64,
    stalled: bool,
    perf: PerfWindow,
}

/// What one turn took from the source.
struct Grab {
    stamp: Option<SourceStamp>,
    repeat: bool,
}

impl Stream {
    fn run(mut self) {
        let session = Arc::clone(&self.job.session);
        let timeout = Duration::from_millis(u64::from(session.request.client_timeout_ms));
        if session.wait_for_endpoint(timeout).is_none() {
            return session.end(
                "no_client",
                format!("No client pinged the video port within {:.1} s.", timeout.as_secs_f64()),
            );
        }
        session.enter(SessionState::Streaming);
        let datagram_bytes = self.job.format.packet_size.shard_bytes();
        let average = session.request.bitrate_kbps as usize * 125 / session.request.fps.max(1) as usize;
        let capacity = (average * LARGEST_FRAME).clamp(*SLOT_BYTES.start(), *SLOT_BYTES.end());
        let (mut outbox, inbox) = handoff(capacity, datagram_bytes, average * TOUCHED_FRAMES);
        let sender = Sender {
            session: Arc::clone(&session),
            socket: Arc::clone(&self.job.socket),
            inbox,
            records: std::mem::replace(&mut self.job.sent_records, pf_stats::record_ring(2).0),
            pacer: Pacer::new(PacerConfig::for_link(self.job.link)),
            spin: spin_policy(self.job.encoder.threads),
            totals: Arc::clone(&self.job.totals),
        };
        let name = format!("pf-send-{}", session.number());
        let sending = std::thread::Builder::new().name(name).spawn(move || {
            pf_net::tune_thread(ThreadRole::Send);
            sender.run()
        });
        let sending = match sending {
            Ok(handle) => handle,
            Err(error) => return session.end("no_thread", format!("The send thread did not start: {error}.")),
        };
        outbox.wake(sending.thread().clone());
        let mut state = Loop {
            packetizer: VideoPacketizer::new(self.job.format),
            outbox,
            access_unit: Vec::with_capacity(capacity),
            started_ns: (session.engine.now_ns)(),
            encode_ns: 0.0,
            bitrate_kbps: session.request.bitrate_kbps,
            nth: 0,
            queue_drops: 0,
            stalled: false,
            perf: PerfWindow::default(),
        };
        self.stream(&session, &mut state);
        drop(state);
        if sending.join().is_err() {
            session.end("internal", "The send thread panicked.");
        }
    }

    /// The loop. Ends when the session shall end.
    fn stream(&mut self, session: &SessionShared, state: &mut Loop) {
        let now_ns = session.engine.now_ns;
        let mut sleeper = DeadlineSleeper::new();
        let mut clock = FrameClock::new(session.request.fps, now_ns());
        let mut restarted = false;
        while !session.is_ending() {
            sleeper.sleep_until(clock.deadline_ns());
            if let Err(end) = self.frame(session, state, &mut clock, restarted) {
                return session.end(end.code, end.message);
            }
            restarted = match clock.advance(now_ns()) {
                Advance::OnTime => false,
                Advance::Restarted { late_ns } => {
                    session.event("clock_restarted", json!({ "late_us": late_ns / 1000 }));
                    true
                }
            };
            state.nth += 1;
            self.check_liveness(session, now_ns());
        }
    }

    /// One frame, from the source to the queue.
    fn frame(
        &mut self,
        session: &SessionShared,
        state: &mut Loop,
        clock: &mut FrameClock,
        restarted: bool,
    ) -> Result<(), Refusal> {
        let now_ns = session.engine.now_ns;
        let stall = session.request.stall;
        Stall::spin(stall, Place::Grabbed, state.nth, now_ns);
        let grabbed_ns = now_ns();
        let mut timer = session.engine.gate.is_open().then(|| FrameTimer::begin(session.number(), grabbed_ns));
        Stall::spin(stall, Place::Converted, state.nth, now_ns);
        let grab = self.grab(session, state, grabbed_ns)?;
        let Some(grab) = grab else { return Ok(()) };
        mark(&mut timer, Boundary::Converted, now_ns);
        if let Some(stamp) = grab.stamp {
            clock.observe(grabbed_ns, stamp.sequence, stamp.published_ns);
        }
        if let Some(timer) = &mut timer {
            let record = &mut timer.record;
            if let Some(stamp) = grab.stamp {
                record.source_sequence = stamp.sequence;
                record.source_age_ns =
                    u32::try_from(grabbed_ns.saturating_sub(stamp.painted_ns)).unwrap_or(u32::MAX - 1);
            }
            if grab.repeat {
                record.flags.insert(FrameFlags::REPEAT);
            }
            if restarted {
                record.flags.insert(FrameFlags::CLOCK_RESTARTED);
            }
        }
        self.follow_bitrate(session, state)?;

        let index = state.packetizer.next_frame_index();
        let action = session.recovery(|slot| slot.poll(index.0));
        let first = index.0 == 1;
        let request = match action {
            _ if first => FrameRequest::Key,
            RecoveryAction::None => FrameRequest::Predicted,
            RecoveryAction::KeyFrame => FrameRequest::Key,
            RecoveryAction::Invalidate { .. } if !self.can_invalidate => FrameRequest::Key,
            RecoveryAction::Invalidate { first, last } => {
                FrameRequest::ReferencesBefore { first_lost: first, last_lost: last }
            }
        };
        Stall::spin(stall, Place::Submitted, state.nth, now_ns);
        let submitted_ns = now_ns();
        state.outbox.expect_at(submitted_ns + state.encode_ns as u64);
        self.encoder.submit(index.0, request).map_err(encoder_failed)?;
        mark(&mut timer, Boundary::Submitted, now_ns);
        Stall::spin(stall, Place::Encoded, state.nth, now_ns);
        let unit = self.encoder.finish(&mut state.access_unit).map_err(encoder_failed)?;
        let encoded_ns = now_ns();
        if let Some(timer) = &mut timer {
            timer.mark(Boundary::Encoded, encoded_ns);
        }
        state.encode_ns += 0.1 * (encoded_ns.saturating_sub(submitted_ns) as f64 - state.encode_ns);

        let Some(unit) = unit else {
            // Nothing was made, so nothing was promised: the request comes back with the next frame.
            session.recovery(|slot| slot.restore(action));
            self.drop_record(session, state, timer, FrameOutcome::EncoderSkipped);
            return Ok(());
        };
        if let Some(timer) = &mut timer {
            timer.record.bytes = unit.bytes as u32;
            timer.record.qp = unit.qp.unwrap_or(pf_stats::UNKNOWN_QP);
            timer.record.frame_index = index.0;
            match unit.kind {
                FrameKind::Key => timer.record.flags.insert(FrameFlags::KEY),
                FrameKind::AfterInvalidation => timer.record.flags.insert(FrameFlags::AFTER_INVALIDATION),
                FrameKind::Predicted => {}
            }
            if unit.long_term_reference {
                timer.record.flags.insert(FrameFlags::LONG_TERM_REFERENCE);
            }
        }
        let answer = match unit.kind {
            FrameKind::Key => AnswerKind::KeyFrame,
            FrameKind::AfterInvalidation => AnswerKind::AfterInvalidation,
            FrameKind::Predicted => AnswerKind::Predicted,
        };
        session.recovery(|slot| slot.frame_encoded(index.0, answer));
        tell_recovery(session, index.0, action, unit.kind, first);
        let meta = FrameMeta {
            frame_type: match unit.kind {
                FrameKind::Key => FrameType::Key,
                FrameKind::AfterInvalidation => FrameType::AfterInvalidation,
                FrameKind::Predicted => FrameType::Predicted,
            },
            latency_100us: if grab.repeat { 0 } else { (encoded_ns.saturating_sub(grabbed_ns) / 100_000).min(65_535) as u16 },
            timestamp: RtpTimestamp::from_ns(grabbed_ns.saturating_sub(state.started_ns)),
            long_term_reference: unit.long_term_reference,
        };
        self.hand_over(session, state, timer, meta, grabbed_ns)
    }

    /// Takes the newest picture and converts it into the encoder's input. `None`: there is no picture yet.
    fn grab(&mut self, session: &SessionShared, state: &mut Loop, now_ns: u64) -> Result<Option<Grab>, Refusal> {
        let Self { source, encoder, converter, source_size, .. } = self;
        match source.newest(now_ns) {
            Newest::Fresh { picture, stamp } => {
                if state.stalled {
                    state.stalled = false;
                    session.event("source_back", json!({}));
                }
                convert(session, converter, source_size, encoder, &picture)?;
                Ok(Some(Grab { stamp: Some(stamp), repeat: false }))
            }
            Newest::Unchanged => Ok(source_size.map(|_| Grab { stamp: None, repeat: true })),
            Newest::NotYet => Ok(None),
            Newest::Stalled { since_ns } => {
                let silent_ns = now_ns.saturating_sub(since_ns);
                if !state.stalled && silent_ns > STALL_TOLD_NS {
                    state.stalled = true;
                    session.event("source_lost", json!({ "silent_ms": silent_ns / 1_000_000, "temporary": true }));
                }
                Ok(source_size.map(|_| Grab { stamp: None, repeat: true }))
            }
            Newest::Lost(error) => Err(Refusal::new(LOST_CODE, error.to_string())),
        }
    }

    /// Packetizes into a free slot and hands it to the sender, or drops the frame and starts its recovery.
    fn hand_over(
        &mut self,
        session: &SessionShared,
        state: &mut Loop,
        mut timer: Option<FrameTimer>,
        meta: FrameMeta,
        grabbed_ns: u64,
    ) -> Result<(), Refusal> {
        let now_ns = session.engine.now_ns;
        let is_key = meta.frame_type == FrameType::Key;
        bitstream::fit_packet_zero(&mut state.access_unit, is_key, self.job.format.packet_size)
            .map_err(|e| Refusal::new("bitstream_unusable", e.to_string()))?;
        if let Some(timer) = &mut timer {
            timer.record.queue_depth = state.outbox.depth() as u8;
        }
        let plan = match state.packetizer.plan(state.access_unit.len()) {
            Ok(plan) if plan.arena_bytes() <= state.outbox.capacity() => plan,
            Ok(_) | Err(_) => {
                let frame = state.packetizer.skip_frame();
                let bytes = state.access_unit.len();
                session.event("frame_dropped", json!({ "frame": frame.0, "why": "oversize", "bytes": bytes }));
                self.drop_record(session, state, timer, FrameOutcome::Oversize);
                session.recovery(|slot| slot.invalidate(frame.0, frame.0));
                return Ok(());
            }
        };
        let Some(mut slot) = state.outbox.begin() else {
            let frame = state.packetizer.skip_frame();
            state.queue_drops += 1;
            if state.queue_drops.is_power_of_two() {
                let dropped = state.queue_drops;
                session.event("frame_dropped", json!({ "frame": frame.0, "why": "queue_full", "dropped": dropped }));
            }
            self.drop_record(session, state, timer, FrameOutcome::QueueFull);
            // The client will see the gap; the answer to it starts now.
            session.recovery(|slot| slot.invalidate(frame.0, frame.0));
            return Ok(());
        };
        let kernel = pf_fec::Kernel::detect();
        let shard_bytes = self.job.format.packet_size.shard_bytes();
        Stall::spin(session.request.stall, Place::Packetized, state.nth, now_ns);
        let parity = |block: &mut [u8], data: usize, parity: usize| {
            let layout = pf_fec::BlockLayout { data, parity, shard_bytes, stride_bytes: shard_bytes };
            pf_fec::encode(kernel, block, layout)
        };
        let packetized = state
            .packetizer
            .packetize(meta, &state.access_unit, &plan, slot.arena(), parity)
            .map_err(|e| Refusal::new("internal", e.to_string()))?;
        slot.bytes = packetized.bytes;
        slot.frame = packetized.frame;
        slot.nth = state.nth;
        slot.deadline_ns = grabbed_ns + deadline_after(session.request.fps);
        if let Some(timer) = &mut timer {
            timer.record.data_packets = packetized.data_packets as u16;
            timer.record.parity_packets = packetized.parity_packets as u16;
            if plan.is_unprotected() {
                timer.record.flags.insert(FrameFlags::UNPROTECTED);
            }
        }
        mark(&mut timer, Boundary::Packetized, now_ns);
        slot.timer = timer;
        if state.outbox.send(slot) { Ok(()) } else { Err(Refusal::new("internal", "The send thread is gone.")) }
    }

    fn drop_record(&mut self, session: &SessionShared, state: &mut Loop, timer: Option<FrameTimer>, outcome: FrameOutcome) {
        if let Some(mut timer) = timer {
            timer.record.outcome = outcome;
            close(session, &mut self.job.dropped_records, &mut state.perf, &timer.record);
        }
    }

    fn follow_bitrate(&mut self, session: &SessionShared, state: &mut Loop) -> Result<(), Refusal> {
        let target = session.target_kbps();
        if target != state.bitrate_kbps {
            self.encoder.set_bitrate(target).map_err(encoder_failed)?;
            session.event("bitrate", json!({ "from_kbps": state.bitrate_kbps, "to_kbps": target }));
            state.bitrate_kbps = target;
        }
        for frame in session.recovery(|slot| slot.take_acknowledged()).into_iter().flatten() {
            self.encoder.acknowledge(frame);
        }
        Ok(())
    }

    /// A client that stopped pinging is gone; without a control stream nothing else would tell.
    fn check_liveness(&self, session: &SessionShared, now_ns: u64) {
        let silent_ms = now_ns.saturating_sub(session.last_ping_ns()) / 1_000_000;
        if silent_ms > u64::from(session.request.client_timeout_ms) {
            session.end("client_gone", format!("The client has not pinged for {:.1} s.", silent_ms as f64 / 1000.0));
        }
    }
}

fn convert(
    session: &SessionShared,
    converter: &mut Converter,
    known_size: &mut Option<PictureSize>,
    encoder: &mut Encoder,
    picture: &Picture<'_>,
) -> Result<(), Refusal> {
    let size = PictureSize { width: picture.size.width, height: picture.size.height };
    if *known_size != Some(size) {
        let target = encoder.input().size();
        *converter = Converter::new(size, target).map_err(|e| Refusal::new("scaling_impossible", e.to_string()))?;
        let rect = converter.rect();
        let view = PictureView {
            x: rect.x,
            y: rect.y,
            width: rect.width,
            height: rect.height,
            source_width: size.width,
            source_height: size.height,
        };
        session.update(|session| session.picture = Some(view));
        if known_size.is_some() {
            session.event("source_resized", json!({ "picture": view }));
        }
        *known_size = Some(size);
    }
    let image = BgrxImage { data: picture.data, stride_bytes: picture.stride_bytes, size };
    converter.convert(&image, encoder.input()).map_err(|e| Refusal::new("conversion_failed", e.to_string()))
}

/// Tells the host of key frames and answered invalidations, and why they were made.
fn tell_recovery(session: &SessionShared, frame: u32, action: RecoveryAction, kind: FrameKind, first: bool) {
    let why = match action {
        _ if first => "first",
        RecoveryAction::KeyFrame => "requested",
        RecoveryAction::Invalidate { .. } => "invalidation",
        RecoveryAction::None => "encoder",
    };
    match (kind, action) {
        (FrameKind::Predicted, _) => {}
        (FrameKind::Key, _) => session.event("key_frame", json!({ "frame": frame, "why": why })),
        (FrameKind::AfterInvalidation, RecoveryAction::Invalidate { first, last }) => {
            session.event("invalidation", json!({ "frame": frame, "first": first, "last": last }));
        }
        (FrameKind::AfterInvalidation, _) => session.event("invalidation", json!({ "frame": frame })),
    }
}

fn encoder_failed(error: pf_codec::EncodeError) -> Refusal {
    Refusal::new("encoder_failed", error.to_string())
}

/// How long after its grab a frame is still worth waiting for room in the socket, ns.
fn deadline_after(fps: u32) -> u64 {
    (3_000_000_000 / u64::from(fps.max(1))).max(25_000_000)
}

/// Spinning for a frame pays only where a core is free besides the encoder's.
fn spin_policy(encoder_threads: u32) -> SpinPolicy {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > encoder_threads.max(1) as usize {
        SpinPolicy { lead_ns: 50_000, patience_ns: 150_000 }
    } else {
        SpinPolicy { lead_ns: 0, patience_ns: 0 }
    }
}

/// Reads the totals for a snapshot.
pub fn totals(totals: &SendTotals) -> (u64, u64) {
    (totals.frames.load(Ordering::Relaxed), totals.packets.load(Ordering::Relaxed))
}

/// Reports a panic of the video thread as the session's end.
pub fn report_panic(session: &SessionShared) {
    session.engine.events.log(Level::Error, "session", "The video thread panicked; its session has ended.");
    session.end("internal", "The video thread panicked.");
    session.finish();
}
