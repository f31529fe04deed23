/* Bad input: a specific status, a message that names the argument, and nothing reaches the service. */
#include "check.h"

/* The call failed with `expected`, `named` is in its message, and the server saw nothing. */
static bool refused(axonpush_status status, axonpush_error *error, axonpush_status expected,
                    const char *named) {
    CHECK_STATUS(status, error, expected);
    CHECK_HAS(axonpush_error_message(error), named);
    CHECK_LACKS(axonpush_error_message(error), "secret");
    CHECK_INT(axonpush_error_http_status(error), 0);
    CHECK(!axonpush_error_retryable(error));
    CHECK_INT(request_count(), 0);
    axonpush_error_free(error);
    return true;
}

static bool refuses_event(axonpush_client *client, const axonpush_event *event, const char *named) {
    axonpush_error *error = NULL;
    axonpush_response *response = (axonpush_response *)&error;
    axonpush_status status = axonpush_events_publish(client, event, &response, &error);
    CHECK(response == NULL);
    return refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, named);
}

static bool refuses_query(axonpush_client *client, const axonpush_event_query *query, const char *named) {
    axonpush_error *error = NULL;
    axonpush_response *response = (axonpush_response *)&error;
    axonpush_status status = axonpush_events_search(client, query, &response, &error);
    CHECK(response == NULL);
    return refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, named);
}

static bool refuses_request(axonpush_client *client, const char *method, const char *path,
                            const char *query, const char *body, size_t length, const char *named) {
    axonpush_error *error = NULL;
    axonpush_response *response = (axonpush_response *)&error;
    axonpush_status status =
        axonpush_request(client, method, path, query, body, length, &response, &error);
    CHECK(response == NULL);
    return refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, named);
}

static bool refuses_options(const axonpush_options *options, axonpush_status expected, const char *named) {
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(options, &error);
    CHECK(client == NULL);
    return refused(axonpush_error_status(error), error, expected, named);
}

