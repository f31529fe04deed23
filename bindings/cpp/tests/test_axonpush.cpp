// What axonpush.hpp promises, against a development server: AXONPUSH_BASE_URL says where it is.
#include <axonpush.hpp>

#include "check.hpp"
#include "other_unit.hpp"

#include <array>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <poll.h>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using axonpush::Client;
using axonpush::Error;
using axonpush::Event;
using axonpush::EventQuery;
using axonpush::Json;
using axonpush::LogLevel;
using axonpush::Options;
using axonpush::Outcome;
using axonpush::Receipt;
using axonpush::Response;
using axonpush::ResponseView;
using axonpush::Stats;
using axonpush::Status;
using axonpush::View;

namespace axonpush {
std::ostream &operator<<(std::ostream &out, Status status) { return out << status_name(status); }
} // namespace axonpush

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

std::string server_url, dead_url;

Options strict() {
    Options options;
    options.api_key = "ak_test";
    options.base_url = server_url;
    options.fail_open = false;
    options.max_retries = 0;
    return options;
}

Options dead(bool fail_open) {
    Options options = strict();
    options.base_url = dead_url;
    options.fail_open = fail_open;
    return options;
}

Event event_of(std::string_view identifier, std::string_view payload = R"({"n":1})") {
    Event event;
    event.identifier = identifier;
    event.payload = payload;
    event.channel_id = "tests";
    return event;
}

// The server's control endpoints.
Response dev(const char *method, const char *path, std::string_view body = {}) {
    return std::move(*Client(strict()).request(method, path, {}, body));
}
void fault(std::string_view json) { dev("POST", "/_dev/faults", json); }
std::int64_t stored() { return dev("GET", "/_dev/stats").get_int("/storedEvents").value_or(-1); }

void as_new() {
    dev("POST", "/_dev/reset");
    axonpush::log_set(LogLevel::off);
}

// Waits for things that other threads do.
class Latch {
public:
    explicit Latch(int count) : left_(count) {}
    void count_down() {
        const std::lock_guard<std::mutex> lock(mutex_);
        left_--;
        changed_.notify_all();
    }
    bool wait(std::chrono::milliseconds limit = 20s) {
        std::unique_lock<std::mutex> lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return left_ <= 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int left_;
};

long number_in_status(const char *name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(name, 0) == 0) return std::stol(line.substr(std::string(name).size() + 1));
    }
    return -1;
}
long threads() { return number_in_status("Threads"); }
long resident_kib() { return number_in_status("VmRSS"); }

// What a part of the program writes to stderr.
template <typename Part> std::string stderr_of(Part &&part) {
    std::FILE *file = std::tmpfile();
    std::fflush(stderr);
    const int kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    part();
    std::fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    std::string text(1 << 16, '\0');
    std::rewind(file);
    text.resize(std::fread(&text[0], 1, text.size(), file));
    std::fclose(file);
    return text;
}
bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// ---- Calls that wait ----

void publishes_and_reads_back() {
    Client client(strict());
    Json payload;
    payload.add("greeting", "hello").add("answer", 42).add("ratio", 0.5).add("yes", true).add("none", nullptr);
    payload.begin_array("list").add(1).add("two").begin_object().add("three", 3).end().end();
    Event event = event_of("step", payload.text());
    event.event_type = "app.log";
    event.agent_id = "agent-7";
    event.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    event.span_id = "00f067aa0ba902b7";
    event.parent_span_id = "00f067aa0ba902b8";
    event.dedup_key = "once";
    event.occurred_at = "2026-01-02T03:04:05Z";
    event.metadata = R"({"m":1})";
    const std::optional<Response> published = client.publish(event);
    CHECK(published.has_value());
    CHECK(published->get_string("/eventId").has_value());
    CHECK(published->http_status() == 200 || published->http_status() == 201);
    CHECK(published->request_id().has_value());

    EventQuery query;
    query.limit = 5;
    query.event_type = "app.log";
    const Response listed = client.list("tests", query);
    CHECK_EQ(listed.events().size(), 1u);
    const View got = listed.events()[0];
    CHECK_EQ(got.get_string("/eventId").value(), published->get_string("/eventId").value());
    CHECK_EQ(got.get_string("/agentId").value(), "agent-7");
    CHECK_EQ(got.get_string("/traceId").value(), event.trace_id);
    CHECK_EQ(got.get_string("/parentSpanId").value(), event.parent_span_id);
    CHECK_EQ(got.get_string("/payload/greeting").value(), "hello");
    CHECK_EQ(got.get_int("/payload/answer").value(), 42);
    CHECK_EQ(got.get_raw("/payload/answer").value(), "42");
    CHECK_EQ(got.get_raw("/payload/greeting").value(), "\"hello\"");
    CHECK_EQ(got.get_raw("/payload/none").value(), "null");
    CHECK(!got.get_raw("/payload/nothing") && !got.get_raw("payload"));
    CHECK(has(got.get_raw("/payload").value(), "\"ratio\""));
    CHECK_EQ(got.get_double("/payload/ratio").value(), 0.5);
    CHECK_EQ(got.get_bool("/payload/yes").value(), true);
    CHECK_EQ(got.at("/payload").at("/list").count(), 3u);
    CHECK_EQ(got.items("/payload/list")[2].get_int("/three").value(), 3);
    CHECK_EQ(got.items("/payload/list")[1].get_string().value(), "two");
    CHECK_EQ(got.at("/metadata").get_int("/m").value(), 1);
    CHECK(has(listed.json(), "\"greeting\":\"hello\""));

    query = {};
    query.agent_id = "agent-7";
    CHECK_EQ(client.search(query).count("/events"), 1u);
    query.agent_id = "nobody";
    CHECK_EQ(client.search(query).count("/events"), 0u);
}

void views_stay_in_their_place() {
    Client client(strict());
    for (int i = 0; i < 12; i++) client.publish(event_of("e" + std::to_string(i)));
    const Response listed = client.list("tests");
    int expected = 11;
    std::set<std::string_view> ids;
    for (const View event : listed.events()) {
        CHECK_EQ(event.get_string("/identifier").value_or(event.get_string("/operationName").value_or("?")),
                 "e" + std::to_string(expected--));
        ids.insert(event.get_string("/eventId").value());
    }
    CHECK_EQ(ids.size(), 12u);
    // "/events/1" followed by "0" is not event 10.
    CHECK_EQ(listed.events()[1].count("0"), 0u);
    CHECK_EQ(listed.events()[1].at("0").pointer(), "");
    CHECK(!listed.events()[1].at("0").get_string("/eventId"));
    CHECK_EQ(listed.events()[1].at("/payload").pointer(), "/events/1/payload");
    // What is not there, or of another type.
    CHECK_EQ(listed.events()[12].count(), 0u);
    CHECK(!listed.get_string("/events"));
    CHECK(!listed.get_int("/events/0/eventId"));
    CHECK(!listed.get_string(std::string_view("/events\0", 8)));
    CHECK(!listed.get_string("/" + std::string(500, 'x')));
    CHECK(!View().get_string("/x"));
    CHECK_EQ(View().items().size(), 0u);
    CHECK(!Response().get_bool("/x"));
    const Response none;
    CHECK(none.events().empty());
    CHECK_EQ(none.json(), "");
    CHECK_EQ(std::distance(listed.events().begin(), listed.events().end()), 12);
}

void request_reaches_any_endpoint() {
    Client client(strict());
    const std::optional<Response> made = client.request("POST", "/apps", {}, R"({"name":"mine"})");
    CHECK(made.has_value());
    CHECK_EQ(made->http_status(), 201);
    CHECK(client.request("GET", "/apps", "limit=5")->count("/apps") >= 1);
    CHECK_EQ(CHECK_THROWS(client.request("GET", "/apps/nobody")).status(), Status::not_found);
}

void call_reaches_the_functions_of_c() {
    Client client(strict());
    const Response app = std::move(*client.call(axonpush_apps_create, "mine"));
    CHECK_EQ(app.http_status(), 201);
    const Response apps = std::move(*client.call(axonpush_apps_list));
    const std::size_t count = apps.count("/apps");
    CHECK(count >= 1);
    const std::string id(app.get_string("/appId").value_or(app.get_string("/id").value_or("?")));
    CHECK_EQ(client.call(axonpush_apps_get, id)->get_string("/name").value(), "mine");
    CHECK_EQ(CHECK_THROWS(client.call(axonpush_apps_get, "nobody")).status(), Status::not_found);
    CHECK_EQ(client.try_call(axonpush_channels_get, id, "nobody").error().status(), Status::not_found);
}

