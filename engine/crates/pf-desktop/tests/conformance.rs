//! What every source promises, checked on every source: `synthetic`, `x11` on Xvfb, `wlroots` on headless sway.
//! Needs Xvfb and sway; without them the tests say so and are skipped.

mod common;

use std::time::{Duration, Instant};

use common::{
    Desk, SwayDesk, SyntheticDesk, Watch, X11Desk, dropped_at_once, holds_once, open,
    wait_for_fresh,
};
use pf_desktop::{Newest, PictureSource, Source};
use pf_testkit::clock_ns;

/// Runs the suite on one desk.
fn conforms(desk: &mut impl Desk) {
    first_picture_within_a_second_and_of_the_size_told(desk);
    every_paint_is_counted_and_stamped(desk);
    nothing_new_while_nothing_changes(desk);
    dropping_joins_at_once(desk);
    can_be_opened_twice(desk);
    a_trial_measures_without_any_change(desk);
    opening_and_dropping_leaves_nothing_behind(desk);
}

#[test]
fn synthetic_conforms() {
    conforms(&mut SyntheticDesk::new(1280, 720));
}

#[test]
fn x11_conforms() {
    if let Some(mut desk) = X11Desk::start(1280, 720) {
        conforms(&mut desk);
    }
}

#[test]
fn wlroots_conforms() {
    if let Some(mut desk) = SwayDesk::start(1280, 720) {
        conforms(&mut desk);
    }
}

fn first_picture_within_a_second_and_of_the_size_told(desk: &mut impl Desk) {
    desk.paint_still();
    let opened = Instant::now();
    let mut source = open(&desk.config(60));
    assert!(
        opened.elapsed() < Duration::from_secs(1),
        "{:?}",
        opened.elapsed()
    );
    let told = source.info();
    assert_eq!(told.size, desk.size(), "{told:?}");
    let first = wait_for_fresh(&mut source);
    assert!(
        opened.elapsed() < Duration::from_secs(1),
        "{:?}",
        opened.elapsed()
    );
    assert_eq!(first.size, desk.size());
    assert_eq!(first.stamp.sequence, 1);
    assert!(first.marker.is_some(), "{first:?}");
    assert!(source.repeat().is_some());
}

fn every_paint_is_counted_and_stamped(desk: &mut impl Desk) {
    holds_once(|| {
        desk.paint(desk.painter_fps());
        let mut source = open(&desk.config(desk.source_fps()));
        let watch = Watch::run(&mut source, Duration::from_secs(4), desk.source_fps());
        eprintln!("{}: {watch:?}", source.info().detail);
        assert_eq!(watch.unreadable, 0, "pictures without a marker");
        assert_eq!(watch.backwards, 0, "counter or stamp went backwards");
        let painted = f64::from(watch.last_counter - watch.first_counter);
        let counted = f64::from(watch.last_sequence - watch.first_sequence);
        let taken = f64::from(watch.distinct - 1);
        let good = painted >= 3.5 * desk.painter_fps()
            && (0.98..=desk.pictures_a_paint()).contains(&(counted / painted))
            && taken >= 0.98 * painted
            && watch.age_us(50) <= desk.latency_bound_us();
        good.then_some(()).ok_or_else(|| format!("{watch:?}"))
    });
}

fn nothing_new_while_nothing_changes(desk: &mut impl Desk) {
    let Some(still_for) = desk.still_for() else {
        return;
    };
    desk.paint_still();
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    // What the painter's last picture or the compositor's start still brings.
    std::thread::sleep(Duration::from_millis(300));
    let _ = source.newest(clock_ns());
    let counted = source.counted();
    let until = Instant::now() + still_for;
    while Instant::now() < until {
        assert!(matches!(source.newest(clock_ns()), Newest::Unchanged));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(source.counted(), counted);
    assert!(source.repeat().is_some(), "the last picture stays");
}

fn dropping_joins_at_once(desk: &mut impl Desk) {
    holds_once(|| {
        let mut source = open(&desk.config(60));
        wait_for_fresh(&mut source);
        dropped_at_once(source)
    });
}

fn can_be_opened_twice(desk: &mut impl Desk) {
    desk.paint(desk.painter_fps());
    let mut sources: Vec<Source> = (0..2).map(|_| open(&desk.config(60))).collect();
    for source in &mut sources {
        let first = wait_for_fresh(source).marker.map(|marker| marker.counter);
        let second = wait_for_fresh(source).marker.map(|marker| marker.counter);
        assert!(first.is_some() && first < second, "{first:?} {second:?}");
    }
}

fn a_trial_measures_without_any_change(desk: &mut impl Desk) {
    desk.paint_still();
    let trial =
        Source::trial(&desk.config(60), 30, clock_ns).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(trial.info.size, desk.size());
    assert_eq!(trial.took_ns.len(), 30);
    let slowest = trial.took_ns.iter().max();
    assert!(
        slowest.is_some_and(|&ns| ns > 0 && ns < 100_000_000),
        "{slowest:?}"
    );
}

fn opening_and_dropping_leaves_nothing_behind(desk: &mut impl Desk) {
    desk.paint(desk.painter_fps());
    let open_once = || {
        let mut source = open(&desk.config(60));
        wait_for_fresh(&mut source);
    };
    open_once();
    let before = (held("fd"), held("task"));
    (0..20).for_each(|_| open_once());
    assert_eq!(
        (held("fd"), held("task")),
        before,
        "descriptors and threads"
    );
}

/// Entries of this process's folder in /proc.
fn held(kind: &str) -> usize {
    let entries = std::fs::read_dir(format!("/proc/self/{kind}"));
    entries.map_or(0, |entries| entries.count())
}

/// Not a test of anything: prints what a picture costs. Run with `--ignored --nocapture --release`.
#[test]
#[ignore = "a measurement"]
fn cost_of_a_picture() {
    fn print(desk: &mut impl Desk) {
        desk.paint_still();
        let mut trial = Source::trial(&desk.config(60), 150, clock_ns)
            .unwrap_or_else(|error| panic!("{error}"));
        trial.took_ns.sort_unstable();
        let at = |pct: usize| trial.took_ns[(trial.took_ns.len() - 1) * pct / 100] as f64 / 1e6;
        println!(
            "{}: p50 {:.3} ms, p99 {:.3} ms",
            trial.info.detail,
            at(50),
            at(99)
        );
    }
    print(&mut SyntheticDesk::new(1920, 1080));
    if let Some(mut desk) = X11Desk::start(1920, 1080) {
        print(&mut desk);
        desk.paint(desk.painter_fps());
        let mut source = open(&desk.config(60));
        println!("{:?}", Watch::run(&mut source, Duration::from_secs(8), 60));
    }
    if let Some(mut desk) = SwayDesk::start(1920, 1080) {
        print(&mut desk);
        desk.paint(desk.painter_fps());
        let mut source = open(&desk.config(60));
        println!("{:?}", Watch::run(&mut source, Duration::from_secs(8), 60));
    }
}

#[test]
fn a_source_can_be_handed_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<Source>();
}
