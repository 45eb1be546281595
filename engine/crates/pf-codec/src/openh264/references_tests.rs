//! The map between frame indices and the encoder's numbers, and which references survive a loss.

use super::*;

use crate::h264::few;

const BITS: u32 = 15;

fn predicted(frame_num: u32) -> SliceHeader {
    SliceHeader {
        slice_type: SliceType::Predicted,
        frame_num,
        idr_picture_id: None,
        references: 1,
        modifications: few(&[ListModification::ShortTerm {
            older: true,
            difference: 1,
        }]),
        marking: Some(Marking::SlidingWindow),
        qp: 26,
    }
}

fn idr(id: u32) -> SliceHeader {
    SliceHeader {
        slice_type: SliceType::Intra,
        idr_picture_id: Some(id),
        references: 0,
        modifications: few(&[]),
        marking: Some(Marking::Idr { long_term: true }),
        ..predicted(0)
    }
}

fn marking(frame_num: u32, operation: MemoryOperation) -> SliceHeader {
    SliceHeader {
        marking: Some(Marking::Adaptive(few(&[operation]))),
        ..predicted(frame_num)
    }
}

fn referring_to(frame_num: u32, index: u32) -> SliceHeader {
    SliceHeader {
        modifications: few(&[ListModification::LongTerm { index }]),
        ..predicted(frame_num)
    }
}

/// An IDR as frame 100 and predicted frames up to `last`.
fn tracker_up_to(last: u32) -> ReferenceTracker {
    let mut tracker = ReferenceTracker::new(BITS);
    assert!(
        tracker.encoded(100, &idr(7)),
        "an IDR is a long-term reference"
    );
    for index in 101..=last {
        assert!(!tracker.encoded(index, &predicted(index - 100)));
    }
    tracker
}

#[test]
fn the_key_frame_serves_until_another_reference_is_acknowledged() {
    let tracker = tracker_up_to(110);
    assert_eq!(
        tracker.recovery(105),
        Some(Recovery {
            idr_picture_id: 7,
            last_correct_frame_num: 4,
            newest_frame_num: 10
        })
    );
    assert_eq!(tracker.recovery(100), None, "the key frame itself is lost");
    assert_eq!(tracker.recovery(3), None);
    assert!(tracker.avoids_lost(105, &referring_to(11, 0)));
    assert!(!tracker.avoids_lost(100, &referring_to(11, 0)));
}

#[test]
fn an_acknowledgement_is_passed_on_in_the_encoders_numbers_and_only_once() {
    let mut tracker = tracker_up_to(108);
    let header = marking(9, MemoryOperation::CurrentToLongTerm { index: 1 });
    assert!(tracker.encoded(109, &header));
    assert_eq!(tracker.acknowledge(108), None);
    assert!(
        !tracker.avoids_lost(111, &referring_to(10, 1)),
        "not acknowledged yet"
    );
    let acknowledged = Acknowledged {
        idr_picture_id: 7,
        frame_num: 9,
    };
    assert_eq!(tracker.acknowledge(109), Some(acknowledged));
    assert_eq!(tracker.acknowledge(109), None);
    assert!(tracker.avoids_lost(111, &referring_to(10, 1)));
    assert!(
        !tracker.avoids_lost(109, &referring_to(10, 1)),
        "it is itself lost"
    );
}

#[test]
fn a_mark_of_an_earlier_picture_counts_from_the_frame_that_carries_it() {
    let mut tracker = tracker_up_to(108);
    let operation = MemoryOperation::ShortToLongTerm {
        difference: 1,
        index: 1,
    };
    assert!(tracker.encoded(109, &marking(9, operation)));
    let acknowledged = Acknowledged {
        idr_picture_id: 7,
        frame_num: 8,
    };
    assert_eq!(
        tracker.acknowledge(109),
        Some(acknowledged),
        "the picture is the one before"
    );
    assert!(tracker.avoids_lost(110, &referring_to(10, 1)));
    assert!(
        !tracker.avoids_lost(109, &referring_to(10, 1)),
        "without the mark it is not there"
    );
}

#[test]
fn a_mark_across_the_wrap_of_frame_num_finds_its_picture() {
    let mut tracker = ReferenceTracker::new(4);
    tracker.encoded(0, &idr(0));
    for index in 1..16 {
        tracker.encoded(index, &predicted(index));
    }
    let operation = MemoryOperation::ShortToLongTerm {
        difference: 1,
        index: 1,
    };
    assert!(tracker.encoded(16, &marking(0, operation)));
    let acknowledged = Acknowledged {
        idr_picture_id: 0,
        frame_num: 15,
    };
    assert_eq!(tracker.acknowledge(16), Some(acknowledged));
}

#[test]
fn marks_in_lost_frames_are_forgotten() {
    let mut tracker = tracker_up_to(108);
    tracker.encoded(
        109,
        &marking(9, MemoryOperation::CurrentToLongTerm { index: 1 }),
    );
    tracker.lost_from(109);
    assert_eq!(
        tracker.acknowledge(109),
        None,
        "a late acknowledgement is not believed"
    );
    assert!(
        tracker.recovery(109).is_some(),
        "the key frame is still there"
    );
}

#[test]
fn dropped_and_limited_references_no_longer_serve() {
    for (operation, keeps) in [
        (MemoryOperation::DropLongTerm { index: 0 }, false),
        (MemoryOperation::DropLongTerm { index: 1 }, true),
        (MemoryOperation::LimitLongTerm { count: 0 }, false),
        (MemoryOperation::LimitLongTerm { count: 1 }, true),
        (MemoryOperation::DropAll, false),
        (MemoryOperation::DropShortTerm { difference: 1 }, true),
        (
            MemoryOperation::ShortToLongTerm {
                difference: 900,
                index: 0,
            },
            false,
        ),
        (MemoryOperation::CurrentToLongTerm { index: 99 }, true),
    ] {
        let mut tracker = tracker_up_to(105);
        assert!(!tracker.encoded(106, &marking(6, operation)));
        assert_eq!(tracker.recovery(107).is_some(), keeps, "{operation:?}");
    }
}

#[test]
fn only_a_single_surviving_long_term_reference_is_certain() {
    let tracker = tracker_up_to(110);
    let certain = referring_to(11, 0);
    assert!(tracker.avoids_lost(105, &certain));
    let long_term = ListModification::LongTerm { index: 0 };
    for doubtful in [
        predicted(11),
        SliceHeader {
            references: 2,
            ..certain
        },
        SliceHeader {
            modifications: few(&[long_term, long_term]),
            ..certain
        },
        SliceHeader {
            modifications: few(&[]),
            ..certain
        },
        SliceHeader {
            slice_type: SliceType::Intra,
            ..certain
        },
        referring_to(11, 1),
        referring_to(11, 4000),
    ] {
        assert!(!tracker.avoids_lost(105, &doubtful), "{doubtful:?}");
    }
}

#[test]
fn losses_before_the_remembered_frames_need_a_key_frame() {
    let last = 100 + HISTORY_FRAMES as u32 + 50;
    let tracker = tracker_up_to(last);
    assert!(tracker.recovery(last - 3).is_some());
    assert_eq!(tracker.recovery(120), None);
}

#[test]
fn a_new_key_frame_starts_over() {
    let mut tracker = tracker_up_to(110);
    tracker.encoded(111, &idr(8));
    assert_eq!(tracker.recovery(105), None);
    assert_eq!(tracker.recovery(111), None);
    assert_eq!(
        tracker
            .recovery(112)
            .map(|recovery| recovery.idr_picture_id),
        Some(8)
    );
}
