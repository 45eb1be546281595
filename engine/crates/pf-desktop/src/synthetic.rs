//! A source without a desktop: a gradient, a moving bar and the test marker, painted when asked. Never black.

use crate::marker::Marker;
use crate::source::measure;
use crate::{
    Newest, Picture, PictureSize, PictureSource, SourceError, SourceInfo, SourceStamp,
    SyntheticConfig, Trial,
};

/// Paints a picture whenever one is due at its rate.
#[derive(Debug)]
pub struct SyntheticSource {
    size: PictureSize,
    fps: u32,
    interval_ns: u64,
    now: fn() -> u64,
    data: Vec<u8>,
    /// Brightness of the background's blue and green by column; red by row is computed.
    gradient_row: Vec<u8>,
    bar_x: Option<u32>,
    due_ns: Option<u64>,
    last: Option<SourceStamp>,
    order: Option<PictureOrder>,
}

/// What the next answer shall be, whatever the time: a script's wish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PictureOrder {
    /// No new picture.
    pub withhold: bool,
    /// Pictures made and replaced before anybody took them.
    pub skip: u32,
    /// How long ago the picture says it was painted.
    pub age_ns: u64,
}

impl SyntheticSource {
    /// Paints the background once; the pictures to come change only the bar and the marker.
    ///
    /// # Errors
    /// [`SourceError::BadSize`] and [`SourceError::BadRate`].
    pub fn open(config: &SyntheticConfig, now: fn() -> u64) -> Result<Self, SourceError> {
        let size = config.size.checked()?;
        if config.fps == 0 {
            return Err(SourceError::BadRate { fps: 0 });
        }
        let gradient_row: Vec<u8> = (0..size.width)
            .flat_map(|x| [0x40, shade(x, size.width), 0, 0xff])
            .collect();
        let mut data = gradient_row.repeat(size.height as usize);
        for (y, row) in data.chunks_exact_mut(size.row_bytes()).enumerate() {
            let red = shade(y as u32, size.height);
            for pixel in row.chunks_exact_mut(4) {
                pixel[2] = red;
            }
        }
        Ok(Self {
            size,
            fps: config.fps,
            interval_ns: 1_000_000_000 / u64::from(config.fps),
            now,
            data,
            gradient_row,
            bar_x: None,
            due_ns: None,
            last: None,
            order: None,
        })
    }

    /// Orders what the next question is answered with. Who orders once orders each: nothing is due by the clock then.
    pub fn order(&mut self, order: PictureOrder) {
        self.order = Some(order);
    }

    /// Measures painting; see [`crate::Source::trial`].
    ///
    /// # Errors
    /// As [`SyntheticSource::open`].
    pub fn trial(
        config: &SyntheticConfig,
        frames: u32,
        now: fn() -> u64,
    ) -> Result<Trial, SourceError> {
        let mut source = Self::open(config, now)?;
        let mut due_ns = now();
        let took_ns = measure(frames, now, || {
            due_ns += source.interval_ns;
            source.newest(due_ns);
            Ok::<(), SourceError>(())
        })?;
        Ok(Trial {
            info: source.info(),
            took_ns,
        })
    }

    /// A caller that runs at the same rate arrives a little early or late each time; up to a quarter of the
    /// interval early still gets its picture, while the sum of pictures never exceeds the rate.
    fn is_due(&mut self, now_ns: u64) -> bool {
        let Some(due_ns) = self.due_ns else {
            self.due_ns = Some(now_ns + self.interval_ns);
            return true;
        };
        if now_ns + self.interval_ns / 4 < due_ns {
            return false;
        }
        let next_ns = due_ns + self.interval_ns;
        // After a pause the rhythm starts anew: nothing is caught up.
        self.due_ns = Some(if next_ns <= now_ns {
            now_ns + self.interval_ns
        } else {
            next_ns
        });
        true
    }

    fn paint(&mut self, stamp: SourceStamp) {
        let bar_x = stamp.sequence.wrapping_mul(BAR_STEP_PX) % self.size.width;
        let (width, row_bytes) = (self.size.width, self.size.row_bytes());
        let columns = |from: u32| from as usize * 4..(from + BAR_PX).min(width) as usize * 4;
        let height = self.size.height as usize;
        for y in height / 4..height * 3 / 4 {
            let row = &mut self.data[y * row_bytes..][..row_bytes];
            if let Some(old_x) = self.bar_x {
                let red = shade(y as u32, self.size.height);
                let background = &self.gradient_row[columns(old_x)];
                let erased = row[columns(old_x)].chunks_exact_mut(4);
                for (pixel, from) in erased.zip(background.chunks_exact(4)) {
                    pixel.copy_from_slice(&[from[0], from[1], red, from[3]]);
                }
            }
            for pixel in row[columns(bar_x)].chunks_exact_mut(4) {
                pixel.copy_from_slice(&BAR_BGRX);
            }
        }
        self.bar_x = Some(bar_x);
        Marker::new(stamp.sequence, stamp.painted_ns).paint(&mut self.data, row_bytes);
    }

    fn picture(&self) -> Picture<'_> {
        Picture {
            data: &self.data,
            stride_bytes: self.size.row_bytes(),
            size: self.size,
        }
    }
}

