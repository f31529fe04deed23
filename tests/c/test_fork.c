/* Background publishing and the process: fork with work in flight, and exit without close. */
#include "child.h"
#include "tally.h"

static axonpush_client *inherited;
static tally *parents;
/* Made before the fork: what a child can use without the parent's deliveries. */
static int own_events;

static axonpush_client *client_at(const char *url, uint32_t shutdown_timeout_ms) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.shutdown_timeout_ms = shutdown_timeout_ms;
    return client_with(&options);
}

/* Why a child failed: its exit code. */
enum { FINE = 0, STATS_NOT_ZERO = 20, NOT_ACCEPTED, NOT_FLUSHED, NOT_COMPLETED, NOT_DELIVERED, NOT_PUBLISHED,
       THREADS_LEFT };

/* What a child does with the client that it inherited. */
static int publish_own_events(void) {
    int threads = library_threads(); /* 1 where a completion forked */
    axonpush_stats stats = stats_of(inherited);
    if (stats.accepted || stats.delivered || stats.queued_events || stats.queued_bytes || stats.retried ||
        stats.connections) {
        return STATS_NOT_ZERO;
    }
    tally *tally = tally_new(own_events);
    if (publish_range(inherited, tally, 0, own_events) != own_events) return NOT_ACCEPTED;
    if (axonpush_flush(inherited, 30000, NULL) != AXONPUSH_OK) return NOT_FLUSHED;
    if (!tally_sound(tally, own_events) || tally_of(tally, AXONPUSH_OK) != own_events) return NOT_COMPLETED;
    stats = stats_of(inherited);
    if (stats.accepted != (uint64_t)own_events || stats.delivered != stats.accepted) return NOT_DELIVERED;
    axonpush_event event = test_event();
    if (axonpush_events_publish(inherited, &event, NULL, NULL) != AXONPUSH_OK) return NOT_PUBLISHED;
    axonpush_close(inherited);
    return only_threads(threads) ? FINE : THREADS_LEFT;
}

static int do_nothing(void) {
    return FINE;
}

static int close_it(void) {
    axonpush_close(inherited);
    return FINE;
}

static int flush_it(void) {
    return axonpush_flush(inherited, 0, NULL) == AXONPUSH_OK ? FINE : NOT_FLUSHED;
}

/* ---- fork ---- */

static bool a_fork_with_work_in_flight_concerns_the_parent_only(void) {
    int count = scaled(400);
    fault("{'path':'/event','delayMs':2,'times':0}");
    inherited = client_at(server_url(), 20000);
    parents = tally_new(count);
    own_events = 30;
    CHECK_INT(publish_range(inherited, parents, 0, count), count);
    CHECK(tally_wait(parents, 1, 20000));
    outcome child = in_child(publish_own_events);
    CHECK_EXIT(child, FINE);
    child = in_child(do_nothing);
    CHECK_EXIT(child, FINE);
    child = in_child(close_it);
    CHECK_EXIT(child, FINE);
    child = in_child(flush_it);
    CHECK_EXIT(child, FINE);
    CHECK_INT(axonpush_flush(inherited, 60000, NULL), AXONPUSH_OK);
    CHECK(tally_sound(parents, count));
    CHECK_INT(tally_of(parents, AXONPUSH_OK), count);
    CHECK_STATS(inherited, delivered, count);
    axonpush_close(inherited);
    /* And one of the child's synchronous events. */
    CHECK_INT(server_stat("storedEvents"), count + 31);
    CHECK_INT(server_stat("duplicates"), 0);
    return true;
}

static bool a_fork_during_an_outage_loses_nothing(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    inherited = client_at(gate_url(gate), 20000);
    parents = tally_new(50);
    CHECK_INT(publish_range(inherited, parents, 0, 50), 50);
    sleep_ms(300);
    outcome child = in_child(do_nothing);
    CHECK_EXIT(child, FINE);
    child = in_child(close_it);
    CHECK_EXIT(child, FINE);
    child = in_child(flush_it);
    CHECK_EXIT(child, FINE);
    gate_open(gate);
    own_events = 10;
    child = in_child(publish_own_events);
    CHECK_EXIT(child, FINE);
    CHECK_INT(axonpush_flush(inherited, 60000, NULL), AXONPUSH_OK);
    CHECK(tally_sound(parents, 50));
    CHECK_INT(tally_of(parents, AXONPUSH_OK), 50);
    axonpush_close(inherited);
    gate_free(gate);
    CHECK_INT(server_stat("storedEvents"), 61);
    return true;
}

