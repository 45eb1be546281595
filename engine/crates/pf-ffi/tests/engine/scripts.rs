//! Scripted streams: every fault has its effect in the records, and the records agree with what the scripted parts say.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{AFTER_INVALIDATION, Host, KEY, REPEAT, Record, records, stream, synthetic};

const PLACES: [&str; 8] = [
    "grabbed",
    "converted",
    "submitted",
    "encoded",
    "packetized",
    "dequeued",
    "first_sent",
    "last_sent",
];
const OUTCOMES: [&str; 7] = [
    "sent",
    "queue_full",
    "send_deadline",
    "send_error",
    "encoder_skipped",
    "oversize",
    "session_ended",
];
const REFUSED_NO_ROOM: u16 = 1 << 6;

/// A file for the truth, gone with the test.
struct Truth(PathBuf, File);

impl Truth {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pf-truth-{}-{name}", std::process::id()));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .expect("a temporary file");
        Self(path, file)
    }

    fn fd(&self) -> i32 {
        self.1.as_raw_fd()
    }

    fn lines(&self) -> Vec<Value> {
        let mut text = String::new();
        let mut file = File::open(&self.0).expect("it was made");
        file.read_to_string(&mut text).expect("UTF-8");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }

    fn frames(&self) -> Vec<Value> {
        let lines = self.lines();
        let end = lines.last().expect("an end");
        assert_eq!(
            (&lines[0]["truth"], &end["truth"]),
            (&json!("session"), &json!("end"))
        );
        let frames: Vec<Value> = lines[1..lines.len() - 1].to_vec();
        assert_eq!(
            (&end["frames"], &end["lost"]),
            (&json!(frames.len()), &json!(0))
        );
        frames
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn span(line: &Value, place: &str) -> Option<(u64, u64)> {
    let span = line["at"].get(place)?;
    let ns = |at: usize| {
        span[at]
            .as_str()
            .and_then(|ns| ns.parse().ok())
            .expect("ns")
    };
    Some((ns(0), ns(1)))
}

/// The record of a truth line: every boundary lies between the two moments, and all else is equal.
fn agreeing<'a>(records: &'a [Record], line: &Value) -> &'a Record {
    let (before, after) = span(line, "grabbed").expect("every frame is grabbed");
    let record = records
        .iter()
        .find(|record| (before..=after).contains(&record.grabbed_ns))
        .unwrap_or_else(|| panic!("no record for {line}"));
    for (place, boundary) in PLACES[1..].iter().zip(record.boundaries) {
        let recorded = (boundary != u32::MAX).then(|| record.grabbed_ns + u64::from(boundary));
        match (span(line, place), recorded) {
            (None, None) => {}
            (Some((before, after)), Some(at)) if (before..=after).contains(&at) => {}
            (truth, recorded) => panic!("{place}: {truth:?} {recorded:?} in {line}"),
        }
    }
    let outcome = OUTCOMES[usize::from(record.outcome)];
    assert_eq!(line["outcome"], outcome, "{line} {record:?}");
    assert_eq!(line["bytes"], record.bytes, "{line} {record:?}");
    assert_eq!(line["source"]["sequence"], record.source_sequence, "{line}");
    let given = record.flags & REPEAT == 0;
    assert_eq!(line["source"]["given"], given, "{line} {record:?}");
    assert_eq!(line["frame"], record.frame_index, "{line} {record:?}");
    assert_eq!(line["made"] == "key", record.flags & KEY != 0, "{line}");
    let made_after = line["made"] == "after_invalidation";
    assert_eq!(made_after, record.flags & AFTER_INVALIDATION != 0, "{line}");
    let refused = &line["datagrams"]["refused"];
    assert_eq!(*refused, record.send_refused, "{line} {record:?}");
    record
}

/// Streams a script for `seconds` at 30 frames a second; answers truth and records.
fn play(name: &str, seconds: f64, actions: Value) -> (Host, Vec<Value>, Vec<Record>) {
    let mut host = Host::open();
    let truth = Truth::new(name);
    stream(&mut host, seconds, |session| {
        session["fps"] = json!(30);
        session["script"] = json!({ "actions": actions, "truth_fd": truth.fd() });
    });
    let records = records(&host);
    (host, truth.frames(), records)
}

