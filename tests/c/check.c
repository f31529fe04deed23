#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

/* Blocks of the running test, newest first. */
static struct block {
    struct block *next;
} *blocks;

void *scratch(size_t size) {
    struct block *block = calloc(1, sizeof *block + size);
    if (!block) give_up("no memory");
    block->next = blocks;
    blocks = block;
    return block + 1;
}

static void free_scratch(void) {
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

char *format(const char *pattern, ...) {
    va_list list;
    va_start(list, pattern);
    int length = vsnprintf(NULL, 0, pattern, list);
    va_end(list);
    char *text = scratch((size_t)length + 1);
    va_start(list, pattern);
    vsnprintf(text, (size_t)length + 1, pattern, list);
    va_end(list);
    return text;
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

int run_tests(const test *tests, size_t count, int argc, char **argv) {
    int passed = 0, failed = 0;
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
        free_scratch();
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

axonpush_event test_event(void) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "step";
    event.payload = "{\"n\":1}";
    return event;
}

/* ---- The development server ---- */

static int connect_to_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(server_url(), ':');
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        give_up("the development server does not answer");
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
    char *answer = malloc(size);
    for (;;) {
        if (answer && used + 1 >= size) answer = realloc(answer, size *= 2);
        if (!answer) give_up("no memory");
        ssize_t n = recv(fd, answer + used, size - used - 1, 0);
        if (n <= 0) break;
        used += (size_t)n;
    }
    close(fd);
    answer[used] = 0;
    char *copy = scratch(used + 1);
    memcpy(copy, answer, used + 1);
    free(answer);
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

size_t request_count(void) {
    return json_count(dev("GET", "/_dev/requests", NULL), "/requests");
}

const char *request_member(size_t index, const char *name) {
    return json_text(dev("GET", "/_dev/requests", NULL), format("/requests/%zu/%s", index, name));
}

const char *request_body(size_t index) {
    return request_member(index, "body");
}

const char *request_header(size_t index, const char *name) {
    const char *log = dev("GET", "/_dev/requests", NULL);
    size_t count = json_count(log, format("/requests/%zu/headers", index));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(json_text(log, format("/requests/%zu/headers/%zu/0", index, i)), name) == 0) {
            return json_text(log, format("/requests/%zu/headers/%zu/1", index, i));
        }
    }
    return NULL;
}

long long server_stat(const char *name) {
    const char *number = json_raw(dev("GET", "/_dev/stats", NULL), format("/%s", name));
    if (!number) give_up(format("the server has no number %s", name));
    return atoll(number);
}

/* ---- JSON ---- */

static const char *skip_blank(const char *at) {
    return at + strspn(at, " \t\r\n");
}

