//! What the code is for: any D of the D + P shards give the data back. The decoder here is its own, by
//! elimination over a field of its own, and knows the encoder only by the formula of the matrix.

use pf_fec::BlockLayout;
use proptest::prelude::*;

use crate::block::{Block, bytes_from, encode_valid, encoders, name};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_data_many_shards_rebuild_the_data(
        (data, parity) in (1..=254_usize).prop_flat_map(|data| (Just(data), 1..=(255 - data).min(70))),
        shard_bytes in 1..=80_usize,
        seed: u32,
    ) {
        let layout = BlockLayout { data, parity, shard_bytes, stride_bytes: shard_bytes + 3 };
        let survivors = choose(data, data + parity, seed);
        for encoder in encoders() {
            let mut block = Block::new(layout, 1, bytes_from(seed));
            encode_valid(encoder, &mut block);
            let received = survivors.iter().map(|&i| (i, block.shard(i).to_vec())).collect();
            prop_assert_eq!(
                decode(data, parity, received).concat(),
                block.data(),
                "{}+{} by {}", data, parity, name(encoder)
            );
        }
    }
}

/// `count` of the shards 0..`all`, in no order.
fn choose(count: usize, all: usize, seed: u32) -> Vec<usize> {
    let mut next_byte = bytes_from(seed ^ 0x5EED);
    let mut shards: Vec<usize> = (0..all).collect();
    shards.sort_by_cached_key(|_| [next_byte(), next_byte(), next_byte()]);
    shards.truncate(count);
    shards
}

/// Solves for the data: each received shard is an equation, (its row of the matrix) · data = its bytes.
fn decode(data: usize, parity: usize, received: Vec<(usize, Vec<u8>)>) -> Vec<Vec<u8>> {
    let equation = |(shard, bytes): (usize, Vec<u8>)| {
        let coefficient = |i: usize| match shard.checked_sub(data) {
            None => u8::from(i == shard),
            Some(row) => invert(((parity + i) ^ row) as u8),
        };
        let row: Vec<u8> = (0..data).map(coefficient).chain(bytes).collect();
        row
    };
    let mut rows: Vec<Vec<u8>> = received.into_iter().map(equation).collect();
    for pivot in 0..data {
        let found = (pivot..data).find(|&row| rows[row][pivot] != 0);
        rows.swap(
            pivot,
            found.expect("every square part of the matrix is invertible"),
        );
        let scale = invert(rows[pivot][pivot]);
        for byte in &mut rows[pivot] {
            *byte = multiply(*byte, scale);
        }
        let pivot_row = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
            let factor = row[pivot];
            if factor != 0 {
                for (byte, &of_pivot) in row.iter_mut().zip(&pivot_row) {
                    *byte ^= multiply(of_pivot, factor);
                }
            }
        }
    }
    rows.into_iter().map(|row| row[data..].to_vec()).collect()
}

/// Product modulo 0x11D, by long multiplication and division of polynomials.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0_u32;
    for bit in (0..8).filter(|bit| b >> bit & 1 == 1) {
        product ^= u32::from(a) << bit;
    }
    for bit in (8..15).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0x11D << (bit - 8);
        }
    }
    product as u8
}

/// The one element that gives 1, by trying all.
fn invert(a: u8) -> u8 {
    (1..=255)
        .find(|&b| multiply(a, b) == 1)
        .expect("an element other than 0")
}
