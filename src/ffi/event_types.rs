//! Event types.

#![allow(dead_code, reason = "they are for C: cbindgen makes macros of them")]

/// Event types that the service knows; any other text is legal.
pub const AXONPUSH_EVENT_TYPE_AGENT_START: &str = "agent.start";
pub const AXONPUSH_EVENT_TYPE_AGENT_END: &str = "agent.end";
pub const AXONPUSH_EVENT_TYPE_AGENT_MESSAGE: &str = "agent.message";
pub const AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START: &str = "agent.tool_call.start";
pub const AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END: &str = "agent.tool_call.end";
pub const AXONPUSH_EVENT_TYPE_AGENT_ERROR: &str = "agent.error";
pub const AXONPUSH_EVENT_TYPE_AGENT_HANDOFF: &str = "agent.handoff";
pub const AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN: &str = "agent.llm.token";
pub const AXONPUSH_EVENT_TYPE_AGENT_LOG: &str = "agent.log";
pub const AXONPUSH_EVENT_TYPE_APP_LOG: &str = "app.log";
pub const AXONPUSH_EVENT_TYPE_APP_SPAN: &str = "app.span";
pub const AXONPUSH_EVENT_TYPE_CUSTOM: &str = "custom";
