//! Frames cross the real sender and a real socket whole, or say where and why they did not.

mod support;

use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pf_proto::units::FrameIndex;
use pf_session::monotonic_ns;
use pf_stats::{FrameFlags, FrameOutcome, FrameTimer, RECORD_BYTES};

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

/// A queue of this machine that holds less than a frame, and nothing that empties it in time.
const FULL_QUEUE: &str = "netem rate 1mbit limit 8";

#[test]
fn what_this_machine_drops_stands_in_the_record_apart_from_the_networks_loss() {
    if std::env::var_os("PF_SESSION_OWN_NETWORK").is_some() {
        return full_queue_case();
    }
    let setup = format!("ip link set lo up && tc qdisc add dev lo root {FULL_QUEUE}");
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
        eprintln!("skipped: no private network with {FULL_QUEUE} here: {available:?}");
        return;
    }
    let test = "what_this_machine_drops_stands_in_the_record_apart_from_the_networks_loss";
    let status = own_network(&format!(
        "{setup} && exec \"$0\" --exact {test} --nocapture"
    ))
    .arg(std::env::current_exe().expect("a test knows its executable"))
    .env("PF_SESSION_OWN_NETWORK", "1")
    .status()
    .expect("unshare just worked");
    assert!(status.success());
}

fn full_queue_case() {
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let mut rig = support::rig(&client, DATAGRAM, PACKETS * DATAGRAM, 1_000_000, None);
    let mut slot = rig.outbox.begin().expect("the queue is empty");
    slot.arena()[..PACKETS * DATAGRAM].fill(1);
    slot.bytes = PACKETS * DATAGRAM;
    slot.frame = FrameIndex(1);
    let grabbed_ns = monotonic_ns();
    slot.deadline_ns = grabbed_ns + 30_000_000;
    slot.timer = Some(FrameTimer::begin(1, grabbed_ns));
    assert!(rig.outbox.send(slot));
    drop(rig.outbox);
    rig.sending.join().expect("the sender ends with its queue");
    let late_ns = monotonic_ns() - grabbed_ns;
    assert!(late_ns < 2_000_000_000, "the deadline was kept: {late_ns}");
    let mut bytes = [0_u8; 2 * RECORD_BYTES];
    assert_eq!(rig.records.drain_into(&mut bytes), RECORD_BYTES);
    let flags = FrameFlags(u16::from_le_bytes([bytes[54], bytes[55]]));
    assert_eq!(bytes[61], FrameOutcome::SendDeadline as u8);
    assert!(flags.contains(FrameFlags::REFUSED_NO_BUFFER), "{flags:?}");
    assert!(!flags.contains(FrameFlags::REFUSED_NO_ROOM), "{flags:?}");
    let handed = rig.totals.packets.load(Ordering::Relaxed);
    assert_eq!(u64::from(bytes[62]), PACKETS as u64 - handed);
}
