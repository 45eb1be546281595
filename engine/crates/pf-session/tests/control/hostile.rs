//! Forged, replayed and foreign datagrams.

use std::net::UdpSocket;
use std::time::Duration;

use pf_seal::ControlStyle;

use crate::client::{Client, KEY, PING, START_A, START_B};
use crate::rig::Rig;

#[test]
fn a_replayed_message_does_nothing() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    let _pictures = rig.ping_video(1);
    rig.event(session, "key_frame");
    let request = client.seal(START_A);
    for _ in 0..50 {
        client.send_raw(1, &request);
    }
    client.serve(200);
    // Start A, and the one request.
    assert_eq!(rig.count(session, "idr_requested"), 2);
}

#[test]
fn sixty_four_messages_of_another_key_end_the_session_and_fewer_do_not() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut wrong = KEY;
    wrong[0] ^= 1;
    let mut client = Client::with_key(rig.control, 1, wrong, ControlStyle::V2);
    assert!(client.connects());
    for _ in 0..63 {
        client.send(0, PING);
    }
    client.serve(100);
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
    client.send(0, PING);
    client.serve(100);
    assert_eq!(rig.ended(session), "control_unreadable");
}

#[test]
fn forged_messages_between_good_ones_are_only_counted() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    for _ in 0..20 {
        for _ in 0..10 {
            let mut forged = client.seal(START_A);
            let last = forged.len() - 1;
            forged[last] ^= 1;
            client.send_raw(1, &forged);
        }
        client.send(0, PING);
        client.serve(5);
    }
    client.serve(50);
    assert_eq!(rig.count(session, "idr_requested"), 1);
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
}

#[test]
fn clear_messages_and_a_reflected_envelope_of_the_host_do_nothing() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::to(rig.control, 1);
    assert!(client.connects());
    client.send_raw(0, START_A);
    client.send_raw(0, START_B);
    // The host's termination message of gamestream-control-stream.md 4.6, under this very key.
    let reflected: Vec<u8> = [
        "01001c0001000000",
        "ea11082ec557f81cb88aaab02c26713d",
        "32b2421223d25bf1",
    ]
    .concat()
    .as_bytes()
    .chunks(2)
    .map(|pair| {
        let digits = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hex")
    })
    .collect();
    client.send_raw(0, &reflected);
    client.serve(100);
    assert_eq!(rig.count(session, "idr_requested"), 0);
    assert_eq!(rig.count(session, "control_ready"), 0);
}

#[test]
fn a_foreign_address_cannot_end_a_connection_and_garbage_disturbs_nobody() {
    let mut rig = Rig::on("::");
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let stranger = UdpSocket::bind("127.0.0.9:0").expect("loopback");
    let target = rig.control;
    // DISCONNECT, unsequenced, for every slot and session id.
    for slot in 0..16_u16 {
        for id in 0..4_u16 {
            let head = (slot | id << 12).to_be_bytes();
            let datagram = [&head[..], &[0x44, 0xff, 0, 0, 0, 0, 0, 0]].concat();
            stranger.send_to(&datagram, target).expect("loopback");
        }
    }
    let mut state = 0x9E37_79B9_u32;
    for length in 0..2_000_usize {
        let garbage: Vec<u8> = (0..length % 1400)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as u8
            })
            .collect();
        stranger.send_to(&garbage, target).expect("loopback");
        if length % 100 == 0 {
            client.send(0, PING);
            client.serve(2);
        }
    }
    client.send(0, PING);
    client.serve(100);
    assert!(!client.disconnected);
    assert_eq!(rig.engine.snapshot().sessions.len(), 1);
    let [_, control, _] = rig.listeners();
    let views = rig.engine.snapshot().listeners;
    let view = views.iter().find(|view| view.listener == control);
    assert!(view.expect("it is open").bad_pings > 100);
}

#[test]
fn a_thousand_half_open_connections_leave_room_for_the_client() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    // They know the secret, which nobody should: the worst that a flood can be.
    let connect: Vec<u8> = [
        &[
            0x8f_u8, 0xff, 0x70, 0x8f, 0x82, 0xff, 0, 1, 0, 0, 0xff, 0xff,
        ][..],
        &900_u32.to_be_bytes(),
        &65_536_u32.to_be_bytes(),
        &48_u32.to_be_bytes(),
        &[0; 8],
        &5_000_u32.to_be_bytes(),
        &2_u32.to_be_bytes(),
        &2_u32.to_be_bytes(),
        &[0; 4],
        &1_u32.to_be_bytes(),
    ]
    .concat();
    assert_eq!(connect.len(), 52);
    let stranger = UdpSocket::bind("127.0.0.9:0").expect("loopback");
    for id in 0..1_000_u32 {
        let mut datagram = connect.clone();
        datagram[44..48].copy_from_slice(&id.to_be_bytes());
        stranger.send_to(&datagram, rig.control).expect("loopback");
    }
    std::thread::sleep(Duration::from_millis(20));
    let mut client = Client::to(rig.control, 1);
    assert!(
        client.serve_until(5_000, |client| client.connected),
        "the flood kept the client out"
    );
    rig.event(session, "control_connected");
}

/// Well-formed ENet commands with wild fields, as someone at the client's own address could send them.
#[test]
fn wild_commands_from_the_clients_own_address_never_harm_the_host() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let attacker = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let mut state = 0x1234_5678_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    // Bytes of a command's fields behind the four that all share; data follows where a length is.
    let fields = [0_usize, 4, 44, 40, 4, 0, 2, 4, 20, 4, 8, 12, 20];
    for nth in 0..30_000_u32 {
        let head = (random() & 0x3000) as u16 | ((random() & 1) as u16) << 15;
        let mut datagram = head.to_be_bytes().to_vec();
        if head & 0x8000 != 0 {
            datagram.extend((random() as u16).to_be_bytes());
        }
        for _ in 0..=random() % 4 {
            // No DISCONNECT and no CONNECT: the one ends it as it may, the other is filtered.
            let number = [1, 3, 5, 6, 7, 8, 9, 10, 11, 12][random() as usize % 10];
            let flags = (random() & 0xC0) as u8;
            let channel = [0, 1, 47, 48, 255][random() as usize % 5];
            datagram.extend([number as u8 | flags, channel]);
            datagram.extend(((random() % 64) as u16).to_be_bytes());
            let mut body: Vec<u8> = (0..fields[number]).map(|_| random() as u8).collect();
            let length_at = match number {
                6 => Some(0),
                7..=9 | 12 => Some(2),
                _ => None,
            };
            let data_bytes = (random() % 60) as usize;
            if let Some(at) = length_at {
                body[at..at + 2].copy_from_slice(&(data_bytes as u16).to_be_bytes());
                if number == 8 || number == 12 {
                    // Few fragments of a small whole: those that ENet keeps.
                    let small = |random: u32| (random % 70).to_be_bytes();
                    for word in [4, 8, 12, 16] {
                        body[word..word + 4].copy_from_slice(&small(random()));
                    }
                }
                body.extend((0..data_bytes).map(|_| random() as u8));
            }
            datagram.extend(body);
        }
        attacker.send_to(&datagram, rig.control).expect("loopback");
        if nth % 500 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    std::thread::sleep(Duration::from_millis(200));
    drop(client);
    rig.drain();
    let panicked = rig.events.iter().any(|e| e["level"] == "error");
    assert!(!panicked, "{:#?}", rig.events);
    // Whatever became of that connection, the next client finds its host.
    let next = rig.start(2);
    let _next_client = Client::start(rig.control, 2);
    rig.event(next, "control_ready");
}
