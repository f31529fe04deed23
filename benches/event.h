/* The one event that every contestant sends, and the HTTP request it makes (the raw socket and libcurl send it as
 * prepared here; libaxonpush and the Python SDK build their own from the same members). */
#ifndef EVENT_H
#define EVENT_H

#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define EVENT_API_KEY     "ak_bench_5d8e1c0f4b7a4e0f9c6b2a1d3e4f5a6b"
#define EVENT_TENANT      "0b54c6f2-3c1e-4a52-9d1b-7b0f3a9e6c11"
#define EVENT_ENVIRONMENT "production"
#define EVENT_IDENTIFIER  "checkout.reserve_stock"
#define EVENT_CHANNEL     "ch_01J9Z3K8Q4T7"
#define EVENT_TYPE        "agent.tool_call.end"

#define PAYLOAD_LENGTH 256

/* No member that the redaction rules look into: what most events are. */
static const char event_payload[] =
    "{\"step\":17,\"model\":\"gpt-4o-mini\",\"latency_ms\":1834.25,\"cached\":false,"
    "\"usage\":{\"tokens_in\":812,\"tokens_out\":164},\"tags\":[\"bench\",\"worker-3\"],"
    "\"note\":\"Reserved 3 of 4 lines; line 2 waits for the warehouse in Rotterdam to confirm its stock until nine o'clock\"}";
_Static_assert(sizeof event_payload == PAYLOAD_LENGTH + 1, "the payload is 256 bytes");

/* The same size with content in it: under METADATA_ONLY the values of prompt and completion are redacted. */
static const char event_content_payload[] =
    "{\"step\":17,\"model\":\"gpt-4o-mini\",\"latency_ms\":1834.25,\"cached\":false,"
    "\"prompt\":\"Which lines of order 4711 can ship today?\",\"completion\":\"Lines 1, 3 and 4 can ship today; "
    "line 2 waits for the warehouse in Rotterdam to confirm its stock\",\"usage\":{\"in\":81234}}";
_Static_assert(sizeof event_content_payload == PAYLOAD_LENGTH + 1, "the content payload is 256 bytes");

/* Every header but Host and Content-Length, the same bytes in all as libaxonpush sends (`run` prints and checks the sizes).
 * In life Idempotency-Key changes with each event; the rivals are spared that. */
static const char *const event_headers[] = {
    "Content-Type: application/json",
    "User-Agent: axonpush-c/0.1.0",
    "X-API-Key: " EVENT_API_KEY,
    "x-tenant-id: " EVENT_TENANT,
    "X-Axonpush-Environment: " EVENT_ENVIRONMENT,
    "Idempotency-Key: 7c0a4f9e-2f58-4a57-8d4e-9b1a0f3c6e21",
    NULL,
};

/* The body as the wire contract has it. An event that waited in a queue also carries occurredAt. */
static inline char *new_event_body(int was_queued, size_t *length)
{
    char *body = NULL;
    int n = asprintf(&body,
                     "{\"identifier\":\"" EVENT_IDENTIFIER "\",\"payload\":%s,\"channel_id\":\"" EVENT_CHANNEL
                     "\",\"eventType\":\"" EVENT_TYPE "\",\"traceId\":\"5b1c3a52-4f0e-4a6b-9a39-0f6f1f2f8c11\","
                     "\"spanId\":\"00f067aa0ba902b7\",\"dedupKey\":\"7c0a4f9e-2f58-4a57-8d4e-9b1a0f3c6e21\"%s}",
                     event_payload, was_queued ? ",\"occurredAt\":\"2026-03-14T09:26:53.589793Z\"" : "");
    if (n < 0) die("no memory for the body");
    *length = (size_t)n;
    return body;
}

/* Headers and body in one buffer, ready for send(). */
static inline char *new_event_request(const struct sockaddr_in *server, int was_queued, size_t *length)
{
    size_t body_length;
    char *body = new_event_body(was_queued, &body_length);
    char *request = NULL;
    FILE *out = open_memstream(&request, length);
    if (out == NULL) die("no memory for the request");
    fprintf(out, "POST /event HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", ntohs(server->sin_port));
    for (size_t i = 0; event_headers[i] != NULL; i++) fprintf(out, "%s\r\n", event_headers[i]);
    fprintf(out, "Content-Length: %zu\r\n\r\n%s", body_length, body);
    if (fclose(out) != 0) die("no memory for the request");
    free(body);
    return request;
}

/* "http://127.0.0.1:PORT" and nothing else: benchmarks stay on this machine. */
static inline struct sockaddr_in parse_url(const char *url)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int port, end = 0;
    if (url == NULL || sscanf(url, "http://127.0.0.1:%d%n", &port, &end) != 1 || url[end] != '\0' || port < 1 || port > 65535)
        die("--url takes http://127.0.0.1:PORT, not '%s'", url == NULL ? "" : url);
    address.sin_port = htons((uint16_t)port);
    return address;
}

#endif
