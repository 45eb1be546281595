//! The audio thread against a receiver of its own: packets, parity, sealing, pace, and what happens when things go wrong.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use pf_codec::{OpusEncoder, OpusLayout};
use pf_net::{MediaSocket, SocketOptions};
use pf_seal::{AudioSealer, ControlStyle, SessionKey};
use pf_session::audio::{AudioFormat, AudioJob, AudioStream, Silence, SoundSource};
use pf_session::shared::{EngineShared, PingSecrets, SessionShared, SessionState};
use pf_session::{AudioRequest, Medium, SessionRequest, monotonic_ns};
use rustix::time::{ClockId, clock_gettime};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local without a destructor
// and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; `pointer` came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KEY: [u8; 16] = *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F";
const KEY_ID: u32 = 0xFFFF_FFF0;
const SEED: u32 = 7;

/// The same noise in every run, from packet to packet.
struct Noise(u32);

impl SoundSource for Noise {
    fn fill(&mut self, pcm: &mut [f32]) {
        for sample in pcm {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = self.0 as i32 as f32 / i32::MAX as f32 * 0.3;
        }
    }
}

/// What the audio thread did before each packet: allocations and processor time so far, of that thread alone.
struct Watched {
    seen: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl SoundSource for Watched {
    fn fill(&mut self, pcm: &mut [f32]) {
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        let cpu_ns = cpu.tv_sec as u64 * 1_000_000_000 + cpu.tv_nsec as u64;
        let mut seen = self.seen.lock().expect("nobody panics");
        if seen.len() < seen.capacity() {
            seen.push((ALLOCATIONS.get(), cpu_ns));
        }
        pcm.fill(0.0);
    }
}

/// Sleeps once, before the packet `at`.
struct Stalling {
    at: u32,
    stall: Duration,
    stalled_ns: Arc<AtomicU64>,
}

impl SoundSource for Stalling {
    fn fill(&mut self, pcm: &mut [f32]) {
        if self.at == 0 {
            std::thread::sleep(self.stall);
            self.stalled_ns.store(monotonic_ns(), Ordering::Release);
        }
        self.at = self.at.wrapping_sub(1);
        pcm.fill(0.0);
    }
}

struct Broken;

impl SoundSource for Broken {
    fn fill(&mut self, _pcm: &mut [f32]) {
        panic!("the sound card caught fire");
    }
}

/// A session without pictures, and a socket to send its sound from.
struct Rig {
    session: Arc<SessionShared>,
    socket: Arc<MediaSocket>,
}

impl Rig {
    fn new() -> Self {
        let engine = Arc::new(EngineShared::new(1 << 16, monotonic_ns));
        let pings = PingSecrets {
            video: *b"0123456789abcdef",
            audio: Some(*b"fedcba9876543210"),
            ..PingSecrets::default()
        };
        let session = Arc::new(SessionShared::new(1, request(), pings, engine));
        let address = "127.0.0.1:0".parse().expect("an address");
        let socket = MediaSocket::bind(address, &SocketOptions::default()).expect("a free port");
        let socket = Arc::new(socket);
        Self { session, socket }
    }

    /// With the client's ping and the first picture behind it.
    fn streaming(client: &UdpSocket) -> Self {
        let rig = Self::new();
        rig.ping(client, 1);
        rig.session.enter(SessionState::Streaming);
        rig
    }

    fn ping(&self, client: &UdpSocket, sequence: u32) {
        let from = client.local_addr().expect("bound");
        self.session
            .ping(Medium::Audio, from, None, sequence, monotonic_ns());
    }

    fn start(&self, format: AudioFormat, sealed: bool, source: impl SoundSource) -> AudioStream {
        let sealer = || {
            SessionKey::new(KEY)
                .into_host_seals(ControlStyle::V2, KEY_ID)
                .audio
        };
        AudioStream::start(AudioJob {
            session: Arc::clone(&self.session),
            socket: Arc::clone(&self.socket),
            format,
            sealer: sealed.then(sealer),
            source,
        })
        .expect("a thread")
    }

