//! Who may connect, and whose connection it then is.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use pf_seal::ControlStyle;
use pf_session::ControlState;
use serde_json::json;

use crate::client::{Client, KEY, PING, START_A, START_B};
use crate::rig::Rig;

#[test]
fn a_client_with_the_right_data_is_connected_and_ready() {
    let mut rig = Rig::new();
    let session = rig.start(0xDEAD_BEEF);
    let control = |rig: &Rig| rig.engine.snapshot().sessions[0].control;
    assert_eq!(control(&rig), Some(ControlState::Awaiting));
    let asked = Instant::now();
    let client = Client::start(rig.control, 0xDEAD_BEEF);
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "no Start B is waited for longer"
    );
    let connected = rig.event(session, "control_connected");
    assert_eq!(connected["address"], client.local_address().to_string());
    assert_eq!(rig.event(session, "control_ready")["start_b"], true);
    assert_eq!(control(&rig), Some(ControlState::Ready));
}

#[test]
fn wrong_and_zero_data_are_not_even_answered() {
    let mut rig = Rig::new();
    let session = rig.start(7);
    for data in [8, 0, 7 << 24, u32::MAX] {
        let mut client = Client::to(rig.control, data);
        assert!(!client.serve_until(700, |client| client.connected));
    }
    assert_eq!(rig.count(session, "control_connected"), 0);
    let mut client = Client::to(rig.control, 7);
    assert!(client.connects());
}

#[test]
fn nothing_is_sent_to_a_stranger() {
    let rig = Rig::new();
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    stranger
        .set_read_timeout(Some(Duration::from_millis(200)))
        .expect("a time-out");
    let connect = [&[0x8f_u8, 0xff, 0x70, 0x8f, 0x82, 0xff, 0, 1][..], &[0; 44]].concat();
    for datagram in [&connect[..], b"", b"x", &[0xff; 1200], &[0; 1400]] {
        stranger.send_to(datagram, rig.control).expect("loopback");
    }
    assert!(stranger.recv(&mut [0; 100]).is_err(), "an answer came");
}

#[test]
fn a_second_connection_with_the_same_data_is_refused_and_the_first_goes_on() {
    let mut rig = Rig::new();
    let session = rig.start(9);
    let mut first = Client::start(rig.control, 9);
    rig.event(session, "control_ready");
    let mut second = Client::to(rig.control, 9);
    assert!(!second.serve_until(700, |client| client.connected));
    first.send(0, PING);
    first.serve(50);
    assert!(!first.disconnected);
    assert_eq!(rig.count(session, "control_connected"), 1);
}

#[test]
fn two_sessions_have_a_client_each_and_keep_apart() {
    let mut rig = Rig::new();
    let (one, two) = (rig.start(1), rig.start(2));
    let mut of_two = Client::start(rig.control, 2);
    let mut of_one = Client::start(rig.control, 1);
    rig.event(one, "control_ready");
    rig.event(two, "control_ready");
    let (video_one, video_two) = (rig.ping_video(1), rig.ping_video(2));
    for (socket, client) in [(&video_one, &mut of_one), (&video_two, &mut of_two)] {
        assert!(socket.recv(&mut [0; 2048]).is_ok(), "no picture");
        client.send(0, PING);
    }
    assert!(of_one.leave());
    assert_eq!(rig.ended(one), "client_left");
    of_two.send(0, PING);
    of_two.serve(50);
    assert!(!of_two.disconnected);
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
    assert!(video_two.recv(&mut [0; 2048]).is_ok());
}

#[test]
fn an_old_client_is_known_by_its_address_when_it_is_the_only_one() {
    let mut rig = Rig::new();
    let old = |request: &mut serde_json::Value| {
        request["control"]
            .as_object_mut()
            .expect("control")
            .remove("connect_data");
        request["control"]["sealing"] = json!("legacy");
    };
    let session = rig.start_request(rig.request(1, old));
    let legacy = |server| Client::with_key(server, 0, KEY, ControlStyle::Legacy);
    let mut client = legacy(rig.control);
    assert!(client.connects());
    client.send(0, START_A);
    client.send(0, START_B);
    client.serve(20);
    rig.event(session, "control_ready");

    // Two of them wait at one address: neither can be told from the other.
    let [two, three] = [2, 3].map(|data| rig.start_request(rig.request(data, old)));
    let mut ambiguous = legacy(rig.control);
    ambiguous.serve_until(1_000, |client| client.disconnected);
    assert_eq!(rig.count(two, "control_connected"), 0);
    assert_eq!(rig.count(three, "control_connected"), 0);
}

