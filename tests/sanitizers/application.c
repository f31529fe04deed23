/*
 * An application with threads, as a sanitizer's user writes one: built with -fsanitize=thread or address, and
 * linked to the ordinary library, which knows nothing of either. It uses plain variables wherever the header
 * promises an order, so that ThreadSanitizer reports a hand-over that it was not told of.
 *
 *     application NAME...     runs these, against the server of AXONPUSH_BASE_URL
 *
 * Those whose name begins with "misuse" have a real mistake each, which the sanitizer has to find: what hides the
 * library's own inner life must not hide the application's mistakes.
 */
#define _POSIX_C_SOURCE 200809L
#include <axonpush.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define EVENTS 250

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);            \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

/* A client in strict mode; `url` NULL: of the server in the environment. */
static axonpush_client *client_of(const char *url, axonpush_completion_mode mode) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.base_url = url;
    options.fail_open = AXONPUSH_DISABLED;
    options.completion_mode = mode;
    axonpush_client *client = axonpush_new(&options, NULL);
    CHECK(client);
    return client;
}

static void pause_ms(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument) {
    CHECK(pthread_create(thread, NULL, run, argument) == 0);
}

/* What belongs to one event. Nothing here is atomic or locked. */
typedef struct job {
    int number;
    int outcomes;
    axonpush_status status;
    char event_id[64];
} job;

static void note(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *user_data) {
    job *mine = user_data;
    const char *id = axonpush_response_string(response, "/eventId");
    (void)error;
    CHECK(mine->number >= 0);
    mine->status = status;
    mine->outcomes++;
    if (id) snprintf(mine->event_id, sizeof mine->event_id, "%s", id);
}

static void note_and_free(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                          void *user_data) {
    note(status, response, error, user_data);
    free(user_data);
}

/* Publishes what is about a job; the payload is gone when this returns. */
static void publish(axonpush_client *client, job *mine, axonpush_completion_fn completion) {
    char payload[64];
    snprintf(payload, sizeof payload, "{\"number\":%d}", mine->number);
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "step";
    event.payload = payload;
    CHECK(axonpush_events_publish_async(client, &event, completion, mine, NULL) == AXONPUSH_OK);
}

typedef struct publisher {
    axonpush_client *client;
    job jobs[EVENTS];
} publisher;

static publisher publishers[THREADS];

static void *publish_all(void *argument) {
    publisher *mine = argument;
    for (int i = 0; i < EVENTS; i++) {
        mine->jobs[i].number = i;
        publish(mine->client, &mine->jobs[i], note);
        job *owned = calloc(1, sizeof *owned);
        CHECK(owned);
        owned->number = i;
        publish(mine->client, owned, note_and_free);
    }
    return NULL;
}

