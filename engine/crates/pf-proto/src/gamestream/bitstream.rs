//! Annex B access units, as far as the client parses them: the NAL units in front of the first slice.
//!
//! The client looks for an IDR slice in packet 0 of a key frame only. Where it does not find one it drops
//! the frame and asks for no other for 120 frames, so [`fit_packet_zero`] makes sure, or says no. From the
//! first slice on nothing is looked at: more slices and filler pass. AV1 needs none of this.
//! Source: gamestream-media.md 6.2.

use std::ops::Range;

use crate::error::ProtoError;
use crate::gamestream::split::FRAME_HEADER_BYTES;
use crate::gamestream::video::FrameType;
use crate::units::PacketSize;

/// Codecs with NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalCodec {
    /// Advanced Video Coding.
    H264,
    /// High Efficiency Video Coding.
    Hevc,
}

/// What a NAL unit is, as far as packet 0 is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalKind {
    /// A slice of a key frame: H.264 IDR, HEVC BLA, IDR or CRA.
    KeySlice,
    /// Any other slice.
    Slice,
    /// HEVC video parameter set.
    VideoParameterSet,
    /// Sequence parameter set.
    SequenceParameterSet,
    /// Picture parameter set.
    PictureParameterSet,
    /// Access unit delimiter, supplemental information, filler: nothing that decoding needs.
    Dispensable,
    /// Anything else; left where it is.
    Other,
}

/// One NAL unit of an access unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NalUnit {
    /// Where its start code begins, at the first of three or four bytes.
    pub start: usize,
    /// Its bytes from the NAL header on, without the start code and without zeros behind it.
    pub bytes: Range<usize>,
    /// What it is.
    pub kind: NalKind,
}

/// The NAL units of an access unit, in order. Looks no further than it is asked to, except for the end of
/// the unit that it gives: a reader that stops at the first slice should use [`first_slice`].
pub fn nal_units(codec: NalCodec, access_unit: &[u8]) -> impl Iterator<Item = NalUnit> {
    let mut next = find_start_code(access_unit, 0);
    std::iter::from_fn(move || {
        let code = next.take()?;
        let header = *access_unit.get(code.end)?;
        next = find_start_code(access_unit, code.end);
        let end = next
            .as_ref()
            .map_or(access_unit.len(), |following| following.start);
        let used = access_unit[code.end..end]
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        Some(NalUnit {
            start: code.start,
            bytes: code.end..code.end + used,
            kind: codec.kind(header),
        })
    })
}

/// Where the first slice's start code begins, where its NAL header is, and what it is.
///
/// # Errors
/// [`ProtoError::NoSlice`].
pub fn first_slice(
    codec: NalCodec,
    access_unit: &[u8],
) -> Result<(Range<usize>, NalKind), ProtoError> {
    let mut from = 0;
    while let Some(code) = find_start_code(access_unit, from) {
        match access_unit.get(code.end).map(|&header| codec.kind(header)) {
            Some(kind @ (NalKind::KeySlice | NalKind::Slice)) => return Ok((code, kind)),
            Some(_) => from = code.end,
            None => break,
        }
    }
    Err(ProtoError::NoSlice {
        bytes: access_unit.len(),
    })
}

/// Makes an access unit fit for the wire, in place, and answers how many bytes were taken out.
///
/// A key frame keeps its parameter sets; when its first slice does not begin in packet 0, delimiters,
/// supplemental information, filler and padding in front of that slice are taken out. From any other frame
/// they always are, and parameter sets too: the client would take the frame for a key frame.
///
/// # Errors
/// [`ProtoError::NoStartCode`], [`ProtoError::NoSlice`], [`ProtoError::FrameTypeMismatch`] when the first slice is
/// none of the frame's type, [`ProtoError::NoParameterSets`], and [`ProtoError::SliceBehindPacketZero`]
/// when nothing more can be taken out. The access unit may be stripped then, but is still whole.
pub fn fit_packet_zero(
    codec: NalCodec,
    access_unit: &mut Vec<u8>,
    frame_type: FrameType,
    packet_size: PacketSize,
) -> Result<usize, ProtoError> {
    let before = access_unit.len();
    if !starts_with_start_code(access_unit) {
        return Err(ProtoError::NoStartCode);
    }
    let (slice, kind) = first_slice(codec, access_unit)?;
    let is_key = frame_type == FrameType::Key;
    if is_key != (kind == NalKind::KeySlice) {
        return Err(ProtoError::FrameTypeMismatch {
            frame_type: frame_type as u8,
            nal_header: access_unit[slice.end],
        });
    }
    if !is_key {
        strip_before_slice(codec, access_unit, |kind| kind == NalKind::Other);
        return Ok(before - access_unit.len());
    }

    check_parameter_sets(codec, &access_unit[..slice.start])?;
    let limit_bytes = packet_size.payload_bytes() - FRAME_HEADER_BYTES;
    // Padding in front of the first start code would be read as something else than a start code.
    if slice.end + 1 > limit_bytes
        || find_start_code(access_unit, 0).is_some_and(|first| first.start > 0)
    {
        strip_before_slice(codec, access_unit, |kind| kind != NalKind::Dispensable);
    }
    let needed_bytes = first_slice(codec, access_unit)?.0.end + 1;
    if needed_bytes > limit_bytes {
        return Err(ProtoError::SliceBehindPacketZero {
            needed_bytes,
            limit_bytes,
        });
    }
    Ok(before - access_unit.len())
}

