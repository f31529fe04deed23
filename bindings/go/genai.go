package axonpush

import "time"

// ModelCall is a request to a model and its response. What is zero, and a negative number, is left out of the payload.
//
// Content (the last members) is any value that encoding/json marshals, a string among them; a
// [encoding/json.RawMessage] is JSON already. It stays in the process by default ([Options.ContentCapture]).
type ModelCall struct {
	// Operation is "chat" by default; others are "text_completion" and "embeddings".
	Operation string
	// Provider says whose model it is: "openai", "anthropic", "aws.bedrock", …
	Provider string
	// RequestModel is the model that was asked for.
	RequestModel string
	// ResponseModel is the model that responded.
	ResponseModel string
	// ResponseID is the provider's id of the response.
	ResponseID string
	// FinishReason says why the model stopped: "stop", "length", "tool_calls", …
	FinishReason string
	// ConversationID is the conversation that the call belongs to.
	ConversationID string
	// InputTokens were given to the model, those from a cache included.
	InputTokens int64
	// OutputTokens were the response, those for reasoning included.
	OutputTokens int64
	// CacheReadTokens are the input tokens that came from the provider's cache.
	CacheReadTokens int64
	// CacheWriteTokens are the input tokens that were written to that cache.
	CacheWriteTokens int64
	// ReasoningTokens are the output tokens that were spent on reasoning.
	ReasoningTokens int64
	// CostUSD is what it cost, in US dollars.
	CostUSD float64
	// Duration is how long it took. Set [Event.OccurredAt] to when it began.
	Duration time.Duration
	// ErrorType says why it failed: "timeout", "429", … A call that has one has failed.
	ErrorType string
	// ErrorMessage says the same for people. It is no content, so quote no prompt in it.
	ErrorMessage string
	// SystemInstructions are what the model was told apart from the messages (content).
	SystemInstructions any
	// InputMessages are what the model was given (content).
	InputMessages any
	// OutputMessages are what it responded (content).
	OutputMessages any
}

// Payload returns the call as the payload of an event, under the names of the Attr constants; add others to it as you
// like. Publish it as [EventTypeAppSpan], once the model has responded.
func (c ModelCall) Payload() map[string]any {
	p := payload{AttrGenAIOperationName: "chat"}
	p.text(AttrGenAIOperationName, c.Operation)
	p.text(AttrGenAIProviderName, c.Provider)
	p.text(AttrGenAIRequestModel, c.RequestModel)
	p.text(AttrGenAIResponseModel, c.ResponseModel)
	p.text(AttrGenAIResponseID, c.ResponseID)
	if c.FinishReason != "" {
		p[AttrGenAIResponseFinishReasons] = []string{c.FinishReason}
	}
	p.text(AttrGenAIConversationID, c.ConversationID)
	p.count(AttrGenAIUsageInputTokens, c.InputTokens)
	p.count(AttrGenAIUsageOutputTokens, c.OutputTokens)
	p.count(AttrGenAIUsageCacheReadInputTokens, c.CacheReadTokens)
	p.count(AttrGenAIUsageCacheWriteInputTokens, c.CacheWriteTokens)
	p.count(AttrGenAIUsageReasoningTokens, c.ReasoningTokens)
	if c.CostUSD > 0 {
		p[AttrGenAIUsageCostUSD] = c.CostUSD
	}
	p.ending(c.Duration, c.ErrorType, c.ErrorMessage)
	p.content(AttrGenAISystemInstructions, c.SystemInstructions)
	p.content(AttrGenAIInputMessages, c.InputMessages)
	p.content(AttrGenAIOutputMessages, c.OutputMessages)
	return p
}

// ToolCall is a call of a tool and what it returned; see [ModelCall].
type ToolCall struct {
	// Name is the name of the tool.
	Name string
	// CallID is the model's id of the call.
	CallID string
	// Duration is how long it took. Set [Event.OccurredAt] to when it began.
	Duration time.Duration
	// ErrorType says why it failed, such as "timeout". A call that has one has failed.
	ErrorType string
	// ErrorMessage says the same for people. It is no content, so quote neither arguments nor result in it.
	ErrorMessage string
	// Arguments are what the tool was given (content).
	Arguments any
	// Result is what it returned (content).
	Result any
}

// Payload returns the call as the payload of an event. Publish it as [EventTypeAgentToolCallEnd] when the tool has
// returned; and, to see it before, without the result as [EventTypeAgentToolCallStart], with the same [Event.SpanID].
func (c ToolCall) Payload() map[string]any {
	p := payload{AttrGenAIOperationName: "execute_tool"}
	p.text(AttrGenAIToolName, c.Name)
	p.text(AttrGenAIToolCallID, c.CallID)
	p.ending(c.Duration, c.ErrorType, c.ErrorMessage)
	p.content(AttrGenAIToolCallArguments, c.Arguments)
	p.content(AttrGenAIToolCallResult, c.Result)
	return p
}

// AgentRun is a run of an agent; see [ModelCall]. It has no tokens and no cost: those of its model calls add up to them.
type AgentRun struct {
	// AgentID is the agent's id. Set [Event.AgentID], too.
	AgentID string
	// AgentName is the agent's name.
	AgentName string
	// ConversationID is the conversation that the run belongs to.
	ConversationID string
	// Duration is how long it took. Set [Event.OccurredAt] to when it began.
	Duration time.Duration
	// ErrorType says why it failed, such as "timeout". A run that has one has failed.
	ErrorType string
	// ErrorMessage says the same for people. It is no content, so quote no prompt in it.
	ErrorMessage string
	// SystemInstructions are what the agent was told to be (content).
	SystemInstructions any
	// InputMessages are what it was asked (content).
	InputMessages any
	// OutputMessages are what it answered (content).
	OutputMessages any
}

// Payload returns the run as the payload of an event. Publish it as [EventTypeAgentStart], without what is not known
// yet, and as [EventTypeAgentEnd], or [EventTypeAgentError], with the same [Event.SpanID].
func (r AgentRun) Payload() map[string]any {
	p := payload{AttrGenAIOperationName: "invoke_agent"}
	p.text(AttrGenAIAgentID, r.AgentID)
	p.text(AttrGenAIAgentName, r.AgentName)
	p.text(AttrGenAIConversationID, r.ConversationID)
	p.ending(r.Duration, r.ErrorType, r.ErrorMessage)
	p.content(AttrGenAISystemInstructions, r.SystemInstructions)
	p.content(AttrGenAIInputMessages, r.InputMessages)
	p.content(AttrGenAIOutputMessages, r.OutputMessages)
	return p
}

// payload is what is known so far. encoding/json writes its members in the order of their names, as every language
// does.
type payload map[string]any

func (p payload) text(name, value string) {
	if value != "" {
		p[name] = value
	}
}

func (p payload) count(name string, value int64) {
	if value > 0 {
		p[name] = value
	}
}

func (p payload) content(name string, value any) {
	if value != nil {
		p[name] = value
	}
}

func (p payload) ending(took time.Duration, errorType, errorMessage string) {
	if took > 0 {
		p[AttrDurationMS] = float64(took) / float64(time.Millisecond)
	}
	p.text(AttrErrorType, errorType)
	p.text(AttrErrorMessage, errorMessage)
}
