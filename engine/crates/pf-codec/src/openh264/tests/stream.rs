//! What the stream looks like: quality, key frames, bitrate, parameter sets, slices.

use super::*;
use crate::h264::tests::nal_units;

fn psnr(left: &[u8], right: &[u8]) -> f64 {
    let squares: u64 = left
        .iter()
        .zip(right)
        .map(|(l, r)| u64::from(l.abs_diff(*r)).pow(2))
        .sum();
    10.0 * (255.0 * 255.0 * left.len() as f64 / (squares.max(1) as f64)).log10()
}

#[test]
fn ffmpeg_decodes_every_picture_at_more_than_30_db() {
    for (width, height, slices, references) in
        [(1280, 720, 2, 0), (1366, 768, 4, 1), (64, 64, 1, 0)]
    {
        let config = EncoderConfig {
            bitrate_kbps: 10_000,
            slices,
            threads: slices.min(2),
            max_reference_frames: references,
            ..config(width, height)
        };
        let mut sender = Sender::new(config);
        let (mut stream, mut sources) = (Vec::new(), Vec::new());
        for index in 0..45 {
            stream.extend(sender.send(index, FrameRequest::Predicted).bytes);
            sources.push(sender.packed_input());
        }
        let Some(decoded) = pictures(&stream, config.size) else {
            return;
        };
        assert_eq!(decoded.len(), sources.len());
        for (index, (got, want)) in decoded.iter().zip(&sources).enumerate() {
            let psnr = psnr(got, want);
            assert!(
                psnr > 30.0,
                "{width}x{height}, picture {index}: {psnr:.1} dB"
            );
        }
    }
}

#[test]
fn key_frames_come_when_asked_for_and_never_else() {
    let mut sender = Sender::new(config(640, 360));
    for index in 0..200 {
        let asked = [50, 51, 120].contains(&index);
        let request = if asked {
            FrameRequest::Key
        } else {
            FrameRequest::Predicted
        };
        let sent = sender.send(index, request);
        assert_eq!(
            sent.unit.kind == FrameKind::Key,
            asked || index == 0,
            "frame {index}"
        );
        let types: Vec<u8> = nal_units(&sent.bytes)
            .iter()
            .map(|nal| nal[0] & 0x1F)
            .collect();
        if sent.unit.kind == FrameKind::Key {
            assert_eq!(
                types,
                [7, 8, 5],
                "SPS, PPS, slice: nothing in front of them or between"
            );
        } else {
            assert_eq!(types, [1], "one slice and nothing else");
        }
        assert!(sent.bytes.starts_with(&START_CODE));
    }
}

#[test]
fn a_scene_cut_is_no_key_frame() {
    let mut sender = Sender::new(config(320, 180));
    for index in 0..20 {
        let planes = sender.encoder.input().planes_mut();
        planes.y.fill(if index % 2 == 0 { 40 } else { 220 });
        sender
            .encoder
            .submit(index, FrameRequest::Predicted)
            .expect("nothing is pending");
        let mut bytes = Vec::new();
        let unit = sender
            .encoder
            .finish(&mut bytes)
            .expect("encodes")
            .expect("not skipped");
        assert_eq!(unit.kind == FrameKind::Key, index == 0);
    }
}

#[test]
fn another_bitrate_holds_from_the_second_frame_on_without_a_key_frame() {
    for fps in [60, 120] {
        let config = EncoderConfig {
            fps,
            bitrate_kbps: 8000,
            ..config(640, 360)
        };
        let mut sender = Sender::new(config);
        let mut sizes = Vec::new();
        for index in 0..(4 * fps) {
            let kbps = [(fps, 2000), (2 * fps, 12_000), (3 * fps, 8000)];
            if let Some((_, kbps)) = kbps.iter().find(|(at, _)| *at == index) {
                sender
                    .encoder
                    .set_bitrate(*kbps)
                    .expect("openh264 takes it");
                assert_eq!(sender.encoder.info().bitrate_kbps, *kbps);
            }
            let sent = sender.send(index, FrameRequest::Predicted);
            assert_eq!(
                sent.unit.kind == FrameKind::Key,
                index == 0,
                "frame {index}"
            );
            sizes.push(sent.bytes.len());
        }
        let second = |number: usize| &sizes[number * fps as usize..(number + 1) * fps as usize];
        for (number, kbps) in [(0, 8000), (1, 2000), (2, 12_000), (3, 8000)] {
            let got = second(number).iter().sum::<usize>() * 8 / 1000;
            assert!(
                got.abs_diff(kbps) * 100 <= kbps * 20,
                "{fps} frames a second: {got} kbit in a second of {kbps}"
            );
        }
        let settled = second(1).iter().sum::<usize>() / fps as usize;
        let third = sizes[fps as usize + 2];
        assert!(
            third <= settled * 2,
            "third frame after the change has {third}, later {settled}"
        );
    }
}

