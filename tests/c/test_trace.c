/* Trace context: what is current on a thread, what events and requests carry of it, and traceparent. */
#include "check.h"

#include <pthread.h>

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN_ID "b7ad6b7169203331"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static axonpush_trace *trace_of(const char *trace_id, const char *span_id) {
    axonpush_error *error = NULL;
    axonpush_trace *trace = axonpush_trace_new(trace_id, span_id, &error);
    if (!trace) {
        printf("  no trace: %s\n", axonpush_error_message(error));
        exit(1);
    }
    return trace;
}

static bool is_hex(const char *text, size_t length) {
    return text && strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* 8-4-4-4-12 lower-case hex digits, version 4, variant 10. */
static bool is_uuid(const char *text) {
    if (!text || strlen(text) != 36) return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i])) return false;
    }
    return text[14] == '4' && strchr("89ab", text[19]) != NULL;
}

/* What is current on this thread, as "<trace> <span>". */
static const char *current(void) {
    axonpush_trace *trace = axonpush_trace_current();
    const char *text = trace ? format("%s %s", axonpush_trace_id(trace), axonpush_trace_span_id(trace)) : "none";
    axonpush_trace_free(trace);
    return text;
}

/* ---- Values ---- */

static bool a_new_trace_draws_what_is_not_given(void) {
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < COUNT(none); i++) {
        axonpush_trace *one = trace_of(none[i], none[i]), *two = trace_of(none[i], none[i]);
        CHECK(is_uuid(axonpush_trace_id(one)));
        CHECK(is_hex(axonpush_trace_span_id(one), 16));
        CHECK(strcmp(axonpush_trace_span_id(one), "0000000000000000") != 0);
        CHECK(strcmp(axonpush_trace_id(one), axonpush_trace_id(two)) != 0);
        CHECK(strcmp(axonpush_trace_span_id(one), axonpush_trace_span_id(two)) != 0);
        axonpush_trace_free(one);
        axonpush_trace_free(two);
    }
    axonpush_trace *given = trace_of("order 4711", NULL);
    CHECK_TEXT(axonpush_trace_id(given), "order 4711");
    CHECK(is_hex(axonpush_trace_span_id(given), 16));
    axonpush_trace_free(given);
    given = trace_of(NULL, "step 1");
    CHECK(is_uuid(axonpush_trace_id(given)));
    CHECK_TEXT(axonpush_trace_span_id(given), "step 1");
    axonpush_trace_free(given);
    /* Nothing is current by being made. */
    CHECK_TEXT(current(), "none");
    return true;
}

static bool an_id_that_no_header_can_carry_is_refused_by_its_name(void) {
    const char *bad[] = {"a\nb", "a\tb", "\x7F", "\xFF", repeated("i", 4097)};
    for (size_t i = 0; i < COUNT(bad); i++) {
        axonpush_error *error = NULL;
        CHECK(axonpush_trace_new(bad[i], NULL, &error) == NULL);
        CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
        CHECK(strncmp(axonpush_error_message(error), "trace_id: ", 10) == 0);
        axonpush_error_free(error);
        CHECK(axonpush_trace_new(NULL, bad[i], &error) == NULL);
        CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
        CHECK(strncmp(axonpush_error_message(error), "span_id: ", 9) == 0);
        axonpush_error_free(error);
        CHECK(axonpush_trace_new(bad[i], bad[i], NULL) == NULL);
    }
    return true;
}

static bool a_child_is_a_new_span_in_the_same_trace(void) {
    axonpush_error *error = (axonpush_error *)&error;
    axonpush_trace *parent = trace_of("t", "s");
    axonpush_trace *child = axonpush_trace_child(parent, &error);
    CHECK(child && !error);
    axonpush_trace_free(parent);
    CHECK_TEXT(axonpush_trace_id(child), "t");
    CHECK(is_hex(axonpush_trace_span_id(child), 16));
    axonpush_trace *grandchild = axonpush_trace_child(child, NULL);
    CHECK_TEXT(axonpush_trace_id(grandchild), "t");
    CHECK(strcmp(axonpush_trace_span_id(child), axonpush_trace_span_id(grandchild)) != 0);
    axonpush_trace_free(child);
    axonpush_trace_free(grandchild);
    axonpush_trace *first = axonpush_trace_child(NULL, &error);
    CHECK(is_uuid(axonpush_trace_id(first)));
    axonpush_trace_free(first);
    return true;
}

