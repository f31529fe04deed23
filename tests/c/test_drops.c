/* Events that a full queue drops are told of in the log: not one line each, but all of them. */
#include "tally.h"

#include <pthread.h>

/* The lines about dropped events. */
static struct {
    pthread_mutex_t lock;
    int lines, other_levels;
    unsigned long long events;
    int64_t first_at;
    char first[400];
} said = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(axonpush_log_level level, const char *message, void *user_data) {
    const char *before = strstr(message, "): ");
    unsigned long long events;
    (void)user_data;
    if (!strstr(message, "dropped") || !before || sscanf(before, "): %llu events were dropped", &events) != 1) return;
    pthread_mutex_lock(&said.lock);
    if (said.lines++ == 0) {
        said.first_at = now_ms();
        snprintf(said.first, sizeof said.first, "%s", message);
    }
    said.other_levels += level != AXONPUSH_LOG_WARN;
    said.events += events;
    pthread_mutex_unlock(&said.lock);
}

static void listen_anew(void) {
    pthread_mutex_lock(&said.lock);
    said.lines = said.other_levels = 0;
    said.events = 0;
    said.first_at = 0;
    said.first[0] = 0;
    pthread_mutex_unlock(&said.lock);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, NULL);
}

static int lines_so_far(void) {
    pthread_mutex_lock(&said.lock);
    int lines = said.lines;
    pthread_mutex_unlock(&said.lock);
    return lines;
}

static void silence(void) {
    fault("{'path':'/event','silent':true,'times':0}");
}

static axonpush_options drop_options(uint32_t max_events, uint64_t max_bytes) {
    axonpush_options options = test_options();
    options.queue_max_events = max_events;
    options.queue_max_bytes = max_bytes;
    return options;
}

static bool what_25000_events_do_to_a_queue_of_10000_is_said(void) {
    int count = scaled(25000), room = scaled(10000);
    silence();
    listen_anew();
    axonpush_options options = drop_options((uint32_t)room, 0);
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    int64_t start = now_ms(), first_drop = 0;
    int lines_at_first_drop = 0;
    for (int i = 0; i < count; i++) {
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
        /* The first event beyond the queue; some may be in flight, none is delivered. */
        if (i == room) {
            first_drop = now_ms();
            lines_at_first_drop = lines_so_far();
        }
    }
    int64_t took = now_ms() - start;
    CHECK_INT(lines_at_first_drop, 1);
    CHECK(said.first_at <= first_drop);
    CHECK_HAS(said.first, format("queue_max_events %d", room));
    CHECK_HAS(said.first, "raise queue_max_events");
    /* One every few seconds. */
    CHECK(lines_so_far() <= 1 + took / 5000);
    CHECK_INT(axonpush_shutdown(client, 1, NULL), AXONPUSH_ERR_TIMEOUT);
    axonpush_stats stats = stats_of(client);
    CHECK_INT(stats.dropped, count - room);
    CHECK_INT(said.events, stats.dropped);
    CHECK_INT(said.other_levels, 0);
    axonpush_close(client);
    CHECK_INT(said.events, stats.dropped);
    return true;
}

/* A second burst, more than five seconds after the first. */
static bool later_drops_have_lines_of_their_own(void) {
    silence();
    listen_anew();
    axonpush_options options = drop_options(10, 0);
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    int expected = 0;
    for (int burst = 0; burst < 2; burst++) {
        for (int i = 0; i < 100; i++) {
            CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
        }
        if (burst == 0) sleep_ms(5500);
        expected++;
        CHECK(lines_so_far() >= expected);
    }
    CHECK_INT(axonpush_shutdown(client, 1, NULL), AXONPUSH_ERR_TIMEOUT);
    CHECK_INT(said.events, stats_of(client).dropped);
    CHECK_INT(said.lines, 3);
    axonpush_close(client);
    return true;
}

static bool the_line_names_the_bound_of_bytes_where_it_was_that(void) {
    silence();
    listen_anew();
    axonpush_options options = drop_options(0, 20000);
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    event.payload = format("{\"t\":\"%s\"}", repeated("x", 1000));
    for (int i = 0; i < 100; i++) {
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    }
    CHECK_HAS(said.first, "queue_max_bytes 20000");
    CHECK_HAS(said.first, "raise queue_max_bytes");
    CHECK_LACKS(said.first, "queue_max_events");
    axonpush_shutdown(client, 1, NULL);
    CHECK(stats_of(client).dropped > 50);
    CHECK_INT(said.events, stats_of(client).dropped);
    axonpush_close(client);
    return true;
}

