//! Media beside a control stream: sound, pings without a payload, reception and advice.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, PING};
use crate::rig::Rig;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    socket
        .set_read_timeout(Some(Duration::from_millis(1_500)))
        .expect("a time-out");
    socket
}

fn legacy_ping(to: SocketAddr) -> UdpSocket {
    let socket = socket();
    socket.send_to(b"PING", to).expect("loopback");
    socket
}

#[test]
fn sound_comes_in_equal_packets_sealed_or_clear() {
    let mut payloads = Vec::new();
    for (data, sealed) in [(1, false), (2, true)] {
        let mut rig = Rig::new();
        let [_, _, audio] = rig.listeners();
        let request = rig.request(data, |request| {
            request["audio"] = json!({
                "listener": audio, "ping_payload": "fedcba9876543210", "channels": 2,
                "high_quality": false, "packet_ms": 5
            });
            request["encryption"]["audio"] = json!(sealed);
        });
        let session = rig.start_request(request);
        let mut client = Client::start(rig.control, data);
        let sound = socket();
        let ping = [b"fedcba9876543210", &1_u32.to_be_bytes()[..]].concat();
        sound.send_to(&ping, rig.audio).expect("loopback");
        let _pictures = rig.ping_video(data);
        let mut packet = [0; 2048];
        let mut lengths = std::collections::HashSet::new();
        for _ in 0..40 {
            let bytes = sound.recv(&mut packet).expect("sound");
            // gamestream-media.md 7: type 97 is sound, 127 its parity.
            if packet[1] == 97 {
                lengths.insert(bytes);
            }
        }
        assert_eq!(lengths.len(), 1, "{lengths:?}");
        payloads.push(lengths.iter().next().expect("one length") - 12);
        assert!(client.leave());
        assert_eq!(rig.ended(session), "client_left");
    }
    // Padded to whole blocks, always by at least a byte.
    assert_eq!(payloads[1], (payloads[0] / 16 + 1) * 16);
}

#[test]
fn a_ping_without_payload_counts_for_the_only_session_of_its_address() {
    let mut rig = Rig::new();
    let legacy = |request: &mut Value| request["legacy_ping_address"] = json!("127.0.0.1");
    let one = rig.start_request(rig.request(1, legacy));
    let mut client = Client::start(rig.control, 1);
    let pictures = legacy_ping(rig.video);
    assert!(pictures.recv(&mut [0; 2048]).is_ok(), "no picture");
    // Nobody else of that address takes the pictures over.
    let thief = legacy_ping(rig.video);
    thief
        .set_read_timeout(Some(Duration::from_millis(200)))
        .expect("a time-out");
    assert!(thief.recv(&mut [0; 2048]).is_err());
    assert!(client.leave());
    rig.ended(one);

    for data in [2, 3] {
        rig.start_request(rig.request(data, legacy));
    }
    let ambiguous = legacy_ping(rig.video);
    ambiguous
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a time-out");
    assert!(ambiguous.recv(&mut [0; 2048]).is_err());
}

#[test]
fn a_ping_without_payload_is_nothing_to_a_session_that_did_not_say_so() {
    let mut rig = Rig::new();
    rig.start(1);
    let _client = Client::start(rig.control, 1);
    let pictures = legacy_ping(rig.video);
    pictures
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a time-out");
    assert!(pictures.recv(&mut [0; 2048]).is_err());
}

/// Plays a client that rebuilt one packet of every frame, for `seconds`; answers how many it told.
fn lose_one_packet_a_frame(client: &mut Client, pictures: &UdpSocket, seconds: f64) -> u64 {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut packet = [0; 2048];
    let mut told = 0;
    let mut last_frame = 0;
    while Instant::now() < end {
        pictures.recv(&mut packet).expect("pictures go on");
        client.serve(0);
        let frame = u32::from_le_bytes([packet[20], packet[21], packet[22], packet[23]]);
        let fec = u32::from_le_bytes([packet[28], packet[29], packet[30], packet[31]]);
        let (data, shard, percentage) = (fec >> 22, fec >> 12 & 0x3ff, fec >> 4 & 0xff);
        if frame == last_frame || shard != 0 || data < 2 {
            continue;
        }
        last_frame = frame;
        let parity = (data * percentage).div_ceil(100);
        let first = u16::from_be_bytes([packet[2], packet[3]]);
        let highest = first.wrapping_add((data + parity - 1) as u16);
        let mut status = vec![0x02, 0x55, 21, 0];
        status.extend(frame.to_be_bytes());
        for word in [
            highest,
            first.wrapping_add(1),
            1,
            data as u16,
            parity as u16,
            data as u16 - 1,
            parity as u16,
        ] {
            status.extend(word.to_be_bytes());
        }
        status.extend([percentage as u8, 0, 1]);
        client.send_unsequenced(0, &status);
        client.send(0, PING);
        client.serve(1);
        told += 1;
    }
    client.serve(20);
    told
}

#[test]
fn what_the_client_rebuilt_is_reported_and_leads_to_advice_that_only_auto_follows() {
    for (data, auto) in [(1, false), (2, true)] {
        let mut rig = Rig::new();
        let request = rig.request(data, |request| {
            request["bitrate_kbps"] = json!(5_000);
            request["packet_size"] = json!(256);
            request["auto_bitrate"] = json!(auto);
        });
        let session = rig.start_request(request);
        let mut client = Client::start(rig.control, data);
        let pictures = rig.ping_video(data);
        let told = lose_one_packet_a_frame(&mut client, &pictures, 3.5);
        for _ in 0..6 {
            client.send(0, PING);
            client.serve(100);
        }
        rig.drain();
        let reports: Vec<_> = rig
            .events
            .iter()
            .filter(|e| e["ev"] == "session.report")
            .collect();
        let last = reports.last().expect("reports came");
        // A client's ENet drops some of its unreliable packets by itself when the machine is busy.
        let heard = last["packets_recovered"].as_u64().expect("a total");
        assert!((told / 2..=told).contains(&heard), "{told} told: {last}");
        assert_eq!(last["packets_lost"], heard);
        assert_eq!(last["frames_not_shown"], 0);
        let mut before = 0;
        for report in &reports {
            let lost = report["packets_lost"].as_u64().expect("a total");
            assert!(lost >= before, "a total shrank");
            before = lost;
        }
        let advice = rig.event(session, "bitrate_advice");
        assert_eq!(
            (&advice["why"], &advice["applied"]),
            (&json!("loss"), &json!(auto))
        );
        assert!(advice["to_kbps"].as_u64() < Some(5_000));
        let now = rig.engine.snapshot().sessions[0].bitrate_kbps;
        assert_eq!(now < 5_000, auto, "{now} kb/s");
        if auto {
            rig.event(session, "bitrate");
        }
    }
}
