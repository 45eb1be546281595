//! Catmull-Rom scaling of BGRX pictures by any factor: first along the rows, then across the last few of them.
//!
//! Weights are computed once and rows are reused, so a frame allocates nothing. 16-bit fixed point in plain loops
//! over short arrays, which become vector code for every processor the crate is built for; no `unsafe`. Overshoot of
//! the first pass is kept for the second, unlike in libraries that store bytes in between.

use crate::picture::{BGRX_BYTES, BgrxImage, PictureSize};

/// Scales pictures of one size to one other size, a row at a time.
pub(crate) struct Resampler {
    columns: Weights,
    /// The weights of `columns`, each repeated for every sample of a pixel pair.
    column_weights: Vec<PairWeight>,
    rows: Weights,
    /// Two source rows, pixel by pixel: first pixel of the upper, of the lower, second of the upper, …
    paired_bytes: Vec<u8>,
    paired: Vec<PixelPair>,
    /// The same two rows at their new width.
    scaled: Vec<PixelPair>,
    /// Rows at their new width: source row `y` is number `y % kept_rows`.
    kept: Vec<Chunk>,
    kept_rows: usize,
    chunks_a_row: usize,
    /// How many source rows of the present picture have been kept so far.
    rows_read: usize,
}

impl Resampler {
    /// Shows the first `span` columns and rows of a source (all of it, or less than one short of that) as
    /// `width` × `height` pixels. A side shrinks to 1/[`MAX_SHRINKING`] at most.
    pub(crate) fn new(source: PictureSize, span: (f64, f64), width: u32, height: u32) -> Self {
        let (source_width, width) = (source.width as usize, width as usize);
        let columns = Weights::new(source_width, span.0, width);
        let rows = Weights::new(source.height as usize, span.1, height as usize);
        let kept_rows = (rows.taps + 2).next_multiple_of(2);
        let chunks_a_row = (width * BGRX_BYTES).div_ceil(CHUNK);
        Self {
            column_weights: columns
                .weights
                .iter()
                .map(|&w| PairWeight([w; PAIR]))
                .collect(),
            columns,
            rows,
            paired_bytes: vec![0; source_width * PAIR],
            paired: vec![[0; PAIR]; source_width],
            // Whole chunks, so that splitting the pairs fills whole rows.
            scaled: vec![[0; PAIR]; chunks_a_row * CHUNK / BGRX_BYTES],
            kept: vec![[0; CHUNK]; kept_rows * chunks_a_row],
            kept_rows,
            chunks_a_row,
            rows_read: 0,
        }
    }

    /// Writes row `y` of the scaled picture. Rows are asked for in order; row 0 begins another picture.
    pub(crate) fn row(&mut self, source: &BgrxImage<'_>, y: usize, row: &mut [u8]) {
        if y == 0 {
            self.rows_read = 0;
        }
        let (first, taps) = (self.rows.firsts[y] as usize, self.rows.taps);
        while self.rows_read < first + taps {
            self.read_two_rows(source);
        }
        let weights = &self.rows.weights[y * taps..][..taps];
        match taps {
            4 => across(&self.kept_from::<4>(first), weights, row),
            6 => across(&self.kept_from::<6>(first), weights, row),
            8 => across(&self.kept_from::<8>(first), weights, row),
            10 => across(&self.kept_from::<10>(first), weights, row),
            12 => across(&self.kept_from::<12>(first), weights, row),
            _ => across(&self.kept_from::<MAX_TAPS>(first)[..taps], weights, row),
        }
    }

