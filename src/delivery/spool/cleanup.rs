//! Removing what is not needed any more.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folders::{self, RunFolder, segment_name};
use super::record::Sequence;
use super::state::{Run, RunKey, Segment};
use super::store::Core;

/// When the disk is looked at again after room was made.
const SOON: Duration = Duration::from_millis(200);

impl Core {
    /// Removes the segments of which nothing is left, and the runs.
    pub fn remove_dead(&self) {
        while let Some((key, number, segment, run, again)) = self.take_dead() {
            // They were written down in the segment that goes.
            for sequences in again {
                self.append_acknowledgements(key, &sequences);
            }
            let outcome = match segment.damaged {
                true => folders::set_aside(&self.root, &run, number).map(drop),
                false => run.folder.remove_file(&segment_name(number)),
            };
            if let Err(cause) = outcome
                && cause.kind() != io::ErrorKind::NotFound
            {
                self.state.lock().warning = Some(format!("removing a segment failed: {cause}"));
            }
        }
        self.remove_finished_runs();
        let mut state = self.state.lock();
        if let Some(trouble) = &mut state.trouble {
            // There may be room now.
            trouble.retry_at = trouble.retry_at.min(Instant::now() + SOON);
        }
    }

    /// A segment of which nothing is left; with it the acknowledgements in it that are still needed.
    #[allow(clippy::type_complexity)]
    fn take_dead(&self) -> Option<(RunKey, u32, Segment, Arc<RunFolder>, Vec<Vec<Sequence>>)> {
        let mut state = self.state.lock();
        let dead = |(key, run): (&RunKey, &Run)| Some((*key, *run.dead().first()?));
        let (key, number) = state.runs.iter().find_map(dead)?;
        let run = state.runs.get_mut(&key)?;
        let segment = run.segments.remove(&number)?;
        let again = segment.acknowledges.iter().filter_map(|n| {
            let other = run.segments.get(n).filter(|other| other.is_needed())?;
            Some(
                other
                    .ended()
                    .map(|offset| Sequence::new(*n, offset))
                    .collect(),
            )
        });
        let again = again.collect();
        let folder = Arc::clone(&run.folder);
        state.bytes -= segment.size;
        Some((key, number, segment, folder, again))
    }

    /// Our own run stays until the client is closed.
    fn remove_finished_runs(&self) {
        let finished: Vec<Run> = {
            let mut state = self.state.lock();
            let own = state.own;
            let done = |(key, run): (&RunKey, &Run)| {
                (Some(*key) != own && run.is_finished()).then_some(*key)
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
