/*
 * Publishes without waiting: the library delivers on its own threads and reports the outcome of each event
 * to a completion. Usage: background [base URL]
 */
#include <axonpush.h>
#include <inttypes.h>
#include <stdio.h>

#define EVENTS 100

/* What the completion needs to know about its event. */
typedef struct job {
    int number;
    char event_id[64];
} job;

/*
 * Runs once for each event, on a thread of the library. Several may run at once, and here each has a job of
 * its own. Response and error are borrowed: copy what you keep.
 */
static void done(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                 void *user_data) {
    job *job = user_data;
    const char *id = axonpush_response_string(response, "/eventId");
    if (status != AXONPUSH_OK) {
        fprintf(stderr, "event %d: %s\n", job->number, axonpush_error_message(error));
    } else if (id) {
        snprintf(job->event_id, sizeof job->event_id, "%s", id);
    } /* else: given up under fail-open; the log says why */
}

int main(int argc, char **argv) {
    static job jobs[EVENTS];
    axonpush_error *error = NULL;

    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* the AXONPUSH_... variables supply the rest */
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    for (int i = 0; i < EVENTS; i++) {
        char payload[64];
        snprintf(payload, sizeof payload, "{\"step\":%d}", i);
        axonpush_event event = AXONPUSH_EVENT_INIT;
        event.identifier = "step";
        event.event_type = "agent.start";
        event.payload = payload; /* copied: the buffer may be reused at once */
        jobs[i].number = i;
        if (axonpush_events_publish_async(client, &event, done, &jobs[i], &error) != AXONPUSH_OK) {
            /* The event was not accepted, so its completion will not run. */
            fprintf(stderr, "event %d: %s\n", i, axonpush_error_message(error));
            axonpush_error_free(error);
        }
    }

    /* axonpush_close() would deliver the events, too; this program wants to know the outcome before. */
    if (axonpush_flush(client, 10000, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }

    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_stats_get(client, &stats, NULL);
    printf("%" PRIu64 " accepted, %" PRIu64 " delivered, %" PRIu64 " still queued\n", stats.accepted,
           stats.delivered, stats.queued_events);

    /* Delivers the rest for up to two seconds. Afterwards no completion runs, and `jobs` may be read. */
    axonpush_close(client);
    printf("the last one is %s\n", jobs[EVENTS - 1].event_id);
    return stats.delivered == EVENTS ? 0 : 1;
}
