/* What Go calls instead of axonpush.h: the same functions in a shape that suits cgo.
 *
 * - A client handle is slot and generation, not an address, so Go keeps it as uintptr_t: the garbage
 *   collector would scan a pointer, and checkptr would refuse it.
 * - The strings of one call come as one block, each ended by a NUL, with the offset of each plus one in `at`
 *   (0: not set). That is one argument that contains no pointers, and no malloc for each string.
 * - The outcome of a call is an axg_outcome, which Go copies and frees: two crossings in all. */
#ifndef AXG_SHIM_H
#define AXG_SHIM_H

#include <axonpush.h>

/* The places of the strings in `at`. */
enum {
    AXG_EVENT_IDENTIFIER, AXG_EVENT_PAYLOAD, AXG_EVENT_CHANNEL_ID, AXG_EVENT_EVENT_TYPE, AXG_EVENT_AGENT_ID,
    AXG_EVENT_TRACE_ID, AXG_EVENT_SPAN_ID, AXG_EVENT_PARENT_SPAN_ID, AXG_EVENT_DEDUP_KEY,
    AXG_EVENT_OCCURRED_AT, AXG_EVENT_METADATA,
    AXG_EVENT_STRINGS
};
enum {
    AXG_OPTION_API_KEY, AXG_OPTION_TENANT_ID, AXG_OPTION_BASE_URL, AXG_OPTION_ENVIRONMENT,
    AXG_OPTION_CHANNEL_ID, AXG_OPTION_REDACT_KEYS, AXG_OPTION_CA_FILE, AXG_OPTION_CA_PEM, AXG_OPTION_PROXY,
    AXG_OPTION_USER_AGENT, AXG_OPTION_SPOOL_DIR, AXG_OPTION_OTLP_ENDPOINT, AXG_OPTION_OTLP_HEADERS,
    AXG_OPTION_STRINGS
};
enum {
    AXG_QUERY_SINCE, AXG_QUERY_UNTIL, AXG_QUERY_APP_ID, AXG_QUERY_CHANNEL_ID, AXG_QUERY_ENVIRONMENT_ID,
    AXG_QUERY_EVENT_TYPE, AXG_QUERY_SOURCE, AXG_QUERY_STATUS, AXG_QUERY_TRACE_ID, AXG_QUERY_AGENT_ID,
    AXG_QUERY_AGENT_NAME, AXG_QUERY_TOOL_NAME, AXG_QUERY_SEMANTIC_KIND, AXG_QUERY_SERVICE_NAME,
    AXG_QUERY_OPERATION_NAME, AXG_QUERY_ERROR_TYPE, AXG_QUERY_Q, AXG_QUERY_ATTR_KEY, AXG_QUERY_ATTR_VALUE,
    AXG_QUERY_LIST_CHANNEL, /* the channel to list, which is not a filter */
    AXG_QUERY_STRINGS
};
enum {
    AXG_REQUEST_METHOD, AXG_REQUEST_PATH, AXG_REQUEST_QUERY, AXG_REQUEST_BODY,
    AXG_REQUEST_STRINGS
};
/* The filters of traces are those of events, and these. */
enum {
    AXG_TRACES_SERVICE = AXG_QUERY_STRINGS, AXG_TRACES_OPERATION, AXG_TRACES_MODEL, AXG_TRACES_PROVIDER,
    AXG_TRACES_AGENT, AXG_TRACES_TOOL, AXG_TRACES_RELEASE, AXG_TRACES_SESSION, AXG_TRACES_USER, AXG_TRACES_SORT,
    AXG_TRACES_STRINGS
};
enum {
    AXG_ID, AXG_SECOND_ID, /* ids in the path, in its order */
    AXG_NAME, AXG_SLUG, AXG_COLOR, AXG_CHANNEL, AXG_URL, AXG_EVENT_TYPES, AXG_DESCRIPTION, AXG_EMAIL, AXG_ROLE, AXG_BODY,
    AXG_RESOURCE_STRINGS
};
/* The trace and the span in which a call is made: for log records and for all calls that wait for the network
 * except axg_publish(), whose event says it. The trace is current during the C call, which stays on one thread. */
enum {
    AXG_IN_TRACE = AXG_TRACES_STRINGS, AXG_IN_SPAN,
    AXG_MAX_STRINGS
};

typedef struct axg_string {
    const char *start; /* NULL: none */
    size_t length;
} axg_string;

/* The outcome of a call or of an event, or one of a list of them. */
typedef struct axg_outcome {
    struct axg_outcome *next;
    uintptr_t id; /* for a completion: the id of the event's callback */
    axonpush_status status;
    int32_t http_status;
    int64_t retry_after_ms;
    bool retryable;
    bool has_response;
    axg_string json, request_id, message, code, hint;
    /* The owners of the strings; NULL if the strings follow this struct. */
    axonpush_response *response;
    axonpush_error *error;
} axg_outcome;

/* The functions that return an axg_outcome return NULL only when memory is exhausted, unless they say otherwise. */
void axg_outcome_free(axg_outcome *all);

axg_outcome *axg_new(axonpush_options options, const char *block, const size_t *at, uintptr_t *client);
axg_outcome *axg_publish(uintptr_t client, const char *block, const size_t *at, size_t payload_len, size_t metadata_len);
axg_outcome *axg_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit);
axg_outcome *axg_search(uintptr_t client, const char *block, const size_t *at, uint32_t limit);
axg_outcome *axg_request(uintptr_t client, const char *block, const size_t *at, size_t body_len);
axg_outcome *axg_traces_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit,
                             axonpush_trace_query numbers);

