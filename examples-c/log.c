/* Puts the library's log into the program's own. Usage: log */
#include <axonpush.h>
#include <stdio.h>

/* Any thread may call this, also several at once; stdio has a lock of its own. */
static void my_log(axonpush_log_level level, const char *message, void *user_data) {
    static const char *const names[] = {"off", "error", "warning", "info", "debug"};
    fprintf(user_data, "[my log] %s: %s\n", names[level], message);
}

int main(void) {
    axonpush_log_set(AXONPUSH_LOG_WARN, my_log, stdout);

    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = "ak_example";
    options.base_url = "http://127.0.0.1:1"; /* nobody listens on this port */
    options.max_retries = -1;
    axonpush_client *client = axonpush_new(&options, NULL);

    /* Fail-open is on by default: the call succeeds, and the log says what was lost. */
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "lost";
    event.payload = "{}";
    axonpush_status status = axonpush_events_publish(client, &event, NULL, NULL);
    if (status == AXONPUSH_OK) printf("the program goes on\n");

    axonpush_close(client);
    return status == AXONPUSH_OK ? 0 : 1;
}
