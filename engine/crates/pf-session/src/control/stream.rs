//! One client's control stream, from being waited for to its end (gamestream-control-stream.md 10).
//!
//! It knows no socket and no clock: the transport and the time come with every call. What the client asks of pictures
//! goes into the session's recovery slot; what it tells of its reception into the session's reports.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use pf_proto::gamestream::control::{ClientMessage, HostMessage};
use pf_seal::{ControlOpener, ControlSealer, MAX_ENVELOPE_BYTES, OpenError};
use serde_json::json;

use crate::client::AdmittedControl;
use crate::control::budget::Budget;
use crate::control::goodbye::{
    CLIENT_LEFT, CLIENT_LOST, Goodbye, NO_CONTROL, SEQUENCES_EXHAUSTED, UNREADABLE, goodbye,
};
use crate::control::reception::Reception;
use crate::control::transport::{ControlTransport, Expected, Slot};
use crate::events::Level;
use crate::shared::{ControlState, SessionShared};

/// Envelopes that the key does not open, in `BAD_WINDOW_NS` without one that it does, until the session ends.
const BAD_TAGS: u32 = 64;
const BAD_WINDOW_NS: u64 = 10_000_000_000;
/// How often a round trip is asked for.
const PING_NS: u64 = 250_000_000;
/// How often the client's reception is told.
const REPORT_NS: u64 = 500_000_000;
/// A client that closes its stream was heard just before; silence for longer means that ENet gave up on it.
const LEAVING_NS: u64 = 3_000_000_000;
const MS: u64 = 1_000_000;

/// What a stream is made of.
pub struct StreamParts {
    /// The session.
    pub session: Arc<SessionShared>,
    /// How its client is known.
    pub admitted: AdmittedControl,
    /// Opens what the client says.
    pub opener: ControlOpener,
    /// Seals what it is told.
    pub sealer: ControlSealer,
}

/// A client's control stream.
pub struct ClientStream {
    parts: StreamParts,
    phase: Phase,
    tags: BadTags,
    dropped: Dropped,
    reception: Reception,
    idr_events: Budget,
    invalidation_events: Budget,
    envelope: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Awaiting {
        until_ns: u64,
    },
    Connected(Connection),
    /// The client was told to go.
    Leaving {
        slot: Slot,
        until_ns: u64,
    },
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Connection {
    slot: Slot,
    since_ns: u64,
    ready: bool,
    heard_ns: u64,
    next_ping_ns: u64,
    next_report_ns: u64,
}

/// Wrong tags since the last good one.
#[derive(Clone, Copy, Debug, Default)]
struct BadTags {
    count: u32,
    since_ns: u64,
}

/// What cost a message and not the session.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    unopened: u64,
    replayed: u64,
    malformed: u64,
    unknown: u64,
    input: u64,
}

impl ClientStream {
    /// Waits for its client from now on.
    pub fn new(parts: StreamParts, now_ns: u64) -> Self {
        let wait_ns = u64::from(parts.admitted.connect_timeout_ms) * MS;
        Self {
            reception: Reception::new(Arc::clone(&parts.session), now_ns),
            parts,
            phase: Phase::Awaiting {
                until_ns: now_ns + wait_ns,
            },
            tags: BadTags::default(),
            dropped: Dropped::default(),
            idr_events: Budget::default(),
            invalidation_events: Budget::default(),
            envelope: Vec::with_capacity(MAX_ENVELOPE_BYTES),
        }
    }

    /// The session that it belongs to.
    pub fn session(&self) -> &Arc<SessionShared> {
        &self.parts.session
    }

    /// Nothing will come of it any more.
    pub fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// Its client was told to go.
    pub fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// Its connection.
    pub fn slot(&self) -> Option<Slot> {
        match self.phase {
            Phase::Connected(Connection { slot, .. }) | Phase::Leaving { slot, .. } => Some(slot),
            Phase::Awaiting { .. } | Phase::Gone => None,
        }
    }

    /// Whose connect it waits for.
    pub fn expected(&self) -> Option<Expected> {
        let waits = matches!(self.phase, Phase::Awaiting { .. }) && !self.session().is_ending();
        waits.then_some(Expected {
            data: self.parts.admitted.connect_data,
            address: self.parts.admitted.address,
        })
    }

    /// Whether a connect with `data` from `ip` is its client's.
    pub fn waits_for(&self, data: u32, ip: IpAddr) -> bool {
        self.expected()
            .is_some_and(|expected| expected.is(data, ip))
    }

