//! Who answered "nobody listens here": ICMP errors of an unconnected socket, counted by peer.
//!
//! A fixed table, so that a flood of errors from many addresses costs neither memory nor time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Errors by peer. Written only when there is an error, so its lock is not on the way of a frame.
#[derive(Debug, Default)]
pub(crate) struct PeerErrors {
    total: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: [Option<(SocketAddr, u64)>; REMEMBERED_PEERS],
    /// The entry a new peer replaces when all are taken.
    oldest: usize,
}

impl PeerErrors {
    pub(crate) fn count(&self, peer: SocketAddr) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = table
            .entries
            .iter_mut()
            .flatten()
            .find(|(known, _)| *known == peer)
        {
            *count += 1;
            return;
        }
        let slot = table
            .entries
            .iter()
            .position(Option::is_none)
            .unwrap_or(table.oldest);
        table.entries[slot] = Some((peer, 1));
        table.oldest = (slot + 1) % REMEMBERED_PEERS;
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn of(&self, peer: SocketAddr) -> u64 {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table
            .entries
            .iter()
            .flatten()
            .find(|(known, _)| *known == peer)
            .map_or(0, |(_, count)| *count)
    }
}

/// More peers than sessions a host serves at once.
const REMEMBERED_PEERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn errors_are_counted_by_peer() {
        let errors = PeerErrors::default();
        [1, 2, 1, 1]
            .into_iter()
            .for_each(|port| errors.count(peer(port)));
        assert_eq!(
            (errors.of(peer(1)), errors.of(peer(2)), errors.of(peer(3))),
            (3, 1, 0)
        );
        assert_eq!(errors.total(), 4);
    }

    #[test]
    fn a_flood_of_peers_pushes_out_the_oldest_only() {
        let errors = PeerErrors::default();
        (0..=REMEMBERED_PEERS as u16).for_each(|port| errors.count(peer(port)));
        assert_eq!(errors.of(peer(0)), 0);
        assert!((1..=REMEMBERED_PEERS as u16).all(|port| errors.of(peer(port)) == 1));
        assert_eq!(errors.total(), REMEMBERED_PEERS as u64 + 1);
    }
}
