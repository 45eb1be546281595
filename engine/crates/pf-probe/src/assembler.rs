//! From datagrams to whole frames, as a stock client goes about it (§3.8).
//!
//! One block under construction at a time, no timers, no waiting: the first packet of another block or frame
//! gives the current frame up. A more patient receiver would hide a sender that breaks the order.

use crate::access_unit::{AccessUnit, Body};
use crate::block::{Block, Stored};
use crate::packet::{DataHeader, HEADER_BYTES, Packet, expected_flags};
use crate::report::{Fault, Findings};
use crate::sequence::{Arrival, SequenceLog, is_before};

/// What the stream did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// More of this frame is missing than its parity can give back, in a stream that keeps its order.
    LossPredicted { frame: u32 },
    /// These frames will not come any more.
    Lost { first: u32, last: u32 },
    /// A frame came whole.
    Frame(AccessUnit),
}

/// The receiving half of a session.
#[derive(Debug)]
pub(crate) struct Assembler {
    shard_bytes: usize,
    sequences: SequenceLog,
    /// Sequences before this one belong to finished blocks.
    next_sequence: u16,
    newest_frame: Option<u32>,
    current: CurrentFrame,
    block: Option<Block>,
    /// Memory of the last finished block.
    spare: Vec<u8>,
    /// Packet index that the next data packet must carry.
    next_packet_index: u32,
    last_timestamp: Option<u32>,
    /// Time stamp of the last packet that another overtook.
    overtaken_at: Option<u32>,
    predicted: Option<u32>,
}

/// The frame whose blocks are being collected.
#[derive(Debug)]
struct CurrentFrame {
    number: u32,
    next_block: u8,
    body: Vec<u8>,
    rebuilt_packets: u32,
    long_term_reference: bool,
    /// A client would throw it away.
    corrupt: bool,
}

impl CurrentFrame {
    fn begin(&mut self, number: u32) {
        self.number = number;
        self.next_block = 0;
        self.body.clear();
        self.rebuilt_packets = 0;
        self.long_term_reference = false;
        self.corrupt = false;
    }
}

impl Assembler {
    /// For a session whose shards have `shard_bytes`, from its first frame on.
    pub(crate) fn new(shard_bytes: usize) -> Self {
        let current = CurrentFrame {
            number: FIRST_FRAME,
            next_block: 0,
            body: Vec::new(),
            rebuilt_packets: 0,
            long_term_reference: false,
            corrupt: false,
        };
        Self {
            shard_bytes,
            sequences: SequenceLog::new(),
            next_sequence: 0,
            newest_frame: None,
            current,
            block: None,
            spare: Vec::new(),
            next_packet_index: 0,
            last_timestamp: None,
            overtaken_at: None,
            predicted: None,
        }
    }

    /// Takes a datagram in; what follows from it is appended to `events`.
    pub(crate) fn handle_datagram(
        &mut self,
        datagram: &[u8],
        findings: &mut Findings,
        events: &mut Vec<Event>,
    ) {
        let packet = match Packet::parse(datagram, self.shard_bytes) {
            Ok(packet) => packet,
            Err(malformed) => return findings.fault(Fault::MalformedPacket, malformed),
        };
        if !self.admit(&packet, findings) || !self.turn_to(&packet, findings, events) {
            return;
        }
        let block = self.block.get_or_insert_with(|| {
            Block::begin(&packet, self.shard_bytes, std::mem::take(&mut self.spare))
        });
        match block.store(&packet) {
            Stored::InOrder => {}
            Stored::Overtaken => self.overtaken_at = Some(packet.timestamp),
            Stored::Duplicate => return,
            Stored::Disagrees => {
                let (frame, number) = (packet.frame, packet.block);
                let what = format_args!(
                    "packets of block {number} of frame {frame} disagree about it: {:?}",
                    packet.place
                );
                return findings.fault(Fault::BlockDisagrees, what);
            }
        }
        if block.has_enough() {
            self.finish_block(findings, events);
        } else if block.holes() > block.shape.parity_shards() {
            self.predict_loss(&packet, events);
        }
    }

