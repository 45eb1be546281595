//! From the source's newest picture to the encoder's input: taking it, scaling it, and telling when there is none.

use pf_codec::{BgrxImage, Colour, Converter, I420Image, PictureSize};
use pf_desktop::{Newest, Picture, PictureOrder, PictureSource, Source, SourceStamp};
use serde_json::json;

use crate::request::Refusal;
use crate::shared::{PictureView, SessionShared};

/// A source that answered nothing for so long has hung; the stream goes on with repeats and the host is told.
const STALL_TOLD_NS: u64 = 1_000_000_000;

/// What one turn took from the source.
#[derive(Clone, Copy, Debug)]
pub enum Grab {
    /// A new picture is in the encoder's input.
    New(SourceStamp),
    /// Nothing new: the encoder's input still holds the last picture.
    Repeat {
        /// Which one that is.
        sequence: u32,
    },
}

/// A source with its way into the encoder's input.
pub struct Grabber {
    source: Source,
    converter: Converter,
    colour: Colour,
    /// Size of the pictures that came last; none before the first.
    size: Option<PictureSize>,
    stall_told: bool,
    /// Sequence of the picture taken last.
    taken: Option<u32>,
}

impl Grabber {
    /// Joins a source to pictures of `target` size, whose numbers mean `colour`.
    pub fn new(source: Source, target: PictureSize, colour: Colour) -> Result<Self, Refusal> {
        let size = source.info().size;
        let size = PictureSize {
            width: size.width,
            height: size.height,
        };
        let converter = new_converter(size, target, colour)?;
        Ok(Self {
            source,
            converter,
            colour,
            size: None,
            stall_told: false,
            taken: None,
        })
    }

    /// True when a picture waits that was not taken yet.
    pub fn has_news(&self) -> bool {
        let newest = self.source.last_change().map(|stamp| stamp.sequence);
        newest.is_some() && newest != self.taken
    }

    /// Orders what the synthetic source gives next; a real desktop cannot obey.
    pub fn order(&mut self, order: PictureOrder) {
        if let Source::Synthetic(source) = &mut self.source {
            source.order(order);
        }
    }

    /// Stamp of the latest picture that the source made.
    pub fn last_change(&self) -> Option<SourceStamp> {
        self.source.last_change()
    }

    /// Takes the newest picture and converts it into the encoder's input. `None`: no picture has come yet.
    pub fn take(
        &mut self,
        session: &SessionShared,
        input: &mut I420Image,
        now_ns: u64,
    ) -> Result<Option<Grab>, Refusal> {
        let repeat = self.taken.map(|sequence| Grab::Repeat { sequence });
        match self.source.newest(now_ns) {
            Newest::Fresh { picture, stamp } => {
                if std::mem::take(&mut self.stall_told) {
                    session.event("source_back", json!({}));
                }
                self.taken = Some(stamp.sequence);
                let target = input.size();
                let image = image(&picture);
                if self.size != Some(image.size) {
                    self.converter = new_converter(image.size, target, self.colour)?;
                    tell_size(session, &self.converter, image.size, self.size.is_some());
                    self.size = Some(image.size);
                }
                self.converter
                    .convert(&image, input)
                    .map_err(|e| Refusal::new("conversion_failed", e.to_string()))?;
                Ok(Some(Grab::New(stamp)))
            }
            Newest::Unchanged => Ok(repeat),
            Newest::NotYet => Ok(None),
            Newest::Stalled { since_ns } => {
                let silent_ns = now_ns.saturating_sub(since_ns);
                if !self.stall_told && silent_ns > STALL_TOLD_NS {
                    self.stall_told = true;
                    session.event("source_lost", json!({ "silent_ms": silent_ns / 1_000_000 }));
                }
                Ok(repeat)
            }
            // The last picture for ever would be a lie: the session ends and says why.
            Newest::Lost(error) => Err(Refusal::new("source_lost", error.to_string())),
        }
    }
}

fn new_converter(
    size: PictureSize,
    target: PictureSize,
    colour: Colour,
) -> Result<Converter, Refusal> {
    Converter::new(size, target, colour)
        .map_err(|e| Refusal::new("scaling_impossible", e.to_string()))
}

fn image<'a>(picture: &Picture<'a>) -> BgrxImage<'a> {
    let size = PictureSize {
        width: picture.size.width,
        height: picture.size.height,
    };
    BgrxImage {
        data: picture.data,
        stride_bytes: picture.stride_bytes,
        size,
    }
}

/// Where the source lies in the mode is part of the session's state: input will be mapped back through it.
fn tell_size(session: &SessionShared, converter: &Converter, size: PictureSize, is_change: bool) {
    let rect = converter.rect();
    let view = PictureView {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
        source_width: size.width,
        source_height: size.height,
    };
    session.update(|session| session.picture = Some(view));
    if is_change {
        session.event("source_resized", json!({ "picture": view }));
    }
}
