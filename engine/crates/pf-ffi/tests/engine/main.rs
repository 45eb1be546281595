//! The engine through its six C functions.

mod abi;
mod stream;
mod support;
