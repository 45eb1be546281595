//! What really happened to each frame of a scripted session, told by the parts themselves and written as JSON lines
//! (docs/test-scripts.md has every field). A frame carries its own page; when the frame is over, the page goes through a
//! bounded channel to a thread that writes. Nobody who has a frame in hand waits for it: a page that does not fit is
//! counted as lost.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_stats::{Boundary, FrameTimer, mark, mark_at};
use serde_json::{Map, Value, json};

use crate::events::Level;
use crate::request::Refusal;
use crate::script::plan::{Cursor, Orders};
use crate::script::request::{Place, Script};
use crate::shared::SessionShared;

/// Pages that may wait for the writer: 17 s at 240 frames a second.
const PAGES: usize = 4096;
/// How often the writer looks; it is never woken, which would cost whoever hands it a page.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes written at once.
const CHUNK_BYTES: usize = 1 << 16;

/// Two moments of the engine clock, ns: right before and right after something.
type Span = (u64, u64);

/// A frame of a scripted session: what it is ordered to suffer, and what became of it.
#[derive(Debug, Default)]
pub struct ScriptedFrame {
    /// What the script says.
    pub orders: Orders,
    /// Counts the turns of the session from 0, whether a frame came of them or not.
    pub nth: u64,
    /// What the source did.
    pub source: Option<SourceTruth>,
    /// The encoder's target, kb/s.
    pub bitrate_kbps: u32,
    /// What became of the script's request for a key frame.
    pub key_request: Option<&'static str>,
    /// What became of the script's range of lost frames, and which they were.
    pub invalidation: Option<(&'static str, u32, u32)>,
    /// What the encoder was asked for.
    pub asked: Option<&'static str>,
    /// Bounds of the range, when it was asked for less than a key frame.
    pub asked_range: Option<(u32, u32)>,
    /// What it made.
    pub made: Option<&'static str>,
    /// The encoder failed, and another took its place.
    pub reopened: bool,
    /// The frame's number on the wire; 0 without one.
    pub frame: u32,
    /// Bytes of the access unit, as the encoder's buffer holds them.
    pub bytes: usize,
    /// Datagrams it was cut into.
    pub packets: usize,
    /// Datagrams that the kernel took.
    pub handed: usize,
    /// Datagrams thrown away on purpose.
    pub dropped: usize,
    /// Datagrams that the kernel or the network refused.
    pub refused: u32,
    /// How it ended.
    pub outcome: &'static str,
    passed: [Option<Span>; Place::COUNT],
    spun: [Option<Span>; Place::COUNT],
}

/// What the source did for one frame, as the source itself has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceTruth {
    /// Whether it gave a picture that it had not given before.
    pub given: bool,
    /// Pictures that it has made.
    pub sequence: u32,
    /// When it painted the last of them, engine clock.
    pub painted_ns: u64,
}

impl ScriptedFrame {
    /// Waits where the script says so.
    pub fn stall(&mut self, place: Place, now_ns: fn() -> u64) {
        let us = self.orders.stall_us[place as usize];
        if us == 0 {
            return;
        }
        let from = now_ns();
        let until = from + u64::from(us) * 1000;
        let mut now = from;
        while now < until {
            std::hint::spin_loop();
            now = now_ns();
        }
        self.spun[place as usize] = Some((from, now));
    }

    /// The place was passed: `before_ns` right before its boundary was stamped, `after_ns` right after.
    pub fn pass(&mut self, place: Place, before_ns: u64, after_ns: u64) {
        self.passed[place as usize] = Some((before_ns, after_ns));
    }

