/* A failure says where it happened: URL, host, address, proxy. And what the log says, of successes too. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "child.h"
#include "tally.h"
#include "tcp_server.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#define UNKNOWN_NAME "unknown.invalid"
#define SLOW_NAME "slow.invalid"

/* Names that no test machine's resolver is to be asked for. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    union {
        void *symbol;
        int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    if (node && strcmp(node, UNKNOWN_NAME) == 0) return EAI_NONAME;
    if (node && strcmp(node, SLOW_NAME) == 0) sleep_ms(3000);
    return real.function(node, service, hints, found);
}

/* "127.0.0.1:1234" of a URL. */
static const char *address_of(const char *url) {
    return strstr(url, "://") + 3;
}

/* The message of a call that cannot connect; what holds of all of them is checked here. */
static const char *message_with(const axonpush_options *options) {
    axonpush_client *client = client_with(options);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    axonpush_status status = axonpush_events_publish(client, &event, NULL, &error);
    const char *message = format("%s", status == AXONPUSH_OK ? "(success)" : axonpush_error_message(error));
    if (status != AXONPUSH_ERR_CONNECTION || axonpush_error_http_status(error) != 0) {
        message = format("%s: %s", axonpush_status_name(status), message);
    }
    axonpush_error_free(error);
    axonpush_close(client);
    if (strstr(message, "secret") || strchr(message, '\n')) message = format("(unsuitable) %s", message);
    return message;
}

static const char *message_of(const char *base_url) {
    axonpush_options options = test_options();
    options.base_url = base_url;
    return message_with(&options);
}

/* What the completion of an event is told that cannot be delivered. */
static const char *background_message_of(const char *base_url) {
    axonpush_options options = test_options();
    options.base_url = base_url;
    options.delivery_timeout_ms = 300;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(1);
    bool told = publish_async(client, tally, 0) == AXONPUSH_OK && tally_wait(tally, 1, 20000);
    axonpush_close(client);
    return told ? tally->deliveries[0].message : "(no completion)";
}

/* It begins with these words, so that nothing stands before them: no status, no complaint of message_with(). */
#define CHECK_BEGINS(message, beginning) \
    do { \
        const char *message_ = (message); \
        if (strncmp(message_, (beginning), strlen(beginning)) != 0) printf("  %s\n  expected %s...\n", message_, beginning); \
        CHECK(strncmp(message_, (beginning), strlen(beginning)) == 0); \
    } while (0)

/* ---- Nobody there ---- */

static bool a_refused_connection_names_the_url_and_the_address(void) {
    CHECK_BEGINS(message_of(dead_url()), format("cannot connect to %s: Connection refused", dead_url()));
    /* By name, the address that was tried stands beside it. */
    const char *url = format("http://localhost%s", strrchr(dead_url(), ':'));
    const char *message = message_of(url);
    CHECK_BEGINS(message, format("cannot connect to %s (", url));
    CHECK_HAS(message, strrchr(dead_url(), ':'));
    CHECK_HAS(message, "Connection refused");
    /* A path in the URL is not where it failed. */
    CHECK_BEGINS(message_of(format("%s/prefix", dead_url())), format("cannot connect to %s: ", dead_url()));
    return true;
}

static bool an_unknown_host_is_named(void) {
    const char *message = message_of("http://" UNKNOWN_NAME ":8080");
    CHECK_HAS(message, UNKNOWN_NAME);
    CHECK_HAS(message, "address");
    CHECK_LACKS(message, "AXONPUSH");
    return true;
}

static bool a_dead_proxy_is_not_mistaken_for_a_dead_service(void) {
    axonpush_options options = test_options();
    options.proxy = format("http://user:secret-word@%s", address_of(dead_url()));
    for (int tls = 0; tls < 2; tls++) {
        options.base_url = tls ? "https://" UNKNOWN_NAME : server_url();
        CHECK_BEGINS(message_with(&options), format("cannot connect to the proxy %s: Connection refused", dead_url()));
    }
    /* From the variable, too. */
    setenv("HTTP_PROXY", dead_url(), 1);
    const char *message = message_of("http://" UNKNOWN_NAME);
    unsetenv("HTTP_PROXY");
    CHECK_BEGINS(message, format("cannot connect to the proxy %s: Connection refused", dead_url()));
    CHECK_INT(request_count(), 0);
    return true;
}

