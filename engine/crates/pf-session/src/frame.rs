//! One frame: grab → recovery → encode → packetize → queue, with a boundary stamped behind each step.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pf_codec::{AccessUnit, Encoder, FrameKind, FrameRequest};
use pf_desktop::PictureOrder;
use pf_proto::gamestream::bitstream::{self, NalCodec};
use pf_proto::gamestream::recovery::{AnswerKind, RecoveryAction, RecoverySlot, RequestEffect};
use pf_proto::gamestream::video::{FrameMeta, FramePlan, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{FrameIndex, RtpTimestamp};
use pf_stats::{Boundary, FrameFlags, FrameOutcome, FrameTimer, RecordProducer, UNKNOWN_QP};
use serde_json::json;

use crate::clock::FrameClock;
use crate::encoding::{Encoding, Reopened};
use crate::grab::{Grab, Grabber};
use crate::handoff::{Outbox, Slot};
use crate::perf::PerfWindow;
use crate::request::Refusal;
use crate::script::{DropWhy, Place, Player, ScriptedFrame, SourceTruth, stall, stamp, stamp_now};
use crate::sender::close;
use crate::shared::SessionShared;
use crate::told::{tell_recovery, tell_reopened};

/// Frames in a row that do not fit the wire; more of them, and the encoder will never make one that does.
const OVERSIZE_LIMIT: u32 = 5;

/// What a path is made of.
pub struct FramePathParts {
    /// The session.
    pub session: Arc<SessionShared>,
    /// Source and conversion.
    pub grabber: Grabber,
    /// The encoder.
    pub encoder: Encoding<Encoder>,
    /// Whether client and encoder can continue after a loss without a key frame.
    pub can_invalidate: bool,
    /// Wire format.
    pub format: VideoFormat,
    /// The way to the sender.
    pub outbox: Outbox,
    /// Room for one access unit, reserved at once.
    pub access_unit_bytes: usize,
    /// Records of frames that never reach the sender.
    pub dropped_records: RecordProducer,
    /// Faults put into the stream on purpose.
    pub player: Option<Player>,
}

/// The path of a session's frames, and what it remembers from one to the next.
pub struct FramePath {
    parts: FramePathParts,
    packetizer: VideoPacketizer,
    kernel: pf_fec::Kernel,
    access_unit: Vec<u8>,
    perf: PerfWindow,
    started_ns: u64,
    /// Smoothed time in the encoder: when the sender is woken.
    encode_ns: f64,
    /// Counts the turns, for scripts.
    nth: u64,
    oversize_in_a_row: u32,
    /// The client asks for key frames far more often than it could need them.
    is_flooded: bool,
}

/// A frame that is on its way.
struct Turn {
    grabbed_ns: u64,
    repeat: bool,
    timer: Option<FrameTimer>,
    scripted: Option<Box<ScriptedFrame>>,
}

impl FramePath {
    /// A path at the start of its session.
    pub fn new(parts: FramePathParts) -> Self {
        let frame_time_ns = 1_000_000_000 / u64::from(parts.session.request.fps.max(1));
        parts.session.recovery(|slot| {
            slot.set_frame_time(frame_time_ns);
            if !parts.can_invalidate {
                slot.answer_with_keys_only();
            }
        });
        Self {
            packetizer: VideoPacketizer::new(parts.format),
            kernel: pf_fec::Kernel::detect(),
            access_unit: Vec::with_capacity(parts.access_unit_bytes),
            perf: PerfWindow::default(),
            started_ns: (parts.session.engine.now_ns)(),
            encode_ns: 0.0,
            nth: 0,
            oversize_in_a_row: 0,
            is_flooded: false,
            parts,
        }
    }

    /// True when the source has a picture that was not taken yet.
    pub fn has_news(&self) -> bool {
        self.parts.grabber.has_news()
    }

    /// Makes one frame. An error ends the session.
    pub fn next(&mut self, clock: &mut FrameClock, restarted: bool) -> Result<(), Refusal> {
        if let Some(mut turn) = self.grab(clock, restarted)? {
            self.follow_wishes(&mut turn)?;
            if let Some(unit) = self.encode(&mut turn)? {
                self.hand_over(turn, unit)?;
            }
        }
        self.nth += 1;
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        (self.parts.session.engine.now_ns)()
    }

    fn grab(&mut self, clock: &mut FrameClock, restarted: bool) -> Result<Option<Turn>, Refusal> {
        let FramePathParts {
            session,
            grabber,
            encoder,
            player,
            ..
        } = &mut self.parts;
        let now_ns = session.engine.now_ns;
        let mut scripted = player.as_mut().map(|player| player.begin(self.nth));
        let before_ns = scripted.as_mut().map(|frame| {
            order_picture(grabber, frame);
            frame.stall(Place::Grabbed, now_ns);
            now_ns()
        });
        let grabbed_ns = now_ns();
        let mut timer = session.engine.gate.timer(session.number(), grabbed_ns);
        if let (Some(frame), Some(before_ns)) = (&mut scripted, before_ns) {
            frame.pass(Place::Grabbed, before_ns, now_ns());
        }
        let made_before = scripted.as_ref().and_then(|_| grabber.last_change());
        let grab = grabber.take(session, encoder.input(), grabbed_ns)?;
        if let Some(frame) = &mut scripted {
            frame.source = grabber.last_change().map(|made| SourceTruth {
                given: Some(made.sequence) != made_before.map(|before| before.sequence),
                sequence: made.sequence,
                painted_ns: made.painted_ns,
            });
        }
        let Some(grab) = grab else {
            self.tell(scripted, "no_picture");
            return Ok(None);
        };
        stall(&mut scripted, Place::Converted, now_ns);
        stamp(&mut scripted, &mut timer, Boundary::Converted, now_ns);
        if let Grab::New(stamp) = grab {
            clock.observe(grabbed_ns, stamp.sequence, stamp.published_ns);
        }
        if let Some(timer) = &mut timer {
            describe_grab(timer, grab, restarted);
        }
        Ok(Some(Turn {
            grabbed_ns,
            repeat: matches!(grab, Grab::Repeat { .. }),
            timer,
            scripted,
        }))
    }

    /// The frame goes no further than this thread; its page of the truth is full.
    fn tell(&self, scripted: Option<Box<ScriptedFrame>>, outcome: &'static str) {
        if let (Some(mut frame), Some(player)) = (scripted, &self.parts.player) {
            frame.outcome = outcome;
            player.truth.tell(frame);
        }
    }

    /// Carries out what others asked of the encoder since the last frame.
    fn follow_wishes(&mut self, turn: &mut Turn) -> Result<(), Refusal> {
        let FramePathParts {
            session, encoder, ..
        } = &mut self.parts;
        if let Some(frame) = &mut turn.scripted {
            ask_as_ordered(session, frame, self.packetizer.next_frame_index());
        }
        let now_ns = session.engine.now_ns;
        let (from_kbps, to_kbps) = (encoder.target_kbps(), session.target_kbps());
        if to_kbps != from_kbps {
            encoder
                .set_bitrate(to_kbps, now_ns())
                .map_err(encoder_failed)?;
            session.event(
                "bitrate",
                json!({ "from_kbps": from_kbps, "to_kbps": to_kbps }),
            );
        }
        for frame in session
            .recovery(RecoverySlot::take_acknowledged)
            .into_iter()
            .flatten()
        {
            encoder
                .acknowledge(frame, now_ns())
                .map_err(encoder_failed)?;
        }
        Ok(())
    }

    /// Encodes the picture into `access_unit`, as recovery demands. `None`: the encoder made nothing of it.
    fn encode(&mut self, turn: &mut Turn) -> Result<Option<AccessUnit>, Refusal> {
        let now_ns = self.parts.session.engine.now_ns;
        let index = self.packetizer.next_frame_index();
        let (action, is_flooded) = self
            .parts
            .session
            .recovery(|slot| (slot.poll_at(index.0, now_ns()), slot.is_flooded()));
        if is_flooded != std::mem::replace(&mut self.is_flooded, is_flooded) && is_flooded {
            // Key frames keep a second's distance until it stops.
            self.parts.session.event("request_flood", json!({}));
        }
        let request = match action {
            RecoveryAction::None => FrameRequest::Predicted,
            RecoveryAction::KeyFrame => FrameRequest::Key,
            RecoveryAction::Invalidate { first, last } => FrameRequest::ReferencesBefore {
                first_lost: first,
                last_lost: last,
            },
        };
        stall(&mut turn.scripted, Place::Submitted, now_ns);
        let submitted_ns = now_ns();
        self.parts
            .outbox
            .expect_at(submitted_ns + self.encode_ns as u64);
        self.parts
            .encoder
            .submit(index.0, request, submitted_ns)
            .map_err(encoder_failed)?;
        stamp(
            &mut turn.scripted,
            &mut turn.timer,
            Boundary::Submitted,
            now_ns,
        );
        if let Some(frame) = &turn.scripted
            && frame.orders.encoder_error
        {
            self.parts.encoder.fail_next();
        }
        let unit = self
            .parts
            .encoder
            .finish(&mut self.access_unit, now_ns())
            .map_err(encoder_failed)?;
        stall(&mut turn.scripted, Place::Encoded, now_ns);
        let encoded_ns = stamp_now(
            &mut turn.scripted,
            &mut turn.timer,
            Boundary::Encoded,
            now_ns,
        );
        if let Some(frame) = &mut turn.scripted {
            (frame.asked, frame.asked_range) = asked(action);
            frame.made = unit.as_ref().map(|unit| kind_name(unit.kind));
            frame.bytes = unit.as_ref().map_or(0, |_| self.access_unit.len());
        }
        self.encode_ns += 0.1 * ((encoded_ns - submitted_ns) as f64 - self.encode_ns);
        let Some(unit) = unit else {
            // The recovery slot asks again with the next frame.
            self.tell(turn.scripted.take(), "encoder_skipped");
            self.drop_frame(turn.timer.take(), FrameOutcome::EncoderSkipped);
            return Ok(None);
        };
        if let Some(timer) = &mut turn.timer {
            describe_unit(timer, index, &unit);
        }
        if let Some(frame) = &mut turn.scripted {
            frame.frame = index.0;
        }
        let session = &self.parts.session;
        session.recovery(|slot| slot.frame_encoded(index.0, answer_kind(unit.kind)));
        let reopened = self.parts.encoder.take_reopened();
        if let Some(Reopened { why }) = &reopened {
            tell_reopened(session, index, why);
            if let Some(frame) = &mut turn.scripted {
                frame.reopened = true;
            }
        }
        tell_recovery(session, index, action, unit.kind, reopened.is_some());
        Ok(Some(unit))
    }

    /// Packetizes into a free slot and hands it to the sender, or drops the frame and starts its recovery.
    fn hand_over(&mut self, mut turn: Turn, unit: AccessUnit) -> Result<(), Refusal> {
        let frame_type = frame_type(unit.kind);
        let packet_size = self.parts.format.packet_size;
        bitstream::fit_packet_zero(
            NalCodec::H264,
            &mut self.access_unit,
            frame_type,
            packet_size,
        )
        .map_err(|e| Refusal::new("bitstream_unusable", e.to_string()))?;
        if let Some(timer) = &mut turn.timer {
            timer.record.queue_depth = self.parts.outbox.depth() as u8;
        }
        let fitting = self.packetizer.plan(self.access_unit.len()).ok();
        let Some(plan) = fitting.filter(|plan| plan.arena_bytes() <= self.parts.outbox.capacity())
        else {
            self.tell(turn.scripted, "oversize");
            return self.drop_oversize(turn.timer);
        };
        self.oversize_in_a_row = 0;
        let Some(mut slot) = self.free_slot(turn.scripted.as_deref()) else {
            self.tell(turn.scripted, "queue_full");
            self.drop_for_queue(turn.timer);
            return Ok(());
        };
        let latency_ns = if turn.repeat {
            0
        } else {
            self.now_ns().saturating_sub(turn.grabbed_ns)
        };
        let meta = FrameMeta {
            frame_type,
            latency_100us: (latency_ns / 100_000).min(u64::from(u16::MAX)) as u16,
            timestamp: RtpTimestamp::from_ns(turn.grabbed_ns.saturating_sub(self.started_ns)),
            long_term_reference: unit.long_term_reference,
        };
        self.packetize(&mut slot, meta, &plan, &mut turn)?;
        if self.parts.outbox.send(slot) {
            Ok(())
        } else {
            Err(Refusal::new("internal", "The send thread is gone."))
        }
    }

    /// A slot of the queue, unless the script says that it is full.
    fn free_slot(&mut self, scripted: Option<&ScriptedFrame>) -> Option<Box<Slot>> {
        match scripted.and_then(|frame| frame.orders.drop) {
            Some(DropWhy::QueueFull) => None,
            _ => self.parts.outbox.begin(),
        }
    }

    fn packetize(
        &mut self,
        slot: &mut Slot,
        meta: FrameMeta,
        plan: &FramePlan,
        turn: &mut Turn,
    ) -> Result<(), Refusal> {
        let kernel = self.kernel;
        let format = self.parts.format;
        let parity = |block: &mut [u8], data: usize, parity: usize| {
            let layout = pf_fec::BlockLayout {
                data,
                parity,
                shard_bytes: format.packet_size.shard_bytes(),
                stride_bytes: format.datagram_bytes(),
            };
            pf_fec::encode(kernel, block, layout)
        };
        let packetized = self
            .packetizer
            .packetize(meta, &self.access_unit, plan, slot.arena(), parity)
            .map_err(|e| Refusal::new("internal", e.to_string()))?;
        let now_ns = self.parts.session.engine.now_ns;
        stall(&mut turn.scripted, Place::Packetized, now_ns);
        stamp(
            &mut turn.scripted,
            &mut turn.timer,
            Boundary::Packetized,
            now_ns,
        );
        if let Some(timer) = &mut turn.timer {
            timer.record.data_packets = packetized.data_packets;
            timer.record.parity_packets = packetized.parity_packets;
            if packetized.unprotected {
                timer.record.flags.insert(FrameFlags::UNPROTECTED);
            }
        }
        self.parts.session.reports(|reports| {
            reports.frame_sent(packetized.frame, packetized.first_sequence, plan.blocks());
            if meta.frame_type == FrameType::Key {
                reports.key_frame_sent(packetized.frame);
            }
        });
        slot.bytes = packetized.bytes;
        slot.frame = packetized.frame;
        slot.deadline_ns = turn.grabbed_ns + deadline_after(self.parts.session.request.fps);
        slot.timer = turn.timer.take();
        slot.scripted = turn.scripted.take();
        Ok(())
    }

    /// Two frames wait already: the newest is dropped, counted, and its number used up. The client will see the gap;
    /// the answer to it starts now.
    fn drop_for_queue(&mut self, timer: Option<FrameTimer>) {
        let frame = self.packetizer.skip_frame();
        let session = &self.parts.session;
        let queue_drops = &session.totals.queue_drops;
        let so_far = queue_drops.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far.is_power_of_two() {
            session.event(
                "frame_dropped",
                json!({ "frame": frame.0, "why": "queue_full", "dropped": so_far }),
            );
        }
        session.recovery(|slot| slot.invalidate(frame.0, frame.0));
        self.drop_frame(timer, FrameOutcome::QueueFull);
    }

    /// More bytes than the wire format or the arena can carry.
    fn drop_oversize(&mut self, timer: Option<FrameTimer>) -> Result<(), Refusal> {
        let bytes = self.access_unit.len();
        self.oversize_in_a_row += 1;
        let frame = self.packetizer.skip_frame();
        let session = &self.parts.session;
        session.event(
            "frame_dropped",
            json!({ "frame": frame.0, "why": "oversize", "bytes": bytes }),
        );
        session.recovery(|slot| slot.invalidate(frame.0, frame.0));
        self.drop_frame(timer, FrameOutcome::Oversize);
        if self.oversize_in_a_row < OVERSIZE_LIMIT {
            return Ok(());
        }
        let text = format!(
            "{OVERSIZE_LIMIT} frames in a row were too large to send, the last with {bytes} bytes; lower the bitrate."
        );
        Err(Refusal::new("frame_too_large", text))
    }

    fn drop_frame(&mut self, timer: Option<FrameTimer>, outcome: FrameOutcome) {
        if let Some(mut timer) = timer {
            timer.record.outcome = outcome;
            let FramePathParts {
                session,
                dropped_records,
                ..
            } = &mut self.parts;
            close(session, dropped_records, &mut self.perf, &timer.record);
        }
    }
}

/// Tells the synthetic source what to give.
fn order_picture(grabber: &mut Grabber, frame: &ScriptedFrame) {
    grabber.order(PictureOrder {
        withhold: frame.orders.withhold,
        skip: frame.orders.skip,
        age_ns: u64::from(frame.orders.late_us) * 1000,
    });
}

/// Asks for what the script wants of the encoder, through the entry points that a client's requests take.
fn ask_as_ordered(session: &SessionShared, frame: &mut ScriptedFrame, next: FrameIndex) {
    let orders = frame.orders;
    if let Some(kbps) = orders.bitrate_kbps {
        session.set_target_kbps(kbps);
    }
    if orders.key_frame {
        let effect = session.recovery(RecoverySlot::request_idr);
        frame.key_request = Some(effect_name(effect));
    }
    if let Some((first, last)) = orders.invalidate {
        // Before the session's first frame there was none to lose.
        let back = |frames: u32| next.0.saturating_sub(frames).max(1);
        let (first, last) = (back(first), back(last));
        let effect = session.recovery(|slot| slot.invalidate(first, last));
        frame.invalidation = Some((effect_name(effect), first, last));
    }
    frame.bitrate_kbps = session.target_kbps();
}

fn effect_name(effect: RequestEffect) -> &'static str {
    match effect {
        RequestEffect::Queued => "queued",
        RequestEffect::Coalesced => "coalesced",
        RequestEffect::Answered => "answered",
        RequestEffect::Ignored => "ignored",
    }
}

