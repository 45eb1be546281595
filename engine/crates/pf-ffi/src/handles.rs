//! Engines by handle: slot and generation, so that a stale handle is an answer and not a crash.

use std::sync::{Arc, Mutex, MutexGuard};

use pf_session::Engine;

use crate::boundary::{Failure, Status};
use crate::probe::Probes;

/// Slots are the handle's low byte, the generation is the rest; a handle is never 0.
const SLOTS: usize = 256;

/// An open engine with what only the ABI adds to it.
pub struct Open {
    /// The engine.
    pub engine: Engine,
    /// Running test receivers.
    pub probes: Probes,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    engine: Option<Arc<Open>>,
    /// A closed engine whose lanes may still be read, until the slot is used again.
    closed: Option<Arc<Open>>,
}

static TABLE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// Stores an engine and answers its handle.
pub fn insert(engine: Engine) -> Result<u32, Failure> {
    let open = Arc::new(Open {
        engine,
        probes: Probes::default(),
    });
    let mut table = table();
    let index = match table.iter().position(|slot| slot.engine.is_none()) {
        Some(index) => index,
        None if table.len() < SLOTS => {
            table.push(Slot::default());
            table.len() - 1
        }
        None => {
            return Err(Failure::new(
                Status::Refused,
                "engine_limit",
                format!("{SLOTS} engines are open already."),
            ));
        }
    };
    let slot = &mut table[index];
    slot.generation = (slot.generation % 0x7F_FFFF) + 1;
    slot.engine = Some(open);
    slot.closed = None;
    Ok(slot.generation << 8 | index as u32)
}

/// The open engine of a handle.
pub fn get(handle: u32) -> Result<Arc<Open>, Failure> {
    with_slot(handle, |slot| slot.engine.clone())
}

/// The engine of a handle, or a closed one whose lanes are being read to their end.
pub fn get_for_drain(handle: u32) -> Result<Arc<Open>, Failure> {
    with_slot(handle, |slot| {
        slot.engine.clone().or_else(|| slot.closed.clone())
    })
}

/// Closes an engine: its handle is stale for everything but `drain`.
pub fn close(handle: u32) -> Result<(), Failure> {
    let open = with_slot(handle, |slot| {
        let open = slot.engine.take()?;
        slot.closed = Some(Arc::clone(&open));
        Some(open)
    })?;
    open.probes.stop_all();
    open.engine.close();
    Ok(())
}

fn with_slot(
    handle: u32,
    work: impl FnOnce(&mut Slot) -> Option<Arc<Open>>,
) -> Result<Arc<Open>, Failure> {
    let mut table = table();
    let slot = table
        .get_mut(handle as usize & (SLOTS - 1))
        .filter(|slot| slot.generation == handle >> 8);
    slot.and_then(work).ok_or_else(|| stale(handle))
}

fn stale(handle: u32) -> Failure {
    Failure::new(
        Status::StaleHandle,
        "stale_handle",
        format!("No engine is open under the handle {handle}."),
    )
}

fn table() -> MutexGuard<'static, Vec<Slot>> {
    TABLE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
