#include "tally.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- Completions ---- */

tally *tally_new(int count) {
    /* Reachable for ever, so that it is no leak. */
    static struct kept {
        struct kept *next;
        tally tally;
    } *all;
    struct kept *kept = calloc(1, sizeof *kept);
    if (!kept) abort();
    kept->next = all;
    all = kept;
    tally *tally = &kept->tally;
    tally->deliveries = calloc((size_t)count, sizeof(delivery));
    if (!tally->deliveries) abort();
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&tally->lock, NULL);
    pthread_cond_init(&tally->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    tally->count = count;
    for (int i = 0; i < count; i++) {
        tally->deliveries[i].tally = tally;
        tally->deliveries[i].number = i;
    }
    return tally;
}

void tally_completion(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                      void *user_data) {
    delivery *delivery = user_data;
    tally *tally = delivery->tally;
    const char *message = axonpush_error_message(error);
    bool sensible;
    if (status != AXONPUSH_OK) {
        sensible = !response && error && axonpush_error_status(error) == status && message && *message;
    } else if (response) {
        sensible = !error && (axonpush_response_string(response, "/eventId") != NULL) == !tally->without_event_ids &&
                   axonpush_response_http_status(response) == 200;
    } else {
        sensible = !error;
    }
    pthread_mutex_lock(&tally->lock);
    delivery->completions++;
    delivery->status = status;
    delivery->with_response = response != NULL;
    delivery->thread = pthread_self();
    delivery->at = now_ms();
    if (message) snprintf(delivery->message, sizeof delivery->message, "%s", message);
    tally->total++;
    tally->twice += delivery->completions > 1;
    tally->strange += !sensible;
    tally->suppressed += status == AXONPUSH_OK && !response;
    if (status >= 0 && status < STATUSES) tally->by_status[status]++;
    pthread_cond_broadcast(&tally->changed);
    pthread_mutex_unlock(&tally->lock);
}

axonpush_status publish_async(axonpush_client *client, tally *tally, int number) {
    char identifier[32], payload[32];
    snprintf(identifier, sizeof identifier, "e%d", number);
    snprintf(payload, sizeof payload, "{\"n\":%d}", number);
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = identifier;
    event.payload = payload;
    return axonpush_events_publish_async(client, &event, tally_completion, &tally->deliveries[number], NULL);
}

int publish_range(axonpush_client *client, tally *tally, int first, int end) {
    int accepted = 0;
    for (int i = first; i < end; i++) accepted += publish_async(client, tally, i) == AXONPUSH_OK;
    return accepted;
}

bool tally_wait(tally *tally, int total, int limit_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&tally->lock);
    int outcome = 0;
    while (tally->total < total && outcome == 0) {
        outcome = pthread_cond_timedwait(&tally->changed, &tally->lock, &until);
    }
    bool reached = tally->total >= total;
    if (!reached) printf("  %d completions of %d after %d ms\n", tally->total, total, limit_ms);
    pthread_mutex_unlock(&tally->lock);
    return reached;
}

static int locked(tally *tally, const int *number) {
    pthread_mutex_lock(&tally->lock);
    int value = *number;
    pthread_mutex_unlock(&tally->lock);
    return value;
}

int tally_total(tally *tally) {
    return locked(tally, &tally->total);
}

int tally_of(tally *tally, axonpush_status status) {
    return locked(tally, &tally->by_status[status]);
}

axonpush_status delivery_status(tally *tally, int number) {
    return locked(tally, &tally->deliveries[number].status);
}

int delivery_completions(tally *tally, int number) {
    return locked(tally, &tally->deliveries[number].completions);
}

bool tally_sound(tally *tally, int total) {
    pthread_mutex_lock(&tally->lock);
    bool sound = tally->total == total && tally->twice == 0 && tally->strange == 0;
    if (!sound) {
        printf("  %d completions, %d expected; %d came twice, %d make no sense\n", tally->total, total,
               tally->twice, tally->strange);
    }
    pthread_mutex_unlock(&tally->lock);
    return sound;
}

axonpush_stats stats_of(axonpush_client *client) {
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    axonpush_status status = axonpush_stats_get(client, &stats, NULL);
    if (status != AXONPUSH_OK) {
        printf("  no stats: %s\n", axonpush_status_name(status));
        memset(&stats, 0xFF, sizeof stats);
    }
    return stats;
}

