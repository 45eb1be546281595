//! A client that behaves like gamestream-media.md 6.5 against a host that loses, drops and delays: once the losses
//! end, the picture is whole again, and no frame is shown that was predicted from a lost one.

use std::collections::VecDeque;

use proptest::prelude::*;

use pf_proto::gamestream::recovery::{AnswerKind, RecoveryAction, RecoverySlot};

/// A frame on the wire: its number, what it is, and what it was predicted from.
#[derive(Clone, Copy, Debug)]
struct Frame {
    number: u32,
    kind: AnswerKind,
    reference: Option<u32>,
}

/// An encoder that keeps its last few pictures.
#[derive(Default)]
struct Encoder {
    kept: VecDeque<u32>,
}

impl Encoder {
    fn encode(&mut self, number: u32, action: RecoveryAction) -> Frame {
        let reference = match action {
            RecoveryAction::KeyFrame => None,
            RecoveryAction::None => self.kept.back().copied(),
            RecoveryAction::Invalidate { first, .. } => {
                self.kept.retain(|&kept| kept < first);
                self.kept.back().copied()
            }
        };
        let kind = match (reference, action) {
            (None, _) => AnswerKind::KeyFrame,
            (Some(_), RecoveryAction::Invalidate { .. }) => AnswerKind::AfterInvalidation,
            (Some(_), _) => AnswerKind::Predicted,
        };
        if kind == AnswerKind::KeyFrame {
            self.kept.clear();
        }
        self.kept.push_back(number);
        if self.kept.len() > 6 {
            self.kept.pop_front();
        }
        Frame {
            number,
            kind,
            reference,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Request {
    Idr,
    Invalidate(u32, u32),
}

/// The client's depacketizer and decoder.
struct Client {
    can_invalidate: bool,
    next: u32,
    /// First frame of the loss that it waits to be repaired.
    waits_since: Option<u32>,
    asked_idr: bool,
    had_key: bool,
    whole: Vec<bool>,
    shown_broken: usize,
}

impl Client {
    fn new(can_invalidate: bool) -> Self {
        let whole = vec![false; 1];
        Self {
            can_invalidate,
            next: 1,
            waits_since: None,
            asked_idr: false,
            had_key: false,
            whole,
            shown_broken: 0,
        }
    }

    /// Takes a complete frame and answers what the client asks for on its account.
    fn receive(&mut self, frame: Frame) -> Vec<Request> {
        let mut requests = Vec::new();
        self.whole.resize(frame.number as usize + 1, false);
        if frame.number > self.next {
            let first = *self.waits_since.get_or_insert(self.next);
            if self.uses_ranges() {
                // Sent before the client knows what the new frame is.
                requests.push(Request::Invalidate(first, frame.number - 1));
            }
            self.asked_idr = false;
        }
        self.next = frame.number + 1;

        let repairs = match frame.kind {
            AnswerKind::KeyFrame => true,
            AnswerKind::AfterInvalidation => self.uses_ranges(),
            AnswerKind::Predicted => false,
        };
        if !repairs && (self.waits_since.is_some() || !self.had_key) {
            requests.extend(self.ask(frame.number));
            return requests;
        }
        self.had_key = true;
        self.waits_since = None;
        let is_whole = frame
            .reference
            .is_none_or(|reference| self.whole[reference as usize]);
        self.whole[frame.number as usize] = is_whole;
        self.shown_broken += usize::from(!is_whole);
        requests
    }

    fn uses_ranges(&self) -> bool {
        self.can_invalidate && self.had_key
    }

    /// Ranges grow with every frame thrown away; an IDR is asked for once after a gap.
    fn ask(&mut self, newest: u32) -> Option<Request> {
        if self.uses_ranges() {
            return self
                .waits_since
                .map(|first| Request::Invalidate(first, newest));
        }
        (!std::mem::replace(&mut self.asked_idr, true)).then_some(Request::Idr)
    }
}

/// What happens to one frame.
#[derive(Clone, Debug)]
struct Fate {
    lost: bool,
    dropped_by_host: bool,
    skipped_by_encoder: bool,
    /// Frames until a request made at this frame is heard.
    request_delay: usize,
    /// Frames until this frame is sent.
    send_delay: usize,
}

/// How the host asks the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polling {
    /// A frame a second: every key frame comes at once.
    AtLeisure,
    /// 60 frames a second and a gap of 67 ms between key frames.
    At60Hz,
}

fn run(can_invalidate: bool, polling: Polling, fates: &[Fate]) -> Client {
    let mut slot = RecoverySlot::default();
    slot.set_frame_time(FRAME_NS);
    let mut encoder = Encoder::default();
    let mut client = Client::new(can_invalidate);
    let mut queue: VecDeque<(usize, Frame, bool)> = VecDeque::new();
    let mut requests: Vec<(usize, Request)> = Vec::new();
    let mut number = 1;
    let calm = Fate {
        lost: false,
        dropped_by_host: false,
        skipped_by_encoder: false,
        request_delay: 1,
        send_delay: 0,
    };
    for turn in 0..fates.len() + 32 {
        let fate = fates.get(turn).unwrap_or(&calm);
        requests.retain(|&(due, request)| {
            if due <= turn {
                match request {
                    Request::Idr => slot.request_idr(),
                    Request::Invalidate(first, last) => slot.invalidate(first, last),
                };
            }
            due > turn
        });
        let action = match polling {
            Polling::AtLeisure => slot.poll_at(number, turn as u64 * 1_000_000_000),
            Polling::At60Hz => slot.poll_at(number, turn as u64 * FRAME_NS),
        };
        if !fate.skipped_by_encoder {
            let frame = encoder.encode(number, action);
            slot.frame_encoded(number, frame.kind);
            if fate.dropped_by_host {
                slot.invalidate(number, number);
            } else {
                queue.push_back((turn + fate.send_delay, frame, fate.lost));
            }
            number += 1;
        }
        while queue
            .front()
            .is_some_and(|&(due, ..)| due <= turn || queue.len() > 3)
        {
            let (_, frame, lost) = queue.pop_front().expect("looked at above");
            slot.frame_sent(frame.number);
            if !lost {
                let heard = turn + fate.request_delay;
                requests.extend(
                    client
                        .receive(frame)
                        .into_iter()
                        .map(|request| (heard, request)),
                );
            }
        }
    }
    assert!(queue.is_empty());
    client
}

fn fates(host_drops: bool) -> impl Strategy<Value = Vec<Fate>> {
    let fate = (0_u8..100, 0_u8..100, 0_u8..100, 1_usize..6, 0_usize..3).prop_map(
        move |(lost, dropped, skipped, request_delay, send_delay)| Fate {
            lost: lost < 15,
            dropped_by_host: host_drops && dropped < 10,
            skipped_by_encoder: skipped < 5,
            request_delay,
            send_delay,
        },
    );
    prop::collection::vec(fate, 1..150)
}

fn polling() -> impl Strategy<Value = Polling> {
    prop_oneof![Just(Polling::AtLeisure), Just(Polling::At60Hz)]
}

const FRAME_NS: u64 = 16_666_667;

fn is_whole_again(client: &Client) -> bool {
    client.waits_since.is_none() && client.whole.last() == Some(&true)
}

proptest! {
    #[test]
    fn fuzz_a_client_that_invalidates_never_shows_a_frame_predicted_from_a_lost_one(
        fates in fates(false),
        polling in polling(),
    ) {
        let client = run(true, polling, &fates);
        prop_assert_eq!(client.shown_broken, 0);
        prop_assert!(is_whole_again(&client));
    }

    #[test]
    fn fuzz_a_client_that_invalidates_recovers_when_the_host_drops_frames_too(
        fates in fates(true),
        polling in polling(),
    ) {
        prop_assert!(is_whole_again(&run(true, polling, &fates)));
    }

    #[test]
    fn fuzz_a_client_that_waits_for_key_frames_recovers_and_shows_nothing_broken(
        fates in fates(true),
        polling in polling(),
    ) {
        let client = run(false, polling, &fates);
        prop_assert_eq!(client.shown_broken, 0);
        prop_assert!(is_whole_again(&client));
    }
}
