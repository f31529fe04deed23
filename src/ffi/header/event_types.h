/* Event types that the service knows, for axonpush_event.event_type; any other text is legal. */
/** An agent began its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_START "agent.start"
/** An agent ended its work. */
#define AXONPUSH_EVENT_TYPE_AGENT_END "agent.end"
/** A message of or to an agent. */
#define AXONPUSH_EVENT_TYPE_AGENT_MESSAGE "agent.message"
/** A tool was called. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START "agent.tool_call.start"
/** A tool has returned. */
#define AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END "agent.tool_call.end"
/** An agent failed. */
#define AXONPUSH_EVENT_TYPE_AGENT_ERROR "agent.error"
/** An agent handed over to another. */
#define AXONPUSH_EVENT_TYPE_AGENT_HANDOFF "agent.handoff"
/** A model produced a token. */
#define AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN "agent.llm.token"
/** A line of an agent's log. */
#define AXONPUSH_EVENT_TYPE_AGENT_LOG "agent.log"
/** A line of a program's log. */
#define AXONPUSH_EVENT_TYPE_APP_LOG "app.log"
/** A span of a program. */
#define AXONPUSH_EVENT_TYPE_APP_SPAN "app.span"
/** Anything else; what the service takes where none is given. */
#define AXONPUSH_EVENT_TYPE_CUSTOM "custom"
