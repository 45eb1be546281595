//! Media pings: what tells the host where a client's media socket is, and that it still lives.
//!
//! A client sends 20 bytes twice a second on each media port: the 16 characters that the host gave it for
//! this medium, then a sequence number, u32 BE from 1. Media goes only to an endpoint that has shown
//! them; nothing is ever answered. Source: gamestream-media.md 2.
//!
//! The 4-byte form `PING` of clients that were given no payload is recognised and never accepted: it
//! proves nothing about its sender.

use std::hint::black_box;
use std::net::{SocketAddr, SocketAddrV6};

/// What a datagram on a media port is, by its length and first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    /// 20 bytes or more; a tail is ignored. Whose it is, [`PingPayload::matches`] tells.
    Payload {
        /// Bytes 0 to 15.
        payload: PingPayload,
        /// Bytes 16 to 19.
        sequence: u32,
    },
    /// Exactly `PING`.
    Legacy,
    /// Four other bytes.
    Foreign,
    /// Any other length below 20.
    Short,
}

impl Ping {
    /// Looks at a datagram; no input is an error.
    pub fn classify(datagram: &[u8]) -> Self {
        match (datagram.first_chunk::<20>(), datagram) {
            (Some(&[payload @ .., s0, s1, s2, s3]), _) => Self::Payload {
                payload: PingPayload(payload),
                sequence: u32::from_be_bytes([s0, s1, s2, s3]),
            },
            (None, b"PING") => Self::Legacy,
            (None, [_, _, _, _]) => Self::Foreign,
            (None, _) => Self::Short,
        }
    }
}

/// The secret that a ping shows. Not printed: it is what keeps others from taking the stream.
#[derive(Clone, Copy)]
pub struct PingPayload([u8; 16]);

impl PingPayload {
    /// Compares with a session's secret in a time that does not depend on where they differ.
    pub fn matches(&self, expected: &[u8; 16]) -> bool {
        let difference = self
            .0
            .iter()
            .zip(expected)
            .fold(0, |sum, (a, b)| sum | black_box(a ^ b));
        black_box(difference) == 0
    }
}

impl PartialEq for PingPayload {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for PingPayload {}

impl std::fmt::Debug for PingPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PingPayload(..)")
    }
}

/// Datagrams on a media port that were no ping of a living session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingCounters {
    /// 0 to 19 bytes, except four.
    pub short: u64,
    /// Four bytes that are not `PING`.
    pub foreign: u64,
    /// `PING`, which is never accepted.
    pub legacy: u64,
    /// The payload of no session; a client may ping once or twice after its session's end.
    pub unknown: u64,
}

impl PingCounters {
    /// Counts a datagram that no session can own; a [`Ping::Payload`] is not counted here.
    pub fn count(&mut self, ping: &Ping) {
        match ping {
            Ping::Payload { .. } => {}
            Ping::Legacy => self.legacy += 1,
            Ping::Foreign => self.foreign += 1,
            Ping::Short => self.short += 1,
        }
    }

    /// Counts a payload that matched no session.
    pub fn count_unknown(&mut self) {
        self.unknown += 1;
    }

    /// All of them.
    pub const fn bad(&self) -> u64 {
        self.short + self.foreign + self.legacy + self.unknown
    }
}

/// What a ping with the right payload did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingEffect {
    /// The first one: media may go to its sender now.
    Learned,
    /// From the known endpoint.
    Alive,
    /// From another endpoint with a newer sequence: media goes there now.
    Moved {
        /// Where it went until now.
        from: SocketAddr,
    },
    /// From another endpoint with an old sequence (a replay), or from port 0, where nothing can be sent.
    Dropped,
}

/// Where the client of one medium is. Fed only with pings whose payload matched.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointTracker {
    known: Option<Known>,
    dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    address: SocketAddr,
    highest_sequence: u32,
    last_ping_ns: u64,
}

