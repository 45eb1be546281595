//! Control streams: one ENet host a socket, for the socket's life, on one thread that sleeps while nobody is there.

mod advice;
mod budget;
mod enet;
mod gate;
mod goodbye;
mod reception;
mod server;
mod stream;
mod transport;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_net::{ControlSocket, Readiness, Waker};

use crate::control::enet::EnetTransport;
pub use crate::control::goodbye::SEQUENCES_EXHAUSTED;
use crate::control::server::Server;
use crate::control::stream::ClientStream;
pub use crate::control::stream::StreamParts;
use crate::control::transport::ControlTransport;
use crate::events::Level;
use crate::listener::ListenerView;
use crate::request::Refusal;
use crate::shared::{EngineShared, SessionShared};

/// Why its sessions end with a listener.
pub const CLOSED: &str = "The socket of the session's control stream was closed.";
/// One line in so long about connections that belong to nobody.
const REFUSED_TOLD_NS: u64 = 10_000_000_000;

/// A bound control socket with its thread.
pub struct ControlListener {
    view: ListenerView,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Clients to wait for; absent once the thread is gone.
    arrivals: Mutex<Option<Vec<StreamParts>>>,
    sessions: Mutex<Vec<Arc<SessionShared>>>,
    dropped: AtomicU64,
    stop: AtomicBool,
    waker: Waker,
    engine: Arc<EngineShared>,
}

impl ControlListener {
    /// Starts serving `socket`.
    pub fn start(
        number: u32,
        socket: ControlSocket,
        engine: Arc<EngineShared>,
    ) -> Result<Self, Refusal> {
        let address = socket.local_address();
        let waker = Waker::new().map_err(|e| Refusal::new("bind_failed", e.to_string()))?;
        let transport = EnetTransport::new(socket, engine.now_ns)?;
        let shared = Arc::new(Shared {
            arrivals: Mutex::new(Some(Vec::new())),
            sessions: Mutex::default(),
            dropped: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            waker,
            engine,
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("pf-control-{number}"))
            .spawn(move || of_thread.run(Server::new(transport)))
            .map_err(|e| {
                Refusal::new(
                    "no_thread",
                    format!("The control thread did not start: {e}."),
                )
            })?;
        Ok(Self {
            view: ListenerView {
                listener: number,
                medium: "control",
                address: address.ip().to_string(),
                port: address.port(),
                bad_pings: 0,
            },
            shared,
            thread: Some(thread),
        })
    }

    /// Waits for a session's client from now on.
    pub fn attach(&self, parts: StreamParts) {
        let session = Arc::clone(&parts.session);
        match &mut *lock(&self.shared.arrivals) {
            Some(arrivals) => arrivals.push(parts),
            None => return gone(&session),
        }
        lock(&self.shared.sessions).push(session);
        self.shared.waker.wake();
    }

    /// Raised to have the thread look at its sessions.
    pub fn waker(&self) -> Waker {
        self.shared.waker.clone()
    }

    /// Sessions whose client is waited for or there.
    pub fn sessions(&self) -> Vec<Arc<SessionShared>> {
        lock(&self.shared.sessions).clone()
    }

    /// The session is over.
    pub fn detach(&self, session: u16) {
        lock(&self.shared.sessions).retain(|other| other.number() != session);
    }

    /// For snapshots.
    pub fn view(&self) -> ListenerView {
        ListenerView {
            bad_pings: self.shared.dropped.load(Ordering::Relaxed),
            ..self.view.clone()
        }
    }

    /// Ends it once its clients, whose sessions must be ending, were told. Returns at once: joining takes up to their
    /// goodbye.
    pub fn close(mut self) -> Option<JoinHandle<()>> {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.waker.wake();
        self.thread.take()
    }
}

impl Shared {
    fn run(&self, server: Server<EnetTransport>) {
        pf_net::tune_thread(pf_net::ThreadRole::Control);
        let serving = std::panic::AssertUnwindSafe(|| self.serve(server));
        if std::panic::catch_unwind(serving).is_err() {
            let text = "The control thread panicked; its sessions have ended.";
            self.engine.events.log(Level::Error, "control", text);
        }
        // Whatever happened, nobody may wait for a goodbye that never comes.
        let arrivals = lock(&self.arrivals).take().unwrap_or_default();
        let left = arrivals.into_iter().map(|parts| parts.session);
        for session in left.chain(std::mem::take(&mut *lock(&self.sessions))) {
            gone(&session);
        }
    }

    fn serve(&self, mut server: Server<EnetTransport>) {
        let mut refused_told_ns = None;
        loop {
            for parts in self.take_arrivals() {
                server.attach(ClientStream::new(parts, (self.engine.now_ns)()));
            }
            if let Some(refused) = server.serve((self.engine.now_ns)()) {
                let now_ns = (self.engine.now_ns)();
                if refused_told_ns.is_none_or(|told| now_ns - told >= REFUSED_TOLD_NS) {
                    refused_told_ns = Some(now_ns);
                    let text = format!("A control connection from {} was refused.", refused.from);
                    self.engine.events.log(Level::Debug, "control", text);
                }
            }
            let counts = server.transport().counts();
            self.dropped
                .store(counts.dropped + counts.oversize, Ordering::Relaxed);
            // Acquire: pairs with `close`.
            if self.stop.load(Ordering::Acquire) {
                if server.streams().is_empty() && !self.has_arrivals() {
                    return;
                }
                for stream in server.streams() {
                    stream.session().end("listener_closed", CLOSED);
                }
            }
            if let Err(error) = self.wait(&mut server) {
                let text = format!("Waiting for control messages failed: {error}");
                self.engine.events.log(Level::Error, "control", text);
                return;
            }
        }
    }

    fn take_arrivals(&self) -> Vec<StreamParts> {
        let mut arrivals = lock(&self.arrivals);
        arrivals.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn has_arrivals(&self) -> bool {
        lock(&self.arrivals)
            .as_ref()
            .is_some_and(|parts| !parts.is_empty())
    }

    fn wait(&self, server: &mut Server<EnetTransport>) -> Result<(), pf_net::NetError> {
        let now_ns = (self.engine.now_ns)();
        let due = server
            .deadline_ns()
            .map(|due_ns| Duration::from_nanos(due_ns.saturating_sub(now_ns)));
        let timeout = [due, server.patience()].into_iter().flatten().min();
        if server.transport().wait(timeout, &self.waker)? == Readiness::Woken {
            self.waker.reset();
        }
        Ok(())
    }
}

/// The thread that would have told the client is not there.
fn gone(session: &SessionShared) {
    session.end("internal", "The control thread is gone.");
    session.control_ended();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
