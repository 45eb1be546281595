//! A whole frame: its 8-byte header (§3.6), its padding, and what a stock client reads in its first packet (§6.2).
//!
//! H.264 only so far: HEVC and AV1 need their own reading of the first packet.

use crate::report::{Fault, Findings};

/// A frame that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessUnit {
    pub(crate) frame: u32,
    pub(crate) kind: FrameKind,
    /// A stock client takes it as a key frame: it looks at the bitstream, not at the header.
    pub(crate) is_key: bool,
    pub(crate) long_term_reference: bool,
    /// Data packets that parity gave back.
    pub(crate) rebuilt_packets: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The type that the frame header tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Predicted,
    Idr,
    IntraRefresh,
    AfterInvalidation,
}

/// A frame's payloads, one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) frame: u32,
    pub(crate) payload_bytes: usize,
    pub(crate) bytes: &'a [u8],
}

impl Body<'_> {
    /// Reads the header and cuts the padding; `None` when no client could.
    pub(crate) fn open(self, findings: &mut Findings) -> Option<AccessUnit> {
        let Self {
            frame,
            payload_bytes,
            bytes,
        } = self;
        let Some((header, rest)) = bytes.split_first_chunk::<FRAME_HEADER_BYTES>() else {
            findings.fault(
                Fault::FrameHeader,
                format_args!("frame {frame} has {} bytes and no header", bytes.len()),
            );
            return None;
        };
        if header[0] != SHORT_HEADER || header[6..] != [0, 0] {
            findings.fault(
                Fault::FrameHeader,
                format_args!("frame {frame} begins with {header:02x?}, not a short header"),
            );
            if header[0] != SHORT_HEADER {
                return None;
            }
        }
        let kind = match header[3] {
            1 => FrameKind::Predicted,
            2 => FrameKind::Idr,
            4 => FrameKind::IntraRefresh,
            5 => FrameKind::AfterInvalidation,
            other => {
                findings.fault(
                    Fault::FrameHeader,
                    format_args!("frame {frame} has type {other}, expected 1, 2, 4 or 5"),
                );
                FrameKind::Predicted
            }
        };
        let unit = cut_padding(
            frame,
            usize::from(u16::from_le_bytes([header[4], header[5]])),
            payload_bytes,
            rest,
            findings,
        );
        let is_key = check_bitstream(
            frame,
            kind,
            unit,
            payload_bytes - FRAME_HEADER_BYTES,
            findings,
        );
        Some(AccessUnit {
            frame,
            kind,
            is_key,
            long_term_reference: false,
            rebuilt_packets: 0,
            bytes: unit.to_vec(),
        })
    }
}

/// Cuts `rest` (all after the header) to what the header says the last packet uses.
fn cut_padding<'a>(
    frame: u32,
    last_bytes: usize,
    payload_bytes: usize,
    rest: &'a [u8],
    findings: &mut Findings,
) -> &'a [u8] {
    let one_packet = rest.len() + FRAME_HEADER_BYTES == payload_bytes;
    let least = if one_packet {
        FRAME_HEADER_BYTES + 1
    } else {
        1
    };
    if !(least..=payload_bytes).contains(&last_bytes) {
        let what = format_args!(
            "frame {frame} uses {last_bytes} bytes of its last packet, expected {least} to {payload_bytes}"
        );
        findings.fault(Fault::FrameHeader, what);
        return rest;
    }
    let (unit, padding) = rest.split_at(rest.len() - (payload_bytes - last_bytes));
    if padding.iter().any(|&byte| byte != 0) {
        findings.fault(
            Fault::Padding,
            format_args!("the padding of frame {frame} is not zero"),
        );
    }
    unit
}

/// What the first packet shows of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    NoStartCode,
    /// Parameter sets, then an IDR slice: a client starts here.
    Key,
    /// Parameter sets, and no IDR slice within the first packet: a client stalls here.
    ParameterSetsOnly,
    Other,
}

/// Answers whether a client takes the unit as a key frame; `room` is what of it lies in the first packet.
fn check_bitstream(
    frame: u32,
    kind: FrameKind,
    unit: &[u8],
    room: usize,
    findings: &mut Findings,
) -> bool {
    let opening = opening(&unit[..unit.len().min(room)]);
    let is_idr = kind == FrameKind::Idr;
    let wrong = match opening {
        Opening::NoStartCode => Some("does not begin with a start code"),
        Opening::Key if is_idr => None,
        Opening::Key => Some("is a key frame, but its header says another type"),
        Opening::ParameterSetsOnly => {
            Some("has parameter sets, but no IDR slice that begins in its first packet")
        }
        Opening::Other if is_idr => {
            Some("is an IDR by its header, but does not begin with a parameter set")
        }
        Opening::Other => None,
    };
    if let Some(wrong) = wrong {
        findings.fault(Fault::Bitstream, format_args!("frame {frame} {wrong}"));
    }
    opening == Opening::Key
}

fn opening(head: &[u8]) -> Opening {
    if !head.starts_with(&[0, 0, 1]) && !head.starts_with(&[0, 0, 0, 1]) {
        return Opening::NoStartCode;
    }
    let mut kinds = nal_kinds(head).skip_while(|kind| matches!(*kind, NAL_SEI | NAL_DELIMITER));
    match kinds.next() {
        Some(NAL_SEQUENCE_PARAMETERS) if kinds.any(|kind| kind == NAL_IDR_SLICE) => Opening::Key,
        Some(NAL_SEQUENCE_PARAMETERS) => Opening::ParameterSetsOnly,
        _ => Opening::Other,
    }
}

