//! Losses, and that what the client decodes afterwards is what was sent, bit for bit.

use super::*;

/// A client that holds what arrived, acknowledges long-term references and asks for invalidation; everything it
/// says takes `delay` frames to reach the encoder.
struct Client {
    delay: u32,
    /// What it asked for before the answer came still reaches the encoder.
    stale_requests_arrive: bool,
    state: State,
    accepted: Vec<u32>,
    stream: Vec<u8>,
    acknowledgements: Vec<(u32, u32)>,
    requests: Vec<(u32, FrameRequest)>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Fine,
    WaitingSince(u32),
}

impl Client {
    fn new(delay: u32) -> Self {
        Self {
            delay,
            stale_requests_arrive: false,
            state: State::Fine,
            accepted: Vec::new(),
            stream: Vec::new(),
            acknowledgements: Vec::new(),
            requests: Vec::new(),
        }
    }

    fn receive(&mut self, index: u32, sent: Option<&Sent>) {
        let Some(sent) = sent else {
            if self.state == State::Fine {
                self.state = State::WaitingSince(index);
            }
            return;
        };
        if let State::WaitingSince(first_lost) = self.state {
            if sent.unit.kind == FrameKind::Predicted {
                let request = FrameRequest::ReferencesBefore {
                    first_lost,
                    last_lost: index,
                };
                self.requests.push((index + self.delay, request));
                return;
            }
            self.state = State::Fine;
            if !self.stale_requests_arrive {
                self.requests.clear();
            }
        }
        self.accepted.push(index);
        self.stream.extend_from_slice(&sent.bytes);
        if sent.unit.long_term_reference {
            self.acknowledgements.push((index + self.delay, index));
        }
    }

    /// What reaches the encoder before frame `index`, as the session would hand it on.
    fn speak(&mut self, index: u32, encoder: &mut OpenH264Encoder) -> FrameRequest {
        self.acknowledgements.retain(|&(due, marked)| {
            if due <= index {
                encoder.acknowledge(marked).expect("openh264 takes it");
            }
            due > index
        });
        let mut request = FrameRequest::Predicted;
        self.requests.retain(|&(due, asked)| {
            if due <= index {
                request = request.merged(asked);
            }
            due > index
        });
        request
    }
}

struct Run {
    client: Client,
    sent: Vec<Sent>,
}

fn run(
    config: EncoderConfig,
    frames: u32,
    mut client: Client,
    mut lost: impl FnMut(u32) -> bool,
) -> Run {
    let mut sender = Sender::new(config);
    let mut sent = Vec::new();
    for index in 0..frames {
        let request = client.speak(index, &mut sender.encoder);
        let frame = sender.send(index, request);
        client.receive(index, Some(&frame).filter(|_| !lost(index)));
        sent.push(frame);
    }
    Run { client, sent }
}

/// Everything the client showed, against the same frames of the stream without losses.
fn assert_client_saw_what_was_sent(run: &Run) {
    let whole: Vec<u8> = run
        .sent
        .iter()
        .flat_map(|sent| sent.bytes.clone())
        .collect();
    let Some(want) = picture_sums(&whole) else {
        return;
    };
    assert_eq!(want.len(), run.sent.len(), "every frame is one picture");
    let got = picture_sums(&run.client.stream).expect("ffmpeg ran before");
    assert_eq!(got.len(), run.client.accepted.len());
    for (got, &index) in got.iter().zip(&run.client.accepted) {
        assert_eq!(*got, want[index as usize], "picture {index}");
    }
}

fn keys(run: &Run) -> Vec<usize> {
    let keys = run
        .sent
        .iter()
        .enumerate()
        .filter(|(_, sent)| sent.unit.kind == FrameKind::Key);
    keys.map(|(index, _)| index).collect()
}

#[test]
fn losses_are_recovered_without_a_key_frame_and_bit_for_bit() {
    let lost = [2, 20, 21, 40, 41, 42, 60];
    let run = run(config(640, 360), 90, Client::new(2), |index| {
        lost.contains(&index)
    });
    assert_eq!(keys(&run), [0]);
    let recovered = run
        .sent
        .iter()
        .filter(|sent| sent.unit.kind == FrameKind::AfterInvalidation)
        .count();
    assert!(recovered >= 4, "four losses, {recovered} answers");
    assert_client_saw_what_was_sent(&run);
}

