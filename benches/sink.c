/* A server that costs as little as possible, so that the clients are what is measured: one thread, epoll, HTTP/1.1
 * keep-alive, the same 200 for every request. It reads just enough of a request to find its end.
 *
 *   sink [--port N] [--delay-ms N] [--max-seconds N]
 *
 * Prints "listening on http://127.0.0.1:PORT". With a delay, each response leaves N ms after its request was complete,
 * however many are waiting. On SIGTERM, SIGINT or after --max-seconds it prints what it counted and leaves. */
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define RESPONSE_BODY "{\"eventId\":\"evt_0000000000000001\",\"status\":\"accepted\"}"
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 54\r\n\r\n" RESPONSE_BODY;
_Static_assert(sizeof RESPONSE_BODY == 54 + 1, "Content-Length is right");
static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#define RESPONSE_LENGTH (sizeof response - 1)
#define REQUEST_LIMIT (16u << 20)

struct connection {
    int fd;
    uint32_t generation;   /* a delayed response must not reach whoever got this slot next */
    bool waits_for_room;   /* the socket buffer was full: EPOLLOUT is on */
    char *in;              /* bytes received and not yet consumed */
    size_t in_length, in_capacity;
    size_t request_end;    /* where the first request ends, once its headers were read; 0: not known yet */
    size_t owed;           /* bytes of responses due and not yet sent; all responses are alike, so a number is enough */
};

/* Delays are all equal, so a plain queue is in order of time. */
struct due { uint64_t at; uint32_t slot, generation; };

static struct connection *connections;
static uint32_t slots, *free_slots, free_count;
static struct due *queue;
static size_t queue_head, queue_length, queue_capacity; /* the capacity is a power of two */
static uint64_t delay_ns, requests, refused, bytes_in, accepted;
static int epoll_fd, listener;
static volatile sig_atomic_t stopping;

static void on_stop(int signal_number) { (void)signal_number; stopping = 1; }

static void watch(int operation, int fd, uint32_t events, uint32_t slot)
{
    struct epoll_event event = { .events = events, .data.u32 = slot };
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
}

static void drop(struct connection *c)
{
    close(c->fd);
    c->fd = -1;
    c->generation++;
    free_slots[free_count++] = (uint32_t)(c - connections);
}

static void accept_all(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
            die("accept: %s", strerror(errno));
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (free_count == 0) {
            uint32_t more = slots == 0 ? 64 : slots * 2;
            connections = realloc(connections, more * sizeof *connections);
            free_slots = realloc(free_slots, more * sizeof *free_slots);
            if (connections == NULL || free_slots == NULL) die("no memory for %u connections", more);
            for (uint32_t i = more; i-- > slots;) {
                connections[i] = (struct connection){ .fd = -1 };
                free_slots[free_count++] = i;
            }
            slots = more;
        }
        uint32_t slot = free_slots[--free_count];
        struct connection *c = &connections[slot];
        *c = (struct connection){ .fd = fd, .generation = c->generation, .in = c->in, .in_capacity = c->in_capacity };
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, slot);
        accepted++;
    }
}

/* Sends what is owed, as whole and partial copies of the one response. False: the connection is gone. */
static bool send_owed(struct connection *c)
{
    static char copies[64 * RESPONSE_LENGTH];
    if (copies[0] == '\0')
        for (size_t i = 0; i < sizeof copies; i += RESPONSE_LENGTH) memcpy(copies + i, response, RESPONSE_LENGTH);
    while (c->owed > 0) {
        size_t partial = c->owed % RESPONSE_LENGTH; /* the rest of a response that was cut by a full buffer */
        const char *from = partial == 0 ? copies : copies + RESPONSE_LENGTH - partial;
        size_t length = (size_t)(copies + sizeof copies - from);
        ssize_t sent = send(c->fd, from, c->owed < length ? c->owed : length, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return false;
            if (!c->waits_for_room) watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT, (uint32_t)(c - connections));
            c->waits_for_room = true;
            return true;
        }
        c->owed -= (size_t)sent;
    }
    if (c->waits_for_room) watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, (uint32_t)(c - connections));
    c->waits_for_room = false;
    return true;
}

static void respond_later(struct connection *c, uint64_t now)
{
    if (queue_length == queue_capacity) {
        size_t larger = queue_capacity == 0 ? 1024 : queue_capacity * 2;
        struct due *moved = malloc(larger * sizeof *moved);
        if (moved == NULL) die("no memory for %zu waiting responses", larger);
        for (size_t i = 0; i < queue_length; i++) moved[i] = queue[(queue_head + i) & (queue_capacity - 1)];
        free(queue);
        queue = moved;
        queue_capacity = larger;
        queue_head = 0;
    }
    queue[(queue_head + queue_length++) & (queue_capacity - 1)] =
        (struct due){ now + delay_ns, (uint32_t)(c - connections), c->generation };
}

static void send_due(uint64_t now)
{
    for (; queue_length > 0 && queue[queue_head].at <= now; queue_length--) {
        struct due d = queue[queue_head];
        queue_head = (queue_head + 1) & (queue_capacity - 1);
        struct connection *c = &connections[d.slot];
        if (c->generation != d.generation) continue;
        c->owed += RESPONSE_LENGTH;
        if (!send_owed(c)) drop(c);
    }
}

