/* Events that leave as OpenTelemetry's log records, in batches. The development server is both receivers: the
   service's own /v1/logs, and, by otlp_endpoint, "a Collector". */
#include "child.h"
#include "tally.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RECORDS "/resourceLogs/0/scopeLogs/0/logRecords"
#define COLLECTOR_KEY "ak_collector_9876543210"

/* ---- Clients ---- */

static axonpush_options otlp_options(void) {
    axonpush_options options = test_options();
    options.exporter = AXONPUSH_EXPORTER_OTLP;
    return options;
}

/* To the development server as a Collector, at another URL if there is one. */
static axonpush_options collector_options(const char *url) {
    axonpush_options options = otlp_options();
    options.api_key = NULL;
    options.otlp_endpoint = url ? url : server_url();
    options.otlp_headers = "X-API-Key=" COLLECTOR_KEY;
    return options;
}

static axonpush_client *otlp_client(void) {
    axonpush_options options = otlp_options();
    return client_with(&options);
}

/* Deliveries whose response has no eventId: that of a batch names no event. */
static tally *batch_tally(int count) {
    tally *tally = tally_new(count);
    tally->without_event_ids = true;
    return tally;
}

/* Publishes `count` events and flushes; the tally has what became of them. */
static tally *deliver(axonpush_client *client, int count) {
    tally *tally = batch_tally(count);
    if (publish_range(client, tally, 0, count) != count) printf("  not all of the events were accepted\n");
    axonpush_status status = axonpush_flush(client, 20000, NULL);
    if (status != AXONPUSH_OK) printf("  flush: %s\n", axonpush_status_name(status));
    tally_wait(tally, count, 20000);
    return tally;
}

/* How many log records request `index` of the log has. */
static size_t records_of(size_t index) {
    const char *why;
    json *body = json_parse(request_body(index), &why);
    const json *records = body ? json_at(body, RECORDS) : NULL;
    return records ? records->count : 0;
}

/* The value of an attribute of a record, as OTLP writes it; NULL if there is none. */
static const char *attribute(size_t index, size_t record, const char *key) {
    const char *why;
    json *body = json_parse(request_body(index), &why);
    json *attributes = body ? json_at(body, format(RECORDS "/%zu/attributes", record)) : NULL;
    for (size_t i = 0; attributes && i < attributes->count; i++) {
        json *found = attributes->items[i];
        if (strcmp(json_member(found, "key")->text, key) == 0) {
            const json *value = json_member(found, "value");
            return format("%.*s", (int)value->raw_length, value->raw);
        }
    }
    return NULL;
}

/* ---- What is sent ---- */

typedef struct sample {
    const char *identifier, *payload, *metadata, *event_type, *agent_id, *trace_id, *span_id, *parent_span_id, *occurred_at;
} sample;

static const sample SAMPLES[] = {
    {"plain", "{\"n\":1}", NULL, NULL, NULL, "trace-1", "span-1", NULL, "2026-11-24T05:57:22.123456Z"},
    {"full \"\xC3\xA9\\", "{\"deep\":{\"list\":[1,-2.5,true,null,\"x\\n\",{\"a\":[]}]},\"empty\":{}}", "{\"m\":[1]}", "agent.end",
     "agent-7", "0AF76519-16CD-43DD-8448-EB211C80319C", "b7ad6b7169203331", "parent", "2026-11-24T05:57:23.000001Z"},
    {"free type", "{}", NULL, "billing \"charge\"", NULL, "0af7651916cd43dd8448eb211c80319c", "0000000000000001", "00f067aa0ba902b7",
     "2026-11-24T05:57:24.500000Z"},
    {"a line", "{\"severityNumber\":13,\"severityText\":\"WARN\",\"body\":\"late\",\"attributes\":{\"order\":4711}}", NULL, "app.log",
     NULL, "t", "s", NULL, "2026-11-24T05:57:25.500000Z"},
    {"secret", "{\"password\":\"planted-word\",\"prompt\":\"planted-word\",\"kept\":\"visible\"}", "{\"token\":\"planted-word\"}",
     "agent.llm.token", NULL, "t", "s", NULL, "2026-11-24T05:57:26.500000Z"},
};

