/// @file axonpush.hpp
/// libaxonpush for C++17 and later: one header over the C interface in axonpush.h.
///
/// CONVENTIONS, said once here and not repeated below
///
/// Errors. A call that fails throws axonpush::Error. Its twin `try_...` throws nothing (but
///   std::bad_alloc) and returns a Result instead, which is a value or an Error. It is no
///   std::error_code, because an Error also says the HTTP status, a hint, the request id and when to
///   try again, and a code has no room for that. Without exceptions (-fno-exceptions) the twins are
///   the interface: the others end the process where they would throw.
/// Fail-open. On by default: when the service cannot be reached, the call logs a warning and gives
///   std::nullopt, or a Response without events. Every other failure is an error in both modes.
/// Threads. Every function may be called from any thread; one Client, Response or Error may be used
///   by many at once. Exceptions are said at their type. Moving, assigning and destroying an object
///   while another thread uses it is a race, as with everything in C++; Client::close() is none.
/// Text goes in as std::string_view or std::string and need not be NUL-terminated; a NUL character
///   inside is Status::invalid_argument. It is copied where it is kept. Empty means "not given".
/// Text comes out as std::string_view and lives as long as the object it was read from.
/// Callables run as axonpush.h says of completions and logs. What they throw never reaches the
///   library: it is caught and told in one line on stderr, and everything goes on.
#ifndef AXONPUSH_HPP
#define AXONPUSH_HPP

#include <axonpush.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <future>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#if defined(__cpp_exceptions)
#define AXONPUSH_EXCEPTIONS_ 1
#else
#define AXONPUSH_EXCEPTIONS_ 0
#endif

/// The client of the AxonPush event service.
namespace axonpush {

/// The outcome of a call. axonpush.h says of each its cause and whether to try again. New ones may be
/// added: treat one that you do not know as a failure.
enum class Status : std::int32_t {
    ok = AXONPUSH_OK,                                     ///< No failure.
    invalid_argument = AXONPUSH_ERR_INVALID_ARGUMENT,     ///< Cannot be used; nothing was sent.
    invalid_handle = AXONPUSH_ERR_INVALID_HANDLE,         ///< The client is closed or moved from.
    config = AXONPUSH_ERR_CONFIG,                         ///< No key, or an unusable variable or URL.
    connection = AXONPUSH_ERR_CONNECTION,                 ///< Not reached, in strict mode.
    authentication = AXONPUSH_ERR_AUTHENTICATION,         ///< HTTP 401.
    forbidden = AXONPUSH_ERR_FORBIDDEN,                   ///< HTTP 403.
    not_found = AXONPUSH_ERR_NOT_FOUND,                   ///< HTTP 404.
    validation = AXONPUSH_ERR_VALIDATION,                 ///< HTTP 400 or 422.
    rate_limit = AXONPUSH_ERR_RATE_LIMIT,                 ///< HTTP 429.
    server = AXONPUSH_ERR_SERVER,                         ///< HTTP 5xx.
    api = AXONPUSH_ERR_API,                               ///< Any other HTTP failure.
    decode = AXONPUSH_ERR_DECODE,                         ///< A success that cannot be read.
    queue_full = AXONPUSH_ERR_QUEUE_FULL,                 ///< No room in the queue.
    timeout = AXONPUSH_ERR_TIMEOUT,                       ///< A flush, shutdown or delivery was too slow.
    closed = AXONPUSH_ERR_CLOSED,                         ///< Shut down before it was done.
    internal = AXONPUSH_ERR_INTERNAL,                     ///< A defect of the library; please report it.
};

/// How much is logged. Each level includes the ones before it.
enum class LogLevel : std::int32_t {
    off = AXONPUSH_LOG_OFF,     ///< Nothing.
    error = AXONPUSH_LOG_ERROR, ///< Errors.
    warn = AXONPUSH_LOG_WARN,   ///< The default: an outage costs a line every few seconds.
    info = AXONPUSH_LOG_INFO,   ///< What happens now and then.
    debug = AXONPUSH_LOG_DEBUG, ///< What happens to each request.
};

/// What happens to an event for which the queue of background publishing has no room.
enum class Overflow : std::int32_t {
    drop_oldest = AXONPUSH_OVERFLOW_DROP_OLDEST, ///< The oldest makes room and fails with queue_full.
    drop_newest = AXONPUSH_OVERFLOW_DROP_NEWEST, ///< The new one is refused with queue_full.
    block = AXONPUSH_OVERFLOW_BLOCK,             ///< The call waits for room.
};

/// Where completions of background publishing run.
enum class CompletionMode : std::int32_t {
    thread = AXONPUSH_COMPLETION_THREAD, ///< On threads of the library's.
    polled = AXONPUSH_COMPLETION_POLLED, ///< Inside Client::poll(), on the thread that calls it.
};

/// How much of prompts, messages, tool results and other content leaves the process. Values under
/// secret keys (password, api_key, ...) never do.
enum class ContentCapture : std::int32_t {
    unset = AXONPUSH_CONTENT_DEFAULT,               ///< AXONPUSH_CONTENT_CAPTURE, else metadata only.
    metadata_only = AXONPUSH_CONTENT_METADATA_ONLY, ///< Nothing: the value becomes "[REDACTED]".
    redacted = AXONPUSH_CONTENT_REDACTED,           ///< The first 256 characters of each text.
    full = AXONPUSH_CONTENT_FULL,                   ///< All of it, up to Options::max_content_length.
};

/// Event types that the service knows, for Event::event_type; any other text is legal.
namespace event_type {
inline constexpr std::string_view agent_start = AXONPUSH_EVENT_TYPE_AGENT_START; ///< An agent began its work.
inline constexpr std::string_view agent_end = AXONPUSH_EVENT_TYPE_AGENT_END;     ///< An agent ended its work.
/// A message of or to an agent.
inline constexpr std::string_view agent_message = AXONPUSH_EVENT_TYPE_AGENT_MESSAGE;
/// A tool was called.
inline constexpr std::string_view agent_tool_call_start = AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START;
/// A tool has returned.
inline constexpr std::string_view agent_tool_call_end = AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END;
inline constexpr std::string_view agent_error = AXONPUSH_EVENT_TYPE_AGENT_ERROR; ///< An agent failed.
/// An agent handed over to another.
inline constexpr std::string_view agent_handoff = AXONPUSH_EVENT_TYPE_AGENT_HANDOFF;
/// A model produced a token.
inline constexpr std::string_view agent_llm_token = AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN;
inline constexpr std::string_view agent_log = AXONPUSH_EVENT_TYPE_AGENT_LOG; ///< A line of an agent's log.
inline constexpr std::string_view app_log = AXONPUSH_EVENT_TYPE_APP_LOG;     ///< A line of a program's log.
inline constexpr std::string_view app_span = AXONPUSH_EVENT_TYPE_APP_SPAN;   ///< A span of a program.
/// Anything else; what the service takes where none is given.
inline constexpr std::string_view custom = AXONPUSH_EVENT_TYPE_CUSTOM;
} // namespace event_type

/// Severity of a line, as OpenTelemetry numbers it: the first of each range. The numbers between are finer
/// steps: `static_cast<Severity>(10)`.
enum class Severity : std::int32_t {
    trace = AXONPUSH_SEVERITY_TRACE, ///< 1.
    debug = AXONPUSH_SEVERITY_DEBUG, ///< 5.
    info = AXONPUSH_SEVERITY_INFO,   ///< 9.
    warn = AXONPUSH_SEVERITY_WARN,   ///< 13.
    error = AXONPUSH_SEVERITY_ERROR, ///< 17.
    fatal = AXONPUSH_SEVERITY_FATAL, ///< 21.
};

/// The name of a status in C, such as "AXONPUSH_ERR_CONNECTION".
inline std::string_view status_name(Status status) noexcept {
    return axonpush_status_name(static_cast<axonpush_status>(status));
}

/// The version of the library that is running, such as "1.2.3"; AXONPUSH_VERSION is the header's.
inline std::string_view version() noexcept { return axonpush_version(); }

/// Why a call failed. An exception, and also the failure of a Result.
///
/// Copying never throws. Texts are empty where nothing is known.
class Error : public std::exception {
public:
    /// An error of your own making, as for a test double of a client.
    Error(Status status, std::string message) : Error(Data{status, std::move(message)}) {}

    /// Copies an error of the C interface, which keeps its owner. `status` is for an `error` that is
    /// null.
    Error(axonpush_status status, const axonpush_error *error) : Error(read(status, error)) {}

    // There is no move: a moved-from exception would have no text.
    Error(const Error &) noexcept = default;            ///< Shares the texts.
    Error &operator=(const Error &) noexcept = default; ///< Shares the texts.
    ~Error() override = default;

    /// The message.
    const char *what() const noexcept override { return data_->message.c_str(); }
    /// What kind of failure it is.
    Status status() const noexcept { return data_->status; }
    /// One sentence for a log or a person. It never holds the API key.
    const std::string &message() const noexcept { return data_->message; }
    /// The HTTP status of the answer; 0 if there was none.
    int http_status() const noexcept { return data_->http_status; }
    /// The service's machine-readable code, such as "validation_error".
    const std::string &code() const noexcept { return data_->code; }
    /// What the service suggests to do.
    const std::string &hint() const noexcept { return data_->hint; }
    /// The service's id of the failed request, to quote to its support.
    const std::string &request_id() const noexcept { return data_->request_id; }
    /// How long the service asks to wait before the next try, if it said so.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return data_->retry_after; }
    /// Whether the same call can succeed later: connection, rate limit and server errors.
    bool retryable() const noexcept { return data_->retryable; }

private:
    struct Data {
        Status status{};
        std::string message{};
        int http_status = 0;
        std::string code{};
        std::string hint{};
        std::string request_id{};
        std::optional<std::chrono::milliseconds> retry_after{};
        bool retryable = false;
    };

    explicit Error(Data data) : data_(std::make_shared<const Data>(std::move(data))) {}

    static Data read(axonpush_status status, const axonpush_error *error) {
        const auto text = [](const char *from) { return std::string(from ? from : ""); };
        Data data;
        data.status = static_cast<Status>(error ? axonpush_error_status(error) : status);
        data.message = error ? text(axonpush_error_message(error)) : axonpush_status_name(status);
        data.http_status = axonpush_error_http_status(error);
        data.code = text(axonpush_error_code(error));
        data.hint = text(axonpush_error_hint(error));
        data.request_id = text(axonpush_error_request_id(error));
        const std::int64_t wait = error ? axonpush_error_retry_after_ms(error) : -1;
        if (wait >= 0) data.retry_after = std::chrono::milliseconds(wait);
        data.retryable = axonpush_error_retryable(error);
        return data;
    }

