//! The printed envelopes of gamestream-control-stream.md 4.6, both ways, and what must not open.

mod support;

use pf_seal::{ClientSeals, ControlStyle, HostSeals, OpenError, SessionKey};
use proptest::prelude::*;
use support::hex;

const START_A: &str = "01001a0000000000 d93cfa82a8b8a7511d3a4c632d046312 649f36ffddf7";
const KEY_DOWN: &str =
    "0100260007010000 aef2932467e8ac94fa0bdf2c8f77fd7e 4271a5b0c581597f765ff502cb998480d70c";
const RUMBLE: &str =
    "0100220000000000 817b922a7ca839bf34ebdf9c0215aa3d f6f3a6a73267509f6005f83d3a6b";
const TERMINATE: &str = "01001c0001000000 ea11082ec557f81cb88aaab02c26713d 32b2421223d25bf1";
const LEGACY_IDR: &str = "01001a0007000000 c866d4d1fb71a9e970f8e3cbd4946f87 3b59e7bde5e3";

const IDR_PLAIN: &str = "020302000000";
const KEY_DOWN_PLAIN: &str = "06020e000000000a03000000004180010000";
const RUMBLE_PLAIN: &str = "0b010a0000000000010000800040";
const TERMINATE_PLAIN: &str = "0901040080030023";

fn key() -> SessionKey {
    let bytes = hex("00112233445566778899aabbccddeeff");
    SessionKey::new(bytes.try_into().unwrap())
}

fn host(style: ControlStyle) -> HostSeals {
    key().into_host_seals(style, 0)
}

fn client(style: ControlStyle) -> ClientSeals {
    key().into_client_seals(style)
}

fn open(host: &mut HostSeals, envelope: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut envelope = envelope.to_vec();
    host.control_opener.open(&mut envelope).map(<[u8]>::to_vec)
}

#[test]
fn the_clients_printed_messages_open() {
    let mut host = host(ControlStyle::V2);
    assert_eq!(open(&mut host, &hex(START_A)), Ok(hex(IDR_PLAIN)));
    assert_eq!(open(&mut host, &hex(KEY_DOWN)), Ok(hex(KEY_DOWN_PLAIN)));
}

#[test]
fn the_clients_printed_messages_come_out_of_its_own_sealer() {
    let mut client = client(ControlStyle::V2);
    let mut out = Vec::new();
    client
        .control_sealer
        .seal(&hex(IDR_PLAIN), &mut out)
        .unwrap();
    assert_eq!(out, hex(START_A));
    for _ in 1..0x107 {
        client.control_sealer.seal(&[0; 4], &mut out).unwrap();
    }
    client
        .control_sealer
        .seal(&hex(KEY_DOWN_PLAIN), &mut out)
        .unwrap();
    assert_eq!(out, hex(KEY_DOWN));
}

#[test]
fn the_hosts_messages_are_sealed_as_printed_and_open_at_the_client() {
    let mut host = host(ControlStyle::V2);
    let mut client = client(ControlStyle::V2);
    let mut out = Vec::new();
    for (plain, sealed) in [(RUMBLE_PLAIN, RUMBLE), (TERMINATE_PLAIN, TERMINATE)] {
        host.control_sealer.seal(&hex(plain), &mut out).unwrap();
        assert_eq!(out, hex(sealed));
        let opened = client.control_opener.open(&mut out).unwrap();
        assert_eq!(opened, hex(plain));
    }
}

#[test]
fn the_old_style_opens_and_seals_as_printed() {
    let mut host = host(ControlStyle::Legacy);
    assert_eq!(open(&mut host, &hex(LEGACY_IDR)), Ok(hex(IDR_PLAIN)));
    let mut out = Vec::new();
    for _ in 0..=7 {
        let plain = hex(IDR_PLAIN);
        host.control_sealer.seal(&plain, &mut out).unwrap();
    }
    assert_eq!(out, hex(LEGACY_IDR), "the same nonce in both directions");
}

#[test]
fn the_styles_do_not_open_each_other() {
    let wrong = |sequence| Err(OpenError::BadTag { sequence });
    assert_eq!(
        open(&mut host(ControlStyle::V2), &hex(LEGACY_IDR)),
        wrong(7)
    );
    assert_eq!(
        open(&mut host(ControlStyle::Legacy), &hex(START_A)),
        wrong(0)
    );
}

#[test]
fn any_flipped_bit_of_tag_or_ciphertext_is_a_bad_tag() {
    for style in [ControlStyle::V2, ControlStyle::Legacy] {
        let envelope = hex(if style == ControlStyle::V2 {
            START_A
        } else {
            LEGACY_IDR
        });
        let mut host = host(style);
        for bit in 8 * 8..envelope.len() * 8 {
            let mut forged = envelope.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let error = open(&mut host, &forged).unwrap_err();
            assert!(
                matches!(error, OpenError::BadTag { .. }),
                "bit {bit}: {error}"
            );
        }
        assert!(
            open(&mut host, &envelope).is_ok(),
            "forgeries leave no trace"
        );
    }
}

