//! BGRX to I420, scaled into the middle of the encoded picture with black bars around it.
//!
//! Scaling happens in BGRX before the conversion: whole factors by
//! means or copies, anything else by a filter, in strips that stay in the cache.

use yuv::{
    BufferStoreMut, YuvConversionMode, YuvGrayImageMut, YuvPlanarImageMut, bgra_to_yuv400,
    bgra_to_yuv444,
};

use crate::chroma::LeftSited;
use crate::colour::Colour;
use crate::error::CodecError;
use crate::fit::{Scaling, fit};
use crate::picture::{
    BGRX_BYTES, BgrxImage, I420Image, I420PlanesMut, NEUTRAL_CHROMA, PictureRect, PictureSize,
};
use crate::resample::{MAX_SHRINKING, Resampler};

/// Turns source pictures of one size into encoder pictures of one size.
pub struct Converter {
    source: PictureSize,
    target: PictureSize,
    rect: PictureRect,
    colour: Colour,
    chroma: LeftSited,
    /// Luma of the half-size pictures, which nobody wants.
    unwanted: Vec<u8>,
    work: Work,
    /// The last two rows of a source whose last row lacks its padding.
    tail: Vec<u8>,
}

/// The buffers of each way to scale.
enum Work {
    Copy,
    Repeat {
        factor: usize,
        strip: Vec<u8>,
    },
    Average {
        factor: usize,
        strip: Vec<u8>,
        column_sums: Vec<u16>,
    },
    Filter {
        resampler: Box<Resampler>,
        reduced: Option<Reduced>,
        strip: Vec<u8>,
    },
}

impl Converter {
    /// Decides how pictures of `source` size lie in pictures of `target` size, whose numbers mean `colour`.
    ///
    /// Errors: a size without pixels or beyond 16384 a side; a target with an odd side.
    pub fn new(
        source: PictureSize,
        target: PictureSize,
        colour: Colour,
    ) -> Result<Self, CodecError> {
        let (rect, scaling) = fit(source, target)?;
        let row_bytes = rect.width as usize * BGRX_BYTES;
        let strip = || vec![0; row_bytes * STRIP_ROWS];
        let work = match scaling {
            Scaling::Copy => Work::Copy,
            Scaling::Repeat { factor } => Work::Repeat {
                factor: factor as usize,
                strip: strip(),
            },
            Scaling::Average { factor } => Work::Average {
                factor: factor as usize,
                strip: strip(),
                column_sums: vec![0; source.width as usize * BGRX_BYTES],
            },
            Scaling::Filter => filter(source, rect, strip()),
        };
        Ok(Self {
            source,
            target,
            rect,
            colour,
            chroma: LeftSited::new(rect.width, STRIP_ROWS),
            unwanted: vec![0; rect.width as usize / 2 * (STRIP_ROWS / 2)],
            work,
            tail: Vec::new(),
        })
    }

    /// Where the source lies in the encoded picture.
    pub fn rect(&self) -> PictureRect {
        self.rect
    }

    /// Writes the whole of `target`, bars included. Nothing is allocated once warm.
    ///
    /// Errors: pictures of another size than announced; too few source bytes.
    pub fn convert(
        &mut self,
        source: &BgrxImage<'_>,
        target: &mut I420Image,
    ) -> Result<(), CodecError> {
        if source.size != self.source {
            return Err(CodecError::SizeChanged {
                expected: self.source,
                got: source.size,
            });
        }
        if target.size() != self.target {
            return Err(CodecError::SizeChanged {
                expected: self.target,
                got: target.size(),
            });
        }
        source.check()?;
        let mut canvas = Canvas {
            planes: target.padded_planes_mut(),
            rect: self.rect,
            colour: self.colour,
            chroma: &mut self.chroma,
            unwanted: &mut self.unwanted,
        };
        canvas.draw_bars(self.target);
        match &mut self.work {
            Work::Copy => canvas.copy_rows(source, &mut self.tail),
            Work::Repeat { factor, strip } => canvas.in_strips(strip, |y, row| {
                repeat_row(source, *factor, y, row);
            }),
            Work::Average {
                factor,
                strip,
                column_sums,
            } => canvas.in_strips(strip, |y, row| {
                average_row(source, *factor, y, column_sums, row);
            }),
            Work::Filter {
                resampler,
                reduced,
                strip,
            } => {
                let source = match reduced {
                    Some(reduced) => &reduced.take(source),
                    None => source,
                };
                canvas.in_strips(strip, |y, row| {
                    resampler.row(source, y, row);
                })
            }
        }
    }
}

