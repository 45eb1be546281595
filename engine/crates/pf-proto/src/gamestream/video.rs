//! Video datagrams: headers and payload of a frame, written once, straight into the sender's arena.
//!
//! Does not compute parity (a closure does), choose the frame type or look into the bitstream
//! (`bitstream.rs` must have passed an H.264 or HEVC access unit before). One datagram, unencrypted:
//!
//! | off | size | field | order |
//! |----:|-----:|-------|-------|
//! | 0 | 2 | `90 00`: RTP version 2 with extension, payload type 0 | |
//! | 2 | 2 | sequence | BE |
//! | 4 | 4 | timestamp, 90 kHz | BE |
//! | 8 | 8 | SSRC and extension, zero | |
//! | 16 | 4 | stream packet index `<< 8` | LE |
//! | 20 | 4 | frame index | LE |
//! | 24 | 1 | flags: 1 picture data, 2 last and 4 first data shard of the block | |
//! | 25 | 1 | extra flags: 1 long-term reference | |
//! | 26 | 1 | `10` | |
//! | 27 | 1 | bits 7–6 last block, 5–4 this block | |
//! | 28 | 4 | bits 31–22 data shards of the block, 21–12 shard, 11–4 percentage | LE |
//! | 32 | L | payload | |
//!
//! Parity runs over whole data shards. In a parity shard bytes 16–19, 24–26 and 32 on are the parity of
//! their columns; the rest of the header is real again. Source: gamestream-media.md 3.

use std::error::Error;
use std::fmt;

use crate::error::ProtoError;
use crate::gamestream::split::FRAME_HEADER_BYTES;
use crate::units::{FrameIndex, RtpTimestamp, SequenceNumber, StreamPacketIndex};

pub use crate::gamestream::split::{BlockPlan, FramePlan, VideoFormat};

/// What the frame header tells the client about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameType {
    /// Predicted from the frame before.
    Predicted = 1,
    /// A key frame (IDR) with its parameter sets.
    Key = 2,
    /// An intra-refresh recovery point.
    IntraRefresh = 4,
    /// Predicted only from pictures before an invalidated range.
    AfterInvalidation = 5,
}

/// What the pipeline knows about a frame besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameMeta {
    /// Kind of the frame.
    pub frame_type: FrameType,
    /// Capture to ready-to-send in 0.1 ms; 0 = unknown or repeated. Parity covers it, so it is given
    /// before sending; longer times are the caller's to saturate.
    pub latency_100us: u16,
    /// Capture time.
    pub timestamp: RtpTimestamp,
    /// Asks the client to acknowledge the frame, which the encoder keeps as a long-term reference.
    pub long_term_reference: bool,
}

/// A frame as it lies in the arena: `data_packets + parity_packets` equal datagrams in wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packetized {
    /// Its number on the wire.
    pub frame: FrameIndex,
    /// Bytes written, from the start of the slot.
    pub bytes: usize,
    /// Bytes of each datagram.
    pub datagram_bytes: usize,
    /// Data datagrams.
    pub data_packets: u16,
    /// Parity datagrams.
    pub parity_packets: u16,
    /// Sequence number of the first datagram.
    pub first_sequence: SequenceNumber,
    /// True when the frame was too large for parity in a session that wants it.
    pub unprotected: bool,
}

/// Why a frame was not packetized. No counter has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketizeError<E> {
    /// The arguments do not fit together.
    Refused(ProtoError),
    /// The parity closure failed.
    Parity {
        /// Block number, 0 to 3.
        block: usize,
        /// The closure's own error.
        source: E,
    },
}

impl<E: fmt::Display> fmt::Display for PacketizeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Parity { block, source } => write!(f, "parity of block {block} failed: {source}"),
        }
    }
}

impl<E: Error> Error for PacketizeError<E> {}

impl<E> From<ProtoError> for PacketizeError<E> {
    fn from(error: ProtoError) -> Self {
        Self::Refused(error)
    }
}

/// Turns access units into datagrams and owns the three counters of a session's video.
#[derive(Debug)]
pub struct VideoPacketizer {
    format: VideoFormat,
    next_sequence: SequenceNumber,
    next_index: StreamPacketIndex,
    next_frame: FrameIndex,
}

impl VideoPacketizer {
    /// A packetizer at the start of a session: sequence 0, stream packet index 0, frame 1.
    pub const fn new(format: VideoFormat) -> Self {
        Self {
            format,
            next_sequence: SequenceNumber::FIRST,
            next_index: StreamPacketIndex::FIRST,
            next_frame: FrameIndex::FIRST,
        }
    }

