/*
 * Background publishing under test: events that are numbered, and a tally of their completions. Safe to
 * use from the library's threads, which the helpers of check.h are not.
 */
#ifndef AXONPUSH_TESTS_TALLY_H
#define AXONPUSH_TESTS_TALLY_H

#include "check.h"

#include <pthread.h>

#define STATUSES 18

/* What became of one event. Written by its completion, under the tally's lock. */
typedef struct delivery {
    struct tally *tally;
    int number;
    int completions;
    axonpush_status status;
    bool with_response;
    pthread_t thread;
    int64_t at; /* now_ms() */
    char message[240]; /* of the error */
} delivery;

typedef struct tally {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count; /* of deliveries */
    int total, twice;
    int by_status[STATUSES];
    int suppressed; /* OK without a response */
    bool without_event_ids; /* Of batches, whose response names no event. */
    int strange; /* a response beside an error, none for a failure, a status that differs, ... */
    delivery *deliveries;
} tally;

/* Deliveries of `count` events. They live until the end of the program: a completion that comes too late
   is counted, and touches no freed memory. */
tally *tally_new(int count);

/* The completion; user_data is a delivery. */
void tally_completion(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                      void *user_data);

/* Publishes event `number` of the tally: identifier "e<number>", payload {"n":<number>}. */
axonpush_status publish_async(axonpush_client *client, tally *tally, int number);
/* Publishes those from `first` up to and without `end`; gives how many were accepted. */
int publish_range(axonpush_client *client, tally *tally, int first, int end);

/* Waits until `total` completions have run; false when the time is over. */
bool tally_wait(tally *tally, int total, int limit_ms);
/* What it says at this moment. */
int tally_total(tally *tally);
int tally_of(tally *tally, axonpush_status status);
/* What the completions of event `number` were told last, and the text that came with it. */
axonpush_status delivery_status(tally *tally, int number);
int delivery_completions(tally *tally, int number);

/* `total` events were completed, each once, and what each was told makes sense. */
bool tally_sound(tally *tally, int total);

axonpush_stats stats_of(axonpush_client *client);
/* accepted = delivered + failed + ... + queued_events; prints them where that is not so. */
bool counters_add_up(const axonpush_stats *stats);

#define CHECK_STATS(client, member, expected) CHECK_INT(stats_of(client).member, expected)

/* ---- The process ---- */

/* Threads whose name begins with "axonpush-". */
int library_threads(void);
/* Only `left` of them are there. A thread that was joined may be listed for a moment more, so this looks
   again for up to half a second. */
bool only_threads(int left);
int count_threads(void);
int count_descriptors(void);
/* Resident memory, in KiB. */
long resident_kib(void);
/* AXONPUSH_TEST_SCALE says so: under valgrind. */
bool slow_machine(void);

/* Not later than `limit_ms` and the half second that the library allows itself, since `start`; with
   something added where the machine is slow. Prints what it took if it was later. */
bool in_time(int64_t start, int limit_ms);
/* The same, and not before `deadline_ms` either. */
bool ended_at(int64_t start, int deadline_ms);

/* ---- The development server's log ---- */

/* One request of the log. */
typedef struct logged {
    const char *body, *outcome;
} logged;

/* The POST /event requests of the log whose body was read (one that is reset has none), oldest first;
   their number goes to `*count`. */
logged *logged_events(size_t *count);

/* How many different events (by identifier) are stored; each is checked to have been sent with one
   dedup key, span id and time only. -1 when one was not. */
int identities(void);

/* ---- Servers that fail ---- */

/* A URL where connecting takes for ever: a listener whose backlog is full. */
const char *blackhole_url(void);

/* A gate before the development server: it passes bytes on while it is open; connections to one that is
   shut are refused, and those that pass are cut. */
typedef struct gate gate;
gate *gate_new(void);
const char *gate_url(const gate *gate);
void gate_shut(gate *gate);
void gate_open(gate *gate);
/* Opens it in a while, on a thread of its own that gate_free() waits for. Once for a gate. */
void gate_open_after(gate *gate, int ms);
/* Connections that it let in so far. */
int gate_connections(gate *gate);
void gate_free(gate *gate);

#endif
