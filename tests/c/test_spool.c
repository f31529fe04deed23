/* The spool: events that outlive the client, and its process. */
#define _GNU_SOURCE /* memmem */
#include "child.h"
#include "tally.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- Folders ---- */

static char *spool;

/* A folder of this test's own, which does not exist yet. */
static void new_spool(void) {
    static int number;
    spool = format("%s/spool-%d", getenv("AXONPUSH_TEST_FOLDER"), number++);
}

typedef bool (*visit)(const char *path, const struct stat *stat, const void *data);

/* Everything below a folder, until `visit` says no. */
static bool walk(const char *folder, visit visit, const void *data) {
    DIR *dir = opendir(folder);
    if (!dir) return true;
    bool holds = true;
    for (struct dirent *entry; holds && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *path = format("%s/%s", folder, entry->d_name);
        struct stat stat;
        if (lstat(path, &stat) != 0) continue; /* It went meanwhile. */
        holds = visit(path, &stat, data) && (!S_ISDIR(stat.st_mode) || walk(path, visit, data));
    }
    closedir(dir);
    return holds;
}

static bool is_private(const char *path, const struct stat *stat, const void *data) {
    (void)data;
    int mode = S_ISDIR(stat->st_mode) ? 0700 : 0600;
    if ((stat->st_mode & 0777) != (unsigned)mode) printf("  %s has the mode %o\n", path, stat->st_mode & 0777);
    return (stat->st_mode & 0777) == (unsigned)mode;
}

static bool lacks(const char *path, const struct stat *stat, const void *data) {
    if (!S_ISREG(stat->st_mode)) return true;
    FILE *file = fopen(path, "rb");
    char *text = malloc((size_t)stat->st_size + 1);
    size_t length = fread(text, 1, (size_t)stat->st_size, file);
    fclose(file);
    bool found = memmem(text, length, data, strlen(data)) != NULL;
    free(text);
    if (found) printf("  %s has %s in it\n", path, (const char *)data);
    return !found;
}

static long long total;

static bool add_size(const char *path, const struct stat *stat, const void *data) {
    (void)path, (void)data;
    if (S_ISREG(stat->st_mode)) total += stat->st_size;
    return true;
}

static long long size_of_spool(void) {
    total = 0;
    walk(spool, add_size, NULL);
    return total;
}

static bool spool_is_empty(void) {
    DIR *dir = opendir(spool);
    int entries = 0;
    while (dir && readdir(dir)) entries++;
    if (dir) closedir(dir);
    return entries <= 2;
}

/* ---- Clients ---- */

static axonpush_options spool_options(const char *url) {
    axonpush_options options = test_options();
    options.base_url = url;
    options.spool_dir = spool;
    options.shutdown_timeout_ms = 200;
    return options;
}

static axonpush_client *spool_client(const char *url) {
    axonpush_options options = spool_options(url);
    return client_with(&options);
}

/* Delivers what is in the spool, and closes; gives how many events were recovered, -1 for a failure. */
static long long deliver_rest(const char *url) {
    axonpush_options options = spool_options(url);
    options.shutdown_timeout_ms = 20000;
    axonpush_client *client = client_with(&options);
    axonpush_status status = axonpush_flush(client, 60000, NULL);
    axonpush_stats stats = stats_of(client);
    bool fine = status == AXONPUSH_OK && counters_add_up(&stats) && stats.delivered == stats.recovered && stats.queued_events == 0;
    if (!fine) {
        printf("  flush: %s; recovered %llu, delivered %llu, failed %llu, expired %llu, queued %llu\n",
               axonpush_status_name(status), (unsigned long long)stats.recovered, (unsigned long long)stats.delivered,
               (unsigned long long)stats.failed, (unsigned long long)stats.expired, (unsigned long long)stats.queued_events);
    }
    axonpush_close(client);
    return fine ? (long long)stats.recovered : -1;
}

/* ---- Tests ---- */

