//! Pictures become access units: colour conversion with scaling, and video encoders behind one trait. Sound becomes
//! Opus packets.
//!
//! Holds no thread, socket or clock of its own (openh264 keeps its slice threads to itself); whoever calls
//! decides when. Nothing here prints, and nothing allocates per frame once warm.

mod chroma;
mod colour;
mod convert;
mod encoder;
mod error;
mod fit;
mod h264;
mod moving;
mod openh264;
mod opus;
mod picture;
mod resample;
mod trial;

pub use colour::{Colour, ColourMatrix};
pub use convert::Converter;
pub use encoder::{
    AccessUnit, Codec, Encoder, EncoderConfig, EncoderDescriptor, EncoderInfo, FrameKind,
    FrameRequest, OpenedEncoder, RefusedEncoder, VideoEncoder, check_mode, encoders, open_encoder,
    open_encoder_or_simpler,
};
pub use error::CodecError;
pub use moving::MovingPicture;
pub use opus::{OpusEncoder, OpusLayout};
pub use picture::{BgrxImage, I420Image, I420Planes, I420PlanesMut, PictureRect, PictureSize};
pub use trial::{TrialResult, trial};
