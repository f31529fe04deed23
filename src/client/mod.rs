//! A client: the one place where retries, fail-open and logging happen.

pub mod config;
pub mod events_iter;
pub mod operations;
pub mod query;
pub mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use ureq::http::Method;

use self::query::EventQuery;
use crate::client::config::{CompletionMode, Config, header_value};
use crate::client::operations::Operation;
use crate::delivery::background::Background;
use crate::delivery::queue::{Books, Completion};
use crate::error::{Error, Kind, Result};
use crate::event::log_record::LogRecord;
use crate::event::{Event, TraceHeaders};
use crate::event::{ids, trace_context as trace};
use crate::http::blocking::{self as http, Http, Request, names};
use crate::http::response::{Answer, Expect, Response};
use crate::json;
use crate::log::{self, Limiter};
use crate::sys::sync::{Condvar, Mutex, MutexGuard};

/// Waits between attempts (WIRE.md, "Retry"), clamped to the last.
const LADDER: [u64; 5] = [250, 500, 1000, 2000, 4000];

/// The wait before retry number `retry`, counted from 0, without jitter.
fn ladder(retry: u32) -> Duration {
    let step = LADDER
        .get(retry as usize)
        .unwrap_or(&LADDER[LADDER.len() - 1]);
    Duration::from_millis(*step)
}

/// Safe to use from many threads at once.
pub struct Client {
    config: Arc<Config>,
    http: Arc<Http>,
    warnings: Arc<Limiter>,
    background: OnceCell<Background>,
    life: Mutex<Life>,
    changed: Condvar,
    retried: AtomicU64,
    log_events_lost: AtomicU64,
}

/// Which calls are running, and whether new ones may.
#[derive(Default)]
struct Life {
    closing: bool,
    calls: usize,
}

/// What the books say. See `axonpush_stats` for the meaning of each number.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub books: Books,
    pub connections: u64,
    pub log_events_lost: u64,
}

impl Client {
    pub fn new(config: Arc<Config>) -> Result<Self> {
        log::init_from_environment()?;
        Ok(Client {
            http: Arc::new(Http::new(&config)?),
            config,
            warnings: Arc::default(),
            background: OnceCell::new(),
            life: Mutex::default(),
            changed: Condvar::new(),
            retried: AtomicU64::default(),
            log_events_lost: AtomicU64::default(),
        })
    }

