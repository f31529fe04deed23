package axonpush

// #include "shim.h"
import "C"

// Names of attributes that the service reads, for members of [Event.Payload] or [Event.Metadata]; any other name is
// legal, too. Those whose comment says that they are content stay in the process by default ([Options.ContentCapture]).
// docs/genai.md says what becomes of each.
const (
	// AttrAxonPushSemanticKind is "axonpush.semantic_kind". The kind of event, where its type and operation do not
	// tell: "agent", "tool", "llm", and so on.
	AttrAxonPushSemanticKind string = C.AXONPUSH_ATTR_AXONPUSH_SEMANTIC_KIND
	// AttrDurationMS is "duration_ms". How long it took, in milliseconds. The event's time is then when it began.
	AttrDurationMS string = C.AXONPUSH_ATTR_DURATION_MS
	// AttrErrorMessage is "error.message". What went wrong, for people. It is no content by its name: quote no prompt
	// in it.
	AttrErrorMessage string = C.AXONPUSH_ATTR_ERROR_MESSAGE
	// AttrErrorType is "error.type". The kind of failure, such as "timeout" or "429". An event that has one has
	// failed.
	AttrErrorType string = C.AXONPUSH_ATTR_ERROR_TYPE
	// AttrGenAIAgentID is "gen_ai.agent.id". The id of the agent.
	AttrGenAIAgentID string = C.AXONPUSH_ATTR_GEN_AI_AGENT_ID
	// AttrGenAIAgentName is "gen_ai.agent.name". The name of the agent.
	AttrGenAIAgentName string = C.AXONPUSH_ATTR_GEN_AI_AGENT_NAME
	// AttrGenAIConversationID is "gen_ai.conversation.id". The conversation, session or thread that a call belongs to.
	AttrGenAIConversationID string = C.AXONPUSH_ATTR_GEN_AI_CONVERSATION_ID
	// AttrGenAIInputMessages is "gen_ai.input.messages". What a model or an agent was given: a list of messages, or
	// text. This is content.
	AttrGenAIInputMessages string = C.AXONPUSH_ATTR_GEN_AI_INPUT_MESSAGES
	// AttrGenAIOperationName is "gen_ai.operation.name". The operation: "chat", "embeddings", "execute_tool",
	// "invoke_agent", and so on.
	AttrGenAIOperationName string = C.AXONPUSH_ATTR_GEN_AI_OPERATION_NAME
	// AttrGenAIOutputMessages is "gen_ai.output.messages". What a model or an agent responded: a list of messages, or
	// text. This is content.
	AttrGenAIOutputMessages string = C.AXONPUSH_ATTR_GEN_AI_OUTPUT_MESSAGES
	// AttrGenAIPromptID is "gen_ai.prompt.id". The id of the prompt that the service keeps.
	AttrGenAIPromptID string = C.AXONPUSH_ATTR_GEN_AI_PROMPT_ID
	// AttrGenAIPromptVersion is "gen_ai.prompt.version". The version of that prompt.
	AttrGenAIPromptVersion string = C.AXONPUSH_ATTR_GEN_AI_PROMPT_VERSION
	// AttrGenAIProviderName is "gen_ai.provider.name". Whose model it is: "openai", "anthropic", "aws.bedrock", and so
	// on.
	AttrGenAIProviderName string = C.AXONPUSH_ATTR_GEN_AI_PROVIDER_NAME
	// AttrGenAIRequestModel is "gen_ai.request.model". The model that was asked for.
	AttrGenAIRequestModel string = C.AXONPUSH_ATTR_GEN_AI_REQUEST_MODEL
	// AttrGenAIResponseFinishReasons is "gen_ai.response.finish_reasons". Why the model stopped: a list of texts, one
	// for each response, such as ["stop"].
	AttrGenAIResponseFinishReasons string = C.AXONPUSH_ATTR_GEN_AI_RESPONSE_FINISH_REASONS
	// AttrGenAIResponseID is "gen_ai.response.id". The provider's id of the response.
	AttrGenAIResponseID string = C.AXONPUSH_ATTR_GEN_AI_RESPONSE_ID
	// AttrGenAIResponseModel is "gen_ai.response.model". The model that responded.
	AttrGenAIResponseModel string = C.AXONPUSH_ATTR_GEN_AI_RESPONSE_MODEL
	// AttrGenAISystemInstructions is "gen_ai.system_instructions". The instructions that were given apart from the
	// messages. This is content.
	AttrGenAISystemInstructions string = C.AXONPUSH_ATTR_GEN_AI_SYSTEM_INSTRUCTIONS
	// AttrGenAIToolCallArguments is "gen_ai.tool.call.arguments". What a tool was given. This is content.
	AttrGenAIToolCallArguments string = C.AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ARGUMENTS
	// AttrGenAIToolCallID is "gen_ai.tool.call.id". The model's id of the tool call.
	AttrGenAIToolCallID string = C.AXONPUSH_ATTR_GEN_AI_TOOL_CALL_ID
	// AttrGenAIToolCallResult is "gen_ai.tool.call.result". What a tool returned. This is content.
	AttrGenAIToolCallResult string = C.AXONPUSH_ATTR_GEN_AI_TOOL_CALL_RESULT
	// AttrGenAIToolName is "gen_ai.tool.name". The name of the tool.
	AttrGenAIToolName string = C.AXONPUSH_ATTR_GEN_AI_TOOL_NAME
	// AttrGenAIUsageCacheReadInputTokens is "gen_ai.usage.cache_read_input_tokens". How many of the input tokens came
	// from the provider's cache.
	AttrGenAIUsageCacheReadInputTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
	// AttrGenAIUsageCacheWriteInputTokens is "gen_ai.usage.cache_write_input_tokens". How many of the input tokens
	// were written to the provider's cache.
	AttrGenAIUsageCacheWriteInputTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS
	// AttrGenAIUsageCostUSD is "gen_ai.usage.cost_usd". What it cost, in US dollars.
	AttrGenAIUsageCostUSD string = C.AXONPUSH_ATTR_GEN_AI_USAGE_COST_USD
	// AttrGenAIUsageInputTokens is "gen_ai.usage.input_tokens". How many tokens the model was given.
	AttrGenAIUsageInputTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_INPUT_TOKENS
	// AttrGenAIUsageOutputTokens is "gen_ai.usage.output_tokens". How many tokens the model responded with.
	AttrGenAIUsageOutputTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_OUTPUT_TOKENS
	// AttrGenAIUsageReasoningTokens is "gen_ai.usage.reasoning_tokens". How many of the output tokens were spent on
	// reasoning.
	AttrGenAIUsageReasoningTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_REASONING_TOKENS
	// AttrGenAIUsageTotalTokens is "gen_ai.usage.total_tokens". Input and output tokens together, where the two are
	// not known.
	AttrGenAIUsageTotalTokens string = C.AXONPUSH_ATTR_GEN_AI_USAGE_TOTAL_TOKENS
	// AttrServiceName is "service.name". The program that the event comes from.
	AttrServiceName string = C.AXONPUSH_ATTR_SERVICE_NAME
	// AttrServiceVersion is "service.version". The release of that program.
	AttrServiceVersion string = C.AXONPUSH_ATTR_SERVICE_VERSION
	// AttrSessionID is "session.id". The session that the event belongs to; it goes before the conversation.
	AttrSessionID string = C.AXONPUSH_ATTR_SESSION_ID
	// AttrUserID is "user.id". The user on whose behalf it happened.
	AttrUserID string = C.AXONPUSH_ATTR_USER_ID
)
