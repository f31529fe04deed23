#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined __has_include
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

extern char **environ;

/* ---- Checks ---- */

static bool report(bool holds, const char *file, int line) {
    if (!holds) printf("  %s:%d: ", file, line);
    return holds;
}

bool check_true(bool holds, const char *file, int line, const char *what) {
    if (!report(holds, file, line)) printf("not so: %s\n", what);
    return holds;
}

bool check_int(long long actual, long long expected, const char *file, int line, const char *what) {
    bool holds = actual == expected;
    if (!report(holds, file, line)) printf("%s is %lld, expected %lld\n", what, actual, expected);
    return holds;
}

bool check_text(const char *actual, const char *expected, const char *file, int line,
                const char *what) {
    bool holds = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;
    if (!report(holds, file, line)) {
        printf("%s is\n    %.2000s\n  expected\n    %.2000s\n", what, actual ? actual : "(NULL)",
               expected ? expected : "(NULL)");
    }
    return holds;
}

bool check_has(const char *text, const char *part, bool wanted, const char *file, int line,
               const char *what) {
    bool holds = text && (strstr(text, part) != NULL) == wanted;
    if (!report(holds, file, line)) {
        printf("%s should %shave \"%s\" in it:\n    %.2000s\n", what, wanted ? "" : "not ", part,
               text ? text : "(NULL)");
    }
    return holds;
}

bool check_status(axonpush_status status, const axonpush_error *error, axonpush_status expected,
                  const char *file, int line, const char *what) {
    bool holds = status == expected && axonpush_error_status(error) == expected;
    if (!report(holds, file, line)) {
        const char *message = axonpush_error_message(error);
        printf("%s gave %s (error object: %s), expected %s: %s\n", what, axonpush_status_name(status),
               axonpush_status_name(axonpush_error_status(error)), axonpush_status_name(expected),
               message ? message : "(no message)");
    }
    return holds;
}

/* ---- Tests ---- */

static void give_up(const char *why) {
    printf("cannot go on: %s\n", why);
    exit(3);
}

char *repeated(const char *piece, size_t count) {
    size_t length = strlen(piece);
    char *text = scratch(length * count + 1);
    for (size_t i = 0; i < count; i++) memcpy(text + i * length, piece, length);
    return text;
}

static bool has_http_server(void) {
    return strncmp(server_url(), "http://", 7) == 0;
}

/* The runner's own variables, AXONPUSH_TEST_*, stay. */
static void clean_environment(void) {
    for (char **entry = environ; *entry;) {
        if (strncmp(*entry, "AXONPUSH_", 9) == 0 && strncmp(*entry, "AXONPUSH_TEST_", 14) != 0) {
            size_t length = strcspn(*entry, "=");
            char *name = format("%.*s", (int)length, *entry);
            unsetenv(name);
            entry = environ;
        } else {
            entry++;
        }
    }
}

/* The last clients that were made. A test that fails leaves its own open, and the next is not to suffer. */
static axonpush_client *made[256];
static unsigned made_count;

static bool close_what_was_left(void) {
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        axonpush_close(made[i]);
        made[i] = NULL;
    }
    return true;
}

struct run {
    bool (*test)(void);
    bool holds;
};

static void *run_one(void *data) {
    struct run *run = data;
    run->holds = run->test();
    return NULL;
}

static bool on_a_thread(bool (*test)(void)) {
    struct run run = {test, false};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_one, &run) != 0) give_up("no thread");
    pthread_join(thread, NULL);
    return run.holds;
}

/* A forked child goes on with one thread, and never frees what it inherited of the others; or it is killed in the
   middle. Valgrind, which is in it too, would call that leaks. It goes on to look for them in whoever forked, and for
   all else in both. */
static void leak_in_peace(void) {
#ifdef VALGRIND_CLO_CHANGE
    VALGRIND_CLO_CHANGE("--leak-check=no");
#endif
}

int run_tests(const test *tests, size_t count, int argc, char **argv) {
    int passed = 0, failed = 0;
    pthread_atfork(NULL, NULL, leak_in_peace);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        bool chosen = argc < 2;
        for (int a = 1; a < argc; a++) chosen = chosen || strstr(tests[i].name, argv[a]);
        if (!chosen) continue;
        clean_environment();
        if (has_http_server()) dev("POST", "/_dev/reset", NULL);
        int64_t start = now_ms();
        bool holds = on_a_thread(tests[i].run);
        printf("%s %s (%lld ms)\n", holds ? "ok    " : "FAILED", tests[i].name,
               (long long)(now_ms() - start));
        *(holds ? &passed : &failed) += 1;
        if (!holds) on_a_thread(close_what_was_left);
        arena_free();
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}

int scaled(int count) {
    const char *scale = getenv("AXONPUSH_TEST_SCALE");
    int reduced = scale ? (int)(count * atof(scale)) : count;
    return reduced < 1 ? 1 : reduced;
}

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int ms) {
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR) continue;
}

/* ---- Clients ---- */

const char *server_url(void) {
    const char *url = getenv("AXONPUSH_TEST_SERVER");
    if (!url) give_up("AXONPUSH_TEST_SERVER is not set; start the tests by tests/c/run");
    return url;
}

