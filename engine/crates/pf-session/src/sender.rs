//! The send thread: paces a frame's datagrams into the kernel and closes the frame's record.
//!
//! It alone touches the socket for this medium, in sequence order. A frame is sent whole or, once its deadline has
//! passed without room in the socket, given up; the loss is answered like one on the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pf_net::{DeadlineSleeper, MediaSocket, SendRefusal, SendResult};
use pf_proto::pacer::{Pacer, PacerAction};
use pf_proto::units::FrameIndex;
use pf_seal::VideoSealer;
use pf_stats::{Boundary, FrameOutcome, FrameRecord, FrameTimer, RecordProducer};

use crate::control::SEQUENCES_EXHAUSTED;
use crate::handoff::{Inbox, Slot, SpinPolicy};
use crate::listener::Medium;
use crate::perf::PerfWindow;
use crate::shared::{Endpoint, SessionShared};
use crate::stall::{Place, Stall};

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
}

/// What became of the datagrams handed in so far.
struct Progress {
    first_sent: bool,
    refused: u32,
    /// Packets that are on their way, or were dropped on purpose.
    gone: usize,
    outcome: FrameOutcome,
}

impl Progress {
    const fn new(outcome: FrameOutcome) -> Self {
        Self {
            first_sent: false,
            refused: 0,
            gone: 0,
            outcome,
        }
    }
}

/// What a burst is sent with.
#[derive(Clone, Copy)]
struct Way {
    to: Endpoint,
    datagram_bytes: usize,
    deadline_ns: u64,
}

impl Sender {
    /// Sends until the video thread is gone and the queue is empty. Gives the record ring back.
    pub fn run(mut self) -> RecordProducer {
        let now_ns = self.session.engine.now_ns;
        let mut sleeper = DeadlineSleeper::new();
        let mut drops = PacketDrops::new(self.session.request.drop_pct);
        let mut perf = PerfWindow::default();
        while let Some(mut slot) = self.inbox.next(now_ns, self.spin) {
            let stall = self.session.request.stall;
            Stall::spin(stall, Place::Dequeued, slot.nth, now_ns);
            self.inbox.taken();
            let mut timer = slot.timer.take();
            mark(&mut timer, Boundary::Dequeued, now_ns);
            Stall::spin(stall, Place::FirstSent, slot.nth, now_ns);
            let progress = match self.session.endpoint(Medium::Video) {
                Some(to) if !self.session.is_ending() => {
                    self.send_frame(&mut slot, to, &mut timer, &mut sleeper, &mut drops)
                }
                _ => Progress::new(FrameOutcome::SessionEnded),
            };
            if progress.outcome == FrameOutcome::Sent {
                Stall::spin(stall, Place::LastSent, slot.nth, now_ns);
                mark(&mut timer, Boundary::LastSent, now_ns);
                self.session.totals.frames.fetch_add(1, Ordering::Relaxed);
                self.session
                    .recovery(|recovery| recovery.frame_sent(slot.frame.0));
            } else if progress.outcome != FrameOutcome::SessionEnded {
                // The client sees a hole: recovery starts here, without waiting for its request.
                self.session
                    .recovery(|recovery| recovery.invalidate(slot.frame.0, slot.frame.0));
            }
            let packets = slot.bytes.div_ceil(slot.datagram_bytes.max(1));
            if progress.gone < packets {
                // Loss of the host's own making is none of the network's.
                let lost = u16::try_from(packets - progress.gone).unwrap_or(u16::MAX);
                self.session
                    .reports(|reports| reports.host_lost(slot.frame, lost));
            }
            if progress.refused > 0 {
                let refused = &self.session.totals.refused;
                refused.fetch_add(u64::from(progress.refused), Ordering::Relaxed);
            }
            if let Some(mut timer) = timer {
                timer.record.outcome = progress.outcome;
                timer.record.send_refused = u8::try_from(progress.refused).unwrap_or(u8::MAX);
                close(&self.session, &mut self.records, &mut perf, &timer.record);
            }
            self.inbox.recycle(slot);
        }
        self.records
    }

    fn send_frame(
        &mut self,
        slot: &mut Slot,
        to: Endpoint,
        timer: &mut Option<FrameTimer>,
        sleeper: &mut DeadlineSleeper,
        drops: &mut PacketDrops,
    ) -> Progress {
        let now_ns = self.session.engine.now_ns;
        let frame = slot.frame;
        let way = Way {
            to,
            datagram_bytes: slot.datagram_bytes,
            deadline_ns: slot.deadline_ns,
        };
        let datagrams = slot.datagrams();
        let mut progress = Progress::new(FrameOutcome::Sent);
        let mut at = 0;
        self.pacer.begin_frame(now_ns(), datagrams.len());
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
            if !progress.first_sent {
                progress.first_sent = true;
                mark(timer, Boundary::FirstSent, now_ns);
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
                progress.gone += 1;
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
            let sent = self
                .socket
                .send_segments_from(to.source, to.peer, run, datagram_bytes);
            let packets = sent.sent_bytes.div_ceil(datagram_bytes);
            let totals = &self.session.totals;
            totals.packets.fetch_add(packets as u64, Ordering::Relaxed);
            totals
                .bytes
                .fetch_add(sent.sent_bytes as u64, Ordering::Relaxed);
            progress.gone += packets;
            run = &run[sent.sent_bytes.min(run.len())..];
            if sent.refused_before > 0 {
                progress.refused += sent.refused_before;
                self.end_if_gone(SendRefusal::ConnectionRefused, progress);
            }
            match sent.result {
                SendResult::Complete => {}
                SendResult::WouldBlock => {
                    if !self.socket.wait_writable(way.deadline_ns).unwrap_or(false) {
                        progress.refused += run.len().div_ceil(datagram_bytes) as u32;
                        progress.outcome = FrameOutcome::SendDeadline;
                    }
                }
                SendResult::Refused(refusal) => {
                    // Waiting does not help: this datagram is given up, parity may cover it.
                    progress.refused += 1;
                    run = &run[datagram_bytes.min(run.len())..];
                    self.end_if_gone(refusal, progress);
                }
            }
        }
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

/// Stamps a boundary of a frame that is measured.
#[inline]
pub fn mark(timer: &mut Option<FrameTimer>, boundary: Boundary, now_ns: fn() -> u64) {
    if let Some(timer) = timer {
        timer.mark(boundary, now_ns());
    }
}

/// PUNKTFUNK_VIDEO_DROP: which packets are thrown away to exercise recovery. Deterministic: the same stream loses the
/// same packets.
struct PacketDrops {
    threshold: u32,
    state: u32,
}

impl PacketDrops {
    fn new(pct: f64) -> Self {
        Self {
            threshold: (pct.clamp(0.0, 100.0) / 100.0 * f64::from(u32::MAX)) as u32,
            state: 0x9E37_79B9,
        }
    }

    fn is_off(&self) -> bool {
        self.threshold == 0
    }

    fn drops_next(&mut self) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state < self.threshold
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
}
