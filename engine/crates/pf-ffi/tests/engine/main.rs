//! The engine through its six C functions.

mod abi;
mod contract;
mod scripts;
mod stream;
mod support;
