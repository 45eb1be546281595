//! Why a source cannot be opened, or why it ended. Every message says what to do where something can be done.

use std::fmt;

/// What went wrong with a source of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// No display was named and the environment names none.
    NoDisplay {
        /// The environment variable that was looked at.
        variable: &'static str,
    },
    /// The display's name cannot be understood.
    BadDisplayName {
        /// The name as given.
        display: String,
    },
    /// Nobody listens at the display.
    Unreachable {
        /// The display.
        display: String,
        /// What the system said.
        reason: String,
    },
    /// The server is there and does not let us in.
    Refused {
        /// The display.
        display: String,
        /// What the server said.
        reason: String,
    },
    /// The server took the connection and did not answer in time.
    NoAnswer {
        /// The display.
        display: String,
        /// How long we waited.
        waited_ms: u64,
    },
    /// The server lacks something that capturing needs.
    MissingExtension {
        /// The display.
        display: String,
        /// Name of the extension or protocol.
        extension: &'static str,
    },
    /// The pixels of this screen are laid out in a way that is not supported.
    UnsupportedPixels {
        /// The display.
        display: String,
        /// What the screen has.
        got: String,
        /// What is supported.
        expected: &'static str,
    },
    /// There is no output of that name.
    UnknownOutput {
        /// The name asked for.
        wanted: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// The output exists and is switched off, so it has no picture.
    OutputOff {
        /// Its name.
        output: String,
    },
    /// The output was removed while we captured it.
    OutputGone {
        /// Its name.
        output: String,
    },
    /// The server refused a request at opening.
    Protocol {
        /// The display.
        display: String,
        /// What the server said.
        reason: String,
    },
    /// The server ended or closed the connection.
    ServerGone {
        /// The display.
        display: String,
        /// What the connection said.
        reason: String,
    },
    /// Not a size that a source can have.
    BadSize {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// Not a rate that a source can have.
    BadRate {
        /// Pictures a second asked for.
        fps: u32,
    },
    /// The system refused memory for a picture, or a thread.
    System {
        /// What was asked for.
        wanted: &'static str,
        /// Bytes, where it was memory.
        bytes: usize,
        /// What the system said.
        reason: String,
    },
    /// The source's thread ended without saying why: a bug.
    ThreadEnded,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDisplay { variable } => write!(
                f,
                "no display: {variable} is not set and none was given; start from inside the desktop session or set {variable}"
            ),
            Self::BadDisplayName { display } => {
                write!(
                    f,
                    "display {display:?} is not a display name such as \":0\""
                )
            }
            Self::Unreachable { display, reason } => write!(
                f,
                "display {display} cannot be reached: {reason}; is its server running?"
            ),
            Self::Refused { display, reason } => write!(
                f,
                "display {display} refused us: {reason}; set XAUTHORITY to the session's file, or allow this user with `xhost +si:localuser:$(id -un)`"
            ),
            Self::NoAnswer { display, waited_ms } => write!(
                f,
                "display {display} took the connection and did not answer within {waited_ms} ms; is its server stopped or hanging?"
            ),
            Self::MissingExtension { display, extension } => {
                write!(
                    f,
                    "display {display} lacks {extension}, which capturing needs"
                )
            }
            Self::UnsupportedPixels {
                display,
                got,
                expected,
            } => {
                write!(f, "display {display} has {got}; supported: {expected}")
            }
            Self::UnknownOutput { wanted, available } => write!(
                f,
                "no output {wanted:?}; there are: {}",
                if available.is_empty() {
                    "none".to_owned()
                } else {
                    available.join(", ")
                }
            ),
            Self::OutputOff { output } => write!(f, "output {output} is switched off"),
            Self::OutputGone { output } => write!(f, "output {output} was removed"),
            Self::Protocol { display, reason } => {
                write!(f, "display {display} refused a request: {reason}")
            }
            Self::ServerGone { display, reason } => {
                write!(
                    f,
                    "the server of display {display} ended the connection: {reason}"
                )
            }
            Self::BadSize { width, height } => {
                write!(
                    f,
                    "a picture of {width}x{height} is not possible; expected 1x1 to 16384x16384"
                )
            }
            Self::BadRate { fps } => {
                write!(
                    f,
                    "{fps} pictures a second are not possible; expected 1 to 1000"
                )
            }
            Self::System {
                wanted,
                bytes: 0,
                reason,
            } => write!(f, "the system refused {wanted}: {reason}"),
            Self::System {
                wanted,
                bytes,
                reason,
            } => {
                write!(f, "the system refused {wanted} of {bytes} bytes: {reason}")
            }
            Self::ThreadEnded => write!(f, "the source's thread ended unexpectedly"),
        }
    }
}

impl std::error::Error for SourceError {}
