//! The byte stream to an X server. Every wait of the connection goes through the source's waiter, so a server that
//! hangs can neither hold the thread nor go unnoticed.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use x11rb::rust_connection::{DefaultStream, PollMode, Stream};
use x11rb::utils::RawFdContainer;

use crate::wait::Waiter;

/// A connected socket whose waits end.
#[derive(Debug)]
pub(super) struct GuardedStream {
    socket: DefaultStream,
    waiter: Waiter,
}

impl GuardedStream {
    pub(super) fn new(socket: DefaultStream, waiter: Waiter) -> Self {
        Self { socket, waiter }
    }
}

impl AsFd for GuardedStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Stream for GuardedStream {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, mode.readable());
        events.set(PollFlags::OUT, mode.writable());
        self.waiter.wait_for_answer(&self.socket, events)
    }

    fn read(&self, buffer: &mut [u8], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.socket.read(buffer, fds)
    }

    fn write(&self, bytes: &[u8], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)], fds)
    }

    /// Unlike the stock stream it never raises SIGPIPE: this library lives in a process that is not ours.
    fn write_vectored(
        &self,
        parts: &[IoSlice<'_>],
        fds: &mut Vec<RawFdContainer>,
    ) -> io::Result<usize> {
        let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        let rights = SendAncillaryMessage::ScmRights(&borrowed);
        let mut space = vec![MaybeUninit::uninit(); rights.size()];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() && !ancillary.push(rights) {
            return Err(io::Error::other("too many descriptors for one message"));
        }
        let sent = loop {
            match sendmsg(&self.socket, parts, &mut ancillary, SendFlags::NOSIGNAL) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        drop(borrowed);
        fds.clear();
        Ok(sent)
    }
}