// The last request that the server had: method, target and body.
std::string last_request() {
    const Response had = dev("GET", "/_dev/requests");
    std::string last; // The one that asks is not among them.
    for (const View request : had.items("/requests")) {
        last.assign(request.get_string("/method").value()).append(" ").append(request.get_string("/target").value());
        last.append(" ").append(request.get_string("/body").value_or(""));
    }
    return last;
}

void every_operation_has_a_function() {
    Options fast = strict();
    Client client(fast);
    const char *const a = "../x", *const b = "a/b?c#d%2e";
    const std::string A = "..%2Fx", B = "a%2Fb%3Fc%23d%252e";
    axonpush::Environment environment;
    environment.name = "Staging";
    environment.slug = "staging";
    environment.color = "#00ff00";
    environment.is_default = true;
    environment.is_production = false;
    axonpush::Environment changes;
    changes.is_production = true;
    axonpush::Webhook webhook;
    webhook.channel_id = b;
    webhook.url = "http://127.0.0.1:9/hook";
    webhook.event_types = "agent.start,app.log";
    webhook.description = "d";
    axonpush::TraceQuery query;
    query.events.agent_id = "agent";
    query.events.limit = 7;
    query.service = "s", query.operation = "o", query.model = "m", query.provider = "p", query.agent = "a";
    query.tool = "t", query.release = "r", query.session = "e", query.user = "u", query.sort = "recent";
    query.min_duration_ms = 5, query.offset = 2, query.errors_only = true;

    const auto sent = [&](auto &&call, const std::string &expected) {
        dev("DELETE", "/_dev/requests");
        static_cast<void>(call()); // Whether there is such a thing is the server's business.
        CHECK_EQ(last_request(), expected);
    };
#define SENT(call, expected) sent([&] { return client.call; }, expected)
    SENT(apps().try_list(), "GET /apps ");
    SENT(apps().try_create("n"), R"(POST /apps {"name":"n"})");
    SENT(apps().try_get(a), "GET /apps/" + A + " ");
    SENT(apps().try_update(a, "n"), "PATCH /apps/" + A + R"( {"name":"n"})");
    SENT(apps().try_remove(a), "DELETE /apps/" + A + " ");
    SENT(channels().try_list(a), "GET /apps/" + A + "/channels ");
    SENT(channels().try_create(a, "n"), "POST /apps/" + A + R"(/channels {"name":"n"})");
    SENT(channels().try_get(a, b), "GET /apps/" + A + "/channels/" + B + " ");
    SENT(channels().try_update(a, b, "n"), "PUT /apps/" + A + "/channels/" + B + R"( {"name":"n"})");
    SENT(channels().try_remove(a, b), "DELETE /apps/" + A + "/channels/" + B + " ");
    SENT(environments().try_list(), "GET /environments ");
    SENT(environments().try_create(environment),
         R"(POST /environments {"name":"Staging","slug":"staging","color":"#00ff00","isDefault":true,"isProduction":false})");
    SENT(environments().try_update(a, changes), "PATCH /environments/" + A + R"( {"isProduction":true})");
    SENT(environments().try_remove(a), "DELETE /environments/" + A + " ");
    SENT(environments().try_promote(a), "POST /environments/" + A + "/promote ");
    SENT(webhooks().try_create(webhook),
         R"(POST /webhooks/endpoints {"channelId":"a/b?c#d%2e","url":"http://127.0.0.1:9/hook",)"
         R"("eventTypes":["agent.start","app.log"],"description":"d"})");
    SENT(webhooks().try_list(b), "GET /webhooks/endpoints/channel/" + B + " ");
    SENT(webhooks().try_remove(b), "DELETE /webhooks/endpoints/" + B + " ");
    SENT(webhooks().try_deliveries(b), "GET /webhooks/deliveries/" + B + " ");
    SENT(traces().try_list(), "GET /traces ");
    SENT(traces().try_get(b), "GET /traces/" + B + " ");
    SENT(organizations().try_list(), "GET /users/me/organizations ");
    SENT(organizations().try_get(), "GET /organization ");
    SENT(organizations().try_update(std::string_view(R"({"name":"N"} and more)", 12)), R"(PATCH /organization {"name":"N"})");
    SENT(organizations().try_remove(a), "DELETE /organizations/" + A + " ");
    SENT(organizations().try_invite(a, "ann@example.com", "admin"),
         "POST /organizations/" + A + R"(/invitations {"invitedEmail":"ann@example.com","role":"admin"})");
    SENT(organizations().try_cancel_invitation(a, b), "DELETE /organizations/" + A + "/invitations/" + B + " ");
    SENT(organizations().try_remove_member(a, b), "DELETE /organizations/" + A + "/members/" + B + " ");
    SENT(organizations().try_transfer_ownership(a, b),
         "POST /organizations/" + A + R"(/transfer-ownership {"userId":"a/b?c#d%2e"})");
    SENT(organizations().try_leave(a), "POST /organizations/" + A + "/leave ");
    SENT(try_capabilities(), "GET /capabilities ");
    SENT(try_health(), "GET /healthz ");
    SENT(try_otlp_traces(R"({"resourceSpans":[]})", "ch"), R"(POST /v1/traces {"resourceSpans":[]})");
    SENT(try_otlp_logs(R"({"resourceLogs":[]})", "ch"), R"(POST /v1/logs {"resourceLogs":[]})");
#undef SENT
    dev("DELETE", "/_dev/requests");
    static_cast<void>(client.traces().try_list(query));
    for (const char *part : {"agentId=agent", "limit=7", "service=s", "operation=o", "model=m", "provider=p", "agent=a",
                             "tool=t", "release=r", "session=e", "user=u", "sort=recent", "=5", "offset=2", "=true"}) {
        if (!has(last_request(), part)) CHECK_EQ(last_request(), part);
    }
}

void resources_are_read_and_fail_as_other_calls_do() {
    Client client(strict());
    const std::optional<Response> app = client.apps().create("mine");
    const std::string_view id = app->get_string("/appId").value_or(app->get_string("/id").value_or("?"));
    CHECK_EQ(std::string(client.apps().get(id)->get_string("/name").value()), "mine");
    const Response apps = client.apps().list();
    CHECK(!apps.items("/apps").empty());
    CHECK(client.health().has_value() && client.capabilities().has_value());
    CHECK_EQ(CHECK_THROWS(client.apps().get("nobody")).status(), Status::not_found);
    CHECK_EQ(CHECK_THROWS(client.apps().get("")).status(), Status::invalid_argument);
    axonpush::Environment environment;
    environment.name = "Staging";
    CHECK_EQ(client.environments().create(environment)->http_status(), 201);

    const std::string_view with_nul("a\0b", 3);
    environment.slug = with_nul;
    axonpush::Webhook webhook;
    webhook.url = with_nul;
    axonpush::TraceQuery query;
    query.user = with_nul;
    axonpush::TraceQuery inner;
    inner.events.q = with_nul;
    const Error errors[] = {client.apps().try_create(with_nul).error(), client.channels().try_get("a", with_nul).error(),
                            client.environments().try_create(environment).error(),
                            client.webhooks().try_create(webhook).error(), client.traces().try_list(query).error(),
                            client.traces().try_list(inner).error(), client.try_otlp_logs("{}", with_nul).error()};
    for (const Error &error : errors) CHECK(has(error.message(), "NUL"));

    fault(R"({"status":401})");
    CHECK_EQ(CHECK_THROWS(client.apps().list()).status(), Status::authentication);
    fault(R"({"status":500})");
    CHECK_EQ(client.environments().try_list().error().status(), Status::server);
    Client strictly(dead(false)), leniently(dead(true));
    CHECK_EQ(CHECK_THROWS(strictly.apps().list()).status(), Status::connection);
    CHECK_EQ(leniently.apps().list().count("/apps"), 0u);
    CHECK(!leniently.apps().create("x") && !leniently.health());

    const axonpush::Apps kept = client.apps();
    Client moved = std::move(client);
    CHECK_EQ(kept.list().count("/apps"), apps.count("/apps"));
    moved.close();
    CHECK_EQ(kept.try_list().error().status(), Status::invalid_handle);
}

void traces_tie_events_together() {
    using axonpush::Trace;
    using axonpush::TraceScope;
    Client client(strict());
    CHECK(!Trace::current());
    const Trace trace = Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    CHECK_EQ(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK_EQ(trace.span_id(), "00f067aa0ba902b7");
    const Trace child = trace.child();
    CHECK_EQ(child.trace_id(), trace.trace_id());
    CHECK(child.span_id() != trace.span_id());
    {
        const TraceScope outer(trace);
        CHECK_EQ(Trace::current()->span_id(), trace.span_id());
        {
            const TraceScope inner(child);
            client.publish(event_of("step"));
            client.publish_async(event_of("step"));
        }
        CHECK_EQ(Trace::current()->span_id(), trace.span_id());
    }
    CHECK(!Trace::current());
    client.flush(20s);
    const Response listed = client.list("tests");
    for (const View event : listed.events()) {
        CHECK_EQ(event.get_string("/traceId").value(), trace.trace_id());
        CHECK_EQ(event.get_string("/parentSpanId").value(), child.span_id());
    }
    CHECK_EQ(listed.events().size(), 2u);
    CHECK_EQ(Trace("mine", "00f067aa0ba902b7").trace_id(), "mine");
    CHECK(Trace().traceparent() != Trace().traceparent());
    CHECK_EQ(CHECK_THROWS(Trace::parse("00-1-2")).status(), Status::invalid_argument);
    CHECK_EQ(CHECK_THROWS(Trace::parse("")).status(), Status::invalid_argument);
    Trace copy = trace, moved = std::move(copy);
    CHECK_EQ(copy.trace_id(), moved.trace_id()); // NOLINT
}

void a_range_yields_every_event_once() {
    Client client(strict());
    dev("POST", "/_dev/clock", R"({"freeze":"2026-01-01T00:00:00Z"})");
    for (int n = 0; n < 7; n++) client.publish(event_of("step", "{\"n\":" + std::to_string(n) + "}"));
    EventQuery query;
    query.limit = 3; // Events of one time, on three pages.
    query.since = "2025-12-31T00:00:00Z";
    std::vector<std::int64_t> seen;
    for (const auto &event : client.events("tests", query)) seen.push_back(event.get_int("/payload/n").value());
    dev("POST", "/_dev/clock", R"({"freeze":null})");
    CHECK((seen == std::vector<std::int64_t>{6, 5, 4, 3, 2, 1, 0}));

    // As an iterator of the standard library, moved, and of nothing.
    axonpush::Events events = client.events({}, query);
    axonpush::Events moved = std::move(events);
    CHECK_EQ(std::distance(moved.begin(), moved.end()), 7);
    CHECK(!moved.next());
    CHECK(!events.try_next().has_value() || !*events.try_next()); // NOLINT
    axonpush::Events none = client.events("nothing here");
    CHECK(none.begin() == none.end());
    axonpush::Events stepped = client.events("tests", query);
    auto at = stepped.begin();
    CHECK(!at->get_string("/eventId").value().empty());
    CHECK(has((*at).json(), "eventId"));
    at++;
    CHECK_EQ(at->get_int("/payload/n").value(), 5);
#if __cplusplus >= 202002L
    static_assert(std::input_iterator<axonpush::Events::Iterator> && std::ranges::input_range<axonpush::Events>);
#endif
}

void a_range_fails_as_other_calls_do() {
    Client client(strict());
    for (int n = 0; n < 4; n++) client.publish(event_of("step"));
    EventQuery query;
    query.limit = 2;
    axonpush::Events events = client.events("tests", query);
    CHECK(events.next().has_value());
    CHECK(events.try_next()->has_value());
    fault(R"({"status":500,"times":1})");
    CHECK_EQ(events.try_next().error().status(), Status::server);
    int more = 0;
    for (auto event = events.try_next(); event && *event; event = events.try_next()) more++;
    CHECK_EQ(more, 2); // It missed nothing.

    fault(R"({"status":401,"times":1})");
    CHECK_EQ(CHECK_THROWS(client.events("tests").begin()).status(), Status::authentication);
    const std::string_view with_nul("a\0b", 3);
    CHECK_EQ(CHECK_THROWS(client.events(with_nul)).status(), Status::invalid_argument);
    query.source = with_nul;
    CHECK_EQ(client.try_events("tests", query).error().status(), Status::invalid_argument);
    Client strictly(dead(false)), leniently(dead(true));
    CHECK_EQ(CHECK_THROWS(strictly.events("tests").next()).status(), Status::connection);
    for (const auto &event : leniently.events("tests")) CHECK(event.json().empty()); // It is the end.

    axonpush::Events longer = client.events("tests");
    client.close();
    CHECK(!longer.try_next());
    CHECK(!client.try_events("tests").has_value() || !client.events("tests").try_next());
}

void webhook_signatures() {
    using axonpush::webhook_sign;
    using axonpush::webhook_verify;
    // RFC 4231, case 2.
    const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const std::string_view body = std::string_view("what do ya want for nothing? And more").substr(0, 28);
    CHECK_EQ(webhook_sign("Jefe", body).value(), expected);
    CHECK(webhook_verify("Jefe", body, expected));
    CHECK(webhook_verify(std::string_view("Jefes", 4), body, std::string_view(expected)));
    CHECK(!webhook_verify("Jefes", body, expected));
    CHECK(!webhook_verify("Jefe", body.substr(1), expected));
    CHECK(!webhook_verify("Jefe", body, expected.substr(1)));
    CHECK(!webhook_verify("Jefe", body, expected + '\0'));
    CHECK(!webhook_verify("Jefe", body, {}));
    CHECK(!webhook_verify({}, body, expected));
    CHECK(!webhook_sign({}, body) && !webhook_sign(std::string_view("a\0b", 3), body));
    // No body, and one with a NUL character inside.
    for (const std::string_view odd : {std::string_view(), std::string_view("a\0b", 3), std::string_view("a\0c", 3)}) {
        CHECK(webhook_verify("secret", odd, webhook_sign("secret", odd).value()));
    }
    CHECK(webhook_sign("secret", std::string_view("a\0b", 3)) != webhook_sign("secret", "a"));
    CHECK(webhook_verify(std::string(5000, 'k'), "b", webhook_sign(std::string(5000, 'k'), "b").value()));
}

void event_types_are_constants() {
    static_assert(axonpush::event_type::agent_tool_call_start == "agent.tool_call.start");
    Client client(strict());
    Event event = event_of("step");
    event.event_type = axonpush::event_type::agent_llm_token;
    client.publish(event);
    const Response listed = client.list("tests");
    CHECK_EQ(listed.get_string("/events/0/eventType").value_or("?"), "agent.llm.token");
}

// A run with a planted word in each place that holds content.
constexpr std::string_view planted = "Quittenmus";
void publish_run(Client &client) {
    const std::string message = R"([{"role":"user","content":")" + std::string(planted) + "\"}]";
    const auto publish = [&](std::string_view type, Json &payload) {
        Event event = event_of("step", payload.text());
        event.event_type = type;
        client.publish(event);
    };
    axonpush::AgentRun run;
    run.agent_name = "planner";
    run.system_instructions = run.output_messages = planted;
    run.input_messages = message;
    Json end, span, tool;
    publish(axonpush::event_type::agent_end, end.agent_run(run));
    axonpush::ModelCall call;
    call.request_model = "gpt-5";
    call.input_tokens = 120;
    call.output_tokens = 45;
    call.cost_usd = 0.0021;
    call.duration_ms = 812.5;
    call.system_instructions = call.output_messages = planted;
    call.input_messages = message;
    publish(axonpush::event_type::app_span, span.add(axonpush::attribute::user_id, "u-17").model_call(call));
    axonpush::ToolCall used;
    used.name = "weather";
    used.error_type = "timeout";
    used.arguments = message;
    used.result = planted;
    publish(axonpush::event_type::agent_tool_call_end, tool.tool_call(used));
}

void no_content_of_a_run_leaves_by_default_and_the_service_reads_the_rest() {
    static_assert(axonpush::attribute::gen_ai_request_model == "gen_ai.request.model");
    Client client(strict());
    publish_run(client);
    const Response found = client.list("tests");
    CHECK_EQ(found.count("/events"), 3u);
    CHECK(!has(found.json(), planted));
    CHECK_EQ(found.get_string("/events/0/toolName").value_or("?"), "weather");
    CHECK_EQ(found.get_string("/events/0/status").value_or("?"), "error");
    CHECK_EQ(found.get_string("/events/1/semanticKind").value_or("?"), "llm");
    CHECK_EQ(found.get_string("/events/1/requestModel").value_or("?"), "gpt-5");
    CHECK_EQ(found.get_string("/events/1/userId").value_or("?"), "u-17");
    CHECK_EQ(found.get_int("/events/1/totalTokens").value_or(0), 165);
    CHECK_EQ(found.get_double("/events/1/costUsd").value_or(0), 0.0021);
    CHECK_EQ(found.get_double("/events/1/durationMs").value_or(0), 812.5);
    CHECK_EQ(found.get_string("/events/2/agentName").value_or("?"), "planner");
    Options options = strict();
    options.content_capture = axonpush::ContentCapture::full;
    Client open(options);
    publish_run(open);
    const Response all = open.list("tests");
    for (int i = 0; i < 3; i++) CHECK(has(all.get_raw("/events/" + std::to_string(i)).value_or(""), planted));
}

void payloads_of_a_run_name_their_mistakes() {
    axonpush::ToolCall call;
    CHECK_EQ(Json().tool_call(call).text(), R"({"gen_ai.operation.name":"execute_tool"})");
    call.result = std::string_view("no JSON at all").substr(0, 7);
    CHECK(has(Json().tool_call(call).text(), R"("gen_ai.tool.call.result":"no JSON")"));
    call.name = std::string_view("a\0b", 3);
    CHECK(has(CHECK_THROWS(Json().tool_call(call).text()).what(), "name: it contains a NUL character"));
    call.name = "\xff";
    CHECK(has(CHECK_THROWS(Json().tool_call(call).text()).what(), "call.name: not valid UTF-8"));
    axonpush::ModelCall model;
    CHECK(!Json().begin_array("list").model_call(model).end().try_text());
}

void log_events_say_all_that_is_known() {
    Client client(strict());
    axonpush::LogRecord record;
    record.body = "order placed";
    record.severity = axonpush::Severity::warn;
    record.logger = "shop";
    record.file = "shop.cpp", record.line = 42, record.function = "place";
    record.service_name = "checkout";
    record.attributes = R"({"order":4711} and more)";
    record.attributes = record.attributes.substr(0, 14);
    record.time_unix_nano = 1767323045123456789;
    record.event_type = axonpush::event_type::agent_log;
    record.channel_id = "tests";
    record.agent_id = "agent-7";
    const axonpush::Trace trace;
    {
        const axonpush::TraceScope scope(trace);
        CHECK(client.log_event(record));
    }
    client.flush(20s);
    const Response listed = client.list("tests");
    const View event = listed.events()[0];
    CHECK_EQ(event.get_string("/identifier").value(), "shop");
    CHECK_EQ(event.get_string("/eventType").value(), "agent.log");
    CHECK_EQ(event.get_string("/agentId").value(), "agent-7");
    CHECK_EQ(event.get_string("/traceId").value(), trace.trace_id());
    CHECK_EQ(event.get_string("/payload/body").value(), "order placed");
    CHECK_EQ(event.get_int("/payload/severityNumber").value(), 13);
    CHECK_EQ(event.get_string("/payload/severityText").value(), "WARN");
    CHECK_EQ(event.get_string("/payload/timeUnixNano").value(), "1767323045123456789");
    CHECK_EQ(event.get_int("/payload/attributes/order").value(), 4711);
    CHECK_EQ(event.get_string("/payload/attributes/code.file.path").value(), "shop.cpp");
    CHECK_EQ(event.get_int("/payload/attributes/code.line.number").value(), 42);
    CHECK_EQ(event.get_string("/payload/attributes/code.function.name").value(), "place");
    CHECK_EQ(event.get_string("/payload/resource/service.name").value(), "checkout");
}

void any_bytes_may_be_logged() {
    Client client(strict());
    const std::string r = "\xEF\xBF\xBD", ok = "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xEF\xBF\xBF";
    const std::pair<std::string, std::string> bodies[] = {
        {std::string("a\0b", 3), "a" + r + "b"}, {ok, ok}, {ok + "\xE9", ok + r}, {"\xFF", r},
        {"\xC3" + ok, r + ok}, {"\xED\xA0\x80", r + r + r}, {"\xC0\x80", r + r}, {"\xF4\x90\x80\x80 ", r + r + r + r + " "},
        {"x\xE2\x82", "x" + r + r}, {"\xF0\x9F\x98", r + r + r}, {"\xE0\x80\x80", r + r + r}, {"", ""},
    };
    for (const auto &body : bodies) {
        axonpush::LogRecord record;
        record.body = body.first;
        record.channel_id = "tests";
        CHECK(client.log_event(record));
        client.flush(20s);
        const Response listed = client.list("tests");
        CHECK_EQ(listed.get_string("/events/0/payload/body").value(), body.second);
    }
}

void log_events_break_nothing() {
    const auto log = [](Client &client, std::string_view logger = {}) noexcept {
        axonpush::LogRecord record;
        record.body = "line";
        record.logger = logger;
        return client.log_event(record);
    };
    Client client(strict());
    // What cannot be taken is counted.
    CHECK(!log(client, std::string_view("a\0b", 3)));
    axonpush::LogRecord record;
    record.attributes = "[]";
    CHECK(!client.log_event(record));
    record = {};
    record.severity = static_cast<axonpush::Severity>(25);
    CHECK(!client.log_event(record));
    CHECK_EQ(client.stats().log_events_lost, 3u);
    for (const char *refusal : {R"([{"path":"/event","status":401}])", R"([{"path":"/event","status":500}])"}) {
        fault(refusal);
        CHECK(log(client));
        client.flush(20s);
    }
    CHECK_EQ(client.stats().accepted, 2u);
    for (const bool fail_open : {false, true}) {
        Options options = dead(fail_open);
        options.shutdown_timeout_ms = 50;
        Client gone(options);
        CHECK(log(gone));
        gone.close();
        CHECK(!log(gone));
    }
    // From the library's own log it is refused.
    std::atomic<int> lines{0}, taken{0};
    Client unheard(dead(true));
    axonpush::log_set(LogLevel::debug, [&](LogLevel, std::string_view) {
        lines++;
        if (log(unheard)) taken++;
    });
    log(unheard);
    CHECK(!unheard.publish(event_of("lost")));
    static_cast<void>(unheard.try_flush(20s));
    axonpush::log_set(LogLevel::off);
    CHECK_EQ(unheard.stats().accepted, 1u);
    CHECK(lines > 0);
    CHECK_EQ(taken.load(), 0);
}

void options_reach_the_library() {
    Options options = strict();
    options.user_agent = "tests/1.0";
    options.channel_id = "from-options";
    options.tenant_id = "org_7";
    options.environment = "staging";
    options.max_retries = 2;
    options.content_capture = axonpush::ContentCapture::redacted;
    options.redact_keys = "card";
    options.max_content_length = 20;
    options.proxy = "";
    Client client(options);
    fault(R"([{"path":"/event","status":503,"headers":{"Retry-After":"0"},"times":2}])");
    Event event = event_of("step", R"({"card":"1","message":"0123456789012345678901234567890"})");
    event.channel_id = {};
    CHECK(client.publish(event).has_value());
    const Response requests = dev("GET", "/_dev/requests");
    const auto seen = requests.items("/requests");
    CHECK_EQ(seen.size(), 3u);
    std::map<std::string_view, std::string_view> headers;
    for (const View header : seen[0].items("/headers")) {
        headers[header.get_string("/0").value()] = header.get_string("/1").value();
    }
    CHECK(has(headers["user-agent"], "axonpush-cpp/" AXONPUSH_VERSION " tests/1.0"));
    CHECK_EQ(headers["x-tenant-id"], "org_7");
    CHECK_EQ(headers["x-axonpush-environment"], "staging");
    const std::string_view body = seen[0].get_string("/body").value();
    CHECK(has(body, "\"channel_id\":\"from-options\""));
    CHECK(has(body, "\"card\":\"[REDACTED]\""));
    CHECK(has(body, "[TRUNCATED]") || has(body, "[REDACTED_PREVIEW]"));
    CHECK_EQ(client.stats().retried, 2u);
}

void the_environment_is_enough() {
    setenv("AXONPUSH_API_KEY", "ak_env", 1);
    setenv("AXONPUSH_BASE_URL", server_url.c_str(), 1);
    CHECK(Client().publish(event_of("step")).has_value());
    unsetenv("AXONPUSH_API_KEY");
    unsetenv("AXONPUSH_BASE_URL");
    const Error error = CHECK_THROWS(Client());
    CHECK_EQ(error.status(), Status::config);
    CHECK(has(error.what(), "AXONPUSH_API_KEY"));
    CHECK(!Client::try_new().has_value());
    CHECK_EQ(Client::try_new().error().status(), Status::config);
}

void long_texts_are_passed_whole() {
    Client client(strict());
    const std::string name(4000, 'n');
    Event event = event_of(name, "{}");
    event.agent_id = std::string_view("agent-and-more").substr(0, 5); // No NUL behind it.
    client.publish(event);
    const Response listed = client.list(std::string_view("tests-and-more").substr(0, 5));
    CHECK_EQ(listed.events()[0].get_string("/operationName").value(), name);
    CHECK_EQ(listed.events()[0].get_string("/agentId").value(), "agent");
}

void a_nul_inside_a_text_is_refused() {
    Client client(strict());
    const std::string_view bad("a\0b", 3);
    CHECK_EQ(CHECK_THROWS(client.publish(event_of(bad))).status(), Status::invalid_argument);
    CHECK(has(CHECK_THROWS(client.publish_async(event_of(bad))).what(), "identifier"));
    CHECK(has(CHECK_THROWS(client.list(bad)).what(), "channel_id"));
    EventQuery query;
    query.tool_name = bad;
    CHECK(has(CHECK_THROWS(client.search(query)).what(), "tool_name"));
    CHECK(has(CHECK_THROWS(client.request("GET", bad)).what(), "path"));
    Options options = strict();
    options.tenant_id = bad;
    CHECK(has(CHECK_THROWS(Client(options)).what(), "tenant_id"));
    CHECK_EQ(dev("GET", "/_dev/requests").count("/requests"), 0u);
}

void missing_texts_are_the_librarys_error() {
    Client client(strict());
    CHECK(has(CHECK_THROWS(client.publish(event_of(""))).what(), "identifier"));
    CHECK(has(CHECK_THROWS(client.publish(event_of("x", ""))).what(), "payload"));
    CHECK(has(CHECK_THROWS(client.publish(event_of("x", "[]"))).what(), "payload"));
    // The end of a view is its end, whatever follows it.
    CHECK(client.publish(event_of("x", std::string_view("{}garbage").substr(0, 2))).has_value());
    CHECK_EQ(CHECK_THROWS(client.list()).status(), Status::invalid_argument);
}

// ---- Errors ----

void an_error_says_all_that_is_known() {
    Client client(strict());
    fault(R"([{"path":"/event","status":429,"headers":{"Retry-After":"1.5"},
               "body":{"code":"slow_down","message":"too fast","hint":"wait","requestId":"r1"}}])");
    const Error error = CHECK_THROWS(client.publish(event_of("step")));
    CHECK_EQ(error.status(), Status::rate_limit);
    CHECK_EQ(error.http_status(), 429);
    CHECK_EQ(error.code(), "slow_down");
    CHECK_EQ(error.hint(), "wait");
    CHECK_EQ(error.request_id(), "r1");
    CHECK(has(error.message(), "too fast"));
    CHECK_EQ(error.message(), error.what());
    CHECK(error.retry_after() == 1500ms);
    CHECK(error.retryable());

    fault(R"([{"path":"/event","status":422,"body":{"message":"no"}}])");
    const auto result = client.try_publish(event_of("step"));
    CHECK(!result);
    CHECK_EQ(result.error().status(), Status::validation);
    CHECK(!result.error().retry_after());
    CHECK(!result.error().retryable());
    CHECK_EQ(CHECK_THROWS(result.value()).status(), Status::validation);
    // A standard exception, whose copies keep their strings.
    try {
        static_cast<void>(result.value());
    } catch (const std::exception &caught) {
        CHECK_EQ(std::string(caught.what()), result.error().message());
    }
    Error copy = error, other(Status::api, "mine");
    copy = other;
    CHECK_EQ(copy.message(), "mine");
    CHECK_EQ(error.code(), "slow_down");
}

