//! The engine through its six C functions.

mod abi;
mod contract;
mod stream;
mod support;
