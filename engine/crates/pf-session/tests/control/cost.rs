//! What a control stream costs: nothing while nobody is there, at most a hundredth of a core a client.

use std::time::{Duration, Instant};

use crate::client::{Client, PING};
use crate::rig::Rig;

/// The control thread, once those of other tests have said their goodbyes.
fn only_control_thread() -> std::path::PathBuf {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
        let mut controls: Vec<_> = tasks
            .flatten()
            .map(|task| task.path())
            .filter(|path| {
                let name = std::fs::read_to_string(path.join("comm"));
                name.is_ok_and(|name| name.starts_with("pf-control"))
            })
            .collect();
        if controls.len() == 1 {
            return controls.remove(0);
        }
        assert!(Instant::now() < end, "{} control threads", controls.len());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// CPU time in ns and turns on a core of the control thread.
fn control_thread() -> (u64, u64) {
    let path = only_control_thread();
    let text = std::fs::read_to_string(path.join("schedstat")).expect("Linux");
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    (numbers[0], numbers[2])
}

#[test]
fn an_idle_listener_sleeps_and_one_that_waits_for_a_client_too() {
    let mut rig = Rig::new();
    std::thread::sleep(Duration::from_millis(50));
    let before = control_thread();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(control_thread(), before, "it woke up for nothing");
    rig.start(1);
    std::thread::sleep(Duration::from_millis(50));
    let before = control_thread();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(control_thread(), before, "it woke up for nothing");
}

#[test]
fn a_client_costs_at_most_a_hundredth_of_a_core_and_after_it_the_thread_sleeps_again() {
    const SECONDS: u64 = 3;
    let mut rig = Rig::new();
    let session = rig.start(1);
    let mut client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let before = control_thread();
    let began = Instant::now();
    for _ in 0..SECONDS * 10 {
        client.send(0, PING);
        client.serve(100);
    }
    let after = control_thread();
    let seconds = began.elapsed().as_secs_f64();
    let used_pct = (after.0 - before.0) as f64 / (seconds * 1e7);
    let turns = ((after.1 - before.1) as f64 / seconds).round();
    println!("control thread: {used_pct:.2} % of a core, {turns} turns a second");
    assert!(used_pct <= 1.0, "{used_pct:.2} % of a core");
    assert!(client.leave());
    rig.ended(session);
    std::thread::sleep(Duration::from_millis(50));
    let before = control_thread();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(control_thread(), before, "it woke up for nobody");
}