void a_dead_service_is_an_error_in_strict_mode() {
    Client client(dead(false));
    const Error error = CHECK_THROWS(client.publish(event_of("lost")));
    CHECK_EQ(error.status(), Status::connection);
    CHECK_EQ(error.http_status(), 0);
    CHECK(error.retryable());
    CHECK(!error.retry_after());
    CHECK_EQ(error.code(), "");
    CHECK_EQ(CHECK_THROWS(client.list("tests")).status(), Status::connection);
    CHECK_EQ(CHECK_THROWS(client.search()).status(), Status::connection);
    CHECK_EQ(CHECK_THROWS(client.request("GET", "/apps")).status(), Status::connection);
    CHECK_EQ(client.try_list("tests").error().status(), Status::connection);
    Options options = dead(false);
    options.delivery_timeout_ms = 200;
    Client background(options);
    CHECK_EQ(CHECK_THROWS(background.publish_future(event_of("lost")).get()).retryable(), true);
}

void a_dead_service_is_nothing_in_fail_open_mode() {
    Options options = dead(true);
    options.delivery_timeout_ms = 200;
    Client client(options);
    CHECK(!client.publish(event_of("lost")).has_value());
    CHECK(client.try_publish(event_of("lost")).has_value());
    CHECK(!client.request("GET", "/apps").has_value());
    const Response listed = client.list("tests"), found = client.search();
    CHECK(listed.events().empty());
    CHECK_EQ(listed.http_status(), 0);
    CHECK(found.events().empty());
    for ([[maybe_unused]] const View event : listed.events()) CHECK(false);
    CHECK(!client.publish_future(event_of("lost")).get().has_value());
    CHECK_EQ(client.stats().suppressed, 1u);
}

