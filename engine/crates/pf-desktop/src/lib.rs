//! Desktops: where pictures come from. One trait, one enum, one file or folder a source.
//!
//! A desktop source owns one thread that keeps the newest picture ready in a ring of three buffers; the video
//! thread takes the newest and never waits for the desktop, so a stopped or dead server cannot block it.
//! Not here: scaling, colour conversion, frame clocks, and any decision about what a missing picture means.

mod connect;
mod error;
pub mod marker;
mod memory;
mod pixels;
mod pushed;
mod ring;
mod source;
mod synthetic;
mod wait;
mod wlroots;
mod x11;

pub use error::SourceError;
pub use source::{
    Newest, Picture, PictureSize, PictureSource, Source, SourceConfig, SourceInfo, SourceStamp,
    SyntheticConfig, Trial, WlrootsConfig, X11Config,
};
pub use synthetic::{PictureOrder, SyntheticSource};
pub use wlroots::WlrootsSource;
pub use x11::X11Source;
