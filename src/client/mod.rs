//! A client: what it was told, and every call that can be made of it.

mod call_tracker;
mod calls;
pub mod config;
mod env;
pub mod events_iter;
pub mod operations;
pub mod otlp;
pub mod query;
pub mod settings;
pub mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

use self::call_tracker::CallTracker;
use self::config::{CompletionMode, Config};
use crate::delivery::Delivery;
use crate::delivery::accounting::Counters;
use crate::delivery::exporter::Exporter;
use crate::delivery::limits::Limits;
use crate::error::{Error, Kind, Result};
use crate::event::encode::EventEncoder;
use crate::http::blocking::Http;
use crate::http::network::Network;
use crate::log::{self, RateLimiter};
use crate::sys::cancel::CallScope;

/// Safe to use from many threads at once.
pub struct Client {
    config: Arc<Config>,
    network: Arc<Network>,
    /// To where events of background publishing go; mostly the same.
    background: Arc<Network>,
    http: Arc<Http>,
    encoder: Arc<EventEncoder>,
    warnings: Arc<RateLimiter>,
    /// Made when the first event is queued, and with a spool at once.
    delivery: OnceCell<Delivery>,
    calls: CallTracker,
    retried: AtomicU64,
    log_events_lost: AtomicU64,
}

/// What the counters say. See `axonpush_stats` for the meaning of each number.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub counters: Counters,
    pub connections: u64,
    pub log_events_lost: u64,
    pub spool_bytes: u64,
}

impl Client {
    pub fn new(config: Arc<Config>) -> Result<Self> {
        let client = Self::without_delivery(config)?;
        if client.config.spool.is_some() {
            let delivery = client.new_delivery();
            client.open_spool(&delivery)?;
            let _ = client.delivery.set(delivery);
        }
        Ok(client)
    }

    fn without_delivery(config: Arc<Config>) -> Result<Self> {
        log::init_from_environment()?;
        let network = Arc::new(Network::new(&config.http));
        let background = match &config.exporter {
            Some(settings) => Exporter::network(settings, &config.http, &network),
            None => network.clone(),
        };
        if let Some(settings) = &config.exporter {
            // What is wrong with it is said when the client is made.
            Exporter::new(settings, &config.base_url)?;
        }
        Ok(Client {
            background,
            http: Arc::new(Http::new(&config.http, network.clone())),
            network,
            encoder: Arc::new(EventEncoder::new(&config.base_url, config.event.clone())?),
            config,
            warnings: Arc::default(),
            delivery: OnceCell::new(),
            calls: CallTracker::default(),
            retried: AtomicU64::default(),
            log_events_lost: AtomicU64::default(),
        })
    }

    /// The same client as after [`Client::new`], with connections and counters of its own: what a forked
    /// child goes on with. It opens a spool of its own at its first event.
    pub fn recreate_after_fork(&self) -> Result<Self> {
        Self::without_delivery(self.config.clone())
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration, scope: &CallScope) -> Result<()> {
        scope.check()?;
        self.delivery
            .get()
            .map_or(Ok(()), |delivery| delivery.flush(timeout, scope))
    }

    /// Runs the completions that wait to be polled; gives how many ran.
    pub fn poll(&self, timeout: Duration, scope: &CallScope) -> usize {
        if scope.is_cancelled() {
            return 0;
        }
        match self.config.completion_mode {
            CompletionMode::Thread => 0,
            CompletionMode::Polled => self.delivery().poll(timeout, scope),
        }
    }

    /// A descriptor that is readable while completions wait to be polled.
    pub fn descriptor(&self) -> Result<i32> {
        match self.config.completion_mode {
            CompletionMode::Thread => Ok(-1),
            CompletionMode::Polled => self.delivery().descriptor(),
        }
    }

    pub fn stats(&self) -> Stats {
        let mut counters = self
            .delivery
            .get()
            .map(Delivery::counters)
            .unwrap_or_default();
        counters.retried += self.retried.load(Ordering::Relaxed);
        Stats {
            counters,
            connections: self.connections(),
            log_events_lost: self.log_events_lost.load(Ordering::Relaxed),
            spool_bytes: self.delivery.get().map_or(0, Delivery::spool_bytes),
        }
    }

    fn connections(&self) -> u64 {
        match Arc::ptr_eq(&self.network, &self.background) {
            true => self.network.opened(),
            false => self.network.opened() + self.background.opened(),
        }
    }

    fn delivery(&self) -> &Delivery {
        self.delivery.get_or_init(|| {
            let delivery = self.new_delivery();
            // Here in a forked child only, where it can no more be an error of the configuration.
            if let Err(error) = self.open_spool(&delivery) {
                self.warnings
                    .warn(&format!("{error}; events wait in memory only"));
            }
            delivery
        })
    }

    fn new_delivery(&self) -> Delivery {
        let config = &self.config;
        let spool = config.spool.as_ref();
        let exporter = config.exporter.as_ref();
        let exporter = exporter.map(|settings| Exporter::new(settings, &config.base_url));
        // It could be made when the client was.
        let exporter = exporter.and_then(Result::ok);
        Delivery::new(
            Limits {
                max_events: config.queue_max_events,
                max_bytes: config.queue_max_bytes,
                overflow: config.overflow,
                block_timeout: config.block_timeout,
                delivery_timeout: config.delivery_timeout,
                max_connections: config.max_connections,
                fail_open: config.fail_open,
                spool_max_bytes: spool.map_or(0, |spool| spool.max_bytes),
                spool_max_age: spool.map_or(Duration::ZERO, |spool| spool.max_age),
                polled: config.completion_mode == CompletionMode::Polled,
                batch: config.exporter.as_ref().map(|settings| {
                    let limits = settings.limits;
                    limits.within(config.queue_max_events, config.queue_max_bytes)
                }),
            },
            self.background.clone(),
            self.encoder.clone(),
            exporter,
            self.warnings.clone(),
        )
    }

    fn open_spool(&self, delivery: &Delivery) -> Result<()> {
        match &self.config.spool {
            Some(settings) => delivery.open_spool(settings.clone(), self.config.spool_identity()),
            None => Ok(()),
        }
    }

    /// Refuses new calls and events; lets running calls and waiting events finish until `timeout` has
    /// passed or the call is cancelled; then interrupts the ones and abandons the others. Returns within `timeout` and half a
    /// second.
    pub fn shutdown(&self, timeout: Duration, scope: &CallScope) -> Result<()> {
        scope.check()?;
        let deadline = scope.deadline_or(Instant::now() + timeout);
        self.calls.close();
        // Made if there is none, so that it refuses events that come later.
        let delivery = self.delivery();
        let _ = delivery.drain(deadline, scope);
        self.calls.wait_until_idle(deadline, scope);
        self.http.close();
        let abandoned = delivery.stop();
        scope.check()?;
        match abandoned {
            0 => Ok(()),
            abandoned => {
                let what =
                    format!("shutdown: {abandoned} events were not delivered in time and are lost");
                log::write(log::Level::Warn, &what);
                Err(Error::new(Kind::Timeout, what))
            }
        }
    }

    /// [`Self::shutdown`] within the client's own timeout. Completions that nobody has polled run now,
    /// on this thread: there is no later for them.
    pub fn close(&self) {
        let deadline = Instant::now() + self.config.shutdown_timeout;
        // That events were lost is in the counters and in the log.
        let _ = self.shutdown(self.config.shutdown_timeout, &CallScope::default());
        if self.config.completion_mode == CompletionMode::Polled {
            self.delivery().end_polling(deadline);
        }
    }
}
