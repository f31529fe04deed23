/* A guest in the application's process: its faults are the application's crash reporter's, and it keeps no
   process alive. Each case is this program anew, in a role. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "child.h"
#include "tally.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* How this program ends in a role, and after how long. */
static outcome play(const char *role, int64_t *took) {
    int64_t start = now_ms();
    outcome result = in_role(role);
    *took = now_ms() - start;
    return result;
}

static axonpush_client *client_at(const char *url, uint32_t shutdown_timeout_ms) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.shutdown_timeout_ms = shutdown_timeout_ms;
    return client_with(&options);
}

static axonpush_status queue_one(axonpush_client *client) {
    axonpush_event event = test_event();
    return axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
}

static axonpush_status publish(axonpush_client *client) {
    axonpush_event event = test_event();
    return axonpush_events_publish(client, &event, NULL, NULL);
}

/* ---- Faults ---- */

/* The application's crash reporter: says what it was told, on which thread, and ends the process. */
static void report(int number, siginfo_t *info, void *context) {
    char line[64] = "signal  on ", name[17] = "";
    (void)context;
    line[7] = (char)('0' + number / 10 % 10);
    line[8] = (char)('0' + number % 10);
    prctl(PR_GET_NAME, name, 0, 0, 0);
    line[9] = info ? ' ' : '?';
    strcpy(line + 10, "on ");
    strcat(line, name);
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(1);
    _exit(0);
}

static void install_reporter(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = report;
    action.sa_flags = SA_SIGINFO;
    sigaction(number, &action, NULL);
}

static int fault_number;

static void fault_now(void) {
    static char *volatile nowhere;
    if (fault_number == SIGSEGV) *nowhere = 1;
    if (fault_number == SIGBUS) {
        /* A page of a file that has none. */
        FILE *empty = tmpfile();
        char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(empty), 0);
        *(volatile char *)page = 1;
    }
    raise(fault_number);
}

static void fault_in_the_completion(axonpush_status status, const axonpush_response *response,
                                    const axonpush_error *error, void *user_data) {
    (void)status;
    (void)response;
    (void)error;
    (void)user_data;
    fault_now();
}

static int fault_on_a_worker(int number) {
    install_reporter(fault_number = number);
    axonpush_client *client = client_at(server_url(), 10000);
    axonpush_event event = test_event();
    axonpush_events_publish_async(client, &event, fault_in_the_completion, NULL, NULL);
    axonpush_flush(client, 20000, NULL);
    axonpush_close(client);
    return 9; /* It came through. */
}

static bool fault_in_look_up;

/* What the library's look-up thread calls. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    union {
        void *symbol;
        int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    if (fault_in_look_up) fault_now();
    return real.function(node, service, hints, found);
}

static int fault_on_the_look_up_thread(void) {
    install_reporter(fault_number = SIGSEGV);
    fault_in_look_up = true;
    axonpush_client *client = client_at(format("http://localhost%s", strrchr(server_url(), ':')), 10000);
    publish(client);
    return 9;
}

static bool a_fault_on_our_thread_reaches_the_applications_handler(void) {
    static const struct {
        const char *name;
        int number;
    } faults[] = {{"segv", SIGSEGV}, {"bus", SIGBUS}, {"fpe", SIGFPE}, {"ill", SIGILL}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        int64_t took;
        outcome child = play(faults[i].name, &took);
        CHECK_EXIT(child, 0);
        CHECK(strncmp(child.out, format("signal %02d on axonpush-", faults[i].number), 22) == 0);
        CHECK_TEXT(child.err, "");
    }
    return true;
}

static bool a_fault_on_the_look_up_thread_does_too(void) {
    int64_t took;
    outcome child = play("look-up", &took);
    CHECK_EXIT(child, 0);
    CHECK_TEXT(child.out, "signal 11 on axonpush-dns");
    return true;
}

/* ---- A main thread that ends by pthread_exit() ---- */

static void *publish_for_a_while(void *data) {
    /* The library's threads have found out meanwhile that the main thread is gone; events are delivered nevertheless. */
    for (int i = 0; i < 3; i++) {
        sleep_ms(1300);
        if (publish(data) != AXONPUSH_OK) printf("not published\n");
        if (queue_one(data) != AXONPUSH_OK) printf("not accepted\n");
        if (axonpush_flush(data, 10000, NULL) != AXONPUSH_OK) printf("not flushed\n");
    }
    printf("the thread is done\n");
    return NULL;
}

static void *publish_and_close(void *data) {
    sleep_ms(500);
    for (int i = 0; i < 5; i++) queue_one(data);
    axonpush_close(data);
    printf("the thread is done\n");
    return NULL;
}

static void start(void *(*run)(void *), axonpush_client *client) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, client) != 0) exit(1);
    pthread_detach(thread);
}

static void say_that_it_ends(void) {
    printf("exit handlers run\n");
}

