//! Bits and Exp-Golomb numbers of an H.264 payload. Emulation prevention is taken out beforehand.

use crate::error::CodecError;

/// Reads bits, most significant first.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// One bit as a flag.
    pub(crate) fn flag(&mut self) -> Result<bool, CodecError> {
        let byte = self.bytes.get(self.position / 8).ok_or_else(|| {
            CodecError::Bitstream(format!("a header ends after {} bits", self.position))
        })?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Ok(bit == 1)
    }

    /// `count` bits as an unsigned number, at most 32.
    pub(crate) fn bits(&mut self, count: u32) -> Result<u32, CodecError> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Ok(value)
    }

    /// Unsigned Exp-Golomb number, ue(v).
    pub(crate) fn unsigned(&mut self) -> Result<u32, CodecError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(CodecError::Bitstream(
                    "a number of more than 31 zero bits".into(),
                ));
            }
        }
        Ok((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// Unsigned Exp-Golomb number that must not exceed `max`; `what` names it in the error.
    pub(crate) fn unsigned_up_to(
        &mut self,
        max: u32,
        what: &'static str,
    ) -> Result<u32, CodecError> {
        match self.unsigned()? {
            value if value <= max => Ok(value),
            value => Err(CodecError::Bitstream(format!(
                "{what} is {value}, at most {max} exist"
            ))),
        }
    }

    /// Signed Exp-Golomb number, se(v).
    pub(crate) fn signed(&mut self) -> Result<i32, CodecError> {
        let code = self.unsigned()?;
        let magnitude = (code / 2 + code % 2) as i32;
        Ok(if code % 2 == 1 { magnitude } else { -magnitude })
    }
}

/// Copies `payload` into `into` without its emulation prevention bytes (the 3 of every 0 0 3), until either ends.
/// Answers the bytes written.
pub(crate) fn unescape(payload: &[u8], into: &mut [u8]) -> usize {
    let (mut written, mut zeros) = (0, 0);
    for &byte in payload {
        if zeros == 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        let Some(slot) = into.get_mut(written) else {
            break;
        };
        *slot = byte;
        written += 1;
        zeros = if byte == 0 { (zeros + 1).min(2) } else { 0 };
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_numbers_read_as_the_standard_lists_them() {
        // 1 | 010 | 011 | 00100 | 00111, then signed: 1 | 010 | 011 | 00100 | 00101
        let bytes = [
            0b1010_0110,
            0b0100_0011,
            0b1101_0011,
            0b0010_0001,
            0b0100_0000,
        ];
        let mut reader = BitReader::new(&bytes);
        for want in [0, 1, 2, 3, 6] {
            assert_eq!(reader.unsigned(), Ok(want));
        }
        for want in [0, 1, -1, 2, -2] {
            assert_eq!(reader.signed(), Ok(want));
        }
        assert_eq!(reader.bits(6), Ok(0));
        assert!(reader.flag().is_err());
    }

    #[test]
    fn the_largest_number_reads_and_a_longer_one_is_refused() {
        let mut bytes = vec![0, 0, 0, 1];
        bytes.extend([0xFF; 4]);
        assert_eq!(BitReader::new(&bytes).unsigned(), Ok(u32::MAX - 1));
        assert!(BitReader::new(&[0; 5]).unsigned().is_err());
        assert!(
            BitReader::new(&[0b0010_0000])
                .unsigned_up_to(2, "thing")
                .is_err()
        );
    }

    #[test]
    fn emulation_prevention_goes_and_other_threes_stay() {
        let mut into = [0xAA; 8];
        assert_eq!(unescape(&[1, 0, 0, 3, 1, 3, 0, 3], &mut into), 7);
        assert_eq!(into[..7], [1, 0, 0, 1, 3, 0, 3]);
        assert_eq!(unescape(&[0, 0, 3, 0, 0, 3, 0, 9], &mut into[..4]), 4);
        assert_eq!(into[..4], [0, 0, 0, 0]);
        assert_eq!(unescape(&[], &mut into), 0);
    }
}
