//! A bounded ring of records for one session: one writer (whoever closes a frame), one reader (the drain).
//!
//! Written without `unsafe`: a record travels as eight atomic words. A full ring drops the *newest*
//! record and counts it, so what is read stays gapless up to the gap that the counter tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::record::{FrameRecord, RECORD_BYTES};

const WORDS: usize = RECORD_BYTES / 8;

struct Shared {
    slots: Box<[[AtomicU64; WORDS]]>,
    /// Records ever written; the writer's.
    head: AtomicUsize,
    /// Records ever read; the reader's.
    tail: AtomicUsize,
    overflow: AtomicU64,
}

/// The writing end. Not `Clone`: one thread at a time closes a session's frames.
pub struct RecordProducer(Arc<Shared>);

/// The reading end.
pub struct RecordConsumer(Arc<Shared>);

/// Makes a ring of at least `capacity` records (rounded up to a power of two, at least 2).
pub fn record_ring(capacity: usize) -> (RecordProducer, RecordConsumer) {
    let capacity = capacity.max(2).next_power_of_two();
    let slots = (0..capacity)
        .map(|_| [const { AtomicU64::new(0) }; WORDS])
        .collect();
    let shared = Arc::new(Shared {
        slots,
        head: AtomicUsize::new(0),
        tail: AtomicUsize::new(0),
        overflow: AtomicU64::new(0),
    });
    (RecordProducer(Arc::clone(&shared)), RecordConsumer(shared))
}

impl RecordProducer {
    /// Appends a record. Wait-free, allocates nothing; answers false and counts when the ring is full.
    pub fn push(&mut self, record: &FrameRecord) -> bool {
        let shared = &*self.0;
        let head = shared.head.load(Ordering::Relaxed);
        // Acquire: pairs with the reader's Release of `tail`, so the slot is free for real.
        if head.wrapping_sub(shared.tail.load(Ordering::Acquire)) >= shared.slots.len() {
            shared.overflow.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let bytes = record.to_bytes();
        let slot = &shared.slots[head & (shared.slots.len() - 1)];
        for (word, chunk) in slot.iter().zip(bytes.chunks_exact(8)) {
            word.store(
                u64::from_le_bytes(chunk.try_into().expect("chunks of 8")),
                Ordering::Relaxed,
            );
        }
        // Release: the words above are visible to whoever sees the new head.
        shared.head.store(head.wrapping_add(1), Ordering::Release);
        true
    }
}

impl RecordConsumer {
    /// Copies as many whole records as fit into `out` and answers the bytes written.
    pub fn drain_into(&mut self, out: &mut [u8]) -> usize {
        let shared = &*self.0;
        let tail = shared.tail.load(Ordering::Relaxed);
        // Acquire: pairs with the writer's Release of `head`.
        let available = shared.head.load(Ordering::Acquire).wrapping_sub(tail);
        let count = available.min(out.len() / RECORD_BYTES);
        for (i, target) in out.chunks_exact_mut(RECORD_BYTES).take(count).enumerate() {
            let slot = &shared.slots[tail.wrapping_add(i) & (shared.slots.len() - 1)];
            for (word, chunk) in slot.iter().zip(target.chunks_exact_mut(8)) {
                chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
            }
        }
        // Release: the slots were read before the writer may use them again.
        shared
            .tail
            .store(tail.wrapping_add(count), Ordering::Release);
        count * RECORD_BYTES
    }

    /// Records waiting.
    pub fn len(&self) -> usize {
        self.0
            .head
            .load(Ordering::Acquire)
            .wrapping_sub(self.0.tail.load(Ordering::Relaxed))
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Records the ring can hold.
    pub fn capacity(&self) -> usize {
        self.0.slots.len()
    }

    /// Records dropped because the ring was full, since the session began.
    pub fn overflow(&self) -> u64 {
        self.0.overflow.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::FrameTimer;

    fn record(index: u32) -> FrameRecord {
        let mut timer = FrameTimer::begin(1, u64::from(index));
        timer.record.frame_index = index;
        timer.record
    }

    fn index_of(bytes: &[u8]) -> u32 {
        u32::from_le_bytes(bytes[36..40].try_into().expect("4 bytes"))
    }

    #[test]
    fn a_full_ring_keeps_the_oldest_and_counts_the_rest() {
        let (mut producer, mut consumer) = record_ring(4);
        let kept: Vec<bool> = (0..6).map(|i| producer.push(&record(i))).collect();
        assert_eq!(kept, [true, true, true, true, false, false]);
        assert_eq!(consumer.overflow(), 2);
        let mut out = [0; RECORD_BYTES * 8];
        assert_eq!(consumer.drain_into(&mut out), 4 * RECORD_BYTES);
        assert_eq!(
            out.chunks(RECORD_BYTES)
                .take(4)
                .map(index_of)
                .collect::<Vec<_>>(),
            [0, 1, 2, 3]
        );
    }

    #[test]
    fn a_short_buffer_takes_whole_records_only() {
        let (mut producer, mut consumer) = record_ring(4);
        (0..3).for_each(|i| assert!(producer.push(&record(i))));
        let mut out = [0; RECORD_BYTES * 2 + 63];
        assert_eq!(consumer.drain_into(&mut out), 2 * RECORD_BYTES);
        assert_eq!(consumer.len(), 1);
    }

    #[test]
    fn two_threads_see_every_record_once_and_in_order() {
        const COUNT: u32 = 200_000;
        let (mut producer, mut consumer) = record_ring(64);
        let writer = std::thread::spawn(move || {
            for i in 0..COUNT {
                while !producer.push(&record(i)) {
                    std::hint::spin_loop();
                }
            }
        });
        let mut next = 0;
        let mut out = [0; RECORD_BYTES * 16];
        while next < COUNT {
            let bytes = consumer.drain_into(&mut out);
            for chunk in out[..bytes].chunks(RECORD_BYTES) {
                assert_eq!(index_of(chunk), next);
                next += 1;
            }
        }
        writer.join().expect("the writer ends");
    }
}
