//! The UDP socket of the control stream: small datagrams to and from a few peers, each with its local address.
//!
//! It never blocks, never fails because of what a peer or the network does (refused sends are counted), and tells when
//! a datagram was cut. What the datagrams mean is ENet's business, which is not here.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::sockopt;

use crate::error::NetError;
use crate::message::{self, Family, LocalAddress};
use crate::socket::{
    DscpMarking, Readiness, SocketOptions, grow_buffers, open, timespec, unmapped,
};
use crate::sys;
use crate::waker::Waker;

/// A datagram that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlDatagram {
    /// Bytes in the buffer.
    pub bytes: usize,
    /// It was longer than the buffer.
    pub truncated: bool,
    /// Its sender, an IPv4 one as IPv4.
    pub from: SocketAddr,
    /// The address of this machine that was called.
    pub to: Option<LocalAddress>,
}

/// A bound, non-blocking UDP socket that knows local addresses.
#[derive(Debug)]
pub struct ControlSocket {
    fd: OwnedFd,
    address: SocketAddr,
    send_refusals: u64,
}

impl ControlSocket {
    /// Binds a socket; `[::]` serves IPv4 peers too, and is `0.0.0.0` on a machine without IPv6.
    pub fn bind(address: SocketAddr, marking: DscpMarking) -> Result<Self, NetError> {
        let (fd, asked) = open(address)?;
        rustix::net::bind(&fd, &asked).map_err(NetError::binding(asked))?;
        let bound = rustix::net::getsockname(&fd).map_err(NetError::system("getsockname"))?;
        let bound = SocketAddr::try_from(bound).map_err(NetError::system("getsockname"))?;
        grow_buffers(
            &fd,
            &SocketOptions {
                send_buffer_bytes: BUFFER_BYTES,
                receive_buffer_bytes: Some(BUFFER_BYTES),
                ..SocketOptions::default()
            },
        );
        let socket = Self {
            fd,
            address: bound,
            send_refusals: 0,
        };
        message::tell_local_address(socket.fd.as_fd(), socket.family())
            .map_err(NetError::system("setsockopt(PKTINFO)"))?;
        if marking == DscpMarking::On {
            socket.mark()?;
        }
        // Only a wish to this machine's queues.
        let _: Result<(), Errno> = sys::set_int_option(
            socket.fd.as_fd(),
            libc::SOL_SOCKET,
            libc::SO_PRIORITY,
            QUEUE_PRIORITY,
        );
        Ok(socket)
    }

    /// The address bound, with the port that the system chose when 0 was asked for.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Takes one datagram, if any waits.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<ControlDatagram>, NetError> {
        for _ in 0..RETRIES {
            match message::receive(self.fd.as_fd(), &mut *buffer) {
                Ok(Some(taken)) => {
                    return Ok(Some(ControlDatagram {
                        bytes: taken.bytes,
                        truncated: taken.truncated,
                        from: unmapped(taken.from),
                        to: taken.to,
                    }));
                }
                Ok(None) | Err(Errno::AGAIN) => return Ok(None),
                // An answer of the network to something sent before; ENet's retransmissions know better.
                Err(errno) if crate::socket::is_network_error(errno) || errno == Errno::INTR => {}
                Err(errno) => return Err(NetError::system("recvmsg")(errno)),
            }
        }
        Ok(None)
    }

    /// Sends one datagram from `source`; answers the bytes taken, 0 when the system or the network refused.
    pub fn send(&mut self, source: Option<LocalAddress>, peer: SocketAddr, bytes: &[u8]) -> usize {
        let peer = self.in_socket_family(peer);
        for _ in 0..RETRIES {
            match message::send(self.fd.as_fd(), self.family(), &peer, bytes, None, source) {
                Ok(sent) => return sent,
                // Reported once, instead of sending, for an earlier datagram.
                Err(Errno::CONNREFUSED | Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.send_refusals += 1;
        0
    }

    /// Datagrams that could not be sent.
    pub fn send_refusals(&self) -> u64 {
        self.send_refusals
    }

    /// Waits for a datagram, for `waker`, or until `timeout` has passed; without one, for ever. A raised waker wins.
    pub fn wait(&self, timeout: Option<Duration>, waker: &Waker) -> Result<Readiness, NetError> {
        let wake_fd = waker.fd();
        let mut fds = [
            PollFd::new(&self.fd, PollFlags::IN),
            PollFd::new(&wake_fd, PollFlags::IN),
        ];
        let limit = timeout.map(|timeout| timespec(timeout.as_nanos() as u64));
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(NetError::system("poll")(errno)),
        }
        if fds[1].revents().contains(PollFlags::IN) {
            return Ok(Readiness::Woken);
        }
        // An error, too, is taken off the socket by receiving.
        if fds[0].revents().is_empty() {
            return Ok(Readiness::TimedOut);
        }
        Ok(Readiness::Datagram)
    }

    fn mark(&self) -> Result<(), NetError> {
        sockopt::set_ip_tos(&self.fd, DSCP_EF << 2)
            .map_err(NetError::system("setsockopt(IP_TOS)"))?;
        if self.address.is_ipv6() {
            sockopt::set_ipv6_tclass(&self.fd, u32::from(DSCP_EF << 2))
                .map_err(NetError::system("setsockopt(IPV6_TCLASS)"))?;
        }
        Ok(())
    }

    fn family(&self) -> Family {
        match self.address {
            SocketAddr::V4(_) => Family::V4,
            SocketAddr::V6(_) => Family::V6,
        }
    }

    fn in_socket_family(&self, peer: SocketAddr) -> SocketAddr {
        match (self.address, peer) {
            (SocketAddr::V6(_), SocketAddr::V4(v4)) => {
                SocketAddr::from((v4.ip().to_ipv6_mapped(), v4.port()))
            }
            _ => peer,
        }
    }
}

/// A window of ENet is 64 KiB; four clients' worth.
const BUFFER_BYTES: usize = 256 << 10;
/// What the client marks its control stream with (gamestream-control-stream.md 3.1).
const DSCP_EF: u8 = 46;
/// `TC_PRIO_INTERACTIVE`.
const QUEUE_PRIORITY: i32 = 6;
/// The network may answer the retry's predecessor in between.
const RETRIES: usize = 3;