static axonpush_event sample_event(const sample *sample, const char *key) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = sample->identifier;
    event.payload = sample->payload;
    event.metadata = sample->metadata;
    event.event_type = sample->event_type;
    event.agent_id = sample->agent_id;
    event.trace_id = sample->trace_id;
    event.span_id = sample->span_id;
    event.parent_span_id = sample->parent_span_id;
    event.occurred_at = sample->occurred_at;
    event.dedup_key = key;
    event.channel_id = "samples";
    return event;
}

/* Everything that an event is stored with, but for what is the storing's own. */
static bool same_event(json *a, json *b) {
    static const char *const OWN[] = {"eventId", "createdAt", "source", "dedupKey"};
    CHECK_INT(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        bool own = false;
        for (size_t j = 0; j < COUNT(OWN); j++) own |= strcmp(a->names[i], OWN[j]) == 0;
        if (own) continue;
        const json *other = json_member(b, a->names[i]);
        if (!other || !json_equal(a->items[i], other)) {
            printf("  %s: %s by POST /event, %s by OTLP\n", a->names[i], json_show(a->items[i]),
                   other ? json_show(other) : "(nothing)");
            return false;
        }
    }
    return true;
}

static json *stored_with(const char *key) {
    axonpush_client *reader = test_client();
    axonpush_response *response = NULL;
    /* The samples are of the past. */
    axonpush_request(reader, "GET", "/events", "channelId=samples&since=2020-01-01T00%3A00%3A00Z", NULL, 0, &response, NULL);
    const char *why, *text = axonpush_response_json(response, NULL);
    json *document = json_parse(format("%s", text ? text : "{}"), &why);
    axonpush_response_free(response);
    axonpush_close(reader);
    json *events = json_member(document, "events");
    for (size_t i = 0; events && i < events->count; i++) {
        const json *found = json_member(events->items[i], "dedupKey");
        if (found && strcmp(found->text, key) == 0) return events->items[i];
    }
    printf("  there is no event with the dedup key %s\n", key);
    return json_parse("{}", &why);
}

static bool events_come_back_as_post_event_gives_them(void) {
    axonpush_client *client = otlp_client();
    for (size_t i = 0; i < COUNT(SAMPLES); i++) {
        const char *by_post = format("post-%zu", i), *by_otlp = format("otlp-%zu", i);
        axonpush_event event = sample_event(&SAMPLES[i], by_post);
        axonpush_error *error = NULL;
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
        event.dedup_key = by_otlp;
        CHECK_STATUS(axonpush_events_publish_async(client, &event, NULL, NULL, &error), error, AXONPUSH_OK);
    }
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, delivered, (long long)COUNT(SAMPLES));
    axonpush_close(client);
    for (size_t i = 0; i < COUNT(SAMPLES); i++) {
        json *by_post = stored_with(format("post-%zu", i)), *by_otlp = stored_with(format("otlp-%zu", i));
        if (!same_event(by_post, by_otlp)) {
            printf("  of the event \"%s\"\n", SAMPLES[i].identifier);
            return false;
        }
        CHECK_TEXT(json_member(by_otlp, "source")->text, "otlp");
    }
    return true;
}

static bool a_record_has_the_names_of_opentelemetry(void) {
    setenv("OTEL_SERVICE_NAME", "shop", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "service.version=1.2", 1);
    axonpush_options options = otlp_options();
    options.environment = "staging";
    axonpush_client *client = client_with(&options);
    unsetenv("OTEL_SERVICE_NAME");
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
    axonpush_event event = sample_event(&SAMPLES[1], "key-1");
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(request_count(), 1);
    CHECK_TEXT(request_member(0, "target"), "/v1/logs");
    const char *body = request_body(0);
    CHECK_TEXT(json_text(body, RECORDS "/0/eventName"), "axonpush.agent.end");
    CHECK_TEXT(json_text(body, RECORDS "/0/traceId"), "0af7651916cd43dd8448eb211c80319c");
    CHECK_TEXT(json_text(body, RECORDS "/0/spanId"), "b7ad6b7169203331");
    CHECK_TEXT(json_text(body, RECORDS "/0/timeUnixNano"), "1795499843000001000");
    CHECK(strtoull(json_text(body, RECORDS "/0/observedTimeUnixNano"), NULL, 10) > 1700000000000000000u);
    CHECK_TEXT(attribute(0, 0, "log.record.uid"), "{\"stringValue\":\"key-1\"}");
    CHECK_TEXT(attribute(0, 0, "gen_ai.agent.id"), "{\"stringValue\":\"agent-7\"}");
    CHECK_HAS(attribute(0, 0, "axonpush.payload"), "{\"key\":\"list\",\"value\":{\"arrayValue\"");
    const char *resource = json_raw(body, "/resourceLogs/0/resource");
    CHECK_HAS(resource, "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}");
    CHECK_HAS(resource, "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2\"}}");
    CHECK_HAS(resource, "{\"key\":\"deployment.environment.name\",\"value\":{\"stringValue\":\"staging\"}}");
    CHECK_HAS(resource, "{\"key\":\"host.name\"");
    CHECK_HAS(resource, format("{\"key\":\"process.pid\",\"value\":{\"intValue\":\"%d\"}}", (int)getpid()));
    axonpush_close(client);
    return true;
}

