// What axonpush_spdlog.hpp promises, against a development server: AXONPUSH_BASE_URL says where it is.
// Called as `test_spdlog application ...` it is an application that logs, which must not notice the sink.
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_TRACE
#include <axonpush_spdlog.hpp>

#include "check.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/wait.h>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using axonpush::Client;
using axonpush::LogLevel;
using axonpush::Options;
using axonpush::Response;
using axonpush::SpdlogOptions;
using axonpush::SpdlogSink;
using axonpush::View;

namespace {

std::string server_url, program;
const std::string dead_url = "http://127.0.0.1:1";

Options strict(const std::string &url = server_url) {
    Options options;
    options.api_key = "ak_test";
    options.base_url = url;
    options.channel_id = "tests";
    options.fail_open = false;
    options.max_retries = 0;
    options.shutdown_timeout_ms = 200;
    return options;
}

void dev(const char *method, const char *path, std::string_view body = {}) {
    Client(strict()).request(method, path, {}, body);
}
void fault(std::string_view json) { dev("POST", "/_dev/faults", json); }
void as_new() {
    dev("POST", "/_dev/reset");
    axonpush::log_set(LogLevel::off);
}

std::shared_ptr<spdlog::logger> logger_of(spdlog::sink_ptr sink, const char *name = "shop") {
    auto logger = std::make_shared<spdlog::logger>(name, std::move(sink));
    logger->set_level(spdlog::level::trace);
    return logger;
}

void a_line_becomes_an_event() {
    Client client(strict());
    SpdlogOptions options;
    options.service_name = "checkout";
    options.channel_id = "lines";
    options.agent_id = "agent-7";
    options.event_type = axonpush::event_type::agent_log;
    const auto logger = logger_of(std::make_shared<SpdlogSink>(client, options));
    logger->set_pattern("%v is not sent like this");
    const axonpush::Trace trace;
    {
        const axonpush::TraceScope scope(trace);
        SPDLOG_LOGGER_WARN(logger, "order {} placed", 4711);
    }
    const int line = __LINE__ - 2;
    logger->flush();
    client.flush(20s);
    const Response listed = client.list("lines");
    CHECK_EQ(listed.events().size(), 1u);
    const View event = listed.events()[0];
    CHECK_EQ(event.get_string("/identifier").value(), "shop");
    CHECK_EQ(event.get_string("/eventType").value(), "agent.log");
    CHECK_EQ(event.get_string("/agentId").value(), "agent-7");
    CHECK_EQ(event.get_string("/traceId").value(), trace.trace_id());
    CHECK_EQ(event.get_string("/payload/body").value(), "order 4711 placed");
    CHECK_EQ(event.get_int("/payload/severityNumber").value(), 13);
    CHECK_EQ(event.get_string("/payload/resource/service.name").value(), "checkout");
    CHECK_EQ(event.get_int("/payload/attributes/code.line.number").value(), line);
    CHECK_EQ(event.get_string("/payload/attributes/code.file.path").value(), __FILE__);
    CHECK_EQ(event.get_string("/payload/attributes/code.function.name").value(), __func__);
    CHECK(event.get_int("/payload/attributes/thread.id").value() > 0);
    const std::string time(event.get_string("/payload/timeUnixNano").value());
    const auto ago = std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds(std::stoll(time));
    CHECK(ago >= 0s && ago < 60s);
}

void levels_have_severities() {
    Client client(strict());
    const auto sink = std::make_shared<SpdlogSink>(client);
    const auto logger = logger_of(sink);
    for (const auto level : {spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                             spdlog::level::err, spdlog::level::critical}) {
        logger->log(level, "line");
        client.flush(20s);
    }
    logger->log(spdlog::level::info, spdlog::string_view_t("a\0b\xFF", 4));
    sink->set_level(spdlog::level::err);
    logger->warn("not this one");
    client.flush(20s);
    const Response listed = client.list();
    std::vector<std::int64_t> severities;
    for (const View event : listed.events()) severities.push_back(event.get_int("/payload/severityNumber").value());
    CHECK((severities == std::vector<std::int64_t>{9, 21, 17, 13, 9, 5, 1}));
    CHECK_EQ(listed.get_string("/events/0/payload/body").value(), "a\xEF\xBF\xBD" "b\xEF\xBF\xBD");
    CHECK_EQ(sink->lost(), 0u);
}

void the_sink_may_outlive_its_client() {
    auto client = std::make_unique<Client>(strict());
    Client moved = std::move(*client);
    const auto sink = std::make_shared<SpdlogSink>(moved);
    client.reset();
    Client again = std::move(moved);
    const auto logger = logger_of(sink);
    logger->info("here");
    again.flush(20s);
    CHECK_EQ(again.stats().delivered, 1u);
    again.close();
    logger->info("nowhere");
    CHECK_EQ(sink->lost(), 1u);
}

// The library logs all it has to say into the logger that has our sink, while the service is away.
template <typename Make> void no_line_begets_another(Make &&make) {
    Options options = strict(dead_url);
    options.fail_open = true; // Then it warns.
    options.delivery_timeout_ms = 300;
    options.queue_max_events = 4; // Some are dropped.
    Client client(options);
    std::ostringstream said;
    const auto text = std::make_shared<spdlog::sinks::ostream_sink_mt>(said);
    const std::shared_ptr<spdlog::logger> logger = make(std::make_shared<SpdlogSink>(client), text);
    logger->set_level(spdlog::level::trace);
    axonpush::log_to_spdlog(LogLevel::debug, logger);
    axonpush::Event event;
    event.identifier = "lost";
    event.payload = "{}";
    CHECK(!client.publish(event)); // This warns on this thread, and the lines on others.
    for (int i = 0; i < 20; i++) logger->info("line");
    std::this_thread::sleep_for(50ms); // An asynchronous logger passes them on meanwhile.
    static_cast<void>(client.try_flush(20s));
    std::this_thread::sleep_for(50ms);
    const axonpush::Stats stats = client.stats();
    CHECK_EQ(stats.accepted + stats.log_events_lost, 20u);
    CHECK_EQ(stats.log_events_lost, 0u);
    client.close();
    axonpush::log_set(LogLevel::off);
    std::this_thread::sleep_for(50ms);
    CHECK(said.str().find("[axonpush] [warning]") != std::string::npos);
}

void no_feedback() {
    no_line_begets_another([](spdlog::sink_ptr ours, spdlog::sink_ptr text) {
        return std::make_shared<spdlog::logger>("shop", spdlog::sinks_init_list{std::move(ours), std::move(text)});
    });
}

void no_feedback_through_a_locked_sink() {
    no_line_begets_another([](spdlog::sink_ptr ours, spdlog::sink_ptr text) {
        auto both = std::make_shared<spdlog::sinks::dist_sink_mt>();
        both->add_sink(std::move(ours));
        both->add_sink(std::move(text));
        return std::make_shared<spdlog::logger>("shop", std::move(both));
    });
}

void no_feedback_through_an_asynchronous_logger() {
    const auto pool = std::make_shared<spdlog::details::thread_pool>(8192, 1);
    no_line_begets_another([&](spdlog::sink_ptr ours, spdlog::sink_ptr text) {
        return std::make_shared<spdlog::async_logger>(
            "shop", spdlog::sinks_init_list{std::move(ours), std::move(text)}, pool);
    });
}

void no_feedback_through_a_log_function_of_ones_own() {
    Options options = strict(dead_url);
    options.fail_open = true;
    Client client(options);
    const auto logger = logger_of(std::make_shared<SpdlogSink>(client));
    std::atomic<unsigned> lines{0};
    axonpush::log_set(LogLevel::debug, [&](LogLevel, std::string_view message) {
        lines++;
        logger->info(std::string(message));
    });
    for (int i = 0; i < 5; i++) logger->info("line");
    static_cast<void>(client.try_flush(20s));
    const axonpush::Stats stats = client.stats();
    client.close();
    axonpush::log_set(LogLevel::off);
    CHECK(lines > 0);
    CHECK_EQ(stats.accepted, 5u);
    CHECK(stats.log_events_lost > 0);
}

// ---- The application ----

// Logs to stdout and stderr, and through us if it is told to; ends with 7.
int application(int argc, char **argv) {
    const std::string mode = argc > 2 ? argv[2] : "without";
    std::unique_ptr<Client> client;
    std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stdout_sink_mt>(),
                                        std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    if (mode != "without") {
        Options options = strict(argv[3]);
        options.fail_open = mode == "fail-open";
        options.queue_max_events = 50;
        options.overflow = axonpush::Overflow::block; // A sink does not wait all the same.
        client = std::make_unique<Client>(options);
        sinks.insert(sinks.begin(), std::make_shared<SpdlogSink>(*client));
    }
    auto logger = std::make_shared<spdlog::logger>("application", sinks.begin(), sinks.end());
    logger->set_pattern("[%n] [%l] %v");
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(logger);
    for (int i = 0; i < 100; i++) SPDLOG_INFO("line {}", i);
    spdlog::error("the last");
    client.reset();
    spdlog::critical("after the client");
    return 7;
}

std::string said_by_application(const std::string &arguments) {
    std::FILE *pipe = popen((program + " application " + arguments + " 2>&1").c_str(), "r");
    CHECK(pipe);
    std::string said;
    char part[4096];
    while (const std::size_t length = std::fread(part, 1, sizeof part, pipe)) said.append(part, length);
    const int status = pclose(pipe);
    return said + "exit code " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

void the_application_does_not_notice() {
    const std::string expected = said_by_application("without");
    CHECK(expected.find("line 99") != std::string::npos);
    CHECK(expected.find("exit code 7") != std::string::npos);
    for (const std::string mode : {"strict ", "fail-open "}) {
        CHECK_EQ(said_by_application(mode + server_url), expected);
        CHECK_EQ(said_by_application(mode + dead_url), expected);
        for (const char *faults : {R"([{"path":"/event","status":401,"times":0}])", R"([{"path":"/event","status":500,"times":0}])",
                                   R"([{"path":"/event","delayMs":20000,"times":0}])"}) {
            as_new();
            fault(faults);
            const auto start = std::chrono::steady_clock::now();
            CHECK_EQ(said_by_application(mode + server_url), expected);
            CHECK(std::chrono::steady_clock::now() - start < 10s);
        }
        as_new();
    }
}

} // namespace

int main(int argc, char **argv) {
    program = argv[0];
    if (argc > 1 && std::string(argv[1]) == "application") return application(argc, argv);
    server_url = std::getenv("AXONPUSH_BASE_URL");
    for (const char *name : {"AXONPUSH_BASE_URL", "AXONPUSH_API_KEY", "HTTP_PROXY", "http_proxy"}) unsetenv(name);
#define TEST(name) check::Test{#name, name}
    return check::run({TEST(a_line_becomes_an_event),
                       TEST(levels_have_severities),
                       TEST(the_sink_may_outlive_its_client),
                       TEST(no_feedback),
                       TEST(no_feedback_through_a_locked_sink),
                       TEST(no_feedback_through_an_asynchronous_logger),
                       TEST(no_feedback_through_a_log_function_of_ones_own),
                       TEST(the_application_does_not_notice)},
                      as_new, argc, argv);
}
