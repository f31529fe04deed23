//! The spool's thread: everything that may take long, so that nobody who publishes or delivers waits for
//! it. It syncs, writes acknowledgements, removes what is not needed, adopts runs, and looks whether a
//! disk that failed can be used again. While nothing of this is to be done it sleeps.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::adopt::{self, Adoption};
use super::folders::{self, segment_name};
use super::record::Sequence;
use super::state::{Handle, Run, RunKey, Segment, SegmentKey};
use super::store::{Core, SyncPolicy};
use crate::log::{self, Level};

/// How often runs are looked for whose process has ended. More often in the beginning: where a process
/// replaces another one, that one is about to end.
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(10);
/// How long an acknowledgement may wait for others to be written with.
const ACKNOWLEDGE: Duration = Duration::from_millis(50);

/// When something is to be done.
struct Due {
    look: Instant,
    sync: Option<Instant>,
    acknowledge: Option<Instant>,
}

/// Runs of others that nobody has locked, so that they are not read again and again.
pub type NotOurs = HashMap<u64, SystemTime>;

impl Core {
    /// The thread's life.
    pub fn maintain(&self) {
        let mut not_ours = NotOurs::new();
        let mut look = FIRST_LOOK;
        let mut due = Due {
            look: Instant::now(),
            sync: None,
            acknowledge: None,
        };
        let mut state = self.state.lock();
        loop {
            if let Some(warning) = state.warning.take() {
                drop(state);
                self.warn(&warning);
                state = self.state.lock();
                continue;
            }
            let now = Instant::now();
            // Two intervals go by until an event is synced, so that those which end meanwhile cost nothing.
            let half = self.settings.sync_interval.mul_f64(0.45);
            if state.wake.appended && self.settings.sync == SyncPolicy::Interval {
                due.sync.get_or_insert(now + half);
            }
            if state.wake.acknowledged {
                due.acknowledge.get_or_insert(now + ACKNOWLEDGE);
            }
            let retry = state.trouble.as_ref().map(|trouble| trouble.retry_at);
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            if state.closing {
                break;
            } else if std::mem::take(&mut state.wake.dead) {
                drop(state);
                self.remove_dead();
                self.count_others();
                self.listener.room();
            } else if is_due(due.sync) {
                due.sync = None;
                drop(state);
                let more = self.sync_marked();
                self.state.lock().wake.appended |= more;
            } else if std::mem::take(&mut state.wake.refill) {
                drop(state);
                self.listener.refill();
            } else if state.wake.batch || is_due(due.acknowledge) {
                due.acknowledge = None;
                (state.wake.acknowledged, state.wake.batch) = (false, false);
                drop(state);
                self.write_acknowledgements();
            } else if is_due(retry) {
                drop(state);
                if self.recover_disk(now_ms()) {
                    log::write(
                        Level::Info,
                        &format!("spool_dir {}: used again", self.settings.dir.display()),
                    );
                    self.move_untrusted();
                }
            } else if state.trouble.is_none() && std::mem::take(&mut state.wake.spill) {
                drop(state);
                let more = self.listener.spill();
                self.state.lock().wake.spill |= more;
            } else if due.look <= now {
                drop(state);
                self.look_for_runs(&mut not_ours);
                due.look = Instant::now() + look;
                look = (look * 2).min(LOOK);
            } else {
                let next = [Some(due.look), due.sync, due.acknowledge, retry];
                let next = next.into_iter().flatten().min().unwrap_or(due.look);
                drop(
                    self.work
                        .wait_timeout(state, next.saturating_duration_since(now)),
                );
            }
            state = self.state.lock();
        }
        drop(state);
        self.finish();
    }

    fn warn(&self, what: &str) {
        self.warnings.warn(&format!(
            "spool_dir {}: {what}",
            self.settings.dir.display()
        ));
    }