// ---- Background ----

void a_thousand_background_events_have_one_result_each() {
    constexpr int count = 1000;
    Client client(strict());
    std::array<std::atomic<int>, count> results{};
    std::atomic<int> delivered{0};
    for (int i = 0; i < count; i++) {
        client.publish_async(event_of("e" + std::to_string(i)), [&results, &delivered, i](const Outcome &outcome) {
            results[static_cast<std::size_t>(i)]++;
            if (outcome && *outcome && (*outcome)->get_string("/eventId")) delivered++;
        });
    }
    client.flush(60s);
    for (const auto &result : results) CHECK_EQ(result.load(), 1);
    CHECK_EQ(delivered.load(), count);
    const Stats stats = client.stats();
    CHECK_EQ(stats.accepted, 1000u);
    CHECK_EQ(stats.delivered, 1000u);
    CHECK_EQ(stats.queued_events + stats.queued_bytes, 0u);
    client.close();
    for (const auto &result : results) CHECK_EQ(result.load(), 1);
    CHECK_EQ(stored(), count);
}

void no_completion_is_fine() {
    Client client(strict());
    client.publish_async(event_of("step"));
    CHECK(client.try_publish_async(event_of("step")).has_value());
    client.flush(20s);
    CHECK_EQ(stored(), 2);
}

