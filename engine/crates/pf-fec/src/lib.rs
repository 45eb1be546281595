#![deny(unsafe_code)]
#![doc = include_str!("algorithm.md")]

mod block;
mod error;
mod field;
mod kernel;
pub mod reference;

pub use block::{BlockLayout, MAX_SHARDS};
pub use error::FecError;
pub use kernel::{Kernel, encode};
