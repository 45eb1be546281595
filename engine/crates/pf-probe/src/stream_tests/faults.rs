//! The receiver against senders that do something wrong, and against garbage.

use proptest::prelude::*;

use super::{Outcome, five_frames, receive, without};
use crate::test_sender::{TestSender, key_unit, predicted_unit};

/// A clean stream in which one thing is wrong: what the report says about it.
fn problem_of(change: impl FnOnce(&mut TestSender, &mut Vec<Vec<Vec<u8>>>)) -> Vec<String> {
    let mut sender = TestSender::new(64);
    let mut frames = vec![
        sender.frame(2, &key_unit(300)),
        sender.frame(1, &predicted_unit(300, 2)),
    ];
    change(&mut sender, &mut frames);
    frames.push(sender.frame(1, &predicted_unit(300, 9)));
    receive(64, true, frames.concat()).report.problems
}

#[test]
fn each_fault_of_a_sender_is_told() {
    type Change = fn(&mut TestSender, &mut Vec<Vec<Vec<u8>>>);
    let cases: [(&str, Change); 14] = [
        ("flags 0x05", |_, frames| frames[1][1][24] = 5),
        ("has index 5 and low byte 0, expected", |_, frames| {
            frames[1][1][17] = 5
        }),
        ("low byte 3", |_, frames| frames[1][1][16] = 3),
        ("disagree", |_, frames| frames[1][1][4] = 1),
        ("disagree", |_, frames| {
            frames[1].iter_mut().take(3).for_each(|d| d[28] ^= 0x10)
        }),
        ("long-term", |_, frames| frames[1][1][25] = 1),
        ("of 79 bytes", |_, frames| frames[1][1].truncate(79)),
        ("of 81 bytes", |_, frames| frames[1][1].push(0)),
        ("first byte 0x80", |_, frames| frames[1][1][0] = 0x80),
        ("header alone", |_, frames| {
            frames[1].insert(1, vec![0x90; 31])
        }),
        ("frame 0", |sender, _| sender.frame = 0),
        ("was used before", |sender, _| sender.sequence = 3),
        ("sent after frame", |sender, _| sender.frame = 1),
        ("time stamp", |sender, _| sender.timestamp = 7),
    ];
    for (expected, change) in cases {
        let problems = problem_of(change);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

#[test]
fn a_stream_that_does_not_begin_with_frame_1_and_a_key_frame_is_told() {
    let mut sender = TestSender {
        frame: 2,
        ..TestSender::new(64)
    };
    let Outcome { report, .. } = receive(64, true, sender.frame(2, &key_unit(300)));
    assert!(
        report.problems[0].contains("number 2 and a key frame"),
        "{:?}",
        report.problems
    );
    let mut sender = TestSender::new(64);
    let Outcome { report, .. } = receive(64, true, sender.frame(1, &predicted_unit(300, 1)));
    assert!(
        report.problems[0].contains("number 1 and no key frame"),
        "{:?}",
        report.problems
    );
}

#[test]
fn a_stream_that_begins_in_the_upper_half_of_the_sequences_is_rejected_like_by_a_client() {
    let mut sender = TestSender {
        sequence: 65_530,
        ..TestSender::new(64)
    };
    let Outcome { report, .. } = receive(64, true, sender.frame(2, &key_unit(100)));
    assert_eq!(report.frames_received, 0);
    assert!(
        report.problems[0].contains("65530"),
        "{:?}",
        report.problems
    );
}

#[test]
fn parity_of_another_matrix_is_noticed_when_it_is_used() {
    let (frames, units) = five_frames(1);
    let mut sent = frames.clone();
    let mut wrong = without(&frames[1], &[4]);
    wrong
        .iter_mut()
        .skip(16)
        .for_each(|parity| parity[16..].rotate_left(1));
    sent[1] = wrong;
    let Outcome { report, output, .. } = receive(64, true, sent.concat());
    assert_eq!((report.frames_lost, report.decodable_frames), (1, 1));
    assert_eq!(output, units[0]);
    assert!(!report.problems.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbled_streams_never_panic_and_never_grow_without_bound(
        seed in any::<u64>(), garbled in 0usize..60,
    ) {
        let (frames, _) = five_frames(2);
        let mut sent = frames.concat();
        let mut random = seed;
        let mut next = move |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        for _ in 0..garbled {
            let (datagram, byte) = (next(sent.len()), next(80));
            sent[datagram][byte] = next(256) as u8;
            let (a, b) = (next(sent.len()), next(sent.len()));
            sent.swap(a, b);
            let cut = next(sent.len());
            let bytes = next(81);
            sent[cut].truncate(bytes.max(1));
            let bytes = sent[cut].len();
            sent[cut].resize(bytes.max(80), 0x90);
        }
        let Outcome { report, .. } = receive(64, true, sent);
        prop_assert!(report.problems.len() <= 16);
        prop_assert!(report.decodable_frames <= report.frames_received);
    }
}
