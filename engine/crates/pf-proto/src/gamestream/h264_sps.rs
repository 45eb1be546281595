//! The H.264 sequence parameter set, as far as low delay and colour depend on it.
//!
//! For checks of what an encoder makes (gamestream-media.md 6.4); nothing is rewritten. Source: ITU-T H.264
//! 7.3.2.1.1 and E.1.1.

use crate::error::ProtoError;

/// What the stream promises its decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceParameterSet {
    /// 66 Baseline, 77 Main, 100 High, 244 High 4:4:4 Predictive.
    pub profile_idc: u8,
    /// The constraint flags, set 0 in the highest bit.
    pub constraint_flags: u8,
    /// Ten times the level.
    pub level_idc: u8,
    /// 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format_idc: u8,
    /// Bits of a luma sample.
    pub bit_depth_luma: u8,
    /// 2: output order is decoding order.
    pub pic_order_cnt_type: u8,
    /// Pictures kept for reference.
    pub max_num_ref_frames: u8,
    /// Pixels, cropped.
    pub width: u32,
    /// Pixels, cropped.
    pub height: u32,
    /// Usability information; absent when the stream carries none.
    pub vui: Option<Vui>,
}

/// Video usability information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vui {
    /// Range and colour; absent when not told.
    pub video_signal: Option<VideoSignal>,
    /// Time base; absent when not told.
    pub timing: Option<Timing>,
    /// Limits that let a decoder show pictures at once; absent when not told.
    pub bitstream_restriction: Option<BitstreamRestriction>,
}

/// How samples become light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoSignal {
    /// True for 0 to 255, false for 16 to 235.
    pub full_range: bool,
    /// Codes of primaries, transfer and matrix (1 = BT.709); absent when not told.
    pub colour: Option<[u8; 3]>,
}

/// The time base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Units of a tick.
    pub num_units_in_tick: u32,
    /// Units of a second.
    pub time_scale: u32,
    /// True when every picture lasts two ticks.
    pub fixed_frame_rate: bool,
}

/// What a decoder may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// Whether motion vectors may point outside.
    pub motion_vectors_over_pic_boundaries: bool,
    /// Pictures that are shown later than decoded; 0 for us.
    pub max_num_reorder_frames: u8,
    /// Pictures a decoder must keep.
    pub max_dec_frame_buffering: u8,
}

impl SequenceParameterSet {
    /// Reads a NAL unit from its header byte on, emulation prevention still in it.
    ///
    /// # Errors
    /// [`ProtoError::SequenceParameterSet`] with the syntax element that is missing or impossible.
    pub fn parse(nal: &[u8]) -> Result<Self, ProtoError> {
        let mut bits = Bits::new(nal);
        if bits.read(8, "nal_unit_type")? & 0x9F != 7 {
            return Err(ProtoError::SequenceParameterSet {
                element: "nal_unit_type",
            });
        }
        let profile_idc = bits.read(8, "profile_idc")? as u8;
        let constraint_flags = bits.read(8, "constraint_flags")? as u8;
        let level_idc = bits.read(8, "level_idc")? as u8;
        bits.exp_golomb(31, "seq_parameter_set_id")?;

        let (mut chroma_format_idc, mut bit_depth_luma, mut separate_planes) = (1, 8, false);
        if HIGH_PROFILES.contains(&profile_idc) {
            chroma_format_idc = bits.exp_golomb(3, "chroma_format_idc")? as u8;
            if chroma_format_idc == 3 {
                separate_planes = bits.flag("separate_colour_plane_flag")?;
            }
            bit_depth_luma = 8 + bits.exp_golomb(6, "bit_depth_luma_minus8")? as u8;
            bits.exp_golomb(6, "bit_depth_chroma_minus8")?;
            bits.flag("qpprime_y_zero_transform_bypass_flag")?;
            if bits.flag("seq_scaling_matrix_present_flag")? {
                skip_scaling_lists(&mut bits, if chroma_format_idc == 3 { 12 } else { 8 })?;
            }
        }

        bits.exp_golomb(12, "log2_max_frame_num_minus4")?;
        let pic_order_cnt_type = bits.exp_golomb(2, "pic_order_cnt_type")? as u8;
        match pic_order_cnt_type {
            0 => {
                bits.exp_golomb(12, "log2_max_pic_order_cnt_lsb_minus4")?;
            }
            1 => skip_order_cycle(&mut bits)?,
            _ => {}
        }
        let max_num_ref_frames = bits.exp_golomb(16, "max_num_ref_frames")? as u8;
        bits.flag("gaps_in_frame_num_value_allowed_flag")?;

        let width_mbs = bits.exp_golomb(MAX_SIZE_MBS, "pic_width_in_mbs_minus1")? + 1;
        let height_map_units = bits.exp_golomb(MAX_SIZE_MBS, "pic_height_in_map_units_minus1")? + 1;
        let frame_mbs_only = bits.flag("frame_mbs_only_flag")?;
        if !frame_mbs_only {
            bits.flag("mb_adaptive_frame_field_flag")?;
        }
        bits.flag("direct_8x8_inference_flag")?;
        let field_factor = if frame_mbs_only { 1 } else { 2 };
        let (mut width, mut height) = (width_mbs * 16, height_map_units * 16 * field_factor);
        if bits.flag("frame_cropping_flag")? {
            let chroma = if separate_planes {
                0
            } else {
                chroma_format_idc
            };
            let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
            let unit_y = field_factor * if chroma == 1 { 2 } else { 1 };
            let left = bits.exp_golomb(width, "frame_crop_left_offset")?;
            let right = bits.exp_golomb(width, "frame_crop_right_offset")?;
            let top = bits.exp_golomb(height, "frame_crop_top_offset")?;
            let bottom = bits.exp_golomb(height, "frame_crop_bottom_offset")?;
            let crop = |size: u32, cropped: u32| {
                size.checked_sub(cropped).filter(|&rest| rest > 0).ok_or(
                    ProtoError::SequenceParameterSet {
                        element: "frame_cropping",
                    },
                )
            };
            width = crop(width, (left + right) * unit_x)?;
            height = crop(height, (top + bottom) * unit_y)?;
        }
        let vui = if bits.flag("vui_parameters_present_flag")? {
            Some(Vui::parse(&mut bits)?)
        } else {
            None
        };
        Ok(Self {
            profile_idc,
            constraint_flags,
            level_idc,
            chroma_format_idc,
            bit_depth_luma,
            pic_order_cnt_type,
            max_num_ref_frames,
            width,
            height,
            vui,
        })
    }
}

