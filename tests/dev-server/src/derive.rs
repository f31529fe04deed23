//! Which event members are read out of payload and metadata: OpenTelemetry's names, mostly.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

/// One derived member. Its value is that of the first attribute present; its own name comes last.
struct Member {
    name: &'static str,
    column: &'static str,
    kind: Kind,
    attributes: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Number,
}

const MEMBERS: [Member; 19] = [
    text(
        "agentName",
        "agent_name",
        &["gen_ai.agent.name", "agent.name"],
    ),
    text("toolName", "tool_name", &["gen_ai.tool.name", "tool.name"]),
    text("serviceName", "service_name", &["service.name"]),
    text(
        "operationName",
        "operation_name",
        &["gen_ai.operation.name", "operation.name"],
    ),
    text("semanticKind", "semantic_kind", &["axonpush.semantic_kind"]),
    text("status", "status", &["otel.status_code"]),
    text("errorType", "error_type", &["error.type", "exception.type"]),
    text(
        "errorMessage",
        "error_message",
        &["error.message", "exception.message"],
    ),
    number("durationMs", "duration_ms", &["duration_ms"]),
    integer(
        "inputTokens",
        "input_tokens",
        &["gen_ai.usage.input_tokens"],
    ),
    integer(
        "outputTokens",
        "output_tokens",
        &["gen_ai.usage.output_tokens"],
    ),
    integer(
        "totalTokens",
        "total_tokens",
        &["gen_ai.usage.total_tokens"],
    ),
    number("costUsd", "cost_usd", &["gen_ai.usage.cost_usd"]),
    text("requestModel", "request_model", &["gen_ai.request.model"]),
    text(
        "responseModel",
        "response_model",
        &["gen_ai.response.model"],
    ),
    text(
        "providerName",
        "provider_name",
        &["gen_ai.provider.name", "gen_ai.system"],
    ),
    text(
        "sessionId",
        "session_id",
        &["session.id", "gen_ai.conversation.id"],
    ),
    text("userId", "user_id", &["user.id", "enduser.id"]),
    text("release", "release", &["service.version"]),
];

const fn text(
    name: &'static str,
    column: &'static str,
    attributes: &'static [&'static str],
) -> Member {
    Member {
        name,
        column,
        kind: Kind::Text,
        attributes,
    }
}

const fn integer(
    name: &'static str,
    column: &'static str,
    attributes: &'static [&'static str],
) -> Member {
    Member {
        name,
        column,
        kind: Kind::Integer,
        attributes,
    }
}

const fn number(
    name: &'static str,
    column: &'static str,
    attributes: &'static [&'static str],
) -> Member {
    Member {
        name,
        column,
        kind: Kind::Number,
        attributes,
    }
}

/// Everything that is read out of an event.
pub struct Derived {
    /// Name and value of each derived member that the event has.
    pub members: Map<String, Value>,
    /// What an event shows as `attributes`: `payload.attributes` and `metadata`.
    pub attributes: Map<String, Value>,
    /// What attrKey and attrValue look at: every scalar found, as text.
    pub searchable: Map<String, Value>,
}

impl Derived {
    pub fn read(
        event_type: &str,
        identifier: &str,
        payload: &Map<String, Value>,
        metadata: &Map<String, Value>,
    ) -> Self {
        // The later source wins.
        let sources = [
            child(payload, "resource"),
            Some(payload),
            child(payload, "attributes"),
            Some(metadata),
        ];
        let mut scalars = Map::new();
        for (name, value) in sources.into_iter().flatten().flatten() {
            if !value.is_object() && !value.is_array() && !value.is_null() {
                scalars.insert(name.clone(), value.clone());
            }
        }
        let mut attributes = child(payload, "attributes").cloned().unwrap_or_default();
        attributes.extend(metadata.clone());

        let mut members = Map::new();
        for member in &MEMBERS {
            if let Some(value) = member.find(&scalars) {
                members.insert(member.name.into(), value);
            }
        }
        complete(&mut members, event_type, identifier, &scalars);
        Self {
            members,
            attributes,
            searchable: scalars
                .into_iter()
                .map(|(name, value)| (name, as_text(&value).into()))
                .collect(),
        }
    }

    /// The columns of the derived members with this event's values.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, Sql)> {
        MEMBERS.iter().map(|member| {
            let value = match self.members.get(member.name) {
                None => Sql::Null,
                Some(value) => match (member.kind, value.as_i64(), value.as_f64()) {
                    (Kind::Integer, Some(integer), _) => integer.into(),
                    (Kind::Number, _, Some(number)) => number.into(),
                    _ => as_text(value).into(),
                },
            };
            (member.column, value)
        })
    }
}

impl Member {
    fn find(&self, scalars: &Map<String, Value>) -> Option<Value> {
        self.attributes
            .iter()
            .chain([&self.name])
            .filter_map(|name| scalars.get(*name))
            .find_map(|value| match self.kind {
                Kind::Text => Some(as_text(value).into()),
                Kind::Integer => value.as_i64().map(Value::from),
                Kind::Number => value.as_f64().map(Value::from),
            })
    }
}

/// The members that follow from others when no attribute gives them.
fn complete(
    members: &mut Map<String, Value>,
    event_type: &str,
    identifier: &str,
    scalars: &Map<String, Value>,
) {
    members
        .entry("operationName")
        .or_insert_with(|| identifier.into());
    if let Some(kind) = semantic_kind(event_type) {
        members.entry("semanticKind").or_insert_with(|| kind.into());
    }
    const SEVERITY_ERROR: i64 = 17;
    let severity = scalars
        .get("severityNumber")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    let failed = members.contains_key("errorType")
        || event_type == "agent.error"
        || severity >= SEVERITY_ERROR;
    members
        .entry("status")
        .or_insert_with(|| if failed { "error" } else { "ok" }.into());
    let tokens = |name: &str| members.get(name).and_then(Value::as_i64);
    if let (Some(input), Some(output)) = (tokens("inputTokens"), tokens("outputTokens")) {
        members
            .entry("totalTokens")
            .or_insert_with(|| input.saturating_add(output).into());
    }
}

fn semantic_kind(event_type: &str) -> Option<&'static str> {
    match event_type {
        "agent.tool_call.start" | "agent.tool_call.end" => Some("tool"),
        "agent.llm.token" => Some("llm"),
        "agent.log" | "app.log" => Some("log"),
        _ if event_type.starts_with("agent.") => Some("agent"),
        _ => None,
    }
}

fn child<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name)?.as_object()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
