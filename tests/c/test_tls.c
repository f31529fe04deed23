/*
 * HTTPS with a private certificate authority. The runner made, in AXONPUSH_TEST_FOLDER: ca.pem, the
 * server's certificate for the name localhost by it, and other.pem, an authority that signed nothing.
 * The control endpoints are behind TLS too, so the request log is read through the library.
 */
#include "check.h"

static const char *file(const char *name) {
    return format("%s/%s", getenv("AXONPUSH_TEST_FOLDER"), name);
}

static const char *contents(const char *name) {
    FILE *open = fopen(file(name), "r");
    if (!open) return NULL;
    char *text = scratch(1 << 16);
    text[fread(text, 1, (1 << 16) - 1, open)] = 0;
    fclose(open);
    return text;
}

/* The server by its name; server_url() has its address. */
static const char *named_url(void) {
    return format("https://localhost%s", strrchr(server_url(), ':'));
}

static axonpush_options tls_options(void) {
    axonpush_options options = test_options();
    options.base_url = named_url();
    return options;
}

/* The log of requests, by a client that trusts the server. */
static size_t requests_seen(void) {
    axonpush_options options = tls_options();
    options.ca_file = file("ca.pem");
    axonpush_client *client = client_with(&options);
    axonpush_response *response = NULL;
    axonpush_request(client, "GET", "/_dev/requests", NULL, NULL, 0, &response, NULL);
    size_t count = response ? axonpush_response_count(response, "/requests") : (size_t)-1;
    axonpush_response_free(response);
    axonpush_close(client);
    return count;
}

static axonpush_status publish(const axonpush_options *options, axonpush_error **error) {
    axonpush_client *client = client_with(options);
    axonpush_event event = test_event();
    axonpush_status status = axonpush_events_publish(client, &event, NULL, error);
    axonpush_close(client);
    return status;
}

/* A connection failure, whose message says what is wrong, and no request has arrived. */
static bool is_refused(const axonpush_options *options) {
    size_t before = requests_seen();
    axonpush_error *error = NULL;
    CHECK_STATUS(publish(options, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK_HAS(axonpush_error_message(error), "ertificate");
    CHECK_LACKS(axonpush_error_message(error), "secret");
    CHECK(axonpush_error_retryable(error));
    axonpush_error_free(error);
    CHECK_INT(requests_seen(), before);
    return true;
}

static bool the_variable_names_the_platforms_roots(void) {
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    setenv("SSL_CERT_FILE", file("ca.pem"), 1);
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    setenv("SSL_CERT_FILE", file("other.pem"), 1);
    bool refused = is_refused(&options);
    unsetenv("SSL_CERT_FILE");
    return refused;
}

static bool a_ca_file_is_trusted(void) {
    size_t before = requests_seen();
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    options.ca_file = file("ca.pem");
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    CHECK_INT(requests_seen(), before + 1);
    return true;
}

static bool a_ca_text_is_trusted(void) {
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    options.ca_pem = contents("ca.pem");
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    /* Several certificates, and words between them. */
    options.ca_pem = format("# roots\n%s\n%s", contents("other.pem"), contents("ca.pem"));
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    return true;
}

static bool the_text_wins_over_the_file(void) {
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    options.ca_pem = contents("ca.pem");
    options.ca_file = file("other.pem");
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    options.ca_pem = contents("other.pem");
    options.ca_file = file("ca.pem");
    CHECK(is_refused(&options));
    return true;
}

static bool a_given_authority_stands_in_place_of_the_platforms(void) {
    axonpush_options options = tls_options();
    setenv("SSL_CERT_FILE", file("ca.pem"), 1);
    options.ca_file = file("other.pem");
    bool refused = is_refused(&options);
    unsetenv("SSL_CERT_FILE");
    return refused;
}

static bool an_unknown_authority_is_a_connection_failure(void) {
    axonpush_options options = tls_options();
    CHECK(is_refused(&options));
    options.ca_file = file("other.pem");
    CHECK(is_refused(&options));
    return true;
}

static bool another_host_name_is_a_connection_failure(void) {
    axonpush_options options = tls_options();
    options.ca_file = file("ca.pem");
    options.base_url = server_url();
    CHECK_HAS(options.base_url, "127.0.0.1");
    CHECK(is_refused(&options));
    return true;
}

static bool fail_open_suppresses_a_tls_failure_too(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    options.ca_file = file("other.pem");
    options.fail_open = AXONPUSH_ENABLED;
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_OK);
    return true;
}

static bool http_to_a_tls_port_is_a_connection_failure(void) {
    axonpush_options options = tls_options();
    axonpush_error *error = NULL;
    options.base_url = format("http://localhost%s", strrchr(server_url(), ':'));
    CHECK_STATUS(publish(&options, &error), error, AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    return true;
}

static bool one_connection_serves_many_calls(void) {
    axonpush_options options = tls_options();
    options.ca_file = file("ca.pem");
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    for (int i = 0; i < 10; i++) CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(client, &stats, NULL), AXONPUSH_OK);
    CHECK_INT(stats.connections, 1);
    axonpush_close(client);
    return true;
}

static bool a_large_event_goes_through(void) {
    axonpush_options options = tls_options();
    options.ca_file = file("ca.pem");
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.payload = format("{\"list\":[%s0]}", repeated("\"0123456789012345678901234567890123456789\",", 50000));
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(the_variable_names_the_platforms_roots),
        TEST(a_ca_file_is_trusted),
        TEST(a_ca_text_is_trusted),
        TEST(the_text_wins_over_the_file),
        TEST(a_given_authority_stands_in_place_of_the_platforms),
        TEST(an_unknown_authority_is_a_connection_failure),
        TEST(another_host_name_is_a_connection_failure),
        TEST(fail_open_suppresses_a_tls_failure_too),
        TEST(http_to_a_tls_port_is_a_connection_failure),
        TEST(one_connection_serves_many_calls),
        TEST(a_large_event_goes_through),
    };
    return RUN_TESTS(tests, argc, argv);
}
