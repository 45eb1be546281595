//! Vectors of the GameStream media specification, section 4: checked there against nanors at the commit
//! that the client pins, and against the client itself.

use pf_fec::{BlockLayout, reference};

use crate::block::{Block, bytes_from, encode_valid, encoders, name};
use crate::sha256::hex_digest;

#[test]
fn matrix_rows_are_those_of_the_specification() {
    let row = |row| [0, 1, 2].map(|index| reference::coefficient(2, row, index));
    assert_eq!(row(0), [0x8E, 0xF4, 0x47]);
    assert_eq!(row(1), [0xF4, 0x8E, 0xA7]);
}

#[test]
fn three_data_shards_give_the_published_two_parity_shards() {
    assert_parity(
        &["0001020304050607", "1011121314151617", "A0B0C0D0E0F00F1E"],
        &["D3AD3F4136483009", "28F037EF6FB70A75"],
    );
}

#[test]
fn one_data_shard_gives_the_published_two_parity_shards() {
    assert_parity(
        &["00112233445566778899AABBCCDDEEFF"],
        &[
            "0086119722A433B544C255D366E077F1",
            "000F1E113C33222D78776669444B5A55",
        ],
    );
}

#[test]
fn generator_gives_the_published_bytes() {
    let mut next_byte = bytes_from(1);
    let bytes: Vec<u8> = (0..16).map(|_| next_byte()).collect();
    assert_eq!(bytes, from_hex("3C5E81B40C5EC68E04A3406C97D63CFB"));
}

#[test]
fn generated_blocks_have_the_published_digests() {
    for expected in &GENERATED {
        let Generated {
            data,
            parity,
            shard_bytes,
            ..
        } = *expected;
        let layout = BlockLayout {
            data,
            parity,
            shard_bytes,
            stride_bytes: shard_bytes,
        };
        for encoder in encoders() {
            let seed = u32::try_from(data * 256 + parity).expect("small counts");
            let mut block = Block::new(layout, 0, bytes_from(seed));
            encode_valid(encoder, &mut block);
            let bytes = block.parity();
            let what = format!("{data}+{parity} x {shard_bytes} by {}", name(encoder));
            assert_eq!(hex_digest(&block.data()), expected.data_digest, "{what}");
            assert_eq!(hex_digest(&bytes), expected.parity_digest, "{what}");
            assert_eq!(bytes[..8], from_hex(expected.first), "{what}");
            assert_eq!(bytes[bytes.len() - 8..], from_hex(expected.last), "{what}");
        }
    }
}

/// In these datagrams the sender wrote its own headers over some bytes of parity; the rest is compared.
#[test]
fn parity_datagrams_of_a_complete_frame_are_those_that_a_client_accepts() {
    const HEADERS_REWRITTEN: [std::ops::Range<usize>; 3] = [16..20, 24..27, 32..80];
    for (data, parity) in [
        (&FRAME_1_DATA[..], FRAME_1_PARITY),
        (&FRAME_2_DATA[..], FRAME_2_PARITY),
    ] {
        let datagram = |hex: &&str| {
            let mut bytes = from_hex(hex);
            bytes.resize(80, 0);
            bytes
        };
        let data: Vec<Vec<u8>> = data.iter().map(datagram).collect();
        for encoder in encoders() {
            let mut block = Block::from_shards(&data, parity.len());
            encode_valid(encoder, &mut block);
            for (row, expected) in parity.iter().map(datagram).enumerate() {
                for columns in HEADERS_REWRITTEN {
                    let got = &block.shard(data.len() + row)[columns.clone()];
                    assert_eq!(got, &expected[columns], "row {row} by {}", name(encoder));
                }
            }
        }
    }
}