    /// Scales the next two source rows along their length; past the end the last one again.
    fn read_two_rows(&mut self, source: &BgrxImage<'_>) {
        let last = source.size.height as usize - 1;
        let upper = source.row(self.rows_read.min(last));
        let lower = source.row((self.rows_read + 1).min(last));
        pair(upper, lower, &mut self.paired_bytes, &mut self.paired);
        let (weights, firsts) = (&self.column_weights, &self.columns.firsts);
        match self.columns.taps {
            4 => along(4, weights, firsts, &self.paired, &mut self.scaled),
            6 => along(6, weights, firsts, &self.paired, &mut self.scaled),
            8 => along(8, weights, firsts, &self.paired, &mut self.scaled),
            10 => along(10, weights, firsts, &self.paired, &mut self.scaled),
            12 => along(12, weights, firsts, &self.paired, &mut self.scaled),
            taps => along(taps, weights, firsts, &self.paired, &mut self.scaled),
        }
        let start = self.rows_read % self.kept_rows * self.chunks_a_row;
        let (upper, lower) = self.kept[start..].split_at_mut(self.chunks_a_row);
        split(&self.scaled, upper, lower);
        self.rows_read += 2;
    }

    fn kept_from<const ROWS: usize>(&self, first: usize) -> [&[Chunk]; ROWS] {
        std::array::from_fn(|offset| {
            let number = (first + offset) % self.kept_rows;
            &self.kept[number * self.chunks_a_row..][..self.chunks_a_row]
        })
    }
}

/// Which source pixels make a scaled one, and how much each counts: `taps` weights for each, their sum exactly [`ONE`].
struct Weights {
    taps: usize,
    firsts: Vec<u32>,
    weights: Vec<i16>,
}

impl Weights {
    fn new(source: usize, span: f64, scaled: usize) -> Self {
        let step = span / scaled as f64;
        let stretch = step.max(1.0);
        let reach = REACH * stretch;
        // Even, so that few numbers cover all common factors; the weights too many are 0.
        let taps = ((2.0 * reach).ceil() as usize)
            .next_multiple_of(2)
            .min(source);
        let mut firsts = Vec::with_capacity(scaled);
        let mut weights = Vec::with_capacity(scaled * taps);
        let mut exact = Vec::with_capacity(taps);
        for number in 0..scaled {
            let centre = (number as f64 + 0.5) * step - 0.5;
            let first = ((centre - reach).floor() + 1.0).clamp(0.0, (source - taps) as f64);
            exact.clear();
            exact.extend((0..taps).map(|tap| catmull_rom((first + tap as f64 - centre) / stretch)));
            firsts.push(first as u32);
            push_fixed(&exact, &mut weights);
        }
        Self {
            taps,
            firsts,
            weights,
        }
    }
}

/// Rounds weights so that their sum is exactly [`ONE`]: the largest takes what rounding left. Flat areas stay flat.
fn push_fixed(exact: &[f64], weights: &mut Vec<i16>) {
    let sum: f64 = exact.iter().sum();
    let start = weights.len();
    weights.extend(
        exact
            .iter()
            .map(|weight| (weight / sum * f64::from(ONE)).round() as i16),
    );
    let fixed = &mut weights[start..];
    let rest = i32::from(ONE) - fixed.iter().map(|&weight| i32::from(weight)).sum::<i32>();
    if let Some(largest) = fixed.iter_mut().max() {
        *largest += rest as i16;
    }
}

