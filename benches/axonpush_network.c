/* How fast queued events reach a server over TLS, with the options that everybody gets: N of them by
 * axonpush_events_publish_async, then axonpush_flush. --http-version auto|1.1|2. The clock and the CPU time are as in
 * axonpush_throughput.c; a few events before it make the connections. */
#include "ours_queue.h"

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --ca --count --warm-up --http-version");
    long count = number_option(argc, argv, "--count", 20000, 1, 10000000);
    long warm_up = number_option(argc, argv, "--warm-up", 1000, 1, 100000);
    const char *version = text_option(argc, argv, "--http-version", "auto");
    set_deadline(120);

    axonpush_options options = strict_options(text_option(argc, argv, "--url", NULL));
    options.ca_file = text_option(argc, argv, "--ca", NULL);
    options.queue_max_events = (uint32_t)(count > warm_up ? count : warm_up);
    options.queue_max_bytes = (uint64_t)options.queue_max_events * 4096;
    options.http_version = !strcmp(version, "2") ? AXONPUSH_HTTP_2 : !strcmp(version, "1.1") ? AXONPUSH_HTTP_1_1 : AXONPUSH_HTTP_AUTO;
    axonpush_client *client = must_open(&options);
    axonpush_event event = new_event(event_payload);

    for (long i = 0; i < warm_up; i++) publish_async(client, &event);
    deliver_all(client, (uint64_t)warm_up);
    uint64_t began = now_ns(), cpu_began = process_cpu_ns();
    for (long i = 0; i < count; i++) publish_async(client, &event);
    axonpush_stats stats = deliver_all(client, (uint64_t)(warm_up + count));
    double seconds = (double)(now_ns() - began) / 1e9;
    double cpu_us = (double)(process_cpu_ns() - cpu_began) / 1e3;
    axonpush_close(client);
    printf("{\"program\":\"axonpush_network\",\"http_version\":\"%s\",\"connections_opened\":%llu,\"events\":%ld,\"requests\":%ld,"
           "\"seconds\":%.6f,\"events_per_s\":%.1f,\"cpu_us_per_event\":%.3f}\n",
           version, (unsigned long long)stats.connections, count, count + warm_up, seconds, (double)count / seconds,
           cpu_us / (double)count);
    return 0;
}