static bool no_trace_is_a_legal_trace(void) {
    CHECK_TEXT(axonpush_trace_id(NULL), NULL);
    CHECK_TEXT(axonpush_trace_span_id(NULL), NULL);
    CHECK_TEXT(axonpush_trace_traceparent(NULL), NULL);
    axonpush_trace_free(NULL);
    axonpush_trace_leave(NULL);
    CHECK(axonpush_trace_current() == NULL);
    return true;
}

/* ---- traceparent ---- */

static bool a_traceparent_is_taken_as_the_specification_says(void) {
    static const char *const good[] = {
        "00-" TRACE_ID "-" SPAN_ID "-01",
        "00-" TRACE_ID "-" SPAN_ID "-00",
        "00-" TRACE_ID "-" SPAN_ID "-ff",
        /* Later versions are read as far as version 00 goes. */
        "01-" TRACE_ID "-" SPAN_ID "-01",
        "cc-" TRACE_ID "-" SPAN_ID "-01-what-comes-later",
        "fe-" TRACE_ID "-" SPAN_ID "-01-",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        axonpush_error *error = NULL;
        axonpush_trace *trace = axonpush_trace_parse(good[i], &error);
        if (!trace) printf("  %s\n", good[i]);
        CHECK(trace && !error);
        CHECK_TEXT(axonpush_trace_id(trace), TRACE_ID);
        CHECK_TEXT(axonpush_trace_span_id(trace), SPAN_ID);
        CHECK_TEXT(axonpush_trace_traceparent(trace), "00-" TRACE_ID "-" SPAN_ID "-01");
        axonpush_trace_free(trace);
    }
    return true;
}

static bool a_malformed_traceparent_is_refused(void) {
    static const char *const bad[] = {
        NULL, "", "-", "---", "----", "00", "00-", "garbage",
        /* The version. */
        "ff-" TRACE_ID "-" SPAN_ID "-01", "0-" TRACE_ID "-" SPAN_ID "-01", "000-" TRACE_ID "-" SPAN_ID "-01",
        "0g-" TRACE_ID "-" SPAN_ID "-01", "CC-" TRACE_ID "-" SPAN_ID "-01", "-" TRACE_ID "-" SPAN_ID "-01",
        "0 -" TRACE_ID "-" SPAN_ID "-01",
        /* The trace id. */
        "00-00000000000000000000000000000000-" SPAN_ID "-01", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN_ID "-01",
        "00-0af7651916cd43dd8448eb211c80319-" SPAN_ID "-01", "00-0af7651916cd43dd8448eb211c80319cc-" SPAN_ID "-01",
        "00-0af7651916cd43dd8448eb211c80319g-" SPAN_ID "-01", "00--" SPAN_ID "-01",
        "00-0af76519-16cd-43dd-8448-eb211c80319c-" SPAN_ID "-01", "00-0af7651916cd43dd8448eb211c80319\xC3\xA9-" SPAN_ID "-01",
        /* The span id. */
        "00-" TRACE_ID "-0000000000000000-01", "00-" TRACE_ID "-B7AD6B7169203331-01", "00-" TRACE_ID "-b7ad6b716920333-01",
        "00-" TRACE_ID "-b7ad6b71692033311-01", "00-" TRACE_ID "-b7ad6b716920333x-01", "00-" TRACE_ID "--01",
        /* The flags. */
        "00-" TRACE_ID "-" SPAN_ID, "00-" TRACE_ID "-" SPAN_ID "-", "00-" TRACE_ID "-" SPAN_ID "-1",
        "00-" TRACE_ID "-" SPAN_ID "-001", "00-" TRACE_ID "-" SPAN_ID "-0G", "00-" TRACE_ID "-" SPAN_ID "-0x",
        "cc-" TRACE_ID "-" SPAN_ID "-011",
        /* Around it, and more of it. */
        "00-" TRACE_ID "-" SPAN_ID "-01-", "00-" TRACE_ID "-" SPAN_ID "-01-more", "00-" TRACE_ID "-" SPAN_ID "-01-00",
        " 00-" TRACE_ID "-" SPAN_ID "-01", "00-" TRACE_ID "-" SPAN_ID "-01 ", "00-" TRACE_ID "-" SPAN_ID "-01\r\n",
        "00-" TRACE_ID "-" SPAN_ID "-01,00-" TRACE_ID "-" SPAN_ID "-01", "00_" TRACE_ID "_" SPAN_ID "_01",
        "00" TRACE_ID SPAN_ID "01", "\xFF\xFE", "00-" TRACE_ID "-" SPAN_ID "-01\xFF",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        axonpush_error *error = NULL;
        axonpush_trace *trace = axonpush_trace_parse(bad[i], &error);
        if (trace) printf("  taken: %s\n", bad[i] ? bad[i] : "(NULL)");
        CHECK(trace == NULL);
        CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
        CHECK(strncmp(axonpush_error_message(error), "traceparent: ", 13) == 0);
        axonpush_error_free(error);
        CHECK(axonpush_trace_parse(bad[i], NULL) == NULL);
    }
    return true;
}

