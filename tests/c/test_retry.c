/* What is repeated, when, and with which key. */
#include "check.h"

/* Publishes one event by a client that retries at most `retries` times, within `timeout_ms`. */
static axonpush_status publish(int retries, uint32_t timeout_ms, axonpush_error **error) {
    axonpush_options options = test_options();
    options.max_retries = retries;
    options.timeout_ms = timeout_ms;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_status status = axonpush_events_publish(client, &event, NULL, error);
    axonpush_close(client);
    return status;
}

static bool every_attempt_is_the_same_request(void) {
    /* The hang-up first: on a connection that was used before it would count as closed while idle. */
    fault("[{'path':'/event','hangup':'before'},{'path':'/event','status':503},{'path':'/event','status':500}]");
    axonpush_options options = test_options();
    options.max_retries = 3;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.trace_id = "t";
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    CHECK_INT(request_count(), 4);
    for (size_t i = 1; i < 4; i++) {
        CHECK_TEXT(request_body(i), request_body(0));
        CHECK_TEXT(request_header(i, "idempotency-key"), request_header(0, "idempotency-key"));
        CHECK_TEXT(request_header(i, "traceparent"), request_header(0, "traceparent"));
    }
    CHECK_TEXT(request_header(0, "idempotency-key"), json_text(request_body(0), "/dedupKey"));
    CHECK_INT(server_stat("storedEvents"), 1);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(client, &stats, NULL), AXONPUSH_OK);
    CHECK_INT(stats.retried, 3);
    axonpush_close(client);
    return true;
}

static bool a_lost_response_does_not_store_the_event_twice(void) {
    fault("{'path':'/event','hangup':'after'}");
    axonpush_error *error = NULL;
    CHECK_STATUS(publish(3, 20000, &error), error, AXONPUSH_OK);
    CHECK_INT(request_count(), 2);
    CHECK_INT(server_stat("storedEvents"), 1);
    CHECK_INT(server_stat("duplicates"), 1);
    return true;
}

static bool waits_follow_the_ladder(void) {
    fault("{'path':'/event','status':503,'times':0}");
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(publish(3, 20000, &error), error, AXONPUSH_ERR_SERVER);
    int64_t took = now_ms() - start;
    CHECK_INT(request_count(), 4);
    /* 250 + 500 + 1000, each lengthened by a fifth at most; then a generous allowance. */
    CHECK(took >= 1745);
    CHECK(took < 2100 + 8000);
    axonpush_error_free(error);
    return true;
}

static bool the_number_of_retries_is_the_callers(void) {
    fault("{'path':'/event','status':503,'times':0}");
    CHECK_INT(publish(-1, 20000, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 1);
    CHECK_INT(publish(INT32_MIN, 20000, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 2);
    CHECK_INT(publish(1, 20000, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 4);
    /* 0 is the default, 3. */
    CHECK_INT(publish(0, 20000, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 8);
    return true;
}

static bool retry_after_replaces_the_ladders_step(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'0'},'times':3}");
    axonpush_error *error = NULL;
    CHECK_STATUS(publish(3, 20000, &error), error, AXONPUSH_OK);
    CHECK_INT(request_count(), 4);

    fault("{'path':'/event','status':503,'headers':{'Retry-After':'1.5'}}");
    int64_t start = now_ms();
    CHECK_STATUS(publish(1, 20000, &error), error, AXONPUSH_OK);
    CHECK(now_ms() - start >= 1490);
    CHECK_INT(request_count(), 6);
    return true;
}

static bool a_retry_after_beyond_the_timeout_ends_the_call_at_once(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'30'},'times':0}");
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(publish(3, 2000, &error), error, AXONPUSH_ERR_RATE_LIMIT);
    CHECK(now_ms() - start < 10000);
    CHECK_INT(request_count(), 1);
    CHECK_INT(axonpush_error_retry_after_ms(error), 30000);
    CHECK(axonpush_error_retryable(error));
    axonpush_error_free(error);
    return true;
}

static bool what_is_refused_for_good_is_not_repeated(void) {
    static const int statuses[] = {400, 401, 403, 404, 409, 413, 422, 302};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        dev("POST", "/_dev/reset", NULL);
        fault(format("{'path':'/event','status':%d,'times':0}", statuses[i]));
        CHECK(publish(3, 20000, NULL) != AXONPUSH_OK);
        CHECK_INT(request_count(), 1);
    }
    /* Nor is a response that cannot be read: the event has probably arrived. */
    dev("POST", "/_dev/reset", NULL);
    fault("{'path':'/event','status':200,'body':'no JSON','times':0}");
    CHECK_INT(publish(3, 20000, NULL), AXONPUSH_ERR_DECODE);
    CHECK_INT(request_count(), 1);
    return true;
}

