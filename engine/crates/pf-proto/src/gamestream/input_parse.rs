//! Bodies of control message `0x0206`: `size u32` (BE, of what follows), `kind u32` (LE), body. Endianness
//! changes from field to field; offsets count from the start of the payload. A body may be longer than
//! known, never shorter. Source: gamestream-control-stream.md 8.1, 8.2.

use crate::error::ProtoError;
use crate::gamestream::input::{
    BatteryState, Contact, ContactEvent, ControllerArrival, ControllerBattery, ControllerKind,
    ControllerMotion, ControllerNumber, ControllerState, ControllerTouch, Input, Modifiers,
    MotionSensor, MouseButton, Pen, PenTool, Touch,
};

impl<'a> Input<'a> {
    /// Reads the payload of a control message `0x0206`.
    ///
    /// # Errors
    /// [`ProtoError::InputTooShort`], [`ProtoError::InputLength`] and [`ProtoError::InputValue`].
    pub fn parse(payload: &'a [u8]) -> Result<Self, ProtoError> {
        let Some(&[s0, s1, s2, s3, k0, k1, k2, k3]) = payload.first_chunk() else {
            return Err(ProtoError::InputTooShort {
                kind: 0,
                needed_bytes: HEADER_BYTES,
                bytes: payload.len(),
            });
        };
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        if usize::try_from(size).ok() != Some(payload.len() - SIZE_BYTES) {
            return Err(ProtoError::InputLength {
                announced: size,
                bytes: payload.len() - SIZE_BYTES,
            });
        }
        let kind = u32::from_le_bytes([k0, k1, k2, k3]);
        match kind {
            KEY_DOWN | KEY_UP => fixed(kind, payload).map(|b| key(kind == KEY_DOWN, b)),
            MOUSE_POSITION => mouse_position(fixed(kind, payload)?),
            MOUSE_MOVE => fixed::<12>(kind, payload).map(|b| Self::MouseMove {
                dx: i16_be(b, 8),
                dy: i16_be(b, 10),
            }),
            BUTTON_DOWN | BUTTON_UP => mouse_button(kind, fixed(kind, payload)?),
            SCROLL_VERTICAL => fixed::<14>(kind, payload).map(|b| Self::ScrollVertical {
                amount: i16_be(b, 8),
            }),
            SCROLL_HORIZONTAL => fixed::<10>(kind, payload).map(|b| Self::ScrollHorizontal {
                amount: i16_be(b, 8),
            }),
            TEXT => text(&payload[HEADER_BYTES..]).map(Self::Text),
            HAPTICS => fixed::<10>(kind, payload).map(|b| Self::Haptics {
                enabled: u16_le(b, 8) != 0,
            }),
            CONTROLLER => controller(fixed(kind, payload)?).map(Self::Controller),
            ARRIVAL => arrival(fixed(kind, payload)?).map(Self::ControllerArrival),
            CONTROLLER_TOUCH => controller_touch(fixed(kind, payload)?).map(Self::ControllerTouch),
            CONTROLLER_MOTION => {
                controller_motion(fixed(kind, payload)?).map(Self::ControllerMotion)
            }
            CONTROLLER_BATTERY => {
                controller_battery(fixed(kind, payload)?).map(Self::ControllerBattery)
            }
            TOUCH => touch(fixed(kind, payload)?).map(Self::Touch),
            PEN => pen(fixed(kind, payload)?).map(Self::Pen),
            _ => Ok(Self::Unknown { kind }),
        }
    }
}

/// `08 flags, 09 code LE, 11 modifiers, 12 zero`. Most clients set bit 15 of the code.
fn key(down: bool, b: &[u8; 14]) -> Input<'static> {
    Input::Key {
        down,
        code: b[9],
        us_position: b[8] & 1 == 0,
        modifiers: Modifiers::from_bits(b[11]),
    }
}

/// `08 x BE, 10 y BE, 12 unused, 14 width BE, 16 height BE`; the place may lie outside.
fn mouse_position(b: &[u8; 18]) -> Result<Input<'static>, ProtoError> {
    let place = |value: i16, largest: i16| value.clamp(0, largest).cast_unsigned();
    let (width, height) = (i16_be(b, 14), i16_be(b, 16));
    if width <= 0 || height <= 0 {
        return Err(refused(MOUSE_POSITION, "width or height"));
    }
    Ok(Input::MousePosition {
        x: place(i16_be(b, 8), width),
        y: place(i16_be(b, 10), height),
        width: width.cast_unsigned(),
        height: height.cast_unsigned(),
    })
}

/// `08 button`.
fn mouse_button(kind: u32, b: &[u8; 9]) -> Result<Input<'static>, ProtoError> {
    let button = match b[8] {
        1 => MouseButton::Left,
        2 => MouseButton::Middle,
        3 => MouseButton::Right,
        4 => MouseButton::Back,
        5 => MouseButton::Forward,
        _ => return Err(refused(kind, "button")),
    };
    Ok(Input::MouseButton {
        down: kind == BUTTON_DOWN,
        button,
    })
}

