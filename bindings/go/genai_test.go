package axonpush_test

import (
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func ExampleModelCall() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	began := time.Now()
	call := axonpush.ModelCall{
		Provider:       "openai",
		RequestModel:   "gpt-5",
		InputTokens:    120,
		OutputTokens:   45,
		FinishReason:   "stop",
		InputMessages:  []map[string]string{{"role": "user", "content": "Will it rain in Rome?"}},
		OutputMessages: "Take an umbrella.",
		Duration:       time.Since(began),
	}
	payload := call.Payload()
	payload[axonpush.AttrUserID] = "u-17" // what it does not know
	if _, err := client.Events.Publish(background, axonpush.Event{
		Identifier: "chat gpt-5",
		EventType:  axonpush.EventTypeAppSpan,
		OccurredAt: began,
		Payload:    payload,
	}); err != nil {
		log.Fatal(err)
	}
	found, err := client.Events.Search(background, &axonpush.EventQuery{SemanticKind: "llm"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.String("/events/0/requestModel"), found.String("/events/0/payload/gen_ai.input.messages"))
	// Output: gpt-5 [REDACTED]
}

func ExampleToolCall() {
	payload, _ := json.Marshal(axonpush.ToolCall{Name: "weather", Arguments: map[string]string{"city": "Rome"}}.Payload())
	fmt.Println(string(payload))
	// Output: {"gen_ai.operation.name":"execute_tool","gen_ai.tool.call.arguments":{"city":"Rome"},"gen_ai.tool.name":"weather"}
}

const plantedWord = "Quittenmus"

// publishRun publishes an agent's run with a planted word in each place that holds content.
func publishRun(t *testing.T, client *axonpush.Client) {
	said := []map[string]any{{"role": "user", "parts": []any{map[string]string{"type": "text", "content": plantedWord}}}}
	for eventType, payload := range map[string]map[string]any{
		axonpush.EventTypeAgentEnd: axonpush.AgentRun{
			AgentName: "planner", SystemInstructions: plantedWord, InputMessages: said, OutputMessages: plantedWord,
		}.Payload(),
		axonpush.EventTypeAppSpan: axonpush.ModelCall{
			RequestModel: "gpt-5", InputTokens: 120, OutputTokens: 45, CostUSD: 0.0021, Duration: 812500 * time.Microsecond,
			SystemInstructions: plantedWord, InputMessages: said, OutputMessages: json.RawMessage(`{"deep":["` + plantedWord + `"]}`),
		}.Payload(),
		axonpush.EventTypeAgentToolCallEnd: axonpush.ToolCall{
			Name: "weather", ErrorType: "timeout", Arguments: map[string]string{"q": plantedWord}, Result: plantedWord,
		}.Payload(),
	} {
		_, err := client.Events.Publish(background, axonpush.Event{Identifier: "step", EventType: eventType, Payload: payload})
		must(t, err)
	}
}

func TestNoContentOfARunLeavesByDefault(t *testing.T) {
	s := newServer(t)
	publishRun(t, s.client())
	for _, request := range s.requests() {
		if strings.Contains(request.Body, plantedWord) {
			t.Errorf("it has left: %s", request.Body)
		}
	}
	publishRun(t, s.client(func(o *axonpush.Options) { o.ContentCapture = axonpush.ContentFull }))
	for _, request := range s.requests()[3:] {
		if !strings.Contains(request.Body, plantedWord) {
			t.Errorf("it has not left when it was asked for: %s", request.Body)
		}
	}
}

func TestTheServiceReadsWhatARunSays(t *testing.T) {
	client := newServer(t).client()
	publishRun(t, client)
	for kind, want := range map[string]map[string]any{
		"agent": {"agentName": "planner", "status": "ok"},
		"llm": {"requestModel": "gpt-5", "inputTokens": 120.0, "outputTokens": 45.0, "totalTokens": 165.0, "costUsd": 0.0021,
			"durationMs": 812.5},
		"tool": {"toolName": "weather", "errorType": "timeout", "status": "error"},
	} {
		found, err := client.Events.Search(background, &axonpush.EventQuery{SemanticKind: kind})
		must(t, err)
		var event map[string]any
		must(t, json.Unmarshal(found.Raw("/events/0"), &event))
		for member, value := range want {
			if event[member] != value {
				t.Errorf("%s: %s is %v, want %v", kind, member, event[member], value)
			}
		}
	}
}

func TestWhatIsZeroOrNegativeIsNotSaid(t *testing.T) {
	call := axonpush.ModelCall{InputTokens: -1, CostUSD: -1, Duration: -time.Second}
	if payload := call.Payload(); len(payload) != 1 || payload[axonpush.AttrGenAIOperationName] != "chat" {
		t.Errorf("%v", payload)
	}
}
