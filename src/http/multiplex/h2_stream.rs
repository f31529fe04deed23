//! One exchange on a stream of HTTP/2.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use bytes::Buf;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};

use super::exchange::Exchange;
use super::h1_response::too_large;
use super::target::Target;
use crate::http::failure::{Failure, copy};
use crate::http::headers::names;
use crate::http::network::Network;
use crate::http::request::Request;
use crate::http::response::{HttpResponse, MAX_BODY};
use crate::http::retry::retry_after;

/// So much of a body is handed to `h2` at once; the rest waits here for its window, so that one large body
/// does not take the whole window of the connection.
const PIECE: usize = 16 * 1024;

pub struct Stream {
    /// `None`: nobody waits for the response any more.
    pub exchange: Option<Exchange>,
    /// What is still to be sent.
    sending: Option<(SendStream<Body>, Body)>,
    receiving: Receiving,
}

enum Receiving {
    Head(ResponseFuture),
    Body(RecvStream, HttpResponse),
    Ended,
}

pub enum Progress {
    Pending,
    Response(HttpResponse),
    /// The server has not processed it, and says so.
    NotProcessed,
    /// Nor this one, which the server wants to get by HTTP/1.1.
    NeedsHttp1,
    Failed(Failure),
}

impl Stream {
    pub fn open(
        send: &mut SendRequest<Body>,
        exchange: Exchange,
        target: &Target,
        network: &Network,
    ) -> Result<Self, Exchange> {
        let body = Body::of(&exchange.request);
        let has_body = body.has_remaining();
        let head = head(&exchange.request, target, network);
        let Ok((response, mut outgoing)) = send.send_request(head, !has_body) else {
            return Err(exchange);
        };
        let mut sending = None;
        if body.remaining() > PIECE {
            outgoing.reserve_capacity(PIECE);
            sending = Some((outgoing, body));
        } else if has_body && outgoing.send_data(body, true).is_err() {
            return Err(exchange);
        }
        Ok(Stream {
            exchange: Some(exchange),
            sending,
            receiving: Receiving::Head(response),
        })
    }

    pub fn deadline(&self) -> Option<Instant> {
        Some(self.exchange.as_ref()?.deadline)
    }

    /// What an error of the crate means for a stream that may have been processed.
    pub fn failure(error: &h2::Error) -> Failure {
        if let Some(cause) = error.get_io() {
            return copy(cause).into();
        }
        let reason = error
            .reason()
            .map_or_else(|| error.to_string(), |r| format!("{r:?}"));
        match (error.is_remote(), error.is_reset()) {
            (true, true) => Failure::Io(std::io::Error::other(format!(
                "the server reset the stream: {reason}"
            ))),
            (true, false) => Failure::Io(std::io::Error::other(format!(
                "the server ended the connection: {reason}"
            ))),
            (false, _) => Failure::Protocol(reason),
        }
    }

    pub fn advance(&mut self, context: &mut Context) -> Progress {
        self.send_more(context);
        match self.receive(context) {
            Ok(None) => Progress::Pending,
            Ok(Some(response)) => Progress::Response(response),
            Err(End::NotProcessed) => Progress::NotProcessed,
            Err(End::NeedsHttp1) => Progress::NeedsHttp1,
            Err(End::Failed(failure)) => Progress::Failed(failure),
        }
    }

