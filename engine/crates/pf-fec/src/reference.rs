//! The code as its definition reads, one byte at a time. Meant to be read, and to judge the kernels;
//! nothing streams with it.

use crate::field::{INVERSE, PRODUCT};
use crate::{BlockLayout, FecError};

/// Writes the parity shards of `block`: p_j = Σ_i inv((P + i) XOR j) · d_i.
pub fn encode(block: &mut [u8], layout: BlockLayout) -> Result<(), FecError> {
    layout.check(block.len())?;
    let (data, parity) = block.split_at_mut(block.len().min(layout.data * layout.stride_bytes));
    let shard =
        |index| index * layout.stride_bytes..index * layout.stride_bytes + layout.shard_bytes;
    for row in 0..layout.parity {
        let parity_shard = &mut parity[shard(row)];
        parity_shard.fill(0);
        for index in 0..layout.data {
            let factor = coefficient(layout.parity, row, index);
            add_multiple(parity_shard, factor, &data[shard(index)]);
        }
    }
    Ok(())
}

/// What data shard `data_index` is multiplied by in parity shard `row`, of `parity` rows in all.
///
/// Point P + i stands for data shard i and point j for parity shard j; they differ as long as
/// D + P ≤ 256, so the inverse exists.
pub fn coefficient(parity: usize, row: usize, data_index: usize) -> u8 {
    INVERSE[(parity + data_index) ^ row]
}

/// `sum` += `factor` · `shard`, byte by byte; addition is XOR.
pub fn add_multiple(sum: &mut [u8], factor: u8, shard: &[u8]) {
    let multiples = &PRODUCT[usize::from(factor)];
    for (sum, &byte) in sum.iter_mut().zip(shard) {
        *sum ^= multiples[usize::from(byte)];
    }
}
