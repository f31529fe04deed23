/* A part of a response as JSON text, exactly as the service wrote it. */
#include "check.h"
#include "tcp_server.h"

#include <pthread.h>

/* With blanks, escapes and numbers that no reader would write back like that. */
static const char BODY[] =
    "{ \"object\" : { \"a\" : 1 , \"b\":[ ] } ,\n"
    "  \"array\" : [ 1 , {\"x\":\"y, ]}\"} , [] ],\n"
    "  \"integer\":123456789012345678901234567890,\"number\":-1.50e3 ,\n"
    "  \"string\":\"a\\u00e9\\\"\\\\\\/\\n\\u0000z\",\"utf8\":\"\xc3\xa9\",\"empty\":\"\",\n"
    "  \"yes\":true,\"no\":false,\"none\":null,\n"
    "  \"twice\":1,\"twice\":[2],\n"
    "  \"a/b\":{\"m~n\":7},\"\":\"nameless\" }";

static axonpush_response *response_with(const char *body, tcp_server **server) {
    *server = tcp_serve_text(format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                    strlen(body), body));
    axonpush_options options = test_options();
    options.base_url = tcp_url(*server);
    axonpush_client *client = client_with(&options);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    if (axonpush_request(client, "GET", "/x", NULL, NULL, 0, &response, &error) != AXONPUSH_OK) {
        printf("  %s\n", axonpush_error_message(error));
    }
    axonpush_error_free(error);
    axonpush_close(client);
    return response;
}

static bool every_value_is_given_as_it_stands(void) {
    static const struct {
        const char *pointer, *raw;
    } rows[] = {
        {"/object", "{ \"a\" : 1 , \"b\":[ ] }"},
        {"/object/a", "1"},
        {"/object/b", "[ ]"},
        {"/array", "[ 1 , {\"x\":\"y, ]}\"} , [] ]"},
        {"/array/0", "1"},
        {"/array/1", "{\"x\":\"y, ]}\"}"},
        {"/array/1/x", "\"y, ]}\""},
        {"/array/2", "[]"},
        {"/integer", "123456789012345678901234567890"},
        {"/number", "-1.50e3"},
        {"/string", "\"a\\u00e9\\\"\\\\\\/\\n\\u0000z\""},
        {"/utf8", "\"\xc3\xa9\""},
        {"/empty", "\"\""},
        {"/yes", "true"},
        {"/no", "false"},
        {"/none", "null"},
        /* The last of a name counts, as for the other accessors. */
        {"/twice", "[2]"},
        {"/a~1b", "{\"m~n\":7}"},
        {"/a~1b/m~0n", "7"},
        {"/", "\"nameless\""},
    };
    tcp_server *server;
    axonpush_response *response = response_with(BODY, &server);
    CHECK(response != NULL);
    const char *first[sizeof rows / sizeof *rows];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            size_t length = 99999;
            const char *raw = axonpush_response_raw(response, rows[i].pointer, &length);
            CHECK_TEXT(raw, rows[i].raw);
            CHECK_INT(length, strlen(rows[i].raw));
            /* The length need not be wanted; the text is the same, and stays. */
            CHECK(axonpush_response_raw(response, rows[i].pointer, NULL) == raw);
            if (round == 0) first[i] = raw;
            CHECK(first[i] == raw);
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) CHECK_TEXT(first[i], rows[i].raw);
    axonpush_response_free(response);
    tcp_stop(server);
    return true;
}

static bool the_empty_pointer_gives_the_whole(void) {
    tcp_server *server;
    axonpush_response *response = response_with(BODY, &server);
    size_t length = 0, whole = 0;
    CHECK_TEXT(axonpush_response_raw(response, "", &length), axonpush_response_json(response, &whole));
    CHECK_INT(length, whole);
    CHECK_TEXT(axonpush_response_raw(response, "", &length), BODY);
    axonpush_response_free(response);
    tcp_stop(server);
    return true;
}

static bool a_document_need_not_be_an_object(void) {
    static const char *const documents[] = {"[1, 2]", "\"text\"", "-0.0", "true", "null"};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        tcp_server *server;
        axonpush_response *response = response_with(documents[i], &server);
        CHECK(response != NULL);
        size_t length = 0;
        CHECK_TEXT(axonpush_response_raw(response, "", &length), documents[i]);
        CHECK_INT(length, strlen(documents[i]));
        CHECK(axonpush_response_raw(response, "/a", &length) == NULL);
        CHECK_INT(length, 0);
        axonpush_response_free(response);
        tcp_stop(server);
    }
    return true;
}

