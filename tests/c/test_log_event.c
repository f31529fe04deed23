/* A line of the application's log as an event: its shape, and that it can never break the application. */
#include "check.h"
#include "tally.h"

#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static axonpush_log_record a_record(void) {
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = "it happened";
    return record;
}

/* Publishes the record; gives the body of its request. */
static const char *sent(axonpush_client *client, const axonpush_log_record *record) {
    size_t before = request_count();
    if (!axonpush_log_event(client, record)) return "(refused)";
    if (axonpush_flush(client, 20000, NULL) != AXONPUSH_OK) return "(not delivered)";
    return request_count() == before + 1 ? request_body(before) : "(not one request)";
}

static const char *payload_of(axonpush_client *client, const axonpush_log_record *record) {
    const char *payload = json_raw(sent(client, record), "/payload");
    return payload ? payload : "(none)";
}

/* ---- Its shape ---- */

static bool a_record_becomes_a_log_shaped_event(void) {
    axonpush_client *client = test_client();
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = "it \"broke\"\n\xE2\x82\xAC";
    record.logger = "shop.orders";
    record.severity = AXONPUSH_SEVERITY_ERROR;
    record.file = "src/orders.c";
    record.line = 4294967295u;
    record.function = "ship";
    record.service_name = "checkout";
    record.attributes = "{\"order\":4711,\"nested\":{\"a\":[1.50]}} and more";
    record.attributes_len = 36;
    record.time_unix_nano = 1774000000123456789u;
    record.channel_id = "logs";
    record.agent_id = "agent-7";
    const char *body = sent(client, &record);
    CHECK_TEXT(json_text(body, "/identifier"), "shop.orders");
    CHECK_TEXT(json_text(body, "/eventType"), "app.log");
    CHECK_TEXT(json_text(body, "/channel_id"), "logs");
    CHECK_TEXT(json_text(body, "/agentId"), "agent-7");
    CHECK_TEXT(json_raw(body, "/payload"),
               "{\"severityNumber\":17,\"severityText\":\"ERROR\",\"body\":\"it \\\"broke\\\"\\n\xE2\x82\xAC\","
               "\"timeUnixNano\":\"1774000000123456789\",\"attributes\":{\"order\":4711,\"nested\":{\"a\":[1.50]},"
               "\"code.file.path\":\"src/orders.c\",\"code.function.name\":\"ship\",\"code.line.number\":4294967295},"
               "\"resource\":{\"service.name\":\"checkout\"}}");
    /* When the line was written is when the event happened. */
    CHECK_TEXT(json_text(body, "/occurredAt"), "2026-03-20T09:46:40.123456Z");
    axonpush_response *response = NULL;
    CHECK_INT(axonpush_events_list(client, "logs", NULL, &response, NULL), AXONPUSH_OK);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/serviceName"), "checkout");
    CHECK_TEXT(axonpush_response_string(response, "/events/0/status"), "error");
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool a_bare_record_has_defaults(void) {
    axonpush_options options = test_options();
    options.channel_id = "mine";
    axonpush_client *client = client_with(&options);
    axonpush_log_record record = a_record();
    const char *body = sent(client, &record);
    CHECK_TEXT(json_text(body, "/identifier"), "log");
    CHECK_TEXT(json_text(body, "/eventType"), "app.log");
    CHECK_TEXT(json_text(body, "/channel_id"), "mine");
    CHECK_TEXT(json_names(body, ""),
               "channel_id dedupKey eventType identifier occurredAt payload spanId traceId");
    CHECK_TEXT(json_names(body, "/payload"),
               "attributes body resource severityNumber severityText timeUnixNano");
    CHECK_TEXT(json_raw(body, "/payload/severityNumber"), "9");
    CHECK_TEXT(json_text(body, "/payload/severityText"), "INFO");
    CHECK_TEXT(json_raw(body, "/payload/attributes"), "{}");
    CHECK_TEXT(json_raw(body, "/payload/resource"), "{}");
    const char *now = json_text(body, "/payload/timeUnixNano");
    CHECK_INT(strlen(now), 19);
    CHECK(llabs(atoll(now) / 1000000000 - (long long)time(NULL)) < 60);
    /* "" is NULL, and an empty line is a line. */
    record.logger = record.severity_text = record.file = record.function = record.service_name = "";
    record.attributes = record.event_type = record.channel_id = record.body = "";
    body = sent(client, &record);
    CHECK_TEXT(json_text(body, "/identifier"), "log");
    CHECK_TEXT(json_text(body, "/payload/body"), "");
    CHECK_TEXT(json_raw(body, "/payload/attributes"), "{}");
    record.event_type = "agent.log";
    CHECK_TEXT(json_text(sent(client, &record), "/eventType"), "agent.log");
    axonpush_close(client);
    return true;
}

static bool severities_have_the_names_of_their_ranges(void) {
    static const char *const names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    static const int32_t firsts[] = {AXONPUSH_SEVERITY_TRACE, AXONPUSH_SEVERITY_DEBUG, AXONPUSH_SEVERITY_INFO,
                                     AXONPUSH_SEVERITY_WARN, AXONPUSH_SEVERITY_ERROR, AXONPUSH_SEVERITY_FATAL};
    static const int32_t wire[] = {1, 5, 9, 13, 17, 21};
    axonpush_client *client = test_client();
    axonpush_log_record record = a_record();
    for (int32_t severity = 1; severity <= 24; severity++) {
        record.severity = severity;
        const char *payload = payload_of(client, &record);
        CHECK_TEXT(json_raw(payload, "/severityNumber"), format("%d", severity));
        CHECK_TEXT(json_text(payload, "/severityText"), names[(severity - 1) / 4]);
    }
    for (size_t i = 0; i < COUNT(firsts); i++) CHECK_INT(firsts[i], wire[i]);
    /* The application's own name for it. */
    record.severity_text = "Notice";
    CHECK_TEXT(json_text(payload_of(client, &record), "/severityText"), "Notice");
    axonpush_close(client);
    return true;
}

static bool attributes_and_the_place_in_the_source_go_together(void) {
    axonpush_client *client = test_client();
    axonpush_log_record record = a_record();
    record.file = "a.c";
    CHECK_TEXT(json_raw(payload_of(client, &record), "/attributes"), "{\"code.file.path\":\"a.c\"}");
    record.attributes = " { } ";
    CHECK_TEXT(json_raw(payload_of(client, &record), "/attributes"), "{\"code.file.path\":\"a.c\"}");
    record.attributes = " { \"k\\\"\" : [ 1 , {\"b\":null} ] , \"\xC3\xBC\" : \"v\" } ";
    CHECK_TEXT(json_raw(payload_of(client, &record), "/attributes"),
               "{\"k\\\"\":[ 1 , {\"b\":null} ],\"\xC3\xBC\":\"v\",\"code.file.path\":\"a.c\"}");
    /* No member comes twice: what the attributes say stays. */
    record.line = 7;
    record.function = "f";
    record.attributes = "{\"code.file.path\":\"b.c\",\"code.line.number\":1,\"code.function.name\":\"g\"}";
    CHECK_TEXT(json_raw(payload_of(client, &record), "/attributes"), record.attributes);
    axonpush_close(client);
    return true;
}

static bool a_line_carries_the_trace_that_is_current(void) {
    axonpush_client *client = test_client();
    axonpush_trace *trace = axonpush_trace_new("t", "b7ad6b7169203331", NULL);
    axonpush_trace *before = axonpush_trace_enter(trace);
    axonpush_log_record record = a_record();
    const char *within = sent(client, &record);
    record.trace_id = "other";
    record.span_id = "own";
    const char *elsewhere = sent(client, &record);
    axonpush_trace_leave(before);
    record.trace_id = record.span_id = NULL;
    const char *outside = sent(client, &record);
    CHECK_TEXT(json_text(within, "/traceId"), "t");
    CHECK_TEXT(json_text(within, "/parentSpanId"), "b7ad6b7169203331");
    CHECK_TEXT(request_header(0, "x-axonpush-trace-id"), "t");
    CHECK_TEXT(json_text(elsewhere, "/traceId"), "other");
    CHECK_TEXT(json_text(elsewhere, "/spanId"), "own");
    CHECK_TEXT(json_text(elsewhere, "/parentSpanId"), NULL);
    CHECK_INT(strlen(json_text(outside, "/traceId")), 36);
    CHECK_TEXT(json_text(outside, "/parentSpanId"), NULL);
    axonpush_trace_free(trace);
    axonpush_close(client);
    return true;
}

static bool the_redaction_rules_apply(void) {
    axonpush_options options = test_options();
    options.max_content_length = 100;
    axonpush_client *client = client_with(&options);
    axonpush_log_record record = a_record();
    record.body = repeated("x", 5000);
    record.attributes = "{\"password\":\"p\",\"message\":\"m\",\"n\":1}";
    const char *payload = payload_of(client, &record);
    CHECK_TEXT(json_text(payload, "/body"), format("%s\xE2\x80\xA6[TRUNCATED]", repeated("x", 100)));
    CHECK_TEXT(json_raw(payload, "/attributes"), "{\"password\":\"[REDACTED]\",\"message\":\"[REDACTED]\",\"n\":1}");
    axonpush_close(client);
    return true;
}

/* ---- That it breaks nothing ---- */

static bool a_bad_record_is_refused_and_counted(void) {
    axonpush_client *client = test_client();
    uint64_t lost = 0;
#define LOST(member, value) \
    do { \
        axonpush_log_record bad = a_record(); \
        bad.member = (value); \
        CHECK(!axonpush_log_event(client, &bad)); \
        CHECK_STATS(client, log_events_lost, ++lost); \
    } while (0)
    CHECK(!axonpush_log_event(client, NULL));
    CHECK_STATS(client, log_events_lost, ++lost);
    LOST(struct_size, 0);
    LOST(struct_size, 100000);
    LOST(severity, -1);
    LOST(severity, 25);
    LOST(severity, INT32_MAX);
    LOST(severity, INT32_MIN);
    LOST(severity, 265); /* 9, if it were cut to a byte */
    LOST(attributes, "[1]");
    LOST(attributes, "\"x\"");
    LOST(attributes, "{\"a\":}");
    LOST(attributes, "{\"a\":1} and more");
    LOST(attributes, format("{\"a\":%s%s}", repeated("[", 200), repeated("]", 200)));
    LOST(body, "\xFF");
    LOST(logger, "\xC3");
    LOST(logger, repeated("l", 5000));
    LOST(attributes, "{\"\xFF\":1}");
    LOST(trace_id, "a\nb");
    LOST(span_id, "a\rb");
    /* And none of it is an event. */
    CHECK_STATS(client, accepted, 0);
    CHECK_INT(request_count(), 0);
    /* The client is as good as before. */
    axonpush_log_record record = a_record();
    CHECK(axonpush_log_event(client, &record));
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, delivered, 1);
    CHECK_STATS(client, log_events_lost, lost);
    axonpush_close(client);
    return true;
}

