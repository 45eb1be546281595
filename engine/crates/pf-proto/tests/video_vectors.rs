//! The complete frames of gamestream-media.md 4.5, byte for byte, and the matrix of 4.4.

use pf_proto::gamestream::video::{FrameMeta, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{FrameIndex, PacketSize, RtpTimestamp, SequenceNumber};

mod support;

use support::{cauchy, hex, receiver::Receiver};

const KEY_FRAME: [&str; 4] = [
    "90000000 00000000 00000000 00000000 00000000 01000000 05001000 40068000
     01250002 2F000000 00000001 6764001F ACD94050 05BB0000 000168EB E3CB0000 00016510 11121314 15161718 191A1B1C",
    "90000001 00000000 00000000 00000000 00010000 01000000 03001000 40168000
     1D1E1F20 21222324 25262728 292A2B2C 2D2E2F30 31323334 35363738 393A3B3C 3D3E3F40 41424344 45464748 494A4B00",
    "90000002 00000000 00000000 00000000 00F40000 01000000 8D00F300 40268000
     8596FEEA 861EEA1C E8E91D96 51DF196E 4DF8CE38 683611E7 139CD218 E8FDE214 E06FA9C3 B9374D36 4CC2B834 4EC0BA0E",
    "90000003 00000000 00000000 00000000 008E0000 01000000 8C00F300 40368000
     74E781E5 70119F12 9C139DE0 4CC29BE8 FCAB5228 9570971A 94EF4645 38AF931E 90EBB2DB A12F552E 54DAA02C 56D8A2FF",
];

const SECOND_FRAME: [&str; 3] = [
    "90000004 000005DC 00000000 00000000 00020000 02000000 07001000 800C4000  01290001 10000000 00000001 419A2102",
    "90000005 000005DC 00000000 00000000 00010000 02000000 8D000800 801C4000  8E9A008E 08000000 0000008E AE4D9E01",
    "90000006 000005DC 00000000 00000000 00F50000 02000000 F600FB00 802C4000  F4EC00F4 FB000000 000000F4 3F761FF5",
];

fn key_frame_access_unit() -> Vec<u8> {
    let mut unit = hex::bytes("00000001 6764001FACD9405005BB 00000001 68EBE3CB 00000001 65");
    unit.extend(0x10..=0x4B);
    assert_eq!(unit.len(), 87);
    unit
}

/// The seven datagrams as printed, padded to 80 bytes.
fn printed() -> Vec<Vec<u8>> {
    KEY_FRAME
        .iter()
        .chain(&SECOND_FRAME)
        .map(|line| {
            let mut bytes = hex::bytes(line);
            bytes.resize(80, 0);
            bytes
        })
        .collect()
}

#[test]
fn two_frames_come_out_as_the_specification_prints_them() {
    let packet_size = PacketSize::new(64).unwrap();
    let mut packetizer = VideoPacketizer::new(VideoFormat {
        packet_size,
        fec_pct: 20,
        min_parity: 2,
        prefix_bytes: 0,
    });
    let mut arena = vec![0xEE; 4 * 80 + 7];

    let unit = key_frame_access_unit();
    let plan = packetizer.plan(unit.len()).unwrap();
    let meta = FrameMeta {
        frame_type: FrameType::Key,
        latency_100us: 37,
        timestamp: RtpTimestamp(0),
        long_term_reference: false,
    };
    let first = packetizer
        .packetize(meta, &unit, &plan, &mut arena, cauchy::encode)
        .unwrap();
    assert_eq!(
        (first.frame, first.first_sequence),
        (FrameIndex(1), SequenceNumber(0))
    );
    assert_eq!((first.bytes, first.datagram_bytes), (320, 80));
    assert_eq!((first.data_packets, first.parity_packets), (2, 2));
    let printed = printed();
    for (number, datagram) in arena[..320].chunks_exact(80).enumerate() {
        assert_eq!(datagram, printed[number], "datagram {number}");
    }
    assert_eq!(
        arena[320..],
        [0xEE; 7],
        "nothing is written behind the frame"
    );

    let unit = hex::bytes("00000001 419A2102");
    let plan = packetizer.plan(unit.len()).unwrap();
    let meta = FrameMeta {
        frame_type: FrameType::Predicted,
        latency_100us: 41,
        timestamp: RtpTimestamp(1500),
        long_term_reference: false,
    };
    let second = packetizer
        .packetize(meta, &unit, &plan, &mut arena, cauchy::encode)
        .unwrap();
    assert_eq!(
        (second.frame, second.first_sequence, second.bytes),
        (FrameIndex(2), SequenceNumber(4), 240)
    );
    for (number, datagram) in arena[..240].chunks_exact(80).enumerate() {
        assert_eq!(datagram, printed[4 + number], "datagram {}", 4 + number);
    }
}

#[test]
fn any_two_datagrams_of_the_printed_key_frame_rebuild_it() {
    let printed = printed();
    for a in 0..4 {
        for b in (0..4).filter(|&b| b != a) {
            let mut receiver = Receiver::new(64);
            receiver.handle(&printed[a]);
            receiver.handle(&printed[b]);
            assert_eq!(receiver.frames.len(), 1, "datagrams {a} and {b}");
            assert_eq!(receiver.frames[0].access_unit, key_frame_access_unit());
            assert_eq!(
                (
                    receiver.frames[0].frame_type,
                    receiver.frames[0].latency_100us
                ),
                (2, 37)
            );
        }
    }
}

#[test]
fn the_scalar_parity_of_these_tests_is_the_specified_one() {
    assert_eq!(cauchy::multiply(2, 0x80), 0x1D);
    assert_eq!(cauchy::multiply(0x57, 0x83), 0x31);
    assert_eq!(cauchy::multiply(0xFF, 0xFF), 0xE2);
    for (value, inverse) in [
        (2, 0x8E),
        (3, 0xF4),
        (4, 0x47),
        (5, 0xA7),
        (0x53, 0x8C),
        (0x80, 0x1B),
        (0xFF, 0xFD),
    ] {
        assert_eq!(cauchy::inverse(value), inverse);
    }
    let mut shards = hex::bytes("0001020304050607 1011121314151617 A0B0C0D0E0F00F1E");
    shards.resize(40, 0);
    cauchy::encode(&mut shards, 3, 2).unwrap();
    assert_eq!(
        shards[24..],
        hex::bytes("D3AD3F4136483009 28F037EF6FB70A75")
    );
}
