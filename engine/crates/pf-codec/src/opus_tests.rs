//! Sizes of packets over every kind of sound, and libopus (in ffmpeg) as the judge of what they hold.

use std::f32::consts::TAU;
use std::io::Write;
use std::process::{Command, Stdio};

use opus_pure::{OggOpusWriter, OpusHead};

use super::*;

const LAYOUTS: [OpusLayout; 6] = [
    OpusLayout::Stereo,
    OpusLayout::StereoHigh,
    OpusLayout::Surround51,
    OpusLayout::Surround51High,
    OpusLayout::Surround71,
    OpusLayout::Surround71High,
];

/// The same noise every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / (u32::MAX / 2) as f32 - 1.0
    }
}

/// A frequency of its own for every channel, none the octave of another.
fn tone_hz(channel: usize) -> f32 {
    [440.0, 660.0, 550.0, 80.0, 990.0, 1210.0, 770.0, 1430.0][channel]
}

fn tone(channel: usize, sample: usize) -> f32 {
    0.4 * (TAU * tone_hz(channel) * sample as f32 / 48_000.0).sin()
}

#[test]
fn layouts_have_the_streams_and_sizes_of_the_specification() {
    let expected = [
        (2, 1, 1, [60, 120]),
        (2, 1, 1, [320, 640]),
        (6, 4, 2, [160, 320]),
        (6, 6, 0, [960, 1920]),
        (8, 5, 3, [281, 562]),
        (8, 8, 0, [1280, 2560]),
    ];
    for (layout, (channels, streams, coupled, bytes)) in LAYOUTS.into_iter().zip(expected) {
        assert_eq!(layout.channels(), channels, "{layout:?}");
        assert_eq!((layout.streams(), layout.coupled()), (streams, coupled));
        assert_eq!([5, 10].map(|ms| layout.packet_bytes(ms)), bytes);
    }
    for (channels, high_quality, layout) in [
        (2, false, OpusLayout::Stereo),
        (6, true, OpusLayout::Surround51High),
        (8, false, OpusLayout::Surround71),
    ] {
        assert_eq!(OpusLayout::of(channels, high_quality), Ok(layout));
    }
    for channels in [0, 1, 3, 7, 255] {
        let refused = OpusLayout::of(channels, true);
        assert_eq!(refused, Err(CodecError::AudioChannels(channels)));
    }
}

#[test]
fn every_packet_has_its_size_and_first_byte_whatever_it_holds() {
    for layout in LAYOUTS {
        for (packet_ms, packets, coupled, single) in [(5, 2000, 0xEC, 0xE8), (10, 500, 0xF4, 0xF0)]
        {
            let first_byte = if layout.coupled() > 0 {
                coupled
            } else {
                single
            };
            let mut encoder = OpusEncoder::new(layout, packet_ms).expect("5 and 10 ms exist");
            let mut out = [0xEE; 2600];
            for sound in [silence, tones, noise, bursts] {
                for packet in 0..packets {
                    let pcm = sound(&encoder, packet);
                    let bytes = encoder.encode(&pcm, &mut out).expect("encodes");
                    assert_eq!(bytes, layout.packet_bytes(packet_ms), "{layout:?} {packet}");
                    assert_eq!(out[0], first_byte, "{layout:?} {packet}");
                }
            }
            assert_eq!(out[layout.packet_bytes(packet_ms)], 0xEE, "nothing behind");
        }
    }
}

fn silence(encoder: &OpusEncoder, _packet: usize) -> Vec<f32> {
    vec![0.0; encoder.samples()]
}

fn tones(encoder: &OpusEncoder, packet: usize) -> Vec<f32> {
    let first = packet * encoder.frame_samples;
    (0..encoder.samples())
        .map(|at| tone(at % encoder.channels, first + at / encoder.channels))
        .collect()
}

fn noise(encoder: &OpusEncoder, packet: usize) -> Vec<f32> {
    let mut noise = Noise(packet as u32 + 1);
    (0..encoder.samples()).map(|_| noise.next()).collect()
}

/// Full scale in the first tenth of every seventh packet, else silence.
fn bursts(encoder: &OpusEncoder, packet: usize) -> Vec<f32> {
    let mut pcm = silence(encoder, packet);
    if packet % 7 == 3 {
        let burst = encoder.samples() / 10;
        for (sample, noise) in pcm[..burst].iter_mut().zip(noise(encoder, packet)) {
            *sample = noise.signum();
        }
    }
    pcm
}

#[test]
fn what_is_no_sound_is_refused_with_its_numbers() {
    let refused = |packet_ms| OpusEncoder::new(OpusLayout::Stereo, packet_ms).err();
    for packet_ms in [0, 4, 20, u32::MAX] {
        assert_eq!(
            refused(packet_ms),
            Some(CodecError::AudioPacketLength { packet_ms })
        );
    }
    let mut encoder = OpusEncoder::new(OpusLayout::Stereo, 5).expect("5 ms exist");
    for got in [0, 479, 481] {
        assert_eq!(
            encoder.encode(&vec![0.0; got], &mut [0; 60]),
            Err(CodecError::AudioSamples { expected: 480, got })
        );
    }
    assert_eq!(
        encoder.encode(&[0.0; 480], &mut [0; 59]),
        Err(CodecError::AudioRoom {
            needed: 60,
            got: 59
        })
    );
}