#[test]
fn every_record_of_an_ordinary_stream_agrees_with_the_truth_and_none_is_missing() {
    let (_host, truth, records) = play("ordinary", 1.5, json!([]));
    assert!(truth.len() >= 20, "{} frames", truth.len());
    assert_eq!(truth.len(), records.len());
    for (nth, line) in truth.iter().enumerate() {
        agreeing(&records, line);
        assert_eq!(line.get("spun"), None, "nothing was ordered");
        assert!(nth == 0 || line["source"]["given"] == true, "{line}");
    }
}

#[test]
fn an_encoder_that_fails_is_opened_again_and_the_stream_goes_on() {
    let (host, truth, records) = play(
        "reopened",
        3.0,
        json!([
            { "at_frame": 30, "what": "bitrate", "kbps": 2500 },
            { "at_frame": 45, "what": "encoder_error" },
            // The picture of the encoder that is gone.
            { "at_frame": 45, "count": 3, "what": "withhold" }
        ]),
    );
    for line in &truth {
        agreeing(&records, line);
    }
    let reopened: Vec<_> = truth
        .iter()
        .filter(|line| line["reopened"] == true)
        .collect();
    assert_eq!(reopened.len(), 1, "{reopened:?}");
    let line = reopened[0];
    assert_eq!((&line["nth"], &line["made"]), (&json!(45), &json!("key")));
    assert_eq!(line["bitrate_kbps"], 2500);
    let of = |nth: u64| {
        truth
            .iter()
            .find(|line| line["nth"] == nth)
            .expect("it was made")
    };
    assert_eq!(of(46)["made"], "predicted", "from the one before it");
    assert!(truth.len() >= 60, "{} frames", truth.len());

    let events = |kind: &str| {
        host.events
            .iter()
            .filter(|e| e["kind"] == kind)
            .collect::<Vec<_>>()
    };
    let told = events("encoder_reopened");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["frame"], line["frame"]);
    assert_eq!(told[0]["why"], "the script ordered the encoder to fail");
    let key = events("key_frame")
        .into_iter()
        .find(|event| event["frame"] == line["frame"])
        .expect("its key frame is told");
    assert_eq!(key["why"], "encoder_reopened");
}

#[test]
fn an_encoder_that_fails_twice_ends_the_session_with_its_sentence() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    let mut session = synthetic(listener);
    session["script"] =
        json!({ "actions": [{ "at_frame": 10, "count": 2, "what": "encoder_error" }] });
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    host.must(json!({
        "cmd": "probe.start", "session": started["session"], "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 20
    }));
    let ended = host.wait_for("the end", |event| event["state"] == "ended");
    assert_eq!(ended["reason"], "encoder_failed");
    assert_eq!(ended["message"], "the script ordered the encoder to fail");
    let told = host
        .events
        .iter()
        .filter(|e| e["kind"] == "encoder_reopened");
    assert_eq!(told.count(), 1);
}

