/* What leaves the process, as it arrives at the service. */
#include "check.h"

/* The body that arrives when `payload` (with ' for ") is published with these options. */
static const char *arrives(const axonpush_options *options, const char *payload) {
    axonpush_client *client = client_with(options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    char *json = format("%s", payload);
    for (char *c = json; *c; c++) {
        if (*c == '\'') *c = '"';
    }
    event.payload = event.metadata = json;
    dev("DELETE", "/_dev/requests", NULL);
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    bool taken = check_status(status, error, AXONPUSH_OK, __FILE__, __LINE__, "publish");
    axonpush_error_free(error);
    axonpush_close(client);
    return taken ? request_body(0) : NULL;
}

/* Payload and metadata arrive alike. */
#define CHECK_ARRIVES(options, payload, expected) \
    do { \
        const char *body_ = arrives((options), (payload)); \
        CHECK_TEXT(json_raw(body_, "/payload"), (expected)); \
        CHECK_TEXT(json_raw(body_, "/metadata"), (expected)); \
    } while (0)

static axonpush_options capture(axonpush_content_capture mode) {
    axonpush_options options = test_options();
    options.content_capture = mode;
    return options;
}

static bool secrets_never_leave(void) {
    static const char *const keys[] = {
        "authorization", "Proxy-Authorization", "COOKIE", "set-cookie", "password", "PassWd", "secret",
        "client_secret", "api_key", "api-key", "api.key", "apiKey", "access_token", "AccessToken", "refresh-token",
        "private.key", "privatekey", "client-secret", "my_password", "x-api-key", "awsSecretAccessKey", "BEARER_TOKEN",
    };
    for (axonpush_content_capture mode = AXONPUSH_CONTENT_DEFAULT; mode <= AXONPUSH_CONTENT_FULL; mode++) {
        axonpush_options options = capture(mode);
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            CHECK_ARRIVES(&options, format("{'deep':[{'%s':{'x':['hush']}}],'n':1}", keys[i]),
                          format("{\"deep\":[{\"%s\":\"[REDACTED]\"}],\"n\":1}", keys[i]));
        }
    }
    /* Written with an escape, it is the same name. */
    axonpush_options options = test_options();
    CHECK_ARRIVES(&options, "{'pass\\u0077ord':1}", "{\"pass\\u0077ord\":\"[REDACTED]\"}");
    return true;
}

static bool similar_names_are_no_secrets(void) {
    axonpush_options options = test_options();
    CHECK_ARRIVES(&options, "{'token':1,'secrets':2,'max_tokens':3,'public_key':4,'password_age':5}",
                  "{\"token\":1,\"secrets\":2,\"max_tokens\":3,\"public_key\":4,\"password_age\":5}");
    return true;
}

#define CONTENT_COUNT 17
static const char *const CONTENT[CONTENT_COUNT] = {
    "prompt", "Prompts", "message", "messages", "completion", "completions", "input", "output", "response",
    "tool_arguments", "tool.result", "retrievalDocuments", "retrieval-content", "inputs", "gen_ai.input.messages",
    "input.value", "llm.input_messages.0.message.content",
};

static bool content_stays_by_default(void) {
    for (size_t i = 0; i < CONTENT_COUNT; i++) {
        axonpush_options options = capture(i % 2 ? AXONPUSH_CONTENT_DEFAULT : AXONPUSH_CONTENT_METADATA_ONLY);
        CHECK_ARRIVES(&options, format("{'a':{'%s':['x',{'y':1}]},'model':'m'}", CONTENT[i]),
                      format("{\"a\":{\"%s\":\"[REDACTED]\"},\"model\":\"m\"}", CONTENT[i]));
    }
    return true;
}

static bool a_preview_of_content_leaves_in_redacted_mode(void) {
    axonpush_options options = capture(AXONPUSH_CONTENT_REDACTED);
    for (size_t i = 0; i < CONTENT_COUNT; i++) {
        const char *fits = repeated("\xc3\xa9", 256), *more = repeated("\xc3\xa9", 257);
        CHECK_ARRIVES(&options, format("{'%s':{'deep':['%s','%s']},'other':'%s'}", CONTENT[i], fits, more, more),
                      format("{\"%s\":{\"deep\":[\"%s\",\"%s\xe2\x80\xa6[REDACTED_PREVIEW]\"]},\"other\":\"%s\"}",
                             CONTENT[i], fits, fits, more));
    }
    return true;
}