    fn events(&self) -> String {
        let mut buffer = vec![0; 1 << 16];
        self.session
            .engine
            .events
            .drain_into(&mut buffer, Duration::ZERO);
        String::from_utf8_lossy(&buffer)
            .trim_end_matches('\0')
            .to_owned()
    }
}

fn request() -> SessionRequest {
    serde_json::from_value(serde_json::json!({
        "kind": "gamestream", "client": "test", "listener": 1, "ping_payload": "0123456789abcdef",
        "packet_size": 1392, "fec_pct": 20, "min_parity": 2, "source": "synthetic", "width": 1280, "height": 720,
        "fps": 60, "bitrate_kbps": 20_000, "codec": "h264", "encoder": "auto"
    }))
    .expect("a request")
}

fn format(channels: u8, high_quality: bool, packet_ms: u8, sealed: bool) -> AudioFormat {
    let request: AudioRequest = serde_json::from_value(serde_json::json!({
        "listener": 2, "ping_payload": "fedcba9876543210", "channels": channels, "high_quality": high_quality,
        "packet_ms": packet_ms
    }))
    .expect("a request");
    AudioFormat::of(&request, sealed).expect("a format of the specification")
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket
}

fn receive(client: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2048];
    let bytes = client.recv(&mut buffer).expect("a packet within PATIENCE");
    buffer[..bytes].to_vec()
}

