//! Delays put into the pipeline on purpose: "inject a stutter, and see it found".
//!
//! The eight places are the eight boundaries of a frame record: a stall at a place lengthens the time that ends at
//! that boundary, and nothing else. It spins to its deadline, so its length is exact to the microsecond.

use serde::{Deserialize, Serialize};

/// Where a delay is put: before the boundary of the same name is stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the picture is taken from the source.
    Grabbed,
    /// In colour conversion.
    Converted,
    /// Before the picture is handed to the encoder.
    Submitted,
    /// In the encoder.
    Encoded,
    /// While headers and parity are written.
    Packetized,
    /// Before the send thread takes the frame.
    Dequeued,
    /// Before the first datagrams.
    FirstSent,
    /// Before the frame's last datagrams are done.
    LastSent,
}

/// One delay, every `every` frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Where.
    pub place: Place,
    /// How long, µs.
    pub us: u32,
    /// Every how many frames; 1 = each.
    pub every: u32,
}

/// Longest stall that is accepted, µs: a stream must still be one.
pub const MAX_STALL_US: u32 = 2_000_000;

impl Stall {
    /// Spins when it is due for the `nth` frame at `place`.
    pub fn spin(stall: Option<Self>, place: Place, nth: u64, now_ns: fn() -> u64) {
        let Some(stall) = stall else { return };
        if stall.place != place || !nth.is_multiple_of(u64::from(stall.every.max(1))) {
            return;
        }
        let end = now_ns() + u64::from(stall.us) * 1000;
        while now_ns() < end {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CLOCK: AtomicU64 = AtomicU64::new(0);

    fn now() -> u64 {
        CLOCK.fetch_add(1000, Ordering::Relaxed)
    }

    #[test]
    fn only_its_place_and_its_frames_wait() {
        let stall = Some(Stall {
            place: Place::Encoded,
            us: 50,
            every: 3,
        });
        let waited = |place, nth| {
            let before = CLOCK.load(Ordering::Relaxed);
            Stall::spin(stall, place, nth, now);
            (CLOCK.load(Ordering::Relaxed) - before) / 1000
        };
        assert_eq!(waited(Place::Converted, 0), 0);
        assert_eq!(waited(Place::Encoded, 1), 0);
        assert!((50..=52).contains(&waited(Place::Encoded, 3)));
    }
}
