//! How events leave in batches of log records (`exporter` = OTLP): to a Collector of OpenTelemetry, or to the service's
//! own `/v1/logs`.
//!
//! What is decided here: which events share a request, what it looks like, and what its response means. How events
//! wait, are retried and end is the queue's affair, as ever ([`super::batches`]).
//!
//! - **Towards the service** a request has one channel, in a header: a batch is split by channel. The credential goes along.
//! - **Towards an endpoint of the caller's own** go the headers that the caller chose, and nothing of the service's.
//!
//! Rejected: *one request for an event that is too large for the batch's bound, or its refusal*: it goes alone, since only the
//! receiver knows what it takes. *Taking a batch that was refused (400, 413) apart, to find the event at fault*: OTLP says
//! that such a request is not repeated, and receivers name bad records by `partialSuccess`.

mod response;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderName, HeaderValue, Method, Uri};

pub use self::response::{Exported, Taken, exported};
use crate::error::{Error, Kind, Result};
use crate::event::encode;
use crate::event::otlp::{Envelope, PATH, Record};
use crate::http::headers::{header_value, names};
use crate::http::network::Network;
use crate::http::request::Request;
use crate::http::{HttpSettings, proxy::Proxy, url};
use crate::json;

/// What bounds a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    pub max_events: usize,
    /// Of the request's body, before it is compressed. One event that is larger goes alone.
    pub max_bytes: usize,
    /// How long an event waits for others.
    pub timeout: Duration,
}

impl BatchLimits {
    /// No batch waits for more than half of what the queue can hold: what is being sent is in it, too.
    pub fn within(self, queue_max_events: usize, queue_max_bytes: u64) -> Self {
        let half = usize::try_from(queue_max_bytes / 2).unwrap_or(usize::MAX);
        BatchLimits {
            max_events: self.max_events.min((queue_max_events / 2).max(1)),
            max_bytes: self.max_bytes.min(half.max(1)),
            ..self
        }
    }
}

/// An endpoint that is not the service's.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Without a trailing `/`.
    pub base_url: String,
    /// What goes along with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub proxy: Option<Proxy>,
}

/// The exporter as it was configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `None`: the service.
    pub endpoint: Option<Endpoint>,
    pub limits: BatchLimits,
    pub gzip: bool,
    /// Attributes of this process.
    pub resource: Vec<(String, String)>,
}

impl Settings {
    /// The base URL of what receives the batches.
    pub fn receiver<'s>(&'s self, service: &'s str) -> &'s str {
        let endpoint = self.endpoint.as_ref();
        endpoint.map_or(service, |endpoint| &endpoint.base_url)
    }
}

/// Makes batches of events.
pub struct Exporter {
    uri: Uri,
    limits: BatchLimits,
    gzip: bool,
    envelope: Envelope,
    /// Requests have one channel, in a header.
    by_channel: bool,
}

/// Events that share a request. What they are to the queue is up to the caller (`E`).
pub struct Batch<E> {
    pub events: Vec<E>,
    pub request: Arc<Request>,
}

/// A batch in the making.
struct Open<E> {
    channel: Option<String>,
    events: Vec<E>,
    body: Vec<u8>,
}

impl Exporter {
    /// `service` is the base URL of the service.
    pub fn new(settings: &Settings, service: &str) -> Result<Self> {
        Ok(Exporter {
            uri: url::uri(settings.receiver(service), PATH)?,
            limits: settings.limits,
            gzip: settings.gzip,
            envelope: Envelope::new(&settings.resource, std::process::id()),
            by_channel: settings.endpoint.is_none(),
        })
    }

    /// The connections and the headers for the receiver. `service` has those for the service.
    pub fn network(
        settings: &Settings,
        http: &HttpSettings,
        service: &Arc<Network>,
    ) -> Arc<Network> {
        match &settings.endpoint {
            None => service.clone(),
            Some(to) => Arc::new(Network::foreign(http, &to.headers, to.proxy.clone())),
        }
    }

