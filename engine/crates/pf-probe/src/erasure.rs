//! Rebuilding lost shards: GF(2^8) by logarithm tables, a linear system by Gaussian elimination (§4.1).
//!
//! The plain textbook way. Parity shard j is the sum over data shards i of inv((P + i) xor j) · data i; the
//! received parity gives one equation a lost data shard.

/// Rebuilds the missing data shards in place.
///
/// `shards` holds `data + parity` shards of `shard_bytes` one after another, `present` says which are filled.
/// Answers false, with nothing changed, when fewer parity shards are present than data shards are missing.
pub(crate) fn rebuild(
    shards: &mut [u8],
    shard_bytes: usize,
    data: usize,
    present: &[bool],
) -> bool {
    let parity = present.len() - data;
    let missing: Vec<usize> = (0..data).filter(|&i| !present[i]).collect();
    let rows: Vec<usize> = (0..parity)
        .filter(|&j| present[data + j])
        .take(missing.len())
        .collect();
    if rows.len() < missing.len() {
        return false;
    }
    let Some(solution) = inverse(&rows, &missing, parity) else {
        return false;
    };

    // What the received data contributes is taken out of each parity shard; the rest is the lost shards' part.
    let mut remainders = Vec::with_capacity(rows.len() * shard_bytes);
    for &row in &rows {
        let at = remainders.len();
        remainders.extend_from_slice(&shards[(data + row) * shard_bytes..][..shard_bytes]);
        for i in (0..data).filter(|&i| present[i]) {
            let source = &shards[i * shard_bytes..][..shard_bytes];
            add_multiple(&mut remainders[at..], source, coefficient(row, i, parity));
        }
    }
    for (&lost, factors) in missing.iter().zip(&solution) {
        let target = &mut shards[lost * shard_bytes..][..shard_bytes];
        target.fill(0);
        for (remainder, &factor) in remainders.chunks_exact(shard_bytes).zip(factors) {
            add_multiple(target, remainder, factor);
        }
    }
    true
}

/// Weight of data shard `i` in parity shard `j`, of `parity` parity shards.
pub(crate) fn coefficient(j: usize, i: usize, parity: usize) -> u8 {
    // Disjoint ranges: parity + i > j always, so the argument is never zero.
    invert(((parity + i) ^ j) as u8)
}

/// `target += factor · source`, byte by byte.
pub(crate) fn add_multiple(target: &mut [u8], source: &[u8], factor: u8) {
    if factor == 0 {
        return;
    }
    let products: [u8; 256] = std::array::from_fn(|value| multiply(value as u8, factor));
    for (target, &source) in target.iter_mut().zip(source) {
        *target ^= products[usize::from(source)];
    }
}

/// The inverse of the equations of parity `rows` in the unknowns `missing`; `None` when they have none.
fn inverse(rows: &[usize], missing: &[usize], parity: usize) -> Option<Vec<Vec<u8>>> {
    let size = missing.len();
    let mut left: Vec<Vec<u8>> = rows
        .iter()
        .map(|&row| {
            missing
                .iter()
                .map(|&i| coefficient(row, i, parity))
                .collect()
        })
        .collect();
    let mut right: Vec<Vec<u8>> = (0..size)
        .map(|i| (0..size).map(|j| u8::from(i == j)).collect())
        .collect();
    for column in 0..size {
        let pivot = (column..size).find(|&row| left[row][column] != 0)?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        let scale = invert(left[column][column]);
        for value in left[column].iter_mut().chain(&mut right[column]) {
            *value = multiply(*value, scale);
        }
        let (pivot_left, pivot_right) = (left[column].clone(), right[column].clone());
        for row in (0..size).filter(|&row| row != column) {
            let factor = left[row][column];
            add_multiple(&mut left[row], &pivot_left, factor);
            add_multiple(&mut right[row], &pivot_right, factor);
        }
    }
    Some(right)
}

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    let exponent = usize::from(LOGARITHM[usize::from(a)]) + usize::from(LOGARITHM[usize::from(b)]);
    POWER[exponent % 255]
}

/// Of a value that is not zero.
fn invert(a: u8) -> u8 {
    POWER[(255 - usize::from(LOGARITHM[usize::from(a)])) % 255]
}

/// x^8 + x^4 + x^3 + x^2 + 1.
const POLYNOMIAL: u16 = 0x11D;

/// Powers of 2, which generates all values but zero.
const POWER: [u8; 255] = {
    let mut powers = [0; 255];
    let (mut value, mut i) = (1u16, 0);
    while i < 255 {
        powers[i] = value as u8;
        value <<= 1;
        if value & 0x100 != 0 {
            value ^= POLYNOMIAL;
        }
        i += 1;
    }
    powers
};

