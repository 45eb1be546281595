//! Round trips of one interval: the smallest and the median. Holds no clock; the samples are
//! `enet.rs`'s.

/// The samples of an interval. Fixed memory; allocates nothing.
#[derive(Clone, Debug)]
pub struct RoundTripWindow {
    /// The newest samples, µs.
    samples_us: [u32; KEPT],
    count: u64,
    min_us: u32,
}

/// What an interval's round trips were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTripSummary {
    /// The smallest of all: the way itself.
    pub min_us: u32,
    /// The median of the newest 256: the way with its queues.
    pub median_us: u32,
    /// Samples seen.
    pub samples: u64,
}

impl RoundTripWindow {
    /// An empty interval.
    pub const fn new() -> Self {
        Self {
            samples_us: [0; KEPT],
            count: 0,
            min_us: u32::MAX,
        }
    }

    /// Adds a sample; above 71 minutes it counts as that.
    pub fn add(&mut self, round_trip_ns: u64) {
        let us = u32::try_from(round_trip_ns / 1_000).unwrap_or(u32::MAX);
        self.samples_us[(self.count % KEPT as u64) as usize] = us;
        self.count += 1;
        self.min_us = self.min_us.min(us);
    }

    /// The interval's figures; none without a sample.
    pub fn summary(&self) -> Option<RoundTripSummary> {
        let kept = usize::try_from(self.count).map_or(KEPT, |count| count.min(KEPT));
        if kept == 0 {
            return None;
        }
        let mut samples = self.samples_us;
        let (_, median_us, _) = samples[..kept].select_nth_unstable((kept - 1) / 2);
        Some(RoundTripSummary {
            min_us: self.min_us,
            median_us: *median_us,
            samples: self.count,
        })
    }

    /// The interval's figures, and begins the next one.
    pub fn take(&mut self) -> Option<RoundTripSummary> {
        let summary = self.summary();
        (self.count, self.min_us) = (0, u32::MAX);
        summary
    }
}

impl Default for RoundTripWindow {
    fn default() -> Self {
        Self::new()
    }
}

/// Samples that the median is taken of: an interval of a second has about five.
const KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_interval_without_a_sample_has_no_figures() {
        let mut window = RoundTripWindow::new();
        assert_eq!(window.take(), None);
        window.add(5_000);
        assert!(window.take().is_some());
        assert_eq!(window.take(), None, "figures are the interval's own");
    }

    #[test]
    fn the_smallest_and_the_lower_median_are_told() {
        let mut window = RoundTripWindow::new();
        for ms in [9, 2, 100, 3] {
            window.add(ms * 1_000_000);
        }
        let expected = RoundTripSummary {
            min_us: 2_000,
            median_us: 3_000,
            samples: 4,
        };
        assert_eq!(window.summary(), Some(expected));
    }

    #[test]
    fn an_endless_round_trip_saturates() {
        let mut window = RoundTripWindow::default();
        window.add(u64::MAX);
        assert_eq!(window.take().map(|told| told.min_us), Some(u32::MAX));
    }

    proptest! {
        #[test]
        fn fuzz_figures_are_those_of_the_newest_256_sorted(
            samples in prop::collection::vec(0_u64..20_000_000, 1..600),
        ) {
            let mut window = RoundTripWindow::new();
            for sample in &samples {
                window.add(*sample);
            }
            let told = window.take().unwrap();
            let us: Vec<u64> = samples.iter().map(|ns| ns / 1_000).collect();
            let mut newest = us[us.len().saturating_sub(256)..].to_vec();
            newest.sort_unstable();
            prop_assert_eq!(u64::from(told.min_us), *us.iter().min().unwrap());
            prop_assert_eq!(u64::from(told.median_us), newest[(newest.len() - 1) / 2]);
            prop_assert_eq!(told.samples, samples.len() as u64);
        }
    }
}
