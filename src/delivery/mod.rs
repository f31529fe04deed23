//! Background delivery: what waits, and who delivers it.
//!
//! One thread for the network, whatever the load, and one for the application's completions; why, and
//! what was rejected, is in docs/background.md.
//!
//! The redaction rules and the drawing of ids run on the network thread and not on the caller's: measured,
//! they cost about as much as all the rest of publishing. The caller still learns at once that its JSON is
//! not valid.

pub mod accounting;
#[cfg(test)]
mod batch_tests;
mod batches;
pub mod circuit_breaker;
mod closing;
pub mod completions;
mod ending;
mod engine;
pub mod exporter;
mod in_flight;
pub mod limits;
mod notice;
mod on_disk;
mod pacing;
mod pending;
mod polling;
pub mod queue;
#[cfg(test)]
mod queue_tests;
mod spilling;
#[cfg(test)]
mod spilling_tests;
pub mod spool;
mod spooled;
#[cfg(test)]
mod spooled_tests;
mod threads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::accounting::Counters;
use self::completions::Completion;
use self::engine::{Engine, Means};
use self::exporter::Exporter;
use self::limits::{Limits, OnFull, Overflow};
use self::spool::disk::SystemDisk;
use self::spool::record::Identity;
use self::spool::store::Settings;
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::event::encode::EventEncoder;
use crate::event::stored::StoredEvent;
use crate::http::network::Network;
use crate::log::RateLimiter;
use crate::sys::cancel::CallScope;

/// What closing may take beyond its timeout: for the threads to return and for the completions of abandoned
/// events.
const GRACE: Duration = Duration::from_millis(400);
/// What the spool gets of it at least.
const SPOOL_GRACE: Duration = Duration::from_millis(50);

/// The background half of a client.
pub struct Delivery {
    engine: Arc<Engine>,
    blocks: bool,
}

impl Delivery {
    /// Starts no thread yet; [`Self::open_spool`] does. With an exporter events leave in batches; `network` is to
    /// wherever they go.
    pub fn new(
        limits: Limits,
        network: Arc<Network>,
        encoder: Arc<EventEncoder>,
        exporter: Option<Exporter>,
        warnings: Arc<RateLimiter>,
    ) -> Self {
        let means = Means::new(network, encoder, exporter, limits.max_connections);
        Delivery {
            blocks: limits.overflow == Overflow::Block,
            engine: Arc::new(Engine::new(limits, means, warnings)),
        }
    }

    /// From now on events go to the disk first; and those come that earlier processes left there.
    pub fn open_spool(&self, settings: Settings, identity: Identity) -> Result<()> {
        self.engine
            .open_spool(settings, identity, Arc::new(SystemDisk))
    }

    /// Takes a checked event. `on_full` matters where the policy is to block.
    pub fn publish(
        &self,
        event: &Event,
        completion: Option<Completion>,
        on_full: OnFull<'_>,
    ) -> Result<()> {
        let engine = &self.engine;
        let push = || {
            let push = || match engine.queue.spool.get() {
                Some(spool) => engine.publish_spooled(spool, event, completion, on_full),
                None => {
                    let stored = StoredEvent::new(event);
                    engine.queue.push(stored, completion, on_full)
                }
            };
            match on_full {
                OnFull::Wait(scope) => engine.interruptible(scope, push),
                OnFull::Refuse => push(),
            }
        };
        // Only a publish that may block waits for others.
        let pushed = match self.blocks {
            true => engine.while_suspended(push)?,
            false => push()?,
        };
        engine.call(pushed.calls);
        engine.warn_of_drops(pushed.drops);
        Ok(())
    }

    /// What the records of events in the spool take that have not ended.
    pub fn spool_bytes(&self) -> u64 {
        let spool = self.engine.queue.spool.get();
        spool.map_or(0, |spool| spool.stats().bytes)
    }

    pub fn counters(&self) -> Counters {
        self.engine.queue.counters()
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration, scope: &CallScope) -> Result<()> {
        self.flush_until(scope.deadline_or(Instant::now() + timeout), scope)
    }

    fn flush_until(&self, deadline: Instant, scope: &CallScope) -> Result<()> {
        let engine = &self.engine;
        let spool = engine.queue.spool.get();
        let looked = spool.is_none_or(|spool| spool.wait_until_looked(deadline));
        let inside = engine.epoch_of_this_thread().is_some();
        let call = |calls| engine.call(calls);
        let flush = || engine.queue.flush(deadline, inside, scope, call);
        engine.while_suspended(|| engine.interruptible(scope, flush))?;
        match looked {
            true => Ok(()),
            false => Err(Error::new(
                Kind::Timeout,
                "flush: the time was over before it was known what earlier clients left in spool_dir",
            )),
        }
    }

    /// Refuses new events and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant, scope: &CallScope) -> Result<()> {
        // What is in memory only may still be kept.
        let spool = self.engine.queue.spool.get();
        spool.inspect(|spool| spool.retry_now());
        self.engine.call(self.engine.queue.drain(deadline));
        self.flush_until(deadline, scope)
    }

    /// Ends everything: what is not delivered is abandoned, completions of what was abandoned run, threads
    /// end. Gives how many events were abandoned.
    pub fn stop(&self) -> u64 {
        let engine = &self.engine;
        let (abandoned, calls) = engine.queue.abandon();
        let spool = engine.queue.spool.get();
        spool.inspect(|spool| spool.begin_close());
        engine.call(calls);
        let deadline = Instant::now() + GRACE;
        let own = usize::from(engine.epoch_of_this_thread().is_some());
        engine.while_suspended(|| engine.queue.wait_for_threads(deadline, own));
        engine.queue.kill();
        engine.join(deadline);
        if let Some(spool) = spool {
            spool.close(deadline.max(Instant::now() + SPOOL_GRACE));
        }
        engine.warn_of_drops(engine.queue.take_drops());
        abandoned
    }

    /// Runs the completions that wait, and waits for some until the timeout. Gives how many ran.
    pub fn poll(&self, timeout: Duration, scope: &CallScope) -> usize {
        let deadline = scope.deadline_or(Instant::now() + timeout);
        let wait = || self.engine.queue.wait_ready(deadline, scope);
        let ready = self.engine.interruptible(scope, wait);
        // Those that become ready meanwhile are for the next call, or it might never return.
        (0..ready)
            .take_while(|_| self.engine.complete_ready(false))
            .count()
    }

    /// Lets nobody else poll any more, waits for those who do, and runs what is left.
    pub fn end_polling(&self, deadline: Instant) {
        let own = self.engine.completion_depth();
        self.engine.queue.end_polling(deadline + GRACE, own);
        while self.engine.complete_ready(true) {}
    }

    pub fn descriptor(&self) -> Result<i32> {
        self.engine.queue.descriptor()
    }
}
