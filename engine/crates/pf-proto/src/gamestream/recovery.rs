//! What the client asked for after a loss, and whether a frame has answered it.
//!
//! Requests are coalesced and deferred to the next frame, never dropped: the client does not repeat an IDR
//! request until 120 more frames are lost. One slot a session, plain data: whoever hears a request writes
//! it, the video thread polls once a frame. Source: gamestream-media.md 6.5, rules 1 to 4 and 6, and
//! gamestream-control-stream.md 7.
//!
//! Between two key frames that are sent lies a gap: a request may have crossed the key frame on the wire,
//! or say that it was lost, and nothing tells which. It waits for the gap's end and is honoured then.
//!
//! Rules for ranges (frame numbers are bare `u32` here: they come from messages and go to encoders):
//! * newer than anything polled: ignored, nothing of it can be lost; a newer end means the newest frame;
//! * first after last: something is lost and nobody can say what, so a key frame;
//! * from a frame 512 or more before the newest: a key frame, no encoder's references reach so far;
//! * wholly before the last key frame, or inside what the last frame after an invalidation left out:
//!   answered already, ignored;
//! * with the last key frame in it: a key frame, for no reference before it exists any more;
//! * with the last frame after an invalidation in it: widened to what that frame left out.

use crate::units::FrameIndex;

/// What the next frame must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryAction {
    /// Anything.
    None,
    /// A key frame.
    KeyFrame,
    /// Predicted only from pictures before `first`, or a key frame where the encoder cannot. `last` is the
    /// newest frame encoded: what followed the lost frames was predicted from them.
    Invalidate {
        /// Oldest lost frame.
        first: u32,
        /// The frame before the one that is polled for.
        last: u32,
    },
}

/// What the encoder made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// A key frame, asked for or not.
    KeyFrame,
    /// A frame without a reference to the invalidated pictures.
    AfterInvalidation,
    /// An ordinary frame.
    Predicted,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEffect {
    /// The next frame answers it.
    Queued,
    /// A request that waits, or a key frame that is not sent yet, covers it.
    Coalesced,
    /// A frame that was made meanwhile answers it.
    Answered,
    /// It names frames that were never made.
    Ignored,
}

