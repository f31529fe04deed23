/* Where a client's configuration comes from. */
#include "check.h"

/* Publishes by a client with these options (NULL: the environment alone). */
static bool publish(const axonpush_options *options) {
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(options, &error);
    if (!client) printf("  %s\n", axonpush_error_message(error));
    CHECK(client != NULL);
    axonpush_event event = test_event();
    event.payload = "{\"prompt\":\"content\",\"mine\":1,\"t\":\"12345678\"}";
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool refuses_variable(const char *name, const char *value) {
    setenv("AXONPUSH_API_KEY", TEST_KEY, 1);
    setenv(name, value, 1);
    axonpush_error *error = NULL;
    CHECK(axonpush_new(NULL, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), name);
    if (strcmp(name, "AXONPUSH_API_KEY") != 0) {
        CHECK_HAS(axonpush_error_message(error), value);
    }
    CHECK_LACKS(axonpush_error_message(error), "secret");
    axonpush_error_free(error);
    unsetenv(name);
    return true;
}

static bool the_environment_alone_is_enough(void) {
    setenv("AXONPUSH_API_KEY", "ak_from_env", 1);
    setenv("AXONPUSH_BASE_URL", server_url(), 1);
    setenv("AXONPUSH_TENANT_ID", "tenant-env", 1);
    setenv("AXONPUSH_ENVIRONMENT", "staging", 1);
    setenv("AXONPUSH_CHANNEL_ID", "channel-env", 1);
    setenv("AXONPUSH_CONTENT_CAPTURE", "full", 1);
    setenv("AXONPUSH_REDACT_KEYS", "mine", 1);
    setenv("AXONPUSH_MAX_CONTENT_LENGTH", "7", 1);
    CHECK(publish(NULL));
    CHECK_TEXT(request_header(0, "x-api-key"), "ak_from_env");
    CHECK_TEXT(request_header(0, "x-tenant-id"), "tenant-env");
    CHECK_TEXT(request_header(0, "x-axonpush-environment"), "staging");
    CHECK_TEXT(json_text(request_body(0), "/channel_id"), "channel-env");
    CHECK_TEXT(json_raw(request_body(0), "/payload"),
               "{\"prompt\":\"content\",\"mine\":\"[REDACTED]\",\"t\":\"1234567\xe2\x80\xa6[TRUNCATED]\"}");
    /* Options without a word in them say nothing else. */
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    CHECK(publish(&options));
    options.api_key = options.tenant_id = options.base_url = options.environment = options.channel_id = "";
    options.redact_keys = options.ca_file = options.ca_pem = options.user_agent = "";
    CHECK(publish(&options));
    for (size_t i = 1; i < 3; i++) {
        CHECK_TEXT(request_header(i, "x-api-key"), "ak_from_env");
        CHECK_TEXT(request_header(i, "x-tenant-id"), "tenant-env");
        CHECK_TEXT(json_text(request_body(i), "/channel_id"), "channel-env");
    }
    return true;
}

static bool an_option_wins_over_its_variable(void) {
    setenv("AXONPUSH_API_KEY", "ak_from_env", 1);
    setenv("AXONPUSH_BASE_URL", dead_url(), 1);
    setenv("AXONPUSH_TENANT_ID", "tenant-env", 1);
    setenv("AXONPUSH_ENVIRONMENT", "env-env", 1);
    setenv("AXONPUSH_CHANNEL_ID", "channel-env", 1);
    setenv("AXONPUSH_CONTENT_CAPTURE", "metadata_only", 1);
    setenv("AXONPUSH_REDACT_KEYS", "t", 1);
    setenv("AXONPUSH_MAX_CONTENT_LENGTH", "1", 1);
    setenv("AXONPUSH_FAIL_OPEN", "true", 1);
    axonpush_options options = test_options();
    options.tenant_id = "tenant-option";
    options.environment = "env-option";
    options.channel_id = "channel-option";
    options.content_capture = AXONPUSH_CONTENT_FULL;
    options.redact_keys = "mine";
    options.max_content_length = 100;
    CHECK(publish(&options));
    CHECK_TEXT(request_header(0, "x-api-key"), TEST_KEY);
    CHECK_TEXT(request_header(0, "x-tenant-id"), "tenant-option");
    CHECK_TEXT(request_header(0, "x-axonpush-environment"), "env-option");
    CHECK_TEXT(json_text(request_body(0), "/channel_id"), "channel-option");
    CHECK_TEXT(json_raw(request_body(0), "/payload"),
               "{\"prompt\":\"content\",\"mine\":\"[REDACTED]\",\"t\":\"12345678\"}");
    return true;
}

static bool the_organization_stands_in_for_the_tenant(void) {
    setenv("AXONPUSH_ORG_ID", "org", 1);
    axonpush_options options = test_options();
    CHECK(publish(&options));
    setenv("AXONPUSH_TENANT_ID", "tenant", 1);
    CHECK(publish(&options));
    setenv("AXONPUSH_TENANT_ID", "", 1);
    CHECK(publish(&options));
    CHECK_TEXT(request_header(0, "x-tenant-id"), "org");
    CHECK_TEXT(request_header(1, "x-tenant-id"), "tenant");
    CHECK_TEXT(request_header(2, "x-tenant-id"), "org");
    return true;
}

static axonpush_status publish_to_a_dead_service(axonpush_toggle fail_open) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = fail_open;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_status status = axonpush_events_publish(client, &event, NULL, NULL);
    axonpush_close(client);
    return status;
}

