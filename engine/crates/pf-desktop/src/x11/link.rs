//! Connecting to an X server, and what can go wrong with a connection.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::reexports::x11rb_protocol::parse_display::{ConnectAddress, parse_display};
use x11rb::reexports::x11rb_protocol::xauth::{Family, get_auth};
use x11rb::rust_connection::{DefaultStream, RustConnection};

use super::stream::GuardedStream;
use crate::SourceError;
use crate::connect::connect_unix;
use crate::wait::Waiter;

/// A connection whose waits end.
pub(super) type Connection = RustConnection<GuardedStream>;

/// A connection and what is known of it from connecting.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) display: String,
    pub(super) screen: usize,
    /// Over a local socket, so descriptors can be passed.
    pub(super) local: bool,
}

/// Why a step of capturing failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server answered a request with an error; the connection is fine.
    Refused(String),
    /// The connection is of no use any more.
    Gone(io::ErrorKind, String),
    /// The screen is not one we can capture.
    Unusable(SourceError),
}

impl Link {
    /// Connects to `display`, or to `DISPLAY` when there is none.
    ///
    /// # Errors
    /// No or a bad name, nobody there, refused, or no answer until the waiter gives up.
    pub(super) fn open(display: Option<&str>, waiter: &Waiter) -> Result<Self, SourceError> {
        let display = match display {
            Some(display) => display.to_owned(),
            None => std::env::var("DISPLAY").unwrap_or_default(),
        };
        if display.is_empty() {
            return Err(SourceError::NoDisplay {
                variable: "DISPLAY",
            });
        }
        let parsed = parse_display(Some(&display)).map_err(|_| SourceError::BadDisplayName {
            display: display.clone(),
        })?;
        let mut first_error = None;
        for address in parsed.connect_instruction() {
            match connect_to(&address, waiter) {
                Ok((socket, (family, peer), local)) => {
                    // Without a readable authority file we try without: local servers often need none.
                    let (name, data) = get_auth(family, &peer, parsed.display)
                        .ok()
                        .flatten()
                        .unwrap_or_default();
                    let screen = usize::from(parsed.screen);
                    let stream = GuardedStream::new(socket, waiter.clone());
                    let connection =
                        Connection::connect_to_stream_with_auth_info(stream, screen, name, data)
                            .map_err(|error| opening_error(error, &display, waiter))?;
                    return Ok(Self {
                        connection,
                        display,
                        screen,
                        local,
                    });
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(match first_error {
            Some(error) if error.kind() == io::ErrorKind::TimedOut => waiter.no_answer(&display),
            Some(error) => SourceError::Unreachable {
                display,
                reason: error.to_string(),
            },
            None => SourceError::BadDisplayName { display },
        })
    }
}

type Connected = (DefaultStream, (Family, Vec<u8>), bool);

fn connect_to(address: &ConnectAddress<'_>, waiter: &Waiter) -> io::Result<Connected> {
    match address {
        ConnectAddress::Socket(path) => {
            let stream = connect_unix(Path::new(path), waiter)?;
            let (socket, peer) = DefaultStream::from_unix_stream(stream)?;
            Ok((socket, peer, true))
        }
        ConnectAddress::Hostname(host, port) => {
            let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in (*host, *port).to_socket_addrs()? {
                let left_ns = waiter
                    .give_up_ns()
                    .unwrap_or(0)
                    .saturating_sub(waiter.now_ns());
                let timeout = Duration::from_nanos(left_ns.max(1));
                match TcpStream::connect_timeout(&address, timeout) {
                    Ok(stream) => {
                        // Small requests in a row must not wait for each other's acknowledgement.
                        stream.set_nodelay(true)?;
                        let (socket, peer) = DefaultStream::from_tcp_stream(stream)?;
                        return Ok((socket, peer, false));
                    }
                    Err(error) => last_error = error,
                }
            }
            Err(last_error)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn opening_error(error: ConnectError, display: &str, waiter: &Waiter) -> SourceError {
    let display = display.to_owned();
    let text = |reason: &[u8]| String::from_utf8_lossy(reason).trim().to_owned();
    match error {
        ConnectError::IoError(error) if error.kind() == io::ErrorKind::TimedOut => {
            waiter.no_answer(&display)
        }
        ConnectError::SetupFailed(failed) => SourceError::Refused {
            display,
            reason: text(&failed.reason),
        },
        ConnectError::SetupAuthenticate(wanted) => SourceError::Refused {
            display,
            reason: text(&wanted.reason),
        },
        ConnectError::InvalidScreen => SourceError::BadDisplayName { display },
        other => SourceError::Unreachable {
            display,
            reason: other.to_string(),
        },
    }
}

impl Fault {
    /// The same as an error of the source.
    pub(super) fn into_error(self, display: &str, waiter: &Waiter) -> SourceError {
        let display = display.to_owned();
        match self {
            Self::Gone(io::ErrorKind::TimedOut, _) => waiter.no_answer(&display),
            Self::Gone(_, reason) => SourceError::ServerGone { display, reason },
            Self::Refused(reason) => SourceError::Protocol { display, reason },
            Self::Unusable(error) => error,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Gone(error.kind(), error.to_string())
    }
}

impl From<SourceError> for Fault {
    fn from(error: SourceError) -> Self {
        Self::Unusable(error)
    }
}

impl From<ConnectionError> for Fault {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::IoError(error) => error.into(),
            // The extension was there when it was looked up; not having it now is the server's refusal.
            ConnectionError::UnsupportedExtension => Self::Refused(error.to_string()),
            other => Self::Gone(io::ErrorKind::InvalidData, other.to_string()),
        }
    }
}

impl From<ReplyError> for Fault {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => Self::Refused(format!(
                "{:?} from {}",
                error.error_kind,
                error.request_name.unwrap_or("a request")
            )),
        }
    }
}

impl From<ReplyOrIdError> for Fault {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::IdsExhausted => Self::Refused("no resource ids are left".to_owned()),
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => ReplyError::X11Error(error).into(),
        }
    }
}
