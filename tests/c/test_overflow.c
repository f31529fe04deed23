/* The bounds of the queue, and the three things that may happen at them. */
#include "tally.h"

/* The server says nothing, so that what is sent stays in the queue. */
static void silence(void) {
    fault("{'path':'/event','silent':true,'times':0}");
}

static axonpush_client *client_of(axonpush_overflow overflow, uint32_t max_events, uint64_t max_bytes,
                                  uint32_t connections) {
    axonpush_options options = test_options();
    options.overflow = overflow;
    options.queue_max_events = max_events;
    options.queue_max_bytes = max_bytes;
    options.max_connections = connections;
    options.shutdown_timeout_ms = 1;
    return client_with(&options);
}

/* An event whose payload has `size` bytes (at least 8). */
static axonpush_status publish_of_size(axonpush_client *client, tally *tally, int number, size_t size,
                                       axonpush_error **error) {
    char *payload = malloc(size + 1);
    if (!payload) abort();
    memset(payload, 'x', size);
    memcpy(payload, "{\"t\":\"", 6);
    memcpy(payload + size - 2, "\"}", 3);
    axonpush_event event = test_event();
    event.payload = payload;
    axonpush_status status =
        axonpush_events_publish_async(client, &event, tally_completion, &tally->deliveries[number], error);
    free(payload);
    return status;
}

/* ---- Drop newest ---- */

static bool drop_newest_refuses_what_does_not_fit(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_NEWEST, 10, 0, 2);
    tally *tally = tally_new(15);
    /* Two are under way; they count. */
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    CHECK(requests_arrive(2));
    CHECK_INT(publish_range(client, tally, 2, 10), 8);
    CHECK_STATS(client, queued_events, 10);
    for (int i = 10; i < 15; i++) {
        axonpush_event event = test_event();
        axonpush_error *error = NULL;
        CHECK_STATUS(axonpush_events_publish_async(client, &event, tally_completion, &tally->deliveries[i], &error), error,
                     AXONPUSH_ERR_QUEUE_FULL);
        CHECK_HAS(axonpush_error_message(error), "queue_max_events");
        axonpush_error_free(error);
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_ERR_QUEUE_FULL);
    }
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 10);
    CHECK_INT(stats.dropped, 0);
    CHECK_INT(stats.queued_events, 10);
    CHECK_INT(tally_total(tally), 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), 10);
    return true;
}

static bool there_is_room_again_after_delivery(void) {
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_NEWEST, 5, 0, 1);
    tally *tally = tally_new(100);
    for (int round = 0; round < 20; round++) {
        CHECK_INT(publish_range(client, tally, 5 * round, 5 * round + 5), 5);
        CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    }
    CHECK_STATS(client, delivered, 100);
    axonpush_close(client);
    CHECK(tally_sound(tally, 100));
    return true;
}

static bool by_default_ten_thousand_may_wait(void) {
    if (slow_machine()) return true;
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_NEWEST, 0, 0, 0);
    tally *tally = tally_new(10010);
    CHECK_INT(publish_range(client, tally, 0, 10010), 10000);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10000));
    return true;
}

/* ---- Drop oldest ---- */

static bool drop_oldest_makes_room_for_the_new(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_OLDEST, 10, 0, 2);
    tally *tally = tally_new(15);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    CHECK(requests_arrive(2));
    CHECK_INT(publish_range(client, tally, 2, 15), 13);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 15);
    CHECK_INT(stats.dropped, 5);
    CHECK_INT(stats.queued_events, 10);
    axonpush_close(client);
    CHECK(tally_sound(tally, 15));
    /* What is being sent cannot be taken back: 0 and 1 stay. */
    for (int i = 0; i < 15; i++) {
        CHECK_INT(delivery_status(tally, i), i >= 2 && i < 7 ? AXONPUSH_ERR_QUEUE_FULL : AXONPUSH_ERR_CLOSED);
    }
    return true;
}

static bool who_was_dropped_is_told_while_the_others_wait(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_OLDEST, 10, 0, 4);
    tally *tally = tally_new(30);
    CHECK_INT(publish_range(client, tally, 0, 1), 1);
    CHECK(requests_arrive(1));
    CHECK_INT(publish_range(client, tally, 1, 30), 29);
    CHECK(tally_wait(tally, 15, 5000));
    axonpush_close(client);
    CHECK(tally_sound(tally, 30));
    return true;
}

