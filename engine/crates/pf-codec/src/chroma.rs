//! Colour differences that lie where the bitstream says: on every other luma column, between two rows.
//!
//! A stream without `chroma_loc_info` places them left (H.264 E.2.1, gamestream-media.md 6.6), so each is the mean of
//! two rows weighted 1 2 1 across three columns. The mean is taken in BGRX at half size; no conversion here.

use crate::picture::BGRX_BYTES;

/// Pictures of half the width and height, for a conversion without subsampling.
pub(crate) struct LeftSited {
    /// One row: the means of two rows of the picture.
    means: Vec<u8>,
    /// Every other pixel of `means`.
    even: Vec<u8>,
    /// The others, with the first pixel of the row in front: what is left of the picture is its first column again.
    odd: Vec<u8>,
    half: Vec<u8>,
}

impl LeftSited {
    /// For up to `rows` rows of `width` pixels; both even.
    pub(crate) fn new(width: u32, rows: usize) -> Self {
        let row_bytes = width as usize * BGRX_BYTES;
        Self {
            means: vec![0; row_bytes],
            even: vec![0; row_bytes / 2],
            odd: vec![0; row_bytes / 2 + BGRX_BYTES],
            half: vec![0; row_bytes / 2 * rows.div_ceil(2)],
        }
    }

    /// The half-size picture of an even number of rows, without padding between its own.
    pub(crate) fn take(&mut self, bgrx: &[u8], stride_bytes: usize) -> &[u8] {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, which is all that the function asks for.
            return unsafe { self.take_with_avx2(bgrx, stride_bytes) };
        }
        self.take_inlined(bgrx, stride_bytes)
    }

    /// The same code with wider vectors.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn take_with_avx2(&mut self, bgrx: &[u8], stride_bytes: usize) -> &[u8] {
        self.take_inlined(bgrx, stride_bytes)
    }

    /// Inlined, and all it calls as well, so that it is compiled for the features of its caller.
    #[inline(always)]
    fn take_inlined(&mut self, bgrx: &[u8], stride_bytes: usize) -> &[u8] {
        let row_bytes = self.means.len();
        let pairs = bgrx.chunks_exact(2 * stride_bytes);
        let half_bytes = pairs.len() * row_bytes / 2;
        for (pair, half) in pairs.zip(self.half.chunks_exact_mut(row_bytes / 2)) {
            let (upper, lower) = (&pair[..row_bytes], &pair[stride_bytes..][..row_bytes]);
            for ((mean, &above), &below) in self.means.iter_mut().zip(upper).zip(lower) {
                *mean = rounded_mean(above, below);
            }
            split(&self.means, &mut self.even, &mut self.odd);
            let neighbours = self.odd.iter().zip(&self.odd[BGRX_BYTES..]);
            for ((byte, &here), (&before, &after)) in
                half.iter_mut().zip(&self.even).zip(neighbours)
            {
                *byte = rounded_mean(here, rounded_mean(before, after));
            }
        }
        &self.half[..half_bytes]
    }
}

#[inline(always)]
fn split(row: &[u8], even: &mut [u8], odd: &mut [u8]) {
    let (first, odd) = odd.split_at_mut(BGRX_BYTES);
    first.copy_from_slice(&row[..BGRX_BYTES]);
    let (pairs, _) = row.as_chunks::<{ 2 * BGRX_BYTES }>();
    let (even, _) = even.as_chunks_mut::<BGRX_BYTES>();
    let (odd, _) = odd.as_chunks_mut::<BGRX_BYTES>();
    for ((even, odd), pair) in even.iter_mut().zip(odd).zip(pairs) {
        let both = u64::from_le_bytes(*pair);
        *even = (both as u32).to_le_bytes();
        *odd = ((both >> 32) as u32).to_le_bytes();
    }
}

/// Halves up, as vector instructions do: three of them are at most 1.25 too much. All three channels are by as much
/// in the mean, which a colour difference takes out again.
#[inline(always)]
fn rounded_mean(a: u8, b: u8) -> u8 {
    ((u16::from(a) + u16::from(b) + 1) >> 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_any_width_give_the_same_means() {
        for width in (2..140).step_by(2) {
            let stride_bytes = width * BGRX_BYTES + 12;
            let picture: Vec<u8> = (0..4 * stride_bytes)
                .map(|at| (at * at / 7 + at * 31) as u8)
                .collect();
            let mut sited = LeftSited::new(width as u32, 4);
            let wide = sited.take(&picture, stride_bytes).to_vec();
            assert_eq!(wide.len(), width * BGRX_BYTES, "two rows of half the width");
            assert_eq!(wide, sited.take_inlined(&picture, stride_bytes), "{width}");
        }
    }
}
