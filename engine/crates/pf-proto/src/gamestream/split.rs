//! How a frame is split into FEC blocks, and how many parity shards each gets.
//!
//! The wire carries only the data count and the percentage of a block; the client computes the parity
//! count from them and with it the matrix. So every block here keeps
//! `parity == ceil(data · percentage / 100)` and `data + parity ≤ 255`.
//! Source: gamestream-media.md 3.7 and 4.2 (the client's `RtpVideoQueue.c`).

use crate::error::ProtoError;
use crate::units::PacketSize;

/// What a session negotiated about its video datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// The client's packet size, already without the encryption prefix.
    pub packet_size: PacketSize,
    /// Parity percentage of the session; 0 sends no parity at all, whatever `min_parity` says.
    pub fec_pct: u8,
    /// Lower bound of parity shards a block, as the client asks (stock: 2). Kept as far as the wire can
    /// express it: at most 255 % of the data shards and 255 shards a block.
    pub min_parity: u8,
    /// Room in front of every shard that parity does not cover: 32 where datagrams are sealed, else 0.
    pub prefix_bytes: usize,
}

impl VideoFormat {
    /// Bytes of one datagram: prefix and shard.
    pub const fn datagram_bytes(&self) -> usize {
        self.prefix_bytes + self.packet_size.shard_bytes()
    }

    /// Most FEC blocks of a frame: the block number has two bits.
    pub const MAX_BLOCKS: usize = 4;
    /// Most data shards of a block: the field has ten bits. With parity the limit is 255 shards in all.
    pub const MAX_BLOCK_DATA: usize = 1023;
    /// Most data shards of a frame.
    pub const MAX_FRAME_DATA: usize = Self::MAX_BLOCKS * Self::MAX_BLOCK_DATA;

    /// The largest access unit that a frame can carry.
    pub const fn max_access_unit_bytes(&self) -> usize {
        Self::MAX_FRAME_DATA * self.packet_size.payload_bytes() - FRAME_HEADER_BYTES
    }

    /// Splits a frame.
    ///
    /// A frame that would need more than four protected blocks is planned without parity
    /// ([`FramePlan::is_unprotected`]): the client accepts it, and each lost datagram then loses the frame.
    ///
    /// # Errors
    /// [`ProtoError::EmptyAccessUnit`] and [`ProtoError::Oversize`].
    pub fn plan(&self, access_unit_bytes: usize) -> Result<FramePlan, ProtoError> {
        if access_unit_bytes == 0 {
            return Err(ProtoError::EmptyAccessUnit);
        }
        let limit_bytes = self.max_access_unit_bytes();
        if access_unit_bytes > limit_bytes {
            return Err(ProtoError::Oversize {
                bytes: access_unit_bytes,
                limit_bytes,
            });
        }

        let data_packets =
            (FRAME_HEADER_BYTES + access_unit_bytes).div_ceil(self.packet_size.payload_bytes());
        let max_protected = 25_500 / (100 + usize::from(self.fec_pct));
        let wanted_blocks = data_packets.div_ceil(max_protected);
        let block_count = wanted_blocks.min(Self::MAX_BLOCKS);
        let protected = self.fec_pct > 0 && wanted_blocks <= Self::MAX_BLOCKS;
        let per_block = data_packets.div_ceil(block_count);

        let mut blocks = [BlockPlan::default(); Self::MAX_BLOCKS];
        let mut left = data_packets;
        let mut parity_packets = 0;
        for block in &mut blocks[..block_count] {
            let data = per_block.min(left);
            left -= data;
            *block = if protected {
                self.protect(data)
            } else {
                BlockPlan::unprotected(data)
            };
            parity_packets += block.parity;
        }
        Ok(FramePlan {
            format: *self,
            access_unit_bytes,
            blocks,
            block_count: block_count as u8,
            data_packets: data_packets as u16,
            parity_packets,
        })
    }

    /// The parity of one block; `data` is at most 25,500 / (100 + `fec_pct`).
    fn protect(&self, data: usize) -> BlockPlan {
        let room = 255 - data;
        let minimum = usize::from(self.min_parity).min(room);
        let mut percentage = usize::from(self.fec_pct);
        if parity_count(data, percentage) < minimum {
            percentage = (100 * minimum / data).min(255);
            // The floor above is a percentage too low for some blocks of more than 100 shards.
            let raised = parity_count(data, percentage + 1);
            if parity_count(data, percentage) < minimum && percentage < 255 && raised <= room {
                percentage += 1;
            }
        }
        BlockPlan {
            data: data as u16,
            parity: parity_count(data, percentage) as u16,
            percentage: percentage as u8,
        }
    }
}

/// Bytes of the header in front of every access unit.
pub const FRAME_HEADER_BYTES: usize = 8;

/// One FEC block of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockPlan {
    /// Data shards.
    pub data: u16,
    /// Parity shards, which follow the data shards on the wire.
    pub parity: u16,
    /// The percentage written into every shard of the block.
    pub percentage: u8,
}

