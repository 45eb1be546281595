//! A frame's whole way as the pipeline writes it, alone in a function so that its machine code can be read: not a test
//! target of its own, `tests/gate.rs` compiles it as a release is compiled.
#![crate_type = "lib"]

use pf_stats::{Boundary, Gate, RecordProducer, mark, mark_at};

#[unsafe(no_mangle)]
pub extern "Rust" fn pf_probe_frame(
    gate: &Gate,
    // Three moments that are needed whether anything measures or not, in registers.
    grabbed_ns: u64,
    encoded_ns: u64,
    dequeued_ns: u64,
    now_ns: fn() -> u64,
    records: &mut RecordProducer,
) {
    let mut timer = gate.timer(1, grabbed_ns);
    mark(&mut timer, Boundary::Converted, now_ns);
    mark(&mut timer, Boundary::Submitted, now_ns);
    mark_at(&mut timer, Boundary::Encoded, encoded_ns);
    mark(&mut timer, Boundary::Packetized, now_ns);
    mark_at(&mut timer, Boundary::Dequeued, dequeued_ns);
    mark(&mut timer, Boundary::FirstSent, now_ns);
    mark(&mut timer, Boundary::LastSent, now_ns);
    if let Some(timer) = timer {
        records.push(&timer.record);
    }
}
