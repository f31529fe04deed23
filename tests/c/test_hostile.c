/* Servers that misbehave: every call ends on time, with a status, and the client stays usable. */
#include "check.h"
#include "tcp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static axonpush_options strict_options(const char *url, uint32_t timeout_ms) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.timeout_ms = timeout_ms;
    return options;
}

/* One search at `url`; its message, to look at. */
static axonpush_status search(const char *url, uint32_t timeout_ms, const char **message) {
    axonpush_options options = strict_options(url, timeout_ms);
    axonpush_client *client = client_with(&options);
    axonpush_response *response = (axonpush_response *)&options;
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_search(client, NULL, &response, &error);
    const char *text = axonpush_error_message(error);
    *message = text ? format("%s", text) : "(none)";
    axonpush_response_free(response);
    axonpush_error_free(error);
    axonpush_close(client);
    return status;
}

#define CHECK_SEARCH(url, timeout_ms, expected, part) \
    do { \
        const char *message_ = NULL; \
        axonpush_status status_ = search((url), (timeout_ms), &message_); \
        if (status_ != (expected)) printf("  %s\n", message_); \
        CHECK_TEXT(axonpush_status_name(status_), axonpush_status_name(expected)); \
        CHECK_HAS(message_, (part)); \
        CHECK_LACKS(message_, "secret"); \
    } while (0)

static bool a_truncated_response_is_a_connection_failure(void) {
    static const int lengths[] = {0, 1, 10};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        fault(format("{'path':'/events','truncate':%d}", lengths[i]));
        CHECK_SEARCH(server_url(), 20000, AXONPUSH_ERR_CONNECTION, "");
    }
    return true;
}

static bool a_reset_and_a_hang_up_are_connection_failures(void) {
    fault("{'path':'/events','reset':true}");
    CHECK_SEARCH(server_url(), 20000, AXONPUSH_ERR_CONNECTION, "");
    fault("{'path':'/events','hangup':'before'}");
    CHECK_SEARCH(server_url(), 20000, AXONPUSH_ERR_CONNECTION, "");
    fault("{'path':'/events','hangup':'after'}");
    CHECK_SEARCH(server_url(), 20000, AXONPUSH_ERR_CONNECTION, "");
    return true;
}

static bool a_silent_server_does_not_outlive_the_timeout(void) {
    fault("{'path':'/events','silent':true}");
    int64_t start = now_ms();
    CHECK_SEARCH(server_url(), 700, AXONPUSH_ERR_CONNECTION, "700 ms");
    CHECK(now_ms() - start >= 690);
    CHECK(now_ms() - start < 8000);
    return true;
}

static bool a_dripping_server_does_not_outlive_the_timeout(void) {
    fault("{'path':'/events','drip':{'bytes':1,'intervalMs':100}}");
    int64_t start = now_ms();
    CHECK_SEARCH(server_url(), 1000, AXONPUSH_ERR_CONNECTION, "1000 ms");
    CHECK(now_ms() - start >= 990);
    CHECK(now_ms() - start < 8000);
    return true;
}

static void drip_the_body(tcp_server *server, int fd) {
    (void)server;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    struct timespec pause = {0, 50 * 1000000};
    bool there = tcp_send(fd, head, sizeof head - 1);
    for (int i = 0; there && i < 400; i++) {
        there = tcp_send(fd, " ", 1);
        nanosleep(&pause, NULL);
    }
}

static bool a_dripping_body_does_not_outlive_the_timeout(void) {
    tcp_server *server = tcp_serve(drip_the_body);
    int64_t start = now_ms();
    CHECK_SEARCH(tcp_url(server), 1000, AXONPUSH_ERR_CONNECTION, "1000 ms");
    CHECK(now_ms() - start < 8000);
    tcp_stop(server);
    return true;
}

static void drip_the_head(tcp_server *server, int fd) {
    (void)server;
    struct timespec pause = {0, 50 * 1000000};
    bool there = tcp_send(fd, "HTTP/1.1 200 OK\r\n", 17);
    for (int i = 0; there && i < 400; i++) {
        there = tcp_send(fd, "X: y\r\n", 6);
        nanosleep(&pause, NULL);
    }
}

