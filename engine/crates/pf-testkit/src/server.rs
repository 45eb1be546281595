//! A child process that dies with its owner, by its id and never by its name.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::TestkitError;

/// A display server as a child process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Runs `program` through setpriv, so that it is killed should the starting thread die without cleaning up.
    /// `identity` are further options of setpriv.
    pub(crate) fn start(
        program: &'static str,
        identity: &[String],
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, TestkitError> {
        for needed in [program, "setpriv"] {
            if !is_installed(needed) {
                return Err(TestkitError::NotInstalled { program: needed });
            }
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .args(identity)
            .args(["--", program]);
        command.stdin(Stdio::null());
        prepare(&mut command);
        let child = command
            .spawn()
            .map_err(|error| TestkitError::failed("starting a display server", error))?;
        Ok(Self { child })
    }

    pub(crate) fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Why it ended, if it did.
    pub(crate) fn exit(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        Some(status.to_string())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // Not reaped yet, so the number is still ours; a failure means that it has ended.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Ends it at once, without a chance to say goodbye to its clients.
    pub(crate) fn kill(&mut self) {
        // Either fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.exit().is_some() {
            return;
        }
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while self.exit().is_none() {
            if Instant::now() >= deadline {
                return self.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Calls `probe` until it answers.
pub(crate) fn wait_for<T>(
    what: &'static str,
    server: &mut Server,
    mut probe: impl FnMut() -> Option<T>,
) -> Result<T, TestkitError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        if let Some(status) = server.exit() {
            return Err(TestkitError::failed(what, format!("ended with {status}")));
        }
        if Instant::now() >= deadline {
            return Err(TestkitError::failed(
                what,
                format!("not after {PATIENCE:?}"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

const PATIENCE: Duration = Duration::from_secs(5);
