/*
 * The resources of the service: each function is one row of the contract's table, and all of them keep
 * the same promises. They are checked from one table here, by what the server saw.
 */
#include "check.h"
#include "tally.h"

/* ---- The table ---- */

/* A function under test with two ids at most; what else it takes is fixed here. */
typedef axonpush_status (*call_fn)(axonpush_client *client, const char *a, const char *b,
                                   axonpush_response **response, axonpush_error **error);

#define CALL(name, ...) \
    static axonpush_status call_##name(axonpush_client *client, const char *a, const char *b, \
                                       axonpush_response **response, axonpush_error **error) { \
        (void)a; \
        (void)b; \
        return axonpush_##name(__VA_ARGS__, response, error); \
    }

static axonpush_environment an_environment(void) {
    axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
    environment.name = "Staging \"two\"";
    environment.slug = "staging";
    environment.color = "#00ff00";
    environment.is_default = AXONPUSH_ENABLED;
    environment.is_production = AXONPUSH_DISABLED;
    return environment;
}

static axonpush_webhook a_webhook(void) {
    axonpush_webhook webhook = AXONPUSH_WEBHOOK_INIT;
    webhook.channel_id = "a/b?c";
    webhook.url = "http://127.0.0.1:9/hook";
    webhook.event_types = " agent.start, ,app.log ";
    webhook.description = "d";
    return webhook;
}

CALL(apps_list, client)
CALL(apps_create, client, "n\xC3\xA9w \"app\"\n")
CALL(apps_get, client, a)
CALL(apps_update, client, a, "renamed")
CALL(apps_delete, client, a)
CALL(channels_list, client, a)
CALL(channels_create, client, a, "c")
CALL(channels_get, client, a, b)
CALL(channels_update, client, a, b, "renamed")
CALL(channels_delete, client, a, b)
CALL(environments_list, client)
static axonpush_status call_environments_create(axonpush_client *client, const char *a, const char *b,
                                                axonpush_response **response, axonpush_error **error) {
    axonpush_environment environment = an_environment();
    (void)a;
    (void)b;
    return axonpush_environments_create(client, &environment, response, error);
}
static axonpush_status call_environments_update(axonpush_client *client, const char *a, const char *b,
                                                axonpush_response **response, axonpush_error **error) {
    axonpush_environment changes = AXONPUSH_ENVIRONMENT_INIT;
    (void)b;
    changes.is_production = AXONPUSH_ENABLED;
    return axonpush_environments_update(client, a, &changes, response, error);
}
CALL(environments_delete, client, a)
CALL(environments_promote, client, a)
static axonpush_status call_webhooks_create(axonpush_client *client, const char *a, const char *b,
                                            axonpush_response **response, axonpush_error **error) {
    axonpush_webhook webhook = a_webhook();
    (void)a;
    (void)b;
    return axonpush_webhooks_create(client, &webhook, response, error);
}
CALL(webhooks_list, client, a)
CALL(webhooks_delete, client, a)
CALL(webhooks_deliveries, client, a)
CALL(traces_list, client, NULL)
CALL(traces_get, client, a)
CALL(organizations_list, client)
CALL(organizations_get, client)
CALL(organizations_update, client, "{\"name\":\"N\"} and more", 12)
CALL(organizations_delete, client, a)
CALL(organizations_invite, client, a, "ann@example.com", "admin")
CALL(organizations_cancel_invitation, client, a, b)
CALL(organizations_remove_member, client, a, b)
CALL(organizations_transfer_ownership, client, a, "u/1")
CALL(organizations_leave, client, a)
CALL(capabilities_get, client)
CALL(health_get, client)
CALL(otlp_traces, client, "ch", "{\"resourceSpans\":[]}", 0)
CALL(otlp_logs, client, "ch", "{\"resourceLogs\":[]}", 0)

