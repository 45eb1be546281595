//! What this crate can refuse, with the numbers.

use std::error::Error;
use std::fmt;

use crate::units::PacketSize;

/// Why a value, an access unit or a buffer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtoError {
    /// A packet size that no client can mean.
    PacketSize {
        /// As announced.
        bytes: u32,
    },
    /// An access unit without a byte: a client would drop the frame.
    EmptyAccessUnit,
    /// A frame that four FEC blocks cannot express.
    Oversize {
        /// Bytes of the access unit.
        bytes: usize,
        /// Largest access unit at this packet size.
        limit_bytes: usize,
    },
    /// A plan made for another access unit or another format.
    PlanMismatch {
        /// Access-unit bytes that the plan was made for.
        planned_bytes: usize,
        /// Access-unit bytes given.
        bytes: usize,
    },
    /// The arena slot cannot hold the frame's datagrams.
    ArenaTooSmall {
        /// Bytes that the plan needs.
        needed_bytes: usize,
        /// Bytes of the slot.
        bytes: usize,
    },
    /// An access unit that does not begin with an Annex B start code.
    NoStartCode,
    /// An access unit in which no slice was found.
    NoSlice {
        /// Bytes searched.
        bytes: usize,
    },
    /// A key frame whose first slice is none of a key frame, or the other way round.
    FrameTypeMismatch {
        /// Frame type for the wire.
        frame_type: u8,
        /// NAL header of the first slice.
        nal_header: u8,
    },
    /// A key frame without the parameter sets that every key frame must carry.
    NoParameterSets,
    /// A key frame whose first slice does not start in packet 0: the client would drop it and every
    /// frame after it.
    SliceBehindPacketZero {
        /// Bytes up to and including the first slice's NAL header byte, after stripping.
        needed_bytes: usize,
        /// Bytes of the access unit that packet 0 holds.
        limit_bytes: usize,
    },
    /// A sequence parameter set that ends too early or holds an impossible value.
    SequenceParameterSet {
        /// The syntax element that could not be read.
        element: &'static str,
    },
    /// An audio payload that is empty or does not fit the client's buffer.
    AudioPayload {
        /// Bytes given.
        bytes: usize,
        /// Most bytes allowed.
        limit_bytes: usize,
    },
    /// A control message without its header.
    MessageTooShort {
        /// Bytes given.
        bytes: usize,
    },
    /// A control message whose length field is not its payload's length.
    MessageLength {
        /// The length field.
        announced: u16,
        /// Bytes behind the header.
        bytes: usize,
    },
    /// An envelope inside an envelope.
    NestedEnvelope,
    /// A control message with a payload shorter than its type has.
    PayloadTooShort {
        /// The type field.
        message_type: u16,
        /// Bytes that the type has.
        needed_bytes: usize,
        /// Bytes given.
        bytes: usize,
    },
    /// Input whose size field is not its length.
    InputLength {
        /// The size field.
        announced: u32,
        /// Bytes behind the size field.
        bytes: usize,
    },
    /// Input shorter than its kind is.
    InputTooShort {
        /// The kind field; 0 when not even that is there.
        kind: u32,
        /// Bytes that the kind has.
        needed_bytes: usize,
        /// Bytes given.
        bytes: usize,
    },
    /// Input with a value that no device makes. The value stays out: input is private.
    InputValue {
        /// The kind field.
        kind: u32,
        /// The field.
        field: &'static str,
    },
}

impl fmt::Display for ProtoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PacketSize { bytes } => write!(
                f,
                "packet size {bytes} refused: expected a multiple of {} from {} to {}",
                PacketSize::STEP_BYTES,
                PacketSize::MIN_BYTES,
                PacketSize::MAX_BYTES
            ),
            Self::EmptyAccessUnit => {
                write!(f, "access unit refused: expected at least 1 byte, got 0")
            }
            Self::Oversize { bytes, limit_bytes } => {
                write!(
                    f,
                    "access unit too large: expected at most {limit_bytes} bytes, got {bytes}"
                )
            }
            Self::PlanMismatch {
                planned_bytes,
                bytes,
            } => write!(
                f,
                "plan of another access unit or format: made for {planned_bytes} bytes, got {bytes}"
            ),
            Self::ArenaTooSmall {
                needed_bytes,
                bytes,
            } => {
                write!(
                    f,
                    "arena slot too small: the frame needs {needed_bytes} bytes, got {bytes}"
                )
            }
            Self::NoStartCode => write!(f, "access unit does not begin with an Annex B start code"),
            Self::NoSlice { bytes } => write!(f, "access unit of {bytes} bytes holds no slice"),
            Self::FrameTypeMismatch {
                frame_type,
                nal_header,
            } => write!(
                f,
                "frame type {frame_type} (2 = key) contradicts the first slice, whose NAL header is {nal_header:#04X}"
            ),
            Self::NoParameterSets => write!(
                f,
                "key frame without parameter sets in front of its first slice"
            ),
            Self::SliceBehindPacketZero {
                needed_bytes,
                limit_bytes,
            } => write!(
                f,
                "first slice of a key frame starts too late: packet 0 holds {limit_bytes} bytes, needed {needed_bytes}"
            ),
            Self::SequenceParameterSet { element } => {
                write!(f, "sequence parameter set unreadable at {element}")
            }
            Self::AudioPayload { bytes, limit_bytes } => write!(
                f,
                "audio payload refused: expected 1 to {limit_bytes} bytes, got {bytes}"
            ),
            Self::MessageTooShort { bytes } => write!(
                f,
                "control message too short: expected at least 4 bytes, got {bytes}"
            ),
            Self::MessageLength { announced, bytes } => write!(
                f,
                "control message of another length: its field says {announced} payload bytes, got {bytes}"
            ),
            Self::NestedEnvelope => write!(f, "control message is an envelope in an envelope"),
            Self::PayloadTooShort {
                message_type,
                needed_bytes,
                bytes,
            } => write!(
                f,
                "control message {message_type:#06x} too short: expected at least {needed_bytes} payload bytes, got {bytes}"
            ),
            Self::InputLength { announced, bytes } => write!(
                f,
                "input of another length: its field says {announced} bytes, got {bytes}"
            ),
            Self::InputTooShort {
                kind,
                needed_bytes,
                bytes,
            } => write!(
                f,
                "input {kind:#x} too short: expected at least {needed_bytes} bytes, got {bytes}"
            ),
            Self::InputValue { kind, field } => {
                write!(f, "input {kind:#x} refused for its {field}")
            }
        }
    }
}

impl Error for ProtoError {}