static bool no_word_that_may_not_leave_leaves(void) {
    axonpush_options options = collector_options(NULL);
    options.api_key = TEST_KEY;
    axonpush_client *client = client_with(&options);
    axonpush_event event = sample_event(&SAMPLES[4], NULL);
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(request_count(), 1);
    CHECK_HAS(request_body(0), "visible");
    CHECK_LACKS(request_body(0), "planted-word");
    axonpush_close(client);
    return true;
}

/* ---- To whom ---- */

static bool the_service_gets_the_key_and_one_channel_a_request(void) {
    axonpush_options options = otlp_options();
    options.channel_id = "default";
    options.environment = "staging";
    options.tenant_id = "org_7";
    axonpush_client *client = client_with(&options);
    for (int i = 0; i < 6; i++) {
        axonpush_event event = test_event();
        event.channel_id = i % 2 ? "other" : NULL;
        CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    }
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    size_t records[2] = {0, 0};
    for (size_t i = 0; i < request_count(); i++) {
        CHECK_TEXT(request_header(i, "x-axonpush-api-key"), TEST_KEY);
        CHECK_TEXT(request_header(i, "x-api-key"), TEST_KEY);
        CHECK_TEXT(request_header(i, "x-tenant-id"), "org_7");
        CHECK_TEXT(request_header(i, "x-axonpush-environment"), "staging");
        CHECK_TEXT(request_header(i, "content-type"), "application/json");
        CHECK_TEXT(request_header(i, "content-encoding"), NULL);
        const char *channel = request_header(i, "x-axonpush-channel");
        CHECK(channel && (strcmp(channel, "default") == 0 || strcmp(channel, "other") == 0));
        records[strcmp(channel, "other") == 0] += records_of(i);
    }
    CHECK_INT(records[0], 3);
    CHECK_INT(records[1], 3);
    CHECK_STATS(client, batches, (long long)request_count());
    axonpush_close(client);
    return true;
}

static bool another_endpoint_gets_nothing_of_the_services(void) {
    axonpush_options options = collector_options(NULL);
    options.api_key = TEST_KEY;
    options.tenant_id = "org_7";
    options.environment = "staging";
    options.channel_id = "default";
    options.otlp_headers = "X-API-Key=" COLLECTOR_KEY ",x-team=a%20b%2Cc";
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    event.trace_id = "t";
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(request_count(), 1);
    static const char *const OURS[] = {
        "x-axonpush-api-key", "x-public-token", "x-tenant-id", "x-axonpush-environment", "x-axonpush-channel",
        "x-axonpush-trace-id", "x-axonpush-span-id", "traceparent", "idempotency-key",
    };
    for (size_t i = 0; i < COUNT(OURS); i++) CHECK_TEXT(request_header(0, OURS[i]), NULL);
    CHECK_TEXT(request_header(0, "x-api-key"), COLLECTOR_KEY);
    CHECK_TEXT(request_header(0, "x-team"), "a b,c");
    CHECK_TEXT(attribute(0, 0, "axonpush.channel.id"), "{\"stringValue\":\"default\"}");
    CHECK_LACKS(dev("GET", "/_dev/requests", NULL), TEST_KEY);
    axonpush_close(client);
    return true;
}

static bool without_a_key_only_the_service_is_out_of_reach(void) {
    axonpush_options options = collector_options(NULL);
    axonpush_client *client = client_with(&options);
    tally *tally = deliver(client, 3);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 3);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "AXONPUSH_API_KEY");
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_ERR_CONFIG);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_request(client, "GET", "/healthz", NULL, NULL, 0, NULL, &error), error, AXONPUSH_ERR_CONFIG);
    axonpush_error_free(error);
    axonpush_close(client);

    options.otlp_endpoint = NULL;
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    axonpush_error_free(error);
    return true;
}

