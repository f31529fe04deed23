//! Client handles: a slot and a generation, never an address.
//!
//! A handle is a slot number and the slot's generation at issue, packed into the pointer that C
//! holds. It is looked up and never dereferenced, so that a closed or forged one is an error and not
//! undefined behaviour. Generations start at random: a handle of another copy of this library in the
//! same process is not mistaken for one of ours.
//!
//! Rejected: handing out the address of an `Arc` with a magic number in it. Reading the number of a
//! freed block is undefined behaviour already.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::sys::random;

/// How often this process, and those it descends from, forked since the hooks were installed.
static FORKS: AtomicU64 = AtomicU64::new(0);

fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// This process was forked off: what the handles stand for belongs to its parent.
pub(super) fn note_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

const HALF: u32 = usize::BITS / 2;

/// A client of the service, with its own configuration, connections and queue.
///
/// Threads: any number of threads may use one client at once, and any of them may close it.
/// Lifetime: from axonpush_new() to axonpush_close(). The pointer is a handle, not an address: a
/// call with a closed or made-up handle is AXONPUSH_ERR_INVALID_HANDLE, never a crash. Closing it
/// twice is harmless. After fork(), the child's copy works with connections and a queue of its own.
pub struct axonpush_client {
    _opaque: [u8; 0],
}

pub(super) struct Registry {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

struct Slot {
    generation: usize,
    entry: Option<Entry>,
}

struct Entry {
    client: Arc<Client>,
    /// The process it belongs to: how often this process and its ancestors had forked.
    forks: u64,
}

static REGISTRY: RwLock<Registry> = RwLock::new(Registry {
    slots: Vec::new(),
    free: Vec::new(),
});

fn read() -> RwLockReadGuard<'static, Registry> {
    REGISTRY.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Registry> {
    REGISTRY.write().unwrap_or_else(PoisonError::into_inner)
}

/// Held across `fork()`, so that the child does not inherit a lock that nobody will release.
pub(super) fn lock_for_fork() -> RwLockWriteGuard<'static, Registry> {
    write()
}

fn mask(number: usize) -> usize {
    number & ((1 << HALF) - 1)
}

fn pack(slot: usize, generation: usize) -> *mut axonpush_client {
    // Slots count from 1 here, so that no handle is NULL.
    std::ptr::without_provenance_mut(generation << HALF | (slot + 1))
}

/// Slot and generation of what may be a handle.
fn unpack(handle: *const axonpush_client) -> Option<(usize, usize)> {
    let slot = mask(handle.addr()).checked_sub(1)?;
    Some((slot, handle.addr() >> HALF))
}

pub(super) fn issue(client: Arc<Client>) -> Result<*mut axonpush_client> {
    let mut seed = [0; size_of::<usize>()];
    // Without randomness generations start at 0: weaker against foreign handles, but still correct.
    let _ = random::fill(&mut seed);
    let entry = Some(Entry {
        client,
        forks: forks(),
    });
    let mut registry = write();
    if let Some(slot) = registry.free.pop() {
        registry.slots[slot].entry = entry;
        return Ok(pack(slot, registry.slots[slot].generation));
    }
    let slot = registry.slots.len();
    if slot + 1 > mask(usize::MAX) {
        return Err(Error::new(
            Kind::Internal,
            "no more clients can be made in this process",
        ));
    }
    let generation = mask(usize::from_ne_bytes(seed));
    registry.slots.push(Slot { generation, entry });
    Ok(pack(slot, generation))
}

/// The client of a handle.
pub(super) fn find(handle: *const axonpush_client) -> Result<Arc<Client>> {
    let invalid = || {
        Error::new(
            Kind::InvalidHandle,
            "client: NULL, closed, or not a client of this library",
        )
    };
    let (slot, generation) = unpack(handle).ok_or_else(invalid)?;
    {
        let registry = read();
        let entry = registry.entry(slot, generation).ok_or_else(invalid)?;
        if entry.forks == forks() {
            return Ok(entry.client.clone());
        }
    }
    // The first call in a forked child. What was inherited belongs to threads that do not exist here.
    let mut registry = write();
    let forks = forks();
    let entry = registry.entry_mut(slot, generation).ok_or_else(invalid)?;
    if entry.forks != forks {
        let recreated = Arc::new(entry.client.recreate_after_fork()?);
        leak(std::mem::replace(&mut entry.client, recreated));
        entry.forks = forks;
    }
    Ok(entry.client.clone())
}

/// Makes a handle invalid; gives its client to the one caller who gets to shut it down.
pub(super) fn withdraw(handle: *const axonpush_client) -> Option<Arc<Client>> {
    let (slot, generation) = unpack(handle)?;
    let entry = {
        let mut registry = write();
        registry.entry_mut(slot, generation)?;
        let here = &mut registry.slots[slot];
        here.generation = mask(here.generation.wrapping_add(1));
        let entry = here.entry.take();
        registry.free.push(slot);
        entry?
    };
    if entry.forks != forks() {
        leak(entry.client);
        return None;
    }
    Some(entry.client)
}

/// Every client of this process, withdrawn.
pub(super) fn withdraw_all() -> Vec<Arc<Client>> {
    let handles: Vec<_> = {
        let registry = read();
        let slots = registry.slots.iter().enumerate();
        slots
            .filter(|(_, s)| s.entry.is_some())
            .map(|(i, s)| pack(i, s.generation))
            .collect()
    };
    handles
        .into_iter()
        .filter_map(|handle| withdraw(handle))
        .collect()
}

/// Leaves an inherited client alone for ever: its locks may be held by threads of the parent's.
fn leak(client: Arc<Client>) {
    std::mem::forget(client);
}

impl Registry {
    fn entry(&self, slot: usize, generation: usize) -> Option<&Entry> {
        let slot = self
            .slots
            .get(slot)
            .filter(|s| s.generation == generation)?;
        slot.entry.as_ref()
    }

    fn entry_mut(&mut self, slot: usize, generation: usize) -> Option<&mut Entry> {
        let slot = self
            .slots
            .get_mut(slot)
            .filter(|s| s.generation == generation)?;
        slot.entry.as_mut()
    }
}
