//! Datagrams with their local address: `sendmsg` and `recvmsg` with control messages. The only other file of this
//! crate with `unsafe`, besides `sys.rs`.
//!
//! A host with several addresses must answer from the one that was called: the client takes nothing else. The local
//! address of a received datagram (`IP_PKTINFO`, `IPV6_PKTINFO`) is given back to the kernel with the answer.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;

use crate::sys::{address_of, last_errno, set_int_option};

/// An address of this machine that a datagram arrived at, and that answers leave from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalAddress {
    ip: IpAddr,
    /// The interface, for addresses that mean nothing without it; else 0.
    scope: u32,
}

impl LocalAddress {
    /// `ip` of this machine; `None` for what nothing can be sent from.
    pub fn new(ip: IpAddr, interface: u32) -> Option<Self> {
        let ip = ip.to_canonical();
        let scope = match ip {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => interface,
            _ => 0,
        };
        let usable = !ip.is_unspecified()
            && !ip.is_multicast()
            && !matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        usable.then_some(Self { ip, scope })
    }

    /// The address, an IPv4 one as IPv4.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }
}

/// A datagram that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Bytes in the buffer.
    pub(crate) bytes: usize,
    /// The datagram was longer than the buffer.
    pub(crate) truncated: bool,
    /// Its sender, an IPv4 one as IPv4.
    pub(crate) from: SocketAddr,
    /// Where it arrived.
    pub(crate) to: Option<LocalAddress>,
}

/// What a socket is: it decides how control messages spell an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// Asks the kernel to tell the local address of every datagram.
pub(crate) fn tell_local_address(socket: BorrowedFd<'_>, family: Family) -> Result<(), Errno> {
    match family {
        Family::V4 => set_int_option(socket, libc::SOL_IP, libc::IP_PKTINFO, 1),
        // Tells of IPv4 datagrams too, mapped.
        Family::V6 => set_int_option(socket, libc::SOL_IPV6, libc::IPV6_RECVPKTINFO, 1),
    }
}

/// Aligned like a `cmsghdr`, with room for `UDP_SEGMENT` (24 bytes) and the larger of the address messages (40).
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Sends `bytes`, as datagrams of `segment_bytes` in one call if given (`UDP_SEGMENT`), from `source` if given.
/// Answers the bytes taken.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    family: Family,
    peer: &SocketAddr,
    bytes: &[u8],
    segment_bytes: Option<u16>,
    source: Option<LocalAddress>,
) -> Result<usize, Errno> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero msghdr is a valid one: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    let mut used = 0;
    if let Some(segment_bytes) = segment_bytes {
        let kind = (libc::SOL_UDP, libc::UDP_SEGMENT);
        used += put(&mut control, used, kind, segment_bytes);
    }
    if let Some(source) = source {
        used += put_source(&mut control, used, family, source);
    }
    if used > 0 {
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = used;
    }
    // SAFETY: with_sockaddr lends a valid address for the closure's time; the kernel only reads it, the bytes behind
    // `part` (borrowed for the whole call, never written through) and the first `used` bytes of `control`.
    let sent = unsafe {
        peer.with_sockaddr(|address, address_bytes| {
            message.msg_name = address.cast_mut().cast();
            message.msg_namelen = address_bytes;
            libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_DONTWAIT)
        })
    };
    usize::try_from(sent).map_err(|_| last_errno())
}

fn put_source(control: &mut Control, at: usize, family: Family, source: LocalAddress) -> usize {
    match (family, source.ip) {
        (Family::V4, IpAddr::V4(v4)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from(v4).to_be(),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            put(control, at, (libc::SOL_IP, libc::IP_PKTINFO), info)
        }
        // Never asked: an IPv4 socket is called at IPv4 addresses only.
        (Family::V4, IpAddr::V6(_)) => 0,
        (Family::V6, ip) => {
            let v6 = match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped(),
                IpAddr::V6(v6) => v6,
            };
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: v6.octets(),
                },
                ipi6_ifindex: source.scope,
            };
            put(control, at, (libc::SOL_IPV6, libc::IPV6_PKTINFO), info)
        }
    }
}

/// Writes one control message at `at`, a multiple of 8; answers its length with padding.
fn put<T: Copy>(
    control: &mut Control,
    at: usize,
    (level, kind): (libc::c_int, libc::c_int),
    value: T,
) -> usize {
    let value_bytes = mem::size_of::<T>() as u32;
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute lengths.
    let (space, length) = unsafe {
        (
            libc::CMSG_SPACE(value_bytes) as usize,
            libc::CMSG_LEN(value_bytes) as usize,
        )
    };
    let room = &mut control.0[at..at + space];
    let header = libc::cmsghdr {
        cmsg_len: length,
        cmsg_level: level,
        cmsg_type: kind,
    };
    // SAFETY: `room` holds CMSG_SPACE bytes: a header and behind it a padded value. Both are plain data without
    // pointers and are written unaligned.
    unsafe {
        room.as_mut_ptr()
            .cast::<libc::cmsghdr>()
            .write_unaligned(header);
        room.as_mut_ptr()
            .add(length - value_bytes as usize)
            .cast::<T>()
            .write_unaligned(value);
    }
    space
}

/// Takes one datagram.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> Result<Option<Received>, Errno> {
    #[repr(C, align(8))]
    struct Room([u8; 128]);
    let mut control = Room([0; 128]);
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all-zero bytes are a valid sockaddr_storage (family 0) and a valid msghdr.
    let (mut name, mut message): (libc::sockaddr_storage, libc::msghdr) = unsafe { mem::zeroed() };
    message.msg_name = ptr::from_mut(&mut name).cast();
    message.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len();
    // SAFETY: name, buffer and control are live, writable and as long as the message says.
    let bytes = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_DONTWAIT) };
    let bytes = usize::try_from(bytes).map_err(|_| last_errno())?;
    let Some(from) = address_of(&name) else {
        return Ok(None);
    };
    Ok(Some(Received {
        bytes,
        truncated: message.msg_flags & libc::MSG_TRUNC != 0,
        from,
        to: local_address(&message),
    }))
}

fn local_address(message: &libc::msghdr) -> Option<LocalAddress> {
    // SAFETY: the kernel filled msg_control and set msg_controllen to what it wrote; CMSG_FIRSTHDR and CMSG_NXTHDR
    // stay inside that and answer null at its end; the caller's buffer is aligned for the headers. Payloads are plain
    // data, read unaligned and only where the header's own length covers them.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let data = libc::CMSG_DATA(header);
            let covers = |bytes: usize| (*header).cmsg_len >= libc::CMSG_LEN(bytes as u32) as usize;
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (libc::SOL_IP, libc::IP_PKTINFO) if covers(mem::size_of::<libc::in_pktinfo>()) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    let ip = Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr));
                    return LocalAddress::new(ip.into(), 0);
                }
                (libc::SOL_IPV6, libc::IPV6_PKTINFO)
                    if covers(mem::size_of::<libc::in6_pktinfo>()) =>
                {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    return LocalAddress::new(ip.into(), info.ipi6_ifindex);
                }
                _ => header = libc::CMSG_NXTHDR(message, header),
            }
        }
    }
    None
}
