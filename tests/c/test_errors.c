/* What a caller learns when the service refuses. */
#include "check.h"

/* Lets the server respond with `members` (JSON members of a fault, with ' for ") to one publish. */
static axonpush_status refused(const char *members, axonpush_error **error) {
    fault(format("{'path':'/event',%s}", members));
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    /* Anything but NULL, to see that it is set to NULL. */
    axonpush_response *response = (axonpush_response *)&event;
    axonpush_status status = axonpush_events_publish(client, &event, &response, error);
    if (response != NULL) printf("  a response beside an error\n");
    axonpush_close(client);
    return response == NULL ? status : -1;
}

static bool each_http_status_has_its_status(void) {
    static const struct {
        int http;
        const char *body;
        axonpush_status expected;
        bool retryable;
    } cases[] = {
        {400, "''", AXONPUSH_ERR_VALIDATION, false},
        {401, "''", AXONPUSH_ERR_AUTHENTICATION, false},
        {402, "''", AXONPUSH_ERR_API, false},
        {403, "''", AXONPUSH_ERR_FORBIDDEN, false},
        {404, "''", AXONPUSH_ERR_NOT_FOUND, false},
        {408, "''", AXONPUSH_ERR_CONNECTION, true},
        {409, "''", AXONPUSH_ERR_API, false},
        {409, "{'code':'validation_error'}", AXONPUSH_ERR_VALIDATION, false},
        {413, "''", AXONPUSH_ERR_API, false},
        {422, "''", AXONPUSH_ERR_VALIDATION, false},
        {429, "''", AXONPUSH_ERR_RATE_LIMIT, true},
        {500, "''", AXONPUSH_ERR_SERVER, true},
        {502, "'<html>Bad gateway</html>'", AXONPUSH_ERR_SERVER, true},
        {503, "''", AXONPUSH_ERR_SERVER, true},
        {599, "''", AXONPUSH_ERR_SERVER, true},
        {301, "''", AXONPUSH_ERR_API, false},
        {304, "''", AXONPUSH_ERR_API, false},
        {307, "''", AXONPUSH_ERR_API, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        axonpush_error *error = NULL;
        axonpush_status status =
            refused(format("'status':%d,'body':%s", cases[i].http, cases[i].body), &error);
        if (status != cases[i].expected) printf("  HTTP %d\n", cases[i].http);
        CHECK_STATUS(status, error, cases[i].expected);
        CHECK_INT(axonpush_error_http_status(error), cases[i].http);
        CHECK_INT(axonpush_error_retryable(error), cases[i].retryable);
        CHECK(axonpush_error_message(error)[0] != 0);
        axonpush_error_free(error);
    }
    return true;
}

static bool the_services_own_refusals_come_through(void) {
    axonpush_options options = test_options();
    axonpush_error *error = NULL;
    axonpush_client *client = client_with(&options);
    CHECK_STATUS(axonpush_request(client, "GET", "/apps/nowhere", NULL, NULL, 0, NULL, &error), error,
                 AXONPUSH_ERR_NOT_FOUND);
    axonpush_error_free(error);
    CHECK_STATUS(axonpush_request(client, "POST", "/apps", NULL, "{\"nam\":1}", 0, NULL, &error), error,
                 AXONPUSH_ERR_VALIDATION);
    CHECK_INT(axonpush_error_http_status(error), 422);
    CHECK_HAS(axonpush_error_message(error), "body.");
    CHECK(axonpush_error_request_id(error) != NULL);
    axonpush_error_free(error);
    axonpush_close(client);

    options.api_key = "nonsense";
    client = client_with(&options);
    CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_ERR_AUTHENTICATION);
    axonpush_error_free(error);
    axonpush_close(client);

    /* A public token may only publish. */
    options.api_key = "pt_token";
    client = client_with(&options);
    CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_ERR_FORBIDDEN);
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

