/* The application never fails because the service cannot be reached, unless it asks for that. */
#include "check.h"

#include <pthread.h>

/* What was logged during a test. */
static struct {
    pthread_mutex_t lock;
    int warnings;
    char last[2000];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void count_warnings(axonpush_log_level level, const char *message, void *user_data) {
    (void)user_data;
    pthread_mutex_lock(&logged.lock);
    if (level == AXONPUSH_LOG_WARN) logged.warnings++;
    snprintf(logged.last, sizeof logged.last, "%s", message);
    pthread_mutex_unlock(&logged.lock);
}

static void listen_to_the_log(void) {
    logged.warnings = 0;
    logged.last[0] = 0;
    axonpush_log_set(AXONPUSH_LOG_WARN, count_warnings, NULL);
}

static axonpush_client *open_client(const char *url) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.fail_open = AXONPUSH_ENABLED;
    return client_with(&options);
}

static bool publishing_to_a_dead_service_succeeds_with_nothing(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(dead_url());
    axonpush_event event = test_event();
    axonpush_response *response = (axonpush_response *)&event;
    axonpush_error *error = (axonpush_error *)&event;
    CHECK_STATUS(axonpush_events_publish(client, &event, &response, &error), error, AXONPUSH_OK);
    CHECK(response == NULL);
    CHECK(error == NULL);
    CHECK_INT(logged.warnings, 1);
    CHECK_HAS(logged.last, "POST /event");
    CHECK_HAS(logged.last, "refused");
    CHECK_HAS(logged.last, "fail-open");
    CHECK_LACKS(logged.last, "secret");
    /* Code for the happy path keeps running. */
    CHECK_TEXT(axonpush_response_string(response, "/eventId"), NULL);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool reading_from_a_dead_service_gives_an_empty_list(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(dead_url());
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_search(client, NULL, &response, &error), error, AXONPUSH_OK);
    CHECK(response != NULL);
    CHECK_INT(axonpush_response_count(response, "/events"), 0);
    CHECK_INT(axonpush_response_http_status(response), 0);
    CHECK_TEXT(axonpush_response_request_id(response), NULL);
    CHECK_TEXT(json_raw(axonpush_response_json(response, NULL), "/events"), "[]");
    axonpush_response_free(response);
    CHECK_INT(logged.warnings, 1);
    CHECK_HAS(logged.last, "GET /events");
    CHECK_STATUS(axonpush_events_list(client, "c", NULL, &response, &error), error, AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(response, "/events"), 0);
    CHECK(response != NULL);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool any_request_to_a_dead_service_succeeds_with_nothing(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(dead_url());
    axonpush_response *response = (axonpush_response *)&client;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_request(client, "DELETE", "/apps/a", "x=1", NULL, 0, &response, &error), error,
                 AXONPUSH_OK);
    CHECK(response == NULL);
    CHECK_INT(logged.warnings, 1);
    CHECK_HAS(logged.last, "DELETE /apps/a");
    axonpush_close(client);
    return true;
}

