//! What each frame is ordered to suffer: a cursor that walks through a script with the frames.

use std::sync::Arc;

use crate::script::request::{DropWhy, MAX_STALL_US, Place};

/// A checked action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub first: u64,
    pub every: u64,
    pub count: u64,
    pub effect: Effect,
}

/// What an action does to a frame that it is due in.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    Stall { place: Place, us: u32 },
    Withhold,
    Skip(u32),
    Late { us: u32 },
    Drop(DropWhy),
    KeyFrame,
    EncoderError,
    Invalidate { first: u32, last: u32 },
    Bitrate(u32),
    Loss(Loss),
}

/// Which packets of a frame are lost behind the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Each with a probability of so many in 2^32.
    Random {
        /// Of `u32::MAX`.
        threshold: u32,
    },
    /// Every so manieth.
    Every(u32),
}

impl Loss {
    /// Each packet with this probability.
    pub fn percent(pct: f64) -> Self {
        Self::Random {
            threshold: (pct.clamp(0.0, 100.0) / 100.0 * f64::from(u32::MAX)) as u32,
        }
    }
}

/// What one frame is ordered to suffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// µs of waiting before each boundary.
    pub stall_us: [u32; Place::COUNT],
    /// No new picture.
    pub withhold: bool,
    /// Pictures made and not given, before this frame's.
    pub skip: u32,
    /// How old the picture is when it is taken, µs.
    pub late_us: u32,
    /// Where the frame is lost.
    pub drop: Option<DropWhy>,
    /// Ask for a key frame.
    pub key_frame: bool,
    /// Let the encoder fail.
    pub encoder_error: bool,
    /// Say that frames are lost: first and last, counted back from this one.
    pub invalidate: Option<(u32, u32)>,
    /// The encoder's new target, kb/s.
    pub bitrate_kbps: Option<u32>,
    /// Packets lost behind the host.
    pub loss: Option<Loss>,
}

impl Orders {
    fn add(&mut self, effect: Effect) {
        match effect {
            Effect::Stall { place, us } => {
                let sum = &mut self.stall_us[place as usize];
                *sum = (*sum + us).min(MAX_STALL_US);
            }
            Effect::Withhold => self.withhold = true,
            Effect::Skip(pictures) => self.skip = self.skip.saturating_add(pictures),
            Effect::Late { us } => self.late_us = us,
            Effect::Drop(why) => self.drop = Some(why),
            Effect::KeyFrame => self.key_frame = true,
            Effect::EncoderError => self.encoder_error = true,
            Effect::Invalidate { first, last } => self.invalidate = Some((first, last)),
            Effect::Bitrate(kbps) => self.bitrate_kbps = Some(kbps),
            Effect::Loss(loss) => self.loss = Some(loss),
        }
    }
}

/// Walks through a script, frame by frame. A frame costs what is under way, not what the script holds.
#[derive(Debug)]
pub struct Cursor {
    actions: Arc<[Action]>,
    /// The next that has not begun.
    next: usize,
    /// Begun and not over, by index.
    under_way: Vec<usize>,
}

impl Cursor {
    pub(super) fn new(actions: Arc<[Action]>) -> Self {
        Self {
            actions,
            next: 0,
            under_way: Vec::new(),
        }
    }

    /// What frame `nth` suffers. Frames are asked for in order.
    pub fn orders(&mut self, nth: u64) -> Orders {
        while let Some(action) = self.actions.get(self.next)
            && action.first <= nth
        {
            self.under_way.push(self.next);
            self.next += 1;
        }
        let mut orders = Orders::default();
        let actions = &self.actions;
        self.under_way.retain(|index| {
            let Some(action) = actions.get(*index) else {
                return false;
            };
            let since = nth - action.first;
            let turn = since / action.every;
            if since.is_multiple_of(action.every) && turn < action.count {
                orders.add(action.effect);
            }
            turn + 1 < action.count
        });
        orders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor(actions: &[(u64, u64, u64, Effect)]) -> Cursor {
        let actions: Vec<_> = actions
            .iter()
            .map(|&(first, every, count, effect)| Action {
                first,
                every,
                count,
                effect,
            })
            .collect();
        Cursor::new(actions.into())
    }

    #[test]
    fn an_action_is_due_at_its_frames_and_no_others() {
        let mut cursor = cursor(&[(3, 4, 3, Effect::Withhold)]);
        let due: Vec<u64> = (0..40).filter(|nth| cursor.orders(*nth).withhold).collect();
        assert_eq!(due, [3, 7, 11]);
        assert!(cursor.under_way.is_empty(), "what is over costs nothing");
    }

    #[test]
    fn waits_at_one_place_add_up_and_the_later_of_two_contradictions_wins() {
        let stall = |us| Effect::Stall {
            place: Place::Encoded,
            us,
        };
        let mut cursor = cursor(&[
            (0, 1, 1, stall(1_500_000)),
            (0, 1, 1, stall(1_500_000)),
            (0, 1, 1, Effect::Drop(DropWhy::QueueFull)),
            (0, 1, 1, Effect::Drop(DropWhy::SendError)),
        ]);
        let orders = cursor.orders(0);
        assert_eq!(orders.stall_us[Place::Encoded as usize], MAX_STALL_US);
        assert_eq!(orders.drop, Some(DropWhy::SendError));
        assert_eq!(cursor.orders(1), Orders::default());
    }

    proptest! {
        #[test]
        fn the_cursor_finds_what_arithmetic_says(
            script in proptest::collection::vec((0_u64..30, 1_u64..5, 1_u64..6), 0..12),
        ) {
            let mut sorted = script.clone();
            sorted.sort_by_key(|(first, ..)| *first);
            let mut cursor = cursor(
                &sorted.iter().map(|&(f, e, c)| (f, e, c, Effect::Skip(1))).collect::<Vec<_>>(),
            );
            for nth in 0..80_u64 {
                let due = script.iter().filter(|(first, every, count)| {
                    (0..*count).any(|i| first + i * every == nth)
                });
                prop_assert_eq!(cursor.orders(nth).skip as usize, due.count());
            }
        }
    }
}