fn assert_parity(data: &[&str], parity: &[&str]) {
    let data: Vec<Vec<u8>> = data.iter().map(|hex| from_hex(hex)).collect();
    let parity: Vec<u8> = parity.iter().flat_map(|hex| from_hex(hex)).collect();
    for encoder in encoders() {
        let mut block = Block::from_shards(&data, parity.len() / data[0].len());
        encode_valid(encoder, &mut block);
        assert_eq!(block.parity(), parity, "{}", name(encoder));
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks_exact(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}

struct Generated {
    data: usize,
    parity: usize,
    shard_bytes: usize,
    data_digest: &'static str,
    parity_digest: &'static str,
    first: &'static str,
    last: &'static str,
}

const FRAME_1_DATA: [&str; 2] = [
    "90000000 00000000 00000000 00000000 00000000 01000000 05001000 40068000
     01250002 2F000000 00000001 6764001F ACD94050 05BB0000 000168EB E3CB0000 00016510 11121314 15161718 191A1B1C",
    "90000001 00000000 00000000 00000000 00010000 01000000 03001000 40168000
     1D1E1F20 21222324 25262728 292A2B2C 2D2E2F30 31323334 35363738 393A3B3C 3D3E3F40 41424344 45464748 494A4B00",
];
const FRAME_1_PARITY: &[&str] = &[
    "90000002 00000000 00000000 00000000 00F40000 01000000 8D00F300 40268000
     8596FEEA 861EEA1C E8E91D96 51DF196E 4DF8CE38 683611E7 139CD218 E8FDE214 E06FA9C3 B9374D36 4CC2B834 4EC0BA0E",
    "90000003 00000000 00000000 00000000 008E0000 01000000 8C00F300 40368000
     74E781E5 70119F12 9C139DE0 4CC29BE8 FCAB5228 9570971A 94EF4645 38AF931E 90EBB2DB A12F552E 54DAA02C 56D8A2FF",
];
const FRAME_2_DATA: [&str; 1] = [
    "90000004 000005DC 00000000 00000000 00020000 02000000 07001000 800C4000
     01290001 10000000 00000001 419A2102",
];
const FRAME_2_PARITY: &[&str] = &[
    "90000005 000005DC 00000000 00000000 00010000 02000000 8D000800 801C4000
     8E9A008E 08000000 0000008E AE4D9E01",
    "90000006 000005DC 00000000 00000000 00F50000 02000000 F600FB00 802C4000
     F4EC00F4 FB000000 000000F4 3F761FF5",
];

const GENERATED: [Generated; 7] = [
    Generated {
        data: 1,
        parity: 2,
        shard_bytes: 1408,
        data_digest: "39bd7badd142b49c104e06e21ad111e5accfb3fd55e6564b0c60d8aae809e033",
        parity_digest: "e37bb4c38d1d741d0450ab837b05e20cb33b134e5b2d08f6f5fb7e7fb9484017",
        first: "2b57b295a4cdc88e",
        last: "c4737f29e72dff0b",
    },
    Generated {
        data: 4,
        parity: 2,
        shard_bytes: 1408,
        data_digest: "8f2232951b462644f5a62f129144b860e1d1e19c2b7e3dbf00f63228ff1aaa7e",
        parity_digest: "4e9a9971d9d74fd27cd4f7018855321ab24c24857b4575516926e9a752684ec1",
        first: "1a35cc286b362848",
        last: "65d2fd9cec7557f2",
    },
    Generated {
        data: 22,
        parity: 5,
        shard_bytes: 1040,
        data_digest: "4b59d683a8c45419226f85bdd93f8a1919d27dbb139a99e1822a885a0f841f38",
        parity_digest: "8189655446cca4ae108c31ebfec7be82c060e277263a192bccb95bf7e28a4778",
        first: "5f3b05b8d5e85bb7",
        last: "28ca7f12c3fe5afd",
    },
    Generated {
        data: 40,
        parity: 8,
        shard_bytes: 1408,
        data_digest: "623925bf4ef4d9910eed07304f805996219f4b3600f27f877706bb8159798a07",
        parity_digest: "c6efd8c311011a057335460be67ab3d638df2e8387b12934369acc4099cd4345",
        first: "c0e92146ab54968c",
        last: "e92e37025d004f2e",
    },
    Generated {
        data: 170,
        parity: 85,
        shard_bytes: 1392,
        data_digest: "a0e8323f157d7e6d05b5272bd01fdf9cb0298b7804a1649fedb07fd7579100b9",
        parity_digest: "7071739413d42a0c81597b6d8733401d9ddad53db4119a0e83d2561ce494367d",
        first: "7b7290824ddce08c",
        last: "d7b2fa023cd3ffd7",
    },
    Generated {
        data: 201,
        parity: 41,
        shard_bytes: 1376,
        data_digest: "3b1d6c9bee43fa39c7bd9631e4c8b73b8aa6391d5cfc35efc14ee82b6b86269b",
        parity_digest: "c2c9fd8c80a5e6a349a0235cb9d7b1446a8811fd012a691a633b5c597e215f78",
        first: "cef18fbc6d174a77",
        last: "ed82d894f371087f",
    },
    Generated {
        data: 212,
        parity: 43,
        shard_bytes: 1408,
        data_digest: "0c42cf71773865be6931d7ff450311e3142f93e2d2ce5eb59d0caccce7c88cb8",
        parity_digest: "02921eaa6fe2f6134c933ff4d4f335cbaf6559d2658909d1f3f0ff8e9a324629",
        first: "3f948ce3062b728a",
        last: "fc75fb72ee9142d3",
    },
];
