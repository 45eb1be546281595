//! Reads what an H.264 encoder wrote: parameter sets and slice headers (ITU-T H.264, clause 7.3). No pixels.
//!
//! Frames only (no fields), I and P slices, one slice group: what low-delay encoders write. Anything else is an
//! error that names it, never a guess.

mod bits;
mod parameter_sets;
mod slice_header;

pub(crate) use parameter_sets::{
    ColourDescription, PictureParameters, Restriction, SequenceParameters, level_needed,
};
pub(crate) use slice_header::{ListModification, Marking, MemoryOperation, SliceHeader, SliceType};

#[cfg(test)]
pub(crate) use slice_header::few;

/// Kind of a NAL unit, as far as the engine tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NalKind {
    Slice,
    IdrSlice,
    SequenceParameters,
    PictureParameters,
    Other,
}

/// Kind of a NAL unit given without its start code; `None` when there is no byte.
pub(crate) fn nal_kind(nal: &[u8]) -> Option<NalKind> {
    Some(match nal.first()? & 0x1F {
        1 => NalKind::Slice,
        5 => NalKind::IdrSlice,
        7 => NalKind::SequenceParameters,
        8 => NalKind::PictureParameters,
        _ => NalKind::Other,
    })
}

/// The NAL unit behind its start code of three or four bytes; `None` when there is no start code.
pub(crate) fn without_start_code(bytes: &[u8]) -> Option<&[u8]> {
    bytes
        .strip_prefix(&START_CODE)
        .or_else(|| bytes.strip_prefix(&START_CODE[1..]))
}

/// Annex B start code; four bytes, because some parsers want that in front of parameter sets.
pub(crate) const START_CODE: [u8; 4] = [0, 0, 0, 1];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// NAL units of an Annex B stream, without start codes and trailing zeros.
    pub(crate) fn nal_units(stream: &[u8]) -> Vec<&[u8]> {
        let starts: Vec<usize> = (0..stream.len().saturating_sub(2))
            .filter(|&at| stream[at..at + 3] == START_CODE[1..])
            .map(|at| at + 3)
            .collect();
        starts
            .iter()
            .enumerate()
            .map(|(i, &start)| {
                let end = starts.get(i + 1).map_or(stream.len(), |&next| next - 3);
                let mut nal = &stream[start..end];
                while let Some((0, rest)) = nal.split_last() {
                    nal = rest;
                }
                nal
            })
            .collect()
    }

    #[test]
    fn start_codes_of_both_lengths_are_taken_off() {
        assert_eq!(without_start_code(&[0, 0, 0, 1, 0x67]), Some(&[0x67][..]));
        assert_eq!(without_start_code(&[0, 0, 1, 0x41]), Some(&[0x41][..]));
        assert_eq!(without_start_code(&[0, 1, 0x41]), None);
        assert_eq!(without_start_code(&[]), None);
        assert_eq!(nal_kind(&[0x65]), Some(NalKind::IdrSlice));
        assert_eq!(nal_kind(&[]), None);
    }
}
