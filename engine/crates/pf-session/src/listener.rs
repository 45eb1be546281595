//! A media socket and the thread that reads it: pings tell where each session's client is.
//!
//! The socket outlives sessions: it is bound once, before any client is answered. Nothing is ever sent in answer to a
//! ping, and a bad one costs a counter.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_net::{LocalAddress, MediaSocket, Waker};
use pf_proto::gamestream::ping::{Ping, PingCounters};
use serde::Serialize;

use crate::control::ControlListener;
use crate::events::Level;
use crate::shared::{EngineShared, SessionShared};

/// A listener as snapshots tell it.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerView {
    /// Number.
    pub listener: u32,
    /// `video`, `audio` or `control`.
    pub medium: &'static str,
    /// Local address.
    pub address: String,
    /// Local port.
    pub port: u16,
    /// Datagrams that belonged to no living session.
    pub bad_pings: u64,
}

/// What a client has a media port for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

impl Medium {
    /// As messages spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }
}

/// A bound socket with its thread.
pub enum Listener {
    /// Pings come in, media goes out.
    Media(MediaListener),
    /// Clients connect to it.
    Control(ControlListener),
}

impl Listener {
    /// For snapshots.
    pub fn view(&self) -> ListenerView {
        match self {
            Self::Media(listener) => listener.view(),
            Self::Control(listener) => listener.view(),
        }
    }

    /// Sessions that need it.
    pub fn sessions(&self) -> Vec<Arc<SessionShared>> {
        match self {
            Self::Media(listener) => listener.sessions(),
            Self::Control(listener) => listener.sessions(),
        }
    }

    /// The session is over.
    pub fn detach(&self, session: u16) {
        match self {
            Self::Media(listener) => listener.detach(session),
            Self::Control(listener) => listener.detach(session),
        }
    }
}

/// A bound media socket with its receive thread.
pub struct MediaListener {
    number: u32,
    medium: Medium,
    socket: Arc<MediaSocket>,
    routes: Arc<Routes>,
    thread: Option<JoinHandle<()>>,
}

struct Routes {
    medium: Medium,
    sessions: Mutex<Vec<Arc<SessionShared>>>,
    counters: Mutex<PingCounters>,
    stop: AtomicBool,
    waker: Waker,
    engine: Arc<EngineShared>,
}

impl MediaListener {
    /// Starts reading `socket`.
    pub fn start(
        number: u32,
        medium: Medium,
        socket: MediaSocket,
        waker: Waker,
        engine: Arc<EngineShared>,
    ) -> std::io::Result<Self> {
        let socket = Arc::new(socket);
        let routes = Arc::new(Routes {
            medium,
            sessions: Mutex::default(),
            counters: Mutex::default(),
            stop: AtomicBool::new(false),
            waker,
            engine,
        });
        let thread = {
            let (socket, routes) = (Arc::clone(&socket), Arc::clone(&routes));
            std::thread::Builder::new()
                .name(format!("pf-listen-{number}"))
                .spawn(move || routes.read(&socket))?
        };
        Ok(Self {
            number,
            medium,
            socket,
            routes,
            thread: Some(thread),
        })
    }

    /// What it carries.
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// The socket, for the send threads of its sessions.
    pub fn socket(&self) -> Arc<MediaSocket> {
        Arc::clone(&self.socket)
    }

    /// Pings with the session's secret reach it from now on.
    pub fn attach(&self, session: Arc<SessionShared>) {
        lock(&self.routes.sessions).push(session);
    }

    /// The session no longer listens.
    pub fn detach(&self, session: u16) {
        lock(&self.routes.sessions).retain(|other| other.number() != session);
    }

    /// Sessions attached now.
    pub fn sessions(&self) -> Vec<Arc<SessionShared>> {
        lock(&self.routes.sessions).clone()
    }

    /// For snapshots.
    pub fn view(&self) -> ListenerView {
        let address = self.socket.local_address();
        ListenerView {
            listener: self.number,
            medium: self.medium.name(),
            address: address.ip().to_string(),
            port: address.port(),
            bad_pings: lock(&self.routes.counters).bad(),
        }
    }
}

impl Drop for MediaListener {
    fn drop(&mut self) {
        self.routes.stop.store(true, Ordering::Release);
        self.routes.waker.wake();
        if let Some(thread) = self.thread.take() {
            // The thread waits in one place only, and the waker ends that wait.
            drop(thread.join());
        }
    }
}

