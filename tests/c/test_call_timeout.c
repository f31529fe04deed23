/* The deadline of one call in all, of a thread's calls or of those through a call handle. */
#include "tally.h"

static axonpush_status publish(axonpush_client *client, axonpush_error **error) {
    axonpush_event event = test_event();
    return axonpush_events_publish(client, &event, NULL, error);
}

/* Where the deadline comes from. */
enum source { THREAD, HANDLE, SOURCES };

/* Begins a call: gives the handle to make it with. */
static axonpush_client *within(enum source source, axonpush_client *client, uint32_t timeout_ms) {
    if (source == HANDLE) return axonpush_call_new(client, timeout_ms, NULL);
    axonpush_call_timeout_set(timeout_ms);
    return client;
}

static void done(enum source source, axonpush_client *call) {
    if (source == HANDLE) axonpush_call_free(call);
    else axonpush_call_timeout_set(0);
}

/* ---- What a deadline ends ---- */

static bool a_wait_that_does_not_fit_ends_the_call_at_once(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'20'},'times':0}");
    axonpush_client *client = patient_client();
    for (enum source source = 0; source < SOURCES; source++) {
        axonpush_client *call = within(source, client, slow_machine() ? 5000 : 500);
        axonpush_error *error = NULL;
        int64_t start = now_ms();
        CHECK_STATUS(publish(call, &error), error, AXONPUSH_ERR_RATE_LIMIT);
        CHECK(in_time(start, 0));
        CHECK_INT(axonpush_error_retry_after_ms(error), 20000);
        CHECK_INT(axonpush_error_http_status(error), 429);
        axonpush_error_free(error);
        CHECK_INT(request_count(), source + 1);
        done(source, call);
    }
    axonpush_close(client);
    return true;
}

static bool retries_and_their_waits_are_included(void) {
    /* 250 ms, then 500, then 1000: the third attempt is at about 750, and the next wait does not fit. */
    fault("{'path':'/event','status':503,'times':0}");
    axonpush_client *client = patient_client();
    for (enum source source = 0; source < SOURCES; source++) {
        dev("DELETE", "/_dev/requests", NULL);
        axonpush_client *call = within(source, client, 1700);
        axonpush_error *error = NULL;
        int64_t start = now_ms();
        CHECK_STATUS(publish(call, &error), error, AXONPUSH_ERR_SERVER);
        CHECK(now_ms() - start < 1700);
        axonpush_error_free(error);
        if (!slow_machine()) CHECK_INT(request_count(), 3);
        done(source, call);
    }
    axonpush_close(client);
    return true;
}

