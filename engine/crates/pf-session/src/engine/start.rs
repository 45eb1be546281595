//! From a checked request to running threads.

use std::sync::Arc;

use pf_stats::record_ring;

use super::{Engine, Inner, MAX_SESSIONS, Running, lock};
use crate::admission::{self, Admitted};
use crate::audio::{AudioJob, Silence};
use crate::client;
use crate::control::StreamParts;
use crate::listener::{MediaListener, Medium};
use crate::request::{Refusal, SessionRequest};
use crate::shared::SessionShared;
use crate::video::{self, VideoJob};

impl Engine {
    /// Checks a session and starts its threads. Answers the operation and the session's number.
    pub fn start_session(&self, mut request: SessionRequest) -> Result<(u32, u16), Refusal> {
        let admitted = admission::check(&request)?;
        let Admitted {
            client,
            format,
            source,
            encoder,
            script,
        } = admitted;
        let mut inner = self.lock();
        inner.reap();
        if inner.sessions.len() >= MAX_SESSIONS {
            let text = format!("{MAX_SESSIONS} sessions run already; end one first.");
            return Err(Refusal::new("session_limit", text));
        }
        let socket = inner.media(request.listener, Medium::Video)?.socket();
        if let Some(control) = &client.control {
            inner.control(control.listener)?;
            inner.refuse_taken(control.connect_data)?;
        }
        let audio_listener = request.audio.as_ref().map(|audio| audio.listener);
        let audio_socket = audio_listener
            .map(|number| inner.media(number, Medium::Audio))
            .transpose()?
            .map(MediaListener::socket);
        let (seals_video, seals_audio) =
            (client::seals_video(&request), client::seals_audio(&request));
        let (mut video_sealer, mut audio_sealer, mut control_seals) = (None, None, None);
        if let Some(seals) = client::take_seals(&mut request) {
            video_sealer = seals_video.then_some(seals.video);
            audio_sealer = seals_audio.then_some(seals.audio);
            control_seals = Some((seals.control_opener, seals.control_sealer));
        }
        let number = inner.free_session_number();
        let listener_number = request.listener;
        let shared = Arc::new(SessionShared::new(
            number,
            request,
            client.pings,
            Arc::clone(&self.shared),
        ));
        let records = shared.request.fps as usize * self.config.records_seconds as usize;
        let (sent_records, sent_lane) = record_ring(records);
        let (dropped_records, dropped_lane) = record_ring(records);
        let op = self.next_op();
        let audio = client
            .audio
            .zip(audio_socket)
            .map(|(format, socket)| AudioJob {
                session: Arc::clone(&shared),
                socket,
                format,
                sealer: audio_sealer,
                source: Silence,
            });
        let job = VideoJob {
            session: Arc::clone(&shared),
            socket,
            format,
            source,
            encoder,
            sent_records,
            dropped_records,
            sealer: video_sealer,
            script,
            op,
            audio,
        };
        if let Some(control) = &client.control {
            shared.control_begins(inner.control(control.listener)?.waker());
        }
        let guarded = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("pf-video-{number}"))
            .spawn(move || {
                let run = std::panic::AssertUnwindSafe(|| job.run());
                if std::panic::catch_unwind(run).is_err() {
                    video::report_panic(&guarded);
                }
            })
            .map_err(|e| {
                Refusal::new("no_thread", format!("The video thread did not start: {e}."))
            })?;
        inner
            .media(listener_number, Medium::Video)?
            .attach(Arc::clone(&shared));
        if let Some(number) = audio_listener {
            inner
                .media(number, Medium::Audio)?
                .attach(Arc::clone(&shared));
        }
        if let (Some(admitted), Some((opener, sealer))) = (client.control, control_seals) {
            inner.control(admitted.listener)?.attach(StreamParts {
                session: Arc::clone(&shared),
                admitted,
                opener,
                sealer,
            });
        }
        let mut lanes = lock(&self.lanes);
        // Whoever records nothing never drains, and rings of ended sessions would stay.
        lanes.forget_ended();
        lanes.lanes.push((Arc::clone(&shared), sent_lane));
        lanes.lanes.push((Arc::clone(&shared), dropped_lane));
        drop(lanes);
        inner.sessions.push(Running {
            shared,
            thread: Some(thread),
        });
        Ok((op, number))
    }
}

impl Inner {
    /// Two sessions that wait for the same connect could not be told apart.
    fn refuse_taken(&self, connect_data: Option<u32>) -> Result<(), Refusal> {
        let taken = connect_data.is_some()
            && self.sessions.iter().any(|running| {
                let control = running.shared.request.control.as_ref();
                control
                    .and_then(|control| control.connect_data)
                    .map(|data| data.0)
                    == connect_data
            });
        if taken {
            let text = "Another session waits for the same connect data; draw it at random.";
            return Err(Refusal::new("control_invalid", text));
        }
        Ok(())
    }
}
