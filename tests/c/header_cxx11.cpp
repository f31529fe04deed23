// The header alone is C++11, whatever else is included, and may be included twice.
#include <axonpush.h>
#include <axonpush.h>

int main() {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    const bool sized = options.struct_size == sizeof options && event.struct_size == sizeof event &&
                       query.struct_size == sizeof query && stats.struct_size == sizeof stats;
    const bool blank = options.max_retries == 0 && event.metadata == nullptr;
    // The functions have C linkage: this links against the C library.
    return sized && blank && axonpush_version() != nullptr ? 0 : 1;
}
