/*
 * Lets events leave as OpenTelemetry's log records, in batches. Usage: otlp [URL of a Collector]
 *
 * Without a Collector they go to the service's own /v1/logs.
 */
#include <axonpush.h>
#include <inttypes.h>
#include <stdio.h>

#define EVENTS 1000

int main(int argc, char **argv) {
    axonpush_error *error = NULL;

    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* the AXONPUSH_... variables supply the rest */
    options.exporter = AXONPUSH_EXPORTER_OTLP;
    options.otlp_batch_max_events = 100;
    if (argc > 1) {
        /* It gets no API key, and none is needed. What it wants itself goes into otlp_headers. */
        options.otlp_endpoint = argv[1];
    }
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    for (int i = 0; i < EVENTS; i++) {
        char payload[64];
        snprintf(payload, sizeof payload, "{\"token\":%d}", i);
        axonpush_event event = AXONPUSH_EVENT_INIT;
        event.identifier = "stream";
        event.event_type = AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN;
        event.payload = payload;
        if (axonpush_events_publish_async(client, &event, NULL, NULL, &error) != AXONPUSH_OK) {
            fprintf(stderr, "event %d: %s\n", i, axonpush_error_message(error));
            axonpush_error_free(error);
        }
    }
    if (axonpush_flush(client, 10000, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }

    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_stats_get(client, &stats, NULL);
    printf("%" PRIu64 " events delivered in %" PRIu64 " batches\n", stats.delivered, stats.batches);
    axonpush_close(client);
    return stats.delivered == EVENTS ? 0 : 1;
}
