/* axonpush_events_publish, measured as curl.c measures libcurl. More is done per event than there: the payload is
 * checked and redacted, ids are drawn, the body is written, and the response is parsed and freed. */
#include "ours.h"
#include "workers.h"

static void *open_client(const char *url)
{
    parse_url(url);
    axonpush_options options = strict_options(url);
    return must_open(&options);
}

static void send_event(void *client)
{
    axonpush_event event = new_event(event_payload);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    MUST(axonpush_events_publish(client, &event, &response, &error), error);
    if (axonpush_response_string(response, "/eventId") == NULL) die("a response without eventId");
    axonpush_response_free(response);
}

static void close_client(void *client) { axonpush_close(client); }

int main(int argc, char **argv)
{
    static const struct client_kind kind = { "axonpush_sync", open_client, send_event, close_client };
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(axonpush_version()) < 0;
    return run_workers(argc, argv, &kind);
}
