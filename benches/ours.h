/* The library under test, set up the same way in every program: strict mode, no retries that could hide a failure, no
 * proxy, everything else at its default unless the program says so. */
#ifndef OURS_H
#define OURS_H

#include "event.h"

#include <axonpush.h>

static inline void must_be_ok(axonpush_status status, const axonpush_error *error, const char *what)
{
    if (__builtin_expect(status != AXONPUSH_OK, 0))
        die("%s: %s: %s", what, axonpush_status_name(status), error == NULL ? "no message" : axonpush_error_message(error));
}

/* A macro, because `call` writes `error` and must do so before it is read. */
#define MUST(call, error)                         \
    do {                                          \
        axonpush_status status_ = (call);         \
        must_be_ok(status_, error, #call);        \
    } while (0)

static inline axonpush_options strict_options(const char *url)
{
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = EVENT_API_KEY;
    options.tenant_id = EVENT_TENANT;
    options.environment = EVENT_ENVIRONMENT;
    options.base_url = url;
    options.max_retries = -1;
    options.fail_open = AXONPUSH_DISABLED;
    options.proxy = "";
    return options;
}

static inline axonpush_client *must_open(const axonpush_options *options)
{
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(options, &error);
    if (client == NULL) die("axonpush_new: %s", error == NULL ? "no message" : axonpush_error_message(error));
    return client;
}

static inline axonpush_event new_event(const char *payload)
{
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = EVENT_IDENTIFIER;
    event.payload = payload;
    event.payload_len = PAYLOAD_LENGTH;
    event.channel_id = EVENT_CHANNEL;
    event.event_type = EVENT_TYPE;
    return event;
}

#endif
