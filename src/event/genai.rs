//! The payload of a model call, a tool call and an agent run, under the names of `genai_names`.
//!
//! Each writes members into a payload that is open, so that the caller adds what it does not know, and puts
//! it into an object of its own (`attributes`) if it likes. Members come in the order of their names, which
//! every language can keep without saying it again. What is not known is left out.
//!
//! Content is JSON, or any other text, which becomes a JSON string. Arguments of a tool arrive as JSON text
//! from a model, and now and then as something that is no JSON: the call that one wants to see most.
//!
//! Rejected:
//! - A function `publish_model_call`: a payload can be published in both ways, kept, and tested.
//! - Spans that measure and remember until they end: a span is an event's `span_id`, and a duration is the
//!   difference of two times that the caller has. State between two calls would need a life time in C.
//! - Tokens and cost of an agent run: a trace's totals add up its events', and would count them twice.
//! - A `semantic_kind` member: the operation says it, as in OpenTelemetry.

use super::genai_names::{
    DURATION_MS, ERROR_MESSAGE, ERROR_TYPE, GEN_AI_AGENT_ID, GEN_AI_AGENT_NAME,
    GEN_AI_CONVERSATION_ID, GEN_AI_INPUT_MESSAGES, GEN_AI_OPERATION_NAME, GEN_AI_OUTPUT_MESSAGES,
    GEN_AI_PROVIDER_NAME, GEN_AI_REQUEST_MODEL, GEN_AI_RESPONSE_FINISH_REASONS, GEN_AI_RESPONSE_ID,
    GEN_AI_RESPONSE_MODEL, GEN_AI_SYSTEM_INSTRUCTIONS, GEN_AI_TOOL_CALL_ARGUMENTS,
    GEN_AI_TOOL_CALL_ID, GEN_AI_TOOL_CALL_RESULT, GEN_AI_TOOL_NAME,
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    GEN_AI_USAGE_COST_USD, GEN_AI_USAGE_INPUT_TOKENS, GEN_AI_USAGE_OUTPUT_TOKENS,
    GEN_AI_USAGE_REASONING_TOKENS,
};
use crate::json::writer::Writer;

const CHAT: &str = "chat";
const EXECUTE_TOOL: &str = "execute_tool";
const INVOKE_AGENT: &str = "invoke_agent";

/// How long something took, and why it failed if it did.
#[derive(Debug, Default)]
pub struct Ending<'a> {
    pub duration_ms: Option<f64>,
    pub error_message: Option<&'a str>,
    pub error_type: Option<&'a str>,
}

/// A request to a model and its response.
#[derive(Debug, Default)]
pub struct ModelCall<'a> {
    pub ending: Ending<'a>,
    pub conversation_id: Option<&'a str>,
    /// Content, as everything that is JSON or text.
    pub input_messages: Option<&'a str>,
    /// `chat` where it is not said.
    pub operation: Option<&'a str>,
    pub output_messages: Option<&'a str>,
    pub provider: Option<&'a str>,
    pub request_model: Option<&'a str>,
    pub finish_reason: Option<&'a str>,
    pub response_id: Option<&'a str>,
    pub response_model: Option<&'a str>,
    pub system_instructions: Option<&'a str>,
    pub cache_read_tokens: Option<i64>,
    pub cache_write_tokens: Option<i64>,
    pub cost_usd: Option<f64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub reasoning_tokens: Option<i64>,
}

/// A call of a tool and what it returned.
#[derive(Debug, Default)]
pub struct ToolCall<'a> {
    pub ending: Ending<'a>,
    pub arguments: Option<&'a str>,
    pub call_id: Option<&'a str>,
    pub result: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// A run of an agent, from what it was asked to what it answered.
#[derive(Debug, Default)]
pub struct AgentRun<'a> {
    pub ending: Ending<'a>,
    pub agent_id: Option<&'a str>,
    pub agent_name: Option<&'a str>,
    pub conversation_id: Option<&'a str>,
    pub input_messages: Option<&'a str>,
    pub output_messages: Option<&'a str>,
    pub system_instructions: Option<&'a str>,
}

impl Ending<'_> {
    fn write(&self, json: &mut Writer) {
        number(json, DURATION_MS, self.duration_ms);
        text(json, ERROR_MESSAGE, self.error_message);
        text(json, ERROR_TYPE, self.error_type);
    }
}

