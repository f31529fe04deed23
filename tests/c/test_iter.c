/* Iterating back through events: every one, once, newest first, however they fall on pages. */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL "iterate"
#define SINCE "2026-01-01T00:00:00Z"
#define MOST 2000

/* Publishes events `first` up to and without `end`, one after the other: payload {"n":<number>}. */
static bool publish(axonpush_client *client, int first, int end) {
    for (int n = first; n < end; n++) {
        axonpush_event event = test_event();
        axonpush_error *error = NULL;
        event.channel_id = CHANNEL;
        event.payload = format("{\"n\":%d}", n);
        event.event_type = n % 2 ? "odd" : "even";
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    }
    return true;
}

/* Every event from now on gets this time; NULL: the clock runs again. */
static void freeze(const char *time) {
    dev("POST", "/_dev/clock", time ? format("{\"freeze\":\"%s\"}", time) : "{\"freeze\":null}");
}

static const char *second(int number) {
    return format("2026-01-01T00:%02d:%02dZ", number / 60, number % 60);
}

static axonpush_event_query pages_of(uint32_t limit) {
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.since = SINCE;
    query.limit = limit;
    return query;
}

static axonpush_events_iter *start(axonpush_client *client, const axonpush_event_query *query) {
    axonpush_events_iter *iter = NULL;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_iter_new(client, CHANNEL, query, &iter, &error);
    if (!check_status(status, error, AXONPUSH_OK, __FILE__, __LINE__, "axonpush_events_iter_new")) exit(1);
    return iter;
}

/* The number of the next event, -1 at the end, -2 after a failure. */
static int next(axonpush_events_iter *iter) {
    const axonpush_response *event = NULL;
    int64_t n = -1;
    if (axonpush_events_iter_next(iter, &event, NULL) != AXONPUSH_OK) return -2;
    if (event && !axonpush_response_int(event, "/payload/n", &n)) return -2;
    return (int)n;
}

/* The iterator gives `count - 1`, `count - 2`, ... 0 and then the end, for good. */
static bool counts_down(axonpush_events_iter *iter, int count) {
    for (int n = count - 1; n >= 0; n--) CHECK_INT(next(iter), n);
    CHECK_INT(next(iter), -1);
    /* The end is known by now. */
    size_t requests = request_count();
    for (int i = 0; i < 3; i++) CHECK_INT(next(iter), -1);
    CHECK_INT(request_count(), requests);
    return true;
}

static bool iterates_all(axonpush_client *client, uint32_t limit, int count) {
    axonpush_event_query query = pages_of(limit);
    axonpush_events_iter *iter = start(client, &query);
    CHECK(counts_down(iter, count));
    axonpush_events_iter_free(iter);
    return true;
}

static const uint32_t sizes[] = {1, 2, 3, 7, 0};
#define EACH_SIZE(i) (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)

static bool all_events_come_newest_first_whatever_the_page(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, 0, 43));
    for EACH_SIZE(i) {
        dev("DELETE", "/_dev/requests", NULL);
        CHECK(iterates_all(client, sizes[i], 43));
        CHECK_HAS(request_member(0, "target"), format("limit=%u", sizes[i] ? sizes[i] : 500));
        CHECK_LACKS(request_member(0, "target"), "until");
        CHECK(request_count() > 1 || sizes[i] == 0);
    }
    axonpush_close(client);
    return true;
}

static bool a_page_that_is_full_is_not_the_end(void) {
    axonpush_client *client = test_client();
    for (int count = 0; count < 10; count++) {
        if (count > 0) CHECK(publish(client, count - 1, count));
        for EACH_SIZE(i) CHECK(iterates_all(client, sizes[i], count));
    }
    axonpush_close(client);
    return true;
}

static bool many_events_take_few_requests(void) {
    axonpush_client *client = test_client();
    int count = scaled(1200) < 520 ? 520 : scaled(1200);
    CHECK(publish(client, 0, count));
    dev("DELETE", "/_dev/requests", NULL);
    CHECK(iterates_all(client, 0, count));
    CHECK(request_count() <= (size_t)count / 499 + 1);
    axonpush_close(client);
    return true;
}