impl PictureSource for SyntheticSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: "synthetic",
            size: self.size,
            refresh_hz: Some(f64::from(self.fps)),
            detail: format!(
                "painted at {}x{}, {} a second",
                self.size.width, self.size.height, self.fps
            ),
        }
    }

    fn newest(&mut self, now_ns: u64) -> Newest<'_> {
        let order = self.order.take();
        let gives = match order {
            Some(order) => !order.withhold,
            None => self.is_due(now_ns),
        };
        let order = order.unwrap_or_default();
        if !gives {
            return Newest::Unchanged;
        }
        let mut stamp = SourceStamp {
            sequence: self.counted().wrapping_add(order.skip).wrapping_add(1),
            painted_ns: now_ns.saturating_sub(order.age_ns),
            published_ns: now_ns,
        };
        self.paint(stamp);
        stamp.published_ns = (self.now)().max(now_ns);
        self.last = Some(stamp);
        Newest::Fresh {
            picture: self.picture(),
            stamp,
        }
    }

    fn repeat(&self) -> Option<Picture<'_>> {
        self.last.is_some().then(|| self.picture())
    }

    fn counted(&self) -> u32 {
        self.last.map_or(0, |stamp| stamp.sequence)
    }

    fn last_change(&self) -> Option<SourceStamp> {
        self.last
    }
}

/// 32 to 223 along a side: never black, never white.
fn shade(at: u32, length: u32) -> u8 {
    (32 + u64::from(at) * 192 / u64::from(length)) as u8
}

const BAR_PX: u32 = 64;
const BAR_STEP_PX: u32 = 16;
/// Yellow: bright, and different from the background in all of Y, U and V.
const BAR_BGRX: [u8; 4] = [0x20, 0xf0, 0xf0, 0xff];

#[cfg(test)]
mod tests {
    use super::*;

    fn source(width: u32, height: u32, fps: u32) -> SyntheticSource {
        let config = SyntheticConfig {
            size: PictureSize { width, height },
            fps,
        };
        SyntheticSource::open(&config, || 0).expect("a size and rate that are possible")
    }

    fn sequence_at(source: &mut SyntheticSource, now_ns: u64) -> Option<u32> {
        match source.newest(now_ns) {
            Newest::Fresh { stamp, .. } => Some(stamp.sequence),
            _ => None,
        }
    }

    #[test]
    fn a_caller_at_its_rate_with_jitter_gets_a_picture_every_time() {
        let mut source = source(64, 32, 60);
        let jitter_ns = [
            0i64, 3_000_000, -3_000_000, 1_000_000, -2_000_000, 4_000_000,
        ];
        for index in 0..600u64 {
            let now_ns = 1_000_000_000 + index * 1_000_000_000 / 60;
            let now_ns = now_ns.saturating_add_signed(jitter_ns[index as usize % jitter_ns.len()]);
            assert_eq!(sequence_at(&mut source, now_ns), Some(index as u32 + 1));
        }
    }

    #[test]
    fn a_caller_that_asks_more_often_gets_no_more_than_the_rate() {
        let mut source = source(64, 32, 60);
        let fresh = (0..2400u64)
            .filter(|i| sequence_at(&mut source, i * 1_000_000_000 / 240).is_some())
            .count();
        assert!((600..=601).contains(&fresh), "{fresh} in 10 s");
    }

    #[test]
    fn nothing_is_caught_up_after_a_pause() {
        let mut source = source(64, 32, 60);
        assert_eq!(sequence_at(&mut source, 0), Some(1));
        assert_eq!(sequence_at(&mut source, 5_000_000_000), Some(2));
        assert_eq!(sequence_at(&mut source, 5_001_000_000), None);
        assert_eq!(sequence_at(&mut source, 5_016_700_000), Some(3));
    }

    #[test]
    fn an_order_is_obeyed_whatever_the_time_and_once() {
        let mut source = source(64, 32, 60);
        let order = |withhold, skip, age_ns| PictureOrder {
            withhold,
            skip,
            age_ns,
        };
        source.order(order(true, 0, 0));
        assert_eq!(sequence_at(&mut source, 1_000), None);
        source.order(order(false, 0, 0));
        assert_eq!(sequence_at(&mut source, 1_001), Some(1));
        source.order(order(false, 3, 0));
        assert_eq!(sequence_at(&mut source, 1_002), Some(5));
        source.order(order(false, 0, 700));
        assert_eq!(sequence_at(&mut source, 1_003), Some(6));
        assert_eq!(
            source.last_change().map(|stamp| stamp.painted_ns),
            Some(303)
        );
        assert_eq!(
            sequence_at(&mut source, 1_004),
            Some(7),
            "its first by the clock"
        );
        assert_eq!(sequence_at(&mut source, 1_005), None, "not due");
    }

    #[test]
    fn moves_and_is_never_black_and_leaves_no_trace_of_the_bar() {
        let mut source = source(640, 360, 60);
        let mut previous = Vec::new();
        for index in 1..100u64 {
            assert!(sequence_at(&mut source, index * 16_666_667).is_some());
            let data = source.repeat().expect("just painted").data;
            let below_marker = &data[640 * 4 * 24..];
            assert!(
                below_marker
                    .chunks_exact(4)
                    .all(|pixel| pixel[..3].iter().any(|&c| c >= 32))
            );
            assert_ne!(previous, data);
            let bar_row = &data[640 * 4 * 180..][..640 * 4];
            let bar_px = bar_row
                .chunks_exact(4)
                .filter(|pixel| **pixel == BAR_BGRX)
                .count();
            assert!((16..=64).contains(&bar_px), "{bar_px}");
            previous = data.to_vec();
        }
    }

    #[test]
    fn any_possible_size_is_painted_and_any_other_refused() {
        for (width, height) in [(1, 1), (1, 500), (500, 1), (16, 16), (257, 25)] {
            assert_eq!(sequence_at(&mut source(width, height, 1), 1), Some(1));
        }
        for (width, height) in [(0, 1), (1, 0), (20_000, 20_000)] {
            let config = SyntheticConfig {
                size: PictureSize { width, height },
                fps: 60,
            };
            let error = SyntheticSource::open(&config, || 0).expect_err("impossible size");
            assert_eq!(error, SourceError::BadSize { width, height });
        }
    }
}
