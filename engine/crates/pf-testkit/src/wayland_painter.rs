//! Paints the test marker in a full-screen window of a Wayland compositor, through shared memory.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use pf_desktop::PictureSize;
use rustix::event::{PollFd, PollFlags, Timespec};
use wayland_client::protocol::wl_buffer::{self, WlBuffer};
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::xdg::shell::client::xdg_surface::{self, XdgSurface};
use wayland_protocols::xdg::shell::client::xdg_toplevel::{self, XdgToplevel};
use wayland_protocols::xdg::shell::client::xdg_wm_base::{self, XdgWmBase};

use crate::paint::{Canvas, PaintReport, PaintSettings, Progress, Rhythm};
use crate::{TestkitError, clock_ns};

/// Paints until told to stop or until the pictures asked for are done. `display` is the path of a socket.
///
/// # Errors
/// No display, or the compositor ended.
pub fn paint_wayland(
    display: &str,
    settings: &PaintSettings,
    progress: &Progress,
) -> Result<PaintReport, TestkitError> {
    run(Path::new(display), settings, progress).map_err(|error| match error.downcast() {
        Ok(ours) => *ours,
        Err(error) => TestkitError::failed("painting on Wayland", error),
    })
}

type AnyError = Box<dyn std::error::Error>;

fn run(
    socket: &Path,
    settings: &PaintSettings,
    progress: &Progress,
) -> Result<PaintReport, AnyError> {
    let connection = Connection::from_socket(UnixStream::connect(socket)?)?;
    let mut queue = connection.new_event_queue::<Window>();
    let handle = queue.handle();
    connection.display().get_registry(&handle, ());
    let mut window = Window::default();
    queue.roundtrip(&mut window)?;
    let missing = |what| TestkitError::failed("painting on Wayland", format!("no {what}"));
    let compositor = window
        .compositor
        .clone()
        .ok_or_else(|| missing("wl_compositor"))?;
    let shell = window.shell.clone().ok_or_else(|| missing("xdg_wm_base"))?;
    let shm = window.shm.clone().ok_or_else(|| missing("wl_shm"))?;
    let surface = compositor.create_surface(&handle, ());
    let shell_surface = shell.get_xdg_surface(&surface, &handle, ());
    let toplevel = shell_surface.get_toplevel(&handle, ());
    toplevel.set_title("paint-wayland".to_owned());
    toplevel.set_fullscreen(None);
    surface.commit();
    while !window.configured {
        queue.blocking_dispatch(&mut window)?;
    }
    // Sway tells a full-screen window its size only once it shows something.
    let mut canvas = Canvas::new(FIRST_SIZE)?;
    let mut memory = canvas.memory(BUFFERS)?;
    window.buffers = buffers(&shm, &memory, &canvas, &handle)?;
    if settings.size.is_none() {
        canvas.paint(&memory, 0)?;
        surface.attach(Some(&window.buffers[0].proxy), 0, 0);
        surface.commit();
        while window.size.is_none() {
            queue.blocking_dispatch(&mut window)?;
        }
    }
    let told = settings
        .size
        .map(|(width, height)| PictureSize { width, height });
    let size = told.or(window.size).unwrap_or(FIRST_SIZE);
    canvas = Canvas::new(size)?;
    memory = canvas.memory(BUFFERS)?;
    window.buffers = buffers(&shm, &memory, &canvas, &handle)?;

    let mut report = PaintReport::default();
    let mut rhythm = Rhythm::new(settings.fps);
    while !progress.is_stopped() && settings.frames.is_none_or(|limit| report.painted < limit) {
        dispatch_until(&mut queue, &mut window, rhythm.due_ns())?;
        let Some(copy) = window.buffers.iter().position(|buffer| !buffer.busy) else {
            // The compositor holds all: this picture is not painted.
            rhythm.advance();
            continue;
        };
        report.last_counter = canvas.paint(&memory, copy)?;
        let buffer = &mut window.buffers[copy];
        buffer.busy = true;
        surface.attach(Some(&buffer.proxy), 0, 0);
        surface.damage_buffer(0, 0, size.width.try_into()?, size.height.try_into()?);
        surface.commit();
        queue.flush()?;
        if report.painted == 0 {
            report.first_counter = report.last_counter;
        }
        report.painted += 1;
        progress.tell(&report);
        report.late += u32::from(rhythm.advance());
    }
    while settings.hold && !progress.is_stopped() {
        dispatch_until(&mut queue, &mut window, clock_ns() + 20_000_000)?;
    }
    Ok(report)
}

