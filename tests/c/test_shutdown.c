/* Flush, shutdown and close end on time, whatever hangs; and leave nothing behind. */
#include "tally.h"

#include <unistd.h>

static void silence(void) {
    fault("{'path':'/event','silent':true,'times':0}");
}

static axonpush_client *client_at(const char *url, uint32_t shutdown_timeout_ms) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.timeout_ms = 60000;
    options.shutdown_timeout_ms = shutdown_timeout_ms;
    return client_with(&options);
}

/* ---- Flush ---- */

static bool a_flush_ends_on_time_and_says_what_is_left(void) {
    silence();
    axonpush_client *client = client_at(server_url(), 1);
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(client, tally, 0, 17), 17);
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(axonpush_flush(client, 500, &error), error, AXONPUSH_ERR_TIMEOUT);
    CHECK(now_ms() - start >= 490);
    CHECK(in_time(start, 500));
    CHECK_HAS(axonpush_error_message(error), "17 ");
    axonpush_error_free(error);
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_ERR_TIMEOUT);
    /* They stay queued. */
    CHECK_STATS(client, queued_events, 17);
    CHECK_INT(tally_total(tally), 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 17));
    return true;
}

static bool a_flush_of_nothing_succeeds_at_once(void) {
    axonpush_client *client = client_at(server_url(), 0);
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_OK);
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_flush(NULL, 0, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    return true;
}

static struct {
    axonpush_client *client;
    axonpush_status status;
} flushed;

static void *flush_for_long(void *data) {
    (void)data;
    flushed.status = axonpush_flush(flushed.client, 30000, NULL);
    return NULL;
}

static bool closing_ends_a_flush(void) {
    silence();
    axonpush_client *client = flushed.client = client_at(server_url(), 100);
    tally *tally = tally_new(5);
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, flush_for_long, NULL), 0);
    sleep_ms(200);
    int64_t start = now_ms();
    axonpush_close(client);
    pthread_join(thread, NULL);
    CHECK(in_time(start, 200));
    CHECK(tally_sound(tally, 5));
    return true;
}

/* ---- Shutdown ---- */

static bool shutdown_delivers_what_waits(void) {
    int count = scaled(500);
    axonpush_client *client = client_at(server_url(), 0);
    tally *tally = tally_new(count + 1);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_shutdown(client, 30000, &error), error, AXONPUSH_OK);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    CHECK(only_threads(0));
    CHECK_STATS(client, delivered, count);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), count);
    return true;
}

static bool after_shutdown_calls_are_refused_and_the_counters_stay(void) {
    axonpush_client *client = client_at(server_url(), 0);
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(axonpush_shutdown(client, 20000, NULL), AXONPUSH_OK);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish_async(client, &event, tally_completion, &tally->deliveries[1], &error), error,
                 AXONPUSH_ERR_CLOSED);
    axonpush_error_free(error);
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_ERR_CLOSED);
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_ERR_CLOSED);
    CHECK_INT(axonpush_request(client, "GET", "/apps", NULL, NULL, 0, NULL, NULL), AXONPUSH_ERR_CLOSED);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 1);
    CHECK_INT(stats.delivered, 1);
    /* Again: nothing is left to do. */
    int64_t start = now_ms();
    CHECK_INT(axonpush_shutdown(client, 20000, NULL), AXONPUSH_OK);
    CHECK(in_time(start, 0));
    axonpush_close(client);
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_shutdown(client, 0, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    stats.struct_size = sizeof stats;
    CHECK_INT(axonpush_stats_get(client, &stats, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool a_client_that_never_published_shuts_down_at_once(void) {
    axonpush_client *client = client_at(server_url(), 0);
    int64_t start = now_ms();
    CHECK_INT(axonpush_shutdown(client, 20000, NULL), AXONPUSH_OK);
    CHECK(in_time(start, 0));
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_ERR_CLOSED);
    axonpush_close(client);
    CHECK_INT(tally_total(tally), 0);
    return true;
}

/* Shuts down with `count` events that cannot be delivered, within `timeout_ms`. */
static bool gives_up_in_time(const char *url, int count, uint32_t timeout_ms) {
    axonpush_client *client = client_at(url, 1);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    sleep_ms(100);
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(axonpush_shutdown(client, timeout_ms, &error), error, AXONPUSH_ERR_TIMEOUT);
    CHECK(in_time(start, (int)timeout_ms));
    CHECK(now_ms() - start >= (int)timeout_ms - 10);
    CHECK_HAS(axonpush_error_message(error), format("%d ", count));
    axonpush_error_free(error);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), count);
    CHECK(only_threads(0));
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.abandoned, count);
    CHECK_INT(stats.queued_events, 0);
    CHECK_INT(stats.queued_bytes, 0);
    axonpush_close(client);
    CHECK_INT(tally_total(tally), count);
    return true;
}

