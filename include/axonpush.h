/*
 * libaxonpush: publish, trace and read AI agent events from anything that can call C.
 *
 * GENERATED from src/ffi/ by cbindgen. Do not edit: change the Rust source and run `make header`.
 *
 * CONVENTIONS, stated once here and not repeated below
 *
 * Results. A function that can fail returns an axonpush_status, where 0 is success. Its last
 *   parameter is an axonpush_error **, which may be NULL. On success *error is NULL; on failure it
 *   is a new object that you free with axonpush_error_free(). Out-pointers are set to NULL before
 *   anything else happens. There is no "last error" of a thread.
 * Fail-open. This mode is on by default: when the service cannot be reached, the call logs a
 *   warning and succeeds with a NULL response or an empty list. Every other failure is reported in
 *   both modes, fail-open and strict.
 * NULL is a legal argument for every accessor and every free function. Reading from NULL gives
 *   NULL, 0 or false, so code for the normal case keeps running when a fail-open call gives NULL.
 *   Where 0 would mean something, it gives -1: axonpush_error_retry_after_ms() ("wait 0 ms") and
 *   axonpush_completion_fd() (a descriptor).
 * Handles. An axonpush_client * is a handle (a slot and a generation), never an address. A closed
 *   or made-up handle is AXONPUSH_ERR_INVALID_HANDLE, never a crash. The other objects are pointers
 *   that you own. Free each of them once, with the free function of its type.
 * Threads. Every function may be called from any thread, and many threads may use one client at
 *   once. Exceptions are stated at the type that they concern.
 * Strings are UTF-8 and NUL-terminated. The library borrows the strings that you pass for the
 *   length of the call and copies those that it keeps. A string that you get belongs to the object
 *   it came from and lives until that object is freed.
 * JSON is passed as a pointer and a length; length 0 means that it is NUL-terminated.
 * Structs that you pass begin with struct_size. Initialise them with AXONPUSH_..._INIT. Zero or
 *   NULL in any other member means the default of that member.
 * Units. Time is in milliseconds, memory in bytes, text length in Unicode characters.
 * The library never lets a panic or an exception out, installs a signal handler, writes to stdout,
 *   lets a call outlive its deadline, or puts the API key into a message or a log line.
 *
 * A rule that comes from a specification names it: RFC 6901 (JSON pointers), RFC 3339 (times),
 * RFC 8259 (JSON), W3C Trace Context (trace and span ids).
 */

#ifndef AXONPUSH_H
#define AXONPUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header; axonpush_version() is the running library's. */
#define AXONPUSH_VERSION "0.1.0"
#define AXONPUSH_VERSION_MAJOR 0
#define AXONPUSH_VERSION_MINOR 1
#define AXONPUSH_VERSION_PATCH 0

/* Initialisers: `axonpush_options options = AXONPUSH_OPTIONS_INIT;` */
#ifdef __cplusplus
/* C++ before C++20 has no designated initialisers; compilers warn if a list leaves members out. */
namespace axonpush_detail {
template <typename T> inline T sized() {
    T value = T();
    value.struct_size = sizeof(T);
    return value;
}
} /* namespace axonpush_detail */
#define AXONPUSH_INIT_(type) (::axonpush_detail::sized<type>())
#else
#define AXONPUSH_INIT_(type) { .struct_size = sizeof(type) }
#endif
#define AXONPUSH_OPTIONS_INIT AXONPUSH_INIT_(axonpush_options)
#define AXONPUSH_EVENT_INIT AXONPUSH_INIT_(axonpush_event)
#define AXONPUSH_EVENT_QUERY_INIT AXONPUSH_INIT_(axonpush_event_query)
#define AXONPUSH_STATS_INIT AXONPUSH_INIT_(axonpush_stats)
#define AXONPUSH_TRACE_QUERY_INIT AXONPUSH_INIT_(axonpush_trace_query)
#define AXONPUSH_ENVIRONMENT_INIT AXONPUSH_INIT_(axonpush_environment)
#define AXONPUSH_WEBHOOK_INIT AXONPUSH_INIT_(axonpush_webhook)
#define AXONPUSH_LOG_RECORD_INIT AXONPUSH_INIT_(axonpush_log_record)
#define AXONPUSH_MODEL_CALL_INIT AXONPUSH_INIT_(axonpush_model_call)
#define AXONPUSH_TOOL_CALL_INIT AXONPUSH_INIT_(axonpush_tool_call)
#define AXONPUSH_AGENT_RUN_INIT AXONPUSH_INIT_(axonpush_agent_run)

/* Event types that the service knows, for axonpush_event.event_type. Any other text is legal. */
/** An agent began its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_START "agent.start"
/** An agent ended its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_END "agent.end"
/** An agent sent or received a message. */
#define AXONPUSH_EVENT_TYPE_AGENT_MESSAGE "agent.message"
/** An agent called a tool. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START "agent.tool_call.start"
/** A tool returned. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END "agent.tool_call.end"
/** An agent failed. */
#define AXONPUSH_EVENT_TYPE_AGENT_ERROR "agent.error"
/** An agent handed over to another agent. */
#define AXONPUSH_EVENT_TYPE_AGENT_HANDOFF "agent.handoff"
/** A model produced a token. */
#define AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN "agent.llm.token"
/** An agent logged a line. */
#define AXONPUSH_EVENT_TYPE_AGENT_LOG "agent.log"
/** A program logged a line. */
#define AXONPUSH_EVENT_TYPE_APP_LOG "app.log"
/** A program recorded a span. */
#define AXONPUSH_EVENT_TYPE_APP_SPAN "app.span"
/** Any other event. It is the type of an event that gives none. */
#define AXONPUSH_EVENT_TYPE_CUSTOM "custom"

/* Attributes that the service reads, for members of a payload or of metadata: OpenTelemetry's names where it
   has one. docs/genai.md says what becomes of each, and which other names mean the same. */
/** The kind of event, where its type and operation do not tell: "agent", "tool", "llm", and so on. */
#define AXONPUSH_ATTR_AXONPUSH_SEMANTIC_KIND "axonpush.semantic_kind"
/** How long it took, in milliseconds. The event's time is then when it began. */
#define AXONPUSH_ATTR_DURATION_MS "duration_ms"
/** What went wrong, for people. It is no content by its name: quote no prompt in it. */
#define AXONPUSH_ATTR_ERROR_MESSAGE "error.message"
/** The kind of failure, such as "timeout" or "429". An event that has one has failed. */
#define AXONPUSH_ATTR_ERROR_TYPE "error.type"
/** The id of the agent. */
#define AXONPUSH_ATTR_GEN_AI_AGENT_ID "gen_ai.agent.id"
/** The name of the agent. */
#define AXONPUSH_ATTR_GEN_AI_AGENT_NAME "gen_ai.agent.name"
/** The conversation, session or thread that a call belongs to. */
#define AXONPUSH_ATTR_GEN_AI_CONVERSATION_ID "gen_ai.conversation.id"
/** What a model or an agent was given: a list of messages, or text. Content: it stays in the process by default. */
#define AXONPUSH_ATTR_GEN_AI_INPUT_MESSAGES "gen_ai.input.messages"
/** The operation: "chat", "embeddings", "execute_tool", "invoke_agent", and so on. */
#define AXONPUSH_ATTR_GEN_AI_OPERATION_NAME "gen_ai.operation.name"
/** What a model or an agent responded: a list of messages, or text. Content: it stays in the process by default. */
#define AXONPUSH_ATTR_GEN_AI_OUTPUT_MESSAGES "gen_ai.output.messages"
/** The id of the prompt that the service keeps. */
#define AXONPUSH_ATTR_GEN_AI_PROMPT_ID "gen_ai.prompt.id"
/** The version of that prompt. */
#define AXONPUSH_ATTR_GEN_AI_PROMPT_VERSION "gen_ai.prompt.version"
/** Whose model it is: "openai", "anthropic", "aws.bedrock", and so on. */
#define AXONPUSH_ATTR_GEN_AI_PROVIDER_NAME "gen_ai.provider.name"
/** The model that was asked for. */
#define AXONPUSH_ATTR_GEN_AI_REQUEST_MODEL "gen_ai.request.model"
/** Why the model stopped: a list of texts, one for each response, such as ["stop"]. */
#define AXONPUSH_ATTR_GEN_AI_RESPONSE_FINISH_REASONS "gen_ai.response.finish_reasons"
/** The provider's id of the response. */
#define AXONPUSH_ATTR_GEN_AI_RESPONSE_ID "gen_ai.response.id"
/** The model that responded. */
#define AXONPUSH_ATTR_GEN_AI_RESPONSE_MODEL "gen_ai.response.model"
/** The instructions that were given apart from the messages. Content: it stays in the process by default. */
#define AXONPUSH_ATTR_GEN_AI_SYSTEM_INSTRUCTIONS "gen_ai.system_instructions"
/** What a tool was given. Content: it stays in the process by default. */
#define AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ARGUMENTS "gen_ai.tool.call.arguments"
/** The model's id of the tool call. */
#define AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ID "gen_ai.tool.call.id"
/** What a tool returned. Content: it stays in the process by default. */
#define AXONPUSH_ATTR_GEN_AI_TOOL_CALL_RESULT "gen_ai.tool.call.result"
/** The name of the tool. */
#define AXONPUSH_ATTR_GEN_AI_TOOL_NAME "gen_ai.tool.name"
/** How many of the input tokens came from the provider's cache. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS "gen_ai.usage.cache_read_input_tokens"
/** How many of the input tokens were written to the provider's cache. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS "gen_ai.usage.cache_write_input_tokens"
/** What it cost, in US dollars. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_COST_USD "gen_ai.usage.cost_usd"
/** How many tokens the model was given. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_INPUT_TOKENS "gen_ai.usage.input_tokens"
/** How many tokens the model responded with. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_OUTPUT_TOKENS "gen_ai.usage.output_tokens"
/** How many of the output tokens were spent on reasoning. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_REASONING_TOKENS "gen_ai.usage.reasoning_tokens"
/** Input and output tokens together, where the two are not known. */
#define AXONPUSH_ATTR_GEN_AI_USAGE_TOTAL_TOKENS "gen_ai.usage.total_tokens"
/** The program that the event comes from. */
#define AXONPUSH_ATTR_SERVICE_NAME "service.name"
/** The release of that program. */
#define AXONPUSH_ATTR_SERVICE_VERSION "service.version"
/** The session that the event belongs to; it goes before the conversation. */
#define AXONPUSH_ATTR_SESSION_ID "session.id"
/** The user on whose behalf it happened. */
#define AXONPUSH_ATTR_USER_ID "user.id"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The outcome of a call. The meaning of a number never changes. New numbers may be added, so treat
 * a number that you do not know as a failure.
 *
 * "May be repeated" means that the same call can succeed later. Publishing is always safe to
 * repeat with the same `dedup_key`, since the service stores an event once per key.
 */
