/// @file axonpush.hpp
/// libaxonpush for C++17 and later: one header over the C interface in axonpush.h.
///
/// CONVENTIONS, stated once here and not repeated below
///
/// Errors. A call that fails throws axonpush::Error. Its twin `try_...` throws nothing (except
///   std::bad_alloc) and returns a Result instead, which is a value or an Error. There is no
///   std::error_code, because an Error also has the HTTP status, a hint, the request id and the time
///   to wait before a retry. Without exceptions (-fno-exceptions) use the twins: the other functions
///   end the process where they would throw.
/// Fail-open. On by default: when the service cannot be reached, the call logs a warning and returns
///   std::nullopt, or a Response without events. Every other failure is an error in both modes.
/// Threads. Every function may be called from any thread, and many threads may use one Client,
///   Response or Error at once. A type that is different says so. Moving, assigning or destroying an
///   object while another thread uses it is a race, as always in C++; Client::close() is not.
/// Strings are passed as std::string_view or std::string and need not be NUL-terminated; one that
///   contains a NUL character is Status::invalid_argument. The library copies what it keeps. An empty
///   string means "not set". Strings are returned as std::string_view and live as long as the object
///   that they were read from.
/// Callables run as axonpush.h says of completions and log functions. An exception that leaves one
///   never reaches the library: it is caught, and everything goes on. That of a completion is an error in
///   the library's log; that of the log function is reported in one line on stderr.
/// Deadlines and cancellation. A Call makes calls that share one deadline and that another thread, or a
///   std::stop_token, can cancel.
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

#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_jthread)
#include <stop_token>
#define AXONPUSH_STOP_TOKEN_ 1
#else
#define AXONPUSH_STOP_TOKEN_ 0
#endif

/// The client of the AxonPush event service.
namespace axonpush {

/// The outcome of a call. axonpush.h gives the cause of each and says whether a retry can help. New ones
/// may be added: treat a status that you do not know as a failure.
enum class Status : std::int32_t {
    ok = AXONPUSH_OK,                                     ///< No failure.
    invalid_argument = AXONPUSH_ERR_INVALID_ARGUMENT,     ///< An unusable argument; nothing was sent.
    invalid_handle = AXONPUSH_ERR_INVALID_HANDLE,         ///< The client is closed or moved from.
    config = AXONPUSH_ERR_CONFIG,                         ///< No key, or an unusable variable or URL.
    connection = AXONPUSH_ERR_CONNECTION,                 ///< The service was not reached (strict mode).
    authentication = AXONPUSH_ERR_AUTHENTICATION,         ///< HTTP 401.
    forbidden = AXONPUSH_ERR_FORBIDDEN,                   ///< HTTP 403.
    not_found = AXONPUSH_ERR_NOT_FOUND,                   ///< HTTP 404.
    validation = AXONPUSH_ERR_VALIDATION,                 ///< HTTP 400 or 422.
    rate_limit = AXONPUSH_ERR_RATE_LIMIT,                 ///< HTTP 429.
    server = AXONPUSH_ERR_SERVER,                         ///< HTTP 5xx.
    api = AXONPUSH_ERR_API,                               ///< Any other HTTP failure.
    decode = AXONPUSH_ERR_DECODE,                         ///< A success whose body cannot be read.
    queue_full = AXONPUSH_ERR_QUEUE_FULL,                 ///< No room in the queue.
    timeout = AXONPUSH_ERR_TIMEOUT,                       ///< A flush, shutdown or delivery was too slow.
    closed = AXONPUSH_ERR_CLOSED,                         ///< Shut down before it was done.
    internal = AXONPUSH_ERR_INTERNAL,                     ///< A defect of the library; please report it.
    cancelled = AXONPUSH_ERR_CANCELLED,                   ///< Cancelled through its Call.
};

/// How much is logged. Each level includes the ones before it.
enum class LogLevel : std::int32_t {
    off = AXONPUSH_LOG_OFF,     ///< Nothing.
    error = AXONPUSH_LOG_ERROR, ///< Errors.
    warn = AXONPUSH_LOG_WARN,   ///< The default: an outage costs a line every few seconds.
    info = AXONPUSH_LOG_INFO,   ///< Rare events of interest.
    debug = AXONPUSH_LOG_DEBUG, ///< What happens to each request.
};

/// What happens to an event that does not fit into the queue of background publishing.
enum class Overflow : std::int32_t {
    drop_oldest = AXONPUSH_OVERFLOW_DROP_OLDEST, ///< The oldest event is dropped, with queue_full.
    drop_newest = AXONPUSH_OVERFLOW_DROP_NEWEST, ///< The new event is refused, with queue_full.
    block = AXONPUSH_OVERFLOW_BLOCK,             ///< The call waits for room.
};

/// Where completions of background publishing run.
enum class CompletionMode : std::int32_t {
    thread = AXONPUSH_COMPLETION_THREAD, ///< On threads of the library.
    polled = AXONPUSH_COMPLETION_POLLED, ///< Inside Client::poll(), on the thread that calls it.
};

/// How much of prompts, messages, tool results and other content leaves the process. Values under
/// secret names (password, api_key, ...) never do.
enum class ContentCapture : std::int32_t {
    unset = AXONPUSH_CONTENT_DEFAULT,               ///< AXONPUSH_CONTENT_CAPTURE, else metadata_only.
    metadata_only = AXONPUSH_CONTENT_METADATA_ONLY, ///< No content: each value becomes "[REDACTED]".
    redacted = AXONPUSH_CONTENT_REDACTED,           ///< The first 256 characters of each string.
    full = AXONPUSH_CONTENT_FULL,                   ///< All content, up to Options::max_content_length.
};

/// Which version of HTTP background publishing speaks. Synchronous calls speak HTTP/1.1.
enum class HttpVersion : std::int32_t {
    unset = AXONPUSH_HTTP_AUTO,   ///< AXONPUSH_HTTP_VERSION, else HTTP/2 where TLS agrees on it, else HTTP/1.1.
    http_1_1 = AXONPUSH_HTTP_1_1, ///< HTTP/1.1.
    http_2 = AXONPUSH_HTTP_2,     ///< HTTP/2, on http:// too; a server that has only HTTP/1.1 is out of reach.
};

/// When an event in the spool outlives a power failure. From the end of the process it is safe as soon as
/// publish_async() has returned, whatever is chosen here.
enum class SpoolSync : std::int32_t {
    interval = AXONPUSH_SPOOL_SYNC_INTERVAL, ///< When Options::spool_sync_ms have passed.
    none = AXONPUSH_SPOOL_SYNC_NONE,         ///< When the system writes it, usually within half a minute.
    each = AXONPUSH_SPOOL_SYNC_EACH,         ///< Before publish_async() returns; threads share one write.
};

/// How events of background publishing leave the process.
enum class Exporter : std::int32_t {
    events = AXONPUSH_EXPORTER_EVENTS, ///< AXONPUSH_EXPORTER, else each by a request of its own to the service.
    otlp = AXONPUSH_EXPORTER_OTLP,     ///< As log records of OpenTelemetry, in batches.
};

/// Event types that the service knows, for Event::event_type; any other string is legal, too.
namespace event_type {
inline constexpr std::string_view agent_start = AXONPUSH_EVENT_TYPE_AGENT_START; ///< An agent began its work.
inline constexpr std::string_view agent_end = AXONPUSH_EVENT_TYPE_AGENT_END;     ///< An agent ended its work.
/// A message to or from an agent.
inline constexpr std::string_view agent_message = AXONPUSH_EVENT_TYPE_AGENT_MESSAGE;
/// A tool was called.
inline constexpr std::string_view agent_tool_call_start = AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START;
/// A tool returned.
inline constexpr std::string_view agent_tool_call_end = AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END;
inline constexpr std::string_view agent_error = AXONPUSH_EVENT_TYPE_AGENT_ERROR; ///< An agent failed.
/// An agent handed over to another.
inline constexpr std::string_view agent_handoff = AXONPUSH_EVENT_TYPE_AGENT_HANDOFF;
/// A model produced a token.
inline constexpr std::string_view agent_llm_token = AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN;
inline constexpr std::string_view agent_log = AXONPUSH_EVENT_TYPE_AGENT_LOG; ///< A line of an agent's log.
inline constexpr std::string_view app_log = AXONPUSH_EVENT_TYPE_APP_LOG;     ///< A line of a program's log.
inline constexpr std::string_view app_span = AXONPUSH_EVENT_TYPE_APP_SPAN;   ///< A span of a program.
/// Anything else; the type of events that name none.
inline constexpr std::string_view custom = AXONPUSH_EVENT_TYPE_CUSTOM;
} // namespace event_type

/// Names of attributes that the service reads, for members of a payload or of metadata; any other name is legal, too.
/// Those that are content stay in the process by default (ContentCapture). docs/genai.md says what becomes of each.
namespace attribute {
/// The kind of event, where its type and operation do not tell: "agent", "tool", "llm", and so on.
inline constexpr std::string_view axonpush_semantic_kind = AXONPUSH_ATTR_AXONPUSH_SEMANTIC_KIND;
/// How long it took, in milliseconds. The event's time is then when it began.
inline constexpr std::string_view duration_ms = AXONPUSH_ATTR_DURATION_MS;
/// What went wrong, for people. It is no content by its name: quote no prompt in it.
inline constexpr std::string_view error_message = AXONPUSH_ATTR_ERROR_MESSAGE;
/// The kind of failure, such as "timeout" or "429". An event that has one has failed.
inline constexpr std::string_view error_type = AXONPUSH_ATTR_ERROR_TYPE;
/// The id of the agent.
inline constexpr std::string_view gen_ai_agent_id = AXONPUSH_ATTR_GEN_AI_AGENT_ID;
/// The name of the agent.
inline constexpr std::string_view gen_ai_agent_name = AXONPUSH_ATTR_GEN_AI_AGENT_NAME;
/// The conversation, session or thread that a call belongs to.
inline constexpr std::string_view gen_ai_conversation_id = AXONPUSH_ATTR_GEN_AI_CONVERSATION_ID;
/// What a model or an agent was given: a list of messages, or text. This is content.
inline constexpr std::string_view gen_ai_input_messages = AXONPUSH_ATTR_GEN_AI_INPUT_MESSAGES;
/// The operation: "chat", "embeddings", "execute_tool", "invoke_agent", and so on.
inline constexpr std::string_view gen_ai_operation_name = AXONPUSH_ATTR_GEN_AI_OPERATION_NAME;
/// What a model or an agent responded: a list of messages, or text. This is content.
inline constexpr std::string_view gen_ai_output_messages = AXONPUSH_ATTR_GEN_AI_OUTPUT_MESSAGES;
/// The id of the prompt that the service keeps.
inline constexpr std::string_view gen_ai_prompt_id = AXONPUSH_ATTR_GEN_AI_PROMPT_ID;
/// The version of that prompt.
inline constexpr std::string_view gen_ai_prompt_version = AXONPUSH_ATTR_GEN_AI_PROMPT_VERSION;
/// Whose model it is: "openai", "anthropic", "aws.bedrock", and so on.
inline constexpr std::string_view gen_ai_provider_name = AXONPUSH_ATTR_GEN_AI_PROVIDER_NAME;
/// The model that was asked for.
inline constexpr std::string_view gen_ai_request_model = AXONPUSH_ATTR_GEN_AI_REQUEST_MODEL;
/// Why the model stopped: a list of texts, one for each response, such as ["stop"].
inline constexpr std::string_view gen_ai_response_finish_reasons = AXONPUSH_ATTR_GEN_AI_RESPONSE_FINISH_REASONS;
/// The provider's id of the response.
inline constexpr std::string_view gen_ai_response_id = AXONPUSH_ATTR_GEN_AI_RESPONSE_ID;
/// The model that responded.
inline constexpr std::string_view gen_ai_response_model = AXONPUSH_ATTR_GEN_AI_RESPONSE_MODEL;
/// The instructions that were given apart from the messages. This is content.
inline constexpr std::string_view gen_ai_system_instructions = AXONPUSH_ATTR_GEN_AI_SYSTEM_INSTRUCTIONS;
/// What a tool was given. This is content.
inline constexpr std::string_view gen_ai_tool_call_arguments = AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ARGUMENTS;
/// The model's id of the tool call.
inline constexpr std::string_view gen_ai_tool_call_id = AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ID;
/// What a tool returned. This is content.
inline constexpr std::string_view gen_ai_tool_call_result = AXONPUSH_ATTR_GEN_AI_TOOL_CALL_RESULT;
/// The name of the tool.
inline constexpr std::string_view gen_ai_tool_name = AXONPUSH_ATTR_GEN_AI_TOOL_NAME;
/// How many of the input tokens came from the provider's cache.
inline constexpr std::string_view gen_ai_usage_cache_read_input_tokens =
    AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS;
/// How many of the input tokens were written to the provider's cache.
inline constexpr std::string_view gen_ai_usage_cache_write_input_tokens =
    AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS;
/// What it cost, in US dollars.
inline constexpr std::string_view gen_ai_usage_cost_usd = AXONPUSH_ATTR_GEN_AI_USAGE_COST_USD;
/// How many tokens the model was given.
inline constexpr std::string_view gen_ai_usage_input_tokens = AXONPUSH_ATTR_GEN_AI_USAGE_INPUT_TOKENS;
/// How many tokens the model responded with.
inline constexpr std::string_view gen_ai_usage_output_tokens = AXONPUSH_ATTR_GEN_AI_USAGE_OUTPUT_TOKENS;
/// How many of the output tokens were spent on reasoning.
inline constexpr std::string_view gen_ai_usage_reasoning_tokens = AXONPUSH_ATTR_GEN_AI_USAGE_REASONING_TOKENS;
/// Input and output tokens together, where the two are not known.
inline constexpr std::string_view gen_ai_usage_total_tokens = AXONPUSH_ATTR_GEN_AI_USAGE_TOTAL_TOKENS;
/// The program that the event comes from.
inline constexpr std::string_view service_name = AXONPUSH_ATTR_SERVICE_NAME;
/// The release of that program.
inline constexpr std::string_view service_version = AXONPUSH_ATTR_SERVICE_VERSION;
/// The session that the event belongs to; it goes before the conversation.
inline constexpr std::string_view session_id = AXONPUSH_ATTR_SESSION_ID;
/// The user on whose behalf it happened.
inline constexpr std::string_view user_id = AXONPUSH_ATTR_USER_ID;
} // namespace attribute

/// Severity of a log record, as OpenTelemetry numbers it: the first number of each range. The numbers between
/// are finer steps: `static_cast<Severity>(10)`.
enum class Severity : std::int32_t {
    trace = AXONPUSH_SEVERITY_TRACE, ///< 1.
    debug = AXONPUSH_SEVERITY_DEBUG, ///< 5.
    info = AXONPUSH_SEVERITY_INFO,   ///< 9.
    warn = AXONPUSH_SEVERITY_WARN,   ///< 13.
    error = AXONPUSH_SEVERITY_ERROR, ///< 17.
    fatal = AXONPUSH_SEVERITY_FATAL, ///< 21.
};

/// The name of a status, as in C, such as "AXONPUSH_ERR_CONNECTION".
inline std::string_view status_name(Status status) noexcept {
    return axonpush_status_name(static_cast<axonpush_status>(status));
}

/// The version of the library that the process has loaded, such as "1.2.3"; AXONPUSH_VERSION is the header's.
inline std::string_view version() noexcept { return axonpush_version(); }

/// Why a call failed. It is an exception, and also the failure of a Result.
///
/// Copying never throws. A string is empty if nothing is known.
class Error : public std::exception {
public:
    /// An error of your own, as a test double of a client may need.
    Error(Status status, std::string message) : Error(Data{status, std::move(message)}) {}