#[test]
fn bitrates_the_library_would_refuse_are_brought_into_its_range() {
    for (kbps, in_force) in [
        (1, 1),
        (240_000, 240_000),
        (500_000, 240_000),
        (u32::MAX, 240_000),
    ] {
        let mut sender = Sender::new(EncoderConfig {
            bitrate_kbps: kbps,
            ..config(320, 180)
        });
        assert_eq!(sender.encoder.info().bitrate_kbps, in_force);
        sender.send(0, FrameRequest::Predicted);
        for next in [5000, kbps, 20_000, kbps] {
            sender
                .encoder
                .set_bitrate(next)
                .expect("any bitrate is taken");
            sender.send(1, FrameRequest::Predicted);
        }
    }
    assert_eq!(
        OpenH264Encoder::open(EncoderConfig {
            bitrate_kbps: 0,
            ..config(320, 180)
        })
        .err(),
        Some(bitrate_of_zero())
    );
}

#[test]
fn parameter_sets_promise_no_delay() {
    for (size, fps, single, level, references) in [
        ((1920, 1080), 60, false, 42, 3),
        ((1920, 1080), 60, true, 42, 1),
        ((1280, 720), 120, false, 42, 3),
        ((1920, 1080), 240, true, 52, 1),
        ((3840, 2160), 30, false, 51, 3),
        ((3840, 2160), 240, false, 52, 3),
        ((1366, 768), 60, false, 42, 3),
    ] {
        let config = EncoderConfig {
            fps,
            bitrate_kbps: 10_000,
            max_reference_frames: u8::from(single),
            ..config(size.0, size.1)
        };
        let mut encoder = OpenH264Encoder::open(config).expect("openh264 opens");
        encoder
            .submit(0, FrameRequest::Predicted)
            .expect("nothing is pending");
        let mut bytes = Vec::new();
        encoder.finish(&mut bytes).expect("encodes");
        let units = nal_units(&bytes);
        let sequence = SequenceParameters::parse(units[0]).expect("SPS comes first");
        assert_eq!(sequence.level_idc, level, "{size:?} at {fps}");
        assert_eq!(sequence.max_reference_frames, references);
        assert_eq!(sequence.size, config.size);
        let video = sequence.video;
        let restriction = Restriction {
            reorder_frames: 0,
            buffered_frames: references,
        };
        assert_eq!(video.restriction, Some(restriction));
    }
}

#[test]
fn parameter_sets_name_the_colours_asked_for() {
    for (matrix, code) in [(ColourMatrix::Bt601, 6), (ColourMatrix::Bt709, 1)] {
        for full_range in [false, true] {
            let mut sender = Sender::new(EncoderConfig {
                colour: Colour { matrix, full_range },
                ..config(640, 360)
            });
            let sent = sender.send(0, FrameRequest::Key);
            let sequence = SequenceParameters::parse(nal_units(&sent.bytes)[0]).expect("SPS first");
            let description = ColourDescription {
                full_range,
                primaries: code,
                transfer: code,
                matrix: code,
            };
            assert_eq!(sequence.video.colour, Some(description));
        }
    }
}

#[test]
fn what_it_is_in_words_is_what_the_library_says() {
    let detail = OpenH264Encoder::open(EncoderConfig {
        slices: 4,
        threads: 2,
        ..config(1280, 720)
    })
    .expect("opens")
    .detail();
    assert_eq!(
        detail,
        "openh264 2.7.0, Baseline profile, level 3.2, CAVLC, rate control bitrate, complexity low, 4 slices, \
         2 threads, 3 reference frames, 2 of them long-term"
    );
    let small = OpenH264Encoder::open(EncoderConfig {
        slices: 8,
        bitrate_kbps: 500_000,
        long_term_references: false,
        ..config(64, 64)
    })
    .expect("opens")
    .detail();
    assert!(!small.contains("8 slices"), "a picture of 4 rows: {small}");
    assert!(
        small.ends_with("0 of them long-term, limited to 240000 of 500000 kb/s"),
        "{small}"
    );
}

