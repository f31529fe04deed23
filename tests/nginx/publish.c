/* Publishes events in the background and prints, as JSON, what became of them:
 *     publish COUNT LARGE_EVERY PACE_US FLUSH_MS
 * LARGE_EVERY: each so-many-th event has a body of 100 kB (0: none). PACE_US: pause after each event. */
#include <axonpush.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int completed, ok, suppressed, twice, most_threads;
static bool stop;
static char *seen;

static void completion(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                       void *user_data) {
    (void)error;
    if (__atomic_exchange_n(&seen[(size_t)user_data], 1, __ATOMIC_RELAXED)) __atomic_add_fetch(&twice, 1, __ATOMIC_RELAXED);
    if (status == AXONPUSH_OK) __atomic_add_fetch(response ? &ok : &suppressed, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&completed, 1, __ATOMIC_RELAXED);
}

static int threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fgets(name, sizeof name, file) && strncmp(name, "axonpush-", 9) == 0) count++;
        fclose(file);
    }
    if (tasks) closedir(tasks);
    return count;
}

static void *watch(void *data) {
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        int now = threads();
        if (now > most_threads) most_threads = now;
        usleep(2000);
    }
    return data;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int count = atoi(argv[1]), large_every = atoi(argv[2]), pace = atoi(argv[3]);
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.ca_file = getenv("NGINX_TEST_CA");
    options.queue_max_events = (uint32_t)count + 1;
    options.queue_max_bytes = 1u << 30;
    options.content_capture = AXONPUSH_CONTENT_FULL;
    options.max_content_length = 1000000;
    options.shutdown_timeout_ms = 1000;
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) return fprintf(stderr, "%s\n", axonpush_error_message(error)), 1;
    seen = calloc((size_t)count, 1);
    char *large = malloc(100100);
    if (!seen || !large) return 1;
    memset(large, 'x', 100100);
    memcpy(large, "{\"text\":\"", 9);
    memcpy(large + 100000, "\"}", 3);
    pthread_t watcher;
    pthread_create(&watcher, NULL, watch, NULL);

    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "nginx";
    double start = seconds();
    for (int i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof key, "event-%d", i);
        event.dedup_key = key;
        event.payload = large_every && i % large_every == large_every - 1 ? large : "{\"n\":1}";
        if (axonpush_events_publish_async(client, &event, completion, (void *)(size_t)i, NULL) != AXONPUSH_OK) return 1;
        if (pace) usleep((useconds_t)pace);
    }
    axonpush_status flushed = axonpush_flush(client, (uint32_t)atoi(argv[4]), NULL);
    double took = seconds() - start;
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_stats_get(client, &stats, NULL);
    double closing = seconds();
    axonpush_close(client);
    closing = seconds() - closing;
    stop = true;
    pthread_join(watcher, NULL);
    printf("{\"flush\":\"%s\",\"delivered\":%llu,\"retried\":%llu,\"connections\":%llu,\"completed\":%d,\"ok\":%d,"
           "\"suppressed\":%d,\"twice\":%d,\"threads\":%d,\"seconds\":%.3f,\"close_seconds\":%.3f}\n",
           axonpush_status_name(flushed), (unsigned long long)stats.delivered, (unsigned long long)stats.retried,
           (unsigned long long)stats.connections, completed, ok, suppressed, twice, most_threads, took, closing);
    return 0;
}
