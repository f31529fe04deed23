/* Publishes one event and reads it back. Usage: quickstart [base URL] */
#include <axonpush.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with a message if a call failed. */
static void check(axonpush_status status, axonpush_error *error) {
    if (status == AXONPUSH_OK) return;
    fprintf(stderr, "%s: %s\n", axonpush_status_name(status), axonpush_error_message(error));
    exit(1);
}

int main(int argc, char **argv) {
    axonpush_error *error = NULL;
    axonpush_response *response = NULL;

    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* the AXONPUSH_... variables supply the rest */
    options.fail_open = AXONPUSH_DISABLED;            /* make an unreachable service an error */
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    check(axonpush_error_status(error), error);

    axonpush_json *payload = axonpush_json_new();
    axonpush_json_string(payload, "greeting", "hello from C");
    axonpush_json_int(payload, "answer", 42);

    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "hello";
    event.channel_id = "quickstart";
    event.payload = axonpush_json_text(payload, NULL, &error); /* NULL after a mistake, which check() reports */
    check(axonpush_error_status(error), error);

    axonpush_status status = axonpush_events_publish(client, &event, &response, &error);
    check(status, error);
    printf("published %s\n", axonpush_response_string(response, "/eventId"));
    axonpush_response_free(response);

    axonpush_event_query newest = AXONPUSH_EVENT_QUERY_INIT;
    newest.limit = 1;
    status = axonpush_events_list(client, "quickstart", &newest, &response, &error);
    check(status, error);
    printf("%s\n", axonpush_response_json(response, NULL));

    axonpush_response_free(response);
    axonpush_json_free(payload);
    axonpush_close(client);
    return 0;
}