/* What the main thread does before it ends. */
static int leave(const char *how) {
    atexit(say_that_it_ends);
    axonpush_client *client;
    if (strcmp(how, "idle") == 0) {
        client = client_at(server_url(), 0);
        for (int i = 0; i < 20; i++) queue_one(client);
        if (axonpush_flush(client, 20000, NULL) != AXONPUSH_OK) return 1;
    } else if (strcmp(how, "long-idle") == 0) {
        client = client_at(server_url(), 0);
        queue_one(client);
        if (axonpush_flush(client, 20000, NULL) != AXONPUSH_OK) return 1;
        sleep_ms(1500);
    } else if (strcmp(how, "synchronous") == 0) {
        if (publish(client_at(server_url(), 0)) != AXONPUSH_OK) return 1;
    } else if (strcmp(how, "by-name") == 0) {
        client = client_at(format("http://localhost%s", strrchr(server_url(), ':')), 0);
        if (publish(client) != AXONPUSH_OK || queue_one(client) != AXONPUSH_OK) return 1;
    } else if (strcmp(how, "queued") == 0) {
        axonpush_options options = test_options();
        options.max_connections = 2;
        client = client_with(&options);
        for (int i = 0; i < 20; i++) queue_one(client);
    } else if (strcmp(how, "polled") == 0) {
        axonpush_options options = test_options();
        options.completion_mode = AXONPUSH_COMPLETION_POLLED;
        client = client_with(&options);
        for (int i = 0; i < 20; i++) queue_one(client);
    } else if (strcmp(how, "two") == 0) {
        for (int k = 0; k < 2; k++) {
            client = client_at(server_url(), 0);
            for (int i = 0; i < 10; i++) queue_one(client);
        }
    } else if (strcmp(how, "dead") == 0) {
        axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
        client = client_at(dead_url(), 500);
        for (int i = 0; i < 20; i++) queue_one(client);
    } else if (strcmp(how, "silent") == 0) {
        axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
        client = client_at(server_url(), 500);
        queue_one(client);
    } else if (strcmp(how, "threads-go-on") == 0) {
        client = client_at(server_url(), 0);
        queue_one(client);
        start(publish_for_a_while, client);
    } else if (strcmp(how, "closed-by-a-thread") == 0) {
        client = client_at(server_url(), 10000);
        queue_one(client);
        start(publish_and_close, client);
    } else if (strcmp(how, "closed") == 0) {
        client = client_at(server_url(), 10000);
        queue_one(client);
        axonpush_close(client);
    } else {
        return 1;
    }
    pthread_exit(NULL);
}

/* It ends by itself, with status 0 and without a word. */
static bool ends(const char *how, int limit_ms) {
    int64_t took;
    outcome child = play(format("leave-%s", how), &took);
    CHECK_EXIT(child, 0);
    CHECK_LACKS(child.err, "panicked");
    CHECK_TEXT(child.err, "");
    CHECK_HAS(child.out, "exit handlers run\n");
    if (took > limit_ms + (slow_machine() ? 5000 : 0)) printf("  it took %d ms\n", (int)took);
    CHECK(took <= limit_ms + (slow_machine() ? 5000 : 0));
    return true;
}

static bool a_process_whose_main_thread_has_ended_ends_soon(void) {
    CHECK(ends("idle", 3000));
    CHECK_INT(server_stat("storedEvents"), 20);
    CHECK(ends("long-idle", 1500 + 3000));
    CHECK(ends("closed", 3000));
    dev("POST", "/_dev/reset", NULL);
    CHECK(ends("synchronous", 3000));
    CHECK_INT(server_stat("storedEvents"), 1);
    CHECK(ends("by-name", 3000));
    CHECK_INT(server_stat("storedEvents"), 3);
    return true;
}

static bool events_that_were_queued_are_delivered(void) {
    fault("{'path':'/event','delayMs':50,'times':0}");
    CHECK(ends("queued", 4000));
    CHECK_INT(server_stat("storedEvents"), 20);
    dev("POST", "/_dev/reset", NULL);
    CHECK(ends("two", 4000));
    CHECK_INT(server_stat("storedEvents"), 20);
    dev("POST", "/_dev/reset", NULL);
    CHECK(ends("polled", 4000));
    CHECK_INT(server_stat("storedEvents"), 20);
    return true;
}

static bool other_threads_of_the_application_go_on(void) {
    int64_t took;
    outcome child = play("leave-threads-go-on", &took);
    CHECK_EXIT(child, 0);
    CHECK_TEXT(child.err, "");
    CHECK_TEXT(child.out, "the thread is done\nexit handlers run\n");
    CHECK_INT(server_stat("storedEvents"), 7);
    CHECK(slow_machine() || took < 3900 + 3500);
    dev("POST", "/_dev/reset", NULL);
    child = play("leave-closed-by-a-thread", &took);
    CHECK_EXIT(child, 0);
    CHECK_TEXT(child.err, "");
    CHECK_TEXT(child.out, "the thread is done\nexit handlers run\n");
    CHECK_INT(server_stat("storedEvents"), 6);
    return true;
}

/* What cannot be delivered holds the process no longer than close() would have. */
static bool a_service_that_is_away_does_not_keep_the_process_alive(void) {
    CHECK(ends("dead", 4000));
    fault("{'path':'/event','silent':true,'times':0}");
    CHECK(ends("silent", 4000));
    return true;
}

static int act(const char *name) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(name, "segv") == 0) return fault_on_a_worker(SIGSEGV);
    if (strcmp(name, "bus") == 0) return fault_on_a_worker(SIGBUS);
    if (strcmp(name, "fpe") == 0) return fault_on_a_worker(SIGFPE);
    if (strcmp(name, "ill") == 0) return fault_on_a_worker(SIGILL);
    if (strcmp(name, "look-up") == 0) return fault_on_the_look_up_thread();
    return strncmp(name, "leave-", 6) == 0 ? leave(name + 6) : 126;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_fault_on_our_thread_reaches_the_applications_handler),
        TEST(a_fault_on_the_look_up_thread_does_too),
        TEST(a_process_whose_main_thread_has_ended_ends_soon),
        TEST(events_that_were_queued_are_delivered),
        TEST(other_threads_of_the_application_go_on),
        TEST(a_service_that_is_away_does_not_keep_the_process_alive),
    };
    const char *role = role_of(argc, argv);
    return role ? act(role) : RUN_TESTS(tests, argc, argv);
}
