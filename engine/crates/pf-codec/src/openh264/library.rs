//! The only file that calls openh264: safe functions around the encoder's C++ virtual table.
//!
//! The safe `openh264` crate hides slices, threads, long-term references and most options, hence the -sys crate.

use std::ffi::c_int;
use std::ptr::NonNull;

use openh264_sys2 as sys;
use openh264_sys2::API;

use super::NAME;
use crate::colour::Colour;
use crate::error::CodecError;
use crate::picture::I420Image;

/// One encoder instance of the library, initialised.
pub(crate) struct Library {
    api: sys::DynamicAPI,
    encoder: NonNull<sys::ISVCEncoder>,
    frame: Box<sys::SFrameBSInfo>,
}

// SAFETY: the instance is a heap object of its own without thread-local state; its worker threads touch it only
// during a call, and every call goes through `&mut self`, so it may be used from another thread than the one
// that made it. `frame` only holds pointers into that object, read only between calls.
unsafe impl Send for Library {}

/// How the encoder is set up; everything else is fixed in [`Library::open`].
pub(crate) struct Settings {
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// At most [`MAX_RATE`].
    pub(crate) rate: u32,
    pub(crate) bits_a_second: i32,
    pub(crate) slices: u8,
    pub(crate) threads: u8,
    pub(crate) long_term_references: bool,
    pub(crate) colour: Colour,
}

/// What the library says of its settings.
pub(crate) struct InForce {
    pub(crate) threads: u16,
    pub(crate) slices: u32,
    pub(crate) rate_control: &'static str,
    pub(crate) complexity: &'static str,
    pub(crate) references: i32,
    pub(crate) long_term_references: i32,
}

/// What became of a picture.
pub(crate) enum Encoded<'a> {
    /// The rate control left it out.
    Skipped,
    /// Its NAL units, start codes included.
    Units(NalUnits<'a>),
}

impl Library {
    /// Makes and initialises an encoder.
    ///
    /// Errors: [`CodecError::Encoder`] with the call that failed.
    pub(crate) fn open(settings: &Settings) -> Result<Self, CodecError> {
        let api = sys::DynamicAPI::from_source();
        let mut raw = std::ptr::null_mut();
        // SAFETY: `raw` is a valid place for one pointer for the length of the call.
        let code = unsafe { api.WelsCreateSVCEncoder(&mut raw) };
        let encoder = NonNull::new(raw)
            .filter(|_| code == 0)
            .ok_or(CodecError::Encoder {
                encoder: NAME,
                call: "create",
                code: code.into(),
            })?;
        let mut library = Self {
            api,
            encoder,
            frame: Box::default(),
        };
        // Quiet first: the library would print to stderr from the next call on.
        let mut quiet: c_int = sys::WELS_LOG_QUIET;
        library.set_option("quiet", sys::ENCODER_OPTION_TRACE_LEVEL, &mut quiet)?;
        let parameters = library.parameters(settings)?;
        let initialize = library.table().InitializeExt;
        // SAFETY: `encoder` lives until drop; `parameters` is complete, and the library copies it.
        let code = initialize.map(|call| unsafe { call(library.encoder.as_ptr(), &parameters) });
        checked("initialise", code)?;
        let mut format: c_int = sys::videoFormatI420;
        library.set_option(
            "set the format",
            sys::ENCODER_OPTION_DATAFORMAT,
            &mut format,
        )?;
        Ok(library)
    }

