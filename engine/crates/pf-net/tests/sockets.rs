//! The sender's promises, kept by real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};

use pf_net::{
    DscpMarking, MediaSocket, NetError, QosClass, Readiness, SendRefusal, SendResult,
    SocketOptions, Waker, monotonic_ns,
};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const LOOPBACK_V6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0);
const ANY_V6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);
const SHARD_BYTES: usize = 1408;

fn media_socket(address: SocketAddr) -> MediaSocket {
    MediaSocket::bind(address, &SocketOptions::default()).expect("loopback can be bound")
}

fn receiver(address: SocketAddr) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(address).expect("loopback can be bound");
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a time-out can be set");
    let address = socket.local_addr().expect("a bound socket has an address");
    (socket, address)
}

/// 100 packets, each telling its frame and its number, filled with bytes that differ everywhere.
fn tagged_frame(frame: u8, last_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in 0..100u8 {
        let length = if packet == 99 {
            last_bytes
        } else {
            SHARD_BYTES
        };
        bytes.extend([frame, packet]);
        bytes.extend((2..length).map(|i| (i * 7 + usize::from(packet) * 13) as u8 ^ frame));
    }
    bytes
}

/// Sends three frames and checks every datagram as it arrives, so that no buffer has to hold a frame.
fn three_frames_arrive(
    sender: &MediaSocket,
    to: SocketAddr,
    receiver: &UdpSocket,
    last_bytes: usize,
) {
    let mut buffer = [0; 2048];
    for frame in 1..=3 {
        let bytes = tagged_frame(frame, last_bytes);
        for burst in bytes.chunks(SHARD_BYTES * 50) {
            let outcome = sender.send_segments(to, burst, SHARD_BYTES);
            assert_eq!(
                (outcome.sent_bytes, outcome.result),
                (burst.len(), SendResult::Complete)
            );
            for expected in burst.chunks(SHARD_BYTES) {
                let (length, from) = receiver
                    .recv_from(&mut buffer)
                    .expect("the datagram arrives");
                assert_eq!(&buffer[..length], expected);
                assert_eq!(from.port(), sender.local_address().port());
            }
        }
    }
}

#[test]
fn three_frames_of_100_tagged_packets_arrive_identical_by_segmentation() {
    let sender = media_socket(LOOPBACK);
    let (receiver, to) = receiver(LOOPBACK);
    three_frames_arrive(&sender, to, &receiver, SHARD_BYTES);
    assert_eq!(
        sender.gso_segments(),
        64,
        "this kernel segments on loopback"
    );
}

#[test]
fn three_frames_of_100_tagged_packets_arrive_identical_one_by_one() {
    let sender = media_socket(LOOPBACK);
    sender.disable_gso();
    assert_eq!(sender.gso_segments(), 1);
    let (receiver, to) = receiver(LOOPBACK);
    three_frames_arrive(&sender, to, &receiver, SHARD_BYTES);
}

#[test]
fn the_last_datagram_may_be_shorter() {
    let (receiver, to) = receiver(LOOPBACK);
    for last_bytes in [2, 33, SHARD_BYTES - 1] {
        let sender = media_socket(LOOPBACK);
        three_frames_arrive(&sender, to, &receiver, last_bytes);
        sender.disable_gso();
        three_frames_arrive(&sender, to, &receiver, last_bytes);
    }
}

#[test]
fn ipv6_peers_are_served() {
    let sender = media_socket(LOOPBACK_V6);
    let (receiver, to) = receiver(LOOPBACK_V6);
    three_frames_arrive(&sender, to, &receiver, SHARD_BYTES);
}

#[test]
fn a_socket_of_both_families_speaks_to_ipv4_and_shows_it_as_ipv4() {
    let host = media_socket(ANY_V6);
    let port = host.local_address().port();
    for loopback in [LOOPBACK, LOOPBACK_V6] {
        let (client, client_address) = receiver(loopback);
        client
            .send_to(b"ping", SocketAddr::new(loopback.ip(), port))
            .expect("the ping is sent");
        let waker = Waker::new().expect("an eventfd can be made");
        assert_eq!(
            host.wait_readable(Duration::from_secs(5), &waker),
            Ok(Readiness::Datagram)
        );
        let mut buffer = [0; 64];
        let received = host.receive(&mut buffer).expect("reading works");
        assert_eq!(received, Some((4, client_address)));
        three_frames_arrive(&host, client_address, &client, SHARD_BYTES);
    }
}

