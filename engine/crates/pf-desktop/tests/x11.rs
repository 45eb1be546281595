//! The X11 source where X11 is special: modes, a hanging and a dying server, the pointer, bursts, distant servers,
//! and every way in which opening can fail.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::{
    Desk, Seen, Watch, X11Desk, dropped_at_once, holds_once, open, wait_for, wait_for_answer,
    wait_for_fresh,
};
use pf_desktop::{
    Newest, PictureSize, PictureSource, Source, SourceConfig, SourceError, X11Config,
};
use pf_testkit::{PaintSettings, Xvfb, XvfbSettings, available, clock_ns};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

fn refused(config: X11Config) -> SourceError {
    let started = Instant::now();
    let error = Source::open(&SourceConfig::X11(config), clock_ns).expect_err("cannot be opened");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    eprintln!("{error}");
    error
}

fn config(display: impl Into<String>) -> X11Config {
    X11Config {
        display: Some(display.into()),
        output: None,
        fps: 60,
    }
}

#[test]
fn follows_the_screen_through_mode_changes() {
    let Some(mut desk) = X11Desk::start(1280, 720) else {
        return;
    };
    desk.paint(60.0);
    let mut source = open(&desk.config(60));
    let mut before: Option<Seen> = None;
    for (width, height) in [(640, 360), (1024, 700), (320, 200), (1280, 720)] {
        desk.server
            .set_mode(width, height)
            .expect("a mode within the screen");
        let size = PictureSize {
            width: width.into(),
            height: height.into(),
        };
        let seen = wait_for(&mut source, |seen| {
            seen.size == size && seen.marker.is_some()
        });
        assert!(before.is_none_or(|before| seen.stamp.sequence > before.stamp.sequence));
        assert_eq!(source.info().size, size);
        assert!(source.info().detail.contains(&format!("{width}x{height}")));
        before = Some(seen);
    }
}

#[test]
fn an_output_that_is_switched_off_stalls_and_comes_back() {
    let Some(mut desk) = X11Desk::start(640, 360) else {
        return;
    };
    desk.paint(60.0);
    let mut named = desk.x11_config(60);
    named.output = Some("screen".to_owned());
    let mut source = open(&SourceConfig::X11(named.clone()));
    wait_for_fresh(&mut source);
    desk.server.switch_off().expect("an output that is on");
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Stalled { .. })
    });
    assert!(matches!(refused(named), SourceError::OutputOff { output } if output == "screen"));
    desk.server.set_mode(640, 360).expect("the mode it had");
    wait_for_fresh(&mut source);
}

#[test]
fn a_stopped_server_stalls_blocks_nobody_and_comes_back() {
    let Some(mut desk) = X11Desk::start(1280, 720) else {
        return;
    };
    desk.paint(60.0);
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    desk.server.pause();
    let paused_ns = clock_ns();
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Stalled { .. })
    });
    let Newest::Stalled { since_ns } = source.newest(clock_ns()) else {
        panic!("no longer stalled");
    };
    assert!(
        since_ns.abs_diff(paused_ns) < 200_000_000,
        "since {since_ns}, paused {paused_ns}"
    );
    assert!(source.repeat().is_some(), "the last picture stays");
    let counted = source.counted();
    desk.server.resume();
    let seen = wait_for(&mut source, |seen| seen.marker.is_some());
    assert!(seen.stamp.sequence >= counted);
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Unchanged | Newest::Fresh { .. })
    });
}

#[test]
fn can_be_dropped_and_fails_to_open_in_time_while_the_server_is_stopped() {
    let Some(desk) = X11Desk::start(640, 360) else {
        return;
    };
    holds_once(|| {
        desk.server.resume();
        let mut source = open(&desk.config(60));
        wait_for_fresh(&mut source);
        desk.server.pause();
        std::thread::sleep(Duration::from_millis(50));
        dropped_at_once(source)
    });
    let error = refused(desk.x11_config(60));
    assert!(matches!(error, SourceError::NoAnswer { .. }), "{error:?}");
}

#[test]
fn a_killed_server_is_told_with_the_last_picture_kept() {
    let Some(mut desk) = X11Desk::start(640, 360) else {
        return;
    };
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    desk.server.kill();
    wait_for_answer(&mut source, |newest| {
        matches!(newest, Newest::Lost(SourceError::ServerGone { .. }))
    });
    assert!(source.repeat().is_some());
}

#[test]
fn bad_displays_are_told_apart() {
    assert!(matches!(
        refused(config("")),
        SourceError::NoDisplay {
            variable: "DISPLAY"
        }
    ));
    assert!(matches!(
        refused(config("nonsense")),
        SourceError::BadDisplayName { .. }
    ));
    assert!(matches!(
        refused(config(":40123")),
        SourceError::Unreachable { .. }
    ));
    let Some(desk) = X11Desk::start(640, 360) else {
        return;
    };
    let second_screen = format!("{}.7", desk.server.display());
    assert!(matches!(
        refused(config(second_screen)),
        SourceError::BadDisplayName { .. }
    ));
    let mut elsewhere = desk.x11_config(60);
    elsewhere.output = Some("HDMI-7".to_owned());
    assert_eq!(
        refused(elsewhere),
        SourceError::UnknownOutput {
            wanted: "HDMI-7".to_owned(),
            available: vec!["screen".to_owned()],
        }
    );
    for fps in [0, 100_000] {
        let mut hasty = desk.x11_config(60);
        hasty.fps = fps;
        assert_eq!(refused(hasty), SourceError::BadRate { fps });
    }
}

