//! One video datagram sealed in place: 32 bytes of prefix, then the whole shard as ciphertext.
//!
//! | off | size | field | order |
//! |----:|-----:|-------|-------|
//! | 0 | 12 | nonce: counter (8), three zeros, `V` | LE |
//! | 12 | 4 | frame index, not authenticated | LE |
//! | 16 | 16 | tag | |
//! | 32 | n | ciphertext of the shard, RTP header included | |
//!
//! Parity is computed before sealing, and every shard, data and parity, is sealed by itself.
//! Source: gamestream-media.md 5.

use std::fmt;

use ring::aead::{Aad, LessSafeKey, Nonce};

use crate::control::gcm;
use crate::error::SealError;

/// Bytes in front of a sealed shard.
pub const VIDEO_PREFIX_BYTES: usize = 32;

/// Seals a session's video datagrams, each under the next number. Not `Clone`: the counter is the key's.
pub struct VideoSealer {
    key: LessSafeKey,
    next: Option<u64>,
}

impl VideoSealer {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self {
            key: gcm(key),
            next: Some(0),
        }
    }

    /// Seals `datagram`, whose first [`VIDEO_PREFIX_BYTES`] are room for the prefix and whose rest is the
    /// shard. Allocates nothing.
    ///
    /// # Errors
    /// [`SealError::TooShort`] without a shard behind the prefix; [`SealError::Exhausted`] after 2^64
    /// datagrams.
    pub fn seal(&mut self, frame_index: u32, datagram: &mut [u8]) -> Result<(), SealError> {
        let bytes = datagram.len();
        let split = datagram.split_first_chunk_mut::<VIDEO_PREFIX_BYTES>();
        let Some((prefix, shard)) = split.filter(|(_, shard)| !shard.is_empty()) else {
            return Err(SealError::TooShort {
                bytes,
                needed_bytes: VIDEO_PREFIX_BYTES + 1,
            });
        };
        let counter = self.next.ok_or(SealError::Exhausted)?;
        self.next = counter.checked_add(1);
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&counter.to_le_bytes());
        nonce[11] = b'V';
        prefix[..12].copy_from_slice(&nonce);
        prefix[12..16].copy_from_slice(&frame_index.to_le_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::empty(), shard);
        let tag = tag.expect("a datagram is far below the cipher's 64 GiB");
        prefix[16..].copy_from_slice(tag.as_ref());
        Ok(())
    }
}

impl fmt::Debug for VideoSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoSealer")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_used_once_and_then_the_key_is_spent() {
        let mut sealer = VideoSealer::new(&[7; 16]);
        sealer.next = Some(u64::MAX);
        let mut datagram = [0; 80];
        assert_eq!(sealer.seal(1, &mut datagram), Ok(()));
        assert_eq!(datagram[..8], [0xFF; 8]);
        let spent = sealer.seal(1, &mut datagram);
        assert_eq!(spent, Err(SealError::Exhausted));
    }

    #[test]
    fn a_datagram_without_a_shard_is_refused_and_costs_no_number() {
        let mut sealer = VideoSealer::new(&[7; 16]);
        for bytes in 0..=VIDEO_PREFIX_BYTES {
            let needed_bytes = VIDEO_PREFIX_BYTES + 1;
            let error = SealError::TooShort {
                bytes,
                needed_bytes,
            };
            assert_eq!(sealer.seal(1, &mut vec![0; bytes]), Err(error));
        }
        assert_eq!(sealer.next, Some(0));
    }
}