/* Starts a child that does not wait for the others. */
static pid_t start_child(int (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) exit(body());
    return child;
}

static bool children_end_well(const pid_t *children, int count) {
    bool fine = true;
    for (int i = 0; i < count; i++) {
        int status = -1;
        pid_t ended = 0;
        for (int64_t end = now_ms() + 60000; ended == 0 && now_ms() < end; sleep_ms(2)) {
            ended = waitpid(children[i], &status, WNOHANG);
        }
        if (ended == 0) {
            printf("  child %d hangs\n", i);
            kill(children[i], SIGKILL);
            waitpid(children[i], NULL, 0);
            fine = false;
        } else if (!WIFEXITED(status) || WEXITSTATUS(status) != FINE) {
            printf("  child %d ended with %d\n", i, status);
            fine = false;
        }
    }
    return fine;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No value of a member of the bodies is there twice. */
static bool all_differ(const char *member) {
    size_t count;
    logged *list = logged_events(&count);
    const char **values = scratch((count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = json_text(list[i].body, member);
        CHECK(values[i] && *values[i]);
    }
    qsort(values, count, sizeof *values, by_text);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(values[i], values[i - 1]) == 0) printf("  %s %s came twice\n", member, values[i]);
        CHECK(strcmp(values[i], values[i - 1]) != 0);
    }
    return true;
}

static bool children_never_repeat_an_id(void) {
    own_events = scaled(150);
    inherited = client_at(server_url(), 20000);
    parents = tally_new(own_events);
    /* Whatever is drawn in advance has been drawn. */
    CHECK_INT(publish_range(inherited, parents, 0, 5), 5);
    CHECK_INT(axonpush_flush(inherited, 20000, NULL), AXONPUSH_OK);
    pid_t children[8];
    for (int i = 0; i < 8; i++) children[i] = start_child(publish_own_events);
    CHECK_INT(publish_range(inherited, parents, 5, own_events), own_events - 5);
    bool fine = children_end_well(children, 8);
    CHECK_INT(axonpush_flush(inherited, 20000, NULL), AXONPUSH_OK);
    axonpush_close(inherited);
    CHECK(fine);
    CHECK_INT(server_stat("storedEvents"), 9 * own_events + 8);
    CHECK_INT(request_count(), 9 * own_events + 8);
    CHECK(all_differ("/dedupKey"));
    CHECK(all_differ("/spanId"));
    CHECK(all_differ("/traceId"));
    return true;
}

typedef struct crew {
    pthread_t thread;
    tally *tally;
    int published;
} crew;

static bool stop;

static void *publish_until_stopped(void *data) {
    crew *crew = data;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE) && crew->published < crew->tally->count) {
        if (publish_async(inherited, crew->tally, crew->published) == AXONPUSH_OK) crew->published++;
        if (crew->published % 16 == 0) sleep_ms(1);
    }
    return NULL;
}

static bool fork_is_safe_while_threads_publish(void) {
    axonpush_options options = test_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 200;
    inherited = client_with(&options);
    own_events = 5;
    stop = false;
    crew crews[3];
    for (int i = 0; i < 3; i++) {
        crews[i] = (crew){.tally = tally_new(100000)};
        CHECK_INT(pthread_create(&crews[i].thread, NULL, publish_until_stopped, &crews[i]), 0);
    }
    bool fine = true;
    int rounds = scaled(50);
    for (int i = 0; i < rounds && fine; i++) {
        pid_t children[2] = {start_child(publish_own_events), start_child(i % 2 ? close_it : do_nothing)};
        fine = children_end_well(children, 2);
        if (!fine) printf("  in round %d\n", i);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    int published = 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(crews[i].thread, NULL);
        published += crews[i].published;
    }
    CHECK_INT(axonpush_flush(inherited, 60000, NULL), AXONPUSH_OK);
    for (int i = 0; i < 3; i++) CHECK(tally_sound(crews[i].tally, crews[i].published));
    CHECK_STATS(inherited, delivered, published);
    axonpush_close(inherited);
    CHECK(fine);
    CHECK_INT(server_stat("storedEvents"), published + rounds * 6);
    CHECK_INT(server_stat("duplicates"), 0);
    return true;
}

static axonpush_status child_status;

