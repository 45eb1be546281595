//! Connecting to a local socket without being stuck: a server that was stopped takes connections only until its
//! backlog is full, and a plain `connect` then waits for ever.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::wait::Waiter;

/// A non-blocking stream to the socket at `path`.
///
/// # Errors
/// `TimedOut` when the waiter gives up, else what the system said.
pub(crate) fn connect_unix(path: &Path, waiter: &Waiter) -> io::Result<UnixStream> {
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    let address = SocketAddrUnix::new(path)?;
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) => return Ok(socket.into()),
            Err(Errno::INTR) => {}
            // The backlog is full. The kernel offers nothing to wait on for a local socket.
            Err(Errno::AGAIN) if waiter.give_up_ns().is_some_and(|at| waiter.now_ns() < at) => {
                std::thread::sleep(RETRY);
            }
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

const RETRY: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_backlog_ends_at_the_deadline() {
        let folder = std::env::temp_dir().join(format!("pf-connect-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder of our own");
        let path = folder.join("full");
        // Nobody accepts; std listens with a backlog of 128 or more, so fill it.
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a fresh path");
        rustix::net::listen(&listener, 0).expect("a shorter backlog");
        static NOW_NS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let waiter = Waiter::opening(|| {
            NOW_NS.fetch_add(1_000_000_000, std::sync::atomic::Ordering::Relaxed)
        })
        .expect("eventfd");
        let mut streams = Vec::new();
        let error = loop {
            match connect_unix(&path, &waiter) {
                Ok(stream) => streams.push(stream),
                Err(error) => break error,
            }
            assert!(streams.len() < 64, "the backlog never filled");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        std::fs::remove_dir_all(&folder).expect("our folder");
    }
}
