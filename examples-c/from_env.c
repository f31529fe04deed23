/*
 * All configuration from the environment. Usage:
 *
 *     AXONPUSH_API_KEY=ak_... AXONPUSH_BASE_URL=http://127.0.0.1:8787 from_env
 */
#include <axonpush.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(NULL, &error);
    if (!client) {
        /* The message names the variable that is missing or wrong; it never shows the key. */
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }

    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "from_env";
    event.payload = "{\"configured\":\"by the environment\"}";

    axonpush_response *response = NULL;
    axonpush_status status = axonpush_events_publish(client, &event, &response, &error);
    const char *url = getenv("AXONPUSH_BASE_URL");
    if (status != AXONPUSH_OK) {
        fprintf(stderr, "%s: %s\n", axonpush_status_name(status), axonpush_error_message(error));
    } else if (!response) {
        /* In fail-open mode the program goes on when the service cannot be reached. */
        printf("not published; the log says why\n");
    } else {
        printf("published %s to %s\n", axonpush_response_string(response, "/eventId"),
               url ? url : "the hosted service");
    }

    axonpush_response_free(response);
    axonpush_error_free(error);
    axonpush_close(client);
    return status == AXONPUSH_OK ? 0 : 1;
}
