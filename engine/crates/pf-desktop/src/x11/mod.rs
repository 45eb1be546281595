//! An X11 screen: DAMAGE tells when it changed, MIT-SHM brings the picture, XFIXES the cursor, RandR the output.
//!
//! A thread of its own talks to the server. Everything it waits for also hears the stop signal, so the source can be
//! dropped while the server is stopped, hanging or gone.

mod capture;
mod cursor;
mod grab;
mod link;
mod screen;
mod stream;

use crate::pushed::PushedSource;
use crate::wait::Waiter;
use crate::{
    Newest, Picture, PictureSource, SourceError, SourceInfo, SourceStamp, Trial, X11Config,
};

/// Captures one output of an X11 screen.
#[derive(Debug)]
pub struct X11Source(PushedSource<grab::Attachment>);

impl X11Source {
    /// Connects, checks what is needed, and starts the thread.
    ///
    /// # Errors
    /// No display, refused, a missing extension, an unknown output, unsupported pixels, no answer in time.
    pub fn open(config: &X11Config, now: fn() -> u64) -> Result<Self, SourceError> {
        let waiter = Waiter::opening(now)?;
        let mut capture = prepare(config, &waiter)?;
        let info = capture.info();
        PushedSource::start("pf-x11", &waiter, info, move |writer| capture.run(writer)).map(Self)
    }

    /// Measures grabbing; see [`crate::Source::trial`].
    ///
    /// # Errors
    /// As [`X11Source::open`], and whatever keeps the first picture from coming.
    pub fn trial(config: &X11Config, frames: u32, now: fn() -> u64) -> Result<Trial, SourceError> {
        let waiter = Waiter::opening(now)?;
        let mut capture = prepare(config, &waiter)?;
        let took_ns = capture.trial(frames, now)?;
        Ok(Trial {
            info: capture.info(),
            took_ns,
        })
    }
}

fn prepare(config: &X11Config, waiter: &Waiter) -> Result<capture::Capture, SourceError> {
    let link = link::Link::open(config.display.as_deref(), waiter)?;
    screen::check_pixels(&link)?;
    let display = link.display.clone();
    capture::Capture::prepare(link, config, waiter)
        .map_err(|fault| fault.into_error(&display, waiter))
}

impl PictureSource for X11Source {
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
