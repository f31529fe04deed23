/*
 * Publishes without waiting: the library delivers on threads of its own, and says by a completion what
 * became of each event. Usage: background [base URL]
 */
#include <axonpush.h>
#include <inttypes.h>
#include <stdio.h>

#define EVENTS 100

/* What a completion is to know about its event. */
typedef struct job {
    int number;
    char event_id[64];
} job;

/*
 * Runs once for each event, on a thread of the library's; several may run at once, each with a job of
 * its own here. Response and error are only borrowed: copy what is to stay.
 */
static void done(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                 void *user_data) {
    job *job = user_data;
    const char *id = axonpush_response_string(response, "/eventId");
    if (status != AXONPUSH_OK) {
        fprintf(stderr, "event %d: %s\n", job->number, axonpush_error_message(error));
    } else if (id) {
        snprintf(job->event_id, sizeof job->event_id, "%s", id);
    } /* else: given up under fail-open, which has logged why */
}

int main(int argc, char **argv) {
    static job jobs[EVENTS];
    axonpush_error *error = NULL;

    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* what is not set here comes from AXONPUSH_... */
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
        event.payload = payload; /* copied: this memory may be used again at once */
        jobs[i].number = i;
        if (axonpush_events_publish_async(client, &event, done, &jobs[i], &error) != AXONPUSH_OK) {
            /* Not accepted, so there is no completion. */
            fprintf(stderr, "event %d: %s\n", i, axonpush_error_message(error));
            axonpush_error_free(error);
        }
    }

    /* Not needed before axonpush_close(), which delivers too; but here the program wants to know. */
    if (axonpush_flush(client, 10000, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }

    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_stats_get(client, &stats, NULL);
    printf("%" PRIu64 " accepted, %" PRIu64 " delivered, %" PRIu64 " still queued\n", stats.accepted,
           stats.delivered, stats.queued_events);

    /* Delivers what is left for up to two seconds; then no completion runs any more, and `jobs` is ours. */
    axonpush_close(client);
    printf("the last one is %s\n", jobs[EVENTS - 1].event_id);
    return stats.delivered == EVENTS ? 0 : 1;
}