/* The rule of the contract, once more and in another language. */
static const char traceparent_py[] =
    "import hashlib, re, sys\n"
    "def form(id, n):\n"
    "    compact = id.replace('-', '').lower()\n"
    "    if re.fullmatch('[0-9a-f]{%d}' % n, compact) and compact.strip('0'):\n"
    "        return compact\n"
    "    return hashlib.sha256(id.encode()).hexdigest()[:n]\n"
    "for line in open(sys.argv[1], encoding='utf-8', newline='\\n'):\n"
    "    trace, span = line.rstrip('\\n').split('|')\n"
    "    print('00-%s-%s-01' % (form(trace, 32), form(span, 16)))\n";

static bool a_traceparent_is_what_another_implementation_makes_of_the_ids(void) {
    static const char *const traces[] = {
        TRACE_ID, "0AF76519-16CD-43DD-8448-EB211C80319C", "0af76519-16cd-43dd-8448-eb211c80319c",
        "0-a-f7651916cd43dd8448eb211c80319c", "my-trace", "x", "-", "00000000000000000000000000000000",
        "00000000-0000-0000-0000-000000000000", "00000000000000000000000000000001", "0af7651916cd43dd8448eb211c80319",
        "0af7651916cd43dd8448eb211c80319c0", "0af7651916cd43dd8448eb211c80319g", "{0af76519-16cd-43dd-8448-eb211c80319c}",
        "order 4711", "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x9A\x80", "\xE2\x84\xAA\x61", " " TRACE_ID, "01JQ8Z5Y3D7W9K2M4N6P8R0T1V",
    };
    static const char *const spans[] = {SPAN_ID, "B7AD6B7169203331", "b7ad-6b71-6920-3331", "span-1", "0000000000000000",
                                        "b7ad6b716920333", "\xC3\xA9", "7"};
    const char *folder = getenv("AXONPUSH_TEST_FOLDER");
    const char *script = format("%s/traceparent.py", folder), *ids = format("%s/ids", folder);
    FILE *file = fopen(script, "w");
    CHECK(file && fputs(traceparent_py, file) >= 0 && fclose(file) == 0);
    file = fopen(ids, "w");
    CHECK(file != NULL);
    for (size_t t = 0; t < COUNT(traces); t++) {
        for (size_t s = 0; s < COUNT(spans); s++) fprintf(file, "%s|%s\n", traces[t], spans[s]);
    }
    fprintf(file, "%s|%s\n", repeated("t", 4096), repeated("s", 4096));
    CHECK_INT(fclose(file), 0);
    FILE *other = popen(format("python3 '%s' '%s'", script, ids), "r");
    CHECK(other != NULL);
    for (size_t i = 0; i <= COUNT(traces) * COUNT(spans); i++) {
        bool last = i == COUNT(traces) * COUNT(spans);
        char expected[80] = "";
        CHECK(fgets(expected, sizeof expected, other) != NULL);
        expected[strcspn(expected, "\n")] = 0;
        axonpush_trace *trace = last ? trace_of(repeated("t", 4096), repeated("s", 4096))
                                     : trace_of(traces[i / COUNT(spans)], spans[i % COUNT(spans)]);
        CHECK_TEXT(axonpush_trace_traceparent(trace), expected);
        /* It is one that others take. */
        axonpush_trace *back = axonpush_trace_parse(axonpush_trace_traceparent(trace), NULL);
        CHECK(back != NULL);
        CHECK_TEXT(axonpush_trace_traceparent(back), expected);
        axonpush_trace_free(back);
        axonpush_trace_free(trace);
    }
    CHECK_INT(pclose(other), 0);
    return true;
}

