//! What a session is asked to be, and why it may be refused. Everything here is checked before anything is allocated.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stall::Stall;

/// The session object of `session.start` (docs/ffi-abi.md).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Protocol family: `gamestream`.
    pub kind: String,
    /// Label of the peer, for people.
    pub client: String,
    /// The socket that its packets leave from.
    pub listener: u32,
    /// 16 characters that the client's pings carry.
    pub ping_payload: String,
    /// The client's packetSize: datagram − 16 bytes.
    pub packet_size: u32,
    /// Parity, percent of the data packets; 0 = none.
    pub fec_pct: u32,
    /// Least parity packets a block.
    pub min_parity: u32,
    /// `synthetic`, `x11` or `wlroots`.
    pub source: String,
    /// DISPLAY or WAYLAND_DISPLAY instead of the environment's.
    pub display: Option<String>,
    /// Name of the output instead of the first.
    pub output: Option<String>,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Target of the encoder, kb/s.
    pub bitrate_kbps: u32,
    /// `h264`.
    pub codec: String,
    /// `auto` or an encoder's name.
    pub encoder: String,
    /// Slices a picture.
    #[serde(default = "one")]
    pub slices: u32,
    /// Encoder threads; 0 = as many as fit this machine.
    #[serde(default)]
    pub encoder_threads: u32,
    /// 1 binds the stream to one reference picture; 0 leaves it free.
    #[serde(default)]
    pub max_reference_frames: u32,
    /// Rate of the slowest hop, Mb/s; absent: the network card's, else 1000.
    pub link_mbps: Option<u32>,
    /// Packets dropped on purpose, percent.
    #[serde(default)]
    pub drop_pct: f64,
    /// ms without the first ping, or without any later one, until the session ends.
    #[serde(default = "ten_seconds_ms")]
    pub client_timeout_ms: u32,
    /// Whether the client can continue after a loss without a key frame.
    #[serde(default)]
    pub invalidation: bool,
    /// A delay put into the pipeline on purpose, to prove that the records tell the truth.
    #[serde(default)]
    pub stall: Option<Stall>,
}

fn one() -> u32 {
    1
}

fn ten_seconds_ms() -> u32 {
    10_000
}

/// Why a command was not carried out: a stable code and a sentence with the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Stable name, e.g. `mode_invalid`.
    pub code: &'static str,
    /// What happened, with values, and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
