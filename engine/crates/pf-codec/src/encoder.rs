//! What every video encoder is to the rest of the engine: a trait, its plain data, and the list of encoders.
//!
//! A further encoder (x264, NVENC, VA-API …) is one more file with a [`VideoEncoder`] in it, one variant of
//! [`Encoder`] and one row of [`encoders`].

use crate::colour::Colour;
use crate::error::CodecError;
use crate::openh264;
use crate::picture::{I420Image, PictureSize};

/// How the pictures are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    Hevc,
    /// AV1.
    Av1,
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Av1 => "AV1",
        })
    }
}

/// What the next frame may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameRequest {
    /// Whatever the encoder likes.
    Predicted,
    /// Nothing: a key frame with its parameter sets.
    Key,
    /// Only pictures older than `first_lost`: everything from there to the newest is gone at the client, because
    /// what followed the lost frames was predicted from them. Answered by a key frame where that is not possible.
    ReferencesBefore {
        /// Index of the first lost frame.
        first_lost: u32,
        /// Index of the last frame known to be lost.
        last_lost: u32,
    },
}

impl FrameRequest {
    /// One request that answers both: a key frame answers everything, two ranges become the one around them.
    pub fn merged(self, other: Self) -> Self {
        use FrameRequest::{Key, Predicted, ReferencesBefore};
        match (self, other) {
            (Key, _) | (_, Key) => Key,
            (Predicted, request) | (request, Predicted) => request,
            (
                ReferencesBefore {
                    first_lost,
                    last_lost,
                },
                ReferencesBefore {
                    first_lost: other_first,
                    last_lost: other_last,
                },
            ) => ReferencesBefore {
                first_lost: first_lost.min(other_first),
                last_lost: last_lost.max(other_last),
            },
        }
    }
}

/// What an encoder is opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Size of the encoded picture.
    pub size: PictureSize,
    /// Frames a second that will be submitted; the bitrate is shared out by it.
    pub fps: u32,
    /// Bits a second to aim at, in thousands.
    pub bitrate_kbps: u32,
    /// Slices a picture, 1 to 8. A small picture may get fewer.
    pub slices: u8,
    /// Threads that encode slices side by side, 1 to 4; more than slices do nothing.
    pub threads: u8,
    /// Reference pictures the client's decoder holds: 1 is binding, 0 leaves it to the encoder.
    pub max_reference_frames: u8,
    /// Keep long-term references, so that a loss is answered without a key frame.
    pub long_term_references: bool,
    /// What the stream says its colours are; the pictures must be converted to the same.
    pub colour: Colour,
}

/// What an open encoder is and can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderInfo {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it writes.
    pub codec: Codec,
    /// Whether a chip of its own does the work.
    pub hardware: bool,
    /// Whether [`FrameRequest::ReferencesBefore`] can be answered with less than a key frame.
    pub can_invalidate: bool,
    /// Threads that encode.
    pub threads: u8,
    /// Bitrate in force, which may be less than asked for where the encoder has a limit.
    pub bitrate_kbps: u32,
}

/// What a finished frame turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Stands alone and starts with its parameter sets.
    Key,
    /// Refers to earlier pictures.
    Predicted,
    /// Answers [`FrameRequest::ReferencesBefore`]: refers only to pictures older than the first lost one.
    AfterInvalidation,
}

/// One encoded picture; its bytes are in the buffer given to [`VideoEncoder::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessUnit {
    /// What it refers to.
    pub kind: FrameKind,
    /// Whether a client that has this frame holds a new long-term reference and should acknowledge it.
    pub long_term_reference: bool,
    /// Mean quantiser of the slices, 0 (fine) to 51, where the encoder tells.
    pub qp: Option<u8>,
    /// Length of the access unit.
    pub bytes: usize,
}

/// One stream's encoder. The order is: fill [`Self::input`], [`Self::submit`], [`Self::finish`]; one frame at a time.
pub trait VideoEncoder: Send {
    /// What it is and can do.
    fn info(&self) -> EncoderInfo;

    /// What it is in words, for whoever reads a recording: library and version, and the settings in force as the
    /// library itself tells them. What it does not tell is left out.
    fn detail(&self) -> String;

    /// The picture that is encoded next. It still holds the last one, so a repeat needs no conversion.
    fn input(&mut self) -> &mut I420Image;

    /// Hands the picture over; `frame_index` counts up and names the frame in requests and acknowledgements.
    ///
    /// Errors: [`CodecError::StillEncoding`].
    fn submit(&mut self, frame_index: u32, request: FrameRequest) -> Result<(), CodecError>;

    /// Waits for the submitted frame and puts its bytes into `out`, which is cleared first and given its full
    /// capacity once. `None`: the encoder skipped the frame; its request stands for the next one.
    ///
    /// Errors: [`CodecError::NothingSubmitted`], and whatever the encoder says.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<AccessUnit>, CodecError>;

    /// Aims at another bitrate from the next frame on, without a key frame.
    ///
    /// Errors: [`CodecError::Setting`] for 0.
    fn set_bitrate(&mut self, kbps: u32) -> Result<(), CodecError>;

