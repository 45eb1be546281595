//! The printed input of gamestream-control-stream.md 8, the limits of its values, and bad input.

use pf_proto::ProtoError;
use pf_proto::gamestream::input::{
    BatteryState, Contact, ContactEvent, ControllerArrival, ControllerBattery, ControllerKind,
    ControllerMotion, ControllerNumber, ControllerState, ControllerTouch, Input, Modifiers,
    MotionSensor, MouseButton, Pen, PenTool, Touch,
};
use proptest::prelude::*;

mod support;

use support::hex;

const KEY: &str = "0000000a 03000000 00 4180 01 0000";
const MOUSE_MOVE: &str = "00000008 07000000 0005 fffd";
const MOUSE_POSITION: &str = "0000000e 05000000 03c0 021c 0000 077f 0437";
const BUTTON: &str = "00000005 08000000 01";
const SCROLL: &str = "0000000a 0a000000 ff88 ff88 0000";
const SCROLL_HORIZONTAL: &str = "00000006 01000055 003c";
const TEXT: &str = "00000006 17000000 c3a9";
const HAPTICS: &str = "000000060d0000000100";
const CONTROLLER: &str =
    "0000001e 0c000000 1a00 0100 0300 1400 1010 00 ff ff7f 0080 0000 0000 9c00 1000 5500";
const ARRIVAL: &str = "0000000c 04000055 01 02 fb00 ffff3000";
const CONTROLLER_TOUCH: &str = "0000001805000055010100002a0000000000003f0000803e0000803f";
const MOTION: &str = "0000001406000055010200000000803f000000c00000003f";
const BATTERY: &str = "000000080700005501025700";
const TOUCH: &str = "00000020020000550100ffff070000000000003f0000003f0000403f0000000000000000";
const PEN: &str = "0000002003000055030101000000803e0000403f0000003f5a001e000000000000000000";

const ALL: [&str; 15] = [
    KEY,
    MOUSE_MOVE,
    MOUSE_POSITION,
    BUTTON,
    SCROLL,
    SCROLL_HORIZONTAL,
    TEXT,
    HAPTICS,
    CONTROLLER,
    ARRIVAL,
    CONTROLLER_TOUCH,
    MOTION,
    BATTERY,
    TOUCH,
    PEN,
];

/// The example with some bytes written over.
fn with(text: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut payload = hex::bytes(text);
    payload[at..at + bytes.len()].copy_from_slice(bytes);
    payload
}

