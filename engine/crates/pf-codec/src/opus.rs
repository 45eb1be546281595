//! Sound to Opus packets of one size: stereo, 5.1 and 7.1, as GameStream clients decode them.
//!
//! opus-pure encodes each stream; this puts the streams of a packet together (RFC 6716 appendix B), because its own
//! multistream encoder knows only the couplings of Vorbis and no fixed size for the whole. Follows gamestream-media.md
//! 7.5: 48 kHz, restricted low delay, hard constant bitrate, channel n of the input is channel n of the streams.

use opus_pure::{Application, RateControl};

use crate::error::CodecError;

/// How channels lie in streams, and how many bytes they get. Channel order: FL FR FC LFE BL BR SL SR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpusLayout {
    /// Two channels at 96 kb/s.
    Stereo,
    /// Two channels at 512 kb/s.
    StereoHigh,
    /// Six channels at 256 kb/s.
    Surround51,
    /// Six channels at 1536 kb/s, each on its own.
    Surround51High,
    /// Eight channels at 450 kb/s.
    Surround71,
    /// Eight channels at 2048 kb/s, each on its own.
    Surround71High,
}

impl OpusLayout {
    /// The layout a client gets for what it negotiated.
    ///
    /// Errors: [`CodecError::AudioChannels`] for anything but 2, 6 and 8.
    pub fn of(channels: u8, high_quality: bool) -> Result<Self, CodecError> {
        match (channels, high_quality) {
            (2, false) => Ok(Self::Stereo),
            (2, true) => Ok(Self::StereoHigh),
            (6, false) => Ok(Self::Surround51),
            (6, true) => Ok(Self::Surround51High),
            (8, false) => Ok(Self::Surround71),
            (8, true) => Ok(Self::Surround71High),
            _ => Err(CodecError::AudioChannels(channels)),
        }
    }

    /// Channels of the interleaved input.
    pub const fn channels(self) -> usize {
        match self {
            Self::Stereo | Self::StereoHigh => 2,
            Self::Surround51 | Self::Surround51High => 6,
            Self::Surround71 | Self::Surround71High => 8,
        }
    }

    /// Opus streams in a packet.
    pub const fn streams(self) -> usize {
        self.channels() - self.coupled()
    }

    /// How many of the streams, the first ones, carry two channels.
    pub const fn coupled(self) -> usize {
        match self {
            Self::Stereo | Self::StereoHigh => 1,
            Self::Surround51 => 2,
            Self::Surround71 => 3,
            Self::Surround51High | Self::Surround71High => 0,
        }
    }

    /// Of all streams together.
    pub const fn bitrate_kbps(self) -> u32 {
        match self {
            Self::Stereo => 96,
            Self::StereoHigh => 512,
            Self::Surround51 => 256,
            Self::Surround51High => 1536,
            Self::Surround71 => 450,
            Self::Surround71High => 2048,
        }
    }

    /// Bytes of every packet of that length.
    pub const fn packet_bytes(self, packet_ms: u32) -> usize {
        (self.bitrate_kbps() * packet_ms / 8) as usize
    }
}

/// One session's sound.
pub struct OpusEncoder {
    channels: usize,
    frame_samples: usize,
    packet_bytes: usize,
    streams: Vec<Stream>,
    /// One stream's channels, interleaved.
    pcm: Vec<f32>,
}

/// One stream of a packet.
struct Stream {
    encoder: opus_pure::OpusEncoder,
    /// The first of its channels in the input.
    channel: usize,
    channels: usize,
    /// Bytes of its own packet, without the length that tells where the next stream starts.
    bytes: usize,
    /// Bytes of that length; 0 for the last stream.
    length_bytes: usize,
}

impl OpusEncoder {
    /// An encoder at the start of a stream, for packets of 5 or 10 ms.
    ///
    /// Errors: [`CodecError::AudioPacketLength`], and the encoder's own.
    pub fn new(layout: OpusLayout, packet_ms: u32) -> Result<Self, CodecError> {
        if !PACKET_LENGTHS_MS.contains(&packet_ms) {
            return Err(CodecError::AudioPacketLength { packet_ms });
        }
        let channels = layout.channels();
        let packet_bytes = layout.packet_bytes(packet_ms);
        let (mut channel, mut left_bytes) = (0, packet_bytes);
        let mut streams = Vec::with_capacity(layout.streams());
        for number in 0..layout.streams() {
            let stream_channels = if number < layout.coupled() { 2 } else { 1 };
            // An equal share for every channel that is left, so the last stream ends the packet exactly.
            let share = left_bytes * stream_channels / (channels - channel);
            let is_last = number + 1 == layout.streams();
            let length_bytes = if is_last { 0 } else { length_bytes(share) };
            let bytes = share - length_bytes;
            streams.push(Stream {
                encoder: encoder(stream_channels, bytes, packet_ms)?,
                channel,
                channels: stream_channels,
                bytes,
                length_bytes,
            });
            channel += stream_channels;
            left_bytes -= share;
        }
        let frame_samples = (SAMPLES_A_MS * packet_ms) as usize;
        Ok(Self {
            channels,
            frame_samples,
            packet_bytes,
            streams,
            pcm: vec![0.0; frame_samples * 2],
        })
    }

