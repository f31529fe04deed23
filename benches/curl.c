/* libcurl as its documentation recommends: one easy handle a thread, set up once and reused, so that connections,
 * buffers and resolved names are kept. The body is prepared beforehand: libcurl is charged for HTTP alone, neither for
 * JSON nor for ids. */
#include "event.h"
#include "workers.h"

#include <curl/curl.h>

struct connection {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    char response[4096];
    size_t response_length;
};

static int queued_events; /* throughput mode stands beside queued events, which carry one member more */

/* Keeps the response, as every caller that wants the event's id does. */
static size_t on_response(char *data, size_t size, size_t count, void *user)
{
    struct connection *c = user;
    size_t length = size * count;
    if (length > sizeof c->response - c->response_length) return 0;
    memcpy(c->response + c->response_length, data, length);
    c->response_length += length;
    return length;
}

static void *open_connection(const char *url)
{
    parse_url(url);
    struct connection *c = calloc(1, sizeof *c);
    size_t body_length;
    char target[128];
    if (c == NULL || (c->easy = curl_easy_init()) == NULL) die("no memory for a connection");
    c->body = new_event_body(queued_events, &body_length);
    for (size_t i = 0; event_headers[i] != NULL; i++) c->headers = curl_slist_append(c->headers, event_headers[i]);
    snprintf(target, sizeof target, "%s/event", url);
    curl_easy_setopt(c->easy, CURLOPT_URL, target);
    curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, (long)body_length);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_response);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, 30000L); /* libaxonpush bounds its requests too */
    return c;
}

static void send_event(void *connection)
{
    struct connection *c = connection;
    long status = 0;
    c->response_length = 0;
    CURLcode code = curl_easy_perform(c->easy);
    if (code != CURLE_OK) die("%s", curl_easy_strerror(code));
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 || c->response_length == 0) die("HTTP %ld with %zu bytes", status, c->response_length);
}

static void close_connection(void *connection)
{
    struct connection *c = connection;
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    free(c->body);
    free(c);
}

int main(int argc, char **argv)
{
    static const struct client_kind kind = { "curl", open_connection, send_event, close_connection };
    queued_events = strcmp(text_option(argc, argv, "--mode", "sync"), "throughput") == 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(curl_version()) < 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) die("curl_global_init failed");
    return run_workers(argc, argv, &kind);
}
