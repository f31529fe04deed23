/* Background publishing: what is accepted, delivered, and told to completions. */
#include "tally.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static axonpush_client *client_of(uint32_t connections) {
    axonpush_options options = test_options();
    options.max_connections = connections;
    return client_with(&options);
}

/* ---- Delivery ---- */

static bool each_event_has_one_completion(void) {
    int count = scaled(2000);
    axonpush_client *client = test_client();
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    CHECK_STATUS(axonpush_flush(client, 60000, NULL), NULL, AXONPUSH_OK);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    CHECK_INT(tally->suppressed, 0);
    axonpush_stats stats = stats_of(client);
    CHECK_INT(stats.accepted, count);
    CHECK_INT(stats.delivered, count);
    CHECK_INT(stats.queued_events, 0);
    CHECK_INT(stats.queued_bytes, 0);
    CHECK_INT(stats.retried, 0);
    CHECK(stats.connections >= 1 && stats.connections <= 32);
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    CHECK_INT(server_stat("storedEvents"), count);
    CHECK_INT(server_stat("duplicates"), 0);
    CHECK_INT(identities(), count);
    return true;
}

static bool nothing_starts_before_the_first_event(void) {
    int threads = count_threads(), descriptors = count_descriptors();
    axonpush_client *client = test_client();
    CHECK_INT(axonpush_flush(client, 0, NULL), AXONPUSH_OK);
    CHECK_INT(stats_of(client).accepted, 0);
    CHECK(count_threads() <= threads);
    CHECK_INT(count_descriptors(), descriptors);
    axonpush_close(client);
    CHECK_INT(request_count(), 0);
    return true;
}

static bool one_connection_suffices_for_events_that_come_now_and_then(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(20);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        CHECK(tally_wait(tally, i + 1, 20000));
    }
    CHECK_STATS(client, connections, 1);
    axonpush_close(client);
    return true;
}

static bool more_connections_are_used_only_under_backlog(void) {
    fault("{'path':'/event','delayMs':200,'times':0}");
    axonpush_client *client = client_of(3);
    tally *tally = tally_new(12);
    CHECK_INT(publish_range(client, tally, 0, 12), 12);
    int64_t start = now_ms();
    CHECK(tally_wait(tally, 12, 20000));
    CHECK_STATS(client, connections, 3);
    /* One after another they would have taken 2400 ms. */
    if (!slow_machine()) CHECK(now_ms() - start < 2200);
    axonpush_close(client);
    return true;
}

static bool events_are_started_in_the_order_of_acceptance(void) {
    int count = scaled(500);
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    size_t requests;
    logged *list = logged_events(&requests);
    CHECK_INT(requests, count);
    for (int i = 0; i < count; i++) {
        CHECK_TEXT(json_text(list[i].body, "/identifier"), format("e%d", i));
    }
    return true;
}

static bool first_attempts_stay_in_order_when_some_fail(void) {
    fault("{'path':'/event','skip':3,'status':503,'times':1}");
    fault("{'path':'/event','skip':9,'hangup':'after','times':1}");
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(client, tally, 0, 20), 20);
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 20);
    axonpush_close(client);
    size_t requests;
    logged *list = logged_events(&requests);
    CHECK_INT(requests, 22);
    int next = 0;
    for (size_t i = 0; i < requests; i++) {
        int number = atoi(json_text(list[i].body, "/identifier") + 1);
        CHECK(number <= next);
        next += number == next;
    }
    CHECK_INT(next, 20);
    return true;
}

/* ---- Identity ---- */

static bool every_attempt_carries_the_same_bytes(void) {
    fault("{'path':'/event','hangup':'after','times':2}");
    fault("{'path':'/event','status':503}");
    fault("{'path':'/event','reset':true}");
    axonpush_client *client = test_client();
    tally *tally = tally_new(10);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    CHECK_STATS(client, delivered, 10);
    CHECK(stats_of(client).retried >= 1);
    axonpush_close(client);
    CHECK_INT(request_count(), 14);
    CHECK_INT(identities(), 10);
    CHECK_INT(server_stat("storedEvents"), 10);
    return true;
}

/* As the library writes it, to the millisecond. */
static const char *clock_text(void) {
    struct timespec now;
    struct tm parts;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return format("%s.%03d", text, (int)(now.tv_nsec / 1000000));
}