/* Runs the publishers on threads of their own, until all events are accepted. */
static void run_publishers(axonpush_client *client) {
    pthread_t threads[THREADS];
    memset(publishers, 0, sizeof publishers);
    for (int i = 0; i < THREADS; i++) {
        publishers[i].client = client;
        start(&threads[i], publish_all, &publishers[i]);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* Every event has one outcome, which is this. */
static void check_jobs(axonpush_status expected) {
    for (int i = 0; i < THREADS; i++) {
        for (int n = 0; n < EVENTS; n++) {
            const job *mine = &publishers[i].jobs[n];
            CHECK(mine->outcomes == 1 && mine->status == expected);
            CHECK((mine->event_id[0] != '\0') == (expected == AXONPUSH_OK));
        }
    }
}

/* ---- what must be silent ---- */

static void flush(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    run_publishers(client);
    CHECK(axonpush_flush(client, 60000, NULL) == AXONPUSH_OK);
    check_jobs(AXONPUSH_OK);
    /* The order holds again for what follows, and in the other direction. */
    publishers[0].jobs[0].outcomes = 0;
    publish(client, &publishers[0].jobs[0], note);
    CHECK(axonpush_flush(client, 60000, NULL) == AXONPUSH_OK);
    check_jobs(AXONPUSH_OK);
    axonpush_close(client);
}

static void shutdown_(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    run_publishers(client);
    CHECK(axonpush_shutdown(client, 60000, NULL) == AXONPUSH_OK);
    check_jobs(AXONPUSH_OK);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK(axonpush_stats_get(client, &stats, NULL) == AXONPUSH_OK);
    CHECK(stats.delivered == 2 * THREADS * EVENTS);
    axonpush_close(client);
}

/* Nothing can be delivered, so closing settles all events itself. */
static void close_with_events_left(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.base_url = "http://127.0.0.1:1";
    options.fail_open = AXONPUSH_DISABLED;
    options.shutdown_timeout_ms = 100;
    axonpush_client *client = axonpush_new(&options, NULL);
    CHECK(client);
    run_publishers(client);
    axonpush_close(client);
    check_jobs(AXONPUSH_ERR_CLOSED);
}

typedef struct poller {
    axonpush_client *client;
    pthread_mutex_t lock;
    bool ending;
    size_t polled;
} poller;

static void *poll_all(void *argument) {
    poller *mine = argument;
    for (bool ending = false; !ending;) {
        size_t ran = axonpush_poll(mine->client, 10);
        pthread_mutex_lock(&mine->lock);
        mine->polled += ran;
        ending = mine->ending;
        pthread_mutex_unlock(&mine->lock);
    }
    return NULL;
}

/* Completions run on a thread of the application's that has published nothing, and some while closing. */
static void polled(void) {
    poller mine = {client_of(NULL, AXONPUSH_COMPLETION_POLLED), PTHREAD_MUTEX_INITIALIZER, false, 0};
    pthread_t thread;
    start(&thread, poll_all, &mine);
    run_publishers(mine.client);
    CHECK(axonpush_flush(mine.client, 60000, NULL) == AXONPUSH_OK);
    pthread_mutex_lock(&mine.lock);
    mine.ending = true;
    pthread_mutex_unlock(&mine.lock);
    pthread_join(thread, NULL);
    CHECK(mine.polled > 0);
    axonpush_close(mine.client);
    check_jobs(AXONPUSH_OK);
}

static void *read_and_write(void *client) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "now";
    event.payload = "{}";
    axonpush_response *response = NULL;
    for (int i = 0; i < 10; i++) {
        CHECK(axonpush_events_publish(client, &event, &response, NULL) == AXONPUSH_OK);
        axonpush_response_free(response);
        CHECK(axonpush_events_search(client, NULL, &response, NULL) == AXONPUSH_OK);
        CHECK(axonpush_response_count(response, "/events") > 0);
        if (i < 9) axonpush_response_free(response);
    }
    return response; /* read and freed by another thread */
}

static void synchronous(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) start(&threads[i], read_and_write, client);
    for (int i = 0; i < THREADS; i++) {
        void *response = NULL;
        pthread_join(threads[i], &response);
        size_t length = 0;
        CHECK(axonpush_response_json(response, &length) && length > 2);
        axonpush_response_free(response);
    }
    axonpush_close(client);
}

typedef struct log_lines {
    const char *prefix; /* written before the function is set, and read by any thread */
    pthread_mutex_t lock;
    int count;
} log_lines;

static void count_line(axonpush_log_level level, const char *message, void *user_data) {
    log_lines *lines = user_data;
    (void)level;
    pthread_mutex_lock(&lines->lock);
    if (lines->prefix && message[0]) lines->count++;
    pthread_mutex_unlock(&lines->lock);
}

static void log_function(void) {
    log_lines *lines = calloc(1, sizeof *lines);
    CHECK(lines);
    pthread_mutex_init(&lines->lock, NULL);
    lines->prefix = "axonpush";
    axonpush_log_set(AXONPUSH_LOG_DEBUG, count_line, lines);
    close_with_events_left();
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    pthread_mutex_lock(&lines->lock);
    CHECK(lines->count > 0);
    pthread_mutex_unlock(&lines->lock);
    pthread_mutex_destroy(&lines->lock);
    free(lines);
}

static void *poll_log(void *argument) {
    poller *mine = argument;
    for (bool ending = false; !ending;) {
        log_lines lines = {"axonpush", PTHREAD_MUTEX_INITIALIZER, 0};
        axonpush_log_poll(count_line, &lines, 10);
        pthread_mutex_lock(&mine->lock);
        mine->polled += (size_t)lines.count;
        ending = mine->ending;
        pthread_mutex_unlock(&mine->lock);
    }
    return NULL;
}

/* Lines of the library's threads are read on one of ours. */
static void log_polled(void) {
    poller mine = {NULL, PTHREAD_MUTEX_INITIALIZER, false, 0};
    axonpush_log_set_polled(AXONPUSH_LOG_DEBUG, 10000);
    pthread_t thread;
    start(&thread, poll_log, &mine);
    close_with_events_left();
    pause_ms(100);
    pthread_mutex_lock(&mine.lock);
    mine.ending = true;
    pthread_mutex_unlock(&mine.lock);
    pthread_join(thread, NULL);
    CHECK(mine.polled > 0);
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
}

typedef struct caller {
    axonpush_client *call;
    const char *reason; /* written before cancelling, and read by the call that was cancelled */
} caller;

static void *wait_for_room(void *argument) {
    caller *mine = argument;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "no room";
    event.payload = "{}";
    CHECK(axonpush_events_publish_async(mine->call, &event, NULL, NULL, NULL) == AXONPUSH_ERR_CANCELLED);
    CHECK(mine->reason[0] == 'b');
    return NULL;
}

