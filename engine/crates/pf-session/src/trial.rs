//! Opens one source or encoder, runs it for a few frames and says what a frame costs, or why it cannot be.
//!
//! A driver may crash on the first frame: the host runs this in a child process and loses only that.

use pf_codec::PictureSize;
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
    let size = PictureSize { width: request.width, height: request.height };
    match request.kind.as_str() {
        "encoder" => encoder(request, size),
        "source" => source(request, size, now_ns),
        other => Err(Refusal::new("unknown_kind", format!("The kind is {other:?}; known are source and encoder."))),
    }
}

fn encoder(request: &TrialRequest, size: PictureSize) -> Result<Value, Refusal> {
    pf_codec::check_mode("h264", size, request.fps).map_err(|e| Refusal::new("mode_invalid", e.to_string()))?;
    let result = pf_codec::trial(&request.name, size, request.fps, request.frames)
        .map_err(|e| Refusal::new("encoder_unavailable", e.to_string()))?;
    Ok(json!({
        "name": request.name,
        "ms_per_frame": result.p50_ms,
        "p99_ms": result.p99_ms,
        "width": size.width,
        "height": size.height,
        "detail": result.detail,
    }))
}

fn source(request: &TrialRequest, size: PictureSize, now_ns: fn() -> u64) -> Result<Value, Refusal> {
    let config = source_config(&request.name, request.display.clone(), None, size, request.fps)?;
    let mut source = Source::open(&config, now_ns).map_err(|e| Refusal::new("source_unavailable", e.to_string()))?;
    let started_ns = now_ns();
    let mut pictures = 0;
    while pictures < request.frames && now_ns() - started_ns < SOURCE_TRIAL_NS {
        match source.newest(now_ns()) {
            Newest::Fresh { .. } => pictures += 1,
            Newest::Lost(error) => return Err(Refusal::new("source_unavailable", error.to_string())),
            Newest::Unchanged | Newest::NotYet | Newest::Stalled { .. } => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }
    let info = source.info();
    let ms = |q: f64| source.grab_cost_ms(q);
    if pictures == 0 {
        return Err(Refusal::new("source_unavailable", "No picture came within 1.5 s."));
    }
    Ok(json!({
        "name": info.name,
        "ms_per_frame": ms(0.5),
        "p99_ms": ms(0.99),
        "width": info.size.width,
        "height": info.size.height,
        "detail": info.detail,
    }))
}