    /// The session's format.
    pub const fn format(&self) -> VideoFormat {
        self.format
    }

    /// The number that the next frame gets.
    pub const fn next_frame_index(&self) -> FrameIndex {
        self.next_frame
    }

    /// Splits an access unit; moves nothing.
    ///
    /// # Errors
    /// [`ProtoError::EmptyAccessUnit`] and [`ProtoError::Oversize`].
    pub fn plan(&self, access_unit_bytes: usize) -> Result<FramePlan, ProtoError> {
        self.format.plan(access_unit_bytes)
    }

    /// Uses up the number of a frame that was encoded and is not sent, and only that: sequence numbers
    /// stay consecutive. The client then sees the gap and asks, where a re-used number would let it decode
    /// the next frame from a picture that it never got.
    pub const fn skip_frame(&mut self) -> FrameIndex {
        let frame = self.next_frame;
        self.next_frame = frame.next();
        frame
    }

    /// Writes a frame's datagrams back to back into `arena` (one slot), blocks in order, data before
    /// parity within each, each behind the format's prefix, which is left as it is. Allocates nothing;
    /// counters move only on success.
    ///
    /// `parity(shards, data, parity)` gets a block from its first shard on, [`VideoFormat::datagram_bytes`]
    /// from shard to shard, the first `data` of them final, and fills the `parity` shards behind them; it is
    /// not called for a block without parity.
    ///
    /// # Errors
    /// [`PacketizeError::Refused`] with [`ProtoError::PlanMismatch`] or [`ProtoError::ArenaTooSmall`];
    /// [`PacketizeError::Parity`] when the closure fails.
    pub fn packetize<E>(
        &mut self,
        meta: FrameMeta,
        access_unit: &[u8],
        plan: &FramePlan,
        arena: &mut [u8],
        mut parity: impl FnMut(&mut [u8], usize, usize) -> Result<(), E>,
    ) -> Result<Packetized, PacketizeError<E>> {
        if plan.format() != self.format || plan.access_unit_bytes() != access_unit.len() {
            let planned_bytes = plan.access_unit_bytes();
            return Err(ProtoError::PlanMismatch {
                planned_bytes,
                bytes: access_unit.len(),
            }
            .into());
        }
        let needed_bytes = plan.arena_bytes();
        let arena_bytes = arena.len();
        let slot = arena
            .get_mut(..needed_bytes)
            .ok_or(ProtoError::ArenaTooSmall {
                needed_bytes,
                bytes: arena_bytes,
            })?;

        let datagram_bytes = self.format.datagram_bytes();
        let prefix_bytes = self.format.prefix_bytes;
        let mut payload = Payload {
            header: frame_header(&meta, plan),
            header_left: true,
            rest: access_unit,
        };
        let mut sequence = self.next_sequence;
        let mut index = self.next_index;
        let mut rest = slot;
        for (number, block) in plan.blocks().iter().enumerate() {
            let (shards, behind) = rest.split_at_mut(block.shards() * datagram_bytes);
            rest = behind;
            let header = BlockHeader::new(self.next_frame, &meta, plan, number, sequence);
            let (data, _) = shards.split_at_mut(usize::from(block.data) * datagram_bytes);
            let datagrams = data.chunks_exact_mut(datagram_bytes);
            for (shard_number, datagram) in (0..block.data).zip(datagrams) {
                let (head, body) = datagram[prefix_bytes..].split_at_mut(HEADER_BYTES);
                header.write_data(head, shard_number, index);
                payload.fill(body);
                index = index.plus(1);
            }
            if block.parity > 0 {
                let (data, parities) = (usize::from(block.data), usize::from(block.parity));
                parity(&mut shards[prefix_bytes..], data, parities).map_err(|source| {
                    PacketizeError::Parity {
                        block: number,
                        source,
                    }
                })?;
                let (_, behind_data) = shards.split_at_mut(data * datagram_bytes);
                let datagrams = behind_data.chunks_exact_mut(datagram_bytes);
                for (shard_number, datagram) in (block.data..).zip(datagrams) {
                    header.write_parity(&mut datagram[prefix_bytes..], shard_number);
                }
            }
            sequence = sequence.plus(block.data + block.parity);
        }

        let packetized = Packetized {
            frame: self.next_frame,
            bytes: needed_bytes,
            datagram_bytes,
            data_packets: plan.data_packets(),
            parity_packets: plan.parity_packets(),
            first_sequence: self.next_sequence,
            unprotected: plan.is_unprotected(),
        };
        self.next_sequence = sequence;
        self.next_index = index;
        self.next_frame = self.next_frame.next();
        Ok(packetized)
    }
}

