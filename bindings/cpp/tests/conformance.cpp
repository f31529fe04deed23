// The table of cases in tests/conformance, run through axonpush.hpp. The README there says what a row means.
//
//     conformance DIRECTORY SERVER-URL [NAME...]
//
// The table is read with the C runner's json.c, and the server is asked over a socket: nothing but the calls of the rows
// goes through what is tested.
#include <axonpush.hpp>

extern "C" {
#include "json.h"
}

#include <algorithm>
#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <glob.h>
#include <iostream>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <regex.h>
#include <set>
#include <sstream>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using axonpush::AgentRun;
using axonpush::Client;
using axonpush::Error;
using axonpush::Event;
using axonpush::EventQuery;
using axonpush::Json;
using axonpush::ModelCall;
using axonpush::Options;
using axonpush::Response;
using axonpush::ResponseView;
using axonpush::Result;
using axonpush::Stats;
using axonpush::ToolCall;

namespace {

constexpr unsigned row_limit_s = 60;
std::string server_url;
// A folder of the row's own, which goes with the row.
std::string row_folder;

// ---- Differences ----

// The first difference ends the row. In a completion it is kept for the end of the call.
struct Difference : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename... Parts> [[noreturn]] void differ(const Parts &...parts) {
    std::ostringstream text;
    (text << ... << parts);
    throw Difference(text.str());
}

using Words = std::set<std::string_view>;

void only(const json *object, const Words &words, const char *where) {
    if (object->kind != JSON_OBJECT) differ(where, " is no object");
    for (size_t i = 0; i < object->count; i++) {
        if (!words.count(object->names[i])) differ(where, ": unknown member \"", object->names[i], '"');
    }
}

std::string_view text_of(const json *value, const char *where) {
    if (!value || value->kind != JSON_STRING) differ(where, ": expected a string");
    return {value->text, value->length};
}

double number_in(const json *value, double least, double most, const char *where) {
    const double number = value->kind == JSON_NUMBER ? value->number : most + 1;
    if (number < least || number > most || number != static_cast<double>(static_cast<int64_t>(number))) {
        differ(where, ": expected a whole number from ", least, " to ", most);
    }
    return number;
}

const json *required(const json *object, const char *name) {
    const json *member = json_member(object, name);
    if (!member) differ("the row has no member \"", name, '"');
    return member;
}

// ---- The development server ----

std::string dev(const std::string &method, const std::string &path, const std::string &body = {}) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(server_url.substr(server_url.rfind(':') + 1))));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
        throw std::logic_error("the development server is not there");
    }
    const std::string request = method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
        throw std::logic_error("the development server does not listen");
    }
    std::string response;
    char piece[1 << 16];
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0;) response.append(piece, static_cast<size_t>(got));
    close(fd);
    const size_t head = response.find("\r\n\r\n");
    if (head == std::string::npos || response.rfind("HTTP/1.1 2", 0) != 0) {
        throw std::logic_error(method + ' ' + path + ": " + response.substr(0, 500));
    }
    return response.substr(head + 4);
}

json *parsed(const std::string &text) {
    const char *why;
    json *document = json_parse(arena_format("%s", text.c_str()), &why); // It points into the text.
    if (!document) differ("not JSON: ", why);
    return document;
}

// ---- Arguments: JSON to what the binding takes ----

template <typename T> using Setters = std::map<std::string_view, void (*)(T &, const json *, const char *)>;

template <typename T> void fill(T &out, const Setters<T> &setters, const json *arguments, const char *where) {
    if (!arguments) return;
    if (arguments->kind != JSON_OBJECT) differ(where, ": expected an object");
    for (size_t i = 0; i < arguments->count; i++) {
        const auto setter = setters.find(arguments->names[i]);
        if (setter == setters.end()) differ(where, ": unknown member \"", arguments->names[i], '"');
        setter->second(out, arguments->items[i], arguments->names[i]);
    }
}

template <typename E> E word(const std::map<std::string_view, E> &words, const json *value, const char *where) {
    const auto found = words.find(text_of(value, where));
    if (found == words.end()) differ(where, ": unknown word ", json_show(value));
    return found->second;
}

#define TEXT(type, member) {#member, [](type &out, const json *value, const char *where) { out.member = text_of(value, where); }}
#define NUMBER(type, member, least, most) \
    {#member, [](type &out, const json *value, const char *where) { \
         out.member = static_cast<decltype(out.member)>(number_in(value, least, most, where)); \
     }}
