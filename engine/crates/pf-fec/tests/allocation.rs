//! Encoding allocates nothing, from the first call on: there is no warm-up and no cache.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pf_fec::{BlockLayout, Kernel, encode};

#[test]
fn encoding_allocates_nothing() {
    for kernel in Kernel::available() {
        for (data, parity) in [(1, 1), (40, 8), (100, 20), (200, 40), (1, 254)] {
            let layout = BlockLayout {
                data,
                parity,
                shard_bytes: 1392,
                stride_bytes: 1408,
            };
            let mut block = vec![0; layout.needed_bytes()];
            let before = ALLOCATIONS.get();
            assert_eq!(encode(kernel, &mut block, layout), Ok(()));
            let allocations = ALLOCATIONS.get() - before;
            let what = (kernel.name(), data, parity);
            assert_eq!(allocations, 0, "{what:?}");
        }
    }
    let before = ALLOCATIONS.get();
    drop(vec![0_u8; 1]);
    assert_eq!(ALLOCATIONS.get() - before, 1, "the counter counts");
}

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counter is a constant-initialised
// thread-local without destructor, which allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's word.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's word; the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
