//! Which numbers stand for which colour: matrix and range, as conversion and bitstream must agree on them.
//!
//! Standard range of 8-bit 4:2:0 only; follows gamestream-media.md 6.6 (`encoderCscMode`).

use yuv::{YuvRange, YuvStandardMatrix};

use crate::picture::BLACK_Y;

/// How colours become luma and colour differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Weights of red, green and blue in luma.
    pub matrix: ColourMatrix,
    /// Luma from 0 to 255 instead of 16 to 235, colour differences likewise.
    pub full_range: bool,
}

/// The weights of a colour standard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ColourMatrix {
    /// ITU-R BT.601, of standard definition.
    Bt601,
    /// ITU-R BT.709, of high definition.
    #[default]
    Bt709,
}

impl Colour {
    /// Primaries, transfer and matrix as ITU-T H.273 numbers them; one number for all three.
    pub(crate) fn code(self) -> u8 {
        match self.matrix {
            ColourMatrix::Bt601 => 6,
            ColourMatrix::Bt709 => 1,
        }
    }

    /// Luma of black.
    pub(crate) fn black(self) -> u8 {
        if self.full_range { 0 } else { BLACK_Y }
    }

    /// In the words of the conversion library.
    pub(crate) fn library_terms(self) -> (YuvRange, YuvStandardMatrix) {
        let range = if self.full_range {
            YuvRange::Full
        } else {
            YuvRange::Limited
        };
        let matrix = match self.matrix {
            ColourMatrix::Bt601 => YuvStandardMatrix::Bt601,
            ColourMatrix::Bt709 => YuvStandardMatrix::Bt709,
        };
        (range, matrix)
    }
}
