//! The loop of the Wayland thread: ask for a copy with the next change, wait, publish.

use std::os::fd::AsFd;

use wayland_client::WEnum;
use wayland_client::backend::ObjectId;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::{Proxy, protocol::wl_output::WlOutput};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

use super::client::{Broken, Client, Desk, Frame, Offer, Outcome};
use crate::memory::SharedMemory;
use crate::pixels::{flip_rows, swap_red_and_blue};
use crate::ring::{RingWriter, Slot, ring};
use crate::source::measure;
use crate::wait::SILENCE_NS;
use crate::{SourceError, SourceInfo, SourceStamp, WlrootsConfig};

/// Everything the thread owns.
#[derive(Debug)]
pub(super) struct Capture {
    client: Client,
    shm: WlShm,
    manager: ZwlrScreencopyManagerV1,
    output: WlOutput,
    output_name: String,
    interval_ns: u64,
    wanted: Wanted,
    told: Option<SourceInfo>,
    last_painted_ns: u64,
    failing_since_ns: Option<u64>,
}

/// Which picture to wait for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    NextChange,
    NextRefresh,
}

/// Why capturing ends.
#[derive(Debug)]
enum End {
    Broken(Broken),
    Error(SourceError),
}

impl Capture {
    /// Picks the output and looks up everything that can be missing, so that opening fails and not the thread.
    ///
    /// # Errors
    /// [`SourceError::MissingExtension`] and [`SourceError::UnknownOutput`].
    pub(super) fn prepare(client: Client, config: &WlrootsConfig) -> Result<Self, SourceError> {
        let missing = |extension| SourceError::MissingExtension {
            display: client.display.clone(),
            extension,
        };
        let desk = &client.desk;
        let shm = desk.shm.clone().ok_or_else(|| missing("wl_shm"))?;
        let manager = desk
            .manager
            .clone()
            .ok_or_else(|| missing("wlr-screencopy version 3"))?;
        let wanted = config.output.as_deref();
        let picked = desk
            .outputs
            .iter()
            .find(|output| wanted.is_none_or(|wanted| wanted == output.name));
        let Some(picked) = picked else {
            let names = desk.outputs.iter().map(|output| output.name.clone());
            return Err(SourceError::UnknownOutput {
                wanted: wanted.unwrap_or("any").to_owned(),
                available: names.collect(),
            });
        };
        Ok(Self {
            shm,
            manager,
            output: picked.proxy.clone(),
            output_name: picked.name.clone(),
            interval_ns: 1_000_000_000 / u64::from(config.fps.max(1)),
            wanted: Wanted::NextChange,
            told: None,
            last_painted_ns: 0,
            failing_since_ns: None,
            client,
        })
    }

    pub(super) fn info(&self) -> SourceInfo {
        let id = self.output.id();
        let output = find(&self.client.desk, &id);
        let size = output.map_or(
            crate::PictureSize {
                width: 0,
                height: 0,
            },
            |output| output.size,
        );
        SourceInfo {
            name: "wlroots",
            size,
            refresh_hz: output.and_then(|output| output.refresh_hz),
            detail: format!(
                "display {}, output {} {}x{}, wlr-screencopy over shared memory",
                self.client.display, self.output_name, size.width, size.height
            ),
        }
    }

    /// Runs until stopped (`None`) or until there is no way on.
    pub(super) fn run(&mut self, writer: &RingWriter<WlBuffer>) -> Option<SourceError> {
        loop {
            match self.capture_one(writer) {
                Ok(()) => {}
                Err(End::Broken(Broken::Stopped)) => return None,
                Err(End::Broken(broken)) => return Some(self.client.error(broken)),
                Err(End::Error(error)) => return Some(error),
            }
        }
    }

    /// Captures `frames` refreshes one after the other, changed or not.
    pub(super) fn trial(&mut self, frames: u32, now: fn() -> u64) -> Result<Vec<u64>, SourceError> {
        self.wanted = Wanted::NextRefresh;
        self.interval_ns = 0;
        let (writer, _reader) = ring(self.info(), self.client.waiter.stall().clone());
        let took_ns = measure(frames, now, || self.capture_one(&writer));
        took_ns.map_err(|end| match end {
            End::Broken(broken) => self.client.error(broken),
            End::Error(error) => error,
        })
    }

    fn capture_one(&mut self, writer: &RingWriter<WlBuffer>) -> Result<(), End> {
        let started_ns = self.client.waiter.now_ns();
        self.client.desk.frame = Frame::default();
        let frame =
            self.manager
                .capture_output(WITH_CURSOR, &self.output, &self.client.handle(), ());
        let id = self.output.id();
        self.client.dispatch_until(|desk| {
            desk.frame.offers_done || desk.frame.outcome.is_some() || find(desk, &id).is_none()
        })?;
        let mut slot = None;
        if self.client.desk.frame.offers_done && self.client.desk.frame.outcome.is_none() {
            let target = self.take_slot(writer)?;
            match self.wanted {
                Wanted::NextChange => frame.copy_with_damage(&target.attachment),
                Wanted::NextRefresh => frame.copy(&target.attachment),
            }
            slot = Some(target);
            self.client
                .dispatch_until(|desk| desk.frame.outcome.is_some() || find(desk, &id).is_none())?;
        }
        frame.destroy();
        match (self.client.desk.frame.outcome, slot) {
            (Some(Outcome::Ready { painted_ns }), Some(slot)) => {
                self.publish(writer, slot, painted_ns);
                self.client
                    .dispatch_for(started_ns + self.interval_ns / 2)?;
                Ok(())
            }
            (_, slot) => {
                // The compositor may still hold it, but writes into it no more: the frame is gone.
                if let Some(slot) = slot {
                    writer.give_back(slot);
                }
                self.after_failure(&id)
            }
        }
    }

