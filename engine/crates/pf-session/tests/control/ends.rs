//! How sessions end: what the host hears, and what the client is told.

use std::time::{Duration, Instant};

use pf_session::ControlLimits;
use serde_json::json;

use crate::client::{Client, PING, START_A};
use crate::rig::Rig;

const QUICK: ControlLimits = ControlLimits {
    start_ms: 150,
    silence_ms: 600,
    goodbye_ms: 300,
};

/// A client has far longer to go than a busy machine takes to tell it.
const PATIENT: ControlLimits = ControlLimits {
    start_ms: 5_000,
    silence_ms: 20_000,
    goodbye_ms: 20_000,
};

#[test]
fn a_client_that_leaves_ends_its_session_at_once() {
    let mut rig = Rig::new();
    let session = rig.start_with_limits(1, PATIENT);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let asked = Instant::now();
    assert!(client.leave(), "the goodbye was not acknowledged");
    assert_eq!(rig.ended(session), "client_left");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "it waited for silence"
    );
}

#[test]
fn a_client_that_never_connects_ends_with_no_control() {
    let mut rig = Rig::new();
    let session = rig.start_request(rig.request(1, |request| {
        request["control"]["connect_timeout_ms"] = json!(200)
    }));
    assert_eq!(rig.ended(session), "no_control");
    let mut late = Client::to(rig.control, 1);
    assert!(!late.serve_until(600, |client| client.connected));
}

#[test]
fn a_silent_client_is_lost_and_its_acknowledgements_do_not_help() {
    let mut rig = Rig::new();
    let session = rig.start_with_limits(1, QUICK);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let silent_since = Instant::now();
    // ENet's own pings and acknowledgements go on: nothing of that is authentic.
    client.serve_until(3_000, |client| client.disconnected);
    assert!(silent_since.elapsed() >= Duration::from_millis(550));
    assert_eq!(rig.ended(session), "client_lost");
    assert_eq!(client.termination(), None);
}

#[test]
fn a_client_that_pings_lives_and_its_video_pings_do_not_matter() {
    let mut rig = Rig::new();
    let mut request = rig.request(1, |request| request["client_timeout_ms"] = json!(200));
    request.control.as_mut().expect("control").limits = QUICK;
    let session = rig.start_request(request);
    let mut client = Client::start(rig.control, 1);
    let pictures = rig.ping_video(1);
    for _ in 0..15 {
        client.send(0, PING);
        client.serve(100);
    }
    assert!(pictures.recv(&mut [0; 2048]).is_ok());
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
    assert_eq!(rig.count(session, "control_ready"), 1);
}

#[test]
fn a_client_that_never_says_start_b_is_ready_after_a_while() {
    let mut rig = Rig::new();
    let session = rig.start_with_limits(1, QUICK);
    let mut client = Client::to(rig.control, 1);
    assert!(client.connects());
    client.send(0, START_A);
    client.serve(250);
    assert_eq!(rig.event(session, "control_ready")["start_b"], false);
}

#[test]
fn whatever_the_host_ends_is_told_with_its_code() {
    let cases = [
        ("host_stop", 0x8003_0023),
        ("app_ended", 0x8003_0023),
        ("replaced", 0x8003_0023),
        ("revoked", 0x8003_0023),
        ("source_lost", 0x0F00_0001),
        ("encoder_failed", 0x0F00_0002),
        ("internal", 0x0F00_0003),
        ("sequences_exhausted", 0x0F00_0004),
    ];
    let mut rig = Rig::new();
    for (data, (reason, code)) in (1..).zip(cases) {
        let session = rig.start_with_limits(data, PATIENT);
        let mut client = Client::start(rig.control, data);
        rig.event(session, "control_ready");
        let op = rig.engine.stop_session(session, reason).expect("it runs");
        let asked = Instant::now();
        let told = client.serve_until(5_000, |client| client.termination().is_some());
        assert!(told, "{reason} was not told");
        assert_eq!(client.termination(), Some(code), "{reason}");
        client.vanish();
        assert_eq!(rig.ended(session), reason);
        rig.wait_for("op.done", |e| e["ev"] == "op.done" && e["op"] == op);
        // The client answered at once, so nothing waited for the time that it might have taken.
        assert!(asked.elapsed() < Duration::from_secs(10), "{reason}");
    }
}