#[test]
fn pictures_have_the_slices_asked_for() {
    for slices in [1, 2, 3, 4] {
        let config = EncoderConfig {
            slices,
            threads: 2,
            ..config(1280, 720)
        };
        let mut sender = Sender::new(config);
        assert_eq!(sender.encoder.info().threads, slices.min(2));
        for index in 0..4 {
            let sent = sender.send(index, FrameRequest::Predicted);
            let count = nal_units(&sent.bytes)
                .iter()
                .filter(|nal| nal[0] & 0x1F < 6)
                .count();
            assert_eq!(count, slices as usize);
        }
    }
}

/// Values of the named syntax elements, in order, from ffmpeg's own parser.
fn traced(stream: &[u8], names: &[&str]) -> Option<Vec<(String, i64)>> {
    let arguments = [
        "-loglevel",
        "trace",
        "-c",
        "copy",
        "-bsf:v",
        "trace_headers",
        "-f",
        "null",
        "-",
    ];
    let output = ffmpeg(stream, &arguments)?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let values = text.lines().filter_map(|line| {
        let line = line.split("] ").nth(1)?;
        let name = line.split_whitespace().nth(1)?;
        let plain = name.split('[').next()?;
        let value = line.rsplit(" = ").next()?.trim().parse().ok()?;
        names.contains(&plain).then(|| (plain.to_owned(), value))
    });
    Some(values.collect())
}

#[test]
fn headers_read_as_ffmpeg_reads_them() {
    let mut sender = Sender::new(EncoderConfig {
        slices: 2,
        ..config(640, 360)
    });
    let (mut stream, mut ours) = (Vec::new(), Vec::new());
    let mut push = |name: &str, value: i64| ours.push((name.to_owned(), value));
    for index in 0..70 {
        let request = match index {
            33 => FrameRequest::Key,
            20 | 60 => FrameRequest::ReferencesBefore {
                first_lost: index - 2,
                last_lost: index,
            },
            _ => FrameRequest::Predicted,
        };
        let sent = sender.send(index, request);
        if sent.unit.long_term_reference {
            sender
                .encoder
                .acknowledge(index)
                .expect("openh264 takes it");
        }
        let (sequence, picture) = (sender.encoder.sequence, sender.encoder.picture);
        for nal in nal_units(&sent.bytes) {
            if nal_kind(nal) == Some(NalKind::SequenceParameters) {
                let sequence = SequenceParameters::parse(nal).expect("our SPS");
                push("profile_idc", sequence.profile_idc.into());
                push("level_idc", sequence.level_idc.into());
                push("max_num_ref_frames", sequence.max_reference_frames.into());
                push("matrix_coefficients", 1);
                push("max_num_reorder_frames", 0);
                push(
                    "max_dec_frame_buffering",
                    sequence.max_reference_frames.into(),
                );
            }
            let Some(NalKind::Slice | NalKind::IdrSlice) = nal_kind(nal) else {
                continue;
            };
            let header = SliceHeader::parse(nal, &sequence, &picture).expect("our slice");
            push("frame_num", header.frame_num.into());
            if let Some(id) = header.idr_picture_id {
                push("idr_pic_id", id.into());
            }
            for modification in header.modifications.iter() {
                use crate::h264::ListModification::{LongTerm, ShortTerm};
                match modification {
                    ShortTerm { difference, .. } => {
                        push("abs_diff_pic_num_minus1", i64::from(difference) - 1);
                    }
                    LongTerm { index } => push("long_term_pic_num", index.into()),
                }
            }
            if let Some(crate::h264::Marking::Adaptive(operations)) = header.marking {
                use crate::h264::MemoryOperation::{
                    CurrentToLongTerm, DropShortTerm, LimitLongTerm, ShortToLongTerm,
                };
                for operation in operations.iter() {
                    match operation {
                        DropShortTerm { difference } => {
                            push("difference_of_pic_nums_minus1", i64::from(difference) - 1);
                        }
                        ShortToLongTerm { difference, index } => {
                            push("difference_of_pic_nums_minus1", i64::from(difference) - 1);
                            push("long_term_frame_idx", index.into());
                        }
                        LimitLongTerm { count } => {
                            push("max_long_term_frame_idx_plus1", count.into());
                        }
                        CurrentToLongTerm { index } => push("long_term_frame_idx", index.into()),
                        other => panic!("openh264 never wrote {other:?} so far"),
                    }
                }
            }
            push("slice_qp_delta", i64::from(header.qp - picture.initial_qp));
        }
        stream.extend(sent.bytes);
    }
    let names: Vec<&str> = vec![
        "profile_idc",
        "level_idc",
        "max_num_ref_frames",
        "matrix_coefficients",
        "max_num_reorder_frames",
        "max_dec_frame_buffering",
        "frame_num",
        "idr_pic_id",
        "abs_diff_pic_num_minus1",
        "long_term_pic_num",
        "difference_of_pic_nums_minus1",
        "max_long_term_frame_idx_plus1",
        "long_term_frame_idx",
        "slice_qp_delta",
    ];
    let Some(theirs) = traced(&stream, &names) else {
        return;
    };
    for name in [
        "long_term_pic_num",
        "long_term_frame_idx",
        "difference_of_pic_nums_minus1",
    ] {
        assert!(
            ours.iter().any(|(ours, _)| ours == name),
            "no {name} in the stream"
        );
    }
    // ffmpeg reads the first SPS once more, ahead of the stream.
    let ahead = theirs
        .iter()
        .take_while(|(name, _)| name != "frame_num")
        .count()
        / 2;
    let theirs = &theirs[ahead..];
    assert_eq!(theirs.len(), ours.len());
    for (place, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(theirs, ours, "element {place}");
    }
}

