//! The receiver on a real socket, against a sender thread that follows a script.

#[path = "../src/test_sender.rs"]
mod test_sender;

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pf_probe::{ProbeConfig, ProbeError, ProbeReport, Recovery, run};
use test_sender::{TestSender, key_unit, predicted_unit, vector_4_5};

const PAYLOAD: [u8; 16] = *b"0123456789ABCDEF";

/// Counts requests; the sender answers an invalidation with a type 5.
#[derive(Default, Clone)]
struct Requests {
    invalidations: Arc<AtomicU32>,
    key_frames: Arc<AtomicU32>,
}

impl Recovery for Requests {
    fn request_idr(&self) {
        self.key_frames.fetch_add(1, Ordering::Relaxed);
    }

    fn invalidate(&self, _: u32, _: u32) {
        self.invalidations.fetch_add(1, Ordering::Relaxed);
    }

    fn acknowledge(&self, _: u32) {}
}

fn server(ip: IpAddr) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((ip, 0)).expect("loopback can be bound");
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a time-out can be set");
    let address = socket.local_addr().expect("a bound socket has an address");
    (socket, address)
}

fn config(server: SocketAddr, duration: Duration) -> ProbeConfig {
    ProbeConfig {
        server,
        ping_payload: PAYLOAD,
        packet_size: 1024,
        duration,
        output: None,
        can_invalidate: true,
    }
}

/// Waits for a ping with the sequence `expected` and answers where it came from.
fn ping(socket: &UdpSocket, expected: u32) -> SocketAddr {
    let mut buffer = [0; 64];
    let (bytes, from) = socket.recv_from(&mut buffer).expect("a ping comes");
    assert_eq!(
        buffer[..bytes],
        [&PAYLOAD[..], &expected.to_be_bytes()].concat()
    );
    from
}

fn temporary_file(name: &str) -> File {
    let path = std::env::temp_dir().join(format!("pf-probe-{name}-{}", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path);
    fs::remove_file(&path)
        .and(file)
        .expect("the temporary folder is writable")
}

#[test]
fn a_lossy_stream_is_repaired_recovered_and_written() {
    for ip in [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ] {
        let (socket, address) = server(ip);
        let requests = Requests::default();
        let stop = Arc::new(AtomicBool::new(false));
        let output = temporary_file(if ip.is_ipv4() { "v4" } else { "v6" });
        let mut written = output.try_clone().expect("a handle can be doubled");

        let invalidations = Arc::clone(&requests.invalidations);
        let sender_stop = Arc::clone(&stop);
        let sender = thread::spawn(move || {
            let to = ping(&socket, 1);
            let mut stream = TestSender::new(1024);
            let send = |datagrams: &[Vec<u8>], lost: &[usize]| {
                for (_, datagram) in datagrams
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| !lost.contains(i))
                {
                    socket.send_to(datagram, to).expect("loopback takes it");
                }
            };
            let units = [
                key_unit(9_000),
                predicted_unit(9_000, 2),
                predicted_unit(5_000, 4),
                predicted_unit(70, 5),
            ];
            send(&stream.frame(2, &units[0]), &[]);
            send(&stream.frame(1, &units[1]), &[0, 8]);
            send(&stream.frame(1, &predicted_unit(9_000, 3)), &[0, 1, 2]);
            // The loss is predicted, so the answer can be the very next frame, as in a real session.
            let patience = Instant::now() + Duration::from_secs(10);
            while invalidations.load(Ordering::Relaxed) == 0 {
                assert!(Instant::now() < patience, "no invalidation was asked for");
                thread::yield_now();
            }
            send(&stream.frame(5, &units[2]), &[]);
            send(&stream.frame(1, &units[3]), &[]);
            ping(&socket, 2);
            sender_stop.store(true, Ordering::Relaxed);
            units.concat()
        });

        let config = ProbeConfig {
            output: Some(output),
            ..config(address, Duration::from_secs(30))
        };
        let mut progress = Vec::new();
        let report = run(
            config,
            requests.clone(),
            |report| progress.push(report.clone()),
            &stop,
        )
        .expect("the stream is received");
        let expected = sender.join().expect("the sender ends");

        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(
            (
                report.frames_received,
                report.frames_recovered,
                report.frames_lost
            ),
            (4, 1, 1)
        );
        assert_eq!(
            (
                report.decodable_frames,
                report.key_frames,
                report.invalidations_answered
            ),
            (4, 1, 1)
        );
        assert_eq!((report.packets_lost, report.packets_recovered), (5, 2));
        assert_eq!(
            (report.first_frame_index, report.last_frame_index),
            (Some(1), Some(5))
        );
        assert!(report.first_frame_ms.is_some_and(|ms| ms < 10_000));
        assert_eq!(requests.invalidations.load(Ordering::Relaxed), 1);
        assert_eq!(requests.key_frames.load(Ordering::Relaxed), 0);
        assert_eq!(
            progress.last().map(|report| report.frames_received),
            Some(4),
            "shown with the second ping"
        );
        let mut bytes = Vec::new();
        written
            .rewind()
            .and_then(|()| written.read_to_end(&mut bytes))
            .expect("the file can be read");
        assert!(
            bytes == expected,
            "{} bytes written, expected {}",
            bytes.len(),
            expected.len()
        );
    }
}

