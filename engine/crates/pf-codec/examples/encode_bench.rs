//! Milliseconds a frame of conversion and encoding, wall clock, in this process.
//!
//! `cargo run --release -p pf-codec --example encode_bench -- [--json] [--frames N] [--encode-only]`. Wants nasm at
//! build time: without it openh264 takes 1.6 to 2.6 times as long, silently.

use std::hint::black_box;
use std::time::Instant;

use pf_codec::{
    BgrxImage, CodecError, Colour, Converter, EncoderConfig, FrameRequest, I420Image,
    MovingPicture, PictureSize, VideoEncoder, open_encoder,
};

struct Measurement {
    name: String,
    p50_ms: f64,
    p99_ms: f64,
    /// Mean bytes of an access unit; 0 for a conversion.
    bytes: usize,
}

fn main() -> Result<(), CodecError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let frames = arguments
        .iter()
        .position(|argument| argument == "--frames")
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(300);
    let mut measurements = Vec::new();
    if !has("--encode-only") {
        conversions(frames, &mut measurements)?;
    }
    encodings(frames, &mut measurements)?;
    if has("--json") {
        let rows: Vec<String> = measurements.iter().map(as_json).collect();
        println!("[{}]", rows.join(","));
    } else {
        println!("{frames} frames each; first frame left out");
        for Measurement {
            name,
            p50_ms,
            p99_ms,
            bytes,
        } in &measurements
        {
            println!("{name:<44} p50 {p50_ms:7.3} ms  p99 {p99_ms:7.3} ms  {bytes:>7} bytes");
        }
    }
    Ok(())
}

fn conversions(frames: u32, measurements: &mut Vec<Measurement>) -> Result<(), CodecError> {
    let full = PictureSize::new(1920, 1080);
    for (name, source, target) in [
        ("convert 1:1 1920x1080", full, full),
        ("convert 2:1 up 960x540", PictureSize::new(960, 540), full),
        (
            "convert 2:1 down 3840x2160",
            PictureSize::new(3840, 2160),
            full,
        ),
        ("convert 3:2 up 1280x720", PictureSize::new(1280, 720), full),
        (
            "convert 3:2 down to 1280x720",
            full,
            PictureSize::new(1280, 720),
        ),
        (
            "convert 1:1 in 2400x1080",
            full,
            PictureSize::new(2400, 1080),
        ),
    ] {
        let sources = rotation(source);
        let stride_bytes = source.width as usize * 4;
        let mut converter = Converter::new(source, target, Colour::default())?;
        let mut picture = I420Image::new(target)?;
        let mut index = 0;
        measurements.push(measure(name.to_owned(), frames, || {
            index += 1;
            let data = &sources[index % sources.len()];
            converter.convert(
                &BgrxImage {
                    data,
                    stride_bytes,
                    size: source,
                },
                &mut picture,
            )?;
            Ok(0)
        })?);
    }
    let sources = rotation(full);
    let mut copy = sources[0].clone();
    let mut index = 0;
    measurements.push(measure(
        "memcpy of 1920x1080 BGRX".to_owned(),
        frames,
        || {
            index += 1;
            copy.copy_from_slice(&sources[index % sources.len()]);
            black_box(&copy);
            Ok(0)
        },
    )?);
    Ok(())
}

/// Four frames, so that the source comes from memory as after a capture.
fn rotation(size: PictureSize) -> Vec<Vec<u8>> {
    let mut picture = MovingPicture::new(size);
    (0..4)
        .map(|index| picture.draw(index * 7).data.to_vec())
        .collect()
}

fn encodings(frames: u32, measurements: &mut Vec<Measurement>) -> Result<(), CodecError> {
    let configurations = [
        (1920, 1080, 20_000, 1, 1, true),
        (1920, 1080, 20_000, 2, 2, true),
        (1920, 1080, 20_000, 2, 2, false),
        (1920, 1080, 20_000, 4, 2, true),
        (1280, 720, 10_000, 1, 1, true),
        (1280, 720, 10_000, 2, 2, true),
    ];
    for (width, height, bitrate_kbps, slices, threads, long_term_references) in configurations {
        let size = PictureSize::new(width, height);
        let config = EncoderConfig {
            size,
            fps: 60,
            bitrate_kbps,
            slices,
            threads,
            max_reference_frames: 0,
            long_term_references,
            colour: Colour::default(),
        };
        let mut encoder = open_encoder("auto", config)?;
        let mut converter = Converter::new(size, size, Colour::default())?;
        let mut picture = MovingPicture::new(size);
        let mut bytes = Vec::new();
        let (mut index, mut times, mut total) = (0, Vec::new(), 0);
        while index <= frames {
            converter.convert(&picture.draw(index), encoder.input())?;
            let started = Instant::now();
            encoder.submit(index, FrameRequest::Predicted)?;
            let unit = encoder.finish(&mut bytes)?;
            if index > 0 {
                times.push(started.elapsed().as_secs_f64() * 1e3);
                total += bytes.len();
            }
            if unit.is_some_and(|unit| unit.long_term_reference) {
                encoder.acknowledge(index)?;
            }
            index += 1;
        }
        let marks = if long_term_references {
            ", long-term"
        } else {
            ""
        };
        let name = format!("encode {size} {slices} slices {threads} threads{marks}");
        measurements.push(summary(name, times, total / frames as usize));
    }
    Ok(())
}

fn measure(
    name: String,
    frames: u32,
    mut frame: impl FnMut() -> Result<usize, CodecError>,
) -> Result<Measurement, CodecError> {
    frame()?;
    let mut times = Vec::new();
    for _ in 0..frames {
        let started = Instant::now();
        frame()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(summary(name, times, 0))
}

fn summary(name: String, mut times: Vec<f64>, bytes: usize) -> Measurement {
    times.sort_unstable_by(f64::total_cmp);
    let rank = |pct: usize| times[(times.len() * pct).div_ceil(100).max(1) - 1];
    Measurement {
        name,
        p50_ms: rank(50),
        p99_ms: rank(99),
        bytes,
    }
}

fn as_json(
    Measurement {
        name,
        p50_ms,
        p99_ms,
        bytes,
    }: &Measurement,
) -> String {
    format!(
        "{{\"name\":\"{name}\",\"p50_ms\":{p50_ms:.4},\"p99_ms\":{p99_ms:.4},\"bytes\":{bytes}}}"
    )
}
