//! The calls of a client: the one place where retries, fail-open and logging of calls happen.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::Method;

use super::Client;
use super::config::no_api_key;
use super::operations::Operation;
use super::query::EventQuery;
use crate::delivery::completions::Completion;
use crate::delivery::limits::OnFull;
use crate::error::{Error, Kind, Result};
use crate::event::encode::{self, trace_headers};
use crate::event::log_record::LogRecord;
use crate::event::{Event, trace_context};
use crate::http::headers::{header_value, names};
use crate::http::request::Request;
use crate::http::response::{Expect, HttpResponse, Response};
use crate::http::retry::{Backoff, may_repeat};
use crate::http::url;
use crate::sys::cancel::CallScope;
use crate::sys::random;
use crate::{json, log};

/// The waits between attempts: 250 ms, doubled each time, 4 s at most.
const BACKOFF: Backoff = Backoff::up_to(Duration::from_secs(4));

impl Client {
    /// Publishes one event, now. `None`: suppressed by fail-open.
    pub fn publish(&self, event: &Event, scope: &CallScope) -> Result<Option<Response>> {
        let current = trace_context::current();
        let event = event.within(current.as_deref());
        event.check()?;
        let request = self.encoder.encode(&event, None)?;
        self.call(&request, encode::PATH, Expect::Accepted, scope)
    }

    /// Events of one channel, newest first.
    pub fn list(
        &self,
        channel_id: Option<&str>,
        query: &EventQuery,
        scope: &CallScope,
    ) -> Result<Response> {
        let channel = self.channel(channel_id)?;
        if query.channel_id.is_some_and(|other| other != channel) {
            return Err(Error::argument(
                "query.channel_id: it differs from the argument channel_id; leave it out",
            ));
        }
        self.search(
            &EventQuery {
                channel_id: Some(channel),
                ..query.clone()
            },
            scope,
        )
    }

    /// Events of the organization, newest first.
    pub fn search(&self, query: &EventQuery, scope: &CallScope) -> Result<Response> {
        self.events_page(&query.encode()?, scope)
    }

    /// Events by an encoded query.
    pub fn events_page(&self, query: &str, scope: &CallScope) -> Result<Response> {
        let list = Expect::List("events");
        let request = self.request_to(Method::GET, "/events", Some(query), None, true)?;
        let response = self.call(&request, "/events", list, scope)?;
        Ok(response.unwrap_or_else(|| Response::empty_list("events")))
    }

    /// An operation of the table, with the ids of its path. `None`: suppressed by fail-open.
    pub fn operate(
        &self,
        operation: &Operation,
        ids: &[&str],
        query: Option<&str>,
        body: Option<String>,
        scope: &CallScope,
    ) -> Result<Option<Response>> {
        let path = operation.fill(ids)?;
        let method = operation
            .method
            .parse()
            .expect("the table has HTTP methods");
        let expect = operation.list.map_or(Expect::Anything, Expect::List);
        let body = body.map(String::into_bytes);
        let request = self.request_to(method, &path, query, body, operation.is_repeatable())?;
        let response = self.call(&request, &path, expect, scope)?;
        Ok(response.or_else(|| operation.list.map(Response::empty_list)))
    }

    /// Hands OTLP in JSON to the service, for a channel.
    pub fn otlp(
        &self,
        operation: &Operation,
        channel_id: Option<&str>,
        json: &str,
        scope: &CallScope,
    ) -> Result<Option<Response>> {
        json::check(json).map_err(|e| Error::argument(format!("json: {e}")))?;
        let channel = self.channel(channel_id)?;
        let channel =
            header_value(channel).map_err(|e| Error::argument(format!("channel_id: {e}")))?;
        let mut request = self.request_to(
            Method::POST,
            operation.path,
            None,
            Some(json.as_bytes().to_vec()),
            operation.is_repeatable(),
        )?;
        request.headers.push((names::CHANNEL, channel));
        self.call(&request, operation.path, Expect::Anything, scope)
    }

    /// Any endpoint. `None`: suppressed by fail-open.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
        body: Option<&str>,
        scope: &CallScope,
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
        url::check_target(path, query)?;
        // Whether a POST or PATCH that arrives twice does harm is not ours to guess.
        let repeatable = !matches!(method, Method::POST | Method::PATCH);
        let body = body.map(|text| text.as_bytes().to_vec());
        let request = self.request_to(method, path, query, body, repeatable)?;
        self.call(&request, path, Expect::Anything, scope)
    }

    /// Takes an event for delivery in the background. Exactly one completion for each that is taken.
    /// `scope` bounds the wait for room.
    pub fn publish_async(
        &self,
        event: &Event,
        completion: Option<Completion>,
        scope: &CallScope,
    ) -> Result<()> {
        scope.check()?;
        let current = trace_context::current();
        let event = event.within(current.as_deref());
        event.check()?;
        self.delivery()
            .publish(&event, completion, OnFull::Wait(scope))
    }

    /// Publishes a line of the application's log in the background. It never fails and never waits: what cannot
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
        let current = trace_context::current();
        let event = Event {
            payload: &payload,
            ..event.within(current.as_deref()).into_owned()
        };
        event.check()?;
        self.delivery().publish(&event, None, OnFull::Refuse)
    }

    /// A log event that could not even be handed over.
    pub fn count_lost_log_event(&self) {
        self.log_events_lost.fetch_add(1, Ordering::Relaxed);
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
        let current = trace_context::current();
        Ok(Request {
            method,
            uri: url::uri(&self.config.base_url, &target)?,
            headers: match current {
                Some(trace) => trace_headers(&trace.trace_id, &trace.span_id)?,
                None => Vec::new(),
            },
            body,
            repeatable,
        })
    }

    /// The channel that a call names, or the client's.
    fn channel<'a>(&'a self, channel_id: Option<&'a str>) -> Result<&'a str> {
        let default = self.config.event.channel_id.as_deref();
        channel_id.or(default).ok_or_else(|| {
            Error::argument("channel_id: it is required, since the client has no default channel")
        })
    }

    /// One call: attempts, and then what fail-open makes of a failure. `path` is for the log.
    fn call(
        &self,
        request: &Request,
        path: &str,
        expect: Expect,
        scope: &CallScope,
    ) -> Result<Option<Response>> {
        let _in_progress = self.calls.begin()?;
        if self.config.http.api_key.is_none() {
            return Err(no_api_key());
        }
        let outcome = self
            .attempts(request, scope)
            .and_then(|response| response.into_response(expect));
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

    fn attempts(&self, request: &Request, scope: &CallScope) -> Result<HttpResponse> {
        let mut retry = 0;
        loop {
            scope.check()?;
            if scope
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            {
                return Err(Error::new(
                    Kind::Connection,
                    "the deadline of the call had passed before the request was sent",
                ));
            }
            let error = match self.http.exchange(request, scope) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = error
                .retry_after
                .unwrap_or_else(|| BACKOFF.wait(retry, random::draw()));
            let until = Instant::now() + wait;
            if retry >= self.config.max_retries
                || !error.retryable()
                || !may_repeat(request, &error)
                // Longer than a caller can expect a call to take.
                || wait > self.config.http.timeout && error.retry_after.is_some()
                || scope.deadline.is_some_and(|deadline| until >= deadline)
            {
                return Err(error);
            }
            self.calls.sleep(until, scope)?;
            retry += 1;
            self.retried.fetch_add(1, Ordering::Relaxed);
        }
    }
}
