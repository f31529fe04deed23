/* libcurl's multi interface, in its documented way: one thread, --in-flight transfers at once over TLS, multiplexed where
 * --http-version 2 says so, each easy handle used again and again. The same headers and body as ours, N times. */
#include "bench.h"
#include "event.h"

#include <curl/curl.h>
#include <stdbool.h>

static size_t discard(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --ca --count --warm-up --in-flight --http-version");
    const char *url = text_option(argc, argv, "--url", NULL), *ca = text_option(argc, argv, "--ca", NULL);
    long count = number_option(argc, argv, "--count", 20000, 1, 10000000);
    long warm_up = number_option(argc, argv, "--warm-up", 1000, 1, 100000);
    long in_flight = number_option(argc, argv, "--in-flight", 256, 1, 4096);
    bool two = !strcmp(text_option(argc, argv, "--http-version", "2"), "2");
    set_deadline(120);

    char target[300], body[1200];
    snprintf(target, sizeof target, "%s/event", url);
    snprintf(body, sizeof body,
             "{\"identifier\":\"bench\",\"payload\":%s,\"traceId\":\"4bf92f35-77b3-4da6-a3ce-929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\","
             "\"dedupKey\":\"4bf92f35-77b3-4da6-a3ce-929d0e0e4737\",\"occurredAt\":\"2026-11-24T00:00:00.000Z\"}", event_payload);
    struct curl_slist *headers = NULL;
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "X-API-Key: ak_bench_0123456789");
    headers = curl_slist_append(headers, "x-axonpush-api-key: ak_bench_0123456789");
    headers = curl_slist_append(headers, "User-Agent: axonpush-c/0.1.0");
    headers = curl_slist_append(headers, "Idempotency-Key: 4bf92f35-77b3-4da6-a3ce-929d0e0e4737");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 256L);
    if (!two) curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, in_flight);
    long started = 0, ended = 0, opened = 0, total = warm_up;
    uint64_t began = 0, cpu_began = 0;
    for (int round = 0; round < 2; round++) {
        if (round == 1) {
            total = warm_up + count;
            began = now_ns();
            cpu_began = process_cpu_ns();
        }
        long first = in_flight < total - started ? in_flight : total - started;
        for (long i = 0; i < first; i++) {
            CURL *easy = curl_easy_init();
            curl_easy_setopt(easy, CURLOPT_URL, target);
            curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
            curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
            curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
            curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, two ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
            curl_easy_setopt(easy, CURLOPT_PIPEWAIT, two ? 1L : 0L);
            curl_multi_add_handle(multi, easy);
            started++;
        }
        while (ended < total) {
            int running, left;
            curl_multi_perform(multi, &running);
            for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
                if (message->msg != CURLMSG_DONE) continue;
                CURL *easy = message->easy_handle;
                long status = 0, connects = 0;
                curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
                curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
                if (message->data.result != CURLE_OK || status != 200) die("curl: %s, HTTP %ld", curl_easy_strerror(message->data.result), status);
                opened += connects;
                ended++;
                curl_multi_remove_handle(multi, easy);
                if (started < total) {
                    curl_multi_add_handle(multi, easy);
                    started++;
                } else {
                    curl_easy_cleanup(easy);
                }
            }
            if (ended < total) curl_multi_poll(multi, NULL, 0, 1000, NULL);
        }
    }
    double seconds = (double)(now_ns() - began) / 1e9, cpu_us = (double)(process_cpu_ns() - cpu_began) / 1e3;
    printf("{\"program\":\"curl_multi\",\"in_flight\":%ld,\"connections_opened\":%ld,\"events\":%ld,\"requests\":%ld,\"seconds\":%.6f,"
           "\"events_per_s\":%.1f,\"cpu_us_per_event\":%.3f}\n",
           in_flight, opened, count, count + warm_up, seconds, (double)count / seconds, cpu_us / (double)count);
    return 0;
}