static bool a_proxy_that_does_not_exist_is_named(void) {
    axonpush_options options = test_options();
    options.proxy = "http://" UNKNOWN_NAME ":3128";
    const char *message = message_with(&options);
    CHECK_HAS(message, "proxy");
    CHECK_HAS(message, UNKNOWN_NAME);
    CHECK_LACKS(message, address_of(server_url()));
    return true;
}

static bool a_proxy_that_refuses_is_named_with_the_service(void) {
    tcp_server *proxy = tcp_serve_text("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    axonpush_options options = test_options();
    options.proxy = tcp_url(proxy);
    options.base_url = "https://" UNKNOWN_NAME;
    const char *message = message_with(&options);
    CHECK_BEGINS(message, format("the proxy %s does not connect to https://" UNKNOWN_NAME, tcp_url(proxy)));
    CHECK_HAS(message, "403");
    tcp_stop(proxy);
    return true;
}

/* ---- TLS ---- */

static bool https_to_an_http_port_is_no_riddle(void) {
    const char *url = format("https%s", server_url() + strlen("http"));
    const char *message = message_of(url);
    CHECK_HAS(message, url);
    CHECK_HAS(message, "TLS");
    CHECK_HAS(message, "http://");
    return true;
}

/* A real TLS server that has a certificate of its own. */
typedef struct tls_server {
    pid_t process;
    int input;
    const char *address;
} tls_server;

static bool start_tls_server(tls_server *server) {
    const char *folder = getenv("AXONPUSH_TEST_FOLDER");
    const char *key = format("%s/tls.key", folder), *certificate = format("%s/tls.pem", folder);
    if (system(format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost "
                      "-days 2 -keyout %s -out %s 2>%s/openssl.log",
                      key, certificate, folder)) != 0) {
        printf("  openssl makes no certificate\n");
        return false;
    }
    int input[2], output[2];
    if (pipe(input) != 0 || pipe(output) != 0) return false;
    server->process = fork();
    if (server->process == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        close(input[1]);
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, (char *)NULL);
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    server->input = input[1];
    server->address = NULL;
    FILE *lines = fdopen(output[0], "r");
    char line[200], address[100];
    while (lines && !server->address && fgets(line, sizeof line, lines)) {
        if (sscanf(line, "ACCEPT %99s", address) == 1) server->address = format("%s", address);
    }
    if (lines) fclose(lines);
    return server->address != NULL;
}

static void stop_tls_server(tls_server *server) {
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    close(server->input);
}

static bool http_to_an_https_port_is_no_riddle(void) {
    tls_server server;
    CHECK(start_tls_server(&server));
    const char *url = format("http://%s", server.address);
    const char *message = message_of(url), *in_background = background_message_of(url);
    stop_tls_server(&server);
    /* This one hangs up without a word. */
    CHECK_BEGINS(message, format("the connection to %s broke: ", url));
    CHECK_HAS(message, "if it expects TLS, base_url must begin with https://");
    CHECK_BEGINS(in_background, format("the connection to %s broke: ", url));
    CHECK_HAS(in_background, "if it expects TLS, base_url must begin with https://");
    /* Others say in TLS that they understood nothing: an alert. */
    tcp_server *alerting = tcp_serve_bytes("\x15\x03\x03\x00\x02\x02\x46", 7);
    message = message_of(tcp_url(alerting));
    CHECK_HAS(message, tcp_url(alerting));
    CHECK_HAS(message, "https://");
    tcp_stop(alerting);
    return true;
}

/* What has responded once speaks HTTP, whatever becomes of it later. */
static bool a_server_that_has_responded_is_not_suspected_of_tls(void) {
    static const char *const faults[] = {"'reset':true", "'hangup':'before'"};
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_options options = test_options();
    options.delivery_timeout_ms = 200; /* over before a second attempt, which it could cut short */
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fault(format("{'path':'/event',%s,'times':0}", faults[i]));
        axonpush_error *error = NULL;
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
        CHECK_LACKS(axonpush_error_message(error), "TLS");
        axonpush_error_free(error);
        tally *tally = tally_new(1);
        CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
        CHECK(tally_wait(tally, 1, 20000));
        CHECK_HAS(tally->deliveries[0].message, "broke");
        CHECK_LACKS(tally->deliveries[0].message, "TLS");
        dev("DELETE", "/_dev/faults", NULL);
    }
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

