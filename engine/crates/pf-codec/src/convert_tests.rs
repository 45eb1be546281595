//! The conversion against an f64 reference, and pictures scaled at every kind of factor.

use proptest::prelude::*;

use super::*;
use crate::colour::ColourMatrix;

const COLOURS: [Colour; 4] = [
    colour(ColourMatrix::Bt709, false),
    colour(ColourMatrix::Bt709, true),
    colour(ColourMatrix::Bt601, false),
    colour(ColourMatrix::Bt601, true),
];

const fn colour(matrix: ColourMatrix, full_range: bool) -> Colour {
    Colour { matrix, full_range }
}

/// One pixel computed in f64 and rounded once: luma, blue and red difference.
fn reference(colour: Colour, [blue, green, red]: [f64; 3]) -> (f64, f64, f64) {
    let (kr, kb) = match colour.matrix {
        ColourMatrix::Bt601 => (0.299, 0.114),
        ColourMatrix::Bt709 => (0.2126, 0.0722),
    };
    let (black, luma_span, chroma_span) = match colour.full_range {
        false => (16.0, 219.0, 224.0),
        true => (0.0, 255.0, 255.0),
    };
    let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
    let difference = |channel: f64, weight: f64| {
        let value = 128.0 + (channel - luma) / (2.0 * (1.0 - weight)) * chroma_span / 255.0;
        value.round().clamp(0.0, 255.0)
    };
    (
        (black + luma * luma_span / 255.0).round(),
        difference(blue, kb),
        difference(red, kr),
    )
}

struct Source {
    bytes: Vec<u8>,
    stride_bytes: usize,
    size: PictureSize,
}

impl Source {
    fn paint(
        size: PictureSize,
        stride_bytes: usize,
        mut pixel: impl FnMut(usize, usize) -> [u8; 3],
    ) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        // Padding is loud, so that reading it shows; the last row has none.
        let mut bytes = vec![0xEE; stride_bytes * (height - 1) + width * 4];
        for y in 0..height {
            for x in 0..width {
                let [blue, green, red] = pixel(x, y);
                let at = y * stride_bytes + x * 4;
                bytes[at..at + 4].copy_from_slice(&[blue, green, red, 0x5A]);
            }
        }
        Self {
            bytes,
            stride_bytes,
            size,
        }
    }

    fn image(&self) -> BgrxImage<'_> {
        BgrxImage {
            data: &self.bytes,
            stride_bytes: self.stride_bytes,
            size: self.size,
        }
    }

    fn pixel(&self, x: usize, y: usize) -> [f64; 3] {
        let x = x.min(self.size.width as usize - 1);
        let y = y.min(self.size.height as usize - 1);
        let at = y * self.stride_bytes + x * 4;
        [0, 1, 2].map(|channel| f64::from(self.bytes[at + channel]))
    }
}

fn converted(source: &Source, target: (u32, u32)) -> (I420Image, PictureRect) {
    converted_to(Colour::default(), source, target)
}

fn converted_to(colour: Colour, source: &Source, target: (u32, u32)) -> (I420Image, PictureRect) {
    let target = PictureSize::new(target.0, target.1);
    let mut converter = Converter::new(source.size, target, colour).expect("sizes exist");
    let mut image = I420Image::new(target).expect("even size");
    let planes = image.planes_mut();
    for plane in [planes.y, planes.u, planes.v] {
        plane.fill(0xCC);
    }
    converter
        .convert(&source.image(), &mut image)
        .expect("source holds its rows");
    (image, converter.rect())
}

/// Every sample of the rectangle within ±1 of the f64 value of `pixel(x, y)`, bars exactly black.
fn assert_shows(image: &I420Image, rect: PictureRect, pixel: impl Fn(usize, usize) -> [f64; 3]) {
    assert_shows_in(Colour::default(), image, rect, pixel);
}

