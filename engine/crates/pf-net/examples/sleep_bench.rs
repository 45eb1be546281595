//! How late a thread wakes: `DeadlineSleeper` against `thread::sleep`, at the pacer's period of 1 ms.
//!
//! `cargo run --release -p pf-net --example sleep_bench -- [--json]`. Each runs on a thread of its own, one after
//! the other; lateness is what a deadline was missed by. Only the medians are judged: on shared cores
//! the upper quantiles measure the neighbours. `--json` prints one line a goal: {"name","ratio","target","ok"}.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use pf_net::{DeadlineSleeper, ThreadRole, monotonic_ns, tune_thread};
use rustix::time::{ClockId, clock_gettime};

const PERIOD_NS: u64 = 1_000_000;
const TURNS: usize = 12;
const PERIODS_A_TURN: usize = 100;

fn main() -> ExitCode {
    let json = std::env::args().any(|argument| argument == "--json");
    let slept = thread::spawn(|| {
        Lateness::of(|deadline_ns| {
            thread::sleep(Duration::from_nanos(
                deadline_ns.saturating_sub(monotonic_ns()),
            ));
            monotonic_ns()
        })
    });
    let slept = slept.join().expect("the thread ends");
    let ours = thread::spawn(|| {
        tune_thread(ThreadRole::Send);
        let mut sleeper = DeadlineSleeper::new();
        Lateness::of(move |deadline_ns| sleeper.sleep_until(deadline_ns))
    });
    let ours = ours.join().expect("the thread ends");

    if !json {
        for (name, lateness) in [("thread::sleep", &slept), ("DeadlineSleeper", &ours)] {
            let [p50, p90, p99] = [50, 90, 99].map(|share| lateness.quantile_us(share));
            let core = lateness.core_share * 100.0;
            println!(
                "{name:16} late p50 {p50:.2} µs, p90 {p90:.2}, p99 {p99:.2}; {core:.1} % of a core"
            );
        }
    }
    let goals = [
        (
            "sleeper_lateness/thread_sleep",
            ours.quantile_us(50) / slept.quantile_us(50),
            0.02,
        ),
        ("sleeper_core_share", ours.core_share, 0.08),
    ];
    let mut all_met = true;
    for (name, ratio, target) in goals {
        let ok = ratio <= target;
        all_met &= ok;
        if json {
            println!(r#"{{"name":"{name}","ratio":{ratio:.4},"target":{target},"ok":{ok}}}"#);
        } else {
            println!(
                "{name:30} {ratio:.4} (target {target}) {}",
                if ok { "ok" } else { "MISSED" }
            );
        }
    }
    if all_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Lateness {
    sorted_ns: Vec<u64>,
    core_share: f64,
}

impl Lateness {
    fn of(mut sleep_until: impl FnMut(u64) -> u64) -> Self {
        let (began_ns, began_cpu_ns) = (monotonic_ns(), thread_cpu_ns());
        let mut sorted_ns: Vec<u64> = (0..TURNS)
            .flat_map(|_| {
                let first_ns = monotonic_ns() + PERIOD_NS;
                (0..PERIODS_A_TURN as u64).map(move |i| first_ns + i * PERIOD_NS)
            })
            .map(|deadline_ns| sleep_until(deadline_ns).saturating_sub(deadline_ns))
            .collect();
        sorted_ns.sort_unstable();
        let cpu_ns = (thread_cpu_ns() - began_cpu_ns) as f64;
        Self {
            sorted_ns,
            core_share: cpu_ns / (monotonic_ns() - began_ns) as f64,
        }
    }

    fn quantile_us(&self, share: usize) -> f64 {
        self.sorted_ns[(self.sorted_ns.len() - 1) * share / 100] as f64 / 1000.0
    }
}

fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