static bool shutdown_ends_on_time_before_a_silent_server(void) {
    silence();
    return gives_up_in_time(server_url(), 100, 500) && gives_up_in_time(server_url(), 3, 0);
}

static bool shutdown_ends_on_time_where_connecting_hangs(void) {
    return gives_up_in_time(blackhole_url(), 100, 500) && gives_up_in_time(blackhole_url(), 1, 0);
}

static bool shutdown_ends_on_time_when_nobody_listens(void) {
    return gives_up_in_time(dead_url(), 100, 500) && gives_up_in_time(dead_url(), 1, 0);
}

static bool shutdown_ends_on_time_while_a_response_drips(void) {
    fault("{'path':'/event','drip':{'bytes':1,'intervalMs':300},'times':0}");
    return gives_up_in_time(server_url(), 20, 700);
}

static bool shutdown_ends_on_time_while_the_service_asks_for_patience(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'30'},'times':0}");
    return gives_up_in_time(server_url(), 20, 500);
}

/* ---- Close ---- */

static bool closes_in_time(const char *url, int count, uint32_t timeout_ms) {
    axonpush_client *client = client_at(url, timeout_ms);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    sleep_ms(100);
    int64_t start = now_ms();
    axonpush_close(client);
    CHECK(in_time(start, (int)timeout_ms));
    int at_return = tally_total(tally);
    CHECK_INT(at_return, count);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), count);
    CHECK(only_threads(0));
    sleep_ms(200);
    CHECK(tally_sound(tally, count));
    return true;
}

static bool close_ends_on_time_whatever_hangs(void) {
    silence();
    CHECK(closes_in_time(server_url(), 100, 300));
    CHECK(closes_in_time(blackhole_url(), 100, 300));
    CHECK(closes_in_time(dead_url(), 100, 300));
    dev("POST", "/_dev/reset", NULL);
    fault("{'path':'/event','drip':{'bytes':1,'intervalMs':200},'times':0}");
    CHECK(closes_in_time(server_url(), 20, 300));
    return true;
}

static bool by_default_close_takes_two_seconds_at_most(void) {
    silence();
    axonpush_client *client = client_at(server_url(), 0);
    tally *tally = tally_new(5);
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    int64_t start = now_ms();
    axonpush_close(client);
    CHECK(now_ms() - start >= 1900);
    CHECK(in_time(start, 2000));
    CHECK(tally_sound(tally, 5));
    return true;
}

static bool close_delivers_what_waits(void) {
    int count = scaled(500);
    axonpush_client *client = client_at(server_url(), 30000);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    CHECK(only_threads(0));
    CHECK_INT(server_stat("storedEvents"), count);
    return true;
}

static bool close_does_not_wait_for_more_than_there_is(void) {
    axonpush_client *client = client_at(server_url(), 30000);
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1, 20000));
    int64_t start = now_ms();
    axonpush_close(client);
    CHECK(in_time(start, 0));
    return true;
}

/* A completion that takes its time. */
static struct {
    bool began, ended;
} slow;

static void take_time(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                      void *user_data) {
    __atomic_store_n(&slow.began, true, __ATOMIC_RELEASE);
    sleep_ms(1000);
    __atomic_store_n(&slow.ended, true, __ATOMIC_RELEASE);
    tally_completion(status, response, error, user_data);
}