static bool an_event_happened_when_it_was_accepted(void) {
    fault("{'path':'/event','delayMs':700}");
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(2);
    const char *before = clock_text();
    CHECK_INT(publish_range(client, tally, 0, 2), 2);
    const char *after = clock_text();
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    for (size_t i = 0; i < 2; i++) {
        const char *at = json_text(request_body(i), "/occurredAt");
        CHECK(at && strncmp(before, at, 23) <= 0);
        CHECK(strncmp(at, after, 23) <= 0);
    }
    return true;
}

static bool ids_of_the_callers_are_kept(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    char key[] = "my-key", span[] = "00f067aa0ba902b7", at[] = "2026-01-02T03:04:05.678Z",
         payload[] = "{\"model\":\"m\"}", agent[] = "agent";
    event.dedup_key = key;
    event.span_id = span;
    event.occurred_at = at;
    event.payload = payload;
    event.agent_id = agent;
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    /* What was passed is the caller's again. */
    memset(key, '#', sizeof key - 1);
    memset(span, '#', sizeof span - 1);
    memset(at, '#', sizeof at - 1);
    memset(payload, '#', sizeof payload - 1);
    memset(agent, '#', sizeof agent - 1);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    const char *body = request_body(0);
    CHECK_TEXT(json_text(body, "/dedupKey"), "my-key");
    CHECK_TEXT(json_text(body, "/spanId"), "00f067aa0ba902b7");
    CHECK_TEXT(json_text(body, "/occurredAt"), "2026-01-02T03:04:05.678Z");
    CHECK_TEXT(json_text(body, "/agentId"), "agent");
    CHECK_TEXT(request_header(0, "idempotency-key"), "my-key");
    CHECK(json_raw(body, "/payload/model") != NULL);
    return true;
}

static bool the_body_is_that_of_a_synchronous_call(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.payload = "{\"prompt\":\"secret plan\",\"password\":\"hunter2\",\"n\":1}";
    event.metadata = "{\"m\":[1,2,3]}";
    event.dedup_key = "one";
    event.span_id = "00f067aa0ba902b7";
    event.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    event.occurred_at = "2026-01-02T03:04:05Z";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK_INT(request_count(), 2);
    CHECK_TEXT(request_body(1), request_body(0));
    CHECK_LACKS(request_body(1), "hunter2");
    CHECK_LACKS(request_body(1), "secret plan");
    const char *log = dev("GET", "/_dev/requests", NULL);
    CHECK_TEXT(json_raw(log, "/requests/1/headers"), json_raw(log, "/requests/0/headers"));
    return true;
}

/* ---- Completions ---- */

static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    char name[32], blocked[32];
    bool mask_is_right;
    char event_id[80], json[400], request_id[80], message[200], code[80];
    int http_status;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void read_status(const char *wanted, char *value, size_t size) {
    char path[64], line[200];
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", (long)syscall(SYS_gettid));
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, wanted, strlen(wanted)) == 0) {
            snprintf(value, size, "%.*s", (int)strcspn(line + strlen(wanted), "\n"), line + strlen(wanted));
        }
    }
    if (file) fclose(file);
}

/* Two cannot be blocked, two are the C library's. */
static bool is_special(int signal) {
    return signal == SIGKILL || signal == SIGSTOP || signal == 32 || signal == 33;
}

/* What a fault of the thread itself raises is for the application's crash reporter, on any thread. */
static bool is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

static void look_around(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                        void *user_data) {
    pthread_mutex_lock(&seen.lock);
    seen.thread = pthread_self();
    read_status("Name:\t", seen.name, sizeof seen.name);
    read_status("SigBlk:\t", seen.blocked, sizeof seen.blocked);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    seen.mask_is_right = true;
    for (int i = 1; i < 65; i++) {
        if (is_special(i)) continue;
        seen.mask_is_right = seen.mask_is_right && sigismember(&mask, i) == !is_fault(i);
    }
    const char *strings[] = {axonpush_response_string(response, "/eventId"), axonpush_response_json(response, NULL),
                           axonpush_response_request_id(response), axonpush_error_message(error),
                           axonpush_error_code(error)};
    snprintf(seen.event_id, sizeof seen.event_id, "%s", strings[0] ? strings[0] : "");
    snprintf(seen.json, sizeof seen.json, "%s", strings[1] ? strings[1] : "");
    snprintf(seen.request_id, sizeof seen.request_id, "%s", strings[2] ? strings[2] : "");
    snprintf(seen.message, sizeof seen.message, "%s", strings[3] ? strings[3] : "");
    snprintf(seen.code, sizeof seen.code, "%s", strings[4] ? strings[4] : "");
    seen.http_status = status == AXONPUSH_OK ? axonpush_response_http_status(response)
                                             : axonpush_error_http_status(error);
    pthread_mutex_unlock(&seen.lock);
    tally_completion(status, response, error, user_data);
}