static bool fail_open_is_a_switch_in_many_spellings(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    static const char *const on[] = {"true", "1", "yes", "on", "TRUE", "Yes", "oN", ""};
    static const char *const off[] = {"false", "0", "no", "off", "FALSE", "No", "OFF"};
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        setenv("AXONPUSH_FAIL_OPEN", on[i], 1);
        CHECK_INT(publish_to_a_dead_service(AXONPUSH_DEFAULT), AXONPUSH_OK);
        CHECK_INT(publish_to_a_dead_service(AXONPUSH_DISABLED), AXONPUSH_ERR_CONNECTION);
    }
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        setenv("AXONPUSH_FAIL_OPEN", off[i], 1);
        CHECK_INT(publish_to_a_dead_service(AXONPUSH_DEFAULT), AXONPUSH_ERR_CONNECTION);
        CHECK_INT(publish_to_a_dead_service(AXONPUSH_ENABLED), AXONPUSH_OK);
    }
    unsetenv("AXONPUSH_FAIL_OPEN");
    CHECK_INT(publish_to_a_dead_service(AXONPUSH_DEFAULT), AXONPUSH_OK);
    return true;
}

static bool the_timeout_variable_is_in_seconds(void) {
    setenv("AXONPUSH_TIMEOUT", "0.7", 1);
    axonpush_options options = test_options();
    options.timeout_ms = 0;
    fault("{'path':'/event','silent':true,'times':2}");
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK(now_ms() - start >= 690 && now_ms() - start < 8000);
    axonpush_error_free(error);
    axonpush_close(client);
    options.timeout_ms = 300;
    client = client_with(&options);
    start = now_ms();
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK_HAS(axonpush_error_message(error), "300 ms");
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

static bool the_retries_variable_counts_repeats(void) {
    setenv("AXONPUSH_MAX_RETRIES", "0", 1);
    fault("{'path':'/event','status':503,'headers':{'Retry-After':'0'},'times':0}");
    axonpush_options options = test_options();
    options.max_retries = 0;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 1);
    axonpush_close(client);
    setenv("AXONPUSH_MAX_RETRIES", "2", 1);
    client = client_with(&options);
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_ERR_SERVER);
    CHECK_INT(request_count(), 4);
    axonpush_close(client);
    return true;
}

