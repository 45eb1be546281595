//! The built-in H.264 software encoder: openh264 2.7 (Cisco, BSD-2, compiled from source; its patent licence covers
//! only Cisco's own binary).
//!
//! Camera mode: screen mode costs twice the time and never marks a long-term reference. A loss is answered by a
//! frame that refers to a long-term reference the client holds; the header of that very frame is read back,
//! and whatever is not certain becomes an IDR.

mod library;
mod references;

use library::{Encoded, Library, MAX_RATE, Settings};
use references::ReferenceTracker;

use crate::encoder::{
    AccessUnit, Codec, EncoderConfig, EncoderInfo, FrameKind, FrameRequest, VideoEncoder,
    check_mode,
};
use crate::error::CodecError;
use crate::h264::{
    ColourDescription, NalKind, PictureParameters, Restriction, START_CODE, SequenceParameters,
    SliceHeader, level_needed, nal_kind, without_start_code,
};
use crate::picture::I420Image;

/// The name it is chosen by.
pub(crate) const NAME: &str = "openh264";

/// One stream.
pub struct OpenH264Encoder {
    library: Library,
    config: EncoderConfig,
    can_invalidate: bool,
    bitrate_kbps: u32,
    input: I420Image,
    sequence: SequenceParameters,
    picture: PictureParameters,
    /// Level written into every sequence parameter set; the library knows no rate above 60.
    level_idc: u8,
    references: ReferenceTracker,
    submitted: Option<Submitted>,
    /// What a skipped frame was asked for and the next one still has to answer.
    owed: FrameRequest,
    pictures_encoded: u64,
}

#[derive(Clone, Copy)]
struct Submitted {
    frame_index: u32,
    request: FrameRequest,
}

/// What the headers of one access unit say.
struct Headers {
    /// First slice.
    first: SliceHeader,
    mean_qp: u8,
    /// Every slice refers only to what the client has.
    avoids_lost: bool,
}

impl OpenH264Encoder {
    /// Opens the encoder and checks the parameter sets it will write.
    ///
    /// Errors: a mode or setting outside its limits; the library's; parameter sets that clients cannot use.
    pub fn open(config: EncoderConfig) -> Result<Self, CodecError> {
        check_mode(Codec::H264, config.size, config.fps)?;
        check_setting("slices", config.slices, MAX_SLICES)?;
        check_setting("threads", config.threads, MAX_THREADS)?;
        if config.bitrate_kbps == 0 {
            return Err(bitrate_of_zero());
        }
        let input = I420Image::new(config.size)?;
        let enough_references =
            config.max_reference_frames == 0 || config.max_reference_frames >= LONG_TERM_FRAMES;
        let can_invalidate = config.long_term_references && enough_references;
        let bitrate_kbps = config.bitrate_kbps.min(highest_kbps(config.fps));
        let mut library = Library::open(&Settings {
            width: config.size.width as i32,
            height: config.size.height as i32,
            rate: config.fps.min(MAX_RATE),
            bits_a_second: bits_a_second(bitrate_kbps, config.fps),
            slices: config.slices,
            threads: config.threads.min(config.slices),
            long_term_references: can_invalidate,
            colour: config.colour,
        })?;
        let (sequence, picture) = read_parameter_sets(&mut library)?;
        check_parameter_sets(&sequence, &picture, &config)?;
        let needed = level_needed(config.size, config.fps, sequence.max_reference_frames);
        Ok(Self {
            library,
            config,
            can_invalidate,
            bitrate_kbps,
            input,
            sequence,
            picture,
            level_idc: sequence.level_idc.max(needed),
            references: ReferenceTracker::new(sequence.frame_num_bits),
            submitted: None,
            owed: FrameRequest::Predicted,
            pictures_encoded: 0,
        })
    }

    /// Asks the library for what the request needs. Answers `first_lost` if a surviving reference is to be used.
    fn prepare(&mut self, request: FrameRequest) -> Result<Option<u32>, CodecError> {
        match request {
            FrameRequest::Predicted => return Ok(None),
            FrameRequest::ReferencesBefore { first_lost, .. } if self.can_invalidate => {
                if let Some(recovery) = self.references.recovery(first_lost) {
                    self.references.lost_from(first_lost);
                    self.library.recover(
                        recovery.idr_picture_id,
                        recovery.last_correct_frame_num,
                        recovery.newest_frame_num,
                    )?;
                    return Ok(Some(first_lost));
                }
            }
            FrameRequest::Key | FrameRequest::ReferencesBefore { .. } => {}
        }
        self.library.force_idr()?;
        Ok(None)
    }

