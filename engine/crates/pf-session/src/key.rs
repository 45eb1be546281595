//! The AES-128 key that host and client share for one session: read once, never printed, wiped when dropped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use zeroize::{Zeroize, Zeroizing};

/// 16 bytes of key.
#[derive(Clone)]
pub struct KeyBytes(Zeroizing<[u8; 16]>);

impl KeyBytes {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever makes sealers of them.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Leaves zeros behind: the key now lives in its sealers alone.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new([0; 16]))
    }

    fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 32] = text.as_bytes().try_into().ok()?;
        let mut key = Self::new([0; 16]);
        for (byte, pair) in key.0.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(key)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(..)")
    }
}

impl<'de> Deserialize<'de> for KeyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(HexDigits)
    }
}

/// Its errors never repeat what was given.
struct HexDigits;

impl Visitor<'_> for HexDigits {
    type Value = KeyBytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 lower-case hex digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<KeyBytes, E> {
        KeyBytes::parse(text).ok_or_else(|| E::custom("the key is not 32 lower-case hex digits"))
    }

    fn visit_string<E: Error>(self, mut text: String) -> Result<KeyBytes, E> {
        let key = self.visit_str(&text);
        text.zeroize();
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_hex_digits_are_a_key_and_nothing_prints_them() {
        let text = "00112233445566778899aabbccddeeff";
        let key: KeyBytes = serde_json::from_value(text.into()).expect("a key");
        assert_eq!(key.bytes()[..3], [0x00, 0x11, 0x22]);
        assert_eq!(key.bytes()[15], 0xff);
        assert_eq!(format!("{key:?}"), "KeyBytes(..)");
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            "00",
            "00112233445566778899aabbccddeefg",
            "00112233445566778899AABBCCDDEEFF",
        ] {
            let error = serde_json::from_value::<KeyBytes>(text.into()).expect_err("no key");
            let said = error.to_string();
            assert!(text.len() < 3 || !said.contains(text), "{said}");
        }
    }
}