// As it is written in the table, byte for byte; or as the text that it is.
#define DOCUMENT(type, member) \
    {#member, [](type &out, const json *value, const char *) { out.member = {value->raw, value->raw_length}; }}, \
    {#member "_text", [](type &out, const json *value, const char *where) { out.member = text_of(value, where); }}

const Setters<Options> options_setters = {
    TEXT(Options, api_key),
    TEXT(Options, tenant_id),
    {"base_url",
     [](Options &out, const json *value, const char *where) {
         out.base_url = text_of(value, where);
         const std::string mark = "{server}";
         if (out.base_url.rfind(mark, 0) == 0) out.base_url.replace(0, mark.size(), server_url);
     }},
    TEXT(Options, environment),
    TEXT(Options, channel_id),
    NUMBER(Options, timeout_ms, 0, UINT32_MAX),
    {"max_retries",
     [](Options &out, const json *value, const char *where) {
         // In C 0 is the default, which here is not to say anything.
         const auto retries = static_cast<int32_t>(number_in(value, INT32_MIN, INT32_MAX, where));
         if (retries != 0) out.max_retries = retries;
     }},
    {"fail_open",
     [](Options &out, const json *value, const char *where) {
         if (value->kind != JSON_BOOL) differ(where, ": expected true or false");
         out.fail_open = value->boolean;
     }},
    NUMBER(Options, queue_max_events, 0, UINT32_MAX),
    NUMBER(Options, queue_max_bytes, 0, 9007199254740992.0),
    {"overflow",
     [](Options &out, const json *value, const char *where) {
         using axonpush::Overflow;
         out.overflow = word<Overflow>({{"drop_oldest", Overflow::drop_oldest},
                                        {"drop_newest", Overflow::drop_newest},
                                        {"block", Overflow::block}},
                                       value, where);
     }},
    NUMBER(Options, delivery_timeout_ms, 0, UINT32_MAX),
    NUMBER(Options, max_connections, 0, UINT32_MAX),
    {"http_version",
     [](Options &out, const json *value, const char *where) {
         using axonpush::HttpVersion;
         out.http_version = word<HttpVersion>(
             {{"auto", HttpVersion::unset}, {"1.1", HttpVersion::http_1_1}, {"2", HttpVersion::http_2}}, value, where);
     }},
    NUMBER(Options, shutdown_timeout_ms, 0, UINT32_MAX),
    NUMBER(Options, block_timeout_ms, 0, UINT32_MAX),
    {"spool_dir",
     [](Options &out, const json *value, const char *where) {
         out.spool_dir = text_of(value, where);
         const std::string mark = "{folder}";
         if (out.spool_dir.rfind(mark, 0) == 0) out.spool_dir.replace(0, mark.size(), row_folder);
     }},
    NUMBER(Options, spool_max_bytes, 0, 9007199254740992.0),
    NUMBER(Options, spool_max_age_s, 0, UINT32_MAX),
    {"spool_sync",
     [](Options &out, const json *value, const char *where) {
         using axonpush::SpoolSync;
         out.spool_sync = word<SpoolSync>(
             {{"interval", SpoolSync::interval}, {"none", SpoolSync::none}, {"each", SpoolSync::each}}, value, where);
     }},
    NUMBER(Options, spool_sync_ms, 0, UINT32_MAX),
    {"exporter",
     [](Options &out, const json *value, const char *where) {
         using axonpush::Exporter;
         out.exporter = word<Exporter>({{"events", Exporter::events}, {"otlp", Exporter::otlp}}, value, where);
     }},
    {"otlp_endpoint",
     [](Options &out, const json *value, const char *where) {
         out.otlp_endpoint = text_of(value, where);
         const std::string mark = "{server}";
         if (out.otlp_endpoint.rfind(mark, 0) == 0) out.otlp_endpoint.replace(0, mark.size(), server_url);
     }},
    TEXT(Options, otlp_headers),
    NUMBER(Options, otlp_batch_max_events, 0, UINT32_MAX),
    NUMBER(Options, otlp_batch_max_bytes, 0, UINT32_MAX),
    NUMBER(Options, otlp_batch_timeout_ms, 0, UINT32_MAX),
    {"otlp_gzip",
     [](Options &out, const json *value, const char *where) {
         if (value->kind != JSON_BOOL) differ(where, ": expected true or false");
         out.otlp_gzip = value->boolean;
     }},
    {"content_capture",
     [](Options &out, const json *value, const char *where) {
         using axonpush::ContentCapture;
         out.content_capture = word<ContentCapture>({{"metadata_only", ContentCapture::metadata_only},
                                                     {"redacted", ContentCapture::redacted},
                                                     {"full", ContentCapture::full}},
                                                    value, where);
     }},
    TEXT(Options, redact_keys),
    NUMBER(Options, max_content_length, 0, UINT32_MAX),
    TEXT(Options, proxy),
};

#define REAL(type, member) \
    {#member, [](type &out, const json *value, const char *where) { \
         if (value->kind != JSON_NUMBER) differ(where, ": expected a number"); \
         out.member = value->number; \
     }}
#define COUNT(type, member) NUMBER(type, member, -9007199254740992.0, 9007199254740992.0)

const Setters<ModelCall> model_call_setters = {
    TEXT(ModelCall, operation),         TEXT(ModelCall, provider),        TEXT(ModelCall, request_model),
    TEXT(ModelCall, response_model),    TEXT(ModelCall, response_id),     TEXT(ModelCall, finish_reason),
    TEXT(ModelCall, conversation_id),   COUNT(ModelCall, input_tokens),   COUNT(ModelCall, output_tokens),
    COUNT(ModelCall, cache_read_tokens), COUNT(ModelCall, cache_write_tokens), COUNT(ModelCall, reasoning_tokens),
    REAL(ModelCall, cost_usd),          REAL(ModelCall, duration_ms),     TEXT(ModelCall, error_type),
    TEXT(ModelCall, error_message),     DOCUMENT(ModelCall, system_instructions), DOCUMENT(ModelCall, input_messages),
    DOCUMENT(ModelCall, output_messages),
};
const Setters<ToolCall> tool_call_setters = {
    TEXT(ToolCall, name),          TEXT(ToolCall, call_id),       REAL(ToolCall, duration_ms), TEXT(ToolCall, error_type),
    TEXT(ToolCall, error_message), DOCUMENT(ToolCall, arguments), DOCUMENT(ToolCall, result),
};
const Setters<AgentRun> agent_run_setters = {
    TEXT(AgentRun, agent_id),    TEXT(AgentRun, agent_name), TEXT(AgentRun, conversation_id),
    REAL(AgentRun, duration_ms), TEXT(AgentRun, error_type), TEXT(AgentRun, error_message),
    DOCUMENT(AgentRun, system_instructions), DOCUMENT(AgentRun, input_messages), DOCUMENT(AgentRun, output_messages),
};

// The payload that a helper makes of its struct's members. Events do not own it: it lives as long as the row.
template <typename T>
void set_payload(Event &out, const json *value, const char *where, const Setters<T> &setters, Json &(Json::*helper)(const T &)) {
    T members;
    fill(members, setters, value, where);
    Json writer;
    const std::string_view text = (writer.*helper)(members).text();
    out.payload = {arena_format("%.*s", static_cast<int>(text.size()), text.data()), text.size()};
}

const Setters<Event> event_setters = {
    TEXT(Event, identifier), DOCUMENT(Event, payload), TEXT(Event, channel_id),     TEXT(Event, event_type),
    TEXT(Event, agent_id),   TEXT(Event, trace_id),    TEXT(Event, span_id),        TEXT(Event, parent_span_id),
    TEXT(Event, dedup_key),  TEXT(Event, occurred_at), DOCUMENT(Event, metadata),
    {"model_call",
     [](Event &out, const json *value, const char *where) {
         set_payload(out, value, where, model_call_setters, &Json::model_call);
     }},
    {"tool_call",
     [](Event &out, const json *value, const char *where) {
         set_payload(out, value, where, tool_call_setters, &Json::tool_call);
     }},
    {"agent_run",
     [](Event &out, const json *value, const char *where) {
         set_payload(out, value, where, agent_run_setters, &Json::agent_run);
     }},
};

const Setters<EventQuery> query_setters = {
    TEXT(EventQuery, since),          TEXT(EventQuery, until),
    NUMBER(EventQuery, limit, 0, UINT32_MAX),
    TEXT(EventQuery, app_id),         TEXT(EventQuery, channel_id),
    TEXT(EventQuery, environment_id), TEXT(EventQuery, event_type),
    TEXT(EventQuery, source),         TEXT(EventQuery, status),
    TEXT(EventQuery, trace_id),       TEXT(EventQuery, agent_id),
    TEXT(EventQuery, agent_name),     TEXT(EventQuery, tool_name),
    TEXT(EventQuery, semantic_kind),  TEXT(EventQuery, service_name),
    TEXT(EventQuery, operation_name), TEXT(EventQuery, error_type),
    TEXT(EventQuery, q),              TEXT(EventQuery, attr_key),
    TEXT(EventQuery, attr_value),
};

struct Request {
    std::string_view method, path, query, body;
};
const Setters<Request> request_setters = {
    TEXT(Request, method), TEXT(Request, path), TEXT(Request, query), DOCUMENT(Request, body),
};

// ---- Checks ----

// A request of the server's log, with its body read.
struct Seen {
    json *record, *body;

    // What a pointer or a header's name stands for.
    const json *part(const char *name) const {
        if (*name == '/' || !*name) return json_at(body, name);
        const json *headers = json_member(record, "headers");
        for (size_t i = 0; i < headers->count; i++) {
            if (std::strcmp(headers->items[i]->items[0]->text, name) == 0) return headers->items[i]->items[1];
        }
        return nullptr;
    }
};

bool matches(const char *text, const char *pattern, const std::string &where) {
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0) differ(where, ": bad pattern ", pattern);
    const bool found = regexec(&expression, text, 0, nullptr, 0) == 0;
    regfree(&expression);
    return found;
}

