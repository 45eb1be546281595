//! What a stock client decodes and asks for after a loss (§6.5).
//!
//! Three states; pure. Which frames reach the decoder, and which requests go out, follow from the order of
//! events alone: there is no timer in it.

use crate::access_unit::{AccessUnit, FrameKind};
use crate::report::Findings;

/// How a client asks the sender for help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    KeyFrame,
    /// These frames cannot be referred to.
    Invalidate {
        first: u32,
        last: u32,
    },
    /// This long-term reference has come.
    Acknowledge {
        frame: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Decoding,
    AwaitingKeyFrame,
    /// Since the loss of this frame.
    AwaitingInvalidation {
        first: u32,
    },
}

/// The client's view of its decoder.
#[derive(Debug)]
pub(crate) struct LossTracker {
    can_invalidate: bool,
    state: State,
    predicted: Option<u32>,
    /// A gap was seen; the next whole frame makes the request.
    gap: bool,
    dropped_in_a_row: u32,
}

impl LossTracker {
    pub(crate) fn new(can_invalidate: bool) -> Self {
        Self {
            can_invalidate,
            state: State::AwaitingKeyFrame,
            predicted: None,
            gap: false,
            dropped_in_a_row: 0,
        }
    }

    pub(crate) fn handle_predicted_loss(&mut self, frame: u32) -> Option<Request> {
        self.predicted = Some(frame);
        match self.await_recovery(frame) {
            State::AwaitingInvalidation { first } => {
                Some(Request::Invalidate { first, last: frame })
            }
            _ => None,
        }
    }

    pub(crate) fn handle_loss(&mut self, first: u32, last: u32) -> Option<Request> {
        self.gap = true;
        let was_asked = self.predicted == Some(last);
        match self.await_recovery(first) {
            State::AwaitingInvalidation { first } if !was_asked => {
                Some(Request::Invalidate { first, last })
            }
            _ => None,
        }
    }

    /// Answers whether the decoder gets the frame; requests are appended to `requests`.
    pub(crate) fn handle_frame(
        &mut self,
        unit: &AccessUnit,
        findings: &mut Findings,
        requests: &mut Vec<Request>,
    ) -> bool {
        if unit.long_term_reference && self.can_invalidate {
            requests.push(Request::Acknowledge { frame: unit.frame });
        }
        let repairs = matches!(
            unit.kind,
            FrameKind::AfterInvalidation | FrameKind::IntraRefresh
        );
        let waiting = self.state;
        if unit.is_key {
            self.state = State::Decoding;
        } else if repairs && matches!(waiting, State::AwaitingInvalidation { .. }) {
            findings.report.invalidations_answered +=
                u64::from(unit.kind == FrameKind::AfterInvalidation);
            self.state = State::Decoding;
        }
        if self.state == State::Decoding {
            self.gap = false;
            self.dropped_in_a_row = 0;
            return true;
        }
        self.drop_frame(unit, requests);
        false
    }

    fn drop_frame(&mut self, unit: &AccessUnit, requests: &mut Vec<Request>) {
        self.dropped_in_a_row += 1;
        let gap = std::mem::take(&mut self.gap);
        match self.state {
            _ if self.dropped_in_a_row == DROPPED_UNTIL_KEY_FRAME_REQUEST => {
                self.dropped_in_a_row = 0;
                requests.push(Request::KeyFrame);
            }
            State::AwaitingInvalidation { first } if unit.kind == FrameKind::Predicted => {
                requests.push(Request::Invalidate {
                    first,
                    last: unit.frame,
                });
            }
            State::AwaitingKeyFrame if gap => requests.push(Request::KeyFrame),
            _ => {}
        }
    }

    fn await_recovery(&mut self, lost: u32) -> State {
        self.state = match self.state {
            State::Decoding if self.can_invalidate => State::AwaitingInvalidation { first: lost },
            State::Decoding => State::AwaitingKeyFrame,
            // Before the first key frame there is nothing that a later frame could lean on.
            waiting => waiting,
        };
        self.state
    }
}