static bool an_unusable_variable_is_named_with_its_value(void) {
    CHECK(refuses_variable("AXONPUSH_TIMEOUT", "soon"));
    CHECK(refuses_variable("AXONPUSH_TIMEOUT", "0"));
    CHECK(refuses_variable("AXONPUSH_TIMEOUT", "-1"));
    CHECK(refuses_variable("AXONPUSH_TIMEOUT", "nan"));
    CHECK(refuses_variable("AXONPUSH_TIMEOUT", "1e300"));
    CHECK(refuses_variable("AXONPUSH_MAX_RETRIES", "-1"));
    CHECK(refuses_variable("AXONPUSH_MAX_RETRIES", "1.5"));
    CHECK(refuses_variable("AXONPUSH_MAX_RETRIES", "99999999999"));
    CHECK(refuses_variable("AXONPUSH_FAIL_OPEN", "maybe"));
    CHECK(refuses_variable("AXONPUSH_CONTENT_CAPTURE", "everything"));
    CHECK(refuses_variable("AXONPUSH_MAX_CONTENT_LENGTH", "0"));
    CHECK(refuses_variable("AXONPUSH_MAX_CONTENT_LENGTH", "many"));
    CHECK(refuses_variable("AXONPUSH_API_KEY", "ak_secret\nx"));
    return true;
}

static bool an_unusable_base_url_variable_is_named_with_its_value(void) {
    CHECK(refuses_variable("AXONPUSH_BASE_URL", "ftp://elsewhere"));
    CHECK(refuses_variable("AXONPUSH_BASE_URL", "nonsense"));
    return true;
}

static bool a_control_character_in_a_variable_is_a_configuration_error(void) {
    axonpush_error *error = NULL;
    axonpush_options options = test_options();
    setenv("AXONPUSH_TENANT_ID", "a\nb", 1);
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "AXONPUSH_TENANT_ID");
    axonpush_error_free(error);
    setenv("AXONPUSH_TENANT_ID", "\xff\xfe", 1);
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "AXONPUSH_TENANT_ID");
    axonpush_error_free(error);
    /* Where an option says it, the variable is not looked at. */
    options.tenant_id = "fine";
    CHECK(publish(&options));
    return true;
}

static bool a_missing_key_is_said_with_what_to_do(void) {
    axonpush_error *error = NULL;
    CHECK(axonpush_new(NULL, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "api_key");
    CHECK_HAS(axonpush_error_message(error), "AXONPUSH_API_KEY");
    axonpush_error_free(error);
    CHECK(axonpush_new(NULL, NULL) == NULL);
    return true;
}

static bool option_struct_sizes_are_checked(void) {
    static const size_t absurd[] = {0, 1, 8, sizeof(axonpush_options) + 1, 1 << 20, (size_t)-1};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        axonpush_options options = test_options();
        axonpush_error *error = NULL;
        options.struct_size = absurd[i];
        CHECK(axonpush_new(&options, &error) == NULL);
        CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
        CHECK_HAS(axonpush_error_message(error), "struct_size");
        axonpush_error_free(error);
    }
    return true;
}

static bool an_older_callers_options_work(void) {
    /* One that knew no more than this: the rest of its memory is not looked at. */
    axonpush_options options;
    memset(&options, 0xff, sizeof options);
    options.struct_size = offsetof(axonpush_options, environment);
    options.api_key = TEST_KEY;
    options.tenant_id = "old";
    options.base_url = server_url();
    CHECK(publish(&options));
    CHECK_TEXT(request_header(0, "x-tenant-id"), "old");
    CHECK_TEXT(request_header(0, "x-axonpush-environment"), NULL);
    return true;
}