static bool the_environment_can_say_it_all(void) {
    setenv("AXONPUSH_EXPORTER", "otlp", 1);
    setenv("AXONPUSH_OTLP_ENDPOINT", format("%s/collector/", server_url()), 1);
    setenv("AXONPUSH_OTLP_HEADERS", "X-API-Key=" COLLECTOR_KEY, 1);
    fault("{'path':'/collector/v1/logs','status':200,'body':{}}");
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(NULL, &error);
    CHECK(client != NULL);
    tally *tally = deliver(client, 1);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 1);
    CHECK_TEXT(request_member(0, "target"), "/collector/v1/logs");
    axonpush_close(client);
    setenv("AXONPUSH_EXPORTER", "kafka", 1);
    CHECK(axonpush_new(NULL, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "AXONPUSH_EXPORTER");
    axonpush_error_free(error);
    return true;
}

static bool options_that_cannot_be_used_are_named(void) {
    static const struct { const char *endpoint, *headers, *says; int32_t exporter; } CASES[] = {
        {"localhost:4318", NULL, "otlp_endpoint", AXONPUSH_EXPORTER_OTLP},
        {"http://c/v1/logs", NULL, "base URL", AXONPUSH_EXPORTER_OTLP},
        {"http://c", "no-value-secret", "otlp_headers", AXONPUSH_EXPORTER_OTLP},
        {"http://c", "content-length=secret", "content-length", AXONPUSH_EXPORTER_OTLP},
        {"http://c", "x=secret%0Ay", "otlp_headers", AXONPUSH_EXPORTER_OTLP},
        {"http://c", NULL, "options.exporter: 7", 7},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        axonpush_options options = test_options();
        options.exporter = CASES[i].exporter;
        options.otlp_endpoint = CASES[i].endpoint;
        options.otlp_headers = CASES[i].headers;
        axonpush_error *error = NULL;
        CHECK(axonpush_new(&options, &error) == NULL);
        CHECK_HAS(axonpush_error_message(error), CASES[i].says);
        CHECK_LACKS(axonpush_error_message(error), "secret");
        axonpush_error_free(error);
    }
    return true;
}

/* ---- Batches ---- */

static bool a_batch_ends_by_count_by_bytes_and_by_time(void) {
    axonpush_options options = collector_options(NULL);
    options.otlp_batch_max_events = 50;
    options.otlp_batch_timeout_ms = 60000;
    axonpush_client *client = client_with(&options);
    tally *tally = batch_tally(101);
    CHECK_INT(publish_range(client, tally, 0, 101), 101);
    /* Two full ones leave at once, and the last event waits for company. */
    CHECK(tally_wait(tally, 100, 20000));
    sleep_ms(50);
    CHECK_INT(tally_total(tally), 100);
    CHECK_STATS(client, batches, 2);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, batches, 3);
    axonpush_close(client);
    CHECK(tally_sound(tally, 101));
    for (size_t i = 0; i < request_count(); i++) CHECK(records_of(i) <= 50);

    dev("POST", "/_dev/reset", NULL);
    options.otlp_batch_max_events = 0;
    options.otlp_batch_max_bytes = 4000;
    options.otlp_batch_timeout_ms = 20;
    client = client_with(&options);
    tally = batch_tally(40);
    CHECK_INT(publish_range(client, tally, 0, 40), 40);
    CHECK(tally_wait(tally, 40, 20000)); /* Without a flush. */
    axonpush_close(client);
    CHECK(request_count() > 5);
    for (size_t i = 0; i < request_count(); i++) CHECK(strlen(request_body(i)) <= 4000);
    CHECK_INT(server_stat("storedEvents"), 40);
    return true;
}

static bool a_batch_can_be_compressed(void) {
    axonpush_options options = otlp_options();
    options.otlp_gzip = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    tally *tally = deliver(client, 300);
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 300);
    CHECK_TEXT(request_header(0, "content-encoding"), "gzip");
    CHECK(atoi(request_header(0, "content-length")) < 300 * 100);
    CHECK_INT(server_stat("storedEvents"), 300);
    axonpush_close(client);
    return true;
}

