#![forbid(unsafe_code)]
//! Wire formats and state machines of the streaming protocols, sans-IO.
//!
//! Holds no socket, thread, clock or random source: time comes in as nanoseconds, buffers as slices,
//! Reed–Solomon parity as a closure. Nothing on the per-frame path allocates.
//!
//! | part | file |
//! |------|------|
//! | video datagrams, FEC blocks, frame header | `gamestream/video.rs`, `gamestream/split.rs` |
//! | what packet 0 of a frame must hold | `gamestream/bitstream.rs` |
//! | H.264 sequence parameter set | `gamestream/h264_sps.rs` |
//! | audio datagrams | `gamestream/audio.rs` |
//! | what of a control port reaches ENet | `gamestream/enet.rs` |
//! | what a client reports, round trips | `gamestream/reports.rs`, `gamestream/round_trip.rs` |
//! | control messages, input | `gamestream/control.rs`, `gamestream/input.rs` |
//! | media pings, the client's endpoint | `gamestream/ping.rs` |
//! | IDR requests, invalidated ranges, long-term references | `gamestream/recovery.rs` |
//! | when bytes may leave | `pacer.rs` |
//! | what bitrate the way carries | `bitrate.rs` |

pub mod bitrate;
mod error;
pub mod gamestream;
pub mod pacer;
pub mod units;

pub use error::ProtoError;