static bool a_dripping_proxy_does_not_outlive_the_timeout(void) {
    tcp_server *proxy = tcp_serve(drip_the_head);
    axonpush_options options = strict_options("https://service.example", 1000);
    options.proxy = tcp_url(proxy);
    axonpush_client *client = client_with(&options);
    axonpush_error *error = NULL;
    int64_t start = now_ms();
    CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK(now_ms() - start < 8000);
    CHECK_INT(tcp_requests(proxy), 1);
    axonpush_error_free(error);
    axonpush_close(client);
    tcp_stop(proxy);
    return true;
}

/* A service that takes no connections: it listens, but its queue of them is full. */
static bool connecting_takes_five_seconds_at_most(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), filler[4];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(listener, 0), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    for (int i = 0; i < 4; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(filler[i], (struct sockaddr *)&address, sizeof address);
    }
    const char *url = format("http://127.0.0.1:%d", ntohs(address.sin_port));
    int64_t start = now_ms();
    CHECK_SEARCH(url, 700, AXONPUSH_ERR_CONNECTION, "700 ms");
    CHECK(now_ms() - start < 4000);
    start = now_ms();
    CHECK_SEARCH(url, 60000, AXONPUSH_ERR_CONNECTION, "5000 ms");
    CHECK(now_ms() - start >= 4900);
    CHECK(now_ms() - start < 20000);
    for (int i = 0; i < 4; i++) close(filler[i]);
    close(listener);
    return true;
}

static bool a_slow_server_within_the_timeout_is_waited_for(void) {
    fault("{'path':'/events','delayMs':700}");
    axonpush_client *client = test_client();
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool a_redirect_is_not_followed(void) {
    tcp_server *elsewhere = tcp_serve_text("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"events\":[]}");
    static const int statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        axonpush_client *client = test_client();
        axonpush_error *error = NULL;
        fault(format("{'path':'/events','status':%d,'headers':{'Location':'%s/events'}}", statuses[i],
                     tcp_url(elsewhere)));
        CHECK_STATUS(axonpush_events_search(client, NULL, NULL, &error), error, AXONPUSH_ERR_API);
        CHECK_INT(axonpush_error_http_status(error), statuses[i]);
        axonpush_error_free(error);
        axonpush_event event = test_event();
        fault(format("{'path':'/event','status':%d,'headers':{'Location':'/elsewhere'}}", statuses[i]));
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_API);
        axonpush_error_free(error);
        axonpush_close(client);
    }
    CHECK_INT(tcp_requests(elsewhere), 0);
    CHECK_INT(request_count(), 2 * sizeof statuses / sizeof *statuses);
    tcp_stop(elsewhere);
    return true;
}

static bool what_is_not_http_is_a_connection_failure(void) {
    static const char *const garbage[] = {
        "", "\r\n", "\n\n\n\n", "hello\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n", "HTTP/1.1 xyz OK\r\n\r\n", "HTTP/1.1 99999 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: nameless\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5", "\x16\x03\x01\x02\x00\x01",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nab",
    };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        tcp_server *server = tcp_serve_text(garbage[i]);
        const char *message = NULL;
        axonpush_status status = search(tcp_url(server), 5000, &message);
        if (status != AXONPUSH_ERR_CONNECTION) {
            printf("  response %zu: %s: %s\n", i, axonpush_status_name(status), message);
        }
        CHECK_INT(status, AXONPUSH_ERR_CONNECTION);
        tcp_stop(server);
    }
    return true;
}

static bool binary_noise_is_no_crash(void) {
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < scaled(60); round++) {
        static char noise[8192];
        size_t start = 0;
        if (round % 2) start = (size_t)sprintf(noise, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n%s", round % 4 == 1 ? "\r\n" : "");
        for (size_t i = start; i < sizeof noise; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            noise[i] = (char)random;
        }
        tcp_server *server = tcp_serve_bytes(noise, sizeof noise);
        const char *message = NULL;
        axonpush_status status = search(tcp_url(server), 5000, &message);
        CHECK(status == AXONPUSH_ERR_CONNECTION || status == AXONPUSH_ERR_DECODE);
        tcp_stop(server);
    }
    return true;
}

