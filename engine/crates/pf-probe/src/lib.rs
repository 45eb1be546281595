#![forbid(unsafe_code)]
//! An independent receiver of GameStream video, shipped as *Test stream*.
//!
//! Shares no code with the sender, on purpose: a misunderstanding built into both ends would test as correct.
//! Written from `spec/gamestream-media.md` §2–6 alone; behaves like a stock client, and says what it finds
//! wrong. It decodes no picture and no encryption.
#![deny(missing_docs)]

mod access_unit;
mod assembler;
mod block;
mod erasure;
mod loss;
mod packet;
mod receiver;
mod report;
mod run;
mod sequence;

#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod test_sender;

pub use report::ProbeReport;
pub use run::{ProbeConfig, ProbeError, Recovery, run};
