//! When the bytes of a frame may leave: by bytes against the link's rate, with absolute deadlines.
//!
//! The schedule is the line's own: after `b` bytes the next ones are due when the line would have passed
//! `b`. A burst starts when everything before it has drained, never earlier; a frame is never spread
//! beyond its serialisation time. A wake that comes late is caught up at once, as far as the largest burst
//! allows; time beyond that is lost, not made up later. In any window the bytes sent are at most the
//! window's line time plus one largest burst.
//!
//! Holds no clock: the caller polls with ns of any monotonic clock, sends, and tells what it sent.

use crate::units::Kbps;

/// How a pacer shapes its bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacerConfig {
    /// Rate of the line.
    pub link: Kbps,
    /// Bytes of a datagram; bursts are whole datagrams, at least one.
    pub datagram_bytes: usize,
    /// Line time of a burst that starts on time, ns.
    pub burst_ns: u64,
    /// Line time of the largest burst, which a late wake may reach, ns; at least `burst_ns`.
    pub max_burst_ns: u64,
    /// Most datagrams of one [`PacerAction::Send`].
    pub max_datagrams: usize,
}

impl PacerConfig {
    /// The values that the host uses on a line of this rate.
    pub fn for_link(link: Kbps, datagram_bytes: usize) -> Self {
        let max_datagrams = (MAX_SEND_BYTES / datagram_bytes.max(1)).clamp(1, MAX_SEND_DATAGRAMS);
        Self {
            link,
            datagram_bytes,
            burst_ns: BURST_NS,
            max_burst_ns: MAX_BURST_NS,
            max_datagrams,
        }
    }
}

/// What the sender does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacerAction {
    /// Send so many bytes now, then tell [`Pacer::sent`]: whole datagrams, or the end of the frame.
    Send(usize),
    /// Poll again at this time, ns.
    WaitUntil(u64),
    /// Nothing of the frame is left.
    Done,
}

/// The pacer of one line.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    config: PacerConfig,
    /// Bytes of the frame that are not sent.
    left: usize,
    /// When the line has passed everything sent, by its rate.
    drained: LineTime,
    /// The line time that the running burst may fill; none between bursts.
    burst_end_ns: Option<u64>,
}

impl Pacer {
    /// A pacer for an idle line.
    pub fn new(config: PacerConfig) -> Self {
        // A datagram of no bytes would never end a frame.
        let config = PacerConfig {
            datagram_bytes: config.datagram_bytes.max(1),
            ..config
        };
        Self {
            config,
            left: 0,
            drained: LineTime { ns: 0, fraction: 0 },
            burst_end_ns: None,
        }
    }

    /// Begins a frame of so many bytes; what was left of the one before is given up. The line may still be
    /// busy with that one's bytes: then the first burst waits for them.
    pub fn begin_frame(&mut self, now_ns: u64, bytes: usize) {
        self.left = bytes;
        self.burst_end_ns = None;
        self.drained.raise_to(now_ns);
    }

    /// What to do at `now_ns`.
    pub fn poll(&mut self, now_ns: u64) -> PacerAction {
        if self.left == 0 {
            return PacerAction::Done;
        }
        let drained_ns = self.drained.ns_rounded_up();
        if now_ns < drained_ns {
            let bytes = self
                .burst_end_ns
                .map_or(0, |end_ns| self.room_until(end_ns));
            if bytes > 0 {
                return PacerAction::Send(bytes.min(self.left));
            }
            self.burst_end_ns = None;
            return PacerAction::WaitUntil(drained_ns);
        }
        // The line is idle, since this moment or for as long as the wake was late.
        let catch_up_ns = self
            .config
            .max_burst_ns
            .saturating_sub(self.config.burst_ns);
        self.drained.raise_to(now_ns.saturating_sub(catch_up_ns));
        let end_ns = now_ns.saturating_add(self.config.burst_ns);
        self.burst_end_ns = Some(end_ns);
        // A line on which one datagram takes longer than a burst gets one at a time.
        PacerAction::Send(
            self.room_until(end_ns)
                .max(self.config.datagram_bytes)
                .min(self.left),
        )
    }

    /// So many bytes were handed to the kernel; less than was allowed is fine.
    pub fn sent(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.drained.advance(bytes as u64, self.config.link);
    }