static bool a_certificate_that_is_not_trusted_is_named_with_its_server(void) {
    tls_server server;
    CHECK(start_tls_server(&server));
    const char *url = format("https://localhost%s", strrchr(server.address, ':'));
    const char *message = message_of(url);
    stop_tls_server(&server);
    CHECK_BEGINS(message, format("TLS with %s failed: ", url));
    CHECK_HAS(message, "ertificate");
    CHECK_LACKS(message, "does base_url need");
    return true;
}

/* ---- Too late ---- */

static void say_nothing(tcp_server *server, int fd) {
    char part[4096];
    (void)server;
    while (recv(fd, part, sizeof part, 0) > 0) continue;
}

static const char *late_message(const char *base_url, const char *proxy) {
    axonpush_options options = test_options();
    options.base_url = base_url;
    options.proxy = proxy;
    options.timeout_ms = 500;
    return message_with(&options);
}

/* What was awaited, of whom, and for how long: the limit, not what a clock made of it. */
static bool a_timeout_says_what_was_awaited(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    CHECK_BEGINS(late_message(server_url(), NULL), format("no complete response from %s within 500 ms", server_url()));
    CHECK_BEGINS(late_message(blackhole_url(), NULL), format("no connection to %s within 500 ms", blackhole_url()));
    CHECK_BEGINS(late_message("http://" SLOW_NAME, NULL), "no address for " SLOW_NAME " within 500 ms");
    tcp_server *silent = tcp_serve(say_nothing);
    const char *url = format("https%s", tcp_url(silent) + strlen("http"));
    CHECK_BEGINS(late_message(url, NULL), format("no TLS connection with %s within 500 ms", url));
    const char *message = late_message("https://" UNKNOWN_NAME, tcp_url(silent));
    CHECK_HAS(message, format("the proxy %s", tcp_url(silent)));
    CHECK_HAS(message, "within 500 ms");
    tcp_stop(silent);
    return true;
}

static bool no_limit_is_named_that_did_not_matter(void) {
    CHECK_LACKS(late_message(blackhole_url(), NULL), "5000");
    return true;
}

/* Where a call's own deadline was the limit, it is the one that is named. */
static bool a_deadline_that_has_passed_is_named(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    axonpush_client *client = test_client();
    axonpush_call_timeout_set(300);
    axonpush_event event = test_event();
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    /* What was left of it when the request began. */
    const char *begin = format("no complete response from %s within ", server_url());
    CHECK_BEGINS(axonpush_error_message(error), begin);
    int limit = atoi(axonpush_error_message(error) + strlen(begin));
    CHECK(200 < limit && limit <= 300);
    axonpush_error_free(error);
    axonpush_call_timeout_set(0);
    /* One that had passed before the call has nothing to do with names and addresses. */
    axonpush_client *call = axonpush_call_new(client, 1, NULL);
    sleep_ms(50);
    CHECK_STATUS(axonpush_events_publish(call, &event, NULL, &error), error, AXONPUSH_ERR_CONNECTION);
    CHECK_HAS(axonpush_error_message(error), "deadline");
    CHECK_LACKS(axonpush_error_message(error), "no address");
    axonpush_error_free(error);
    axonpush_close(client);
    return true;
}

/* ---- Broken off ---- */

static bool a_connection_that_breaks_is_named(void) {
    static const char *const faults[] = {"'reset':true", "'hangup':'before'", "'truncate':5"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        dev("POST", "/_dev/reset", NULL);
        fault(format("{'path':'/event',%s}", faults[i]));
        CHECK_BEGINS(message_of(server_url()), format("the connection to %s broke: ", server_url()));
    }
    return true;
}

static bool what_is_not_http_is_called_so(void) {
    tcp_server *server = tcp_serve_text("SSH-2.0-OpenSSH_9.6\r\n");
    const char *message = message_of(tcp_url(server));
    CHECK_HAS(message, tcp_url(server));
    CHECK_HAS(message, "not HTTP");
    tcp_stop(server);
    return true;
}

/* ---- A proxy that cannot be one ---- */

