/* The credential: an API key in both its headers on every request, since the newest service reads one of them and
   older ones the other; a public token in its own; and neither to anybody but the service. */
#include "tally.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Requests of every kind ---- */

static void publish(axonpush_client *client) {
    axonpush_event event = test_event();
    axonpush_events_publish(client, &event, NULL, NULL);
}

static void publish_in_the_background(axonpush_client *client) {
    axonpush_event event = test_event();
    axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_flush(client, 20000, NULL);
}

static void log_a_line(axonpush_client *client) {
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    axonpush_log_event(client, &record);
    axonpush_flush(client, 20000, NULL);
}

static void list(axonpush_client *client) {
    axonpush_events_list(client, "ch", NULL, NULL, NULL);
}

static void search(axonpush_client *client) {
    axonpush_events_search(client, NULL, NULL, NULL);
}

static void iterate(axonpush_client *client) {
    axonpush_events_iter *iter = NULL;
    const axonpush_response *event = NULL;
    axonpush_events_iter_new(client, "ch", NULL, &iter, NULL);
    axonpush_events_iter_next(iter, &event, NULL);
    axonpush_events_iter_free(iter);
}

static void get_a_resource(axonpush_client *client) {
    axonpush_apps_get(client, "a", NULL, NULL);
}

static void create_a_resource(axonpush_client *client) {
    axonpush_apps_create(client, "n", NULL, NULL);
}

static void change_a_resource(axonpush_client *client) {
    axonpush_channels_update(client, "a", "c", "n", NULL, NULL);
}

static void delete_a_resource(axonpush_client *client) {
    axonpush_webhooks_delete(client, "e", NULL, NULL);
}

static void list_traces(axonpush_client *client) {
    axonpush_traces_list(client, NULL, NULL, NULL);
}

static void ask_for_health(axonpush_client *client) {
    axonpush_health_get(client, NULL, NULL);
}

static void send_spans(axonpush_client *client) {
    axonpush_otlp_traces(client, "ch", "{\"resourceSpans\":[]}", 0, NULL, NULL);
}

static void send_log_records(axonpush_client *client) {
    axonpush_otlp_logs(client, "ch", "{\"resourceLogs\":[]}", 0, NULL, NULL);
}

static void request_anything(axonpush_client *client) {
    axonpush_request(client, "PATCH", "/anything", NULL, "{}", 0, NULL, NULL);
}