/* The only connection is stuck, but completions of events that were dropped have nothing to wait for. */
static bool who_was_dropped_is_told_though_all_connections_are_stuck(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_OLDEST, 10, 0, 1);
    tally *tally = tally_new(30);
    CHECK_INT(publish_range(client, tally, 0, 1), 1);
    CHECK(requests_arrive(1));
    CHECK_INT(publish_range(client, tally, 1, 30), 29);
    CHECK(tally_wait(tally, 20, 5000));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL), 20);
    axonpush_close(client);
    CHECK(tally_sound(tally, 30));
    return true;
}

static bool what_is_being_sent_makes_no_room(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_OLDEST, 1, 0, 1);
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK(requests_arrive(1));
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_ERR_QUEUE_FULL);
    CHECK_STATS(client, accepted, 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool the_oldest_go_during_an_outage_too(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.queue_max_events = 10;
    options.shutdown_timeout_ms = 1;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(100);
    for (int i = 0; i < 100; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        if (i % 10 == 0) sleep_ms(20);
    }
    CHECK(tally_wait(tally, 90, 10000));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL), 90);
    CHECK_STATS(client, dropped, 90);
    CHECK_STATS(client, queued_events, 10);
    axonpush_close(client);
    CHECK(tally_sound(tally, 100));
    CHECK_INT(delivery_status(tally, 99), AXONPUSH_ERR_CLOSED);
    return true;
}

/* ---- Bytes ---- */

static bool bytes_are_bounded_too(void) {
    silence();
    /* What one event counts for. */
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_NEWEST, 0, 0, 1);
    tally *tally = tally_new(20);
    CHECK_INT(publish_of_size(client, tally, 0, 1000, NULL), AXONPUSH_OK);
    uint64_t one = stats_of(client).queued_bytes;
    CHECK(one >= 1000 && one < 2000);
    CHECK_INT(publish_of_size(client, tally, 1, 1500, NULL), AXONPUSH_OK);
    CHECK_STATS(client, queued_bytes, 2 * one + 500);
    axonpush_close(client);
    CHECK_INT(tally_total(tally), 2);

    tally = tally_new(20);
    client = client_of(AXONPUSH_OVERFLOW_DROP_NEWEST, 0, 5 * one, 1);
    for (int i = 0; i < 5; i++) CHECK_INT(publish_of_size(client, tally, i, 1000, NULL), AXONPUSH_OK);
    axonpush_error *error = NULL;
    CHECK_STATUS(publish_of_size(client, tally, 5, 1000, &error), error, AXONPUSH_ERR_QUEUE_FULL);
    CHECK_HAS(axonpush_error_message(error), "queue_max_bytes");
    axonpush_error_free(error);
    CHECK_INT(publish_of_size(client, tally, 6, 8, NULL), AXONPUSH_ERR_QUEUE_FULL);
    CHECK_STATS(client, queued_bytes, 5 * one);
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    return true;
}

static bool a_large_event_displaces_several_small_ones(void) {
    silence();
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_DROP_OLDEST, 0, 10200, 1);
    tally *tally = tally_new(12);
    CHECK_INT(publish_of_size(client, tally, 0, 1000, NULL), AXONPUSH_OK);
    CHECK(requests_arrive(1));
    for (int i = 1; i < 10; i++) CHECK_INT(publish_of_size(client, tally, i, 1000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, queued_events, 10);
    CHECK_INT(publish_of_size(client, tally, 10, 3000, NULL), AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.dropped, 3);
    CHECK_INT(stats.queued_events, 8);
    CHECK(stats.queued_bytes <= 10200);
    axonpush_close(client);
    CHECK(tally_sound(tally, 11));
    for (int i = 0; i < 11; i++) {
        CHECK_INT(delivery_status(tally, i), i >= 1 && i <= 3 ? AXONPUSH_ERR_QUEUE_FULL : AXONPUSH_ERR_CLOSED);
    }
    return true;
}

