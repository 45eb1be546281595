//! Audio packets and their parity: four data packets of equal size, then two parity packets.
//!
//! Does not encode or seal: payloads come in as they go out. Parity runs over payloads alone, after
//! sealing, with a fixed matrix (not the Cauchy matrix of video) in the same field, polynomial 0x11D.
//!
//! | off | size | data packet | parity packet | order |
//! |----:|-----:|-------------|---------------|-------|
//! | 0 | 2 | `80`, payload type 97 | `80`, payload type 127 | |
//! | 2 | 2 | sequence, data packets only | first of the block + 4 + number | BE |
//! | 4 | 4 | timestamp, ms | 0 | BE |
//! | 8 | 4 | SSRC, 0 | 0 | BE |
//! | 12 | | payload | number, 97, first sequence (2), first timestamp (4), SSRC (4) | BE |
//! | 24 | | | parity | |
//!
//! A block begins at a multiple of 4. A payload of another size in a block makes the client switch its
//! error correction off for good, so such a payload begins the next block instead, and the numbers between
//! are never sent. Source: gamestream-media.md 7.1 to 7.3.

use crate::error::ProtoError;
use crate::units::SequenceNumber;

/// Writes the datagrams of a session's audio, in buffers of its own. Allocates nothing.
#[derive(Clone, Debug)]
pub struct AudioPacketizer {
    packet_ms: u32,
    next_sequence: SequenceNumber,
    next_timestamp: u32,
    /// Timestamp of the block's first packet.
    block_timestamp: u32,
    /// Payload bytes of the block that is under way; none before its first packet.
    block_payload_bytes: Option<usize>,
    cut_blocks: u64,
    data: [u8; MAX_DATAGRAM_BYTES],
    parity: [[u8; MAX_DATAGRAM_BYTES]; PARITY_PACKETS],
}

/// What one payload makes: its packet and, behind the fourth of a block, the block's parity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioDatagrams<'a> {
    /// The data packet; to be sent at once.
    pub data: &'a [u8],
    /// The parity packets; to be sent right behind it.
    pub parity: Option<[&'a [u8]; PARITY_PACKETS]>,
}

impl AudioPacketizer {
    /// Longest payload whose parity still fits the client's buffer of 1,400 bytes.
    pub const MAX_PAYLOAD_BYTES: usize = MAX_DATAGRAM_BYTES - PARITY_HEADER_BYTES;

    /// A packetizer at the start of a session: sequence 0, timestamp 0. `packet_ms` is the client's
    /// `packetDuration`.
    pub const fn new(packet_ms: u32) -> Self {
        Self {
            packet_ms,
            next_sequence: SequenceNumber::FIRST,
            next_timestamp: 0,
            block_timestamp: 0,
            block_payload_bytes: None,
            cut_blocks: 0,
            data: [0; MAX_DATAGRAM_BYTES],
            parity: [[0; MAX_DATAGRAM_BYTES]; PARITY_PACKETS],
        }
    }

    /// The number that a payload of this size will get, for sealing it. Where the size differs from the
    /// block's, the block ends here without parity.
    pub fn sequence_for(&mut self, payload_bytes: usize) -> SequenceNumber {
        let deviates = self
            .block_payload_bytes
            .is_some_and(|bytes| bytes != payload_bytes);
        if deviates {
            let left = DATA_PACKETS - self.next_sequence.0 % DATA_PACKETS;
            self.next_sequence = self.next_sequence.plus(left);
            self.block_payload_bytes = None;
            self.cut_blocks += 1;
        }
        self.next_sequence
    }

    /// Blocks that ended early for a payload of another size; in a session with a constant bitrate, none.
    pub const fn cut_blocks(&self) -> u64 {
        self.cut_blocks
    }