static bool a_problem_body_is_understood(void) {
    axonpush_error *error = NULL;
    axonpush_status status = refused(
        "'status':422,'contentType':'application/problem+json','headers':{'X-Request-Id':'req-1'},"
        "'body':{'title':'Unprocessable','status':422,'detail':'validation failed','type':'about:blank',"
        "'errors':[{'location':'body.payload','message':'expected object','value':3},"
        "{'location':'body.x','message':'unknown member'}]}",
        &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_VALIDATION);
    CHECK_HAS(axonpush_error_message(error), "validation failed");
    CHECK_HAS(axonpush_error_message(error), "body.payload: expected object");
    CHECK_HAS(axonpush_error_message(error), "body.x: unknown member");
    CHECK_TEXT(axonpush_error_request_id(error), "req-1");
    CHECK_TEXT(axonpush_error_code(error), NULL);
    CHECK_TEXT(axonpush_error_hint(error), NULL);
    CHECK_INT(axonpush_error_retry_after_ms(error), -1);
    axonpush_error_free(error);

    status = refused("'status':500,'body':{'title':'Only a title'}", &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_SERVER);
    CHECK_HAS(axonpush_error_message(error), "Only a title");
    axonpush_error_free(error);
    return true;
}

static bool an_envelope_body_is_understood(void) {
    axonpush_error *error = NULL;
    axonpush_status status = refused(
        "'status':400,'headers':{'X-Request-Id':'in-header'},'body':{'code':'validation_error',"
        "'message':['first','second'],'hint':'look at the docs','requestId':'in-body'}",
        &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_VALIDATION);
    CHECK_TEXT(axonpush_error_message(error), "first; second");
    CHECK_TEXT(axonpush_error_code(error), "validation_error");
    CHECK_TEXT(axonpush_error_hint(error), "look at the docs");
    CHECK_TEXT(axonpush_error_request_id(error), "in-body");
    axonpush_error_free(error);

    status = refused("'status':403,'body':{'code':'forbidden','message':'one text'}", &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_FORBIDDEN);
    CHECK_TEXT(axonpush_error_message(error), "one text");
    axonpush_error_free(error);
    return true;
}

static bool a_body_of_no_shape_still_makes_a_message(void) {
    static const char *const bodies[] = {
        "''", "'<html>oops</html>'", "[]", "[1,2]", "{}", "{'detail':5,'message':{}}", "'null'",
        "{'message':[1,2]}", "{'errors':'no list'}", "{'errors':[1,null,{}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        axonpush_error *error = NULL;
        axonpush_status status = refused(format("'status':502,'body':%s", bodies[i]), &error);
        CHECK_STATUS(status, error, AXONPUSH_ERR_SERVER);
        CHECK_HAS(axonpush_error_message(error), "502");
        CHECK_TEXT(axonpush_error_code(error), NULL);
        axonpush_error_free(error);
    }
    return true;
}