/// Nothing arrives for that long.
fn stays_silent(client: &UdpSocket, wait: Duration) -> bool {
    client.set_read_timeout(Some(wait)).expect("a timeout");
    let silent = client.recv(&mut [0; 2048]).is_err();
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    silent
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Checks one whole block from its first packet on and answers its six payloads.
fn block(client: &UdpSocket, number: u16, packet_ms: u32) -> Vec<Vec<u8>> {
    let first = number * 4;
    let mut payloads = Vec::new();
    for sequence in first..first + 4 {
        let packet = receive(client);
        assert_eq!(packet[..2], [0x80, 97], "{sequence}");
        assert_eq!(be16(&packet[2..]), sequence);
        assert_eq!(be32(&packet[4..]), u32::from(sequence) * packet_ms);
        assert_eq!(be32(&packet[8..]), 0, "SSRC");
        payloads.push(packet[12..].to_vec());
    }
    for index in 0..2 {
        let packet = receive(client);
        assert_eq!(packet[..2], [0x80, 127]);
        assert_eq!(packet[12..14], [index, 97]);
        assert_eq!(be16(&packet[14..]), first, "a multiple of four");
        assert_eq!(be32(&packet[16..]), u32::from(first) * packet_ms);
        assert_eq!(be32(&packet[20..]), 0, "SSRC");
        payloads.push(packet[24..].to_vec());
    }
    let bytes = payloads[0].len();
    assert!(payloads.iter().all(|payload| payload.len() == bytes));
    payloads
}

#[test]
fn packets_hold_the_sound_in_order_with_parity_behind_every_fourth() {
    for (channels, high_quality, packet_ms, layout) in [
        (2, false, 5, OpusLayout::Stereo),
        (6, false, 10, OpusLayout::Surround51),
        (8, true, 5, OpusLayout::Surround71High),
    ] {
        let client = client();
        let rig = Rig::streaming(&client);
        let stream = rig.start(
            format(channels, high_quality, packet_ms, false),
            false,
            Noise(SEED),
        );
        let packet_ms = u32::from(packet_ms);
        let mut expected = Expected::new(layout, packet_ms);
        for number in 0..6 {
            let payloads = block(&client, number, packet_ms);
            for payload in &payloads[..4] {
                assert_eq!(*payload, expected.next());
            }
            assert_any_two_can_be_lost(&payloads);
        }
        drop(stream);
        assert!(!rig.events().contains("audio"), "no fault is told");
    }
}

#[test]
fn sealed_packets_open_with_the_session_key_and_parity_covers_what_is_sent() {
    for (channels, high_quality, layout) in [
        (2, false, OpusLayout::Stereo),
        (8, false, OpusLayout::Surround71),
        (8, true, OpusLayout::Surround71High),
    ] {
        let client = client();
        let rig = Rig::streaming(&client);
        let _stream = rig.start(format(channels, high_quality, 5, true), true, Noise(SEED));
        let mut expected = Expected::new(layout, 5);
        // The sequence passes the key id's end at packet 16.
        for number in 0..6 {
            let payloads = block(&client, number, 5);
            assert_eq!(
                payloads[0].len(),
                AudioSealer::sealed_bytes(layout.packet_bytes(5))
            );
            for (sequence, payload) in (number * 4..).zip(&payloads[..4]) {
                assert_eq!(opened(sequence, payload), expected.next());
            }
            assert_any_two_can_be_lost(&payloads);
        }
    }
}

#[test]
fn packets_keep_their_pace() {
    for packet_ms in [5, 10] {
        let client = client();
        let rig = Rig::streaming(&client);
        let _stream = rig.start(format(2, false, packet_ms, false), false, Silence);
        let mut arrivals = Vec::new();
        while arrivals.len() < 200 {
            if receive(&client)[1] == 97 {
                arrivals.push(Instant::now());
            }
        }
        let ratio = |window: &[Instant]| {
            let took = window[window.len() - 1] - window[0];
            took.as_secs_f64() * 1000.0 / (f64::from(packet_ms) * (window.len() - 1) as f64)
        };
        // A busy machine only delays: all together are never early, and ten in a row that it let be keep their pace.
        assert!(
            ratio(&arrivals) > 0.9,
            "{packet_ms} ms: {}",
            ratio(&arrivals)
        );
        let best = arrivals
            .windows(11)
            .map(ratio)
            .map(|ratio| (ratio - 1.0).abs());
        let best = best.fold(f64::INFINITY, f64::min);
        assert!(best < 0.1, "{packet_ms} ms: {best} off at best");
    }
}

#[test]
fn warm_it_allocates_what_the_encoder_does_and_no_more() {
    const PACKETS: usize = 400;
    for (channels, high_quality, layout) in [
        (2, false, OpusLayout::Stereo),
        (8, false, OpusLayout::Surround71),
        (8, true, OpusLayout::Surround71High),
    ] {
        let client = client();
        let rig = Rig::streaming(&client);
        let seen = Arc::new(Mutex::new(Vec::with_capacity(PACKETS)));
        let source = Watched {
            seen: Arc::clone(&seen),
        };
        let stream = rig.start(format(channels, high_quality, 5, true), true, source);
        while seen.lock().expect("nobody panics").len() < PACKETS {
            receive(&client);
        }
        drop(stream);
        let seen = seen.lock().expect("nobody panics");
        let (first, last) = (seen[PACKETS / 2], seen[PACKETS - 1]);
        let mut encoder = OpusEncoder::new(layout, 5).expect("5 ms exist");
        let (pcm, mut out) = (
            vec![0.0; encoder.samples()],
            vec![0; encoder.packet_bytes()],
        );
        let mut own = Vec::with_capacity(PACKETS);
        for _ in 0..PACKETS {
            own.push(ALLOCATIONS.get());
            encoder.encode(&pcm, &mut out).expect("encodes");
        }
        let of_encoder = own[PACKETS - 1] - own[PACKETS / 2];
        assert_eq!(last.0 - first.0, of_encoder, "{layout:?}");
        let packets = (PACKETS - 1 - PACKETS / 2) as u64;
        let micros = (last.1 - first.1) as f64 / 1000.0 / packets as f64;
        println!(
            "{layout:?}, sealed silence: {micros:.1} us a packet, {:.2} % of a core",
            micros / 50.0
        );
        assert!(micros < 2500.0, "{layout:?}: half a core, {micros} us");
    }
}

#[test]
fn nothing_is_sent_before_the_ping_and_before_the_first_picture() {
    let client = client();
    let rig = Rig::new();
    let stream = rig.start(format(2, false, 5, false), false, Silence);
    rig.session.enter(SessionState::Streaming);
    assert!(
        stays_silent(&client, Duration::from_millis(150)),
        "no ping came"
    );
    rig.ping(&client, 1);
    assert_eq!(be16(&receive(&client)[2..]), 0, "starts at once");
    drop(stream);

    let rig = Rig::new();
    rig.session.enter(SessionState::WaitingForClient);
    let other = self::client();
    rig.ping(&other, 1);
    let _stream = rig.start(format(2, false, 5, false), false, Silence);
    assert!(
        stays_silent(&other, Duration::from_millis(150)),
        "no picture came"
    );
    rig.session.enter(SessionState::Streaming);
    assert_eq!(be16(&receive(&other)[2..]), 0);
}

#[test]
fn a_client_that_never_pings_keeps_no_thread_from_ending() {
    let rig = Rig::new();
    rig.session.enter(SessionState::Streaming);
    let stream = rig.start(format(2, false, 5, false), false, Silence);
    rig.session
        .end("host_stopped", "The host ended the session.");
    let totals = stream.totals();
    drop(stream);
    assert_eq!(totals.packets.load(Ordering::Relaxed), 0);
    assert!(!rig.events().contains("audio"), "waiting is no fault");
}

#[test]
fn sound_follows_a_client_that_moves_and_goes_on_counting() {
    let (before, after) = (client(), client());
    let rig = Rig::streaming(&before);
    let _stream = rig.start(format(2, false, 5, false), false, Silence);
    let mut last = 0;
    for _ in 0..20 {
        let packet = receive(&before);
        last = last.max(if packet[1] == 97 {
            be16(&packet[2..])
        } else {
            0
        });
    }
    rig.ping(&after, 2);
    let first = std::iter::repeat_with(|| receive(&after))
        .find(|packet| packet[1] == 97)
        .expect("an endless iterator");
    before
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a timeout");
    let mut buffer = [0; 2048];
    while let Ok(bytes) = before.recv(&mut buffer) {
        if buffer[1] == 97 && bytes > 12 {
            last = last.max(be16(&buffer[2..]));
        }
    }
    assert_eq!(
        be16(&first[2..]),
        last + 1,
        "no number is lost or sent twice"
    );
    assert_eq!(be32(&first[4..]), u32::from(last + 1) * 5);
    rig.ping(&before, 1);
    assert!(
        stays_silent(&before, Duration::from_millis(60)),
        "an old ping is a replay"
    );
}

#[test]
fn after_a_long_stall_at_most_ten_packets_come_at_once_and_numbers_go_on() {
    let client = client();
    let rig = Rig::streaming(&client);
    let stalled_ns = Arc::new(AtomicU64::new(0));
    let source = Stalling {
        at: 20,
        stall: Duration::from_millis(300),
        stalled_ns: Arc::clone(&stalled_ns),
    };
    let stream = rig.start(format(2, false, 5, false), false, source);
    let mut arrivals = Vec::new();
    while arrivals.len() < 80 {
        let packet = receive(&client);
        if packet[1] == 97 {
            let sequence = be16(&packet[2..]);
            assert_eq!(be32(&packet[4..]), u32::from(sequence) * 5);
            assert_eq!(usize::from(sequence), arrivals.len(), "none is skipped");
            arrivals.push(monotonic_ns());
        }
    }
    let end_ns = stalled_ns.load(Ordering::Acquire);
    let after: Vec<u64> = arrivals.into_iter().filter(|at| *at >= end_ns).collect();
    assert!(after.len() >= 50, "{} packets after the stall", after.len());
    // Ten may come at once, and one that was due meanwhile; every further one has its 5 ms. Whoever reads them late
    // sees them late, so this holds on any machine.
    for (nth, at) in after.iter().enumerate().skip(11) {
        let earliest_ns = end_ns + (nth as u64 - 11) * 5_000_000;
        assert!(
            *at >= earliest_ns,
            "packet {nth} after the stall came too soon"
        );
    }
    assert!(stream.totals().restarts.load(Ordering::Relaxed) >= 1);
}

#[test]
fn a_fault_in_sound_is_told_once_and_leaves_the_session_alive() {
    let client = client();
    let rig = Rig::streaming(&client);
    let stream = rig.start(format(2, false, 5, false), false, Broken);
    assert!(stays_silent(&client, Duration::from_millis(100)));
    drop(stream);
    let events = rig.events();
    let told: Vec<&str> = events
        .lines()
        .filter(|line| line.contains("\"audio\""))
        .collect();
    assert_eq!(told.len(), 1, "{events}");
    assert!(
        told[0].contains("The sound of session 1 has ended"),
        "{events}"
    );
    assert!(!rig.session.is_ending());
    assert_eq!(rig.session.view().state, SessionState::Streaming);
}

/// What a bare encoder makes of the same noise.
struct Expected {
    encoder: OpusEncoder,
    noise: Noise,
}

impl Expected {
    fn new(layout: OpusLayout, packet_ms: u32) -> Self {
        let encoder = OpusEncoder::new(layout, packet_ms).expect("5 and 10 ms exist");
        Self {
            encoder,
            noise: Noise(SEED),
        }
    }

    fn next(&mut self) -> Vec<u8> {
        let (mut pcm, mut out) = (
            vec![0.0; self.encoder.samples()],
            vec![0; self.encoder.packet_bytes()],
        );
        self.noise.fill(&mut pcm);
        self.encoder.encode(&pcm, &mut out).expect("encodes");
        out
    }
}

/// As a client opens it (gamestream-media.md 7.6).
fn opened(sequence: u16, sealed: &[u8]) -> Vec<u8> {
    let mut iv = [0; 16];
    iv[..4].copy_from_slice(&KEY_ID.wrapping_add(u32::from(sequence)).to_be_bytes());
    let mut buffer = sealed.to_vec();
    cbc::Decryptor::<Aes128>::new(&KEY.into(), &iv.into())
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .expect("PKCS#7 padding")
        .to_vec()
}

/// Every pair of the six: the data comes back from the other four.
fn assert_any_two_can_be_lost(payloads: &[Vec<u8>]) {
    for first in 0..6 {
        for second in first + 1..6 {
            let kept: Vec<usize> = (0..6).filter(|&at| at != first && at != second).collect();
            let rows = kept.iter().map(|&at| row(at)).collect::<Vec<_>>();
            let shards = kept.iter().map(|&at| payloads[at].clone()).collect();
            let data = solved(rows, shards);
            assert_eq!(data, payloads[..4], "{first} and {second} lost");
        }
    }
}

/// What of each data packet is in packet `at` of a block.
fn row(at: usize) -> [u8; 4] {
    match at {
        4 => [0x77, 0x40, 0x38, 0x0E],
        5 => [0xC7, 0xA7, 0x0D, 0x6C],
        _ => std::array::from_fn(|column| u8::from(column == at)),
    }
}

/// Gauss and Jordan in GF(2^8), polynomial 0x11D, the slow way.
fn solved(mut rows: Vec<[u8; 4]>, mut shards: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    for column in 0..4 {
        let pivot = (column..4)
            .find(|&at| rows[at][column] != 0)
            .expect("any four suffice");
        rows.swap(column, pivot);
        shards.swap(column, pivot);
        let inverse = (1..=255)
            .find(|&x| product(x, rows[column][column]) == 1)
            .expect("a field");
        rows[column] = rows[column].map(|value| product(value, inverse));
        for byte in &mut shards[column] {
            *byte = product(*byte, inverse);
        }
        for other in (0..4).filter(|&other| other != column) {
            let factor = rows[other][column];
            let (pivot_row, pivot_shard) = (rows[column], shards[column].clone());
            for (value, pivot) in rows[other].iter_mut().zip(pivot_row) {
                *value ^= product(pivot, factor);
            }
            for (byte, pivot) in shards[other].iter_mut().zip(pivot_shard) {
                *byte ^= product(pivot, factor);
            }
        }
    }
    shards
}

fn product(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0_u8, |sum, bit| {
        let doubled = sum << 1 ^ if sum & 0x80 != 0 { 0x1D } else { 0 };
        doubled ^ if b >> bit & 1 != 0 { a } else { 0 }
    })
}

/// How long a packet may take on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(5);
