//! The kernels of x86-64: how each multiplies, and the one function of each that has its instructions.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::Lanes;
use super::shards::Shards;
use super::{Kernel, algorithm, scalar};
use crate::field::product;

/// Writes all parity shards with `kernel`, or with the next narrower one when a shard is shorter
/// than its register. `kernel` must be available.
pub(super) fn encode(kernel: Kernel, shards: &Shards<'_>) {
    debug_assert!(kernel.is_available());
    let shard_bytes = shards.shard_bytes();
    // SAFETY: the caller has asked for an available kernel, Gfni512 implies Gfni256 (see
    // `is_available`), and shards are as long as the register of the function called.
    unsafe {
        match kernel {
            Kernel::Gfni512 if shard_bytes >= Gfni512::BYTES => encode_gfni512(shards),
            Kernel::Gfni512 | Kernel::Gfni256 if shard_bytes >= Gfni256::BYTES => {
                encode_gfni256(shards);
            }
            Kernel::Avx2 if shard_bytes >= Avx2::BYTES => encode_avx2(shards),
            _ => scalar::encode(shards),
        }
    }
}

/// # Safety
/// The processor has AVX-512F and GFNI; shards are at least 64 bytes long.
#[target_feature(enable = "avx512f,gfni")]
unsafe fn encode_gfni512(shards: &Shards<'_>) {
    // SAFETY: the caller's word.
    unsafe { algorithm::encode::<Gfni512>(shards) }
}

/// # Safety
/// The processor has AVX2 and GFNI; shards are at least 32 bytes long.
#[target_feature(enable = "avx2,gfni")]
unsafe fn encode_gfni256(shards: &Shards<'_>) {
    // SAFETY: the caller's word.
    unsafe { algorithm::encode::<Gfni256>(shards) }
}

/// # Safety
/// The processor has AVX2; shards are at least 32 bytes long.
#[target_feature(enable = "avx2")]
unsafe fn encode_avx2(shards: &Shards<'_>) {
    // SAFETY: the caller's word.
    unsafe { algorithm::encode::<Avx2>(shards) }
}

#[derive(Clone, Copy)]
struct Gfni512(__m512i);

// SAFETY: loads and stores 64 bytes, unaligned; needs AVX-512F and GFNI.
unsafe impl Lanes for Gfni512 {
    const BYTES: usize = 64;
    const MANY_REGISTERS: bool = true;
    type Factor = __m512i;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm512_setzero_si512() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's word: 64 bytes may be read.
        Self(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's word: 64 bytes may be written.
        unsafe { _mm512_storeu_si512(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn factor(element: u8) -> __m512i {
        // SAFETY: the caller's word.
        unsafe { _mm512_set1_epi64(BIT_MATRIX[usize::from(element)].cast_signed()) }
    }

    #[inline(always)]
    unsafe fn times(self, factor: __m512i) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm512_gf2p8affine_epi64_epi8::<0>(self.0, factor) })
    }
}

#[derive(Clone, Copy)]
struct Gfni256(__m256i);

// SAFETY: loads and stores 32 bytes, unaligned; needs AVX2 and GFNI.
unsafe impl Lanes for Gfni256 {
    const BYTES: usize = 32;
    const MANY_REGISTERS: bool = false;
    type Factor = __m256i;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm256_setzero_si256() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's word: 32 bytes may be read.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's word: 32 bytes may be written.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn factor(element: u8) -> __m256i {
        // SAFETY: the caller's word.
        unsafe { _mm256_set1_epi64x(BIT_MATRIX[usize::from(element)].cast_signed()) }
    }

    #[inline(always)]
    unsafe fn times(self, factor: __m256i) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm256_gf2p8affine_epi64_epi8::<0>(self.0, factor) })
    }
}

#[derive(Clone, Copy)]
struct Avx2(__m256i);

// SAFETY: loads and stores 32 bytes, unaligned; needs AVX2.
unsafe impl Lanes for Avx2 {
    const BYTES: usize = 32;
    const MANY_REGISTERS: bool = false;
    type Factor = (__m256i, __m256i);

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm256_setzero_si256() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's word: 32 bytes may be read.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's word: 32 bytes may be written.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn factor(element: u8) -> (__m256i, __m256i) {
        let [low, high] = &NIBBLE_PRODUCTS[usize::from(element)];
        // SAFETY: the caller's word; each array has the 16 bytes that are read.
        unsafe {
            (
                _mm256_broadcastsi128_si256(_mm_loadu_si128(low.as_ptr().cast())),
                _mm256_broadcastsi128_si256(_mm_loadu_si128(high.as_ptr().cast())),
            )
        }
    }

    #[inline(always)]
    unsafe fn times(self, (low, high): (__m256i, __m256i)) -> Self {
        // SAFETY: the caller's word.
        unsafe {
            let nibble = _mm256_set1_epi8(0x0F);
            let of_low = _mm256_shuffle_epi8(low, _mm256_and_si256(self.0, nibble));
            let high_nibbles = _mm256_and_si256(_mm256_srli_epi64::<4>(self.0), nibble);
            let of_high = _mm256_shuffle_epi8(high, high_nibbles);
            Self(_mm256_xor_si256(of_low, of_high))
        }
    }
}

/// Multiplication by each element as the bit matrix that GFNI takes: byte 7 − i of the word says which
/// bits of the factor make bit i of the product.
static BIT_MATRIX: [u64; 256] = {
    let mut table = [0; 256];
    let mut element = 0;
    while element < 256 {
        let mut column = 0;
        while column < 8 {
            let image = product(element as u8, 1 << column);
            let mut row = 0;
            while row < 8 {
                if image >> row & 1 == 1 {
                    table[element] |= 1 << (8 * (7 - row) + column);
                }
                row += 1;
            }
            column += 1;
        }
        element += 1;
    }
    table
};

/// Products of each element with the 16 low nibbles, and with the 16 high ones.
static NIBBLE_PRODUCTS: [[[u8; 16]; 2]; 256] = {
    let mut table = [[[0; 16]; 2]; 256];
    let mut element = 0;
    while element < 256 {
        let mut nibble = 0;
        while nibble < 16 {
            table[element][0][nibble] = product(element as u8, nibble as u8);
            table[element][1][nibble] = product(element as u8, (nibble << 4) as u8);
            nibble += 1;
        }
        element += 1;
    }
    table
};
