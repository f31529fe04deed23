/*
 * One service of several: reads the trace of an incoming request, publishes events in it and in spans inside
 * it, and passes the trace on. Usage: trace [base URL [traceparent]]
 */
#include <axonpush.h>
#include <stdio.h>

/* Publishes an event. The event needs no trace of its own: it joins the trace that is current on this thread. */
static void publish(axonpush_client *client, const char *identifier, const char *event_type) {
    axonpush_error *error = NULL;
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = identifier;
    event.event_type = event_type;
    event.payload = "{}";
    if (axonpush_events_publish(client, &event, NULL, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s: %s\n", identifier, axonpush_error_message(error));
        axonpush_error_free(error);
    }
}

/* A step in a span of its own, inside the trace that is current where it is called. */
static void look_up(axonpush_client *client) {
    axonpush_trace *outer = axonpush_trace_current(); /* NULL if no trace is current; then the child starts one */
    axonpush_trace *span = axonpush_trace_child(outer, NULL);
    axonpush_trace *before = axonpush_trace_enter(span);

    publish(client, "lookup", "agent.tool_call.start");
    /* Other services go on with the trace by the header that a request to them carries. */
    printf("GET /stock HTTP/1.1\ntraceparent: %s\n", axonpush_trace_traceparent(span));
    publish(client, "lookup", "agent.tool_call.end");

    axonpush_trace_leave(before); /* on every way out: the trace before becomes current again */
    axonpush_trace_free(span);
    axonpush_trace_free(outer);
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

    /* The header of the incoming request. */
    const char *header = argc > 2 ? argv[2] : "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    axonpush_trace *incoming = axonpush_trace_parse(header, &error);
    if (!incoming) {
        /* The header is malformed; as the specification says, a new trace begins here. */
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }
    axonpush_trace *request = axonpush_trace_child(incoming, NULL); /* a span of our own; for NULL, of a new trace */
    axonpush_trace *before = axonpush_trace_enter(request);
    publish(client, "plan", "agent.start");
    look_up(client);
    publish(client, "plan", "agent.end");
    axonpush_trace_leave(before);

    /* The whole trace, as the service has it. */
    axonpush_response *trace = NULL;
    if (axonpush_traces_get(client, axonpush_trace_id(request), &trace, &error) != AXONPUSH_OK) {
        fprintf(stderr, "%s\n", axonpush_error_message(error));
        axonpush_error_free(error);
    }
    size_t spans = axonpush_response_count(trace, "/spans");
    for (size_t i = 0; i < spans; i++) {
        char type[64], parent[64];
        snprintf(type, sizeof type, "/spans/%zu/eventType", i);
        snprintf(parent, sizeof parent, "/spans/%zu/parentSpanId", i);
        const char *within = axonpush_response_string(trace, parent);
        printf("%s in span %s\n", axonpush_response_string(trace, type), within ? within : "(none)");
    }

    axonpush_response_free(trace);
    axonpush_trace_free(request);
    axonpush_trace_free(incoming);
    axonpush_close(client);
    return spans > 0 ? 0 : 1;
}
