//! Payloads of model calls, tool calls and agent runs.

use std::ffi::c_char;

use super::boundary::{self, Input, document, input, text};
use super::json::{axonpush_json, write};
use crate::error::Result;
use crate::event::genai::{AgentRun, Ending, ModelCall, ToolCall};

/// A request to a model and its response, for axonpush_json_model_call(). NULL, "", 0 and negative
/// numbers leave a member out: what is not known is not said.
///
/// Members marked (content) are JSON, or any other text, which becomes a JSON string. They stay in
/// the process by default: see axonpush_content_capture.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_model_call {
    /// Set by AXONPUSH_MODEL_CALL_INIT or axonpush_model_call_init().
    pub struct_size: usize,
    /// The operation. NULL means "chat"; others are "text_completion" and "embeddings".
    pub operation: *const c_char,
    /// Whose model it is: "openai", "anthropic", "aws.bedrock", and so on.
    pub provider: *const c_char,
    /// The model that was asked for.
    pub request_model: *const c_char,
    /// The model that responded.
    pub response_model: *const c_char,
    /// The provider's id of the response.
    pub response_id: *const c_char,
    /// Why the model stopped: "stop", "length", "tool_calls", and so on.
    pub finish_reason: *const c_char,
    /// The conversation that the call belongs to.
    pub conversation_id: *const c_char,
    /// How many tokens the model was given, those from a cache included.
    pub input_tokens: i64,
    /// How many tokens it responded with, those for reasoning included.
    pub output_tokens: i64,
    /// How many of the input tokens came from the provider's cache.
    pub cache_read_tokens: i64,
    /// How many of the input tokens were written to that cache.
    pub cache_write_tokens: i64,
    /// How many of the output tokens were spent on reasoning.
    pub reasoning_tokens: i64,
    /// What it cost, in US dollars.
    pub cost_usd: f64,
    /// How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
    pub duration_ms: f64,
    /// Why it failed, such as "timeout" or "429". A call that has one has failed.
    pub error_type: *const c_char,
    /// The same for people. It is no content, so quote no prompt in it.
    pub error_message: *const c_char,
    /// What the model was told apart from the messages (content).
    pub system_instructions: *const c_char,
    /// Length of `system_instructions` in bytes; 0 means that it is NUL-terminated.
    pub system_instructions_len: usize,
    /// What the model was given, such as [{"role":"user","content":"Hello"}] (content).
    pub input_messages: *const c_char,
    /// Length of `input_messages` in bytes; 0 means that it is NUL-terminated.
    pub input_messages_len: usize,
    /// What it responded (content).
    pub output_messages: *const c_char,
    /// Length of `output_messages` in bytes; 0 means that it is NUL-terminated.
    pub output_messages_len: usize,
}

// SAFETY: repr(C), its size first, numbers and raw pointers only.
unsafe impl Input for axonpush_model_call {
    const NAME: &'static str = "call";
}

/// A call of a tool and what it returned, for axonpush_json_tool_call(). What is left out, and what
/// (content) means, is as in axonpush_model_call.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_tool_call {
    /// Set by AXONPUSH_TOOL_CALL_INIT or axonpush_tool_call_init().
    pub struct_size: usize,
    /// The name of the tool.
    pub name: *const c_char,
    /// The model's id of the call.
    pub call_id: *const c_char,
    /// How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
    pub duration_ms: f64,
    /// Why it failed, such as "timeout". A call that has one has failed.
    pub error_type: *const c_char,
    /// The same for people. It is no content, so quote neither arguments nor result in it.
    pub error_message: *const c_char,
    /// What the tool was given, such as {"city":"Rome"} (content).
    pub arguments: *const c_char,
    /// Length of `arguments` in bytes; 0 means that it is NUL-terminated.
    pub arguments_len: usize,
    /// What it returned (content).
    pub result: *const c_char,
    /// Length of `result` in bytes; 0 means that it is NUL-terminated.
    pub result_len: usize,
}

// SAFETY: repr(C), its size first, numbers and raw pointers only.
unsafe impl Input for axonpush_tool_call {
    const NAME: &'static str = "call";
}

/// A run of an agent, for axonpush_json_agent_run(). What is left out, and what (content) means, is
/// as in axonpush_model_call. It has no tokens and no cost: those of its model calls add up to them.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_agent_run {
    /// Set by AXONPUSH_AGENT_RUN_INIT or axonpush_agent_run_init().
    pub struct_size: usize,
    /// The agent's id. Set `agent_id` of the event, too.
    pub agent_id: *const c_char,
    /// The agent's name.
    pub agent_name: *const c_char,
    /// The conversation that the run belongs to.
    pub conversation_id: *const c_char,
    /// How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
    pub duration_ms: f64,
    /// Why it failed, such as "timeout". A run that has one has failed.
    pub error_type: *const c_char,
    /// The same for people. It is no content, so quote no prompt in it.
    pub error_message: *const c_char,
    /// What the agent was told to be (content).
    pub system_instructions: *const c_char,
    /// Length of `system_instructions` in bytes; 0 means that it is NUL-terminated.
    pub system_instructions_len: usize,
    /// What it was asked (content).
    pub input_messages: *const c_char,
    /// Length of `input_messages` in bytes; 0 means that it is NUL-terminated.
    pub input_messages_len: usize,
    /// What it answered (content).
    pub output_messages: *const c_char,
    /// Length of `output_messages` in bytes; 0 means that it is NUL-terminated.
    pub output_messages_len: usize,
}

