/* --otlp 1 sends them as OpenTelemetry's log records in batches, by default to the sink as a Collector; --gzip 1 compresses
 * them. Then a request is a batch.
 *
 * How fast queued events reach the server: N of them by axonpush_events_publish_async, then axonpush_flush. The clock
 * runs from the first call until flush returns, and the CPU time is the whole process's, so writing the bodies, the
 * queue and the sending are all in it. Fails unless the library's own counters say that all N were delivered. */
#include "ours_queue.h"

static void publish(axonpush_client *client, const axonpush_event *event, long count)
{
    for (long i = 0; i < count; i++) publish_async(client, event);
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --connections --count --warm-up --queue --spool --sync --otlp --gzip");
    const char *url = text_option(argc, argv, "--url", NULL);
    parse_url(url);
    long connections = number_option(argc, argv, "--connections", 1, 1, 256);
    long count = number_option(argc, argv, "--count", 200000, 1, 10000000);
    long warm_up = number_option(argc, argv, "--warm-up", 500, 1, 100000) * connections;
    long queue = number_option(argc, argv, "--queue", count > warm_up ? count : warm_up, 1, 20000000);
    set_deadline(120);

    /* By default the queue holds everything; with a smaller --queue the producer waits for room and nothing is lost. */
    axonpush_options options = strict_options(url);
    options.max_connections = (uint32_t)connections;
    options.queue_max_events = (uint32_t)queue;
    options.queue_max_bytes = (uint64_t)queue * 4096;
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    choose_spool(&options, argc, argv);
    long otlp = number_option(argc, argv, "--otlp", 0, 0, 1);
    if (otlp) {
        options.exporter = AXONPUSH_EXPORTER_OTLP;
        options.otlp_endpoint = url;
        options.otlp_gzip = number_option(argc, argv, "--gzip", 0, 0, 1) ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
    }
    axonpush_client *client = must_open(&options);
    axonpush_event event = new_event(event_payload);

    publish(client, &event, warm_up);
    deliver_all(client, (uint64_t)warm_up);

    uint64_t written = written_bytes();
    uint64_t began = now_ns(), cpu_began = process_cpu_ns();
    publish(client, &event, count);
    double queued_after = (double)(now_ns() - began) / 1e9;
    axonpush_stats stats = deliver_all(client, (uint64_t)(warm_up + count));
    double seconds = (double)(now_ns() - began) / 1e9;
    double cpu_us = (double)(process_cpu_ns() - cpu_began) / 1e3;
    written = written_bytes() - written;
    axonpush_close(client);

    printf("{\"program\":\"axonpush_throughput\",\"connections\":%ld,\"connections_opened\":%llu,\"events\":%ld,"
           "\"requests\":%ld,\"seconds\":%.6f,\"queued_after_seconds\":%.6f,\"events_per_s\":%.1f,\"cpu_us_per_event\":%.3f,\"written_bytes\":%llu}\n",
           connections, (unsigned long long)stats.connections, count, otlp ? (long)stats.batches : count + warm_up, seconds, queued_after,
           (double)count / seconds, cpu_us / (double)count, (unsigned long long)written);
    return 0;
}
