//! A moving picture to encode when nothing real is at hand: trials, benches and tests.
//!
//! A textured background pans by six pixels a frame, forty opaque squares cross it. Same pixels every run.

use crate::picture::{BGRX_BYTES, BgrxImage, PictureSize};

/// Draws frame after frame into its own memory.
pub struct MovingPicture {
    size: PictureSize,
    /// One row more than a period wide, so that a row of any pan offset is one copy.
    background: Vec<u8>,
    background_row_bytes: usize,
    frame: Vec<u8>,
}

impl MovingPicture {
    /// A picture of `size`; both sides at least 1.
    pub fn new(size: PictureSize) -> Self {
        let columns = size.width as usize + PERIOD;
        let background_row_bytes = columns * BGRX_BYTES;
        let mut background = vec![0; background_row_bytes * size.height as usize];
        for (y, row) in background
            .chunks_exact_mut(background_row_bytes.max(1))
            .enumerate()
        {
            for (x, pixel) in row.chunks_exact_mut(BGRX_BYTES).enumerate() {
                pixel.copy_from_slice(&texture(x % PERIOD, y));
            }
        }
        let frame = vec![0; size.width as usize * size.height as usize * BGRX_BYTES];
        Self {
            size,
            background,
            background_row_bytes,
            frame,
        }
    }

    /// Draws frame number `index`.
    pub fn draw(&mut self, index: u32) -> BgrxImage<'_> {
        let row_bytes = self.size.width as usize * BGRX_BYTES;
        let pan = index as usize * PAN_PIXELS % PERIOD * BGRX_BYTES;
        let rows = self
            .background
            .chunks_exact(self.background_row_bytes.max(1));
        for (row, from) in self.frame.chunks_exact_mut(row_bytes.max(1)).zip(rows) {
            row.copy_from_slice(&from[pan..pan + row_bytes]);
        }
        for square in 0..SQUARES {
            self.draw_square(square, index as usize);
        }
        BgrxImage {
            data: &self.frame,
            stride_bytes: row_bytes,
            size: self.size,
        }
    }

    fn draw_square(&mut self, number: usize, index: usize) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let side = (width.min(height) / 16).max(1);
        let left = (number * 397 + index * (number % 9 + 1)) % width.max(1);
        let top = (number * 211 + index * (number % 5 + 1)) % height.max(1);
        let colour = [
            (number * 67) as u8,
            (number * 41 + 90) as u8,
            (number * 23 + 30) as u8,
            0,
        ];
        let row_bytes = width * BGRX_BYTES;
        for row in self
            .frame
            .chunks_exact_mut(row_bytes.max(1))
            .skip(top)
            .take(side)
        {
            let right = (left + side).min(width);
            for pixel in row[left * BGRX_BYTES..right * BGRX_BYTES].chunks_exact_mut(BGRX_BYTES) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

fn texture(x: usize, y: usize) -> [u8; BGRX_BYTES] {
    let wave = |position: usize, turns: usize| {
        let angle = (position * turns) as f32 / PERIOD as f32 * std::f32::consts::TAU;
        (angle.sin() * 40.0) as i32
    };
    let mut grain = (x as u32).wrapping_mul(0x9E37_79B9) ^ (y as u32).wrapping_mul(0x85EB_CA6B);
    grain = (grain ^ grain >> 15).wrapping_mul(0x2C1B_3C6D);
    let grain = (grain >> 28) as i32 - 8;
    let shade = |base: i32| (base + grain).clamp(0, 255) as u8;
    [
        shade(110 + wave(x, 2) + wave(y, 1)),
        shade(120 + wave(x, 1) + wave(y, 3)),
        shade(130 + wave(x, 3) - wave(y, 2)),
        0,
    ]
}

/// Pixels after which the background repeats.
const PERIOD: usize = 256;
/// A quick pan, but within the motion search of any encoder.
const PAN_PIXELS: usize = 6;
const SQUARES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_differs_from_the_one_before_and_is_the_same_again() {
        let size = PictureSize::new(160, 90);
        let mut picture = MovingPicture::new(size);
        let mut before = picture.draw(0).data.to_vec();
        let first = before.clone();
        for index in 1..300 {
            let frame = picture.draw(index);
            assert_eq!(frame.check(), Ok(()));
            assert_ne!(frame.data, before, "frame {index}");
            before = frame.data.to_vec();
        }
        assert_eq!(MovingPicture::new(size).draw(0).data, first);
        for (width, height) in [(1, 1), (3, 200), (500, 2)] {
            assert_eq!(
                MovingPicture::new(PictureSize::new(width, height))
                    .draw(7)
                    .check(),
                Ok(())
            );
        }
    }
}
