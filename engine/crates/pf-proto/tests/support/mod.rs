//! What the integration tests share: scalar Reed–Solomon and a receiver, both written from
//! gamestream-media.md alone and used by no shipped code.

#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod cauchy;
pub mod hex;
pub mod receiver;
