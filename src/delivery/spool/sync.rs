//! One sync for all who wait for one.

use std::io;

use crate::sys::sync::{Condvar, Mutex};

/// Group commit: whoever comes while a sync runs waits for it, and one of those that waited does the
/// next sync for all of them.
#[derive(Default)]
pub struct GroupCommit {
    state: Mutex<Syncs>,
    ended: Condvar,
}

#[derive(Default)]
struct Syncs {
    begun: u64,
    ended: u64,
    /// One failed. No later one counts: the system may report a failure once and succeed afterwards
    /// without the data.
    failed: bool,
}

impl GroupCommit {
    /// Returns when a sync that began after this call has ended; gives whether it succeeded.
    pub fn wait(&self, sync: impl FnOnce() -> io::Result<()>) -> Result<(), Option<io::Error>> {
        let mut syncs = self.state.lock();
        // One that runs already may have begun before the caller's data was there.
        let wanted = syncs.begun + 1;
        loop {
            if syncs.failed {
                return Err(None);
            }
            if syncs.ended >= wanted {
                return Ok(());
            }
            if syncs.begun == syncs.ended {
                break;
            }
            syncs = self.ended.wait(syncs);
        }
        syncs.begun += 1;
        drop(syncs);
        let outcome = sync();
        let mut syncs = self.state.lock();
        syncs.ended = syncs.begun;
        syncs.failed |= outcome.is_err();
        drop(syncs);
        self.ended.notify_all();
        outcome.map_err(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn everybody_gets_a_sync_that_began_later_and_few_are_made() {
        let commit = GroupCommit::default();
        let (begun, made) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let before = begun.load(Ordering::SeqCst);
                        let sync = || {
                            begun.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            made.fetch_add(1, Ordering::SeqCst);
                            Ok(())
                        };
                        commit.wait(sync).unwrap();
                        assert!(made.load(Ordering::SeqCst) > before);
                    }
                });
            }
        });
        assert!(made.load(Ordering::SeqCst) <= 400);
    }

    #[test]
    fn after_a_failure_nobody_is_told_of_success() {
        let commit = GroupCommit::default();
        commit.wait(|| Ok(())).unwrap();
        let failed = commit.wait(|| Err(io::ErrorKind::Other.into()));
        assert!(
            failed.unwrap_err().is_some(),
            "whoever synced gets the cause"
        );
        assert!(commit.wait(|| Ok(())).unwrap_err().is_none());
    }
}