enum {
    /**
     * The call succeeded. In fail-open mode a call that cannot reach the service also returns
     * AXONPUSH_OK, with a NULL response or an empty list.
     */
    AXONPUSH_OK = 0,
    /**
     * An argument cannot be used: it is missing, empty, not UTF-8, out of range, not a JSON
     * object, too large or too deep. Nothing was sent. The same call will fail again.
     */
    AXONPUSH_ERR_INVALID_ARGUMENT = 1,
    /**
     * The client handle is NULL or closed, or it was never a handle. Nothing was done.
     */
    AXONPUSH_ERR_INVALID_HANDLE = 2,
    /**
     * The API key is missing, or an environment variable, the base URL, the proxy or the
     * certificate authorities cannot be used; the message says which. (Any other option that
     * cannot be used is AXONPUSH_ERR_INVALID_ARGUMENT.)
     */
    AXONPUSH_ERR_CONFIG = 3,
    /**
     * After all retries, the service could not be reached or its response broke off. Only strict
     * mode reports this. The request may have arrived all the same. May be repeated.
     */
    AXONPUSH_ERR_CONNECTION = 4,
    /**
     * HTTP 401: the API key is missing, wrong or revoked. The same call will fail again.
     */
    AXONPUSH_ERR_AUTHENTICATION = 5,
    /**
     * HTTP 403: the key does not permit this call. A `pt_` token may only publish. The same call
     * will fail again.
     */
    AXONPUSH_ERR_FORBIDDEN = 6,
    /**
     * HTTP 404: the channel, app or other resource does not exist. The same call will fail again.
     */
    AXONPUSH_ERR_NOT_FOUND = 7,
    /**
     * HTTP 400 or 422: the service rejected what was sent; the message says where the mistake is.
     * The same call will fail again.
     */
    AXONPUSH_ERR_VALIDATION = 8,
    /**
     * HTTP 429, after all retries: see axonpush_error_retry_after_ms(). May be repeated.
     */
    AXONPUSH_ERR_RATE_LIMIT = 9,
    /**
     * HTTP 5xx, after all retries. May be repeated.
     */
    AXONPUSH_ERR_SERVER = 10,
    /**
     * Any other HTTP response that is not a success. Redirects are among them, since they are
     * never followed.
     */
    AXONPUSH_ERR_API = 11,
    /**
     * The service reported success, but the body is not the expected JSON or is larger than 32
     * MiB. What the call asked for has probably happened.
     */
    AXONPUSH_ERR_DECODE = 12,
    /**
     * The queue of background publishing had no room: the event was refused, or it was dropped to
     * make room for a newer one. May be repeated.
     */
    AXONPUSH_ERR_QUEUE_FULL = 13,
    /**
     * A flush, a shutdown or a delivery ran out of time.
     */
    AXONPUSH_ERR_TIMEOUT = 14,
    /**
     * The client was shut down or closed before the call or the delivery was finished. The event
     * may have arrived all the same.
     */
    AXONPUSH_ERR_CLOSED = 15,
    /**
     * A defect in this library, which the library contained. The client stays usable. Please
     * report it.
     */
    AXONPUSH_ERR_INTERNAL = 16,
    /**
     * The call was cancelled by axonpush_call_cancel(), or was made through a handle that was. Fail-open
     * does not suppress it. The request may have arrived all the same.
     */
    AXONPUSH_ERR_CANCELLED = 17,
};
typedef int32_t axonpush_status;

/**
 * How much the library logs. Each level includes the ones before it.
 */
enum {
    AXONPUSH_LOG_OFF = 0,
    AXONPUSH_LOG_ERROR = 1,
    /**
     * The default. During an outage the library logs a line every few seconds, not one per event.
     */
    AXONPUSH_LOG_WARN = 2,
    AXONPUSH_LOG_INFO = 3,
    AXONPUSH_LOG_DEBUG = 4,
};
typedef int32_t axonpush_log_level;

/**
 * A boolean with a default.
 */
enum {
    AXONPUSH_DEFAULT = 0,
    AXONPUSH_ENABLED = 1,
    AXONPUSH_DISABLED = 2,
};
typedef int32_t axonpush_toggle;

/**
 * What happens when the queue of background publishing has no room for an event.
 */
enum {
    /**
     * The oldest waiting event is dropped; its completion gets AXONPUSH_ERR_QUEUE_FULL.
     */
    AXONPUSH_OVERFLOW_DROP_OLDEST = 0,
    /**
     * The new event is refused with AXONPUSH_ERR_QUEUE_FULL.
     */
    AXONPUSH_OVERFLOW_DROP_NEWEST = 1,
    /**
     * The call waits until there is room.
     */
    AXONPUSH_OVERFLOW_BLOCK = 2,
};
typedef int32_t axonpush_overflow;

/**
 * Where completions of background publishing run.
 */
enum {
    /**
     * They run on a thread of the library.
     */
    AXONPUSH_COMPLETION_THREAD = 0,
    /**
     * They run inside axonpush_poll(), on the thread that calls it.
     */
    AXONPUSH_COMPLETION_POLLED = 1,
};
typedef int32_t axonpush_completion_mode;

/**
 * How much of prompts, messages, tool results and other content leaves the process. Values under
 * secret keys (password, api_key, authorization, ...) never leave it.
 */
enum {
    /**
     * The variable AXONPUSH_CONTENT_CAPTURE decides; if it is not set, metadata only.
     */
    AXONPUSH_CONTENT_DEFAULT = 0,
    /**
     * No content leaves the process: each value becomes "[REDACTED]".
     */
    AXONPUSH_CONTENT_METADATA_ONLY = 1,
    /**
     * Only the first 256 characters of each string leave the process.
     */
    AXONPUSH_CONTENT_REDACTED = 2,
    /**
     * All content leaves the process, each string up to `max_content_length`.
     */
    AXONPUSH_CONTENT_FULL = 3,
};
typedef int32_t axonpush_content_capture;

/**
 * Which version of HTTP background publishing speaks. Synchronous calls speak HTTP/1.1.
 */
enum {
    /**
     * The variable AXONPUSH_HTTP_VERSION decides; if it is not set, HTTP/2 where TLS agrees on it,
     * and otherwise HTTP/1.1.
     */
    AXONPUSH_HTTP_AUTO = 0,
    /**
     * HTTP/1.1.
     */
    AXONPUSH_HTTP_1_1 = 1,
    /**
     * HTTP/2, without asking on http:// too ("prior knowledge"). A server that has only HTTP/1.1
     * cannot be reached then.
     */
    AXONPUSH_HTTP_2 = 2,
};
typedef int32_t axonpush_http_version;

/**
 * When an event in the spool outlives a power failure. From the end of the process it is safe as soon as
 * axonpush_events_publish_async() has returned, whatever is chosen here.
 */
enum {
    /**
     * When `spool_sync_ms` have passed. An event that is delivered before costs no write to the disk.
     */
    AXONPUSH_SPOOL_SYNC_INTERVAL = 0,
    /**
     * When the system writes it to the disk, usually within half a minute.
     */
    AXONPUSH_SPOOL_SYNC_NONE = 1,
    /**
     * Before axonpush_events_publish_async() returns. Callers on several threads share one write.
     */
    AXONPUSH_SPOOL_SYNC_EACH = 2,
};
typedef int32_t axonpush_spool_sync;

/**
 * How events of background publishing leave the process.
 */
enum {
    /**
     * The variable AXONPUSH_EXPORTER decides; if it is not set, each event is a request of its own to
     * the service, which stores it once.
     */
    AXONPUSH_EXPORTER_EVENTS = 0,
    /**
     * As log records of OpenTelemetry (OTLP over HTTP, in JSON), in batches. Each is delivered at least
     * once: one that comes twice has the same attribute `log.record.uid`, its dedup key.
     */
    AXONPUSH_EXPORTER_OTLP = 1,
};
typedef int32_t axonpush_exporter;

/**
 * The severity of a log line, in OpenTelemetry's numbers. Each constant is the first number of its
 * range; the numbers between are finer steps.
 */
enum {
    AXONPUSH_SEVERITY_TRACE = 1,
    AXONPUSH_SEVERITY_DEBUG = 5,
    AXONPUSH_SEVERITY_INFO = 9,
    AXONPUSH_SEVERITY_WARN = 13,
    AXONPUSH_SEVERITY_ERROR = 17,
    AXONPUSH_SEVERITY_FATAL = 21,
};
typedef int32_t axonpush_severity;

/**
 * A client of the service, with its own configuration, connections and queue.
 *
 * Threads: any number of threads may use one client at once, and any of them may close it.
 * Lifetime: from axonpush_new() to axonpush_close(). The pointer is a handle, not an address: a
 * call with a closed or made-up handle is AXONPUSH_ERR_INVALID_HANDLE, never a crash. Closing it
 * twice is harmless. After fork(), the child's copy works with connections and a queue of its own.
 */
typedef struct axonpush_client axonpush_client;

/**
 * Says why a call failed.
 *
 * Threads: it is immutable, so any number of threads may read it at once.
 * Lifetime: you own it from the call that failed until axonpush_error_free(), and its strings live
 * as long as it does. An error passed to a completion is borrowed and lives until that completion
 * returns.
 */
typedef struct axonpush_error axonpush_error;