    std::shared_ptr<const Data> data_;
};

/// @cond INTERNAL
namespace detail {

[[noreturn]] inline void raise(const Error &error) {
#if AXONPUSH_EXCEPTIONS_
    throw error;
#else
    std::fprintf(stderr, "axonpush: error: %s\n", error.what());
    std::abort();
#endif
}

} // namespace detail
/// @endcond

/// The value that a call gives, or the Error of its failure: a small std::expected (C++23), with the
/// same member names.
///
/// Threads: as a std::optional.
template <typename T> class [[nodiscard]] Result {
public:
    /// A success.
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    /// A failure.
    Result(Error error) : state_(std::in_place_index<1>, error) {}

    /// Whether the call succeeded. In a Result of an optional, that may be std::nullopt.
    bool has_value() const noexcept { return state_.index() == 0; }
    /// The same.
    explicit operator bool() const noexcept { return has_value(); }

    /// The value; throws the Error if there is none.
    T &value() & { return *checked(state_); }
    /// The value; throws the Error if there is none.
    const T &value() const & { return *checked(state_); }
    /// The value; throws the Error if there is none.
    T &&value() && { return std::move(*checked(state_)); }

    /// The value. Only for a success: otherwise the behaviour is undefined.
    T &operator*() & noexcept { return *std::get_if<0>(&state_); }
    /// The value. Only for a success.
    const T &operator*() const & noexcept { return *std::get_if<0>(&state_); }
    /// The value. Only for a success.
    T &&operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    /// The value. Only for a success.
    T *operator->() noexcept { return std::get_if<0>(&state_); }
    /// The value. Only for a success.
    const T *operator->() const noexcept { return std::get_if<0>(&state_); }

    /// The failure. Only for a failure: otherwise the behaviour is undefined.
    const Error &error() const & noexcept { return *std::get_if<1>(&state_); }
    /// The failure. Only for a failure.
    Error error() && noexcept { return *std::get_if<1>(&state_); }

private:
    template <typename State> static auto checked(State &state) {
        if (const Error *error = std::get_if<1>(&state)) detail::raise(*error);
        return std::get_if<0>(&state);
    }

    std::variant<T, Error> state_;
};

/// The success or the Error of a call that gives nothing.
template <> class [[nodiscard]] Result<void> {
public:
    /// A success.
    Result() = default;
    /// A failure.
    Result(Error error) : error_(error) {}

    /// Whether the call succeeded.
    bool has_value() const noexcept { return !error_; }
    /// The same.
    explicit operator bool() const noexcept { return has_value(); }
    /// Throws the Error if there is one.
    void value() const {
        if (error_) detail::raise(*error_);
    }
    /// The failure. Only for a failure: otherwise the behaviour is undefined.
    const Error &error() const & noexcept { return *error_; }
    /// The failure. Only for a failure.
    Error error() && noexcept { return *error_; }

private:
    std::optional<Error> error_;
};

/// How a client is to behave. What is left out comes from its environment variable, else the default;
/// both are named in axonpush.h, where the members have the same names.
///
/// With C++20: `axonpush::Client client({.api_key = key, .fail_open = false});`
struct Options {
    /// An API key (`ak_...`), or a public ingest token (`pt_...`) that may only publish. Required, here
    /// or as AXONPUSH_API_KEY.
    std::string api_key{};
    /// Organisation the calls are made for.
    std::string tenant_id{};
    /// The service, http or https; a path in it is kept as a prefix.
    std::string base_url{};
    /// Environment slug.
    std::string environment{};
    /// Channel of events that name none.
    std::string channel_id{};
    /// Milliseconds for one whole attempt. Default 30000.
    std::uint32_t timeout_ms = 0;
    /// How often a failed call is repeated at most; 0 or less: never. Default 3.
    std::optional<std::int32_t> max_retries{};
    /// Whether an unreachable service is a logged warning (true) or an error (false: strict mode).
    /// Default true.
    std::optional<bool> fail_open{};
    /// Events that may wait for background delivery. Default 10000.
    std::uint32_t queue_max_events = 0;
    /// Bytes that these events may take. Default 33554432 (32 MiB).
    std::uint64_t queue_max_bytes = 0;
    /// What happens when there is no room.
    Overflow overflow = Overflow::drop_oldest;
    /// Milliseconds for which a queued event is retried. Default 300000.
    std::uint32_t delivery_timeout_ms = 0;
    /// Connections of background publishing, at most 256; more than one only under backlog. Default 8.
    std::uint32_t max_connections = 0;
    /// Milliseconds that closing may spend on delivering what waits. Default 2000.
    std::uint32_t shutdown_timeout_ms = 0;
    /// Where completions run.
    CompletionMode completion_mode = CompletionMode::thread;
    /// How much content leaves the process.
    ContentCapture content_capture = ContentCapture::unset;
    /// Names, separated by commas, of members whose values never leave the process.
    std::string redact_keys{};
    /// Unicode characters after which any string is cut. Default 4096.
    std::uint32_t max_content_length = 0;
    /// PEM file of the certificate authorities to trust in place of the platform's.
    std::string ca_file{};
    /// The same as text; it wins over ca_file.
    std::string ca_pem{};
    /// URL of an HTTP proxy; it wins over HTTPS_PROXY and its kin. "" means no proxy at all, and
    /// std::nullopt what the environment says.
    std::optional<std::string> proxy{};
    /// Product token of what is built on this ("my-framework/1.0"), appended to the User-Agent.
    std::string user_agent{};
};

/// An event to publish. Empty members are left to the library or the service.
///
/// Lifetime: it does not own its texts, which must live until the call that it is passed to returns.
/// With C++20: `client.publish({.identifier = "hello", .payload = R"({"n":1})"});`
struct Event {
    /// Required: what happened, such as the name of an operation.
    std::string_view identifier{};
    /// Required: a JSON object, at most 16 MiB and 127 levels deep. Json writes one.
    std::string_view payload{};
    /// Where to publish it; else the client's channel, else the organisation's default.
    std::string_view channel_id{};
    /// "agent.start", "app.log", ...; else "custom". Any text is legal.
    std::string_view event_type{};
    /// The agent that the event is about.
    std::string_view agent_id{};
    /// The trace that the event belongs to; else one of its own (a UUID).
    std::string_view trace_id{};
    /// The event's span; else drawn at random (16 hex digits).
    std::string_view span_id{};
    /// The span it happened in.
    std::string_view parent_span_id{};
    /// The service stores an event once per key: 1 to 255 printable ASCII characters; else a UUID.
    std::string_view dedup_key{};
    /// When it happened: RFC 3339 in UTC, such as "2026-11-24T05:57:22.123Z"; else now.
    std::string_view occurred_at{};
    /// A JSON object of your own making.
    std::string_view metadata{};
};

/// A line of the program's log, for Client::log_event(). What is not given is left out.
///
/// Lifetime: as of an Event.
struct LogRecord {
    /// The text. Bytes in it that are no UTF-8, and NUL characters, become U+FFFD.
    std::string_view body{};
    /// How bad it is.
    Severity severity = Severity::info;
    /// Name of the logger, which becomes the event's identifier; else "log".
    std::string_view logger{};
    /// Else the name of the severity's range, such as "WARN".
    std::string_view severity_text{};
    /// Where in the source.
    std::string_view file{};
    /// Line in `file`.
    std::uint32_t line = 0;
    /// The function, likewise.
    std::string_view function{};
    /// The program, such as "checkout".
    std::string_view service_name{};
    /// A JSON object of what else is known, such as {"order": 4711}.
    std::string_view attributes{};
    /// When it happened: nanoseconds since 1970, UTC; 0: now.
    std::uint64_t time_unix_nano = 0;
    /// Else "app.log". An agent's log is "agent.log".
    std::string_view event_type{};
    /// As in Event.
    std::string_view channel_id{};
    /// The agent whose log it is.
    std::string_view agent_id{};
    /// Else the trace of the innermost TraceScope on this thread.
    std::string_view trace_id{};
    /// Else drawn at random.
    std::string_view span_id{};
};

/// Filters of events, all optional, all of them to be met. Text is passed as it is; the library
/// encodes it.
///
/// Lifetime: as of an Event.
struct EventQuery {
    std::string_view since{};          ///< RFC 3339, inclusive; else the last 24 hours.
    std::string_view until{};          ///< RFC 3339, exclusive: the oldest `createdAt` leads back in time.
    std::uint32_t limit = 0;           ///< At most 500; 0: the service's default, 50.
    std::string_view app_id{};         ///< Of this app.
    std::string_view channel_id{};     ///< Of this channel.
    std::string_view environment_id{}; ///< Of this environment.
    std::string_view event_type{};     ///< Of this type.
    std::string_view source{};         ///< From this source.
    std::string_view status{};         ///< With this status.
    std::string_view trace_id{};       ///< Of this trace.
    std::string_view agent_id{};       ///< By this agent.
    std::string_view agent_name{};     ///< By an agent of this name.
    std::string_view tool_name{};      ///< By this tool.
    std::string_view semantic_kind{};  ///< Of this kind.
    std::string_view service_name{};   ///< By this service.
    std::string_view operation_name{}; ///< Of this operation.
    std::string_view error_type{};     ///< With this type of error.
    std::string_view q{};              ///< Free text, in any case.
    std::string_view attr_key{};       ///< An attribute; goes with attr_value.
    std::string_view attr_value{};     ///< Its value.
};

/// Filters of traces, all optional, all of them to be met. Those marked (list) take several values,
/// separated by commas, any of which is to be met.
///
/// Lifetime: as of an Event.
struct TraceQuery {
    EventQuery events{};               ///< Filters of the events in the traces, `limit` among them.
    std::string_view service{};        ///< Services (list).
    std::string_view operation{};      ///< Operations (list).
    std::string_view model{};          ///< Models (list).
    std::string_view provider{};       ///< Model providers (list).
    std::string_view agent{};          ///< Agents (list).
    std::string_view tool{};           ///< Tools (list).
    std::string_view release{};        ///< Releases (list).
    std::string_view session{};        ///< Sessions (list).
    std::string_view user{};           ///< Users (list).
    std::string_view sort{};           ///< What to sort by, as the service names it.
    std::uint64_t min_duration_ms = 0; ///< At least so long.
    std::uint32_t offset = 0;          ///< How many to pass over.
    std::optional<bool> errors_only{}; ///< Only traces with an error in them.
};

/// An environment to create, or what to change of one: what is not given is left out.
///
/// Lifetime: as of an Event.
struct Environment {
    std::string_view name{};             ///< Required to create one.
    std::string_view slug{};             ///< Else the service makes one of the name.
    std::string_view color{};            ///< For the dashboard, such as "#00aa00".
    std::optional<bool> is_default{};    ///< Whether events that name no environment belong to it.
    std::optional<bool> is_production{}; ///< Whether it is a production environment.
};

/// A webhook endpoint to create.
///
/// Lifetime: as of an Event.
struct Webhook {
    std::string_view channel_id{};  ///< Required: the channel whose events are delivered.
    std::string_view url{};         ///< Required: where to.
    std::string_view event_types{}; ///< Event types to deliver, separated by commas; else all.
    std::string_view description{}; ///< For people.
};

/// What became of the events that background publishing accepted, and of the network.
///
/// At any moment: accepted = delivered + failed + suppressed + dropped + expired + abandoned +
/// queued_events. Calls that wait count in `retried` and `connections` only.
struct Stats {
    std::uint64_t accepted = 0;        ///< Taken for background delivery.
    std::uint64_t delivered = 0;       ///< The service said that it has them.
    std::uint64_t failed = 0;          ///< The service rejected them for good.
    std::uint64_t suppressed = 0;      ///< Given up while the service was unreachable, under fail-open.
    std::uint64_t dropped = 0;         ///< Made room for newer ones.
    std::uint64_t expired = 0;         ///< Not delivered within Options::delivery_timeout_ms.
    std::uint64_t abandoned = 0;       ///< Not delivered when a shutdown ran out of time.
    std::uint64_t queued_events = 0;   ///< Waiting or being sent now.
    std::uint64_t queued_bytes = 0;    ///< Bytes that these take.
    std::uint64_t retried = 0;         ///< Attempts beyond the first, of all calls and events.
    std::uint64_t connections = 0;     ///< Connections opened so far.
    std::uint64_t log_events_lost = 0; ///< Lines that Client::log_event() could not publish.
};

/// @cond INTERNAL
namespace detail {

/// A text for a member of a C struct.
struct Text {
    const char *name;
    std::string_view value;
    const char *&member;
};

/// NUL-terminated copies of texts, for one call: on the stack where they fit. An empty text leaves
/// its member as it is.
class Texts {
public:
    explicit Texts(std::initializer_list<Text> texts) {
        std::size_t size = 0;
        for (const Text &text : texts) size += text.value.size() + 1;
        char *at = near_;
        if (size > sizeof near_) {
            far_ = std::make_unique<char[]>(size);
            at = far_.get();
        }
        for (const Text &text : texts) {
            if (text.value.empty()) continue;
            if (text.value.find('\0') != std::string_view::npos) flawed_ = text.name;
            std::memcpy(at, text.value.data(), text.value.size());
            at[text.value.size()] = '\0';
            text.member = at;
            at += text.value.size() + 1;
        }
    }
    Texts(const Texts &) = delete;
    Texts &operator=(const Texts &) = delete;

