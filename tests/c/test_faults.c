/* Background publishing over a network that fails: nothing is lost, and nothing is stored twice. */
#include "tally.h"

static axonpush_client *client_at(const char *url, uint32_t connections, uint32_t delivery_timeout_ms,
                                  axonpush_toggle fail_open) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.max_connections = connections;
    options.delivery_timeout_ms = delivery_timeout_ms;
    options.fail_open = fail_open;
    return client_with(&options);
}

static axonpush_client *strict_client(void) {
    return client_at(server_url(), 0, 0, AXONPUSH_DISABLED);
}

/* All `count` events have arrived once, and everybody knows. */
static bool all_arrived(axonpush_client *client, tally *tally, int count) {
    CHECK_STATUS(axonpush_flush(client, 100000, NULL), NULL, AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.accepted, count);
    CHECK_INT(stats.delivered, count);
    CHECK_INT(stats.queued_events, 0);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    CHECK_INT(tally->suppressed, 0);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), count);
    CHECK_INT(identities(), count);
    return true;
}

/* ---- Faults by dice ---- */

static bool survives(const char *faults, int count) {
    fault(faults);
    axonpush_client *client = strict_client();
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    return all_arrived(client, tally, count);
}

static bool nothing_is_lost_when_connections_are_reset(void) {
    return survives("{'path':'/event','reset':true,'times':0,'probability':0.05,'seed':11}", scaled(2000));
}

static bool nothing_is_lost_when_the_server_hangs_up(void) {
    return survives("{'path':'/event','hangup':'before','times':0,'probability':0.05,'seed':12}", scaled(2000));
}

static bool nothing_is_stored_twice_when_responses_are_lost(void) {
    CHECK(survives("{'path':'/event','hangup':'after','times':0,'probability':0.05,'seed':13}", scaled(2000)));
    CHECK(server_stat("duplicates") > 0);
    return true;
}

static bool nothing_is_stored_twice_when_responses_are_cut(void) {
    CHECK(survives("{'path':'/event','truncate':7,'times':0,'probability':0.01,'seed':14}", scaled(2000)));
    CHECK(server_stat("duplicates") > 0);
    return true;
}

static bool nothing_is_lost_when_the_service_is_busy(void) {
    return survives("[{'path':'/event','status':503,'times':0,'probability':0.01,'seed':15},"
                    "{'path':'/event','status':429,'headers':{'Retry-After':'0.2'},'times':0,'probability':0.01,"
                    "'seed':16}]",
                    scaled(2000));
}

static bool nothing_is_lost_when_responses_drip(void) {
    return survives("{'path':'/event','drip':{'bytes':30,'intervalMs':10},'times':0,'probability':0.05,'seed':17}",
                    scaled(2000));
}

static const char *all_faults =
    "[{'path':'/event','reset':true,'times':0,'probability':0.03,'seed':1},"
    "{'path':'/event','hangup':'before','times':0,'probability':0.03,'seed':2},"
    "{'path':'/event','hangup':'after','times':0,'probability':0.03,'seed':3},"
    "{'path':'/event','truncate':5,'times':0,'probability':0.03,'seed':4},"
    "{'path':'/event','status':503,'times':0,'probability':0.03,'seed':5},"
    "{'path':'/event','status':429,'headers':{'Retry-After':'0.1'},'times':0,'probability':0.01,'seed':6},"
    "{'path':'/event','drip':{'bytes':25,'intervalMs':5},'times':0,'probability':0.03,'seed':7}]";

static bool nothing_is_lost_in_any_weather(void) {
    CHECK(survives(all_faults, scaled(2000)));
    CHECK(server_stat("duplicates") > 0);
    return true;
}

static bool one_connection_survives_any_weather(void) {
    int count = scaled(300);
    fault(all_faults);
    axonpush_client *client = client_at(server_url(), 1, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    return all_arrived(client, tally, count);
}

static bool fail_open_loses_nothing_that_time_can_heal(void) {
    int count = scaled(500);
    fault(all_faults);
    axonpush_client *client = client_at(server_url(), 0, 0, AXONPUSH_ENABLED);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    return all_arrived(client, tally, count);
}

static bool connections_that_the_server_closed_meanwhile_are_no_failure(void) {
    axonpush_client *client = strict_client();
    tally *tally = tally_new(20);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        CHECK(tally_wait(tally, i + 1, 20000));
        dev("POST", "/_dev/close-idle", NULL);
    }
    CHECK_STATS(client, retried, 0);
    /* Now and then the server is not done with the response when it looks for what is idle. */
    CHECK(stats_of(client).connections > 10);
    return all_arrived(client, tally, 20);
}