const char *dead_url(void) {
    static char url[64];
    if (!*url) {
        /* Bound and not listening: refused, and nobody else gets the port meanwhile. */
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t length = sizeof address;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
            give_up("no port for a dead service");
        }
        snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    }
    return url;
}

axonpush_options test_options(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = TEST_KEY;
    options.base_url = server_url();
    options.fail_open = AXONPUSH_DISABLED;
    options.max_retries = -1;
    options.timeout_ms = 20000;
    return options;
}

axonpush_client *client_with(const axonpush_options *options) {
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(options, &error);
    if (!client) give_up(format("no client: %s", axonpush_error_message(error)));
    made[__atomic_fetch_add(&made_count, 1, __ATOMIC_RELAXED) % (sizeof made / sizeof *made)] = client;
    return client;
}

axonpush_client *test_client(void) {
    axonpush_options options = test_options();
    return client_with(&options);
}

axonpush_options patient_options(void) {
    axonpush_options options = test_options();
    options.timeout_ms = 60000;
    options.max_retries = 3;
    options.shutdown_timeout_ms = 1;
    return options;
}

axonpush_client *patient_client(void) {
    axonpush_options options = patient_options();
    return client_with(&options);
}

axonpush_event test_event(void) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "step";
    event.payload = "{\"n\":1}";
    return event;
}

/* ---- JSON ---- */

/* NULL for no text. Text that is no JSON is no response of the library's or the server's, and ends the program. */
static json *parsed(const char *text) {
    const char *why = NULL;
    json *document = text && *text ? json_parse_any(text, &why) : NULL;
    if (why) give_up(format("%s is no JSON: %s", text, why));
    return document;
}

static const char *string_of(const json *value) {
    return value && value->kind == JSON_STRING ? value->text : NULL;
}

const char *json_raw(const char *text, const char *pointer) {
    const json *value = json_at(parsed(text), pointer);
    return value ? json_show(value) : NULL;
}

const char *json_text(const char *text, const char *pointer) {
    return string_of(json_at(parsed(text), pointer));
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *json_names(const char *text, const char *pointer) {
    const json *object = json_at(parsed(text), pointer);
    if (!object || object->kind != JSON_OBJECT) return "";
    /* The document is not looked at again. */
    qsort(object->names, object->count, sizeof *object->names, by_text);
    const char *joined = "";
    for (size_t i = 0; i < object->count; i++) joined = format("%s%s%s", joined, i ? " " : "", object->names[i]);
    return joined;
}

/* ---- The development server ---- */

static int connect_to_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(server_url(), ':');
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        give_up("the development server does not respond");
    }
    return fd;
}

const char *dev(const char *method, const char *path, const char *body) {
    size_t length = body ? strlen(body) : 0;
    char *request = format("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                           method, path, length, body ? body : "");
    int fd = connect_to_server();
    for (size_t sent = 0, size = strlen(request); sent < size;) {
        ssize_t n = send(fd, request + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) give_up("the development server takes no request");
        sent += (size_t)n;
    }
    size_t used = 0, size = 1 << 16;
    char *response = malloc(size);
    for (;;) {
        if (response && used + 1 >= size) response = realloc(response, size *= 2);
        if (!response) give_up("no memory");
        ssize_t n = recv(fd, response + used, size - used - 1, 0);
        if (n <= 0) break;
        used += (size_t)n;
    }
    close(fd);
    response[used] = 0;
    char *copy = scratch(used + 1);
    memcpy(copy, response, used + 1);
    free(response);
    char *end = strstr(copy, "\r\n\r\n");
    if (!end || strncmp(copy, "HTTP/1.1 2", 10) != 0) {
        give_up(format("%s %s %s: %s", method, path, body ? body : "", copy));
    }
    return end + 4;
}

void fault(const char *json) {
    char *body = format("%s", json);
    for (char *c = body; *c; c++) {
        if (*c == '\'') *c = '"';
    }
    dev("POST", "/_dev/faults", body);
}

const json *request_log(void) {
    return json_member(parsed(dev("GET", "/_dev/requests", NULL)), "requests");
}

/* NULL where the log is shorter. */
static const json *logged_request(size_t index) {
    const json *log = request_log();
    return index < log->count ? log->items[index] : NULL;
}

size_t request_count(void) {
    return request_log()->count;
}

bool requests_arrive(size_t count) {
    for (int64_t end = now_ms() + 20000; now_ms() < end; sleep_ms(5)) {
        if (request_count() >= count) return true;
    }
    printf("  %zu requests of %zu\n", request_count(), count);
    return false;
}

const char *request_member(size_t index, const char *name) {
    return string_of(json_member(logged_request(index), name));
}

const char *request_body(size_t index) {
    return request_member(index, "body");
}

const char *request_header(size_t index, const char *name) {
    const json *headers = json_member(logged_request(index), "headers");
    for (size_t i = 0; headers && i < headers->count; i++) {
        json *const *pair = headers->items[i]->items;
        if (strcmp(pair[0]->text, name) == 0) return pair[1]->text;
    }
    return NULL;
}

long long server_stat(const char *name) {
    const char *number = json_raw(dev("GET", "/_dev/stats", NULL), format("/%s", name));
    if (!number) give_up(format("the server has no number %s", name));
    return atoll(number);
}
