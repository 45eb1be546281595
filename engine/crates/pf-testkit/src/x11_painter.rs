//! Paints the test marker in a window over the whole of an X screen, through MIT-SHM.

use std::time::Duration;

use rustix::thread::ClockId;
use rustix::time::Timespec;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, ImageFormat, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use pf_desktop::PictureSize;

use crate::paint::{Canvas, PaintReport, PaintSettings, Progress, Rhythm};
use crate::{TestkitError, clock_ns};

/// Paints until told to stop or until the pictures asked for are done.
///
/// # Errors
/// No display, or the server ended.
pub fn paint_x11(
    display: &str,
    settings: &PaintSettings,
    progress: &Progress,
) -> Result<PaintReport, TestkitError> {
    let failed = |error: &dyn std::fmt::Display| TestkitError::failed("painting on X11", error);
    let (connection, screen) =
        RustConnection::connect(Some(display)).map_err(|error| failed(&error))?;
    run(&connection, screen, settings, progress).map_err(|error| match error.downcast() {
        Ok(ours) => *ours,
        Err(error) => failed(&error),
    })
}

type AnyError = Box<dyn std::error::Error>;

fn run(
    connection: &RustConnection,
    screen: usize,
    settings: &PaintSettings,
    progress: &Progress,
) -> Result<PaintReport, AnyError> {
    let root = &connection.setup().roots[screen];
    let (width, height) = match settings.size {
        Some((width, height)) => (width.try_into()?, height.try_into()?),
        None => (root.width_in_pixels, root.height_in_pixels),
    };
    let mut canvas = Canvas::new(PictureSize {
        width: width.into(),
        height: height.into(),
    })?;
    let memory = canvas.memory(1)?;
    let segment = connection.generate_id()?;
    connection
        .shm_attach_fd(segment, memory.try_clone()?, true)?
        .check()?;
    let window = show_window(connection, screen, width, height)?;
    let context = connection.generate_id()?;
    connection.create_gc(context, window, &CreateGCAux::new())?;

    let pieces = settings.pieces.clamp(1, height.into()) as u16;
    let mut report = PaintReport::default();
    let mut rhythm = Rhythm::new(settings.fps);
    while !progress.is_stopped() && settings.frames.is_none_or(|limit| report.painted < limit) {
        sleep_until(rhythm.due_ns())?;
        report.last_counter = canvas.paint(&memory, 0)?;
        for piece in 0..pieces {
            let at = |piece: u16| (u32::from(height) * u32::from(piece) / u32::from(pieces)) as u16;
            let (top, bottom) = (at(piece), at(piece + 1));
            connection.shm_put_image(
                window,
                context,
                width,
                height,
                0,
                top,
                width,
                bottom - top,
                0,
                top.try_into()?,
                root.root_depth,
                ImageFormat::Z_PIXMAP.into(),
                false,
                segment,
                0,
            )?;
            // The answer says that the server has read the memory.
            connection.get_input_focus()?.reply()?;
        }
        if report.painted == 0 {
            report.first_counter = report.last_counter;
        }
        report.painted += 1;
        progress.tell(&report);
        report.late += u32::from(rhythm.advance());
    }
    while settings.hold && !progress.is_stopped() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(report)
}

/// A window without a frame above everything, ready to be painted on.
fn show_window(
    connection: &RustConnection,
    screen: usize,
    width: u16,
    height: u16,
) -> Result<Window, AnyError> {
    let root = &connection.setup().roots[screen];
    let window = connection.generate_id()?;
    let attributes = CreateWindowAux::new()
        .override_redirect(1)
        .event_mask(EventMask::STRUCTURE_NOTIFY);
    connection.create_window(
        x11rb::COPY_DEPTH_FROM_PARENT,
        window,
        root.root,
        0,
        0,
        width,
        height,
        0,
        WindowClass::INPUT_OUTPUT,
        x11rb::COPY_FROM_PARENT,
        &attributes,
    )?;
    connection.map_window(window)?;
    connection.flush()?;
    while !matches!(connection.wait_for_event()?, Event::MapNotify(_)) {}
    Ok(window)
}

fn sleep_until(due_ns: u64) -> Result<(), AnyError> {
    let until = Timespec {
        tv_sec: (due_ns / 1_000_000_000) as i64,
        tv_nsec: (due_ns % 1_000_000_000) as i64,
    };
    while clock_ns() < due_ns {
        match rustix::thread::clock_nanosleep_absolute(ClockId::Monotonic, &until) {
            Ok(()) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}
