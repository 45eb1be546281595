//! Frames on their way from the video thread to the send thread: a fixed set of slots that circulates.
//!
//! Four slots make the session's packet arena: one being written, two waiting, one being sent. A full queue is the
//! video thread's to notice before it writes: the newest frame is dropped, never waited for. The send thread is woken
//! shortly before a frame is expected, where a core is free for that: waking it afterwards costs 20–40 µs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::Thread;
use std::time::Duration;

use pf_proto::units::FrameIndex;
use pf_stats::FrameTimer;

use crate::script::ScriptedFrame;

/// Frames that may wait for the sender.
pub const QUEUE_FRAMES: usize = 2;
/// Slots of the arena.
const SLOTS: usize = QUEUE_FRAMES + 2;
/// Alignment of a slot's first shard: the parity kernels are ~1.5 times slower off a cache line.
const ALIGN: usize = 64;

/// One frame's packets, ready to send.
pub struct Slot {
    memory: Vec<u8>,
    offset: usize,
    capacity: usize,
    /// Bytes of datagrams in use.
    pub bytes: usize,
    /// Bytes of one datagram.
    pub datagram_bytes: usize,
    /// The frame's number on the wire.
    pub frame: FrameIndex,
    /// Engine clock until which the socket may be waited for.
    pub deadline_ns: u64,
    /// Present when the frame is measured.
    pub timer: Option<FrameTimer>,
    /// Present when a script is played.
    pub scripted: Option<Box<ScriptedFrame>>,
}

impl Slot {
    fn new(capacity: usize, datagram_bytes: usize, touched: usize) -> Self {
        let mut memory = vec![0_u8; capacity + ALIGN];
        let offset = memory.as_ptr().align_offset(ALIGN).min(ALIGN);
        // Touched now, so that an ordinary frame meets no page fault.
        memory[..touched.min(capacity)]
            .iter_mut()
            .step_by(4096)
            .for_each(|byte| *byte = std::hint::black_box(1));
        Self {
            memory,
            offset,
            capacity,
            bytes: 0,
            datagram_bytes,
            frame: FrameIndex(0),
            deadline_ns: 0,
            timer: None,
            scripted: None,
        }
    }

    /// The memory for datagrams.
    pub fn arena(&mut self) -> &mut [u8] {
        &mut self.memory[self.offset..self.offset + self.capacity]
    }

    /// The datagrams of the frame.
    pub fn datagrams(&mut self) -> &mut [u8] {
        &mut self.memory[self.offset..self.offset + self.bytes]
    }
}

struct Shared {
    waiting: AtomicUsize,
    expected_ns: AtomicU64,
    closed: AtomicBool,
}

/// The video thread's end.
pub struct Outbox {
    free: Receiver<Box<Slot>>,
    full: SyncSender<Box<Slot>>,
    shared: Arc<Shared>,
    sender: Option<Thread>,
    capacity: usize,
}

/// The send thread's end.
pub struct Inbox {
    free: SyncSender<Box<Slot>>,
    full: Receiver<Box<Slot>>,
    shared: Arc<Shared>,
}

/// Makes the arena: slots of `capacity` bytes for datagrams of `datagram_bytes`; the first `touched` bytes of each are
/// made resident.
pub fn handoff(capacity: usize, datagram_bytes: usize, touched: usize) -> (Outbox, Inbox) {
    let shared = Arc::new(Shared {
        waiting: AtomicUsize::new(0),
        expected_ns: AtomicU64::new(0),
        closed: AtomicBool::new(false),
    });
    let (full_tx, full_rx) = sync_channel(SLOTS);
    let (free_tx, free_rx) = sync_channel(SLOTS);
    for _ in 0..SLOTS {
        let slot = Box::new(Slot::new(capacity, datagram_bytes, touched));
        free_tx
            .try_send(slot)
            .expect("the channel was made for all slots");
    }
    let outbox = Outbox {
        free: free_rx,
        full: full_tx,
        shared: Arc::clone(&shared),
        sender: None,
        capacity,
    };
    (
        outbox,
        Inbox {
            free: free_tx,
            full: full_rx,
            shared,
        },
    )
}

impl Outbox {
    /// Tells which thread to wake.
    pub fn wake(&mut self, sender: Thread) {
        self.sender = Some(sender);
    }

    /// Frames waiting for the sender now.
    pub fn depth(&self) -> usize {
        // Acquire: pairs with the sender's decrement, so that its slot is on its way back.
        self.shared.waiting.load(Ordering::Acquire)
    }

    /// A slot to write the next frame into; `None` while two frames wait.
    pub fn begin(&mut self) -> Option<Box<Slot>> {
        if self.depth() >= QUEUE_FRAMES {
            None
        } else {
            self.free.try_recv().ok()
        }
    }