// SAFETY: repr(C), its size first, numbers and raw pointers only.
unsafe impl Input for axonpush_agent_run {
    const NAME: &'static str = "run";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine.
/// See axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_model_call_init(call: *mut axonpush_model_call) {
    boundary::init(call);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine.
/// See axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_tool_call_init(call: *mut axonpush_tool_call) {
    boundary::init(call);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine.
/// See axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_agent_run_init(run: *mut axonpush_agent_run) {
    boundary::init(run);
}

/// Adds the members of a model call to the object that is open, under the names of AXONPUSH_ATTR_...,
/// in their order. Add others of your own before or after it, and publish the event as
/// AXONPUSH_EVENT_TYPE_APP_SPAN, once the model has responded.
///
/// What is wrong with `call` is a mistake, which axonpush_json_text() reports.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_model_call(
    json: *mut axonpush_json,
    call: *const axonpush_model_call,
) {
    write(json, |writer| {
        let given = input(call)?;
        let made = ModelCall {
            ending: ending(
                "call",
                given.duration_ms,
                given.error_message,
                given.error_type,
            )?,
            conversation_id: text("call.conversation_id", given.conversation_id)?,
            input_messages: document(
                "call.input_messages",
                given.input_messages,
                given.input_messages_len,
            )?,
            operation: text("call.operation", given.operation)?,
            output_messages: document(
                "call.output_messages",
                given.output_messages,
                given.output_messages_len,
            )?,
            provider: text("call.provider", given.provider)?,
            request_model: text("call.request_model", given.request_model)?,
            finish_reason: text("call.finish_reason", given.finish_reason)?,
            response_id: text("call.response_id", given.response_id)?,
            response_model: text("call.response_model", given.response_model)?,
            system_instructions: document(
                "call.system_instructions",
                given.system_instructions,
                given.system_instructions_len,
            )?,
            cache_read_tokens: count(given.cache_read_tokens),
            cache_write_tokens: count(given.cache_write_tokens),
            cost_usd: number(given.cost_usd),
            input_tokens: count(given.input_tokens),
            output_tokens: count(given.output_tokens),
            reasoning_tokens: count(given.reasoning_tokens),
        };
        made.write(writer);
        Ok(())
    });
}

/// Adds the members of a tool call to the object that is open, as axonpush_json_model_call() does
/// those of a model call. Publish it as AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END when the tool has
/// returned; and if you want to see it before, without the result as
/// AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START, with the same `span_id`.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_tool_call(
    json: *mut axonpush_json,
    call: *const axonpush_tool_call,
) {
    write(json, |writer| {
        let given = input(call)?;
        let made = ToolCall {
            ending: ending(
                "call",
                given.duration_ms,
                given.error_message,
                given.error_type,
            )?,
            arguments: document("call.arguments", given.arguments, given.arguments_len)?,
            call_id: text("call.call_id", given.call_id)?,
            result: document("call.result", given.result, given.result_len)?,
            name: text("call.name", given.name)?,
        };
        made.write(writer);
        Ok(())
    });
}

/// Adds the members of an agent run to the object that is open, as axonpush_json_model_call() does
/// those of a model call. Publish it as AXONPUSH_EVENT_TYPE_AGENT_START, without what is not known
/// yet, and as AXONPUSH_EVENT_TYPE_AGENT_END, or AXONPUSH_EVENT_TYPE_AGENT_ERROR, with the same
/// `span_id`.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_agent_run(
    json: *mut axonpush_json,
    run: *const axonpush_agent_run,
) {
    write(json, |writer| {
        let given = input(run)?;
        let made = AgentRun {
            ending: ending(
                "run",
                given.duration_ms,
                given.error_message,
                given.error_type,
            )?,
            agent_id: text("run.agent_id", given.agent_id)?,
            agent_name: text("run.agent_name", given.agent_name)?,
            conversation_id: text("run.conversation_id", given.conversation_id)?,
            input_messages: document(
                "run.input_messages",
                given.input_messages,
                given.input_messages_len,
            )?,
            output_messages: document(
                "run.output_messages",
                given.output_messages,
                given.output_messages_len,
            )?,
            system_instructions: document(
                "run.system_instructions",
                given.system_instructions,
                given.system_instructions_len,
            )?,
        };
        made.write(writer);
        Ok(())
    });
}

fn ending<'a>(
    name: &str,
    duration_ms: f64,
    error_message: *const c_char,
    error_type: *const c_char,
) -> Result<Ending<'a>> {
    Ok(Ending {
        duration_ms: number(duration_ms),
        error_message: text(&format!("{name}.error_message"), error_message)?,
        error_type: text(&format!("{name}.error_type"), error_type)?,
    })
}

/// A count that may be unknown.
fn count(given: i64) -> Option<i64> {
    (given > 0).then_some(given)
}

/// A number that may be unknown. NaN is passed on, and is a mistake to the writer.
fn number(given: f64) -> Option<f64> {
    (given > 0.0 || given.is_nan()).then_some(given)
}
