/*
 * libaxonpush: publish, trace and read AI agent events from anything that can call C.
 *
 * GENERATED from src/ffi/ by cbindgen. Do not edit: change the Rust source and run `make header`.
 *
 * CONVENTIONS, said once here and not repeated below
 *
 * Results. A function that can fail returns an axonpush_status, 0 being success, and takes an
 *   axonpush_error ** last. It may be NULL. On success *error is NULL, on failure it is a new object
 *   that you free with axonpush_error_free(). Out-pointers are set to NULL before anything else.
 *   There is no "last error" of a thread.
 * Fail-open. On by default: when the service cannot be reached, the call logs a warning and succeeds
 *   with nothing (a NULL response) or an empty list. Every other failure is reported in both modes.
 * NULL is a legal argument for every accessor and every free function: reading from NULL gives NULL,
 *   0 or false. Code for the happy path keeps running when a fail-open call gives nothing.
 * Handles. axonpush_client is a slot and a generation, never an address: a closed or made-up one is AXONPUSH_ERR_INVALID_HANDLE, never
 *   a crash. The other objects are pointers that you own, and free once, with the function of their
 *   name.
 * Threads. Every function may be called from any thread, on one client from many at once. Exceptions
 *   are said at their type.
 * Strings are UTF-8 and NUL-terminated. What you pass is borrowed for the call and copied where it is
 *   kept. What you get belongs to the object it came from and lives until that is freed.
 * JSON goes in as pointer and length; length 0 means NUL-terminated.
 * Structs that you pass begin with struct_size. Initialise them with AXONPUSH_..._INIT; zero or NULL
 *   in any other member means its default.
 * Time is in milliseconds, memory in bytes, text length in Unicode characters.
 * Never: a panic or an exception out of the library, a signal handler, output on stdout, a call that
 *   outlives its deadline, the API key in a message or a log line.
 *
 * Where a rule comes from a specification, it is named: RFC 6901 (JSON pointers), RFC 3339 (times),
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
/* C++ before C++20 has no designated initialisers, and warns of members that a list leaves out. */
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

/* Event types that the service knows, for axonpush_event.event_type; any other text is legal. */
/** An agent began its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_START "agent.start"
/** An agent ended its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_END "agent.end"
/** A message of or to an agent. */
#define AXONPUSH_EVENT_TYPE_AGENT_MESSAGE "agent.message"
/** A tool was called. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START "agent.tool_call.start"
/** A tool has returned. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END "agent.tool_call.end"
/** An agent failed. */
#define AXONPUSH_EVENT_TYPE_AGENT_ERROR "agent.error"
/** An agent handed over to another. */
#define AXONPUSH_EVENT_TYPE_AGENT_HANDOFF "agent.handoff"
/** A model produced a token. */
#define AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN "agent.llm.token"
/** A line of an agent's log. */
#define AXONPUSH_EVENT_TYPE_AGENT_LOG "agent.log"
/** A line of a program's log. */
#define AXONPUSH_EVENT_TYPE_APP_LOG "app.log"
/** A span of a program. */
#define AXONPUSH_EVENT_TYPE_APP_SPAN "app.span"
/** Anything else; what the service takes where none is given. */
#define AXONPUSH_EVENT_TYPE_CUSTOM "custom"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The outcome of a call. A number never changes its meaning; new ones may be added, so treat one
 * that you do not know as a failure.
 *
 * "May be repeated" means that the same call can succeed later. Publishing is always safe to
 * repeat with the same `dedup_key`: the service stores an event once per key.
 */
