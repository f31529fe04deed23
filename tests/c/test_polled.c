/* Completions that wait until the application asks for them. */
#include "tally.h"

#include <fcntl.h>
#include <poll.h>

static axonpush_client *polled_client(void) {
    axonpush_options options = test_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    return client_with(&options);
}

static bool readable(int fd) {
    struct pollfd wait = {fd, POLLIN, 0};
    return poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN);
}

static bool in_poll;
static int outside;

static void note_where(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                       void *user_data) {
    outside += !in_poll;
    tally_completion(status, response, error, user_data);
}

static size_t poll_here(axonpush_client *client, uint32_t timeout_ms) {
    in_poll = true;
    size_t ran = axonpush_poll(client, timeout_ms);
    in_poll = false;
    return ran;
}

static bool completions_run_inside_poll_on_the_thread_that_polls(void) {
    int count = scaled(500);
    axonpush_client *client = polled_client();
    tally *tally = tally_new(count);
    axonpush_event event = test_event();
    outside = 0;
    for (int i = 0; i < count; i++) {
        CHECK_INT(axonpush_events_publish_async(client, &event, note_where, &tally->deliveries[i], NULL), AXONPUSH_OK);
    }
    /* Delivered, and waiting to be polled: a flush asks for no more. */
    CHECK_INT(axonpush_flush(client, 30000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_total(tally), 0);
    CHECK_STATS(client, delivered, count);
    size_t ran = 0;
    while (ran < (size_t)count) {
        size_t now = poll_here(client, 10000);
        CHECK(now > 0);
        ran += now;
        CHECK_INT(tally_total(tally), ran);
    }
    CHECK_INT(ran, count);
    CHECK_INT(poll_here(client, 0), 0);
    CHECK_INT(outside, 0);
    for (int i = 0; i < count; i++) CHECK(pthread_equal(tally->deliveries[i].thread, pthread_self()));
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    return true;
}

static bool the_descriptor_is_readable_exactly_while_some_wait(void) {
    fault("{'path':'/event','delayMs':300}");
    axonpush_client *client = polled_client();
    int fd = axonpush_completion_fd(client);
    CHECK(fd >= 0);
    CHECK_INT(axonpush_completion_fd(client), fd);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(!readable(fd));
    tally *tally = tally_new(20);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK(!readable(fd));
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(readable(fd));
    CHECK(readable(fd));
    CHECK_INT(axonpush_poll(client, 0), 1);
    CHECK(!readable(fd));
    for (int round = 0; round < 3; round++) {
        CHECK_INT(publish_range(client, tally, 1 + 5 * round, 6 + 5 * round), 5);
        CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
        CHECK(readable(fd));
        CHECK_INT(axonpush_poll(client, 0), 5);
        CHECK(!readable(fd));
    }
    /* One without a completion is nothing to be polled. */
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(!readable(fd));
    CHECK_INT(axonpush_poll(client, 0), 0);
    axonpush_close(client);
    CHECK_INT(fcntl(fd, F_GETFD), -1);
    CHECK(tally_sound(tally, 16));
    return true;
}

static bool a_descriptor_that_is_asked_for_late_is_right_at_once(void) {
    axonpush_client *client = polled_client();
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    int fd = axonpush_completion_fd(client);
    CHECK(readable(fd));
    CHECK_INT(axonpush_poll(client, 0), 1);
    CHECK(!readable(fd));
    axonpush_close(client);
    return true;
}

static bool poll_waits_for_a_completion_until_its_timeout(void) {
    fault("{'path':'/event','delayMs':500}");
    axonpush_client *client = polled_client();
    int64_t start = now_ms();
    CHECK_INT(axonpush_poll(client, 0), 0);
    CHECK(slow_machine() || now_ms() - start < 200);
    CHECK_INT(axonpush_poll(client, 300), 0);
    CHECK(now_ms() - start >= 290);
    CHECK(in_time(start, 300));
    tally *tally = tally_new(1);
    start = now_ms();
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(axonpush_poll(client, 20000), 1);
    CHECK(now_ms() - start >= 450);
    CHECK(in_time(start, 1000));
    axonpush_close(client);
    return true;
}

static bool a_loop_over_poll_serves_everything(void) {
    int count = scaled(1000), polls = 0;
    fault("[{'path':'/event','reset':true,'times':0,'probability':0.01,'seed':1},"
          "{'path':'/event','status':422,'times':0,'probability':0.05,'seed':2}]");
    axonpush_client *client = polled_client();
    int fd = axonpush_completion_fd(client);
    tally *tally = tally_new(count);
    int published = 0, ran = 0;
    int64_t end = now_ms() + 60000;
    while (ran < count && now_ms() < end) {
        for (int i = 0; i < 20 && published < count; i++) CHECK_INT(publish_async(client, tally, published++), AXONPUSH_OK);
        struct pollfd wait = {fd, POLLIN, 0};
        if (poll(&wait, 1, published < count ? 0 : 1000) == 1) {
            size_t now = axonpush_poll(client, 0);
            /* Nothing else polls: what was readable is there. */
            CHECK(now > 0);
            ran += (int)now;
            polls++;
        }
    }
    CHECK_INT(ran, count);
    CHECK(polls > 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK) + tally_of(tally, AXONPUSH_ERR_VALIDATION), count);
    return true;
}

