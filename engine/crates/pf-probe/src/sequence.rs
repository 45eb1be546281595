//! Which sequence numbers came: the one place that knows what the network lost, doubled and reordered.
//!
//! Counts every packet, parity included, from sequence 0, where a session begins. Memory is fixed: a bit a
//! number for the newest half of the number space.

/// What a sequence number tells about its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The highest so far.
    Newest,
    /// Below the highest, and the first with its number.
    OutOfOrder,
    /// Its number came before.
    Duplicate,
}

/// The numbers seen so far.
#[derive(Debug)]
pub(crate) struct SequenceLog {
    /// Numbers from the session's first to the highest seen.
    expected: u64,
    distinct: u64,
    seen: Box<[u64]>,
}

impl SequenceLog {
    pub(crate) fn new() -> Self {
        Self {
            expected: 0,
            distinct: 0,
            seen: vec![0; WINDOW as usize / 64].into(),
        }
    }

    pub(crate) fn note(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.expected as u16);
        if ahead < HALF {
            let next = self.expected + u64::from(ahead);
            (self.expected..next).for_each(|skipped| self.set(skipped, false));
            self.set(next, true);
            self.expected = next + 1;
            self.distinct += 1;
            return Arrival::Newest;
        }
        let behind = u64::from(ahead.wrapping_neg());
        match self.expected.checked_sub(behind) {
            Some(number) if !self.get(number) => {
                self.set(number, true);
                self.distinct += 1;
                Arrival::OutOfOrder
            }
            _ => Arrival::Duplicate,
        }
    }

    /// Numbers that never came, up to the highest that did.
    pub(crate) fn lost(&self) -> u64 {
        self.expected - self.distinct
    }

    fn get(&self, number: u64) -> bool {
        let bit = number % WINDOW;
        self.seen[(bit / 64) as usize] >> (bit % 64) & 1 != 0
    }

    fn set(&mut self, number: u64, seen: bool) {
        let bit = number % WINDOW;
        let word = &mut self.seen[(bit / 64) as usize];
        *word = *word & !(1 << (bit % 64)) | u64::from(seen) << (bit % 64);
    }
}

/// Is `a` before `b`, with wrap-around?
pub(crate) fn is_before(a: u16, b: u16) -> bool {
    a.wrapping_sub(b) >= HALF
}

const HALF: u16 = 0x8000;
const WINDOW: u64 = HALF as u64;

#[cfg(test)]
mod tests {
    use super::*;

    fn note_all(log: &mut SequenceLog, numbers: impl IntoIterator<Item = u16>) -> Vec<Arrival> {
        numbers.into_iter().map(|number| log.note(number)).collect()
    }

    #[test]
    fn gaps_are_lost_until_their_packets_come_late() {
        let mut log = SequenceLog::new();
        let arrivals = note_all(&mut log, [0, 1, 4, 2, 4, 2, 0]);
        use Arrival::{Duplicate, Newest, OutOfOrder};
        assert_eq!(
            arrivals,
            [
                Newest, Newest, Newest, OutOfOrder, Duplicate, Duplicate, Duplicate
            ]
        );
        assert_eq!(log.lost(), 1);
    }

    #[test]
    fn packets_before_the_first_that_came_are_lost_too() {
        let mut log = SequenceLog::new();
        assert_eq!(log.note(5), Arrival::Newest);
        assert_eq!(log.lost(), 5);
        note_all(&mut log, 0..5);
        assert_eq!(log.lost(), 0);
    }

    #[test]
    fn a_number_from_before_the_session_is_not_counted() {
        let mut log = SequenceLog::new();
        assert_eq!(log.note(0xFFFF), Arrival::Duplicate);
        assert_eq!((log.note(0), log.lost()), (Arrival::Newest, 0));
    }

    #[test]
    fn wrapping_around_many_times_loses_exactly_what_was_left_out() {
        let mut log = SequenceLog::new();
        for number in 0u32..400_000 {
            if number % 1_000 != 7 {
                assert_eq!(log.note(number as u16), Arrival::Newest);
            }
        }
        assert_eq!(log.lost(), 400);
    }
}
