//! What becomes of an event that came in: it is stored, once per dedup key, and delivered to webhooks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::body::Object;
use crate::clock;
use crate::derive::Derived;
use crate::problem::Problem;
use crate::resources::{apps, channels};
use crate::shared::Shared;
use crate::store::new_id;
use crate::webhooks;

/// How an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `POST /event`.
    App,
    /// OpenTelemetry's protocol.
    Otlp,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::App => "app",
            Source::Otlp => "otlp",
        }
    }
}

/// An event as the caller sent it, found to be well-formed.
pub struct Incoming {
    pub source: Source,
    pub identifier: String,
    pub payload: Object,
    pub channel_id: Option<String>,
    pub event_type: String,
    pub agent_id: Option<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub parent_span_id: Option<String>,
    pub dedup_key: Option<String>,
    pub metadata: Option<Object>,
    pub occurred_at: Option<String>,
    /// The environment slug that counts where the request names none.
    pub environment: Option<String>,
}

/// Takes an event, and gives its id: a new one, or that under which its dedup key is known.
pub fn take(shared: &Arc<Shared>, caller: &Caller, event: Incoming) -> Result<String, Problem> {
    let stored = shared.store.with(|db| store(shared, db, caller, event))?;
    let event_id = pass_on(shared, caller, stored);
    shared.changes.send_replace(());
    Ok(event_id)
}

/// Takes all of these or, should the database fail, none.
pub fn take_all(
    shared: &Arc<Shared>,
    caller: &Caller,
    events: Vec<Incoming>,
) -> Result<(), Problem> {
    let stored = shared.store.with(|db| {
        let events = events.into_iter();
        events
            .map(|event| store(shared, db, caller, event))
            .collect::<Result<Vec<_>, _>>()
    })?;
    for stored in stored {
        pass_on(shared, caller, stored);
    }
    shared.changes.send_replace(());
    Ok(())
}

/// Takes an event that was exported, and says whether it is new. No webhook hears of it: it is of the past.
pub fn bring_in(shared: &Shared, caller: &Caller, event: Incoming) -> Result<bool, Problem> {
    let stored = shared.store.with(|db| store(shared, db, caller, event))?;
    Ok(matches!(stored, Stored::New(_)))
}

/// Tells the webhooks of a new event and the statistics of a duplicate; gives the event's id.
fn pass_on(shared: &Arc<Shared>, caller: &Caller, stored: Stored) -> String {
    match stored {
        Stored::New(event) => {
            let event_id = event.event_id.clone();
            webhooks::deliver(Arc::clone(shared), caller.org_id.clone(), event);
            event_id
        }
        Stored::Before(event_id) => {
            shared.duplicates.fetch_add(1, Ordering::Relaxed);
            event_id
        }
    }
}

enum Stored {
    New(NewEvent),
    /// Its dedup key was known already, under this event id.
    Before(String),
}

/// What a webhook needs to know about an event.
pub struct NewEvent {
    pub event_id: String,
    pub channel_id: String,
    pub event_type: String,
    pub document: String,
}

