//! The commands of `pf_engine_call` as JSON, and what each does.

use std::sync::Arc;

use pf_session::script::{Script, ScriptRequest};
use pf_session::{Engine, Refusal, SessionRequest, TrialRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::boundary::Failure;
use crate::descriptor::duplicate;
use crate::handles::Open;
use crate::probe::ProbeRequest;

/// Room that a reply buffer must have before a command is carried out; only a snapshot can need more.
pub const REPLY_RESERVE: usize = 256;

/// One command. Unknown commands and fields are refused, never ignored.
#[derive(Debug, Deserialize)]
#[serde(tag = "cmd", deny_unknown_fields)]
pub enum Command {
    #[serde(rename = "snapshot")]
    Snapshot {},
    #[serde(rename = "measure")]
    Measure { on: bool, perf: bool },
    #[serde(rename = "listener.open")]
    ListenerOpen {
        medium: String,
        address: String,
        port: u32,
        dscp: bool,
    },
    #[serde(rename = "listener.close")]
    ListenerClose { listener: u32 },
    #[serde(rename = "session.start")]
    SessionStart { session: Box<SessionRequest> },
    #[serde(rename = "session.stop")]
    SessionStop { session: u16, reason: String },
    #[serde(rename = "session.request_idr")]
    RequestIdr { session: u16 },
    #[serde(rename = "session.invalidate")]
    Invalidate { session: u16, first: u32, last: u32 },
    #[serde(rename = "session.ack_ltr")]
    AckLtr { session: u16, frame: u32 },
    #[serde(rename = "session.set_bitrate")]
    SetBitrate { session: u16, bitrate_kbps: u32 },
    #[serde(rename = "script.check")]
    ScriptCheck {
        script: Box<ScriptRequest>,
        source: String,
    },
    #[serde(rename = "probe.start")]
    ProbeStart(ProbeRequest),
    #[serde(rename = "probe.stop")]
    ProbeStop { probe: u32 },
    #[serde(rename = "trial")]
    Trial(TrialRequest),
    #[serde(rename = "answer")]
    Answer { id: u32, value: Value },
}

/// Reads a command.
pub fn parse(request: &[u8]) -> Result<Command, Failure> {
    let text = std::str::from_utf8(request).map_err(|e| {
        Failure::bad_argument(format!(
            "The request is no UTF-8 after byte {}.",
            e.valid_up_to()
        ))
    })?;
    serde_json::from_str(text).map_err(|e| Failure::bad_argument(format!("The request: {e}.")))
}

/// Carries a command out.
pub fn run(open: &Open, command: Command) -> Result<Value, Failure> {
    let engine: &Engine = &open.engine;
    Ok(match command {
        Command::Snapshot {} => {
            let mut snapshot = serde_json::to_value(engine.snapshot()).map_err(|e| {
                Failure::bad_argument(format!("The snapshot cannot be written: {e}."))
            })?;
            snapshot["probes"] = open
                .probes
                .running()
                .into_iter()
                .map(|probe| json!({ "probe": probe }))
                .collect();
            snapshot
        }
        Command::Measure { on, perf } => {
            engine.measure(on, perf);
            json!({})
        }
        Command::ListenerOpen {
            medium,
            address,
            port,
            dscp,
        } => {
            let view = engine.open_listener(&medium, &address, port, dscp)?;
            json!({ "listener": view.listener, "address": view.address, "port": view.port })
        }
        Command::ListenerClose { listener } => {
            engine.close_listener(listener)?;
            json!({})
        }
        Command::SessionStart { mut session } => {
            if let Some(script) = &mut session.script {
                lend_truth(script)?;
            }
            let (op, number) = engine.start_session(*session)?;
            json!({ "op": op, "session": number })
        }
        Command::SessionStop { session, reason } => {
            json!({ "op": engine.stop_session(session, &reason)? })
        }
        Command::RequestIdr { session } => {
            engine
                .session(session)?
                .recovery(pf_session::RecoverySlot::request_idr);
            json!({})
        }
        Command::Invalidate {
            session,
            first,
            last,
        } => {
            engine
                .session(session)?
                .recovery(|slot| slot.invalidate(first, last));
            json!({})
        }
        Command::AckLtr { session, frame } => {
            engine
                .session(session)?
                .recovery(|slot| slot.ack_ltr(frame));
            json!({})
        }
        Command::SetBitrate {
            session,
            bitrate_kbps,
        } => {
            engine.set_bitrate(session, bitrate_kbps)?;
            json!({})
        }
        Command::ScriptCheck { mut script, source } => {
            lend_truth(&mut script)?;
            Script::check(&script, &source)?;
            json!({})
        }
        Command::ProbeStart(request) => {
            let (op, probe) = open.probes.start(engine, request)?;
            json!({ "op": op, "probe": probe })
        }
        Command::ProbeStop { probe } => {
            open.probes.stop(probe)?;
            json!({})
        }
        Command::Trial(request) => json!({ "op": engine.trial(request)? }),
        Command::Answer { id, value } => {
            let text = format!("Nothing was asked under {id} (answer {value}).");
            return Err(Refusal::new("unknown_question", text).into());
        }
    })
}

/// Gives a script a descriptor of its own for the file that the host opened.
fn lend_truth(script: &mut ScriptRequest) -> Result<(), Refusal> {
    if let Some(fd) = script.truth_fd {
        script.truth = Some(Arc::new(duplicate(fd, "script_invalid")?));
    }
    Ok(())
}