/* ---- Outages ---- */

static bool an_outage_costs_no_event(void) {
    int count = scaled(1000);
    gate *gate = gate_new();
    axonpush_client *client = client_at(gate_url(gate), 0, 0, AXONPUSH_ENABLED);
    tally *tally = tally_new(count);
    CHECK_INT(publish_range(client, tally, 0, count / 4), count / 4);
    CHECK(tally_wait(tally, 1, 20000));
    gate_shut(gate);
    int64_t down = now_ms();
    for (int i = count / 4; i < count; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        if (i % (count / 20 + 1) == 0) sleep_ms(100);
    }
    while (now_ms() - down < 2500) sleep_ms(10);
    int before = tally_total(tally);
    CHECK(before < count);
    CHECK_STATS(client, queued_events, count - before);
    gate_open(gate);
    /* The longest wait so far was 2 s. */
    CHECK(tally_wait(tally, count, 20000));
    CHECK(all_arrived(client, tally, count));
    gate_free(gate);
    return true;
}

static bool a_service_that_comes_up_late_gets_everything(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_client *client = client_at(gate_url(gate), 0, 0, AXONPUSH_ENABLED);
    tally *tally = tally_new(100);
    CHECK_INT(publish_range(client, tally, 0, 100), 100);
    sleep_ms(1500);
    CHECK_INT(tally_total(tally), 0);
    CHECK_STATS(client, queued_events, 100);
    gate_open(gate);
    CHECK(all_arrived(client, tally, 100));
    gate_free(gate);
    return true;
}

static bool a_service_that_comes_and_goes_gets_everything(void) {
    int count = scaled(2000);
    gate *gate = gate_new();
    axonpush_client *client = client_at(gate_url(gate), 0, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(count);
    for (int i = 0; i < count; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        if (i % (count / 8 + 1) == count / 16) {
            sleep_ms(30);
            gate_shut(gate);
            sleep_ms(100);
            gate_open(gate);
        }
    }
    CHECK(all_arrived(client, tally, count));
    gate_free(gate);
    return true;
}

static bool a_flush_after_an_outage_does_not_wait_for_the_next_probe(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_client *client = client_at(gate_url(gate), 0, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(5);
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    /* Probes at about 0.25, 0.75, 1.75 and 3.75 s; the next would be at 7.75 s. */
    sleep_ms(4500);
    gate_open(gate);
    int64_t start = now_ms();
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    if (!slow_machine()) CHECK(now_ms() - start < 2000);
    CHECK(all_arrived(client, tally, 5));
    gate_free(gate);
    return true;
}

/* Requests of the log that have no response yet. */
static int pending(void) {
    size_t count;
    logged *list = logged_events(&count);
    int waiting = 0;
    for (size_t i = 0; i < count; i++) waiting += strcmp(list[i].outcome, "pending") == 0;
    return waiting;
}

static bool while_the_service_is_down_one_event_probes(void) {
    fault("{'path':'/event','reset':true,'times':0}");
    axonpush_client *client = client_at(server_url(), 4, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(200);
    CHECK_INT(publish_range(client, tally, 0, 200), 200);
    sleep_ms(3000);
    /* At once, and at 0.25, 0.75 and 1.75 s, lengthened by up to a fifth; and those that were under way. */
    size_t attempts = request_count();
    CHECK(attempts >= 3);
    CHECK(attempts <= 4 + 3);
    dev("DELETE", "/_dev/faults", NULL);
    CHECK(all_arrived(client, tally, 200));
    return true;
}

static bool a_silent_service_is_asked_by_one_event_at_a_time(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_options options = test_options();
    options.timeout_ms = 400;
    options.max_connections = 4;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(50);
    CHECK_INT(publish_range(client, tally, 0, 50), 50);
    /* The first ones time out. */
    sleep_ms(700);
    int most = 0;
    for (int64_t end = now_ms() + 2500; now_ms() < end; sleep_ms(20)) {
        int now = pending();
        most = now > most ? now : most;
    }
    CHECK_INT(most, 1);
    dev("DELETE", "/_dev/faults", NULL);
    CHECK_INT(axonpush_flush(client, 30000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 50);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 50);
    return true;
}

static bool a_slow_success_ends_the_outage(void) {
    /* One event fails while others are under way and succeed. */
    fault("[{'path':'/event','skip':1,'status':503},{'path':'/event','delayMs':100,'times':20}]");
    axonpush_client *client = client_at(server_url(), 4, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(40);
    CHECK_INT(publish_range(client, tally, 0, 40), 40);
    CHECK(tally_wait(tally, 40, 20000));
    return all_arrived(client, tally, 40);
}

static int warnings;

static void count_warnings(axonpush_log_level level, const char *message, void *user_data) {
    (void)message;
    (void)user_data;
    if (level <= AXONPUSH_LOG_WARN) __atomic_add_fetch(&warnings, 1, __ATOMIC_RELAXED);
}

static bool an_outage_costs_a_line_every_few_seconds(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    options.delivery_timeout_ms = 1000;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(500);
    warnings = 0;
    axonpush_log_set(AXONPUSH_LOG_WARN, count_warnings, NULL);
    CHECK_INT(publish_range(client, tally, 0, 500), 500);
    CHECK(tally_wait(tally, 500, 20000));
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    CHECK(warnings >= 1);
    CHECK(warnings <= 3);
    return true;
}

/* ---- Retry-After ---- */

static bool retry_after_is_honoured_by_all_events(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'1.5'}}");
    axonpush_client *client = client_at(server_url(), 1, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(20);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 20), 20);
    sleep_ms(1000);
    CHECK_INT(request_count(), 1);
    CHECK_INT(tally_total(tally), 0);
    CHECK(tally_wait(tally, 20, 20000));
    CHECK(tally->deliveries[0].at - start >= 1500);
    if (!slow_machine()) CHECK(now_ms() - start < 4000);
    CHECK_STATS(client, retried, 1);
    return all_arrived(client, tally, 20);
}

static bool a_flush_does_not_overrule_retry_after(void) {
    fault("{'path':'/event','status':503,'headers':{'Retry-After':'1'}}");
    axonpush_client *client = client_at(server_url(), 1, 0, AXONPUSH_DISABLED);
    tally *tally = tally_new(3);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 3), 3);
    sleep_ms(300);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(now_ms() - start >= 1000);
    return all_arrived(client, tally, 3);
}

