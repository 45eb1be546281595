//! The printed messages of gamestream-control-stream.md 4.6 and 5, and what becomes of bad ones.

use pf_proto::ProtoError;
use pf_proto::gamestream::control::{
    ClientMessage, FecStatus, HdrMetadata, HostMessage, TerminationCode, TriggerEffect,
};
use pf_proto::gamestream::input::{Input, MotionSensor};
use pf_proto::units::{FrameIndex, SequenceNumber};
use proptest::prelude::*;

mod support;

use support::hex;

fn encoded(message: HostMessage) -> Vec<u8> {
    let mut out = vec![0xEE; 3];
    message.encode(&mut out);
    assert!(out.len() <= HostMessage::MAX_BYTES);
    out
}

/// A client message of this type and payload.
fn message(message_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = message_type.to_le_bytes().to_vec();
    bytes.extend((payload.len() as u16).to_le_bytes());
    bytes.extend(payload);
    bytes
}

const INVALIDATION: &str = "01031800 e803000000000000eb030000000000000000000000000000";
const LTR_ACK: &str = "50030800 0004000000000000";
const FEC_STATUS: &str = "02551500 000003e8124b123900020014000400130003140001";

#[test]
fn the_printed_client_messages_are_read() {
    let cases: [(&str, ClientMessage<'_>); 6] = [
        ("020302000000", ClientMessage::RequestIdr),
        ("0703010000", ClientMessage::StartB),
        ("00020800 0400 00000000 dead", ClientMessage::Ping),
        (
            INVALIDATION,
            ClientMessage::InvalidateFrames {
                first: 1000,
                last: 1003,
            },
        ),
        (LTR_ACK, ClientMessage::AcknowledgeLongTerm { frame: 1024 }),
        (
            FEC_STATUS,
            ClientMessage::FecStatus(FecStatus {
                frame: FrameIndex(1000),
                highest: SequenceNumber(0x124B),
                next_contiguous: SequenceNumber(0x1239),
                missing: 2,
                data: 20,
                parity: 4,
                received_data: 19,
                received_parity: 3,
                percentage: 20,
                block: 0,
                blocks: 1,
            }),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(ClientMessage::parse(&hex::bytes(text)), Ok(expected));
    }
}

#[test]
fn an_input_message_is_read_to_its_input() {
    let bytes = hex::bytes("06020e000000000a03000000004180010000");
    let parsed = ClientMessage::parse(&bytes);
    assert!(matches!(
        parsed,
        Ok(ClientMessage::Input(Input::Key {
            down: true,
            code: 0x41,
            us_position: true,
            ..
        }))
    ));
}

#[test]
fn ranges_of_older_clients_have_the_same_bytes() {
    let mut payload = Vec::new();
    for value in [7_i64, 9, 0] {
        payload.extend(value.to_le_bytes());
    }
    assert_eq!(
        ClientMessage::parse(&message(0x0301, &payload)),
        Ok(ClientMessage::InvalidateFrames { first: 7, last: 9 })
    );
}

#[test]
fn old_statistics_are_ignored_and_other_types_are_unknown() {
    for message_type in [0x0201, 0x0204] {
        assert_eq!(
            ClientMessage::parse(&message(message_type, &[0; 32])),
            Ok(ClientMessage::Ignored { message_type })
        );
    }
    for message_type in [0x0000, 0x0305, 0x010B, 0x5501, 0xFFFF] {
        assert_eq!(
            ClientMessage::parse(&message(message_type, &[])),
            Ok(ClientMessage::Unknown { message_type })
        );
    }
}

#[test]
fn an_envelope_in_an_envelope_is_refused() {
    let bytes = message(0x0001, &[0; 26]);
    assert_eq!(
        ClientMessage::parse(&bytes),
        Err(ProtoError::NestedEnvelope)
    );
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for text in [
        "020302000000",
        "0703010000",
        "00020800 0400 00000000 dead",
        INVALIDATION,
        LTR_ACK,
        FEC_STATUS,
    ] {
        let whole = hex::bytes(text);
        for bytes in 0..whole.len() {
            let error = ClientMessage::parse(&whole[..bytes]).unwrap_err();
            if bytes < 4 {
                assert_eq!(error, ProtoError::MessageTooShort { bytes });
            } else {
                assert!(matches!(error, ProtoError::MessageLength { .. }));
                // The same cut with a length field that agrees.
                let honest = message(u16::from_le_bytes([whole[0], whole[1]]), &whole[4..bytes]);
                let error = ClientMessage::parse(&honest).unwrap_err();
                assert!(
                    matches!(error, ProtoError::PayloadTooShort { .. }),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_longer_payload_is_read_and_its_tail_ignored() {
    for text in [INVALIDATION, LTR_ACK, FEC_STATUS] {
        let whole = hex::bytes(text);
        let message_type = u16::from_le_bytes([whole[0], whole[1]]);
        let mut payload = whole[4..].to_vec();
        payload.extend([0xFF; 9]);
        assert_eq!(
            ClientMessage::parse(&message(message_type, &payload)),
            ClientMessage::parse(&whole)
        );
    }
}

#[test]
fn rumble_and_termination_are_written_as_printed() {
    let rumble = HostMessage::Rumble {
        controller: 1,
        low: 0x8000,
        high: 0x4000,
    };
    assert_eq!(encoded(rumble), hex::bytes("0b010a0000000000010000800040"));
    let end = HostMessage::Termination(TerminationCode::GRACEFUL);
    assert_eq!(encoded(end), hex::bytes("0901040080030023"));
}

#[test]
fn own_termination_codes_stay_positive_for_a_client() {
    for code in [
        TerminationCode::CAPTURE_LOST,
        TerminationCode::ENCODER_FAILED,
        TerminationCode::INTERNAL,
        TerminationCode::SEQUENCES_EXHAUSTED,
    ] {
        assert!(code.0.cast_signed() > 0x0F00_0000, "{code:?}");
    }
}

#[test]
fn hdr_mode_is_written_as_printed() {
    let metadata = HdrMetadata {
        red: [35_400, 14_600],
        green: [8_500, 39_850],
        blue: [6_550, 2_300],
        white: [15_635, 16_450],
        max_display_nits: 1_000,
        min_display_0_0001_nits: 50,
        max_content_nits: 1_000,
        max_frame_average_nits: 400,
        max_full_frame_nits: 0,
    };
    let enabled = true;
    assert_eq!(
        encoded(HostMessage::HdrMode { enabled, metadata }),
        hex::bytes("0e011b00 01 488a 0839 3421 aa9b 9619 fc08 133d 4240 e803 3200 e803 9001 0000")
    );
    let off = encoded(HostMessage::HdrMode {
        enabled: false,
        metadata: HdrMetadata::default(),
    });
    assert_eq!(off.len(), 31);
    assert_eq!(off[4..], [0; 27]);
}

#[test]
fn controller_feedback_is_written_as_printed() {
    let cases = [
        (
            HostMessage::TriggerRumble {
                controller: 0,
                left: 0xFFFF,
                right: 0,
            },
            "00550600 0000 ffff 0000",
        ),
        (
            HostMessage::MotionState {
                controller: 0,
                rate_hz: 100,
                sensor: MotionSensor::Gyroscope,
            },
            "01550500 0000 6400 02",
        ),
        (
            HostMessage::Led {
                controller: 0,
                rgb: [0xFF, 0x80, 0],
            },
            "02550500 0000 ff 80 00",
        ),
        (
            HostMessage::AdaptiveTriggers {
                controller: 0,
                left: Some(TriggerEffect {
                    kind: 0x21,
                    parameters: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
                }),
                right: Some(TriggerEffect {
                    kind: 5,
                    parameters: [0; 10],
                }),
            },
            "03551900 0000 0c 21 05 0102030405060708090a 00000000000000000000",
        ),
        (
            HostMessage::AdaptiveTriggers {
                controller: 2,
                left: None,
                right: Some(TriggerEffect {
                    kind: 5,
                    parameters: [9; 10],
                }),
            },
            "03551900 0200 04 00 05 00000000000000000000 09090909090909090909",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(encoded(message), hex::bytes(expected), "{message:?}");
    }
}

proptest! {
    #[test]
    fn fuzz_random_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ClientMessage::parse(&bytes);
    }

    #[test]
    fn fuzz_any_payload_of_any_known_type_is_read_or_refused(
        message_type in prop::sample::select(vec![
            0x0001_u16, 0x0200, 0x0201, 0x0204, 0x0206, 0x0301, 0x0302, 0x0307, 0x0350, 0x5502,
        ]),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let bytes = message(message_type, &payload);
        match ClientMessage::parse(&bytes) {
            Ok(ClientMessage::Unknown { .. }) => prop_assert!(false, "a known type"),
            Ok(ClientMessage::FecStatus(status)) => {
                prop_assert_eq!(&status.frame.0.to_be_bytes()[..], &payload[..4]);
                prop_assert_eq!(status.blocks, payload[20]);
            }
            Ok(_) => {}
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
