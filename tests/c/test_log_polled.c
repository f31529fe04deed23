/* The log that waits until it is asked for. */
#include "child.h"
#include "tally.h"

#include <pthread.h>

/* The lines that one poll gave, joined. */
typedef struct lines {
    int count;
    axonpush_log_level levels[64];
    char text[20000];
    pthread_t thread;
} lines;

static void note(axonpush_log_level level, const char *message, void *user_data) {
    lines *lines = user_data;
    if (lines->count < 64) lines->levels[lines->count] = level;
    lines->count++;
    lines->thread = pthread_self();
    size_t used = strlen(lines->text);
    snprintf(lines->text + used, sizeof lines->text - used, "%s\n", message);
}

static lines *poll_lines(uint32_t timeout_ms, size_t *returned) {
    lines *lines = scratch(sizeof *lines);
    size_t count = axonpush_log_poll(note, lines, timeout_ms);
    if (returned) *returned = count;
    return lines;
}

static uint64_t lines_lost(void) {
    axonpush_client *client = test_client();
    uint64_t lost = stats_of(client).log_lines_lost;
    axonpush_close(client);
    return lost;
}

static void write_lines(int first, int end) {
    for (int i = first; i < end; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d", i);
        axonpush_log_write(AXONPUSH_LOG_WARN, line);
    }
}

static bool to_stderr_again(bool holds) {
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    return holds;
}

/* ---- Where lines go ---- */

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

static bool lines_wait_and_are_given_to_the_thread_that_polls(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    CHECK_INT(fail_once(), AXONPUSH_OK);
    axonpush_log_write(AXONPUSH_LOG_ERROR, "second");
    size_t returned;
    lines *lines = poll_lines(0, &returned);
    CHECK_INT(returned, 2);
    CHECK_INT(lines->count, 2);
    CHECK_INT(lines->levels[0], AXONPUSH_LOG_WARN);
    CHECK_INT(lines->levels[1], AXONPUSH_LOG_ERROR);
    CHECK_HAS(lines->text, "POST /event failed");
    CHECK(strstr(lines->text, "second") > strstr(lines->text, "POST /event"));
    CHECK_LACKS(lines->text, "axonpush: ");
    CHECK(pthread_equal(lines->thread, pthread_self()));
    /* Each is given once. */
    CHECK_INT(poll_lines(0, NULL)->count, 0);
    return to_stderr_again(true);
}

static int log_while_polled(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_DEBUG, 0);
    int status = fail_once();
    axonpush_log_write(AXONPUSH_LOG_ERROR, "written");
    return status;
}

static bool nothing_is_written_to_stderr(void) {
    outcome child = in_role("log");
    CHECK_EXIT(child, AXONPUSH_OK);
    CHECK_TEXT(child.out, "");
    CHECK_TEXT(child.err, "");
    return true;
}

static bool the_level_is_in_force(void) {
    for (axonpush_log_level max = AXONPUSH_LOG_OFF; max <= AXONPUSH_LOG_DEBUG; max++) {
        axonpush_log_set_polled(max, 0);
        for (axonpush_log_level level = AXONPUSH_LOG_OFF; level <= AXONPUSH_LOG_DEBUG; level++) {
            axonpush_log_write(level, "line");
        }
        /* OFF is no level to write at. */
        lines *lines = poll_lines(0, NULL);
        CHECK_INT(lines->count, max);
        for (int i = 0; i < lines->count; i++) CHECK_INT(lines->levels[i], i + 1);
    }
    return to_stderr_again(true);
}

