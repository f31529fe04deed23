/* Call handles, and calls that another thread ends. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "tally.h"
#include "tcp_server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>

/* Looking up this name takes longer than any test; getaddrinfo() cannot be told to stop. */
#define SLOW_NAME "slow.invalid"

/* Milliseconds that connecting is held up for, before it begins. */
static int connect_delay;
static bool connect_reached;

/* By another name, since glibc declares connect() with a type of its own. */
int held_up_connect(int fd, const struct sockaddr *address, socklen_t length) __asm__("connect");

int held_up_connect(int fd, const struct sockaddr *address, socklen_t length) {
    union {
        void *symbol;
        int (*function)(int, const struct sockaddr *, socklen_t);
    } real = {dlsym(RTLD_NEXT, "connect")};
    if (connect_delay) {
        __atomic_store_n(&connect_reached, true, __ATOMIC_RELEASE);
        sleep_ms(connect_delay);
    }
    return real.function(fd, address, length);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    union {
        void *symbol;
        int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    if (node && strcmp(node, SLOW_NAME) == 0) sleep_ms(15000);
    return real.function(node, service, hints, found);
}

static axonpush_client *call_of(axonpush_client *client) {
    axonpush_error *error = NULL;
    axonpush_client *call = axonpush_call_new(client, 0, &error);
    if (!call) printf("  no call handle: %s\n", axonpush_error_message(error));
    axonpush_error_free(error);
    return call;
}

/* ---- A call in progress, on a thread of its own ---- */

typedef struct running {
    pthread_t thread;
    axonpush_client *call;
    axonpush_status (*make)(axonpush_client *call, axonpush_error **error);
    axonpush_status status;
    axonpush_error *error;
    bool returned;
    int64_t at;
} running;

static void *run_call(void *data) {
    running *running = data;
    running->status = running->make(running->call, &running->error);
    running->at = now_ms();
    __atomic_store_n(&running->returned, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool start(running *running, axonpush_client *call,
                  axonpush_status (*make)(axonpush_client *, axonpush_error **)) {
    memset(running, 0, sizeof *running);
    running->call = call;
    running->make = make;
    return pthread_create(&running->thread, NULL, run_call, running) == 0;
}

static bool returned(running *running) {
    return __atomic_load_n(&running->returned, __ATOMIC_ACQUIRE);
}

/* Soon after `start`, compared with the minute and the five seconds (connecting) that the calls could take. */
static bool at_once(int64_t start, int64_t end) {
    int limit = slow_machine() ? 4000 : 1000;
    if (end - start > limit) printf("  it took %d ms\n", (int)(end - start));
    return end - start <= limit;
}

/* The call waits for something; cancelled, it ends at once, and says so. */
static bool ends_by_cancel(running *running) {
    sleep_ms(150);
    bool waited = !returned(running);
    int64_t cancelled = now_ms();
    axonpush_call_cancel(running->call);
    pthread_join(running->thread, NULL);
    axonpush_error *error = running->error;
    CHECK_STATUS(running->status, error, AXONPUSH_ERR_CANCELLED);
    CHECK(waited);
    CHECK(at_once(cancelled, running->at));
    CHECK(!axonpush_error_retryable(error));
    CHECK_HAS(axonpush_error_message(error), "cancelled");
    axonpush_error_free(error);
    return true;
}

/* ---- What can be in progress ---- */

static axonpush_status publish(axonpush_client *client, axonpush_error **error) {
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    axonpush_status status = axonpush_events_publish(client, &event, &response, error);
    /* A failed call gives nothing. */
    if (status != AXONPUSH_OK && response) return AXONPUSH_ERR_INTERNAL;
    axonpush_response_free(response);
    return status;
}

static axonpush_status list(axonpush_client *client, axonpush_error **error) {
    return axonpush_events_list(client, "ch", NULL, NULL, error);
}

static axonpush_status search(axonpush_client *client, axonpush_error **error) {
    return axonpush_events_search(client, NULL, NULL, error);
}

static axonpush_status post(axonpush_client *client, axonpush_error **error) {
    return axonpush_request(client, "POST", "/apps", NULL, "{\"name\":\"n\"}", 0, NULL, error);
}

static axonpush_status list_apps(axonpush_client *client, axonpush_error **error) {
    return axonpush_apps_list(client, NULL, error);
}

static axonpush_status traces(axonpush_client *client, axonpush_error **error) {
    return axonpush_traces_list(client, NULL, NULL, error);
}

static axonpush_status health(axonpush_client *client, axonpush_error **error) {
    return axonpush_health_get(client, NULL, error);
}

static axonpush_status otlp(axonpush_client *client, axonpush_error **error) {
    return axonpush_otlp_logs(client, "ch", "{\"resourceLogs\":[]}", 0, NULL, error);
}

static axonpush_status next_event(axonpush_client *client, axonpush_error **error) {
    axonpush_events_iter *iter = NULL;
    const axonpush_response *event = NULL;
    axonpush_status status = axonpush_events_iter_new(client, NULL, NULL, &iter, error);
    if (status == AXONPUSH_OK) status = axonpush_events_iter_next(iter, &event, error);
    axonpush_events_iter_free(iter);
    return status;
}

static axonpush_status flush(axonpush_client *client, axonpush_error **error) {
    return axonpush_flush(client, 60000, error);
}

static axonpush_status publish_later(axonpush_client *client, axonpush_error **error) {
    axonpush_event event = test_event();
    return axonpush_events_publish_async(client, &event, NULL, NULL, error);
}

static const struct {
    const char *name;
    axonpush_status (*make)(axonpush_client *, axonpush_error **);
} requests[] = {
    {"publish", publish}, {"list", list},     {"search", search}, {"post", post}, {"list_apps", list_apps},
    {"traces", traces},   {"health", health}, {"otlp", otlp},     {"next_event", next_event},
};
#define REQUESTS (sizeof requests / sizeof *requests)

/* ---- Where a call may be ---- */

static bool cancelling_ends_every_call_that_awaits_a_response(void) {
    axonpush_client *client = patient_client();
    for (size_t i = 0; i < REQUESTS; i++) {
        dev("POST", "/_dev/reset", NULL);
        fault("{'silent':true,'times':0}");
        axonpush_client *call = call_of(client);
        static running running;
        CHECK(start(&running, call, requests[i].make));
        CHECK(requests_arrive(1));
        bool ended = ends_by_cancel(&running);
        if (!ended) printf("  %s\n", requests[i].name);
        CHECK(ended);
        /* It is not repeated. */
        CHECK_INT(request_count(), 1);
        axonpush_call_free(call);
    }
    CHECK_INT(stats_of(client).retried, 0);
    dev("POST", "/_dev/reset", NULL);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

/* On a connection that was used before, too. */
static bool cancelling_ends_a_call_on_a_kept_connection(void) {
    axonpush_client *client = patient_client();
    for (int pause = 0; pause < 100; pause += 60) {
        dev("POST", "/_dev/reset", NULL);
        CHECK_INT(publish(client, NULL), AXONPUSH_OK);
        fault("{'path':'/event','silent':true,'times':0}");
        sleep_ms(pause);
        axonpush_client *call = call_of(client);
        static running running;
        CHECK(start(&running, call, publish));
        CHECK(requests_arrive(2));
        CHECK(ends_by_cancel(&running));
        CHECK_INT(request_count(), 2);
        axonpush_call_free(call);
    }
    dev("POST", "/_dev/reset", NULL);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool cancelling_ends_a_response_that_drips(void) {
    fault("{'path':'/event','drip':{'bytes':1,'intervalMs':100},'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    static running running;
    CHECK(start(&running, call, publish));
    CHECK(requests_arrive(1));
    CHECK(ends_by_cancel(&running));
    axonpush_close(client);
    return true;
}

static bool cancelled_while(const axonpush_options *options) {
    axonpush_client *client = client_with(options), *call = call_of(client);
    static running running;
    CHECK(start(&running, call, publish));
    CHECK(ends_by_cancel(&running));
    axonpush_close(client);
    return true;
}

static bool cancelling_ends_the_wait_for_a_connection(void) {
    axonpush_options options = patient_options();
    options.base_url = blackhole_url();
    return cancelled_while(&options);
}

static bool cancelling_ends_the_wait_for_an_address(void) {
    axonpush_options options = patient_options();
    options.base_url = "http://" SLOW_NAME;
    return cancelled_while(&options);
}

/* Reads what comes and says nothing, until the other side leaves. */
static void say_nothing(tcp_server *server, int fd) {
    char part[4096];
    (void)server;
    while (recv(fd, part, sizeof part, 0) > 0) continue;
}

static bool cancelling_ends_the_wait_for_tls(void) {
    tcp_server *server = tcp_serve(say_nothing);
    axonpush_options options = patient_options();
    options.base_url = format("https%s", tcp_url(server) + strlen("http"));
    bool cancelled = cancelled_while(&options);
    tcp_stop(server);
    return cancelled;
}

static bool cancelling_ends_the_wait_for_a_proxy(void) {
    tcp_server *server = tcp_serve(say_nothing);
    axonpush_options options = patient_options();
    options.base_url = "https://axonpush.invalid";
    options.proxy = tcp_url(server);
    bool cancelled = cancelled_while(&options);
    CHECK_INT(tcp_requests(server), 1);
    tcp_stop(server);
    return cancelled;
}

static bool cancelling_ends_the_wait_between_attempts(void) {
    fault("{'path':'/event','status':503,'headers':{'Retry-After':'30'},'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    static running running;
    CHECK(start(&running, call, publish));
    CHECK(requests_arrive(1));
    CHECK(ends_by_cancel(&running));
    CHECK_INT(request_count(), 1);
    dev("POST", "/_dev/reset", NULL);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool cancelling_ends_a_flush_and_the_events_stay(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    tally *tally = tally_new(3);
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    static running running;
    CHECK(start(&running, call, flush));
    CHECK(ends_by_cancel(&running));
    CHECK_STATS(client, queued_events, 3);
    CHECK_INT(tally_total(tally), 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 3));
    return true;
}

static bool cancelling_ends_the_wait_for_room(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = patient_options();
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 2;
    axonpush_client *client = client_with(&options), *call = call_of(client);
    tally *tally = tally_new(2);
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    static running running;
    CHECK(start(&running, call, publish_later));
    CHECK(ends_by_cancel(&running));
    CHECK_STATS(client, accepted, 2);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

static axonpush_status poll_for_long(axonpush_client *client, axonpush_error **error) {
    (void)error;
    return (axonpush_status)axonpush_poll(client, 60000);
}

static bool cancelling_ends_a_poll(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = patient_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    axonpush_client *client = client_with(&options), *call = call_of(client);
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    static running running;
    CHECK(start(&running, call, poll_for_long));
    sleep_ms(150);
    CHECK(!returned(&running));
    int64_t cancelled = now_ms();
    axonpush_call_cancel(call);
    pthread_join(running.thread, NULL);
    /* How many completions ran. */
    CHECK_INT(running.status, 0);
    CHECK(at_once(cancelled, running.at));
    CHECK_INT(tally_total(tally), 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static axonpush_status shut_down(axonpush_client *client, axonpush_error **error) {
    return axonpush_shutdown(client, 60000, error);
}

static bool cancelling_ends_a_shutdown_and_abandons_what_is_left(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    tally *tally = tally_new(3);
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    static running running;
    CHECK(start(&running, call, shut_down));
    CHECK(ends_by_cancel(&running));
    CHECK_STATS(client, abandoned, 3);
    CHECK(tally_sound(tally, 3));
    CHECK_INT(publish(client, NULL), AXONPUSH_ERR_CLOSED);
    axonpush_close(client);
    return true;
}

static bool cancelling_ends_all_calls_of_the_handle_and_no_others(void) {
    fault("{'path':'/event','delayMs':1500,'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client), *other = call_of(client);
    static running cancelled[6], left[2];
    for (int i = 0; i < 6; i++) CHECK(start(&cancelled[i], call, publish));
    CHECK(start(&left[0], client, publish));
    CHECK(start(&left[1], other, publish));
    CHECK(requests_arrive(8));
    int64_t began = now_ms();
    axonpush_call_cancel(call);
    for (int i = 0; i < 6; i++) {
        pthread_join(cancelled[i].thread, NULL);
        CHECK_STATUS(cancelled[i].status, cancelled[i].error, AXONPUSH_ERR_CANCELLED);
        CHECK(at_once(began, cancelled[i].at));
        axonpush_error_free(cancelled[i].error);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(left[i].thread, NULL);
        CHECK_STATUS(left[i].status, left[i].error, AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

static bool fail_open_does_not_suppress_a_cancellation(void) {
    fault("{'silent':true,'times':0}");
    axonpush_options options = patient_options();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    axonpush_status (*const makers[])(axonpush_client *, axonpush_error **) = {publish, search, next_event};
    for (int i = 0; i < 3; i++) {
        axonpush_client *call = call_of(client);
        static running running;
        CHECK(start(&running, call, makers[i]));
        CHECK(requests_arrive((size_t)i + 1));
        CHECK(ends_by_cancel(&running));
        axonpush_call_free(call);
    }
    axonpush_close(client);
    return true;
}

/* ---- What a cancelled handle is good for ---- */

static bool later_calls_through_the_handle_are_refused(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    axonpush_call_cancel(call);
    axonpush_call_cancel(call);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < REQUESTS; i++) {
            axonpush_error *error = NULL;
            CHECK_STATUS(requests[i].make(call, &error), error, AXONPUSH_ERR_CANCELLED);
            axonpush_error_free(error);
        }
        axonpush_error *error = NULL;
        CHECK_STATUS(publish_later(call, &error), error, AXONPUSH_ERR_CANCELLED);
        axonpush_error_free(error);
    }
    CHECK_INT(request_count(), 0);
    CHECK_STATS(client, accepted, 0);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_client *another = call_of(client);
    CHECK_INT(publish(another, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool a_later_flush_through_the_handle_is_refused(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    axonpush_call_cancel(call);
    axonpush_error *error = NULL;
    /* Before anything was published, and with nothing left to wait for. */
    CHECK_STATUS(flush(call, &error), error, AXONPUSH_ERR_CANCELLED);
    axonpush_error_free(error);
    CHECK_INT(publish_later(client, NULL), AXONPUSH_OK);
    CHECK_INT(flush(client, NULL), AXONPUSH_OK);
    CHECK_STATUS(flush(call, &error), error, AXONPUSH_ERR_CANCELLED);
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

/* A shutdown that was cancelled before it began does nothing. */
static bool a_later_shutdown_through_the_handle_is_refused(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    axonpush_call_cancel(call);
    axonpush_error *error = NULL;
    CHECK_STATUS(shut_down(call, &error), error, AXONPUSH_ERR_CANCELLED);
    axonpush_error_free(error);
    CHECK_STATUS(publish(client, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool a_later_poll_through_the_handle_runs_nothing(void) {
    axonpush_options options = patient_options();
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    axonpush_client *client = client_with(&options), *call = call_of(client);
    tally *tally = tally_new(1);
    axonpush_call_cancel(call);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(flush(client, NULL), AXONPUSH_OK);
    int64_t began = now_ms();
    CHECK_INT(axonpush_poll(call, 60000), 0);
    CHECK(at_once(began, now_ms()));
    CHECK_INT(tally_total(tally), 0);
    CHECK_INT(axonpush_poll(client, 0), 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool a_later_log_event_through_the_handle_is_refused(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = "a line";
    CHECK(axonpush_log_event(call, &record));
    axonpush_call_cancel(call);
    CHECK(!axonpush_log_event(call, &record));
    CHECK(axonpush_log_event(client, &record));
    CHECK_INT(flush(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 2);
    return true;
}

static bool events_that_were_accepted_are_not_taken_back(void) {
    fault("{'path':'/event','delayMs':300,'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(call, tally, 0, 20), 20);
    axonpush_call_cancel(call);
    axonpush_call_free(call);
    CHECK_INT(axonpush_flush(client, 30000, NULL), AXONPUSH_OK);
    CHECK(tally_sound(tally, 20));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 20);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 20);
    return true;
}

static bool counters_are_those_of_the_client(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    CHECK_INT(publish_later(call, NULL), AXONPUSH_OK);
    CHECK_INT(flush(call, NULL), AXONPUSH_OK);
    CHECK_INT(publish(call, NULL), AXONPUSH_OK);
    CHECK_STATS(call, delivered, 1);
    CHECK_STATS(client, delivered, 1);
    /* Calls and the background may have one each. */
    CHECK(stats_of(client).connections >= 1);
    CHECK_STATS(call, connections, stats_of(client).connections);
    axonpush_close(client);
    return true;
}

/* ---- Any moment ---- */

static axonpush_status cancel_after(axonpush_client *client, axonpush_status (*make)(axonpush_client *, axonpush_error **),
                                    int spins, int64_t *took) {
    axonpush_client *call = call_of(client);
    static running running;
    if (!start(&running, call, make)) return AXONPUSH_ERR_INTERNAL;
    for (volatile int i = 0; i < spins; i++) continue;
    int64_t cancelled = now_ms();
    axonpush_call_cancel(call);
    pthread_join(running.thread, NULL);
    *took = running.at - cancelled;
    axonpush_error_free(running.error);
    axonpush_call_free(call);
    return running.status;
}

static bool a_call_that_is_cancelled_as_it_connects_ends_at_once(void) {
    axonpush_options options = patient_options();
    options.base_url = blackhole_url();
    axonpush_client *client = client_with(&options);
    for (int i = 0; i < scaled(4000); i++) {
        int64_t took = 0;
        CHECK_INT(cancel_after(client, publish, (i * 371) % 200000, &took), AXONPUSH_ERR_CANCELLED);
        CHECK(at_once(0, took));
    }
    axonpush_close(client);
    return true;
}

/* Between the making of its socket and the system call: there is nothing to shut down yet. */
static bool a_call_that_is_cancelled_just_before_it_connects_ends_at_once(void) {
    axonpush_options options = patient_options();
    options.base_url = blackhole_url();
    axonpush_client *client = client_with(&options), *call = call_of(client);
    connect_delay = 300;
    connect_reached = false;
    static running running;
    CHECK(start(&running, call, publish));
    while (!__atomic_load_n(&connect_reached, __ATOMIC_ACQUIRE)) sleep_ms(1);
    bool ended = ends_by_cancel(&running);
    connect_delay = 0;
    CHECK(ended);
    axonpush_close(client);
    return true;
}

static bool a_call_that_is_cancelled_as_it_responds_ends_either_way(void) {
    axonpush_client *client = patient_client();
    int ended[2] = {0, 0};
    for (int i = 0; i < scaled(2000); i++) {
        int64_t took = 0;
        axonpush_status status = cancel_after(client, i % 2 ? publish : post, (i * 131) % 400000, &took);
        CHECK(status == AXONPUSH_OK || status == AXONPUSH_ERR_CANCELLED);
        ended[status == AXONPUSH_OK]++;
        CHECK(at_once(0, took));
        if (i % 100 == 0) dev("DELETE", "/_dev/requests", NULL);
    }
    if (!slow_machine()) CHECK(ended[0] > 0 && ended[1] > 0);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static struct {
    axonpush_client *client;
    bool stop;
    int cancelled;
} crowd;

static void *start_and_cancel(void *data) {
    (void)data;
    for (int i = 0; !__atomic_load_n(&crowd.stop, __ATOMIC_ACQUIRE); i++) {
        running running;
        axonpush_client *call = axonpush_call_new(crowd.client, 0, NULL);
        if (!start(&running, call, publish)) abort();
        for (volatile int k = 0; k < (i * 97) % 300000; k++) continue;
        axonpush_call_cancel(call);
        pthread_join(running.thread, NULL);
        if (running.status == AXONPUSH_ERR_CANCELLED) __atomic_fetch_add(&crowd.cancelled, 1, __ATOMIC_RELAXED);
        axonpush_error_free(running.error);
        axonpush_call_free(call);
    }
    return NULL;
}

/* They share connections; max_retries is 0, so that a broken one would show. */
static bool a_cancelled_call_harms_no_other(void) {
    axonpush_options options = patient_options();
    options.max_retries = -1;
    crowd.client = client_with(&options);
    crowd.stop = false;
    crowd.cancelled = 0;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) CHECK_INT(pthread_create(&threads[i], NULL, start_and_cancel, NULL), 0);
    axonpush_error *error = NULL;
    axonpush_status status = AXONPUSH_OK;
    for (int i = 0; i < scaled(500) && status == AXONPUSH_OK; i++) {
        status = requests[i % 4].make(crowd.client, &error);
        if (i % 250 == 0) dev("DELETE", "/_dev/requests", NULL);
    }
    __atomic_store_n(&crowd.stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_STATUS(status, error, AXONPUSH_OK);
    CHECK(slow_machine() || crowd.cancelled > 0);
    axonpush_close(crowd.client);
    return true;
}

/* ---- The handles themselves ---- */

static bool a_call_handle_goes_and_the_client_stays(void) {
    axonpush_client *client = patient_client();
    axonpush_error *error = NULL;
    for (int i = 0; i < 3; i++) {
        axonpush_client *call = call_of(client);
        CHECK(call && call != client);
        CHECK_INT(publish(call, NULL), AXONPUSH_OK);
        if (i == 0) axonpush_call_free(call);
        if (i == 1) axonpush_close(call);
        if (i == 2) {
            axonpush_call_cancel(call);
            axonpush_close(call);
        }
        CHECK_STATUS(publish(call, &error), error, AXONPUSH_ERR_INVALID_HANDLE);
        axonpush_error_free(error);
        CHECK_INT(publish_later(call, NULL), AXONPUSH_ERR_INVALID_HANDLE);
        CHECK_INT(flush(call, NULL), AXONPUSH_ERR_INVALID_HANDLE);
        CHECK_INT(axonpush_poll(call, 60000), 0);
        axonpush_call_cancel(call);
        axonpush_call_free(call);
        axonpush_close(call);
        CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

static bool a_clients_own_handle_is_left_alone(void) {
    axonpush_client *client = patient_client();
    axonpush_call_cancel(client);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_call_free(client);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    axonpush_call_cancel(client);
    axonpush_call_free(client);
    CHECK_INT(publish(client, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    return true;
}

static bool an_iterator_is_cancelled_by_its_call_handle_and_outlives_it(void) {
    axonpush_client *client = patient_client(), *call = call_of(client);
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_events_iter *iter = NULL;
    const axonpush_response *event = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_iter_new(call, NULL, NULL, &iter, &error), error, AXONPUSH_OK);
    axonpush_call_cancel(call);
    CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_ERR_CANCELLED);
    CHECK(event == NULL);
    axonpush_error_free(error);
    axonpush_call_free(call);
    CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_OK);
    CHECK(event != NULL);
    axonpush_close(client);
    CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_ERR_CLOSED);
    axonpush_error_free(error);
    axonpush_events_iter_free(iter);
    return true;
}

static bool what_is_no_handle_does_no_harm(void) {
    static const uintptr_t numbers[] = {0, 1, 2, 3, 0xffff, 0x10001, UINT32_MAX, 0x100000001, UINTPTR_MAX, UINTPTR_MAX - 1};
    int local;
    axonpush_client *client = patient_client();
    for (size_t i = 0; i <= sizeof numbers / sizeof *numbers; i++) {
        axonpush_client *garbage =
            i < sizeof numbers / sizeof *numbers ? (axonpush_client *)numbers[i] : (axonpush_client *)&local;
        axonpush_call_cancel(garbage);
        axonpush_call_free(garbage);
        axonpush_error *error = NULL;
        axonpush_client *call = axonpush_call_new(garbage, 0, &error);
        CHECK(call == NULL);
        CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_HANDLE);
        axonpush_error_free(error);
        CHECK(axonpush_call_new(garbage, 0, NULL) == NULL);
    }
    CHECK_INT(publish(client, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool a_call_handle_is_as_invalid_as_its_client(void) {
    axonpush_client *client = patient_client(), *calls[4];
    for (int i = 0; i < 4; i++) calls[i] = call_of(client);
    axonpush_call_cancel(calls[1]);
    axonpush_call_free(calls[2]);
    axonpush_close(client);
    /* Their slots are free for others, which they are not to be mistaken for. */
    axonpush_client *next = patient_client(), *another = call_of(next);
    for (int i = 0; i < 4; i++) {
        axonpush_error *error = NULL;
        CHECK_STATUS(publish(calls[i], &error), error, AXONPUSH_ERR_INVALID_HANDLE);
        axonpush_error_free(error);
        CHECK_INT(publish_later(calls[i], NULL), AXONPUSH_ERR_INVALID_HANDLE);
        CHECK(axonpush_call_new(calls[i], 0, NULL) == NULL);
    }
    axonpush_call_free(calls[0]);
    axonpush_call_cancel(calls[0]);
    axonpush_close(calls[1]);
    axonpush_call_free(calls[1]);
    axonpush_call_free(calls[2]);
    axonpush_call_cancel(calls[3]);
    axonpush_close(calls[3]);
    CHECK_INT(publish(next, NULL), AXONPUSH_OK);
    CHECK_INT(publish(another, NULL), AXONPUSH_OK);
    axonpush_close(next);
    axonpush_call_free(another);
    return true;
}

static bool a_call_goes_on_when_its_handle_is_freed(void) {
    fault("{'path':'/event','delayMs':700,'times':0}");
    axonpush_client *client = patient_client();
    for (int i = 0; i < 2; i++) {
        axonpush_client *call = call_of(client);
        static running running;
        CHECK(start(&running, call, publish));
        CHECK(requests_arrive((size_t)i + 1));
        if (i == 0) axonpush_call_free(call);
        else axonpush_close(call);
        axonpush_call_cancel(call);
        pthread_join(running.thread, NULL);
        CHECK_STATUS(running.status, running.error, AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

static bool a_call_ends_with_its_client(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = patient_client(), *call = call_of(client);
    static running running;
    CHECK(start(&running, call, publish));
    CHECK(requests_arrive(1));
    int64_t began = now_ms();
    axonpush_close(client);
    pthread_join(running.thread, NULL);
    CHECK_STATUS(running.status, running.error, AXONPUSH_ERR_CLOSED);
    CHECK(at_once(began, running.at));
    axonpush_error_free(running.error);
    axonpush_call_free(call);
    return true;
}

/* A call handle of a call handle is one of the same client, with a deadline and an end of its own. */
static bool a_call_handle_may_be_made_of_another(void) {
    axonpush_client *client = patient_client(), *first = call_of(client), *second = call_of(first);
    axonpush_call_cancel(first);
    CHECK_INT(publish(first, NULL), AXONPUSH_ERR_CANCELLED);
    CHECK_INT(publish(second, NULL), AXONPUSH_OK);
    axonpush_call_free(first);
    CHECK_INT(publish(second, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK_INT(publish(second, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    return true;
}

static struct {
    axonpush_client *client;
    axonpush_client *shared[64];
    int wrong, go;
} busy;

static void *make_and_cancel(void *data) {
    int number = (int)(intptr_t)data, wrong = 0;
    while (!__atomic_load_n(&busy.go, __ATOMIC_ACQUIRE)) sleep_ms(1);
    for (int i = 0; i < scaled(200); i++) {
        axonpush_client *call = axonpush_call_new(busy.client, i % 3 ? 0 : 60000, NULL);
        if (!call) wrong++;
        if (i % 50 == 0) wrong += publish(call, NULL) != AXONPUSH_OK;
        if (i % 5 == 0) wrong += publish_later(call, NULL) != AXONPUSH_OK;
        /* Others cancel and free it, too. */
        __atomic_store_n(&busy.shared[number], call, __ATOMIC_RELEASE);
        axonpush_call_cancel(call);
        axonpush_status status = publish_later(call, NULL);
        wrong += status != AXONPUSH_ERR_CANCELLED && status != AXONPUSH_ERR_INVALID_HANDLE;
        axonpush_client *theirs = __atomic_load_n(&busy.shared[(number + i) % 64], __ATOMIC_ACQUIRE);
        axonpush_call_cancel(theirs);
        if (i % 2) axonpush_call_free(theirs);
        axonpush_call_free(call);
        if (i % 7 == 0) axonpush_call_free(call);
    }
    __atomic_fetch_add(&busy.wrong, wrong, __ATOMIC_RELAXED);
    return NULL;
}

static bool sixty_four_threads_may_make_and_cancel_call_handles(void) {
    axonpush_options options = patient_options();
    options.queue_max_events = 1000000;
    busy.client = client_with(&options);
    busy.wrong = busy.go = 0;
    memset(busy.shared, 0, sizeof busy.shared);
    pthread_t threads[64];
    for (intptr_t i = 0; i < 64; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, make_and_cancel, (void *)i), 0);
    }
    __atomic_store_n(&busy.go, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 64; i++) pthread_join(threads[i], NULL);
    CHECK_INT(busy.wrong, 0);
    CHECK_INT(publish(busy.client, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(busy.client, 60000, NULL), AXONPUSH_OK);
    axonpush_stats stats = stats_of(busy.client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, 64 * ((scaled(200) + 4) / 5));
    CHECK_INT(stats.delivered, stats.accepted);
    axonpush_close(busy.client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(cancelling_ends_every_call_that_awaits_a_response),
        TEST(cancelling_ends_a_call_on_a_kept_connection),
        TEST(cancelling_ends_a_response_that_drips),
        TEST(cancelling_ends_the_wait_for_a_connection),
        TEST(cancelling_ends_the_wait_for_an_address),
        TEST(cancelling_ends_the_wait_for_tls),
        TEST(cancelling_ends_the_wait_for_a_proxy),
        TEST(cancelling_ends_the_wait_between_attempts),
        TEST(cancelling_ends_a_flush_and_the_events_stay),
        TEST(cancelling_ends_the_wait_for_room),
        TEST(cancelling_ends_a_poll),
        TEST(cancelling_ends_a_shutdown_and_abandons_what_is_left),
        TEST(cancelling_ends_all_calls_of_the_handle_and_no_others),
        TEST(fail_open_does_not_suppress_a_cancellation),
        TEST(later_calls_through_the_handle_are_refused),
        TEST(a_later_flush_through_the_handle_is_refused),
        TEST(a_later_shutdown_through_the_handle_is_refused),
        TEST(a_later_poll_through_the_handle_runs_nothing),
        TEST(a_later_log_event_through_the_handle_is_refused),
        TEST(events_that_were_accepted_are_not_taken_back),
        TEST(counters_are_those_of_the_client),
        TEST(a_call_that_is_cancelled_as_it_connects_ends_at_once),
        TEST(a_call_that_is_cancelled_just_before_it_connects_ends_at_once),
        TEST(a_call_that_is_cancelled_as_it_responds_ends_either_way),
        TEST(a_cancelled_call_harms_no_other),
        TEST(a_call_handle_goes_and_the_client_stays),
        TEST(a_clients_own_handle_is_left_alone),
        TEST(an_iterator_is_cancelled_by_its_call_handle_and_outlives_it),
        TEST(what_is_no_handle_does_no_harm),
        TEST(a_call_handle_is_as_invalid_as_its_client),
        TEST(a_call_goes_on_when_its_handle_is_freed),
        TEST(a_call_ends_with_its_client),
        TEST(a_call_handle_may_be_made_of_another),
        TEST(sixty_four_threads_may_make_and_cancel_call_handles),
    };
    return RUN_TESTS(tests, argc, argv);
}