    /// Counts a packet; answers whether it can still be of use.
    fn admit(&mut self, packet: &Packet<'_>, findings: &mut Findings) -> bool {
        let first = findings.report.packets_received == 0;
        findings.report.packets_received += 1;
        let (sequence, frame) = (packet.sequence, packet.frame);
        if first && sequence >= 0x8000 {
            let what = format_args!(
                "the first sequence is {sequence}: a client rejects all from 32768 up"
            );
            findings.fault(Fault::FirstSequence, what);
        }
        let arrival = self.sequences.note(sequence);
        findings.report.packets_lost = self.sequences.lost();
        if arrival == Arrival::Duplicate {
            findings.report.packets_duplicate += 1;
        }
        if frame == 0 {
            findings.fault(
                Fault::FrameNumber,
                "a packet of frame 0: frames count from 1",
            );
            return false;
        }
        let newest = self.newest_frame.unwrap_or(frame);
        let is_newer = frame_is_before(newest, frame);
        if is_newer && arrival != Arrival::Newest {
            let what = format_args!(
                "sequence {sequence} of frame {frame} was used before, by frame {newest} or earlier"
            );
            findings.fault(Fault::SequenceBackwards, what);
        }
        if arrival == Arrival::Newest && frame_is_before(frame, newest) {
            findings.fault(
                Fault::FrameNumber,
                format_args!("frame {frame} was sent after frame {newest}"),
            );
        }
        if is_newer || self.newest_frame.is_none() {
            self.newest_frame = Some(frame);
        }
        let finished = is_before(sequence, self.next_sequence)
            || frame_is_before(frame, self.current.number)
            || (frame == self.current.number && packet.block < self.current.next_block);
        if finished && arrival == Arrival::OutOfOrder {
            findings.report.packets_late += 1;
        }
        !finished
    }

    /// Makes the packet's block the current one, giving up what is unfinished; answers whether it is.
    fn turn_to(
        &mut self,
        packet: &Packet<'_>,
        findings: &mut Findings,
        events: &mut Vec<Event>,
    ) -> bool {
        let same_frame = packet.frame == self.current.number;
        if self
            .block
            .as_ref()
            .is_some_and(|block| same_frame && block.number == packet.block)
        {
            return true;
        }
        let first = self.current.number;
        let gave_up_block = self
            .block
            .take()
            .map(Block::into_memory)
            .map(|memory| self.spare = memory)
            .is_some();
        let expected_block = if same_frame {
            self.current.next_block
        } else {
            0
        };
        if packet.block != expected_block || (same_frame && gave_up_block) {
            // The beginning of the packet's own frame is missing: it is lost as well.
            self.lose(first, packet.frame, findings, events);
            return false;
        }
        if !same_frame {
            self.lose(first, packet.frame.wrapping_sub(1), findings, events);
        }
        let last = self.last_timestamp.replace(packet.timestamp);
        if !same_frame || self.current.next_block == 0 {
            if last.is_some_and(|last| packet.timestamp.wrapping_sub(last) >= 0x8000_0000) {
                let what = format_args!(
                    "the time stamp of frame {} is before its predecessor's",
                    packet.frame
                );
                findings.fault(Fault::Timestamp, what);
            }
        } else if last != Some(packet.timestamp) {
            findings.fault(
                Fault::Timestamp,
                format_args!("frame {} has two time stamps", packet.frame),
            );
        }
        true
    }

    fn lose(&mut self, first: u32, last: u32, findings: &mut Findings, events: &mut Vec<Event>) {
        findings.report.frames_lost += u64::from(last.wrapping_sub(first)) + 1;
        events.push(Event::Lost { first, last });
        self.current.begin(last.wrapping_add(1));
    }

    /// §3.3: holes that parity cannot fill mean a loss at once, unless packets were overtaken of late.
    fn predict_loss(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let lately = |at: u32| packet.timestamp.wrapping_sub(at) < OVERTAKEN_LATELY_TICKS;
        if self.predicted != Some(packet.frame) && !self.overtaken_at.is_some_and(lately) {
            self.predicted = Some(packet.frame);
            events.push(Event::LossPredicted {
                frame: packet.frame,
            });
        }
    }

