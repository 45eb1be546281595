//! The Wayland side: connecting, the objects the compositor offers, and dispatching its events without ever
//! being stuck with it.

use std::io;
use std::path::PathBuf;

use rustix::event::PollFlags;
use wayland_client::backend::WaylandError;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_callback::{self, WlCallback};
use wayland_client::protocol::wl_output::{self, WlOutput};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::{
    Connection, Dispatch, DispatchError, EventQueue, Proxy, QueueHandle, WEnum, delegate_noop,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::{
    self, Flags, ZwlrScreencopyFrameV1,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

use crate::connect::connect_unix;
use crate::wait::{SILENCE_NS, Waiter, Woken};
use crate::{PictureSize, SourceError};

/// A connection with its queue and what the compositor told.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) display: String,
    pub(super) waiter: Waiter,
    pub(super) desk: Desk,
    connection: Connection,
    queue: EventQueue<Desk>,
    heard_ns: u64,
    /// When the question "are you there?" was sent that is not answered yet.
    asked_ns: Option<u64>,
}

/// What the compositor told.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) shm: Option<WlShm>,
    pub(super) manager: Option<ZwlrScreencopyManagerV1>,
    pub(super) outputs: Vec<Output>,
    pub(super) frame: Frame,
    answers: u32,
}

/// An output of the compositor.
#[derive(Debug)]
pub(super) struct Output {
    /// Number in the registry: what tells that it was removed.
    global: u32,
    pub(super) proxy: WlOutput,
    pub(super) name: String,
    pub(super) size: PictureSize,
    pub(super) refresh_hz: Option<f64>,
}

/// What came of the capture under way.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) offer: Option<Offer>,
    /// Every kind of buffer was offered: the copy may be asked for.
    pub(super) offers_done: bool,
    pub(super) upside_down: bool,
    pub(super) outcome: Option<Outcome>,
}

/// The shared-memory buffer that the compositor can copy into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) format: WEnum<Format>,
    pub(super) size: PictureSize,
    pub(super) stride_bytes: u32,
}

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Copied; the compositor's time of the picture, monotonic ns.
    Ready { painted_ns: u64 },
    /// Not copied: the output changes or went away.
    Failed,
}

/// Why the connection is of no more use.
#[derive(Debug)]
pub(super) enum Broken {
    Stopped,
    NoAnswer,
    Gone(String),
}

