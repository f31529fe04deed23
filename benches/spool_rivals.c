/* What keeping an event on the disk costs the caller in other designs:
 *
 *   --way sqlite   a row in an SQLite database with a write-ahead log (snowplow's way), --batch events a transaction;
 *                  with --synchronous FULL, SQLite's default, each transaction is synced
 *   --way files    a file for each event (sentry-native's way)
 *   --way append   one pwrite into a preallocated file: the floor of every log, ours included
 *
 * The body is the one that the library would keep. Without FULL none of them syncs, so all survive the process and none
 * the machine: the same promise as AXONPUSH_SPOOL_SYNC_NONE. */
#include "calls.h"
#include "event.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

struct keeper {
    const char *body;
    size_t length;
    long kept, batch;
    sqlite3 *database;
    sqlite3_stmt *insert;
    int folder, file;
    off_t offset;
};

static void must_sqlite(struct keeper *k, int outcome)
{
    if (outcome != SQLITE_OK && outcome != SQLITE_DONE) die("sqlite: %s", sqlite3_errmsg(k->database));
}

static void sql(struct keeper *k, const char *text) { must_sqlite(k, sqlite3_exec(k->database, text, NULL, NULL, NULL)); }

static void open_sqlite(struct keeper *k, const char *folder, const char *synchronous)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/events.db", folder);
    must_sqlite(k, sqlite3_open(path, &k->database));
    sql(k, "PRAGMA journal_mode=WAL");
    sql(k, strcmp(synchronous, "FULL") == 0 ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    sql(k, "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL)");
    must_sqlite(k, sqlite3_prepare_v2(k->database, "INSERT INTO events (data) VALUES (?)", -1, &k->insert, NULL));
}

static void keep_in_sqlite(void *context)
{
    struct keeper *k = context;
    if (k->batch > 1 && k->kept % k->batch == 0) sql(k, "BEGIN");
    must_sqlite(k, sqlite3_bind_blob(k->insert, 1, k->body, (int)k->length, SQLITE_STATIC));
    must_sqlite(k, sqlite3_step(k->insert));
    must_sqlite(k, sqlite3_reset(k->insert));
    k->kept++;
    if (k->batch > 1 && k->kept % k->batch == 0) sql(k, "COMMIT");
}

static void keep_in_file(void *context)
{
    struct keeper *k = context;
    char name[64];
    snprintf(name, sizeof name, "%032lx.envelope", k->kept++);
    int file = openat(k->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || write(file, k->body, k->length) != (ssize_t)k->length || close(file) != 0) die("%s: %s", name, strerror(errno));
}

static void keep_in_log(void *context)
{
    struct keeper *k = context;
    if (k->kept++ % 8192 == 0) {
        if (k->file > 0) close(k->file);
        unlinkat(k->folder, "log", 0);
        k->offset = 0;
        k->file = openat(k->folder, "log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (k->file < 0 || posix_fallocate(k->file, 0, (off_t)(8192 * (k->length + 63))) != 0) die("log: %s", strerror(errno));
    }
    if (pwrite(k->file, k->body, k->length, k->offset) != (ssize_t)k->length) die("log: %s", strerror(errno));
    k->offset += (off_t)((k->length + 63) & ~(size_t)63);
}

int main(int argc, char **argv)
{
    check_options(argc, argv, "--way --batch --count --dir --synchronous");
    const char *way = text_option(argc, argv, "--way", "sqlite");
    const char *parent = text_option(argc, argv, "--dir", NULL);
    if (parent == NULL) die("--dir takes a folder for the files of this run");
    long count = number_option(argc, argv, "--count", 20000, 1, 1000000);
    set_deadline(120);
    uint32_t *samples = new_samples((size_t)count);
    struct keeper k = { .batch = number_option(argc, argv, "--batch", 1, 1, 1000) };
    k.body = new_event_body(1, &k.length);
    k.folder = open(parent, O_DIRECTORY | O_CLOEXEC);
    if (k.folder < 0) die("--dir %s: %s", parent, strerror(errno));
    call_fn keep;
    if (strcmp(way, "sqlite") == 0) {
        open_sqlite(&k, parent, choice_option(argc, argv, "--synchronous", "NORMAL", "NORMAL", "FULL"));
        keep = keep_in_sqlite;
    } else if (strcmp(way, "files") == 0) {
        keep = keep_in_file;
    } else if (strcmp(way, "append") == 0) {
        keep = keep_in_log;
    } else {
        die("--way takes sqlite, files or append, not '%s'", way);
    }
    count -= count % k.batch;
    uint32_t cost = timing_cost();
    time_calls(keep, &k, count, 0, samples);
    printf("{\"program\":\"spool_rivals\",\"way\":\"%s\",\"batch\":%ld,\"body\":%zu,", way, k.batch, k.length);
    print_calls(samples, count, cost);
    printf("}\n");
    return 0;
}