    fn finish_block(&mut self, findings: &mut Findings, events: &mut Vec<Event>) {
        let Some(mut block) = self.block.take() else {
            return;
        };
        let Some(rebuilt) = block.rebuild() else {
            findings.fault(
                Fault::BlockDisagrees,
                "enough parity came, and gave no data back",
            );
            return;
        };
        findings.report.packets_recovered += u64::from(rebuilt);
        self.current.rebuilt_packets += u32::from(rebuilt);
        for (index, (header, payload)) in block.data_shards().enumerate() {
            self.take_data_packet(index as u16, &block, header, findings);
            self.current.body.extend_from_slice(payload);
        }
        let is_last = block.number == block.shape.last_block;
        self.next_sequence = block.end();
        self.current.next_block = block.number + 1;
        self.spare = block.into_memory();
        if is_last {
            self.finish_frame(findings, events);
        }
    }

    /// The checks a client makes of every data packet, received or rebuilt (§3.1, §3.2).
    fn take_data_packet(
        &mut self,
        index: u16,
        block: &Block,
        header: &[u8; HEADER_BYTES],
        findings: &mut Findings,
    ) {
        let frame = self.current.number;
        let begins_frame = index == 0 && block.number == 0;
        let header = DataHeader::of(header);
        let flags = expected_flags(index, block.shape.data_shards);
        if header.flags != flags {
            let found = header.flags;
            let what = format_args!(
                "packet {index} of frame {frame} has flags {found:#04x}, expected {flags:#04x}"
            );
            findings.fault(Fault::PacketFlags, what);
            self.current.corrupt = true;
        }
        // It may skip forward, less than half its range, where a frame begins.
        let ahead = header.packet_index.wrapping_sub(self.next_packet_index) & PACKET_INDEX_MASK;
        let allowed = if begins_frame {
            PACKET_INDEX_MASK / 2
        } else {
            0
        };
        if ahead > allowed || header.packet_index_low_byte != 0 {
            let (found, low, expected) = (
                header.packet_index,
                header.packet_index_low_byte,
                self.next_packet_index,
            );
            let what = format_args!(
                "packet {index} of frame {frame} has index {found} and low byte {low}, expected {expected} and 0"
            );
            findings.fault(Fault::PacketIndex, what);
            self.current.corrupt = true;
        }
        self.next_packet_index = (header.packet_index + 1) & PACKET_INDEX_MASK;
        if begins_frame {
            self.current.long_term_reference = header.long_term_reference;
        } else if self.current.long_term_reference != header.long_term_reference {
            findings.fault(
                Fault::LongTermFlag,
                format_args!("only some packets of frame {frame} say long-term reference"),
            );
        }
    }

    fn finish_frame(&mut self, findings: &mut Findings, events: &mut Vec<Event>) {
        let current = &self.current;
        let frame = current.number;
        let body = Body {
            frame,
            payload_bytes: self.shard_bytes - HEADER_BYTES,
            bytes: &current.body,
        };
        let Some(unit) = (!current.corrupt).then(|| body.open(findings)).flatten() else {
            return self.lose(frame, frame, findings, events);
        };
        let unit = AccessUnit {
            long_term_reference: current.long_term_reference,
            rebuilt_packets: current.rebuilt_packets,
            ..unit
        };
        let report = &mut findings.report;
        report.frames_received += 1;
        report.frames_recovered += u64::from(unit.rebuilt_packets > 0);
        report.key_frames += u64::from(unit.is_key);
        report.bytes += unit.bytes.len() as u64;
        report.last_frame_index = Some(frame);
        if report.first_frame_index.is_none() {
            report.first_frame_index = Some(frame);
            let nothing_lost = self.sequences.lost() == 0;
            if nothing_lost && !(frame == FIRST_FRAME && unit.is_key) {
                let kind = if unit.is_key { "a" } else { "no" };
                let what = format_args!(
                    "the first frame is number {frame} and {kind} key frame, expected number 1 and a key frame"
                );
                findings.fault(Fault::FirstFrame, what);
            }
        }
        events.push(Event::Frame(unit));
        self.current.begin(frame.wrapping_add(1));
    }
}

/// A client compares only the low half of frame numbers.
fn frame_is_before(a: u32, b: u32) -> bool {
    is_before(a as u16, b as u16)
}

const FIRST_FRAME: u32 = 1;
const PACKET_INDEX_MASK: u32 = 0x00FF_FFFF;
/// Five minutes at 90 kHz.
const OVERTAKEN_LATELY_TICKS: u32 = 5 * 60 * 90_000;