    /// A text with a NUL character inside, which C would take for its end.
    bool flawed() const noexcept { return flawed_ != nullptr; }
    Error error() const {
        return Error(Status::invalid_argument, std::string(flawed_) + " has a NUL character inside");
    }

private:
    const char *flawed_ = nullptr;
    std::unique_ptr<char[]> far_;
    char near_[512];
};

/// JSON as the C interface takes it. An empty one is NULL: a length of 0 would mean NUL-terminated.
inline const char *json_start(std::string_view json) noexcept { return json.empty() ? nullptr : json.data(); }

class CEvent {
public:
    explicit CEvent(const Event &event)
        : texts_({{"identifier", event.identifier, value_.identifier},
                  {"channel_id", event.channel_id, value_.channel_id},
                  {"event_type", event.event_type, value_.event_type},
                  {"agent_id", event.agent_id, value_.agent_id},
                  {"trace_id", event.trace_id, value_.trace_id},
                  {"span_id", event.span_id, value_.span_id},
                  {"parent_span_id", event.parent_span_id, value_.parent_span_id},
                  {"dedup_key", event.dedup_key, value_.dedup_key},
                  {"occurred_at", event.occurred_at, value_.occurred_at}}) {
        value_.payload = json_start(event.payload);
        value_.payload_len = event.payload.size();
        value_.metadata = json_start(event.metadata);
        value_.metadata_len = event.metadata.size();
    }
    const axonpush_event *get() const noexcept { return &value_; }
    const Texts &texts() const noexcept { return texts_; }

private:
    axonpush_event value_ = AXONPUSH_EVENT_INIT;
    Texts texts_;
};

/// How many bytes at the start of a text are one character of UTF-8 other than NUL; 0: they are none.
inline std::size_t character(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return first != 0 ? 1 : 0;
    if (first < 0xC2 || first > 0xF4) return 0;
    if (first < 0xE0) return follows(1) ? 2 : 0;
    if (first < 0xF0) {
        const bool whole = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2);
        return whole ? 3 : 0;
    }
    const bool whole = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3);
    return whole ? 4 : 0;
}

/// Gives `text`, or where it has something in it that C could not take, a copy without it, kept in `mended`.
inline std::string_view readable(std::string_view text, std::string &mended) {
    std::size_t good = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character(text.substr(at));
        at += length ? length : 1;
        if (length) continue;
        mended.append(text.substr(good, at - 1 - good)).append("\xEF\xBF\xBD");
        good = at;
    }
    return good == 0 ? text : std::string_view(mended.append(text.substr(good)));
}

class CLogRecord {
public:
    explicit CLogRecord(const LogRecord &record)
        : texts_({{"body", readable(record.body, mended_), value_.body},
                  {"logger", record.logger, value_.logger},
                  {"severity_text", record.severity_text, value_.severity_text},
                  {"file", record.file, value_.file},
                  {"function", record.function, value_.function},
                  {"service_name", record.service_name, value_.service_name},
                  {"event_type", record.event_type, value_.event_type},
                  {"channel_id", record.channel_id, value_.channel_id},
                  {"agent_id", record.agent_id, value_.agent_id},
                  {"trace_id", record.trace_id, value_.trace_id},
                  {"span_id", record.span_id, value_.span_id}}) {
        value_.severity = static_cast<axonpush_severity>(record.severity);
        value_.line = record.line;
        value_.attributes = json_start(record.attributes);
        value_.attributes_len = record.attributes.size();
        value_.time_unix_nano = record.time_unix_nano;
    }
    /// Null if it cannot be passed, which the library counts.
    const axonpush_log_record *get() const noexcept { return texts_.flawed() ? nullptr : &value_; }

private:
    std::string mended_;
    axonpush_log_record value_ = AXONPUSH_LOG_RECORD_INIT;
    Texts texts_;
};

inline bool log_event(axonpush_client *client, const LogRecord &record) noexcept {
#if AXONPUSH_EXCEPTIONS_
    try {
        return axonpush_log_event(client, CLogRecord(record).get());
    } catch (...) { // No memory.
        return axonpush_log_event(client, nullptr);
    }
#else
    return axonpush_log_event(client, CLogRecord(record).get());
#endif
}

class CQuery {
public:
    explicit CQuery(const EventQuery &query)
        : texts_({{"since", query.since, value_.since},
                  {"until", query.until, value_.until},
                  {"app_id", query.app_id, value_.app_id},
                  {"channel_id", query.channel_id, value_.channel_id},
                  {"environment_id", query.environment_id, value_.environment_id},
                  {"event_type", query.event_type, value_.event_type},
                  {"source", query.source, value_.source},
                  {"status", query.status, value_.status},
                  {"trace_id", query.trace_id, value_.trace_id},
                  {"agent_id", query.agent_id, value_.agent_id},
                  {"agent_name", query.agent_name, value_.agent_name},
                  {"tool_name", query.tool_name, value_.tool_name},
                  {"semantic_kind", query.semantic_kind, value_.semantic_kind},
                  {"service_name", query.service_name, value_.service_name},
                  {"operation_name", query.operation_name, value_.operation_name},
                  {"error_type", query.error_type, value_.error_type},
                  {"q", query.q, value_.q},
                  {"attr_key", query.attr_key, value_.attr_key},
                  {"attr_value", query.attr_value, value_.attr_value}}) {
        value_.limit = query.limit;
    }
    const axonpush_event_query *get() const noexcept { return &value_; }
    const Texts &texts() const noexcept { return texts_; }

private:
    axonpush_event_query value_ = AXONPUSH_EVENT_QUERY_INIT;
    Texts texts_;
};

inline axonpush_toggle toggle(std::optional<bool> given) noexcept {
    if (!given) return AXONPUSH_DEFAULT;
    return *given ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
}

class CTraceQuery {
public:
    explicit CTraceQuery(const TraceQuery &query)
        : events_(query.events), texts_({{"service", query.service, value_.service},
                                         {"operation", query.operation, value_.operation},
                                         {"model", query.model, value_.model},
                                         {"provider", query.provider, value_.provider},
                                         {"agent", query.agent, value_.agent},
                                         {"tool", query.tool, value_.tool},
                                         {"release", query.release, value_.release},
                                         {"session", query.session, value_.session},
                                         {"user", query.user, value_.user},
                                         {"sort", query.sort, value_.sort}}) {
        value_.events = events_.get();
        value_.min_duration_ms = query.min_duration_ms;
        value_.offset = query.offset;
        value_.errors_only = toggle(query.errors_only);
    }
    const axonpush_trace_query *get() const noexcept { return &value_; }
    const Texts &texts() const noexcept { return events_.texts().flawed() ? events_.texts() : texts_; }

private:
    axonpush_trace_query value_ = AXONPUSH_TRACE_QUERY_INIT;
    CQuery events_;
    Texts texts_;
};

class CEnvironment {
public:
    explicit CEnvironment(const Environment &environment)
        : texts_({{"name", environment.name, value_.name},
                  {"slug", environment.slug, value_.slug},
                  {"color", environment.color, value_.color}}) {
        value_.is_default = toggle(environment.is_default);
        value_.is_production = toggle(environment.is_production);
    }
    const axonpush_environment *get() const noexcept { return &value_; }
    const Texts &texts() const noexcept { return texts_; }

private:
    axonpush_environment value_ = AXONPUSH_ENVIRONMENT_INIT;
    Texts texts_;
};

class CWebhook {
public:
    explicit CWebhook(const Webhook &webhook)
        : texts_({{"channel_id", webhook.channel_id, value_.channel_id},
                  {"url", webhook.url, value_.url},
                  {"event_types", webhook.event_types, value_.event_types},
                  {"description", webhook.description, value_.description}}) {}
    const axonpush_webhook *get() const noexcept { return &value_; }
    const Texts &texts() const noexcept { return texts_; }

private:
    axonpush_webhook value_ = AXONPUSH_WEBHOOK_INIT;
    Texts texts_;
};

/// Two JSON pointers, one after the other, as C text.
class Pointer {
public:
    Pointer(std::string_view base, std::string_view rest) noexcept {
        // "/events/1" and "0" must not become "/events/10".
        const bool usable = rest.empty() || rest.front() == '/';
        if (!usable || rest.find('\0') != std::string_view::npos) return;
        if (base.size() + rest.size() < sizeof near_) {
            std::copy(base.begin(), base.end(), near_);
            std::copy(rest.begin(), rest.end(), near_ + base.size());
            near_[base.size() + rest.size()] = '\0';
            text_ = near_;
        } else {
            far_.reserve(base.size() + rest.size());
            far_.append(base).append(rest);
            text_ = far_.c_str();
        }
    }
    Pointer(const Pointer &) = delete;
    Pointer &operator=(const Pointer &) = delete;

    /// Null if nothing can be there.
    const char *get() const noexcept { return text_; }

private:
    const char *text_ = nullptr;
    std::string far_;
    char near_[128];
};

inline std::optional<std::string_view> optional_text(const char *text) noexcept {
    if (!text) return std::nullopt;
    return std::string_view(text);
}

