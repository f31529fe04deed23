/*
 * A program with one thread and an event loop: completions run where the loop calls for them, so that
 * they need no locks. Usage: event_loop [base URL]
 */
#define _POSIX_C_SOURCE 200809L
#include <axonpush.h>
#include <poll.h>
#include <stdio.h>

#define EVENTS 20

/* The program's state: touched by this one thread only, completions included. */
static int published, completed, delivered;

/* Runs inside axonpush_poll(). */
static void done(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                 void *user_data) {
    const char *id = axonpush_response_string(response, "/eventId");
    completed++;
    if (status != AXONPUSH_OK) {
        fprintf(stderr, "%s: %s\n", (const char *)user_data, axonpush_error_message(error));
    } else if (id) {
        delivered++;
        printf("%s is %s\n", (const char *)user_data, id);
    } /* else: given up under fail-open, which has logged why */
}

/* What the program does for a living: an event now and then. */
static void work(axonpush_client *client) {
    static const char *const steps[] = {"plan", "search", "answer"};
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = steps[published % 3];
    event.payload = "{\"by\":\"the event loop\"}";
    void *user_data = (void *)steps[published % 3];
    published++;
    if (axonpush_events_publish_async(client, &event, done, user_data, &error) != AXONPUSH_OK) {
        completed++; /* not accepted: there will be no completion */
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }
}

int main(int argc, char **argv) {
    axonpush_error *error = NULL;
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    /* Beside the descriptors that the loop watches anyway. */
    struct pollfd watched = {axonpush_completion_fd(client), POLLIN, 0};
    while (completed < EVENTS) {
        /* A timer of 10 ms, as long as there is work. */
        int ready = poll(&watched, 1, published < EVENTS ? 10 : 1000);
        if (ready > 0) axonpush_poll(client, 0); /* never read from the descriptor */
        else if (published < EVENTS) work(client);
    }

    /* Completions that were not polled would run in here. */
    axonpush_close(client);
    printf("%d events, %d delivered\n", published, delivered);
    return delivered == EVENTS ? 0 : 1;
}
