//! Paints the test marker on an X display; `--help` lists the options.

use std::process::ExitCode;

use pf_testkit::{Progress, paint_x11, run_painter};

fn main() -> ExitCode {
    run_painter("DISPLAY", |display, settings| {
        paint_x11(display, settings, &Progress::default())
    })
}
