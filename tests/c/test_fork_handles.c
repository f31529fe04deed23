/* Call handles and the polled log in a forked child: they are its parent's. */
#include "child.h"
#include "tally.h"

#include <pthread.h>

/* Why a child failed: its exit code. */
enum { FINE = 0, NOT_INVALID = 20, NOT_MADE, NOT_PUBLISHED, NOT_CANCELLED, NOT_DELIVERED, LINES_THERE, NO_LINE, TOO_LATE };

static axonpush_client *client, *call, *cancelled;

static axonpush_status publish(axonpush_client *handle) {
    axonpush_event event = test_event();
    return axonpush_events_publish(handle, &event, NULL, NULL);
}

static axonpush_status queue_one(axonpush_client *handle) {
    axonpush_event event = test_event();
    return axonpush_events_publish_async(handle, &event, NULL, NULL, NULL);
}

static void make_handles(void) {
    axonpush_options options = test_options();
    options.timeout_ms = 60000;
    client = client_with(&options);
    call = axonpush_call_new(client, 0, NULL);
    cancelled = axonpush_call_new(client, 0, NULL);
    axonpush_call_cancel(cancelled);
}

/* ---- Call handles ---- */

static int use_the_parents_handles(void) {
    axonpush_client *handles[] = {call, cancelled};
    for (int i = 0; i < 2; i++) {
        if (publish(handles[i]) != AXONPUSH_ERR_INVALID_HANDLE) return NOT_INVALID;
        if (queue_one(handles[i]) != AXONPUSH_ERR_INVALID_HANDLE) return NOT_INVALID;
        if (axonpush_flush(handles[i], 0, NULL) != AXONPUSH_ERR_INVALID_HANDLE) return NOT_INVALID;
        if (axonpush_call_new(handles[i], 0, NULL) != NULL) return NOT_INVALID;
    }
    /* The client itself is the child's own. */
    return publish(client) == AXONPUSH_OK ? FINE : NOT_PUBLISHED;
}

static int get_rid_of_the_parents_handles(void) {
    axonpush_call_cancel(call);
    axonpush_call_free(call);
    axonpush_call_free(call);
    axonpush_close(cancelled);
    axonpush_call_free(cancelled);
    if (publish(client) != AXONPUSH_OK) return NOT_PUBLISHED;
    axonpush_close(client);
    axonpush_close(call);
    return publish(call) == AXONPUSH_ERR_INVALID_HANDLE ? FINE : NOT_INVALID;
}

static int make_handles_of_its_own(void) {
    /* Before any other call: the client is made anew by it. */
    axonpush_client *own = axonpush_call_new(client, 20000, NULL);
    if (!own) return NOT_MADE;
    if (publish(own) != AXONPUSH_OK || queue_one(own) != AXONPUSH_OK) return NOT_PUBLISHED;
    axonpush_call_cancel(own);
    if (publish(own) != AXONPUSH_ERR_CANCELLED) return NOT_CANCELLED;
    axonpush_call_free(own);
    if (axonpush_flush(client, 20000, NULL) != AXONPUSH_OK) return NOT_DELIVERED;
    axonpush_close(client);
    return FINE;
}

static int leave_them_open(void) {
    return axonpush_call_new(client, 0, NULL) ? FINE : NOT_MADE;
}

static bool a_child_cannot_use_its_parents_call_handles(void) {
    make_handles();
    CHECK_INT(publish(call), AXONPUSH_OK);
    outcome child = in_child(use_the_parents_handles);
    CHECK_EXIT(child, FINE);
    child = in_child(get_rid_of_the_parents_handles);
    CHECK_EXIT(child, FINE);
    child = in_child(make_handles_of_its_own);
    CHECK_EXIT(child, FINE);
    child = in_child(leave_them_open);
    CHECK_EXIT(child, FINE);
    /* The parent's are as they were. */
    CHECK_INT(publish(call), AXONPUSH_OK);
    CHECK_INT(publish(cancelled), AXONPUSH_ERR_CANCELLED);
    axonpush_close(client);
    return true;
}

static struct {
    axonpush_status status;
    bool returned;
} parents_call;

