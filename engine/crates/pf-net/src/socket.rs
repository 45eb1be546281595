//! The UDP socket of one medium: many peers, one port, never blocking.
//!
//! Sending and receiving take `&self`: one thread sends while another waits for pings. It does not pace
//! and does not retry: a full buffer is an outcome, and the caller knows the frame's deadline.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::error::NetError;
use crate::message::{self, Family, LocalAddress};
use crate::peer_errors::PeerErrors;
use crate::segments::{MAX_SEGMENTS, SendOutcome, send_in_calls};
use crate::sys;
use crate::time::monotonic_ns;
use crate::waker::Waker;

/// What a socket carries, and so how routers and queues of this machine should treat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QosClass {
    /// No wish.
    #[default]
    None,
    /// Queue priority 5; DSCP 40 (CS5) when marking is on.
    Video,
    /// Queue priority 6; DSCP 48 (CS6) when marking is on.
    Audio,
}

/// How a media socket is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketOptions {
    /// Wanted send buffer. The system may grant less: `MediaSocket::send_buffer_bytes`.
    pub send_buffer_bytes: usize,
    /// Wanted receive buffer; absent leaves the system's default.
    pub receive_buffer_bytes: Option<usize>,
    /// Priority in this machine's queues. Marks nothing on the wire: `MediaSocket::set_dscp`.
    pub qos: QosClass,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            send_buffer_bytes: SEND_BUFFER_BYTES,
            receive_buffer_bytes: None,
            qos: QosClass::None,
        }
    }
}

/// Why `MediaSocket::wait_readable` returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// A datagram can be received.
    Datagram,
    /// The waker is raised (and stays so).
    Woken,
    /// Neither happened in time.
    TimedOut,
}

/// A bound, non-blocking UDP socket.
#[derive(Debug)]
pub struct MediaSocket {
    fd: OwnedFd,
    address: SocketAddr,
    qos: QosClass,
    /// Set for good when the kernel, the route or the device cannot segment.
    gso_off: AtomicBool,
    /// The last refusal was a full queue of the interface, of which `poll` knows nothing.
    interface_full: AtomicBool,
    peer_errors: PeerErrors,
}

impl MediaSocket {
    /// Binds a socket; `[::]` serves IPv4 peers too, and is `0.0.0.0` on a machine without IPv6.
    pub fn bind(address: SocketAddr, options: &SocketOptions) -> Result<Self, NetError> {
        let (fd, asked) = open(address)?;
        rustix::net::bind(&fd, &asked).map_err(NetError::binding(asked))?;
        let bound = rustix::net::getsockname(&fd).map_err(NetError::system("getsockname"))?;
        let bound = SocketAddr::try_from(bound).map_err(NetError::system("getsockname"))?;

        // Without these an unconnected socket never hears that a client is gone.
        sys::set_int_option(fd.as_fd(), libc::SOL_IP, libc::IP_RECVERR, 1)
            .map_err(NetError::system("setsockopt(IP_RECVERR)"))?;
        if asked.is_ipv6() {
            sys::set_int_option(fd.as_fd(), libc::SOL_IPV6, libc::IPV6_RECVERR, 1)
                .map_err(NetError::system("setsockopt(IPV6_RECVERR)"))?;
        }
        grow_buffers(&fd, options);
        let socket = Self {
            fd,
            address: bound,
            qos: options.qos,
            gso_off: AtomicBool::new(false),
            interface_full: AtomicBool::new(false),
            peer_errors: PeerErrors::default(),
        };
        socket.set_queue_priority();
        if bound.ip().is_unspecified() {
            message::tell_local_address(socket.fd.as_fd(), socket.family())
                .map_err(NetError::system("setsockopt(PKTINFO)"))?;
        }
        Ok(socket)
    }

    /// The address bound, with the port that the system chose when 0 was asked for.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Send buffer that was granted, counted like the wish.
    pub fn send_buffer_bytes(&self) -> usize {
        // The kernel reports twice what it grants, the other half being its own bookkeeping.
        sockopt::socket_send_buffer_size(&self.fd).map_or(0, |doubled| doubled / 2)
    }

