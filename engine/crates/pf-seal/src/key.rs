//! The key of one launch, and its one division into sealers.

use std::fmt;

use zeroize::Zeroizing;

use crate::audio::AudioSealer;
use crate::control::{ControlOpener, ControlSealer, Sender};
use crate::video::VideoSealer;

/// The 16 bytes of `rikey`. Neither printed nor cloned; wiped when dropped.
pub struct SessionKey(Zeroizing<[u8; 16]>);

/// How control messages are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlStyle {
    /// 12-byte nonce, told apart by direction: clients since January 2024.
    V2,
    /// 16-byte nonce that repeats every 256 messages and is the same in both directions: broken by design,
    /// only for older clients, where the operator's `--old-clients` lets them in.
    Legacy,
}

/// All that a host seals and opens under one key.
#[derive(Debug)]
pub struct HostSeals {
    /// Opens the client's control messages.
    pub control_opener: ControlOpener,
    /// Seals the host's control messages.
    pub control_sealer: ControlSealer,
    /// Seals video datagrams, where the session negotiated that.
    pub video: VideoSealer,
    /// Seals audio packets, where the session negotiated that.
    pub audio: AudioSealer,
}

/// The other end's control messages: for tests and tools that play the client.
#[derive(Debug)]
pub struct ClientSeals {
    /// Opens the host's control messages.
    pub control_opener: ControlOpener,
    /// Seals the client's control messages.
    pub control_sealer: ControlSealer,
}

impl SessionKey {
    /// A key from the launch request.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Gives the key up for the host's sealers. `audio_key_id` is `rikeyid` of the launch, a signed number
    /// there, taken as its 32 bits here.
    pub fn into_host_seals(self, style: ControlStyle, audio_key_id: u32) -> HostSeals {
        HostSeals {
            control_opener: ControlOpener::new(&self.0, style, Sender::Client),
            control_sealer: ControlSealer::new(&self.0, style, Sender::Host),
            video: VideoSealer::new(&self.0),
            audio: AudioSealer::new(&self.0, audio_key_id),
        }
    }

    /// Gives the key up for a client's sealers.
    pub fn into_client_seals(self, style: ControlStyle) -> ClientSeals {
        ClientSeals {
            control_opener: ControlOpener::new(&self.0, style, Sender::Host),
            control_sealer: ControlSealer::new(&self.0, style, Sender::Client),
        }
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_made_of_a_key_prints_it() {
        let key = SessionKey::new([0x5A; 16]);
        assert_eq!(format!("{key:?}"), "SessionKey(..)");
        let seals = key.into_host_seals(ControlStyle::Legacy, 0x5A5A_5A5A);
        let printed = format!("{seals:?}").to_lowercase();
        assert!(
            !printed.contains("5a") && !printed.contains("90"),
            "{printed}"
        );
    }
}
