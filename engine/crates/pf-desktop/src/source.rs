//! What a source of pictures promises: the types, the trait, and the enum that dispatches to the implementations.

use crate::{SourceError, SyntheticSource, WlrootsSource, X11Source};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureSize {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PictureSize {
    /// Bytes of one row without padding, four a pixel.
    pub fn row_bytes(self) -> usize {
        self.width as usize * 4
    }

    /// The size itself when a source can have it.
    ///
    /// # Errors
    /// [`SourceError::BadSize`] outside 1x1 to 16384x16384: the bound keeps every byte count within 2^30.
    pub fn checked(self) -> Result<Self, SourceError> {
        let fits = |length: u32| (1..=MAX_LENGTH_PX).contains(&length);
        if fits(self.width) && fits(self.height) {
            Ok(self)
        } else {
            Err(SourceError::BadSize {
                width: self.width,
                height: self.height,
            })
        }
    }
}

/// One picture, lent: blue, green, red, unused; four bytes a pixel, the cursor drawn in.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// `size.height` rows of `stride_bytes`.
    pub data: &'a [u8],
    /// Bytes from one row to the next; at least `size.width * 4`.
    pub stride_bytes: usize,
    /// Visible size.
    pub size: PictureSize,
}

/// Which picture of the source this is, and when it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceStamp {
    /// Pictures that the source has produced so far, this one included: the first is 1, wrapping.
    /// A gap means that the desktop changed and the picture was replaced before anybody took it.
    pub sequence: u32,
    /// When the desktop changed, engine clock; for a burst of changes the first of them.
    pub painted_ns: u64,
    /// When the picture was ready to be taken, engine clock.
    pub published_ns: u64,
}

/// The answer to "is there a newer picture?".
#[derive(Debug)]
pub enum Newest<'a> {
    /// A picture that was not handed out before.
    Fresh {
        /// The picture, valid until the source is asked again.
        picture: Picture<'a>,
        /// Which one it is.
        stamp: SourceStamp,
    },
    /// Nothing changed since the last one; [`PictureSource::repeat`] has it.
    Unchanged,
    /// The first picture is not there yet.
    NotYet,
    /// The desktop does not answer. It may come back; `repeat` keeps the last picture.
    Stalled {
        /// Since when, engine clock.
        since_ns: u64,
    },
    /// The source ended and will not come back.
    Lost(SourceError),
}

/// What there is to tell about an open source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// `synthetic`, `x11` or `wlroots`.
    pub name: &'static str,
    /// Size of the pictures to come; changes when the desktop's mode changes.
    pub size: PictureSize,
    /// Refresh rate of the output, where it tells one.
    pub refresh_hz: Option<f64>,
    /// For logs and `doctor`: display, output, way of grabbing.
    pub detail: String,
}

/// A source of pictures. No method waits for the desktop.
pub trait PictureSource {
    /// Name, size and particulars as they are now.
    fn info(&self) -> SourceInfo;
    /// Takes the newest picture if there is one that was not taken before. `now_ns` is the engine clock.
    fn newest(&mut self, now_ns: u64) -> Newest<'_>;
    /// The picture taken last, for another conversion of it.
    fn repeat(&self) -> Option<Picture<'_>>;
    /// Sequence of the latest change known, which may not be ready to be taken yet; 0 before the first.
    fn counted(&self) -> u32;
    /// Stamp of the latest picture that became ready, taken or not: what a clock locks its phase to.
    fn last_change(&self) -> Option<SourceStamp>;
}

/// Settings of the painted source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticConfig {
    /// Size of its pictures.
    pub size: PictureSize,
    /// Pictures a second.
    pub fps: u32,
}

/// Settings of the X11 source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct X11Config {
    /// Display name such as `:0`; `None` takes `DISPLAY`.
    pub display: Option<String>,
    /// RandR output such as `HDMI-1`; `None` takes the primary one, else the first that is on.
    pub output: Option<String>,
    /// Pictures a second that the client wants; at most twice as many are grabbed.
    pub fps: u32,
}

/// Settings of the source for compositors built on wlroots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WlrootsConfig {
    /// Socket name or path; `None` takes `WAYLAND_DISPLAY`.
    pub display: Option<String>,
    /// Output such as `HEADLESS-1`; `None` takes the first.
    pub output: Option<String>,
    /// Pictures a second that the client wants; at most twice as many are captured.
    pub fps: u32,
}

/// Which source to open, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConfig {
    /// Paints its own pictures.
    Synthetic(SyntheticConfig),
    /// An X11 screen.
    X11(X11Config),
    /// An output of a compositor with wlr-screencopy.
    Wlroots(WlrootsConfig),
}

