//! An output of a compositor built on wlroots (sway, labwc, cage …), through wlr-screencopy v3 and shared memory.
//!
//! The compositor copies the output, cursor included, into our buffer whenever it changed; a thread of its own keeps
//! one such request open. Not here: dma-buf, and outputs that are rotated are captured unrotated.

mod capture;
mod client;

use wayland_client::protocol::wl_buffer::WlBuffer;

use crate::pushed::PushedSource;
use crate::wait::Waiter;
use crate::{
    Newest, Picture, PictureSource, SourceError, SourceInfo, SourceStamp, Trial, WlrootsConfig,
};

/// Captures one output of a wlroots compositor.
#[derive(Debug)]
pub struct WlrootsSource(PushedSource<WlBuffer>);

impl WlrootsSource {
    /// Connects, checks what is needed, and starts the thread.
    ///
    /// # Errors
    /// No display, nobody there, a compositor without screencopy, an unknown output, no answer in time.
    pub fn open(config: &WlrootsConfig, now: fn() -> u64) -> Result<Self, SourceError> {
        let waiter = Waiter::opening(now)?;
        let client = client::Client::connect(config.display.as_deref(), &waiter)?;
        let mut capture = capture::Capture::prepare(client, config)?;
        let info = capture.info();
        PushedSource::start("pf-wlroots", &waiter, info, move |writer| {
            capture.run(writer)
        })
        .map(Self)
    }

    /// Measures capturing; see [`crate::Source::trial`].
    ///
    /// # Errors
    /// As [`WlrootsSource::open`], and whatever keeps the first picture from coming.
    pub fn trial(
        config: &WlrootsConfig,
        frames: u32,
        now: fn() -> u64,
    ) -> Result<Trial, SourceError> {
        let waiter = Waiter::opening(now)?;
        let client = client::Client::connect(config.display.as_deref(), &waiter)?;
        let mut capture = capture::Capture::prepare(client, config)?;
        let took_ns = capture.trial(frames, now)?;
        Ok(Trial {
            info: capture.info(),
            took_ns,
        })
    }
}

impl PictureSource for WlrootsSource {
    fn info(&self) -> SourceInfo {
        self.0.info()
    }

    fn newest(&mut self, now_ns: u64) -> Newest<'_> {
        self.0.newest(now_ns)
    }

    fn repeat(&self) -> Option<Picture<'_>> {
        self.0.repeat()
    }

    fn counted(&self) -> u32 {
        self.0.counted()
    }

    fn last_change(&self) -> Option<SourceStamp> {
        self.0.last_change()
    }
}
