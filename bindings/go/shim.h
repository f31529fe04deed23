/* What Go calls instead of axonpush.h: the same functions in a shape that suits cgo.
 *
 * - A client handle is a ticket and not an address, so Go keeps it as uintptr_t: as a pointer it would
 *   be scanned by the garbage collector, and refused by checkptr.
 * - Texts of one call come as one block, each ended by a NUL, with the offset of each plus one in `at`
 *   (0: not given): one argument that holds no pointers, and no malloc for each string.
 * - What a call gave is an axg_outcome: Go copies from it and frees it, two crossings in all. */
#ifndef AXG_SHIM_H
#define AXG_SHIM_H

#include <axonpush.h>

/* The places of the texts in `at`. */
enum {
    AXG_EVENT_IDENTIFIER, AXG_EVENT_PAYLOAD, AXG_EVENT_CHANNEL_ID, AXG_EVENT_EVENT_TYPE, AXG_EVENT_AGENT_ID,
    AXG_EVENT_TRACE_ID, AXG_EVENT_SPAN_ID, AXG_EVENT_PARENT_SPAN_ID, AXG_EVENT_DEDUP_KEY,
    AXG_EVENT_OCCURRED_AT, AXG_EVENT_METADATA,
    AXG_EVENT_TEXTS
};
enum {
    AXG_OPTION_API_KEY, AXG_OPTION_TENANT_ID, AXG_OPTION_BASE_URL, AXG_OPTION_ENVIRONMENT,
    AXG_OPTION_CHANNEL_ID, AXG_OPTION_REDACT_KEYS, AXG_OPTION_CA_FILE, AXG_OPTION_CA_PEM, AXG_OPTION_PROXY,
    AXG_OPTION_USER_AGENT,
    AXG_OPTION_TEXTS
};
enum {
    AXG_QUERY_SINCE, AXG_QUERY_UNTIL, AXG_QUERY_APP_ID, AXG_QUERY_CHANNEL_ID, AXG_QUERY_ENVIRONMENT_ID,
    AXG_QUERY_EVENT_TYPE, AXG_QUERY_SOURCE, AXG_QUERY_STATUS, AXG_QUERY_TRACE_ID, AXG_QUERY_AGENT_ID,
    AXG_QUERY_AGENT_NAME, AXG_QUERY_TOOL_NAME, AXG_QUERY_SEMANTIC_KIND, AXG_QUERY_SERVICE_NAME,
    AXG_QUERY_OPERATION_NAME, AXG_QUERY_ERROR_TYPE, AXG_QUERY_Q, AXG_QUERY_ATTR_KEY, AXG_QUERY_ATTR_VALUE,
    AXG_QUERY_LIST_CHANNEL, /* the channel to list, which is no filter */
    AXG_QUERY_TEXTS
};
enum {
    AXG_REQUEST_METHOD, AXG_REQUEST_PATH, AXG_REQUEST_QUERY, AXG_REQUEST_BODY,
    AXG_REQUEST_TEXTS
};
/* Filters of traces are those of events, and these. */
enum {
    AXG_TRACES_SERVICE = AXG_QUERY_TEXTS, AXG_TRACES_OPERATION, AXG_TRACES_MODEL, AXG_TRACES_PROVIDER,
    AXG_TRACES_AGENT, AXG_TRACES_TOOL, AXG_TRACES_RELEASE, AXG_TRACES_SESSION, AXG_TRACES_USER, AXG_TRACES_SORT,
    AXG_TRACES_TEXTS
};
enum {
    AXG_ID, AXG_SECOND_ID, /* of the path, in its order */
    AXG_NAME, AXG_SLUG, AXG_COLOR, AXG_CHANNEL, AXG_URL, AXG_EVENT_TYPES, AXG_DESCRIPTION, AXG_EMAIL, AXG_ROLE, AXG_BODY,
    AXG_RESOURCE_TEXTS
};
/* The trace that a call is made in, and the span: for log lines, and all that waits for the network but
 * axg_publish(), whose event says it. It is made current for the length of the C call, which never changes threads. */
enum {
    AXG_IN_TRACE = AXG_TRACES_TEXTS, AXG_IN_SPAN,
    AXG_MOST_TEXTS
};

typedef struct axg_texts {
    const char *block;
    const size_t *at;
} axg_texts;

typedef struct axg_text {
    const char *start; /* NULL: none */
    size_t length;
} axg_text;