#[test]
fn every_action_happens_in_its_frames_and_the_records_say_so() {
    let (host, truth, records) = play(
        "actions",
        6.0,
        json!([
            { "at_frame": 20, "count": 3, "what": "withhold" },
            { "at_frame": 30, "what": "skip", "pictures": 4 },
            { "at_frame": 35, "what": "late", "us": 40_000 },
            { "at_frame": 40, "what": "drop", "why": "queue_full" },
            { "at_frame": 50, "what": "drop", "why": "send_deadline" },
            { "at_frame": 60, "what": "drop", "why": "send_error" },
            { "at_frame": 80, "what": "key_frame" },
            { "at_frame": 100, "what": "invalidate", "first_back": 3, "last_back": 1 },
            { "at_frame": 110, "what": "bitrate", "kbps": 2500 },
            { "at_frame": 120, "count": 2, "what": "loss", "every_packet": 1 },
            { "at_frame": 140, "count": 3, "what": "stall", "place": "encoded", "us": 9_000 }
        ]),
    );
    let of = |nth: u64| {
        let line = truth
            .iter()
            .find(|line| line["nth"] == nth)
            .unwrap_or_else(|| panic!("no frame {nth}"));
        (line, agreeing(&records, line))
    };
    for line in &truth {
        agreeing(&records, line);
    }

    let (_, before) = of(19);
    for nth in 20..23 {
        let (_, record) = of(nth);
        assert!(record.flags & REPEAT != 0, "{nth}: {record:?}");
        assert_eq!(
            record.source_sequence, before.source_sequence,
            "the picture it repeats"
        );
    }
    assert_eq!(
        of(23).1.source_sequence,
        before.source_sequence + 1,
        "withheld is not made"
    );
    assert_eq!(
        of(30).1.source_sequence,
        of(29).1.source_sequence + 5,
        "four were skipped"
    );
    assert!((40_000_000..41_000_000).contains(&of(35).1.source_age_ns));

    assert_eq!(of(40).0["outcome"], "queue_full");
    assert_eq!(
        of(40).1.boundaries[3..],
        [u32::MAX; 4],
        "it was never packetized"
    );
    let (line, deadline) = of(50);
    assert_eq!(line["outcome"], "send_deadline");
    assert!(deadline.flags & REFUSED_NO_ROOM != 0, "{deadline:?}");
    assert_eq!(line["datagrams"]["packets"], deadline.send_refused);
    assert_eq!(deadline.boundaries[5..], [u32::MAX; 2], "no datagram left");
    assert_eq!(of(60).0["outcome"], "send_error");
    for dropped in [40, 50, 60] {
        let answered =
            (dropped + 1..dropped + 4).any(|nth| of(nth).1.flags & (KEY | AFTER_INVALIDATION) != 0);
        assert!(answered, "the loss of {dropped} was not answered");
    }

    assert_eq!(of(80).0["key_request"], "queued");
    assert_eq!(
        (&of(80).0["asked"], &of(80).0["made"]),
        (&json!("key"), &json!("key"))
    );
    let (line, _) = of(100);
    assert_eq!(line["invalidation"]["effect"], "queued");
    assert_eq!(line["asked_range"][0], line["invalidation"]["first"]);
    assert_eq!(line["made"], "after_invalidation");
    assert_eq!(
        (&of(109).0["bitrate_kbps"], &of(110).0["bitrate_kbps"]),
        (&json!(5000), &json!(2500))
    );
    let told = |kind: &str| host.events.iter().any(|event| event["kind"] == kind);
    assert!(told("bitrate") && told("invalidation") && told("frame_dropped"));

    for nth in [120, 121] {
        let (line, record) = of(nth);
        assert_eq!(
            record.outcome, 0,
            "loss behind the host is none of the host's"
        );
        assert_eq!(
            line["datagrams"]["dropped"], line["datagrams"]["packets"],
            "{line}"
        );
    }
    for nth in 140..143 {
        let (line, record) = of(nth);
        let spun = &line["spun"]["encoded"];
        let ns = |at: usize| {
            spun[at]
                .as_str()
                .and_then(|ns| ns.parse::<u64>().ok())
                .expect("ns")
        };
        assert!(ns(1) - ns(0) >= 9_000_000, "{line}");
        assert!(
            record.boundaries[2] - record.boundaries[1] >= 9_000_000,
            "{record:?}"
        );
    }
}

#[test]
fn a_script_that_cannot_be_played_is_refused_in_the_call() {
    let host = Host::open();
    let (listener, _) = host.listener();
    let refused = |script: Value| {
        let mut session = synthetic(listener);
        session["script"] = script;
        host.call(&json!({ "cmd": "session.start", "session": session }))
            .expect_err("refused")
    };
    let (read, write) = std::io::pipe().expect("a pipe");
    let own = File::open(std::env::current_exe().expect("a test")).expect("is there");
    let cases = [
        (
            json!({ "actions": [], "truth_fd": own.as_raw_fd() }),
            "not opened for appending",
        ),
        (
            json!({ "actions": [{ "at_frame": 1, "what": "stall" }] }),
            "Action 0 (stall): it needs place.",
        ),
        (
            json!({ "actions": [], "truth_fd": 100_000 }),
            "cannot be written to",
        ),
        (json!({ "actions": [], "truth_fd": -1 }), "it is negative"),
        (
            json!({ "actions": [], "truth_fd": write.as_raw_fd() }),
            "regular file only",
        ),
    ];
    for (script, why) in cases {
        let failed = refused(script.clone());
        assert_eq!(
            failed.error["code"], "script_invalid",
            "{script}: {}",
            failed.error
        );
        let message = failed.error["message"].as_str().unwrap_or_default();
        assert!(message.contains(why), "{script}: {message}");
    }
    drop(read);
    let check = |script: Value, source: &str| {
        host.call(&json!({ "cmd": "script.check", "script": script, "source": source }))
    };
    let withhold = json!({ "actions": [{ "at_frame": 1, "what": "withhold" }] });
    assert_eq!(
        check(withhold.clone(), "synthetic").expect("can be played"),
        json!({})
    );
    let failed = check(withhold, "x11").expect_err("a desktop does not obey");
    assert_eq!(failed.error["code"], "script_invalid");
    assert_eq!(refused(json!({ "actions": [], "more": 1 })).status, -1);
    assert_eq!(
        refused(json!({ "actions": [{ "at_frame": 1, "what": "explode" }] })).status,
        -1
    );
}

