/* A client handle is slot and generation: whatever is passed, the result is a status and never a crash. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>

/* A handle from a number; never dereferenced by anybody. */
static axonpush_client *forged(uintptr_t number) {
    return (axonpush_client *)number;
}

/* The completion of an event that is never accepted. */
static void never(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                  void *user_data) {
    (void)status;
    (void)response;
    (void)error;
    (void)user_data;
    abort();
}

/* Every function that takes a client says that this is none. */
static bool is_no_client(axonpush_client *client) {
    axonpush_event event = test_event();
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_error *error = NULL;
    axonpush_response *response;
#define REFUSED(call) \
    do { \
        response = (axonpush_response *)&event; \
        CHECK_STATUS((call), error, AXONPUSH_ERR_INVALID_HANDLE); \
        CHECK_HAS(axonpush_error_message(error), "client"); \
        CHECK(!axonpush_error_retryable(error)); \
        axonpush_error_free(error); \
    } while (0)
    REFUSED(axonpush_events_publish(client, &event, &response, &error));
    CHECK(response == NULL);
    REFUSED(axonpush_events_list(client, "c", &query, &response, &error));
    CHECK(response == NULL);
    REFUSED(axonpush_events_search(client, &query, &response, &error));
    CHECK(response == NULL);
    REFUSED(axonpush_request(client, "GET", "/apps", NULL, NULL, 0, &response, &error));
    CHECK(response == NULL);
    REFUSED(axonpush_stats_get(client, &stats, &error));
    REFUSED(axonpush_events_publish_async(client, &event, never, NULL, &error));
    REFUSED(axonpush_flush(client, 1000, &error));
    REFUSED(axonpush_shutdown(client, 1000, &error));
#undef REFUSED
    CHECK_INT(axonpush_poll(client, 0), 0);
    CHECK_INT(axonpush_poll(client, 60000), 0);
    CHECK_INT(axonpush_completion_fd(client), -1);
    /* The handle is looked at first, and nobody needs the error. */
    CHECK_INT(axonpush_events_publish(client, NULL, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_events_list(client, NULL, NULL, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_request(client, NULL, NULL, NULL, NULL, 0, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_stats_get(client, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_events_publish_async(client, NULL, NULL, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(axonpush_shutdown(client, 0, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    axonpush_close(client);
    return true;
}

static bool null_is_no_client(void) {
    return is_no_client(NULL);
}

static bool a_closed_client_is_none(void) {
    axonpush_client *client = test_client();
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(is_no_client(client));
    axonpush_close(client);
    axonpush_close(client);
    CHECK(is_no_client(client));
    CHECK_INT(request_count(), 1);
    return true;
}

static bool a_stale_handle_does_not_open_its_slots_next_client(void) {
    axonpush_client *old[50];
    for (size_t i = 0; i < 50; i++) {
        old[i] = test_client();
        axonpush_close(old[i]);
    }
    axonpush_client *living = test_client();
    for (size_t i = 0; i < 50; i++) {
        CHECK(old[i] != living);
        CHECK(is_no_client(old[i]));
    }
    /* Closing the stale handles did not close the living client. */
    CHECK_INT(axonpush_events_search(living, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(living);
    return true;
}

static bool forged_handles_are_none(void) {
    axonpush_client *client = test_client();
    uintptr_t handle = (uintptr_t)client;
    for (unsigned bit = 0; bit < 8 * sizeof handle; bit++) {
        CHECK(is_no_client(forged(handle ^ ((uintptr_t)1 << bit))));
    }
    int local = 0;
    uintptr_t numbers[] = {1, 2, 8, 0xdeadbeef, handle + 1, handle - 1, ~(uintptr_t)0, (uintptr_t)&local,
                           (uintptr_t)&client, (uintptr_t)is_no_client, ~(uintptr_t)0 >> 1, handle << 32,
                           handle >> 32};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) CHECK(is_no_client(forged(numbers[i])));
    uintptr_t random = 88172645463325252u;
    for (int i = 0; i < scaled(2000); i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (random != handle) CHECK(is_no_client(forged(random)));
    }
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool clients_are_independent(void) {
    axonpush_options options = test_options();
    options.tenant_id = "org-a";
    axonpush_client *a = client_with(&options);
    options.tenant_id = "org-b";
    axonpush_client *b = client_with(&options);
    CHECK(a != b);
    CHECK_INT(axonpush_events_search(a, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(a);
    CHECK_INT(axonpush_events_search(b, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_header(0, "x-tenant-id"), "org-a");
    CHECK_TEXT(request_header(1, "x-tenant-id"), "org-b");
    axonpush_close(b);
    return true;
}

/* ---- Under fire ---- */

#define THREADS 8

struct fire {
    axonpush_client *client;
    int number;
    int calls;
    bool wrong;
};

static bool tolerable(axonpush_status status) {
    return status == AXONPUSH_OK || status == AXONPUSH_ERR_INVALID_HANDLE || status == AXONPUSH_ERR_CLOSED;
}

/* Calls one function after the other until the client is closed. */
static void *call_until_closed(void *data) {
    struct fire *fire = data;
    axonpush_event event = test_event();
    axonpush_status status;
    do {
        axonpush_response *response = NULL;
        axonpush_error *error = NULL;
        switch ((fire->number + fire->calls++) % 4) {
        case 0: status = axonpush_events_publish(fire->client, &event, &response, &error); break;
        case 1: status = axonpush_events_search(fire->client, NULL, &response, &error); break;
        case 2: status = axonpush_events_publish_async(fire->client, &event, NULL, NULL, &error); break;
        default: {
            axonpush_stats stats = AXONPUSH_STATS_INIT;
            status = axonpush_stats_get(fire->client, &stats, &error);
        }
        }
        if (!tolerable(status) || (response != NULL && axonpush_response_json(response, NULL) == NULL)) {
            printf("  under fire: %s: %s\n", axonpush_status_name(status), axonpush_error_message(error));
            fire->wrong = true;
        }
        axonpush_response_free(response);
        axonpush_error_free(error);
    } while (status != AXONPUSH_ERR_INVALID_HANDLE && !fire->wrong);
    return NULL;
}

static void *close_it(void *data) {
    axonpush_close(data);
    return NULL;
}

static bool close_is_safe_while_eight_threads_call(void) {
    int rounds = scaled(150);
    for (int round = 0; round < rounds; round++) {
        axonpush_client *client = test_client();
        struct fire fires[THREADS];
        pthread_t threads[THREADS], closer;
        for (int i = 0; i < THREADS; i++) {
            fires[i] = (struct fire){client, i, 0, false};
            CHECK_INT(pthread_create(&threads[i], NULL, call_until_closed, &fires[i]), 0);
        }
        sleep_ms(round % 7);
        /* Two threads close at once. */
        CHECK_INT(pthread_create(&closer, NULL, close_it, client), 0);
        axonpush_close(client);
        pthread_join(closer, NULL);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            CHECK(!fires[i].wrong);
        }
        if (round % 50 == 0) dev("DELETE", "/_dev/requests", NULL);
    }
    return true;
}

static void *publish_once(void *data) {
    struct fire *fire = data;
    axonpush_event event = test_event();
    fire->calls = axonpush_events_publish(fire->client, &event, NULL, NULL);
    return NULL;
}

static bool close_interrupts_calls_that_are_stuck(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = test_options();
    options.shutdown_timeout_ms = 300;
    options.timeout_ms = 60000;
    axonpush_client *client = client_with(&options);
    struct fire fires[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        fires[i] = (struct fire){client, i, 0, false};
        CHECK_INT(pthread_create(&threads[i], NULL, publish_once, &fires[i]), 0);
    }
    for (int64_t end = now_ms() + 20000; request_count() < THREADS && now_ms() < end;) sleep_ms(10);
    CHECK_INT(request_count(), THREADS);
    int64_t start = now_ms();
    axonpush_close(client);
    int64_t took = now_ms() - start;
    CHECK(took >= 290);
    CHECK(took < 300 + 500 + 2000);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(fires[i].calls, AXONPUSH_ERR_CLOSED);
    }
    CHECK(now_ms() - start < 10000);
    return true;
}

static bool close_lets_a_running_call_finish(void) {
    fault("{'path':'/event','delayMs':500}");
    axonpush_client *client = test_client();
    struct fire fire = {client, 0, -1, false};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, publish_once, &fire), 0);
    for (int64_t end = now_ms() + 20000; request_count() < 1 && now_ms() < end;) sleep_ms(10);
    axonpush_close(client);
    pthread_join(thread, NULL);
    CHECK_INT(fire.calls, AXONPUSH_OK);
    return true;
}

static bool close_ends_a_wait_between_attempts(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'50'},'times':0}");
    axonpush_options options = test_options();
    options.shutdown_timeout_ms = 2000;
    options.timeout_ms = 60000;
    options.max_retries = 3;
    axonpush_client *client = client_with(&options);
    struct fire fire = {client, 0, -1, false};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, publish_once, &fire), 0);
    for (int64_t end = now_ms() + 20000; request_count() < 1 && now_ms() < end;) sleep_ms(10);
    sleep_ms(100);
    int64_t start = now_ms();
    axonpush_close(client);
    pthread_join(thread, NULL);
    CHECK_INT(fire.calls, AXONPUSH_ERR_CLOSED);
    CHECK(now_ms() - start < 10000);
    return true;
}

static bool many_threads_share_one_client(void) {
    axonpush_client *client = test_client();
    struct fire fires[THREADS];
    pthread_t threads[THREADS];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < THREADS; i++) {
            fires[i] = (struct fire){client, i, -1, false};
            CHECK_INT(pthread_create(&threads[i], NULL, publish_once, &fires[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            CHECK_INT(fires[i].calls, AXONPUSH_OK);
        }
    }
    CHECK_INT(server_stat("storedEvents"), 10 * THREADS);
    axonpush_close(client);
    return true;
}

static int entries(const char *folder) {
    DIR *open = opendir(folder);
    int count = 0;
    if (!open) return -1;
    while (readdir(open)) count++;
    closedir(open);
    return count;
}

static bool nothing_grows_when_clients_come_and_go(void) {
    int threads = 0, files = 0;
    for (int i = 0; i < scaled(300) + 5; i++) {
        axonpush_client *client = test_client();
        axonpush_event event = test_event();
        CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
        axonpush_close(client);
        if (i == 4) {
            threads = entries("/proc/self/task");
            files = entries("/proc/self/fd");
        }
    }
    /* A thread that is on its way out may still be listed. */
    for (int64_t end = now_ms() + 5000; now_ms() < end && entries("/proc/self/task") > threads;) sleep_ms(20);
    CHECK(threads > 0 && files > 0);
    CHECK(entries("/proc/self/task") <= threads);
    CHECK(entries("/proc/self/fd") <= files);
    return true;
}

static bool a_client_starts_no_thread_and_opens_nothing_by_itself(void) {
    int threads = entries("/proc/self/task"), files = entries("/proc/self/fd");
    axonpush_client *client = test_client();
    CHECK_INT(entries("/proc/self/task"), threads);
    CHECK_INT(entries("/proc/self/fd"), files);
    axonpush_close(client);
    CHECK_INT(request_count(), 0);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(null_is_no_client),
        TEST(a_closed_client_is_none),
        TEST(a_stale_handle_does_not_open_its_slots_next_client),
        TEST(forged_handles_are_none),
        TEST(clients_are_independent),
        TEST(close_is_safe_while_eight_threads_call),
        TEST(close_interrupts_calls_that_are_stuck),
        TEST(close_lets_a_running_call_finish),
        TEST(close_ends_a_wait_between_attempts),
        TEST(many_threads_share_one_client),
        TEST(nothing_grows_when_clients_come_and_go),
        TEST(a_client_starts_no_thread_and_opens_nothing_by_itself),
    };
    return RUN_TESTS(tests, argc, argv);
}
