//! Scripted failures: which request fails, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::Problem;

/// A fault as it is written in JSON. What each member means is in the README.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default)]
    skip: u64,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    delay_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(default)]
    seed: u64,

    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hangup: Option<HangUp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drip: Option<Drip>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
}

fn once() -> u64 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HangUp {
    Before,
    After,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Drip {
    bytes: usize,
    interval_ms: u64,
}

/// What a fault does to the request it hits.
#[derive(Clone, Debug)]
pub enum Action {
    Respond(Script),
    Reset,
    HangUp(HangUp),
    Truncate(usize),
    Drip { bytes: usize, interval: Duration },
    Silent,
    Delay,
}

pub struct Triggered {
    pub action: Action,
    pub delay: Duration,
}

/// A scripted response.
#[derive(Clone, Debug)]
pub struct Script {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// `None`: what the service itself would say with that status.
    body: Option<Vec<u8>>,
    content_type: Option<HeaderValue>,
}

impl Script {
    pub fn response(self) -> Response {
        let error = self.status.is_client_error() || self.status.is_server_error();
        let mut response = match self.body {
            Some(body) => (self.status, body).into_response(),
            None if error => Problem::new(self.status, "a scripted failure").into_response(),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert("content-type", content_type);
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

struct Fault {
    spec: Spec,
    action: Action,
    random: fastrand::Rng,
}

/// The script. A request is offered to the faults in the order they were added; the first that acts takes it,
/// and the later ones never see it.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    fn script(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One fault or an array of them; all or none are taken.
    pub fn add(&self, json: Value) -> Result<(), Problem> {
        let specs = match json {
            Value::Array(specs) => specs,
            one => vec![one],
        };
        let faults = specs
            .into_iter()
            .map(Fault::new)
            .collect::<Result<Vec<_>, _>>();
        self.script()
            .extend(faults.map_err(|reason| Problem::invalid("body", reason))?);
        Ok(())
    }

    pub fn clear(&self) {
        self.script().clear();
    }

    /// What has not acted yet, with the counts that are left.
    pub fn left(&self) -> Vec<impl Serialize + use<>> {
        self.script()
            .iter()
            .map(|fault| fault.spec.clone())
            .collect()
    }

    pub fn trigger(&self, head: &Parts) -> Option<Triggered> {
        let mut script = self.script();
        let index = script.iter_mut().position(|fault| fault.takes(head))?;
        let fault = &mut script[index];
        let triggered = Triggered {
            action: fault.action.clone(),
            delay: Duration::from_millis(fault.spec.delay_ms),
        };
        if fault.is_used_up() {
            script.remove(index);
        }
        Some(triggered)
    }
}

impl Fault {
    fn new(json: Value) -> Result<Self, String> {
        let spec: Spec = serde_json::from_value(json).map_err(|error| error.to_string())?;
        if spec.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Err("probability must be between 0 and 1".into());
        }
        Ok(Self {
            action: spec.action()?,
            random: fastrand::Rng::with_seed(spec.seed),
            spec,
        })
    }

    fn takes(&mut self, head: &Parts) -> bool {
        let spec = &mut self.spec;
        let method_fits = spec
            .method
            .as_ref()
            .is_none_or(|method| head.method.as_str().eq_ignore_ascii_case(method));
        let path_fits = spec
            .path
            .as_ref()
            .is_none_or(|path| match path.strip_suffix('*') {
                Some(prefix) => head.uri.path().starts_with(prefix),
                None => head.uri.path() == path,
            });
        if !method_fits || !path_fits {
            return false;
        }
        if spec.skip > 0 {
            spec.skip -= 1;
            return false;
        }
        spec.probability
            .is_none_or(|probability| self.random.f64() < probability)
    }

    /// Counts one use. `times` 0 is never used up.
    fn is_used_up(&mut self) -> bool {
        if self.spec.times == 0 {
            return false;
        }
        self.spec.times -= 1;
        self.spec.times == 0
    }
}

impl Spec {
    fn action(&self) -> Result<Action, String> {
        let mut actions = Vec::new();
        if let Some(status) = self.status {
            actions.push(Action::Respond(self.script(status)?));
        } else if self.headers.is_some()
            || self.body.is_some()
            || self.body_base64.is_some()
            || self.content_type.is_some()
        {
            return Err("headers, body, bodyBase64 and contentType need a status".into());
        }
        if self.reset {
            actions.push(Action::Reset);
        }
        if let Some(when) = self.hangup {
            actions.push(Action::HangUp(when));
        }
        if let Some(bytes) = self.truncate {
            actions.push(Action::Truncate(bytes));
        }
        if let Some(drip) = self.drip {
            if drip.bytes == 0 {
                return Err("drip.bytes must be at least 1".into());
            }
            actions.push(Action::Drip {
                bytes: drip.bytes,
                interval: Duration::from_millis(drip.interval_ms),
            });
        }
        if self.silent {
            actions.push(Action::Silent);
        }
        match (actions.pop(), actions.is_empty()) {
            (Some(action), true) => Ok(action),
            (None, _) if self.delay_ms > 0 => Ok(Action::Delay),
            (None, _) => Err(format!("a fault needs one of {ACTIONS}, or delayMs")),
            (Some(_), false) => Err(format!("a fault takes only one of {ACTIONS}")),
        }
    }

    fn script(&self, status: u16) -> Result<Script, String> {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| (200..=599).contains(&status.as_u16()))
            .ok_or("status must be between 200 and 599")?;
        let (body, default_type) = match (&self.body, &self.body_base64) {
            (Some(_), Some(_)) => return Err("body and bodyBase64 exclude each other".into()),
            (None, None) => (None, None),
            (Some(Value::String(text)), None) => (
                Some(text.clone().into_bytes()),
                Some("text/plain; charset=utf-8"),
            ),
            (Some(json), None) => (
                Some(json.to_string().into_bytes()),
                Some("application/json"),
            ),
            (None, Some(base64)) => {
                let bytes = BASE64_STANDARD
                    .decode(base64)
                    .map_err(|error| format!("bodyBase64: {error}"))?;
                (Some(bytes), Some("application/octet-stream"))
            }
        };
        let content_type = match &self.content_type {
            Some(given) => Some(header_value("contentType", given)?),
            None => default_type.map(HeaderValue::from_static),
        };
        let headers = self.headers.iter().flatten().map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(format!("headers.{name}: expected a string or a number")),
            };
            let name =
                HeaderName::try_from(name).map_err(|_| format!("`{name}` is not a header name"))?;
            if name == "content-length" || name == "transfer-encoding" {
                return Err(format!(
                    "headers.{name}: the server writes it; see truncate"
                ));
            }
            let value = header_value(name.as_str(), &text)?;
            Ok((name, value))
        });
        Ok(Script {
            status,
            headers: headers.collect::<Result<_, String>>()?,
            body,
            content_type,
        })
    }
}

const ACTIONS: &str = "status, reset, hangup, truncate, drip, silent";

fn header_value(name: &str, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| format!("{name}: not a header value"))
}