impl NalCodec {
    fn kind(self, header: u8) -> NalKind {
        match self {
            Self::H264 => match header & 0x1F {
                5 => NalKind::KeySlice,
                1..=4 => NalKind::Slice,
                7 => NalKind::SequenceParameterSet,
                8 => NalKind::PictureParameterSet,
                6 | 9 | 12 => NalKind::Dispensable,
                _ => NalKind::Other,
            },
            Self::Hevc => match header >> 1 & 0x3F {
                16..=21 => NalKind::KeySlice,
                0..=9 => NalKind::Slice,
                32 => NalKind::VideoParameterSet,
                33 => NalKind::SequenceParameterSet,
                34 => NalKind::PictureParameterSet,
                35 | 38..=40 => NalKind::Dispensable,
                _ => NalKind::Other,
            },
        }
    }
}

/// The first unit that is not dispensable must be what makes the client see a key frame, and the other sets
/// must follow: nothing is sent out of band.
fn check_parameter_sets(codec: NalCodec, front: &[u8]) -> Result<(), ProtoError> {
    let order: &[NalKind] = match codec {
        NalCodec::H264 => &[NalKind::SequenceParameterSet, NalKind::PictureParameterSet],
        NalCodec::Hevc => &[
            NalKind::VideoParameterSet,
            NalKind::SequenceParameterSet,
            NalKind::PictureParameterSet,
        ],
    };
    let mut kinds = nal_units(codec, front)
        .map(|unit| unit.kind)
        .filter(|&kind| kind != NalKind::Dispensable);
    let first = kinds.next();
    let in_order = order[1..]
        .iter()
        .all(|wanted| kinds.any(|kind| kind == *wanted));
    if first == order.first().copied() && in_order {
        Ok(())
    } else {
        Err(ProtoError::NoParameterSets)
    }
}

/// Keeps of the units in front of the first slice those that `keep` wants, without zeros between them.
fn strip_before_slice(codec: NalCodec, access_unit: &mut Vec<u8>, keep: impl Fn(NalKind) -> bool) {
    let mut written = 0;
    let mut unit_code = find_start_code(access_unit, 0);
    while let Some(code) = unit_code {
        let Some(&header) = access_unit.get(code.end) else {
            return;
        };
        let kind = codec.kind(header);
        if matches!(kind, NalKind::KeySlice | NalKind::Slice) {
            // Everything from the slice on moves up unseen; mostly there is nothing to close.
            if written < code.start {
                let length = access_unit.len();
                access_unit.copy_within(code.start..length, written);
                access_unit.truncate(written + length - code.start);
            }
            return;
        }
        unit_code = find_start_code(access_unit, code.end);
        let end = unit_code
            .as_ref()
            .map_or(access_unit.len(), |following| following.start);
        if keep(kind) {
            let padding = access_unit[code.end..end]
                .iter()
                .rev()
                .take_while(|&&byte| byte == 0)
                .count();
            access_unit.copy_within(code.start..end - padding, written);
            written += end - padding - code.start;
        }
    }
}

/// The next start code at or after `from`: `00 00 01` and, where there is one, the zero byte before it.
fn find_start_code(data: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(&third) = data.get(at + 2) {
        if third > 1 {
            at += 3;
        } else if third == 1 && data[at] == 0 && data[at + 1] == 0 {
            let start = if at > from && data[at - 1] == 0 {
                at - 1
            } else {
                at
            };
            return Some(start..at + 3);
        } else {
            at += 1;
        }
    }
    None
}