bool has_members(const json *actual, const json *names) {
    if (!actual || actual->kind != JSON_OBJECT || actual->count != names->count) return false;
    for (size_t i = 0; i < names->count; i++) {
        if (!json_member(actual, names->items[i]->text)) return false;
    }
    return true;
}

// Whether `actual` (null: not there) is as `check` says. `request` is what "same_as" speaks of, or null.
bool holds(const json *check, const json *actual, const Seen *request, const std::string &where) {
    if (check->kind != JSON_OBJECT) return check->kind != JSON_ARRAY && json_equal(check, actual);
    if (check->count != 1) differ(where, ": unknown check ", json_show(check));
    const json *wanted = check->items[0];
    const std::string_view verb = check->names[0];
    const bool is_text = actual && actual->kind == JSON_STRING;
    const bool is_number = actual && actual->kind == JSON_NUMBER && wanted->kind == JSON_NUMBER;
    const bool is_list = actual && (actual->kind == JSON_ARRAY || actual->kind == JSON_OBJECT || actual->kind == JSON_NULL);
    const auto has = [&] {
        return std::string_view(actual->text, actual->length).find(text_of(wanted, "check")) != std::string_view::npos;
    };
    if (verb == "is") return json_equal(wanted, actual);
    if (verb == "absent" && wanted->boolean) return !actual;
    if (verb == "matches") return is_text && matches(actual->text, wanted->text, where);
    if (verb == "contains") return is_text && has();
    if (verb == "lacks") return is_text && !has();
    if (verb == "count") return is_list && static_cast<double>(actual->count) == wanted->number;
    if (verb == "members") return has_members(actual, wanted);
    if (verb == "at_least") return is_number && actual->number >= wanted->number;
    if (verb == "same_as" && request) return json_equal(actual, request->part(wanted->text));
    differ(where, ": unknown check ", json_show(check));
}

