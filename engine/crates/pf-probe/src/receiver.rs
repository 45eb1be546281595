//! A client without its socket: datagrams in, decodable access units and requests out.

use std::io::{self, Write};

use crate::assembler::{Assembler, Event};
use crate::loss::{LossTracker, Request};
use crate::report::{Fault, Findings};
use crate::run::Recovery;

/// One session's receiver.
pub(crate) struct Receiver<'a, R, W> {
    assembler: Assembler,
    losses: LossTracker,
    pub(crate) findings: Findings,
    recovery: &'a R,
    /// Gets the decodable access units; `None` after it failed once.
    output: Option<W>,
    events: Vec<Event>,
    requests: Vec<Request>,
}

impl<'a, R: Recovery, W: Write> Receiver<'a, R, W> {
    pub(crate) fn new(
        shard_bytes: usize,
        can_invalidate: bool,
        recovery: &'a R,
        output: Option<W>,
    ) -> Self {
        Self {
            assembler: Assembler::new(shard_bytes),
            losses: LossTracker::new(can_invalidate),
            findings: Findings::default(),
            recovery,
            output,
            events: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub(crate) fn handle_datagram(&mut self, datagram: &[u8]) {
        self.assembler
            .handle_datagram(datagram, &mut self.findings, &mut self.events);
        for event in self.events.drain(..) {
            match event {
                Event::LossPredicted { frame } => self
                    .requests
                    .extend(self.losses.handle_predicted_loss(frame)),
                Event::Lost { first, last } => {
                    self.requests.extend(self.losses.handle_loss(first, last))
                }
                Event::Frame(unit) => {
                    if self
                        .losses
                        .handle_frame(&unit, &mut self.findings, &mut self.requests)
                    {
                        self.findings.report.decodable_frames += 1;
                        write(&mut self.output, &unit.bytes, &mut self.findings);
                    }
                }
            }
        }
        for request in self.requests.drain(..) {
            let report = &mut self.findings.report;
            match request {
                Request::KeyFrame => {
                    report.key_frames_requested += 1;
                    self.recovery.request_idr();
                }
                Request::Invalidate { first, last } => {
                    report.invalidations_requested += 1;
                    self.recovery.invalidate(first, last);
                }
                Request::Acknowledge { frame } => {
                    report.frames_acknowledged += 1;
                    self.recovery.acknowledge(frame);
                }
            }
        }
    }
}

/// A disk that is full must not end the measurement; what follows a hole would not decode, so nothing follows.
fn write<W: Write>(output: &mut Option<W>, bytes: &[u8], findings: &mut Findings) {
    let written: io::Result<()> = output
        .as_mut()
        .map_or(Ok(()), |output| output.write_all(bytes));
    if let Err(error) = written {
        findings.fault(
            Fault::Output,
            format_args!("the output cannot be written any more: {error}"),
        );
        *output = None;
    }
}
