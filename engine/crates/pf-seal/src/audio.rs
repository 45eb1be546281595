//! One audio payload as AES-128-CBC with PKCS#7 padding. The RTP header stays clear, parity is computed
//! over the ciphertext.
//!
//! The format has no tag: it hides sound from a listener and protects it from nobody else. The IV is the
//! launch's key id plus the 16-bit sequence, so it comes again after 65,536 packets (5.5 minutes at 5 ms);
//! both are the client's rules. Source: gamestream-media.md 7.6.

use std::fmt;

use aes::Aes128;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, InnerIvInit, KeyInit};

use crate::error::SealError;

/// Seals a session's audio payloads.
pub struct AudioSealer {
    cipher: Aes128,
    key_id: u32,
}

impl AudioSealer {
    pub(crate) fn new(key: &[u8; 16], key_id: u32) -> Self {
        Self {
            cipher: Aes128::new(key.into()),
            key_id,
        }
    }

    /// Bytes of a sealed payload: 1 to 16 more, to a multiple of 16.
    pub const fn sealed_bytes(payload_bytes: usize) -> usize {
        (payload_bytes / BLOCK_BYTES + 1) * BLOCK_BYTES
    }

    /// Writes the sealed `payload` of data packet `sequence` to the start of `out` and answers its length,
    /// [`Self::sealed_bytes`]. Allocates nothing.
    ///
    /// # Errors
    /// [`SealError::TooShort`] when `out` has no room.
    pub fn seal(&self, sequence: u16, payload: &[u8], out: &mut [u8]) -> Result<usize, SealError> {
        let needed_bytes = Self::sealed_bytes(payload.len());
        let bytes = out.len();
        let too_short = SealError::TooShort {
            bytes,
            needed_bytes,
        };
        let out = out.get_mut(..needed_bytes).ok_or(too_short)?;
        let mut iv = [0; BLOCK_BYTES];
        let number = self.key_id.wrapping_add(u32::from(sequence));
        iv[..4].copy_from_slice(&number.to_be_bytes());
        Encryptor::<&Aes128>::inner_iv_init(&self.cipher, &iv.into())
            .encrypt_padded_b2b::<Pkcs7>(payload, out)
            .map_err(|_| too_short)?;
        Ok(needed_bytes)
    }
}

impl fmt::Debug for AudioSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioSealer").finish_non_exhaustive()
    }
}

const BLOCK_BYTES: usize = 16;