    /// Encodes the input picture into `out`. `None`: skipped.
    fn encode(
        &mut self,
        out: &mut Vec<u8>,
        first_lost: Option<u32>,
    ) -> Result<Option<Headers>, CodecError> {
        out.clear();
        let rate = u64::from(self.config.fps.min(MAX_RATE));
        let time_stamp_ms = (self.pictures_encoded * 1000 / rate) as i64;
        self.pictures_encoded += 1;
        let units = match self.library.encode(&mut self.input, time_stamp_ms)? {
            Encoded::Skipped => return Ok(None),
            Encoded::Units(units) => units,
        };
        let mut first = None;
        let mut avoids_lost = true;
        let (mut qp_sum, mut slices) = (0, 0);
        for unit in units {
            let nal = without_start_code(unit)
                .ok_or_else(|| CodecError::Bitstream("a NAL unit has no start code".into()))?;
            match nal_kind(nal) {
                Some(NalKind::Slice | NalKind::IdrSlice) => {
                    let header = SliceHeader::parse(nal, &self.sequence, &self.picture)?;
                    avoids_lost &=
                        first_lost.is_none_or(|lost| self.references.avoids_lost(lost, &header));
                    qp_sum += header.qp;
                    slices += 1;
                    first.get_or_insert(header);
                }
                Some(NalKind::SequenceParameters | NalKind::PictureParameters) => {}
                // No delimiter, no supplemental information: clients want neither (gamestream-media.md 6.2).
                Some(NalKind::Other) | None => continue,
            }
            out.extend_from_slice(&START_CODE);
            out.extend_from_slice(nal);
            if nal_kind(nal) == Some(NalKind::SequenceParameters) {
                let level = out.len() - nal.len() + LEVEL_OFFSET;
                out[level] = self.level_idc;
            }
        }
        let first =
            first.ok_or_else(|| CodecError::Bitstream("an access unit without a slice".into()))?;
        let mean_qp = (qp_sum / slices).clamp(0, 51) as u8;
        Ok(Some(Headers {
            first,
            mean_qp,
            avoids_lost,
        }))
    }
}

impl VideoEncoder for OpenH264Encoder {
    fn info(&self) -> EncoderInfo {
        EncoderInfo {
            name: NAME,
            codec: Codec::H264,
            hardware: false,
            can_invalidate: self.can_invalidate,
            threads: self.config.threads.min(self.config.slices),
            bitrate_kbps: self.bitrate_kbps,
        }
    }

    fn detail(&self) -> String {
        let [major, minor, revision] = self.library.version();
        let (level, tenths) = (self.level_idc / 10, self.level_idc % 10);
        let mut detail = format!(
            "{NAME} {major}.{minor}.{revision}, {} profile, level {level}.{tenths}, {}",
            profile_name(self.sequence.profile_idc),
            if self.picture.arithmetic_coding {
                "CABAC"
            } else {
                "CAVLC"
            },
        );
        if let Some(set) = self.library.in_force() {
            let counted = |count: i64, what| match count {
                1 => format!("1 {what}"),
                _ => format!("{count} {what}s"),
            };
            let parts = [
                format!("rate control {}", set.rate_control),
                format!("complexity {}", set.complexity),
                counted(set.slices.into(), "slice"),
                counted(set.threads.into(), "thread"),
                counted(set.references.into(), "reference frame"),
                format!("{} of them long-term", set.long_term_references),
            ];
            for part in parts {
                detail.push_str(", ");
                detail.push_str(&part);
            }
        }
        let (highest, asked) = (highest_kbps(self.config.fps), self.config.bitrate_kbps);
        if highest < asked {
            detail.push_str(&format!(", limited to {highest} of {asked} kb/s"));
        }
        detail
    }

    fn input(&mut self) -> &mut I420Image {
        &mut self.input
    }

