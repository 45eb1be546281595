//! Ratios of the whole frame path against anchors in the same run: `cargo run --release --example bench [-- --json]`.
//!
//! Contenders are interleaved (A B A B …) and medians compared, because this is a shared machine. The sink is a bound
//! socket that nobody reads: the kernel segments and drops, and charges it to the sender.

use std::hint::black_box;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};

use pf_codec::{
    BgrxImage, Colour, Converter, EncoderConfig, FrameRequest, PictureSize, VideoEncoder,
    open_encoder,
};
use pf_fec::{BlockLayout, Kernel};
use pf_net::{LocalAddress, MediaSocket, SocketOptions};
use pf_proto::gamestream::video::{FrameMeta, FramePlan, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::units::{PacketSize, RtpTimestamp};
use pf_seal::{ControlStyle, SessionKey, VIDEO_PREFIX_BYTES, VideoSealer};
use pf_session::monotonic_ns;
use pf_stats::{Boundary, Gate, RECORD_BYTES, mark, mark_at, record_ring};

const REPETITIONS: usize = 41;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let rows = [
        stage(),
        sealed(),
        source_address(),
        gate(),
        armed(),
        overhead(),
    ];
    for row in rows {
        if json {
            println!(
                "{{\"name\":\"{}\",\"ratio\":{:.3},\"target\":{},\"ok\":{}}}",
                row.name,
                row.ratio,
                row.target,
                row.ratio <= row.target
            );
        } else {
            println!(
                "{:<64} {:>7.3}  (≤ {})  {}",
                row.name, row.ratio, row.target, row.detail
            );
        }
    }
}

