//! The library as this program uses it: the functions of `axonpush.h` behind types that cannot be misused.
//!
//! The one file with pointers in it. Everything that the library gives is copied and freed here.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

use axonpush::c::*;
use serde::Serialize;

/// Why a call failed: what `axonpush_error` says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// `AXONPUSH_ERR_CONNECTION`
    pub status: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// 0: there was no response.
    pub http_status: i32,
    pub retryable: bool,
    #[serde(skip)]
    number: axonpush_status,
}

pub type Result<T> = std::result::Result<T, Box<Error>>;

impl Error {
    fn argument(message: String) -> Box<Self> {
        Box::new(Self {
            status: text(axonpush_status_name(AXONPUSH_ERR_INVALID_ARGUMENT)).unwrap_or_default(),
            message,
            code: None,
            hint: None,
            request_id: None,
            http_status: 0,
            retryable: false,
            number: AXONPUSH_ERR_INVALID_ARGUMENT,
        })
    }

    /// Copies an error, which stays its owner's.
    fn read(error: *const axonpush_error) -> Box<Self> {
        let number = axonpush_error_status(error);
        Box::new(Self {
            status: text(axonpush_status_name(number)).unwrap_or_default(),
            message: text(axonpush_error_message(error)).unwrap_or_default(),
            code: text(axonpush_error_code(error)),
            hint: text(axonpush_error_hint(error)),
            request_id: text(axonpush_error_request_id(error)),
            http_status: axonpush_error_http_status(error),
            retryable: axonpush_error_retryable(error),
            number,
        })
    }

    pub fn is_unreachable(&self) -> bool {
        self.number == AXONPUSH_ERR_CONNECTION
    }

    pub fn is_config(&self) -> bool {
        self.number == AXONPUSH_ERR_CONFIG
    }

    pub fn is_refused_key(&self) -> bool {
        self.number == AXONPUSH_ERR_AUTHENTICATION
    }

    pub fn is_forbidden(&self) -> bool {
        self.number == AXONPUSH_ERR_FORBIDDEN
    }

    pub fn is_not_found(&self) -> bool {
        self.number == AXONPUSH_ERR_NOT_FOUND
    }

    pub fn is_timeout(&self) -> bool {
        self.number == AXONPUSH_ERR_TIMEOUT
    }

    /// A response that is not the service's, of a proxy perhaps.
    pub fn is_nonsense(&self) -> bool {
        self.number == AXONPUSH_ERR_DECODE
    }
}

/// Copies a string of the library's; `None` for NULL.
fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: not NULL, and the library's strings are NUL-terminated and live as long as the object they are from,
    // which no caller here has freed yet.
    (!pointer.is_null()).then(|| {
        unsafe { CStr::from_ptr(pointer) }
            .to_string_lossy()
            .into_owned()
    })
}

/// A call's result: the error object is copied and freed.
fn checked(status: axonpush_status, error: *mut axonpush_error) -> Result<()> {
    if status == AXONPUSH_OK {
        return Ok(());
    }
    let copy = Error::read(error);
    axonpush_error_free(error);
    Err(copy)
}

/// The JSON of a response, which is freed; `None` where fail-open suppressed a failure.
fn taken(response: *mut axonpush_response) -> Option<String> {
    let json = text(axonpush_response_json(response, null_mut()));
    axonpush_response_free(response);
    json
}

/// Strings for C, kept until the call is over.
#[derive(Default)]
struct Strings(Vec<CString>);

impl Strings {
    fn pass(&mut self, name: &str, text: Option<&str>) -> Result<*const c_char> {
        let Some(text) = text else { return Ok(null()) };
        let owned = CString::new(text)
            .map_err(|_| Error::argument(format!("{name}: it has a NUL character in it")))?;
        // The bytes of a CString stay where they are when the CString itself moves.
        let pointer = owned.as_ptr();
        self.0.push(owned);
        Ok(pointer)
    }
}

