//! `axonpush webhook listen`: receives deliveries, verifies and prints them.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Context;
use crate::arguments::Listen;
use crate::event::{self, Event};
use crate::failure::{Failure, Result};
use crate::library::{self, Client};
use crate::terminal::{self, Colour};

const SIGNATURE: &str = "x-axonpush-signature";
const SECRET: &str = "AXONPUSH_WEBHOOK_SECRET";
/// As much as a payload may have, and what else is in an event.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// How long responses may take that are being sent at the end.
const PARTING: Duration = Duration::from_secs(1);

/// Whether a delivery is from whom it says.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Verified,
    Forged,
    /// There is no secret to look with.
    NotLookedAt,
}

struct Delivery {
    verdict: Verdict,
    body: Bytes,
    at: Timestamp,
}

pub fn listen(arguments: &Listen, context: &Context) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(receive(arguments, context))
}

async fn receive(arguments: &Listen, context: &Context) -> Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        Failure::Other(format!("cannot listen on {}: {error}", arguments.listen))
    })?;
    let own_url = format!("http://{}/", listener.local_addr()?);
    let url = arguments.url.as_deref().unwrap_or(&own_url);
    // Removed when this function ends, however it ends.
    let registration = match &arguments.channel {
        Some(channel) => Some(Registration::new(context.client()?, channel, url)?),
        None => None,
    };
    let secret = match &registration {
        Some(it) => it.secret.clone(),
        None => std::env::var(SECRET)
            .ok()
            .filter(|secret| !secret.is_empty()),
    };
    introduce(&own_url, arguments, secret.is_some(), context)?;

    let (sender, mut deliveries) = mpsc::unbounded_channel();
    let secret = secret.map(Arc::<str>::from);
    let mut connections = JoinSet::new();
    let mut received = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that is lost already is its sender's affair.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, secret.clone(), sender.clone()));
                }
            }
            Some(delivery) = deliveries.recv() => {
                print(&delivery, context)?;
                received += 1;
                if arguments.count == Some(received) {
                    break;
                }
            }
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    // Whoever delivered something is told so.
    let told = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(PARTING, told).await;
    Ok(ExitCode::SUCCESS)
}

fn introduce(url: &str, arguments: &Listen, has_secret: bool, context: &Context) -> Result<()> {
    if context.json {
        return Ok(terminal::print(
            &json!({ "listening": url, "channel": arguments.channel }).to_string(),
        )?);
    }
    let whose = match &arguments.channel {
        Some(channel) => format!(" to the events of channel {}", terminal::plain(channel)),
        None => String::new(),
    };
    terminal::print(&format!("listening on {url}{whose}"))?;
    if !has_secret {
        terminal::say(&format!(
            "Signatures are not looked at: set {SECRET} to the endpoint's secret, or use --channel."
        ));
    }
    Ok(())
}

/// An endpoint of the service that lasts as long as this value.
struct Registration {
    client: Client,
    endpoint: String,
    secret: Option<String>,
}

impl Registration {
    fn new(client: Client, channel: &str, url: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            endpoint_id: String,
            raw_secret: Option<String>,
        }
        let json = client.create_webhook(channel, url)?.unwrap_or_default();
        let created: Created = serde_json::from_str(&json).map_err(|error| {
            Failure::Other(format!(
                "the service's response is not a webhook endpoint: {error}"
            ))
        })?;
        Ok(Self {
            client,
            endpoint: created.endpoint_id,
            secret: created.raw_secret,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Err(error) = self.client.delete_webhook(&self.endpoint) {
            let message = terminal::plain(&error.message);
            terminal::say(&format!(
                "The endpoint {} was not removed: {message}",
                terminal::plain(&self.endpoint)
            ));
        }
    }
}

async fn converse(
    stream: tokio::net::TcpStream,
    secret: Option<Arc<str>>,
    sender: mpsc::UnboundedSender<Delivery>,
) {
    let respond = service_fn(move |request| {
        let (secret, sender) = (secret.clone(), sender.clone());
        async move {
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.status_mut() = take(request, secret.as_deref(), &sender).await;
            Ok::<_, Infallible>(response)
        }
    });
    // Errors here are the sender's doing.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), respond)
        .await;
}

async fn take(
    request: Request<Incoming>,
    secret: Option<&str>,
    sender: &mpsc::UnboundedSender<Delivery>,
) -> StatusCode {
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let signature = request
        .headers()
        .get(SIGNATURE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let Ok(body) = Limited::new(request.into_body(), LARGEST_BODY)
        .collect()
        .await
    else {
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    let body = body.to_bytes();
    let verdict = match (secret, signature) {
        (None, _) => Verdict::NotLookedAt,
        (Some(secret), Some(signature)) if library::webhook_verify(secret, &body, &signature) => {
            Verdict::Verified
        }
        (Some(_), _) => Verdict::Forged,
    };
    // Nobody receives when we are about to end.
    let _ = sender.send(Delivery {
        verdict,
        body,
        at: Timestamp::now(),
    });
    match verdict {
        Verdict::Forged => StatusCode::UNAUTHORIZED,
        _ => StatusCode::OK,
    }
}

fn print(delivery: &Delivery, context: &Context) -> Result<()> {
    let body = String::from_utf8_lossy(&delivery.body);
    let at = format!("{:.3}", delivery.at);
    if context.json {
        let verified = match delivery.verdict {
            Verdict::NotLookedAt => "null",
            Verdict::Verified => "true",
            Verdict::Forged => "false",
        };
        // A body that is JSON is shown as it came, byte for byte but for blanks.
        let body = match serde_json::from_str::<&RawValue>(&body) {
            Ok(json) => json.get().to_owned(),
            Err(_) => json!(body).to_string(),
        };
        let line = format!(r#"{{"receivedAt":"{at}","verified":{verified},"body":{body}}}"#);
        return Ok(terminal::print(&terminal::one_line(&line))?);
    }
    let paint = terminal::on_stdout();
    let verdict = match delivery.verdict {
        Verdict::Verified => paint.colour(Colour::Green, "verified"),
        Verdict::Forged => paint.colour(Colour::Red, "FORGED  "),
        Verdict::NotLookedAt => paint.colour(Colour::Yellow, "unknown "),
    };
    let what = match serde_json::from_str::<Event>(&body) {
        Ok(event) => event.line(
            paint,
            terminal::width().map(|columns| columns.saturating_sub(10)),
        ),
        Err(_) => format!(
            "{}  {}",
            event::clock(&at),
            terminal::cut(&terminal::plain(&body), 200)
        ),
    };
    Ok(terminal::print(&format!("{verdict}  {what}"))?)
}