inline std::uint32_t milliseconds(std::chrono::milliseconds time) noexcept {
    using Count = std::chrono::milliseconds::rep;
    return static_cast<std::uint32_t>(std::clamp<Count>(time.count(), 0, UINT32_MAX));
}

/// Runs a callable of the user's inside a call from C, which must not see an exception.
template <typename Call> void guarded(const char *what, Call &&call) noexcept {
#if AXONPUSH_EXCEPTIONS_
    try {
        std::forward<Call>(call)();
    } catch (const std::exception &thrown) {
        std::fprintf(stderr, "axonpush: error: %s threw: %s\n", what, thrown.what());
    } catch (...) {
        std::fprintf(stderr, "axonpush: error: %s threw something that is no std::exception\n", what);
    }
#else
    static_cast<void>(what);
    std::forward<Call>(call)();
#endif
}

} // namespace detail
/// @endcond

/// @cond INTERNAL
namespace detail {

/// Runs a C call that may fail.
template <typename Call> Result<void> attempt(Call &&run) {
    axonpush_error *failure = nullptr;
    const axonpush_status status = run(&failure);
    if (status == AXONPUSH_OK) return {};
    const Error error(status, failure);
    axonpush_error_free(failure);
    return error;
}

/// Runs a C call that makes an object, which is null if it fails.
template <typename Object, typename Call> Result<Object *> make(Call &&run) {
    Object *object = nullptr;
    const Result<void> made = attempt([&](axonpush_error **error) -> axonpush_status {
        object = run(error);
        if (object) return AXONPUSH_OK;
        return *error ? axonpush_error_status(*error) : AXONPUSH_ERR_INTERNAL;
    });
    if (!made) return made.error();
    return object;
}

/// An argument of a C function.
template <typename T> const T &c_argument(const T &argument) noexcept { return argument; }
inline const char *c_argument(const std::string &argument) noexcept { return argument.c_str(); }

} // namespace detail
/// @endcond

class Items;

/// A place in the JSON of a response: what its pointers are relative to.
///
/// Pointers are JSON pointers (RFC 6901): "/eventId", "/payload/answer"; "" is the place itself; "~1"
/// stands for "/" and "~0" for "~" in a name. Of what is not there, or is of another type, every
/// accessor gives std::nullopt or 0.
///
/// Threads: any number may read at once.
/// Lifetime: it borrows from the Response, which must outlive it and all that it gives.
class View {
public:
    /// A place in no response: nothing is there.
    View() = default;
    /// A place in a response of the C interface.
    explicit View(const axonpush_response *response, std::string pointer = {})
        : response_(response), pointer_(std::move(pointer)) {}

    /// The string there. Also std::nullopt for one with a NUL character inside; json() has it.
    std::optional<std::string_view> get_string(std::string_view pointer = {}) const {
        return detail::optional_text(axonpush_response_string(response_, full(pointer).get()));
    }
    /// The integer there, if it is written as one and fits.
    std::optional<std::int64_t> get_int(std::string_view pointer = {}) const {
        return read<std::int64_t>(axonpush_response_int, pointer);
    }
    /// The number there, if it is not beyond a double.
    std::optional<double> get_double(std::string_view pointer = {}) const {
        return read<double>(axonpush_response_double, pointer);
    }
    /// The boolean there.
    std::optional<bool> get_bool(std::string_view pointer = {}) const {
        return read<bool>(axonpush_response_bool, pointer);
    }
    /// How many members the array or object there has.
    std::size_t count(std::string_view pointer = {}) const {
        return axonpush_response_count(response_, full(pointer).get());
    }
    /// The place that `pointer` leads to.
    View at(std::string_view pointer) const {
        const detail::Pointer place = full(pointer);
        return place.get() ? View(response_, place.get()) : View();
    }
    /// The members of the array there, as a range of View. (Members of an object have names, not
    /// numbers, and cannot be reached like this.)
    inline Items items(std::string_view pointer = {}) const;

    /// The pointer from the whole document to this place.
    const std::string &pointer() const noexcept { return pointer_; }

protected:
    /// @cond INTERNAL
    detail::Pointer full(std::string_view pointer) const { return detail::Pointer(pointer_, pointer); }
    template <typename T, typename Read> std::optional<T> read(Read reader, std::string_view pointer) const {
        T value{};
        if (!reader(response_, full(pointer).get(), &value)) return std::nullopt;
        return value;
    }
    const axonpush_response *response_ = nullptr;
    std::string pointer_;
    /// @endcond
};

/// The members of an array in a response: `for (axonpush::View item : items)`.
///
/// Lifetime: as of a View.
class Items {
public:
    /// Walks over them; an input iterator, since each View is made when it is asked for.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< Of the standard library.
        using value_type = View;                           ///< A member.
        using difference_type = std::ptrdiff_t;            ///< Of the standard library.
        using pointer = const View *;                      ///< Of the standard library.
        using reference = View;                            ///< Made anew each time.

        Iterator() = default; ///< The end of nothing.
        /// The member of that number.
        Iterator(const Items *items, std::size_t index) noexcept : items_(items), index_(index) {}
        /// The member.
        View operator*() const { return (*items_)[index_]; }
        /// To the next.
        Iterator &operator++() noexcept { return ++index_, *this; }
        /// To the next; gives where it was.
        Iterator operator++(int) noexcept { return Iterator(items_, index_++); }
        /// Whether both are at the same member.
        friend bool operator==(const Iterator &a, const Iterator &b) noexcept { return a.index_ == b.index_; }
        /// Whether they are not.
        friend bool operator!=(const Iterator &a, const Iterator &b) noexcept { return a.index_ != b.index_; }

    private:
        const Items *items_ = nullptr;
        std::size_t index_ = 0;
    };

    /// The members of the array at this place.
    explicit Items(View array) : array_(std::move(array)), size_(array_.count()) {}
    /// The first.
    Iterator begin() const noexcept { return Iterator(this, 0); }
    /// Behind the last.
    Iterator end() const noexcept { return Iterator(this, size_); }
    /// How many there are.
    std::size_t size() const noexcept { return size_; }
    /// Whether there is none.
    bool empty() const noexcept { return size_ == 0; }
    /// The member of that number; behind the last, a place where nothing is.
    View operator[](std::size_t index) const { return array_.at("/" + std::to_string(index)); }

private:
    View array_;
    std::size_t size_;
};

inline Items View::items(std::string_view pointer) const { return Items(at(pointer)); }

/// A whole response that belongs to somebody else: what a completion is given.
///
/// Lifetime: until the completion returns. Copy what you keep.
class ResponseView : public View {
public:
    /// No response.
    ResponseView() = default;
    /// A response of the C interface, which keeps its owner.
    explicit ResponseView(const axonpush_response *response) noexcept : View(response) {}

    /// The whole answer as JSON text.
    std::string_view json() const noexcept {
        std::size_t length = 0;
        const char *text = axonpush_response_json(response_, &length);
        return std::string_view(text ? text : "", length);
    }
    /// The HTTP status of the answer; 0 for the empty list of fail-open.
    int http_status() const noexcept { return axonpush_response_http_status(response_); }
    /// The service's id of the request, if it gave one.
    std::optional<std::string_view> request_id() const noexcept {
        return detail::optional_text(axonpush_response_request_id(response_));
    }
    /// The events of a listing or a search.
    Items events() const { return items("/events"); }
    /// The same for the functions of the C interface.
    const axonpush_response *get() const noexcept { return response_; }
};

/// The JSON that a call gave.
///
/// Threads: any number may read at once.
/// Lifetime: it owns the JSON. Texts, views and items borrow from it: they cannot be taken from a
/// Response that has no name. Note that `->` of an unnamed optional is not caught:
/// `client.publish(event)->get_string("/eventId")` is gone at the end of the statement.
class Response : public ResponseView {
public:
    /// No response.
    Response() = default;
    /// Takes over a response of the C interface.
    explicit Response(axonpush_response *owned) noexcept : ResponseView(owned), owned_(owned) {}
    /// Leaves `other` without a response.
    Response(Response &&other) noexcept
        : ResponseView(std::exchange(other.response_, nullptr)), owned_(std::move(other.owned_)) {}
    /// Leaves `other` without a response.
    Response &operator=(Response &&other) noexcept {
        owned_ = std::move(other.owned_);
        response_ = owned_.get();
        other.response_ = other.owned_.get();
        return *this;
    }

    /// As View::get_string().
    std::optional<std::string_view> get_string(std::string_view pointer = {}) const & {
        return View::get_string(pointer);
    }
    /// As View::at().
    View at(std::string_view pointer) const & { return View::at(pointer); }
    /// As View::items().
    Items items(std::string_view pointer = {}) const & { return View::items(pointer); }
    /// As ResponseView::json().
    std::string_view json() const & noexcept { return ResponseView::json(); }
    /// As ResponseView::request_id().
    std::optional<std::string_view> request_id() const & noexcept { return ResponseView::request_id(); }
    /// As ResponseView::events().
    Items events() const & { return ResponseView::events(); }

    /// @cond INTERNAL
    // They would outlive what they borrow from.
    std::optional<std::string_view> get_string(std::string_view pointer = {}) const && = delete;
    View at(std::string_view pointer) const && = delete;
    Items items(std::string_view pointer = {}) const && = delete;
    std::string_view json() const && noexcept = delete;
    std::optional<std::string_view> request_id() const && noexcept = delete;
    Items events() const && = delete;
    /// @endcond

private:
    struct Free {
        void operator()(axonpush_response *response) const noexcept { axonpush_response_free(response); }
    };
    std::unique_ptr<axonpush_response, Free> owned_;
};

/// What became of an event that was published in the background: what Client::try_publish() would
/// have returned, but that the response is borrowed.
///
/// A failure is not delivered as far as is known; with Status::connection, decode and closed it may
/// have arrived all the same. std::nullopt: given up under fail-open.
///
/// Lifetime: the ResponseView is gone when the completion returns; an Error may be kept.
using Outcome = Result<std::optional<ResponseView>>;

/// @cond INTERNAL
namespace detail {

/// Runs a C call that may fail or give a response.
template <typename Call> Result<std::optional<Response>> answer(Call &&run) {
    axonpush_response *response = nullptr;
    const Result<void> done = attempt([&](axonpush_error **error) { return run(&response, error); });
    if (!done) return done.error();
    if (!response) return std::optional<Response>();
    return std::optional<Response>(Response(response));
}

/// For calls that always give a response.
inline Result<Response> present(Result<std::optional<Response>> result) {
    if (!result) return result.error();
    return *result ? std::move(**result) : Response();
}

/// A text for a C function.
class Argument {
public:
    Argument(const char *name, std::string_view value) : copy_(value) {
        if (value.find('\0') != std::string_view::npos) flawed_ = name;
    }
    const char *get() const noexcept { return copy_.c_str(); }
    const Argument &texts() const noexcept { return *this; }
    bool flawed() const noexcept { return flawed_ != nullptr; }
    Error error() const {
        return Error(Status::invalid_argument, std::string(flawed_) + " has a NUL character inside");
    }

private:
    const char *flawed_ = nullptr;
    std::string copy_;
};

template <typename T> auto plain(const T &argument) noexcept {
    if constexpr (std::is_class_v<T>) {
        return argument.get();
    } else {
        return argument;
    }
}

template <typename T> void look_for_flaw(std::optional<Error> &flaw, const T &argument) {
    if constexpr (std::is_class_v<T>) {
        if (!flaw && argument.texts().flawed()) flaw.emplace(argument.texts().error());
    }
}

/// Calls of one kind of things: what the classes below have in common.
class Resource {
public:
    using Argument = detail::Argument;