/// What this program may choose for a client; everything else comes from `AXONPUSH_…` variables.
#[derive(Clone, Default)]
pub struct Settings {
    pub base_url: Option<String>,
    /// An unreachable service is a warning and no error.
    pub fail_open: bool,
    /// `Some(n)`: repeat a failed call that often, in place of the default.
    pub retries: Option<u32>,
    pub timeout_ms: u32,
}

/// A client of the service. Dropping it delivers what waits, for up to two seconds.
pub struct Client(*mut axonpush_client);

// SAFETY: the pointer is a handle and never dereferenced, and every function of the library may be called from any thread.
unsafe impl Send for Client {}
// SAFETY: as above: any number of threads may use one client at once.
unsafe impl Sync for Client {}

impl Drop for Client {
    fn drop(&mut self) {
        axonpush_close(self.0);
    }
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self> {
        let mut strings = Strings::default();
        // SAFETY: integers and pointers, for which all zeros is a value: the default.
        let mut options: axonpush_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<axonpush_options>();
        options.base_url = strings.pass("base_url", settings.base_url.as_deref())?;
        options.fail_open = match settings.fail_open {
            true => Toggle::AXONPUSH_ENABLED,
            false => Toggle::AXONPUSH_DISABLED,
        } as axonpush_toggle;
        options.max_retries = match settings.retries {
            None => 0,
            Some(0) => -1,
            Some(n) => n as i32,
        };
        options.timeout_ms = settings.timeout_ms;
        options.overflow = OverflowPolicy::AXONPUSH_OVERFLOW_BLOCK as axonpush_overflow;
        let agent = concat!("axonpush-cli/", env!("CARGO_PKG_VERSION"));
        options.user_agent = strings.pass("user_agent", Some(agent))?;
        let mut error = null_mut();
        let client = axonpush_new(&options, &mut error);
        if client.is_null() {
            let copy = Error::read(error);
            axonpush_error_free(error);
            return Err(copy);
        }
        Ok(Self(client))
    }

    /// Publishes one event, and gives the service's response.
    pub fn publish(&self, event: &Event) -> Result<Option<String>> {
        event.pass(|event| {
            let (mut response, mut error) = (null_mut(), null_mut());
            let status = axonpush_events_publish(self.0, event, &mut response, &mut error);
            checked(status, error)?;
            Ok(taken(response))
        })
    }

    /// Accepts one event for delivery in the background. `done` is called once, on a thread of the library's, with what
    /// became of it, unless this call fails.
    pub fn publish_async(&self, event: &Event, done: Done) -> Result<()> {
        let argument = Box::into_raw(Box::new(done));
        let accepted = event.pass(|event| {
            let mut error = null_mut();
            let status = axonpush_events_publish_async(
                self.0,
                event,
                Some(completion),
                argument.cast(),
                &mut error,
            );
            checked(status, error)
        });
        if accepted.is_err() {
            // SAFETY: made by Box::into_raw above, and not accepted: `completion` is never called with it.
            drop(unsafe { Box::from_raw(argument) });
        }
        accepted
    }

    /// Waits until what was accepted has its outcome.
    pub fn flush(&self, timeout_ms: u32) -> Result<()> {
        let mut error = null_mut();
        checked(axonpush_flush(self.0, timeout_ms, &mut error), error)
    }

    /// The newest events, as `{"events": […]}`.
    pub fn search(&self, query: &Query) -> Result<Option<String>> {
        query.pass(|query| {
            let (mut response, mut error) = (null_mut(), null_mut());
            let status = axonpush_events_search(self.0, query, &mut response, &mut error);
            checked(status, error)?;
            Ok(taken(response))
        })
    }