impl Vui {
    fn parse(bits: &mut Bits<'_>) -> Result<Self, ProtoError> {
        if bits.flag("aspect_ratio_info_present_flag")?
            && bits.read(8, "aspect_ratio_idc")? == EXTENDED_ASPECT
        {
            bits.read(32, "sar")?;
        }
        if bits.flag("overscan_info_present_flag")? {
            bits.flag("overscan_appropriate_flag")?;
        }
        let video_signal = if bits.flag("video_signal_type_present_flag")? {
            bits.read(3, "video_format")?;
            let full_range = bits.flag("video_full_range_flag")?;
            let colour = if bits.flag("colour_description_present_flag")? {
                let [_, codes @ ..] = bits.read(24, "colour_description")?.to_be_bytes();
                Some(codes)
            } else {
                None
            };
            Some(VideoSignal { full_range, colour })
        } else {
            None
        };
        if bits.flag("chroma_loc_info_present_flag")? {
            bits.exp_golomb(5, "chroma_sample_loc_type_top_field")?;
            bits.exp_golomb(5, "chroma_sample_loc_type_bottom_field")?;
        }
        let timing = if bits.flag("timing_info_present_flag")? {
            Some(Timing {
                num_units_in_tick: bits.read(32, "num_units_in_tick")?,
                time_scale: bits.read(32, "time_scale")?,
                fixed_frame_rate: bits.flag("fixed_frame_rate_flag")?,
            })
        } else {
            None
        };
        let nal_hrd = bits.flag("nal_hrd_parameters_present_flag")?;
        if nal_hrd {
            skip_hrd(bits)?;
        }
        let vcl_hrd = bits.flag("vcl_hrd_parameters_present_flag")?;
        if vcl_hrd {
            skip_hrd(bits)?;
        }
        if nal_hrd || vcl_hrd {
            bits.flag("low_delay_hrd_flag")?;
        }
        bits.flag("pic_struct_present_flag")?;
        let bitstream_restriction = if bits.flag("bitstream_restriction_flag")? {
            let motion_vectors_over_pic_boundaries =
                bits.flag("motion_vectors_over_pic_boundaries_flag")?;
            bits.exp_golomb(16, "max_bytes_per_pic_denom")?;
            bits.exp_golomb(16, "max_bits_per_mb_denom")?;
            bits.exp_golomb(16, "log2_max_mv_length_horizontal")?;
            bits.exp_golomb(16, "log2_max_mv_length_vertical")?;
            Some(BitstreamRestriction {
                motion_vectors_over_pic_boundaries,
                max_num_reorder_frames: bits.exp_golomb(16, "max_num_reorder_frames")? as u8,
                max_dec_frame_buffering: bits.exp_golomb(16, "max_dec_frame_buffering")? as u8,
            })
        } else {
            None
        };
        Ok(Self {
            video_signal,
            timing,
            bitstream_restriction,
        })
    }
}