static bool an_older_programs_record_is_read_as_far_as_it_goes(void) {
    axonpush_client *client = test_client();
    axonpush_log_record record = a_record();
    record.struct_size = offsetof(axonpush_log_record, severity_text);
    record.logger = "old";
    record.attributes = "beyond its end";
    const char *body = sent(client, &record);
    CHECK_TEXT(json_text(body, "/identifier"), "old");
    CHECK_TEXT(json_raw(body, "/payload/attributes"), "{}");
    axonpush_close(client);
    return true;
}

static bool no_client_is_no_crash(void) {
    axonpush_log_record record = a_record();
    axonpush_client *client = test_client();
    CHECK(!axonpush_log_event(NULL, &record));
    CHECK(!axonpush_log_event((axonpush_client *)(uintptr_t)77, &record));
    CHECK(!axonpush_log_event(NULL, NULL));
    CHECK_INT(axonpush_shutdown(client, 0, NULL), AXONPUSH_OK);
    CHECK(!axonpush_log_event(client, &record));
    CHECK_STATS(client, log_events_lost, 1);
    axonpush_close(client);
    CHECK(!axonpush_log_event(client, &record));
    return true;
}

/* A service that does not take events: how it fails, and which counter says so. */
static bool is_counted(axonpush_options options, const char *faults, size_t counted, bool fail_open) {
    dev("POST", "/_dev/reset", NULL);
    if (faults) fault(faults);
    options.fail_open = fail_open ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
    options.timeout_ms = 1000;
    axonpush_client *client = client_with(&options);
    axonpush_log_record record = a_record();
    for (int i = 0; i < 10; i++) CHECK(axonpush_log_event(client, &record));
    CHECK_INT(axonpush_flush(client, 30000, NULL), AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 10);
    CHECK_INT(*(const uint64_t *)((const char *)&stats + counted), 10);
    CHECK_INT(stats.log_events_lost, 0);
    axonpush_close(client);
    return true;
}

