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

/// For each member the name of today's GenAI conventions (v0.1.0) comes first, then those of earlier versions, then
/// OpenInference's and OpenLLMetry's.
const MEMBERS: [Member; 19] = [
    text(
        "agentName",
        "agent_name",
        &[
            "gen_ai.agent.name",
            "gen_ai.workflow.name",
            "agent.name",
            "traceloop.workflow.name",
        ],
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
        &[
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "llm.usage.prompt_tokens",
        ],
    ),
    integer(
        "outputTokens",
        "output_tokens",
        &[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "llm.usage.completion_tokens",
        ],
    ),
    integer(
        "totalTokens",
        "total_tokens",
        &[
            "gen_ai.usage.total_tokens",
            "llm.token_count.total",
            "llm.usage.total_tokens",
        ],
    ),
    number(
        "costUsd",
        "cost_usd",
        &["gen_ai.usage.cost_usd", "cost_usd", "llm.cost.total"],
    ),
    text(
        "requestModel",
        "request_model",
        &[
            "gen_ai.request.model",
            "llm.model_name",
            "embedding.model_name",
            "llm.request.model",
        ],
    ),
    text(
        "responseModel",
        "response_model",
        &["gen_ai.response.model", "llm.response.model"],
    ),
    text(
        "providerName",
        "provider_name",
        &[
            "gen_ai.provider.name",
            "gen_ai.system",
            "llm.provider",
            "llm.system",
            "llm.vendor",
        ],
    ),
    text(
        "sessionId",
        "session_id",
        &[
            "session.id",
            "gen_ai.conversation.id",
            "traceloop.association.properties.session_id",
        ],
    ),
    text(
        "userId",
        "user_id",
        &[
            "user.id",
            "enduser.id",
            "traceloop.association.properties.user_id",
        ],
    ),
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
        read_span(&mut members, payload);
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

/// What a span says outside of its attributes: how long it took and how it ended.
fn read_span(members: &mut Map<String, Value>, payload: &Map<String, Value>) {
    let time = |name: &str| payload.get(name)?.as_str()?.parse::<u64>().ok();
    if let (Some(start), Some(end)) = (time("startTimeUnixNano"), time("endTimeUnixNano"))
        && start > 0
    {
        members
            .entry("durationMs")
            .or_insert_with(|| (end.saturating_sub(start) as f64 / 1e6).into());
    }
    const STATUS_ERROR: i64 = 2;
    let Some(status) = child(payload, "status") else {
        return;
    };
    if status.get("code").and_then(Value::as_i64) != Some(STATUS_ERROR) {
        return;
    }
    members.insert("status".into(), "error".into());
    let message = status.get("message").filter(|it| it.as_str() != Some(""));
    if let Some(message) = message {
        members
            .entry("errorMessage")
            .or_insert_with(|| message.clone());
    }
    // The exception that ended a span is recorded as one of its events.
    let events = payload.get("events").and_then(Value::as_array);
    let exception = events
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .find(|event| event.get("name").and_then(Value::as_str) == Some("exception"));
    if let Some(attributes) = exception.and_then(|event| child(event, "attributes")) {
        for (member, attribute) in [
            ("errorType", "exception.type"),
            ("errorMessage", "exception.message"),
        ] {
            if let Some(value) = attributes.get(attribute) {
                members.entry(member).or_insert_with(|| value.clone());
            }
        }
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
    if let Some(kind) = kind_of_event(event_type).or(kind_of_operation(scalars)) {
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

/// By the operation that the conventions name. OpenInference's kinds have our names, but in capitals.
fn kind_of_operation(scalars: &Map<String, Value>) -> Option<&'static str> {
    let text = |name: &str| scalars.get(name).and_then(Value::as_str);
    let operation = text("gen_ai.operation.name")
        .or(text("openinference.span.kind"))
        .or(text("traceloop.span.kind"))
        .or(text("llm.request.type"))?;
    match operation.to_ascii_lowercase().as_str() {
        "chat" | "text_completion" | "generate_content" | "completion" | "llm" => Some("llm"),
        "embeddings" | "embedding" => Some("embedding"),
        "retrieval" | "retriever" => Some("retrieval"),
        "execute_tool" | "tool" => Some("tool"),
        "create_agent" | "invoke_agent" | "invoke_workflow" | "plan" | "agent" | "workflow" => {
            Some("agent")
        }
        "chain" | "task" => Some("chain"),
        _ => None,
    }
}

fn kind_of_event(event_type: &str) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/genai.md tells people which names are read, in which order; `status` it leaves to what a span says.
    #[test]
    fn the_page_about_names_says_what_is_read() {
        let page = include_str!("../../../docs/genai.md");
        let (_, rest) = page
            .split_once("\n| attribute | event member |")
            .expect("the table");
        let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in rest
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
        {
            let mut quoted = line.split('`').skip(1).step_by(2);
            let attribute = quoted.next().expect("an attribute");
            let member = quoted.next().expect("an event member");
            let names = [attribute].into_iter().chain(quoted);
            match rows.iter_mut().find(|row| row.0 == member) {
                Some(row) => row.1.extend(names),
                None => rows.push((member, names.collect())),
            }
        }
        let read: Vec<_> = MEMBERS
            .iter()
            .filter(|member| member.name != "status")
            .collect();
        assert_eq!(rows.len(), read.len());
        for member in read {
            let row = rows
                .iter()
                .find(|row| row.0 == member.name)
                .expect(member.name);
            assert_eq!(row.1, member.attributes, "{}", member.name);
        }
    }
}
