//! The engine's clock and how it maps to the world's.

use pf_net::monotonic_ns;
use rustix::time::{ClockId, clock_gettime};

/// One instant on three clocks.
#[derive(Clone, Copy, Debug)]
pub struct ClockMapping {
    /// CLOCK_MONOTONIC: the clock of every event and record.
    pub monotonic_ns: u64,
    /// CLOCK_REALTIME, ms since 1970.
    pub unix_ms: u64,
    /// CLOCK_BOOTTIME, ms: differs from the monotonic clock by the time spent suspended.
    pub boot_ms: u64,
}

/// Reads the three clocks together.
pub fn clock_mapping() -> ClockMapping {
    ClockMapping {
        monotonic_ns: monotonic_ns(),
        unix_ms: read_ns(ClockId::Realtime) / 1_000_000,
        boot_ms: read_ns(ClockId::Boottime) / 1_000_000,
    }
}

fn read_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
