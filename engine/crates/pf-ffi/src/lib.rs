//! The engine's C ABI: six functions and nothing else (docs/ffi-abi.md).
//!
//! Every export catches panics and answers a number: ≥ 0 is a count of bytes, < 0 a [`Status`]. Outputs are written
//! only on success. Any thread may call any function at any time; `drain` alone blocks, for at most `wait_ms`.

mod boundary;
mod command;
mod descriptor;
mod handles;
mod memory;
mod probe;

use std::time::Duration;

use pf_session::{Drained, Engine, EngineConfig};
use pf_stats::RECORD_BYTES;
use serde::Deserialize;
use serde_json::json;

use boundary::{Failure, Status, guard, input, output, write_reply};

/// Version of the functions, the messages and the record; the host refuses another.
const ABI_VERSION: i32 = 1;
/// Lane 1 has no bell: its reader looks this often while it waits.
const RECORD_POLL: Duration = Duration::from_millis(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OpenConfig {
    records_seconds: u32,
    events_bytes: u32,
}

impl Default for OpenConfig {
    fn default() -> Self {
        let config = EngineConfig::default();
        Self {
            records_seconds: config.records_seconds,
            events_bytes: config.events_bytes as u32,
        }
    }
}

/// The version of this ABI.
#[unsafe(no_mangle)]
pub extern "C" fn pf_abi_version() -> i32 {
    ABI_VERSION
}

/// Opens an engine and writes its handle and clock mapping as JSON.
///
/// # Safety
/// `config` must be readable for `config_len` bytes and `reply` writable for `reply_cap` bytes, or be null with a
/// length of 0, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pf_engine_open(
    config: *const u8,
    config_len: u32,
    reply: *mut u8,
    reply_cap: u32,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise above, for exactly these two ranges.
        let (config, reply) = unsafe { (input(config, config_len)?, output(reply, reply_cap)?) };
        let config: OpenConfig = if config.is_empty() {
            OpenConfig::default()
        } else {
            serde_json::from_slice(config)
                .map_err(|e| Failure::bad_argument(format!("The configuration: {e}.")))?
        };
        let budget = EngineConfig {
            records_seconds: config.records_seconds.clamp(1, 120),
            events_bytes: (config.events_bytes as usize).clamp(1 << 12, 1 << 26),
        };
        memory::return_large_blocks();
        let now_ns: fn() -> u64 = pf_session::monotonic_ns;
        let engine = Engine::open(budget, now_ns);
        let clock = pf_session::clock_mapping();
        let handle = handles::insert(engine)?;
        let answer = json!({
            "engine": handle,
            "abi": ABI_VERSION,
            "version": env!("CARGO_PKG_VERSION"),
            "record_bytes": RECORD_BYTES,
            "clock": {
                "monotonic_ns": clock.monotonic_ns.to_string(),
                "unix_ms": clock.unix_ms,
                "boot_ms": clock.boot_ms,
            },
        });
        write_reply(&answer, reply).inspect_err(|_| drop(handles::close(handle)))
    })
}

/// Carries out one command, JSON in and JSON out. Never blocks: what may wait completes as `op.done`.
///
/// # Safety
/// As [`pf_engine_open`], for `request` and `reply`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pf_engine_call(
    engine: u32,
    request: *const u8,
    request_len: u32,
    reply: *mut u8,
    reply_cap: u32,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise above, for exactly these two ranges.
        let (request, reply) = unsafe { (input(request, request_len)?, output(reply, reply_cap)?) };
        let engine = handles::get(engine)?;
        let command = command::parse(request)?;
        if reply.len() < command::REPLY_RESERVE {
            // Checked before the command is carried out: a reply that cannot be delivered would hide what was done.
            return Err(Failure::too_small(command::REPLY_RESERVE));
        }
        let answer = command::run(&engine, command)?;
        write_reply(&answer, reply)
    })
}

/// Moves what a lane holds into `buffer`, waiting up to `wait_ms` for something to come.
///
/// # Safety
/// As [`pf_engine_open`], for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pf_engine_drain(
    engine: u32,
    lane: u32,
    buffer: *mut u8,
    buffer_cap: u32,
    wait_ms: u32,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise above.
        let buffer = unsafe { output(buffer, buffer_cap)? };
        let engine = handles::get_for_drain(engine)?;
        let wait = Duration::from_millis(u64::from(wait_ms));
        match lane {
            0 => match engine.engine.events().drain_into(buffer, wait) {
                Drained::Bytes(bytes) => Ok(bytes),
                Drained::TooSmall(needed) => Err(Failure::too_small(needed)),
                Drained::Closed => Err(Failure::new(
                    Status::Closed,
                    "closed",
                    "The engine is closed.",
                )),
            },
            1 => drain_records(&engine.engine, buffer, wait),
            other => Err(Failure::bad_argument(format!(
                "There is no lane {other}; 0 and 1 exist."
            ))),
        }
    })
}

/// Closes an engine: everything ends, lanes can be read to their end.
#[unsafe(no_mangle)]
pub extern "C" fn pf_engine_close(engine: u32) -> i32 {
    guard(|| {
        handles::close(engine)?;
        Ok(0)
    })
}

/// Writes why this thread's last call failed, as `{"code","message"}`.
///
/// # Safety
/// As [`pf_engine_open`], for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pf_last_error(buffer: *mut u8, buffer_cap: u32) -> i32 {
    let text = boundary::last_error();
    if text.len() > buffer_cap as usize || buffer.is_null() {
        return if text.is_empty() {
            0
        } else {
            Status::BufferTooSmall as i32
        };
    }
    // SAFETY: the caller's promise above; not null, and long enough by the check.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len()) };
    text.len() as i32
}

fn drain_records(engine: &Engine, buffer: &mut [u8], wait: Duration) -> Result<usize, Failure> {
    if buffer.len() < RECORD_BYTES {
        return Err(Failure::too_small(RECORD_BYTES));
    }
    let end = std::time::Instant::now() + wait;
    loop {
        match engine.drain_records(buffer) {
            None => {
                return Err(Failure::new(
                    Status::Closed,
                    "closed",
                    "The engine is closed.",
                ));
            }
            Some(0) if std::time::Instant::now() < end => std::thread::sleep(RECORD_POLL.min(wait)),
            Some(bytes) => return Ok(bytes),
        }
    }
}
