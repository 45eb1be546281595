//! Frames cross the real sender and a real socket whole.

mod support;

use std::net::UdpSocket;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pf_proto::units::FrameIndex;
use pf_session::monotonic_ns;
use pf_stats::FrameTimer;

const PACKETS: usize = 100;
const DATAGRAM: usize = 1408;

/// Every byte of a packet tells which packet it is.
fn tagged(frame: usize, packet: usize) -> Vec<u8> {
    let tag = (frame * PACKETS + packet) as u32;
    tag.to_be_bytes()
        .into_iter()
        .cycle()
        .take(DATAGRAM)
        .collect()
}

#[test]
fn three_frames_of_a_hundred_tagged_packets_arrive_byte_identical_and_the_stream_still_runs() {
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    // Room for a frame, however late the test gets to read it; without the right to it, what the system grants.
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&client, 4 << 20)
        .or_else(|_| rustix::net::sockopt::set_socket_recv_buffer_size(&client, 4 << 20))
        .expect("a larger buffer");
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let mut rig = support::rig(&client, DATAGRAM, PACKETS * DATAGRAM, 1_000_000, None);
    for frame in 0..3 {
        let mut slot = loop {
            match rig.outbox.begin() {
                Some(slot) => break slot,
                None => std::thread::yield_now(),
            }
        };
        for packet in 0..PACKETS {
            slot.arena()[packet * DATAGRAM..(packet + 1) * DATAGRAM]
                .copy_from_slice(&tagged(frame, packet));
        }
        slot.bytes = PACKETS * DATAGRAM;
        slot.frame = FrameIndex(frame as u32 + 1);
        slot.deadline_ns = monotonic_ns() + 1_000_000_000;
        slot.timer = Some(FrameTimer::begin(1, monotonic_ns()));
        assert!(rig.outbox.send(slot));
        let mut buffer = [0_u8; 2048];
        for packet in 0..PACKETS {
            let (bytes, _) = client.recv_from(&mut buffer).expect("a packet");
            assert_eq!(
                buffer[..bytes],
                tagged(frame, packet),
                "frame {frame}, packet {packet}"
            );
        }
    }
    assert!(!rig.session.is_ending(), "still running");
    assert!(!rig.sending.is_finished(), "still running");
    drop(rig.outbox);
    rig.sending.join().expect("the sender ends with its queue");
    assert_eq!(rig.totals.frames.load(Ordering::Relaxed), 3);
    assert_eq!(rig.totals.packets.load(Ordering::Relaxed), 300);
    let mut bytes = [0_u8; 64 * 4];
    assert_eq!(rig.records.drain_into(&mut bytes), 64 * 3);
}
