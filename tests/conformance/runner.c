/*
 * The table of cases, run through the C API. README.md says what a row means.
 *
 *     runner DIRECTORY SERVER-URL [NAME...]
 *
 * Main parts, in order: differences, the development server, arguments (JSON to structs), checks, outcomes, calls, rows.
 */
#include "json.h"

#include <axonpush.h>

#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <pthread.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RUNNER "c"
#define DEAD_URL "http://127.0.0.1:1"
/* Every wait of the library ends on time; a row that does not end is killed by SIGALRM. */
#define ROW_LIMIT_S 60

static const char *server_url;
static const char *row_folder; /* NULL: the row has used none. */

/* ---- Differences ---- */

/* The first one of the running row; "" while there is none. */
static char difference[4000];

__attribute__((format(printf, 1, 2))) static bool differ(const char *pattern, ...) {
    if (difference[0]) return false;
    va_list arguments;
    va_start(arguments, pattern);
    vsnprintf(difference, sizeof difference, pattern, arguments);
    va_end(arguments);
    return false;
}

static bool is_word_of(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; length && (at = strstr(at, word)); at++) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
    }
    return false;
}

/* Strictness: an object whose members are all among `words`. */
static bool has_only(const json *object, const char *words, const char *where) {
    if (object->kind != JSON_OBJECT) return differ("%s is no object", where);
    for (size_t i = 0; i < object->count; i++) {
        if (!is_word_of(words, object->names[i])) return differ("%s: unknown member \"%s\"", where, object->names[i]);
    }
    return true;
}

/* The text of a string in the table, where C can pass it on. */
static const char *text_of(const json *value, const char *where) {
    if (!value || value->kind != JSON_STRING) {
        differ("%s: expected a string", where);
        return "";
    }
    if (strlen(value->text) != value->length) differ("%s: C cannot express a NUL inside a text", where);
    return value->text;
}

/* ---- The development server ---- */

static void give_up(const char *why) {
    printf("cannot go on: %s\n", why);
    exit(3);
}

/* The body of the response to a control request. */
static const char *dev(const char *method, const char *path, const char *body, size_t length) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)atoi(strrchr(server_url, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) give_up("the development server is not there");
    const char *request = arena_format(
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%.*s", method, path,
        length, (int)length, body);
    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request)) give_up("the development server does not listen");
    size_t room = 1 << 16, filled = 0;
    char *response = arena_new(room);
    for (ssize_t got; (got = read(fd, response + filled, room - 1 - filled)) > 0;) {
        filled += (size_t)got;
        if (filled < room - 1) continue;
        char *larger = arena_new(room *= 2);
        response = memcpy(larger, response, filled);
    }
    close(fd);
    const char *end_of_head = strstr(response, "\r\n\r\n");
    if (!end_of_head || strncmp(response, "HTTP/1.1 2", 10) != 0) {
        give_up(arena_format("%s %s: %.500s", method, path, response));
    }
    return end_of_head + 4;
}

static json *dev_json(const char *path) {
    const char *why;
    json *response = json_parse(dev("GET", path, "", 0), &why);
    if (!response) give_up(why);
    return response;
}

/* ---- Arguments: JSON to the structs of the API ---- */

typedef enum kind { TEXT, URL, FOLDER, DOCUMENT, INT32, UINT32, UINT64, TOGGLE, OVERFLOW_POLICY, CAPTURE, VERSION, SPOOL_SYNC,
               EXPORTER, INT64, DOUBLE, A_MODEL_CALL, A_TOOL_CALL, AN_AGENT_RUN } kind;

typedef struct field {
    const char *name;
    kind kind;
    size_t offset;
    size_t length_offset; /* Of a DOCUMENT. */
} field;

