//! The script as `session.start` carries it (docs/ffi-abi.md), and whether it can be played.

use std::fs::File;
use std::sync::Arc;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::admission::check_bitrate;
use crate::request::Refusal;
use crate::script::plan::{Action, Effect, Loss};

/// Actions of one script.
pub const MAX_ACTIONS: usize = 10_000;
/// Longest wait of one action, µs: a stream must still be one.
pub const MAX_STALL_US: u32 = 2_000_000;
/// Pictures that a source may skip at once.
const MAX_PICTURES: u32 = 1_000_000;

/// What shall go wrong, and where the truth about it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRequest {
    /// In any order; what is due in one frame is carried out together, the later of two that contradict wins.
    #[serde(default)]
    pub actions: Vec<ActionRequest>,
    /// A regular file that the host opened for appending.
    #[serde(default)]
    pub truth_fd: Option<i32>,
    /// A descriptor of the engine's own for that file.
    #[serde(skip)]
    pub truth: Option<Arc<File>>,
}

/// One action. Which of the optional fields it needs is told by `what`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// First frame it is due in; the session's first is 0.
    pub at_frame: u32,
    /// In how many frames it is due; absent: in one, or with `every` until the session ends.
    pub count: Option<u32>,
    /// Frames from one to the next of them; absent: one after the other.
    pub every: Option<u32>,
    /// What happens.
    pub what: What,
    /// `stall`: where.
    pub place: Option<Place>,
    /// `stall`: how long; `late`: how old the picture is, µs.
    pub us: Option<u32>,
    /// `skip`: pictures that nobody gets to see.
    pub pictures: Option<u32>,
    /// `drop`: where the frame is lost.
    pub why: Option<DropWhy>,
    /// `invalidate`: the oldest lost frame, so many before the current one.
    pub first_back: Option<u32>,
    /// `invalidate`: the newest lost frame, so many before the current one.
    pub last_back: Option<u32>,
    /// `bitrate`: the new target.
    pub kbps: Option<u32>,
    /// `loss`: percent of the frame's packets.
    pub pct: Option<f64>,
    /// `loss`: every so manieth packet.
    pub every_packet: Option<u32>,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A wait before a boundary.
    Stall,
    /// The source gives no new picture: a repeat.
    Withhold,
    /// The source makes more pictures than anybody takes.
    Skip,
    /// The source's picture is old when it is taken.
    Late,
    /// The frame is lost in the host.
    Drop,
    /// A key frame is asked for.
    KeyFrame,
    /// Frames are said to be lost.
    Invalidate,
    /// The encoder fails, and another takes its place.
    EncoderError,
    /// The encoder's target changes.
    Bitrate,
    /// Packets are lost behind the host.
    Loss,
}

/// Where a wait is put: before the boundary of the same name is stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Place {
    /// Before the picture is taken from the source.
    Grabbed = 0,
    /// In colour conversion.
    Converted = 1,
    /// Before the picture is handed to the encoder.
    Submitted = 2,
    /// In the encoder.
    Encoded = 3,
    /// While headers and parity are written.
    Packetized = 4,
    /// Before the send thread takes the frame.
    Dequeued = 5,
    /// Before the first datagrams.
    FirstSent = 6,
    /// Before the frame's last datagrams are done.
    LastSent = 7,
}

impl Place {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// Names in order, as JSON has them.
    pub const NAMES: [&'static str; Self::COUNT] = [
        "grabbed",
        "converted",
        "submitted",
        "encoded",
        "packetized",
        "dequeued",
        "first_sent",
        "last_sent",
    ];
    /// The place that ends at a boundary, by [`pf_stats::Boundary`].
    pub const ENDING_AT: [Self; 7] = [
        Self::Converted,
        Self::Submitted,
        Self::Encoded,
        Self::Packetized,
        Self::Dequeued,
        Self::FirstSent,
        Self::LastSent,
    ];
}

/// Where a frame is lost in the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropWhy {
    /// As if two frames waited already.
    QueueFull,
    /// As if the socket had no room until the frame's deadline; nobody waits for it.
    SendDeadline,
    /// As if sending failed.
    SendError,
}

/// A script that can be played.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// By first frame.
    pub(super) actions: Arc<[Action]>,
    /// Where the truth goes.
    pub(super) truth: Option<Arc<File>>,
}