static bool a_line_may_be_anything(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    axonpush_log_write(AXONPUSH_LOG_WARN, NULL);
    CHECK_INT(poll_lines(0, NULL)->count, 0);
    axonpush_log_write(AXONPUSH_LOG_WARN, "");
    axonpush_log_write(AXONPUSH_LOG_WARN, "a\xff" "b");
    axonpush_log_write(-3, "below");
    axonpush_log_write(99, "beyond");
    axonpush_log_write(AXONPUSH_LOG_WARN, "%s%n");
    lines *lines = poll_lines(0, NULL);
    CHECK_INT(lines->count, 3);
    CHECK_TEXT(lines->text, "\na\xef\xbf\xbd" "b\n%s%n\n");
    return to_stderr_again(true);
}

/* log_write goes wherever the library's own lines go. */
static bool a_written_line_goes_to_the_log_function_too(void) {
    lines *lines = scratch(sizeof *lines);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, lines);
    axonpush_log_write(AXONPUSH_LOG_WARN, "for the function");
    axonpush_log_write(AXONPUSH_LOG_INFO, "below the level");
    CHECK_TEXT(lines->text, "for the function\n");
    CHECK_INT(lines->levels[0], AXONPUSH_LOG_WARN);
    return to_stderr_again(true);
}

/* ---- The bound ---- */

static bool the_oldest_line_is_lost_and_counted(void) {
    uint64_t before = lines_lost();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 3);
    write_lines(0, 3);
    CHECK_INT(lines_lost(), before);
    write_lines(3, 8);
    CHECK_INT(lines_lost(), before + 5);
    CHECK_TEXT(poll_lines(0, NULL)->text, "line 5\nline 6\nline 7\n");
    /* There is room again. */
    write_lines(8, 11);
    CHECK_INT(lines_lost(), before + 5);
    CHECK_TEXT(poll_lines(0, NULL)->text, "line 8\nline 9\nline 10\n");
    return to_stderr_again(true);
}

static bool by_default_256_lines_wait(void) {
    uint64_t before = lines_lost();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    write_lines(0, 300);
    lines *lines = poll_lines(0, NULL);
    CHECK_INT(lines->count, 256);
    CHECK(strncmp(lines->text, "line 44\n", 8) == 0);
    CHECK_INT(lines_lost(), before + 44);
    return to_stderr_again(true);
}

static bool the_capacity_may_be_absurd(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, SIZE_MAX);
    write_lines(0, 1000);
    CHECK_INT(poll_lines(0, NULL)->count, 1000);
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 1);
    write_lines(0, 2);
    CHECK_TEXT(poll_lines(0, NULL)->text, "line 1\n");
    return to_stderr_again(true);
}

/* ---- The wait ---- */

static bool a_poll_waits_for_its_timeout_and_no_longer(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    int64_t start = now_ms();
    CHECK_INT(poll_lines(300, NULL)->count, 0);
    CHECK(now_ms() - start >= 290);
    CHECK(in_time(start, 300));
    start = now_ms();
    CHECK_INT(poll_lines(0, NULL)->count, 0);
    write_lines(0, 1);
    CHECK_INT(poll_lines(60000, NULL)->count, 1);
    CHECK(in_time(start, 0));
    return to_stderr_again(true);
}

static bool a_log_that_is_not_polled_gives_nothing_at_once(void) {
    axonpush_log_set(AXONPUSH_LOG_OFF, NULL, NULL);
    int64_t start = now_ms();
    CHECK_INT(axonpush_log_poll(note, scratch(sizeof(lines)), 60000), 0);
    CHECK_INT(axonpush_log_poll(NULL, NULL, UINT32_MAX), 0);
    CHECK(in_time(start, 0));
    return to_stderr_again(true);
}

typedef struct poller {
    pthread_t thread;
    uint32_t timeout_ms;
    bool without_function;
    lines lines;
    size_t returned;
    int64_t at;
    bool ended;
} poller;

static void *poll_once(void *data) {
    poller *poller = data;
    poller->returned = axonpush_log_poll(poller->without_function ? NULL : note, &poller->lines, poller->timeout_ms);
    poller->at = now_ms();
    __atomic_store_n(&poller->ended, true, __ATOMIC_RELEASE);
    return NULL;
}

