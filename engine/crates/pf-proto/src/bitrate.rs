//! What bitrate the way to a client carries: advice, once a report interval, and why.
//!
//! Does not apply anything. A session in shadow mode records the advice and stays where it is; the
//! controller notices and does not repeat itself until the congestion has ended. Holds no clock.
//!
//! * **Delay**: even the smallest round trip of an interval lies above the smallest of the last minute: a
//!   queue stands. How fast it grows tells by how much too much is sent.
//! * **Loss**: more than 2 % in two intervals, or 10 % in one, above what is lost whatever is sent. That
//!   part is learned from cuts: a full link loses less after one, a noisy link the same.
//! * **The host itself** cannot send: its own reason; the client's figures mean nothing then.
//! * **Recovery**: after clean seconds, slowly around the rate where it last went wrong and faster
//!   elsewhere; each return to that rate that fails doubles the wait, up to a minute.
//!
//! Missing is not zero: without the client's reports or a round trip there is no advice. A rate that was
//! not used proves nothing: a quiet screen raises nothing. The split into delay and loss and the slow
//! return follow Google Congestion Control (draft-ietf-rmcat-gcc); the rest is our own.

use crate::gamestream::round_trip::RoundTripSummary;
use crate::units::Kbps;

/// One interval of a session; about a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitrateReport {
    /// End of the interval, ns.
    pub now_ns: u64,
    /// What the encoder is told to make.
    pub current: Kbps,
    /// What was sent in the interval, parity included.
    pub sent: Kbps,
    /// Packets sent in the interval, parity included.
    pub packets: u32,
    /// What the client reported; none when it does not.
    pub client: Option<ClientLoss>,
    /// Round trips of the interval; none when nothing was acknowledged.
    pub round_trip: Option<RoundTripSummary>,
    /// Packets that the host could not hand to its network.
    pub send_refused: u32,
    /// Frames that the host dropped because older ones were still waiting.
    pub queue_drops: u32,
}

/// What a client reported of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientLoss {
    /// Packets lost, recovered ones included.
    pub lost: u32,
    /// Packets that parity brought back.
    pub recovered: u32,
    /// Frames that the client gave up.
    pub frames_not_shown: u32,
}

/// Another bitrate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advice {
    /// The bitrate that the session has.
    pub from: Kbps,
    /// The bitrate that it should have.
    pub to: Kbps,
    /// Why.
    pub why: Why,
}

/// The reason of an advice, with its figures.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// A queue stands on the way.
    Delay {
        /// Smallest round trip of the interval, µs.
        round_trip_us: u32,
        /// Smallest of the last minute, µs.
        baseline_us: u32,
    },
    /// More is lost than the way loses by itself.
    Loss {
        /// Part of the packets lost, 1/1000.
        lost_permille: u32,
        /// Part that is lost whatever is sent, 1/1000.
        ambient_permille: u32,
    },
    /// The host's own network does not take it.
    HostSend {
        /// Packets refused.
        refused: u32,
        /// Frames dropped before sending.
        queue_drops: u32,
    },
    /// Nothing was wrong for a while.
    Clean {
        /// For how long, ms.
        clean_ms: u32,
    },
}

impl Why {
    /// The reason in one word, for records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::Loss { .. } => "loss",
            Self::HostSend { .. } => "host_send",
            Self::Clean { .. } => "clean",
        }
    }
}

/// Watches one session.
#[derive(Clone, Debug)]
pub struct BitrateController {
    asked: Kbps,
    baseline: Baseline,
    /// End of the last interval heard, and its smallest round trip.
    previous: Option<(u64, u32)>,
    /// Part of the packets that is lost whatever is sent.
    ambient_loss: f64,
    /// Intervals in a row with more loss than that.
    lossy_intervals: u32,
    /// Intervals in a row with a standing queue.
    queued_intervals: u32,
    last_cut: Option<Cut>,
    /// The last cut was told and the time since was never clean.
    is_told: bool,
    /// Cuts in a row that changed nothing about the delay.
    useless_cuts: u32,
    clean_since_ns: Option<u64>,
    clean_needed_ns: u64,
    /// The rate where it last went wrong.
    ceiling: Option<Kbps>,
}

/// A lowering.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at_ns: u64,
    to: Kbps,
    /// What it was like before.
    sent: Kbps,
    loss: f64,
    min_us: u32,
    /// What it did is not judged yet.
    is_open: bool,
}