#[test]
fn sixteen_scripted_sessions_at_once_share_a_file_and_the_seventeenth_is_refused() {
    let mut host = Host::open();
    let truth = Truth::new("sixteen");
    host.must(json!({ "cmd": "measure", "on": true, "perf": false }));
    let mut probes = Vec::new();
    let mut session = synthetic(0);
    (session["width"], session["height"], session["fps"]) = (json!(160), json!(96), json!(20));
    session["script"] = json!({
        "actions": [{ "at_frame": 5, "what": "withhold" }], "truth_fd": truth.fd()
    });
    for _ in 0..16 {
        let (listener, port) = host.listener();
        session["listener"] = json!(listener);
        let started = host.must(json!({ "cmd": "session.start", "session": session }));
        assert_eq!(host.done(&started)["ok"], true);
        let probe = host.must(json!({
            "cmd": "probe.start", "session": started["session"], "server": format!("127.0.0.1:{port}"),
            "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 1.0
        }));
        probes.push((started["session"].clone(), probe));
    }
    let refused = host
        .call(&json!({ "cmd": "session.start", "session": session }))
        .expect_err("one too many");
    assert_eq!(refused.error["code"], "session_limit");
    for (number, probe) in &probes {
        assert_eq!(host.done(probe)["ok"], true);
        let stop = host.must(json!({ "cmd": "session.stop", "session": number, "reason": "over" }));
        host.done(&stop);
    }
    host.drain(0);
    let records = records(&host);
    let lines = truth.lines();
    for (number, _) in &probes {
        let own = |kind: &str| {
            let own = lines.iter().filter(|line| line["session"] == *number);
            own.filter(|line| line["truth"] == kind).collect::<Vec<_>>()
        };
        assert_eq!((own("session").len(), own("end").len()), (1, 1), "{number}");
        let frames = own("frame");
        assert!(frames.len() >= 10, "{number}: {} frames", frames.len());
        let of_session: Vec<Record> = records
            .iter()
            .filter(|record| json!(record.session) == *number)
            .copied()
            .collect();
        for line in frames {
            let record = agreeing(&of_session, line);
            assert_eq!(record.flags & REPEAT != 0, line["nth"] == 5, "{line}");
        }
    }
}

/// 5 ms put into each of the eight places lie between the boundary before and the boundary of that name, in the record
/// as in truth: however busy the machine is.
#[test]
fn an_injected_stall_lies_before_exactly_its_boundary() {
    const STALL_US: u64 = 5_000;
    for (at, place) in PLACES.iter().enumerate() {
        let (_host, truth, records) = play(
            place,
            0.8,
            json!([{ "at_frame": 0, "every": 2, "what": "stall", "place": place, "us": STALL_US }]),
        );
        let mut stalled = 0;
        for line in truth {
            let record = agreeing(&records, &line);
            let Some(spun) = line.get("spun") else {
                // The last frames may not get that far: the session ends.
                let is_calm = line["nth"].as_u64().is_some_and(|nth| nth % 2 == 1);
                assert!(is_calm || span(&line, place).is_none(), "{line}");
                continue;
            };
            assert_eq!(spun.as_object().map(|spun| spun.len()), Some(1), "{line}");
            let ns = |end: usize| {
                let ns = spun[place][end].as_str();
                ns.and_then(|ns| ns.parse::<u64>().ok()).expect("ns")
            };
            assert!(ns(1) - ns(0) >= STALL_US * 1000, "{line}");
            let boundary = |at: usize| {
                let since = at.checked_sub(1).map_or(0, |at| record.boundaries[at]);
                record.grabbed_ns + u64::from(since)
            };
            assert!(
                ns(1) <= boundary(at),
                "{place} was stamped before its stall ended: {line}"
            );
            let before = at.checked_sub(1).map(boundary);
            assert!(
                before.is_none_or(|before| before <= ns(0)),
                "{place} began early: {line}"
            );
            stalled += 1;
        }
        assert!(stalled >= 4, "{stalled} stalls at {place}");
    }
}
