/* Manners: what the library does to the process that it lives in. */
#include "check.h"
#include "child.h"

#include <pthread.h>

static axonpush_status publish(axonpush_client *client) {
    axonpush_event event = test_event();
    return axonpush_events_publish(client, &event, NULL, NULL);
}

/* ---- fork ---- */

static axonpush_client *inherited;

static int publish_in_child(void) {
    axonpush_status status = publish(inherited);
    if (status == AXONPUSH_OK) status = publish(inherited);
    axonpush_close(inherited);
    return status;
}

static int publish_in_child_and_just_exit(void) {
    return publish(inherited);
}

static int use_it_not_at_all(void) {
    return 0;
}

static int close_it_at_once(void) {
    axonpush_close(inherited);
    return publish(inherited);
}

static int make_a_new_one(void) {
    axonpush_client *client = test_client();
    axonpush_status status = publish(client);
    axonpush_close(client);
    return status;
}

static bool parent_and_child_both_publish(void) {
    inherited = test_client();
    CHECK_INT(publish(inherited), AXONPUSH_OK);
    outcome child = in_child(publish_in_child);
    CHECK_EXIT(child, AXONPUSH_OK);
    child = in_child(publish_in_child_and_just_exit);
    CHECK_EXIT(child, AXONPUSH_OK);
    child = in_child(use_it_not_at_all);
    CHECK_EXIT(child, 0);
    child = in_child(close_it_at_once);
    CHECK_EXIT(child, AXONPUSH_ERR_INVALID_HANDLE);
    child = in_child(make_a_new_one);
    CHECK_EXIT(child, AXONPUSH_OK);
    /* The parent's connection is untouched by all that. */
    CHECK_INT(publish(inherited), AXONPUSH_OK);
    axonpush_stats stats = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(inherited, &stats, NULL), AXONPUSH_OK);
    CHECK_INT(stats.connections, 1);
    CHECK_INT(request_count(), 6);
    axonpush_close(inherited);
    /* A child repeats none of its parent's ids, nor do two children. */
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(request_header(i, "idempotency-key"), request_header(k, "idempotency-key")) != 0);
            CHECK(strcmp(json_text(request_body(i), "/spanId"), json_text(request_body(k), "/spanId")) != 0);
        }
    }
    return true;
}

static int fork_again(void) {
    if (publish(inherited) != AXONPUSH_OK) return 100;
    pid_t grandchild = fork();
    if (grandchild == 0) _exit(publish(inherited));
    int status = -1;
    waitpid(grandchild, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != AXONPUSH_OK) return 101;
    return publish(inherited);
}

static bool a_grandchild_publishes_too(void) {
    inherited = test_client();
    outcome child = in_child(fork_again);
    CHECK_EXIT(child, AXONPUSH_OK);
    CHECK_INT(server_stat("storedEvents"), 3);
    axonpush_close(inherited);
    return true;
}

static bool stop;

static void *publish_until_stopped(void *data) {
    (void)data;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        publish(inherited);
        axonpush_client *other = test_client();
        publish(other);
        axonpush_close(other);
    }
    return NULL;
}

static bool fork_is_safe_while_threads_publish(void) {
    inherited = test_client();
    stop = false;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, publish_until_stopped, NULL), 0);
    bool fine = true;
    for (int i = 0; i < scaled(60) && fine; i++) {
        outcome child = in_child(publish_in_child);
        fine = child.status == 0;
        if (!fine) printf("  round %d: %d\n%s", i, child.status, child.err);
        if (i % 10 == 0) dev("DELETE", "/_dev/requests", NULL);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(fine);
    axonpush_close(inherited);
    return true;
}

/* ---- output ---- */

static int do_everything_loudly(void) {
    setenv("AXONPUSH_LOG", "debug", 1);
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    publish(client);
    axonpush_events_search(client, NULL, NULL, NULL);
    axonpush_close(client);
    options.base_url = dead_url();
    client = client_with(&options);
    publish(client);
    axonpush_request(client, "GET", "/x", NULL, NULL, 0, NULL, NULL);
    axonpush_close(client);
    return 0;
}

static bool nothing_is_written_to_stdout(void) {
    outcome child = in_child(do_everything_loudly);
    CHECK_EXIT(child, 0);
    CHECK_TEXT(child.out, "");
    CHECK_HAS(child.err, "axonpush: ");
    return true;
}

static int fail_with_a_broken_stderr(void) {
    int ends[2];
    if (pipe(ends) != 0) return 100;
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    return do_everything_loudly();
}

static bool a_log_that_nobody_reads_does_not_end_the_process(void) {
    outcome child = in_child(fail_with_a_broken_stderr);
    CHECK_EXIT(child, 0);
    return true;
}

static int work_without_the_standard_descriptors(void) {
    close(0);
    close(1);
    close(2);
    axonpush_client *client = test_client();
    axonpush_status status = publish(client);
    axonpush_close(client);
    return status;
}

static bool it_works_without_the_standard_descriptors(void) {
    outcome child = in_child(work_without_the_standard_descriptors);
    CHECK_EXIT(child, AXONPUSH_OK);
    return true;
}

/* ---- signals ---- */

