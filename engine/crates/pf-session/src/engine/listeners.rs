//! The engine's sockets: opening, finding and closing them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use pf_net::{ControlSocket, DscpMarking, MediaSocket, QosClass, SocketOptions, Waker};

use super::{Engine, Inner};
use crate::control::ControlListener;
use crate::listener::{Listener, ListenerView, MediaListener, Medium};
use crate::request::Refusal;

impl Engine {
    /// Binds a medium's socket. Answers its number and where it listens.
    pub fn open_listener(
        &self,
        medium: &str,
        address: &str,
        port: u32,
        dscp: bool,
    ) -> Result<ListenerView, Refusal> {
        let ip: IpAddr = address.parse().map_err(|_| {
            Refusal::new(
                "address_invalid",
                format!("{address:?} is no IP address; give one like 127.0.0.1 or ::."),
            )
        })?;
        let port = u16::try_from(port).map_err(|_| {
            Refusal::new(
                "port_invalid",
                format!("The port is {port}; it may be 0 to 65535."),
            )
        })?;
        let marking = if dscp {
            DscpMarking::On
        } else {
            DscpMarking::Off
        };
        let address = SocketAddr::new(ip, port);
        let mut inner = self.lock();
        let number = inner.next_listener + 1;
        let listener = match medium {
            "video" => self.media_listener(number, Medium::Video, address, marking)?,
            "audio" => self.media_listener(number, Medium::Audio, address, marking)?,
            "control" => {
                let socket = ControlSocket::bind(address, marking).map_err(bind_failed)?;
                let shared = Arc::clone(&self.shared);
                Listener::Control(ControlListener::start(number, socket, shared)?)
            }
            other => {
                let text = format!("The medium is {other:?}; known are video, audio, control.");
                return Err(Refusal::new("unknown_medium", text));
            }
        };
        inner.next_listener = number;
        let view = listener.view();
        inner.listeners.push((number, listener));
        Ok(view)
    }

    fn media_listener(
        &self,
        number: u32,
        medium: Medium,
        address: SocketAddr,
        marking: DscpMarking,
    ) -> Result<Listener, Refusal> {
        let qos = match medium {
            Medium::Video => QosClass::Video,
            Medium::Audio => QosClass::Audio,
        };
        let options = SocketOptions {
            qos,
            ..SocketOptions::default()
        };
        let socket = MediaSocket::bind(address, &options).map_err(bind_failed)?;
        if marking == DscpMarking::On {
            socket.set_dscp(marking).map_err(bind_failed)?;
        }
        let waker = Waker::new().map_err(bind_failed)?;
        let shared = Arc::clone(&self.shared);
        MediaListener::start(number, medium, socket, waker, shared)
            .map(Listener::Media)
            .map_err(|e| {
                let text = format!("The receive thread did not start: {e}.");
                Refusal::new("no_thread", text)
            })
    }

    /// Closes a socket; its sessions end with `listener_closed`.
    pub fn close_listener(&self, number: u32) -> Result<(), Refusal> {
        let mut inner = self.lock();
        let at = inner
            .listeners
            .iter()
            .position(|(other, _)| *other == number)
            .ok_or_else(|| unknown_listener(number))?;
        let (_, listener) = inner.listeners.swap_remove(at);
        drop(inner);
        for session in listener.sessions() {
            session.end("listener_closed", "A socket of the session was closed.");
        }
        self.retire(listener);
        Ok(())
    }

    /// Ends a listener whose sessions are ending. A control listener first tells its clients.
    fn retire(&self, listener: Listener) {
        let Listener::Control(control) = listener else {
            return;
        };
        if let Some(thread) = control.close() {
            let mut inner = self.lock();
            inner.retiring.retain(|thread| !thread.is_finished());
            inner.retiring.push(thread);
        }
    }
}

impl Inner {
    pub(super) fn media(&self, number: u32, medium: Medium) -> Result<&MediaListener, Refusal> {
        match self.listener(number)? {
            Listener::Media(listener) if listener.medium() == medium => Ok(listener),
            other => Err(wrong_medium(number, &other.view(), medium.name())),
        }
    }

    pub(super) fn control(&self, number: u32) -> Result<&ControlListener, Refusal> {
        match self.listener(number)? {
            Listener::Control(listener) => Ok(listener),
            other => Err(wrong_medium(number, &other.view(), "control")),
        }
    }

    fn listener(&self, number: u32) -> Result<&Listener, Refusal> {
        self.listeners
            .iter()
            .find(|(other, _)| *other == number)
            .map(|(_, listener)| listener)
            .ok_or_else(|| unknown_listener(number))
    }
}

fn wrong_medium(number: u32, view: &ListenerView, wanted: &str) -> Refusal {
    let text = format!(
        "Listener {number} is for {}, not for {wanted}.",
        view.medium
    );
    Refusal::new("wrong_medium", text)
}

fn bind_failed(error: pf_net::NetError) -> Refusal {
    Refusal::new("bind_failed", error.to_string())
}

fn unknown_listener(number: u32) -> Refusal {
    Refusal::new(
        "unknown_listener",
        format!("There is no listener {number}; open one first."),
    )
}
