/* The floor: what this machine's sockets allow when the client does nothing but one send() and one recv() per event,
 * on a blocking, kept-alive connection, with a request prepared beforehand. No client of the same protocol with one
 * request in flight per connection can need less. */
#include "event.h"
#include "workers.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

struct connection {
    int fd;
    char *request;
    size_t request_length;
    size_t response_length; /* learnt from the first response; the sink's responses are all alike */
    char response[4096];
};

static int queued_events; /* throughput mode stands beside queued events, which carry one member more */

static size_t receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->response, sizeof c->response - 1, 0);
    if (n < 0) die("recv: %s", strerror(errno));
    if (n == 0) die("the server closed the connection");
    return (size_t)n;
}

/* How long the first response is, by its own Content-Length. */
static size_t first_response_length(struct connection *c)
{
    size_t have = 0;
    for (;;) {
        ssize_t n = recv(c->fd, c->response + have, sizeof c->response - 1 - have, 0);
        if (n <= 0) die("no complete first response");
        have += (size_t)n;
        c->response[have] = '\0';
        const char *body = strstr(c->response, "\r\n\r\n"), *field = strcasestr(c->response, "\r\ncontent-length:");
        if (body == NULL) continue;
        if (field == NULL) die("a response without Content-Length");
        size_t whole = (size_t)(body + 4 - c->response) + strtoul(field + 17, NULL, 10);
        if (whole >= sizeof c->response) die("a response too long for this program");
        if (have >= whole) return whole;
    }
}

static void send_event(void *connection)
{
    struct connection *c = connection;
    if (send(c->fd, c->request, c->request_length, MSG_NOSIGNAL) != (ssize_t)c->request_length) die("send: %s", strerror(errno));
    if (c->response_length == 0) {
        c->response_length = first_response_length(c);
    } else {
        for (size_t have = receive(c); have < c->response_length;) have += receive(c);
    }
    if (memcmp(c->response, "HTTP/1.1 200 ", 13) != 0) die("not a 200: %.60s", c->response);
}

static void *open_connection(const char *url)
{
    struct sockaddr_in server = parse_url(url);
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) die("no memory for a connection");
    int on = 1;
    struct timeval patience = { .tv_sec = 30 };
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server) != 0) die("connect: %s", strerror(errno));
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0
        || setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        die("setsockopt: %s", strerror(errno));
    c->request = new_event_request(&server, queued_events, &c->request_length);
    return c;
}

static void close_connection(void *connection)
{
    struct connection *c = connection;
    close(c->fd);
    free(c->request);
    free(c);
}

int main(int argc, char **argv)
{
    static const struct client_kind kind = { "floor", open_connection, send_event, close_connection };
    queued_events = strcmp(text_option(argc, argv, "--mode", "sync"), "throughput") == 0;
    return run_workers(argc, argv, &kind);
}