static bool close_waits_for_a_completion_that_runs(void) {
    slow.began = slow.ended = false;
    axonpush_client *client = client_at(server_url(), 10000);
    tally *tally = tally_new(1);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, take_time, &tally->deliveries[0], NULL), AXONPUSH_OK);
    while (!__atomic_load_n(&slow.began, __ATOMIC_ACQUIRE)) sleep_ms(1);
    axonpush_close(client);
    CHECK(__atomic_load_n(&slow.ended, __ATOMIC_ACQUIRE));
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool a_completion_that_never_ends_does_not_hold_close_up(void) {
    slow.began = slow.ended = false;
    axonpush_client *client = client_at(server_url(), 10);
    tally *tally = tally_new(4);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, take_time, &tally->deliveries[0], NULL), AXONPUSH_OK);
    while (!__atomic_load_n(&slow.began, __ATOMIC_ACQUIRE)) sleep_ms(1);
    silence();
    CHECK_INT(publish_range(client, tally, 1, 4), 3);
    int64_t start = now_ms();
    axonpush_close(client);
    CHECK(in_time(start, 10));
    /* The others were told nevertheless. */
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), 3);
    CHECK(tally_wait(tally, 4, 20000));
    for (int i = 0; i < 500 && library_threads() > 0; i++) sleep_ms(10);
    CHECK(only_threads(0));
    CHECK(tally_sound(tally, 4));
    return true;
}

/* Publishes until it is told that the client is gone. */
typedef struct hammer {
    pthread_t thread;
    axonpush_client *client;
    tally *tally;
    int first, end, accepted;
    axonpush_status last;
} hammer;

static void *hammer_on(void *data) {
    hammer *hammer = data;
    for (int i = hammer->first; i < hammer->end; i++) {
        hammer->last = publish_async(hammer->client, hammer->tally, i);
        if (hammer->last != AXONPUSH_OK) break;
        hammer->accepted++;
    }
    return NULL;
}

static bool closing_while_others_publish_loses_no_completion(void) {
    for (int round = 0; round < scaled(30); round++) {
        axonpush_options options = test_options();
        options.queue_max_events = 1000000;
        options.shutdown_timeout_ms = round % 3 ? 5 : 500;
        axonpush_client *client = client_with(&options);
        tally *tally = tally_new(4 * 5000);
        hammer hammers[4];
        for (int i = 0; i < 4; i++) {
            hammers[i] = (hammer){.client = client, .tally = tally, .first = 5000 * i, .end = 5000 * i + 5000};
            CHECK_INT(pthread_create(&hammers[i].thread, NULL, hammer_on, &hammers[i]), 0);
        }
        sleep_ms(round % 5);
        int64_t start = now_ms();
        axonpush_close(client);
        int at_return = tally_total(tally);
        CHECK(in_time(start, (int)options.shutdown_timeout_ms));
        int accepted = 0;
        for (int i = 0; i < 4; i++) {
            pthread_join(hammers[i].thread, NULL);
            accepted += hammers[i].accepted;
            CHECK(hammers[i].last == AXONPUSH_OK || hammers[i].last == AXONPUSH_ERR_CLOSED ||
                  hammers[i].last == AXONPUSH_ERR_INVALID_HANDLE);
        }
        CHECK(tally_sound(tally, accepted));
        CHECK_INT(at_return, accepted);
        CHECK(only_threads(0));
    }
    return true;
}

static void *close_it(void *data) {
    axonpush_close(data);
    return NULL;
}

static bool many_may_close_at_once(void) {
    for (int round = 0; round < scaled(50); round++) {
        axonpush_client *client = client_at(server_url(), 10000);
        tally *tally = tally_new(20);
        CHECK_INT(publish_range(client, tally, 0, 20), 20);
        pthread_t threads[4];
        for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, close_it, client), 0);
        for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
        CHECK(tally_sound(tally, 20));
        CHECK_INT(tally_of(tally, AXONPUSH_OK), 20);
    }
    return true;
}