impl SourceConfig {
    fn check_rate(&self) -> Result<(), SourceError> {
        let fps = match self {
            Self::Synthetic(config) => config.fps,
            Self::X11(config) => config.fps,
            Self::Wlroots(config) => config.fps,
        };
        if (1..=MAX_FPS).contains(&fps) {
            Ok(())
        } else {
            Err(SourceError::BadRate { fps })
        }
    }
}

/// An open source of any kind. Dropping it ends and joins its thread within milliseconds, whatever the desktop does.
#[derive(Debug)]
pub enum Source {
    /// Paints its own pictures.
    Synthetic(SyntheticSource),
    /// An X11 screen.
    X11(X11Source),
    /// An output of a compositor with wlr-screencopy.
    Wlroots(WlrootsSource),
}

impl Source {
    /// Opens a source. Waits for the desktop for up to five seconds, so call it where waiting is allowed.
    ///
    /// `now` is the engine clock: monotonic nanoseconds.
    ///
    /// # Errors
    /// Whatever keeps the source from delivering pictures, with what to do about it.
    pub fn open(config: &SourceConfig, now: fn() -> u64) -> Result<Self, SourceError> {
        config.check_rate()?;
        match config {
            SourceConfig::Synthetic(config) => {
                SyntheticSource::open(config, now).map(Self::Synthetic)
            }
            SourceConfig::X11(config) => X11Source::open(config, now).map(Self::X11),
            SourceConfig::Wlroots(config) => WlrootsSource::open(config, now).map(Self::Wlroots),
        }
    }
}

/// What one source costs, measured without a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The source that was tried.
    pub info: SourceInfo,
    /// What each picture took, in the order taken. For wlroots it includes waiting for the compositor's next refresh.
    pub took_ns: Vec<u64>,
}

impl Source {
    /// Takes up to `frames` pictures one after the other, changed or not, for at most about three seconds. Waits for
    /// the desktop, like [`Source::open`].
    ///
    /// # Errors
    /// As [`Source::open`], and whatever keeps the first picture from coming.
    pub fn trial(
        config: &SourceConfig,
        frames: u32,
        now: fn() -> u64,
    ) -> Result<Trial, SourceError> {
        config.check_rate()?;
        match config {
            SourceConfig::Synthetic(config) => SyntheticSource::trial(config, frames, now),
            SourceConfig::X11(config) => X11Source::trial(config, frames, now),
            SourceConfig::Wlroots(config) => WlrootsSource::trial(config, frames, now),
        }
    }
}

/// Measures `take` up to `frames` times; a failure after the first ends the trial early.
pub(crate) fn measure<E>(
    frames: u32,
    now: fn() -> u64,
    mut take: impl FnMut() -> Result<(), E>,
) -> Result<Vec<u64>, E> {
    let started_ns = now();
    let mut took_ns = Vec::new();
    let mut last_ns = started_ns;
    while (took_ns.len() as u64) < u64::from(frames) && last_ns - started_ns < TRIAL_NS {
        match take() {
            Ok(()) => {}
            Err(error) if took_ns.is_empty() => return Err(error),
            Err(_) => break,
        }
        let taken_ns = now();
        took_ns.push(taken_ns.saturating_sub(last_ns));
        last_ns = taken_ns;
    }
    Ok(took_ns)
}

impl PictureSource for Source {
    fn info(&self) -> SourceInfo {
        match self {
            Self::Synthetic(source) => source.info(),
            Self::X11(source) => source.info(),
            Self::Wlroots(source) => source.info(),
        }
    }

    fn newest(&mut self, now_ns: u64) -> Newest<'_> {
        match self {
            Self::Synthetic(source) => source.newest(now_ns),
            Self::X11(source) => source.newest(now_ns),
            Self::Wlroots(source) => source.newest(now_ns),
        }
    }

    fn repeat(&self) -> Option<Picture<'_>> {
        match self {
            Self::Synthetic(source) => source.repeat(),
            Self::X11(source) => source.repeat(),
            Self::Wlroots(source) => source.repeat(),
        }
    }

    fn counted(&self) -> u32 {
        match self {
            Self::Synthetic(source) => source.counted(),
            Self::X11(source) => source.counted(),
            Self::Wlroots(source) => source.counted(),
        }
    }

    fn last_change(&self) -> Option<SourceStamp> {
        match self {
            Self::Synthetic(source) => source.last_change(),
            Self::X11(source) => source.last_change(),
            Self::Wlroots(source) => source.last_change(),
        }
    }
}

const MAX_LENGTH_PX: u32 = 16_384;
const MAX_FPS: u32 = 1000;
/// Below what opening waits, so that a slow desktop gives few measurements and no error.
const TRIAL_NS: u64 = 3_000_000_000;