static struct {
    axonpush_client *client;
    tally *tally;
    int left;
} chain;

static void publish_another(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                            void *user_data) {
    tally_completion(status, response, error, user_data);
    if (--chain.left <= 0) return;
    axonpush_event event = test_event();
    axonpush_events_publish_async(chain.client, &event, publish_another, &chain.tally->deliveries[chain.left], NULL);
    /* Everything may be called here, poll itself and flush included. */
    axonpush_poll(chain.client, 0);
    if (chain.left % 10 == 0) axonpush_flush(chain.client, 10000, NULL);
}

static bool a_polled_completion_may_call_anything(void) {
    chain.client = polled_client();
    chain.tally = tally_new(51);
    chain.left = 50;
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(chain.client, &event, publish_another, &chain.tally->deliveries[50], NULL),
              AXONPUSH_OK);
    for (int i = 0; i < 500 && tally_total(chain.tally) < 50; i++) axonpush_poll(chain.client, 100);
    CHECK(tally_sound(chain.tally, 50));
    axonpush_close(chain.client);
    return true;
}

static void close_here(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                       void *user_data) {
    axonpush_close(chain.client);
    tally_completion(status, response, error, user_data);
}

static bool a_polled_completion_may_close_its_client(void) {
    chain.client = polled_client();
    tally *tally = tally_new(10);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(chain.client, &event, close_here, &tally->deliveries[0], NULL), AXONPUSH_OK);
    CHECK_INT(publish_range(chain.client, tally, 1, 10), 9);
    CHECK_INT(axonpush_flush(chain.client, 20000, NULL), AXONPUSH_OK);
    CHECK(axonpush_poll(chain.client, 0) >= 1);
    CHECK(tally_sound(tally, 10));
    CHECK_INT(axonpush_poll(chain.client, 0), 0);
    CHECK(only_threads(0));
    return true;
}

static bool leftover_completions_run_in_close(void) {
    fault("{'path':'/event','skip':10,'silent':true,'times':0}");
    axonpush_options options = test_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    options.shutdown_timeout_ms = 300;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(30);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(publish_range(client, tally, 10, 30), 20);
    CHECK_INT(tally_total(tally), 0);
    int64_t start = now_ms();
    axonpush_close(client);
    CHECK(in_time(start, 300));
    CHECK(tally_sound(tally, 30));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), 20);
    for (int i = 0; i < 30; i++) CHECK(pthread_equal(tally->deliveries[i].thread, pthread_self()));
    CHECK(only_threads(0));
    return true;
}

static bool completions_may_be_polled_after_shutdown(void) {
    axonpush_client *client = polled_client();
    tally *tally = tally_new(10);
    int fd = axonpush_completion_fd(client);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK_INT(axonpush_shutdown(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_total(tally), 0);
    CHECK(readable(fd));
    CHECK_INT(axonpush_poll(client, 0), 10);
    CHECK(!readable(fd));
    int64_t start = now_ms();
    /* Nothing will come any more. */
    CHECK_INT(axonpush_poll(client, 10000), 0);
    CHECK(in_time(start, 0));
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    return true;
}

static struct {
    axonpush_client *client;
    size_t ran;
    int64_t returned;
} other;

static void *poll_elsewhere(void *data) {
    (void)data;
    other.ran = axonpush_poll(other.client, 30000);
    other.returned = now_ms();
    return NULL;
}

static bool closing_ends_a_poll(void) {
    other.client = polled_client();
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, poll_elsewhere, NULL), 0);
    sleep_ms(200);
    int64_t start = now_ms();
    axonpush_close(other.client);
    pthread_join(thread, NULL);
    CHECK_INT(other.ran, 0);
    CHECK(in_time(start, 0));
    return true;
}

