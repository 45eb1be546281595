//! The portable kernel, for processors without one of their own and for shards shorter than a register.
#![allow(unsafe_code)]

use super::algorithm;
use super::lanes::Lanes;
use super::shards::Shards;
use crate::field::PRODUCT;

/// Writes all parity shards.
pub(super) fn encode(shards: &Shards<'_>) {
    // SAFETY: `u64` and `u8` need no instructions that a processor could lack, and shards have at
    // least the bytes of the one chosen.
    unsafe {
        if shards.shard_bytes() >= u64::BYTES {
            algorithm::encode::<u64>(shards);
        } else {
            algorithm::encode::<u8>(shards);
        }
    }
}

// SAFETY: reads and writes 8 bytes, unaligned; needs no special instructions.
unsafe impl Lanes for u64 {
    const BYTES: usize = 8;
    const MANY_REGISTERS: bool = false;
    type Factor = u8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        0
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's word: 8 bytes may be read.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's word: 8 bytes may be written.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    unsafe fn factor(element: u8) -> u8 {
        element
    }

    #[inline(always)]
    unsafe fn times(self, factor: u8) -> Self {
        let multiples = &PRODUCT[usize::from(factor)];
        Self::from_ne_bytes(self.to_ne_bytes().map(|byte| multiples[usize::from(byte)]))
    }
}

// SAFETY: reads and writes 1 byte; needs no special instructions.
unsafe impl Lanes for u8 {
    const BYTES: usize = 1;
    const MANY_REGISTERS: bool = false;
    type Factor = u8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        0
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's word: the byte may be read.
        unsafe { from.read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's word: the byte may be written.
        unsafe { to.write(self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    unsafe fn factor(element: u8) -> u8 {
        element
    }

    #[inline(always)]
    unsafe fn times(self, factor: u8) -> Self {
        PRODUCT[usize::from(factor)][usize::from(self)]
    }
}