    /// Writes the packet of a payload, under the number that [`Self::sequence_for`] told for its size.
    ///
    /// # Errors
    /// [`ProtoError::AudioPayload`] without a byte or above [`Self::MAX_PAYLOAD_BYTES`]; nothing has
    /// changed then.
    pub fn packetize(&mut self, payload: &[u8]) -> Result<AudioDatagrams<'_>, ProtoError> {
        if payload.is_empty() || payload.len() > Self::MAX_PAYLOAD_BYTES {
            return Err(ProtoError::AudioPayload {
                bytes: payload.len(),
                limit_bytes: Self::MAX_PAYLOAD_BYTES,
            });
        }
        let sequence = self.sequence_for(payload.len());
        let place = usize::from(sequence.0 % DATA_PACKETS);
        if place == 0 {
            self.block_timestamp = self.next_timestamp;
        }
        self.block_payload_bytes = Some(payload.len());
        let data_bytes = RTP_HEADER_BYTES + payload.len();
        write_rtp(&mut self.data, DATA_TYPE, sequence, self.next_timestamp);
        self.data[RTP_HEADER_BYTES..data_bytes].copy_from_slice(payload);
        for (row, parity) in PRODUCTS.iter().zip(&mut self.parity) {
            let parity = &mut parity[PARITY_HEADER_BYTES..][..payload.len()];
            if place == 0 {
                parity.fill(0);
            }
            add_product(parity, payload, &row[place]);
        }
        self.next_sequence = sequence.plus(1);
        self.next_timestamp = self.next_timestamp.wrapping_add(self.packet_ms);
        let is_last = place + 1 == usize::from(DATA_PACKETS);
        if is_last {
            self.block_payload_bytes = None;
            self.write_parity_headers(sequence);
        }
        let data = &self.data[..data_bytes];
        let parity_bytes = PARITY_HEADER_BYTES + payload.len();
        let parity = is_last.then(|| self.parity.each_ref().map(|p| &p[..parity_bytes]));
        Ok(AudioDatagrams { data, parity })
    }

    fn write_parity_headers(&mut self, last: SequenceNumber) {
        let first = SequenceNumber(last.0 - last.0 % DATA_PACKETS);
        for (number, parity) in (0..).zip(&mut self.parity) {
            write_rtp(parity, PARITY_TYPE, last.plus(1 + u16::from(number)), 0);
            parity[12] = number;
            parity[13] = DATA_TYPE;
            parity[14..16].copy_from_slice(&first.0.to_be_bytes());
            parity[16..20].copy_from_slice(&self.block_timestamp.to_be_bytes());
            parity[20..PARITY_HEADER_BYTES].fill(0);
        }
    }
}

fn write_rtp(datagram: &mut [u8], payload_type: u8, sequence: SequenceNumber, timestamp: u32) {
    datagram[0] = 0x80;
    datagram[1] = payload_type;
    datagram[2..4].copy_from_slice(&sequence.0.to_be_bytes());
    datagram[4..8].copy_from_slice(&timestamp.to_be_bytes());
    datagram[8..RTP_HEADER_BYTES].fill(0);
}

fn add_product(sum: &mut [u8], payload: &[u8], products: &[u8; 256]) {
    for (sum, byte) in sum.iter_mut().zip(payload) {
        *sum ^= products[usize::from(*byte)];
    }
}

const DATA_PACKETS: u16 = 4;
const PARITY_PACKETS: usize = 2;
/// The client's receive buffer.
const MAX_DATAGRAM_BYTES: usize = 1_400;
const RTP_HEADER_BYTES: usize = 12;
const PARITY_HEADER_BYTES: usize = 24;
const DATA_TYPE: u8 = 97;
const PARITY_TYPE: u8 = 127;

const MATRIX: [[u8; DATA_PACKETS as usize]; PARITY_PACKETS] =
    [[0x77, 0x40, 0x38, 0x0E], [0xC7, 0xA7, 0x0D, 0x6C]];

/// Every byte times each coefficient.
static PRODUCTS: [[[u8; 256]; DATA_PACKETS as usize]; PARITY_PACKETS] = {
    let mut products = [[[0; 256]; DATA_PACKETS as usize]; PARITY_PACKETS];
    let mut row = 0;
    while row < PARITY_PACKETS {
        let mut column = 0;
        while column < DATA_PACKETS as usize {
            let mut byte = 0;
            while byte < 256 {
                products[row][column][byte] = multiply(MATRIX[row][column], byte as u8);
                byte += 1;
            }
            column += 1;
        }
        row += 1;
    }
    products
};

/// Product in GF(2^8), polynomial 0x11D.
const fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0);
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1D } else { 0 };
        b >>= 1;
    }
    product
}
