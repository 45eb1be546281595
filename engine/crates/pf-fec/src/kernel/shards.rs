//! A checked block as the kernels see it: shards cut into columns of one register.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::lanes::Lanes;
use crate::{BlockLayout, FecError};

/// Exclusive access to the shards of one block. Exists only for a layout that fits its buffer.
///
/// Invariant: for every shard s < data + parity, the bytes s · stride .. s · stride + shard_bytes
/// from `base` lie in the buffer borrowed for `'a`.
pub(super) struct Shards<'a> {
    base: *mut u8,
    layout: BlockLayout,
    buffer: PhantomData<&'a mut [u8]>,
}

impl<'a> Shards<'a> {
    pub(super) fn new(block: &'a mut [u8], layout: BlockLayout) -> Result<Self, FecError> {
        layout.check(block.len())?;
        Ok(Self {
            base: block.as_mut_ptr(),
            layout,
            buffer: PhantomData,
        })
    }

    pub(super) fn data(&self) -> usize {
        self.layout.data
    }

    pub(super) fn parity(&self) -> usize {
        self.layout.parity
    }

    pub(super) fn shard_bytes(&self) -> usize {
        self.layout.shard_bytes
    }

    /// Where the columns of `bytes` begin. The last is moved back to end with the shard: it computes
    /// some bytes twice, to the same values, where a shorter one would need masks or a second loop.
    ///
    /// Empty when a shard is shorter than a column.
    pub(super) fn columns(&self, bytes: usize) -> impl Iterator<Item = usize> + use<> {
        let last = self.shard_bytes().checked_sub(bytes);
        let count = last.map_or(0, |last| last.div_ceil(bytes) + 1);
        let last = last.unwrap_or(0);
        (0..count).map(move |column| last.min(column * bytes))
    }

    /// Loads one column of data shard `index`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `index` < data; `column` + `L::BYTES` ≤ shard_bytes.
    #[inline(always)]
    pub(super) unsafe fn load<L: Lanes>(&self, index: usize, column: usize) -> L {
        debug_assert!(index < self.data() && column + L::BYTES <= self.shard_bytes());
        // SAFETY: by the invariant the shard is in the buffer, and by the caller's word the column
        // is in the shard; `&self` holds the buffer, and nothing else writes to it meanwhile.
        unsafe { L::load(self.base.add(index * self.layout.stride_bytes + column)) }
    }

    /// Stores one column of parity shard `row`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `row` < parity; `column` + `L::BYTES` ≤ shard_bytes.
    #[inline(always)]
    pub(super) unsafe fn store<L: Lanes>(&self, row: usize, column: usize, lanes: L) {
        debug_assert!(row < self.parity() && column + L::BYTES <= self.shard_bytes());
        let shard = self.data() + row;
        // SAFETY: as in `load`; the buffer was borrowed exclusively, no reference into it exists,
        // and the raw pointer keeps `Shards` on one thread.
        unsafe { lanes.store(self.base.add(shard * self.layout.stride_bytes + column)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(shard_bytes: usize, bytes: usize) -> Vec<usize> {
        let layout = BlockLayout {
            data: 1,
            parity: 0,
            shard_bytes,
            stride_bytes: shard_bytes,
        };
        let mut block = vec![0; shard_bytes];
        let shards = Shards::new(&mut block, layout).expect("the layout fits");
        shards.columns(bytes).collect()
    }

    #[test]
    fn columns_cover_a_shard_and_never_leave_it() {
        assert_eq!(columns(64, 64), [0]);
        assert_eq!(columns(65, 64), [0, 1]);
        assert_eq!(columns(128, 64), [0, 64]);
        assert_eq!(columns(130, 64), [0, 64, 66]);
        assert_eq!(columns(63, 64), [0; 0]);
    }
}