/// The pending recovery of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecoverySlot {
    /// Newest frame polled for; none before the first.
    newest: Option<FrameIndex>,
    /// When it was polled for.
    polled_ns: u64,
    pending: Pending,
    /// Taken by the last poll, and not answered by an encoded frame yet.
    promised: Pending,
    key: Option<KeyAnswer>,
    invalidation: Option<InvalidationAnswer>,
    acknowledged: [Option<u32>; ACKNOWLEDGEMENTS],
    /// Ranges are answered by key frames.
    keys_only: bool,
    pace: KeyPace,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pending {
    key: bool,
    lost: Option<Lost>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lost {
    first: FrameIndex,
    last: FrameIndex,
}

#[derive(Clone, Copy, Debug)]
struct KeyAnswer {
    frame: FrameIndex,
    polled_ns: u64,
    sent: bool,
}

/// `frame` refers to nothing from `first` to the frame before it.
#[derive(Clone, Copy, Debug)]
struct InvalidationAnswer {
    frame: FrameIndex,
    first: FrameIndex,
}

impl RecoverySlot {
    /// The client, or its decoder, wants a key frame.
    pub fn request_idr(&mut self) -> RequestEffect {
        self.pace.requests = self.pace.requests.saturating_add(1);
        if self.newest.is_none() || self.pending.key || self.promised.key || self.key_is_unsent() {
            // The session's first frame is a key frame anyway.
            return RequestEffect::Coalesced;
        }
        self.pending.key = true;
        RequestEffect::Queued
    }

    /// The client lost `first..=last`; also for a frame that the host itself dropped behind the encoder.
    pub fn invalidate(&mut self, first: u32, last: u32) -> RequestEffect {
        let (first, last) = (FrameIndex(first), FrameIndex(last));
        let Some(newest) = self.newest else {
            return RequestEffect::Ignored;
        };
        if last.is_before(first) {
            return self.request_idr();
        }
        if newest.is_before(first) {
            return RequestEffect::Ignored;
        }
        let mut lost = Lost { first, last };
        if self.is_answered(lost) {
            return RequestEffect::Answered;
        }
        if self.promised.key {
            return RequestEffect::Coalesced;
        }
        if newest.0.wrapping_sub(first.0) >= OLDEST_RANGE_FRAMES {
            return self.request_idr();
        }
        if self.pending.key {
            // The key frame answers it too; while that waits for its gap, an invalidation may.
            lost.last = last.older(newest);
        }
        if self.key.is_some_and(|key| !key.frame.is_before(lost.first)) {
            return match std::mem::replace(&mut self.pending.key, true) {
                true => RequestEffect::Coalesced,
                false => RequestEffect::Queued,
            };
        }
        if let Some(answer) = self.invalidation
            && lost.contains(answer.frame)
        {
            lost.first = lost.first.older(answer.first);
        }
        for slot in &mut self.acknowledged {
            // What the client had complete after a lost frame, it has thrown away.
            slot.take_if(|frame| !FrameIndex(*frame).is_before(lost.first));
        }
        let waiting = self.pending.lost.replace(lost.merged(self.pending.lost));
        if waiting.is_some() || self.pending.key {
            RequestEffect::Coalesced
        } else {
            RequestEffect::Queued
        }
    }

    /// The client has the long-term reference `frame` complete. Kept for [`Self::take_acknowledged`] unless
    /// the frame is of no use: never made, before the last key frame, or among lost ones.
    pub fn ack_ltr(&mut self, frame: u32) {
        let index = FrameIndex(frame);
        let Some(newest) = self.newest else { return };
        let stale = self.key.is_some_and(|key| index.is_before(key.frame));
        let left_out = self
            .invalidation
            .is_some_and(|answer| index.is_before(answer.frame) && !index.is_before(answer.first));
        let lost = [self.pending.lost, self.promised.lost]
            .into_iter()
            .flatten()
            .any(|lost| !index.is_before(lost.first));
        if newest.is_before(index)
            || stale
            || left_out
            || lost
            || self.acknowledged.contains(&Some(frame))
        {
            return;
        }
        self.acknowledged.rotate_right(1);
        self.acknowledged[0] = Some(frame);
    }

    /// The acknowledgements since the last call, newest first, at most four: an encoder keeps fewer.
    pub fn take_acknowledged(&mut self) -> [Option<u32>; ACKNOWLEDGEMENTS] {
        std::mem::take(&mut self.acknowledged)
    }

    /// Ranges are answered by key frames from now on: the encoder, as it was opened, cannot invalidate.
    pub const fn answer_with_keys_only(&mut self) {
        self.keys_only = true;
    }

    /// The connection's round trip, as last measured.
    pub const fn set_round_trip(&mut self, round_trip_ns: u64) {
        self.pace.round_trip_ns = round_trip_ns;
    }

    /// The time between two frames.
    pub const fn set_frame_time(&mut self, frame_time_ns: u64) {
        self.pace.frame_time_ns = frame_time_ns;
    }

    /// True while the client asks for more than 50 key frames a second, for 5 s and longer.
    pub const fn is_flooded(&self) -> bool {
        self.pace.is_flooded()
    }

    /// What frame `next` must be, now. What the last poll answered and no [`Self::frame_encoded`] confirmed
    /// (the encoder made no frame of it) is answered again. A key frame is answered no sooner after the last
    /// one that was sent than `round trip + 4 frames`, at least 50 ms and at most 250 ms (1 s in a flood of
    /// requests); a range that comes meanwhile is invalidated, where one can be.
    pub fn poll_at(&mut self, next: u32, now_ns: u64) -> RecoveryAction {
        self.pace.count_requests(now_ns);
        let may_key = !self.pace.is_in_gap(now_ns);
        self.reclaim();
        let is_first = self.newest.is_none();
        let next = FrameIndex(next);
        self.newest = Some(next);
        self.polled_ns = now_ns;
        let wants_key = self.pending.key || (self.keys_only && self.pending.lost.is_some());
        if is_first || (wants_key && may_key) {
            self.promised = std::mem::take(&mut self.pending);
            self.promised.key = true;
            return RecoveryAction::KeyFrame;
        }
        if self.keys_only {
            return RecoveryAction::None;
        }
        self.promised.lost = self.pending.lost.take();
        match self.promised.lost {
            None => RecoveryAction::None,
            Some(lost) => RecoveryAction::Invalidate {
                first: lost.first.0,
                last: next.previous().0,
            },
        }
    }

    /// The encoder made the frame that was polled for. An answer that is no answer (an ordinary frame where
    /// more was asked) leaves the request pending.
    pub fn frame_encoded(&mut self, frame: u32, kind: AnswerKind) {
        let frame = FrameIndex(frame);
        match (kind, self.promised) {
            (AnswerKind::KeyFrame, _) => {
                self.key = Some(KeyAnswer {
                    frame,
                    polled_ns: self.polled_ns,
                    sent: false,
                });
                self.invalidation = None;
                // Made after every request up to now, and not sent yet.
                self.pending.key = false;
                self.acknowledged = [None; ACKNOWLEDGEMENTS];
                self.promised = Pending::default();
            }
            (
                AnswerKind::AfterInvalidation,
                Pending {
                    key: false,
                    lost: Some(lost),
                },
            ) => {
                self.invalidation = Some(InvalidationAnswer {
                    frame,
                    first: lost.first,
                });
                self.promised = Pending::default();
            }
            (AnswerKind::AfterInvalidation | AnswerKind::Predicted, _) => self.reclaim(),
        }
        self.pending.lost = self.pending.lost.filter(|lost| !self.is_answered(*lost));
    }

    /// The frame's last datagram is in the kernel. Until then a key frame answers IDR requests that arrive.
    pub fn frame_sent(&mut self, frame: u32) {
        if let Some(key) = &mut self.key
            && key.frame == FrameIndex(frame)
        {
            key.sent = true;
            self.pace.last_key_ns = Some(key.polled_ns);
        }
    }

    /// Puts back what was promised and not delivered.
    fn reclaim(&mut self) {
        let promised = std::mem::take(&mut self.promised);
        self.pending.key |= promised.key;
        if let Some(lost) = promised.lost {
            self.pending.lost = Some(lost.merged(self.pending.lost));
        }
    }

    fn is_answered(&self, lost: Lost) -> bool {
        let by_key = self.key.is_some_and(|key| lost.last.is_before(key.frame));
        let by_invalidation = self.invalidation.is_some_and(|answer| {
            lost.last.is_before(answer.frame) && !lost.first.is_before(answer.first)
        });
        by_key || by_invalidation
    }

    fn key_is_unsent(&self) -> bool {
        let (Some(key), Some(newest)) = (self.key, self.newest) else {
            return false;
        };
        !key.sent && newest.0.wrapping_sub(key.frame.0) <= UNSENT_FRAMES
    }
}

impl Lost {
    fn contains(self, frame: FrameIndex) -> bool {
        !frame.is_before(self.first) && !self.last.is_before(frame)
    }

    fn merged(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            first: self.first.older(other.first),
            last: self.last.newer(other.last),
        })
    }
}