static bool an_id_in_no_standard_form_is_written_as_its_sha256(void) {
    /* By the shell, as the contract puts it. */
    FILE *pipe = popen("printf %s my-trace | sha256sum | cut -c1-32", "r");
    char digits[40] = "";
    CHECK(pipe && fgets(digits, sizeof digits, pipe));
    CHECK_INT(pclose(pipe), 0);
    digits[strcspn(digits, "\n")] = 0;
    axonpush_trace *trace = trace_of("my-trace", SPAN_ID);
    CHECK_TEXT(axonpush_trace_traceparent(trace), format("00-%s-" SPAN_ID "-01", digits));
    axonpush_trace_free(trace);
    return true;
}

/* ---- What is current ---- */

static bool enter_and_leave_nest(void) {
    axonpush_trace *outer = trace_of("outer", "1"), *inner = trace_of("inner", "2");
    axonpush_trace *before = axonpush_trace_enter(outer);
    CHECK(before == NULL);
    CHECK_TEXT(current(), "outer 1");
    /* It was copied. */
    axonpush_trace_free(outer);
    CHECK_TEXT(current(), "outer 1");
    axonpush_trace *around_inner = axonpush_trace_enter(inner);
    axonpush_trace_free(inner);
    CHECK_TEXT(axonpush_trace_id(around_inner), "outer");
    CHECK_TEXT(axonpush_trace_span_id(around_inner), "1");
    CHECK_TEXT(current(), "inner 2");
    /* For a while, none. */
    axonpush_trace *around_none = axonpush_trace_enter(NULL);
    CHECK_TEXT(axonpush_trace_id(around_none), "inner");
    CHECK_TEXT(current(), "none");
    axonpush_trace_leave(around_none);
    CHECK_TEXT(current(), "inner 2");
    axonpush_trace_leave(around_inner);
    CHECK_TEXT(current(), "outer 1");
    axonpush_trace_leave(before);
    CHECK_TEXT(current(), "none");
    return true;
}

static bool what_is_current_may_be_read_and_entered_again(void) {
    axonpush_trace *trace = trace_of("t", "s");
    axonpush_trace *before = axonpush_trace_enter(trace);
    axonpush_trace *copy = axonpush_trace_current();
    axonpush_trace_leave(before);
    axonpush_trace_free(trace);
    CHECK_TEXT(axonpush_trace_id(copy), "t");
    before = axonpush_trace_enter(copy);
    CHECK_TEXT(current(), "t s");
    axonpush_trace_leave(before);
    axonpush_trace_free(copy);
    return true;
}

struct worker {
    int number;
    bool holds;
};

