/* Event types that the service knows, for axonpush_event.event_type. Any other text is legal. */
/** An agent began its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_START "agent.start"
/** An agent ended its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_END "agent.end"
/** An agent sent or received a message. */
#define AXONPUSH_EVENT_TYPE_AGENT_MESSAGE "agent.message"
/** An agent called a tool. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START "agent.tool_call.start"
/** A tool returned. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END "agent.tool_call.end"
/** An agent failed. */
#define AXONPUSH_EVENT_TYPE_AGENT_ERROR "agent.error"
/** An agent handed over to another agent. */
#define AXONPUSH_EVENT_TYPE_AGENT_HANDOFF "agent.handoff"
/** A model produced a token. */
#define AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN "agent.llm.token"
/** An agent logged a line. */
#define AXONPUSH_EVENT_TYPE_AGENT_LOG "agent.log"
/** A program logged a line. */
#define AXONPUSH_EVENT_TYPE_APP_LOG "app.log"
/** A program recorded a span. */
#define AXONPUSH_EVENT_TYPE_APP_SPAN "app.span"
/** Any other event. It is the type of an event that gives none. */
#define AXONPUSH_EVENT_TYPE_CUSTOM "custom"