    /// Where batches go.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Makes requests of events, each with its own request and with when the queue took it. What cannot be sent
    /// comes back with the reason.
    pub fn batches<E>(
        &self,
        events: impl Iterator<Item = (E, Arc<Request>, Instant)>,
    ) -> (Vec<Batch<E>>, Vec<(E, Error)>) {
        let (mut open, mut full, mut bad) = (Vec::<Open<E>>::new(), Vec::new(), Vec::new());
        let (clock, now) = (SystemTime::now(), Instant::now());
        let mut text = Vec::new();
        for (event, request, accepted_at) in events {
            let body = request.body.as_deref().unwrap_or_default();
            let Ok(body) = std::str::from_utf8(body) else {
                bad.push((event, Error::new(Kind::Internal, "the event is not UTF-8")));
                continue;
            };
            let record = Record::read(body);
            let channel = record.channel_id.filter(|_| self.by_channel);
            let channel = channel.map(|raw| json::unescape(raw).into_owned());
            let age = now.saturating_duration_since(accepted_at);
            let observed = clock.checked_sub(age).unwrap_or(clock);
            text.clear();
            record.write(&mut text, encode::ids(&request).1.is_some(), observed);

            let at = open.iter().position(|batch| batch.channel == channel);
            let at = at.unwrap_or_else(|| {
                open.push(self.begin(channel));
                open.len() - 1
            });
            let batch = &mut open[at];
            if !batch.events.is_empty() {
                let length = batch.body.len() + text.len() + Envelope::TAIL.len();
                if length >= self.limits.max_bytes {
                    let next = self.begin(batch.channel.clone());
                    full.push(std::mem::replace(batch, next));
                }
            }
            let batch = &mut open[at];
            if !batch.events.is_empty() {
                batch.body.push(b',');
            }
            batch.body.extend_from_slice(&text);
            batch.events.push(event);
        }
        let mut batches = Vec::with_capacity(full.len() + open.len());
        for batch in full.into_iter().chain(open) {
            match self.request(batch.channel.as_deref(), batch.body) {
                Ok(request) => batches.push(Batch {
                    events: batch.events,
                    request: Arc::new(request),
                }),
                Err(error) => {
                    bad.extend(batch.events.into_iter().map(|event| (event, error.clone())));
                }
            }
        }
        (batches, bad)
    }

    fn begin<E>(&self, channel: Option<String>) -> Open<E> {
        let mut body = Vec::with_capacity(self.limits.max_bytes.min(64 * 1024));
        body.extend_from_slice(self.envelope.head());
        Open {
            channel,
            events: Vec::new(),
            body,
        }
    }