static bool the_init_functions_do_what_the_macros_do(void) {
    /* For the members of the first release, for ever (test_first_release has its sizes): `size` is the offset of
       the first member that was appended. Member by member would be long: all bytes, but for the gap behind one
       32-bit member. */
#define CHECK_INIT(type, function, macro, narrow, next, size) \
    do { \
        type by_function, by_macro = macro; \
        const char *a = (const char *)&by_function, *b = (const char *)&by_macro; \
        size_t first = sizeof by_function.struct_size; \
        memset(&by_function, 0xff, sizeof by_function); \
        function(&by_function); \
        CHECK_INT(by_function.struct_size, size); \
        CHECK_INT(by_macro.struct_size, sizeof(type)); \
        CHECK(memcmp(a + first, b + first, offsetof(type, narrow) - first) == 0); \
        CHECK(by_function.narrow == 0); \
        CHECK(memcmp(a + offsetof(type, next), b + offsetof(type, next), (size) - offsetof(type, next)) == 0); \
        function(NULL); \
    } while (0)
    CHECK_INIT(axonpush_options, axonpush_options_init, AXONPUSH_OPTIONS_INIT, max_content_length, ca_file,
               offsetof(axonpush_options, block_timeout_ms));
    CHECK_INIT(axonpush_event, axonpush_event_init, AXONPUSH_EVENT_INIT, payload_len, channel_id,
               sizeof(axonpush_event));
    CHECK_INIT(axonpush_event_query, axonpush_event_query_init, AXONPUSH_EVENT_QUERY_INIT, limit, app_id,
               sizeof(axonpush_event_query));
    CHECK_INIT(axonpush_stats, axonpush_stats_init, AXONPUSH_STATS_INIT, accepted, delivered,
               offsetof(axonpush_stats, log_lines_lost));
#undef CHECK_INIT
    return true;
}

static bool options_are_copied(void) {
    char key[] = TEST_KEY, channel[] = "channel", tenant[] = "tenant";
    char *url = format("%s", server_url());
    axonpush_options options = test_options();
    options.api_key = key;
    options.channel_id = channel;
    options.tenant_id = tenant;
    options.base_url = url;
    axonpush_client *client = client_with(&options);
    memset(key, 'x', strlen(key));
    memset(channel, 'x', strlen(channel));
    memset(tenant, 'x', strlen(tenant));
    memset(url, 'x', strlen(url));
    memset(&options, 0xff, sizeof options);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_header(0, "x-api-key"), TEST_KEY);
    CHECK_TEXT(request_header(0, "x-tenant-id"), "tenant");
    CHECK_TEXT(json_text(request_body(0), "/channel_id"), "channel");
    axonpush_close(client);
    return true;
}

static bool a_proxy_option_wins_over_the_variables(void) {
    setenv("HTTP_PROXY", dead_url(), 1);
    setenv("HTTPS_PROXY", dead_url(), 1);
    axonpush_options options = test_options();
    options.proxy = "";
    CHECK(publish(&options));
    unsetenv("HTTP_PROXY");
    unsetenv("HTTPS_PROXY");
    options.proxy = dead_url();
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_ERR_CONNECTION);
    axonpush_close(client);
    CHECK_INT(request_count(), 1);
    return true;
}

static bool the_library_has_the_headers_version(void) {
    CHECK_TEXT(axonpush_version(), AXONPUSH_VERSION);
    CHECK_TEXT(AXONPUSH_VERSION, format("%d.%d.%d", AXONPUSH_VERSION_MAJOR, AXONPUSH_VERSION_MINOR,
                                        AXONPUSH_VERSION_PATCH));
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(the_environment_alone_is_enough),
        TEST(an_option_wins_over_its_variable),
        TEST(the_organization_stands_in_for_the_tenant),
        TEST(fail_open_is_a_switch_in_many_spellings),
        TEST(the_timeout_variable_is_in_seconds),
        TEST(the_retries_variable_counts_repeats),
        TEST(an_unusable_variable_is_named_with_its_value),
        TEST(an_unusable_base_url_variable_is_named_with_its_value),
        TEST(a_control_character_in_a_variable_is_a_configuration_error),
        TEST(a_missing_key_is_said_with_what_to_do),
        TEST(option_struct_sizes_are_checked),
        TEST(an_older_callers_options_work),
        TEST(the_init_functions_do_what_the_macros_do),
        TEST(options_are_copied),
        TEST(a_proxy_option_wins_over_the_variables),
        TEST(the_library_has_the_headers_version),
    };
    return RUN_TESTS(tests, argc, argv);
}
