#include "tcp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp_server {
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    int requests;
    respond_fn respond;
    const void *bytes;
    size_t size;
    char url[64];
};

bool tcp_send(int fd, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Reads a head, and the body that its Content-Length announces. */
static bool read_request(int fd) {
    char head[65536];
    size_t used = 0;
    char *end = NULL;
    while (!end) {
        if (used + 1 >= sizeof head) return false;
        ssize_t n = recv(fd, head + used, sizeof head - used - 1, 0);
        if (n <= 0) return false;
        used += (size_t)n;
        head[used] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    size_t length = 0;
    for (char *line = head; line < end; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
    }
    size_t arrived = used - (size_t)(end + 4 - head);
    while (arrived < length) {
        ssize_t n = recv(fd, head, sizeof head, 0);
        if (n <= 0) return false;
        arrived += (size_t)n;
    }
    return true;
}

static void *serve(void *data) {
    tcp_server *server = data;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) return NULL;
        if (read_request(fd)) {
            pthread_mutex_lock(&server->lock);
            server->requests++;
            pthread_mutex_unlock(&server->lock);
            if (server->respond) server->respond(server, fd);
            else tcp_send(fd, server->bytes, server->size);
        }
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

static tcp_server *start(respond_fn respond, const void *bytes, size_t size) {
    tcp_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!server) abort();
    server->respond = respond;
    server->bytes = bytes;
    server->size = size;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_mutex_init(&server->lock, NULL);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0) {
        perror("tcp_server");
        abort();
    }
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return server;
}

tcp_server *tcp_serve_bytes(const void *bytes, size_t size) {
    return start(NULL, bytes, size);
}

tcp_server *tcp_serve_text(const char *text) {
    return start(NULL, text, strlen(text));
}

tcp_server *tcp_serve(respond_fn respond) {
    return start(respond, NULL, 0);
}

void tcp_stop(tcp_server *server) {
    /* Wakes the accept. */
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *tcp_url(const tcp_server *server) {
    return server->url;
}

int tcp_requests(tcp_server *server) {
    pthread_mutex_lock(&server->lock);
    int count = server->requests;
    pthread_mutex_unlock(&server->lock);
    return count;
}
