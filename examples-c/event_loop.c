/*
 * A program with one thread and an event loop: completions run, and the library logs, when the loop polls for
 * them, so nothing needs a lock. Usage: event_loop [base URL]
 */
#define _POSIX_C_SOURCE 200809L
#include <axonpush.h>
#include <poll.h>
#include <stdio.h>

#define EVENTS 20

/* The program's state. Only this one thread uses it, also in completions. */
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
    } /* else: given up under fail-open; the log says why */
}

/* Prints a line of the library's log. It runs inside axonpush_log_poll(), so on this thread, too. */
static void show(axonpush_log_level level, const char *message, void *user_data) {
    (void)level, (void)user_data;
    fprintf(stderr, "axonpush: %s\n", message);
}

/* The program's work: it publishes an event now and then. */
static void work(axonpush_client *client) {
    static const char *const steps[] = {"plan", "search", "answer"};
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = steps[published % 3];
    event.payload = "{\"by\":\"the event loop\"}";
    void *user_data = (void *)steps[published % 3];
    published++;
    if (axonpush_events_publish_async(client, &event, done, user_data, &error) != AXONPUSH_OK) {
        completed++; /* the event was not accepted: its completion will not run */
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }
}

int main(int argc, char **argv) {
    axonpush_error *error = NULL;
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0); /* the log, too, waits to be polled */
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.completion_mode = AXONPUSH_COMPLETION_POLLED;
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    /* A real loop watches other descriptors beside this one. */
    struct pollfd watched = {axonpush_completion_fd(client), POLLIN, 0};
    while (completed < EVENTS) {
        /* A timer of 10 ms while there is work. */
        int ready = poll(&watched, 1, published < EVENTS ? 10 : 1000);
        if (ready > 0) axonpush_poll(client, 0); /* do not read from the descriptor */
        else if (published < EVENTS) work(client);
        axonpush_log_poll(show, NULL, 0);
    }

    /* If completions were left that nobody polled, they would run inside this call. */
    axonpush_close(client);
    axonpush_log_poll(show, NULL, 0);
    printf("%d events, %d delivered\n", published, delivered);
    return delivered == EVENTS ? 0 : 1;
}