impl BlockPlan {
    /// Shards of the block, data and parity.
    pub const fn shards(&self) -> usize {
        self.data as usize + self.parity as usize
    }

    const fn unprotected(data: usize) -> Self {
        Self {
            data: data as u16,
            parity: 0,
            percentage: 0,
        }
    }
}

/// How one access unit becomes datagrams. Made by [`VideoFormat::plan`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePlan {
    format: VideoFormat,
    access_unit_bytes: usize,
    blocks: [BlockPlan; VideoFormat::MAX_BLOCKS],
    block_count: u8,
    data_packets: u16,
    parity_packets: u16,
}

impl FramePlan {
    /// The blocks in wire order, 1 to 4.
    pub fn blocks(&self) -> &[BlockPlan] {
        &self.blocks[..usize::from(self.block_count)]
    }

    /// The format that the plan was made for.
    pub const fn format(&self) -> VideoFormat {
        self.format
    }

    /// Bytes of the access unit that the plan was made for.
    pub const fn access_unit_bytes(&self) -> usize {
        self.access_unit_bytes
    }

    /// Data shards of all blocks.
    pub const fn data_packets(&self) -> u16 {
        self.data_packets
    }

    /// Parity shards of all blocks.
    pub const fn parity_packets(&self) -> u16 {
        self.parity_packets
    }

    /// Datagrams of the frame.
    pub const fn packets(&self) -> usize {
        self.data_packets as usize + self.parity_packets as usize
    }

    /// Bytes of all datagrams, which is what an arena slot must hold.
    pub const fn arena_bytes(&self) -> usize {
        self.packets() * self.format.datagram_bytes()
    }

    /// True when the session wants parity and this frame is too large for it.
    pub const fn is_unprotected(&self) -> bool {
        self.format.fec_pct > 0 && self.parity_packets == 0
    }

    /// Bytes of the last data shard's payload that are in use: the header's `lastPayloadLen`.
    pub(crate) const fn last_payload_bytes(&self) -> u16 {
        let payload = self.format.packet_size.payload_bytes();
        let rest = (FRAME_HEADER_BYTES + self.access_unit_bytes) % payload;
        if rest == 0 {
            payload as u16
        } else {
            rest as u16
        }
    }
}

