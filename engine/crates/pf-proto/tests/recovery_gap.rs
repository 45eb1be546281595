//! How close key frames may follow each other: gamestream-control-stream.md 7.1, on a virtual clock.

use pf_proto::gamestream::recovery::AnswerKind::{AfterInvalidation, KeyFrame, Predicted};
use pf_proto::gamestream::recovery::{RecoveryAction, RecoverySlot, RequestEffect};
use proptest::prelude::*;

const MS: u64 = 1_000_000;
const FRAME_NS: u64 = 16_666_667;

/// A host at 60 fps that obeys and sends at once.
struct Host {
    slot: RecoverySlot,
    frame: u32,
    now_ns: u64,
}

impl Host {
    /// Has sent the key frame 1 at 0 ms.
    fn new() -> Self {
        let mut host = Self {
            slot: RecoverySlot::default(),
            frame: 0,
            now_ns: 0,
        };
        host.slot.set_frame_time(FRAME_NS);
        assert_eq!(host.turn(0), RecoveryAction::KeyFrame);
        host
    }

    /// Makes the next frame, `wait_ns` after the last.
    fn turn(&mut self, wait_ns: u64) -> RecoveryAction {
        self.now_ns += wait_ns;
        self.frame += 1;
        let action = self.slot.poll_at(self.frame, self.now_ns);
        let kind = match action {
            RecoveryAction::None => Predicted,
            RecoveryAction::KeyFrame => KeyFrame,
            RecoveryAction::Invalidate { .. } => AfterInvalidation,
        };
        self.slot.frame_encoded(self.frame, kind);
        self.slot.frame_sent(self.frame);
        action
    }

    /// Milliseconds until the next key frame.
    fn until_key(&mut self) -> u64 {
        let asked_ns = self.now_ns;
        for _ in 0..2_000 {
            if self.turn(MS) == RecoveryAction::KeyFrame {
                return (self.now_ns - asked_ns) / MS;
            }
        }
        panic!("no key frame in 2 s")
    }
}

#[test]
fn a_request_within_the_gap_is_honoured_when_it_ends() {
    let mut host = Host::new();
    assert_eq!(host.slot.request_idr(), RequestEffect::Queued);
    assert_eq!(host.slot.request_idr(), RequestEffect::Coalesced);
    assert_eq!(host.until_key(), 67, "4 frames at 60 fps, no round trip");
    assert_eq!(host.turn(300 * MS), RecoveryAction::None, "honoured once");
}

#[test]
fn the_gap_is_a_round_trip_and_four_frames_within_50_and_250_ms() {
    for (round_trip_ms, frame_ns, expected_ms) in [
        (0, 4 * MS, 50),
        (20, FRAME_NS, 87),
        (100, 33 * MS, 232),
        (200, FRAME_NS, 250),
        (u64::MAX / MS, u64::MAX, 250),
    ] {
        let mut host = Host::new();
        host.slot.set_frame_time(frame_ns);
        host.slot.set_round_trip(round_trip_ms * MS);
        host.slot.request_idr();
        assert_eq!(host.until_key(), expected_ms, "{round_trip_ms} ms");
    }
}

#[test]
fn a_request_long_after_the_last_key_frame_is_honoured_at_once() {
    let mut host = Host::new();
    host.turn(67 * MS);
    host.slot.request_idr();
    assert_eq!(host.turn(MS), RecoveryAction::KeyFrame);
}

#[test]
fn a_range_within_the_gap_is_invalidated_at_once_and_the_key_frame_still_comes() {
    let mut host = Host::new();
    host.turn(FRAME_NS);
    host.turn(FRAME_NS);
    host.slot.request_idr();
    assert_eq!(host.slot.invalidate(3, 3), RequestEffect::Coalesced);
    assert_eq!(
        host.turn(MS),
        RecoveryAction::Invalidate { first: 3, last: 3 }
    );
    assert!(host.until_key() <= 67);
    assert_eq!(host.slot.invalidate(3, 4), RequestEffect::Answered);
    assert_eq!(host.turn(300 * MS), RecoveryAction::None);
}

#[test]
fn a_lost_key_frame_waits_for_the_gap_too() {
    let mut host = Host::new();
    host.turn(FRAME_NS);
    assert_eq!(host.slot.invalidate(1, 2), RequestEffect::Queued);
    assert_eq!(host.turn(FRAME_NS), RecoveryAction::None);
    assert_eq!(host.slot.invalidate(1, 3), RequestEffect::Coalesced);
    assert!(host.until_key() <= 67 - 33);
}

