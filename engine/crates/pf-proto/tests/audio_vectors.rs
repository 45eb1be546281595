//! The printed audio blocks of gamestream-media.md 7.7, and a client that repairs any two losses of six.

use pf_proto::ProtoError;
use pf_proto::gamestream::audio::AudioPacketizer;
use pf_proto::units::SequenceNumber;
use proptest::prelude::*;

mod support;

use support::{cauchy, hex};

const PAYLOADS: [&str; 4] = [
    "E001020304050607",
    "E0F1E2D3C4B5A697",
    "E0AAAA5555AAAA55",
    "E0FFFFFF00000001",
];

/// A packetizer that has sent a block of 8-byte payloads: sequence 4, timestamp 20.
fn second_block() -> AudioPacketizer {
    let mut packetizer = AudioPacketizer::new(5);
    for _ in 0..4 {
        packetizer.packetize(&[0; 8]).unwrap();
    }
    packetizer
}

fn datagrams(packetizer: &mut AudioPacketizer, payload: &[u8]) -> Vec<Vec<u8>> {
    let made = packetizer.packetize(payload).unwrap();
    let mut all = vec![made.data.to_vec()];
    all.extend(made.parity.into_iter().flatten().map(<[u8]>::to_vec));
    all
}

#[test]
fn the_printed_block_comes_out_byte_for_byte() {
    let mut packetizer = second_block();
    let made: Vec<Vec<u8>> = PAYLOADS
        .iter()
        .flat_map(|payload| datagrams(&mut packetizer, &hex::bytes(payload)))
        .collect();
    let expected = [
        "80610004 00000014 00000000 E001020304050607",
        "80610005 00000019 00000000 E0F1E2D3C4B5A697",
        "80610006 0000001E 00000000 E0AAAA5555AAAA55",
        "80610007 00000023 00000000 E0FFFFFF00000001",
        "807F0008 00000000 00000000 00610004 00000014 00000000 E0DDF02D4F5F72A1",
        "807F0009 00000000 00000000 01610004 00000014 00000000 E0868490D87E7C04",
    ]
    .map(hex::bytes);
    assert_eq!(made, expected);
}

#[test]
fn parity_of_the_printed_ciphertexts_is_as_printed() {
    let mut packetizer = second_block();
    let mut parity = Vec::new();
    for payload in [
        "BA5C3F9B2322730325DEC774B58C578C",
        "BF3F73986A1E16694E52B9C92C72FD98",
        "F180660D2947BA518B83436C28916B3B",
        "98E1F0DF9DE354D370888AAE1D83565C",
    ] {
        let made = packetizer.packetize(&hex::bytes(payload)).unwrap();
        parity.extend(made.parity.into_iter().flatten().map(|p| p[24..].to_vec()));
    }
    let expected = [
        "15FC9FA2034EEEF9C419610A310545FC",
        "7A6BF0F0ACA74DCF134F540995C72880",
    ];
    assert_eq!(parity, expected.map(hex::bytes));
}

#[test]
fn only_the_fourth_packet_of_a_block_brings_parity() {
    let mut packetizer = AudioPacketizer::new(5);
    for number in 0..12 {
        let made = packetizer.packetize(&[1; 60]).unwrap();
        assert_eq!(made.parity.is_some(), number % 4 == 3, "packet {number}");
    }
}

#[test]
fn a_block_may_have_another_size_than_the_one_before() {
    let mut packetizer = second_block();
    assert_eq!(packetizer.sequence_for(60), SequenceNumber(4));
    for _ in 0..3 {
        packetizer.packetize(&[1; 60]).unwrap();
    }
    let made = packetizer.packetize(&[1; 60]).unwrap();
    assert_eq!(made.parity.unwrap()[0].len(), 84);
    assert_eq!(packetizer.cut_blocks(), 0);
}

#[test]
fn another_size_within_a_block_ends_it_without_parity_and_begins_the_next() {
    for before in 1..4 {
        let mut packetizer = second_block();
        for _ in 0..before {
            packetizer.packetize(&[1; 60]).unwrap();
        }
        assert_eq!(packetizer.sequence_for(61), SequenceNumber(8));
        let timestamp = 20 + before * 5;
        let mut parity = Vec::new();
        for number in 0..4 {
            let made = packetizer.packetize(&[1; 61]).unwrap();
            let sequence = [made.data[2], made.data[3]];
            assert_eq!(sequence, (8_u16 + number).to_be_bytes());
            parity.extend(made.parity.into_iter().flatten().map(<[u8]>::to_vec));
        }
        assert_eq!(parity.len(), 2, "the next block has its parity");
        assert_eq!(parity[0][14..16], [0, 8]);
        assert_eq!(parity[0][16..20], u32::to_be_bytes(timestamp));
        assert_eq!(packetizer.cut_blocks(), 1);
    }
}

