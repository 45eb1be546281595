//! Three buffers between a desktop thread and the video thread: one being painted, one ready, one being read.
//! The lock is held for moving a pointer, never for a copy; neither side ever waits for the other's work.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::memory::SharedMemory;
use crate::{Newest, Picture, PictureSize, SourceError, SourceInfo, SourceStamp};

/// One buffer, with what the server knows it by.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    pub(crate) memory: SharedMemory,
    pub(crate) size: PictureSize,
    pub(crate) stride_bytes: usize,
    pub(crate) attachment: T,
}

impl<T> Slot<T> {
    fn picture(&self) -> Picture<'_> {
        Picture {
            data: self.memory.bytes(),
            stride_bytes: self.stride_bytes,
            size: self.size,
        }
    }
}

/// Since when the server is silent; shared by whoever waits for it and whoever is asked about it.
#[derive(Debug, Default)]
pub(crate) struct Stall(AtomicU64);

impl Stall {
    /// Remembers the first moment only. True if this call marked it.
    pub(crate) fn mark(&self, since_ns: u64) -> bool {
        // Relaxed: the value stands for itself, no other memory hangs on it.
        self.0
            .compare_exchange(0, since_ns.max(1), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    pub(crate) fn since_ns(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&since| since != 0)
    }
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    counted: AtomicU32,
    stall: Arc<Stall>,
}

#[derive(Debug)]
struct State<T> {
    ready: Option<(Slot<T>, SourceStamp)>,
    free: Vec<Slot<T>>,
    last_change: Option<SourceStamp>,
    info: SourceInfo,
    lost: Option<SourceError>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A poisoned lock only means that a thread died between two moves; the state is whole after each.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The desktop thread's end. Dropped without [`RingWriter::end`], it says that the thread ended unexpectedly.
#[derive(Debug)]
pub(crate) struct RingWriter<T> {
    shared: Arc<Shared<T>>,
}

/// The video thread's end.
#[derive(Debug)]
pub(crate) struct RingReader<T> {
    shared: Arc<Shared<T>>,
    held: Option<Slot<T>>,
}

/// A ring without buffers yet; the writer brings them in with [`RingWriter::give_back`].
pub(crate) fn ring<T>(info: SourceInfo, stall: Arc<Stall>) -> (RingWriter<T>, RingReader<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            ready: None,
            free: Vec::with_capacity(BUFFERS + 1),
            last_change: None,
            info,
            lost: None,
        }),
        counted: AtomicU32::new(0),
        stall,
    });
    let reader = RingReader {
        shared: Arc::clone(&shared),
        held: None,
    };
    (RingWriter { shared }, reader)
}

/// Buffers that a ring needs so that the writer always finds one.
pub(crate) const BUFFERS: usize = 3;

impl<T> RingWriter<T> {
    /// Counts a change of the desktop and answers its sequence number.
    pub(crate) fn count(&self) -> u32 {
        self.shared
            .counted
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1)
    }

    /// A buffer to paint into, of whatever size it has.
    pub(crate) fn take_free(&self) -> Option<Slot<T>> {
        self.shared.lock().free.pop()
    }

    /// Brings in a new buffer or returns one that was not painted after all.
    pub(crate) fn give_back(&self, slot: Slot<T>) {
        self.shared.lock().free.push(slot);
    }

    /// Makes a painted buffer the newest; one that nobody took in time becomes free again.
    pub(crate) fn publish(&self, slot: Slot<T>, stamp: SourceStamp) {
        let mut state = self.shared.lock();
        state.last_change = Some(stamp);
        if let Some((unseen, _)) = state.ready.replace((slot, stamp)) {
            state.free.push(unseen);
        }
    }

    /// Replaces what [`RingReader::info`] tells.
    pub(crate) fn describe(&self, info: SourceInfo) {
        self.shared.lock().info = info;
    }

    /// Says that no further picture will come, and why.
    pub(crate) fn end(&self, error: SourceError) {
        self.shared.lock().lost.get_or_insert(error);
    }
}

impl<T> Drop for RingWriter<T> {
    fn drop(&mut self) {
        self.end(SourceError::ThreadEnded);
    }
}

impl<T> RingReader<T> {
    pub(crate) fn info(&self) -> SourceInfo {
        self.shared.lock().info.clone()
    }