impl ModelCall<'_> {
    pub fn write(&self, json: &mut Writer) {
        self.ending.write(json);
        text(json, GEN_AI_CONVERSATION_ID, self.conversation_id);
        content(json, GEN_AI_INPUT_MESSAGES, self.input_messages);
        let operation = self.operation.unwrap_or(CHAT);
        text(json, GEN_AI_OPERATION_NAME, Some(operation));
        content(json, GEN_AI_OUTPUT_MESSAGES, self.output_messages);
        text(json, GEN_AI_PROVIDER_NAME, self.provider);
        text(json, GEN_AI_REQUEST_MODEL, self.request_model);
        if let Some(reason) = self.finish_reason {
            json.begin(Some(GEN_AI_RESPONSE_FINISH_REASONS), true);
            json.string(None, Some(reason));
            json.end();
        }
        text(json, GEN_AI_RESPONSE_ID, self.response_id);
        text(json, GEN_AI_RESPONSE_MODEL, self.response_model);
        content(json, GEN_AI_SYSTEM_INSTRUCTIONS, self.system_instructions);
        let cached = self.cache_read_tokens;
        count(json, GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, cached);
        let cached = self.cache_write_tokens;
        count(json, GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, cached);
        number(json, GEN_AI_USAGE_COST_USD, self.cost_usd);
        count(json, GEN_AI_USAGE_INPUT_TOKENS, self.input_tokens);
        count(json, GEN_AI_USAGE_OUTPUT_TOKENS, self.output_tokens);
        count(json, GEN_AI_USAGE_REASONING_TOKENS, self.reasoning_tokens);
    }
}

impl ToolCall<'_> {
    pub fn write(&self, json: &mut Writer) {
        self.ending.write(json);
        text(json, GEN_AI_OPERATION_NAME, Some(EXECUTE_TOOL));
        content(json, GEN_AI_TOOL_CALL_ARGUMENTS, self.arguments);
        text(json, GEN_AI_TOOL_CALL_ID, self.call_id);
        content(json, GEN_AI_TOOL_CALL_RESULT, self.result);
        text(json, GEN_AI_TOOL_NAME, self.name);
    }
}

impl AgentRun<'_> {
    pub fn write(&self, json: &mut Writer) {
        self.ending.write(json);
        text(json, GEN_AI_AGENT_ID, self.agent_id);
        text(json, GEN_AI_AGENT_NAME, self.agent_name);
        text(json, GEN_AI_CONVERSATION_ID, self.conversation_id);
        content(json, GEN_AI_INPUT_MESSAGES, self.input_messages);
        text(json, GEN_AI_OPERATION_NAME, Some(INVOKE_AGENT));
        content(json, GEN_AI_OUTPUT_MESSAGES, self.output_messages);
        content(json, GEN_AI_SYSTEM_INSTRUCTIONS, self.system_instructions);
    }
}

fn text(json: &mut Writer, name: &str, value: Option<&str>) {
    if value.is_some() {
        json.string(Some(name), value);
    }
}

fn content(json: &mut Writer, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        json.raw_or_string(Some(name), value);
    }
}

fn count(json: &mut Writer, name: &str, value: Option<i64>) {
    if let Some(value) = value {
        json.int(Some(name), value);
    }
}

