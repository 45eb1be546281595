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

struct Slot {
    generation: u32,
    engine: Option<Arc<Open>>,
}

static TABLE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// Stores an engine and answers its handle.
pub fn insert(engine: Engine) -> Result<u32, Failure> {
    let open = Arc::new(Open { engine, probes: Probes::default() });
    let mut table = table();
    let index = match table.iter().position(|slot| slot.engine.is_none()) {
        Some(index) => index,
        None if table.len() < SLOTS => {
            table.push(Slot { generation: 0, engine: None });
            table.len() - 1
        }
        None => return Err(Failure::new(Status::Refused, "engine_limit", format!("{SLOTS} engines are open already."))),
    };
    let slot = &mut table[index];
    slot.generation = (slot.generation % 0x7F_FFFF) + 1;
    slot.engine = Some(open);
    Ok(slot.generation << 8 | index as u32)
}

/// The engine of a handle. A closed engine stays readable until its lanes are empty.
pub fn get(handle: u32) -> Result<Arc<Open>, Failure> {
    let table = table();
    let slot = table.get(handle as usize & (SLOTS - 1)).filter(|slot| slot.generation == handle >> 8);
    slot.and_then(|slot| slot.engine.clone()).ok_or_else(|| stale(handle))
}

/// Closes an engine: the handle is stale for calls at once; drains that wait now read their lanes to the end.
pub fn close(handle: u32) -> Result<(), Failure> {
    let open = remove(handle)?;
    open.probes.stop_all();
    open.engine.close();
    Ok(())
}

/// Takes an engine out of the table.
pub fn remove(handle: u32) -> Result<Arc<Open>, Failure> {
    let mut table = table();
    let slot = table.get_mut(handle as usize & (SLOTS - 1)).filter(|slot| slot.generation == handle >> 8);
    slot.and_then(|slot| slot.engine.take()).ok_or_else(|| stale(handle))
}

fn stale(handle: u32) -> Failure {
    Failure::new(Status::StaleHandle, "stale_handle", format!("No engine is open under the handle {handle}."))
}

fn table() -> MutexGuard<'static, Vec<Slot>> {
    TABLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
