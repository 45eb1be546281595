//! What the client says, and what becomes of it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Client, PING, START_A};
use crate::rig::Rig;

fn invalidate(first: u32, last: u32) -> Vec<u8> {
    let mut message = vec![0x01, 0x03, 24, 0];
    for word in [first, 0, last, 0, 0, 0] {
        message.extend(word.to_le_bytes());
    }
    message
}

#[test]
fn a_request_for_a_key_frame_is_answered_by_one() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    let _pictures = rig.ping_video(1);
    rig.wait_for("the first key frame", |e| {
        e["kind"] == "key_frame" && e["why"] == "first"
    });
    client.serve(400);
    client.send(1, START_A);
    client.serve(20);
    let answer = rig.wait_for("a second key frame", |e| {
        e["session"] == session && e["kind"] == "key_frame" && e["why"] == "requested"
    });
    assert!(answer["frame"].as_u64() > Some(1));
}

#[test]
fn an_invalidation_is_answered_without_a_key_frame_once_a_reference_is_acknowledged() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    let pictures = rig.ping_video(1);
    let mut packet = [0; 2048];
    let mut answered = false;
    let end = Instant::now() + Duration::from_secs(8);
    let mut newest = 0;
    let mut asked = false;
    while !answered && Instant::now() < end {
        let bytes = pictures.recv(&mut packet).expect("pictures go on");
        assert!(bytes > 32);
        // gamestream-media.md 3.1: frame index at 20, extra flags at 25.
        let frame = u32::from_le_bytes([packet[20], packet[21], packet[22], packet[23]]);
        if packet[25] & 1 != 0 && frame > newest {
            let mut ack = vec![0x50, 0x03, 8, 0];
            ack.extend(frame.to_le_bytes());
            ack.extend([0; 4]);
            client.send(1, &ack);
        }
        newest = newest.max(frame);
        if !asked && newest > 30 {
            asked = true;
            client.send(1, &invalidate(newest - 1, newest));
        }
        client.send(0, PING);
        client.serve(1);
        answered = asked && rig.count(session, "invalidation") > 0;
    }
    assert!(answered, "{:#?}", rig.events);
    assert_eq!(rig.count(session, "invalidation_requested"), 1);
    assert_eq!(rig.count(session, "key_frame"), 1);
}

#[test]
fn a_flood_of_requests_is_told_and_answered_in_bounds() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    let _pictures = rig.ping_video(1);
    rig.event(session, "key_frame");
    for _ in 0..500 {
        client.send(1, START_A);
        client.send(1, &invalidate(1, u32::MAX));
    }
    client.serve(1_000);
    assert!(rig.count(session, "idr_requested") <= 60);
    assert!(rig.count(session, "invalidation_requested") <= 60);
    let keys = rig.count(session, "key_frame");
    assert!(keys <= 24, "{keys} key frames in about a second");
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
}

#[test]
fn messages_that_nobody_knows_cost_nothing() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    for message in [
        &[0x34, 0x12, 0, 0][..],
        &[0x01, 0x02, 2, 0, 0, 0],
        &[0x04, 0x02, 80, 0],
        &[0x06, 0x02, 3, 0, 1, 2, 3],
        &[0x02, 0x55, 5, 0, 1, 2, 3, 4, 5],
        &[0x01, 0x00, 0, 0],
        &[0x50, 0x03, 0, 0],
        &[0x02, 0x03, 200, 0, 0, 0],
    ] {
        client.send(0x2f, message);
    }
    for fragment in [vec![7; 1000], vec![9; 3000], vec![1; 4000]] {
        client.send_raw(3, &fragment);
    }
    client.serve(100);
    client.send(0, PING);
    client.serve(50);
    assert!(!client.disconnected);
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
}

#[test]
fn a_report_comes_twice_a_second_with_what_is_known() {
    let mut rig = Rig::new();
    let session =
        rig.start_request(rig.request(1, |request| request["control"]["reports"] = json!(false)));
    let mut client = Client::start(rig.control, 1);
    for _ in 0..22 {
        client.send(0, PING);
        client.serve(100);
    }
    rig.drain();
    let reports: Vec<_> = rig
        .events
        .iter()
        .filter(|e| e["ev"] == "session.report" && e["session"] == session)
        .collect();
    let told_ms: Vec<u64> = reports
        .iter()
        .map(|report| report["t"].as_str().and_then(|ns| ns.parse::<u64>().ok()))
        .map(|ns| ns.expect("the engine's clock") / 1_000_000)
        .collect();
    let gaps = || told_ms.windows(2).map(|pair| pair[1] - pair[0]);
    // A busy machine makes some late; none comes early, and those that it leaves alone come in time.
    assert!(gaps().all(|ms| ms >= 499), "{told_ms:?}");
    assert!(gaps().any(|ms| ms < 520), "{told_ms:?}");
    let last = reports.last().expect("reports came");
    // The client serves every ms; the figure holds its delay and ours.
    let rtt_us = &last["rtt_us"];
    assert!(rtt_us["min"].as_u64() <= rtt_us["median"].as_u64());
    let medians = reports
        .iter()
        .filter_map(|report| report["rtt_us"]["median"].as_u64());
    assert!(medians.min() < Some(20_000), "{reports:?}");
    // This client does not report its FEC: that is not a loss of zero.
    assert!(last.get("packets_lost").is_none() && last.get("packets_recovered").is_none());
}
