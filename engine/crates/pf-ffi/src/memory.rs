//! How the process's allocator treats what sessions hold.

use std::sync::Once;

/// Blocks from this size on are mapped one by one, and unmapped when freed.
const MAPPED_FROM_BYTES: libc::c_int = 256 << 10;
/// Heaps that threads share: a session's threads come and go, and each heap of its own would stay behind.
const HEAPS: libc::c_int = 2;

/// Makes a session's packet arena and its encoder's pictures return to the system when the session ends.
///
/// By default glibc raises its threshold after the first large free, and serves later ones from heaps of threads that
/// are never given back: twenty sessions left 56 MB behind.
pub fn return_large_blocks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: mallopt takes two integers and may be called at any time; a refusal changes nothing.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
            libc::mallopt(libc::M_ARENA_MAX, HEAPS);
        }
    });
}
