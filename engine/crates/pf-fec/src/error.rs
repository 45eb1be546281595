//! What the caller can get wrong about a block.

use std::{error, fmt};

use crate::{Kernel, MAX_SHARDS};

/// Why a block was not encoded; it is then left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FecError {
    /// The block has no data shard.
    NoData,
    /// The shards are zero bytes long.
    EmptyShards,
    /// Data and parity shards together are more than the field has points for.
    TooManyShards {
        /// Data shards asked for.
        data: usize,
        /// Parity shards asked for.
        parity: usize,
    },
    /// Shards would overlap: the distance between two is less than the length of one.
    StrideTooSmall {
        /// Length of a shard.
        shard_bytes: usize,
        /// Distance from the start of one shard to the start of the next.
        stride_bytes: usize,
    },
    /// The buffer ends before the last parity shard does.
    BlockTooShort {
        /// Bytes that the layout needs; `usize::MAX` when not even that would do.
        needed_bytes: usize,
        /// Bytes given.
        got_bytes: usize,
    },
    /// The processor lacks the instructions of the kernel that was asked for.
    KernelUnavailable {
        /// The kernel asked for.
        kernel: Kernel,
    },
}

impl fmt::Display for FecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoData => write!(f, "expected at least 1 data shard, got 0"),
            Self::EmptyShards => write!(f, "expected shards of at least 1 byte, got 0"),
            Self::TooManyShards { data, parity } => write!(
                f,
                "expected at most {MAX_SHARDS} shards, got {data} data + {parity} parity"
            ),
            Self::StrideTooSmall {
                shard_bytes,
                stride_bytes,
            } => write!(
                f,
                "expected a stride of at least {shard_bytes} bytes (one shard), got {stride_bytes}"
            ),
            Self::BlockTooShort {
                needed_bytes,
                got_bytes,
            } => write!(
                f,
                "expected a block of at least {needed_bytes} bytes, got {got_bytes}"
            ),
            Self::KernelUnavailable { kernel } => write!(
                f,
                "expected a kernel of this processor, got {}",
                kernel.name()
            ),
        }
    }
}

impl error::Error for FecError {}
