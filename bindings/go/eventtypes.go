package axonpush

// #include "shim.h"
import "C"

// The event types that the service knows, for [Event.EventType] and filters. Any other string is legal, too.
const (
	// EventTypeAgentStart is "agent.start": an agent began its work.
	EventTypeAgentStart string = C.AXONPUSH_EVENT_TYPE_AGENT_START
	// EventTypeAgentEnd is "agent.end": an agent ended its work.
	EventTypeAgentEnd string = C.AXONPUSH_EVENT_TYPE_AGENT_END
	// EventTypeAgentMessage is "agent.message": a message to or from an agent.
	EventTypeAgentMessage string = C.AXONPUSH_EVENT_TYPE_AGENT_MESSAGE
	// EventTypeAgentToolCallStart is "agent.tool_call.start": an agent called a tool.
	EventTypeAgentToolCallStart string = C.AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_START
	// EventTypeAgentToolCallEnd is "agent.tool_call.end": the tool returned.
	EventTypeAgentToolCallEnd string = C.AXONPUSH_EVENT_TYPE_AGENT_TOOL_CALL_END
	// EventTypeAgentError is "agent.error": an agent failed.
	EventTypeAgentError string = C.AXONPUSH_EVENT_TYPE_AGENT_ERROR
	// EventTypeAgentHandoff is "agent.handoff": an agent handed over to another.
	EventTypeAgentHandoff string = C.AXONPUSH_EVENT_TYPE_AGENT_HANDOFF
	// EventTypeAgentLLMToken is "agent.llm.token": a model produced a token.
	EventTypeAgentLLMToken string = C.AXONPUSH_EVENT_TYPE_AGENT_LLM_TOKEN
	// EventTypeAgentLog is "agent.log": a line of an agent's log.
	EventTypeAgentLog string = C.AXONPUSH_EVENT_TYPE_AGENT_LOG
	// EventTypeAppLog is "app.log": a line of a program's log.
	EventTypeAppLog string = C.AXONPUSH_EVENT_TYPE_APP_LOG
	// EventTypeAppSpan is "app.span": a span of a program.
	EventTypeAppSpan string = C.AXONPUSH_EVENT_TYPE_APP_SPAN
	// EventTypeCustom is "custom", the type of events that name none.
	EventTypeCustom string = C.AXONPUSH_EVENT_TYPE_CUSTOM
)