static const char *const NOT_UTF8[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"};
#define NOT_UTF8_COUNT (sizeof NOT_UTF8 / sizeof *NOT_UTF8)

static bool a_missing_required_member_is_named(void) {
    axonpush_client *client = test_client();
    CHECK(refuses_event(client, NULL, "event"));
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.payload = "{}";
    CHECK(refuses_event(client, &event, "event.identifier"));
    event.identifier = "";
    CHECK(refuses_event(client, &event, "event.identifier"));
    event.identifier = "step";
    event.payload = NULL;
    CHECK(refuses_event(client, &event, "event.payload"));
    event.payload_len = 10;
    CHECK(refuses_event(client, &event, "event.payload"));
    event.payload_len = 0;
    event.payload = "";
    CHECK(refuses_event(client, &event, "event.payload"));
    axonpush_close(client);
    return true;
}

static bool text_that_is_not_utf8_is_named(void) {
    axonpush_client *client = test_client();
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {
        {"event.identifier", offsetof(axonpush_event, identifier)},
        {"event.payload", offsetof(axonpush_event, payload)},
        {"event.channel_id", offsetof(axonpush_event, channel_id)},
        {"event.event_type", offsetof(axonpush_event, event_type)},
        {"event.agent_id", offsetof(axonpush_event, agent_id)},
        {"event.trace_id", offsetof(axonpush_event, trace_id)},
        {"event.span_id", offsetof(axonpush_event, span_id)},
        {"event.parent_span_id", offsetof(axonpush_event, parent_span_id)},
        {"event.dedup_key", offsetof(axonpush_event, dedup_key)},
        {"event.occurred_at", offsetof(axonpush_event, occurred_at)},
        {"event.metadata", offsetof(axonpush_event, metadata)},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        for (size_t bad = 0; bad < NOT_UTF8_COUNT; bad++) {
            axonpush_event event = test_event();
            *(const char **)((char *)&event + members[i].offset) = NOT_UTF8[bad];
            CHECK(refuses_event(client, &event, members[i].name));
        }
    }
    for (size_t bad = 0; bad < NOT_UTF8_COUNT; bad++) {
        axonpush_event event = test_event();
        event.payload = format("{\"k\":\"%s\"}", NOT_UTF8[bad]);
        event.payload_len = strlen(event.payload);
        CHECK(refuses_event(client, &event, "event.payload"));
    }
    axonpush_close(client);
    return true;
}

static bool a_payload_is_a_json_object(void) {
    static const char *const no_objects[] = {
        "[]", "[{}]", "1", "-0.5", "true", "null", "\"{}\"", "{", "}", "{}}", "{}{}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"\\udc00\":1}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\" 1}",
        " ", "\n", "\xef\xbb\xbf{}", "{\"a\":1} x", "{/* */}", "nul", "{\"a\":\"",
    };
    axonpush_client *client = test_client();
    for (size_t i = 0; i < sizeof no_objects / sizeof *no_objects; i++) {
        axonpush_event event = test_event();
        event.payload = no_objects[i];
        CHECK(refuses_event(client, &event, "event.payload"));
        event.payload = "{}";
        event.metadata = no_objects[i];
        CHECK(refuses_event(client, &event, "event.metadata"));
    }
    /* A NUL inside is no JSON either, and does not end the text where a length is given. */
    axonpush_event event = test_event();
    event.payload = "{\"a\":1}\0{";
    event.payload_len = 9;
    CHECK(refuses_event(client, &event, "event.payload"));
    event.payload = "{\"a\":\"x\0y\"}";
    event.payload_len = 11;
    CHECK(refuses_event(client, &event, "event.payload"));
    event.payload = "{}";
    event.payload_len = (size_t)-1;
    CHECK(refuses_event(client, &event, "event.payload"));
    axonpush_close(client);
    return true;
}

static bool unusual_but_valid_objects_are_taken(void) {
    static const char *const objects[] = {
        "{}", " { } ", "\t\r\n{\"\":\"\"}\n", "{\"a\":1,\"a\":2}", "{\"a\":1e400}", "{\"a\":-0}",
        "{\"a\":\"\\ud83d\\ude00\\u0000\\/\"}", "{\"\xf0\x9f\x98\x80\":[[],{},null,true,false]}",
        "{\"a\":123456789012345678901234567890.12345678901234567890}",
    };
    /* A scripted response: what the service itself makes of 1e400 is its own affair. */
    fault("{'path':'/event','status':200,'body':{'eventId':'e1'},'times':0}");
    axonpush_client *client = test_client();
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        axonpush_event event = test_event();
        axonpush_error *error = NULL;
        event.payload = event.metadata = objects[i];
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

static char *nested(size_t depth) {
    return format("%s1%s", repeated("{\"a\":", depth), repeated("}", depth));
}

static bool documents_are_bounded_in_depth(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    static const size_t too_deep[] = {128, 129, 1000, 200000};
    for (size_t i = 0; i < sizeof too_deep / sizeof *too_deep; i++) {
        event.payload = nested(too_deep[i]);
        event.metadata = NULL;
        CHECK(refuses_event(client, &event, "event.payload"));
        event.payload = "{}";
        event.metadata = nested(too_deep[i]);
        CHECK(refuses_event(client, &event, "event.metadata"));
    }
    event.metadata = NULL;
    event.payload = repeated("[", 300000);
    CHECK(refuses_event(client, &event, "event.payload"));

    /* The deepest that the header allows arrives whole (a response is scripted: how deep the service
       itself reads is its own affair). */
    fault("{'path':'/event','status':200,'body':{'eventId':'e1'}}");
    axonpush_error *error = NULL;
    event.payload = nested(127);
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    CHECK_TEXT(json_raw(request_body(0), "/payload"), event.payload);
    axonpush_close(client);
    return true;
}

static bool the_deepest_payload_is_taken_by_the_service(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.payload = nested(127);
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    CHECK_STATUS(status, error, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool documents_are_bounded_in_size(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    const size_t limit = 16u << 20;
    char *payload = scratch(limit + 2);
    memset(payload, ' ', limit + 1);
    payload[0] = '{';
    payload[limit] = '}';
    event.payload = payload;
    CHECK(refuses_event(client, &event, "event.payload"));
    event.payload = "{}";
    event.metadata = payload;
    event.metadata_len = limit + 1;
    CHECK(refuses_event(client, &event, "event.metadata"));
    axonpush_close(client);
    return true;
}

static bool ids_are_bounded_and_free_of_control_characters(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.trace_id = "a\nb";
    CHECK(refuses_event(client, &event, "event.trace_id"));
    event.trace_id = "a\rX-Injected: 1";
    CHECK(refuses_event(client, &event, "event.trace_id"));
    event.trace_id = "a\x7f";
    CHECK(refuses_event(client, &event, "event.trace_id"));
    event.trace_id = "t";
    event.span_id = "a\tb";
    CHECK(refuses_event(client, &event, "event.span_id"));
    event = test_event();
    static const char *const keys[] = {"a\nb", "\x01", "caf\xc3\xa9", "\x7f"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        event.dedup_key = keys[i];
        CHECK(refuses_event(client, &event, "event.dedup_key"));
    }
    event.dedup_key = repeated("k", 256);
    CHECK(refuses_event(client, &event, "event.dedup_key"));
    event = test_event();
    char *long_text = repeated("x", 1 << 20);
    event.identifier = long_text;
    CHECK(refuses_event(client, &event, "event.identifier"));
    event = test_event();
    event.channel_id = long_text;
    CHECK(refuses_event(client, &event, "event.channel_id"));
    event = test_event();
    event.trace_id = long_text;
    CHECK(refuses_event(client, &event, "event.trace_id"));

    event = test_event();
    event.dedup_key = repeated("k", 255);
    event.trace_id = "caf\xc3\xa9 \xf0\x9f\x98\x80";
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    CHECK_TEXT(json_text(request_body(0), "/traceId"), event.trace_id);
    axonpush_close(client);
    return true;
}

static bool a_time_is_rfc3339_in_utc(void) {
    static const char *const wrong[] = {
        "now", "2026-11-24", "2026-11-24T05:57:22", "2026-11-24T05:57:22+01:00", "2026-13-24T05:57:22Z",
        "2026-02-30T05:57:22Z", "2026-11-24T25:57:22Z", "1732427842",
        "2026-11-24T05:57:22Z ", "26-11-24T05:57:22Z",
    };
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        event.occurred_at = wrong[i];
        if (!refuses_event(client, &event, "event.occurred_at")) {
            printf("  %s\n", wrong[i]);
            return false;
        }
    }
    static const char *const right[] = {
        "2026-11-24T05:57:22Z", "2026-11-24T05:57:22.5Z", "2026-11-24T05:57:22.123456789Z",
        "2024-02-29T23:59:59Z", "2026-11-24T05:57:22+00:00",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        axonpush_error *error = NULL;
        event.occurred_at = right[i];
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

static bool a_time_with_an_empty_fraction_is_refused(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.occurred_at = "2026-11-24T05:57:22.Z";
    CHECK(refuses_event(client, &event, "event.occurred_at"));
    axonpush_close(client);
    return true;
}

static bool event_struct_sizes_are_checked(void) {
    axonpush_client *client = test_client();
    static const size_t absurd[] = {0, 1, 7, sizeof(axonpush_event) + 1, 1 << 20, (size_t)-1, (size_t)-8};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        axonpush_event event = test_event();
        event.struct_size = absurd[i];
        CHECK(refuses_event(client, &event, "event.struct_size"));
        axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
        query.struct_size = absurd[i] == sizeof event + 1 ? sizeof query + 1 : absurd[i];
        CHECK(refuses_query(client, &query, "query.struct_size"));
        axonpush_stats stats = AXONPUSH_STATS_INIT;
        axonpush_error *error = NULL;
        stats.struct_size = absurd[i] == sizeof event + 1 ? sizeof stats + 1 : absurd[i];
        axonpush_status status = axonpush_stats_get(client, &stats, &error);
        CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "stats.struct_size"));
    }
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_stats_get(client, NULL, &error);
    CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "stats"));
    axonpush_close(client);
    return true;
}

