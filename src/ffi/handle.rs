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
use crate::sys::cancel::CallScope;
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

enum Entry {
    Client {
        client: Arc<Client>,
        /// The process it belongs to: how often this process and its ancestors had forked.
        forks: u64,
    },
    /// A second handle for a client.
    Call {
        /// The client's own handle.
        client: usize,
        scope: CallScope,
        /// The process in which it may be used.
        forks: u64,
    },
}

impl Entry {
    fn forks(&self) -> u64 {
        match self {
            Entry::Client { forks, .. } | Entry::Call { forks, .. } => *forks,
        }
    }
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
    let forks = forks();
    insert(Entry::Client { client, forks })
}

/// A second handle for a client, whose calls are bounded by `scope`.
pub(super) fn issue_call(
    client: *const axonpush_client,
    scope: CallScope,
) -> Result<*mut axonpush_client> {
    // A call handle of a call handle is one of the same client.
    let client = own(client)?.addr();
    let forks = forks();
    insert(Entry::Call {
        client,
        scope,
        forks,
    })
}

/// The client's own handle, of a handle of any kind.
pub(super) fn own(handle: *const axonpush_client) -> Result<*mut axonpush_client> {
    find(handle)?;
    let own = match read().get(handle) {
        Some(Entry::Call { client, .. }) => *client,
        _ => handle.addr(),
    };
    Ok(std::ptr::without_provenance_mut(own))
}

fn insert(entry: Entry) -> Result<*mut axonpush_client> {
    let mut seed = [0; size_of::<usize>()];
    // Without randomness generations start at 0: weaker against foreign handles, but still correct.
    let _ = random::fill(&mut seed);
    let mut registry = write();
    if let Some(slot) = registry.free.pop() {
        registry.slots[slot].entry = Some(entry);
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
    registry.slots.push(Slot {
        generation,
        entry: Some(entry),
    });
    Ok(pack(slot, generation))
}

fn invalid() -> Error {
    Error::new(
        Kind::InvalidHandle,
        "client: NULL, closed, or not a client of this library",
    )
}

/// The client of a handle.
pub(super) fn find(handle: *const axonpush_client) -> Result<Arc<Client>> {
    scoped(handle).map(|(client, _)| client)
}

/// The client of a handle, and what bounds the calls made through it.
pub(super) fn scoped(handle: *const axonpush_client) -> Result<(Arc<Client>, CallScope)> {
    let (own, scope) = {
        let registry = read();
        let entry = registry.get(handle).ok_or_else(invalid)?;
        match entry {
            Entry::Client { client, forks } if *forks == self::forks() => {
                return Ok((client.clone(), CallScope::default()));
            }
            Entry::Client { .. } => (handle.addr(), CallScope::default()),
            // Its token's lock may have been held when the process forked.
            Entry::Call { forks, .. } if *forks != self::forks() => return Err(invalid()),
            Entry::Call { client, scope, .. } => (*client, scope.clone()),
        }
    };
    client_of(own).map(|client| (client, scope))
}

/// The client of a client's own handle, made anew in a forked child.
fn client_of(handle: usize) -> Result<Arc<Client>> {
    let handle = std::ptr::without_provenance(handle);
    if let Some(Entry::Client { client, forks }) = read().get(handle)
        && *forks == self::forks()
    {
        return Ok(client.clone());
    }
    // The first call in a forked child. What was inherited belongs to threads that do not exist here.
    let mut registry = write();
    let now = self::forks();
    match registry.get_mut(handle) {
        Some(Entry::Client { client, forks }) => {
            if *forks != now {
                let recreated = Arc::new(client.recreate_after_fork()?);
                leak(std::mem::replace(client, recreated));
                *forks = now;
            }
            Ok(client.clone())
        }
        _ => Err(invalid()),
    }
}

/// Makes a handle invalid; gives its client to the one caller who gets to shut it down. For a call handle
/// there is nothing to shut down.
pub(super) fn withdraw(handle: *const axonpush_client) -> Option<Arc<Client>> {
    let entry = {
        let mut registry = write();
        registry.get(handle)?;
        let (slot, _) = unpack(handle)?;
        let here = &mut registry.slots[slot];
        here.generation = mask(here.generation.wrapping_add(1));
        let entry = here.entry.take();
        registry.free.push(slot);
        entry?
    };
    let inherited = entry.forks() != forks();
    match entry {
        Entry::Client { client, .. } if inherited => {
            leak(client);
            None
        }
        Entry::Client { client, .. } => Some(client),
        Entry::Call { scope, .. } => {
            if inherited {
                std::mem::forget(scope);
            }
            None
        }
    }
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
    fn get(&self, handle: *const axonpush_client) -> Option<&Entry> {
        let (slot, generation) = unpack(handle)?;
        let slot = self
            .slots
            .get(slot)
            .filter(|s| s.generation == generation)?;
        slot.entry.as_ref()
    }

    fn get_mut(&mut self, handle: *const axonpush_client) -> Option<&mut Entry> {
        let (slot, generation) = unpack(handle)?;
        let slot = self
            .slots
            .get_mut(slot)
            .filter(|s| s.generation == generation)?;
        slot.entry.as_mut()
    }
}
