//! What a client's reports become: gamestream-control-stream.md 6, case by case, and against a client that
//! counts for itself.

use pf_proto::gamestream::control::FecStatus;
use pf_proto::gamestream::reports::{ClientReports, ReportTotals};
use pf_proto::gamestream::video::BlockPlan;
use pf_proto::units::{FrameIndex, SequenceNumber};
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn block(data: u16, parity: u16) -> BlockPlan {
    BlockPlan {
        data,
        parity,
        percentage: 20,
    }
}

/// A session that sent frames 1 to `newest`, each one block of 20 + 4 packets, the first at sequence 0.
fn session(newest: u32) -> ClientReports {
    let mut reports = ClientReports::new(true);
    for frame in 1..=newest {
        reports.frame_sent(FrameIndex(frame), first_of(frame), &[block(20, 4)]);
    }
    reports
}

fn first_of(frame: u32) -> SequenceNumber {
    SequenceNumber((frame - 1).wrapping_mul(24) as u16)
}

/// A status of frame `frame` of such a session.
fn status(frame: u32, received: (u16, u16), missing: u16) -> FecStatus {
    FecStatus {
        frame: FrameIndex(frame),
        highest: first_of(frame).plus(23),
        next_contiguous: first_of(frame),
        missing,
        data: 20,
        parity: 4,
        received_data: received.0,
        received_parity: received.1,
        percentage: 20,
        block: 0,
        blocks: 1,
    }
}

/// The figures once everything that was said so far is settled.
fn settled(reports: &mut ClientReports) -> ReportTotals {
    for _ in 0..3 {
        reports.handle_ping();
    }
    reports.totals(u64::MAX)
}

/// Lost and recovered packets, lost blocks.
fn loss(totals: ReportTotals) -> (u64, u64, u64) {
    (
        totals.packets_lost.unwrap(),
        totals.packets_recovered.unwrap(),
        totals.blocks_lost.unwrap(),
    )
}

#[test]
fn the_printed_report_is_one_packet_recovered_and_two_lost() {
    let mut reports = ClientReports::new(true);
    reports.frame_sent(FrameIndex(1000), SequenceNumber(0x1234), &[block(20, 4)]);
    reports.handle_fec_status(
        &FecStatus::from_bytes(&[
            0, 0, 3, 0xE8, 0x12, 0x4B, 0x12, 0x39, 0, 2, 0, 0x14, 0, 4, 0, 0x13, 0, 3, 0x14, 0, 1,
        ]),
        0,
    );
    let totals = reports.totals(0);
    assert_eq!(loss(totals), (2, 1, 0));
    assert_eq!((totals.reports, totals.implausible), (1, 0));
}

#[test]
fn a_block_given_up_lost_all_that_did_not_arrive() {
    let mut reports = session(10);
    reports.handle_fec_status(&status(7, (15, 2), 3), 0);
    assert_eq!(loss(reports.totals(0)), (7, 0, 1));
}

#[test]
fn counters_of_another_block_mean_that_all_of_the_named_block_is_lost() {
    let mut by_totals = session(10);
    let mut other = status(7, (19, 3), 1);
    other.parity = 5;
    by_totals.handle_fec_status(&other, 0);
    assert_eq!(loss(by_totals.totals(0)), (0, 0, 0), "not yet certain");
    assert_eq!(loss(settled(&mut by_totals)), (24, 0, 1));

    let mut by_sequence = session(10);
    let mut other = status(7, (19, 3), 1);
    other.highest = first_of(7).plus(24);
    by_sequence.handle_fec_status(&other, 0);
    assert_eq!(loss(settled(&mut by_sequence)), (24, 0, 1));
}

#[test]
fn absence_never_overrides_a_blocks_own_counters() {
    let mut reports = session(10);
    reports.handle_fec_status(&status(7, (19, 3), 2), 0);
    let mut stale = status(7, (19, 3), 2);
    stale.highest = first_of(3);
    reports.handle_fec_status(&stale, 0);
    assert_eq!(loss(settled(&mut reports)), (2, 1, 0));
}

#[test]
fn the_same_report_again_says_nothing_new() {
    let mut reports = session(10);
    for _ in 0..3 {
        reports.handle_fec_status(&status(7, (15, 2), 3), 0);
    }
    let totals = reports.totals(0);
    assert_eq!(loss(totals), (7, 0, 1));
    assert_eq!((totals.reports, totals.implausible), (3, 0));
}

