//! A session's sound: one thread that takes samples, encodes, seals and sends a packet every few milliseconds.
//!
//! It knows nothing of where sound comes from ([`SoundSource`]) and holds no socket of its own: packets leave from the
//! audio listener's, whose pings tell where to. A fault here is told once and costs the sound, never the session.
//! Follows gamestream-media.md 7 and 10.1.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use pf_codec::{OpusEncoder, OpusLayout};
use pf_net::{MediaSocket, SendResult, ThreadRole};
use pf_proto::gamestream::audio::AudioPacketizer;
use pf_seal::AudioSealer;

use crate::events::Level;
use crate::listener::Medium;
use crate::request::{AudioRequest, Refusal};
use crate::shared::{Endpoint, SessionShared, SessionState};

/// Where sound comes from. Asked on the audio thread, once a packet; a wait delays the stream.
pub trait SoundSource: Send + 'static {
    /// Fills `pcm` with the next samples: 48 kHz, interleaved as FL FR FC LFE BL BR SL SR, from -1 to 1.
    fn fill(&mut self, pcm: &mut [f32]);
}

/// No sound, in packets like any others: a client that gets none conceals and buffers anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl SoundSource for Silence {
    fn fill(&mut self, pcm: &mut [f32]) {
        pcm.fill(0.0);
    }
}

/// What the client asked for, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    layout: OpusLayout,
    packet_ms: u32,
}

impl AudioFormat {
    /// Checks a request; `sealed` when its packets will be.
    ///
    /// Errors: `audio_invalid` for channels and lengths that no client has, and for packets beyond a client's buffer.
    pub fn of(request: &AudioRequest, sealed: bool) -> Result<Self, Refusal> {
        let refused =
            |error: pf_codec::CodecError| Refusal::new("audio_invalid", error.to_string());
        let packet_ms = u32::from(request.packet_ms);
        let layout = OpusLayout::of(request.channels, request.high_quality).map_err(refused)?;
        // Says whether such a length exists, too.
        let encoder = OpusEncoder::new(layout, packet_ms).map_err(refused)?;
        let plain_bytes = encoder.packet_bytes();
        let bytes = if sealed {
            AudioSealer::sealed_bytes(plain_bytes)
        } else {
            plain_bytes
        };
        if bytes > AudioPacketizer::MAX_PAYLOAD_BYTES {
            let text = format!(
                "Packets of {packet_ms} ms would have {bytes} bytes of sound; clients take {}.",
                AudioPacketizer::MAX_PAYLOAD_BYTES
            );
            return Err(Refusal::new("audio_invalid", text));
        }
        Ok(Self { layout, packet_ms })
    }
}

/// Everything the audio thread owns.
pub struct AudioJob<S> {
    /// The session.
    pub session: Arc<SessionShared>,
    /// The audio listener's socket.
    pub socket: Arc<MediaSocket>,
    /// What the client gets.
    pub format: AudioFormat,
    /// Present when packets are sealed.
    pub sealer: Option<AudioSealer>,
    /// Where sound comes from.
    pub source: S,
}

/// Totals of the audio thread, for snapshots and tests.
#[derive(Debug, Default)]
pub struct AudioTotals {
    /// Packets of sound that the kernel took.
    pub packets: AtomicU64,
    /// Packets, parity included, that it did not take: sound never waits for room.
    pub refused: AtomicU64,
    /// Times the clock started anew because too much time was lost.
    pub restarts: AtomicU64,
}

/// A running audio thread. Dropping it ends and joins the thread.
pub struct AudioStream {
    stop: Arc<AtomicBool>,
    totals: Arc<AudioTotals>,
    thread: Option<JoinHandle<()>>,
}

impl AudioStream {
    /// Starts the thread. It waits for the client's audio ping and the first video frame, and ends with the session.
    pub fn start<S: SoundSource>(job: AudioJob<S>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let totals = Arc::new(AudioTotals::default());
        let ending = Ending {
            session: Arc::clone(&job.session),
            stop: Arc::clone(&stop),
        };
        let counted = Arc::clone(&totals);
        let thread = std::thread::Builder::new()
            .name(format!("pf-audio-{}", job.session.number()))
            .spawn(move || guarded(job, &ending, &counted))?;
        Ok(Self {
            stop,
            totals,
            thread: Some(thread),
        })
    }

    /// What it has sent so far.
    pub fn totals(&self) -> Arc<AudioTotals> {
        Arc::clone(&self.totals)
    }
}

impl Drop for AudioStream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread looks at the flag at least every LOOK, and its panics are caught.
            drop(thread.join());
        }
    }
}

/// When to stop: with the session, or when the stream is dropped.
struct Ending {
    session: Arc<SessionShared>,
    stop: Arc<AtomicBool>,
}