    fn publish(&mut self, writer: &RingWriter<WlBuffer>, mut slot: Slot<WlBuffer>, told_ns: u64) {
        let frame = &self.client.desk.frame;
        if frame.upside_down {
            let stride_bytes = slot.stride_bytes;
            flip_rows(slot.memory.bytes_mut(), stride_bytes);
        }
        if frame.offer.is_some_and(|offer| red_first(offer.format)) {
            swap_red_and_blue(slot.memory.bytes_mut());
        }
        if self.failing_since_ns.take().is_some() {
            self.client.waiter.stall().clear();
        }
        let info = self.info();
        if self.told.as_ref() != Some(&info) {
            writer.describe(info.clone());
            self.told = Some(info);
        }
        // The compositor's clock is the engine's in practice; where it is not, the arrival counts.
        let now_ns = self.client.waiter.now_ns();
        let plausible =
            told_ns > self.last_painted_ns && told_ns <= now_ns && now_ns - told_ns < SILENCE_NS;
        let painted_ns = if plausible { told_ns } else { now_ns };
        self.last_painted_ns = painted_ns;
        writer.publish(
            slot,
            SourceStamp {
                sequence: writer.count(),
                painted_ns,
                published_ns: now_ns,
            },
        );
    }

    /// Captures fail while an output changes its mode; those that go on failing make the source stalled.
    fn after_failure(&mut self, output: &ObjectId) -> Result<(), End> {
        if find(&self.client.desk, output).is_none() {
            return Err(End::Error(SourceError::OutputGone {
                output: self.output_name.clone(),
            }));
        }
        let now_ns = self.client.waiter.now_ns();
        let since_ns = *self.failing_since_ns.get_or_insert(now_ns);
        if now_ns - since_ns >= SILENCE_NS {
            self.client.waiter.stall().mark(since_ns);
        }
        Ok(self.client.dispatch_for(now_ns + RETRY_NS)?)
    }

    /// A buffer as the compositor offers it; those of an earlier size are let go.
    fn take_slot(&mut self, writer: &RingWriter<WlBuffer>) -> Result<Slot<WlBuffer>, End> {
        let offer = self.client.desk.frame.offer.filter(usable);
        let Some(offer) = offer else {
            return Err(End::Error(SourceError::UnsupportedPixels {
                display: self.client.display.clone(),
                got: format!("{:?}", self.client.desk.frame.offer),
                expected: "8 bits a colour in 32 bits, 1x1 to 16384x16384",
            }));
        };
        while let Some(slot) = writer.take_free() {
            if slot.size == offer.size && slot.stride_bytes == offer.stride_bytes as usize {
                return Ok(slot);
            }
            slot.attachment.destroy();
        }
        self.new_slot(offer)
    }

    fn new_slot(&self, offer: Offer) -> Result<Slot<WlBuffer>, End> {
        let bytes = offer.stride_bytes as usize * offer.size.height as usize;
        let memory = SharedMemory::new(bytes).map_err(End::Error)?;
        let WEnum::Value(format) = offer.format else {
            return Err(End::Broken(Broken::Gone(format!(
                "format {:?}",
                offer.format
            ))));
        };
        let handle = self.client.handle();
        // `usable` bounds every number far below 2^31.
        let [width, height, stride] =
            [offer.size.width, offer.size.height, offer.stride_bytes].map(|value| value as i32);
        let pool = self
            .shm
            .create_pool(memory.as_fd(), bytes as i32, &handle, ());
        let attachment = pool.create_buffer(0, width, height, stride, format, &handle, ());
        pool.destroy();
        Ok(Slot {
            memory,
            size: offer.size,
            stride_bytes: offer.stride_bytes as usize,
            attachment,
        })
    }
}

fn find<'a>(desk: &'a Desk, id: &ObjectId) -> Option<&'a super::client::Output> {
    desk.outputs.iter().find(|output| output.proxy.id() == *id)
}

/// What a [`crate::Picture`] can be made of, with a stride that is no nonsense.
fn usable(offer: &Offer) -> bool {
    let known = matches!(
        offer.format,
        WEnum::Value(Format::Xrgb8888 | Format::Argb8888)
    ) || red_first(offer.format);
    let row_bytes = offer.size.row_bytes();
    let stride = offer.stride_bytes as usize;
    known && offer.size.checked().is_ok() && (row_bytes..=row_bytes + 4096).contains(&stride)
}

fn red_first(format: WEnum<Format>) -> bool {
    matches!(format, WEnum::Value(Format::Xbgr8888 | Format::Abgr8888))
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

const WITH_CURSOR: i32 = 1;
/// Pause after a failed capture: a mode change takes some tens of milliseconds.
const RETRY_NS: u64 = 20_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PictureSize;

    fn offer(format: Format, width: u32, height: u32, stride_bytes: u32) -> Offer {
        Offer {
            format: WEnum::Value(format),
            size: PictureSize { width, height },
            stride_bytes,
        }
    }

    #[test]
    fn offers_that_are_no_picture_are_refused() {
        assert!(usable(&offer(Format::Xrgb8888, 1920, 1080, 7680)));
        assert!(usable(&offer(Format::Abgr8888, 1918, 1080, 7680)));
        assert!(!usable(&offer(Format::Rgb565, 1920, 1080, 3840)));
        assert!(!usable(&offer(Format::Xrgb8888, 1920, 1080, 7679)));
        assert!(!usable(&offer(Format::Xrgb8888, 0, 1080, 0)));
        assert!(!usable(&offer(Format::Xrgb8888, u32::MAX, u32::MAX, 4)));
        assert!(!usable(&offer(Format::Xrgb8888, 16, 16, u32::MAX)));
    }
}
