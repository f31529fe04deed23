/* What a published event looks like on the wire. */
#include "check.h"

/* Publishes and gives true if the service took it. */
static bool publish(axonpush_client *client, const axonpush_event *event) {
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_publish(client, event, &response, &error);
    CHECK_STATUS(status, error, AXONPUSH_OK);
    CHECK(response != NULL);
    CHECK(axonpush_response_string(response, "/eventId") != NULL);
    axonpush_response_free(response);
    return true;
}

static bool publish_with(const axonpush_options *options, const axonpush_event *event) {
    axonpush_client *client = client_with(options);
    CHECK(publish(client, event));
    axonpush_close(client);
    return true;
}

static bool is_hex(const char *text, size_t length) {
    return text && strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool is_uuid4(const char *text) {
    if (!text || strlen(text) != 36 || text[14] != '4' || !strchr("89ab", text[19])) return false;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i])) return false;
    }
    return true;
}

static bool the_response_is_handed_out(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, &response, &error), error, AXONPUSH_OK);
    CHECK_INT(axonpush_response_http_status(response), 200);
    CHECK_TEXT(axonpush_response_string(response, "/status"), "accepted");
    CHECK(axonpush_response_request_id(response) != NULL);
    CHECK_INT(server_stat("storedEvents"), 1);
    axonpush_response_free(response);

    /* Neither the response nor the error is needed. */
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(server_stat("storedEvents"), 2);
    axonpush_close(client);
    return true;
}

static bool a_minimal_event_has_only_these_members(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    CHECK(publish_with(&options, &event));
    CHECK_INT(request_count(), 1);
    CHECK_TEXT(request_member(0, "method"), "POST");
    CHECK_TEXT(request_member(0, "target"), "/event");
    const char *body = request_body(0);
    CHECK_TEXT(json_names(body, ""), "dedupKey identifier payload spanId traceId");
    CHECK_TEXT(json_text(body, "/identifier"), "step");
    CHECK_TEXT(json_raw(body, "/payload"), "{\"n\":1}");
    CHECK(is_uuid4(json_text(body, "/traceId")));
    CHECK(is_uuid4(json_text(body, "/dedupKey")));
    CHECK(is_hex(json_text(body, "/spanId"), 16));
    return true;
}

static bool a_full_event_has_exactly_the_contracts_members(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    event.identifier = "gr\xc3\xbc\xc3\x9f \"dich\"\n";
    event.channel_id = "channel-1";
    event.event_type = "agent.start";
    event.agent_id = "agent-7";
    event.trace_id = "0af7651916cd43dd8448eb211c80319c";
    event.span_id = "b7ad6b7169203331";
    event.parent_span_id = "00f067aa0ba902b7";
    event.dedup_key = "key 1~";
    event.occurred_at = "2026-11-24T05:57:22.123Z";
    event.metadata = "{ \"m\" : [1.50, 12345678901234567890123] }";
    CHECK(publish_with(&options, &event));
    const char *body = request_body(0);
    CHECK_TEXT(json_names(body, ""),
               "agentId channel_id dedupKey eventType identifier metadata occurredAt parentSpanId "
               "payload spanId traceId");
    CHECK_TEXT(json_text(body, "/identifier"), event.identifier);
    CHECK_TEXT(json_text(body, "/channel_id"), "channel-1");
    CHECK_TEXT(json_text(body, "/eventType"), "agent.start");
    CHECK_TEXT(json_text(body, "/agentId"), "agent-7");
    CHECK_TEXT(json_text(body, "/traceId"), event.trace_id);
    CHECK_TEXT(json_text(body, "/spanId"), event.span_id);
    CHECK_TEXT(json_text(body, "/parentSpanId"), event.parent_span_id);
    CHECK_TEXT(json_text(body, "/dedupKey"), event.dedup_key);
    CHECK_TEXT(json_text(body, "/occurredAt"), event.occurred_at);
    /* Numbers arrive as they were written. */
    CHECK_TEXT(json_raw(body, "/metadata/m/0"), "1.50");
    CHECK_TEXT(json_raw(body, "/metadata/m/1"), "12345678901234567890123");
    return true;
}

