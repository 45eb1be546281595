#![forbid(unsafe_code)]
//! What the engine measures of one frame, and how it leaves the engine.
//!
//! Holds no clock, socket or thread: time comes in as nanoseconds of the engine's monotonic clock.
//! It computes no percentile and keeps no window: that is `recording/` in TypeScript, from these records.

mod gate;
mod record;
mod ring;

pub use gate::Gate;
pub use record::{
    Boundary, FrameFlags, FrameOutcome, FrameRecord, FrameTimer, NOT_REACHED, RECORD_BYTES,
    UNKNOWN_QP, UNKNOWN_U32, mark, mark_at,
};
pub use ring::{RecordConsumer, RecordProducer, record_ring};
