#define _GNU_SOURCE /* F_DUPFD_CLOEXEC is POSIX, but glibc hides it from plain C99 */
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define STRING(place) (at[place] == 0 ? NULL : block + at[place] - 1)

static axonpush_client *handle_of(uintptr_t client) { return (axonpush_client *)client; }

/* ---- outcomes ---- */

static axg_string string_of(const char *start) {
    axg_string result = { start, start == NULL ? 0 : strlen(start) };
    return result;
}

/* Describes the outcome of a call; its strings belong to `response` and `error`. */
static void describe(axg_outcome *outcome, axonpush_status status, const axonpush_response *response,
                     const axonpush_error *error) {
    memset(outcome, 0, sizeof *outcome);
    outcome->status = status;
    outcome->retry_after_ms = -1;
    if (error != NULL) {
        outcome->http_status = axonpush_error_http_status(error);
        outcome->retry_after_ms = axonpush_error_retry_after_ms(error);
        outcome->retryable = axonpush_error_retryable(error);
        outcome->message = string_of(axonpush_error_message(error));
        outcome->code = string_of(axonpush_error_code(error));
        outcome->hint = string_of(axonpush_error_hint(error));
        outcome->request_id = string_of(axonpush_error_request_id(error));
    } else if (response != NULL) {
        outcome->has_response = true;
        outcome->http_status = axonpush_response_http_status(response);
        outcome->json.start = axonpush_response_json(response, &outcome->json.length);
        outcome->request_id = string_of(axonpush_response_request_id(response));
    }
}

/* An outcome that owns `response` and `error`. */
static axg_outcome *finish(axonpush_status status, axonpush_response *response, axonpush_error *error) {
    axg_outcome *outcome = malloc(sizeof *outcome);
    if (outcome == NULL) {
        axonpush_response_free(response);
        axonpush_error_free(error);
        return NULL;
    }
    describe(outcome, status, response, error);
    outcome->response = response;
    outcome->error = error;
    return outcome;
}

static void move_string(axg_string *string, char **room) {
    if (string->start == NULL) return;
    memcpy(*room, string->start, string->length);
    string->start = *room;
    *room += string->length;
}

/* An outcome with copies of its strings, for a response or an error that is only borrowed. */
static axg_outcome *copy(axonpush_status status, const axonpush_response *response, const axonpush_error *error) {
    axg_outcome seen;
    describe(&seen, status, response, error);
    size_t strings = seen.json.length + seen.request_id.length + seen.message.length + seen.code.length + seen.hint.length;
    axg_outcome *outcome = malloc(sizeof seen + strings);
    if (outcome == NULL) return NULL;
    *outcome = seen;
    char *room = (char *)(outcome + 1);
    move_string(&outcome->json, &room);
    move_string(&outcome->request_id, &room);
    move_string(&outcome->message, &room);
    move_string(&outcome->code, &room);
    move_string(&outcome->hint, &room);
    return outcome;
}

void axg_outcome_free(axg_outcome *all) {
    while (all != NULL) {
        axg_outcome *next = all->next;
        axonpush_response_free(all->response);
        axonpush_error_free(all->error);
        free(all);
        all = next;
    }
}

/* ---- calls ---- */

axg_outcome *axg_new(axonpush_options options, const char *block, const size_t *at, uintptr_t *client) {
    options.struct_size = sizeof options;
    options.api_key = STRING(AXG_OPTION_API_KEY);
    options.tenant_id = STRING(AXG_OPTION_TENANT_ID);
    options.base_url = STRING(AXG_OPTION_BASE_URL);
    options.environment = STRING(AXG_OPTION_ENVIRONMENT);
    options.channel_id = STRING(AXG_OPTION_CHANNEL_ID);
    options.redact_keys = STRING(AXG_OPTION_REDACT_KEYS);
    options.ca_file = STRING(AXG_OPTION_CA_FILE);
    options.ca_pem = STRING(AXG_OPTION_CA_PEM);
    options.proxy = STRING(AXG_OPTION_PROXY);
    options.user_agent = STRING(AXG_OPTION_USER_AGENT);
    options.spool_dir = STRING(AXG_OPTION_SPOOL_DIR);
    options.otlp_endpoint = STRING(AXG_OPTION_OTLP_ENDPOINT);
    options.otlp_headers = STRING(AXG_OPTION_OTLP_HEADERS);
    axonpush_error *error = NULL;
    *client = (uintptr_t)axonpush_new(&options, &error);
    return finish(axonpush_error_status(error), NULL, error);
}