static bool a_malformed_proxy_is_found_when_the_client_is_made(void) {
    static const char *const malformed[] = {"http://", "http://user:secret@", "socks5://127.0.0.1:1080", "ftp://proxy:21",
                                            "http://proxy:99999", "http://proxy:port", "http://proxy/secret", "::secret",
                                            "http://pro xy:1"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        static const struct {
            const char *variable, *base_url;
        } sources[] = {{NULL, "http://service.invalid"},
                       {"HTTP_PROXY", "http://service.invalid"},
                       {"http_proxy", "http://service.invalid"},
                       {"HTTPS_PROXY", "https://service.invalid"},
                       {"https_proxy", "https://service.invalid"}};
        for (size_t k = 0; k < sizeof sources / sizeof *sources; k++) {
            axonpush_options options = test_options();
            options.base_url = sources[k].base_url;
            if (sources[k].variable) setenv(sources[k].variable, malformed[i], 1);
            else options.proxy = malformed[i];
            axonpush_error *error = NULL;
            axonpush_client *client = axonpush_new(&options, &error);
            if (sources[k].variable) unsetenv(sources[k].variable);
            if (client) printf("  %s %s\n", sources[k].variable ? sources[k].variable : "option", malformed[i]);
            CHECK(client == NULL);
            CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
            CHECK_HAS(axonpush_error_message(error), sources[k].variable ? sources[k].variable : "proxy");
            CHECK_LACKS(axonpush_error_message(error), "secret");
            axonpush_error_free(error);
        }
    }
    return true;
}

static bool a_malformed_proxy_that_is_not_used_does_not_matter(void) {
    axonpush_error *error = NULL;
    axonpush_event event = test_event();
    for (int how = 0; how < 3; how++) {
        axonpush_options options = test_options();
        setenv(how == 2 ? "HTTPS_PROXY" : "HTTP_PROXY", "socks5://h", 1);
        if (how == 0) options.proxy = "";
        if (how == 1) setenv("NO_PROXY", "127.0.0.1", 1);
        axonpush_client *client = axonpush_new(&options, &error);
        unsetenv("HTTP_PROXY");
        unsetenv("HTTPS_PROXY");
        unsetenv("NO_PROXY");
        CHECK_STATUS(client ? AXONPUSH_OK : axonpush_error_status(error), error, AXONPUSH_OK);
        CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
        axonpush_close(client);
    }
    return true;
}

/* ---- The log ---- */

static struct {
    pthread_mutex_t lock;
    int debug_lines;
    char text[30000];
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(axonpush_log_level level, const char *message, void *user_data) {
    (void)user_data;
    pthread_mutex_lock(&heard.lock);
    heard.debug_lines += level == AXONPUSH_LOG_DEBUG;
    size_t used = strlen(heard.text);
    snprintf(heard.text + used, sizeof heard.text - used, "%d %s\n", level, message);
    pthread_mutex_unlock(&heard.lock);
}

static void listen_at(axonpush_log_level level) {
    heard.debug_lines = 0;
    heard.text[0] = 0;
    axonpush_log_set(level, note, NULL);
}

static bool to_stderr_again(void) {
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return true;
}

static bool a_warning_says_where_too(void) {
    listen_at(AXONPUSH_LOG_WARN);
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    options.shutdown_timeout_ms = 1;
    for (int background = 0; background < 2; background++) {
        axonpush_client *client = client_with(&options);
        axonpush_event event = test_event();
        if (background) {
            CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
            sleep_ms(200);
        } else {
            CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
        }
        axonpush_close(client);
        CHECK_HAS(heard.text, format("2 POST /event failed: cannot connect to %s: Connection refused", dead_url()));
        heard.text[0] = 0;
    }
    return to_stderr_again();
}

static bool a_completion_is_told_where_too(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.delivery_timeout_ms = 300;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1, 20000));
    CHECK_INT(delivery_status(tally, 0), AXONPUSH_ERR_CONNECTION);
    CHECK_HAS(tally->deliveries[0].message, dead_url());
    axonpush_close(client);
    return to_stderr_again();
}