/* A result, or one of a list of them: what a call gave, or what became of an event. */
typedef struct axg_outcome {
    struct axg_outcome *next;
    uintptr_t id; /* of the event's callback, where it is a completion */
    axonpush_status status;
    int32_t http_status;
    int64_t retry_after_ms;
    bool retryable;
    bool answered; /* there is a response */
    axg_text json, request_id, message, code, hint;
    /* What the texts belong to; NULL where they follow this struct. */
    axonpush_response *response;
    axonpush_error *error;
} axg_outcome;

/* Those that give an axg_outcome give NULL only without memory. */
void axg_outcome_free(axg_outcome *all);

axg_outcome *axg_new(axonpush_options options, const char *block, const size_t *at, uintptr_t *client);
axg_outcome *axg_publish(uintptr_t client, const char *block, const size_t *at, size_t payload_len, size_t metadata_len);
axg_outcome *axg_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit);
axg_outcome *axg_search(uintptr_t client, const char *block, const size_t *at, uint32_t limit);
axg_outcome *axg_request(uintptr_t client, const char *block, const size_t *at, size_t body_len);
axg_outcome *axg_traces_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit,
                             axonpush_trace_query numbers);

/* The operations on resources, each the function of that name. */
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

/* What an operation takes besides texts. */
typedef struct axg_extra {
    size_t body_len;
    axonpush_toggle is_default, is_production;
} axg_extra;

axg_outcome *axg_operate(uintptr_t client, axg_operation operation, const char *block, const size_t *at, axg_extra extra);

axg_outcome *axg_flush(uintptr_t client, uint32_t timeout_ms);
axg_outcome *axg_shutdown(uintptr_t client, uint32_t timeout_ms);
axg_outcome *axg_stats(uintptr_t client, axonpush_stats *out);

/* A walk through events, which `*iter` gets. */
axg_outcome *axg_iter_new(uintptr_t client, const char *block, const size_t *at, uint32_t limit, uintptr_t *iter);
/* The next events, at most `most`, in their order. The last outcome is a failure, or has no response at the
 * end; else there may be more. Each has copies of its texts. */
axg_outcome *axg_iter_next(uintptr_t iter, size_t most, const char *block, const size_t *at);
void axg_iter_free(uintptr_t iter);

/* A trace's texts, which live until axonpush_trace_free(handle). */
typedef struct axg_trace {
    axg_text id, span_id, traceparent;
    axonpush_trace *handle;
} axg_trace;

enum { AXG_TRACE_ID, AXG_TRACE_SPAN_ID, AXG_TRACE_TRACEPARENT };

/* From a traceparent if there is one, else from ids, whichever are given; `child`: a new span in it. */
axg_outcome *axg_trace_make(const char *block, const size_t *at, bool child, axg_trace *out);

/* A line of a log, whose texts these are. */
enum {
    AXG_LOG_BODY, AXG_LOG_LOGGER, AXG_LOG_FILE, AXG_LOG_FUNCTION, AXG_LOG_SERVICE_NAME, AXG_LOG_ATTRIBUTES,
    AXG_LOG_EVENT_TYPE, AXG_LOG_CHANNEL_ID, AXG_LOG_AGENT_ID,
    AXG_LOG_TEXTS
};

/* Whether it was accepted. Never waits. */
bool axg_log_event(uintptr_t client, const char *block, const size_t *at, int32_t severity, uint32_t line,
                   size_t attributes_len, uint64_t time_unix_nano);

/* NULL: accepted. `with_completion`: its outcome will come, with this id, from axg_poll() or axg_close(). */
axg_outcome *axg_publish_async(uintptr_t client, const char *block, const size_t *at, size_t payload_len,
                               size_t metadata_len, bool with_completion, uintptr_t id);

/* The completions that wait, in their order; NULL: none. Does not block. */
axg_outcome *axg_poll(uintptr_t client);
/* Closes, and gives the completions that nobody has polled. */
axg_outcome *axg_close(uintptr_t client);
/* A descriptor of the caller's own, which is readable while completions wait; -1: none. */
int axg_completion_fd(uintptr_t client);

/* One line of the log. */
typedef struct axg_line {
    struct axg_line *next;
    axonpush_log_level level;
    char text[];
} axg_line;

/* A descriptor that is readable while lines wait, from the first call on the same; -1: none. */
int axg_log_fd(void);
/* Collects lines (true), or lets the library write them to stderr (false). */
void axg_log_set(axonpush_log_level max_level, bool collect);
/* The lines that wait, in their order, and how many more had to be dropped. */
axg_line *axg_log_take(uint64_t *dropped);
const char *axg_line_text(const axg_line *line);
void axg_log_free(axg_line *all);

#endif
