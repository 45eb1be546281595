//! Slice headers of two encoders, cut at every byte, and random bytes.

use proptest::prelude::*;

use super::*;
use crate::h264::parameter_sets::VideoUsability;
use crate::picture::PictureSize;

fn openh264() -> (SequenceParameters, PictureParameters) {
    let sequence = SequenceParameters {
        profile_idc: 66,
        level_idc: 31,
        id: 0,
        frame_num_bits: 15,
        picture_order: PictureOrder::DecodingOrder,
        max_reference_frames: 3,
        size: PictureSize::new(640, 360),
        video: VideoUsability::default(),
    };
    let picture = PictureParameters {
        id: 0,
        sequence_id: 0,
        arithmetic_coding: false,
        picture_order_in_slices: false,
        default_references: 1,
        weighted_prediction: false,
        initial_qp: 26,
        redundant_pictures: false,
    };
    (sequence, picture)
}

fn x264() -> (SequenceParameters, PictureParameters) {
    let (sequence, picture) = openh264();
    (
        SequenceParameters {
            frame_num_bits: 4,
            ..sequence
        },
        PictureParameters {
            arithmetic_coding: true,
            default_references: 2,
            ..picture
        },
    )
}

/// Items as a header holds them; for tests here and of what reads headers.
pub(crate) fn few<T: Copy>(items: &[T]) -> FewOf<T> {
    let mut few = FewOf::none();
    items
        .iter()
        .for_each(|&item| few.push(item).expect("not many"));
    few
}

/// openh264: IDR, first P, second P, a mark of itself, a mark of the one before, a recovery; libx264: IDR and P.
/// The fields are those ffmpeg's `trace_headers` lists.
fn vectors() -> Vec<(Vec<u8>, bool, SliceHeader)> {
    let predicted = SliceHeader {
        slice_type: SliceType::Predicted,
        frame_num: 0,
        idr_picture_id: None,
        references: 1,
        modifications: FewOf::none(),
        marking: Some(Marking::SlidingWindow),
        qp: 26,
    };
    let previous = few(&[ListModification::ShortTerm {
        older: true,
        difference: 1,
    }]);
    let long_term = |index| few(&[ListModification::LongTerm { index }]);
    let mark_itself = few(&[
        MemoryOperation::LimitLongTerm { count: 2 },
        MemoryOperation::DropShortTerm { difference: 1 },
        MemoryOperation::CurrentToLongTerm { index: 1 },
    ]);
    let mark_previous = few(&[MemoryOperation::ShortToLongTerm {
        difference: 1,
        index: 0,
    }]);
    vec![
        (
            vec![0x65, 0xB8, 0x00, 0x04, 0xF8, 0x8C],
            true,
            SliceHeader {
                slice_type: SliceType::Intra,
                idr_picture_id: Some(1),
                references: 0,
                marking: Some(Marking::Idr { long_term: true }),
                ..predicted
            },
        ),
        (
            vec![0x61, 0xE0, 0x00, 0x7B, 0x91, 0xFE],
            true,
            SliceHeader {
                frame_num: 1,
                modifications: long_term(0),
                ..predicted
            },
        ),
        (
            vec![0x61, 0xE0, 0x00, 0xBE, 0x43, 0xF6],
            true,
            SliceHeader {
                frame_num: 2,
                modifications: previous,
                qp: 25,
                ..predicted
            },
        ),
        (
            vec![0x61, 0xE0, 0x02, 0xBE, 0x49, 0x5A, 0x9D, 0x4F, 0xF1],
            true,
            SliceHeader {
                frame_num: 10,
                modifications: previous,
                marking: Some(Marking::Adaptive(mark_itself)),
                qp: 23,
                ..predicted
            },
        ),
        (
            vec![0x61, 0xE0, 0x04, 0xFE, 0x49, 0x39, 0xFE, 0x0C],
            true,
            SliceHeader {
                frame_num: 19,
                modifications: previous,
                marking: Some(Marking::Adaptive(mark_previous)),
                qp: 23,
                ..predicted
            },
        ),
        (
            vec![0x61, 0xE0, 0x0A, 0x3B, 0x90, 0xFE, 0x07],
            true,
            SliceHeader {
                frame_num: 40,
                modifications: long_term(0),
                qp: 25,
                ..predicted
            },
        ),
        (
            vec![0x65, 0x88, 0x84, 0x10, 0xBF, 0xFB, 0x0D],
            false,
            SliceHeader {
                slice_type: SliceType::Intra,
                idr_picture_id: Some(0),
                references: 0,
                marking: Some(Marking::Idr { long_term: false }),
                qp: 30,
                ..predicted
            },
        ),
        (
            vec![0x41, 0x9A, 0x39, 0x14, 0xBF, 0xCA, 0x8E],
            false,
            SliceHeader {
                frame_num: 1,
                qp: 31,
                ..predicted
            },
        ),
    ]
}

fn sets(of_openh264: bool) -> (SequenceParameters, PictureParameters) {
    if of_openh264 { openh264() } else { x264() }
}

#[test]
fn headers_of_both_encoders() {
    for (bytes, of_openh264, want) in vectors() {
        let (sequence, picture) = sets(of_openh264);
        assert_eq!(
            SliceHeader::parse(&bytes, &sequence, &picture),
            Ok(want),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn headers_cut_at_any_byte_are_errors_or_whole() {
    for (bytes, of_openh264, want) in vectors() {
        let (sequence, picture) = sets(of_openh264);
        for length in 0..bytes.len() {
            let cut = SliceHeader::parse(&bytes[..length], &sequence, &picture);
            assert!(
                cut.is_err() || cut == Ok(want),
                "{length} bytes of {bytes:02x?}: {cut:?}"
            );
        }
        assert!(SliceHeader::parse(&bytes[..3], &sequence, &picture).is_err());
    }
}

#[test]
fn what_is_not_a_known_slice_is_refused() {
    let (sequence, picture) = openh264();
    let parse = |bytes: &[u8]| SliceHeader::parse(bytes, &sequence, &picture);
    assert!(parse(&[]).is_err());
    assert!(
        parse(&[0x67, 0xE0, 0x00, 0x7B, 0x91]).is_err(),
        "a parameter set"
    );
    // 1 | 010 = slice type 1, B.
    assert!(parse(&[0x61, 0b1010_0000, 0, 0, 0]).is_err(), "a B slice");
    let other = PictureParameters { id: 3, ..picture };
    assert!(SliceHeader::parse(&[0x61, 0xE0, 0x00, 0x7B, 0x91], &sequence, &other).is_err());
    let weighted = PictureParameters {
        weighted_prediction: true,
        ..picture
    };
    let p = [0x61, 0xE0, 0x00, 0x7B, 0x91, 0xFE];
    assert!(SliceHeader::parse(&p, &sequence, &weighted).is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..220),
        of_openh264 in any::<bool>(),
        order in 0..3,
        redundant in any::<bool>(),
    ) {
        let (mut sequence, mut picture) = sets(of_openh264);
        sequence.picture_order = match order {
            0 => PictureOrder::LowBits(16),
            1 => PictureOrder::Cycle { corrections: true },
            _ => PictureOrder::DecodingOrder,
        };
        picture.redundant_pictures = redundant;
        picture.picture_order_in_slices = redundant;
        let mut slice = vec![0x61];
        slice.extend_from_slice(&bytes);
        let _ = SliceHeader::parse(&slice, &sequence, &picture);
        let _ = SliceHeader::parse(&bytes, &sequence, &picture);
    }
}