static bool debug_tells_of_requests_that_succeed(void) {
    listen_at(AXONPUSH_LOG_DEBUG);
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    event.payload = "{\"password\":\"hush\",\"x\":\"private matter\"}";
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_HAS(heard.text, format("4 POST %s/event: HTTP 200 in ", server_url()));
    heard.text[0] = 0;
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    /* The line is written on a thread of the library's, soon after. */
    for (int i = 0; i < 500 && !strstr(heard.text, "HTTP 200 in "); i++) sleep_ms(10);
    CHECK_HAS(heard.text, format("4 POST %s/event: HTTP 200 in ", server_url()));
    CHECK_INT(axonpush_apps_list(client, NULL, NULL), AXONPUSH_OK);
    CHECK_HAS(heard.text, format("4 GET %s/apps: HTTP 200 in ", server_url()));
    CHECK_INT(axonpush_apps_create(client, "n", NULL, NULL), AXONPUSH_OK);
    CHECK_HAS(heard.text, format("4 POST %s/apps: HTTP 201 in ", server_url()));
    CHECK_LACKS(heard.text, "secret");
    CHECK_LACKS(heard.text, "hush");
    CHECK_LACKS(heard.text, "private");
    axonpush_close(client);
    return to_stderr_again();
}

static bool other_levels_do_not(void) {
    listen_at(AXONPUSH_LOG_INFO);
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_LACKS(heard.text, "HTTP 200");
    axonpush_close(client);
    return to_stderr_again();
}

/* A program of its own, since the library reads the variable once. */
static int publish_once(void) {
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    axonpush_status status = axonpush_events_publish(client, &event, NULL, NULL);
    axonpush_close(client);
    return status;
}

static bool the_variable_asks_for_it(void) {
    setenv("AXONPUSH_LOG", "debug", 1);
    outcome child = in_role("publish");
    CHECK_EXIT(child, AXONPUSH_OK);
    CHECK_HAS(child.err, format("axonpush: debug: POST %s/event: HTTP 200 in ", server_url()));
    CHECK_TEXT(child.out, "");
    setenv("AXONPUSH_LOG", "info", 1);
    child = in_role("publish");
    CHECK_EXIT(child, AXONPUSH_OK);
    CHECK_TEXT(child.err, "");
    return true;
}

/* The header says of such an event that it has probably arrived, and so does the log. */
static bool a_success_that_cannot_be_read_is_not_called_lost(void) {
    fault("{'path':'/event','status':200,'body':'no JSON','times':0}");
    listen_at(AXONPUSH_LOG_WARN);
    axonpush_client *client = test_client();
    tally *tally = tally_new(1);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK_INT(delivery_status(tally, 0), AXONPUSH_ERR_DECODE);
    CHECK_HAS(heard.text, "probably arrived");
    CHECK_LACKS(heard.text, "lost");
    return to_stderr_again();
}

/* ---- A mistake that was made before ---- */

static bool a_payload_that_the_writer_refused_leads_to_the_writers_error(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_string(json, NULL, "a member without a key");
    axonpush_event event = test_event();
    event.payload = axonpush_json_text(json, NULL, NULL);
    CHECK(event.payload == NULL);
    axonpush_client *client = test_client();
    axonpush_error *error = NULL;
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "axonpush_json_text");
    axonpush_error_free(error);
    axonpush_json_free(json);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_refused_connection_names_the_url_and_the_address),
        TEST(an_unknown_host_is_named),
        TEST(a_dead_proxy_is_not_mistaken_for_a_dead_service),
        TEST(a_proxy_that_does_not_exist_is_named),
        TEST(a_proxy_that_refuses_is_named_with_the_service),
        TEST(https_to_an_http_port_is_no_riddle),
        TEST(http_to_an_https_port_is_no_riddle),
        TEST(a_server_that_has_responded_is_not_suspected_of_tls),
        TEST(a_certificate_that_is_not_trusted_is_named_with_its_server),
        TEST(a_timeout_says_what_was_awaited),
        TEST(no_limit_is_named_that_did_not_matter),
        TEST(a_deadline_that_has_passed_is_named),
        TEST(a_connection_that_breaks_is_named),
        TEST(what_is_not_http_is_called_so),
        TEST(a_malformed_proxy_is_found_when_the_client_is_made),
        TEST(a_malformed_proxy_that_is_not_used_does_not_matter),
        TEST(a_warning_says_where_too),
        TEST(a_completion_is_told_where_too),
        TEST(debug_tells_of_requests_that_succeed),
        TEST(other_levels_do_not),
        TEST(the_variable_asks_for_it),
        TEST(a_success_that_cannot_be_read_is_not_called_lost),
        TEST(a_payload_that_the_writer_refused_leads_to_the_writers_error),
    };
    return role_of(argc, argv) ? publish_once() : RUN_TESTS(tests, argc, argv);
}
