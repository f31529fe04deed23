/* What every benchmark program needs: clocks, percentiles, options, and a way to stop with a reason.
 *
 * Each program prints one JSON object on stdout when everything succeeded, and exits non-zero with a message on
 * stderr otherwise: a number made of failed requests must not exist. */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* ---- clocks ---------------------------------------------------------------------------------------------------- */

static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* User and system time of all threads, exact to the nanosecond (getrusage may round to ticks). */
static inline uint64_t process_cpu_ns(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

/* ---- a hard end ------------------------------------------------------------------------------------------------ */

static inline void deadline_passed(int signal_number)
{
    (void)signal_number;
    static const char text[] = "benchmark: ran into its own deadline, giving up\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(3);
}

/* Nothing here runs for ever, whatever the server or the library under test does. */
static inline void set_deadline(unsigned seconds)
{
    signal(SIGALRM, deadline_passed);
    alarm(seconds);
}

/* ---- options: "--name value" pairs ----------------------------------------------------------------------------- */

/* Dies on anything that is not one of `known` (space-separated) followed by a value. */
static inline void check_options(int argc, char **argv, const char *known)
{
    for (int i = 1; i < argc; i += 2) {
        const char *found = NULL;
        size_t length = strlen(argv[i]);
        for (const char *p = known; (p = strstr(p, argv[i])) != NULL; p += length)
            if ((p == known || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0')) { found = p; break; }
        if (length < 3 || found == NULL) die("unknown option %s (known: %s)", argv[i], known);
        if (i + 1 == argc) die("option %s needs a value", argv[i]);
    }
}

static inline const char *text_option(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    return fallback;
}

static inline long number_option(int argc, char **argv, const char *name, long fallback, long least, long most)
{
    const char *text = text_option(argc, argv, name, NULL);
    if (text == NULL) return fallback;
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most)
        die("%s takes a number from %ld to %ld, not '%s'", name, least, most, text);
    return value;
}

static inline const char *choice_option(int argc, char **argv, const char *name, const char *fallback,
                                        const char *first, const char *second)
{
    const char *text = text_option(argc, argv, name, fallback);
    if (strcmp(text, first) != 0 && strcmp(text, second) != 0) die("%s is %s or %s, not '%s'", name, first, second, text);
    return text;
}

/* ---- samples in nanoseconds ------------------------------------------------------------------------------------ */

static inline uint32_t *new_samples(size_t count)
{
    uint32_t *samples = malloc(count * sizeof *samples);
    if (samples == NULL) die("no memory for %zu samples", count);
    memset(samples, 0, count * sizeof *samples); /* fault the pages in now, not inside a measurement */
    return samples;
}

static inline uint32_t as_sample(uint64_t ns) { return ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns; }

static inline int compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static inline void sort_samples(uint32_t *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare_samples);
}

/* Nearest rank, on sorted samples. */
static inline uint32_t percentile(const uint32_t *sorted, size_t count, double percent)
{
    size_t rank = (size_t)(percent / 100.0 * (double)count);
    return sorted[rank < count ? rank : count - 1];
}

static inline double mean_of(const uint32_t *samples, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += samples[i];
    return sum / (double)count;
}

#endif
