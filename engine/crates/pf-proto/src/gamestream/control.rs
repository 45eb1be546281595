//! Control messages behind the envelope: what a client says, and what the host says to it.
//!
//! Does not open or seal (`pf-seal`), keep state or answer. A message is `type u16, payload length u16`,
//! both LE, then the payload. `0x5502` is two messages, one a direction. Payloads longer than known are
//! accepted and their tail ignored; shorter ones are refused. Source: gamestream-control-stream.md 4.1, 5.
//!
//! | from | type | message |
//! |------|------|---------|
//! | client | `0302 0307 0200` | start A and IDR request, start B, ping |
//! | client | `0301 0350 5502` | invalidate frames, long-term reference complete, FEC status |
//! | client | `0206` | input, `input.rs` |
//! | client | `0201 0204` | statistics of older protocols: accepted, ignored |
//! | host | `0109 010e` | termination, HDR mode |
//! | host | `010b 5500 5501 5502 5503` | feedback to controllers |

use crate::error::ProtoError;
use crate::gamestream::input::{Input, MotionSensor};
use crate::units::{FrameIndex, SequenceNumber};

/// A message from the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClientMessage<'a> {
    /// The decoder needs a key frame; also the very first message ("start A").
    RequestIdr,
    /// The client is ready for media ("start B").
    StartB,
    /// A sign of life, ten a second. Its content is uninitialised memory of the client.
    Ping,
    /// These frames cannot be decoded.
    InvalidateFrames {
        /// Oldest lost frame, unchecked.
        first: u32,
        /// Newest lost frame, unchecked.
        last: u32,
    },
    /// A frame that was announced as a long-term reference is complete.
    AcknowledgeLongTerm {
        /// That frame, unchecked.
        frame: u32,
    },
    /// What the client received of a FEC block.
    FecStatus(FecStatus),
    /// A device did something.
    Input(Input<'a>),
    /// Statistics that only older protocols use.
    Ignored {
        /// The type field.
        message_type: u16,
    },
    /// A type that no client of today sends.
    Unknown {
        /// The type field.
        message_type: u16,
    },
}

impl<'a> ClientMessage<'a> {
    /// Reads an opened message, header included.
    ///
    /// # Errors
    /// [`ProtoError::MessageTooShort`], [`ProtoError::MessageLength`], [`ProtoError::NestedEnvelope`],
    /// [`ProtoError::PayloadTooShort`], and those of [`Input::parse`].
    pub fn parse(message: &'a [u8]) -> Result<Self, ProtoError> {
        let Some((&[t0, t1, l0, l1], payload)) = message.split_first_chunk() else {
            return Err(ProtoError::MessageTooShort {
                bytes: message.len(),
            });
        };
        let announced = u16::from_le_bytes([l0, l1]);
        if usize::from(announced) != payload.len() {
            return Err(ProtoError::MessageLength {
                announced,
                bytes: payload.len(),
            });
        }
        let message_type = u16::from_le_bytes([t0, t1]);
        match message_type {
            ENVELOPE => Err(ProtoError::NestedEnvelope),
            REQUEST_IDR => front::<2>(message_type, payload).map(|_| Self::RequestIdr),
            START_B => front::<1>(message_type, payload).map(|_| Self::StartB),
            PING => front::<8>(message_type, payload).map(|_| Self::Ping),
            INVALIDATE_FRAMES => {
                let fields = front::<24>(message_type, payload)?;
                Ok(Self::InvalidateFrames {
                    first: u32::from_le_bytes([fields[0], fields[1], fields[2], fields[3]]),
                    last: u32::from_le_bytes([fields[8], fields[9], fields[10], fields[11]]),
                })
            }
            ACKNOWLEDGE_LONG_TERM => {
                let &[f0, f1, f2, f3, ..] = front::<8>(message_type, payload)?;
                Ok(Self::AcknowledgeLongTerm {
                    frame: u32::from_le_bytes([f0, f1, f2, f3]),
                })
            }
            FEC_STATUS => Ok(Self::FecStatus(FecStatus::from_bytes(front(
                message_type,
                payload,
            )?))),
            INPUT => Input::parse(payload).map(Self::Input),
            LOSS_STATS | FRAME_STATS => Ok(Self::Ignored { message_type }),
            _ => Ok(Self::Unknown { message_type }),
        }
    }
}

