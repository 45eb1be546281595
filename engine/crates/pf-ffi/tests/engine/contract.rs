//! The examples of tests/contract, which TypeScript reads too: what one side writes, the other understands.

use std::path::Path;

use pf_stats::{Boundary, FrameFlags, FrameOutcome, FrameRecord, FrameTimer, UNKNOWN_QP};
use serde_json::{Value, json};

use crate::support::{Host, synthetic};

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/contract")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("an example is JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .map(|object| object.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

#[test]
fn every_request_of_the_contract_is_understood() {
    let host = Host::open();
    let messages = example("messages.json");
    let calls = messages["calls"].as_object().expect("calls by name");
    assert!(calls.len() >= 14, "{} calls", calls.len());
    for (name, call) in calls {
        match host.call(&call["request"]) {
            Ok(reply) => {
                for key in keys(&call["reply"]) {
                    assert!(reply.get(key).is_some(), "{name} answers no {key}: {reply}");
                }
            }
            // What the example names is not there; that it was understood is the point.
            Err(failed) => assert_eq!(failed.status, -5, "{name}: {}", failed.error),
        }
    }
}

#[test]
fn sessions_and_their_events_have_the_fields_of_the_contract() {
    let mut host = Host::open();
    let messages = example("messages.json");
    let (listener, _) = host.listener();
    let mut session = synthetic(listener);
    session["client_timeout_ms"] = json!(300);
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    let snapshot = host.must(json!({ "cmd": "snapshot" }));
    let wanted = &messages["calls"]["snapshot"]["reply"];
    for key in keys(&wanted["sessions"][0]) {
        // The picture's place is known once a picture has come, which needs a client, as a control stream does; and an
        // encoder is refused only where the system grants it too little.
        let needs_more = ["picture", "control", "refused"].contains(&key);
        let known = snapshot["sessions"][0].get(key).is_some() || needs_more;
        assert!(known, "no {key} in {}", snapshot["sessions"][0]);
    }
    for key in keys(&wanted["listeners"][0]) {
        assert!(snapshot["listeners"][0].get(key).is_some(), "no {key}");
    }
    let ended = host.wait_for("the end", |event| event["state"] == "ended");
    for key in keys(&messages["events"]["session.state (ended)"]) {
        assert!(ended.get(key).is_some(), "no {key} in {ended}");
    }
}

#[test]
fn the_records_of_the_contract_are_written_byte_for_byte() {
    let example = example("frame-record.json");
    let mut late = record_of(&example["fields"]);
    late.outcome = FrameOutcome::SendDeadline;
    late.flags.insert(FrameFlags::KEY);
    late.flags.insert(FrameFlags::AFTER_INVALIDATION);
    assert_eq!(hex(&late), hex_of(&example));

    let refused = &example["refused"];
    let mut repeat = record_of(&refused["fields"]);
    for flag in [
        FrameFlags::REPEAT,
        FrameFlags::REFUSED_NO_ROOM,
        FrameFlags::REFUSED_NO_BUFFER,
        FrameFlags::REFUSED_BY_PEER,
    ] {
        repeat.flags.insert(flag);
    }
    assert_eq!(hex(&repeat), hex_of(refused));
}

/// The record with these fields, but for outcome and flags.
fn record_of(fields: &Value) -> FrameRecord {
    let number = |name: &str| fields[name].as_u64().unwrap_or_else(|| panic!("{name}"));
    let grabbed_ns = fields["grabbed_ns"]
        .as_str()
        .and_then(|ns| ns.parse().ok())
        .expect("ns");
    let mut timer = FrameTimer::begin(number("session") as u16, grabbed_ns);
    for (boundary, name) in [
        (Boundary::Converted, "converted"),
        (Boundary::Submitted, "submitted"),
        (Boundary::Encoded, "encoded"),
        (Boundary::Packetized, "packetized"),
        (Boundary::Dequeued, "dequeued"),
        (Boundary::FirstSent, "first_sent"),
        (Boundary::LastSent, "last_sent"),
    ] {
        if let Some(after_ns) = fields[name].as_u64() {
            timer.mark(boundary, grabbed_ns.saturating_add(after_ns));
        }
    }
    let mut record = timer.record;
    record.frame_index = number("frame_index") as u32;
    record.source_sequence = number("source_sequence") as u32;
    record.bytes = number("bytes") as u32;
    record.data_packets = number("data_packets") as u16;
    record.parity_packets = number("parity_packets") as u16;
    record.queue_depth = number("queue_depth") as u8;
    record.send_refused = number("send_refused") as u8;
    record.qp = fields["qp"].as_u64().map_or(UNKNOWN_QP, |qp| qp as u8);
    record
}

fn hex(record: &FrameRecord) -> String {
    let bytes = record.to_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex_of(example: &Value) -> String {
    example["hex"].as_str().expect("hex").split(' ').collect()
}