    fn request(&self, channel: Option<&str>, mut body: Vec<u8>) -> Result<Request> {
        body.extend_from_slice(Envelope::TAIL.as_bytes());
        let mut headers = Vec::new();
        if let Some(channel) = channel {
            let value = header_value(channel).map_err(|e| {
                Error::argument(format!(
                    "event.channel_id: it cannot be sent with a batch: {e}"
                ))
            })?;
            headers.push((names::CHANNEL, value));
        }
        if self.gzip {
            body = compressed(&body);
            headers.push((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        }
        Ok(Request {
            method: Method::POST,
            uri: self.uri.clone(),
            headers,
            body: Some(body),
            // Each record has its id, by which a receiver can tell one that came twice.
            repeatable: true,
        })
    }
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let out = Vec::with_capacity(body.len() / 4);
    let mut encoder = GzEncoder::new(out, Compression::fast());
    encoder.write_all(body).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::Value;

    use super::*;
    use crate::event::Event;
    use crate::event::encode::{EventDefaults, EventEncoder};
    use crate::event::redaction::{ContentCapture, RedactionRules};

    fn settings() -> Settings {
        Settings {
            endpoint: None,
            limits: BatchLimits {
                max_events: 512,
                max_bytes: 1 << 20,
                timeout: Duration::from_secs(1),
            },
            gzip: false,
            resource: vec![("service.name".to_owned(), "test".to_owned())],
        }
    }

    fn collector() -> Settings {
        Settings {
            endpoint: Some(Endpoint {
                base_url: "http://collector:4318/prefix".to_owned(),
                headers: Vec::new(),
                proxy: None,
            }),
            ..settings()
        }
    }

    fn request(identifier: &str, channel: Option<&str>) -> Arc<Request> {
        let defaults = EventDefaults {
            channel_id: None,
            redaction: RedactionRules::new(ContentCapture::MetadataOnly, &[], 4096),
        };
        let encoder = EventEncoder::new("http://service", defaults).unwrap();
        let event = Event {
            identifier,
            payload: r#"{"password":"planted"}"#,
            channel_id: channel,
            ..Event::default()
        };
        Arc::new(encoder.encode(&event, None).unwrap())
    }

    /// The batches of events that are given as identifier and channel, and what each of them holds.
    fn batches(settings: &Settings, events: &[(&str, Option<&str>)]) -> Vec<(Batch<usize>, Value)> {
        let exporter = Exporter::new(settings, "http://service").unwrap();
        let events = events
            .iter()
            .enumerate()
            .map(|(number, (name, channel))| (number, request(name, *channel), Instant::now()));
        let (batches, bad) = exporter.batches(events);
        assert!(bad.is_empty());
        let parsed = batches.into_iter().map(|batch| {
            let body = batch.request.body.clone().unwrap();
            let mut text = String::new();
            match settings.gzip {
                true => flate2::read::GzDecoder::new(&body[..])
                    .read_to_string(&mut text)
                    .unwrap(),
                false => (&body[..]).read_to_string(&mut text).unwrap(),
            };
            let value = serde_json::from_str(&text).unwrap();
            (batch, value)
        });
        parsed.collect()
    }

    fn records(request: &Value) -> &Vec<Value> {
        request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
            .as_array()
            .unwrap()
    }

    fn channel(request: &Request) -> Option<&str> {
        let found = request
            .headers
            .iter()
            .find(|(name, _)| *name == names::CHANNEL);
        found.map(|(_, value)| value.to_str().unwrap())
    }

    #[test]
    fn towards_the_service_a_batch_has_one_channel() {
        let events = [
            ("1", None),
            ("2", Some("a")),
            ("3", None),
            ("4", Some("b")),
            ("5", Some("a")),
        ];
        let batches = batches(&settings(), &events);
        let found: Vec<_> = batches
            .iter()
            .map(|(batch, value)| {
                assert_eq!(batch.request.uri, "http://service/v1/logs");
                assert_eq!(records(value).len(), batch.events.len());
                (channel(&batch.request), batch.events.clone())
            })
            .collect();
        assert_eq!(
            found,
            [
                (None, vec![0, 2]),
                (Some("a"), vec![1, 4]),
                (Some("b"), vec![3])
            ]
        );
    }

    #[test]
    fn towards_a_collector_all_channels_share_a_batch() {
        let batches = batches(&collector(), &[("1", Some("a")), ("2", Some("b"))]);
        let [(batch, value)] = &batches[..] else {
            panic!("one batch")
        };
        assert_eq!(batch.request.uri, "http://collector:4318/prefix/v1/logs");
        assert!(batch.request.headers.is_empty());
        assert_eq!(records(value).len(), 2);
        assert!(!value.to_string().contains("planted"));
    }

    #[test]
    fn a_batch_ends_before_it_gets_too_large_and_a_large_event_goes_alone() {
        let long = "x".repeat(3000);
        let mut settings = collector();
        settings.limits.max_bytes = 2000;
        let batches = batches(
            &settings,
            &[("1", None), ("2", None), (&long, None), ("3", None)],
        );
        let events: Vec<usize> = batches
            .iter()
            .flat_map(|(batch, _)| batch.events.clone())
            .collect();
        assert_eq!(events, [0, 1, 2, 3]);
        assert!(batches.iter().any(|(batch, _)| batch.events == [2]));
        for (batch, _) in &batches {
            let length = batch.request.body.as_ref().unwrap().len();
            assert!(length <= 2000 || batch.events.len() == 1, "{length}");
        }
    }

    #[test]
    fn a_batch_can_be_compressed() {
        let mut settings = collector();
        settings.gzip = true;
        let batches = batches(&settings, &[("1", None)]);
        let (batch, value) = &batches[0];
        assert_eq!(records(value).len(), 1);
        assert_eq!(
            batch.request.headers,
            [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]
        );
    }

    #[test]
    fn a_channel_that_no_header_can_carry_concerns_its_own_events() {
        let exporter = Exporter::new(&settings(), "http://service").unwrap();
        let events = [("1", None), ("2", Some("a\nb"))].into_iter().enumerate();
        let events = events.map(|(n, (name, channel))| (n, request(name, channel), Instant::now()));
        let (batches, bad) = exporter.batches(events);
        assert_eq!(batches[0].events, [0]);
        assert_eq!(bad[0].0, 1);
        assert_eq!(bad[0].1.kind, Kind::InvalidArgument);
    }
}