#[test]
fn the_last_report_of_a_block_counts_and_totals_never_shrink() {
    let mut reports = session(10);
    reports.handle_fec_status(&status(7, (15, 2), 3), 0);
    assert_eq!(loss(reports.totals(0)), (7, 0, 1));
    reports.handle_fec_status(&status(7, (18, 4), 2), 0);
    assert_eq!(loss(reports.totals(0)), (7, 2, 1), "told 7, now knows 2");
    reports.handle_fec_status(&status(8, (16, 4), 4), 0);
    assert_eq!(
        loss(reports.totals(0)),
        (7, 6, 1),
        "2 + 4 are still below 7"
    );
    reports.handle_fec_status(&status(9, (10, 0), 4), 0);
    assert_eq!(loss(reports.totals(0)), (20, 6, 1));
}

#[test]
fn blocks_of_one_frame_are_told_apart() {
    let mut reports = ClientReports::new(true);
    let (first, blocks) = (
        SequenceNumber(65_520),
        [block(20, 4), block(20, 4), block(7, 2)],
    );
    reports.frame_sent(FrameIndex(5), first, &blocks);
    let mut last = status(5, (6, 1), 2);
    (last.block, last.blocks) = (2, 3);
    (last.data, last.parity) = (7, 2);
    last.highest = first.plus(56);
    reports.handle_fec_status(&last, 0);
    assert_eq!(
        loss(reports.totals(0)),
        (2, 1, 0),
        "across the wrap of sequences"
    );
    let mut second = status(5, (10, 0), 2);
    (second.block, second.blocks) = (1, 3);
    second.highest = first.plus(40);
    reports.handle_fec_status(&second, 0);
    assert_eq!(loss(reports.totals(0)), (16, 1, 1));
}

#[test]
fn reports_that_fit_nothing_sent_are_counted_apart() {
    let mut reports = session(600);
    let mut beyond = status(599, (19, 3), 2);
    beyond.block = 1;
    let mut block_200 = beyond;
    block_200.block = 200;
    let cases = [
        status(601, (19, 3), 2),
        status(88, (19, 3), 2),
        status(u32::MAX, (19, 3), 2),
        beyond,
        block_200,
        status(599, (21, 0), 0),
        status(599, (0, 5), 0),
        status(599, (u16::MAX, u16::MAX), 0),
        status(599, (19, 3), 24),
    ];
    for case in &cases {
        reports.handle_fec_status(case, 0);
    }
    let totals = reports.totals(0);
    assert_eq!(loss(totals), (0, 0, 0));
    assert_eq!(totals.implausible, cases.len() as u64);
    reports.handle_fec_status(&status(89, (19, 3), 2), 0);
    assert_eq!(
        loss(reports.totals(0)),
        (2, 1, 0),
        "512 frames are remembered"
    );
}

#[test]
fn a_client_without_reports_has_no_figures_of_loss() {
    let mut reports = ClientReports::new(false);
    reports.frame_sent(FrameIndex(1), first_of(1), &[block(20, 4)]);
    reports.handle_fec_status(&status(1, (15, 2), 3), 0);
    reports.handle_invalidation(1, 1, 0);
    let totals = settled(&mut reports);
    assert_eq!(totals.packets_lost, None);
    assert_eq!(totals.packets_recovered, None);
    assert_eq!(totals.blocks_lost, None);
    assert_eq!(totals.frames_not_shown, 1);
}

#[test]
fn growing_ranges_count_every_frame_once() {
    let mut reports = session(20);
    for last in [10, 11, 12, 12, 14] {
        reports.handle_invalidation(9, last, 0);
    }
    assert_eq!(reports.totals(0).frames_not_shown, 6);
    reports.handle_invalidation(18, 18, 0);
    assert_eq!(reports.totals(0).frames_not_shown, 7);
    reports.handle_invalidation(1, 5, 0);
    assert_eq!(reports.totals(0).frames_not_shown, 7, "below the counted");
}

#[test]
fn impossible_ranges_count_what_was_sent_of_them() {
    let mut reports = session(600);
    reports.handle_invalidation(9, 8, 0);
    reports.handle_invalidation(601, 700, 0);
    reports.handle_invalidation(1, 10, 0);
    assert_eq!(reports.totals(0).frames_not_shown, 0);
    reports.handle_invalidation(0, u32::MAX >> 1, 0);
    assert_eq!(reports.totals(0).frames_not_shown, 512);
}

#[test]
fn a_frame_given_up_without_another_word_is_lost_whole_after_300_ms_and_three_pings() {
    let mut reports = session(20);
    reports.handle_ping();
    reports.handle_invalidation(9, 11, 50 * MS);
    reports.handle_invalidation(9, 13, 60 * MS);
    reports.handle_ping();
    reports.handle_ping();
    assert_eq!(loss(reports.totals(9_000 * MS)), (0, 0, 0), "it is silent");
    reports.handle_ping();
    assert_eq!(loss(reports.totals(349 * MS)), (0, 0, 0));
    assert_eq!(
        loss(reports.totals(350 * MS)),
        (48, 0, 2),
        "9 and 10; 12 and 13 were complete, and 11 may have been"
    );
    assert_eq!(loss(reports.totals(9_000 * MS)), (48, 0, 2));
}

