//! The bitrate controller on a link made of arithmetic: seeded, one report a second, minutes in milliseconds.

use pf_proto::bitrate::{Advice, BitrateController, BitrateReport, ClientLoss, Why};
use pf_proto::gamestream::round_trip::RoundTripWindow;
use pf_proto::units::Kbps;
use proptest::prelude::*;

/// What the way is like at some time.
#[derive(Clone, Copy)]
struct Way {
    capacity_kbps: f64,
    /// Round trip without a queue.
    base_ms: f64,
    /// Longest queue.
    buffer_ms: f64,
    /// Part of the packets lost at random.
    random_loss: f64,
    /// Largest random addition to a round trip.
    jitter_ms: f64,
}

const GOOD: Way = Way {
    capacity_kbps: 100_000.0,
    base_ms: 10.0,
    buffer_ms: 100.0,
    random_loss: 0.0,
    jitter_ms: 2.0,
};

/// One second as it was.
#[derive(Clone, Copy, Debug)]
struct Second {
    target: Kbps,
    loss: f64,
    queue_ms: f64,
    advice: Option<Advice>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Applied,
    Shadow,
}

struct Link {
    random: u64,
    queue_kbit: f64,
}

impl Link {
    fn new(seed: u64) -> Self {
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self {
            random,
            queue_kbit: 0.0,
        }
    }