#[test]
fn a_key_frame_that_the_host_dropped_comes_again_at_once() {
    let mut host = Host::new();
    host.now_ns = 1_000 * MS;
    host.slot.request_idr();
    host.frame += 1;
    let action = host.slot.poll_at(host.frame, host.now_ns);
    assert_eq!(action, RecoveryAction::KeyFrame);
    host.slot.frame_encoded(host.frame, KeyFrame);
    host.slot.invalidate(host.frame, host.frame);
    assert_eq!(host.turn(FRAME_NS), RecoveryAction::KeyFrame);
}

#[test]
fn an_encoder_that_cannot_invalidate_gets_key_frames_in_the_same_gap() {
    let mut host = Host::new();
    host.slot.answer_with_keys_only();
    for _ in 0..3 {
        host.turn(FRAME_NS);
    }
    host.slot.invalidate(3, 3);
    assert_eq!(host.turn(FRAME_NS + MS), RecoveryAction::KeyFrame);
    host.turn(FRAME_NS);
    host.slot.invalidate(6, 6);
    assert_eq!(host.turn(FRAME_NS), RecoveryAction::None);
    assert!(host.until_key() <= 67 - 33);
}

#[test]
fn a_range_older_than_512_frames_is_answered_by_a_key_frame() {
    let mut host = Host::new();
    while host.frame < 600 {
        host.turn(FRAME_NS);
    }
    assert_eq!(host.slot.invalidate(88, 600), RequestEffect::Queued);
    assert_eq!(host.turn(FRAME_NS), RecoveryAction::KeyFrame);
    while host.frame < 1_200 {
        host.turn(FRAME_NS);
    }
    assert_eq!(host.slot.invalidate(689, 1_200), RequestEffect::Queued);
    let (first, last) = (689, 1_200);
    assert_eq!(
        host.turn(FRAME_NS),
        RecoveryAction::Invalidate { first, last }
    );
}

#[test]
fn a_flood_of_requests_gets_one_key_frame_a_second_until_it_stops() {
    let mut host = Host::new();
    host.now_ns = 10_000 * MS;
    let mut key_times_ms = Vec::new();
    let mut flooded_at_ms = None;
    for _ in 0..600 {
        for _ in 0..2 {
            host.slot.request_idr();
        }
        if host.turn(FRAME_NS) == RecoveryAction::KeyFrame {
            key_times_ms.push(host.now_ns / MS - 10_000);
        }
        if host.slot.is_flooded() {
            flooded_at_ms.get_or_insert(host.now_ns / MS - 10_000);
        }
    }
    let flooded_at_ms = flooded_at_ms.expect("120 a second is a flood");
    assert!((5_000..6_100).contains(&flooded_at_ms), "{flooded_at_ms}");
    let gaps: Vec<u64> = key_times_ms
        .windows(2)
        .filter(|pair| pair[0] > flooded_at_ms)
        .map(|pair| pair[1] - pair[0])
        .collect();
    assert!(
        gaps.len() >= 2 && gaps.iter().all(|gap| *gap >= 1_000),
        "{gaps:?}"
    );
    for _ in 0..130 {
        host.turn(FRAME_NS);
    }
    assert!(!host.slot.is_flooded());
    host.slot.request_idr();
    assert_eq!(host.turn(FRAME_NS), RecoveryAction::KeyFrame);
}

proptest! {
    #[test]
    fn fuzz_key_frames_keep_their_gap_and_no_request_is_lost(
        turns in prop::collection::vec((1_u64..40, 0_u8..10), 1..400),
        round_trip_ms in 0_u64..400,
    ) {
        let mut host = Host::new();
        host.slot.set_round_trip(round_trip_ms * MS);
        let gap_ns = (round_trip_ms * MS + 4 * FRAME_NS).clamp(50 * MS, 250 * MS);
        let mut last_key_ns = 0;
        let mut asked_ns = None;
        for (wait_ms, request) in turns {
            if request == 0 {
                host.slot.request_idr();
                asked_ns.get_or_insert(host.now_ns);
            }
            if host.turn(wait_ms * MS) == RecoveryAction::KeyFrame {
                prop_assert!(asked_ns.take().is_some(), "asked for");
                prop_assert!(host.now_ns - last_key_ns >= gap_ns);
                last_key_ns = host.now_ns;
            }
            if let Some(asked_ns) = asked_ns {
                prop_assert!(host.now_ns - asked_ns < gap_ns + 40 * MS, "never lost");
            }
        }
    }
}
