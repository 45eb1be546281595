//! Faults put into a stream on purpose, by number of frame: "inject a stutter, and see it found".
//!
//! A script is checked as a whole when the session starts, and played by the parts it concerns: the source gives what it
//! says, every boundary waits as it says, the sender drops what it says. What they really did they tell the truth log,
//! each for itself and never by way of the frame record: whoever compares both finds what the record gets wrong
//! (docs/test-scripts.md). A session without a script carries an absent box.

mod plan;
mod request;
mod truth;

pub use plan::Loss;
pub use request::{ActionRequest, DropWhy, Place, Script, ScriptRequest, What};
pub use truth::{
    Player, ScriptedFrame, SourceTruth, TruthLog, TruthSender, stall, stamp, stamp_now,
};