static void *publish_on_a_thread(void *data) {
    parents_call.status = publish(data);
    __atomic_store_n(&parents_call.returned, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool a_child_cannot_cancel_its_parents_calls(void) {
    fault("{'path':'/event','delayMs':1500}");
    make_handles();
    pthread_t thread;
    parents_call.returned = false;
    CHECK_INT(pthread_create(&thread, NULL, publish_on_a_thread, call), 0);
    while (request_count() < 1) sleep_ms(5);
    outcome child = in_child(get_rid_of_the_parents_handles);
    bool returned_early = __atomic_load_n(&parents_call.returned, __ATOMIC_ACQUIRE);
    pthread_join(thread, NULL);
    CHECK_EXIT(child, FINE);
    CHECK(slow_machine() || !returned_early);
    CHECK_INT(parents_call.status, AXONPUSH_OK);
    axonpush_close(client);
    return true;
}

/* Whatever locks the library holds for them at that moment. */
static bool stop;

static void *make_cancel_and_free(void *data) {
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        axonpush_client *own = axonpush_call_new(data, 1000, NULL);
        publish(own);
        axonpush_call_cancel(own);
        publish(own);
        axonpush_call_free(own);
    }
    return NULL;
}

static bool fork_is_safe_while_calls_are_made_and_cancelled(void) {
    make_handles();
    stop = false;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, make_cancel_and_free, client), 0);
    bool fine = true;
    for (int i = 0; i < scaled(60) && fine; i++) {
        outcome child = in_child(i % 2 ? make_handles_of_its_own : get_rid_of_the_parents_handles);
        fine = child.status == 0;
        if (!fine) printf("  round %d: %d\n%s", i, child.status, child.err);
        if (i % 10 == 0) dev("DELETE", "/_dev/requests", NULL);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(fine);
    axonpush_close(client);
    return true;
}

/* ---- The polled log ---- */

static char polled[2000];

static void note(axonpush_log_level level, const char *message, void *user_data) {
    (void)level;
    (void)user_data;
    size_t used = strlen(polled);
    snprintf(polled + used, sizeof polled - used, "%s\n", message);
}

static int poll_in_child(void) {
    polled[0] = 0;
    /* The lines that wait are its parent's. */
    if (axonpush_log_poll(note, NULL, 0) != 0) return LINES_THERE;
    int64_t start = now_ms();
    if (axonpush_log_poll(note, NULL, 200) != 0) return LINES_THERE;
    if (now_ms() - start < 190) return TOO_LATE;
    /* It is polled in the child, too. */
    axonpush_log_write(AXONPUSH_LOG_WARN, "the child's");
    if (axonpush_log_poll(note, NULL, 20000) != 1 || strcmp(polled, "the child's\n") != 0) return NO_LINE;
    return FINE;
}

static bool lines_that_wait_stay_with_the_parent(void) {
    axonpush_client *any = test_client();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    axonpush_log_write(AXONPUSH_LOG_WARN, "the parent's");
    outcome child = in_child(poll_in_child);
    CHECK_EXIT(child, FINE);
    CHECK_TEXT(child.err, "");
    polled[0] = 0;
    CHECK_INT(axonpush_log_poll(note, NULL, 0), 1);
    CHECK_TEXT(polled, "the parent's\n");
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    axonpush_close(any);
    return true;
}

static void *poll_for_long(void *data) {
    *(size_t *)data = axonpush_log_poll(note, NULL, 30000);
    return NULL;
}

/* A thread of the parent's is in its wait, and does not exist in the child. */
static bool a_fork_while_a_thread_polls_disturbs_neither(void) {
    axonpush_client *any = test_client();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    static size_t lines; /* A test that fails leaves the thread behind. */
    lines = 99;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, poll_for_long, &lines), 0);
    sleep_ms(150);
    outcome child = in_child(poll_in_child);
    CHECK_EXIT(child, FINE);
    polled[0] = 0;
    axonpush_log_write(AXONPUSH_LOG_WARN, "the parent's");
    int64_t start = now_ms();
    pthread_join(thread, NULL);
    CHECK(in_time(start, 0));
    CHECK_INT(lines, 1);
    CHECK_TEXT(polled, "the parent's\n");
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    axonpush_close(any);
    return true;
}

static void *log_and_poll(void *data) {
    (void)data;
    for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
        axonpush_log_write(AXONPUSH_LOG_WARN, "line");
        axonpush_log_poll(NULL, NULL, 0);
        if (i % 100 == 0) axonpush_log_set_polled(AXONPUSH_LOG_WARN, 10);
    }
    return NULL;
}

static bool fork_is_safe_while_others_log_and_poll(void) {
    axonpush_client *any = test_client();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 10);
    stop = false;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, log_and_poll, NULL), 0);
    bool fine = true;
    for (int i = 0; i < scaled(40) && fine; i++) {
        outcome child = in_child(poll_in_child);
        fine = child.status == 0;
        if (!fine) printf("  round %d: %d\n%s", i, child.status, child.err);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(fine);
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    axonpush_close(any);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(a_child_cannot_use_its_parents_call_handles),
        TEST(a_child_cannot_cancel_its_parents_calls),
        TEST(fork_is_safe_while_calls_are_made_and_cancelled),
        TEST(lines_that_wait_stay_with_the_parent),
        TEST(a_fork_while_a_thread_polls_disturbs_neither),
        TEST(fork_is_safe_while_others_log_and_poll),
    };
    return RUN_TESTS(tests, argc, argv);
}