static bool contradictory_lengths_are_no_response(void) {
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Length: 2\r\n\r\n{\"events\":[]}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 13\r\n\r\n{\"events\":[]}",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{\"events\":[]}",
        "HTTP/1.1 200 OK\r\nContent-Length: 13x\r\n\r\n{\"events\":[]}",
    };
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        tcp_server *server = tcp_serve_text(responses[i]);
        const char *message = NULL;
        axonpush_status status = search(tcp_url(server), 5000, &message);
        if (status == AXONPUSH_OK) printf("  response %zu was taken\n", i);
        CHECK(status == AXONPUSH_ERR_CONNECTION || status == AXONPUSH_ERR_DECODE);
        tcp_stop(server);
    }
    return true;
}

static bool a_body_without_a_length_ends_with_the_connection(void) {
    tcp_server *server = tcp_serve_text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"events\":[]}");
    const char *message = NULL;
    CHECK_INT(search(tcp_url(server), 5000, &message), AXONPUSH_OK);
    tcp_stop(server);
    server = tcp_serve_text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"eve\r\n8;x=y\r\nnts\":[]}\r\n0\r\n\r\n");
    CHECK_INT(search(tcp_url(server), 5000, &message), AXONPUSH_OK);
    tcp_stop(server);
    return true;
}

static bool interim_responses_are_passed_over(void) {
    tcp_server *server = tcp_serve_text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"events\":[]}");
    const char *message = NULL;
    axonpush_status status = search(tcp_url(server), 5000, &message);
    if (status != AXONPUSH_OK) printf("  %s\n", message);
    CHECK_INT(status, AXONPUSH_OK);
    tcp_stop(server);
    return true;
}

/* ---- Size ---- */

static void endless_head(tcp_server *server, int fd) {
    (void)server;
    static const char start[] = "HTTP/1.1 200 OK\r\n", line[] = "X-Filler: ................................\r\n";
    bool there = tcp_send(fd, start, sizeof start - 1);
    for (int i = 0; there && i < 100000; i++) there = tcp_send(fd, line, sizeof line - 1);
}

static bool an_endless_head_is_not_read_to_its_end(void) {
    tcp_server *server = tcp_serve(endless_head);
    const char *message = NULL;
    axonpush_status status = search(tcp_url(server), 20000, &message);
    CHECK(status == AXONPUSH_ERR_DECODE || status == AXONPUSH_ERR_CONNECTION);
    tcp_stop(server);
    return true;
}

static void endless_body(tcp_server *server, int fd) {
    (void)server;
    static char filler[65536];
    static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"events\":[";
    memset(filler, ' ', sizeof filler);
    bool there = tcp_send(fd, head, sizeof head - 1);
    /* A gigabyte, should the client take it. */
    for (int i = 0; there && i < 16384; i++) there = tcp_send(fd, filler, sizeof filler);
}

static long peak_kilobytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static bool an_endless_body_is_not_read_to_its_end(void) {
    tcp_server *server = tcp_serve(endless_body);
    long before = peak_kilobytes();
    CHECK_SEARCH(tcp_url(server), 60000, AXONPUSH_ERR_DECODE, "32 MiB");
    CHECK(peak_kilobytes() - before < 300 * 1024);
    tcp_stop(server);
    return true;
}

static bool an_announced_huge_body_is_not_read_at_all(void) {
    tcp_server *server = tcp_serve_text("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{");
    int64_t start = now_ms();
    CHECK_SEARCH(tcp_url(server), 20000, AXONPUSH_ERR_DECODE, "32 MiB");
    CHECK(now_ms() - start < 8000);
    tcp_stop(server);
    return true;
}

/* ---- Compression, by hand: deflate with the fixed code (RFC 1951, 3.2.6) ---- */

struct bits {
    unsigned char *out;
    size_t size;
    unsigned hold, count;
};

