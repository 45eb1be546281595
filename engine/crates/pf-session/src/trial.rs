//! Opens one source or encoder, runs it for a few frames and says what a frame costs, or why it cannot be.
//!
//! A driver may crash on the first frame: the host runs this in a child process and loses only that.

use pf_codec::{Codec, PictureSize};
use pf_desktop::Source;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admission::source_config;
use crate::request::Refusal;

/// The fields of `trial` (docs/ffi-abi.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRequest {
    /// `source` or `encoder`.
    pub kind: String,
    /// Which.
    pub name: String,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Frames to run.
    pub frames: u32,
    /// DISPLAY or WAYLAND_DISPLAY instead of the environment's.
    pub display: Option<String>,
}

/// Runs the trial on the calling thread.
pub fn run(request: &TrialRequest, now_ns: fn() -> u64) -> Result<Value, Refusal> {
    let size = PictureSize {
        width: request.width,
        height: request.height,
    };
    match request.kind.as_str() {
        "encoder" => encoder(request, size),
        "source" => source(request, size, now_ns),
        other => Err(Refusal::new(
            "unknown_kind",
            format!("The kind is {other:?}; known are source and encoder."),
        )),
    }
}

fn encoder(request: &TrialRequest, size: PictureSize) -> Result<Value, Refusal> {
    pf_codec::check_mode(Codec::H264, size, request.fps)
        .map_err(|e| Refusal::new("mode_invalid", e.to_string()))?;
    let result = pf_codec::trial(&request.name, size, request.fps, request.frames)
        .map_err(|e| Refusal::new("encoder_unavailable", e.to_string()))?;
    Ok(json!({
        "name": request.name,
        "ms_per_frame": result.encode_p50_ms,
        "p99_ms": result.encode_p99_ms,
        "width": size.width,
        "height": size.height,
        "detail": format!(
            "{} frames, {:.2} ms of colour conversion before each, {} bytes on average",
            result.frames, result.convert_p50_ms, result.mean_bytes
        ),
    }))
}

fn source(
    request: &TrialRequest,
    size: PictureSize,
    now_ns: fn() -> u64,
) -> Result<Value, Refusal> {
    let config = source_config(
        &request.name,
        request.display.clone(),
        None,
        size,
        request.fps,
    )?;
    let trial = Source::trial(&config, request.frames.max(1), now_ns)
        .map_err(|e| Refusal::new("source_unavailable", e.to_string()))?;
    let mut took_ns = trial.took_ns;
    took_ns.sort_unstable();
    let nearest_rank_ms = |q: f64| {
        let rank = (q * took_ns.len() as f64).ceil() as usize;
        took_ns
            .get(rank.saturating_sub(1))
            .map(|ns| *ns as f64 / 1e6)
    };
    let info = trial.info;
    Ok(json!({
        "name": info.name,
        "ms_per_frame": nearest_rank_ms(0.5),
        "p99_ms": nearest_rank_ms(0.99),
        "width": info.size.width,
        "height": info.size.height,
        "detail": info.detail,
    }))
}