    /// Hands out as much of the body as the windows allow.
    fn send_more(&mut self, context: &mut Context) {
        while let Some((outgoing, body)) = &mut self.sending {
            match outgoing.poll_capacity(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(0))) => return,
                Poll::Ready(Some(Ok(capacity))) => {
                    let piece = body.split(capacity.min(PIECE));
                    let last = !body.has_remaining();
                    let sent = outgoing.send_data(piece, last);
                    if last || sent.is_err() {
                        self.sending = None;
                    } else {
                        outgoing.reserve_capacity(body.remaining().min(PIECE));
                    }
                }
                // The response says why.
                Poll::Ready(None | Some(Err(_))) => self.sending = None,
            }
        }
    }

    fn receive(&mut self, context: &mut Context) -> Result<Option<HttpResponse>, End> {
        if let Receiving::Head(future) = &mut self.receiving {
            let response = match std::pin::Pin::new(future).poll(context) {
                Poll::Pending => return Ok(None),
                Poll::Ready(response) => response.map_err(|e| End::before_response(&e))?,
            };
            let (head, body) = response.into_parts();
            let response = read_head(head.status.as_u16(), &head.headers).map_err(End::Failed)?;
            self.receiving = Receiving::Body(body, response);
        }
        let Receiving::Body(body, response) = &mut self.receiving else {
            return Ok(None);
        };
        loop {
            match body.poll_data(context) {
                Poll::Pending => return Ok(None),
                Poll::Ready(Some(Ok(bytes))) => {
                    if response.body.len() + bytes.len() > MAX_BODY {
                        return Err(End::Failed(too_large()));
                    }
                    response.body.extend_from_slice(&bytes);
                    // Fails where the stream is gone, which the next poll tells.
                    let _ = body.flow_control().release_capacity(bytes.len());
                }
                Poll::Ready(Some(Err(e))) => return Err(End::Failed(Self::failure(&e))),
                Poll::Ready(None) => break,
            }
        }
        match std::mem::replace(&mut self.receiving, Receiving::Ended) {
            Receiving::Body(_, response) => Ok(Some(response)),
            _ => Ok(None),
        }
    }
}

enum End {
    NotProcessed,
    NeedsHttp1,
    Failed(Failure),
}

impl End {
    fn before_response(error: &h2::Error) -> Self {
        match error.reason() {
            Some(Reason::HTTP_1_1_REQUIRED) if error.is_remote() => End::NeedsHttp1,
            Some(Reason::REFUSED_STREAM) if error.is_remote() => End::NotProcessed,
            _ if error.is_remote() && error.is_go_away() => End::NotProcessed,
            _ => End::Failed(Stream::failure(error)),
        }
    }
}

fn read_head(status: u16, headers: &HeaderMap) -> Result<HttpResponse, Failure> {
    let header = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let announced = header(CONTENT_LENGTH).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    Ok(HttpResponse {
        status,
        request_id: header(names::REQUEST_ID).map(str::to_owned),
        retry_after: header(RETRY_AFTER).and_then(|v| retry_after(v, SystemTime::now())),
        body: Vec::with_capacity(announced.unwrap_or(0).min(64 * 1024)),
    })
}

fn head(request: &Request, target: &Target, network: &Network) -> http::Request<()> {
    let mut head = http::Request::new(());
    *head.method_mut() = request.method.clone();
    *head.version_mut() = Version::HTTP_2;
    *head.uri_mut() = uri(request, target);
    let headers = head.headers_mut();
    headers.clone_from(network.headers.common(request));
    for (name, value) in &request.headers {
        headers.insert(name.clone(), never_indexed(value.clone()));
    }
    if let Some(body) = &request.body {
        headers.insert(CONTENT_LENGTH, never_indexed(HeaderValue::from(body.len())));
    }
    head
}

/// What differs from event to event would only push what all requests share out of HPACK's table, there
/// and here.
fn never_indexed(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

fn uri(request: &Request, target: &Target) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if target.tls {
        Scheme::HTTPS
    } else {
        Scheme::HTTP
    });
    parts.authority = request.uri.authority().cloned();
    let path = request.uri.path_and_query().cloned();
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or_default()
}

/// A part of a request's body, which stays where it is.
pub struct Body {
    request: Arc<Request>,
    at: usize,
    end: usize,
}

impl Body {
    fn of(request: &Arc<Request>) -> Self {
        Body {
            request: request.clone(),
            at: 0,
            end: request.body.as_ref().map_or(0, Vec::len),
        }
    }

    /// Takes the first bytes off.
    fn split(&mut self, length: usize) -> Self {
        let at = self.at;
        self.at = (at + length).min(self.end);
        Body {
            request: self.request.clone(),
            at,
            end: self.at,
        }
    }
}

impl Buf for Body {
    fn remaining(&self) -> usize {
        self.end - self.at
    }

    fn chunk(&self) -> &[u8] {
        match &self.request.body {
            Some(body) => &body[self.at..self.end],
            None => &[],
        }
    }

    fn advance(&mut self, count: usize) {
        self.at += count;
        assert!(self.at <= self.end, "more is sent than there is");
    }
}
