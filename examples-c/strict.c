/* Strict mode: every failure is an error, and the error says all that is known. Usage: strict [base URL] */
#include <axonpush.h>
#include <stdio.h>

/* Shows all that an error says. Every accessor accepts NULL, and returns NULL for what is not known. */
static void show(const char *title, const axonpush_error *error) {
    const char *code = axonpush_error_code(error);
    const char *hint = axonpush_error_hint(error);
    const char *request_id = axonpush_error_request_id(error);
    printf("%s:\n", title);
    printf("  status       %s\n", axonpush_status_name(axonpush_error_status(error)));
    printf("  message      %s\n", axonpush_error_message(error));
    printf("  HTTP status  %d\n", (int)axonpush_error_http_status(error)); /* 0: there was no response */
    printf("  code         %s\n", code ? code : "-");
    printf("  hint         %s\n", hint ? hint : "-");
    printf("  request id   %s\n", request_id ? request_id : "-");
    printf("  retry after  %lld ms\n", (long long)axonpush_error_retry_after_ms(error)); /* -1: not said */
    printf("  retryable    %s\n", axonpush_error_retryable(error) ? "yes" : "no");
}

/* Makes a client in strict mode, or shows why there is none. */
static axonpush_client *strict_client(const char *base_url) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    axonpush_error *error = NULL;
    options.base_url = base_url;
    options.fail_open = AXONPUSH_DISABLED;
    options.max_retries = -1; /* never retry */
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) show("no client", error);
    axonpush_error_free(error);
    return client;
}

int main(int argc, char **argv) {
    int failures = 0;
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "strict";
    event.payload = "{}";

    /* Nobody listens on port 1. */
    axonpush_client *client = strict_client("http://127.0.0.1:1");
    if (axonpush_events_publish(client, &event, NULL, &error) != AXONPUSH_OK) failures++;
    show("a dead service", error);
    axonpush_error_free(error);
    axonpush_close(client);

    /* The service refuses an app without a name. */
    client = strict_client(argc > 1 ? argv[1] : NULL);
    if (axonpush_request(client, "POST", "/apps", NULL, "{}", 0, NULL, &error) != AXONPUSH_OK) failures++;
    show("a validation error", error);
    axonpush_error_free(error);
    axonpush_close(client);

    return failures == 2 ? 0 : 1; /* both calls must fail */
}