static bool what_may_succeed_later_is_repeated(void) {
    static const char *const faults[] = {
        "'status':408", "'status':429", "'status':500", "'status':502", "'status':599", "'reset':true",
        "'hangup':'before'", "'hangup':'after'", "'truncate':5",
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        axonpush_error *error = NULL;
        dev("POST", "/_dev/reset", NULL);
        fault(format("{'path':'/event',%s}", faults[i]));
        CHECK_STATUS(publish(1, 20000, &error), error, AXONPUSH_OK);
        CHECK_INT(request_count(), 2);
        CHECK_INT(server_stat("storedEvents"), 1);
    }
    return true;
}

static axonpush_status request(const char *method, axonpush_error **error) {
    axonpush_options options = test_options();
    options.max_retries = 2;
    axonpush_client *client = client_with(&options);
    axonpush_status status = axonpush_request(client, method, "/x", NULL,
                                              strcmp(method, "GET") == 0 ? NULL : "{}", 0, NULL, error);
    axonpush_close(client);
    return status;
}

#define AT_ONCE "'headers':{'Retry-After':'0'}"

static bool a_request_that_may_have_been_carried_out_is_repeated_only_if_that_is_harmless(void) {
    static const struct {
        const char *method;
        bool repeated;
    } methods[] = {{"GET", true}, {"PUT", true}, {"DELETE", true}, {"POST", false}, {"PATCH", false}};
    static const char *const lost[] = {"'hangup':'after'", "'hangup':'before'", "'reset':true", "'truncate':1",
                                       "'status':500," AT_ONCE, "'status':502," AT_ONCE, "'status':408," AT_ONCE};
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
            axonpush_error *error = NULL;
            dev("POST", "/_dev/reset", NULL);
            fault(format("[{'path':'/x',%s},{'path':'/x','status':200,'body':{},'times':0}]", lost[i]));
            axonpush_status status = request(methods[m].method, &error);
            if (methods[m].repeated != (status == AXONPUSH_OK)) {
                printf("  %s %s\n", methods[m].method, lost[i]);
            }
            CHECK_INT(status == AXONPUSH_OK, methods[m].repeated);
            CHECK_INT(request_count(), methods[m].repeated ? 2 : 1);
            axonpush_error_free(error);
        }
        /* Turned away at the door: it was surely not carried out. */
        dev("POST", "/_dev/reset", NULL);
        fault("[{'path':'/x','status':429," AT_ONCE "},{'path':'/x','status':503," AT_ONCE "},"
              "{'path':'/x','status':200,'body':{}}]");
        axonpush_error *error = NULL;
        CHECK_STATUS(request(methods[m].method, &error), error, AXONPUSH_OK);
        CHECK_INT(request_count(), 3);
    }
    return true;
}

static bool a_connection_closed_while_idle_is_no_failure(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
        /* The server takes a moment, too, until it counts a connection as idle. */
        sleep_ms(i % 2 ? 60 : 5);
        dev("POST", "/_dev/close-idle", NULL);
    }
    CHECK_INT(server_stat("storedEvents"), 5);
    CHECK_INT(server_stat("duplicates"), 0);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(client, &stats, NULL), AXONPUSH_OK);
    CHECK_INT(stats.retried, 0);
    CHECK_INT(stats.connections, 5);
    /* A POST of unknown effect too. */
    dev("POST", "/_dev/close-idle", NULL);
    CHECK_STATUS(axonpush_request(client, "POST", "/apps", NULL, "{\"name\":\"n\"}", 0, NULL, &error), error,
                 AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(every_attempt_is_the_same_request),
        TEST(a_lost_response_does_not_store_the_event_twice),
        TEST(waits_follow_the_ladder),
        TEST(the_number_of_retries_is_the_callers),
        TEST(retry_after_replaces_the_ladders_step),
        TEST(a_retry_after_beyond_the_timeout_ends_the_call_at_once),
        TEST(what_is_refused_for_good_is_not_repeated),
        TEST(what_may_succeed_later_is_repeated),
        TEST(a_request_that_may_have_been_carried_out_is_repeated_only_if_that_is_harmless),
        TEST(a_connection_closed_while_idle_is_no_failure),
    };
    return RUN_TESTS(tests, argc, argv);
}
