//! Which sequence numbers of the other side may still be opened.
//!
//! ENet is not authenticated: whoever can send a datagram can send an old envelope again. The window keeps
//! the highest number opened and a bit for each of the 65,536 up to it (8 KiB). Messages of 48 channels
//! overtake each other, so gaps are normal; a number is marked only after its tag was verified.
//! Source: gamestream-control-stream.md 4.3.

use std::fmt;

use crate::error::OpenError;

/// Numbers up to the highest one that are told apart.
pub const WINDOW: u32 = 65_536;

/// Furthest step ahead: a client never loses a million messages, and a forged number (in the old style a
/// number is hardly authenticated) must not move the window out of its reach at once.
pub const MAX_JUMP: u32 = 1 << 20;

/// The numbers opened so far.
pub struct ReplayWindow {
    /// One more than the highest number marked; 0 before the first.
    next: u64,
    /// Bit `n % WINDOW` is number `n`.
    seen: Box<[u64; WORDS]>,
}

impl ReplayWindow {
    /// A window that expects number 0 next.
    pub fn new() -> Self {
        Self {
            next: 0,
            seen: Box::new([0; WORDS]),
        }
    }

    /// Whether a number may be opened. Marks nothing.
    ///
    /// # Errors
    /// [`OpenError::Replayed`], [`OpenError::TooOld`] and [`OpenError::TooFarAhead`].
    pub fn check(&self, sequence: u32) -> Result<(), OpenError> {
        let number = u64::from(sequence);
        if number >= self.next {
            let jump = number - self.next + 1;
            return if jump > u64::from(MAX_JUMP) {
                Err(OpenError::TooFarAhead {
                    sequence,
                    next: self.next,
                })
            } else {
                Ok(())
            };
        }
        let oldest = self.next.saturating_sub(u64::from(WINDOW));
        if number < oldest {
            return Err(OpenError::TooOld {
                sequence,
                // Below a number that fits: `oldest` is at most the highest number.
                oldest: oldest as u32,
            });
        }
        let (word, bit) = place(sequence);
        if self.seen[word] & bit != 0 {
            return Err(OpenError::Replayed { sequence });
        }
        Ok(())
    }

    /// Marks a number whose tag was good and that [`Self::check`] let pass.
    pub fn mark(&mut self, sequence: u32) {
        let number = u64::from(sequence);
        if number >= self.next {
            self.forget(number - self.next + 1);
            self.next = number + 1;
        }
        let (word, bit) = place(sequence);
        self.seen[word] |= bit;
    }

    /// Clears the bits that the next `count` numbers will use.
    fn forget(&mut self, count: u64) {
        if count >= u64::from(WINDOW) {
            self.seen.fill(0);
            return;
        }
        let (mut number, mut left) = (self.next as u32, count as u32);
        while left > 0 {
            let (word, _) = place(number);
            let offset = number % 64;
            let run = left.min(64 - offset);
            let ones = u64::MAX >> (64 - run);
            self.seen[word] &= !(ones << offset);
            number = number.wrapping_add(run);
            left -= run;
        }
    }
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReplayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayWindow")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

const WORDS: usize = WINDOW as usize / 64;

fn place(sequence: u32) -> (usize, u64) {
    let index = sequence % WINDOW;
    ((index / 64) as usize, 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn take(window: &mut ReplayWindow, sequence: u32) -> Result<(), OpenError> {
        window.check(sequence)?;
        window.mark(sequence);
        Ok(())
    }

    #[test]
    fn every_number_passes_once_in_any_order() {
        let mut window = ReplayWindow::new();
        for sequence in [0, 1, 5, 3, 2, 4, 70, 6] {
            assert_eq!(take(&mut window, sequence), Ok(()), "{sequence}");
            let again = Err(OpenError::Replayed { sequence });
            assert_eq!(take(&mut window, sequence), again);
        }
    }

    #[test]
    fn a_check_alone_marks_nothing() {
        let window = ReplayWindow::new();
        assert_eq!(window.check(9), Ok(()));
        assert_eq!(window.check(9), Ok(()));
    }

    #[test]
    fn the_window_ends_65536_numbers_below_the_highest() {
        let mut window = ReplayWindow::new();
        take(&mut window, 100_000).unwrap();
        let oldest = 100_001 - WINDOW;
        assert_eq!(take(&mut window, oldest), Ok(()));
        let below = OpenError::TooOld {
            sequence: oldest - 1,
            oldest,
        };
        assert_eq!(take(&mut window, oldest - 1), Err(below));
    }

    #[test]
    fn a_step_of_two_to_the_twenty_passes_and_one_more_does_not() {
        let mut window = ReplayWindow::new();
        let next = 0;
        let sequence = MAX_JUMP;
        assert_eq!(
            window.check(sequence),
            Err(OpenError::TooFarAhead { sequence, next })
        );
        assert_eq!(take(&mut window, MAX_JUMP - 1), Ok(()));
        let sequence = 2 * MAX_JUMP;
        let next = u64::from(MAX_JUMP);
        assert_eq!(
            window.check(sequence),
            Err(OpenError::TooFarAhead { sequence, next })
        );
        assert_eq!(take(&mut window, 2 * MAX_JUMP - 1), Ok(()));
    }

    #[test]
    fn the_last_number_of_all_passes_and_closes_the_window() {
        let mut window = ReplayWindow {
            next: u64::from(u32::MAX),
            ..ReplayWindow::new()
        };
        assert_eq!(take(&mut window, u32::MAX), Ok(()));
        assert!(take(&mut window, u32::MAX).is_err());
        assert!(take(&mut window, 0).is_err());
    }

    proptest! {
        #[test]
        fn fuzz_the_window_decides_as_a_set_of_all_numbers_would(
            start in prop_oneof![Just(0_u32), Just(65_500), any::<u32>()],
            steps in prop::collection::vec(
                prop_oneof![-70_i64..70, -70_000_i64..70_000, -2_000_000_i64..2_000_000],
                1..300,
            ),
        ) {
            let mut window = ReplayWindow { next: u64::from(start), ..ReplayWindow::new() };
            let mut all = BTreeSet::new();
            let mut next = i64::from(start);
            for step in steps {
                let Ok(sequence) = u32::try_from(next + step) else { continue };
                let number = i64::from(sequence);
                let expected = !all.contains(&sequence)
                    && number >= next - i64::from(WINDOW)
                    && number < next + i64::from(MAX_JUMP);
                prop_assert_eq!(take(&mut window, sequence).is_ok(), expected, "{}", sequence);
                if expected {
                    all.insert(sequence);
                    next = next.max(number + 1);
                }
            }
        }
    }
}