void check(const json *check, const json *actual, const Seen *request, const std::string &where) {
    if (!holds(check, actual, request, where)) {
        differ(where, " is ", json_show(actual), ", expected ", json_show(check));
    }
}

// ---- Outcomes: what the caller got ----

json *json_text(std::string_view text) { return json_string(arena_format("%.*s", static_cast<int>(text.size()), text.data())); }
// Nothing is an empty text.
json *json_or_null(const std::string &text) { return text.empty() ? json_string(nullptr) : json_text(text); }

// Each accessor agrees with the whole document.
void check_accessors(const ResponseView &response, const char *pointer, const json *actual) {
    const json_kind kind = actual ? actual->kind : JSON_NULL;
    const auto text = response.get_string(pointer);
    const auto number = response.get_double(pointer);
    const auto whole = response.get_int(pointer);
    const auto flag = response.get_bool(pointer);
    const bool is_whole = kind == JSON_NUMBER && std::strcspn(actual->raw, ".eE") >= actual->raw_length;
    if (text.has_value() != (kind == JSON_STRING) || (text && *text != actual->text)) differ("get_string() of ", pointer);
    if (number.has_value() != (kind == JSON_NUMBER) || (number && *number != actual->number)) {
        differ("get_double() of ", pointer);
    }
    if (whole.has_value() != is_whole || (whole && static_cast<double>(*whole) != actual->number)) {
        differ("get_int() of ", pointer);
    }
    if (flag.has_value() != (kind == JSON_BOOL) || (flag && *flag != actual->boolean)) differ("get_bool() of ", pointer);
    if (response.count(pointer) != (actual ? actual->count : 0)) differ("count() of ", pointer);
}