/// An interval in which the client was heard.
#[derive(Clone, Copy, Debug)]
struct Heard {
    now_ns: u64,
    /// Part of the packets lost.
    loss: f64,
    frames_not_shown: u32,
    min_us: u32,
    /// Growth of the smallest round trip, seconds a second.
    growth: f64,
}

impl BitrateController {
    /// A controller for a session whose client asked for this bitrate.
    pub const fn new(asked: Kbps) -> Self {
        Self {
            asked,
            baseline: Baseline::new(),
            previous: None,
            ambient_loss: 0.0,
            lossy_intervals: 0,
            queued_intervals: 0,
            last_cut: None,
            is_told: false,
            useless_cuts: 0,
            clean_since_ns: None,
            clean_needed_ns: CLEAN_NS,
            ceiling: None,
        }
    }

    /// The lowest bitrate that is ever advised: a fifth of what was asked, at least 1 Mb/s.
    pub fn floor(&self) -> Kbps {
        Kbps((self.asked.0 / 5).max(LOWEST_KBPS).min(self.asked.0))
    }

    /// Takes the report of an interval.
    pub fn poll(&mut self, report: &BitrateReport) -> Option<Advice> {
        let Some(heard) = self.hear(report) else {
            // Nobody knows what this time was like.
            self.clean_since_ns = None;
            return None;
        };
        if report.send_refused > 0 || report.queue_drops > 0 {
            self.clean_since_ns = None;
            return self.cut_for_host(report, &heard);
        }
        self.judge_last_cut(report, &heard);
        let excess = heard.loss - self.ambient_loss;
        let is_lossy = excess > LOSS.max(self.ambient_loss / 2.0);
        self.lossy_intervals = if is_lossy {
            self.lossy_intervals + 1
        } else {
            0
        };
        let is_queued = self.queue_stands(&heard);
        self.queued_intervals = if is_queued {
            self.queued_intervals + 1
        } else {
            0
        };
        if is_queued {
            self.clean_since_ns = None;
            let drains = heard.growth < -DRAINING && self.last_cut.is_some();
            if drains || (self.queued_intervals < 2 && !is_lossy) {
                // A queue that drains needs time, not another cut; one slow interval may be a radio's.
                return None;
            }
            let why = Why::Delay {
                round_trip_us: heard.min_us,
                baseline_us: self.baseline.min_us(),
            };
            // A queue that grows by g seconds a second gets 1 + g times what the way carries.
            let factor = DELAY_FACTOR.min(0.9 / (1.0 + heard.growth.max(0.0)));
            return self.cut(report, &heard, factor, why);
        }
        if is_lossy {
            self.clean_since_ns = None;
            if self.lossy_intervals < 2 && excess < HEAVY_LOSS {
                return None;
            }
            let why = Why::Loss {
                lost_permille: permille(heard.loss),
                ambient_permille: permille(self.ambient_loss),
            };
            // What arrives through a full link is what it carries.
            return self.cut(report, &heard, (1.0 - excess) * 0.97, why);
        }
        if heard.frames_not_shown > MANY_FRAMES {
            self.clean_since_ns = None;
            return None;
        }
        self.raise(report, heard.now_ns)
    }

    fn hear(&mut self, report: &BitrateReport) -> Option<Heard> {
        let (client, round_trip) = (report.client?, report.round_trip?);
        if report.packets == 0 {
            return None;
        }
        let lost = client.lost.max(client.recovered).min(report.packets);
        // A handful of packets is no share of anything.
        let lost = if lost < FEW_PACKETS { 0 } else { lost };
        let (now_ns, min_us) = (report.now_ns, round_trip.min_us);
        let growth = self.previous.map_or(0.0, |(then_ns, then_us)| {
            let elapsed_us = now_ns.saturating_sub(then_ns).max(1_000) as f64 / 1e3;
            (f64::from(min_us) - f64::from(then_us)) / elapsed_us
        });
        self.previous = Some((now_ns, min_us));
        self.baseline.add(now_ns, min_us);
        Some(Heard {
            now_ns,
            loss: f64::from(lost) / f64::from(report.packets),
            frames_not_shown: client.frames_not_shown,
            min_us,
            growth,
        })
    }

