/* --mode client: how much resident memory a client and its first synchronous event add to a process.
 * --mode queue: how many bytes a queued event takes beyond its own body, with a server that never responds.
 *
 * The queue is measured twice, by the allocator's count and by resident memory, and three things can be taken off: the
 * body as it goes over the wire (read from the first request that arrived here), the library's own queued_bytes, and
 * the plain length of the caller's strings. */
#include "ours_queue.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/time.h>

struct resident { long rss_kib, private_kib; };

/* Without stdio, so that reading does not itself allocate. */
static struct resident resident_memory(void)
{
    static char text[8192];
    int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length <= 0) die("/proc/self/smaps_rollup: %s", strerror(errno));
    close(file);
    text[length] = '\0';
    const char *rss = strstr(text, "\nRss:"), *clean = strstr(text, "\nPrivate_Clean:"), *dirty = strstr(text, "\nPrivate_Dirty:");
    if (rss == NULL || clean == NULL || dirty == NULL) die("/proc/self/smaps_rollup is not as expected");
    return (struct resident){ strtol(rss + 5, NULL, 10), strtol(clean + 15, NULL, 10) + strtol(dirty + 15, NULL, 10) };
}

static double allocated_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return (double)m.uordblks + (double)m.hblkhd;
}

static int measure_client(const char *url)
{
    parse_url(url);
    resident_memory(); /* its own first-time cost */
    struct resident before = resident_memory();
    axonpush_options options = strict_options(url);
    axonpush_client *client = must_open(&options);
    struct resident opened = resident_memory();
    axonpush_event event = new_event(event_payload);
    axonpush_response *response = NULL;
    axonpush_error *error = NULL;
    MUST(axonpush_events_publish(client, &event, &response, &error), error);
    struct resident after = resident_memory();
    axonpush_response_free(response);
    axonpush_close(client);
    printf("{\"program\":\"axonpush_memory\",\"mode\":\"client\",\"requests\":1,\"before_rss_kib\":%ld,\"new_rss_kib\":%ld,"
           "\"rss_kib\":%ld,\"private_kib\":%ld}\n",
           before.rss_kib, opened.rss_kib - before.rss_kib, after.rss_kib - before.rss_kib, after.private_kib - before.private_kib);
    return 0;
}

/* A server that takes connections (the kernel does) and never responds. */
static int silent_server(char *url, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("cannot listen: %s", strerror(errno));
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return listener;
}

/* The Content-Length of the request that waits on the first connection. */
static long body_on_the_wire(int listener)
{
    static char text[16384];
    struct timeval patience = { .tv_sec = 5 };
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("the library never connected");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (size_t have = 0; have < sizeof text - 1;) {
        ssize_t n = recv(fd, text + have, sizeof text - 1 - have, 0);
        if (n <= 0) break;
        have += (size_t)n;
        text[have] = '\0';
        const char *field = strcasestr(text, "\r\ncontent-length:");
        if (field != NULL && strstr(field, "\r\n\r\n") != NULL) return strtol(field + 17, NULL, 10); /* fd stays open */
    }
    die("no complete request arrived");
}

static void publish(axonpush_client *client, const axonpush_event *event, long count)
{
    for (long i = 0; i < count; i++) publish_async(client, event);
    struct timespec settle = { .tv_nsec = 300000000 }; /* connections and threads come up now, not while we measure */
    nanosleep(&settle, NULL);
}

static int measure_queue(long count)
{
    enum { warm_up = 1000 };
    char url[64];
    int listener = silent_server(url, sizeof url);
    axonpush_options options = strict_options(url);
    options.queue_max_events = (uint32_t)(count + warm_up);
    options.queue_max_bytes = (uint64_t)(count + warm_up) * 4096;
    options.overflow = AXONPUSH_OVERFLOW_DROP_NEWEST; /* a full queue would be an error, not a silent loss */
    options.timeout_ms = 60000;
    options.shutdown_timeout_ms = 1;
    double empty = allocated_bytes();
    axonpush_client *client = must_open(&options);
    axonpush_event event = new_event(event_payload);
    publish(client, &event, warm_up);

    malloc_trim(0);
    double allocated = allocated_bytes(), fixed = allocated - empty;
    struct resident before = resident_memory();
    axonpush_stats stats_before = must_stats(client);
    publish(client, &event, count);
    struct resident after = resident_memory();
    allocated = (allocated_bytes() - allocated) / (double)count;
    axonpush_stats stats = must_stats(client);
    if (stats.queued_events != (uint64_t)(count + warm_up) || stats.accepted != stats.queued_events)
        die("%ld events published, %llu queued", count + warm_up, (unsigned long long)stats.queued_events);

    double resident = (double)(after.rss_kib - before.rss_kib) * 1024 / (double)count;
    double queued = (double)(stats.queued_bytes - stats_before.queued_bytes) / (double)count;
    double strings = (double)(strlen(event.identifier) + event.payload_len + strlen(event.channel_id) + strlen(event.event_type));
    double larger = resident > allocated ? resident : allocated;
    long body = body_on_the_wire(listener);
    axonpush_close(client);
    printf("{\"program\":\"axonpush_memory\",\"mode\":\"queue\",\"events\":%ld,\"resident_bytes\":%.1f,\"allocated_bytes\":%.1f,"
           "\"queued_bytes\":%.1f,\"body_bytes\":%ld,\"string_bytes\":%.0f,\"overhead_beyond_body\":%.1f,"
           "\"overhead_beyond_queued_bytes\":%.1f,\"overhead_beyond_strings\":%.1f,\"fixed_bytes\":%.0f}\n",
           count, resident, allocated, queued, body, strings, larger - (double)body, larger - queued, larger - strings, fixed);
    return 0;
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--url --mode --count");
    int client = strcmp(choice_option(argc, argv, "--mode", "client", "client", "queue"), "client") == 0;
    set_deadline(60);
    return client ? measure_client(text_option(argc, argv, "--url", NULL))
                  : measure_queue(number_option(argc, argv, "--count", 100000, 1000, 1000000));
}
