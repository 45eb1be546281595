//! One suite for the reference and all kernels: published vectors, every pair of counts, recovery, misuse.

mod block;
mod conformance;
mod misuse;
mod recovery;
mod sha256;
mod vectors;