    /// Copies an error of the C interface; the caller keeps it. `status` is used if `error` is null.
    Error(axonpush_status status, const axonpush_error *error) : Error(read(status, error)) {}

    // There is no move: a moved-from exception would have no message.
    Error(const Error &) noexcept = default;            ///< Shares the strings.
    Error &operator=(const Error &) noexcept = default; ///< Shares the strings.
    ~Error() override = default;

    /// The message.
    const char *what() const noexcept override { return data_->message.c_str(); }
    /// What kind of failure it is.
    Status status() const noexcept { return data_->status; }
    /// One sentence for a log or a person. It never holds the API key.
    const std::string &message() const noexcept { return data_->message; }
    /// The HTTP status of the response; 0 if there was none.
    int http_status() const noexcept { return data_->http_status; }
    /// The service's machine-readable code, such as "validation_error".
    const std::string &code() const noexcept { return data_->code; }
    /// What the service suggests to do.
    const std::string &hint() const noexcept { return data_->hint; }
    /// The service's id of the failed request, for questions to its support.
    const std::string &request_id() const noexcept { return data_->request_id; }
    /// How long the service asks to wait before the next attempt, if it said so.
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
        const auto string = [](const char *from) { return std::string(from ? from : ""); };
        Data data;
        data.status = static_cast<Status>(error ? axonpush_error_status(error) : status);
        data.message = error ? string(axonpush_error_message(error)) : axonpush_status_name(status);
        data.http_status = axonpush_error_http_status(error);
        data.code = string(axonpush_error_code(error));
        data.hint = string(axonpush_error_hint(error));
        data.request_id = string(axonpush_error_request_id(error));
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

/// The value that a call returns, or the Error of its failure: a small std::expected (C++23) with the same
/// member names.
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

/// The success or the Error of a call that returns no value.
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

/// The configuration of a client. For a member that is not set the environment variable applies if there is
/// one, else the default; axonpush.h, where the members have the same names, states both.
///
/// With C++20: `axonpush::Client client({.api_key = key, .fail_open = false});`
struct Options {
    /// An API key (`ak_...`), or a public ingest token (`pt_...`), which may only publish. It is required,
    /// here or as AXONPUSH_API_KEY, unless events go to an otlp_endpoint.
    std::string api_key{};
    /// The organization that calls are made for.
    std::string tenant_id{};
    /// The URL of the service, http or https. A path in it is kept as a prefix.
    std::string base_url{};
    /// The slug of the environment that events belong to.
    std::string environment{};
    /// The channel of events that name none.
    std::string channel_id{};
    /// Milliseconds for one whole attempt. Default 30000.
    std::uint32_t timeout_ms = 0;
    /// How often a failed call is repeated at most; 0 or less means never. Default 3.
    std::optional<std::int32_t> max_retries{};
    /// Whether an unreachable service is a logged warning (true) or an error (false: strict mode).
    /// Default true.
    std::optional<bool> fail_open{};
    /// How many events may wait for background delivery. Default 10000.
    std::uint32_t queue_max_events = 0;
    /// How many bytes these events may take. Default 33554432 (32 MiB).
    std::uint64_t queue_max_bytes = 0;
    /// What happens when there is no room.
    Overflow overflow = Overflow::drop_oldest;
    /// Milliseconds for which delivery of a queued event is retried. Default 300000.
    std::uint32_t delivery_timeout_ms = 0;
    /// How many connections of HTTP/1.1 background publishing may use, at most 256. It uses more than one only
    /// when events queue up. HTTP/2 needs one, at most four. Default 32.
    std::uint32_t max_connections = 0;
    /// Which version of HTTP background publishing speaks.
    HttpVersion http_version = HttpVersion::unset;
    /// Milliseconds that closing may take to deliver queued events. Default 2000.
    std::uint32_t shutdown_timeout_ms = 0;
    /// Milliseconds that Overflow::block waits for room at most; then the event is refused with queue_full.
    /// Default 0: as long as it takes.
    std::uint32_t block_timeout_ms = 0;
    /// A folder in which the events of background publishing outlive the process: the next client with the same
    /// folder, service, tenant and environment delivers what is left. Empty: the queue is in memory only.
    std::string spool_dir{};
    /// How many bytes the files of all clients in spool_dir may take together. Default 268435456 (256 MiB).
    std::uint64_t spool_max_bytes = 0;
    /// Seconds for which delivery of an event in the spool is retried, in place of delivery_timeout_ms. Default
    /// 259200, which is three days.
    std::uint32_t spool_max_age_s = 0;
    /// When an event in the spool outlives a power failure.
    SpoolSync spool_sync = SpoolSync::interval;
    /// Milliseconds until SpoolSync::interval has made an event outlive a power failure. Default 1000.
    std::uint32_t spool_sync_ms = 0;
    /// How events of background publishing leave the process. Synchronous calls always go to the service.
    Exporter exporter = Exporter::events;
    /// The base URL of an OpenTelemetry Collector that Exporter::otlp sends to, without any credential of the
    /// service's. Empty: the service's own /v1/logs.
    std::string otlp_endpoint{};
    /// Headers of every request to otlp_endpoint: `name=value,name=value`, the values percent-encoded.
    std::string otlp_headers{};
    /// How many events one request of Exporter::otlp has at most. Default 512.
    std::uint32_t otlp_batch_max_events = 0;
    /// How many bytes its body has at most, before it is compressed. Default 1048576 (1 MiB).
    std::uint32_t otlp_batch_max_bytes = 0;
    /// Milliseconds that an event waits for others to be sent with it. Default 1000.
    std::uint32_t otlp_batch_timeout_ms = 0;
    /// Whether these requests are compressed (gzip). Default false.
    std::optional<bool> otlp_gzip{};
    /// Where completions run.
    CompletionMode completion_mode = CompletionMode::thread;
    /// How much content leaves the process.
    ContentCapture content_capture = ContentCapture::unset;
    /// Names of members, separated by commas, whose values never leave the process.
    std::string redact_keys{};
    /// The number of Unicode characters after which any string is cut. Default 4096.
    std::uint32_t max_content_length = 0;
    /// A PEM file of the certificate authorities to trust in place of the platform's.
    std::string ca_file{};
    /// The content of such a file; it takes precedence over ca_file.
    std::string ca_pem{};
    /// The URL of an HTTP proxy. It takes precedence over HTTPS_PROXY, HTTP_PROXY and NO_PROXY. "" means no
    /// proxy at all; with std::nullopt the environment decides.
    std::optional<std::string> proxy{};
    /// The product token of what is built on this library ("my-framework/1.0"), appended to the User-Agent.
    std::string user_agent{};
};

/// An event to publish. For an optional member that is empty, the library or the service chooses.
///
/// Lifetime: it does not own its strings, which must live until the call that it is passed to returns.
/// With C++20: `client.publish({.identifier = "hello", .payload = R"({"n":1})"});`
struct Event {
    /// What happened, such as the name of an operation. Required.
    std::string_view identifier{};
    /// A JSON object of at most 16 MiB and 127 levels; Json writes one. Required.
    std::string_view payload{};
    /// The channel to publish to. Default: the client's channel, else the organization's default.
    std::string_view channel_id{};
    /// "agent.start", "app.log", ... or any other string. Default "custom".
    std::string_view event_type{};
    /// The agent that the event is about.
    std::string_view agent_id{};
    /// The trace that the event belongs to. Default: that of the TraceScope, else one of its own (a UUID).
    std::string_view trace_id{};
    /// The event's span. Default: a random one (16 hex digits).
    std::string_view span_id{};
    /// The span in which the event happened. Default: that of the TraceScope, if the event is in its trace.
    std::string_view parent_span_id{};
    /// 1 to 255 printable ASCII characters; the service stores an event once per key. Default: a UUID.
    std::string_view dedup_key{};
    /// When the event happened: RFC 3339 in UTC, such as "2026-11-24T05:57:22.123Z". Default: now.
    std::string_view occurred_at{};
    /// A JSON object of your own.
    std::string_view metadata{};
};

/// A record of the program's log, for Client::log_event(). A member that is not set is left out.
///
/// Lifetime: as of an Event.
struct LogRecord {
    /// The text. Bytes that are not UTF-8, and NUL characters, become U+FFFD.
    std::string_view body{};
    /// The severity.
    Severity severity = Severity::info;
    /// The name of the logger, which becomes the event's identifier. Default "log".
    std::string_view logger{};
    /// Default: the name of the severity's range, such as "WARN".
    std::string_view severity_text{};
    /// The source file that logged it.
    std::string_view file{};
    /// The line in `file`.
    std::uint32_t line = 0;
    /// The function that logged it.
    std::string_view function{};
    /// The name of the program, such as "checkout".
    std::string_view service_name{};
    /// A JSON object with further attributes, such as {"order": 4711}.
    std::string_view attributes{};
    /// When it happened: nanoseconds since 1970, UTC; 0 means now.
    std::uint64_t time_unix_nano = 0;
    /// Default "app.log". For the log of an agent use "agent.log".
    std::string_view event_type{};
    /// As in Event.
    std::string_view channel_id{};
    /// The agent that writes the log.
    std::string_view agent_id{};
    /// Default: the trace of the innermost TraceScope on this thread.
    std::string_view trace_id{};
    /// Default: a random one.
    std::string_view span_id{};
};

/// A request to a model and its response, for Json::model_call(). A string that is empty and a number that is not
/// positive leave a member out. Content (the last members) is JSON, or any other text, which becomes a JSON
/// string; it stays in the process by default (ContentCapture).
///
/// Lifetime: as of an Event.
struct ModelCall {
    std::string_view operation{};           ///< Default "chat"; others are "text_completion" and "embeddings".
    std::string_view provider{};            ///< Whose model it is: "openai", "anthropic", ...
    std::string_view request_model{};       ///< The model that was asked for.
    std::string_view response_model{};      ///< The model that responded.
    std::string_view response_id{};         ///< The provider's id of the response.
    std::string_view finish_reason{};       ///< Why the model stopped: "stop", "length", "tool_calls", ...
    std::string_view conversation_id{};     ///< The conversation that the call belongs to.
    std::int64_t input_tokens = 0;          ///< Tokens that the model was given, those from a cache included.
    std::int64_t output_tokens = 0;         ///< Tokens that it responded with, those for reasoning included.
    std::int64_t cache_read_tokens = 0;     ///< Input tokens that came from the provider's cache.
    std::int64_t cache_write_tokens = 0;    ///< Input tokens that were written to that cache.
    std::int64_t reasoning_tokens = 0;      ///< Output tokens that were spent on reasoning.
    double cost_usd = 0;                    ///< What it cost, in US dollars.
    double duration_ms = 0;                 ///< Milliseconds that it took, from Event::occurred_at on.
    std::string_view error_type{};          ///< Why it failed: "timeout", "429", ... A call that has one has failed.
    std::string_view error_message{};       ///< The same for people. It is no content: quote no prompt in it.
    std::string_view system_instructions{}; ///< What the model was told apart from the messages (content).
    std::string_view input_messages{};      ///< What it was given: `[{"role":"user","content":"Hello"}]` (content).
    std::string_view output_messages{};     ///< What it responded (content).
};

/// A call of a tool and what it returned, for Json::tool_call(); see ModelCall.
///
/// Lifetime: as of an Event.
struct ToolCall {
    std::string_view name{};          ///< The name of the tool.
    std::string_view call_id{};       ///< The model's id of the call.
    double duration_ms = 0;           ///< Milliseconds that it took, from Event::occurred_at on.
    std::string_view error_type{};    ///< Why it failed: "timeout", ... A call that has one has failed.
    std::string_view error_message{}; ///< The same for people. It is no content: quote no arguments in it.
    std::string_view arguments{};     ///< What the tool was given: `{"city":"Rome"}` (content).
    std::string_view result{};        ///< What it returned (content).
};

/// A run of an agent, for Json::agent_run(); see ModelCall. It has no tokens and no cost: those of its model
/// calls add up to them.
///
/// Lifetime: as of an Event.
struct AgentRun {
    std::string_view agent_id{};            ///< The agent's id; set Event::agent_id, too.
    std::string_view agent_name{};          ///< The agent's name.
    std::string_view conversation_id{};     ///< The conversation that the run belongs to.
    double duration_ms = 0;                 ///< Milliseconds that it took, from Event::occurred_at on.
    std::string_view error_type{};          ///< Why it failed: "timeout", ... A run that has one has failed.
    std::string_view error_message{};       ///< The same for people. It is no content: quote no prompt in it.
    std::string_view system_instructions{}; ///< What the agent was told to be (content).
    std::string_view input_messages{};      ///< What it was asked (content).
    std::string_view output_messages{};     ///< What it answered (content).
};

/// Filters of events. An event must match every filter that is set. Pass strings unencoded; the library
/// encodes them.
///
/// Lifetime: as of an Event.
struct EventQuery {
    std::string_view since{};          ///< RFC 3339, inclusive. Default: the last 24 hours.
    std::string_view until{};          ///< RFC 3339, exclusive: the oldest `createdAt`, for the next older page.
    std::uint32_t limit = 0;           ///< At most 500; 0 means the service's default, 50.
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
    std::string_view q{};              ///< Free text; case does not matter.
    std::string_view attr_key{};       ///< The name of an attribute; set attr_value, too.
    std::string_view attr_value{};     ///< Its value.
};

/// Filters of traces. A trace must match every filter that is set. Those marked (list) take several values,
/// separated by commas, and a trace must match one of them.
///
/// Lifetime: as of an Event.
struct TraceQuery {
    EventQuery events{};               ///< Filters of the events in the traces; its `limit` limits the traces.
    std::string_view service{};        ///< Services (list).
    std::string_view operation{};      ///< Operations (list).
    std::string_view model{};          ///< Models (list).
    std::string_view provider{};       ///< Model providers (list).
    std::string_view agent{};          ///< Agents (list).
    std::string_view tool{};           ///< Tools (list).
    std::string_view release{};        ///< Releases (list).
    std::string_view session{};        ///< Sessions (list).
    std::string_view user{};           ///< Users (list).
    std::string_view sort{};           ///< The sort order, as the service names it.
    std::uint64_t min_duration_ms = 0; ///< The shortest duration, in milliseconds.
    std::uint32_t offset = 0;          ///< How many traces to skip.
    std::optional<bool> errors_only{}; ///< Only traces with an error in them.
};

/// An environment to create, or the changes to one: a member that is not set is left out.
///
/// Lifetime: as of an Event.
struct Environment {
    std::string_view name{};             ///< Required to create an environment.
    std::string_view slug{};             ///< Default: the service derives it from the name.
    std::string_view color{};            ///< The color in the dashboard, such as "#00aa00".
    std::optional<bool> is_default{};    ///< Whether events that name no environment belong to it.
    std::optional<bool> is_production{}; ///< Whether it is a production environment.
};

/// A webhook endpoint to create.
///
/// Lifetime: as of an Event.
struct Webhook {
    std::string_view channel_id{};  ///< The channel whose events are delivered. Required.
    std::string_view url{};         ///< Where the service delivers the events. Required.
    std::string_view event_types{}; ///< Event types to deliver, separated by commas. Default: all.
    std::string_view description{}; ///< Human-readable description.
};

/// Counters of background publishing and of the network.
///
/// The counters add up at any moment: accepted + recovered = delivered + failed + suppressed + dropped +
/// expired + abandoned + kept + queued_events. Synchronous calls appear in `retried` and `connections` only.
struct Stats {
    std::uint64_t accepted = 0;        ///< Events accepted for background delivery, log_event()'s included.
    std::uint64_t delivered = 0;       ///< Events that the service confirmed.
    std::uint64_t failed = 0;          ///< Events that the service rejected for good.
    std::uint64_t suppressed = 0;      ///< Events given up under fail-open, the service being unreachable.
    std::uint64_t dropped = 0;         ///< Events dropped to make room for newer ones.
    std::uint64_t expired = 0;         ///< Events not delivered within Options::delivery_timeout_ms.
    std::uint64_t abandoned = 0;       ///< Events not delivered before a shutdown ran out of time.
    std::uint64_t queued_events = 0;   ///< Events that are waiting or being sent now.
    std::uint64_t queued_bytes = 0;    ///< Bytes that these events take.
    std::uint64_t retried = 0;         ///< Attempts beyond the first, of all calls and events.
    std::uint64_t connections = 0;     ///< Connections opened so far.
    std::uint64_t log_events_lost = 0; ///< Records that Client::log_event() could not publish.
    std::uint64_t log_lines_lost = 0;  ///< Lines of the library's log that nobody polled in time, per process.
    std::uint64_t recovered = 0;       ///< Events taken over from the spool of a client that ended.
    std::uint64_t kept = 0;            ///< Events in the spool at the client's end; the next one delivers them.
    std::uint64_t spool_bytes = 0;     ///< Bytes that this client's events take in the spool.
    std::uint64_t batches = 0;         ///< Requests with batches of events (Exporter::otlp), repeated ones included.
};

/// @cond INTERNAL
namespace detail {

/// A string for a member of a C struct.
struct CString {
    const char *name;
    std::string_view value;
    const char *&member;
};

/// NUL-terminated copies of the strings of one call, on the stack if they fit. An empty string leaves its
/// member as it is.
class CStrings {
public:
    explicit CStrings(std::initializer_list<CString> strings) {
        std::size_t size = 0;
        for (const CString &string : strings) size += string.value.size() + 1;
        char *at = near_;
        if (size > sizeof near_) {
            far_ = std::make_unique<char[]>(size);
            at = far_.get();
        }
        for (const CString &string : strings) {
            if (string.value.empty()) continue;
            if (string.value.find('\0') != std::string_view::npos) name_of_invalid_ = string.name;
            std::memcpy(at, string.value.data(), string.value.size());
            at[string.value.size()] = '\0';
            string.member = at;
            at += string.value.size() + 1;
        }
    }
    CStrings(const CStrings &) = delete;
    CStrings &operator=(const CStrings &) = delete;

