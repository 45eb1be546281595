//! Allocations a frame, once warm, counted in this thread by the process's allocator. openh264 allocates with C's
//! malloc and is not seen here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pf_codec::{
    BgrxImage, Colour, Converter, EncoderConfig, FrameRequest, I420Image, MovingPicture,
    OpusEncoder, OpusLayout, PictureSize, VideoEncoder, open_encoder,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static RELEASES: Cell<usize> = const { Cell::new(0) };
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
        RELEASES.set(RELEASES.get() + 1);
        // SAFETY: the caller keeps the contract of `dealloc`; `pointer` came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(frames: u32, mut frame: impl FnMut(u32)) -> usize {
    (0..3).for_each(&mut frame);
    let before = ALLOCATIONS.get();
    (3..3 + frames).for_each(&mut frame);
    ALLOCATIONS.get() - before
}

fn conversion_allocations(source: (u32, u32), target: (u32, u32), padding: usize) -> usize {
    let source = PictureSize::new(source.0, source.1);
    let target = PictureSize::new(target.0, target.1);
    let mut converter = Converter::new(source, target, Colour::default()).expect("sizes exist");
    let mut picture = I420Image::new(target).expect("even size");
    let stride_bytes = source.width as usize * 4 + padding;
    // The last row lacks its padding, which is the awkward case.
    let data = vec![90; stride_bytes * source.height as usize - padding];
    let image = BgrxImage {
        data: &data,
        stride_bytes,
        size: source,
    };
    allocations_of(50, |_| {
        converter
            .convert(&image, &mut picture)
            .expect("source holds its rows")
    })
}

#[test]
fn copies_and_whole_factors_allocate_nothing() {
    for (source, target, padding) in [
        ((640, 360), (640, 360), 0),
        ((640, 360), (640, 360), 32),
        ((640, 360), (800, 360), 0),
        ((320, 180), (640, 360), 4),
        ((1280, 720), (640, 360), 0),
        ((641, 361), (1300, 722), 3),
    ] {
        assert_eq!(
            conversion_allocations(source, target, padding),
            0,
            "{source:?} to {target:?}"
        );
    }
}

#[test]
fn other_factors_allocate_nothing_either() {
    for (source, target) in [
        ((640, 360), (960, 540)),
        ((960, 540), (640, 360)),
        ((640, 360), (800, 480)),
        ((641, 361), (500, 300)),
        ((1000, 1000), (300, 300)),
        // Reduced by a whole factor first.
        ((1300, 1300), (32, 32)),
    ] {
        for padding in [0, 4, 3] {
            assert_eq!(
                conversion_allocations(source, target, padding),
                0,
                "{source:?} to {target:?}, {padding} bytes of padding"
            );
        }
    }
}

#[test]
fn encoding_acknowledging_and_recovering_allocate_nothing() {
    let size = PictureSize::new(640, 360);
    let config = EncoderConfig {
        size,
        fps: 60,
        bitrate_kbps: 4000,
        slices: 2,
        threads: 2,
        max_reference_frames: 0,
        long_term_references: true,
        colour: Colour::default(),
    };
    let mut encoder = open_encoder("auto", config).expect("openh264 is built in");
    let mut converter = Converter::new(size, size, Colour::default()).expect("sizes exist");
    let mut picture = MovingPicture::new(size);
    let mut bytes = Vec::new();
    let allocations = allocations_of(120, |index| {
        converter
            .convert(&picture.draw(index), encoder.input())
            .expect("converts");
        let request = match index {
            40 => FrameRequest::ReferencesBefore {
                first_lost: 38,
                last_lost: 39,
            },
            80 => FrameRequest::Key,
            _ => FrameRequest::Predicted,
        };
        encoder.submit(index, request).expect("nothing is pending");
        let unit = encoder
            .finish(&mut bytes)
            .expect("encodes")
            .expect("skipping is off");
        if unit.long_term_reference {
            encoder.acknowledge(index).expect("openh264 takes it");
        }
        encoder
            .set_bitrate(4000 + index * 10)
            .expect("openh264 takes it");
    });
    assert_eq!(allocations, 0);
}

/// opus-pure copies its range coder to try two ways of coding: short allocations of its own, given back within the
/// packet. Putting the streams together adds none, and nothing is kept.
#[test]
fn sound_keeps_nothing_and_only_the_library_allocates() {
    for (layout, packet_ms) in [
        (OpusLayout::Stereo, 5),
        (OpusLayout::StereoHigh, 10),
        (OpusLayout::Surround51, 5),
        (OpusLayout::Surround51High, 5),
        (OpusLayout::Surround71, 10),
        (OpusLayout::Surround71High, 5),
    ] {
        let mut encoder = OpusEncoder::new(layout, packet_ms).expect("5 and 10 ms exist");
        let mut pcm = vec![0.0; encoder.samples()];
        let mut out = vec![0; encoder.packet_bytes()];
        let mut most = 0;
        for packet in 0..400 {
            // Silence, then a saw of another length in every packet.
            for (at, sample) in pcm.iter_mut().enumerate() {
                let step = at % (packet % 97 + 2);
                *sample = if packet < 100 {
                    0.0
                } else {
                    step as f32 / 100.0
                };
            }
            let before = (ALLOCATIONS.get(), RELEASES.get());
            encoder.encode(&pcm, &mut out).expect("encodes");
            let allocated = ALLOCATIONS.get() - before.0;
            let released = RELEASES.get() - before.1;
            if packet >= 3 {
                assert_eq!(allocated, released, "{layout:?} {packet_ms} ms, {packet}");
                most = most.max(allocated);
            }
        }
        println!("{layout:?} {packet_ms} ms: up to {most} allocations a packet");
        let limit = layout.streams() * A_STREAM;
        assert!(
            most <= limit,
            "{layout:?} {packet_ms} ms: {most}, not {limit}"
        );
    }
}

/// Of opus-pure 0.2.2, for one stream of a packet.
const A_STREAM: usize = 6;