static void *work_alone(void *data) {
    struct worker *worker = data;
    char id[32], expected[64];
    snprintf(id, sizeof id, "thread-%d", worker->number);
    axonpush_trace *none = axonpush_trace_current();
    worker->holds = none == NULL;
    axonpush_trace *trace = axonpush_trace_new(id, id, NULL);
    for (int i = 0; i < 2000 && worker->holds; i++) {
        axonpush_trace *before = axonpush_trace_enter(trace);
        axonpush_trace *child = axonpush_trace_child(trace, NULL);
        axonpush_trace *around = axonpush_trace_enter(child);
        axonpush_trace *now = axonpush_trace_current();
        snprintf(expected, sizeof expected, "%s", axonpush_trace_span_id(child));
        worker->holds = before == NULL && strcmp(axonpush_trace_id(now), id) == 0 &&
                        strcmp(axonpush_trace_span_id(now), expected) == 0;
        axonpush_trace_free(now);
        axonpush_trace_leave(around);
        axonpush_trace_free(child);
        axonpush_trace_leave(before);
    }
    /* Left current: the thread's end frees it. */
    axonpush_trace_leave(axonpush_trace_enter(trace));
    axonpush_trace_free(axonpush_trace_enter(trace));
    axonpush_trace_free(trace);
    return NULL;
}

static bool what_is_current_is_the_threads_own(void) {
    enum { THREADS = 8 };
    axonpush_trace *trace = trace_of("main", "m");
    axonpush_trace *before = axonpush_trace_enter(trace);
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){i, false};
        CHECK_INT(pthread_create(&threads[i], NULL, work_alone, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(workers[i].holds);
    }
    CHECK_TEXT(current(), "main m");
    axonpush_trace_leave(before);
    axonpush_trace_free(trace);
    return true;
}

/* ---- Events ---- */

/* The body of request `i` has these members (NULL: any other than `span` is absent; a span is then 16 hex
   digits), and the headers say the same. */
static bool carries(size_t i, const char *trace, const char *span, const char *parent) {
    const char *body = request_body(i), *sent = json_text(body, "/spanId");
    CHECK_TEXT(json_text(body, "/traceId"), trace);
    if (span) CHECK_TEXT(sent, span);
    CHECK(span || is_hex(sent, 16));
    CHECK_TEXT(json_text(body, "/parentSpanId"), parent);
    CHECK_TEXT(request_header(i, "x-axonpush-trace-id"), trace);
    CHECK_TEXT(request_header(i, "x-axonpush-span-id"), sent);
    axonpush_trace *same = trace_of(trace, sent);
    CHECK_TEXT(request_header(i, "traceparent"), axonpush_trace_traceparent(same));
    axonpush_trace_free(same);
    return true;
}

static axonpush_status publish_in_background(axonpush_client *client, const axonpush_event *event) {
    return axonpush_events_publish_async(client, event, NULL, NULL, NULL);
}

static axonpush_status publish_now(axonpush_client *client, const axonpush_event *event) {
    return axonpush_events_publish(client, event, NULL, NULL);
}

static axonpush_status (*const ways[])(axonpush_client *, const axonpush_event *) = {publish_now, publish_in_background};

static bool events_carry_the_trace_and_its_span_as_their_parent(void) {
    for (size_t way = 0; way < COUNT(ways); way++) {
        dev("POST", "/_dev/reset", NULL);
        axonpush_client *client = test_client();
        axonpush_event event = test_event();
        axonpush_trace *trace = trace_of("trace-\xC3\xBC", SPAN_ID);
        axonpush_trace *before = axonpush_trace_enter(trace);
        CHECK_INT(ways[way](client, &event), AXONPUSH_OK);
        CHECK_INT(ways[way](client, &event), AXONPUSH_OK);
        axonpush_trace_leave(before);
        axonpush_trace_free(trace);
        /* What counts in the background is the thread that publishes, at that time. */
        CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
        CHECK_INT(request_count(), 2);
        CHECK(carries(0, "trace-\xC3\xBC", NULL, SPAN_ID));
        CHECK(carries(1, "trace-\xC3\xBC", NULL, SPAN_ID));
        CHECK(strcmp(json_text(request_body(0), "/spanId"), json_text(request_body(1), "/spanId")) != 0);
        axonpush_close(client);
    }
    return true;
}