fn assert_shows_in(
    colour: Colour,
    image: &I420Image,
    rect: PictureRect,
    pixel: impl Fn(usize, usize) -> [f64; 3],
) {
    let planes = image.planes();
    let (width, height) = (image.size().width as usize, image.size().height as usize);
    let columns = rect.x as usize..(rect.x + rect.width) as usize;
    let rows = rect.y as usize..(rect.y + rect.height) as usize;
    for y in 0..height {
        for x in 0..width {
            let got = planes.y[y * planes.y_stride + x];
            if columns.contains(&x) && rows.contains(&y) {
                let want = reference(colour, pixel(x - columns.start, y - rows.start)).0;
                assert!(
                    (f64::from(got) - want).abs() <= 1.0,
                    "luma {x},{y}: {got}, want {want}"
                );
            } else {
                assert_eq!(got, colour.black(), "bar at {x},{y}");
            }
        }
    }
    for y in 0..height / 2 {
        for x in 0..width / 2 {
            let at = y * planes.chroma_stride + x;
            let (u, v) = (planes.u[at], planes.v[at]);
            if !(columns.contains(&(2 * x)) && rows.contains(&(2 * y))) {
                assert_eq!((u, v), (128, 128), "bar at chroma {x},{y}");
                continue;
            }
            let (left, top) = (2 * x - columns.start, 2 * y - rows.start);
            let mut mean = [0.0; 3];
            for (column, weight) in [(left.saturating_sub(1), 1.0), (left, 2.0), (left + 1, 1.0)] {
                for row in [top, top + 1] {
                    for (sum, value) in mean.iter_mut().zip(pixel(column, row)) {
                        *sum += value * weight / 8.0;
                    }
                }
            }
            let (_, want_u, want_v) = reference(colour, mean);
            assert!(
                (f64::from(u) - want_u).abs() <= 1.0,
                "U {x},{y}: {u}, want {want_u}"
            );
            assert!(
                (f64::from(v) - want_v).abs() <= 1.0,
                "V {x},{y}: {v}, want {want_v}"
            );
        }
    }
}