    /// Encodes a picture of the size given at `open`.
    pub(crate) fn encode(
        &mut self,
        picture: &mut I420Image,
        time_stamp_ms: i64,
    ) -> Result<Encoded<'_>, CodecError> {
        let size = picture.size();
        let planes = picture.planes_mut();
        let source = sys::SSourcePicture {
            iColorFormat: sys::videoFormatI420,
            iStride: [
                planes.y_stride as c_int,
                planes.chroma_stride as c_int,
                planes.chroma_stride as c_int,
                0,
            ],
            pData: [
                planes.y.as_mut_ptr(),
                planes.u.as_mut_ptr(),
                planes.v.as_mut_ptr(),
                std::ptr::null_mut(),
            ],
            iPicWidth: size.width as c_int,
            iPicHeight: size.height as c_int,
            uiTimeStamp: time_stamp_ms,
            ..Default::default()
        };
        let encode = self.table().EncodeFrame;
        // SAFETY: `encoder` is initialised; the planes hold stride × height bytes each (I420Image), are borrowed for
        // the call, and the library keeps no pointer to them: it copies the picture before it encodes.
        // `frame` is a valid SFrameBSInfo.
        let code =
            encode.map(|call| unsafe { call(self.encoder.as_ptr(), &source, &mut *self.frame) });
        checked("encode", code)?;
        if matches!(
            self.frame.eFrameType,
            sys::videoFrameTypeSkip | sys::videoFrameTypeInvalid
        ) {
            return Ok(Encoded::Skipped);
        }
        Ok(Encoded::Units(NalUnits::of(&self.frame)))
    }

    /// Version of the library: major, minor, revision.
    pub(crate) fn version(&self) -> [u32; 3] {
        let mut version = sys::OpenH264Version::default();
        // SAFETY: `version` is a valid place for the structure, which the library fills in.
        unsafe { self.api.WelsGetCodecVersionEx(&mut version) };
        [version.uMajor, version.uMinor, version.uRevision]
    }

    /// The settings in force, which may differ from those that were asked for. `None`: it does not tell.
    pub(crate) fn in_force(&self) -> Option<InForce> {
        let get = self.table().GetOption?;
        let mut parameters = sys::SEncParamExt::default();
        let place = std::ptr::from_mut(&mut parameters).cast();
        let option = sys::ENCODER_OPTION_SVC_ENCODE_PARAM_EXT;
        // SAFETY: `encoder` is initialised and lives until drop; for this option the library copies a whole structure
        // of this type to `place`, which is valid for the call.
        let code = unsafe { get(self.encoder.as_ptr(), option, place) };
        let slices = &parameters.sSpatialLayers[0].sSliceArgument;
        (code == 0).then_some(InForce {
            threads: parameters.iMultipleThreadIdc,
            slices: match slices.uiSliceMode {
                sys::SM_SINGLE_SLICE => 1,
                _ => slices.uiSliceNum,
            },
            rate_control: match parameters.iRCMode {
                sys::RC_QUALITY_MODE => "quality",
                sys::RC_BITRATE_MODE => "bitrate",
                sys::RC_OFF_MODE => "off",
                _ => "another",
            },
            complexity: match parameters.iComplexityMode {
                sys::LOW_COMPLEXITY => "low",
                sys::MEDIUM_COMPLEXITY => "medium",
                _ => "high",
            },
            references: parameters.iNumRefFrame,
            long_term_references: match parameters.bEnableLongTermReference {
                true => parameters.iLTRRefNum,
                false => 0,
            },
        })
    }

    /// Writes the parameter sets that the next IDR will carry, without encoding anything.
    pub(crate) fn parameter_sets(&mut self) -> Result<NalUnits<'_>, CodecError> {
        let write = self.table().EncodeParameterSets;
        // SAFETY: `encoder` is initialised and `frame` a valid SFrameBSInfo that outlives the call.
        let code = write.map(|call| unsafe { call(self.encoder.as_ptr(), &mut *self.frame) });
        checked("write parameter sets", code)?;
        Ok(NalUnits::of(&self.frame))
    }

    /// Makes the next frame an IDR.
    pub(crate) fn force_idr(&mut self) -> Result<(), CodecError> {
        let force = self.table().ForceIntraFrame;
        // SAFETY: `encoder` is initialised. The C++ function has a further argument, the layer, which the binding
        // leaves out; the library ignores it unless it encodes several streams at once, which we never ask for.
        let code = force.map(|call| unsafe { call(self.encoder.as_ptr(), true) });
        checked("force a key frame", code)
    }

    /// Aims at another bitrate from the next frame on. `raised` lifts the ceiling first, as the library demands.
    pub(crate) fn set_bitrate(
        &mut self,
        bits_a_second: i32,
        raised: bool,
    ) -> Result<(), CodecError> {
        if raised {
            let mut ceiling = sys::SBitrateInfo {
                iLayer: sys::SPATIAL_LAYER_0,
                iBitrate: bits_a_second
                    .saturating_add(bits_a_second / 8)
                    .min(MAX_BITS_A_SECOND),
            };
            let option = sys::ENCODER_OPTION_MAX_BITRATE;
            self.set_option("set the highest bitrate", option, &mut ceiling)?;
        }
        let mut target = sys::SBitrateInfo {
            iLayer: sys::SPATIAL_LAYER_ALL,
            iBitrate: bits_a_second,
        };
        self.set_option("set the bitrate", sys::ENCODER_OPTION_BITRATE, &mut target)
    }

    /// The client holds this long-term reference.
    pub(crate) fn long_term_held(
        &mut self,
        idr_picture_id: u32,
        frame_num: u32,
    ) -> Result<(), CodecError> {
        let mut feedback = sys::SLTRMarkingFeedback {
            uiFeedbackType: sys::LTR_MARKING_SUCCESS as u32,
            uiIDRPicId: idr_picture_id,
            iLTRFrameNum: frame_num as c_int,
            iLayerId: 0,
        };
        let option = sys::ENCODER_LTR_MARKING_FEEDBACK;
        self.set_option("acknowledge a long-term reference", option, &mut feedback)
    }

    /// Makes the next frame refer to a long-term reference the client holds.
    pub(crate) fn recover(
        &mut self,
        idr_picture_id: u32,
        last_correct_frame_num: u32,
        newest_frame_num: u32,
    ) -> Result<(), CodecError> {
        let mut request = sys::SLTRRecoverRequest {
            uiFeedbackType: sys::LTR_RECOVERY_REQUEST as u32,
            uiIDRPicId: idr_picture_id,
            iLastCorrectFrameNum: last_correct_frame_num as c_int,
            iCurrentFrameNum: newest_frame_num as c_int,
            iLayerId: 0,
        };
        let option = sys::ENCODER_LTR_RECOVERY_REQUEST;
        self.set_option("recover from a loss", option, &mut request)
    }

    fn parameters(&mut self, settings: &Settings) -> Result<sys::SEncParamExt, CodecError> {
        let mut parameters = sys::SEncParamExt::default();
        let defaults = self.table().GetDefaultParams;
        // SAFETY: `encoder` lives until drop and `parameters` is a valid place for the structure.
        let code = defaults.map(|call| unsafe { call(self.encoder.as_ptr(), &mut parameters) });
        checked("read the defaults", code)?;
        parameters.iUsageType = sys::CAMERA_VIDEO_REAL_TIME;
        parameters.iPicWidth = settings.width;
        parameters.iPicHeight = settings.height;
        parameters.fMaxFrameRate = settings.rate as f32;
        parameters.iTargetBitrate = settings.bits_a_second;
        parameters.iRCMode = sys::RC_BITRATE_MODE;
        parameters.iComplexityMode = sys::LOW_COMPLEXITY;
        parameters.uiIntraPeriod = 0;
        parameters.eSpsPpsIdStrategy = sys::CONSTANT_ID;
        parameters.iEntropyCodingModeFlag = ENTROPY_CODING;
        parameters.bEnableFrameSkip = false;
        parameters.bEnableDenoise = false;
        parameters.bEnableBackgroundDetection = false;
        parameters.bEnableAdaptiveQuant = false;
        parameters.bEnableSceneChangeDetect = false;
        parameters.iNumRefFrame = sys::AUTO_REF_PIC_COUNT;
        parameters.bEnableLongTermReference = settings.long_term_references;
        parameters.iLTRRefNum = if settings.long_term_references {
            LONG_TERM_COUNT
        } else {
            0
        };
        parameters.iLtrMarkPeriod = LONG_TERM_PERIOD;
        parameters.iMultipleThreadIdc = settings.threads.into();
        parameters.bUseLoadBalancing = false;
        let layer = &mut parameters.sSpatialLayers[0];
        layer.iVideoWidth = settings.width;
        layer.iVideoHeight = settings.height;
        layer.fFrameRate = settings.rate as f32;
        layer.iSpatialBitrate = settings.bits_a_second;
        layer.uiProfileIdc = sys::PRO_UNKNOWN;
        if settings.slices > 1 {
            layer.sSliceArgument.uiSliceMode = sys::SM_FIXEDSLCNUM_SLICE;
            layer.sSliceArgument.uiSliceNum = settings.slices.into();
        }
        layer.bVideoSignalTypePresent = true;
        layer.uiVideoFormat = sys::VF_UNDEF as u8;
        layer.bFullRange = settings.colour.full_range;
        layer.bColorDescriptionPresent = true;
        layer.uiColorPrimaries = settings.colour.code();
        layer.uiTransferCharacteristics = settings.colour.code();
        layer.uiColorMatrix = settings.colour.code();
        Ok(parameters)
    }

    fn set_option<T>(
        &mut self,
        call: &'static str,
        option: sys::ENCODER_OPTION,
        value: &mut T,
    ) -> Result<(), CodecError> {
        let set = self.table().SetOption;
        let value = std::ptr::from_mut(value).cast();
        // SAFETY: `encoder` lives until drop; `value` is the structure that this option is documented to read (the
        // callers above pair them), valid for the call, and the library copies it.
        let code = set.map(|set| unsafe { set(self.encoder.as_ptr(), option, value) });
        checked(call, code)
    }

    fn table(&self) -> &sys::ISVCEncoderVtbl {
        // SAFETY: `encoder` came from WelsCreateSVCEncoder and lives until drop; the first word of the object is
        // its virtual table, a constant of the library.
        unsafe { &**self.encoder.as_ptr() }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let uninitialize = self.table().Uninitialize;
        if let Some(uninitialize) = uninitialize {
            // SAFETY: `encoder` is alive; harmless on one that was never initialised.
            unsafe { uninitialize(self.encoder.as_ptr()) };
        }
        // SAFETY: `encoder` came from WelsCreateSVCEncoder and is not used afterwards.
        unsafe { self.api.WelsDestroySVCEncoder(self.encoder.as_ptr()) };
    }
}

