//! A sender for tests, written from the specification once more: slow, bit by bit, and sharing nothing with the
//! receiver it tests. Also included by the tests in `tests/`.

/// Bytes of a hexadecimal text; spaces do not matter.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let pair = |pair: &[u8]| {
        u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal")
    };
    digits.chunks(2).map(pair).collect()
}

/// The datagrams of §4.5: an IDR of two data and two parity packets, then a P frame of one and two.
pub fn vector_4_5() -> Vec<Vec<u8>> {
    let padding = "00".repeat(32);
    [
        "90000000 00000000 00000000 00000000 00000000 01000000 05001000 40068000
         01250002 2F000000 00000001 6764001F ACD94050 05BB0000 000168EB E3CB0000 00016510 11121314 15161718 191A1B1C",
        "90000001 00000000 00000000 00000000 00010000 01000000 03001000 40168000
         1D1E1F20 21222324 25262728 292A2B2C 2D2E2F30 31323334 35363738 393A3B3C 3D3E3F40 41424344 45464748 494A4B00",
        "90000002 00000000 00000000 00000000 00F40000 01000000 8D00F300 40268000
         8596FEEA 861EEA1C E8E91D96 51DF196E 4DF8CE38 683611E7 139CD218 E8FDE214 E06FA9C3 B9374D36 4CC2B834 4EC0BA0E",
        "90000003 00000000 00000000 00000000 008E0000 01000000 8C00F300 40368000
         74E781E5 70119F12 9C139DE0 4CC29BE8 FCAB5228 9570971A 94EF4645 38AF931E 90EBB2DB A12F552E 54DAA02C 56D8A2FF",
        &format!("90000004 000005DC 00000000 00000000 00020000 02000000 07001000 800C4000 01290001 10000000 00000001 419A2102 {padding}"),
        &format!("90000005 000005DC 00000000 00000000 00010000 02000000 8D000800 801C4000 8E9A008E 08000000 0000008E AE4D9E01 {padding}"),
        &format!("90000006 000005DC 00000000 00000000 00F50000 02000000 F600FB00 802C4000 F4EC00F4 FB000000 000000F4 3F761FF5 {padding}"),
    ]
    .map(hex)
    .to_vec()
}

/// Parity shards over data shards that lie one after another.
pub fn parity_of(data: &[u8], data_shards: usize, parity_shards: usize) -> Vec<u8> {
    let shard_bytes = data.len() / data_shards;
    let mut parity = vec![0; parity_shards * shard_bytes];
    for (j, target) in parity.chunks_mut(shard_bytes).enumerate() {
        for (i, source) in data.chunks(shard_bytes).enumerate() {
            let weight = slow_inverse(((parity_shards + i) ^ j) as u8);
            let products: Vec<u8> = (0..=255).map(|value| slow_product(value, weight)).collect();
            for (target, &source) in target.iter_mut().zip(source) {
                *target ^= products[usize::from(source)];
            }
        }
    }
    parity
}

fn slow_product(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        let carry = a & 0x80 != 0;
        a <<= 1;
        if carry {
            a ^= 0x1D;
        }
        b >>= 1;
    }
    product
}

fn slow_inverse(a: u8) -> u8 {
    (1..=255)
        .find(|&b| slow_product(a, b) == 1)
        .expect("every value but zero has an inverse")
}

/// An access unit that a client takes as a key frame, of `bytes` (at least 27).
pub fn key_unit(bytes: usize) -> Vec<u8> {
    let mut unit = hex("000000016764001F 0000000168EBE3CB 0000000165");
    unit.extend((unit.len()..bytes).map(|i| (i * 31 % 251 + 2) as u8));
    unit
}

/// An access unit of a P frame, of `bytes`, different for each `tag`.
pub fn predicted_unit(bytes: usize, tag: u32) -> Vec<u8> {
    let mut unit = hex("00000001419A");
    unit.extend((unit.len()..bytes).map(|i| (i * 17 + tag as usize * 7) as u8 % 250 + 2));
    unit
}

/// Numbers packets and frames like a session, and makes the datagrams of a frame.
#[derive(Clone)]
pub struct TestSender {
    pub packet_size: usize,
    pub parity_pct: usize,
    pub min_parity: usize,
    /// Blocks of the next frames; 1 to 4.
    pub blocks: usize,
    pub long_term_reference: bool,
    pub sequence: u16,
    pub packet_index: u32,
    pub frame: u32,
    pub timestamp: u32,
}

impl TestSender {
    pub fn new(packet_size: usize) -> Self {
        Self {
            packet_size,
            parity_pct: 20,
            min_parity: 2,
            blocks: 1,
            long_term_reference: false,
            sequence: 0,
            packet_index: 0,
            frame: 1,
            timestamp: 0,
        }
    }

    /// The datagrams of the next frame; `kind` is 1, 2, 4 or 5.
    pub fn frame(&mut self, kind: u8, unit: &[u8]) -> Vec<Vec<u8>> {
        let payload = self.packet_size - 16;
        let used = (8 + unit.len()) % payload;
        let last = if used == 0 { payload } else { used } as u16;
        let mut body = vec![1, 0x25, 0, kind];
        body.extend(last.to_le_bytes());
        body.extend([0, 0]);
        body.extend(unit);
        let packets = body.len().div_ceil(payload);
        body.resize(packets * payload, 0);
        let per_block = packets.div_ceil(self.blocks);
        let blocks: Vec<&[u8]> = body.chunks(per_block * payload).collect();
        let datagrams = blocks
            .iter()
            .enumerate()
            .flat_map(|(i, data)| self.block(i, blocks.len() - 1, data))
            .collect();
        self.frame += 1;
        self.timestamp += 1500;
        datagrams
    }

    fn block(&mut self, block: usize, last_block: usize, data: &[u8]) -> Vec<Vec<u8>> {
        let payload = self.packet_size - 16;
        let shard_bytes = self.packet_size + 16;
        let data_shards = data.len() / payload;
        let (mut pct, mut parity_shards) = (
            self.parity_pct,
            (data_shards * self.parity_pct).div_ceil(100),
        );
        if pct > 0 && parity_shards < self.min_parity {
            pct = (100 * self.min_parity / data_shards).min(255);
            parity_shards = (data_shards * pct).div_ceil(100);
        }
        let mut shards = Vec::new();
        for (i, part) in data.chunks(payload).enumerate() {
            let mut shard = vec![0; 32];
            shard[16..20].copy_from_slice(&(self.packet_index << 8).to_le_bytes());
            self.packet_index = (self.packet_index + 1) & 0xFF_FFFF;
            let first = if i == 0 { 4 } else { 0 };
            let last = if i + 1 == data_shards { 2 } else { 0 };
            shard[24] = 1 | first | last;
            shard[25] = u8::from(self.long_term_reference);
            shard.extend(part);
            shards.extend(shard);
        }
        let parity = parity_of(&shards, data_shards, parity_shards);
        shards.extend(parity);
        let mut datagrams = Vec::new();
        for (index, shard) in shards.chunks(shard_bytes).enumerate() {
            let mut datagram = shard.to_vec();
            datagram[0] = 0x90;
            datagram[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            datagram[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
            datagram[20..24].copy_from_slice(&self.frame.to_le_bytes());
            datagram[27] = (last_block << 6 | block << 4) as u8;
            let fec_info = data_shards << 22 | index << 12 | pct << 4;
            datagram[28..32].copy_from_slice(&(fec_info as u32).to_le_bytes());
            self.sequence = self.sequence.wrapping_add(1);
            datagrams.push(datagram);
        }
        datagrams
    }
}