#[test]
fn another_sequence_is_a_bad_tag() {
    let mut forged = hex(START_A);
    forged[4] = 1;
    let error = open(&mut host(ControlStyle::V2), &forged);
    assert_eq!(error, Err(OpenError::BadTag { sequence: 1 }));
}

#[test]
fn a_length_off_by_one_is_refused() {
    for announced in [0x19, 0x1B] {
        let mut forged = hex(START_A);
        forged[2] = announced;
        let announced = u16::from(announced);
        let expected = 26;
        assert_eq!(
            open(&mut host(ControlStyle::V2), &forged),
            Err(OpenError::WrongLength {
                announced,
                expected
            })
        );
    }
}

#[test]
fn an_envelope_cut_anywhere_is_refused() {
    let envelope = hex(KEY_DOWN);
    let mut host = host(ControlStyle::V2);
    for bytes in 0..envelope.len() {
        let error = open(&mut host, &envelope[..bytes]).unwrap_err();
        if bytes < 28 {
            assert_eq!(error, OpenError::Runt { bytes });
        } else {
            assert!(matches!(error, OpenError::WrongLength { .. }), "{bytes}");
        }
    }
    assert!(open(&mut host, &envelope).is_ok());
}

#[test]
fn an_envelope_above_1024_bytes_is_refused() {
    let bytes = 1025;
    let error = open(&mut host(ControlStyle::V2), &vec![1; bytes]);
    assert_eq!(error, Err(OpenError::TooLong { bytes }));
}

#[test]
fn a_clear_message_is_refused() {
    let mut clear = hex("0302");
    clear.resize(30, 0);
    let envelope_type = 0x0203;
    assert_eq!(
        open(&mut host(ControlStyle::V2), &clear),
        Err(OpenError::WrongType { envelope_type })
    );
}

#[test]
fn the_same_envelope_opens_once() {
    for (style, envelope, sequence) in [
        (ControlStyle::V2, START_A, 0),
        (ControlStyle::Legacy, LEGACY_IDR, 7),
    ] {
        let mut host = host(style);
        assert!(open(&mut host, &hex(envelope)).is_ok());
        let again = open(&mut host, &hex(envelope)).unwrap_err();
        assert_eq!(again, OpenError::Replayed { sequence });
        assert!(again.is_replay());
    }
}

#[test]
fn the_hosts_own_message_sent_back_does_not_open() {
    let error = open(&mut host(ControlStyle::V2), &hex(RUMBLE));
    assert_eq!(error, Err(OpenError::BadTag { sequence: 0 }));
}

#[test]
fn another_key_does_not_open() {
    let mut stranger = SessionKey::new([0; 16]).into_host_seals(ControlStyle::V2, 0);
    let error = open(&mut stranger, &hex(START_A));
    assert_eq!(error, Err(OpenError::BadTag { sequence: 0 }));
}

fn style() -> impl Strategy<Value = ControlStyle> {
    prop_oneof![Just(ControlStyle::V2), Just(ControlStyle::Legacy)]
}

proptest! {
    #[test]
    fn fuzz_random_bytes_never_open(
        style in style(),
        bytes in prop::collection::vec(any::<u8>(), 0..1100),
    ) {
        prop_assert!(open(&mut host(style), &bytes).is_err());
    }

    #[test]
    fn fuzz_a_well_formed_header_before_random_bytes_never_opens(
        style in style(),
        sequence in any::<u32>(),
        rest in prop::collection::vec(any::<u8>(), 20..1000),
    ) {
        let mut envelope = vec![1, 0];
        envelope.extend((rest.len() as u16 + 4).to_le_bytes());
        envelope.extend(sequence.to_le_bytes());
        envelope.extend(rest);
        let error = open(&mut host(style), &envelope).unwrap_err();
        prop_assert!(
            matches!(error, OpenError::BadTag { .. } | OpenError::TooFarAhead { .. }),
            "{}",
            error
        );
    }

    #[test]
    fn fuzz_what_one_side_seals_the_other_opens_in_any_order(
        style in style(),
        messages in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 4..300), any::<u32>()),
            1..40,
        ),
    ) {
        let mut client = client(style);
        let mut host = host(style);
        let mut sealed: Vec<_> = messages
            .iter()
            .map(|(message, order)| {
                let mut out = Vec::new();
                client.control_sealer.seal(message, &mut out).unwrap();
                (*order, message, out)
            })
            .collect();
        sealed.sort();
        for (_, message, envelope) in &sealed {
            let opened = open(&mut host, envelope);
            prop_assert_eq!(opened.as_ref(), Ok(*message));
            prop_assert!(open(&mut host, envelope).unwrap_err().is_replay());
        }
    }
}