static bool what_is_absent_is_null_with_no_length(void) {
    static const char *const absent[] = {"object", "/absent", "/object/c", "/array/3", "/array/-", "/array/01", "/array/x",
                                         "/string/0", "/none/x", "/a/b", "/a~2b", "/object/", "//", "/\xff"};
    tcp_server *server;
    axonpush_response *response = response_with(BODY, &server);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
            size_t length = 77;
            const char *raw = axonpush_response_raw(response, absent[i], &length);
            if (raw) printf("  %s\n", absent[i]);
            CHECK(raw == NULL);
            CHECK_INT(length, 0);
            CHECK(axonpush_response_raw(response, absent[i], NULL) == NULL);
        }
    }
    size_t length = 77;
    CHECK(axonpush_response_raw(response, NULL, &length) == NULL);
    CHECK_INT(length, 0);
    length = 77;
    CHECK(axonpush_response_raw(NULL, "/object", &length) == NULL);
    CHECK_INT(length, 0);
    CHECK(axonpush_response_raw(NULL, NULL, NULL) == NULL);
    axonpush_response_free(response);
    tcp_stop(server);
    return true;
}

/* The text of a string is one thing, its JSON another. */
static bool other_accessors_are_not_disturbed(void) {
    tcp_server *server;
    axonpush_response *response = response_with(BODY, &server);
    const char *text = axonpush_response_string(response, "/utf8"), *raw = axonpush_response_raw(response, "/utf8", NULL);
    CHECK_TEXT(text, "\xc3\xa9");
    CHECK_TEXT(raw, "\"\xc3\xa9\"");
    /* A NUL character, which a C string cannot have, is an escape here. */
    CHECK(axonpush_response_string(response, "/string") == NULL);
    CHECK_HAS(axonpush_response_raw(response, "/string", NULL), "\\u0000");
    CHECK(axonpush_response_string(response, "/object") == NULL);
    CHECK_TEXT(axonpush_response_string(response, "/utf8"), "\xc3\xa9");
    CHECK_INT(axonpush_response_count(response, "/object"), 2);
    axonpush_response_free(response);
    tcp_stop(server);
    return true;
}

/* In a completion, and of an iterator's event. */
static char seen[200];

static void note_raw(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                     void *user_data) {
    (void)status;
    (void)error;
    (void)user_data;
    size_t length = 0;
    const char *raw = axonpush_response_raw(response, "/eventId", &length);
    snprintf(seen, sizeof seen, "%s %zu", raw ? raw : "(NULL)", length);
}

static bool borrowed_responses_have_it_too(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.payload = "{\"deep\": {\"n\": [1, 2.50]}}";
    CHECK_INT(axonpush_events_publish_async(client, &event, note_raw, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_events_iter *iter = NULL;
    const axonpush_response *found = NULL;
    CHECK_INT(axonpush_events_iter_new(client, NULL, NULL, &iter, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_events_iter_next(iter, &found, NULL), AXONPUSH_OK);
    const char *id = axonpush_response_raw(found, "/eventId", NULL);
    CHECK(id && *id == '"');
    CHECK_TEXT(seen, format("%s %zu", id, strlen(id)));
    CHECK_TEXT(axonpush_response_raw(found, "/payload/deep/n/1", NULL), "2.50");
    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return true;
}

static axonpush_response *shared;

static void *read_parts(void *data) {
    static const char *const pointers[] = {"/object", "/array", "/string", "/absent", "", "/utf8"};
    bool *fine = data;
    for (int i = 0; i < scaled(2000); i++) {
        const char *pointer = pointers[i % 6];
        size_t length = 0;
        const char *raw = axonpush_response_raw(shared, pointer, &length);
        if ((raw == NULL) != (i % 6 == 3) || (raw && strlen(raw) != length)) *fine = false;
    }
    return NULL;
}

static bool many_threads_may_read_parts(void) {
    tcp_server *server;
    shared = response_with(BODY, &server);
    pthread_t threads[8];
    bool fine[8];
    for (int i = 0; i < 8; i++) {
        fine[i] = true;
        CHECK_INT(pthread_create(&threads[i], NULL, read_parts, &fine[i]), 0);
    }
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 8; i++) CHECK(fine[i]);
    axonpush_response_free(shared);
    tcp_stop(server);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(every_value_is_given_as_it_stands),
        TEST(the_empty_pointer_gives_the_whole),
        TEST(a_document_need_not_be_an_object),
        TEST(what_is_absent_is_null_with_no_length),
        TEST(other_accessors_are_not_disturbed),
        TEST(borrowed_responses_have_it_too),
        TEST(many_threads_may_read_parts),
    };
    return RUN_TESTS(tests, argc, argv);
}
