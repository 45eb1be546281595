//! What may reach ENet at all (gamestream-control-stream.md 11): nothing from whom nobody waits for, and no answer to it.

use std::net::SocketAddr;

use pf_proto::gamestream::enet::{ConnectLimiter, Datagram, PeerDatagram, classify};

use crate::control::transport::Expected;

/// The filter before ENet.
#[derive(Debug, Default)]
pub struct Gate {
    expected: Vec<Expected>,
    limiter: ConnectLimiter,
    dropped: u64,
}

/// What a datagram is that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed<'a> {
    /// A connect that somebody waits for.
    Connect,
    /// Of a connection, if it is true.
    Peer(PeerDatagram<'a>),
}

impl Gate {
    /// Who may connect from now on.
    pub fn expect(&mut self, expected: Vec<Expected>) {
        self.expected = expected;
    }

    /// Datagrams dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A datagram that ENet may see.
    pub fn pass<'a>(
        &mut self,
        datagram: &'a [u8],
        from: SocketAddr,
        now_ns: u64,
    ) -> Option<Passed<'a>> {
        let passed = match classify(datagram) {
            // The limit counts right connects only: wrong ones of a forged address shall lock nobody out.
            Datagram::Connect(connect) => {
                let mut expected = self.expected.iter();
                let is_right = expected.any(|expected| expected.is(connect.data, from.ip()));
                (is_right && self.limiter.allow(from.ip(), now_ns)).then_some(Passed::Connect)
            }
            Datagram::Peer(datagram) => Some(Passed::Peer(datagram)),
            Datagram::Refused(_) => None,
        };
        self.dropped += u64::from(passed.is_none());
        passed
    }

    /// One more that was dropped.
    pub fn count_dropped(&mut self) {
        self.dropped += 1;
    }
}
