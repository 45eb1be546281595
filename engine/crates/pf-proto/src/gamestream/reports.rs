//! What a client's own reports say about the way to it, as totals that only grow.
//!
//! Fed with what was sent, and with the client's FEC status, invalidated ranges and IDR requests. Holds no
//! clock and answers nothing to the client. Source: gamestream-control-stream.md 6, gamestream-media.md 9.
//!
//! A FEC status is one of three things:
//! * A, after a recovery: the block's own counters, and enough of it arrived;
//! * B, when a block is given up: the block's own counters, and too little of it arrived;
//! * C, when blocks were skipped: old counters under the position that the client expected, known by
//!   totals or sequence numbers that are not that block's. All of that block counts as lost. The same 21
//!   bytes twice in a row say nothing new.
//!
//! What is taken from a block's absence (C, and frames that an invalidation names) may still be corrected by the block's
//! own counters: the client sends those with its next ping. So it counts once 300 ms and three pings have gone by, or
//! when the session ends. What a block's own counters say counts at once.
//!
//! What no client tells, so that these figures are lower bounds unless said otherwise:
//! * a block whose data packets all arrived is never reported, whatever parity was lost;
//! * a frame of which nothing arrived shows only in the range of the next invalidation, and only with clients that
//!   invalidate;
//! * at most 8 reports in 100 ms come, unreliably: in heavy loss some are missing;
//! * of several frames that vanished one after the other, the last is not counted: in a range that the client has sent
//!   a moment late, it is the first complete frame that was thrown away;
//! * a client that is more than a frame late with it names several such frames: those before the last count as lost
//!   whole (this one overstates, and nothing that a client sends tells them from vanished ones);
//! * a packet that is merely late counts as lost when its block is given up (this one overstates, too);
//! * audio loss is never reported;
//! * a client is free to lie: what does not fit what was sent is counted apart and changes nothing else.
//!
//! Packets that the host itself lost are told to [`ClientReports::host_lost`] and are not in these figures.

use crate::gamestream::control::FecStatus;
use crate::gamestream::sent_frames::{FrameLoss, Missed, SentBlock, SentFrame, SentFrames, Told};
use crate::gamestream::split::BlockPlan;
use crate::units::{FrameIndex, SequenceNumber};

/// A session's figures from its client, since the session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportTotals {
    /// Video packets lost on the way; none from a client that sends no FEC status.
    pub packets_lost: Option<u64>,
    /// Data packets that parity brought back; none from a client that sends no FEC status.
    pub packets_recovered: Option<u64>,
    /// FEC blocks that could not be completed; none from a client that sends no FEC status.
    pub blocks_lost: Option<u64>,
    /// Frames sent whole that the client gave up, by its ranges and requests: lost ones, and complete ones
    /// that it could not decode for a lost one before them. No measure of the network.
    pub frames_not_shown: u64,
    /// FEC statuses received.
    pub reports: u64,
    /// Of these, such as fit nothing that was sent.
    pub implausible: u64,
}

/// Turns a client's reports into totals. Fixed memory; allocates nothing after `new`.
#[derive(Clone, Debug)]
pub struct ClientReports {
    sends_fec_status: bool,
    sent: SentFrames,
    last_status: Option<FecStatus>,
    /// Pings so far: the client sends its FEC statuses before each.
    pings: u64,
    /// Settled loss; shrinks when a client contradicts itself, which no known one does.
    loss: FrameLoss,
    /// Loss as told to anybody; never shrinks.
    published: FrameLoss,
    frames_not_shown: u64,
    /// Frames up to here are counted.
    counted_to: Option<FrameIndex>,
    /// First frame of the loss that the client last asked to invalidate.
    episode_first: Option<FrameIndex>,
    /// The client asked for a key frame and has none yet.
    waits_for_key: bool,
    last_key: Option<FrameIndex>,
    reports: u64,
    implausible: u64,
}

impl ClientReports {
    /// Reports of a client that announced FEC status (`x-ml-general.featureFlags` bit 1), or did not.
    pub fn new(sends_fec_status: bool) -> Self {
        Self {
            sends_fec_status,
            sent: SentFrames::new(),
            last_status: None,
            pings: 0,
            loss: FrameLoss::default(),
            published: FrameLoss::default(),
            frames_not_shown: 0,
            counted_to: None,
            episode_first: None,
            waits_for_key: false,
            last_key: None,
            reports: 0,
            implausible: 0,
        }
    }

