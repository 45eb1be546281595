//! The command line that both painters share.

use std::process::ExitCode;

use crate::{PaintReport, PaintSettings, TestkitError};

const USAGE: &str =
    "[--display NAME] [--fps 60] [--frames N | --seconds N] [--size WIDTHxHEIGHT] [--pieces N]";

/// Parses the arguments, paints, and prints one line of JSON.
///
/// `variable` names the display when `--display` does not.
pub fn run_painter(
    variable: &str,
    paint: impl FnOnce(&str, &PaintSettings) -> Result<PaintReport, TestkitError>,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(argument) => {
            eprintln!("cannot use {argument:?}; options: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let display = parsed
        .display
        .unwrap_or_else(|| std::env::var(variable).unwrap_or_default());
    match paint(&display, &parsed.settings) {
        Ok(report) => {
            println!("{}", report.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, PartialEq)]
struct Parsed {
    display: Option<String>,
    settings: PaintSettings,
}

/// The settings, or the argument that is wrong.
fn parse(arguments: &[String]) -> Result<Parsed, String> {
    let mut display = None;
    let mut seconds = None;
    let mut settings = PaintSettings::at(60.0);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            return Err(pair.concat());
        };
        let wrong = || format!("{name} {value}");
        let number = || value.parse::<u32>().map_err(|_| wrong());
        match name.as_str() {
            "--display" => display = Some(value.clone()),
            "--fps" => {
                let fps = value
                    .parse()
                    .ok()
                    .filter(|fps| (0.01..=1000.0).contains(fps));
                settings.fps = fps.ok_or_else(wrong)?;
            }
            "--frames" => settings.frames = Some(number()?),
            "--seconds" => seconds = Some(number()?),
            "--pieces" => settings.pieces = number()?,
            "--size" => {
                let (width, height) = value.split_once('x').ok_or_else(wrong)?;
                let size = width.parse().ok().zip(height.parse().ok());
                settings.size = Some(size.ok_or_else(wrong)?);
            }
            _ => return Err(wrong()),
        }
    }
    if let Some(seconds) = seconds {
        settings.frames = Some((f64::from(seconds) * settings.fps).round() as u32);
    }
    Ok(Parsed { display, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Parsed, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments)
    }

    #[test]
    fn seconds_become_pictures_at_the_rate() {
        let parsed = parsed("--seconds 3 --fps 54 --size 640x360").expect("a good line");
        assert_eq!(parsed.settings.frames, Some(162));
        assert_eq!(parsed.settings.size, Some((640, 360)));
        assert_eq!(parsed.display, None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for line in [
            "--fps 0",
            "--fps x",
            "--size 640",
            "--frames -1",
            "--what 1",
        ] {
            assert_eq!(parsed(line), Err(line.to_owned()));
        }
        assert_eq!(parsed("--fps"), Err("--fps".to_owned()));
    }
}
