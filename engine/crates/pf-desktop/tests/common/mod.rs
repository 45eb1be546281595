//! Desks to capture, and a watcher that takes every picture and reads its marker.
#![allow(dead_code, reason = "each test program uses its own part")]

pub mod fake_wayland;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pf_desktop::marker::Marker;
use pf_desktop::{
    Newest, PictureSize, PictureSource, Source, SourceConfig, SourceStamp, SyntheticConfig,
    WlrootsConfig, X11Config,
};
use pf_testkit::{PaintSettings, Painter, Sway, Xvfb, available, clock_ns};

/// Something with a picture that the suite can set in motion and stop.
pub trait Desk {
    fn size(&self) -> PictureSize;
    fn config(&self, fps: u32) -> SourceConfig;
    /// Starts painting anew.
    fn paint(&mut self, fps: f64);
    /// Leaves one picture on the screen.
    fn paint_still(&mut self);
    fn painter_fps(&self) -> f64;
    fn source_fps(&self) -> u32 {
        60
    }
    /// Pictures that the desktop produces for each that is painted, at most.
    fn pictures_a_paint(&self) -> f64 {
        1.02
    }
    /// How long nothing can be expected to change; `None` for a desk that always moves.
    fn still_for(&self) -> Option<Duration>;
    /// From painting to a picture ready to be taken, at the median.
    fn latency_bound_us(&self) -> u32;
}

/// Desks share the machine's few cores: one at a time, or they measure each other.
static ONE_DESK: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    // A test that failed leaves nothing behind that another could stumble over.
    ONE_DESK.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct SyntheticDesk(PictureSize, MutexGuard<'static, ()>);

impl SyntheticDesk {
    pub fn new(width: u32, height: u32) -> Self {
        Self(PictureSize { width, height }, my_turn())
    }
}

impl Desk for SyntheticDesk {
    fn size(&self) -> PictureSize {
        self.0
    }
    fn config(&self, fps: u32) -> SourceConfig {
        SourceConfig::Synthetic(SyntheticConfig { size: self.0, fps })
    }
    fn paint(&mut self, _: f64) {}
    fn paint_still(&mut self) {}
    fn painter_fps(&self) -> f64 {
        60.0
    }
    fn still_for(&self) -> Option<Duration> {
        None
    }
    fn latency_bound_us(&self) -> u32 {
        5_000
    }
}

pub struct X11Desk {
    /// Ends first: a painter waits for a server that a failed test left stopped, and nobody would ever hear of that test.
    pub server: Xvfb,
    pub painter: Option<Painter>,
    pub size: PictureSize,
    _turn: MutexGuard<'static, ()>,
}

impl X11Desk {
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let turn = my_turn();
        let server = available(Xvfb::start(width, height))?;
        let size = PictureSize { width, height };
        Some(Self {
            painter: None,
            server,
            size,
            _turn: turn,
        })
    }

    pub fn paint_with(&mut self, settings: PaintSettings) {
        self.painter = None;
        self.painter = Some(started(Painter::x11(self.server.display(), settings)));
    }

    /// Pictures that the painter has put on the screen.
    pub fn painted(&self) -> u32 {
        self.painter.as_ref().map_or(0, Painter::painted)
    }

    pub fn x11_config(&self, fps: u32) -> X11Config {
        X11Config {
            display: Some(self.server.display()),
            output: None,
            fps,
        }
    }
}

impl Desk for X11Desk {
    fn size(&self) -> PictureSize {
        self.size
    }
    fn config(&self, fps: u32) -> SourceConfig {
        SourceConfig::X11(self.x11_config(fps))
    }
    fn paint(&mut self, fps: f64) {
        self.paint_with(PaintSettings::at(fps));
    }
    fn paint_still(&mut self) {
        self.paint_with(PaintSettings::then_hold(60.0, 1));
    }
    fn painter_fps(&self) -> f64 {
        60.0
    }
    fn still_for(&self) -> Option<Duration> {
        Some(Duration::from_secs(2))
    }
    fn latency_bound_us(&self) -> u32 {
        5_000
    }
}

