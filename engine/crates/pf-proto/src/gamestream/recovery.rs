//! What the client asked for after a loss, and whether a frame has answered it.
//!
//! Requests are coalesced and deferred to the next frame, never dropped: the client does not repeat an IDR
//! request until 120 more frames are lost. One slot a session, plain data: whoever hears a request writes
//! it, the video thread polls once a frame. Source: gamestream-media.md 6.5, rules 1 to 4 and 6.
//!
//! Rules for ranges (frame numbers are bare `u32` here: they come from messages and go to encoders):
//! * newer than anything polled: ignored, nothing of it can be lost; a newer end is cut off;
//! * first after last: something is lost and nobody can say what, so a key frame;
//! * wholly before the last key frame, or inside what the last frame after an invalidation left out:
//!   answered already, ignored;
//! * with the last key frame in it: a key frame, for no reference before it exists any more;
//! * with the last frame after an invalidation in it: widened to what that frame left out.

use crate::units::FrameIndex;

/// What the next frame must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryAction {
    /// Anything.
    None,
    /// A key frame.
    KeyFrame,
    /// Predicted only from pictures before `first`, or a key frame where the encoder cannot. `last` is the
    /// newest frame encoded: what followed the lost frames was predicted from them.
    Invalidate {
        /// Oldest lost frame.
        first: u32,
        /// The frame before the one that is polled for.
        last: u32,
    },
}

/// What the encoder made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// A key frame, asked for or not.
    KeyFrame,
    /// A frame without a reference to the invalidated pictures.
    AfterInvalidation,
    /// An ordinary frame.
    Predicted,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEffect {
    /// The next frame answers it.
    Queued,
    /// A request that waits, or a key frame that is not sent yet, covers it.
    Coalesced,
    /// A frame that was made meanwhile answers it.
    Answered,
    /// It names frames that were never made.
    Ignored,
}