fn asked(action: RecoveryAction) -> (Option<&'static str>, Option<(u32, u32)>) {
    match action {
        RecoveryAction::None => (Some("predicted"), None),
        RecoveryAction::KeyFrame => (Some("key"), None),
        RecoveryAction::Invalidate { first, last } => {
            (Some("after_invalidation"), Some((first, last)))
        }
    }
}

fn kind_name(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Key => "key",
        FrameKind::AfterInvalidation => "after_invalidation",
        FrameKind::Predicted => "predicted",
    }
}

fn describe_grab(timer: &mut FrameTimer, grab: Grab, restarted: bool) {
    let record = &mut timer.record;
    match grab {
        Grab::New(stamp) => {
            let age_ns = record.grabbed_ns.saturating_sub(stamp.painted_ns);
            record.source_sequence = stamp.sequence;
            record.source_age_ns = u32::try_from(age_ns).unwrap_or(u32::MAX - 1);
        }
        Grab::Repeat { sequence } => {
            record.source_sequence = sequence;
            record.flags.insert(FrameFlags::REPEAT);
        }
    }
    if restarted {
        record.flags.insert(FrameFlags::CLOCK_RESTARTED);
    }
}

fn describe_unit(timer: &mut FrameTimer, index: FrameIndex, unit: &AccessUnit) {
    let record = &mut timer.record;
    record.bytes = u32::try_from(unit.bytes).unwrap_or(u32::MAX);
    record.qp = unit.qp.unwrap_or(UNKNOWN_QP);
    record.frame_index = index.0;
    match unit.kind {
        FrameKind::Key => record.flags.insert(FrameFlags::KEY),
        FrameKind::AfterInvalidation => record.flags.insert(FrameFlags::AFTER_INVALIDATION),
        FrameKind::Predicted => {}
    }
    if unit.long_term_reference {
        record.flags.insert(FrameFlags::LONG_TERM_REFERENCE);
    }
}

fn answer_kind(kind: FrameKind) -> AnswerKind {
    match kind {
        FrameKind::Key => AnswerKind::KeyFrame,
        FrameKind::AfterInvalidation => AnswerKind::AfterInvalidation,
        FrameKind::Predicted => AnswerKind::Predicted,
    }
}

fn frame_type(kind: FrameKind) -> FrameType {
    match kind {
        FrameKind::Key => FrameType::Key,
        FrameKind::AfterInvalidation => FrameType::AfterInvalidation,
        FrameKind::Predicted => FrameType::Predicted,
    }
}

fn encoder_failed(why: String) -> Refusal {
    Refusal::new("encoder_failed", why)
}

/// How long after its grab a frame is still worth waiting for room in the socket, ns.
fn deadline_after(fps: u32) -> u64 {
    (3_000_000_000 / u64::from(fps.max(1))).max(25_000_000)
}