    /// The client holds the long-term reference that came with `frame_index`. Anything else is ignored.
    ///
    /// Errors: the encoder's.
    fn acknowledge(&mut self, frame_index: u32) -> Result<(), CodecError>;
}

/// An encoder of any kind.
#[non_exhaustive]
pub enum Encoder {
    /// The built-in software encoder.
    OpenH264(Box<openh264::OpenH264Encoder>),
}

impl VideoEncoder for Encoder {
    fn info(&self) -> EncoderInfo {
        match self {
            Self::OpenH264(encoder) => encoder.info(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::OpenH264(encoder) => encoder.detail(),
        }
    }

    fn input(&mut self) -> &mut I420Image {
        match self {
            Self::OpenH264(encoder) => encoder.input(),
        }
    }

    fn submit(&mut self, frame_index: u32, request: FrameRequest) -> Result<(), CodecError> {
        match self {
            Self::OpenH264(encoder) => encoder.submit(frame_index, request),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<AccessUnit>, CodecError> {
        match self {
            Self::OpenH264(encoder) => encoder.finish(out),
        }
    }

    fn set_bitrate(&mut self, kbps: u32) -> Result<(), CodecError> {
        match self {
            Self::OpenH264(encoder) => encoder.set_bitrate(kbps),
        }
    }

    fn acknowledge(&mut self, frame_index: u32) -> Result<(), CodecError> {
        match self {
            Self::OpenH264(encoder) => encoder.acknowledge(frame_index),
        }
    }
}

/// One encoder of this build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderDescriptor {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it writes.
    pub codec: Codec,
    /// Whether a chip of its own does the work.
    pub hardware: bool,
    /// Why it cannot be used on this machine; `None` = it can be opened.
    pub unavailable: Option<String>,
}

/// Every encoder of this build, best first.
pub fn encoders() -> Vec<EncoderDescriptor> {
    vec![EncoderDescriptor {
        name: openh264::NAME,
        codec: Codec::H264,
        hardware: false,
        unavailable: None,
    }]
}

/// Opens an encoder by name; `auto` takes the first that works.
///
/// Errors: an unknown name, a mode or setting outside its limits, or what the encoder says.
pub fn open_encoder(name: &str, config: EncoderConfig) -> Result<Encoder, CodecError> {
    match name {
        "auto" | openh264::NAME => Ok(Encoder::OpenH264(Box::new(
            openh264::OpenH264Encoder::open(config)?,
        ))),
        _ => Err(CodecError::UnknownEncoder(name.to_owned())),
    }
}

/// An open encoder, and what was tried before it.
pub struct OpenedEncoder<E = Encoder> {
    /// The one that works.
    pub encoder: E,
    /// In the order in which they were tried.
    pub refused: Vec<RefusedEncoder>,
}

/// What could not be opened, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEncoder {
    /// Name, and the setting that was given up after it.
    pub name: String,
    /// The encoder's own words.
    pub reason: String,
}

/// Opens an encoder by name as [`open_encoder`] does. One that fails with several threads, as it does where the system
/// grants none, is tried with one.
///
/// Errors: those of the last that was tried.
pub fn open_encoder_or_simpler(
    name: &str,
    config: EncoderConfig,
) -> Result<OpenedEncoder, CodecError> {
    open_or_simpler(name, config, |config| open_encoder(name, config))
}

fn open_or_simpler<E>(
    name: &str,
    config: EncoderConfig,
    mut open: impl FnMut(EncoderConfig) -> Result<E, CodecError>,
) -> Result<OpenedEncoder<E>, CodecError> {
    let mut refused = Vec::new();
    let encoder = match open(config) {
        // Only what the library itself says may be different with less; a setting outside its range stays there.
        Err(error @ CodecError::Encoder { .. }) if config.threads > 1 => {
            refused.push(RefusedEncoder {
                name: format!("{name}, {} threads", config.threads),
                reason: error.to_string(),
            });
            open(EncoderConfig {
                threads: 1,
                ..config
            })?
        }
        opened => opened?,
    };
    Ok(OpenedEncoder { encoder, refused })
}

/// Whether a mode can be encoded at all; asked before anything is allocated.
///
/// Errors: no encoder for the codec, an odd side, a side or rate outside the limits; each with its numbers.
pub fn check_mode(codec: Codec, size: PictureSize, fps: u32) -> Result<(), CodecError> {
    if codec != Codec::H264 {
        return Err(CodecError::NoEncoder(codec));
    }
    let (long_side, short_side) = (size.width.max(size.height), size.width.min(size.height));
    if short_side < MIN_SIDE || long_side > MAX_LONG_SIDE || short_side > MAX_SHORT_SIDE {
        return Err(CodecError::ModeSize {
            size,
            min_side: MIN_SIDE,
            max_long_side: MAX_LONG_SIDE,
            max_short_side: MAX_SHORT_SIDE,
        });
    }
    if size.width % 2 == 1 || size.height % 2 == 1 {
        return Err(CodecError::ModeOdd(size));
    }
    if !(MIN_FPS..=MAX_FPS).contains(&fps) {
        return Err(CodecError::ModeRate {
            fps,
            min: MIN_FPS,
            max: MAX_FPS,
        });
    }
    Ok(())
}

/// Below this there is nothing to see, and too few macroblocks for more than one slice.
const MIN_SIDE: u32 = 64;
/// openh264's largest picture is 3840×2160, either way round.
const MAX_LONG_SIDE: u32 = 3840;
const MAX_SHORT_SIDE: u32 = 2160;
const MIN_FPS: u32 = 1;
/// The fastest displays a client announces.
const MAX_FPS: u32 = 240;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::ColourMatrix;