/// What a client received of one FEC block, as it says; nothing of it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FecStatus {
    /// Frame of the block, or the position that the client expected.
    pub frame: FrameIndex,
    /// Highest sequence number received.
    pub highest: SequenceNumber,
    /// First sequence number not received in order.
    pub next_contiguous: SequenceNumber,
    /// Holes below the highest, parity included.
    pub missing: u16,
    /// Data packets that the block has.
    pub data: u16,
    /// Parity packets that the block has, by the client's own computation.
    pub parity: u16,
    /// Data packets received.
    pub received_data: u16,
    /// Parity packets received.
    pub received_parity: u16,
    /// Parity percentage of the block.
    pub percentage: u8,
    /// Number of the block in its frame.
    pub block: u8,
    /// Blocks of the frame.
    pub blocks: u8,
}

impl FecStatus {
    /// Bytes of the payload.
    pub const BYTES: usize = 21;

    /// Reads the payload; all fields are big endian.
    pub const fn from_bytes(b: &[u8; Self::BYTES]) -> Self {
        Self {
            frame: FrameIndex(u32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            highest: SequenceNumber(u16::from_be_bytes([b[4], b[5]])),
            next_contiguous: SequenceNumber(u16::from_be_bytes([b[6], b[7]])),
            missing: u16::from_be_bytes([b[8], b[9]]),
            data: u16::from_be_bytes([b[10], b[11]]),
            parity: u16::from_be_bytes([b[12], b[13]]),
            received_data: u16::from_be_bytes([b[14], b[15]]),
            received_parity: u16::from_be_bytes([b[16], b[17]]),
            percentage: b[18],
            block: b[19],
            blocks: b[20],
        }
    }
}

/// A message to the client: reliable, channel 0, sealed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HostMessage {
    /// The session ends.
    Termination(TerminationCode),
    /// Both motors of a pad, until the next message.
    Rumble {
        /// The pad.
        controller: u16,
        /// Strong, low-frequency motor.
        low: u16,
        /// Weak, high-frequency motor.
        high: u16,
    },
    /// How frames are shown from now on.
    HdrMode {
        /// True for HDR.
        enabled: bool,
        /// Of the mastering display; zeros are unknown.
        metadata: HdrMetadata,
    },
    /// The motors in the triggers.
    TriggerRumble {
        /// The pad.
        controller: u16,
        /// Left trigger.
        left: u16,
        /// Right trigger.
        right: u16,
    },
    /// Asks for motion reports.
    MotionState {
        /// The pad.
        controller: u16,
        /// Reports a second; 0 stops them. Clients keep the period in 8 bits, so 4 to 1000.
        rate_hz: u16,
        /// The sensor.
        sensor: MotionSensor,
    },
    /// Colour of a pad's light.
    Led {
        /// The pad.
        controller: u16,
        /// Red, green, blue.
        rgb: [u8; 3],
    },
    /// Resistance of a pad's triggers.
    AdaptiveTriggers {
        /// The pad.
        controller: u16,
        /// Effect of the left trigger; none leaves it as it is.
        left: Option<TriggerEffect>,
        /// Effect of the right trigger; none leaves it as it is.
        right: Option<TriggerEffect>,
    },
}

/// An effect of an adaptive trigger, as the pad itself understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerEffect {
    /// Kind of the effect.
    pub kind: u8,
    /// Its parameters.
    pub parameters: [u8; 10],
}

/// The mastering display of an HDR stream. 0 = unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HdrMetadata {
    /// Chromaticity of red, x and y × 50,000.
    pub red: [u16; 2],
    /// Chromaticity of green, x and y × 50,000.
    pub green: [u16; 2],
    /// Chromaticity of blue, x and y × 50,000.
    pub blue: [u16; 2],
    /// Chromaticity of white, x and y × 50,000.
    pub white: [u16; 2],
    /// Highest luminance of the display, nits.
    pub max_display_nits: u16,
    /// Lowest luminance of the display, 0.0001 nits.
    pub min_display_0_0001_nits: u16,
    /// Brightest pixel of the content, nits.
    pub max_content_nits: u16,
    /// Brightest frame average of the content, nits.
    pub max_frame_average_nits: u16,
    /// Highest luminance of a display that is white all over, nits.
    pub max_full_frame_nits: u16,
}

/// Why a session ends, as the client shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TerminationCode(pub u32);