    explicit Resource(axonpush_client *client) noexcept : client_(client) {}

    template <typename Function, typename... Arguments>
    Result<std::optional<Response>> one(Function function, const Arguments &...arguments) const {
        std::optional<Error> flaw;
        (look_for_flaw(flaw, arguments), ...);
        if (flaw) return *flaw;
        return answer([&](axonpush_response **response, axonpush_error **error) {
            return function(client_, plain(arguments)..., response, error);
        });
    }
    template <typename Function, typename... Arguments>
    Result<Response> all(Function function, const Arguments &...arguments) const {
        return present(one(function, arguments...));
    }

private:
    axonpush_client *client_;
};

} // namespace detail
/// @endcond

/// The apps of the organisation: `client.apps().list()`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Apps : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Lists the apps: "/apps" of the Response.
    Response list() const { return try_list().value(); }
    /// list() that returns the Error.
    Result<Response> try_list() const { return all(axonpush_apps_list); }
    /// Creates an app.
    std::optional<Response> create(std::string_view name) const { return try_create(name).value(); }
    /// create() that returns the Error.
    Result<std::optional<Response>> try_create(std::string_view name) const {
        return one(axonpush_apps_create, Argument("name", name));
    }
    /// Gets an app.
    std::optional<Response> get(std::string_view app_id) const { return try_get(app_id).value(); }
    /// get() that returns the Error.
    Result<std::optional<Response>> try_get(std::string_view app_id) const {
        return one(axonpush_apps_get, Argument("app_id", app_id));
    }
    /// Renames an app.
    std::optional<Response> update(std::string_view app_id, std::string_view name) const {
        return try_update(app_id, name).value();
    }
    /// update() that returns the Error.
    Result<std::optional<Response>> try_update(std::string_view app_id, std::string_view name) const {
        return one(axonpush_apps_update, Argument("app_id", app_id), Argument("name", name));
    }
    /// Deletes an app.
    std::optional<Response> remove(std::string_view app_id) const { return try_remove(app_id).value(); }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view app_id) const {
        return one(axonpush_apps_delete, Argument("app_id", app_id));
    }
};

/// The channels of an app: `client.channels().list(app_id)`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Channels : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Lists the channels of an app: "/channels" of the Response.
    Response list(std::string_view app_id) const { return try_list(app_id).value(); }
    /// list() that returns the Error.
    Result<Response> try_list(std::string_view app_id) const {
        return all(axonpush_channels_list, Argument("app_id", app_id));
    }
    /// Creates a channel.
    std::optional<Response> create(std::string_view app_id, std::string_view name) const {
        return try_create(app_id, name).value();
    }
    /// create() that returns the Error.
    Result<std::optional<Response>> try_create(std::string_view app_id, std::string_view name) const {
        return one(axonpush_channels_create, Argument("app_id", app_id), Argument("name", name));
    }
    /// Gets a channel.
    std::optional<Response> get(std::string_view app_id, std::string_view channel_id) const {
        return try_get(app_id, channel_id).value();
    }
    /// get() that returns the Error.
    Result<std::optional<Response>> try_get(std::string_view app_id, std::string_view channel_id) const {
        return one(axonpush_channels_get, Argument("app_id", app_id), Argument("channel_id", channel_id));
    }
    /// Renames a channel.
    std::optional<Response> update(std::string_view app_id, std::string_view channel_id,
                                   std::string_view name) const {
        return try_update(app_id, channel_id, name).value();
    }
    /// update() that returns the Error.
    Result<std::optional<Response>> try_update(std::string_view app_id, std::string_view channel_id,
                                               std::string_view name) const {
        return one(axonpush_channels_update, Argument("app_id", app_id), Argument("channel_id", channel_id),
                   Argument("name", name));
    }
    /// Deletes a channel.
    std::optional<Response> remove(std::string_view app_id, std::string_view channel_id) const {
        return try_remove(app_id, channel_id).value();
    }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view app_id, std::string_view channel_id) const {
        return one(axonpush_channels_delete, Argument("app_id", app_id), Argument("channel_id", channel_id));
    }
};

/// The environments: `client.environments().list()`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Environments : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Lists the environments: "/environments" of the Response.
    Response list() const { return try_list().value(); }
    /// list() that returns the Error.
    Result<Response> try_list() const { return all(axonpush_environments_list); }
    /// Creates an environment.
    std::optional<Response> create(const Environment &environment) const { return try_create(environment).value(); }
    /// create() that returns the Error.
    Result<std::optional<Response>> try_create(const Environment &environment) const {
        return one(axonpush_environments_create, detail::CEnvironment(environment));
    }
    /// Changes what is given of an environment.
    std::optional<Response> update(std::string_view slug, const Environment &changes) const {
        return try_update(slug, changes).value();
    }
    /// update() that returns the Error.
    Result<std::optional<Response>> try_update(std::string_view slug, const Environment &changes) const {
        return one(axonpush_environments_update, Argument("slug", slug), detail::CEnvironment(changes));
    }
    /// Deletes an environment.
    std::optional<Response> remove(std::string_view slug) const { return try_remove(slug).value(); }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view slug) const {
        return one(axonpush_environments_delete, Argument("slug", slug));
    }
    /// Makes an environment the default one.
    std::optional<Response> promote(std::string_view slug) const { return try_promote(slug).value(); }
    /// promote() that returns the Error.
    Result<std::optional<Response>> try_promote(std::string_view slug) const {
        return one(axonpush_environments_promote, Argument("slug", slug));
    }
};

/// The webhook endpoints: `client.webhooks().list(channel_id)`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Webhooks : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Creates an endpoint. The answer has its secret ("/rawSecret"), which webhook_verify() needs.
    std::optional<Response> create(const Webhook &webhook) const { return try_create(webhook).value(); }
    /// create() that returns the Error.
    Result<std::optional<Response>> try_create(const Webhook &webhook) const {
        return one(axonpush_webhooks_create, detail::CWebhook(webhook));
    }
    /// Lists the endpoints of a channel: "/data" of the Response.
    Response list(std::string_view channel_id) const { return try_list(channel_id).value(); }
    /// list() that returns the Error.
    Result<Response> try_list(std::string_view channel_id) const {
        return all(axonpush_webhooks_list, Argument("channel_id", channel_id));
    }
    /// Deletes an endpoint.
    std::optional<Response> remove(std::string_view endpoint_id) const { return try_remove(endpoint_id).value(); }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view endpoint_id) const {
        return one(axonpush_webhooks_delete, Argument("endpoint_id", endpoint_id));
    }
    /// Lists the deliveries of an endpoint: "/data" of the Response.
    Response deliveries(std::string_view endpoint_id) const { return try_deliveries(endpoint_id).value(); }
    /// deliveries() that returns the Error.
    Result<Response> try_deliveries(std::string_view endpoint_id) const {
        return all(axonpush_webhooks_deliveries, Argument("endpoint_id", endpoint_id));
    }
};

/// The traces that the service has: `client.traces().get(trace_id)`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Traces : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Lists traces: "/traces" of the Response.
    Response list(const TraceQuery &query = {}) const { return try_list(query).value(); }
    /// list() that returns the Error.
    Result<Response> try_list(const TraceQuery &query = {}) const {
        return all(axonpush_traces_list, detail::CTraceQuery(query));
    }
    /// Gets a trace with its spans: "/traceId" and "/spans".
    std::optional<Response> get(std::string_view trace_id) const { return try_get(trace_id).value(); }
    /// get() that returns the Error.
    Result<std::optional<Response>> try_get(std::string_view trace_id) const {
        return one(axonpush_traces_get, Argument("trace_id", trace_id));
    }
};

/// The organisations of the key's user: `client.organizations().list()`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Ids
/// are given as they are. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Organizations : private detail::Resource {
public:
    using Resource::Resource; ///< Of a client of the C interface.

    /// Lists the organisations: "/organizations" of the Response.
    Response list() const { return try_list().value(); }
    /// list() that returns the Error.
    Result<Response> try_list() const { return all(axonpush_organizations_list); }
    /// Gets the organisation that the key belongs to.
    std::optional<Response> get() const { return try_get().value(); }
    /// get() that returns the Error.
    Result<std::optional<Response>> try_get() const { return one(axonpush_organizations_get); }
    /// Changes that organisation: `body_json` is an object of the members to change.
    std::optional<Response> update(std::string_view body_json) const { return try_update(body_json).value(); }
    /// update() that returns the Error.
    Result<std::optional<Response>> try_update(std::string_view body_json) const {
        return one(axonpush_organizations_update, detail::json_start(body_json), body_json.size());
    }
    /// Deletes an organisation.
    std::optional<Response> remove(std::string_view org_id) const { return try_remove(org_id).value(); }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view org_id) const {
        return one(axonpush_organizations_delete, Argument("org_id", org_id));
    }
    /// Invites somebody into an organisation.
    std::optional<Response> invite(std::string_view org_id, std::string_view invited_email,
                                   std::string_view role) const {
        return try_invite(org_id, invited_email, role).value();
    }
    /// invite() that returns the Error.
    Result<std::optional<Response>> try_invite(std::string_view org_id, std::string_view invited_email,
                                               std::string_view role) const {
        return one(axonpush_organizations_invite, Argument("org_id", org_id),
                   Argument("invited_email", invited_email), Argument("role", role));
    }
    /// Takes an invitation back.
    std::optional<Response> cancel_invitation(std::string_view org_id, std::string_view invitation_id) const {
        return try_cancel_invitation(org_id, invitation_id).value();
    }
    /// cancel_invitation() that returns the Error.
    Result<std::optional<Response>> try_cancel_invitation(std::string_view org_id,
                                                          std::string_view invitation_id) const {
        return one(axonpush_organizations_cancel_invitation, Argument("org_id", org_id),
                   Argument("invitation_id", invitation_id));
    }
    /// Removes a member from an organisation.
    std::optional<Response> remove_member(std::string_view org_id, std::string_view user_id) const {
        return try_remove_member(org_id, user_id).value();
    }
    /// remove_member() that returns the Error.
    Result<std::optional<Response>> try_remove_member(std::string_view org_id, std::string_view user_id) const {
        return one(axonpush_organizations_remove_member, Argument("org_id", org_id), Argument("user_id", user_id));
    }
    /// Makes another member the owner of an organisation.
    std::optional<Response> transfer_ownership(std::string_view org_id, std::string_view user_id) const {
        return try_transfer_ownership(org_id, user_id).value();
    }
    /// transfer_ownership() that returns the Error.
    Result<std::optional<Response>> try_transfer_ownership(std::string_view org_id,
                                                           std::string_view user_id) const {
        return one(axonpush_organizations_transfer_ownership, Argument("org_id", org_id),
                   Argument("user_id", user_id));
    }
    /// Leaves an organisation.
    std::optional<Response> leave(std::string_view org_id) const { return try_leave(org_id).value(); }
    /// leave() that returns the Error.
    Result<std::optional<Response>> try_leave(std::string_view org_id) const {
        return one(axonpush_organizations_leave, Argument("org_id", org_id));
    }
};