/// How often key frames may come, and whether the client asks for too many.
#[derive(Clone, Copy, Debug, Default)]
struct KeyPace {
    round_trip_ns: u64,
    frame_time_ns: u64,
    /// When the last key frame that was sent was polled for.
    last_key_ns: Option<u64>,
    /// IDR requests since `counting_since_ns`.
    requests: u32,
    counting_since_ns: u64,
    /// Seconds in a row with too many of them.
    flooded_s: u32,
}

impl KeyPace {
    fn is_in_gap(&self, now_ns: u64) -> bool {
        let gap_ns = if self.is_flooded() {
            FLOOD_GAP_NS
        } else {
            let four_frames_ns = self.frame_time_ns.saturating_mul(4);
            self.round_trip_ns
                .saturating_add(four_frames_ns)
                .clamp(SHORTEST_GAP_NS, LONGEST_GAP_NS)
        };
        self.last_key_ns
            .is_some_and(|last_ns| now_ns.saturating_sub(last_ns) < gap_ns)
    }

    const fn is_flooded(&self) -> bool {
        self.flooded_s >= FLOOD_S
    }

    fn count_requests(&mut self, now_ns: u64) {
        let elapsed_ns = now_ns.saturating_sub(self.counting_since_ns);
        if elapsed_ns < SECOND_NS {
            return;
        }
        let allowed = u64::from(FLOOD_REQUESTS_PER_S).saturating_mul(elapsed_ns / SECOND_NS);
        let is_much = u64::from(self.requests) > allowed;
        self.flooded_s = if is_much {
            self.flooded_s.saturating_add(1)
        } else {
            0
        };
        self.requests = 0;
        self.counting_since_ns = now_ns;
    }
}

/// Key frames come 20 times a second at worst, and on a long way no faster than an answer to one can be
/// seen: one round trip and the frames that are on their way.
const SHORTEST_GAP_NS: u64 = 50_000_000;
const LONGEST_GAP_NS: u64 = 250_000_000;
const FLOOD_GAP_NS: u64 = SECOND_NS;
const FLOOD_REQUESTS_PER_S: u32 = 50;
const FLOOD_S: u32 = 5;
const SECOND_NS: u64 = 1_000_000_000;

/// A range that begins so far back names pictures that no encoder keeps, nor a client waits for.
const OLDEST_RANGE_FRAMES: u32 = 512;

/// Acknowledgements kept between two frames.
const ACKNOWLEDGEMENTS: usize = 4;

/// A key frame so far behind the newest frame is taken as sent, whatever [`RecoverySlot::frame_sent`] was
/// told: two frames wait for the sender at most, and a request that is lost for ever is worse than a key
/// frame too many.
const UNSENT_FRAMES: u32 = 8;