    const SMALL: EncoderConfig = EncoderConfig {
        size: PictureSize {
            width: 640,
            height: 360,
        },
        fps: 60,
        bitrate_kbps: 5000,
        slices: 1,
        threads: 1,
        max_reference_frames: 0,
        long_term_references: false,
        colour: Colour {
            matrix: ColourMatrix::Bt709,
            full_range: false,
        },
    };

    fn refused(width: u32, height: u32, fps: u32) -> String {
        check_mode(Codec::H264, PictureSize::new(width, height), fps)
            .expect_err("mode is impossible")
            .to_string()
    }

    #[test]
    fn possible_modes_are_accepted() {
        for (width, height, fps) in [
            (64, 64, 1),
            (1280, 720, 60),
            (3840, 2160, 240),
            (2160, 3840, 30),
            (1366, 768, 144),
        ] {
            assert_eq!(
                check_mode(Codec::H264, PictureSize::new(width, height), fps),
                Ok(())
            );
        }
    }

    #[test]
    fn impossible_modes_are_refused_with_their_numbers() {
        let size_limits =
            "is outside what the encoder takes: 64x64 to 3840x2160 (either way round)";
        for (width, height) in [(0, 0), (16, 16), (20_000, 20_000), (3840, 2162), (1920, 0)] {
            assert_eq!(
                refused(width, height, 60),
                format!("mode {width}x{height} {size_limits}")
            );
        }
        assert_eq!(
            refused(1920, 1080, 0),
            "0 frames a second are not possible: 1 to 240"
        );
        assert_eq!(
            refused(1920, 1080, 100_000),
            "100000 frames a second are not possible: 1 to 240"
        );
        assert_eq!(
            refused(1365, 768, 60),
            "mode 1365x768 is not possible: 4:2:0 video needs even width and height"
        );
        for codec in [Codec::Hevc, Codec::Av1] {
            assert_eq!(
                check_mode(codec, PictureSize::new(1280, 720), 60),
                Err(CodecError::NoEncoder(codec))
            );
        }
    }

    #[test]
    fn requests_merge_into_one_that_answers_both() {
        use FrameRequest::{Key, Predicted, ReferencesBefore};
        let range = |first_lost, last_lost| ReferencesBefore {
            first_lost,
            last_lost,
        };
        assert_eq!(Predicted.merged(Predicted), Predicted);
        assert_eq!(Predicted.merged(range(3, 4)), range(3, 4));
        assert_eq!(range(7, 9).merged(range(3, 8)), range(3, 9));
        assert_eq!(range(7, 9).merged(Key), Key);
        assert_eq!(Key.merged(Predicted), Key);
    }

    #[test]
    fn an_encoder_that_gets_no_threads_is_opened_with_one_and_says_so() {
        let config = EncoderConfig {
            slices: 4,
            threads: 4,
            ..SMALL
        };
        let failed = |call| CodecError::Encoder {
            encoder: "fake",
            call,
            code: 1,
        };
        let only_one = |config: EncoderConfig| match config.threads {
            1 => Ok(config),
            _ => Err(failed("initialise")),
        };
        let opened = open_or_simpler("auto", config, only_one).expect("opens with one thread");
        let got = opened.encoder;
        assert_eq!((got.threads, got.slices), (1, 4));
        let refused = RefusedEncoder {
            name: "auto, 4 threads".into(),
            reason: "fake: initialise failed with code 1".into(),
        };
        assert_eq!(opened.refused, [refused]);

        let opened = open_or_simpler("auto", SMALL, only_one).expect("nothing in the way");
        assert_eq!(opened.refused, []);

        let mut tries = 0;
        let never = |_| {
            tries += 1;
            Err::<(), _>(failed("create"))
        };
        let error = open_or_simpler("auto", config, never).err();
        assert_eq!((error, tries), (Some(failed("create")), 2));

        let mut tries = 0;
        let outside = |_| {
            tries += 1;
            Err::<(), _>(CodecError::NoEncoder(Codec::Av1))
        };
        assert!(open_or_simpler("auto", config, outside).is_err());
        assert_eq!(tries, 1, "fewer threads change nothing about a codec");
    }

    #[test]
    fn an_unknown_encoder_is_named_in_the_refusal() {
        let error = open_encoder("nvenc", SMALL)
            .err()
            .expect("not in this build");
        assert_eq!(
            error.to_string(),
            "no encoder named \"nvenc\"; known: auto, openh264"
        );
        for descriptor in encoders() {
            assert!(
                open_encoder(descriptor.name, SMALL).is_ok(),
                "{}",
                descriptor.name
            );
        }
    }
}