static void fork_here(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                      void *user_data) {
    own_events = 5;
    pid_t child = start_child(publish_own_events);
    child_status = children_end_well(&child, 1) ? AXONPUSH_OK : AXONPUSH_ERR_INTERNAL;
    tally_completion(status, response, error, user_data);
}

static bool a_completion_may_fork(void) {
    inherited = test_client();
    parents = tally_new(1);
    child_status = -1;
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(inherited, &event, fork_here, &parents->deliveries[0], NULL), AXONPUSH_OK);
    CHECK(tally_wait(parents, 1, 90000));
    CHECK_INT(child_status, AXONPUSH_OK);
    axonpush_close(inherited);
    CHECK_INT(server_stat("storedEvents"), 1 + 5 + 1);
    return true;
}

static int poll_own_events(void) {
    int fd = axonpush_completion_fd(inherited);
    tally *tally = tally_new(5);
    if (fd < 0 || axonpush_poll(inherited, 0) != 0) return STATS_NOT_ZERO;
    if (publish_range(inherited, tally, 0, 5) != 5) return NOT_ACCEPTED;
    if (axonpush_flush(inherited, 20000, NULL) != AXONPUSH_OK) return NOT_FLUSHED;
    if (axonpush_poll(inherited, 0) != 5 || !tally_sound(tally, 5)) return NOT_COMPLETED;
    axonpush_close(inherited);
    return FINE;
}

static bool a_child_polls_its_own_completions_only(void) {
    axonpush_options options = test_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    inherited = client_with(&options);
    parents = tally_new(7);
    CHECK(axonpush_completion_fd(inherited) >= 0);
    CHECK_INT(publish_range(inherited, parents, 0, 7), 7);
    CHECK_INT(axonpush_flush(inherited, 20000, NULL), AXONPUSH_OK);
    outcome child = in_child(poll_own_events);
    CHECK_EXIT(child, FINE);
    CHECK_INT(tally_total(parents), 0);
    CHECK_INT(axonpush_poll(inherited, 0), 7);
    axonpush_close(inherited);
    CHECK(tally_sound(parents, 7));
    CHECK_INT(server_stat("storedEvents"), 12);
    return true;
}

static int fork_once_more(void) {
    own_events = 5;
    pid_t grandchild = start_child(publish_own_events);
    tally *tally = tally_new(20);
    if (publish_range(inherited, tally, 0, 20) != 20) return NOT_ACCEPTED;
    pid_t another = start_child(publish_own_events);
    if (!children_end_well(&grandchild, 1) || !children_end_well(&another, 1)) return NOT_PUBLISHED;
    axonpush_close(inherited);
    return tally_sound(tally, 20) ? FINE : NOT_COMPLETED;
}

static bool grandchildren_are_children_too(void) {
    inherited = test_client();
    parents = tally_new(20);
    CHECK_INT(publish_range(inherited, parents, 0, 20), 20);
    outcome child = in_child(fork_once_more);
    CHECK_EXIT(child, FINE);
    axonpush_close(inherited);
    CHECK(tally_sound(parents, 20));
    CHECK_INT(server_stat("storedEvents"), 20 + 20 + 6 + 6);
    return true;
}

/* ---- exit ---- */

static int leave_events_behind(void) {
    axonpush_client *client = client_at(server_url(), 20000);
    tally *tally = tally_new(200);
    return publish_range(client, tally, 0, 200) == 200 ? 7 : NOT_ACCEPTED;
}

static bool exit_without_close_delivers_what_waits(void) {
    outcome child = in_child(leave_events_behind);
    CHECK_EXIT(child, 7);
    CHECK_INT(server_stat("storedEvents"), 200);
    return true;
}

static int leave_two_clients_behind(void) {
    leave_events_behind();
    axonpush_client *other = client_at(server_url(), 20000);
    axonpush_event event = test_event();
    for (int i = 0; i < 10; i++) axonpush_events_publish_async(other, &event, NULL, NULL, NULL);
    return 7;
}

static bool exit_delivers_for_every_client(void) {
    outcome child = in_child(leave_two_clients_behind);
    CHECK_EXIT(child, 7);
    CHECK_INT(server_stat("storedEvents"), 210);
    return true;
}

static int leave_with_a_dead_server(void) {
    axonpush_client *client = client_at(dead_url(), 700);
    tally *tally = tally_new(50);
    return publish_range(client, tally, 0, 50) == 50 ? 7 : NOT_ACCEPTED;
}

