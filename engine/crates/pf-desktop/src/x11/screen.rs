//! Which rectangle of which X screen is captured: pixel layout, RandR outputs, and their changes.

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageOrder, Window};

use super::link::{Connection, Fault, Link};
use crate::{PictureSize, SourceError};

/// A rectangle in the coordinates of the root window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: u16,
    pub(super) height: u16,
}

impl Rectangle {
    pub(super) fn size(self) -> PictureSize {
        PictureSize {
            width: self.width.into(),
            height: self.height.into(),
        }
    }

    /// The part of it that lies within `outer`; `None` when there is none.
    pub(super) fn within(self, outer: Self) -> Option<Self> {
        let span = |a: i16, a_length: u16, b: i16, b_length: u16| {
            let from = i32::from(a).max(i32::from(b));
            let to = (i32::from(a) + i32::from(a_length)).min(i32::from(b) + i32::from(b_length));
            let length = u16::try_from(to - from).ok().filter(|&length| length > 0)?;
            Some((i16::try_from(from).ok()?, length))
        };
        let (x, width) = span(self.x, self.width, outer.x, outer.width)?;
        let (y, height) = span(self.y, self.height, outer.y, outer.height)?;
        Some(Self {
            x,
            y,
            width,
            height,
        })
    }
}

/// What is captured, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Screen {
    pub(super) root: Window,
    pub(super) whole: Rectangle,
    pub(super) captured: Rectangle,
    pub(super) output: Option<String>,
    pub(super) refresh_hz: Option<f64>,
}

impl Screen {
    /// Asks the server. `wanted` is an output's name; without one it is the primary output, else the first that is
    /// on, else the whole screen.
    ///
    /// # Errors
    /// [`SourceError::UnknownOutput`], [`SourceError::OutputOff`], or a fault of the connection.
    pub(super) fn read(link: &Link, wanted: Option<&str>) -> Result<Self, Fault> {
        let connection = &link.connection;
        let root = connection.setup().roots[link.screen].root;
        let geometry = connection.get_geometry(root)?.reply()?;
        let whole = Rectangle {
            x: 0,
            y: 0,
            width: geometry.width,
            height: geometry.height,
        };
        let picked = match outputs(connection, root)? {
            Some(outputs) => outputs.pick(wanted)?,
            None if wanted.is_some() => {
                return Err(Fault::Unusable(SourceError::MissingExtension {
                    display: link.display.clone(),
                    extension: "RandR 1.3",
                }));
            }
            None => None,
        };
        let (captured, output, refresh_hz) = match picked {
            Some(output) => (
                output.rectangle.and_then(|area| area.within(whole)),
                Some(output.name),
                output.refresh_hz,
            ),
            None => (Some(whole), None, None),
        };
        let Some(captured) = captured else {
            return Err(Fault::Unusable(SourceError::OutputOff {
                output: output.unwrap_or_default(),
            }));
        };
        Ok(Self {
            root,
            whole,
            captured,
            output,
            refresh_hz,
        })
    }

    /// Nothing of the screen lies outside of what is captured.
    pub(super) fn is_whole(&self) -> bool {
        self.captured == self.whole
    }
}

/// Whether the pixels are what a [`crate::Picture`] promises.
///
/// # Errors
/// [`SourceError::UnsupportedPixels`] for anything but 8 bits a colour, blue first, in 32 bits.
pub(super) fn check_pixels(link: &Link) -> Result<(), SourceError> {
    let setup = link.connection.setup();
    let screen = &setup.roots[link.screen];
    let depth = screen.root_depth;
    let bits = setup
        .pixmap_formats
        .iter()
        .find(|format| format.depth == depth)
        .map(|format| format.bits_per_pixel);
    let masks = screen
        .allowed_depths
        .iter()
        .flat_map(|depth| &depth.visuals)
        .find(|visual| visual.visual_id == screen.root_visual)
        .map(|visual| [visual.red_mask, visual.green_mask, visual.blue_mask]);
    let little_endian = setup.image_byte_order == ImageOrder::LSB_FIRST;
    let right_masks = masks == Some([0xff_0000, 0xff00, 0xff]);
    if matches!(depth, 24 | 32) && bits == Some(32) && little_endian && right_masks {
        return Ok(());
    }
    Err(SourceError::UnsupportedPixels {
        display: link.display.clone(),
        got: format!(
            "depth {depth} in {} bits, {}-endian, masks {:x?}",
            bits.unwrap_or(0),
            if little_endian { "little" } else { "big" },
            masks.unwrap_or_default()
        ),
        expected: "depth 24 or 32 in 32 bits, little-endian, masks [ff0000, ff00, ff]",
    })
}

/// Asks for an event whenever an output, its mode or its place changes.
pub(super) fn watch(connection: &Connection, root: Window) -> Result<(), Fault> {
    use randr::NotifyMask;
    if has_randr(connection)? {
        let mask = NotifyMask::SCREEN_CHANGE | NotifyMask::CRTC_CHANGE | NotifyMask::OUTPUT_CHANGE;
        connection.randr_select_input(root, mask)?;
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq)]
struct Output {
    name: String,
    connected: bool,
    primary: bool,
    /// `None` while it is off.
    rectangle: Option<Rectangle>,
    refresh_hz: Option<f64>,
}