/// What is left of the answer to an event that was published in the background, to keep.
struct Receipt {
    std::string event_id{};   ///< The service's id of the event.
    std::string request_id{}; ///< The service's id of the request; empty if it gave none.
    int http_status = 0;      ///< The HTTP status of the answer.
    std::string json{};       ///< The whole answer.
};

/// Writes a JSON object without a JSON library: members are added in order.
///
///     axonpush::Json payload;
///     payload.add("tool", "search").add("hits", 3).begin_array("scores").add(0.5).add(0.25).end();
///     event.payload = payload.text();
///
/// Inside an object every member needs a key; inside an array it must have none. Mistakes (an end too
/// many, a key missing, text that is not UTF-8, NaN) need not be checked one by one: the first is
/// remembered, what follows is ignored, and text() reports it.
///
/// Threads: one at a time. A moved-from writer may be assigned to or destroyed, nothing else.
class Json {
public:
    /// Starts an object.
    Json() : json_(axonpush_json_new()) {}

    /// Adds a member to an object: text, a number, true or false, or nullptr.
    template <typename T> Json &add(std::string_view key, const T &value) {
        put(Key(*this, key).get(), value);
        return *this;
    }
    /// Adds an element to an array.
    template <typename T> Json &add(const T &value) {
        put(nullptr, value);
        return *this;
    }
    /// Adds a member that is JSON text already.
    Json &raw(std::string_view key, std::string_view json) {
        put_raw(Key(*this, key).get(), json);
        return *this;
    }
    /// Adds an element that is JSON text already.
    Json &raw(std::string_view json) {
        put_raw(nullptr, json);
        return *this;
    }
    /// Begins an object in an object; what follows goes into it, until end().
    Json &begin_object(std::string_view key) {
        axonpush_json_begin_object(json_.get(), Key(*this, key).get());
        return *this;
    }
    /// Begins an object in an array.
    Json &begin_object() {
        axonpush_json_begin_object(json_.get(), nullptr);
        return *this;
    }
    /// Begins an array in an object; what follows goes into it, until end().
    Json &begin_array(std::string_view key) {
        axonpush_json_begin_array(json_.get(), Key(*this, key).get());
        return *this;
    }
    /// Begins an array in an array.
    Json &begin_array() {
        axonpush_json_begin_array(json_.get(), nullptr);
        return *this;
    }
    /// Ends the object or array that was begun last.
    Json &end() {
        axonpush_json_end(json_.get());
        return *this;
    }

    /// The finished object. It lives until the next call on this writer. Throws an Error
    /// (Status::invalid_argument) after a mistake, and while something begun is not ended.
    std::string_view text() { return try_text().value(); }
    /// text() that returns the Error.
    Result<std::string_view> try_text() {
        if (nul_in_key_) return Error(Status::invalid_argument, "a key has a NUL character inside");
        std::size_t length = 0;
        axonpush_error *failure = nullptr;
        const char *text = axonpush_json_text(json_.get(), &length, &failure);
        if (text) return std::string_view(text, length);
        const Error error(AXONPUSH_ERR_INVALID_ARGUMENT, failure);
        axonpush_error_free(failure);
        return error;
    }

private:
    /// A NUL-terminated key.
    class Key {
    public:
        Key(Json &json, std::string_view key) : texts_({{"key", key, text_}}) {
            if (texts_.flawed()) json.nul_in_key_ = true;
        }
        const char *get() const noexcept { return text_; }

    private:
        const char *text_ = ""; // An empty key is a key.
        detail::Texts texts_;
    };

    template <typename T> void put(const char *key, const T &value) {
        if constexpr (std::is_same_v<T, bool>) {
            axonpush_json_bool(json_.get(), key, value);
        } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
            axonpush_json_string(json_.get(), key, nullptr);
        } else if constexpr (std::is_floating_point_v<T>) {
            axonpush_json_double(json_.get(), key, static_cast<double>(value));
        } else if constexpr (std::is_integral_v<T> && sizeof(T) == 8 && std::is_unsigned_v<T>) {
            put_raw(key, std::to_string(value)); // Beyond int64_t, perhaps.
        } else if constexpr (std::is_integral_v<T>) {
            axonpush_json_int(json_.get(), key, value);
        } else {
            static_assert(std::is_convertible_v<const T &, std::string_view>,
                          "axonpush::Json::add() takes text, numbers, bool and nullptr");
            put_text(key, value);
        }
    }

    void put_text(const char *key, std::string_view value) {
        if (value.find('\0') != std::string_view::npos) {
            put_raw(key, quoted(value));
            return;
        }
        const char *text = "";
        const detail::Texts copy({{"value", value, text}});
        axonpush_json_string(json_.get(), key, text);
    }

    void put_raw(const char *key, std::string_view json) {
        // A length of 0 would mean NUL-terminated; an empty text is no JSON, and says so.
        axonpush_json_raw(json_.get(), key, json.empty() ? "" : json.data(), json.size());
    }

    /// As JSON, with all that must be escaped: for the text that the C interface cannot take.
    static std::string quoted(std::string_view value) {
        std::string out = "\"";
        for (const char c : value) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20) {
                const char *digits = "0123456789abcdef";
                out.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
            } else {
                if (c == '"' || c == '\\') out += '\\';
                out += c;
            }
        }
        return out += '"';
    }

    struct Free {
        void operator()(axonpush_json *json) const noexcept { axonpush_json_free(json); }
    };
    std::unique_ptr<axonpush_json, Free> json_;
    bool nul_in_key_ = false;
};

/// Receives one line of the log, without a newline. It runs on whichever thread logs, several at
/// once. `message` is borrowed for the call. What it throws is caught: the exception goes to stderr,
/// and the line is lost.
using LogFunction = std::function<void(LogLevel level, std::string_view message)>;

/// Chooses what is logged, and where to, for the whole process. The last call wins, and it wins over
/// the variable AXONPUSH_LOG.
///
/// Without `function`: to stderr. A function is kept until the process ends, since another thread may
/// be in it when the next is set: set it once, not over and over.
inline void log_set(LogLevel max_level, LogFunction function = {}) {
    const auto level = static_cast<axonpush_log_level>(max_level);
    if (!function) return axonpush_log_set(level, nullptr, nullptr);
    struct Kept {
        LogFunction function;
        Kept *before;
    };
    // Reachable from here, so that no tool takes it for a leak.
    static std::atomic<Kept *> last{nullptr};
    Kept *kept = new Kept{std::move(function), nullptr};
    kept->before = last.exchange(kept);
    axonpush_log_set(
        level,
        [](axonpush_log_level from, const char *message, void *user_data) noexcept {
            detail::guarded("the log function", [&] {
                static_cast<Kept *>(user_data)->function(static_cast<LogLevel>(from), message);
            });
        },
        kept);
}

/// Whether `signature`, the value of the header X-AxonPush-Signature, is that of exactly these bytes of
/// `body` under the endpoint's `secret`. It is compared in constant time. False for anything else, an
/// empty secret included.
///
/// The scheme has no timestamp: what a signature does not say is when. Refuse bodies that you have seen.
inline bool webhook_verify(std::string_view secret, std::string_view body, std::string_view signature) {
    const char *c_secret = nullptr, *c_signature = nullptr;
    const detail::Texts texts({{"secret", secret, c_secret}, {"signature", signature, c_signature}});
    return !texts.flawed() && axonpush_webhook_verify(c_secret, body.data(), body.size(), c_signature);
}

/// The signature of `body` under `secret`: lower-case hex of HMAC-SHA256. std::nullopt for a secret that
/// is empty or has a NUL character inside.
inline std::optional<std::string> webhook_sign(std::string_view secret, std::string_view body) {
    const char *c_secret = nullptr;
    const detail::Texts texts({{"secret", secret, c_secret}});
    char signature[65];
    if (texts.flawed() || !axonpush_webhook_sign(c_secret, body.data(), body.size(), signature)) return std::nullopt;
    return signature;
}

/// A trace, and a span in it: what ties events together across functions and processes.
///
/// Threads: immutable, so any number may read it.
class Trace {
public:
    /// Starts a trace, or goes on with one: what is empty is drawn at random (a UUID; 16 hex digits).
    /// Throws an Error with Status::invalid_argument for an id that cannot be used.
    explicit Trace(std::string_view trace_id = {}, std::string_view span_id = {})
        : Trace(make(trace_id, span_id).value()) {}
    /// Takes the trace of an incoming `traceparent` header (W3C Trace Context). Throws an Error with
    /// Status::invalid_argument for a malformed one.
    static Trace parse(std::string_view traceparent) { return try_parse(traceparent).value(); }
    /// parse() that returns the Error.
    static Result<Trace> try_parse(std::string_view traceparent) {
        const char *header = "";
        const detail::Texts texts({{"traceparent", traceparent, header}});
        if (texts.flawed()) return texts.error();
        return owned([&](axonpush_error **error) { return axonpush_trace_parse(header, error); });
    }
    /// The trace that is current on the calling thread, if one is.
    static std::optional<Trace> current() {
        axonpush_trace *const trace = axonpush_trace_current();
        if (!trace) return std::nullopt;
        return Trace(trace);
    }
    /// A new span in the same trace.
    Trace child() const {
        return owned([&](axonpush_error **error) { return axonpush_trace_child(trace_.get(), error); }).value();
    }
    Trace(const Trace &) noexcept = default;            ///< Shares the texts. There is no other move.
    Trace &operator=(const Trace &) noexcept = default; ///< Shares the texts.
    ~Trace() = default;

    /// The id of the trace.
    std::string_view trace_id() const noexcept { return axonpush_trace_id(trace_.get()); }
    /// The id of the span.
    std::string_view span_id() const noexcept { return axonpush_trace_span_id(trace_.get()); }
    /// The `traceparent` header to send with an outgoing request.
    std::string_view traceparent() const noexcept { return axonpush_trace_traceparent(trace_.get()); }
    /// The same for the functions of the C interface; it stays this object's.
    const axonpush_trace *get() const noexcept { return trace_.get(); }

private:
    explicit Trace(axonpush_trace *owned) noexcept : trace_(owned, axonpush_trace_free) {}
    template <typename Call> static Result<Trace> owned(Call &&run) {
        const Result<axonpush_trace *> made = detail::make<axonpush_trace>(run);
        if (!made) return made.error();
        return Trace(*made);
    }
    static Result<Trace> make(std::string_view trace_id, std::string_view span_id) {
        const char *trace = nullptr, *span = nullptr;
        const detail::Texts texts({{"trace_id", trace_id, trace}, {"span_id", span_id, span}});
        if (texts.flawed()) return texts.error();
        return owned([&](axonpush_error **error) { return axonpush_trace_new(trace, span, error); });
    }