static bool without_a_trace_an_event_has_one_of_its_own_and_no_headers(void) {
    for (size_t way = 0; way < COUNT(ways); way++) {
        dev("POST", "/_dev/reset", NULL);
        axonpush_client *client = test_client();
        axonpush_event event = test_event();
        axonpush_trace *trace = trace_of(NULL, NULL);
        axonpush_trace_leave(axonpush_trace_enter(trace));
        axonpush_trace_free(trace);
        CHECK_INT(ways[way](client, &event), AXONPUSH_OK);
        CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
        CHECK(is_uuid(json_text(request_body(0), "/traceId")));
        CHECK_TEXT(json_text(request_body(0), "/parentSpanId"), NULL);
        CHECK_TEXT(request_header(0, "traceparent"), NULL);
        CHECK_TEXT(request_header(0, "x-axonpush-trace-id"), NULL);
        axonpush_close(client);
    }
    return true;
}

static bool what_the_event_says_wins(void) {
    static const struct {
        const char *trace, *span, *parent;
        const char *sent_trace, *sent_span, *sent_parent;
    } cases[] = {
        {NULL, "own", NULL, "current", "own", SPAN_ID},
        {NULL, NULL, "own", "current", NULL, "own"},
        {"current", NULL, NULL, "current", NULL, SPAN_ID},
        /* In another trace the current span is nobody's parent. */
        {"other", NULL, NULL, "other", NULL, NULL},
        {"other", "own", NULL, "other", "own", NULL},
        {"other", NULL, "its", "other", NULL, "its"},
        {"other", "own", "its", "other", "own", "its"},
    };
    for (size_t way = 0; way < COUNT(ways); way++) {
        dev("POST", "/_dev/reset", NULL);
        axonpush_client *client = test_client();
        axonpush_trace *trace = trace_of("current", SPAN_ID);
        axonpush_trace *before = axonpush_trace_enter(trace);
        for (size_t i = 0; i < COUNT(cases); i++) {
            axonpush_event event = test_event();
            event.trace_id = cases[i].trace;
            event.span_id = cases[i].span;
            event.parent_span_id = cases[i].parent;
            CHECK_INT(ways[way](client, &event), AXONPUSH_OK);
            CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
            CHECK(carries(i, cases[i].sent_trace, cases[i].sent_span, cases[i].sent_parent));
        }
        axonpush_trace_leave(before);
        axonpush_trace_free(trace);
        axonpush_close(client);
    }
    return true;
}

static bool spans_nest_from_an_incoming_request_to_the_events(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_trace *incoming = axonpush_trace_parse("00-" TRACE_ID "-" SPAN_ID "-01", NULL);
    axonpush_trace *before = axonpush_trace_enter(incoming);
    CHECK_INT(publish_now(client, &event), AXONPUSH_OK);
    axonpush_trace *child = axonpush_trace_child(incoming, NULL);
    axonpush_trace *around = axonpush_trace_enter(child);
    CHECK_INT(publish_now(client, &event), AXONPUSH_OK);
    axonpush_trace_leave(around);
    CHECK_INT(publish_now(client, &event), AXONPUSH_OK);
    axonpush_trace_leave(before);
    CHECK(carries(0, TRACE_ID, NULL, SPAN_ID));
    CHECK(carries(1, TRACE_ID, NULL, axonpush_trace_span_id(child)));
    CHECK(carries(2, TRACE_ID, NULL, SPAN_ID));
    axonpush_trace_free(child);
    axonpush_trace_free(incoming);
    axonpush_close(client);
    return true;
}

static void publish_from_a_completion(axonpush_status status, const axonpush_response *response,
                                      const axonpush_error *error, void *user_data) {
    (void)status;
    (void)response;
    (void)error;
    axonpush_event event = test_event();
    axonpush_events_publish_async(user_data, &event, NULL, NULL, NULL);
}