static bool a_service_that_is_down_is_never_an_error_and_is_counted(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_options dead = test_options(), live = test_options();
    dead.base_url = dead_url();
    dead.delivery_timeout_ms = live.delivery_timeout_ms = 300;
    /* An attempt that the end of the time cuts off met nobody. So each must have had its answer by then. */
    axonpush_options patient = live;
    patient.delivery_timeout_ms = 1500;
    size_t expired = offsetof(axonpush_stats, expired), suppressed = offsetof(axonpush_stats, suppressed),
           failed = offsetof(axonpush_stats, failed);
    CHECK(is_counted(dead, NULL, expired, false));
    CHECK(is_counted(dead, NULL, suppressed, true));
    CHECK(is_counted(live, "{'path':'/event','reset':true,'times':0}", expired, false));
    CHECK(is_counted(live, "{'path':'/event','silent':true,'times':0}", expired, false));
    for (int fail_open = 0; fail_open < 2; fail_open++) {
        CHECK(is_counted(patient, "{'path':'/event','status':401,'times':0}", failed, fail_open));
        CHECK(is_counted(patient, "{'path':'/event','status':422,'times':0}", failed, fail_open));
        CHECK(is_counted(patient, "{'path':'/event','status':500,'times':0}", expired, fail_open));
    }
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

static bool it_never_waits_whatever_the_policy(void) {
    static const axonpush_overflow policies[] = {AXONPUSH_OVERFLOW_BLOCK, AXONPUSH_OVERFLOW_DROP_NEWEST,
                                                 AXONPUSH_OVERFLOW_DROP_OLDEST};
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    for (size_t i = 0; i < COUNT(policies); i++) {
        dev("POST", "/_dev/reset", NULL);
        fault("{'path':'/event','silent':true,'times':0}");
        axonpush_options options = test_options();
        options.overflow = policies[i];
        options.queue_max_events = 4;
        options.shutdown_timeout_ms = 1;
        axonpush_client *client = client_with(&options);
        axonpush_log_record record = a_record();
        int64_t start = now_ms();
        uint64_t accepted = 0;
        for (int n = 0; n < 1000; n++) accepted += axonpush_log_event(client, &record);
        CHECK(now_ms() - start < 5000);
        axonpush_stats stats = stats_of(client);
        CHECK(counters_add_up(&stats));
        CHECK_INT(stats.accepted, accepted);
        CHECK_INT(stats.log_events_lost, 1000 - accepted);
        if (policies[i] == AXONPUSH_OVERFLOW_DROP_OLDEST) CHECK_INT(accepted, 1000);
        else CHECK_INT(accepted, 4);
        axonpush_close(client);
    }
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

/* ---- No line begets another ---- */

static struct {
    axonpush_client *client;
    int lines, accepted;
} feedback;

/* An application that publishes its whole log, ours included. */
static void publish_the_line(axonpush_log_level level, const char *message, void *user_data) {
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    (void)level;
    (void)user_data;
    record.body = message;
    __atomic_fetch_add(&feedback.lines, 1, __ATOMIC_SEQ_CST);
    if (axonpush_log_event(feedback.client, &record)) __atomic_fetch_add(&feedback.accepted, 1, __ATOMIC_SEQ_CST);
}

static bool the_librarys_own_lines_are_not_published(void) {
    for (int fail_open = 0; fail_open < 2; fail_open++) {
        axonpush_options options = test_options();
        options.base_url = dead_url();
        options.fail_open = fail_open ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
        options.delivery_timeout_ms = 200;
        memset(&feedback, 0, sizeof feedback);
        feedback.client = client_with(&options);
        axonpush_log_set(AXONPUSH_LOG_DEBUG, publish_the_line, NULL);
        /* Lines from the caller's thread, and from the library's. */
        axonpush_log_record record = a_record();
        axonpush_event event = test_event();
        for (int i = 0; i < 5; i++) {
            CHECK(axonpush_log_event(feedback.client, &record));
            axonpush_events_publish(feedback.client, &event, NULL, NULL);
        }
        CHECK_INT(axonpush_flush(feedback.client, 30000, NULL), AXONPUSH_OK);
        CHECK(feedback.lines > 0);
        CHECK_INT(feedback.accepted, 0);
        CHECK_STATS(feedback.client, accepted, 5);
        CHECK_STATS(feedback.client, log_events_lost, feedback.lines);
        axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
        axonpush_close(feedback.client);
    }
    return true;
}

static bool outside_of_it_the_same_thread_publishes_again(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    memset(&feedback, 0, sizeof feedback);
    feedback.client = client_with(&options);
    axonpush_log_set(AXONPUSH_LOG_WARN, publish_the_line, NULL);
    CHECK_INT(axonpush_health_get(feedback.client, NULL, NULL), AXONPUSH_OK);
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    CHECK_INT(feedback.lines, 1);
    axonpush_client *client = test_client();
    axonpush_log_record record = a_record();
    CHECK_TEXT(json_text(payload_of(client, &record), "/body"), "it happened");
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    axonpush_close(client);
    axonpush_close(feedback.client);
    return true;
}

/* ---- Many threads ---- */

static struct {
    axonpush_client *client;
    int lines;
    uint64_t accepted;
} crowd;

static void *log_many(void *data) {
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    (void)data;
    record.body = "one of many";
    record.attributes = "{\"k\":1}";
    for (int i = 0; i < crowd.lines; i++) {
        if (axonpush_log_event(crowd.client, &record)) __atomic_fetch_add(&crowd.accepted, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static bool many_threads_log_while_the_client_is_shut_down(void) {
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    crowd.client = test_client();
    crowd.lines = scaled(2000);
    for (int i = 0; i < THREADS; i++) CHECK_INT(pthread_create(&threads[i], NULL, log_many, NULL), 0);
    sleep_ms(5);
    CHECK_INT(axonpush_shutdown(crowd.client, 20000, NULL), AXONPUSH_OK);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    axonpush_stats stats = stats_of(crowd.client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, crowd.accepted);
    /* A slow server may let the queue run over. */
    CHECK_INT(stats.delivered + stats.dropped, crowd.accepted);
    CHECK_INT(stats.log_events_lost, THREADS * (uint64_t)crowd.lines - crowd.accepted);
    CHECK_INT(server_stat("storedEvents"), stats.delivered);
    axonpush_close(crowd.client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_record_becomes_a_log_shaped_event),
        TEST(a_bare_record_has_defaults),
        TEST(severities_have_the_names_of_their_ranges),
        TEST(attributes_and_the_place_in_the_source_go_together),
        TEST(a_line_carries_the_trace_that_is_current),
        TEST(the_redaction_rules_apply),
        TEST(a_bad_record_is_refused_and_counted),
        TEST(an_older_programs_record_is_read_as_far_as_it_goes),
        TEST(no_client_is_no_crash),
        TEST(a_service_that_is_down_is_never_an_error_and_is_counted),
        TEST(it_never_waits_whatever_the_policy),
        TEST(the_librarys_own_lines_are_not_published),
        TEST(outside_of_it_the_same_thread_publishes_again),
        TEST(many_threads_log_while_the_client_is_shut_down),
    };
    return RUN_TESTS(tests, argc, argv);
}
