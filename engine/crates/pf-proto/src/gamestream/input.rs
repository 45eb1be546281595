//! What a client's devices did: control message `0x0206` as values that need no further check. Does not
//! coalesce, count or touch a device; the wire format is `input_parse.rs`.
//!
//! Key codes, text and positions are nobody's business: `Debug` prints kinds only, and errors name
//! the field without its value. Source: gamestream-control-stream.md 8.

use std::fmt;

/// One input message.
#[derive(Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// A key went down or up.
    Key {
        /// True for down.
        down: bool,
        /// Windows virtual-key code of the position on a US keyboard; 0 and 255 mean nothing.
        code: u8,
        /// False when `code` is no US position (two JIS keys).
        us_position: bool,
        /// What the client thinks is held.
        modifiers: Modifiers,
    },
    /// The mouse moved, right and down positive.
    MouseMove {
        /// To the right.
        dx: i16,
        /// Down.
        dy: i16,
    },
    /// The mouse is at a place in the picture.
    MousePosition {
        /// 0 to `width`, the right edge.
        x: u16,
        /// 0 to `height`, the lower edge.
        y: u16,
        /// Largest x; at least 1.
        width: u16,
        /// Largest y; at least 1.
        height: u16,
    },
    /// A mouse button went down or up.
    MouseButton {
        /// True for down.
        down: bool,
        /// Which one.
        button: MouseButton,
    },
    /// The wheel turned, 120 a notch, up and away positive.
    ScrollVertical {
        /// Any value.
        amount: i16,
    },
    /// The wheel was tilted, 120 a notch, right positive.
    ScrollHorizontal {
        /// Any value.
        amount: i16,
    },
    /// Text: 1 to 32 bytes without control characters other than backspace, tab, line feed and return.
    Text(&'a str),
    /// The client can play rumble from now on.
    Haptics {
        /// True for on.
        enabled: bool,
    },
    /// The whole state of a pad.
    Controller(ControllerState),
    /// What a pad is; its state follows.
    ControllerArrival(ControllerArrival),
    /// A finger on a pad's touchpad.
    ControllerTouch(ControllerTouch),
    /// A pad's sensor.
    ControllerMotion(ControllerMotion),
    /// A pad's battery.
    ControllerBattery(ControllerBattery),
    /// A finger on the client's screen.
    Touch(Touch),
    /// A pen on the client's screen.
    Pen(Pen),
    /// A kind that no client of today sends.
    Unknown {
        /// The kind field.
        kind: u32,
    },
}

/// Modifier keys as bits: 1 Shift, 2 Ctrl, 4 Alt, 8 Meta.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Modifiers(u8);

impl Modifiers {
    /// Either Shift.
    pub const SHIFT: Self = Self(1);
    /// Either Ctrl.
    pub const CTRL: Self = Self(2);
    /// Either Alt.
    pub const ALT: Self = Self(4);
    /// Either Windows or Command key.
    pub const META: Self = Self(8);

    /// The known bits of the field.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x0F)
    }

    /// True when every modifier of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A button of a mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MouseButton {
    /// Left.
    Left = 1,
    /// The wheel.
    Middle = 2,
    /// Right.
    Right = 3,
    /// First side button, "back".
    Back = 4,
    /// Second side button, "forward".
    Forward = 5,
}

/// Number of a pad, 0 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControllerNumber(u8);

impl ControllerNumber {
    /// A number below 16.
    pub const fn new(number: u16) -> Option<Self> {
        if number < 16 {
            Some(Self(number as u8))
        } else {
            None
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The whole state of a pad; not a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerState {
    /// The pad.
    pub number: ControllerNumber,
    /// Bit n: pad n is present.
    pub present: u16,
    /// Buttons held, bits as gamestream-control-stream.md 8.2 lists them.
    pub buttons: u32,
    /// 0 to 255.
    pub left_trigger: u8,
    /// 0 to 255.
    pub right_trigger: u8,
    /// Left stick: right and up positive.
    pub left_stick: [i16; 2],
    /// Right stick: right and up positive.
    pub right_stick: [i16; 2],
}

impl ControllerState {
    /// True when the message takes this pad away; the rest of its state means nothing then.
    pub const fn is_removal(&self) -> bool {
        self.present & (1 << self.number.0) == 0
    }
}

/// What a pad is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerArrival {
    /// The pad.
    pub number: ControllerNumber,
    /// Its make.
    pub kind: ControllerKind,
    /// 1 analog triggers, 2 rumble, 4 trigger rumble, 8 touchpad, 0x10 accelerometer, 0x20 gyroscope,
    /// 0x40 battery, 0x80 light, 0x100 two touchpads.
    pub capabilities: u16,
    /// Buttons that it has, bits as in [`ControllerState::buttons`].
    pub buttons: u32,
}

/// The make of a pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerKind {
    /// Not known, or none of the others.
    Unknown,
    /// Microsoft.
    Xbox,
    /// Sony.
    PlayStation,
    /// Nintendo.
    Nintendo,
    /// Valve.
    Steam,
}

/// A finger on a pad's touchpad.
#[derive(Clone, Copy, PartialEq)]
pub struct ControllerTouch {
    /// The pad.
    pub number: ControllerNumber,
    /// Which of its touchpads, 0 or 1.
    pub touchpad: u8,
    /// What happened.
    pub event: ContactEvent,
    /// The finger.
    pub pointer: u32,
    /// Where; none for the events that have no place.
    pub at: Option<Contact>,
}

/// A reading of a pad's sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControllerMotion {
    /// The pad.
    pub number: ControllerNumber,
    /// The sensor.
    pub sensor: MotionSensor,
    /// m/s² with gravity, within ±160, or degrees a second, within ±4000; axes as in SDL 3.
    pub xyz: [f32; 3],
}

