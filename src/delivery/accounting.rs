//! How many events there are in each state, and which of them a flush waits for.

use std::collections::VecDeque;

/// Events by what became of them. `axonpush_stats` says what each number means.
///
/// At every moment `accepted` and `recovered` are together the sum of the seven ways in which an event can
/// end and of `queued_events`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Events that the queue took.
    pub accepted: u64,
    /// Events that the service accepted.
    pub delivered: u64,
    /// Events that the service rejected for good.
    pub failed: u64,
    /// Events given up under fail-open, because the service could not be reached.
    pub suppressed: u64,
    /// Events that made room for newer ones.
    pub dropped: u64,
    /// Events whose delivery timeout passed.
    pub expired: u64,
    /// Events that were left when the client was closed.
    pub abandoned: u64,
    /// Events of processes that have ended, taken over from their spool.
    pub recovered: u64,
    /// Events that were left in the spool when the client was closed.
    pub kept: u64,
    /// Events that wait, in memory or in the spool, or are being sent.
    pub queued_events: u64,
    /// Bytes of these events.
    pub queued_bytes: u64,
    /// Attempts beyond the first one of an event.
    pub retried: u64,
    /// Requests with batches of events.
    pub batches: u64,
}

/// How an accepted event can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    Delivered,
    Failed,
    Suppressed,
    Dropped,
    Expired,
    Abandoned,
    Kept,
}

impl Counters {
    pub fn accept(&mut self, bytes: u64) {
        self.accepted += 1;
        self.queued_events += 1;
        self.queued_bytes += bytes;
    }

    /// Counts events of a process that has ended.
    pub fn recover(&mut self, events: u64, bytes: u64) {
        self.recovered += events;
        self.queued_events += events;
        self.queued_bytes += bytes;
    }

    /// Counts recovered events that go back to the spool as they came.
    pub fn keep(&mut self, events: u64, bytes: u64) {
        self.kept += events;
        self.queued_events -= events;
        self.queued_bytes -= bytes;
    }

    pub fn end(&mut self, disposition: Disposition, bytes: u64) {
        let ended = match disposition {
            Disposition::Delivered => &mut self.delivered,
            Disposition::Failed => &mut self.failed,
            Disposition::Suppressed => &mut self.suppressed,
            Disposition::Dropped => &mut self.dropped,
            Disposition::Expired => &mut self.expired,
            Disposition::Abandoned => &mut self.abandoned,
            Disposition::Kept => &mut self.kept,
        };
        *ended += 1;
        self.queued_events -= 1;
        self.queued_bytes -= bytes;
    }

    #[cfg(test)]
    pub fn add_up(&self) -> bool {
        let ended = self.delivered + self.failed + self.suppressed + self.dropped;
        let left = self.expired + self.abandoned + self.kept + self.queued_events;
        self.accepted + self.recovered == ended + left
    }
}

/// Numbers the events by the flush that waits for them: a flush begins a new epoch and waits until no
/// event of an earlier one is left. So events that are accepted meanwhile are not waited for.
#[derive(Debug, Default)]
pub struct FlushEpochs {
    /// The epoch of the events that are accepted now.
    current: u32,
    /// How many events of each epoch have not ended, without the epochs that have none.
    outstanding: VecDeque<(u32, u64)>,
}

impl FlushEpochs {
    /// Counts an event that is accepted now; gives its epoch.
    pub fn accept(&mut self) -> u32 {
        self.accept_many(1)
    }

    /// Counts events that are recovered now; gives their epoch.
    pub fn accept_many(&mut self, events: u64) -> u32 {
        match self.outstanding.back_mut() {
            Some((epoch, count)) if *epoch == self.current => *count += events,
            _ => self.outstanding.push_back((self.current, events)),
        }
        self.current
    }

    /// Counts an event as ended; tells whether it was the last of its epoch.
    pub fn end(&mut self, epoch: u32) -> bool {
        self.end_many(epoch, 1)
    }

    /// Counts so many events as ended; tells whether they were the last of their epoch.
    pub fn end_many(&mut self, epoch: u32, events: u64) -> bool {
        let Some(entry) = self.outstanding.iter_mut().find(|(e, _)| *e == epoch) else {
            return false;
        };
        entry.1 -= events;
        let last = entry.1 == 0;
        if last {
            self.outstanding.retain(|(_, count)| *count > 0);
        }
        last
    }

    /// Begins a flush: gives the last epoch that it waits for.
    pub fn begin_flush(&mut self) -> u32 {
        let last = self.current;
        self.current = self.current.wrapping_add(1);
        last
    }

    /// How many events of this epoch and of those before it have not ended.
    pub fn left(&self, epoch: u32) -> u64 {
        let before = self
            .outstanding
            .iter()
            .filter(|(e, _)| is_not_after(*e, epoch));
        before.map(|(_, count)| count).sum()
    }
}

/// Whether epoch `a` is `b` or comes before it. Epochs wrap around.
pub fn is_not_after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_waits_for_what_was_accepted_before_it_and_for_nothing_later() {
        let mut epochs = FlushEpochs {
            current: u32::MAX,
            ..FlushEpochs::default()
        };
        let first = epochs.accept();
        let flush = epochs.begin_flush();
        let second = epochs.accept();
        assert_eq!((flush, epochs.left(flush)), (first, 1));
        let later = epochs.begin_flush();
        assert_eq!(epochs.left(later), 2, "across the wrap");
        assert!(epochs.end(first));
        assert_eq!((epochs.left(flush), epochs.left(later)), (0, 1));
        assert!(epochs.end(second));
        assert_eq!(epochs.left(later), 0);
        assert!(!epochs.end(second), "nothing is left to end");
    }

    #[test]
    fn every_disposition_has_a_counter_of_its_own() {
        let mut counters = Counters::default();
        let all = [
            Disposition::Delivered,
            Disposition::Failed,
            Disposition::Suppressed,
            Disposition::Dropped,
            Disposition::Expired,
            Disposition::Abandoned,
            Disposition::Kept,
        ];
        for _ in all {
            counters.accept(10);
        }
        for disposition in all {
            assert!(counters.add_up());
            counters.end(disposition, 10);
        }
        assert_eq!(
            counters,
            Counters {
                accepted: 7,
                delivered: 1,
                failed: 1,
                suppressed: 1,
                dropped: 1,
                expired: 1,
                abandoned: 1,
                kept: 1,
                ..Counters::default()
            }
        );
    }
}