#define FIELD(type, member, kind) {#member, kind, offsetof(type, member), 0}
#define JSON_FIELD(type, member) \
    {#member, DOCUMENT, offsetof(type, member), offsetof(type, member##_len)}, \
    {#member "_text", TEXT, offsetof(type, member), 0}
#define END {NULL, TEXT, 0, 0}

static const field OPTIONS[] = {
    FIELD(axonpush_options, api_key, TEXT),
    FIELD(axonpush_options, tenant_id, TEXT),
    FIELD(axonpush_options, base_url, URL),
    FIELD(axonpush_options, environment, TEXT),
    FIELD(axonpush_options, channel_id, TEXT),
    FIELD(axonpush_options, timeout_ms, UINT32),
    FIELD(axonpush_options, max_retries, INT32),
    FIELD(axonpush_options, fail_open, TOGGLE),
    FIELD(axonpush_options, queue_max_events, UINT32),
    FIELD(axonpush_options, queue_max_bytes, UINT64),
    FIELD(axonpush_options, overflow, OVERFLOW_POLICY),
    FIELD(axonpush_options, delivery_timeout_ms, UINT32),
    FIELD(axonpush_options, max_connections, UINT32),
    FIELD(axonpush_options, http_version, VERSION),
    FIELD(axonpush_options, shutdown_timeout_ms, UINT32),
    FIELD(axonpush_options, block_timeout_ms, UINT32),
    FIELD(axonpush_options, spool_dir, FOLDER),
    FIELD(axonpush_options, spool_max_bytes, UINT64),
    FIELD(axonpush_options, spool_max_age_s, UINT32),
    FIELD(axonpush_options, spool_sync, SPOOL_SYNC),
    FIELD(axonpush_options, spool_sync_ms, UINT32),
    FIELD(axonpush_options, exporter, EXPORTER),
    FIELD(axonpush_options, otlp_endpoint, URL),
    FIELD(axonpush_options, otlp_headers, TEXT),
    FIELD(axonpush_options, otlp_batch_max_events, UINT32),
    FIELD(axonpush_options, otlp_batch_max_bytes, UINT32),
    FIELD(axonpush_options, otlp_batch_timeout_ms, UINT32),
    FIELD(axonpush_options, otlp_gzip, TOGGLE),
    FIELD(axonpush_options, content_capture, CAPTURE),
    FIELD(axonpush_options, redact_keys, TEXT),
    FIELD(axonpush_options, max_content_length, UINT32),
    FIELD(axonpush_options, proxy, TEXT),
    END,
};

/* Members from which a helper makes the payload. */
#define PAYLOAD(member, kind) {member, kind, offsetof(axonpush_event, payload), offsetof(axonpush_event, payload_len)}

static const field EVENT[] = {
    FIELD(axonpush_event, identifier, TEXT),
    JSON_FIELD(axonpush_event, payload),
    PAYLOAD("model_call", A_MODEL_CALL),
    PAYLOAD("tool_call", A_TOOL_CALL),
    PAYLOAD("agent_run", AN_AGENT_RUN),
    FIELD(axonpush_event, channel_id, TEXT),
    FIELD(axonpush_event, event_type, TEXT),
    FIELD(axonpush_event, agent_id, TEXT),
    FIELD(axonpush_event, trace_id, TEXT),
    FIELD(axonpush_event, span_id, TEXT),
    FIELD(axonpush_event, parent_span_id, TEXT),
    FIELD(axonpush_event, dedup_key, TEXT),
    FIELD(axonpush_event, occurred_at, TEXT),
    JSON_FIELD(axonpush_event, metadata),
    END,
};

static const field MODEL_CALL[] = {
    FIELD(axonpush_model_call, operation, TEXT),
    FIELD(axonpush_model_call, provider, TEXT),
    FIELD(axonpush_model_call, request_model, TEXT),
    FIELD(axonpush_model_call, response_model, TEXT),
    FIELD(axonpush_model_call, response_id, TEXT),
    FIELD(axonpush_model_call, finish_reason, TEXT),
    FIELD(axonpush_model_call, conversation_id, TEXT),
    FIELD(axonpush_model_call, input_tokens, INT64),
    FIELD(axonpush_model_call, output_tokens, INT64),
    FIELD(axonpush_model_call, cache_read_tokens, INT64),
    FIELD(axonpush_model_call, cache_write_tokens, INT64),
    FIELD(axonpush_model_call, reasoning_tokens, INT64),
    FIELD(axonpush_model_call, cost_usd, DOUBLE),
    FIELD(axonpush_model_call, duration_ms, DOUBLE),
    FIELD(axonpush_model_call, error_type, TEXT),
    FIELD(axonpush_model_call, error_message, TEXT),
    JSON_FIELD(axonpush_model_call, system_instructions),
    JSON_FIELD(axonpush_model_call, input_messages),
    JSON_FIELD(axonpush_model_call, output_messages),
    END,
};

static const field TOOL_CALL[] = {
    FIELD(axonpush_tool_call, name, TEXT),
    FIELD(axonpush_tool_call, call_id, TEXT),
    FIELD(axonpush_tool_call, duration_ms, DOUBLE),
    FIELD(axonpush_tool_call, error_type, TEXT),
    FIELD(axonpush_tool_call, error_message, TEXT),
    JSON_FIELD(axonpush_tool_call, arguments),
    JSON_FIELD(axonpush_tool_call, result),
    END,
};

static const field AGENT_RUN[] = {
    FIELD(axonpush_agent_run, agent_id, TEXT),
    FIELD(axonpush_agent_run, agent_name, TEXT),
    FIELD(axonpush_agent_run, conversation_id, TEXT),
    FIELD(axonpush_agent_run, duration_ms, DOUBLE),
    FIELD(axonpush_agent_run, error_type, TEXT),
    FIELD(axonpush_agent_run, error_message, TEXT),
    JSON_FIELD(axonpush_agent_run, system_instructions),
    JSON_FIELD(axonpush_agent_run, input_messages),
    JSON_FIELD(axonpush_agent_run, output_messages),
    END,
};

static const field QUERY[] = {
    FIELD(axonpush_event_query, since, TEXT),
    FIELD(axonpush_event_query, until, TEXT),
    FIELD(axonpush_event_query, limit, UINT32),
    FIELD(axonpush_event_query, app_id, TEXT),
    FIELD(axonpush_event_query, channel_id, TEXT),
    FIELD(axonpush_event_query, environment_id, TEXT),
    FIELD(axonpush_event_query, event_type, TEXT),
    FIELD(axonpush_event_query, source, TEXT),
    FIELD(axonpush_event_query, status, TEXT),
    FIELD(axonpush_event_query, trace_id, TEXT),
    FIELD(axonpush_event_query, agent_id, TEXT),
    FIELD(axonpush_event_query, agent_name, TEXT),
    FIELD(axonpush_event_query, tool_name, TEXT),
    FIELD(axonpush_event_query, semantic_kind, TEXT),
    FIELD(axonpush_event_query, service_name, TEXT),
    FIELD(axonpush_event_query, operation_name, TEXT),
    FIELD(axonpush_event_query, error_type, TEXT),
    FIELD(axonpush_event_query, q, TEXT),
    FIELD(axonpush_event_query, attr_key, TEXT),
    FIELD(axonpush_event_query, attr_value, TEXT),
    END,
};

typedef struct request_arguments {
    const char *method, *path, *query, *body;
    size_t body_len;
} request_arguments;

static const field REQUEST[] = {
    FIELD(request_arguments, method, TEXT),
    FIELD(request_arguments, path, TEXT),
    FIELD(request_arguments, query, TEXT),
    JSON_FIELD(request_arguments, body),
    END,
};

typedef struct word {
    const char *name;
    int32_t value;
} word;

static const word OVERFLOWS[] = {
    {"drop_oldest", AXONPUSH_OVERFLOW_DROP_OLDEST},
    {"drop_newest", AXONPUSH_OVERFLOW_DROP_NEWEST},
    {"block", AXONPUSH_OVERFLOW_BLOCK},
    {NULL, 0},
};

static const word CAPTURES[] = {
    {"metadata_only", AXONPUSH_CONTENT_METADATA_ONLY},
    {"redacted", AXONPUSH_CONTENT_REDACTED},
    {"full", AXONPUSH_CONTENT_FULL},
    {NULL, 0},
};

static const word VERSIONS[] = {
    {"auto", AXONPUSH_HTTP_AUTO},
    {"1.1", AXONPUSH_HTTP_1_1},
    {"2", AXONPUSH_HTTP_2},
    {NULL, 0},
};

static const word EXPORTERS[] = {
    {"events", AXONPUSH_EXPORTER_EVENTS},
    {"otlp", AXONPUSH_EXPORTER_OTLP},
    {NULL, 0},
};
static const word SPOOL_SYNCS[] = {
    {"interval", AXONPUSH_SPOOL_SYNC_INTERVAL},
    {"none", AXONPUSH_SPOOL_SYNC_NONE},
    {"each", AXONPUSH_SPOOL_SYNC_EACH},
    {NULL, 0},
};

static int32_t enumerator(const word *words, const json *value, const char *where) {
    const char *name = text_of(value, where);
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0) return words->value;
    }
    differ("%s: unknown word \"%s\"", where, name);
    return 0;
}