/// Runs the receiver against `script`, which gets the server's socket and where to send, until the ping after.
fn receive(
    configure: impl FnOnce(ProbeConfig) -> ProbeConfig,
    script: impl FnOnce(&UdpSocket, SocketAddr) + Send + 'static,
) -> ProbeReport {
    let (socket, address) = server(Ipv4Addr::LOCALHOST.into());
    let stop = Arc::new(AtomicBool::new(false));
    let sender_stop = Arc::clone(&stop);
    let sender = thread::spawn(move || {
        script(&socket, ping(&socket, 1));
        ping(&socket, 2);
        sender_stop.store(true, Ordering::Relaxed);
    });
    let config = configure(config(address, Duration::from_secs(30)));
    let report = run(config, Requests::default(), |_| {}, &stop).expect("the stream is received");
    sender.join().expect("the sender ends");
    report
}

fn send_all(socket: &UdpSocket, to: SocketAddr, datagrams: &[Vec<u8>]) {
    for datagram in datagrams {
        socket.send_to(datagram, to).expect("loopback takes it");
    }
}

#[test]
fn the_specification_s_datagrams_are_received_from_a_socket() {
    let report = receive(
        |config| ProbeConfig {
            packet_size: 64,
            ..config
        },
        |socket, to| send_all(socket, to, &vector_4_5()[2..]),
    );
    assert_eq!(
        (
            report.frames_received,
            report.packets_recovered,
            report.bytes
        ),
        (2, 2, 95)
    );
    assert_eq!((report.packets_lost, report.problems), (2, Vec::new()));
}

#[test]
fn a_silent_server_and_a_closed_port_are_errors_that_tell_how_long_was_waited() {
    let (socket, address) = server(Ipv4Addr::LOCALHOST.into());
    let listen = || {
        let config = config(address, Duration::from_millis(60));
        run(config, Requests::default(), |_| {}, &AtomicBool::new(false)).expect_err("nothing came")
    };
    let silent = listen();
    drop(socket);
    for error in [silent, listen()] {
        assert!(
            matches!(error, ProbeError::NoVideo { pings: 1.., .. }),
            "{error}"
        );
        assert!(
            error.to_string().starts_with("no video came within 0."),
            "{error}"
        );
    }
}

#[test]
fn datagrams_of_strangers_are_not_video() {
    let report = receive(
        |config| config,
        |socket, to| {
            let (stranger, _) = server(Ipv4Addr::LOCALHOST.into());
            let frame = TestSender::new(1024).frame(2, &key_unit(500));
            send_all(&stranger, to, &frame[..1]);
            send_all(socket, to, &frame);
        },
    );
    assert_eq!((report.frames_received, report.packets_duplicate), (1, 0));
    assert!(
        report.problems[0].contains("expected 127.0.0.1"),
        "{:?}",
        report.problems
    );
}

#[test]
fn an_output_that_fails_is_told_and_ends_nothing() {
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has a full disk");
    let report = receive(
        |config| ProbeConfig {
            output: Some(full),
            ..config
        },
        |socket, to| {
            let mut stream = TestSender::new(1024);
            let frames = [
                stream.frame(2, &key_unit(500)),
                stream.frame(1, &predicted_unit(500, 2)),
            ];
            send_all(socket, to, &frames.concat());
        },
    );
    assert_eq!(report.decodable_frames, 2);
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(
        report.problems[0].contains("output"),
        "{:?}",
        report.problems
    );
}

#[test]
fn packet_sizes_that_cannot_carry_a_frame_are_refused() {
    for packet_size in [0, 24, 16_385, 65_535] {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let config = ProbeConfig {
            packet_size,
            ..config(address, Duration::from_secs(1))
        };
        let error = run(config, Requests::default(), |_| {}, &AtomicBool::new(false))
            .expect_err("impossible");
        assert!(
            error.to_string().contains(&packet_size.to_string()),
            "{error}"
        );
    }
}
