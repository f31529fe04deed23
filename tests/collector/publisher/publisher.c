/* Publishes numbered events with every field to a Collector, and prints the counters as JSON.
 *
 *     publisher ENDPOINT COUNT [gzip] [spool=FOLDER] [slow] [first=NUMBER]
 *
 * Every thousandth accepted event prints a line "accepted <count>", by which its killer knows what is safe.
 * test.py has the same fields once more, to compare what arrived.
 */
#include <axonpush.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const TYPES[] = {"agent.start", "agent.tool_call.end", "app.log", "billing/charge", NULL};

static axonpush_status publish(axonpush_client *client, long n, axonpush_error **error) {
    char identifier[32], payload[512], metadata[64], channel[32], agent[32], trace[64], span[32], parent[32], key[32], occurred[64];
    snprintf(identifier, sizeof identifier, "event \"%ld\"", n);
    snprintf(payload, sizeof payload,
             "{\"n\":%ld,\"half\":%ld.5,\"flag\":%s,\"nothing\":null,\"text\":\"l\xC3\xADne\\n%ld\",\"list\":[%ld,\"x\",[],{}],"
             "\"deep\":{\"a\":{\"b\":[{\"c\":%ld}]}},\"password\":\"planted-word\",\"prompt\":\"planted-word\"}",
             n, n, n % 2 ? "true" : "false", n, n, n);
    snprintf(metadata, sizeof metadata, "{\"m\":%ld,\"big\":9223372036854775807}", n);
    snprintf(channel, sizeof channel, "channel-%ld", n % 3);
    snprintf(agent, sizeof agent, "agent-%ld", n % 7);
    if (n % 2) snprintf(trace, sizeof trace, "%08lX-0000-4000-8000-00000000ABCD", n);
    else snprintf(trace, sizeof trace, "%032lx", n + 1);
    snprintf(span, sizeof span, "%016lx", n + 1);
    snprintf(parent, sizeof parent, "parent %ld", n);
    snprintf(key, sizeof key, "key-%ld", n);
    snprintf(occurred, sizeof occurred, "2026-11-24T05:57:22.%09ldZ", n);
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = identifier;
    event.payload = payload;
    event.metadata = metadata;
    event.channel_id = channel;
    event.event_type = TYPES[n % 5];
    event.agent_id = agent;
    event.trace_id = trace;
    event.span_id = span;
    event.parent_span_id = parent;
    event.dedup_key = key;
    event.occurred_at = occurred;
    return axonpush_events_publish_async(client, &event, NULL, NULL, error);
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: publisher ENDPOINT COUNT [gzip] [spool=FOLDER] [slow] [first=NUMBER]\n"), 2;
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.exporter = AXONPUSH_EXPORTER_OTLP;
    options.otlp_endpoint = argv[1];
    options.environment = "collector-test";
    options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    options.shutdown_timeout_ms = 200;
    options.proxy = "";
    long count = atol(argv[2]), first = 0;
    int slow = 0;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "gzip") == 0) options.otlp_gzip = AXONPUSH_ENABLED;
        else if (strcmp(argv[i], "slow") == 0) slow = 1;
        else if (strncmp(argv[i], "spool=", 6) == 0) options.spool_dir = argv[i] + 6;
        else if (strncmp(argv[i], "first=", 6) == 0) first = atol(argv[i] + 6);
        else return fprintf(stderr, "publisher: what is %s?\n", argv[i]), 2;
    }
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) return fprintf(stderr, "publisher: %s\n", axonpush_error_message(error)), 1;
    for (long n = first; n < first + count; n++) {
        if (publish(client, n, &error) != AXONPUSH_OK) return fprintf(stderr, "publisher: %s\n", axonpush_error_message(error)), 1;
        if ((n + 1 - first) % 1000 == 0) {
            printf("accepted %ld\n", n + 1 - first);
            fflush(stdout);
            if (slow) usleep(20000);
        }
    }
    if (axonpush_flush(client, 60000, &error) != AXONPUSH_OK) return fprintf(stderr, "publisher: %s\n", axonpush_error_message(error)), 1;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_stats_get(client, &stats, NULL);
    printf("{\"accepted\":%llu,\"recovered\":%llu,\"delivered\":%llu,\"failed\":%llu,\"retried\":%llu,\"batches\":%llu}\n",
           (unsigned long long)stats.accepted, (unsigned long long)stats.recovered, (unsigned long long)stats.delivered,
           (unsigned long long)stats.failed, (unsigned long long)stats.retried, (unsigned long long)stats.batches);
    axonpush_close(client);
    return 0;
}
