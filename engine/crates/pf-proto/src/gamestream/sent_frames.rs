//! What was sent of the last 512 frames, and what the client has said of each: the ground that its reports
//! are checked against. Fixed memory; holds no totals.

use crate::gamestream::split::BlockPlan;
use crate::units::{FrameIndex, SequenceNumber};

/// Frames that are remembered: 2 s at 240 fps, 8 s at 60.
pub(super) const REMEMBERED: u32 = 512;

/// Blocks that a frame has at most.
const BLOCKS: usize = 4;

/// The last frames, by their number.
#[derive(Clone, Debug)]
pub(super) struct SentFrames {
    frames: Box<[Option<SentFrame>]>,
    newest: Option<FrameIndex>,
}

/// One frame as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentFrame {
    frame: FrameIndex,
    blocks: [SentBlock; BLOCKS],
    block_count: usize,
    /// Packets that the host itself lost.
    pub(super) host_lost: u16,
    /// When the client first gave up the frame, or a block of it, without saying how much of it arrived.
    pub(super) missed: Option<Missed>,
}

/// A moment in the client's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// By the caller's clock.
    pub(super) at_ns: u64,
    /// Pings that had come by then.
    pub(super) pings: u64,
}

/// One block of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SentBlock {
    first: SequenceNumber,
    pub(super) data: u16,
    pub(super) parity: u16,
    /// What the client said last; none before its first report.
    pub(super) told: Option<Told>,
}

/// What is known of a block's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Packets lost on the way.
    pub(super) lost: u16,
    /// Data packets that parity brought back.
    pub(super) recovered: u16,
    /// The block could not be completed.
    pub(super) is_lost: bool,
    /// By counters of the block itself, not taken from its absence.
    pub(super) is_measured: bool,
    /// Nothing else is going to be said of it.
    pub(super) is_settled: bool,
}

/// A frame's part of the totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FrameLoss {
    pub(super) packets: u64,
    pub(super) recovered: u64,
    pub(super) blocks: u64,
}

impl SentFrames {
    pub(super) fn new() -> Self {
        Self {
            frames: vec![None; REMEMBERED as usize].into(),
            newest: None,
        }
    }

    pub(super) const fn newest(&self) -> Option<FrameIndex> {
        self.newest
    }

    pub(super) fn record(&mut self, frame: FrameIndex, first: SequenceNumber, plan: &[BlockPlan]) {
        let mut blocks = [SentBlock::default(); BLOCKS];
        let mut first = first;
        for (block, plan) in blocks.iter_mut().zip(plan) {
            let (data, parity) = (plan.data, plan.parity);
            *block = SentBlock {
                first,
                data,
                parity,
                told: None,
            };
            first = first.plus(data + parity);
        }
        self.frames[place(frame)] = Some(SentFrame {
            frame,
            blocks,
            block_count: plan.len().min(BLOCKS),
            host_lost: 0,
            missed: None,
        });
        self.newest = Some(frame);
    }

    pub(super) fn get(&self, frame: FrameIndex) -> Option<&SentFrame> {
        self.frames[place(frame)]
            .as_ref()
            .filter(|sent| sent.frame == frame)
    }

    pub(super) fn get_mut(&mut self, frame: FrameIndex) -> Option<&mut SentFrame> {
        self.frames[place(frame)]
            .as_mut()
            .filter(|sent| sent.frame == frame)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SentFrame> {
        self.frames.iter_mut().flatten()
    }

    /// The part of `first..=last` that may be remembered, oldest first; empty when nothing of it was sent.
    pub(super) fn clip(
        &self,
        first: FrameIndex,
        last: FrameIndex,
    ) -> impl Iterator<Item = FrameIndex> + use<> {
        let range = self.newest.and_then(|newest| {
            let oldest = FrameIndex(newest.0.wrapping_sub(REMEMBERED - 1));
            let (first, last) = (first.newer(oldest), last.older(newest));
            (!last.is_before(first)).then_some((first, last))
        });
        range.into_iter().flat_map(|(first, last)| {
            (0..=last.0.wrapping_sub(first.0))
                .map(move |step| FrameIndex(first.0.wrapping_add(step)))
        })
    }
}

impl SentFrame {
    pub(super) fn blocks(&self) -> &[SentBlock] {
        &self.blocks[..self.block_count]
    }

    pub(super) fn blocks_mut(&mut self) -> &mut [SentBlock] {
        &mut self.blocks[..self.block_count]
    }

    /// The client could not complete a block of it, whether that is settled or not.
    pub(super) fn is_hit(&self) -> bool {
        let mut told = self.blocks().iter().filter_map(|block| block.told);
        told.any(|told| told.is_lost)
    }

    /// Settled loss on the way, without what the host itself lost of the frame.
    pub(super) fn loss(&self) -> FrameLoss {
        let mut sum = FrameLoss::default();
        let told = self.blocks().iter().filter_map(|block| block.told);
        for told in told.filter(|told| told.is_settled) {
            sum.packets += u64::from(told.lost);
            sum.recovered += u64::from(told.recovered);
            sum.blocks += u64::from(told.is_lost);
        }
        sum.packets = sum.packets.saturating_sub(self.host_lost.into());
        sum
    }
}

impl SentBlock {
    pub(super) const fn packets(&self) -> u16 {
        self.data + self.parity
    }

    pub(super) const fn contains(&self, sequence: SequenceNumber) -> bool {
        sequence.since(self.first) < self.packets()
    }

    /// Nothing of the block arrived, unless its own counters are still on their way.
    pub(super) const fn vanished(&self) -> Told {
        Told {
            lost: self.packets(),
            recovered: 0,
            is_lost: true,
            is_measured: false,
            is_settled: false,
        }
    }
}

const fn place(frame: FrameIndex) -> usize {
    (frame.0 % REMEMBERED) as usize
}