/// A source in whole-factor means, for the filter to take from there: its range is limited.
struct Reduced {
    factor: usize,
    size: PictureSize,
    bytes: Vec<u8>,
    column_sums: Vec<u16>,
}

impl Reduced {
    fn new(source: PictureSize, factor: u32) -> Self {
        let size = PictureSize::new(
            source.width.div_ceil(factor),
            source.height.div_ceil(factor),
        );
        Self {
            factor: factor as usize,
            size,
            bytes: vec![0; size.width as usize * size.height as usize * BGRX_BYTES],
            column_sums: vec![0; source.width as usize * BGRX_BYTES],
        }
    }

    fn take(&mut self, source: &BgrxImage<'_>) -> BgrxImage<'_> {
        let stride_bytes = self.size.width as usize * BGRX_BYTES;
        for (y, row) in self.bytes.chunks_exact_mut(stride_bytes).enumerate() {
            average_row(source, self.factor, y, &mut self.column_sums, row);
        }
        BgrxImage {
            data: &self.bytes,
            stride_bytes,
            size: self.size,
        }
    }
}

fn filter(source: PictureSize, rect: PictureRect, strip: Vec<u8>) -> Work {
    let shrinking = source
        .width
        .div_ceil(rect.width)
        .max(source.height.div_ceil(rect.height));
    let factor = shrinking.div_ceil(MAX_SHRINKING);
    let reduced = (factor > 1).then(|| Reduced::new(source, factor));
    let span = |side: u32| f64::from(side) / f64::from(factor);
    Work::Filter {
        resampler: Box::new(Resampler::new(
            reduced.as_ref().map_or(source, |reduced| reduced.size),
            (span(source.width), span(source.height)),
            rect.width,
            rect.height,
        )),
        reduced,
        strip,
    }
}

/// The picture that is written and the part of it that the source fills.
struct Canvas<'a> {
    planes: I420PlanesMut<'a>,
    rect: PictureRect,
    colour: Colour,
    chroma: &'a mut LeftSited,
    unwanted: &'a mut [u8],
}