static bool what_a_client_leaves_the_next_one_delivers(void) {
    new_spool();
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_client *client = spool_client(gate_url(gate));
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(client, tally, 0, 20), 20);
    CHECK_STATS(client, queued_events, 20);
    CHECK(stats_of(client).spool_bytes > 0);
    CHECK_INT(axonpush_shutdown(client, 200, NULL), AXONPUSH_OK);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.kept, 20);
    CHECK_INT(stats.abandoned, 0);
    CHECK(tally_sound(tally, 20));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_CLOSED), 20);
    CHECK_HAS(tally->deliveries[3].message, "kept");
    axonpush_close(client);
    gate_open(gate);
    CHECK_INT(deliver_rest(gate_url(gate)), 20);
    CHECK_INT(server_stat("storedEvents"), 20);
    CHECK_INT(identities(), 20);
    CHECK(spool_is_empty());
    gate_free(gate);
    return true;
}

static const char *child_url;

static int publish_and_be_killed(void) {
    axonpush_client *client = spool_client(child_url);
    if (publish_range(client, tally_new(100), 0, 100) == 100) kill(getpid(), SIGKILL);
    return 1;
}

static bool a_killed_process_loses_nothing(void) {
    new_spool();
    gate *gate = gate_new();
    gate_shut(gate);
    child_url = gate_url(gate);
    for (int i = 0; i < 3; i++) {
        outcome child = in_child(publish_and_be_killed);
        CHECK(WIFSIGNALED(child.status));
    }
    gate_open(gate);
    CHECK_INT(deliver_rest(gate_url(gate)), 300);
    CHECK_INT(server_stat("storedEvents"), 300);
    CHECK(spool_is_empty());
    gate_free(gate);
    return true;
}

static bool an_outage_longer_than_memory_is_bridged_on_the_disk(void) {
    new_spool();
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_options options = spool_options(gate_url(gate));
    options.queue_max_events = 10;
    options.delivery_timeout_ms = 1; /* does not matter: age alone ends an event on the disk */
    options.fail_open = AXONPUSH_ENABLED;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(1000);
    CHECK_INT(publish_range(client, tally, 0, 1000), 1000);
    CHECK_STATS(client, queued_events, 1000);
    sleep_ms(300);
    CHECK_INT(tally_total(tally), 0);
    gate_open(gate);
    CHECK_INT(axonpush_flush(client, 60000, NULL), AXONPUSH_OK);
    CHECK(tally_wait(tally, 1000, 10000));
    CHECK(tally_sound(tally, 1000));
    CHECK_INT(tally_of(tally, AXONPUSH_OK), 1000);
    axonpush_stats stats = stats_of(client);
    CHECK(counters_add_up(&stats));
    CHECK_INT(stats.delivered, 1000);
    CHECK_INT(stats.spool_bytes, 0);
    axonpush_close(client);
    CHECK_INT(server_stat("storedEvents"), 1000);
    CHECK(spool_is_empty());
    gate_free(gate);
    return true;
}