pub struct SwayDesk {
    /// Ends first, as an X server does.
    pub server: Sway,
    pub painter: Option<Painter>,
    pub size: PictureSize,
    _turn: MutexGuard<'static, ()>,
}

impl SwayDesk {
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let turn = my_turn();
        let server = available(Sway::start(&format!("{width}x{height}@60Hz")))?;
        let size = PictureSize { width, height };
        Some(Self {
            painter: None,
            server,
            size,
            _turn: turn,
        })
    }

    pub fn wlroots_config(&self, fps: u32) -> WlrootsConfig {
        WlrootsConfig {
            display: Some(self.server.display()),
            output: None,
            fps,
        }
    }

    fn paint_with(&mut self, settings: PaintSettings) {
        self.painter = None;
        self.painter = Some(started(Painter::wayland(self.server.display(), settings)));
    }
}

impl Desk for SwayDesk {
    fn size(&self) -> PictureSize {
        self.size
    }
    fn config(&self, fps: u32) -> SourceConfig {
        SourceConfig::Wlroots(self.wlroots_config(fps))
    }
    fn paint(&mut self, fps: f64) {
        self.paint_with(PaintSettings::at(fps));
    }
    fn paint_still(&mut self) {
        self.paint_with(PaintSettings::then_hold(60.0, 1));
    }
    /// A third of the refresh rate: nearer to it the compositor itself merges pictures when it is late.
    fn painter_fps(&self) -> f64 {
        20.0
    }
    /// wlroots 0.15 hands out some pictures a second time one refresh later.
    fn pictures_a_paint(&self) -> f64 {
        2.0
    }
    fn still_for(&self) -> Option<Duration> {
        Some(Duration::from_secs(2))
    }
    /// A refresh of the compositor is part of it.
    fn latency_bound_us(&self) -> u32 {
        25_000
    }
}

fn started(painter: Painter) -> Painter {
    let until = Instant::now() + Duration::from_secs(5);
    while painter.painted() == 0 {
        if painter.has_ended() {
            panic!("{:?}", painter.stop());
        }
        assert!(Instant::now() < until, "the painter never painted");
        std::thread::sleep(Duration::from_millis(1));
    }
    painter
}

pub fn open(config: &SourceConfig) -> Source {
    Source::open(config, clock_ns).unwrap_or_else(|error| panic!("{error}"))
}

/// A picture that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// `None` when it cannot be read.
    pub marker: Option<Marker>,
    pub stamp: SourceStamp,
    pub size: PictureSize,
}

/// The next picture that was not taken before.
pub fn wait_for_fresh(source: &mut Source) -> Seen {
    wait_for(source, |_| true)
}

