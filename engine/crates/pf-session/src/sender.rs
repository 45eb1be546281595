//! The send thread: paces a frame's datagrams into the kernel and closes the frame's record.
//!
//! It alone touches the socket for this medium, in sequence order. A frame is sent whole or, once its deadline has
//! passed without room in the socket, given up; the loss is answered like one on the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pf_net::{DeadlineSleeper, MediaSocket, SendOutcome, SendRefusal, SendResult};
use pf_proto::pacer::{Pacer, PacerAction};
use pf_proto::units::FrameIndex;
use pf_seal::VideoSealer;
use pf_stats::{Boundary, FrameFlags, FrameOutcome, FrameRecord, FrameTimer, RecordProducer};

use crate::control::SEQUENCES_EXHAUSTED;
use crate::handoff::{Inbox, Slot, SpinPolicy};
use crate::listener::Medium;
use crate::perf::PerfWindow;
use crate::script::{DropWhy, Loss, Place, ScriptedFrame, TruthSender, stall, stamp, stamp_now};
use crate::shared::{Endpoint, SessionShared};

/// A refusing peer without a ping for so long is gone (video-plane, "Sender").
const REFUSED_GRACE_NS: u64 = 5_000_000_000;

/// Totals of a session's pictures on their way out.
#[derive(Debug, Default)]
pub struct SendTotals {
    /// Frames handed to the kernel whole.
    pub frames: AtomicU64,
    /// Datagrams handed to the kernel.
    pub packets: AtomicU64,
    /// Bytes of these.
    pub bytes: AtomicU64,
    /// Datagrams that the kernel did not take, or that the network answered with an error.
    pub refused: AtomicU64,
    /// Frames dropped before the sender, because older ones still waited.
    pub queue_drops: AtomicU64,
    /// Datagrams dropped on purpose.
    pub dropped_on_purpose: AtomicU64,
}

/// Everything the send thread owns.
pub struct Sender {
    /// The session.
    pub session: Arc<SessionShared>,
    /// The medium's socket.
    pub socket: Arc<MediaSocket>,
    /// Where frames come from.
    pub inbox: Inbox,
    /// Where records go.
    pub records: RecordProducer,
    /// By bytes against the link's rate.
    pub pacer: Pacer,
    /// How to wait for a frame.
    pub spin: SpinPolicy,
    /// Seals datagrams just before they are sent; absent in the clear.
    pub sealer: Option<VideoSealer>,
    /// Where frames of a scripted session tell what became of them.
    pub truth: TruthSender,
}

/// A frame's companions on its way: both absent unless somebody looks.
struct Watched {
    timer: Option<FrameTimer>,
    scripted: Option<Box<ScriptedFrame>>,
}

impl Watched {
    fn stall(&mut self, place: Place, now_ns: fn() -> u64) {
        stall(&mut self.scripted, place, now_ns);
    }

    fn stamp(&mut self, boundary: Boundary, now_ns: fn() -> u64) {
        stamp(&mut self.scripted, &mut self.timer, boundary, now_ns);
    }

    /// As `stamp`, with a moment that is needed in any case.
    fn stamp_now(&mut self, boundary: Boundary, now_ns: fn() -> u64) -> u64 {
        stamp_now(&mut self.scripted, &mut self.timer, boundary, now_ns)
    }

    /// How a script wants the frame to be lost.
    fn forced(&self) -> Option<DropWhy> {
        self.scripted.as_ref().and_then(|frame| frame.orders.drop)
    }
}

/// What became of the datagrams handed in so far.
struct Progress {
    first_sent: bool,
    refused: u32,
    /// Why they were.
    refusals: FrameFlags,
    /// Packets that are on their way.
    handed: usize,
    /// Packets that were dropped on purpose.
    dropped: usize,
    outcome: FrameOutcome,
}

impl Progress {
    const fn new(outcome: FrameOutcome) -> Self {
        Self {
            first_sent: false,
            refused: 0,
            refusals: FrameFlags(0),
            handed: 0,
            dropped: 0,
            outcome,
        }
    }

    fn refuse(&mut self, datagrams: u32, why: FrameFlags) {
        self.refused += datagrams;
        self.refusals.insert(why);
    }
}

/// What a burst is sent with.
#[derive(Clone, Copy)]
struct Way {
    to: Endpoint,
    datagram_bytes: usize,
    deadline_ns: u64,
    /// A script says that the socket has no room for this frame.
    is_full: bool,
}