static bool a_full_spool_follows_the_overflow_policy(void) {
    gate *gate = gate_new();
    gate_shut(gate);
    for (int policy = AXONPUSH_OVERFLOW_DROP_OLDEST; policy <= AXONPUSH_OVERFLOW_BLOCK; policy++) {
        new_spool();
        axonpush_options options = spool_options(gate_url(gate));
        options.spool_max_bytes = 256 << 10;
        options.queue_max_events = 20;
        options.overflow = policy;
        options.block_timeout_ms = 100;
        axonpush_client *client = client_with(&options);
        tally *tally = tally_new(2000);
        int accepted = 0;
        for (int i = 0; i < 2000; i++) {
            axonpush_status status = publish_async(client, tally, i);
            accepted += status == AXONPUSH_OK;
            if (policy == AXONPUSH_OVERFLOW_DROP_OLDEST) CHECK_INT(status, AXONPUSH_OK);
            if (policy == AXONPUSH_OVERFLOW_BLOCK && status != AXONPUSH_OK) break;
        }
        axonpush_stats stats = stats_of(client);
        CHECK(counters_add_up(&stats));
        CHECK_INT(stats.accepted, accepted);
        CHECK(size_of_spool() <= 256 << 10);
        if (policy == AXONPUSH_OVERFLOW_DROP_OLDEST) {
            CHECK(stats.dropped > 0);
            CHECK_INT(stats.queued_events + stats.dropped, 2000);
            CHECK(tally_wait(tally, (int)stats.dropped, 10000));
            CHECK_INT(tally_of(tally, AXONPUSH_ERR_QUEUE_FULL), stats.dropped);
            CHECK_INT(delivery_status(tally, 0), AXONPUSH_ERR_QUEUE_FULL);
        } else {
            CHECK(accepted < 2000 && accepted > 100);
            CHECK_INT(stats.dropped, 0);
        }
        uint64_t left = stats.queued_events;
        CHECK_INT(axonpush_shutdown(client, 0, NULL), AXONPUSH_OK);
        stats = stats_of(client);
        CHECK(counters_add_up(&stats));
        /* The one that was being sent too: its file made room for none. */
        CHECK_INT(stats.kept, left);
        CHECK_INT(stats.abandoned, 0);
        axonpush_close(client);
        CHECK(tally_sound(tally, accepted));
        gate_open(gate);
        CHECK_INT(deliver_rest(gate_url(gate)), left);
        gate_shut(gate);
    }
    gate_free(gate);
    return true;
}

static bool no_secret_and_no_key_is_in_any_file(void) {
    new_spool();
    axonpush_client *client = spool_client(dead_url());
    axonpush_event event = test_event();
    event.payload = "{\"password\":\"planted-secret-1\",\"prompt\":\"planted-secret-2\",\"kept\":\"not-secret\"}";
    for (int i = 0; i < 50; i++) CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    for (int closed = 0; closed < 2; closed++) {
        CHECK(walk(spool, is_private, NULL));
        CHECK(walk(spool, lacks, "planted-secret"));
        CHECK(walk(spool, lacks, TEST_KEY));
        CHECK(!walk(spool, lacks, "not-secret"));
        axonpush_close(client);
    }
    return true;
}

static bool a_folder_that_cannot_be_used_is_a_configuration_error(void) {
    new_spool();
    FILE *file = fopen(spool, "w");
    CHECK(file);
    fclose(file);
    axonpush_options options = spool_options(server_url());
    axonpush_error *error = NULL;
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), spool);
    axonpush_error_free(error);
    setenv("AXONPUSH_SPOOL_DIR", format("%s/below", spool), 1);
    options.spool_dir = NULL;
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_CONFIG);
    CHECK_HAS(axonpush_error_message(error), "/below");
    axonpush_error_free(error);
    options.spool_sync = 7;
    CHECK(axonpush_new(&options, &error) == NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), "options.spool_sync");
    axonpush_error_free(error);
    return true;
}

static bool an_event_that_is_too_old_expires(void) {
    new_spool();
    axonpush_options options = spool_options(dead_url());
    options.spool_max_age_s = 1;
    options.queue_max_events = 5;
    axonpush_client *client = client_with(&options);
    tally *tally = tally_new(20);
    CHECK_INT(publish_range(client, tally, 0, 20), 20);
    CHECK(tally_wait(tally, 20, 30000));
    CHECK_INT(tally_of(tally, AXONPUSH_ERR_TIMEOUT), 20);
    CHECK_HAS(tally->deliveries[0].message, "spool_max_age_s");
    CHECK_STATS(client, expired, 20);
    axonpush_close(client);
    CHECK(spool_is_empty());
    return true;
}