static bool retry_after_beyond_the_delivery_timeout_ends_with_it(void) {
    fault("{'path':'/event','status':429,'headers':{'Retry-After':'100'},'times':0}");
    axonpush_client *client = client_at(server_url(), 1, 1000, AXONPUSH_ENABLED);
    tally *tally = tally_new(5);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    CHECK(tally_wait(tally, 5, 20000));
    CHECK(now_ms() - start >= 900);
    if (!slow_machine()) CHECK(now_ms() - start < 2500);
    /* The service responded: fail-open has nothing to suppress. */
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_RATE_LIMIT), 5);
    CHECK_STATS(client, expired, 5);
    CHECK_INT(request_count(), 1);
    axonpush_close(client);
    CHECK(tally_sound(tally, 5));
    return true;
}

/* ---- Delivery timeout ---- */

static bool strict_mode_says_that_the_service_was_not_reached(void) {
    axonpush_client *client = client_at(dead_url(), 0, 1000, AXONPUSH_DISABLED);
    tally *tally = tally_new(50);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 50), 50);
    sleep_ms(500);
    CHECK_INT(tally_total(tally), 0);
    CHECK(tally_wait(tally, 50, 20000));
    if (!slow_machine()) CHECK(now_ms() - start < 2500);
    for (int i = 0; i < 50; i++) CHECK(tally->deliveries[i].at - start >= 900);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CONNECTION), 50);
    CHECK_HAS(tally->deliveries[7].message, "refused");
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.expired, 50);
    CHECK_INT(stats.queued_bytes, 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 50));
    return true;
}

static bool fail_open_gives_up_without_an_error(void) {
    axonpush_client *client = client_at(dead_url(), 0, 1000, AXONPUSH_ENABLED);
    tally *tally = tally_new(50);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 50), 50);
    CHECK(tally_wait(tally, 50, 20000));
    for (int i = 0; i < 50; i++) CHECK(tally->deliveries[i].at - start >= 900);
    CHECK_INT(tally->suppressed, 50);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.suppressed, 50);
    CHECK_INT(stats.expired, 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 50));
    return true;
}