impl Script {
    /// Checks a request. Refuses with `script_invalid`, which action it is, and why.
    pub fn check(request: &ScriptRequest, source: &str) -> Result<Self, Refusal> {
        if request.actions.len() > MAX_ACTIONS {
            let text = format!(
                "The script has {} actions; {MAX_ACTIONS} is the most.",
                request.actions.len()
            );
            return Err(Refusal::new("script_invalid", text));
        }
        if let Some(file) = &request.truth {
            check_truth(file)?;
        }
        let mut actions = request
            .actions
            .iter()
            .enumerate()
            .map(|(index, action)| {
                action.check(source).map_err(|why| {
                    let name = serde_json::to_value(action.what).unwrap_or_default();
                    let text = format!("Action {index} ({}): {why}.", name.as_str().unwrap_or(""));
                    Refusal::new("script_invalid", text)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Stable: of two actions due in one frame, the later in the script stays the later.
        actions.sort_by_key(|action| action.first);
        Ok(Self {
            actions: actions.into(),
            truth: request.truth.clone(),
        })
    }
}

/// Only a file takes what it is given at once: a pipe that nobody reads would keep the session from ending. Only
/// appending keeps the lines of several sessions apart.
fn check_truth(file: &File) -> Result<(), Refusal> {
    let refused = |text: String| Err(Refusal::new("script_invalid", text));
    let unknown =
        |error: std::io::Error| format!("The file for the truth cannot be looked at: {error}.");
    match file.metadata() {
        Err(error) => return refused(unknown(error)),
        Ok(about) if !about.is_file() => {
            let text = "The truth goes to a regular file only; the descriptor given is none.";
            return refused(text.into());
        }
        Ok(_) => {}
    }
    match rustix::fs::fcntl_getfl(file) {
        Err(errno) => refused(unknown(errno.into())),
        Ok(flags) if flags.contains(OFlags::APPEND) => Ok(()),
        Ok(_) => refused("The file for the truth is not opened for appending.".into()),
    }
}

impl ActionRequest {
    fn check(&self, source: &str) -> Result<Action, String> {
        self.check_fields()?;
        let effect = self.effect(source)?;
        let count = match (self.count, self.every) {
            (Some(0), _) => return Err("count is 0; 1 is the least".into()),
            (_, Some(0)) => return Err("every is 0; 1 is the least".into()),
            (Some(count), _) => count,
            (None, Some(_)) => u32::MAX,
            (None, None) => 1,
        };
        Ok(Action {
            first: u64::from(self.at_frame),
            every: u64::from(self.every.unwrap_or(1)),
            count: u64::from(count),
            effect,
        })
    }

    fn effect(&self, source: &str) -> Result<Effect, String> {
        if source != "synthetic" && matches!(self.what, What::Withhold | What::Skip | What::Late) {
            return Err(format!(
                "only the synthetic source obeys; this one is {source}"
            ));
        }
        Ok(match self.what {
            What::Stall => Effect::Stall {
                place: needed("place", self.place)?,
                us: within("us", needed("us", self.us)?, 1, MAX_STALL_US)?,
            },
            What::Withhold => Effect::Withhold,
            What::Skip => {
                let pictures = needed("pictures", self.pictures)?;
                Effect::Skip(within("pictures", pictures, 1, MAX_PICTURES)?)
            }
            What::Late => Effect::Late {
                us: within("us", needed("us", self.us)?, 1, MAX_STALL_US)?,
            },
            What::Drop => Effect::Drop(needed("why", self.why)?),
            What::KeyFrame => Effect::KeyFrame,
            What::EncoderError => Effect::EncoderError,
            What::Invalidate => {
                let first = needed("first_back", self.first_back)?;
                let last = within("last_back", needed("last_back", self.last_back)?, 1, first)?;
                Effect::Invalidate { first, last }
            }
            What::Bitrate => {
                let kbps = needed("kbps", self.kbps)?;
                check_bitrate(kbps).map_err(|refusal| refusal.message)?;
                Effect::Bitrate(kbps)
            }
            What::Loss => Effect::Loss(self.loss()?),
        })
    }

    fn loss(&self) -> Result<Loss, String> {
        match (self.pct, self.every_packet) {
            (Some(pct), None) if pct > 0.0 && pct <= 100.0 => Ok(Loss::percent(pct)),
            (Some(pct), None) => Err(format!("pct is {pct}; above 0 to 100 is possible")),
            (None, Some(nth)) => Ok(Loss::Every(within("every_packet", nth, 1, u32::MAX)?)),
            _ => Err("it needs either pct or every_packet".into()),
        }
    }

    /// A field that the action does not have would be a misunderstanding that nobody notices.
    fn check_fields(&self) -> Result<(), String> {
        let given = [
            ("place", self.place.is_some()),
            ("us", self.us.is_some()),
            ("pictures", self.pictures.is_some()),
            ("why", self.why.is_some()),
            ("first_back", self.first_back.is_some()),
            ("last_back", self.last_back.is_some()),
            ("kbps", self.kbps.is_some()),
            ("pct", self.pct.is_some()),
            ("every_packet", self.every_packet.is_some()),
        ];
        let own: &[&str] = match self.what {
            What::Stall => &["place", "us"],
            What::Late => &["us"],
            What::Skip => &["pictures"],
            What::Drop => &["why"],
            What::Invalidate => &["first_back", "last_back"],
            What::Bitrate => &["kbps"],
            What::Loss => &["pct", "every_packet"],
            What::Withhold | What::KeyFrame | What::EncoderError => &[],
        };
        let foreign = given
            .into_iter()
            .find(|(name, is_given)| *is_given && !own.contains(name));
        foreign.map_or(Ok(()), |(name, _)| Err(format!("it has no {name}")))
    }
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("it needs {name}"))
}

fn within(name: &str, value: u32, least: u32, most: u32) -> Result<u32, String> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{name} is {value}; {least} to {most} is possible"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(actions: Value, source: &str) -> Result<Script, Refusal> {
        let request: ScriptRequest =
            serde_json::from_value(json!({ "actions": actions })).expect("a script");
        Script::check(&request, source)
    }

    fn refusal(action: Value) -> String {
        let refusal = check(json!([action]), "synthetic").expect_err("refused");
        assert_eq!(refusal.code, "script_invalid");
        refusal.message
    }

    #[test]
    fn every_action_is_understood() {
        let script = check(
            json!([
                { "at_frame": 9, "what": "stall", "place": "encoded", "us": 30_000 },
                { "at_frame": 1, "count": 3, "what": "withhold" },
                { "at_frame": 2, "what": "skip", "pictures": 4 },
                { "at_frame": 2, "what": "late", "us": 40_000 },
                { "at_frame": 3, "every": 2, "what": "drop", "why": "queue_full" },
                { "at_frame": 3, "what": "drop", "why": "send_deadline" },
                { "at_frame": 3, "what": "drop", "why": "send_error" },
                { "at_frame": 4, "what": "key_frame" },
                { "at_frame": 5, "what": "invalidate", "first_back": 3, "last_back": 1 },
                { "at_frame": 6, "what": "bitrate", "kbps": 9000 },
                { "at_frame": 7, "what": "loss", "pct": 12.5 },
                { "at_frame": 8, "what": "loss", "every_packet": 7 },
                { "at_frame": 9, "what": "encoder_error" }
            ]),
            "synthetic",
        )
        .expect("can be played");
        assert_eq!(script.actions.len(), 13);
        assert!(script.actions.is_sorted_by_key(|action| action.first));
    }

    #[test]
    fn what_cannot_be_played_is_refused_with_which_and_why() {
        let cases = [
            (
                json!({ "at_frame": 0, "what": "stall", "us": 1 }),
                "Action 0 (stall): it needs place.",
            ),
            (
                json!({ "at_frame": 0, "what": "stall", "place": "encoded", "us": 2_000_001 }),
                "Action 0 (stall): us is 2000001; 1 to 2000000 is possible.",
            ),
            (
                json!({ "at_frame": 0, "what": "withhold", "count": 0 }),
                "Action 0 (withhold): count is 0; 1 is the least.",
            ),
            (
                json!({ "at_frame": 0, "what": "withhold", "every": 0 }),
                "Action 0 (withhold): every is 0; 1 is the least.",
            ),
            (
                json!({ "at_frame": 0, "what": "key_frame", "us": 5 }),
                "Action 0 (key_frame): it has no us.",
            ),
            (
                json!({ "at_frame": 0, "what": "invalidate", "first_back": 1, "last_back": 2 }),
                "Action 0 (invalidate): last_back is 2; 1 to 1 is possible.",
            ),
            (
                json!({ "at_frame": 0, "what": "loss", "pct": 1, "every_packet": 1 }),
                "Action 0 (loss): it needs either pct or every_packet.",
            ),
            (
                json!({ "at_frame": 0, "what": "loss", "pct": 0 }),
                "Action 0 (loss): pct is 0; above 0 to 100 is possible.",
            ),
        ];
        for (action, message) in cases {
            assert_eq!(refusal(action), message);
        }
        assert!(refusal(json!({ "at_frame": 0, "what": "bitrate", "kbps": 1 })).contains("kb/s"));
    }

    #[test]
    fn only_the_synthetic_source_obeys() {
        let message = check(json!([{ "at_frame": 0, "what": "withhold" }]), "x11")
            .expect_err("refused")
            .message;
        assert_eq!(
            message,
            "Action 0 (withhold): only the synthetic source obeys; this one is x11."
        );
        assert!(
            check(json!([{ "at_frame": 0, "what": "key_frame" }]), "x11").is_ok(),
            "what the source has no part in goes with any"
        );
    }

    #[test]
    fn a_script_is_bounded() {
        let action = json!({ "at_frame": 0, "what": "key_frame" });
        assert!(check(vec![action.clone(); MAX_ACTIONS].into(), "synthetic").is_ok());
        let refusal =
            check(vec![action; MAX_ACTIONS + 1].into(), "synthetic").expect_err("too many");
        assert!(refusal.message.contains("10001 actions"), "{refusal}");
    }
}