fn store(
    shared: &Shared,
    db: &Connection,
    caller: &Caller,
    event: Incoming,
) -> Result<Stored, Problem> {
    if let Some(key) = &event.dedup_key {
        let known = db
            .prepare_cached("SELECT event_id FROM events WHERE org_id = ? AND dedup_key = ?")?
            .query_one(params![caller.org_id, key], |row| row.get(0))
            .optional()?;
        if let Some(event_id) = known {
            return Ok(Stored::Before(event_id));
        }
    }
    let created_at = shared.clock.now();
    let channel_id = match event.channel_id {
        Some(id) => id,
        None => channels::ensure_default(db, &caller.org_id, created_at)?,
    };
    let app_id = channels::app_of(db, &caller.org_id, &channel_id)?
        .unwrap_or_else(|| apps::DEFAULT_ID.to_owned());
    let environment = caller.environment.as_ref().or(event.environment.as_ref());
    let environment_id = environment_of(db, &caller.org_id, environment)?;
    let event_id = new_id("evt");
    let occurred_at = event
        .occurred_at
        .unwrap_or_else(|| clock::format(created_at));
    let no_metadata = Map::new();
    let metadata = event
        .metadata
        .as_ref()
        .map_or(&no_metadata, |object| &object.members);
    let derived = Derived::read(
        &event.event_type,
        &event.identifier,
        &event.payload.members,
        metadata,
    );

    let mut document = Document::default();
    document.text("orgId", &caller.org_id);
    document.text("eventId", &event_id);
    document.text("appId", &app_id);
    document.text("channelId", &channel_id);
    document.text("eventType", &event.event_type);
    document.text("source", event.source.name());
    document.text("createdAt", &clock::format(created_at));
    document.text("occurredAt", &occurred_at);
    document.value("payloadSpilled", &false.into());
    document.text("identifier", &event.identifier);
    for (name, text) in [
        ("environmentId", &environment_id),
        ("agentId", &event.agent_id),
        ("traceId", &event.trace_id),
        ("spanId", &event.span_id),
        ("parentSpanId", &event.parent_span_id),
        ("dedupKey", &event.dedup_key),
    ] {
        if let Some(text) = text {
            document.text(name, text);
        }
    }
    for (name, value) in &derived.members {
        document.value(name, value);
    }
    if !derived.attributes.is_empty() {
        document.value("attributes", &Value::Object(derived.attributes.clone()));
    }
    if let Some(resource) = event
        .payload
        .members
        .get("resource")
        .filter(|it| it.is_object())
    {
        document.value("resourceAttributes", resource);
    }
    let mut search_text = SearchText::default();
    search_text.add_object(&event.payload.members);
    search_text.add_object(metadata);
    search_text.add(&event.identifier);
    search_text.add(&event.event_type);
    for text in [&event.agent_id, &event.trace_id, &event.span_id]
        .into_iter()
        .flatten()
    {
        search_text.add(text);
    }
    document.raw("payload", event.payload.text);
    if let Some(metadata) = event.metadata {
        document.raw("metadata", metadata.text);
    }
    let document = document.finish();

    let occurred_micros = clock::parse(&occurred_at).unwrap_or(created_at);
    let mut columns: Vec<(&str, Sql)> = vec![
        ("org_id", caller.org_id.clone().into()),
        ("event_id", event_id.clone().into()),
        ("dedup_key", event.dedup_key.into()),
        ("created_at", created_at.into()),
        ("app_id", app_id.into()),
        ("channel_id", channel_id.clone().into()),
        ("environment_id", environment_id.into()),
        ("event_type", event.event_type.clone().into()),
        ("source", event.source.name().to_owned().into()),
        ("identifier", event.identifier.into()),
        ("trace_id", event.trace_id.into()),
        ("span_id", event.span_id.into()),
        ("parent_span_id", event.parent_span_id.into()),
        ("agent_id", event.agent_id.into()),
        ("occurred_at", occurred_micros.into()),
        ("document", document.clone().into()),
        (
            "attributes",
            Value::Object(derived.searchable.clone()).to_string().into(),
        ),
        ("search_text", search_text.0.into()),
    ];
    columns.extend(derived.columns());
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let marks = vec!["?"; names.len()].join(", ");
    db.prepare_cached(&format!(
        "INSERT INTO events ({}) VALUES ({marks})",
        names.join(", ")
    ))?
    .execute(params_from_iter(
        columns.into_iter().map(|(_, value)| value),
    ))?;
    if let Some(limit) = shared.config.event_limit {
        db.prepare_cached("DELETE FROM events WHERE seq <= ?")?
            .execute([db.last_insert_rowid().saturating_sub_unsigned(limit)])?;
    }
    Ok(Stored::New(NewEvent {
        event_id,
        channel_id,
        event_type: event.event_type,
        document,
    }))
}

/// The id of the environment with this slug, or of the default one. A slug that nobody registered stands for itself.
fn environment_of(
    db: &Connection,
    org_id: &str,
    slug: Option<&String>,
) -> Result<Option<String>, Problem> {
    let registered = match slug {
        Some(slug) => db
            .prepare_cached(
                "SELECT environment_id FROM environments WHERE org_id = ? AND slug = ?",
            )?
            .query_one(params![org_id, slug], |row| row.get(0)),
        None => db
            .prepare_cached(
                "SELECT environment_id FROM environments WHERE org_id = ? AND is_default",
            )?
            .query_one(params![org_id], |row| row.get(0)),
    };
    Ok(registered.optional()?.or_else(|| slug.cloned()))
}

/// An event in the making: members in order, those that the caller sent exactly as they were sent.
#[derive(Default)]
struct Document(Vec<(String, Box<RawValue>)>);

impl Document {
    fn raw(&mut self, name: &str, value: Box<RawValue>) {
        self.0.push((name.into(), value));
    }

    fn value(&mut self, name: &str, value: &Value) {
        // Writing a JSON value as JSON cannot fail.
        self.raw(
            name,
            to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        );
    }

    fn text(&mut self, name: &str, text: &str) {
        self.value(name, &text.into());
    }

    fn finish(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Names and values, one a line, in lower case.
#[derive(Default)]
struct SearchText(String);

impl SearchText {
    fn add(&mut self, text: &str) {
        self.0.push_str(&text.to_lowercase());
        self.0.push('\n');
    }

    fn add_object(&mut self, object: &Map<String, Value>) {
        for (name, value) in object {
            self.add(name);
            self.add_value(value);
        }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::Object(object) => self.add_object(object),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::String(text) => self.add(text),
            other => self.add(&other.to_string()),
        }
    }
}
