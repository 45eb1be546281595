//! Where the shards of one FEC block lie in memory, checked once before anything is read.

use crate::FecError;

/// Most shards, data and parity together, that one block may have. The client's decoder has this limit.
pub const MAX_SHARDS: usize = 255;

/// A block in one buffer: `data` shards, then `parity` shards, `stride_bytes` from start to start.
///
/// The bytes between the end of a shard and the start of the next are neither read nor written, so
/// a slot may carry a prefix or suffix that parity does not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLayout {
    /// Data shards, at least 1.
    pub data: usize,
    /// Parity shards; 0 is allowed and encodes nothing.
    pub parity: usize,
    /// Bytes of a shard that parity covers.
    pub shard_bytes: usize,
    /// Bytes from the start of one shard to the start of the next, at least `shard_bytes`.
    pub stride_bytes: usize,
}

impl BlockLayout {
    /// Bytes from the start of the first shard to the end of the last; saturates instead of wrapping.
    pub const fn needed_bytes(&self) -> usize {
        self.data
            .saturating_add(self.parity)
            .saturating_sub(1)
            .saturating_mul(self.stride_bytes)
            .saturating_add(self.shard_bytes)
    }

    /// Says whether a block of `block_bytes` holds this layout. Every kernel relies on it.
    pub(crate) fn check(&self, block_bytes: usize) -> Result<(), FecError> {
        let Self {
            data,
            parity,
            shard_bytes,
            stride_bytes,
        } = *self;
        if data == 0 {
            return Err(FecError::NoData);
        }
        if shard_bytes == 0 {
            return Err(FecError::EmptyShards);
        }
        if data > MAX_SHARDS || parity > MAX_SHARDS - data {
            return Err(FecError::TooManyShards { data, parity });
        }
        if stride_bytes < shard_bytes {
            return Err(FecError::StrideTooSmall {
                shard_bytes,
                stride_bytes,
            });
        }
        if block_bytes < self.needed_bytes() {
            return Err(FecError::BlockTooShort {
                needed_bytes: self.needed_bytes(),
                got_bytes: block_bytes,
            });
        }
        Ok(())
    }
}
