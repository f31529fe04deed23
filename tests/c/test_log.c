/* What is logged, how much of it, and where it goes. */
#include "check.h"
#include "child.h"

#include <pthread.h>

static struct {
    pthread_mutex_t lock;
    int lines[5], others;
    char all[100000];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(axonpush_log_level level, const char *message, void *user_data) {
    pthread_mutex_lock(&logged.lock);
    if (level >= 0 && level <= 4 && user_data == &logged) logged.lines[level]++;
    else logged.others++;
    size_t used = strlen(logged.all);
    snprintf(logged.all + used, sizeof logged.all - used, "%s\n", message);
    pthread_mutex_unlock(&logged.lock);
}

static void listen(axonpush_log_level level) {
    memset(logged.lines, 0, sizeof logged.lines);
    logged.others = 0;
    logged.all[0] = 0;
    axonpush_log_set(level, note, &logged);
}

/* One event to a dead service, by a client of its own, under fail-open: one warning. */
static axonpush_status fail_once(void) {
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    axonpush_status status = axonpush_events_publish(client, &event, NULL, NULL);
    axonpush_close(client);
    return status;
}

/* ---- In children, whose library has not been used yet: these run first ---- */

static int fail_in_child(void) {
    return fail_once();
}

static int fail_with_a_bad_level(void) {
    axonpush_options options = test_options();
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(&options, &error);
    bool named = client == NULL && axonpush_error_status(error) == AXONPUSH_ERR_CONFIG &&
                 strstr(axonpush_error_message(error), "AXONPUSH_LOG") &&
                 strstr(axonpush_error_message(error), "verbose");
    axonpush_error_free(error);
    return named ? 0 : 1;
}

static int choose_stderr_and_fail(void) {
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return fail_once();
}

static bool warnings_go_to_stderr_out_of_the_box(void) {
    outcome child = in_child(fail_in_child);
    CHECK_EXIT(child, 0);
    CHECK_TEXT(child.out, "");
    CHECK(strncmp(child.err, "axonpush: warning: ", 19) == 0);
    CHECK_HAS(child.err, "POST /event");
    CHECK_LACKS(child.err, "secret");
    /* One line. */
    CHECK(strchr(child.err, '\n') == child.err + strlen(child.err) - 1);
    return true;
}

static bool the_variable_sets_the_level(void) {
    static const struct {
        const char *value;
        bool silent;
    } cases[] = {{"off", true}, {"error", true}, {"warn", false}, {"info", false}, {"DEBUG", false}, {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("AXONPUSH_LOG", cases[i].value, 1);
        outcome child = in_child(fail_in_child);
        CHECK_EXIT(child, 0);
        CHECK_INT(child.err[0] == 0, cases[i].silent);
    }
    return true;
}

static bool an_unknown_level_in_the_variable_is_a_configuration_error(void) {
    setenv("AXONPUSH_LOG", "verbose", 1);
    outcome child = in_child(fail_with_a_bad_level);
    CHECK_EXIT(child, 0);
    return true;
}

static bool log_set_wins_over_the_variable(void) {
    setenv("AXONPUSH_LOG", "off", 1);
    outcome child = in_child(choose_stderr_and_fail);
    CHECK_EXIT(child, 0);
    CHECK_HAS(child.err, "axonpush: warning: ");
    return true;
}

/* ---- In this process ---- */

static bool the_hook_gets_line_level_and_user_data(void) {
    listen(AXONPUSH_LOG_WARN);
    CHECK_INT(fail_once(), AXONPUSH_OK);
    CHECK_INT(logged.lines[AXONPUSH_LOG_WARN], 1);
    CHECK_INT(logged.others, 0);
    CHECK_HAS(logged.all, "POST /event");
    CHECK_LACKS(logged.all, "axonpush: warning");
    return true;
}

static bool a_level_includes_the_ones_before_it(void) {
    static const struct {
        axonpush_log_level level;
        int warnings;
    } cases[] = {
        {AXONPUSH_LOG_OFF, 0},  {AXONPUSH_LOG_ERROR, 0}, {AXONPUSH_LOG_WARN, 1}, {AXONPUSH_LOG_INFO, 1},
        {AXONPUSH_LOG_DEBUG, 1}, {-7, 0},                {INT32_MIN, 0},         {99, 1},
        {INT32_MAX, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        listen(cases[i].level);
        CHECK_INT(fail_once(), AXONPUSH_OK);
        CHECK_INT(logged.lines[AXONPUSH_LOG_WARN], cases[i].warnings);
        CHECK_INT(logged.others, 0);
        if (cases[i].level <= 0) CHECK_TEXT(logged.all, "");
    }
    return true;
}

static bool the_last_call_wins(void) {
    listen(AXONPUSH_LOG_WARN);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, NULL);
    CHECK_INT(fail_once(), AXONPUSH_OK);
    CHECK_INT(logged.lines[AXONPUSH_LOG_WARN], 0);
    CHECK_INT(logged.others, 1);
    return true;
}

static bool repetitions_are_held_back_and_counted_at_debug_level(void) {
    listen(AXONPUSH_LOG_DEBUG);
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    for (int i = 0; i < 20; i++) CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(logged.lines[AXONPUSH_LOG_WARN] >= 1);
    CHECK(logged.lines[AXONPUSH_LOG_WARN] <= 10);
    return true;
}

static void call_the_library(axonpush_log_level level, const char *message, void *user_data) {
    static bool inside;
    (void)message;
    (void)user_data;
    if (level != AXONPUSH_LOG_WARN || inside) return;
    inside = true;
    axonpush_status status = fail_once();
    axonpush_client *client = test_client();
    axonpush_event event = test_event();
    if (status == AXONPUSH_OK) status = axonpush_events_publish(client, &event, NULL, NULL);
    axonpush_close(client);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, &logged);
    if (status == AXONPUSH_OK) logged.lines[0]++;
    inside = false;
}

static bool the_hook_may_call_the_library(void) {
    listen(AXONPUSH_LOG_WARN);
    axonpush_log_set(AXONPUSH_LOG_WARN, call_the_library, NULL);
    CHECK_INT(fail_once(), AXONPUSH_OK);
    CHECK_INT(logged.lines[0], 1);
    CHECK_INT(server_stat("storedEvents"), 1);
    CHECK_INT(fail_once(), AXONPUSH_OK);
    CHECK_INT(logged.lines[AXONPUSH_LOG_WARN], 1);
    return true;
}

static axonpush_client *noisy;

static void close_the_client(axonpush_log_level level, const char *message, void *user_data) {
    (void)message;
    (void)user_data;
    if (level == AXONPUSH_LOG_WARN) axonpush_close(noisy);
}

static bool the_hook_may_close_the_client_that_logs(void) {
    axonpush_log_set(AXONPUSH_LOG_WARN, close_the_client, NULL);
    axonpush_options options = test_options();
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    options.shutdown_timeout_ms = 200;
    noisy = client_with(&options);
    axonpush_event event = test_event();
    int64_t start = now_ms();
    axonpush_status status = axonpush_events_publish(noisy, &event, NULL, NULL);
    CHECK(status == AXONPUSH_OK || status == AXONPUSH_ERR_CLOSED);
    CHECK(now_ms() - start < 10000);
    CHECK_INT(axonpush_events_publish(noisy, &event, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    listen(AXONPUSH_LOG_WARN);
    return true;
}

static bool stop;

static void *change_the_hook(void *data) {
    (void)data;
    for (int i = 0; i < scaled(2000) && !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
        axonpush_log_set(i % 3, note, i % 2 ? &logged : NULL);
    }
    return NULL;
}

static bool the_hook_may_be_changed_while_others_log(void) {
    listen(AXONPUSH_LOG_WARN);
    stop = false;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, change_the_hook, NULL), 0);
    for (int i = 0; i < scaled(200); i++) CHECK_INT(fail_once(), AXONPUSH_OK);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    return true;
}

static bool neither_key_nor_content_is_in_the_log(void) {
    listen(AXONPUSH_LOG_DEBUG);
    axonpush_options options = test_options();
    options.fail_open = AXONPUSH_ENABLED;
    options.max_retries = 1;
    axonpush_client *client = client_with(&options);
    axonpush_event event = test_event();
    event.payload = "{\"password\":\"hush-hush\",\"x\":\"private matter\"}";
    static const char *const faults[] = {"'reset':true", "'status':408,'body':{'message':'" TEST_KEY "'}",
                                         "'status':503", "'truncate':3"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fault(format("{'path':'/event','times':2,%s}", faults[i]));
        axonpush_events_publish(client, &event, NULL, NULL);
    }
    axonpush_close(client);
    CHECK(logged.lines[AXONPUSH_LOG_WARN] >= 1);
    CHECK_LACKS(logged.all, "secret");
    CHECK_LACKS(logged.all, "hush");
    CHECK_LACKS(logged.all, "private");
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(warnings_go_to_stderr_out_of_the_box),
        TEST(the_variable_sets_the_level),
        TEST(an_unknown_level_in_the_variable_is_a_configuration_error),
        TEST(log_set_wins_over_the_variable),
        TEST(the_hook_gets_line_level_and_user_data),
        TEST(a_level_includes_the_ones_before_it),
        TEST(the_last_call_wins),
        TEST(repetitions_are_held_back_and_counted_at_debug_level),
        TEST(the_hook_may_call_the_library),
        TEST(the_hook_may_close_the_client_that_logs),
        TEST(the_hook_may_be_changed_while_others_log),
        TEST(neither_key_nor_content_is_in_the_log),
    };
    return RUN_TESTS(tests, argc, argv);
}
