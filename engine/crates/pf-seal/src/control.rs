//! The envelope around every control message. Does not look into the message: its own length field and
//! type are `pf-proto`'s.
//!
//! | off | size | field | order |
//! |----:|-----:|-------|-------|
//! | 0 | 2 | type, `0x0001` | LE |
//! | 2 | 2 | length of what follows: 4 + 16 + n | LE |
//! | 4 | 4 | sequence, the sender's counter | LE |
//! | 8 | 16 | tag | |
//! | 24 | n | ciphertext | |
//!
//! No additional data: the sequence is covered through the nonce, the length through the tag. In the old
//! style only its low byte is, so there a replay under another number is not noticed.
//! Source: gamestream-control-stream.md 4.1 to 4.4.

use std::fmt;

use aes_gcm::aead::consts::U16;
use aes_gcm::aes::Aes128;
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

use crate::error::{OpenError, SealError};
use crate::key::ControlStyle;
use crate::replay::ReplayWindow;

/// Bytes in front of the ciphertext.
pub const ENVELOPE_BYTES: usize = 24;

/// Longest envelope that is opened; a client's longest has 279 bytes.
pub const MAX_ENVELOPE_BYTES: usize = 1024;

/// Longest message in an envelope, its own header included.
pub const MAX_MESSAGE_BYTES: usize = MAX_ENVELOPE_BYTES - ENVELOPE_BYTES;

/// Opens what the other side of a control connection sealed.
pub struct ControlOpener {
    cipher: Cipher,
    sender: Sender,
    window: ReplayWindow,
}

impl ControlOpener {
    pub(crate) fn new(key: &[u8; 16], style: ControlStyle, sender: Sender) -> Self {
        Self {
            cipher: Cipher::new(key, style),
            sender,
            window: ReplayWindow::new(),
        }
    }

    /// Opens one ENet payload in place and answers the message in it: at least its 4-byte header. On an
    /// error the bytes are worthless and nothing is remembered of them.
    ///
    /// # Errors
    /// [`OpenError`], in the order of gamestream-control-stream.md 4.4: length, type, length field,
    /// sequence, tag.
    pub fn open<'a>(&mut self, payload: &'a mut [u8]) -> Result<&'a [u8], OpenError> {
        let bytes = payload.len();
        if bytes > MAX_ENVELOPE_BYTES {
            return Err(OpenError::TooLong { bytes });
        }
        let Some((header, message)) = payload.split_first_chunk_mut::<ENVELOPE_BYTES>() else {
            return Err(OpenError::Runt { bytes });
        };
        if message.len() < MESSAGE_HEADER_BYTES {
            return Err(OpenError::Runt { bytes });
        }
        let &mut [t0, t1, l0, l1, s0, s1, s2, s3, ref tag @ ..] = header;
        let envelope_type = u16::from_le_bytes([t0, t1]);
        if envelope_type != ENVELOPE_TYPE {
            return Err(OpenError::WrongType { envelope_type });
        }
        let announced = u16::from_le_bytes([l0, l1]);
        let expected = bytes - LENGTH_STARTS_AT;
        if usize::from(announced) != expected {
            return Err(OpenError::WrongLength {
                announced,
                expected,
            });
        }
        let sequence = u32::from_le_bytes([s0, s1, s2, s3]);
        self.window.check(sequence)?;
        if !self.cipher.open(sequence, self.sender, tag, message) {
            return Err(OpenError::BadTag { sequence });
        }
        self.window.mark(sequence);
        Ok(message)
    }
}

impl fmt::Debug for ControlOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlOpener")
            .field("style", &self.cipher.style())
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// Seals control messages, each under the next number; the counter is the key's and starts at 0.
pub struct ControlSealer {
    cipher: Cipher,
    sender: Sender,
    next: Option<u32>,
}

impl ControlSealer {
    pub(crate) fn new(key: &[u8; 16], style: ControlStyle, sender: Sender) -> Self {
        Self {
            cipher: Cipher::new(key, style),
            sender,
            next: Some(0),
        }
    }

    /// Writes the envelope of `message` (its own header included) over `out`, which does not allocate once
    /// it has the capacity.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`MAX_MESSAGE_BYTES`]; [`SealError::Exhausted`] after 2^32 messages,
    /// where the session must end.
    pub fn seal(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(SealError::TooLong {
                bytes: message.len(),
                limit_bytes: MAX_MESSAGE_BYTES,
            });
        }
        let sequence = self.next.ok_or(SealError::Exhausted)?;
        let length = (ENVELOPE_BYTES - LENGTH_STARTS_AT + message.len()) as u16;
        out.clear();
        out.extend_from_slice(&ENVELOPE_TYPE.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&[0; TAG_BYTES]);
        out.extend_from_slice(message);
        let (header, body) = out.split_at_mut(ENVELOPE_BYTES);
        let tag = self.cipher.seal(sequence, self.sender, body);
        header[ENVELOPE_BYTES - TAG_BYTES..].copy_from_slice(&tag);
        self.next = sequence.checked_add(1);
        Ok(())
    }
}

