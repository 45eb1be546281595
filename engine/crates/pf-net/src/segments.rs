//! How a run of equal datagrams is cut into system calls, and what the kernel's answers mean.
//!
//! Pure: the call itself comes in as a closure, so that every refusal of a kernel can be played in a test.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

/// What became of one `send_segments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct SendOutcome {
    /// Bytes the kernel took: whole datagrams, from the front.
    pub sent_bytes: usize,
    /// Why it ended.
    pub result: SendResult,
    /// Earlier datagrams to this peer that the network has answered with an error (its port is closed, no
    /// way to it) since the last send to it told. Zero while all is well.
    pub refused_before: u32,
}

/// How a send ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendResult {
    /// Everything was taken.
    Complete,
    /// The socket's buffer is full: `wait_writable`, then send the rest.
    WouldBlock,
    /// The kernel or the interface's queue had no buffer: it dropped what came last, inside this machine.
    /// `wait_writable`, then send the rest, beginning with what was dropped.
    NoBuffer,
    /// The next datagram was refused; waiting does not help.
    Refused(SendRefusal),
}

/// Why the kernel refused a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendRefusal {
    /// The peer's machine answers that nobody listens on the port.
    ConnectionRefused,
    /// No route, or the network or machine is down.
    Unreachable,
    /// Larger than the path or UDP allows.
    TooLong,
    /// A packet filter of this machine forbids it.
    Forbidden,
    /// Anything else: the errno.
    Other(i32),
}

impl fmt::Display for SendRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionRefused => f.write_str("nobody listens on the port"),
            Self::Unreachable => f.write_str("there is no way to the address"),
            Self::TooLong => f.write_str("the datagram is too long for the path"),
            Self::Forbidden => f.write_str("a packet filter of this machine forbids it"),
            Self::Other(errno) => write!(f, "{}", io::Error::from_raw_os_error(*errno)),
        }
    }
}

/// Segments a super-packet may hold on every kernel that knows them (128 since Linux 6.9).
pub const MAX_SEGMENTS: usize = 64;

/// Largest UDP payload over IPv4, and so the largest super-packet.
pub const MAX_CALL_BYTES: usize = 65_507;

/// Datagrams of `segment_bytes` that fit one super-packet; at least one.
pub(crate) fn segments_per_call(segment_bytes: usize) -> usize {
    (MAX_CALL_BYTES / segment_bytes.max(1)).clamp(1, MAX_SEGMENTS)
}

/// Sends `datagrams`, each of `segment_bytes` (the last may be shorter), in as few calls as allowed.
///
/// `send(bytes, Some(n))` asks for segmentation into datagrams of `n`, `None` sends one datagram. A
/// kernel, route or device that cannot segment sets `gso_off`, and single datagrams follow for good.
pub(crate) fn send_in_calls(
    datagrams: &[u8],
    segment_bytes: usize,
    gso_off: &AtomicBool,
    mut send: impl FnMut(&[u8], Option<u16>) -> Result<(), Errno>,
) -> SendOutcome {
    let ended = |sent_bytes, result| SendOutcome {
        sent_bytes,
        result,
        refused_before: 0,
    };
    if segment_bytes == 0 || segment_bytes > MAX_CALL_BYTES {
        return ended(0, SendResult::Refused(SendRefusal::TooLong));
    }
    let mut sent = 0;
    let mut per_call = match gso_off.load(Ordering::Relaxed) {
        true => 1,
        false => segments_per_call(segment_bytes),
    };
    while sent < datagrams.len() {
        let rest = &datagrams[sent..];
        let chunk = &rest[..rest.len().min(per_call * segment_bytes)];
        let segmented = chunk.len() > segment_bytes;
        let answer = send(chunk, segmented.then_some(segment_bytes as u16));
        let errno = match answer {
            Ok(()) => {
                sent += chunk.len();
                continue;
            }
            Err(errno) => errno,
        };
        if !(segmented && may_mean_no_segmentation(errno)) {
            return ended(sent, result_of(errno));
        }
        // A bad address or route gives the same errno. Only a datagram that passes alone accuses segmentation.
        match send(&chunk[..segment_bytes], None) {
            Ok(()) => sent += segment_bytes,
            Err(errno) => return ended(sent, result_of(errno)),
        }
        per_call = 1;
        // Too long is about this peer's path MTU, not about the kernel: singles for this call only.
        if errno != Errno::MSGSIZE {
            gso_off.store(true, Ordering::Relaxed);
        }
    }
    ended(sent, SendResult::Complete)
}