static const struct operation {
    const char *name;
    call_fn call;
    const char *method;
    const char *path; /* "A" and "B" stand for the ids */
    const char *ids[2]; /* their names in messages */
    const char *body; /* NULL: none */
    const char *list; /* The member that holds the list, of a call that gives one. */
} operations[] = {
#define ROW(name) #name, call_##name
    {ROW(apps_list), "GET", "/apps", {0}, NULL, "apps"},
    {ROW(apps_create), "POST", "/apps", {0}, "{\"name\":\"n\xC3\xA9w \\\"app\\\"\\n\"}", NULL},
    {ROW(apps_get), "GET", "/apps/A", {"app_id"}, NULL, NULL},
    {ROW(apps_update), "PATCH", "/apps/A", {"app_id"}, "{\"name\":\"renamed\"}", NULL},
    {ROW(apps_delete), "DELETE", "/apps/A", {"app_id"}, NULL, NULL},
    {ROW(channels_list), "GET", "/apps/A/channels", {"app_id"}, NULL, "channels"},
    {ROW(channels_create), "POST", "/apps/A/channels", {"app_id"}, "{\"name\":\"c\"}", NULL},
    {ROW(channels_get), "GET", "/apps/A/channels/B", {"app_id", "channel_id"}, NULL, NULL},
    {ROW(channels_update), "PUT", "/apps/A/channels/B", {"app_id", "channel_id"}, "{\"name\":\"renamed\"}", NULL},
    {ROW(channels_delete), "DELETE", "/apps/A/channels/B", {"app_id", "channel_id"}, NULL, NULL},
    {ROW(environments_list), "GET", "/environments", {0}, NULL, "environments"},
    {ROW(environments_create), "POST", "/environments", {0},
     "{\"name\":\"Staging \\\"two\\\"\",\"slug\":\"staging\",\"color\":\"#00ff00\",\"isDefault\":true,"
     "\"isProduction\":false}", NULL},
    {ROW(environments_update), "PATCH", "/environments/A", {"slug"}, "{\"isProduction\":true}", NULL},
    {ROW(environments_delete), "DELETE", "/environments/A", {"slug"}, NULL, NULL},
    {ROW(environments_promote), "POST", "/environments/A/promote", {"slug"}, NULL, NULL},
    {ROW(webhooks_create), "POST", "/webhooks/endpoints", {0},
     "{\"channelId\":\"a/b?c\",\"url\":\"http://127.0.0.1:9/hook\",\"eventTypes\":[\"agent.start\",\"app.log\"],"
     "\"description\":\"d\"}", NULL},
    {ROW(webhooks_list), "GET", "/webhooks/endpoints/channel/A", {"channel_id"}, NULL, "data"},
    {ROW(webhooks_delete), "DELETE", "/webhooks/endpoints/A", {"endpoint_id"}, NULL, NULL},
    {ROW(webhooks_deliveries), "GET", "/webhooks/deliveries/A", {"endpoint_id"}, NULL, "data"},
    {ROW(traces_list), "GET", "/traces", {0}, NULL, "traces"},
    {ROW(traces_get), "GET", "/traces/A", {"trace_id"}, NULL, NULL},
    {ROW(organizations_list), "GET", "/users/me/organizations", {0}, NULL, "organizations"},
    {ROW(organizations_get), "GET", "/organization", {0}, NULL, NULL},
    {ROW(organizations_update), "PATCH", "/organization", {0}, "{\"name\":\"N\"}", NULL},
    {ROW(organizations_delete), "DELETE", "/organizations/A", {"org_id"}, NULL, NULL},
    {ROW(organizations_invite), "POST", "/organizations/A/invitations", {"org_id"},
     "{\"invitedEmail\":\"ann@example.com\",\"role\":\"admin\"}", NULL},
    {ROW(organizations_cancel_invitation), "DELETE", "/organizations/A/invitations/B",
     {"org_id", "invitation_id"}, NULL, NULL},
    {ROW(organizations_remove_member), "DELETE", "/organizations/A/members/B", {"org_id", "user_id"}, NULL, NULL},
    {ROW(organizations_transfer_ownership), "POST", "/organizations/A/transfer-ownership", {"org_id"},
     "{\"userId\":\"u/1\"}", NULL},
    {ROW(organizations_leave), "POST", "/organizations/A/leave", {"org_id"}, NULL, NULL},
    {ROW(capabilities_get), "GET", "/capabilities", {0}, NULL, NULL},
    {ROW(health_get), "GET", "/healthz", {0}, NULL, NULL},
    {ROW(otlp_traces), "POST", "/v1/traces", {0}, "{\"resourceSpans\":[]}", NULL},
    {ROW(otlp_logs), "POST", "/v1/logs", {0}, "{\"resourceLogs\":[]}", NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EACH(o) (const struct operation *o = operations; o < operations + COUNT(operations); o++)

/* Every request gets a success: an object with every list, empty in the way that is harder. */
#define LISTS "{'apps':null,'channels':null,'environments':null,'data':null,'traces':null,'organizations':null}"
#define ALL_IS_WELL "{'path':'/*','status':200,'body':" LISTS ",'times':0}"
#define AT_ONCE "'headers':{'Retry-After':'0'}"

/* A fresh server that starts with these faults. */
static void server_with(const char *faults) {
    dev("POST", "/_dev/reset", NULL);
    if (faults) fault(faults);
}

/* The path with the ids, as they are to be on the wire. */
static const char *path_of(const struct operation *operation, const char *a, const char *b) {
    const char *path = "";
    for (const char *c = operation->path; *c; c++) {
        path = *c == 'A' ? format("%s%s", path, a) : *c == 'B' ? format("%s%s", path, b) : format("%s%c", path, *c);
    }
    return path;
}

static bool is_post(const struct operation *operation) {
    return strcmp(operation->method, "POST") == 0;
}

/* Says which operation a failed check was about. */
#define FOR(operation, check) \
    do { \
        if (!(check)) { \
            printf("  (%s)\n", (operation)->name); \
            return false; \
        } \
    } while (0)

/* ---- On the wire ---- */

static bool sends_what_the_contract_says(axonpush_client *client, const struct operation *o) {
    server_with("[" ALL_IS_WELL "]");
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(o->call(client, "id-1", "id-2", &response, &error), error, AXONPUSH_OK);
    CHECK_INT(request_count(), 1);
    CHECK_TEXT(request_member(0, "method"), o->method);
    CHECK_TEXT(request_member(0, "target"), path_of(o, "id-1", "id-2"));
    CHECK_TEXT(request_body(0), o->body ? o->body : "");
    CHECK_TEXT(request_header(0, "content-type"), o->body ? "application/json" : NULL);
    CHECK_TEXT(request_header(0, "x-api-key"), TEST_KEY);
    CHECK_TEXT(request_header(0, "x-tenant-id"), "org-7");
    CHECK_TEXT(request_header(0, "x-axonpush-environment"), "staging");
    CHECK_TEXT(request_header(0, "idempotency-key"), NULL);
    CHECK_TEXT(request_header(0, "traceparent"), NULL);
    CHECK_TEXT(request_header(0, "x-axonpush-trace-id"), NULL);
    CHECK_TEXT(request_header(0, "x-axonpush-span-id"), NULL);
    CHECK_HAS(request_header(0, "user-agent"), "axonpush-c/");
    bool otlp = strncmp(o->name, "otlp", 4) == 0;
    CHECK_TEXT(request_header(0, "x-axonpush-channel"), otlp ? "ch" : NULL);
    CHECK_INT(axonpush_response_http_status(response), 200);
    CHECK_INT(axonpush_response_count(response, ""), 6);
    if (o->list) CHECK_INT(axonpush_response_count(response, format("/%s", o->list)), 0);
    axonpush_response_free(response);
    return true;
}

static bool every_operation_is_the_request_that_the_contract_says(void) {
    axonpush_options options = test_options();
    options.tenant_id = "org-7";
    options.environment = "staging";
    axonpush_client *client = client_with(&options);
    for EACH(o) FOR(o, sends_what_the_contract_says(client, o));
    axonpush_close(client);
    return true;
}

static bool a_prefix_of_the_base_url_stays_before_every_path(void) {
    axonpush_options options = test_options();
    options.base_url = format("%s/axon/v2/", server_url());
    axonpush_client *client = client_with(&options);
    for EACH(o) {
        axonpush_error *error = NULL;
        server_with("[" ALL_IS_WELL "]");
        CHECK_STATUS(o->call(client, "a", "b", NULL, &error), error, AXONPUSH_OK);
        CHECK_TEXT(request_member(0, "target"), format("/axon/v2%s", path_of(o, "a", "b")));
    }
    axonpush_close(client);
    return true;
}

static bool neither_result_nor_error_need_be_wanted(void) {
    axonpush_client *client = test_client();
    for EACH(o) {
        server_with("[{'path':'/*','status':418}," ALL_IS_WELL "]");
        FOR(o, o->call(client, "a", "b", NULL, NULL) == AXONPUSH_ERR_API);
        FOR(o, o->call(client, "a", "b", NULL, NULL) == AXONPUSH_OK);
    }
    axonpush_close(client);
    return true;
}

/* ---- Ids ---- */

static const struct {
    const char *id, *segment;
} ids[] = {
    {"plain-id_1.~", "plain-id_1.~"},
    {"../x", "..%2Fx"},
    {"a/b?c#d", "a%2Fb%3Fc%23d"},
    {"%2e%2e", "%252e%252e"},
    {"..", "%2E%2E"},
    {".", "%2E"},
    {"...", "..."},
    {"/", "%2F"},
    {"\\..\\", "%5C..%5C"},
    {"\xC3\xBC \xE2\x82\xAC\xF0\x9F\x9A\x80", "%C3%BC%20%E2%82%AC%F0%9F%9A%80"},
    {"a\r\nHost: evil\r\n\r\n", "a%0D%0AHost%3A%20evil%0D%0A%0D%0A"},
    {"a;b&c=d+e,f", "a%3Bb%26c%3Dd%2Be%2Cf"},
    {"{app_id}", "%7Bapp_id%7D"},
    {"@host:80", "%40host%3A80"},
};

static bool hostile_ids_stay_one_segment(void) {
    axonpush_client *client = test_client();
    for EACH(o) {
        if (!o->ids[0]) continue;
        for (size_t i = 0; i < COUNT(ids); i++) {
            size_t other = COUNT(ids) - 1 - i;
            axonpush_error *error = NULL;
            server_with("[" ALL_IS_WELL "]");
            CHECK_STATUS(o->call(client, ids[i].id, ids[other].id, NULL, &error), error, AXONPUSH_OK);
            CHECK_INT(request_count(), 1);
            CHECK_TEXT(request_member(0, "target"), path_of(o, ids[i].segment, ids[other].segment));
        }
    }
    axonpush_close(client);
    return true;
}

static bool the_service_looks_for_the_id_itself(void) {
    axonpush_client *client = test_client();
    for (size_t i = 0; i < COUNT(ids); i++) {
        axonpush_error *error = NULL;
        CHECK_STATUS(axonpush_apps_get(client, ids[i].id, NULL, &error), error, AXONPUSH_ERR_NOT_FOUND);
        /* In the message there are no control characters. */
        if (!strchr(ids[i].id, '\r')) CHECK_HAS(axonpush_error_message(error), format("`%s`", ids[i].id));
        axonpush_error_free(error);
    }
    axonpush_close(client);
    return true;
}

static bool refuses(axonpush_client *client, const struct operation *o, const char *a, const char *b,
                    const char *message) {
    axonpush_response *response = (axonpush_response *)&client;
    axonpush_error *error = NULL;
    CHECK_STATUS(o->call(client, a, b, &response, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK(response == NULL);
    CHECK_TEXT(axonpush_error_message(error), message);
    axonpush_error_free(error);
    return true;
}

static bool a_missing_id_is_refused_by_its_name(void) {
    axonpush_client *client = test_client();
    for EACH(o) {
        if (!o->ids[0]) continue;
        FOR(o, refuses(client, o, NULL, "b", format("%s: it is required, but NULL", o->ids[0])));
        FOR(o, refuses(client, o, "", "b", format("%s: it is required, but empty", o->ids[0])));
        FOR(o, refuses(client, o, "a\xFF", "b", format("%s: not valid UTF-8 at byte 1", o->ids[0])));
        if (!o->ids[1]) continue;
        FOR(o, refuses(client, o, "a", NULL, format("%s: it is required, but NULL", o->ids[1])));
        FOR(o, refuses(client, o, "a", "", format("%s: it is required, but empty", o->ids[1])));
        FOR(o, refuses(client, o, "a", "b\xC3", format("%s: not valid UTF-8 at byte 1", o->ids[1])));
    }
    CHECK_INT(request_count(), 0);
    axonpush_close(client);
    return true;
}

/* ---- Other arguments ---- */

#define REFUSED(call, part) \
    do { \
        axonpush_error *error = NULL; \
        CHECK_STATUS(call, error, AXONPUSH_ERR_INVALID_ARGUMENT); \
        CHECK_HAS(axonpush_error_message(error), part); \
        axonpush_error_free(error); \
    } while (0)

static bool what_is_missing_is_refused_by_its_name(void) {
    axonpush_client *client = test_client();
    static const char *const missing[] = {NULL, ""};
    for (size_t i = 0; i < COUNT(missing); i++) {
        const char *none = missing[i];
        REFUSED(axonpush_apps_create(client, none, NULL, &error), "name: it is required");
        REFUSED(axonpush_apps_update(client, "a", none, NULL, &error), "name: it is required");
        REFUSED(axonpush_channels_create(client, "a", none, NULL, &error), "name: it is required");
        REFUSED(axonpush_channels_update(client, "a", "c", none, NULL, &error), "name: it is required");
        axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
        environment.name = none;
        REFUSED(axonpush_environments_create(client, &environment, NULL, &error), "environment.name: it is required");
        axonpush_webhook webhook = a_webhook();
        webhook.channel_id = none;
        REFUSED(axonpush_webhooks_create(client, &webhook, NULL, &error), "webhook.channel_id: it is required");
        webhook = a_webhook();
        webhook.url = none;
        REFUSED(axonpush_webhooks_create(client, &webhook, NULL, &error), "webhook.url: it is required");
        REFUSED(axonpush_organizations_invite(client, "o", none, "user", NULL, &error), "invited_email: it is required");
        REFUSED(axonpush_organizations_invite(client, "o", "a@b.c", none, NULL, &error), "role: it is required");
        REFUSED(axonpush_organizations_transfer_ownership(client, "o", none, NULL, &error), "user_id: it is required");
        REFUSED(axonpush_organizations_update(client, none, 0, NULL, &error), "body_json: it is required");
        REFUSED(axonpush_otlp_traces(client, "c", none, 0, NULL, &error), "json: it is required");
        REFUSED(axonpush_otlp_logs(client, none, "{}", 0, NULL, &error), "channel_id: it is required");
    }
    REFUSED(axonpush_environments_create(client, NULL, NULL, &error), "environment: it is required");
    REFUSED(axonpush_environments_update(client, "s", NULL, NULL, &error), "environment: it is required");
    REFUSED(axonpush_webhooks_create(client, NULL, NULL, &error), "webhook: it is required");
    CHECK_INT(request_count(), 0);
    axonpush_close(client);
    return true;
}

static bool what_cannot_be_used_is_refused_by_its_name(void) {
    axonpush_client *client = test_client();
    axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
    environment.name = "n";
    environment.is_default = 3;
    REFUSED(axonpush_environments_create(client, &environment, NULL, &error), "environment.is_default");
    environment.is_default = AXONPUSH_DEFAULT;
    environment.is_production = -1;
    REFUSED(axonpush_environments_update(client, "s", &environment, NULL, &error), "environment.is_production");
    environment.is_production = AXONPUSH_DEFAULT;
    environment.color = "\xFF";
    REFUSED(axonpush_environments_update(client, "s", &environment, NULL, &error), "environment.color");
    environment = an_environment();
    environment.struct_size = 0;
    REFUSED(axonpush_environments_create(client, &environment, NULL, &error), "environment.struct_size");
    axonpush_webhook webhook = a_webhook();
    webhook.struct_size = 4096;
    REFUSED(axonpush_webhooks_create(client, &webhook, NULL, &error), "webhook.struct_size");
    webhook = a_webhook();
    webhook.event_types = "\xFF";
    REFUSED(axonpush_webhooks_create(client, &webhook, NULL, &error), "webhook.event_types");
    REFUSED(axonpush_organizations_update(client, "{\"name\":", 0, NULL, &error), "body_json");
    REFUSED(axonpush_organizations_update(client, "[1]", 0, NULL, &error), "body_json: expected a JSON object");
    REFUSED(axonpush_organizations_update(client, "\"x\"", 0, NULL, &error), "body_json: expected a JSON object");
    REFUSED(axonpush_otlp_traces(client, "c", "{", 0, NULL, &error), "json: not valid JSON");
    REFUSED(axonpush_otlp_logs(client, "a\nb", "{}", 0, NULL, &error), "channel_id");
    axonpush_trace_query query = AXONPUSH_TRACE_QUERY_INIT;
    query.struct_size = 1;
    REFUSED(axonpush_traces_list(client, &query, NULL, &error), "query.struct_size");
    axonpush_trace_query_init(&query);
    query.errors_only = 7;
    REFUSED(axonpush_traces_list(client, &query, NULL, &error), "query.errors_only");
    axonpush_trace_query_init(&query);
    query.user = "\xFF";
    REFUSED(axonpush_traces_list(client, &query, NULL, &error), "query.user");
    axonpush_event_query events = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_trace_query_init(&query);
    query.events = &events;
    events.limit = 501;
    REFUSED(axonpush_traces_list(client, &query, NULL, &error), "query.limit");
    CHECK_INT(request_count(), 0);
    axonpush_close(client);
    return true;
}

static bool members_that_are_not_given_are_not_sent(void) {
    axonpush_client *client = test_client();
    fault("[" ALL_IS_WELL "]");
    axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
    environment.name = "n";
    CHECK_INT(axonpush_environments_create(client, &environment, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_body(0), "{\"name\":\"n\"}");
    axonpush_webhook webhook = AXONPUSH_WEBHOOK_INIT;
    webhook.channel_id = "c";
    webhook.url = "http://h/";
    CHECK_INT(axonpush_webhooks_create(client, &webhook, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_body(1), "{\"channelId\":\"c\",\"url\":\"http://h/\"}");
    axonpush_close(client);
    return true;
}

static bool init_functions_do_what_the_macros_do(void) {
    axonpush_environment environment, environment_by_macro = AXONPUSH_ENVIRONMENT_INIT;
    axonpush_webhook webhook, webhook_by_macro = AXONPUSH_WEBHOOK_INIT;
    axonpush_trace_query query, query_by_macro = AXONPUSH_TRACE_QUERY_INIT;
    axonpush_log_record record, record_by_macro = AXONPUSH_LOG_RECORD_INIT;
    memset(&environment, 0xFF, sizeof environment);
    memset(&webhook, 0xFF, sizeof webhook);
    memset(&query, 0xFF, sizeof query);
    memset(&record, 0xFF, sizeof record);
    axonpush_environment_init(&environment);
    axonpush_webhook_init(&webhook);
    axonpush_trace_query_init(&query);
    axonpush_log_record_init(&record);
    CHECK(memcmp(&environment, &environment_by_macro, sizeof environment) == 0);
    CHECK(memcmp(&webhook, &webhook_by_macro, sizeof webhook) == 0);
    CHECK(memcmp(&query, &query_by_macro, sizeof query) == 0);
    CHECK(memcmp(&record, &record_by_macro, sizeof record) == 0);
    axonpush_environment_init(NULL);
    axonpush_webhook_init(NULL);
    axonpush_trace_query_init(NULL);
    axonpush_log_record_init(NULL);
    return true;
}

static bool every_filter_of_traces_has_its_name_on_the_wire(void) {
    axonpush_client *client = test_client();
    axonpush_event_query events = AXONPUSH_EVENT_QUERY_INIT;
    events.since = "2026-01-01T00:00:00Z";
    events.limit = 7;
    events.agent_name = "planner";
    axonpush_trace_query query = AXONPUSH_TRACE_QUERY_INIT;
    query.events = &events;
    query.service = "shop, b&c ,,";
    query.operation = "o";
    query.model = "m";
    query.provider = "p";
    query.agent = "a";
    query.tool = "t";
    query.release = "1.0";
    query.session = "s";
    query.user = "u";
    query.sort = "duration_desc";
    query.min_duration_ms = UINT64_MAX;
    query.offset = 10;
    query.errors_only = AXONPUSH_DISABLED;
    CHECK_INT(axonpush_traces_list(client, &query, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(0, "target"),
               "/traces?since=2026-01-01T00%3A00%3A00Z&agentName=planner&limit=7&service=shop&service=b%26c"
               "&operation=o&model=m&provider=p&agent=a&tool=t&release=1.0&session=s&user=u&offset=10"
               "&errorsOnly=false&minDurationMs=18446744073709551615&sort=duration_desc");
    axonpush_trace_query_init(&query);
    CHECK_INT(axonpush_traces_list(client, &query, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(request_member(1, "target"), "/traces");
    axonpush_close(client);
    return true;
}

static bool otlp_goes_to_a_channel_as_it_is(void) {
    axonpush_options options = test_options();
    options.channel_id = "mine";
    axonpush_client *client = client_with(&options);
    axonpush_error *error = NULL;
    fault("{'path':'/v1/*','status':200,'times':0,'body':'','contentType':'application/json'}");
    /* Of the redaction rules nothing: a secret name and a content name in it. */
    const char *json = " {\"resourceLogs\" : [{\"password\":\"p\",\"prompt\":\"q\",\"n\":1.50}]} ";
    CHECK_STATUS(axonpush_otlp_logs(client, NULL, json, 0, NULL, &error), error, AXONPUSH_OK);
    CHECK_TEXT(request_body(0), json);
    CHECK_TEXT(request_header(0, "x-axonpush-channel"), "mine");
    axonpush_response *response = NULL;
    CHECK_STATUS(axonpush_otlp_traces(client, "other", "{}{}", 2, &response, &error), error, AXONPUSH_OK);
    CHECK_TEXT(request_body(1), "{}");
    CHECK_TEXT(request_header(1, "x-axonpush-channel"), "other");
    CHECK_TEXT(axonpush_response_json(response, NULL), "null");
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

/* ---- When the service cannot be reached ---- */

static bool under_fail_open_one_thing_is_none_and_a_list_is_empty(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_client *client = client_with(&options);
    for EACH(o) {
        axonpush_response *response = (axonpush_response *)&options;
        axonpush_error *error = (axonpush_error *)&options;
        CHECK_STATUS(o->call(client, "a", "b", &response, &error), error, AXONPUSH_OK);
        CHECK(error == NULL);
        if (o->list) {
            FOR(o, response != NULL);
            CHECK_TEXT(axonpush_response_json(response, NULL), format("{\"%s\":[]}", o->list));
            CHECK_INT(axonpush_response_http_status(response), 0);
        } else {
            FOR(o, response == NULL);
        }
        axonpush_response_free(response);
    }
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

static bool in_strict_mode_it_is_an_error(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    axonpush_client *client = client_with(&options);
    for EACH(o) {
        axonpush_response *response = (axonpush_response *)&options;
        axonpush_error *error = NULL;
        CHECK_STATUS(o->call(client, "a", "b", &response, &error), error, AXONPUSH_ERR_CONNECTION);
        CHECK(response == NULL);
        CHECK(axonpush_error_retryable(error));
        axonpush_error_free(error);
    }
    axonpush_close(client);
    return true;
}

static bool every_other_failure_is_reported_in_both_modes(void) {
    static const struct {
        int http_status;
        axonpush_status status;
    } failures[] = {{401, AXONPUSH_ERR_AUTHENTICATION}, {403, AXONPUSH_ERR_FORBIDDEN}, {404, AXONPUSH_ERR_NOT_FOUND},
                    {422, AXONPUSH_ERR_VALIDATION}, {429, AXONPUSH_ERR_RATE_LIMIT}, {500, AXONPUSH_ERR_SERVER},
                    {302, AXONPUSH_ERR_API}};
    for (int open = 0; open < 2; open++) {
        axonpush_options options = test_options();
        options.fail_open = open ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
        axonpush_client *client = client_with(&options);
        size_t i = 0;
        for EACH(o) {
            axonpush_error *error = NULL;
            size_t which = i++ % COUNT(failures);
            server_with(format("[{'path':'/*','status':%d,'headers':{'X-Request-Id':'r-1'}}]",
                               failures[which].http_status));
            CHECK_STATUS(o->call(client, "a", "b", NULL, &error), error, failures[which].status);
            CHECK_INT(axonpush_error_http_status(error), failures[which].http_status);
            axonpush_error_free(error);
        }
        axonpush_close(client);
    }
    return true;
}

/* A client that repeats, with no connection yet: on one that was used before, a hang-up would count as
   closed while idle. */
static axonpush_client *fresh_client(void) {
    axonpush_options options = test_options();
    options.max_retries = 2;
    return client_with(&options);
}

static bool repeats_only_what_is_harmless(const struct operation *o, const char *lost) {
    server_with(format("[{'path':'/*',%s}," ALL_IS_WELL "]", lost));
    axonpush_client *client = fresh_client();
    axonpush_error *error = NULL;
    axonpush_status status = o->call(client, "a", "b", NULL, &error);
    CHECK_INT(request_count(), is_post(o) ? 1 : 2);
    CHECK_INT(status == AXONPUSH_OK, !is_post(o));
    if (!is_post(o)) {
        CHECK_TEXT(request_member(1, "method"), request_member(0, "method"));
        CHECK_TEXT(request_member(1, "target"), request_member(0, "target"));
        CHECK_TEXT(request_body(1), o->body ? o->body : "");
    }
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

static bool after_a_lost_response_all_is_repeated_but_a_post(void) {
    static const char *const lost[] = {"'hangup':'after'", "'status':500," AT_ONCE, "'status':502," AT_ONCE,
                                       "'status':408," AT_ONCE};
    for EACH(o) {
        for (size_t i = 0; i < COUNT(lost); i++) FOR(o, repeats_only_what_is_harmless(o, lost[i]));
    }
    return true;
}

static bool a_create_whose_response_is_lost_creates_once(void) {
    axonpush_client *client = fresh_client();
    axonpush_error *error = NULL;
    fault("{'method':'POST','path':'/apps','hangup':'after'}");
    CHECK_STATUS(axonpush_apps_create(client, "once", NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    axonpush_error_free(error);
    CHECK_INT(request_count(), 1);
    axonpush_response *response = NULL;
    CHECK_STATUS(axonpush_apps_list(client, &response, &error), error, AXONPUSH_OK);
    size_t found = 0;
    for (size_t i = 0; i < axonpush_response_count(response, "/apps"); i++) {
        const char *name = axonpush_response_string(response, format("/apps/%zu/name", i));
        found += name && strcmp(name, "once") == 0;
    }
    CHECK_INT(found, 1);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool a_delete_whose_response_is_lost_may_be_told_not_found(void) {
    axonpush_client *client = fresh_client();
    axonpush_environment environment = AXONPUSH_ENVIRONMENT_INIT;
    axonpush_error *error = NULL;
    environment.name = "gone";
    CHECK_STATUS(axonpush_environments_create(client, &environment, NULL, &error), error, AXONPUSH_OK);
    dev("POST", "/_dev/close-idle", NULL);
    fault("{'method':'DELETE','hangup':'after'}");
    CHECK_STATUS(axonpush_environments_delete(client, "gone", NULL, &error), error, AXONPUSH_ERR_NOT_FOUND);
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

static bool what_is_turned_away_at_the_door_is_repeated_a_post_too(void) {
    axonpush_client *client = fresh_client();
    for EACH(o) {
        axonpush_error *error = NULL;
        server_with("[{'path':'/*','status':429," AT_ONCE "},{'path':'/*','status':503," AT_ONCE "}," ALL_IS_WELL "]");
        CHECK_STATUS(o->call(client, "a", "b", NULL, &error), error, AXONPUSH_OK);
        FOR(o, request_count() == 3);
    }
    axonpush_close(client);
    return true;
}

static void *open_soon(void *data) {
    sleep_ms(400);
    gate_open(data);
    return NULL;
}

static bool a_refused_connection_is_repeated_a_post_too(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_options options = test_options();
    options.base_url = gate_url(gate);
    options.max_retries = 5;
    axonpush_client *client = client_with(&options);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, open_soon, gate), 0);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_apps_create(client, "n", &response, &error), error, AXONPUSH_OK);
    CHECK(axonpush_response_string(response, "/appId") != NULL);
    pthread_join(thread, NULL);
    CHECK_INT(request_count(), 1);
    CHECK(stats_of(client).retried >= 1);
    axonpush_response_free(response);
    axonpush_close(client);
    gate_free(gate);
    return true;
}

static bool no_client_is_an_error_of_every_operation(void) {
    axonpush_client *closed = test_client();
    axonpush_close(closed);
    axonpush_client *const clients[] = {NULL, closed, (axonpush_client *)(uintptr_t)0x1234567};
    for (size_t i = 0; i < COUNT(clients); i++) {
        for EACH(o) {
            axonpush_response *response = (axonpush_response *)&closed;
            axonpush_error *error = NULL;
            /* The handle is looked at first, whatever else is wrong. */
            CHECK_STATUS(o->call(clients[i], NULL, NULL, &response, &error), error, AXONPUSH_ERR_INVALID_HANDLE);
            CHECK(response == NULL);
            axonpush_error_free(error);
        }
    }
    CHECK_INT(request_count(), 0);
    return true;
}

static bool a_client_that_is_shut_down_refuses_every_operation(void) {
    axonpush_client *client = test_client();
    CHECK_INT(axonpush_shutdown(client, 0, NULL), AXONPUSH_OK);
    for EACH(o) {
        axonpush_error *error = NULL;
        CHECK_STATUS(o->call(client, "a", "b", NULL, &error), error, AXONPUSH_ERR_CLOSED);
        axonpush_error_free(error);
    }
    CHECK_INT(request_count(), 0);
    axonpush_close(client);
    return true;
}

/* ---- The whole life of each resource, with real responses ---- */

/* Calls, and keeps the response in `response`. */
#define OK(call) \
    do { \
        axonpush_error *error = NULL; \
        axonpush_response_free(response); \
        response = NULL; \
        CHECK_STATUS(call, error, AXONPUSH_OK); \
        CHECK(response != NULL); \
    } while (0)
#define FAILS(call, expected) \
    do { \
        axonpush_error *error = NULL; \
        axonpush_response_free(response); \
        response = NULL; \
        CHECK_STATUS(call, error, expected); \
        axonpush_error_free(error); \
    } while (0)

/* A text of the response, for longer than the response lives. */
static const char *kept(const axonpush_response *response, const char *pointer) {
    const char *text = axonpush_response_string(response, pointer);
    return text ? format("%s", text) : NULL;
}

static bool apps_and_channels_live_and_die(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    OK(axonpush_apps_create(client, "App \xE2\x82\xAC", &response, &error));
    CHECK_INT(axonpush_response_http_status(response), 201);
    const char *app = kept(response, "/appId");
    OK(axonpush_apps_get(client, app, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/name"), "App \xE2\x82\xAC");
    OK(axonpush_apps_update(client, app, "Other", &response, &error));
    OK(axonpush_apps_list(client, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/apps"), 1);
    CHECK_TEXT(axonpush_response_string(response, "/apps/0/name"), "Other");
    OK(axonpush_channels_list(client, app, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/channels"), 0);
    OK(axonpush_channels_create(client, app, "C", &response, &error));
    const char *channel = kept(response, "/channelId");
    OK(axonpush_channels_update(client, app, channel, "D", &response, &error));
    OK(axonpush_channels_get(client, app, channel, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/name"), "D");
    OK(axonpush_channels_list(client, app, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/channels"), 1);
    OK(axonpush_channels_delete(client, app, channel, &response, &error));
    FAILS(axonpush_channels_get(client, app, channel, &response, &error), AXONPUSH_ERR_NOT_FOUND);
    OK(axonpush_apps_delete(client, app, &response, &error));
    FAILS(axonpush_apps_delete(client, app, &response, &error), AXONPUSH_ERR_NOT_FOUND);
    axonpush_close(client);
    return true;
}

static bool environments_live_and_die(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    axonpush_environment environment = an_environment();
    bool flag = false;
    OK(axonpush_environments_create(client, &environment, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/name"), environment.name);
    CHECK(axonpush_response_bool(response, "/isDefault", &flag) && flag);
    FAILS(axonpush_environments_create(client, &environment, &response, &error), AXONPUSH_ERR_API);
    axonpush_environment_init(&environment);
    environment.name = "Production";
    OK(axonpush_environments_create(client, &environment, &response, &error));
    const char *slug = kept(response, "/slug");
    axonpush_environment_init(&environment);
    environment.is_production = AXONPUSH_ENABLED;
    OK(axonpush_environments_update(client, slug, &environment, &response, &error));
    CHECK(axonpush_response_bool(response, "/isProduction", &flag) && flag);
    CHECK_TEXT(axonpush_response_string(response, "/name"), "Production");
    OK(axonpush_environments_promote(client, slug, &response, &error));
    CHECK(axonpush_response_bool(response, "/isDefault", &flag) && flag);
    OK(axonpush_environments_delete(client, "staging", &response, &error));
    OK(axonpush_environments_list(client, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/environments"), 1);
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool webhook_endpoints_live_and_die(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    axonpush_webhook webhook = a_webhook();
    OK(axonpush_webhooks_create(client, &webhook, &response, &error));
    CHECK(axonpush_response_string(response, "/rawSecret") != NULL);
    CHECK_TEXT(axonpush_response_string(response, "/eventTypes/1"), "app.log");
    const char *endpoint = kept(response, "/endpointId");
    OK(axonpush_webhooks_list(client, webhook.channel_id, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/data"), 1);
    CHECK_TEXT(axonpush_response_string(response, "/data/0/endpointId"), endpoint);
    OK(axonpush_webhooks_deliveries(client, endpoint, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/data"), 0);
    OK(axonpush_webhooks_delete(client, endpoint, &response, &error));
    FAILS(axonpush_webhooks_deliveries(client, endpoint, &response, &error), AXONPUSH_ERR_NOT_FOUND);
    webhook.url = "gopher://h/";
    FAILS(axonpush_webhooks_create(client, &webhook, &response, &error), AXONPUSH_ERR_VALIDATION);
    axonpush_close(client);
    return true;
}

static bool organizations_live_and_die(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    OK(axonpush_organizations_get(client, &response, &error));
    const char *org = kept(response, "/orgId");
    OK(axonpush_organizations_update(client, "{\"name\":\"Ours\"}", 0, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/name"), "Ours");
    OK(axonpush_organizations_list(client, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/organizations"), 1);
    OK(axonpush_organizations_invite(client, org, "ann@example.com", "admin", &response, &error));
    const char *invitation = kept(response, "/invitationId");
    FAILS(axonpush_organizations_invite(client, org, "ann@example.com", "king", &response, &error),
          AXONPUSH_ERR_VALIDATION);
    OK(axonpush_organizations_cancel_invitation(client, org, invitation, &response, &error));
    FAILS(axonpush_organizations_cancel_invitation(client, org, invitation, &response, &error),
          AXONPUSH_ERR_NOT_FOUND);
    FAILS(axonpush_organizations_leave(client, org, &response, &error), AXONPUSH_ERR_API);
    OK(axonpush_organizations_transfer_ownership(client, org, "user_colleague", &response, &error));
    OK(axonpush_organizations_leave(client, org, &response, &error));
    FAILS(axonpush_organizations_remove_member(client, org, "user_colleague", &response, &error), AXONPUSH_ERR_API);
    FAILS(axonpush_organizations_remove_member(client, org, "nobody", &response, &error), AXONPUSH_ERR_NOT_FOUND);
    OK(axonpush_organizations_delete(client, org, &response, &error));
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool traces_are_found_again(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    for (int i = 0; i < 3; i++) {
        axonpush_event event = test_event();
        event.trace_id = i < 2 ? "trace/1" : "trace 2";
        event.event_type = i == 1 ? "agent.error" : "agent.start";
        event.payload = i < 2 ? "{\"service.name\":\"shop\"}" : "{\"service.name\":\"bank\"}";
        CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    }
    OK(axonpush_traces_list(client, NULL, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/traces"), 2);
    CHECK_TEXT(axonpush_response_string(response, "/traces/0/traceId"), "trace 2");
    axonpush_trace_query query = AXONPUSH_TRACE_QUERY_INIT;
    query.service = "bank,shop";
    query.errors_only = AXONPUSH_ENABLED;
    OK(axonpush_traces_list(client, &query, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/traces"), 1);
    CHECK_TEXT(axonpush_response_string(response, "/traces/0/traceId"), "trace/1");
    query.offset = 1;
    OK(axonpush_traces_list(client, &query, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/traces"), 0);
    OK(axonpush_traces_get(client, "trace/1", &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/traceId"), "trace/1");
    CHECK_INT(axonpush_response_count(response, "/spans"), 2);
    FAILS(axonpush_traces_get(client, "trace/3", &response, &error), AXONPUSH_ERR_NOT_FOUND);
    axonpush_close(client);
    return true;
}

static bool the_service_says_what_it_can_and_that_it_is_well(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    OK(axonpush_capabilities_get(client, &response, &error));
    CHECK(axonpush_response_count(response, "/featureFlags") > 0);
    OK(axonpush_health_get(client, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/status"), "ok");
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

static bool otlp_becomes_events(void) {
    axonpush_client *client = test_client();
    axonpush_response *response = NULL;
    const char *spans = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"step\","
                        "\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\"}]}]}]}";
    OK(axonpush_otlp_traces(client, "otel", spans, 0, &response, &error));
    CHECK_INT(axonpush_response_count(response, ""), 0);
    const char *logs = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"a line\"}},"
                       "{\"traceId\":\"short\"}]}]}]}";
    FAILS(axonpush_otlp_logs(client, "otel", logs, 0, &response, &error), AXONPUSH_ERR_VALIDATION);
    logs = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"a line\"}},"
           "{\"traceId\":\"abcd\"}]}]}]}";
    OK(axonpush_otlp_logs(client, "otel", logs, 0, &response, &error));
    CHECK_TEXT(axonpush_response_string(response, "/partialSuccess/rejectedLogRecords"), "1");
    OK(axonpush_events_list(client, "otel", NULL, &response, &error));
    CHECK_INT(axonpush_response_count(response, "/events"), 2);
    CHECK_TEXT(axonpush_response_string(response, "/events/0/payload/body"), "a line");
    CHECK_TEXT(axonpush_response_string(response, "/events/1/identifier"), "step");
    CHECK_TEXT(axonpush_response_string(response, "/events/1/source"), "otlp");
    axonpush_response_free(response);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(every_operation_is_the_request_that_the_contract_says),
        TEST(a_prefix_of_the_base_url_stays_before_every_path),
        TEST(neither_result_nor_error_need_be_wanted),
        TEST(hostile_ids_stay_one_segment),
        TEST(the_service_looks_for_the_id_itself),
        TEST(a_missing_id_is_refused_by_its_name),
        TEST(what_is_missing_is_refused_by_its_name),
        TEST(what_cannot_be_used_is_refused_by_its_name),
        TEST(members_that_are_not_given_are_not_sent),
        TEST(init_functions_do_what_the_macros_do),
        TEST(every_filter_of_traces_has_its_name_on_the_wire),
        TEST(otlp_goes_to_a_channel_as_it_is),
        TEST(under_fail_open_one_thing_is_none_and_a_list_is_empty),
        TEST(in_strict_mode_it_is_an_error),
        TEST(every_other_failure_is_reported_in_both_modes),
        TEST(after_a_lost_response_all_is_repeated_but_a_post),
        TEST(a_create_whose_response_is_lost_creates_once),
        TEST(a_delete_whose_response_is_lost_may_be_told_not_found),
        TEST(what_is_turned_away_at_the_door_is_repeated_a_post_too),
        TEST(a_refused_connection_is_repeated_a_post_too),
        TEST(no_client_is_an_error_of_every_operation),
        TEST(a_client_that_is_shut_down_refuses_every_operation),
        TEST(apps_and_channels_live_and_die),
        TEST(environments_live_and_die),
        TEST(webhook_endpoints_live_and_die),
        TEST(organizations_live_and_die),
        TEST(traces_are_found_again),
        TEST(the_service_says_what_it_can_and_that_it_is_well),
        TEST(otlp_becomes_events),
    };
    return RUN_TESTS(tests, argc, argv);
}