void check_response(const json *checks, const ResponseView &response) {
    json *document = parsed(std::string(response.json()));
    for (size_t i = 0; i < checks->count; i++) {
        const char *name = checks->names[i];
        const json *actual = nullptr;
        if (std::strcmp(name, "http_status") == 0) {
            actual = json_number(response.http_status());
        } else if (std::strcmp(name, "request_id") == 0) {
            actual = json_or_null(std::string(response.request_id().value_or("")));
        } else if (*name == '/' || !*name) {
            actual = json_at(document, name);
            check_accessors(response, name, actual);
        } else {
            differ("response: unknown member \"", name, '"');
        }
        check(checks->items[i], actual, nullptr, std::string("response ") + name);
    }
    // The events are where a loop finds them.
    if (const json *events = json_member(document, "events")) {
        size_t index = 0;
        for (const axonpush::View event : response.events()) {
            const json *id = json_member(events->items[index++], "eventId");
            if (id && event.get_string("/eventId") != std::string_view(id->text, id->length)) differ("another event");
        }
        if (index != events->count) differ(index, " events in the loop");
    }
}

void check_error(const json *checks, const Error &error) {
    if (error.message().empty()) differ("the error has no message");
    if (error.message() != error.what()) differ("what() is no message");
    for (size_t i = 0; checks && i < checks->count; i++) {
        const std::string name = checks->names[i];
        const auto wait = error.retry_after();
        const json *actual = name == "message"          ? json_text(error.message())
                             : name == "code"           ? json_or_null(error.code())
                             : name == "hint"           ? json_or_null(error.hint())
                             : name == "request_id"     ? json_or_null(error.request_id())
                             : name == "http_status"    ? json_number(error.http_status())
                             : name == "retry_after_ms" ? json_number(wait ? static_cast<double>(wait->count()) : -1)
                             : name == "retryable"      ? json_boolean(error.retryable())
                                                        : nullptr;
        if (!actual) differ("error: unknown member \"", name, '"');
        check(checks->items[i], actual, nullptr, "error " + name);
    }
}

// Filled by the call and by completions, which run on threads of the library's.
class Outcomes {
public:
    explicit Outcomes(const json *expect) : expect_(expect) {}

    void error(const Error &error) {
        note(std::string(axonpush::status_name(error.status())), errors_,
             [&] { check_error(json_member(expect_, "error"), error); });
    }
    void response(const ResponseView &response) {
        const json *checks = json_member(expect_, "response");
        note(response.get() ? "ok" : "nothing", responses_, [&] {
            if (response.get() && checks) check_response(checks, response);
        });
        if (!response.get() || !checks) responses_--;
    }
    // Whatever a call of the binding returns.
    template <typename R> void take(const Result<std::optional<R>> &result) {
        if (!result) return error(result.error());
        const ResponseView none;
        response(*result ? static_cast<const ResponseView &>(**result) : none);
    }

    void check_all(int times) const {
        if (difference_) differ(*difference_);
        const json *one = json_member(expect_, "outcome"), *many = json_member(expect_, "outcomes");
        if (!one == !many) differ("expect: either outcome or outcomes");
        if (one) check_count(std::string(text_of(one, "outcome")), times);
        for (size_t i = 0; many && i < many->count; i++) {
            check_count(many->names[i], static_cast<int>(number_in(many->items[i], 1, 1000, "outcomes")));
        }
        // Neither more nor fewer: exactly one for each.
        if (total_ != times) differ(total_, " outcomes for ", times, " calls: ", show());
        if (json_member(expect_, "response") && !responses_) differ("no response that could be checked: ", show());
        if (json_member(expect_, "error") && !errors_) differ("no error that could be checked: ", show());
    }

private:
    template <typename Check> void note(const std::string &kind, int &checked, Check &&run) {
        const std::lock_guard<std::mutex> lock(mutex_);
        kinds_[kind]++;
        total_++;
        checked++;
        try {
            run();
        } catch (const Difference &difference) {
            if (!difference_) difference_ = difference.what();
        }
    }
    void check_count(const std::string &kind, int wanted) const {
        bool known = kind == "ok" || kind == "nothing";
        for (int status = 1; status <= AXONPUSH_ERR_CANCELLED; status++) known = known || axonpush_status_name(status) == kind;
        if (!known) differ("unknown outcome \"", kind, '"');
        const auto found = kinds_.find(kind);
        if ((found == kinds_.end() ? 0 : found->second) != wanted) differ("outcome: ", show(), ", expected ", wanted, ' ', kind);
    }
    std::string show() const {
        std::ostringstream text;
        for (const auto &[kind, count] : kinds_) text << count << ' ' << kind << "; ";
        return kinds_.empty() ? "none" : text.str();
    }

