/* Loaded at run time, beside another copy of itself, and unloaded while it is in use. */
#include "check.h"

#include <dlfcn.h>

/* The functions of a library that was loaded at run time. */
typedef struct library {
    void *handle;
    axonpush_client *(*create)(const axonpush_options *, axonpush_error **);
    void (*close)(axonpush_client *);
    axonpush_status (*publish)(axonpush_client *, const axonpush_event *, axonpush_response **, axonpush_error **);
    axonpush_status (*publish_async)(axonpush_client *, const axonpush_event *, axonpush_completion_fn, void *,
                                     axonpush_error **);
    axonpush_status (*flush)(axonpush_client *, uint32_t, axonpush_error **);
    void (*log_set)(axonpush_log_level, axonpush_log_fn, void *);
} library;

/* ISO C has no cast from an object pointer to a function pointer; POSIX says that this works. */
static bool find(void *handle, const char *name, void *function) {
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool load(library *library, const char *path) {
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) printf("  %s\n", dlerror());
    return library->handle && find(library->handle, "axonpush_new", &library->create) &&
           find(library->handle, "axonpush_close", &library->close) &&
           find(library->handle, "axonpush_events_publish", &library->publish) &&
           find(library->handle, "axonpush_events_publish_async", &library->publish_async) &&
           find(library->handle, "axonpush_flush", &library->flush) &&
           find(library->handle, "axonpush_log_set", &library->log_set);
}

/* Another file, so that the system does not take it for the library that this program is linked with. */
static const char *a_copy(const char *name) {
    char *path = format("%s/%s", getenv("AXONPUSH_TEST_FOLDER"), name);
    FILE *from = fopen(getenv("AXONPUSH_TEST_LIBRARY"), "rb"), *to = fopen(path, "wb");
    char *part = scratch(1 << 16);
    size_t size = 1;
    while (from && to && size > 0) {
        size = fread(part, 1, 1 << 16, from);
        size = fwrite(part, 1, size, to);
    }
    if (from) fclose(from);
    if (to) fclose(to);
    return path;
}

static int lines, lines_of_the_copy;

static void count(axonpush_log_level level, const char *message, void *user_data) {
    (void)level;
    (void)message;
    ++*(int *)user_data;
}

static bool two_copies_do_not_meet(void) {
    library copy;
    CHECK(load(&copy, a_copy("second.so")));
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    axonpush_client *here = axonpush_new(&options, NULL), *there = copy.create(&options, NULL);
    CHECK(here && there && here != there);
    CHECK_INT(axonpush_events_publish(here, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(copy.publish(there, &event, NULL, NULL), AXONPUSH_OK);
    /* A handle is valid in the copy that issued it. */
    CHECK_INT(axonpush_events_publish(there, &event, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    CHECK_INT(copy.publish(here, &event, NULL, NULL), AXONPUSH_ERR_INVALID_HANDLE);
    copy.close(here);
    axonpush_close(there);
    CHECK_INT(axonpush_events_publish(here, &event, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(copy.publish(there, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_close(here);
    copy.close(there);
    CHECK_INT(request_count(), 4);

    /* Each has a log of its own. */
    axonpush_log_set(AXONPUSH_LOG_WARN, count, &lines);
    copy.log_set(AXONPUSH_LOG_WARN, count, &lines_of_the_copy);
    options.base_url = dead_url();
    options.fail_open = AXONPUSH_ENABLED;
    there = copy.create(&options, NULL);
    CHECK_INT(copy.publish(there, &event, NULL, NULL), AXONPUSH_OK);
    copy.close(there);
    CHECK_INT(lines, 0);
    CHECK_INT(lines_of_the_copy, 1);
    dlclose(copy.handle);
    return true;
}

static bool unloading_does_not_pull_code_from_under_its_threads(void) {
    fault("{'path':'/event','delayMs':300}");
    library copy;
    CHECK(load(&copy, a_copy("third.so")));
    axonpush_options options = test_options();
    axonpush_event event = test_event();
    axonpush_client *client = copy.create(&options, NULL);
    CHECK_INT(copy.publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(dlclose(copy.handle), 0);
    /* The thread that delivers is still at work; and so are the addresses found before. */
    CHECK_INT(copy.flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_INT(server_stat("storedEvents"), 1);
    copy.close(client);
    return true;
}

static int completed;

static void count_completion(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                             void *user_data) {
    (void)error;
    (void)user_data;
    if (status == AXONPUSH_OK && response) __atomic_add_fetch(&completed, 1, __ATOMIC_RELAXED);
}

static bool it_can_be_loaded_again(void) {
    const char *path = a_copy("fourth.so");
    for (int i = 0; i < 20; i++) {
        library copy;
        CHECK(load(&copy, path));
        axonpush_options options = test_options();
        axonpush_event event = test_event();
        axonpush_client *client = copy.create(&options, NULL);
        CHECK_INT(copy.publish(client, &event, NULL, NULL), AXONPUSH_OK);
        for (int k = 0; k < 10; k++) {
            CHECK_INT(copy.publish_async(client, &event, count_completion, NULL, NULL), AXONPUSH_OK);
        }
        copy.close(client);
        CHECK_INT(dlclose(copy.handle), 0);
    }
    CHECK_INT(completed, 200);
    CHECK_INT(server_stat("storedEvents"), 220);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(two_copies_do_not_meet),
        TEST(unloading_does_not_pull_code_from_under_its_threads),
        TEST(it_can_be_loaded_again),
    };
    return RUN_TESTS(tests, argc, argv);
}