#[test]
fn the_quantiser_follows_the_bitrate() {
    let mean_qp = |bitrate_kbps| {
        let mut sender = Sender::new(EncoderConfig {
            bitrate_kbps,
            ..config(640, 360)
        });
        let qps = (0..60).map(|index| {
            let qp = sender
                .send(index, FrameRequest::Predicted)
                .unit
                .qp
                .expect("openh264 tells");
            f64::from(qp)
        });
        qps.skip(20).sum::<f64>() / 40.0
    };
    let (fine, coarse) = (mean_qp(20_000), mean_qp(1000));
    assert!(fine + 4.0 < coarse, "{fine} at 20 Mbit/s, {coarse} at 1");
}

#[test]
fn frames_are_submitted_and_finished_one_at_a_time() {
    let mut encoder = OpenH264Encoder::open(config(320, 180)).expect("openh264 opens");
    let mut bytes = Vec::new();
    assert_eq!(
        encoder.finish(&mut bytes),
        Err(CodecError::NothingSubmitted)
    );
    encoder
        .submit(7, FrameRequest::Predicted)
        .expect("nothing is pending");
    assert_eq!(
        encoder.submit(8, FrameRequest::Predicted),
        Err(CodecError::StillEncoding { frame_index: 7 })
    );
    assert!(encoder.finish(&mut bytes).expect("encodes").is_some());
    let (place, capacity) = (bytes.as_ptr(), bytes.capacity());
    for index in 8..40 {
        encoder
            .submit(index, FrameRequest::Predicted)
            .expect("nothing is pending");
        encoder.finish(&mut bytes).expect("encodes");
    }
    assert_eq!(
        (bytes.as_ptr(), bytes.capacity()),
        (place, capacity),
        "the buffer is kept"
    );
}

#[test]
fn settings_outside_their_range_are_refused_with_the_numbers() {
    let refused = |config| {
        OpenH264Encoder::open(config)
            .err()
            .expect("refused")
            .to_string()
    };
    let base = config(320, 180);
    assert_eq!(
        refused(EncoderConfig { slices: 0, ..base }),
        "slices must be 1 to 8, got 0"
    );
    assert_eq!(
        refused(EncoderConfig { slices: 9, ..base }),
        "slices must be 1 to 8, got 9"
    );
    assert_eq!(
        refused(EncoderConfig { threads: 5, ..base }),
        "threads must be 1 to 4, got 5"
    );
    assert!(refused(EncoderConfig { fps: 0, ..base }).starts_with("0 frames a second"));
    assert!(refused(config(16, 16)).starts_with("mode 16x16 is outside"));
}