    /// Receive buffer that was granted, counted like the wish.
    pub fn receive_buffer_bytes(&self) -> usize {
        sockopt::socket_recv_buffer_size(&self.fd).map_or(0, |doubled| doubled / 2)
    }

    /// Marks datagrams with the DSCP of the socket's class, or takes the mark away again.
    pub fn set_dscp(&self, marking: DscpMarking) -> Result<(), NetError> {
        let traffic_class = match (marking, self.qos) {
            (DscpMarking::Off, _) | (_, QosClass::None) => 0,
            (DscpMarking::On, QosClass::Video) => 40 << 2,
            (DscpMarking::On, QosClass::Audio) => 48 << 2,
        };
        // On a socket of both families IPv4 peers are marked by the first, IPv6 peers by the second.
        sockopt::set_ip_tos(&self.fd, traffic_class)
            .map_err(NetError::system("setsockopt(IP_TOS)"))?;
        if self.address.is_ipv6() {
            sockopt::set_ipv6_tclass(&self.fd, u32::from(traffic_class))
                .map_err(NetError::system("setsockopt(IPV6_TCLASS)"))?;
        }
        // Setting the traffic class resets the queue priority.
        self.set_queue_priority();
        Ok(())
    }

    /// Datagrams a system call can carry now: 64, or 1 once segmentation was refused or disabled. A call
    /// carries at most `MAX_CALL_BYTES` too, which is 46 datagrams of 1408 bytes.
    pub fn gso_segments(&self) -> usize {
        if self.gso_off.load(Ordering::Relaxed) {
            1
        } else {
            MAX_SEGMENTS
        }
    }

    /// Sends one datagram a call from now on.
    pub fn disable_gso(&self) {
        self.gso_off.store(true, Ordering::Relaxed);
    }

    /// Sends `datagrams`, which lie one after another, each of `segment_bytes` (the last may be shorter).
    ///
    /// Never blocks and never allocates. ICMP errors of earlier datagrams are told in the outcome and do not
    /// stop this one.
    pub fn send_segments(
        &self,
        peer: SocketAddr,
        datagrams: &[u8],
        segment_bytes: usize,
    ) -> SendOutcome {
        self.send_segments_from(None, peer, datagrams, segment_bytes)
    }

    /// As `send_segments`, from the address that the peer has called.
    pub fn send_segments_from(
        &self,
        source: Option<LocalAddress>,
        peer: SocketAddr,
        datagrams: &[u8],
        segment_bytes: usize,
    ) -> SendOutcome {
        let target = self.in_socket_family(peer);
        let mut outcome =
            send_in_calls(datagrams, segment_bytes, &self.gso_off, |bytes, segment| {
                let mut answer = self.send_once(source, &target, bytes, segment);
                // An error of an earlier datagram is reported once, to whoever sends next, instead of sending.
                for _ in 0..PENDING_ERROR_RETRIES {
                    if !answer.is_err_and(is_network_error) {
                        break;
                    }
                    self.take_queued_errors();
                    answer = self.send_once(source, &target, bytes, segment);
                }
                if answer == Err(Errno::NOBUFS) {
                    self.interface_full.store(true, Ordering::Relaxed);
                }
                answer
            });
        outcome.refused_before = self.peer_errors.take_unreported(peer);
        outcome
    }