#[test]
fn an_empty_socket_gives_nothing_and_an_empty_datagram_gives_zero_bytes() {
    let host = media_socket(LOOPBACK);
    assert_eq!(host.receive(&mut [0; 8]), Ok(None));
    let (client, from) = receiver(LOOPBACK);
    client
        .send_to(&[], host.local_address())
        .expect("an empty datagram is sent");
    client
        .send_to(b"0123456789", host.local_address())
        .expect("a datagram is sent");
    assert_eq!(host.receive(&mut [0; 8]), Ok(Some((0, from))));
    assert_eq!(
        host.receive(&mut [0; 8]),
        Ok(Some((8, from))),
        "cut to the buffer"
    );
}

#[test]
fn a_second_socket_on_the_port_is_refused_with_the_port() {
    let first = media_socket(LOOPBACK);
    let address = first.local_address();
    let error =
        MediaSocket::bind(address, &SocketOptions::default()).expect_err("the port is taken");
    assert_eq!(error, NetError::AddressInUse { address });
    assert!(
        error.to_string().contains(&address.port().to_string()),
        "{error}"
    );
}

#[test]
fn an_address_of_another_machine_is_refused_with_its_name() {
    let address = SocketAddr::from(([192, 0, 2, 7], 0));
    let error = MediaSocket::bind(address, &SocketOptions::default()).expect_err("not ours");
    assert_eq!(error, NetError::AddressUnavailable { address });
    assert!(error.to_string().contains("192.0.2.7"), "{error}");
}

#[test]
fn the_granted_send_buffer_is_told() {
    let wanted = SocketOptions {
        send_buffer_bytes: 64 << 10,
        receive_buffer_bytes: Some(96 << 10),
        qos: QosClass::None,
    };
    let socket = MediaSocket::bind(LOOPBACK, &wanted).expect("loopback can be bound");
    assert_eq!(socket.send_buffer_bytes(), 64 << 10);
    assert_eq!(socket.receive_buffer_bytes(), 96 << 10);
}

#[test]
fn a_closed_port_is_counted_for_its_peer_and_does_not_stop_the_others() {
    let sender = media_socket(LOOPBACK);
    let (gone, gone_address) = receiver(LOOPBACK);
    drop(gone);
    let (alive, alive_address) = receiver(LOOPBACK);
    let mut buffer = [0; 2048];
    let mut told = 0;
    for round in 0..10u8 {
        let packet = [round; 100];
        let to_gone = sender.send_segments(gone_address, &packet, 100);
        assert_eq!(to_gone.result, SendResult::Complete);
        told += to_gone.refused_before;
        let to_alive = sender.send_segments(alive_address, &packet, 100);
        assert_eq!(
            (to_alive.result, to_alive.refused_before),
            (SendResult::Complete, 0)
        );
        let (length, _) = alive.recv_from(&mut buffer).expect("the datagram arrives");
        assert_eq!(buffer[..length], packet);
    }
    assert_eq!(sender.refused_by(gone_address), 10);
    assert_eq!(sender.refused_by(alive_address), 0);
    assert_eq!(sender.refused_total(), 10);
    assert_eq!(told, 9, "the answer to the last one is told to the next");
}

#[test]
fn a_closed_port_does_not_disturb_waiting_for_pings() {
    for host in [media_socket(LOOPBACK), media_socket(ANY_V6)] {
        let (gone, gone_address) = receiver(LOOPBACK);
        drop(gone);
        let frame = vec![0; 40 * SHARD_BYTES];
        assert_eq!(
            host.send_segments(gone_address, &frame, SHARD_BYTES).result,
            SendResult::Complete
        );
        let waker = Waker::new().expect("an eventfd can be made");
        assert_eq!(
            host.wait_readable(Duration::from_millis(20), &waker),
            Ok(Readiness::TimedOut)
        );
        assert_eq!(host.receive(&mut [0; 64]), Ok(None));
        // One answer a super-packet, or one a datagram: that is the network's choice.
        assert!(host.refused_by(gone_address) > 0);
    }
}