void a_completion_hears_of_failures() {
    Client client(strict());
    fault(R"([{"path":"/event","status":422,"body":{"message":"no","hint":"look"}}])");
    std::optional<Error> error;
    Latch told(1);
    client.publish_async(event_of("step"), [&](const Outcome &outcome) {
        if (!outcome) error = outcome.error(); // An Error may be kept.
        told.count_down();
    });
    CHECK(told.wait());
    CHECK_EQ(error.value().status(), Status::validation);
    CHECK_EQ(error.value().hint(), "look");
}

// Counts how often it is called, and how many of it there are.
struct Counting {
    static inline std::atomic<int> alive{0}, calls{0};
    Counting() { alive++; }
    Counting(Counting &&) noexcept { alive++; }
    ~Counting() { alive--; }
    void operator()(const Outcome &) { calls++; }
};

void completions_are_owned() {
    Counting::calls = 0;
    {
        Client client(strict());
        for (int i = 0; i < 50; i++) client.publish_async(event_of("step"), Counting());
        CHECK_EQ(CHECK_THROWS(client.publish_async(event_of(""), Counting())).status(), Status::invalid_argument);
        // Move-only things may be captured.
        client.publish_async(event_of("step"), [kept = std::make_unique<Counting>()](const Outcome &o) { (*kept)(o); });
    }
    CHECK_EQ(Counting::calls.load(), 51);
    CHECK_EQ(Counting::alive.load(), 0);
    // Plain functions and generic lambdas, too.
    Client client(strict());
    client.publish_async(event_of("step"), +[](const Outcome &) { Counting::calls++; });
    client.publish_async(event_of("step"), [](auto &&) { Counting::calls++; });
    client.flush(20s);
    CHECK_EQ(Counting::calls.load(), 53);
}

void futures_have_receipts_and_errors() {
    Client client(strict());
    std::vector<std::future<std::optional<Receipt>>> futures;
    for (int i = 0; i < 100; i++) futures.push_back(client.publish_future(event_of("step")));
    std::set<std::string> ids;
    for (auto &future : futures) {
        const Receipt receipt = future.get().value();
        CHECK(has(receipt.json, receipt.event_id));
        CHECK_EQ(receipt.http_status / 100, 2);
        CHECK(!receipt.request_id.empty());
        ids.insert(receipt.event_id);
    }
    CHECK_EQ(ids.size(), 100u);
    fault(R"([{"path":"/event","status":403}])");
    CHECK_EQ(CHECK_THROWS(client.publish_future(event_of("step")).get()).status(), Status::forbidden);
    // Not accepted.
    CHECK_EQ(CHECK_THROWS(client.publish_future(event_of("")).get()).status(), Status::invalid_argument);
    // Nobody waits for it: it is delivered all the same.
    static_cast<void>(client.publish_future(event_of("step")));
    client.flush(20s);
    CHECK_EQ(stored(), 101);
    client.shutdown(1s);
    CHECK_EQ(CHECK_THROWS(client.publish_future(event_of("step")).get()).status(), Status::closed);
}