/// True when nothing but zeros comes before the first start code.
fn starts_with_start_code(access_unit: &[u8]) -> bool {
    find_start_code(access_unit, 0)
        .is_some_and(|code| access_unit[..code.start].iter().all(|&byte| byte == 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 64 - 24;

    fn small() -> PacketSize {
        PacketSize::new(64).unwrap()
    }

    /// Four-byte start code, header, and a body without zeros.
    fn unit(header: u8, body: usize) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 1, header];
        bytes.extend((0..body).map(|i| 0x10 + (i % 0xE0) as u8));
        bytes
    }

    const SPS: u8 = 0x67;
    const PPS: u8 = 0x68;
    const SEI: u8 = 0x06;
    const AUD: u8 = 0x09;
    const FILLER: u8 = 0x0C;
    const IDR: u8 = 0x65;
    const SLICE: u8 = 0x41;

    fn key(access_unit: &mut Vec<u8>) -> Result<usize, ProtoError> {
        fit_packet_zero(NalCodec::H264, access_unit, FrameType::Key, small())
    }

    fn predicted(access_unit: &mut Vec<u8>) -> Result<usize, ProtoError> {
        fit_packet_zero(NalCodec::H264, access_unit, FrameType::Predicted, small())
    }

    fn headers(codec: NalCodec, access_unit: &[u8]) -> Vec<u8> {
        nal_units(codec, access_unit)
            .map(|unit| access_unit[unit.bytes.start])
            .collect()
    }

    #[test]
    fn start_codes_of_three_and_four_bytes_divide_an_access_unit() {
        let data = [
            0, 0, 0, 1, 0x67, 5, 0, 0, 1, 0x68, 6, 7, 0, 0, 0, 0, 1, 0x65, 0, 3, 0, 0,
        ];
        let units: Vec<_> = nal_units(NalCodec::H264, &data).collect();
        let expect = |start, bytes, kind| NalUnit { start, bytes, kind };
        assert_eq!(
            units,
            [
                expect(0, 4..6, NalKind::SequenceParameterSet),
                expect(6, 9..12, NalKind::PictureParameterSet),
                expect(13, 17..20, NalKind::KeySlice),
            ]
        );
        assert_eq!(
            first_slice(NalCodec::H264, &data),
            Ok((13..17, NalKind::KeySlice))
        );
    }

    #[test]
    fn nal_types_of_both_codecs_are_known() {
        let h264 = |header| NalCodec::H264.kind(header);
        assert_eq!([h264(0x25), h264(0x65)], [NalKind::KeySlice; 2]);
        assert_eq!([h264(0x01), h264(0x41), h264(0x61)], [NalKind::Slice; 3]);
        assert_eq!(
            [h264(SEI), h264(AUD), h264(FILLER)],
            [NalKind::Dispensable; 3]
        );
        assert_eq!(h264(0x0E), NalKind::Other);
        let hevc = |nal_type: u8| NalCodec::Hevc.kind(nal_type << 1);
        assert!((16..=21).all(|t| hevc(t) == NalKind::KeySlice));
        assert!((0..=9).all(|t| hevc(t) == NalKind::Slice));
        assert_eq!(
            [hevc(32), hevc(33)],
            [NalKind::VideoParameterSet, NalKind::SequenceParameterSet]
        );
        assert_eq!(
            [hevc(34), hevc(35)],
            [NalKind::PictureParameterSet, NalKind::Dispensable]
        );
        assert_eq!([hevc(38), hevc(39), hevc(40)], [NalKind::Dispensable; 3]);
        assert_eq!(hevc(41), NalKind::Other);
    }

    #[test]
    fn a_key_frame_that_fits_is_left_alone_with_its_sei() {
        let mut data = [
            unit(AUD, 1),
            unit(SPS, 4),
            unit(PPS, 2),
            unit(SEI, 3),
            unit(IDR, 500),
        ]
        .concat();
        let before = data.clone();
        assert_eq!(key(&mut data), Ok(0));
        assert_eq!(data, before);
    }

    #[test]
    fn the_slice_header_may_be_the_last_byte_of_packet_0_and_no_later() {
        let front = |sps: usize| [unit(SPS, sps), unit(PPS, 2), unit(IDR, 100)].concat();
        let fixed = front(0).len() - 100;
        let mut fits = front(LIMIT - fixed);
        assert_eq!(key(&mut fits), Ok(0));
        let mut late = front(LIMIT - fixed + 1);
        let refused = ProtoError::SliceBehindPacketZero {
            needed_bytes: LIMIT + 1,
            limit_bytes: LIMIT,
        };
        assert_eq!(key(&mut late), Err(refused));
        assert_eq!(
            refused.to_string(),
            "first slice of a key frame starts too late: packet 0 holds 40 bytes, needed 41"
        );
    }

    #[test]
    fn a_long_sei_is_taken_out_of_a_key_frame() {
        let mut data = [
            unit(AUD, 1),
            unit(SPS, 8),
            unit(SEI, 2_294),
            unit(PPS, 2),
            unit(FILLER, 30),
            unit(IDR, 500),
        ]
        .concat();
        let expected = [unit(SPS, 8), unit(PPS, 2), unit(IDR, 500)].concat();
        let removed = data.len() - expected.len();
        assert_eq!(key(&mut data), Ok(removed));
        assert_eq!(data, expected);
    }

    #[test]
    fn one_byte_too_much_is_enough_to_take_the_sei_out() {
        let clean = [unit(SPS, 8), unit(PPS, 2), unit(IDR, 20)].concat();
        let front = clean.len() - 20;
        for (sei, removed) in [
            (LIMIT - front - 5, 0),
            (LIMIT - front - 4, LIMIT - front + 1),
        ] {
            let mut data = [unit(SPS, 8), unit(PPS, 2), unit(SEI, sei), unit(IDR, 20)].concat();
            assert_eq!(key(&mut data), Ok(removed), "SEI of {sei} bytes");
        }
    }

    #[test]
    fn zero_padding_in_front_of_the_slice_is_taken_out_when_it_is_too_much() {
        let mut data = [unit(SPS, 8), vec![0; 60], unit(PPS, 2), unit(IDR, 20)].concat();
        assert_eq!(key(&mut data), Ok(60));
        assert_eq!(data, [unit(SPS, 8), unit(PPS, 2), unit(IDR, 20)].concat());
    }

    #[test]
    fn an_access_unit_begins_with_its_start_code_afterwards() {
        let clean = [unit(SPS, 8), unit(PPS, 2), unit(IDR, 20)].concat();
        let mut padded = [vec![0, 0], clean.clone()].concat();
        assert_eq!(key(&mut padded), Ok(2));
        assert_eq!(padded, clean);
        let mut padded = [vec![0], unit(SLICE, 20)].concat();
        assert_eq!(predicted(&mut padded), Ok(1));
        assert_eq!(padded, unit(SLICE, 20));
    }

    #[test]
    fn what_follows_the_first_slice_is_not_touched() {
        let tail = [
            unit(IDR, 30),
            unit(SEI, 9),
            vec![0; 5],
            unit(IDR, 30),
            unit(FILLER, 3),
        ]
        .concat();
        let mut data = [unit(SPS, 8), unit(SEI, 90), unit(PPS, 2), tail.clone()].concat();
        assert_eq!(key(&mut data), Ok(95));
        assert_eq!(data, [unit(SPS, 8), unit(PPS, 2), tail].concat());
    }

    #[test]
    fn a_predicted_frame_keeps_nothing_in_front_of_its_slices() {
        let slices = [unit(SLICE, 40), unit(SLICE, 40)].concat();
        let front = [unit(AUD, 1), unit(SPS, 8), unit(PPS, 2), unit(SEI, 70)].concat();
        let mut data = [front.clone(), slices.clone()].concat();
        assert_eq!(predicted(&mut data), Ok(front.len()));
        assert_eq!(data, slices);
        assert_eq!(predicted(&mut data), Ok(0));
        assert_eq!(data, slices);
        let mut after = [front, slices.clone()].concat();
        fit_packet_zero(
            NalCodec::H264,
            &mut after,
            FrameType::AfterInvalidation,
            small(),
        )
        .unwrap();
        assert_eq!(after, slices);
    }

    #[test]
    fn a_prefix_unit_stays_with_its_slice() {
        let mut data = [unit(AUD, 1), unit(0x6E, 3), unit(SLICE, 40)].concat();
        assert_eq!(predicted(&mut data), Ok(6));
        assert_eq!(headers(NalCodec::H264, &data), [0x6E, SLICE]);
    }

    #[test]
    fn the_frame_type_must_be_that_of_the_slice() {
        let mut data = [unit(SPS, 8), unit(PPS, 2), unit(IDR, 20)].concat();
        let mismatch = ProtoError::FrameTypeMismatch {
            frame_type: 1,
            nal_header: IDR,
        };
        assert_eq!(predicted(&mut data), Err(mismatch));
        let mismatch = ProtoError::FrameTypeMismatch {
            frame_type: 2,
            nal_header: SLICE,
        };
        assert_eq!(
            key(&mut [unit(SPS, 8), unit(SLICE, 20)].concat()),
            Err(mismatch)
        );
    }

    #[test]
    fn a_key_frame_needs_its_parameter_sets_in_order() {
        for front in [
            vec![],
            unit(SPS, 8),
            unit(PPS, 2),
            [unit(PPS, 2), unit(SPS, 8)].concat(),
        ] {
            let mut data = [front, unit(IDR, 20)].concat();
            assert_eq!(key(&mut data), Err(ProtoError::NoParameterSets));
        }
        let (vps, sps, pps, idr) = (unit(0x40, 6), unit(0x42, 6), unit(0x44, 2), unit(0x26, 50));
        let mut complete = [
            unit(0x4E, 2_294),
            vps,
            sps.clone(),
            pps.clone(),
            idr.clone(),
        ]
        .concat();
        assert_eq!(
            fit_packet_zero(NalCodec::Hevc, &mut complete, FrameType::Key, small()),
            Ok(2_299)
        );
        let mut without_vps = [sps, pps, idr].concat();
        let result = fit_packet_zero(NalCodec::Hevc, &mut without_vps, FrameType::Key, small());
        assert_eq!(result, Err(ProtoError::NoParameterSets));
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(key(&mut vec![]), Err(ProtoError::NoStartCode));
        assert_eq!(key(&mut vec![0, 0, 0]), Err(ProtoError::NoStartCode));
        assert_eq!(
            key(&mut vec![7, 0, 0, 1, IDR]),
            Err(ProtoError::NoStartCode)
        );
        assert_eq!(
            key(&mut vec![0, 0, 1]),
            Err(ProtoError::NoSlice { bytes: 3 })
        );
        assert_eq!(
            key(&mut unit(SPS, 8)),
            Err(ProtoError::NoSlice { bytes: 13 })
        );
    }

    #[test]
    fn a_frame_cut_anywhere_is_refused_or_still_begins_with_its_slice_in_packet_0() {
        let whole = [
            unit(AUD, 1),
            unit(SPS, 8),
            unit(SEI, 60),
            unit(PPS, 2),
            unit(IDR, 30),
        ]
        .concat();
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            if key(&mut cut).is_ok() {
                assert!(first_slice(NalCodec::H264, &cut).unwrap().0.end < LIMIT);
            }
        }
    }

    proptest! {
        #[test]
        fn fuzz_random_units_come_out_fit_or_refused(
            units in prop::collection::vec((any::<u8>(), 0_usize..40, 0_usize..4), 0..12),
            hevc: bool,
            is_key: bool,
        ) {
            let codec = if hevc { NalCodec::Hevc } else { NalCodec::H264 };
            let frame_type = if is_key { FrameType::Key } else { FrameType::Predicted };
            let mut data: Vec<u8> = Vec::new();
            for (header, body, zeros) in units {
                data.extend(unit(header, body));
                data.extend(vec![0; zeros]);
            }
            let before = data.clone();
            if let Ok(removed) = fit_packet_zero(codec, &mut data, frame_type, small()) {
                prop_assert_eq!(before.len() - data.len(), removed);
                let (slice, kind) = first_slice(codec, &data).unwrap();
                prop_assert_eq!(kind == NalKind::KeySlice, is_key);
                prop_assert!(!is_key || slice.end < LIMIT);
                prop_assert_eq!(find_start_code(&data, 0).unwrap().start, 0);
                let (original, _) = first_slice(codec, &before).unwrap();
                prop_assert_eq!(&before[original.start..], &data[slice.start..]);
            }
        }

        #[test]
        fn fuzz_random_bytes_never_panic(
            mut data in prop::collection::vec(prop::sample::select(vec![0, 0, 0, 1, 1, 5, 7, 8, 0x65, 0x41]), 0..200),
            is_key: bool,
        ) {
            let frame_type = if is_key { FrameType::Key } else { FrameType::Predicted };
            let units = nal_units(NalCodec::H264, &data).count();
            prop_assert!(units <= data.len() / 3);
            // Whatever the answer, a second pass over what came out agrees with itself.
            if fit_packet_zero(NalCodec::H264, &mut data, frame_type, small()).is_ok() {
                let again = fit_packet_zero(NalCodec::H264, &mut data.clone(), frame_type, small());
                prop_assert_eq!(again, Ok(0));
            }
        }
    }
}
