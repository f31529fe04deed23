package axonpush_test

import (
	"os"
	"strings"
	"testing"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestEventTypes(t *testing.T) {
	types := map[string]string{
		"AGENT_START":           axonpush.EventTypeAgentStart,
		"AGENT_END":             axonpush.EventTypeAgentEnd,
		"AGENT_MESSAGE":         axonpush.EventTypeAgentMessage,
		"AGENT_TOOL_CALL_START": axonpush.EventTypeAgentToolCallStart,
		"AGENT_TOOL_CALL_END":   axonpush.EventTypeAgentToolCallEnd,
		"AGENT_ERROR":           axonpush.EventTypeAgentError,
		"AGENT_HANDOFF":         axonpush.EventTypeAgentHandoff,
		"AGENT_LLM_TOKEN":       axonpush.EventTypeAgentLLMToken,
		"AGENT_LOG":             axonpush.EventTypeAgentLog,
		"APP_LOG":               axonpush.EventTypeAppLog,
		"APP_SPAN":              axonpush.EventTypeAppSpan,
		"CUSTOM":                axonpush.EventTypeCustom,
	}
	header, err := os.ReadFile("../../include/axonpush.h")
	must(t, err)
	if n := strings.Count(string(header), "#define AXONPUSH_EVENT_TYPE_"); n != len(types) {
		t.Errorf("%d event types in C, %d here", n, len(types))
	}
	for name, text := range types {
		if !strings.Contains(string(header), "#define AXONPUSH_EVENT_TYPE_"+name+" \""+text+"\"\n") {
			t.Errorf("%s is not %q in C", name, text)
		}
	}
}