static bool content_leaves_in_full_mode(void) {
    axonpush_options options = capture(AXONPUSH_CONTENT_FULL);
    const char *text = repeated("x", 4096);
    for (size_t i = 0; i < CONTENT_COUNT; i++) {
        CHECK_ARRIVES(&options, format("{'%s':{'t':'%s','password':'p'}}", CONTENT[i], text),
                      format("{\"%s\":{\"t\":\"%s\",\"password\":\"[REDACTED]\"}}", CONTENT[i], text));
    }
    return true;
}

static bool long_strings_are_cut(void) {
    axonpush_options options = capture(AXONPUSH_CONTENT_FULL);
    const char *fits = repeated("x", 4096);
    CHECK_ARRIVES(&options, format("{'t':'%s','u':['%sy']}", fits, fits),
                  format("{\"t\":\"%s\",\"u\":[\"%s\xe2\x80\xa6[TRUNCATED]\"]}", fits, fits));
    /* In characters, however they are written; never in the middle of one. */
    options.max_content_length = 3;
    CHECK_ARRIVES(&options, "{'a':'\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80'}",
                  "{\"a\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}");
    CHECK_ARRIVES(&options, "{'a':'\\ud83d\\ude00\\n\xc3\xa9!'}",
                  "{\"a\":\"\\ud83d\\ude00\\n\xc3\xa9\xe2\x80\xa6[TRUNCATED]\"}");
    options.max_content_length = 1;
    CHECK_ARRIVES(&options, "{'long name':'ab','n':12345}",
                  "{\"long name\":\"a\xe2\x80\xa6[TRUNCATED]\",\"n\":12345}");
    /* The shorter of preview and bound decides, and names itself. */
    options = capture(AXONPUSH_CONTENT_REDACTED);
    options.max_content_length = 10;
    CHECK_ARRIVES(&options, "{'prompt':'01234567890'}", "{\"prompt\":\"0123456789\xe2\x80\xa6[TRUNCATED]\"}");
    return true;
}

static bool names_of_the_applications_choice_are_secret(void) {
    axonpush_options options = capture(AXONPUSH_CONTENT_FULL);
    options.redact_keys = " ssn ,Kontonummer,,stra\xc3\x9f" "e";
    CHECK_ARRIVES(&options, "{'SSN':1,'kontoNUMMER':[2],'STRA\xc3\x9f" "E':3,'ssn2':4,'s':{'ssn':null}}",
                  "{\"SSN\":\"[REDACTED]\",\"kontoNUMMER\":\"[REDACTED]\",\"STRA\xc3\x9f" "E\":\"[REDACTED]\","
                  "\"ssn2\":4,\"s\":{\"ssn\":\"[REDACTED]\"}}");
    return true;
}

static bool what_is_not_touched_arrives_as_it_was_written(void) {
    axonpush_options options = test_options();
    const char *payload = "{\"z\":1.50,\"a\":12345678901234567890123,\"e\":1E+2,\"s\":\"\\u00e9\\/\",\"a\":null}";
    CHECK_ARRIVES(&options, payload, payload);
    return true;
}

static bool the_rules_hold_for_errors_of_the_service_and_the_log_too(void) {
    /* What is logged of a failure has nothing of the event in it. */
    axonpush_options options = test_options();
    options.base_url = dead_url();
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.payload = "{\"password\":\"hush-hush\",\"x\":\"private\"}";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, &error), AXONPUSH_ERR_CONNECTION);
    CHECK_LACKS(axonpush_error_message(error), "hush");
    CHECK_LACKS(axonpush_error_message(error), "private");
    axonpush_error_free(error);
    event.payload = "{\"password\":\"hush-hush\",,}";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, &error), AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_LACKS(axonpush_error_message(error), "hush");
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(secrets_never_leave),
        TEST(similar_names_are_no_secrets),
        TEST(content_stays_by_default),
        TEST(a_preview_of_content_leaves_in_redacted_mode),
        TEST(content_leaves_in_full_mode),
        TEST(long_strings_are_cut),
        TEST(names_of_the_applications_choice_are_secret),
        TEST(what_is_not_touched_arrives_as_it_was_written),
        TEST(the_rules_hold_for_errors_of_the_service_and_the_log_too),
    };
    return RUN_TESTS(tests, argc, argv);
}