    std::shared_ptr<const axonpush_trace> trace_; // Shared by copies, which are so never without one.
};

/// Makes a trace current on this thread for as long as the scope lives: events published meanwhile, now
/// or in the background, carry its trace id, and its span as their parent, unless they say otherwise.
///
/// Threads: it must end on the thread that made it, and scopes end in the reverse order.
class TraceScope {
public:
    /// Enters the trace, which is copied.
    explicit TraceScope(const Trace &trace) noexcept : before_(axonpush_trace_enter(trace.get())) {}
    TraceScope(const TraceScope &) = delete;            ///< It is bound to its place.
    TraceScope &operator=(const TraceScope &) = delete; ///< It is bound to its place.
    /// Makes current again what was so before.
    ~TraceScope() { axonpush_trace_leave(before_); }

private:
    axonpush_trace *before_;
};

/// A walk back through events, from the newest to the oldest, page by page behind the scenes: no event
/// twice and none left out, also where several share a timestamp.
///
///     for (const auto &event : client.events("my channel")) use(event.get_string("/eventId"));
///
/// Each event is a ResponseView whose pointers begin at the event. It lives until the walk goes on. In
/// fail-open mode an unreachable service is the end of the walk.
///
/// Threads: one at a time.
/// Lifetime: it outlives its client, but fails with Status::closed or invalid_handle then. Moving it
/// ends its iterators.
class Events {
public:
    /// An input iterator: events are asked for as it goes, and it goes once. Going on throws an Error
    /// where a page cannot be had; it may then be tried again, and misses nothing.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< Of the standard library.
        using value_type = ResponseView;                   ///< An event.
        using difference_type = std::ptrdiff_t;            ///< Of the standard library.
        using pointer = const ResponseView *;              ///< Of the standard library.
        using reference = const ResponseView &;            ///< Until the walk goes on.

        Iterator() = default; ///< The end.
        /// The event.
        reference operator*() const noexcept { return walk_->event_; }
        /// The event.
        pointer operator->() const noexcept { return &walk_->event_; }
        /// To the next older event.
        Iterator &operator++() {
            if (!walk_->next()) walk_ = nullptr;
            return *this;
        }
        /// The same; where it was is gone.
        void operator++(int) { ++*this; }
        /// Whether both are at the end, or both are not.
        friend bool operator==(const Iterator &a, const Iterator &b) noexcept { return a.walk_ == b.walk_; }
        /// Whether they are not.
        friend bool operator!=(const Iterator &a, const Iterator &b) noexcept { return a.walk_ != b.walk_; }

    private:
        friend class Events;
        explicit Iterator(Events *walk) noexcept : walk_(walk) {}
        Events *walk_ = nullptr;
    };

    /// Goes to the first event, or from where the walk is to the next. Throws an Error.
    Iterator begin() { return Iterator(next() ? this : nullptr); }
    /// The end.
    Iterator end() const noexcept { return Iterator(); }

    /// The next older event, which lives until the next call; std::nullopt: the end.
    std::optional<ResponseView> next() { return try_next().value(); }
    /// next() that returns the Error. The same call may then be made again, and misses nothing.
    Result<std::optional<ResponseView>> try_next() {
        const axonpush_response *event = nullptr;
        event_ = ResponseView();
        const Result<void> went = detail::attempt(
            [&](axonpush_error **error) { return axonpush_events_iter_next(walk_.get(), &event, error); });
        if (!went) return went.error();
        if (!event) return std::optional<ResponseView>();
        event_ = ResponseView(event);
        return std::optional<ResponseView>(event_);
    }
    /// Takes over a walk of the C interface.
    explicit Events(axonpush_events_iter *owned) noexcept : walk_(owned) {}

private:
    struct Free {
        void operator()(axonpush_events_iter *walk) const noexcept { axonpush_events_iter_free(walk); }
    };
    std::unique_ptr<axonpush_events_iter, Free> walk_;
    ResponseView event_;
};

