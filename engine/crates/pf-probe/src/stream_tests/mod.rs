//! The receiver against streams that lose, double and reorder packets. No socket and no clock.

mod faults;

use std::cell::RefCell;

use proptest::prelude::*;

use crate::receiver::Receiver;
use crate::report::ProbeReport;
use crate::run::Recovery;
use crate::test_sender::{TestSender, hex, key_unit, predicted_unit, vector_4_5};

/// Notes requests in words.
#[derive(Default)]
struct Requests(RefCell<Vec<String>>);

impl Recovery for Requests {
    fn request_idr(&self) {
        self.0.borrow_mut().push("key frame".to_owned());
    }

    fn invalidate(&self, first: u32, last: u32) {
        self.0
            .borrow_mut()
            .push(format!("invalidate {first}-{last}"));
    }

    fn acknowledge(&self, frame: u32) {
        self.0.borrow_mut().push(format!("acknowledge {frame}"));
    }
}

/// What came of a stream.
struct Outcome {
    report: ProbeReport,
    requests: Vec<String>,
    output: Vec<u8>,
}

fn receive<D: AsRef<[u8]>>(
    packet_size: usize,
    can_invalidate: bool,
    datagrams: impl IntoIterator<Item = D>,
) -> Outcome {
    let requests = Requests::default();
    let mut output = Vec::new();
    let mut receiver = Receiver::new(
        packet_size + 16,
        can_invalidate,
        &requests,
        Some(&mut output),
    );
    datagrams
        .into_iter()
        .for_each(|datagram| receiver.handle_datagram(datagram.as_ref()));
    let report = receiver.findings.report();
    drop(receiver);
    Outcome {
        report,
        requests: requests.0.into_inner(),
        output,
    }
}

/// All but the datagrams at `lost`.
fn without(datagrams: &[Vec<u8>], lost: &[usize]) -> Vec<Vec<u8>> {
    datagrams
        .iter()
        .enumerate()
        .filter(|(i, _)| !lost.contains(i))
        .map(|(_, datagram)| datagram.clone())
        .collect()
}

const NO_PROBLEMS: [String; 0] = [];

#[test]
fn the_specification_s_frame_comes_from_any_two_of_its_four_datagrams() {
    let unit = hex("00000001 6764001FACD9405005BB 00000001 68EBE3CB 00000001 65");
    let unit = [unit, (0x10..=0x4B).collect()].concat();
    let second = hex("00000001 419A2102");
    let datagrams = vector_4_5();
    for a in 0..4 {
        for b in (0..4).filter(|&b| b != a) {
            for p_frame in 4..7 {
                let picked = [a, b, p_frame].map(|i| &datagrams[i]);
                let Outcome { report, output, .. } = receive(64, true, picked);
                assert_eq!(
                    output,
                    [&unit[..], &second].concat(),
                    "datagrams {a}, {b}, {p_frame}"
                );
                assert_eq!(
                    (
                        report.frames_received,
                        report.key_frames,
                        report.decodable_frames
                    ),
                    (2, 1, 2)
                );
                let rebuilt = u64::from(a > 1) + u64::from(b > 1) + u64::from(p_frame > 4);
                assert_eq!(report.packets_recovered, rebuilt);
                assert_eq!(report.bytes, 95);
                assert_eq!(report.problems, NO_PROBLEMS);
            }
        }
    }
}

/// Five frames: a key frame and four P frames, each of 17 data packets in `blocks` blocks.
fn five_frames(blocks: usize) -> (Vec<Vec<Vec<u8>>>, Vec<Vec<u8>>) {
    let mut sender = TestSender {
        blocks,
        ..TestSender::new(64)
    };
    let units: Vec<Vec<u8>> = (1..=5)
        .map(|i| {
            if i == 1 {
                key_unit(800)
            } else {
                predicted_unit(800, i)
            }
        })
        .collect();
    let frames = units
        .iter()
        .zip(1..)
        .map(|(unit, i)| sender.frame(if i == 1 { 2 } else { 1 }, unit))
        .collect();
    (frames, units)
}