static bool an_older_callers_struct_works(void) {
    axonpush_client *client = test_client();
    axonpush_error *error = NULL;
    /* A caller that knew nothing after payload_len: what follows in memory is not looked at. */
    axonpush_event event;
    memset(&event, 0xff, sizeof event);
    event.struct_size = offsetof(axonpush_event, channel_id);
    event.identifier = "old";
    event.payload = "{}";
    event.payload_len = 0;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    CHECK_TEXT(json_names(request_body(0), ""), "dedupKey identifier payload spanId traceId");

    axonpush_event_query query;
    memset(&query, 0xff, sizeof query);
    query.struct_size = offsetof(axonpush_event_query, app_id);
    query.since = query.until = NULL;
    query.limit = 7;
    CHECK_STATUS(axonpush_events_search(client, &query, NULL, &error), error, AXONPUSH_OK);
    CHECK_TEXT(request_member(1, "target"), "/events?limit=7");

    /* Output is written no further than the caller's struct goes. */
    axonpush_stats stats;
    memset(&stats, 0xab, sizeof stats);
    stats.struct_size = offsetof(axonpush_stats, failed);
    CHECK_STATUS(axonpush_stats_get(client, &stats, &error), error, AXONPUSH_OK);
    CHECK_INT(stats.struct_size, offsetof(axonpush_stats, failed));
    CHECK_INT(stats.accepted, 0);
    CHECK(stats.failed == 0xababababababababu && stats.connections == 0xababababababababu);
    axonpush_close(client);
    return true;
}