    /// Whether a string contains a NUL character, which would be its end in C.
    bool invalid() const noexcept { return name_of_invalid_ != nullptr; }
    Error error() const {
        return Error(Status::invalid_argument, std::string(name_of_invalid_) + ": it contains a NUL character");
    }

private:
    const char *name_of_invalid_ = nullptr;
    std::unique_ptr<char[]> far_;
    char near_[512];
};

/// JSON as the C interface takes it. An empty string becomes NULL, since a length of 0 means NUL-terminated.
inline const char *json_start(std::string_view json) noexcept { return json.empty() ? nullptr : json.data(); }

class CEvent {
public:
    explicit CEvent(const Event &event)
        : strings_({{"identifier", event.identifier, value_.identifier},
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
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_event value_ = AXONPUSH_EVENT_INIT;
    CStrings strings_;
};

/// How many bytes at the start of a string form one UTF-8 character other than NUL; 0 if they form none.
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

/// Returns `text`, or if the C interface would refuse something in it, a copy that it accepts, kept in `mended`.
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
        : strings_({{"body", readable(record.body, mended_), value_.body},
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
    /// Null if the record cannot be passed on; the library counts that.
    const axonpush_log_record *get() const noexcept { return strings_.invalid() ? nullptr : &value_; }

private:
    std::string mended_;
    axonpush_log_record value_ = AXONPUSH_LOG_RECORD_INIT;
    CStrings strings_;
};

inline bool log_event(axonpush_client *client, const LogRecord &record) noexcept {
#if AXONPUSH_EXCEPTIONS_
    try {
        return axonpush_log_event(client, CLogRecord(record).get());
    } catch (...) { // Memory is exhausted.
        return axonpush_log_event(client, nullptr);
    }
#else
    return axonpush_log_event(client, CLogRecord(record).get());
#endif
}

class CModelCall {
public:
    explicit CModelCall(const ModelCall &call)
        : strings_({{"operation", call.operation, value_.operation},
                  {"provider", call.provider, value_.provider},
                  {"request_model", call.request_model, value_.request_model},
                  {"response_model", call.response_model, value_.response_model},
                  {"response_id", call.response_id, value_.response_id},
                  {"finish_reason", call.finish_reason, value_.finish_reason},
                  {"conversation_id", call.conversation_id, value_.conversation_id},
                  {"error_type", call.error_type, value_.error_type},
                  {"error_message", call.error_message, value_.error_message}}) {
        value_.input_tokens = call.input_tokens;
        value_.output_tokens = call.output_tokens;
        value_.cache_read_tokens = call.cache_read_tokens;
        value_.cache_write_tokens = call.cache_write_tokens;
        value_.reasoning_tokens = call.reasoning_tokens;
        value_.cost_usd = call.cost_usd;
        value_.duration_ms = call.duration_ms;
        value_.system_instructions = json_start(call.system_instructions);
        value_.system_instructions_len = call.system_instructions.size();
        value_.input_messages = json_start(call.input_messages);
        value_.input_messages_len = call.input_messages.size();
        value_.output_messages = json_start(call.output_messages);
        value_.output_messages_len = call.output_messages.size();
    }
    const axonpush_model_call *get() const noexcept { return &value_; }
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_model_call value_ = AXONPUSH_MODEL_CALL_INIT;
    CStrings strings_;
};

class CToolCall {
public:
    explicit CToolCall(const ToolCall &call)
        : strings_({{"name", call.name, value_.name},
                  {"call_id", call.call_id, value_.call_id},
                  {"error_type", call.error_type, value_.error_type},
                  {"error_message", call.error_message, value_.error_message}}) {
        value_.duration_ms = call.duration_ms;
        value_.arguments = json_start(call.arguments);
        value_.arguments_len = call.arguments.size();
        value_.result = json_start(call.result);
        value_.result_len = call.result.size();
    }
    const axonpush_tool_call *get() const noexcept { return &value_; }
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_tool_call value_ = AXONPUSH_TOOL_CALL_INIT;
    CStrings strings_;
};

class CAgentRun {
public:
    explicit CAgentRun(const AgentRun &run)
        : strings_({{"agent_id", run.agent_id, value_.agent_id},
                  {"agent_name", run.agent_name, value_.agent_name},
                  {"conversation_id", run.conversation_id, value_.conversation_id},
                  {"error_type", run.error_type, value_.error_type},
                  {"error_message", run.error_message, value_.error_message}}) {
        value_.duration_ms = run.duration_ms;
        value_.system_instructions = json_start(run.system_instructions);
        value_.system_instructions_len = run.system_instructions.size();
        value_.input_messages = json_start(run.input_messages);
        value_.input_messages_len = run.input_messages.size();
        value_.output_messages = json_start(run.output_messages);
        value_.output_messages_len = run.output_messages.size();
    }
    const axonpush_agent_run *get() const noexcept { return &value_; }
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_agent_run value_ = AXONPUSH_AGENT_RUN_INIT;
    CStrings strings_;
};

class CQuery {
public:
    explicit CQuery(const EventQuery &query)
        : strings_({{"since", query.since, value_.since},
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
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_event_query value_ = AXONPUSH_EVENT_QUERY_INIT;
    CStrings strings_;
};

inline axonpush_toggle toggle(std::optional<bool> choice) noexcept {
    if (!choice) return AXONPUSH_DEFAULT;
    return *choice ? AXONPUSH_ENABLED : AXONPUSH_DISABLED;
}

class CTraceQuery {
public:
    explicit CTraceQuery(const TraceQuery &query)
        : events_(query.events), strings_({{"service", query.service, value_.service},
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
    const CStrings &strings() const noexcept { return events_.strings().invalid() ? events_.strings() : strings_; }

private:
    axonpush_trace_query value_ = AXONPUSH_TRACE_QUERY_INIT;
    CQuery events_;
    CStrings strings_;
};

class CEnvironment {
public:
    explicit CEnvironment(const Environment &environment)
        : strings_({{"name", environment.name, value_.name},
                  {"slug", environment.slug, value_.slug},
                  {"color", environment.color, value_.color}}) {
        value_.is_default = toggle(environment.is_default);
        value_.is_production = toggle(environment.is_production);
    }
    const axonpush_environment *get() const noexcept { return &value_; }
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_environment value_ = AXONPUSH_ENVIRONMENT_INIT;
    CStrings strings_;
};

class CWebhook {
public:
    explicit CWebhook(const Webhook &webhook)
        : strings_({{"channel_id", webhook.channel_id, value_.channel_id},
                  {"url", webhook.url, value_.url},
                  {"event_types", webhook.event_types, value_.event_types},
                  {"description", webhook.description, value_.description}}) {}
    const axonpush_webhook *get() const noexcept { return &value_; }
    const CStrings &strings() const noexcept { return strings_; }

private:
    axonpush_webhook value_ = AXONPUSH_WEBHOOK_INIT;
    CStrings strings_;
};

/// Two JSON pointers, one after the other, as a C string.
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

    /// Null if the pointer is malformed, so that nothing can be there.
    const char *get() const noexcept { return text_; }

private:
    const char *text_ = nullptr;
    std::string far_;
    char near_[128];
};

inline std::optional<std::string_view> optional_string(const char *string) noexcept {
    if (!string) return std::nullopt;
    return std::string_view(string);
}

inline std::uint32_t milliseconds(std::chrono::milliseconds time) noexcept {
    using Count = std::chrono::milliseconds::rep;
    return static_cast<std::uint32_t>(std::clamp<Count>(time.count(), 0, UINT32_MAX));
}

/// Runs a callable of the application inside a call from C, which no exception may leave. `report` gets what
/// the exception says.
template <typename Run, typename Report> void guarded(Run &&run, Report &&report) noexcept {
#if AXONPUSH_EXCEPTIONS_
    try {
        std::forward<Run>(run)();
    } catch (const std::exception &thrown) {
        report(": ", thrown.what());
    } catch (...) {
        report(" ", "something that is no std::exception");
    }
#else
    static_cast<void>(report);
    std::forward<Run>(run)();
#endif
}

inline void completion_threw(const char *colon, const char *what) noexcept {
    char line[512];
    std::snprintf(line, sizeof line, "a completion threw%s%s", colon, what);
    axonpush_log_write(AXONPUSH_LOG_ERROR, line);
}

/// Not through the log: that would call the same function again.
inline void log_function_threw(const char *colon, const char *what) noexcept {
    std::fprintf(stderr, "axonpush: error: the log function threw%s%s\n", colon, what);
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

/// Runs a C call that makes an object, or returns null if it fails.
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

/// A value inside the JSON of a response.
///
/// Members are named by JSON pointers (RFC 6901) relative to this value: "/eventId", "/payload/answer"; "" is
/// the value itself; "~1" stands for "/" and "~0" for "~" in a name. For a member that does not exist or has
/// another type, every accessor returns std::nullopt or 0.
///
/// Threads: any number may read at once.
/// Lifetime: it borrows from the Response, which must outlive it and everything that it returns.
class View {
public:
    /// A view of no value.
    View() = default;
    /// A value in a response of the C interface.
    explicit View(const axonpush_response *response, std::string pointer = {})
        : response_(response), pointer_(std::move(pointer)) {}

    /// The string there. It is std::nullopt, too, if the string contains a NUL character; json() has it.
    std::optional<std::string_view> get_string(std::string_view pointer = {}) const {
        return detail::optional_string(axonpush_response_string(response_, full(pointer).get()));
    }
    /// The integer there, if the number is written as an integer and fits.
    std::optional<std::int64_t> get_int(std::string_view pointer = {}) const {
        return read<std::int64_t>(axonpush_response_int, pointer);
    }
    /// The number there, if a double can represent its magnitude.
    std::optional<double> get_double(std::string_view pointer = {}) const {
        return read<double>(axonpush_response_double, pointer);
    }
    /// The boolean there.
    std::optional<bool> get_bool(std::string_view pointer = {}) const {
        return read<bool>(axonpush_response_bool, pointer);
    }
    /// The value there as JSON, exactly as the service sent it.
    std::optional<std::string_view> get_raw(std::string_view pointer = {}) const {
        std::size_t length = 0;
        const char *json = axonpush_response_raw(response_, full(pointer).get(), &length);
        if (!json) return std::nullopt;
        return std::string_view(json, length);
    }
    /// The number of members of the array or object there.
    std::size_t count(std::string_view pointer = {}) const {
        return axonpush_response_count(response_, full(pointer).get());
    }
    /// The value there.
    View at(std::string_view pointer) const {
        const detail::Pointer whole = full(pointer);
        return whole.get() ? View(response_, whole.get()) : View();
    }
    /// The elements of the array there, as a range of View. (It does not work for the members of an object,
    /// which have names instead of numbers.)
    inline Items items(std::string_view pointer = {}) const;

    /// The pointer from the whole document to this value.
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

/// The elements of an array in a response: `for (axonpush::View item : items)`.
///
/// Lifetime: as of a View.
class Items {
public:
    /// An iterator over the elements. It is an input iterator, since it makes each View on demand.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< As the standard library demands.
        using value_type = View;                           ///< An element.
        using difference_type = std::ptrdiff_t;            ///< As the standard library demands.
        using pointer = const View *;                      ///< As the standard library demands.
        using reference = View;                            ///< Made on demand.

        Iterator() = default; ///< An iterator over nothing.
        /// The element at an index.
        Iterator(const Items *items, std::size_t index) noexcept : items_(items), index_(index) {}
        /// The element.
        View operator*() const { return (*items_)[index_]; }
        /// Advances to the next element.
        Iterator &operator++() noexcept { return ++index_, *this; }
        /// Advances to the next element, and returns the iterator as it was.
        Iterator operator++(int) noexcept { return Iterator(items_, index_++); }
        /// Whether both are at the same element.
        friend bool operator==(const Iterator &a, const Iterator &b) noexcept { return a.index_ == b.index_; }
        /// Whether they are at different elements.
        friend bool operator!=(const Iterator &a, const Iterator &b) noexcept { return a.index_ != b.index_; }

    private:
        const Items *items_ = nullptr;
        std::size_t index_ = 0;
    };

    /// The elements of an array.
    explicit Items(View array) : array_(std::move(array)), size_(array_.count()) {}
    /// An iterator at the first element.
    Iterator begin() const noexcept { return Iterator(this, 0); }
    /// An iterator behind the last element.
    Iterator end() const noexcept { return Iterator(this, size_); }
    /// The number of elements.
    std::size_t size() const noexcept { return size_; }
    /// Whether there are no elements.
    bool empty() const noexcept { return size_ == 0; }
    /// The element at an index; behind the last one, a View of no value.
    View operator[](std::size_t index) const { return array_.at("/" + std::to_string(index)); }

private:
    View array_;
    std::size_t size_;
};

inline Items View::items(std::string_view pointer) const { return Items(at(pointer)); }

/// A borrowed response, as completions receive it.
///
/// Lifetime: until the completion returns. Copy what you keep.
class ResponseView : public View {
public:
    /// No response.
    ResponseView() = default;
    /// A response of the C interface; the caller keeps it.
    explicit ResponseView(const axonpush_response *response) noexcept : View(response) {}

    /// The whole response as JSON.
    std::string_view json() const noexcept {
        std::size_t length = 0;
        const char *text = axonpush_response_json(response_, &length);
        return std::string_view(text ? text : "", length);
    }
    /// The HTTP status of the response; 0 for an empty list that fail-open made.
    int http_status() const noexcept { return axonpush_response_http_status(response_); }
    /// The service's id of the request, if it sent one.
    std::optional<std::string_view> request_id() const noexcept {
        return detail::optional_string(axonpush_response_request_id(response_));
    }
    /// The events of a listing or a search.
    Items events() const { return items("/events"); }
    /// The response for functions of the C interface; this object keeps it.
    const axonpush_response *get() const noexcept { return response_; }
};

/// A response of the service.
///
/// Threads: any number may read at once.
/// Lifetime: it owns the JSON. Strings, views and items borrow from it, so a temporary Response does not
/// return any. The compiler does not catch the `->` of a temporary optional: the string of
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
    /// As View::get_raw().
    std::optional<std::string_view> get_raw(std::string_view pointer = {}) const & { return View::get_raw(pointer); }
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
    std::optional<std::string_view> get_raw(std::string_view pointer = {}) const && = delete;
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

/// The final outcome of an event that was published in the background: what Client::try_publish() would
/// return, except that the response is borrowed.
///
/// After a failure the event was not delivered, as far as the library knows; after Status::connection, decode
/// and closed it may have arrived all the same. std::nullopt means that it was given up under fail-open.
///
/// Lifetime: the ResponseView ends when the completion returns; an Error may be kept.
using Outcome = Result<std::optional<ResponseView>>;

/// @cond INTERNAL
namespace detail {

/// Runs a C call that may fail or return a response.
template <typename Call> Result<std::optional<Response>> response_of(Call &&run) {
    axonpush_response *response = nullptr;
    const Result<void> done = attempt([&](axonpush_error **error) { return run(&response, error); });
    if (!done) return done.error();
    if (!response) return std::optional<Response>();
    return std::optional<Response>(Response(response));
}

/// For calls whose response is never null.
inline Result<Response> not_null(Result<std::optional<Response>> result) {
    if (!result) return result.error();
    return *result ? std::move(**result) : Response();
}

/// A string for a C function.
class Argument {
public:
    Argument(const char *name, std::string_view value) : copy_(value) {
        if (value.find('\0') != std::string_view::npos) name_of_invalid_ = name;
    }
    const char *get() const noexcept { return copy_.c_str(); }
    const Argument &strings() const noexcept { return *this; }
    bool invalid() const noexcept { return name_of_invalid_ != nullptr; }
    Error error() const {
        return Error(Status::invalid_argument, std::string(name_of_invalid_) + ": it contains a NUL character");
    }

private:
    const char *name_of_invalid_ = nullptr;
    std::string copy_;
};

template <typename T> auto plain(const T &argument) noexcept {
    if constexpr (std::is_class_v<T>) {
        return argument.get();
    } else {
        return argument;
    }
}

template <typename T> void look_for_invalid(std::optional<Error> &invalid, const T &argument) {
    if constexpr (std::is_class_v<T>) {
        if (!invalid && argument.strings().invalid()) invalid.emplace(argument.strings().error());
    }
}

/// What the classes of resources below have in common.
class Resource {
public:
    using Argument = detail::Argument;

    explicit Resource(axonpush_client *client) noexcept : client_(client) {}

    template <typename Function, typename... Arguments>
    Result<std::optional<Response>> one(Function function, const Arguments &...arguments) const {
        std::optional<Error> invalid;
        (look_for_invalid(invalid, arguments), ...);
        if (invalid) return *invalid;
        return response_of([&](axonpush_response **response, axonpush_error **error) {
            return function(client_, plain(arguments)..., response, error);
        });
    }
    template <typename Function, typename... Arguments>
    Result<Response> all(Function function, const Arguments &...arguments) const {
        return not_null(one(function, arguments...));
    }

private:
    axonpush_client *client_;
};

} // namespace detail
/// @endcond

/// The apps of the organization: `client.apps().list()`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Apps : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

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
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Channels : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

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
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Environments : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

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
    /// Changes those members of an environment that are set.
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
    /// Makes an environment the default.
    std::optional<Response> promote(std::string_view slug) const { return try_promote(slug).value(); }
    /// promote() that returns the Error.
    Result<std::optional<Response>> try_promote(std::string_view slug) const {
        return one(axonpush_environments_promote, Argument("slug", slug));
    }
};

/// The webhook endpoints: `client.webhooks().list(channel_id)`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Webhooks : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

    /// Creates an endpoint. The response has its secret ("/rawSecret"), which webhook_verify() needs.
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
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Traces : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

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

/// The organizations of the key's user: `client.organizations().list()`.
///
/// It works while the client that made it is open, and fails with Status::invalid_handle afterwards. Pass ids
/// unencoded. std::nullopt: suppressed by fail-open, which also makes lists empty.
class Organizations : private detail::Resource {
public:
    using Resource::Resource; ///< From a client of the C interface.

    /// Lists the organizations: "/organizations" of the Response.
    Response list() const { return try_list().value(); }
    /// list() that returns the Error.
    Result<Response> try_list() const { return all(axonpush_organizations_list); }
    /// Gets the organization to which the key belongs.
    std::optional<Response> get() const { return try_get().value(); }
    /// get() that returns the Error.
    Result<std::optional<Response>> try_get() const { return one(axonpush_organizations_get); }
    /// Changes that organization: `body_json` is an object with the members to change.
    std::optional<Response> update(std::string_view body_json) const { return try_update(body_json).value(); }
    /// update() that returns the Error.
    Result<std::optional<Response>> try_update(std::string_view body_json) const {
        return one(axonpush_organizations_update, detail::json_start(body_json), body_json.size());
    }
    /// Deletes an organization.
    std::optional<Response> remove(std::string_view org_id) const { return try_remove(org_id).value(); }
    /// remove() that returns the Error.
    Result<std::optional<Response>> try_remove(std::string_view org_id) const {
        return one(axonpush_organizations_delete, Argument("org_id", org_id));
    }
    /// Invites somebody to an organization.
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
    /// Cancels an invitation.
    std::optional<Response> cancel_invitation(std::string_view org_id, std::string_view invitation_id) const {
        return try_cancel_invitation(org_id, invitation_id).value();
    }
    /// cancel_invitation() that returns the Error.
    Result<std::optional<Response>> try_cancel_invitation(std::string_view org_id,
                                                          std::string_view invitation_id) const {
        return one(axonpush_organizations_cancel_invitation, Argument("org_id", org_id),
                   Argument("invitation_id", invitation_id));
    }
    /// Removes a member from an organization.
    std::optional<Response> remove_member(std::string_view org_id, std::string_view user_id) const {
        return try_remove_member(org_id, user_id).value();
    }
    /// remove_member() that returns the Error.
    Result<std::optional<Response>> try_remove_member(std::string_view org_id, std::string_view user_id) const {
        return one(axonpush_organizations_remove_member, Argument("org_id", org_id), Argument("user_id", user_id));
    }
    /// Makes another member the owner of an organization.
    std::optional<Response> transfer_ownership(std::string_view org_id, std::string_view user_id) const {
        return try_transfer_ownership(org_id, user_id).value();
    }
    /// transfer_ownership() that returns the Error.
    Result<std::optional<Response>> try_transfer_ownership(std::string_view org_id,
                                                           std::string_view user_id) const {
        return one(axonpush_organizations_transfer_ownership, Argument("org_id", org_id),
                   Argument("user_id", user_id));
    }
    /// Leaves an organization.
    std::optional<Response> leave(std::string_view org_id) const { return try_leave(org_id).value(); }
    /// leave() that returns the Error.
    Result<std::optional<Response>> try_leave(std::string_view org_id) const {
        return one(axonpush_organizations_leave, Argument("org_id", org_id));
    }
};

/// A copy of the response to an event that was published in the background.
struct Receipt {
    std::string event_id{};   ///< The service's id of the event.
    std::string request_id{}; ///< The service's id of the request; empty if it sent none.
    int http_status = 0;      ///< The HTTP status of the response.
    std::string json{};       ///< The whole response.
};

/// Writes a JSON object without a JSON library: members are added in order.
///
///     axonpush::Json payload;
///     payload.add("tool", "search").add("hits", 3).begin_array("scores").add(0.5).add(0.25).end();
///     event.payload = payload.text();
///
/// Inside an object every member needs a key; inside an array an element must have none. Mistakes (an end too
/// many, a missing key, a string that is not UTF-8, NaN) need not be checked one by one: the writer remembers
/// the first, ignores what follows, and text() reports it.
///
/// Threads: one at a time. A moved-from writer may be assigned to or destroyed, nothing else.
class Json {
public:
    /// Starts an object.
    Json() : json_(axonpush_json_new()) {}

    /// Adds a member to an object: a string, a number, true or false, or nullptr.
    template <typename T> Json &add(std::string_view key, const T &value) {
        put(Key(*this, key).get(), value);
        return *this;
    }
    /// Adds an element to an array.
    template <typename T> Json &add(const T &value) {
        put(nullptr, value);
        return *this;
    }
    /// Adds a member whose value is JSON already.
    Json &raw(std::string_view key, std::string_view json) {
        put_raw(Key(*this, key).get(), json);
        return *this;
    }
    /// Adds an element that is JSON already.
    Json &raw(std::string_view json) {
        put_raw(nullptr, json);
        return *this;
    }
    /// Begins an object inside an object; until end(), what follows goes into it.
    Json &begin_object(std::string_view key) {
        axonpush_json_begin_object(json_.get(), Key(*this, key).get());
        return *this;
    }
    /// Begins an object inside an array.
    Json &begin_object() {
        axonpush_json_begin_object(json_.get(), nullptr);
        return *this;
    }
    /// Begins an array inside an object; until end(), what follows goes into it.
    Json &begin_array(std::string_view key) {
        axonpush_json_begin_array(json_.get(), Key(*this, key).get());
        return *this;
    }
    /// Begins an array inside an array.
    Json &begin_array() {
        axonpush_json_begin_array(json_.get(), nullptr);
        return *this;
    }
    /// Ends the object or array that was begun last.
    Json &end() {
        axonpush_json_end(json_.get());
        return *this;
    }

    /// Adds the members of a model call to the object that is open, under the names of `attribute`. Add others of
    /// your own, and publish it as event_type::app_span:
    ///
    ///     axonpush::ModelCall call;
    ///     call.request_model = "gpt-5";
    ///     call.input_tokens = 12;
    ///     call.input_messages = R"([{"role":"user","content":"Hello"}])";
    ///     event.payload = payload.model_call(call).text();
    Json &model_call(const ModelCall &call) {
        return put_members(detail::CModelCall(call), axonpush_json_model_call);
    }
    /// Adds the members of a tool call. Publish it as event_type::agent_tool_call_end; and, to see it before, without
    /// the result as event_type::agent_tool_call_start, with the same span_id.
    Json &tool_call(const ToolCall &call) { return put_members(detail::CToolCall(call), axonpush_json_tool_call); }
    /// Adds the members of an agent run. Publish it as event_type::agent_start, without what is not known yet, and as
    /// event_type::agent_end, or agent_error, with the same span_id.
    Json &agent_run(const AgentRun &run) { return put_members(detail::CAgentRun(run), axonpush_json_agent_run); }

    /// The finished object. It lives until the next call on this writer. Throws an Error
    /// (Status::invalid_argument) after a mistake, and while something begun is not ended.
    std::string_view text() { return try_text().value(); }
    /// text() that returns the Error.
    Result<std::string_view> try_text() {
        if (invalid_) return *invalid_;
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
        Key(Json &json, std::string_view key) : strings_({{"key", key, text_}}) {
            json.take(strings_);
        }
        const char *get() const noexcept { return text_; }

    private:
        const char *text_ = ""; // An empty key is a key.
        detail::CStrings strings_;
    };

    /// Remembers the first string that contains a NUL character.
    void take(const detail::CStrings &strings) {
        if (strings.invalid() && !invalid_) invalid_ = strings.error();
    }

    template <typename C, typename Function> Json &put_members(const C &c, Function write) {
        take(c.strings());
        write(json_.get(), c.get());
        return *this;
    }

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
                          "axonpush::Json::add() takes strings, numbers, bool and nullptr");
            put_string(key, value);
        }
    }

    void put_string(const char *key, std::string_view value) {
        if (value.find('\0') != std::string_view::npos) {
            put_raw(key, quoted(value));
            return;
        }
        const char *string = "";
        const detail::CStrings copy({{"value", value, string}});
        axonpush_json_string(json_.get(), key, string);
    }

    void put_raw(const char *key, std::string_view json) {
        // A length of 0 means NUL-terminated; the empty string is not JSON, and is reported as such.
        axonpush_json_raw(json_.get(), key, json.empty() ? "" : json.data(), json.size());
    }

    /// The string as JSON, escaped as needed: for strings that the C interface cannot take.
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
    std::optional<Error> invalid_;
};

/// Receives one line of the log, without a newline. It runs on any thread that logs, on several at once.
/// `message` is borrowed for the call. An exception that it throws is caught and reported on stderr, and the
/// line is lost.
using LogFunction = std::function<void(LogLevel level, std::string_view message)>;

/// Chooses what is logged, and where, for the whole process. The last call applies, and takes precedence over
/// the variable AXONPUSH_LOG.
///
/// Without `function`, lines go to stderr. A function is kept until the process ends, since another thread may
/// still be in it when the next one is set: set it once, not repeatedly.
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
            detail::guarded([&] { static_cast<Kept *>(user_data)->function(static_cast<LogLevel>(from), message); },
                            detail::log_function_threw);
        },
        kept);
}

/// Keeps the lines of the log until log_poll() asks for them, for programs that do not want to be called on
/// other threads; in place of log_set(). At most `capacity` lines wait (0: 256). When one more comes, the
/// oldest is lost, which Stats::log_lines_lost counts.
inline void log_set_polled(LogLevel max_level, std::size_t capacity = 0) noexcept {
    axonpush_log_set_polled(static_cast<axonpush_log_level>(max_level), capacity);
}

/// Calls `function(LogLevel, std::string_view)` on this thread for each line that waits, oldest first. If none
/// waits, it waits for up to `timeout` until one does. Returns how many lines there were. An exception that
/// `function` throws is caught and reported on stderr, and the line is lost.
template <typename Function>
std::size_t log_poll(Function &&function, std::chrono::milliseconds timeout = {}) noexcept {
    using Callable = std::remove_reference_t<Function>;
    return axonpush_log_poll(
        [](axonpush_log_level from, const char *message, void *user_data) noexcept {
            detail::guarded(
                [&] {
                    std::invoke(*static_cast<Callable *>(user_data), static_cast<LogLevel>(from),
                                std::string_view(message));
                },
                detail::log_function_threw);
        },
        const_cast<void *>(static_cast<const void *>(std::addressof(function))), detail::milliseconds(timeout));
}

/// Whether `signature`, the value of the header X-AxonPush-Signature, belongs to exactly these bytes of `body`
/// under the endpoint's `secret`. The comparison takes constant time. The result is false for anything else,
/// such as an empty secret.
///
/// A signature has no timestamp, so it cannot tell a delivery from a replay of it: refuse bodies that you have
/// seen before.
inline bool webhook_verify(std::string_view secret, std::string_view body, std::string_view signature) {
    const char *c_secret = nullptr, *c_signature = nullptr;
    const detail::CStrings strings({{"secret", secret, c_secret}, {"signature", signature, c_signature}});
    return !strings.invalid() && axonpush_webhook_verify(c_secret, body.data(), body.size(), c_signature);
}

/// The signature of `body` under `secret`: HMAC-SHA256 in lower-case hex. std::nullopt for a secret that is
/// empty or contains a NUL character.
inline std::optional<std::string> webhook_sign(std::string_view secret, std::string_view body) {
    const char *c_secret = nullptr;
    const detail::CStrings strings({{"secret", secret, c_secret}});
    char signature[65];
    if (strings.invalid() || !axonpush_webhook_sign(c_secret, body.data(), body.size(), signature)) return std::nullopt;
    return signature;
}

/// A trace and a span in it. Traces connect events across functions and processes.
///
/// Threads: immutable, so any number may read it.
class Trace {
public:
    /// Starts a trace, or continues one: an id that is empty becomes a random one (a UUID; 16 hex digits).
    /// Throws an Error with Status::invalid_argument if an id cannot be used.
    explicit Trace(std::string_view trace_id = {}, std::string_view span_id = {})
        : Trace(make(trace_id, span_id).value()) {}
    /// Reads the trace from an incoming `traceparent` header (W3C Trace Context). Throws an Error with
    /// Status::invalid_argument if the header is malformed.
    static Trace parse(std::string_view traceparent) { return try_parse(traceparent).value(); }
    /// parse() that returns the Error.
    static Result<Trace> try_parse(std::string_view traceparent) {
        const char *header = "";
        const detail::CStrings strings({{"traceparent", traceparent, header}});
        if (strings.invalid()) return strings.error();
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
    Trace(const Trace &) noexcept = default;            ///< Shares the strings. There is no separate move.
    Trace &operator=(const Trace &) noexcept = default; ///< Shares the strings.
    ~Trace() = default;

    /// The id of the trace.
    std::string_view trace_id() const noexcept { return axonpush_trace_id(trace_.get()); }
    /// The id of the span.
    std::string_view span_id() const noexcept { return axonpush_trace_span_id(trace_.get()); }
    /// The `traceparent` header for an outgoing request.
    std::string_view traceparent() const noexcept { return axonpush_trace_traceparent(trace_.get()); }
    /// The trace for functions of the C interface; this object keeps it.
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
        const detail::CStrings strings({{"trace_id", trace_id, trace}, {"span_id", span_id, span}});
        if (strings.invalid()) return strings.error();
        return owned([&](axonpush_error **error) { return axonpush_trace_new(trace, span, error); });
    }