static poller *start_poller(uint32_t timeout_ms, bool without_function) {
    /* Not of the test's own memory, since a test that fails leaves the thread behind. */
    static struct poller pollers[32];
    static unsigned next;
    poller *poller = &pollers[next++ % 32];
    memset(poller, 0, sizeof *poller);
    poller->timeout_ms = timeout_ms;
    poller->without_function = without_function;
    if (pthread_create(&poller->thread, NULL, poll_once, poller) != 0) abort();
    return poller;
}

static bool ended(poller *poller) {
    return __atomic_load_n(&poller->ended, __ATOMIC_ACQUIRE);
}

static bool a_line_ends_the_wait(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    poller *poller = start_poller(60000, false);
    sleep_ms(150);
    CHECK(!ended(poller));
    int64_t start = now_ms();
    write_lines(0, 1);
    pthread_join(poller->thread, NULL);
    CHECK_INT(poller->returned, 1);
    CHECK_TEXT(poller->lines.text, "line 0\n");
    CHECK(in_time(start, 0));
    return to_stderr_again(true);
}

static bool without_a_function_a_poll_only_waits(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    CHECK_INT(axonpush_log_poll(NULL, NULL, 0), 0);
    poller *poller = start_poller(60000, true);
    sleep_ms(150);
    CHECK(!ended(poller));
    write_lines(0, 1);
    pthread_join(poller->thread, NULL);
    CHECK_INT(poller->returned, 1);
    write_lines(1, 3);
    /* They stay for a later call. */
    CHECK_INT(axonpush_log_poll(NULL, NULL, 60000), 3);
    CHECK_TEXT(poll_lines(0, NULL)->text, "line 0\nline 1\nline 2\n");
    CHECK_INT(axonpush_log_poll(NULL, NULL, 0), 0);
    return to_stderr_again(true);
}

/* One that only waits takes nothing away, so that the line is there for the others who wait. */
static bool a_line_ends_the_wait_of_all_who_only_wait_and_of_one_who_takes_it(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    poller *pollers[4];
    for (int i = 0; i < 3; i++) {
        pollers[i] = start_poller(2000, true);
        sleep_ms(50);
    }
    pollers[3] = start_poller(20000, false);
    sleep_ms(150);
    int64_t start = now_ms();
    write_lines(0, 1);
    for (int i = 0; i < 4; i++) pthread_join(pollers[i]->thread, NULL);
    /* Those who only wait may come too late, when it is taken; the other may not. */
    CHECK_INT(pollers[3]->returned, 1);
    CHECK(pollers[3]->at - start < 10000);
    to_stderr_again(true);

    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    for (int i = 0; i < 3; i++) pollers[i] = start_poller(20000, true);
    sleep_ms(150);
    start = now_ms();
    write_lines(0, 1);
    for (int i = 0; i < 3; i++) pthread_join(pollers[i]->thread, NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(pollers[i]->returned, 1);
        CHECK(pollers[i]->at - start < 10000);
    }
    return to_stderr_again(true);
}

static bool setting_the_log_anew_ends_the_wait(void) {
    for (int how = 0; how < 3; how++) {
        axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
        poller *pollers[3];
        for (int i = 0; i < 3; i++) pollers[i] = start_poller(60000, i == 2);
        sleep_ms(150);
        for (int i = 0; i < 3; i++) CHECK(!ended(pollers[i]));
        int64_t start = now_ms();
        if (how == 0) axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
        if (how == 1) axonpush_log_set(AXONPUSH_LOG_WARN, note, scratch(sizeof(lines)));
        if (how == 2) axonpush_log_set_polled(AXONPUSH_LOG_WARN, 10);
        for (int i = 0; i < 3; i++) {
            pthread_join(pollers[i]->thread, NULL);
            CHECK_INT(pollers[i]->returned, 0);
        }
        CHECK(in_time(start, 0));
    }
    return to_stderr_again(true);
}

