/* A delay line: passes TCP connections on to another port of this machine, every byte after half a round trip.
 *     delay_line --port TARGET_PORT --round-trip-ms N
 * Prints "listening on PORT". It stands in for a real network, since the kernels that this runs on often have no netem.
 * It delays connecting by a round trip as well, and limits no bandwidth. One thread, poll() with microsecond clocks. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, PIECE = 64 * 1024 };

typedef struct piece {
    struct piece *next;
    uint64_t due;
    size_t length, sent;
    char bytes[];
} piece;

typedef struct {
    piece *first, *last;
    int from, to;
    int ended, closed; /* the reading side saw the end; it was passed on */
    uint64_t end_due, open_at;
} way;

static way ways[2 * MOST];
static int count;
static uint64_t half;

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void tune(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void take(way *way, uint64_t now) {
    for (;;) {
        piece *next = malloc(sizeof *next + PIECE);
        ssize_t n = recv(way->from, next->bytes, PIECE, 0);
        if (n <= 0) {
            free(next);
            if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                way->ended = 1;
                way->end_due = now + half;
            }
            return;
        }
        *next = (piece){.due = (now > way->open_at ? now : way->open_at) + half, .length = (size_t)n};
        next = realloc(next, sizeof *next + (size_t)n);
        if (way->last) way->last->next = next;
        else way->first = next;
        way->last = next;
    }
}

static void give(way *way, uint64_t now) {
    while (way->first && way->first->due <= now) {
        piece *piece = way->first;
        ssize_t n = send(way->to, piece->bytes + piece->sent, piece->length - piece->sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN) return;
            way->ended = 1; /* nobody takes it any more */
            n = (ssize_t)(piece->length - piece->sent);
        }
        piece->sent += (size_t)n;
        if (piece->sent < piece->length) return;
        way->first = piece->next;
        if (!way->first) way->last = NULL;
        free(piece);
    }
    if (way->ended && !way->closed && !way->first && way->end_due <= now) {
        shutdown(way->to, SHUT_WR);
        way->closed = 1;
    }
}

int main(int argc, char **argv) {
    if (argc != 5 || strcmp(argv[1], "--port") || strcmp(argv[3], "--round-trip-ms")) {
        fprintf(stderr, "usage: delay_line --port TARGET_PORT --round-trip-ms N\n");
        return 2;
    }
    half = strtoull(argv[4], NULL, 10) * 500;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, there = here;
    there.sin_port = htons((uint16_t)atoi(argv[2]));
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&here, &size)) {
        return perror("delay_line"), 1;
    }
    printf("listening on %d\n", ntohs(here.sin_port));
    fflush(stdout);
    static struct pollfd fds[2 * MOST + 1];
    for (;;) {
        uint64_t now = now_us(), next = UINT64_MAX;
        for (int i = 0; i < count; i++) {
            give(&ways[i], now);
            uint64_t due = ways[i].first ? ways[i].first->due
                           : ways[i].ended && !ways[i].closed ? ways[i].end_due : UINT64_MAX;
            if (due < next) next = due;
        }
        for (int i = 0; i + 1 < count; i += 2) {
            if (!ways[i].closed || !ways[i + 1].closed) continue;
            close(ways[i].from);
            close(ways[i].to);
            ways[i] = ways[count - 2];
            ways[i + 1] = ways[count - 1];
            count -= 2;
            i -= 2;
        }
        fds[0] = (struct pollfd){listener, POLLIN, 0};
        for (int i = 0; i < count; i++) fds[i + 1] = (struct pollfd){ways[i].ended ? -1 : ways[i].from, POLLIN, 0};
        struct timespec wait = {0};
        if (next != UINT64_MAX && next > now) wait = (struct timespec){(time_t)((next - now) / 1000000), (long)((next - now) % 1000000) * 1000};
        if (ppoll(fds, (nfds_t)count + 1, next == UINT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR) return 1;
        now = now_us();
        for (int i = 0; i < count; i++) if (fds[i + 1].revents) take(&ways[i], now);
        if ((fds[0].revents & POLLIN) && count < 2 * MOST) {
            int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
            if (client < 0 || connect(server, (struct sockaddr *)&there, sizeof there)) return perror("delay_line"), 1;
            tune(client);
            tune(server);
            /* What the client sends first waits for the handshake that loopback did not wait for. */
            ways[count++] = (way){.from = client, .to = server, .open_at = now + 2 * half};
            ways[count++] = (way){.from = server, .to = client};
        }
    }
}
