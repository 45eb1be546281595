//! Lane 0: what the engine has to say, as newline-separated JSON, bounded in bytes.
//!
//! A full queue drops the newest event and counts it; the host then takes a snapshot. Nothing here is called
//! once a frame: events are the rare things (state, key frames, errors, one perf line a second).

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

/// Severity of a log event, as the host's log spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Details for whoever looks for a fault.
    Debug,
    /// Normal life, and faults of peers.
    Info,
    /// A fault of ours that the stream survives.
    Warn,
    /// A fault of ours that ends something.
    Error,
}

/// The bounded queue of events. Shared by every thread of the engine.
pub struct EventQueue {
    state: Mutex<State>,
    arrived: Condvar,
    limit_bytes: usize,
    now_ns: fn() -> u64,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    lost: u64,
    lost_unreported: u64,
    closed: bool,
}

/// What a drain found.
#[derive(Debug, PartialEq, Eq)]
pub enum Drained {
    /// So many bytes of whole lines were written; 0 after a wait without news.
    Bytes(usize),
    /// The next line needs so many bytes; nothing was written.
    TooSmall(usize),
    /// Closed, and nothing is left.
    Closed,
}

impl EventQueue {
    /// A queue of at most `limit_bytes`; `now_ns` is the engine's clock.
    pub fn new(limit_bytes: usize, now_ns: fn() -> u64) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            limit_bytes,
            now_ns,
        }
    }

    /// Queues one event: `fields` must be a JSON object; `ev` and `t` are added.
    pub fn push(&self, ev: &str, fields: Value) {
        let mut object = Map::new();
        object.insert("ev".into(), ev.into());
        object.insert("t".into(), (self.now_ns)().to_string().into());
        if let Value::Object(more) = fields {
            object.extend(more);
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        let mut state = self.lock();
        if state.closed || state.bytes + line.len() > self.limit_bytes {
            state.lost += 1;
            state.lost_unreported += 1;
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.arrived.notify_one();
    }

    /// Queues a log event.
    pub fn log(&self, level: Level, target: &str, message: impl Into<String>) {
        self.push(
            "log",
            serde_json::json!({ "level": level, "target": target, "message": message.into() }),
        );
    }

    /// Writes whole lines into `out`, waiting up to `wait` for the first.
    pub fn drain_into(&self, out: &mut [u8], wait: Duration) -> Drained {
        let deadline = Instant::now() + wait;
        let mut state = self.lock();
        while state.lines.is_empty() && state.lost_unreported == 0 {
            if state.closed {
                return Drained::Closed;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Drained::Bytes(0);
            }
            state = self
                .arrived
                .wait_timeout(state, left)
                .map_or_else(|e| e.into_inner().0, |(guard, _)| guard);
        }
        let mut written = 0;
        while let Some(line) = state.lines.front() {
            let end = written + line.len();
            if end > out.len() {
                return if written == 0 {
                    Drained::TooSmall(line.len())
                } else {
                    Drained::Bytes(written)
                };
            }
            out[written..end].copy_from_slice(line.as_bytes());
            written = end;
            if let Some(line) = state.lines.pop_front() {
                state.bytes -= line.len();
            }
        }
        if state.lost_unreported > 0 {
            // Reported only once the queue is empty, so the host's snapshot is newer than every lost event.
            let line = overflow_line(state.lost_unreported, (self.now_ns)());
            if written + line.len() <= out.len() {
                out[written..written + line.len()].copy_from_slice(line.as_bytes());
                written += line.len();
                state.lost_unreported = 0;
            } else if written == 0 {
                return Drained::TooSmall(line.len());
            }
        }
        Drained::Bytes(written)
    }

    /// No more events are taken; waiting drains return what is left, then [`Drained::Closed`].
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Bytes waiting, the limit, and the events lost since the engine opened.
    pub fn usage(&self) -> (usize, usize, u64) {
        let state = self.lock();
        (state.bytes, self.limit_bytes, state.lost)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock leaves a valid queue: every mutation is a push, a pop or a counter.
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn overflow_line(lost: u64, now_ns: u64) -> String {
    format!(
        "{}\n",
        serde_json::json!({ "ev": "overflow", "t": now_ns.to_string(), "lost": lost })
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn queue(limit: usize) -> EventQueue {
        EventQueue::new(limit, || 42)
    }

    fn drain(queue: &EventQueue, cap: usize) -> (Drained, String) {
        let mut out = vec![0; cap];
        let drained = queue.drain_into(&mut out, Duration::ZERO);
        let bytes = if let Drained::Bytes(n) = drained {
            n
        } else {
            0
        };
        (
            drained,
            String::from_utf8(out[..bytes].to_vec()).expect("utf-8"),
        )
    }

    #[test]
    fn events_come_out_whole_and_in_order() {
        let queue = queue(1000);
        queue.push("a", json!({ "n": 1 }));
        queue.push("b", json!({ "n": 2 }));
        let (_, first) = drain(&queue, 30);
        assert_eq!(first, "{\"ev\":\"a\",\"n\":1,\"t\":\"42\"}\n");
        assert_eq!(drain(&queue, 5).0, Drained::TooSmall(first.len()));
        assert!(drain(&queue, 100).1.contains("\"b\""));
    }

    #[test]
    fn a_full_queue_says_once_how_much_was_lost() {
        let queue = queue(64);
        (0..5).for_each(|n| queue.push("x", json!({ "n": n })));
        let text = drain(&queue, 1000).1;
        assert!(
            text.ends_with("{\"ev\":\"overflow\",\"lost\":3,\"t\":\"42\"}\n"),
            "{text}"
        );
        assert_eq!(drain(&queue, 1000), (Drained::Bytes(0), String::new()));
        assert_eq!(queue.usage().2, 3);
    }

    #[test]
    fn closing_ends_a_wait_after_the_rest_was_read() {
        let queue = queue(1000);
        queue.push("last", json!({}));
        queue.close();
        assert!(drain(&queue, 1000).1.contains("last"));
        assert_eq!(
            queue.drain_into(&mut [0; 10], Duration::from_secs(60)),
            Drained::Closed
        );
    }
}