/* The attempts together, not each of them: the second one has what the first has left. */
static bool the_deadline_is_for_all_attempts_together(void) {
    fault("[{'path':'/event','delayMs':600,'status':503,'headers':{'Retry-After':'0'}},{'path':'/event','silent':true}]");
    axonpush_client *client = patient_client();
    axonpush_call_timeout_set(1000);
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(publish(client, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK(ended_at(start, 1000));
    axonpush_error_free(error);
    CHECK_INT(request_count(), 2);
    axonpush_close(client);
    return true;
}

static bool ends_within(const axonpush_options *options) {
    for (enum source source = 0; source < SOURCES; source++) {
        axonpush_client *client = client_with(options), *call = within(source, client, 500);
        axonpush_error *error = NULL;
        int64_t start = now_ms();
        CHECK_STATUS(publish(call, &error), error, AXONPUSH_ERR_CONNECTION);
        CHECK(ended_at(start, 500));
        CHECK(axonpush_error_retryable(error));
        axonpush_error_free(error);
        done(source, call);
        axonpush_close(client);
    }
    return true;
}

static bool a_silent_server_ends_with_the_deadline(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = patient_options();
    CHECK(ends_within(&options));
    CHECK_INT(request_count(), 2);
    return true;
}

static bool a_response_that_drips_ends_with_the_deadline(void) {
    fault("{'path':'/event','drip':{'bytes':1,'intervalMs':50},'times':0}");
    axonpush_options options = patient_options();
    return ends_within(&options);
}

static bool a_connection_that_nobody_accepts_ends_with_the_deadline(void) {
    axonpush_options options = patient_options();
    options.base_url = blackhole_url();
    return ends_within(&options);
}

static bool fail_open_suppresses_a_call_that_is_cut_short(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    fault("{'silent':true,'times':0}");
    axonpush_options options = patient_options();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    for (enum source source = 0; source < SOURCES; source++) {
        axonpush_client *call = within(source, client, 500);
        axonpush_error *error = NULL;
        axonpush_event event = test_event();
        axonpush_response *response = (axonpush_response *)&event;
        int64_t start = now_ms();
        CHECK_STATUS(axonpush_events_publish(call, &event, &response, &error), error, AXONPUSH_OK);
        CHECK(response == NULL);
        CHECK(ended_at(start, 500));
        done(source, call);
        /* A list is empty. */
        call = within(source, client, 500);
        CHECK_STATUS(axonpush_events_search(call, NULL, &response, &error), error, AXONPUSH_OK);
        CHECK_INT(axonpush_response_count(response, "/events"), 0);
        CHECK_INT(axonpush_response_http_status(response), 0);
        axonpush_response_free(response);
        done(source, call);
    }
    /* A response is none of its business. */
    dev("DELETE", "/_dev/faults", NULL);
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'20'}}");
    axonpush_call_timeout_set(500);
    CHECK_INT(publish(client, NULL), AXONPUSH_ERR_RATE_LIMIT);
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

/* Requests of every kind. */
static axonpush_status make_request(int kind, axonpush_client *client) {
    switch (kind) {
    case 0:
        return axonpush_events_list(client, "ch", NULL, NULL, NULL);
    case 1:
        return axonpush_events_search(client, NULL, NULL, NULL);
    case 2:
        return axonpush_request(client, "GET", "/x", NULL, NULL, 0, NULL, NULL);
    case 3:
        return axonpush_apps_create(client, "n", NULL, NULL);
    case 4:
        return axonpush_traces_get(client, "t", NULL, NULL);
    case 5:
        return axonpush_otlp_logs(client, "ch", "{\"resourceLogs\":[]}", 0, NULL, NULL);
    default: {
        axonpush_events_iter *iter = NULL;
        const axonpush_response *event = NULL;
        axonpush_status status = axonpush_events_iter_new(client, NULL, NULL, &iter, NULL);
        if (status == AXONPUSH_OK) status = axonpush_events_iter_next(iter, &event, NULL);
        axonpush_events_iter_free(iter);
        return status;
    }
    }
}

static bool every_request_has_the_deadline(void) {
    fault("{'silent':true,'times':0}");
    axonpush_client *client = patient_client();
    for (int kind = 0; kind < 7; kind++) {
        for (enum source source = 0; source < SOURCES; source++) {
            axonpush_client *call = within(source, client, 200);
            int64_t start = now_ms();
            axonpush_status status = make_request(kind, call);
            if (status != AXONPUSH_ERR_CONNECTION) printf("  kind %d\n", kind);
            CHECK_INT(status, AXONPUSH_ERR_CONNECTION);
            CHECK(ended_at(start, 200));
            done(source, call);
        }
    }
    axonpush_close(client);
    return true;
}

static bool a_call_in_time_is_not_touched(void) {
    fault("[{'path':'/event','status':503},{'path':'/event','delayMs':300}]");
    axonpush_client *client = patient_client();
    for (enum source source = 0; source < SOURCES; source++) {
        axonpush_client *call = within(source, client, 20000);
        axonpush_error *error = NULL;
        CHECK_STATUS(publish(call, &error), error, AXONPUSH_OK);
        done(source, call);
    }
    CHECK_INT(server_stat("storedEvents"), 2);
    axonpush_close(client);
    return true;
}

/* timeout_ms of the options bounds each attempt all the same. */
static bool the_timeout_of_an_attempt_still_holds(void) {
    fault("{'path':'/event','silent':true}");
    axonpush_options options = patient_options();
    options.timeout_ms = 300;
    axonpush_client *client = client_with(&options);
    axonpush_call_timeout_set(30000);
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(publish(client, &error), error, AXONPUSH_OK);
    /* One attempt of 300 ms, a wait of 250, and one that succeeds. */
    CHECK(ended_at(start, 550));
    CHECK_INT(request_count(), 2);
    axonpush_close(client);
    return true;
}

/* ---- The thread's own value ---- */

static bool setting_gives_the_value_that_was_in_force(void) {
    CHECK_INT(axonpush_call_timeout_set(500), 0);
    CHECK_INT(axonpush_call_timeout_set(700), 500);
    CHECK_INT(axonpush_call_timeout_set(UINT32_MAX), 700);
    CHECK_INT(axonpush_call_timeout_set(0), UINT32_MAX);
    CHECK_INT(axonpush_call_timeout_set(0), 0);
    return true;
}

static bool the_longest_deadline_is_one_too(void) {
    axonpush_client *client = patient_client();
    axonpush_call_timeout_set(UINT32_MAX);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_client *call = axonpush_call_new(client, UINT32_MAX, NULL);
    CHECK_INT(publish(call, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool zero_takes_the_deadline_away(void) {
    fault("{'path':'/event','delayMs':600,'times':0}");
    axonpush_client *client = patient_client();
    axonpush_call_timeout_set(200);
    CHECK_INT(publish(client, NULL), AXONPUSH_ERR_CONNECTION);
    axonpush_call_timeout_set(0);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

/* Each call of the thread has the whole of it. */
static bool every_call_of_the_thread_has_the_deadline_anew(void) {
    fault("{'path':'/event','delayMs':400,'times':0}");
    axonpush_client *client = patient_client();
    axonpush_call_timeout_set(slow_machine() ? 5000 : 1000);
    for (int i = 0; i < 4; i++) CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static struct {
    axonpush_client *client;
    axonpush_status status;
    uint32_t before;
} other;

static void *publish_on_another_thread(void *data) {
    (void)data;
    other.before = axonpush_call_timeout_set(0);
    other.status = publish(other.client, NULL);
    return NULL;
}

static bool the_deadline_is_the_threads_own(void) {
    fault("{'path':'/event','delayMs':800,'times':0}");
    other.client = patient_client();
    axonpush_call_timeout_set(200);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, publish_on_another_thread, NULL), 0);
    axonpush_status here = publish(other.client, NULL);
    pthread_join(thread, NULL);
    CHECK_INT(other.before, 0);
    CHECK_INT(other.status, AXONPUSH_OK);
    CHECK_INT(here, AXONPUSH_ERR_CONNECTION);
    /* The other one's 0 was its own, too. */
    CHECK_INT(axonpush_call_timeout_set(0), 200);
    axonpush_close(other.client);
    return true;
}

/* Set on a thread of the library, it is not set for a client's events or for another thread's calls. */
static void set_a_deadline(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                           void *user_data) {
    axonpush_call_timeout_set(1);
    tally_completion(status, response, error, user_data);
}

static bool a_deadline_that_a_completion_sets_does_not_bound_deliveries(void) {
    fault("{'path':'/event','delayMs':100,'times':0}");
    axonpush_options options = patient_options();
    options.max_connections = 1;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(6);
    for (int i = 0; i < 6; i++) {
        axonpush_event event = test_event();
        CHECK_INT(axonpush_events_publish_async(client, &event, set_a_deadline, &tally->deliveries[i], NULL), AXONPUSH_OK);
    }
    CHECK_INT(axonpush_flush(client, 30000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, retried, 0);
    CHECK_INT(axonpush_call_timeout_set(0), 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 6));
    return true;
}

/* What takes a timeout of its own, or does not wait, has none of the thread's. */
static bool the_threads_deadline_is_for_requests_only(void) {
    fault("{'path':'/event','delayMs':500,'times':0}");
    axonpush_options options = patient_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 1;
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(2);
    axonpush_call_timeout_set(50);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    /* Waits for room, for about half a second; then for the completion. */
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_OK);
    CHECK_INT(axonpush_poll(client, 20000), 1);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_poll(client, 20000), 1);
    CHECK_INT(axonpush_shutdown(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 2);
    return true;
}

/* ---- A call handle's deadline ---- */

static bool the_calls_of_a_handle_share_its_deadline(void) {
    fault("{'path':'/event','delayMs':400,'times':0}");
    axonpush_client *client = patient_client();
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 1000, NULL);
    int fine = 0;
    axonpush_error *error = NULL;
    while (publish(call, &error) == AXONPUSH_OK && fine < 10) fine++;
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    CHECK(ended_at(start, 1000));
    if (!slow_machine()) CHECK_INT(fine, 2);
    /* It is over for later calls, too. */
    int64_t later = now_ms();
    size_t requests = request_count();
    CHECK_STATUS(publish(call, &error), error, AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    CHECK_INT(axonpush_events_search(call, NULL, NULL, NULL), AXONPUSH_ERR_CONNECTION);
    CHECK(in_time(later, 0));
    CHECK_INT(request_count(), requests);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_call_free(call);
    axonpush_close(client);
    return true;
}

static bool the_deadline_counts_from_the_making_of_the_handle(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client();
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 800, NULL);
    sleep_ms(400);
    CHECK_INT(publish(call, NULL), AXONPUSH_ERR_CONNECTION);
    CHECK(ended_at(start, 800));
    axonpush_close(client);
    return true;
}

static bool the_earlier_of_two_deadlines_holds(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client();
    for (int i = 0; i < 2; i++) {
        axonpush_call_timeout_set(i ? 300 : 30000);
        int64_t start = now_ms();
        axonpush_client *call = axonpush_call_new(client, i ? 30000 : 300, NULL);
        CHECK_INT(publish(call, NULL), AXONPUSH_ERR_CONNECTION);
        CHECK(ended_at(start, 300));
        axonpush_call_free(call);
    }
    axonpush_close(client);
    return true;
}

static bool a_flush_ends_with_the_handles_deadline(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client();
    tally *tally = tally_new(3);
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 400, NULL);
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_flush(call, 60000, &error), error, AXONPUSH_ERR_TIMEOUT);
    CHECK_HAS(axonpush_error_message(error), "3 ");
    axonpush_error_free(error);
    CHECK(ended_at(start, 400));
    axonpush_close(client);
    CHECK(tally_sound(tally, 3));
    return true;
}

