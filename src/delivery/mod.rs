//! Background delivery: what waits, and who delivers it.
//!
//! One thread for the network, whatever the load, and one for the application's completions; why, and
//! what was rejected, is in docs/background.md.
//!
//! The redaction rules and the drawing of ids run on the network thread and not on the caller's: measured,
//! they cost about as much as all the rest of publishing. The caller still learns at once that its JSON is
//! not valid.

pub mod accounting;
pub mod circuit_breaker;
pub mod completions;
mod engine;
mod in_flight;
pub mod limits;
mod notice;
mod pacing;
mod pending;
mod polling;
pub mod queue;
#[cfg(test)]
mod queue_tests;
#[allow(dead_code, reason = "the queue does not use it yet")]
mod spool;
mod threads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::accounting::Counters;
use self::completions::Completion;
use self::engine::Engine;
use self::limits::{Limits, OnFull, Overflow};
use crate::error::Result;
use crate::event::Event;
use crate::event::encode::EventEncoder;
use crate::event::stored::StoredEvent;
use crate::http::network::Network;
use crate::log::RateLimiter;
use crate::sys::cancel::CallScope;

/// What closing may take beyond its timeout: for the threads to return and for the completions of abandoned
/// events.
const GRACE: Duration = Duration::from_millis(400);

/// The background half of a client.
pub struct Delivery {
    engine: Arc<Engine>,
    blocks: bool,
}

impl Delivery {
    /// Starts no thread yet.
    pub fn new(
        limits: Limits,
        network: Arc<Network>,
        encoder: Arc<EventEncoder>,
        warnings: Arc<RateLimiter>,
    ) -> Self {
        Delivery {
            blocks: limits.overflow == Overflow::Block,
            engine: Arc::new(Engine::new(limits, network, encoder, warnings)),
        }
    }

    /// Takes a checked event. `on_full` matters where the policy is to block.
    pub fn publish(
        &self,
        event: &Event,
        completion: Option<Completion>,
        on_full: OnFull<'_>,
    ) -> Result<()> {
        let engine = &self.engine;
        let stored = StoredEvent::new(event);
        let push = || {
            let push = || engine.queue.push(stored, completion, on_full);
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

    pub fn counters(&self) -> Counters {
        self.engine.queue.counters()
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration, scope: &CallScope) -> Result<()> {
        self.flush_until(scope.deadline_or(Instant::now() + timeout), scope)
    }

    fn flush_until(&self, deadline: Instant, scope: &CallScope) -> Result<()> {
        let engine = &self.engine;
        let inside = engine.epoch_of_this_thread().is_some();
        let call = |calls| engine.call(calls);
        let flush = || engine.queue.flush(deadline, inside, scope, call);
        engine.while_suspended(|| engine.interruptible(scope, flush))
    }

    /// Refuses new events and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant, scope: &CallScope) -> Result<()> {
        self.engine.call(self.engine.queue.drain(deadline));
        self.flush_until(deadline, scope)
    }

    /// Ends everything: what is not delivered is abandoned, completions of what was abandoned run, threads
    /// end. Gives how many events were abandoned.
    pub fn stop(&self) -> u64 {
        let engine = &self.engine;
        let (abandoned, calls) = engine.queue.abandon();
        engine.call(calls);
        let deadline = Instant::now() + GRACE;
        let own = usize::from(engine.epoch_of_this_thread().is_some());
        engine.while_suspended(|| engine.queue.wait_for_threads(deadline, own));
        engine.queue.kill();
        engine.join(deadline);
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