/* ---- What is left behind ---- */

static bool cycles_leave_no_threads_and_no_descriptors(void) {
    int cycles = scaled(200), threads = count_threads(), descriptors = 0;
    for (int i = 0; i < cycles; i++) {
        axonpush_options options = test_options();
        if (i % 10 == 9) options.base_url = dead_url();
        options.completion_mode = i % 2 ? AXONPUSH_COMPLETION_POLLED : AXONPUSH_COMPLETION_THREAD;
        options.shutdown_timeout_ms = i % 10 == 9 ? 1 : 10000;
        axonpush_client *client = client_with(&options);
        tally *tally = tally_new(3);
        CHECK_INT(publish_range(client, tally, 0, 3), 3);
        if (i % 2) CHECK(axonpush_completion_fd(client) >= 0);
        axonpush_close(client);
        CHECK(tally_sound(tally, 3));
        CHECK(only_threads(0));
        if (i == 10) descriptors = count_descriptors();
    }
    CHECK(count_threads() <= threads);
    if (cycles > 10) CHECK_INT(count_descriptors(), descriptors);
    return true;
}

static bool memory_stays_flat(void) {
    if (slow_machine()) return true; /* valgrind's own memory grows */
    axonpush_options options = test_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 2000;
    axonpush_client *client = client_with(&options);
    long first = 0;
    for (int round = 0; round < 10; round++) {
        tally *tally = tally_new(1);
        axonpush_event event = test_event();
        for (int i = 0; i < 2500; i++) {
            CHECK_INT(axonpush_events_publish_async(client, &event, i ? NULL : tally_completion, &tally->deliveries[0], NULL),
                      AXONPUSH_OK);
        }
        CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
        CHECK(tally_sound(tally, 1));
        if (round == 1) first = resident_kib();
    }
    long growth = resident_kib() - first;
    printf("  20,000 events later: %ld KiB more\n", growth);
    CHECK(growth < 1024);
    CHECK_STATS(client, delivered, 25000);
    axonpush_close(client);
    return true;
}

static bool clients_leave_no_memory(void) {
    if (slow_machine()) return true;
    axonpush_event event = test_event();
    long first = 0;
    for (int i = 0; i < 600; i++) {
        axonpush_client *client = test_client();
        for (int k = 0; k < 10; k++) {
            CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
        }
        axonpush_close(client);
        if (i == 100) first = resident_kib();
    }
    long growth = resident_kib() - first;
    printf("  500 clients later: %ld KiB more\n", growth);
    CHECK(growth < 2048);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_flush_ends_on_time_and_says_what_is_left),
        TEST(a_flush_of_nothing_succeeds_at_once),
        TEST(closing_ends_a_flush),
        TEST(shutdown_delivers_what_waits),
        TEST(after_shutdown_calls_are_refused_and_the_counters_stay),
        TEST(a_client_that_never_published_shuts_down_at_once),
        TEST(shutdown_ends_on_time_before_a_silent_server),
        TEST(shutdown_ends_on_time_where_connecting_hangs),
        TEST(shutdown_ends_on_time_when_nobody_listens),
        TEST(shutdown_ends_on_time_while_a_response_drips),
        TEST(shutdown_ends_on_time_while_the_service_asks_for_patience),
        TEST(close_ends_on_time_whatever_hangs),
        TEST(by_default_close_takes_two_seconds_at_most),
        TEST(close_delivers_what_waits),
        TEST(close_does_not_wait_for_more_than_there_is),
        TEST(close_waits_for_a_completion_that_runs),
        TEST(a_completion_that_never_ends_does_not_hold_close_up),
        TEST(closing_while_others_publish_loses_no_completion),
        TEST(many_may_close_at_once),
        TEST(cycles_leave_no_threads_and_no_descriptors),
        TEST(memory_stays_flat),
        TEST(clients_leave_no_memory),
    };
    return RUN_TESTS(tests, argc, argv);
}
