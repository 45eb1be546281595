//! The receiver on a real socket: pings, a clock, and an end. The only file with input and output.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::access_unit::FRAME_HEADER_BYTES;
use crate::packet::HEADER_BYTES;
use crate::receiver::Receiver;
use crate::report::{Fault, ProbeReport};

/// What to receive.
#[derive(Debug)]
pub struct ProbeConfig {
    /// The sender's video port.
    pub server: SocketAddr,
    /// The secret that ties a ping to its session.
    pub ping_payload: [u8; 16],
    /// As negotiated: a video packet has 16 bytes more.
    pub packet_size: u16,
    /// How long to receive, from the first ping.
    pub duration: Duration,
    /// Gets the decodable access units, one after another: a file that plays.
    pub output: Option<File>,
    /// Behave like a client whose decoder can go on after an invalidation.
    pub can_invalidate: bool,
}

/// How the receiver asks the sender for help. Called on the receiving thread; must not block.
pub trait Recovery: Send {
    /// The next frame must be a key frame.
    fn request_idr(&self);
    /// Frames `first` to `last` cannot be referred to any more.
    fn invalidate(&self, first: u32, last: u32);
    /// The long-term reference `frame` has come whole.
    fn acknowledge(&self, frame: u32);
}

/// Why there is no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProbeError {
    /// No packet of this size can carry a frame.
    PacketSize {
        /// What was asked for.
        packet_size: u16,
    },
    /// A socket could not be made or used.
    Socket {
        /// What was tried.
        doing: &'static str,
        /// What the system answered.
        source: io::Error,
    },
    /// Not one datagram came.
    NoVideo {
        /// How long was waited.
        waited: Duration,
        /// Pings that were sent meanwhile.
        pings: u32,
    },
    /// Packets came, and no key frame among them.
    NoKeyFrame {
        /// From the first datagram.
        waited: Duration,
        /// What came instead.
        report: Box<ProbeReport>,
    },
}

/// Receives until the duration has passed or `stop` is set; shows the report so far about twice a second.
///
/// Fails like a stock client: with nothing at all for 10 s, or with no key frame within 10 s of the first
/// datagram. A later silence of 10 s ends the run with what there is, as a problem of the report.
pub fn run<R: Recovery>(
    config: ProbeConfig,
    recovery: R,
    mut on_progress: impl FnMut(&ProbeReport),
    stop: &AtomicBool,
) -> Result<ProbeReport, ProbeError> {
    let ProbeConfig {
        server,
        ping_payload,
        packet_size,
        duration,
        output,
        can_invalidate,
    } = config;
    if !(SMALLEST_PACKET_SIZE..=LARGEST_PACKET_SIZE).contains(&packet_size) {
        return Err(ProbeError::PacketSize { packet_size });
    }
    let shard_bytes = usize::from(packet_size) + 16;
    let socket = open_socket(server)?;
    let mut receiver = Receiver::new(shard_bytes, can_invalidate, &recovery, output);
    let mut pinger = Pinger {
        payload: ping_payload,
        sent: 0,
    };
    // Longer than any packet may be, so that a too long one is seen as such.
    let mut buffer = vec![0; shard_bytes + 64];

    let start = Instant::now();
    let mut watch = Watch {
        start,
        duration,
        first_datagram: None,
        last_datagram: start,
    };
    let mut next_ping = start;
    let mut next_progress = start + INTERVAL;
    loop {
        let now = Instant::now();
        if now >= next_ping {
            pinger.ping(&socket, server)?;
            next_ping += INTERVAL;
        }
        if now >= next_progress {
            on_progress(&receiver.findings.report());
            next_progress += INTERVAL;
        }
        let findings = &mut receiver.findings;
        if stop.load(Ordering::Relaxed) {
            return Ok(findings.report());
        }
        match watch.verdict(now, findings.report.key_frames) {
            Verdict::GoOn => {}
            Verdict::Over => return Ok(findings.report()),
            Verdict::NoVideo => {
                return Err(ProbeError::NoVideo {
                    waited: now - start,
                    pings: pinger.sent,
                });
            }
            Verdict::NoKeyFrame { waited } => {
                return Err(ProbeError::NoKeyFrame {
                    waited,
                    report: Box::new(findings.report()),
                });
            }
            Verdict::FellSilent => {
                findings.fault(
                    Fault::Silence,
                    format_args!("nothing came any more for {} s", PATIENCE.as_secs()),
                );
                return Ok(findings.report());
            }
        }

        let bytes = match socket.recv_from(&mut buffer) {
            Ok((bytes, from)) if is_same_peer(from, server) => bytes,
            Ok((_, from)) => {
                findings.fault(
                    Fault::ForeignSender,
                    format_args!("a datagram from {from}, expected {server}"),
                );
                continue;
            }
            Err(error) if is_no_datagram(error.kind()) => continue,
            Err(source) => {
                return Err(ProbeError::Socket {
                    doing: "receiving video",
                    source,
                });
            }
        };
        watch.note_datagram(now);
        receiver.handle_datagram(&buffer[..bytes]);
        let report = &mut receiver.findings.report;
        if report.first_frame_ms.is_none() && report.first_frame_index.is_some() {
            report.first_frame_ms = u32::try_from(start.elapsed().as_millis()).ok();
        }
    }
}

