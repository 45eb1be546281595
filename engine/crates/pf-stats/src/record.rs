//! The frame record: 64 bytes, little-endian, written once a frame and read by `recording/src/frames.ts`.
//!
//! | off | type | field |
//! |----:|------|-------|
//! | 0 | u64 | `grabbed_ns`: engine clock when the frame's picture was taken from the source |
//! | 8 | u32 × 7 | `converted submitted encoded packetized dequeued first_sent last_sent`, ns after `grabbed_ns`; `FFFFFFFF` = never reached |
//! | 36 | u32 | `frame_index` on the wire; 0 = the frame never got one |
//! | 40 | u32 | `source_sequence`: pictures the source had produced with the frame's own, wrapping; a repeat has that of the picture it repeats; `FFFFFFFF` = the source does not count |
//! | 44 | u32 | `source_age_ns`: from the source's own stamp to `grabbed_ns`; `FFFFFFFF` = no stamp |
//! | 48 | u32 | `bytes` of the access unit |
//! | 52 | u16 | `session` |
//! | 54 | u16 | `flags` ([`FrameFlags`]) |
//! | 56 | u16 | `data_packets` |
//! | 58 | u16 | `parity_packets` |
//! | 60 | u8 | `queue_depth`: frames waiting for the sender when this one was offered |
//! | 61 | u8 | `outcome` ([`FrameOutcome`]) |
//! | 62 | u8 | `send_refused`: datagrams that the socket refused, saturating; three flags say why, none of them = another errno |
//! | 63 | u8 | `qp` as the encoder reports it; 255 = it does not |

/// Size of one record on the wire and in memory.
pub const RECORD_BYTES: usize = 64;
/// A boundary that the frame never reached.
pub const NOT_REACHED: u32 = u32::MAX;
/// A 32-bit figure that nobody measured.
pub const UNKNOWN_U32: u32 = u32::MAX;
/// The encoder does not report a quantiser.
pub const UNKNOWN_QP: u8 = u8::MAX;

/// The boundaries after `grabbed`, in pipeline order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Boundary {
    /// Colour conversion and scaling are done (a repeat converts nothing: equal to `grabbed`).
    Converted = 0,
    /// The picture is handed to the encoder.
    Submitted = 1,
    /// The access unit is out.
    Encoded = 2,
    /// Headers and parity are written, and the frame is offered to the sender.
    Packetized = 3,
    /// The send thread took the frame.
    Dequeued = 4,
    /// The first datagrams are in the kernel.
    FirstSent = 5,
    /// The last datagrams are in the kernel.
    LastSent = 6,
}

/// Facts about a frame, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameFlags(pub u16);

impl FrameFlags {
    /// An IDR frame.
    pub const KEY: Self = Self(1);
    /// The source had nothing new: the last picture was encoded again.
    pub const REPEAT: Self = Self(1 << 1);
    /// Predicted only from references older than an invalidated range.
    pub const AFTER_INVALIDATION: Self = Self(1 << 2);
    /// Marked as a long-term reference.
    pub const LONG_TERM_REFERENCE: Self = Self(1 << 3);
    /// Too large for parity: sent without.
    pub const UNPROTECTED: Self = Self(1 << 4);
    /// The video clock was late and restarted from now before this frame.
    pub const CLOCK_RESTARTED: Self = Self(1 << 5);
    /// Datagrams were refused because the socket had no room until the frame's deadline (EAGAIN).
    pub const REFUSED_NO_ROOM: Self = Self(1 << 6);
    /// Datagrams were refused because the kernel or the interface's queue had no buffer until the deadline (ENOBUFS):
    /// dropped in this machine, not on the network.
    pub const REFUSED_NO_BUFFER: Self = Self(1 << 7);
    /// Datagrams were answered with an error: nobody listens on the client's port (ECONNREFUSED).
    pub const REFUSED_BY_PEER: Self = Self(1 << 8);

    /// Adds the bits of `other`.
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// True when every bit of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How the frame ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameOutcome {
    /// Every datagram was handed to the kernel.
    #[default]
    Sent = 0,
    /// Dropped after encoding: two frames were waiting already.
    QueueFull = 1,
    /// Dropped while sending: the socket had no room until the frame's deadline.
    SendDeadline = 2,
    /// Dropped while sending: the socket reported an error.
    SendError = 3,
    /// The encoder made nothing of it (rate control); it never got a frame index.
    EncoderSkipped = 4,
    /// Too large for the wire format or for the packet arena.
    Oversize = 5,
    /// The session ended before it was sent.
    SessionEnded = 6,
}

/// One frame's way through the host. The layout is the module's table; a test asserts size and offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct FrameRecord {
    /// Engine clock, ns.
    pub grabbed_ns: u64,
    /// ns after `grabbed_ns`, indexed by [`Boundary`].
    pub boundaries: [u32; 7],
    /// 0 = none.
    pub frame_index: u32,
    /// Wrapping count of the source's pictures.
    pub source_sequence: u32,
    /// ns from the source's stamp to `grabbed_ns`.
    pub source_age_ns: u32,
    /// Bytes of the access unit.
    pub bytes: u32,
    /// Session number.
    pub session: u16,
    /// Bits of [`FrameFlags`].
    pub flags: FrameFlags,
    /// Data datagrams.
    pub data_packets: u16,
    /// Parity datagrams.
    pub parity_packets: u16,
    /// Frames waiting for the sender.
    pub queue_depth: u8,
    /// How it ended.
    pub outcome: FrameOutcome,
    /// Datagrams refused by the socket.
    pub send_refused: u8,
    /// Quantiser, or [`UNKNOWN_QP`].
    pub qp: u8,
}