    /// Syncs the segments with events that were there when the last interval began and have not ended;
    /// tells whether there are others.
    fn sync_marked(&self) -> bool {
        self.state.lock().wake.appended = false;
        let mut after = None;
        while let Some((key, up_to)) = self.next_unsynced(after) {
            after = Some(key);
            let (run, file) = {
                let mut state = self.state.lock();
                let Some(run) = state.runs.get(&key.run).map(|run| Arc::clone(&run.folder)) else {
                    continue;
                };
                match state.segment(key).and_then(|segment| segment.file.clone()) {
                    Some(file) => (run, file),
                    None => continue,
                }
            };
            if self.sync(&file, &run, key)
                && let Some(segment) = self.state.lock().segment(key)
            {
                segment.synced = up_to;
            }
        }
        let mut more = false;
        for run in self.state.lock().runs.values_mut() {
            for (number, segment) in &mut run.segments {
                segment.marked = segment.written();
                let unsynced = !segment.untrusted && segment.has_unsynced(segment.tail);
                more |= unsynced;
                if !unsynced && segment.writing.is_empty() && run.active != Some(*number) {
                    segment.file = None;
                }
            }
        }
        more
    }

    /// A segment to be synced, and up to where it is written now.
    fn next_unsynced(&self, after: Option<SegmentKey>) -> Option<(SegmentKey, u64)> {
        let state = self.state.lock();
        let segments = state.runs.iter().flat_map(|(&run, of)| {
            let key = move |number| SegmentKey { run, number };
            of.segments
                .iter()
                .map(move |(&number, segment)| (key(number), segment))
        });
        let mut unsynced = segments.filter(|(key, segment)| {
            Some(*key) > after && !segment.untrusted && segment.has_unsynced(segment.marked)
        });
        unsynced
            .next()
            .map(|(key, segment)| (key, segment.written()))
    }

    /// Writes what is left in segments whose sync failed into another one.
    fn move_untrusted(&self) {
        while let Some((key, run, offsets)) = self.next_untrusted() {
            let Ok(file) = run.folder.open_file(&segment_name(key.number)) else {
                return;
            };
            for offset in offsets {
                let handle = Handle {
                    run: key.run,
                    sequence: Sequence::new(key.number, offset),
                    bytes: 0,
                };
                if self.relocate(handle, &run, &file).is_err() {
                    // The disk has failed once more; what is left is moved when it is used again.
                    return;
                }
            }
            let mut state = self.state.lock();
            if let Some(segment) = state.segment(key) {
                // What could not be read stays, for whoever reads it to find out.
                segment.untrusted = false;
            }
            state.wake.dead = true;
        }
    }

    fn next_untrusted(&self) -> Option<(SegmentKey, Arc<folders::RunFolder>, Vec<u32>)> {
        let state = self.state.lock();
        let own = state.own?;
        let run = state.runs.get(&own)?;
        let mut segments = run.segments.iter();
        let (&number, segment) = segments.find(|(_, segment)| segment.untrusted)?;
        let key = SegmentKey { run: own, number };
        Some((key, Arc::clone(&run.folder), segment.live.iter().collect()))
    }

    /// Adopts every run whose process has ended and whose events are ours to deliver.
    fn look_for_runs(&self, not_ours: &mut NotOurs) {
        let mut ids = match self.runs_by_age() {
            Ok(ids) => ids,
            Err(cause) => {
                self.warn(&format!(
                    "looking for events of ended processes failed: {cause}"
                ));
                Vec::new()
            }
        };
        let mine: Vec<u64> = self.ids_of_runs();
        ids.retain(|id| !mine.contains(id));
        for id in ids {
            if self.state.lock().closing {
                break;
            }
            if let Err(cause) = self.look_at_run(id, not_ours) {
                let run = folders::run_name(id);
                self.warn(&format!(
                    "events in {run} cannot be taken over now: {cause}"
                ));
            }
        }
        self.count_others();
        self.state.lock().looked = true;
        self.changed.notify_all();
    }

    fn ids_of_runs(&self) -> Vec<u64> {
        let state = self.state.lock();
        state.runs.values().map(|run| run.folder.id).collect()
    }