    /// All events that match, from the newest to the oldest.
    pub fn events(&self, query: &Query) -> Result<Events<'_>> {
        query.pass(|query| {
            let (mut iter, mut error) = (null_mut(), null_mut());
            let status = axonpush_events_iter_new(self.0, null(), query, &mut iter, &mut error);
            checked(status, error)?;
            Ok(Events {
                iter,
                _client: self,
            })
        })
    }

    /// A trace with its events, as `{"traceId", "spans": […]}`.
    pub fn trace(&self, id: &str) -> Result<Option<String>> {
        let mut strings = Strings::default();
        let id = strings.pass("ID", Some(id))?;
        let (mut response, mut error) = (null_mut(), null_mut());
        let status = axonpush_traces_get(self.0, id, &mut response, &mut error);
        checked(status, error)?;
        Ok(taken(response))
    }

    /// Has the events of a channel delivered to a URL. The response has the endpoint's id and its secret.
    pub fn create_webhook(&self, channel: &str, url: &str) -> Result<Option<String>> {
        let mut strings = Strings::default();
        let webhook = axonpush_webhook {
            struct_size: size_of::<axonpush_webhook>(),
            channel_id: strings.pass("channel", Some(channel))?,
            url: strings.pass("url", Some(url))?,
            event_types: null(),
            description: strings.pass("description", Some("axonpush webhook listen"))?,
        };
        let (mut response, mut error) = (null_mut(), null_mut());
        let status = axonpush_webhooks_create(self.0, &webhook, &mut response, &mut error);
        checked(status, error)?;
        Ok(taken(response))
    }

    pub fn delete_webhook(&self, endpoint: &str) -> Result<()> {
        let mut strings = Strings::default();
        let endpoint = strings.pass("endpoint", Some(endpoint))?;
        let mut error = null_mut();
        let status = axonpush_webhooks_delete(self.0, endpoint, null_mut(), &mut error);
        checked(status, error)
    }
}

/// Called with the final outcome of an event.
pub type Done = Box<dyn FnOnce(Result<()>) + Send>;

extern "C" fn completion(
    status: axonpush_status,
    _response: *const axonpush_response,
    error: *const axonpush_error,
    argument: *mut c_void,
) {
    // SAFETY: made by Box::into_raw in publish_async, and the library calls this once for an accepted event.
    let done = unsafe { Box::from_raw(argument.cast::<Done>()) };
    done(match status {
        AXONPUSH_OK => Ok(()),
        _ => Err(Error::read(error)),
    });
}

/// An event to publish. What is `None` is left to the library or the service.
#[derive(Default)]
pub struct Event {
    pub identifier: String,
    /// A JSON object.
    pub payload: String,
    pub channel_id: Option<String>,
    pub event_type: Option<String>,
    pub agent_id: Option<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub parent_span_id: Option<String>,
    pub dedup_key: Option<String>,
    pub occurred_at: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
}

impl Event {
    fn pass<T>(&self, call: impl FnOnce(&axonpush_event) -> Result<T>) -> Result<T> {
        let mut strings = Strings::default();
        let event = axonpush_event {
            struct_size: size_of::<axonpush_event>(),
            identifier: strings.pass("identifier", Some(&self.identifier))?,
            payload: strings.pass("payload", Some(&self.payload))?,
            payload_len: 0,
            channel_id: strings.pass("channel", self.channel_id.as_deref())?,
            event_type: strings.pass("type", self.event_type.as_deref())?,
            agent_id: strings.pass("agent", self.agent_id.as_deref())?,
            trace_id: strings.pass("trace", self.trace_id.as_deref())?,
            span_id: strings.pass("span", self.span_id.as_deref())?,
            parent_span_id: strings.pass("parent", self.parent_span_id.as_deref())?,
            dedup_key: strings.pass("dedup-key", self.dedup_key.as_deref())?,
            occurred_at: strings.pass("occurred-at", self.occurred_at.as_deref())?,
            metadata: strings.pass("metadata", self.metadata.as_deref())?,
            metadata_len: 0,
        };
        call(&event)
    }
}

