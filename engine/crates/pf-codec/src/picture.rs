//! Sizes, rectangles and the two kinds of picture: what sources give (BGRX) and what encoders take (I420).

use crate::error::CodecError;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureSize {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PictureSize {
    /// A size of `width` by `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

impl std::fmt::Display for PictureSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Where the source lies in the encoded picture; all four numbers are even. Input maps back through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureRect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A source picture, borrowed: 4 bytes a pixel in the order blue, green, red, ignored.
#[derive(Debug, Clone, Copy)]
pub struct BgrxImage<'a> {
    /// The rows; the last one need not be followed by padding.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride_bytes: usize,
    /// Size in pixels.
    pub size: PictureSize,
}

impl<'a> BgrxImage<'a> {
    /// Checks that `data` holds every row.
    ///
    /// Errors: [`CodecError::SourceBytes`].
    pub fn check(&self) -> Result<(), CodecError> {
        let row_bytes = self.size.width as usize * BGRX_BYTES;
        let needed = (self.size.height as usize)
            .saturating_sub(1)
            .saturating_mul(self.stride_bytes)
            .saturating_add(row_bytes);
        if self.stride_bytes < row_bytes || self.data.len() < needed {
            return Err(CodecError::SourceBytes {
                needed,
                got: self.data.len(),
                stride_bytes: self.stride_bytes,
            });
        }
        Ok(())
    }

    /// One row, without its padding. The picture must have passed [`Self::check`].
    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        let start = y * self.stride_bytes;
        &self.data[start..start + self.size.width as usize * BGRX_BYTES]
    }
}

/// An owned 8-bit 4:2:0 picture; every plane and every row starts at a multiple of 64 bytes in memory.
pub struct I420Image {
    size: PictureSize,
    bytes: Vec<u8>,
    /// Where the luma plane starts in `bytes`: what aligns it. `bytes` is never grown, so it stays true.
    start: usize,
}

/// The three planes of a picture, to read.
#[derive(Debug, Clone, Copy)]
pub struct I420Planes<'a> {
    /// Luma, `y_stride` × height bytes.
    pub y: &'a [u8],
    /// Blue difference, `chroma_stride` × height / 2 bytes.
    pub u: &'a [u8],
    /// Red difference, `chroma_stride` × height / 2 bytes.
    pub v: &'a [u8],
    /// Bytes from one luma row to the next.
    pub y_stride: usize,
    /// Bytes from one chroma row to the next.
    pub chroma_stride: usize,
}

/// The three planes of a picture, to write.
#[derive(Debug)]
pub struct I420PlanesMut<'a> {
    /// Luma, `y_stride` × height bytes.
    pub y: &'a mut [u8],
    /// Blue difference, `chroma_stride` × height / 2 bytes.
    pub u: &'a mut [u8],
    /// Red difference, `chroma_stride` × height / 2 bytes.
    pub v: &'a mut [u8],
    /// Bytes from one luma row to the next.
    pub y_stride: usize,
    /// Bytes from one chroma row to the next.
    pub chroma_stride: usize,
}

impl I420Image {
    /// A black picture (Y 16, U and V 128).
    ///
    /// Errors: [`CodecError::PictureSize`] when a side is odd, 0 or longer than 16384.
    pub fn new(size: PictureSize) -> Result<Self, CodecError> {
        let side_fits = |side: u32| side.is_multiple_of(2) && (2..=MAX_SIDE).contains(&side);
        if !side_fits(size.width) || !side_fits(size.height) {
            return Err(CodecError::PictureSize {
                size,
                max_side: MAX_SIDE,
            });
        }
        let mut image = Self {
            size,
            bytes: Vec::new(),
            start: 0,
        };
        let (luma_bytes, chroma_bytes) = image.plane_bytes();
        image.bytes = vec![BLACK_Y; luma_bytes + 2 * chroma_bytes + ALIGNMENT - 1];
        image.start = image.bytes.as_ptr().align_offset(ALIGNMENT);
        let planes = image.padded_planes_mut();
        planes.u.fill(NEUTRAL_CHROMA);
        planes.v.fill(NEUTRAL_CHROMA);
        Ok(image)
    }

    /// Size in pixels; both sides are even.
    pub fn size(&self) -> PictureSize {
        self.size
    }

