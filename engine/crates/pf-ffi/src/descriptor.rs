//! Files that the host opened and lends for the length of a call: the engine opens none itself.

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use pf_session::Refusal;

/// A descriptor of our own for the file that the host opened, so that either side may close its own at any time.
pub fn duplicate(fd: RawFd, code: &'static str) -> Result<File, Refusal> {
    let bad = |why: String| {
        Refusal::new(
            code,
            format!("The descriptor {fd} cannot be written to: {why}."),
        )
    };
    if fd < 0 {
        return Err(bad("it is negative".into()));
    }
    // SAFETY: the descriptor is only borrowed for the duplication and forgotten right after, never closed here; the
    // host keeps it open during the call (docs/ffi-abi.md). A number that is not open makes `try_clone` fail.
    let borrowed = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
    borrowed
        .try_clone()
        .map(File::from)
        .map_err(|e| bad(e.to_string()))
}