/// A client that was not helped asks again only after this many.
const DROPPED_UNTIL_KEY_FRAME_REQUEST: u32 = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(frame: u32, kind: FrameKind) -> AccessUnit {
        AccessUnit {
            frame,
            kind,
            is_key: kind == FrameKind::Idr,
            long_term_reference: false,
            rebuilt_packets: 0,
            bytes: Vec::new(),
        }
    }

    struct Client {
        tracker: LossTracker,
        findings: Findings,
        requests: Vec<Request>,
    }

    impl Client {
        fn new(can_invalidate: bool) -> Self {
            Self {
                tracker: LossTracker::new(can_invalidate),
                findings: Findings::default(),
                requests: Vec::new(),
            }
        }

        fn frame(&mut self, frame: u32, kind: FrameKind) -> bool {
            self.tracker
                .handle_frame(&unit(frame, kind), &mut self.findings, &mut self.requests)
        }

        fn lose(&mut self, first: u32, last: u32) {
            self.requests.extend(self.tracker.handle_loss(first, last));
        }

        fn predict(&mut self, frame: u32) {
            self.requests
                .extend(self.tracker.handle_predicted_loss(frame));
        }
    }

    use FrameKind::{AfterInvalidation, Idr, IntraRefresh, Predicted};
    use Request::{Acknowledge, Invalidate, KeyFrame};

    #[test]
    fn nothing_is_decoded_before_the_first_key_frame() {
        for can_invalidate in [false, true] {
            let mut client = Client::new(can_invalidate);
            assert!(!client.frame(1, Predicted));
            assert!(!client.frame(2, AfterInvalidation));
            assert!(client.frame(3, Idr));
            assert!(client.frame(4, Predicted));
            assert_eq!(client.requests, [], "and nothing was lost");
        }
    }

    #[test]
    fn a_loss_is_invalidated_once_a_frame_until_a_type_5_comes() {
        let mut client = Client::new(true);
        assert!(client.frame(1, Idr));
        client.lose(2, 3);
        assert!(!client.frame(4, Predicted));
        assert!(!client.frame(5, Predicted));
        client.lose(6, 6);
        assert!(client.frame(7, AfterInvalidation));
        assert!(client.frame(8, Predicted));
        let range = |last| Invalidate { first: 2, last };
        assert_eq!(client.requests, [range(3), range(4), range(5), range(6)]);
        assert_eq!(client.findings.report.invalidations_answered, 1);
    }

    #[test]
    fn a_predicted_loss_is_asked_for_at_once_and_not_again_when_it_comes_true() {
        let mut client = Client::new(true);
        assert!(client.frame(1, Idr));
        client.predict(2);
        client.lose(2, 2);
        assert_eq!(client.requests, [Invalidate { first: 2, last: 2 }]);
        assert!(client.frame(3, Idr));
        client.lose(4, 4);
        assert_eq!(client.requests[1..], [Invalidate { first: 4, last: 4 }]);
    }

    #[test]
    fn without_invalidation_the_first_whole_frame_after_a_gap_asks_for_a_key_frame() {
        let mut client = Client::new(false);
        assert!(client.frame(1, Idr));
        client.lose(2, 2);
        assert_eq!(client.requests, []);
        assert!(!client.frame(3, Predicted));
        assert!(
            !client.frame(4, AfterInvalidation),
            "means nothing to a client that did not ask"
        );
        assert!(!client.frame(5, Predicted));
        assert_eq!(client.requests, [KeyFrame]);
        client.lose(6, 6);
        assert!(!client.frame(7, Predicted));
        assert_eq!(client.requests, [KeyFrame, KeyFrame]);
        assert!(client.frame(8, Idr));
    }

    #[test]
    fn a_lost_first_key_frame_is_asked_for_even_where_invalidation_is_possible() {
        let mut client = Client::new(true);
        client.predict(1);
        client.lose(1, 1);
        assert!(!client.frame(2, Predicted));
        assert_eq!(client.requests, [KeyFrame]);
    }

    #[test]
    fn a_wrongly_predicted_loss_stalls_a_client_without_invalidation_for_120_frames() {
        let mut client = Client::new(false);
        assert!(client.frame(1, Idr));
        client.predict(2);
        let decoded = (2..=121)
            .filter(|&frame| client.frame(frame, Predicted))
            .count();
        assert_eq!(
            (decoded, client.requests.as_slice()),
            (0, [KeyFrame].as_slice())
        );
    }

    #[test]
    fn an_intra_refresh_ends_the_wait_and_counts_as_no_answer() {
        let mut client = Client::new(true);
        assert!(client.frame(1, Idr));
        client.lose(2, 2);
        assert!(client.frame(3, IntraRefresh));
        assert_eq!(client.findings.report.invalidations_answered, 0);
    }

    #[test]
    fn long_term_references_are_acknowledged_by_a_client_that_can_invalidate() {
        for can_invalidate in [false, true] {
            let mut client = Client::new(can_invalidate);
            let marked = AccessUnit {
                long_term_reference: true,
                ..unit(1, Idr)
            };
            assert!(client.tracker.handle_frame(
                &marked,
                &mut client.findings,
                &mut client.requests
            ));
            let expected: &[Request] = if can_invalidate {
                &[Acknowledge { frame: 1 }]
            } else {
                &[]
            };
            assert_eq!(client.requests, expected);
        }
    }
}