static bool completions_run_on_a_thread_of_the_librarys_without_signals_but_faults(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(1);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, look_around, &tally->deliveries[0], NULL), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1, 20000));
    CHECK(strncmp(seen.name, "axonpush-", 9) == 0);
    CHECK(!pthread_equal(seen.thread, pthread_self()));
    CHECK(seen.mask_is_right);
    if (!slow_machine()) {
        /* As the kernel sees it; valgrind plays its own game with masks. */
        unsigned long long blocked = strtoull(seen.blocked, NULL, 16);
        for (int i = 1; i < 65; i++) {
            if (!is_special(i)) CHECK_INT(blocked >> (i - 1) & 1, !is_fault(i));
        }
    }
    CHECK(library_threads() > 0);
    axonpush_close(client);
    CHECK(only_threads(0));
    return true;
}

static bool a_completion_is_told_what_the_service_said(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(2);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, look_around, &tally->deliveries[0], NULL), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1, 20000));
    CHECK_INT(seen.http_status, 200);
    CHECK_TEXT(json_text(seen.json, "/eventId"), seen.event_id);
    axonpush_response *found = NULL;
    CHECK_INT(axonpush_events_search(client, NULL, &found, NULL), AXONPUSH_OK);
    CHECK_TEXT(axonpush_response_string(found, "/events/0/eventId"), seen.event_id);
    axonpush_response_free(found);
    CHECK(*seen.request_id != 0);

    fault("{'path':'/event','status':422,'body':{'code':'validation_error','message':'no','requestId':'r1'}}");
    CHECK_INT(axonpush_events_publish_async(client, &event, look_around, &tally->deliveries[1], NULL), AXONPUSH_OK);
    CHECK(tally_wait(tally, 2, 20000));
    CHECK_INT(delivery_status(tally, 1), AXONPUSH_ERR_VALIDATION);
    CHECK_INT(seen.http_status, 422);
    CHECK_TEXT(seen.code, "validation_error");
    CHECK_LACKS(seen.message, "secret");
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

static bool a_completion_may_be_left_out(void) {
    int count = scaled(300);
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    for (int i = 0; i < count; i++) {
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, &seen, NULL), AXONPUSH_OK);
    }
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, delivered, count);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), count);
    return true;
}

/* ---- Rejections ---- */

static bool a_rejected_event_holds_nothing_up(void) {
    fault("{'path':'/event','skip':4,'status':422,'times':1}");
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(10);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK(tally_wait(tally, 10, 20000));
    if (!slow_machine()) CHECK(now_ms() - start < 2000);
    CHECK_INT(delivery_status(tally, 4), AXONPUSH_ERR_VALIDATION);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 9);
    CHECK(tally_sound(tally, 10));
    axonpush_stats stats = stats_of(client);
    CHECK_INT(stats.failed, 1);
    CHECK_INT(stats.delivered, 9);
    CHECK_INT(stats.retried, 0);
    CHECK(counters_add_up(&stats));
    CHECK_INT(request_count(), 10);
    axonpush_close(client);
    return true;
}

static bool what_cannot_succeed_is_not_tried_again(void) {
    static const struct {
        const char *response;
        axonpush_status expected;
    } cases[] = {
        {"'status':400", AXONPUSH_ERR_VALIDATION},     {"'status':401", AXONPUSH_ERR_AUTHENTICATION},
        {"'status':403", AXONPUSH_ERR_FORBIDDEN},      {"'status':404", AXONPUSH_ERR_NOT_FOUND},
        {"'status':422", AXONPUSH_ERR_VALIDATION},     {"'status':413", AXONPUSH_ERR_API},
        {"'status':302", AXONPUSH_ERR_API},            {"'status':200,'body':'x'", AXONPUSH_ERR_DECODE},
    };
    /* In both modes: fail-open concerns an unreachable service only. */
    for (int open = 0; open < 2; open++) {
        axonpush_options options = test_options();
        options.fail_open = open ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
        axonpush_client *client = client_with(&options);
        int count = sizeof cases / sizeof *cases;
        tally *tally = tally_new(count);
        for (int i = 0; i < count; i++) {
            fault(format("{'path':'/event',%s}", cases[i].response));
            CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
            CHECK(tally_wait(tally, i + 1, 20000));
            CHECK_INT(delivery_status(tally, i), cases[i].expected);
        }
        CHECK(tally_sound(tally, count));
        axonpush_stats stats = stats_of(client);
        CHECK_INT(stats.failed, count);
        CHECK_INT(stats.retried, 0);
        axonpush_close(client);
        CHECK_INT(request_count(), (open + 1) * count);
    }
    return true;
}

