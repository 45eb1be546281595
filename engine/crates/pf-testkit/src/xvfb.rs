//! Xvfb: an X server without a screen, on a display number that it finds itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

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
