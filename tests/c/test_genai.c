/* Payloads of model calls, tool calls and agent runs: what is in them, what leaves the process, and what the service
   reads out of them. That every language writes the same is a matter of tests/conformance/genai.json. */
#include "check.h"

#include <math.h>

#define WORD "Quittenmus"

/* What was written; NULL if there was a mistake. */
static const char *text_of(axonpush_json *json) {
    const char *text = axonpush_json_text(json, NULL, NULL);
    const char *copy = text ? format("%s", text) : NULL;
    axonpush_json_free(json);
    return copy;
}

static const char *model_call(const axonpush_model_call *call) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_model_call(json, call);
    return text_of(json);
}

static const char *tool_call(const axonpush_tool_call *call) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_tool_call(json, call);
    return text_of(json);
}

static const char *agent_run(const axonpush_agent_run *run) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_agent_run(json, run);
    return text_of(json);
}

/* The writer has made a mistake that is named so. */
static bool is_mistaken(axonpush_json *json, const char *named) {
    axonpush_error *error = NULL;
    CHECK_TEXT(axonpush_json_text(json, NULL, &error), NULL);
    CHECK_INT(axonpush_error_status(error), AXONPUSH_ERR_INVALID_ARGUMENT);
    CHECK_HAS(axonpush_error_message(error), named);
    axonpush_error_free(error);
    axonpush_json_free(json);
    return true;
}

static bool content_is_json_or_text(void) {
    static const struct {
        const char *given;
        size_t length;
        const char *written;
    } contents[] = {
        {"{\"city\": \"Rome\"}", 0, "{\"city\": \"Rome\"}"},
        {"[1,2]and more", 5, "[1,2]"},
        {"sunny", 0, "\"sunny\""},
        {"sunny days", 5, "\"sunny\""},
        {"\"sunny\"", 0, "\"sunny\""},
        {"{\"city\": \"Ro", 0, "\"{\\\"city\\\": \\\"Ro\""}, /* as a model breaks off */
        {"a\nb", 0, "\"a\\nb\""},
        {"a\0b", 3, "\"a\\u0000b\""},
    };
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        axonpush_tool_call call = AXONPUSH_TOOL_CALL_INIT;
        call.result = contents[i].given;
        call.result_len = contents[i].length;
        CHECK_TEXT(tool_call(&call), format("{\"gen_ai.operation.name\":\"execute_tool\",\"gen_ai.tool.call.result\":%s}",
                                            contents[i].written));
    }
    /* Deeper than an event may be, it is text, and the payload can be published. */
    axonpush_tool_call call = AXONPUSH_TOOL_CALL_INIT;
    call.arguments = format("%s%s", repeated("[", 200), repeated("]", 200));
    CHECK_HAS(tool_call(&call), "\"gen_ai.tool.call.arguments\":\"[[[");
    return true;
}

static bool what_is_not_known_is_left_out(void) {
    axonpush_model_call call = AXONPUSH_MODEL_CALL_INIT;
    call.provider = call.input_messages = call.error_type = "";
    call.input_tokens = call.output_tokens = call.reasoning_tokens = -1;
    call.cost_usd = call.duration_ms = -0.5;
    CHECK_TEXT(model_call(&call), "{\"gen_ai.operation.name\":\"chat\"}");
    axonpush_tool_call tool = AXONPUSH_TOOL_CALL_INIT;
    CHECK_TEXT(tool_call(&tool), "{\"gen_ai.operation.name\":\"execute_tool\"}");
    axonpush_agent_run run;
    axonpush_agent_run_init(&run);
    CHECK_TEXT(agent_run(&run), "{\"gen_ai.operation.name\":\"invoke_agent\"}");
    return true;
}

static bool others_may_stand_before_around_and_after(void) {
    axonpush_tool_call call = AXONPUSH_TOOL_CALL_INIT;
    call.name = "weather";
    axonpush_json *json = axonpush_json_new();
    axonpush_json_int(json, "attempt", 2);
    axonpush_json_begin_object(json, "attributes");
    axonpush_json_tool_call(json, &call);
    axonpush_json_string(json, AXONPUSH_ATTR_USER_ID, "u-17");
    axonpush_json_end(json);
    CHECK_TEXT(text_of(json), "{\"attempt\":2,\"attributes\":{\"gen_ai.operation.name\":\"execute_tool\","
                              "\"gen_ai.tool.name\":\"weather\",\"user.id\":\"u-17\"}}");
    return true;
}