/// When a run ends, and why.
#[derive(Debug)]
struct Watch {
    start: Instant,
    duration: Duration,
    first_datagram: Option<Instant>,
    last_datagram: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    GoOn,
    Over,
    NoVideo,
    NoKeyFrame { waited: Duration },
    FellSilent,
}

impl Watch {
    fn note_datagram(&mut self, now: Instant) {
        self.first_datagram.get_or_insert(now);
        self.last_datagram = now;
    }

    fn verdict(&self, now: Instant, key_frames: u64) -> Verdict {
        let is_over = now - self.start >= self.duration;
        let is_silent = now - self.last_datagram >= PATIENCE;
        match self.first_datagram {
            None if is_over || is_silent => Verdict::NoVideo,
            None => Verdict::GoOn,
            Some(_) if is_over => Verdict::Over,
            Some(first) if key_frames == 0 && now - first >= PATIENCE => Verdict::NoKeyFrame {
                waited: now - first,
            },
            Some(_) if is_silent => Verdict::FellSilent,
            Some(_) => Verdict::GoOn,
        }
    }
}

/// Tells the sender where to send (§2): 16 bytes of secret, then a number that counts from 1.
struct Pinger {
    payload: [u8; 16],
    sent: u32,
}

impl Pinger {
    fn ping(&mut self, socket: &UdpSocket, server: SocketAddr) -> Result<(), ProbeError> {
        self.sent = self.sent.wrapping_add(1);
        let mut ping = [0; 20];
        ping[..16].copy_from_slice(&self.payload);
        ping[16..].copy_from_slice(&self.sent.to_be_bytes());
        match socket.send_to(&ping, server) {
            Err(source) if !is_no_datagram(source.kind()) => Err(ProbeError::Socket {
                doing: "sending a ping",
                source,
            }),
            _ => Ok(()),
        }
    }
}

fn open_socket(server: SocketAddr) -> Result<UdpSocket, ProbeError> {
    let failed = |doing| move |source| ProbeError::Socket { doing, source };
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).map_err(failed("opening a socket"))?;
    socket
        .set_read_timeout(Some(READ_TIMEOUT))
        .map_err(failed("setting a time-out"))?;
    // Past the system's limit where allowed: losses of our own would be counted as the network's. A refusal
    // leaves the default, which works.
    let forced = sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER_BYTES);
    let _: rustix::io::Result<()> =
        forced.or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER_BYTES));
    Ok(socket)
}

fn is_same_peer(from: SocketAddr, server: SocketAddr) -> bool {
    // The wildcard is reached at whichever address the system takes for it.
    from.port() == server.port()
        && (server.ip().is_unspecified() || from.ip().to_canonical() == server.ip().to_canonical())
}

