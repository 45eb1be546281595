//! Sealing allocates nothing: what runs once a datagram or packet.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pf_seal::{ControlStyle, HostSeals, SessionKey};

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

fn host(style: ControlStyle) -> HostSeals {
    SessionKey::new([3; 16]).into_host_seals(style, 7)
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    let boxed = std::hint::black_box(Box::new(1_u64));
    assert_eq!(ALLOCATIONS.get() - before, 1);
    drop(boxed);
}

#[test]
fn ten_thousand_video_datagrams_are_sealed_without_an_allocation() {
    let mut video = host(ControlStyle::V2).video;
    let mut datagram = vec![0x5A; 1408];
    let before = ALLOCATIONS.get();
    for frame in 0..10_000 {
        video.seal(frame, &mut datagram).unwrap();
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn audio_and_control_are_sealed_and_opened_without_an_allocation() {
    for style in [ControlStyle::V2, ControlStyle::Legacy] {
        let mut host = host(style);
        let mut client = SessionKey::new([3; 16]).into_client_seals(style);
        let mut envelope = Vec::with_capacity(64);
        let mut audio = [0; 336];
        let before = ALLOCATIONS.get();
        for sequence in 0..1_000 {
            host.audio.seal(sequence, &[1; 320], &mut audio).unwrap();
            host.control_sealer.seal(&[2; 14], &mut envelope).unwrap();
            client.control_opener.open(&mut envelope).unwrap();
            client.control_sealer.seal(&[2; 40], &mut envelope).unwrap();
            host.control_opener.open(&mut envelope).unwrap();
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{style:?}");
    }
}