    /// A frame is on its way, its blocks back to back from sequence number `first`. A frame that the host
    /// dropped before this is not told here.
    pub fn frame_sent(&mut self, frame: FrameIndex, first: SequenceNumber, blocks: &[BlockPlan]) {
        self.sent.record(frame, first, blocks);
    }

    /// The frame that was told last is a key frame: what the client gave up ends before it.
    pub fn key_frame_sent(&mut self, frame: FrameIndex) {
        if std::mem::take(&mut self.waits_for_key)
            && let Some(counted_to) = self.counted_to
        {
            self.count_not_shown(counted_to.next(), frame.previous());
        }
        self.last_key = Some(frame);
    }

    /// The host itself lost so many packets of a frame: refused by the kernel, or dropped for their age.
    pub fn host_lost(&mut self, frame: FrameIndex, packets: u16) {
        if let Some(sent) = self.sent.get_mut(frame) {
            let before = sent.loss();
            sent.host_lost = sent.host_lost.saturating_add(packets);
            let after = sent.loss();
            self.change_loss(before, after);
        }
    }

    /// The client's ping: what it had to report before this, it has sent.
    pub fn handle_ping(&mut self) {
        self.pings += 1;
    }

    /// The client reports on a block.
    pub fn handle_fec_status(&mut self, status: &FecStatus, now_ns: u64) {
        self.reports += 1;
        let is_repeated = self.last_status.replace(*status) == Some(*status);
        if !self.sends_fec_status || is_repeated {
            return;
        }
        let block = usize::from(status.block);
        let sent = self.sent.get_mut(status.frame);
        let Some(sent) = sent.filter(|sent| block < sent.blocks().len()) else {
            self.implausible += 1;
            return;
        };
        let before = sent.loss();
        let missed = Missed {
            at_ns: now_ns,
            pings: self.pings,
        };
        let block = &mut sent.blocks_mut()[block];
        let Some(told) = read(status, block) else {
            self.implausible += 1;
            return;
        };
        if told.is_measured || block.told.is_none() {
            block.told = Some(told);
        }
        if !told.is_measured {
            sent.missed.get_or_insert(missed);
        }
        let after = sent.loss();
        self.change_loss(before, after);
    }

    /// The client cannot decode `first..=last`. While it waits it repeats the range with a growing end;
    /// each frame counts once.
    pub fn handle_invalidation(&mut self, first: u32, last: u32, now_ns: u64) {
        let (first, last) = (FrameIndex(first), FrameIndex(last));
        if last.is_before(first) {
            return;
        }
        if self.episode_first.replace(first) != Some(first) {
            // Only the range that opens a loss names frames that may have vanished whole; its growth is complete
            // frames that the client threw away. It often sends both as one: then the last is such a frame, or one
            // that arrived in part and gets its report, and how many are gone without a word ends before it.
            let last = if first == last { last } else { last.previous() };
            let missed = Missed {
                at_ns: now_ns,
                pings: self.pings,
            };
            for frame in self.sent.clip(first, last) {
                if let Some(sent) = self.sent.get_mut(frame) {
                    sent.missed.get_or_insert(missed);
                }
            }
        }
        self.count_not_shown(first, last);
    }

    /// The client asks for a key frame; also its very first message, before anything was sent.
    pub fn handle_idr_request(&mut self) {
        let Some(newest) = self.sent.newest() else {
            return;
        };
        if std::mem::replace(&mut self.waits_for_key, true) {
            return;
        }
        let since_key = self.last_key.unwrap_or(newest);
        let first_lost = self.sent.clip(since_key, newest).find(|frame| {
            let sent = self.sent.get(*frame);
            sent.is_some_and(SentFrame::is_hit)
        });
        self.count_not_shown(first_lost.unwrap_or(newest), newest);
    }

    /// The figures now.
    pub fn totals(&mut self, now_ns: u64) -> ReportTotals {
        let pings = self.pings;
        self.settle(|missed| {
            now_ns.saturating_sub(missed.at_ns) >= SETTLE_NS && pings - missed.pings >= SETTLE_PINGS
        });
        self.figures()
    }

