package axonpush_test

import (
	"os"
	"strings"
	"testing"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestAttributes(t *testing.T) {
	attributes := map[string]string{
		"AXONPUSH_SEMANTIC_KIND":                axonpush.AttrAxonPushSemanticKind,
		"DURATION_MS":                           axonpush.AttrDurationMS,
		"ERROR_MESSAGE":                         axonpush.AttrErrorMessage,
		"ERROR_TYPE":                            axonpush.AttrErrorType,
		"GEN_AI_AGENT_ID":                       axonpush.AttrGenAIAgentID,
		"GEN_AI_AGENT_NAME":                     axonpush.AttrGenAIAgentName,
		"GEN_AI_CONVERSATION_ID":                axonpush.AttrGenAIConversationID,
		"GEN_AI_INPUT_MESSAGES":                 axonpush.AttrGenAIInputMessages,
		"GEN_AI_OPERATION_NAME":                 axonpush.AttrGenAIOperationName,
		"GEN_AI_OUTPUT_MESSAGES":                axonpush.AttrGenAIOutputMessages,
		"GEN_AI_PROMPT_ID":                      axonpush.AttrGenAIPromptID,
		"GEN_AI_PROMPT_VERSION":                 axonpush.AttrGenAIPromptVersion,
		"GEN_AI_PROVIDER_NAME":                  axonpush.AttrGenAIProviderName,
		"GEN_AI_REQUEST_MODEL":                  axonpush.AttrGenAIRequestModel,
		"GEN_AI_RESPONSE_FINISH_REASONS":        axonpush.AttrGenAIResponseFinishReasons,
		"GEN_AI_RESPONSE_ID":                    axonpush.AttrGenAIResponseID,
		"GEN_AI_RESPONSE_MODEL":                 axonpush.AttrGenAIResponseModel,
		"GEN_AI_SYSTEM_INSTRUCTIONS":            axonpush.AttrGenAISystemInstructions,
		"GEN_AI_TOOL_CALL_ARGUMENTS":            axonpush.AttrGenAIToolCallArguments,
		"GEN_AI_TOOL_CALL_ID":                   axonpush.AttrGenAIToolCallID,
		"GEN_AI_TOOL_CALL_RESULT":               axonpush.AttrGenAIToolCallResult,
		"GEN_AI_TOOL_NAME":                      axonpush.AttrGenAIToolName,
		"GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS":  axonpush.AttrGenAIUsageCacheReadInputTokens,
		"GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS": axonpush.AttrGenAIUsageCacheWriteInputTokens,
		"GEN_AI_USAGE_COST_USD":                 axonpush.AttrGenAIUsageCostUSD,
		"GEN_AI_USAGE_INPUT_TOKENS":             axonpush.AttrGenAIUsageInputTokens,
		"GEN_AI_USAGE_OUTPUT_TOKENS":            axonpush.AttrGenAIUsageOutputTokens,
		"GEN_AI_USAGE_REASONING_TOKENS":         axonpush.AttrGenAIUsageReasoningTokens,
		"GEN_AI_USAGE_TOTAL_TOKENS":             axonpush.AttrGenAIUsageTotalTokens,
		"SERVICE_NAME":                          axonpush.AttrServiceName,
		"SERVICE_VERSION":                       axonpush.AttrServiceVersion,
		"SESSION_ID":                            axonpush.AttrSessionID,
		"USER_ID":                               axonpush.AttrUserID,
	}
	header, err := os.ReadFile("../../include/axonpush.h")
	must(t, err)
	if n := strings.Count(string(header), "#define AXONPUSH_ATTR_"); n != len(attributes) {
		t.Errorf("%d attributes in C, %d here", n, len(attributes))
	}
	for name, text := range attributes {
		if !strings.Contains(string(header), "#define AXONPUSH_ATTR_"+name+" \""+text+"\"\n") {
			t.Errorf("%s is not %q in C", name, text)
		}
	}
}