/// Bytes of a datagram in front of its payload.
const HEADER_BYTES: usize = 32;

const FLAG_PICTURE: u8 = 1;
const FLAG_LAST: u8 = 2;
const FLAG_FIRST: u8 = 4;

/// The 8 bytes in front of the access unit: `01`, latency LE, type, bytes in the last payload LE, `00 00`.
fn frame_header(meta: &FrameMeta, plan: &FramePlan) -> [u8; FRAME_HEADER_BYTES] {
    let latency = meta.latency_100us.to_le_bytes();
    let last = plan.last_payload_bytes().to_le_bytes();
    [
        1,
        latency[0],
        latency[1],
        meta.frame_type as u8,
        last[0],
        last[1],
        0,
        0,
    ]
}

/// The frame header and the access unit as one run of bytes, zeros behind it.
struct Payload<'a> {
    header: [u8; FRAME_HEADER_BYTES],
    header_left: bool,
    rest: &'a [u8],
}

impl Payload<'_> {
    /// Fills one shard's payload, at least 48 bytes.
    fn fill(&mut self, mut body: &mut [u8]) {
        if self.header_left {
            let (head, behind) = body.split_at_mut(FRAME_HEADER_BYTES);
            head.copy_from_slice(&self.header);
            self.header_left = false;
            body = behind;
        }
        let (now, later) = self.rest.split_at(self.rest.len().min(body.len()));
        let (used, padding) = body.split_at_mut(now.len());
        used.copy_from_slice(now);
        padding.fill(0);
        self.rest = later;
    }
}

/// What all shards of a block share.
struct BlockHeader {
    template: [u8; HEADER_BYTES],
    first_sequence: SequenceNumber,
    block: BlockPlan,
}

impl BlockHeader {
    fn new(
        frame: FrameIndex,
        meta: &FrameMeta,
        plan: &FramePlan,
        number: usize,
        first_sequence: SequenceNumber,
    ) -> Self {
        let last_number = plan.blocks().len() - 1;
        let mut template = [0; HEADER_BYTES];
        template[0] = 0x90;
        template[4..8].copy_from_slice(&meta.timestamp.0.to_be_bytes());
        template[20..24].copy_from_slice(&frame.0.to_le_bytes());
        template[25] = u8::from(meta.long_term_reference);
        template[26] = 0x10;
        template[27] = (last_number << 6 | number << 4) as u8;
        Self {
            template,
            first_sequence,
            block: plan.blocks()[number],
        }
    }

    /// Writes all 32 bytes of data shard `number`.
    fn write_data(&self, head: &mut [u8], number: u16, index: StreamPacketIndex) {
        let mut flags = FLAG_PICTURE;
        if number == 0 {
            flags |= FLAG_FIRST;
        }
        if number + 1 == self.block.data {
            flags |= FLAG_LAST;
        }
        head.copy_from_slice(&self.template);
        head[2..4].copy_from_slice(&self.sequence(number));
        head[16..20].copy_from_slice(&index.to_wire().to_le_bytes());
        head[24] = flags;
        head[28..32].copy_from_slice(&self.fec_info(number));
    }

    /// Puts the real header fields over the parity of their columns; 16–19 and 24–26 stay parity.
    fn write_parity(&self, shard: &mut [u8], number: u16) {
        shard[0..2].copy_from_slice(&self.template[0..2]);
        shard[2..4].copy_from_slice(&self.sequence(number));
        shard[4..16].copy_from_slice(&self.template[4..16]);
        shard[20..24].copy_from_slice(&self.template[20..24]);
        shard[27] = self.template[27];
        shard[28..32].copy_from_slice(&self.fec_info(number));
    }

    fn sequence(&self, number: u16) -> [u8; 2] {
        self.first_sequence.plus(number).0.to_be_bytes()
    }

    fn fec_info(&self, number: u16) -> [u8; 4] {
        let data = u32::from(self.block.data);
        (data << 22 | u32::from(number) << 12 | u32::from(self.block.percentage) << 4).to_le_bytes()
    }
}

#[cfg(test)]
#[path = "video_tests.rs"]
mod tests;
