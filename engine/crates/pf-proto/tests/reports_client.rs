//! Reports against a client that behaves as stock ones do and knows what it really lost.

use pf_proto::gamestream::control::FecStatus;
use pf_proto::gamestream::reports::{ClientReports, ReportTotals};
use pf_proto::gamestream::video::BlockPlan;
use pf_proto::units::{FrameIndex, SequenceNumber};
use proptest::prelude::*;

const FRAME_NS: u64 = 17_000_000;

/// Ten packets and three of parity, a frame.
const BLOCK: BlockPlan = BlockPlan {
    data: 10,
    parity: 3,
    percentage: 30,
};

/// Lost and recovered packets, lost blocks.
fn loss(totals: ReportTotals) -> (u64, u64, u64) {
    (
        totals.packets_lost.unwrap(),
        totals.packets_recovered.unwrap(),
        totals.blocks_lost.unwrap(),
    )
}

/// A client that is told of every packet of blocks of 10 + 3, or of its loss.
struct Client {
    reports: ClientReports,
    sent: u64,
    /// Packets lost on the way, and frames that could not be completed.
    lost: u64,
    given_up: u64,
    /// Lost packets of the blocks that it reports.
    told: u64,
    /// Reports until the next ping.
    waiting: Vec<FecStatus>,
    /// The frame that is not complete, with its report.
    open: Option<(u32, FecStatus)>,
    /// Frames since the last shown one of which nothing arrived.
    vanished: u32,
    /// First frame of the loss that it waits to be recovered from.
    first_lost: Option<u32>,
    /// What it is about to ask: several ranges become the one around them.
    asks: Option<(u32, u32)>,
}

impl Client {
    fn new() -> Self {
        Self {
            reports: ClientReports::new(true),
            sent: 0,
            lost: 0,
            given_up: 0,
            told: 0,
            waiting: Vec::new(),
            open: None,
            vanished: 0,
            first_lost: None,
            asks: None,
        }
    }

    /// A frame of which `length` packets from `from` on are lost. Asks at once, or only when all of it is there.
    fn frame(&mut self, from: usize, length: usize, asks_late: bool) {
        self.receive(from, length, asks_late);
        self.ask();
    }

    fn receive(&mut self, from: usize, length: usize, asks_late: bool) {
        self.sent += 1;
        let frame = self.sent as u32;
        let first = SequenceNumber((frame - 1).wrapping_mul(13) as u16);
        self.reports.frame_sent(FrameIndex(frame), first, &[BLOCK]);
        let arrived: Vec<usize> = (0..13)
            .filter(|at| !(from..from + length).contains(at))
            .collect();
        self.lost += 13 - arrived.len() as u64;
        self.given_up += u64::from(arrived.len() < 10);
        let Some(highest) = arrived.last() else {
            self.vanished += 1;
            return;
        };
        // Its first packet says that what was open will not be completed, and that frames are missing.
        if let Some((lost, report)) = self.open.take() {
            self.waiting.push(report);
            self.invalidate(lost, lost);
        }
        if self.vanished > 0 {
            let vanished = std::mem::take(&mut self.vanished);
            self.invalidate(frame - vanished, frame - 1);
        }
        if !asks_late {
            self.ask();
        }
        if arrived.len() >= 10 {
            self.recovered(frame, first, &arrived);
            return;
        }
        let received = |parity: bool| arrived.iter().filter(|at| (**at >= 10) == parity).count();
        self.told += 13 - arrived.len() as u64;
        let report = FecStatus {
            frame: FrameIndex(frame),
            highest: first.plus(*highest as u16),
            next_contiguous: first,
            missing: (highest + 1 - arrived.len()) as u16,
            data: 10,
            parity: 3,
            received_data: received(false) as u16,
            received_parity: received(true) as u16,
            percentage: 30,
            block: 0,
            blocks: 1,
        };
        self.open = Some((frame, report));
    }

    /// A complete frame; it shows it, or throws it away because it waits.
    fn recovered(&mut self, frame: u32, first: SequenceNumber, arrived: &[usize]) {
        let data = arrived.iter().filter(|at| **at < 10).count();
        if data < 10 {
            let used = &arrived[..10];
            let highest = used[9];
            let missing = (highest - 9) as u16;
            self.told += u64::from(missing);
            self.waiting.push(FecStatus {
                frame: FrameIndex(frame),
                highest: first.plus(highest as u16),
                next_contiguous: first,
                missing,
                data: 10,
                parity: 3,
                received_data: data as u16,
                received_parity: 10 - data as u16,
                percentage: 30,
                block: 0,
                blocks: 1,
            });
        }
        match self.first_lost {
            // Every third frame is one that needs nothing lost.
            Some(_) if frame.is_multiple_of(3) => self.first_lost = None,
            Some(first_lost) => self.invalidate(first_lost, frame),
            None => {}
        }
    }

    fn invalidate(&mut self, first: u32, last: u32) {
        let first = *self.first_lost.get_or_insert(first);
        let asked = self.asks.map_or(first, |(asked, _)| asked);
        self.asks = Some((asked.min(first), last));
    }

    fn ask(&mut self) {
        if let Some((first, last)) = self.asks.take() {
            self.reports.handle_invalidation(first, last, self.now());
        }
    }

    fn now(&self) -> u64 {
        self.sent * FRAME_NS
    }

    fn ping(&mut self) {
        for report in self.waiting.drain(..) {
            self.reports
                .handle_fec_status(&report, self.sent * FRAME_NS);
        }
        self.reports.handle_ping();
    }
}

proptest! {
    /// A client as stock ones are: it gives up a frame when a later one begins, reports with its next ping, and asks
    /// to invalidate at once. Pings and asking for figures come whenever they like.
    #[test]
    fn fuzz_no_figure_is_ever_larger_than_what_was_lost_so_far(
        frames in prop::collection::vec(
            (0_usize..30, 0_usize..14, 0_u64..9, any::<bool>()),
            1..300,
        ),
    ) {
        let mut client = Client::new();
        let mut before = (0, 0, 0);
        for (from, length, turn, asks_late) in frames {
            client.frame(from, length, asks_late);
            if turn == 0 {
                client.ping();
            }
            let now = loss(client.reports.totals(client.now()));
            prop_assert!(now.0 >= before.0 && now.1 >= before.1 && now.2 >= before.2);
            prop_assert!(now.0 <= client.lost, "{} told, {} lost", now.0, client.lost);
            prop_assert!(now.2 <= client.given_up);
            before = now;
        }
        // Two whole frames end what was open, and then everything is known that a client can tell.
        client.frame(13, 0, false);
        client.frame(13, 0, false);
        for _ in 0..3 {
            client.ping();
        }
        let totals = client.reports.totals(u64::MAX);
        let told = loss(totals).0;
        prop_assert!((client.told..=client.lost).contains(&told), "{told} of {}", client.told);
        prop_assert_eq!(loss(client.reports.final_totals()), loss(totals));
    }
}