    std::shared_ptr<const axonpush_trace> trace_; // Never null: copies share it.
};

/// Makes a trace current on this thread while the scope lives: events published meanwhile, synchronously or in
/// the background, carry its trace id, and its span as their parent, unless they name others.
///
/// Threads: a scope must end on the thread that made it, and scopes must end in reverse order.
class TraceScope {
public:
    /// Makes a copy of the trace current.
    explicit TraceScope(const Trace &trace) noexcept : before_(axonpush_trace_enter(trace.get())) {}
    TraceScope(const TraceScope &) = delete;            ///< A scope cannot be copied.
    TraceScope &operator=(const TraceScope &) = delete; ///< A scope cannot be copied.
    /// Makes the previous trace current again.
    ~TraceScope() { axonpush_trace_leave(before_); }

private:
    axonpush_trace *before_;
};

/// A range over events, from the newest to the oldest. It requests them page by page, and yields every event
/// exactly once, also where several have the same timestamp.
///
///     for (const auto &event : client.events("my channel")) use(event.get_string("/eventId"));
///
/// Each event is a ResponseView whose pointers are relative to the event. It lives until the next step. In
/// fail-open mode the range ends when the service is unreachable.
///
/// Threads: one at a time.
/// Lifetime: it may outlive its client, but then fails with Status::closed or invalid_handle. Moving it
/// invalidates its iterators.
class Events {
public:
    /// An input iterator: it requests events as it advances, once. Advancing throws an Error when a page
    /// cannot be fetched; trying again then continues where it was.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< As the standard library demands.
        using value_type = ResponseView;                   ///< An event.
        using difference_type = std::ptrdiff_t;            ///< As the standard library demands.
        using pointer = const ResponseView *;              ///< As the standard library demands.
        using reference = const ResponseView &;            ///< It lives until the next step.