fn number(json: &mut Writer, name: &str, value: Option<f64>) {
    if let Some(value) = value {
        json.double(Some(name), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::event::genai_names::{ATTRIBUTES, Carries};
    use crate::event::redaction::{ContentCapture, RedactionRules};
    use crate::event::redaction_names::{Class, class_of};

    fn written(write: impl FnOnce(&mut Writer)) -> String {
        let mut json = Writer::default();
        write(&mut json);
        json.text().unwrap()
    }

    const ENDING: Ending<'static> = Ending {
        duration_ms: Some(812.5),
        error_message: Some("no"),
        error_type: Some("timeout"),
    };

    fn model_call() -> ModelCall<'static> {
        ModelCall {
            ending: ENDING,
            conversation_id: Some("c1"),
            input_messages: Some(r#"[{"role":"user","content":"planted"}]"#),
            operation: None,
            output_messages: Some("planted, and no JSON"),
            provider: Some("openai"),
            request_model: Some("m"),
            finish_reason: Some("stop"),
            response_id: Some("r1"),
            response_model: Some("m-1"),
            system_instructions: Some("\"planted\""),
            cache_read_tokens: Some(1),
            cache_write_tokens: Some(2),
            cost_usd: Some(0.0021),
            input_tokens: Some(12),
            output_tokens: Some(3),
            reasoning_tokens: Some(4),
        }
    }

    fn tool_call() -> ToolCall<'static> {
        ToolCall {
            ending: ENDING,
            arguments: Some(r#"{"city":"planted"}"#),
            call_id: Some("call_1"),
            result: Some("{\"planted\": "),
            name: Some("weather"),
        }
    }

    fn agent_run() -> AgentRun<'static> {
        AgentRun {
            ending: ENDING,
            agent_id: Some("a1"),
            agent_name: Some("planner"),
            conversation_id: Some("c1"),
            input_messages: Some("planted"),
            output_messages: Some("planted"),
            system_instructions: Some("planted"),
        }
    }

    fn payloads() -> [String; 3] {
        [
            written(|json| model_call().write(json)),
            written(|json| tool_call().write(json)),
            written(|json| agent_run().write(json)),
        ]
    }

    #[test]
    fn a_model_call_says_all_that_is_known() {
        let [model, tool, agent] = payloads();
        let parsed: Value = serde_json::from_str(&model).unwrap();
        assert_eq!(
            parsed,
            json!({
                "duration_ms": 812.5, "error.message": "no", "error.type": "timeout",
                "gen_ai.conversation.id": "c1",
                "gen_ai.input.messages": [{"role": "user", "content": "planted"}],
                "gen_ai.operation.name": "chat",
                "gen_ai.output.messages": "planted, and no JSON",
                "gen_ai.provider.name": "openai", "gen_ai.request.model": "m",
                "gen_ai.response.finish_reasons": ["stop"], "gen_ai.response.id": "r1",
                "gen_ai.response.model": "m-1", "gen_ai.system_instructions": "planted",
                "gen_ai.usage.cache_read_input_tokens": 1,
                "gen_ai.usage.cache_write_input_tokens": 2, "gen_ai.usage.cost_usd": 0.0021,
                "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3,
                "gen_ai.usage.reasoning_tokens": 4,
            })
        );
        assert!(tool.contains(r#""gen_ai.tool.call.arguments":{"city":"planted"}"#));
        // What a model broke off is shown as it is.
        assert!(tool.contains(r#""gen_ai.tool.call.result":"{\"planted\": ""#));
        assert!(agent.contains(r#""gen_ai.operation.name":"invoke_agent""#));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        for (bare, operation) in [
            (written(|json| ModelCall::default().write(json)), "chat"),
            (
                written(|json| ToolCall::default().write(json)),
                "execute_tool",
            ),
            (
                written(|json| AgentRun::default().write(json)),
                "invoke_agent",
            ),
        ] {
            assert_eq!(
                bare,
                format!(r#"{{"gen_ai.operation.name":"{operation}"}}"#)
            );
        }
        let embeddings = ModelCall {
            operation: Some("embeddings"),
            ..ModelCall::default()
        };
        assert!(written(|json| embeddings.write(json)).contains(":\"embeddings\""));
    }

    #[test]
    fn members_are_of_the_table_and_in_its_order() {
        for payload in payloads() {
            // A Map of serde_json sorts by name, as the table does.
            let sorted: Map<String, Value> = serde_json::from_str(&payload).unwrap();
            let mut names: Vec<_> = sorted.keys().collect();
            names.sort_by_key(|name| payload.find(&format!("\"{name}\":")));
            assert!(names.is_sorted(), "{payload}");
            for name in names {
                assert!(ATTRIBUTES.iter().any(|a| a.name == name), "{name}");
            }
        }
        assert!(ATTRIBUTES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_constant_is_its_name_in_capitals() {
        for attribute in ATTRIBUTES {
            let expected = attribute.name.to_ascii_uppercase().replace('.', "_");
            assert_eq!(attribute.constant, expected);
        }
    }

    #[test]
    fn what_is_content_here_is_content_to_the_redaction_rules() {
        for attribute in ATTRIBUTES {
            let expected = match attribute.carries {
                Carries::Content => Class::Content,
                Carries::Fact => Class::Other,
            };
            assert_eq!(class_of(attribute.name), expected, "{}", attribute.name);
        }
    }

    #[test]
    fn no_content_leaves_by_default_and_all_facts_do() {
        let rules = RedactionRules::new(ContentCapture::MetadataOnly, &[], 4096);
        for payload in payloads() {
            let mut out = Vec::new();
            rules.apply(&payload, &mut out);
            let out = String::from_utf8(out).unwrap();
            assert!(
                payload.contains("planted") && !out.contains("planted"),
                "{out}"
            );
            let parsed: Map<String, Value> = serde_json::from_str(&out).unwrap();
            for (name, value) in parsed {
                let attribute = ATTRIBUTES.iter().find(|a| a.name == name).unwrap();
                let is_content = attribute.carries == Carries::Content;
                assert_eq!(value == "[REDACTED]", is_content, "{name}");
            }
        }
    }
}