    fn line(&self, session: u16) -> Value {
        let datagrams = json!({
            "packets": self.packets, "handed": self.handed, "dropped": self.dropped, "refused": self.refused
        });
        let mut line = json!({
            "truth": "frame", "session": session, "nth": self.nth, "at": spans(&self.passed),
            "outcome": self.outcome, "bytes": self.bytes, "bitrate_kbps": self.bitrate_kbps,
            "datagrams": datagrams,
        });
        let source = self.source.map(|source| {
            json!({
                "given": source.given, "sequence": source.sequence,
                "painted_ns": source.painted_ns.to_string()
            })
        });
        let frame = (self.frame > 0).then_some(self.frame);
        let invalidation = self
            .invalidation
            .map(|(effect, first, last)| json!({ "effect": effect, "first": first, "last": last }));
        let spun = spans(&self.spun);
        let known = [
            ("source", source),
            ("frame", frame.map(Value::from)),
            ("asked", self.asked.map(Value::from)),
            ("asked_range", self.asked_range.map(|(a, b)| json!([a, b]))),
            ("made", self.made.map(Value::from)),
            ("reopened", self.reopened.then_some(true.into())),
            ("key_request", self.key_request.map(Value::from)),
            ("invalidation", invalidation),
            ("spun", (!spun.is_empty()).then_some(Value::Object(spun))),
        ];
        if let Some(object) = line.as_object_mut() {
            // What nobody did or knows is absent.
            let known = known.into_iter();
            object.extend(known.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        line
    }
}

fn spans(spans: &[Option<Span>; Place::COUNT]) -> Map<String, Value> {
    let text = |(from, to): Span| json!([from.to_string(), to.to_string()]);
    let named = Place::NAMES.into_iter().zip(spans);
    named
        .filter_map(|(name, span)| Some((name.to_owned(), text((*span)?))))
        .collect()
}

/// Stamps a boundary; with a script, the truth log gets the moments right before and after it.
#[inline]
pub fn stamp(
    scripted: &mut Option<Box<ScriptedFrame>>,
    timer: &mut Option<FrameTimer>,
    boundary: Boundary,
    now_ns: fn() -> u64,
) {
    let Some(frame) = scripted else {
        return mark(timer, boundary, now_ns);
    };
    let before_ns = now_ns();
    mark(timer, boundary, now_ns);
    let after_ns = now_ns();
    frame.pass(Place::ENDING_AT[boundary as usize], before_ns, after_ns);
}

/// As [`stamp`], with a moment that the caller needs whether anybody looks or not; answers it.
#[inline]
pub fn stamp_now(
    scripted: &mut Option<Box<ScriptedFrame>>,
    timer: &mut Option<FrameTimer>,
    boundary: Boundary,
    now_ns: fn() -> u64,
) -> u64 {
    let before_ns = scripted.as_ref().map(|_| now_ns());
    let at_ns = now_ns();
    mark_at(timer, boundary, at_ns);
    if let (Some(frame), Some(before_ns)) = (scripted, before_ns) {
        frame.pass(Place::ENDING_AT[boundary as usize], before_ns, now_ns());
    }
    at_ns
}

/// Waits at a place, where a script says so.
#[inline]
pub fn stall(scripted: &mut Option<Box<ScriptedFrame>>, place: Place, now_ns: fn() -> u64) {
    if let Some(frame) = scripted {
        frame.stall(place, now_ns);
    }
}

/// The video thread's part of a script.
pub struct Player {
    cursor: Cursor,
    /// Where frames that never reach the sender tell their end.
    pub truth: TruthSender,
}

impl Player {
    /// Begins turn `nth`; turns are begun in order.
    pub fn begin(&mut self, nth: u64) -> Box<ScriptedFrame> {
        Box::new(ScriptedFrame {
            orders: self.cursor.orders(nth),
            nth,
            outcome: "failed",
            ..ScriptedFrame::default()
        })
    }
}

/// Where frames that are over go. Without a file they end here.
#[derive(Clone, Default)]
pub struct TruthSender {
    pages: Option<SyncSender<Box<ScriptedFrame>>>,
    lost: Arc<AtomicU64>,
}

impl TruthSender {
    /// The frame is over.
    pub fn tell(&self, frame: Box<ScriptedFrame>) {
        let Some(pages) = &self.pages else { return };
        if pages.try_send(frame).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The thread that writes a session's truth.
pub struct TruthLog(JoinHandle<()>);

impl TruthLog {
    /// Starts playing a script. Without a file nothing is written, and there is no thread.
    pub fn start(
        script: &Script,
        session: &Arc<SessionShared>,
    ) -> Result<(Option<Self>, Player), Refusal> {
        let cursor = Cursor::new(Arc::clone(&script.actions));
        let Some(file) = script.truth.clone() else {
            let truth = TruthSender::default();
            return Ok((None, Player { cursor, truth }));
        };
        let (pages, waiting) = sync_channel(PAGES);
        let truth = TruthSender {
            pages: Some(pages),
            lost: Arc::default(),
        };
        let writer = Writer {
            session: Arc::clone(session),
            file,
            lost: Arc::clone(&truth.lost),
            text: Vec::new(),
            frames: 0,
            failed: false,
        };
        let actions = script.actions.len();
        let thread = std::thread::Builder::new()
            .name(format!("pf-truth-{}", session.number()))
            .spawn(move || writer.run(&waiting, actions))
            .map_err(|e| {
                Refusal::new("no_thread", format!("The truth thread did not start: {e}."))
            })?;
        Ok((Some(Self(thread)), Player { cursor, truth }))
    }

    /// Waits until everything is written. Every [`TruthSender`] must be gone by then.
    pub fn finish(self) {
        // A panic was told when it happened.
        drop(self.0.join());
    }
}

struct Writer {
    session: Arc<SessionShared>,
    file: Arc<File>,
    lost: Arc<AtomicU64>,
    text: Vec<u8>,
    frames: u64,
    failed: bool,
}

impl Writer {
    fn run(mut self, pages: &Receiver<Box<ScriptedFrame>>, actions: usize) {
        let number = self.session.number();
        let request = &self.session.request;
        let begin = json!({
            "truth": "session", "version": 1, "session": number, "t": self.now(), "fps": request.fps,
            "width": request.width, "height": request.height, "source_name": request.source,
            "bitrate_kbps": request.bitrate_kbps, "actions": actions,
        });
        self.add(&begin);
        loop {
            match pages.try_recv() {
                Ok(page) => {
                    self.frames += 1;
                    self.add(&page.line(number));
                }
                Err(TryRecvError::Empty) => {
                    self.write();
                    std::thread::sleep(LOOK);
                }
                Err(TryRecvError::Disconnected) => break,
            }
        }
        let lost = self.lost.load(Ordering::Relaxed);
        let end = json!({
            "truth": "end", "session": number, "t": self.now(), "frames": self.frames, "lost": lost,
        });
        self.add(&end);
        self.write();
    }

    fn now(&self) -> String {
        (self.session.engine.now_ns)().to_string()
    }

    fn add(&mut self, line: &Value) {
        // Writing to memory does not fail.
        let _: std::io::Result<()> = writeln!(self.text, "{line}");
        if self.text.len() >= CHUNK_BYTES {
            self.write();
        }
    }

    /// Whole lines at once: several sessions may append to one file.
    fn write(&mut self) {
        if self.failed || self.text.is_empty() {
            self.text.clear();
            return;
        }
        let mut file: &File = &self.file;
        if let Err(error) = file.write_all(&self.text) {
            self.failed = true;
            let text = format!("The truth of a scripted stream cannot be written: {error}.");
            let events = &self.session.engine.events;
            events.log(Level::Warn, "script", text);
        }
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Drained;
    use crate::shared::{EngineShared, PingSecrets};

    fn now() -> u64 {
        pf_net::monotonic_ns()
    }

    #[test]
    fn a_wait_lasts_as_long_as_ordered_and_tells_when_it_really_ended() {
        let mut frame = ScriptedFrame::default();
        frame.orders.stall_us[Place::Encoded as usize] = 300;
        frame.stall(Place::Converted, now);
        frame.stall(Place::Encoded, now);
        assert_eq!(frame.spun[Place::Converted as usize], None);
        let (from, to) = frame.spun[Place::Encoded as usize].expect("it waited");
        assert!(to - from >= 300_000 && to <= now(), "{from} {to}");
    }

    #[test]
    fn the_boundary_in_the_record_lies_between_the_moments_in_the_truth() {
        let mut scripted = Some(Box::new(ScriptedFrame::default()));
        let grabbed = now();
        let mut timer = Some(FrameTimer::begin(1, grabbed));
        stamp(&mut scripted, &mut timer, Boundary::LastSent, now);
        let recorded = timer.expect("measured").record.boundaries[Boundary::LastSent as usize];
        let frame = scripted.expect("scripted");
        let (before, after) = frame.passed[Place::LastSent as usize].expect("passed");
        assert!((before..=after).contains(&(grabbed + u64::from(recorded))));
    }

    #[test]
    fn what_nobody_knows_is_absent_in_a_line() {
        let frame = ScriptedFrame {
            outcome: "no_picture",
            ..ScriptedFrame::default()
        };
        let line = frame.line(3);
        assert_eq!(line["session"], 3);
        for absent in ["source", "frame", "asked", "made", "spun", "key_request"] {
            assert_eq!(line.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_file_that_takes_nothing_is_told_once_and_the_session_goes_on() {
        let events = Arc::new(EngineShared::new(1 << 16, now));
        let request = serde_json::from_value(json!({
            "kind": "gamestream", "client": "test", "listener": 1, "ping_payload": "0123456789abcdef",
            "packet_size": 1392, "fec_pct": 20, "min_parity": 2, "source": "synthetic", "width": 640, "height": 360,
            "fps": 60, "bitrate_kbps": 5000, "codec": "h264", "encoder": "auto"
        }));
        let session = SessionShared::new(
            1,
            request.expect("a request"),
            PingSecrets::default(),
            Arc::clone(&events),
        );
        // Opened for reading: every write fails, as on a full disk.
        let file = File::open(std::env::current_exe().expect("a test")).expect("is there");
        let (pages, waiting) = sync_channel(PAGES);
        for _ in 0..500 {
            pages.try_send(Box::default()).expect("room");
        }
        drop(pages);
        let writer = Writer {
            session: Arc::new(session),
            file: Arc::new(file),
            lost: Arc::default(),
            text: Vec::new(),
            frames: 0,
            failed: false,
        };
        writer.run(&waiting, 0);
        let mut out = vec![0; 1 << 16];
        let Drained::Bytes(bytes) = events.events.drain_into(&mut out, Duration::ZERO) else {
            panic!("nothing was told");
        };
        let told = String::from_utf8_lossy(&out[..bytes]);
        assert_eq!(told.matches("cannot be written").count(), 1, "{told}");
    }

    #[test]
    fn a_writer_that_does_not_keep_up_loses_pages_and_counts_them() {
        let (pages, waiting) = sync_channel(2);
        let truth = TruthSender {
            pages: Some(pages),
            lost: Arc::default(),
        };
        (0..5).for_each(|_| truth.tell(Box::default()));
        assert_eq!(truth.lost.load(Ordering::Relaxed), 3);
        assert_eq!(waiting.try_iter().count(), 2);
    }
}
