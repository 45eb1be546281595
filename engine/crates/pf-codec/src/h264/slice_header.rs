//! Slice headers (clause 7.3.3) up to the quantiser: which pictures a slice refers to and which it keeps.

use super::bits::{BitReader, unescape};
use super::parameter_sets::{PictureOrder, PictureParameters, SequenceParameters};
use super::{NalKind, nal_kind};
use crate::error::CodecError;

/// The start of one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SliceHeader {
    pub(crate) slice_type: SliceType,
    /// Place of the picture in decoding order, modulo 2 to the `frame_num_bits`.
    pub(crate) frame_num: u32,
    /// Present exactly on IDR slices.
    pub(crate) idr_picture_id: Option<u32>,
    /// Active references of list 0; 0 for an I slice.
    pub(crate) references: u32,
    /// How the order of list 0 is changed.
    pub(crate) modifications: FewOf<ListModification>,
    /// What becomes of reference pictures once this one is decoded; `None` when it is none itself.
    pub(crate) marking: Option<Marking>,
    /// Quantiser the slice starts with.
    pub(crate) qp: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SliceType {
    Predicted,
    Intra,
}

/// One step of `ref_pic_list_modification`: which picture comes next in list 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListModification {
    /// A short-term picture, by the difference of picture numbers.
    ShortTerm { older: bool, difference: u32 },
    /// The long-term picture of this number; for frames that is its long-term index.
    LongTerm { index: u32 },
}

/// `dec_ref_pic_marking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marking {
    /// All others go; this picture becomes long-term index 0 if so said.
    Idr { long_term: bool },
    /// The oldest short-term picture makes room.
    SlidingWindow,
    /// Explicit operations.
    Adaptive(FewOf<MemoryOperation>),
}

/// One memory management control operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryOperation {
    /// 1: a short-term picture is dropped.
    DropShortTerm { difference: u32 },
    /// 2: a long-term picture is dropped.
    DropLongTerm { index: u32 },
    /// 3: a short-term picture, so many pictures before this one, becomes long-term.
    ShortToLongTerm { difference: u32, index: u32 },
    /// 4: only indices below `count` remain.
    LimitLongTerm { count: u32 },
    /// 5: all are dropped.
    DropAll,
    /// 6: this picture becomes long-term.
    CurrentToLongTerm { index: u32 },
}

/// Up to [`FEW`] items without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FewOf<T> {
    items: [Option<T>; FEW],
}

impl<T: Copy> FewOf<T> {
    fn none() -> Self {
        Self { items: [None; FEW] }
    }

    fn push(&mut self, item: T) -> Result<(), CodecError> {
        let slot = self
            .items
            .iter_mut()
            .find(|slot| slot.is_none())
            .ok_or_else(|| {
                CodecError::Bitstream(format!("more than {FEW} reference operations in a slice"))
            })?;
        *slot = Some(item);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.items.iter().flatten().copied()
    }
}

impl SliceHeader {
    /// Reads a NAL unit of type 1 or 5, without its start code, by the parameter sets it names.
    ///
    /// Errors: [`CodecError::Bitstream`] for what is truncated, out of range or not supported.
    pub(crate) fn parse(
        nal: &[u8],
        sequence: &SequenceParameters,
        picture: &PictureParameters,
    ) -> Result<Self, CodecError> {
        let idr = match nal_kind(nal) {
            Some(NalKind::IdrSlice) => true,
            Some(NalKind::Slice) => false,
            other => {
                return Err(CodecError::Bitstream(format!(
                    "expected a slice, got {other:?}"
                )));
            }
        };
        let is_reference = nal[0] >> 5 & 3 != 0;
        let mut header = [0; MAX_HEADER_BYTES];
        let length = unescape(&nal[1..], &mut header);
        let mut reader = BitReader::new(&header[..length]);

        let _first_macroblock = reader.unsigned()?;
        let slice_type = match reader.unsigned_up_to(9, "slice_type")? % 5 {
            0 => SliceType::Predicted,
            2 => SliceType::Intra,
            other => {
                return Err(CodecError::Bitstream(format!(
                    "slice type {other} is not I or P"
                )));
            }
        };
        let picture_set = reader.unsigned()?;
        if picture_set != picture.id {
            return Err(CodecError::Bitstream(format!(
                "slice names picture parameter set {picture_set}, known is {}",
                picture.id
            )));
        }
        let frame_num = reader.bits(sequence.frame_num_bits)?;
        let idr_picture_id = if idr {
            Some(reader.unsigned_up_to(65_535, "idr_pic_id")?)
        } else {
            None
        };
        skip_picture_order(&mut reader, sequence, picture)?;
        if picture.redundant_pictures {
            let _redundant_picture = reader.unsigned()?;
        }
        let references = match slice_type {
            SliceType::Intra => 0,
            SliceType::Predicted if reader.flag()? => {
                1 + reader.unsigned_up_to(31, "num_ref_idx_l0_active_minus1")?
            }
            SliceType::Predicted => picture.default_references,
        };
        let modifications = match slice_type {
            SliceType::Intra => FewOf::none(),
            SliceType::Predicted => list_modifications(&mut reader)?,
        };
        if picture.weighted_prediction && slice_type == SliceType::Predicted {
            return Err(CodecError::Bitstream(
                "weighted prediction is not supported".into(),
            ));
        }
        let marking = if is_reference {
            Some(marking(&mut reader, idr)?)
        } else {
            None
        };
        if picture.arithmetic_coding && slice_type == SliceType::Predicted {
            let _cabac_table = reader.unsigned_up_to(2, "cabac_init_idc")?;
        }
        let qp = picture.initial_qp.saturating_add(reader.signed()?);
        if !(0..=51).contains(&qp) {
            return Err(CodecError::Bitstream(format!("a slice quantiser of {qp}")));
        }
        Ok(Self {
            slice_type,
            frame_num,
            idr_picture_id,
            references,
            modifications,
            marking,
            qp,
        })
    }
}

