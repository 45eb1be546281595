//! Encodes a moving picture and says how long it took, for `doctor`. The only place here that looks at a clock.

use std::time::Instant;

use crate::colour::Colour;
use crate::convert::Converter;
use crate::encoder::{EncoderConfig, FrameRequest, VideoEncoder, open_encoder};
use crate::error::CodecError;
use crate::moving::MovingPicture;
use crate::picture::PictureSize;

/// What a trial measured; times are wall clock, per frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialResult {
    /// Frames measured: all but the first, which is a key frame and warms up.
    pub frames: u32,
    /// Median of submit to finish, milliseconds.
    pub encode_p50_ms: f64,
    /// 99th percentile of submit to finish, milliseconds.
    pub encode_p99_ms: f64,
    /// Median of the colour conversion before it, milliseconds.
    pub convert_p50_ms: f64,
    /// Mean bytes of a frame.
    pub mean_bytes: u32,
}

/// Opens the encoder called `name` and encodes `frames` moving pictures, at least two.
///
/// Errors: those of [`open_encoder`] and of encoding.
pub fn trial(
    name: &str,
    size: PictureSize,
    fps: u32,
    frames: u32,
) -> Result<TrialResult, CodecError> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(4) as u8);
    let mut encoder = open_encoder(
        name,
        EncoderConfig {
            size,
            fps,
            bitrate_kbps: TRIAL_KBPS,
            slices: threads,
            threads,
            max_reference_frames: 0,
            long_term_references: true,
            colour: Colour::default(),
        },
    )?;
    let mut converter = Converter::new(size, size, Colour::default())?;
    let mut picture = MovingPicture::new(size);
    let mut access_unit = Vec::new();
    let (mut encode_ms, mut convert_ms) = (Vec::new(), Vec::new());
    let mut bytes = 0_u64;
    for index in 0..frames.max(2) {
        let source = picture.draw(index);
        let started = Instant::now();
        converter.convert(&source, encoder.input())?;
        let converted = Instant::now();
        encoder.submit(index, FrameRequest::Predicted)?;
        let unit = encoder.finish(&mut access_unit)?;
        if index > 0 {
            convert_ms.push((converted - started).as_secs_f64() * 1e3);
            encode_ms.push(converted.elapsed().as_secs_f64() * 1e3);
            bytes += unit.map_or(0, |unit| unit.bytes as u64);
        }
    }
    Ok(TrialResult {
        frames: encode_ms.len() as u32,
        encode_p50_ms: quantile(&mut encode_ms, 50),
        encode_p99_ms: quantile(&mut encode_ms, 99),
        convert_p50_ms: quantile(&mut convert_ms, 50),
        mean_bytes: (bytes / encode_ms.len() as u64) as u32,
    })
}

/// Nearest rank; 0 of nothing.
fn quantile(values: &mut [f64], pct: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (values.len() * pct).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0.0)
}

/// A usual setting for 1080p at 60.
const TRIAL_KBPS: u32 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_measures_every_frame_but_the_first() {
        let result =
            trial("auto", PictureSize::new(320, 180), 60, 12).expect("openh264 is built in");
        assert_eq!(result.frames, 11);
        assert!(result.encode_p50_ms > 0.0 && result.encode_p99_ms >= result.encode_p50_ms);
        assert!(result.convert_p50_ms > 0.0 && result.mean_bytes > 0);
        assert!(trial("auto", PictureSize::new(16, 16), 60, 2).is_err());
        assert!(trial("none", PictureSize::new(320, 180), 60, 2).is_err());
    }

    #[test]
    fn quantiles_are_nearest_rank() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 50), 50.0);
        assert_eq!(quantile(&mut values, 99), 99.0);
        assert_eq!(quantile(&mut [], 50), 0.0);
        assert_eq!(quantile(&mut [7.0], 99), 7.0);
    }
}
