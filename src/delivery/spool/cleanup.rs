//! Removing what is not needed any more.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folders::{self, RunFolder, segment_name};
use super::record::Sequence;
use super::state::{Run, RunKey};
use super::store::Core;

/// When the disk is looked at again after room was made.
const SOON: Duration = Duration::from_millis(200);

/// A segment of which nothing is left.
struct Dead {
    run: RunKey,
    folder: Arc<RunFolder>,
    number: u32,
    damaged: bool,
    /// Acknowledgements that are lost with it and still needed: they are written once more.
    acknowledges: Vec<(u32, Vec<u32>)>,
}

impl Core {
    /// Removes the segments of which nothing is left, and the runs.
    pub fn remove_dead(&self) {
        let mut any = false;
        while let Some(dead) = self.take_dead() {
            any = true;
            for (number, offsets) in dead.acknowledges {
                let sequence = |offset| Sequence::new(number, offset);
                let sequences: Vec<Sequence> = offsets.into_iter().map(sequence).collect();
                self.append_acknowledgements(dead.run, &sequences);
            }
            let outcome = match dead.damaged {
                true => folders::set_aside(&self.root, &dead.folder, dead.number),
                false => dead.folder.folder.remove_file(&segment_name(dead.number)),
            };
            if let Err(cause) = outcome
                && cause.kind() != io::ErrorKind::NotFound
            {
                self.state.lock().warning = Some(format!("removing a segment failed: {cause}"));
            }
        }
        self.remove_finished_runs();
        let mut state = self.state.lock();
        state.wake.spill |= any;
        if let Some(trouble) = &mut state.trouble
            && any
        {
            // There may be room now.
            trouble.retry_at = trouble.retry_at.min(Instant::now() + SOON);
        }
    }

    fn take_dead(&self) -> Option<Dead> {
        let mut state = self.state.lock();
        let dead = |(key, run): (&RunKey, &Run)| Some((*key, *run.dead().first()?));
        let (key, number) = state.runs.iter().find_map(dead)?;
        let run = state.runs.get_mut(&key)?;
        let segment = run.segments.remove(&number)?;
        let still_needed = segment.acknowledges.iter().filter_map(|&number| {
            let other = run.segments.get(&number)?;
            other.is_needed().then(|| (number, other.ended().collect()))
        });
        let dead = Dead {
            run: key,
            folder: Arc::clone(&run.folder),
            number,
            damaged: segment.damaged,
            acknowledges: still_needed.collect(),
        };
        state.bytes -= segment.size;
        Some(dead)
    }

    /// Our own run stays until the client is closed.
    fn remove_finished_runs(&self) {
        let finished: Vec<Run> = {
            let mut state = self.state.lock();
            let own = state.own;
            let done = |(key, run): (&RunKey, &Run)| {
                let done = run.is_finished() && run.dead().is_empty();
                (Some(*key) != own && done).then_some(*key)
            };
            let keys: Vec<RunKey> = state.runs.iter().filter_map(done).collect();
            let finished: Vec<Run> = keys
                .iter()
                .filter_map(|key| state.runs.remove(key))
                .collect();
            state.bytes -= finished.iter().map(Run::bytes).sum::<u64>();
            finished
        };
        for run in finished {
            self.remove_run(&run);
        }
    }

    pub fn remove_run(&self, run: &Run) {
        for number in run.segments.keys() {
            let _ = run.folder.folder.remove_file(&segment_name(*number));
        }
        run.folder.remove(&self.root);
    }
}
