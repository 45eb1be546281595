//! The constants of the transform over 8 points: see "The transform" in `algorithm.md`.

use crate::field::{inverse, product};

/// Points of one group: the transform works on 8 at a time, which with 8 sums fit 16 or 32 registers.
pub(super) const GROUP: usize = 8;

/// Groups in the field.
pub(super) const GROUPS: usize = 256 / GROUP;

/// Pairs of groups in the field.
pub(super) const PAIRS: usize = GROUPS / 2;

/// `TWIDDLES[g]`: what the butterflies of group g multiply by: four of level 0, two of 1, one of 2.
pub(super) static TWIDDLES: [[u8; 7]; GROUPS] = {
    let mut table = [[0; 7]; GROUPS];
    let mut group = 0;
    while group < GROUPS {
        let first = (group * GROUP) as u8;
        table[group] = [
            normalised(0, first),
            normalised(0, first + 2),
            normalised(0, first + 4),
            normalised(0, first + 6),
            normalised(1, first),
            normalised(1, first + 4),
            normalised(2, first),
        ];
        group += 1;
    }
    table
};

/// `BRIDGES[g ^ h]`: what leads from the polynomial of data group g to the sums of parity group h.
///
/// Entry 0 is 0: a group does not lead to itself; what data and parity in one group give is added
/// directly.
pub(super) static BRIDGES: [u8; GROUPS] = bridges(3);

/// `PAIR_TWIDDLES[p]`: what the eight butterflies of level 3 multiply by that join groups 2p and 2p + 1.
pub(super) static PAIR_TWIDDLES: [u8; PAIRS] = {
    let mut table = [0; PAIRS];
    let mut pair = 0;
    while pair < PAIRS {
        table[pair] = normalised(3, (2 * pair * GROUP) as u8);
        pair += 1;
    }
    table
};

/// As [`BRIDGES`], from pair to pair.
pub(super) static PAIR_BRIDGES: [u8; PAIRS] = bridges(4);

/// For cosets of 2^level points: entry g ^ h leads from coset g to coset h.
const fn bridges<const COUNT: usize>(level: u32) -> [u8; COUNT] {
    let mut table = [0; COUNT];
    let mut distance = 1;
    while distance < COUNT {
        let vanishing = vanishing(level, (distance << level) as u8);
        table[distance] = product(vanishing_without_zero(level), inverse(vanishing));
        distance += 1;
    }
    table
}

/// s_level(x) / s_level(2^level): 0 on the points below 2^level, 1 on the next as many.
const fn normalised(level: u32, x: u8) -> u8 {
    product(vanishing(level, x), inverse(vanishing(level, 1 << level)))
}

/// s_level(x) = Π (x − v) over the points v < 2^level.
const fn vanishing(level: u32, x: u8) -> u8 {
    let (mut value, mut point) = (1, 0);
    while point < 1 << level {
        value = product(value, x ^ point);
        point += 1;
    }
    value
}

/// Π v over the points 0 < v < 2^level.
const fn vanishing_without_zero(level: u32) -> u8 {
    let (mut value, mut point) = (1, 1);
    while point < 1 << level {
        value = product(value, point);
        point += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_polynomials_are_additive_and_tell_halves_apart() {
        for level in 0..4 {
            let half = 1 << level;
            for x in 0..=255_u8 {
                for y in [1, 2, 4, 8, 16, 32, 64, 128] {
                    let sum = normalised(level, x) ^ normalised(level, y);
                    assert_eq!(normalised(level, x ^ y), sum);
                }
            }
            for x in 0..half {
                assert_eq!(normalised(level, x), 0);
                assert_eq!(normalised(level, x + half), 1);
            }
        }
    }
}
