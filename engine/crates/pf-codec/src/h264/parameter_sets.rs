//! Sequence and picture parameter sets (clauses 7.3.2.1, 7.3.2.2, E.1.1) as far as clients and slice headers
//! depend on them.

use super::bits::{BitReader, unescape};
use crate::error::CodecError;
use crate::picture::PictureSize;

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SequenceParameters {
    pub(crate) profile_idc: u8,
    pub(crate) level_idc: u8,
    pub(crate) id: u32,
    /// Bits of `frame_num`.
    pub(crate) frame_num_bits: u32,
    pub(crate) picture_order: PictureOrder,
    pub(crate) max_reference_frames: u32,
    /// Size after cropping.
    pub(crate) size: PictureSize,
    pub(crate) video: VideoUsability,
}

/// How a picture's place in output order is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureOrder {
    /// Type 0: so many low bits in every slice header.
    LowBits(u32),
    /// Type 1: by expected differences, with corrections in slice headers unless they are always 0.
    Cycle { corrections: bool },
    /// Type 2: output order is decoding order.
    DecodingOrder,
}

/// What the usability information says; everything absent by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VideoUsability {
    pub(crate) colour: Option<ColourDescription>,
    /// Where colour differences lie, in frames of either parity; 0 is left, also where nothing is said.
    pub(crate) chroma_location: (u32, u32),
    pub(crate) restriction: Option<Restriction>,
}

/// Colour description, codes of table E-3 and following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColourDescription {
    pub(crate) full_range: bool,
    pub(crate) primaries: u8,
    pub(crate) transfer: u8,
    pub(crate) matrix: u8,
}

/// What the stream promises a decoder about delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restriction {
    pub(crate) reorder_frames: u32,
    pub(crate) buffered_frames: u32,
}

impl SequenceParameters {
    /// Reads a NAL unit of type 7, without its start code.
    ///
    /// Errors: [`CodecError::Bitstream`] for what is truncated, out of range or not supported.
    pub(crate) fn parse(nal: &[u8]) -> Result<Self, CodecError> {
        let mut payload = [0; MAX_PARAMETER_BYTES];
        let length = unescape(nal.get(1..).unwrap_or_default(), &mut payload);
        let mut reader = BitReader::new(&payload[..length]);
        let profile_idc = reader.bits(8)? as u8;
        let _constraints = reader.bits(8)?;
        let level_idc = reader.bits(8)? as u8;
        let id = reader.unsigned_up_to(31, "sequence parameter set id")?;
        if PROFILES_WITH_CHROMA_FORMAT.contains(&profile_idc) {
            chroma_format(&mut reader)?;
        }
        let frame_num_bits = 4 + reader.unsigned_up_to(12, "log2_max_frame_num_minus4")?;
        let picture_order = match reader.unsigned_up_to(2, "pic_order_cnt_type")? {
            0 => PictureOrder::LowBits(4 + reader.unsigned_up_to(12, "log2_max_poc_lsb_minus4")?),
            1 => picture_order_cycle(&mut reader)?,
            _ => PictureOrder::DecodingOrder,
        };
        let max_reference_frames = reader.unsigned_up_to(16, "max_num_ref_frames")?;
        let _gaps_in_frame_num_allowed = reader.flag()?;
        let columns = 1 + reader.unsigned_up_to(MAX_MACROBLOCKS_A_SIDE, "pic_width_in_mbs")?;
        let rows = 1 + reader.unsigned_up_to(MAX_MACROBLOCKS_A_SIDE, "pic_height_in_map_units")?;
        if !reader.flag()? {
            return Err(CodecError::Bitstream(
                "interlaced pictures are not supported".into(),
            ));
        }
        let _direct_8x8_inference = reader.flag()?;
        let size = cropped(&mut reader, columns * 16, rows * 16)?;
        let video = if reader.flag()? {
            usability(&mut reader)?
        } else {
            VideoUsability::default()
        };
        Ok(Self {
            profile_idc,
            level_idc,
            id,
            frame_num_bits,
            picture_order,
            max_reference_frames,
            size,
            video,
        })
    }
}

/// What a picture parameter set says, as far as a slice header is read by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureParameters {
    pub(crate) id: u32,
    pub(crate) sequence_id: u32,
    /// CABAC instead of CAVLC.
    pub(crate) arithmetic_coding: bool,
    pub(crate) picture_order_in_slices: bool,
    /// Active references of list 0 where a slice does not say.
    pub(crate) default_references: u32,
    pub(crate) weighted_prediction: bool,
    pub(crate) initial_qp: i32,
    pub(crate) redundant_pictures: bool,
}