fn catmull_rom(distance: f64) -> f64 {
    let x = distance.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < REACH {
        ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// Interleaves two rows and widens bytes to 8 bits before and 8 after the point, zero being medium grey.
///
/// In two steps over memory that stays in the first-level cache: in one, the compiler shuffles single samples.
fn pair(upper: &[u8], lower: &[u8], bytes: &mut [u8], paired: &mut [PixelPair]) {
    let pixels = upper.as_chunks::<BGRX_BYTES>().0.iter();
    let pixels = pixels.zip(lower.as_chunks::<BGRX_BYTES>().0);
    let pairs = bytes.as_chunks_mut::<PAIR>().0;
    for (pair, (upper, lower)) in pairs.iter_mut().zip(pixels) {
        pair[..BGRX_BYTES].copy_from_slice(upper);
        pair[BGRX_BYTES..].copy_from_slice(lower);
    }
    for (sample, &byte) in paired.as_flattened_mut().iter_mut().zip(&*bytes) {
        *sample = (i16::from(byte) - GREY) << 8;
    }
}

/// Scales a pair of rows along its length. Inlined, so that the usual numbers of taps become constants.
#[inline(always)]
fn along(
    taps: usize,
    weights: &[PairWeight],
    firsts: &[u32],
    paired: &[PixelPair],
    scaled: &mut [PixelPair],
) {
    // Every product lost half of its last bit on average.
    let start = (taps / 2) as i16;
    let weights = weights.chunks_exact(taps);
    for ((out, &first), weights) in scaled.iter_mut().zip(firsts).zip(weights) {
        let mut sums = [start; PAIR];
        for (pixels, weights) in paired[first as usize..][..taps].iter().zip(weights) {
            for ((sum, &sample), weight) in sums.iter_mut().zip(pixels).zip(weights.0) {
                *sum = sum.wrapping_add(high_product(sample, weight));
            }
        }
        // From 6 bits after the point to 7: the other pass loses two.
        *out = sums.map(|sum| sum << 1);
    }
}

fn split(pairs: &[PixelPair], upper: &mut [Chunk], lower: &mut [Chunk]) {
    let upper = upper.as_flattened_mut().as_chunks_mut::<BGRX_BYTES>().0;
    let lower = lower.as_flattened_mut().as_chunks_mut::<BGRX_BYTES>().0;
    for ((pair, upper), lower) in pairs.iter().zip(upper).zip(lower) {
        upper.copy_from_slice(&pair[..BGRX_BYTES]);
        lower.copy_from_slice(&pair[BGRX_BYTES..]);
    }
}

/// The weighted sum of `rows`, as bytes. Inlined, so that the usual numbers of rows become constants.
#[inline(always)]
fn across(rows: &[&[Chunk]], weights: &[i16], out: &mut [u8]) {
    let (whole, rest) = out.as_chunks_mut::<CHUNK>();
    for (number, out) in whole.iter_mut().enumerate() {
        *out = across_chunk(rows, weights, number);
    }
    if !rest.is_empty() {
        let last = across_chunk(rows, weights, whole.len());
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

#[inline(always)]
fn across_chunk(rows: &[&[Chunk]], weights: &[i16], number: usize) -> [u8; CHUNK] {
    let half = 1 << (LAST_BITS - 1);
    let start = (GREY << LAST_BITS) + half + (rows.len() / 2) as i16;
    let mut sums = [start; CHUNK];
    for (row, &weight) in rows.iter().zip(weights) {
        for (sum, &sample) in sums.iter_mut().zip(&row[number]) {
            *sum = sum.wrapping_add(high_product(sample, weight));
        }
    }
    sums.map(|sum| (sum >> LAST_BITS).clamp(0, 255) as u8)
}

/// One instruction for eight samples on x86-64 (`pmulhw`).
#[inline(always)]
fn high_product(sample: i16, weight: i16) -> i16 {
    ((i32::from(sample) * i32::from(weight)) >> 16) as i16
}

/// One pixel of each of two rows. Two, because their eight samples fill a vector register of 128 bits.
type PixelPair = [i16; PAIR];
/// A weight for every sample of a pair. Aligned, so that a multiplication takes it straight from memory.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct PairWeight([i16; PAIR]);
/// What the second pass does at once: a 128-bit register of bytes.
type Chunk = [i16; CHUNK];

/// How much a side shrinks at most. Sums of more products would lose more than a step in 255.
pub(crate) const MAX_SHRINKING: u32 = 32;
const MAX_TAPS: usize = 4 * MAX_SHRINKING as usize;
/// Catmull-Rom keeps text crisp in both directions; Lanczos rings more and takes half as long again.
/// It ends two pixels from its middle, of the source or of the scaled picture, whichever are larger.
const REACH: f64 = 2.0;
/// A weight of 1. Weights reach 1.125 at the edges, where the missing neighbours' share falls to the rest.
const ONE: i16 = 1 << 14;
/// Bits after the point at the end: 8 + 14 - 16 after the first pass, one more, and 14 - 16 once more.
const LAST_BITS: u32 = 5;
/// What samples count from, so that they use all 16 bits.
const GREY: i16 = 128;
const PAIR: usize = 2 * BGRX_BYTES;
const CHUNK: usize = 16;

#[cfg(test)]
#[path = "resample_tests.rs"]
mod tests;
