//! The one thing a frame pays for statistics that are off: a relaxed load.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::record::FrameTimer;

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

    /// A timer for the frame grabbed at `grabbed_ns`, when something measures; its absence is the answer that the frame
    /// carries on. `tests/gate.rs` checks the code that this becomes.
    #[inline(always)]
    pub fn timer(&self, session: u16, grabbed_ns: u64) -> Option<FrameTimer> {
        self.is_open()
            .then(|| FrameTimer::begin(session, grabbed_ns))
    }

    /// Opens or closes the gate; frames already begun keep the answer that they got at their first boundary.
    pub fn set(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }
}
