//! Whatever a plan allows to be lost is rebuilt, by a receiver that knows only the specification.

use proptest::prelude::*;

use pf_proto::gamestream::video::{FrameMeta, FramePlan, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{PacketSize, RtpTimestamp};

mod support;

use support::{cauchy, receiver::Receiver};

/// A small deterministic source of choices, so that a failing case is told by its seed.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

fn format(packet_size: u32, fec_pct: u8, min_parity: u8) -> VideoFormat {
    VideoFormat {
        packet_size: PacketSize::new(packet_size).unwrap(),
        fec_pct,
        min_parity,
        prefix_bytes: 0,
    }
}

fn meta(number: usize) -> FrameMeta {
    FrameMeta {
        frame_type: if number == 0 {
            FrameType::Key
        } else {
            FrameType::Predicted
        },
        latency_100us: number as u16,
        timestamp: RtpTimestamp(number as u32 * 1500),
        long_term_reference: number.is_multiple_of(8),
    }
}

/// True for each datagram of the frame that is lost: exactly as many a block as it has parity.
fn losses(plan: &FramePlan, choices: &mut Choices) -> Vec<bool> {
    let mut lost = Vec::new();
    for block in plan.blocks() {
        let mut block_lost = vec![false; block.shards()];
        for _ in 0..block.parity {
            let shard = choices.below(block_lost.len());
            block_lost[shard] = true;
        }
        lost.extend(block_lost);
    }
    lost
}

/// Sends the units and drops datagrams of each; every unit must arrive equal.
fn round_trip(format: VideoFormat, units: &[Vec<u8>], choices: &mut Choices) -> Receiver {
    let mut packetizer = VideoPacketizer::new(format);
    let mut receiver = Receiver::new(format.packet_size.get());
    for (number, unit) in units.iter().enumerate() {
        let plan = packetizer.plan(unit.len()).unwrap();
        let mut arena = vec![0xCC; plan.arena_bytes()];
        packetizer
            .packetize(meta(number), unit, &plan, &mut arena, cauchy::encode)
            .unwrap();
        let lost = losses(&plan, choices);
        let datagrams = arena.chunks_exact(format.packet_size.shard_bytes());
        for (datagram, _) in datagrams.zip(lost).filter(|(_, lost)| !lost) {
            receiver.handle(datagram);
        }
        let received = receiver.frames.last().expect("the frame arrived");
        assert_eq!(received.index as usize, number + 1);
        assert!(
            received.access_unit == *unit,
            "frame {} of {} bytes differs",
            number + 1,
            unit.len()
        );
        assert_eq!(received.frame_type, meta(number).frame_type as u8);
        assert_eq!(received.latency_100us, number as u16);
        assert_eq!(received.timestamp, number as u32 * 1500);
        assert_eq!(received.long_term_reference, number.is_multiple_of(8));
    }
    assert!(receiver.lost.is_empty());
    receiver
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fuzz_a_loss_of_as_many_shards_as_a_block_has_parity_is_rebuilt(
        step in 4_u32..=96,
        pct: u8,
        min_parity in 0_u8..=8,
        sizes in prop::collection::vec(1_usize..=20_000, 1..4),
        seed: u64,
    ) {
        let mut choices = Choices(seed);
        let units: Vec<Vec<u8>> = sizes.iter().map(|&size| choices.bytes(size)).collect();
        round_trip(format(step * 16, pct, min_parity), &units, &mut choices);
    }
}

#[test]
fn frames_of_two_to_four_blocks_are_rebuilt_at_stock_settings() {
    let mut choices = Choices(7);
    let stock = format(1392, 20, 2);
    let units: Vec<Vec<u8>> = [213, 425, 848]
        .iter()
        .map(|n| choices.bytes(n * 1376 - 8))
        .collect();
    assert_eq!(stock.plan(units[2].len()).unwrap().blocks().len(), 4);
    let receiver = round_trip(stock, &units, &mut choices);
    assert!(receiver.recovered_packets > 100);
}

#[test]
fn every_single_loss_of_a_two_block_frame_is_rebuilt() {
    let small = format(64, 20, 2);
    let unit = Choices(3).bytes(215 * 48 - 20);
    let mut packetizer = VideoPacketizer::new(small);
    let plan = packetizer.plan(unit.len()).unwrap();
    let mut arena = vec![0; plan.arena_bytes()];
    packetizer
        .packetize(meta(0), &unit, &plan, &mut arena, cauchy::encode)
        .unwrap();
    for lost in 0..plan.packets() {
        let mut receiver = Receiver::new(64);
        for (number, datagram) in arena.chunks_exact(80).enumerate() {
            if number != lost {
                receiver.handle(datagram);
            }
        }
        assert_eq!(receiver.frames.len(), 1, "datagram {lost} lost");
        assert!(
            receiver.frames[0].access_unit == unit,
            "datagram {lost} lost"
        );
    }
}

#[test]
fn one_loss_more_than_parity_loses_that_frame_only() {
    let stock = format(1392, 20, 2);
    let mut packetizer = VideoPacketizer::new(stock);
    let mut receiver = Receiver::new(1392);
    for number in 0..3 {
        let plan = packetizer.plan(10_000).unwrap();
        assert_eq!((plan.data_packets(), plan.parity_packets()), (8, 2));
        let mut arena = vec![0; plan.arena_bytes()];
        packetizer
            .packetize(
                meta(number),
                &[7; 10_000],
                &plan,
                &mut arena,
                cauchy::encode,
            )
            .unwrap();
        let skip = if number == 1 { 3 } else { 0 };
        arena
            .chunks_exact(1408)
            .skip(skip)
            .for_each(|datagram| receiver.handle(datagram));
    }
    assert_eq!(receiver.lost, [2]);
    assert_eq!(
        receiver.frames.iter().map(|f| f.index).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[test]
fn a_dropped_frame_shows_as_a_gap_and_the_next_one_arrives() {
    let stock = format(1392, 20, 2);
    let mut packetizer = VideoPacketizer::new(stock);
    let mut receiver = Receiver::new(1392);
    let mut arena = vec![0; 1408 * 8];
    for number in 0..4 {
        if number == 2 {
            packetizer.skip_frame();
            continue;
        }
        let plan = packetizer.plan(3_000).unwrap();
        let bytes = plan.arena_bytes();
        packetizer
            .packetize(meta(number), &[9; 3_000], &plan, &mut arena, cauchy::encode)
            .unwrap();
        arena[..bytes]
            .chunks_exact(1408)
            .for_each(|datagram| receiver.handle(datagram));
    }
    assert_eq!(receiver.lost, [3]);
    assert_eq!(
        receiver.frames.iter().map(|f| f.index).collect::<Vec<_>>(),
        [1, 2, 4]
    );
}

#[test]
fn a_session_runs_through_several_wraps_of_the_sequence() {
    let small = format(64, 1, 2);
    let mut choices = Choices(11);
    let unit = choices.bytes(1008 * 48 - 8);
    let units = vec![unit; 140];
    let receiver = round_trip(small, &units, &mut choices);
    assert_eq!(receiver.frames.len(), 140, "140 × 1020 datagrams");
}
