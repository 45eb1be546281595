//! A media socket and the thread that reads it: pings tell where each session's client is.
//!
//! The socket outlives sessions: it is bound once, before any client is answered. Nothing is ever sent in answer to a
//! ping, and a bad one costs a counter.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_net::{MediaSocket, Waker};
use pf_proto::gamestream::ping::{Ping, PingCounters};
use serde::Serialize;

use crate::events::Level;
use crate::shared::{EngineShared, SessionShared};

/// A listener as snapshots tell it.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerView {
    /// Number.
    pub listener: u32,
    /// `video`.
    pub medium: String,
    /// Local address.
    pub address: String,
    /// Local port.
    pub port: u16,
    /// Datagrams that were no ping of a living session.
    pub bad_pings: u64,
}

/// A bound socket with its receive thread.
pub struct Listener {
    number: u32,
    medium: String,
    socket: Arc<MediaSocket>,
    routes: Arc<Routes>,
    thread: Option<JoinHandle<()>>,
}

struct Routes {
    sessions: Mutex<Vec<Arc<SessionShared>>>,
    counters: Mutex<PingCounters>,
    stop: AtomicBool,
    waker: Waker,
    engine: Arc<EngineShared>,
}

impl Listener {
    /// Starts reading `socket`.
    pub fn start(
        number: u32,
        medium: &str,
        socket: MediaSocket,
        waker: Waker,
        engine: Arc<EngineShared>,
    ) -> std::io::Result<Self> {
        let socket = Arc::new(socket);
        let routes = Arc::new(Routes {
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
            medium: medium.to_owned(),
            socket,
            routes,
            thread: Some(thread),
        })
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
            medium: self.medium.clone(),
            address: address.ip().to_string(),
            port: address.port(),
            bad_pings: lock(&self.routes.counters).bad(),
        }
    }
}

impl Drop for Listener {
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
            while let Ok(Some((bytes, from))) = socket.receive(&mut buffer) {
                self.ping(&buffer[..bytes], from);
            }
        }
    }

    fn ping(&self, datagram: &[u8], from: SocketAddr) {
        let ping = Ping::classify(datagram);
        let Ping::Payload { payload, sequence } = ping else {
            lock(&self.counters).count(&ping);
            return;
        };
        let now_ns = (self.engine.now_ns)();
        let session = lock(&self.sessions)
            .iter()
            .find(|session| payload.matches(&session.ping_payload))
            .cloned();
        match session {
            Some(session) => session.ping(from, sequence, now_ns),
            None => {
                let unknown = {
                    let mut counters = lock(&self.counters);
                    counters.count_unknown();
                    counters.unknown
                };
                if unknown.is_power_of_two() {
                    let text = format!(
                        "{unknown} pings so far belong to no session; the last came from {from}."
                    );
                    self.engine.events.log(Level::Debug, "listener", text);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