static bool events_of_another_tenant_are_left_alone(void) {
    new_spool();
    axonpush_options theirs = spool_options(dead_url());
    theirs.tenant_id = "another";
    axonpush_client *client = client_with(&theirs);
    tally *tally = tally_new(5);
    CHECK_INT(publish_range(client, tally, 0, 5), 5);
    axonpush_close(client);
    CHECK_INT(deliver_rest(dead_url()), 0);
    CHECK(!spool_is_empty());
    theirs.base_url = server_url();
    client = client_with(&theirs);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    CHECK_STATS(client, recovered, 0); /* of another service, this time */
    axonpush_close(client);
    return true;
}

static axonpush_client *inherited;

static int publish_as_a_child(void) {
    axonpush_stats stats = stats_of(inherited);
    if (stats.queued_events || stats.spool_bytes) return 20;
    tally *tally = tally_new(10);
    if (publish_range(inherited, tally, 0, 10) != 10) return 21;
    if (axonpush_flush(inherited, 20000, NULL) != AXONPUSH_OK) return 22;
    if (stats_of(inherited).recovered != 0) return 23; /* the parent lives, and so does its run */
    axonpush_close(inherited);
    return tally_sound(tally, 10) ? 0 : 24;
}

static bool a_forked_child_leaves_its_parents_events_alone(void) {
    new_spool();
    fault("{'path':'/event','delayMs':20,'times':0}");
    axonpush_options options = spool_options(server_url());
    options.shutdown_timeout_ms = 30000;
    inherited = client_with(&options);
    tally *tally = tally_new(100);
    CHECK_INT(publish_range(inherited, tally, 0, 100), 100);
    outcome child = in_child(publish_as_a_child);
    CHECK_EXIT(child, 0);
    CHECK_INT(axonpush_flush(inherited, 60000, NULL), AXONPUSH_OK);
    CHECK(tally_sound(tally, 100));
    CHECK_STATS(inherited, delivered, 100);
    axonpush_close(inherited);
    CHECK_INT(server_stat("storedEvents"), 110);
    CHECK_INT(server_stat("duplicates"), 0);
    CHECK(spool_is_empty());
    return true;
}

/* Publishes, forks a child that outlives it, and is killed. */
static int leave_a_child_behind(void) {
    axonpush_client *client = spool_client(child_url);
    if (publish_range(client, tally_new(10), 0, 10) != 10) return 1;
    if (fork() == 0) {
        sleep(4); /* with the descriptors of the parent, if it still had them */
        _exit(0);
    }
    kill(getpid(), SIGKILL);
    return 1;
}

static bool a_child_does_not_hold_its_parents_lock(void) {
    new_spool();
    gate *gate = gate_new();
    gate_shut(gate);
    child_url = gate_url(gate);
    CHECK(WIFSIGNALED(in_child(leave_a_child_behind).status));
    gate_open(gate);
    CHECK_INT(deliver_rest(gate_url(gate)), 10);
    gate_free(gate);
    return true;
}

static bool executed_programs_inherit_no_descriptor(void) {
    new_spool();
    axonpush_client *client = spool_client(server_url());
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    FILE *list = popen("ls -l /proc/self/fd", "r");
    CHECK(list);
    char *text = scratch(1 << 16);
    text[fread(text, 1, (1 << 16) - 1, list)] = 0;
    pclose(list);
    CHECK_HAS(text, "/proc/");
    CHECK_LACKS(text, "spool-");
    axonpush_close(client);
    return true;
}

static bool lines_of_the_log_are_spooled_like_any_event(void) {
    new_spool();
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_client *client = spool_client(gate_url(gate));
    axonpush_log_record record = AXONPUSH_LOG_RECORD_INIT;
    record.body = "a line";
    CHECK(axonpush_log_event(client, &record));
    CHECK_STATS(client, queued_events, 1);
    axonpush_close(client);
    gate_open(gate);
    CHECK_INT(deliver_rest(gate_url(gate)), 1);
    gate_free(gate);
    return true;
}