static axonpush_event event_of(const char *block, const size_t *at, size_t payload_len, size_t metadata_len) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = STRING(AXG_EVENT_IDENTIFIER);
    event.payload = STRING(AXG_EVENT_PAYLOAD);
    event.payload_len = payload_len;
    event.channel_id = STRING(AXG_EVENT_CHANNEL_ID);
    event.event_type = STRING(AXG_EVENT_EVENT_TYPE);
    event.agent_id = STRING(AXG_EVENT_AGENT_ID);
    event.trace_id = STRING(AXG_EVENT_TRACE_ID);
    event.span_id = STRING(AXG_EVENT_SPAN_ID);
    event.parent_span_id = STRING(AXG_EVENT_PARENT_SPAN_ID);
    event.dedup_key = STRING(AXG_EVENT_DEDUP_KEY);
    event.occurred_at = STRING(AXG_EVENT_OCCURRED_AT);
    event.metadata = STRING(AXG_EVENT_METADATA);
    event.metadata_len = metadata_len;
    return event;
}

axg_outcome *axg_publish(uintptr_t client, const char *block, const size_t *at, size_t payload_len, size_t metadata_len) {
    axonpush_event event = event_of(block, at, payload_len, metadata_len);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_publish(handle_of(client), &event, &response, &error);
    return finish(status, response, error);
}

/* Makes the trace of a call current on this thread, if it has one. leave() must be called with both results. */
static bool enter(const char *block, const size_t *at, axonpush_trace **before) {
    if (at[AXG_IN_TRACE] == 0) return false;
    axonpush_trace *trace = axonpush_trace_new(STRING(AXG_IN_TRACE), STRING(AXG_IN_SPAN), NULL);
    if (trace == NULL) return false;
    *before = axonpush_trace_enter(trace);
    axonpush_trace_free(trace);
    return true;
}

static void leave(bool entered, axonpush_trace *before) {
    if (entered) axonpush_trace_leave(before);
}

static axonpush_event_query query_of(const char *block, const size_t *at, uint32_t limit) {
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.since = STRING(AXG_QUERY_SINCE);
    query.until = STRING(AXG_QUERY_UNTIL);
    query.limit = limit;
    query.app_id = STRING(AXG_QUERY_APP_ID);
    query.channel_id = STRING(AXG_QUERY_CHANNEL_ID);
    query.environment_id = STRING(AXG_QUERY_ENVIRONMENT_ID);
    query.event_type = STRING(AXG_QUERY_EVENT_TYPE);
    query.source = STRING(AXG_QUERY_SOURCE);
    query.status = STRING(AXG_QUERY_STATUS);
    query.trace_id = STRING(AXG_QUERY_TRACE_ID);
    query.agent_id = STRING(AXG_QUERY_AGENT_ID);
    query.agent_name = STRING(AXG_QUERY_AGENT_NAME);
    query.tool_name = STRING(AXG_QUERY_TOOL_NAME);
    query.semantic_kind = STRING(AXG_QUERY_SEMANTIC_KIND);
    query.service_name = STRING(AXG_QUERY_SERVICE_NAME);
    query.operation_name = STRING(AXG_QUERY_OPERATION_NAME);
    query.error_type = STRING(AXG_QUERY_ERROR_TYPE);
    query.q = STRING(AXG_QUERY_Q);
    query.attr_key = STRING(AXG_QUERY_ATTR_KEY);
    query.attr_value = STRING(AXG_QUERY_ATTR_VALUE);
    return query;
}

axg_outcome *axg_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit) {
    axonpush_event_query query = query_of(block, at, limit);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    axonpush_status status = axonpush_events_list(handle_of(client), STRING(AXG_QUERY_LIST_CHANNEL), &query, &response, &error);
    leave(entered, before);
    return finish(status, response, error);
}

axg_outcome *axg_search(uintptr_t client, const char *block, const size_t *at, uint32_t limit) {
    axonpush_event_query query = query_of(block, at, limit);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    axonpush_status status = axonpush_events_search(handle_of(client), &query, &response, &error);
    leave(entered, before);
    return finish(status, response, error);
}

axg_outcome *axg_iter_new(uintptr_t client, const char *block, const size_t *at, uint32_t limit, uintptr_t *iter) {
    axonpush_event_query query = query_of(block, at, limit);
    axonpush_events_iter *events = NULL;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_iter_new(handle_of(client), STRING(AXG_QUERY_LIST_CHANNEL), &query, &events, &error);
    *iter = (uintptr_t)events;
    return finish(status, NULL, error);
}

