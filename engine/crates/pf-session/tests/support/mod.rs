//! A real sender on a real socket, without desktop and encoder.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;

use pf_net::{MediaSocket, SocketOptions};
use pf_proto::pacer::{Pacer, PacerConfig};
use pf_proto::units::Kbps;
use pf_seal::VideoSealer;
use pf_session::handoff::{Outbox, SpinPolicy, handoff};
use pf_session::script::TruthSender;
use pf_session::sender::{SendTotals, Sender};
use pf_session::shared::{EngineShared, PingSecrets, SessionShared};
use pf_session::{Medium, SessionRequest, monotonic_ns};
use pf_stats::{RecordConsumer, RecordProducer, record_ring};

/// The parts of a session from the hand-off on.
#[allow(
    dead_code,
    reason = "two test binaries share the rig, and each looks at its own parts"
)]
pub struct Rig {
    pub session: Arc<SessionShared>,
    pub outbox: Outbox,
    pub records: RecordConsumer,
    pub totals: Arc<SendTotals>,
    pub sending: JoinHandle<RecordProducer>,
}

/// Starts a sender towards `client`; `link_kbps` is what it paces by.
pub fn rig(
    client: &UdpSocket,
    datagram_bytes: usize,
    slot_bytes: usize,
    link_kbps: u32,
    sealer: Option<VideoSealer>,
) -> Rig {
    let peer: SocketAddr = client.local_addr().expect("bound");
    let engine = Arc::new(EngineShared::new(1 << 16, monotonic_ns));
    engine.gate.set(true);
    engine
        .recording
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let session = Arc::new(SessionShared::new(
        1,
        request(),
        PingSecrets {
            video: *b"0123456789abcdef",
            ..PingSecrets::default()
        },
        engine,
    ));
    session.ping(Medium::Video, peer, None, 1, monotonic_ns());
    let socket = MediaSocket::bind(
        "127.0.0.1:0".parse().expect("an address"),
        &SocketOptions::default(),
    );
    let (mut outbox, inbox) = handoff(slot_bytes, datagram_bytes, slot_bytes);
    let (producer, records) = record_ring(16_384);
    let totals = Arc::clone(&session.totals);
    let sender = Sender {
        session: Arc::clone(&session),
        socket: Arc::new(socket.expect("a free port")),
        inbox,
        records: producer,
        pacer: Pacer::new(PacerConfig::for_link(Kbps(link_kbps), datagram_bytes)),
        spin: SpinPolicy {
            lead_ns: 0,
            patience_ns: 0,
        },
        sealer,
        truth: TruthSender::default(),
    };
    let sending = std::thread::spawn(move || sender.run());
    outbox.wake(sending.thread().clone());
    Rig {
        session,
        outbox,
        records,
        totals,
        sending,
    }
}

fn request() -> SessionRequest {
    serde_json::from_value(serde_json::json!({
        "kind": "gamestream", "client": "test", "listener": 1, "ping_payload": "0123456789abcdef",
        "packet_size": 1392, "fec_pct": 20, "min_parity": 2, "source": "synthetic", "width": 1280, "height": 720,
        "fps": 60, "bitrate_kbps": 20_000, "codec": "h264", "encoder": "auto"
    }))
    .expect("a request")
}