    const json *expect_;
    std::mutex mutex_;
    std::optional<std::string> difference_;
    std::map<std::string, int> kinds_;
    int total_ = 0, responses_ = 0, errors_ = 0;
};

// ---- Calls ----

Result<std::optional<Response>> as_optional(Result<Response> result) {
    if (!result) return result.error();
    return std::optional<Response>(std::move(*result));
}

// Every other call goes through the form that throws: both are one behaviour.
template <typename Try, typename Throw> auto alternate(Try &&try_form, Throw &&throw_form) -> decltype(try_form()) {
    static int turn = 0;
    if (turn++ % 2 == 0) return try_form();
    try {
        return throw_form();
    } catch (const Error &error) {
        return error;
    }
}

void run_call(Client &client, const json *call, int times, const json *expect, Outcomes &outcomes) {
    if (const json *arguments = json_member(call, "publish_async")) {
        only(call, {"publish_async", "times", "flush_ms"}, "call");
        Event event;
        fill(event, event_setters, arguments, "publish_async");
        for (int i = 0; i < times; i++) {
            const auto accepted = client.try_publish_async(event, [&](const axonpush::Outcome &o) { outcomes.take(o); });
            if (!accepted) outcomes.error(accepted.error());
        }
        const json *limit = json_member(call, "flush_ms"), *wanted = json_member(expect, "flush");
        const auto flushed = client.try_flush(
            std::chrono::milliseconds(limit ? static_cast<int64_t>(number_in(limit, 0, 60000, "flush_ms")) : 20000));
        const std::string_view name = flushed ? "ok" : axonpush::status_name(flushed.error().status());
        const std::string_view expected = wanted ? text_of(wanted, "flush") : "ok";
        if (name != expected) differ("flush gave ", name, ", expected ", expected);
        return;
    }
    if (call->count != 1) differ("call: expected one call");
    const json *arguments = call->items[0];
    const std::string_view name = call->names[0];
    if (name == "publish") {
        Event event;
        fill(event, event_setters, arguments, "publish");
        outcomes.take(alternate([&] { return client.try_publish(event); }, [&] { return client.publish(event); }));
    } else if (name == "list") {
        only(arguments, {"channel_id", "query"}, "list");
        const json *channel = json_member(arguments, "channel_id");
        const std::string_view channel_id = channel ? text_of(channel, "channel_id") : std::string_view();
        EventQuery query;
        fill(query, query_setters, json_member(arguments, "query"), "query");
        outcomes.take(as_optional(alternate([&] { return client.try_list(channel_id, query); },
                                            [&] { return client.list(channel_id, query); })));
    } else if (name == "search") {
        EventQuery query;
        fill(query, query_setters, arguments, "search");
        outcomes.take(as_optional(alternate([&] { return client.try_search(query); }, [&] { return client.search(query); })));
    } else if (name == "request") {
        Request request;
        fill(request, request_setters, arguments, "request");
        const Request &r = request;
        outcomes.take(alternate([&] { return client.try_request(r.method, r.path, r.query, r.body); },
                                [&] { return client.request(r.method, r.path, r.query, r.body); }));
    } else {
        differ("call: unknown call ", json_show(call));
    }
}

void check_stats(const json *checks, const Stats &stats) {
    const std::map<std::string_view, uint64_t> members = {
        {"accepted", stats.accepted},           {"delivered", stats.delivered},       {"failed", stats.failed},
        {"suppressed", stats.suppressed},       {"dropped", stats.dropped},           {"expired", stats.expired},
        {"abandoned", stats.abandoned},         {"queued_events", stats.queued_events},
        {"queued_bytes", stats.queued_bytes},   {"retried", stats.retried},           {"connections", stats.connections},
        {"log_events_lost", stats.log_events_lost}, {"log_lines_lost", stats.log_lines_lost},
        {"recovered", stats.recovered},         {"kept", stats.kept},                 {"spool_bytes", stats.spool_bytes},
        {"batches", stats.batches},
    };
    for (size_t i = 0; checks && i < checks->count; i++) {
        const auto found = members.find(checks->names[i]);
        if (found == members.end()) differ("stats: unknown member \"", checks->names[i], '"');
        check(checks->items[i], json_number(static_cast<double>(found->second)), nullptr,
              std::string("stats ") + checks->names[i]);
    }
}

// ---- What the server saw ----