    fn submit(&mut self, frame_index: u32, request: FrameRequest) -> Result<(), CodecError> {
        if let Some(Submitted { frame_index, .. }) = self.submitted {
            return Err(CodecError::StillEncoding { frame_index });
        }
        self.submitted = Some(Submitted {
            frame_index,
            request,
        });
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<AccessUnit>, CodecError> {
        let Submitted {
            frame_index,
            request,
        } = self.submitted.take().ok_or(CodecError::NothingSubmitted)?;
        out.clear();
        out.reserve(self.config.size.width as usize * self.config.size.height as usize * 3 / 2);
        // Owed until the frame is there, so that neither a skip nor an error loses it.
        self.owed = self.owed.merged(request);
        let mut first_lost = self.prepare(self.owed)?;
        let Some(mut headers) = self.encode(out, first_lost)? else {
            return Ok(None);
        };
        let mut is_key = headers.first.idr_picture_id.is_some();
        if first_lost.is_some() && !headers.avoids_lost && !is_key {
            first_lost = None;
            self.library.force_idr()?;
            self.owed = FrameRequest::Key;
            match self.encode(out, None)? {
                Some(again) => headers = again,
                None => return Ok(None),
            }
            is_key = headers.first.idr_picture_id.is_some();
        }
        if self.owed != FrameRequest::Predicted && first_lost.is_none() && !is_key {
            return Err(CodecError::Bitstream(
                "asked for an IDR, the encoder wrote none".into(),
            ));
        }
        self.owed = FrameRequest::Predicted;
        let long_term_reference = self.references.encoded(frame_index, &headers.first);
        let kind = match (is_key, first_lost) {
            (true, _) => FrameKind::Key,
            (false, Some(_)) => FrameKind::AfterInvalidation,
            (false, None) => FrameKind::Predicted,
        };
        let qp = Some(headers.mean_qp);
        Ok(Some(AccessUnit {
            kind,
            long_term_reference,
            qp,
            bytes: out.len(),
        }))
    }

    fn set_bitrate(&mut self, kbps: u32) -> Result<(), CodecError> {
        if kbps == 0 {
            return Err(bitrate_of_zero());
        }
        let kbps = kbps.min(highest_kbps(self.config.fps));
        let raised = kbps > self.bitrate_kbps;
        self.library
            .set_bitrate(bits_a_second(kbps, self.config.fps), raised)?;
        self.bitrate_kbps = kbps;
        Ok(())
    }

    fn acknowledge(&mut self, frame_index: u32) -> Result<(), CodecError> {
        match self.references.acknowledge(frame_index) {
            Some(held) => self
                .library
                .long_term_held(held.idr_picture_id, held.frame_num),
            None => Ok(()),
        }
    }
}

fn profile_name(profile_idc: u8) -> String {
    match profile_idc {
        66 => "Baseline".into(),
        77 => "Main".into(),
        100 => "High".into(),
        other => format!("unnamed ({other})"),
    }
}

fn read_parameter_sets(
    library: &mut Library,
) -> Result<(SequenceParameters, PictureParameters), CodecError> {
    let (mut sequence, mut picture) = (None, None);
    for nal in library.parameter_sets()?.filter_map(without_start_code) {
        match nal_kind(nal) {
            Some(NalKind::SequenceParameters) => sequence = Some(SequenceParameters::parse(nal)?),
            Some(NalKind::PictureParameters) => picture = Some(PictureParameters::parse(nal)?),
            _ => {}
        }
    }
    sequence
        .zip(picture)
        .ok_or_else(|| CodecError::Bitstream("the encoder wrote no parameter sets".into()))
}

/// What clients rely on (gamestream-media.md 6.4, 6.6), found in the parameter sets rather than hoped for.
fn check_parameter_sets(
    sequence: &SequenceParameters,
    picture: &PictureParameters,
    config: &EncoderConfig,
) -> Result<(), CodecError> {
    let code = config.colour.code();
    let asked = ColourDescription {
        full_range: config.colour.full_range,
        primaries: code,
        transfer: code,
        matrix: code,
    };
    let no_delay = Restriction {
        reorder_frames: 0,
        buffered_frames: sequence.max_reference_frames,
    };
    let references_allowed = match config.max_reference_frames {
        0 => u32::from(LONG_TERM_FRAMES),
        count => count.into(),
    };
    let faults = [
        (sequence.size != config.size, "picture size"),
        (sequence.video.colour != Some(asked), "colour description"),
        (sequence.video.chroma_location != LEFT, "chroma location"),
        (
            sequence.video.restriction != Some(no_delay),
            "bitstream restriction",
        ),
        (
            sequence.max_reference_frames > references_allowed,
            "number of reference frames",
        ),
        (
            picture.sequence_id != sequence.id,
            "sequence parameter set id",
        ),
    ];
    match faults.iter().find(|(wrong, _)| *wrong) {
        Some((_, what)) => Err(CodecError::Bitstream(format!(
            "wrong {what}: {sequence:?} {picture:?}"
        ))),
        None => Ok(()),
    }
}

fn check_setting(name: &'static str, got: u8, max: u8) -> Result<(), CodecError> {
    if (1..=max).contains(&got) {
        return Ok(());
    }
    Err(CodecError::Setting {
        name,
        got: got.into(),
        min: 1,
        max: max.into(),
    })
}

fn bitrate_of_zero() -> CodecError {
    CodecError::Setting {
        name: "bitrate_kbps",
        got: 0,
        min: 1,
        max: u32::MAX,
    }
}

/// The library counts no more than [`MAX_RATE`] frames a second; faster streams get their share of a frame by
/// asking for less.
fn bits_a_second(kbps: u32, fps: u32) -> i32 {
    let bits = u64::from(kbps) * 1000 * u64::from(fps.min(MAX_RATE)) / u64::from(fps);
    bits.clamp(u64::from(MAX_RATE), u64::from(MAX_KBPS) * 1000) as i32
}

fn highest_kbps(fps: u32) -> u32 {
    MAX_KBPS * fps.max(MAX_RATE) / MAX_RATE
}

/// The library's highest level ends at 288 Mbit/s; below, its own ceiling of an eighth above the target still fits.
const MAX_KBPS: u32 = 240_000;
/// Where the converter puts colour differences, in frames of either parity.
const LEFT: (u32, u32) = (0, 0);
/// More cost compression and are never asked for.
const MAX_SLICES: u8 = 8;
/// The library's own limit.
const MAX_THREADS: u8 = 4;
/// Reference pictures with long-term references on: two of them and the frame before.
const LONG_TERM_FRAMES: u8 = 3;
/// Place of the level in a sequence parameter set behind header, profile and constraints. Both numbers are far
/// from 0 to 3, so emulation prevention does not change.
const LEVEL_OFFSET: usize = 3;

#[cfg(test)]
mod tests;
