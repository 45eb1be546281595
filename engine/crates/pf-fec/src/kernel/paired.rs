//! The transform one round further: two groups are joined to a pair of 16 points, so that there are half as
//! many bridges on either side. For parity of more than three groups, where this saves more than it costs.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::group::{Group, add_one, bridge, finish, join, part, polynomial_of};
use super::lanes::Lanes;
use super::points::{BRIDGES, GROUP, PAIR_BRIDGES, PAIR_TWIDDLES, PAIRS};
use super::shards::Shards;

/// Writes all parity shards.
///
/// # Safety
/// The processor has the instructions of `L`; shards are at least `L::BYTES` long.
#[inline(always)]
pub(super) unsafe fn encode<L: Lanes>(shards: &Shards<'_>) {
    for column in shards.columns(L::BYTES) {
        // SAFETY: `columns` stays within the shard; the rest is the caller's word.
        unsafe { encode_column::<L>(shards, column) }
    }
}

/// # Safety
/// As for [`encode`]; `column` + `L::BYTES` ≤ shard_bytes.
#[inline(always)]
unsafe fn encode_column<L: Lanes>(shards: &Shards<'_>, column: usize) {
    let first = shards.parity() / PAIR;
    let end = (shards.parity() + shards.data()).div_ceil(PAIR);
    let parity_pairs = shards.parity().div_ceil(PAIR);
    let mut lows = [const { MaybeUninit::<Group<L>>::uninit() }; PAIRS];
    let mut highs = [const { MaybeUninit::<Group<L>>::uninit() }; PAIRS];
    // SAFETY: the caller's word; what is assumed to be initialised is said below.
    unsafe {
        for pair in first..end {
            let mut low = polynomial_of(shards, 2 * pair, column);
            let mut high = polynomial_of(shards, 2 * pair + 1, column);
            let twiddle = L::factor(PAIR_TWIDDLES[pair]);
            for (low, high) in low.iter_mut().zip(&mut high) {
                join(low, high, twiddle);
            }
            lows[pair - first].write(low);
            highs[pair - first].write(high);
        }
        // SAFETY: the loop wrote both for each pair of `first..end`.
        let lows = lows[..end - first].assume_init_ref();
        let highs = highs[..end - first].assume_init_ref();

        let mut pair = 0;
        while L::MANY_REGISTERS && pair + 2 <= parity_pairs {
            let low: [Group<L>; 2] = bridge(lows, first, pair, &PAIR_BRIDGES);
            let high: [Group<L>; 2] = bridge(highs, first, pair, &PAIR_BRIDGES);
            finish_pair(shards, pair, column, low[0], high[0]);
            finish_pair(shards, pair + 1, column, low[1], high[1]);
            pair += 2;
        }
        while pair < parity_pairs {
            let [low] = bridge(lows, first, pair, &PAIR_BRIDGES);
            let [high] = bridge(highs, first, pair, &PAIR_BRIDGES);
            finish_pair(shards, pair, column, low, high);
            pair += 1;
        }
    }
}

/// From the sums over all other pairs to the parity shards of `pair`. Where parity ends in the lower
/// group, the upper one has data that only now is bridged to it.
///
/// # Safety
/// As for [`encode_column`].
#[inline(always)]
unsafe fn finish_pair<L: Lanes>(
    shards: &Shards<'_>,
    pair: usize,
    column: usize,
    mut low: Group<L>,
    mut high: Group<L>,
) {
    let (lower, upper) = (2 * pair, 2 * pair + 1);
    // SAFETY: the caller's word.
    unsafe {
        let twiddle = L::factor(PAIR_TWIDDLES[pair]);
        for (low, high) in low.iter_mut().zip(&mut high) {
            part(low, high, twiddle);
        }
        if shards.parity() < (upper + 1) * GROUP {
            add_one(&mut low, &polynomial_of(shards, upper, column), BRIDGES[1]);
        }
        finish(shards, lower, column, low);
        if upper * GROUP < shards.parity() {
            finish(shards, upper, column, high);
        }
    }
}

/// Points of a pair.
const PAIR: usize = 2 * GROUP;