#[test]
fn the_answer_comes_in_the_very_next_frame_and_is_smaller_than_a_key_frame() {
    let mut sender = Sender::new(config(1280, 720));
    for index in 0..40 {
        let sent = sender.send(index, FrameRequest::Predicted);
        if sent.unit.long_term_reference {
            sender
                .encoder
                .acknowledge(index)
                .expect("openh264 takes it");
        }
    }
    let request = FrameRequest::ReferencesBefore {
        first_lost: 38,
        last_lost: 39,
    };
    let answer = sender.send(40, request);
    assert_eq!(answer.unit.kind, FrameKind::AfterInvalidation);
    let key = sender.send(41, FrameRequest::Key);
    assert_eq!(key.unit.kind, FrameKind::Key);
    assert!(
        answer.bytes.len() * 10 <= key.bytes.len() * 9,
        "answer {} bytes, key frame {} bytes",
        answer.bytes.len(),
        key.bytes.len()
    );
}

#[test]
fn losses_in_every_rhythm_never_show_a_wrong_picture() {
    for (seed, delay, stale_requests_arrive) in [
        (1_u32, 1, false),
        (2, 3, false),
        (3, 6, true),
        (4, 12, false),
        (5, 2, true),
    ] {
        let mut random = seed.wrapping_mul(0x9E37_79B9);
        let client = Client {
            stale_requests_arrive,
            ..Client::new(delay)
        };
        let run = run(config(96, 64), 1500, client, |index| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            index > 0 && random.is_multiple_of(23)
        });
        let keys = keys(&run).len();
        println!("seed {seed}, delay {delay}: {keys} key frames");
        assert!(stale_requests_arrive || keys == 1, "{keys} key frames");
        assert_client_saw_what_was_sent(&run);
    }
}

#[test]
fn recovery_survives_the_wrap_of_the_encoders_frame_number() {
    // frame_num has 15 bits: 9 minutes at 60 frames a second.
    let run = run(config(64, 64), 33_100, Client::new(3), |index| {
        index > 0 && (index % 4001 == 0 || (32_700..32_900).contains(&index) && index % 17 == 0)
    });
    assert_eq!(keys(&run), [0]);
    assert_client_saw_what_was_sent(&run);
}

#[test]
fn without_a_surviving_reference_the_answer_is_a_key_frame() {
    let mut sender = Sender::new(config(320, 180));
    for index in 0..30 {
        sender.send(index, FrameRequest::Predicted);
    }
    // The key frame itself is lost: nothing older can exist.
    let request = FrameRequest::ReferencesBefore {
        first_lost: 0,
        last_lost: 3,
    };
    assert_eq!(sender.send(30, request).unit.kind, FrameKind::Key);
    // Its own index again, right after.
    let request = FrameRequest::ReferencesBefore {
        first_lost: 30,
        last_lost: 30,
    };
    assert_eq!(sender.send(31, request).unit.kind, FrameKind::Key);
}

#[test]
fn an_acknowledged_reference_that_is_itself_reported_lost_is_not_used() {
    let mut sender = Sender::new(config(320, 180));
    let mut marked = Vec::new();
    for index in 0..60 {
        if sender
            .send(index, FrameRequest::Predicted)
            .unit
            .long_term_reference
        {
            sender
                .encoder
                .acknowledge(index)
                .expect("openh264 takes it");
            marked.push(index);
        }
    }
    assert!(marked.len() >= 4, "marks at {marked:?}");
    let newest = *marked.last().expect("at least four");
    let request = FrameRequest::ReferencesBefore {
        first_lost: newest,
        last_lost: 59,
    };
    assert_eq!(
        sender.send(60, request).unit.kind,
        FrameKind::Key,
        "older ones are gone by now"
    );
}

#[test]
fn a_client_with_a_single_reference_gets_key_frames() {
    let single = EncoderConfig {
        max_reference_frames: 1,
        ..config(320, 180)
    };
    let mut sender = Sender::new(single);
    assert!(!sender.encoder.info().can_invalidate);
    for index in 0..20 {
        let sent = sender.send(index, FrameRequest::Predicted);
        assert!(!sent.unit.long_term_reference);
    }
    let request = FrameRequest::ReferencesBefore {
        first_lost: 15,
        last_lost: 16,
    };
    assert_eq!(sender.send(20, request).unit.kind, FrameKind::Key);
    assert_eq!(
        sender.send(21, FrameRequest::Predicted).unit.kind,
        FrameKind::Predicted
    );
}

#[test]
fn acknowledgements_of_anything_else_are_ignored() {
    let mut sender = Sender::new(config(320, 180));
    for index in 0..30 {
        sender.encoder.acknowledge(index + 1000).expect("ignored");
        sender
            .encoder
            .acknowledge(index.wrapping_sub(3))
            .expect("ignored or taken");
        let sent = sender.send(index, FrameRequest::Predicted);
        assert_eq!(sent.unit.kind == FrameKind::Key, index == 0);
    }
}