#[test]
fn a_raised_waker_ends_the_wait_until_it_is_reset() {
    let host = media_socket(LOOPBACK);
    let waker = Waker::new().expect("an eventfd can be made");
    let raiser = waker.clone();
    let thread = std::thread::spawn(move || raiser.wake());
    assert_eq!(
        host.wait_readable(Duration::from_secs(10), &waker),
        Ok(Readiness::Woken)
    );
    thread.join().expect("the thread ends");
    assert_eq!(
        host.wait_readable(Duration::from_secs(10), &waker),
        Ok(Readiness::Woken)
    );
    assert!(waker.reset());
    assert!(!waker.reset());
    assert_eq!(
        host.wait_readable(Duration::ZERO, &waker),
        Ok(Readiness::TimedOut)
    );
}

#[test]
fn an_idle_socket_is_writable_at_once() {
    let sender = media_socket(LOOPBACK);
    assert_eq!(
        sender.wait_writable(monotonic_ns() + 1_000_000_000),
        Ok(true)
    );
}

#[test]
fn a_peer_of_the_other_family_is_refused_and_a_port_of_zero_too() {
    let sender = media_socket(LOOPBACK);
    let outcome = sender.send_segments(SocketAddr::from((Ipv6Addr::LOCALHOST, 9)), &[0; 200], 100);
    assert!(
        matches!(outcome.result, SendResult::Refused(SendRefusal::Other(_))),
        "{outcome:?}"
    );
    let outcome = sender.send_segments(LOOPBACK, &[0; 200], 100);
    assert!(
        matches!(outcome.result, SendResult::Refused(SendRefusal::Other(_))),
        "{outcome:?}"
    );
    assert_eq!(
        sender.gso_segments(),
        64,
        "neither is the fault of segmentation"
    );
}

#[test]
fn datagrams_are_marked_only_while_marking_is_on() {
    let cases = [
        (QosClass::Video, 0xA0),
        (QosClass::Audio, 0xC0),
        (QosClass::None, 0),
    ];
    for (qos, mark) in cases {
        for (bound, loopback) in [
            (LOOPBACK, LOOPBACK),
            (ANY_V6, LOOPBACK),
            (ANY_V6, LOOPBACK_V6),
        ] {
            let (receiver, to) = receiver(loopback);
            let options = SocketOptions {
                qos,
                ..SocketOptions::default()
            };
            let sender = MediaSocket::bind(bound, &options).expect("loopback can be bound");
            for (marking, expected) in [(DscpMarking::On, mark), (DscpMarking::Off, 0)] {
                sender.set_dscp(marking).expect("a class can be set");
                assert_eq!(
                    sender.send_segments(to, b"packet", 6).result,
                    SendResult::Complete
                );
                assert_eq!(
                    traffic_class_of_next(&receiver),
                    expected,
                    "{qos:?} {marking:?} {to}"
                );
            }
        }
    }
}

/// Receives a datagram and answers the traffic class in its IP header.
fn traffic_class_of_next(socket: &UdpSocket) -> u8 {
    let on: libc::c_int = 1;
    let on_bytes = size_of::<libc::c_int>() as libc::socklen_t;
    let (level, name) = match socket.local_addr().expect("an address").is_ipv4() {
        true => (libc::IPPROTO_IP, libc::IP_TOS),
        false => (libc::IPPROTO_IPV6, libc::IPV6_TCLASS),
    };
    let wish = if level == libc::IPPROTO_IP {
        libc::IP_RECVTOS
    } else {
        libc::IPV6_RECVTCLASS
    };
    let (mut bytes, mut control) = ([0u8; 64], [0u64; 16]);
    let mut part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero msghdr is valid; option, buffer and control memory are live locals of the lengths
    // given, control is aligned for a cmsghdr, and the payload is read where a header of ours covers it.
    unsafe {
        let fd = socket.as_raw_fd();
        assert_eq!(
            libc::setsockopt(fd, level, wish, (&raw const on).cast(), on_bytes),
            0
        );
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        assert!(
            libc::recvmsg(fd, &mut message, 0) >= 0,
            "{}",
            std::io::Error::last_os_error()
        );
        let header = libc::CMSG_FIRSTHDR(&message);
        assert!(!header.is_null(), "the kernel tells the class");
        assert_eq!(((*header).cmsg_level, (*header).cmsg_type), (level, name));
        *libc::CMSG_DATA(header)
    }
}