impl Canvas<'_> {
    /// Scales `STRIP_ROWS` rows of the rectangle at a time with `scale_row(y, row)` and converts them while cached.
    fn in_strips(
        &mut self,
        strip: &mut [u8],
        mut scale_row: impl FnMut(usize, &mut [u8]),
    ) -> Result<(), CodecError> {
        let row_bytes = self.rect.width as usize * BGRX_BYTES;
        for first in (0..self.rect.height).step_by(STRIP_ROWS) {
            let rows = (self.rect.height - first).min(STRIP_ROWS as u32) as usize;
            let strip = &mut strip[..rows * row_bytes];
            for (offset, row) in strip.chunks_exact_mut(row_bytes).enumerate() {
                scale_row(first as usize + offset, row);
            }
            self.write_rows(first, strip, row_bytes)?;
        }
        Ok(())
    }

    /// Converts a source that needs no scaling, straight from where it lies.
    fn copy_rows(&mut self, source: &BgrxImage<'_>, tail: &mut Vec<u8>) -> Result<(), CodecError> {
        let (stride_bytes, height) = (source.stride_bytes, source.size.height as usize);
        for first in (0..height).step_by(STRIP_ROWS) {
            let rows = (height - first).min(STRIP_ROWS);
            let strip = first * stride_bytes..(first + rows) * stride_bytes;
            match source.data.get(strip) {
                Some(strip) => self.write_rows(first as u32, strip, stride_bytes)?,
                None => {
                    tail.clear();
                    for y in first..height {
                        tail.extend_from_slice(source.row(y));
                    }
                    self.write_rows(first as u32, tail, tail.len() / rows)?;
                }
            }
        }
        Ok(())
    }

    /// Converts the rows of `bgrx`, an even number of them up to `STRIP_ROWS` and each with its whole stride, to the
    /// rectangle's rows from `first` on.
    ///
    /// The library goes by the lengths of what it is given and not by the height: it leaves out rows that lack a
    /// whole stride and does not stop at the last row while all slices go on.
    fn write_rows(
        &mut self,
        first: u32,
        bgrx: &[u8],
        stride_bytes: usize,
    ) -> Result<(), CodecError> {
        let rows = bgrx.len() / stride_bytes;
        let (planes, rect) = (&mut self.planes, self.rect);
        let top = (rect.y + first) as usize;
        let luma_start = top * planes.y_stride + rect.x as usize;
        let mut luma = YuvGrayImageMut {
            y_plane: BufferStoreMut::Borrowed(
                &mut planes.y[luma_start..][..rows * planes.y_stride],
            ),
            y_stride: planes.y_stride as u32,
            width: rect.width,
            height: rows as u32,
        };
        let stride = u32::try_from(stride_bytes)
            .map_err(|_| CodecError::Conversion(format!("a stride of {stride_bytes} bytes")))?;
        let failed = |error: yuv::YuvError| CodecError::Conversion(error.to_string());
        let (range, matrix) = self.colour.library_terms();
        bgra_to_yuv400(&mut luma, bgrx, stride, range, matrix).map_err(failed)?;
        let half = self.chroma.take(bgrx, stride_bytes);
        let chroma_start = top / 2 * planes.chroma_stride + rect.x as usize / 2;
        let chroma_len = rows / 2 * planes.chroma_stride;
        let half_width = rect.width / 2;
        let mut chroma = YuvPlanarImageMut {
            y_plane: BufferStoreMut::Borrowed(
                &mut self.unwanted[..half_width as usize * (rows / 2)],
            ),
            y_stride: half_width,
            u_plane: BufferStoreMut::Borrowed(&mut planes.u[chroma_start..][..chroma_len]),
            u_stride: planes.chroma_stride as u32,
            v_plane: BufferStoreMut::Borrowed(&mut planes.v[chroma_start..][..chroma_len]),
            v_stride: planes.chroma_stride as u32,
            width: half_width,
            height: rows as u32 / 2,
        };
        let half_stride = half_width * BGRX_BYTES as u32;
        let mode = YuvConversionMode::Balanced;
        bgra_to_yuv444(&mut chroma, half, half_stride, range, matrix, mode).map_err(failed)
    }

    fn draw_bars(&mut self, size: PictureSize) {
        let (planes, rect) = (&mut self.planes, self.rect);
        let halved = PictureRect {
            x: rect.x / 2,
            y: rect.y / 2,
            width: rect.width / 2,
            height: rect.height / 2,
        };
        let (width, height) = (size.width as usize, size.height as usize);
        let black = self.colour.black();
        fill_around(planes.y, planes.y_stride, (width, height), rect, black);
        for plane in [&mut *planes.u, &mut *planes.v] {
            let chroma = (width / 2, height / 2);
            fill_around(plane, planes.chroma_stride, chroma, halved, NEUTRAL_CHROMA);
        }
    }
}

fn fill_around(
    plane: &mut [u8],
    stride: usize,
    (width, height): (usize, usize),
    rect: PictureRect,
    value: u8,
) {
    let (left, right) = (rect.x as usize, (rect.x + rect.width) as usize);
    let (top, bottom) = (rect.y as usize, (rect.y + rect.height) as usize);
    for (y, row) in plane.chunks_exact_mut(stride).take(height).enumerate() {
        if (top..bottom).contains(&y) {
            row[..left].fill(value);
            row[right..width].fill(value);
        } else {
            row[..width].fill(value);
        }
    }
}

/// Row `y` of the scaled picture: each source pixel `factor` times, the last one to the end of the row.
fn repeat_row(source: &BgrxImage<'_>, factor: usize, y: usize, row: &mut [u8]) {
    let from = source.row((y / factor).min(source.size.height as usize - 1));
    let (whole, rest) = row.split_at_mut((from.len() * factor).min(row.len()));
    match factor {
        1 => whole.copy_from_slice(&from[..whole.len()]),
        2 => repeat_pixels(from, 2, whole),
        3 => repeat_pixels(from, 3, whole),
        4 => repeat_pixels(from, 4, whole),
        _ => repeat_pixels(from, factor, whole),
    }
    let last = &from[from.len() - BGRX_BYTES..];
    for copy in rest.chunks_exact_mut(BGRX_BYTES) {
        copy.copy_from_slice(last);
    }
}

