//! The printed video and audio ciphertexts of gamestream-media.md 5 and 7.7.

mod support;

use aes::Aes128;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use pf_seal::{AudioSealer, ControlStyle, SealError, SessionKey, VIDEO_PREFIX_BYTES};
use proptest::prelude::*;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use support::hex;

/// Datagrams 0 and 1 of gamestream-media.md 4.5.
const SHARDS: [&str; 2] = [
    "90000000 00000000 00000000 00000000 00000000 01000000 05001000 40068000
     01250002 2F000000 00000001 6764001F ACD94050 05BB0000 000168EB E3CB0000 00016510 11121314 15161718 191A1B1C",
    "90000001 00000000 00000000 00000000 00010000 01000000 03001000 40168000
     1D1E1F20 21222324 25262728 292A2B2C 2D2E2F30 31323334 35363738 393A3B3C 3D3E3F40 41424344 45464748 494A4B00",
];

const SEALED: [&str; 2] = [
    "000000000000000000000056 01000000 BA3BC0CC80D75F3B4E1F2DD888054F3E
     4F33772DD68B36BBFC7929865625EC58199CB9FAA2EB43E663DCC80F45B7ED5DFE1B1C83A40FD170AFB1A6D8E27CAFDB402A301C0171B81725585084A3D1EB5F31A0DED0BE88A5A25E300D3B7130CBF8",
    "010000000000000000000056 01000000 451F878260085979E75FA2A2110EB0D2
     5FE2AAC6A3A15C1809F56FB6699BA0FA97A230781F5BDA640CB84E3371FEB57756FE944277705AC12DD04FC113A6E643318B3F1D67C9DAB7FA5AA6900948E387A66E5465856A13F608D1ED120C0A7A92",
];

fn key_bytes() -> [u8; 16] {
    std::array::from_fn(|index| index as u8)
}

fn audio(key_id: u32) -> AudioSealer {
    SessionKey::new(key_bytes())
        .into_host_seals(ControlStyle::V2, key_id)
        .audio
}

fn seal_audio(sealer: &AudioSealer, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; AudioSealer::sealed_bytes(payload.len())];
    assert_eq!(sealer.seal(sequence, payload, &mut out), Ok(out.len()));
    out
}

#[test]
fn video_datagrams_are_sealed_as_printed() {
    let mut video = SessionKey::new(key_bytes())
        .into_host_seals(ControlStyle::V2, 0)
        .video;
    for (shard, sealed) in SHARDS.into_iter().zip(SEALED) {
        let mut datagram = vec![0xEE; VIDEO_PREFIX_BYTES];
        datagram.extend(hex(shard));
        video.seal(1, &mut datagram).unwrap();
        assert_eq!(datagram, hex(sealed));
    }
}

#[test]
fn audio_payloads_are_sealed_as_printed() {
    let sealer = audio(0x1234_5678);
    for (sequence, payload, sealed) in [
        (4, "E001020304050607", "BA5C3F9B2322730325DEC774B58C578C"),
        (5, "E0F1E2D3C4B5A697", "BF3F73986A1E16694E52B9C92C72FD98"),
        (6, "E0AAAA5555AAAA55", "F180660D2947BA518B83436C28916B3B"),
        (7, "E0FFFFFF00000001", "98E1F0DF9DE354D370888AAE1D83565C"),
    ] {
        assert_eq!(seal_audio(&sealer, sequence, &hex(payload)), hex(sealed));
    }
}

#[test]
fn sixty_zero_bytes_of_audio_are_sealed_as_printed() {
    let sealed = hex(
        "77CEDA8866E432E7CD9874CD06547E3D6D63B7D8C81A35D63D94B6755476C3B94A7A94C10B7A85639CDA7422BEA80070BF5E227BC8267C5160079BD58280B937",
    );
    assert_eq!(seal_audio(&audio(0x1234_5678), 4, &[0; 60]), sealed);
}

#[test]
fn the_audio_key_id_wraps() {
    let wrapped = seal_audio(&audio(u32::MAX), 5, &[9; 20]);
    assert_eq!(wrapped, seal_audio(&audio(4), 0, &[9; 20]));
}

#[test]
fn audio_without_room_is_refused() {
    let error = SealError::TooShort {
        bytes: 15,
        needed_bytes: 16,
    };
    assert_eq!(audio(0).seal(0, &[1; 8], &mut [0; 15]), Err(error));
}

proptest! {
    #[test]
    fn fuzz_a_client_opens_every_video_datagram_by_its_own_prefix(
        shards in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..1500), 1..8),
        frame in any::<u32>(),
    ) {
        let mut video = SessionKey::new(key_bytes())
            .into_host_seals(ControlStyle::V2, 0)
            .video;
        let opener = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key_bytes()).unwrap());
        let mut nonces = Vec::new();
        for shard in &shards {
            let mut datagram = vec![0; VIDEO_PREFIX_BYTES];
            datagram.extend(shard);
            video.seal(frame, &mut datagram).unwrap();
            prop_assert_eq!(&datagram[12..16], &frame.to_le_bytes());
            let nonce: [u8; 12] = datagram[..12].try_into().unwrap();
            prop_assert!(!nonces.contains(&nonce));
            nonces.push(nonce);
            let mut sealed = datagram[32..].to_vec();
            sealed.extend_from_slice(&datagram[16..32]);
            let opened = opener.open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            );
            prop_assert_eq!(opened.map(|bytes| bytes.to_vec()), Ok(shard.clone()));
        }
    }

    #[test]
    fn fuzz_a_client_opens_every_audio_payload(
        payload in prop::collection::vec(any::<u8>(), 0..1400),
        key_id in any::<u32>(),
        sequence in any::<u16>(),
    ) {
        let mut sealed = seal_audio(&audio(key_id), sequence, &payload);
        prop_assert!(sealed.len() > payload.len() && sealed.len() <= payload.len() + 16);
        let mut iv = [0; 16];
        iv[..4].copy_from_slice(&key_id.wrapping_add(u32::from(sequence)).to_be_bytes());
        let opened = Decryptor::<Aes128>::new(&key_bytes().into(), &iv.into())
            .decrypt_padded::<Pkcs7>(&mut sealed)
            .unwrap();
        prop_assert_eq!(opened, &payload[..]);
    }
}
