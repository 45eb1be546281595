//! Xvfb: an X server without a screen, on a display number that it finds itself.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{self, ConnectionExt as _, ModeInfo};
use x11rb::rust_connection::RustConnection;

use crate::TestkitError;
use crate::server::Server;

/// How to start the server.
#[derive(Debug, Clone)]
pub struct XvfbSettings {
    /// Width and height; also the largest mode that xrandr can set.
    pub size: (u32, u32),
    /// Bits a pixel that carry colour.
    pub depth: u32,
    /// Further arguments, such as `-auth FILE` or `-extension DAMAGE`.
    pub arguments: Vec<String>,
}

/// A running server; ends when dropped.
#[derive(Debug)]
pub struct Xvfb {
    server: Server,
    number: u32,
}

impl Xvfb {
    /// Starts a server with 24 bits a pixel.
    ///
    /// # Errors
    /// Not installed, or it did not come up.
    pub fn start(width: u32, height: u32) -> Result<Self, TestkitError> {
        Self::start_with(&XvfbSettings {
            size: (width, height),
            depth: 24,
            arguments: Vec::new(),
        })
    }

    /// Starts a server.
    ///
    /// # Errors
    /// Not installed, or it did not come up.
    pub fn start_with(settings: &XvfbSettings) -> Result<Self, TestkitError> {
        let (width, height) = settings.size;
        let screen = format!("{width}x{height}x{}", settings.depth);
        let mut server = Server::start("Xvfb", &[], |command| {
            command
                .args(["-displayfd", "1", "-screen", "0", &screen])
                .args(["-nolisten", "tcp", "-noreset"])
                .args(&settings.arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
        })?;
        let mut line = String::new();
        if let Some(stdout) = server.child_mut().stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|error| TestkitError::failed("reading Xvfb's display number", error))?;
        }
        let number = line
            .trim()
            .parse()
            .map_err(|_| TestkitError::failed("starting Xvfb", "it told no display number"))?;
        Ok(Self { server, number })
    }

    /// Its display name, such as `:7`.
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }

    /// Changes the output's mode and the screen with it, as `xrandr --output screen --mode` does.
    ///
    /// # Errors
    /// Larger than the server was started with, or the server refuses.
    pub fn set_mode(&self, width: u16, height: u16) -> Result<(), TestkitError> {
        self.configure_output(Some((width, height)))
            .map_err(|error| TestkitError::failed("setting a mode", error))
    }

    /// Switches the output off, as `xrandr --output screen --off` does.
    ///
    /// # Errors
    /// The server refuses.
    pub fn switch_off(&self) -> Result<(), TestkitError> {
        self.configure_output(None)
            .map_err(|error| TestkitError::failed("switching the output off", error))
    }

    fn configure_output(&self, size: Option<(u16, u16)>) -> Result<(), Box<dyn Error>> {
        let (connection, screen) = RustConnection::connect(Some(&self.display()))?;
        let root = connection.setup().roots[screen].root;
        let resources = connection
            .randr_get_screen_resources_current(root)?
            .reply()?;
        let output = *resources.outputs.first().ok_or("no output")?;
        let crtc = *resources.crtcs.first().ok_or("no crtc")?;
        let set = |mode, outputs: &[randr::Output]| {
            connection
                .randr_set_crtc_config(crtc, 0, 0, 0, 0, mode, randr::Rotation::ROTATE0, outputs)?
                .reply()
        };
        set(x11rb::NONE, &[])?;
        let Some((width, height)) = size else {
            return Ok(());
        };
        let known = resources
            .modes
            .iter()
            .find(|mode| (mode.width, mode.height) == (width, height));
        let mode = match known {
            Some(mode) => mode.id,
            None => {
                let name = format!("{width}x{height}");
                let info = ModeInfo {
                    width,
                    height,
                    htotal: width,
                    vtotal: height,
                    name_len: name.len().try_into()?,
                    ..ModeInfo::default()
                };
                let created = connection
                    .randr_create_mode(root, info, name.as_bytes())?
                    .reply()?;
                connection
                    .randr_add_output_mode(output, created.mode)?
                    .check()?;
                created.mode
            }
        };
        connection
            .randr_set_screen_size(root, width, height, width.into(), height.into())?
            .check()?;
        set(mode, &[output])?;
        Ok(())
    }

    /// Stops it, as a hanging server looks to its clients.
    pub fn pause(&self) {
        self.server.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.server.signal(Signal::CONT);
    }

    /// Kills it, as a crash looks to its clients.
    pub fn kill(&mut self) {
        self.server.kill();
        // What it would have removed itself; neither need be there.
        let _ = std::fs::remove_file(format!("/tmp/.X{}-lock", self.number));
        let _ = std::fs::remove_file(Path::new("/tmp/.X11-unix").join(format!("X{}", self.number)));
    }
}