static bool events_that_share_a_moment_come_once_each(void) {
    /* Groups of one createdAt, so that a page of any size ends inside one, before one and after one. */
    static const int groups[] = {1, 1, 2, 1, 3, 2, 2, 7, 1, 5, 3, 3, 4, 1, 6, 14, 2};
    axonpush_client *client = test_client();
    int count = 0;
    for (int g = 0; g < (int)(sizeof groups / sizeof *groups); g++) {
        freeze(second(g));
        CHECK(publish(client, count, count + groups[g]));
        count += groups[g];
    }
    for EACH_SIZE(i) CHECK(iterates_all(client, sizes[i], count));
    axonpush_close(client);
    return true;
}

static bool a_group_may_fill_pages_exactly(void) {
    for EACH_SIZE(i) {
        int page = sizes[i] ? (int)sizes[i] : 4;
        for (int pages = 1; pages <= 3; pages++) {
            dev("POST", "/_dev/reset", NULL);
            axonpush_client *client = test_client();
            /* A whole number of pages of one moment; and the same once more, one moment earlier. */
            freeze(second(1));
            CHECK(publish(client, 0, pages * page));
            freeze(second(2));
            CHECK(publish(client, pages * page, 2 * pages * page));
            CHECK(iterates_all(client, (uint32_t)page, 2 * pages * page));
            axonpush_close(client);
        }
    }
    return true;
}

static bool moments_may_be_as_close_as_the_service_can_tell(void) {
    axonpush_client *client = test_client();
    for (int n = 0; n < 12; n++) {
        freeze(format("2026-01-01T00:00:00.%06dZ", 999994 + n < 1000000 ? 999994 + n : 999999));
        CHECK(publish(client, n, n + 1));
    }
    for EACH_SIZE(i) CHECK(iterates_all(client, sizes[i], 12));
    axonpush_close(client);
    return true;
}

static bool a_crowd_larger_than_a_page_is_passed(void) {
    axonpush_client *client = test_client();
    freeze(second(1));
    CHECK(publish(client, 0, 5));
    freeze(second(2));
    CHECK(publish(client, 5, 105));
    freeze(second(3));
    CHECK(publish(client, 105, 110));
    for EACH_SIZE(i) CHECK(iterates_all(client, sizes[i], 110));
    axonpush_close(client);
    return true;
}

static bool up_to_499_may_share_a_moment(void) {
    axonpush_client *client = test_client();
    freeze(second(1));
    CHECK(publish(client, 0, 1));
    freeze(second(2));
    CHECK(publish(client, 1, 500));
    freeze(second(3));
    CHECK(publish(client, 500, 501));
    CHECK(iterates_all(client, 0, 501));
    CHECK(iterates_all(client, 100, 501));
    axonpush_close(client);
    return true;
}

static bool more_of_one_moment_than_a_page_can_hold_are_an_error(void) {
    axonpush_client *client = test_client();
    freeze(second(1));
    CHECK(publish(client, 0, 1));
    freeze(second(2));
    CHECK(publish(client, 1, 511));
    for (int round = 0; round < 2; round++) {
        axonpush_event_query query = pages_of(round ? 40 : 0);
        axonpush_events_iter *iter = start(client, &query);
        for (int n = 510; n > 10; n--) CHECK_INT(next(iter), n);
        /* The other ten, and what lies before, are out of reach, now and later. */
        for (int again = 0; again < 2; again++) {
            const axonpush_response *event = (const axonpush_response *)&query;
            axonpush_error *error = NULL;
            CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_ERR_API);
            CHECK(event == NULL);
            CHECK_HAS(axonpush_error_message(error), "500 or more share one createdAt");
            CHECK_INT(axonpush_error_http_status(error), 0);
            CHECK(!axonpush_error_retryable(error));
            axonpush_error_free(error);
        }
        axonpush_events_iter_free(iter);
    }
    /* Filters may divide them. */
    axonpush_event_query query = pages_of(0);
    query.event_type = "even";
    axonpush_events_iter *iter = start(client, &query);
    for (int n = 510; n >= 0; n -= 2) CHECK_INT(next(iter), n);
    CHECK_INT(next(iter), -1);
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

/* ---- While the iteration goes on ---- */

/* Iterates with pages of `limit` through events 0 to `count` - 1, while two more are published after each
   step of the first `busy`: none of the old ones is missed, and nothing comes twice. */
