//! Small repairs of a picture in place: rows the wrong way up, red and blue the wrong way round.

/// Turns a picture of `stride_bytes` rows upside down.
pub(crate) fn flip_rows(data: &mut [u8], stride_bytes: usize) {
    let rows = data.len() / stride_bytes.max(1);
    let (upper, lower) = data.split_at_mut(rows / 2 * stride_bytes);
    let lower = lower
        .chunks_exact_mut(stride_bytes.max(1))
        .rev()
        .take(rows / 2);
    for (above, below) in upper.chunks_exact_mut(stride_bytes.max(1)).zip(lower) {
        above.swap_with_slice(below);
    }
}

/// Makes BGRX out of RGBX.
pub(crate) fn swap_red_and_blue(data: &mut [u8]) {
    for pixel in data.chunks_exact_mut(4) {
        pixel.swap(0, 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flips_an_odd_and_an_even_number_of_rows() {
        let mut odd = *b"aabbcc";
        flip_rows(&mut odd, 2);
        assert_eq!(&odd, b"ccbbaa");
        let mut even = *b"aabbccdd";
        flip_rows(&mut even, 2);
        assert_eq!(&even, b"ddccbbaa");
    }

    #[test]
    fn swaps_only_red_and_blue() {
        let mut pixels = [1, 2, 3, 4, 5, 6, 7, 8];
        swap_red_and_blue(&mut pixels);
        assert_eq!(pixels, [3, 2, 1, 4, 7, 6, 5, 8]);
    }
}