/* A whole number from `least` to `most`. */
static double number_in(const json *value, double least, double most, const char *where) {
    double number = value->kind == JSON_NUMBER ? value->number : most + 1;
    if (number >= least && number <= most && number == (double)(int64_t)number) return number;
    differ("%s: expected a whole number from %.0f to %.0f", where, least, most);
    return 0;
}

/* A folder of the row's own, made when it is asked for. Whoever runs this program removes what is in TMPDIR. */
static const char *folder(void) {
    if (!row_folder) {
        const char *parent = getenv("TMPDIR");
        row_folder = mkdtemp(arena_format("%s/row-XXXXXX", parent ? parent : "/tmp"));
        if (!row_folder) give_up("no folder can be made in TMPDIR");
    }
    return row_folder;
}

static const char *with_server(const char *url) {
    static const char mark[] = "{server}";
    if (strncmp(url, mark, sizeof mark - 1) != 0) return url;
    return arena_format("%s%s", server_url, url + sizeof mark - 1);
}

static void fill(void *structure, const field *fields, const json *arguments, const char *where);

/* What the helper of this kind makes of its struct's members. */
static const char *payload_of(kind kind, const json *members, size_t *length) {
    axonpush_json *writer = axonpush_json_new();
    axonpush_model_call model_call = AXONPUSH_MODEL_CALL_INIT;
    axonpush_tool_call tool_call = AXONPUSH_TOOL_CALL_INIT;
    axonpush_agent_run agent_run = AXONPUSH_AGENT_RUN_INIT;
    if (kind == A_MODEL_CALL) {
        fill(&model_call, MODEL_CALL, members, "model_call");
        axonpush_json_model_call(writer, &model_call);
    } else if (kind == A_TOOL_CALL) {
        fill(&tool_call, TOOL_CALL, members, "tool_call");
        axonpush_json_tool_call(writer, &tool_call);
    } else {
        fill(&agent_run, AGENT_RUN, members, "agent_run");
        axonpush_json_agent_run(writer, &agent_run);
    }
    const char *text = axonpush_json_text(writer, length, NULL);
    if (!text) differ("the payload has a mistake");
    char *copy = arena_format("%s", text ? text : "");
    axonpush_json_free(writer);
    return copy;
}

static const char *with_folder(const char *path) {
    static const char mark[] = "{folder}";
    if (strncmp(path, mark, sizeof mark - 1) != 0) return path;
    return arena_format("%s%s", folder(), path + sizeof mark - 1);
}