/// Which events to read.
#[derive(Clone, Default)]
pub struct Query {
    pub since: Option<String>,
    pub limit: u32,
    pub channel_id: Option<String>,
    pub event_type: Option<String>,
    pub trace_id: Option<String>,
    pub status: Option<String>,
}

impl Query {
    fn pass<T>(&self, call: impl FnOnce(&axonpush_event_query) -> Result<T>) -> Result<T> {
        let mut strings = Strings::default();
        // SAFETY: integers and pointers, for which all zeros is a value: no filter.
        let mut query: axonpush_event_query = unsafe { std::mem::zeroed() };
        query.struct_size = size_of::<axonpush_event_query>();
        query.limit = self.limit;
        query.since = strings.pass("since", self.since.as_deref())?;
        query.channel_id = strings.pass("channel", self.channel_id.as_deref())?;
        query.event_type = strings.pass("type", self.event_type.as_deref())?;
        query.trace_id = strings.pass("trace", self.trace_id.as_deref())?;
        query.status = strings.pass("status", self.status.as_deref())?;
        call(&query)
    }
}

/// Events, page by page.
pub struct Events<'client> {
    iter: *mut axonpush_events_iter,
    _client: &'client Client,
}

impl Events<'_> {
    /// The next older event as JSON; `None` at the end. After a failure the same call goes on where it was.
    pub fn next(&mut self) -> Result<Option<String>> {
        let (mut event, mut error) = (null(), null_mut());
        let status = axonpush_events_iter_next(self.iter, &mut event, &mut error);
        checked(status, error)?;
        Ok(text(axonpush_response_json(event, null_mut())))
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        axonpush_events_iter_free(self.iter);
    }
}

/// A trace and one span in it.
pub struct Span {
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub traceparent: String,
}

impl Span {
    /// A new span: in the trace of a `traceparent` if that is well-formed, else in a new one.
    pub fn continuing(traceparent: Option<&str>) -> Option<Self> {
        let parent = traceparent.and_then(parse);
        let start = match parent {
            Some(parent) => parent,
            None => {
                // In the form of W3C Trace Context, not as a UUID: what reads `traceparent` below us has the same id then.
                let fresh = axonpush_trace_new(null(), null(), null_mut());
                let read = text(axonpush_trace_traceparent(fresh));
                axonpush_trace_free(fresh);
                parse(&read?)?
            }
        };
        let child = axonpush_trace_child(start, null_mut());
        let span = (|| {
            Some(Self {
                trace_id: text(axonpush_trace_id(child))?,
                span_id: text(axonpush_trace_span_id(child))?,
                parent_span_id: parent.and_then(|parent| text(axonpush_trace_span_id(parent))),
                traceparent: text(axonpush_trace_traceparent(child))?,
            })
        })();
        axonpush_trace_free(child);
        axonpush_trace_free(start);
        span
    }
}

fn parse(traceparent: &str) -> Option<*mut axonpush_trace> {
    let text = CString::new(traceparent).ok()?;
    let trace = axonpush_trace_parse(text.as_ptr(), null_mut());
    (!trace.is_null()).then_some(trace)
}

/// Whether a signature is that of exactly this body under the secret.
pub fn webhook_verify(secret: &str, body: &[u8], signature: &str) -> bool {
    let (Ok(secret), Ok(signature)) = (CString::new(secret), CString::new(signature)) else {
        return false;
    };
    axonpush_webhook_verify(
        secret.as_ptr(),
        body.as_ptr().cast(),
        body.len(),
        signature.as_ptr(),
    )
}

/// Nothing of the library's on stderr, unless `AXONPUSH_LOG` asks for it.
pub fn quiet() {
    if std::env::var_os("AXONPUSH_LOG").is_none_or(|level| level.is_empty()) {
        axonpush_log_set(
            LogLevel::AXONPUSH_LOG_OFF as axonpush_log_level,
            None,
            null_mut(),
        );
    }
}