/// The pending recovery of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecoverySlot {
    /// Newest frame polled for; none before the first.
    newest: Option<FrameIndex>,
    pending: Pending,
    /// Taken by the last poll, and not answered by an encoded frame yet.
    promised: Pending,
    key: Option<KeyAnswer>,
    invalidation: Option<InvalidationAnswer>,
    acknowledged: [Option<u32>; ACKNOWLEDGEMENTS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pending {
    key: bool,
    lost: Option<Lost>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lost {
    first: FrameIndex,
    last: FrameIndex,
}

#[derive(Clone, Copy, Debug)]
struct KeyAnswer {
    frame: FrameIndex,
    sent: bool,
}

/// `frame` refers to nothing from `first` to the frame before it.
#[derive(Clone, Copy, Debug)]
struct InvalidationAnswer {
    frame: FrameIndex,
    first: FrameIndex,
}

impl RecoverySlot {
    /// The client, or its decoder, wants a key frame.
    pub fn request_idr(&mut self) -> RequestEffect {
        if self.newest.is_none() || self.pending.key || self.promised.key || self.key_is_unsent() {
            // The session's first frame is a key frame anyway.
            return RequestEffect::Coalesced;
        }
        self.pending.key = true;
        RequestEffect::Queued
    }

    /// The client lost `first..=last`; also for a frame that the host itself dropped behind the encoder.
    pub fn invalidate(&mut self, first: u32, last: u32) -> RequestEffect {
        let (first, last) = (FrameIndex(first), FrameIndex(last));
        let Some(newest) = self.newest else {
            return RequestEffect::Ignored;
        };
        if last.is_before(first) {
            return self.request_idr();
        }
        if newest.is_before(first) {
            return RequestEffect::Ignored;
        }
        let mut lost = Lost {
            first,
            last: last.older(newest),
        };
        if self.is_answered(lost) {
            return RequestEffect::Answered;
        }
        if self.pending.key || self.promised.key {
            return RequestEffect::Coalesced;
        }
        if self.key.is_some_and(|key| !key.frame.is_before(lost.first)) {
            self.pending.key = true;
            return RequestEffect::Queued;
        }
        if let Some(answer) = self.invalidation
            && lost.contains(answer.frame)
        {
            lost.first = lost.first.older(answer.first);
        }
        for slot in &mut self.acknowledged {
            // What the client had complete after a lost frame, it has thrown away.
            slot.take_if(|frame| !FrameIndex(*frame).is_before(lost.first));
        }
        let waiting = self.pending.lost.replace(lost.merged(self.pending.lost));
        if waiting.is_some() {
            RequestEffect::Coalesced
        } else {
            RequestEffect::Queued
        }
    }

    /// The client has the long-term reference `frame` complete. Kept for [`Self::take_acknowledged`] unless
    /// the frame is of no use: never made, before the last key frame, or among lost ones.
    pub fn ack_ltr(&mut self, frame: u32) {
        let index = FrameIndex(frame);
        let Some(newest) = self.newest else { return };
        let stale = self.key.is_some_and(|key| index.is_before(key.frame));
        let left_out = self
            .invalidation
            .is_some_and(|answer| index.is_before(answer.frame) && !index.is_before(answer.first));
        let lost = [self.pending.lost, self.promised.lost]
            .into_iter()
            .flatten()
            .any(|lost| !index.is_before(lost.first));
        if newest.is_before(index)
            || stale
            || left_out
            || lost
            || self.acknowledged.contains(&Some(frame))
        {
            return;
        }
        self.acknowledged.rotate_right(1);
        self.acknowledged[0] = Some(frame);
    }

    /// The acknowledgements since the last call, newest first, at most four: an encoder keeps fewer.
    pub fn take_acknowledged(&mut self) -> [Option<u32>; ACKNOWLEDGEMENTS] {
        std::mem::take(&mut self.acknowledged)
    }

    /// What frame `next` must be. What the last poll answered and no [`Self::frame_encoded`] confirmed (the
    /// encoder made no frame of it) is answered again.
    pub fn poll(&mut self, next: u32) -> RecoveryAction {
        self.reclaim();
        let is_first = self.newest.is_none();
        let next = FrameIndex(next);
        self.newest = Some(next);
        self.promised = std::mem::take(&mut self.pending);
        self.promised.key |= is_first;
        match self.promised {
            Pending { key: true, .. } => RecoveryAction::KeyFrame,
            Pending {
                lost: Some(lost), ..
            } => RecoveryAction::Invalidate {
                first: lost.first.0,
                last: next.previous().0,
            },
            Pending { .. } => RecoveryAction::None,
        }
    }

    /// The encoder made the frame that was polled for. An answer that is no answer (an ordinary frame where
    /// more was asked) leaves the request pending.
    pub fn frame_encoded(&mut self, frame: u32, kind: AnswerKind) {
        let frame = FrameIndex(frame);
        match (kind, self.promised) {
            (AnswerKind::KeyFrame, _) => {
                self.key = Some(KeyAnswer { frame, sent: false });
                self.invalidation = None;
                // Made after every request up to now, and not sent yet.
                self.pending.key = false;
                self.acknowledged = [None; ACKNOWLEDGEMENTS];
                self.promised = Pending::default();
            }
            (
                AnswerKind::AfterInvalidation,
                Pending {
                    key: false,
                    lost: Some(lost),
                },
            ) => {
                self.invalidation = Some(InvalidationAnswer {
                    frame,
                    first: lost.first,
                });
                self.promised = Pending::default();
            }
            (AnswerKind::AfterInvalidation | AnswerKind::Predicted, _) => self.reclaim(),
        }
        self.pending.lost = self.pending.lost.filter(|lost| !self.is_answered(*lost));
    }

    /// The frame's last datagram is in the kernel. Until then a key frame answers IDR requests that arrive.
    pub fn frame_sent(&mut self, frame: u32) {
        if let Some(key) = &mut self.key
            && key.frame == FrameIndex(frame)
        {
            key.sent = true;
        }
    }

    /// Puts back what was promised and not delivered.
    fn reclaim(&mut self) {
        let promised = std::mem::take(&mut self.promised);
        self.pending.key |= promised.key;
        if let Some(lost) = promised.lost {
            self.pending.lost = Some(lost.merged(self.pending.lost));
        }
    }

    fn is_answered(&self, lost: Lost) -> bool {
        let by_key = self.key.is_some_and(|key| lost.last.is_before(key.frame));
        let by_invalidation = self.invalidation.is_some_and(|answer| {
            lost.last.is_before(answer.frame) && !lost.first.is_before(answer.first)
        });
        by_key || by_invalidation
    }

    fn key_is_unsent(&self) -> bool {
        let (Some(key), Some(newest)) = (self.key, self.newest) else {
            return false;
        };
        !key.sent && newest.0.wrapping_sub(key.frame.0) <= UNSENT_FRAMES
    }
}

impl Lost {
    fn contains(self, frame: FrameIndex) -> bool {
        !frame.is_before(self.first) && !self.last.is_before(frame)
    }

    fn merged(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            first: self.first.older(other.first),
            last: self.last.newer(other.last),
        })
    }
}