void futures_are_ready_when_the_client_is_gone() {
    fault(R"([{"path":"/event","delayMs":5000,"times":0}])");
    std::vector<std::future<std::optional<Receipt>>> futures;
    {
        Options options = strict();
        options.shutdown_timeout_ms = 100;
        Client client(options);
        for (int i = 0; i < 20; i++) futures.push_back(client.publish_future(event_of("step")));
    }
    for (auto &future : futures) {
        CHECK(future.wait_for(0s) == std::future_status::ready);
        CHECK_EQ(CHECK_THROWS(future.get()).status(), Status::closed);
    }
}

void polled_completions_run_inside_poll() {
    Options options = strict();
    options.completion_mode = axonpush::CompletionMode::polled;
    Client client(options);
    CHECK(client.completion_fd() >= 0);
    const std::thread::id here = std::this_thread::get_id();
    int told = 0;
    bool elsewhere = false;
    for (int i = 0; i < 20; i++) {
        client.publish_async(event_of("step"), [&](const Outcome &outcome) {
            told += outcome.has_value();
            elsewhere = elsewhere || std::this_thread::get_id() != here;
        });
    }
    client.flush(20s);
    CHECK_EQ(told, 0);
    pollfd readable{client.completion_fd(), POLLIN, 0};
    CHECK_EQ(::poll(&readable, 1, 10000), 1);
    std::size_t ran = 0;
    while (ran < 20) ran += client.poll(10s);
    CHECK_EQ(told, 20);
    CHECK(!elsewhere);
    CHECK_EQ(client.poll(), 0u);

    std::future<std::optional<Receipt>> future = client.publish_future(event_of("step"));
    CHECK(future.wait_for(0s) != std::future_status::ready);
    CHECK_EQ(client.poll(20s), 1u);
    CHECK(future.get().has_value());
    // What was not polled runs when the client is closed.
    client.publish_async(event_of("step"), [&](const Outcome &) { told++; });
    client.close();
    CHECK_EQ(told, 21);
    CHECK_EQ(Client(strict()).completion_fd(), -1);
    CHECK_EQ(Client(strict()).poll(), 0u);
}

void overflow_is_told() {
    fault(R"([{"path":"/event","delayMs":300,"times":0}])");
    Options options = strict();
    options.queue_max_events = 3;
    options.max_connections = 1;
    options.overflow = axonpush::Overflow::drop_newest;
    Client client(options);
    int refused = 0;
    for (int i = 0; i < 10; i++) {
        const auto accepted = client.try_publish_async(event_of("step"));
        if (!accepted) {
            CHECK_EQ(accepted.error().status(), Status::queue_full);
            refused++;
        }
    }
    CHECK(refused >= 6);
    CHECK_EQ(CHECK_THROWS(client.flush(0ms)).status(), Status::timeout);
    CHECK_EQ(CHECK_THROWS(client.flush(-5s)).status(), Status::timeout);
    client.flush(std::chrono::hours(24 * 365 * 10)); // Longer than 32 bits of milliseconds.
}

// ---- Deadlines and cancellation ----

using Clock = std::chrono::steady_clock;

// Runs what has to fail with a status, and to take no longer than this.
#define ENDS_WITH(expected, limit, call) \
    do { \
        const auto start_ = Clock::now(); \
        CHECK_EQ(axonpush::status_name(CHECK_THROWS(call).status()), axonpush::status_name(expected)); \
        CHECK(Clock::now() - start_ < (limit)); \
    } while (0)

void a_call_has_a_deadline() {
    Client client(strict());
    fault(R"([{"path":"/apps","times":0,"status":429,"headers":{"Retry-After":"20"}},{"times":0,"silent":true}])");
    axonpush::Call call(client, 100ms);
    ENDS_WITH(Status::connection, 5s, call->publish(event_of("late")));
    // It is over for good, for this Call.
    ENDS_WITH(Status::connection, 1s, call->publish(event_of("late")));
    // No wait for a retry that would come too late.
    Options patient = strict();
    patient.max_retries = 5;
    Client retries(patient);
    ENDS_WITH(Status::rate_limit, 3s, axonpush::Call(retries, 5s)->apps().list());
    // A deadline that has passed already is none the less one.
    ENDS_WITH(Status::connection, 1s, axonpush::Call(client, -5ms)->search());
    ENDS_WITH(Status::connection, 1s, axonpush::Call(client, 0ms)->capabilities());
    // Flushing and waiting for room end, too.
    Options small = strict();
    small.overflow = axonpush::Overflow::block;
    small.queue_max_events = 1;
    Client blocked(small);
    blocked.publish_async(event_of("stuck"));
    ENDS_WITH(Status::timeout, 5s, axonpush::Call(blocked, 50ms)->flush(60s));
    ENDS_WITH(Status::queue_full, 5s, axonpush::Call(blocked, 50ms)->publish_async(event_of("no room")));
    CHECK_EQ(blocked.stats().accepted, 1u);
    dev("DELETE", "/_dev/faults");
    axonpush::Call unlimited(client);
    CHECK(unlimited->publish(event_of("in time")).has_value());
    const Response listed = (*unlimited).list("tests");
    CHECK(listed.events().size() > 0);
}

void a_call_can_be_cancelled() {
    Options block = strict();
    block.overflow = axonpush::Overflow::block;
    block.queue_max_events = 1;
    Client client(strict()), blocked(block);
    fault(R"({"times":0,"silent":true})");
    blocked.publish_async(event_of("stuck"));
    std::vector<std::function<void(Client &)>> waits = {
        [](Client &c) { c.publish(event_of("step")); },
        [](Client &c) { c.search(); },
        [](Client &c) { c.traces().list(); },
        [](Client &c) { c.request("GET", "/healthz"); },
        [](Client &c) { c.events("tests").next(); },
        [](Client &c) { c.flush(60s); },
        [](Client &c) { c.publish_async(event_of("no room")); },
    };
    for (const auto &wait : waits) {
        axonpush::Call call(blocked);
        std::thread other([&] {
            std::this_thread::sleep_for(50ms);
            call.cancel();
        });
        const Error error = CHECK_THROWS(wait(*call));
        other.join();
        CHECK_EQ(axonpush::status_name(error.status()), "AXONPUSH_ERR_CANCELLED");
        CHECK(!error.retryable());
        ENDS_WITH(Status::cancelled, 1s, call->search());
    }
    // Fail-open does not suppress it, and the client is none the worse.
    Options lenient = strict();
    lenient.fail_open = true;
    Client open(lenient);
    axonpush::Call call(open);
    call.cancel();
    ENDS_WITH(Status::cancelled, 1s, call->publish(event_of("step")));
    CHECK_EQ(axonpush::Call::try_new(open).value()->try_stats().value().accepted, 0u);
    dev("DELETE", "/_dev/faults");
    CHECK(open.publish(event_of("step")).has_value());
    CHECK_EQ(blocked.stats().accepted, 1u);
}

void a_call_does_not_own_its_client() {
    Client client(strict());
    {
        axonpush::Call call(client);
        axonpush::Call moved = std::move(call);
        CHECK(moved->publish(event_of("step")).has_value());
        call.cancel(); // Of nothing.
        ENDS_WITH(Status::invalid_handle, 1s, call->search());
        call = std::move(moved);
        CHECK(call->publish(event_of("step")).has_value());
        call->close();
        ENDS_WITH(Status::invalid_handle, 1s, call->search());
    }
    CHECK(client.publish(event_of("step")).has_value());
    axonpush::Call late(client);
    axonpush::Events events = late->events("tests");
    CHECK(events.next().has_value());
    client.close();
    ENDS_WITH(Status::invalid_handle, 1s, late->search());
    ENDS_WITH(Status::invalid_handle, 1s, axonpush::Call(client));
    CHECK(axonpush::Call::try_new(client).error().status() == Status::invalid_handle);
}

void a_stop_token_cancels() {
#if __cplusplus >= 202002L
    Client client(strict());
    fault(R"({"times":0,"silent":true})");
    std::stop_source source;
    std::jthread other([&] {
        std::this_thread::sleep_for(50ms);
        source.request_stop();
    });
    ENDS_WITH(Status::cancelled, 5s, axonpush::Call(client, source.get_token())->publish(event_of("step")));
    ENDS_WITH(Status::cancelled, 1s, axonpush::Call(client, source.get_token(), 1s)->search());
    ENDS_WITH(Status::connection, 5s, axonpush::Call(client, std::stop_token(), 50ms)->search());
    // Later than the Call.
    std::stop_source late;
    { axonpush::Call call(client, late.get_token()); }
    late.request_stop();
#endif
}