/// Inlined, so that the usual factors above become constants and the loop vector code.
#[inline(always)]
fn repeat_pixels(from: &[u8], factor: usize, row: &mut [u8]) {
    let mut blocks = row.chunks_exact_mut(factor * BGRX_BYTES);
    let mut pixels = from.chunks_exact(BGRX_BYTES);
    for (block, pixel) in blocks.by_ref().zip(pixels.by_ref()) {
        for copy in block.chunks_exact_mut(BGRX_BYTES) {
            copy.copy_from_slice(pixel);
        }
    }
    if let Some(pixel) = pixels.next() {
        for copy in blocks.into_remainder().chunks_exact_mut(BGRX_BYTES) {
            copy.copy_from_slice(pixel);
        }
    }
}

/// Row `y` of the scaled picture: the rounded mean of `factor` × `factor` source pixels each; beyond the source's
/// edge its last column and row count again.
fn average_row(
    source: &BgrxImage<'_>,
    factor: usize,
    y: usize,
    column_sums: &mut [u16],
    row: &mut [u8],
) {
    let last_row = source.size.height as usize - 1;
    column_sums.fill(0);
    for step in 0..factor {
        let from = source.row((y * factor + step).min(last_row));
        for (sum, &byte) in column_sums.iter_mut().zip(from) {
            *sum += u16::from(byte);
        }
    }
    let whole = (column_sums.len() / (factor * BGRX_BYTES) * BGRX_BYTES).min(row.len());
    let (whole_row, rest) = row.split_at_mut(whole);
    match factor {
        2 => average_pixels::<2>(column_sums, whole_row),
        3 => average_pixels::<3>(column_sums, whole_row),
        4 => average_pixels::<4>(column_sums, whole_row),
        _ => average_by(factor, 0, column_sums, whole_row),
    }
    average_by(factor, whole / BGRX_BYTES, column_sums, rest);
}

/// A whole row of blocks of `N` × `N`. 16 bits hold the sums up to a factor of 16.
fn average_pixels<const N: usize>(column_sums: &[u16], row: &mut [u8]) {
    let count = (N * N) as u16;
    let blocks = column_sums.chunks_exact(N * BGRX_BYTES);
    for (pixel, block) in row.chunks_exact_mut(BGRX_BYTES).zip(blocks) {
        let mut sums = [count / 2; BGRX_BYTES];
        for columns in block.chunks_exact(BGRX_BYTES) {
            for (sum, &column) in sums.iter_mut().zip(columns) {
                *sum += column;
            }
        }
        for (byte, sum) in pixel.iter_mut().zip(sums) {
            *byte = (sum / count) as u8;
        }
    }
}

/// The pixels of a row from number `first` on, for any factor and beyond the edge.
fn average_by(factor: usize, first: usize, column_sums: &[u16], row: &mut [u8]) {
    let last = column_sums.len() - BGRX_BYTES;
    let reciprocal = Reciprocal::new(factor * factor);
    for (x, pixel) in row.chunks_exact_mut(BGRX_BYTES).enumerate() {
        let mut sums = [0_u32; BGRX_BYTES];
        for step in 0..factor {
            let at = (((first + x) * factor + step) * BGRX_BYTES).min(last);
            for (sum, &column) in sums.iter_mut().zip(&column_sums[at..at + BGRX_BYTES]) {
                *sum += u32::from(column);
            }
        }
        for (byte, sum) in pixel.iter_mut().zip(sums) {
            *byte = reciprocal.rounded_mean(sum);
        }
    }
}

/// Division by a count of pixels as one multiplication; a division for every byte would cost more than the rest.
#[derive(Clone, Copy)]
struct Reciprocal {
    half: u32,
    factor: u64,
}

impl Reciprocal {
    /// Exact for sums of up to `count` bytes while `count` is at most 2^16: sum × count stays below 2^40.
    fn new(count: usize) -> Self {
        let count = count as u64;
        Self {
            half: (count / 2) as u32,
            factor: (1_u64 << 40).div_ceil(count),
        }
    }

    fn rounded_mean(self, sum: u32) -> u8 {
        ((u64::from(sum + self.half) * self.factor) >> 40) as u8
    }
}

/// Rows scaled before they are converted: 16 rows of 1920 pixels are 123 kB, well within a second-level cache.
const STRIP_ROWS: usize = 16;

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
