//! The FEC block under construction: a place for each shard, and when there are enough of them.

use crate::erasure;
use crate::packet::{HEADER_BYTES, Packet, Shape};

/// A block of which at least one packet has come.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) number: u8,
    pub(crate) shape: Shape,
    pub(crate) timestamp: u32,
    /// Sequence of its first packet.
    pub(crate) base: u16,
    shard_bytes: usize,
    shards: Vec<u8>,
    present: Vec<bool>,
    stored: u16,
    highest: u16,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    InOrder,
    Overtaken,
    Duplicate,
    /// It claims to belong here, and contradicts the packets before it.
    Disagrees,
}

impl Block {
    /// Begins the block of `packet`, without storing it; `memory` is of an earlier block.
    pub(crate) fn begin(packet: &Packet<'_>, shard_bytes: usize, mut memory: Vec<u8>) -> Self {
        let shards = usize::from(packet.place.shape.shards());
        memory.resize(shards * shard_bytes, 0);
        Self {
            number: packet.block,
            shape: packet.place.shape,
            timestamp: packet.timestamp,
            base: packet.sequence.wrapping_sub(packet.place.index),
            shard_bytes,
            shards: memory,
            present: vec![false; shards],
            stored: 0,
            highest: 0,
        }
    }

    pub(crate) fn store(&mut self, packet: &Packet<'_>) -> Stored {
        let index = packet.place.index;
        let base = packet.sequence.wrapping_sub(index);
        if packet.place.shape != self.shape
            || base != self.base
            || packet.timestamp != self.timestamp
        {
            return Stored::Disagrees;
        }
        let slot = usize::from(index);
        if self.present[slot] {
            return Stored::Duplicate;
        }
        let shard = &mut self.shards[slot * self.shard_bytes..][..self.shard_bytes];
        let (filled, padding) = shard.split_at_mut(packet.shard.len());
        filled.copy_from_slice(packet.shard);
        padding.fill(0);
        self.present[slot] = true;
        let overtaken = index < self.highest;
        self.highest = self.highest.max(index);
        self.stored += 1;
        if overtaken {
            Stored::Overtaken
        } else {
            Stored::InOrder
        }
    }

    /// Packets missing before the highest that came.
    pub(crate) fn holes(&self) -> u16 {
        self.highest + 1 - self.stored
    }

    pub(crate) fn has_enough(&self) -> bool {
        self.stored >= self.shape.data_shards
    }

    /// Rebuilds the missing data shards and answers how many; `None` when there were not enough packets.
    pub(crate) fn rebuild(&mut self) -> Option<u16> {
        let data = usize::from(self.shape.data_shards);
        let missing = self.present[..data]
            .iter()
            .filter(|present| !**present)
            .count();
        let whole = missing == 0
            || erasure::rebuild(&mut self.shards, self.shard_bytes, data, &self.present);
        whole.then_some(missing as u16)
    }

    /// The data shards, in order: header and payload. Meaningful once rebuilt.
    pub(crate) fn data_shards(&self) -> impl Iterator<Item = (&[u8; HEADER_BYTES], &[u8])> {
        let shards = self.shards.chunks_exact(self.shard_bytes);
        shards
            .take(usize::from(self.shape.data_shards))
            .filter_map(<[u8]>::split_first_chunk)
    }

    /// Sequence of the packet that follows the block.
    pub(crate) fn end(&self) -> u16 {
        self.base.wrapping_add(self.shape.shards())
    }

    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.shards
    }
}
