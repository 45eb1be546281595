//! The per-frame path allocates nothing: packet 0, plan, packetize, pace, recovery slot, ping, reports,
//! audio; nor does what every control datagram passes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pf_proto::gamestream::audio::AudioPacketizer;
use pf_proto::gamestream::bitstream::{NalCodec, fit_packet_zero};
use pf_proto::gamestream::control::{ClientMessage, HostMessage};
use pf_proto::gamestream::enet::{ConnectLimiter, Datagram, RoundTrips, classify};
use pf_proto::gamestream::ping::{EndpointTracker, Ping};
use pf_proto::gamestream::recovery::{AnswerKind, RecoveryAction, RecoverySlot};
use pf_proto::gamestream::reports::ClientReports;
use pf_proto::gamestream::round_trip::RoundTripWindow;
use pf_proto::gamestream::video::{FrameMeta, FrameType, VideoFormat, VideoPacketizer};
use pf_proto::pacer::{Pacer, PacerAction, PacerConfig};
use pf_proto::units::{FrameIndex, Kbps, PacketSize, RtpTimestamp, SequenceNumber};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator with a count for each thread.
struct Counting;

// SAFETY: every call goes to `System` unchanged; the count is a const-initialised thread-local without a
// destructor, so touching it neither allocates nor runs after the thread's storage is gone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System.alloc` or `System.realloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: `pointer` came from `System` with this layout; the caller keeps `new_size` valid.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    let boxed = std::hint::black_box(Box::new(1_u64));
    assert_eq!(ALLOCATIONS.get() - before, 1);
    drop(boxed);
}

#[test]
fn ten_thousand_frames_are_packetized_without_an_allocation() {
    let packet_size = PacketSize::new(1392).unwrap();
    let mut packetizer = VideoPacketizer::new(VideoFormat {
        packet_size,
        fec_pct: 20,
        min_parity: 2,
        prefix_bytes: 0,
    });
    let unit = vec![0x5A; 1_400_000];
    let mut arena = vec![0; packetizer.plan(unit.len()).unwrap().arena_bytes()];
    let meta = FrameMeta {
        frame_type: FrameType::Predicted,
        latency_100us: 20,
        timestamp: RtpTimestamp(0),
        long_term_reference: false,
    };

    let before = ALLOCATIONS.get();
    let mut packets = 0;
    for number in 0..10_000_usize {
        // Mostly small frames, some of four blocks, some without parity.
        let bytes = if number.is_multiple_of(500) {
            unit.len() - number * 50
        } else {
            1 + number * 7 % 60_000
        };
        let plan = packetizer.plan(bytes).unwrap();
        let parity = |shards: &mut [u8], data: usize, _parity: usize| {
            shards[data * 1408..].fill(0);
            Ok::<(), std::convert::Infallible>(())
        };
        packets += packetizer
            .packetize(meta, &unit[..bytes], &plan, &mut arena, parity)
            .unwrap()
            .bytes
            / 1408;
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(packets > 100_000, "{packets} packets");
}

#[test]
fn ten_thousand_frames_are_stripped_paced_recovered_and_pinged_for_without_an_allocation() {
    let packet_size = PacketSize::new(1392).unwrap();
    let mut pacer = Pacer::new(PacerConfig::for_link(Kbps::GIGABIT, 1408));
    let mut slot = RecoverySlot::default();
    let mut endpoint = EndpointTracker::default();
    let from = "192.0.2.1:5000".parse().unwrap();
    let delimited = [&[0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x41][..], &[0x5A; 5_000]].concat();
    let mut unit = delimited.clone();

    let before = ALLOCATIONS.get();
    let (mut now_ns, mut keys, mut sends) = (0, 0, 0);
    for number in 1..=10_000_u32 {
        slot.ack_ltr(number.wrapping_sub(2));
        slot.take_acknowledged();
        match number % 100 {
            40 => slot.request_idr(),
            _ => slot.invalidate(number.wrapping_sub(5), number),
        };
        let action = slot.poll_at(number, u64::from(number) * 100_000_000);
        let is_key = action == RecoveryAction::KeyFrame;
        keys += u32::from(is_key);
        slot.frame_encoded(
            number,
            if is_key {
                AnswerKind::KeyFrame
            } else {
                AnswerKind::AfterInvalidation
            },
        );
        slot.frame_sent(number);

        unit.clear();
        unit.extend_from_slice(&delimited);
        assert_eq!(
            fit_packet_zero(NalCodec::H264, &mut unit, FrameType::Predicted, packet_size),
            Ok(6)
        );

        pacer.begin_frame(now_ns, 100 * 1408);
        loop {
            match pacer.poll(now_ns) {
                PacerAction::Done => break,
                PacerAction::WaitUntil(at_ns) => now_ns = at_ns,
                PacerAction::Send(bytes) => {
                    sends += 1;
                    pacer.sent(bytes);
                }
            }
        }

        let mut ping = [b'x'; 20];
        ping[16..].copy_from_slice(&number.to_be_bytes());
        if let Ping::Payload { payload, sequence } = Ping::classify(&ping) {
            assert!(payload.matches(&[b'x'; 16]));
            endpoint.ping(from, sequence, now_ns);
        }
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(
        keys >= 100 && sends >= 30_000,
        "{keys} key frames, {sends} sends"
    );
}

#[test]
fn audio_reports_and_control_datagrams_need_no_allocation() {
    let mut audio = AudioPacketizer::new(5);
    let mut reports = ClientReports::new(true);
    let mut limiter = ConnectLimiter::new();
    let mut trips = RoundTrips::new();
    let mut window = RoundTripWindow::new();
    let mut status = [0x02, 0x55, 21, 0].to_vec();
    status.extend([
        0, 0, 0, 0, 0x12, 0x4B, 0x12, 0x39, 0, 2, 0, 0x14, 0, 4, 0, 0x13, 0, 3, 0x14, 0, 1,
    ]);
    let plan = VideoFormat {
        packet_size: PacketSize::new(1392).unwrap(),
        fec_pct: 20,
        min_parity: 2,
        prefix_bytes: 0,
    }
    .plan(20 * 1376 - 8)
    .unwrap();
    let mut message = Vec::with_capacity(HostMessage::MAX_BYTES);

    let before = ALLOCATIONS.get();
    for number in 1..=10_000_u32 {
        audio.packetize(&[1; 320]).unwrap();
        let first = SequenceNumber(0x1234);
        reports.frame_sent(FrameIndex(number), first, plan.blocks());
        status[4..8].copy_from_slice(&number.to_be_bytes());
        if let Ok(ClientMessage::FecStatus(status)) = ClientMessage::parse(&status) {
            reports.handle_fec_status(&status, 0);
        }
        reports.handle_invalidation(number, number, 0);
        reports.totals(u64::from(number) * 16_000_000);
        limiter.allow(std::net::Ipv4Addr::from_bits(number).into(), 0);
        let time = (number as u16).to_be_bytes();
        trips.datagram_sent(&[0x80, 0, time[0], time[1]], 0);
        let acknowledgement = [0x80, 0, 0, 0, 1, 0xFF, 0, 1, 0, 1, time[0], time[1]];
        if let Datagram::Peer(peer) = classify(&acknowledgement) {
            for time in peer.acknowledged_times() {
                window.add(trips.acknowledged(time, 1_000).unwrap());
            }
        }
        let (controller, low, high) = (0, 1, 2);
        HostMessage::Rumble {
            controller,
            low,
            high,
        }
        .encode(&mut message);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(reports.totals(0).packets_recovered, Some(10_000));
    assert_eq!(window.take().unwrap().samples, 10_000);
}