static void set_field(void *structure, const field *field, const json *value) {
    void *at = (char *)structure + field->offset;
    switch (field->kind) {
    case TEXT: *(const char **)at = text_of(value, field->name); break;
    case URL: *(const char **)at = with_server(text_of(value, field->name)); break;
    case FOLDER: *(const char **)at = with_folder(text_of(value, field->name)); break;
    case DOCUMENT:
        /* As it is written in the table, byte for byte. */
        *(const char **)at = value->raw;
        *(size_t *)(void *)((char *)structure + field->length_offset) = value->raw_length;
        break;
    case INT32: *(int32_t *)at = (int32_t)number_in(value, INT32_MIN, INT32_MAX, field->name); break;
    case UINT32: *(uint32_t *)at = (uint32_t)number_in(value, 0, UINT32_MAX, field->name); break;
    case UINT64: *(uint64_t *)at = (uint64_t)number_in(value, 0, 9007199254740992.0, field->name); break;
    case INT64: *(int64_t *)at = (int64_t)number_in(value, -9007199254740992.0, 9007199254740992.0, field->name); break;
    case DOUBLE:
        if (value->kind != JSON_NUMBER) differ("%s: expected a number", field->name);
        *(double *)at = value->number;
        break;
    case A_MODEL_CALL:
    case A_TOOL_CALL:
    case AN_AGENT_RUN:
        *(const char **)at = payload_of(field->kind, value, (size_t *)(void *)((char *)structure + field->length_offset));
        break;
    case TOGGLE:
        if (value->kind != JSON_BOOL) differ("%s: expected true or false", field->name);
        *(axonpush_toggle *)at = value->boolean ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
        break;
    case OVERFLOW_POLICY: *(axonpush_overflow *)at = enumerator(OVERFLOWS, value, field->name); break;
    case VERSION: *(axonpush_http_version *)at = enumerator(VERSIONS, value, field->name); break;
    case EXPORTER: *(axonpush_exporter *)at = enumerator(EXPORTERS, value, field->name); break;
    case SPOOL_SYNC: *(axonpush_spool_sync *)at = enumerator(SPOOL_SYNCS, value, field->name); break;
    case CAPTURE: *(axonpush_content_capture *)at = enumerator(CAPTURES, value, field->name); break;
    }
}

static void fill(void *structure, const field *fields, const json *arguments, const char *where) {
    if (!arguments) return;
    if (arguments->kind != JSON_OBJECT) differ("%s: expected an object", where);
    for (size_t i = 0; i < arguments->count; i++) {
        const field *field = fields;
        while (field->name && strcmp(field->name, arguments->names[i]) != 0) field++;
        if (field->name) set_field(structure, field, arguments->items[i]);
        else differ("%s: unknown member \"%s\"", where, arguments->names[i]);
    }
}

/* ---- Checks ---- */

/* A request of the server's log, with its body read. */
typedef struct request {
    json *record, *body;
} request;

static json *header_of(const request *request, const char *name) {
    json *headers = json_member(request->record, "headers");
    for (size_t i = 0; i < headers->count; i++) {
        if (strcmp(headers->items[i]->items[0]->text, name) == 0) return headers->items[i]->items[1];
    }
    return NULL;
}

/* What a pointer or a header's name stands for in a request. */
static json *part_of(const request *request, const char *name) {
    return *name == '/' || !*name ? json_at(request->body, name) : header_of(request, name);
}

static bool matches(const char *text, const char *pattern, const char *where) {
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0) return differ("%s: bad pattern %s", where, pattern);
    bool found = regexec(&expression, text, 0, NULL, 0) == 0;
    regfree(&expression);
    return found;
}

static bool has_members(const json *actual, const json *names) {
    bool all = actual && actual->kind == JSON_OBJECT && actual->count == names->count;
    for (size_t i = 0; all && i < names->count; i++) all = json_member(actual, names->items[i]->text) != NULL;
    return all;
}

/* Whether `actual` (NULL: not there) is as `check` says. `request` is what "same_as" speaks of, or NULL. */
static bool holds(const json *check, const json *actual, const request *request, const char *where) {
    if (check->kind != JSON_OBJECT) return check->kind != JSON_ARRAY && json_equal(check, actual);
    const json *wanted = check->count == 1 ? check->items[0] : NULL;
    const char *verb = wanted ? check->names[0] : "";
    bool is_text = actual && actual->kind == JSON_STRING;
    bool is_list = actual && (actual->kind == JSON_ARRAY || actual->kind == JSON_OBJECT || actual->kind == JSON_NULL);
    if (strcmp(verb, "is") == 0) return json_equal(wanted, actual);
    if (strcmp(verb, "absent") == 0 && wanted->boolean) return !actual;
    if (strcmp(verb, "matches") == 0) return is_text && matches(actual->text, text_of(wanted, where), where);
    if (strcmp(verb, "contains") == 0) return is_text && strstr(actual->text, text_of(wanted, where));
    if (strcmp(verb, "lacks") == 0) return is_text && !strstr(actual->text, text_of(wanted, where));
    if (strcmp(verb, "count") == 0) return is_list && wanted->kind == JSON_NUMBER && actual->count == wanted->number;
    if (strcmp(verb, "members") == 0) return has_members(actual, wanted);
    if (strcmp(verb, "at_least") == 0) {
        return actual && actual->kind == JSON_NUMBER && wanted->kind == JSON_NUMBER && actual->number >= wanted->number;
    }
    if (strcmp(verb, "same_as") == 0 && request) {
        return json_equal(actual, part_of(request, text_of(wanted, where)));
    }
    return differ("%s: unknown check %s", where, json_show(check));
}

static void check(const json *check, const json *actual, const request *request, const char *where) {
    if (!holds(check, actual, request, where)) {
        differ("%s is %s, expected %s", where, json_show(actual), json_show(check));
    }
}

/* ---- Outcomes: what the caller got ---- */