    /// Even the fastest answer of the interval waited.
    fn queue_stands(&self, heard: &Heard) -> bool {
        let baseline_us = self.baseline.min_us();
        heard.min_us.saturating_sub(baseline_us) >= QUEUE_US.max(baseline_us / 4)
    }

    /// What a cut changed says what was wrong. Loss: a full link loses less, a noisy one the same. Delay:
    /// a queue of our own shrinks or grows, one of others, or a longer way, stays.
    fn judge_last_cut(&mut self, report: &BitrateReport, heard: &Heard) {
        let down = (self.ambient_loss - heard.loss).max(0.0);
        self.ambient_loss -= down * AMBIENT_DECAY;
        let Some(cut) = self.last_cut.as_mut().filter(|cut| cut.is_open) else {
            return;
        };
        if heard.now_ns.saturating_sub(cut.at_ns) < SETTLE_NS {
            return;
        }
        cut.is_open = false;
        let cut = *cut;
        let (before, after) = (f64::from(cut.sent.0), f64::from(report.sent.0));
        if after > before * 0.98 {
            // Not followed, or the picture became busier: nothing was tried.
            return;
        }
        let of_full_link = (1.0 - before * (1.0 - cut.loss) / after.max(1.0)).max(0.0);
        let is_same_loss =
            cut.loss > of_full_link + 0.01 && heard.loss > (cut.loss + of_full_link) / 2.0;
        let is_queued = self.queue_stands(heard);
        if is_same_loss && !is_queued {
            self.ambient_loss = self.ambient_loss.max(heard.loss);
        }
        let above_us = cut.min_us.saturating_sub(self.baseline.min_us());
        let is_same_delay = is_queued && heard.min_us.abs_diff(cut.min_us) < above_us / 10;
        // A full queue stays as long as it is: then packets are lost.
        let is_useless = is_same_delay && heard.loss < self.ambient_loss + LOSS;
        self.useless_cuts = if is_useless { self.useless_cuts + 1 } else { 0 };
        if self.useless_cuts >= USELESS_CUTS {
            self.useless_cuts = 0;
            self.baseline.restart(heard.now_ns, heard.min_us);
            self.ceiling = None;
        }
    }

    fn cut_for_host(&mut self, report: &BitrateReport, heard: &Heard) -> Option<Advice> {
        // One refusal is a hiccup of a full buffer.
        if report.send_refused <= report.packets / 100 && report.queue_drops < MANY_QUEUE_DROPS {
            return None;
        }
        let why = Why::HostSend {
            refused: report.send_refused,
            queue_drops: report.queue_drops,
        };
        self.cut(report, heard, DELAY_FACTOR, why)
    }

    fn cut(
        &mut self,
        report: &BitrateReport,
        heard: &Heard,
        factor: f64,
        why: Why,
    ) -> Option<Advice> {
        if let Some(last) = self.last_cut {
            let is_followed = report.current <= last.to;
            let is_recent = heard.now_ns.saturating_sub(last.at_ns) < SETTLE_NS;
            if is_recent || (self.is_told && !is_followed) {
                return None;
            }
        }
        let current = f64::from(report.current.0);
        // A target far above what is sent would have to be cut many times before anything changes.
        let used = current.min(f64::from(report.sent.0) * 1.1);
        let lowest = (current * DEEPEST_CUT).max(f64::from(self.floor().0));
        let to = Kbps((used * factor).min(current * 0.97).max(lowest) as u32);
        if to >= report.current {
            return None;
        }
        let is_failed_return = self
            .ceiling
            .is_some_and(|ceiling| used >= f64::from(ceiling.0) * NEAR_CEILING);
        if is_failed_return && !self.is_told {
            self.clean_needed_ns = (self.clean_needed_ns * 2).min(LONGEST_CLEAN_NS);
        }
        self.ceiling = Some(Kbps(used as u32));
        self.is_told = true;
        self.last_cut = Some(Cut {
            at_ns: heard.now_ns,
            to,
            sent: report.sent,
            loss: heard.loss,
            min_us: heard.min_us,
            is_open: true,
        });
        Some(Advice {
            from: report.current,
            to,
            why,
        })
    }