static bool filters_are_checked(void) {
    axonpush_client *client = test_client();
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.limit = 501;
    CHECK(refuses_query(client, &query, "query.limit"));
    query.limit = UINT32_MAX;
    CHECK(refuses_query(client, &query, "query.limit"));
    query.limit = 0;
    query.attr_key = "only";
    CHECK(refuses_query(client, &query, "query.attr_key"));
    query.attr_key = NULL;
    query.attr_value = "only";
    CHECK(refuses_query(client, &query, "query.attr_value"));
    query.attr_value = NULL;
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {
#define MEMBER(name) { "query." #name, offsetof(axonpush_event_query, name) }
        MEMBER(since),          MEMBER(until),      MEMBER(app_id),         MEMBER(channel_id),
        MEMBER(environment_id), MEMBER(event_type), MEMBER(source),         MEMBER(status),
        MEMBER(trace_id),       MEMBER(agent_id),   MEMBER(agent_name),     MEMBER(tool_name),
        MEMBER(semantic_kind),  MEMBER(service_name), MEMBER(operation_name), MEMBER(error_type),
        MEMBER(q),              MEMBER(attr_key),   MEMBER(attr_value),
#undef MEMBER
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        axonpush_event_query bad = AXONPUSH_EVENT_QUERY_INIT;
        *(const char **)((char *)&bad + members[i].offset) = "\xff";
        CHECK(refuses_query(client, &bad, members[i].name));
    }
    /* A list needs a channel, and one only. */
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_list(client, NULL, NULL, NULL, &error);
    CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "channel_id"));
    status = axonpush_events_list(client, "", NULL, NULL, &error);
    CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "channel_id"));
    status = axonpush_events_list(client, "\xff", NULL, NULL, &error);
    CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "channel_id"));
    query.channel_id = "b";
    status = axonpush_events_list(client, "a", &query, NULL, &error);
    CHECK(refused(status, error, AXONPUSH_ERR_INVALID_ARGUMENT, "query.channel_id"));
    axonpush_close(client);
    return true;
}

static bool request_arguments_are_checked(void) {
    axonpush_client *client = test_client();
    static const char *const methods[] = {NULL, "", "get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "GET ",
                                          "GET / HTTP/1.1\r\nX: y", "\xff"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        CHECK(refuses_request(client, methods[i], "/apps", NULL, NULL, 0, "method"));
    }
    static const char *const paths[] = {
        NULL, "", "apps", "http://elsewhere/", "@elsewhere/", "/apps?x=1", "/apps#f", "/a b", "/a\r\nX: y",
        "/a\x01", "/caf\xc3\xa9", "\xff", "/apps/../admin", "/./apps", "/..", "/a/..", "/a\\b",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (!refuses_request(client, "GET", paths[i], NULL, NULL, 0, "path")) {
            printf("  path %s\n", paths[i] ? paths[i] : "(NULL)");
            return false;
        }
    }
    static const char *const queries[] = {"a b", "a#b", "a\r\nX: y", "caf\xc3\xa9", "\xff", "\x7f"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        CHECK(refuses_request(client, "GET", "/apps", queries[i], NULL, 0, "query"));
    }
    static const char *const bodies[] = {"{", "x", "{}{}", "\xff", "{\"a\":\"\\ud800\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CHECK(refuses_request(client, "POST", "/apps", NULL, bodies[i], 0, "body_json"));
    }
    CHECK(refuses_request(client, "POST", "/apps", NULL, "{}\0", 3, "body_json"));
    CHECK(refuses_request(client, "POST", "/apps", NULL, repeated("[", 100000), 0, "body_json"));
    CHECK(refuses_request(client, "GET", "/apps", NULL, "{}", 0, "body_json"));
    axonpush_close(client);
    return true;
}

