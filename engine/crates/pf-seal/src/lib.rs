//! Sealing of GameStream's control messages, video datagrams and audio packets. Keys and counters come in by value and a
//! nonce is used once, by type. Holds no socket, thread or clock.
#![forbid(unsafe_code)]