    /// Bytes in whole datagrams that keep the line busy until `end_ns` at most.
    fn room_until(&self, end_ns: u64) -> usize {
        let room_ns = end_ns.saturating_sub(self.drained.ns_rounded_up());
        let bytes = usize::try_from(self.config.link.bytes_in_ns(room_ns)).unwrap_or(usize::MAX);
        let datagram_bytes = self.config.datagram_bytes;
        (bytes / datagram_bytes).min(self.config.max_datagrams) * datagram_bytes
    }
}

/// A point of time to a fraction of a nanosecond, so that hours of bursts add up without drift.
#[derive(Clone, Copy, Debug)]
struct LineTime {
    ns: u64,
    /// In units of 1 / kb/s of a nanosecond.
    fraction: u64,
}

impl LineTime {
    fn raise_to(&mut self, ns: u64) {
        if self.ns < ns {
            *self = Self { ns, fraction: 0 };
        }
    }

    fn advance(&mut self, bytes: u64, link: Kbps) {
        let kbps = u64::from(link.0.max(1));
        let total = bytes
            .saturating_mul(NS_PER_BYTE_AT_1_KBPS)
            .saturating_add(self.fraction);
        self.ns = self.ns.saturating_add(total / kbps);
        self.fraction = total % kbps;
    }

    fn ns_rounded_up(&self) -> u64 {
        self.ns.saturating_add(u64::from(self.fraction > 0))
    }
}

/// 8 bits at 1000 bits a second.
const NS_PER_BYTE_AT_1_KBPS: u64 = 8_000_000;

/// Line time of a normal burst: 33 datagrams of 1408 bytes at 1 Gb/s, one send call.
const BURST_NS: u64 = 375_000;

/// Line time of the largest burst. The difference is what a late wake may catch up: an absolute sleep is
/// 70 to 100 µs late with default timer slack.
const MAX_BURST_NS: u64 = 500_000;

