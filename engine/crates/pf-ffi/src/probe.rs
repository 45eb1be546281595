//! Test receivers: each runs on a thread of its own, and asks the session it watches for recovery through the same
//! entry points that a control stream will call.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pf_probe::{ProbeConfig, ProbeReport, Recovery};
use pf_session::{Engine, Refusal, SessionShared};
use serde::Deserialize;
use serde_json::json;

use crate::descriptor::duplicate;

/// Longest run, seconds.
const MAX_SECONDS: f64 = 3600.0;

/// The fields of `probe.start` (docs/ffi-abi.md).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    session: u16,
    server: String,
    ping_payload: String,
    packet_size: u32,
    seconds: f64,
    output_fd: Option<RawFd>,
}

/// A running receiver's number, and the flag that ends it.
type Running = (u32, Arc<AtomicBool>);

/// The receivers of one engine.
#[derive(Default)]
pub struct Probes {
    next: AtomicU32,
    running: Arc<Mutex<Vec<Running>>>,
}

impl Probes {
    /// Starts a receiver. Answers the operation that ends with its report, and its number.
    pub fn start(&self, engine: &Engine, request: ProbeRequest) -> Result<(u32, u32), Refusal> {
        let session = engine.session(request.session)?;
        let config = request.check(&session)?;
        let probe = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let stop = Arc::new(AtomicBool::new(false));
        lock(&self.running).push((probe, Arc::clone(&stop)));
        let op = engine.next_op();
        let running = Arc::clone(&self.running);
        let work = move || {
            let events = Arc::clone(&session);
            let progress = |report: &ProbeReport| {
                events.engine.events.push(
                    "probe.progress",
                    json!({
                        "probe": probe,
                        "frames_received": report.frames_received,
                        "frames_lost": report.frames_lost,
                        "packets_lost": report.packets_lost,
                        "packets_recovered": report.packets_recovered,
                        "bytes": report.bytes,
                    }),
                );
            };
            let result = pf_probe::run(config, InProcess(session), progress, &stop);
            lock(&running).retain(|(other, _)| *other != probe);
            let report = result.map_err(|e| Refusal::new("probe_failed", e.to_string()))?;
            serde_json::to_value(report).map_err(|e| Refusal::new("internal", e.to_string()))
        };
        engine
            .run_op(op, "pf-probe", work)
            .inspect_err(|_| lock(&self.running).retain(|(other, _)| *other != probe))?;
        Ok((op, probe))
    }

    /// Asks a receiver to end; its operation completes with the report so far.
    pub fn stop(&self, probe: u32) -> Result<(), Refusal> {
        let running = lock(&self.running);
        let (_, stop) = running
            .iter()
            .find(|(other, _)| *other == probe)
            .ok_or_else(|| Refusal::new("unknown_probe", format!("There is no probe {probe}.")))?;
        stop.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Asks every receiver to end.
    pub fn stop_all(&self) {
        lock(&self.running)
            .iter()
            .for_each(|(_, stop)| stop.store(true, Ordering::Relaxed));
    }

    /// Numbers of the receivers that run.
    pub fn running(&self) -> Vec<u32> {
        lock(&self.running)
            .iter()
            .map(|(probe, _)| *probe)
            .collect()
    }
}

impl ProbeRequest {
    fn check(self, session: &SessionShared) -> Result<ProbeConfig, Refusal> {
        let server: SocketAddr = self.server.parse().map_err(|_| {
            Refusal::new(
                "address_invalid",
                format!(
                    "{:?} is no address with a port, like 127.0.0.1:47998.",
                    self.server
                ),
            )
        })?;
        let ping_payload: [u8; 16] = self.ping_payload.as_bytes().try_into().map_err(|_| {
            Refusal::new(
                "ping_payload_invalid",
                format!(
                    "The ping payload has {} bytes, not 16.",
                    self.ping_payload.len()
                ),
            )
        })?;
        let packet_size = u16::try_from(self.packet_size).map_err(|_| {
            Refusal::new(
                "packet_size_invalid",
                format!(
                    "The packet size is {}; 65535 is the most.",
                    self.packet_size
                ),
            )
        })?;
        if !(0.0..=MAX_SECONDS).contains(&self.seconds) {
            let text = format!(
                "{} seconds were asked; 0 to {MAX_SECONDS} is possible.",
                self.seconds
            );
            return Err(Refusal::new("seconds_invalid", text));
        }
        Ok(ProbeConfig {
            server,
            ping_payload,
            packet_size,
            duration: Duration::from_secs_f64(self.seconds),
            output: self
                .output_fd
                .map(|fd| duplicate(fd, "output_invalid"))
                .transpose()?,
            can_invalidate: session.request.invalidation,
        })
    }
}

/// Recovery of the same process: the session's own entry points.
struct InProcess(Arc<SessionShared>);

impl Recovery for InProcess {
    fn request_idr(&self) {
        self.0.recovery(|slot| slot.request_idr());
    }

    fn invalidate(&self, first: u32, last: u32) {
        self.0.recovery(|slot| slot.invalidate(first, last));
    }

    fn acknowledge(&self, frame: u32) {
        self.0.recovery(|slot| slot.ack_ltr(frame));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