static bool completions_and_counters_are_each_events_own(void) {
    int count = scaled(3000);
    axonpush_client *client = otlp_client();
    tally *tally = deliver(client, count);
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.delivered, count);
    CHECK(stats.batches >= 1 && stats.batches < (uint64_t)count / 10);
    CHECK_INT(server_stat("storedEvents"), count);
    axonpush_close(client);
    return true;
}

static bool a_log_event_keeps_its_severity(void) {
    axonpush_client *client = otlp_client();
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = "it broke";
    record.severity = AXONPUSH_SEVERITY_ERROR;
    CHECK(axonpush_log_event(client, &record));
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_TEXT(json_raw(request_body(0), RECORDS "/0/severityNumber"), "17");
    CHECK_TEXT(json_text(request_body(0), RECORDS "/0/severityText"), "ERROR");
    CHECK_TEXT(json_text(request_body(0), RECORDS "/0/body/stringValue"), "it broke");
    axonpush_close(client);
    return true;
}

/* ---- What the receiver says ---- */

static bool four_responses_and_a_broken_connection_are_retried(void) {
    fault("[{'path':'/v1/logs','status':429,'headers':{'Retry-After':'0.05'}},{'path':'/v1/logs','status':502},"
          "{'path':'/v1/logs','status':503},{'path':'/v1/logs','status':504},{'path':'/v1/logs','reset':true},"
          "{'path':'/v1/logs','hangup':'after'}]");
    axonpush_client *client = otlp_client();
    tally *tally = deliver(client, 20);
    CHECK(tally_sound(tally, 20));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 20);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    /* Connections that were cut while idle, as it looked, count as none. */
    CHECK(stats.retried >= 4 * 20);
    /* At least once, each under one uid. */
    CHECK_INT(server_stat("storedEvents"), 20);
    CHECK_INT(server_stat("duplicates"), 20);
    axonpush_close(client);
    return true;
}

static bool all_other_responses_are_final(void) {
    static const struct { int status; axonpush_status becomes; } CASES[] = {
        {400, AXONPUSH_ERR_VALIDATION}, {401, AXONPUSH_ERR_AUTHENTICATION}, {404, AXONPUSH_ERR_NOT_FOUND},
        {408, AXONPUSH_ERR_CONNECTION}, {413, AXONPUSH_ERR_API},            {500, AXONPUSH_ERR_SERVER},
        {302, AXONPUSH_ERR_API},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        dev("POST", "/_dev/reset", NULL);
        fault(format("{'path':'/v1/logs','status':%d}", CASES[i].status));
        axonpush_client *client = otlp_client();
        tally *tally = deliver(client, 5);
        CHECK(tally_sound(tally, 5));
        CHECK_INT(tally_of(tally, CASES[i].becomes), 5);
        CHECK_STATS(client, failed, 5);
        CHECK_INT(request_count(), 1);
        /* The next batch is not held up. */
        CHECK_INT(tally_of(deliver(client, 5), AXONPUSH_OK), 5);
        axonpush_close(client);
    }
    return true;
}

static bool what_was_rejected_of_a_batch_is_failed_and_not_repeated(void) {
    fault("{'path':'/v1/logs','status':200,'body':{'partialSuccess':{'rejectedLogRecords':'3','errorMessage':'too old'}}}");
    axonpush_client *client = otlp_client();
    tally *tally = deliver(client, 10);
    CHECK(tally_sound(tally, 10));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 7);
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_VALIDATION), 3);
    CHECK_INT(delivery_status(tally, 6), AXONPUSH_OK);
    CHECK_INT(delivery_status(tally, 7), AXONPUSH_ERR_VALIDATION);
    CHECK_HAS(tally->deliveries[9].message, "too old");
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.delivered, 7);
    CHECK_INT(stats.failed, 3);
    CHECK_INT(request_count(), 1);
    axonpush_close(client);
    return true;
}

static bool garbage_is_failed_and_an_empty_response_is_none(void) {
    fault("[{'path':'/v1/logs','status':200,'body':'<html>'},{'path':'/v1/logs','status':200,'body':''},"
          "{'path':'/v1/logs','status':200,'body':'{','contentType':'application/json'},{'path':'/v1/logs','truncate':1}]");
    axonpush_client *client = otlp_client();
    CHECK_INT(tally_of(deliver(client, 4), AXONPUSH_ERR_DECODE), 4);
    CHECK_INT(tally_of(deliver(client, 4), AXONPUSH_OK), 4);
    CHECK_INT(tally_of(deliver(client, 4), AXONPUSH_ERR_DECODE), 4);
    /* A response that breaks off may be complete the next time. */
    CHECK_INT(tally_of(deliver(client, 4), AXONPUSH_OK), 4);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.failed, 8);
    axonpush_close(client);
    return true;
}

