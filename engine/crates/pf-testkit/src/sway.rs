//! sway without a screen or a GPU. It refuses to run as root, so root starts it as nobody, in a runtime folder of
//! its own; that needs no account to be made.

use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::TestkitError;
use crate::server::{Server, wait_for};

/// A running compositor with one output, `HEADLESS-1`; ends when dropped.
#[derive(Debug)]
pub struct Sway {
    server: Server,
    folder: PathBuf,
    socket: PathBuf,
    control: PathBuf,
}

impl Sway {
    /// Starts it with an output of `mode`, such as `1280x720@60Hz`.
    ///
    /// # Errors
    /// Not installed, or it did not come up.
    pub fn start(mode: &str) -> Result<Self, TestkitError> {
        let failed = |error: std::io::Error| TestkitError::failed("a folder for sway", error);
        let folder = fresh_folder().map_err(failed)?;
        let started = Self::start_in(&folder, mode);
        if started.is_err() {
            // Nothing else lives there; what remains is a few bytes in the temporary folder.
            let _ = std::fs::remove_dir_all(&folder);
        }
        started
    }

    fn start_in(folder: &Path, mode: &str) -> Result<Self, TestkitError> {
        let failed = |error: std::io::Error| TestkitError::failed("a folder for sway", error);
        let config = folder.join("config");
        let text = format!(
            "output HEADLESS-1 resolution {mode} position 0 0\ndefault_border none\nxwayland disable\n"
        );
        std::fs::write(&config, text).map_err(failed)?;
        let mut identity = Vec::new();
        if rustix::process::geteuid().is_root() {
            chown(folder, Some(NOBODY), Some(NOBODY)).map_err(failed)?;
            identity = [
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".to_owned(),
            ]
            .to_vec();
        }
        let mut server = Server::start("sway", &identity, |command| {
            command
                .arg("-c")
                .arg(&config)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("HOME", folder)
                .env("XDG_RUNTIME_DIR", folder)
                .env("WLR_BACKENDS", "headless")
                .env("WLR_RENDERER", "pixman")
                .env("WLR_LIBINPUT_NO_DEVICES", "1")
                .env("WLR_HEADLESS_OUTPUTS", "1")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
        })?;
        let (socket, control) = wait_for("starting sway", &mut server, || sockets(folder))?;
        let mut sway = Self {
            server,
            folder: folder.to_owned(),
            socket,
            control,
        };
        // The sockets are there before the configuration has been read.
        let wanted = mode.split('@').next().unwrap_or(mode).to_owned();
        let control = sway.control.clone();
        wait_for("setting sway's mode", &mut sway.server, || {
            let outputs = message(&control, &["-r", "-t", "get_outputs"]).ok()?;
            current_mode(&outputs).filter(|current| *current == wanted)
        })?;
        Ok(sway)
    }

    /// Path of its Wayland socket, usable as a display name.
    pub fn display(&self) -> String {
        self.socket.to_string_lossy().into_owned()
    }

    /// Runs a command of sway's control language, such as `output HEADLESS-1 resolution 640x480`.
    ///
    /// # Errors
    /// swaymsg is not there or sway refuses.
    pub fn command(&self, text: &str) -> Result<String, TestkitError> {
        message(&self.control, &[text])
    }

    /// Stops it, as a hanging compositor looks to its clients.
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
    }
}

impl Drop for Sway {
    fn drop(&mut self) {
        self.server.signal(Signal::CONT);
        self.server.kill();
        // Its own folder; what remains on failure is a few bytes in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn message(control: &Path, arguments: &[&str]) -> Result<String, TestkitError> {
    let output = Command::new("swaymsg")
        .arg("-s")
        .arg(control)
        .args(arguments)
        .output()
        .map_err(|error| TestkitError::failed("swaymsg", error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(TestkitError::failed("swaymsg", text))
    }
}

/// `WIDTHxHEIGHT` of `"current_mode": { "width": …, "height": …` in swaymsg's answer.
fn current_mode(outputs: &str) -> Option<String> {
    let (_, mode) = outputs.split_once("\"current_mode\"")?;
    let number = |name: &str| {
        let (_, rest) = mode.split_once(name)?;
        let digits = rest.trim_start_matches(['"', ':', ' ']);
        digits
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .map(str::to_owned)
    };
    Some(format!("{}x{}", number("width")?, number("height")?))
}

fn sockets(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let (mut socket, mut control) = (None, None);
    for entry in names {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("wayland-") && !name.ends_with(".lock") {
            socket = Some(entry.path());
        } else if name.starts_with("sway-ipc.") {
            control = Some(entry.path());
        }
    }
    socket.zip(control)
}

fn fresh_folder() -> std::io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("pf-sway-{}-{next}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

const NOBODY: u32 = 65_534;
