//! What the receiver found: plain counters, and each kind of fault once.

use std::fmt::Display;

use serde::Serialize;

/// The result of a run; also shown while it goes on. Absent values were not measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProbeReport {
    /// Access units that came whole, or whole with the help of parity.
    pub frames_received: u64,
    /// Of these, how many needed parity.
    pub frames_recovered: u64,
    /// Frame numbers up to the newest frame that never came whole.
    pub frames_lost: u64,
    /// Received frames that start afresh: parameter sets and an IDR slice in their first packet.
    pub key_frames: u64,
    /// Losses that ended with a frame of type 5, which leans on no lost picture.
    pub invalidations_answered: u64,
    /// Frames a stock client would give to its decoder, and that went to the output: after a loss none, until
    /// a key frame or a type 5.
    pub decodable_frames: u64,
    /// Requests made: invalidation of a range of frames.
    pub invalidations_requested: u64,
    /// Requests made: a key frame.
    pub key_frames_requested: u64,
    /// Long-term references acknowledged.
    pub frames_acknowledged: u64,
    /// Well-formed video packets, parity and duplicates included.
    pub packets_received: u64,
    /// Sequence numbers from 0 to the highest seen that never came, parity included.
    pub packets_lost: u64,
    /// Data packets rebuilt from parity.
    pub packets_recovered: u64,
    /// Packets whose sequence number came before.
    pub packets_duplicate: u64,
    /// Packets overtaken by later ones and of no use any more when they came.
    pub packets_late: u64,
    /// Bytes of the received access units, without headers, padding and parity.
    pub bytes: u64,
    /// From the first ping to the first whole frame.
    pub first_frame_ms: Option<u32>,
    /// Number of the first whole frame; 1 unless it was lost.
    pub first_frame_index: Option<u32>,
    /// Number of the newest whole frame.
    pub last_frame_index: Option<u32>,
    /// What the sender does wrong: each kind once, with its first case and how often it was seen.
    pub problems: Vec<String>,
}

/// A kind of fault. Losses are none: they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    MalformedPacket,
    ForeignSender,
    FirstSequence,
    SequenceBackwards,
    FrameNumber,
    FirstFrame,
    BlockDisagrees,
    PacketFlags,
    PacketIndex,
    Timestamp,
    LongTermFlag,
    FrameHeader,
    Padding,
    Bitstream,
    Silence,
    Output,
}

/// The report in the making.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) report: ProbeReport,
    faults: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    fault: Fault,
    first: String,
    times: u64,
}

impl Findings {
    /// Notes a fault; only the first of its kind keeps its words.
    pub(crate) fn fault(&mut self, fault: Fault, what: impl Display) {
        match self.faults.iter_mut().find(|seen| seen.fault == fault) {
            Some(seen) => seen.times += 1,
            None => self.faults.push(Seen {
                fault,
                first: what.to_string(),
                times: 1,
            }),
        }
    }

    /// The report with its problems written out.
    pub(crate) fn report(&self) -> ProbeReport {
        let problems = self.faults.iter().map(Seen::describe).collect();
        ProbeReport {
            problems,
            ..self.report.clone()
        }
    }
}

impl Seen {
    fn describe(&self) -> String {
        match self.times {
            1 => self.first.clone(),
            times => format!("{} (and {} more like it)", self.first, times - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_fault_is_told_once_with_its_count() {
        let mut findings = Findings::default();
        (0..3)
            .for_each(|i| findings.fault(Fault::PacketFlags, format_args!("flags of packet {i}")));
        findings.fault(Fault::Padding, "padding");
        assert_eq!(
            findings.report().problems,
            ["flags of packet 0 (and 2 more like it)", "padding"]
        );
    }
}