/**
 * An iterator over events, from the newest to the oldest, which fetches them page by page. It
 * returns no event twice and leaves none out, even where several share a timestamp.
 *
 * Threads: one thread at a time may use it.
 * Lifetime: from axonpush_events_iter_new() to axonpush_events_iter_free(). It may outlive its
 * client, but then gets AXONPUSH_ERR_CLOSED.
 */
typedef struct axonpush_events_iter axonpush_events_iter;

/**
 * A writer of one JSON object, which starts empty. Members are added in order.
 *
 * Inside an object every member needs a `key`; inside an array `key` is NULL. You need not check
 * for mistakes (an end too many, a missing key, text that is not UTF-8, NaN) one by one: the
 * writer remembers the first and ignores what follows, and axonpush_json_text() reports it.
 *
 * Threads: one thread at a time may use it.
 * Lifetime: from axonpush_json_new() to axonpush_json_free().
 */
typedef struct axonpush_json axonpush_json;

/**
 * The JSON response to a call.
 *
 * A JSON pointer (RFC 6901), such as "/events/0/eventId", says which value to read. "" is the
 * whole document; in a name, "~1" stands for "/" and "~0" for "~".
 *
 * Threads: any number of threads may read it at once.
 * Lifetime: you own it from the call that returned it until axonpush_response_free(), and its
 * strings live as long as it does. A response passed to a completion is borrowed and lives until
 * that completion returns.
 */
typedef struct axonpush_response axonpush_response;

/**
 * A trace and one span in it. It ties events together across functions and processes.
 *
 * Threads: it is immutable, so any number of threads may read it at once.
 * Lifetime: you own it from the function that returned it until axonpush_trace_free(), and its
 * strings live as long as it does.
 */
typedef struct axonpush_trace axonpush_trace;

/**
 * A function that receives one line of the library's log, without a newline.
 *
 * Threads: it runs on whichever thread logs, on several at once if need be, and under no lock of
 * the library; from axonpush_log_poll(), on the thread that polls. It may call any function of this library, but that call may log again, and
 * axonpush_close() waits its whole `shutdown_timeout_ms` for the call that is logging.
 * Lifetime: `message` is borrowed and lives until the function returns. `user_data` is the pointer
 * that axonpush_log_set() or axonpush_log_poll() was given.
 * It must return normally, not by an exception or longjmp.
 */
typedef void (*axonpush_log_fn)(axonpush_log_level level, const char *message, void *user_data);

/**
 * The settings of a client. If a member is zero or NULL, its environment variable applies, if
 * there is one, and otherwise its default. The same holds for "", except in `proxy`.
 *
 * Threads: it is read only during axonpush_new().
 * Lifetime: it stays yours; everything is copied.
 */
typedef struct axonpush_options {
    /**
     * Set by AXONPUSH_OPTIONS_INIT or axonpush_options_init().
     */
    size_t struct_size;
    /**
     * An API key (`ak_...`), or a public ingest token (`pt_...`) that may only publish. It is
     * required, here or in the variable AXONPUSH_API_KEY, unless events go to an `otlp_endpoint`: then
     * only calls to the service fail without it, with AXONPUSH_ERR_CONFIG.
     */
    const char *api_key;
    /**
     * The organization that calls are made for. Variables: AXONPUSH_TENANT_ID, then
     * AXONPUSH_ORG_ID. Default: none.
     */
    const char *tenant_id;
    /**
     * The URL of the service, http or https. A path in it is kept as a prefix. Variable:
     * AXONPUSH_BASE_URL. Default: https://api.axonpush.xyz.
     */
    const char *base_url;
    /**
     * The slug of the environment that events belong to. Variable: AXONPUSH_ENVIRONMENT. Default:
     * none.
     */
    const char *environment;
    /**
     * The channel for events that name none. Variable: AXONPUSH_CHANNEL_ID. Default: none, which
     * means the organization's default channel.
     */
    const char *channel_id;
    /**
     * How long one whole attempt may take, in milliseconds. Connecting may take at most 5000 of
     * them. Variable: AXONPUSH_TIMEOUT, in seconds. Default: 30000.
     */
    uint32_t timeout_ms;
    /**
     * How many times a failed call is repeated at most; a negative number means never. Variable:
     * AXONPUSH_MAX_RETRIES. Default: 3. If the server has meanwhile closed a kept-alive
     * connection, the request is sent once more at once; this is not a failure and is not counted.
     */
    int32_t max_retries;
    /**
     * Whether an unreachable service is a logged warning (enabled, fail-open mode) or an error
     * (disabled, strict mode). Variable: AXONPUSH_FAIL_OPEN. Default: enabled.
     */
    axonpush_toggle fail_open;
    /**
     * How many events may wait for background delivery, including those being sent. As many
     * completions (but at least 10000) may wait to be run; beyond that, too, the queue has no
     * room. Default: 10000.
     */
    uint32_t queue_max_events;
    /**
     * How many bytes these events may take. Default: 33554432 (32 MiB).
     */
    uint64_t queue_max_bytes;
    /**
     * What happens when the queue has no room. Default: AXONPUSH_OVERFLOW_DROP_OLDEST.
     */
    axonpush_overflow overflow;
    /**
     * How long a queued event is retried, in milliseconds. Default: 300000.
     */
    uint32_t delivery_timeout_ms;
    /**
     * How many connections of HTTP/1.1 background publishing may use, at most 256. It uses more than
     * one only under backlog. HTTP/2 needs one connection, at most four. Default: 32.
     */
    uint32_t max_connections;
    /**
     * How long axonpush_close() may spend on delivering waiting events, in milliseconds. Default:
     * 2000.
     */
    uint32_t shutdown_timeout_ms;
    /**
     * Where completions run. Default: AXONPUSH_COMPLETION_THREAD.
     */
    axonpush_completion_mode completion_mode;
    /**
     * How much content leaves the process. Variable: AXONPUSH_CONTENT_CAPTURE. Default: metadata
     * only.
     */
    axonpush_content_capture content_capture;
    /**
     * Comma-separated names of JSON members whose values never leave the process. Upper and lower
     * case are the same. Variable: AXONPUSH_REDACT_KEYS. Default: none.
     */
    const char *redact_keys;
    /**
     * The number of Unicode characters after which any string is cut. Variable:
     * AXONPUSH_MAX_CONTENT_LENGTH. Default: 4096.
     */
    uint32_t max_content_length;
    /**
     * A PEM file of the certificate authorities to trust instead of the platform's. Without it
     * (and `ca_pem`), the variable SSL_CERT_FILE can name a file that replaces the platform's.
     */
    const char *ca_file;
    /**
     * The certificate authorities as PEM text. It takes precedence over `ca_file`.
     */
    const char *ca_pem;
    /**
     * The URL of an HTTP proxy, which is used by CONNECT. It takes precedence over HTTPS_PROXY,
     * HTTP_PROXY and NO_PROXY; "" means no proxy at all.
     */
    const char *proxy;
    /**
     * The product token of a binding, such as "axonpush-go/1.0". It is appended to the User-Agent
     * header.
     */
    const char *user_agent;
    /**
     * How long AXONPUSH_OVERFLOW_BLOCK waits for room at most, in milliseconds; then the event is
     * refused with AXONPUSH_ERR_QUEUE_FULL. Default: 0, which means for as long as it takes.
     */
    uint32_t block_timeout_ms;
    /**
     * Which version of HTTP background publishing speaks. Variable: AXONPUSH_HTTP_VERSION (auto, 1.1
     * or 2). Default: AXONPUSH_HTTP_AUTO.
     */
    axonpush_http_version http_version;
    /**
     * A folder in which events of axonpush_events_publish_async() outlive the process: the next
     * client with the same folder, service, tenant and environment delivers what is left. It is made
     * if it does not exist, for this user only; several clients and processes may share it. If it
     * cannot be used, axonpush_new() fails with AXONPUSH_ERR_CONFIG. Variable: AXONPUSH_SPOOL_DIR.
     * Default: none, which means that the queue is in memory only.
     */
    const char *spool_dir;
    /**
     * How many bytes the files of all clients in `spool_dir` may take together. `overflow` says what
     * happens beyond; `queue_max_events` and `queue_max_bytes` bound only what is in memory then.
     * Default: 268435456 (256 MiB).
     */
    uint64_t spool_max_bytes;
    /**
     * How long an event in the spool is retried, in seconds. It replaces `delivery_timeout_ms` there.
     * Default: 259200, which is three days.
     */
    uint32_t spool_max_age_s;
    /**
     * When an event in the spool outlives a power failure. Default: AXONPUSH_SPOOL_SYNC_INTERVAL.
     */
    axonpush_spool_sync spool_sync;
    /**
     * How old an event gets until AXONPUSH_SPOOL_SYNC_INTERVAL has made it outlive a power failure, in
     * milliseconds. Default: 1000.
     */
    uint32_t spool_sync_ms;
    /**
     * How events of background publishing leave the process. Synchronous calls, and so
     * axonpush_events_publish() too, always go to the service. Variable: AXONPUSH_EXPORTER (events or
     * otlp). Default: AXONPUSH_EXPORTER_EVENTS.
     */
    axonpush_exporter exporter;
    /**
     * The base URL of an OpenTelemetry Collector, or of anything that takes OTLP over HTTP, such as
     * http://localhost:4318: AXONPUSH_EXPORTER_OTLP sends to /v1/logs below it, and no credential or
     * header of the service's goes there. Variable: AXONPUSH_OTLP_ENDPOINT. Default: none, which means
     * the service's own /v1/logs.
     */
    const char *otlp_endpoint;
    /**
     * The headers of every request to `otlp_endpoint`, such as a credential:
     * `name=value,name=value`, the values percent-encoded. They are never shown. Variable:
     * AXONPUSH_OTLP_HEADERS. Default: none.
     */
    const char *otlp_headers;
    /**
     * How many events AXONPUSH_EXPORTER_OTLP puts into one request. Default: 512.
     */
    uint32_t otlp_batch_max_events;
    /**
     * How many bytes the body of such a request has at most, before it is compressed. One event that is
     * larger goes alone. Default: 1048576 (1 MiB).
     */
    uint32_t otlp_batch_max_bytes;
    /**
     * How long an event waits for others to be sent with it, in milliseconds. Flushing and closing wait
     * for no others. Default: 1000.
     */
    uint32_t otlp_batch_timeout_ms;
    /**
     * Whether such requests are compressed (gzip), which takes the process time and the network
     * less room. Default: disabled.
     */
    axonpush_toggle otlp_gzip;
} axonpush_options;

