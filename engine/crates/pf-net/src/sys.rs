//! The system calls that `rustix` does not wrap: integer socket options, the error queue, the list of interfaces.
//! Datagrams with control messages are in `message.rs`; no other file of this crate has `unsafe`.

use std::ffi::CStr;
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::Errno;

/// Sets an option whose value is a C `int`.
pub(crate) fn set_int_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> Result<(), Errno> {
    let bytes = mem::size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value is a live c_int of this frame and the length is its own.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast(),
            bytes,
        )
    };
    if status < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// An entry of a socket's error queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueuedError {
    /// Where the datagram that failed was sent.
    pub(crate) peer: SocketAddr,
    /// An ICMP answer of the network, as opposed to something this machine found out itself.
    pub(crate) from_network: bool,
    /// What it means.
    pub(crate) errno: Errno,
}

/// Takes one entry off the error queue; `Ok(None)` for an entry that cannot be read as an address.
pub(crate) fn take_queued_error(socket: BorrowedFd<'_>) -> Result<Option<QueuedError>, Errno> {
    #[repr(C, align(8))]
    struct Control([u8; 512]);
    let mut control = Control([0; 512]);
    // SAFETY: all-zero bytes are a valid sockaddr_storage (family 0) and a valid msghdr.
    let (mut name, mut message): (libc::sockaddr_storage, libc::msghdr) = unsafe { mem::zeroed() };
    message.msg_name = ptr::from_mut(&mut name).cast();
    message.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len();

    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: name and control are live, writable and as long as the message says; no iovec is given, so
    // the kernel writes nothing else.
    if unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, flags) } < 0 {
        return Err(last_errno());
    }
    let Some(peer) = address_of(&name) else {
        return Ok(None);
    };
    let mut found = None;
    // SAFETY: the kernel filled msg_control and set msg_controllen to what it wrote; CMSG_FIRSTHDR and
    // CMSG_NXTHDR stay inside that and answer null at its end. `control` is aligned for the headers. The
    // payload is read unaligned, and only where the header's own length covers it.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&message);
        while !header.is_null() {
            let kind = ((*header).cmsg_level, (*header).cmsg_type);
            let wanted = matches!(
                kind,
                (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR)
            );
            let needed = libc::CMSG_LEN(mem::size_of::<libc::sock_extended_err>() as u32) as usize;
            if wanted && (*header).cmsg_len >= needed {
                let error = libc::CMSG_DATA(header)
                    .cast::<libc::sock_extended_err>()
                    .read_unaligned();
                let origin = error.ee_origin;
                found = Some(QueuedError {
                    peer,
                    from_network: origin == libc::SO_EE_ORIGIN_ICMP
                        || origin == libc::SO_EE_ORIGIN_ICMP6,
                    errno: Errno::from_raw_os_error(error.ee_errno as i32),
                });
            }
            header = libc::CMSG_NXTHDR(&message, header);
        }
    }
    Ok(found)
}

/// The interface that carries `local`, by name; `None` when none does.
pub(crate) fn interface_with_address(local: IpAddr) -> Option<String> {
    let mut first: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: getifaddrs writes one pointer to a list that is ours until freeifaddrs below.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return None;
    }
    let mut found = None;
    let mut entry = first;
    while !entry.is_null() && found.is_none() {
        // SAFETY: entry is a non-null element of the list, which is not freed before the loop has ended.
        let current = unsafe { &*entry };
        if !current.ifa_addr.is_null() && address_of_interface(current.ifa_addr) == Some(local) {
            // SAFETY: ifa_name is a NUL-terminated string that lives as long as the list.
            let name = unsafe { CStr::from_ptr(current.ifa_name) };
            found = name.to_str().ok().map(str::to_owned);
        }
        entry = current.ifa_next;
    }
    // SAFETY: first came from getifaddrs, is freed once, and nothing borrowed from the list is left.
    unsafe { libc::freeifaddrs(first) };
    found
}

/// The address of an interface list entry, which is exactly as long as its family's type.
fn address_of_interface(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: the caller passes a non-null address of a live interface list; each begins with a family.
    let family = i32::from(unsafe { ptr::addr_of!((*address).sa_family).read() });
    match family {
        libc::AF_INET => {
            // SAFETY: getifaddrs gives a whole sockaddr_in for this family; read without assuming alignment.
            let v4 = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr))))
        }
        libc::AF_INET6 => {
            // SAFETY: getifaddrs gives a whole sockaddr_in6 for this family; read without assuming alignment.
            let v6 = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

pub(crate) fn address_of(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let pointer = ptr::from_ref(name);
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: a sockaddr_storage is larger than a sockaddr_in and at least as aligned; all its bytes
            // are initialised, and every bit pattern is a valid sockaddr_in.
            let v4 = unsafe { &*pointer.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::from((ip, u16::from_be(v4.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for sockaddr_in6.
            let v6 = unsafe { &*pointer.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr).to_canonical();
            Some(SocketAddr::from((ip, u16::from_be(v6.sin6_port))))
        }
        _ => None,
    }
}

pub(crate) fn last_errno() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}
