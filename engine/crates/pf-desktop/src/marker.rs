//! The test marker: a frame counter and a clock painted into the top-left corner so that a machine can read them
//! off a picture, also after scaling and lossy coding. Layout: `docs/test-marker.md`.

use std::fmt;

/// Width and height of one cell of an unscaled marker, in pixels.
pub const CELL_PX: u32 = 8;
/// Cells in a row: one a bit, bit 0 leftmost.
pub const COLUMNS: u32 = 32;
/// Rows of cells: counter, clock, check.
pub const ROWS: u32 = 3;
/// Width of an unscaled marker.
pub const WIDTH_PX: u32 = CELL_PX * COLUMNS;
/// Height of an unscaled marker.
pub const HEIGHT_PX: u32 = CELL_PX * ROWS;

/// What the marker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Pictures painted so far, wrapping.
    pub counter: u32,
    /// When the picture was painted: engine clock in microseconds, low 32 bits.
    pub clock_us: u32,
}

/// No marker can be read: the three words do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerError {
    /// Check word that counter and clock call for.
    pub expected: u32,
    /// Check word that was read.
    pub got: u32,
}

/// Where the marker lies in a picture that may have been scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkerPlace {
    /// Left edge in pixels.
    pub x: f64,
    /// Upper edge in pixels.
    pub y: f64,
    /// Width and height of a cell in pixels.
    pub cell_px: f64,
}

impl MarkerPlace {
    /// Where painters put it.
    pub const UNSCALED: Self = Self {
        x: 0.0,
        y: 0.0,
        cell_px: CELL_PX as f64,
    };
}

impl Marker {
    /// The marker of the `counter`-th picture, painted at `now_ns`.
    pub fn new(counter: u32, now_ns: u64) -> Self {
        Self {
            counter,
            clock_us: (now_ns / 1000) as u32,
        }
    }

    /// Time from painting until `now_ns`, modulo 2^32 µs.
    pub fn age_us(self, now_ns: u64) -> u32 {
        ((now_ns / 1000) as u32).wrapping_sub(self.clock_us)
    }

    fn words(self) -> [u32; ROWS as usize] {
        [
            self.counter,
            self.clock_us,
            check(self.counter, self.clock_us),
        ]
    }

    /// Paints it into the corner of a BGRX picture; what does not fit is cut off.
    pub fn paint(self, data: &mut [u8], stride_bytes: usize) {
        let visible_bytes = (WIDTH_PX as usize * 4).min(stride_bytes);
        let rows = data
            .chunks_mut(stride_bytes.max(1))
            .take(HEIGHT_PX as usize);
        let words = self.words();
        for (y, row) in rows.enumerate() {
            let word = words[y / CELL_PX as usize];
            let Some(row) = row.get_mut(..visible_bytes) else {
                return;
            };
            for (column, cell) in row.chunks_mut(CELL_PX as usize * 4).enumerate() {
                cell.fill(if word >> column & 1 == 1 { 0xff } else { 0 });
            }
        }
    }

    /// Reads the marker off a picture through `luma(x, y)`, 0 to 255, asked only inside the marker.
    ///
    /// # Errors
    /// [`MarkerError`] when the check word does not fit, so a picture without marker is not mistaken for one.
    pub fn read(
        place: MarkerPlace,
        mut luma: impl FnMut(u32, u32) -> u8,
    ) -> Result<Self, MarkerError> {
        let mut words = [0u32; ROWS as usize];
        for (row, word) in words.iter_mut().enumerate() {
            for column in 0..COLUMNS {
                *word |= u32::from(is_white(place, column, row as u32, &mut luma)) << column;
            }
        }
        let [counter, clock_us, got] = words;
        let expected = check(counter, clock_us);
        if got == expected {
            Ok(Self { counter, clock_us })
        } else {
            Err(MarkerError { expected, got })
        }
    }

    /// Reads the marker off an unscaled BGRX picture.
    ///
    /// # Errors
    /// [`MarkerError`] as for [`Marker::read`]; pixels outside the picture count as black.
    pub fn read_bgrx(data: &[u8], stride_bytes: usize) -> Result<Self, MarkerError> {
        Self::read(MarkerPlace::UNSCALED, |x, y| {
            let row = data.chunks(stride_bytes.max(1)).nth(y as usize);
            let at = x as usize * 4;
            row.and_then(|row| row.get(at..at + 3)).map_or(0, |pixel| {
                let [blue, green, red] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
                ((29 * blue + 150 * green + 77 * red) >> 8) as u8
            })
        })
    }
}

