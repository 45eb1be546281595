//! A way that loses, repeats, delays and reorders (gamestream-control-stream.md 12.5): nothing is answered twice, no
//! request for a key frame is lost.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Client, PING, START_A, START_B};
use crate::rig::Rig;

/// Between client and host, on a thread of its own.
struct Relay {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What of a hundred datagrams becomes of each kind, both ways.
#[derive(Clone, Copy)]
struct Faults {
    lost: u32,
    repeated: u32,
    late: u32,
}

impl Relay {
    fn new(server: SocketAddr, faults: Faults) -> Self {
        let inner = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let outer = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let address = inner.local_addr().expect("bound");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        for socket in [&inner, &outer] {
            socket.set_nonblocking(true).expect("loopback");
        }
        let thread = std::thread::spawn(move || {
            let mut client = None;
            let mut state = 0x9E37_79B9_u32;
            let mut held: VecDeque<(Instant, bool, Vec<u8>)> = VecDeque::new();
            let mut buffer = [0; 2048];
            while !stopped.load(Ordering::Relaxed) {
                let mut taken = Vec::new();
                while let Ok((bytes, from)) = inner.recv_from(&mut buffer) {
                    client = Some(from);
                    taken.push((true, buffer[..bytes].to_vec()));
                }
                while let Ok(bytes) = outer.recv(&mut buffer) {
                    taken.push((false, buffer[..bytes].to_vec()));
                }
                for (to_server, datagram) in taken {
                    state ^= state << 13;
                    state ^= state >> 17;
                    state ^= state << 5;
                    let roll = state % 100;
                    let now = Instant::now();
                    let late = now + Duration::from_millis(u64::from(state >> 8) % 40);
                    if roll < faults.lost {
                        continue;
                    }
                    if roll < faults.lost + faults.repeated {
                        held.push_back((now, to_server, datagram.clone()));
                        held.push_back((late, to_server, datagram));
                    } else if roll < faults.lost + faults.repeated + faults.late {
                        held.push_back((late, to_server, datagram));
                    } else {
                        held.push_back((now, to_server, datagram));
                    }
                }
                let now = Instant::now();
                held.retain(|(due, to_server, datagram)| {
                    if *due > now {
                        return true;
                    }
                    let target = if *to_server { Some(server) } else { client };
                    let socket = if *to_server { &outer } else { &inner };
                    if let Some(target) = target {
                        socket.send_to(datagram, target).expect("loopback");
                    }
                    false
                });
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the relay ends");
        }
    }
}

#[test]
fn every_request_gets_through_a_bad_way_exactly_once() {
    let mut rig = Rig::new();
    for (data, faults) in [
        (
            1,
            Faults {
                lost: 0,
                repeated: 30,
                late: 30,
            },
        ),
        (
            2,
            Faults {
                lost: 15,
                repeated: 15,
                late: 20,
            },
        ),
    ] {
        let session = rig.start(data);
        let relay = Relay::new(rig.control, faults);
        let mut client = Client::to(relay.address, data);
        assert!(client.serve_until(8_000, |client| client.connected));
        client.send(0, START_A);
        client.send(0, START_B);
        let _pictures = rig.ping_video(data);
        rig.event(session, "control_connected");
        for _ in 0..15 {
            client.send(1, START_A);
            client.send(0, PING);
            client.serve(100);
        }
        client.serve_until(4_000, |_| rig.count(session, "idr_requested") >= 16);
        client.serve(300);
        // Start A and fifteen requests, whatever was lost or came twice.
        assert_eq!(rig.count(session, "idr_requested"), 16);
        let asked = Instant::now();
        let keys = rig.count(session, "key_frame");
        client.send(1, START_A);
        client.serve_until(2_000, |_| rig.count(session, "key_frame") > keys);
        assert!(
            rig.count(session, "key_frame") > keys,
            "{:?}",
            asked.elapsed()
        );
        rig.engine.stop_session(session, "x").expect("it runs");
        assert!(client.serve_until(2_000, |c| c.termination().is_some() || c.disconnected));
        client.vanish();
        assert_eq!(rig.ended(session), "x");
        let terminations = client.received.iter().filter(|m| m[..2] == [9, 1]).count();
        assert!(terminations <= 1);
    }
}