static bool an_empty_optional_member_counts_as_absent(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    event.channel_id = event.event_type = event.agent_id = event.trace_id = event.span_id = "";
    event.parent_span_id = event.dedup_key = event.occurred_at = event.metadata = "";
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(json_names(request_body(0), ""), "dedupKey identifier payload spanId traceId");
    return true;
}

static bool lengths_bound_json_and_zero_means_terminated(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    event.payload = "{\"a\":1}{\"b\":2} and more";
    event.payload_len = 7;
    event.metadata = "{\"c\":3}!";
    event.metadata_len = 7;
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(json_raw(request_body(0), "/payload"), "{\"a\":1}");
    CHECK_TEXT(json_raw(request_body(0), "/metadata"), "{\"c\":3}");
    return true;
}

static bool the_idempotency_key_is_the_dedup_key(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    CHECK(publish(client, &event));
    CHECK_TEXT(request_header(0, "idempotency-key"), json_text(request_body(0), "/dedupKey"));
    event.dedup_key = "mine";
    CHECK(publish(client, &event));
    CHECK(publish(client, &event));
    CHECK_TEXT(request_header(1, "idempotency-key"), "mine");
    CHECK_INT(server_stat("storedEvents"), 2);
    CHECK_INT(server_stat("duplicates"), 1);
    axonpush_close(client);
    return true;
}

static bool an_api_key_and_a_public_token_have_headers_of_their_own(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(0, "x-api-key"), TEST_KEY);
    CHECK_TEXT(request_header(0, "x-public-token"), NULL);
    options.api_key = "pt_public_token";
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(1, "x-public-token"), "pt_public_token");
    CHECK_TEXT(request_header(1, "x-api-key"), NULL);
    return true;
}

static bool tenant_and_environment_are_sent_when_known(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(0, "x-tenant-id"), NULL);
    CHECK_TEXT(request_header(0, "x-axonpush-environment"), NULL);
    options.tenant_id = "org-1";
    options.environment = "staging";
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(1, "x-tenant-id"), "org-1");
    CHECK_TEXT(request_header(1, "x-axonpush-environment"), "staging");
    return true;
}

static bool trace_headers_are_sent_only_when_the_event_names_a_trace(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.span_id = "b7ad6b7169203331";
    CHECK(publish(client, &event));
    CHECK_TEXT(request_header(0, "x-axonpush-trace-id"), NULL);
    CHECK_TEXT(request_header(0, "x-axonpush-span-id"), NULL);
    CHECK_TEXT(request_header(0, "traceparent"), NULL);

    event.trace_id = "0AF76519-16CD-43DD-8448-EB211C80319C";
    CHECK(publish(client, &event));
    CHECK_TEXT(request_header(1, "x-axonpush-trace-id"), event.trace_id);
    CHECK_TEXT(request_header(1, "x-axonpush-span-id"), "b7ad6b7169203331");
    CHECK_TEXT(request_header(1, "traceparent"),
               "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    /* Not hexadecimal: the first half of its SHA-256 (printf %s my-trace | sha256sum). */
    event.trace_id = "my-trace";
    event.span_id = NULL;
    CHECK(publish(client, &event));
    const char *span = json_text(request_body(2), "/spanId");
    CHECK_TEXT(request_header(2, "x-axonpush-trace-id"), "my-trace");
    CHECK_TEXT(request_header(2, "x-axonpush-span-id"), span);
    CHECK_TEXT(request_header(2, "traceparent"),
               format("00-670c0f140bf357e6d99293ad6cf0d246-%s-01", span));
    axonpush_close(client);
    return true;
}

static bool content_type_goes_with_a_body_only(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    CHECK(publish(client, &event));
    CHECK_TEXT(request_header(0, "content-type"), "application/json");
    CHECK_TEXT(request_header(0, "content-length"), format("%zu", strlen(request_body(0))));
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(1, "method"), "GET");
    CHECK_TEXT(request_header(1, "content-type"), NULL);
    CHECK_TEXT(request_header(1, "content-length"), NULL);
    CHECK_TEXT(request_header(1, "idempotency-key"), NULL);
    axonpush_close(client);
    return true;
}

