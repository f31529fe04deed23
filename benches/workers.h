/* N threads, one connection each, one request after the other: the same frame around the raw socket, libcurl and
 * libaxonpush's synchronous call, so that only the thing inside it differs.
 *
 * Connections are opened and warmed up before the clock starts and closed after it stops. Threads take events from
 * one shared counter, so that none idles while another still has a share to send. */
#ifndef WORKERS_H
#define WORKERS_H

#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>

/* One kind of client. Each function dies on any failure. */
struct client_kind {
    const char *name;
    void *(*open)(const char *url);
    void (*send_event)(void *connection); /* returns when the response is read and was right */
    void (*close)(void *connection);
};

struct workers {
    const struct client_kind *kind;
    const char *url;
    long count, warm_up;
    uint32_t *latencies; /* one a request; NULL: not wanted */
    atomic_long taken;
    pthread_barrier_t ready, start, end;
};

static inline void *worker(void *argument)
{
    struct workers *w = argument;
    void *connection = w->kind->open(w->url);
    for (long i = 0; i < w->warm_up; i++) w->kind->send_event(connection);
    pthread_barrier_wait(&w->ready);
    pthread_barrier_wait(&w->start);
    long i;
    while ((i = atomic_fetch_add_explicit(&w->taken, 1, memory_order_relaxed)) < w->count) {
        if (w->latencies == NULL) {
            w->kind->send_event(connection);
        } else {
            uint64_t before = now_ns();
            w->kind->send_event(connection);
            w->latencies[i] = as_sample(now_ns() - before);
        }
    }
    pthread_barrier_wait(&w->end);
    w->kind->close(connection);
    return NULL;
}

/* --mode sync: one thread, every request timed. --mode throughput: as many threads as --connections says. */
static inline int run_workers(int argc, char **argv, const struct client_kind *kind)
{
    check_options(argc, argv, "--url --mode --connections --count --warm-up");
    int sync = strcmp(choice_option(argc, argv, "--mode", "sync", "sync", "throughput"), "sync") == 0;
    long connections = number_option(argc, argv, "--connections", 1, 1, 256);
    struct workers w = {
        .kind = kind,
        .url = text_option(argc, argv, "--url", NULL),
        .count = number_option(argc, argv, "--count", 20000, 1, 10000000),
        .warm_up = number_option(argc, argv, "--warm-up", 500, 1, 100000),
    };
    if (w.url == NULL) die("--url is required");
    if (sync && connections != 1) die("--mode sync measures one connection");
    if (sync) w.latencies = new_samples((size_t)w.count);
    set_deadline(120);

    pthread_t threads[256];
    pthread_barrier_init(&w.ready, NULL, (unsigned)connections + 1);
    pthread_barrier_init(&w.start, NULL, (unsigned)connections + 1);
    pthread_barrier_init(&w.end, NULL, (unsigned)connections + 1);
    for (long i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, worker, &w) != 0) die("cannot start thread %ld", i);

    pthread_barrier_wait(&w.ready);
    uint64_t began = now_ns(), cpu_began = process_cpu_ns(); /* before the last barrier: workers may overtake this thread */
    pthread_barrier_wait(&w.start);
    pthread_barrier_wait(&w.end);
    double seconds = (double)(now_ns() - began) / 1e9;
    double cpu_us = (double)(process_cpu_ns() - cpu_began) / 1e3;
    for (long i = 0; i < connections; i++) pthread_join(threads[i], NULL);

    printf("{\"program\":\"%s\",\"mode\":\"%s\",\"connections\":%ld,\"events\":%ld,\"requests\":%ld,\"seconds\":%.6f,"
           "\"events_per_s\":%.1f,\"cpu_us_per_event\":%.3f",
           kind->name, sync ? "sync" : "throughput", connections, w.count, w.count + connections * w.warm_up, seconds,
           (double)w.count / seconds, cpu_us / (double)w.count);
    if (sync) {
        size_t n = (size_t)w.count;
        sort_samples(w.latencies, n);
        printf(",\"latency_us\":{\"median\":%.3f,\"mean\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}",
               percentile(w.latencies, n, 50) / 1e3, mean_of(w.latencies, n) / 1e3, percentile(w.latencies, n, 90) / 1e3,
               percentile(w.latencies, n, 99) / 1e3, w.latencies[n - 1] / 1e3);
    }
    printf("}\n");
    return 0;
}

#endif