// Each named part is there in all requests, and the same in all of them, or never the same.
void check_across(const json *names, const std::vector<Seen> &requests, bool same) {
    for (size_t n = 0; names && n < names->count; n++) {
        const char *name = names->items[n]->text;
        for (size_t i = 0; i < requests.size(); i++) {
            const json *part = requests[i].part(name);
            if (!part) differ("request ", i, " has no ", name);
            for (size_t j = 0; j < i; j++) {
                if (json_equal(part, requests[j].part(name)) != same) {
                    differ(name, " should ", same ? "be the same" : "differ", " in requests ", j, " and ", i);
                }
            }
        }
    }
}

void check_seen(const json *seen) {
    only(seen, {"requests", "method", "target", "headers", "body", "text", "same", "distinct", "stored"}, "seen");
    const json *log = json_member(parsed(dev("GET", "/_dev/requests")), "requests");
    std::vector<Seen> requests;
    for (size_t i = 0; i < log->count; i++) {
        const char *body = json_member(log->items[i], "body")->text;
        requests.push_back({log->items[i], *body ? parsed(body) : nullptr});
    }
    check(required(seen, "requests"), json_number(static_cast<double>(requests.size())), nullptr, "number of requests");
    for (const Seen &request : requests) {
        if (const json *text = json_member(seen, "text")) check(text, json_member(request.record, "body"), &request, "text");
        for (const char *name : {"method", "target"}) {
            if (const json *member = json_member(seen, name)) check(member, json_member(request.record, name), &request, name);
        }
        for (const char *where : {"headers", "body"}) {
            const json *checks = json_member(seen, where);
            for (size_t i = 0; checks && i < checks->count; i++) {
                const char *name = checks->names[i];
                const bool is_pointer = *name == '/' || !*name;
                if (is_pointer != (std::strcmp(where, "body") == 0)) differ(where, ": \"", name, "\" does not belong there");
                check(checks->items[i], request.part(name), &request, std::string(where) + ' ' + name);
            }
        }
    }
    if (requests.empty()) {
        for (const char *name : {"method", "target", "headers", "body", "text", "same", "distinct"}) {
            if (json_member(seen, name)) differ("no request whose ", name, " could be checked");
        }
    }
    check_across(json_member(seen, "same"), requests, true);
    check_across(json_member(seen, "distinct"), requests, false);
    if (const json *stored = json_member(seen, "stored")) {
        check(stored, json_member(parsed(dev("GET", "/_dev/stats")), "storedEvents"), nullptr, "stored events");
    }
}

// What lies in the files of the spool, where every byte that is no ASCII text is a blank.
void check_files(const json *checks, const std::string &spool) {
    if (!checks) return;
    if (checks->kind != JSON_ARRAY) differ("files: expected a list of checks");
    std::string text;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(spool.empty() ? row_folder : spool)) {
        std::ifstream file(entry.path(), std::ios::binary);
        if (entry.is_regular_file()) text.append(std::istreambuf_iterator<char>(file), {});
    }
    std::replace_if(text.begin(), text.end(), [](char byte) { return byte < 32 || byte == 127; }, ' ');
    if (text.empty()) differ("there is no file that could be checked");
    for (size_t i = 0; i < checks->count; i++) check(checks->items[i], json_text(text), nullptr, "files");
}

// ---- Rows ----

