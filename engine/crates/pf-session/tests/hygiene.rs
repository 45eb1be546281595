//! Once warm, a frame's way through packetize → FEC → hand-off → send allocates nothing and meets no page fault.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};

use pf_fec::{BlockLayout, Kernel};
use pf_proto::gamestream::video::{FrameMeta, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{PacketSize, RtpTimestamp};
use pf_seal::{ControlStyle, SessionKey, VIDEO_PREFIX_BYTES, VideoSealer};
use pf_session::monotonic_ns;
use pf_stats::{Boundary, FrameTimer};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call is passed to the system allocator unchanged; only a counter is added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM_UP: u32 = 500;
const FRAMES: u32 = 10_000;
const PACKET_SIZE: u32 = 1392;

#[test]
fn ten_thousand_frames_allocate_nothing_and_fault_nothing_once_warm_clear_or_sealed() {
    // One after the other: the counters are the process's.
    ten_thousand_frames(None);
    let key = SessionKey::new([7; 16]);
    ten_thousand_frames(Some(key.into_host_seals(ControlStyle::V2, 1).video));
}

fn ten_thousand_frames(sealer: Option<VideoSealer>) {
    // A bound socket that nobody reads: the kernel drops what does not fit, which is none of the sender's business.
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let packet_size = PacketSize::new(PACKET_SIZE).expect("a stock size");
    let prefix_bytes = sealer.as_ref().map_or(0, |_| VIDEO_PREFIX_BYTES);
    let format = VideoFormat {
        packet_size,
        fec_pct: 20,
        min_parity: 2,
        prefix_bytes,
    };
    let mut packetizer = VideoPacketizer::new(format);
    let shard_bytes = packet_size.shard_bytes();
    let stride_bytes = format.datagram_bytes();
    let mut rig = support::rig(
        &client,
        stride_bytes,
        128 * stride_bytes,
        100_000_000,
        sealer,
    );
    let kernel = Kernel::detect();
    // 20 Mb/s at 60 fps: frames of 42 kB, give or take.
    let picture: Vec<u8> = (0..64_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut record = [0_u8; 64 * 256];
    let mut start = (0, 0);
    for nth in 0..WARM_UP + FRAMES {
        if nth == WARM_UP {
            start = (ALLOCATIONS.load(Ordering::Relaxed), minor_faults());
            // Reading the faults allocated; the count begins after it.
            start.0 = ALLOCATIONS.load(Ordering::Relaxed);
        }
        let unit = &picture[..36_000 + (nth as usize * 997) % 12_000];
        let mut timer = FrameTimer::begin(1, monotonic_ns());
        let plan = packetizer
            .plan(unit.len())
            .expect("a frame of ordinary size");
        let mut slot = loop {
            match rig.outbox.begin() {
                Some(slot) => break slot,
                None => std::thread::yield_now(),
            }
        };
        let meta = FrameMeta {
            frame_type: FrameType::Predicted,
            latency_100us: 37,
            timestamp: RtpTimestamp(nth * 1500),
            long_term_reference: false,
        };
        let parity = |block: &mut [u8], data: usize, parity: usize| {
            pf_fec::encode(
                kernel,
                block,
                BlockLayout {
                    data,
                    parity,
                    shard_bytes,
                    stride_bytes,
                },
            )
        };
        let packetized = packetizer
            .packetize(meta, unit, &plan, slot.arena(), parity)
            .expect("it fits");
        timer.mark(Boundary::Packetized, monotonic_ns());
        slot.bytes = packetized.bytes;
        slot.frame = packetized.frame;
        slot.deadline_ns = monotonic_ns() + 1_000_000_000;
        slot.timer = Some(timer);
        assert!(rig.outbox.send(slot));
        rig.records.drain_into(&mut record);
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - start.0;
    let faults = minor_faults() - start.1;
    assert_eq!(allocations, 0, "allocations over {FRAMES} frames");
    assert_eq!(faults, 0, "page faults over {FRAMES} frames");
    drop(rig.outbox);
    rig.sending.join().expect("the sender ends");
}

/// Minor page faults of this process so far (field 10 of /proc/self/stat).
fn minor_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().expect("the fields after the name");
    after_name
        .split_whitespace()
        .nth(7)
        .and_then(|field| field.parse().ok())
        .expect("a number")
}
