//! What the platform lets a thread ask for. Best effort: a thread that gets nothing still works.

use std::num::NonZeroU64;

use rustix::process::setpriority_process;
use rustix::thread::set_current_timer_slack;

/// What a thread does, from which its priority follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThreadRole {
    /// Hands packets to the kernel at their deadlines.
    Send,
    /// Captures and encodes.
    Video,
    /// Captures and encodes sound.
    Audio,
    /// Answers pings and control messages.
    Control,
}

/// What was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadTuning {
    /// The thread runs at this nice value now; absent when the system refused.
    pub nice: Option<i32>,
    /// Timers of the thread fire when they are due, not up to 50 µs later.
    pub exact_timers: bool,
}

/// Tunes the calling thread, and says what of it was granted.
///
/// Real-time scheduling is left out on purpose: a sender that spins at FIFO priority on a machine of two
/// cores can starve the compositor it streams.
pub fn tune_thread(role: ThreadRole) -> ThreadTuning {
    let nice = match role {
        ThreadRole::Send | ThreadRole::Audio => -15,
        ThreadRole::Video => -10,
        ThreadRole::Control => -5,
    };
    ThreadTuning {
        // Linux keeps the nice value by thread: "process 0" is the caller alone.
        nice: setpriority_process(None, nice).is_ok().then_some(nice),
        exact_timers: set_current_timer_slack(NonZeroU64::new(1)).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuning_one_thread_leaves_the_others_alone() {
        let nice = || {
            rustix::process::getpriority_process(None).expect("a thread can read its own priority")
        };
        let before = nice();
        let tuned = std::thread::spawn(move || {
            let tuning = tune_thread(ThreadRole::Send);
            (tuning, nice())
        });
        let (tuning, inside) = tuned.join().expect("the thread ends");
        assert_eq!(inside, tuning.nice.unwrap_or(before));
        assert!(tuning.exact_timers, "timer slack needs no privilege");
        assert_eq!(rustix::process::getpriority_process(None), Ok(before));
    }
}