    /// Uniform in 0..1 (xorshift64*).
    fn uniform(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One second at this rate: packets sent and lost, and the round trips.
    fn second(&mut self, way: Way, kbps: f64) -> (u32, u32, RoundTripWindow) {
        let mut window = RoundTripWindow::new();
        let (mut packets, mut lost) = (0.0, 0);
        for step in 0..1_000 {
            let before = packets;
            packets += kbps * 0.001 / PACKET_KBIT;
            for _ in before as u32..packets as u32 {
                if self.queue_kbit + PACKET_KBIT > way.buffer_ms * way.capacity_kbps / 1_000.0 {
                    lost += 1;
                } else {
                    self.queue_kbit += PACKET_KBIT;
                    lost += u32::from(self.uniform() < way.random_loss);
                }
            }
            if step % 200 == 0 {
                let jitter_ms = self.uniform() * way.jitter_ms;
                let ms = way.base_ms + self.queue_ms(way) + jitter_ms;
                window.add((ms * 1e6) as u64);
            }
            self.queue_kbit = (self.queue_kbit - way.capacity_kbps * 0.001).max(0.0);
        }
        (packets as u32, lost, window)
    }

    fn queue_ms(&self, way: Way) -> f64 {
        self.queue_kbit / way.capacity_kbps * 1_000.0
    }
}

const PACKET_KBIT: f64 = 11.264;
const SECOND_NS: u64 = 1_000_000_000;

/// Runs a session for so many seconds over a way that may change every second.
fn run(seed: u64, asked: u32, mode: Mode, seconds: u64, way: impl Fn(u64) -> Way) -> Vec<Second> {
    let mut controller = BitrateController::new(Kbps(asked));
    let mut link = Link::new(seed);
    let mut target = Kbps(asked);
    (1..=seconds)
        .map(|second| {
            let way = way(second);
            // An encoder never hits its target exactly.
            let sent = f64::from(target.0) * (0.9 + 0.15 * link.uniform());
            let (packets, lost, mut window) = link.second(way, sent);
            let report = BitrateReport {
                now_ns: second * SECOND_NS,
                current: target,
                sent: Kbps(sent as u32),
                packets,
                client: Some(ClientLoss {
                    lost,
                    recovered: lost / 2,
                    frames_not_shown: 0,
                }),
                round_trip: window.take(),
                send_refused: 0,
                queue_drops: 0,
            };
            let advice = controller.poll(&report);
            let told = Second {
                target,
                loss: f64::from(lost) / f64::from(packets.max(1)),
                queue_ms: link.queue_ms(way),
                advice,
            };
            if let Some(advice) = advice.filter(|_| mode == Mode::Applied) {
                target = advice.to;
            }
            told
        })
        .collect()
}

fn mean(seconds: &[Second], figure: impl Fn(&Second) -> f64) -> f64 {
    seconds.iter().map(figure).sum::<f64>() / seconds.len() as f64
}

fn targets(seconds: &[Second]) -> (u32, u32) {
    let all = || seconds.iter().map(|second| second.target.0);
    (all().min().unwrap(), all().max().unwrap())
}

const SEEDS: std::ops::Range<u64> = 1..21;

#[test]
fn a_good_way_is_left_alone() {
    for seed in SEEDS {
        let seconds = run(seed, 20_000, Mode::Applied, 300, |_| GOOD);
        assert!(seconds.iter().all(|second| second.advice.is_none()));
    }
}

#[test]
fn a_narrow_way_is_found_and_kept_without_swings() {
    for (buffer_ms, capacity_kbps) in [(50.0, 10_000.0), (200.0, 10_000.0), (1_000.0, 7_000.0)] {
        for seed in SEEDS {
            let way = Way {
                capacity_kbps,
                buffer_ms,
                ..GOOD
            };
            let seconds = run(seed, 20_000, Mode::Applied, 400, |_| way);
            let settled = &seconds[60..];
            let (low, high) = targets(settled);
            let case = format!("seed {seed}, {buffer_ms} ms: {low} to {high}");
            assert!(f64::from(high) < capacity_kbps * 1.2, "{case}");
            assert!(f64::from(low) > capacity_kbps * 0.6, "{case}");
            let rate = mean(settled, |second| second.target.0.into());
            assert!(
                rate > capacity_kbps * 0.75 && rate < capacity_kbps,
                "{case}: {rate}"
            );
            assert!(mean(settled, |second| second.loss) < 0.01, "{case}");
            assert!(mean(settled, |second| second.queue_ms) < 25.0, "{case}");
        }
    }
}

#[test]
fn a_way_without_a_buffer_is_found_by_its_loss() {
    for seed in SEEDS {
        let way = Way {
            capacity_kbps: 10_000.0,
            buffer_ms: 6.0,
            ..GOOD
        };
        let seconds = run(seed, 20_000, Mode::Applied, 400, |_| way);
        let told = seconds.iter().find_map(|second| second.advice).unwrap();
        assert!(matches!(told.why, Why::Loss { .. }), "{told:?}");
        let settled = &seconds[60..];
        let rate = mean(settled, |second| second.target.0.into());
        assert!((6_500.0..10_500.0).contains(&rate), "seed {seed}: {rate}");
        let loss = mean(settled, |second| second.loss);
        assert!(loss < 0.02, "seed {seed}: {loss}");
    }
}

#[test]
fn the_rate_returns_after_the_congestion() {
    for seed in SEEDS {
        let narrow = Way {
            capacity_kbps: 8_000.0,
            ..GOOD
        };
        let way = |second| {
            if (20..60).contains(&second) {
                narrow
            } else {
                GOOD
            }
        };
        let seconds = run(seed, 20_000, Mode::Applied, 200, way);
        assert_eq!(seconds[19].target, Kbps(20_000));
        let narrowed = mean(&seconds[35..60], |second| second.target.0.into());
        assert!(narrowed < 8_000.0, "seed {seed}: {narrowed}");
        let back = seconds[60..]
            .iter()
            .position(|second| second.target == Kbps(20_000));
        assert!(
            back.is_some_and(|after_s| after_s < 110),
            "seed {seed}: {back:?}"
        );
    }
}

#[test]
fn one_percent_of_random_loss_changes_nothing() {
    for seed in SEEDS {
        let way = Way {
            random_loss: 0.01,
            ..GOOD
        };
        let seconds = run(seed, 20_000, Mode::Applied, 300, |_| way);
        assert_eq!(targets(&seconds), (20_000, 20_000), "seed {seed}");
    }
}

#[test]
fn loss_that_a_cut_does_not_change_is_learned_and_starves_nobody() {
    for random_loss in [0.03, 0.05, 0.10, 0.15] {
        for seed in SEEDS {
            let way = Way {
                random_loss,
                ..GOOD
            };
            let seconds = run(seed, 20_000, Mode::Applied, 300, |_| way);
            let (low, _) = targets(&seconds);
            let late = mean(&seconds[100..], |second| second.target.0.into());
            let case = format!("seed {seed}, {random_loss}: lowest {low}, later {late}");
            assert!(low >= 12_000 && late > 18_000.0, "{case}");
        }
    }
}

#[test]
fn random_loss_does_not_hide_a_narrow_way() {
    for seed in SEEDS {
        let way = |second| Way {
            capacity_kbps: if second < 60 { 100_000.0 } else { 9_000.0 },
            random_loss: 0.04,
            ..GOOD
        };
        let seconds = run(seed, 20_000, Mode::Applied, 300, way);
        let rate = mean(&seconds[100..], |second| second.target.0.into());
        assert!((5_500.0..9_500.0).contains(&rate), "seed {seed}: {rate}");
    }
}

#[test]
fn jitter_of_a_radio_is_no_queue() {
    for seed in SEEDS {
        let way = Way {
            jitter_ms: 40.0,
            ..GOOD
        };
        let seconds = run(seed, 20_000, Mode::Applied, 300, |_| way);
        let (low, _) = targets(&seconds);
        let rate = mean(&seconds, |second| second.target.0.into());
        assert!(
            low >= 14_000 && rate > 19_000.0,
            "seed {seed}: {low}, {rate}"
        );
    }
}

#[test]
fn a_way_that_becomes_longer_is_no_queue_for_long() {
    for seed in SEEDS {
        let way = |second| Way {
            base_ms: if second < 30 { 10.0 } else { 60.0 },
            ..GOOD
        };
        let seconds = run(seed, 20_000, Mode::Applied, 200, way);
        let (low, _) = targets(&seconds);
        assert!(low >= 9_000, "seed {seed}: {low}");
        assert_eq!(seconds[80].target, Kbps(20_000), "seed {seed}");
    }
}

#[test]
fn shadow_mode_tells_a_congestion_once() {
    for seed in SEEDS {
        let way = |second| {
            let capacity_kbps = if second % 100 < 30 {
                10_000.0
            } else {
                100_000.0
            };
            Way {
                capacity_kbps,
                ..GOOD
            }
        };
        let seconds = run(seed, 20_000, Mode::Shadow, 299, way);
        let told: Vec<Advice> = seconds.iter().filter_map(|second| second.advice).collect();
        assert_eq!(told.len(), 3, "seed {seed}: {told:?}");
        assert!(told.iter().all(|advice| advice.from == Kbps(20_000)));
    }
}

/// A second of a perfect way at 20 Mb/s.
fn clean(second: u64, current: u32) -> BitrateReport {
    let mut window = RoundTripWindow::new();
    window.add(10_000_000);
    BitrateReport {
        now_ns: second * SECOND_NS,
        current: Kbps(current),
        sent: Kbps(current),
        packets: 1_000,
        client: Some(ClientLoss::default()),
        round_trip: window.take(),
        send_refused: 0,
        queue_drops: 0,
    }
}

#[test]
fn without_reports_or_round_trips_nothing_is_advised() {
    let mut controller = BitrateController::new(Kbps(20_000));
    for second in 1..60 {
        let mut report = clean(second, 10_000);
        match second % 3 {
            0 => report.client = None,
            1 => report.round_trip = None,
            _ => report.packets = 0,
        }
        report.queue_drops = 50;
        assert_eq!(controller.poll(&report), None);
    }
    for second in 60..65 {
        assert_eq!(controller.poll(&clean(second, 10_000)), None);
    }
    let raised = controller.poll(&clean(65, 10_000)).unwrap();
    assert_eq!(
        raised.why,
        Why::Clean { clean_ms: 5_000 },
        "counted since 60 s"
    );
    assert_eq!(raised.to, Kbps(10_500));
}

#[test]
fn what_the_host_cannot_send_is_its_own_reason() {
    let mut controller = BitrateController::new(Kbps(20_000));
    controller.poll(&clean(1, 20_000));
    let mut hiccup = clean(2, 20_000);
    hiccup.send_refused = 3;
    assert_eq!(controller.poll(&hiccup), None);
    let mut blocked = clean(3, 20_000);
    blocked.queue_drops = 12;
    blocked.client = Some(ClientLoss {
        lost: 500,
        ..ClientLoss::default()
    });
    let advice = controller.poll(&blocked).unwrap();
    let (refused, queue_drops) = (0, 12);
    assert_eq!(
        advice.why,
        Why::HostSend {
            refused,
            queue_drops
        }
    );
    assert_eq!((advice.from, advice.to), (Kbps(20_000), Kbps(17_000)));
    assert_eq!(advice.why.code(), "host_send");
}

#[test]
fn a_quiet_screen_raises_nothing() {
    let mut controller = BitrateController::new(Kbps(20_000));
    for second in 1..100 {
        let mut report = clean(second, 10_000);
        report.sent = Kbps(1_000);
        assert_eq!(controller.poll(&report), None);
    }
}

#[test]
fn frames_given_up_by_the_dozen_raise_nothing() {
    let mut controller = BitrateController::new(Kbps(20_000));
    for second in 1..100 {
        let mut report = clean(second, 10_000);
        report.client = Some(ClientLoss {
            frames_not_shown: 40,
            ..ClientLoss::default()
        });
        assert_eq!(controller.poll(&report), None);
    }
}

#[test]
fn the_floor_is_a_fifth_and_at_least_1_mbps_and_never_above_what_was_asked() {
    for (asked, floor) in [(20_000, 4_000), (3_000, 1_000), (500, 500), (0, 0)] {
        assert_eq!(BitrateController::new(Kbps(asked)).floor(), Kbps(floor));
    }
    let dead = Way {
        capacity_kbps: 100.0,
        ..GOOD
    };
    let seconds = run(1, 20_000, Mode::Applied, 200, |_| dead);
    assert_eq!(seconds[199].target, Kbps(4_000));
}

proptest! {
    #[test]
    fn fuzz_any_reports_give_advice_within_bounds(
        asked in any::<u32>(),
        reports in prop::collection::vec(
            (
                any::<u32>(),
                any::<u32>(),
                any::<u32>(),
                prop::option::of((any::<u32>(), any::<u32>(), 0_u32..40)),
                prop::option::of(prop_oneof![0_u64..100_000_000, any::<u64>()]),
                (prop_oneof![Just(0_u32), any::<u32>()], prop_oneof![Just(0_u32), any::<u32>()]),
                0_u64..3_000_000_000,
            ),
            1..200,
        ),
        is_applied in any::<bool>(),
    ) {
        let mut controller = BitrateController::new(Kbps(asked));
        let (mut now_ns, mut target) = (0, Kbps(asked));
        for (current, sent, packets, client, round_trip_ns, host, step_ns) in reports {
            now_ns += step_ns;
            if !is_applied {
                target = Kbps(current);
            }
            let mut window = RoundTripWindow::new();
            if let Some(ns) = round_trip_ns {
                window.add(ns);
            }
            let report = BitrateReport {
                now_ns,
                current: target,
                sent: Kbps(sent),
                packets,
                client: client.map(|(lost, recovered, frames_not_shown)| ClientLoss {
                    lost,
                    recovered,
                    frames_not_shown,
                }),
                round_trip: window.take(),
                send_refused: host.0,
                queue_drops: host.1,
            };
            let Some(advice) = controller.poll(&report) else { continue };
            prop_assert!(client.is_some() && round_trip_ns.is_some() && packets > 0);
            prop_assert_eq!(advice.from, target);
            prop_assert!(advice.to != target);
            if let Why::Clean { .. } = advice.why {
                prop_assert!(advice.to > target && advice.to <= Kbps(asked));
                prop_assert!(f64::from(advice.to.0) <= f64::from(target.0) * 1.05 + 1.0);
            } else {
                prop_assert!(advice.to < target && advice.to >= controller.floor());
                prop_assert!(f64::from(advice.to.0) >= f64::from(target.0) * 0.7 - 1.0);
            }
            target = advice.to;
        }
    }
}
