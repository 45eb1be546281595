//! Ends a wait of another thread.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::error::NetError;

/// A flag that a thread in `MediaSocket::wait_readable` sees at once. Stays raised until `reset`.
///
/// Clones share the flag.
#[derive(Debug, Clone)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Makes a lowered flag.
    pub fn new() -> Result<Self, NetError> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(NetError::system("eventfd"))?;
        Ok(Self(Arc::new(fd)))
    }

    /// Raises the flag.
    pub fn wake(&self) {
        // A counter at its maximum is refused, and is raised already.
        let _: Result<usize, Errno> = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    /// Lowers the flag; answers whether it was up.
    pub fn reset(&self) -> bool {
        rustix::io::read(&*self.0, &mut [0; 8]).is_ok()
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