    /// Its client is connected.
    pub fn handle_connected(&mut self, slot: Slot, from: SocketAddr, now_ns: u64) {
        self.phase = Phase::Connected(Connection {
            slot,
            since_ns: now_ns,
            ready: false,
            heard_ns: now_ns,
            next_ping_ns: now_ns,
            next_report_ns: now_ns + REPORT_NS,
        });
        let session = self.session();
        session.update(|view| view.control = Some(ControlState::Connected));
        session.event("control_connected", json!({ "address": from.to_string() }));
    }

    /// Its connection is over.
    pub fn handle_disconnected(&mut self, now_ns: u64) {
        if let Phase::Connected(connection) = self.phase {
            let silent_ns = now_ns.saturating_sub(connection.heard_ns);
            if silent_ns < LEAVING_NS {
                self.session()
                    .end(CLIENT_LEFT, "The client ended the stream.");
            } else {
                self.end_lost(silent_ns);
            }
        }
        self.finish();
    }

    /// A round trip of its connection.
    pub fn handle_round_trip(&mut self, us: u32) {
        self.reception.round_trip(us);
        self.session()
            .recovery(|slot| slot.set_round_trip(u64::from(us) * 1000));
    }

    /// A message of its connection.
    pub fn handle_message(&mut self, payload: &mut [u8], now_ns: u64) {
        let Phase::Connected(mut connection) = self.phase else {
            // What a leaving client still says moves nothing.
            return;
        };
        let message = match self.parts.opener.open(payload) {
            Ok(message) => message,
            Err(error) => return self.count_unopened(error, now_ns),
        };
        self.tags = BadTags::default();
        connection.heard_ns = now_ns;
        let parsed = ClientMessage::parse(message);
        let ready = !connection.ready && matches!(parsed, Ok(ClientMessage::StartB));
        connection.ready |= ready;
        self.phase = Phase::Connected(connection);
        if ready {
            self.tell_ready(true);
        }
        match parsed {
            Ok(message) => self.carry_out(message, now_ns),
            Err(_) => self.dropped.malformed += 1,
        }
    }

    /// Does what is due.
    pub fn poll(&mut self, transport: &mut impl ControlTransport, now_ns: u64) {
        match self.phase {
            Phase::Awaiting { until_ns } => self.poll_awaiting(until_ns, now_ns),
            Phase::Connected(connection) => self.poll_connected(connection, transport, now_ns),
            Phase::Leaving { slot, until_ns } if now_ns >= until_ns => {
                transport.disconnect_now(slot);
                self.finish();
            }
            Phase::Leaving { .. } | Phase::Gone => {}
        }
    }

    /// When `poll` has something to do next, if nothing else happens.
    pub fn deadline_ns(&self) -> Option<u64> {
        match self.phase {
            Phase::Awaiting { until_ns } | Phase::Leaving { until_ns, .. } => Some(until_ns),
            Phase::Connected(connection) => {
                Some(connection.next_ping_ns.min(connection.next_report_ns))
            }
            Phase::Gone => None,
        }
    }

    fn poll_awaiting(&mut self, until_ns: u64, now_ns: u64) {
        if !self.session().is_ending() {
            if now_ns < until_ns {
                return;
            }
            let seconds = f64::from(self.parts.admitted.connect_timeout_ms) / 1000.0;
            let text = format!(
                "The client's control stream did not come within {seconds:.1} s; is its UDP port blocked?"
            );
            self.session().end(NO_CONTROL, text);
        }
        self.finish();
    }

    fn poll_connected(
        &mut self,
        mut connection: Connection,
        transport: &mut impl ControlTransport,
        now_ns: u64,
    ) {
        let limits = self.parts.admitted.limits;
        if self.session().is_ending() {
            return self.say_goodbye(connection.slot, transport, now_ns);
        }
        let silent_ns = now_ns.saturating_sub(connection.heard_ns);
        if silent_ns >= u64::from(limits.silence_ms) * MS {
            self.end_lost(silent_ns);
            transport.disconnect_now(connection.slot);
            return self.finish();
        }
        let started_ns = now_ns.saturating_sub(connection.since_ns);
        if !connection.ready && started_ns >= u64::from(limits.start_ms) * MS {
            connection.ready = true;
            self.tell_ready(false);
        }
        if now_ns >= connection.next_ping_ns {
            transport.ping(connection.slot);
            connection.next_ping_ns = now_ns + PING_NS;
        }
        if now_ns >= connection.next_report_ns {
            self.reception.tell(now_ns);
            connection.next_report_ns = now_ns + REPORT_NS;
        }
        self.phase = Phase::Connected(connection);
    }