/// The NAL units of one call's answer, in order, start codes included.
pub(crate) struct NalUnits<'a> {
    layers: &'a [sys::SLayerBSInfo],
    /// Place in the first of `layers`: units and bytes already given.
    unit: usize,
    offset: usize,
}

impl<'a> NalUnits<'a> {
    fn of(frame: &'a sys::SFrameBSInfo) -> Self {
        let count = usize::try_from(frame.iLayerNum)
            .unwrap_or(0)
            .min(frame.sLayerInfo.len());
        Self {
            layers: &frame.sLayerInfo[..count],
            unit: 0,
            offset: 0,
        }
    }
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let layer = self.layers.first()?;
            if self.unit >= usize::try_from(layer.iNalCount).unwrap_or(0) {
                (self.layers, self.unit, self.offset) = (&self.layers[1..], 0, 0);
                continue;
            }
            // SAFETY: the library filled `iNalCount` lengths, and as many bytes as they sum up to at `pBsBuf`, in
            // buffers of its own that stay untouched until the next call; that needs `&mut Library`, which
            // the lifetime of `layers` rules out.
            let bytes = unsafe {
                let length = usize::try_from(*layer.pNalLengthInByte.add(self.unit)).unwrap_or(0);
                std::slice::from_raw_parts(layer.pBsBuf.add(self.offset), length)
            };
            self.unit += 1;
            self.offset += bytes.len();
            return Some(bytes);
        }
    }
}

fn checked(call: &'static str, code: Option<c_int>) -> Result<(), CodecError> {
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(CodecError::Encoder {
            encoder: NAME,
            call,
            code: code.into(),
        }),
        None => Err(CodecError::Encoder {
            encoder: NAME,
            call,
            code: i64::MIN,
        }),
    }
}

/// The library clips faster rates to this, and shares the bitrate out by it.
pub(crate) const MAX_RATE: u32 = 60;
/// What its highest level allows (240 Mbit/s × 1.2); more fails.
const MAX_BITS_A_SECOND: i32 = 288_000_000;
/// CAVLC (0), which makes the stream Constrained Baseline. CABAC (1, High) saves about a tenth of the bits and costs
/// 8 % more processor time over all of `examples/encode_bench.rs`, up to a fifth at 1080p with two threads
/// (stack-rust.md D); time is what a stream from a processor lacks, and every decoder takes both.
const ENTROPY_CODING: c_int = 0;
/// The only number the camera mode knows.
const LONG_TERM_COUNT: c_int = 2;
/// Frames between two marks at least; the next one also waits for the client's acknowledgement.
const LONG_TERM_PERIOD: u32 = 8;