fn buffers(
    shm: &WlShm,
    memory: &OwnedFd,
    canvas: &Canvas,
    handle: &QueueHandle<Window>,
) -> Result<Vec<Buffer>, AnyError> {
    let bytes = (canvas.bytes() * BUFFERS).try_into()?;
    let pool = shm.create_pool(memory.as_fd(), bytes, handle, ());
    let size = canvas.size();
    let mut buffers = Vec::with_capacity(BUFFERS);
    for copy in 0..BUFFERS {
        let proxy = pool.create_buffer(
            (copy * canvas.bytes()).try_into()?,
            size.width.try_into()?,
            size.height.try_into()?,
            size.row_bytes().try_into()?,
            Format::Xrgb8888,
            handle,
            (),
        );
        buffers.push(Buffer { proxy, busy: false });
    }
    pool.destroy();
    Ok(buffers)
}

fn dispatch_until(
    queue: &mut EventQueue<Window>,
    window: &mut Window,
    until_ns: u64,
) -> Result<(), AnyError> {
    loop {
        queue.dispatch_pending(window)?;
        queue.flush()?;
        let left_ns = until_ns.saturating_sub(clock_ns());
        let Some(reading) = queue.prepare_read() else {
            continue;
        };
        let timeout = Timespec {
            tv_sec: (left_ns / 1_000_000_000) as i64,
            tv_nsec: (left_ns % 1_000_000_000) as i64,
        };
        let fd = reading.connection_fd();
        let ready = rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout))?;
        if ready > 0 {
            reading.read()?;
        } else if clock_ns() >= until_ns {
            return Ok(());
        }
    }
}

#[derive(Debug, Default)]
struct Window {
    compositor: Option<WlCompositor>,
    shm: Option<WlShm>,
    shell: Option<XdgWmBase>,
    size: Option<PictureSize>,
    configured: bool,
    buffers: Vec<Buffer>,
}

#[derive(Debug)]
struct Buffer {
    proxy: WlBuffer,
    busy: bool,
}

impl Dispatch<WlRegistry, ()> for Window {
    fn event(
        window: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let wl_registry::Event::Global {
            name, interface, ..
        } = event
        {
            match interface.as_str() {
                "wl_compositor" => window.compositor = Some(registry.bind(name, 4, handle, ())),
                "wl_shm" => window.shm = Some(registry.bind(name, 1, handle, ())),
                "xdg_wm_base" => window.shell = Some(registry.bind(name, 1, handle, ())),
                _ => {}
            }
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Window {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<XdgSurface, ()> for Window {
    fn event(
        window: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            window.configured = true;
        }
    }
}

impl Dispatch<XdgToplevel, ()> for Window {
    fn event(
        window: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure { width, height, .. } = event {
            let size = width.try_into().ok().zip(height.try_into().ok());
            window.size = size
                .filter(|&(width, height): &(u32, u32)| width > 0 && height > 0)
                .map(|(width, height)| PictureSize { width, height })
                .or(window.size);
        }
    }
}

impl Dispatch<WlBuffer, ()> for Window {
    fn event(
        window: &mut Self,
        proxy: &WlBuffer,
        event: wl_buffer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_buffer::Event::Release = event {
            for buffer in &mut window.buffers {
                buffer.busy &= buffer.proxy.id() != proxy.id();
            }
        }
    }
}

delegate_noop!(Window: WlCompositor);
delegate_noop!(Window: ignore WlShm);
delegate_noop!(Window: WlShmPool);
delegate_noop!(Window: ignore WlSurface);

const BUFFERS: usize = 3;
/// Of the picture that makes the window appear.
const FIRST_SIZE: PictureSize = PictureSize {
    width: 640,
    height: 360,
};
