//! The scaler against an f64 reference of the same filter.

use proptest::prelude::*;

use super::*;

/// Catmull-Rom in f64, every source pixel within reach, rounded and cut to bytes only at the very end.
fn reference(source: &BgrxImage<'_>, span: (f64, f64), width: usize, height: usize) -> Vec<f64> {
    let size = source.size;
    let columns: Vec<_> = (0..width)
        .map(|x| shares(size.width as usize, span.0, width, x))
        .collect();
    let narrow: Vec<f64> = (0..size.height as usize)
        .flat_map(|y| {
            let row = source.row(y);
            columns
                .iter()
                .flat_map(move |shares| (0..4).map(move |channel| (shares, channel)))
                .map(move |(shares, channel)| {
                    let of = |&(at, share): &(usize, f64)| share * f64::from(row[at * 4 + channel]);
                    shares.iter().map(of).sum()
                })
        })
        .collect();
    (0..height)
        .flat_map(|y| {
            let shares = shares(size.height as usize, span.1, height, y);
            let narrow = &narrow;
            (0..width * 4).map(move |at| {
                let of = |&(row, share): &(usize, f64)| share * narrow[row * width * 4 + at];
                shares.iter().map(of).sum::<f64>().clamp(0.0, 255.0)
            })
        })
        .collect()
}

fn shares(source: usize, span: f64, scaled: usize, number: usize) -> Vec<(usize, f64)> {
    let step = span / scaled as f64;
    let stretch = step.max(1.0);
    let weight = |at: usize| {
        let x = ((at as f64 + 0.5 - (number as f64 + 0.5) * step) / stretch).abs();
        match x {
            0.0..1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
            1.0..2.0 => -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0,
            _ => 0.0,
        }
    };
    let sum: f64 = (0..source).map(weight).sum();
    (0..source)
        .map(|at| (at, weight(at) / sum))
        .filter(|&(_, share)| share != 0.0)
        .collect()
}

/// Noise, a third of it black and white only: the loudest input there is.
fn noise(size: PictureSize, mut seed: u64) -> Vec<u8> {
    (0..size.width as usize * size.height as usize * 4)
        .map(|at| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match at / 64 % 3 {
                0 if seed >> 63 == 1 => 255,
                0 => 0,
                _ => (seed >> 56) as u8,
            }
        })
        .collect()
}

/// Scales noise twice, as two frames, and gives the second's largest difference from the reference.
fn largest_error(source: (u32, u32), span: (f64, f64), scaled: (u32, u32)) -> f64 {
    let size = PictureSize::new(source.0, source.1);
    let mut resampler = Resampler::new(size, span, scaled.0, scaled.1);
    let row_bytes = scaled.0 as usize * 4;
    let mut got = vec![0; row_bytes * scaled.1 as usize];
    let mut error = 0.0;
    for seed in [1, 2] {
        let data = noise(size, seed);
        let image = BgrxImage {
            data: &data,
            stride_bytes: source.0 as usize * 4,
            size,
        };
        for (y, row) in got.chunks_exact_mut(row_bytes).enumerate() {
            resampler.row(&image, y, row);
        }
        let want = reference(&image, span, scaled.0 as usize, scaled.1 as usize);
        error = got
            .iter()
            .zip(&want)
            .map(|(&got, want)| (f64::from(got) - want).abs())
            .fold(0.0, f64::max);
    }
    error
}

fn whole(source: (u32, u32)) -> (f64, f64) {
    (f64::from(source.0), f64::from(source.1))
}

#[test]
fn usual_factors_are_within_one_of_the_reference() {
    for (source, scaled) in [
        ((384, 216), (256, 144)),
        ((256, 144), (384, 216)),
        ((320, 180), (384, 216)),
        ((384, 240), (346, 216)),
        ((344, 144), (192, 80)),
        ((97, 61), (150, 94)),
        ((40, 30), (200, 150)),
        ((211, 120), (100, 56)),
    ] {
        let error = largest_error(source, whole(source), scaled);
        assert!(error < 1.0, "{source:?} to {scaled:?}: {error}");
    }
}

#[test]
fn tiny_sources_and_strong_shrinking_are_within_two_of_the_reference() {
    for (source, scaled) in [
        ((1, 1), (6, 4)),
        ((2, 3), (10, 14)),
        ((3, 1), (2, 2)),
        ((500, 7), (34, 2)),
        ((310, 310), (20, 20)),
        ((637, 319), (20, 10)),
    ] {
        let error = largest_error(source, whole(source), scaled);
        assert!(error < 2.0, "{source:?} to {scaled:?}: {error}");
    }
}

#[test]
fn a_span_within_the_last_column_and_row_is_scaled_as_that() {
    let error = largest_error((101, 67), (100.25, 66.5), (64, 42));
    assert!(error < 1.0, "{error}");
}

#[test]
fn flat_pictures_stay_exactly_flat() {
    for (source, scaled) in [
        ((30, 20), (46, 30)),
        ((45, 30), (30, 20)),
        ((64, 64), (36, 36)),
        ((70, 70), (32, 32)),
    ] {
        let size = PictureSize::new(source.0, source.1);
        let (width, height) = scaled;
        let mut resampler = Resampler::new(size, whole(source), width, height);
        let mut row = vec![0; width as usize * 4];
        for shade in 0..=255 {
            let data = vec![shade; source.0 as usize * source.1 as usize * 4];
            let image = BgrxImage {
                data: &data,
                stride_bytes: source.0 as usize * 4,
                size,
            };
            for y in 0..height as usize {
                resampler.row(&image, y, &mut row);
                assert!(
                    row.iter().all(|&byte| byte == shade),
                    "{source:?} to {scaled:?}, {shade} in row {y}: {row:?}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_factor_is_within_two_of_the_reference(
        source in (1_u32..120, 1_u32..120),
        scaled in (4_u32..150, 4_u32..150),
    ) {
        let error = largest_error(source, whole(source), scaled);
        prop_assert!(error < 2.0, "{error}");
    }
}