/// The next picture for which `wanted` is true.
pub fn wait_for(source: &mut Source, mut wanted: impl FnMut(&Seen) -> bool) -> Seen {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match source.newest(clock_ns()) {
            Newest::Fresh { picture, stamp } => {
                let seen = Seen {
                    marker: Marker::read_bgrx(picture.data, picture.stride_bytes).ok(),
                    stamp,
                    size: picture.size,
                };
                if wanted(&seen) {
                    return seen;
                }
            }
            Newest::Lost(error) => panic!("{error}"),
            _ => {}
        }
        assert!(Instant::now() < until, "no such picture");
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Calls `newest` until it answers as wanted; no call may take longer than 5 ms.
pub fn wait_for_answer(source: &mut Source, wanted: impl Fn(&Newest<'_>) -> bool) {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let waited = waits();
        let called = Instant::now();
        let newest = source.newest(clock_ns());
        let took = called.elapsed();
        // A core that somebody else took is no fault of its; that it waits for something would be.
        assert!(
            took < Duration::from_millis(5) || (waited.is_some() && waits() == waited),
            "newest took {took:?}"
        );
        if wanted(&newest) {
            return;
        }
        assert!(Instant::now() < until, "still {newest:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How often this thread gave its core away by itself.
fn waits() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// For rates and times: painter, server and source share the machine's cores with whatever else runs, so one good
/// attempt of five is enough. What must hold always is asserted within the attempt.
pub fn holds_once(mut attempt: impl FnMut() -> Result<(), String>) {
    let shortfalls: Vec<String> = (0..5).map_while(|_| attempt().err()).collect();
    assert!(shortfalls.len() < 5, "{shortfalls:#?}");
}

/// Drops a source, for [`holds_once`]: at once where the cores are free, and never as late as a server that is stopped.
pub fn dropped_at_once(source: Source) -> Result<(), String> {
    let began = Instant::now();
    drop(source);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "dropped in {took:?}");
    if took < Duration::from_millis(200) {
        Ok(())
    } else {
        Err(format!("dropped in {took:?}"))
    }
}

/// What came of taking pictures for a while.
#[derive(Debug, Default)]
pub struct Watch {
    /// Pictures with a marker, and how many of them with a counter of their own.
    pub pictures: u32,
    pub distinct: u32,
    pub first_counter: u32,
    pub last_counter: u32,
    pub first_sequence: u32,
    pub last_sequence: u32,
    pub unreadable: u32,
    pub backwards: u32,
    ages_us: AgesUs,
    slowest_call: Duration,
}

/// Sorted; printed as quantiles.
#[derive(Default)]
struct AgesUs(Vec<u32>);

impl std::fmt::Debug for AgesUs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |pct: usize| self.0.get(self.0.len().saturating_sub(1) * pct / 100);
        write!(f, "p50 {:?} p90 {:?} max {:?}", at(50), at(90), at(100))
    }
}

impl Watch {
    /// Asks four times a frame interval, so that no picture is replaced before it was taken.
    pub fn run(source: &mut Source, length: Duration, fps: u32) -> Self {
        let mut watch = Self::default();
        let mut last: Option<(Marker, SourceStamp)> = None;
        let until = Instant::now() + length;
        while Instant::now() < until {
            let called = Instant::now();
            let newest = source.newest(clock_ns());
            watch.slowest_call = watch.slowest_call.max(called.elapsed());
            match newest {
                Newest::Fresh { picture, stamp } => {
                    match Marker::read_bgrx(picture.data, picture.stride_bytes) {
                        Ok(marker) => watch.note(marker, stamp, &mut last),
                        // Before the first marker it is the screen without a painter.
                        Err(_) => watch.unreadable += u32::from(last.is_some()),
                    }
                }
                Newest::Lost(error) => panic!("{error}"),
                _ => {}
            }
            std::thread::sleep(Duration::from_secs(1) / (fps * 4));
        }
        watch.ages_us.0.sort_unstable();
        watch
    }

    fn note(
        &mut self,
        marker: Marker,
        stamp: SourceStamp,
        last: &mut Option<(Marker, SourceStamp)>,
    ) {
        if let Some((before, before_stamp)) = *last {
            // A desktop may redraw what it showed already, so the same counter may come twice.
            let forwards = marker.counter >= before.counter
                && stamp.sequence > before_stamp.sequence
                && stamp.painted_ns > before_stamp.painted_ns
                && stamp.published_ns > before_stamp.published_ns;
            self.backwards += u32::from(!forwards || stamp.published_ns < stamp.painted_ns);
        } else {
            self.first_counter = marker.counter;
            self.first_sequence = stamp.sequence;
        }
        self.pictures += 1;
        self.distinct += u32::from(last.is_none_or(|(before, _)| before.counter != marker.counter));
        self.last_counter = marker.counter;
        self.last_sequence = stamp.sequence;
        self.ages_us.0.push(marker.age_us(stamp.published_ns));
        *last = Some((marker, stamp));
    }

    pub fn age_us(&self, pct: usize) -> u32 {
        self.ages_us.0[(self.ages_us.0.len() - 1) * pct / 100]
    }
}