static bool holds_while_events_arrive(axonpush_client *client, uint32_t limit, int count, int busy) {
    static bool seen[MOST];
    memset(seen, 0, sizeof seen);
    axonpush_event_query query = pages_of(limit);
    axonpush_events_iter *iter = start(client, &query);
    int arrived = count;
    for (int step = 0;; step++) {
        int n = next(iter);
        if (n == -1) break;
        CHECK(n >= 0 && n < arrived);
        CHECK(!seen[n]);
        seen[n] = true;
        if (step < busy) {
            CHECK(publish(client, arrived, arrived + 2));
            arrived += 2;
        }
    }
    for (int n = 0; n < count; n++) CHECK(seen[n]);
    axonpush_events_iter_free(iter);
    return true;
}

static bool events_that_arrive_meanwhile_shift_nothing(void) {
    for EACH_SIZE(i) {
        dev("POST", "/_dev/reset", NULL);
        axonpush_client *client = test_client();
        CHECK(publish(client, 0, 30));
        CHECK(holds_while_events_arrive(client, sizes[i], 30, 20));
        axonpush_close(client);
    }
    return true;
}

static bool nor_those_that_arrive_in_the_same_moment(void) {
    for EACH_SIZE(i) {
        for (int busy = 1; busy < 12; busy += 5) {
            dev("POST", "/_dev/reset", NULL);
            axonpush_client *client = test_client();
            freeze(second(1));
            CHECK(publish(client, 0, 10));
            freeze(second(2));
            CHECK(publish(client, 10, 25));
            CHECK(holds_while_events_arrive(client, sizes[i], 25, busy));
            axonpush_close(client);
        }
    }
    return true;
}

/* ---- Filters ---- */

static bool filters_are_kept_on_every_page(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, 0, 20));
    axonpush_event other = test_event();
    other.channel_id = "elsewhere";
    CHECK_INT(axonpush_events_publish(client, &other, NULL, NULL), AXONPUSH_OK);
    dev("DELETE", "/_dev/requests", NULL);
    axonpush_event_query query = pages_of(3);
    query.event_type = "odd";
    query.q = "step";
    axonpush_events_iter *iter = start(client, &query);
    /* The filters are copied. */
    query.event_type = query.q = query.since = NULL;
    for (int n = 19; n > 0; n -= 2) CHECK_INT(next(iter), n);
    CHECK_INT(next(iter), -1);
    size_t requests = request_count();
    CHECK(requests > 3);
    for (size_t i = 0; i < requests; i++) {
        const char *target = request_member(i, "target");
        CHECK_HAS(target, "/events?since=2026-01-01T00%3A00%3A00Z&");
        CHECK_HAS(target, "channelId=" CHANNEL "&");
        CHECK_HAS(target, "eventType=odd&");
        CHECK_HAS(target, "q=step&");
        CHECK_HAS(target, "limit=3");
        const char *until = strstr(target, "until=");
        CHECK_INT(until != NULL, i > 0);
        CHECK(!until || !strstr(until + 1, "until="));
    }
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

static bool since_and_until_bound_the_iteration(void) {
    axonpush_client *client = test_client();
    for (int n = 0; n < 20; n++) {
        freeze(second(n));
        CHECK(publish(client, n, n + 1));
    }
    axonpush_event_query query = pages_of(3);
    query.since = second(5);
    query.until = second(15);
    axonpush_events_iter *iter = start(client, &query);
    for (int n = 14; n >= 5; n--) CHECK_INT(next(iter), n);
    CHECK_INT(next(iter), -1);
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

static bool without_a_channel_the_iterator_covers_the_organization(void) {
    axonpush_options options = test_options();
    options.channel_id = "mine";
    axonpush_client *client = client_with(&options);
    CHECK(publish(client, 0, 2));
    axonpush_events_iter *iter = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_iter_new(client, NULL, NULL, &iter, &error), error, AXONPUSH_OK);
    CHECK_INT(next(iter), 1);
    axonpush_events_iter_free(iter);
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.channel_id = CHANNEL;
    CHECK_STATUS(axonpush_events_iter_new(client, NULL, &query, &iter, &error), error, AXONPUSH_OK);
    CHECK_INT(next(iter), 1);
    axonpush_events_iter_free(iter);
    CHECK_LACKS(request_member(2, "target"), "channelId");
    CHECK_HAS(request_member(3, "target"), "channelId=" CHANNEL);
    axonpush_close(client);
    return true;
}

