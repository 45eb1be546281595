//! What the transform does to one group of 8 points: load, interpolate, bridge, evaluate, store.
//! `algorithm.md` derives it.
#![allow(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "counted loops over arrays unroll into registers; iterators went through memory, 8 x slower"
)]

use super::lanes::Lanes;
use super::points::{GROUP, TWIDDLES};
use super::shards::Shards;
use crate::field::INVERSE;

/// One register for each point of a group: values, or coefficients of the polynomial through them.
pub(super) type Group<L> = [L; GROUP];

/// Loads the data shards whose points are in `group` and interpolates. Points of parity, or of
/// nothing, count as 0.
///
/// # Safety
/// The processor has the instructions of `L`; `column` + `L::BYTES` ≤ shard_bytes.
#[inline(always)]
pub(super) unsafe fn polynomial_of<L: Lanes>(
    shards: &Shards<'_>,
    group: usize,
    column: usize,
) -> Group<L> {
    // SAFETY: the caller's word.
    unsafe {
        let mut lanes = load(shards, group, column);
        interpolate(&mut lanes, group);
        lanes
    }
}

/// From the sums over all other groups to the parity shards of `group`: evaluates, adds by the
/// formula the data of the same group, stores. Points of data are left out.
///
/// # Safety
/// As for [`polynomial_of`].
#[inline(always)]
pub(super) unsafe fn finish<L: Lanes>(
    shards: &Shards<'_>,
    group: usize,
    column: usize,
    mut sums: Group<L>,
) {
    let parity = shards.parity();
    let data_points = parity..(parity + shards.data()).min((group + 1) * GROUP);
    // SAFETY: rows are below `parity`, data points at or above it and below its end; columns are
    // the caller's word.
    unsafe {
        evaluate(&mut sums, group);
        for i in 0..GROUP {
            let row = group * GROUP + i;
            if row >= parity {
                break;
            }
            let mut sum = sums[i];
            for point in data_points.clone() {
                let data: L = shards.load(point - parity, column);
                sum = sum.add(data.times(L::factor(INVERSE[row ^ point])));
            }
            shards.store(row, column, sum);
        }
    }
}

/// The sums of `COUNT` parity units from the polynomials of data units, both consecutive. A unit is
/// a group, or half a pair of groups; `bridges` is of the same kind.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn bridge<L: Lanes, const COUNT: usize>(
    polynomials: &[Group<L>],
    first_data: usize,
    first_parity: usize,
    bridges: &[u8],
) -> [Group<L>; COUNT] {
    let (twos, rest) = polynomials.as_chunks::<2>();
    let mut data = first_data;
    // SAFETY: the caller's word.
    unsafe {
        let mut sums = [[L::zero(); GROUP]; COUNT];
        for two in twos {
            for n in 0..COUNT {
                let parity = first_parity + n;
                let over = [bridges[data ^ parity], bridges[(data + 1) ^ parity]];
                add_two(&mut sums[n], two, over);
            }
            data += 2;
        }
        for one in rest {
            for n in 0..COUNT {
                add_one(&mut sums[n], one, bridges[data ^ (first_parity + n)]);
            }
        }
        sums
    }
}

/// `sums` += `polynomial` · `bridge`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn add_one<L: Lanes>(sums: &mut Group<L>, polynomial: &Group<L>, bridge: u8) {
    // SAFETY: the caller's word.
    unsafe {
        let factor = L::factor(bridge);
        for i in 0..GROUP {
            sums[i] = sums[i].add(polynomial[i].times(factor));
        }
    }
}

/// [`add_one`] for two polynomials. The sum of three becomes one instruction where there is one, and
/// Zen 4 then starts a product each cycle; alternating with two-operand sums, it takes 1.4 cycles.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn add_two<L: Lanes>(
    sums: &mut Group<L>,
    polynomials: &[Group<L>; 2],
    bridges: [u8; 2],
) {
    // SAFETY: the caller's word.
    unsafe {
        let factors = [L::factor(bridges[0]), L::factor(bridges[1])];
        for i in 0..GROUP {
            let first = polynomials[0][i].times(factors[0]);
            let second = polynomials[1][i].times(factors[1]);
            sums[i] = sums[i].add(first.add(second));
        }
    }
}

/// The butterfly of interpolation, from the values of two halves to the polynomials that give them.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn join<L: Lanes>(low: &mut L, high: &mut L, twiddle: L::Factor) {
    // SAFETY: the caller's word.
    unsafe {
        *high = high.add(*low);
        *low = low.add(high.times(twiddle));
    }
}

/// The butterfly of evaluation, the inverse of [`join`].
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn part<L: Lanes>(low: &mut L, high: &mut L, twiddle: L::Factor) {
    // SAFETY: the caller's word.
    unsafe {
        *low = low.add(high.times(twiddle));
        *high = high.add(*low);
    }
}

/// # Safety
/// As for [`polynomial_of`].
#[inline(always)]
unsafe fn load<L: Lanes>(shards: &Shards<'_>, group: usize, column: usize) -> Group<L> {
    let first_point = group * GROUP;
    let data_points = shards.parity()..shards.parity() + shards.data();
    // SAFETY: points are tested to be of data, together or each; columns are the caller's word.
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

/// From values on the points of `group` to the coefficients of the polynomial through them.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn interpolate<L: Lanes>(lanes: &mut Group<L>, group: usize) {
    let twiddles = &TWIDDLES[group];
    // SAFETY: the caller's word.
    unsafe {
        let [a, b, c, d, e, f, g, h] = lanes;
        join(a, b, L::factor(twiddles[0]));
        join(c, d, L::factor(twiddles[1]));
        join(e, f, L::factor(twiddles[2]));
        join(g, h, L::factor(twiddles[3]));
        let low = L::factor(twiddles[4]);
        let high = L::factor(twiddles[5]);
        join(a, c, low);
        join(b, d, low);
        join(e, g, high);
        join(f, h, high);
        let all = L::factor(twiddles[6]);
        join(a, e, all);
        join(b, f, all);
        join(c, g, all);
        join(d, h, all);
    }
}

/// From the coefficients of a polynomial to its values on the points of `group`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn evaluate<L: Lanes>(lanes: &mut Group<L>, group: usize) {
    let twiddles = &TWIDDLES[group];
    // SAFETY: the caller's word.
    unsafe {
        let [a, b, c, d, e, f, g, h] = lanes;
        let all = L::factor(twiddles[6]);
        part(a, e, all);
        part(b, f, all);
        part(c, g, all);
        part(d, h, all);
        let low = L::factor(twiddles[4]);
        let high = L::factor(twiddles[5]);
        part(a, c, low);
        part(b, d, low);
        part(e, g, high);
        part(f, h, high);
        part(a, b, L::factor(twiddles[0]));
        part(c, d, L::factor(twiddles[1]));
        part(e, f, L::factor(twiddles[2]));
        part(g, h, L::factor(twiddles[3]));
    }
}