axg_outcome *axg_iter_next(uintptr_t iter, size_t most, const char *block, const size_t *at) {
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    axg_outcome *first = NULL, **last = &first;
    for (size_t i = 0; i < most; i++) {
        const axonpush_response *event = NULL;
        axonpush_error *error = NULL;
        axonpush_status status = axonpush_events_iter_next((axonpush_events_iter *)iter, &event, &error);
        axg_outcome *outcome = copy(status, event, error);
        axonpush_error_free(error);
        if (outcome == NULL) abort(); /* an event must not get lost silently */
        *last = outcome;
        last = &outcome->next;
        if (status != AXONPUSH_OK || event == NULL) break;
    }
    leave(entered, before);
    return first;
}

void axg_iter_free(uintptr_t iter) { axonpush_events_iter_free((axonpush_events_iter *)iter); }

axg_outcome *axg_request(uintptr_t client, const char *block, const size_t *at, size_t body_len) {
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    axonpush_status status = axonpush_request(handle_of(client), STRING(AXG_REQUEST_METHOD), STRING(AXG_REQUEST_PATH),
                                              STRING(AXG_REQUEST_QUERY), STRING(AXG_REQUEST_BODY), body_len, &response, &error);
    leave(entered, before);
    return finish(status, response, error);
}

axg_outcome *axg_traces_list(uintptr_t client, const char *block, const size_t *at, uint32_t limit,
                             axonpush_trace_query query) {
    axonpush_event_query events = query_of(block, at, limit);
    query.struct_size = sizeof query;
    query.events = &events;
    query.service = STRING(AXG_TRACES_SERVICE);
    query.operation = STRING(AXG_TRACES_OPERATION);
    query.model = STRING(AXG_TRACES_MODEL);
    query.provider = STRING(AXG_TRACES_PROVIDER);
    query.agent = STRING(AXG_TRACES_AGENT);
    query.tool = STRING(AXG_TRACES_TOOL);
    query.release = STRING(AXG_TRACES_RELEASE);
    query.session = STRING(AXG_TRACES_SESSION);
    query.user = STRING(AXG_TRACES_USER);
    query.sort = STRING(AXG_TRACES_SORT);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    axonpush_status status = axonpush_traces_list(handle_of(client), &query, &response, &error);
    leave(entered, before);
    return finish(status, response, error);
}