/**
 * An event to publish. NULL or "" in an optional member leaves its value to the library or the
 * service.
 *
 * Threads and lifetime: it is read only during the call that it is passed to; everything is
 * copied.
 */
typedef struct axonpush_event {
    /**
     * Set by AXONPUSH_EVENT_INIT or axonpush_event_init().
     */
    size_t struct_size;
    /**
     * Required. It says what happened, for example by the name of an operation.
     */
    const char *identifier;
    /**
     * Required. A JSON object of at most 16 MiB and 127 levels.
     */
    const char *payload;
    /**
     * Length of `payload` in bytes; 0 means that it is NUL-terminated.
     */
    size_t payload_len;
    /**
     * The channel to publish to. NULL means the client's channel, or else the organization's
     * default.
     */
    const char *channel_id;
    /**
     * The type, such as "agent.start" or "app.log"; any text is legal. NULL means "custom".
     */
    const char *event_type;
    /**
     * The agent that the event is about.
     */
    const char *agent_id;
    /**
     * The trace that the event belongs to, without control characters. NULL means the trace that
     * is current on this thread (axonpush_trace_enter()), or else a new one (a UUID).
     */
    const char *trace_id;
    /**
     * The event's span. NULL means a random one (16 hex digits, as in W3C Trace Context).
     */
    const char *span_id;
    /**
     * The span in which the event happened. NULL means the span of the current trace, if the event
     * belongs to that trace.
     */
    const char *parent_span_id;
    /**
     * The service stores an event once per key. The key has 1 to 255 printable ASCII characters
     * and is the same on every retry. NULL means a new UUID.
     */
    const char *dedup_key;
    /**
     * When the event happened, in RFC 3339 and UTC, such as "2026-11-24T05:57:22.123Z". NULL means
     * now.
     */
    const char *occurred_at;
    /**
     * A JSON object of your choice, with the same limits as `payload`.
     */
    const char *metadata;
    /**
     * Length of `metadata` in bytes; 0 means that it is NUL-terminated.
     */
    size_t metadata_len;
} axonpush_event;

/**
 * Filters for events. All are optional, and an event must match every filter that is set. Pass
 * plain text; the library encodes it.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_event_query {
    /**
     * Set by AXONPUSH_EVENT_QUERY_INIT or axonpush_event_query_init().
     */
    size_t struct_size;
    /**
     * Events from this time on (RFC 3339). NULL means the last 24 hours.
     */
    const char *since;
    /**
     * Events before this time (RFC 3339). For the next older page, pass the oldest `createdAt` so
     * far.
     */
    const char *until;
    /**
     * How many events to return, at most 500. 0 means the service's default, 50.
     */
    uint32_t limit;
    /**
     * Events of this app.
     */
    const char *app_id;
    /**
     * Events of this channel.
     */
    const char *channel_id;
    /**
     * Events of this environment.
     */
    const char *environment_id;
    /**
     * Events of this type.
     */
    const char *event_type;
    /**
     * Events from this source, such as "app" or "otlp".
     */
    const char *source;
    /**
     * Events with this status.
     */
    const char *status;
    /**
     * Events of this trace.
     */
    const char *trace_id;
    /**
     * Events of this agent, by its id.
     */
    const char *agent_id;
    /**
     * Events of this agent, by its name.
     */
    const char *agent_name;
    /**
     * Events of this tool.
     */
    const char *tool_name;
    /**
     * Events of this kind: "agent", "tool", "llm", "retriever", "db", "http" or "log".
     */
    const char *semantic_kind;
    /**
     * Events of this service (OpenTelemetry's service.name).
     */
    const char *service_name;
    /**
     * Events of this operation.
     */
    const char *operation_name;
    /**
     * Events with this type of error.
     */
    const char *error_type;
    /**
     * Text to search for. Upper and lower case are the same.
     */
    const char *q;
    /**
     * Events with this attribute. It needs `attr_value`.
     */
    const char *attr_key;
    /**
     * The value of that attribute.
     */
    const char *attr_value;
} axonpush_event_query;

/**
 * A function that is called exactly once with the final outcome of an event that
 * axonpush_events_publish_async() accepted.
 *
 * AXONPUSH_OK with a `response` means that the event was delivered. AXONPUSH_OK with NULL means
 * that it was given up under fail-open. Any other `status` means that it was not delivered as far
 * as is known, and `error` says why. With AXONPUSH_ERR_CONNECTION, AXONPUSH_ERR_DECODE and
 * AXONPUSH_ERR_CLOSED the event may have arrived all the same.
 *
 * Threads: it runs inside axonpush_poll(), or on a thread of the library whose name begins with
 * "axonpush-" and which blocks all signals but those of its own faults (SIGSEGV, SIGBUS, SIGFPE,
 * SIGILL). Several may run at once. It never runs inside
 * axonpush_events_publish_async(), under a lock of the library, or after axonpush_close() has
 * returned. It may call any function, even axonpush_close() on its own client. While it runs, its
 * connection is idle.
 * What the publishing thread did before the call happens before the completion. What a completion
 * did happens before the axonpush_flush(), axonpush_shutdown() or axonpush_close() that waited for
 * it returns. Completions that run at the same time are not ordered among themselves.
 * With AXONPUSH_EXPORTER_OTLP the response is the receiver's to the whole batch, and has no "/eventId".
 * Lifetime: `response` and `error` are borrowed and live until the function returns. `user_data`
 * stays yours throughout.
 * It must return normally, not by an exception or longjmp.
 */
typedef void (*axonpush_completion_fn)(axonpush_status status,
                                       const axonpush_response *response,
                                       const axonpush_error *error,
                                       void *user_data);

/**
 * A request to a model and its response, for axonpush_json_model_call(). NULL, "", 0 and negative
 * numbers leave a member out: what is not known is not said.
 *
 * Members marked (content) are JSON, or any other text, which becomes a JSON string. They stay in
 * the process by default: see axonpush_content_capture.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_model_call {
    /**
     * Set by AXONPUSH_MODEL_CALL_INIT or axonpush_model_call_init().
     */
    size_t struct_size;
    /**
     * The operation. NULL means "chat"; others are "text_completion" and "embeddings".
     */
    const char *operation;
    /**
     * Whose model it is: "openai", "anthropic", "aws.bedrock", and so on.
     */
    const char *provider;
    /**
     * The model that was asked for.
     */
    const char *request_model;
    /**
     * The model that responded.
     */
    const char *response_model;
    /**
     * The provider's id of the response.
     */
    const char *response_id;
    /**
     * Why the model stopped: "stop", "length", "tool_calls", and so on.
     */
    const char *finish_reason;
    /**
     * The conversation that the call belongs to.
     */
    const char *conversation_id;
    /**
     * How many tokens the model was given, those from a cache included.
     */
    int64_t input_tokens;
    /**
     * How many tokens it responded with, those for reasoning included.
     */
    int64_t output_tokens;
    /**
     * How many of the input tokens came from the provider's cache.
     */
    int64_t cache_read_tokens;
    /**
     * How many of the input tokens were written to that cache.
     */
    int64_t cache_write_tokens;
    /**
     * How many of the output tokens were spent on reasoning.
     */
    int64_t reasoning_tokens;
    /**
     * What it cost, in US dollars.
     */
    double cost_usd;
    /**
     * How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
     */
    double duration_ms;
    /**
     * Why it failed, such as "timeout" or "429". A call that has one has failed.
     */
    const char *error_type;
    /**
     * The same for people. It is no content, so quote no prompt in it.
     */
    const char *error_message;
    /**
     * What the model was told apart from the messages (content).
     */
    const char *system_instructions;
    /**
     * Length of `system_instructions` in bytes; 0 means that it is NUL-terminated.
     */
    size_t system_instructions_len;
    /**
     * What the model was given, such as [{"role":"user","content":"Hello"}] (content).
     */
    const char *input_messages;
    /**
     * Length of `input_messages` in bytes; 0 means that it is NUL-terminated.
     */
    size_t input_messages_len;
    /**
     * What it responded (content).
     */
    const char *output_messages;
    /**
     * Length of `output_messages` in bytes; 0 means that it is NUL-terminated.
     */
    size_t output_messages_len;
} axonpush_model_call;

/**
 * A call of a tool and what it returned, for axonpush_json_tool_call(). What is left out, and what
 * (content) means, is as in axonpush_model_call.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_tool_call {
    /**
     * Set by AXONPUSH_TOOL_CALL_INIT or axonpush_tool_call_init().
     */
    size_t struct_size;
    /**
     * The name of the tool.
     */
    const char *name;
    /**
     * The model's id of the call.
     */
    const char *call_id;
    /**
     * How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
     */
    double duration_ms;
    /**
     * Why it failed, such as "timeout". A call that has one has failed.
     */
    const char *error_type;
    /**
     * The same for people. It is no content, so quote neither arguments nor result in it.
     */
    const char *error_message;
    /**
     * What the tool was given, such as {"city":"Rome"} (content).
     */
    const char *arguments;
    /**
     * Length of `arguments` in bytes; 0 means that it is NUL-terminated.
     */
    size_t arguments_len;
    /**
     * What it returned (content).
     */
    const char *result;
    /**
     * Length of `result` in bytes; 0 means that it is NUL-terminated.
     */
    size_t result_len;
} axonpush_tool_call;