/* The end of the value that starts at `at`. The text is valid JSON. */
static const char *value_end(const char *at) {
    int depth = 0;
    bool in_string = false;
    for (;; at++) {
        if (!*at) return at;
        if (in_string) {
            if (*at == '\\') at++;
            else if (*at == '"') in_string = false;
        } else if (*at == '"') {
            in_string = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (depth == 0 && strchr(",}] \t\r\n", *at)) {
            return at;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else {
            continue;
        }
        if (depth == 0 && !in_string) return at + 1;
    }
}

static void put_utf8(char **out, unsigned code) {
    char *o = *out;
    if (code < 0x80) {
        *o++ = (char)code;
    } else if (code < 0x800) {
        *o++ = (char)(0xC0 | code >> 6);
        *o++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *o++ = (char)(0xE0 | code >> 12);
        *o++ = (char)(0x80 | (code >> 6 & 63));
        *o++ = (char)(0x80 | (code & 63));
    } else {
        *o++ = (char)(0xF0 | code >> 18);
        *o++ = (char)(0x80 | (code >> 12 & 63));
        *o++ = (char)(0x80 | (code >> 6 & 63));
        *o++ = (char)(0x80 | (code & 63));
    }
    *out = o;
}

static unsigned hex4(const char *digits) {
    char copy[5] = {0};
    memcpy(copy, digits, 4);
    return (unsigned)strtoul(copy, NULL, 16);
}

/* The string that starts at `at` (a quote), unescaped. */
static char *unescaped(const char *at) {
    const char *end = value_end(at) - 1;
    char *text = scratch((size_t)(end - at) + 1), *out = text;
    for (at++; at < end; at++) {
        if (*at != '\\') {
            *out++ = *at;
            continue;
        }
        at++;
        if (*at != 'u') {
            static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
            const char *letter = strchr(letters, *at);
            *out++ = letter ? values[letter - letters] : *at;
            continue;
        }
        unsigned code = hex4(at + 1);
        at += 4;
        if (code >= 0xD800 && code < 0xDC00) {
            code = 0x10000 + ((code - 0xD800) << 10) + (hex4(at + 3) - 0xDC00);
            at += 6;
        }
        put_utf8(&out, code);
    }
    *out = 0;
    return text;
}

/* Calls `visit` with each member (key NULL in an array) until it gives false. */
typedef bool (*visit_fn)(const char *key, const char *value, void *data);

static void each_member(const char *at, visit_fn visit, void *data) {
    if (!at || (*at != '{' && *at != '[')) return;
    bool object = *at == '{';
    at = skip_blank(at + 1);
    while (*at && *at != '}' && *at != ']') {
        char *key = NULL;
        if (object) {
            key = unescaped(at);
            at = skip_blank(skip_blank(value_end(at)) + 1);
        }
        if (!visit(key, at, data)) return;
        at = skip_blank(value_end(at));
        if (*at == ',') at = skip_blank(at + 1);
    }
}

struct search {
    const char *name, *found;
    size_t index;
};

static bool search_member(const char *key, const char *value, void *data) {
    struct search *search = data;
    bool here = key ? strcmp(key, search->name) == 0
                    : search->index == (size_t)strtoul(search->name, NULL, 10);
    if (here) search->found = value;
    search->index++;
    return !here;
}

static const char *find(const char *json, const char *pointer) {
    const char *at = json ? skip_blank(json) : NULL;
    while (at && *pointer == '/') {
        size_t length = strcspn(++pointer, "/");
        char *name = format("%.*s", (int)length, pointer), *out = name;
        for (const char *c = name; *c; c++) {
            if (*c == '~' && c[1]) *out++ = *++c == '1' ? '/' : '~';
            else *out++ = *c;
        }
        *out = 0;
        struct search search = {name, NULL, 0};
        each_member(at, search_member, &search);
        at = search.found;
        pointer += length;
    }
    return at;
}

const char *json_raw(const char *json, const char *pointer) {
    const char *at = find(json, pointer);
    return at ? format("%.*s", (int)(value_end(at) - at), at) : NULL;
}

const char *json_text(const char *json, const char *pointer) {
    const char *at = find(json, pointer);
    return at && *at == '"' ? unescaped(at) : NULL;
}

static bool count_member(const char *key, const char *value, void *data) {
    (void)key;
    (void)value;
    ++*(size_t *)data;
    return true;
}

size_t json_count(const char *json, const char *pointer) {
    size_t count = 0;
    each_member(find(json, pointer), count_member, &count);
    return count;
}

struct members {
    const char **values;
    size_t count;
};

static bool add_member(const char *key, const char *value, void *data) {
    (void)key;
    struct members *members = data;
    members->values[members->count++] = value;
    return true;
}

size_t json_members(const char *json, const char *pointer, const char *const **values) {
    const char *at = find(json, pointer);
    size_t count = 0;
    each_member(at, count_member, &count);
    struct members members = {scratch((count + 1) * sizeof *members.values), 0};
    each_member(at, add_member, &members);
    *values = members.values;
    return count;
}

struct names {
    const char *list[64];
    size_t count;
};

static bool add_name(const char *key, const char *value, void *data) {
    (void)value;
    struct names *names = data;
    if (key && names->count < 64) names->list[names->count++] = key;
    return true;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *json_names(const char *json, const char *pointer) {
    struct names names = {{0}, 0};
    each_member(find(json, pointer), add_name, &names);
    qsort(names.list, names.count, sizeof *names.list, by_text);
    const char *joined = "";
    for (size_t i = 0; i < names.count; i++) {
        joined = i ? format("%s %s", joined, names.list[i]) : names.list[i];
    }
    return joined;
}