impl TerminationCode {
    /// App ended, operator's stop, host shutdown, replaced: no error, if a video packet was seen before.
    pub const GRACEFUL: Self = Self(0x8003_0023);
    /// Shown as "protected content".
    pub const PROTECTED_CONTENT: Self = Self(0x800E_9302);
    /// Shown as "frame conversion failed".
    pub const FRAME_CONVERSION: Self = Self(0x800E_9403);
    /// Our own: the capture source is gone. Shown as its number.
    pub const CAPTURE_LOST: Self = Self(0x0F00_0001);
    /// Our own: the encoder failed. Shown as its number.
    pub const ENCODER_FAILED: Self = Self(0x0F00_0002);
    /// Our own: a fault of the host. Shown as its number.
    pub const INTERNAL: Self = Self(0x0F00_0003);
    /// Our own: every sequence number of the session's key is used. Shown as its number.
    pub const SEQUENCES_EXHAUSTED: Self = Self(0x0F00_0004);
}

impl HostMessage {
    /// Longest message, header included.
    pub const MAX_BYTES: usize = 31;

    /// Writes the message, header included, over `out`; no allocation once it has
    /// [`Self::MAX_BYTES`] of capacity.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.message_type().to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        self.encode_payload(out);
        let payload_bytes = (out.len() - HEADER_BYTES) as u16;
        out[2..HEADER_BYTES].copy_from_slice(&payload_bytes.to_le_bytes());
    }

    const fn message_type(&self) -> u16 {
        match self {
            Self::Termination(_) => 0x0109,
            Self::Rumble { .. } => 0x010B,
            Self::HdrMode { .. } => 0x010E,
            Self::TriggerRumble { .. } => 0x5500,
            Self::MotionState { .. } => 0x5501,
            Self::Led { .. } => 0x5502,
            Self::AdaptiveTriggers { .. } => 0x5503,
        }
    }

    fn encode_payload(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Termination(code) => out.extend_from_slice(&code.0.to_be_bytes()),
            Self::Rumble {
                controller,
                low,
                high,
            } => put_u16s(out, &[0, 0, controller, low, high]),
            Self::HdrMode { enabled, metadata } => {
                out.push(u8::from(enabled));
                put_u16s(out, &metadata.fields());
            }
            Self::TriggerRumble {
                controller,
                left,
                right,
            } => put_u16s(out, &[controller, left, right]),
            Self::MotionState {
                controller,
                rate_hz,
                sensor,
            } => {
                put_u16s(out, &[controller, rate_hz]);
                out.push(sensor as u8);
            }
            Self::Led { controller, rgb } => {
                put_u16s(out, &[controller]);
                out.extend_from_slice(&rgb);
            }
            Self::AdaptiveTriggers {
                controller,
                left,
                right,
            } => {
                let flag = |effect: Option<TriggerEffect>, bit| effect.map_or(0, |_| bit);
                let kind = |effect: Option<TriggerEffect>| effect.map_or(0, |effect| effect.kind);
                let parameters =
                    |effect: Option<TriggerEffect>| effect.map_or([0; 10], |e| e.parameters);
                put_u16s(out, &[controller]);
                out.push(flag(left, FLAG_LEFT_TRIGGER) | flag(right, FLAG_RIGHT_TRIGGER));
                out.extend_from_slice(&[kind(left), kind(right)]);
                out.extend_from_slice(&parameters(left));
                out.extend_from_slice(&parameters(right));
            }
        }
    }
}

impl HdrMetadata {
    /// The fields in wire order.
    const fn fields(&self) -> [u16; 13] {
        [
            self.red[0],
            self.red[1],
            self.green[0],
            self.green[1],
            self.blue[0],
            self.blue[1],
            self.white[0],
            self.white[1],
            self.max_display_nits,
            self.min_display_0_0001_nits,
            self.max_content_nits,
            self.max_frame_average_nits,
            self.max_full_frame_nits,
        ]
    }
}

fn put_u16s(out: &mut Vec<u8>, values: &[u16]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// The first `N` bytes of a payload that must have them.
fn front<const N: usize>(message_type: u16, payload: &[u8]) -> Result<&[u8; N], ProtoError> {
    payload.first_chunk().ok_or(ProtoError::PayloadTooShort {
        message_type,
        needed_bytes: N,
        bytes: payload.len(),
    })
}

const HEADER_BYTES: usize = 4;

const ENVELOPE: u16 = 0x0001;
const PING: u16 = 0x0200;
const LOSS_STATS: u16 = 0x0201;
const FRAME_STATS: u16 = 0x0204;
const INPUT: u16 = 0x0206;
const INVALIDATE_FRAMES: u16 = 0x0301;
const REQUEST_IDR: u16 = 0x0302;
const START_B: u16 = 0x0307;
const ACKNOWLEDGE_LONG_TERM: u16 = 0x0350;
const FEC_STATUS: u16 = 0x5502;

const FLAG_RIGHT_TRIGGER: u8 = 4;
const FLAG_LEFT_TRIGGER: u8 = 8;