static int leave_with_a_silent_server(void) {
    axonpush_client *client = client_at(server_url(), 700);
    tally *tally = tally_new(50);
    if (publish_range(client, tally, 0, 50) != 50) return NOT_ACCEPTED;
    sleep_ms(100);
    return 7;
}

static bool exit_is_bounded_by_the_shutdown_timeout(void) {
    int64_t start = now_ms();
    outcome child = in_child(leave_with_a_dead_server);
    CHECK_EXIT(child, 7);
    CHECK(in_time(start, 700));
    fault("{'path':'/event','silent':true,'times':0}");
    start = now_ms();
    child = in_child(leave_with_a_silent_server);
    CHECK_EXIT(child, 7);
    CHECK(in_time(start, 800));
    return true;
}

static bool exit_in_a_child_does_not_wait_for_the_parents_events(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    inherited = client_at(server_url(), 20000);
    parents = tally_new(10);
    CHECK_INT(publish_range(inherited, parents, 0, 10), 10);
    sleep_ms(100);
    int64_t start = now_ms();
    outcome child = in_child(do_nothing);
    CHECK_EXIT(child, FINE);
    child = in_child(close_it);
    CHECK_EXIT(child, FINE);
    CHECK(in_time(start, 0));
    /* Before the faults are gone: those that had no connection yet are delivered then. */
    CHECK_INT(tally_total(parents), 0);
    dev("DELETE", "/_dev/faults", NULL);
    axonpush_shutdown(inherited, 100, NULL);
    axonpush_close(inherited);
    CHECK(tally_sound(parents, 10));
    return true;
}

static void leave(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                  void *user_data) {
    (void)status;
    (void)response;
    (void)error;
    (void)user_data;
    exit(7);
}

static int leave_in_a_completion(void) {
    axonpush_client *client = client_at(server_url(), 10000);
    axonpush_event event = test_event();
    for (int i = 0; i < 5; i++) axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_events_publish_async(client, &event, leave, NULL, NULL);
    for (int i = 0; i < 5; i++) axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    sleep_ms(30000);
    return NOT_COMPLETED;
}

static bool a_completion_may_end_the_process(void) {
    int64_t start = now_ms();
    outcome child = in_child(leave_in_a_completion);
    CHECK_EXIT(child, 7);
    CHECK(now_ms() - start < 20000);
    CHECK_INT(server_stat("storedEvents"), 11);
    return true;
}

static int leave_while_threads_publish(void) {
    inherited = client_at(server_url(), 500);
    static crew crews[3];
    for (int i = 0; i < 3; i++) {
        crews[i] = (crew){.tally = tally_new(100000)};
        if (pthread_create(&crews[i].thread, NULL, publish_until_stopped, &crews[i]) != 0) return NOT_ACCEPTED;
    }
    sleep_ms(100);
    return 7;
}

static bool exit_is_safe_while_threads_publish(void) {
    stop = false;
    for (int i = 0; i < scaled(10); i++) {
        int64_t start = now_ms();
        outcome child = in_child(leave_while_threads_publish);
        CHECK_EXIT(child, 7);
        CHECK(in_time(start, 600));
    }
    return true;
}

static int leave_after_close(void) {
    axonpush_client *client = client_at(server_url(), 20000);
    tally *tally = tally_new(20);
    publish_range(client, tally, 0, 20);
    axonpush_close(client);
    return tally_sound(tally, 20) ? 7 : NOT_COMPLETED;
}

static bool exit_after_close_has_nothing_to_do(void) {
    outcome child = in_child(leave_after_close);
    CHECK_EXIT(child, 7);
    CHECK_INT(server_stat("storedEvents"), 20);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_fork_with_work_in_flight_concerns_the_parent_only),
        TEST(a_fork_during_an_outage_loses_nothing),
        TEST(children_never_repeat_an_id),
        TEST(fork_is_safe_while_threads_publish),
        TEST(a_completion_may_fork),
        TEST(a_child_polls_its_own_completions_only),
        TEST(grandchildren_are_children_too),
        TEST(exit_without_close_delivers_what_waits),
        TEST(exit_delivers_for_every_client),
        TEST(exit_is_bounded_by_the_shutdown_timeout),
        TEST(exit_in_a_child_does_not_wait_for_the_parents_events),
        TEST(a_completion_may_end_the_process),
        TEST(exit_is_safe_while_threads_publish),
        TEST(exit_after_close_has_nothing_to_do),
    };
    return RUN_TESTS(tests, argc, argv);
}
