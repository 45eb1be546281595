//! What a client is told when its session ends (gamestream-control-stream.md 5.3, 10).

use pf_proto::gamestream::control::TerminationCode;

/// How a control stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodbye {
    /// The client is told this, and has a moment to go by itself.
    Tell(TerminationCode),
    /// Nobody is there who would understand.
    Silent,
}

/// What the reason of a session's end means for its client.
pub fn goodbye(reason: &str) -> Goodbye {
    match reason {
        CLIENT_LEFT | CLIENT_LOST | NO_CONTROL | UNREADABLE => Goodbye::Silent,
        "source_lost" | "source_unavailable" => Goodbye::Tell(TerminationCode::CAPTURE_LOST),
        "encoder_failed" | "encoder_unavailable" | "frame_too_large" | "bitstream_unusable" => {
            Goodbye::Tell(TerminationCode::ENCODER_FAILED)
        }
        "internal" | "conversion_failed" | "scaling_impossible" | "no_thread" => {
            Goodbye::Tell(TerminationCode::INTERNAL)
        }
        SEQUENCES_EXHAUSTED => Goodbye::Tell(TerminationCode::SEQUENCES_EXHAUSTED),
        // Whatever the host ended on purpose: the app, the operator, a newer session, its own shutdown.
        _ => Goodbye::Tell(TerminationCode::GRACEFUL),
    }
}

/// The client closed its control stream.
pub const CLIENT_LEFT: &str = "client_left";
/// Nothing authentic came for too long.
pub const CLIENT_LOST: &str = "client_lost";
/// The control stream never came.
pub const NO_CONTROL: &str = "no_control";
/// Only messages that the session's key does not open.
pub const UNREADABLE: &str = "control_unreadable";
/// A key has no unused number left.
pub const SEQUENCES_EXHAUSTED: &str = "sequences_exhausted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_the_host_have_codes_and_everything_on_purpose_is_graceful() {
        let cases = [
            ("stopped", Goodbye::Tell(TerminationCode(0x8003_0023))),
            ("engine_closed", Goodbye::Tell(TerminationCode(0x8003_0023))),
            ("source_lost", Goodbye::Tell(TerminationCode(0x0F00_0001))),
            (
                "encoder_failed",
                Goodbye::Tell(TerminationCode(0x0F00_0002)),
            ),
            ("internal", Goodbye::Tell(TerminationCode(0x0F00_0003))),
            (
                SEQUENCES_EXHAUSTED,
                Goodbye::Tell(TerminationCode(0x0F00_0004)),
            ),
            (CLIENT_LOST, Goodbye::Silent),
        ];
        for (reason, expected) in cases {
            assert_eq!(goodbye(reason), expected, "{reason}");
        }
    }
}