axg_outcome *axg_operate(uintptr_t client, axg_operation operation, const char *block, const size_t *at, axg_extra extra) {
    axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
    environment.name = STRING(AXG_NAME);
    environment.slug = STRING(AXG_SLUG);
    environment.color = STRING(AXG_COLOR);
    environment.is_default = extra.is_default;
    environment.is_production = extra.is_production;
    axonpush_webhook webhook = AXONPUSH_WEBHOOK_INIT;
    webhook.channel_id = STRING(AXG_CHANNEL);
    webhook.url = STRING(AXG_URL);
    webhook.event_types = STRING(AXG_EVENT_TYPES);
    webhook.description = STRING(AXG_DESCRIPTION);
    axonpush_status status = AXONPUSH_ERR_INTERNAL;
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    switch (operation) {
    case AXG_APPS_LIST: status = axonpush_apps_list(handle_of(client), &response, &error); break;
    case AXG_APPS_CREATE: status = axonpush_apps_create(handle_of(client), STRING(AXG_NAME), &response, &error); break;
    case AXG_APPS_GET: status = axonpush_apps_get(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_APPS_UPDATE: status = axonpush_apps_update(handle_of(client), STRING(AXG_ID), STRING(AXG_NAME), &response, &error); break;
    case AXG_APPS_DELETE: status = axonpush_apps_delete(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_CHANNELS_LIST: status = axonpush_channels_list(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_CHANNELS_CREATE:
        status = axonpush_channels_create(handle_of(client), STRING(AXG_ID), STRING(AXG_NAME), &response, &error);
        break;
    case AXG_CHANNELS_GET:
        status = axonpush_channels_get(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), &response, &error);
        break;
    case AXG_CHANNELS_UPDATE:
        status = axonpush_channels_update(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), STRING(AXG_NAME), &response, &error);
        break;
    case AXG_CHANNELS_DELETE:
        status = axonpush_channels_delete(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), &response, &error);
        break;
    case AXG_ENVIRONMENTS_LIST: status = axonpush_environments_list(handle_of(client), &response, &error); break;
    case AXG_ENVIRONMENTS_CREATE: status = axonpush_environments_create(handle_of(client), &environment, &response, &error); break;
    case AXG_ENVIRONMENTS_UPDATE:
        status = axonpush_environments_update(handle_of(client), STRING(AXG_ID), &environment, &response, &error);
        break;
    case AXG_ENVIRONMENTS_DELETE: status = axonpush_environments_delete(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_ENVIRONMENTS_PROMOTE: status = axonpush_environments_promote(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_WEBHOOKS_CREATE: status = axonpush_webhooks_create(handle_of(client), &webhook, &response, &error); break;
    case AXG_WEBHOOKS_LIST: status = axonpush_webhooks_list(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_WEBHOOKS_DELETE: status = axonpush_webhooks_delete(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_WEBHOOKS_DELIVERIES: status = axonpush_webhooks_deliveries(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_TRACES_GET: status = axonpush_traces_get(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_ORGANIZATIONS_LIST: status = axonpush_organizations_list(handle_of(client), &response, &error); break;
    case AXG_ORGANIZATIONS_GET: status = axonpush_organizations_get(handle_of(client), &response, &error); break;
    case AXG_ORGANIZATIONS_UPDATE:
        status = axonpush_organizations_update(handle_of(client), STRING(AXG_BODY), extra.body_len, &response, &error);
        break;
    case AXG_ORGANIZATIONS_DELETE: status = axonpush_organizations_delete(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_ORGANIZATIONS_INVITE:
        status = axonpush_organizations_invite(handle_of(client), STRING(AXG_ID), STRING(AXG_EMAIL), STRING(AXG_ROLE), &response, &error);
        break;
    case AXG_ORGANIZATIONS_CANCEL_INVITATION:
        status = axonpush_organizations_cancel_invitation(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), &response, &error);
        break;
    case AXG_ORGANIZATIONS_REMOVE_MEMBER:
        status = axonpush_organizations_remove_member(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), &response, &error);
        break;
    case AXG_ORGANIZATIONS_TRANSFER_OWNERSHIP:
        status = axonpush_organizations_transfer_ownership(handle_of(client), STRING(AXG_ID), STRING(AXG_SECOND_ID), &response, &error);
        break;
    case AXG_ORGANIZATIONS_LEAVE: status = axonpush_organizations_leave(handle_of(client), STRING(AXG_ID), &response, &error); break;
    case AXG_CAPABILITIES_GET: status = axonpush_capabilities_get(handle_of(client), &response, &error); break;
    case AXG_HEALTH_GET: status = axonpush_health_get(handle_of(client), &response, &error); break;
    case AXG_OTLP_TRACES:
        status = axonpush_otlp_traces(handle_of(client), STRING(AXG_CHANNEL), STRING(AXG_BODY), extra.body_len, &response, &error);
        break;
    case AXG_OTLP_LOGS:
        status = axonpush_otlp_logs(handle_of(client), STRING(AXG_CHANNEL), STRING(AXG_BODY), extra.body_len, &response, &error);
        break;
    }
    leave(entered, before);
    return finish(status, response, error);
}

axg_outcome *axg_trace_make(const char *block, const size_t *at, bool child, axg_trace *out) {
    axonpush_error *error = NULL;
    axonpush_trace *trace = at[AXG_TRACE_TRACEPARENT] != 0
                                ? axonpush_trace_parse(STRING(AXG_TRACE_TRACEPARENT), &error)
                                : axonpush_trace_new(STRING(AXG_TRACE_ID), STRING(AXG_TRACE_SPAN_ID), &error);
    if (child && trace != NULL) {
        axonpush_trace *parent = trace;
        trace = axonpush_trace_child(parent, &error);
        axonpush_trace_free(parent);
    }
    out->handle = trace;
    out->id = string_of(axonpush_trace_id(trace));
    out->span_id = string_of(axonpush_trace_span_id(trace));
    out->traceparent = string_of(axonpush_trace_traceparent(trace));
    return finish(axonpush_error_status(error), NULL, error);
}

bool axg_log_event(uintptr_t client, const char *block, const size_t *at, int32_t severity, uint32_t line,
                   size_t attributes_len, uint64_t time_unix_nano) {
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = STRING(AXG_LOG_BODY);
    record.logger = STRING(AXG_LOG_LOGGER);
    record.severity = (axonpush_severity)severity;
    record.line = line;
    record.file = STRING(AXG_LOG_FILE);
    record.function = STRING(AXG_LOG_FUNCTION);
    record.service_name = STRING(AXG_LOG_SERVICE_NAME);
    record.attributes = STRING(AXG_LOG_ATTRIBUTES);
    record.attributes_len = attributes_len;
    record.time_unix_nano = time_unix_nano;
    record.event_type = STRING(AXG_LOG_EVENT_TYPE);
    record.channel_id = STRING(AXG_LOG_CHANNEL_ID);
    record.agent_id = STRING(AXG_LOG_AGENT_ID);
    axonpush_trace *before = NULL;
    bool entered = enter(block, at, &before);
    bool accepted = axonpush_log_event(handle_of(client), &record);
    leave(entered, before);
    return accepted;
}

axg_outcome *axg_call_new(uintptr_t client, uint32_t timeout_ms, uintptr_t *call) {
    axonpush_error *error = NULL;
    *call = (uintptr_t)axonpush_call_new(handle_of(client), timeout_ms, &error);
    return *call != 0 ? NULL : finish(axonpush_error_status(error), NULL, error);
}

void axg_call_cancel(uintptr_t call) { axonpush_call_cancel(handle_of(call)); }
void axg_call_free(uintptr_t call) { axonpush_call_free(handle_of(call)); }

axg_outcome *axg_flush(uintptr_t client, uint32_t timeout_ms) {
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_flush(handle_of(client), timeout_ms, &error);
    return finish(status, NULL, error);
}

axg_outcome *axg_shutdown(uintptr_t client, uint32_t timeout_ms) {
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_shutdown(handle_of(client), timeout_ms, &error);
    return finish(status, NULL, error);
}

axg_outcome *axg_stats(uintptr_t client, axonpush_stats *out) {
    axonpush_error *error = NULL;
    *out = (axonpush_stats)AXONPUSH_STATS_INIT;
    axonpush_status status = axonpush_stats_get(handle_of(client), out, &error);
    return finish(status, NULL, error);
}

/* ---- completions ---- */

/* The completions that run inside one call on this thread. They run only inside axonpush_poll() and
 * axonpush_close(), on the thread that calls these. */
struct batch {
    axg_outcome *first, **last;
};
static __thread struct batch *batch;

static void collect(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *user_data) {
    /* When exit() in a C program drains a client that Go did not close, there is nobody to call. */
    if (batch == NULL) return;
    axg_outcome *outcome = copy(status, response, error);
    if (outcome == NULL) abort(); /* a result must not get lost silently */
    outcome->id = (uintptr_t)user_data;
    *batch->last = outcome;
    batch->last = &outcome->next;
}

axg_outcome *axg_publish_async(uintptr_t client, const char *block, const size_t *at, size_t payload_len,
                               size_t metadata_len, bool with_completion, uintptr_t id) {
    axonpush_event event = event_of(block, at, payload_len, metadata_len);
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_publish_async(handle_of(client), &event, with_completion ? collect : NULL,
                                                           (void *)id, &error);
    if (status == AXONPUSH_OK) return NULL;
    axg_outcome *outcome = finish(status, NULL, error);
    if (outcome == NULL) abort(); /* NULL would mean that the event was accepted */
    return outcome;
}

axg_outcome *axg_poll(uintptr_t client) {
    struct batch mine = { NULL, &mine.first };
    batch = &mine;
    axonpush_poll(handle_of(client), 0);
    batch = NULL;
    return mine.first;
}

axg_outcome *axg_close(uintptr_t client) {
    struct batch mine = { NULL, &mine.first };
    batch = &mine;
    axonpush_close(handle_of(client));
    batch = NULL;
    return mine.first;
}

int axg_completion_fd(uintptr_t client) {
    int fd = axonpush_completion_fd(handle_of(client));
    /* A copy, so that Go may wait on it while the client closes its own. */
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* ---- log ---- */

enum { MAX_LINES = 1000 };

static void collect_line(axonpush_log_level level, const char *message, void *user_data) {
    axg_line ***last = user_data;
    size_t size = strlen(message) + 1;
    axg_line *line = malloc(sizeof *line + size);
    if (line == NULL) return;
    line->next = NULL;
    line->level = level;
    memcpy(line->text, message, size);
    **last = line;
    *last = &line->next;
}

void axg_log_set(axonpush_log_level max_level, bool polled) {
    if (polled) axonpush_log_set_polled(max_level, MAX_LINES);
    else axonpush_log_set(max_level, NULL, NULL);
}

bool axg_log_wait(uint32_t timeout_ms) { return axonpush_log_poll(NULL, NULL, timeout_ms) > 0; }

axg_line *axg_log_take(void) {
    axg_line *first = NULL, **last = &first;
    axonpush_log_poll(collect_line, &last, 0);
    return first;
}

const char *axg_line_text(const axg_line *line) { return line->text; }

void axg_log_free(axg_line *all) {
    while (all != NULL) {
        axg_line *next = all->next;
        free(all);
        all = next;
    }
}