impl fmt::Debug for ControlSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlSealer")
            .field("style", &self.cipher.style())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// Who sealed a message; part of the nonce, so that a reflected message does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    Host,
}

enum Cipher {
    V2(Box<LessSafeKey>),
    Legacy(Box<AesGcm<Aes128, U16>>),
}

impl Cipher {
    fn new(key: &[u8; 16], style: ControlStyle) -> Self {
        match style {
            ControlStyle::V2 => Self::V2(Box::new(gcm(key))),
            ControlStyle::Legacy => Self::Legacy(Box::new(AesGcm::new(key.into()))),
        }
    }

    fn style(&self) -> ControlStyle {
        match self {
            Self::V2(_) => ControlStyle::V2,
            Self::Legacy(_) => ControlStyle::Legacy,
        }
    }

    /// False when the tag is wrong.
    fn open(&self, sequence: u32, sender: Sender, tag: &[u8; 16], message: &mut [u8]) -> bool {
        match self {
            Self::V2(key) => key
                .open_in_place_separate_tag(
                    v2_nonce(sequence, sender),
                    Aad::empty(),
                    Tag::from(*tag),
                    message,
                    0..,
                )
                .is_ok(),
            Self::Legacy(cipher) => cipher
                .decrypt_inout_detached(
                    &legacy_nonce(sequence).into(),
                    &[],
                    message.into(),
                    tag.into(),
                )
                .is_ok(),
        }
    }

    fn seal(&self, sequence: u32, sender: Sender, message: &mut [u8]) -> [u8; TAG_BYTES] {
        match self {
            Self::V2(key) => {
                let nonce = v2_nonce(sequence, sender);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), message);
                let tag = tag.expect("a message is far below the cipher's 64 GiB");
                let mut bytes = [0; TAG_BYTES];
                bytes.copy_from_slice(tag.as_ref());
                bytes
            }
            Self::Legacy(cipher) => cipher
                .encrypt_inout_detached(&legacy_nonce(sequence).into(), &[], message.into())
                .expect("a message is far below the cipher's 64 GiB")
                .into(),
        }
    }
}

/// AES-128-GCM with this key.
pub(crate) fn gcm(key: &[u8; 16]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_128_GCM, key);
    LessSafeKey::new(key.expect("an AES-128 key has 16 bytes"))
}

fn v2_nonce(sequence: u32, sender: Sender) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&sequence.to_le_bytes());
    nonce[10] = match sender {
        Sender::Client => b'C',
        Sender::Host => b'H',
    };
    nonce[11] = b'C';
    Nonce::assume_unique_for_key(nonce)
}

fn legacy_nonce(sequence: u32) -> [u8; 16] {
    let mut nonce = [0; 16];
    nonce[0] = sequence as u8;
    nonce
}

const ENVELOPE_TYPE: u16 = 1;
/// What the length field does not count: itself and the type.
const LENGTH_STARTS_AT: usize = 4;
const MESSAGE_HEADER_BYTES: usize = 4;
const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_used_once_and_then_the_key_is_spent() {
        let mut sealer = ControlSealer::new(&[7; 16], ControlStyle::V2, Sender::Host);
        sealer.next = Some(u32::MAX);
        let mut out = Vec::new();
        assert_eq!(sealer.seal(&[0; 8], &mut out), Ok(()));
        assert_eq!(out[4..8], [0xFF; 4]);
        for _ in 0..3 {
            assert_eq!(sealer.seal(&[0; 8], &mut out), Err(SealError::Exhausted));
        }
    }

    #[test]
    fn a_message_too_long_costs_no_number() {
        let mut sealer = ControlSealer::new(&[7; 16], ControlStyle::V2, Sender::Host);
        let mut out = Vec::new();
        let error = sealer.seal(&[0; MAX_MESSAGE_BYTES + 1], &mut out);
        let (bytes, limit_bytes) = (1001, 1000);
        assert_eq!(error, Err(SealError::TooLong { bytes, limit_bytes }));
        assert_eq!(sealer.seal(&[0; MAX_MESSAGE_BYTES], &mut out), Ok(()));
        assert_eq!((out.len(), &out[4..8]), (MAX_ENVELOPE_BYTES, &[0; 4][..]));
    }
}
