/* Publishes an event and lists it: what every consumer here does. Configured by the environment. */
#include <axonpush.h>
#include <stdio.h>

int main(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.fail_open = AXONPUSH_DISABLED;
    axonpush_error *error = NULL;
    axonpush_response *response = NULL;
    axonpush_client *client = axonpush_new(&options, &error);

    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "consumer";
    event.channel_id = "packaging";
    event.payload = "{\"n\":42}";
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    if (status == AXONPUSH_OK) status = axonpush_events_list(client, "packaging", NULL, &response, &error);
    if (status == AXONPUSH_OK) {
        int64_t n = 0;
        axonpush_response_int(response, "/events/0/payload/n", &n);
        printf("listed %zu, n = %d, library %s\n", axonpush_response_count(response, "/events"), (int)n, axonpush_version());
    } else {
        printf("%s: %s\n", axonpush_status_name(status), axonpush_error_message(error));
    }
    axonpush_response_free(response);
    axonpush_error_free(error);
    axonpush_close(client);
    return status;
}
