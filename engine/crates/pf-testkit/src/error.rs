//! Why a desktop or a painter did not work, and turning "not installed" into a skipped test.

use std::fmt;

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum TestkitError {
    /// The program is not on this machine: a reason to skip.
    NotInstalled {
        /// Its name.
        program: &'static str,
    },
    /// Something did not work: a reason to fail.
    Failed {
        /// What was tried.
        what: &'static str,
        /// What came of it.
        reason: String,
    },
}

impl TestkitError {
    pub(crate) fn failed(what: &'static str, reason: impl fmt::Display) -> Self {
        Self::Failed {
            what,
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for TestkitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled { program } => write!(f, "{program} is not installed"),
            Self::Failed { what, reason } => write!(f, "{what}: {reason}"),
        }
    }
}

impl std::error::Error for TestkitError {}

/// What was started; `None`, with the reason printed, when the program is not installed.
///
/// # Panics
/// When it is installed and does not work: that is a failed test and not a skipped one.
pub fn available<T>(started: Result<T, TestkitError>) -> Option<T> {
    match started {
        Ok(started) => Some(started),
        Err(error @ TestkitError::NotInstalled { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
