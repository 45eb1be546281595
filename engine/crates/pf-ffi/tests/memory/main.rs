//! Sessions come and go; what they held goes with them. A process of its own, so that nothing else is counted.

#[path = "../engine/support.rs"]
#[allow(dead_code, reason = "the records are looked at by other tests")]
mod support;

use serde_json::json;
use support::{Host, synthetic};

/// Resident memory of this process, kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("VmRSS");
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .expect("a number")
}

fn threads_of_sessions() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task")
        .expect("Linux")
        .flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names
        .filter(|name| name.starts_with("pf-video") || name.starts_with("pf-send"))
        .count()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn one_session(host: &mut Host, listener: u64, port: u64) {
    let mut session = synthetic(listener);
    session["width"] = json!(320);
    session["height"] = json!(180);
    let started = host.must(json!({ "cmd": "session.start", "session": session }));
    host.done(&started);
    let probe = host.must(json!({
        "cmd": "probe.start", "session": started["session"], "server": format!("127.0.0.1:{port}"),
        "ping_payload": session["ping_payload"], "packet_size": 1392, "seconds": 0.1
    }));
    host.done(&probe);
    let stop =
        host.must(json!({ "cmd": "session.stop", "session": started["session"], "reason": "x" }));
    host.done(&stop);
    host.drain(0);
    host.events.clear();
    host.records.clear();
    host.must(json!({ "cmd": "snapshot" }));
}

#[test]
fn forty_sessions_leave_memory_threads_and_files_as_they_were() {
    let mut host = Host::open();
    let (listener, port) = host.listener();
    (0..10).for_each(|_| one_session(&mut host, listener, port));
    let before = (resident_kb(), open_files());
    (0..40).for_each(|_| one_session(&mut host, listener, port));
    assert!(
        open_files() <= before.1 + 2,
        "{} files before, {} after",
        before.1,
        open_files()
    );
    let grown_kb = resident_kb().saturating_sub(before.0);
    assert!(grown_kb < 4_000, "{grown_kb} kB more than before");
    assert_eq!(threads_of_sessions(), 0);
}
