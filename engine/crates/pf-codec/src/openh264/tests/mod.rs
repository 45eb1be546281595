//! openh264 against an independent decoder: ffmpeg. Tests that need it skip with a printed reason where it is missing.

mod recovery;
mod stream;

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::colour::{Colour, ColourMatrix};
use crate::convert::Converter;
use crate::moving::MovingPicture;
use crate::picture::PictureSize;

fn config(width: u32, height: u32) -> EncoderConfig {
    EncoderConfig {
        size: PictureSize::new(width, height),
        fps: 60,
        bitrate_kbps: 4000,
        slices: 1,
        threads: 1,
        max_reference_frames: 0,
        long_term_references: true,
        colour: Colour::default(),
    }
}

/// An encoder that is fed moving pictures.
struct Sender {
    encoder: OpenH264Encoder,
    converter: Converter,
    picture: MovingPicture,
}

/// One frame as it was sent.
struct Sent {
    unit: AccessUnit,
    bytes: Vec<u8>,
}

impl Sender {
    fn new(config: EncoderConfig) -> Self {
        Self {
            encoder: OpenH264Encoder::open(config).expect("openh264 opens"),
            converter: Converter::new(config.size, config.size, config.colour)
                .expect("sizes exist"),
            picture: MovingPicture::new(config.size),
        }
    }

    fn send(&mut self, index: u32, request: FrameRequest) -> Sent {
        let source = self.picture.draw(index);
        self.converter
            .convert(&source, self.encoder.input())
            .expect("converts");
        self.encoder
            .submit(index, request)
            .expect("nothing is pending");
        let mut bytes = Vec::new();
        let unit = self
            .encoder
            .finish(&mut bytes)
            .expect("encodes")
            .expect("skipping is off");
        assert_eq!(unit.bytes, bytes.len());
        Sent { unit, bytes }
    }

    /// The input picture as ffmpeg writes one.
    fn packed_input(&mut self) -> Vec<u8> {
        let size = self.encoder.input().size();
        let (width, height) = (size.width as usize, size.height as usize);
        let planes = self.encoder.input().planes();
        let mut packed = Vec::new();
        for row in planes.y.chunks_exact(planes.y_stride).take(height) {
            packed.extend_from_slice(&row[..width]);
        }
        for plane in [planes.u, planes.v] {
            for row in plane.chunks_exact(planes.chroma_stride).take(height / 2) {
                packed.extend_from_slice(&row[..width / 2]);
            }
        }
        packed
    }
}

/// What ffmpeg writes to its output for an H.264 stream; `None`, with a printed reason, when it is not installed.
fn ffmpeg(stream: &[u8], arguments: &[&str]) -> Option<std::process::Output> {
    let child = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-f", "h264", "-i", "pipe:0"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: ffmpeg does not start ({error})");
            return None;
        }
    };
    let mut input = child.stdin.take().expect("stdin is piped");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(stream).expect("ffmpeg reads its input"));
        child.wait_with_output().expect("ffmpeg ends")
    });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output)
}

/// A checksum of every decoded picture, in order.
fn picture_sums(stream: &[u8]) -> Option<Vec<String>> {
    let arguments = [
        "-loglevel",
        "error",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "pipe:1",
    ];
    let output = ffmpeg(stream, &arguments)?;
    let text = String::from_utf8(output.stdout).expect("framemd5 is text");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(
        lines
            .map(|line| line.rsplit(", ").next().unwrap_or_default().to_owned())
            .collect(),
    )
}

/// Every decoded picture as packed I420.
fn pictures(stream: &[u8], size: PictureSize) -> Option<Vec<Vec<u8>>> {
    let arguments = [
        "-loglevel",
        "error",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "pipe:1",
    ];
    let output = ffmpeg(stream, &arguments)?;
    let picture_bytes = size.width as usize * size.height as usize * 3 / 2;
    Some(
        output
            .stdout
            .chunks_exact(picture_bytes)
            .map(<[u8]>::to_vec)
            .collect(),
    )
}
