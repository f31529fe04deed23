"""The C interface, for ctypes.

GENERATED from include/axonpush.h by tools/generate.py. Do not edit.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, Structure, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from enum import Enum
from typing import Any

OK = 0
ERR_INVALID_ARGUMENT = 1
ERR_INVALID_HANDLE = 2
ERR_CONFIG = 3
ERR_CONNECTION = 4
ERR_AUTHENTICATION = 5
ERR_FORBIDDEN = 6
ERR_NOT_FOUND = 7
ERR_VALIDATION = 8
ERR_RATE_LIMIT = 9
ERR_SERVER = 10
ERR_API = 11
ERR_DECODE = 12
ERR_QUEUE_FULL = 13
ERR_TIMEOUT = 14
ERR_CLOSED = 15
ERR_INTERNAL = 16
ERR_CANCELLED = 17
LOG_OFF = 0
LOG_ERROR = 1
LOG_WARN = 2
LOG_INFO = 3
LOG_DEBUG = 4
DEFAULT = 0
ENABLED = 1
DISABLED = 2
OVERFLOW_DROP_OLDEST = 0
OVERFLOW_DROP_NEWEST = 1
OVERFLOW_BLOCK = 2
COMPLETION_THREAD = 0
COMPLETION_POLLED = 1
CONTENT_DEFAULT = 0
CONTENT_METADATA_ONLY = 1
CONTENT_REDACTED = 2
CONTENT_FULL = 3
HTTP_AUTO = 0
HTTP_1_1 = 1
HTTP_2 = 2
SPOOL_SYNC_INTERVAL = 0
SPOOL_SYNC_NONE = 1
SPOOL_SYNC_EACH = 2
EXPORTER_EVENTS = 0
EXPORTER_OTLP = 1
SEVERITY_TRACE = 1
SEVERITY_DEBUG = 5
SEVERITY_INFO = 9
SEVERITY_WARN = 13
SEVERITY_ERROR = 17
SEVERITY_FATAL = 21


class EventType(str, Enum):
    """Event types that the service knows. Any other text is legal, too."""

    AGENT_START = "agent.start"
    """An agent began its work."""
    AGENT_END = "agent.end"
    """An agent ended its work."""
    AGENT_MESSAGE = "agent.message"
    """An agent sent or received a message."""
    AGENT_TOOL_CALL_START = "agent.tool_call.start"
    """An agent called a tool."""
    AGENT_TOOL_CALL_END = "agent.tool_call.end"
    """A tool returned."""
    AGENT_ERROR = "agent.error"
    """An agent failed."""
    AGENT_HANDOFF = "agent.handoff"
    """An agent handed over to another agent."""
    AGENT_LLM_TOKEN = "agent.llm.token"
    """A model produced a token."""
    AGENT_LOG = "agent.log"
    """An agent logged a line."""
    APP_LOG = "app.log"
    """A program logged a line."""
    APP_SPAN = "app.span"
    """A program recorded a span."""
    CUSTOM = "custom"
    """Any other event. It is the type of an event that gives none."""

    def __str__(self) -> str:
        return self.value


class Attribute(str, Enum):
    """Names of attributes that the service reads. Any other name is legal, too."""

    AXONPUSH_SEMANTIC_KIND = "axonpush.semantic_kind"
    """The kind of event, where its type and operation do not tell: "agent", "tool", "llm", and so on."""
    DURATION_MS = "duration_ms"
    """How long it took, in milliseconds. The event's time is then when it began."""
    ERROR_MESSAGE = "error.message"
    """What went wrong, for people. It is no content by its name: quote no prompt in it."""
    ERROR_TYPE = "error.type"
    """The kind of failure, such as "timeout" or "429". An event that has one has failed."""
    GEN_AI_AGENT_ID = "gen_ai.agent.id"
    """The id of the agent."""
    GEN_AI_AGENT_NAME = "gen_ai.agent.name"
    """The name of the agent."""
    GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id"
    """The conversation, session or thread that a call belongs to."""
    GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages"
    """What a model or an agent was given: a list of messages, or text. Content: it stays in the process by default."""
    GEN_AI_OPERATION_NAME = "gen_ai.operation.name"
    """The operation: "chat", "embeddings", "execute_tool", "invoke_agent", and so on."""
    GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages"
    """What a model or an agent responded: a list of messages, or text. Content: it stays in the process by default."""
    GEN_AI_PROMPT_ID = "gen_ai.prompt.id"
    """The id of the prompt that the service keeps."""
    GEN_AI_PROMPT_VERSION = "gen_ai.prompt.version"
    """The version of that prompt."""
    GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
    """Whose model it is: "openai", "anthropic", "aws.bedrock", and so on."""
    GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
    """The model that was asked for."""
    GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
    """Why the model stopped: a list of texts, one for each response, such as ["stop"]."""
    GEN_AI_RESPONSE_ID = "gen_ai.response.id"
    """The provider's id of the response."""
    GEN_AI_RESPONSE_MODEL = "gen_ai.response.model"
    """The model that responded."""
    GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
    """The instructions that were given apart from the messages. Content: it stays in the process by default."""
    GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments"
    """What a tool was given. Content: it stays in the process by default."""
    GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id"
    """The model's id of the tool call."""
    GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result"
    """What a tool returned. Content: it stays in the process by default."""
    GEN_AI_TOOL_NAME = "gen_ai.tool.name"
    """The name of the tool."""
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read_input_tokens"
    """How many of the input tokens came from the provider's cache."""
    GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write_input_tokens"
    """How many of the input tokens were written to the provider's cache."""
    GEN_AI_USAGE_COST_USD = "gen_ai.usage.cost_usd"
    """What it cost, in US dollars."""
    GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
    """How many tokens the model was given."""
    GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
    """How many tokens the model responded with."""
    GEN_AI_USAGE_REASONING_TOKENS = "gen_ai.usage.reasoning_tokens"
    """How many of the output tokens were spent on reasoning."""
    GEN_AI_USAGE_TOTAL_TOKENS = "gen_ai.usage.total_tokens"
    """Input and output tokens together, where the two are not known."""
    SERVICE_NAME = "service.name"
    """The program that the event comes from."""
    SERVICE_VERSION = "service.version"
    """The release of that program."""
    SESSION_ID = "session.id"
    """The session that the event belongs to; it goes before the conversation."""
    USER_ID = "user.id"
    """The user on whose behalf it happened."""

    def __str__(self) -> str:
        return self.value