/* Filled by the call and by completions, which run on threads of the library's. */
static struct {
    pthread_mutex_t lock;
    const json *expect;
    struct {
        const char *name;
        int count;
    } kinds[8];
    int total, responses, errors;
} got = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Each accessor agrees with the whole document. */
static void check_accessors(const axonpush_response *response, const char *pointer, const json *actual) {
    json_kind kind = actual ? actual->kind : JSON_NULL;
    const char *text = axonpush_response_string(response, pointer);
    if (kind == JSON_STRING ? !text || strcmp(text, actual->text) != 0 : text != NULL) {
        differ("axonpush_response_string(\"%s\") is %s", pointer, text ? text : "NULL");
    }
    double number = 0;
    if (axonpush_response_double(response, pointer, &number) != (kind == JSON_NUMBER) ||
        (kind == JSON_NUMBER && number != actual->number)) {
        differ("axonpush_response_double(\"%s\") is %g", pointer, number);
    }
    int64_t whole = 0;
    bool is_whole = kind == JSON_NUMBER && strcspn(actual->raw, ".eE") >= actual->raw_length;
    if (axonpush_response_int(response, pointer, &whole) != is_whole || (is_whole && (double)whole != actual->number)) {
        differ("axonpush_response_int(\"%s\") is %lld", pointer, (long long)whole);
    }
    bool flag = false;
    if (axonpush_response_bool(response, pointer, &flag) != (kind == JSON_BOOL) ||
        (kind == JSON_BOOL && flag != actual->boolean)) {
        differ("axonpush_response_bool(\"%s\") is %d", pointer, flag);
    }
    size_t count = axonpush_response_count(response, pointer);
    if (count != (actual ? actual->count : 0)) differ("axonpush_response_count(\"%s\") is %zu", pointer, count);
}

static void check_response(const json *checks, const axonpush_response *response) {
    const char *why;
    json *document = json_parse(axonpush_response_json(response, NULL), &why);
    if (!document) differ("the response cannot be read: %s", why);
    for (size_t i = 0; document && i < checks->count; i++) {
        const char *name = checks->names[i];
        json *actual;
        if (strcmp(name, "http_status") == 0) {
            actual = json_number(axonpush_response_http_status(response));
        } else if (strcmp(name, "request_id") == 0) {
            actual = json_string(axonpush_response_request_id(response));
        } else if (*name == '/' || !*name) {
            actual = json_at(document, name);
            check_accessors(response, name, actual);
        } else {
            differ("response: unknown member \"%s\"", name);
            return;
        }
        check(checks->items[i], actual, NULL, arena_format("response %s", name));
    }
}

static json *error_member(const axonpush_error *error, const char *name) {
    if (strcmp(name, "message") == 0) return json_string(axonpush_error_message(error));
    if (strcmp(name, "code") == 0) return json_string(axonpush_error_code(error));
    if (strcmp(name, "hint") == 0) return json_string(axonpush_error_hint(error));
    if (strcmp(name, "request_id") == 0) return json_string(axonpush_error_request_id(error));
    if (strcmp(name, "http_status") == 0) return json_number(axonpush_error_http_status(error));
    if (strcmp(name, "retry_after_ms") == 0) return json_number((double)axonpush_error_retry_after_ms(error));
    if (strcmp(name, "retryable") == 0) return json_boolean(axonpush_error_retryable(error));
    return NULL;
}

static void check_error(const json *checks, axonpush_status status, const axonpush_error *error) {
    const char *message = axonpush_error_message(error);
    if (axonpush_error_status(error) != status) differ("the error object has another status than the call");
    if (!message || !*message) differ("the error has no message");
    for (size_t i = 0; checks && i < checks->count; i++) {
        const char *name = checks->names[i];
        json *actual = error_member(error, name);
        if (actual) check(checks->items[i], actual, NULL, arena_format("error %s", name));
        else differ("error: unknown member \"%s\"", name);
    }
}

static void count_outcome(const char *name) {
    size_t i = 0;
    while (got.kinds[i].name && strcmp(got.kinds[i].name, name) != 0) i++;
    if (i + 1 == sizeof got.kinds / sizeof *got.kinds) give_up("too many kinds of outcomes");
    got.kinds[i].name = name;
    got.kinds[i].count++;
    got.total++;
}

/* One outcome, of a call or of an event. Also the completion of background publishing. */
static void receive(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *unused) {
    (void)unused;
    const json *checks = json_member(got.expect, "response");
    pthread_mutex_lock(&got.lock);
    count_outcome(status != AXONPUSH_OK ? axonpush_status_name(status) : response ? "ok" : "nothing");
    if (response && status != AXONPUSH_OK) differ("a response beside an error");
    if (response && checks) {
        check_response(checks, response);
        got.responses++;
    }
    if (status != AXONPUSH_OK) {
        check_error(json_member(got.expect, "error"), status, error);
        got.errors++;
    } else if (error) {
        differ("an error beside success");
    }
    pthread_mutex_unlock(&got.lock);
}

static int count_of(const char *name) {
    for (size_t i = 0; got.kinds[i].name; i++) {
        if (strcmp(got.kinds[i].name, name) == 0) return got.kinds[i].count;
    }
    return 0;
}

static bool is_outcome(const char *name) {
    if (strcmp(name, "ok") == 0 || strcmp(name, "nothing") == 0) return true;
    for (axonpush_status status = 1; status <= AXONPUSH_ERR_INTERNAL; status++) {
        if (strcmp(axonpush_status_name(status), name) == 0) return true;
    }
    return differ("unknown outcome \"%s\"", name);
}

/* For messages: "2 ok, 1 nothing". */
static const char *all_outcomes(void) {
    const char *list = "";
    for (size_t i = 0; got.kinds[i].name; i++) {
        list = arena_format("%s%s%d %s", list, *list ? ", " : "", got.kinds[i].count, got.kinds[i].name);
    }
    return *list ? list : "none";
}