#[test]
fn servers_that_lack_something_say_what() {
    let start = |depth, arguments: &[&str]| {
        available(Xvfb::start_with(&XvfbSettings {
            size: (320, 200),
            depth,
            arguments: arguments
                .iter()
                .map(|&argument| argument.to_owned())
                .collect(),
        }))
    };
    let Some(shallow) = start(16, &[]) else {
        return;
    };
    assert!(matches!(
        refused(config(shallow.display())),
        SourceError::UnsupportedPixels { got, .. } if got.contains("depth 16")
    ));
    let Some(silent) = start(24, &["-extension", "DAMAGE"]) else {
        return;
    };
    assert!(matches!(
        refused(config(silent.display())),
        SourceError::MissingExtension { extension, .. } if extension.contains("DAMAGE")
    ));
    let cookie = std::env::temp_dir().join(format!("pf-xauth-{}", std::process::id()));
    std::fs::write(&cookie, authority()).expect("a file of our own");
    let guarded = start(24, &["-auth", &cookie.to_string_lossy()]);
    let error = guarded.map(|guarded| refused(config(guarded.display())));
    std::fs::remove_file(&cookie).expect("our file");
    assert!(
        matches!(error, Some(SourceError::Refused { .. })),
        "{error:?}"
    );
}

/// An authority file with one entry, for every address: family, then four strings with their lengths.
fn authority() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xff];
    for text in [&b""[..], b"", b"MIT-MAGIC-COOKIE-1", b"0123456789abcdef"] {
        bytes.extend((text.len() as u16).to_be_bytes());
        bytes.extend(text);
    }
    bytes
}

#[test]
fn the_pointer_is_drawn_in_and_its_move_is_a_new_picture() {
    let Some(desk) = X11Desk::start(640, 360) else {
        return;
    };
    let (connection, screen) = RustConnection::connect(Some(&desk.server.display())).expect("X11");
    let root = connection.setup().roots[screen].root;
    let point_at = |x, y| {
        connection
            .warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, x, y)
            .expect("X11");
        connection.sync().expect("X11");
    };
    point_at(300, 200);
    show_arrow(&connection, root);
    let mut source = open(&desk.config(60));
    let around = |source: &Source, x: usize, y: usize| {
        let picture = source.repeat().expect("taken before");
        (y - 8..y + 8)
            .flat_map(|y| {
                picture.data[y * picture.stride_bytes..][(x - 8) * 4..(x + 8) * 4].chunks(4)
            })
            .filter(|pixel| pixel[..3] == [255, 255, 255])
            .count()
    };
    wait_for_fresh(&mut source);
    assert!(around(&source, 300, 200) > 10, "an arrow at the pointer");
    assert_eq!(around(&source, 100, 100), 0);
    let before = source.counted();
    point_at(100, 100);
    wait_for_fresh(&mut source);
    assert_eq!(source.counted(), before + 1);
    assert!(around(&source, 100, 100) > 10, "moved along");
    assert_eq!(around(&source, 300, 200), 0, "and gone from where it was");
}

/// Gives the root window a white arrow from the font that every server has.
fn show_arrow(connection: &RustConnection, root: u32) {
    const TOP_LEFT_ARROW: u16 = 132;
    let [font, cursor] = [(); 2].map(|()| connection.generate_id().expect("X11"));
    connection
        .open_font(font, b"cursor")
        .expect("X11")
        .check()
        .expect("the cursor font");
    let (glyph, white, black) = (TOP_LEFT_ARROW, 0xffff, 0);
    connection
        .create_glyph_cursor(
            cursor,
            font,
            font,
            glyph,
            glyph + 1,
            white,
            white,
            white,
            black,
            black,
            black,
        )
        .expect("X11")
        .check()
        .expect("a cursor");
    let attributes = ChangeWindowAttributesAux::new().cursor(cursor);
    connection
        .change_window_attributes(root, &attributes)
        .expect("X11");
    connection.sync().expect("X11");
}