impl EndpointTracker {
    /// Takes a ping. The first fixes the endpoint; another endpoint takes over only with a sequence above
    /// the highest seen (modulo 2^32), which survives NAT rebinding and roaming, and stops replays.
    pub fn ping(&mut self, from: SocketAddr, sequence: u32, now_ns: u64) -> PingEffect {
        let from = normalised(from);
        if from.port() == 0 {
            self.dropped += 1;
            return PingEffect::Dropped;
        }
        let Some(known) = &mut self.known else {
            self.known = Some(Known {
                address: from,
                highest_sequence: sequence,
                last_ping_ns: now_ns,
            });
            return PingEffect::Learned;
        };
        let ahead = sequence.wrapping_sub(known.highest_sequence);
        let newer = ahead != 0 && ahead < 1 << 31;
        let before = known.address;
        if from != before && !newer {
            self.dropped += 1;
            return PingEffect::Dropped;
        }
        known.address = from;
        known.last_ping_ns = now_ns;
        if newer {
            known.highest_sequence = sequence;
        }
        if from == before {
            PingEffect::Alive
        } else {
            PingEffect::Moved { from: before }
        }
    }

    /// Where media goes; none before the first ping.
    pub fn address(&self) -> Option<SocketAddr> {
        self.known.map(|known| known.address)
    }

    /// When the client was last heard; none before the first ping. Replays do not count.
    pub fn last_ping_ns(&self) -> Option<u64> {
        self.known.map(|known| known.last_ping_ns)
    }

    /// Pings with the right payload that were dropped.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// One spelling for one endpoint: IPv4 inside IPv6 becomes IPv4, and the flow label, which may differ from
/// datagram to datagram, goes. The scope stays: a link-local address means nothing without it.
fn normalised(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8; 16] = b"0123456789ABCDEF";
    /// The first ping with that payload, as gamestream-media.md 2 prints it.
    const FIRST: [u8; 20] = [
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x41, 0x42, 0x43, 0x44, 0x45,
        0x46, 0, 0, 0, 1,
    ];

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_printed_ping_carries_its_payload_and_sequence_1() {
        let Ping::Payload { payload, sequence } = Ping::classify(&FIRST) else {
            panic!("not classified")
        };
        assert!(payload.matches(SECRET));
        assert_eq!(sequence, 1);
    }

    #[test]
    fn a_payload_that_differs_in_any_bit_does_not_match() {
        for bit in 0..128 {
            let mut datagram = FIRST;
            datagram[bit / 8] ^= 1 << (bit % 8);
            let Ping::Payload { payload, .. } = Ping::classify(&datagram) else {
                panic!("not classified")
            };
            assert!(!payload.matches(SECRET), "bit {bit}");
        }
    }

    #[test]
    fn a_ping_cut_anywhere_is_short_or_foreign() {
        for length in 0..20 {
            let expected = if length == 4 {
                Ping::Foreign
            } else {
                Ping::Short
            };
            assert_eq!(Ping::classify(&FIRST[..length]), expected, "{length} bytes");
        }
        assert_eq!(Ping::classify(b"PING"), Ping::Legacy);
        assert_eq!(Ping::classify(b"PING1"), Ping::Short);
    }

    #[test]
    fn a_tail_is_ignored() {
        let mut long = FIRST.to_vec();
        long.extend([9; 1500]);
        assert_eq!(Ping::classify(&long), Ping::classify(&FIRST));
    }

    #[test]
    fn a_payload_is_never_printed() {
        assert!(!format!("{:?}", Ping::classify(&FIRST)).contains("48, 49"));
        assert!(format!("{:?}", Ping::classify(&FIRST)).contains("PingPayload(..)"));
    }

    #[test]
    fn bad_pings_are_counted_by_kind() {
        let mut counters = PingCounters::default();
        for datagram in [&b""[..], b"PING", b"PONG", b"12345", &FIRST] {
            counters.count(&Ping::classify(datagram));
        }
        counters.count_unknown();
        assert_eq!(
            counters,
            PingCounters {
                short: 2,
                foreign: 1,
                legacy: 1,
                unknown: 1
            }
        );
        assert_eq!(counters.bad(), 5);
    }