#[test]
fn a_frame_given_up_early_is_what_its_report_says() {
    let mut reports = session(20);
    reports.handle_invalidation(9, 10, 0);
    reports.handle_fec_status(&status(10, (17, 0), 3), 0);
    assert_eq!(
        loss(reports.totals(9_000 * MS)),
        (7, 0, 1),
        "9 may still come"
    );
    reports.handle_fec_status(&status(9, (12, 0), 3), 0);
    assert_eq!(loss(settled(&mut reports)), (19, 0, 2), "12 + 7");
}

#[test]
fn the_last_frame_of_an_opening_range_may_have_arrived() {
    let mut reports = session(20);
    reports.handle_invalidation(9, 12, 0);
    assert_eq!(loss(settled(&mut reports)), (72, 0, 3), "9, 10 and 11");
    assert_eq!(reports.totals(0).frames_not_shown, 4);
    reports.handle_invalidation(15, 15, 0);
    assert_eq!(
        loss(settled(&mut reports)),
        (96, 0, 4),
        "without 15, nothing was lost"
    );
}

#[test]
fn what_contradicts_a_settled_loss_is_taken_out_of_the_next() {
    let mut reports = session(20);
    reports.handle_invalidation(9, 9, 0);
    assert_eq!(loss(settled(&mut reports)), (24, 0, 1));
    reports.handle_fec_status(&status(9, (12, 0), 3), 0);
    assert_eq!(loss(reports.totals(0)), (24, 0, 1), "told is told");
    reports.handle_fec_status(&status(11, (10, 0), 3), 0);
    assert_eq!(loss(reports.totals(0)), (26, 0, 2), "12 + 14");
}

#[test]
fn at_the_end_everything_counts_that_the_client_had_occasion_to_correct() {
    let mut reports = session(20);
    reports.handle_invalidation(9, 9, 0);
    reports.handle_ping();
    reports.handle_invalidation(12, 13, 0);
    assert_eq!(loss(reports.totals(0)), (0, 0, 0));
    assert_eq!(loss(reports.final_totals()), (24, 0, 1));
    assert_eq!(loss(reports.final_totals()), (24, 0, 1), "once");
}

#[test]
fn what_the_host_lost_is_not_the_networks() {
    for host_first in [true, false] {
        let mut reports = session(20);
        if host_first {
            reports.host_lost(FrameIndex(9), 5);
        }
        reports.handle_fec_status(&status(9, (14, 2), 3), 0);
        if !host_first {
            reports.host_lost(FrameIndex(9), 5);
        }
        assert_eq!(loss(reports.totals(0)), (3, 0, 1));
        reports.handle_invalidation(9, 10, 0);
        assert_eq!(reports.totals(0).frames_not_shown, 1, "10 only");
    }
    let mut reports = session(20);
    reports.host_lost(FrameIndex(9), 24);
    reports.host_lost(FrameIndex(9_999), 24);
    reports.handle_invalidation(9, 9, 0);
    assert_eq!(loss(settled(&mut reports)), (0, 0, 1));
}

#[test]
fn a_request_for_a_key_frame_gives_up_everything_from_the_loss_to_the_key_frame() {
    let mut reports = ClientReports::new(true);
    reports.handle_idr_request();
    let send = |reports: &mut ClientReports, frame, is_key| {
        reports.frame_sent(FrameIndex(frame), first_of(frame), &[block(20, 4)]);
        if is_key {
            reports.key_frame_sent(FrameIndex(frame));
        }
    };
    send(&mut reports, 1, true);
    for frame in 2..=10 {
        send(&mut reports, frame, false);
    }
    assert_eq!(
        reports.totals(0).frames_not_shown,
        0,
        "the first one starts"
    );
    reports.handle_fec_status(&status(8, (10, 0), 0), 0);
    reports.handle_idr_request();
    reports.handle_idr_request();
    assert_eq!(reports.totals(0).frames_not_shown, 3, "8 to 10");
    send(&mut reports, 11, false);
    send(&mut reports, 12, true);
    assert_eq!(reports.totals(0).frames_not_shown, 4, "and 11");
    send(&mut reports, 13, true);
    assert_eq!(reports.totals(0).frames_not_shown, 4);
    reports.handle_idr_request();
    assert_eq!(
        reports.totals(0).frames_not_shown,
        5,
        "13 for no known reason"
    );
}