static bool mistakes_are_named(void) {
    axonpush_json *json = axonpush_json_new();
    axonpush_json_model_call(json, NULL);
    CHECK(is_mistaken(json, "call: it is required, but NULL"));
    json = axonpush_json_new();
    axonpush_json_agent_run(json, NULL);
    CHECK(is_mistaken(json, "run: it is required, but NULL"));

    axonpush_model_call call = AXONPUSH_MODEL_CALL_INIT;
    call.error_message = "\xff";
    json = axonpush_json_new();
    axonpush_json_model_call(json, &call);
    CHECK(is_mistaken(json, "call.error_message: not valid UTF-8"));
    call.error_message = NULL;
    call.output_messages = "\xff";
    json = axonpush_json_new();
    axonpush_json_model_call(json, &call);
    CHECK(is_mistaken(json, "call.output_messages: not valid UTF-8"));
    call.output_messages = NULL;
    call.cost_usd = NAN;
    json = axonpush_json_new();
    axonpush_json_model_call(json, &call);
    CHECK(is_mistaken(json, "gen_ai.usage.cost_usd"));
    call.cost_usd = 0;

    json = axonpush_json_new();
    axonpush_json_begin_array(json, "list");
    axonpush_json_model_call(json, &call);
    axonpush_json_end(json);
    CHECK(is_mistaken(json, "array"));

    static const size_t sizes[] = {0, 1, 8, sizeof call + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        call.struct_size = sizes[i];
        json = axonpush_json_new();
        axonpush_json_model_call(json, &call);
        CHECK(is_mistaken(json, "call.struct_size"));
    }
    return true;
}

static bool no_writer_is_a_legal_writer(void) {
    axonpush_model_call call = AXONPUSH_MODEL_CALL_INIT;
    axonpush_tool_call tool = AXONPUSH_TOOL_CALL_INIT;
    axonpush_agent_run run = AXONPUSH_AGENT_RUN_INIT;
    axonpush_json_model_call(NULL, &call);
    axonpush_json_tool_call(NULL, &tool);
    axonpush_json_agent_run(NULL, &run);
    axonpush_json_model_call(NULL, NULL);
    axonpush_model_call_init(NULL);
    axonpush_tool_call_init(NULL);
    axonpush_agent_run_init(NULL);
    return true;
}

static bool publish(axonpush_client *client, const char *type, const char *payload) {
    axonpush_event event = test_event();
    event.event_type = type;
    event.payload = payload;
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    return true;
}

/* A run with a planted word in each place that holds content. */
static bool publish_run(axonpush_client *client) {
    axonpush_agent_run run = AXONPUSH_AGENT_RUN_INIT;
    run.agent_name = "planner";
    run.duration_ms = 1900;
    run.system_instructions = run.input_messages = WORD;
    run.output_messages = "[{\"role\":\"assistant\",\"content\":\"" WORD "\"}]";
    CHECK(publish(client, AXONPUSH_EVENT_TYPE_AGENT_END, agent_run(&run)));

    axonpush_model_call call = AXONPUSH_MODEL_CALL_INIT;
    call.provider = "openai";
    call.request_model = "gpt-5";
    call.conversation_id = "c1";
    call.input_tokens = 120;
    call.output_tokens = 45;
    call.cost_usd = 0.0021;
    call.system_instructions = "{\"" WORD;
    call.input_messages = "[{\"role\":\"user\",\"content\":\"" WORD "\"}]";
    call.output_messages = WORD;
    CHECK(publish(client, AXONPUSH_EVENT_TYPE_APP_SPAN, model_call(&call)));

    axonpush_tool_call tool = AXONPUSH_TOOL_CALL_INIT;
    tool.name = "weather";
    tool.error_type = "timeout";
    tool.arguments = "{\"city\":\"" WORD "\"}";
    tool.result = WORD;
    return publish(client, AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END, tool_call(&tool));
}

