//! Parameter sets of two encoders, cut at every byte, and random bytes.

use proptest::prelude::*;

use super::*;

/// openh264, 640x360 at 60, long-term references; fields as ffmpeg's `trace_headers` lists them.
const OPENH264_SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0x8C, 0x64, 0x82, 0x80, 0xBF, 0xE5, 0x9A, 0x80, 0x80, 0x80, 0x83, 0xC2,
    0x21, 0x19, 0x20,
];
const OPENH264_PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];
/// libx264 164, High, 1366x768, with timing, buffering periods and emulation prevention bytes.
const X264_SPS: &[u8] = &[
    0x67, 0x64, 0x00, 0x2A, 0xAC, 0xB6, 0x02, 0xB0, 0x30, 0xF3, 0x78, 0x0B, 0x50, 0x10, 0x10, 0x14,
    0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x01, 0xE3, 0x80, 0x80, 0x00, 0x4C, 0x4B, 0x40,
    0x01, 0xE8, 0x4D, 0xFE, 0x30, 0x07, 0x8C, 0x19, 0x70,
];
const X264_PPS: &[u8] = &[0x68, 0xEA, 0x8F, 0x30, 0x0C];

const BT709_LIMITED: ColourDescription = ColourDescription {
    full_range: false,
    primaries: 1,
    transfer: 1,
    matrix: 1,
};

#[test]
fn sequence_parameters_of_openh264() {
    assert_eq!(
        SequenceParameters::parse(OPENH264_SPS),
        Ok(SequenceParameters {
            profile_idc: 66,
            level_idc: 31,
            id: 0,
            frame_num_bits: 15,
            picture_order: PictureOrder::DecodingOrder,
            max_reference_frames: 3,
            size: PictureSize::new(640, 360),
            video: VideoUsability {
                colour: Some(BT709_LIMITED),
                chroma_location: (0, 0),
                restriction: Some(Restriction {
                    reorder_frames: 0,
                    buffered_frames: 3
                }),
            },
        })
    );
}

#[test]
fn sequence_parameters_of_x264_with_everything_in_them() {
    assert_eq!(
        SequenceParameters::parse(X264_SPS),
        Ok(SequenceParameters {
            profile_idc: 100,
            level_idc: 42,
            id: 0,
            frame_num_bits: 4,
            picture_order: PictureOrder::DecodingOrder,
            max_reference_frames: 2,
            size: PictureSize::new(1366, 768),
            video: VideoUsability {
                colour: Some(BT709_LIMITED),
                chroma_location: (0, 0),
                restriction: Some(Restriction {
                    reorder_frames: 0,
                    buffered_frames: 2
                }),
            },
        })
    );
}

#[test]
fn picture_parameters_of_both() {
    let openh264 = PictureParameters {
        id: 0,
        sequence_id: 0,
        arithmetic_coding: false,
        picture_order_in_slices: false,
        default_references: 1,
        weighted_prediction: false,
        initial_qp: 26,
        redundant_pictures: false,
    };
    assert_eq!(PictureParameters::parse(OPENH264_PPS), Ok(openh264));
    assert_eq!(
        PictureParameters::parse(X264_PPS),
        Ok(PictureParameters {
            arithmetic_coding: true,
            default_references: 2,
            ..openh264
        })
    );
}

#[test]
fn parameter_sets_cut_at_any_byte_are_errors() {
    for sps in [OPENH264_SPS, X264_SPS] {
        for length in 0..sps.len() - 1 {
            assert!(
                SequenceParameters::parse(&sps[..length]).is_err(),
                "SPS of {length} bytes"
            );
        }
    }
    for pps in [OPENH264_PPS, &X264_PPS[..4]] {
        for length in 0..pps.len() - 1 {
            assert!(
                PictureParameters::parse(&pps[..length]).is_err(),
                "PPS of {length} bytes"
            );
        }
    }
}

#[test]
fn levels_are_those_of_table_a_1() {
    for (width, height, fps, references, level) in [
        (64, 64, 1, 1, 20),
        (320, 180, 30, 1, 20),
        (640, 360, 30, 3, 30),
        (1280, 720, 30, 3, 31),
        (1280, 720, 60, 3, 32),
        (1920, 1080, 30, 3, 40),
        (1920, 1080, 60, 3, 42),
        (1920, 1080, 120, 1, 51),
        (1920, 1080, 240, 1, 52),
        (2560, 1440, 60, 3, 51),
        (3840, 2160, 30, 3, 51),
        (3840, 2160, 60, 3, 52),
        (3840, 2160, 240, 3, 52),
    ] {
        let needed = level_needed(PictureSize::new(width, height), fps, references);
        assert_eq!(needed, level, "{width}x{height} at {fps}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        let _ = SequenceParameters::parse(&bytes);
        let _ = PictureParameters::parse(&bytes);
    }

    #[test]
    fn damaged_sets_never_panic(at in 0_usize..41, byte in any::<u8>()) {
        let mut damaged = X264_SPS.to_vec();
        damaged[at] = byte;
        let _ = SequenceParameters::parse(&damaged);
    }
}