static const struct {
    const char *name;
    void (*make)(axonpush_client *client);
} kinds[] = {
#define KIND(function) {#function, function}
    KIND(publish),          KIND(publish_in_the_background), KIND(log_a_line),        KIND(list),
    KIND(search),           KIND(iterate),                   KIND(get_a_resource),    KIND(create_a_resource),
    KIND(change_a_resource), KIND(delete_a_resource),        KIND(list_traces),       KIND(ask_for_health),
    KIND(send_spans),       KIND(send_log_records),          KIND(request_anything),
#undef KIND
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* What each request of each kind carries; `requests` of a kind at least. NULL: it must not be there. */
static bool each_kind_has(axonpush_client *client, size_t requests, const char *key, const char *token) {
    for (size_t i = 0; i < KINDS; i++) {
        dev("DELETE", "/_dev/requests", NULL);
        kinds[i].make(client);
        size_t count = request_count();
        if (count < requests) printf("  %s: %zu requests\n", kinds[i].name, count);
        CHECK(count >= requests);
        for (size_t k = 0; k < count; k++) {
            bool holds = check_text(request_header(k, "x-axonpush-api-key"), key, __FILE__, __LINE__, "x-axonpush-api-key") &&
                         check_text(request_header(k, "x-api-key"), key, __FILE__, __LINE__, "x-api-key") &&
                         check_text(request_header(k, "x-public-token"), token, __FILE__, __LINE__, "x-public-token");
            if (!holds) printf("  %s, request %zu\n", kinds[i].name, k);
            CHECK(holds);
            CHECK_TEXT(request_header(k, "authorization"), NULL);
        }
    }
    return true;
}

static bool a_key_is_in_both_headers_of_every_request(void) {
    axonpush_client *client = test_client();
    CHECK(each_kind_has(client, 1, TEST_KEY, NULL));
    axonpush_close(client);
    return true;
}

static bool a_key_from_the_environment_too(void) {
    setenv("AXONPUSH_API_KEY", "ak_of_the_environment", 1);
    axonpush_options options = test_options();
    options.api_key = NULL;
    axonpush_client *client = client_with(&options);
    CHECK(each_kind_has(client, 1, "ak_of_the_environment", NULL));
    axonpush_close(client);
    return true;
}

/* Whatever is no public token is a key. */
static bool a_key_need_not_begin_with_ak(void) {
    static const char *const keys[] = {"k", "PT_upper", "xpt_inside", "pt-dash"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        axonpush_options options = test_options();
        options.api_key = keys[i];
        axonpush_client *client = client_with(&options);
        CHECK(each_kind_has(client, 1, keys[i], NULL));
        axonpush_close(client);
    }
    return true;
}

static bool a_public_token_is_in_its_own_header_and_no_other(void) {
    axonpush_options options = test_options();
    options.api_key = "pt_public";
    axonpush_client *client = client_with(&options);
    CHECK(each_kind_has(client, 1, NULL, "pt_public"));
    axonpush_close(client);
    return true;
}

/* Of the kinds that are repeated, the second attempt. */
static bool a_retry_has_both_too(void) {
    axonpush_options options = test_options();
    options.max_retries = 1;
    axonpush_client *client = client_with(&options);
    for (size_t i = 0; i < KINDS; i++) {
        dev("POST", "/_dev/reset", NULL);
        fault("{'status':503,'headers':{'Retry-After':'0'}}");
        kinds[i].make(client);
        size_t count = request_count();
        if (count != 2) printf("  %s: %zu requests\n", kinds[i].name, count);
        CHECK_INT(count, 2);
        for (size_t k = 0; k < count; k++) {
            CHECK_TEXT(request_header(k, "x-axonpush-api-key"), TEST_KEY);
            CHECK_TEXT(request_header(k, "x-api-key"), TEST_KEY);
        }
    }
    axonpush_close(client);
    return true;
}

static bool requests_through_a_call_handle_have_both(void) {
    axonpush_client *client = test_client(), *call = axonpush_call_new(client, 20000, NULL);
    CHECK(each_kind_has(call, 1, TEST_KEY, NULL));
    axonpush_close(client);
    return true;
}

/* ---- Others ---- */

/* A proxy that takes one connection and keeps what it is sent: the CONNECT, and the request that follows. */
static struct {
    int listener;
    pthread_t thread;
    char connect[8192], request[8192];
} proxy;

static void read_head(int fd, char *head, size_t size) {
    size_t used = 0;
    head[0] = 0;
    while (!strstr(head, "\r\n\r\n") && used + 1 < size) {
        ssize_t n = recv(fd, head + used, size - used - 1, 0);
        if (n <= 0) return;
        used += (size_t)n;
        head[used] = 0;
    }
}

static void say(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) printf("  the proxy cannot respond\n");
}

static void *run_proxy(void *data) {
    (void)data;
    int fd = accept(proxy.listener, NULL, NULL);
    read_head(fd, proxy.connect, sizeof proxy.connect);
    say(fd, "HTTP/1.1 200 OK\r\n\r\n");
    read_head(fd, proxy.request, sizeof proxy.request);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{\"eventId\":\"e-1\"}");
    shutdown(fd, SHUT_WR);
    close(fd);
    return NULL;
}

static bool a_proxy_sees_no_credential_of_the_service(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    proxy.listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(proxy.listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(proxy.listener, 4), 0);
    CHECK_INT(getsockname(proxy.listener, (struct sockaddr *)&address, &length), 0);
    CHECK_INT(pthread_create(&proxy.thread, NULL, run_proxy, NULL), 0);
    axonpush_options options = test_options();
    options.base_url = "http://service.invalid:8080";
    options.proxy = format("http://127.0.0.1:%d", ntohs(address.sin_port));
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    axonpush_close(client);
    shutdown(proxy.listener, SHUT_RDWR);
    pthread_join(proxy.thread, NULL);
    close(proxy.listener);
    CHECK_STATUS(status, error, AXONPUSH_OK);
    CHECK(strncmp(proxy.connect, "CONNECT service.invalid:8080 ", 29) == 0);
    CHECK_LACKS(proxy.connect, TEST_KEY);
    CHECK_LACKS(proxy.connect, "key");
    /* Behind it, the service gets both. */
    CHECK(strncmp(proxy.request, "POST /event ", 12) == 0);
    CHECK_HAS(proxy.request, "\r\nx-axonpush-api-key: " TEST_KEY "\r\n");
    CHECK_HAS(proxy.request, "\r\nx-api-key: " TEST_KEY "\r\n");
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_key_is_in_both_headers_of_every_request),
        TEST(a_key_from_the_environment_too),
        TEST(a_key_need_not_begin_with_ak),
        TEST(a_public_token_is_in_its_own_header_and_no_other),
        TEST(a_retry_has_both_too),
        TEST(requests_through_a_call_handle_have_both),
        TEST(a_proxy_sees_no_credential_of_the_service),
    };
    return RUN_TESTS(tests, argc, argv);
}
