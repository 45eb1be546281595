//! The additive-FFT kernel: groups of 8 data shards become polynomials, polynomials become sums for each
//! group of 8 parity shards, sums become parity. `algorithm.md` derives it.
#![allow(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "counted loops over arrays unroll into registers; iterators went through memory, 8 x slower"
)]

use std::mem::MaybeUninit;

use super::lanes::Lanes;
use super::points::{BRIDGES, GROUP, GROUPS, TWIDDLES};
use super::shards::Shards;
use crate::field::INVERSE;

/// One register for each point of a group.
type Group<L> = [L; GROUP];

/// Writes all parity shards.
///
/// # Safety
/// The processor has the instructions of `L`; shards are at least `L::BYTES` long.
#[inline(always)]
pub(super) unsafe fn encode<L: Lanes>(shards: &Shards<'_>) {
    for column in shards.columns(L::BYTES) {
        // SAFETY: `columns` stays within the shard; the rest is the caller's word.
        unsafe {
            match shards.parity().div_ceil(GROUP) {
                1 => encode_column::<L, 1, false>(shards, column),
                2 => encode_column::<L, 2, false>(shards, column),
                _ => encode_column::<L, 2, true>(shards, column),
            }
        }
    }
}

/// Writes one column of all parity shards: the first `FUSED` groups of them straight from the
/// data's polynomials while these are in registers, the others, if `MORE`, from a copy of those.
///
/// # Safety
/// As for [`encode`]; `column` + `L::BYTES` ≤ shard_bytes.
#[inline(always)]
unsafe fn encode_column<L: Lanes, const FUSED: usize, const MORE: bool>(
    shards: &Shards<'_>,
    column: usize,
) {
    let first = shards.parity() / GROUP;
    let end = (shards.parity() + shards.data()).div_ceil(GROUP);
    let mut polynomials = [const { MaybeUninit::<Group<L>>::uninit() }; GROUPS];
    // SAFETY: columns are in range by the caller's word, parity groups by the loops.
    unsafe {
        let mut sums = [[L::zero(); GROUP]; FUSED];
        for (group, kept) in (first..end).zip(&mut polynomials) {
            let mut polynomial = load_group::<L>(shards, group, column);
            interpolate(&mut polynomial, group);
            if MORE {
                kept.write(polynomial);
            }
            for i in 0..FUSED {
                add_bridged(&mut sums[i], &polynomial, group ^ i);
            }
        }
        for i in 0..FUSED {
            finish_group(shards, i, column, sums[i]);
        }
        if MORE {
            // SAFETY: `first..end` has at most GROUPS groups, and each was written above.
            let polynomials = polynomials[..end - first].assume_init_ref();
            let groups = shards.parity().div_ceil(GROUP);
            let mut parity_group = FUSED;
            while parity_group + 2 <= groups {
                finish_groups::<L, 2>(shards, parity_group, column, polynomials);
                parity_group += 2;
            }
            if parity_group < groups {
                finish_groups::<L, 1>(shards, parity_group, column, polynomials);
            }
        }
    }
}

/// Writes one column of `COUNT` parity groups from the polynomials of all data groups.
///
/// # Safety
/// As for [`encode_column`]; the parity groups exist.
#[inline(always)]
unsafe fn finish_groups<L: Lanes, const COUNT: usize>(
    shards: &Shards<'_>,
    parity_group: usize,
    column: usize,
    polynomials: &[Group<L>],
) {
    let first = shards.parity() / GROUP;
    // SAFETY: the caller's word.
    unsafe {
        let mut sums = [[L::zero(); GROUP]; COUNT];
        for (group, polynomial) in (first..).zip(polynomials) {
            for i in 0..COUNT {
                add_bridged(&mut sums[i], polynomial, group ^ (parity_group + i));
            }
        }
        for i in 0..COUNT {
            finish_group(shards, parity_group + i, column, sums[i]);
        }
    }
}