static bool an_event_that_cannot_be_used_is_refused_at_the_call(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(1);
    axonpush_event good = test_event();
    struct {
        const char *names;
        axonpush_event event;
    } cases[12];
    for (int i = 0; i < 12; i++) cases[i].event = good;
    cases[0].names = "identifier", cases[0].event.identifier = NULL;
    cases[1].names = "identifier", cases[1].event.identifier = "";
    cases[2].names = "payload", cases[2].event.payload = NULL;
    cases[3].names = "payload", cases[3].event.payload = "[1]";
    cases[4].names = "payload", cases[4].event.payload = "{\"a\":";
    cases[5].names = "payload", cases[5].event.payload = "{\"a\":\"\xFF\"}";
    cases[6].names = "metadata", cases[6].event.metadata = "7";
    cases[7].names = "occurred_at", cases[7].event.occurred_at = "yesterday";
    cases[8].names = "dedup_key", cases[8].event.dedup_key = "a\nb";
    cases[9].names = "trace_id", cases[9].event.trace_id = "a\r\nX: y";
    cases[10].names = "identifier", cases[10].event.identifier = "\xC3";
    cases[11].names = "struct_size", cases[11].event.struct_size = 0;
    for (int i = 0; i < 12; i++) {
        axonpush_error *error = NULL;
        CHECK_STATUS(axonpush_events_publish_async(client, &cases[i].event, tally_completion, &tally->deliveries[0], &error),
                     error, AXONPUSH_ERR_INVALID_ARGUMENT);
        CHECK_HAS(axonpush_error_message(error), cases[i].names);
        axonpush_error_free(error);
        CHECK_INT(axonpush_events_publish_async(client, &cases[i].event, tally_completion, &tally->deliveries[0], NULL),
                  AXONPUSH_ERR_INVALID_ARGUMENT);
    }
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish_async(client, NULL, tally_completion, &tally->deliveries[0], &error), error,
                 AXONPUSH_ERR_INVALID_ARGUMENT);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_publish_async(NULL, &good, tally_completion, &tally->deliveries[0], &error), error,
                 AXONPUSH_ERR_INVALID_HANDLE);
    axonpush_error_free(error);
    error = (axonpush_error *)&good;
    CHECK_INT(axonpush_events_publish_async(client, &good, tally_completion, &tally->deliveries[0], &error), AXONPUSH_OK);
    CHECK(error == NULL);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, accepted, 1);
    axonpush_close(client);
    CHECK_INT(request_count(), 1);
    CHECK(tally_sound(tally, 1));
    return true;
}

/* ---- Counters ---- */

static struct {
    axonpush_client *client;
    bool stop, even;
    long looks;
} audit;

static void *keep_auditing(void *data) {
    (void)data;
    uint64_t accepted = 0, ended = 0;
    while (!__atomic_load_n(&audit.stop, __ATOMIC_ACQUIRE)) {
        axonpush_stats stats = stats_of(audit.client);
        audit.even = audit.even && counters_add_up(&stats);
        /* Nothing that was counted is taken back. */
        uint64_t now_ended = stats.accepted - stats.queued_events;
        audit.even = audit.even && stats.accepted >= accepted && now_ended >= ended;
        audit.even = audit.even && (stats.queued_events == 0) == (stats.queued_bytes == 0);
        accepted = stats.accepted;
        ended = now_ended;
        audit.looks++;
    }
    return NULL;
}

typedef struct crew {
    axonpush_client *client;
    tally *tally;
    int first, end, accepted;
} crew;

static void *publish_share(void *data) {
    crew *crew = data;
    crew->accepted = publish_range(crew->client, crew->tally, crew->first, crew->end);
    return NULL;
}

