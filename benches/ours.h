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

/* --spool FOLDER and --sync none|interval|each: events go to the disk first. */
static inline void choose_spool(axonpush_options *options, int argc, char **argv)
{
    options->spool_dir = text_option(argc, argv, "--spool", NULL);
    const char *sync = text_option(argc, argv, "--sync", "interval");
    options->spool_sync = strcmp(sync, "none") == 0 ? AXONPUSH_SPOOL_SYNC_NONE :
                          strcmp(sync, "each") == 0 ? AXONPUSH_SPOOL_SYNC_EACH : AXONPUSH_SPOOL_SYNC_INTERVAL;
    options->spool_max_bytes = 4ull << 30;
}

/* Bytes that this process made the kernel send to the disk so far. */
static inline uint64_t written_bytes(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    char line[128];
    unsigned long long bytes = 0, cancelled = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "write_bytes: %llu", &bytes);
        sscanf(line, "cancelled_write_bytes: %llu", &cancelled);
    }
    if (file != NULL) fclose(file);
    return bytes - cancelled;
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