impl FrameRecord {
    /// The record's 64 bytes, little-endian whatever the machine.
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0..8].copy_from_slice(&self.grabbed_ns.to_le_bytes());
        for (slot, value) in out[8..36].chunks_exact_mut(4).zip(self.boundaries) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        out[36..40].copy_from_slice(&self.frame_index.to_le_bytes());
        out[40..44].copy_from_slice(&self.source_sequence.to_le_bytes());
        out[44..48].copy_from_slice(&self.source_age_ns.to_le_bytes());
        out[48..52].copy_from_slice(&self.bytes.to_le_bytes());
        out[52..54].copy_from_slice(&self.session.to_le_bytes());
        out[54..56].copy_from_slice(&self.flags.0.to_le_bytes());
        out[56..58].copy_from_slice(&self.data_packets.to_le_bytes());
        out[58..60].copy_from_slice(&self.parity_packets.to_le_bytes());
        out[60] = self.queue_depth;
        out[61] = self.outcome as u8;
        out[62] = self.send_refused;
        out[63] = self.qp;
        out
    }
}

/// Fills a [`FrameRecord`] while its frame travels. Exists only for frames that are measured: the
/// pipeline carries an `Option<FrameTimer>`, so a frame from before arming cannot pollute a window.
#[derive(Clone, Copy, Debug)]
pub struct FrameTimer {
    /// Everything but the boundaries may be set directly.
    pub record: FrameRecord,
}

impl FrameTimer {
    /// Begins a frame whose picture was taken at `grabbed_ns`.
    pub fn begin(session: u16, grabbed_ns: u64) -> Self {
        Self {
            record: FrameRecord {
                grabbed_ns,
                boundaries: [NOT_REACHED; 7],
                frame_index: 0,
                source_sequence: UNKNOWN_U32,
                source_age_ns: UNKNOWN_U32,
                bytes: 0,
                session,
                flags: FrameFlags::default(),
                data_packets: 0,
                parity_packets: 0,
                queue_depth: 0,
                outcome: FrameOutcome::Sent,
                send_refused: 0,
                qp: UNKNOWN_QP,
            },
        }
    }

    /// Stamps a boundary. A clock that went back counts as no time; 4.29 s and more saturate.
    #[inline]
    pub fn mark(&mut self, boundary: Boundary, now_ns: u64) {
        let elapsed = now_ns.saturating_sub(self.record.grabbed_ns);
        self.record.boundaries[boundary as usize] = u32::try_from(elapsed)
            .unwrap_or(NOT_REACHED)
            .min(NOT_REACHED - 1);
    }
}

/// Stamps a boundary of a frame that is measured with a moment that was read anyway.
#[inline]
pub fn mark_at(timer: &mut Option<FrameTimer>, boundary: Boundary, at_ns: u64) {
    if let Some(timer) = timer {
        timer.mark(boundary, at_ns);
    }
}

/// Stamps a boundary of a frame that is measured; the clock is read for that alone.
#[inline]
pub fn mark(timer: &mut Option<FrameTimer>, boundary: Boundary, now_ns: fn() -> u64) {
    if let Some(timer) = timer {
        timer.mark(boundary, now_ns());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::{offset_of, size_of};

    #[test]
    fn the_layout_in_memory_is_the_layout_on_the_wire() {
        assert_eq!(size_of::<FrameRecord>(), RECORD_BYTES);
        assert_eq!(offset_of!(FrameRecord, boundaries), 8);
        assert_eq!(offset_of!(FrameRecord, frame_index), 36);
        assert_eq!(offset_of!(FrameRecord, session), 52);
        assert_eq!(offset_of!(FrameRecord, queue_depth), 60);
        assert_eq!(offset_of!(FrameRecord, qp), 63);
    }

    #[test]
    fn bytes_follow_the_table() {
        let mut timer = FrameTimer::begin(0x0102, 0x1122_3344_5566_7788);
        timer.mark(Boundary::Converted, 0x1122_3344_5566_7788 + 0x0A0B_0C0D);
        timer.record.frame_index = 7;
        timer.record.flags.insert(FrameFlags::KEY);
        timer.record.outcome = FrameOutcome::QueueFull;
        let bytes = timer.record.to_bytes();
        assert_eq!(
            bytes[0..8],
            [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]
        );
        assert_eq!(bytes[8..12], [0x0D, 0x0C, 0x0B, 0x0A]);
        assert_eq!(bytes[12..16], [0xFF; 4]);
        assert_eq!(bytes[36..40], [7, 0, 0, 0]);
        assert_eq!(bytes[52..56], [0x02, 0x01, 1, 0]);
        assert_eq!(bytes[61], 1);
        assert_eq!(bytes[63], UNKNOWN_QP);
    }

    #[test]
    fn a_boundary_saturates_and_never_reads_as_missing() {
        let mut timer = FrameTimer::begin(0, 1_000);
        timer.mark(Boundary::LastSent, 1_000 + 5_000_000_000);
        timer.mark(Boundary::Encoded, 10);
        assert_eq!(
            timer.record.boundaries[Boundary::LastSent as usize],
            NOT_REACHED - 1
        );
        assert_eq!(timer.record.boundaries[Boundary::Encoded as usize], 0);
    }
}