        Iterator() = default; ///< The end.
        /// The event.
        reference operator*() const noexcept { return events_->event_; }
        /// The event.
        pointer operator->() const noexcept { return &events_->event_; }
        /// Advances to the next older event.
        Iterator &operator++() {
            if (!events_->next()) events_ = nullptr;
            return *this;
        }
        /// Advances to the next older event. The one before is gone, so there is nothing to return.
        void operator++(int) { ++*this; }
        /// Whether both are at the end, or neither is.
        friend bool operator==(const Iterator &a, const Iterator &b) noexcept { return a.events_ == b.events_; }
        /// Whether exactly one is at the end.
        friend bool operator!=(const Iterator &a, const Iterator &b) noexcept { return a.events_ != b.events_; }

    private:
        friend class Events;
        explicit Iterator(Events *events) noexcept : events_(events) {}
        Events *events_ = nullptr;
    };

    /// Advances to the first event, or to the next one if the range was used before. Throws an Error.
    Iterator begin() { return Iterator(next() ? this : nullptr); }
    /// The end.
    Iterator end() const noexcept { return Iterator(); }

    /// The next older event, which lives until the next call; std::nullopt at the end.
    std::optional<ResponseView> next() { return try_next().value(); }
    /// next() that returns the Error. Calling it again then continues where it was.
    Result<std::optional<ResponseView>> try_next() {
        const axonpush_response *event = nullptr;
        event_ = ResponseView();
        const Result<void> advanced = detail::attempt(
            [&](axonpush_error **error) { return axonpush_events_iter_next(iterator_.get(), &event, error); });
        if (!advanced) return advanced.error();
        if (!event) return std::optional<ResponseView>();
        event_ = ResponseView(event);
        return std::optional<ResponseView>(event_);
    }
    /// Takes over an iterator of the C interface.
    explicit Events(axonpush_events_iter *owned) noexcept : iterator_(owned) {}

private:
    struct Free {
        void operator()(axonpush_events_iter *iterator) const noexcept { axonpush_events_iter_free(iterator); }
    };
    std::unique_ptr<axonpush_events_iter, Free> iterator_;
    ResponseView event_;
};

/// A client of the service. It has its own configuration, connections and queue.
///
/// Threads: any number may use one client at once, and may close it meanwhile.
/// Lifetime: its destructor closes it, and so does moving another client into it. A moved-from client behaves
/// like a closed one: its calls fail with Status::invalid_handle. After fork() the child's copy works with
/// connections and a queue of its own; futures and completions of events that the parent accepted stay with
/// the parent.
class Client {
public:
    /// Makes a client; without options, the environment configures it. Nothing is sent yet. Throws an Error
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
    /// Leaves `other` like a closed client.
    Client(Client &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    /// Closes this client first, and leaves `other` like a closed one.
    Client &operator=(Client &&other) noexcept {
        if (this != &other) {
            close();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    Client(const Client &) = delete;            ///< A queue has one owner.
    Client &operator=(const Client &) = delete; ///< A queue has one owner.
    /// Calls close().
    ~Client() { close(); }

    /// Closes the client: queued events are delivered for up to Options::shutdown_timeout_ms, and the rest is
    /// abandoned with Status::closed. It returns within that time plus half a second, and no completion
    /// starts after it has returned. Calls in progress on other threads end with Status::closed or
    /// invalid_handle. It may be called inside a completion, and more than once.
    void close() noexcept { axonpush_close(handle_); }

    /// Publishes one event and waits for the response, which has "/eventId". std::nullopt: suppressed by
    /// fail-open.
    std::optional<Response> publish(const Event &event) { return try_publish(event).value(); }
    /// publish() that returns the Error.
    Result<std::optional<Response>> try_publish(const Event &event) {
        const detail::CEvent c(event);
        if (c.strings().invalid()) return c.strings().error();
        return detail::response_of([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_publish(handle_, c.get(), response, error);
        });
    }

    /// Accepts one event for delivery in the background and returns at once, without using the network; only
    /// with Overflow::block it may wait for room. Throws an Error if the event is not accepted:
    /// Status::invalid_argument, queue_full or closed.
    void publish_async(const Event &event) { try_publish_async(event).value(); }
    /// publish_async() that returns the Error.
    Result<void> try_publish_async(const Event &event) { return enqueue(event, nullptr, nullptr); }

    /// The same, and calls `completion(const Outcome &)` exactly once with the final outcome of an event that
    /// was accepted, and never for one that was not.
    ///
    /// `completion` is moved or copied, and may be move-only. It runs and is then destroyed on a thread of the
    /// library or inside poll(), and may call anything, including close() on its own client. An exception
    /// that it throws is caught and becomes an error in the library's log.
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
        // An accepted completion belongs to complete(), which may have destroyed it by now.
        if (accepted) static_cast<void>(owned.release());
        return accepted;
    }

#if AXONPUSH_EXCEPTIONS_
    /// Publishes in the background, as publish_async() does, and returns the outcome as a future: a Receipt,
    /// std::nullopt if fail-open suppressed a failure, or the Error, also if the event was not accepted. It
    /// throws nothing itself, so it has no twin.
    ///
    /// The future becomes ready when the event is delivered or given up; its promise is never broken. In
    /// polled mode some thread must call poll() meanwhile. The future's destructor does not wait.
    std::future<std::optional<Receipt>> publish_future(const Event &event) {
        // Shared, since a refused completion is destroyed before the Error is known.
        const auto promise = std::make_shared<std::promise<std::optional<Receipt>>>();
        std::future<std::optional<Receipt>> future = promise->get_future();
        const Result<void> accepted =
            try_publish_async(event, [promise](const Outcome &outcome) { keep(*promise, outcome); });
        if (!accepted) promise->set_exception(std::make_exception_ptr(accepted.error()));
        return future;
    }
#endif

    /// Lists events of a channel, newest first; without `channel_id`, of the client's channel. The Response
    /// has no events if fail-open suppressed a failure.
    Response list(std::string_view channel_id = {}, const EventQuery &query = {}) {
        return try_list(channel_id, query).value();
    }
    /// list() that returns the Error.
    Result<Response> try_list(std::string_view channel_id = {}, const EventQuery &query = {}) {
        const char *channel = nullptr;
        const detail::CStrings strings({{"channel_id", channel_id, channel}});
        const detail::CQuery c(query);
        if (strings.invalid()) return strings.error();
        if (c.strings().invalid()) return c.strings().error();
        return detail::not_null(detail::response_of([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_list(handle_, channel, c.get(), response, error);
        }));
    }

    /// Searches the organization's events, newest first. The Response has no events if fail-open suppressed a
    /// failure.
    Response search(const EventQuery &query = {}) { return try_search(query).value(); }
    /// search() that returns the Error.
    Result<Response> try_search(const EventQuery &query = {}) {
        const detail::CQuery c(query);
        if (c.strings().invalid()) return c.strings().error();
        return detail::not_null(detail::response_of([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_events_search(handle_, c.get(), response, error);
        }));
    }

    /// Returns a range over all events of a channel, or of the organization without `channel_id`.
    /// `query.limit` is the size of a page (default 500), not the number of events. Without `query.since`
    /// the service goes back 24 hours. Nothing is requested yet.
    Events events(std::string_view channel_id = {}, const EventQuery &query = {}) {
        return try_events(channel_id, query).value();
    }
    /// events() that returns the Error. To iterate without exceptions, call Events::try_next().
    Result<Events> try_events(std::string_view channel_id = {}, const EventQuery &query = {}) {
        const char *channel = nullptr;
        const detail::CStrings strings({{"channel_id", channel_id, channel}});
        const detail::CQuery c(query);
        if (strings.invalid()) return strings.error();
        if (c.strings().invalid()) return c.strings().error();
        axonpush_events_iter *iterator = nullptr;
        const Result<void> made = detail::attempt([&](axonpush_error **error) {
            return axonpush_events_iter_new(handle_, channel, c.get(), &iterator, error);
        });
        if (!made) return made.error();
        return Events(iterator);
    }

    // The resources: one function for each row of docs/operations.md.

    /// The organization's apps.
    Apps apps() const noexcept { return Apps(handle_); }
    /// The channels of an app.
    Channels channels() const noexcept { return Channels(handle_); }
    /// The organization's environments.
    Environments environments() const noexcept { return Environments(handle_); }
    /// The webhook endpoints of a channel.
    Webhooks webhooks() const noexcept { return Webhooks(handle_); }
    /// The traces that the service has. (A TraceScope determines the trace of new events.)
    Traces traces() const noexcept { return Traces(handle_); }
    /// The organizations of the key's user.
    Organizations organizations() const noexcept { return Organizations(handle_); }

    /// Gets what the service can do. std::nullopt: suppressed by fail-open.
    std::optional<Response> capabilities() const { return try_capabilities().value(); }
    /// capabilities() that returns the Error.
    Result<std::optional<Response>> try_capabilities() const {
        return detail::Resource(handle_).one(axonpush_capabilities_get);
    }
    /// Asks whether the service is healthy. std::nullopt: unreachable, in fail-open mode.
    std::optional<Response> health() const { return try_health().value(); }
    /// health() that returns the Error.
    Result<std::optional<Response>> try_health() const {
        return detail::Resource(handle_).one(axonpush_health_get);
    }

    /// Sends spans to the service as OTLP in JSON (ExportTraceServiceRequest), for a channel; without
    /// `channel_id`, for the client's channel. The redaction rules do not apply: the JSON is sent as it is.
    std::optional<Response> otlp_traces(std::string_view json, std::string_view channel_id = {}) const {
        return try_otlp_traces(json, channel_id).value();
    }
    /// otlp_traces() that returns the Error.
    Result<std::optional<Response>> try_otlp_traces(std::string_view json, std::string_view channel_id = {}) const {
        return detail::Resource(handle_).one(axonpush_otlp_traces, detail::Argument("channel_id", channel_id),
                                             detail::json_start(json), json.size());
    }
    /// Sends log records to the service as OTLP in JSON (ExportLogsServiceRequest), in the same way.
    std::optional<Response> otlp_logs(std::string_view json, std::string_view channel_id = {}) const {
        return try_otlp_logs(json, channel_id).value();
    }
    /// otlp_logs() that returns the Error.
    Result<std::optional<Response>> try_otlp_logs(std::string_view json, std::string_view channel_id = {}) const {
        return detail::Resource(handle_).one(axonpush_otlp_logs, detail::Argument("channel_id", channel_id),
                                             detail::json_start(json), json.size());
    }

    /// Calls any other endpoint, with the same credentials, retries, errors and fail-open mode.
    ///
    /// `method` is GET, POST, PUT, PATCH or DELETE. `path` starts with "/" and is relative to the base URL;
    /// percent-encode ids in it. `query` has no "?". A POST or PATCH whose response was lost is not
    /// repeated. std::nullopt: suppressed by fail-open.
    std::optional<Response> request(std::string_view method, std::string_view path, std::string_view query = {},
                                    std::string_view body_json = {}) {
        return try_request(method, path, query, body_json).value();
    }
    /// request() that returns the Error.
    Result<std::optional<Response>> try_request(std::string_view method, std::string_view path,
                                                std::string_view query = {}, std::string_view body_json = {}) {
        const char *c_method = nullptr, *c_path = nullptr, *c_query = nullptr;
        const detail::CStrings strings({{"method", method, c_method}, {"path", path, c_path}, {"query", query, c_query}});
        if (strings.invalid()) return strings.error();
        return detail::response_of([&](axonpush_response **response, axonpush_error **error) {
            return axonpush_request(handle_, c_method, c_path, c_query, detail::json_start(body_json),
                                    body_json.size(), response, error);
        });
    }

    /// Calls a function of the C interface that returns a response and has no wrapper here, as a newer
    /// library may have: `client.call(axonpush_apps_create, "my app")`. The arguments are those between the
    /// client and the response; a std::string may stand for a `const char *`. std::nullopt: suppressed by
    /// fail-open.
    template <typename Function, typename... Arguments>
    std::optional<Response> call(Function function, const Arguments &...arguments) {
        return try_call(function, arguments...).value();
    }
    /// call() that returns the Error.
    template <typename Function, typename... Arguments>
    Result<std::optional<Response>> try_call(Function function, const Arguments &...arguments) {
        return detail::response_of([&](axonpush_response **response, axonpush_error **error) {
            return function(handle_, detail::c_argument(arguments)..., response, error);
        });
    }

    /// Publishes a record of the program's log in the background. It is made for log sinks, such as
    /// axonpush_spdlog.hpp, since it cannot break the application: it never waits (with Overflow::block it
    /// refuses instead), and it suppresses every failure, in strict mode, too. Failures are counted, in
    /// Stats::log_events_lost if this returns false, otherwise in `failed`, `expired` and so on. Inside the
    /// function of log_set() it returns false, so that logging cannot feed on itself.
    ///
    /// Returns whether the event was accepted.
    bool log_event(const LogRecord &record) noexcept { return detail::log_event(handle_, record); }

    /// Waits until every event that was accepted before the call has reached its final outcome and its
    /// completion has returned (in polled mode: is ready to be polled). Throws an Error with Status::timeout
    /// after `timeout`; the remaining events stay queued.
    void flush(std::chrono::milliseconds timeout) { try_flush(timeout).value(); }
    /// flush() that returns the Error.
    Result<void> try_flush(std::chrono::milliseconds timeout) {
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_flush(handle_, detail::milliseconds(timeout), error);
        });
    }