/// Profiles whose parameter set tells chroma format and bit depth.
const HIGH_PROFILES: [u8; 13] = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];

/// 16,384 pixels: twice the largest level's.
const MAX_SIZE_MBS: u32 = 1023;

/// The aspect ratio follows as two 16-bit numbers.
const EXTENDED_ASPECT: u32 = 255;

fn skip_scaling_lists(bits: &mut Bits<'_>, lists: usize) -> Result<(), ProtoError> {
    for list in 0..lists {
        if !bits.flag("seq_scaling_list_present_flag")? {
            continue;
        }
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = last.wrapping_add(bits.signed_exp_golomb("delta_scale")?) & 0xFF;
            }
            if next != 0 {
                last = next;
            }
        }
    }
    Ok(())
}

fn skip_order_cycle(bits: &mut Bits<'_>) -> Result<(), ProtoError> {
    bits.flag("delta_pic_order_always_zero_flag")?;
    bits.signed_exp_golomb("offset_for_non_ref_pic")?;
    bits.signed_exp_golomb("offset_for_top_to_bottom_field")?;
    for _ in 0..bits.exp_golomb(255, "num_ref_frames_in_pic_order_cnt_cycle")? {
        bits.signed_exp_golomb("offset_for_ref_frame")?;
    }
    Ok(())
}

fn skip_hrd(bits: &mut Bits<'_>) -> Result<(), ProtoError> {
    let count = bits.exp_golomb(31, "cpb_cnt_minus1")? + 1;
    bits.read(8, "bit_rate_scale")?;
    for _ in 0..count {
        bits.exp_golomb(u32::MAX - 1, "bit_rate_value_minus1")?;
        bits.exp_golomb(u32::MAX - 1, "cpb_size_value_minus1")?;
        bits.flag("cbr_flag")?;
    }
    bits.read(20, "hrd_lengths")?;
    Ok(())
}

