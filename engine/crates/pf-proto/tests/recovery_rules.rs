//! What becomes of recovery requests, one rule of gamestream-media.md 6.5 at a time.

use pf_proto::gamestream::recovery::AnswerKind::{AfterInvalidation, KeyFrame, Predicted};
use pf_proto::gamestream::recovery::{RecoveryAction, RecoverySlot, RequestEffect};

/// Polls for a frame, a second after the one before: no gap between key frames is in the way.
fn poll(slot: &mut RecoverySlot, frame: u32) -> RecoveryAction {
    slot.poll_at(frame, u64::from(frame) * 1_000_000_000)
}

/// Polls for and makes frame `frame` as asked, and sends it.
fn obey(slot: &mut RecoverySlot, frame: u32) -> RecoveryAction {
    let action = poll(slot, frame);
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
    assert_eq!(poll(&mut slot, 6), RecoveryAction::KeyFrame);
    assert_eq!(
        slot.request_idr(),
        RequestEffect::Coalesced,
        "being encoded"
    );
    slot.frame_encoded(6, KeyFrame);
    assert_eq!(slot.request_idr(), RequestEffect::Coalesced, "queued");
    assert_eq!(poll(&mut slot, 7), RecoveryAction::None);
    slot.frame_encoded(7, Predicted);
    slot.frame_sent(6);
    assert_eq!(slot.request_idr(), RequestEffect::Queued, "sent");
    assert_eq!(obey(&mut slot, 8), RecoveryAction::KeyFrame);
}

#[test]
fn a_key_frame_that_nobody_reports_as_sent_swallows_requests_for_eight_frames_only() {
    let mut slot = RecoverySlot::default();
    poll(&mut slot, 1);
    slot.frame_encoded(1, KeyFrame);
    for frame in 2..=9 {
        assert_eq!(slot.request_idr(), RequestEffect::Coalesced);
        assert_eq!(poll(&mut slot, frame), RecoveryAction::None);
        slot.frame_encoded(frame, Predicted);
    }
    poll(&mut slot, 10);
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
    poll(&mut slot, 11);
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
    poll(&mut slot, 11);
    assert_eq!(slot.request_idr(), RequestEffect::Queued);
    slot.frame_encoded(11, AfterInvalidation);
    assert_eq!(obey(&mut slot, 12), RecoveryAction::KeyFrame);
}

#[test]
fn a_key_frame_in_place_of_an_invalidation_answers_both() {
    let mut slot = running(10);
    slot.invalidate(9, 9);
    poll(&mut slot, 11);
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
        poll(&mut slot, 11),
        RecoveryAction::Invalidate { first: 9, last: 10 }
    );
    assert_eq!(
        poll(&mut slot, 11),
        RecoveryAction::Invalidate { first: 9, last: 10 }
    );
    slot.request_idr();
    assert_eq!(poll(&mut slot, 11), RecoveryAction::KeyFrame);
    assert_eq!(poll(&mut slot, 11), RecoveryAction::KeyFrame);
}

#[test]
fn an_ordinary_frame_leaves_the_request_pending() {
    let mut slot = running(10);
    slot.invalidate(9, 9);
    poll(&mut slot, 11);
    slot.frame_encoded(11, Predicted);
    assert_eq!(
        poll(&mut slot, 12),
        RecoveryAction::Invalidate { first: 9, last: 11 }
    );
    slot.request_idr();
    slot.frame_encoded(12, Predicted);
    assert_eq!(poll(&mut slot, 13), RecoveryAction::KeyFrame);
    slot.frame_encoded(13, AfterInvalidation);
    assert_eq!(obey(&mut slot, 14), RecoveryAction::KeyFrame);
}

#[test]
fn a_range_that_arrives_while_its_answer_is_encoded_is_answered() {
    let mut slot = running(10);
    slot.invalidate(9, 9);
    poll(&mut slot, 11);
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