/**
 * A run of an agent, for axonpush_json_agent_run(). What is left out, and what (content) means, is
 * as in axonpush_model_call. It has no tokens and no cost: those of its model calls add up to them.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_agent_run {
    /**
     * Set by AXONPUSH_AGENT_RUN_INIT or axonpush_agent_run_init().
     */
    size_t struct_size;
    /**
     * The agent's id. Set `agent_id` of the event, too.
     */
    const char *agent_id;
    /**
     * The agent's name.
     */
    const char *agent_name;
    /**
     * The conversation that the run belongs to.
     */
    const char *conversation_id;
    /**
     * How long it took, in milliseconds. Set `occurred_at` of the event to when it began.
     */
    double duration_ms;
    /**
     * Why it failed, such as "timeout". A run that has one has failed.
     */
    const char *error_type;
    /**
     * The same for people. It is no content, so quote no prompt in it.
     */
    const char *error_message;
    /**
     * What the agent was told to be (content).
     */
    const char *system_instructions;
    /**
     * Length of `system_instructions` in bytes; 0 means that it is NUL-terminated.
     */
    size_t system_instructions_len;
    /**
     * What it was asked (content).
     */
    const char *input_messages;
    /**
     * Length of `input_messages` in bytes; 0 means that it is NUL-terminated.
     */
    size_t input_messages_len;
    /**
     * What it answered (content).
     */
    const char *output_messages;
    /**
     * Length of `output_messages` in bytes; 0 means that it is NUL-terminated.
     */
    size_t output_messages_len;
} axonpush_agent_run;

/**
 * Filters for traces. All are optional, and a trace must match every filter that is set. Members
 * marked (list) take several values, separated by commas, and any one of them must match.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_trace_query {
    /**
     * Set by AXONPUSH_TRACE_QUERY_INIT or axonpush_trace_query_init().
     */
    size_t struct_size;
    /**
     * Filters for the events in the traces, including `limit`. May be NULL.
     */
    const axonpush_event_query *events;
    /**
     * Services (list).
     */
    const char *service;
    /**
     * Operations (list).
     */
    const char *operation;
    /**
     * Models (list).
     */
    const char *model;
    /**
     * Model providers (list).
     */
    const char *provider;
    /**
     * Agents (list).
     */
    const char *agent;
    /**
     * Tools (list).
     */
    const char *tool;
    /**
     * Releases (list).
     */
    const char *release;
    /**
     * Sessions (list).
     */
    const char *session;
    /**
     * Users (list).
     */
    const char *user;
    /**
     * What to sort by, in the service's own terms.
     */
    const char *sort;
    /**
     * The shortest duration in milliseconds; 0 means any.
     */
    uint64_t min_duration_ms;
    /**
     * How many traces to skip.
     */
    uint32_t offset;
    /**
     * Whether to list only traces that contain an error.
     */
    axonpush_toggle errors_only;
} axonpush_trace_query;

/**
 * An environment to create, or the changes to make to one. NULL, "" or AXONPUSH_DEFAULT in an
 * optional member leaves it out.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_environment {
    /**
     * Set by AXONPUSH_ENVIRONMENT_INIT or axonpush_environment_init().
     */
    size_t struct_size;
    /**
     * Required to create an environment.
     */
    const char *name;
    /**
     * NULL means that the service derives the slug from the name.
     */
    const char *slug;
    /**
     * The color in the dashboard, such as "#00aa00".
     */
    const char *color;
    /**
     * Whether events that name no environment belong to it.
     */
    axonpush_toggle is_default;
    /**
     * Whether it is a production environment.
     */
    axonpush_toggle is_production;
} axonpush_environment;

/**
 * A webhook endpoint to create.
 *
 * Threads and lifetime: it is read only during the call that it is passed to.
 */
typedef struct axonpush_webhook {
    /**
     * Set by AXONPUSH_WEBHOOK_INIT or axonpush_webhook_init().
     */
    size_t struct_size;
    /**
     * Required. The channel whose events are delivered.
     */
    const char *channel_id;
    /**
     * Required. The URL to deliver events to.
     */
    const char *url;
    /**
     * Event types to deliver, separated by commas. NULL means all.
     */
    const char *event_types;
    /**
     * Human-readable description.
     */
    const char *description;
} axonpush_webhook;

/**
 * A line of the application's log. NULL, "" or 0 in an optional member leaves it out.
 *
 * Threads and lifetime: it is read only during the call that it is passed to; everything is
 * copied.
 */
typedef struct axonpush_log_record {
    /**
     * Set by AXONPUSH_LOG_RECORD_INIT or axonpush_log_record_init().
     */
    size_t struct_size;
    /**
     * The text of the line. NULL and "" mean an empty line.
     */
    const char *body;
    /**
     * The name of the logger, which becomes the event's identifier. NULL means "log".
     */
    const char *logger;
    /**
     * The severity in words. NULL means the name of its range, such as "WARN".
     */
    const char *severity_text;
    /**
     * The severity, from 1 to 24. 0 means AXONPUSH_SEVERITY_INFO.
     */
    axonpush_severity severity;
    /**
     * The line number in `file`.
     */
    uint32_t line;
    /**
     * The source file that logged the line.
     */
    const char *file;
    /**
     * The function that logged the line.
     */
    const char *function;
    /**
     * The program that logged the line, such as "checkout".
     */
    const char *service_name;
    /**
     * A JSON object of further attributes, such as {"order": 4711}.
     */
    const char *attributes;
    /**
     * Length of `attributes` in bytes; 0 means that it is NUL-terminated.
     */
    size_t attributes_len;
    /**
     * When the line was logged, in nanoseconds since 1970 (UTC). 0 means now.
     */
    uint64_t time_unix_nano;
    /**
     * The event type. NULL means "app.log"; for an agent's log use "agent.log".
     */
    const char *event_type;
    /**
     * The channel to publish to, as in axonpush_event.
     */
    const char *channel_id;
    /**
     * The agent whose log it is.
     */
    const char *agent_id;
    /**
     * The trace, as in axonpush_event. NULL means the trace that is current on this thread.
     */
    const char *trace_id;
    /**
     * The span. NULL means a random one.
     */
    const char *span_id;
} axonpush_log_record;

/**
 * Counters of the events that background publishing accepted, and of the network.
 *
 * At any moment, accepted + recovered = delivered + failed + suppressed + dropped + expired +
 * abandoned + kept + queued_events. Synchronous calls count only in `retried` and `connections`.
 */
typedef struct axonpush_stats {
    /**
     * Set by AXONPUSH_STATS_INIT or axonpush_stats_init().
     */
    size_t struct_size;
    /**
     * Events that axonpush_events_publish_async() or axonpush_log_event() accepted. Those that
     * were refused are in no counter of events; for lines of a log see `log_events_lost`.
     */
    uint64_t accepted;
    /**
     * Events that the service said it has.
     */
    uint64_t delivered;
    /**
     * Events that the service rejected for good.
     */
    uint64_t failed;
    /**
     * Events given up while the service was unreachable, in fail-open mode.
     */
    uint64_t suppressed;
    /**
     * Events that made room for newer ones (AXONPUSH_OVERFLOW_DROP_OLDEST).
     */
    uint64_t dropped;
    /**
     * Events not delivered within `delivery_timeout_ms`.
     */
    uint64_t expired;
    /**
     * Events not delivered when a shutdown ran out of time.
     */
    uint64_t abandoned;
    /**
     * Events that are waiting or being sent now.
     */
    uint64_t queued_events;
    /**
     * Bytes that the queued events take.
     */
    uint64_t queued_bytes;
    /**
     * Attempts after the first, of all calls and events.
     */
    uint64_t retried;
    /**
     * Connections opened so far.
     */
    uint64_t connections;
    /**
     * Lines that axonpush_log_event() could not publish.
     */
    uint64_t log_events_lost;
    /**
     * Lines of the library's own log that waited to be polled and were lost (axonpush_log_set_polled()),
     * in the whole process.
     */
    uint64_t log_lines_lost;
    /**
     * Events taken over from the spool of a client that ended. They have no completion.
     */
    uint64_t recovered;
    /**
     * Events that were in the spool when the client was closed: the next one delivers them.
     */
    uint64_t kept;
    /**
     * What the events of this client's that are in the spool take there.
     */
    uint64_t spool_bytes;
    /**
     * Requests with batches of events (AXONPUSH_EXPORTER_OTLP), repeated ones included.
     */
    uint64_t batches;
} axonpush_stats;

/**
 * Returns the name of a status, such as "AXONPUSH_ERR_CONNECTION", or "AXONPUSH_ERR_UNKNOWN" for a
 * number that is not a status. It never returns NULL. The string is static.
 */
const char *axonpush_status_name(axonpush_status status);

/**
 * Returns the status that the failed call returned, or AXONPUSH_OK for NULL.
 */
axonpush_status axonpush_error_status(const axonpush_error *error);

/**
 * Returns one sentence for a log or a person. It says what was wrong and, where possible, what to
 * do. It never contains the API key, and it is NULL only for a NULL error.
 */
const char *axonpush_error_message(const axonpush_error *error);

/**
 * Returns the service's machine-readable code, such as "validation_error", or NULL if it gave
 * none.
 */
const char *axonpush_error_code(const axonpush_error *error);

/**
 * Returns what the service suggests doing, or NULL if it suggested nothing.
 */
const char *axonpush_error_hint(const axonpush_error *error);

/**
 * Returns the service's id of the failed request, which its support can look up, or NULL if the
 * service gave none.
 */
const char *axonpush_error_request_id(const axonpush_error *error);

/**
 * Returns the HTTP status of the response, or 0 if there was no response.
 */
int32_t axonpush_error_http_status(const axonpush_error *error);

/**
 * Returns how many milliseconds the service asks you to wait before the next attempt (the
 * Retry-After header), or -1 if it did not say, and for NULL. 0 means that you need not wait.
 */
int64_t axonpush_error_retry_after_ms(const axonpush_error *error);

/**
 * Returns whether the same call can succeed later. That is so after a connection error, a rate
 * limit, a server error or a full queue.
 */
bool axonpush_error_retryable(const axonpush_error *error);

/**
 * Frees an error and its strings. NULL is fine.
 */
void axonpush_error_free(axonpush_error *error);

/**
 * Sets what the library logs, and where to, for the whole process. The last call wins. It takes
 * precedence over the environment variable AXONPUSH_LOG (off, error, warn, info, debug).
 *
 * If `fn` is NULL, lines go to stderr as "axonpush: warning: ...". A `max_level` that is out of
 * range is replaced by the nearest level. A thread that is inside the previous `fn` may still be
 * there when this function returns.
 */