/* The operations on resources, each of which is the C function of that name. */
typedef enum axg_operation {
    AXG_APPS_LIST, AXG_APPS_CREATE, AXG_APPS_GET, AXG_APPS_UPDATE, AXG_APPS_DELETE,
    AXG_CHANNELS_LIST, AXG_CHANNELS_CREATE, AXG_CHANNELS_GET, AXG_CHANNELS_UPDATE, AXG_CHANNELS_DELETE,
    AXG_ENVIRONMENTS_LIST, AXG_ENVIRONMENTS_CREATE, AXG_ENVIRONMENTS_UPDATE, AXG_ENVIRONMENTS_DELETE,
    AXG_ENVIRONMENTS_PROMOTE,
    AXG_WEBHOOKS_CREATE, AXG_WEBHOOKS_LIST, AXG_WEBHOOKS_DELETE, AXG_WEBHOOKS_DELIVERIES,
    AXG_TRACES_GET,
    AXG_ORGANIZATIONS_LIST, AXG_ORGANIZATIONS_GET, AXG_ORGANIZATIONS_UPDATE, AXG_ORGANIZATIONS_DELETE,
    AXG_ORGANIZATIONS_INVITE, AXG_ORGANIZATIONS_CANCEL_INVITATION, AXG_ORGANIZATIONS_REMOVE_MEMBER,
    AXG_ORGANIZATIONS_TRANSFER_OWNERSHIP, AXG_ORGANIZATIONS_LEAVE,
    AXG_CAPABILITIES_GET, AXG_HEALTH_GET,
    AXG_OTLP_TRACES, AXG_OTLP_LOGS
} axg_operation;

/* What an operation takes besides strings. */
typedef struct axg_extra {
    size_t body_len;
    axonpush_toggle is_default, is_production;
} axg_extra;

axg_outcome *axg_operate(uintptr_t client, axg_operation operation, const char *block, const size_t *at, axg_extra extra);

/* Call handles, which stand for a client in all functions here. axg_call_new(): NULL on success. */
axg_outcome *axg_call_new(uintptr_t client, uint32_t timeout_ms, uintptr_t *call);
void axg_call_cancel(uintptr_t call);
void axg_call_free(uintptr_t call);

axg_outcome *axg_flush(uintptr_t client, uint32_t timeout_ms);
axg_outcome *axg_shutdown(uintptr_t client, uint32_t timeout_ms);
axg_outcome *axg_stats(uintptr_t client, axonpush_stats *out);

/* Makes an iterator over events and stores it in `*iter`. */
axg_outcome *axg_iter_new(uintptr_t client, const char *block, const size_t *at, uint32_t limit, uintptr_t *iter);
/* The next events, at most `most`, in order. The last outcome is a failure, or has no response at the end of the
 * events; otherwise there may be more. Each has copies of its strings. */
axg_outcome *axg_iter_next(uintptr_t iter, size_t most, const char *block, const size_t *at);
void axg_iter_free(uintptr_t iter);

/* The strings of a trace, which live until axonpush_trace_free(handle). */
typedef struct axg_trace {
    axg_string id, span_id, traceparent;
    axonpush_trace *handle;
} axg_trace;

enum { AXG_TRACE_ID, AXG_TRACE_SPAN_ID, AXG_TRACE_TRACEPARENT };

/* Makes a trace from a traceparent if it is set, else from the ids that are set; `child`: a new span in it. */
axg_outcome *axg_trace_make(const char *block, const size_t *at, bool child, axg_trace *out);

/* The strings of a log record. */
enum {
    AXG_LOG_BODY, AXG_LOG_LOGGER, AXG_LOG_FILE, AXG_LOG_FUNCTION, AXG_LOG_SERVICE_NAME, AXG_LOG_ATTRIBUTES,
    AXG_LOG_EVENT_TYPE, AXG_LOG_CHANNEL_ID, AXG_LOG_AGENT_ID,
    AXG_LOG_STRINGS
};

/* Returns whether the record was accepted. It never waits. */
bool axg_log_event(uintptr_t client, const char *block, const size_t *at, int32_t severity, uint32_t line,
                   size_t attributes_len, uint64_t time_unix_nano);

/* Returns NULL if the event was accepted. With `with_completion`, its outcome comes from axg_poll() or
 * axg_close() later, with this id. */
axg_outcome *axg_publish_async(uintptr_t client, const char *block, const size_t *at, size_t payload_len,
                               size_t metadata_len, bool with_completion, uintptr_t id);

/* The completions that are ready, in order; NULL if there are none. It does not block. */
axg_outcome *axg_poll(uintptr_t client);
/* Closes the client, and returns the completions that nobody has polled. */
axg_outcome *axg_close(uintptr_t client);
/* A descriptor that belongs to the caller and is readable while completions are ready; -1 if there is none. */
int axg_completion_fd(uintptr_t client);

/* One line of the log. */
typedef struct axg_line {
    struct axg_line *next;
    axonpush_log_level level;
    char text[];
} axg_line;

/* Lets lines wait for axg_log_take() (true), or lets the library write them to stderr (false). */
void axg_log_set(axonpush_log_level max_level, bool polled);
/* Waits until lines wait; false: there are none, because the time is over or the log is not polled. */
bool axg_log_wait(uint32_t timeout_ms);
/* The lines that wait, in order; NULL if there are none. */
axg_line *axg_log_take(void);
const char *axg_line_text(const axg_line *line);
void axg_log_free(axg_line *all);

#endif