static void cancelled(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.base_url = "http://127.0.0.1:1";
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.queue_max_events = 1;
    options.shutdown_timeout_ms = 100;
    axonpush_client *client = axonpush_new(&options, NULL);
    job filler = {0};
    publish(client, &filler, note);
    for (int i = 0; i < 20; i++) {
        caller mine = {axonpush_call_new(client, 0, NULL), NULL};
        pthread_t thread;
        start(&thread, wait_for_room, &mine);
        pause_ms(i);
        mine.reason = "because";
        axonpush_call_cancel(mine.call);
        pthread_join(thread, NULL);
        axonpush_call_free(mine.call);
    }
    axonpush_close(client);
    CHECK(filler.outcomes == 1);
}

/* Pages are fetched by one thread after the other, as far as the application sees to it. */
static void *next_ten(void *iter) {
    const axonpush_response *event = NULL;
    for (int i = 0; i < 10; i++) {
        CHECK(axonpush_events_iter_next(iter, &event, NULL) == AXONPUSH_OK && event);
        CHECK(axonpush_response_raw(event, "/payload", NULL) && axonpush_response_string(event, "/eventId"));
    }
    return NULL;
}

static void iterated(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    run_publishers(client);
    CHECK(axonpush_flush(client, 60000, NULL) == AXONPUSH_OK);
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.limit = 7;
    axonpush_events_iter *iter = NULL;
    CHECK(axonpush_events_iter_new(client, NULL, &query, &iter, NULL) == AXONPUSH_OK);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        start(&thread, next_ten, iter);
        pthread_join(thread, NULL);
    }
    axonpush_events_iter_free(iter);
    axonpush_close(client);
}

/* The library delivers at exit, by completions that read what main() has written. Comes last. */
static void left_open(void) {
    run_publishers(client_of(NULL, AXONPUSH_COMPLETION_THREAD));
}

/* ---- what must be reported ---- */

static int counter;

static void count_it(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *user_data) {
    (void)status, (void)response, (void)error, (void)user_data;
    counter++;
}

/* Reads what a completion writes, without having waited for it by a call that promises an order. */
static void misuse_no_flush(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "one";
    event.payload = "{}";
    CHECK(axonpush_events_publish_async(client, &event, count_it, NULL, NULL) == AXONPUSH_OK);
    pause_ms(500);
    printf("counted %d\n", counter);
    axonpush_close(client);
}

static char *shared;

static void *change_it(void *unused) {
    shared[5] = '2';
    return unused;
}

static void publish_shared(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "one";
    event.payload = shared;
    axonpush_status status = axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_close(client);
    printf("%s\n", axonpush_status_name(status));
}

/* Publishes a payload that another thread has written, without any order between the two. */
static void misuse_payload(void) {
    pthread_t thread;
    shared = strdup("{\"n\":1}");
    start(&thread, change_it, NULL);
    pause_ms(200);
    publish_shared();
    pthread_join(thread, NULL);
    free(shared);
}

/* Publishes a payload that is freed already. */
static void misuse_freed(void) {
    shared = strdup("{\"n\":1}");
    free(shared);
    publish_shared();
}

static void *leak(void *client) {
    axonpush_response *response = NULL;
    CHECK(axonpush_events_search(client, NULL, &response, NULL) == AXONPUSH_OK);
    return NULL;
}

/* Never frees what a call gave. (On a thread whose stack is gone at the end, so that no trace of the pointer is left.) */
static void misuse_leak(void) {
    axonpush_client *client = client_of(NULL, AXONPUSH_COMPLETION_THREAD);
    pthread_t thread;
    start(&thread, leak, client);
    pthread_join(thread, NULL);
    axonpush_close(client);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"flush", flush},
    {"shutdown", shutdown_},
    {"close_with_events_left", close_with_events_left},
    {"polled", polled},
    {"synchronous", synchronous},
    {"log_function", log_function},
    {"log_polled", log_polled},
    {"cancelled", cancelled},
    {"iterated", iterated},
    {"left_open", left_open},
    {"misuse_no_flush", misuse_no_flush},
    {"misuse_payload", misuse_payload},
    {"misuse_freed", misuse_freed},
    {"misuse_leak", misuse_leak},
};

int main(int argc, char **argv) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    for (int i = 1; i < argc; i++) {
        size_t part = 0;
        while (part < sizeof parts / sizeof *parts && strcmp(parts[part].name, argv[i]) != 0) part++;
        CHECK(part < sizeof parts / sizeof *parts);
        parts[part].run();
    }
    return 0;
}