void overflow_blocks_for_a_while() {
    fault(R"({"path":"/event","times":0,"silent":true})");
    Options options = strict();
    options.overflow = axonpush::Overflow::block;
    options.queue_max_events = 1;
    options.block_timeout_ms = 50;
    Client client(options);
    client.publish_async(event_of("stuck"));
    const auto start = Clock::now();
    ENDS_WITH(Status::queue_full, 5s, client.publish_async(event_of("no room")));
    CHECK(Clock::now() - start >= 50ms);
}

// ---- Exceptions in callbacks ----

void exceptions_of_completions_end_there() {
    axonpush::log_set(LogLevel::error); // To stderr.
    Client client(strict());
    Latch called(4);
    const std::string said = stderr_of([&] {
        client.publish_async(event_of("step"), [&](const Outcome &) {
            called.count_down();
            throw std::runtime_error("thrown on purpose");
        });
        client.publish_async(event_of("step"), [&](const Outcome &) {
            called.count_down();
            throw 7;
        });
        for (int i = 0; i < 2; i++) client.publish_async(event_of("step"), [&](const Outcome &) { called.count_down(); });
        CHECK(called.wait());
        client.flush(20s);
    });
    CHECK(has(said, "axonpush: error: a completion threw: thrown on purpose\n"));
    CHECK(has(said, "axonpush: error: a completion threw something that is no std::exception\n"));
    CHECK(client.publish(event_of("step")).has_value());
    CHECK_EQ(client.stats().delivered, 4u);

    Options options = strict();
    options.completion_mode = axonpush::CompletionMode::polled;
    Client polled(options);
    int told = 0;
    for (int i = 0; i < 3; i++) {
        polled.publish_async(event_of("step"), [&](const Outcome &) {
            told++;
            throw std::runtime_error("thrown in poll");
        });
    }
    const std::string also = stderr_of([&] {
        while (told < 3) polled.poll(20s);
    });
    CHECK(has(also, "thrown in poll"));

    // They go where the log goes, and only if it has that level.
    std::string line;
    axonpush::log_set(LogLevel::error, [&](LogLevel level, std::string_view message) {
        CHECK(level == LogLevel::error);
        line = message;
    });
    polled.publish_async(event_of("step"), [](const Outcome &) { throw std::runtime_error("for the log"); });
    while (polled.poll(20s) == 0) {}
    CHECK_EQ(line, "a completion threw: for the log");
    axonpush::log_set(LogLevel::off);
    polled.publish_async(event_of("step"), [](const Outcome &) { throw std::runtime_error("for nobody"); });
    CHECK_EQ(stderr_of([&] { while (polled.poll(20s) == 0) {} }), "");
}

void exceptions_of_the_log_function_end_there() {
    std::atomic<int> lines{0};
    axonpush::log_set(LogLevel::warn, [&](LogLevel, std::string_view) {
        lines++;
        throw std::runtime_error("the log is full");
    });
    const std::string said = stderr_of([] { CHECK(!Client(dead(true)).publish(event_of("lost"))); });
    CHECK(lines > 0);
    CHECK(has(said, "axonpush: error: the log function threw: the log is full\n"));
    axonpush::log_set(LogLevel::off);
}

void the_log_waits_to_be_polled() {
    axonpush::log_set_polled(LogLevel::warn, 2);
    std::vector<std::pair<LogLevel, std::string>> lines;
    const auto keep = [&](LogLevel level, std::string_view message) { lines.emplace_back(level, message); };
    CHECK_EQ(axonpush::log_poll(keep), 0u);
    Client client(dead(true));
    const std::uint64_t lost = client.stats().log_lines_lost;
    CHECK_EQ(stderr_of([&] { client.publish(event_of("lost")); }), "");
    CHECK(axonpush::log_poll(keep, 20s) >= 1);
    CHECK(lines[0].first == LogLevel::warn && has(lines[0].second, "POST /event"));
    for (int i = 0; i < 5; i++) Client(dead(true)).publish(event_of("lost")); // Each warns for itself.
    CHECK(client.stats().log_lines_lost >= lost + 3);
    const std::string said = stderr_of([] {
        CHECK_EQ(axonpush::log_poll([](LogLevel, std::string_view) { throw std::runtime_error("in a poll"); }), 2u);
    });
    CHECK(has(said, "axonpush: error: the log function threw: in a poll\n"));
    axonpush::log_set(LogLevel::off);
    CHECK_EQ(axonpush::log_poll(keep, 20s), 0u); // At once: the log is not polled any more.
}

void the_log_goes_where_it_is_told() {
    std::mutex mutex;
    std::vector<std::pair<LogLevel, std::string>> lines;
    axonpush::log_set(LogLevel::warn, [&](LogLevel level, std::string_view message) {
        const std::lock_guard<std::mutex> lock(mutex);
        lines.emplace_back(level, message);
    });
    Client client(dead(true));
    const std::string quiet = stderr_of([&] { client.publish(event_of("lost")); });
    CHECK_EQ(quiet, "");
    CHECK(!lines.empty());
    CHECK(lines[0].first == LogLevel::warn);
    CHECK(has(lines[0].second, "POST /event"));
    // The last call wins; without a function it is stderr.
    axonpush::log_set(LogLevel::warn);
    const std::size_t before = lines.size();
    stderr_of([] { CHECK(!Client(dead(true)).publish(event_of("lost"))); });
    CHECK_EQ(lines.size(), before);
    axonpush::log_set(LogLevel::off);
}

// ---- Lifetime ----

void clients_move() {
    Client first(strict());
    axonpush_client *const handle = first.get();
    Client second(std::move(first));
    CHECK(second.get() == handle);
    CHECK_EQ(CHECK_THROWS(first.publish(event_of("step"))).status(), Status::invalid_handle); // NOLINT
    CHECK_EQ(first.try_stats().error().status(), Status::invalid_handle);
    CHECK_EQ(first.poll(), 0u);
    first.close();
    CHECK(second.publish(event_of("step")).has_value());

    // What is assigned over is closed first, and drained.
    Client third(strict());
    Latch delivered(1);
    third.publish_async(event_of("step"), [&](const Outcome &) { delivered.count_down(); });
    third = std::move(second);
    CHECK(delivered.wait(0s));
    CHECK(third.publish(event_of("step")).has_value());
    Client &itself = third;
    third = std::move(itself);
    CHECK(third.publish(event_of("step")).has_value());

    std::vector<Client> many;
    for (int i = 0; i < 10; i++) many.emplace_back(strict());
    for (Client &client : many) client.publish_async(event_of("step"));
    many.clear();
    CHECK_EQ(stored(), 14);
    auto made = axonpush::Client::try_new(strict());
    Client taken = std::move(made).value();
    CHECK(taken.publish(event_of("step")).has_value());
}

void responses_move() {
    Client client(strict());
    Response first = std::move(*client.publish(event_of("step")));
    const std::string id(first.get_string("/eventId").value());
    Response second(std::move(first));
    CHECK_EQ(second.get_string("/eventId").value(), id);
    CHECK(!first.get_string("/eventId")); // NOLINT
    CHECK(first.get() == nullptr);
    first = std::move(second);
    CHECK_EQ(first.get_string("/eventId").value(), id);
    CHECK(!second.get_string("/eventId")); // NOLINT
    Response &itself = first;
    first = std::move(itself);
    CHECK_EQ(first.get_string("/eventId").value(), id);
    const ResponseView borrowed = first; // A copy of the view, not of the JSON.
    CHECK_EQ(borrowed.get_string("/eventId").value(), id);
}

template <typename T> using Events = decltype(std::declval<T>().events());
template <typename T> using String = decltype(std::declval<T>().get_string("/x"));
template <template <typename> class Op, typename T, typename = void> struct Allows : std::false_type {};
template <template <typename> class Op, typename T> struct Allows<Op, T, std::void_t<Op<T>>> : std::true_type {};

static_assert(Allows<Events, Response &>::value && Allows<String, const Response &>::value);
static_assert(!Allows<Events, Response>::value && !Allows<String, Response>::value, "they would dangle");
static_assert(std::is_nothrow_move_constructible_v<Client> && std::is_nothrow_move_assignable_v<Client>);
static_assert(!std::is_copy_constructible_v<Client> && !std::is_copy_constructible_v<Response>);
static_assert(std::is_nothrow_move_constructible_v<Response> && std::is_nothrow_copy_constructible_v<Error>);
static_assert(std::is_nothrow_destructible_v<Client>);

void closing_is_final_and_repeatable() {
    Client client(strict());
    client.close();
    client.close();
    CHECK_EQ(CHECK_THROWS(client.publish(event_of("step"))).status(), Status::invalid_handle);
    CHECK_EQ(CHECK_THROWS(client.flush(1s)).status(), Status::invalid_handle);
    Client stopped(strict());
    stopped.publish_async(event_of("step"));
    stopped.shutdown(20s);
    CHECK_EQ(CHECK_THROWS(stopped.publish_async(event_of("step"))).status(), Status::closed);
    CHECK_EQ(stopped.stats().delivered, 1u);
}