    /// A picture that became ready before the server stalled or vanished is still handed out.
    pub(crate) fn newest(&mut self) -> Newest<'_> {
        let mut state = self.shared.lock();
        let Some((slot, stamp)) = state.ready.take() else {
            return if let Some(error) = &state.lost {
                Newest::Lost(error.clone())
            } else if let Some(since_ns) = self.shared.stall.since_ns() {
                Newest::Stalled { since_ns }
            } else if self.held.is_some() {
                Newest::Unchanged
            } else {
                Newest::NotYet
            };
        };
        if let Some(read) = self.held.take() {
            state.free.push(read);
        }
        drop(state);
        Newest::Fresh {
            picture: self.held.insert(slot).picture(),
            stamp,
        }
    }

    pub(crate) fn repeat(&self) -> Option<Picture<'_>> {
        self.held.as_ref().map(Slot::picture)
    }

    pub(crate) fn counted(&self) -> u32 {
        self.shared.counted.load(Ordering::Relaxed)
    }

    pub(crate) fn last_change(&self) -> Option<SourceStamp> {
        self.shared.lock().last_change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty_ring() -> (RingWriter<()>, RingReader<()>, Arc<Stall>) {
        let stall = Arc::new(Stall::default());
        let info = SourceInfo {
            name: "test",
            size: PictureSize {
                width: 1,
                height: 1,
            },
            refresh_hz: None,
            detail: String::new(),
        };
        let (writer, reader) = ring(info, Arc::clone(&stall));
        for _ in 0..BUFFERS {
            writer.give_back(slot());
        }
        (writer, reader, stall)
    }

    fn slot() -> Slot<()> {
        let size = PictureSize {
            width: 1,
            height: 1,
        };
        Slot {
            memory: SharedMemory::new(4).expect("4 bytes"),
            size,
            stride_bytes: 4,
            attachment: (),
        }
    }

    fn publish(writer: &RingWriter<()>) -> u32 {
        let mut slot = writer
            .take_free()
            .expect("the writer always finds a buffer");
        let sequence = writer.count();
        slot.memory.bytes_mut()[0] = sequence as u8;
        writer.publish(
            slot,
            SourceStamp {
                sequence,
                painted_ns: 1,
                published_ns: 2,
            },
        );
        sequence
    }

    fn taken(reader: &mut RingReader<()>) -> Option<(u8, u32)> {
        match reader.newest() {
            Newest::Fresh { picture, stamp } => Some((picture.data[0], stamp.sequence)),
            _ => None,
        }
    }

    #[test]
    fn hands_out_the_newest_once_and_counts_the_replaced() {
        let (writer, mut reader, _) = empty_ring();
        assert!(matches!(reader.newest(), Newest::NotYet));
        for _ in 0..5 {
            publish(&writer);
        }
        assert_eq!(taken(&mut reader), Some((5, 5)));
        assert!(matches!(reader.newest(), Newest::Unchanged));
        assert_eq!(reader.repeat().map(|picture| picture.data[0]), Some(5));
        assert_eq!(reader.last_change().map(|stamp| stamp.sequence), Some(5));
    }

    #[test]
    fn the_picture_being_read_is_never_painted_over() {
        let (writer, mut reader, _) = empty_ring();
        publish(&writer);
        assert_eq!(taken(&mut reader), Some((1, 1)));
        for _ in 0..10 {
            publish(&writer);
            assert_eq!(reader.repeat().map(|picture| picture.data[0]), Some(1));
        }
        assert_eq!(taken(&mut reader), Some((11, 11)));
    }

    #[test]
    fn the_last_picture_comes_before_the_bad_news() {
        let (writer, mut reader, stall) = empty_ring();
        publish(&writer);
        assert!(stall.mark(77));
        assert!(!stall.mark(99), "the first moment counts");
        assert_eq!(taken(&mut reader), Some((1, 1)));
        assert!(matches!(reader.newest(), Newest::Stalled { since_ns: 77 }));
        stall.clear();
        assert!(matches!(reader.newest(), Newest::Unchanged));
        publish(&writer);
        drop(writer);
        assert_eq!(taken(&mut reader), Some((2, 2)));
        assert!(matches!(
            reader.newest(),
            Newest::Lost(SourceError::ThreadEnded)
        ));
        assert_eq!(
            reader.repeat().map(|picture| picture.data[0]),
            Some(2),
            "and stays readable"
        );
    }

    #[test]
    fn the_first_reason_of_an_end_is_kept() {
        let (writer, mut reader, _) = empty_ring();
        let gone = SourceError::OutputGone {
            output: "A".to_owned(),
        };
        writer.end(gone.clone());
        drop(writer);
        assert!(matches!(reader.newest(), Newest::Lost(error) if error == gone));
    }
}
