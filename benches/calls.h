/* What one call costs the thread that makes it: each call timed by itself, with what timing costs taken off.
 *
 * The cost of timing is the median of timing a function that does nothing, through the same pointer and in the same
 * process, so neither clock_gettime nor the indirect call is charged to anyone. */
#ifndef CALLS_H
#define CALLS_H

#include "bench.h"

typedef void (*call_fn)(void *context);

static inline void do_nothing(void *context) { __asm__ volatile("" : : "r"(context) : "memory"); }

/* With a gap, call i begins at start + i * gap; the wait is a busy one, as a caller's own work would be. */
static inline void time_calls(call_fn call, void *context, long count, uint64_t gap_ns, uint32_t *samples)
{
    uint64_t next = now_ns();
    for (long i = 0; i < count; i++) {
        if (gap_ns > 0) {
            while (now_ns() < next) { }
            next += gap_ns;
        }
        uint64_t before = now_ns();
        call(context);
        samples[i] = as_sample(now_ns() - before);
    }
}

/* All calls together, no clock between them. */
static inline double mean_of_loop(call_fn call, void *context, long count)
{
    uint64_t before = now_ns();
    for (long i = 0; i < count; i++) call(context);
    return (double)(now_ns() - before) / (double)count;
}

static inline uint32_t timing_cost(void)
{
    enum { count = 20001 };
    static uint32_t samples[count];
    call_fn volatile nothing = do_nothing; /* volatile: stays a call through a pointer */
    time_calls(nothing, NULL, count, 0, samples);
    sort_samples(samples, count);
    return percentile(samples, count, 50);
}

/* Takes `cost` off every sample, sorts them, and prints the members of a JSON object (without the braces). */
static inline void print_calls(uint32_t *samples, long count, uint32_t cost)
{
    size_t n = (size_t)count;
    for (size_t i = 0; i < n; i++) samples[i] = samples[i] > cost ? samples[i] - cost : 0;
    double mean = mean_of(samples, n);
    sort_samples(samples, n);
    printf("\"calls\":%ld,\"median_ns\":%u,\"mean_ns\":%.1f,\"p90_ns\":%u,\"p99_ns\":%u,\"p999_ns\":%u,\"max_ns\":%u,\"timer_ns\":%u",
           count, percentile(samples, n, 50), mean, percentile(samples, n, 90), percentile(samples, n, 99),
           percentile(samples, n, 99.9), samples[n - 1], cost);
}

#endif
