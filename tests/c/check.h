/*
 * What every test program uses: checks that say what they saw, a list of tests to run, and a view of
 * the development server that does not go through the library under test.
 *
 * A test is a function that returns true when the promise in its name holds. A failed check prints
 * where and what, and returns false from the test.
 */
#ifndef AXONPUSH_TESTS_CHECK_H
#define AXONPUSH_TESTS_CHECK_H

#include <axonpush.h>

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Checks ---- */

#define CHECK(condition) \
    do { \
        if (!check_true((condition), __FILE__, __LINE__, #condition)) return false; \
    } while (0)
#define CHECK_INT(actual, expected) \
    do { \
        if (!check_int((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual)) \
            return false; \
    } while (0)
/* Equal strings; NULL is equal to NULL only. */
#define CHECK_TEXT(actual, expected) \
    do { \
        if (!check_text((actual), (expected), __FILE__, __LINE__, #actual)) return false; \
    } while (0)
#define CHECK_HAS(text, part) \
    do { \
        if (!check_has((text), (part), true, __FILE__, __LINE__, #text)) return false; \
    } while (0)
#define CHECK_LACKS(text, part) \
    do { \
        if (!check_has((text), (part), false, __FILE__, __LINE__, #text)) return false; \
    } while (0)
/* The status of a call, and that the error object agrees with it. Shows the message when it does not. */
#define CHECK_STATUS(call, error, expected) \
    do { \
        axonpush_status status_ = (call); /* First: it sets the error. */ \
        if (!check_status(status_, (error), (expected), __FILE__, __LINE__, #call)) return false; \
    } while (0)

bool check_true(bool holds, const char *file, int line, const char *what);
bool check_int(long long actual, long long expected, const char *file, int line, const char *what);
bool check_text(const char *actual, const char *expected, const char *file, int line, const char *what);
bool check_has(const char *text, const char *part, bool wanted, const char *file, int line,
               const char *what);
bool check_status(axonpush_status status, const axonpush_error *error, axonpush_status expected,
                  const char *file, int line, const char *what);

/* ---- Tests ---- */

typedef struct test {
    const char *name;
    bool (*run)(void);
} test;

#define TEST(function) { #function, function }

/* Runs the tests whose name contains an argument (no argument: all), prints the closing line, and
   gives the exit code. Before each test the server is as new and the environment has no AXONPUSH_*.
   A test runs on a thread of its own: what the library keeps for a thread is freed with the thread,
   which the main thread never ends, so that valgrind would see a leak. */
int run_tests(const test *tests, size_t count, int argc, char **argv);
#define RUN_TESTS(tests, argc, argv) run_tests(tests, sizeof(tests) / sizeof(*tests), argc, argv)

/* How often to repeat something: `count`, reduced by AXONPUSH_TEST_SCALE (as under valgrind). */
int scaled(int count);

/* Milliseconds of a clock that never jumps. */
int64_t now_ms(void);
void sleep_ms(int ms);

/* Memory and formatted text that live until the end of the test: json.h's arena. */
#define scratch arena_new
#define format arena_format
/* `count` times `piece`. */
char *repeated(const char *piece, size_t count);

/* ---- Clients ---- */

#define TEST_KEY "ak_test_0123456789secret"

/* The server that the runner started for this program. */
const char *server_url(void);
/* A URL at which connections are refused, for as long as the program runs. */
const char *dead_url(void);
/* The test key, the test server, strict mode, no retries, 20 s. Change what you need. */
axonpush_options test_options(void);
/* A client; exits the program when it cannot be made. */
axonpush_client *client_with(const axonpush_options *options);
axonpush_client *test_client(void);
/* The same with three retries and timeouts of a minute, far beyond what the deadlines of a test or a cancelled
   call may take; and closing it takes no time. */
axonpush_options patient_options(void);
axonpush_client *patient_client(void);
/* An event with an identifier and the payload {"n":1}. */
axonpush_event test_event(void);

/* ---- The development server, over a socket of our own ---- */

/* Calls a control endpoint; gives the body of the response. Exits the program when it is no 2xx. */
const char *dev(const char *method, const char *path, const char *body);
/* POST /_dev/faults, with ' for ". */
void fault(const char *json);
/* The requests in the log, oldest first. */
const json *request_log(void);
size_t request_count(void);
/* Waits until there have been `count`; false, and said, if they do not come. */
bool requests_arrive(size_t count);
/* A member of request `index` of the log, such as "method", "target", "outcome". */
const char *request_member(size_t index, const char *name);
const char *request_body(size_t index);
/* The value of a header (lower-case name); NULL if it was not sent. */
const char *request_header(size_t index, const char *name);
/* A number of GET /_dev/stats. */
long long server_stat(const char *name);

/* ---- JSON, read without the library under test; json.h has more ---- */

/* The raw text at an RFC 6901 pointer; NULL if there is none. */
const char *json_raw(const char *text, const char *pointer);
/* The string at a pointer, unescaped; NULL if there is none. */
const char *json_text(const char *text, const char *pointer);
/* The names of an object's members, sorted, joined by blanks. */
const char *json_names(const char *text, const char *pointer);

#endif