fn may_mean_no_segmentation(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::INVAL | Errno::IO | Errno::OPNOTSUPP | Errno::NOPROTOOPT | Errno::MSGSIZE
    )
}

fn result_of(errno: Errno) -> SendResult {
    SendResult::Refused(match errno {
        Errno::AGAIN => return SendResult::WouldBlock,
        Errno::NOBUFS | Errno::NOMEM => return SendResult::NoBuffer,
        Errno::CONNREFUSED => SendRefusal::ConnectionRefused,
        Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::HOSTDOWN | Errno::NETDOWN => {
            SendRefusal::Unreachable
        }
        Errno::MSGSIZE => SendRefusal::TooLong,
        Errno::PERM | Errno::ACCESS => SendRefusal::Forbidden,
        other => SendRefusal::Other(other.raw_os_error()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A kernel that notes every datagram it took and answers from a script, then with success.
    struct ScriptedKernel {
        script: Vec<Result<(), Errno>>,
        calls: usize,
        taken: Vec<Vec<u8>>,
    }

    impl ScriptedKernel {
        fn new(script: &[Result<(), Errno>]) -> Self {
            Self {
                script: script.to_vec(),
                calls: 0,
                taken: Vec::new(),
            }
        }

        fn answer(&mut self, bytes: &[u8], segment: Option<u16>) -> Result<(), Errno> {
            let answer = self.script.get(self.calls).copied().unwrap_or(Ok(()));
            self.calls += 1;
            if answer.is_ok() {
                let size = segment.map_or(bytes.len(), usize::from);
                self.taken.extend(bytes.chunks(size).map(<[u8]>::to_vec));
            }
            answer
        }

        fn run(&mut self, bytes: &[u8], segment_bytes: usize, off: &AtomicBool) -> SendOutcome {
            send_in_calls(bytes, segment_bytes, off, |chunk, segment| {
                self.answer(chunk, segment)
            })
        }
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn a_frame_leaves_in_super_packets_of_at_most_46_full_datagrams() {
        let mut kernel = ScriptedKernel::new(&[]);
        let frame = bytes(92 * 1408);
        let outcome = kernel.run(&frame, 1408, &AtomicBool::new(false));
        assert_eq!(
            (outcome.sent_bytes, outcome.result),
            (frame.len(), SendResult::Complete)
        );
        assert_eq!(kernel.calls, 2);
        assert_eq!(kernel.taken.len(), 92);
        assert_eq!(kernel.taken.concat(), frame);
    }

    #[test]
    fn small_datagrams_stop_at_64_a_call() {
        let mut kernel = ScriptedKernel::new(&[]);
        assert_eq!(
            kernel
                .run(&bytes(65 * 100), 100, &AtomicBool::new(false))
                .result,
            SendResult::Complete
        );
        assert_eq!((kernel.calls, kernel.taken.len()), (2, 65));
    }

    #[test]
    fn a_kernel_that_cannot_segment_is_asked_once_and_loses_nothing() {
        for errno in [Errno::INVAL, Errno::IO, Errno::OPNOTSUPP, Errno::NOPROTOOPT] {
            let off = AtomicBool::new(false);
            let mut kernel = ScriptedKernel::new(&[Err(errno)]);
            let frame = bytes(5 * 100 + 7);
            assert_eq!(kernel.run(&frame, 100, &off).result, SendResult::Complete);
            assert!(off.load(Ordering::Relaxed), "{errno:?} is remembered");
            assert_eq!(kernel.taken.concat(), frame);
            assert_eq!(
                kernel.taken.iter().map(Vec::len).collect::<Vec<_>>(),
                [100, 100, 100, 100, 100, 7]
            );
            let calls = kernel.calls;
            assert_eq!(kernel.run(&frame, 100, &off).result, SendResult::Complete);
            assert_eq!(kernel.calls - calls, 6, "no second try of segmentation");
        }
    }

    #[test]
    fn a_path_mtu_below_the_datagram_does_not_switch_segmentation_off_for_others() {
        let off = AtomicBool::new(false);
        let mut kernel = ScriptedKernel::new(&[Err(Errno::MSGSIZE)]);
        assert_eq!(
            kernel.run(&bytes(300), 100, &off).result,
            SendResult::Complete
        );
        assert_eq!(kernel.taken.len(), 3);
        assert!(!off.load(Ordering::Relaxed));
    }

    #[test]
    fn an_invalid_peer_is_not_blamed_on_segmentation() {
        let off = AtomicBool::new(false);
        let mut kernel = ScriptedKernel::new(&[Err(Errno::INVAL), Err(Errno::INVAL)]);
        let outcome = kernel.run(&bytes(300), 100, &off);
        let refused = SendResult::Refused(SendRefusal::Other(libc::EINVAL));
        assert_eq!((outcome.sent_bytes, outcome.result), (0, refused));
        assert!(!off.load(Ordering::Relaxed));
    }

    #[test]
    fn a_full_buffer_tells_how_many_whole_datagrams_were_taken() {
        for (errno, result) in [
            (Errno::AGAIN, SendResult::WouldBlock),
            (Errno::NOBUFS, SendResult::NoBuffer),
            (Errno::NOMEM, SendResult::NoBuffer),
        ] {
            let mut kernel = ScriptedKernel::new(&[Ok(()), Err(errno)]);
            let outcome = kernel.run(&bytes(100 * 1408), 1408, &AtomicBool::new(false));
            assert_eq!((outcome.sent_bytes, outcome.result), (46 * 1408, result));
        }
    }

    #[test]
    fn each_refusal_has_its_name() {
        let cases = [
            (Errno::CONNREFUSED, SendRefusal::ConnectionRefused),
            (Errno::NETUNREACH, SendRefusal::Unreachable),
            (Errno::HOSTUNREACH, SendRefusal::Unreachable),
            (Errno::PERM, SendRefusal::Forbidden),
            (Errno::BADF, SendRefusal::Other(libc::EBADF)),
        ];
        for (errno, refusal) in cases {
            let mut kernel = ScriptedKernel::new(&[Err(errno)]);
            let outcome = kernel.run(&bytes(10), 10, &AtomicBool::new(false));
            assert_eq!(
                (outcome.sent_bytes, outcome.result),
                (0, SendResult::Refused(refusal))
            );
        }
    }

    #[test]
    fn impossible_sizes_are_refused_without_a_call() {
        for segment_bytes in [0, MAX_CALL_BYTES + 1] {
            let mut kernel = ScriptedKernel::new(&[]);
            let outcome = kernel.run(&bytes(10), segment_bytes, &AtomicBool::new(false));
            assert_eq!(outcome.result, SendResult::Refused(SendRefusal::TooLong));
            assert_eq!(kernel.calls, 0);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_kernel_answers_the_taken_datagrams_are_the_sent_bytes(
            length in 0usize..5_000, segment_bytes in 1usize..1_500,
            script in proptest::collection::vec(proptest::sample::select(vec![
                Ok(()), Err(Errno::INVAL), Err(Errno::MSGSIZE), Err(Errno::AGAIN), Err(Errno::CONNREFUSED),
            ]), 0..8),
        ) {
            let mut kernel = ScriptedKernel::new(&script);
            let frame = bytes(length);
            let outcome = kernel.run(&frame, segment_bytes, &AtomicBool::new(false));
            prop_assert_eq!(kernel.taken.concat(), &frame[..outcome.sent_bytes]);
            prop_assert!(kernel.taken.iter().rev().skip(1).all(|datagram| datagram.len() == segment_bytes));
            prop_assert_eq!(outcome.result == SendResult::Complete, outcome.sent_bytes == length);
        }
    }
}