static bool an_event_larger_than_the_bound_is_refused_at_once(void) {
    silence();
    for (axonpush_overflow overflow = 0; overflow < 3; overflow++) {
        axonpush_client *client = client_of(overflow, 0, 5000, 1);
        tally *tally = tally_new(3);
        CHECK_INT(publish_of_size(client, tally, 0, 1000, NULL), AXONPUSH_OK);
        axonpush_error *error = NULL;
        CHECK_STATUS(publish_of_size(client, tally, 1, 6000, &error), error, AXONPUSH_ERR_QUEUE_FULL);
        CHECK_HAS(axonpush_error_message(error), "queue_max_bytes");
        axonpush_error_free(error);
        /* It displaced nobody. */
        CHECK_STATS(client, dropped, 0);
        CHECK_STATS(client, queued_events, 1);
        axonpush_close(client);
        CHECK(tally_sound(tally, 1));
    }
    return true;
}

/* ---- Block ---- */

typedef struct waiter {
    pthread_t thread;
    axonpush_client *client;
    tally *tally;
    int number;
    size_t size;
    axonpush_status status;
    axonpush_error *error;
    bool returned;
    int64_t at;
} waiter;

static void *publish_and_wait(void *data) {
    waiter *waiter = data;
    waiter->status = publish_of_size(waiter->client, waiter->tally, waiter->number, waiter->size, &waiter->error);
    waiter->at = now_ms();
    __atomic_store_n(&waiter->returned, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool start(waiter *waiter, axonpush_client *client, tally *tally, int number, size_t size) {
    memset(waiter, 0, sizeof *waiter);
    waiter->client = client;
    waiter->tally = tally;
    waiter->number = number;
    waiter->size = size;
    return pthread_create(&waiter->thread, NULL, publish_and_wait, waiter) == 0;
}

static bool returned(waiter *waiter) {
    return __atomic_load_n(&waiter->returned, __ATOMIC_ACQUIRE);
}

static bool block_waits_for_room(void) {
    fault("{'path':'/event','delayMs':500,'times':0}");
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_BLOCK, 3, 0, 1);
    tally *tally = tally_new(10);
    int64_t began = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    CHECK(slow_machine() || now_ms() - began < 400);
    static waiter waiter;
    CHECK(start(&waiter, client, tally, 3, 100));
    sleep_ms(200);
    CHECK(!returned(&waiter));
    pthread_join(waiter.thread, NULL);
    CHECK_STATUS(waiter.status, waiter.error, AXONPUSH_OK);
    CHECK(waiter.at - began >= 450);
    CHECK(slow_machine() || waiter.at - began < 1000);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK_INT(stats.delivered, 4);
    CHECK_INT(stats.dropped, 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 4));
    return true;
}

static bool block_loses_nothing_in_a_crowd(void) {
    int share = scaled(300);
    axonpush_options options = test_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 4;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(6 * share);
    static waiter waiters[6];
    for (int k = 0; k < share; k++) {
        for (int i = 0; i < 6; i++) CHECK(start(&waiters[i], client, tally, 6 * k + i, 50));
        for (int i = 0; i < 6; i++) {
            pthread_join(waiters[i].thread, NULL);
            CHECK_STATUS(waiters[i].status, waiters[i].error, AXONPUSH_OK);
        }
    }
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 6 * share));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 6 * share);
    CHECK_INT(server_stat("storedEvents"), 6 * share);
    return true;
}

static bool the_end_of_the_client_ends_the_wait(void) {
    silence();
    for (int how = 0; how < 2; how++) {
        axonpush_client *client = client_of(AXONPUSH_OVERFLOW_BLOCK, 2, 0, 1);
        tally *tally = tally_new(5);
        CHECK_INT(publish_range(client, tally, 0, 2), 2);
        static waiter waiters[3];
        for (int i = 0; i < 3; i++) CHECK(start(&waiters[i], client, tally, 2 + i, 100));
        sleep_ms(200);
        for (int i = 0; i < 3; i++) CHECK(!returned(&waiters[i]));
        int64_t began = now_ms();
        if (how == 0) axonpush_close(client);
        else CHECK_INT(axonpush_shutdown(client, 2000, NULL), AXONPUSH_ERR_TIMEOUT);
        for (int i = 0; i < 3; i++) {
            pthread_join(waiters[i].thread, NULL);
            CHECK_STATUS(waiters[i].status, waiters[i].error, AXONPUSH_ERR_CLOSED);
            axonpush_error_free(waiters[i].error);
            /* At the beginning of the shutdown, not at its end. */
            CHECK(slow_machine() || waiters[i].at - began < 1000);
        }
        axonpush_close(client);
        CHECK(tally_sound(tally, 2));
    }
    return true;
}

