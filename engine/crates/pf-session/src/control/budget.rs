//! How many events a second a client may cause: the rest is counted, not told.

/// Events of one kind a second.
const A_SECOND: u32 = 20;
const WINDOW_NS: u64 = 1_000_000_000;

/// A second's worth of one kind of event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    since_ns: u64,
    told: u32,
}

impl Budget {
    /// Whether one more may be told now.
    pub fn allows(&mut self, now_ns: u64) -> bool {
        if now_ns.saturating_sub(self.since_ns) >= WINDOW_NS {
            *self = Self {
                since_ns: now_ns,
                told: 0,
            };
        }
        self.told = self.told.saturating_add(1);
        self.told <= A_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_twenty_times_a_second() {
        let mut budget = Budget::default();
        let told = (0..3_000_u64)
            .filter(|ms| budget.allows(WINDOW_NS + ms * 1_000_000))
            .count();
        assert_eq!(told, 60);
    }
}
