//! The events that are in the spool and not in memory, and what memory keeps of them all the same.

use std::collections::HashMap;

use super::completions::Completion;
use super::spool::record::Sequence;
use super::spool::state::{Handle, RunKey};

/// Events that are in the spool and not in memory.
#[derive(Default)]
pub struct OnDisk {
    pub events: u64,
    pub bytes: u64,
    /// Those that this client accepted.
    pub left: HashMap<(RunKey, Sequence), Left>,
    /// Those that it took over, by their run.
    pub recovered: HashMap<RunKey, Recovered>,
    /// How often room was made in the spool.
    pub room_made: u64,
}

/// What stays in memory of an event that does not.
pub struct Left {
    pub completion: Option<Completion>,
    pub epoch: u32,
    pub bytes: u64,
}

#[derive(Clone, Copy)]
pub struct Recovered {
    pub events: u64,
    pub bytes: u64,
    pub epoch: u32,
}

impl OnDisk {
    pub fn leave(&mut self, handle: Handle, left: Left) {
        self.events += 1;
        self.bytes += left.bytes;
        self.left.insert((handle.run, handle.sequence), left);
    }

    /// An event comes into memory, or ends.
    pub fn take(&mut self, handle: Handle) -> Option<Left> {
        let left = match self.left.remove(&(handle.run, handle.sequence)) {
            Some(left) => left,
            None => {
                let run = self.recovered.get_mut(&handle.run)?;
                if run.events == 0 {
                    return None;
                }
                // The last one takes what is left, so that the sum is right whatever a damaged record
                // says of its length.
                let bytes = match run.events {
                    1 => run.bytes,
                    _ => u64::from(handle.bytes).min(run.bytes),
                };
                run.events -= 1;
                run.bytes -= bytes;
                Left {
                    completion: None,
                    epoch: run.epoch,
                    bytes,
                }
            }
        };
        self.events -= 1;
        self.bytes -= left.bytes;
        Some(left)
    }
}