/// Loads the data shards whose points are in `group`; points of parity, or of nothing, are 0.
///
/// # Safety
/// As for [`encode_column`].
#[inline(always)]
unsafe fn load_group<L: Lanes>(shards: &Shards<'_>, group: usize, column: usize) -> Group<L> {
    let first_point = group * GROUP;
    let data_points = shards.parity()..shards.parity() + shards.data();
    // SAFETY: points are tested or known to be of data; columns are the caller's word.
    unsafe {
        let mut lanes = [L::zero(); GROUP];
        if data_points.start <= first_point && first_point + GROUP <= data_points.end {
            let first_index = first_point - data_points.start;
            for i in 0..GROUP {
                lanes[i] = shards.load(first_index + i, column);
            }
        } else {
            for i in 0..GROUP {
                let point = first_point + i;
                if data_points.contains(&point) {
                    lanes[i] = shards.load(point - data_points.start, column);
                }
            }
        }
        lanes
    }
}

/// From sums over all other groups to parity: evaluates them, adds the data of the same group, stores.
///
/// # Safety
/// As for [`encode_column`]; the parity group exists.
#[inline(always)]
unsafe fn finish_group<L: Lanes>(
    shards: &Shards<'_>,
    parity_group: usize,
    column: usize,
    mut sums: Group<L>,
) {
    let (parity, data) = (shards.parity(), shards.data());
    let (first_row, end_row) = (parity_group * GROUP, (parity_group + 1) * GROUP);
    // SAFETY: rows below `parity` and indices below `data`; columns are the caller's word.
    unsafe {
        evaluate(&mut sums, parity_group);
        for point in parity..end_row.min(parity + data) {
            let lanes: L = shards.load(point - parity, column);
            for i in 0..GROUP {
                let factor = L::factor(INVERSE[(first_row + i) ^ point]);
                sums[i] = sums[i].add(lanes.times(factor));
            }
        }
        for i in 0..GROUP {
            if first_row + i < parity {
                shards.store(first_row + i, column, sums[i]);
            }
        }
    }
}

/// `sums` += `polynomial` · what leads over `distance` = data group ^ parity group.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn add_bridged<L: Lanes>(sums: &mut Group<L>, polynomial: &Group<L>, distance: usize) {
    // SAFETY: the caller's word.
    unsafe {
        let factor = L::factor(BRIDGES[distance]);
        for i in 0..GROUP {
            sums[i] = sums[i].add(polynomial[i].times(factor));
        }
    }
}

/// From values on the points of `group` to the coefficients of the polynomial through them.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn interpolate<L: Lanes>(lanes: &mut Group<L>, group: usize) {
    // SAFETY: the caller's word.
    unsafe {
        let twiddles = &TWIDDLES[group];
        for i in 0..4 {
            join::<L>(lanes, 2 * i, 2 * i + 1, L::factor(twiddles[i]));
        }
        for i in 0..2 {
            join::<L>(lanes, i, i + 2, L::factor(twiddles[4]));
            join::<L>(lanes, i + 4, i + 6, L::factor(twiddles[5]));
        }
        for i in 0..4 {
            join::<L>(lanes, i, i + 4, L::factor(twiddles[6]));
        }
    }
}

/// From the coefficients of a polynomial to its values on the points of `group`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn evaluate<L: Lanes>(lanes: &mut Group<L>, group: usize) {
    // SAFETY: the caller's word.
    unsafe {
        let twiddles = &TWIDDLES[group];
        for i in 0..4 {
            part::<L>(lanes, i, i + 4, L::factor(twiddles[6]));
        }
        for i in 0..2 {
            part::<L>(lanes, i, i + 2, L::factor(twiddles[4]));
            part::<L>(lanes, i + 4, i + 6, L::factor(twiddles[5]));
        }
        for i in 0..4 {
            part::<L>(lanes, 2 * i, 2 * i + 1, L::factor(twiddles[i]));
        }
    }
}

/// The butterfly of interpolation: values of two halves to the polynomials that give them.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn join<L: Lanes>(lanes: &mut Group<L>, low: usize, high: usize, twiddle: L::Factor) {
    // SAFETY: the caller's word.
    unsafe {
        lanes[high] = lanes[high].add(lanes[low]);
        lanes[low] = lanes[low].add(lanes[high].times(twiddle));
    }
}

/// The butterfly of evaluation, the inverse of [`join`].
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn part<L: Lanes>(lanes: &mut Group<L>, low: usize, high: usize, twiddle: L::Factor) {
    // SAFETY: the caller's word.
    unsafe {
        lanes[low] = lanes[low].add(lanes[high].times(twiddle));
        lanes[high] = lanes[high].add(lanes[low]);
    }
}