static bool a_completion_is_in_no_trace(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_trace *trace = trace_of("t", "s");
    axonpush_trace *before = axonpush_trace_enter(trace);
    CHECK_INT(axonpush_events_publish_async(client, &event, publish_from_a_completion, client, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_trace_leave(before);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(carries(0, "t", NULL, "s"));
    CHECK(is_uuid(json_text(request_body(1), "/traceId")));
    CHECK_TEXT(request_header(1, "traceparent"), NULL);
    axonpush_trace_free(trace);
    axonpush_close(client);
    return true;
}

static bool every_attempt_carries_the_same(void) {
    axonpush_options options = test_options();
    options.max_retries = 2;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_trace *trace = trace_of("t", "s");
    axonpush_trace *before = axonpush_trace_enter(trace);
    fault("{'path':'/event','status':503,'headers':{'Retry-After':'0'},'times':2}");
    CHECK_INT(publish_now(client, &event), AXONPUSH_OK);
    axonpush_trace_leave(before);
    axonpush_trace_free(trace);
    CHECK_INT(request_count(), 3);
    CHECK_TEXT(request_body(2), request_body(0));
    CHECK_TEXT(request_header(2, "traceparent"), request_header(0, "traceparent"));
    axonpush_close(client);
    return true;
}

/* ---- Other requests ---- */

static bool other_requests_carry_the_trace_in_their_headers(void) {
    axonpush_client *client = test_client();
    axonpush_trace *trace = trace_of("my-trace", SPAN_ID);
    axonpush_trace *before = axonpush_trace_enter(trace);
    axonpush_events_iter *iter = NULL;
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_request(client, "GET", "/apps", NULL, NULL, 0, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_apps_create(client, "n", NULL, NULL), AXONPUSH_OK);
    axonpush_otlp_logs(client, "c", "{}", 0, NULL, NULL);
    CHECK_INT(axonpush_events_iter_new(client, "c", NULL, &iter, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_events_iter_next(iter, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(request_count(), 5);
    for (size_t i = 0; i < 5; i++) {
        CHECK_TEXT(request_header(i, "x-axonpush-trace-id"), "my-trace");
        CHECK_TEXT(request_header(i, "x-axonpush-span-id"), SPAN_ID);
        CHECK_TEXT(request_header(i, "traceparent"), axonpush_trace_traceparent(trace));
    }
    axonpush_trace_leave(before);
    CHECK_INT(axonpush_health_get(client, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_header(5, "traceparent"), NULL);
    CHECK_TEXT(request_header(5, "x-axonpush-trace-id"), NULL);
    CHECK_TEXT(request_header(5, "x-axonpush-span-id"), NULL);
    axonpush_events_iter_free(iter);
    axonpush_trace_free(trace);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_new_trace_draws_what_is_not_given),
        TEST(an_id_that_no_header_can_carry_is_refused_by_its_name),
        TEST(a_child_is_a_new_span_in_the_same_trace),
        TEST(no_trace_is_a_legal_trace),
        TEST(a_traceparent_is_taken_as_the_specification_says),
        TEST(a_malformed_traceparent_is_refused),
        TEST(a_traceparent_is_what_another_implementation_makes_of_the_ids),
        TEST(an_id_in_no_standard_form_is_written_as_its_sha256),
        TEST(enter_and_leave_nest),
        TEST(what_is_current_may_be_read_and_entered_again),
        TEST(what_is_current_is_the_threads_own),
        TEST(events_carry_the_trace_and_its_span_as_their_parent),
        TEST(without_a_trace_an_event_has_one_of_its_own_and_no_headers),
        TEST(what_the_event_says_wins),
        TEST(spans_nest_from_an_incoming_request_to_the_events),
        TEST(a_completion_is_in_no_trace),
        TEST(every_attempt_carries_the_same),
        TEST(other_requests_carry_the_trace_in_their_headers),
    };
    return RUN_TESTS(tests, argc, argv);
}
