//! One video datagram, taken apart (§3). Looks at one datagram only; what follows from several is `assembler`.
//!
//! | off | bytes | field | | off | bytes | field |
//! |---|---|---|---|---|---|---|
//! | 0 | 1 | 0x90 | | 20 | 4 LE | frame |
//! | 2 | 2 BE | sequence | | 24 | 1 | flags (parity: parity) |
//! | 4 | 4 BE | timestamp, 90 kHz | | 27 | 1 | last block, this block |
//! | 16 | 4 LE | packet index << 8 | | 28 | 4 LE | data shards, shard index, percentage |

use std::fmt;

/// Bytes before a shard's payload.
pub(crate) const HEADER_BYTES: usize = 32;

/// A well-formed datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) frame: u32,
    pub(crate) block: u8,
    pub(crate) place: Place,
    /// The whole datagram; shorter than a shard only when it is the last data packet of its block.
    pub(crate) shard: &'a [u8],
}

/// What all packets of a block agree on, and where in the block this one lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shape: Shape,
    /// Position in the block: data first, then parity.
    pub(crate) index: u16,
}

/// The shape of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) last_block: u8,
    pub(crate) data_shards: u16,
    pub(crate) parity_pct: u8,
}

impl Shape {
    /// The wire carries only the percentage: both ends must compute the same count.
    pub(crate) fn parity_shards(self) -> u16 {
        let hundredths = u32::from(self.data_shards) * u32::from(self.parity_pct);
        hundredths.div_ceil(100) as u16
    }

    pub(crate) fn shards(self) -> u16 {
        self.data_shards + self.parity_shards()
    }
}

/// Why a datagram cannot be a video packet of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    Short { bytes: usize },
    Size { bytes: usize, expected: usize },
    FirstByte { found: u8 },
    BlockByte { found: u8 },
    FecInfo { found: u32 },
    NoDataShards,
    Shards { data: u16, parity: u16 },
    Index { index: u16, shards: u16 },
}

impl<'a> Packet<'a> {
    /// Reads a datagram of a session whose shards have `shard_bytes`.
    pub(crate) fn parse(datagram: &'a [u8], shard_bytes: usize) -> Result<Self, Malformed> {
        let bytes = datagram.len();
        let Some(header) = datagram.first_chunk::<HEADER_BYTES>() else {
            return Err(Malformed::Short { bytes });
        };
        if header[0] != 0x90 {
            return Err(Malformed::FirstByte { found: header[0] });
        }
        let block_byte = header[27];
        let (last_block, block) = (block_byte >> 6, block_byte >> 4 & 3);
        if block_byte & 0x0F != 0 || block > last_block {
            return Err(Malformed::BlockByte { found: block_byte });
        }
        let fec_info = u32_le(header, 28);
        if fec_info & 0x0F != 0 {
            return Err(Malformed::FecInfo { found: fec_info });
        }
        let shape = Shape {
            last_block,
            data_shards: (fec_info >> 22) as u16,
            parity_pct: (fec_info >> 4) as u8,
        };
        let index = (fec_info >> 12 & 0x3FF) as u16;
        let parity = shape.parity_shards();
        if shape.data_shards == 0 {
            return Err(Malformed::NoDataShards);
        }
        if parity > 0 && shape.shards() > MOST_SHARDS_WITH_PARITY {
            return Err(Malformed::Shards {
                data: shape.data_shards,
                parity,
            });
        }
        if index >= shape.shards() {
            return Err(Malformed::Index {
                index,
                shards: shape.shards(),
            });
        }
        // Padding may be left out of the last data packet; anything else would break recovery (§3.5).
        let may_be_short = index + 1 == shape.data_shards;
        if bytes > shard_bytes || (bytes < shard_bytes && !may_be_short) {
            return Err(Malformed::Size {
                bytes,
                expected: shard_bytes,
            });
        }
        Ok(Self {
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            frame: u32_le(header, 20),
            block,
            place: Place { shape, index },
            shard: datagram,
        })
    }
}

/// Flags that the data packet at `index` of a block must carry (§3.1).
pub(crate) fn expected_flags(index: u16, data_shards: u16) -> u8 {
    let first = if index == 0 { START_OF_BLOCK } else { 0 };
    let last = if index + 1 == data_shards {
        END_OF_BLOCK
    } else {
        0
    };
    PICTURE_DATA | first | last
}

/// What a data shard says about itself, valid for received and rebuilt ones alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataHeader {
    /// 24 bits, +1 a data packet.
    pub(crate) packet_index: u32,
    pub(crate) packet_index_low_byte: u8,
    pub(crate) flags: u8,
    pub(crate) long_term_reference: bool,
}

impl DataHeader {
    pub(crate) fn of(header: &[u8; HEADER_BYTES]) -> Self {
        let raw = u32_le(header, 16);
        Self {
            packet_index: raw >> 8,
            packet_index_low_byte: raw as u8,
            flags: header[24],
            long_term_reference: header[25] & 1 != 0,
        }
    }
}