#[test]
fn answers_come_from_the_address_that_was_called_over_both_families() {
    let mut rig = Rig::on("::");
    let port = rig.control.port();
    for (data, ip) in [(1, "127.0.0.1"), (2, "127.0.0.5"), (3, "::1")] {
        let session = rig.start(data);
        let server = SocketAddr::new(ip.parse().expect("an ip"), port);
        // rusty_enet takes nothing from another address than the one it has called.
        let mut client = Client::start(server, data);
        rig.event(session, "control_ready");
        assert!(client.leave());
        assert_eq!(rig.ended(session), "client_left");
    }
}

#[test]
fn a_client_may_change_its_port() {
    let mut rig = Rig::new();
    let session = rig.start(5);
    // A NAT in between that forgets its mapping.
    let inner = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    inner.set_nonblocking(true).expect("loopback");
    let nat = inner.local_addr().expect("bound");
    let mut client = Client::to(nat, 5);
    let (client_address, server) = (client.local_address(), rig.control);
    let mut outer = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let relay = |outer: &UdpSocket| {
        outer.set_nonblocking(true).expect("loopback");
        let mut buffer = [0; 2048];
        while let Ok(bytes) = inner.recv(&mut buffer) {
            outer.send_to(&buffer[..bytes], server).expect("loopback");
        }
        while let Ok(bytes) = outer.recv(&mut buffer) {
            inner
                .send_to(&buffer[..bytes], client_address)
                .expect("loopback");
        }
    };
    let served = client.serve_until(3_000, |client| {
        relay(&outer);
        client.connected
    });
    assert!(served, "no connection through the relay");
    client.send(0, START_A);
    client.send(0, START_B);
    client.serve_until(50, |_| {
        relay(&outer);
        false
    });
    rig.event(session, "control_ready");
    outer = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    client.send(1, START_A);
    client.serve_until(300, |_| {
        relay(&outer);
        false
    });
    // The request through the new port was heard, and its end is, too.
    let requests = rig.count(session, "idr_requested");
    assert_eq!(requests, 2);
    rig.engine
        .stop_session(session, "stopped")
        .expect("it runs");
    let told = client.serve_until(2_000, |client| {
        relay(&outer);
        client.termination().is_some()
    });
    assert!(told);
    assert_eq!(client.termination(), Some(0x8003_0023));
}

#[test]
fn a_listener_of_another_medium_and_a_taken_secret_are_refused() {
    let mut rig = Rig::new();
    let [video, control, audio] = rig.listeners();
    let wrong = |change: &dyn Fn(&mut serde_json::Value)| {
        let request = rig.request(77, change);
        rig.try_start(request).expect_err("refused").code
    };
    assert_eq!(wrong(&|r| r["listener"] = json!(control)), "wrong_medium");
    assert_eq!(
        wrong(&|r| r["control"]["listener"] = json!(video)),
        "wrong_medium"
    );
    assert_eq!(
        wrong(&|r| r["control"]["listener"] = json!(audio)),
        "wrong_medium"
    );
    assert_eq!(
        wrong(&|r| r["control"]["listener"] = json!(999)),
        "unknown_listener"
    );
    assert_eq!(
        wrong(&|r| r["control"]["connect_data"] = json!(0)),
        "control_invalid"
    );
    assert_eq!(
        wrong(&|r| r["control"]["address"] = json!("localhost")),
        "control_invalid"
    );
    assert_eq!(
        wrong(&|r| r["control"]["connect_timeout_ms"] = json!(1)),
        "control_invalid"
    );
    assert_eq!(
        wrong(&|r| {
            r.as_object_mut().expect("an object").remove("encryption");
        }),
        "encryption_invalid"
    );
    assert_eq!(
        wrong(&|r| r["encryption"]["audio"] = json!(true)),
        "encryption_invalid"
    );
    let sound = |channels: u8, ms: u8| {
        json!({ "listener": audio, "ping_payload": "fedcba9876543210", "channels": channels,
                "high_quality": false, "packet_ms": ms })
    };
    assert_eq!(wrong(&|r| r["audio"] = sound(3, 5)), "audio_invalid");
    assert_eq!(wrong(&|r| r["audio"] = sound(2, 7)), "audio_invalid");
    assert_eq!(
        wrong(&|r| {
            r["audio"] = sound(2, 5);
            r["audio"]["listener"] = json!(control);
        }),
        "wrong_medium"
    );
    rig.start(77);
    let again = rig.try_start(rig.request(77, |_| {}));
    assert_eq!(again.expect_err("taken").code, "control_invalid");
}
