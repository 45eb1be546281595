//! What a client told of its reception: totals since the session began, and the round trip of the last window. A figure
//! that nobody told is absent, not zero.

use std::sync::Arc;

use pf_proto::gamestream::control::FecStatus;
use pf_proto::gamestream::reports::{ClientReports, ReportTotals};
use pf_proto::gamestream::round_trip::RoundTripWindow;
use serde_json::{Map, Value, json};

use crate::control::advice::Adviser;
use crate::shared::SessionShared;

/// A session's reception.
pub struct Reception {
    session: Arc<SessionShared>,
    round_trips: RoundTripWindow,
    adviser: Adviser,
}

impl Reception {
    /// Nothing is known yet.
    pub fn new(session: Arc<SessionShared>, now_ns: u64) -> Self {
        Self {
            adviser: Adviser::new(Arc::clone(&session), now_ns),
            session,
            round_trips: RoundTripWindow::new(),
        }
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, us: u32) {
        self.round_trips.add(u64::from(us) * 1000);
        self.adviser.round_trip(us);
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
    pub fn fec_status(&self, status: &FecStatus, now_ns: u64) {
        self.session
            .reports(|reports| reports.handle_fec_status(status, now_ns));
    }

    /// The client's own ping.
    pub fn pinged(&self) {
        self.session.reports(ClientReports::handle_ping);
    }

    /// Tells the host, begins the next window, and advises on the bitrate when its own window is over.
    pub fn tell(&mut self, now_ns: u64) {
        let totals = self.session.reports(|reports| reports.totals(now_ns));
        if let Some(totals) = &totals {
            self.adviser.poll(totals, now_ns);
        }
        self.push(totals);
    }

    /// Tells the host for the last time, what was still open included.
    pub fn tell_end(&mut self) {
        let totals = self.session.reports(ClientReports::final_totals);
        self.push(totals);
    }

    fn push(&mut self, totals: Option<ReportTotals>) {
        let mut figures = Map::new();
        figures.insert("session".into(), self.session.number().into());
        if let Some(totals) = totals {
            figures.insert("frames_not_shown".into(), totals.frames_not_shown.into());
            if let Some(lost) = totals.packets_lost {
                figures.insert("packets_lost".into(), lost.into());
            }
            if let Some(recovered) = totals.packets_recovered {
                figures.insert("packets_recovered".into(), recovered.into());
            }
        }
        if let Some(summary) = self.round_trips.take() {
            let rtt_us = json!({ "min": summary.min_us, "median": summary.median_us });
            figures.insert("rtt_us".into(), rtt_us);
        }
        self.session
            .engine
            .events
            .push("session.report", Value::Object(figures));
    }
}