/// Averages the middle half of a cell, where neither scaling nor coding mixes neighbours in.
fn is_white(
    place: MarkerPlace,
    column: u32,
    row: u32,
    luma: &mut impl FnMut(u32, u32) -> u8,
) -> bool {
    let span = |origin: f64, cell: u32| {
        let from = (origin + (f64::from(cell) + 0.25) * place.cell_px)
            .max(0.0)
            .floor() as u32;
        let to = (origin + (f64::from(cell) + 0.75) * place.cell_px)
            .max(0.0)
            .ceil() as u32;
        from..to
            .max(from.saturating_add(1))
            .min(from.saturating_add(MAX_SAMPLES))
    };
    let (mut sum, mut count) = (0u32, 0u32);
    for y in span(place.y, row) {
        for x in span(place.x, column) {
            sum += u32::from(luma(x, y));
            count += 1;
        }
    }
    sum > count * 128
}

fn check(counter: u32, clock_us: u32) -> u32 {
    counter ^ clock_us.rotate_left(7) ^ CHECK_SALT
}

impl fmt::Display for MarkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no marker: check word {:#010x} expected, {:#010x} read",
            self.expected, self.got
        )
    }
}

impl std::error::Error for MarkerError {}

/// Makes an all-black and an all-white corner invalid.
const CHECK_SALT: u32 = 0x5A5A_5A5A;
/// Bound on samples a side: a nonsensical cell size must not turn reading into minutes of work.
const MAX_SAMPLES: u32 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn painted(marker: Marker, width: usize, height: usize) -> Vec<u8> {
        let mut data = vec![0x40; width * height * 4];
        marker.paint(&mut data, width * 4);
        data
    }

    #[test]
    fn bit_i_of_the_counter_is_column_i_of_the_first_row() {
        let data = painted(
            Marker {
                counter: 0b101,
                clock_us: 0,
            },
            256,
            24,
        );
        let at = |x: usize, y: usize| data[(y * 256 + x) * 4];
        assert_eq!(
            [at(0, 0), at(7, 7), at(8, 0), at(16, 3), at(24, 7)],
            [255, 255, 0, 255, 0]
        );
        assert_eq!([at(0, 8), at(255, 15)], [0, 0], "clock row is zero");
        // 5 ^ 0x5A5A5A5A ends in …0101_1111: bits 0..5 set.
        assert_eq!([at(0, 16), at(8, 16), at(40, 16)], [255, 255, 0]);
    }

    #[test]
    fn black_and_white_corners_are_no_markers() {
        assert!(Marker::read(MarkerPlace::UNSCALED, |_, _| 0).is_err());
        assert!(Marker::read(MarkerPlace::UNSCALED, |_, _| 255).is_err());
    }

    #[test]
    fn a_picture_smaller_than_the_marker_is_painted_without_panic_and_not_read() {
        for (width, height) in [(1, 1), (16, 16), (128, 24), (256, 16)] {
            let data = painted(Marker::new(1, 77_000), width, height);
            assert!(
                Marker::read_bgrx(&data, width * 4).is_err(),
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn reads_through_scaling_and_an_offset() {
        let marker = Marker::new(123_456_789, 987_654_321_000);
        let data = painted(marker, 300, 40);
        for factor in [0.5, 2.0 / 3.0, 1.25, 1.5, 2.0] {
            let place = MarkerPlace {
                x: 13.0,
                y: 5.0,
                cell_px: 8.0 * factor,
            };
            let read = Marker::read(place, |x, y| {
                let original = |value: u32, origin: f64| {
                    ((f64::from(value) + 0.5 - origin) / factor).floor() as usize
                };
                data[(original(y, 5.0) * 300 + original(x, 13.0)) * 4]
            });
            assert_eq!(read, Ok(marker), "factor {factor}");
        }
    }

    #[test]
    fn age_survives_the_wrap_of_the_clock() {
        let marker = Marker::new(1, u64::from(u32::MAX) * 1000);
        assert_eq!(marker.age_us((u64::from(u32::MAX) + 3) * 1000), 3);
    }

    proptest! {
        #[test]
        fn every_marker_reads_back(counter: u32, clock_us: u32) {
            let marker = Marker { counter, clock_us };
            prop_assert_eq!(Marker::read_bgrx(&painted(marker, 300, 30), 1200), Ok(marker));
        }

        #[test]
        fn any_place_and_any_bytes_end_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..4096),
            x: f64, y: f64, cell_px: f64, stride_bytes in 0usize..5000,
        ) {
            let _ = Marker::read_bgrx(&bytes, stride_bytes);
            let _ = Marker::read(MarkerPlace { x, y, cell_px }, |x, y| (x ^ y) as u8);
        }
    }
}