static bool the_counters_add_up_at_every_moment(void) {
    fault("[{'path':'/event','status':422,'times':0,'probability':0.1,'seed':1},"
          "{'path':'/event','reset':true,'times':0,'probability':0.05,'seed':2},"
          "{'path':'/event','status':503,'times':0,'probability':0.05,'seed':3}]");
    int share = scaled(600);
    axonpush_options options = test_options();
    options.queue_max_events = (uint32_t)share;
    options.shutdown_timeout_ms = 100;
    axonpush_client *client = audit.client = client_with(&options);
    audit.stop = false, audit.even = true, audit.looks = 0;
    tally *tally = tally_new(4 * share);
    pthread_t auditor, threads[4];
    crew crews[4];
    CHECK_INT(pthread_create(&auditor, NULL, keep_auditing, NULL), 0);
    for (int i = 0; i < 4; i++) {
        crews[i] = (crew){client, tally, i * share, (i + 1) * share, 0};
        CHECK_INT(pthread_create(&threads[i], NULL, publish_share, &crews[i]), 0);
    }
    int accepted = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        accepted += crews[i].accepted;
    }
    sleep_ms(300);
    axonpush_shutdown(client, 100, NULL);
    __atomic_store_n(&audit.stop, true, __ATOMIC_RELEASE);
    pthread_join(auditor, NULL);
    CHECK(audit.even);
    CHECK(audit.looks > 10);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, accepted);
    CHECK_INT(stats.queued_events, 0);
    CHECK_INT(stats.queued_bytes, 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, accepted));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), stats.delivered);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_VALIDATION), stats.failed);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL), stats.dropped);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), stats.abandoned);
    return true;
}

static bool many_threads_publish_on_one_client(void) {
    int share = scaled(250);
    axonpush_client *client = test_client();
    tally *tally = tally_new(8 * share);
    pthread_t threads[8];
    crew crews[8];
    for (int i = 0; i < 8; i++) {
        crews[i] = (crew){client, tally, i * share, (i + 1) * share, 0};
        CHECK_INT(pthread_create(&threads[i], NULL, publish_share, &crews[i]), 0);
    }
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    CHECK(tally_sound(tally, 8 * share));
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 8 * share);
    CHECK_INT(identities(), 8 * share);
    return true;
}

static bool clients_do_not_disturb_each_other(void) {
    axonpush_client *clients[6];
    tally *tallies[6];
    int count = scaled(200);
    axonpush_options dead = test_options();
    dead.base_url = dead_url();
    dead.shutdown_timeout_ms = 100;
    for (int i = 0; i < 6; i++) {
        clients[i] = i == 3 ? client_with(&dead) : test_client();
        tallies[i] = tally_new(count);
    }
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < 6; i++) CHECK_INT(publish_async(clients[i], tallies[i], k), AXONPUSH_OK);
    }
    axonpush_close(clients[3]);
    CHECK(tally_sound(tallies[3], count));
    CHECK_INT(tally_of(tallies[3], AXONPUSH_ERR_CLOSED), count);
    for (int i = 0; i < 6; i++) {
        if (i == 3) continue;
        CHECK_INT(axonpush_flush(clients[i], 60000, NULL), AXONPUSH_OK);
        CHECK(tally_sound(tallies[i], count));
        CHECK_INT(tally_of(tallies[i], AXONPUSH_OK), count);
        CHECK_STATS(clients[i], delivered, count);
        axonpush_close(clients[i]);
    }
    CHECK_INT(server_stat("storedEvents"), 5 * count);
    CHECK(only_threads(0));
    return true;
}

/* ---- Calls from inside completions ---- */

typedef struct inside {
    delivery *delivery;
    axonpush_client *client;
    struct inside *next; /* to publish */
    axonpush_status (*act)(struct inside *);
    axonpush_status result;
    bool returned;
    int64_t began, ended;
} inside;

static void act_inside(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                       void *user_data) {
    inside *inside = user_data;
    inside->began = now_ms();
    if (inside->act) inside->result = inside->act(inside);
    inside->ended = now_ms();
    __atomic_store_n(&inside->returned, true, __ATOMIC_RELEASE);
    tally_completion(status, response, error, inside->delivery);
}

static axonpush_status publish_inside(inside *inside) {
    axonpush_event event = test_event();
    return axonpush_events_publish_async(inside->client, &event, act_inside, inside, NULL);
}