impl Sender {
    /// Sends until the video thread is gone and the queue is empty. Gives the record ring back.
    pub fn run(mut self) -> RecordProducer {
        let now_ns = self.session.engine.now_ns;
        let mut sleeper = DeadlineSleeper::new();
        let mut drops = PacketDrops::new(self.session.request.drop_pct);
        let mut perf = PerfWindow::default();
        while let Some(mut slot) = self.inbox.next(now_ns, self.spin) {
            let mut watched = Watched {
                timer: slot.timer.take(),
                scripted: slot.scripted.take(),
            };
            watched.stall(Place::Dequeued, now_ns);
            self.inbox.taken();
            let dequeued_ns = watched.stamp_now(Boundary::Dequeued, now_ns);
            watched.stall(Place::FirstSent, now_ns);
            // A script may have waited in between.
            let begin_ns = watched.scripted.as_ref().map_or(dequeued_ns, |_| now_ns());
            let progress = match self.session.endpoint(Medium::Video) {
                Some(to) if !self.session.is_ending() => self.send_frame(
                    &mut slot,
                    (to, begin_ns),
                    &mut watched,
                    &mut sleeper,
                    &mut drops,
                ),
                _ => Progress::new(FrameOutcome::SessionEnded),
            };
            if progress.outcome == FrameOutcome::Sent {
                watched.stall(Place::LastSent, now_ns);
                watched.stamp(Boundary::LastSent, now_ns);
                self.session.totals.frames.fetch_add(1, Ordering::Relaxed);
                self.session
                    .recovery(|recovery| recovery.frame_sent(slot.frame.0));
            } else if progress.outcome != FrameOutcome::SessionEnded {
                // The client sees a hole: recovery starts here, without waiting for its request.
                self.session
                    .recovery(|recovery| recovery.invalidate(slot.frame.0, slot.frame.0));
            }
            let packets = slot.bytes.div_ceil(slot.datagram_bytes.max(1));
            let gone = progress.handed + progress.dropped;
            if gone < packets {
                // Loss of the host's own making is none of the network's.
                let lost = u16::try_from(packets - gone).unwrap_or(u16::MAX);
                self.session
                    .reports(|reports| reports.host_lost(slot.frame, lost));
            }
            if progress.refused > 0 {
                let refused = &self.session.totals.refused;
                refused.fetch_add(u64::from(progress.refused), Ordering::Relaxed);
            }
            if let Some(mut timer) = watched.timer {
                timer.record.outcome = progress.outcome;
                timer.record.send_refused = u8::try_from(progress.refused).unwrap_or(u8::MAX);
                timer.record.flags.insert(progress.refusals);
                close(&self.session, &mut self.records, &mut perf, &timer.record);
            }
            if let Some(mut frame) = watched.scripted {
                frame.outcome = outcome_name(progress.outcome);
                frame.packets = packets;
                (frame.handed, frame.dropped) = (progress.handed, progress.dropped);
                frame.refused = progress.refused;
                self.truth.tell(frame);
            }
            self.inbox.recycle(slot);
        }
        self.records
    }

    fn send_frame(
        &mut self,
        slot: &mut Slot,
        (to, begin_ns): (Endpoint, u64),
        watched: &mut Watched,
        sleeper: &mut DeadlineSleeper,
        drops: &mut PacketDrops,
    ) -> Progress {
        let now_ns = self.session.engine.now_ns;
        let frame = slot.frame;
        let way = Way {
            to,
            datagram_bytes: slot.datagram_bytes,
            deadline_ns: slot.deadline_ns,
            is_full: watched.forced() == Some(DropWhy::SendDeadline),
        };
        if watched.forced() == Some(DropWhy::SendError) {
            return Progress::new(FrameOutcome::SendError);
        }
        drops.begin_frame(
            watched
                .scripted
                .as_ref()
                .and_then(|frame| frame.orders.loss),
        );
        let datagrams = slot.datagrams();
        let mut progress = Progress::new(FrameOutcome::Sent);
        let mut at = 0;
        self.pacer.begin_frame(begin_ns, datagrams.len());
        while at < datagrams.len() {
            let bytes = match self.pacer.poll(now_ns()) {
                PacerAction::Done => datagrams.len() - at,
                PacerAction::WaitUntil(deadline_ns) => {
                    sleeper.sleep_until(deadline_ns);
                    continue;
                }
                PacerAction::Send(bytes) => bytes,
            };
            let whole = bytes.div_ceil(way.datagram_bytes).max(1) * way.datagram_bytes;
            let end = (at + whole).min(datagrams.len());
            let burst = &mut datagrams[at..end];
            at = end;
            if !self.seal(burst, frame, way.datagram_bytes) {
                progress.outcome = FrameOutcome::SendError;
                return progress;
            }
            self.send_burst(burst, way, drops, &mut progress);
            self.pacer.sent(burst.len());
            // A frame that was given up before its first datagram left never got here.
            if !progress.first_sent
                && (progress.outcome == FrameOutcome::Sent || progress.handed > 0)
            {
                progress.first_sent = true;
                watched.stamp(Boundary::FirstSent, now_ns);
            }
            if progress.outcome != FrameOutcome::Sent || self.session.is_ending() {
                return progress;
            }
        }
        progress
    }