impl Client {
    /// Connects to `display`, or to `WAYLAND_DISPLAY` when there is none, and collects what there is.
    ///
    /// # Errors
    /// No display, nobody there, no answer until the waiter gives up.
    pub(super) fn connect(display: Option<&str>, waiter: &Waiter) -> Result<Self, SourceError> {
        let display = match display {
            Some(display) => display.to_owned(),
            None => std::env::var("WAYLAND_DISPLAY").unwrap_or_default(),
        };
        if display.is_empty() {
            return Err(SourceError::NoDisplay {
                variable: "WAYLAND_DISPLAY",
            });
        }
        let path = socket_path(&display)?;
        let stream = connect_unix(&path, waiter).map_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                return waiter.no_answer(&display);
            }
            let display = display.clone();
            let reason = format!("{}: {error}", path.display());
            SourceError::Unreachable { display, reason }
        })?;
        let connection =
            Connection::from_socket(stream).map_err(|error| SourceError::Unreachable {
                display: display.clone(),
                reason: error.to_string(),
            })?;
        let queue = connection.new_event_queue();
        connection.display().get_registry(&queue.handle(), ());
        let mut client = Self {
            display,
            waiter: waiter.clone(),
            desk: Desk::default(),
            connection,
            queue,
            heard_ns: waiter.now_ns(),
            asked_ns: None,
        };
        // The first answer comes after the globals, the second after the outputs told their particulars.
        for _ in 0..2 {
            let before = client.desk.answers;
            client.ask();
            client
                .dispatch_until(|desk| desk.answers != before)
                .map_err(|broken| client.error(broken))?;
        }
        Ok(client)
    }

    pub(super) fn handle(&self) -> QueueHandle<Desk> {
        self.queue.handle()
    }

    /// Dispatches events until `done`. Marks the stall while the compositor does not even answer "are you there?".
    pub(super) fn dispatch_until(&mut self, done: impl Fn(&Desk) -> bool) -> Result<(), Broken> {
        loop {
            self.queue.dispatch_pending(&mut self.desk)?;
            if done(&self.desk) {
                return Ok(());
            }
            self.check_pulse();
            let until_ns = match (self.waiter.give_up_ns(), self.asked_ns) {
                (Some(give_up_ns), _) => Some(give_up_ns),
                (None, Some(_)) if self.waiter.stall().since_ns().is_some() => None,
                (None, Some(asked_ns)) => Some(asked_ns + SILENCE_NS),
                (None, None) => Some(self.heard_ns + SILENCE_NS),
            };
            if self.read_or_wait(until_ns)? == Woken::Timeout && self.waiter.give_up_ns().is_some()
            {
                return Err(Broken::NoAnswer);
            }
        }
    }

    /// Dispatches events until the given time.
    pub(super) fn dispatch_for(&mut self, until_ns: u64) -> Result<(), Broken> {
        while self.waiter.now_ns() < until_ns {
            self.queue.dispatch_pending(&mut self.desk)?;
            self.read_or_wait(Some(until_ns))?;
        }
        Ok(())
    }

    /// The same as an error of the source.
    pub(super) fn error(&self, broken: Broken) -> SourceError {
        let display = self.display.clone();
        match broken {
            Broken::NoAnswer => self.waiter.no_answer(&display),
            Broken::Stopped => SourceError::ThreadEnded,
            Broken::Gone(reason) => match self.connection.protocol_error() {
                Some(error) => SourceError::Protocol {
                    display,
                    reason: error.to_string(),
                },
                None => SourceError::ServerGone { display, reason },
            },
        }
    }

    fn ask(&self) {
        self.connection.display().sync(&self.queue.handle(), ());
    }

    /// A static picture is no sign of life, so after a second of silence the compositor is asked for one.
    fn check_pulse(&mut self) {
        let now_ns = self.waiter.now_ns();
        match self.asked_ns {
            None if now_ns >= self.heard_ns + SILENCE_NS => {
                self.ask();
                self.asked_ns = Some(now_ns);
            }
            Some(asked_ns) if now_ns >= asked_ns + SILENCE_NS => {
                self.waiter.stall().mark(asked_ns);
            }
            _ => {}
        }
    }

    fn read_or_wait(&mut self, until_ns: Option<u64>) -> Result<Woken, Broken> {
        let mut events = PollFlags::IN;
        match self.queue.flush() {
            Ok(()) => {}
            Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                events |= PollFlags::OUT;
            }
            Err(error) => return Err(error.into()),
        }
        let Some(reading) = self.queue.prepare_read() else {
            // Events are waiting to be dispatched.
            return Ok(Woken::Ready);
        };
        let woken = self
            .waiter
            .wait(reading.connection_fd(), events, until_ns)
            .map_err(|error| Broken::Gone(error.to_string()))?;
        match woken {
            Woken::Stopped => return Err(Broken::Stopped),
            Woken::Timeout => {}
            Woken::Ready => match reading.read() {
                Ok(_) => {
                    self.heard_ns = self.waiter.now_ns();
                    if self.asked_ns.take().is_some() {
                        self.waiter.stall().clear();
                    }
                }
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            },
        }
        Ok(woken)
    }
}

fn socket_path(display: &str) -> Result<PathBuf, SourceError> {
    if display.starts_with('/') {
        return Ok(display.into());
    }
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if !folder.is_empty() => Ok(PathBuf::from(folder).join(display)),
        _ => Err(SourceError::NoDisplay {
            variable: "XDG_RUNTIME_DIR",
        }),
    }
}