void closing_while_busy() {
    for (int round = 0; round < 10; round++) {
        Options options = strict();
        options.shutdown_timeout_ms = 50;
        auto client = std::make_unique<Client>(options);
        std::atomic<int> accepted{0}, told{0};
        std::mutex mutex;
        std::string unexpected;
        std::vector<std::thread> publishers;
        for (int t = 0; t < 4; t++) {
            publishers.emplace_back([&] {
                for (;;) {
                    const auto result = client->try_publish_async(event_of("step"), [&](const Outcome &) { told++; });
                    if (!result) {
                        const Status status = result.error().status();
                        if (status == Status::queue_full) continue; // Too many completions wait.
                        const std::lock_guard<std::mutex> lock(mutex);
                        if (status != Status::closed && status != Status::invalid_handle) unexpected = result.error().what();
                        return;
                    }
                    accepted++;
                }
            });
            publishers.emplace_back([&] {
                while (client->try_publish(event_of("step"))) {
                }
            });
        }
        std::this_thread::sleep_for(20ms);
        const auto start = std::chrono::steady_clock::now();
        client->close();
        CHECK(std::chrono::steady_clock::now() - start < (sanitized ? 5s : 2s));
        for (std::thread &publisher : publishers) publisher.join();
        client.reset();
        CHECK_EQ(unexpected, "");
        CHECK_EQ(told.load(), accepted.load());
    }
}

void a_completion_may_destroy_its_client() {
    auto *client = new Client(strict());
    Latch gone(1);
    client->publish_async(event_of("step"), [&](const Outcome &) {
        delete client;
        gone.count_down();
    });
    CHECK(gone.wait());
}

void ten_thousand_clients_leave_nothing_behind() {
    const auto cycle = [](int times, bool publish) {
        for (int i = 0; i < times; i++) {
            Client client(strict());
            if (publish) client.publish_async(event_of("step"), [](const Outcome &) {});
        }
    };
    cycle(1000, false);
    cycle(50, true);
    const long threads_before = threads(), memory_before = resident_kib();
    cycle(10000, false);
    cycle(200, true);
    // A thread that has ended is counted for a moment longer.
    for (int i = 0; i < 100 && threads() > threads_before; i++) std::this_thread::sleep_for(20ms);
    CHECK_EQ(threads(), threads_before);
    // Freed memory is kept for a while by the address sanitizer.
    if (!sanitized) CHECK(resident_kib() - memory_before < 2048);
}

// ---- JSON ----

void json_writes_what_it_is_given() {
    Json json;
    json.add("text", "a\"b\\\n").add("string", std::string("s")).add("view", std::string_view("view...").substr(0, 4));
    json.add("", "empty key").add("empty", "").add("nul", std::string_view("a\0\"\n", 4));
    json.add("min", INT64_MIN).add("max", UINT64_MAX).add("small", std::uint8_t{7}).add("float", 0.5f);
    json.raw("raw", std::string_view("[1,2]garbage").substr(0, 5)).add("long", std::string(2000, 'x'));
    json.begin_object("o").begin_array("a").begin_array().end().begin_object().end().raw("{}").add(false).end().end();
    const std::string expected = R"({"text":"a\"b\\\n","string":"s","view":"view","":"empty key","empty":"",)"
                                 R"("nul":"a\u0000\"\u000a","min":-9223372036854775808,"max":18446744073709551615,)"
                                 R"("small":7,"float":0.5,"raw":[1,2],"long":")" +
                                 std::string(2000, 'x') + R"(","o":{"a":[[],{},{},false]}})";
    CHECK_EQ(json.text(), expected);
    CHECK_EQ(json.text(), expected);
    Json moved = std::move(json);
    CHECK_EQ(moved.add("more", 1).text().substr(expected.size() - 1), R"(,"more":1})");
    CHECK_EQ(Json().text(), "{}");
}

void json_remembers_the_first_mistake() {
    Json no_key, not_ended, ended_twice, not_utf8, nan, raw, empty_raw, nul_key;
    CHECK_EQ(CHECK_THROWS(no_key.add("element").text()).status(), Status::invalid_argument);
    CHECK(!not_ended.begin_array("a").try_text());
    CHECK_EQ(not_ended.end().text(), R"({"a":[]})");
    CHECK(!ended_twice.end().end().try_text());
    CHECK(!not_utf8.add("a", "\xff").try_text());
    CHECK(!nan.add("a", std::stod("nan")).try_text());
    CHECK(!raw.raw("a", "{").try_text());
    CHECK(!empty_raw.raw("a", "").try_text());
    CHECK(has(CHECK_THROWS(nul_key.add(std::string_view("a\0", 2), 1).text()).what(), "NUL"));
}

void names_and_versions() {
    CHECK_EQ(axonpush::status_name(Status::queue_full), "AXONPUSH_ERR_QUEUE_FULL");
    CHECK_EQ(axonpush::version(), AXONPUSH_VERSION);
    // The header in two translation units is one library.
    CHECK(other_unit_publishes(server_url));
}

#if __cplusplus >= 202002L
void designated_initialisers_do() {
    Client client({.api_key = "ak_test", .base_url = server_url, .max_retries = 0, .fail_open = false});
    CHECK(client.publish({.identifier = "hello", .payload = "{}", .channel_id = "tests"}).has_value());
    CHECK_EQ(client.list("tests", {.limit = 1}).count("/events"), 1u);
}
#endif

} // namespace

int main(int argc, char **argv) {
    server_url = std::getenv("AXONPUSH_BASE_URL");
    dead_url = "http://127.0.0.1:1";
    // Nothing outside decides what is tested.
    for (const char *name : {"AXONPUSH_BASE_URL", "AXONPUSH_API_KEY", "HTTP_PROXY", "http_proxy"}) unsetenv(name);
#define TEST(name) check::Test{#name, name}
    return check::run({TEST(publishes_and_reads_back),
                       TEST(views_stay_in_their_place),
                       TEST(request_reaches_any_endpoint),
                       TEST(call_reaches_the_functions_of_c),
                       TEST(every_operation_has_a_function),
                       TEST(resources_are_read_and_fail_as_other_calls_do),
                       TEST(traces_tie_events_together),
                       TEST(a_range_yields_every_event_once),
                       TEST(a_range_fails_as_other_calls_do),
                       TEST(webhook_signatures),
                       TEST(event_types_are_constants),
                       TEST(no_content_of_a_run_leaves_by_default_and_the_service_reads_the_rest),
                       TEST(payloads_of_a_run_name_their_mistakes),
                       TEST(log_events_say_all_that_is_known),
                       TEST(any_bytes_may_be_logged),
                       TEST(log_events_break_nothing),
                       TEST(options_reach_the_library),
                       TEST(the_environment_is_enough),
                       TEST(long_texts_are_passed_whole),
                       TEST(a_nul_inside_a_text_is_refused),
                       TEST(missing_texts_are_the_librarys_error),
                       TEST(an_error_says_all_that_is_known),
                       TEST(a_dead_service_is_an_error_in_strict_mode),
                       TEST(a_dead_service_is_nothing_in_fail_open_mode),
                       TEST(a_thousand_background_events_have_one_result_each),
                       TEST(no_completion_is_fine),
                       TEST(a_completion_hears_of_failures),
                       TEST(completions_are_owned),
                       TEST(futures_have_receipts_and_errors),
                       TEST(futures_are_ready_when_the_client_is_gone),
                       TEST(polled_completions_run_inside_poll),
                       TEST(overflow_is_told),
                       TEST(a_call_has_a_deadline),
                       TEST(a_call_can_be_cancelled),
                       TEST(a_call_does_not_own_its_client),
                       TEST(a_stop_token_cancels),
                       TEST(overflow_blocks_for_a_while),
                       TEST(exceptions_of_completions_end_there),
                       TEST(exceptions_of_the_log_function_end_there),
                       TEST(the_log_waits_to_be_polled),
                       TEST(the_log_goes_where_it_is_told),
                       TEST(clients_move),
                       TEST(responses_move),
                       TEST(closing_is_final_and_repeatable),
                       TEST(closing_while_busy),
                       TEST(a_completion_may_destroy_its_client),
                       TEST(ten_thousand_clients_leave_nothing_behind),
                       TEST(json_writes_what_it_is_given),
                       TEST(json_remembers_the_first_mistake),
                       TEST(names_and_versions),
#if __cplusplus >= 202002L
                       TEST(designated_initialisers_do),
#endif
                      },
                      as_new, argc, argv);
}