    /// Stops the client for good: new calls fail with Status::closed, queued events are delivered for up to
    /// `timeout`, and the rest is abandoned. stats(), poll() and close() still work. Throws an Error with
    /// Status::timeout if events were abandoned.
    void shutdown(std::chrono::milliseconds timeout) { try_shutdown(timeout).value(); }
    /// shutdown() that returns the Error.
    Result<void> try_shutdown(std::chrono::milliseconds timeout) {
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_shutdown(handle_, detail::milliseconds(timeout), error);
        });
    }

    /// CompletionMode::polled: runs the completions that are ready, on this thread. If none is, it waits for
    /// up to `timeout` until one is. Returns how many ran; 0 also in the other mode. Exceptions of completions
    /// do not leave this function, and do not keep the others from running.
    std::size_t poll(std::chrono::milliseconds timeout = {}) noexcept {
        return axonpush_poll(handle_, detail::milliseconds(timeout));
    }
    /// CompletionMode::polled: a descriptor that is readable while completions are ready, for event loops.
    /// Call poll() when it is readable; do not read from it or close it. -1 in the other mode.
    int completion_fd() const noexcept { return axonpush_completion_fd(handle_); }

    /// Returns the counters. Throws an Error with Status::invalid_handle if the client is closed.
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
        stats.log_lines_lost = c.log_lines_lost;
        stats.recovered = c.recovered;
        stats.kept = c.kept;
        stats.spool_bytes = c.spool_bytes;
        stats.batches = c.batches;
        return stats;
    }

    /// The client for functions of the C interface; this object keeps it.
    axonpush_client *get() const noexcept { return handle_; }