#[test]
fn a_burst_of_drawing_is_one_picture_and_never_half_of_one() {
    let Some(mut desk) = X11Desk::start(1280, 720) else {
        return;
    };
    let pieces = PaintSettings {
        pieces: 6,
        ..PaintSettings::at(30.0)
    };
    desk.paint_with(pieces);
    let mut source = open(&desk.config(60));
    wait_for_fresh(&mut source);
    holds_once(|| {
        let (mut pictures, mut torn) = (0u32, 0u32);
        let (counted, painted) = (source.counted(), desk.painted());
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if let Newest::Fresh { picture, .. } = source.newest(clock_ns()) {
                let bar_x = |y: usize| {
                    let row = &picture.data[y * picture.stride_bytes..][..picture.stride_bytes];
                    row.chunks_exact(4)
                        .position(|pixel| pixel[..3] == [0x20, 0xf0, 0xf0])
                };
                torn += u32::from(bar_x(182) != bar_x(538));
                pictures += 1;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let (counted, painted) = (source.counted() - counted, desk.painted() - painted);
        let good = painted >= 80 && counted.abs_diff(painted) <= 4 && torn * 20 <= pictures;
        let numbers =
            || format!("{counted} counted of {painted} painted, {torn} torn of {pictures} taken");
        good.then_some(()).ok_or_else(numbers)
    });
}

#[test]
fn a_desktop_faster_than_the_client_is_grabbed_at_most_twice_as_often_as_it_wants() {
    let Some(mut desk) = X11Desk::start(640, 360) else {
        return;
    };
    desk.paint(300.0);
    let mut source = open(&desk.config(30));
    wait_for_fresh(&mut source);
    holds_once(|| {
        let (started, counted) = (Instant::now(), source.counted());
        let watch = Watch::run(&mut source, Duration::from_secs(2), 120);
        let rate = f64::from(source.counted() - counted) / started.elapsed().as_secs_f64();
        assert!(rate < 61.0, "{rate} a second");
        (rate > 50.0)
            .then_some(())
            .ok_or_else(|| format!("{watch:?}"))
    });
}

#[test]
fn a_distant_server_is_grabbed_through_the_connection() {
    let Some(mut desk) = X11Desk::start(640, 360) else {
        return;
    };
    let number = desk.server.display().trim_start_matches(':').to_owned();
    let port = relay(format!("/tmp/.X11-unix/X{number}"));
    let mut source = open(&SourceConfig::X11(config(format!(
        "127.0.0.1:{}",
        port - 6000
    ))));
    assert!(
        source.info().detail.contains("GetImage"),
        "{}",
        source.info().detail
    );
    holds_once(|| {
        desk.paint(60.0);
        let watch = Watch::run(&mut source, Duration::from_secs(2), 60);
        let painted = f64::from(watch.last_counter - watch.first_counter);
        assert_eq!((watch.unreadable, watch.backwards), (0, 0));
        let good = painted > 100.0 && f64::from(watch.pictures - 1) >= 0.98 * painted;
        good.then_some(()).ok_or_else(|| format!("{watch:?}"))
    });
}

/// Passes connections on to a local socket; ends with the test program.
fn relay(path: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = UnixStream::connect(&path).expect("the server's socket");
            near.set_nodelay(true).expect("TCP");
            let (near_copy, far_copy) =
                (near.try_clone().expect("fd"), far.try_clone().expect("fd"));
            std::thread::spawn(move || std::io::copy(&mut &near, &mut &far));
            std::thread::spawn(move || std::io::copy(&mut &far_copy, &mut &near_copy));
        }
    });
    port
}

#[test]
fn a_server_that_breaks_off_anywhere_or_talks_nonsense_is_an_error() {
    let Some(desk) = X11Desk::start(320, 200) else {
        return;
    };
    let number = desk.server.display().trim_start_matches(':').to_owned();
    let mut raw =
        UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).expect("the server's socket");
    raw.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .expect("a setup request");
    let mut head = [0u8; 8];
    raw.read_exact(&mut head).expect("a setup reply");
    let mut setup = head.to_vec();
    setup.resize(
        8 + usize::from(u16::from_le_bytes([head[6], head[7]])) * 4,
        0,
    );
    raw.read_exact(&mut setup[8..]).expect("all of it");

    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let open_against = |answer: &[u8]| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("a client");
                answer_and_leave(&mut stream, answer);
            });
            let config = config(format!("127.0.0.1:{}", port - 6000));
            Source::open(&SourceConfig::X11(config), clock_ns).expect_err("no server")
        })
    };
    for length in 0..=setup.len() {
        open_against(&setup[..length]);
    }
    let mut noise = Noise(0x1234_5678_9abc_def1);
    for _ in 0..100 {
        open_against(&noise.bytes(400));
        // x11rb makes room for a reply as long as it says, up to 16 GiB: none says so here.
        let packets = (0..20).flat_map(|_| {
            let mut packet = noise.bytes(32);
            packet[0] &= 0x83;
            packet[4..8].fill(0);
            packet
        });
        open_against(&setup.iter().copied().chain(packets).collect::<Vec<u8>>());
    }
}

/// xorshift64: the same noise in every run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                self.0 as u8
            })
            .collect()
    }
}

fn answer_and_leave(stream: &mut TcpStream, answer: &[u8]) {
    let mut request = [0u8; 12];
    // The client may have given up by then, which is as good.
    let _ = stream.read_exact(&mut request);
    let _ = stream.write_all(answer);
}