    /// Seals a burst in place, each datagram once. False when the key has no number left.
    fn seal(&mut self, burst: &mut [u8], frame: FrameIndex, datagram_bytes: usize) -> bool {
        let Some(sealer) = &mut self.sealer else {
            return true;
        };
        for datagram in burst.chunks_exact_mut(datagram_bytes) {
            if let Err(error) = sealer.seal(frame.0, datagram) {
                let text = format!("A picture could not be sealed: {error}.");
                self.session.end(SEQUENCES_EXHAUSTED, text);
                return false;
            }
        }
        true
    }

    /// Sends the burst in runs between packets that are dropped on purpose.
    fn send_burst(&self, burst: &[u8], way: Way, drops: &mut PacketDrops, progress: &mut Progress) {
        if drops.is_off() {
            return self.send_run(burst, way, progress);
        }
        let size = way.datagram_bytes;
        let (mut from, mut at) = (0, 0);
        while at < burst.len() {
            let end = (at + size).min(burst.len());
            if drops.drops_next() {
                self.send_run(&burst[from..at], way, progress);
                self.session
                    .totals
                    .dropped_on_purpose
                    .fetch_add(1, Ordering::Relaxed);
                progress.dropped += 1;
                from = end;
            }
            at = end;
        }
        self.send_run(&burst[from..], way, progress);
    }

    fn send_run(&self, mut run: &[u8], way: Way, progress: &mut Progress) {
        let Way {
            to, datagram_bytes, ..
        } = way;
        while !run.is_empty() && progress.outcome == FrameOutcome::Sent {
            let sent = if way.is_full {
                FULL
            } else {
                self.socket
                    .send_segments_from(to.source, to.peer, run, datagram_bytes)
            };
            let packets = sent.sent_bytes.div_ceil(datagram_bytes);
            let totals = &self.session.totals;
            totals.packets.fetch_add(packets as u64, Ordering::Relaxed);
            totals
                .bytes
                .fetch_add(sent.sent_bytes as u64, Ordering::Relaxed);
            progress.handed += packets;
            run = &run[sent.sent_bytes.min(run.len())..];
            if sent.refused_before > 0 {
                progress.refuse(sent.refused_before, FrameFlags::REFUSED_BY_PEER);
                self.end_if_gone(SendRefusal::ConnectionRefused, progress);
            }
            match sent.result {
                SendResult::Complete => {}
                SendResult::WouldBlock | SendResult::NoBuffer => {
                    if way.is_full || !self.has_room_in_time(way.deadline_ns) {
                        let why = match sent.result {
                            SendResult::NoBuffer => FrameFlags::REFUSED_NO_BUFFER,
                            _ => FrameFlags::REFUSED_NO_ROOM,
                        };
                        progress.refuse(run.len().div_ceil(datagram_bytes) as u32, why);
                        progress.outcome = FrameOutcome::SendDeadline;
                    }
                }
                SendResult::Refused(refusal) => {
                    // Waiting does not help: this datagram is given up, parity may cover it.
                    let why = match refusal {
                        SendRefusal::ConnectionRefused => FrameFlags::REFUSED_BY_PEER,
                        _ => FrameFlags(0),
                    };
                    progress.refuse(1, why);
                    run = &run[datagram_bytes.min(run.len())..];
                    self.end_if_gone(refusal, progress);
                }
            }
        }
    }