    /// The same client as after [`Client::new`], with connections and books of its own: what a forked
    /// child goes on with.
    pub fn reborn(&self) -> Result<Self> {
        Self::new(self.config.clone())
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Publishes one event, now. `None`: suppressed by fail-open.
    pub fn publish(&self, event: &Event) -> Result<Option<Response>> {
        let current = trace::current();
        let event = event.within(current.as_deref());
        event.check()?;
        let prepared = event.prepare(&self.config, None)?;
        let request = prepared.into_request(self.http.event_uri())?;
        self.call(&request, "/event", Expect::Accepted)
    }

    /// Events of one channel, newest first.
    pub fn list(&self, channel_id: Option<&str>, query: &EventQuery) -> Result<Response> {
        let channel = channel_id
            .or(self.config.channel_id.as_deref())
            .ok_or_else(|| {
                Error::argument(
                    "channel_id: it is required, since the client has no default channel",
                )
            })?;
        if query.channel_id.is_some_and(|other| other != channel) {
            return Err(Error::argument(
                "query.channel_id: it differs from the argument channel_id; leave it out",
            ));
        }
        self.search(&EventQuery {
            channel_id: Some(channel),
            ..query.clone()
        })
    }

    /// Events of the organisation, newest first.
    pub fn search(&self, query: &EventQuery) -> Result<Response> {
        self.events_page(&query.encode()?)
    }

    /// Events by an encoded query.
    pub fn events_page(&self, query: &str) -> Result<Response> {
        let list = Expect::List("events");
        let response = self.send(Method::GET, "/events", Some(query), None, true, list)?;
        Ok(response.unwrap_or_else(|| Response::empty_list("events")))
    }

    /// An operation of the table, with the ids of its path. `None`: suppressed by fail-open.
    pub fn operate(
        &self,
        operation: &Operation,
        ids: &[&str],
        query: Option<&str>,
        body: Option<String>,
    ) -> Result<Option<Response>> {
        let path = operation.fill(ids)?;
        let method = operation
            .method
            .parse()
            .expect("the table has HTTP methods");
        let expect = operation.list.map_or(Expect::Anything, Expect::List);
        let body = body.map(String::into_bytes);
        let response = self.send(
            method,
            &path,
            query,
            body,
            operation.is_repeatable(),
            expect,
        )?;
        Ok(response.or_else(|| operation.list.map(Response::empty_list)))
    }

    /// Hands OTLP in JSON to the service, for a channel.
    pub fn otlp(
        &self,
        operation: &Operation,
        channel_id: Option<&str>,
        json: &str,
    ) -> Result<Option<Response>> {
        json::check(json).map_err(|e| Error::argument(format!("json: {e}")))?;
        let channel = channel_id
            .or(self.config.channel_id.as_deref())
            .ok_or_else(|| {
                Error::argument(
                    "channel_id: it is required, since the client has no default channel",
                )
            })?;
        let channel = header_value(channel).ok_or_else(|| {
            Error::argument("channel_id: it has a control character, which no header can carry")
        })?;
        let mut request = self.request_to(
            Method::POST,
            operation.path,
            None,
            Some(json.as_bytes().to_vec()),
            operation.is_repeatable(),
        )?;
        request.headers.push((names::CHANNEL, channel));
        self.call(&request, operation.path, Expect::Anything)
    }

    /// Any endpoint. `None`: suppressed by fail-open.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
        body: Option<&str>,
    ) -> Result<Option<Response>> {
        let method = match method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            _ => {
                return Err(Error::argument(
                    "method: expected GET, POST, PUT, PATCH or DELETE, in capitals",
                ));
            }
        };
        if let Some(body) = body {
            if method == Method::GET {
                return Err(Error::argument("body_json: GET takes no body; pass NULL"));
            }
            json::check(body).map_err(|e| Error::argument(format!("body_json: {e}")))?;
        }
        query::check_target(path, query)?;
        // Whether a POST or PATCH that arrives twice does harm is not ours to guess.
        let repeatable = !matches!(method, Method::POST | Method::PATCH);
        let body = body.map(|text| text.as_bytes().to_vec());
        self.send(method, path, query, body, repeatable, Expect::Anything)
    }

    /// Takes an event for delivery in the background. Exactly one completion for each that is taken.
    pub fn publish_async(&self, event: &Event, completion: Option<Completion>) -> Result<()> {
        let current = trace::current();
        let event = event.within(current.as_deref());
        event.check()?;
        self.background().publish(&event, completion, true)
    }

    /// Publishes a line of the host's log in the background. It never fails and never waits: what cannot
    /// be taken is counted. `event` has everything but the payload.
    pub fn log_event(&self, event: &Event, record: &LogRecord) -> bool {
        let taken = self.try_log_event(event, record).is_ok();
        if !taken {
            self.log_events_lost.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn try_log_event(&self, event: &Event, record: &LogRecord) -> Result<()> {
        if log::is_in_sink() {
            return Err(Error::argument(
                "a line of the library's own log is not published",
            ));
        }
        let payload = record.payload()?;
        let current = trace::current();
        let event = Event {
            payload: &payload,
            ..event.within(current.as_deref()).into_owned()
        };
        event.check()?;
        self.background().publish(&event, None, false)
    }

    /// A log event that could not even be handed over.
    pub fn count_lost_log_event(&self) {
        self.log_events_lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        self.background
            .get()
            .map_or(Ok(()), |background| background.flush(timeout))
    }

    /// Runs the completions that wait to be polled; gives how many ran.
    pub fn poll(&self, timeout: Duration) -> usize {
        match self.config.completion_mode {
            CompletionMode::Thread => 0,
            CompletionMode::Polled => self.background().poll(timeout),
        }
    }

    /// A descriptor that is readable while completions wait to be polled.
    pub fn descriptor(&self) -> Result<i32> {
        match self.config.completion_mode {
            CompletionMode::Thread => Ok(-1),
            CompletionMode::Polled => self.background().descriptor(),
        }
    }

    pub fn stats(&self) -> Stats {
        let mut books = self
            .background
            .get()
            .map(Background::books)
            .unwrap_or_default();
        books.retried += self.retried.load(Ordering::Relaxed);
        Stats {
            books,
            connections: self.http.opened(),
            log_events_lost: self.log_events_lost.load(Ordering::Relaxed),
        }
    }

    fn background(&self) -> &Background {
        self.background.get_or_init(|| {
            Background::new(
                self.config.clone(),
                self.http.clone(),
                self.warnings.clone(),
            )
        })
    }

    /// Refuses new calls and events; lets running calls and waiting events finish until `timeout` has
    /// passed; then interrupts the ones and abandons the others. Returns within `timeout` and half a
    /// second.
    pub fn shutdown(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        self.life().closing = true;
        self.changed.notify_all();
        // Made if there is none, so that it refuses events that come later.
        let background = self.background();
        let _ = background.drain(deadline);
        self.wait_for_calls(deadline);
        match background.stop() {
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
        // That events were lost is in the books and in the log.
        let _ = self.shutdown(self.config.shutdown_timeout);
        if self.config.completion_mode == CompletionMode::Polled {
            self.background().end_polling(deadline);
        }
    }

    fn wait_for_calls(&self, deadline: Instant) {
        let mut life = self.life();
        while life.calls > 0 {
            match deadline.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => life = self.wait(life, left),
                _ => return,
            }
        }
    }

    /// The way of every call but publishing.
    fn send(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<Vec<u8>>,
        repeatable: bool,
        expect: Expect,
    ) -> Result<Option<Response>> {
        let request = self.request_to(method, path, query, body, repeatable)?;
        self.call(&request, path, expect)
    }

    fn request_to(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<Vec<u8>>,
        repeatable: bool,
    ) -> Result<Request> {
        let query = query.filter(|query| !query.is_empty());
        let target = query.map_or(path.to_owned(), |query| format!("{path}?{query}"));
        let current = trace::current();
        Ok(Request {
            method,
            uri: http::uri(&self.config.base_url, &target)?,
            headers: match current {
                Some(trace) => TraceHeaders::new(&trace.trace_id, &trace.span_id)?.into(),
                None => Vec::new(),
            },
            body,
            repeatable,
        })
    }

    /// One call: attempts, and then what fail-open makes of a failure. `path` is for the log.
    fn call(&self, request: &Request, path: &str, expect: Expect) -> Result<Option<Response>> {
        let _running = self.enter()?;
        let outcome = self
            .attempts(request)
            .and_then(|answer| answer.into_response(expect));
        match outcome {
            Ok(response) => Ok(Some(response)),
            Err(error) if error.kind == Kind::Connection && self.config.fail_open => {
                self.warnings.warn(&format!(
                    "{} {path} failed: {error}; suppressed because fail-open is on",
                    request.method
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn attempts(&self, request: &Request) -> Result<Answer> {
        let mut retry = 0;
        loop {
            let error = match self.http.exchange(request, None) {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) => answer.into_error(&self.config.api_key),
                Err(error) => error,
            };
            let wait = error
                .retry_after
                .unwrap_or_else(|| ladder(retry).mul_f64(ids::jitter()));
            if retry >= self.config.max_retries
                || !error.retryable()
                || !may_repeat(request, &error)
                // Longer than a caller can expect a call to take.
                || wait > self.config.timeout && error.retry_after.is_some()
            {
                return Err(error);
            }
            self.sleep(wait)?;
            retry += 1;
            self.retried.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits between attempts; closing the client ends the wait.
    fn sleep(&self, wait: Duration) -> Result<()> {
        let until = Instant::now() + wait;
        let mut life = self.life();
        while !life.closing {
            match until.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => life = self.wait(life, left),
                _ => return Ok(()),
            }
        }
        Err(Error::closed())
    }

    fn enter(&self) -> Result<Running<'_>> {
        let mut life = self.life();
        if life.closing {
            return Err(Error::closed());
        }
        life.calls += 1;
        Ok(Running(self))
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock()
    }

    fn wait<'a>(&self, life: MutexGuard<'a, Life>, limit: Duration) -> MutexGuard<'a, Life> {
        self.changed.wait_timeout(life, limit)
    }
}

/// A request that may have arrived is only repeated where the service takes it once. That it was
/// turned away at the door (429, 503) counts as not arrived.
fn may_repeat(request: &Request, error: &Error) -> bool {
    request.repeatable || !error.may_have_arrived || matches!(error.http_status, 429 | 503)
}

/// A call in progress.
struct Running<'c>(&'c Client);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut life = self.0.life();
        life.calls -= 1;
        if life.closing && life.calls == 0 {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_on_its_last_step() {
        let steps: Vec<u128> = (0..7).map(|n| ladder(n).as_millis()).collect();
        assert_eq!(steps, [250, 500, 1000, 2000, 4000, 4000, 4000]);
    }
}