#[test]
fn a_client_that_ignores_its_goodbye_is_disconnected_and_the_stop_is_bounded() {
    let mut rig = Rig::new();
    let session = rig.start_with_limits(1, QUICK);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let op = rig
        .engine
        .stop_session(session, "host_stop")
        .expect("it runs");
    let asked = Instant::now();
    assert!(client.serve_until(2_000, |client| client.disconnected));
    assert_eq!(client.termination(), Some(0x8003_0023));
    assert!(asked.elapsed() >= Duration::from_millis(250));
    rig.wait_for("op.done", |e| e["ev"] == "op.done" && e["op"] == op);
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_stop_answers_after_the_client_was_told_and_within_bounds_when_it_is_dead() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    drop(client);
    let asked = Instant::now();
    let op = rig
        .engine
        .stop_session(session, "host_stop")
        .expect("it runs");
    rig.wait_for("op.done", |e| e["ev"] == "op.done" && e["op"] == op);
    let took = asked.elapsed();
    assert!(took >= Duration::from_millis(900), "{took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn closing_the_listener_tells_its_clients_and_answers_at_once() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let asked = Instant::now();
    let [_, control, _] = rig.listeners();
    rig.engine.close_listener(control).expect("it is open");
    assert!(asked.elapsed() < Duration::from_millis(500), "it blocked");
    assert!(client.serve_until(5_000, |client| client.termination().is_some()));
    client.vanish();
    assert_eq!(rig.ended(session), "listener_closed");
}

#[test]
fn closing_the_engine_tells_every_client_before_its_lane_ends() {
    let mut rig = Rig::new();
    let mut clients = Vec::new();
    for data in 1..=3 {
        let session = rig.start(data);
        clients.push(Client::start(rig.control, data));
        rig.event(session, "control_ready");
    }
    let asked = Instant::now();
    rig.engine.close();
    assert!(asked.elapsed() < Duration::from_millis(500), "it blocked");
    for client in &mut clients {
        assert!(client.serve_until(5_000, |client| client.termination().is_some()));
        assert_eq!(client.termination(), Some(0x8003_0023));
        client.vanish();
    }
    let mut rest = vec![0; 1 << 16];
    while let pf_session::Drained::Bytes(_) = rig
        .engine
        .events()
        .drain_into(&mut rest, Duration::from_millis(50))
    {
        assert!(asked.elapsed() < Duration::from_secs(4), "it never ends");
    }
    assert!(asked.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_hundred_connections_leave_threads_and_files_as_they_were() {
    let mut rig = Rig::new();
    let files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let resident_kb = || {
        let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        let pages = status.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
        pages.expect("a number") * 4
    };
    let mut before = (0, 0, 0);
    for data in 1..=120 {
        let session = rig.start(data);
        let mut client = Client::start(rig.control, data);
        rig.event(session, "control_ready");
        if data % 2 == 0 {
            assert!(client.leave());
            assert_eq!(rig.ended(session), "client_left");
        } else {
            rig.engine.stop_session(session, "x").expect("it runs");
            assert!(client.serve_until(5_000, |client| client.termination().is_some()));
            client.vanish();
            assert_eq!(rig.ended(session), "x");
        }
        rig.events.clear();
        drop(client);
        if data == 20 {
            rig.engine.snapshot();
            before = (files(), threads(), resident_kb());
        }
    }
    let end = Instant::now() + Duration::from_secs(2);
    while threads() > before.1 && Instant::now() < end {
        rig.engine.snapshot();
        std::thread::sleep(Duration::from_millis(5));
    }
    let after = (files(), threads(), resident_kb());
    assert!(
        after.0 <= before.0 && after.1 <= before.1,
        "{before:?} {after:?}"
    );
    let grown_kb = after.2.saturating_sub(before.2);
    assert!(grown_kb < 4_000, "{grown_kb} kB more");
}