static bool began, ended;

static void take_time(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                      void *user_data) {
    __atomic_store_n(&began, true, __ATOMIC_RELEASE);
    sleep_ms(700);
    __atomic_store_n(&ended, true, __ATOMIC_RELEASE);
    tally_completion(status, response, error, user_data);
}

/* "Never after axonpush_close has returned" holds for the completions of a poll on another thread too. */
static bool close_waits_for_a_completion_that_is_polled_elsewhere(void) {
    began = ended = false;
    other.client = polled_client();
    tally *tally = tally_new(1);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(other.client, &event, take_time, &tally->deliveries[0], NULL), AXONPUSH_OK);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, poll_elsewhere, NULL), 0);
    while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE)) sleep_ms(1);
    axonpush_close(other.client);
    bool in_time = __atomic_load_n(&ended, __ATOMIC_ACQUIRE);
    pthread_join(thread, NULL);
    CHECK(in_time);
    CHECK(tally_sound(tally, 1));
    return true;
}

static void *poll_for_long(void *data) {
    size_t *ran = data;
    for (int64_t end = now_ms() + 20000; now_ms() < end && *ran < 100000;) {
        size_t now = axonpush_poll(other.client, 100);
        *ran += now;
        if (now == 0 && axonpush_completion_fd(other.client) < 0) break;
    }
    return NULL;
}

static bool several_threads_may_poll(void) {
    int count = scaled(1000);
    other.client = polled_client();
    tally *tally = tally_new(count);
    pthread_t threads[3];
    size_t ran[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, poll_for_long, &ran[i]), 0);
    CHECK_INT(publish_range(other.client, tally, 0, count), count);
    CHECK(tally_wait(tally, count, 30000));
    axonpush_close(other.client);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(tally_sound(tally, count));
    CHECK_INT(ran[0] + ran[1] + ran[2], count);
    return true;
}

static bool a_client_with_threads_has_nothing_to_poll(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(5);
    CHECK_INT(axonpush_completion_fd(client), -1);
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    int64_t start = now_ms();
    CHECK_INT(axonpush_poll(client, 5000), 0);
    CHECK(in_time(start, 0));
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_poll(client, 0), 0);
    CHECK(tally_sound(tally, 5));
    axonpush_close(client);
    CHECK_INT(axonpush_poll(client, 5000), 0);
    CHECK_INT(axonpush_completion_fd(client), -1);
    CHECK_INT(axonpush_poll(NULL, 5000), 0);
    CHECK_INT(axonpush_completion_fd(NULL), -1);
    return true;
}

static bool failures_wait_to_be_polled_too(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    options.queue_max_events = 5;
    options.delivery_timeout_ms = 600;
    axonpush_client *client = client_with(&options);
    int fd = axonpush_completion_fd(client);
    tally *tally = tally_new(10);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    /* Those that were dropped are due at once. */
    CHECK(readable(fd));
    CHECK_INT(tally_total(tally), 0);
    CHECK_INT(axonpush_poll(client, 0), 5);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL), 5);
    size_t ran = 0;
    for (int i = 0; i < 20 && ran < 5; i++) ran += axonpush_poll(client, 5000);
    CHECK_INT(ran, 5);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CONNECTION), 5);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(completions_run_inside_poll_on_the_thread_that_polls),
        TEST(the_descriptor_is_readable_exactly_while_some_wait),
        TEST(a_descriptor_that_is_asked_for_late_is_right_at_once),
        TEST(poll_waits_for_a_completion_until_its_timeout),
        TEST(a_loop_over_poll_serves_everything),
        TEST(a_polled_completion_may_call_anything),
        TEST(a_polled_completion_may_close_its_client),
        TEST(leftover_completions_run_in_close),
        TEST(completions_may_be_polled_after_shutdown),
        TEST(closing_ends_a_poll),
        TEST(close_waits_for_a_completion_that_is_polled_elsewhere),
        TEST(several_threads_may_poll),
        TEST(a_client_with_threads_has_nothing_to_poll),
        TEST(failures_wait_to_be_polled_too),
    };
    return RUN_TESTS(tests, argc, argv);
}