static bool fail_open_hides_no_error_of_the_services(void) {
    fault("{'path':'/event','status':503,'times':0}");
    axonpush_client *client = client_at(server_url(), 0, 800, AXONPUSH_ENABLED);
    tally *tally = tally_new(10);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK(tally_wait(tally, 10, 20000));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_SERVER), 10);
    CHECK_STATS(client, expired, 10);
    CHECK_STATS(client, suppressed, 0);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    return true;
}

static bool a_silent_service_does_not_outlast_the_delivery_timeout(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    for (int open = 0; open < 2; open++) {
        /* The timeout of an attempt, 20 s, is longer. */
        axonpush_client *client = client_at(server_url(), 0, 1000, open ? AXONPUSH_ENABLED : AXONPUSH_DISABLED);
        tally *tally = tally_new(30);
        int64_t start = now_ms();
        CHECK_INT(publish_range(client, tally, 0, 30), 30);
        CHECK(tally_wait(tally, 30, 10000));
        if (!slow_machine()) CHECK(now_ms() - start < 2500);
        CHECK_INT(open ? tally->suppressed : tally_of(tally, AXONPUSH_ERR_CONNECTION), 30);
        axonpush_close(client);
        CHECK(tally_sound(tally, 30));
    }
    return true;
}

static bool what_connects_nowhere_does_not_outlast_the_delivery_timeout(void) {
    axonpush_client *client = client_at(blackhole_url(), 1, 1000, AXONPUSH_DISABLED);
    tally *tally = tally_new(10);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    CHECK(tally_wait(tally, 10, 20000));
    if (!slow_machine()) CHECK(now_ms() - start < 2500);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CONNECTION), 10);
    axonpush_close(client);
    CHECK(tally_sound(tally, 10));
    return true;
}

static bool a_service_in_time_delivers_what_is_young_enough(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_client *client = client_at(gate_url(gate), 0, 3000, AXONPUSH_DISABLED);
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(client, tally, 0, 10), 10);
    sleep_ms(2500);
    CHECK_INT(publish_range(client, tally, 10, 20), 10);
    sleep_ms(1000);
    gate_open(gate);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CONNECTION), 10);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 10);
    for (int i = 0; i < 20; i++) CHECK_INT(delivery_status(tally, i), i < 10 ? AXONPUSH_ERR_CONNECTION : AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.expired, 10);
    CHECK_INT(stats.delivered, 10);
    axonpush_close(client);
    gate_free(gate);
    CHECK(tally_sound(tally, 20));
    CHECK_INT(server_stat("storedEvents"), 10);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(nothing_is_lost_when_connections_are_reset),
        TEST(nothing_is_lost_when_the_server_hangs_up),
        TEST(nothing_is_stored_twice_when_responses_are_lost),
        TEST(nothing_is_stored_twice_when_responses_are_cut),
        TEST(nothing_is_lost_when_the_service_is_busy),
        TEST(nothing_is_lost_when_responses_drip),
        TEST(nothing_is_lost_in_any_weather),
        TEST(one_connection_survives_any_weather),
        TEST(fail_open_loses_nothing_that_time_can_heal),
        TEST(connections_that_the_server_closed_meanwhile_are_no_failure),
        TEST(an_outage_costs_no_event),
        TEST(a_service_that_comes_up_late_gets_everything),
        TEST(a_service_that_comes_and_goes_gets_everything),
        TEST(a_flush_after_an_outage_does_not_wait_for_the_next_probe),
        TEST(while_the_service_is_down_one_event_probes),
        TEST(a_silent_service_is_asked_by_one_event_at_a_time),
        TEST(a_slow_success_ends_the_outage),
        TEST(an_outage_costs_a_line_every_few_seconds),
        TEST(retry_after_is_honoured_by_all_events),
        TEST(a_flush_does_not_overrule_retry_after),
        TEST(retry_after_beyond_the_delivery_timeout_ends_with_it),
        TEST(strict_mode_says_that_the_service_was_not_reached),
        TEST(fail_open_gives_up_without_an_error),
        TEST(fail_open_hides_no_error_of_the_services),
        TEST(a_silent_service_does_not_outlast_the_delivery_timeout),
        TEST(what_connects_nowhere_does_not_outlast_the_delivery_timeout),
        TEST(a_service_in_time_delivers_what_is_young_enough),
    };
    return RUN_TESTS(tests, argc, argv);
}
