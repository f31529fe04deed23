//! Mutex and condition variable without poison: nothing is left half-changed where code can panic, and
//! a client must stay usable after a panic was contained.
//!
//! ThreadSanitizer sees only code that was compiled for it, which the standard library's locks are not;
//! `make test-races` puts parking_lot's in their place.

use std::time::{Duration, Instant};

#[cfg(axonpush_races)]
use parking_lot as imp;
#[cfg(not(axonpush_races))]
use std::sync as imp;

pub use imp::MutexGuard;

#[derive(Debug, Default)]
pub struct Mutex<T>(imp::Mutex<T>);

#[derive(Debug, Default)]
pub struct Condvar(imp::Condvar);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(imp::Mutex::new(value))
    }

    #[cfg(not(axonpush_races))]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(imp::PoisonError::into_inner)
    }

    #[cfg(axonpush_races)]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock()
    }
}

impl Condvar {
    pub const fn new() -> Self {
        Condvar(imp::Condvar::new())
    }

    #[cfg(not(axonpush_races))]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0
            .wait(guard)
            .unwrap_or_else(imp::PoisonError::into_inner)
    }

    #[cfg(axonpush_races)]
    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(&mut guard);
        guard
    }

    /// May return early; whoever waits looks at the state again, and at the clock.
    #[cfg(not(axonpush_races))]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> MutexGuard<'a, T> {
        let outcome = self.0.wait_timeout(guard, limit);
        outcome.unwrap_or_else(imp::PoisonError::into_inner).0
    }

    #[cfg(axonpush_races)]
    pub fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> MutexGuard<'a, T> {
        self.0.wait_for(&mut guard, limit);
        guard
    }

    /// Waits until `ready` says so.
    pub fn wait_for<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut ready: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while !ready(&mut guard) {
            guard = self.wait(guard);
        }
        guard
    }

    /// Waits until `ready` says so or `deadline` has passed; gives the guard, and whether it is ready.
    pub fn wait_until<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        deadline: Instant,
        mut ready: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, bool) {
        loop {
            if ready(&mut guard) {
                return (guard, true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (guard, false);
            }
            guard = self.wait_timeout(guard, left);
        }
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
