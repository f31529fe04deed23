/* The JSON writer. */
#include "check.h"

#include <math.h>

/* The text so far; it says so when it is not what was expected. */
static bool reads(axonpush_json *json, const char *expected) {
    size_t length = 0;
    axonpush_error *error = NULL;
    const char *text = axonpush_json_text(json, &length, &error);
    if (error) printf("  %s\n", axonpush_error_message(error));
    CHECK_TEXT(text, expected);
    CHECK_INT(length, strlen(expected));
    return true;
}

/* The writer has made a mistake that is named so. */
static bool is_mistaken(axonpush_json *json, const char *named) {
    size_t length = 7;
    axonpush_error *error = NULL;
    CHECK_TEXT(axonpush_json_text(json, &length, &error), NULL);
    CHECK_INT(length, 0);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), named);
    axonpush_error_free(error);
    CHECK_TEXT(axonpush_json_text(json, NULL, NULL), NULL);
    axonpush_json_free(json);
    return true;
}

static bool it_starts_as_an_empty_object(void) {
    axonpush_json *json = axonpush_json_new();
    CHECK(reads(json, "{}"));
    axonpush_json_free(json);
    return true;
}

static bool every_kind_of_member_is_written_in_order(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_string(json, "s", "text");
    axonpush_json_string(json, "empty", "");
    axonpush_json_string(json, "null", NULL);
    axonpush_json_int(json, "max", INT64_MAX);
    axonpush_json_int(json, "min", INT64_MIN);
    axonpush_json_double(json, "half", 0.5);
    axonpush_json_double(json, "tenth", 0.1);
    axonpush_json_bool(json, "yes", true);
    axonpush_json_bool(json, "no", false);
    axonpush_json_raw(json, "raw", "[1, {\"x\":2}]trailing", 12);
    axonpush_json_raw(json, "raw0", "1.50", 0);
    axonpush_json_begin_object(json, "object");
    axonpush_json_begin_array(json, "array");
    axonpush_json_int(json, NULL, 1);
    axonpush_json_string(json, NULL, "two");
    axonpush_json_begin_object(json, NULL);
    axonpush_json_bool(json, "three", true);
    axonpush_json_end(json);
    axonpush_json_begin_array(json, NULL);
    axonpush_json_end(json);
    axonpush_json_end(json);
    axonpush_json_end(json);
    axonpush_json_int(json, "last", 0);
    CHECK(reads(json,
                "{\"s\":\"text\",\"empty\":\"\",\"null\":null,\"max\":9223372036854775807,"
                "\"min\":-9223372036854775808,\"half\":0.5,\"tenth\":0.1,\"yes\":true,\"no\":false,"
                "\"raw\":[1, {\"x\":2}],\"raw0\":1.50,\"object\":{\"array\":[1,\"two\",{\"three\":true},[]]},"
                "\"last\":0}"));
    axonpush_json_free(json);
    return true;
}

static bool text_is_escaped(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_string(json, "quo\"te", "\"\\/\b\f\n\r\t\x01\x1f\x7f caf\xc3\xa9 \xf0\x9f\x98\x80");
    axonpush_json_string(json, "", "empty name");
    axonpush_error *error = NULL;
    const char *text = axonpush_json_text(json, NULL, &error);
    CHECK(error == NULL);
    for (const char *c = text; *c; c++) CHECK((unsigned char)*c >= 0x20);
    CHECK_TEXT(json_text(text, "/quo\"te"), "\"\\/\b\f\n\r\t\x01\x1f\x7f caf\xc3\xa9 \xf0\x9f\x98\x80");
    CHECK_TEXT(json_text(text, "/"), "empty name");
    axonpush_json_free(json);
    return true;
}

static bool doubles_read_back_the_same(void) {
    static const double numbers[] = {0.0, -0.0, 1.0, -1.5, 0.1, 1e21, 1e-7, 1.7976931348623157e308, 5e-324,
                                     123456789.123456789, 1.0 / 3.0, 9007199254740993.0};
    axonpush_json *json = axonpush_json_new();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        axonpush_json_double(json, format("n%zu", i), numbers[i]);
    }
    const char *text = axonpush_json_text(json, NULL, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *raw = json_raw(text, format("/n%zu", i));
        CHECK(raw != NULL);
        CHECK(strtod(raw, NULL) == numbers[i]);
        CHECK(strlen(raw) <= 24);
    }
    axonpush_json_free(json);
    return true;
}

static bool the_text_can_be_read_more_than_once(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_int(json, "a", 1);
    CHECK(reads(json, "{\"a\":1}"));
    CHECK(reads(json, "{\"a\":1}"));
    axonpush_json_int(json, "b", 2);
    CHECK(reads(json, "{\"a\":1,\"b\":2}"));
    axonpush_json_free(json);
    return true;
}