    /// Bytes that fit in a slot.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Wakes the sender for a frame expected at `expected_ns`.
    pub fn expect_at(&self, expected_ns: u64) {
        self.shared
            .expected_ns
            .store(expected_ns, Ordering::Relaxed);
        self.unpark();
    }

    /// Hands a written slot over. Answers false when the send thread is gone.
    pub fn send(&self, slot: Box<Slot>) -> bool {
        self.shared.waiting.fetch_add(1, Ordering::Release);
        let sent = self.full.try_send(slot).is_ok();
        self.unpark();
        sent
    }

    fn unpark(&self) {
        if let Some(sender) = &self.sender {
            sender.unpark();
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.unpark();
    }
}

/// How the send thread waits for a frame that is about to come.
#[derive(Clone, Copy, Debug)]
pub struct SpinPolicy {
    /// Spin from this long before the expected time, ns; 0 = never spin.
    pub lead_ns: u64,
    /// Give up this long after it, ns.
    pub patience_ns: u64,
}

impl Inbox {
    /// Waits for the next frame; `None` once the video thread is gone and nothing waits.
    pub fn next(&self, now_ns: fn() -> u64, policy: SpinPolicy) -> Option<Box<Slot>> {
        loop {
            match self.full.try_recv() {
                Ok(slot) => return Some(slot),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) if self.shared.closed.load(Ordering::Acquire) => {
                    return self.full.try_recv().ok();
                }
                Err(TryRecvError::Empty) => {}
            }
            let expected = self.shared.expected_ns.load(Ordering::Relaxed);
            let now = now_ns();
            if policy.lead_ns == 0 || expected == 0 || now > expected + policy.patience_ns {
                std::thread::park_timeout(Duration::from_millis(100));
            } else if now + policy.lead_ns < expected {
                std::thread::park_timeout(Duration::from_nanos(expected - policy.lead_ns - now));
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// The frame was taken: it no longer counts as waiting.
    pub fn taken(&self) {
        self.shared.waiting.fetch_sub(1, Ordering::Release);
    }

    /// Gives a slot back.
    pub fn recycle(&self, slot: Box<Slot>) {
        // The channel holds every slot there is, so this cannot be full; the video thread may be gone.
        drop(self.free.try_send(slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> u64 {
        pf_net::monotonic_ns()
    }

    const PARK: SpinPolicy = SpinPolicy {
        lead_ns: 0,
        patience_ns: 0,
    };

    #[test]
    fn two_frames_may_wait_and_the_third_is_refused() {
        let (mut outbox, inbox) = handoff(4096, 1408, 4096);
        for nth in 0..2 {
            let mut slot = outbox.begin().expect("room");
            slot.frame = FrameIndex(nth);
            assert!(outbox.send(slot));
        }
        assert_eq!(outbox.depth(), 2);
        assert!(outbox.begin().is_none());
        let slot = inbox.next(now, PARK).expect("a frame");
        inbox.taken();
        assert_eq!(slot.frame, FrameIndex(0));
        assert!(
            outbox.begin().is_some(),
            "one waits, one is sent: one more may come"
        );
        inbox.recycle(slot);
    }

    #[test]
    fn slots_start_on_a_cache_line() {
        let (mut outbox, _inbox) = handoff(10_000, 1408, 0);
        let mut slot = outbox.begin().expect("room");
        assert_eq!(slot.arena().as_ptr() as usize % ALIGN, 0);
        assert_eq!(slot.arena().len(), 10_000);
    }

    #[test]
    fn frames_in_the_queue_survive_the_end_of_the_video_thread() {
        let (mut outbox, inbox) = handoff(4096, 1408, 0);
        let slot = outbox.begin().expect("room");
        outbox.send(slot);
        drop(outbox);
        assert!(inbox.next(now, PARK).is_some());
        assert!(inbox.next(now, PARK).is_none());
    }

    #[test]
    fn every_frame_crosses_whether_the_sender_spins_or_parks() {
        for policy in [
            PARK,
            SpinPolicy {
                lead_ns: 50_000,
                patience_ns: 100_000,
            },
        ] {
            let (mut outbox, inbox) = handoff(64, 32, 0);
            let reader = std::thread::spawn(move || {
                let mut seen = Vec::new();
                while let Some(slot) = inbox.next(now, policy) {
                    inbox.taken();
                    seen.push(slot.frame.0);
                    inbox.recycle(slot);
                }
                seen
            });
            outbox.wake(reader.thread().clone());
            let mut nth = 0;
            while nth < 500 {
                outbox.expect_at(now() + 20_000);
                if let Some(mut slot) = outbox.begin() {
                    slot.frame = FrameIndex(nth);
                    assert!(outbox.send(slot));
                    nth += 1;
                } else {
                    std::thread::yield_now();
                }
            }
            drop(outbox);
            assert_eq!(reader.join().expect("ends"), (0..500).collect::<Vec<_>>());
        }
    }
}
