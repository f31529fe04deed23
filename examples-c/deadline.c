/*
 * A deadline for single calls, and a call that another thread cancels, against a service that accepts connections and
 * never responds. Usage: deadline
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <axonpush.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Listens on a free port, and leaves it at that. Returns the socket; -1: it cannot. */
static int silent_service(char *url, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) return -1;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 8) != 0) return -1;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) return -1;
    snprintf(url, size, "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return listener;
}

/* Publishes an event and shows how that ended. Returns the status. */
static axonpush_status publish(axonpush_client *client, const char *title) {
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "deadline";
    event.payload = "{}";
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    printf("%s: %s\n", title, axonpush_status_name(status));
    axonpush_error_free(error);
    return status;
}

/* Cancels a call a moment later. */
static void *cancel_soon(void *call) {
    struct timespec moment = {0, 100000000};
    nanosleep(&moment, NULL);
    axonpush_call_cancel(call); /* from any thread; the calls that were made through it end at once */
    return NULL;
}

int main(void) {
    char url[64];
    int listener = silent_service(url, sizeof url);
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = "ak_example";
    options.base_url = url;
    options.fail_open = AXONPUSH_DISABLED; /* else the call that runs out of time succeeds without a response */
    axonpush_client *client = axonpush_new(&options, NULL);
    if (listener < 0 || !client) return 1;

    /* Every synchronous call of this thread: 200 ms in all, retries included. */
    uint32_t before = axonpush_call_timeout_set(200);
    axonpush_status late = publish(client, "this thread's deadline");
    axonpush_call_timeout_set(before);

    /* The calls that are made through a call handle: from now on, whichever thread makes them. */
    axonpush_client *limited = axonpush_call_new(client, 200, NULL);
    axonpush_status also_late = publish(limited, "a call's deadline");
    axonpush_call_free(limited);

    axonpush_client *call = axonpush_call_new(client, 0, NULL); /* 0: no deadline */
    pthread_t thread;
    if (pthread_create(&thread, NULL, cancel_soon, call) != 0) return 1;
    axonpush_status cancelled = publish(call, "a call that is cancelled");
    pthread_join(thread, NULL);
    axonpush_call_free(call); /* the client stays open */

    axonpush_close(client);
    close(listener);
    return late == AXONPUSH_ERR_CONNECTION && also_late == late && cancelled == AXONPUSH_ERR_CANCELLED ? 0 : 1;
}