static bool a_credential_that_is_echoed_is_not_shown(void) {
    fault("{'path':'/v1/logs','status':400,'body':{'message':'bad key " COLLECTOR_KEY "'}}");
    axonpush_options options = collector_options(NULL);
    axonpush_client *client = client_with(&options);
    tally *tally = deliver(client, 1);
    CHECK_HAS(tally->deliveries[0].message, "bad key [REDACTED]");
    axonpush_close(client);
    return true;
}

/* ---- Outages, ends and children ---- */

static bool an_outage_loses_nothing(void) {
    gate *gate = gate_new();
    axonpush_options options = collector_options(gate_url(gate));
    options.otlp_batch_timeout_ms = 10;
    axonpush_client *client = client_with(&options);
    int count = scaled(2000);
    tally *tally = batch_tally(count);
    for (int i = 0; i < count; i++) {
        CHECK_INT(publish_async(client, tally, i), AXONPUSH_OK);
        if (i == count / 3) gate_shut(gate);
        if (i == 2 * count / 3) gate_open(gate);
        if (i % 100 == 0) sleep_ms(5);
    }
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK(tally_wait(tally, count, 20000));
    CHECK(tally_sound(tally, count));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), count);
    CHECK_INT(server_stat("storedEvents"), count);
    axonpush_close(client);
    gate_free(gate);
    return true;
}

static bool the_spool_keeps_what_a_collector_did_not_take(void) {
    axonpush_options options = collector_options(dead_url());
    options.spool_dir = format("%s/otlp-spool", getenv("AXONPUSH_TEST_FOLDER"));
    options.shutdown_timeout_ms = 100;
    axonpush_client *client = client_with(&options);
    tally *tally = batch_tally(30);
    CHECK_INT(publish_range(client, tally, 0, 30), 30);
    CHECK_INT(axonpush_shutdown(client, 100, NULL), AXONPUSH_OK);
    CHECK_STATS(client, kept, 30);
    CHECK(tally_sound(tally, 30));
    axonpush_close(client);

    /* A client of the service, or of another Collector, has nothing to do with them. */
    axonpush_options other = otlp_options();
    other.spool_dir = options.spool_dir;
    client = client_with(&other);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, recovered, 0);
    axonpush_close(client);

    client = client_with(&options);
    CHECK_INT(axonpush_flush(client, 300, NULL), AXONPUSH_ERR_TIMEOUT);
    CHECK_STATS(client, recovered, 30);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 0);
    return true;
}

static bool a_spooled_event_is_recovered_as_a_record(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_options options = collector_options(gate_url(gate));
    options.spool_dir = format("%s/otlp-recovered", getenv("AXONPUSH_TEST_FOLDER"));
    options.shutdown_timeout_ms = 100;
    axonpush_client *client = client_with(&options);
    axonpush_event event = sample_event(&SAMPLES[1], "key-1");
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    gate_open(gate);
    options.shutdown_timeout_ms = 20000;
    client = client_with(&options);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, delivered, 1);
    axonpush_close(client);
    CHECK_TEXT(json_text(request_body(0), RECORDS "/0/eventName"), "axonpush.agent.end");
    CHECK_TEXT(attribute(0, 0, "log.record.uid"), "{\"stringValue\":\"key-1\"}");
    CHECK_TEXT(attribute(0, 0, "axonpush.trace.id"), "{\"stringValue\":\"0AF76519-16CD-43DD-8448-EB211C80319C\"}");
    gate_free(gate);
    return true;
}

static bool closing_ends_in_time_with_a_silent_collector(void) {
    fault("{'path':'/v1/logs','silent':true,'times':0}");
    axonpush_options options = collector_options(NULL);
    options.shutdown_timeout_ms = 200;
    axonpush_client *client = client_with(&options);
    int count = scaled(700);
    tally *tally = batch_tally(count);
    CHECK_INT(publish_range(client, tally, 0, count), count);
    sleep_ms(50);
    int64_t start = now_ms();
    CHECK_INT(axonpush_shutdown(client, 200, NULL), AXONPUSH_ERR_TIMEOUT);
    CHECK(in_time(start, 200));
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.abandoned, count);
    axonpush_close(client);
    CHECK(tally_sound(tally, count));
    CHECK(only_threads(0));
    return true;
}

