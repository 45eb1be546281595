//! A receiver of unencrypted video datagrams, written from gamestream-media.md 3.8: rules, not speed.
//! It panics where a client would lose a frame without any datagram lost.

use super::cauchy;

/// A frame as the decoder would get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFrame {
    pub index: u32,
    pub frame_type: u8,
    pub latency_100us: u16,
    pub timestamp: u32,
    pub long_term_reference: bool,
    pub access_unit: Vec<u8>,
}

struct Block {
    frame: u32,
    number: u8,
    last_number: u8,
    base: u16,
    data: usize,
    parity: usize,
    percentage: usize,
    shards: Vec<Option<Vec<u8>>>,
}

/// One session's receiver; `frames` and `lost` are read by the tests.
pub struct Receiver {
    shard_bytes: usize,
    current_frame: u32,
    next_block: u8,
    next_contiguous: u16,
    next_packet_index: u32,
    pending: Option<Block>,
    staged: Vec<Vec<u8>>,
    pub frames: Vec<ReceivedFrame>,
    pub lost: Vec<u32>,
    pub recovered_packets: usize,
}

impl Receiver {
    pub fn new(packet_size: u16) -> Self {
        Self {
            shard_bytes: usize::from(packet_size) + 16,
            current_frame: 1,
            next_block: 0,
            next_contiguous: 0,
            next_packet_index: 0,
            pending: None,
            staged: Vec::new(),
            frames: Vec::new(),
            lost: Vec::new(),
            recovered_packets: 0,
        }
    }

    pub fn handle(&mut self, datagram: &[u8]) {
        assert_eq!(
            datagram.len(),
            self.shard_bytes,
            "every datagram is packetSize + 16"
        );
        assert_eq!(datagram[0], 0x90);
        let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
        let frame = le32(&datagram[20..]);
        let (number, last_number) = (datagram[27] >> 4 & 3, datagram[27] >> 6);
        if is_before(sequence, self.next_contiguous)
            || is_before(frame as u16, self.current_frame as u16)
        {
            return;
        }
        if frame == self.current_frame && number < self.next_block {
            return;
        }

        let same = self
            .pending
            .as_ref()
            .is_some_and(|b| b.frame == frame && b.number == number);
        if !same && !self.begin_block(frame, number, last_number, sequence, datagram) {
            return;
        }
        let block = self.pending.as_mut().expect("begun above");
        let shard = usize::from(sequence.wrapping_sub(block.base));
        if shard >= block.shards.len() || block.shards[shard].is_some() {
            return;
        }
        let info = le32(&datagram[28..]) as usize;
        assert_eq!(
            (info >> 22, info >> 12 & 0x3FF, info >> 4 & 0xFF),
            (block.data, shard, block.percentage)
        );
        assert_eq!(info & 0xF, 0);
        block.shards[shard] = Some(datagram.to_vec());
        if block.shards.iter().flatten().count() >= block.data {
            self.finish_block();
        }
    }

    /// Gives up what cannot complete any more and adopts the block; false when the datagram is useless.
    fn begin_block(
        &mut self,
        frame: u32,
        number: u8,
        last_number: u8,
        sequence: u16,
        datagram: &[u8],
    ) -> bool {
        if let Some(unfinished) = self.pending.take() {
            self.lose_through(unfinished.frame);
            if unfinished.frame == frame {
                return false;
            }
        }
        if frame != self.current_frame {
            self.lose_through(frame.wrapping_sub(1));
        }
        if number != self.next_block {
            self.lose_through(frame);
            return false;
        }
        let info = le32(&datagram[28..]) as usize;
        let (data, shard, percentage) = (info >> 22, info >> 12 & 0x3FF, info >> 4 & 0xFF);
        let parity = (data * percentage).div_ceil(100);
        let base = sequence.wrapping_sub(shard as u16);
        let shards = vec![None; data + parity];
        self.pending = Some(Block {
            frame,
            number,
            last_number,
            base,
            data,
            parity,
            percentage,
            shards,
        });
        true
    }

    fn lose_through(&mut self, frame: u32) {
        while !is_before(frame as u16, self.current_frame as u16) {
            self.lost.push(self.current_frame);
            self.current_frame = self.current_frame.wrapping_add(1);
        }
        self.next_block = 0;
        self.staged.clear();
    }

    fn finish_block(&mut self) {
        let block = self.pending.take().expect("called with a block");
        let mut shards = cauchy::recover(&block.shards, block.data, block.parity)
            .expect("enough shards arrived");
        let template = block
            .shards
            .iter()
            .flatten()
            .next()
            .expect("at least one shard arrived")
            .clone();
        for (i, shard) in shards.iter_mut().enumerate() {
            if block.shards[i].is_none() {
                self.recovered_packets += 1;
                shard[0] = template[0];
                shard[2..4].copy_from_slice(&block.base.wrapping_add(i as u16).to_be_bytes());
                shard[4..12].copy_from_slice(&template[4..12]);
                shard[20..24].copy_from_slice(&template[20..24]);
                shard[27] = template[27];
            }
            let mut flags = 1;
            if i == 0 {
                flags |= 4;
            }
            if i + 1 == block.data {
                flags |= 2;
            }
            assert_eq!(
                shard[24], flags,
                "flags of data shard {i} of {}",
                block.data
            );
        }
        self.staged.extend(shards);
        self.next_contiguous = block.base.wrapping_add(block.data as u16);
        if block.number == block.last_number {
            self.finish_frame(block.frame);
        } else {
            self.next_block = block.number + 1;
        }
    }

    fn finish_frame(&mut self, frame: u32) {
        let staged = std::mem::take(&mut self.staged);
        for (i, shard) in staged.iter().enumerate() {
            let field = le32(&shard[16..]);
            assert_eq!(field & 0xFF, 0);
            if i == 0 {
                assert!((field >> 8).wrapping_sub(self.next_packet_index) & 0xFF_FFFF < 1 << 23);
            } else {
                assert_eq!(field >> 8, self.next_packet_index);
            }
            self.next_packet_index = ((field >> 8) + 1) & 0xFF_FFFF;
        }
        let header = &staged[0][32..40];
        assert_eq!(header[0], 1, "8-byte frame header");
        let last_payload = usize::from(u16::from_le_bytes([header[4], header[5]]));
        assert!(last_payload >= 1 && last_payload <= self.shard_bytes - 32);
        assert_eq!(header[6..8], [0, 0]);
        let mut body: Vec<u8> = Vec::new();
        for (i, shard) in staged.iter().enumerate() {
            let used = if i + 1 == staged.len() {
                last_payload
            } else {
                self.shard_bytes - 32
            };
            body.extend(&shard[32..32 + used]);
            assert!(
                shard[32 + used..].iter().all(|&b| b == 0),
                "padding is zero"
            );
            assert_eq!(shard[25], staged[0][25], "extra flags are the frame's");
            assert_eq!(shard[4..8], staged[0][4..8], "one timestamp a frame");
        }
        self.frames.push(ReceivedFrame {
            index: frame,
            frame_type: header[3],
            latency_100us: u16::from_le_bytes([header[1], header[2]]),
            timestamp: u32::from_be_bytes(staged[0][4..8].try_into().expect("4 bytes")),
            long_term_reference: staged[0][25] & 1 != 0,
            access_unit: body[8..].to_vec(),
        });
        self.current_frame = frame.wrapping_add(1);
        self.next_block = 0;
    }
}

fn le32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("4 bytes"))
}

fn is_before(a: u16, b: u16) -> bool {
    a.wrapping_sub(b) >= 1 << 15
}