/// The power of 2 that a value is; 0 for zero, which is none.
const LOGARITHM: [u8; 256] = {
    let mut logarithms = [0; 256];
    let mut i = 0;
    while i < 255 {
        logarithms[POWER[i] as usize] = i as u8;
        i += 1;
    }
    logarithms
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_sender::{hex, parity_of};

    #[test]
    fn the_field_is_the_specification_s() {
        assert_eq!(
            [
                multiply(2, 0x80),
                multiply(0x57, 0x83),
                multiply(0xFF, 0xFF)
            ],
            [0x1D, 0x31, 0xE2]
        );
        let inverses = [2, 3, 4, 5, 0x53, 0x80, 0xFF].map(invert);
        assert_eq!(inverses, [0x8E, 0xF4, 0x47, 0xA7, 0x8C, 0x1B, 0xFD]);
    }

    #[test]
    fn the_matrix_is_the_specification_s() {
        let row = |j| [0, 1, 2].map(|i| coefficient(j, i, 2));
        assert_eq!([row(0), row(1)], [[0x8E, 0xF4, 0x47], [0xF4, 0x8E, 0xA7]]);
    }

    /// Every way to lose up to as many shards as there is parity gives the data back.
    fn survives_every_loss(data: &[u8], parity: &[u8], shard_bytes: usize) {
        let (data_shards, parity_shards) = (data.len() / shard_bytes, parity.len() / shard_bytes);
        let shards = data_shards + parity_shards;
        for kept in 0u32..1 << shards {
            let present: Vec<bool> = (0..shards).map(|i| kept >> i & 1 != 0).collect();
            let mut received = [data, parity].concat();
            for i in (0..shards).filter(|&i| !present[i]) {
                received[i * shard_bytes..][..shard_bytes].fill(0xEE);
            }
            let before = received.clone();
            let enough = kept.count_ones() as usize >= data_shards;
            assert_eq!(
                rebuild(&mut received, shard_bytes, data_shards, &present),
                enough,
                "{present:?}"
            );
            match enough {
                true => assert_eq!(&received[..data.len()], data, "{present:?}"),
                false => assert_eq!(received, before),
            }
        }
    }

    #[test]
    fn the_vectors_come_back_from_any_sufficient_part() {
        let data = hex("0001020304050607 1011121314151617 A0B0C0D0E0F00F1E");
        survives_every_loss(&data, &hex("D3AD3F4136483009 28F037EF6FB70A75"), 8);
        let data = hex("00112233445566778899AABBCCDDEEFF");
        let parity = hex("0086119722A433B544C255D366E077F1 000F1E113C33222D78776669444B5A55");
        survives_every_loss(&data, &parity, 16);
    }

    /// The specification's generated data (§4.4), whose parity it gives the beginning and end of.
    fn generated(data_shards: usize, parity_shards: usize, shard_bytes: usize) -> Vec<u8> {
        let mut x = (data_shards * 256 + parity_shards) as u32;
        let next = || {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as u8
        };
        std::iter::repeat_with(next)
            .take(data_shards * shard_bytes)
            .collect()
    }

    #[test]
    fn large_blocks_match_the_specification_s_parity_and_survive_its_full_loss() {
        let vectors = [
            (4, 2, 1408, "1a35cc286b362848", "65d2fd9cec7557f2"),
            (22, 5, 1040, "5f3b05b8d5e85bb7", "28ca7f12c3fe5afd"),
            (40, 8, 1408, "c0e92146ab54968c", "e92e37025d004f2e"),
            (170, 85, 1392, "7b7290824ddce08c", "d7b2fa023cd3ffd7"),
            (212, 43, 1408, "3f948ce3062b728a", "fc75fb72ee9142d3"),
        ];
        for (data_shards, parity_shards, shard_bytes, first, last) in vectors {
            let data = generated(data_shards, parity_shards, shard_bytes);
            let parity = parity_of(&data, data_shards, parity_shards);
            assert_eq!(parity[..8], hex(first), "{data_shards} + {parity_shards}");
            assert_eq!(
                parity[parity.len() - 8..],
                hex(last),
                "{data_shards} + {parity_shards}"
            );
            let mut received = [data.clone(), parity].concat();
            let present: Vec<bool> = (0..data_shards + parity_shards)
                .map(|i| i >= parity_shards)
                .collect();
            received[..parity_shards * shard_bytes].fill(0);
            assert!(rebuild(&mut received, shard_bytes, data_shards, &present));
            assert_eq!(
                received[..data.len()],
                data,
                "{data_shards} + {parity_shards}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_sufficient_part_of_a_random_block_is_enough(
            data_shards in 1usize..24, parity_shards in 1usize..12, seed in any::<u64>(),
        ) {
            let data = generated(data_shards, parity_shards, 32);
            let parity = parity_of(&data, data_shards, parity_shards);
            let mut received = [data.clone(), parity].concat();
            let shards = data_shards + parity_shards;
            let mut present = vec![true; shards];
            let mut random = seed;
            for _ in 0..parity_shards {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let lost = (random >> 33) as usize % shards;
                present[lost] = false;
                received[lost * 32..][..32].fill(0x11);
            }
            prop_assert!(rebuild(&mut received, 32, data_shards, &present));
            prop_assert_eq!(&received[..data.len()], &data[..]);
        }
    }
}