private:
    Result<void> enqueue(const Event &event, axonpush_completion_fn completion, void *user_data) {
        const detail::CEvent c(event);
        if (c.strings().invalid()) return c.strings().error();
        return detail::attempt([&](axonpush_error **error) {
            return axonpush_events_publish_async(handle_, c.get(), completion, user_data, error);
        });
    }

    template <typename Callable>
    static void complete(axonpush_status status, const axonpush_response *response, const axonpush_error *error,
                         void *user_data) noexcept {
        const std::unique_ptr<Callable> completion(static_cast<Callable *>(user_data));
        detail::guarded([&] { std::invoke(*completion, outcome(status, response, error)); }, detail::completion_threw);
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
        const detail::CStrings strings({{"api_key", options.api_key, c.api_key},
                                   {"tenant_id", options.tenant_id, c.tenant_id},
                                   {"base_url", options.base_url, c.base_url},
                                   {"environment", options.environment, c.environment},
                                   {"channel_id", options.channel_id, c.channel_id},
                                   {"redact_keys", options.redact_keys, c.redact_keys},
                                   {"ca_file", options.ca_file, c.ca_file},
                                   {"ca_pem", options.ca_pem, c.ca_pem},
                                   {"proxy", proxy, c.proxy},
                                   {"user_agent", user_agent, c.user_agent},
                                   {"spool_dir", options.spool_dir, c.spool_dir},
                                   {"otlp_endpoint", options.otlp_endpoint, c.otlp_endpoint},
                                   {"otlp_headers", options.otlp_headers, c.otlp_headers}});
        if (strings.invalid()) return strings.error();
        c.timeout_ms = options.timeout_ms;
        if (options.max_retries) c.max_retries = *options.max_retries > 0 ? *options.max_retries : -1;
        c.fail_open = detail::toggle(options.fail_open);
        c.queue_max_events = options.queue_max_events;
        c.queue_max_bytes = options.queue_max_bytes;
        c.overflow = static_cast<axonpush_overflow>(options.overflow);
        c.delivery_timeout_ms = options.delivery_timeout_ms;
        c.max_connections = options.max_connections;
        c.http_version = static_cast<axonpush_http_version>(options.http_version);
        c.shutdown_timeout_ms = options.shutdown_timeout_ms;
        c.block_timeout_ms = options.block_timeout_ms;
        c.spool_max_bytes = options.spool_max_bytes;
        c.spool_max_age_s = options.spool_max_age_s;
        c.spool_sync = static_cast<axonpush_spool_sync>(options.spool_sync);
        c.spool_sync_ms = options.spool_sync_ms;
        c.exporter = static_cast<axonpush_exporter>(options.exporter);
        c.otlp_batch_max_events = options.otlp_batch_max_events;
        c.otlp_batch_max_bytes = options.otlp_batch_max_bytes;
        c.otlp_batch_timeout_ms = options.otlp_batch_timeout_ms;
        c.otlp_gzip = detail::toggle(options.otlp_gzip);
        c.completion_mode = static_cast<axonpush_completion_mode>(options.completion_mode);
        c.content_capture = static_cast<axonpush_content_capture>(options.content_capture);
        c.max_content_length = options.max_content_length;
        return detail::make<axonpush_client>([&](axonpush_error **error) { return axonpush_new(&c, error); });
    }

    axonpush_client *handle_;
};