static bool the_queue_bounds_what_waits(void) {
    axonpush_options options = collector_options(dead_url());
    options.queue_max_events = 100;
    options.overflow = AXONPUSH_OVERFLOW_DROP_NEWEST;
    options.shutdown_timeout_ms = 50;
    axonpush_client *client = client_with(&options);
    tally *tally = batch_tally(300);
    int accepted = 0;
    for (int i = 0; i < 300; i++) accepted += publish_async(client, tally, i) == AXONPUSH_OK;
    CHECK_INT(accepted, 100);
    CHECK_STATS(client, queued_events, 100);
    axonpush_close(client);
    CHECK(tally_sound(tally, 100));
    return true;
}

static bool a_small_queue_does_not_wait_for_a_large_batch(void) {
    axonpush_options options = collector_options(NULL);
    options.queue_max_events = 10;
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.otlp_batch_timeout_ms = 60000;
    axonpush_client *client = client_with(&options);
    tally *tally = batch_tally(200);
    int64_t start = now_ms();
    CHECK_INT(publish_range(client, tally, 0, 200), 200);
    CHECK(now_ms() - start < 30000);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, delivered, 200);
    axonpush_close(client);
    return true;
}

static axonpush_client *inherited;

static int publish_in_child(void) {
    axonpush_event event = test_event();
    event.identifier = "child";
    if (axonpush_events_publish_async(inherited, &event, NULL, NULL, NULL) != AXONPUSH_OK) return 1;
    if (axonpush_flush(inherited, 20000, NULL) != AXONPUSH_OK) return 2;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    if (axonpush_stats_get(inherited, &stats, NULL) != AXONPUSH_OK) return 3;
    return stats.delivered == 1 && stats.batches == 1 ? 0 : 4;
}

static bool a_forked_child_sends_batches_of_its_own(void) {
    inherited = otlp_client();
    CHECK_INT(tally_of(deliver(inherited, 5), AXONPUSH_OK), 5);
    outcome child = in_child(publish_in_child);
    CHECK_EXIT(child, 0);
    CHECK_INT(server_stat("storedEvents"), 6);
    CHECK_INT(tally_of(deliver(inherited, 5), AXONPUSH_OK), 5);
    axonpush_close(inherited);
    /* Each process says which it is. */
    CHECK_HAS(request_body(0), format("\"intValue\":\"%d\"", (int)getpid()));
    CHECK_LACKS(request_body(1), format("\"intValue\":\"%d\"", (int)getpid()));
    return true;
}

static const test tests[] = {
    TEST(events_come_back_as_post_event_gives_them),
    TEST(a_record_has_the_names_of_opentelemetry),
    TEST(no_word_that_may_not_leave_leaves),
    TEST(the_service_gets_the_key_and_one_channel_a_request),
    TEST(another_endpoint_gets_nothing_of_the_services),
    TEST(without_a_key_only_the_service_is_out_of_reach),
    TEST(the_environment_can_say_it_all),
    TEST(options_that_cannot_be_used_are_named),
    TEST(a_batch_ends_by_count_by_bytes_and_by_time),
    TEST(a_batch_can_be_compressed),
    TEST(completions_and_counters_are_each_events_own),
    TEST(a_log_event_keeps_its_severity),
    TEST(four_responses_and_a_broken_connection_are_retried),
    TEST(all_other_responses_are_final),
    TEST(what_was_rejected_of_a_batch_is_failed_and_not_repeated),
    TEST(garbage_is_failed_and_an_empty_response_is_none),
    TEST(a_credential_that_is_echoed_is_not_shown),
    TEST(an_outage_loses_nothing),
    TEST(the_spool_keeps_what_a_collector_did_not_take),
    TEST(a_spooled_event_is_recovered_as_a_record),
    TEST(closing_ends_in_time_with_a_silent_collector),
    TEST(the_queue_bounds_what_waits),
    TEST(a_small_queue_does_not_wait_for_a_large_batch),
    TEST(a_forked_child_sends_batches_of_its_own),
};

int main(int argc, char **argv) {
    return RUN_TESTS(tests, argc, argv);
}