class axonpush_options(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("api_key", c_char_p),
        ("tenant_id", c_char_p),
        ("base_url", c_char_p),
        ("environment", c_char_p),
        ("channel_id", c_char_p),
        ("timeout_ms", c_uint32),
        ("max_retries", c_int32),
        ("fail_open", c_int32),
        ("queue_max_events", c_uint32),
        ("queue_max_bytes", c_uint64),
        ("overflow", c_int32),
        ("delivery_timeout_ms", c_uint32),
        ("max_connections", c_uint32),
        ("shutdown_timeout_ms", c_uint32),
        ("completion_mode", c_int32),
        ("content_capture", c_int32),
        ("redact_keys", c_char_p),
        ("max_content_length", c_uint32),
        ("ca_file", c_char_p),
        ("ca_pem", c_char_p),
        ("proxy", c_char_p),
        ("user_agent", c_char_p),
        ("block_timeout_ms", c_uint32),
        ("http_version", c_int32),
        ("spool_dir", c_char_p),
        ("spool_max_bytes", c_uint64),
        ("spool_max_age_s", c_uint32),
        ("spool_sync", c_int32),
        ("spool_sync_ms", c_uint32),
        ("exporter", c_int32),
        ("otlp_endpoint", c_char_p),
        ("otlp_headers", c_char_p),
        ("otlp_batch_max_events", c_uint32),
        ("otlp_batch_max_bytes", c_uint32),
        ("otlp_batch_timeout_ms", c_uint32),
        ("otlp_gzip", c_int32),
    ]