static bool strict_mode_reports_a_dead_service(void) {
    listen_to_the_log();
    axonpush_options options = test_options();
    options.base_url = dead_url();
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_response *response = (axonpush_response *)&event;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, &response, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK(response == NULL);
    CHECK_HAS(axonpush_error_message(error), "refused");
    CHECK_INT(axonpush_error_http_status(error), 0);
    CHECK(axonpush_error_retryable(error));
    CHECK_INT(axonpush_error_retry_after_ms(error), -1);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_search(client, NULL, &response, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK(response == NULL);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_list(client, "c", NULL, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_request(client, "GET", "/apps", NULL, NULL, 0, NULL, &error), error,
                 AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    CHECK_INT(logged.warnings, 0);
    axonpush_close(client);
    return true;
}

static bool every_failure_to_connect_is_suppressed(void) {
    static const char *const faults[] = {
        "'reset':true", "'hangup':'before'", "'hangup':'after'", "'truncate':3", "'status':408",
        "'silent':true",
    };
    listen_to_the_log();
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    options.timeout_ms = 1000;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        axonpush_client *client = client_with(&options);
        axonpush_event event = test_event();
        axonpush_response *response = (axonpush_response *)&event;
        axonpush_error *error = NULL;
        fault(format("{'path':'/event',%s}", faults[i]));
        CHECK_STATUS(axonpush_events_publish(client, &event, &response, &error), error, AXONPUSH_OK);
        CHECK(response == NULL);
        CHECK_INT(logged.warnings, (int)i + 1);
        axonpush_close(client);
    }
    /* A name that does not exist (RFC 6761: .invalid never does). */
    options.base_url = "http://axonpush-test.invalid";
    options.timeout_ms = 20000;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool every_other_failure_is_reported(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(server_url());
    axonpush_event event = test_event();
    static const struct {
        const char *response;
        axonpush_status expected;
    } cases[] = {
        {"'status':401", AXONPUSH_ERR_AUTHENTICATION}, {"'status':403", AXONPUSH_ERR_FORBIDDEN},
        {"'status':404", AXONPUSH_ERR_NOT_FOUND},      {"'status':422", AXONPUSH_ERR_VALIDATION},
        {"'status':429", AXONPUSH_ERR_RATE_LIMIT},     {"'status':503", AXONPUSH_ERR_SERVER},
        {"'status':302", AXONPUSH_ERR_API},            {"'status':200,'body':'x'", AXONPUSH_ERR_DECODE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        axonpush_error *error = NULL;
        fault(format("{'path':'/event',%s}", cases[i].response));
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, cases[i].expected);
        axonpush_error_free(error);
    }
    axonpush_error *error = NULL;
    event.payload = "no JSON";
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    axonpush_error_free(error);
    CHECK_INT(logged.warnings, 0);
    axonpush_close(client);
    return true;
}

static bool fail_open_comes_after_the_retries(void) {
    listen_to_the_log();
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_DEFAULT;
    options.max_retries = 2;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    fault("{'path':'/event','hangup':'before','times':2}");
    CHECK_INT(axonpush_events_publish(client, &event, &response, NULL), AXONPUSH_OK);
    CHECK(response != NULL);
    CHECK_INT(logged.warnings, 0);
    axonpush_response_free(response);
    axonpush_close(client);
    client = client_with(&options);
    fault("{'path':'/event','hangup':'before','times':3}");
    CHECK_INT(axonpush_events_publish(client, &event, &response, NULL), AXONPUSH_OK);
    CHECK(response == NULL);
    CHECK_INT(logged.warnings, 1);
    CHECK_INT(request_count(), 6);
    axonpush_close(client);
    return true;
}

static bool an_outage_costs_a_line_every_few_seconds(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(dead_url());
    axonpush_event event = test_event();
    int64_t start = now_ms();
    for (int i = 0; i < scaled(500); i++) {
        CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    }
    CHECK(logged.warnings >= 1);
    CHECK(logged.warnings <= 2 + (now_ms() - start) / 1000);
    axonpush_close(client);
    return true;
}

static bool the_service_is_used_again_when_it_is_back(void) {
    listen_to_the_log();
    axonpush_client *client = open_client(server_url());
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    fault("{'path':'/event','reset':true,'times':3}");
    for (int i = 0; i < 4; i++) {
        CHECK_INT(axonpush_events_publish(client, &event, &response, NULL), AXONPUSH_OK);
        CHECK((response != NULL) == (i == 3));
    }
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(publishing_to_a_dead_service_succeeds_with_nothing),
        TEST(reading_from_a_dead_service_gives_an_empty_list),
        TEST(any_request_to_a_dead_service_succeeds_with_nothing),
        TEST(strict_mode_reports_a_dead_service),
        TEST(every_failure_to_connect_is_suppressed),
        TEST(every_other_failure_is_reported),
        TEST(fail_open_comes_after_the_retries),
        TEST(an_outage_costs_a_line_every_few_seconds),
        TEST(the_service_is_used_again_when_it_is_back),
    };
    return RUN_TESTS(tests, argc, argv);
}
