//! The loop of the X11 thread: hear of a change, let it settle, grab, draw the pointer, publish.

use rustix::event::PollFlags;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::Event;
use x11rb::protocol::damage::{self, ConnectionExt as _, ReportLevel};
use x11rb::protocol::xfixes::{self, ConnectionExt as _, CursorNotifyMask};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, QueryPointerReply,
};

use super::cursor::Cursor;
use super::grab::{Attachment, Method, Pending, discard, new_slot};
use super::link::{Fault, Link};
use super::screen::{self, Rectangle, Screen};
use crate::ring::{BUFFERS, RingWriter, Slot};
use crate::source::measure;
use crate::wait::{SILENCE_NS, Waiter, Woken};
use crate::{SourceError, SourceInfo, SourceStamp, X11Config};

/// Everything the thread owns.
#[derive(Debug)]
pub(super) struct Capture {
    link: Link,
    waiter: Waiter,
    wanted_output: Option<String>,
    interval_ns: u64,
    screen: Screen,
    method: Method,
    damage: damage::Damage,
    cursor: Cursor,
    /// The pointer looks different from what `cursor` knows.
    cursor_stale: bool,
    /// The outputs may have changed.
    screen_stale: bool,
    change: Option<Change>,
    /// Damage events with an order below this one are in the picture that was grabbed last.
    grabbed_order: u64,
    /// Cursor events with an order below this one are in the image that was fetched last.
    cursor_order: u64,
    earliest_grab_ns: u64,
    pointer_due_ns: u64,
    trouble: Option<Trouble>,
}

/// A change of the desktop that is not in a picture yet.
#[derive(Debug, Clone, Copy)]
struct Change {
    sequence: u32,
    first_ns: u64,
    /// When it counts as settled.
    grab_ns: u64,
}

/// The server refuses requests, as it does for a moment while the screen is resized.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    since_ns: u64,
    retry_ns: u64,
}