static bool options_are_checked(void) {
    axonpush_options options = test_options();
    options.api_key = NULL;
    CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "AXONPUSH_API_KEY"));
    CHECK(refuses_options(NULL, AXONPUSH_ERR_CONFIG, "AXONPUSH_API_KEY"));

    static const struct {
        const char *name;
        size_t offset;
    } headers[] = {
        {"api_key", offsetof(axonpush_options, api_key)},
        {"tenant_id", offsetof(axonpush_options, tenant_id)},
        {"environment", offsetof(axonpush_options, environment)},
        {"user_agent", offsetof(axonpush_options, user_agent)},
    };
    static const char *const values[] = {"secret\nX: y", "secret\r", "secret\x7f", "\x01secret"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            options = test_options();
            *(const char **)((char *)&options + headers[i].offset) = values[v];
            CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, headers[i].name));
        }
    }
    static const struct {
        const char *name;
        size_t offset;
    } strings[] = {
#define MEMBER(name) { "options." #name, offsetof(axonpush_options, name) }
        MEMBER(api_key),     MEMBER(tenant_id), MEMBER(base_url), MEMBER(environment), MEMBER(channel_id),
        MEMBER(redact_keys), MEMBER(ca_file),   MEMBER(ca_pem),   MEMBER(proxy),       MEMBER(user_agent),
#undef MEMBER
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        options = test_options();
        *(const char **)((char *)&options + strings[i].offset) = "\xff";
        CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, strings[i].name));
    }
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {
#define MEMBER(name) { "options." #name, offsetof(axonpush_options, name) }
        MEMBER(fail_open), MEMBER(overflow), MEMBER(completion_mode), MEMBER(content_capture),
#undef MEMBER
    };
    static const int32_t unknown[] = {-1, 4, 99, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t n = 0; n < sizeof unknown / sizeof *unknown; n++) {
            options = test_options();
            *(int32_t *)(void *)((char *)&options + numbers[i].offset) = unknown[n];
            CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, numbers[i].name));
        }
    }
    options = test_options();
    options.max_connections = 257;
    CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, "max_connections"));

    static const char *const urls[] = {
        "example.com", "ftp://example.com", "http://", "http://user:secret@example.com", "http://h:99999",
        "http://h:x", "http://h/?q", "http://h/#f", "not a url", "http://:80", "file:///etc/passwd",
        "http://a b/", "http://h\r\nX: y/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        options = test_options();
        options.base_url = urls[i];
        CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "base_url"));
    }
    options = test_options();
    options.ca_file = "/nonexistent/ca.pem";
    CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "ca_file"));
    options.ca_file = "/dev/null";
    CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "ca_file"));
    options.ca_file = NULL;
    options.ca_pem = "no certificate";
    CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "ca_pem"));
    options.ca_pem = NULL;
    options.proxy = "nonsense://x y";
    axonpush_error *error = NULL;
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_HAS(axonpush_error_message(error), "proxy");
    axonpush_error_free(error);
    return true;
}

static bool a_key_and_a_product_token_are_printable_ascii(void) {
    axonpush_options options = test_options();
    options.api_key = "ak_secret_caf\xc3\xa9";
    CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, "api_key"));
    options = test_options();
    options.user_agent = "caf\xc3\xa9/1.0";
    CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, "user_agent"));
    options.user_agent = "a\tb/1.0";
    CHECK(refuses_options(&options, AXONPUSH_ERR_INVALID_ARGUMENT, "user_agent"));
    return true;
}

static bool a_certificate_that_cannot_be_read_is_refused(void) {
    axonpush_options options = test_options();
    options.ca_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    CHECK(refuses_options(&options, AXONPUSH_ERR_CONFIG, "ca_pem"));
    return true;
}

static bool the_client_is_usable_after_refusals(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.payload = "[";
    for (int i = 0; i < 100; i++) {
        CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_ERR_INVALID_ARGUMENT);
    }
    event.payload = "{}";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(request_count(), 1);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_missing_required_member_is_named),
        TEST(text_that_is_not_utf8_is_named),
        TEST(a_payload_is_a_json_object),
        TEST(unusual_but_valid_objects_are_taken),
        TEST(documents_are_bounded_in_depth),
        TEST(the_deepest_payload_is_taken_by_the_service),
        TEST(documents_are_bounded_in_size),
        TEST(ids_are_bounded_and_free_of_control_characters),
        TEST(a_time_is_rfc3339_in_utc),
        TEST(a_time_with_an_empty_fraction_is_refused),
        TEST(event_struct_sizes_are_checked),
        TEST(an_older_callers_struct_works),
        TEST(filters_are_checked),
        TEST(request_arguments_are_checked),
        TEST(options_are_checked),
        TEST(a_key_and_a_product_token_are_printable_ascii),
        TEST(a_certificate_that_cannot_be_read_is_refused),
        TEST(the_client_is_usable_after_refusals),
    };
    return RUN_TESTS(tests, argc, argv);
}