#[test]
fn a_slow_interface_blocks_the_sender_and_waiting_ends_it() {
    in_own_network(
        "a_slow_interface_blocks_the_sender_and_waiting_ends_it",
        "tbf rate 1mbit burst 4k limit 10m",
        slow_interface_case,
    );
}

#[test]
fn what_a_queue_of_this_machine_drops_is_told_and_not_taken_for_sent() {
    in_own_network(
        "what_a_queue_of_this_machine_drops_is_told_and_not_taken_for_sent",
        "netem rate 1mbit limit 8",
        full_queue_case,
    );
}

/// Runs `case` in a network of its own whose loopback has this queue, made by the tools when there are some; else says
/// why not.
fn in_own_network(test: &str, queue: &str, case: fn()) {
    if std::env::var_os("PF_NET_OWN_NETWORK").is_some() {
        return case();
    }
    let setup = format!("ip link set lo up && tc qdisc add dev lo root {queue}");
    let own_network = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]);
        command
    };
    let available = own_network(&setup).output();
    if !available
        .as_ref()
        .is_ok_and(|output| output.status.success())
    {
        eprintln!("skipped: no private network with {queue} here: {available:?}");
        return;
    }
    let status = own_network(&format!(
        "{setup} && exec \"$0\" --exact {test} --nocapture"
    ))
    .arg(std::env::current_exe().expect("a test knows its executable"))
    .env("PF_NET_OWN_NETWORK", "1")
    .status()
    .expect("unshare just worked");
    assert!(status.success());
}

/// Loopback does not queue behind netem what its limit does not hold: the kernel drops it and says so, for both
/// families, only because the socket asked for its errors (IP_RECVERR, IPV6_RECVERR).
fn full_queue_case() {
    for bound in [LOOPBACK, ANY_V6, LOOPBACK_V6] {
        let sender = media_socket(bound);
        let (_receiver, to) = receiver(if bound == LOOPBACK_V6 {
            bound
        } else {
            LOOPBACK
        });
        let frame = vec![0; 40 * SHARD_BYTES];
        sender.disable_gso();
        let outcome = sender.send_segments(to, &frame, SHARD_BYTES);
        assert_eq!(outcome.result, SendResult::NoBuffer, "{bound}");
        assert!(outcome.sent_bytes < frame.len(), "{bound}: {outcome:?}");
        assert_eq!(
            sender.wait_writable(monotonic_ns() + 1_000_000),
            Ok(true),
            "{bound}: the socket itself has room"
        );
    }
}

fn slow_interface_case() {
    let options = SocketOptions {
        send_buffer_bytes: 32 << 10,
        ..SocketOptions::default()
    };
    let sender = MediaSocket::bind(LOOPBACK, &options).expect("loopback can be bound");
    let (receiver, to) = receiver(LOOPBACK);
    let frame: Vec<u8> = (0..200 * SHARD_BYTES)
        .map(|i| (i / SHARD_BYTES) as u8)
        .collect();
    sender.disable_gso();
    let mut sent_bytes = 0;
    // 1 ms frees nothing at 1 Mb/s; but a busy machine may take this thread's core for many, so it is tried again.
    loop {
        let outcome = sender.send_segments(to, &frame[sent_bytes..], SHARD_BYTES);
        assert_eq!(
            outcome.result,
            SendResult::WouldBlock,
            "after {sent_bytes} bytes"
        );
        assert_eq!(outcome.sent_bytes % SHARD_BYTES, 0);
        sent_bytes += outcome.sent_bytes;
        assert!(
            (SHARD_BYTES..frame.len()).contains(&sent_bytes),
            "{outcome:?}"
        );
        let before = Instant::now();
        if sender.wait_writable(monotonic_ns() + 1_000_000) == Ok(false) {
            assert!(before.elapsed() >= Duration::from_millis(1));
            break;
        }
    }
    assert_eq!(
        sender.wait_writable(monotonic_ns() + 10_000_000_000),
        Ok(true)
    );
    let rest = sender.send_segments(to, &frame[sent_bytes..][..SHARD_BYTES], SHARD_BYTES);
    assert_eq!(rest.result, SendResult::Complete);

    let mut buffer = [0; 2048];
    for expected in frame.chunks(SHARD_BYTES).take(sent_bytes / SHARD_BYTES + 1) {
        let (length, _) = receiver
            .recv_from(&mut buffer)
            .expect("what was taken arrives");
        assert_eq!(&buffer[..length], expected);
    }
}
