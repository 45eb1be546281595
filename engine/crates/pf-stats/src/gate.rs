//! The one thing a frame pays for statistics that are off: a relaxed load.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether anything measures (an armed capture, PERF, later the black box).
///
/// `Relaxed` is enough: the flag publishes no other memory, and a frame that sees it late is simply
/// not measured, or measured for nobody.
#[derive(Debug, Default)]
pub struct Gate(AtomicBool);

impl Gate {
    /// A gate that starts closed.
    pub const fn closed() -> Self {
        Self(AtomicBool::new(false))
    }

    /// True while something measures.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Opens or closes the gate; frames already begun keep the answer that they got at their first boundary.
    pub fn set(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }
}