fn refused_for(payload: &[u8]) -> &'static str {
    match Input::parse(payload) {
        Err(ProtoError::InputValue { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

fn pad(number: u16) -> ControllerNumber {
    ControllerNumber::new(number).unwrap()
}

#[track_caller]
fn reads(text: &str, expected: Input<'_>) {
    let payload = hex::bytes(text);
    let input = Input::parse(&payload).unwrap();
    assert!(input == expected, "{text} is read as another {input:?}");
}

#[test]
fn keys_mouse_and_text_are_read_as_printed() {
    reads(
        KEY,
        Input::Key {
            down: true,
            code: 0x41,
            us_position: true,
            modifiers: Modifiers::SHIFT,
        },
    );
    reads(MOUSE_MOVE, Input::MouseMove { dx: 5, dy: -3 });
    reads(
        MOUSE_POSITION,
        Input::MousePosition {
            x: 960,
            y: 540,
            width: 1919,
            height: 1079,
        },
    );
    let left = MouseButton::Left;
    reads(
        BUTTON,
        Input::MouseButton {
            down: true,
            button: left,
        },
    );
    reads(
        "000000050900000003",
        Input::MouseButton {
            down: false,
            button: MouseButton::Right,
        },
    );
    reads(SCROLL, Input::ScrollVertical { amount: -120 });
    reads(SCROLL_HORIZONTAL, Input::ScrollHorizontal { amount: 60 });
    reads(TEXT, Input::Text("é"));
}

#[test]
fn controllers_are_read_as_printed() {
    reads(HAPTICS, Input::Haptics { enabled: true });
    reads(
        CONTROLLER,
        Input::Controller(ControllerState {
            number: pad(1),
            present: 3,
            buttons: 0x0010_1010,
            left_trigger: 0,
            right_trigger: 255,
            left_stick: [32_767, -32_768],
            right_stick: [0, 0],
        }),
    );
    reads(
        ARRIVAL,
        Input::ControllerArrival(ControllerArrival {
            number: pad(1),
            kind: ControllerKind::PlayStation,
            capabilities: 0xFB,
            buttons: 0x0030_FFFF,
        }),
    );
    reads(
        CONTROLLER_TOUCH,
        Input::ControllerTouch(ControllerTouch {
            number: pad(1),
            touchpad: 0,
            event: ContactEvent::Down,
            pointer: 42,
            at: Some(Contact {
                x: 0.5,
                y: 0.25,
                pressure: Some(1.0),
                distance: None,
                major: None,
                minor: None,
            }),
        }),
    );
    reads(
        MOTION,
        Input::ControllerMotion(ControllerMotion {
            number: pad(1),
            sensor: MotionSensor::Gyroscope,
            xyz: [1.0, -2.0, 0.5],
        }),
    );
    reads(
        BATTERY,
        Input::ControllerBattery(ControllerBattery {
            number: pad(1),
            state: BatteryState::Discharging,
            percent: Some(87),
        }),
    );
}

#[test]
fn touch_and_pen_are_read_as_printed() {
    reads(
        TOUCH,
        Input::Touch(Touch {
            event: ContactEvent::Down,
            pointer: 7,
            at: Some(Contact {
                x: 0.5,
                y: 0.5,
                pressure: Some(0.75),
                distance: None,
                major: None,
                minor: None,
            }),
            rotation_degrees: None,
        }),
    );
    reads(
        PEN,
        Input::Pen(Pen {
            event: ContactEvent::Move,
            tool: PenTool::Pen,
            buttons: 1,
            at: Some(Contact {
                x: 0.25,
                y: 0.75,
                pressure: Some(0.5),
                distance: None,
                major: None,
                minor: None,
            }),
            rotation_degrees: Some(90),
            tilt_degrees: Some(30),
        }),
    );
}

#[test]
fn a_key_up_and_a_jis_key_are_told_apart() {
    let Ok(Input::Key {
        down, us_position, ..
    }) = Input::parse(&with(&KEY.replace("03000000", "04000000"), 8, &[1]))
    else {
        panic!("no key")
    };
    assert!(!down && !us_position);
}

#[test]
fn unknown_modifier_bits_are_cut_off() {
    let all = Modifiers::from_bits(0xFF);
    for modifier in [
        Modifiers::SHIFT,
        Modifiers::CTRL,
        Modifiers::ALT,
        Modifiers::META,
    ] {
        assert!(all.contains(modifier));
        assert!(!Modifiers::from_bits(0xF0).contains(modifier));
    }
    assert!(all == Modifiers::from_bits(0x0F));
}

#[test]
fn a_mouse_outside_the_picture_is_at_its_edge() {
    for (x, y, expected) in [
        (-5_i16, -1_i16, (0, 0)),
        (i16::MIN, i16::MAX, (0, 1079)),
        (1919, 1079, (1919, 1079)),
        (1920, 0, (1919, 0)),
    ] {
        let [x0, x1] = x.to_be_bytes();
        let [y0, y1] = y.to_be_bytes();
        let payload = with(MOUSE_POSITION, 8, &[x0, x1, y0, y1]);
        let Ok(Input::MousePosition { x, y, .. }) = Input::parse(&payload) else {
            panic!("no position")
        };
        assert_eq!((x, y), expected);
    }
}

#[test]
fn a_picture_without_a_width_or_height_is_refused() {
    for at in [14, 16] {
        for size in [[0, 0], [0xFF, 0xFF], [0x80, 0]] {
            assert_eq!(
                refused_for(&with(MOUSE_POSITION, at, &size)),
                "width or height"
            );
        }
    }
}

#[test]
fn other_mouse_buttons_are_refused() {
    for button in [0, 6, 255] {
        assert_eq!(refused_for(&with(BUTTON, 8, &[button])), "button");
    }
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let mut payload = (bytes.len() as u32 + 4).to_be_bytes().to_vec();
    payload.extend(0x17_u32.to_le_bytes());
    payload.extend(bytes);
    payload
}

#[test]
fn text_is_1_to_32_bytes_of_utf_8_without_most_control_characters() {
    assert!(Input::parse(&text(&[b'a'; 32])).is_ok());
    assert!(Input::parse(&text("\u{8}\t\n\r \u{10FFFF}".as_bytes())).is_ok());
    assert_eq!(refused_for(&text(&[])), "length");
    assert_eq!(refused_for(&text(&[b'a'; 33])), "length");
    assert_eq!(refused_for(&text(&[0xC3])), "encoding");
    assert_eq!(
        refused_for(&text(&[0xED, 0xA0, 0x80])),
        "encoding",
        "a surrogate"
    );
    for control in [0, 1, 7, 0x0B, 0x0C, 0x1B, 0x1F] {
        assert_eq!(refused_for(&text(&[b'a', control])), "control character");
    }
}

#[test]
fn controller_numbers_above_15_are_refused() {
    let number = "controller number";
    assert_eq!(refused_for(&with(CONTROLLER, 10, &[16, 0])), number);
    assert_eq!(refused_for(&with(CONTROLLER, 10, &[0, 1])), number);
    for example in [ARRIVAL, CONTROLLER_TOUCH, MOTION, BATTERY] {
        assert_eq!(refused_for(&with(example, 8, &[16])), number);
        assert!(Input::parse(&with(example, 8, &[15])).is_ok());
    }
}

#[test]
fn a_clear_bit_of_its_own_removes_a_pad() {
    for (present, removal) in [(0b11, false), (0b10, false), (0b01, true), (0, true)] {
        let payload = with(CONTROLLER, 12, &[present, 0]);
        let Ok(Input::Controller(state)) = Input::parse(&payload) else {
            panic!("no controller")
        };
        assert_eq!(state.is_removal(), removal);
    }
}

#[test]
fn constants_of_the_controller_message_are_not_checked() {
    let before = hex::bytes(CONTROLLER);
    let expected = Input::parse(&before).unwrap();
    let mut payload = before.clone();
    for at in [8, 9, 14, 15, 28, 29, 32, 33] {
        payload[at] ^= 0xFF;
    }
    assert_ne!(payload, before);
    assert!(Input::parse(&payload).unwrap() == expected);
}

#[test]
fn kinds_of_pads_and_batteries_to_come_are_unknown() {
    let Ok(Input::ControllerArrival(arrival)) =
        Input::parse(&with(ARRIVAL, 9, &[5])).as_ref().copied()
    else {
        panic!("no arrival")
    };
    assert_eq!(arrival.kind, ControllerKind::Unknown);
    let Ok(Input::ControllerBattery(battery)) = Input::parse(&with(BATTERY, 9, &[6, 0xFF]))
        .as_ref()
        .copied()
    else {
        panic!("no battery")
    };
    assert_eq!(battery.state, BatteryState::Unknown);
    assert_eq!(battery.percent, None);
}

#[test]
fn floats_without_a_value_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let bytes = bad.to_le_bytes();
        for (example, places) in [
            (CONTROLLER_TOUCH, &[16, 20, 24][..]),
            (MOTION, &[12, 16, 20]),
            (TOUCH, &[16, 20, 24, 28, 32]),
            (PEN, &[12, 16, 20, 28, 32]),
        ] {
            for &at in places {
                assert_eq!(refused_for(&with(example, at, &bytes)), "float");
            }
        }
    }
}

#[test]
fn floats_are_cut_to_their_range() {
    let far = 1e30_f32.to_le_bytes();
    let Ok(Input::ControllerMotion(gyro)) = Input::parse(&with(MOTION, 12, &far)).as_ref().copied()
    else {
        panic!("no motion")
    };
    assert_eq!(gyro.xyz[0], 4000.0);
    let mut payload = with(MOTION, 12, &(-1e30_f32).to_le_bytes());
    payload[9] = 1;
    let Ok(Input::ControllerMotion(acceleration)) = Input::parse(&payload) else {
        panic!("no motion")
    };
    assert_eq!(acceleration.xyz[0], -160.0);
    let Ok(Input::Touch(touch)) = Input::parse(&with(TOUCH, 16, &far)).as_ref().copied() else {
        panic!("no touch")
    };
    assert_eq!(touch.at.unwrap().x, 1.0);
}

#[test]
fn hovering_has_a_distance_and_no_pressure() {
    let Ok(Input::Touch(touch)) = Input::parse(&with(TOUCH, 8, &[0])).as_ref().copied() else {
        panic!("no touch")
    };
    let at = touch.at.unwrap();
    assert_eq!((at.pressure, at.distance), (None, Some(0.75)));
}

#[test]
fn events_without_a_place_may_carry_anything_there() {
    let garbage = f32::NAN.to_le_bytes();
    for event in [4, 6, 7] {
        let mut payload = with(TOUCH, 16, &garbage);
        payload[8] = event;
        let Ok(Input::Touch(touch)) = Input::parse(&payload) else {
            panic!("event {event}")
        };
        assert!(touch.at.is_none());
    }
    let mut payload = with(PEN, 12, &garbage);
    payload[8] = 5;
    let Ok(Input::Pen(pen)) = Input::parse(&payload) else {
        panic!("no pen")
    };
    assert_eq!((pen.event, pen.buttons), (ContactEvent::ButtonOnly, 1));
}

#[test]
fn impossible_events_sensors_and_touchpads_are_refused() {
    for (example, at, value, field) in [
        (TOUCH, 8, 5, "event"),
        (TOUCH, 8, 8, "event"),
        (PEN, 8, 8, "event"),
        (CONTROLLER_TOUCH, 9, 5, "event"),
        (CONTROLLER_TOUCH, 11, 2, "touchpad"),
        (MOTION, 9, 0, "sensor"),
        (MOTION, 9, 3, "sensor"),
    ] {
        assert_eq!(refused_for(&with(example, at, &[value])), field);
    }
}

#[test]
fn angles_beyond_their_range_are_unknown() {
    for (rotation, tilt, expected) in [
        (360_u16, 90, (Some(360), Some(90))),
        (361, 91, (None, None)),
        (0xFFFF, 0xFF, (None, None)),
    ] {
        let [r0, r1] = rotation.to_le_bytes();
        let payload = with(PEN, 24, &[r0, r1, tilt]);
        let Ok(Input::Pen(pen)) = Input::parse(&payload) else {
            panic!("no pen")
        };
        assert_eq!((pen.rotation_degrees, pen.tilt_degrees), expected);
    }
}

#[test]
fn input_cut_anywhere_is_refused() {
    for text in ALL {
        let whole = hex::bytes(text);
        for bytes in 0..whole.len() {
            let error = Input::parse(&whole[..bytes]).unwrap_err();
            if bytes < 8 {
                assert!(matches!(error, ProtoError::InputTooShort { kind: 0, .. }));
                continue;
            }
            assert!(matches!(error, ProtoError::InputLength { .. }), "{error}");
            // The same cut with a size field that agrees.
            let mut honest = whole[..bytes].to_vec();
            honest[..4].copy_from_slice(&(bytes as u32 - 4).to_be_bytes());
            let error = Input::parse(&honest).unwrap_err();
            if text == TEXT {
                assert!(matches!(error, ProtoError::InputValue { .. }), "{error}");
            } else {
                assert!(matches!(error, ProtoError::InputTooShort { .. }), "{error}");
            }
        }
    }
}

#[test]
fn longer_input_is_read_and_its_tail_ignored() {
    for text in ALL.into_iter().filter(|text| *text != TEXT) {
        let whole = hex::bytes(text);
        let mut longer = whole.clone();
        longer.extend([0xFF; 5]);
        let size = longer.len() as u32 - 4;
        longer[..4].copy_from_slice(&size.to_be_bytes());
        assert!(Input::parse(&longer).unwrap() == Input::parse(&whole).unwrap());
    }
}

#[test]
fn other_kinds_are_unknown() {
    let kind = 6;
    let mut payload = hex::bytes(KEY);
    payload[4] = kind as u8;
    assert!(Input::parse(&payload) == Ok(Input::Unknown { kind }));
}

#[test]
fn what_the_user_does_is_never_printed() {
    for text in ALL {
        let payload = hex::bytes(text);
        let printed = format!("{:?}", Input::parse(&payload).unwrap());
        let kind = printed
            .strip_prefix("Input(")
            .and_then(|rest| rest.strip_suffix(')'));
        assert!(
            kind.is_some_and(|kind| kind.chars().all(|c| c.is_ascii_lowercase() || c == '_')),
            "{printed}"
        );
    }
}

proptest! {
    #[test]
    fn fuzz_random_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = Input::parse(&bytes);
    }

    #[test]
    fn fuzz_any_body_of_a_known_kind_is_in_range_or_refused(
        example in prop::sample::select(&ALL[..]),
        noise in prop::collection::vec(any::<u8>(), 64),
    ) {
        let mut payload = hex::bytes(example);
        for (byte, noise) in payload[8..].iter_mut().zip(noise) {
            *byte = noise;
        }
        match Input::parse(&payload) {
            Ok(Input::MousePosition { x, y, width, height }) => {
                prop_assert!(width > 0 && height > 0 && x <= width && y <= height);
            }
            Ok(Input::ControllerMotion(motion)) => {
                prop_assert!(motion.xyz.iter().all(|value| value.abs() <= 4000.0));
            }
            Ok(
                Input::Touch(Touch { at: Some(at), .. })
                | Input::Pen(Pen { at: Some(at), .. })
                | Input::ControllerTouch(ControllerTouch { at: Some(at), .. }),
            ) => {
                let parts = [Some(at.x), Some(at.y), at.pressure, at.distance, at.major, at.minor];
                prop_assert!(parts.iter().flatten().all(|part| (0.0..=1.0).contains(part)));
            }
            Ok(Input::Unknown { .. }) => prop_assert!(false, "a known kind"),
            Ok(_) => {}
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