fn skip_picture_order(
    reader: &mut BitReader<'_>,
    sequence: &SequenceParameters,
    picture: &PictureParameters,
) -> Result<(), CodecError> {
    match sequence.picture_order {
        PictureOrder::LowBits(bits) => {
            let _low_bits = reader.bits(bits)?;
            if picture.picture_order_in_slices {
                let _bottom = reader.signed()?;
            }
        }
        PictureOrder::Cycle { corrections: true } => {
            let _first = reader.signed()?;
            if picture.picture_order_in_slices {
                let _second = reader.signed()?;
            }
        }
        PictureOrder::Cycle { corrections: false } | PictureOrder::DecodingOrder => {}
    }
    Ok(())
}

fn list_modifications(reader: &mut BitReader<'_>) -> Result<FewOf<ListModification>, CodecError> {
    let mut modifications = FewOf::none();
    if !reader.flag()? {
        return Ok(modifications);
    }
    loop {
        modifications.push(
            match reader.unsigned_up_to(3, "modification_of_pic_nums_idc")? {
                direction @ (0 | 1) => ListModification::ShortTerm {
                    older: direction == 0,
                    difference: reader.unsigned()?.saturating_add(1),
                },
                2 => ListModification::LongTerm {
                    index: reader.unsigned()?,
                },
                _ => return Ok(modifications),
            },
        )?;
    }
}

fn marking(reader: &mut BitReader<'_>, idr: bool) -> Result<Marking, CodecError> {
    if idr {
        let _no_output_of_prior_pictures = reader.flag()?;
        return Ok(Marking::Idr {
            long_term: reader.flag()?,
        });
    }
    if !reader.flag()? {
        return Ok(Marking::SlidingWindow);
    }
    let mut operations = FewOf::none();
    loop {
        operations.push(
            match reader.unsigned_up_to(6, "memory_management_control_operation")? {
                1 => MemoryOperation::DropShortTerm {
                    difference: difference(reader)?,
                },
                2 => MemoryOperation::DropLongTerm {
                    index: reader.unsigned()?,
                },
                3 => MemoryOperation::ShortToLongTerm {
                    difference: difference(reader)?,
                    index: reader.unsigned()?,
                },
                4 => MemoryOperation::LimitLongTerm {
                    count: reader.unsigned()?,
                },
                5 => MemoryOperation::DropAll,
                6 => MemoryOperation::CurrentToLongTerm {
                    index: reader.unsigned()?,
                },
                _ => return Ok(Marking::Adaptive(operations)),
            },
        )?;
    }
}

fn difference(reader: &mut BitReader<'_>) -> Result<u32, CodecError> {
    Ok(reader.unsigned()?.saturating_add(1))
}

/// Operations of one kind in a slice; low-delay encoders write one to three.
const FEW: usize = 8;
/// Bytes a header is read from; the longest allowed above stays well below.
const MAX_HEADER_BYTES: usize = 192;

#[cfg(test)]
pub(crate) use tests::few;

#[cfg(test)]
#[path = "slice_header_tests.rs"]
mod tests;
