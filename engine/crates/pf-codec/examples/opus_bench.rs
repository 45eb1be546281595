//! Microseconds a packet of sound, wall clock, one thread: silence and noise, every layout, packets of 5 ms.
//!
//! `cargo run --release -p pf-codec --example opus_bench -- [--packets N]`

use std::time::Instant;

use pf_codec::{CodecError, OpusEncoder, OpusLayout};

fn main() -> Result<(), CodecError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let packets = arguments
        .iter()
        .position(|argument| argument == "--packets")
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(2000_usize);
    println!("{packets} packets of {PACKET_MS} ms each; the first ten left out");
    for (channels, high_quality) in [
        (2, false),
        (2, true),
        (6, false),
        (6, true),
        (8, false),
        (8, true),
    ] {
        let layout = OpusLayout::of(channels, high_quality)?;
        for (name, loudness) in [("silence", 0.0), ("noise", 0.5)] {
            let micros = median_us(layout, loudness, packets)?;
            let core_pct = micros / f64::from(PACKET_MS * 1000) * 100.0;
            println!("{layout:?} {name:<8} p50 {micros:7.1} us  {core_pct:5.2} % of a core");
        }
    }
    Ok(())
}

fn median_us(layout: OpusLayout, loudness: f32, packets: usize) -> Result<f64, CodecError> {
    let mut encoder = OpusEncoder::new(layout, PACKET_MS)?;
    let mut pcm = vec![0.0; encoder.samples()];
    let mut out = vec![0; encoder.packet_bytes()];
    let mut state = 1_u32;
    let mut times = Vec::with_capacity(packets);
    for packet in 0..packets + 10 {
        for sample in &mut pcm {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state as i32 as f32 / i32::MAX as f32) * loudness;
        }
        let started = Instant::now();
        encoder.encode(&pcm, &mut out)?;
        if packet >= 10 {
            times.push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

const PACKET_MS: u32 = 5;
