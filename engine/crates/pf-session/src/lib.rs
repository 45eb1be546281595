#![forbid(unsafe_code)]
//! The threads: one video and one send thread a session, one receive thread a socket; the only crate that sleeps.
//!
//! It joins what the other crates do (pictures, encoding, packets, parity, sockets, records) into running sessions,
//! and owns nothing of their formats. Entry: [`Engine`].

mod admission;
pub mod audio;
mod client;
pub mod clock;
mod control;
mod encoding;
mod engine;
mod events;
mod frame;
mod grab;
pub mod handoff;
mod key;
mod listener;
mod perf;
mod request;
pub mod script;
pub mod sender;
pub mod shared;
mod time;
mod told;
mod trial;
mod video;

pub use engine::{Engine, EngineConfig, LaneUse, Lanes, MAX_SESSIONS, Snapshot};
pub use events::{Drained, EventQueue, Level};
pub use key::KeyBytes;
pub use listener::{ListenerView, Medium};
pub use pf_net::monotonic_ns;
pub use pf_proto::gamestream::recovery::RecoverySlot;
pub use request::{
    AudioRequest, ColourMatrix, ColourRequest, ConnectData, ControlLimits, ControlRequest,
    EncryptionRequest, Refusal, Sealing, Secret, SessionRequest,
};
pub use sender::SendTotals;
pub use shared::{ControlState, SessionShared, SessionState, SessionView};
pub use time::{ClockMapping, clock_mapping};
pub use trial::TrialRequest;