/* Whenever it comes: before the wait, as it begins, or while it lasts. */
static struct {
    bool stop;
    int64_t longest[3];
    int waits[3];
    lines lines[3];
} hammered;

static void *poll_again_and_again(void *data) {
    int number = (int)(intptr_t)data;
    while (!__atomic_load_n(&hammered.stop, __ATOMIC_ACQUIRE)) {
        int64_t start = now_ms();
        axonpush_log_poll(note, &hammered.lines[number], 5000);
        int64_t took = now_ms() - start;
        if (took > hammered.longest[number]) hammered.longest[number] = took;
        hammered.waits[number]++;
    }
    return NULL;
}

static bool setting_the_log_anew_at_any_moment_ends_the_wait(void) {
    memset(&hammered, 0, sizeof hammered);
    pthread_t pollers[3];
    for (intptr_t i = 0; i < 3; i++) CHECK_INT(pthread_create(&pollers[i], NULL, poll_again_and_again, (void *)i), 0);
    for (int i = 0; i < (slow_machine() ? 1000 : 300000); i++) {
        axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
        for (volatile int k = 0; k < i % 500; k++) continue;
        axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
        for (volatile int k = 0; k < i % 50; k++) continue;
    }
    __atomic_store_n(&hammered.stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) {
        pthread_join(pollers[i], NULL);
        if (hammered.longest[i] >= 4000) printf("  a poll of %d did not end\n", hammered.waits[i]);
    }
    for (int i = 0; i < 3; i++) CHECK(hammered.longest[i] < 4000);
    return true;
}

static bool lines_that_wait_are_lost_when_the_log_is_set_anew(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    write_lines(0, 2);
    lines *lines = scratch(sizeof *lines);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, lines);
    CHECK_INT(poll_lines(0, NULL)->count, 0);
    CHECK_INT(lines->count, 0);
    axonpush_log_write(AXONPUSH_LOG_WARN, "to the function");
    CHECK_TEXT(lines->text, "to the function\n");
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    CHECK_INT(poll_lines(0, NULL)->count, 0);
    return to_stderr_again(true);
}

/* ---- Several threads ---- */

static struct {
    bool stop;
    int given[8], writers_done;
    int seen[4000];
} many;

static void count_line(axonpush_log_level level, const char *message, void *user_data) {
    int number;
    (void)level;
    (void)user_data;
    if (sscanf(message, "line %d", &number) == 1) __atomic_fetch_add(&many.seen[number], 1, __ATOMIC_RELAXED);
}

static void *poll_until_stopped(void *data) {
    int *given = data;
    while (!__atomic_load_n(&many.stop, __ATOMIC_ACQUIRE)) *given += (int)axonpush_log_poll(count_line, NULL, 50);
    return NULL;
}

static void *write_many(void *data) {
    int number = (int)(intptr_t)data;
    write_lines(1000 * number, 1000 * number + 1000);
    return NULL;
}

static bool each_line_goes_to_one_caller(void) {
    memset(&many, 0, sizeof many);
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 100000);
    pthread_t pollers[8], writers[4];
    for (int i = 0; i < 8; i++) CHECK_INT(pthread_create(&pollers[i], NULL, poll_until_stopped, &many.given[i]), 0);
    for (intptr_t i = 0; i < 4; i++) CHECK_INT(pthread_create(&writers[i], NULL, write_many, (void *)i), 0);
    for (int i = 0; i < 4; i++) pthread_join(writers[i], NULL);
    while (axonpush_log_poll(NULL, NULL, 0) > 0) sleep_ms(1);
    __atomic_store_n(&many.stop, true, __ATOMIC_RELEASE);
    int given = 0;
    for (int i = 0; i < 8; i++) {
        pthread_join(pollers[i], NULL);
        given += many.given[i];
    }
    CHECK_INT(given, 4000);
    for (int i = 0; i < 4000; i++) CHECK_INT(many.seen[i], 1);
    return to_stderr_again(true);
}

