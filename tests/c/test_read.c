/* Reading: lists, searches, other endpoints, and what C sees of the JSON that came back. */
#include "check.h"

static bool publish(axonpush_client *client, const char *identifier, const char *channel,
                    const char *payload) {
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.identifier = identifier;
    event.channel_id = channel;
    event.payload = payload;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    return true;
}

/* The response to one GET, with this body. */
static axonpush_response *response_with(axonpush_client *client, const char *body) {
    char *quoted = format("{\"path\":\"/x\",\"status\":200,\"body\":%s}", body);
    dev("POST", "/_dev/faults", quoted);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_request(client, "GET", "/x", NULL, NULL, 0, &response, &error);
    if (!check_status(status, error, AXONPUSH_OK, __FILE__, __LINE__, "GET /x")) exit(1);
    return response;
}

static bool a_list_is_one_channels_events_newest_first(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, "first", "a", "{\"n\":1}"));
    CHECK(publish(client, "other", "b", "{\"n\":2}"));
    CHECK(publish(client, "last", "a", "{\"n\":3}"));
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_list(client, "a", NULL, &response, &error), error, AXONPUSH_OK);
    CHECK_TEXT(request_member(3, "target"), "/events?channelId=a");
    CHECK_INT(axonpush_response_count(response, "/events"), 2);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/operationName"), "last");
    CHECK_TEXT(axonpush_response_string(response, "/events/1/operationName"), "first");
    int64_t n = 0;
    CHECK(axonpush_response_int(response, "/events/0/payload/n", &n));
    CHECK_INT(n, 3);
    CHECK_INT(axonpush_response_http_status(response), 200);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool a_list_without_a_channel_takes_the_clients(void) {
    axonpush_options options = test_options();
    options.channel_id = "mine";
    axonpush_client *client = client_with(&options);
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.limit = 3;
    CHECK_INT(axonpush_events_list(client, NULL, &query, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(0, "target"), "/events?channelId=mine&limit=3");
    /* The same channel said twice is no contradiction. */
    query.channel_id = "a";
    CHECK_INT(axonpush_events_list(client, "a", &query, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(1, "target"), "/events?channelId=a&limit=3");
    /* A search is not bound to the client's channel. */
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(2, "target"), "/events");
    axonpush_close(client);
    return true;
}

static bool every_filter_has_its_name_on_the_wire(void) {
    static const struct {
        const char *name;
        size_t offset;
    } filters[] = {
        {"since", offsetof(axonpush_event_query, since)},
        {"until", offsetof(axonpush_event_query, until)},
        {"appId", offsetof(axonpush_event_query, app_id)},
        {"channelId", offsetof(axonpush_event_query, channel_id)},
        {"environmentId", offsetof(axonpush_event_query, environment_id)},
        {"eventType", offsetof(axonpush_event_query, event_type)},
        {"source", offsetof(axonpush_event_query, source)},
        {"status", offsetof(axonpush_event_query, status)},
        {"traceId", offsetof(axonpush_event_query, trace_id)},
        {"agentId", offsetof(axonpush_event_query, agent_id)},
        {"agentName", offsetof(axonpush_event_query, agent_name)},
        {"toolName", offsetof(axonpush_event_query, tool_name)},
        {"semanticKind", offsetof(axonpush_event_query, semantic_kind)},
        {"serviceName", offsetof(axonpush_event_query, service_name)},
        {"operationName", offsetof(axonpush_event_query, operation_name)},
        {"errorType", offsetof(axonpush_event_query, error_type)},
        {"q", offsetof(axonpush_event_query, q)},
    };
    fault("{'path':'/events','status':200,'body':{'events':null},'times':0}");
    axonpush_client *client = test_client();
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
        *(const char **)((char *)&query + filters[i].offset) = "a/b?c#d&e=f+g %41\xc3\xa9~";
        CHECK_INT(axonpush_events_search(client, &query, NULL, NULL), AXONPUSH_OK);
        CHECK_TEXT(request_member(i, "target"),
                   format("/events?%s=a%%2Fb%%3Fc%%23d%%26e%%3Df%%2Bg%%20%%2541%%C3%%A9~", filters[i].name));
    }
    dev("DELETE", "/_dev/requests", NULL);
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.attr_key = "k k";
    query.attr_value = "v&v";
    query.limit = 500;
    CHECK_INT(axonpush_events_search(client, &query, NULL, NULL), AXONPUSH_OK);
    CHECK_HAS(request_member(0, "target"), "limit=500");
    CHECK_HAS(request_member(0, "target"), "attrKey=k%20k");
    CHECK_HAS(request_member(0, "target"), "attrValue=v%26v");
    axonpush_close(client);
    return true;
}

