//! The wlroots source where Wayland is special: modes, outputs that go away, a hanging and a dying compositor, and
//! every way in which opening can fail.

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::fake_wayland::{FakeCompositor, GLOBALS, Script, message, remove_global};
use common::{
    Desk, SwayDesk, dropped_at_once, holds_once, open, wait_for, wait_for_answer, wait_for_fresh,
};
use pf_desktop::{
    Newest, PictureSize, PictureSource, Source, SourceConfig, SourceError, WlrootsConfig,
};
use pf_testkit::clock_ns;

fn refused(config: WlrootsConfig) -> SourceError {
    let started = Instant::now();
    let error =
        Source::open(&SourceConfig::Wlroots(config), clock_ns).expect_err("cannot be opened");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    eprintln!("{error}");
    error
}

fn config(display: impl Into<String>) -> WlrootsConfig {
    WlrootsConfig {
        display: Some(display.into()),
        output: None,
        fps: 60,
    }
}

#[test]
fn follows_the_output_through_mode_changes() {
    let Some(mut desk) = SwayDesk::start(1280, 720) else {
        return;
    };
    desk.paint(30.0);
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    for (width, height) in [(640, 360), (1920, 1080), (1280, 720)] {
        let mode = format!("output HEADLESS-1 resolution {width}x{height}");
        desk.server.command(&mode).expect("a mode");
        let size = PictureSize { width, height };
        wait_for(&mut source, |seen| seen.size == size);
        assert_eq!(source.info().size, size);
    }
}

#[test]
fn the_output_asked_for_is_captured() {
    let Some(desk) = SwayDesk::start(640, 360) else {
        return;
    };
    desk.server
        .command("create_output")
        .expect("a second output");
    let mode = "output HEADLESS-2 resolution 800x600";
    desk.server.command(mode).expect("a mode");
    let mut second = desk.wlroots_config(60);
    second.output = Some("HEADLESS-2".to_owned());
    let mut source = open(&SourceConfig::Wlroots(second));
    let seen = wait_for_fresh(&mut source);
    assert_eq!(
        seen.size,
        PictureSize {
            width: 800,
            height: 600
        }
    );
    let mut unknown = desk.wlroots_config(60);
    unknown.output = Some("DP-9".to_owned());
    assert_eq!(
        refused(unknown),
        SourceError::UnknownOutput {
            wanted: "DP-9".to_owned(),
            available: vec!["HEADLESS-1".to_owned(), "HEADLESS-2".to_owned()],
        }
    );
}

#[test]
fn a_stopped_compositor_stalls_blocks_nobody_and_comes_back() {
    let Some(mut desk) = SwayDesk::start(640, 360) else {
        return;
    };
    desk.paint(30.0);
    let mut source = open(&desk.config(60));
    wait_for(&mut source, |seen| seen.marker.is_some());
    desk.server.pause();
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Stalled { .. })
    });
    assert!(matches!(
        refused(desk.wlroots_config(60)),
        SourceError::NoAnswer { .. }
    ));
    desk.server.resume();
    wait_for(&mut source, |seen| seen.marker.is_some());
    drop(source);
    holds_once(|| {
        let mut source = open(&desk.config(60));
        wait_for(&mut source, |seen| seen.marker.is_some());
        desk.server.pause();
        std::thread::sleep(Duration::from_millis(50));
        let dropped = dropped_at_once(source);
        desk.server.resume();
        dropped
    });
}

#[test]
fn a_killed_compositor_is_told() {
    let Some(mut desk) = SwayDesk::start(640, 360) else {
        return;
    };
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    desk.server.kill();
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Lost(SourceError::ServerGone { .. }))
    });
}

#[test]
fn bad_displays_are_told_apart() {
    assert!(matches!(
        refused(config("")),
        SourceError::NoDisplay {
            variable: "WAYLAND_DISPLAY"
        }
    ));
    assert!(matches!(
        refused(config("/nowhere/wayland-0")),
        SourceError::Unreachable { .. }
    ));
    let long = format!("/{}", "x".repeat(300));
    assert!(matches!(
        refused(config(long)),
        SourceError::Unreachable { .. }
    ));
}

#[test]
fn a_compositor_without_screencopy_is_named_as_such() {
    let with = |name, globals| {
        let script = Script {
            globals,
            on_capture: |_| Vec::new(),
        };
        let compositor = FakeCompositor::scripted(name, script);
        refused(config(compositor.display()))
    };
    assert!(matches!(
        with("bare", &[]),
        SourceError::MissingExtension { .. }
    ));
    assert!(matches!(
        with("old", &[("wl_shm", 1), ("zwlr_screencopy_manager_v1", 2)]),
        SourceError::MissingExtension { extension, .. } if extension.contains("screencopy")
    ));
    assert!(matches!(
        with("blind", &GLOBALS[..2]),
        SourceError::UnknownOutput { available, .. } if available.is_empty()
    ));
}

/// A source on a compositor that knows everything and answers captures as told.
fn scripted(name: &str, on_capture: fn(u32) -> Vec<u8>) -> (FakeCompositor, Source) {
    let globals = GLOBALS;
    let compositor = FakeCompositor::scripted(
        name,
        Script {
            globals,
            on_capture,
        },
    );
    let source = open(&SourceConfig::Wlroots(config(compositor.display())));
    assert_eq!(
        source.info().size,
        PictureSize {
            width: 640,
            height: 360
        }
    );
    (compositor, source)
}

#[test]
fn an_output_that_goes_away_ends_the_source() {
    let (_compositor, mut source) = scripted("unplugged", |_| remove_global(2));
    wait_for_answer(
        &mut source,
        |newest| matches!(newest, Newest::Lost(SourceError::OutputGone { output }) if output == "output-3"),
    );
    assert!(source.repeat().is_none());
}

#[test]
fn captures_that_go_on_failing_are_a_stall() {
    const FAILED: u32 = 3;
    let (_compositor, mut source) = scripted("failing", |frame| message(frame, FAILED, &[]));
    wait_for_answer(&mut source, |newest| matches!(newest, Newest::NotYet));
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Stalled { .. })
    });
}

#[test]
fn pixels_that_are_no_picture_end_the_source() {
    const RGB565: u32 = 0x3631_4752;
    let offers: [fn(u32) -> Vec<u8>; 2] = [
        |frame| {
            [
                message(frame, 0, &[RGB565, 640, 360, 1280]),
                message(frame, 6, &[]),
            ]
            .concat()
        },
        |frame| {
            [
                message(frame, 0, &[1, u32::MAX, 360, 4]),
                message(frame, 6, &[]),
            ]
            .concat()
        },
    ];
    for on_capture in offers {
        let (_compositor, mut source) = scripted("pixels", on_capture);
        wait_for_answer(&mut source, |newest| {
            matches!(newest, Newest::Lost(SourceError::UnsupportedPixels { .. }))
        });
    }
}

#[test]
fn a_compositor_that_talks_nonsense_is_an_error() {
    let mut noise = 0x9abc_def1_1234_5678u64;
    let compositor = FakeCompositor::start("noise", move |mut stream| {
        let bytes: Vec<u8> = (0..256)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise as u8
            })
            .collect();
        // The client may have left by then.
        let _ = stream.write_all(&bytes[..(noise % 256) as usize]);
    });
    for _ in 0..200 {
        let config = SourceConfig::Wlroots(config(compositor.display()));
        Source::open(&config, clock_ns).expect_err("no compositor");
    }
}
