//! The anchor: the classic encoder, one pass over a parity row for each data shard, in the instructions of
//! each kernel. The speed class of nanors and fec-rs; not shipped.

use pf_fec::{BlockLayout, Kernel, reference};

/// Writes the parity shards of `block`.
pub fn encode(kernel: Kernel, block: &mut [u8], layout: BlockLayout) {
    let add_multiple = add_multiple_with(kernel);
    let (data, parity) = block.split_at_mut(layout.data * layout.stride_bytes);
    for (row, parity) in parity.chunks_mut(layout.stride_bytes).enumerate() {
        let parity = &mut parity[..layout.shard_bytes];
        parity.fill(0);
        for (index, data) in data.chunks(layout.stride_bytes).enumerate() {
            let factor = reference::coefficient(layout.parity, row, index);
            add_multiple(parity, factor, &data[..layout.shard_bytes]);
        }
    }
}

/// What adds a multiple of one shard to another. Panics where the processor lacks the kernel.
fn add_multiple_with(kernel: Kernel) -> fn(&mut [u8], u8, &[u8]) {
    assert!(
        kernel.is_available(),
        "{} on another processor",
        kernel.name()
    );
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => x86::add_multiple_avx2,
        #[cfg(target_arch = "x86_64")]
        Kernel::Gfni256 => x86::add_multiple_gfni256,
        #[cfg(target_arch = "x86_64")]
        Kernel::Gfni512 => x86::add_multiple_gfni512,
        _ => reference::add_multiple,
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use pf_fec::reference;

    pub fn add_multiple_avx2(sum: &mut [u8], factor: u8, shard: &[u8]) {
        // SAFETY: `add_multiple_with` has tested for the instructions.
        unsafe { avx2(sum, factor, shard) }
    }

    pub fn add_multiple_gfni256(sum: &mut [u8], factor: u8, shard: &[u8]) {
        // SAFETY: `add_multiple_with` has tested for the instructions.
        unsafe { gfni256(sum, factor, shard) }
    }

    pub fn add_multiple_gfni512(sum: &mut [u8], factor: u8, shard: &[u8]) {
        // SAFETY: `add_multiple_with` has tested for the instructions.
        unsafe { gfni512(sum, factor, shard) }
    }

    #[target_feature(enable = "avx2")]
    fn avx2(sum: &mut [u8], factor: u8, shard: &[u8]) {
        let [low, high] = &NIBBLES[usize::from(factor)];
        // SAFETY: both arrays have the 16 bytes that are read.
        let (low, high) = unsafe {
            (
                _mm_loadu_si128(low.as_ptr().cast()),
                _mm_loadu_si128(high.as_ptr().cast()),
            )
        };
        let (low, high) = (
            _mm256_broadcastsi128_si256(low),
            _mm256_broadcastsi128_si256(high),
        );
        let nibble = _mm256_set1_epi8(0x0F);
        let (sums, sum_tail) = sum.as_chunks_mut::<32>();
        let (bytes, tail) = shard.as_chunks::<32>();
        for (sum, bytes) in sums.iter_mut().zip(bytes) {
            // SAFETY: both are 32 bytes long.
            unsafe {
                let bytes = _mm256_loadu_si256(bytes.as_ptr().cast());
                let of_low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
                let high_nibbles = _mm256_and_si256(_mm256_srli_epi64::<4>(bytes), nibble);
                let of_high = _mm256_shuffle_epi8(high, high_nibbles);
                let old = _mm256_loadu_si256(sum.as_ptr().cast());
                let new = _mm256_xor_si256(old, _mm256_xor_si256(of_low, of_high));
                _mm256_storeu_si256(sum.as_mut_ptr().cast(), new);
            }
        }
        reference::add_multiple(sum_tail, factor, tail);
    }

    #[target_feature(enable = "avx2,gfni")]
    fn gfni256(sum: &mut [u8], factor: u8, shard: &[u8]) {
        let matrix = _mm256_set1_epi64x(BIT_MATRIX[usize::from(factor)].cast_signed());
        let (sums, sum_tail) = sum.as_chunks_mut::<32>();
        let (bytes, tail) = shard.as_chunks::<32>();
        for (sum, bytes) in sums.iter_mut().zip(bytes) {
            // SAFETY: both are 32 bytes long.
            unsafe {
                let bytes = _mm256_loadu_si256(bytes.as_ptr().cast());
                let product = _mm256_gf2p8affine_epi64_epi8::<0>(bytes, matrix);
                let old = _mm256_loadu_si256(sum.as_ptr().cast());
                _mm256_storeu_si256(sum.as_mut_ptr().cast(), _mm256_xor_si256(old, product));
            }
        }
        reference::add_multiple(sum_tail, factor, tail);
    }

    #[target_feature(enable = "avx512f,avx512bw,gfni")]
    fn gfni512(sum: &mut [u8], factor: u8, shard: &[u8]) {
        let matrix = _mm512_set1_epi64(BIT_MATRIX[usize::from(factor)].cast_signed());
        let (sums, sum_tail) = sum.as_chunks_mut::<64>();
        let (bytes, tail) = shard.as_chunks::<64>();
        for (sum, bytes) in sums.iter_mut().zip(bytes) {
            // SAFETY: both are 64 bytes long.
            unsafe {
                let bytes = _mm512_loadu_si512(bytes.as_ptr().cast());
                let product = _mm512_gf2p8affine_epi64_epi8::<0>(bytes, matrix);
                let old = _mm512_loadu_si512(sum.as_ptr().cast());
                _mm512_storeu_si512(sum.as_mut_ptr().cast(), _mm512_xor_si512(old, product));
            }
        }
        if !tail.is_empty() {
            let mask = (1 << tail.len()) - 1;
            // SAFETY: the mask lets only the bytes of the tails, shorter than 64, be touched.
            unsafe {
                let bytes = _mm512_maskz_loadu_epi8(mask, tail.as_ptr().cast());
                let product = _mm512_gf2p8affine_epi64_epi8::<0>(bytes, matrix);
                let old = _mm512_maskz_loadu_epi8(mask, sum_tail.as_ptr().cast());
                let new = _mm512_xor_si512(old, product);
                _mm512_mask_storeu_epi8(sum_tail.as_mut_ptr().cast(), mask, new);
            }
        }
    }

    static BIT_MATRIX: [u64; 256] = {
        let mut table = [0; 256];
        let mut factor = 0;
        while factor < 256 {
            let mut bit = 0;
            while bit < 64 {
                let (row, column) = (7 - bit / 8, bit % 8);
                if product(factor as u8, 1 << column) >> row & 1 == 1 {
                    table[factor] |= 1 << bit;
                }
                bit += 1;
            }
            factor += 1;
        }
        table
    };

    static NIBBLES: [[[u8; 16]; 2]; 256] = {
        let mut table = [[[0; 16]; 2]; 256];
        let mut factor = 0;
        while factor < 256 {
            let mut nibble = 0;
            while nibble < 16 {
                table[factor][0][nibble] = product(factor as u8, nibble as u8);
                table[factor][1][nibble] = product(factor as u8, (nibble << 4) as u8);
                nibble += 1;
            }
            factor += 1;
        }
        table
    };

    const fn product(a: u8, b: u8) -> u8 {
        let (mut power, mut sum, mut bit) = (a as u32, 0, 0);
        while bit < 8 {
            if b >> bit & 1 == 1 {
                sum ^= power;
            }
            power <<= 1;
            if power > 0xFF {
                power ^= 0x11D;
            }
            bit += 1;
        }
        sum as u8
    }
}