struct Folder {
    Folder() {
        row_folder = (std::filesystem::temp_directory_path() / "axonpush-row-XXXXXX").string();
        if (!mkdtemp(row_folder.data())) throw std::logic_error("no folder can be made");
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    ~Folder() { std::filesystem::remove_all(row_folder); }
};

// Whoever comes after the client of the row, with the same options, once the service is well.
void run_next(const json *next, const Options &options) {
    if (!next) return;
    only(next, {"stats"}, "next");
    dev("DELETE", "/_dev/faults");
    Result<Client> made = Client::try_new(options);
    if (!made) differ("the next client cannot be made: ", made.error().what());
    const auto flushed = made->try_flush(std::chrono::seconds(20));
    if (!flushed) differ("the next client: ", flushed.error().what());
    check_stats(required(next, "stats"), made->stats());
}

// The server is as new, but for the row's faults. Gives whether the row wants a dead one.
bool set_server_up(const json *server) {
    dev("POST", "/_dev/reset");
    if (!server) return false;
    if (server->kind == JSON_ARRAY) {
        dev("POST", "/_dev/faults", std::string(server->raw, server->raw_length));
        return false;
    }
    if (text_of(server, "server") != "dead") differ("server: expected a list of faults or \"dead\"");
    return true;
}

void run_row(const json *row) {
    const json *call = required(row, "call"), *expect = required(row, "expect"), *seen = required(row, "seen");
    required(row, "why");
    only(row, {"name", "why", "options", "server", "call", "expect", "next", "seen", "skip_in"}, "the row");
    only(expect,
         {"outcome", "outcomes", "response", "error", "flush", "stats", "closed", "files", "at_least_ms", "at_most_ms"},
         "expect");
    const json *times_member = json_member(call, "times");
    const int times = times_member ? static_cast<int>(number_in(times_member, 1, 1000, "times")) : 1;

    const Folder folder;
    Options options;
    options.api_key = "ak_conformance";
    options.base_url = set_server_up(json_member(row, "server")) ? "http://127.0.0.1:1" : server_url;
    options.proxy = "";
    fill(options, options_setters, json_member(row, "options"), "options");
    Outcomes outcomes(expect);
    Result<Client> made = alternate([&] { return Client::try_new(options); }, [&] { return Client(options); });
    if (made) {
        const auto start = std::chrono::steady_clock::now();
        run_call(*made, call, times, expect, outcomes);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        const Stats stats = made->stats();
        const json *closed = json_member(expect, "closed");
        std::optional<Stats> last;
        if (closed) {
            // That events are left is in the counters.
            (void)made->try_shutdown(std::chrono::milliseconds(options.shutdown_timeout_ms ? options.shutdown_timeout_ms : 2000));
            last = made->stats();
        }
        // After this no completion runs, and what they found is ours alone.
        made->close();
        const json *least = json_member(expect, "at_least_ms"), *most = json_member(expect, "at_most_ms");
        if (least && took.count() < least->number) differ("it took ", took.count(), " ms, expected at least ", json_show(least));
        if (most && took.count() > most->number) differ("it took ", took.count(), " ms, expected at most ", json_show(most));
        check_stats(json_member(expect, "stats"), stats);
        if (last) check_stats(closed, *last);
        check_files(json_member(expect, "files"), options.spool_dir);
        run_next(json_member(row, "next"), options);
    } else {
        outcomes.error(made.error());
    }
    outcomes.check_all(times);
    check_seen(seen);
}

struct Tally {
    int passed = 0, failed = 0;
    std::set<std::string> names;
};

void report_row(Tally &tally, const json *row, const Words &chosen) {
    std::string name = "a row without a name";
    try {
        name = text_of(required(row, "name"), "name");
        if (!tally.names.insert(name).second) differ("another row has this name");
        if (!chosen.empty() && !chosen.count(name)) return;
        if (const json *skip = json_member(row, "skip_in")) {
            only(skip, {"c", "cpp", "go", "node", "python"}, "skip_in");
            if (const json *reason = json_member(skip, "cpp")) {
                std::cout << "skip - " << name << ": " << text_of(reason, "skip_in") << std::endl;
                return;
            }
        }
        alarm(row_limit_s);
        run_row(row);
        alarm(0);
        tally.passed++;
        std::cout << "ok - " << name << std::endl;
    } catch (const Difference &difference) {
        alarm(0);
        tally.failed++;
        std::cout << "not ok - " << name << ": " << difference.what() << std::endl;
    }
}

void run_file(Tally &tally, const char *path, const Words &chosen) {
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    try {
        const json *rows = parsed(text);
        if (rows->kind != JSON_ARRAY) differ("no list of rows");
        for (size_t i = 0; i < rows->count; i++) report_row(tally, rows->items[i], chosen);
    } catch (const Difference &difference) {
        tally.failed++;
        std::cout << "not ok - " << path << ": " << difference.what() << std::endl;
    }
    arena_free();
}

} // namespace

int main(int argc, char **argv) try {
    if (argc < 3) throw std::logic_error("usage: conformance DIRECTORY SERVER-URL [NAME...]");
    server_url = argv[2];
    const Words chosen(argv + 3, argv + argc);
    Tally tally;
    glob_t files{};
    // In the order of names.
    if (glob((std::string(argv[1]) + "/*.json").c_str(), 0, nullptr, &files) != 0) throw std::logic_error("there are no rows");
    for (size_t i = 0; i < files.gl_pathc; i++) run_file(tally, files.gl_pathv[i], chosen);
    globfree(&files);
    std::cout << tally.passed << " passed, " << tally.failed << " failed" << std::endl;
    return tally.failed || !tally.passed;
} catch (const std::logic_error &error) {
    std::cout << "cannot go on: " << error.what() << std::endl;
    return 3;
}