static bool a_key_is_needed_in_objects_and_forbidden_in_arrays(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_int(json, NULL, 1);
    CHECK(is_mistaken(json, "key"));
    json = axonpush_json_new();
    axonpush_json_begin_array(json, "list");
    axonpush_json_int(json, "named", 1);
    axonpush_json_end(json);
    CHECK(is_mistaken(json, "array"));
    json = axonpush_json_new();
    axonpush_json_begin_object(json, NULL);
    CHECK(is_mistaken(json, "key"));
    return true;
}

static bool ends_must_match(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_end(json);
    CHECK(is_mistaken(json, "end"));
    json = axonpush_json_new();
    axonpush_json_begin_object(json, "a");
    axonpush_json_end(json);
    axonpush_json_end(json);
    CHECK(is_mistaken(json, "end"));
    /* Too few ends are no mistake yet. */
    json = axonpush_json_new();
    axonpush_json_begin_object(json, "a");
    axonpush_json_begin_array(json, "b");
    axonpush_error *error = NULL;
    CHECK_TEXT(axonpush_json_text(json, NULL, &error), NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "2");
    axonpush_error_free(error);
    axonpush_json_end(json);
    axonpush_json_end(json);
    CHECK(reads(json, "{\"a\":{\"b\":[]}}"));
    axonpush_json_free(json);
    return true;
}

static bool what_is_no_json_is_a_mistake(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_string(json, "bad", "\xff");
    CHECK(is_mistaken(json, "UTF-8"));
    json = axonpush_json_new();
    axonpush_json_int(json, "\xc3", 1);
    CHECK(is_mistaken(json, "UTF-8"));
    static const double no_numbers[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        json = axonpush_json_new();
        axonpush_json_double(json, "number", no_numbers[i]);
        CHECK(is_mistaken(json, "number"));
    }
    static const char *const no_json[] = {"", "{", "1 2", "nope", "\"", "{}\n}", "\xff", "\"\\ud800\""};
    for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++) {
        json = axonpush_json_new();
        axonpush_json_raw(json, "piece", no_json[i], 0);
        CHECK(is_mistaken(json, "piece"));
    }
    json = axonpush_json_new();
    axonpush_json_raw(json, "piece", NULL, 0);
    CHECK(is_mistaken(json, "piece"));
    json = axonpush_json_new();
    for (int i = 0; i < 100000; i++) axonpush_json_begin_object(json, "a");
    CHECK(is_mistaken(json, "deep"));
    return true;
}

static bool the_first_mistake_is_reported_and_the_rest_ignored(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_double(json, "first", NAN);
    axonpush_json_string(json, "second", "\xff");
    axonpush_json_end(json);
    axonpush_json_int(json, "fine", 1);
    CHECK(is_mistaken(json, "first"));
    return true;
}

static bool the_deepest_text_makes_an_event(void) {
    axonpush_json *json = axonpush_json_new();
    for (int i = 0; i < 126; i++) axonpush_json_begin_object(json, "a");
    for (int i = 0; i < 126; i++) axonpush_json_end(json);
    const char *text = axonpush_json_text(json, NULL, NULL);
    CHECK(text != NULL);
    /* What the writer gives, an event takes. */
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    event.payload = text;
    fault("{'path':'/event','status':200,'body':{'eventId':'e'}}");
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    axonpush_close(client);
    axonpush_json_free(json);
    return true;
}

static bool no_writer_is_a_legal_writer(void) {
    size_t length = 7;
    axonpush_error *error = NULL;
    axonpush_json_string(NULL, "a", "b");
    axonpush_json_int(NULL, "a", 1);
    axonpush_json_double(NULL, "a", 1);
    axonpush_json_bool(NULL, "a", true);
    axonpush_json_raw(NULL, "a", "1", 0);
    axonpush_json_begin_object(NULL, "a");
    axonpush_json_begin_array(NULL, "a");
    axonpush_json_end(NULL);
    CHECK_TEXT(axonpush_json_text(NULL, &length, &error), NULL);
    CHECK_INT(length, 0);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
    axonpush_error_free(error);
    axonpush_json_free(NULL);
    return true;
}

static bool its_text_makes_an_event(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_string(json, "model", "m \"1\"");
    axonpush_json_int(json, "tokens", 42);
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.payload = axonpush_json_text(json, &event.payload_len, NULL);
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_TEXT(json_raw(request_body(0), "/payload"), "{\"model\":\"m \\\"1\\\"\",\"tokens\":42}");
    axonpush_json_free(json);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(it_starts_as_an_empty_object),
        TEST(every_kind_of_member_is_written_in_order),
        TEST(text_is_escaped),
        TEST(doubles_read_back_the_same),
        TEST(the_text_can_be_read_more_than_once),
        TEST(a_key_is_needed_in_objects_and_forbidden_in_arrays),
        TEST(ends_must_match),
        TEST(what_is_no_json_is_a_mistake),
        TEST(the_first_mistake_is_reported_and_the_rest_ignored),
        TEST(the_deepest_text_makes_an_event),
        TEST(no_writer_is_a_legal_writer),
        TEST(its_text_makes_an_event),
    };
    return RUN_TESTS(tests, argc, argv);
}
