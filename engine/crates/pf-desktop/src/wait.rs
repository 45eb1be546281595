//! Waiting for a display server without ever being stuck with it: every wait also hears the stop signal, waits
//! while opening end at a deadline, and later ones say when the server is silent for too long.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

use crate::SourceError;
use crate::ring::Stall;

/// Tells a desktop thread to end, out of any wait.
#[derive(Debug, Clone)]
pub(crate) struct StopSignal(Arc<OwnedFd>);

impl StopSignal {
    pub(crate) fn new() -> Result<Self, SourceError> {
        rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map(|fd| Self(Arc::new(fd)))
            .map_err(|errno| SourceError::System {
                wanted: "an event descriptor",
                bytes: 0,
                reason: errno.to_string(),
            })
    }

    /// Raises the signal for good.
    pub(crate) fn raise(&self) {
        // The only failure is a full counter, and then the signal is up already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    pub(crate) fn is_raised(&self) -> bool {
        let mut fds = [PollFd::new(&*self.0, PollFlags::IN)];
        matches!(
            rustix::event::poll(&mut fds, Some(&Timespec::default())),
            Ok(1..)
        )
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The descriptor is ready, or broken, which reading it will tell.
    Ready,
    /// The time came.
    Timeout,
    /// The thread is to end.
    Stopped,
}

/// Waits on behalf of one source.
#[derive(Debug, Clone)]
pub(crate) struct Waiter {
    now: fn() -> u64,
    stop: StopSignal,
    stall: Arc<Stall>,
    /// While opening: when to give up. 0 afterwards.
    give_up_ns: Arc<AtomicU64>,
}

impl Waiter {
    /// A waiter that gives up at `OPEN_TIMEOUT_NS` from now until [`Waiter::opened`] is called.
    pub(crate) fn opening(now: fn() -> u64) -> Result<Self, SourceError> {
        Ok(Self {
            now,
            stop: StopSignal::new()?,
            stall: Arc::default(),
            give_up_ns: Arc::new(AtomicU64::new(now() + OPEN_TIMEOUT_NS)),
        })
    }

    /// From here on silence is a stall and no longer an error.
    pub(crate) fn opened(&self) {
        self.give_up_ns.store(0, Ordering::Relaxed);
    }

    pub(crate) fn now_ns(&self) -> u64 {
        (self.now)()
    }

    pub(crate) fn stop(&self) -> &StopSignal {
        &self.stop
    }

    pub(crate) fn stall(&self) -> &Arc<Stall> {
        &self.stall
    }

    /// When opening gives up; `None` once it succeeded.
    pub(crate) fn give_up_ns(&self) -> Option<u64> {
        Some(self.give_up_ns.load(Ordering::Relaxed)).filter(|&at| at != 0)
    }

    /// Waits until `fd` is ready, `until_ns` has come, or the source is stopped.
    pub(crate) fn wait(
        &self,
        fd: impl AsFd,
        events: PollFlags,
        until_ns: Option<u64>,
    ) -> io::Result<Woken> {
        loop {
            let timeout = until_ns.map(|until_ns| timespec(until_ns.saturating_sub(self.now_ns())));
            let mut fds = [
                PollFd::new(&fd, events),
                PollFd::new(&*self.stop.0, PollFlags::IN),
            ];
            match rustix::event::poll(&mut fds, timeout.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(_) if !fds[1].revents().is_empty() => return Ok(Woken::Stopped),
                Ok(_) if !fds[0].revents().is_empty() => return Ok(Woken::Ready),
                Ok(_) => return Ok(Woken::Timeout),
            }
        }
    }

    /// Waits for an answer of the server for as long as it takes, and marks the stall meanwhile.
    ///
    /// # Errors
    /// `TimedOut` at the deadline while opening, `Other` when stopped.
    pub(crate) fn wait_for_answer(&self, fd: impl AsFd, events: PollFlags) -> io::Result<()> {
        let since_ns = self.now_ns();
        let give_up_ns = self.give_up_ns();
        let patience_ns = give_up_ns.unwrap_or(since_ns + SILENCE_NS);
        match self.wait(&fd, events, Some(patience_ns))? {
            Woken::Ready => return Ok(()),
            Woken::Stopped => return Err(stopped()),
            Woken::Timeout if give_up_ns.is_some() => return Err(io::ErrorKind::TimedOut.into()),
            Woken::Timeout => {}
        }
        // A stall that somebody else marked is theirs to clear.
        let ours = self.stall.mark(since_ns);
        let woken = self.wait(&fd, events, None)?;
        if ours {
            self.stall.clear();
        }
        if woken == Woken::Stopped {
            return Err(stopped());
        }
        Ok(())
    }

    /// The error for a display that kept silent while opening.
    pub(crate) fn no_answer(&self, display: &str) -> SourceError {
        SourceError::NoAnswer {
            display: display.to_owned(),
            waited_ms: OPEN_TIMEOUT_NS / 1_000_000,
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("the source was stopped")
}

fn timespec(ns: u64) -> Timespec {
    Timespec {
        tv_sec: (ns / 1_000_000_000) as i64,
        tv_nsec: (ns % 1_000_000_000) as i64,
    }
}

/// What a user waits for a desktop that hangs before being told.
const OPEN_TIMEOUT_NS: u64 = 4_500_000_000;
/// A server that takes longer than this for an answer counts as stalled.
pub(crate) const SILENCE_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// A clock that jumps two seconds whenever it is read, so that every deadline is over at once.
    fn hasty_clock() -> u64 {
        static NOW_NS: AtomicU64 = AtomicU64::new(1);
        NOW_NS.fetch_add(2_000_000_000, Ordering::Relaxed)
    }

    #[test]
    fn silence_while_opening_is_an_error() {
        let waiter = Waiter::opening(hasty_clock).expect("eventfd");
        let (ours, _theirs) = UnixStream::pair().expect("socket pair");
        let error = waiter
            .wait_for_answer(&ours, PollFlags::IN)
            .expect_err("nobody answers");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn silence_later_is_a_stall_until_the_answer_comes() {
        let waiter = Waiter::opening(hasty_clock).expect("eventfd");
        waiter.opened();
        let (ours, mut theirs) = UnixStream::pair().expect("socket pair");
        let stall = Arc::clone(waiter.stall());
        let answering = std::thread::spawn(move || {
            while stall.since_ns().is_none() {
                std::thread::yield_now();
            }
            theirs.write_all(b"x").expect("the other end is open");
            theirs
        });
        waiter
            .wait_for_answer(&ours, PollFlags::IN)
            .expect("answered at last");
        assert_eq!(waiter.stall().since_ns(), None);
        drop(answering.join());
    }

    #[test]
    fn the_stop_signal_ends_a_wait_and_stays_up() {
        let waiter = Waiter::opening(hasty_clock).expect("eventfd");
        waiter.opened();
        let (ours, _theirs) = UnixStream::pair().expect("socket pair");
        assert!(!waiter.stop().is_raised());
        waiter.stop().raise();
        waiter.stop().raise();
        assert!(waiter.stop().is_raised());
        assert_eq!(
            waiter.wait(&ours, PollFlags::IN, None).expect("poll"),
            Woken::Stopped
        );
        assert!(waiter.wait_for_answer(&ours, PollFlags::IN).is_err());
    }
}