void axonpush_log_set(axonpush_log_level max_level, axonpush_log_fn fn, void *user_data);

/**
 * Lets the lines of the log wait until axonpush_log_poll() asks for them, for programs into which no
 * foreign thread may call (Python, Node, Go). For the whole process, in place of axonpush_log_set().
 *
 * At most `capacity` lines wait (0: 256). When one more comes, the oldest is lost, and counted in
 * `log_lines_lost` of axonpush_stats. Lines that wait when the log is set anew are lost.
 */
void axonpush_log_set_polled(axonpush_log_level max_level, size_t capacity);

/**
 * Calls `fn` on this thread for each line that waits, oldest first. If none waits, it waits for up to
 * `timeout_ms` until one does. Returns how many there were; 0 at once if the log is not polled.
 *
 * Any thread may call it; each line goes to one caller. With NULL for `fn` it only waits, and the
 * lines stay for a later call.
 */
size_t axonpush_log_poll(axonpush_log_fn fn, void *user_data, uint32_t timeout_ms);

/**
 * Writes one line to the library's log, as the library itself would: to wherever axonpush_log_set() or
 * axonpush_log_set_polled() said, if the level is in force. For bindings that have something to say.
 * `message` NULL is ignored; what is not UTF-8 in it is replaced.
 */
void axonpush_log_write(axonpush_log_level level, const char *message);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine.
 *
 * It writes only the members of the first released layout, even if later versions add members. So
 * it never writes past the struct of a caller that was compiled against an older header.
 * To use an appended member, fill the struct with zeros and set `struct_size` to its size, as
 * AXONPUSH_OPTIONS_INIT does.
 */
void axonpush_options_init(axonpush_options *options);

/**
 * Creates a client. This sends nothing yet, looks up no name and starts no thread; but with `spool_dir`, a
 * thread begins to look for events that earlier clients left there, and delivers them.
 *
 * If `options` is NULL, every setting comes from the environment. On failure NULL is returned and
 * `*error` says why: AXONPUSH_ERR_CONFIG or AXONPUSH_ERR_INVALID_ARGUMENT. Close the client with
 * axonpush_close().
 */
axonpush_client *axonpush_new(const axonpush_options *options, axonpush_error **error);

/**
 * Waits until every event accepted before the call is finished: it was delivered or given up, and
 * its completion has returned (in polled mode: is waiting to be polled). Events that are accepted
 * during the call are not waited for. With `spool_dir`, what earlier clients left there is waited for too.
 *
 * AXONPUSH_ERR_TIMEOUT after `timeout_ms`: the message says how many events are left; they stay
 * queued. Inside a completion, the flush does not wait for the event of that completion.
 */
axonpush_status axonpush_flush(axonpush_client *client, uint32_t timeout_ms, axonpush_error **error);

/**
 * Stops a client for good. New calls and events get AXONPUSH_ERR_CLOSED at once. For up to
 * `timeout_ms`, waiting events are delivered and running calls may finish. Then the remaining
 * calls are interrupted, the remaining events are abandoned, or with `spool_dir` kept for the next client
 * (their completions get AXONPUSH_ERR_CLOSED), and the threads end. The handle stays valid for axonpush_stats_get(),
 * axonpush_poll() and axonpush_close().
 *
 * It returns within `timeout_ms` plus half a second. AXONPUSH_ERR_TIMEOUT means that events were
 * abandoned; the message says how many.
 *
 * A call handle shuts down the client that it belongs to; its deadline and cancellation end the wait.
 */
axonpush_status axonpush_shutdown(axonpush_client *client, uint32_t timeout_ms, axonpush_error **error);

/**
 * Closes a client. The handle becomes invalid at once. Then the client is shut down as by
 * axonpush_shutdown(), within its `shutdown_timeout_ms`. Completions that were not polled run now,
 * on this thread.
 *
 * It returns within `shutdown_timeout_ms` plus half a second, whatever the network does, and no
 * completion starts after it has returned. It may be called inside a completion. NULL and a client
 * that is closed already are fine.
 *
 * A client that is still open when the process calls exit() is shut down in the same way. quick_exit(),
 * _exit() and a signal that ends the process do not run exit handlers: what is queued is lost then.
 */
void axonpush_close(axonpush_client *client);

/**
 * Runs the waiting completions of a client in polled mode (AXONPUSH_COMPLETION_POLLED), on this
 * thread. If none is waiting, it waits for up to `timeout_ms` until one is. Returns how many ran.
 * That is also 0 for a client that is not valid or not in polled mode.
 */
size_t axonpush_poll(axonpush_client *client, uint32_t timeout_ms);

/**
 * Returns a file descriptor that is readable while completions wait, for poll(2) and event loops,
 * of a client in polled mode (AXONPUSH_COMPLETION_POLLED). When it is readable, call
 * axonpush_poll(); do not read from it. Returns -1 for a client that is not valid or not in polled
 * mode.
 *
 * Lifetime: the library owns the descriptor and closes it with the client.
 */
int32_t axonpush_completion_fd(axonpush_client *client);

/**
 * Sets a deadline for synchronous calls made by this thread from now on: milliseconds for one call in
 * all, its retries and the waits between them included (`timeout_ms` of the options still bounds each
 * attempt). 0: none. Returns the value that was in force, to be put back.
 *
 * A call whose next wait does not fit into its deadline returns at once with the error that it has. One
 * that is cut short during an attempt is AXONPUSH_ERR_CONNECTION, which fail-open suppresses. It applies
 * to requests, not to axonpush_events_publish_async(), axonpush_flush() and whatever takes a timeout.
 *
 * Where calls move between threads (goroutines, thread pools), use axonpush_call_new() instead.
 */
uint32_t axonpush_call_timeout_set(uint32_t timeout_ms);

/**
 * Makes a call handle: a second handle for a client, which every function takes that takes an
 * `axonpush_client *`. The calls made through it share one deadline, and axonpush_call_cancel() ends
 * them from another thread. NULL on failure.
 *
 * `timeout_ms`: from now on, for all calls through the handle together; 0: no deadline. It works as that of
 * axonpush_call_timeout_set() does. axonpush_events_publish_async() with AXONPUSH_OVERFLOW_BLOCK,
 * axonpush_flush(), axonpush_shutdown() and axonpush_poll() end by it, too.
 *
 * Free it with axonpush_call_free(); axonpush_close() does the same to it, and never closes the client.
 * Once the client is closed, the handle is as invalid as the client's own. A forked child cannot use the
 * call handles of its parent.
 */
axonpush_client *axonpush_call_new(axonpush_client *client,
                                          uint32_t timeout_ms,
                                          axonpush_error **error);

/**
 * Ends the calls in progress that were made through a call handle, at once, and refuses later ones: they
 * return AXONPUSH_ERR_CANCELLED. Any thread may call it, more than once. A handle that is NULL or freed,
 * and a client's own handle, are left alone. Events that were accepted are not taken back, but a
 * cancelled axonpush_shutdown() abandons what is left at once.
 */
void axonpush_call_cancel(axonpush_client *call);

/**
 * Frees a call handle. NULL, and a handle that is freed already, are fine; a client's own handle is left
 * alone. Calls in progress through it go on, and can no longer be cancelled.
 */
void axonpush_call_free(axonpush_client *call);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_event_init(axonpush_event *event);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_event_query_init(axonpush_event_query *query);

/**
 * Publishes one event and waits for the response. It sends one request, which is repeated
 * according to the retry rules, always with the same `dedup_key`.
 *
 * On AXONPUSH_OK `*response` is the service's response, which contains "/eventId", or NULL if
 * fail-open suppressed the failure. Free it with axonpush_response_free(). `response` may be NULL
 * if you do not want it. The call takes at most `timeout_ms` for each attempt, plus the waits
 * between attempts.
 */
axonpush_status axonpush_events_publish(axonpush_client *client,
                                        const axonpush_event *event,
                                        axonpush_response **response,
                                        axonpush_error **error);

/**
 * Accepts one event for delivery in the background, and returns. The event is copied into the
 * queue; the call uses neither the network nor the disk, and does not wait (except with
 * AXONPUSH_OVERFLOW_BLOCK).
 *
 * AXONPUSH_OK means that the event is accepted: `completion` (which may be NULL) is called exactly
 * once for it, it is retried until `delivery_timeout_ms`, and axonpush_stats_get() counts it. Its
 * `dedup_key`, `span_id` and `occurred_at` are the same on every attempt, so that the service
 * stores it once (what AXONPUSH_EXPORTER_OTLP promises is said there). Events are started in the order in
 * which they were accepted.
 *
 * Any other status means that the event was not accepted and `completion` is not called:
 * AXONPUSH_ERR_INVALID_ARGUMENT, AXONPUSH_ERR_QUEUE_FULL or AXONPUSH_ERR_CLOSED.
 */
axonpush_status axonpush_events_publish_async(axonpush_client *client,
                                              const axonpush_event *event,
                                              axonpush_completion_fn completion,
                                              void *user_data,
                                              axonpush_error **error);

/**
 * Lists events of a channel, newest first. The response is `{"events": [...]}`; null in place of
 * the array means none.
 *
 * If `channel_id` is NULL, the client's channel is used. `query` may be NULL. In fail-open mode an
 * unreachable service gives an empty list. Free `*response` with axonpush_response_free().
 */
