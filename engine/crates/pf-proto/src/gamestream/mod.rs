//! GameStream, as an unmodified Moonlight client understands it (appversion 7.1.431.-1).
//!
//! | message | file |
//! |---------|------|
//! | video datagram, frame header | `video.rs` |
//! | split of a frame into FEC blocks, parity count | `split.rs` |
//! | audio packets and their parity | `audio.rs` |
//! | first bytes of an access unit (Annex B) | `bitstream.rs` |
//! | H.264 sequence parameter set | `h264_sps.rs` |
//! | media ping | `ping.rs` |
//! | control messages behind their envelope | `control.rs` |
//! | what of a control port reaches ENet | `enet.rs` |
//! | input | `input.rs`, `input_parse.rs` |
//! | loss, recovery and round trips from the client's own messages | `reports.rs`, `sent_frames.rs`, `round_trip.rs` |
//! | recovery requests, coalesced and answered | `recovery.rs` |

pub mod audio;
pub mod bitstream;
pub mod control;
pub mod enet;
pub mod h264_sps;
pub mod input;
mod input_parse;
pub mod ping;
pub mod recovery;
pub mod reports;
pub mod round_trip;
mod sent_frames;
mod split;
pub mod video;