static bool a_full_file_system_is_no_error_of_the_application(void) {
    new_spool();
    CHECK_INT(mkdir(spool, 0700), 0);
    if (mount("axonpush-test", spool, "tmpfs", 0, "size=1m") != 0) {
        printf("  skipped: mounting a file system of 1 MiB: %s\n", strerror(errno));
        return true;
    }
    gate *gate = gate_new();
    gate_shut(gate);
    axonpush_options options = spool_options(gate_url(gate));
    axonpush_client *client = client_with(&options);
    char *payload = format("{\"text\":\"%s\"}", repeated("x", 1000));
    axonpush_event event = test_event();
    event.payload = payload;
    int accepted = 0;
    for (int i = 0; i < 3000; i++) {
        accepted += axonpush_events_publish_async(client, &event, NULL, NULL, NULL) == AXONPUSH_OK;
    }
    axonpush_stats full = stats_of(client);
    gate_open(gate);
    axonpush_status flushed = axonpush_flush(client, 60000, NULL);
    axonpush_stats stats = stats_of(client);
    axonpush_close(client);
    umount2(spool, MNT_DETACH);
    gate_free(gate);
    CHECK_INT(accepted, 3000);
    CHECK(full.spool_bytes > 500 << 10 && full.spool_bytes <= 1 << 20);
    CHECK(counters_add_up(&full));
    CHECK_INT(flushed, AXONPUSH_OK);
    CHECK_INT(stats.delivered, 3000);
    CHECK_INT(server_stat("storedEvents"), 3000);
    return true;
}

/* ---- Kills ---- */

static int said; /* a pipe: whatever was accepted, one number a line */

