//! What both painters share: settings, rhythm, the picture, and running one in a thread.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;

use pf_desktop::{Newest, PictureSize, PictureSource, SyntheticConfig, SyntheticSource};
use rustix::fs::MemfdFlags;

use crate::{TestkitError, clock_ns, paint_wayland, paint_x11};

/// What to paint, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct PaintSettings {
    /// Pictures a second.
    pub fps: f64,
    /// Ends after as many pictures; `None` runs until stopped.
    pub frames: Option<u32>,
    /// Leaves the last picture on the screen until stopped, instead of closing the window.
    pub hold: bool,
    /// Size of the window; `None` covers the screen.
    pub size: Option<(u32, u32)>,
    /// A picture is put on the screen in as many pieces, one after the other (X11 only).
    pub pieces: u32,
}

impl PaintSettings {
    /// Covers the screen at `fps` until stopped.
    pub fn at(fps: f64) -> Self {
        Self {
            fps,
            frames: None,
            hold: false,
            size: None,
            pieces: 1,
        }
    }

    /// Paints `frames` pictures at `fps` and leaves the last one on the screen until stopped.
    pub fn then_hold(fps: f64, frames: u32) -> Self {
        Self {
            frames: Some(frames),
            hold: true,
            ..Self::at(fps)
        }
    }
}

/// What was painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaintReport {
    /// Pictures put on the screen.
    pub painted: u32,
    /// Marker counter of the first.
    pub first_counter: u32,
    /// Marker counter of the last.
    pub last_counter: u32,
    /// Pictures that came more than half an interval late.
    pub late: u32,
}

impl PaintReport {
    /// One line of JSON.
    pub fn to_json(self) -> String {
        let Self {
            painted,
            first_counter,
            last_counter,
            late,
        } = self;
        format!(
            "{{\"painted\":{painted},\"first_counter\":{first_counter},\"last_counter\":{last_counter},\"late\":{late}}}"
        )
    }
}

/// What a painter and its owner tell each other while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    stop: AtomicBool,
    painted: AtomicU32,
}

impl Progress {
    /// Asks the painter to end after the picture under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Pictures put on the screen so far.
    pub fn painted(&self) -> u32 {
        self.painted.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn tell(&self, report: &PaintReport) {
        self.painted.store(report.painted, Ordering::Relaxed);
    }
}

/// A painter in a thread; ends when dropped.
#[derive(Debug)]
pub struct Painter {
    progress: Arc<Progress>,
    thread: Option<JoinHandle<Result<PaintReport, TestkitError>>>,
}

impl Painter {
    /// Paints on an X display.
    pub fn x11(display: String, settings: PaintSettings) -> Self {
        Self::start(move |progress| paint_x11(&display, &settings, progress))
    }

    /// Paints on a Wayland display, given by the path of its socket.
    pub fn wayland(display: String, settings: PaintSettings) -> Self {
        Self::start(move |progress| paint_wayland(&display, &settings, progress))
    }

    fn start(
        paint: impl FnOnce(&Progress) -> Result<PaintReport, TestkitError> + Send + 'static,
    ) -> Self {
        let progress = Arc::new(Progress::default());
        let told = Arc::clone(&progress);
        Self {
            progress,
            thread: Some(std::thread::spawn(move || paint(&told))),
        }
    }

    /// Pictures put on the screen so far.
    pub fn painted(&self) -> u32 {
        self.progress.painted()
    }

    /// It ended by itself; [`Painter::stop`] tells why.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends it and tells what it painted.
    ///
    /// # Errors
    /// What kept it from painting.
    pub fn stop(mut self) -> Result<PaintReport, TestkitError> {
        self.progress.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(report)) => report,
            _ => Err(TestkitError::failed("painting", "the painter panicked")),
        }
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.progress.stop();
        if let Some(thread) = self.thread.take() {
            // Its result was not asked for.
            let _ = thread.join();
        }
    }
}

/// When pictures are due, on a grid that does not drift.
#[derive(Debug)]
pub(crate) struct Rhythm {
    start_ns: u64,
    interval_ns: f64,
    index: u64,
}

impl Rhythm {
    pub(crate) fn new(fps: f64) -> Self {
        Self {
            start_ns: clock_ns(),
            interval_ns: 1e9 / fps.clamp(0.01, 1000.0),
            index: 0,
        }
    }

    pub(crate) fn due_ns(&self) -> u64 {
        self.start_ns + (self.index as f64 * self.interval_ns) as u64
    }

    /// Goes to the next picture; answers whether this one came late. A long delay is not caught up.
    pub(crate) fn advance(&mut self) -> bool {
        let late_ns = clock_ns().saturating_sub(self.due_ns()) as f64;
        self.index += 1 + (late_ns / self.interval_ns) as u64;
        late_ns > self.interval_ns / 2.0
    }
}

/// The picture of the `synthetic` source, kept up to date in memory that a display server maps.
#[derive(Debug)]
pub(crate) struct Canvas {
    source: SyntheticSource,
    size: PictureSize,
}

impl Canvas {
    pub(crate) fn new(size: PictureSize) -> Result<Self, TestkitError> {
        let config = SyntheticConfig {
            size,
            fps: WHENEVER_ASKED,
        };
        SyntheticSource::open(&config, clock_ns)
            .map(|source| Self { source, size })
            .map_err(|error| TestkitError::failed("painting", error))
    }

    /// A file of `copies` whole pictures, one after the other.
    pub(crate) fn memory(&self, copies: usize) -> Result<OwnedFd, TestkitError> {
        let failed = |errno| TestkitError::failed("memory to paint in", errno);
        let file = rustix::fs::memfd_create(c"painter", MemfdFlags::CLOEXEC).map_err(failed)?;
        rustix::fs::ftruncate(&file, (self.bytes() * copies) as u64).map_err(failed)?;
        Ok(file)
    }

    pub(crate) fn size(&self) -> PictureSize {
        self.size
    }

    pub(crate) fn bytes(&self) -> usize {
        self.size.row_bytes() * self.size.height as usize
    }

    /// Paints the next picture into the `copy`-th place of `memory`; answers its marker counter.
    pub(crate) fn paint(&mut self, memory: &OwnedFd, copy: usize) -> Result<u32, TestkitError> {
        let offset = (copy * self.bytes()) as u64;
        let Newest::Fresh { picture, stamp } = self.source.newest(clock_ns()) else {
            return Err(TestkitError::failed(
                "painting",
                "asked twice within a microsecond",
            ));
        };
        let mut written = 0;
        while written < picture.data.len() {
            let rest = &picture.data[written..];
            written += rustix::io::pwrite(memory, rest, offset + written as u64)
                .map_err(|errno| TestkitError::failed("memory to paint in", errno))?;
        }
        Ok(stamp.sequence)
    }
}

/// A rate that never refuses: a painter that was late may paint two pictures right after each other.
const WHENEVER_ASKED: u32 = 1_000_000;
