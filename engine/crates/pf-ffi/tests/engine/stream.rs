//! A synthetic stream through the whole engine to the independent receiver, with its records.

use std::time::{Duration, Instant};

use crate::support::{AFTER_INVALIDATION, Host, KEY, REPEAT, records, stream, synthetic};
use serde_json::{Value, json};

fn int(report: &Value, field: &str) -> u64 {
    report[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} in {report}"))
}

#[test]
fn every_frame_arrives_and_has_a_record() {
    let mut host = Host::open();
    let report = stream(&mut host, 2.0, |_| {});
    let received = int(&report, "frames_received");
    assert!((30..=125).contains(&received), "{report}");
    assert_eq!(int(&report, "packets_lost"), 0, "{report}");
    assert_eq!(report["problems"], json!([]), "{report}");
    let records = records(&host);
    // On a busy machine a frame may be dropped before it is sent, but never without a record that says so.
    let dropped = records.iter().filter(|record| record.outcome != 0).count() as u64;
    assert!(
        int(&report, "frames_lost") <= dropped,
        "{dropped} dropped: {report}"
    );
    let sent: Vec<_> = records
        .iter()
        .filter(|record| record.outcome == 0)
        .collect();
    assert!(
        sent.len() as u64 >= received,
        "{} records, {received} frames",
        sent.len()
    );
    let grabbed: Vec<u64> = sent.iter().map(|record| record.grabbed_ns).collect();
    assert!(keeps_pace(&grabbed, 1e9 / 60.0), "{grabbed:?}");
    assert_eq!(sent[0].frame_index, 1);
    assert!(sent[0].flags & KEY != 0);
    for pair in sent.windows(2) {
        let skipped = u64::from(pair[1].frame_index - pair[0].frame_index - 1);
        assert!(
            skipped <= dropped,
            "{skipped} frame numbers skipped, {dropped} frames dropped"
        );
        assert!(pair[1].grabbed_ns > pair[0].grabbed_ns);
    }
    for record in &sent {
        assert_eq!(u64::from(record.session), 1);
        assert!(
            record.flags & REPEAT != 0 || record.source_sequence != u32::MAX,
            "{record:?}"
        );
        assert!(
            record.flags & REPEAT != 0 || record.source_age_ns < 1_000_000_000,
            "{record:?}"
        );
        let mut before = 0;
        for at in record.boundaries {
            assert!(at != u32::MAX && at >= before, "{record:?}");
            before = at;
        }
        assert!(
            record.bytes > 100 && record.data_packets >= 1 && record.parity_packets >= 2,
            "{record:?}"
        );
    }
    // Frames from before arming would carry no record, frames after the stop neither: the bytes agree for the rest.
    let bytes: u64 = sent
        .iter()
        .take(received as usize)
        .map(|record| u64::from(record.bytes))
        .sum();
    let arrived = int(&report, "bytes");
    assert!(
        bytes.abs_diff(arrived) * 50 < arrived,
        "{bytes} sent, {arrived} received"
    );
}

/// Never faster than asked over all, and exactly as fast wherever the machine let ten in a row come in time. Frames
/// that a busy machine held up prove nothing.
fn keeps_pace(at_ns: &[u64], period_ns: f64) -> bool {
    let spans = |count: usize| {
        let windows = at_ns.windows(count + 1);
        windows.map(move |window| (window[count] - window[0]) as f64 / (count as f64 * period_ns))
    };
    let all = at_ns.len().saturating_sub(1);
    spans(all).all(|ratio| ratio > 0.95) && spans(10).any(|ratio| (0.95..1.05).contains(&ratio))
}

#[test]
fn nothing_is_recorded_when_nothing_measures() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    let session = synthetic(listener);
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    let probe = host.must(json!({
        "cmd": "probe.start", "session": started["session"], "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 0.5
    }));
    host.done(&probe);
    assert_eq!(host.records.len(), 0);
    let lanes = &host.must(json!({ "cmd": "snapshot" }))["lanes"];
    assert_eq!(lanes["records"]["used"], 0);
}

#[test]
fn lost_packets_are_rebuilt_or_asked_for_and_every_answer_is_one() {
    let mut host = Host::open();
    let report = stream(&mut host, 4.0, |session| session["drop_pct"] = json!(5.0));
    assert!(int(&report, "packets_lost") > 20, "{report}");
    assert!(int(&report, "packets_recovered") > 3, "{report}");
    assert_eq!(report["problems"], json!([]), "{report}");
    let lost = int(&report, "frames_lost");
    let received = int(&report, "frames_received");
    assert!(received + lost > 100, "{report}");
    let delivered = int(&report, "decodable_frames");
    assert!(
        delivered * 100 >= (received + lost) * 80,
        "recovery must be quick: {report}"
    );
    if lost > 0 {
        let answers = records(&host)
            .iter()
            .filter(|r| r.flags & (AFTER_INVALIDATION | KEY) != 0)
            .count();
        assert!(
            answers >= 2,
            "the first key frame and an answer to the loss"
        );
    }
}

