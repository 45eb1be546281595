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
    /// Errors that no send has told yet: while it is zero, sending does not touch the table.
    unreported: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: [Option<Entry>; REMEMBERED_PEERS],
    /// The entry a new peer replaces when all are taken.
    oldest: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    peer: SocketAddr,
    count: u64,
    unreported: u32,
}

impl PeerErrors {
    pub(crate) fn count(&self, peer: SocketAddr) {
        let peer = canonical(peer);
        self.total.fetch_add(1, Ordering::Relaxed);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = match table.slot_of(peer) {
            Some(slot) => slot,
            None => {
                let slot = table
                    .entries
                    .iter()
                    .position(Option::is_none)
                    .unwrap_or(table.oldest);
                table.oldest = (slot + 1) % REMEMBERED_PEERS;
                let forgotten = table.entries[slot].replace(Entry {
                    peer,
                    count: 0,
                    unreported: 0,
                });
                self.forget(forgotten.map_or(0, |entry| entry.unreported));
                slot
            }
        };
        if let Some(entry) = &mut table.entries[slot] {
            entry.count += 1;
            entry.unreported = entry.unreported.saturating_add(1);
            self.unreported.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Errors of `peer` since this was last asked.
    pub(crate) fn take_unreported(&self, peer: SocketAddr) -> u32 {
        if self.unreported.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let peer = canonical(peer);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = table.slot_of(peer);
        let entry = slot.and_then(|slot| table.entries[slot].as_mut());
        let taken = entry.map_or(0, |entry| std::mem::take(&mut entry.unreported));
        self.forget(taken);
        taken
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn of(&self, peer: SocketAddr) -> u64 {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = table.slot_of(canonical(peer));
        slot.and_then(|slot| table.entries[slot])
            .map_or(0, |entry| entry.count)
    }

    fn forget(&self, unreported: u32) {
        self.unreported
            .fetch_sub(u64::from(unreported), Ordering::Relaxed);
    }
}

impl Table {
    fn slot_of(&self, peer: SocketAddr) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.is_some_and(|entry| entry.peer == peer))
    }
}

/// An IPv4 peer is the same peer whichever family the socket has.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
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

    #[test]
    fn an_error_is_told_once_and_to_its_peer_only() {
        let errors = PeerErrors::default();
        assert_eq!(errors.take_unreported(peer(1)), 0);
        [1, 2, 1]
            .into_iter()
            .for_each(|port| errors.count(peer(port)));
        assert_eq!(
            (
                errors.take_unreported(peer(1)),
                errors.take_unreported(peer(1))
            ),
            (2, 0)
        );
        assert_eq!(
            (
                errors.take_unreported(peer(3)),
                errors.take_unreported(peer(2))
            ),
            (0, 1)
        );
        assert_eq!(errors.unreported.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn peers_that_were_pushed_out_leave_nothing_to_tell() {
        let errors = PeerErrors::default();
        (0..100).for_each(|port| errors.count(peer(port)));
        (0..100).for_each(|port| _ = errors.take_unreported(peer(port)));
        assert_eq!(errors.unreported.load(Ordering::Relaxed), 0);
    }
}