static inside *insides(axonpush_client *client, tally *tally, axonpush_status (*act)(inside *)) {
    inside *list = calloc((size_t)tally->count, sizeof *list);
    static struct kept {
        struct kept *next;
        inside *list;
    } *all;
    struct kept *kept = malloc(sizeof *kept);
    if (!list || !kept) abort();
    *kept = (struct kept){all, list};
    all = kept;
    for (int i = 0; i < tally->count; i++) {
        list[i].delivery = &tally->deliveries[i];
        list[i].client = client;
        list[i].act = act;
        list[i].next = i + 1 < tally->count ? &list[i + 1] : NULL;
    }
    return list;
}

static axonpush_status publish_the_next(inside *inside) {
    return inside->next ? publish_inside(inside->next) : AXONPUSH_OK;
}

static bool a_completion_may_publish(void) {
    for (uint32_t connections = 1; connections <= 2; connections++) {
        int count = scaled(200);
        axonpush_client *client = client_of(connections);
        tally *tally = tally_new(count);
        inside *list = insides(client, tally, publish_the_next);
        CHECK_INT(publish_inside(&list[0]), AXONPUSH_OK);
        CHECK(tally_wait(tally, count, 60000));
        for (int i = 0; i < count; i++) CHECK_INT(list[i].result, AXONPUSH_OK);
        axonpush_close(client);
        CHECK(tally_sound(tally, count));
        CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    }
    return true;
}

static axonpush_status call_everything(inside *inside) {
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    axonpush_status status = axonpush_events_publish(inside->client, &event, &response, NULL);
    axonpush_response_free(response);
    if (status != AXONPUSH_OK) return status;
    status = axonpush_events_search(inside->client, NULL, &response, NULL);
    axonpush_response_free(response);
    if (status != AXONPUSH_OK) return status;
    axonpush_stats stats = stats_of(inside->client);
    if (!counters_add_up(&stats) || axonpush_poll(inside->client, 0) != 0) return AXONPUSH_ERR_INTERNAL;
    axonpush_client *other = axonpush_new(NULL, NULL);
    axonpush_close(other);
    return AXONPUSH_OK;
}