/// A sensor of a pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MotionSensor {
    /// m/s², gravity included.
    Accelerometer = 1,
    /// Degrees a second.
    Gyroscope = 2,
}

/// The battery of a pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerBattery {
    /// The pad.
    pub number: ControllerNumber,
    /// What it does.
    pub state: BatteryState,
    /// 0 to 100; none when unknown.
    pub percent: Option<u8>,
}

/// What a battery does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatteryState {
    /// Not known.
    Unknown,
    /// There is none.
    None,
    /// Runs down.
    Discharging,
    /// Is charged.
    Charging,
    /// Plugged in and not charged.
    PluggedIn,
    /// Full.
    Full,
}

/// A finger on the client's screen.
#[derive(Clone, Copy, PartialEq)]
pub struct Touch {
    /// What happened; never [`ContactEvent::ButtonOnly`].
    pub event: ContactEvent,
    /// The finger.
    pub pointer: u32,
    /// Where; none for the events that have no place.
    pub at: Option<Contact>,
    /// Of the finger, 0 to 360 degrees.
    pub rotation_degrees: Option<u16>,
}

/// A pen on the client's screen.
#[derive(Clone, Copy, PartialEq)]
pub struct Pen {
    /// What happened.
    pub event: ContactEvent,
    /// Which end.
    pub tool: PenTool,
    /// Buttons held: 1 primary, 2 secondary, 4 tertiary.
    pub buttons: u8,
    /// Where; none for the events that have no place.
    pub at: Option<Contact>,
    /// Of the pen, 0 to 360 degrees.
    pub rotation_degrees: Option<u16>,
    /// From the vertical, 0 to 90 degrees.
    pub tilt_degrees: Option<u8>,
}

/// Which end of a pen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PenTool {
    /// Not known.
    Unknown,
    /// The point.
    Pen,
    /// The other end.
    Eraser,
}

/// What a finger or pen did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContactEvent {
    /// Near, moving.
    Hover = 0,
    /// Touched.
    Down = 1,
    /// Lifted.
    Up = 2,
    /// Moved while down.
    Move = 3,
    /// Taken back.
    Cancel = 4,
    /// A pen's buttons changed and nothing else.
    ButtonOnly = 5,
    /// No longer near.
    HoverLeave = 6,
    /// Every contact is taken back.
    CancelAll = 7,
}

impl ContactEvent {
    /// True for the events whose place, pressure and size mean something.
    pub(super) const fn has_place(self) -> bool {
        matches!(self, Self::Hover | Self::Down | Self::Up | Self::Move)
    }
}

/// Where a contact is: parts of the picture or touchpad from the upper left corner, 0 to 1.
#[derive(Clone, Copy, PartialEq)]
pub struct Contact {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
    /// 0 to 1; none when unknown or hovering.
    pub pressure: Option<f32>,
    /// 0 to 1, far; none when unknown or touching.
    pub distance: Option<f32>,
    /// Longer axis of the contact; none when unknown.
    pub major: Option<f32>,
    /// Shorter axis of the contact; none when unknown.
    pub minor: Option<f32>,
}

impl Input<'_> {
    /// What a log may say about it.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Key { .. } => "key",
            Self::MouseMove { .. } => "mouse_move",
            Self::MousePosition { .. } => "mouse_position",
            Self::MouseButton { .. } => "mouse_button",
            Self::ScrollVertical { .. } => "scroll_vertical",
            Self::ScrollHorizontal { .. } => "scroll_horizontal",
            Self::Text(_) => "text",
            Self::Haptics { .. } => "haptics",
            Self::Controller(_) => "controller",
            Self::ControllerArrival(_) => "controller_arrival",
            Self::ControllerTouch(_) => "controller_touch",
            Self::ControllerMotion(_) => "controller_motion",
            Self::ControllerBattery(_) => "controller_battery",
            Self::Touch(_) => "touch",
            Self::Pen(_) => "pen",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({})", self.kind_name())
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })*
    };
}
opaque_debug!(Modifiers, ControllerTouch, Touch, Pen, Contact);
