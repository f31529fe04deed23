/* Iterates over all events of a channel, however many, from the newest to the oldest. Usage: iterate [base URL] */
#include <axonpush.h>
#include <stdio.h>

#define EVENTS 25

int main(int argc, char **argv) {
    axonpush_error *error = NULL;
    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* the AXONPUSH_... variables supply the rest */
    options.fail_open = AXONPUSH_DISABLED;            /* else an unreachable service just ends the iterator */
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    /* Publish something to find. */
    for (int i = 0; i < EVENTS; i++) {
        char payload[32];
        snprintf(payload, sizeof payload, "{\"step\":%d}", i);
        axonpush_event event = AXONPUSH_EVENT_INIT;
        event.identifier = "step";
        event.channel_id = "iterate";
        event.payload = payload;
        axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    }
    axonpush_flush(client, 10000, NULL);

    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    query.since = "2026-01-01T00:00:00Z"; /* the default is the last 24 hours */
    query.limit = 10;                     /* events per request; the default, 500, needs the fewest requests */

    axonpush_events_iter *iter = NULL;
    const axonpush_response *event = NULL; /* belongs to the iterator until its next step */
    int found = 0;
    axonpush_status status = axonpush_events_iter_new(client, "iterate", &query, &iter, &error);
    while (status == AXONPUSH_OK) {
        status = axonpush_events_iter_next(iter, &event, &error);
        if (status != AXONPUSH_OK || !event) break; /* no event: the one before was the oldest */
        int64_t step = 0;
        axonpush_response_int(event, "/payload/step", &step);
        printf("%s: step %d\n", axonpush_response_string(event, "/createdAt"), (int)step);
        found++;
    }
    if (status != AXONPUSH_OK) {
        /* After any failure axonpush_events_iter_next() may be called again, and continues where it was. */
        fprintf(stderr, "%s: %s\n", axonpush_status_name(status), axonpush_error_message(error));
        axonpush_error_free(error);
    }
    printf("%d events\n", found);

    axonpush_events_iter_free(iter);
    axonpush_close(client);
    return status == AXONPUSH_OK ? 0 : 1;
}