/// Most datagrams of 1408 bytes in one segmented send, whose payload is a UDP payload: 65,507 bytes.
const MAX_SEND_DATAGRAMS: usize = 46;
const MAX_SEND_BYTES: usize = 65_507;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATAGRAM: usize = 1408;

    fn pacer(link: Kbps) -> Pacer {
        Pacer::new(PacerConfig::for_link(link, DATAGRAM))
    }

    /// One call of the virtual sender.
    #[derive(Clone, Copy, Debug)]
    struct Sent {
        at_ns: u64,
        bytes: usize,
    }

    /// Sends a frame in virtual time; `lateness` is asked for each wake.
    fn send_frame(
        pacer: &mut Pacer,
        start_ns: u64,
        bytes: usize,
        mut lateness: impl FnMut() -> u64,
    ) -> Vec<Sent> {
        let mut now_ns = start_ns;
        let mut log = Vec::new();
        pacer.begin_frame(now_ns, bytes);
        loop {
            match pacer.poll(now_ns) {
                PacerAction::Done => return log,
                PacerAction::WaitUntil(at_ns) => {
                    assert!(at_ns > now_ns, "a wait that ends at once");
                    now_ns = at_ns + lateness();
                }
                PacerAction::Send(bytes) => {
                    assert!(bytes > 0 && bytes <= 46 * DATAGRAM);
                    log.push(Sent {
                        at_ns: now_ns,
                        bytes,
                    });
                    pacer.sent(bytes);
                }
            }
        }
    }

    fn total(log: &[Sent]) -> usize {
        log.iter().map(|sent| sent.bytes).sum()
    }

    /// The most bytes beyond the line's own in any window that starts and ends with a send.
    fn worst_excess_ns(log: &[Sent], link: Kbps) -> u64 {
        let mut worst = 0;
        for from in 0..log.len() {
            let mut bytes = 0;
            for sent in &log[from..] {
                bytes += sent.bytes as u64;
                let window_ns = sent.at_ns - log[from].at_ns;
                worst = worst.max(link.line_time_ns(bytes).saturating_sub(window_ns));
            }
        }
        worst
    }

    #[test]
    fn a_small_frame_leaves_at_once_in_one_send() {
        let mut pacer = pacer(Kbps::GIGABIT);
        let log = send_frame(&mut pacer, 1_000, 30 * DATAGRAM, || 0);
        assert_eq!(log.len(), 1);
        assert_eq!((log[0].at_ns, log[0].bytes), (1_000, 30 * DATAGRAM));
        assert_eq!(pacer.poll(1_000), PacerAction::Done);
    }

    #[test]
    fn the_last_datagram_leaves_within_the_frames_line_time() {
        for (mbps, datagrams) in [
            (100, 92),
            (1_000, 92),
            (1_000, 910),
            (2_500, 910),
            (10_000, 4_092),
        ] {
            let link = Kbps(mbps * 1_000);
            let bytes = datagrams * DATAGRAM;
            for late_ns in [0, 20_000, 70_000, 120_000] {
                let log = send_frame(&mut pacer(link), 0, bytes, || late_ns);
                assert_eq!(total(&log), bytes);
                let tail_ns = log.last().unwrap().at_ns;
                let limit_ns = link.line_time_ns(bytes as u64) * 110 / 100;
                assert!(
                    tail_ns <= limit_ns,
                    "{mbps} Mb/s, {late_ns} ns late: {tail_ns} > {limit_ns}"
                );
            }
        }
    }

    #[test]
    fn wakes_late_by_less_than_the_catch_up_keep_the_schedule() {
        let link = Kbps::GIGABIT;
        let on_time = send_frame(&mut pacer(link), 0, 910 * DATAGRAM, || 0);
        let late = send_frame(&mut pacer(link), 0, 910 * DATAGRAM, || 100_000);
        let (on_time_ns, late_ns) = (on_time.last().unwrap().at_ns, late.last().unwrap().at_ns);
        assert!(
            late_ns <= on_time_ns + 100_000,
            "{late_ns} against {on_time_ns}"
        );
    }

    #[test]
    fn a_stall_is_not_made_up_in_a_burst() {
        let link = Kbps::GIGABIT;
        let mut wakes = 0;
        let log = send_frame(&mut pacer(link), 0, 910 * DATAGRAM, || {
            wakes += 1;
            if wakes == 3 { 5_000_000 } else { 0 }
        });
        assert_eq!(total(&log), 910 * DATAGRAM);
        assert!(worst_excess_ns(&log, link) <= 500_000);
    }

    #[test]
    fn a_socket_that_was_full_for_long_gets_no_double_burst() {
        let link = Kbps(10_000_000);
        let mut pacer = pacer(link);
        pacer.begin_frame(0, 4_000 * DATAGRAM);
        let PacerAction::Send(first) = pacer.poll(0) else {
            panic!("no send")
        };
        pacer.sent(first);
        let mut log = vec![];
        // EAGAIN for 20 ms in the middle of a burst, then everything that is allowed at once.
        while let PacerAction::Send(bytes) = pacer.poll(20_000_000) {
            log.push(Sent {
                at_ns: 20_000_000,
                bytes,
            });
            pacer.sent(bytes);
        }
        assert!(worst_excess_ns(&log, link) <= 500_000);
        assert!(total(&log) > 300_000, "the largest burst is used");
    }

    #[test]
    fn the_next_frame_waits_until_the_line_has_drained() {
        let mut pacer = pacer(Kbps::GIGABIT);
        send_frame(&mut pacer, 0, 33 * DATAGRAM, || 0);
        let line_ns = Kbps::GIGABIT.line_time_ns(33 * DATAGRAM as u64);
        pacer.begin_frame(10_000, DATAGRAM);
        assert_eq!(pacer.poll(10_000), PacerAction::WaitUntil(line_ns));
        assert_eq!(pacer.poll(line_ns - 1), PacerAction::WaitUntil(line_ns));
        assert_eq!(pacer.poll(line_ns), PacerAction::Send(DATAGRAM));
    }

    #[test]
    fn a_given_up_frame_leaves_nothing_behind() {
        let mut pacer = pacer(Kbps::GIGABIT);
        pacer.begin_frame(0, 910 * DATAGRAM);
        assert_eq!(pacer.poll(0), PacerAction::Send(33 * DATAGRAM));
        pacer.begin_frame(1_000_000, DATAGRAM);
        assert_eq!(pacer.poll(1_000_000), PacerAction::Send(DATAGRAM));
        pacer.sent(DATAGRAM);
        assert_eq!(pacer.poll(1_000_000), PacerAction::Done);
    }

    #[test]
    fn a_partial_send_is_continued() {
        let mut pacer = pacer(Kbps::GIGABIT);
        pacer.begin_frame(0, 40 * DATAGRAM);
        assert_eq!(pacer.poll(0), PacerAction::Send(33 * DATAGRAM));
        pacer.sent(10 * DATAGRAM);
        assert_eq!(pacer.poll(1), PacerAction::Send(23 * DATAGRAM));
        pacer.sent(usize::MAX);
        assert_eq!(pacer.poll(2), PacerAction::Done);
    }

    #[test]
    fn a_slow_line_gets_one_datagram_at_a_time() {
        let link = Kbps(5_000);
        let log = send_frame(&mut pacer(link), 0, 10 * DATAGRAM, || 0);
        assert!(log.iter().all(|sent| sent.bytes == DATAGRAM));
        assert_eq!(log[9].at_ns, link.line_time_ns(9 * DATAGRAM as u64));
    }

    #[test]
    fn a_fast_line_gets_several_sends_a_burst() {
        let log = send_frame(&mut pacer(Kbps(10_000_000)), 0, 1_000 * DATAGRAM, || 0);
        let at_once = log.iter().filter(|sent| sent.at_ns == 0).count();
        assert_eq!(at_once, 8, "332 datagrams in sends of 46");
    }

    #[test]
    fn hours_of_frames_do_not_drift() {
        // 1,408 bytes at 900,001 kb/s are no whole number of ns.
        let link = Kbps(900_001);
        let mut pacer = pacer(link);
        let frames = 400_000;
        for _ in 0..frames {
            pacer.begin_frame(0, DATAGRAM);
            pacer.sent(DATAGRAM);
        }
        pacer.begin_frame(0, DATAGRAM);
        let due_ns = link.line_time_ns(frames * DATAGRAM as u64);
        assert_eq!(pacer.poll(0), PacerAction::WaitUntil(due_ns));
    }

    #[test]
    fn senseless_settings_end_in_progress() {
        let config = PacerConfig {
            datagram_bytes: 0,
            ..PacerConfig::for_link(Kbps(0), 0)
        };
        let mut pacer = Pacer::new(config);
        pacer.begin_frame(0, 3);
        assert!(matches!(pacer.poll(0), PacerAction::Send(1..=3)));
        pacer.sent(3);
        assert_eq!(pacer.poll(0), PacerAction::Done);
    }

    proptest! {
        #[test]
        fn fuzz_no_send_is_early_and_no_window_exceeds_the_line_by_more_than_the_largest_burst(
            mbps in 20_u32..20_000,
            frames in prop::collection::vec((0_u64..20_000_000, 1_usize..600), 1..6),
            wakes in prop::collection::vec(0_u64..400_000, 32),
        ) {
            let link = Kbps(mbps * 1_000);
            let mut pacer = pacer(link);
            let (mut log, mut now_ns, mut wake) = (Vec::new(), 0, 0);
            for (gap_ns, datagrams) in frames {
                let start_ns = now_ns + gap_ns;
                let sent = send_frame(&mut pacer, start_ns, datagrams * DATAGRAM, || {
                    wake += 1;
                    wakes[wake % wakes.len()]
                });
                prop_assert_eq!(total(&sent), datagrams * DATAGRAM);
                // Never early: a burst starts when the frame's bytes before it have passed.
                let mut before = 0;
                for (i, call) in sent.iter().enumerate() {
                    if i == 0 || sent[i - 1].at_ns != call.at_ns {
                        prop_assert!(call.at_ns - start_ns + 1 >= link.line_time_ns(before));
                    }
                    before += call.bytes as u64;
                }
                now_ns = sent.last().unwrap().at_ns;
                log.extend(sent);
            }
            let allowed_ns = 500_000.max(link.line_time_ns(DATAGRAM as u64) + 125_000) + 1;
            let excess_ns = worst_excess_ns(&log, link);
            prop_assert!(excess_ns <= allowed_ns, "{} > {}", excess_ns, allowed_ns);
        }
    }
}