/* The length of a request from its header block, `headers` bytes long with the final empty line. 0: cannot say. */
static size_t request_length(const char *text, size_t headers)
{
    size_t body = 0;
    bool has_length = false;
    const char *end = text + headers;
    const char *line = memchr(text, '\n', headers);
    while (line != NULL && ++line < end) {
        if ((*line == 'C' || *line == 'c') && strncasecmp(line, "content-length:", 15) == 0) {
            const char *p = line + 15;
            while (*p == ' ' || *p == '\t') p++;
            if (*p < '0' || *p > '9' || has_length) return 0;
            for (; *p >= '0' && *p <= '9' && body < REQUEST_LIMIT; p++) body = body * 10 + (size_t)(*p - '0');
            if (*p != '\r') return 0;
            has_length = true;
        } else if ((*line == 'T' || *line == 't') && strncasecmp(line, "transfer-encoding:", 18) == 0) {
            return 0; /* no client here sends chunks; guessing would miscount */
        }
        line = memchr(line, '\n', (size_t)(end - line));
    }
    return headers + body;
}

/* Counts every complete request in the buffer and responds to it. False: the connection is gone or must go. */
static bool consume(struct connection *c)
{
    size_t at = 0;
    uint64_t now = delay_ns == 0 ? 0 : now_ns();
    for (;;) {
        size_t left = c->in_length - at;
        if (c->request_end == 0) {
            const char *blank = left == 0 ? NULL : memmem(c->in + at, left, "\r\n\r\n", 4);
            if (blank == NULL) break;
            c->request_end = request_length(c->in + at, (size_t)(blank + 4 - (c->in + at)));
            if (c->request_end == 0 || c->request_end > REQUEST_LIMIT) {
                refused++;
                send(c->fd, refusal, sizeof refusal - 1, MSG_NOSIGNAL);
                return false;
            }
        }
        if (left < c->request_end) break;
        at += c->request_end;
        c->request_end = 0;
        requests++;
        if (delay_ns == 0) c->owed += RESPONSE_LENGTH;
        else respond_later(c, now);
    }
    if (at > 0) {
        memmove(c->in, c->in + at, c->in_length - at);
        c->in_length -= at;
    }
    return c->owed == 0 || send_owed(c);
}

/* One recv a wake-up: epoll is level-triggered, so what is left comes back at once. */
static bool receive(struct connection *c)
{
    if (c->in_capacity - c->in_length < 8192) {
        if (c->in_length > REQUEST_LIMIT + 65536) return false;
        c->in_capacity = c->in_capacity == 0 ? 65536 : c->in_capacity * 2;
        c->in = realloc(c->in, c->in_capacity);
        if (c->in == NULL) die("no memory for a request of %zu bytes", c->in_capacity);
    }
    ssize_t n = recv(c->fd, c->in + c->in_length, c->in_capacity - c->in_length, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    bytes_in += (uint64_t)n;
    c->in_length += (size_t)n;
    return consume(c);
}

static void listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port),
    };
    socklen_t length = sizeof address;
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("cannot listen on port %d: %s", port, strerror(errno));
    printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--port --delay-ms --max-seconds");
    int port = (int)number_option(argc, argv, "--port", 0, 0, 65535);
    delay_ns = (uint64_t)number_option(argc, argv, "--delay-ms", 0, 0, 3600000) * 1000000u;

    /* Signals arrive only while epoll waits, so none is missed between looking and waiting. */
    struct sigaction stop = { .sa_handler = on_stop };
    sigset_t blocked, while_waiting;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGALRM, &stop, NULL);
    alarm((unsigned)number_option(argc, argv, "--max-seconds", 900, 1, 86400));
    prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); /* delays end on time, not 50 us later */

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on(port);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, UINT32_MAX);

    while (!stopping) {
        struct epoll_event events[256];
        struct timespec patience, *timeout = NULL;
        if (queue_length > 0) {
            uint64_t now = now_ns(), at = queue[queue_head].at, wait = at > now ? at - now : 0;
            patience = (struct timespec){ (time_t)(wait / 1000000000u), (long)(wait % 1000000000u) };
            timeout = &patience;
        }
        int n = epoll_pwait2(epoll_fd, events, 256, timeout, &while_waiting);
        if (n < 0 && errno != EINTR) die("epoll_pwait2: %s", strerror(errno));
        if (queue_length > 0) send_due(now_ns());
        for (int i = 0; i < n; i++) {
            if (events[i].data.u32 == UINT32_MAX) {
                accept_all();
                continue;
            }
            struct connection *c = &connections[events[i].data.u32];
            if (c->fd < 0) continue; /* dropped by send_due a moment ago */
            bool alive = true;
            if (events[i].events & EPOLLOUT) alive = send_owed(c);
            if (alive && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) alive = receive(c);
            if (!alive) drop(c);
        }
    }

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    double kernel = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
    printf("{\"program\":\"sink\",\"requests\":%llu,\"refused\":%llu,\"connections\":%llu,\"bytes_in\":%llu,"
           "\"cpu_seconds\":%.6f,\"cpu_user_seconds\":%.6f,\"cpu_us_per_request\":%.3f}\n",
           (unsigned long long)requests, (unsigned long long)refused, (unsigned long long)accepted,
           (unsigned long long)bytes_in, user + kernel, user,
           requests == 0 ? 0.0 : (user + kernel) * 1e6 / (double)requests);
    return 0;
}