    /// Waits for room until the deadline. A full queue of the interface leaves the socket writable: only the clock ends
    /// that.
    fn has_room_in_time(&self, deadline_ns: u64) -> bool {
        (self.session.engine.now_ns)() < deadline_ns
            && self.socket.wait_writable(deadline_ns).unwrap_or(false)
    }

    /// A peer that refuses packets and has been silent for long is gone, when no control stream tells better.
    fn end_if_gone(&self, refusal: SendRefusal, progress: &mut Progress) {
        if self.session.request.control.is_some() {
            return;
        }
        let silent_ns = (self.session.engine.now_ns)().saturating_sub(self.session.last_ping_ns());
        if silent_ns > REFUSED_GRACE_NS {
            let seconds = silent_ns / 1_000_000_000;
            let text = format!(
                "Packets to the client are refused ({refusal}) and it has not pinged for {seconds} s."
            );
            self.session.end("client_gone", text);
            progress.outcome = FrameOutcome::SendError;
        }
    }
}

/// Closes a frame's record: to lane 1 when something records, to the perf line when PERF is on.
pub fn close(
    session: &SessionShared,
    records: &mut RecordProducer,
    perf: &mut PerfWindow,
    record: &FrameRecord,
) {
    if session.engine.recording.load(Ordering::Relaxed) {
        // A full ring counts the loss itself; the host shows it as a gap.
        records.push(record);
    }
    if session.engine.perf.load(Ordering::Relaxed)
        && let Some(line) = perf.add(record, (session.engine.now_ns)())
    {
        session.engine.events.push("perf", line);
    }
}

/// What a socket without room answers, for frames that a script wants lost so.
const FULL: SendOutcome = SendOutcome {
    sent_bytes: 0,
    result: SendResult::WouldBlock,
    refused_before: 0,
};

/// An outcome as the truth log has it, by the names of docs/recording-format.md.
fn outcome_name(outcome: FrameOutcome) -> &'static str {
    match outcome {
        FrameOutcome::Sent => "sent",
        FrameOutcome::QueueFull => "queue_full",
        FrameOutcome::SendDeadline => "send_deadline",
        FrameOutcome::SendError => "send_error",
        FrameOutcome::EncoderSkipped => "encoder_skipped",
        FrameOutcome::Oversize => "oversize",
        FrameOutcome::SessionEnded => "session_ended",
    }
}

/// Which packets are thrown away to exercise recovery: by PUNKTFUNK_VIDEO_DROP all the time, by a script in its frames.
/// Deterministic: the same stream loses the same packets.
struct PacketDrops {
    always: Option<Loss>,
    now: Option<Loss>,
    state: u32,
    /// Packets that met a loss of every so manieth.
    met: u32,
}

impl PacketDrops {
    fn new(pct: f64) -> Self {
        let always = (pct > 0.0).then(|| Loss::percent(pct));
        Self {
            always,
            now: always,
            state: 0x9E37_79B9,
            met: 0,
        }
    }

    /// A script's loss stands in for the permanent one in its frames.
    fn begin_frame(&mut self, scripted: Option<Loss>) {
        self.now = scripted.or(self.always);
    }

    fn is_off(&self) -> bool {
        self.now.is_none()
    }

    fn drops_next(&mut self) -> bool {
        match self.now {
            None => false,
            Some(Loss::Every(nth)) => {
                self.met = self.met.wrapping_add(1);
                self.met.is_multiple_of(nth.max(1))
            }
            Some(Loss::Random { threshold }) => {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 17;
                self.state ^= self.state << 5;
                self.state <= threshold
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_hit_their_percentage() {
        for pct in [0.0, 1.0, 5.0, 50.0, 100.0] {
            let mut drops = PacketDrops::new(pct);
            let hit = (0..100_000).filter(|_| drops.drops_next()).count() as f64 / 1000.0;
            assert!((hit - pct).abs() < 0.7, "{pct} %: {hit} %");
        }
    }

    #[test]
    fn a_script_loses_packets_in_its_frames_only() {
        let mut drops = PacketDrops::new(0.0);
        let mut lost = |scripted| {
            drops.begin_frame(scripted);
            (0..10).filter(|_| drops.drops_next()).count()
        };
        assert_eq!(lost(None), 0);
        assert_eq!(lost(Some(Loss::Every(5))), 2);
        assert_eq!(lost(Some(Loss::percent(100.0))), 10);
        assert_eq!(lost(None), 0);
    }
}
