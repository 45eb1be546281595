//! Where a source picture lies in the encoded one, and how it gets there. Arithmetic only, no pixels.

use crate::error::CodecError;
use crate::picture::{MAX_SIDE, PictureRect, PictureSize};

/// How source pixels become pixels of the rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scaling {
    /// Pixel for pixel, and the source has even sides.
    Copy,
    /// Every source pixel becomes a block of `factor` × `factor`.
    Repeat {
        /// 1 and more; 1 is a copy of a source with an odd side.
        factor: u32,
    },
    /// Every block of `factor` × `factor` source pixels becomes its mean.
    Average {
        /// 2 to [`MAX_AVERAGING`].
        factor: u32,
    },
    /// Anything else: a resampling filter.
    Filter,
}

/// The largest even rectangle of the source's shape within the target, in its middle.
///
/// An odd side is rounded up to even (there is always room for it: the target is even), and the last source
/// column or row is repeated into it, so whole factors stay sharp for odd sources too.
///
/// Errors: [`CodecError::SourceSize`] and [`CodecError::PictureSize`] for sizes no picture has.
pub(crate) fn fit(
    source: PictureSize,
    target: PictureSize,
) -> Result<(PictureRect, Scaling), CodecError> {
    let side_exists = |side: u32| (1..=MAX_SIDE).contains(&side);
    if !side_exists(source.width) || !side_exists(source.height) {
        return Err(CodecError::SourceSize {
            size: source,
            max_side: MAX_SIDE,
        });
    }
    let side_fits = |side: u32| side.is_multiple_of(2) && (2..=MAX_SIDE).contains(&side);
    if !side_fits(target.width) || !side_fits(target.height) {
        return Err(CodecError::PictureSize {
            size: target,
            max_side: MAX_SIDE,
        });
    }
    // Sides are at most 16384, so every product below fits u32 with room.
    let width_decides = target.width * source.height <= target.height * source.width;
    let (to, from) = if width_decides {
        (target.width, source.width)
    } else {
        (target.height, source.height)
    };
    let width = nearest_even(source.width * to, from).clamp(2, target.width);
    let height = nearest_even(source.height * to, from).clamp(2, target.height);
    let rect = PictureRect {
        x: (target.width - width) / 4 * 2,
        y: (target.height - height) / 4 * 2,
        width,
        height,
    };
    let scaling = if to == from && (width, height) == (source.width, source.height) {
        Scaling::Copy
    } else if to % from == 0 {
        Scaling::Repeat { factor: to / from }
    } else if from % to == 0 && from / to <= MAX_AVERAGING {
        Scaling::Average { factor: from / to }
    } else {
        Scaling::Filter
    };
    Ok((rect, scaling))
}

/// The even number nearest to `numerator / denominator`; the larger one when both are as near.
fn nearest_even(numerator: u32, denominator: u32) -> u32 {
    (numerator + denominator) / (2 * denominator) * 2
}

/// The sum of that many bytes still fits 16 bits.
pub(crate) const MAX_AVERAGING: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(source: (u32, u32), target: (u32, u32)) -> ((u32, u32, u32, u32), Scaling) {
        let (rect, scaling) = fit(
            PictureSize::new(source.0, source.1),
            PictureSize::new(target.0, target.1),
        )
        .expect("both sizes exist");
        ((rect.x, rect.y, rect.width, rect.height), scaling)
    }

    #[test]
    fn the_rectangle_keeps_the_shape_and_is_even() {
        assert_eq!(
            fitted((1920, 1080), (1920, 1080)),
            ((0, 0, 1920, 1080), Scaling::Copy)
        );
        assert_eq!(
            fitted((1920, 1080), (2400, 1080)),
            ((240, 0, 1920, 1080), Scaling::Copy)
        );
        assert_eq!(
            fitted((960, 540), (1920, 1080)),
            ((0, 0, 1920, 1080), Scaling::Repeat { factor: 2 })
        );
        assert_eq!(
            fitted((3840, 2160), (1920, 1080)),
            ((0, 0, 1920, 1080), Scaling::Average { factor: 2 })
        );
        assert_eq!(
            fitted((1920, 1080), (1280, 720)),
            ((0, 0, 1280, 720), Scaling::Filter)
        );
        assert_eq!(
            fitted((1280, 720), (1920, 1080)),
            ((0, 0, 1920, 1080), Scaling::Filter)
        );
        assert_eq!(
            fitted((1024, 768), (1920, 1080)),
            ((240, 0, 1440, 1080), Scaling::Filter)
        );
        assert_eq!(
            fitted((960, 540), (2000, 1200)),
            ((0, 36, 2000, 1126), Scaling::Filter),
            "no whole factor: neither side divides"
        );
        assert_eq!(
            fitted((16_384, 16_384), (2, 2)),
            ((0, 0, 2, 2), Scaling::Filter),
            "whole, but more than sums of bytes hold"
        );
        assert_eq!(
            fitted((640, 360), (1280, 1024)),
            ((0, 152, 1280, 720), Scaling::Repeat { factor: 2 })
        );
    }

    #[test]
    fn odd_sources_are_rounded_up_and_stay_whole() {
        assert_eq!(
            fitted((1367, 768), (1920, 768)),
            ((276, 0, 1368, 768), Scaling::Repeat { factor: 1 })
        );
        assert_eq!(
            fitted((641, 360), (2000, 1080)),
            ((38, 0, 1924, 1080), Scaling::Repeat { factor: 3 })
        );
        assert_eq!(
            fitted((3838, 2160), (1920, 1080)),
            ((0, 0, 1920, 1080), Scaling::Average { factor: 2 })
        );
    }

    #[test]
    fn every_rectangle_is_even_inside_and_not_empty() {
        for source_width in (1..2600).step_by(37) {
            for source_height in (1..1700).step_by(41) {
                for target in [
                    (64, 64),
                    (1280, 720),
                    (1920, 1080),
                    (2400, 1080),
                    (720, 1280),
                ] {
                    let ((x, y, width, height), _) = fitted((source_width, source_height), target);
                    for side in [x, y, width, height] {
                        assert_eq!(side % 2, 0);
                    }
                    assert!(width >= 2 && x + width <= target.0);
                    assert!(height >= 2 && y + height <= target.1);
                    assert!(
                        width == target.0 || height == target.1,
                        "one side fills the picture"
                    );
                }
            }
        }
    }

    #[test]
    fn sizes_without_pixels_are_refused() {
        let fine = PictureSize::new(640, 480);
        for bad in [
            (0, 0),
            (0, 480),
            (640, 0),
            (20_000, 20_000),
            (u32::MAX, u32::MAX),
        ] {
            let bad = PictureSize::new(bad.0, bad.1);
            assert!(fit(bad, fine).is_err());
            assert!(fit(fine, bad).is_err());
        }
        assert!(fit(fine, PictureSize::new(641, 480)).is_err());
    }
}