static int publish_until_killed(void) {
    axonpush_options options = spool_options(child_url);
    options.queue_max_events = 50;
    options.spool_sync = getpid() % 3;
    axonpush_client *client = client_with(&options);
    for (long number = (long)getpid() * 1000000;; number++) {
        axonpush_event event = test_event();
        char name[32];
        snprintf(name, sizeof name, "k%ld", number);
        event.identifier = name;
        event.channel_id = "spool";
        axonpush_error *error = NULL;
        if (axonpush_events_publish_async(client, &event, NULL, NULL, &error) != AXONPUSH_OK) {
            fprintf(stderr, "the child: %s\n", axonpush_error_message(error));
            return 1;
        }
        char line[32];
        int length = snprintf(line, sizeof line, "k%ld\n", number);
        if (write(said, line, (size_t)length) != length) return 1;
        if (number % 32 > 8) sleep_ms(1); /* bursts, but no more than the rest of the test can deliver */
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Kills processes at random moments, with the service up, down and failing, then delivers the rest. */
static bool kill_rounds(int rounds, unsigned *random) {
    dev("POST", "/_dev/reset", NULL);
    new_spool();
    gate *gate = gate_new();
    child_url = gate_url(gate);
    size_t count = 0, room = 1 << 20;
    char **accepted = malloc(room * sizeof *accepted);
    for (int round = 0; round < rounds; round++) {
        *random = *random * 1103515245u + 12345u;
        unsigned draw = *random >> 16;
        dev("DELETE", "/_dev/faults", NULL);
        gate_open(gate);
        switch (draw % 4) {
        case 0: gate_shut(gate); break;
        case 1: fault("{'path':'/event','status':503,'times':20}"); break;
        case 2: fault("{'path':'/event','reset':true,'times':5}"); break;
        }
        int ends[2];
        CHECK_INT(pipe(ends), 0);
        pid_t children[3];
        int alive = 1 + (int)(draw / 4 % 3);
        fflush(NULL);
        for (int i = 0; i < alive; i++) {
            if ((children[i] = fork()) == 0) {
                close(ends[0]);
                said = ends[1];
                _exit(publish_until_killed());
            }
        }
        close(ends[1]);
        int64_t end = now_ms() + 20 + (int)(draw / 16 % (draw % 3 ? 150 : 800));
        FILE *pipe = fdopen(ends[0], "r");
        char line[64];
        bool killed = false;
        while (fgets(line, sizeof line, pipe)) {
            line[strcspn(line, "\n")] = 0;
            if (count == room) accepted = realloc(accepted, (room *= 2) * sizeof *accepted);
            accepted[count++] = strdup(line);
            if (!killed && now_ms() >= end) {
                for (int i = 0; i < alive; i++) kill(children[i], SIGKILL);
                killed = true;
            }
        }
        fclose(pipe);
        for (int i = 0; i < alive; i++) {
            int status = 0;
            waitpid(children[i], &status, 0);
            CHECK(WIFSIGNALED(status));
        }
    }
    dev("DELETE", "/_dev/faults", NULL);
    gate_open(gate);
    long long rest = deliver_rest(gate_url(gate));
    CHECK(rest >= 0);
    CHECK(spool_is_empty());
    gate_free(gate);
    printf("  %d rounds, %zu events accepted, %lld stored, %lld sent more than once, %lld left for the last client\n",
           rounds, count, server_stat("storedEvents"), server_stat("duplicates"), rest);
    /* What was being accepted when its process was killed may be stored as well. */
    CHECK(server_stat("storedEvents") >= (long long)count);
    CHECK(server_stat("storedEvents") <= (long long)count + 3 * rounds);
    qsort(accepted, count, sizeof *accepted, by_name);
    size_t found = 0;
    axonpush_client *reader = test_client();
    axonpush_event_query query = AXONPUSH_EVENT_QUERY_INIT;
    axonpush_events_iter *iter = NULL;
    CHECK_INT(axonpush_events_iter_new(reader, "spool", &query, &iter, NULL), AXONPUSH_OK);
    for (;;) {
        const axonpush_response *event = NULL; /* until the next one */
        CHECK_INT(axonpush_events_iter_next(iter, &event, NULL), AXONPUSH_OK);
        if (!event) break;
        const char *name = axonpush_response_string(event, "/identifier");
        found += name && bsearch(&name, accepted, count, sizeof *accepted, by_name) != NULL;
    }
    axonpush_events_iter_free(iter);
    axonpush_close(reader);
    CHECK_INT(found, count);
    for (size_t i = 0; i < count; i++) free(accepted[i]);
    free(accepted);
    return true;
}

/* AXONPUSH_KILL_ROUNDS; 1000 by `make test-kills`. */
static int all_rounds;

static bool whoever_is_killed_whenever_every_accepted_event_is_stored_once(void) {
    unsigned random = 12345;
    int rounds = all_rounds ? all_rounds : scaled(12);
    for (int done = 0; done < rounds; done += 50) {
        CHECK(kill_rounds(rounds - done < 50 ? rounds - done : 50, &random));
    }
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(what_a_client_leaves_the_next_one_delivers),
        TEST(a_killed_process_loses_nothing),
        TEST(an_outage_longer_than_memory_is_bridged_on_the_disk),
        TEST(a_full_spool_follows_the_overflow_policy),
        TEST(no_secret_and_no_key_is_in_any_file),
        TEST(a_folder_that_cannot_be_used_is_a_configuration_error),
        TEST(an_event_that_is_too_old_expires),
        TEST(events_of_another_tenant_are_left_alone),
        TEST(a_forked_child_leaves_its_parents_events_alone),
        TEST(a_child_does_not_hold_its_parents_lock),
        TEST(executed_programs_inherit_no_descriptor),
        TEST(lines_of_the_log_are_spooled_like_any_event),
        TEST(a_full_file_system_is_no_error_of_the_application),
        TEST(whoever_is_killed_whenever_every_accepted_event_is_stored_once),
    };
    const char *rounds = getenv("AXONPUSH_KILL_ROUNDS"); /* Before the environment is cleared. */
    all_rounds = rounds ? atoi(rounds) : 0;
    return RUN_TESTS(tests, argc, argv);
}
