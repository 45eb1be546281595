//! What a session is asked to be, and why it may be refused. Everything here is checked before anything is allocated.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::key::KeyBytes;
use crate::script::ScriptRequest;

/// The session object of `session.start` (docs/ffi-abi.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Protocol family: `gamestream`.
    pub kind: String,
    /// Label of the peer, for people.
    pub client: String,
    /// The socket that its packets leave from.
    pub listener: u32,
    /// 16 characters that the client's pings carry.
    pub ping_payload: Secret,
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
    /// Faults put into the stream on purpose, to prove that the records tell the truth.
    #[serde(default)]
    pub script: Option<ScriptRequest>,
    /// How colours become numbers; absent: as the encoder likes it best.
    #[serde(default)]
    pub colour: Option<ColourRequest>,
    /// The client's control stream; absent for test streams, whose pings alone say that they live.
    #[serde(default)]
    pub control: Option<ControlRequest>,
    /// Sound beside the pictures.
    #[serde(default)]
    pub audio: Option<AudioRequest>,
    /// The session's one key, and what it seals besides control.
    #[serde(default)]
    pub encryption: Option<EncryptionRequest>,
    /// A client without payloads in its pings: four bytes `PING` from this address alone count.
    #[serde(default)]
    pub legacy_ping_address: Option<String>,
    /// Whether advice on the bitrate is followed; it is given either way.
    #[serde(default)]
    pub auto_bitrate: bool,
}

/// Which numbers stand for which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColourRequest {
    /// The conversion from RGB.
    pub matrix: ColourMatrix,
    /// 0 to 255 instead of 16 to 235.
    pub full_range: bool,
}

/// The conversion from RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourMatrix {
    /// Of standard definition.
    Bt601,
    /// Of high definition.
    Bt709,
}

/// What the client's control stream is known by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlRequest {
    /// The control socket that the client connects to.
    pub listener: u32,
    /// What its connect must carry, never 0; absent: an old client, known by its address alone.
    pub connect_data: Option<ConnectData>,
    /// The client's, as RTSP saw it.
    pub address: String,
    /// How messages are sealed.
    pub sealing: Sealing,
    /// The client reports its FEC: without it its loss is unknown, not zero.
    pub reports: bool,
    /// ms until the control stream must be there.
    pub connect_timeout_ms: u32,
    /// Shorter waits, for tests.
    #[serde(skip)]
    pub limits: ControlLimits,
}

/// A number that proves who connects.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ConnectData(pub u32);

impl fmt::Debug for ConnectData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectData(..)")
    }
}

/// How control messages are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealing {
    /// 12-byte nonces, a direction in each.
    V2,
    /// What clients before 2024 do; weak.
    Legacy,
}

/// What a control stream waits for, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlLimits {
    /// After the connect, for Start B.
    pub start_ms: u32,
    /// For any authenticated message.
    pub silence_ms: u32,
    /// For the client to go once it was told.
    pub goodbye_ms: u32,
}

impl Default for ControlLimits {
    fn default() -> Self {
        Self {
            start_ms: 5_000,
            silence_ms: 10_000,
            goodbye_ms: 1_000,
        }
    }
}

/// The sound of a session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioRequest {
    /// The audio socket that its packets leave from.
    pub listener: u32,
    /// 16 characters that the client's audio pings carry.
    pub ping_payload: Secret,
    /// 2, 6 or 8.
    pub channels: u8,
    /// More bits a channel.
    pub high_quality: bool,
    /// ms of sound in a packet: 5 or 10.
    pub packet_ms: u8,
}

/// The session's one key. Control is always sealed with it; video and audio when they say so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionRequest {
    /// AES-128.
    pub key: KeyBytes,
    /// The client's `rikeyid`: where audio nonces begin.
    pub key_id: u32,
    /// Whether pictures are sealed.
    pub video: bool,
    /// Whether sound is sealed.
    pub audio: bool,
}

/// A text that neither logs nor panics may show.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
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