static void put_bit(struct bits *bits, unsigned bit) {
    bits->hold |= bit << bits->count++;
    if (bits->count == 8) {
        bits->out[bits->size++] = (unsigned char)bits->hold;
        bits->hold = bits->count = 0;
    }
}

/* Huffman codes are sent from their most significant bit. */
static void put_code(struct bits *bits, unsigned code, int length) {
    while (length-- > 0) put_bit(bits, code >> length & 1);
}

static void put_literal(struct bits *bits, unsigned char c) {
    put_code(bits, 0x30u + c, 8); /* for c < 144 */
}

static unsigned crc32_of(const char *text, size_t size) {
    unsigned crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)text[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

/* A gzip response of `text` and, after it, `blanks` runs of 258 blanks. */
static char *gzip_response(const char *text, size_t blanks, size_t *size) {
    size_t length = strlen(text), unpacked = length + 1 + 258 * blanks;
    char *all = malloc(unpacked);
    unsigned char *out = scratch(length + 64 + blanks * 13 / 8);
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    struct bits bits = {out, sizeof head, 0, 0};
    if (!all) abort();
    memcpy(out, head, sizeof head);
    put_bit(&bits, 1); /* the last block */
    put_bit(&bits, 1); /* the fixed code */
    put_bit(&bits, 0);
    for (size_t i = 0; i < length; i++) put_literal(&bits, (unsigned char)text[i]);
    put_literal(&bits, ' ');
    for (size_t i = 0; i < blanks; i++) {
        put_code(&bits, 0xC5, 8); /* a copy of 258 */
        put_code(&bits, 0, 5);    /* from distance 1 */
    }
    put_code(&bits, 0, 7); /* the end */
    while (bits.count) put_bit(&bits, 0);
    memset(all, ' ', unpacked);
    memcpy(all, text, length);
    unsigned trailer[] = {crc32_of(all, unpacked), (unsigned)unpacked};
    free(all);
    for (int i = 0; i < 8; i++) out[bits.size++] = (unsigned char)(trailer[i / 4] >> (8 * (i % 4)));
    char *head_text = format("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", bits.size);
    char *response = scratch(strlen(head_text) + bits.size);
    memcpy(response, head_text, strlen(head_text));
    memcpy(response + strlen(head_text), out, bits.size);
    *size = strlen(head_text) + bits.size;
    return response;
}

static bool a_compressed_response_is_unpacked(void) {
    size_t size;
    char *response = gzip_response("{\"events\":[]}", 10, &size);
    tcp_server *server = tcp_serve_bytes(response, size);
    const char *message = NULL;
    axonpush_status status = search(tcp_url(server), 20000, &message);
    if (status != AXONPUSH_OK) printf("  %s\n", message);
    CHECK_INT(status, AXONPUSH_OK);
    tcp_stop(server);
    return true;
}

static bool a_gzip_bomb_is_not_unpacked(void) {
    size_t size;
    /* 64 MiB in 420 kB. Without a bound it would be taken for a success. */
    char *response = gzip_response("{\"events\":[]}", (64u << 20) / 258, &size);
    CHECK(size < 500000);
    tcp_server *server = tcp_serve_bytes(response, size);
    long before = peak_kilobytes();
    CHECK_SEARCH(tcp_url(server), 60000, AXONPUSH_ERR_DECODE, "32 MiB");
    CHECK(peak_kilobytes() - before < 300 * 1024);
    tcp_stop(server);
    return true;
}

static bool a_broken_gzip_stream_is_reported(void) {
    size_t size;
    char *response = gzip_response("{\"events\":[]}", 10, &size);
    response[size - 14] ^= 0x55;
    response[size - 6] ^= 0x55;
    tcp_server *server = tcp_serve_bytes(response, size);
    const char *message = NULL;
    axonpush_status status = search(tcp_url(server), 5000, &message);
    CHECK(status == AXONPUSH_ERR_DECODE || status == AXONPUSH_ERR_CONNECTION);
    tcp_stop(server);
    return true;
}

/* ---- Content ---- */

static bool a_success_that_is_not_the_json_expected_is_a_decode_error(void) {
    static const char *const bodies[] = {
        "''", "'ok'", "'{'", "'{}{}'", "[]", "7", "{}", "{'eventId':7,'events':{}}", "'\\ufeff{}'", "{'eventId':null}",
        "'{\\\"eventId\\\":\\\"\\\\ud800\\\",\\\"events\\\":[]}'",
    };
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        axonpush_error *error = NULL;
        axonpush_response *response = NULL;
        fault(format("{'status':200,'headers':{'X-Request-Id':'r'},'times':2,'body':%s}", bodies[i]));
        CHECK_STATUS(axonpush_events_publish(client, &event, &response, &error), error, AXONPUSH_ERR_DECODE);
        CHECK(response == NULL);
        CHECK_INT(axonpush_error_http_status(error), 200);
        CHECK_TEXT(axonpush_error_request_id(error), "r");
        CHECK(!axonpush_error_retryable(error));
        axonpush_error_free(error);
        CHECK_STATUS(axonpush_events_search(client, NULL, &response, &error), error, AXONPUSH_ERR_DECODE);
        CHECK(response == NULL);
        axonpush_error_free(error);
    }
    /* Not UTF-8 ("\xff\xfe"), and nested without end. */
    axonpush_error *error = NULL;
    fault("{'status':200,'bodyBase64':'//4='}");
    CHECK_STATUS(axonpush_request(client, "GET", "/x", NULL, NULL, 0, NULL, &error), error, AXONPUSH_ERR_DECODE);
    axonpush_error_free(error);
    fault(format("{'status':200,'body':'%s'}", repeated("[", 500000)));
    CHECK_STATUS(axonpush_request(client, "GET", "/x", NULL, NULL, 0, NULL, &error), error, AXONPUSH_ERR_DECODE);
    axonpush_error_free(error);
    CHECK_INT(axonpush_events_search(client, NULL, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

static bool one_client_survives_it_all(void) {
    axonpush_options options = strict_options(server_url(), 500);
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    static const char *const faults[] = {
        "'reset':true", "'truncate':2", "'hangup':'before'", "'silent':true", "'status':500", "'status':200,'body':'x'",
        "'drip':{'bytes':1,'intervalMs':200}",
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
            dev("DELETE", "/_dev/faults", NULL);
            /* Twice: a connection that was used before gets a second, fresh one. */
            fault(format("{'path':'/event','times':2,%s}", faults[i]));
            axonpush_error *error = NULL;
            CHECK(axonpush_events_publish(client, &event, NULL, &error) != AXONPUSH_OK);
            CHECK(axonpush_error_message(error) != NULL);
            axonpush_error_free(error);
            dev("DELETE", "/_dev/faults", NULL);
            CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
        }
    }
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_truncated_response_is_a_connection_failure),
        TEST(a_reset_and_a_hang_up_are_connection_failures),
        TEST(a_silent_server_does_not_outlive_the_timeout),
        TEST(a_dripping_server_does_not_outlive_the_timeout),
        TEST(a_dripping_body_does_not_outlive_the_timeout),
        TEST(a_dripping_proxy_does_not_outlive_the_timeout),
        TEST(connecting_takes_five_seconds_at_most),
        TEST(a_slow_server_within_the_timeout_is_waited_for),
        TEST(a_redirect_is_not_followed),
        TEST(what_is_not_http_is_a_connection_failure),
        TEST(binary_noise_is_no_crash),
        TEST(contradictory_lengths_are_no_response),
        TEST(a_body_without_a_length_ends_with_the_connection),
        TEST(interim_responses_are_passed_over),
        TEST(an_endless_head_is_not_read_to_its_end),
        TEST(an_endless_body_is_not_read_to_its_end),
        TEST(an_announced_huge_body_is_not_read_at_all),
        TEST(a_compressed_response_is_unpacked),
        TEST(a_gzip_bomb_is_not_unpacked),
        TEST(a_broken_gzip_stream_is_reported),
        TEST(a_success_that_is_not_the_json_expected_is_a_decode_error),
        TEST(one_client_survives_it_all),
    };
    return RUN_TESTS(tests, argc, argv);
}