axonpush_status axonpush_events_list(axonpush_client *client,
                                     const char *channel_id,
                                     const axonpush_event_query *query,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Searches the organization's events, newest first. The response is `{"events": [...]}`; null in
 * place of the array means none.
 *
 * `query` may be NULL. In fail-open mode an unreachable service gives an empty list. Free
 * `*response` with axonpush_response_free().
 */
axonpush_status axonpush_events_search(axonpush_client *client,
                                       const axonpush_event_query *query,
                                       axonpush_response **response,
                                       axonpush_error **error);

/**
 * Calls any other endpoint, with the same credentials, retries, errors and fail-open behaviour.
 *
 * `method` is GET, POST, PUT, PATCH or DELETE. `path` starts with "/" and is relative to the base
 * URL; percent-encode ids in it (an id ".." as "%2e%2e"). `query`, without "?", and `body_json`
 * may be NULL; `body_len` 0 means that the body is NUL-terminated. A POST or PATCH whose response
 * was lost is not repeated, since it may have been carried out, and what a second one would do is
 * the endpoint's affair. It is repeated if it certainly did not arrive or was turned away (429,
 * 503).
 *
 * On AXONPUSH_OK `*response` is the response (JSON null if it was empty), or NULL if fail-open
 * suppressed the failure. Free it with axonpush_response_free().
 */
axonpush_status axonpush_request(axonpush_client *client,
                                 const char *method,
                                 const char *path,
                                 const char *query,
                                 const char *body_json,
                                 size_t body_len,
                                 axonpush_response **response,
                                 axonpush_error **error);

/**
 * Returns the whole response as JSON text, NUL-terminated, or NULL for a NULL response. Its length
 * is written to `*len`; `len` may be NULL.
 */
const char *axonpush_response_json(const axonpush_response *response, size_t *len);

/**
 * Returns the string at `pointer`. Returns NULL if there is nothing, if the value is not a string,
 * or if it contains a NUL character, which C would take for its end (axonpush_response_json() has
 * it).
 */
const char *axonpush_response_string(const axonpush_response *response, const char *pointer);

/**
 * The JSON text of the value at `pointer`, exactly as the response has it and NUL-terminated. Its length
 * goes to `*len`, which may be NULL. Returns NULL, and a length of 0, if there is no such value. The
 * pointer "" gives the whole response.
 */
const char *axonpush_response_raw(const axonpush_response *response, const char *pointer, size_t *len);

/**
 * Reads the integer at `pointer`. Returns false, with `*out` untouched, if there is no number, or
 * if the number is not written as an integer or does not fit.
 */
bool axonpush_response_int(const axonpush_response *response, const char *pointer, int64_t *out);

/**
 * Reads the number at `pointer`. Returns false, with `*out` untouched, if there is no number or it
 * is too large for a double.
 */
bool axonpush_response_double(const axonpush_response *response, const char *pointer, double *out);

/**
 * Reads the boolean at `pointer`. Returns false, with `*out` untouched, if there is none.
 */
bool axonpush_response_bool(const axonpush_response *response, const char *pointer, bool *out);

/**
 * Returns how many members the array or object at `pointer` has, or 0 if there is none.
 */
size_t axonpush_response_count(const axonpush_response *response, const char *pointer);

/**
 * Returns the HTTP status of the response, or 0 for NULL and for the empty list of fail-open.
 */
int32_t axonpush_response_http_status(const axonpush_response *response);

/**
 * Returns the service's id of the request (the X-Request-Id header), or NULL if it gave none.
 */
const char *axonpush_response_request_id(const axonpush_response *response);

/**
 * Frees a response and all strings from it. NULL is fine.
 */
void axonpush_response_free(axonpush_response *response);

/**
 * Creates a writer. Free it with axonpush_json_free().
 */
axonpush_json *axonpush_json_new(void);

/**
 * Adds a string and escapes it as JSON requires. A NULL `value` adds null.
 */
void axonpush_json_string(axonpush_json *json, const char *key, const char *value);

/**
 * Adds an integer.
 */
void axonpush_json_int(axonpush_json *json, const char *key, int64_t value);

/**
 * Adds a number, as the shortest text that reads back as the same number. NaN and infinity are
 * mistakes.
 */
void axonpush_json_double(axonpush_json *json, const char *key, double value);

/**
 * Adds true or false.
 */
void axonpush_json_bool(axonpush_json *json, const char *key, bool value);

/**
 * Adds a value that is already JSON text. `len` 0 means that it is NUL-terminated. Text that is
 * not valid JSON is a mistake.
 */
void axonpush_json_raw(axonpush_json *json, const char *key, const char *value, size_t len);

/**
 * Begins a nested object. What you add next goes into it, until axonpush_json_end().
 */
void axonpush_json_begin_object(axonpush_json *json, const char *key);

/**
 * Begins a nested array. What you add next goes into it, until axonpush_json_end().
 */
void axonpush_json_begin_array(axonpush_json *json, const char *key);

/**
 * Ends the innermost object or array that was begun.
 */
void axonpush_json_end(axonpush_json *json);

/**
 * Returns the finished object, NUL-terminated. Its length is written to `*len`; `len` may be NULL.
 * The text lives until the next call on `json`. Returns NULL after a mistake, or if an object or
 * array was begun and not ended; `*error` (AXONPUSH_ERR_INVALID_ARGUMENT) then says what was
 * wrong.
 */
const char *axonpush_json_text(axonpush_json *json, size_t *len, axonpush_error **error);

/**
 * Frees a writer and its text. NULL is fine.
 */
void axonpush_json_free(axonpush_json *json);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine.
 * See axonpush_options_init().
 */
void axonpush_model_call_init(axonpush_model_call *call);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine.
 * See axonpush_options_init().
 */
void axonpush_tool_call_init(axonpush_tool_call *call);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine.
 * See axonpush_options_init().
 */
void axonpush_agent_run_init(axonpush_agent_run *run);

/**
 * Adds the members of a model call to the object that is open, under the names of AXONPUSH_ATTR_...,
 * in their order. Add others of your own before or after it, and publish the event as
 * AXONPUSH_EVENT_TYPE_APP_SPAN, once the model has responded.
 *
 * What is wrong with `call` is a mistake, which axonpush_json_text() reports.
 */
void axonpush_json_model_call(axonpush_json *json, const axonpush_model_call *call);

/**
 * Adds the members of a tool call to the object that is open, as axonpush_json_model_call() does
 * those of a model call. Publish it as AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END when the tool has
 * returned; and if you want to see it before, without the result as
 * AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START, with the same `span_id`.
 */
void axonpush_json_tool_call(axonpush_json *json, const axonpush_tool_call *call);

/**
 * Adds the members of an agent run to the object that is open, as axonpush_json_model_call() does
 * those of a model call. Publish it as AXONPUSH_EVENT_TYPE_AGENT_START, without what is not known
 * yet, and as AXONPUSH_EVENT_TYPE_AGENT_END, or AXONPUSH_EVENT_TYPE_AGENT_ERROR, with the same
 * `span_id`.
 */
void axonpush_json_agent_run(axonpush_json *json, const axonpush_agent_run *run);

/**
 * Starts a trace, or continues one. An id that is NULL or "" is drawn at random (a UUID for the
 * trace, 16 hex digits for the span). Returns NULL on failure. Free it with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_new(const char *trace_id, const char *span_id, axonpush_error **error);

/**
 * Reads the trace from an incoming `traceparent` header (W3C Trace Context). A malformed header is
 * refused, never guessed at: the function returns NULL, with AXONPUSH_ERR_INVALID_ARGUMENT. Free
 * the trace with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_parse(const char *traceparent, axonpush_error **error);

/**
 * Returns a new span in the same trace, or a new trace if `parent` is NULL. Returns NULL only on
 * failure. Free it with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_child(const axonpush_trace *parent, axonpush_error **error);

/**
 * Returns the id of the trace, or NULL for NULL.
 */
const char *axonpush_trace_id(const axonpush_trace *trace);

/**
 * Returns the id of the span, or NULL for NULL.
 */
const char *axonpush_trace_span_id(const axonpush_trace *trace);

/**
 * Returns the `traceparent` header to send with an outgoing request, or NULL for NULL. An id that
 * does not have the form of W3C Trace Context is replaced by its hash, which is always the same.
 */
const char *axonpush_trace_traceparent(const axonpush_trace *trace);

/**
 * Makes a trace current on the calling thread; NULL means no trace. Until axonpush_trace_leave(),
 * events published on this thread, directly or in the background, carry its trace id, and its span
 * as their parent, unless they set their own. Requests carry the trace in their headers.
 *
 * Returns the trace that was current before, or NULL if there was none (which is not a failure).
 * Pass it to axonpush_trace_leave() on the same thread. Completions run without a trace. `trace`
 * is copied and may be freed at once.
 */
axonpush_trace *axonpush_trace_enter(const axonpush_trace *trace);

/**
 * Makes the trace that axonpush_trace_enter() returned current again, and frees it.
 */
void axonpush_trace_leave(axonpush_trace *previous);

/**
 * Returns a copy of the trace that is current on the calling thread, or NULL if there is none.
 * Free it with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_current(void);

/**
 * Frees a trace and its strings. NULL is fine. If the trace was made current, it stays current.
 */
void axonpush_trace_free(axonpush_trace *trace);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_trace_query_init(axonpush_trace_query *query);

/**
 * Lists traces. The response is `{"traces": [...]}`; null in place of the array means none.
 * `query` may be NULL.
 */
axonpush_status axonpush_traces_list(axonpush_client *client,
                                     const axonpush_trace_query *query,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Gets a trace with its spans: `{"traceId", "spans": [...]}`.
 */
axonpush_status axonpush_traces_get(axonpush_client *client,
                                    const char *trace_id,
                                    axonpush_response **response,
                                    axonpush_error **error);

/**
 * Creates an iterator over the events of a channel, or, if `channel_id` is NULL, of the whole
 * organization, as in axonpush_events_search(). `query` may be NULL; its `limit` is the size of a
 * page (default 500), not of the whole. Without `query.since` the service goes back 24 hours. This
 * sends no request yet. With a call handle, its deadline and its cancellation hold for every
 * axonpush_events_iter_next() until the call handle is freed. Free `*iter` with axonpush_events_iter_free().
 */
axonpush_status axonpush_events_iter_new(axonpush_client *client,
                                         const char *channel_id,
                                         const axonpush_event_query *query,
                                         axonpush_events_iter **iter,
                                         axonpush_error **error);

/**
 * Moves to the next older event. `*event` is its JSON ("/eventId", "/payload/..."), which lives
 * until the next call on `iter`; do not free it. AXONPUSH_OK with a NULL event means the end. In
 * fail-open mode an unreachable service is also the end. After a failure you may make the same
 * call again, and the iterator continues where it was.
 *
 * AXONPUSH_ERR_API with HTTP status 0 means that 500 events or more have the same `createdAt`, and
 * the service has no way to ask for older ones. Filters may divide them.
 */
axonpush_status axonpush_events_iter_next(axonpush_events_iter *iter,
                                          const axonpush_response **event,
                                          axonpush_error **error);

/**
 * Frees an iterator and its current event. NULL is fine.
 */
void axonpush_events_iter_free(axonpush_events_iter *iter);

/**
 * Lists the apps. The response is `{"apps": [...]}`; null in place of the array means none. In
 * fail-open mode an unreachable service gives an empty list.
 *
 * The following holds for all functions of resources. Free `*response` with
 * axonpush_response_free(); it is NULL if fail-open suppressed the failure. Ids are taken
 * literally, and each becomes one segment of the path.
 *
 * GET, PUT, PATCH and DELETE are repeated according to the retry rules: every PATCH here sets
 * members to values, so that twice is as good as once (axonpush_request() cannot know that). A
 * POST is repeated only if it certainly did not arrive or was turned away (429, 503). So a DELETE
 * whose response was lost may end with "not found".
 */
axonpush_status axonpush_apps_list(axonpush_client *client,
                                   axonpush_response **response,
                                   axonpush_error **error);

/**
 * Creates an app.
 */
axonpush_status axonpush_apps_create(axonpush_client *client,
                                     const char *name,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Gets an app.
 */
axonpush_status axonpush_apps_get(axonpush_client *client,
                                  const char *app_id,
                                  axonpush_response **response,
                                  axonpush_error **error);

/**
 * Renames an app.
 */
axonpush_status axonpush_apps_update(axonpush_client *client,
                                     const char *app_id,
                                     const char *name,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Deletes an app.
 */
axonpush_status axonpush_apps_delete(axonpush_client *client,
                                     const char *app_id,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Lists the channels of an app. The response is `{"channels": [...]}`; null in place of the array
 * means none.
 */
axonpush_status axonpush_channels_list(axonpush_client *client,
                                       const char *app_id,
                                       axonpush_response **response,
                                       axonpush_error **error);

/**
 * Creates a channel.
 */
axonpush_status axonpush_channels_create(axonpush_client *client,
                                         const char *app_id,
                                         const char *name,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Gets a channel.
 */
axonpush_status axonpush_channels_get(axonpush_client *client,
                                      const char *app_id,
                                      const char *channel_id,
                                      axonpush_response **response,
                                      axonpush_error **error);

/**
 * Renames a channel.
 */
axonpush_status axonpush_channels_update(axonpush_client *client,
                                         const char *app_id,
                                         const char *channel_id,
                                         const char *name,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Deletes a channel.
 */
axonpush_status axonpush_channels_delete(axonpush_client *client,
                                         const char *app_id,
                                         const char *channel_id,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_environment_init(axonpush_environment *environment);

/**
 * Lists the environments. The response is `{"environments": [...]}`; null in place of the array
 * means none.
 */
axonpush_status axonpush_environments_list(axonpush_client *client,
                                           axonpush_response **response,
                                           axonpush_error **error);

/**
 * Creates an environment. `environment.name` is required.
 */
axonpush_status axonpush_environments_create(axonpush_client *client,
                                             const axonpush_environment *environment,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Changes those members of an environment that are given.
 */
axonpush_status axonpush_environments_update(axonpush_client *client,
                                             const char *slug,
                                             const axonpush_environment *environment,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Deletes an environment.
 */
axonpush_status axonpush_environments_delete(axonpush_client *client,
                                             const char *slug,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Makes an environment the default one.
 */
axonpush_status axonpush_environments_promote(axonpush_client *client,
                                              const char *slug,
                                              axonpush_response **response,
                                              axonpush_error **error);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_webhook_init(axonpush_webhook *webhook);

/**
 * Creates an endpoint. The response contains its secret, which axonpush_webhook_verify() needs.
 */
axonpush_status axonpush_webhooks_create(axonpush_client *client,
                                         const axonpush_webhook *webhook,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Lists the endpoints of a channel. The response is `{"data": [...]}`; null in place of the array
 * means none.
 */
axonpush_status axonpush_webhooks_list(axonpush_client *client,
                                       const char *channel_id,
                                       axonpush_response **response,
                                       axonpush_error **error);

/**
 * Deletes an endpoint.
 */
axonpush_status axonpush_webhooks_delete(axonpush_client *client,
                                         const char *endpoint_id,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Lists the deliveries of an endpoint. The response is `{"data": [...]}`; null in place of the
 * array means none.
 */
axonpush_status axonpush_webhooks_deliveries(axonpush_client *client,
                                             const char *endpoint_id,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Returns whether `signature`, the value of the X-AxonPush-Signature header, is the signature of
 * exactly the `len` bytes of `body` under the endpoint's `secret`: HMAC-SHA256 in lower-case hex.
 * The comparison takes constant time. Anything else gives false, including NULL and an empty
 * secret. `body` may be NULL if `len` is 0.
 *
 * The scheme has no timestamp, so a signature does not say when it was made. Refuse bodies that
 * you have seen before.
 */
bool axonpush_webhook_verify(const char *secret, const void *body, size_t len, const char *signature);

/**
 * Writes the signature of `len` bytes of `body` under `secret`, NUL-terminated, to the 65 bytes at
 * `out`. Returns false, with `out` untouched, if the secret is empty or an argument is NULL
 * (except `body` if `len` is 0).
 */
bool axonpush_webhook_sign(const char *secret, const void *body, size_t len, char *out);

/**
 * Lists the organizations of the key's user. The response is `{"organizations": [...]}`; null in
 * place of the array means none.
 */
axonpush_status axonpush_organizations_list(axonpush_client *client,
                                            axonpush_response **response,
                                            axonpush_error **error);

/**
 * Gets the organization that the key belongs to.
 */
axonpush_status axonpush_organizations_get(axonpush_client *client,
                                           axonpush_response **response,
                                           axonpush_error **error);

/**
 * Changes the organization that the key belongs to. `body_json` is an object of the members to
 * change, such as `{"name": "..."}`; `body_len` 0 means that it is NUL-terminated.
 */
axonpush_status axonpush_organizations_update(axonpush_client *client,
                                              const char *body_json,
                                              size_t body_len,
                                              axonpush_response **response,
                                              axonpush_error **error);

/**
 * Deletes an organization.
 */
axonpush_status axonpush_organizations_delete(axonpush_client *client,
                                              const char *org_id,
                                              axonpush_response **response,
                                              axonpush_error **error);

/**
 * Invites somebody into an organization.
 */
axonpush_status axonpush_organizations_invite(axonpush_client *client,
                                              const char *org_id,
                                              const char *invited_email,
                                              const char *role,
                                              axonpush_response **response,
                                              axonpush_error **error);

/**
 * Cancels an invitation.
 */
axonpush_status axonpush_organizations_cancel_invitation(axonpush_client *client,
                                                         const char *org_id,
                                                         const char *invitation_id,
                                                         axonpush_response **response,
                                                         axonpush_error **error);

/**
 * Removes a member from an organization.
 */
axonpush_status axonpush_organizations_remove_member(axonpush_client *client,
                                                     const char *org_id,
                                                     const char *user_id,
                                                     axonpush_response **response,
                                                     axonpush_error **error);

/**
 * Makes another member the owner of an organization.
 */
axonpush_status axonpush_organizations_transfer_ownership(axonpush_client *client,
                                                          const char *org_id,
                                                          const char *user_id,
                                                          axonpush_response **response,
                                                          axonpush_error **error);

/**
 * Leaves an organization.
 */
axonpush_status axonpush_organizations_leave(axonpush_client *client,
                                             const char *org_id,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Gets the capabilities of the service.
 */
axonpush_status axonpush_capabilities_get(axonpush_client *client,
                                          axonpush_response **response,
                                          axonpush_error **error);

/**
 * Asks whether the service is healthy. In fail-open mode an unreachable service is AXONPUSH_OK
 * here too, with NULL as the response. Check for that, or use strict mode.
 */
axonpush_status axonpush_health_get(axonpush_client *client,
                                    axonpush_response **response,
                                    axonpush_error **error);

/**
 * Sends spans to a channel as OTLP in JSON (ExportTraceServiceRequest). If `channel_id` is NULL,
 * the client's channel is used. `len` 0 means that `json` is NUL-terminated. The redaction rules
 * are not applied: the JSON is sent unchanged.
 */
axonpush_status axonpush_otlp_traces(axonpush_client *client,
                                     const char *channel_id,
                                     const char *json,
                                     size_t len,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Sends log records to a channel as OTLP in JSON (ExportLogsServiceRequest), in the same way as
 * axonpush_otlp_traces().
 */
axonpush_status axonpush_otlp_logs(axonpush_client *client,
                                   const char *channel_id,
                                   const char *json,
                                   size_t len,
                                   axonpush_response **response,
                                   axonpush_error **error);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_log_record_init(axonpush_log_record *record);

/**
 * Publishes a line of the application's log in the background. It is meant to be called by a log
 * sink and cannot break the application. It never waits: with AXONPUSH_OVERFLOW_BLOCK it refuses
 * the line instead. It suppresses every failure, even in strict mode, and counts it: in
 * `log_events_lost` of axonpush_stats if this function returns false, otherwise in `failed`,
 * `expired` and the like. Do not call it with the lines of this library's own log: inside an
 * axonpush_log_fn it returns false, so that no line causes another.
 *
 * Returns whether the event was accepted.
 */
bool axonpush_log_event(axonpush_client *client, const axonpush_log_record *record);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_stats_init(axonpush_stats *stats);

/**
 * Reads the counters into `*out`, which AXONPUSH_STATS_INIT has initialised.
 */
axonpush_status axonpush_stats_get(axonpush_client *client,
                                   axonpush_stats *out,
                                   axonpush_error **error);

/**
 * Returns the version of the running library, such as "1.2.3"; AXONPUSH_VERSION is the version of
 * the header. The string is static.
 */
const char *axonpush_version(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* AXONPUSH_H */