/// Calls of a client that share one deadline and can be cancelled from any thread:
///
///     axonpush::Call call(client, std::chrono::seconds(2));
///     call->publish(event);                              // Ends within two seconds, retries included.
///     axonpush::Call(client, stop_token)->apps().list(); // Ends when the token says so (C++20).
///
/// The deadline limits all calls made through it together, from its construction on; Options::timeout_ms
/// still limits each attempt. A call whose next retry would come after the deadline returns at once with the
/// failure that it has. One that is cut short during an attempt fails with Status::connection, which
/// fail-open suppresses. A cancelled call ends at once with Status::cancelled, which it does not; the request
/// may have arrived all the same. flush(), poll() and the wait of Overflow::block end, too. Events that were
/// accepted are not taken back.
///
/// Threads: any number may use one Call, and cancel it meanwhile.
/// Lifetime: its client must outlive it; ranges that events() returned fail with Status::closed after it has
/// gone. Destroying it does not end calls in progress.
class Call {
public:
    /// Calls with a deadline `timeout` from now; without `timeout`, they have none. Throws an Error with
    /// Status::invalid_handle if the client is closed.
    explicit Call(const Client &client, std::optional<std::chrono::milliseconds> timeout = std::nullopt)
        : bound_(make(client, timeout).value()) {}
    /// A Call, or the Error.
    static Result<Call> try_new(const Client &client,
                                std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
        const Result<axonpush_client *> made = make(client, timeout);
        if (!made) return made.error();
        return Call(*made);
    }
#if AXONPUSH_STOP_TOKEN_
    /// Calls that are cancelled when `stop` is requested, too.
    explicit Call(const Client &client, const std::stop_token &stop,
                  std::optional<std::chrono::milliseconds> timeout = std::nullopt)
        : Call(client, timeout) {
        stop_ = std::make_shared<std::stop_callback<Cancel>>(stop, Cancel{bound_.get()});
    }
#endif
    /// Leaves `other` without a client.
    Call(Call &&other) noexcept = default;
    /// Leaves `other` without a client.
    Call &operator=(Call &&other) noexcept = default;
    Call(const Call &) = delete;            ///< A Call has one owner.
    Call &operator=(const Call &) = delete; ///< A Call has one owner.
    ~Call() = default;

    /// Ends the calls in progress, and refuses later ones, with Status::cancelled. Any thread may call it.
    void cancel() const noexcept { axonpush_call_cancel(bound_.get()); }

    /// The client, whose calls are subject to the deadline and to cancel(). Closing it affects this Call only.
    Client &operator*() noexcept { return bound_; }
    /// The same.
    Client *operator->() noexcept { return &bound_; }

private:
    explicit Call(axonpush_client *owned) noexcept : bound_(owned) {}

    static Result<axonpush_client *> make(const Client &client, std::optional<std::chrono::milliseconds> timeout) {
        // 0 means no deadline in C; one that is over already must not become that.
        const std::uint32_t milliseconds = timeout ? std::max<std::uint32_t>(detail::milliseconds(*timeout), 1) : 0;
        return detail::make<axonpush_client>(
            [&](axonpush_error **error) { return axonpush_call_new(client.get(), milliseconds, error); });
    }

#if AXONPUSH_STOP_TOKEN_
    struct Cancel {
        axonpush_client *call; // A handle, which may be used after it was freed.
        void operator()() const noexcept { axonpush_call_cancel(call); }
    };
#endif

    Client bound_; // It owns the call handle: closing that one frees it, and leaves the client open.
    std::shared_ptr<void> stop_; // The std::stop_callback, of a type that C++17 does not have.
};

} // namespace axonpush

#undef AXONPUSH_EXCEPTIONS_
#undef AXONPUSH_STOP_TOKEN_

#endif // AXONPUSH_HPP