    fn say_goodbye(&mut self, slot: Slot, transport: &mut impl ControlTransport, now_ns: u64) {
        let told = match goodbye(&self.session().end_reason().code) {
            Goodbye::Tell(code) => self.send(HostMessage::Termination(code), slot, transport),
            Goodbye::Silent => false,
        };
        if told {
            let wait_ns = u64::from(self.parts.admitted.limits.goodbye_ms) * MS;
            self.phase = Phase::Leaving {
                slot,
                until_ns: now_ns + wait_ns,
            };
        } else {
            transport.disconnect_now(slot);
            self.finish();
        }
    }

    fn send(
        &mut self,
        message: HostMessage,
        slot: Slot,
        transport: &mut impl ControlTransport,
    ) -> bool {
        let mut plain = Vec::with_capacity(HostMessage::MAX_BYTES);
        message.encode(&mut plain);
        match self.parts.sealer.seal(&plain, &mut self.envelope) {
            Ok(()) => transport.send(slot, &self.envelope),
            Err(error) => {
                let text = format!("The client cannot be told anything any more: {error}.");
                self.session().end(SEQUENCES_EXHAUSTED, text);
                false
            }
        }
    }

    fn carry_out(&mut self, message: ClientMessage<'_>, now_ns: u64) {
        let session = Arc::clone(&self.parts.session);
        match message {
            ClientMessage::RequestIdr => {
                session.recovery(|slot| slot.request_idr());
                self.reception.idr_requested();
                if self.idr_events.allows(now_ns) {
                    session.event("idr_requested", json!({}));
                }
            }
            ClientMessage::InvalidateFrames { first, last } => {
                session.recovery(|slot| slot.invalidate(first, last));
                self.reception.frames_invalidated(first, last, now_ns);
                if self.invalidation_events.allows(now_ns) {
                    let details = json!({ "first": first, "last": last });
                    session.event("invalidation_requested", details);
                }
            }
            ClientMessage::AcknowledgeLongTerm { frame } => {
                session.recovery(|slot| slot.ack_ltr(frame));
            }
            ClientMessage::FecStatus(status) => self.reception.fec_status(&status, now_ns),
            ClientMessage::Ping => self.reception.pinged(),
            // Its sinks belong to a later milestone; nothing of it is kept.
            ClientMessage::Input(_) => self.dropped.input += 1,
            ClientMessage::StartB | ClientMessage::Ignored { .. } => {}
            ClientMessage::Unknown { .. } => self.dropped.unknown += 1,
        }
    }

    fn count_unopened(&mut self, error: OpenError, now_ns: u64) {
        if error.is_replay() {
            self.dropped.replayed += 1;
            return;
        }
        self.dropped.unopened += 1;
        if self.dropped.unopened.is_power_of_two() {
            let text = format!(
                "{} control messages of session {} were dropped so far, the last because: {error}.",
                self.dropped.unopened,
                self.session().number()
            );
            self.session()
                .engine
                .events
                .log(Level::Debug, "control", text);
        }
        if !matches!(error, OpenError::BadTag { .. }) {
            return;
        }
        if now_ns.saturating_sub(self.tags.since_ns) > BAD_WINDOW_NS {
            self.tags = BadTags {
                count: 0,
                since_ns: now_ns,
            };
        }
        self.tags.count += 1;
        if self.tags.count >= BAD_TAGS {
            let text = format!(
                "{BAD_TAGS} control messages in a row did not open with the session's key."
            );
            self.session().end(UNREADABLE, text);
        }
    }

    fn tell_ready(&self, started: bool) {
        let session = self.session();
        session.update(|view| view.control = Some(ControlState::Ready));
        session.event("control_ready", json!({ "start_b": started }));
    }

    fn end_lost(&self, silent_ns: u64) {
        let seconds = silent_ns as f64 / 1e9;
        let text = format!("Nothing authentic came from the client for {seconds:.1} s.");
        self.session().end(CLIENT_LOST, text);
    }

    fn finish(&mut self) {
        if self.phase != Phase::Gone {
            if self.slot().is_some() {
                self.reception.tell_end();
            }
            self.phase = Phase::Gone;
            self.tell_dropped();
            self.session().control_ended();
        }
    }

    /// One line a session, for whoever looks for a fault; what was typed stays out of it.
    fn tell_dropped(&self) {
        let dropped = self.dropped;
        let text = format!(
            "Control stream of session {} is over: {} input messages, dropped {} unopened, {} replayed, {} malformed, {} unknown.",
            self.session().number(),
            dropped.input,
            dropped.unopened,
            dropped.replayed,
            dropped.malformed,
            dropped.unknown
        );
        self.session()
            .engine
            .events
            .log(Level::Debug, "control", text);
    }
}
