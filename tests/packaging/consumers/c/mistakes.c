/*
 * Makes one mistake with memory, which its argument names, and is otherwise as it should be. Under valgrind each has to
 * be seen, though the library's own are suppressed.
 */
#include <axonpush.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile kept;

int main(int argc, char **argv) {
    const char *mistake = argc > 1 ? argv[1] : "none";
    axonpush_client *client = axonpush_new(NULL, NULL);
    axonpush_response *response = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    char payload[] = "{\"n\":42}";
    event.identifier = "consumer";
    event.payload = payload;

    if (strcmp(mistake, "lost") == 0) {
        kept = malloc(100);
        kept = NULL;
    } else if (strcmp(mistake, "possibly lost") == 0) {
        kept = (char *)malloc(100) + 10;
    } else if (strcmp(mistake, "uninitialised") == 0) {
        char *block = malloc(100);
        payload[5] = block[50];
        free(block);
    }
    axonpush_events_publish(client, &event, &response, NULL);
    if (strcmp(mistake, "not freed") != 0) axonpush_response_free(response);
    response = NULL;
    axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_close(client);
    return 0;
}
