//! Request bodies, strictly: a JSON object with known members of the right types, and nothing else.

use std::fmt;

use axum::http::StatusCode;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::problem::{Detail, Problem};

/// The members of a request body, taken one by one. Mistakes are collected, and `finish` reports them all;
/// until it has agreed, the values taken mean nothing.
pub struct Members {
    left: Vec<(String, Box<RawValue>)>,
    errors: Vec<Detail>,
}

/// A member that is an object: its text as it was sent, and its meaning.
pub struct Object {
    pub text: Box<RawValue>,
    pub members: Map<String, Value>,
}

impl Members {
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Err(Problem::invalid("body", "a JSON object is required"));
        }
        let text =
            str::from_utf8(bytes).map_err(|_| Problem::invalid("body", "the body is not UTF-8"))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let left = json
            .deserialize_map(Pairs)
            .and_then(|pairs| json.end().map(|()| pairs))
            .map_err(|error| Problem::invalid("body", format!("not a JSON object: {error}")))?;
        Ok(Self {
            left,
            errors: Vec::new(),
        })
    }

    pub fn reject(&mut self, name: &str, message: impl Into<String>, value: Option<Value>) {
        self.errors.push(Detail {
            location: format!("body.{name}"),
            message: message.into(),
            value,
        });
    }

    fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let index = self.left.iter().position(|(member, _)| member == name)?;
        Some(self.left.remove(index).1)
    }

    fn take_value(&mut self, name: &str) -> Option<Value> {
        let raw = self.take(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.reject(name, error.to_string(), None);
                None
            }
        }
    }

    fn wrong_type(&mut self, name: &str, expected: &str, value: Value) {
        // Arrays and objects can be huge; scalars help the reader.
        let shown = (!value.is_array() && !value.is_object()).then_some(value);
        self.reject(name, format!("expected {expected}"), shown);
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.take_value(name)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(name, "string", other);
                None
            }
        }
    }

    pub fn required_text(&mut self, name: &str) -> String {
        if !self.left.iter().any(|(member, _)| member == name) {
            self.missing(name);
            return String::new();
        }
        let text = self.text(name);
        if text.as_deref() == Some("") {
            self.reject(name, "must not be empty", Some("".into()));
        }
        text.unwrap_or_default()
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take_value(name)? {
            Value::Bool(flag) => Some(flag),
            other => {
                self.wrong_type(name, "boolean", other);
                None
            }
        }
    }

    /// A list of strings, or `null`.
    pub fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.take_value(name)?;
        match serde_json::from_value(value.clone()) {
            Ok(strings) => strings,
            Err(_) => {
                self.wrong_type(name, "array of strings", value);
                None
            }
        }
    }

    pub fn object(&mut self, name: &str) -> Option<Object> {
        let text = self.take(name)?;
        match serde_json::from_str(text.get()) {
            Ok(Value::Object(members)) => Some(Object { text, members }),
            Ok(other) => {
                self.wrong_type(name, "object", other);
                None
            }
            Err(error) => {
                self.reject(name, error.to_string(), None);
                None
            }
        }
    }

    pub fn required_object(&mut self, name: &str) -> Object {
        if !self.left.iter().any(|(member, _)| member == name) {
            self.missing(name);
        }
        self.object(name).unwrap_or_else(|| Object {
            text: RawValue::NULL.to_owned(),
            members: Map::new(),
        })
    }

    fn missing(&mut self, name: &str) {
        self.reject(name, "required member is missing", None);
    }

    /// Reports what was wrong with the members taken, and every member that nobody took (a repeated one is taken once).
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.left) {
            self.reject(&name, "unexpected or repeated member", None);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.errors))
        }
    }
}

/// A request with a body must say that it is JSON.
pub fn require_json(content_type: Option<&str>) -> Result<(), Problem> {
    let essence = content_type
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!(
            "expected Content-Type: application/json, got `{}`",
            content_type.unwrap_or("none")
        ),
    ))
}

/// Collects an object's members in order and unparsed, repeated ones included.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
