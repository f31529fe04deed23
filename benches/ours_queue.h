/* Background publishing, for the programs that measure it. */
#ifndef OURS_QUEUE_H
#define OURS_QUEUE_H

#include "ours.h"

static inline void publish_async(axonpush_client *client, const axonpush_event *event)
{
    axonpush_error *error = NULL;
    MUST(axonpush_events_publish_async(client, event, NULL, NULL, &error), error);
}

static inline axonpush_stats must_stats(axonpush_client *client)
{
    axonpush_error *error = NULL;
    axonpush_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    MUST(axonpush_stats_get(client, &stats, &error), error);
    return stats;
}

/* Waits until everything queued was delivered, and dies unless that is exactly what happened to all `expected`. */
static inline axonpush_stats deliver_all(axonpush_client *client, uint64_t expected)
{
    axonpush_error *error = NULL;
    MUST(axonpush_flush(client, 60000, &error), error);
    axonpush_stats s = must_stats(client);
    if (s.accepted != expected || s.delivered != expected || s.failed + s.suppressed + s.dropped + s.expired + s.abandoned > 0
        || s.retried > 0 || s.queued_events > 0)
        die("%llu events: accepted %llu, delivered %llu, failed %llu, suppressed %llu, dropped %llu, expired %llu, "
            "abandoned %llu, retried %llu, queued %llu",
            (unsigned long long)expected, (unsigned long long)s.accepted, (unsigned long long)s.delivered,
            (unsigned long long)s.failed, (unsigned long long)s.suppressed, (unsigned long long)s.dropped,
            (unsigned long long)s.expired, (unsigned long long)s.abandoned, (unsigned long long)s.retried,
            (unsigned long long)s.queued_events);
    return s;
}

#endif