static bool room_for_many_lets_many_in(void) {
    /* A large event fills the queue; once it is delivered, the server falls silent. */
    fault("[{'path':'/event','delayMs':600},{'path':'/event','silent':true,'times':0}]");
    axonpush_client *client = client_of(AXONPUSH_OVERFLOW_BLOCK, 0, 10100, 1);
    tally *tally = tally_new(6);
    CHECK_INT(publish_of_size(client, tally, 0, 10000, NULL), AXONPUSH_OK);
    static waiter waiters[5];
    for (int i = 0; i < 5; i++) CHECK(start(&waiters[i], client, tally, 1 + i, 1000));
    sleep_ms(200);
    for (int i = 0; i < 5; i++) CHECK(!returned(&waiters[i]));
    CHECK(tally_wait(tally, 1, 20000));
    sleep_ms(1500);
    int in = 0;
    for (int i = 0; i < 5; i++) in += returned(&waiters[i]);
    axonpush_close(client);
    for (int i = 0; i < 5; i++) {
        pthread_join(waiters[i].thread, NULL);
        axonpush_error_free(waiters[i].error);
    }
    CHECK_INT(in, 5);
    return true;
}

/* A completion that publishes into a full queue waits for the others, which go on without it. */
static struct {
    axonpush_client *client;
    tally *tally;
    int next;
} feeder;

static void publish_two_more(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                             void *user_data) {
    tally_completion(status, response, error, user_data);
    for (int i = 0; i < 2; i++) {
        int number = __atomic_fetch_add(&feeder.next, 1, __ATOMIC_RELAXED);
        if (number >= feeder.tally->count) return;
        axonpush_event event = test_event();
        axonpush_events_publish_async(feeder.client, &event, publish_two_more, &feeder.tally->deliveries[number], NULL);
    }
}

static bool a_completion_may_wait_for_room(void) {
    for (uint32_t connections = 1; connections <= 2; connections++) {
        axonpush_client *client = client_of(AXONPUSH_OVERFLOW_BLOCK, 2, 0, connections);
        feeder.client = client;
        feeder.tally = tally_new(60);
        feeder.next = 1;
        axonpush_event event = test_event();
        CHECK_INT(axonpush_events_publish_async(client, &event, publish_two_more, &feeder.tally->deliveries[0], NULL),
                  AXONPUSH_OK);
        CHECK(tally_wait(feeder.tally, 60, 30000));
        axonpush_close(client);
        CHECK(tally_sound(feeder.tally, 60));
        CHECK_INT(tally_of(feeder.tally, AXONPUSH_OK), 60);
    }
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(drop_newest_refuses_what_does_not_fit),
        TEST(there_is_room_again_after_delivery),
        TEST(by_default_ten_thousand_may_wait),
        TEST(drop_oldest_makes_room_for_the_new),
        TEST(who_was_dropped_is_told_while_the_others_wait),
        TEST(who_was_dropped_is_told_though_all_connections_are_stuck),
        TEST(what_is_being_sent_makes_no_room),
        TEST(the_oldest_go_during_an_outage_too),
        TEST(bytes_are_bounded_too),
        TEST(a_large_event_displaces_several_small_ones),
        TEST(an_event_larger_than_the_bound_is_refused_at_once),
        TEST(block_waits_for_room),
        TEST(block_loses_nothing_in_a_crowd),
        TEST(the_end_of_the_client_ends_the_wait),
        TEST(room_for_many_lets_many_in),
        TEST(a_completion_may_wait_for_room),
    };
    return RUN_TESTS(tests, argc, argv);
}