static bool retry_after_is_handed_out_in_milliseconds(void) {
    static const struct {
        const char *header;
        long long least, most;
    } cases[] = {
        {"0", 0, 0},
        {"7", 7000, 7000},
        {"0.25", 250, 250},
        {"soon", -1, -1},
        {"", -1, -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0, 0},
        /* Some decades from now. */
        {"Fri, 01 Jan 2100 00:00:00 GMT", 1000000000000, 5000000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        axonpush_error *error = NULL;
        axonpush_status status =
            refused(format("'status':429,'headers':{'Retry-After':'%s'}", cases[i].header), &error);
        CHECK_STATUS(status, error, AXONPUSH_ERR_RATE_LIMIT);
        long long got = axonpush_error_retry_after_ms(error);
        if (got < cases[i].least || got > cases[i].most) printf("  \"%s\": %lld\n", cases[i].header, got);
        CHECK(got >= cases[i].least && got <= cases[i].most);
        axonpush_error_free(error);
    }
    return true;
}

static bool the_key_never_shows_in_an_error(void) {
    axonpush_error *error = NULL;
    axonpush_status status =
        refused("'status':401,'headers':{'X-Request-Id':'" TEST_KEY "'},'body':{'code':'" TEST_KEY
                "','message':'no such key " TEST_KEY "','hint':'not " TEST_KEY "'}",
                &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_AUTHENTICATION);
    CHECK_HAS(axonpush_error_message(error), "no such key");
    CHECK_LACKS(axonpush_error_message(error), "secret");
    CHECK_LACKS(axonpush_error_code(error), "secret");
    CHECK_LACKS(axonpush_error_hint(error), "secret");
    CHECK_LACKS(axonpush_error_request_id(error), "secret");
    axonpush_error_free(error);

    /* Nor where the response of a success is not what was expected. */
    status = refused("'status':200,'body':'" TEST_KEY "'", &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_DECODE);
    CHECK_LACKS(axonpush_error_message(error), "secret");
    axonpush_error_free(error);

    /* Nor where the key itself is what is wrong. */
    axonpush_options options = test_options();
    options.api_key = "ak_secret\n";
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_HAS(axonpush_error_message(error), "api_key");
    CHECK_LACKS(axonpush_error_message(error), "secret");
    axonpush_error_free(error);
    return true;
}

static bool a_message_is_one_line_of_bounded_length(void) {
    axonpush_error *error = NULL;
    axonpush_status status = refused(
        format("'status':400,'body':{'message':'a\\nb\\u001b[31m%s'}", repeated("long ", 20000)), &error);
    CHECK_STATUS(status, error, AXONPUSH_ERR_VALIDATION);
    CHECK(strchr(axonpush_error_message(error), '\n') == NULL);
    CHECK(strchr(axonpush_error_message(error), 27) == NULL);
    CHECK(strlen(axonpush_error_message(error)) < 10000);
    axonpush_error_free(error);
    return true;
}

static bool status_names_are_the_constants(void) {
#define NAMED(constant) CHECK_TEXT(axonpush_status_name(constant), #constant)
    NAMED(AXONPUSH_OK);
    NAMED(AXONPUSH_ERR_INVALID_ARGUMENT);
    NAMED(AXONPUSH_ERR_INVALID_HANDLE);
    NAMED(AXONPUSH_ERR_CONFIG);
    NAMED(AXONPUSH_ERR_CONNECTION);
    NAMED(AXONPUSH_ERR_AUTHENTICATION);
    NAMED(AXONPUSH_ERR_FORBIDDEN);
    NAMED(AXONPUSH_ERR_NOT_FOUND);
    NAMED(AXONPUSH_ERR_VALIDATION);
    NAMED(AXONPUSH_ERR_RATE_LIMIT);
    NAMED(AXONPUSH_ERR_SERVER);
    NAMED(AXONPUSH_ERR_API);
    NAMED(AXONPUSH_ERR_DECODE);
    NAMED(AXONPUSH_ERR_QUEUE_FULL);
    NAMED(AXONPUSH_ERR_TIMEOUT);
    NAMED(AXONPUSH_ERR_CLOSED);
    NAMED(AXONPUSH_ERR_INTERNAL);
    NAMED(AXONPUSH_ERR_CANCELLED);
#undef NAMED
    CHECK_INT(AXONPUSH_ERR_INTERNAL, 16);
    CHECK_INT(AXONPUSH_ERR_CANCELLED, 17);
    CHECK_TEXT(axonpush_status_name(18), "AXONPUSH_ERR_UNKNOWN");
    CHECK_TEXT(axonpush_status_name(-1), "AXONPUSH_ERR_UNKNOWN");
    CHECK_TEXT(axonpush_status_name(INT32_MIN), "AXONPUSH_ERR_UNKNOWN");
    return true;
}

static bool no_error_is_a_legal_error(void) {
    CHECK_INT(axonpush_error_status(NULL), AXONPUSH_OK);
    CHECK_TEXT(axonpush_error_message(NULL), NULL);
    CHECK_TEXT(axonpush_error_code(NULL), NULL);
    CHECK_TEXT(axonpush_error_hint(NULL), NULL);
    CHECK_TEXT(axonpush_error_request_id(NULL), NULL);
    CHECK_INT(axonpush_error_http_status(NULL), 0);
    CHECK_INT(axonpush_error_retry_after_ms(NULL), -1);
    CHECK(!axonpush_error_retryable(NULL));
    axonpush_error_free(NULL);

    /* Success clears what was there, and errors may be left out. */
    axonpush_client *client = test_client();
    axonpush_error *error = (axonpush_error *)&client;
    CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_OK);
    CHECK(error == NULL);
    CHECK_INT(axonpush_request(client, "GET", "/apps/nowhere", NULL, NULL, 0, NULL, NULL),
              AXONPUSH_ERR_NOT_FOUND);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(each_http_status_has_its_status),
        TEST(the_services_own_refusals_come_through),
        TEST(a_problem_body_is_understood),
        TEST(an_envelope_body_is_understood),
        TEST(a_body_of_no_shape_still_makes_a_message),
        TEST(retry_after_is_handed_out_in_milliseconds),
        TEST(the_key_never_shows_in_an_error),
        TEST(a_message_is_one_line_of_bounded_length),
        TEST(status_names_are_the_constants),
        TEST(no_error_is_a_legal_error),
    };
    return RUN_TESTS(tests, argc, argv);
}