/* ---- What the function may do ---- */

static struct {
    axonpush_client *client;
    int lines, log_events;
    axonpush_status published, queued;
    size_t inner;
} busy;

static void use_the_library(axonpush_log_level level, const char *message, void *user_data) {
    (void)level;
    (void)message;
    (void)user_data;
    busy.lines++;
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = message;
    busy.log_events += axonpush_log_event(busy.client, &record);
    axonpush_event event = test_event();
    busy.published = axonpush_events_publish(busy.client, &event, NULL, NULL);
    busy.queued = axonpush_events_publish_async(busy.client, &event, NULL, NULL, NULL);
    /* A line that this causes waits for the next poll. */
    axonpush_log_write(AXONPUSH_LOG_WARN, "one more");
    if (busy.lines == 1) busy.inner = axonpush_log_poll(use_the_library, NULL, 0);
}

static bool the_function_may_use_the_library_but_not_publish_its_lines(void) {
    memset(&busy, 0, sizeof busy);
    busy.client = test_client();
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    write_lines(0, 1);
    /* The one line, and inside it the one that it caused, which caused a third. */
    CHECK_INT(axonpush_log_poll(use_the_library, NULL, 0), 1);
    CHECK_INT(busy.inner, 1);
    CHECK_INT(busy.lines, 2);
    CHECK_INT(busy.log_events, 0);
    CHECK_INT(busy.published, AXONPUSH_OK);
    CHECK_INT(busy.queued, AXONPUSH_OK);
    CHECK_TEXT(poll_lines(0, NULL)->text, "one more\n");
    CHECK_STATS(busy.client, log_events_lost, 2);
    /* Outside of it, this thread may. */
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    CHECK(axonpush_log_event(busy.client, &record));
    CHECK_INT(axonpush_flush(busy.client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(busy.client);
    CHECK_INT(server_stat("storedEvents"), 2 * 2 + 1);
    return to_stderr_again(true);
}

static void set_the_log(axonpush_log_level level, const char *message, void *user_data) {
    note(level, message, user_data);
    axonpush_log_set(AXONPUSH_LOG_WARN, note, user_data);
    axonpush_log_write(AXONPUSH_LOG_WARN, "direct");
}

static bool the_function_may_set_the_log_anew(void) {
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 0);
    write_lines(0, 1);
    lines *lines = scratch(sizeof *lines);
    CHECK_INT(axonpush_log_poll(set_the_log, lines, 0), 1);
    CHECK_TEXT(lines->text, "line 0\ndirect\n");
    return to_stderr_again(true);
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(nothing_is_written_to_stderr),
        TEST(lines_wait_and_are_given_to_the_thread_that_polls),
        TEST(the_level_is_in_force),
        TEST(a_line_may_be_anything),
        TEST(a_written_line_goes_to_the_log_function_too),
        TEST(the_oldest_line_is_lost_and_counted),
        TEST(by_default_256_lines_wait),
        TEST(the_capacity_may_be_absurd),
        TEST(a_poll_waits_for_its_timeout_and_no_longer),
        TEST(a_log_that_is_not_polled_gives_nothing_at_once),
        TEST(a_line_ends_the_wait),
        TEST(without_a_function_a_poll_only_waits),
        TEST(a_line_ends_the_wait_of_all_who_only_wait_and_of_one_who_takes_it),
        TEST(setting_the_log_anew_ends_the_wait),
        TEST(setting_the_log_anew_at_any_moment_ends_the_wait),
        TEST(lines_that_wait_are_lost_when_the_log_is_set_anew),
        TEST(each_line_goes_to_one_caller),
        TEST(the_function_may_use_the_library_but_not_publish_its_lines),
        TEST(the_function_may_set_the_log_anew),
    };
    return role_of(argc, argv) ? log_while_polled() : RUN_TESTS(tests, argc, argv);
}