impl Routes {
    fn read(&self, socket: &MediaSocket) {
        pf_net::tune_thread(pf_net::ThreadRole::Control);
        let mut buffer = [0_u8; 2048];
        while !self.stop.load(Ordering::Acquire) {
            if let Err(error) = socket.wait_readable(Duration::from_secs(1), &self.waker) {
                self.engine.events.log(
                    Level::Error,
                    "listener",
                    format!("Waiting for pings failed: {error}"),
                );
                return;
            }
            while let Ok(Some((bytes, from, to))) = socket.receive_local(&mut buffer) {
                self.ping(&buffer[..bytes], from, to);
            }
        }
    }

    fn ping(&self, datagram: &[u8], from: SocketAddr, to: Option<LocalAddress>) {
        let ping = Ping::classify(datagram);
        let found = match &ping {
            Ping::Payload { payload, sequence } => self
                .find(|session| {
                    let secret = match self.medium {
                        Medium::Video => Some(&session.pings.video),
                        Medium::Audio => session.pings.audio.as_ref(),
                    };
                    secret.is_some_and(|secret| payload.matches(secret))
                })
                .map(|session| (session, *sequence)),
            Ping::Legacy => self
                .legacy(from.ip())
                .map(|session| (session, LEGACY_SEQUENCE)),
            Ping::Foreign | Ping::Short => None,
        };
        match found {
            Some((session, sequence)) => {
                session.ping(self.medium, from, to, sequence, (self.engine.now_ns)());
            }
            None => self.count(&ping, from),
        }
    }

    fn find(&self, is: impl Fn(&SessionShared) -> bool) -> Option<Arc<SessionShared>> {
        let sessions = lock(&self.sessions);
        let mut of_it = sessions.iter().filter(|session| is(session));
        let first = of_it.next()?;
        // One that is ending may still be here when the next one with its secret is.
        let living = std::iter::once(first)
            .chain(of_it)
            .find(|session| !session.is_ending());
        Some(Arc::clone(living.unwrap_or(first)))
    }

    /// The one session whose client pings without a payload from this address; none when two do.
    fn legacy(&self, ip: IpAddr) -> Option<Arc<SessionShared>> {
        let ip = ip.to_canonical();
        let sessions = lock(&self.sessions);
        let mut of_it = sessions
            .iter()
            .filter(|session| session.pings.legacy == Some(ip) && !session.is_ending());
        let only = of_it.next().cloned();
        only.filter(|_| of_it.next().is_none())
    }

    fn count(&self, ping: &Ping, from: SocketAddr) {
        let bad = {
            let mut counters = lock(&self.counters);
            if matches!(ping, Ping::Payload { .. }) {
                counters.count_unknown();
            } else {
                counters.count(ping);
            }
            counters.bad()
        };
        if bad.is_power_of_two() {
            let text =
                format!("{bad} pings so far belong to no session; the last came from {from}.");
            self.engine.events.log(Level::Debug, "listener", text);
        }
    }
}

/// Pings without a payload have no number: the first endpoint stays.
const LEGACY_SEQUENCE: u32 = 0;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::monotonic_ns;
    use crate::shared::PingSecrets;

    #[test]
    fn a_session_that_is_ending_takes_no_ping_from_the_next_one_with_its_secret() {
        let engine = Arc::new(EngineShared::new(1 << 16, monotonic_ns));
        let session = |number| {
            let request = serde_json::from_value(json!({
                "kind": "gamestream", "client": "test", "listener": 1, "ping_payload": "0123456789abcdef",
                "packet_size": 1392, "fec_pct": 20, "min_parity": 2, "source": "synthetic", "width": 320,
                "height": 180, "fps": 60, "bitrate_kbps": 1000, "codec": "h264", "encoder": "auto"
            }));
            let pings = PingSecrets {
                video: *b"0123456789abcdef",
                ..PingSecrets::default()
            };
            let request = request.expect("a request");
            Arc::new(SessionShared::new(
                number,
                request,
                pings,
                Arc::clone(&engine),
            ))
        };
        let (before, after) = (session(1), session(2));
        let routes = Routes {
            medium: Medium::Video,
            sessions: Mutex::new(vec![Arc::clone(&before), Arc::clone(&after)]),
            counters: Mutex::default(),
            stop: AtomicBool::new(false),
            waker: Waker::new().expect("an eventfd can be made"),
            engine: Arc::clone(&engine),
        };
        let reached = || routes.find(|_| true).map(|session| session.number());
        assert_eq!(reached(), Some(1));
        before.end("host_stop", "The host ended the session.");
        assert_eq!(reached(), Some(2));
        after.end("host_stop", "The host ended the session.");
        assert_eq!(reached(), Some(1), "its pings are still no stranger's");
    }
}
