/* The longest wait for room in a full queue (block_timeout_ms). */
#include "tally.h"

static axonpush_options block_options(const char *url, uint32_t block_timeout_ms) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 2;
    options.block_timeout_ms = block_timeout_ms;
    options.shutdown_timeout_ms = 1;
    return options;
}

static axonpush_client *client_of(const char *url, uint32_t block_timeout_ms) {
    axonpush_options options = block_options(url, block_timeout_ms);
    return client_with(&options);
}

/* With a queue that stays full. */
static bool is_refused_after(axonpush_client *client, int timeout_ms, const char *why) {
    axonpush_event event = test_event();
    for (int i = 0; i < 2; i++) {
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    }
    for (int i = 0; i < 2; i++) {
        axonpush_error *error = NULL;
        int64_t start = now_ms();
        CHECK_STATUS(axonpush_events_publish_async(client, &event, NULL, NULL, &error), error, AXONPUSH_ERR_QUEUE_FULL);
        CHECK(ended_at(start, timeout_ms));
        CHECK_HAS(axonpush_error_message(error), why);
        CHECK(axonpush_error_retryable(error));
        axonpush_error_free(error);
    }
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 2);
    CHECK_INT(stats.dropped, 0);
    CHECK_INT(stats.queued_events, 2);
    axonpush_close(client);
    return true;
}

static bool on_a_dead_port_a_producer_stands_no_longer_than_told(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    bool refused = is_refused_after(client_of(dead_url(), 400), 400, "queue_max_events");
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return refused;
}

static bool before_a_silent_server_too(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    return is_refused_after(client_of(server_url(), 300), 300, "queue_max_events");
}

static bool a_millisecond_is_a_time_too(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    return is_refused_after(client_of(server_url(), 1), 1, "queue_max_events");
}

static bool the_bound_of_bytes_is_named_where_it_was_that(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = block_options(server_url(), 200);
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    uint64_t one = stats_of(client).queued_bytes;
    axonpush_close(client);
    options.queue_max_events = 0;
    /* Both of the events that is_refused_after() sends, which are a little larger or smaller; no third. */
    options.queue_max_bytes = 2 * one + one / 2;
    return is_refused_after(client_with(&options), 200, "queue_max_bytes");
}

static bool room_in_time_lets_the_event_in(void) {
    fault("{'path':'/event','delayMs':400,'times':0}");
    axonpush_options options = block_options(server_url(), 20000);
    options.max_connections = 1;
    options.shutdown_timeout_ms = 20000;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(5);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    CHECK(now_ms() - start >= 1100);
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 5);
    return true;
}

/* A thread whose event waits for room. */
typedef struct waiter {
    pthread_t thread;
    axonpush_client *client;
    axonpush_status status;
    bool returned;
    int64_t at;
} waiter;

