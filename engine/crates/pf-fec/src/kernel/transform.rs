//! The transform over groups of 8 points: the polynomials of all data groups are bridged to each parity
//! group. For parity of one to three groups.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::group::{Group, add_one, add_two, bridge, finish, polynomial_of};
use super::lanes::Lanes;
use super::points::{BRIDGES, GROUP, GROUPS};
use super::shards::Shards;

/// Writes all parity shards.
///
/// # Safety
/// The processor has the instructions of `L`; shards are at least `L::BYTES` long.
#[inline(always)]
pub(super) unsafe fn encode<L: Lanes>(shards: &Shards<'_>) {
    let one_group = shards.parity() <= GROUP;
    for column in shards.columns(L::BYTES) {
        // SAFETY: `columns` stays within the shard; the rest is the caller's word.
        unsafe {
            if one_group {
                encode_column::<L, false>(shards, column);
            } else {
                encode_column::<L, true>(shards, column);
            }
        }
    }
}

/// Writes one column of all parity shards: of the first group straight from the polynomials while these
/// are in registers, of `MORE` groups from a copy.
///
/// # Safety
/// As for [`encode`]; `column` + `L::BYTES` ≤ shard_bytes.
#[inline(always)]
unsafe fn encode_column<L: Lanes, const MORE: bool>(shards: &Shards<'_>, column: usize) {
    let first = shards.parity() / GROUP;
    let end = (shards.parity() + shards.data()).div_ceil(GROUP);
    let mut kept = [const { MaybeUninit::<Group<L>>::uninit() }; GROUPS];
    // SAFETY: the caller's word; what is assumed to be initialised is said below.
    unsafe {
        let mut sums = [L::zero(); GROUP];
        let mut group = first;
        while L::MANY_REGISTERS && group + 2 <= end {
            let two = [group, group + 1].map(|group| polynomial_of(shards, group, column));
            if MORE {
                kept[group - first].write(two[0]);
                kept[group - first + 1].write(two[1]);
            }
            add_two(&mut sums, &two, [BRIDGES[group], BRIDGES[group + 1]]);
            group += 2;
        }
        while group < end {
            let one = polynomial_of(shards, group, column);
            if MORE {
                kept[group - first].write(one);
            }
            add_one(&mut sums, &one, BRIDGES[group]);
            group += 1;
        }
        finish(shards, 0, column, sums);
        if MORE {
            // SAFETY: the loop above wrote one polynomial for each group of `first..end`.
            let polynomials = kept[..end - first].assume_init_ref();
            finish_others(shards, column, polynomials);
        }
    }
}

/// Writes one column of all parity groups but the first.
///
/// # Safety
/// As for [`encode_column`].
#[inline(always)]
unsafe fn finish_others<L: Lanes>(shards: &Shards<'_>, column: usize, polynomials: &[Group<L>]) {
    let first = shards.parity() / GROUP;
    let parity_groups = shards.parity().div_ceil(GROUP);
    let mut group = 1;
    // SAFETY: the caller's word.
    unsafe {
        while L::MANY_REGISTERS && group + 2 <= parity_groups {
            let [one, other] = bridge(polynomials, first, group, &BRIDGES);
            finish(shards, group, column, one);
            finish(shards, group + 1, column, other);
            group += 2;
        }
        while group < parity_groups {
            let [one] = bridge(polynomials, first, group, &BRIDGES);
            finish(shards, group, column, one);
            group += 1;
        }
    }
}
