//! What a client told of its reception: totals since the session began, and the round trip of the last window. A figure
//! that nobody told is absent, not zero.

use std::sync::Arc;

use pf_proto::gamestream::control::FecStatus;
use serde_json::{Map, Value, json};

use crate::shared::SessionShared;

/// Round trips kept of one window: four a second are asked for.
const ROUND_TRIPS: usize = 64;

/// A session's reception.
pub struct Reception {
    session: Arc<SessionShared>,
    round_trips_us: Vec<u32>,
}

impl Reception {
    /// Nothing is known yet.
    pub fn new(session: Arc<SessionShared>) -> Self {
        Self {
            session,
            round_trips_us: Vec::with_capacity(ROUND_TRIPS),
        }
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, us: u32) {
        if self.round_trips_us.len() < ROUND_TRIPS {
            self.round_trips_us.push(us);
        }
    }

    /// The client cannot decode `first..=last`.
    pub fn frames_invalidated(&self, first: u32, last: u32, now_ns: u64) {
        self.session
            .reports(|reports| reports.handle_invalidation(first, last, now_ns));
    }

    /// The client wants a key frame.
    pub fn idr_requested(&self) {
        self.session.reports(|reports| reports.handle_idr_request());
    }

    /// The client told of a FEC block.
    pub fn fec_status(&self, status: &FecStatus) {
        self.session
            .reports(|reports| reports.handle_fec_status(status));
    }

    /// Tells the host and begins the next window.
    pub fn tell(&mut self, now_ns: u64) {
        let mut figures = Map::new();
        figures.insert("session".into(), self.session.number().into());
        if let Some(totals) = self.session.reports(|reports| reports.totals(now_ns)) {
            figures.insert("frames_not_shown".into(), totals.frames_not_shown.into());
            if let Some(lost) = totals.packets_lost {
                figures.insert("packets_lost".into(), lost.into());
            }
            if let Some(recovered) = totals.packets_recovered {
                figures.insert("packets_recovered".into(), recovered.into());
            }
        }
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
