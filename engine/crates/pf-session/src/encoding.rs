//! The encoder of a session, and what is done when it fails: another one like it takes its place, and the frame is
//! encoded by that. It is trusted again after a while; an encoder that fails sooner ends the session.
//!
//! Knows neither frames nor sessions, and has no clock: whoever calls says what time it is.

use pf_codec::{AccessUnit, CodecError, FrameRequest, I420Image, VideoEncoder};

/// An encoder that fails again within this time is broken for good, ns.
pub const TRUST_NS: u64 = 10_000_000_000;

/// An encoder took the place of one that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopened {
    /// The words of the one that failed.
    pub why: String,
}

/// Opens an encoder like the first.
pub type Open<E> = Box<dyn FnMut() -> Result<E, CodecError> + Send>;

/// A session's encoder.
pub struct Encoding<E> {
    encoder: E,
    open: Open<E>,
    kbps: u32,
    submitted: Option<(u32, FrameRequest)>,
    failed_ns: Option<u64>,
    fails_next: bool,
    reopened: Option<Reopened>,
}

impl<E: VideoEncoder> Encoding<E> {
    /// An encoder that aims at `kbps`, and how to open another like it.
    pub fn new(encoder: E, kbps: u32, open: Open<E>) -> Self {
        Self {
            encoder,
            open,
            kbps,
            submitted: None,
            failed_ns: None,
            fails_next: false,
            reopened: None,
        }
    }

    /// The picture that is encoded next; it outlives the encoder, so that a repeat shows it.
    pub fn input(&mut self) -> &mut I420Image {
        self.encoder.input()
    }

    /// Target in force, kb/s.
    pub fn target_kbps(&self) -> u32 {
        self.kbps
    }

    /// Aims at another bitrate from the next frame on.
    ///
    /// Errors: why it and the encoder after it failed.
    pub fn set_bitrate(&mut self, kbps: u32, now_ns: u64) -> Result<(), String> {
        self.kbps = kbps;
        match self.encoder.set_bitrate(kbps) {
            Ok(()) => Ok(()),
            // The one that is opened instead aims there from the start.
            Err(error) => self.reopen(error.to_string(), now_ns),
        }
    }

    /// The client holds the long-term reference of a frame.
    ///
    /// Errors: why it and the encoder after it failed.
    pub fn acknowledge(&mut self, frame_index: u32, now_ns: u64) -> Result<(), String> {
        match self.encoder.acknowledge(frame_index) {
            Ok(()) => Ok(()),
            // The one that is opened instead has no references that a client could hold.
            Err(error) => self.reopen(error.to_string(), now_ns),
        }
    }

    /// Hands the picture over.
    ///
    /// Errors: why it and the encoder after it failed.
    pub fn submit(
        &mut self,
        frame_index: u32,
        request: FrameRequest,
        now_ns: u64,
    ) -> Result<(), String> {
        self.submitted = Some((frame_index, request));
        match self.encoder.submit(frame_index, request) {
            Ok(()) => Ok(()),
            Err(error) => self.reopen(error.to_string(), now_ns),
        }
    }

    /// Waits for the submitted frame. `None`: the encoder skipped it.
    ///
    /// Errors: why it and the encoder after it failed.
    pub fn finish(&mut self, out: &mut Vec<u8>, now_ns: u64) -> Result<Option<AccessUnit>, String> {
        let made = if std::mem::take(&mut self.fails_next) {
            Err("the script ordered the encoder to fail".to_owned())
        } else {
            self.encoder.finish(out).map_err(|e| e.to_string())
        };
        let unit = match made {
            Ok(unit) => unit,
            Err(why) => {
                self.reopen(why, now_ns)?;
                self.encoder.finish(out).map_err(|e| e.to_string())?
            }
        };
        self.submitted = None;
        Ok(unit)
    }

    /// Makes the frame under way fail, as if the encoder had said so.
    pub fn fail_next(&mut self) {
        self.fails_next = true;
    }

    /// What has happened since it was asked last.
    pub fn take_reopened(&mut self) -> Option<Reopened> {
        self.reopened.take()
    }

