//! What stands between C and Rust: statuses, panics, pointers.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

/// Negative answers. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// A null pointer, no UTF-8, no JSON, an unknown command or field.
    BadArgument = -1,
    /// Closed, or never opened.
    StaleHandle = -2,
    /// Nothing was done; the message ends with the size needed.
    BufferTooSmall = -3,
    /// A bug, caught at the boundary.
    Panic = -4,
    /// Understood, and not possible now.
    Refused = -5,
    /// `drain` only: closed and empty.
    Closed = -6,
}

/// A failed call: its status, and the text for `pf_last_error`.
#[derive(Debug)]
pub struct Failure {
    status: Status,
    code: String,
    message: String,
}

impl Failure {
    /// A failure with its stable code and sentence.
    pub fn new(status: Status, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// The caller's mistake.
    pub fn bad_argument(message: impl Into<String>) -> Self {
        Self::new(Status::BadArgument, "bad_argument", message)
    }

    /// The caller's buffer does not hold the answer.
    pub fn too_small(needed: usize) -> Self {
        Self::new(
            Status::BufferTooSmall,
            "buffer_too_small",
            format!("The buffer is too small; bytes needed: {needed}"),
        )
    }
}

impl From<pf_session::Refusal> for Failure {
    fn from(refusal: pf_session::Refusal) -> Self {
        Self::new(Status::Refused, refusal.code, refusal.message)
    }
}

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The text of this thread's last failure.
pub fn last_error() -> String {
    LAST_ERROR.with_borrow(Clone::clone)
}

/// Runs an export's body: a panic becomes a status, a failure is remembered.
pub fn guard(body: impl FnOnce() -> Result<usize, Failure>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without text".to_owned());
        Err(Failure::new(
            Status::Panic,
            "panic",
            format!("A bug in the engine: {text}."),
        ))
    });
    let failure = match result.map(i32::try_from) {
        Ok(Ok(bytes)) => return bytes,
        Ok(Err(_)) => Failure::new(
            Status::Panic,
            "panic",
            "A bug in the engine: more than 2 GiB were written.",
        ),
        Err(failure) => failure,
    };
    let text = json!({ "code": failure.code, "message": failure.message }).to_string();
    LAST_ERROR.with_borrow_mut(|last| *last = text);
    failure.status as i32
}

/// The caller's bytes.
///
/// # Safety
/// `pointer` must be readable for `len` bytes for `'a`, or `len` be 0.
pub unsafe fn input<'a>(pointer: *const u8, len: u32) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::bad_argument(format!(
            "A null pointer was given for {len} bytes of input."
        )));
    }
    // SAFETY: not null, and readable for `len` bytes by the caller's promise; u8 has no alignment.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len as usize) })
}

/// The caller's room for an answer.
///
/// # Safety
/// `pointer` must be writable for `cap` bytes for `'a` and nothing else may touch them, or `cap` be 0.
pub unsafe fn output<'a>(pointer: *mut u8, cap: u32) -> Result<&'a mut [u8], Failure> {
    if cap == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() {
        return Err(Failure::bad_argument(format!(
            "A null pointer was given for {cap} bytes of output."
        )));
    }
    // SAFETY: not null, and exclusively writable for `cap` bytes by the caller's promise; u8 has no alignment.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, cap as usize) })
}

/// Writes an answer, or nothing when it does not fit.
pub fn write_reply(answer: &Value, reply: &mut [u8]) -> Result<usize, Failure> {
    let text = answer.to_string();
    let room = reply
        .get_mut(..text.len())
        .ok_or_else(|| Failure::too_small(text.len()))?;
    room.copy_from_slice(text.as_bytes());
    Ok(text.len())
}
