//! Indices, timestamps, rates and sizes of the wire as types; every method says what wraps.
//!
//! Modular order follows the client: *a is before b* when `(a − b) mod 2^n ≥ 2^(n−1)`.

use std::fmt;

use crate::error::ProtoError;

/// Number of a frame on the wire: 1 for the first of a session, one more for every frame that the
/// client should know about, also for one that the host dropped behind the encoder.
///
/// Wraps modulo 2^32 (207 days at 240 fps); the client compares 16 bits of it and follows the wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameIndex(pub u32);

impl FrameIndex {
    /// The first frame of a session. A client drops frame 0 silently.
    pub const FIRST: Self = Self(1);

    /// The frame after this one; wraps modulo 2^32.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The frame before this one; wraps modulo 2^32.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// True when this frame is older than `other`, modulo 2^32.
    pub const fn is_before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) >= 1 << 31
    }

    /// The older of two frames, modulo 2^32.
    #[must_use]
    pub const fn older(self, other: Self) -> Self {
        if other.is_before(self) { other } else { self }
    }

    /// The newer of two frames, modulo 2^32.
    #[must_use]
    pub const fn newer(self, other: Self) -> Self {
        if self.is_before(other) { other } else { self }
    }
}

impl fmt::Display for FrameIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// RTP sequence number: one a datagram, parity included; wraps modulo 2^16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SequenceNumber(pub u16);

impl SequenceNumber {
    /// Where a session starts. The client's window starts at 0 too: from 32,768 on it would reject
    /// every datagram without a word until the counter has wrapped.
    pub const FIRST: Self = Self(0);

    /// The number `datagrams` later; wraps modulo 2^16.
    #[must_use]
    pub const fn plus(self, datagrams: u16) -> Self {
        Self(self.0.wrapping_add(datagrams))
    }

    /// Datagrams from `earlier` to this one, modulo 2^16.
    pub const fn since(self, earlier: Self) -> u16 {
        self.0.wrapping_sub(earlier.0)
    }

    /// True when this number is older than `other`, modulo 2^16.
    pub const fn is_before(self, other: Self) -> bool {
        self.since(other) >= 1 << 15
    }
}

/// Count of data packets of a session; 24 bits on the wire, so it wraps modulo 2^24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamPacketIndex(u32);

impl StreamPacketIndex {
    /// Where a session starts.
    pub const FIRST: Self = Self(0);

    /// The index with this count; wraps modulo 2^24.
    pub const fn new(count: u32) -> Self {
        Self(count & 0x00FF_FFFF)
    }

    /// The index `packets` later; wraps modulo 2^24.
    #[must_use]
    pub const fn plus(self, packets: u32) -> Self {
        Self::new(self.0.wrapping_add(packets))
    }

    /// The 24-bit count.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// The field as sent: the count in the upper 24 bits, the low byte zero.
    pub const fn to_wire(self) -> u32 {
        self.0 << 8
    }
}

/// RTP time of a frame in 90 kHz ticks; wraps modulo 2^32 (13.25 h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpTimestamp(pub u32);

impl RtpTimestamp {
    /// The timestamp of a picture taken `elapsed_ns` after the stream began, rounded down to a tick.
    pub const fn from_ns(elapsed_ns: u64) -> Self {
        // 9 ticks are exactly 100 µs; splitting keeps the product inside 64 bits for any input.
        let whole = (elapsed_ns / 100_000).wrapping_mul(9);
        let rest = (elapsed_ns % 100_000) * 9 / 100_000;
        Self(whole.wrapping_add(rest) as u32)
    }
}

/// A rate in kilobits a second. 0 counts as 1: nothing here divides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kbps(pub u32);

impl Kbps {
    /// 1 Gb/s: the link that is assumed when nothing is known.
    pub const GIGABIT: Self = Self(1_000_000);

    /// Time in which `bytes` pass at this rate, rounded up to a nanosecond; saturates.
    pub fn line_time_ns(self, bytes: u64) -> u64 {
        let ns = (u128::from(bytes) * NS_PER_BYTE_AT_1_KBPS).div_ceil(self.divisor());
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// Whole bytes that pass in `ns` at this rate; saturates.
    pub fn bytes_in_ns(self, ns: u64) -> u64 {
        let bytes = u128::from(ns) * self.divisor() / NS_PER_BYTE_AT_1_KBPS;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    fn divisor(self) -> u128 {
        u128::from(self.0.max(1))
    }
}

const NS_PER_BYTE_AT_1_KBPS: u128 = 8_000_000;

impl fmt::Display for Kbps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kb/s", self.0)
    }
}

/// The client's `packetSize`: a video datagram has 16 bytes more (32 + 16 when encrypted).
///
/// Stock clients announce 1392, 1360, 1184, 1152, 1024 or 992, and round a user's own value down to
/// a multiple of 16, so anything else is a fault. The bounds are ours:
/// * at least 64, where 48 bytes of a datagram are payload: below, the 32 bytes of headers outweigh it;
/// * at most 8,944: with UDP and IPv4 headers the datagram just fits a 9,000-byte (jumbo) frame.
///
/// The size is never reduced by the host: a client assigns `packetSize + 16` to a recovered packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketSize(u16);

