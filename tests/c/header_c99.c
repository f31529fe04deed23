/* The header alone is C99, whatever else is included, and may be included twice. */
#include <axonpush.h>
#include <axonpush.h>

int main(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    return options.struct_size == sizeof options && event.struct_size == sizeof event &&
                   query.struct_size == sizeof query && stats.struct_size == sizeof stats &&
                   options.max_retries == 0 && event.metadata == 0 && AXONPUSH_VERSION[0]
               ? 0
               : 1;
}