static bool no_content_leaves_by_default_and_the_service_reads_the_rest(void) {
    axonpush_client *client = test_client();
    CHECK(publish_run(client));
    for (size_t i = 0; i < 3; i++) CHECK_LACKS(request_body(i), WORD);

    axonpush_response *found = NULL;
    CHECK_INT(axonpush_events_search(client, NULL, &found, NULL), AXONPUSH_OK);
    CHECK_INT(axonpush_response_count(found, "/events"), 3);
    CHECK_LACKS(axonpush_response_json(found, NULL), WORD);
    int64_t tokens = 0;
    double number = 0;
    /* Newest first. */
    CHECK_TEXT(axonpush_response_string(found, "/events/0/semanticKind"), "tool");
    CHECK_TEXT(axonpush_response_string(found, "/events/0/toolName"), "weather");
    CHECK_TEXT(axonpush_response_string(found, "/events/0/errorType"), "timeout");
    CHECK_TEXT(axonpush_response_string(found, "/events/0/status"), "error");
    CHECK_TEXT(axonpush_response_string(found, "/events/1/semanticKind"), "llm");
    CHECK_TEXT(axonpush_response_string(found, "/events/1/requestModel"), "gpt-5");
    CHECK_TEXT(axonpush_response_string(found, "/events/1/providerName"), "openai");
    CHECK_TEXT(axonpush_response_string(found, "/events/1/sessionId"), "c1");
    CHECK(axonpush_response_int(found, "/events/1/totalTokens", &tokens));
    CHECK_INT(tokens, 165);
    CHECK(axonpush_response_double(found, "/events/1/costUsd", &number));
    CHECK(number == 0.0021);
    CHECK_TEXT(axonpush_response_string(found, "/events/2/semanticKind"), "agent");
    CHECK_TEXT(axonpush_response_string(found, "/events/2/agentName"), "planner");
    CHECK(axonpush_response_double(found, "/events/2/durationMs", &number));
    CHECK(number == 1900);
    axonpush_response_free(found);
    axonpush_close(client);
    return true;
}

static bool content_leaves_when_it_is_asked_for(void) {
    axonpush_options options = test_options();
    options.content_capture = AXONPUSH_CONTENT_FULL;
    axonpush_client *client = client_with(&options);
    CHECK(publish_run(client));
    for (size_t i = 0; i < 3; i++) CHECK_HAS(request_body(i), WORD);
    axonpush_close(client);
    return true;
}

/* docs/genai.md, "A trace through MCP". */
static bool a_trace_goes_through_mcp(void) {
    axonpush_client *client = test_client();
    axonpush_trace *drawn = axonpush_trace_new(NULL, NULL, NULL);
    axonpush_trace *trace = axonpush_trace_parse(axonpush_trace_traceparent(drawn), NULL);
    axonpush_trace *before = axonpush_trace_enter(trace);
    axonpush_trace *span = axonpush_trace_child(trace, NULL);

    axonpush_tool_call call = AXONPUSH_TOOL_CALL_INIT;
    call.name = "weather";
    axonpush_event event = test_event();
    event.event_type = AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START;
    event.span_id = axonpush_trace_span_id(span);
    event.payload = tool_call(&call);
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_json *request = axonpush_json_new();
    axonpush_json_begin_object(request, "params");
    axonpush_json_begin_object(request, "_meta");
    axonpush_json_string(request, "traceparent", axonpush_trace_traceparent(span));
    axonpush_json_end(request);
    axonpush_json_end(request);
    const char *sent = text_of(request);
    axonpush_trace_leave(before);

    axonpush_trace *remote = axonpush_trace_parse(json_text(sent, "/params/_meta/traceparent"), NULL);
    CHECK(remote != NULL);
    before = axonpush_trace_enter(remote);
    event = test_event();
    CHECK_INT(axonpush_events_publish(client, &event, NULL, NULL), AXONPUSH_OK);
    axonpush_trace_leave(before);

    CHECK_TEXT(json_text(request_body(0), "/parentSpanId"), axonpush_trace_span_id(trace));
    CHECK_TEXT(json_text(request_body(1), "/traceId"), json_text(request_body(0), "/traceId"));
    CHECK_TEXT(json_text(request_body(1), "/parentSpanId"), json_text(request_body(0), "/spanId"));
    axonpush_trace_free(remote);
    axonpush_trace_free(span);
    axonpush_trace_free(trace);
    axonpush_trace_free(drawn);
    axonpush_close(client);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(content_is_json_or_text),
        TEST(what_is_not_known_is_left_out),
        TEST(others_may_stand_before_around_and_after),
        TEST(mistakes_are_named),
        TEST(no_writer_is_a_legal_writer),
        TEST(no_content_leaves_by_default_and_the_service_reads_the_rest),
        TEST(content_leaves_when_it_is_asked_for),
        TEST(a_trace_goes_through_mcp),
    };
    return RUN_TESTS(tests, argc, argv);
}
