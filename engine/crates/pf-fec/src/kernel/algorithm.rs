//! Which algorithm for how many parity shards; the same for every kernel.
#![allow(unsafe_code)]

use super::lanes::Lanes;
use super::shards::Shards;
use super::{direct, paired, transform};

/// Writes all parity shards. The limits are where one algorithm was measured to overtake the other on
/// Zen 4, within a few per cent the same for GFNI and AVX2: at 30 data shards the transform gains from
/// 7 rows on, and pairs from 25 on, the fourth group of parity.
///
/// # Safety
/// The processor has the instructions of `L`; shards are at least `L::BYTES` long.
#[inline(always)]
pub(super) unsafe fn encode<L: Lanes>(shards: &Shards<'_>) {
    // SAFETY: the caller's word; the rows of `direct` are all that there are.
    unsafe {
        match shards.parity() {
            0 => {}
            1 => direct::encode::<L, 1>(shards),
            2 => direct::encode::<L, 2>(shards),
            3 => direct::encode::<L, 3>(shards),
            4 => direct::encode::<L, 4>(shards),
            5 => direct::encode::<L, 5>(shards),
            6 => direct::encode::<L, 6>(shards),
            7..=24 => transform::encode::<L>(shards),
            _ => paired::encode::<L>(shards),
        }
    }
}