/// A time-out, a signal, or the network's answer to a ping: a client goes on in all of them.
fn is_no_datagram(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
    )
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PacketSize { packet_size } => {
                write!(
                    f,
                    "a packet size of {packet_size} was asked for, expected {SMALLEST_PACKET_SIZE} to {LARGEST_PACKET_SIZE}"
                )
            }
            Self::Socket { doing, source } => write!(f, "{doing} failed: {source}"),
            Self::NoVideo { waited, pings } => {
                write!(
                    f,
                    "no video came within {:.1} s and after {pings} pings",
                    waited.as_secs_f64()
                )
            }
            Self::NoKeyFrame { waited, report } => {
                let (packets, frames) = (report.packets_received, report.frames_received);
                write!(f, "no key frame came within {:.1} s", waited.as_secs_f64())?;
                write!(f, ", but {packets} packets and {frames} whole frames did")?;
                report
                    .problems
                    .iter()
                    .try_for_each(|problem| write!(f, "; {problem}"))
            }
        }
    }
}

impl Error for ProbeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Socket { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Of pings, and of progress.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a client bears nothing (§10.2).
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon a stop is seen.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// Some 3,500 packets, whatever their size: the kernel accounts 2.3 kB for each and doubles the wish. A client
/// asks for 2.9 MB.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// Room for a frame header and one byte of picture.
const SMALLEST_PACKET_SIZE: u16 = (HEADER_BYTES - 16 + FRAME_HEADER_BYTES + 1) as u16;
/// Beyond jumbo frames; bounds the memory of a block of 1,023 packets to 17 MB, of a frame to 67 MB.
const LARGEST_PACKET_SIZE: u16 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn watch() -> (Watch, Instant) {
        let start = Instant::now();
        (
            Watch {
                start,
                duration: 60 * SECOND,
                first_datagram: None,
                last_datagram: start,
            },
            start,
        )
    }

    #[test]
    fn nothing_at_all_is_borne_for_ten_seconds() {
        let (watch, start) = watch();
        assert_eq!(watch.verdict(start + 9 * SECOND, 0), Verdict::GoOn);
        assert_eq!(watch.verdict(start + 10 * SECOND, 0), Verdict::NoVideo);
    }

    #[test]
    fn a_stream_without_key_frame_is_borne_for_ten_seconds_from_its_first_datagram() {
        let (mut watch, start) = watch();
        watch.note_datagram(start + 5 * SECOND);
        watch.note_datagram(start + 14 * SECOND);
        assert_eq!(watch.verdict(start + 14 * SECOND, 0), Verdict::GoOn);
        assert_eq!(
            watch.verdict(start + 15 * SECOND, 0),
            Verdict::NoKeyFrame {
                waited: 10 * SECOND
            }
        );
        assert_eq!(watch.verdict(start + 15 * SECOND, 1), Verdict::GoOn);
    }

    #[test]
    fn a_stream_that_falls_silent_ends_with_its_report() {
        let (mut watch, start) = watch();
        watch.note_datagram(start + 5 * SECOND);
        assert_eq!(watch.verdict(start + 14 * SECOND, 1), Verdict::GoOn);
        assert_eq!(watch.verdict(start + 15 * SECOND, 1), Verdict::FellSilent);
    }

    #[test]
    fn time_up_is_the_end_of_a_stream_and_an_error_without_one() {
        let (mut watch, start) = watch();
        watch.duration = SECOND;
        assert_eq!(watch.verdict(start + SECOND, 0), Verdict::NoVideo);
        watch.note_datagram(start);
        assert_eq!(watch.verdict(start + SECOND, 0), Verdict::Over);
    }

    #[test]
    fn only_the_server_s_own_port_is_listened_to() {
        let address = |text: &str| -> SocketAddr { text.parse().expect("an address") };
        let server = address("127.0.0.1:47998");
        assert!(is_same_peer(server, server));
        assert!(is_same_peer(address("[::ffff:127.0.0.1]:47998"), server));
        assert!(is_same_peer(server, address("0.0.0.0:47998")));
        assert!(!is_same_peer(address("127.0.0.1:47999"), server));
        assert!(!is_same_peer(address("127.0.0.2:47998"), server));
    }
}