static bool one_event_is_told_of_as_soon_as_many(void) {
    silence();
    listen_anew();
    axonpush_options options = drop_options(3, 0);
    options.max_connections = 1;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    for (int i = 0; i < 4; i++) {
        CHECK_INT(lines_so_far(), 0);
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    }
    CHECK_INT(said.lines, 1);
    CHECK_INT(said.events, 1);
    axonpush_close(client);
    CHECK_INT(said.lines, 1);
    return true;
}

/* Lines of the application's log push others out, too. */
static bool drops_by_log_events_are_told_of(void) {
    silence();
    listen_anew();
    axonpush_options options = drop_options(10, 0);
    axonpush_client *client = client_with(&options);
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    for (int i = 0; i < 50; i++) CHECK(axonpush_log_event(client, &record));
    CHECK_INT(lines_so_far(), 1);
    axonpush_shutdown(client, 1, NULL);
    CHECK_INT(stats_of(client).dropped, 40);
    CHECK_INT(said.events, 40);
    axonpush_close(client);
    return true;
}

/* Refused events are their caller's to know, and delivered ones are nobody's. */
static bool where_nothing_was_dropped_nothing_is_said(void) {
    listen_anew();
    axonpush_options options = drop_options(5, 0);
    options.overflow = AXONPUSH_OVERFLOW_DROP_NEWEST;
    options.max_connections = 1;
    silence();
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    int refused = 0;
    for (int i = 0; i < 10; i++) {
        refused += axonpush_events_publish_async(client, &event, NULL, NULL, NULL) == AXONPUSH_ERR_QUEUE_FULL;
    }
    CHECK_INT(refused, 5);
    axonpush_shutdown(client, 1, NULL);
    axonpush_close(client);
    dev("POST", "/_dev/reset", NULL);
    client = test_client();
    for (int i = 0; i < 100; i++) axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_close(client);
    CHECK_INT(said.lines, 0);
    return true;
}

/* Each counted once, however many push at once. */
static void *publish_many(void *data) {
    axonpush_event event = test_event();
    for (int i = 0; i < scaled(3000); i++) axonpush_events_publish_async(data, &event, NULL, NULL, NULL);
    return NULL;
}

static bool the_numbers_add_up_in_a_crowd(void) {
    silence();
    listen_anew();
    axonpush_options options = drop_options(50, 0);
    axonpush_client *client = client_with(&options);
    pthread_t threads[6];
    for (int i = 0; i < 6; i++) CHECK_INT(pthread_create(&threads[i], NULL, publish_many, client), 0);
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    axonpush_shutdown(client, 1, NULL);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK(stats.dropped >= (uint64_t)(6 * scaled(3000) - 50));
    CHECK_INT(said.events, stats.dropped);
    axonpush_close(client);
    return true;
}

/* Each client speaks of its own. */
static bool clients_are_counted_each_for_itself(void) {
    silence();
    listen_anew();
    axonpush_event event = test_event();
    axonpush_client *clients[2];
    for (int k = 0; k < 2; k++) {
        axonpush_options options = drop_options(10, 0);
        clients[k] = client_with(&options);
        for (int i = 0; i < 30; i++) axonpush_events_publish_async(clients[k], &event, NULL, NULL, NULL);
        CHECK_INT(lines_so_far(), k + 1);
    }
    for (int k = 0; k < 2; k++) {
        axonpush_shutdown(clients[k], 1, NULL);
        axonpush_close(clients[k]);
    }
    CHECK_INT(said.events, 40);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(what_25000_events_do_to_a_queue_of_10000_is_said),
        TEST(later_drops_have_lines_of_their_own),
        TEST(the_line_names_the_bound_of_bytes_where_it_was_that),
        TEST(one_event_is_told_of_as_soon_as_many),
        TEST(drops_by_log_events_are_told_of),
        TEST(where_nothing_was_dropped_nothing_is_said),
        TEST(the_numbers_add_up_in_a_crowd),
        TEST(clients_are_counted_each_for_itself),
    };
    return RUN_TESTS(tests, argc, argv);
}
