//! The per-frame path allocates nothing: plan, packetize, pace, recovery slot, ping.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pf_proto::gamestream::video::{FrameMeta, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{PacketSize, RtpTimestamp};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator with a count for each thread.
struct Counting;

// SAFETY: every call goes to `System` unchanged; the count is a const-initialised thread-local without a
// destructor, so touching it neither allocates nor runs after the thread's storage is gone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System.alloc` or `System.realloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: `pointer` came from `System` with this layout; the caller keeps `new_size` valid.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    let boxed = std::hint::black_box(Box::new(1_u64));
    assert_eq!(ALLOCATIONS.get() - before, 1);
    drop(boxed);
}

#[test]
fn ten_thousand_frames_are_packetized_without_an_allocation() {
    let packet_size = PacketSize::new(1392).unwrap();
    let mut packetizer = VideoPacketizer::new(VideoFormat {
        packet_size,
        fec_pct: 20,
        min_parity: 2,
    });
    let unit = vec![0x5A; 1_400_000];
    let mut arena = vec![0; packetizer.plan(unit.len()).unwrap().arena_bytes()];
    let meta = FrameMeta {
        frame_type: FrameType::Predicted,
        latency_100us: 20,
        timestamp: RtpTimestamp(0),
        long_term_reference: false,
    };

    let before = ALLOCATIONS.get();
    let mut packets = 0;
    for number in 0..10_000_usize {
        // Mostly small frames, some of four blocks, some without parity.
        let bytes = if number.is_multiple_of(500) {
            unit.len() - number * 50
        } else {
            1 + number * 7 % 60_000
        };
        let plan = packetizer.plan(bytes).unwrap();
        let parity = |shards: &mut [u8], data: usize, _parity: usize| {
            shards[data * 1408..].fill(0);
            Ok::<(), std::convert::Infallible>(())
        };
        packets += packetizer
            .packetize(meta, &unit[..bytes], &plan, &mut arena, parity)
            .unwrap()
            .bytes
            / 1408;
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(packets > 100_000, "{packets} packets");
}