static void check_outcomes(int times) {
    const json *one = json_member(got.expect, "outcome"), *many = json_member(got.expect, "outcomes");
    if (!one == !many) {
        differ("expect: either outcome or outcomes");
    } else if (one) {
        const char *name = text_of(one, "outcome");
        if (is_outcome(name) && count_of(name) != times) differ("outcome: %s, expected %s", all_outcomes(), name);
    }
    for (size_t i = 0; many && i < many->count; i++) {
        const char *name = many->names[i];
        int wanted = (int)number_in(many->items[i], 1, 1000, "outcomes");
        if (is_outcome(name) && count_of(name) != wanted) differ("outcomes: %s, expected %s", all_outcomes(), json_show(many));
    }
    /* Neither more nor fewer: exactly one for each. */
    if (got.total != times) differ("%d outcomes for %d calls: %s", got.total, times, all_outcomes());
    if (json_member(got.expect, "response") && !got.responses) differ("no response that could be checked: %s", all_outcomes());
    if (json_member(got.expect, "error") && !got.errors) differ("no error that could be checked: %s", all_outcomes());
}

/* ---- Calls ---- */

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void take_result(axonpush_status status, axonpush_response *response, axonpush_error *error) {
    receive(status, response, error, NULL);
    axonpush_response_free(response);
    axonpush_error_free(error);
}

static void call_publish(axonpush_client *client, const json *arguments) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    fill(&event, EVENT, arguments, "publish");
    axonpush_status status = axonpush_events_publish(client, &event, &response, &error);
    take_result(status, response, error);
}

static void call_publish_async(axonpush_client *client, const json *arguments, int times) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    fill(&event, EVENT, arguments, "publish_async");
    for (int i = 0; i < times; i++) {
        axonpush_error *error = NULL;
        axonpush_status status = axonpush_events_publish_async(client, &event, receive, NULL, &error);
        if (status != AXONPUSH_OK) take_result(status, NULL, error);
        else if (error) differ("an error beside an accepted event");
    }
}

static void call_search(axonpush_client *client, const json *arguments) {
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    fill(&query, QUERY, arguments, "search");
    axonpush_status status = axonpush_events_search(client, &query, &response, &error);
    take_result(status, response, error);
}

static void call_list(axonpush_client *client, const json *arguments) {
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    has_only(arguments, "channel_id query", "list");
    const json *channel = json_member(arguments, "channel_id"), *filters = json_member(arguments, "query");
    fill(&query, QUERY, filters, "query");
    axonpush_status status = axonpush_events_list(client, channel ? text_of(channel, "channel_id") : NULL,
                                                  filters ? &query : NULL, &response, &error);
    take_result(status, response, error);
}

static void call_request(axonpush_client *client, const json *arguments) {
    request_arguments request = {NULL, NULL, NULL, NULL, 0};
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    fill(&request, REQUEST, arguments, "request");
    axonpush_status status = axonpush_request(client, request.method, request.path, request.query, request.body,
                                              request.body_len, &response, &error);
    take_result(status, response, error);
}

static void call_flush(axonpush_client *client, const json *call) {
    const json *limit = json_member(call, "flush_ms"), *wanted = json_member(got.expect, "flush");
    axonpush_error *error = NULL;
    axonpush_status status =
        axonpush_flush(client, limit ? (uint32_t)number_in(limit, 0, 60000, "flush_ms") : 20000, &error);
    const char *name = status == AXONPUSH_OK ? "ok" : axonpush_status_name(status);
    const char *expected = wanted ? text_of(wanted, "flush") : "ok";
    if (is_outcome(expected) && strcmp(name, expected) != 0) differ("flush gave %s, expected %s", name, expected);
    axonpush_error_free(error);
}

/* Which call the row makes, and how often. */
static void run_call(axonpush_client *client, const json *call, int times) {
    const json *arguments;
    if ((arguments = json_member(call, "publish_async"))) {
        has_only(call, "publish_async times flush_ms", "call");
        call_publish_async(client, arguments, times);
        call_flush(client, call);
        return;
    }
    if (call->count != 1) differ("call: expected one call");
    if ((arguments = json_member(call, "publish"))) call_publish(client, arguments);
    else if ((arguments = json_member(call, "list"))) call_list(client, arguments);
    else if ((arguments = json_member(call, "search"))) call_search(client, arguments);
    else if ((arguments = json_member(call, "request"))) call_request(client, arguments);
    else differ("call: unknown call %s", json_show(call));
}

#define STAT(member) {#member, UINT64, offsetof(axonpush_stats, member), 0}
static const field STATS[] = {
    STAT(accepted), STAT(delivered),     STAT(failed),       STAT(suppressed), STAT(dropped),     STAT(expired),
    STAT(abandoned), STAT(queued_events), STAT(queued_bytes), STAT(retried),    STAT(connections),
    STAT(recovered), STAT(kept),         STAT(spool_bytes),  STAT(batches), END,
};

static void check_stats(const json *checks, const axonpush_stats *stats) {
    for (size_t i = 0; checks && i < checks->count; i++) {
        const field *field = STATS;
        while (field->name && strcmp(field->name, checks->names[i]) != 0) field++;
        if (!field->name) {
            differ("stats: unknown member \"%s\"", checks->names[i]);
            return;
        }
        uint64_t value = *(const uint64_t *)(const void *)((const char *)stats + field->offset);
        check(checks->items[i], json_number((double)value), NULL, arena_format("stats %s", field->name));
    }
}