    /// The planes, to read.
    pub fn planes(&self) -> I420Planes<'_> {
        let (luma_bytes, chroma_bytes) = self.plane_bytes();
        let (y_stride, chroma_stride) = self.strides();
        let height = self.size.height as usize;
        let (y, chroma) = self.bytes[self.start..].split_at(luma_bytes);
        let (u, v) = chroma.split_at(chroma_bytes);
        I420Planes {
            y: &y[..y_stride * height],
            u: &u[..chroma_stride * height / 2],
            v: &v[..chroma_stride * height / 2],
            y_stride,
            chroma_stride,
        }
    }

    /// The planes, to write.
    pub fn planes_mut(&mut self) -> I420PlanesMut<'_> {
        let height = self.size.height as usize;
        let I420PlanesMut {
            y,
            u,
            v,
            y_stride,
            chroma_stride,
        } = self.padded_planes_mut();
        I420PlanesMut {
            y: &mut y[..y_stride * height],
            u: &mut u[..chroma_stride * height / 2],
            v: &mut v[..chroma_stride * height / 2],
            y_stride,
            chroma_stride,
        }
    }

    /// The planes with one row of padding after the last: a rectangle that starts right of the left edge then
    /// still has a whole stride for each of its rows, which the conversion library asks for.
    pub(crate) fn padded_planes_mut(&mut self) -> I420PlanesMut<'_> {
        let (luma_bytes, chroma_bytes) = self.plane_bytes();
        let (y_stride, chroma_stride) = self.strides();
        let (y, chroma) = self.bytes[self.start..].split_at_mut(luma_bytes);
        let (u, rest) = chroma.split_at_mut(chroma_bytes);
        I420PlanesMut {
            y,
            u,
            v: &mut rest[..chroma_bytes],
            y_stride,
            chroma_stride,
        }
    }

    fn strides(&self) -> (usize, usize) {
        let width = self.size.width as usize;
        (
            width.next_multiple_of(ALIGNMENT),
            (width / 2).next_multiple_of(ALIGNMENT),
        )
    }

    fn plane_bytes(&self) -> (usize, usize) {
        let (y_stride, chroma_stride) = self.strides();
        let height = self.size.height as usize;
        (y_stride * (height + 1), chroma_stride * (height / 2 + 1))
    }
}

/// Bytes of one BGRX pixel.
pub(crate) const BGRX_BYTES: usize = 4;
/// Luma of black, limited range.
pub(crate) const BLACK_Y: u8 = 16;
/// Either colour difference of any grey.
pub(crate) const NEUTRAL_CHROMA: u8 = 128;
/// Longest side of any picture: the widest protocol limit in sight, and products stay far from overflow.
pub(crate) const MAX_SIDE: u32 = 16_384;
/// One cache line, and what the widest vector loads like.
const ALIGNMENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_start_and_continue_on_64_byte_borders() {
        for (width, height) in [(2, 2), (66, 34), (1366, 768), (1920, 1080)] {
            let mut image = I420Image::new(PictureSize::new(width, height)).expect("even size");
            let planes = image.planes();
            for (plane, stride) in [
                (planes.y, planes.y_stride),
                (planes.u, planes.chroma_stride),
                (planes.v, planes.chroma_stride),
            ] {
                assert_eq!(plane.as_ptr() as usize % 64, 0, "{width}x{height}");
                assert_eq!(stride % 64, 0);
            }
            assert_eq!(planes.y.len(), planes.y_stride * height as usize);
            assert_eq!(planes.v.len(), planes.chroma_stride * height as usize / 2);
            assert!(planes.y.iter().all(|&y| y == 16));
            assert!(planes.u.iter().chain(planes.v).all(|&c| c == 128));
            assert_eq!(image.planes_mut().y.len(), image.planes().y.len());
        }
    }

    #[test]
    fn odd_empty_and_giant_pictures_are_refused() {
        for (width, height) in [
            (0, 0),
            (0, 16),
            (15, 16),
            (16, 15),
            (16_386, 16),
            (16, u32::MAX),
        ] {
            assert!(
                I420Image::new(PictureSize::new(width, height)).is_err(),
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn a_source_with_too_few_bytes_is_refused_with_the_numbers() {
        let bytes = [0_u8; 4 * 4 * 2];
        let size = PictureSize::new(4, 2);
        let fits = BgrxImage {
            data: &bytes,
            stride_bytes: 16,
            size,
        };
        assert_eq!(fits.check(), Ok(()));
        assert_eq!(
            BgrxImage {
                data: &bytes[..31],
                ..fits
            }
            .check()
            .unwrap_err()
            .to_string(),
            "source picture needs 32 bytes at 16 bytes a row, got 31"
        );
        assert!(
            BgrxImage {
                stride_bytes: 15,
                ..fits
            }
            .check()
            .is_err()
        );
        assert!(
            BgrxImage {
                stride_bytes: usize::MAX,
                ..fits
            }
            .check()
            .is_err()
        );
    }
}