/* ---- Failures ---- */

static bool after_a_failure_the_iterator_goes_on_where_it_was(void) {
    static const struct {
        const char *fault;
        axonpush_status status;
    } faults[] = {
        {"'status':500", AXONPUSH_ERR_SERVER}, {"'status':401", AXONPUSH_ERR_AUTHENTICATION},
        {"'status':429", AXONPUSH_ERR_RATE_LIMIT}, {"'truncate':30", AXONPUSH_ERR_CONNECTION},
        {"'status':200,'body':'nonsense'", AXONPUSH_ERR_DECODE}, {"'status':200,'body':{}", AXONPUSH_ERR_DECODE},
    };
    axonpush_client *client = test_client();
    for (int n = 0; n < 12; n++) {
        freeze(second(n / 4));
        CHECK(publish(client, n, n + 1));
    }
    for EACH_SIZE(i) {
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
            axonpush_event_query query = pages_of(sizes[i]);
            axonpush_events_iter *iter = start(client, &query);
            /* The first page fails, and each one after it in turn. */
            int n = 12;
            for (int failures = 0; n > 0 && failures < 8;) {
                fault(format("{'path':'/events',%s}", faults[f].fault));
                int given;
                while (n > 0 && (given = next(iter)) != -2) CHECK_INT(given, --n);
                dev("DELETE", "/_dev/faults", NULL);
                failures++;
                if (n == 0) break;
                const axonpush_response *event = NULL;
                axonpush_error *error = NULL;
                fault(format("{'path':'/events',%s}", faults[f].fault));
                CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, faults[f].status);
                CHECK(event == NULL);
                axonpush_error_free(error);
                CHECK_INT(next(iter), --n);
            }
            CHECK(counts_down(iter, n));
            axonpush_events_iter_free(iter);
        }
    }
    axonpush_close(client);
    return true;
}

static bool failures_are_repeated_as_for_every_call(void) {
    axonpush_options options = test_options();
    options.max_retries = 2;
    axonpush_client *client = client_with(&options);
    CHECK(publish(client, 0, 5));
    fault("{'path':'/events','status':503,'headers':{'Retry-After':'0'},'skip':1,'times':2}");
    CHECK(iterates_all(client, 3, 5));
    axonpush_close(client);
    return true;
}

