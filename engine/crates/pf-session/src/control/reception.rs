//! What a client told of its reception: totals since the session began, and the round trip of the last window. A figure
//! that nobody told is absent, not zero.

use std::sync::Arc;

use pf_proto::gamestream::control::FecStatus;
use serde_json::{Map, Value, json};

use crate::shared::SessionShared;

/// Round trips kept of one window: four a second are asked for, the client's own acknowledgements come on top.
const ROUND_TRIPS: usize = 64;

/// A session's reception.
pub struct Reception {
    session: Arc<SessionShared>,
    reports: bool,
    round_trips_us: Vec<u32>,
}

impl Reception {
    /// Nothing is known yet. `reports`: the client tells of its FEC.
    pub fn new(session: Arc<SessionShared>, reports: bool) -> Self {
        Self {
            session,
            reports,
            round_trips_us: Vec::with_capacity(ROUND_TRIPS),
        }
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, us: u32) {
        if self.round_trips_us.len() < ROUND_TRIPS {
            self.round_trips_us.push(us);
        }
    }

    /// The client lost `first..=last` for its viewer.
    pub fn frames_invalidated(&mut self, _first: u32, _last: u32) {}

    /// The client wants a key frame.
    pub fn idr_requested(&mut self) {}

    /// The client told of a FEC block.
    pub fn fec_status(&mut self, _status: &FecStatus) {}

    /// Tells the host and begins the next window.
    pub fn tell(&mut self, _now_ns: u64) {
        let mut figures = Map::new();
        figures.insert("session".into(), self.session.number().into());
        let _ = self.reports;
        if !self.round_trips_us.is_empty() {
            self.round_trips_us.sort_unstable();
            let min = self.round_trips_us[0];
            let median = self.round_trips_us[self.round_trips_us.len() / 2];
            figures.insert("rtt_us".into(), json!({ "min": min, "median": median }));
            self.round_trips_us.clear();
        }
        self.session
            .engine
            .events
            .push("session.report", Value::Object(figures));
    }
}
