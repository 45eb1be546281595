//! The pointer: where it is, what it looks like, and drawing it over a picture. X servers leave it out of what
//! they let us grab.

use x11rb::protocol::xfixes::GetCursorImageReply;

use super::screen::Rectangle;

/// What the pointer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CursorImage {
    width: u16,
    height: u16,
    hot_x: u16,
    hot_y: u16,
    /// ARGB, colours multiplied by alpha.
    pixels: Vec<u32>,
}

impl From<GetCursorImageReply> for CursorImage {
    fn from(reply: GetCursorImageReply) -> Self {
        Self {
            width: reply.width,
            height: reply.height,
            hot_x: reply.xhot,
            hot_y: reply.yhot,
            pixels: reply.cursor_image,
        }
    }
}

/// What is known of the pointer.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// `None` before it was asked for, and when there is none.
    pub(super) image: Option<CursorImage>,
    /// Where it points to, root coordinates; `None` while it is on another screen.
    pub(super) position: Option<(i16, i16)>,
}

impl Cursor {
    /// Upper left corner relative to `captured`, when any of the image lies within it.
    pub(super) fn place(&self, captured: Rectangle) -> Option<(i32, i32)> {
        let (image, (x, y)) = (self.image.as_ref()?, self.position?);
        let left = i32::from(x) - i32::from(image.hot_x) - i32::from(captured.x);
        let top = i32::from(y) - i32::from(image.hot_y) - i32::from(captured.y);
        let visible = left < i32::from(captured.width)
            && top < i32::from(captured.height)
            && left + i32::from(image.width) > 0
            && top + i32::from(image.height) > 0;
        visible.then_some((left, top))
    }

    /// Draws it over a BGRX picture of what is `captured`.
    pub(super) fn draw(&self, data: &mut [u8], stride_bytes: usize, captured: Rectangle) {
        let (Some(image), Some((left, top))) = (&self.image, self.place(captured)) else {
            return;
        };
        let width = i32::from(captured.width);
        let rows = image.pixels.chunks_exact(usize::from(image.width).max(1));
        for (y, colours) in (top..i32::from(captured.height)).zip(rows) {
            let Ok(y) = usize::try_from(y) else { continue };
            let Some(row) = data.get_mut(y * stride_bytes..(y + 1) * stride_bytes) else {
                return;
            };
            for (x, &colour) in (left..width).zip(colours) {
                let Ok(x) = usize::try_from(x) else { continue };
                if let Some(pixel) = row.get_mut(x * 4..x * 4 + 3) {
                    blend(pixel, colour);
                }
            }
        }
    }
}

fn blend(pixel: &mut [u8], colour: u32) {
    let [blue, green, red, alpha] = colour.to_le_bytes();
    for (channel, over) in pixel.iter_mut().zip([blue, green, red]) {
        let under = u32::from(*channel) * (255 - u32::from(alpha));
        *channel = over.saturating_add(((under + 127) / 255) as u8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCREEN: Rectangle = Rectangle {
        x: 100,
        y: 50,
        width: 4,
        height: 3,
    };

    fn cursor(position: (i16, i16), pixels: [u32; 4]) -> Cursor {
        Cursor {
            image: Some(CursorImage {
                width: 2,
                height: 2,
                hot_x: 1,
                hot_y: 1,
                pixels: pixels.to_vec(),
            }),
            position: Some(position),
        }
    }

    fn drawn(cursor: &Cursor, under: u8) -> Vec<[u8; 3]> {
        let mut data = vec![under; 4 * 3 * 4];
        cursor.draw(&mut data, 16, SCREEN);
        data.chunks_exact(4).map(|p| [p[0], p[1], p[2]]).collect()
    }

    #[test]
    fn the_hot_spot_lies_on_the_position() {
        let opaque = 0xff11_2233;
        let picture = drawn(&cursor((101, 51), [opaque, 0, 0, 0]), 9);
        assert_eq!(picture[0], [0x33, 0x22, 0x11]);
        assert!(picture[1..].iter().all(|pixel| *pixel == [9; 3]));
    }

    #[test]
    fn half_transparent_is_half_of_what_is_under_it() {
        let half_white = 0x8080_8080;
        let picture = drawn(&cursor((101, 51), [half_white; 4]), 200);
        assert_eq!(
            picture[0],
            [0x80 + 100; 3],
            "0x80 + 200 * 127 / 255, rounded"
        );
    }

    #[test]
    fn is_cut_at_every_edge_and_gone_beyond() {
        let opaque = [0xffff_ffff; 4];
        let white = |position| {
            drawn(&cursor(position, opaque), 0)
                .iter()
                .filter(|pixel| **pixel == [255; 3])
                .count()
        };
        assert_eq!(white((100, 50)), 1, "upper left");
        assert_eq!(white((104, 53)), 1, "lower right");
        assert_eq!(white((102, 51)), 4);
        for outside in [(99, 51), (105, 51), (102, 49), (102, 54)] {
            assert_eq!(white(outside), 0, "{outside:?}");
            assert_eq!(cursor(outside, opaque).place(SCREEN), None, "{outside:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_server_says_drawing_ends_without_panic(
            width: u16, height: u16, hot_x: u16, hot_y: u16, x: i16, y: i16,
            pixels in proptest::collection::vec(any::<u32>(), 0..64),
            stride_bytes in 0usize..32,
        ) {
            let image = CursorImage { width, height, hot_x, hot_y, pixels };
            let cursor = Cursor { image: Some(image), position: Some((x, y)) };
            cursor.draw(&mut [0; 48], stride_bytes, SCREEN);
        }
    }
}
