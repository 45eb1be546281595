//! Advice on the bitrate, once a second: told always, followed only where the session asks for that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pf_proto::bitrate::{Advice, BitrateController, BitrateReport, ClientLoss, Why};
use pf_proto::gamestream::reports::ReportTotals;
use pf_proto::gamestream::round_trip::RoundTripWindow;
use pf_proto::units::Kbps;
use serde_json::{Value, json};

use crate::shared::SessionShared;

/// The controller's interval.
const INTERVAL_NS: u64 = 1_000_000_000;

/// Watches one session's bitrate.
pub struct Adviser {
    session: Arc<SessionShared>,
    controller: BitrateController,
    round_trips: RoundTripWindow,
    since_ns: u64,
    before: Totals,
}

/// Totals at the end of the last interval.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    packets: u64,
    bytes: u64,
    refused: u64,
    queue_drops: u64,
    lost: Option<u64>,
    recovered: Option<u64>,
    frames_not_shown: u64,
}

impl Adviser {
    /// Begins with what the session was asked for.
    pub fn new(session: Arc<SessionShared>, now_ns: u64) -> Self {
        Self {
            controller: BitrateController::new(Kbps(session.request.bitrate_kbps)),
            session,
            round_trips: RoundTripWindow::new(),
            since_ns: now_ns,
            before: Totals::default(),
        }
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, us: u32) {
        self.round_trips.add(u64::from(us) * 1000);
    }

    /// Looks at the interval once it is over.
    pub fn poll(&mut self, reports: &ReportTotals, now_ns: u64) {
        let elapsed_ns = now_ns.saturating_sub(self.since_ns);
        if elapsed_ns < INTERVAL_NS {
            return;
        }
        let sent = &self.session.totals;
        let now = Totals {
            packets: sent.packets.load(Ordering::Relaxed),
            bytes: sent.bytes.load(Ordering::Relaxed),
            refused: sent.refused.load(Ordering::Relaxed),
            queue_drops: sent.queue_drops.load(Ordering::Relaxed),
            lost: reports.packets_lost,
            recovered: reports.packets_recovered,
            frames_not_shown: reports.frames_not_shown,
        };
        let before = std::mem::replace(&mut self.before, now);
        self.since_ns = now_ns;
        let client = now
            .lost
            .zip(now.recovered)
            .map(|(lost, recovered)| ClientLoss {
                lost: grown(lost, before.lost.unwrap_or(0)),
                recovered: grown(recovered, before.recovered.unwrap_or(0)),
                frames_not_shown: grown(now.frames_not_shown, before.frames_not_shown),
            });
        let bits_per_ms = u128::from(now.bytes - before.bytes) * 8_000_000 / u128::from(elapsed_ns);
        let report = BitrateReport {
            now_ns,
            current: Kbps(self.session.target_kbps()),
            sent: Kbps(u32::try_from(bits_per_ms).unwrap_or(u32::MAX)),
            packets: grown(now.packets, before.packets),
            client,
            round_trip: self.round_trips.take(),
            send_refused: grown(now.refused, before.refused),
            queue_drops: grown(now.queue_drops, before.queue_drops),
        };
        if let Some(advice) = self.controller.poll(&report) {
            self.follow(&advice);
        }
    }

    fn follow(&self, advice: &Advice) {
        let applied = self.session.request.auto_bitrate;
        if applied {
            self.session.set_target_kbps(advice.to.0);
        }
        let mut details = json!({
            "from_kbps": advice.from.0, "to_kbps": advice.to.0, "why": advice.why.code(), "applied": applied
        });
        if let (Some(object), Value::Object(figures)) =
            (details.as_object_mut(), figures(&advice.why))
        {
            object.extend(figures);
        }
        self.session.event("bitrate_advice", details);
    }
}

/// What led to the advice, by name.
fn figures(why: &Why) -> Value {
    match *why {
        Why::Delay {
            round_trip_us,
            baseline_us,
        } => json!({ "round_trip_us": round_trip_us, "baseline_us": baseline_us }),
        Why::Loss {
            lost_permille,
            ambient_permille,
        } => json!({ "lost_permille": lost_permille, "ambient_permille": ambient_permille }),
        Why::HostSend {
            refused,
            queue_drops,
        } => json!({ "refused": refused, "queue_drops": queue_drops }),
        Why::Clean { clean_ms } => json!({ "clean_ms": clean_ms }),
        _ => json!({}),
    }
}

fn grown(now: u64, before: u64) -> u32 {
    u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX)
}