static bool a_search_finds_what_the_filters_say(void) {
    axonpush_client *client = test_client();
    CHECK(publish(client, "plain", "a/b c&d", "{\"colour\":\"red & blue\"}"));
    CHECK(publish(client, "caf\xc3\xa9", "z", "{\"colour\":\"green\"}"));
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_response *response = NULL;
    query.channel_id = "a/b c&d";
    CHECK_INT(axonpush_events_search(client, &query, &response, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(response, "/events"), 1);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/channelId"), "a/b c&d");
    axonpush_response_free(response);
    query.channel_id = NULL;
    query.attr_key = "colour";
    query.attr_value = "red & blue";
    CHECK_INT(axonpush_events_search(client, &query, &response, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(response, "/events"), 1);
    axonpush_response_free(response);
    query.attr_key = query.attr_value = NULL;
    query.q = "CAF\xc3\xa9";
    CHECK_INT(axonpush_events_search(client, &query, &response, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(response, "/events"), 1);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/operationName"), "caf\xc3\xa9");
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool no_events_are_null_and_count_as_none(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    CHECK_INT(axonpush_events_search(client, NULL, &response, NULL), AXONPUSH_OK);
    CHECK(response != NULL);
    CHECK_INT(axonpush_response_count(response, "/events"), 0);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/eventId"), NULL);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool until_leads_through_all_pages(void) {
    axonpush_client *client = test_client();
    for (int i = 0; i < 7; i++) CHECK(publish(client, "step", "a", format("{\"i\":%d}", i)));
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.limit = 3;
    int seen = 0;
    for (;;) {
        axonpush_response *page = NULL;
        CHECK_INT(axonpush_events_list(client, "a", &query, &page, NULL), AXONPUSH_OK);
        size_t count = axonpush_response_count(page, "/events");
        for (size_t i = 0; i < count; i++) {
            int64_t number = -1;
            CHECK(axonpush_response_int(page, format("/events/%zu/payload/i", i), &number));
            CHECK_INT(number, 6 - seen++);
        }
        const char *oldest = axonpush_response_string(page, format("/events/%zu/createdAt", count - 1));
        query.until = oldest ? format("%s", oldest) : NULL;
        axonpush_response_free(page);
        if (count < 3) break;
    }
    CHECK_INT(seen, 7);
    axonpush_close(client);
    return true;
}

static bool pointers_follow_rfc6901(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = response_with(client,
        "{\"\":\"empty\",\"a/b\":\"slash\",\"m~n\":\"tilde\",\"~1\":\"both\",\"list\":[\"x\",[\"y\"]],"
        "\"0\":\"zero\",\"\\u00e9\\n\\ud83d\\ude00\":\"escaped\",\"sp ace\":{\"in\":\"side\"},\"%41\":\"pc\"}");
    CHECK_TEXT(axonpush_response_string(r, "/"), "empty");
    CHECK_TEXT(axonpush_response_string(r, "/a~1b"), "slash");
    CHECK_TEXT(axonpush_response_string(r, "/m~0n"), "tilde");
    CHECK_TEXT(axonpush_response_string(r, "/~01"), "both");
    CHECK_TEXT(axonpush_response_string(r, "/list/0"), "x");
    CHECK_TEXT(axonpush_response_string(r, "/list/1/0"), "y");
    CHECK_TEXT(axonpush_response_string(r, "/0"), "zero");
    CHECK_TEXT(axonpush_response_string(r, "/\xc3\xa9\n\xf0\x9f\x98\x80"), "escaped");
    CHECK_TEXT(axonpush_response_string(r, "/sp ace/in"), "side");
    CHECK_TEXT(axonpush_response_string(r, "/%41"), "pc");
    static const char *const nowhere[] = {
        "list", "/list/2", "/list/-", "/list/-1", "/list/01", "/list/+1", "/list/0x0", "/list/", "/list/x",
        "/list/99999999999999999999", "/nothing", "/a/b", "/~", "/~2", "/list/0/0", "//", "/sp%20ace/in",
        "/\xff", NULL,
    };
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        int64_t number = 5;
        bool truth = true;
        CHECK_TEXT(axonpush_response_string(r, nowhere[i]), NULL);
        CHECK(!axonpush_response_int(r, nowhere[i], &number) && number == 5);
        CHECK(!axonpush_response_bool(r, nowhere[i], &truth) && truth);
        CHECK_INT(axonpush_response_count(r, nowhere[i]), 0);
    }
    CHECK_INT(axonpush_response_count(r, ""), 9);
    CHECK_INT(axonpush_response_count(r, "/list"), 2);
    CHECK_INT(axonpush_response_count(r, "/0"), 0);
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool a_tilde_that_escapes_nothing_is_no_pointer(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = response_with(client, "{\"m~n\":\"tilde\",\"~\":\"alone\",\"~2\":\"two\"}");
    CHECK_TEXT(axonpush_response_string(r, "/m~n"), NULL);
    CHECK_TEXT(axonpush_response_string(r, "/~"), NULL);
    CHECK_TEXT(axonpush_response_string(r, "/~2"), NULL);
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool numbers_are_read_exactly_or_not_at_all(void) {
    axonpush_client *client = test_client();
    /* As a string, so that the numbers are sent as they are written here. */
    axonpush_response *r = response_with(client,
        "\"{\\\"max\\\":9223372036854775807,\\\"min\\\":-9223372036854775808,\\\"over\\\":9223372036854775808,"
        "\\\"zero\\\":-0,\\\"half\\\":0.5,\\\"one\\\":1.0,\\\"exp\\\":1e3,\\\"huge\\\":1e400,\\\"text\\\":\\\"7\\\","
        "\\\"yes\\\":true,\\\"no\\\":false,\\\"none\\\":null,\\\"object\\\":{\\\"a\\\":1},\\\"array\\\":[1,2,3]}\"");
    int64_t n = 0;
    CHECK(axonpush_response_int(r, "/max", &n) && n == INT64_MAX);
    CHECK(axonpush_response_int(r, "/min", &n) && n == INT64_MIN);
    CHECK(axonpush_response_int(r, "/zero", &n) && n == 0);
    n = 42;
    static const char *const no_integers[] = {"/over", "/half", "/one", "/exp", "/huge", "/text", "/yes",
                                              "/none", "/object", "/array", ""};
    for (size_t i = 0; i < sizeof no_integers / sizeof *no_integers; i++) {
        CHECK(!axonpush_response_int(r, no_integers[i], &n));
        CHECK_INT(n, 42);
    }
    double d = 0;
    CHECK(axonpush_response_double(r, "/half", &d) && d == 0.5);
    CHECK(axonpush_response_double(r, "/one", &d) && d == 1.0);
    CHECK(axonpush_response_double(r, "/exp", &d) && d == 1000.0);
    CHECK(axonpush_response_double(r, "/max", &d) && d == 9223372036854775807.0);
    CHECK(axonpush_response_double(r, "/over", &d) && d == 9223372036854775808.0);
    d = 42;
    static const char *const no_doubles[] = {"/huge", "/text", "/yes", "/none", "/object", "/array"};
    for (size_t i = 0; i < sizeof no_doubles / sizeof *no_doubles; i++) {
        CHECK(!axonpush_response_double(r, no_doubles[i], &d));
        CHECK(d == 42);
    }
    bool b = false;
    CHECK(axonpush_response_bool(r, "/yes", &b) && b);
    CHECK(axonpush_response_bool(r, "/no", &b) && !b);
    CHECK(!axonpush_response_bool(r, "/none", &b) && !axonpush_response_bool(r, "/text", &b));
    CHECK_TEXT(axonpush_response_string(r, "/max"), NULL);
    CHECK_TEXT(axonpush_response_string(r, "/none"), NULL);
    CHECK_TEXT(axonpush_response_string(r, "/object"), NULL);
    /* Where nobody wants the value. */
    CHECK(axonpush_response_int(r, "/max", NULL));
    CHECK(axonpush_response_double(r, "/half", NULL));
    CHECK(axonpush_response_bool(r, "/yes", NULL));
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool a_string_with_nul_inside_is_not_cut_short(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = response_with(client, "{\"s\":\"a\\u0000b\",\"t\":\"\",\"u\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}");
    CHECK_TEXT(axonpush_response_string(r, "/s"), NULL);
    CHECK_HAS(axonpush_response_json(r, NULL), "a\\u0000b");
    CHECK_TEXT(axonpush_response_string(r, "/t"), "");
    CHECK_TEXT(axonpush_response_string(r, "/u"), "\"\\/\b\f\n\r\t");
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool texts_live_as_long_as_the_response(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = response_with(client, "{\"a\":\"one\",\"b\":\"two\"}");
    const char *a = axonpush_response_string(r, "/a");
    const char *b = axonpush_response_string(r, "/b");
    const char *again = axonpush_response_string(r, "/a");
    const char *json = axonpush_response_json(r, NULL);
    axonpush_close(client);
    for (int i = 0; i < 1000; i++) CHECK_TEXT(axonpush_response_string(r, i % 2 ? "/a" : "/b"), i % 2 ? "one" : "two");
    CHECK_TEXT(a, "one");
    CHECK_TEXT(b, "two");
    CHECK_TEXT(again, "one");
    CHECK_TEXT(json_text(json, "/a"), "one");
    axonpush_response_free(r);
    return true;
}

static bool the_whole_response_is_there_as_text(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = response_with(client, "\" [1.50, {\\\"unknown\\\" : 12345678901234567890123}] \"");
    size_t length = 0;
    const char *text = axonpush_response_json(r, &length);
    CHECK_INT(length, strlen(text));
    CHECK_TEXT(json_raw(text, "/0"), "1.50");
    CHECK_TEXT(json_raw(text, "/1/unknown"), "12345678901234567890123");
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool no_response_is_a_legal_response(void) {
    size_t length = 7;
    int64_t n = 7;
    double d = 7;
    bool b = true;
    CHECK_TEXT(axonpush_response_json(NULL, &length), NULL);
    CHECK_INT(length, 0);
    CHECK_TEXT(axonpush_response_json(NULL, NULL), NULL);
    CHECK_TEXT(axonpush_response_string(NULL, "/a"), NULL);
    CHECK_TEXT(axonpush_response_string(NULL, NULL), NULL);
    CHECK(!axonpush_response_int(NULL, "/a", &n) && n == 7);
    CHECK(!axonpush_response_double(NULL, "/a", &d) && d == 7);
    CHECK(!axonpush_response_bool(NULL, "/a", &b) && b);
    CHECK_INT(axonpush_response_count(NULL, "/a"), 0);
    CHECK_INT(axonpush_response_http_status(NULL), 0);
    CHECK_TEXT(axonpush_response_request_id(NULL), NULL);
    axonpush_response_free(NULL);
    return true;
}

static bool any_endpoint_can_be_called(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_request(client, "POST", "/apps", NULL, "{\"name\":\"one\"} and more", 14, &r, &error),
                 error, AXONPUSH_OK);
    CHECK_INT(axonpush_response_http_status(r), 201);
    CHECK_TEXT(request_body(0), "{\"name\":\"one\"}");
    CHECK_TEXT(request_header(0, "content-type"), "application/json");
    CHECK_TEXT(request_header(0, "idempotency-key"), NULL);
    axonpush_response_free(r);
    CHECK_STATUS(axonpush_request(client, "GET", "/apps", "limit=1&x=%20", NULL, 0, &r, &error), error,
                 AXONPUSH_OK);
    CHECK_TEXT(request_member(1, "target"), "/apps?limit=1&x=%20");
    CHECK(axonpush_response_count(r, "/apps") >= 1);
    axonpush_response_free(r);
    /* An id with a slash and dots stays one segment. */
    CHECK_STATUS(axonpush_request(client, "GET", "/apps/..%2Fadmin%3Fx", "", NULL, 0, NULL, &error), error,
                 AXONPUSH_ERR_NOT_FOUND);
    CHECK_TEXT(request_member(2, "target"), "/apps/..%2Fadmin%3Fx");
    axonpush_error_free(error);
    static const char *const methods[] = {"PUT", "PATCH", "DELETE", "POST"};
    for (size_t i = 0; i < 4; i++) {
        fault("{'path':'/x','status':204}");
        CHECK_STATUS(axonpush_request(client, methods[i], "/x", NULL, NULL, 0, &r, &error), error, AXONPUSH_OK);
        CHECK_TEXT(request_member(3 + i, "method"), methods[i]);
        CHECK_TEXT(request_body(3 + i), "");
        CHECK_TEXT(axonpush_response_json(r, NULL), "null");
        CHECK_INT(axonpush_response_http_status(r), 204);
        axonpush_response_free(r);
    }
    axonpush_close(client);
    return true;
}

static bool a_request_id_is_handed_out(void) {
    axonpush_client *client = test_client();
    axonpush_response *r = NULL;
    fault("{'path':'/events','status':200,'headers':{'X-Request-Id':'req-9'},'body':{'events':[]}}");
    CHECK_INT(axonpush_events_search(client, NULL, &r, NULL), AXONPUSH_OK);
    CHECK_TEXT(axonpush_response_request_id(r), "req-9");
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

static bool a_large_list_is_read_whole(void) {
    axonpush_client *client = test_client();
    char *payload = format("{\"text\":\"%s\"}", repeated("0123456789", 400));
    for (int i = 0; i < 500; i++) CHECK(publish(client, "step", "big", payload));
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_response *r = NULL;
    query.limit = 500;
    CHECK_INT(axonpush_events_list(client, "big", &query, &r, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(r, "/events"), 500);
    CHECK_INT(strlen(axonpush_response_string(r, "/events/499/payload/text")), 4000);
    axonpush_response_free(r);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_list_is_one_channels_events_newest_first),
        TEST(a_list_without_a_channel_takes_the_clients),
        TEST(every_filter_has_its_name_on_the_wire),
        TEST(a_search_finds_what_the_filters_say),
        TEST(no_events_are_null_and_count_as_none),
        TEST(until_leads_through_all_pages),
        TEST(pointers_follow_rfc6901),
        TEST(a_tilde_that_escapes_nothing_is_no_pointer),
        TEST(numbers_are_read_exactly_or_not_at_all),
        TEST(a_string_with_nul_inside_is_not_cut_short),
        TEST(texts_live_as_long_as_the_response),
        TEST(the_whole_response_is_there_as_text),
        TEST(no_response_is_a_legal_response),
        TEST(any_endpoint_can_be_called),
        TEST(a_request_id_is_handed_out),
        TEST(a_large_list_is_read_whole),
    };
    return RUN_TESTS(tests, argc, argv);
}