class axonpush_event(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("identifier", c_char_p),
        ("payload", c_char_p),
        ("payload_len", c_size_t),
        ("channel_id", c_char_p),
        ("event_type", c_char_p),
        ("agent_id", c_char_p),
        ("trace_id", c_char_p),
        ("span_id", c_char_p),
        ("parent_span_id", c_char_p),
        ("dedup_key", c_char_p),
        ("occurred_at", c_char_p),
        ("metadata", c_char_p),
        ("metadata_len", c_size_t),
    ]


class axonpush_event_query(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("since", c_char_p),
        ("until", c_char_p),
        ("limit", c_uint32),
        ("app_id", c_char_p),
        ("channel_id", c_char_p),
        ("environment_id", c_char_p),
        ("event_type", c_char_p),
        ("source", c_char_p),
        ("status", c_char_p),
        ("trace_id", c_char_p),
        ("agent_id", c_char_p),
        ("agent_name", c_char_p),
        ("tool_name", c_char_p),
        ("semantic_kind", c_char_p),
        ("service_name", c_char_p),
        ("operation_name", c_char_p),
        ("error_type", c_char_p),
        ("q", c_char_p),
        ("attr_key", c_char_p),
        ("attr_value", c_char_p),
    ]


class axonpush_model_call(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("operation", c_char_p),
        ("provider", c_char_p),
        ("request_model", c_char_p),
        ("response_model", c_char_p),
        ("response_id", c_char_p),
        ("finish_reason", c_char_p),
        ("conversation_id", c_char_p),
        ("input_tokens", c_int64),
        ("output_tokens", c_int64),
        ("cache_read_tokens", c_int64),
        ("cache_write_tokens", c_int64),
        ("reasoning_tokens", c_int64),
        ("cost_usd", c_double),
        ("duration_ms", c_double),
        ("error_type", c_char_p),
        ("error_message", c_char_p),
        ("system_instructions", c_char_p),
        ("system_instructions_len", c_size_t),
        ("input_messages", c_char_p),
        ("input_messages_len", c_size_t),
        ("output_messages", c_char_p),
        ("output_messages_len", c_size_t),
    ]


class axonpush_tool_call(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("call_id", c_char_p),
        ("duration_ms", c_double),
        ("error_type", c_char_p),
        ("error_message", c_char_p),
        ("arguments", c_char_p),
        ("arguments_len", c_size_t),
        ("result", c_char_p),
        ("result_len", c_size_t),
    ]


class axonpush_agent_run(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("agent_id", c_char_p),
        ("agent_name", c_char_p),
        ("conversation_id", c_char_p),
        ("duration_ms", c_double),
        ("error_type", c_char_p),
        ("error_message", c_char_p),
        ("system_instructions", c_char_p),
        ("system_instructions_len", c_size_t),
        ("input_messages", c_char_p),
        ("input_messages_len", c_size_t),
        ("output_messages", c_char_p),
        ("output_messages_len", c_size_t),
    ]


class axonpush_trace_query(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("events", c_void_p),
        ("service", c_char_p),
        ("operation", c_char_p),
        ("model", c_char_p),
        ("provider", c_char_p),
        ("agent", c_char_p),
        ("tool", c_char_p),
        ("release", c_char_p),
        ("session", c_char_p),
        ("user", c_char_p),
        ("sort", c_char_p),
        ("min_duration_ms", c_uint64),
        ("offset", c_uint32),
        ("errors_only", c_int32),
    ]


class axonpush_environment(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("slug", c_char_p),
        ("color", c_char_p),
        ("is_default", c_int32),
        ("is_production", c_int32),
    ]


class axonpush_webhook(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("channel_id", c_char_p),
        ("url", c_char_p),
        ("event_types", c_char_p),
        ("description", c_char_p),
    ]


class axonpush_log_record(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("body", c_char_p),
        ("logger", c_char_p),
        ("severity_text", c_char_p),
        ("severity", c_int32),
        ("line", c_uint32),
        ("file", c_char_p),
        ("function", c_char_p),
        ("service_name", c_char_p),
        ("attributes", c_char_p),
        ("attributes_len", c_size_t),
        ("time_unix_nano", c_uint64),
        ("event_type", c_char_p),
        ("channel_id", c_char_p),
        ("agent_id", c_char_p),
        ("trace_id", c_char_p),
        ("span_id", c_char_p),
    ]


