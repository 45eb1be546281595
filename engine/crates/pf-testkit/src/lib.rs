#![forbid(unsafe_code)]
//! What tests need and nobody ships: desktops that start and end with a test, and painters that show the test
//! marker on them.

mod cli;
mod error;
mod paint;
mod server;
mod sway;
mod wayland_painter;
mod x11_painter;
mod xvfb;

pub use cli::run_painter;
pub use error::{TestkitError, available};
pub use paint::{PaintReport, PaintSettings, Painter, Progress};
pub use sway::Sway;
pub use wayland_painter::paint_wayland;
pub use x11_painter::paint_x11;
pub use xvfb::{Xvfb, XvfbSettings};

/// The engine's clock: monotonic nanoseconds.
pub fn clock_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
