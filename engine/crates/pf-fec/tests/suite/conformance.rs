//! Every kernel of this processor writes what the reference writes: for every pair of counts, and for every
//! kind of size, stride and alignment; and writes nothing else.

use std::thread;

use pf_fec::{BlockLayout, Kernel, MAX_SHARDS, encode, reference};

use crate::block::{Block, bytes_from, encode_valid, name};

/// Sizes that real streams use, with the packet sizes that give them: 1376, 1392, 1024.
const STREAM_SHARD_BYTES: [usize; 4] = [1392, 1408, 1040, 1376];

#[test]
fn all_kernels_agree_with_the_reference_on_every_pair_of_counts() {
    for kernel in Kernel::ALL {
        if !kernel.is_available() {
            eprintln!("{} skipped: this processor lacks it", kernel.name());
        }
    }
    let pairs: usize = thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let rows = (1..MAX_SHARDS).filter(|parity| parity % 2 == half);
                rows.map(assert_every_data_count).sum::<usize>()
            })
        });
        halves
            .map(|half| half.join().expect("a pair disagreed"))
            .iter()
            .sum()
    });
    assert_eq!(pairs, 32_385);
}

/// Grows a block of `parity` rows by one data shard at a time. The expected parity grows with it: each
/// new shard adds its multiples, which is what the reference does, without beginning anew.
fn assert_every_data_count(parity: usize) -> usize {
    let mut next_byte = bytes_from(parity as u32);
    let data_max = MAX_SHARDS - parity;
    let shard_bytes = |kernel| match kernel {
        Kernel::Scalar => 1 + parity % 9,
        Kernel::Gfni512 => 64 + parity % 67,
        _ => 32 + parity % 35,
    };
    let bytes_max = 130;
    let shards: Vec<u8> = (0..data_max * bytes_max).map(|_| next_byte()).collect();
    let mut expected = vec![0; parity * bytes_max];
    let mut block = vec![0; MAX_SHARDS * bytes_max];
    for data in 1..=data_max {
        let newest = &shards[(data - 1) * bytes_max..data * bytes_max];
        for (row, sum) in expected.chunks_exact_mut(bytes_max).enumerate() {
            let factor = reference::coefficient(parity, row, data - 1);
            reference::add_multiple(sum, factor, newest);
        }
        for kernel in Kernel::available() {
            let layout = BlockLayout {
                data,
                parity,
                shard_bytes: shard_bytes(kernel),
                stride_bytes: bytes_max,
            };
            block[..data * bytes_max].copy_from_slice(&shards[..data * bytes_max]);
            encode(kernel, &mut block, layout).expect("the layout is valid");
            for (row, expected) in expected.chunks_exact(bytes_max).enumerate() {
                let got = &block[(data + row) * bytes_max..][..layout.shard_bytes];
                let what = (kernel.name(), data, parity, row);
                assert_eq!(got, &expected[..layout.shard_bytes], "{what:?}");
            }
        }
    }
    data_max
}

#[test]
fn all_kernels_agree_with_the_reference_on_every_small_size_at_any_alignment() {
    for shard_bytes in 1..=260 {
        for (data, parity) in [
            (1, 1),
            (5, 2),
            (7, 3),
            (9, 4),
            (10, 5),
            (11, 8),
            (20, 11),
            (30, 21),
        ] {
            let layout = BlockLayout {
                data,
                parity,
                shard_bytes,
                stride_bytes: shard_bytes + parity % 4,
            };
            assert_kernels_agree(layout, shard_bytes % 64);
        }
    }
}

#[test]
fn all_kernels_agree_with_the_reference_on_the_blocks_of_real_streams() {
    for (i, shard_bytes) in STREAM_SHARD_BYTES.into_iter().enumerate() {
        for (data, parity) in [
            (1, 2),
            (4, 2),
            (15, 3),
            (20, 4),
            (22, 5),
            (40, 8),
            (41, 9),
            (100, 20),
            (200, 40),
            (212, 43),
        ] {
            for (stride_bytes, start) in [
                (shard_bytes, 0),
                (shard_bytes + 32, 32),
                (shard_bytes + 37, 1 + i),
            ] {
                assert_kernels_agree(
                    BlockLayout {
                        data,
                        parity,
                        shard_bytes,
                        stride_bytes,
                    },
                    start,
                );
            }
        }
    }
}

/// Compares whole buffers, so a byte written outside the parity shards is found too.
fn assert_kernels_agree(layout: BlockLayout, start: usize) {
    let seed = (layout.data * 256 + layout.parity) as u32;
    let new_block = || Block::new(layout, start, bytes_from(seed));
    let mut expected = new_block();
    encode_valid(None, &mut expected);
    for kernel in Kernel::available() {
        let mut block = new_block();
        encode_valid(Some(kernel), &mut block);
        let same = block.bytes() == expected.bytes();
        assert!(same, "{layout:?} at {start} by {}", name(Some(kernel)));
    }
}