    /// Waits until a datagram can be sent or `deadline_ns` of `monotonic_ns` is reached; answers whether it can.
    pub fn wait_writable(&self, deadline_ns: u64) -> Result<bool, NetError> {
        if self.interface_full.swap(false, Ordering::Relaxed) {
            let pause_ns = INTERFACE_FULL_PAUSE_NS.min(deadline_ns.saturating_sub(monotonic_ns()));
            std::thread::sleep(Duration::from_nanos(pause_ns));
        }
        loop {
            let left_ns = deadline_ns.saturating_sub(monotonic_ns());
            let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
            match poll(&mut fds, Some(&timespec(left_ns))) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(NetError::system("poll")(errno)),
            }
            let seen = fds[0].revents();
            if seen.contains(PollFlags::OUT) {
                return Ok(true);
            }
            if seen.contains(PollFlags::ERR) {
                self.take_queued_errors();
            }
            if left_ns == 0 {
                return Ok(false);
            }
        }
    }

    /// Waits for a datagram, for `waker`, or until `timeout` has passed. A raised waker wins.
    pub fn wait_readable(&self, timeout: Duration, waker: &Waker) -> Result<Readiness, NetError> {
        let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        let deadline_ns = monotonic_ns().saturating_add(timeout_ns);
        loop {
            let left_ns = deadline_ns.saturating_sub(monotonic_ns());
            let wake_fd = waker.fd();
            let mut fds = [
                PollFd::new(&self.fd, PollFlags::IN),
                PollFd::new(&wake_fd, PollFlags::IN),
            ];
            match poll(&mut fds, Some(&timespec(left_ns))) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(NetError::system("poll")(errno)),
            }
            if fds[1].revents().contains(PollFlags::IN) {
                return Ok(Readiness::Woken);
            }
            let seen = fds[0].revents();
            if seen.contains(PollFlags::ERR) {
                self.take_queued_errors();
            }
            if seen.contains(PollFlags::IN) {
                return Ok(Readiness::Datagram);
            }
            if left_ns == 0 {
                return Ok(Readiness::TimedOut);
            }
        }
    }

    /// Takes one datagram, if any waits: its length (cut to the buffer) and its sender, an IPv4 one as IPv4.
    ///
    /// ICMP errors of what was sent are counted, not returned.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr)>, NetError> {
        let received = self.receive_local(buffer)?;
        Ok(received.map(|(bytes, from, _)| (bytes, from)))
    }

    /// As `receive`, with the address that was called, if the socket serves several.
    pub fn receive_local(
        &self,
        buffer: &mut [u8],
    ) -> Result<Option<(usize, SocketAddr, Option<LocalAddress>)>, NetError> {
        for _ in 0..=PENDING_ERROR_RETRIES {
            match message::receive(self.fd.as_fd(), &mut *buffer) {
                Ok(Some(taken)) => {
                    return Ok(Some((taken.bytes, unmapped(taken.from), taken.to)));
                }
                Ok(None) | Err(Errno::AGAIN) => return Ok(None),
                Err(errno) if is_network_error(errno) => _ = self.take_queued_errors(),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(NetError::system("recvmsg")(errno)),
            }
        }
        Ok(None)
    }

    /// Datagrams that the network answered with an error, of all peers.
    pub fn refused_total(&self) -> u64 {
        self.peer_errors.total()
    }

    /// Datagrams to `peer` that the network answered with an error (its port is closed, no way to it).
    pub fn refused_by(&self, peer: SocketAddr) -> u64 {
        self.peer_errors.of(peer)
    }

    fn send_once(
        &self,
        source: Option<LocalAddress>,
        peer: &SocketAddr,
        bytes: &[u8],
        segment: Option<u16>,
    ) -> Result<(), Errno> {
        message::send(self.fd.as_fd(), self.family(), peer, bytes, segment, source).map(|_| ())
    }

    fn family(&self) -> Family {
        match self.address {
            SocketAddr::V4(_) => Family::V4,
            SocketAddr::V6(_) => Family::V6,
        }
    }

    /// Empties the error queue into the counters; answers how many entries it held.
    fn take_queued_errors(&self) -> usize {
        let mut taken = 0;
        while taken < ERRORS_AT_ONCE {
            match sys::take_queued_error(self.fd.as_fd()) {
                Ok(Some(error)) if error.from_network && is_network_error(error.errno) => {
                    self.peer_errors.count(error.peer);
                }
                Ok(_) => {}
                Err(_) => break,
            }
            taken += 1;
        }
        // The pending errno outlives the queue's entries; reading it clears it.
        let _: Result<Result<(), Errno>, Errno> = sockopt::socket_error(&self.fd);
        taken
    }

    fn in_socket_family(&self, peer: SocketAddr) -> SocketAddr {
        match (self.address, peer) {
            (SocketAddr::V6(_), SocketAddr::V4(v4)) => {
                SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into()
            }
            (SocketAddr::V4(_), SocketAddr::V6(_)) => unmapped(peer),
            _ => peer,
        }
    }

    fn set_queue_priority(&self) {
        let priority = match self.qos {
            QosClass::None => return,
            QosClass::Video => 5,
            QosClass::Audio => 6,
        };
        // Only a wish to this machine's queues: a refusal changes nothing that anyone could act on.
        let _: Result<(), Errno> = sys::set_int_option(
            self.fd.as_fd(),
            libc::SOL_SOCKET,
            libc::SO_PRIORITY,
            priority,
        );
    }
}

