//! The one error type of this crate. Send refusals are not errors but outcomes: see `SendOutcome`.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;

/// Why a socket could not be made or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetError {
    /// Another socket owns the port.
    AddressInUse {
        /// What was asked for.
        address: SocketAddr,
    },
    /// No interface of this machine has the address, or its family is switched off.
    AddressUnavailable {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The port is reserved for a more privileged user.
    PermissionDenied {
        /// What was asked for.
        address: SocketAddr,
    },
    /// A system call failed in a way that no input explains.
    System {
        /// The call, as its manual page is named.
        call: &'static str,
        /// The errno.
        errno: i32,
    },
}

impl NetError {
    pub(crate) fn system(call: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System {
            call,
            errno: errno.raw_os_error(),
        }
    }

    pub(crate) fn binding(address: SocketAddr) -> impl Fn(Errno) -> Self {
        move |errno| match errno {
            Errno::ADDRINUSE => Self::AddressInUse { address },
            Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NODEV => {
                Self::AddressUnavailable { address }
            }
            Errno::ACCESS | Errno::PERM => Self::PermissionDenied { address },
            other => Self::System {
                call: "bind",
                errno: other.raw_os_error(),
            },
        }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressInUse { address } => {
                let (port, ip) = (address.port(), address.ip());
                write!(
                    f,
                    "UDP port {port} on {ip} is already in use by another program"
                )
            }
            Self::AddressUnavailable { address } => {
                write!(
                    f,
                    "{} is not an address of this machine (UDP port {})",
                    address.ip(),
                    address.port()
                )
            }
            Self::PermissionDenied { address } => {
                write!(
                    f,
                    "UDP port {} on {} needs more privileges",
                    address.port(),
                    address.ip()
                )
            }
            Self::System { call, errno } => {
                write!(f, "{call} failed: {}", io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

impl Error for NetError {}