#[derive(Debug)]
struct Outputs(Vec<Output>);

impl Outputs {
    fn pick(self, wanted: Option<&str>) -> Result<Option<Output>, SourceError> {
        let Some(wanted) = wanted else {
            let mut on: Vec<Output> = self
                .0
                .into_iter()
                .filter(|output| output.rectangle.is_some())
                .collect();
            on.sort_by_key(|output| !output.primary);
            return Ok(on.into_iter().next());
        };
        if let Some(output) = self.0.iter().find(|output| output.name == wanted) {
            return Ok(Some(output.clone()));
        }
        let connected = self.0.into_iter().filter(|output| output.connected);
        Err(SourceError::UnknownOutput {
            wanted: wanted.to_owned(),
            available: connected.map(|output| output.name).collect(),
        })
    }
}

fn has_randr(connection: &Connection) -> Result<bool, Fault> {
    if connection
        .extension_information(randr::X11_EXTENSION_NAME)?
        .is_none()
    {
        return Ok(false);
    }
    let version = connection.randr_query_version(1, 3)?.reply()?;
    Ok((version.major_version, version.minor_version) >= (1, 3))
}

fn outputs(connection: &Connection, root: Window) -> Result<Option<Outputs>, Fault> {
    if !has_randr(connection)? {
        return Ok(None);
    }
    let primary = connection.randr_get_output_primary(root)?;
    let resources = connection
        .randr_get_screen_resources_current(root)?
        .reply()?;
    let primary = primary.reply()?.output;
    let mut outputs = Vec::with_capacity(resources.outputs.len());
    for &id in &resources.outputs {
        let info = connection
            .randr_get_output_info(id, resources.config_timestamp)?
            .reply()?;
        let mut output = Output {
            name: String::from_utf8_lossy(&info.name).into_owned(),
            connected: info.connection == randr::Connection::CONNECTED,
            primary: id == primary,
            rectangle: None,
            refresh_hz: None,
        };
        if info.crtc != x11rb::NONE {
            let crtc = connection
                .randr_get_crtc_info(info.crtc, resources.config_timestamp)?
                .reply()?;
            let on = crtc.mode != x11rb::NONE && crtc.width > 0 && crtc.height > 0;
            output.rectangle = on.then_some(Rectangle {
                x: crtc.x,
                y: crtc.y,
                width: crtc.width,
                height: crtc.height,
            });
            output.refresh_hz = resources
                .modes
                .iter()
                .find(|mode| mode.id == crtc.mode)
                .and_then(refresh_hz);
        }
        outputs.push(output);
    }
    Ok(Some(Outputs(outputs)))
}

fn refresh_hz(mode: &randr::ModeInfo) -> Option<f64> {
    let dots = u32::from(mode.htotal) * u32::from(mode.vtotal);
    (dots > 0 && mode.dot_clock > 0).then(|| f64::from(mode.dot_clock) / f64::from(dots))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn area(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
        Rectangle {
            x,
            y,
            width,
            height,
        }
    }

    fn output(name: &str, primary: bool, rectangle: Option<Rectangle>) -> Output {
        Output {
            name: name.to_owned(),
            connected: true,
            primary,
            rectangle,
            refresh_hz: None,
        }
    }

    #[test]
    fn an_output_is_cut_to_the_screen() {
        let screen = area(0, 0, 1920, 1080);
        assert_eq!(
            area(1280, 0, 1280, 1024).within(screen),
            Some(area(1280, 0, 640, 1024))
        );
        assert_eq!(area(1920, 0, 10, 10).within(screen), None);
        assert_eq!(
            area(-10, -10, 20, 20).within(screen),
            Some(area(0, 0, 10, 10))
        );
        assert_eq!(area(i16::MAX, 0, u16::MAX, 1).within(screen), None);
    }

    #[test]
    fn without_a_wish_the_primary_output_is_taken_else_the_first_that_is_on() {
        let on = Some(area(0, 0, 640, 480));
        let off = output("A", false, None);
        let first = output("B", false, on);
        let primary = output("C", true, on);
        let pick = |outputs: &[&Output]| {
            Outputs(outputs.iter().copied().cloned().collect())
                .pick(None)
                .map(|picked| picked.map(|output| output.name))
        };
        assert_eq!(pick(&[&off, &first, &primary]), Ok(Some("C".to_owned())));
        assert_eq!(pick(&[&off, &first]), Ok(Some("B".to_owned())));
        assert_eq!(pick(&[&off]), Ok(None));
    }

    #[test]
    fn an_unknown_output_lists_the_connected_ones() {
        let mut unplugged = output("VGA-1", false, None);
        unplugged.connected = false;
        let outputs = Outputs(vec![output("HDMI-1", true, None), unplugged]);
        assert_eq!(
            outputs.pick(Some("HDMI-2")),
            Err(SourceError::UnknownOutput {
                wanted: "HDMI-2".to_owned(),
                available: vec!["HDMI-1".to_owned()],
            })
        );
    }
}