#[test]
fn sequences_wrap_between_blocks() {
    let mut packetizer = AudioPacketizer::new(10);
    for _ in 0..65_535 {
        packetizer.packetize(&[2; 8]).unwrap();
    }
    let made = packetizer.packetize(&[2; 8]).unwrap();
    assert_eq!(made.data[2..4], [0xFF, 0xFF]);
    let parity = made.parity.unwrap();
    assert_eq!(
        (&parity[0][2..4], &parity[1][2..4]),
        (&[0, 0][..], &[0, 1][..])
    );
    assert_eq!(parity[0][14..16], [0xFF, 0xFC]);
    let made = packetizer.packetize(&[2; 8]).unwrap();
    assert_eq!(made.data[2..4], [0, 0]);
    assert_eq!(made.data[4..8], 655_360_u32.to_be_bytes());
}

#[test]
fn payloads_that_do_not_fit_are_refused_and_cost_no_number() {
    let mut packetizer = second_block();
    packetizer.packetize(&[1; 60]).unwrap();
    for bytes in [0, AudioPacketizer::MAX_PAYLOAD_BYTES + 1] {
        let error = packetizer.packetize(&vec![0; bytes]).unwrap_err();
        let limit_bytes = 1376;
        assert_eq!(error, ProtoError::AudioPayload { bytes, limit_bytes });
    }
    assert_eq!(packetizer.sequence_for(60), SequenceNumber(5));
    let mut packetizer = AudioPacketizer::new(5);
    for _ in 0..3 {
        packetizer.packetize(&[0; 1376]).unwrap();
    }
    let made = packetizer.packetize(&[0; 1376]).unwrap();
    assert_eq!(made.parity.unwrap()[1].len(), 1400);
}

const MATRIX: [[u8; 4]; 2] = [[0x77, 0x40, 0x38, 0x0E], [0xC7, 0xA7, 0x0D, 0x6C]];

/// Rebuilds two lost data payloads from the other two and both parities, by Cramer's rule.
fn rebuild(data: &[Vec<u8>], parity: &[Vec<u8>], a: usize, b: usize) -> [Vec<u8>; 2] {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for at in 0..data[0].len() {
        let rest = |row: usize| {
            (0..4)
                .filter(|column| *column != a && *column != b)
                .fold(parity[row][at], |sum, column| {
                    sum ^ cauchy::multiply(MATRIX[row][column], data[column][at])
                })
        };
        let (p, q) = (rest(0), rest(1));
        let by = |row: usize, column: usize, value| cauchy::multiply(MATRIX[row][column], value);
        let determinant = by(0, a, MATRIX[1][b]) ^ by(0, b, MATRIX[1][a]);
        let inverse = cauchy::inverse(determinant);
        first.push(cauchy::multiply(by(1, b, p) ^ by(0, b, q), inverse));
        second.push(cauchy::multiply(by(0, a, q) ^ by(1, a, p), inverse));
    }
    [first, second]
}

proptest! {
    #[test]
    fn fuzz_any_two_losses_of_a_block_are_repaired(
        block in (1_usize..200).prop_flat_map(|bytes| {
            prop::collection::vec(prop::collection::vec(any::<u8>(), bytes), 4)
        }),
        pair in prop::sample::select(vec![(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
    ) {
        let mut packetizer = AudioPacketizer::new(5);
        let mut parity = Vec::new();
        for payload in &block {
            let made = packetizer.packetize(payload).unwrap();
            prop_assert_eq!(&made.data[12..], &payload[..]);
            parity.extend(made.parity.into_iter().flatten().map(|p| p[24..].to_vec()));
        }
        let [first, second] = rebuild(&block, &parity, pair.0, pair.1);
        prop_assert_eq!(&first, &block[pair.0]);
        prop_assert_eq!(&second, &block[pair.1]);
    }

    #[test]
    fn fuzz_no_block_that_has_parity_holds_two_sizes(
        sizes in prop::collection::vec(1_usize..4, 1..200),
    ) {
        let mut packetizer = AudioPacketizer::new(5);
        let mut sent: Vec<(u16, usize)> = Vec::new();
        for bytes in sizes {
            let told = packetizer.sequence_for(bytes);
            let made = packetizer.packetize(&vec![9; bytes]).unwrap();
            let sequence = u16::from_be_bytes([made.data[2], made.data[3]]);
            prop_assert_eq!(told.0, sequence);
            let block_sizes = sent.iter().filter(|(other, _)| other / 4 == sequence / 4);
            for (_, size) in block_sizes.clone() {
                prop_assert_eq!(*size, bytes);
            }
            prop_assert_eq!(made.parity.is_some(), sequence % 4 == 3);
            prop_assert!(made.parity.is_none() || block_sizes.count() == 3);
            sent.push((sequence, bytes));
        }
    }
}