/// Whether datagrams say their class to routers. Some routers drop marked packets, so it is never a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DscpMarking {
    /// No mark.
    Off,
    /// The mark of the socket's class.
    On,
}

pub(crate) fn open(address: SocketAddr) -> Result<(OwnedFd, SocketAddr), NetError> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let make = |family| rustix::net::socket_with(family, SocketType::DGRAM, flags, None);
    if address.is_ipv4() {
        return Ok((
            make(AddressFamily::INET).map_err(NetError::binding(address))?,
            address,
        ));
    }
    match make(AddressFamily::INET6) {
        Ok(fd) => {
            sockopt::set_ipv6_v6only(&fd, false)
                .map_err(NetError::system("setsockopt(IPV6_V6ONLY)"))?;
            Ok((fd, address))
        }
        Err(Errno::AFNOSUPPORT) if address.ip().is_unspecified() => open(SocketAddr::new(
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            address.port(),
        )),
        Err(errno) => Err(NetError::binding(address)(errno)),
    }
}

/// Asks past the system's limit first, which a privileged process may; else the system caps the wish.
pub(crate) fn grow_buffers(fd: &OwnedFd, options: &SocketOptions) {
    let wanted = options.send_buffer_bytes;
    let _: Result<(), Errno> = sockopt::set_socket_send_buffer_size_force(fd, wanted)
        .or_else(|_| sockopt::set_socket_send_buffer_size(fd, wanted));
    if let Some(wanted) = options.receive_buffer_bytes {
        let _: Result<(), Errno> = sockopt::set_socket_recv_buffer_size_force(fd, wanted)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(fd, wanted));
    }
}

/// An IPv4 peer as IPv4. Others are left alone: a link-local one is nothing without its scope.
pub(crate) fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::from((v4, address.port())),
        IpAddr::V6(_) => address,
    }
}

pub(crate) fn is_network_error(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::CONNREFUSED
            | Errno::HOSTUNREACH
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::NETDOWN
            | Errno::NONET
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::ACCESS
            | Errno::MSGSIZE
            | Errno::OPNOTSUPP
    )
}

pub(crate) fn timespec(nanos: u64) -> Timespec {
    Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as i64,
    }
}

/// Twice the largest frame burst: measured, 4 MB hold about 3,000 datagrams of 1408 bytes.
const SEND_BUFFER_BYTES: usize = 4 << 20;

/// The network may answer the retry's predecessor in between; after this many the refusal is the answer.
const PENDING_ERROR_RETRIES: usize = 2;

/// A bound on the work one send can be given by a peer that answers everything with an error.
const ERRORS_AT_ONCE: usize = 256;

/// A queue of 1,000 packets empties by some 17 of 1,408 bytes in this time at 1 Gb/s.
const INTERFACE_FULL_PAUSE_NS: u64 = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_mapping_and_keep_their_scope() {
        let address = |text: &str| -> SocketAddr { text.parse().expect("an address") };
        assert_eq!(
            unmapped(address("[::ffff:192.0.2.1]:5")),
            address("192.0.2.1:5")
        );
        assert_eq!(unmapped(address("[fe80::1%3]:5")), address("[fe80::1%3]:5"));
        assert_eq!(unmapped(address("192.0.2.1:5")), address("192.0.2.1:5"));
    }
}