#[test]
fn without_parity_losses_are_answered_by_invalidation_in_the_next_frame() {
    let mut host = Host::open();
    let report = stream(&mut host, 4.0, |session| {
        session["drop_pct"] = json!(8.0);
        session["fec_pct"] = json!(0);
    });
    assert!(int(&report, "frames_lost") > 5, "{report}");
    assert_eq!(int(&report, "packets_recovered"), 0);
    assert!(int(&report, "invalidations_answered") > 3, "{report}");
    let keys = records(&host).iter().filter(|r| r.flags & KEY != 0).count();
    let answers = records(&host)
        .iter()
        .filter(|r| r.flags & AFTER_INVALIDATION != 0)
        .count();
    assert!(
        answers > keys,
        "{answers} answered by long-term references, {keys} by key frames"
    );
}

#[test]
fn a_key_frame_comes_on_request_and_a_bitrate_change_without_one() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    let session = synthetic(listener);
    host.must(json!({ "cmd": "measure", "on": true, "perf": true }));
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    let number = &started["session"];
    let probe = host.must(json!({
        "cmd": "probe.start", "session": number, "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 4
    }));
    // The first key frame would answer a request that comes before it is sent.
    let perf = host.wait_for("a perf line", |e| e["ev"] == "perf");
    assert!(
        perf["max_us"]["encode"].as_u64().is_some_and(|us| us > 0),
        "{perf}"
    );
    host.must(json!({ "cmd": "session.request_idr", "session": number }));
    host.wait_for("the asked key frame", |e| {
        e["kind"] == "key_frame" && e["why"] == "requested"
    });
    host.must(json!({ "cmd": "session.set_bitrate", "session": number, "bitrate_kbps": 2000 }));
    host.wait_for("the bitrate", |e| {
        e["kind"] == "bitrate" && e["to_kbps"] == 2000
    });
    let snapshot = host.must(json!({ "cmd": "snapshot" }));
    assert_eq!(snapshot["sessions"][0]["bitrate_kbps"], 2000);
    assert_eq!(snapshot["sessions"][0]["picture"]["width"], 640);
    host.done(&probe);
    host.drain(0);
    let keys = records(&host).iter().filter(|r| r.flags & KEY != 0).count();
    assert_eq!(keys, 2);
}

#[test]
fn a_client_that_never_pings_or_stops_pinging_ends_the_session_with_its_reason() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    let mut session = synthetic(listener);
    session["client_timeout_ms"] = json!(300);
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    let ended = host.wait_for("the end", |e| e["state"] == "ended");
    assert_eq!(ended["reason"], "no_client");

    // Long enough for a receiver that gets no processor for a while; how long it is, nothing here depends on.
    session["client_timeout_ms"] = json!(5000);
    let second = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&second);
    let probe = host.must(json!({
        "cmd": "probe.start", "session": second["session"], "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 0.6
    }));
    host.done(&probe);
    let ended = host.wait_for("the second end", |e| {
        e["state"] == "ended" && e["session"] == second["session"]
    });
    assert_eq!(ended["reason"], "client_gone");
    assert_eq!(
        host.must(json!({ "cmd": "snapshot" }))["sessions"],
        json!([])
    );
}

#[test]
fn closing_the_listener_ends_its_sessions() {
    let mut host = Host::open();
    let (listener, _) = host.listener();
    let started = host.must(json!({ "cmd": "session.start", "session": synthetic(listener) }));
    host.done(&started);
    host.must(json!({ "cmd": "listener.close", "listener": listener }));
    let ended = host.wait_for("the end", |e| e["state"] == "ended");
    assert_eq!(ended["reason"], "listener_closed");
}

#[test]
fn garbage_on_the_port_disturbs_nobody() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    let noise = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for size in [0_usize, 1, 4, 19, 20, 21, 1500] {
        noise
            .send_to(&vec![0x41; size], ("127.0.0.1", port as u16))
            .expect("sent");
    }
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let bad = host.must(json!({ "cmd": "snapshot" }))["listeners"][0]["bad_pings"].as_u64();
        if bad.is_some_and(|bad| bad >= 6) {
            break;
        }
        assert!(Instant::now() < end, "{bad:?} bad pings counted");
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = host.must(json!({ "cmd": "session.start", "session": synthetic(listener) }));
    assert_eq!(host.done(&started)["ok"], true);
}

#[test]
fn calls_answer_within_a_millisecond_while_sessions_start_and_stop() {
    let mut host = Host::open();
    let (listener, _) = host.listener();
    let mut times = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        let started = host.must(json!({ "cmd": "session.start", "session": synthetic(listener) }));
        times.push(begin.elapsed());
        for _ in 0..30 {
            let begin = Instant::now();
            host.must(json!({ "cmd": "snapshot" }));
            times.push(begin.elapsed());
        }
        let begin = Instant::now();
        let stop = host
            .must(json!({ "cmd": "session.stop", "session": started["session"], "reason": "x" }));
        times.push(begin.elapsed());
        host.done(&stop);
    }
    times.sort();
    // The machine is shared: the median says what the call costs, the maximum what the scheduler does.
    assert!(
        times[times.len() / 2] < Duration::from_millis(1),
        "{times:?}"
    );
}
