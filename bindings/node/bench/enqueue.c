/* What axonpush_events_publish_async costs its caller in C: the same event, rounds and server as enqueue.js. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <axonpush.h>

enum { ROUNDS = 101, EVENTS = 500 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void count_up(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *user_data)
{
    (void)status, (void)response, (void)error;
    ++*(unsigned long *)user_data;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.proxy = "";
    options.queue_max_events = 1000000;
    options.queue_max_bytes = 1000000000;
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    axonpush_client *client = axonpush_new(&options, NULL);
    if (client == NULL) return 1;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "checkout.reserve_stock";
    event.payload = argv[1];
    event.payload_len = strlen(argv[1]);
    event.channel_id = "ch_01J9Z3K8Q4T7";
    event.event_type = "agent.tool_call.end";
    double rounds[ROUNDS];
    unsigned long ended = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        for (int n = 0; n < EVENTS; n++)
            if (axonpush_events_publish_async(client, &event, count_up, &ended, NULL) != AXONPUSH_OK) return 1;
        rounds[round] = (now_us() - start) / EVENTS;
        axonpush_flush(client, 60000, NULL);
        while (axonpush_poll(client, 0) > 0) {}
    }
    axonpush_close(client);
    if (ended != (unsigned long)ROUNDS * EVENTS) return 1;
    qsort(rounds, ROUNDS, sizeof rounds[0], by_size);
    printf("%.3f\n", rounds[ROUNDS / 2]);
    return 0;
}