impl PictureParameters {
    /// Reads a NAL unit of type 8, without its start code.
    ///
    /// Errors: [`CodecError::Bitstream`] for what is truncated, out of range or not supported.
    pub(crate) fn parse(nal: &[u8]) -> Result<Self, CodecError> {
        let mut payload = [0; MAX_PARAMETER_BYTES];
        let length = unescape(nal.get(1..).unwrap_or_default(), &mut payload);
        let mut reader = BitReader::new(&payload[..length]);
        let id = reader.unsigned_up_to(255, "picture parameter set id")?;
        let sequence_id = reader.unsigned_up_to(31, "sequence parameter set id")?;
        let arithmetic_coding = reader.flag()?;
        let picture_order_in_slices = reader.flag()?;
        if reader.unsigned()? != 0 {
            return Err(CodecError::Bitstream(
                "slice groups are not supported".into(),
            ));
        }
        let default_references = 1 + reader.unsigned_up_to(31, "num_ref_idx_l0_default_minus1")?;
        let _list_1 = reader.unsigned_up_to(31, "num_ref_idx_l1_default_minus1")?;
        let weighted_prediction = reader.flag()?;
        let _weighted_bidirectional = reader.bits(2)?;
        let initial_qp = 26_i32.saturating_add(reader.signed()?);
        let _initial_qs = reader.signed()?;
        let _chroma_qp_offset = reader.signed()?;
        let _deblocking_in_slices = reader.flag()?;
        let _constrained_intra = reader.flag()?;
        let redundant_pictures = reader.flag()?;
        Ok(Self {
            id,
            sequence_id,
            arithmetic_coding,
            picture_order_in_slices,
            default_references,
            weighted_prediction,
            initial_qp,
            redundant_pictures,
        })
    }
}

/// The lowest level (times ten, as in the stream) that allows such pictures at such a rate, of those above 1.3;
/// 5.2 for anything beyond: decoders in the field refuse numbers they have never seen.
pub(crate) fn level_needed(size: PictureSize, fps: u32, reference_frames: u32) -> u8 {
    let macroblocks = size.width.div_ceil(16) * size.height.div_ceil(16);
    let rate = u64::from(macroblocks) * u64::from(fps);
    LEVELS
        .iter()
        .find(|level| {
            rate <= level.macroblocks_a_second
                && macroblocks <= level.macroblocks
                && macroblocks * reference_frames <= level.buffered_macroblocks
        })
        .map_or(HIGHEST_LEVEL, |level| level.idc)
}