impl From<WaylandError> for Broken {
    fn from(error: WaylandError) -> Self {
        Self::Gone(error.to_string())
    }
}

impl From<DispatchError> for Broken {
    fn from(error: DispatchError) -> Self {
        Self::Gone(error.to_string())
    }
}

impl Dispatch<WlRegistry, ()> for Desk {
    fn event(
        desk: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        match event {
            wl_registry::Event::Global {
                name,
                interface,
                version,
            } => match interface.as_str() {
                "wl_shm" => desk.shm = Some(registry.bind(name, 1, handle, ())),
                "zwlr_screencopy_manager_v1" if version >= SCREENCOPY_VERSION => {
                    desk.manager = Some(registry.bind(name, SCREENCOPY_VERSION, handle, ()));
                }
                "wl_output" => desk.outputs.push(Output {
                    global: name,
                    proxy: registry.bind(name, version.min(OUTPUT_VERSION), handle, ()),
                    name: format!("output-{name}"),
                    size: PictureSize {
                        width: 0,
                        height: 0,
                    },
                    refresh_hz: None,
                }),
                _ => {}
            },
            wl_registry::Event::GlobalRemove { name } => {
                desk.outputs.retain(|output| output.global != name);
            }
            _ => {}
        }
    }
}

impl Dispatch<WlOutput, ()> for Desk {
    fn event(
        desk: &mut Self,
        proxy: &WlOutput,
        event: wl_output::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let Some(output) = desk
            .outputs
            .iter_mut()
            .find(|output| output.proxy.id() == proxy.id())
        else {
            return;
        };
        match event {
            wl_output::Event::Name { name } => output.name = name,
            wl_output::Event::Mode {
                flags: WEnum::Value(flags),
                width,
                height,
                refresh,
            } if flags.contains(wl_output::Mode::Current) => {
                output.size = PictureSize {
                    width: width.try_into().unwrap_or(0),
                    height: height.try_into().unwrap_or(0),
                };
                output.refresh_hz = (refresh > 0).then(|| f64::from(refresh) / 1000.0);
            }
            _ => {}
        }
    }
}

impl Dispatch<WlCallback, ()> for Desk {
    fn event(
        desk: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_callback::Event::Done { .. } = event {
            desk.answers = desk.answers.wrapping_add(1);
        }
    }
}

impl Dispatch<ZwlrScreencopyFrameV1, ()> for Desk {
    fn event(
        desk: &mut Self,
        _: &ZwlrScreencopyFrameV1,
        event: zwlr_screencopy_frame_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_screencopy_frame_v1::Event;
        let frame = &mut desk.frame;
        match event {
            Event::Buffer {
                format,
                width,
                height,
                stride,
            } => {
                frame.offer = Some(Offer {
                    format,
                    size: PictureSize { width, height },
                    stride_bytes: stride,
                });
            }
            Event::BufferDone => frame.offers_done = true,
            Event::Flags {
                flags: WEnum::Value(flags),
            } => frame.upside_down = flags.contains(Flags::YInvert),
            Event::Ready {
                tv_sec_hi,
                tv_sec_lo,
                tv_nsec,
            } => {
                let seconds = u64::from(tv_sec_hi) << 32 | u64::from(tv_sec_lo);
                let painted_ns = seconds
                    .saturating_mul(1_000_000_000)
                    .saturating_add(tv_nsec.into());
                frame.outcome = Some(Outcome::Ready { painted_ns });
            }
            Event::Failed => frame.outcome = Some(Outcome::Failed),
            _ => {}
        }
    }
}

delegate_noop!(Desk: ignore WlShm);
delegate_noop!(Desk: WlShmPool);
delegate_noop!(Desk: ignore WlBuffer);
delegate_noop!(Desk: ZwlrScreencopyManagerV1);

/// First version with `copy_with_damage` (2) and `buffer_done` (3).
const SCREENCOPY_VERSION: u32 = 3;
/// First version that tells an output's name.
const OUTPUT_VERSION: u32 = 4;