impl Ending {
    fn is_now(&self) -> bool {
        // Nothing is read because of the flag, so its order does not matter.
        self.stop.load(Ordering::Relaxed) || self.session.is_ending()
    }
}

fn guarded<S: SoundSource>(job: AudioJob<S>, ending: &Ending, totals: &AudioTotals) {
    pf_net::tune_thread(ThreadRole::Audio);
    let fault = match catch_unwind(AssertUnwindSafe(|| run(job, ending, totals))) {
        Ok(Ok(())) => return,
        Ok(Err(refusal)) => refusal.message,
        Err(_) => "the audio thread panicked".to_owned(),
    };
    let text = format!(
        "The sound of session {} has ended: {fault}.",
        ending.session.number()
    );
    ending
        .session
        .engine
        .events
        .log(Level::Error, "audio", text);
}

fn run<S: SoundSource>(
    job: AudioJob<S>,
    ending: &Ending,
    totals: &AudioTotals,
) -> Result<(), Refusal> {
    let now_ns = job.session.engine.now_ns;
    let session = Arc::clone(&job.session);
    let mut packets = Packets::new(job)?;
    if !wait_for_client(&session, ending) {
        return Ok(());
    }
    let mut clock = PacketClock::new(packets.packet_ms, now_ns());
    while !ending.is_now() {
        // Spinning for the last microseconds, as video does, would cost five times what the packet does.
        pf_net::doze_until(clock.deadline_ns());
        if clock.tick(now_ns()) == Tick::Restarted {
            totals.restarts.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(to) = session.endpoint(Medium::Audio) {
            packets.send_next(to, totals)?;
        }
    }
    Ok(())
}

/// Waits for the ping that tells where the client is, and for pictures: a client that hears sound before it reads any
/// would find a heap of it. False when the end came first.
fn wait_for_client(session: &SessionShared, ending: &Ending) -> bool {
    while !ending.is_now() {
        if session.wait_for_endpoint(Medium::Audio, LOOK).is_none() {
            continue;
        }
        let mut streaming = false;
        session.update(|view| streaming = view.state == SessionState::Streaming);
        if streaming {
            return true;
        }
        std::thread::sleep(STATE_POLL);
    }
    false
}

/// From samples to datagrams.
struct Packets<S> {
    socket: Arc<MediaSocket>,
    source: S,
    sealer: Option<AudioSealer>,
    encoder: OpusEncoder,
    packetizer: AudioPacketizer,
    packet_ms: u32,
    pcm: Vec<f32>,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl<S: SoundSource> Packets<S> {
    fn new(job: AudioJob<S>) -> Result<Self, Refusal> {
        let AudioFormat { layout, packet_ms } = job.format;
        let encoder = OpusEncoder::new(layout, packet_ms).map_err(failed)?;
        Ok(Self {
            socket: job.socket,
            source: job.source,
            sealer: job.sealer,
            packetizer: AudioPacketizer::new(packet_ms),
            packet_ms,
            pcm: vec![0.0; encoder.samples()],
            plain: vec![0; encoder.packet_bytes()],
            sealed: vec![0; AudioSealer::sealed_bytes(encoder.packet_bytes())],
            encoder,
        })
    }

    /// Sends the next packet and, behind every fourth, the parity of the four. The encoder refuses to write a packet of
    /// another size than the others (gamestream-media.md 7.3), so what leaves here always has the same.
    fn send_next(&mut self, to: Endpoint, totals: &AudioTotals) -> Result<(), Refusal> {
        self.source.fill(&mut self.pcm);
        let bytes = self
            .encoder
            .encode(&self.pcm, &mut self.plain)
            .map_err(failed)?;
        let mut payload = &self.plain[..bytes];
        if let Some(sealer) = &self.sealer {
            let sequence = self.packetizer.sequence_for(self.sealed.len());
            let bytes = sealer
                .seal(sequence.0, payload, &mut self.sealed)
                .map_err(failed)?;
            payload = &self.sealed[..bytes];
        }
        let datagrams = self.packetizer.packetize(payload).map_err(failed)?;
        let count = if send(&self.socket, to, datagrams.data) {
            &totals.packets
        } else {
            &totals.refused
        };
        count.fetch_add(1, Ordering::Relaxed);
        for parity in datagrams.parity.into_iter().flatten() {
            if !send(&self.socket, to, parity) {
                totals.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Whether the kernel took it. A client that is gone is noticed by its video.
fn send(socket: &MediaSocket, to: Endpoint, datagram: &[u8]) -> bool {
    let sent = socket.send_segments_from(to.source, to.peer, datagram, datagram.len());
    sent.result == SendResult::Complete
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new("audio_failed", error.to_string())
}

/// When packets are due: every few milliseconds from a start, without drift.
#[derive(Clone, Copy, Debug)]
struct PacketClock {
    interval_ns: u64,
    epoch_ns: u64,
    ticks: u64,
}

/// What [`PacketClock::tick`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// On to the next packet; what is due already follows at once.
    OnTime,
    /// Too much was due: the clock starts anew with this packet, and the time before it is lost.
    Restarted,
}

impl PacketClock {
    fn new(packet_ms: u32, start_ns: u64) -> Self {
        Self {
            interval_ns: u64::from(packet_ms) * 1_000_000,
            epoch_ns: start_ns,
            ticks: 0,
        }
    }

    /// When the coming packet is due, engine ns.
    fn deadline_ns(&self) -> u64 {
        self.epoch_ns + self.ticks * self.interval_ns
    }

    /// Moves past the packet that is sent at `now_ns`.
    fn tick(&mut self, now_ns: u64) -> Tick {
        let late_ns = now_ns.saturating_sub(self.deadline_ns());
        let is_too_late = late_ns >= MAX_BURST_PACKETS * self.interval_ns;
        if is_too_late {
            self.epoch_ns = now_ns;
            self.ticks = 0;
        }
        self.ticks += 1;
        if is_too_late {
            Tick::Restarted
        } else {
            Tick::OnTime
        }
    }
}

/// Packets that may follow one another at once after a stall. Clients throw everything away beyond 30 (7.4).
const MAX_BURST_PACKETS: u64 = 10;
/// How often a waiting thread looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);
/// How often the state is looked at between ping and first frame; nothing is announced at that moment.
const STATE_POLL: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Packets that leave at `now_ns` or before.
    fn due(clock: &mut PacketClock, now_ns: u64) -> (u32, u32) {
        let (mut packets, mut restarts) = (0, 0);
        while clock.deadline_ns() <= now_ns {
            restarts += u32::from(clock.tick(now_ns) == Tick::Restarted);
            packets += 1;
        }
        (packets, restarts)
    }

    #[test]
    fn a_day_of_packets_does_not_drift() {
        let mut clock = PacketClock::new(5, 7 * MS);
        for _ in 0..24 * 3600 * 200 {
            assert_eq!(clock.tick(clock.deadline_ns()), Tick::OnTime);
        }
        assert_eq!(clock.deadline_ns(), 24 * 3600 * 1000 * MS + 7 * MS);
    }

    #[test]
    fn a_short_stall_is_made_up_for() {
        for packet_ms in [5, 10] {
            let mut clock = PacketClock::new(packet_ms, 0);
            let stall_ns = u64::from(packet_ms) * 10 * MS - 1;
            assert_eq!(due(&mut clock, stall_ns), (10, 0));
            assert_eq!(
                clock.deadline_ns(),
                stall_ns + 1,
                "the clock kept its start"
            );
        }
    }

    #[test]
    fn no_stall_makes_a_burst_of_more_than_ten() {
        for stall_ms in 0..2000 {
            let mut clock = PacketClock::new(5, 0);
            let (packets, restarts) = due(&mut clock, stall_ms * MS);
            assert!(packets <= 10, "{stall_ms} ms: {packets}");
            assert_eq!(restarts, u32::from(stall_ms >= 50), "{stall_ms} ms");
        }
    }

    fn format(
        channels: u8,
        high_quality: bool,
        packet_ms: u8,
        sealed: bool,
    ) -> Result<AudioFormat, Refusal> {
        let request = AudioRequest {
            listener: 1,
            ping_payload: crate::request::Secret("0123456789abcdef".into()),
            channels,
            high_quality,
            packet_ms,
        };
        AudioFormat::of(&request, sealed)
    }

    #[test]
    fn only_what_a_client_can_take_is_accepted() {
        for channels in [2, 6, 8] {
            for sealed in [false, true] {
                for high_quality in [false, true] {
                    assert!(format(channels, high_quality, 5, sealed).is_ok());
                }
                assert!(format(channels, false, 10, sealed).is_ok());
            }
        }
        let refused = |channels, packet_ms, sealed| {
            format(channels, true, packet_ms, sealed)
                .expect_err("no client takes it")
                .message
        };
        assert_eq!(refused(3, 5, false), "sound has 2, 6 or 8 channels, got 3");
        assert_eq!(
            refused(2, 7, false),
            "a sound packet lasts 5 or 10 ms, got 7"
        );
        assert_eq!(
            refused(8, 10, false),
            "Packets of 10 ms would have 2560 bytes of sound; clients take 1376."
        );
        assert_eq!(
            refused(6, 10, true),
            "Packets of 10 ms would have 1936 bytes of sound; clients take 1376."
        );
    }
}