/// Pixels that look like noise but are the same every run.
fn noise(x: usize, y: usize) -> [u8; 3] {
    let mixed = (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (y as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    [
        (mixed >> 20) as u8,
        (mixed >> 32) as u8,
        (mixed >> 44) as u8,
    ]
}

/// One-pixel black and white checks with a coloured band: any blur or shift shows.
fn checks(x: usize, y: usize) -> [u8; 3] {
    match (x + y) % 2 {
        _ if y % 7 == 3 => [250, 20, 90],
        0 => [255, 255, 255],
        _ => [0, 0, 0],
    }
}

#[test]
fn noise_gradients_and_primaries_are_within_one_of_the_reference() {
    let gradient = |x: usize, y: usize| [(x * 2) as u8, (y * 3) as u8, (x + y) as u8];
    let primaries = |x: usize, y: usize| {
        let corner = |bit: usize| {
            if (x / 2 + y / 2 * 3) >> bit & 1 == 1 {
                255
            } else {
                0
            }
        };
        [corner(0), corner(1), corner(2)]
    };
    type Pixels<'a> = &'a dyn Fn(usize, usize) -> [u8; 3];
    let pictures: [Pixels<'_>; 4] = [&noise, &gradient, &primaries, &checks];
    for pixels in pictures {
        // 1 to 3 columns past every vector width, and strides that are no multiple of anything.
        for (width, height, padding) in [
            (64, 32, 0),
            (66, 2, 3),
            (130, 34, 4),
            (254, 16, 61),
            (2, 2, 0),
            (510, 6, 1),
        ] {
            let size = PictureSize::new(width, height);
            let source = Source::paint(size, width as usize * 4 + padding, pixels);
            let whole = PictureRect {
                x: 0,
                y: 0,
                width,
                height,
            };
            for colour in COLOURS {
                let (image, rect) = converted_to(colour, &source, (width, height));
                assert_eq!(rect, whole);
                assert_shows_in(colour, &image, rect, |x, y| source.pixel(x, y));
            }
        }
    }
}

#[test]
fn every_grey_and_every_pure_colour_is_within_one_of_the_reference() {
    for shade in 0..=255_u8 {
        let size = PictureSize::new(64, 8);
        let source = Source::paint(size, 256, |x, _| {
            let mut pixel = [0; 3];
            match x / 16 {
                3 => pixel = [shade; 3],
                channel => pixel[channel] = shade,
            }
            pixel
        });
        for colour in COLOURS {
            let (image, rect) = converted_to(colour, &source, (64, 8));
            assert_shows_in(colour, &image, rect, |x, y| source.pixel(x, y));
        }
    }
}

#[test]
fn colour_lies_on_even_columns_as_the_bitstream_says() {
    // One blue column on black: an even one colours its own sample by half, an odd one both neighbours by a quarter.
    let size = PictureSize::new(64, 4);
    let blue_excess = |column: usize| {
        let source = Source::paint(size, 256, |x, _| [if x == column { 255 } else { 0 }, 0, 0]);
        let (image, _) = converted(&source, (64, 4));
        [14, 15, 16].map(|sample| i32::from(image.planes().u[sample]) - 128)
    };
    assert_eq!(blue_excess(30), [0, 56, 0]);
    assert_eq!(blue_excess(29), [28, 28, 0]);
    assert_eq!(blue_excess(31), [0, 28, 28]);
}

#[test]
fn an_ultrawide_picture_shows_the_source_in_its_middle() {
    let source = Source::paint(PictureSize::new(1920, 1080), 1920 * 4, checks);
    let middle = PictureRect {
        x: 240,
        y: 0,
        width: 1920,
        height: 1080,
    };
    for colour in COLOURS {
        let (image, rect) = converted_to(colour, &source, (2400, 1080));
        assert_eq!(rect, middle);
        assert_shows_in(colour, &image, rect, |x, y| source.pixel(x, y));
    }
}

#[test]
fn whole_factors_up_are_exactly_sharp() {
    for (source_size, target, factor) in [
        ((960, 540), (1920, 1080), 2),
        ((100, 60), (400, 180), 3),
        ((97, 41), (400, 164), 4),
        ((101, 52), (200, 52), 1),
    ] {
        let size = PictureSize::new(source_size.0, source_size.1);
        let source = Source::paint(size, size.width as usize * 4 + 8, checks);
        let (image, rect) = converted(&source, target);
        assert_shows(&image, rect, |x, y| source.pixel(x / factor, y / factor));
    }
}

#[test]
fn whole_factors_down_are_exact_means() {
    for (source_size, target, factor) in [
        ((1920, 1080), (960, 540), 2),
        ((303, 180), (140, 60), 3),
        ((648, 410), (200, 82), 5),
        ((401, 200), (200, 50), 4),
        ((3838, 100), (1920, 50), 2),
    ] {
        let size = PictureSize::new(source_size.0, source_size.1);
        let source = Source::paint(size, size.width as usize * 4 + 12, noise);
        let (image, rect) = converted(&source, target);
        assert_shows(&image, rect, |x, y| {
            let mut mean = [0.0; 3];
            for dy in 0..factor {
                for dx in 0..factor {
                    let pixel = source.pixel(x * factor + dx, y * factor + dy);
                    for (sum, value) in mean.iter_mut().zip(pixel) {
                        *sum += value;
                    }
                }
            }
            mean.map(|sum| (sum / (factor * factor) as f64).round())
        });
    }
}

#[test]
fn three_to_two_keeps_edges_in_place_in_both_directions() {
    // Left half white, right half blue, upper quarter black: edges must land at the same fraction.
    for (from, to) in [((1280, 720), (1920, 1080)), ((1920, 1080), (1280, 720))] {
        let size = PictureSize::new(from.0, from.1);
        let (half, quarter) = (from.0 as usize / 2, from.1 as usize / 4);
        for padding in [0, 64, 3] {
            let source = Source::paint(size, size.width as usize * 4 + padding, |x, y| {
                match (x < half, y < quarter) {
                    (_, true) => [0, 0, 0],
                    (true, _) => [255, 255, 255],
                    (false, _) => [255, 0, 0],
                }
            });
            let (image, rect) = converted(&source, to);
            assert_eq!(
                rect,
                PictureRect {
                    x: 0,
                    y: 0,
                    width: to.0,
                    height: to.1
                }
            );
            let planes = image.planes();
            let (half, quarter) = (to.0 as usize / 2, to.1 as usize / 4);
            let luma = |x: usize, y: usize| i32::from(planes.y[y * planes.y_stride + x]);
            let (white, blue) = (235, 32);
            for (x, y, want) in [
                (0, 0, 16),
                (to.0 as usize - 1, quarter - 3, 16),
                (0, quarter + 3, white),
                (half - 4, quarter + 3, white),
                (half + 3, quarter + 3, blue),
                (to.0 as usize - 1, to.1 as usize - 1, blue),
                (0, to.1 as usize - 1, white),
            ] {
                let got = luma(x, y);
                assert!(
                    (got - want).abs() <= 1,
                    "{from:?} to {to:?}: {x},{y} is {got}, not {want}"
                );
            }
            let blue_u =
                planes.u[(to.1 as usize / 2 - 1) * planes.chroma_stride + to.0 as usize / 2 - 1];
            assert!(blue_u.abs_diff(240) <= 1, "U of blue is {blue_u}");
        }
    }
}

#[test]
fn shrinking_beyond_the_filter_keeps_colours_in_place() {
    // Factors of 65 and 300: means first, then the filter. Left half white, right half black.
    for (side, target) in [(1300, 20), (1200, 4)] {
        let source = Source::paint(
            PictureSize::new(side, side),
            side as usize * 4 + 3,
            |x, _| [if x < side as usize / 2 { 255 } else { 0 }; 3],
        );
        let (image, rect) = converted(&source, (target, target));
        assert_eq!((rect.width, rect.height), (target, target));
        let planes = image.planes();
        for row in planes.y.chunks_exact(planes.y_stride) {
            let (first, last) = (row[0], row[target as usize - 1]);
            assert!(first >= 234 && last <= 17, "{side}: {first} and {last}");
        }
    }
}

#[test]
fn pictures_of_another_size_are_refused() {
    let size = PictureSize::new(64, 32);
    let mut converter = Converter::new(size, size, Colour::default()).expect("sizes exist");
    let bytes = vec![0; 64 * 32 * 4];
    let source = BgrxImage {
        data: &bytes,
        stride_bytes: 256,
        size,
    };
    let mut small = I420Image::new(PictureSize::new(32, 32)).expect("even size");
    assert_eq!(
        converter
            .convert(&source, &mut small)
            .expect_err("smaller")
            .to_string(),
        "expected a picture of 64x32, got 32x32"
    );
    let mut fits = I420Image::new(size).expect("even size");
    let short = BgrxImage {
        data: &bytes[..8000],
        ..source
    };
    assert!(matches!(
        converter.convert(&short, &mut fits),
        Err(CodecError::SourceBytes { .. })
    ));
    let other = BgrxImage {
        size: PictureSize::new(32, 32),
        ..source
    };
    assert!(matches!(
        converter.convert(&other, &mut fits),
        Err(CodecError::SizeChanged { .. })
    ));
}

#[test]
fn the_reciprocal_is_exact_for_every_sum() {
    for factor in 2..=16_u32 {
        let count = factor * factor;
        let reciprocal = Reciprocal::new(count as usize);
        for sum in 0..=count * 255 {
            assert_eq!(
                u32::from(reciprocal.rounded_mean(sum)),
                (sum + count / 2) / count
            );
        }
    }
    for factor in [17_u32, 100, 255, 256] {
        let count = factor * factor;
        let reciprocal = Reciprocal::new(count as usize);
        for sum in (0..=count * 255)
            .step_by(97)
            .chain([count * 255 - 1, count * 255])
        {
            assert_eq!(
                u32::from(reciprocal.rounded_mean(sum)),
                (sum + count / 2) / count
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_source_in_any_target_leaves_black_bars_and_legal_luma(
        source in (1_u32..200, 1_u32..200),
        target in (1_u32..100, 1_u32..100),
        padding in 0_usize..9,
    ) {
        let size = PictureSize::new(source.0, source.1);
        let source = Source::paint(size, size.width as usize * 4 + padding, noise);
        let (image, rect) = converted(&source, (target.0 * 2, target.1 * 2));
        let planes = image.planes();
        for y in 0..image.size().height {
            for x in 0..image.size().width {
                let got = planes.y[y as usize * planes.y_stride + x as usize];
                let inside = (rect.x..rect.x + rect.width).contains(&x)
                    && (rect.y..rect.y + rect.height).contains(&y);
                let legal = if inside { 16..=235 } else { 16..=16 };
                prop_assert!(legal.contains(&got), "{x},{y}: {got}");
            }
        }
    }
}
