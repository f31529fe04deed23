/*
 * A tiny TCP server inside a test, for responses that no HTTP server would give. It takes one
 * connection after another, reads one request from each, responds by a function and closes it.
 */
#ifndef AXONPUSH_TESTS_TCP_SERVER_H
#define AXONPUSH_TESTS_TCP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tcp_server tcp_server;

/* Runs on the server's thread when a request was read. */
typedef void (*respond_fn)(tcp_server *server, int fd);

/* Responds to every request with `size` bytes; they must live as long as the server. */
tcp_server *tcp_serve_bytes(const void *bytes, size_t size);
tcp_server *tcp_serve_text(const char *text);
tcp_server *tcp_serve(respond_fn respond);
void tcp_stop(tcp_server *server);

const char *tcp_url(const tcp_server *server);
/* How many requests arrived. */
int tcp_requests(tcp_server *server);

/* For respond functions: false when the client is gone. */
bool tcp_send(int fd, const void *bytes, size_t size);

#endif