fn u32_le(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { bytes } => write!(
                f,
                "a datagram of {bytes} bytes, a header alone has {HEADER_BYTES}"
            ),
            Self::Size { bytes, expected } => {
                write!(f, "a packet of {bytes} bytes, expected {expected}")
            }
            Self::FirstByte { found } => write!(f, "first byte {found:#04x}, expected 0x90"),
            Self::BlockByte { found } => {
                write!(f, "block byte {found:#04x} names no block of a frame")
            }
            Self::FecInfo { found } => write!(f, "FEC word {found:#010x} has its low bits set"),
            Self::NoDataShards => f.write_str("a block without data packets"),
            Self::Shards { data, parity } => {
                write!(
                    f,
                    "a block of {data} data and {parity} parity packets, at most {MOST_SHARDS_WITH_PARITY}"
                )
            }
            Self::Index { index, shards } => write!(f, "packet {index} of a block of {shards}"),
        }
    }
}

const PICTURE_DATA: u8 = 1;
const END_OF_BLOCK: u8 = 2;
const START_OF_BLOCK: u8 = 4;
/// The field has 256 points and zero is none of them.
const MOST_SHARDS_WITH_PARITY: u16 = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_sender::vector_4_5;

    #[test]
    fn the_specification_s_first_datagram_reads_as_it_explains() {
        let datagrams = vector_4_5();
        let packet = Packet::parse(&datagrams[0], 80).expect("well-formed");
        assert_eq!(
            (
                packet.sequence,
                packet.timestamp,
                packet.frame,
                packet.block
            ),
            (0, 0, 1, 0)
        );
        let shape = Shape {
            last_block: 0,
            data_shards: 2,
            parity_pct: 100,
        };
        assert_eq!(packet.place, Place { shape, index: 0 });
        assert_eq!((shape.parity_shards(), shape.shards()), (2, 4));
        let header = DataHeader::of(datagrams[1].first_chunk().expect("32 bytes"));
        assert_eq!(
            (header.packet_index, header.flags),
            (1, expected_flags(1, 2))
        );
        let second_frame = Packet::parse(&datagrams[4], 80).expect("well-formed");
        assert_eq!(
            (
                second_frame.sequence,
                second_frame.timestamp,
                second_frame.frame
            ),
            (4, 1500, 2)
        );
        assert_eq!(second_frame.place.shape.parity_shards(), 2);
    }

    #[test]
    fn parity_is_counted_like_the_table_of_the_specification() {
        let counts = [
            (1, 200, 2),
            (3, 66, 2),
            (6, 20, 2),
            (16, 20, 4),
            (22, 20, 5),
            (201, 20, 41),
            (212, 20, 43),
        ];
        for (data_shards, parity_pct, expected) in counts {
            let shape = Shape {
                last_block: 0,
                data_shards,
                parity_pct,
            };
            assert_eq!(
                shape.parity_shards(),
                expected,
                "{data_shards} at {parity_pct} %"
            );
        }
    }

    #[test]
    fn a_datagram_cut_anywhere_is_refused_unless_only_padding_can_be_missing() {
        let datagrams = vector_4_5();
        for length in 0..80 {
            assert!(
                Packet::parse(&datagrams[0][..length], 80).is_err(),
                "first data packet, {length} bytes"
            );
            assert!(
                Packet::parse(&datagrams[2][..length], 80).is_err(),
                "parity, {length} bytes"
            );
            let last = Packet::parse(&datagrams[1][..length], 80);
            assert_eq!(
                last.is_ok(),
                length >= HEADER_BYTES,
                "last data packet, {length} bytes"
            );
        }
    }

    #[test]
    fn each_wrong_field_is_named() {
        let changed = |at: usize, value: u8| {
            let mut datagram = vector_4_5().swap_remove(0);
            datagram[at] = value;
            Packet::parse(&datagram, 80)
                .map(|packet| packet.place)
                .expect_err("malformed")
        };
        assert_eq!(changed(0, 0x80), Malformed::FirstByte { found: 0x80 });
        assert_eq!(changed(27, 0x10), Malformed::BlockByte { found: 0x10 });
        assert_eq!(changed(27, 0x01), Malformed::BlockByte { found: 0x01 });
        assert_eq!(changed(28, 0x41), Malformed::FecInfo { found: 0x0080_0641 });
        assert_eq!(changed(30, 0x00), Malformed::NoDataShards);
        assert_eq!(
            changed(29, 0x46),
            Malformed::Index {
                index: 4,
                shards: 4
            }
        );
        assert_eq!(
            changed(31, 0x20),
            Malformed::Shards {
                data: 130,
                parity: 130
            }
        );
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), sixteen in any::<bool>()) {
            let mut bytes = bytes;
            if sixteen && !bytes.is_empty() {
                bytes[0] = 0x90;
            }
            if let Ok(packet) = Packet::parse(&bytes, 80) {
                prop_assert!(packet.place.index < packet.place.shape.shards());
            }
        }
    }
}
