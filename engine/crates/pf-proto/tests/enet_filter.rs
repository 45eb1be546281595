//! What of a control port's datagrams reaches ENet: gamestream-control-stream.md 3.4 and 11.

use pf_proto::gamestream::enet::{
    Connect, ConnectLimiter, Datagram, PeerDatagram, Refusal, RoundTrips, classify,
};
use proptest::prelude::*;

mod support;

use support::hex;

const CONNECT: &str = "8fff708f 82ff0001 0000ffff 00000384 00010000 00000030 00000000 00000000
     00001388 00000002 00000002 26f87458 deadbeef";
/// Acknowledges a VERIFY_CONNECT of our time 724d and pings.
const ACKNOWLEDGE_AND_PING: &str = "80007250 01ff0001 0001724d 85ff0002";

const MS: u64 = 1_000_000;

fn peer(bytes: &[u8]) -> PeerDatagram<'_> {
    match classify(bytes) {
        Datagram::Peer(peer) => peer,
        other => panic!("{other:?}"),
    }
}

fn refusal(bytes: &[u8]) -> Refusal {
    match classify(bytes) {
        Datagram::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_printed_connect_is_one() {
    assert_eq!(
        classify(&hex::bytes(CONNECT)),
        Datagram::Connect(Connect {
            data: 0xDEAD_BEEF,
            connect_id: 0x26F8_7458,
            channels: 48,
            mtu_bytes: 900,
        })
    );
}

#[test]
fn a_connect_cut_or_lengthened_is_refused() {
    let whole = hex::bytes(CONNECT);
    for bytes in 0..whole.len() {
        let expected = if bytes < 4 {
            Refusal::Short
        } else {
            Refusal::NotConnect
        };
        assert_eq!(refusal(&whole[..bytes]), expected, "{bytes} bytes");
    }
    let mut longer = whole;
    longer.push(0);
    assert_eq!(refusal(&longer), Refusal::NotConnect);
}

#[test]
fn a_new_peer_may_say_nothing_but_connect() {
    for (at, value) in [
        (4, 0x02),
        (4, 0xC2),
        (4, 0x83),
        (5, 0),
        (23, 0),
        (22, 1),
        (20, 1),
    ] {
        let mut bytes = hex::bytes(CONNECT);
        bytes[at] = value;
        assert_eq!(refusal(&bytes), Refusal::NotConnect, "{value:#x} at {at}");
    }
    let mut most = hex::bytes(CONNECT);
    most[23] = 255;
    assert!(matches!(classify(&most), Datagram::Connect(_)));
    let mut timeless = hex::bytes(CONNECT);
    timeless[0] = 0x0F;
    assert_eq!(refusal(&timeless), Refusal::NotConnect);
}

#[test]
fn compressed_datagrams_are_refused() {
    for text in [CONNECT, ACKNOWLEDGE_AND_PING] {
        let mut bytes = hex::bytes(text);
        bytes[0] |= 0x40;
        assert_eq!(refusal(&bytes), Refusal::Compressed);
    }
}

#[test]
fn a_datagram_above_1200_bytes_is_refused() {
    let mut bytes = hex::bytes("0001 06000001 04a6");
    bytes.resize(1_198, 0);
    bytes[6..8].copy_from_slice(&1_190_u16.to_be_bytes());
    assert_eq!(peer(&bytes).commands().count(), 1);
    bytes.resize(1_201, 0);
    assert_eq!(refusal(&bytes), Refusal::Long);
}

#[test]
fn commands_and_their_acknowledged_times_are_read() {
    let bytes = hex::bytes(ACKNOWLEDGE_AND_PING);
    let datagram = peer(&bytes);
    assert_eq!((datagram.peer, datagram.session), (0, 0));
    assert_eq!(datagram.sent_time, Some(0x7250));
    let numbers: Vec<u8> = datagram.commands().map(|command| command.number).collect();
    assert_eq!(numbers, [1, 5]);
    let wants: Vec<bool> = datagram
        .commands()
        .map(|command| command.wants_acknowledgement)
        .collect();
    assert_eq!(wants, [false, true]);
    let times: Vec<u16> = datagram.acknowledged_times().collect();
    assert_eq!(times, [0x724D]);
}

#[test]
fn every_kind_of_command_has_its_length() {
    let commands = [
        "01ff0001 0001724d",
        "84ff0003 00000000",
        "85ff0002",
        "86010001 0003 aabbcc",
        "07210001 0007 0002 aabb",
        "88010001 0001 0001 00000002 00000000 00000010 00000000 ee",
        "49000000 0001 0001 ee",
        "8aff0001 00000000 00000000",
        "8bff0001 00001388 00000002 00000002",
        "0c010001 0001 0000 00000002 00000000 00000010 00000000",
    ];
    let all = format!("a123 0005 {}", commands.concat());
    let bytes = hex::bytes(&all);
    let datagram = peer(&bytes);
    assert_eq!((datagram.peer, datagram.session), (0x123, 2));
    let numbers: Vec<u8> = datagram.commands().map(|command| command.number).collect();
    assert_eq!(numbers, [1, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

    let mut ends = vec![4];
    for command in commands {
        ends.push(ends.last().unwrap() + hex::bytes(command).len());
    }
    for length in 4..bytes.len() {
        match classify(&bytes[..length]) {
            Datagram::Peer(_) => assert!(ends.contains(&length), "{length} bytes pass"),
            Datagram::Refused(Refusal::Short) => assert_eq!(length, 4),
            Datagram::Refused(refusal) => {
                assert_eq!(refusal, Refusal::Truncated);
                assert!(!ends.contains(&length));
            }
            Datagram::Connect(_) => panic!("no connect in it"),
        }
    }
}

#[test]
fn a_connection_may_not_connect_again() {
    let mut bytes = hex::bytes(CONNECT);
    bytes[0..2].copy_from_slice(&[0x80, 0x01]);
    assert_eq!(refusal(&bytes), Refusal::StrayConnect);
}

#[test]
fn commands_that_do_not_exist_are_refused() {
    for number in [0x00, 0x80, 0x0D, 0x8E, 0x0F] {
        let bytes = [0, 1, number, 0, 0, 0, 0, 0];
        assert_eq!(refusal(&bytes), Refusal::UnknownCommand);
    }
}

#[test]
fn at_most_32_commands_pass() {
    let mut bytes = vec![0, 1];
    for _ in 0..32 {
        bytes.extend([5, 0xFF, 0, 1]);
    }
    assert_eq!(peer(&bytes).commands().count(), 32);
    bytes.extend([5, 0xFF, 0, 1]);
    assert_eq!(refusal(&bytes), Refusal::ManyCommands);
}

#[test]
fn a_round_trip_is_measured_from_the_datagram_that_is_answered() {
    let mut trips = RoundTrips::new();
    trips.datagram_sent(&hex::bytes("8000724d 83ff0001"), 1_000 * MS);
    assert_eq!(trips.acknowledged(0x724E, 1_003 * MS), None);
    assert_eq!(
        trips.acknowledged(0x724D, 1_003 * MS + 250_000),
        Some(3_250_000)
    );
    assert_eq!(
        trips.acknowledged(0x724D, 1_004 * MS),
        None,
        "a second command of it"
    );
}

#[test]
fn datagrams_without_a_time_or_of_the_same_millisecond_add_nothing() {
    let mut trips = RoundTrips::default();
    trips.datagram_sent(&hex::bytes("0000724d 83ff0001"), 0);
    trips.datagram_sent(&[0x80, 0, 0x72], 0);
    assert_eq!(trips.acknowledged(0x724D, MS), None);
    trips.datagram_sent(&hex::bytes("8000724d"), 10 * MS);
    trips.datagram_sent(&hex::bytes("8000724d"), 10 * MS + 400_000);
    assert_eq!(trips.acknowledged(0x724D, 12 * MS), Some(2 * MS));
}

#[test]
fn a_time_older_than_10_s_or_than_64_datagrams_is_forgotten() {
    let mut trips = RoundTrips::new();
    trips.datagram_sent(&[0x80, 0, 0, 7], 0);
    assert_eq!(trips.acknowledged(7, 10_001 * MS), None);
    for time in 0..65_u8 {
        trips.datagram_sent(&[0x80, 0, 1, time], 20_000 * MS);
    }
    assert_eq!(trips.acknowledged(0x100, 20_001 * MS), None);
    assert_eq!(trips.acknowledged(0x101, 20_001 * MS), Some(MS));
}

#[test]
fn twenty_connects_a_second_pass_and_no_more() {
    let mut limiter = ConnectLimiter::new();
    let (address, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    let passed = (0..1_000).filter(|_| limiter.allow(address, 5)).count();
    assert_eq!(passed, 20);
    assert!(limiter.allow(other, 5), "another address");
    let mapped = "::ffff:192.0.2.1".parse().unwrap();
    assert!(!limiter.allow(mapped, 5), "the same in IPv6 spelling");
    assert!(limiter.allow(address, 5 + 50 * MS));
    assert!(!limiter.allow(address, 5 + 50 * MS));
    let passed = (0..600)
        .filter(|turn| limiter.allow(address, 10_000 * MS + turn * 10 * MS))
        .count();
    assert_eq!(passed, 20 + 6 * 20 - 1, "six seconds of 100 a second");
}

#[test]
fn an_ipv6_network_is_one_source() {
    let mut limiter = ConnectLimiter::default();
    for host in 0..20_u16 {
        let address = format!("2001:db8:0:1::{host:x}").parse().unwrap();
        assert!(limiter.allow(address, 0));
    }
    assert!(!limiter.allow("2001:db8:0:1:ffff::1".parse().unwrap(), 0));
    assert!(limiter.allow("2001:db8:0:2::1".parse().unwrap(), 0));
}

#[test]
fn more_sources_than_the_table_has_replace_the_idlest() {
    let mut limiter = ConnectLimiter::new();
    let busy = "198.51.100.1".parse().unwrap();
    while limiter.allow(busy, 0) {}
    for source in 0..10_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0A00_0000 + source).into();
        assert!(limiter.allow(address, 0));
    }
    assert!(!limiter.allow(busy, 0), "those that use it up stay known");
}

proptest! {
    #[test]
    fn fuzz_any_datagram_is_classified_and_its_commands_end(
        bytes in prop::collection::vec(any::<u8>(), 0..1_300),
    ) {
        if let Datagram::Peer(peer) = classify(&bytes) {
            let commands = peer.commands().count();
            prop_assert!((1..=32).contains(&commands));
            prop_assert!(peer.peer < 0xFFF && peer.session < 4);
        }
    }

    #[test]
    fn fuzz_random_commands_behind_a_good_header(
        commands in prop::collection::vec(
            (1_u8..13, prop::collection::vec(any::<u8>(), 0..48)),
            0..34,
        ),
    ) {
        let mut bytes = vec![0x80, 0x01, 0, 7];
        for (number, fields) in &commands {
            bytes.extend([*number, 0, 0, 1]);
            bytes.extend(fields);
        }
        if let Datagram::Peer(peer) = classify(&bytes) {
            prop_assert!(peer.commands().count() <= 32);
            prop_assert!(peer.acknowledged_times().count() <= 32);
        }
    }

    #[test]
    fn fuzz_a_mutated_connect_is_a_connect_of_its_fields_or_refused(
        at in 0_usize..52,
        value in any::<u8>(),
    ) {
        let mut bytes = hex::bytes(CONNECT);
        bytes[at] = value;
        if let Datagram::Connect(connect) = classify(&bytes) {
            prop_assert_eq!(&connect.data.to_be_bytes(), &bytes[48..]);
            prop_assert!(connect.channels > 0);
        }
    }

    #[test]
    fn fuzz_a_limiter_passes_a_burst_of_20_and_20_a_second(
        steps in prop::collection::vec((0_u64..200, 0_u8..3), 1..400),
    ) {
        let mut limiter = ConnectLimiter::new();
        let mut now_ns = 0;
        let mut passed: Vec<(u64, u8)> = Vec::new();
        for (wait_ms, source) in steps {
            now_ns += wait_ms * MS;
            if limiter.allow([10, 0, 0, source].into(), now_ns) {
                passed.push((now_ns, source));
            }
        }
        for &(start_ns, source) in &passed {
            let within = passed
                .iter()
                .filter(|(at_ns, other)| *other == source && (start_ns..start_ns + 1_000 * MS).contains(at_ns))
                .count();
            prop_assert!(within <= 40);
        }
    }
}