    fn reopen(&mut self, why: String, now_ns: u64) -> Result<(), String> {
        let before = self.failed_ns.replace(now_ns);
        if before.is_some_and(|before| now_ns.saturating_sub(before) < TRUST_NS) {
            return Err(why);
        }
        let again = |error: CodecError| format!("{why}; opening it again: {error}");
        let mut fresh = (self.open)().map_err(again)?;
        if fresh.info().bitrate_kbps != self.kbps {
            fresh.set_bitrate(self.kbps).map_err(again)?;
        }
        std::mem::swap(fresh.input(), self.encoder.input());
        if let Some((frame_index, request)) = self.submitted {
            fresh.submit(frame_index, request).map_err(again)?;
        }
        self.encoder = fresh;
        self.reopened = Some(Reopened { why });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use pf_codec::{Codec, EncoderInfo, FrameKind, PictureSize};

    use super::*;

    /// What the encoders of a test were asked, in order: number of the encoder and call.
    type Calls = Arc<Mutex<Vec<(u32, String)>>>;

    /// Fails where it is told to.
    struct Fake {
        number: u32,
        fails_at: &'static str,
        input: I420Image,
        bitrate_kbps: u32,
        is_fresh: bool,
        calls: Calls,
    }

    impl Fake {
        fn call(&mut self, name: &'static str, what: String) -> Result<(), CodecError> {
            let call = format!("{name} {what}");
            self.calls.lock().expect("whole").push((self.number, call));
            if name != self.fails_at {
                return Ok(());
            }
            Err(CodecError::Encoder {
                encoder: "fake",
                call: name,
                code: -7,
            })
        }
    }

    impl VideoEncoder for Fake {
        fn info(&self) -> EncoderInfo {
            EncoderInfo {
                name: "fake",
                codec: Codec::H264,
                hardware: false,
                can_invalidate: true,
                threads: 1,
                bitrate_kbps: self.bitrate_kbps,
            }
        }

        fn detail(&self) -> String {
            "a fake".into()
        }

        fn input(&mut self) -> &mut I420Image {
            &mut self.input
        }

        fn submit(&mut self, frame_index: u32, request: FrameRequest) -> Result<(), CodecError> {
            self.call("submit", format!("{frame_index} {request:?}"))
        }

        fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<AccessUnit>, CodecError> {
            self.call("finish", String::new())?;
            out.clear();
            out.push(self.number as u8);
            let kind = match std::mem::take(&mut self.is_fresh) {
                true => FrameKind::Key,
                false => FrameKind::Predicted,
            };
            Ok(Some(AccessUnit {
                kind,
                long_term_reference: false,
                qp: None,
                bytes: 1,
            }))
        }

        fn set_bitrate(&mut self, kbps: u32) -> Result<(), CodecError> {
            self.bitrate_kbps = kbps;
            self.call("set_bitrate", kbps.to_string())
        }

        fn acknowledge(&mut self, frame_index: u32) -> Result<(), CodecError> {
            self.call("acknowledge", frame_index.to_string())
        }
    }

    /// An encoding whose encoders fail at `fails`, one after the other; those beyond do not fail.
    fn encoding(fails: &'static [&'static str]) -> (Encoding<Fake>, Calls) {
        let calls = Calls::default();
        let opened = AtomicU32::new(0);
        let log = Arc::clone(&calls);
        let open = move || {
            let number = opened.fetch_add(1, Ordering::Relaxed);
            let fails_at = fails.get(number as usize).copied().unwrap_or("");
            if fails_at == "open" {
                return Err(CodecError::Bitstream("no parameter sets".into()));
            }
            Ok(Fake {
                number,
                fails_at,
                input: I420Image::new(PictureSize::new(64, 64))?,
                bitrate_kbps: 5000,
                is_fresh: true,
                calls: Arc::clone(&log),
            })
        };
        let first = open().expect("the first opens");
        (Encoding::new(first, 5000, Box::new(open)), calls)
    }

    fn frame(encoding: &mut Encoding<Fake>, index: u32, now_ns: u64) -> Result<AccessUnit, String> {
        encoding.submit(index, FrameRequest::Predicted, now_ns)?;
        let unit = encoding.finish(&mut Vec::new(), now_ns)?;
        Ok(unit.expect("a fake skips nothing"))
    }

    #[test]
    fn a_frame_that_fails_is_encoded_by_another_encoder_as_a_key_frame() {
        let (mut encoding, calls) = encoding(&["finish"]);
        encoding.input().planes_mut().y[0] = 77;
        let lost = FrameRequest::ReferencesBefore {
            first_lost: 5,
            last_lost: 6,
        };
        encoding.submit(8, lost, 0).expect("accepted");
        let mut out = Vec::new();
        let unit = encoding.finish(&mut out, 0).expect("by the second");
        assert_eq!(unit.map(|unit| unit.kind), Some(FrameKind::Key));
        assert_eq!(out, [1], "the second encoder's bytes");
        assert_eq!(encoding.input().planes().y[0], 77, "the picture is kept");
        let why = "fake: finish failed with code -7".to_owned();
        assert_eq!(encoding.take_reopened(), Some(Reopened { why }));
        assert_eq!(encoding.take_reopened(), None, "told once");
        let asked = format!("submit 8 {lost:?}");
        let both = [0, 1].map(|number| (number, asked.clone()));
        let calls = calls.lock().expect("whole");
        assert_eq!([&calls[0], &calls[2]], [&both[0], &both[1]]);
    }

    #[test]
    fn every_call_that_fails_is_answered_so() {
        for fails in [&["submit"], &["set_bitrate"], &["acknowledge"]] {
            let (mut encoding, _) = encoding(fails);
            encoding.set_bitrate(7000, 0).expect("survived");
            encoding.acknowledge(3, 0).expect("survived");
            assert_eq!(
                frame(&mut encoding, 4, 0).map(|unit| unit.kind),
                Ok(FrameKind::Key)
            );
            assert_eq!(encoding.encoder.number, 1);
            assert_eq!(encoding.encoder.bitrate_kbps, 7000, "{fails:?}");
            assert!(encoding.take_reopened().is_some());
        }
    }

    #[test]
    fn an_encoder_that_fails_again_soon_is_given_up_and_one_that_held_is_not() {
        let (mut encoding, _) = encoding(&["finish", "finish", ""]);
        let failed = Err("fake: finish failed with code -7".to_owned());
        assert_eq!(
            frame(&mut encoding, 1, 0),
            failed,
            "the second fails at once"
        );

        let (mut encoding, _) = self::encoding(&["", "", ""]);
        for (now_ns, survives) in [(0, true), (TRUST_NS, true), (2 * TRUST_NS - 1, false)] {
            encoding.fail_next();
            assert_eq!(
                frame(&mut encoding, 2, now_ns).is_ok(),
                survives,
                "{now_ns}"
            );
        }
    }

    #[test]
    fn one_that_cannot_be_opened_again_says_both_reasons() {
        let (mut encoding, _) = encoding(&["submit", "open"]);
        let error = encoding.submit(1, FrameRequest::Predicted, 0);
        let text = "fake: submit failed with code -7; opening it again: \
                    the encoder's stream is not usable: no parameter sets";
        assert_eq!(error, Err(text.to_owned()));
        assert_eq!(encoding.take_reopened(), None);
    }
}