impl PacketSize {
    /// Smallest accepted value.
    pub const MIN_BYTES: u32 = 64;
    /// Largest accepted value.
    pub const MAX_BYTES: u32 = 8_944;
    /// Accepted values are multiples of this.
    pub const STEP_BYTES: u32 = 16;

    /// A packet size as announced.
    ///
    /// # Errors
    /// [`ProtoError::PacketSize`] outside 64..=8,944 or when it is no multiple of 16.
    pub const fn new(bytes: u32) -> Result<Self, ProtoError> {
        let in_range = bytes >= Self::MIN_BYTES && bytes <= Self::MAX_BYTES;
        if in_range && bytes.is_multiple_of(Self::STEP_BYTES) {
            Ok(Self(bytes as u16))
        } else {
            Err(ProtoError::PacketSize { bytes })
        }
    }

    /// The announced value.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Bytes of one shard, which is one unencrypted datagram: `packetSize + 16`.
    pub const fn shard_bytes(self) -> usize {
        self.0 as usize + 16
    }

    /// Payload bytes of one data shard: `packetSize − 16`.
    pub const fn payload_bytes(self) -> usize {
        self.0 as usize - 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_order_holds_across_the_wrap() {
        let last = FrameIndex(u32::MAX);
        assert_eq!(last.next(), FrameIndex(0));
        assert_eq!(FrameIndex(0).previous(), last);
        assert!(last.is_before(FrameIndex(3)));
        assert!(!FrameIndex(3).is_before(last));
        assert!(!last.is_before(last));
        assert_eq!(last.older(FrameIndex(3)), last);
        assert_eq!(last.newer(FrameIndex(3)), FrameIndex(3));
        assert_eq!(FrameIndex(3).newer(last), FrameIndex(3));
    }

    #[test]
    fn sequence_numbers_wrap_at_16_bits() {
        assert_eq!(SequenceNumber(65_535).plus(2), SequenceNumber(1));
        assert_eq!(SequenceNumber(1).since(SequenceNumber(65_535)), 2);
        assert!(SequenceNumber(65_535).is_before(SequenceNumber(0)));
        assert!(SequenceNumber(32_768).is_before(SequenceNumber(0)));
        assert!(!SequenceNumber(32_767).is_before(SequenceNumber(0)));
    }

    #[test]
    fn stream_packet_indices_wrap_at_24_bits_and_leave_the_low_byte_zero() {
        assert_eq!(
            StreamPacketIndex::new(0xFF_FFFF).plus(1),
            StreamPacketIndex::FIRST
        );
        assert_eq!(StreamPacketIndex::new(0xAB_CDEF).to_wire(), 0xABCD_EF00);
    }

    #[test]
    fn timestamps_count_90_khz_ticks_and_wrap_after_13_hours() {
        assert_eq!(RtpTimestamp::from_ns(0), RtpTimestamp(0));
        assert_eq!(RtpTimestamp::from_ns(1_000_000_000), RtpTimestamp(90_000));
        assert_eq!(RtpTimestamp::from_ns(16_666_667), RtpTimestamp(1_500));
        assert_eq!(RtpTimestamp::from_ns(11_112), RtpTimestamp(1));
        assert_eq!(RtpTimestamp::from_ns(11_111), RtpTimestamp(0));
        let wrap_ns = (1_u64 << 32) * 100_000 / 9 + 1;
        assert_eq!(RtpTimestamp::from_ns(wrap_ns), RtpTimestamp(0));
        let exact = u128::from(u64::MAX) * 9 / 100_000;
        assert_eq!(RtpTimestamp::from_ns(u64::MAX), RtpTimestamp(exact as u32));
    }

    #[test]
    fn rates_convert_between_bytes_and_line_time() {
        assert_eq!(Kbps::GIGABIT.line_time_ns(1_250), 10_000);
        assert_eq!(Kbps::GIGABIT.bytes_in_ns(10_000), 1_250);
        assert_eq!(Kbps(3).line_time_ns(1), 2_666_667);
        assert_eq!(Kbps(0).line_time_ns(u64::MAX), u64::MAX);
        assert_eq!(Kbps(u32::MAX).bytes_in_ns(u64::MAX), u64::MAX);
    }

    #[test]
    fn stock_packet_sizes_are_accepted() {
        for bytes in [64, 992, 1024, 1152, 1184, 1360, 1392, 8_944] {
            let size = PacketSize::new(bytes).unwrap();
            assert_eq!(size.shard_bytes(), bytes as usize + 16);
            assert_eq!(size.payload_bytes(), bytes as usize - 16);
        }
    }

    #[test]
    fn impossible_packet_sizes_are_refused_with_the_value() {
        for bytes in [
            0,
            16,
            48,
            63,
            65,
            100,
            1_391,
            1_400,
            8_945,
            8_960,
            65_536 + 1_392,
            70_000,
            u32::MAX,
        ] {
            assert_eq!(
                PacketSize::new(bytes),
                Err(ProtoError::PacketSize { bytes })
            );
        }
        assert_eq!(
            PacketSize::new(100).unwrap_err().to_string(),
            "packet size 100 refused: expected a multiple of 16 from 64 to 8944"
        );
    }
}