/// A client: configuration, connections, and a queue of its own.
///
/// Threads: any number may use one client at once, close() included.
/// Lifetime: its destructor closes it, and so does another client that is moved into it. A moved-from
/// client is as a closed one: its calls fail with Status::invalid_handle. After fork() the child's
/// copy works with connections and a queue of its own; futures and completions of events that the
/// parent had accepted stay with the parent.
class Client {
public:
    /// Makes a client; without options, all from the environment. Nothing is sent yet. Throws an Error
    /// with Status::config or invalid_argument.
    explicit Client(const Options &options = {}) : Client(create(options).value()) {}
    /// A client, or the Error.
    static Result<Client> try_new(const Options &options = {}) {
        Result<axonpush_client *> made = create(options);
        if (!made) return made.error();
        return Client(*made);
    }
    /// Takes over a client of the C interface.
    explicit Client(axonpush_client *owned) noexcept : handle_(owned) {}
    /// Leaves `other` as a closed client.
    Client(Client &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    /// Closes this client first, and leaves `other` as a closed one.
    Client &operator=(Client &&other) noexcept {
        if (this != &other) {
            close();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    Client(const Client &) = delete;            ///< A queue has one owner.
    Client &operator=(const Client &) = delete; ///< A queue has one owner.
    /// As close().
    ~Client() { close(); }

    /// Closes the client: what waits is delivered for up to Options::shutdown_timeout_ms, the rest is
    /// abandoned with Status::closed. It returns within that time plus half a second, and no
    /// completion starts after it has returned. Other threads may be in a call, which ends with
    /// Status::closed or invalid_handle; it may be called inside a completion, and again.
    void close() noexcept { axonpush_close(handle_); }

    /// Publishes one event and waits for the answer, with "/eventId" in it. std::nullopt: suppressed
    /// by fail-open.
    std::optional<Response> publish(const Event &event) { return try_publish(event).value(); }
    /// publish() that returns the Error.
    Result<std::optional<Response>> try_publish(const Event &event) {
        const detail::CEvent c(event);
        if (c.texts().flawed()) return c.texts().error();
        return detail::answer([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_publish(handle_, c.get(), response, error);
        });
    }

    /// Accepts one event for delivery in the background, and returns at once: no network, no wait (but
    /// for Overflow::block). Throws an Error if it is not accepted: Status::invalid_argument,
    /// queue_full or closed.
    void publish_async(const Event &event) { try_publish_async(event).value(); }
    /// publish_async() that returns the Error.
    Result<void> try_publish_async(const Event &event) { return enqueue(event, nullptr, nullptr); }

    /// The same, and calls `completion(const Outcome &)` exactly once for an event that was accepted,
    /// never for one that was not.
    ///
    /// `completion` is moved or copied in and may be move-only. It runs, and is destroyed afterwards,
    /// on a thread of the library's or inside poll(), and may call anything, close() on its own client
    /// included. What it throws is caught and told on stderr: nobody is waiting for it.
    template <typename Completion> void publish_async(const Event &event, Completion &&completion) {
        try_publish_async(event, std::forward<Completion>(completion)).value();
    }
    /// publish_async() with a completion that returns the Error.
    template <typename Completion> Result<void> try_publish_async(const Event &event, Completion &&completion) {
        using Callable = std::decay_t<Completion>;
        static_assert(std::is_invocable_v<Callable &, const Outcome &>,
                      "a completion is called with a const axonpush::Outcome &");
        auto owned = std::make_unique<Callable>(std::forward<Completion>(completion));
        Result<void> accepted = enqueue(event, &Client::complete<Callable>, owned.get());
        // From acceptance on it is complete()'s, which may have destroyed it by now.
        if (accepted) static_cast<void>(owned.release());
        return accepted;
    }

#if AXONPUSH_EXCEPTIONS_
    /// Publishes in the background, as publish_async(), and gives the result as a future: a Receipt,
    /// std::nullopt if it was suppressed by fail-open, or the Error, also of an event that was not
    /// accepted. So it throws nothing, and has no twin.
    ///
    /// The future is ready when the event is delivered or given up; never abandoned. In polled mode
    /// some thread must call poll() meanwhile. The future's destructor does not wait.
    std::future<std::optional<Receipt>> publish_future(const Event &event) {
        // Shared, since a refused completion is destroyed before its Error is known.
        const auto promise = std::make_shared<std::promise<std::optional<Receipt>>>();
        std::future<std::optional<Receipt>> future = promise->get_future();
        const Result<void> accepted =
            try_publish_async(event, [promise](const Outcome &outcome) { keep(*promise, outcome); });
        if (!accepted) promise->set_exception(std::make_exception_ptr(accepted.error()));
        return future;
    }
#endif

    /// Lists events of a channel, newest first. Without `channel_id`: of the client's channel.
    /// Suppressed by fail-open: a Response without events.
    Response list(std::string_view channel_id = {}, const EventQuery &query = {}) {
        return try_list(channel_id, query).value();
    }
    /// list() that returns the Error.
    Result<Response> try_list(std::string_view channel_id = {}, const EventQuery &query = {}) {
        const char *channel = nullptr;
        const detail::Texts texts({{"channel_id", channel_id, channel}});
        const detail::CQuery c(query);
        if (texts.flawed()) return texts.error();
        if (c.texts().flawed()) return c.texts().error();
        return detail::present(detail::answer([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_list(handle_, channel, c.get(), response, error);
        }));
    }

    /// Searches the organisation's events, newest first. Suppressed by fail-open: a Response without
    /// events.
    Response search(const EventQuery &query = {}) { return try_search(query).value(); }
    /// search() that returns the Error.
    Result<Response> try_search(const EventQuery &query = {}) {
        const detail::CQuery c(query);
        if (c.texts().flawed()) return c.texts().error();
        return detail::present(detail::answer([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_search(handle_, c.get(), response, error);
        }));
    }

    /// Walks back through the events of a channel, or without `channel_id` of the organisation; all of
    /// them, whose number `query.limit` does not bound: it is the size of a page (default 500). Without
    /// `query.since` the service goes back 24 hours. Nothing is requested yet.
    Events events(std::string_view channel_id = {}, const EventQuery &query = {}) {
        return try_events(channel_id, query).value();
    }
    /// events() that returns the Error. To walk without exceptions, call Events::try_next().
    Result<Events> try_events(std::string_view channel_id = {}, const EventQuery &query = {}) {
        const char *channel = nullptr;
        const detail::Texts texts({{"channel_id", channel_id, channel}});
        const detail::CQuery c(query);
        if (texts.flawed()) return texts.error();
        if (c.texts().flawed()) return c.texts().error();
        axonpush_events_iter *walk = nullptr;
        const Result<void> made = detail::attempt([&](axonpush_error **error) {
            return axonpush_events_iter_new(handle_, channel, c.get(), &walk, error);
        });
        if (!made) return made.error();
        return Events(walk);
    }

    // Apps and the like: one function for each row of docs/operations.md.

    /// The organisation's apps.
    Apps apps() const noexcept { return Apps(handle_); }
    /// The channels of an app.
    Channels channels() const noexcept { return Channels(handle_); }
    /// The organisation's environments.
    Environments environments() const noexcept { return Environments(handle_); }
    /// The webhook endpoints of a channel.
    Webhooks webhooks() const noexcept { return Webhooks(handle_); }
    /// The traces that the service has. (What is published now belongs to the Trace of a TraceScope.)
    Traces traces() const noexcept { return Traces(handle_); }
    /// The organisations of the key's user.
    Organizations organizations() const noexcept { return Organizations(handle_); }

    /// Gets what the service can do. std::nullopt: suppressed by fail-open.
    std::optional<Response> capabilities() const { return try_capabilities().value(); }
    /// capabilities() that returns the Error.
    Result<std::optional<Response>> try_capabilities() const {
        return detail::Resource(handle_).one(axonpush_capabilities_get);
    }
    /// Asks whether the service is well. std::nullopt: unreachable, under fail-open.
    std::optional<Response> health() const { return try_health().value(); }
    /// health() that returns the Error.
    Result<std::optional<Response>> try_health() const {
        return detail::Resource(handle_).one(axonpush_health_get);
    }

    /// Hands spans to the service as OTLP in JSON (ExportTraceServiceRequest). Without `channel_id`: for
    /// the client's channel. The privacy rules do not apply: it is sent as it is.
    std::optional<Response> otlp_traces(std::string_view json, std::string_view channel_id = {}) const {
        return try_otlp_traces(json, channel_id).value();
    }
    /// otlp_traces() that returns the Error.
    Result<std::optional<Response>> try_otlp_traces(std::string_view json, std::string_view channel_id = {}) const {
        return detail::Resource(handle_).one(axonpush_otlp_traces, detail::Argument("channel_id", channel_id),
                                             detail::json_start(json), json.size());
    }
    /// Hands log records to the service as OTLP in JSON (ExportLogsServiceRequest), likewise.
    std::optional<Response> otlp_logs(std::string_view json, std::string_view channel_id = {}) const {
        return try_otlp_logs(json, channel_id).value();
    }
    /// otlp_logs() that returns the Error.
    Result<std::optional<Response>> try_otlp_logs(std::string_view json, std::string_view channel_id = {}) const {
        return detail::Resource(handle_).one(axonpush_otlp_logs, detail::Argument("channel_id", channel_id),
                                             detail::json_start(json), json.size());
    }

    /// Calls any other endpoint, with the same credentials, retries, errors and fail-open.
    ///
    /// `method`: GET, POST, PUT, PATCH or DELETE. `path` starts with "/" and is relative to the base
    /// URL; percent-encode ids in it. `query` is without "?". A POST or PATCH whose answer was lost is
    /// not repeated. std::nullopt: suppressed by fail-open.
    std::optional<Response> request(std::string_view method, std::string_view path, std::string_view query = {},
                                    std::string_view body_json = {}) {
        return try_request(method, path, query, body_json).value();
    }
    /// request() that returns the Error.
    Result<std::optional<Response>> try_request(std::string_view method, std::string_view path,
                                                std::string_view query = {}, std::string_view body_json = {}) {
        const char *c_method = nullptr, *c_path = nullptr, *c_query = nullptr;
        const detail::Texts texts({{"method", method, c_method}, {"path", path, c_path}, {"query", query, c_query}});
        if (texts.flawed()) return texts.error();
        return detail::answer([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_request(handle_, c_method, c_path, c_query, detail::json_start(body_json),
                                    body_json.size(), response, error);
        });
    }

    /// Calls a function of the C interface that gives a response and has no wrapper here, as a newer
    /// library may have: `client.call(axonpush_apps_create, "my app")`. The
    /// arguments are those between the client and the response; a std::string stands for a
    /// `const char *`. std::nullopt: suppressed by fail-open.
    template <typename Function, typename... Arguments>
    std::optional<Response> call(Function function, const Arguments &...arguments) {
        return try_call(function, arguments...).value();
    }
    /// call() that returns the Error.
    template <typename Function, typename... Arguments>
    Result<std::optional<Response>> try_call(Function function, const Arguments &...arguments) {
        return detail::answer([&](axonpush_response **response, axonpush_error **error) {
            return function(handle_, detail::c_argument(arguments)..., response, error);
        });
    }

    /// Publishes a line of the program's log in the background; for a log sink to call, since it cannot
    /// break its host. It never waits (with Overflow::block it refuses instead). Every failure is
    /// suppressed, in strict mode too, and counted: in Stats::log_events_lost where this returns false,
    /// in `failed`, `expired` and the like afterwards. From inside the function of log_set() it returns
    /// false, so that no line begets another. axonpush_spdlog.hpp is such a sink.
    ///
    /// Returns whether the event was accepted.
    bool log_event(const LogRecord &record) noexcept { return detail::log_event(handle_, record); }

    /// Waits until every event accepted before the call has ended, with its completion returned (in
    /// polled mode: waiting to be polled). Throws an Error with Status::timeout after `timeout`; what
    /// is left stays queued.
    void flush(std::chrono::milliseconds timeout) { try_flush(timeout).value(); }
    /// flush() that returns the Error.
    Result<void> try_flush(std::chrono::milliseconds timeout) {
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_flush(handle_, detail::milliseconds(timeout), error);
        });
    }

    /// Stops the client for good: new calls fail with Status::closed, what waits is delivered for up
    /// to `timeout`, the rest is abandoned. stats(), poll() and close() still work. Throws an Error
    /// with Status::timeout if events were abandoned.
    void shutdown(std::chrono::milliseconds timeout) { try_shutdown(timeout).value(); }
    /// shutdown() that returns the Error.
    Result<void> try_shutdown(std::chrono::milliseconds timeout) {
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_shutdown(handle_, detail::milliseconds(timeout), error);
        });
    }

    /// CompletionMode::polled: runs the completions that wait, on this thread, after waiting for up to
    /// `timeout` until there is one. Returns how many ran; 0 also in the other mode. What completions
    /// throw does not come out here: the others have their turn.
    std::size_t poll(std::chrono::milliseconds timeout = {}) noexcept {
        return axonpush_poll(handle_, detail::milliseconds(timeout));
    }
    /// CompletionMode::polled: a descriptor that is readable while completions wait, for event loops.
    /// When it is, call poll(); do not read from it or close it. -1 in the other mode.
    int completion_fd() const noexcept { return axonpush_completion_fd(handle_); }

    /// Reads the books. Throws an Error with Status::invalid_handle if the client is closed.
    Stats stats() const { return try_stats().value(); }
    /// stats() that returns the Error.
    Result<Stats> try_stats() const {
        axonpush_stats c = AXONPUSH_STATS_INIT;
        const Result<void> read =
            detail::attempt([&](axonpush_error **error) { return axonpush_stats_get(handle_, &c, error); });
        if (!read) return read.error();
        Stats stats;
        stats.accepted = c.accepted;
        stats.delivered = c.delivered;
        stats.failed = c.failed;
        stats.suppressed = c.suppressed;
        stats.dropped = c.dropped;
        stats.expired = c.expired;
        stats.abandoned = c.abandoned;
        stats.queued_events = c.queued_events;
        stats.queued_bytes = c.queued_bytes;
        stats.retried = c.retried;
        stats.connections = c.connections;
        stats.log_events_lost = c.log_events_lost;
        return stats;
    }

    /// The same client for the functions of the C interface; it stays this object's.
    axonpush_client *get() const noexcept { return handle_; }

private:
    Result<void> enqueue(const Event &event, axonpush_completion_fn completion, void *user_data) {
        const detail::CEvent c(event);
        if (c.texts().flawed()) return c.texts().error();
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_events_publish_async(handle_, c.get(), completion, user_data, error);
        });
    }

    template <typename Callable>
    static void complete(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                         void *user_data) noexcept {
        const std::unique_ptr<Callable> completion(static_cast<Callable *>(user_data));
        detail::guarded("a completion", [&] { std::invoke(*completion, outcome(status, response, error)); });
    }

    static Outcome outcome(axonpush_status status, const axonpush_response *response, const axonpush_error *error) {
        if (status != AXONPUSH_OK) return Error(status, error);
        if (!response) return std::optional<ResponseView>();
        return std::optional<ResponseView>(ResponseView(response));
    }

#if AXONPUSH_EXCEPTIONS_
    static void keep(std::promise<std::optional<Receipt>> &promise, const Outcome &outcome) {
        if (!outcome) return promise.set_exception(std::make_exception_ptr(outcome.error()));
        if (!*outcome) return promise.set_value(std::nullopt);
        const ResponseView &response = **outcome;
        Receipt receipt;
        receipt.event_id = response.get_string("/eventId").value_or("");
        receipt.request_id = response.request_id().value_or("");
        receipt.http_status = response.http_status();
        receipt.json = response.json();
        promise.set_value(std::move(receipt));
    }
#endif

    static Result<axonpush_client *> create(const Options &options) {
        axonpush_options c = AXONPUSH_OPTIONS_INIT;
        std::string user_agent = "axonpush-cpp/" AXONPUSH_VERSION;
        if (!options.user_agent.empty()) user_agent += ' ' + options.user_agent;
        const std::string proxy = options.proxy.value_or("");
        if (options.proxy) c.proxy = "";
        const detail::Texts texts({{"api_key", options.api_key, c.api_key},
                                   {"tenant_id", options.tenant_id, c.tenant_id},
                                   {"base_url", options.base_url, c.base_url},
                                   {"environment", options.environment, c.environment},
                                   {"channel_id", options.channel_id, c.channel_id},
                                   {"redact_keys", options.redact_keys, c.redact_keys},
                                   {"ca_file", options.ca_file, c.ca_file},
                                   {"ca_pem", options.ca_pem, c.ca_pem},
                                   {"proxy", proxy, c.proxy},
                                   {"user_agent", user_agent, c.user_agent}});
        if (texts.flawed()) return texts.error();
        c.timeout_ms = options.timeout_ms;
        if (options.max_retries) c.max_retries = *options.max_retries > 0 ? *options.max_retries : -1;
        c.fail_open = detail::toggle(options.fail_open);
        c.queue_max_events = options.queue_max_events;
        c.queue_max_bytes = options.queue_max_bytes;
        c.overflow = static_cast<axonpush_overflow>(options.overflow);
        c.delivery_timeout_ms = options.delivery_timeout_ms;
        c.max_connections = options.max_connections;
        c.shutdown_timeout_ms = options.shutdown_timeout_ms;
        c.completion_mode = static_cast<axonpush_completion_mode>(options.completion_mode);
        c.content_capture = static_cast<axonpush_content_capture>(options.content_capture);
        c.max_content_length = options.max_content_length;
        return detail::make<axonpush_client>([&](axonpush_error **error) { return axonpush_new(&c, error); });
    }

    axonpush_client *handle_;
};

} // namespace axonpush

#undef AXONPUSH_EXCEPTIONS_

#endif // AXONPUSH_HPP