/* What lies in the files of the spool, where every byte that is no ASCII text is a blank. */
static const char *text_of_files(const char *spool) {
    glob_t files;
    char *text = arena_format("%s", "");
    if (glob(arena_format("%s/*/*", spool), 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++) {
            FILE *file = fopen(files.gl_pathv[i], "rb");
            if (!file) continue;
            size_t had = strlen(text), room = 1 << 20;
            char *longer = arena_new(had + room + 1);
            memcpy(longer, text, had);
            size_t got = fread(longer + had, 1, room, file);
            if (got == room) differ("%s is longer than a row needs", files.gl_pathv[i]);
            fclose(file);
            for (char *at = longer + had; at < longer + had + got; at++) *at = *at >= 32 && *at < 127 ? *at : ' ';
            text = longer;
        }
        globfree(&files);
    }
    return text;
}

static void check_files(const json *checks, const char *spool) {
    if (!checks) return;
    const json *text = json_string(spool ? text_of_files(spool) : "");
    if (!text->length) differ("there is no file that could be checked");
    if (checks->kind != JSON_ARRAY) differ("files: expected a list of checks");
    for (size_t i = 0; i < checks->count; i++) check(checks->items[i], text, NULL, "files");
}

static void check_duration(double took) {
    const json *least = json_member(got.expect, "at_least_ms"), *most = json_member(got.expect, "at_most_ms");
    if (least && took < least->number) differ("it took %.0f ms, expected at least %s", took, json_show(least));
    if (most && took > most->number) differ("it took %.0f ms, expected at most %s", took, json_show(most));
}

/* ---- What the server saw ---- */

static void check_each(const json *checks, const request *request, const char *where) {
    for (size_t i = 0; checks && i < checks->count; i++) {
        const char *name = checks->names[i];
        bool is_pointer = *name == '/' || !*name;
        if (is_pointer != (strcmp(where, "body") == 0)) differ("%s: \"%s\" does not belong there", where, name);
        check(checks->items[i], part_of(request, name), request, arena_format("%s %s", where, name));
    }
}

/* Each named part is there in all requests, and the same in all of them, or never the same. */
static void check_across(const json *names, const request *requests, size_t count, bool same) {
    for (size_t n = 0; names && n < names->count; n++) {
        const char *name = text_of(names->items[n], same ? "same" : "distinct");
        for (size_t i = 0; i < count; i++) {
            const json *part = part_of(&requests[i], name);
            if (!part) differ("request %zu has no %s", i, name);
            for (size_t j = 0; j < i; j++) {
                const json *other = part_of(&requests[j], name);
                if (json_equal(part, other) != same) {
                    differ("%s should %s in requests %zu and %zu: %s and %s", name, same ? "be the same" : "differ", j, i,
                           json_show(other), json_show(part));
                }
            }
        }
    }
}

static void check_seen(const json *seen) {
    static const char *const each[] = {"method", "target"};
    if (!seen || !has_only(seen, "requests method target headers body text same distinct stored", "seen")) return;
    json *log = json_member(dev_json("/_dev/requests"), "requests");
    request *requests = arena_new((log->count + 1) * sizeof *requests);
    for (size_t i = 0; i < log->count; i++) {
        const char *why, *body = json_member(log->items[i], "body")->text;
        requests[i].record = log->items[i];
        requests[i].body = *body ? json_parse(body, &why) : NULL;
    }
    const json *wanted = json_member(seen, "requests");
    if (wanted) check(wanted, json_number((double)log->count), NULL, "number of requests");
    else differ("seen: no member \"requests\"");
    for (size_t i = 0; i < log->count; i++) {
        for (size_t e = 0; e < 2; e++) {
            const json *member = json_member(seen, each[e]);
            if (member) check(member, json_member(log->items[i], each[e]), &requests[i], each[e]);
        }
        check_each(json_member(seen, "headers"), &requests[i], "headers");
        check_each(json_member(seen, "body"), &requests[i], "body");
        const json *text = json_member(seen, "text");
        if (text) check(text, json_member(log->items[i], "body"), &requests[i], "text");
    }
    /* More than what is always there was to be seen in them. */
    if (!log->count && seen->count > 1 && (seen->count > 2 || !json_member(seen, "stored"))) {
        differ("no request that could be checked");
    }
    check_across(json_member(seen, "same"), requests, log->count, true);
    check_across(json_member(seen, "distinct"), requests, log->count, false);
    const json *stored = json_member(seen, "stored");
    if (stored) check(stored, json_member(dev_json("/_dev/stats"), "storedEvents"), NULL, "stored events");
}

/* ---- Rows ---- */

static const json *required(const json *row, const char *name) {
    const json *member = json_member(row, name);
    if (!member) differ("the row has no member \"%s\"", name);
    return member;
}

/* The server is as new, but for the row's faults. Gives whether the row wants a dead one. */
static bool set_server_up(const json *server) {
    dev("POST", "/_dev/reset", "", 0);
    if (!server) return false;
    if (server->kind == JSON_ARRAY) {
        dev("POST", "/_dev/faults", server->raw, server->raw_length);
        return false;
    }
    if (strcmp(text_of(server, "server"), "dead") != 0) differ("server: expected a list of faults or \"dead\"");
    return true;
}

/* Whoever comes after the client of the row, with the same options, once the service is well. */
static void run_next(const json *next, const axonpush_options *options) {
    if (!next || !has_only(next, "stats", "next")) return;
    dev("DELETE", "/_dev/faults", "", 0);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_client *client = axonpush_new(options, NULL);
    if (!client) differ("the next client cannot be made");
    if (axonpush_flush(client, 20000, NULL) != AXONPUSH_OK) differ("the flush of the next client failed");
    axonpush_stats_get(client, &stats, NULL);
    axonpush_close(client);
    check_stats(required(next, "stats"), &stats);
}

