//! Opens one source or encoder, runs it for a few frames and says what a frame costs, or why it cannot be.
//!
//! A driver may crash on the first frame: the host runs this in a child process and loses only that.

use pf_codec::{Codec, PictureSize};
use pf_desktop::{Newest, PictureSource, Source};
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

/// A static screen gives one picture; the trial does not wait longer for more.
const SOURCE_TRIAL_NS: u64 = 1_500_000_000;

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
    let mut source = Source::open(&config, now_ns)
        .map_err(|e| Refusal::new("source_unavailable", e.to_string()))?;
    let started_ns = now_ns();
    let mut costs_ms = Vec::new();
    while costs_ms.len() < request.frames.max(1) as usize && now_ns() - started_ns < SOURCE_TRIAL_NS
    {
        let asked_ns = now_ns();
        match source.newest(asked_ns) {
            Newest::Fresh { stamp, .. } => {
                // A source with a thread of its own has done the work by then; one without does it when asked.
                let pushed_ns = stamp.published_ns.saturating_sub(stamp.painted_ns);
                costs_ms.push(pushed_ns.max(now_ns() - asked_ns) as f64 / 1e6);
            }
            Newest::Lost(error) => {
                return Err(Refusal::new("source_unavailable", error.to_string()));
            }
            Newest::Unchanged | Newest::NotYet | Newest::Stalled { .. } => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }
    let info = source.info();
    if costs_ms.is_empty() {
        return Err(Refusal::new(
            "source_unavailable",
            "No picture came within 1.5 s.",
        ));
    }
    costs_ms.sort_by(f64::total_cmp);
    let nearest_rank =
        |q: f64| costs_ms[((q * costs_ms.len() as f64).ceil() as usize).saturating_sub(1)];
    Ok(json!({
        "name": info.name,
        "ms_per_frame": nearest_rank(0.5),
        "p99_ms": nearest_rank(0.99),
        "width": info.size.width,
        "height": info.size.height,
        "detail": info.detail,
    }))
}