    fn raise(&mut self, report: &BitrateReport, now_ns: u64) -> Option<Advice> {
        let since_ns = *self.clean_since_ns.get_or_insert(now_ns);
        let clean_ns = now_ns.saturating_sub(since_ns);
        if clean_ns >= CLEAN_NS {
            self.is_told = false;
        }
        let current = f64::from(report.current.0);
        let is_used = f64::from(report.sent.0) >= current * USED;
        if clean_ns < self.clean_needed_ns || report.current >= self.asked || !is_used {
            return None;
        }
        let ceiling = self.ceiling.map_or(f64::INFINITY, |kbps| f64::from(kbps.0));
        if current > ceiling * ABOVE_CEILING {
            self.ceiling = None;
            self.clean_needed_ns = CLEAN_NS;
        }
        let is_near = (ceiling * NEAR_CEILING..=ceiling * ABOVE_CEILING).contains(&current);
        let factor = if is_near { SLOW_RAISE } else { FAST_RAISE };
        let to = Kbps((current * factor).ceil() as u32).min(self.asked);
        Some(Advice {
            from: report.current,
            to,
            why: Why::Clean {
                clean_ms: u32::try_from(clean_ns / 1_000_000).unwrap_or(u32::MAX),
            },
        })
    }
}

/// The smallest round trip of the last minute.
#[derive(Clone, Debug)]
struct Baseline {
    /// Ends and smallest round trips of intervals, a ring.
    minima: [Option<(u64, u32)>; BASELINE_INTERVALS],
    next: usize,
}

impl Baseline {
    const fn new() -> Self {
        Self {
            minima: [None; BASELINE_INTERVALS],
            next: 0,
        }
    }

    fn add(&mut self, now_ns: u64, min_us: u32) {
        for slot in &mut self.minima {
            slot.take_if(|(then_ns, _)| now_ns.saturating_sub(*then_ns) > BASELINE_NS);
        }
        self.minima[self.next] = Some((now_ns, min_us));
        self.next = (self.next + 1) % BASELINE_INTERVALS;
    }

    fn restart(&mut self, now_ns: u64, min_us: u32) {
        *self = Self::new();
        self.add(now_ns, min_us);
    }

    fn min_us(&self) -> u32 {
        let minima = self.minima.iter().flatten();
        minima.map(|&(_, min_us)| min_us).min().unwrap_or(0)
    }
}

fn permille(part: f64) -> u32 {
    (part * 1_000.0).round() as u32
}

/// Below this no picture is worth sending.
const LOWEST_KBPS: u32 = 1_000;

/// Loss above the ambient that is congestion when it lasts two intervals; 1 % is what a fair Wi-Fi loses.
const LOSS: f64 = 0.02;
/// Loss above the ambient that is congestion at once.
const HEAVY_LOSS: f64 = 0.10;
/// Fewer lost packets than this say nothing.
const FEW_PACKETS: u32 = 5;
/// How fast the ambient loss follows a smaller one.
const AMBIENT_DECAY: f64 = 0.1;

/// A standing queue: a frame and more at 60 fps. On long ways a quarter of the way.
const QUEUE_US: u32 = 20_000;
/// Shrinking by this, seconds a second, a queue needs no second cut.
const DRAINING: f64 = 0.005;
const BASELINE_NS: u64 = 60_000_000_000;
const BASELINE_INTERVALS: usize = 64;
/// So many cuts without any effect on the delay: it is not ours.
const USELESS_CUTS: u32 = 3;

/// A cut without a better estimate, and the deepest one of all.
const DELAY_FACTOR: f64 = 0.85;
const DEEPEST_CUT: f64 = 0.7;
/// Time in which a cut shows its effect: the encoder's, a round trip, and an interval of reports.
const SETTLE_NS: u64 = 1_500_000_000;

/// Clean time before the rate returns, and its limit after failed returns.
const CLEAN_NS: u64 = 5_000_000_000;
const LONGEST_CLEAN_NS: u64 = 60_000_000_000;
/// An interval's raise near the rate where it went wrong, and elsewhere.
const SLOW_RAISE: f64 = 1.015;
const FAST_RAISE: f64 = 1.05;
const NEAR_CEILING: f64 = 0.85;
const ABOVE_CEILING: f64 = 1.1;
/// Part of the bitrate that must be sent for clean time to prove anything.
const USED: f64 = 0.5;

/// More frames than this in an interval given up: something is wrong that a raise would not mend.
const MANY_FRAMES: u32 = 15;
/// Fewer drops than this are a hiccup of the host.
const MANY_QUEUE_DROPS: u32 = 3;