bool counters_add_up(const axonpush_stats *s) {
    bool even = s->accepted + s->recovered == s->delivered + s->failed + s->suppressed + s->dropped +
                                                  s->expired + s->abandoned + s->kept + s->queued_events;
    if (!even) {
        printf("  recovered %llu, kept %llu, accepted %llu, delivered %llu, failed %llu, suppressed %llu, dropped %llu, expired %llu, "
               "abandoned %llu, queued %llu\n",
               (unsigned long long)s->recovered, (unsigned long long)s->kept,
               (unsigned long long)s->accepted, (unsigned long long)s->delivered,
               (unsigned long long)s->failed, (unsigned long long)s->suppressed,
               (unsigned long long)s->dropped, (unsigned long long)s->expired,
               (unsigned long long)s->abandoned, (unsigned long long)s->queued_events);
    }
    return even;
}

/* ---- The process ---- */

static int count_entries(const char *path, bool (*counts)(const char *name)) {
    DIR *folder = opendir(path);
    int count = 0;
    if (!folder) return -1;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] != '.' && (!counts || counts(entry->d_name))) count++;
    }
    closedir(folder);
    return count;
}

static bool is_the_librarys(const char *task) {
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    bool ours = fgets(name, sizeof name, file) && strncmp(name, "axonpush-", 9) == 0;
    fclose(file);
    return ours;
}

int library_threads(void) {
    return count_entries("/proc/self/task", is_the_librarys);
}

bool only_threads(int left) {
    int there = library_threads();
    for (int64_t end = now_ms() + 500; there > left && now_ms() < end; there = library_threads()) sleep_ms(1);
    if (there != left) printf("  %d threads of the library are left, expected %d\n", there, left);
    return there == left;
}

int count_threads(void) {
    return count_entries("/proc/self/task", NULL);
}

int count_descriptors(void) {
    return count_entries("/proc/self/fd", NULL);
}

long resident_kib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

bool slow_machine(void) {
    return scaled(1000) < 1000;
}

bool in_time(int64_t start, int limit_ms) {
    int took = (int)(now_ms() - start), slack = slow_machine() ? 5000 : 500 + 250;
    if (took > limit_ms + slack) printf("  it took %d ms, promised were %d and half a second\n", took, limit_ms);
    return took <= limit_ms + slack;
}

bool ended_at(int64_t start, int deadline_ms) {
    int took = (int)(now_ms() - start);
    if (took < deadline_ms - 10) printf("  it took only %d ms of %d\n", took, deadline_ms);
    return took >= deadline_ms - 10 && in_time(start, deadline_ms);
}

/* ---- The development server's log ---- */

logged *logged_events(size_t *count) {
    const json *log = request_log();
    logged *list = scratch((log->count + 1) * sizeof *list);
    *count = 0;
    for (size_t i = 0; i < log->count; i++) {
        const char *body = json_member(log->items[i], "body")->text;
        if (strcmp(json_member(log->items[i], "target")->text, "/event") != 0 || !body || !*body) continue;
        list[*count].body = body;
        list[*count].outcome = json_member(log->items[i], "outcome")->text;
        ++*count;
    }
    return list;
}

static int by_identity(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int identities(void) {
    size_t count;
    logged *list = logged_events(&count);
    const char **keys = scratch((count + 1) * sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        const char *names[] = {"identifier", "dedupKey", "spanId", "occurredAt"}, *parts[4];
        for (int k = 0; k < 4; k++) {
            parts[k] = json_text(list[i].body, format("/%s", names[k]));
            if (parts[k] && *parts[k]) continue;
            printf("  no %s in %s\n", names[k], list[i].body);
            return -1;
        }
        /* The identifier first, then the whole body: attempts of one event are neighbours. */
        keys[i] = format("%s\n%s", parts[0], list[i].body);
    }
    qsort(keys, count, sizeof *keys, by_identity);
    int different = 0;
    for (size_t i = 0; i < count; i++) {
        size_t name = strcspn(keys[i], "\n") + 1;
        if (i == 0 || strncmp(keys[i], keys[i - 1], name) != 0) {
            different++;
        } else if (strcmp(keys[i], keys[i - 1]) != 0) {
            printf("  one event was sent as\n%s\n  and as\n%s\n", keys[i - 1], keys[i]);
            return -1;
        }
    }
    return different;
}

/* ---- Servers that fail ---- */

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int listen_at(int port, int backlog, int *bound) {
    struct sockaddr_in address = loopback(port);
    socklen_t length = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("listen");
        abort();
    }
    *bound = ntohs(address.sin_port);
    return fd;
}

static int connect_to(int port) {
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

const char *blackhole_url(void) {
    static char url[64];
    if (!*url) {
        int port;
        listen_at(0, 0, &port);
        /* One that waits to be accepted fills it; further ones get no response. */
        if (connect_to(port) < 0) abort();
        snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    }
    return url;
}

#define PAIRS 64

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread, opener;
    int port, server_port, connections, opens_after_ms;
    int wake[2];
    bool wanted, open, ended;
    char url[64];
};

