//! What packets look like, field by field; what clients make of them is in `tests/`.

use std::convert::Infallible;

use super::*;
use crate::units::PacketSize;

const META: FrameMeta = FrameMeta {
    frame_type: FrameType::Predicted,
    latency_100us: 0,
    timestamp: RtpTimestamp(0x0102_0304),
    long_term_reference: false,
};

fn packetizer(fec_pct: u8) -> VideoPacketizer {
    let packet_size = PacketSize::new(64).unwrap();
    VideoPacketizer::new(VideoFormat {
        packet_size,
        fec_pct,
        min_parity: 2,
        prefix_bytes: 0,
    })
}

/// Marks parity so that tests see what was written over it.
fn mark_parity(shards: &mut [u8], data: usize, _parity: usize) -> Result<(), Infallible> {
    shards[data * 80..].fill(0xAA);
    Ok(())
}

fn run(
    packetizer: &mut VideoPacketizer,
    meta: FrameMeta,
    bytes: usize,
) -> (Packetized, Vec<Vec<u8>>) {
    let unit = vec![0x55; bytes];
    let plan = packetizer.plan(bytes).unwrap();
    let mut arena = vec![0; plan.arena_bytes()];
    let packetized = packetizer
        .packetize(meta, &unit, &plan, &mut arena, mark_parity)
        .unwrap();
    assert_eq!(packetized.bytes, arena.len());
    (
        packetized,
        arena.chunks_exact(80).map(<[u8]>::to_vec).collect(),
    )
}

fn sequence(datagram: &[u8]) -> u16 {
    u16::from_be_bytes([datagram[2], datagram[3]])
}

fn packet_index(datagram: &[u8]) -> u32 {
    u32::from_le_bytes(datagram[16..20].try_into().unwrap())
}

#[test]
fn the_sequence_wraps_inside_a_block() {
    let mut packetizer = packetizer(20);
    packetizer.next_sequence = SequenceNumber(65_533);
    let (packetized, datagrams) = run(&mut packetizer, META, 4 * 48 - 8);
    assert_eq!(packetized.first_sequence, SequenceNumber(65_533));
    let sequences: Vec<u16> = datagrams.iter().map(|d| sequence(d)).collect();
    assert_eq!(sequences, [65_533, 65_534, 65_535, 0, 1, 2]);
    let (packetized, _) = run(&mut packetizer, META, 10);
    assert_eq!(packetized.first_sequence, SequenceNumber(3));
}

#[test]
fn the_stream_packet_index_wraps_at_24_bits_inside_a_frame_and_counts_data_only() {
    let mut packetizer = packetizer(20);
    packetizer.next_index = StreamPacketIndex::new(0xFF_FFFE);
    let (_, datagrams) = run(&mut packetizer, META, 4 * 48 - 8);
    let indices: Vec<u32> = datagrams[..4].iter().map(|d| packet_index(d)).collect();
    assert_eq!(indices, [0xFFFF_FE00, 0xFFFF_FF00, 0, 0x100]);
    let (_, datagrams) = run(&mut packetizer, META, 10);
    assert_eq!(packet_index(&datagrams[0]), 0x200);
}

#[test]
fn the_frame_index_wraps_at_32_bits() {
    let mut packetizer = packetizer(20);
    packetizer.next_frame = FrameIndex(u32::MAX);
    assert_eq!(run(&mut packetizer, META, 10).0.frame, FrameIndex(u32::MAX));
    assert_eq!(packetizer.next_frame_index(), FrameIndex(0));
}

#[test]
fn every_block_has_its_own_first_and_last_flag_and_number() {
    let mut packetizer = packetizer(20);
    let meta = FrameMeta {
        long_term_reference: true,
        ..META
    };
    let (packetized, datagrams) = run(&mut packetizer, meta, 213 * 48 - 8);
    assert_eq!(
        (packetized.data_packets, packetized.parity_packets),
        (213, 44)
    );
    let (first, second) = datagrams.split_at(107 + 22);
    for (number, data, block) in [(0, 107, first), (1, 106, second)] {
        assert_eq!(block.len(), data + 22);
        for (i, datagram) in block[..data].iter().enumerate() {
            let expected = if i == 0 {
                5
            } else if i == data - 1 {
                3
            } else {
                1
            };
            assert_eq!(datagram[24], expected, "block {number} shard {i}");
            assert_eq!(datagram[25..27], [1, 0x10]);
        }
        for (i, datagram) in block.iter().enumerate() {
            assert_eq!(datagram[27], 0x40 | number << 4);
            let info = u32::from_le_bytes(datagram[28..32].try_into().unwrap());
            assert_eq!(info, (data as u32) << 22 | (i as u32) << 12 | 20 << 4);
        }
    }
}