#[test]
fn frame_numbers_may_wrap() {
    let mut reports = ClientReports::new(true);
    for step in 0..8_u32 {
        let frame = (u32::MAX - 3).wrapping_add(step);
        let first = SequenceNumber(step as u16 * 24);
        reports.frame_sent(FrameIndex(frame), first, &[block(20, 4)]);
    }
    reports.handle_invalidation(u32::MAX - 1, 1, 0);
    let totals = settled(&mut reports);
    assert_eq!(totals.frames_not_shown, 4);
    assert_eq!(loss(totals), (72, 0, 3));
}

/// The fate of one frame's packets, of blocks of 10 + 3.
fn fates() -> impl Strategy<Value = Vec<Vec<bool>>> {
    let packet = prop::bool::weighted(0.9);
    prop::collection::vec(prop::collection::vec(packet, 13), 1..200)
}

proptest! {
    /// A client that reports each block once, in order and without loss of reports: recovered packets are
    /// exact, lost ones are those below the highest received and those of lost blocks.
    #[test]
    fn fuzz_totals_are_what_a_client_counts_itself(fates in fates()) {
        let mut reports = ClientReports::new(true);
        let (mut lost, mut recovered, mut given_up) = (0_u64, 0_u64, 0_u64);
        for (frame, arrived) in (1_u32..).zip(&fates) {
            let first = SequenceNumber(frame.wrapping_mul(13) as u16);
            reports.frame_sent(FrameIndex(frame), first, &[block(10, 3)]);
            // The client stops at its tenth packet: what comes later is dropped unseen.
            let mut seen = [0_u16; 2];
            let mut highest = None;
            for (place, _) in arrived.iter().enumerate().filter(|(_, arrived)| **arrived) {
                if seen[0] + seen[1] == 10 {
                    break;
                }
                seen[usize::from(place >= 10)] += 1;
                highest = Some(place as u16);
            }
            let Some(highest) = highest.filter(|_| seen[0] < 10) else { continue };
            let received = seen[0] + seen[1];
            let missing = highest + 1 - received;
            if received == 10 {
                recovered += u64::from(10 - seen[0]);
                lost += u64::from(missing);
            } else {
                lost += u64::from(13 - received);
                given_up += 1;
            }
            reports.handle_fec_status(&FecStatus {
                frame: FrameIndex(frame),
                highest: first.plus(highest),
                next_contiguous: first,
                missing,
                data: 10,
                parity: 3,
                received_data: seen[0],
                received_parity: seen[1],
                percentage: 30,
                block: 0,
                blocks: 1,
            }, 0);
        }
        prop_assert_eq!(loss(reports.totals(0)), (lost, recovered, given_up));
        prop_assert_eq!(reports.totals(0).implausible, 0);
    }

    #[test]
    fn fuzz_whatever_is_reported_totals_grow_and_stay_below_what_was_sent(
        messages in prop::collection::vec(
            (0_u8..6, 0_u32..700, 0_u32..700, prop::array::uniform21(any::<u8>()), any::<bool>()),
            1..300,
        ),
    ) {
        let mut reports = session(600);
        let (mut newest, mut before) = (600, reports.totals(0));
        for (turn, (kind, first, last, bytes, is_near)) in (1_u64..).zip(messages) {
            match kind {
                0 => reports.handle_invalidation(first, last, turn * MS),
                1 => reports.handle_idr_request(),
                2 => reports.host_lost(FrameIndex(first), last as u16),
                3 => {
                    newest += 1;
                    reports.frame_sent(FrameIndex(newest), first_of(newest), &[block(20, 4)]);
                    if is_near {
                        reports.key_frame_sent(FrameIndex(newest));
                    }
                }
                _ => {
                    let mut status = FecStatus::from_bytes(&bytes);
                    if is_near {
                        let received = (u16::from(bytes[0] % 22), u16::from(bytes[1] % 6));
                        status = self::status(1 + first, received, u16::from(bytes[2] % 26));
                    }
                    reports.handle_fec_status(&status, 0);
                }
            }
            let totals = reports.totals(turn * 10 * MS);
            let (now, then) = (loss(totals), loss(before));
            prop_assert!(now.0 >= then.0 && now.1 >= then.1 && now.2 >= then.2);
            prop_assert!(totals.frames_not_shown >= before.frames_not_shown);
            prop_assert!(now.0 <= u64::from(newest) * 24 && now.1 <= u64::from(newest) * 4);
            prop_assert!(now.2.max(totals.frames_not_shown) <= u64::from(newest));
            before = totals;
        }
    }
}