static bool the_user_agent_names_library_and_binding(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(0, "user-agent"), format("axonpush-c/%s", axonpush_version()));
    options.user_agent = "axonpush-go/1.0";
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_header(1, "user-agent"),
               format("axonpush-c/%s axonpush-go/1.0", axonpush_version()));
    return true;
}

static bool the_clients_channel_is_the_events_default(void) {
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    options.channel_id = "of-client";
    axonpush_client *client = client_with(&options);
    CHECK(publish(client, &event));
    event.channel_id = "of-event";
    CHECK(publish(client, &event));
    CHECK_TEXT(json_text(request_body(0), "/channel_id"), "of-client");
    CHECK_TEXT(json_text(request_body(1), "/channel_id"), "of-event");
    axonpush_close(client);
    return true;
}

static bool a_path_in_the_base_url_is_a_prefix(void) {
    axonpush_options options = test_options();
    options.base_url = format("%s/axon/v1//", server_url());
    fault("{'path':'/axon/v1/event','status':200,'body':{'eventId':'e1'}}");
    axonpush_event event = test_event();
    CHECK(publish_with(&options, &event));
    CHECK_TEXT(request_member(0, "target"), "/axon/v1/event");
    return true;
}

static bool the_older_services_response_is_understood(void) {
    fault("{'path':'/event','status':201,'body':{'id':7,'eventId':'e7','identifier':'step','dedupKey':'d',"
          "'createdAt':'2026-01-01T00:00:00Z','queued':true,'duplicate':false,'environmentId':null}}");
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_response *response = NULL;
    CHECK_INT(axonpush_events_publish(client, &event, &response, NULL), AXONPUSH_OK);
    CHECK_TEXT(axonpush_response_string(response, "/eventId"), "e7");
    CHECK_INT(axonpush_response_http_status(response), 201);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool one_connection_serves_many_calls(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    for (int i = 0; i < 20; i++) CHECK(publish(client, &event));
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(client, &stats, NULL), AXONPUSH_OK);
    CHECK_INT(stats.connections, 1);
    axonpush_close(client);
    return true;
}

static bool ids_are_drawn_anew_for_each_event(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    CHECK(publish(client, &event));
    CHECK(publish(client, &event));
    static const char *const members[] = {"/traceId", "/spanId", "/dedupKey"};
    for (size_t i = 0; i < 3; i++) {
        CHECK(strcmp(json_text(request_body(0), members[i]), json_text(request_body(1), members[i])) != 0);
    }
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(the_response_is_handed_out),
        TEST(a_minimal_event_has_only_these_members),
        TEST(a_full_event_has_exactly_the_contracts_members),
        TEST(an_empty_optional_member_counts_as_absent),
        TEST(lengths_bound_json_and_zero_means_terminated),
        TEST(the_idempotency_key_is_the_dedup_key),
        TEST(an_api_key_and_a_public_token_have_headers_of_their_own),
        TEST(tenant_and_environment_are_sent_when_known),
        TEST(trace_headers_are_sent_only_when_the_event_names_a_trace),
        TEST(content_type_goes_with_a_body_only),
        TEST(the_user_agent_names_library_and_binding),
        TEST(the_clients_channel_is_the_events_default),
        TEST(a_path_in_the_base_url_is_a_prefix),
        TEST(the_older_services_response_is_understood),
        TEST(one_connection_serves_many_calls),
        TEST(ids_are_drawn_anew_for_each_event),
    };
    return RUN_TESTS(tests, argc, argv);
}
