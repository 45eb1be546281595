//! Whether a session may be: every field of the request against the limits of wire, encoder and reason.

use std::net::IpAddr;

use pf_codec::{Codec, Colour, EncoderConfig, PictureSize, check_mode};
use pf_desktop::{SourceConfig, SyntheticConfig, WlrootsConfig, X11Config};
use pf_proto::gamestream::video::VideoFormat;
use pf_proto::units::{Kbps, PacketSize};
use pf_seal::VIDEO_PREFIX_BYTES;

use crate::client::{self, AdmittedClient};
use crate::request::{ColourMatrix, Refusal, SessionRequest};
use crate::script::Script;

const BITRATE_KBPS: std::ops::RangeInclusive<u32> = 100..=1_000_000;
/// The wire could say up to 255; above 100 a second copy of everything would be cheaper.
const FEC_PCT: std::ops::RangeInclusive<u32> = 0..=100;
const MIN_PARITY: std::ops::RangeInclusive<u32> = 0..=64;
const LINK_MBPS: std::ops::RangeInclusive<u32> = 1..=400_000;
const CLIENT_TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=120_000;
const SLICES: std::ops::RangeInclusive<u32> = 1..=4;
/// Used when neither the request nor the network card tells a rate.
const DEFAULT_LINK_MBPS: u32 = 1000;

/// The checked parts of a request.
pub struct Admitted {
    /// Who it is for.
    pub client: AdmittedClient,
    /// Wire format.
    pub format: VideoFormat,
    /// Where pictures come from.
    pub source: SourceConfig,
    /// Encoder settings.
    pub encoder: EncoderConfig,
    /// Faults put into the stream on purpose.
    pub script: Option<Script>,
}

/// Checks everything that can be checked without opening anything.
pub fn check(request: &SessionRequest) -> Result<Admitted, Refusal> {
    if request.kind != "gamestream" {
        return Err(Refusal::new(
            "unknown_kind",
            format!("The kind is {:?}; known is \"gamestream\".", request.kind),
        ));
    }
    if request.codec != "h264" {
        return Err(Refusal::new(
            "unknown_codec",
            format!("The codec is {:?}; known is \"h264\".", request.codec),
        ));
    }
    let size = PictureSize {
        width: request.width,
        height: request.height,
    };
    check_mode(Codec::H264, size, request.fps)
        .map_err(|e| Refusal::new("mode_invalid", e.to_string()))?;
    let packet_size = PacketSize::new(request.packet_size)
        .map_err(|e| Refusal::new("packet_size_invalid", e.to_string()))?;
    within("fec_invalid", "% of parity", request.fec_pct, FEC_PCT)?;
    within(
        "fec_invalid",
        "parity packets at least",
        request.min_parity,
        MIN_PARITY,
    )?;
    check_bitrate(request.bitrate_kbps)?;
    within("slices_invalid", "slices a picture", request.slices, SLICES)?;
    within(
        "client_timeout_invalid",
        "ms of client timeout",
        request.client_timeout_ms,
        CLIENT_TIMEOUT_MS,
    )?;
    if let Some(mbps) = request.link_mbps {
        within("link_invalid", "Mb/s of link rate", mbps, LINK_MBPS)?;
    }
    if !(0.0..=100.0).contains(&request.drop_pct) {
        let text = format!(
            "{} % of the packets shall be dropped; 0 to 100 is possible.",
            request.drop_pct
        );
        return Err(Refusal::new("drop_invalid", text));
    }
    let encoder = EncoderConfig {
        size,
        fps: request.fps,
        bitrate_kbps: request.bitrate_kbps,
        slices: request.slices as u8,
        threads: encoder_threads(request),
        max_reference_frames: u8::from(request.max_reference_frames == 1),
        long_term_references: request.invalidation && request.max_reference_frames != 1,
        colour: colour(request),
    };
    let known = ["auto"]
        .into_iter()
        .chain(pf_codec::encoders().iter().map(|encoder| encoder.name))
        .collect::<Vec<_>>();
    if !known.contains(&request.encoder.as_str()) {
        let text = format!(
            "The encoder is {:?}; known are {}.",
            request.encoder,
            known.join(", ")
        );
        return Err(Refusal::new("unknown_encoder", text));
    }
    let format = VideoFormat {
        packet_size,
        fec_pct: request.fec_pct as u8,
        min_parity: request.min_parity as u8,
        prefix_bytes: if client::seals_video(request) {
            VIDEO_PREFIX_BYTES
        } else {
            0
        },
    };
    Ok(Admitted {
        client: client::check(request)?,
        format,
        source: source(request, size)?,
        encoder,
        script: request
            .script
            .as_ref()
            .map(|script| Script::check(script, &request.source))
            .transpose()?,
    })
}

/// Checks a bitrate alone.
pub fn check_bitrate(kbps: u32) -> Result<(), Refusal> {
    within("bitrate_invalid", "kb/s", kbps, BITRATE_KBPS)
}

/// The link's rate: asked, else the network card's, else a gigabit.
pub fn link(request: &SessionRequest, peer: IpAddr) -> Kbps {
    let mbps = request
        .link_mbps
        .or_else(|| pf_net::link_speed_mbps(peer))
        .unwrap_or(DEFAULT_LINK_MBPS);
    Kbps(mbps.saturating_mul(1000))
}

fn source(request: &SessionRequest, size: PictureSize) -> Result<SourceConfig, Refusal> {
    source_config(
        &request.source,
        request.display.clone(),
        request.output.clone(),
        size,
        request.fps,
    )
}

/// The source called `name`, for sessions and trials.
pub fn source_config(
    name: &str,
    display: Option<String>,
    output: Option<String>,
    size: PictureSize,
    fps: u32,
) -> Result<SourceConfig, Refusal> {
    let size = pf_desktop::PictureSize {
        width: size.width,
        height: size.height,
    };
    match name {
        "synthetic" => Ok(SourceConfig::Synthetic(SyntheticConfig { size, fps })),
        "x11" => Ok(SourceConfig::X11(X11Config {
            display,
            output,
            fps,
        })),
        "wlroots" => Ok(SourceConfig::Wlroots(WlrootsConfig {
            display,
            output,
            fps,
        })),
        other => Err(Refusal::new(
            "unknown_source",
            format!("The source is {other:?}; known are synthetic, x11, wlroots."),
        )),
    }
}

fn colour(request: &SessionRequest) -> Colour {
    request.colour.map_or_else(Colour::default, |asked| Colour {
        matrix: match asked.matrix {
            ColourMatrix::Bt601 => pf_codec::ColourMatrix::Bt601,
            ColourMatrix::Bt709 => pf_codec::ColourMatrix::Bt709,
        },
        full_range: asked.full_range,
    })
}

fn encoder_threads(request: &SessionRequest) -> u8 {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let wanted = if request.encoder_threads > 0 {
        request.encoder_threads
    } else {
        cores
    };
    wanted.clamp(1, *SLICES.end()).min(request.slices) as u8
}

/// Checks a number against what is possible.
pub fn within(
    code: &'static str,
    what: &str,
    value: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<(), Refusal> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Refusal::new(
        code,
        format!(
            "{value} {what} were asked; {} to {} is possible.",
            range.start(),
            range.end()
        ),
    ))
}
