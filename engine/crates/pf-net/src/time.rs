//! The engine's clock, and sleeping to an absolute time on it.

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds of the monotonic clock: the one clock of all engine times.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * NANOS_PER_SECOND + now.tv_nsec as u64
}

/// Returns when the kernel wakes us at `deadline_ns` of `monotonic_ns`, some 20–45 µs late: for what may be, and spins for
/// nothing.
pub fn doze_until(deadline_ns: u64) {
    let deadline = Timespec {
        tv_sec: (deadline_ns / NANOS_PER_SECOND) as i64,
        tv_nsec: (deadline_ns % NANOS_PER_SECOND) as i64,
    };
    // A signal may end it early.
    while clock_nanosleep_absolute(ClockId::Monotonic, &deadline) == Err(rustix::io::Errno::INTR) {}
}

/// Sleeps to absolute deadlines: the kernel for the long part, then a short spin over its lateness.
///
/// A kernel timer wakes 20–45 µs late and how late differs by machine and period, so the spin's length
/// follows the lateness that was seen. One a thread; wants the thread's timer slack lowered (`tune_thread`).
#[derive(Debug, Clone)]
pub struct DeadlineSleeper {
    lateness_ns: u64,
}

impl DeadlineSleeper {
    /// Starts from a middling guess.
    pub fn new() -> Self {
        Self {
            lateness_ns: FIRST_LATENESS_NS,
        }
    }

    /// Returns at `deadline_ns` of `monotonic_ns`, at once when it has passed; answers the time it returned.
    pub fn sleep_until(&mut self, deadline_ns: u64) -> u64 {
        let wake_ns = deadline_ns.saturating_sub(self.tail_ns());
        let mut now = monotonic_ns();
        if now < wake_ns {
            doze_until(wake_ns);
            now = monotonic_ns();
            self.note_lateness(now.saturating_sub(wake_ns));
        }
        while now < deadline_ns {
            std::hint::spin_loop();
            now = monotonic_ns();
        }
        now
    }

    /// How long before a deadline the kernel's sleep ends and spinning begins.
    pub fn tail_ns(&self) -> u64 {
        (self.lateness_ns + TAIL_MARGIN_NS).clamp(SHORTEST_TAIL_NS, LONGEST_TAIL_NS)
    }

    fn note_lateness(&mut self, late_ns: u64) {
        // A wake that a busy core delayed by milliseconds says nothing about the next one.
        let late_ns = late_ns.min(LONGEST_CREDIBLE_LATENESS_NS);
        self.lateness_ns = (self.lateness_ns * 7 + late_ns) / 8;
    }
}

impl Default for DeadlineSleeper {
    fn default() -> Self {
        Self::new()
    }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Measured at 1 ms periods with slack 1: 21–24 µs; at 4 ms: 41 µs.
const FIRST_LATENESS_NS: u64 = 30_000;
const LONGEST_CREDIBLE_LATENESS_NS: u64 = 200_000;
const TAIL_MARGIN_NS: u64 = 10_000;
const SHORTEST_TAIL_NS: u64 = 20_000;
/// 80 µs of spin a millisecond costs 7 % of a core.
const LONGEST_TAIL_NS: u64 = 80_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spin_follows_the_lateness_seen_within_its_bounds() {
        let mut sleeper = DeadlineSleeper::new();
        (0..64).for_each(|_| sleeper.note_lateness(0));
        assert_eq!(sleeper.tail_ns(), SHORTEST_TAIL_NS);
        (0..64).for_each(|_| sleeper.note_lateness(41_000));
        assert!(
            (48_000..=51_000).contains(&sleeper.tail_ns()),
            "{}",
            sleeper.tail_ns()
        );
        (0..64).for_each(|_| sleeper.note_lateness(5_000_000));
        assert_eq!(sleeper.tail_ns(), LONGEST_TAIL_NS);
    }

    #[test]
    fn one_preemption_is_soon_forgotten() {
        let mut sleeper = DeadlineSleeper::new();
        (0..64).for_each(|_| sleeper.note_lateness(20_000));
        sleeper.note_lateness(4_000_000);
        (0..16).for_each(|_| sleeper.note_lateness(20_000));
        assert!(sleeper.tail_ns() < 35_000, "{}", sleeper.tail_ns());
    }

    #[test]
    fn it_never_returns_early_and_a_passed_deadline_returns_at_once() {
        let mut sleeper = DeadlineSleeper::new();
        for offset_ns in [0, 5_000, 50_000, 300_000] {
            let deadline = monotonic_ns() + offset_ns;
            assert!(sleeper.sleep_until(deadline) >= deadline);
        }
        let before = monotonic_ns();
        assert!(sleeper.sleep_until(0) - before < NANOS_PER_SECOND);
        sleeper.sleep_until(before - 1);
    }
}