struct Row {
    name: &'static str,
    ratio: f64,
    target: f64,
    detail: String,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn meta() -> FrameMeta {
    FrameMeta {
        frame_type: FrameType::Predicted,
        latency_100us: 10,
        timestamp: RtpTimestamp(0),
        long_term_reference: false,
    }
}

/// Packetize, FEC, seal if asked, and one GSO send a frame: 50 Mb/s at 60 fps into a socket that nobody reads.
struct Pipe {
    socket: MediaSocket,
    sink: UdpSocket,
    kernel: Kernel,
    format: VideoFormat,
    packetizer: VideoPacketizer,
    sealer: Option<VideoSealer>,
    unit: Vec<u8>,
    plan: FramePlan,
    arenas: Vec<Vec<u8>>,
}

impl Pipe {
    fn new(sealer: Option<VideoSealer>) -> Self {
        let format = VideoFormat {
            packet_size: PacketSize::new(1392).expect("stock"),
            fec_pct: 20,
            min_parity: 2,
            prefix_bytes: sealer.as_ref().map_or(0, |_| VIDEO_PREFIX_BYTES),
        };
        let unit: Vec<u8> = (0..104_166_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let packetizer = VideoPacketizer::new(format);
        let plan = packetizer.plan(unit.len()).expect("fits");
        let mut pipe = Self {
            socket: MediaSocket::bind(
                "0.0.0.0:0".parse().expect("address"),
                &SocketOptions::default(),
            )
            .expect("a port"),
            sink: UdpSocket::bind("127.0.0.1:0").expect("a port"),
            kernel: Kernel::detect(),
            format,
            packetizer,
            sealer,
            unit,
            plan,
            arenas: vec![vec![0_u8; plan.arena_bytes()]; 4],
        };
        (0..4).for_each(|nth| pipe.frame(nth));
        pipe
    }

    fn frame(&mut self, nth: usize) {
        let (kernel, format) = (self.kernel, self.format);
        let parity = |block: &mut [u8], data: usize, parity: usize| {
            let layout = BlockLayout {
                data,
                parity,
                shard_bytes: format.packet_size.shard_bytes(),
                stride_bytes: format.datagram_bytes(),
            };
            pf_fec::encode(kernel, block, layout)
        };
        let arena = &mut self.arenas[nth % 4];
        let packetized = self
            .packetizer
            .packetize(meta(), &self.unit, &self.plan, arena, parity)
            .expect("fits");
        let datagrams = &mut arena[..packetized.bytes];
        if let Some(sealer) = &mut self.sealer {
            for datagram in datagrams.chunks_exact_mut(format.datagram_bytes()) {
                sealer.seal(packetized.frame.0, datagram).expect("a number");
            }
        }
        self.send(nth, None);
    }

    /// Sends a frame that is ready.
    fn send(&self, nth: usize, source: Option<LocalAddress>) {
        let peer = self.sink.local_addr().expect("bound");
        let datagrams = &self.arenas[nth % 4][..self.plan.arena_bytes()];
        let bytes = self.format.datagram_bytes();
        let _ = black_box(
            self.socket
                .send_segments_from(source, peer, datagrams, bytes),
        );
    }
}

/// Medians of both, µs a frame, taken in turns.
fn in_turns(mut a: impl FnMut(usize), mut b: impl FnMut(usize)) -> (f64, f64) {
    const FRAMES: usize = 40;
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let start = monotonic_ns();
        (0..FRAMES).for_each(&mut a);
        let middle = monotonic_ns();
        (0..FRAMES).for_each(&mut b);
        let end = monotonic_ns();
        of_a.push((middle - start) as f64 / FRAMES as f64 / 1000.0);
        of_b.push((end - middle) as f64 / FRAMES as f64 / 1000.0);
    }
    (median(&mut of_a), median(&mut of_b))
}

/// Packetize + FEC + send against sending the same bytes ready-made.
fn stage() -> Row {
    let (ready, mut whole) = (Pipe::new(None), Pipe::new(None));
    let (bare_us, whole_us) = in_turns(|nth| ready.send(nth, None), |nth| whole.frame(nth));
    Row {
        name: "packetize + FEC + send / bare GSO, 50 Mb/s at 60 fps",
        ratio: whole_us / bare_us,
        target: 1.3,
        detail: format!(
            "{whole_us:.1} µs against {bare_us:.1} µs a frame, {} packets",
            whole.plan.packets()
        ),
    }
}

/// A sealed session's frame against a clear one's, from packetizing to the kernel.
fn sealed() -> Row {
    let key = SessionKey::new([7; 16]).into_host_seals(ControlStyle::V2, 0);
    let (mut clear, mut sealed) = (Pipe::new(None), Pipe::new(Some(key.video)));
    let (clear_us, sealed_us) = in_turns(|nth| clear.frame(nth), |nth| sealed.frame(nth));
    let packets = sealed.plan.packets();
    Row {
        name: "sealed / clear: packetize + FEC + send, 50 Mb/s at 60 fps",
        ratio: sealed_us / clear_us,
        // The cipher alone takes 245 ns a packet, half of what the kernel takes for it.
        target: 2.0,
        detail: format!(
            "{sealed_us:.1} µs against {clear_us:.1} µs a frame, {:.0} ns a packet more",
            (sealed_us - clear_us) * 1000.0 / packets as f64
        ),
    }
}

/// What it costs to send from the address that the client called.
fn source_address() -> Row {
    let (any, called) = (Pipe::new(None), Pipe::new(None));
    let source = LocalAddress::new(std::net::Ipv4Addr::LOCALHOST.into(), 0);
    let (any_us, called_us) = in_turns(|nth| any.send(nth, None), |nth| called.send(nth, source));
    Row {
        name: "GSO from the address that was called / from any",
        ratio: called_us / any_us,
        target: 1.05,
        detail: format!("{called_us:.1} µs against {any_us:.1} µs a frame"),
    }
}

/// The closed gate, in cycles of a one-cycle loop.
fn gate() -> Row {
    const LOOPS: u64 = 4_000_000;
    let gate = Gate::closed();
    let off = AtomicBool::new(false);
    let (mut empty, mut gated) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        empty.push(time(LOOPS, |i, x| black_box(x.wrapping_add(i))));
        gated.push(time(LOOPS, |i, x| {
            if gate.is_open() {
                off.store(true, Ordering::Relaxed);
            }
            black_box(x.wrapping_add(i))
        }));
    }
    let _ = black_box(off.load(Ordering::Relaxed));
    let (empty_ns, gated_ns) = (median(&mut empty), median(&mut gated));
    let cycle_ns = one_cycle_ns();
    Row {
        name: "closed gate, cycles a frame above the empty loop",
        ratio: ((gated_ns - empty_ns) / cycle_ns).max(0.0),
        target: 1.0,
        detail: format!("{gated_ns:.3} ns against {empty_ns:.3} ns, one cycle {cycle_ns:.3} ns"),
    }
}