/// Acknowledgements kept between two frames.
const ACKNOWLEDGEMENTS: usize = 4;

/// A key frame so far behind the newest frame is taken as sent, whatever [`RecoverySlot::frame_sent`] was
/// told: two frames wait for the sender at most, and a request that is lost for ever is worse than a key
/// frame too many.
const UNSENT_FRAMES: u32 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::AnswerKind::{AfterInvalidation, KeyFrame, Predicted};
    use super::*;

    /// Polls for and makes frame `frame` as asked, and sends it.
    fn obey(slot: &mut RecoverySlot, frame: u32) -> RecoveryAction {
        let action = slot.poll(frame);
        let kind = match action {
            RecoveryAction::None => Predicted,
            RecoveryAction::KeyFrame => KeyFrame,
            RecoveryAction::Invalidate { .. } => AfterInvalidation,
        };
        slot.frame_encoded(frame, kind);
        slot.frame_sent(frame);
        action
    }

    /// A session that has sent the key frame 1 and ordinary frames up to `newest`.
    fn running(newest: u32) -> RecoverySlot {
        let mut slot = RecoverySlot::default();
        assert_eq!(obey(&mut slot, 1), RecoveryAction::KeyFrame);
        for frame in 2..=newest {
            assert_eq!(obey(&mut slot, frame), RecoveryAction::None);
        }
        slot
    }

    #[test]
    fn the_first_frame_is_a_key_frame_whatever_was_asked_before() {
        let mut slot = RecoverySlot::default();
        assert_eq!(slot.request_idr(), RequestEffect::Coalesced);
        assert_eq!(slot.invalidate(1, 1), RequestEffect::Ignored);
        assert_eq!(obey(&mut slot, 1), RecoveryAction::KeyFrame);
        assert_eq!(obey(&mut slot, 2), RecoveryAction::None);
    }

    #[test]
    fn idr_requests_before_the_next_frame_are_one() {
        let mut slot = running(5);
        assert_eq!(slot.request_idr(), RequestEffect::Queued);
        assert_eq!(slot.request_idr(), RequestEffect::Coalesced);
        assert_eq!(obey(&mut slot, 6), RecoveryAction::KeyFrame);
        assert_eq!(obey(&mut slot, 7), RecoveryAction::None);
    }

    #[test]
    fn an_idr_request_while_the_key_frame_waits_for_the_sender_is_coalesced() {
        let mut slot = running(5);
        slot.request_idr();
        assert_eq!(slot.poll(6), RecoveryAction::KeyFrame);
        assert_eq!(
            slot.request_idr(),
            RequestEffect::Coalesced,
            "being encoded"
        );
        slot.frame_encoded(6, KeyFrame);
        assert_eq!(slot.request_idr(), RequestEffect::Coalesced, "queued");
        assert_eq!(slot.poll(7), RecoveryAction::None);
        slot.frame_encoded(7, Predicted);
        slot.frame_sent(6);
        assert_eq!(slot.request_idr(), RequestEffect::Queued, "sent");
        assert_eq!(obey(&mut slot, 8), RecoveryAction::KeyFrame);
    }

    #[test]
    fn a_key_frame_that_nobody_reports_as_sent_swallows_requests_for_eight_frames_only() {
        let mut slot = RecoverySlot::default();
        slot.poll(1);
        slot.frame_encoded(1, KeyFrame);
        for frame in 2..=9 {
            assert_eq!(slot.request_idr(), RequestEffect::Coalesced);
            assert_eq!(slot.poll(frame), RecoveryAction::None);
            slot.frame_encoded(frame, Predicted);
        }
        slot.poll(10);
        slot.frame_encoded(10, Predicted);
        assert_eq!(slot.request_idr(), RequestEffect::Queued);
    }

    #[test]
    fn ranges_before_the_next_frame_are_one_up_to_the_newest_frame() {
        let mut slot = running(10);
        assert_eq!(slot.invalidate(6, 7), RequestEffect::Queued);
        assert_eq!(slot.invalidate(4, 4), RequestEffect::Coalesced);
        assert_eq!(slot.invalidate(5, 8), RequestEffect::Coalesced);
        assert_eq!(
            obey(&mut slot, 11),
            RecoveryAction::Invalidate { first: 4, last: 10 }
        );
        assert_eq!(obey(&mut slot, 12), RecoveryAction::None);
    }

    #[test]
    fn the_growing_ranges_of_a_waiting_client_are_answered_once() {
        let mut slot = running(10);
        slot.invalidate(8, 10);
        assert_eq!(
            obey(&mut slot, 11),
            RecoveryAction::Invalidate { first: 8, last: 10 }
        );
        assert_eq!(slot.invalidate(8, 10), RequestEffect::Answered);
        assert_eq!(slot.invalidate(9, 9), RequestEffect::Answered);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::None);
    }

    #[test]
    fn a_loss_of_the_answer_reopens_the_whole_range() {
        let mut slot = running(10);
        slot.invalidate(8, 9);
        obey(&mut slot, 11);
        assert_eq!(slot.invalidate(11, 11), RequestEffect::Queued);
        assert_eq!(
            obey(&mut slot, 12),
            RecoveryAction::Invalidate { first: 8, last: 11 }
        );
    }

    #[test]
    fn a_range_that_began_before_the_answered_one_is_not_answered_by_it() {
        let mut slot = running(10);
        slot.invalidate(8, 9);
        obey(&mut slot, 11);
        assert_eq!(slot.invalidate(7, 8), RequestEffect::Queued);
        assert_eq!(
            obey(&mut slot, 12),
            RecoveryAction::Invalidate { first: 7, last: 11 }
        );
    }

    #[test]
    fn a_key_frame_answers_every_range_before_it() {
        let mut slot = running(10);
        slot.invalidate(8, 9);
        slot.request_idr();
        assert_eq!(slot.invalidate(3, 10), RequestEffect::Coalesced);
        assert_eq!(obey(&mut slot, 11), RecoveryAction::KeyFrame);
        assert_eq!(slot.invalidate(2, 10), RequestEffect::Answered);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::None);
    }

    #[test]
    fn a_lost_key_frame_is_answered_by_a_key_frame() {
        let mut slot = running(10);
        slot.request_idr();
        obey(&mut slot, 11);
        obey(&mut slot, 12);
        assert_eq!(slot.invalidate(11, 11), RequestEffect::Queued);
        assert_eq!(obey(&mut slot, 13), RecoveryAction::KeyFrame);
    }

    #[test]
    fn a_key_frame_dropped_behind_the_encoder_comes_again() {
        let mut slot = running(10);
        slot.request_idr();
        slot.poll(11);
        slot.frame_encoded(11, KeyFrame);
        assert_eq!(slot.invalidate(11, 11), RequestEffect::Queued);
        assert_eq!(slot.request_idr(), RequestEffect::Coalesced);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::KeyFrame);
        assert_eq!(obey(&mut slot, 13), RecoveryAction::None);
    }

    #[test]
    fn an_idr_request_is_not_answered_by_a_frame_after_an_invalidation() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        slot.poll(11);
        assert_eq!(slot.request_idr(), RequestEffect::Queued);
        slot.frame_encoded(11, AfterInvalidation);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::KeyFrame);
    }

    #[test]
    fn a_key_frame_in_place_of_an_invalidation_answers_both() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        slot.poll(11);
        slot.request_idr();
        slot.frame_encoded(11, KeyFrame);
        slot.frame_sent(11);
        assert_eq!(slot.invalidate(9, 10), RequestEffect::Answered);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::None);
    }

    #[test]
    fn what_the_encoder_made_nothing_of_is_asked_again() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        assert_eq!(
            slot.poll(11),
            RecoveryAction::Invalidate { first: 9, last: 10 }
        );
        assert_eq!(
            slot.poll(11),
            RecoveryAction::Invalidate { first: 9, last: 10 }
        );
        slot.request_idr();
        assert_eq!(slot.poll(11), RecoveryAction::KeyFrame);
        assert_eq!(slot.poll(11), RecoveryAction::KeyFrame);
    }

    #[test]
    fn an_ordinary_frame_leaves_the_request_pending() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        slot.poll(11);
        slot.frame_encoded(11, Predicted);
        assert_eq!(
            slot.poll(12),
            RecoveryAction::Invalidate { first: 9, last: 11 }
        );
        slot.request_idr();
        slot.frame_encoded(12, Predicted);
        assert_eq!(slot.poll(13), RecoveryAction::KeyFrame);
        slot.frame_encoded(13, AfterInvalidation);
        assert_eq!(obey(&mut slot, 14), RecoveryAction::KeyFrame);
    }

    #[test]
    fn a_range_that_arrives_while_its_answer_is_encoded_is_answered() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        slot.poll(11);
        slot.invalidate(9, 10);
        slot.frame_encoded(11, AfterInvalidation);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::None);
    }

    #[test]
    fn a_dropped_frame_before_the_answer_costs_nothing_and_one_after_it_an_answer() {
        let mut slot = running(10);
        slot.invalidate(9, 9);
        obey(&mut slot, 11);
        obey(&mut slot, 12);
        assert_eq!(slot.invalidate(10, 10), RequestEffect::Answered);
        assert_eq!(slot.invalidate(12, 12), RequestEffect::Queued);
        assert_eq!(
            obey(&mut slot, 13),
            RecoveryAction::Invalidate {
                first: 12,
                last: 12
            }
        );
    }

    #[test]
    fn ranges_that_cannot_be_are_ignored_cut_or_answered_by_a_key_frame() {
        let mut slot = running(10);
        assert_eq!(slot.invalidate(11, 12), RequestEffect::Ignored);
        assert_eq!(slot.invalidate(1 << 30, 1 << 30), RequestEffect::Ignored);
        assert_eq!(slot.invalidate(9, 4_000), RequestEffect::Queued);
        assert_eq!(
            obey(&mut slot, 11),
            RecoveryAction::Invalidate { first: 9, last: 10 }
        );
        assert_eq!(slot.invalidate(9, 8), RequestEffect::Queued);
        assert_eq!(obey(&mut slot, 12), RecoveryAction::KeyFrame);
        assert_eq!(slot.invalidate(0, 0), RequestEffect::Answered);
        assert_eq!(slot.invalidate(0, 12), RequestEffect::Queued);
        assert_eq!(obey(&mut slot, 13), RecoveryAction::KeyFrame);
    }

    #[test]
    fn frame_numbers_may_wrap() {
        let mut slot = RecoverySlot::default();
        obey(&mut slot, u32::MAX - 2);
        obey(&mut slot, u32::MAX - 1);
        obey(&mut slot, u32::MAX);
        obey(&mut slot, 0);
        assert_eq!(slot.invalidate(u32::MAX, 0), RequestEffect::Queued);
        assert_eq!(
            obey(&mut slot, 1),
            RecoveryAction::Invalidate {
                first: u32::MAX,
                last: 0
            }
        );
        assert_eq!(slot.invalidate(u32::MAX, 0), RequestEffect::Answered);
    }

    #[test]
    fn acknowledgements_are_handed_out_once_newest_first() {
        let mut slot = running(20);
        slot.ack_ltr(8);
        slot.ack_ltr(16);
        slot.ack_ltr(16);
        assert_eq!(slot.take_acknowledged(), [Some(16), Some(8), None, None]);
        assert_eq!(slot.take_acknowledged(), [None; 4]);
    }

    #[test]
    fn useless_acknowledgements_are_dropped() {
        let mut slot = running(20);
        slot.ack_ltr(21);
        slot.ack_ltr(16);
        slot.ack_ltr(8);
        slot.invalidate(12, 13);
        slot.ack_ltr(17);
        assert_eq!(
            slot.take_acknowledged(),
            [Some(8), None, None, None],
            "16 follows the loss"
        );
        obey(&mut slot, 21);
        slot.ack_ltr(18);
        assert_eq!(slot.take_acknowledged(), [None; 4], "left out by frame 21");
        slot.request_idr();
        obey(&mut slot, 22);
        slot.ack_ltr(21);
        assert_eq!(slot.take_acknowledged(), [None; 4], "before a key frame");
    }

    proptest! {
        #[test]
        fn every_request_is_followed_by_its_answer(
            steps in prop::collection::vec((0_u8..6, any::<u32>(), any::<u32>(), any::<bool>()), 1..200),
        ) {
            let mut slot = running(3);
            let mut frame = 4;
            let mut key_owed = false;
            for (step, a, b, near) in steps {
                let (first, last) = if near { (frame - 3 + a % 4, frame - 3 + b % 4) } else { (a, b) };
                match step {
                    0 => key_owed |= slot.request_idr() == RequestEffect::Queued,
                    1 => {
                        let effect = slot.invalidate(first, last);
                        prop_assert!(effect != RequestEffect::Ignored || near || first >= frame);
                    }
                    2 => slot.ack_ltr(first),
                    _ => {
                        let action = obey(&mut slot, frame);
                        prop_assert!(!key_owed || action == RecoveryAction::KeyFrame);
                        if let RecoveryAction::Invalidate { first, last } = action {
                            prop_assert_eq!(last, frame - 1);
                            prop_assert!(FrameIndex(first).is_before(FrameIndex(frame)));
                        }
                        key_owed = false;
                        frame += 1;
                        prop_assert_eq!(slot.pending, Pending::default());
                    }
                }
            }
        }
    }
}
