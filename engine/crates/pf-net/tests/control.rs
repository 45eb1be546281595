//! A host with several addresses answers from the one that was called: control socket and media socket.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use pf_net::{
    ControlSocket, DscpMarking, MediaSocket, Readiness, SendResult, SocketOptions, Waker,
};

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A client that takes nothing but answers from the address that it has called.
fn calling(server: SocketAddr) -> UdpSocket {
    let local = if server.is_ipv4() {
        "127.0.0.1:0"
    } else {
        "[::1]:0"
    };
    let client = UdpSocket::bind(local).expect("loopback");
    client.connect(server).expect("loopback");
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a time-out");
    client
}

fn wait(socket: &ControlSocket) {
    let waker = Waker::new().expect("an eventfd");
    let seen = socket.wait(Some(Duration::from_secs(5)), &waker);
    assert_eq!(seen, Ok(Readiness::Datagram));
}

#[test]
fn answers_leave_from_the_address_that_was_called() {
    for bound in ["0.0.0.0:0", "[::]:0"] {
        let mut socket = ControlSocket::bind(address(bound), DscpMarking::Off).expect("a port");
        let port = socket.local_address().port();
        for called in ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"] {
            if called == "::1" && bound == "0.0.0.0:0" {
                continue;
            }
            let client = calling(SocketAddr::new(called.parse().expect("an ip"), port));
            client.send(b"hello").expect("loopback");
            wait(&socket);
            let mut buffer = [0; 64];
            let datagram = socket
                .receive(&mut buffer)
                .expect("a datagram")
                .expect("a datagram");
            assert_eq!(&buffer[..datagram.bytes], b"hello");
            assert!(!datagram.truncated);
            assert_eq!(datagram.from, client.local_addr().expect("bound"));
            let to = datagram.to.expect("the kernel tells");
            assert_eq!(to.ip().to_string(), called);
            assert_eq!(socket.send(Some(to), datagram.from, b"answer"), 6);
            // Connected: the kernel drops answers from elsewhere.
            let bytes = client.recv(&mut buffer).expect("the answer");
            assert_eq!(&buffer[..bytes], b"answer");
        }
    }
}

#[test]
fn a_cut_datagram_is_told() {
    let mut socket = ControlSocket::bind(address("127.0.0.1:0"), DscpMarking::On).expect("a port");
    let client = calling(socket.local_address());
    client.send(&[1; 100]).expect("loopback");
    wait(&socket);
    let mut buffer = [0; 40];
    let datagram = socket.receive(&mut buffer).expect("no error");
    let datagram = datagram.expect("a datagram");
    assert_eq!((datagram.bytes, datagram.truncated), (40, true));
    assert_eq!(socket.receive(&mut buffer), Ok(None));
}

#[test]
fn a_refused_send_is_counted_and_no_error() {
    let mut socket = ControlSocket::bind(address("127.0.0.1:0"), DscpMarking::Off).expect("a port");
    assert_eq!(socket.send(None, address("127.0.0.1:0"), b"x"), 0);
    assert_eq!(socket.send(None, address("[::1]:9"), b"x"), 0);
    assert_eq!(socket.send_refusals(), 2);
}

#[test]
fn an_idle_socket_waits_until_it_is_woken() {
    let socket = ControlSocket::bind(address("127.0.0.1:0"), DscpMarking::Off).expect("a port");
    let waker = Waker::new().expect("an eventfd");
    let short = Some(Duration::from_millis(5));
    assert_eq!(socket.wait(short, &waker), Ok(Readiness::TimedOut));
    let other = waker.clone();
    let thread = std::thread::spawn(move || other.wake());
    assert_eq!(socket.wait(None, &waker), Ok(Readiness::Woken));
    thread.join().expect("it woke");
}

#[test]
fn a_media_socket_of_all_addresses_sends_from_the_one_that_was_pinged() {
    let socket = MediaSocket::bind(address("[::]:0"), &SocketOptions::default()).expect("a port");
    let port = socket.local_address().port();
    for called in ["127.0.0.1", "127.0.0.7", "::1"] {
        let client = calling(SocketAddr::new(called.parse().expect("an ip"), port));
        client.send(b"ping").expect("loopback");
        let waker = Waker::new().expect("an eventfd");
        let seen = socket.wait_readable(Duration::from_secs(5), &waker);
        assert_eq!(seen, Ok(Readiness::Datagram));
        let mut buffer = [0; 2048];
        let (_, from, to) = socket
            .receive_local(&mut buffer)
            .expect("no error")
            .expect("a ping");
        assert_eq!(to.map(|to| to.ip().to_string()).as_deref(), Some(called));
        let burst = [7; 10 * 1000];
        let sent = socket.send_segments_from(to, from, &burst, 1000);
        assert_eq!(sent.result, SendResult::Complete);
        for _ in 0..10 {
            assert_eq!(client.recv(&mut buffer).expect("a segment"), 1000);
        }
    }
}