/// The bits of a NAL unit, without the emulation prevention bytes.
struct Bits<'a> {
    rest: &'a [u8],
    zeros: u8,
    byte: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    fn new(nal: &'a [u8]) -> Self {
        Self {
            rest: nal,
            zeros: 0,
            byte: 0,
            left: 0,
        }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let (mut byte, mut rest) = self.rest.split_first()?;
            if self.zeros == 2 && *byte == 3 {
                (byte, rest) = rest.split_first()?;
                self.zeros = 0;
            }
            self.zeros = if *byte == 0 {
                (self.zeros + 1).min(2)
            } else {
                0
            };
            (self.byte, self.rest, self.left) = (*byte, rest, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn read(&mut self, count: u32, element: &'static str) -> Result<u32, ProtoError> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1
                | self
                    .bit()
                    .ok_or(ProtoError::SequenceParameterSet { element })?;
        }
        Ok(value)
    }

    fn flag(&mut self, element: &'static str) -> Result<bool, ProtoError> {
        Ok(self.read(1, element)? == 1)
    }

    /// An unsigned Exp-Golomb code of at most `limit`.
    fn exp_golomb(&mut self, limit: u32, element: &'static str) -> Result<u32, ProtoError> {
        let mut zeros = 0;
        while !self.flag(element)? {
            zeros += 1;
            if zeros > 31 {
                return Err(ProtoError::SequenceParameterSet { element });
            }
        }
        let value = (1_u32 << zeros) - 1 + self.read(zeros, element)?;
        if value > limit {
            Err(ProtoError::SequenceParameterSet { element })
        } else {
            Ok(value)
        }
    }

    fn signed_exp_golomb(&mut self, element: &'static str) -> Result<i32, ProtoError> {
        let code = self.exp_golomb(u32::MAX - 1, element)?;
        let magnitude = code.div_ceil(2) as i32;
        Ok(if code % 2 == 1 { magnitude } else { -magnitude })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// libx264 164, 1080p60, ultrafast zerolatency, one reference, BT.709.
    const BASELINE_1080P: [u8; 27] = [
        0x67, 0x42, 0xC0, 0x2A, 0xDA, 0x01, 0xE0, 0x08, 0x9F, 0x97, 0x01, 0x6A, 0x02, 0x02, 0x02,
        0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x3C, 0x47, 0x8C, 0x19,
    ];
    /// libx264 164, 720p60, high profile, three references.
    const HIGH_720P: [u8; 24] = [
        0x67, 0x64, 0x00, 0x20, 0xAC, 0xB2, 0x00, 0xA0, 0x0B, 0x76, 0x02, 0x20, 0x00, 0x00, 0x03,
        0x00, 0x20, 0x00, 0x00, 0x0F, 0x11, 0xE3, 0x06, 0x49,
    ];
    /// libx264 164, 176x144, 4:4:4, with an emulation prevention byte before the value 3.
    const HIGH_444: [u8; 25] = [
        0x67, 0xF4, 0x00, 0x0C, 0x91, 0x9B, 0x28, 0x58, 0x9D, 0x80, 0x88, 0x00, 0x00, 0x03, 0x00,
        0x08, 0x00, 0x00, 0x03, 0x03, 0xC0, 0x78, 0xA1, 0x4C, 0xB0,
    ];

    fn restriction(
        max_num_reorder_frames: u8,
        max_dec_frame_buffering: u8,
    ) -> Option<BitstreamRestriction> {
        let motion_vectors_over_pic_boundaries = true;
        Some(BitstreamRestriction {
            motion_vectors_over_pic_boundaries,
            max_num_reorder_frames,
            max_dec_frame_buffering,
        })
    }

    #[test]
    fn a_low_delay_1080p_set_is_read_as_its_encoder_was_told() {
        let mut nal = BASELINE_1080P.to_vec();
        nal.push(0x50);
        let expected = SequenceParameterSet {
            profile_idc: 66,
            constraint_flags: 0xC0,
            level_idc: 42,
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            pic_order_cnt_type: 2,
            max_num_ref_frames: 1,
            width: 1920,
            height: 1080,
            vui: Some(Vui {
                video_signal: Some(VideoSignal {
                    full_range: false,
                    colour: Some([1, 1, 1]),
                }),
                timing: Some(Timing {
                    num_units_in_tick: 1,
                    time_scale: 120,
                    fixed_frame_rate: true,
                }),
                bitstream_restriction: restriction(0, 1),
            }),
        };
        assert_eq!(SequenceParameterSet::parse(&nal), Ok(expected));
    }

    #[test]
    fn high_profiles_tell_chroma_format_and_references() {
        let high = SequenceParameterSet::parse(&HIGH_720P).unwrap();
        assert_eq!(
            (
                high.profile_idc,
                high.chroma_format_idc,
                high.max_num_ref_frames
            ),
            (100, 1, 3)
        );
        assert_eq!((high.width, high.height), (1280, 720));
        let vui = high.vui.unwrap();
        assert_eq!(
            (vui.video_signal, vui.bitstream_restriction),
            (None, restriction(0, 3))
        );

        let full = SequenceParameterSet::parse(&HIGH_444).unwrap();
        assert_eq!(
            (
                full.profile_idc,
                full.chroma_format_idc,
                full.max_num_ref_frames
            ),
            (244, 3, 4)
        );
        assert_eq!(
            (full.width, full.height, full.pic_order_cnt_type),
            (176, 144, 0)
        );
        let vui = full.vui.unwrap();
        assert_eq!(
            vui.timing,
            Some(Timing {
                num_units_in_tick: 1,
                time_scale: 120,
                fixed_frame_rate: false
            })
        );
        assert_eq!(vui.bitstream_restriction, restriction(2, 4));
    }

    #[test]
    fn a_set_cut_anywhere_is_refused() {
        for length in 0..BASELINE_1080P.len() {
            let result = SequenceParameterSet::parse(&BASELINE_1080P[..length]);
            assert!(
                matches!(result, Err(ProtoError::SequenceParameterSet { .. })),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn another_nal_unit_is_refused_by_its_type() {
        let mut nal = HIGH_720P;
        nal[0] = 0x68;
        let refused = SequenceParameterSet::parse(&nal).unwrap_err();
        assert_eq!(
            refused,
            ProtoError::SequenceParameterSet {
                element: "nal_unit_type"
            }
        );
        assert_eq!(
            refused.to_string(),
            "sequence parameter set unreadable at nal_unit_type"
        );
    }

    proptest! {
        #[test]
        fn fuzz_random_bytes_and_flipped_bits_never_panic(
            tail in prop::collection::vec(any::<u8>(), 0..80),
            profile in prop::sample::select(vec![66_u8, 100, 244]),
            flips in prop::collection::vec(32_usize..25 * 8, 0..6),
        ) {
            let mut random = vec![0x67, profile];
            random.extend(tail);
            let mut flipped = HIGH_444;
            for bit in flips {
                flipped[bit / 8] ^= 0x80 >> (bit % 8);
            }
            for nal in [&random[..], &flipped] {
                if let Ok(set) = SequenceParameterSet::parse(nal) {
                    prop_assert!(set.width > 0 && set.width <= 16_384);
                    prop_assert!(set.height > 0 && set.height <= 32_768);
                    prop_assert!(set.max_num_ref_frames <= 16);
                }
            }
        }
    }
}