#[test]
fn a_clean_stream_comes_whole_and_needs_no_help() {
    for blocks in 1..=4 {
        let (frames, units) = five_frames(blocks);
        let sent = frames.concat();
        let Outcome {
            report,
            requests,
            output,
        } = receive(64, true, &sent);
        assert_eq!(output, units.concat());
        assert_eq!(requests, Vec::<String>::new());
        assert_eq!(
            (
                report.frames_received,
                report.frames_lost,
                report.frames_recovered
            ),
            (5, 0, 0)
        );
        assert_eq!(
            (report.packets_received, report.packets_lost),
            (sent.len() as u64, 0)
        );
        assert_eq!((report.packets_late, report.packets_duplicate), (0, 0));
        assert_eq!(
            (report.first_frame_index, report.last_frame_index),
            (Some(1), Some(5))
        );
        assert_eq!(
            (report.bytes, report.problems),
            (4000, NO_PROBLEMS.to_vec())
        );
    }
}

#[test]
fn as_many_losses_as_parity_are_repaired_wherever_they_fall() {
    let (frames, units) = five_frames(1);
    let block = frames[1].len();
    assert_eq!(block, 17 + 4);
    let patterns: [&[usize]; 8] = [
        &[0],
        &[16],
        &[8],
        &[0, 16],
        &[0, 1, 2, 3],
        &[13, 14, 15, 16],
        &[0, 8, 16, 17],
        &[17, 18, 19, 20],
    ];
    for lost in patterns {
        let mut sent = frames.clone();
        sent[1] = without(&frames[1], lost);
        let Outcome {
            report,
            requests,
            output,
        } = receive(64, true, sent.concat());
        assert_eq!(output, units.concat(), "{lost:?}");
        let of_data = lost.iter().filter(|&&i| i < 17).count() as u64;
        assert_eq!(
            (report.packets_recovered, report.packets_lost),
            (of_data, lost.len() as u64),
            "{lost:?}"
        );
        assert_eq!(
            (report.frames_recovered, report.frames_lost),
            (u64::from(of_data > 0), 0)
        );
        assert_eq!(
            (requests, report.problems),
            (Vec::new(), NO_PROBLEMS.to_vec())
        );
    }
}