    /// Interleaved samples that a packet takes, all channels together.
    pub fn samples(&self) -> usize {
        self.frame_samples * self.channels
    }

    /// Bytes of every packet.
    pub fn packet_bytes(&self) -> usize {
        self.packet_bytes
    }

    /// Encodes one packet to the start of `out` and answers its length, which is always [`Self::packet_bytes`].
    /// `pcm` is interleaved, from -1 to 1; what is louder is cut, what is no number is silence.
    ///
    /// Errors: another number of samples than [`Self::samples`], too little room, and the encoder's own.
    pub fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, CodecError> {
        if pcm.len() != self.samples() {
            return Err(CodecError::AudioSamples {
                expected: self.samples(),
                got: pcm.len(),
            });
        }
        let got = out.len();
        let mut rest = out
            .get_mut(..self.packet_bytes)
            .ok_or(CodecError::AudioRoom {
                needed: self.packet_bytes,
                got,
            })?;
        for stream in &mut self.streams {
            let own = &mut self.pcm[..self.frame_samples * stream.channels];
            let frames = pcm.chunks_exact(self.channels);
            for (to, from) in own.chunks_exact_mut(stream.channels).zip(frames) {
                let from = &from[stream.channel..][..stream.channels];
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = if from.is_nan() {
                        0.0
                    } else {
                        from.clamp(-1.0, 1.0)
                    };
                }
            }
            let (packet, behind) = rest.split_at_mut(stream.length_bytes + stream.bytes);
            stream.encode(own, self.frame_samples, packet)?;
            rest = behind;
        }
        Ok(self.packet_bytes)
    }
}

impl Stream {
    /// Fills `packet`: the first byte, the length unless it is the last stream, the frame.
    fn encode(
        &mut self,
        pcm: &[f32],
        frame_samples: usize,
        packet: &mut [u8],
    ) -> Result<(), CodecError> {
        let plain = &mut packet[self.length_bytes..];
        let got = self
            .encoder
            .encode(pcm, frame_samples, plain)
            .map_err(failed)?;
        let first = plain[0];
        if got != self.bytes || first & FRAME_COUNT_CODE != 0 {
            return Err(CodecError::Audio(format!(
                "a stream of {} bytes was asked for, one of {got} with first byte {first:#04x} came",
                self.bytes
            )));
        }
        packet[0] = first;
        let frame_bytes = self.bytes - 1;
        match self.length_bytes {
            0 => {}
            1 => packet[1] = frame_bytes as u8,
            _ => {
                let low = LONG_LENGTHS + (frame_bytes - LONG_LENGTHS) % 4;
                packet[1] = low as u8;
                packet[2] = ((frame_bytes - low) / 4) as u8;
            }
        }
        Ok(())
    }
}

fn encoder(
    channels: usize,
    bytes: usize,
    packet_ms: u32,
) -> Result<opus_pure::OpusEncoder, CodecError> {
    let application = Application::RestrictedLowDelay;
    let mut encoder =
        opus_pure::OpusEncoder::new(SAMPLES_A_MS as i32 * 1000, channels, application)
            .map_err(failed)?;
    encoder.rate_control = RateControl::Cbr;
    encoder.complexity = COMPLEXITY;
    encoder.bitrate_bps = (bytes * 8 * 1000) as i32 / packet_ms as i32;
    Ok(encoder)
}

fn failed(error: opus_pure::Error) -> CodecError {
    CodecError::Audio(error.to_string())
}

/// How many bytes tell a frame's length in a stream that may take `share` bytes with them (RFC 6716 3.2.1).
fn length_bytes(share: usize) -> usize {
    // One byte for the length itself, one in front of the frame.
    if share - 2 < LONG_LENGTHS { 1 } else { 2 }
}

const SAMPLES_A_MS: u32 = 48;
/// What clients ask for.
const PACKET_LENGTHS_MS: [u32; 2] = [5, 10];
/// Lengths from here on take two bytes.
const LONG_LENGTHS: usize = 252;
/// The bits of a packet's first byte that are 0 when it holds one frame.
const FRAME_COUNT_CODE: u8 = 3;
/// opus-pure's own. 0 halves the time, but a whole core still carries 20 sessions of the costliest layout at 9
/// (`examples/opus_bench.rs`), and sound is what is heard.
const COMPLEXITY: i32 = 9;

#[cfg(test)]
#[path = "opus_tests.rs"]
mod tests;
