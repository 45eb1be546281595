//! What the host is told of the encoder's rare frames: which, and why they were made.

use pf_codec::FrameKind;
use pf_proto::gamestream::recovery::RecoveryAction;
use pf_proto::units::FrameIndex;
use serde_json::json;

use crate::events::Level;
use crate::shared::SessionShared;

/// Tells the host of key frames and answered invalidations, and why they were made.
pub fn tell_recovery(
    session: &SessionShared,
    index: FrameIndex,
    action: RecoveryAction,
    kind: FrameKind,
    is_reopened: bool,
) {
    let frame = index.0;
    match (kind, action) {
        (FrameKind::Predicted, _) => {}
        (FrameKind::Key, _) => {
            let why = match action {
                _ if index == FrameIndex::FIRST => "first",
                RecoveryAction::KeyFrame => "requested",
                RecoveryAction::Invalidate { .. } => "invalidation",
                RecoveryAction::None if is_reopened => "encoder_reopened",
                RecoveryAction::None => "encoder",
            };
            session.event("key_frame", json!({ "frame": frame, "why": why }));
        }
        (FrameKind::AfterInvalidation, RecoveryAction::Invalidate { first, last }) => {
            session.event(
                "invalidation",
                json!({ "frame": frame, "first": first, "last": last }),
            );
        }
        (FrameKind::AfterInvalidation, _) => {
            session.event("invalidation", json!({ "frame": frame }))
        }
    }
}

/// The stream goes on; that it nearly did not is worth a line in the log as well.
pub fn tell_reopened(session: &SessionShared, index: FrameIndex, why: &str) {
    session.event("encoder_reopened", json!({ "frame": index.0, "why": why }));
    let text = format!("The encoder failed and was opened again: {why}.");
    session.engine.events.log(Level::Warn, "video", text);
}
