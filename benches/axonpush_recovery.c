/* How long it takes to take over the events that another process left, and what that takes in memory.
 *
 *   --step leave     publishes --count events to a service that is not there, and ends
 *   --step recover   waits until all of them are known, and says how long that took; delivers none
 */
#include "ours_queue.h"

/* The most that this program had in memory so far, in KiB (ru_maxrss begins with what started it). */
static long peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long kib = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) sscanf(line, "VmHWM: %ld", &kib);
    if (file != NULL) fclose(file);
    return kib;
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --spool --sync --count --step");
    long count = number_option(argc, argv, "--count", 1000000, 1, 10000000);
    int leave = strcmp(choice_option(argc, argv, "--step", "recover", "leave", "recover"), "leave") == 0;
    set_deadline(150);
    /* The service's address is part of what a run is adopted by: both steps take the same. */
    axonpush_options options = strict_options(text_option(argc, argv, "--url", "http://127.0.0.1:9"));
    choose_spool(&options, argc, argv);
    options.shutdown_timeout_ms = 1;
    long before = peak_kib();
    uint64_t began = now_ns();
    axonpush_client *client = must_open(&options);
    if (leave) {
        axonpush_event event = new_event(event_payload);
        for (long i = 0; i < count; i++) publish_async(client, &event);
    } else {
        while (must_stats(client).recovered < (uint64_t)count) usleep(500);
    }
    double seconds = (double)(now_ns() - began) / 1e9;
    long after = peak_kib();
    axonpush_stats stats = must_stats(client);
    uint64_t events = leave ? stats.accepted : stats.recovered;
    if (events != (uint64_t)count || stats.queued_events != events) die("%llu events instead of %ld", (unsigned long long)events, count);
    axonpush_close(client);
    printf("{\"program\":\"axonpush_recovery\",\"events\":%ld,\"seconds\":%.4f,\"spool_mib\":%.1f,\"rss_growth_mib\":%.1f}\n",
           count, seconds, (double)stats.spool_bytes / 1048576, (double)(after - before) / 1024);
    return 0;
}
