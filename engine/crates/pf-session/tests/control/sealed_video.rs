//! Sealed pictures: what arrives opens with the session's key, by another implementation of the cipher.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use serde_json::json;

use crate::client::{Client, KEY};
use crate::rig::Rig;

#[test]
fn every_datagram_opens_with_the_key_and_holds_a_shard_of_its_frame() {
    let mut rig = Rig::new();
    let request = rig.request(1, |request| request["encryption"]["video"] = json!(true));
    let shard_bytes = request.packet_size as usize + 16;
    let session = rig.start_request(request);
    let _client = Client::start(rig.control, 1);
    let pictures = rig.ping_video(1);
    rig.event(session, "control_ready");
    let cipher = Aes128Gcm::new(&KEY.into());
    let mut nonces = std::collections::HashSet::new();
    let mut frames = std::collections::HashSet::new();
    for next_sequence in 0..200_u16 {
        let mut datagram = [0; 2048];
        let bytes = pictures.recv(&mut datagram).expect("a picture");
        assert_eq!(bytes, 32 + shard_bytes);
        let (prefix, shard) = datagram[..bytes].split_at_mut(32);
        let nonce: [u8; 12] = prefix[..12].try_into().expect("12 bytes");
        let tag: [u8; 16] = prefix[16..].try_into().expect("16 bytes");
        assert!(nonces.insert(nonce), "a nonce came twice");
        assert_eq!(nonce[8..], [0, 0, 0, b'V']);
        cipher
            .decrypt_inout_detached(&Nonce::from(nonce), &[], shard.into(), &Tag::from(tag))
            .expect("the tag is right");
        assert_eq!(shard[..2], [0x90, 0]);
        let sequence = u16::from_be_bytes([shard[2], shard[3]]);
        assert_eq!(sequence, next_sequence);
        assert_eq!(prefix[12..16], shard[20..24], "the frame's number");
        frames.insert(shard[20..24].to_vec());
    }
    assert!(frames.len() > 5, "{} frames", frames.len());
}

#[test]
fn without_video_encryption_pictures_are_clear() {
    let mut rig = Rig::new();
    let request = rig.request(1, |_| {});
    let datagram_bytes = request.packet_size as usize + 16;
    rig.start_request(request);
    let _client = Client::start(rig.control, 1);
    let pictures = rig.ping_video(1);
    let mut datagram = [0; 2048];
    assert_eq!(
        pictures.recv(&mut datagram).expect("a picture"),
        datagram_bytes
    );
    assert_eq!(datagram[..2], [0x90, 0]);
}

#[test]
fn a_key_is_nowhere_in_what_the_engine_tells() {
    let mut rig = Rig::new();
    let session = rig.start(1);
    let _client = Client::start(rig.control, 1);
    rig.event(session, "control_ready");
    let snapshot = serde_json::to_string(&rig.engine.snapshot()).expect("JSON");
    let shared = rig.engine.session(session).expect("it runs");
    let request = format!("{:?}", shared.request);
    rig.engine.stop_session(session, "x").expect("it runs");
    rig.ended(session);
    let told = format!("{snapshot}{request}{:?}", rig.events);
    for secret in [crate::client::KEY_HEX, "112233", "0000000000000001"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    // Wiped from the request once it was turned into sealers.
    let encryption = shared.request.encryption.as_ref().expect("it was asked");
    assert_eq!(encryption.key.bytes(), &[0; 16]);
}
