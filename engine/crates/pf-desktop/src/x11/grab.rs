//! Getting pixels out of an X server: into memory shared with it (MIT-SHM, the descriptor passed), or, for servers
//! that are far away or refuse, through the connection.

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::cookie::Cookie;
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, GetImageReply, ImageFormat};

use super::link::{Connection, Fault, Link};
use super::screen::{Rectangle, Screen};
use crate::memory::SharedMemory;
use crate::ring::Slot;

/// What the server knows a buffer by; `None` where it does not know it.
pub(super) type Attachment = Option<shm::Seg>;

/// How pixels come over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The server writes into our buffers.
    SharedMemory,
    /// Every pixel goes through the connection: about ten times slower.
    Connection,
}

impl Method {
    /// The best way that this server offers. Whether it can really share is only seen with the first buffer.
    pub(super) fn offered(link: &Link) -> Result<Self, Fault> {
        let known = link
            .connection
            .extension_information(shm::X11_EXTENSION_NAME)?
            .is_some();
        if !link.local || !known {
            return Ok(Self::Connection);
        }
        let version = link.connection.shm_query_version()?.reply()?;
        Ok(
            if (version.major_version, version.minor_version) >= PASSES_DESCRIPTORS {
                Self::SharedMemory
            } else {
                Self::Connection
            },
        )
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SharedMemory => "MIT-SHM",
            Self::Connection => "GetImage",
        }
    }
}

/// A buffer for pictures of `area`; falls back to [`Method::Connection`] for good when the server refuses to share.
pub(super) fn new_slot(
    connection: &Connection,
    method: &mut Method,
    area: Rectangle,
) -> Result<Slot<Attachment>, Fault> {
    let size = area.size();
    let memory = SharedMemory::new(size.row_bytes() * size.height as usize)?;
    let attachment = match method {
        Method::SharedMemory => attach(connection, &memory)?,
        Method::Connection => None,
    };
    if attachment.is_none() {
        *method = Method::Connection;
    }
    Ok(Slot {
        memory,
        size,
        stride_bytes: size.row_bytes(),
        attachment,
    })
}

fn attach(connection: &Connection, memory: &SharedMemory) -> Result<Attachment, Fault> {
    use std::os::fd::AsFd;
    let descriptor = memory.as_fd().try_clone_to_owned()?;
    let segment = match connection.generate_id() {
        Ok(segment) => segment,
        Err(ReplyOrIdError::IdsExhausted) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match connection
        .shm_attach_fd(segment, descriptor, false)?
        .check()
        .map_err(Fault::from)
    {
        Ok(()) => Ok(Some(segment)),
        Err(Fault::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Tells the server to forget a buffer.
pub(super) fn discard(connection: &Connection, slot: Slot<Attachment>) -> Result<(), Fault> {
    if let Some(segment) = slot.attachment {
        connection.shm_detach(segment)?;
    }
    Ok(())
}

/// A request for pixels that is under way.
#[derive(Debug)]
pub(super) enum Pending<'a> {
    Shared(Cookie<'a, Connection, shm::GetImageReply>),
    Sent(Cookie<'a, Connection, GetImageReply>),
}

impl<'a> Pending<'a> {
    /// Asks for the pixels of what is captured.
    pub(super) fn request(
        connection: &'a Connection,
        screen: &Screen,
        slot: &Slot<Attachment>,
    ) -> Result<Self, Fault> {
        let Rectangle {
            x,
            y,
            width,
            height,
        } = screen.captured;
        let (root, format) = (screen.root, ImageFormat::Z_PIXMAP);
        Ok(match slot.attachment {
            Some(segment) => Self::Shared(connection.shm_get_image(
                root,
                x,
                y,
                width,
                height,
                ALL_PLANES,
                format.into(),
                segment,
                0,
            )?),
            None => {
                Self::Sent(connection.get_image(format, root, x, y, width, height, ALL_PLANES)?)
            }
        })
    }

    /// Place of the request in the connection's order: events with a smaller number happened before the grab.
    pub(super) fn order(&self) -> u64 {
        match self {
            Self::Shared(cookie) => cookie.sequence_number(),
            Self::Sent(cookie) => cookie.sequence_number(),
        }
    }

    /// Waits until the pixels are in the slot.
    pub(super) fn finish(self, slot: &mut Slot<Attachment>) -> Result<(), Fault> {
        match self {
            Self::Shared(cookie) => {
                cookie.reply()?;
            }
            Self::Sent(cookie) => {
                let data = cookie.reply()?.data;
                let bytes = slot.memory.bytes_mut();
                let Some(pixels) = data.get(..bytes.len()) else {
                    return Err(Fault::Refused(format!(
                        "{} bytes of pixels instead of {}",
                        data.len(),
                        bytes.len()
                    )));
                };
                bytes.copy_from_slice(pixels);
            }
        }
        Ok(())
    }
}

/// First version of MIT-SHM that takes a descriptor.
const PASSES_DESCRIPTORS: (u16, u16) = (1, 2);
const ALL_PLANES: u32 = !0;
