//! A block in a buffer of its own, at any alignment and with guard bytes wherever no shard is.

use pf_fec::{BlockLayout, FecError, Kernel, encode, reference};

/// What lies before, between and after the shards, and in the parity shards before they are written.
const GUARD: u8 = 0xA5;

pub struct Block {
    buffer: Vec<u8>,
    start: usize,
    layout: BlockLayout,
}

impl Block {
    /// Data shards filled one after another from `next_byte`.
    pub fn new(layout: BlockLayout, start: usize, mut next_byte: impl FnMut() -> u8) -> Self {
        let mut block = Self {
            buffer: vec![GUARD; start + layout.needed_bytes() + 64],
            start,
            layout,
        };
        for index in 0..layout.data {
            block.shard_mut(index).fill_with(&mut next_byte);
        }
        block
    }

    pub fn from_shards(shards: &[Vec<u8>], parity: usize) -> Self {
        let shard_bytes = shards[0].len();
        let layout = BlockLayout {
            data: shards.len(),
            parity,
            shard_bytes,
            stride_bytes: shard_bytes,
        };
        let mut bytes = shards.iter().flatten().copied();
        Self::new(layout, 0, || bytes.next().expect("shards of one length"))
    }

    pub fn encode_with(&mut self, kernel: Kernel) -> Result<(), FecError> {
        let end = self.start + self.layout.needed_bytes();
        encode(kernel, &mut self.buffer[self.start..end], self.layout)
    }

    pub fn encode_with_reference(&mut self) -> Result<(), FecError> {
        let end = self.start + self.layout.needed_bytes();
        reference::encode(&mut self.buffer[self.start..end], self.layout)
    }

    /// Every byte of the buffer, guards included.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub fn shard(&self, index: usize) -> &[u8] {
        let start = self.start + index * self.layout.stride_bytes;
        &self.buffer[start..start + self.layout.shard_bytes]
    }

    pub fn shard_mut(&mut self, index: usize) -> &mut [u8] {
        let start = self.start + index * self.layout.stride_bytes;
        &mut self.buffer[start..start + self.layout.shard_bytes]
    }

    pub fn data(&self) -> Vec<u8> {
        (0..self.layout.data)
            .flat_map(|i| self.shard(i))
            .copied()
            .collect()
    }

    pub fn parity(&self) -> Vec<u8> {
        let parity = self.layout.data..self.layout.data + self.layout.parity;
        parity.flat_map(|i| self.shard(i)).copied().collect()
    }
}

/// The generator of the specification: bytes 3C 5E 81 B4 … from seed 1.
pub fn bytes_from(seed: u32) -> impl FnMut() -> u8 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    }
}

/// What the suite runs: the reference, and each kernel of this processor.
pub fn encoders() -> impl Iterator<Item = Option<Kernel>> {
    std::iter::once(None).chain(Kernel::available().map(Some))
}

pub fn name(encoder: Option<Kernel>) -> &'static str {
    encoder.map_or("reference", Kernel::name)
}

/// Encodes a block that is known to be valid.
pub fn encode_valid(encoder: Option<Kernel>, block: &mut Block) {
    let encoded = match encoder {
        None => block.encode_with_reference(),
        Some(kernel) => block.encode_with(kernel),
    };
    assert_eq!(encoded, Ok(()), "{}", name(encoder));
}