static bool pass_on(int from, int to) {
    char part[65536];
    ssize_t n = recv(from, part, sizeof part, 0);
    for (ssize_t sent = 0; sent < n;) {
        ssize_t m = send(to, part + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (m <= 0) return false;
        sent += m;
    }
    return n > 0;
}

/* One thread for all connections. It alone opens and closes sockets. */
static void *keep_gate(void *data) {
    gate *gate = data;
    struct pollfd fds[2 + 2 * PAIRS];
    int pairs = 0, listener = -1, port;
    for (;;) {
        pthread_mutex_lock(&gate->lock);
        bool ended = gate->ended, wanted = gate->wanted && !ended;
        if (!wanted) {
            if (listener >= 0) close(listener);
            listener = -1;
            for (int i = 0; i < 2 * pairs; i++) close(fds[2 + i].fd);
            pairs = 0;
        } else if (listener < 0) {
            listener = listen_at(gate->port, 64, &port);
        }
        gate->open = wanted;
        pthread_cond_broadcast(&gate->changed);
        pthread_mutex_unlock(&gate->lock);
        if (ended) return NULL;
        fds[0] = (struct pollfd){gate->wake[0], POLLIN, 0};
        fds[1] = (struct pollfd){pairs < PAIRS ? listener : -1, POLLIN, 0};
        if (poll(fds, (nfds_t)(2 + 2 * pairs), -1) < 0) continue;
        for (int i = 0; i < pairs; i++) {
            struct pollfd *pair = &fds[2 + 2 * i];
            if ((!pair[0].revents || pass_on(pair[0].fd, pair[1].fd)) &&
                (!pair[1].revents || pass_on(pair[1].fd, pair[0].fd))) {
                continue;
            }
            close(pair[0].fd);
            close(pair[1].fd);
            pairs--;
            memmove(pair, &fds[2 + 2 * pairs], 2 * sizeof *pair);
            i--;
        }
        if (fds[1].revents) {
            int client = accept(listener, NULL, NULL), server = client < 0 ? -1 : connect_to(gate->server_port);
            if (server >= 0) {
                fds[2 + 2 * pairs] = (struct pollfd){client, POLLIN, 0};
                fds[3 + 2 * pairs++] = (struct pollfd){server, POLLIN, 0};
                pthread_mutex_lock(&gate->lock);
                gate->connections++;
                pthread_mutex_unlock(&gate->lock);
            } else if (client >= 0) {
                close(client);
            }
        }
        char byte;
        if (fds[0].revents && read(gate->wake[0], &byte, 1) < 0) abort();
    }
}

static void set_gate(gate *gate, bool wanted) {
    pthread_mutex_lock(&gate->lock);
    gate->wanted = wanted;
    if (write(gate->wake[1], "", 1) != 1) abort();
    while (gate->open != wanted) pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

gate *gate_new(void) {
    gate *gate = calloc(1, sizeof *gate);
    if (!gate || pipe(gate->wake) != 0) abort();
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    close(listen_at(0, 1, &gate->port));
    gate->server_port = atoi(strrchr(server_url(), ':') + 1);
    snprintf(gate->url, sizeof gate->url, "http://127.0.0.1:%d", gate->port);
    if (pthread_create(&gate->thread, NULL, keep_gate, gate) != 0) abort();
    set_gate(gate, true);
    return gate;
}

const char *gate_url(const gate *gate) {
    return gate->url;
}

void gate_shut(gate *gate) {
    set_gate(gate, false);
}

void gate_open(gate *gate) {
    set_gate(gate, true);
}

static void *open_later(void *data) {
    gate *gate = data;
    sleep_ms(gate->opens_after_ms);
    gate_open(gate);
    return NULL;
}

void gate_open_after(gate *gate, int ms) {
    gate->opens_after_ms = ms;
    if (pthread_create(&gate->opener, NULL, open_later, gate) != 0) abort();
}

int gate_connections(gate *gate) {
    pthread_mutex_lock(&gate->lock);
    int count = gate->connections;
    pthread_mutex_unlock(&gate->lock);
    return count;
}

void gate_free(gate *gate) {
    if (gate->opens_after_ms) pthread_join(gate->opener, NULL);
    pthread_mutex_lock(&gate->lock);
    gate->ended = true;
    if (write(gate->wake[1], "", 1) != 1) abort();
    pthread_mutex_unlock(&gate->lock);
    pthread_join(gate->thread, NULL);
    close(gate->wake[0]);
    close(gate->wake[1]);
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->changed);
    free(gate);
}