class axonpush_stats(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("accepted", c_uint64),
        ("delivered", c_uint64),
        ("failed", c_uint64),
        ("suppressed", c_uint64),
        ("dropped", c_uint64),
        ("expired", c_uint64),
        ("abandoned", c_uint64),
        ("queued_events", c_uint64),
        ("queued_bytes", c_uint64),
        ("retried", c_uint64),
        ("connections", c_uint64),
        ("log_events_lost", c_uint64),
        ("log_lines_lost", c_uint64),
        ("recovered", c_uint64),
        ("kept", c_uint64),
        ("spool_bytes", c_uint64),
        ("batches", c_uint64),
    ]


axonpush_log_fn = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
axonpush_completion_fn = CFUNCTYPE(None, c_int32, c_void_p, c_void_p, c_void_p)

# Each function's result and parameters.
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "axonpush_status_name": (c_char_p, (c_int32,)),
    "axonpush_error_status": (c_int32, (c_void_p,)),
    "axonpush_error_message": (c_char_p, (c_void_p,)),
    "axonpush_error_code": (c_char_p, (c_void_p,)),
    "axonpush_error_hint": (c_char_p, (c_void_p,)),
    "axonpush_error_request_id": (c_char_p, (c_void_p,)),
    "axonpush_error_http_status": (c_int32, (c_void_p,)),
    "axonpush_error_retry_after_ms": (c_int64, (c_void_p,)),
    "axonpush_error_retryable": (c_bool, (c_void_p,)),
    "axonpush_error_free": (None, (c_void_p,)),
    "axonpush_log_set": (None, (c_int32, c_void_p, c_void_p)),
    "axonpush_log_set_polled": (None, (c_int32, c_size_t)),
    "axonpush_log_poll": (c_size_t, (c_void_p, c_void_p, c_uint32)),
    "axonpush_log_write": (None, (c_int32, c_char_p)),
    "axonpush_options_init": (None, (c_void_p,)),
    "axonpush_new": (c_void_p, (c_void_p, c_void_p)),
    "axonpush_flush": (c_int32, (c_void_p, c_uint32, c_void_p)),
    "axonpush_shutdown": (c_int32, (c_void_p, c_uint32, c_void_p)),
    "axonpush_close": (None, (c_void_p,)),
    "axonpush_poll": (c_size_t, (c_void_p, c_uint32)),
    "axonpush_completion_fd": (c_int32, (c_void_p,)),
    "axonpush_call_timeout_set": (c_uint32, (c_uint32,)),
    "axonpush_call_new": (c_void_p, (c_void_p, c_uint32, c_void_p)),
    "axonpush_call_cancel": (None, (c_void_p,)),
    "axonpush_call_free": (None, (c_void_p,)),
    "axonpush_event_init": (None, (c_void_p,)),
    "axonpush_event_query_init": (None, (c_void_p,)),
    "axonpush_events_publish": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_events_publish_async": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_events_list": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_events_search": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_request": (c_int32, (c_void_p, c_char_p, c_char_p, c_char_p, c_char_p, c_size_t, c_void_p, c_void_p)),
    "axonpush_response_json": (c_char_p, (c_void_p, c_void_p)),
    "axonpush_response_string": (c_char_p, (c_void_p, c_char_p)),
    "axonpush_response_raw": (c_char_p, (c_void_p, c_char_p, c_void_p)),
    "axonpush_response_int": (c_bool, (c_void_p, c_char_p, c_void_p)),
    "axonpush_response_double": (c_bool, (c_void_p, c_char_p, c_void_p)),
    "axonpush_response_bool": (c_bool, (c_void_p, c_char_p, c_void_p)),
    "axonpush_response_count": (c_size_t, (c_void_p, c_char_p)),
    "axonpush_response_http_status": (c_int32, (c_void_p,)),
    "axonpush_response_request_id": (c_char_p, (c_void_p,)),
    "axonpush_response_free": (None, (c_void_p,)),
    "axonpush_json_new": (c_void_p, ()),
    "axonpush_json_string": (None, (c_void_p, c_char_p, c_char_p)),
    "axonpush_json_int": (None, (c_void_p, c_char_p, c_int64)),
    "axonpush_json_double": (None, (c_void_p, c_char_p, c_double)),
    "axonpush_json_bool": (None, (c_void_p, c_char_p, c_bool)),
    "axonpush_json_raw": (None, (c_void_p, c_char_p, c_char_p, c_size_t)),
    "axonpush_json_begin_object": (None, (c_void_p, c_char_p)),
    "axonpush_json_begin_array": (None, (c_void_p, c_char_p)),
    "axonpush_json_end": (None, (c_void_p,)),
    "axonpush_json_text": (c_char_p, (c_void_p, c_void_p, c_void_p)),
    "axonpush_json_free": (None, (c_void_p,)),
    "axonpush_model_call_init": (None, (c_void_p,)),
    "axonpush_tool_call_init": (None, (c_void_p,)),
    "axonpush_agent_run_init": (None, (c_void_p,)),
    "axonpush_json_model_call": (None, (c_void_p, c_void_p)),
    "axonpush_json_tool_call": (None, (c_void_p, c_void_p)),
    "axonpush_json_agent_run": (None, (c_void_p, c_void_p)),
    "axonpush_trace_new": (c_void_p, (c_char_p, c_char_p, c_void_p)),
    "axonpush_trace_parse": (c_void_p, (c_char_p, c_void_p)),
    "axonpush_trace_child": (c_void_p, (c_void_p, c_void_p)),
    "axonpush_trace_id": (c_char_p, (c_void_p,)),
    "axonpush_trace_span_id": (c_char_p, (c_void_p,)),
    "axonpush_trace_traceparent": (c_char_p, (c_void_p,)),
    "axonpush_trace_enter": (c_void_p, (c_void_p,)),
    "axonpush_trace_leave": (None, (c_void_p,)),
    "axonpush_trace_current": (c_void_p, ()),
    "axonpush_trace_free": (None, (c_void_p,)),
    "axonpush_trace_query_init": (None, (c_void_p,)),
    "axonpush_traces_list": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_traces_get": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_events_iter_new": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_events_iter_next": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_events_iter_free": (None, (c_void_p,)),
    "axonpush_apps_list": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_apps_create": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_apps_get": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_apps_update": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_apps_delete": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_channels_list": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_channels_create": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_channels_get": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_channels_update": (c_int32, (c_void_p, c_char_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_channels_delete": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_environment_init": (None, (c_void_p,)),
    "axonpush_environments_list": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_environments_create": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_environments_update": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_environments_delete": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_environments_promote": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_webhook_init": (None, (c_void_p,)),
    "axonpush_webhooks_create": (c_int32, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "axonpush_webhooks_list": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_webhooks_delete": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_webhooks_deliveries": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_webhook_verify": (c_bool, (c_char_p, c_void_p, c_size_t, c_char_p)),
    "axonpush_webhook_sign": (c_bool, (c_char_p, c_void_p, c_size_t, c_void_p)),
    "axonpush_organizations_list": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_organizations_get": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_organizations_update": (c_int32, (c_void_p, c_char_p, c_size_t, c_void_p, c_void_p)),
    "axonpush_organizations_delete": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_organizations_invite": (c_int32, (c_void_p, c_char_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_organizations_cancel_invitation": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_organizations_remove_member": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_organizations_transfer_ownership": (c_int32, (c_void_p, c_char_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_organizations_leave": (c_int32, (c_void_p, c_char_p, c_void_p, c_void_p)),
    "axonpush_capabilities_get": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_health_get": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_otlp_traces": (c_int32, (c_void_p, c_char_p, c_char_p, c_size_t, c_void_p, c_void_p)),
    "axonpush_otlp_logs": (c_int32, (c_void_p, c_char_p, c_char_p, c_size_t, c_void_p, c_void_p)),
    "axonpush_log_record_init": (None, (c_void_p,)),
    "axonpush_log_event": (c_bool, (c_void_p, c_void_p)),
    "axonpush_stats_init": (None, (c_void_p,)),
    "axonpush_stats_get": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "axonpush_version": (c_char_p, ()),
}