static bool under_fail_open_an_unreachable_service_is_the_end(void) {
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_client *client = client_with(&options);
    CHECK(publish(client, 0, 10));
    fault("{'path':'/events','reset':true,'skip':1,'times':0}");
    axonpush_event_query query = pages_of(4);
    axonpush_events_iter *iter = start(client, &query);
    for (int n = 9; n > 5; n--) CHECK_INT(next(iter), n);
    CHECK_INT(next(iter), -1);
    dev("DELETE", "/_dev/faults", NULL);
    CHECK_INT(next(iter), -1);
    axonpush_events_iter_free(iter);
    /* Another failure is none in this mode either. */
    fault("{'path':'/events','status':403}");
    iter = start(client, &query);
    CHECK_INT(next(iter), -2);
    CHECK_INT(next(iter), 9);
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    options.base_url = dead_url();
    client = client_with(&options);
    iter = start(client, NULL);
    CHECK_INT(next(iter), -1);
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

/* ---- Other services' times ---- */

/* The next request of an iteration in pages of two whose first page has these times. */
static const char *until_after(axonpush_client *client, const char *newer, const char *older) {
    dev("POST", "/_dev/reset", NULL);
    fault(format("[{'path':'/events','status':200,'body':{'events':[{'eventId':'b','createdAt':'%s','payload':{'n':1}},"
                 "{'eventId':'a','createdAt':'%s','payload':{'n':0}}]}},{'path':'/events','status':200,"
                 "'body':{'events':null}}]", newer, older));
    axonpush_event_query query = pages_of(2);
    axonpush_events_iter *iter = start(client, &query);
    if (next(iter) != 1 || next(iter) != 0 || next(iter) != -1) return "(a wrong iteration)";
    axonpush_events_iter_free(iter);
    const char *target = request_member(1, "target"), *until = strstr(target, "until=");
    return until ? until : target;
}

static bool the_next_page_overlaps_by_the_least_that_the_service_can_tell(void) {
    axonpush_client *client = test_client();
    CHECK_TEXT(until_after(client, "2026-01-01T00:00:05.000001Z", "2026-01-01T00:00:04.123456Z"),
               "until=2026-01-01T00%3A00%3A04.123457000Z");
    CHECK_TEXT(until_after(client, "2026-01-01T00:00:05.000Z", "2026-01-01T00:00:04.999Z"),
               "until=2026-01-01T00%3A00%3A05.000000000Z");
    CHECK_TEXT(until_after(client, "2026-01-01T00:00:05Z", "2025-12-31T23:59:59Z"),
               "until=2026-01-01T00%3A00%3A00.000000000Z");
    CHECK_TEXT(until_after(client, "2026-01-01T00:00:05.123456789+00:00", "2026-01-01T00:00:04.123456788+00:00"),
               "until=2026-01-01T00%3A00%3A04.123456789Z");
    /* Zeros at the end are left out. */
    CHECK_TEXT(until_after(client, "2026-01-01T00:00:05.123456Z", "2026-01-01T00:00:04.5Z"),
               "until=2026-01-01T00%3A00%3A04.500001000Z");
    axonpush_close(client);
    return true;
}

static bool a_page_without_times_is_an_error_and_gives_nothing(void) {
    static const char *const times[] = {"", ",'createdAt':7", ",'createdAt':'yesterday'",
                                        ",'createdAt':'2026-01-01T00:00:05+02:00'"};
    axonpush_client *client = test_client();
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        fault(format("{'path':'/events','status':200,'times':2,'body':{'events':[{'eventId':'a','payload':{'n':0}%s}]}}",
                     times[i]));
        axonpush_event_query query = pages_of(1);
        axonpush_events_iter *iter = start(client, &query);
        for (int again = 0; again < 2; again++) {
            const axonpush_response *event = NULL;
            axonpush_error *error = NULL;
            CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_ERR_DECODE);
            CHECK(event == NULL);
            CHECK_HAS(axonpush_error_message(error), "createdAt");
            axonpush_error_free(error);
        }
        axonpush_events_iter_free(iter);
    }
    axonpush_close(client);
    return true;
}

/* ---- The object ---- */

static bool an_event_is_whole_and_lives_until_the_next_step(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.channel_id = CHANNEL;
    event.payload = "{\"n\":12345678901234567890,\"x\":1.50,\"text\":\"\xE2\x82\xAC\"}";
    event.metadata = "{\"k\":[1,{\"l\":null}]}";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_events_iter *iter = start(client, NULL);
    const axonpush_response *found = NULL;
    CHECK_INT(axonpush_events_iter_next(iter, &found, NULL), AXONPUSH_OK);
    CHECK_TEXT(json_raw(axonpush_response_json(found, NULL), "/payload"), event.payload);
    CHECK_TEXT(json_raw(axonpush_response_json(found, NULL), "/metadata"), event.metadata);
    CHECK_TEXT(axonpush_response_string(found, "/payload/text"), "\xE2\x82\xAC");
    CHECK(axonpush_response_string(found, "/eventId") != NULL);
    const char *type = axonpush_response_string(found, "/eventType");
    /* A closed client takes nothing away. */
    axonpush_close(client);
    CHECK_TEXT(type, "custom");
    axonpush_events_iter_free(iter);
    return true;
}

static bool a_closed_client_ends_the_iteration_with_an_error(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, 0, 6));
    axonpush_event_query query = pages_of(3);
    axonpush_events_iter *iter = start(client, &query);
    CHECK_INT(next(iter), 5);
    axonpush_close(client);
    /* Another client in its place is not mistaken for it. */
    axonpush_client *other = test_client();
    const axonpush_response *event = (const axonpush_response *)&query;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_iter_next(iter, &event, &error), error, AXONPUSH_ERR_CLOSED);
    CHECK(event == NULL);
    axonpush_error_free(error);
    axonpush_events_iter_free(iter);
    axonpush_close(other);
    return true;
}