fn chroma_format(reader: &mut BitReader<'_>) -> Result<(), CodecError> {
    let format = reader.unsigned_up_to(3, "chroma_format_idc")?;
    if format != 1 {
        return Err(CodecError::Bitstream(format!(
            "chroma format {format} is not 4:2:0"
        )));
    }
    let _luma_depth = reader.unsigned_up_to(6, "bit_depth_luma_minus8")?;
    let _chroma_depth = reader.unsigned_up_to(6, "bit_depth_chroma_minus8")?;
    let _lossless_bypass = reader.flag()?;
    if reader.flag()? {
        for list in 0..8 {
            if reader.flag()? {
                skip_scaling_list(reader, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Ok(())
}

fn skip_scaling_list(reader: &mut BitReader<'_>, entries: u32) -> Result<(), CodecError> {
    let (mut last, mut next) = (8_i32, 8_i32);
    for _ in 0..entries {
        if next != 0 {
            next = last.wrapping_add(reader.signed()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

fn picture_order_cycle(reader: &mut BitReader<'_>) -> Result<PictureOrder, CodecError> {
    let always_zero = reader.flag()?;
    let _offset_for_non_reference = reader.signed()?;
    let _offset_for_top_to_bottom = reader.signed()?;
    let cycle = reader.unsigned_up_to(255, "num_ref_frames_in_pic_order_cnt_cycle")?;
    for _ in 0..cycle {
        let _offset_for_reference = reader.signed()?;
    }
    Ok(PictureOrder::Cycle {
        corrections: !always_zero,
    })
}

fn cropped(
    reader: &mut BitReader<'_>,
    coded_width: u32,
    coded_height: u32,
) -> Result<PictureSize, CodecError> {
    let (mut width, mut height) = (coded_width, coded_height);
    if reader.flag()? {
        // Offsets count 4:2:0 chroma samples: two luma samples each.
        for side in [&mut width, &mut height] {
            let cut = reader
                .unsigned()?
                .saturating_add(reader.unsigned()?)
                .saturating_mul(2);
            if cut >= *side {
                return Err(CodecError::Bitstream(format!(
                    "{cut} of {side} samples are cropped"
                )));
            }
            *side -= cut;
        }
    }
    Ok(PictureSize { width, height })
}

fn usability(reader: &mut BitReader<'_>) -> Result<VideoUsability, CodecError> {
    let mut video = VideoUsability::default();
    if reader.flag()? && reader.bits(8)? == EXTENDED_ASPECT_RATIO {
        let _aspect_ratio = reader.bits(32)?;
    }
    if reader.flag()? {
        let _overscan_appropriate = reader.flag()?;
    }
    if reader.flag()? {
        let _video_format = reader.bits(3)?;
        let full_range = reader.flag()?;
        if reader.flag()? {
            video.colour = Some(ColourDescription {
                full_range,
                primaries: reader.bits(8)? as u8,
                transfer: reader.bits(8)? as u8,
                matrix: reader.bits(8)? as u8,
            });
        }
    }
    if reader.flag()? {
        video.chroma_location = (reader.unsigned()?, reader.unsigned()?);
    }
    if reader.flag()? {
        let _timing = (reader.bits(32)?, reader.bits(32)?, reader.flag()?);
    }
    let mut hypothetical_decoder = false;
    for _ in 0..2 {
        if reader.flag()? {
            hypothetical_decoder = true;
            skip_hypothetical_decoder(reader)?;
        }
    }
    if hypothetical_decoder {
        let _low_delay = reader.flag()?;
    }
    let _picture_structure_present = reader.flag()?;
    if reader.flag()? {
        let _motion_over_borders = reader.flag()?;
        let _limits = (reader.unsigned()?, reader.unsigned()?);
        let _longest_vectors = (reader.unsigned()?, reader.unsigned()?);
        video.restriction = Some(Restriction {
            reorder_frames: reader.unsigned()?,
            buffered_frames: reader.unsigned()?,
        });
    }
    Ok(video)
}

fn skip_hypothetical_decoder(reader: &mut BitReader<'_>) -> Result<(), CodecError> {
    let schedules = 1 + reader.unsigned_up_to(31, "cpb_cnt_minus1")?;
    let _scales = reader.bits(8)?;
    for _ in 0..schedules {
        let _rate_size_constant = (reader.unsigned()?, reader.unsigned()?, reader.flag()?);
    }
    let _lengths = reader.bits(20)?;
    Ok(())
}

/// What table A-1 allows at a level.
struct Level {
    idc: u8,
    macroblocks_a_second: u64,
    macroblocks: u32,
    buffered_macroblocks: u32,
}

const fn level(
    idc: u8,
    macroblocks_a_second: u64,
    macroblocks: u32,
    buffered_macroblocks: u32,
) -> Level {
    Level {
        idc,
        macroblocks_a_second,
        macroblocks,
        buffered_macroblocks,
    }
}

/// Table A-1 from level 2 on; smaller pictures than those are not worth a lower number.
const LEVELS: [Level; 12] = [
    level(20, 11_880, 396, 2_376),
    level(21, 19_800, 792, 4_752),
    level(22, 20_250, 1_620, 8_100),
    level(30, 40_500, 1_620, 8_100),
    level(31, 108_000, 3_600, 18_000),
    level(32, 216_000, 5_120, 20_480),
    level(40, 245_760, 8_192, 32_768),
    level(41, 245_760, 8_192, 32_768),
    level(42, 522_240, 8_704, 34_816),
    level(50, 589_824, 22_080, 110_400),
    level(51, 983_040, 36_864, 184_320),
    level(52, 2_073_600, 36_864, 184_320),
];
const HIGHEST_LEVEL: u8 = 52;
/// Profiles whose sequence parameter set carries chroma format, depths and scaling lists.
const PROFILES_WITH_CHROMA_FORMAT: [u8; 13] =
    [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
/// 16384 luma samples a side, far beyond any level.
const MAX_MACROBLOCKS_A_SIDE: u32 = 1023;
/// Aspect ratio 255: the ratio follows as two 16-bit numbers.
const EXTENDED_ASPECT_RATIO: u32 = 255;
/// Longest parameter set read; ours have 9 to 30 bytes, one full of scaling lists stays below 1000.
const MAX_PARAMETER_BYTES: usize = 1024;

#[cfg(test)]
#[path = "parameter_sets_tests.rs"]
mod tests;