    #[test]
    fn the_first_ping_fixes_the_endpoint_and_later_ones_are_liveness() {
        let mut tracker = EndpointTracker::default();
        assert_eq!((tracker.address(), tracker.last_ping_ns()), (None, None));
        let client = address("192.0.2.1:5000");
        assert_eq!(tracker.ping(client, 7, 100), PingEffect::Learned);
        assert_eq!(tracker.ping(client, 8, 200), PingEffect::Alive);
        assert_eq!(
            tracker.ping(client, 3, 300),
            PingEffect::Alive,
            "an old sequence is still a sign of life"
        );
        assert_eq!(
            (tracker.address(), tracker.last_ping_ns()),
            (Some(client), Some(300))
        );
    }

    #[test]
    fn another_endpoint_takes_over_only_with_a_newer_sequence() {
        let mut tracker = EndpointTracker::default();
        let (home, roamed) = (address("192.0.2.1:5000"), address("198.51.100.7:6000"));
        tracker.ping(home, 10, 100);
        for replayed in [0, 9, 10, 10_u32.wrapping_sub(1 << 30)] {
            assert_eq!(
                tracker.ping(roamed, replayed, 200),
                PingEffect::Dropped,
                "sequence {replayed}"
            );
        }
        assert_eq!(
            (tracker.address(), tracker.last_ping_ns(), tracker.dropped()),
            (Some(home), Some(100), 4)
        );
        assert_eq!(
            tracker.ping(roamed, 11, 300),
            PingEffect::Moved { from: home }
        );
        assert_eq!(tracker.address(), Some(roamed));
        assert_eq!(
            tracker.ping(home, 11, 400),
            PingEffect::Dropped,
            "the old place needs a newer one too"
        );
    }

    #[test]
    fn an_old_sequence_from_the_known_endpoint_does_not_reopen_the_window() {
        let mut tracker = EndpointTracker::default();
        let (home, other) = (address("192.0.2.1:5000"), address("192.0.2.2:5000"));
        tracker.ping(home, 10, 0);
        tracker.ping(home, 2, 0);
        assert_eq!(tracker.ping(other, 5, 0), PingEffect::Dropped);
    }

    #[test]
    fn the_sequence_may_wrap() {
        let mut tracker = EndpointTracker::default();
        tracker.ping(address("192.0.2.1:5000"), u32::MAX, 0);
        let effect = tracker.ping(address("192.0.2.2:5000"), 0, 0);
        assert_eq!(
            effect,
            PingEffect::Moved {
                from: address("192.0.2.1:5000")
            }
        );
    }

    #[test]
    fn a_port_or_an_address_family_alone_makes_another_or_the_same_endpoint() {
        let mut tracker = EndpointTracker::default();
        tracker.ping(address("[::ffff:192.0.2.1]:5000"), 1, 0);
        assert_eq!(tracker.address(), Some(address("192.0.2.1:5000")));
        assert_eq!(
            tracker.ping(address("192.0.2.1:5000"), 1, 0),
            PingEffect::Alive
        );
        assert_eq!(
            tracker.ping(address("192.0.2.1:5001"), 1, 0),
            PingEffect::Dropped
        );
    }

    #[test]
    fn the_flow_label_is_no_part_of_an_endpoint_and_the_scope_is() {
        let mut tracker = EndpointTracker::default();
        let ip = "fe80::1".parse().unwrap();
        tracker.ping(SocketAddrV6::new(ip, 5000, 0, 2).into(), 1, 0);
        assert_eq!(
            tracker.ping(SocketAddrV6::new(ip, 5000, 77, 2).into(), 1, 0),
            PingEffect::Alive
        );
        assert_eq!(
            tracker.ping(SocketAddrV6::new(ip, 5000, 0, 3).into(), 1, 0),
            PingEffect::Dropped
        );
    }

    #[test]
    fn a_ping_from_port_0_is_dropped() {
        let mut tracker = EndpointTracker::default();
        assert_eq!(
            tracker.ping(address("192.0.2.1:0"), 1, 0),
            PingEffect::Dropped
        );
        assert_eq!((tracker.address(), tracker.dropped()), (None, 1));
    }

    proptest! {
        #[test]
        fn fuzz_random_datagrams_are_classified_by_length_alone(
            datagram in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let ping = Ping::classify(&datagram);
            prop_assert_eq!(matches!(ping, Ping::Payload { .. }), datagram.len() >= 20);
            prop_assert_eq!(matches!(ping, Ping::Short), datagram.len() < 20 && datagram.len() != 4);
        }
    }
}
