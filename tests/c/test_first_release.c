/* A program that was compiled against the first release's header: its structs are smaller than today's, and the
   library neither reads nor writes behind them. The sizes are those of the first release, for ever
   (tests/abi/recorded.txt has them as "init ...: writes N bytes"; docs/ABI.md has the promise). */
#include "tally.h"

#define CANARY 0xA5

/* Memory of a struct of the first release, and what lies behind it. */
typedef struct memory {
    union {
        axonpush_options options;
        axonpush_stats stats;
        size_t struct_size;
        unsigned char bytes[1024];
    } as;
} memory;

static void fill(memory *memory) {
    memset(memory->as.bytes, CANARY, sizeof memory->as.bytes);
}

/* Nothing was written from `size` on. */
static bool intact_behind(const memory *memory, size_t size) {
    for (size_t i = size; i < sizeof memory->as.bytes; i++) {
        if (memory->as.bytes[i] == CANARY) continue;
        printf("  byte %zu behind the %zu of the struct was written\n", i - size, size);
        return false;
    }
    return true;
}

#define INIT(name) \
    static void init_##name(void *memory) { \
        axonpush_##name##_init(memory); \
    }
INIT(options)
INIT(event)
INIT(event_query)
INIT(trace_query)
INIT(environment)
INIT(webhook)
INIT(log_record)
INIT(stats)
INIT(model_call)
INIT(tool_call)
INIT(agent_run)
#undef INIT

static const struct {
    const char *name;
    size_t first_size;
    void (*init)(void *memory);
} structs[] = {
    {"options", 144, init_options},      {"event", 112, init_event},
    {"event_query", 168, init_event_query}, {"trace_query", 112, init_trace_query},
    {"environment", 40, init_environment}, {"webhook", 40, init_webhook},
    {"log_record", 128, init_log_record},  {"stats", 104, init_stats},
    {"model_call", 184, init_model_call},  {"tool_call", 80, init_tool_call},
    {"agent_run", 104, init_agent_run},
};

static bool no_init_function_writes_behind_the_first_releases_struct(void) {
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
        static memory memory;
        fill(&memory);
        structs[i].init(memory.as.bytes);
        bool holds = intact_behind(&memory, structs[i].first_size);
        if (!holds) printf("  %s\n", structs[i].name);
        CHECK(holds);
        /* It says what the caller has, and the rest is zero. */
        CHECK_INT(memory.as.struct_size, structs[i].first_size);
        for (size_t at = sizeof(size_t); at < structs[i].first_size; at++) {
            /* Gaps that the compiler left may be anything. */
            CHECK(memory.as.bytes[at] == 0 || memory.as.bytes[at] == CANARY);
        }
    }
    return true;
}

/* The options of an older caller, at the beginning of memory that is his own behind them. */
static void make_older_options(memory *memory) {
    fill(memory);
    axonpush_options_init(&memory->as.options);
    memory->as.options.api_key = TEST_KEY;
    memory->as.options.base_url = server_url();
    memory->as.options.fail_open = AXONPUSH_DISABLED;
    memory->as.options.max_retries = -1;
    memory->as.options.timeout_ms = 20000;
    memory->as.options.shutdown_timeout_ms = 1;
}

static bool what_lies_behind_an_older_callers_options_is_not_taken_for_options(void) {
    static memory memory;
    make_older_options(&memory);
    memory.as.options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    memory.as.options.queue_max_events = 1;
    /* Here later releases have block_timeout_ms: this caller's memory says 1, and means nothing by it. */
    uint32_t one = 1;
    memcpy(memory.as.bytes + 144, &one, sizeof one);
    fault("{'path':'/event','delayMs':600}");
    axonpush_error *error = NULL;
    axonpush_client *client = axonpush_new(&memory.as.options, &error);
    CHECK_STATUS(client ? AXONPUSH_OK : AXONPUSH_ERR_CONFIG, error, AXONPUSH_OK);
    CHECK_INT(memcmp(memory.as.bytes + 144, &one, sizeof one), 0);
    CHECK(intact_behind(&memory, 148));
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    /* Waits for room for as long as it takes, as the first release did, and not for one millisecond. */
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 2));
    return true;
}

static bool the_options_of_todays_caller_are_read_to_their_end(void) {
    static memory memory;
    make_older_options(&memory);
    memory.as.options.overflow = AXONPUSH_OVERFLOW_BLOCK;
    memory.as.options.queue_max_events = 1;
    memory.as.options.struct_size = sizeof(axonpush_options);
    memset(memory.as.bytes + 144, 0, sizeof(axonpush_options) - 144);
    memory.as.options.block_timeout_ms = 1;
    fault("{'path':'/event','delayMs':600}");
    axonpush_client *client = client_with(&memory.as.options);
    tally *tally = tally_new(2);
    CHECK_INT(publish_async(client, tally, 0), AXONPUSH_OK);
    CHECK_INT(publish_async(client, tally, 1), AXONPUSH_ERR_QUEUE_FULL);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    axonpush_close(client);
    CHECK(tally_sound(tally, 1));
    return true;
}

static bool counters_are_written_no_further_than_an_older_caller_has_room(void) {
    static memory memory;
    make_older_options(&memory);
    axonpush_client *client = axonpush_new(&memory.as.options, NULL);
    axonpush_event event = test_event();
    CHECK_INT(axonpush_events_publish_async(client, &event, NULL, NULL, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_flush(client, 20000, NULL), AXONPUSH_OK);
    /* So that what is written behind would not be the zeros of nothing lost. */
    axonpush_log_set_polled(AXONPUSH_LOG_WARN, 1);
    for (int i = 0; i < 5; i++) axonpush_log_write(AXONPUSH_LOG_WARN, "line");
    axonpush_log_set(AXONPUSH_LOG_WARN, NULL, NULL);
    CHECK(axonpush_log_event(client, NULL) == false);

    fill(&memory);
    axonpush_stats_init(&memory.as.stats);
    CHECK_INT(axonpush_stats_get(client, &memory.as.stats, NULL), AXONPUSH_OK);
    CHECK(intact_behind(&memory, 104));
    CHECK_INT(memory.as.struct_size, 104);
    CHECK_INT(memory.as.stats.accepted, 1);
    CHECK_INT(memory.as.stats.delivered, 1);
    CHECK_INT(memory.as.stats.connections, 1);
    CHECK_INT(memory.as.stats.log_events_lost, 1);

    /* Whoever knows more gets more. */
    axonpush_stats today = AXONPUSH_STATS_INIT;
    CHECK_INT(axonpush_stats_get(client, &today, NULL), AXONPUSH_OK);
    CHECK(today.log_lines_lost >= 4);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(no_init_function_writes_behind_the_first_releases_struct),
        TEST(what_lies_behind_an_older_callers_options_is_not_taken_for_options),
        TEST(the_options_of_todays_caller_are_read_to_their_end),
        TEST(counters_are_written_no_further_than_an_older_caller_has_room),
    };
    return RUN_TESTS(tests, argc, argv);
}
