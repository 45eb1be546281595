//! Why an envelope was not opened or a message not sealed, with the numbers.

use std::error::Error;
use std::fmt;

use crate::control::{ENVELOPE_BYTES, MAX_ENVELOPE_BYTES};
use crate::replay::{MAX_JUMP, WINDOW};

/// Why a received control message was dropped. None of them is a reason to end the session: anyone who
/// can send a datagram can cause each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// Too few bytes for an envelope with a message in it.
    Runt {
        /// Bytes received.
        bytes: usize,
    },
    /// More bytes than any client sends.
    TooLong {
        /// Bytes received.
        bytes: usize,
    },
    /// No envelope: a clear message, for instance.
    WrongType {
        /// The type field.
        envelope_type: u16,
    },
    /// The length field and the bytes received disagree.
    WrongLength {
        /// The length field.
        announced: u16,
        /// What it should be for the bytes received.
        expected: usize,
    },
    /// A number that was opened before.
    Replayed {
        /// The sender's counter.
        sequence: u32,
    },
    /// A number below the replay window.
    TooOld {
        /// The sender's counter.
        sequence: u32,
        /// Oldest number that would be accepted.
        oldest: u32,
    },
    /// A number that no client reaches in one step.
    TooFarAhead {
        /// The sender's counter.
        sequence: u32,
        /// One more than the highest number opened.
        next: u64,
    },
    /// Another key, another direction, or changed bytes.
    BadTag {
        /// The sender's counter, unproven.
        sequence: u32,
    },
}

impl OpenError {
    /// True for the three kinds that say "this number is not acceptable (any more)".
    pub const fn is_replay(&self) -> bool {
        matches!(
            self,
            Self::Replayed { .. } | Self::TooOld { .. } | Self::TooFarAhead { .. }
        )
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Runt { bytes } => write!(
                f,
                "control message too short: expected at least {} bytes, got {bytes}",
                ENVELOPE_BYTES + 4
            ),
            Self::TooLong { bytes } => write!(
                f,
                "control message too long: expected at most {MAX_ENVELOPE_BYTES} bytes, got {bytes}"
            ),
            Self::WrongType { envelope_type } => write!(
                f,
                "control message is not sealed: expected type 0x0001, got {envelope_type:#06x}"
            ),
            Self::WrongLength {
                announced,
                expected,
            } => write!(
                f,
                "control message of another length: expected {expected}, the field says {announced}"
            ),
            Self::Replayed { sequence } => {
                write!(f, "control message {sequence} was received before")
            }
            Self::TooOld { sequence, oldest } => write!(
                f,
                "control message {sequence} is below the window of {WINDOW}: the oldest accepted is {oldest}"
            ),
            Self::TooFarAhead { sequence, next } => write!(
                f,
                "control message {sequence} is more than {MAX_JUMP} ahead of the expected {next}"
            ),
            Self::BadTag { sequence } => {
                write!(f, "control message {sequence} carries a wrong tag")
            }
        }
    }
}

impl Error for OpenError {}

/// Why something was not sealed. Nothing was sent and no counter has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// Every number of this key is used: the session must end.
    Exhausted,
    /// More bytes than one message may have.
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Most bytes allowed.
        limit_bytes: usize,
    },
    /// A buffer without room for what sealing adds.
    TooShort {
        /// Bytes given.
        bytes: usize,
        /// Bytes needed.
        needed_bytes: usize,
    },
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exhausted => write!(f, "every sequence number of this key is used"),
            Self::TooLong { bytes, limit_bytes } => {
                write!(
                    f,
                    "too long to seal: expected at most {limit_bytes} bytes, got {bytes}"
                )
            }
            Self::TooShort {
                bytes,
                needed_bytes,
            } => write!(
                f,
                "no room to seal: expected at least {needed_bytes} bytes, got {bytes}"
            ),
        }
    }
}

impl Error for SealError {}
