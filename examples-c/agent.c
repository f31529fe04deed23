/*
 * An agent: a run in which a model is called, and a tool of an MCP server, which goes on with the trace. The service
 * reads models, tokens and tools out of it; what was said stays in the process. Usage: agent [base URL]
 */
#include <axonpush.h>
#include <stdio.h>

/* Publishes what was written to `payload` and frees it. `span_id` NULL: a span of the event's own. */
static void publish(axonpush_client *client, const char *identifier, const char *event_type, const char *span_id,
                    axonpush_json *payload) {
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = identifier;
    event.event_type = event_type;
    event.span_id = span_id;
    event.payload = axonpush_json_text(payload, &event.payload_len, &error);
    if (!event.payload || axonpush_events_publish(client, &event, NULL, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s: %s\n", identifier, axonpush_error_message(error));
        axonpush_error_free(error);
    }
    axonpush_json_free(payload);
}

static void call_model(axonpush_client *client) {
    axonpush_model_call call = AXONPUSH_MODEL_CALL_INIT;
    call.provider = "openai";
    call.request_model = "gpt-5";
    call.finish_reason = "tool_calls";
    call.input_tokens = 120;
    call.output_tokens = 45;
    call.duration_ms = 812.5;
    call.input_messages = "[{\"role\":\"user\",\"content\":\"Will it rain in Rome?\"}]";
    call.output_messages = "I will look it up."; /* text is fine, too */
    axonpush_json *payload = axonpush_json_new();
    axonpush_json_model_call(payload, &call);
    axonpush_json_string(payload, AXONPUSH_ATTR_USER_ID, "u-17"); /* what the helper does not know */
    publish(client, "chat gpt-5", AXONPUSH_EVENT_TYPE_APP_SPAN, NULL, payload);
}

/* The MCP server: what it publishes belongs to the span that called it. */
static void serve(axonpush_client *client, const char *traceparent) {
    axonpush_trace *caller = axonpush_trace_parse(traceparent, NULL); /* NULL if it is malformed: no trace then */
    axonpush_trace *before = axonpush_trace_enter(caller);
    publish(client, "look up", AXONPUSH_EVENT_TYPE_CUSTOM, NULL, axonpush_json_new());
    axonpush_trace_leave(before);
    axonpush_trace_free(caller);
}

/* The MCP client: one span for the call, whose traceparent is sent in `_meta` of the request's `params`. */
static void call_tool(axonpush_client *client, const axonpush_trace *run) {
    axonpush_trace *span = axonpush_trace_child(run, NULL);
    serve(client, axonpush_trace_traceparent(span));
    axonpush_tool_call call = AXONPUSH_TOOL_CALL_INIT;
    call.name = "weather";
    call.arguments = "{\"city\":\"Rome\"}";
    call.result = "rain";
    axonpush_json *payload = axonpush_json_new();
    axonpush_json_tool_call(payload, &call);
    publish(client, "tools/call weather", AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END, axonpush_trace_span_id(span), payload);
    axonpush_trace_free(span);
}

/* How the run began or ended. */
static void publish_run(axonpush_client *client, const axonpush_trace *run, const char *event_type) {
    axonpush_agent_run members = AXONPUSH_AGENT_RUN_INIT;
    members.agent_name = "planner";
    axonpush_json *payload = axonpush_json_new();
    axonpush_json_agent_run(payload, &members);
    publish(client, "plan a trip", event_type, axonpush_trace_span_id(run), payload);
}

/* Prints what the service has read out of the trace. */
static size_t print(axonpush_client *client, const char *trace_id) {
    axonpush_response *trace = NULL;
    axonpush_traces_get(client, trace_id, &trace, NULL);
    size_t spans = axonpush_response_count(trace, "/spans");
    for (size_t i = 0; i < spans; i++) {
        char pointer[64];
        int64_t tokens = 0;
        snprintf(pointer, sizeof pointer, "/spans/%zu/identifier", i);
        printf("%s:", axonpush_response_string(trace, pointer));
        static const char *const members[] = {"semanticKind", "agentName", "requestModel", "toolName"};
        for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
            snprintf(pointer, sizeof pointer, "/spans/%zu/%s", i, members[m]);
            const char *value = axonpush_response_string(trace, pointer);
            if (value) printf(" %s", value);
        }
        snprintf(pointer, sizeof pointer, "/spans/%zu/totalTokens", i);
        if (axonpush_response_int(trace, pointer, &tokens)) printf(", %d tokens", (int)tokens);
        snprintf(pointer, sizeof pointer, "/spans/%zu/payload/gen_ai.input.messages", i);
        const char *said = axonpush_response_string(trace, pointer);
        if (said) printf(", %s", said);
        puts("");
    }
    axonpush_response_free(trace);
    return spans;
}

int main(int argc, char **argv) {
    axonpush_error *error = NULL;
    axonpush_options options = AXONPUSH_OPTIONS_INIT; /* the AXONPUSH_... variables supply the rest */
    if (argc > 1) options.base_url = argv[1];
    axonpush_client *client = axonpush_new(&options, &error);
    if (!client) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
        return 1;
    }
    /* A trace that leaves the process has an id as `traceparent` writes it, which the other side will see. */
    axonpush_trace *drawn = axonpush_trace_new(NULL, NULL, NULL);
    axonpush_trace *run = axonpush_trace_parse(axonpush_trace_traceparent(drawn), NULL);

    axonpush_trace *before = axonpush_trace_enter(run);
    publish_run(client, run, AXONPUSH_EVENT_TYPE_AGENT_START);
    call_model(client);
    call_tool(client, run);
    publish_run(client, run, AXONPUSH_EVENT_TYPE_AGENT_END);
    axonpush_trace_leave(before);

    size_t spans = print(client, axonpush_trace_id(run));
    axonpush_trace_free(run);
    axonpush_trace_free(drawn);
    axonpush_close(client);
    return spans > 0 ? 0 : 1;
}
