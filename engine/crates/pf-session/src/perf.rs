//! PUNKTFUNK_PERF: once a second the largest µs of each stage and the most packets of one frame. The only
//! statistics that are computed in Rust; everything else is made of the records.

use pf_stats::{FrameFlags, FrameOutcome, FrameRecord, NOT_REACHED};
use serde_json::{Value, json};

/// Names of the stages between the record's boundaries, in order.
const STAGES: [&str; 7] = [
    "convert",
    "submit",
    "encode",
    "packetize",
    "queue",
    "first_send",
    "send",
];

/// Collects one second of a session's records.
#[derive(Debug, Default)]
pub struct PerfWindow {
    since_ns: u64,
    frames: u32,
    repeats: u32,
    dropped: u32,
    max_us: [u32; 7],
    max_packets: u32,
}

impl PerfWindow {
    /// Adds a record; answers the line of the second that it ended.
    pub fn add(&mut self, record: &FrameRecord, now_ns: u64) -> Option<Value> {
        if self.since_ns == 0 {
            self.since_ns = now_ns;
        }
        self.frames += 1;
        self.repeats += u32::from(record.flags.contains(FrameFlags::REPEAT));
        self.dropped += u32::from(record.outcome != FrameOutcome::Sent);
        self.max_packets = self
            .max_packets
            .max(u32::from(record.data_packets) + u32::from(record.parity_packets));
        let mut before = 0;
        for (max, at) in self.max_us.iter_mut().zip(record.boundaries) {
            if at != NOT_REACHED {
                *max = (*max).max(at.saturating_sub(before) / 1000);
                before = at;
            }
        }
        let elapsed_ns = now_ns.saturating_sub(self.since_ns);
        if elapsed_ns < 1_000_000_000 {
            return None;
        }
        let per_second = |count: u32| (f64::from(count) * 1e10 / elapsed_ns as f64).round() / 10.0;
        let max_us: serde_json::Map<String, Value> = STAGES
            .iter()
            .zip(self.max_us)
            .map(|(name, us)| ((*name).to_owned(), us.into()))
            .collect();
        let line = json!({
            "session": record.session,
            "fps": per_second(self.frames),
            "new_fps": per_second(self.frames - self.repeats),
            "max_us": max_us,
            "max_packets": self.max_packets,
            "sent_frames": self.frames - self.dropped,
            "dropped_frames": self.dropped,
        });
        *self = Self {
            since_ns: now_ns,
            ..Self::default()
        };
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pf_stats::{Boundary, FrameTimer};

    #[test]
    fn a_line_a_second_holds_the_maxima() {
        let mut window = PerfWindow::default();
        let mut line = None;
        for i in 0..=60_u64 {
            let at = 1_000_000_000 + i * 16_666_667;
            let mut timer = FrameTimer::begin(3, at);
            timer.mark(Boundary::Converted, at + 300_000);
            timer.mark(
                Boundary::Encoded,
                at + 300_000 + if i == 30 { 9_000_000 } else { 2_000_000 },
            );
            timer.record.data_packets = 40;
            if i % 2 == 0 {
                timer.record.flags.insert(FrameFlags::REPEAT);
            }
            line = line.or(window.add(&timer.record, at));
        }
        let line = line.expect("one second went by");
        assert_eq!(line["max_us"]["encode"], 9000);
        assert_eq!(line["max_us"]["convert"], 300);
        assert_eq!(line["max_packets"], 40);
        assert_eq!(line["fps"], 61.0);
        assert_eq!(line["new_fps"], 30.0);
    }
}