#[test]
fn every_block_of_a_frame_repairs_its_own_losses() {
    let (frames, units) = five_frames(4);
    // Blocks of 5, 5, 5 and 2 data packets, two parity packets each: lose two of every block.
    assert_eq!(frames[0].len(), 7 * 3 + 4);
    let lost = [0, 4, 7, 8, 16, 18, 21, 22];
    let sent: Vec<_> = frames
        .iter()
        .flat_map(|frame| without(frame, &lost))
        .collect();
    let Outcome { report, output, .. } = receive(64, true, sent);
    assert_eq!(output, units.concat());
    assert_eq!(
        (report.packets_recovered, report.frames_recovered),
        (8 * 5, 5)
    );
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn one_loss_too_many_loses_the_frame_and_asks_at_once() {
    let (frames, units) = five_frames(1);
    for lost in [
        [0, 1, 2, 3, 4],
        [12, 13, 14, 15, 16],
        [0, 4, 8, 12, 16],
        [0, 17, 18, 19, 20],
    ] {
        let mut sent = frames.clone();
        sent[1] = without(&frames[1], &lost);
        let Outcome {
            report,
            requests,
            output,
        } = receive(64, true, sent.concat());
        assert_eq!(
            requests,
            [
                "invalidate 2-2",
                "invalidate 2-3",
                "invalidate 2-4",
                "invalidate 2-5"
            ],
            "{lost:?}"
        );
        assert_eq!(
            (
                report.frames_lost,
                report.frames_received,
                report.decodable_frames
            ),
            (1, 4, 1)
        );
        assert_eq!(output, units[0]);
        assert_eq!(
            (report.packets_lost, report.problems),
            (5, NO_PROBLEMS.to_vec())
        );
    }
}

#[test]
fn a_type_5_ends_the_wait_and_the_output_has_only_what_decodes() {
    let mut sender = TestSender::new(64);
    let first = key_unit(300);
    let answer = predicted_unit(200, 4);
    let last = predicted_unit(150, 5);
    let mut sent = sender.frame(2, &first);
    sender.frame(1, &predicted_unit(300, 2));
    sent.extend(sender.frame(1, &predicted_unit(300, 3)));
    sent.extend(sender.frame(5, &answer));
    sent.extend(sender.frame(1, &last));
    let Outcome {
        report,
        requests,
        output,
    } = receive(64, true, sent);
    assert_eq!(output, [first, answer, last].concat());
    assert_eq!(requests, ["invalidate 2-2", "invalidate 2-3"]);
    assert_eq!(
        (
            report.invalidations_answered,
            report.invalidations_requested
        ),
        (1, 2)
    );
    assert_eq!(
        (
            report.frames_received,
            report.decodable_frames,
            report.frames_lost
        ),
        (4, 3, 1)
    );
}

#[test]
fn without_invalidation_only_a_key_frame_ends_the_wait() {
    let mut sender = TestSender::new(64);
    let mut sent = sender.frame(2, &key_unit(300));
    sender.frame(1, &predicted_unit(300, 2));
    sent.extend(sender.frame(1, &predicted_unit(300, 3)));
    sent.extend(sender.frame(5, &predicted_unit(300, 4)));
    sent.extend(sender.frame(2, &key_unit(310)));
    let Outcome {
        report,
        requests,
        output,
    } = receive(64, false, sent);
    assert_eq!(output, [key_unit(300), key_unit(310)].concat());
    assert_eq!(requests, ["key frame"]);
    assert_eq!(
        (
            report.key_frames,
            report.key_frames_requested,
            report.invalidations_answered
        ),
        (2, 1, 0)
    );
}

#[test]
fn a_lost_middle_block_loses_the_frame_and_nothing_else() {
    let (frames, units) = five_frames(4);
    let mut sent = frames.clone();
    sent[2] = without(&frames[2], &[7, 8, 9, 10, 11, 12, 13]);
    let Outcome { report, output, .. } = receive(64, true, sent.concat());
    assert_eq!((report.frames_lost, report.frames_received), (1, 4));
    assert_eq!(output, units[..2].concat());
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn a_lost_last_block_is_noticed_by_the_next_frame() {
    let (frames, _) = five_frames(4);
    let mut sent = frames.clone();
    sent[2].truncate(21);
    let Outcome {
        report, requests, ..
    } = receive(64, true, sent.concat());
    assert_eq!(
        (report.frames_lost, requests[0].as_str()),
        (1, "invalidate 3-3")
    );
}

#[test]
fn a_number_that_the_sender_used_up_and_never_sent_is_a_lost_frame() {
    let mut sender = TestSender::new(64);
    let mut sent = sender.frame(2, &key_unit(300));
    sender.frame += 3;
    sent.extend(sender.frame(1, &predicted_unit(300, 5)));
    let Outcome {
        report, requests, ..
    } = receive(64, true, sent);
    assert_eq!((report.frames_lost, report.packets_lost), (3, 0));
    assert_eq!(requests, ["invalidate 2-4", "invalidate 2-5"]);
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn reordering_within_a_block_up_to_the_parity_does_no_harm() {
    let (frames, units) = five_frames(1);
    let mut sent = frames.clone();
    sent.iter_mut()
        .for_each(|frame| frame[..17].chunks_mut(4).for_each(<[_]>::reverse));
    let Outcome {
        report,
        requests,
        output,
    } = receive(64, true, sent.concat());
    assert_eq!(output, units.concat());
    assert_eq!((requests, report.packets_lost), (Vec::new(), 0));
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn interleaved_blocks_lose_the_frame_even_when_nothing_is_lost() {
    let (frames, _) = five_frames(2);
    let mut sent = frames.clone();
    // Blocks of 9 + 2 and 8 + 2 packets: the second begins before the first has enough.
    sent[1].swap(5, 11);
    let Outcome { report, .. } = receive(64, true, sent.concat());
    assert_eq!((report.frames_lost, report.packets_lost), (1, 0));
}

#[test]
fn duplicates_are_counted_and_change_nothing() {
    let (frames, units) = five_frames(2);
    let sent: Vec<_> = frames
        .concat()
        .into_iter()
        .flat_map(|datagram| [datagram.clone(), datagram])
        .collect();
    let Outcome { report, output, .. } = receive(64, true, &sent);
    assert_eq!(output, units.concat());
    assert_eq!(
        (report.packets_duplicate, report.packets_late),
        (sent.len() as u64 / 2, 0)
    );
    assert_eq!(
        (report.packets_lost, report.problems),
        (0, NO_PROBLEMS.to_vec())
    );
}

#[test]
fn a_packet_that_comes_after_its_frame_is_late() {
    let (frames, units) = five_frames(1);
    let mut sent = frames.concat();
    let overtaken = sent.remove(3);
    sent.insert(40, overtaken);
    let Outcome { report, output, .. } = receive(64, true, sent);
    assert_eq!(output, units.concat());
    assert_eq!(
        (
            report.packets_late,
            report.packets_lost,
            report.packets_recovered
        ),
        (1, 0, 1)
    );
}

#[test]
fn the_last_data_packet_may_come_without_its_padding() {
    let (mut frames, units) = five_frames(1);
    for frame in &mut frames {
        let padding = frame[16]
            .iter()
            .rev()
            .take_while(|&&byte| byte == 0)
            .count();
        assert!(padding > 0);
        let bytes = frame[16].len() - padding;
        frame[16].truncate(bytes);
        frame.remove(2);
    }
    let Outcome { report, output, .. } = receive(64, true, frames.concat());
    assert_eq!(output, units.concat());
    assert_eq!(
        (report.packets_recovered, report.problems),
        (5, NO_PROBLEMS.to_vec())
    );
}

#[test]
fn counters_wrap_inside_a_block_while_it_is_repaired() {
    let mut sender = TestSender {
        packet_index: 0x7F_0000,
        ..TestSender::new(64)
    };
    let mut sent = Vec::new();
    let mut expected = Vec::new();
    for i in 1..=9_000u32 {
        let unit = if i == 1 {
            key_unit(300)
        } else {
            predicted_unit(300, i)
        };
        // A client allows a jump forward of less than half the range where a frame begins.
        match i {
            2 => sender.packet_index = 0xC0_0000,
            3 => sender.packet_index = 0xFF_FFF0,
            _ => {}
        }
        let frame = sender.frame(if i == 1 { 2 } else { 1 }, &unit);
        sent.extend(without(&frame, &[1, 3]));
        expected.push(unit);
    }
    assert!(sent.len() > 0x8000);
    let Outcome { report, output, .. } = receive(64, true, sent);
    assert_eq!(
        (report.frames_received, report.frames_recovered),
        (9_000, 9_000)
    );
    assert!(output == expected.concat());
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn an_unprotected_block_may_be_larger_than_the_field() {
    let mut sender = TestSender {
        parity_pct: 0,
        ..TestSender::new(64)
    };
    let unit = key_unit(48 * 900);
    let Outcome { report, output, .. } = receive(64, true, sender.frame(2, &unit));
    assert_eq!((output.len(), report.packets_received), (unit.len(), 901));
    assert_eq!(report.problems, NO_PROBLEMS);
}

#[test]
fn marked_frames_are_acknowledged() {
    let mut sender = TestSender {
        long_term_reference: true,
        ..TestSender::new(64)
    };
    let mut sent = sender.frame(2, &key_unit(300));
    sender.long_term_reference = false;
    sent.extend(sender.frame(1, &predicted_unit(300, 2)));
    sender.long_term_reference = true;
    sent.extend(without(&sender.frame(1, &predicted_unit(300, 3)), &[0, 1]));
    let Outcome {
        report, requests, ..
    } = receive(64, true, sent);
    assert_eq!(requests, ["acknowledge 1", "acknowledge 3"]);
    assert_eq!(
        (report.frames_acknowledged, report.problems),
        (2, NO_PROBLEMS.to_vec())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_lost_the_output_is_made_of_whole_units_in_order(
        blocks in 1usize..=4, losses in proptest::collection::vec(0usize..200, 0..40), can_invalidate in any::<bool>(),
    ) {
        let (frames, units) = five_frames(blocks);
        let sent = frames.concat();
        let lost: Vec<usize> = losses.into_iter().filter(|&i| i < sent.len()).collect();
        let Outcome { report, output, .. } = receive(64, can_invalidate, without(&sent, &lost));
        let mut rest = output.as_slice();
        let mut decoded = 0;
        for unit in &units {
            if let Some(after) = rest.strip_prefix(unit.as_slice()) {
                rest = after;
                decoded += 1;
            }
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(report.decodable_frames, decoded);
        prop_assert!(report.frames_received + report.frames_lost <= 5);
        prop_assert_eq!(report.problems, NO_PROBLEMS);
    }
}