/// Types of the NAL units whose start code and header byte lie in `bytes`.
fn nal_kinds(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes
        .windows(4)
        .filter(|four| four[..3] == [0, 0, 1])
        .map(|four| four[3] & 0x1F)
}

pub(crate) const FRAME_HEADER_BYTES: usize = 8;
const SHORT_HEADER: u8 = 1;
const NAL_IDR_SLICE: u8 = 5;
const NAL_SEI: u8 = 6;
const NAL_SEQUENCE_PARAMETERS: u8 = 7;
const NAL_DELIMITER: u8 = 9;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_sender::hex;

    fn open(body: &[u8], payload_bytes: usize) -> (Option<AccessUnit>, Vec<String>) {
        let mut findings = Findings::default();
        let unit = Body {
            frame: 9,
            payload_bytes,
            bytes: body,
        }
        .open(&mut findings);
        (unit, findings.report().problems)
    }

    /// Two packets of 48 payload bytes with `unit`, padded with zeros.
    fn body(header: &str, unit: &str) -> Vec<u8> {
        let mut body = [hex(header), hex(unit)].concat();
        body.resize(96, 0);
        body
    }

    const KEY: &str =
        "000000016764001F 0000000168EBE3CB 0000000165 101112131415161718191A1B1C1D1E1F";

    #[test]
    fn a_key_frame_opens_without_complaint_and_without_its_padding() {
        let text = format!("{KEY}{}", "AA".repeat(20));
        let last = 8 + hex(&text).len() - 48;
        let (opened, problems) = open(&body(&format!("01250002{last:02X}000000"), &text), 48);
        let opened = opened.expect("it opens");
        assert_eq!(
            (opened.frame, opened.kind, opened.is_key),
            (9, FrameKind::Idr, true)
        );
        assert_eq!(opened.bytes, hex(&text));
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn every_frame_type_is_known_and_others_are_reported() {
        let cases = [
            ("01", FrameKind::Predicted, 0),
            ("04", FrameKind::IntraRefresh, 0),
            ("05", FrameKind::AfterInvalidation, 0),
            ("07", FrameKind::Predicted, 1),
        ];
        for (byte, kind, count) in cases {
            let (unit, problems) =
                open(&body(&format!("010000{byte}30000000"), "00000001419A"), 48);
            assert_eq!(unit.expect("it opens").kind, kind);
            assert_eq!(problems.len(), count, "{problems:?}");
        }
    }

    #[test]
    fn a_long_header_cannot_be_opened() {
        let (unit, problems) = open(&body("8100000130000000", "00000001419A"), 48);
        assert_eq!(unit, None);
        assert!(problems[0].contains("short header"), "{problems:?}");
    }

    #[test]
    fn impossible_last_packets_and_dirty_padding_are_reported() {
        for last in ["0000", "3100"] {
            let (unit, problems) = open(&body(&format!("01000001{last}0000"), "00000001419A"), 48);
            assert_eq!(unit.map(|unit| unit.bytes.len()), Some(88));
            assert!(problems[0].contains("of its last packet"), "{problems:?}");
        }
        let one_packet = [hex("0100000108000000"), vec![0; 40]].concat();
        assert!(open(&one_packet, 48).1[0].contains("expected 9 to 48"));
        let mut dirty = body("010000010A000000", "00000001419A");
        dirty[95] = 1;
        assert!(open(&dirty, 48).1[0].contains("padding"));
    }

    #[test]
    fn the_opening_decides_what_a_client_takes_as_a_key_frame() {
        let cases = [
            (KEY, Opening::Key),
            ("0000016764 00000168EB 00000165", Opening::Key),
            (
                "0000000109F0 0000000106050080 000000016764 0000000168EB 0000000165",
                Opening::Key,
            ),
            (
                "000000016764001F 0000000168EBE3CB 00000001",
                Opening::ParameterSetsOnly,
            ),
            (
                "000000016764001F 0000000168EBE3CB",
                Opening::ParameterSetsOnly,
            ),
            ("0000000165 8880", Opening::Other),
            ("00000001 419A2102", Opening::Other),
            ("0000000109F0 00000001419A", Opening::Other),
            ("419A2102", Opening::NoStartCode),
            ("", Opening::NoStartCode),
            ("0000", Opening::NoStartCode),
        ];
        for (unit, expected) in cases {
            assert_eq!(opening(&hex(unit)), expected, "{unit}");
        }
    }

    #[test]
    fn a_slice_that_begins_in_the_second_packet_is_a_stall() {
        let long_sei = format!(
            "000000016764001F 0000000168EBE3CB 00000001 06{} 0000000165",
            "55".repeat(30)
        );
        let (unit, problems) = open(&body("0100000230000000", &long_sei), 48);
        assert!(!unit.expect("it opens").is_key);
        assert!(
            problems[0].contains("no IDR slice that begins in its first packet"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_header_that_contradicts_the_bitstream_is_reported() {
        let (unit, problems) = open(&body("0100000130000000", KEY), 48);
        assert!(
            unit.expect("it opens").is_key,
            "a client believes the bitstream"
        );
        assert!(
            problems[0].contains("its header says another type"),
            "{problems:?}"
        );
        let (unit, problems) = open(&body("0100000230000000", "00000001419A"), 48);
        assert!(!unit.expect("it opens").is_key);
        assert!(
            problems[0].contains("does not begin with a parameter set"),
            "{problems:?}"
        );
    }

    proptest! {
        #[test]
        fn random_frames_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let whole = bytes.len() / 48 * 48;
            let (unit, problems) = open(&bytes[..whole], 48);
            prop_assert!(unit.is_some() || !problems.is_empty());
        }
    }
}