static void *publish_and_wait(void *data) {
    waiter *waiter = data;
    axonpush_event event = test_event();
    waiter->status = axonpush_events_publish_async(waiter->client, &event, NULL, NULL, NULL);
    waiter->at = now_ms();
    __atomic_store_n(&waiter->returned, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool start(waiter *waiter, axonpush_client *client) {
    *waiter = (struct waiter){.client = client};
    return pthread_create(&waiter->thread, NULL, publish_and_wait, waiter) == 0;
}

static bool returned(waiter *waiter) {
    return __atomic_load_n(&waiter->returned, __ATOMIC_ACQUIRE);
}

static bool without_it_the_wait_has_no_end_but_the_clients(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = client_of(server_url(), 0);
    tally *tally = tally_new(2);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    static waiter waiter;
    CHECK(start(&waiter, client));
    sleep_ms(1500);
    CHECK(!returned(&waiter));
    axonpush_close(client);
    pthread_join(waiter.thread, NULL);
    CHECK_INT(waiter.status, AXONPUSH_ERR_CLOSED);
    CHECK(tally_sound(tally, 2));
    return true;
}

static bool closing_ends_the_wait_before_its_time(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = client_of(server_url(), 60000);
    tally *tally = tally_new(2);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    static waiter waiter;
    CHECK(start(&waiter, client));
    sleep_ms(200);
    int64_t closed = now_ms();
    axonpush_close(client);
    pthread_join(waiter.thread, NULL);
    CHECK_INT(waiter.status, AXONPUSH_ERR_CLOSED);
    CHECK(in_time(closed, 0));
    CHECK(tally_sound(tally, 2));
    return true;
}

/* Each has its own time, and one that is refused wakes no other. */
static bool many_may_wait_at_once(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = client_of(server_url(), 600);
    tally *tally = tally_new(2);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    static waiter waiters[8];
    int64_t began[8];
    for (int i = 0; i < 8; i++) {
        began[i] = now_ms();
        CHECK(start(&waiters[i], client));
        sleep_ms(50);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(waiters[i].thread, NULL);
        CHECK_INT(waiters[i].status, AXONPUSH_ERR_QUEUE_FULL);
        CHECK(waiters[i].at - began[i] >= 590);
        CHECK(slow_machine() || waiters[i].at - began[i] < 600 + 750);
    }
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

static bool other_policies_never_wait(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    for (axonpush_overflow overflow = AXONPUSH_OVERFLOW_DROP_OLDEST; overflow <= AXONPUSH_OVERFLOW_DROP_NEWEST; overflow++) {
        axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
        axonpush_options options = block_options(server_url(), 60000);
        options.overflow = overflow;
        options.max_connections = 1;
        axonpush_client *client = client_with(&options);
        tally *tally = tally_new(10);
        int64_t start = now_ms();
        int accepted = publish_range(client, tally, 0, 10);
        CHECK(in_time(start, 0));
        CHECK_INT(accepted, overflow == AXONPUSH_OVERFLOW_DROP_OLDEST ? 10 : 2);
        axonpush_close(client);
        CHECK(tally_sound(tally, accepted));
        axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    }
    return true;
}

static bool a_log_line_never_waits(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = client_of(server_url(), 60000);
    tally *tally = tally_new(2);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    int64_t start = now_ms();
    CHECK(!axonpush_log_event(client, &record));
    CHECK(in_time(start, 0));
    CHECK_STATS(client, log_events_lost, 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

/* An event that can never fit is refused at once. */
static bool an_event_larger_than_the_queue_does_not_wait(void) {
    axonpush_options options = block_options(server_url(), 60000);
    options.queue_max_bytes = 2000;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    event.payload = format("{\"t\":\"%s\"}", repeated("x", 3000));
    int64_t start = now_ms();
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_ERR_QUEUE_FULL);
    CHECK(in_time(start, 0));
    axonpush_close(client);
    return true;
}

/* A completion that waits for room holds up the others no longer than that, either. */
static struct {
    axonpush_client *client;
    axonpush_status statuses[2];
    int64_t took;
} inside;

static void fill_the_queue_and_publish(axonpush_status status, const axonpush_response *response,
                                       const axonpush_error *error, void *user_data) {
    axonpush_event event = test_event();
    inside.statuses[0] = axonpush_events_publish_async(inside.client, &event, NULL, NULL, NULL);
    int64_t start = now_ms();
    inside.statuses[1] = axonpush_events_publish_async(inside.client, &event, NULL, NULL, NULL);
    inside.took = now_ms() - start;
    tally_completion(status, response, error, user_data);
}

static bool a_completion_that_waits_for_room_is_refused_in_the_end(void) {
    fault("[{'path':'/event','delayMs':200},{'path':'/event','silent':true,'times':0}]");
    axonpush_options options = block_options(server_url(), 400);
    options.max_connections = 1;
    inside.client = client_with(&options);
    tally *tally = tally_new(2);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(inside.client, &event, fill_the_queue_and_publish, &tally->deliveries[0],
                                            NULL),
              AXONPUSH_OK);
    CHECK_INT(publish_async(inside.client, tally, 1), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1, 20000));
    CHECK_INT(delivery_status(tally, 0), AXONPUSH_OK);
    CHECK_INT(inside.statuses[0], AXONPUSH_OK);
    CHECK_INT(inside.statuses[1], AXONPUSH_ERR_QUEUE_FULL);
    CHECK(inside.took >= 390);
    CHECK(slow_machine() || inside.took < 400 + 750);
    axonpush_close(inside.client);
    CHECK(tally_sound(tally, 2));
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(on_a_dead_port_a_producer_stands_no_longer_than_told),
        TEST(before_a_silent_server_too),
        TEST(a_millisecond_is_a_time_too),
        TEST(the_bound_of_bytes_is_named_where_it_was_that),
        TEST(room_in_time_lets_the_event_in),
        TEST(without_it_the_wait_has_no_end_but_the_clients),
        TEST(closing_ends_the_wait_before_its_time),
        TEST(many_may_wait_at_once),
        TEST(other_policies_never_wait),
        TEST(a_log_line_never_waits),
        TEST(an_event_larger_than_the_queue_does_not_wait),
        TEST(a_completion_that_waits_for_room_is_refused_in_the_end),
    };
    return RUN_TESTS(tests, argc, argv);
}
