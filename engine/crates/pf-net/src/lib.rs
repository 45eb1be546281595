//! The kernel as this engine needs it: UDP with segmentation offload, the NIC's speed, deadlines, thread tuning.
//!
//! Every network system call of the engine lives here. It knows no packet format and starts no thread;
//! what is sent, when and to whom is decided by `pf-session`.
#![deny(missing_docs)]

mod control;
mod error;
mod link;
mod message;
mod peer_errors;
mod segments;
mod socket;
mod sys;
mod thread;
mod time;
mod waker;

pub use control::{ControlDatagram, ControlSocket};
pub use error::NetError;
pub use link::{link_speed_mbps, link_speed_mbps_below};
pub use message::LocalAddress;
pub use segments::{MAX_CALL_BYTES, MAX_SEGMENTS, SendOutcome, SendRefusal, SendResult};
pub use socket::{DscpMarking, MediaSocket, QosClass, Readiness, SocketOptions};
pub use thread::{ThreadRole, ThreadTuning, tune_thread};
pub use time::{DeadlineSleeper, doze_until, monotonic_ns};
pub use waker::Waker;