#[test]
fn samples_that_are_no_sound_do_no_harm() {
    for layout in LAYOUTS {
        let mut encoder = OpusEncoder::new(layout, 5).expect("5 ms exist");
        let mut out = [0; 1400];
        for value in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e30,
            f32::MIN_POSITIVE,
        ] {
            let pcm = vec![value; encoder.samples()];
            for _ in 0..20 {
                assert_eq!(encoder.encode(&pcm, &mut out), Ok(layout.packet_bytes(5)));
            }
        }
    }
}

#[test]
fn libopus_hears_every_channel_where_it_was_put() {
    for layout in LAYOUTS {
        for packet_ms in [5, 10] {
            let channels = layout.channels();
            let Some(heard) = decoded(layout, packet_ms, SECONDS, tones) else {
                return;
            };
            for channel in 0..channels {
                let own: Vec<f32> = heard
                    .iter()
                    .skip(channel)
                    .step_by(channels)
                    .copied()
                    .collect();
                let own = &own[SETTLED..];
                let powers: Vec<f32> = (0..channels)
                    .map(|other| power_at(own, tone_hz(other)))
                    .collect();
                let loudest = (0..channels).max_by(|&a, &b| powers[a].total_cmp(&powers[b]));
                assert_eq!(
                    loudest,
                    Some(channel),
                    "{layout:?} {packet_ms} ms: {powers:?}"
                );
                let snr_db =
                    10.0 * (powers[channel] / (mean_square(own) - powers[channel])).log10();
                assert!(
                    snr_db > SNR_DB,
                    "{layout:?} {packet_ms} ms, {channel}: {snr_db:.1} dB"
                );
            }
        }
    }
}

#[test]
fn libopus_hears_silence_as_silence() {
    for layout in LAYOUTS {
        let Some(heard) = decoded(layout, 5, 1, silence) else {
            return;
        };
        let loudest = heard
            .iter()
            .fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!(loudest < 1e-4, "{layout:?}: {loudest}");
    }
}

/// What ffmpeg's libopus makes of so many seconds of `sound`, interleaved in our channel order; `None`, with a printed
/// reason, when it is not installed.
fn decoded(
    layout: OpusLayout,
    packet_ms: u32,
    seconds: usize,
    sound: fn(&OpusEncoder, usize) -> Vec<f32>,
) -> Option<Vec<f32>> {
    let mut encoder = OpusEncoder::new(layout, packet_ms).expect("5 and 10 ms exist");
    let mut ogg = OggOpusWriter::new(Vec::new(), head(layout)).expect("a head of RFC 7845");
    let mut out = vec![0; layout.packet_bytes(packet_ms)];
    for packet in 0..seconds * 48_000 / encoder.frame_samples {
        let pcm = sound(&encoder, packet);
        encoder.encode(&pcm, &mut out).expect("encodes");
        ogg.write_packet(&out).expect("memory takes it");
    }
    ffmpeg(&ogg.finish().expect("memory takes it"), layout.channels())
}

/// Ogg orders channels as Vorbis does, and its mapping says where each lies in the streams; ffmpeg gives them back in
/// the order of its own layouts, which is ours.
fn head(layout: OpusLayout) -> OpusHead {
    let mapping: &[u8] = match layout.channels() {
        2 => &[0, 1],
        6 => &[0, 2, 1, 4, 5, 3],
        _ => &[0, 2, 1, 6, 7, 4, 5, 3],
    };
    let mut head = OpusHead::new(2, 48_000).expect("stereo exists");
    head.pre_skip = 0;
    head.channel_count = layout.channels() as u8;
    head.mapping_family = u8::from(layout.channels() > 2);
    head.stream_count = layout.streams() as u8;
    head.coupled_count = layout.coupled() as u8;
    head.channel_mapping = mapping.to_vec();
    head
}

fn ffmpeg(ogg: &[u8], channels: usize) -> Option<Vec<f32>> {
    let child = Command::new("ffmpeg")
        .args([
            "-hide_banner",
            "-nostdin",
            "-loglevel",
            "error",
            "-c:a",
            "libopus",
        ])
        .args(["-f", "ogg", "-i", "pipe:0", "-f", "f32le", "pipe:1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: ffmpeg does not start ({error})");
            return None;
        }
    };
    let mut input = child.stdin.take().expect("stdin is piped");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(ogg).expect("ffmpeg reads its input"));
        child.wait_with_output().expect("ffmpeg ends")
    });
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{words}");
    let (samples, rest) = output.stdout.as_chunks::<4>();
    assert!(rest.is_empty() && samples.len().is_multiple_of(channels));
    Some(
        samples
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
    )
}

/// Mean square of the part of `sound` at that frequency.
fn power_at(sound: &[f32], hz: f32) -> f32 {
    let (mut sine, mut cosine) = (0.0_f64, 0.0_f64);
    for (at, &sample) in sound.iter().enumerate() {
        let angle = std::f64::consts::TAU * f64::from(hz) * at as f64 / 48_000.0;
        sine += f64::from(sample) * angle.sin();
        cosine += f64::from(sample) * angle.cos();
    }
    let count = sound.len() as f64;
    (2.0 * (sine * sine + cosine * cosine) / (count * count)) as f32
}

fn mean_square(sound: &[f32]) -> f32 {
    let sum: f64 = sound.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (sum / sound.len() as f64) as f32
}

const SECONDS: usize = 2;
/// Past the encoder's start.
const SETTLED: usize = 48_000;
const SNR_DB: f32 = 20.0;