static bool a_forked_child_goes_on_by_a_connection_of_its_own(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, 0, 9));
    axonpush_event_query query = pages_of(3);
    axonpush_events_iter *iter = start(client, &query);
    for (int n = 8; n > 5; n--) CHECK_INT(next(iter), n);
    size_t before = request_count();
    int result[2];
    CHECK_INT(pipe(result), 0);
    pid_t child = fork();
    if (child == 0) {
        char holds = counts_down(iter, 6);
        ssize_t written = write(result[1], &holds, 1);
        (void)written;
        /* No exit: what the parent keeps is not the child's to free, and valgrind would say so. */
        kill(getpid(), SIGKILL);
    }
    close(result[1]);
    char holds = false;
    CHECK_INT(read(result[0], &holds, 1), 1);
    close(result[0]);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(holds);
    const char *log = dev("GET", "/_dev/requests", NULL);
    const char *parents = json_raw(log, format("/requests/%zu/connection", before - 1));
    for (size_t i = before; i < request_count(); i++) {
        CHECK(strcmp(json_raw(log, format("/requests/%zu/connection", i)), parents) != 0);
    }
    CHECK(counts_down(iter, 6));
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

static bool what_cannot_be_used_is_refused(void) {
    axonpush_client *client = test_client();
    axonpush_events_iter *iter = (axonpush_events_iter *)&client;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_iter_new(NULL, NULL, NULL, &iter, &error), error, AXONPUSH_ERR_INVALID_HANDLE);
    CHECK(iter == NULL);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_iter_new(client, NULL, NULL, NULL, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "iter: it is required");
    axonpush_error_free(error);
    axonpush_event_query query = pages_of(501);
    CHECK_STATUS(axonpush_events_iter_new(client, NULL, &query, &iter, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "query.limit");
    axonpush_error_free(error);
    query = pages_of(1);
    query.channel_id = "one";
    CHECK_STATUS(axonpush_events_iter_new(client, "another", &query, &iter, &error), error,
                 AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "query.channel_id: it differs");
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_iter_new(client, "\xFF", NULL, &iter, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "channel_id: not valid UTF-8");
    axonpush_error_free(error);
    const axonpush_response *event = (const axonpush_response *)&query;
    CHECK_STATUS(axonpush_events_iter_next(NULL, &event, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK(event == NULL);
    axonpush_error_free(error);
    axonpush_events_iter_free(NULL);
    CHECK_INT(request_count(), 0);
    /* Neither the event nor the error need be wanted. */
    CHECK(publish(client, 0, 2));
    iter = start(client, NULL);
    CHECK_INT(axonpush_events_iter_next(iter, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(next(iter), 0);
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(all_events_come_newest_first_whatever_the_page),
        TEST(a_page_that_is_full_is_not_the_end),
        TEST(many_events_take_few_requests),
        TEST(events_that_share_a_moment_come_once_each),
        TEST(a_group_may_fill_pages_exactly),
        TEST(moments_may_be_as_close_as_the_service_can_tell),
        TEST(a_crowd_larger_than_a_page_is_passed),
        TEST(up_to_499_may_share_a_moment),
        TEST(more_of_one_moment_than_a_page_can_hold_are_an_error),
        TEST(events_that_arrive_meanwhile_shift_nothing),
        TEST(nor_those_that_arrive_in_the_same_moment),
        TEST(filters_are_kept_on_every_page),
        TEST(since_and_until_bound_the_iteration),
        TEST(without_a_channel_the_iterator_covers_the_organization),
        TEST(after_a_failure_the_iterator_goes_on_where_it_was),
        TEST(failures_are_repeated_as_for_every_call),
        TEST(under_fail_open_an_unreachable_service_is_the_end),
        TEST(the_next_page_overlaps_by_the_least_that_the_service_can_tell),
        TEST(a_page_without_times_is_an_error_and_gives_nothing),
        TEST(an_event_is_whole_and_lives_until_the_next_step),
        TEST(a_closed_client_ends_the_iteration_with_an_error),
        TEST(a_forked_child_goes_on_by_a_connection_of_its_own),
        TEST(what_cannot_be_used_is_refused),
    };
    return RUN_TESTS(tests, argc, argv);
}