    /// The runs in the folder, the oldest first.
    fn runs_by_age(&self) -> io::Result<Vec<u64>> {
        let mut entries = self.root.list()?;
        entries.retain(|entry| entry.is_folder);
        entries.sort_by_key(|entry| entry.modified);
        Ok(entries
            .iter()
            .filter_map(|entry| folders::run_id(&entry.name))
            .collect())
    }

    fn look_at_run(&self, id: u64, not_ours: &mut NotOurs) -> io::Result<()> {
        let too_old = |written: SystemTime| {
            let age = SystemTime::now().duration_since(written);
            age.is_ok_and(|age| age > self.settings.max_age)
        };
        if not_ours.get(&id).is_some_and(|written| !too_old(*written)) {
            return Ok(());
        }
        match adopt::adopt(&self.root, id, &self.identity)? {
            Adoption::NotThere => {}
            Adoption::Newer => {
                not_ours.insert(id, SystemTime::now());
                let run = folders::run_name(id);
                self.warn(&format!(
                    "{run} was written by a later version, which has to deliver it"
                ));
            }
            Adoption::Foreign(run) => {
                let written = adopt::last_written(&run)?;
                if too_old(written) {
                    not_ours.remove(&id);
                    for (number, _) in run.segments()? {
                        run.folder.remove_file(&segment_name(number))?;
                    }
                    run.remove(&self.root);
                } else {
                    not_ours.insert(id, written);
                }
            }
            Adoption::Adopted(run) => {
                let damaged = run
                    .segments
                    .values()
                    .filter(|segment| segment.damaged)
                    .count();
                if damaged > 0 {
                    let name = folders::run_name(id);
                    self.warn(&format!(
                        "{damaged} segments of {name} are damaged; what can be read of them is \
                         delivered, then they are set aside in {}",
                        folders::BAD
                    ));
                }
                let key = self.state.lock().next_key();
                let events = run.live();
                if events > 0 {
                    let bytes = run.segments.values().map(|s| s.live_bytes).sum();
                    self.listener.recovered(key, events, bytes);
                }
                self.state.lock().add_run(key, *run);
                self.remove_dead();
                if events > 0 {
                    self.listener.refill();
                }
            }
        }
        Ok(())
    }

    pub fn count_others(&self) {
        let ours = self.ids_of_runs();
        // The old count is better than none.
        if let Ok(bytes) = folders::bytes_of_others(&self.root, |id| ours.contains(&id)) {
            let mut state = self.state.lock();
            // Room that others made is no less welcome.
            state.wake.spill |= bytes < state.bytes_of_others;
            state.bytes_of_others = bytes;
        }
    }

    /// The last work: what has not ended stays, for the next client; all else goes.
    pub fn finish(&self) {
        self.write_acknowledgements();
        self.remove_dead();
        let runs = std::mem::take(&mut self.state.lock().runs);
        for run in runs.into_values() {
            if run.is_finished() {
                self.remove_run(&run);
                continue;
            }
            for (&number, segment) in &run.segments {
                self.leave_segment(&run, number, segment);
            }
        }
        let mut state = self.state.lock();
        state.exited = true;
        let warning = state.warning.take();
        drop(state);
        if let Some(warning) = warning {
            self.warn(&warning);
        }
        self.changed.notify_all();
    }

    fn leave_segment(&self, run: &Run, number: u32, segment: &Segment) {
        // Others may still write to it, if they were too slow for the close.
        if segment.writing.is_empty() && segment.tail < segment.size {
            let file = run.folder.folder.open_file(&segment_name(number));
            // Else it merely takes more room than it needs.
            let _ = file.and_then(|file| file.set_len(segment.tail));
        }
        if self.settings.sync != SyncPolicy::None
            && segment.has_unsynced(segment.tail)
            && let Some(file) = &segment.file
        {
            let key = SegmentKey {
                run: RunKey::MAX,
                number,
            };
            self.sync(file, &run.folder, key);
        }
    }
}

pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