/// What a measured frame costs more than one that nobody measures: five readings of the clock (encoding and pacing read
/// two of the seven boundaries' moments in any case, and every frame that of `grabbed`), the timer, and the record's way
/// into the ring. Against reading the clock five times.
fn armed() -> Row {
    const LOOPS: u64 = 4_000;
    let now_ns: fn() -> u64 = monotonic_ns;
    let gate = Gate::closed();
    let (mut producer, mut consumer) = record_ring(LOOPS as usize);
    let mut drained = vec![0_u8; LOOPS as usize * RECORD_BYTES];
    let mut frame = |i: u64, x: u64| {
        let now_ns = black_box(now_ns);
        let mut timer = gate.timer(1, black_box(i));
        mark(&mut timer, Boundary::Converted, now_ns);
        mark(&mut timer, Boundary::Submitted, now_ns);
        mark_at(&mut timer, Boundary::Encoded, now_ns());
        mark(&mut timer, Boundary::Packetized, now_ns);
        mark_at(&mut timer, Boundary::Dequeued, now_ns());
        mark(&mut timer, Boundary::FirstSent, now_ns);
        mark(&mut timer, Boundary::LastSent, now_ns);
        x ^ u64::from(timer.is_some_and(|timer| producer.push(&timer.record)))
    };
    let (mut clock, mut off, mut on) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        clock.push(time(LOOPS, |_, x| {
            (0..5).fold(x, |x, _| x ^ black_box(now_ns)())
        }));
        gate.set(false);
        off.push(time(LOOPS, &mut frame));
        gate.set(true);
        on.push(time(LOOPS, &mut frame));
        black_box(consumer.drain_into(&mut drained));
    }
    // The least of many short runs: what it costs, not what the neighbours cost.
    let least = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
    let (clock_ns, armed_ns) = (least(&clock), least(&on) - least(&off));
    Row {
        name: "armed: a frame's boundaries and record / five readings of the clock",
        ratio: armed_ns / clock_ns,
        target: 1.15,
        detail: format!("{armed_ns:.0} ns a frame, at most 130; {clock_ns:.0} ns of it the clock"),
    }
}

fn time(loops: u64, mut body: impl FnMut(u64, u64) -> u64) -> f64 {
    let start = monotonic_ns();
    let mut x = 0;
    for i in 0..loops {
        x = body(i, x);
    }
    black_box(x);
    (monotonic_ns() - start) as f64 / loops as f64
}

/// A chain of dependent additions takes one cycle each.
fn one_cycle_ns() -> f64 {
    const CHAIN: u64 = 2_000_000;
    let mut best = f64::MAX;
    for _ in 0..15 {
        let start = monotonic_ns();
        let (mut x, step) = (black_box(1_u64), black_box(3_u64));
        for _ in 0..CHAIN / 8 {
            for _ in 0..8 {
                // The rotation cannot be folded into the next one, and costs one cycle.
                x = x.rotate_left(7) ^ step;
            }
        }
        black_box(x);
        best = best.min((monotonic_ns() - start) as f64 / CHAIN as f64 / 2.0);
    }
    best
}