/// The parity count that the client computes from the wire.
const fn parity_count(data: usize, percentage: usize) -> usize {
    (data * percentage).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn format(packet_size: u32, fec_pct: u8, min_parity: u8) -> VideoFormat {
        VideoFormat {
            packet_size: PacketSize::new(packet_size).unwrap(),
            fec_pct,
            min_parity,
            prefix_bytes: 0,
        }
    }

    /// The access unit that needs exactly `packets` full data packets.
    fn bytes_for(format: &VideoFormat, packets: usize) -> usize {
        packets * format.packet_size.payload_bytes() - FRAME_HEADER_BYTES
    }

    fn split(format: VideoFormat, packets: usize) -> Vec<(u16, u16, u8)> {
        let plan = format.plan(bytes_for(&format, packets)).unwrap();
        plan.blocks()
            .iter()
            .map(|b| (b.data, b.parity, b.percentage))
            .collect()
    }

    #[test]
    fn parity_counts_are_those_of_the_specification() {
        let stock = format(1392, 20, 2);
        let table = [
            (1, 2, 200),
            (2, 2, 100),
            (3, 2, 66),
            (4, 2, 50),
            (5, 2, 40),
            (6, 2, 20),
            (10, 2, 20),
            (11, 3, 20),
            (15, 3, 20),
            (16, 4, 20),
            (20, 4, 20),
            (22, 5, 20),
            (100, 20, 20),
            (201, 41, 20),
            (212, 43, 20),
        ];
        for (data, parity, percentage) in table {
            assert_eq!(
                split(stock, data),
                [(data as u16, parity, percentage)],
                "{data} data shards"
            );
        }
    }

    #[test]
    fn a_block_grows_to_the_255_shard_limit_before_the_frame_splits() {
        for (pct, most) in [
            (5, 242),
            (10, 231),
            (20, 212),
            (30, 196),
            (50, 170),
            (100, 127),
        ] {
            let format = format(1024, pct, 2);
            assert_eq!(split(format, most).len(), 1, "{pct} %");
            let two = split(format, most + 1);
            assert_eq!(two.len(), 2, "{pct} %");
            assert_eq!(usize::from(two[0].0), (most + 1).div_ceil(2), "{pct} %");
            assert_eq!(usize::from(two[0].0 + two[1].0), most + 1, "{pct} %");
        }
    }

    #[test]
    fn the_last_block_gets_the_rest() {
        assert_eq!(
            split(format(1392, 20, 2), 637),
            [(160, 32, 20), (160, 32, 20), (160, 32, 20), (157, 32, 20)]
        );
    }

    #[test]
    fn a_frame_beyond_four_protected_blocks_is_sent_unprotected() {
        let stock = format(1392, 20, 2);
        assert_eq!(split(stock, 848), [(212, 43, 20); 4]);
        assert_eq!(
            split(stock, 849),
            [(213, 0, 0), (213, 0, 0), (213, 0, 0), (210, 0, 0)]
        );
        let plan = stock.plan(bytes_for(&stock, 849)).unwrap();
        assert!(plan.is_unprotected());
        assert_eq!(
            (plan.data_packets(), plan.parity_packets(), plan.packets()),
            (849, 0, 849)
        );
        assert_eq!(plan.arena_bytes(), 849 * 1408);
    }

    #[test]
    fn a_session_without_parity_ignores_the_minimum_and_is_not_called_unprotected() {
        let none = format(1392, 0, 2);
        assert_eq!(split(none, 1), [(1, 0, 0)]);
        assert_eq!(split(none, 255), [(255, 0, 0)]);
        assert_eq!(split(none, 256), [(128, 0, 0); 2]);
        assert!(!none.plan(1).unwrap().is_unprotected());
    }

    #[test]
    fn a_frame_is_oversize_from_4093_packets_on() {
        let stock = format(1392, 20, 2);
        let limit_bytes = stock.max_access_unit_bytes();
        assert_eq!(limit_bytes, 4092 * 1376 - 8);
        assert_eq!(split(stock, 4092), [(1023, 0, 0); 4]);
        let refused = Err(ProtoError::Oversize {
            bytes: limit_bytes + 1,
            limit_bytes,
        });
        assert_eq!(stock.plan(limit_bytes + 1), refused);
        assert_eq!(
            stock.plan(usize::MAX).unwrap_err(),
            ProtoError::Oversize {
                bytes: usize::MAX,
                limit_bytes
            }
        );
    }

    #[test]
    fn an_empty_access_unit_is_refused() {
        assert_eq!(
            format(1392, 20, 2).plan(0),
            Err(ProtoError::EmptyAccessUnit)
        );
    }

    #[test]
    fn a_minimum_above_what_the_wire_expresses_is_kept_as_far_as_possible() {
        assert_eq!(split(format(1392, 20, 255), 1), [(1, 3, 255)]);
        assert_eq!(split(format(1392, 1, 50), 252), [(252, 3, 1)]);
        // floor(100 · 40 / 201) = 19 % would be 39 shards.
        assert_eq!(split(format(1392, 1, 40), 201), [(201, 41, 20)]);
    }

    #[test]
    fn last_payload_bytes_is_never_zero() {
        let small = format(64, 20, 2);
        assert_eq!(small.plan(87).unwrap().last_payload_bytes(), 47);
        assert_eq!(small.plan(88).unwrap().last_payload_bytes(), 48);
        assert_eq!(small.plan(89).unwrap().last_payload_bytes(), 1);
        assert_eq!(small.plan(8).unwrap().last_payload_bytes(), 16);
    }

    #[test]
    fn every_block_size_at_every_percentage_is_what_the_client_computes() {
        for pct in 1..=255_u8 {
            for min_parity in [0, 1, 2, 3, 40, 255] {
                let format = format(1392, pct, min_parity);
                for data in 1..=25_500 / (100 + usize::from(pct)) {
                    let block = format.protect(data);
                    let parity = usize::from(block.parity);
                    assert_eq!(parity, (data * usize::from(block.percentage)).div_ceil(100));
                    assert!(data + parity <= 255, "{data} + {parity} at {pct} %");
                    assert!(
                        parity >= (data * usize::from(pct)).div_ceil(100),
                        "{data} at {pct} %"
                    );
                    if min_parity <= 2 {
                        assert!(parity >= usize::from(min_parity), "{data} at {pct} %");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn fuzz_every_plan_covers_the_frame_within_the_limits(
            step in 4_u32..=559,
            pct: u8,
            min_parity: u8,
            packets in 1_usize..=4092,
            unused in 0_usize..48,
        ) {
            let format = format(step * 16, pct, min_parity);
            let bytes = bytes_for(&format, packets).saturating_sub(unused).max(1);
            let plan = format.plan(bytes).unwrap();
            let data: usize = plan.blocks().iter().map(|b| usize::from(b.data)).sum();
            prop_assert_eq!(data, (bytes + 8).div_ceil(format.packet_size.payload_bytes()));
            prop_assert_eq!(data, usize::from(plan.data_packets()));
            prop_assert_eq!(plan.packets(), plan.blocks().iter().map(BlockPlan::shards).sum::<usize>());
            for block in plan.blocks() {
                let (d, p, pct) = (usize::from(block.data), usize::from(block.parity), usize::from(block.percentage));
                prop_assert!(d >= 1);
                prop_assert_eq!(p, (d * pct).div_ceil(100));
                let limit = if p > 0 { 255 } else { 1023 };
                prop_assert!(d + p <= limit, "{} + {} shards", d, p);
            }
        }
    }
}
