//! The way of one request: host, record, fault, body, credential, handler, response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Request, header};
use tower_service::Service as _;
use uuid::Uuid;

use crate::auth;
use crate::body::require_json;
use crate::connection::{Busy, Connection, Ending, Shape};
use crate::faults::{Action, HangUp, Triggered};
use crate::problem::Problem;
use crate::record::Entry;
use crate::response::{Created, Streams};
use crate::shared::Shared;
use crate::{dev, events, feed, otlp, page, resources, traces, transfer, webhooks};

const MAX_BODY: usize = 8 << 20;
const MAX_IMPORT: usize = 512 << 20;
/// How much of a body that is too large is read on, so that the peer gets to see the response.
const MAX_DISCARDED: usize = 64 << 20;

pub struct Service {
    pub shared: Arc<Shared>,
    resources: Router,
    control: Router,
}

impl Service {
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let resources = Router::new()
            .merge(resources::health::routes())
            .merge(resources::capabilities::routes())
            .merge(resources::apps::routes())
            .merge(resources::channels::routes())
            .merge(resources::environments::routes())
            .merge(resources::organizations::routes())
            .merge(events::routes())
            .merge(otlp::routes())
            .merge(traces::routes())
            .merge(webhooks::routes());
        Arc::new(Self {
            resources: finish(resources, &shared),
            control: finish(
                dev::routes()
                    .merge(feed::routes())
                    .merge(page::routes())
                    .merge(transfer::routes()),
                &shared,
            ),
            shared,
        })
    }

    pub async fn exchange(
        self: Arc<Self>,
        connection: Arc<Connection>,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let busy = connection.begin_request();
        let request_id = format!("req_{}", Uuid::new_v4().simple());
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let response = match self.shared.hosts.check(&head) {
            Err(problem) => problem.into_response(),
            Ok(()) if is_ours(&head) => self.control(head, body).await,
            Ok(()) => self.rehearse(&connection, head, body).await,
        };
        self.send(response, &path, &request_id, busy).await
    }

    /// Control endpoints are neither recorded nor made to fail.
    async fn control(&self, head: Parts, body: Incoming) -> Response {
        let limit = match head.uri.path() {
            transfer::IMPORT => MAX_IMPORT,
            _ => MAX_BODY,
        };
        match read(body, limit).await {
            Ok(bytes) => call(&self.control, head, bytes).await,
            Err(problem) => problem.into_response(),
        }
    }

    /// Records the request, and responds the way the scripted faults say.
    async fn rehearse(&self, connection: &Connection, head: Parts, body: Incoming) -> Response {
        let entry = self.shared.recorder.open(&head, connection.number);
        if let Some(Triggered { action, delay }) = self.shared.faults.trigger(&head) {
            return self
                .fail(connection, head, body, entry, action, delay)
                .await;
        }
        let response = self.receive_and_respond(head, body, &entry).await;
        entry.close("answered", Some(response.status()));
        response
    }

    async fn fail(
        &self,
        connection: &Connection,
        head: Parts,
        body: Incoming,
        entry: Entry,
        action: Action,
        delay: Duration,
    ) -> Response {
        let received = match action {
            // A reset does not wait for the body.
            Action::Reset => Ok(Bytes::new()),
            _ => read(body, MAX_BODY).await,
        };
        let bytes = match received {
            Ok(bytes) => bytes,
            Err(problem) => {
                entry.close("answered", Some(problem.status));
                return problem.into_response();
            }
        };
        entry.set_body(bytes.clone());
        tokio::time::sleep(delay).await;
        let (response, outcome) = match action {
            Action::Respond(script) => (script.response(), "fault: status"),
            Action::HangUp(when) => {
                if when == HangUp::After {
                    self.respond(head, bytes).await;
                }
                entry.close("fault: hangup", None);
                match connection.end(Ending::Close).await {}
            }
            Action::Truncate(body_bytes) => {
                let response = self.respond(head, bytes).await;
                connection.set_shape(Shape::Truncate { body_bytes });
                (response, "fault: truncate")
            }
            Action::Drip {
                bytes: size,
                interval,
            } => {
                let response = self.respond(head, bytes).await;
                connection.set_shape(Shape::Drip {
                    bytes: size,
                    interval,
                });
                (response, "fault: drip")
            }
            Action::Delay => (self.respond(head, bytes).await, "fault: delay"),
            Action::Reset => {
                entry.close("fault: reset", None);
                match connection.end(Ending::Reset).await {}
            }
            // Until the client leaves; the entry then says so.
            Action::Silent => std::future::pending().await,
        };
        entry.close(outcome, Some(response.status()));
        response
    }

    async fn receive_and_respond(&self, head: Parts, body: Incoming, entry: &Entry) -> Response {
        match read(body, MAX_BODY).await {
            Ok(bytes) => {
                entry.set_body(bytes.clone());
                self.respond(head, bytes).await
            }
            Err(problem) => problem.into_response(),
        }
    }

    /// What the service itself responds.
    async fn respond(&self, mut head: Parts, bytes: Bytes) -> Response {
        if head.uri.path() != resources::health::PATH {
            match self.admit(&head, &bytes) {
                Ok(caller) => head.extensions.insert(caller),
                Err(problem) => return problem.into_response(),
            };
        }
        let mut response = call(&self.resources, head, bytes).await;
        if let Some(status) = self.shared.config.created
            && response.extensions().get::<Created>().is_some()
        {
            *response.status_mut() = status;
        }
        response
    }

    fn admit(&self, head: &Parts, bytes: &Bytes) -> Result<auth::Caller, Problem> {
        let caller = auth::authenticate(head, &self.shared.config)?;
        // OTLP says for itself how it is written.
        if !bytes.is_empty() && !head.uri.path().starts_with(otlp::PREFIX) {
            let content_type = head.headers.get(header::CONTENT_TYPE);
            require_json(content_type.and_then(|value| value.to_str().ok()))?;
        }
        resources::organizations::ensure(&self.shared, &caller.org_id)?;
        Ok(caller)
    }

    /// The one place where every response gets its request id and every error its shape.
    async fn send(
        &self,
        response: Response,
        path: &str,
        request_id: &str,
        busy: Busy,
    ) -> Response<ResponseBody> {
        let mut response = match response.extensions().get::<Problem>() {
            Some(problem) => {
                let rendered =
                    problem
                        .clone()
                        .render(self.shared.config.legacy_errors, request_id, path);
                with_headers_of(rendered, response)
            }
            None => response,
        };
        if let Ok(id) = HeaderValue::from_str(request_id) {
            response.headers_mut().entry("x-request-id").or_insert(id);
        }
        let (parts, body) = response.into_parts();
        let body = match parts.extensions.get::<Streams>() {
            Some(Streams) => body,
            // Made in memory, so collecting it costs nothing and gives the response its Content-Length.
            None => {
                let whole = body.collect().await;
                whole.map(|it| it.to_bytes()).unwrap_or_default().into()
            }
        };
        Response::from_parts(parts, ResponseBody { body, _busy: busy })
    }
}

/// The control endpoints and the page, which are no part of the service.
fn is_ours(head: &Parts) -> bool {
    let path = head.uri.path();
    path.starts_with(dev::PREFIX) || page::has(path)
}

fn finish(router: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router {
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no such path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path does not take that method",
            )
        })
        // `read` has bounded the body already.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(shared))
}

async fn call(router: &Router, head: Parts, bytes: Bytes) -> Response {
    let request = Request::from_parts(head, axum::body::Body::from(bytes));
    match router.clone().call(request).await {
        Ok(response) => response,
    }
}

/// axum's own headers (`Allow`) and those that a fault's script asks for survive the rendering.
fn with_headers_of(mut rendered: Response, original: Response) -> Response {
    for (name, value) in original.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    rendered
}

async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("unreadable body: {error}"))
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if discarded > 0 || bytes.len() + data.len() > limit {
            discarded += data.len();
            if discarded > MAX_DISCARDED {
                break;
            }
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    if discarded > 0 {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit} bytes"),
        ));
    }
    Ok(bytes.into())
}

/// A response's body. While it lives the connection counts as busy.
pub struct ResponseBody {
    body: axum::body::Body,
    _busy: Busy,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
