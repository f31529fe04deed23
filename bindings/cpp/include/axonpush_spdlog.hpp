/// @file axonpush_spdlog.hpp
/// A sink for spdlog 1.x, which makes the lines of the program's log events of the AxonPush service. It is
/// optional: it needs spdlog, and nothing else in this library needs it.
///
///     axonpush::Client client(options);
///     spdlog::default_logger()->sinks().push_back(std::make_shared<axonpush::SpdlogSink>(client));
#ifndef AXONPUSH_SPDLOG_HPP
#define AXONPUSH_SPDLOG_HPP

#include <axonpush.hpp>

#include <spdlog/details/log_msg.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

namespace axonpush {

/// What the events of a SpdlogSink have in common. A member that is empty is left out.
struct SpdlogOptions {
    /// The name of the program, such as "checkout" (OpenTelemetry's service.name).
    std::string service_name{};
    /// The channel to publish to. Default: the client's channel.
    std::string channel_id{};
    /// Default "app.log". For the log of an agent use "agent.log".
    std::string event_type{};
    /// The agent that writes the log.
    std::string agent_id{};
};

/// @cond INTERNAL
namespace detail {

/// The name of the logger that log_to_spdlog() makes.
inline constexpr std::string_view spdlog_own_logger = "axonpush";

/// How many calls of a SpdlogSink are in progress on this thread.
inline int &spdlog_depth() noexcept {
    static thread_local int depth = 0;
    return depth;
}

} // namespace detail
/// @endcond

/// A sink that publishes each line in the background, as Client::log_event() does: it never waits for the
/// network and cannot break the application. It suppresses and counts every failure, in strict mode, too.
///
/// An event has the line's text (without the pattern, since time, level and the rest are members of their
/// own), its severity, time and logger, the source location if a macro like SPDLOG_INFO logged it, the thread
/// ("thread.id"), and the trace of the innermost TraceScope on the thread that runs the sink, which is the
/// thread that logs unless the logger is asynchronous.
///
/// flush() does nothing, since it would have to wait; Client::flush() does, and closing the client delivers the
/// rest. The sink ignores lines of a logger named "axonpush": see log_to_spdlog().
///
/// Threads: any number. The sink has no lock, so loggers for one thread and for many may have it.
/// Lifetime: it may outlive its client; lines are then counted in lost() and not published.
class SpdlogSink final : public spdlog::sinks::sink {
public:
    /// A sink for a client, which may be moved afterwards.
    explicit SpdlogSink(const Client &client, SpdlogOptions options = {})
        : client_(client.get()), options_(std::move(options)) {}

    /// Publishes a line.
    void log(const spdlog::details::log_msg &line) noexcept override {
        const std::string_view logger(line.logger_name.data(), line.logger_name.size());
        if (logger == detail::spdlog_own_logger) return;
        char attributes[48];
        const int length = std::snprintf(attributes, sizeof attributes, "{\"thread.id\":%zu}", line.thread_id);
        const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(line.time.time_since_epoch()).count();
        LogRecord record;
        record.body = std::string_view(line.payload.data(), line.payload.size());
        record.severity = severity(line.level);
        record.logger = logger;
        if (line.source.filename) record.file = line.source.filename;
        if (line.source.funcname) record.function = line.source.funcname;
        if (line.source.line > 0) record.line = static_cast<std::uint32_t>(line.source.line);
        record.service_name = options_.service_name;
        record.channel_id = options_.channel_id;
        record.event_type = options_.event_type;
        record.agent_id = options_.agent_id;
        record.attributes = std::string_view(attributes, static_cast<std::size_t>(length));
        if (time > 0) record.time_unix_nano = static_cast<std::uint64_t>(time);
        detail::spdlog_depth()++;
        if (!detail::log_event(client_, record)) lost_.fetch_add(1, std::memory_order_relaxed);
        detail::spdlog_depth()--;
    }
    /// Does nothing.
    void flush() noexcept override {}
    /// Does nothing, since an event has no pattern.
    void set_pattern(const std::string &) noexcept override {}
    /// Does nothing, since an event has no pattern.
    void set_formatter(std::unique_ptr<spdlog::formatter>) noexcept override {}

    /// How many lines were not accepted for delivery. Client::stats() counts what becomes of the others.
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    static Severity severity(spdlog::level::level_enum level) noexcept {
        switch (level) {
        case spdlog::level::trace: return Severity::trace;
        case spdlog::level::debug: return Severity::debug;
        case spdlog::level::warn: return Severity::warn;
        case spdlog::level::err: return Severity::error;
        case spdlog::level::critical: return Severity::fatal;
        default: return Severity::info;
        }
    }

    axonpush_client *client_; // A handle, which may be used after the client is closed.
    SpdlogOptions options_;
    std::atomic<std::uint64_t> lost_{0};
};

/// Sends the library's own log to spdlog, by log_set(): to the sinks that `logger` has now, under the name
/// "axonpush". A SpdlogSink among them ignores these lines, so that logging cannot feed on itself, also if
/// `logger` is asynchronous. Lines that the library writes while a SpdlogSink is publishing are not logged.
inline void log_to_spdlog(LogLevel max_level, const std::shared_ptr<spdlog::logger> &logger) {
    log_set(max_level, [own = logger->clone(std::string(detail::spdlog_own_logger))](LogLevel from, std::string_view message) {
        // spdlog may hold a lock around the sink, as dist_sink_mt does, for which this would wait.
        if (detail::spdlog_depth() > 0) return;
        auto level = spdlog::level::debug;
        if (from == LogLevel::error) level = spdlog::level::err;
        if (from == LogLevel::warn) level = spdlog::level::warn;
        if (from == LogLevel::info) level = spdlog::level::info;
        own->log(level, spdlog::string_view_t(message.data(), message.size()));
    });
}

} // namespace axonpush

#endif // AXONPUSH_SPDLOG_HPP