fn text(bytes: &[u8]) -> Result<&str, ProtoError> {
    if bytes.is_empty() || bytes.len() > TEXT_BYTES {
        return Err(refused(TEXT, "length"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refused(TEXT, "encoding"))?;
    let is_control = |c: char| c < ' ' && !matches!(c, '\u{8}' | '\t' | '\n' | '\r');
    if text.chars().any(is_control) {
        return Err(refused(TEXT, "control character"));
    }
    Ok(text)
}

/// `10 number LE, 12 present LE, 16 buttons low LE, 18 and 19 triggers, 20 sticks 4 × LE, 30 buttons high
/// LE`; the constants at 8, 14, 28 and 32 are not checked.
fn controller(b: &[u8; 34]) -> Result<ControllerState, ProtoError> {
    Ok(ControllerState {
        number: number(CONTROLLER, u16_le(b, 10))?,
        present: u16_le(b, 12),
        buttons: u32::from(u16_le(b, 16)) | u32::from(u16_le(b, 30)) << 16,
        left_trigger: b[18],
        right_trigger: b[19],
        left_stick: [i16_le(b, 20), i16_le(b, 22)],
        right_stick: [i16_le(b, 24), i16_le(b, 26)],
    })
}

/// `08 number, 09 type, 10 capabilities LE, 12 buttons LE`.
fn arrival(b: &[u8; 16]) -> Result<ControllerArrival, ProtoError> {
    let kind = match b[9] {
        1 => ControllerKind::Xbox,
        2 => ControllerKind::PlayStation,
        3 => ControllerKind::Nintendo,
        4 => ControllerKind::Steam,
        _ => ControllerKind::Unknown,
    };
    Ok(ControllerArrival {
        number: number(ARRIVAL, b[8].into())?,
        kind,
        capabilities: u16_le(b, 10),
        buttons: u32_le(b, 12),
    })
}

/// `08 number, 09 event, 11 touchpad, 12 pointer LE, 16 x, 20 y, 24 pressure`, floats LE.
fn controller_touch(b: &[u8; 28]) -> Result<ControllerTouch, ProtoError> {
    let touchpad = b[11];
    if touchpad > 1 {
        return Err(refused(CONTROLLER_TOUCH, "touchpad"));
    }
    let event = contact_event(CONTROLLER_TOUCH, b[9])?;
    let floats = [f32_le(b, 16), f32_le(b, 20), f32_le(b, 24), 0.0, 0.0];
    Ok(ControllerTouch {
        number: number(CONTROLLER_TOUCH, b[8].into())?,
        touchpad,
        event,
        pointer: u32_le(b, 12),
        at: contact(CONTROLLER_TOUCH, event, floats)?,
    })
}

/// `08 number, 09 sensor, 12 x, 16 y, 20 z`, floats LE.
fn controller_motion(b: &[u8; 24]) -> Result<ControllerMotion, ProtoError> {
    let (sensor, limit) = match b[9] {
        1 => (MotionSensor::Accelerometer, 160.0),
        2 => (MotionSensor::Gyroscope, 4000.0),
        _ => return Err(refused(CONTROLLER_MOTION, "sensor")),
    };
    let mut xyz = [f32_le(b, 12), f32_le(b, 16), f32_le(b, 20)];
    for value in &mut xyz {
        *value = within(CONTROLLER_MOTION, *value, -limit, limit)?;
    }
    Ok(ControllerMotion {
        number: number(CONTROLLER_MOTION, b[8].into())?,
        sensor,
        xyz,
    })
}

/// `08 number, 09 state, 10 percent`.
fn controller_battery(b: &[u8; 12]) -> Result<ControllerBattery, ProtoError> {
    let state = match b[9] {
        1 => BatteryState::None,
        2 => BatteryState::Discharging,
        3 => BatteryState::Charging,
        4 => BatteryState::PluggedIn,
        5 => BatteryState::Full,
        _ => BatteryState::Unknown,
    };
    Ok(ControllerBattery {
        number: number(CONTROLLER_BATTERY, b[8].into())?,
        state,
        percent: Some(b[10]).filter(|percent| *percent <= 100),
    })
}

/// `08 event, 10 rotation LE, 12 pointer LE, 16 x, 20 y, 24 pressure or distance, 28 major, 32 minor`.
fn touch(b: &[u8; 36]) -> Result<Touch, ProtoError> {
    let event = contact_event(TOUCH, b[8])?;
    if event == ContactEvent::ButtonOnly {
        return Err(refused(TOUCH, "event"));
    }
    Ok(Touch {
        event,
        pointer: u32_le(b, 12),
        at: contact(TOUCH, event, [16, 20, 24, 28, 32].map(|at| f32_le(b, at)))?,
        rotation_degrees: rotation(u16_le(b, 10)),
    })
}

/// `08 event, 09 tool, 10 buttons, 12 x, 16 y, 20 pressure or distance, 24 rotation LE, 26 tilt, 28 major,
/// 32 minor`.
fn pen(b: &[u8; 36]) -> Result<Pen, ProtoError> {
    let event = contact_event(PEN, b[8])?;
    let tool = match b[9] {
        1 => PenTool::Pen,
        2 => PenTool::Eraser,
        _ => PenTool::Unknown,
    };
    Ok(Pen {
        event,
        tool,
        buttons: b[10] & 7,
        at: contact(PEN, event, [12, 16, 20, 28, 32].map(|at| f32_le(b, at)))?,
        rotation_degrees: rotation(u16_le(b, 24)),
        tilt_degrees: Some(b[26]).filter(|degrees| *degrees <= 90),
    })
}

fn contact_event(kind: u32, value: u8) -> Result<ContactEvent, ProtoError> {
    Ok(match value {
        0 => ContactEvent::Hover,
        1 => ContactEvent::Down,
        2 => ContactEvent::Up,
        3 => ContactEvent::Move,
        4 => ContactEvent::Cancel,
        5 if kind == PEN => ContactEvent::ButtonOnly,
        6 => ContactEvent::HoverLeave,
        7 => ContactEvent::CancelAll,
        _ => return Err(refused(kind, "event")),
    })
}

/// x, y, pressure or distance, major, minor. Events without a place may carry anything there.
fn contact(
    kind: u32,
    event: ContactEvent,
    floats: [f32; 5],
) -> Result<Option<Contact>, ProtoError> {
    if !event.has_place() {
        return Ok(None);
    }
    let mut parts = floats;
    for part in &mut parts {
        *part = within(kind, *part, 0.0, 1.0)?;
    }
    let [x, y, depth, major, minor] = parts;
    // In each of these 0 says "unknown".
    let known = |value: f32| Some(value).filter(|value| *value > 0.0);
    let is_hover = event == ContactEvent::Hover;
    Ok(Some(Contact {
        x,
        y,
        pressure: known(depth).filter(|_| !is_hover),
        distance: known(depth).filter(|_| is_hover),
        major: known(major),
        minor: known(minor),
    }))
}

fn rotation(degrees: u16) -> Option<u16> {
    Some(degrees).filter(|degrees| *degrees <= 360)
}

fn number(kind: u32, value: u16) -> Result<ControllerNumber, ProtoError> {
    ControllerNumber::new(value).ok_or(refused(kind, "controller number"))
}

fn within(kind: u32, value: f32, low: f32, high: f32) -> Result<f32, ProtoError> {
    if value.is_finite() {
        Ok(value.clamp(low, high))
    } else {
        Err(refused(kind, "float"))
    }
}

const fn refused(kind: u32, field: &'static str) -> ProtoError {
    ProtoError::InputValue { kind, field }
}

/// The first `N` bytes of a payload that must have them.
fn fixed<const N: usize>(kind: u32, payload: &[u8]) -> Result<&[u8; N], ProtoError> {
    payload.first_chunk().ok_or(ProtoError::InputTooShort {
        kind,
        needed_bytes: N,
        bytes: payload.len(),
    })
}

const fn u16_le<const N: usize>(b: &[u8; N], at: usize) -> u16 {
    u16::from_le_bytes([b[at], b[at + 1]])
}

const fn i16_le<const N: usize>(b: &[u8; N], at: usize) -> i16 {
    i16::from_le_bytes([b[at], b[at + 1]])
}

const fn i16_be<const N: usize>(b: &[u8; N], at: usize) -> i16 {
    i16::from_be_bytes([b[at], b[at + 1]])
}

const fn u32_le<const N: usize>(b: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

const fn f32_le<const N: usize>(b: &[u8; N], at: usize) -> f32 {
    f32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

/// Bytes of the size field, which does not count itself.
const SIZE_BYTES: usize = 4;
/// Size and kind.
const HEADER_BYTES: usize = 8;
/// Longest text of a message; clients send one code point.
const TEXT_BYTES: usize = 32;

const KEY_DOWN: u32 = 0x03;
const KEY_UP: u32 = 0x04;
const MOUSE_POSITION: u32 = 0x05;
const MOUSE_MOVE: u32 = 0x07;
const BUTTON_DOWN: u32 = 0x08;
const BUTTON_UP: u32 = 0x09;
const SCROLL_VERTICAL: u32 = 0x0A;
const CONTROLLER: u32 = 0x0C;
const HAPTICS: u32 = 0x0D;
const TEXT: u32 = 0x17;
const SCROLL_HORIZONTAL: u32 = 0x5500_0001;
const TOUCH: u32 = 0x5500_0002;
const PEN: u32 = 0x5500_0003;
const ARRIVAL: u32 = 0x5500_0004;
const CONTROLLER_TOUCH: u32 = 0x5500_0005;
const CONTROLLER_MOTION: u32 = 0x5500_0006;
const CONTROLLER_BATTERY: u32 = 0x5500_0007;