static bool a_completion_may_call_synchronously(void) {
    setenv("AXONPUSH_API_KEY", TEST_KEY, 1);
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(20);
    inside *list = insides(client, tally, call_everything);
    for (int i = 0; i < 20; i++) CHECK_INT(publish_inside(&list[i]), AXONPUSH_OK);
    CHECK(tally_wait(tally, 20, 60000));
    for (int i = 0; i < 20; i++) CHECK_INT(list[i].result, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static axonpush_status flush_inside(inside *inside) {
    return axonpush_flush(inside->client, 15000, NULL);
}

static bool a_completion_may_flush(void) {
    for (uint32_t connections = 1; connections <= 8; connections += 7) {
        fault("{'path':'/event','delayMs':20,'times':0}");
        axonpush_client *client = client_of(connections);
        tally *tally = tally_new(10);
        inside *list = insides(client, tally, NULL);
        list[0].act = list[1].act = list[5].act = flush_inside;
        int64_t start = now_ms();
        for (int i = 0; i < 10; i++) CHECK_INT(publish_inside(&list[i]), AXONPUSH_OK);
        CHECK(tally_wait(tally, 10, 30000));
        CHECK(now_ms() - start < 10000);
        CHECK_INT(list[0].result, AXONPUSH_OK);
        CHECK_INT(list[1].result, AXONPUSH_OK);
        CHECK_INT(list[5].result, AXONPUSH_OK);
        CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
        axonpush_close(client);
        CHECK(tally_sound(tally, 10));
    }
    return true;
}

static axonpush_status publish_the_next_and_flush(inside *inside) {
    sleep_ms(300);
    axonpush_status status = publish_inside(inside->next);
    return status == AXONPUSH_OK ? axonpush_flush(inside->client, 15000, NULL) : status;
}

/* A flush outside promises that completions have returned: also one that waits for a later event. */
static bool a_flush_waits_for_a_completion_that_flushes(void) {
    fault("[{'path':'/event','delayMs':1},{'path':'/event','delayMs':800}]");
    axonpush_client *client = client_of(2);
    tally *tally = tally_new(2);
    inside *list = insides(client, tally, NULL);
    list[0].act = publish_the_next_and_flush;
    CHECK_INT(publish_inside(&list[0]), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(__atomic_load_n(&list[0].returned, __ATOMIC_ACQUIRE));
    CHECK_INT(list[0].result, AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

static axonpush_status dawdle(inside *inside) {
    (void)inside;
    sleep_ms(400);
    return AXONPUSH_OK;
}

static bool a_flush_waits_for_completions_to_return(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(5);
    inside *list = insides(client, tally, dawdle);
    for (int i = 0; i < 5; i++) CHECK_INT(publish_inside(&list[i]), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    for (int i = 0; i < 5; i++) CHECK(__atomic_load_n(&list[i].returned, __ATOMIC_ACQUIRE));
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    return true;
}

static struct {
    axonpush_client *client;
    axonpush_status status;
    int64_t took;
} flushed;

static void *flush_elsewhere(void *data) {
    (void)data;
    int64_t start = now_ms();
    flushed.status = axonpush_flush(flushed.client, 15000, NULL);
    flushed.took = now_ms() - start;
    return NULL;
}

static bool a_flush_does_not_wait_for_later_events(void) {
    fault("[{'path':'/event','delayMs':500},{'path':'/event','silent':true}]");
    axonpush_options options = test_options();
    options.shutdown_timeout_ms = 10;
    axonpush_client *client = flushed.client = client_with(&options);
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, flush_elsewhere, NULL), 0);
    sleep_ms(200);
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_OK);
    pthread_join(thread, NULL);
    CHECK_INT(flushed.status, AXONPUSH_OK);
    CHECK(flushed.took < 10000);
    CHECK_INT(tally_total(tally), 1);
    CHECK_STATS(client, queued_events, 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    CHECK_INT(delivery_status(tally, 1), AXONPUSH_ERR_CLOSED);
    return true;
}

static axonpush_status close_inside(inside *inside) {
    axonpush_close(inside->client);
    /* It is closed now, for this thread too. */
    return axonpush_flush(inside->client, 0, NULL);
}

static bool a_completion_may_close_its_client(void) {
    for (uint32_t connections = 1; connections <= 8; connections += 7) {
        int count = scaled(100);
        axonpush_client *client = client_of(connections);
        tally *tally = tally_new(count);
        inside *list = insides(client, tally, NULL);
        list[count / 2].act = close_inside;
        int accepted = 0;
        for (int i = 0; i < count; i++) {
            axonpush_status status = publish_inside(&list[i]);
            CHECK(status == AXONPUSH_OK || status == AXONPUSH_ERR_CLOSED || status == AXONPUSH_ERR_INVALID_HANDLE);
            accepted += status == AXONPUSH_OK;
        }
        CHECK(accepted > count / 2);
        CHECK(tally_wait(tally, accepted, 30000));
        CHECK_INT(list[count / 2].result, AXONPUSH_ERR_INVALID_HANDLE);
        CHECK(list[count / 2].ended - list[count / 2].began < (slow_machine() ? 10000 : 2750));
        CHECK(tally_sound(tally, accepted));
        CHECK_INT(tally_of(tally, AXONPUSH_OK), accepted);
        CHECK_INT(publish_async(client, tally, 0), AXONPUSH_ERR_INVALID_HANDLE);
        /* The thread that closed ends when its completion has returned. */
        for (int i = 0; i < 500 && library_threads() > 0; i++) sleep_ms(10);
        CHECK(only_threads(0));
        CHECK_INT(server_stat("storedEvents"), accepted);
        dev("POST", "/_dev/reset", NULL);
    }
    return true;
}

static axonpush_status shut_down_inside(inside *inside) {
    return axonpush_shutdown(inside->client, 15000, NULL);
}

static bool a_completion_may_shut_its_client_down(void) {
    fault("{'path':'/event','delayMs':20,'times':0}");
    axonpush_client *client = client_of(1);
    tally *tally = tally_new(10);
    inside *list = insides(client, tally, NULL);
    list[0].act = shut_down_inside;
    for (int i = 0; i < 10; i++) CHECK_INT(publish_inside(&list[i]), AXONPUSH_OK);
    CHECK(tally_wait(tally, 10, 30000));
    CHECK_INT(list[0].result, AXONPUSH_OK);
    CHECK(list[0].ended - list[0].began < 10000);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_ERR_CLOSED);
    CHECK_STATS(client, delivered, 10);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    return true;
}

static bool two_completions_may_close_at_once(void) {
    axonpush_options options = test_options();
    options.shutdown_timeout_ms = 1000;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(8);
    inside *list = insides(client, tally, close_inside);
    fault("{'path':'/event','delayMs':100,'times':0}");
    int accepted = 0;
    for (int i = 0; i < 8; i++) accepted += publish_inside(&list[i]) == AXONPUSH_OK;
    CHECK(accepted > 0);
    CHECK(tally_wait(tally, accepted, 30000));
    for (int i = 0; i < accepted; i++) {
        CHECK_INT(list[i].result, AXONPUSH_ERR_INVALID_HANDLE);
        CHECK(list[i].ended - list[i].began < (slow_machine() ? 10000 : 1750));
    }
    CHECK(tally_sound(tally, accepted));
    for (int i = 0; i < 500 && library_threads() > 0; i++) sleep_ms(10);
    CHECK(only_threads(0));
    return true;
}

/* Waits until the other completion is there. */
static axonpush_status meet(inside *inside) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int there;
    (void)inside;
    pthread_mutex_lock(&lock);
    there++;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        bool met = there >= 2;
        pthread_mutex_unlock(&lock);
        if (met) return AXONPUSH_OK;
        sleep_ms(10);
    }
    return AXONPUSH_ERR_TIMEOUT;
}

static bool a_slow_completion_does_not_hold_up_the_others(void) {
    axonpush_client *client = test_client();
    tally *tally = tally_new(2);
    inside *list = insides(client, tally, meet);
    CHECK_INT(publish_inside(&list[0]), AXONPUSH_OK);
    CHECK_INT(publish_inside(&list[1]), AXONPUSH_OK);
    CHECK(tally_wait(tally, 2, 30000));
    CHECK_INT(list[0].result, AXONPUSH_OK);
    CHECK_INT(list[1].result, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool publishing_never_runs_a_completion_itself(void) {
    /* Many completions are due at once, of all kinds, while this thread publishes. */
    fault("[{'path':'/event','status':422,'times':0,'probability':0.3,'seed':1},"
          "{'path':'/event','status':503,'times':0,'probability':0.1,'seed':2}]");
    axonpush_options options = test_options();
    options.queue_max_events = 20;
    options.shutdown_timeout_ms = 10;
    axonpush_client *client = client_with(&options);
    int count = scaled(2000);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    CHECK(tally_wait(tally, count - 20, 30000));
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    CHECK(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL) > 0);
    for (int i = 0; i < count; i++) CHECK(!pthread_equal(tally->deliveries[i].thread, pthread_self()));
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(each_event_has_one_completion),
        TEST(nothing_starts_before_the_first_event),
        TEST(one_connection_suffices_for_events_that_come_now_and_then),
        TEST(more_connections_are_used_only_under_backlog),
        TEST(events_are_started_in_the_order_of_acceptance),
        TEST(first_attempts_stay_in_order_when_some_fail),
        TEST(every_attempt_carries_the_same_bytes),
        TEST(an_event_happened_when_it_was_accepted),
        TEST(ids_of_the_callers_are_kept),
        TEST(the_body_is_that_of_a_synchronous_call),
        TEST(completions_run_on_a_thread_of_the_librarys_without_signals_but_faults),
        TEST(a_completion_is_told_what_the_service_said),
        TEST(a_completion_may_be_left_out),
        TEST(a_rejected_event_holds_nothing_up),
        TEST(what_cannot_succeed_is_not_tried_again),
        TEST(an_event_that_cannot_be_used_is_refused_at_the_call),
        TEST(the_counters_add_up_at_every_moment),
        TEST(many_threads_publish_on_one_client),
        TEST(clients_do_not_disturb_each_other),
        TEST(a_completion_may_publish),
        TEST(a_completion_may_call_synchronously),
        TEST(a_completion_may_flush),
        TEST(a_flush_waits_for_a_completion_that_flushes),
        TEST(a_flush_waits_for_completions_to_return),
        TEST(a_flush_does_not_wait_for_later_events),
        TEST(a_completion_may_close_its_client),
        TEST(a_completion_may_shut_its_client_down),
        TEST(two_completions_may_close_at_once),
        TEST(a_slow_completion_does_not_hold_up_the_others),
        TEST(publishing_never_runs_a_completion_itself),
    };
    return RUN_TESTS(tests, argc, argv);
}
