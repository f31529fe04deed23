/* Whoever flushes or closes waits for delivery: what failed is tried again soon, to the end of the time. */
#include "tally.h"

/* Closing it may take the two seconds of the default. */
static axonpush_client *client_at(const char *url) {
    axonpush_options options = test_options();
    options.base_url = url;
    return client_with(&options);
}

/* Event 0 has failed `times` times, and others were delivered meanwhile, so that there is no outage; it waits for
   250 ms, doubled each time. The service is well. */
static axonpush_client *one_waits_alone(tally *tally, int times) {
    axonpush_client *client = client_at(server_url());
    size_t requests = 0;
    fault("{'path':'/event','status':503}");
    if (publish_async(client, tally, 0) != AXONPUSH_OK || !requests_arrive(requests += 1)) return NULL;
    for (int i = 1; i <= times; i++) {
        if (publish_async(client, tally, i) != AXONPUSH_OK || !tally_wait(tally, i, 20000)) return NULL;
        requests++;
        if (i == times) break;
        fault("{'path':'/event','status':503}");
        if (!requests_arrive(requests += 1)) return NULL;
    }
    return client;
}

static bool an_event_in_its_own_backoff_is_tried_by_a_flush(void) {
    /* It waits for two seconds now. */
    tally *tally = tally_new(5);
    axonpush_client *client = one_waits_alone(tally, 4);
    CHECK(client != NULL);
    size_t before = request_count();
    CHECK_INT(axonpush_flush(client, 500, NULL), AXONPUSH_OK);
    CHECK_INT(delivery_status(tally, 0), AXONPUSH_OK);
    CHECK_INT(request_count(), before + 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 5);
    return true;
}

static bool an_event_in_its_own_backoff_is_tried_by_a_shutdown(void) {
    /* Four seconds. */
    tally *tally = tally_new(6);
    axonpush_client *client = one_waits_alone(tally, 5);
    CHECK(client != NULL);
    int64_t start = now_ms();
    CHECK_INT(axonpush_shutdown(client, 2000, NULL), AXONPUSH_OK);
    CHECK(slow_machine() || now_ms() - start < 1500);
    axonpush_close(client);
    CHECK(tally_sound(tally, 6));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 6);
    return true;
}

static bool an_event_in_its_own_backoff_is_tried_by_close(void) {
    tally *tally = tally_new(6);
    axonpush_client *client = one_waits_alone(tally, 5);
    CHECK(client != NULL);
    axonpush_close(client);
    CHECK(tally_sound(tally, 6));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 6);
    return true;
}

/* Not at once and not without a pause: 250 ms after the failure, and again, as long as somebody waits. */
static bool what_fails_in_the_hurry_is_tried_again_every_quarter_second(void) {
    tally *tally = tally_new(5);
    axonpush_client *client = one_waits_alone(tally, 4);
    CHECK(client != NULL);
    fault("{'path':'/event','status':503,'times':0}");
    size_t before = request_count();
    CHECK_INT(axonpush_flush(client, 2000, NULL), AXONPUSH_ERR_TIMEOUT);
    size_t tried = request_count() - before;
    /* Once at most in 250 ms, and each wait is lengthened by a fifth at most. */
    if (tried < 4 || tried > 8) printf("  %zu attempts\n", tried);
    CHECK(tried <= 8);
    CHECK(slow_machine() || tried >= 4);
    /* And when nobody waits any more, the pace is its own again. */
    sleep_ms(300);
    before = request_count();
    sleep_ms(slow_machine() ? 0 : 1000);
    CHECK(request_count() - before <= 1);
    dev("DELETE", "/_dev/faults", NULL);
    CHECK_INT(axonpush_flush(client, 1000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    return true;
}

/* ---- An outage ---- */

/* `count` events wait at a gate that is shut, for so long that the next probe is seconds away. */
static axonpush_client *all_wait(gate *gate, tally *tally, int count) {
    axonpush_client *client = client_at(gate_url(gate));
    gate_shut(gate);
    if (publish_range(client, tally, 0, count) != count) return NULL;
    /* Probes at about 250, 750, 1750 and 3750 ms; then not before 7750. */
    sleep_ms(4300);
    return client;
}

static bool a_flush_probes_to_the_end_of_its_time(void) {
    gate *gate = gate_new();
    tally *tally = tally_new(10);
    axonpush_client *client = all_wait(gate, tally, 10);
    CHECK(client != NULL);
    gate_open_after(gate, 500);
    CHECK_INT(axonpush_flush(client, 2000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    gate_free(gate);
    return true;
}

static bool a_service_that_comes_back_during_a_shutdown_gets_everything(void) {
    gate *gate = gate_new();
    tally *tally = tally_new(10);
    axonpush_client *client = all_wait(gate, tally, 10);
    CHECK(client != NULL);
    /* Down for the first half second of two, so that one probe fails at least; well for the last 1.5 s. */
    gate_open_after(gate, 500);
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_shutdown(client, 2000, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    CHECK_INT(server_stat("storedEvents"), 10);
    gate_free(gate);
    return true;
}

static bool a_service_that_comes_back_during_close_gets_everything(void) {
    gate *gate = gate_new();
    tally *tally = tally_new(10);
    axonpush_client *client = all_wait(gate, tally, 10);
    CHECK(client != NULL);
    gate_open_after(gate, 500);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    gate_free(gate);
    return true;
}

/* The first failure comes in the hurry. */
static bool a_service_that_fails_only_during_a_shutdown_is_tried_again(void) {
    /* By growing waits the last attempt would be at four seconds. */
    fault("{'path':'/event','status':503,'times':5}");
    axonpush_options options = test_options();
    options.max_connections = 1;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(1);
    CHECK_INT(publish_range(client, tally, 0, 1), 1);
    CHECK_INT(axonpush_shutdown(client, 3000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 1);
    return true;
}

/* ---- Retry-After ---- */

static bool what_the_service_asked_for_is_kept_in_a_hurry(void) {
    fault("{'path':'/event','status':503,'headers':{'Retry-After':'1.5'}}");
    axonpush_client *client = client_at(server_url());
    tally *tally = tally_new(3);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 1), 1);
    CHECK(requests_arrive(1));
    CHECK_INT(publish_range(client, tally, 1, 3), 2);
    CHECK_INT(axonpush_flush(client, 800, NULL), AXONPUSH_ERR_TIMEOUT);
    CHECK_INT(request_count(), 1);
    CHECK_INT(axonpush_shutdown(client, 3000, NULL), AXONPUSH_OK);
    CHECK(now_ms() - start >= 1490);
    axonpush_close(client);
    CHECK(tally_sound(tally, 3));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 3);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(an_event_in_its_own_backoff_is_tried_by_a_flush),
        TEST(an_event_in_its_own_backoff_is_tried_by_a_shutdown),
        TEST(an_event_in_its_own_backoff_is_tried_by_close),
        TEST(what_fails_in_the_hurry_is_tried_again_every_quarter_second),
        TEST(a_flush_probes_to_the_end_of_its_time),
        TEST(a_service_that_comes_back_during_a_shutdown_gets_everything),
        TEST(a_service_that_comes_back_during_close_gets_everything),
        TEST(a_service_that_fails_only_during_a_shutdown_is_tried_again),
        TEST(what_the_service_asked_for_is_kept_in_a_hurry),
    };
    return RUN_TESTS(tests, argc, argv);
}
