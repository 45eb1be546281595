//! The one error of this crate. Variants carry the numbers; `Display` says what was expected and what came.

use crate::encoder::Codec;
use crate::picture::PictureSize;

/// Why a picture or sound could not be converted or encoded, or a mode not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// A 4:2:0 picture has even sides within what one plane may hold.
    PictureSize {
        /// What was asked for.
        size: PictureSize,
        /// Longest side allowed.
        max_side: u32,
    },
    /// A source picture without any pixel, or larger than any screen.
    SourceSize {
        /// What was asked for.
        size: PictureSize,
        /// Longest side allowed.
        max_side: u32,
    },
    /// The picture handed over is not the one the converter or encoder was made for.
    SizeChanged {
        /// The size it was made for.
        expected: PictureSize,
        /// The size that came.
        got: PictureSize,
    },
    /// The bytes of a source picture do not hold its rows.
    SourceBytes {
        /// Bytes that size and stride ask for.
        needed: usize,
        /// Bytes that came.
        got: usize,
        /// Bytes from one row to the next, as given.
        stride_bytes: usize,
    },
    /// A library refused to convert or scale; its own words.
    Conversion(String),
    /// No encoder for this codec in this build.
    NoEncoder(Codec),
    /// No encoder of this name in this build.
    UnknownEncoder(String),
    /// A side outside what the encoder takes.
    ModeSize {
        /// What was asked for.
        size: PictureSize,
        /// Shortest side allowed.
        min_side: u32,
        /// Longest side allowed.
        max_long_side: u32,
        /// Longest shorter side allowed.
        max_short_side: u32,
    },
    /// 4:2:0 needs both sides even.
    ModeOdd(PictureSize),
    /// A frame rate outside what is served.
    ModeRate {
        /// Frames a second asked for.
        fps: u32,
        /// Fewest allowed.
        min: u32,
        /// Most allowed.
        max: u32,
    },
    /// A setting of the encoder outside its range.
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What was asked for.
        got: u32,
        /// Least allowed.
        min: u32,
        /// Most allowed.
        max: u32,
    },
    /// The encoder library answered with a failure.
    Encoder {
        /// Name of the encoder.
        encoder: &'static str,
        /// What it was asked to do.
        call: &'static str,
        /// Its return code.
        code: i64,
    },
    /// What the encoder wrote is not what was asked of it; the stream would not play everywhere.
    Bitstream(String),
    /// `finish` without a `submit` before it.
    NothingSubmitted,
    /// `submit` while the frame before it has not been finished.
    StillEncoding {
        /// The frame that is waiting for `finish`.
        frame_index: u32,
    },
    /// No Opus layout for so many channels.
    AudioChannels(u8),
    /// Sound packets last 5 or 10 ms.
    AudioPacketLength {
        /// What was asked for, milliseconds.
        packet_ms: u32,
    },
    /// Not the samples of one packet.
    AudioSamples {
        /// Samples of all channels together.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// No room for a sound packet.
    AudioRoom {
        /// Bytes of every packet.
        needed: usize,
        /// Bytes there are.
        got: usize,
    },
    /// The sound encoder failed; its own words, or what was wrong with its packet.
    Audio(String),
}

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PictureSize { size, max_side } => {
                write!(
                    f,
                    "encoded picture {size}: both sides must be even, 2 to {max_side}"
                )
            }
            Self::SourceSize { size, max_side } => {
                write!(
                    f,
                    "source picture {size}: both sides must be 1 to {max_side}"
                )
            }
            Self::SizeChanged { expected, got } => {
                write!(f, "expected a picture of {expected}, got {got}")
            }
            Self::SourceBytes {
                needed,
                got,
                stride_bytes,
            } => write!(
                f,
                "source picture needs {needed} bytes at {stride_bytes} bytes a row, got {got}"
            ),
            Self::Conversion(words) => write!(f, "picture conversion failed: {words}"),
            Self::NoEncoder(codec) => write!(f, "no {codec} encoder in this build"),
            Self::UnknownEncoder(name) => {
                write!(f, "no encoder named {name:?}; known: auto, openh264")
            }
            Self::ModeSize {
                size,
                min_side,
                max_long_side,
                max_short_side,
            } => write!(
                f,
                "mode {size} is outside what the encoder takes: {min_side}x{min_side} to \
                 {max_long_side}x{max_short_side} (either way round)"
            ),
            Self::ModeOdd(size) => {
                write!(
                    f,
                    "mode {size} is not possible: 4:2:0 video needs even width and height"
                )
            }
            Self::ModeRate { fps, min, max } => {
                write!(f, "{fps} frames a second are not possible: {min} to {max}")
            }
            Self::Setting {
                name,
                got,
                min,
                max,
            } => {
                write!(f, "{name} must be {min} to {max}, got {got}")
            }
            Self::Encoder {
                encoder,
                call,
                code,
            } => {
                write!(f, "{encoder}: {call} failed with code {code}")
            }
            Self::Bitstream(words) => write!(f, "the encoder's stream is not usable: {words}"),
            Self::NothingSubmitted => write!(f, "no picture was submitted to the encoder"),
            Self::StillEncoding { frame_index } => {
                write!(f, "frame {frame_index} has not been finished yet")
            }
            Self::AudioChannels(channels) => {
                write!(f, "sound has 2, 6 or 8 channels, got {channels}")
            }
            Self::AudioPacketLength { packet_ms } => {
                write!(f, "a sound packet lasts 5 or 10 ms, got {packet_ms}")
            }
            Self::AudioSamples { expected, got } => {
                write!(f, "a sound packet takes {expected} samples, got {got}")
            }
            Self::AudioRoom { needed, got } => {
                write!(f, "a sound packet needs {needed} bytes, got room for {got}")
            }
            Self::Audio(words) => write!(f, "sound encoding failed: {words}"),
        }
    }
}

impl std::error::Error for CodecError {}
