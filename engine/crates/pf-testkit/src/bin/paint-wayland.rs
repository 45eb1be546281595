//! Paints the test marker on a Wayland display, named by the path of its socket; `--help` lists the options.

use std::process::ExitCode;

use pf_testkit::{Progress, paint_wayland, run_painter};

fn main() -> ExitCode {
    run_painter("WAYLAND_DISPLAY", |display, settings| {
        paint_wayland(display, settings, &Progress::default())
    })
}