static bool the_wait_for_room_ends_with_the_handles_deadline(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = patient_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 1;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 400, NULL);
    CHECK_INT(publish_async(call, tally, 1), AXONPUSH_ERR_QUEUE_FULL);
    CHECK(ended_at(start, 400));
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool a_poll_ends_with_the_handles_deadline(void) {
    axonpush_options options = patient_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    axonpush_client *client = client_with(&options);
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 400, NULL);
    CHECK_INT(axonpush_poll(call, 60000), 0);
    CHECK(ended_at(start, 400));
    /* Its own timeout is the earlier one here. */
    start = now_ms();
    call = axonpush_call_new(client, 60000, NULL);
    CHECK_INT(axonpush_poll(call, 300), 0);
    CHECK(ended_at(start, 300));
    axonpush_close(client);
    return true;
}

static bool a_shutdown_ends_with_the_handles_deadline(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client();
    tally *tally = tally_new(3);
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    int64_t start = now_ms();
    axonpush_client *call = axonpush_call_new(client, 400, NULL);
    CHECK_INT(axonpush_shutdown(call, 60000, NULL), AXONPUSH_ERR_TIMEOUT);
    CHECK(ended_at(start, 400));
    CHECK_STATS(client, abandoned, 3);
    axonpush_close(client);
    CHECK(tally_sound(tally, 3));
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_wait_that_does_not_fit_ends_the_call_at_once),
        TEST(retries_and_their_waits_are_included),
        TEST(the_deadline_is_for_all_attempts_together),
        TEST(a_silent_server_ends_with_the_deadline),
        TEST(a_response_that_drips_ends_with_the_deadline),
        TEST(a_connection_that_nobody_accepts_ends_with_the_deadline),
        TEST(fail_open_suppresses_a_call_that_is_cut_short),
        TEST(every_request_has_the_deadline),
        TEST(a_call_in_time_is_not_touched),
        TEST(the_timeout_of_an_attempt_still_holds),
        TEST(setting_gives_the_value_that_was_in_force),
        TEST(the_longest_deadline_is_one_too),
        TEST(zero_takes_the_deadline_away),
        TEST(every_call_of_the_thread_has_the_deadline_anew),
        TEST(the_deadline_is_the_threads_own),
        TEST(a_deadline_that_a_completion_sets_does_not_bound_deliveries),
        TEST(the_threads_deadline_is_for_requests_only),
        TEST(the_calls_of_a_handle_share_its_deadline),
        TEST(the_deadline_counts_from_the_making_of_the_handle),
        TEST(the_earlier_of_two_deadlines_holds),
        TEST(a_flush_ends_with_the_handles_deadline),
        TEST(the_wait_for_room_ends_with_the_handles_deadline),
        TEST(a_poll_ends_with_the_handles_deadline),
        TEST(a_shutdown_ends_with_the_handles_deadline),
    };
    return RUN_TESTS(tests, argc, argv);
}