enum {
    /**
     * The call did what it says. In fail-open mode an unreachable service is also AXONPUSH_OK, with
     * nothing (or an empty list) as the result.
     */
    AXONPUSH_OK = 0,
    /**
     * An argument cannot be used: missing, empty, not UTF-8, out of range, not a JSON object, too
     * large, too deep. Nothing was sent. Repeating it fails again.
     */
    AXONPUSH_ERR_INVALID_ARGUMENT = 1,
    /**
     * The client handle is NULL, closed, or was never one. Nothing was done.
     */
    AXONPUSH_ERR_INVALID_HANDLE = 2,
    /**
     * The API key is missing, or an environment variable, the base URL, the proxy or the certificate
     * authorities are unusable; the message names it. (Another option that cannot be used is
     * AXONPUSH_ERR_INVALID_ARGUMENT.)
     */
    AXONPUSH_ERR_CONFIG = 3,
    /**
     * The service could not be reached, or its response broke off, after all retries. Only strict
     * mode reports it. A request may have arrived all the same. May be repeated.
     */
    AXONPUSH_ERR_CONNECTION = 4,
    /**
     * HTTP 401: the API key is missing, wrong or revoked. Repeating it fails again.
     */
    AXONPUSH_ERR_AUTHENTICATION = 5,
    /**
     * HTTP 403: the key may not do this. A `pt_` token may only publish. Repeating it fails again.
     */
    AXONPUSH_ERR_FORBIDDEN = 6,
    /**
     * HTTP 404: no such channel, app or other thing. Repeating it fails again.
     */
    AXONPUSH_ERR_NOT_FOUND = 7,
    /**
     * HTTP 400 or 422: the service refuses what was sent; the message says where. Repeating it
     * fails again.
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
     * Any other HTTP response that is no success, redirects among them: they are never followed.
     */
    AXONPUSH_ERR_API = 11,
    /**
     * A success whose body is not the JSON expected, or is larger than 32 MiB. What was asked for
     * has probably happened.
     */
    AXONPUSH_ERR_DECODE = 12,
    /**
     * The queue of background publishing had no room: the event was refused, or dropped for a newer
     * one. May be repeated.
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
     * A defect of this library, contained. The client stays usable. Please report it.
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
     * The default. An outage costs a line every few seconds, not one per event.
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
 * What happens to an event for which the queue of background publishing has no room.
 */
enum {
    /**
     * The oldest event that waits makes room; its completion gets AXONPUSH_ERR_QUEUE_FULL.
     */
    AXONPUSH_OVERFLOW_DROP_OLDEST = 0,
    /**
     * The new event is refused with AXONPUSH_ERR_QUEUE_FULL.
     */
    AXONPUSH_OVERFLOW_DROP_NEWEST = 1,
    /**
     * The call waits for room.
     */
    AXONPUSH_OVERFLOW_BLOCK = 2,
};
typedef int32_t axonpush_overflow;

/**
 * Where completions of background publishing run.
 */
enum {
    /**
     * On a thread of the library's.
     */
    AXONPUSH_COMPLETION_THREAD = 0,
    /**
     * Inside axonpush_poll(), on the thread that calls it.
     */
    AXONPUSH_COMPLETION_POLLED = 1,
};
typedef int32_t axonpush_completion_mode;

/**
 * How much of prompts, messages, tool results and other content leaves the process. Values under
 * secret keys (password, api_key, authorization, ...) never do.
 */
enum {
    /**
     * The variable AXONPUSH_CONTENT_CAPTURE, else metadata only.
     */
    AXONPUSH_CONTENT_DEFAULT = 0,
    /**
     * Nothing: the value becomes "[REDACTED]".
     */
    AXONPUSH_CONTENT_METADATA_ONLY = 1,
    /**
     * The first 256 characters of each text.
     */
    AXONPUSH_CONTENT_REDACTED = 2,
    /**
     * All of it, up to max_content_length.
     */
    AXONPUSH_CONTENT_FULL = 3,
};
typedef int32_t axonpush_content_capture;

/**
 * Severity of a line, as OpenTelemetry numbers it: the first of each range; the numbers between are
 * finer steps.
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
 * A client: configuration, connections, and a queue of its own.
 *
 * Threads: any number of threads may use one client at once, axonpush_close() included.
 * Lifetime: from axonpush_new() to axonpush_close(). The pointer is a handle and not an
 * address: a call with a handle that is closed, closed twice or made up is
 * AXONPUSH_ERR_INVALID_HANDLE, never a crash. After fork() the child's copy works with connections and a queue of its own.
 */
typedef struct axonpush_client axonpush_client;

/**
 * Why a call failed.
 *
 * Threads: immutable, so any number of threads may read it.
 * Lifetime: yours from the call that failed until axonpush_error_free(); its strings live as long. An
 * error passed to a completion is only borrowed for that completion.
 */
typedef struct axonpush_error axonpush_error;

/**
 * An iterator over events, from the newest to the oldest, page by page behind the scenes: no event
 * twice and none left out, also where several share a timestamp.
 *
 * Threads: one at a time.
 * Lifetime: from axonpush_events_iter_new() to axonpush_events_iter_free(). It outlives its client's
 * close, but gets AXONPUSH_ERR_CLOSED then.
 */
typedef struct axonpush_events_iter axonpush_events_iter;

/**
 * A JSON object in the making: it starts as one empty object, and members are added in order.
 *
 * Inside an object every member needs a `key`; inside an array `key` is NULL. Mistakes (an end too
 * many, a key missing, text that is not UTF-8, NaN) need not be checked one by one: the first is
 * remembered, what follows is ignored, and axonpush_json_text() reports it.
 *
 * Threads: one at a time.
 * Lifetime: from axonpush_json_new() to axonpush_json_free().
 */
typedef struct axonpush_json axonpush_json;

/**
 * The JSON that a call gave.
 *
 * Members are named by JSON pointers (RFC 6901): "/events/0/eventId"; "" is the whole document; "~1"
 * stands for "/" and "~0" for "~" in a name.
 *
 * Threads: any number of threads may read it at once.
 * Lifetime: yours from the call that gave it until axonpush_response_free(); strings from it live as
 * long. A response passed to a completion is only borrowed for that completion.
 */
typedef struct axonpush_response axonpush_response;

/**
 * A trace, and a span in it: what ties events together across functions and processes.
 *
 * Threads: immutable, so any number of threads may read it.
 * Lifetime: yours from the function that gave it until axonpush_trace_free(); its strings live as long.
 */
typedef struct axonpush_trace axonpush_trace;

/**
 * Receives one line of the log, without a newline.
 *
 * Threads: it runs on whichever thread logs, several at once, and under no lock of the library's; from
 * axonpush_log_poll(), on the thread that polls.
 * It may call any function of this library, but what it calls may log again, and axonpush_close()
 * waits its whole `shutdown_timeout_ms` for the call that is logging.
 * Lifetime: `message` is borrowed for the call. `user_data` is what axonpush_log_set() or axonpush_log_poll() was given.
 * It must return normally: no exception, no longjmp.
 */
typedef void (*axonpush_log_fn)(axonpush_log_level level, const char *message, void *user_data);

/**
 * How a client is to behave. Zero or NULL (and, but for `proxy`, "") in a member means: the
 * environment variable if there is one, else the default.
 *
 * Threads: read during axonpush_new() only.
 * Lifetime: yours; everything is copied.
 */
typedef struct axonpush_options {
    /**
     * Set by AXONPUSH_OPTIONS_INIT or axonpush_options_init().
     */
    size_t struct_size;
    /**
     * An API key (`ak_...`), or a public ingest token (`pt_...`) that may only publish. Required,
     * here or as AXONPUSH_API_KEY.
     */
    const char *api_key;
    /**
     * Organization the calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID; default none.
     */
    const char *tenant_id;
    /**
     * The service: http or https, a path in it is kept as a prefix. AXONPUSH_BASE_URL; default
     * https://api.axonpush.xyz.
     */
    const char *base_url;
    /**
     * Environment slug. AXONPUSH_ENVIRONMENT; default none.
     */
    const char *environment;
    /**
     * Channel of events that name none. AXONPUSH_CHANNEL_ID; default none, which means the
     * organization's default channel.
     */
    const char *channel_id;
    /**
     * Milliseconds for one whole attempt, of which connecting takes at most 5000.
     * AXONPUSH_TIMEOUT, in seconds; default 30000.
     */
    uint32_t timeout_ms;
    /**
     * How often a failed call is repeated at most; negative: never. AXONPUSH_MAX_RETRIES; default 3.
     * A kept connection that the server closed meanwhile is no failure: the request goes out once
     * more at once, and that is not counted.
     */
    int32_t max_retries;
    /**
     * Whether an unreachable service is a logged warning (enabled) or an error (disabled: strict
     * mode). AXONPUSH_FAIL_OPEN; default enabled.
     */
    axonpush_toggle fail_open;
    /**
     * Events that may wait for background delivery, those being sent included. As many completions
     * (but 10000 at least) may wait to be run; beyond that, too, there is no room. Default 10000.
     */
    uint32_t queue_max_events;
    /**
     * Bytes that these events may take. Default 33554432 (32 MiB).
     */
    uint64_t queue_max_bytes;
    /**
     * What happens when there is no room. Default AXONPUSH_OVERFLOW_DROP_OLDEST.
     */
    axonpush_overflow overflow;
    /**
     * Milliseconds for which a queued event is retried. Default 300000.
     */
    uint32_t delivery_timeout_ms;
    /**
     * Connections of background publishing, at most 256; more than one only under backlog.
     * Default 8.
     */
    uint32_t max_connections;
    /**
     * Milliseconds that axonpush_close() may spend on delivering what waits. Default 2000.
     */
    uint32_t shutdown_timeout_ms;
    /**
     * Where completions run. Default AXONPUSH_COMPLETION_THREAD.
     */
    axonpush_completion_mode completion_mode;
    /**
     * How much content leaves the process. AXONPUSH_CONTENT_CAPTURE; default metadata only.
     */
    axonpush_content_capture content_capture;
    /**
     * Names, separated by commas and matched in any case, of members whose values never leave the
     * process. AXONPUSH_REDACT_KEYS; default none.
     */
    const char *redact_keys;
    /**
     * Unicode characters after which any string is cut. AXONPUSH_MAX_CONTENT_LENGTH; default 4096.
     */
    uint32_t max_content_length;
    /**
     * PEM file of the certificate authorities to trust in place of the platform's. The variable
     * SSL_CERT_FILE does the same for the platform's.
     */
    const char *ca_file;
    /**
     * The same as text; it wins over ca_file.
     */
    const char *ca_pem;
    /**
     * URL of an HTTP proxy, used by CONNECT. It wins over HTTPS_PROXY, HTTP_PROXY and NO_PROXY;
     * "" means no proxy at all.
     */
    const char *proxy;
    /**
     * Product token of a binding ("axonpush-go/1.0"), appended to the User-Agent.
     */
    const char *user_agent;
    /**
     * Milliseconds that AXONPUSH_OVERFLOW_BLOCK waits for room at most; then the event is refused with
     * AXONPUSH_ERR_QUEUE_FULL. Default 0: it waits for as long as it takes.
     */
    uint32_t block_timeout_ms;
} axonpush_options;

/**
 * An event to publish. NULL or "" in an optional member leaves it to the library or the service.
 *
 * Threads and lifetime: read during the call that it is passed to; everything is copied.
 */
typedef struct axonpush_event {
    /**
     * Set by AXONPUSH_EVENT_INIT or axonpush_event_init().
     */
    size_t struct_size;
    /**
     * Required: what happened, such as the name of an operation.
     */
    const char *identifier;
    /**
     * Required: a JSON object, at most 16 MiB and 127 levels deep.
     */
    const char *payload;
    /**
     * Bytes of `payload`; 0 means that it is NUL-terminated.
     */
    size_t payload_len;
    /**
     * Where to publish it; NULL: the client's channel, else the organization's default.
     */
    const char *channel_id;
    /**
     * "agent.start", "app.log", ...; NULL: "custom". Any text is legal.
     */
    const char *event_type;
    /**
     * The agent that the event is about.
     */
    const char *agent_id;
    /**
     * The trace that the event belongs to; NULL: the one that is current on this thread
     * (axonpush_trace_enter()), else one of its own (a UUID). No control characters.
     */
    const char *trace_id;
    /**
     * The event's span; NULL: drawn at random (16 hex digits, as in W3C Trace Context).
     */
    const char *span_id;
    /**
     * The span it happened in; NULL: that of the current trace, if the event belongs to it.
     */
    const char *parent_span_id;
    /**
     * The service stores an event once per key: 1 to 255 printable ASCII characters; NULL: a UUID.
     * Every retry carries the same.
     */
    const char *dedup_key;
    /**
     * When it happened: RFC 3339 in UTC, such as "2026-11-24T05:57:22.123Z"; NULL: now.
     */
    const char *occurred_at;
    /**
     * A JSON object of your own making, bounded as `payload` is.
     */
    const char *metadata;
    /**
     * Bytes of `metadata`; 0 means that it is NUL-terminated.
     */
    size_t metadata_len;
} axonpush_event;

/**
 * Filters of events, all optional: an event must match every filter that is set. Text is passed as it is; the library
 * encodes it.
 *
 * Threads and lifetime: read during the call that it is passed to.
 */
typedef struct axonpush_event_query {
    /**
     * Set by AXONPUSH_EVENT_QUERY_INIT or axonpush_event_query_init().
     */
    size_t struct_size;
    /**
     * RFC 3339, inclusive; NULL: the last 24 hours.
     */
    const char *since;
    /**
     * RFC 3339, exclusive. The oldest `createdAt` seen leads to the page before.
     */
    const char *until;
    /**
     * At most 500; 0: the service's default, 50.
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
     * Events that came this way, such as "app" or "otlp".
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
     * "agent", "tool", "llm", "retriever", "db", "http" or "log".
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
     * Free text, in any case.
     */
    const char *q;
    /**
     * An attribute; goes with `attr_value`.
     */
    const char *attr_key;
    /**
     * Its value.
     */
    const char *attr_value;
} axonpush_event_query;

/**
 * Called exactly once with the final outcome of an event that axonpush_events_publish_async() accepted.
 *
 * `status` AXONPUSH_OK with a `response`: delivered. AXONPUSH_OK with NULL: given up under fail-open.
 * Any other status: not delivered as far as is known, and `error` says why; with
 * AXONPUSH_ERR_CONNECTION, AXONPUSH_ERR_DECODE and AXONPUSH_ERR_CLOSED it may have arrived all the same.
 *
 * Threads: it runs on a thread of the library's whose name begins with "axonpush-" and which blocks all
 * signals, or inside axonpush_poll(); several may run at once. Never inside axonpush_events_publish_async(),
 * never under a lock of the library's, never after axonpush_close() has returned. It may call any
 * function, axonpush_close() on its own client included. While it runs, its connection is idle.
 * What the publishing thread did before the call happens before the completion, and what a completion did
 * happens before axonpush_flush(), axonpush_shutdown() or axonpush_close() that waited for it returns.
 * Completions that run at once are not ordered among themselves.
 * Lifetime: `response` and `error` are borrowed for the call. `user_data` is yours throughout.
 * It must return normally: no exception, no longjmp.
 */
typedef void (*axonpush_completion_fn)(axonpush_status status,
                                       const axonpush_response *response,
                                       const axonpush_error *error,
                                       void *user_data);

/**
 * Filters of traces, all optional: an event must match every filter that is set. Members marked (list) take several values,
 * separated by commas, any one of which must match.
 *
 * Threads and lifetime: read during the call that it is passed to.
 */
typedef struct axonpush_trace_query {
    /**
     * Set by AXONPUSH_TRACE_QUERY_INIT or axonpush_trace_query_init().
     */
    size_t struct_size;
    /**
     * Filters of the events in the traces, `limit` among them; may be NULL.
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
     * What to sort by, as the service names it.
     */
    const char *sort;
    /**
     * Milliseconds; 0: any.
     */
    uint64_t min_duration_ms;
    /**
     * How many to pass over.
     */
    uint32_t offset;
    /**
     * Only traces with an error in them.
     */
    axonpush_toggle errors_only;
} axonpush_trace_query;

/**
 * An environment to create, or what to change of one. NULL, "" or AXONPUSH_DEFAULT in an optional
 * member leaves it out.
 *
 * Threads and lifetime: read during the call that it is passed to.
 */
typedef struct axonpush_environment {
    /**
     * Set by AXONPUSH_ENVIRONMENT_INIT or axonpush_environment_init().
     */
    size_t struct_size;
    /**
     * Required to create one.
     */
    const char *name;
    /**
     * NULL: the service makes one of the name.
     */
    const char *slug;
    /**
     * For the dashboard, such as "#00aa00".
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
 * Threads and lifetime: read during the call that it is passed to.
 */
typedef struct axonpush_webhook {
    /**
     * Set by AXONPUSH_WEBHOOK_INIT or axonpush_webhook_init().
     */
    size_t struct_size;
    /**
     * Required: the channel whose events are delivered.
     */
    const char *channel_id;
    /**
     * Required: where to.
     */
    const char *url;
    /**
     * Event types to deliver, separated by commas; NULL: all.
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
 * Threads and lifetime: read during the call that it is passed to; everything is copied.
 */
typedef struct axonpush_log_record {
    /**
     * Set by AXONPUSH_LOG_RECORD_INIT or axonpush_log_record_init().
     */
    size_t struct_size;
    /**
     * The text; NULL and "" are an empty line.
     */
    const char *body;
    /**
     * Name of the logger, which becomes the event's identifier; NULL: "log".
     */
    const char *logger;
    /**
     * NULL: the name of the severity's range, such as "WARN".
     */
    const char *severity_text;
    /**
     * 1 to 24; 0: AXONPUSH_SEVERITY_INFO.
     */
    axonpush_severity severity;
    /**
     * Line in `file`.
     */
    uint32_t line;
    /**
     * Where in the source.
     */
    const char *file;
    /**
     * The function, likewise.
     */
    const char *function;
    /**
     * The program, such as "checkout".
     */
    const char *service_name;
    /**
     * A JSON object of what else is known, such as {"order": 4711}.
     */
    const char *attributes;
    /**
     * Bytes of `attributes`; 0 means that it is NUL-terminated.
     */
    size_t attributes_len;
    /**
     * When it happened: nanoseconds since 1970, UTC; 0: now.
     */
    uint64_t time_unix_nano;
    /**
     * NULL: "app.log". An agent's log is "agent.log".
     */
    const char *event_type;
    /**
     * As in axonpush_event.
     */
    const char *channel_id;
    /**
     * The agent whose log it is.
     */
    const char *agent_id;
    /**
     * NULL: the trace that is current on this thread.
     */
    const char *trace_id;
    /**
     * NULL: drawn at random.
     */
    const char *span_id;
} axonpush_log_record;

/**
 * What became of the events that background publishing accepted, and of the network.
 *
 * At any moment: accepted = delivered + failed + suppressed + dropped + expired + abandoned +
 * queued_events. Synchronous calls count in `retried` and `connections` only.
 */
typedef struct axonpush_stats {
    /**
     * Set by AXONPUSH_STATS_INIT or axonpush_stats_init().
     */
    size_t struct_size;
    /**
     * Events that axonpush_events_publish_async() took.
     */
    uint64_t accepted;
    /**
     * The service said that it has them.
     */
    uint64_t delivered;
    /**
     * The service rejected them for good.
     */
    uint64_t failed;
    /**
     * Given up while the service was unreachable, under fail-open.
     */
    uint64_t suppressed;
    /**
     * Made room for newer ones (AXONPUSH_OVERFLOW_DROP_OLDEST).
     */
    uint64_t dropped;
    /**
     * Not delivered within `delivery_timeout_ms`.
     */
    uint64_t expired;
    /**
     * Not delivered when a shutdown ran out of time.
     */
    uint64_t abandoned;
    /**
     * Waiting or being sent now.
     */
    uint64_t queued_events;
    /**
     * Bytes that these take.
     */
    uint64_t queued_bytes;
    /**
     * Attempts beyond the first, of all calls and events.
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
} axonpush_stats;

/**
 * The name of a status, such as "AXONPUSH_ERR_CONNECTION"; "AXONPUSH_ERR_UNKNOWN" for a number that
 * is none. Never NULL. The text is static.
 */
const char *axonpush_status_name(axonpush_status status);

/**
 * The status that the call returned; AXONPUSH_OK for NULL.
 */
axonpush_status axonpush_error_status(const axonpush_error *error);

/**
 * One sentence for a log or a person: what was wrong, and where it can be said, what to do. It never
 * holds the API key. NULL only for a NULL error.
 */
const char *axonpush_error_message(const axonpush_error *error);

/**
 * The service's machine-readable code, such as "validation_error"; NULL if it gave none.
 */
const char *axonpush_error_code(const axonpush_error *error);

/**
 * What the service suggests to do; NULL if it gave nothing.
 */
const char *axonpush_error_hint(const axonpush_error *error);

/**
 * The service's id of the failed request, to quote to its support; NULL if it gave none.
 */
const char *axonpush_error_request_id(const axonpush_error *error);

/**
 * The HTTP status of the response; 0 if there was none.
 */
int32_t axonpush_error_http_status(const axonpush_error *error);

/**
 * How many milliseconds the service asks to wait before the next try (header Retry-After); -1 if it
 * did not say.
 */
int64_t axonpush_error_retry_after_ms(const axonpush_error *error);

/**
 * Whether the same call can succeed later: connection, rate limit and server errors, and a full queue.
 */
bool axonpush_error_retryable(const axonpush_error *error);

/**
 * Frees an error and its strings. NULL is fine.
 */
void axonpush_error_free(axonpush_error *error);

/**
 * Chooses what is logged, and where to, for the whole process. The last call wins, and it wins over
 * the variable AXONPUSH_LOG (off, error, warn, info, debug).
 *
 * `fn` NULL: to stderr, as lines "axonpush: warning: ...". A `max_level` out of range is taken as the
 * nearest level. A thread that is in the old `fn` may still be there when this returns.
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
 * Any thread may call it; each line goes to one caller. NULL for `fn` discards the lines.
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
 * Whatever later versions append is not written, so that it never writes past the struct of a caller
 * that was compiled against an older header. To use an appended member, fill the struct with zeros and
 * set `struct_size` to its size, as AXONPUSH_OPTIONS_INIT does.
 */
void axonpush_options_init(axonpush_options *options);

/**
 * Makes a client. Nothing is sent yet, no name is looked up, no thread is started.
 *
 * `options` NULL: all from the environment. On failure NULL is returned and `*error` says why:
 * AXONPUSH_ERR_CONFIG or AXONPUSH_ERR_INVALID_ARGUMENT. Close the client with axonpush_close().
 */
axonpush_client *axonpush_new(const axonpush_options *options, axonpush_error **error);

/**
 * Waits until every event accepted before the call has ended: delivered or not, with its completion
 * returned (in polled mode: waiting to be polled). Events accepted meanwhile are not waited for.
 *
 * AXONPUSH_ERR_TIMEOUT after `timeout_ms`: the message says how many are left; they stay queued. Inside
 * a completion, the event of that completion is not waited for.
 */
axonpush_status axonpush_flush(axonpush_client *client, uint32_t timeout_ms, axonpush_error **error);

/**
 * Stops a client for good: new calls and events get AXONPUSH_ERR_CLOSED at once, events that wait are
 * delivered for up to `timeout_ms`, running calls may finish meanwhile. Then what is left is
 * interrupted or abandoned (its completions get AXONPUSH_ERR_CLOSED) and the threads end. The handle
 * lives on for axonpush_stats_get(), axonpush_poll() and axonpush_close().
 *
 * It returns within `timeout_ms` plus half a second. AXONPUSH_ERR_TIMEOUT: events were abandoned; the
 * message says how many.
 */
axonpush_status axonpush_shutdown(axonpush_client *client, uint32_t timeout_ms, axonpush_error **error);

/**
 * Closes a client: the handle is invalid at once, and then all happens that axonpush_shutdown() does,
 * within the client's `shutdown_timeout_ms`. Completions that were not polled run now, on this thread.
 *
 * It returns within `shutdown_timeout_ms` plus half a second, whatever the network does, and no
 * completion starts after it has returned. It may be called inside a completion. NULL, and a client
 * that is closed already, are fine.
 *
 * A client that is not closed is shut down in the same way when the process calls exit().
 */
void axonpush_close(axonpush_client *client);

/**
 * AXONPUSH_COMPLETION_POLLED: runs the completions that wait, on this thread. If none waits, it waits
 * for up to `timeout_ms` until one does. Returns how many ran; 0 also for a client that is not in
 * polled mode or not valid.
 */
size_t axonpush_poll(axonpush_client *client, uint32_t timeout_ms);

/**
 * AXONPUSH_COMPLETION_POLLED: a descriptor that is readable while completions wait, for poll(2) and
 * event loops. When it is, call axonpush_poll(); do not read from it. -1 for a client that is not in
 * polled mode or not valid.
 *
 * Lifetime: the library's; it is closed with the client.
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
 * axonpush_flush() and axonpush_poll() end by it, too.
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
 * and a client's own handle, are left alone. Events that were accepted are not taken back.
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
 * Publishes one event and waits for the response: one request, repeated as the retry rules say, always
 * with the same `dedup_key`.
 *
 * On AXONPUSH_OK `*response` is the service's response, with "/eventId" in it; free it with
 * axonpush_response_free(). NULL there: suppressed by fail-open. `response` may be NULL if it is not
 * wanted. The call takes at most `timeout_ms` for each attempt, and the waits between them.
 */
axonpush_status axonpush_events_publish(axonpush_client *client,
                                        const axonpush_event *event,
                                        axonpush_response **response,
                                        axonpush_error **error);

/**
 * Accepts one event for delivery in the background, and returns: the event is copied into the queue,
 * with no network, no disk and no wait (but for AXONPUSH_OVERFLOW_BLOCK).
 *
 * AXONPUSH_OK means accepted: the event gets exactly one `completion` (which may be NULL), is retried
 * until `delivery_timeout_ms`, and is in the counters of axonpush_stats_get(). Its `dedup_key`, `span_id`
 * and `occurred_at` are the same on every attempt, so that the service stores it once. Events are
 * started in the order in which they were accepted.
 *
 * Anything else means not accepted, with no completion: AXONPUSH_ERR_INVALID_ARGUMENT,
 * AXONPUSH_ERR_QUEUE_FULL or AXONPUSH_ERR_CLOSED.
 */
axonpush_status axonpush_events_publish_async(axonpush_client *client,
                                              const axonpush_event *event,
                                              axonpush_completion_fn completion,
                                              void *user_data,
                                              axonpush_error **error);

/**
 * Lists events of a channel, newest first: `{"events": [...]}`, where null means none.
 *
 * `channel_id` NULL: the client's channel. `query` may be NULL. In fail-open mode an unreachable
 * service gives an empty list. Free `*response` with axonpush_response_free().
 */
axonpush_status axonpush_events_list(axonpush_client *client,
                                     const char *channel_id,
                                     const axonpush_event_query *query,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Searches the organization's events, newest first: `{"events": [...]}`, where null means none.
 *
 * `query` may be NULL. In fail-open mode an unreachable service gives an empty list. Free `*response`
 * with axonpush_response_free().
 */
axonpush_status axonpush_events_search(axonpush_client *client,
                                       const axonpush_event_query *query,
                                       axonpush_response **response,
                                       axonpush_error **error);

/**
 * Calls any other endpoint, with the same credentials, retries, errors and fail-open.
 *
 * `method`: GET, POST, PUT, PATCH or DELETE. `path` starts with "/" and is relative to the base URL;
 * percent-encode ids in it (an id ".." as "%2e%2e"). `query`, without "?", and `body_json` (`body_len` 0: NUL-terminated) may be
 * NULL. A POST or PATCH whose response was lost is not repeated, since it may have been carried out.
 *
 * On AXONPUSH_OK `*response` is the response, JSON null where it was empty; NULL there: suppressed by
 * fail-open. Free it with axonpush_response_free().
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
 * The whole response as JSON text, NUL-terminated; its length goes to `*len`, which may be NULL. NULL
 * for a NULL response.
 */
const char *axonpush_response_json(const axonpush_response *response, size_t *len);

/**
 * The string at `pointer`. NULL if there is none, if it is no string, or if it has a NUL character
 * inside, which C would take for its end (axonpush_response_json() has it).
 */
const char *axonpush_response_string(const axonpush_response *response, const char *pointer);

/**
 * The value at `pointer` as JSON text, as it stands in the response, NUL-terminated; its length goes to
 * `*len`, which may be NULL. NULL, and 0 there, if there is none. "" is the whole response.
 */
const char *axonpush_response_raw(const axonpush_response *response, const char *pointer, size_t *len);

/**
 * The integer at `pointer`. False, with `*out` untouched, if there is no number, or one that is not
 * written as an integer or does not fit.
 */
bool axonpush_response_int(const axonpush_response *response, const char *pointer, int64_t *out);

/**
 * The number at `pointer`. False, with `*out` untouched, if there is none or it is beyond a double.
 */
bool axonpush_response_double(const axonpush_response *response, const char *pointer, double *out);

/**
 * The boolean at `pointer`. False, with `*out` untouched, if there is none.
 */
bool axonpush_response_bool(const axonpush_response *response, const char *pointer, bool *out);

/**
 * How many members the array or object at `pointer` has; 0 if there is none.
 */
size_t axonpush_response_count(const axonpush_response *response, const char *pointer);

/**
 * The HTTP status of the response; 0 for NULL, and for the empty list of fail-open.
 */
int32_t axonpush_response_http_status(const axonpush_response *response);

/**
 * The service's id of the request (header X-Request-Id); NULL if it gave none.
 */
const char *axonpush_response_request_id(const axonpush_response *response);

/**
 * Frees a response and all strings from it. NULL is fine.
 */
void axonpush_response_free(axonpush_response *response);

/**
 * Starts an object. Free it with axonpush_json_free().
 */
axonpush_json *axonpush_json_new(void);

/**
 * Adds a string, escaped as JSON needs it. `value` NULL adds null.
 */
void axonpush_json_string(axonpush_json *json, const char *key, const char *value);

/**
 * Adds an integer.
 */
void axonpush_json_int(axonpush_json *json, const char *key, int64_t value);

/**
 * Adds a number, as the shortest text that reads back the same. NaN and infinity are mistakes.
 */
void axonpush_json_double(axonpush_json *json, const char *key, double value);

/**
 * Adds true or false.
 */
void axonpush_json_bool(axonpush_json *json, const char *key, bool value);

/**
 * Adds a value that is JSON text already. `len` 0 means that it is NUL-terminated. Text that is not
 * valid JSON is a mistake.
 */
void axonpush_json_raw(axonpush_json *json, const char *key, const char *value, size_t len);

/**
 * Begins an object inside; what follows goes into it, until axonpush_json_end().
 */
void axonpush_json_begin_object(axonpush_json *json, const char *key);

/**
 * Begins an array inside; what follows goes into it, until axonpush_json_end().
 */
void axonpush_json_begin_array(axonpush_json *json, const char *key);

/**
 * Ends the object or array that was begun last.
 */
void axonpush_json_end(axonpush_json *json);

/**
 * The finished object, NUL-terminated; its length goes to `*len`, which may be NULL. It lives until
 * the next call on `json`. NULL after a mistake, and while something begun is not ended: `*error`
 * (AXONPUSH_ERR_INVALID_ARGUMENT) says what was wrong.
 */
const char *axonpush_json_text(axonpush_json *json, size_t *len, axonpush_error **error);

/**
 * Frees a writer and its text. NULL is fine.
 */
void axonpush_json_free(axonpush_json *json);

/**
 * Starts a trace, or goes on with one: what is NULL or "" is drawn at random (a UUID; 16 hex digits).
 * NULL on failure. Free it with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_new(const char *trace_id, const char *span_id, axonpush_error **error);

/**
 * Takes the trace of an incoming `traceparent` header (W3C Trace Context). A malformed header is
 * refused, never guessed at: NULL, and AXONPUSH_ERR_INVALID_ARGUMENT. Free it with axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_parse(const char *traceparent, axonpush_error **error);

/**
 * A new span in the same trace; a new trace for NULL. NULL only on failure. Free it with
 * axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_child(const axonpush_trace *parent, axonpush_error **error);

/**
 * The id of the trace; NULL for NULL.
 */
const char *axonpush_trace_id(const axonpush_trace *trace);

/**
 * The id of the span; NULL for NULL.
 */
const char *axonpush_trace_span_id(const axonpush_trace *trace);

/**
 * The `traceparent` header to send with an outgoing request; NULL for NULL. An id that is not in the
 * form of W3C Trace Context is written as a hash of it, always the same.
 */
const char *axonpush_trace_traceparent(const axonpush_trace *trace);

/**
 * Makes a trace current on the calling thread; NULL: none. Events published meanwhile on this thread,
 * now or in the background, carry its trace id, and its span as their parent, unless they say otherwise;
 * requests carry it in their headers.
 *
 * Returns what was current before, NULL if nothing was (which is no failure): hand it to
 * axonpush_trace_leave(), on the same thread. Completions run in no trace. `trace` is copied and may be freed at once.
 */
axonpush_trace *axonpush_trace_enter(const axonpush_trace *trace);

/**
 * Makes current again what axonpush_trace_enter() returned, and frees it.
 */
void axonpush_trace_leave(axonpush_trace *previous);

/**
 * A copy of the trace that is current on the calling thread; NULL: none. Free it with
 * axonpush_trace_free().
 */
axonpush_trace *axonpush_trace_current(void);

/**
 * Frees a trace and its strings. NULL is fine. It stays current where it was made current.
 */
void axonpush_trace_free(axonpush_trace *trace);

/**
 * Initialises the members of the first released layout, for languages without macros. NULL is fine. See
 * axonpush_options_init().
 */
void axonpush_trace_query_init(axonpush_trace_query *query);

/**
 * Lists traces: `{"traces": [...]}`, where null means none. `query` may be NULL.
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
 * Creates an iterator over a channel's events; `channel_id` NULL: the whole organization's, as for
 * axonpush_events_search(). `query` may be NULL; its `limit` is the size of a page (default 500), not of
 * the whole. Without `query.since` the service goes back 24 hours. Nothing is requested yet. Free `*iter`
 * with axonpush_events_iter_free().
 */
axonpush_status axonpush_events_iter_new(axonpush_client *client,
                                         const char *channel_id,
                                         const axonpush_event_query *query,
                                         axonpush_events_iter **iter,
                                         axonpush_error **error);

/**
 * Goes to the next older event: `*event` is its JSON ("/eventId", "/payload/..."), which lives until the
 * next call on `iter` (do not free it); AXONPUSH_OK with NULL there: the end. In fail-open mode an
 * unreachable service is the end. After a failure the same call may be made again: it goes on where it
 * was.
 *
 * AXONPUSH_ERR_API with HTTP status 0: 500 events or more have one and the same `createdAt`, and the
 * service has no way to ask for those before. Filters may divide them.
 */
axonpush_status axonpush_events_iter_next(axonpush_events_iter *iter,
                                          const axonpush_response **event,
                                          axonpush_error **error);

/**
 * Frees an iterator and its current event. NULL is fine.
 */
void axonpush_events_iter_free(axonpush_events_iter *iter);

/**
 * Lists the apps: `{"apps": [...]}`, where null means none. In fail-open mode an unreachable service
 * gives an empty list.
 *
 * As for all functions of resources: free `*response` with axonpush_response_free(); NULL there is
 * "suppressed by fail-open"; ids are taken as they are and become one segment of the path each; GET,
 * PUT, PATCH and DELETE are repeated as the retry rules say, a POST only where it surely did not
 * arrive or was turned away (429, 503). A DELETE whose response was lost may so be told "not found".
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
 * Lists the channels of an app: `{"channels": [...]}`, where null means none.
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
 * Lists the environments: `{"environments": [...]}`, where null means none.
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
 * Changes the members of an environment that are given.
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
 * Creates an endpoint. The response has its secret, which axonpush_webhook_verify() needs.
 */
axonpush_status axonpush_webhooks_create(axonpush_client *client,
                                         const axonpush_webhook *webhook,
                                         axonpush_response **response,
                                         axonpush_error **error);

/**
 * Lists the endpoints of a channel: `{"data": [...]}`, where null means none.
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
 * Lists the deliveries of an endpoint: `{"data": [...]}`, where null means none.
 */
axonpush_status axonpush_webhooks_deliveries(axonpush_client *client,
                                             const char *endpoint_id,
                                             axonpush_response **response,
                                             axonpush_error **error);

/**
 * Whether `signature`, the value of the header X-AxonPush-Signature, is that of the exact `len` bytes of
 * `body` under the endpoint's `secret`: lower-case hex of HMAC-SHA256. It is compared in constant time.
 * False for anything else, NULL or an empty secret included. `body` may be NULL if `len` is 0.
 *
 * The scheme has no timestamp: what a signature does not say is when. Refuse bodies that you have seen.
 */
bool axonpush_webhook_verify(const char *secret, const void *body, size_t len, const char *signature);

/**
 * Writes the signature of `len` bytes of `body` under `secret`, NUL-terminated, to the 65 bytes at `out`.
 * False, with `out` untouched, if an argument is NULL (but for `body` where `len` is 0) or the secret is
 * empty.
 */
bool axonpush_webhook_sign(const char *secret, const void *body, size_t len, char *out);

/**
 * Lists the organizations of the key's user: `{"organizations": [...]}`, where null means none.
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
 * Changes the organization that the key belongs to: `body_json` is an object of the members to change,
 * such as `{"name": "..."}` (`body_len` 0: NUL-terminated).
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
 * Takes an invitation back.
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
 * Gets what the service can do.
 */
axonpush_status axonpush_capabilities_get(axonpush_client *client,
                                          axonpush_response **response,
                                          axonpush_error **error);

/**
 * Asks whether the service is well. Under fail-open an unreachable service is AXONPUSH_OK here too, with
 * NULL as the response: look at that, or ask in strict mode.
 */
axonpush_status axonpush_health_get(axonpush_client *client,
                                    axonpush_response **response,
                                    axonpush_error **error);

/**
 * Hands spans to the service as OTLP in JSON (ExportTraceServiceRequest), for a channel. `channel_id`
 * NULL: the client's channel. `len` 0: NUL-terminated. The redaction rules do not apply: it is sent as it is.
 */
axonpush_status axonpush_otlp_traces(axonpush_client *client,
                                     const char *channel_id,
                                     const char *json,
                                     size_t len,
                                     axonpush_response **response,
                                     axonpush_error **error);

/**
 * Hands log records to the service as OTLP in JSON (ExportLogsServiceRequest). As axonpush_otlp_traces().
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
 * Publishes a line of the application's log in the background, for a log sink to call: it cannot break the
 * application. It never waits (with AXONPUSH_OVERFLOW_BLOCK it refuses instead), and every failure is suppressed
 * in strict mode too, and counted: in `log_events_lost` of axonpush_stats where this returns false, in
 * `failed`, `expired` and the like afterwards. It must not be called with the lines of this library's own log
 * (axonpush_log_fn): from there it returns false, so that no line begets another.
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
 * The version of the library that is running, such as "1.2.3"; AXONPUSH_VERSION is the header's. The
 * text is static.
 */
const char *axonpush_version(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* AXONPUSH_H */
