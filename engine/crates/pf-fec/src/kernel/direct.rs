//! The matrix as it stands, a few parity rows at once: each data byte is loaded one time for all of them.
//! Best for few rows; its work grows with data × parity.
#![allow(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "counted loops over arrays unroll into registers; iterators went through memory, 8 x slower"
)]

use super::lanes::Lanes;
use super::shards::Shards;
use crate::field::INVERSE;

/// Writes `ROWS` parity shards, which must be all there are.
///
/// # Safety
/// The processor has the instructions of `L`; shards are at least `L::BYTES` long.
#[inline(always)]
pub(super) unsafe fn encode<L: Lanes, const ROWS: usize>(shards: &Shards<'_>) {
    debug_assert_eq!(shards.parity(), ROWS);
    let wide_bytes = WIDTH * L::BYTES;
    let mut column = 0;
    // SAFETY: both loops end columns within the shard; the rest is the caller's word.
    unsafe {
        while column + wide_bytes <= shards.shard_bytes() {
            encode_columns::<L, ROWS, WIDTH>(shards, column);
            column += wide_bytes;
        }
        for column in shards.columns(L::BYTES).skip(column / L::BYTES) {
            encode_columns::<L, ROWS, 1>(shards, column);
        }
    }
}

/// # Safety
/// The processor has the instructions of `L`; `column` + `COUNT` · `L::BYTES` ≤ shard_bytes.
#[inline(always)]
unsafe fn encode_columns<L: Lanes, const ROWS: usize, const COUNT: usize>(
    shards: &Shards<'_>,
    column: usize,
) {
    // SAFETY: rows and indices are in range by their loops, columns by the caller's word.
    unsafe {
        let mut sums = [[L::zero(); COUNT]; ROWS];
        let mut index = 0;
        while index + 2 <= shards.data() {
            add_shards::<L, ROWS, COUNT, 2>(&mut sums, shards, index, column);
            index += 2;
        }
        if index < shards.data() {
            add_shards::<L, ROWS, COUNT, 1>(&mut sums, shards, index, column);
        }
        for row in 0..ROWS {
            for i in 0..COUNT {
                shards.store(row, column + i * L::BYTES, sums[row][i]);
            }
        }
    }
}

/// # Safety
/// As for [`encode_columns`]; `index` + `SHARDS` ≤ data.
#[inline(always)]
unsafe fn add_shards<L: Lanes, const ROWS: usize, const COUNT: usize, const SHARDS: usize>(
    sums: &mut [[L; COUNT]; ROWS],
    shards: &Shards<'_>,
    index: usize,
    column: usize,
) {
    // SAFETY: the caller's word.
    unsafe {
        let mut data = [[L::zero(); COUNT]; SHARDS];
        for n in 0..SHARDS {
            for i in 0..COUNT {
                data[n][i] = shards.load(index + n, column + i * L::BYTES);
            }
        }
        for row in 0..ROWS {
            for i in 0..COUNT {
                let mut products = L::zero();
                for n in 0..SHARDS {
                    let factor = L::factor(INVERSE[(ROWS + index + n) ^ row]);
                    products = products.add(data[n][i].times(factor));
                }
                sums[row][i] = sums[row][i].add(products);
            }
        }
    }
}

/// Columns taken together, so that a coefficient once loaded is used this often.
const WIDTH: usize = 2;
