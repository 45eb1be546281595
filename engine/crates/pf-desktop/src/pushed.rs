//! What every source with a thread of its own shares: starting it, taking from its ring, ending it.

use std::thread::JoinHandle;

use crate::ring::{RingReader, RingWriter, ring};
use crate::wait::{StopSignal, Waiter};
use crate::{Newest, Picture, PictureSource, SourceError, SourceInfo, SourceStamp};

/// The reading end of a source whose pictures a thread pushes.
#[derive(Debug)]
pub(crate) struct PushedSource<T> {
    reader: RingReader<T>,
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> PushedSource<T> {
    /// Runs `capture` in a thread until it returns: `None` when it was stopped, else why it ended.
    ///
    /// # Errors
    /// [`SourceError::System`] when the system has no thread for us.
    pub(crate) fn start(
        thread_name: &str,
        waiter: &Waiter,
        info: SourceInfo,
        capture: impl FnOnce(&RingWriter<T>) -> Option<SourceError> + Send + 'static,
    ) -> Result<Self, SourceError> {
        let (writer, reader) = ring(info, waiter.stall().clone());
        waiter.opened();
        let thread = std::thread::Builder::new()
            .name(thread_name.to_owned())
            .spawn(move || {
                if let Some(error) = capture(&writer) {
                    writer.end(error);
                }
            })
            .map_err(|error| SourceError::System {
                wanted: "a thread",
                bytes: 0,
                reason: error.to_string(),
            })?;
        Ok(Self {
            reader,
            stop: waiter.stop().clone(),
            thread: Some(thread),
        })
    }
}

impl<T> PictureSource for PushedSource<T> {
    fn info(&self) -> SourceInfo {
        self.reader.info()
    }

    fn newest(&mut self, _now_ns: u64) -> Newest<'_> {
        self.reader.newest()
    }

    fn repeat(&self) -> Option<Picture<'_>> {
        self.reader.repeat()
    }

    fn counted(&self) -> u32 {
        self.reader.counted()
    }

    fn last_change(&self) -> Option<SourceStamp> {
        self.reader.last_change()
    }
}

impl<T> Drop for PushedSource<T> {
    fn drop(&mut self) {
        self.stop.raise();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told through the ring already.
            let _ = thread.join();
        }
    }
}