static void run_row(const json *row) {
    const json *call = required(row, "call");
    got.expect = required(row, "expect");
    memset(got.kinds, 0, sizeof got.kinds);
    got.total = got.responses = got.errors = 0;
    if (!call || !got.expect || !required(row, "seen") || !required(row, "why")) return;
    if (!has_only(row, "name why options server call expect next seen skip_in", "the row")) return;
    if (!has_only(got.expect, "outcome outcomes response error flush stats closed files at_least_ms at_most_ms", "expect")) return;
    const json *times_member = json_member(call, "times");
    int times = times_member ? (int)number_in(times_member, 1, 1000, "times") : 1;

    row_folder = NULL;
    bool dead = set_server_up(json_member(row, "server"));
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    axonpush_error *error = NULL;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    options.api_key = "ak_conformance";
    options.base_url = dead ? DEAD_URL : server_url;
    options.proxy = "";
    fill(&options, OPTIONS, json_member(row, "options"), "options");
    axonpush_client *client = axonpush_new(&options, &error);
    if (client) {
        double start = now_ms();
        run_call(client, call, times);
        double took = now_ms() - start;
        if (axonpush_stats_get(client, &stats, NULL) != AXONPUSH_OK) differ("there are no stats");
        const json *closed = json_member(got.expect, "closed");
        axonpush_stats last = AXONPUSH_STATS_INIT;
        if (closed) {
            axonpush_shutdown(client, options.shutdown_timeout_ms ? options.shutdown_timeout_ms : 2000, NULL);
            axonpush_stats_get(client, &last, NULL);
        }
        /* After this no completion runs, and what they found is ours alone. */
        axonpush_close(client);
        check_duration(took);
        check_stats(json_member(got.expect, "stats"), &stats);
        check_stats(closed, &last);
        check_files(json_member(got.expect, "files"), options.spool_dir);
        run_next(json_member(row, "next"), &options);
    } else {
        take_result(axonpush_error_status(error), NULL, error);
    }
    check_outcomes(times);
    check_seen(json_member(row, "seen"));
}

/* The reason why this runner leaves the row out; NULL: it does not. */
static const char *skipped(const json *row) {
    const json *skip = json_member(row, "skip_in");
    if (!skip || !has_only(skip, "c cpp go node python", "skip_in")) return NULL;
    const json *reason = json_member(skip, RUNNER);
    return reason ? text_of(reason, "skip_in") : NULL;
}

typedef struct tally {
    int passed, failed;
    char *names; /* Of all rows so far, each between newlines. */
} tally;

static bool is_chosen(const char *name, char **chosen) {
    if (!*chosen) return true;
    while (*chosen && strcmp(*chosen, name) != 0) chosen++;
    return *chosen != NULL;
}

static void note_name(tally *tally, const char *name) {
    size_t room = strlen(tally->names) + strlen(name) + 3;
    char *entry = arena_format("\n%s\n", name);
    if (strstr(tally->names, entry)) differ("another row has this name");
    tally->names = realloc(tally->names, room);
    if (!tally->names) give_up("no memory");
    strcat(tally->names, entry);
}

static void report_row(tally *tally, const json *row, char **chosen) {
    difference[0] = 0;
    const char *name = text_of(required(row, "name"), "name");
    note_name(tally, name);
    if (!is_chosen(name, chosen)) return;
    const char *reason = skipped(row);
    if (reason && !difference[0]) {
        printf("skip - %s: %s\n", name, reason);
        return;
    }
    alarm(ROW_LIMIT_S);
    run_row(row);
    alarm(0);
    if (difference[0]) printf("not ok - %s: %s\n", name, difference);
    else printf("ok - %s\n", name);
    difference[0] ? tally->failed++ : tally->passed++;
    fflush(stdout);
}

static char *read_whole(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) give_up(path);
    size_t size = (size_t)ftell(file);
    char *text = calloc(1, size + 1);
    rewind(file);
    if (!text || fread(text, 1, size, file) != size) give_up(path);
    fclose(file);
    return text;
}

static void run_file(tally *tally, const char *path, char **chosen) {
    const char *why;
    char *text = read_whole(path);
    const json *rows = json_parse(text, &why);
    if (!rows || rows->kind != JSON_ARRAY) {
        printf("not ok - %s: %s\n", path, rows ? "no list of rows" : why);
        tally->failed++;
    }
    for (size_t i = 0; rows && rows->kind == JSON_ARRAY && i < rows->count; i++) report_row(tally, rows->items[i], chosen);
    free(text);
    arena_free();
}

int main(int argc, char **argv) {
    if (argc < 3) give_up("usage: runner DIRECTORY SERVER-URL [NAME...]");
    server_url = argv[2];
    tally tally = {0, 0, calloc(1, 1)};
    glob_t files;
    /* In the order of names. */
    if (glob(arena_format("%s/*.json", argv[1]), 0, NULL, &files) != 0) give_up("there are no rows");
    for (size_t i = 0; i < files.gl_pathc; i++) run_file(&tally, files.gl_pathv[i], argv + 3);
    globfree(&files);
    arena_free();
    free(tally.names);
    printf("%d passed, %d failed\n", tally.passed, tally.failed);
    return tally.failed || !tally.passed;
}