/// Convert + encode + packetize + FEC + send against the bare encoder: 1080p, one encoder thread.
fn overhead() -> Row {
    const FRAMES: usize = 60;
    let size = PictureSize {
        width: 1920,
        height: 1080,
    };
    let config = EncoderConfig {
        size,
        fps: 60,
        bitrate_kbps: 20_000,
        slices: 1,
        threads: 1,
        max_reference_frames: 0,
        long_term_references: true,
        colour: Colour::default(),
    };
    let mut bare = open_encoder("auto", config).expect("an encoder");
    let mut ours = open_encoder("auto", config).expect("an encoder");
    let mut converter = Converter::new(size, size, Colour::default()).expect("same size");
    let pictures: Vec<Vec<u8>> = (0..8).map(|n| picture(size, n)).collect();
    let stride_bytes = size.width as usize * 4;
    let image = |n: usize| BgrxImage {
        data: &pictures[n % pictures.len()],
        stride_bytes,
        size,
    };
    let sink = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let peer = sink.local_addr().expect("bound");
    let socket = MediaSocket::bind(
        "127.0.0.1:0".parse().expect("address"),
        &SocketOptions::default(),
    )
    .expect("a port");
    let packet_size = PacketSize::new(1392).expect("stock");
    let shard_bytes = packet_size.shard_bytes();
    let kernel = Kernel::detect();
    let mut packetizer = VideoPacketizer::new(VideoFormat {
        packet_size,
        fec_pct: 20,
        min_parity: 2,
        prefix_bytes: 0,
    });
    let mut arena = vec![0_u8; 4 << 20];
    let mut unit = Vec::with_capacity(4 << 20);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for n in 0..FRAMES {
        converter
            .convert(&image(n), bare.input())
            .expect("converts");
        let start = monotonic_ns();
        bare.submit(n as u32 + 1, FrameRequest::Predicted)
            .expect("submits");
        bare.finish(&mut unit).expect("encodes");
        let middle = monotonic_ns();
        converter
            .convert(&image(n), ours.input())
            .expect("converts");
        ours.submit(n as u32 + 1, FrameRequest::Predicted)
            .expect("submits");
        ours.finish(&mut unit).expect("encodes");
        let plan = packetizer.plan(unit.len()).expect("fits");
        let parity = |block: &mut [u8], data: usize, parity: usize| {
            pf_fec::encode(
                kernel,
                block,
                BlockLayout {
                    data,
                    parity,
                    shard_bytes,
                    stride_bytes: shard_bytes,
                },
            )
        };
        let packetized = packetizer
            .packetize(meta(), &unit, &plan, &mut arena, parity)
            .expect("fits");
        let _ = black_box(socket.send_segments(peer, &arena[..packetized.bytes], shard_bytes));
        let end = monotonic_ns();
        if n > 5 {
            a.push((middle - start) as f64 / 1e6);
            b.push((end - middle) as f64 / 1e6);
        }
    }
    let (bare_ms, ours_ms) = (median(&mut a), median(&mut b));
    Row {
        name: "convert + encode + packetize + FEC + send / bare encoder, 1080p",
        ratio: ours_ms / bare_ms,
        target: 1.15,
        detail: format!("{ours_ms:.2} ms against {bare_ms:.2} ms a frame"),
    }
}

/// A textured picture that moves with `n`.
fn picture(size: PictureSize, n: usize) -> Vec<u8> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut data = vec![0_u8; width * height * 4];
    for (y, row) in data.chunks_exact_mut(width * 4).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let (x, y) = (x + n * 6, y + n * 2);
            let noise =
                ((x / 3).wrapping_mul(73_856_093) ^ (y / 3).wrapping_mul(19_349_663)) as u8 & 15;
            pixel.copy_from_slice(&[
                (x >> 2) as u8,
                (y >> 2) as u8,
                (((x ^ y) >> 3) as u8).wrapping_add(noise),
                0,
            ]);
        }
    }
    data
}