static int be_cut_off(void) {
    signal(SIGPIPE, SIG_DFL);
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    event.payload = format("{\"t\":[%s0]}", repeated("\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",", 60000));
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    for (int i = 0; i < 10; i++) axonpush_events_publish(client, &event, NULL, NULL);
    axonpush_close(client);
    return 0;
}

static bool a_connection_that_breaks_while_writing_raises_no_signal(void) {
    fault("{'path':'/event','reset':true,'times':0}");
    outcome child = in_child(be_cut_off);
    CHECK_EXIT(child, 0);
    return true;
}

static void handler(int number) {
    (void)number;
}

static bool signals_are_left_alone(void) {
    struct sigaction before[65], after, mine;
    sigset_t mask_before, mask_after;
    memset(&mine, 0, sizeof mine);
    mine.sa_handler = handler;
    sigaction(SIGUSR1, &mine, NULL);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 1; i < 65; i++) sigaction(i, NULL, &before[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);

    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    /* By name, so that it takes the look-up thread. */
    options.base_url = format("http://localhost%s", strrchr(server_url(), ':'));
    axonpush_client *client = client_with(&options);
    fault("{'path':'/event','reset':true}");
    CHECK_INT(publish(client), AXONPUSH_OK);
    CHECK_INT(publish(client), AXONPUSH_OK);
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);

    for (int i = 1; i < 65; i++) {
        /* The C library keeps two for itself. */
        if (sigaction(i, NULL, &after) != 0) continue;
        CHECK(after.sa_handler == before[i].sa_handler && after.sa_flags == before[i].sa_flags);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    for (int i = 1; i < 65; i++) CHECK_INT(sigismember(&mask_after, i), sigismember(&mask_before, i));
    sigset_t pending;
    sigpending(&pending);
    CHECK_INT(sigismember(&pending, SIGPIPE), 0);
    signal(SIGUSR1, SIG_DFL);
    return true;
}

static pthread_t calling;

static void *interrupt_the_caller(void *data) {
    (void)data;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        pthread_kill(calling, SIGUSR1);
        sleep_ms(2);
    }
    return NULL;
}

static bool a_call_survives_the_hosts_signals(void) {
    struct sigaction mine;
    memset(&mine, 0, sizeof mine); /* no SA_RESTART: system calls end with EINTR */
    mine.sa_handler = handler;
    sigaction(SIGUSR1, &mine, NULL);
    fault("{'path':'/event','delayMs':100,'times':0}");
    calling = pthread_self();
    stop = false;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, interrupt_the_caller, NULL), 0);
    axonpush_client *client = test_client();
    axonpush_status statuses[5];
    for (int i = 0; i < 5; i++) statuses[i] = publish(client);
    axonpush_close(client);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    for (int i = 0; i < 5; i++) CHECK_INT(statuses[i], AXONPUSH_OK);
    return true;
}

/* ---- exit ---- */

static int leave_a_client_open(void) {
    axonpush_client *client = test_client();
    return publish(client) == AXONPUSH_OK ? 7 : 1;
}

static bool the_exit_code_is_the_hosts(void) {
    outcome child = in_child(leave_a_client_open);
    CHECK_EXIT(child, 7);
    return true;
}

static void *publish_once(void *data) {
    publish(data);
    return NULL;
}

static int leave_in_the_middle_of_a_call(void) {
    axonpush_options options = test_options();
    options.timeout_ms = 50000;
    options.shutdown_timeout_ms = 300;
    pthread_t thread;
    if (pthread_create(&thread, NULL, publish_once, client_with(&options)) != 0) return 1;
    sleep_ms(500);
    return 7;
}

static bool exit_does_not_wait_for_a_call_that_is_stuck(void) {
    fault("{'path':'/event','silent':true,'times':0}");
    int64_t start = now_ms();
    outcome child = in_child(leave_in_the_middle_of_a_call);
    CHECK_EXIT(child, 7);
    CHECK(now_ms() - start < 20000);
    return true;
}

static axonpush_client *closed_at_exit;

static void close_late(void) {
    axonpush_close(closed_at_exit);
    axonpush_event event = test_event();
    if (axonpush_events_publish(closed_at_exit, &event, NULL, NULL) != AXONPUSH_ERR_INVALID_HANDLE) _exit(9);
}

static int close_in_an_exit_handler(void) {
    closed_at_exit = test_client();
    publish(closed_at_exit);
    atexit(close_late);
    return 7;
}

static bool a_client_may_be_closed_in_an_exit_handler(void) {
    outcome child = in_child(close_in_an_exit_handler);
    CHECK_EXIT(child, 7);
    return true;
}

static int close_in_an_older_exit_handler(void) {
    atexit(close_late);
    closed_at_exit = test_client();
    publish(closed_at_exit);
    return 7;
}

/* Runs first: the library has not been used yet, and its own exit handler comes later than the application's,
   so that it runs before it. */
static bool an_exit_handler_older_than_the_library_may_call_it(void) {
    outcome child = in_child(close_in_an_older_exit_handler);
    CHECK_EXIT(child, 7);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(an_exit_handler_older_than_the_library_may_call_it),
        TEST(parent_and_child_both_publish),
        TEST(a_grandchild_publishes_too),
        TEST(fork_is_safe_while_threads_publish),
        TEST(nothing_is_written_to_stdout),
        TEST(a_log_that_nobody_reads_does_not_end_the_process),
        TEST(it_works_without_the_standard_descriptors),
        TEST(a_connection_that_breaks_while_writing_raises_no_signal),
        TEST(signals_are_left_alone),
        TEST(a_call_survives_the_hosts_signals),
        TEST(the_exit_code_is_the_hosts),
        TEST(exit_does_not_wait_for_a_call_that_is_stuck),
        TEST(a_client_may_be_closed_in_an_exit_handler),
    };
    return RUN_TESTS(tests, argc, argv);
}