impl Capture {
    /// Looks up everything that can be missing, so that opening fails and not the thread.
    pub(super) fn prepare(link: Link, config: &X11Config, waiter: &Waiter) -> Result<Self, Fault> {
        for (name, extension) in [
            (damage::X11_EXTENSION_NAME, "the DAMAGE extension"),
            (xfixes::X11_EXTENSION_NAME, "the XFIXES extension"),
        ] {
            if link.connection.extension_information(name)?.is_none() {
                let display = link.display.clone();
                return Err(SourceError::MissingExtension { display, extension }.into());
            }
        }
        let connection = &link.connection;
        connection.xfixes_query_version(4, 0)?.reply()?;
        connection.damage_query_version(1, 1)?.reply()?;
        let screen = Screen::read(&link, config.output.as_deref())?;
        let root = screen.root;
        screen::watch(connection, root)?;
        connection.change_window_attributes(
            root,
            &ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY),
        )?;
        connection.xfixes_select_cursor_input(root, CursorNotifyMask::DISPLAY_CURSOR)?;
        let damage = connection.generate_id()?;
        connection
            .damage_create(damage, root, report_level(&screen))?
            .check()?;
        let method = Method::offered(&link)?;
        Ok(Self {
            link,
            waiter: waiter.clone(),
            wanted_output: config.output.clone(),
            interval_ns: 1_000_000_000 / u64::from(config.fps.max(1)),
            screen,
            method,
            damage,
            cursor: Cursor::default(),
            cursor_stale: true,
            screen_stale: false,
            change: None,
            grabbed_order: 0,
            cursor_order: 0,
            earliest_grab_ns: 0,
            pointer_due_ns: 0,
            trouble: None,
        })
    }

    pub(super) fn info(&self) -> SourceInfo {
        let Rectangle {
            x,
            y,
            width,
            height,
        } = self.screen.captured;
        let output = match &self.screen.output {
            Some(output) => format!("output {output}"),
            None => "whole screen".to_owned(),
        };
        SourceInfo {
            name: "x11",
            size: self.screen.captured.size(),
            refresh_hz: self.screen.refresh_hz,
            detail: format!(
                "display {}, {output} {width}x{height}+{x}+{y}, {}",
                self.link.display,
                self.method.name()
            ),
        }
    }

    /// Runs until stopped (`None`) or until there is no way on.
    pub(super) fn run(&mut self, writer: &RingWriter<Attachment>) -> Option<SourceError> {
        let mut outcome = self.start(writer);
        loop {
            match outcome {
                Ok(()) => {}
                Err(_) if self.waiter.stop().is_raised() => return None,
                Err(Fault::Refused(_) | Fault::Unusable(SourceError::OutputOff { .. })) => {
                    self.hold_off();
                }
                Err(Fault::Unusable(SourceError::UnknownOutput { wanted, .. })) => {
                    return Some(SourceError::OutputGone { output: wanted });
                }
                Err(fault) => return Some(fault.into_error(&self.link.display, &self.waiter)),
            }
            outcome = self.step(writer);
        }
    }

    /// Grabs and draws the pointer `frames` times into one buffer.
    pub(super) fn trial(&mut self, frames: u32, now: fn() -> u64) -> Result<Vec<u64>, SourceError> {
        let took_ns = self.new_slot().and_then(|mut slot| {
            // The first brings the pages of the buffer to the server: not what a stream pays.
            self.fill(&mut slot)?;
            measure(frames, now, || self.fill(&mut slot))
        });
        took_ns.map_err(|fault| fault.into_error(&self.link.display, &self.waiter))
    }

    /// Makes the buffers and asks for a first picture.
    fn start(&mut self, writer: &RingWriter<Attachment>) -> Result<(), Fault> {
        for _ in 0..BUFFERS {
            writer.give_back(self.new_slot()?);
        }
        writer.describe(self.info());
        self.note_change(writer, 0);
        Ok(())
    }

    /// Does the one thing that is due, or waits for something to become due.
    fn step(&mut self, writer: &RingWriter<Attachment>) -> Result<(), Fault> {
        self.read_events(writer)?;
        let now_ns = self.waiter.now_ns();
        let grab_ns = self
            .change
            .map(|change| change.grab_ns.max(self.earliest_grab_ns));
        let due_ns = match self.trouble {
            Some(trouble) if self.screen_stale => trouble.retry_ns,
            None if self.screen_stale => now_ns,
            _ => grab_ns.unwrap_or(u64::MAX).min(self.pointer_due_ns),
        };
        if now_ns < due_ns {
            let stream = self.link.connection.stream();
            if self.waiter.wait(stream, PollFlags::IN, Some(due_ns))? == Woken::Stopped {
                return Err(Fault::Gone(std::io::ErrorKind::Other, "stopped".to_owned()));
            }
            return Ok(());
        }
        if self.screen_stale {
            return self.refresh_screen(writer);
        }
        match (grab_ns, self.change) {
            (Some(grab_ns), Some(change)) if grab_ns <= now_ns => self.grab(writer, change),
            _ => self.ask_pointer(writer),
        }
    }

    fn read_events(&mut self, writer: &RingWriter<Attachment>) -> Result<(), Fault> {
        let mut damaged = false;
        while let Some((event, order)) = self.link.connection.poll_for_event_with_sequence()? {
            match event {
                Event::DamageNotify(event) if event.damage == self.damage => {
                    damaged = true;
                    let area = Rectangle {
                        x: event.area.x,
                        y: event.area.y,
                        width: event.area.width,
                        height: event.area.height,
                    };
                    let concerns_us = area.within(self.screen.captured).is_some();
                    if concerns_us && order >= self.grabbed_order {
                        self.note_change(writer, SETTLE_NS);
                    }
                }
                // An image that was asked for after the change shows it already.
                Event::XfixesCursorNotify(_) if order < self.cursor_order => {}
                Event::XfixesCursorNotify(_) => {
                    self.cursor_stale = true;
                    let visible = self.cursor.place(self.screen.captured).is_some();
                    if visible || self.cursor.image.is_none() {
                        self.note_change(writer, 0);
                    }
                }
                Event::RandrScreenChangeNotify(_)
                | Event::RandrNotify(_)
                | Event::ConfigureNotify(_) => self.screen_stale = true,
                // Errors of requests without an answer (a buffer forgotten twice) change nothing for us.
                _ => {}
            }
        }
        if damaged {
            // Emptied at once, so that further drawing is told while this change settles.
            let connection = &self.link.connection;
            connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE)?;
            connection.flush()?;
        }
        Ok(())
    }

    /// Counts a change once; more of it while it settles only moves the moment of the grab.
    fn note_change(&mut self, writer: &RingWriter<Attachment>, settle_ns: u64) {
        let now_ns = self.waiter.now_ns();
        let change = self.change.get_or_insert_with(|| Change {
            sequence: writer.count(),
            first_ns: now_ns,
            grab_ns: now_ns,
        });
        let latest_ns = change.first_ns + self.interval_ns / 4;
        change.grab_ns = change.grab_ns.max(now_ns + settle_ns).min(latest_ns);
    }

    fn grab(&mut self, writer: &RingWriter<Attachment>, change: Change) -> Result<(), Fault> {
        let mut slot = self.take_slot(writer)?;
        if let Err(fault) = self.fill(&mut slot) {
            writer.give_back(slot);
            return Err(fault);
        }
        self.change = None;
        if self.trouble.take().is_some() {
            self.waiter.stall().clear();
        }
        let stamp = SourceStamp {
            sequence: change.sequence,
            painted_ns: change.first_ns,
            published_ns: self.waiter.now_ns(),
        };
        writer.publish(slot, stamp);
        Ok(())
    }

    /// Pixels, pointer and, if it changed, its image: asked for together, so one round trip brings all.
    fn fill(&mut self, slot: &mut Slot<Attachment>) -> Result<(), Fault> {
        let now_ns = self.waiter.now_ns();
        self.earliest_grab_ns = now_ns + self.interval_ns / 2;
        self.pointer_due_ns = now_ns + self.interval_ns;
        let connection = &self.link.connection;
        let pointer = connection.query_pointer(self.screen.root)?;
        let image = if self.cursor_stale {
            Some(connection.xfixes_get_cursor_image()?)
        } else {
            None
        };
        let pixels = Pending::request(connection, &self.screen, slot)?;
        let order = pixels.order();
        self.cursor.position = position(&pointer.reply()?);
        if let Some(image) = image {
            self.cursor_stale = false;
            self.cursor_order = image.sequence_number();
            self.cursor.image = match image.reply().map_err(Fault::from) {
                Ok(reply) => Some(reply.into()),
                Err(Fault::Refused(_)) => None,
                Err(fault) => return Err(fault),
            };
        }
        pixels.finish(slot)?;
        self.grabbed_order = order;
        let stride_bytes = slot.stride_bytes;
        let data = slot.memory.bytes_mut();
        self.cursor.draw(data, stride_bytes, self.screen.captured);
        Ok(())
    }

    /// A pointer that moved over the picture is a change that DAMAGE does not tell.
    fn ask_pointer(&mut self, writer: &RingWriter<Attachment>) -> Result<(), Fault> {
        self.pointer_due_ns = self.waiter.now_ns() + self.interval_ns;
        let reply = self
            .link
            .connection
            .query_pointer(self.screen.root)?
            .reply()?;
        let before = self.cursor.place(self.screen.captured);
        self.cursor.position = position(&reply);
        if self.cursor.place(self.screen.captured) != before {
            self.note_change(writer, 0);
        }
        Ok(())
    }

    fn refresh_screen(&mut self, writer: &RingWriter<Attachment>) -> Result<(), Fault> {
        let screen = Screen::read(&self.link, self.wanted_output.as_deref())?;
        self.screen_stale = false;
        let level = report_level(&screen);
        if level != report_level(&self.screen) {
            let connection = &self.link.connection;
            connection.damage_destroy(self.damage)?;
            connection.damage_create(self.damage, screen.root, level)?;
        }
        if screen != self.screen || self.trouble.is_some() {
            self.screen = screen;
            writer.describe(self.info());
            self.note_change(writer, 0);
        }
        Ok(())
    }

    /// A buffer of the right size; those of an earlier size are let go.
    fn take_slot(&mut self, writer: &RingWriter<Attachment>) -> Result<Slot<Attachment>, Fault> {
        while let Some(slot) = writer.take_free() {
            if slot.size == self.screen.captured.size() {
                return Ok(slot);
            }
            discard(&self.link.connection, slot)?;
        }
        self.new_slot()
    }

    fn new_slot(&mut self) -> Result<Slot<Attachment>, Fault> {
        new_slot(
            &self.link.connection,
            &mut self.method,
            self.screen.captured,
        )
    }

    /// Looks at the screen anew a little later; refusals that last make the source stalled.
    fn hold_off(&mut self) {
        let now_ns = self.waiter.now_ns();
        let since_ns = self.trouble.map_or(now_ns, |trouble| trouble.since_ns);
        self.trouble = Some(Trouble {
            since_ns,
            retry_ns: now_ns + RETRY_NS,
        });
        self.screen_stale = true;
        if now_ns.saturating_sub(since_ns) >= SILENCE_NS {
            self.waiter.stall().mark(since_ns);
        }
    }
}

fn position(pointer: &QueryPointerReply) -> Option<(i16, i16)> {
    pointer
        .same_screen
        .then_some((pointer.root_x, pointer.root_y))
}

/// One event a burst is enough when every change concerns us; else the events must tell where.
fn report_level(screen: &Screen) -> ReportLevel {
    if screen.is_whole() {
        ReportLevel::NON_EMPTY
    } else {
        ReportLevel::BOUNDING_BOX
    }
}

/// Quiet for this long, a burst of drawing counts as finished.
const SETTLE_NS: u64 = 1_000_000;
/// Pause after a refusal: a mode change takes some tens of milliseconds.
const RETRY_NS: u64 = 50_000_000;