#[test]
fn parity_keeps_its_own_bytes_at_16_to_19_and_24_to_26() {
    let mut packetizer = packetizer(20);
    packetizer.next_frame = FrameIndex(0x0A0B_0C0D);
    let (_, datagrams) = run(&mut packetizer, META, 10);
    let parity = &datagrams[1];
    assert_eq!(parity[0..4], [0x90, 0, 0, 1]);
    assert_eq!(parity[4..12], [1, 2, 3, 4, 0, 0, 0, 0]);
    assert_eq!(parity[16..20], [0xAA; 4]);
    assert_eq!(parity[20..24], [0x0D, 0x0C, 0x0B, 0x0A]);
    assert_eq!(parity[24..27], [0xAA; 3]);
    assert_eq!(parity[27], 0);
    assert!(parity[32..].iter().all(|&b| b == 0xAA));
}

#[test]
fn an_unprotected_frame_never_asks_for_parity() {
    let mut packetizer = packetizer(0);
    let unit = vec![1; 300 * 48 - 8];
    let plan = packetizer.plan(unit.len()).unwrap();
    let mut arena = vec![0; plan.arena_bytes()];
    let result = packetizer.packetize(META, &unit, &plan, &mut arena, |_, _, _| Err("asked"));
    assert_eq!(result.unwrap().parity_packets, 0);
}

#[test]
fn a_skipped_frame_uses_its_number_and_nothing_else() {
    let mut packetizer = packetizer(20);
    run(&mut packetizer, META, 10);
    assert_eq!(packetizer.skip_frame(), FrameIndex(2));
    let (packetized, datagrams) = run(&mut packetizer, META, 10);
    assert_eq!(
        (packetized.frame, packetized.first_sequence),
        (FrameIndex(3), SequenceNumber(3))
    );
    assert_eq!(packet_index(&datagrams[0]), 0x100);
}

#[test]
fn a_prefix_stays_as_it_is_and_shards_are_the_same_behind_it() {
    let xor = |stride: usize| {
        move |shards: &mut [u8], data: usize, parity: usize| -> Result<(), Infallible> {
            for number in data..data + parity {
                for column in 0..80 {
                    let sum =
                        (0..data).fold(number as u8, |sum, i| sum ^ shards[i * stride + column]);
                    shards[number * stride + column] = sum;
                }
            }
            Ok(())
        }
    };
    let mut plain = packetizer(20);
    let mut prefixed = VideoPacketizer::new(VideoFormat {
        prefix_bytes: 32,
        ..plain.format()
    });
    let unit: Vec<u8> = (0..5_000_u32).map(|i| ((i * 31) >> 3) as u8).collect();
    let plan = plain.plan(unit.len()).unwrap();
    let mut clear = vec![0; plan.arena_bytes()];
    let clear_frame = plain.packetize(META, &unit, &plan, &mut clear, xor(80));
    let plan = prefixed.plan(unit.len()).unwrap();
    let mut roomy = vec![0xA5; plan.arena_bytes()];
    let frame = prefixed.packetize(META, &unit, &plan, &mut roomy, xor(112));
    let (clear_frame, frame) = (clear_frame.unwrap(), frame.unwrap());
    assert_eq!(frame.datagram_bytes, 112);
    assert_eq!(frame.bytes, clear_frame.bytes / 80 * 112);
    for (datagram, shard) in roomy.chunks_exact(112).zip(clear.chunks_exact(80)) {
        assert_eq!(datagram[..32], [0xA5; 32]);
        assert_eq!(&datagram[32..], shard);
    }
}

#[test]
fn refusals_move_no_counter() {
    let mut packetizer = packetizer(20);
    let plan = packetizer.plan(100).unwrap();
    let needed_bytes = plan.arena_bytes();
    let mut arena = vec![0; needed_bytes];

    let result = packetizer.packetize(META, &[0; 99], &plan, &mut arena, mark_parity);
    let mismatch = ProtoError::PlanMismatch {
        planned_bytes: 100,
        bytes: 99,
    };
    assert_eq!(result, Err(PacketizeError::Refused(mismatch)));

    let short = ProtoError::ArenaTooSmall {
        needed_bytes,
        bytes: needed_bytes - 1,
    };
    let result = packetizer.packetize(META, &[0; 100], &plan, &mut arena[1..], mark_parity);
    assert_eq!(result, Err(PacketizeError::Refused(short)));

    let result = packetizer.packetize(META, &[0; 100], &plan, &mut arena, |_, _, _| {
        Err("no kernel")
    });
    assert_eq!(
        result,
        Err(PacketizeError::Parity {
            block: 0,
            source: "no kernel"
        })
    );

    let other = VideoFormat {
        fec_pct: 30,
        ..packetizer.format()
    };
    let result = packetizer.packetize(
        META,
        &[0; 100],
        &other.plan(100).unwrap(),
        &mut arena,
        mark_parity,
    );
    assert!(matches!(
        result,
        Err(PacketizeError::Refused(ProtoError::PlanMismatch { .. }))
    ));

    let packetized = packetizer
        .packetize(META, &[0; 100], &plan, &mut arena, mark_parity)
        .unwrap();
    assert_eq!(
        (packetized.frame, packetized.first_sequence),
        (FrameIndex(1), SequenceNumber(0))
    );
}