    /// The figures at the end, when nothing more will come. What the client gave up after its last ping stays out: how
    /// much of it arrived, it had no occasion to say.
    pub fn final_totals(&mut self) -> ReportTotals {
        let pings = self.pings;
        self.settle(|missed| pings > missed.pings);
        self.figures()
    }

    fn figures(&mut self) -> ReportTotals {
        self.published = FrameLoss {
            packets: self.published.packets.max(self.loss.packets),
            recovered: self.published.recovered.max(self.loss.recovered),
            blocks: self.published.blocks.max(self.loss.blocks),
        };
        let reported = |total| self.sends_fec_status.then_some(total);
        ReportTotals {
            packets_lost: reported(self.published.packets),
            packets_recovered: reported(self.published.recovered),
            blocks_lost: reported(self.published.blocks),
            frames_not_shown: self.frames_not_shown,
            reports: self.reports,
            implausible: self.implausible,
        }
    }

    /// Takes what is due as lost: a frame that the client gave up and said nothing else about, whole; else the blocks
    /// that it said to be missing.
    fn settle(&mut self, is_due: impl Fn(Missed) -> bool) {
        let mut change = (FrameLoss::default(), FrameLoss::default());
        for sent in self.sent.iter_mut() {
            if sent.missed.take_if(|missed| is_due(*missed)).is_none() {
                continue;
            }
            add(&mut change.0, sent.loss());
            let says_nothing = sent.blocks().iter().all(|block| block.told.is_none());
            for block in sent.blocks_mut() {
                if says_nothing {
                    block.told = Some(block.vanished());
                }
                if let Some(told) = &mut block.told {
                    told.is_settled = true;
                }
            }
            add(&mut change.1, sent.loss());
        }
        self.change_loss(change.0, change.1);
    }

    fn change_loss(&mut self, before: FrameLoss, after: FrameLoss) {
        // Saturates for form: what a frame takes away here, it has added before.
        let moved = |total: u64, before: u64, after: u64| (total + after).saturating_sub(before);
        self.loss = FrameLoss {
            packets: moved(self.loss.packets, before.packets, after.packets),
            recovered: moved(self.loss.recovered, before.recovered, after.recovered),
            blocks: moved(self.loss.blocks, before.blocks, after.blocks),
        };
    }

    /// Counts the frames of a range above the highest counted that were sent whole.
    fn count_not_shown(&mut self, first: FrameIndex, last: FrameIndex) {
        let first = self
            .counted_to
            .map_or(first, |counted_to| first.newer(counted_to.next()));
        for frame in self.sent.clip(first, last) {
            let sent = self.sent.get(frame);
            let is_whole = sent.is_some_and(|sent| sent.host_lost == 0);
            self.frames_not_shown += u64::from(is_whole);
            self.counted_to = Some(frame);
        }
    }
}

/// What a status says of the block that it names; none when it says nothing possible.
fn read(status: &FecStatus, block: &SentBlock) -> Option<Told> {
    let is_of_this_block = (status.data, status.parity) == (block.data, block.parity)
        && block.contains(status.highest);
    if !is_of_this_block {
        return Some(block.vanished());
    }
    let received = status.received_data.checked_add(status.received_parity)?;
    let is_possible = status.received_data <= block.data
        && status.received_parity <= block.parity
        && status.missing < block.packets();
    if !is_possible {
        return None;
    }
    if received < block.data {
        return Some(Told {
            lost: block.packets() - received,
            recovered: 0,
            is_lost: true,
            is_measured: true,
            is_settled: true,
        });
    }
    let recovered = block.data - status.received_data;
    Some(Told {
        lost: status.missing.max(recovered),
        recovered,
        is_lost: false,
        is_measured: true,
        is_settled: true,
    })
}

fn add(sum: &mut FrameLoss, part: FrameLoss) {
    sum.packets += part.packets;
    sum.recovered += part.recovered;
    sum.blocks += part.blocks;
}

/// An invalidation comes at once, reports with the ping after them, a tenth of a second apart: what was not said so much
/// later never will be. Pings and not time alone, because a client that gets no processor sends neither.
const SETTLE_NS: u64 = 300_000_000;
const SETTLE_PINGS: u64 = 3;
