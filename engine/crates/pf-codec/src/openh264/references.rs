//! Which reference pictures a client's decoder holds, told from the slice headers the encoder wrote.
//!
//! openh264 speaks of pictures by `frame_num`, the session by frame index; this keeps the map. It believes
//! nothing the encoder was merely asked for: only what the stream says counts.

use std::collections::VecDeque;

use crate::h264::{ListModification, Marking, MemoryOperation, SliceHeader, SliceType};

/// The decoder's reference pictures as the client has them.
pub(crate) struct ReferenceTracker {
    frame_num_bits: u32,
    /// Frames since the last IDR, oldest first.
    history: VecDeque<Coded>,
    /// By long-term index.
    long_term: [Option<LongTerm>; LONG_TERM_INDICES],
    idr_picture_id: u32,
}

/// One encoded frame under its two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Coded {
    index: u32,
    frame_num: u32,
}

/// One long-term reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LongTerm {
    picture: Coded,
    /// The frame whose header made it one: the picture itself or the one after it.
    marked_by: u32,
    acknowledged: bool,
}

/// What the encoder must be told so that the next frame avoids all lost pictures; all three are its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovery {
    pub(crate) idr_picture_id: u32,
    pub(crate) last_correct_frame_num: u32,
    pub(crate) newest_frame_num: u32,
}

/// A long-term reference that the client has acknowledged, in the encoder's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) idr_picture_id: u32,
    pub(crate) frame_num: u32,
}

impl ReferenceTracker {
    /// For a stream whose `frame_num` has so many bits.
    pub(crate) fn new(frame_num_bits: u32) -> Self {
        Self {
            frame_num_bits,
            history: VecDeque::with_capacity(HISTORY_FRAMES),
            long_term: [None; LONG_TERM_INDICES],
            idr_picture_id: 0,
        }
    }

    /// Takes in an encoded frame by its first slice's header. Answers whether it makes a long-term reference.
    pub(crate) fn encoded(&mut self, frame_index: u32, header: &SliceHeader) -> bool {
        let current = Coded {
            index: frame_index,
            frame_num: header.frame_num,
        };
        if let Some(id) = header.idr_picture_id {
            self.idr_picture_id = id;
            self.history.clear();
            self.long_term = [None; LONG_TERM_INDICES];
        }
        let marks = match header.marking {
            None | Some(Marking::SlidingWindow | Marking::Idr { long_term: false }) => false,
            Some(Marking::Idr { long_term: true }) => {
                // A client names lost frames only after an IDR has been decoded (gamestream-media.md 6.5), so a
                // request for frames behind this one acknowledges it; openh264 counts it as received too.
                self.keep(0, current, frame_index);
                if let Some(reference) = &mut self.long_term[0] {
                    reference.acknowledged = true;
                }
                true
            }
            Some(Marking::Adaptive(operations)) => {
                let mut marks = false;
                for operation in operations.iter() {
                    marks |= self.apply(operation, current);
                }
                marks
            }
        };
        if self.history.len() == HISTORY_FRAMES {
            self.history.pop_front();
        }
        self.history.push_back(current);
        marks
    }

    /// The client holds what `frame_index` marked. `None` when that is no reference waiting for it.
    pub(crate) fn acknowledge(&mut self, frame_index: u32) -> Option<Acknowledged> {
        let reference = self
            .long_term
            .iter_mut()
            .flatten()
            .find(|reference| reference.marked_by == frame_index && !reference.acknowledged)?;
        reference.acknowledged = true;
        Some(Acknowledged {
            idr_picture_id: self.idr_picture_id,
            frame_num: reference.picture.frame_num,
        })
    }

    /// How to go on without the pictures from `first_lost` on; `None` when only an IDR helps.
    pub(crate) fn recovery(&self, first_lost: u32) -> Option<Recovery> {
        if !self
            .long_term
            .iter()
            .flatten()
            .any(|reference| reference.survives(first_lost))
        {
            return None;
        }
        let last_correct = self
            .history
            .iter()
            .rev()
            .find(|frame| frame.index < first_lost)?;
        let newest = self.history.back()?;
        Some(Recovery {
            idr_picture_id: self.idr_picture_id,
            last_correct_frame_num: last_correct.frame_num,
            newest_frame_num: newest.frame_num,
        })
    }

    /// Whether a slice refers to nothing but one surviving long-term reference.
    pub(crate) fn avoids_lost(&self, first_lost: u32, header: &SliceHeader) -> bool {
        let mut modifications = header.modifications.iter();
        let (only, further) = (modifications.next(), modifications.next());
        let Some(ListModification::LongTerm { index }) = only else {
            return false;
        };
        header.slice_type == SliceType::Predicted
            && header.references == 1
            && further.is_none()
            && self
                .long_term
                .get(index as usize)
                .and_then(Option::as_ref)
                .is_some_and(|reference| reference.survives(first_lost))
    }

    /// Forgets what frames from `first_lost` on have marked: the client never saw those marks.
    pub(crate) fn lost_from(&mut self, first_lost: u32) {
        for slot in &mut self.long_term {
            if slot.is_some_and(|reference| reference.marked_by >= first_lost) {
                *slot = None;
            }
        }
    }

    fn apply(&mut self, operation: MemoryOperation, current: Coded) -> bool {
        match operation {
            MemoryOperation::DropShortTerm { .. } => false,
            MemoryOperation::DropLongTerm { index } => {
                self.forget(index);
                false
            }
            MemoryOperation::ShortToLongTerm { difference, index } => {
                let modulus = 1 << self.frame_num_bits;
                let frame_num = (current.frame_num + modulus - difference % modulus) % modulus;
                match self
                    .history
                    .iter()
                    .rev()
                    .find(|frame| frame.frame_num == frame_num)
                {
                    Some(&picture) => self.keep(index, picture, current.index),
                    None => {
                        self.forget(index);
                        false
                    }
                }
            }
            MemoryOperation::LimitLongTerm { count } => {
                self.long_term
                    .iter_mut()
                    .skip(count as usize)
                    .for_each(|slot| *slot = None);
                false
            }
            MemoryOperation::DropAll => {
                self.long_term = [None; LONG_TERM_INDICES];
                false
            }
            MemoryOperation::CurrentToLongTerm { index } => {
                self.keep(index, current, current.index)
            }
        }
    }

    fn keep(&mut self, index: u32, picture: Coded, marked_by: u32) -> bool {
        match self.long_term.get_mut(index as usize) {
            Some(slot) => {
                *slot = Some(LongTerm {
                    picture,
                    marked_by,
                    acknowledged: false,
                });
                true
            }
            None => false,
        }
    }

    fn forget(&mut self, index: u32) {
        if let Some(slot) = self.long_term.get_mut(index as usize) {
            *slot = None;
        }
    }
}

impl LongTerm {
    /// Whether the client surely has it when everything from `first_lost` on is gone.
    fn survives(&self, first_lost: u32) -> bool {
        self.acknowledged && self.marked_by < first_lost && self.picture.index < first_lost
    }
}

/// Losses further back are answered by an IDR: 2 s at 240 frames a second, well beyond any round trip.
const HISTORY_FRAMES: usize = 512;
/// The standard's limit.
const LONG_TERM_INDICES: usize = 16;

#[cfg(test)]
#[path = "references_tests.rs"]
mod tests;
