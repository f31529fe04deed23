/* What axonpush_events_publish_async costs its caller, measured as kafka_produce.c measures rd_kafka_produce: a
 * 256-byte payload, no completion, background threads delivering all the while, a queue that never fills.
 *
 * --spool FOLDER writes each event to the disk first, and --sync says when it outlives a power failure.
 * --payload content and --capture full exist to state the price of the redaction rules: the same bytes in, redacted
 * (default, METADATA_ONLY) or kept (FULL). */
#include "calls.h"
#include "ours_queue.h"

struct caller {
    axonpush_client *client;
    axonpush_event event;
    uint64_t published;
};

static void publish(void *context)
{
    struct caller *c = context;
    publish_async(c->client, &c->event);
    c->published++;
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --mode --count --gap-us --payload --capture --spool --sync");
    const char *url = text_option(argc, argv, "--url", NULL);
    parse_url(url);
    int tight = strcmp(choice_option(argc, argv, "--mode", "tight", "tight", "paced"), "tight") == 0;
    int content = strcmp(choice_option(argc, argv, "--payload", "plain", "plain", "content"), "content") == 0;
    int full = strcmp(choice_option(argc, argv, "--capture", "default", "default", "full"), "full") == 0;
    long count = number_option(argc, argv, "--count", 50000, 1, 1000000);
    long gap_us = number_option(argc, argv, "--gap-us", 50, 1, 1000000);
    set_deadline(120);
    uint32_t *samples = new_samples((size_t)count);

    axonpush_options options = strict_options(url);
    options.queue_max_events = 2000000;
    options.queue_max_bytes = 2000000ull * 1024;
    choose_spool(&options, argc, argv);
    if (full) options.content_capture = AXONPUSH_CONTENT_FULL;
    struct caller c = { .client = must_open(&options), .event = new_event(content ? event_content_payload : event_payload) };

    /* Connected, threads up. */
    for (int i = 0; i < 1000; i++) publish(&c);
    deliver_all(c.client, c.published);

    uint32_t cost = timing_cost();
    double loop_mean = 0;
    if (tight) {
        loop_mean = mean_of_loop(publish, &c, count);
        deliver_all(c.client, c.published);
    }
    time_calls(publish, &c, count, tight ? 0 : (uint64_t)gap_us * 1000u, samples);
    deliver_all(c.client, c.published);
    axonpush_close(c.client);

    printf("{\"program\":\"axonpush_async_call\",\"mode\":\"%s\",\"payload\":\"%s\",\"capture\":\"%s\",\"requests\":%llu,",
           tight ? "tight" : "paced", content ? "content" : "plain", full ? "full" : "default", (unsigned long long)c.published);
    if (tight) printf("\"loop_mean_ns\":%.1f,", loop_mean);
    print_calls(samples, count, cost);
    printf("}\n");
    return 0;
}
