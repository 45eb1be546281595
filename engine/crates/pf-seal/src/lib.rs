#![forbid(unsafe_code)]
//! Sealing of GameStream's control messages, video datagrams and audio packets.
//!
//! Holds no socket, thread or clock. A nonce is used once, by type: a [`SessionKey`] is given up for
//! exactly one of each sealer, none of them can be cloned, and each owns its counter, so a connection that
//! ends and comes back under the same key goes on counting. Two keys of the same 16 bytes are the caller's
//! to avoid: a key belongs to one `/launch` or `/resume`.
//!
//! | part | cipher | file |
//! |------|--------|------|
//! | control messages, both directions | AES-128-GCM | `control.rs`, `replay.rs` |
//! | video datagrams | AES-128-GCM | `video.rs` |
//! | audio packets | AES-128-CBC, unauthenticated | `audio.rs` |
//!
//! Keys and the RustCrypto key schedules are wiped when dropped; ring offers no way to wipe its own.
//! Source: gamestream-control-stream.md 4, gamestream-media.md 5 and 7.6.

mod audio;
mod control;
mod error;
mod key;
mod replay;
mod video;

pub use audio::AudioSealer;
pub use control::{
    ControlOpener, ControlSealer, ENVELOPE_BYTES, MAX_ENVELOPE_BYTES, MAX_MESSAGE_BYTES,
};
pub use error::{OpenError, SealError};
pub use key::{ClientSeals, ControlStyle, HostSeals, SessionKey};
pub use replay::{MAX_JUMP, ReplayWindow, WINDOW};
pub use video::{VIDEO_PREFIX_BYTES, VideoSealer};
