import { Attribute } from './attributes.js';
import { invalidArgument } from './error.js';

/** @import { AgentRun, ModelCall, ToolCall } from '../index.js' */

// The payloads of model calls, tool calls and agent runs. See index.d.ts.
//
// A table has each member's attribute, in the order of the attributes' names, as in every language (tests/conformance/genai.json).

/** @typedef {Record<string, string>} Table */

const ENDING = {
  durationMs: Attribute.DURATION_MS,
  errorMessage: Attribute.ERROR_MESSAGE,
  errorType: Attribute.ERROR_TYPE,
};

/** @satisfies {Record<keyof Required<ModelCall>, string>} */
const MODEL_CALL = {
  ...ENDING,
  conversationId: Attribute.GEN_AI_CONVERSATION_ID,
  inputMessages: Attribute.GEN_AI_INPUT_MESSAGES,
  operation: Attribute.GEN_AI_OPERATION_NAME,
  outputMessages: Attribute.GEN_AI_OUTPUT_MESSAGES,
  provider: Attribute.GEN_AI_PROVIDER_NAME,
  requestModel: Attribute.GEN_AI_REQUEST_MODEL,
  finishReason: Attribute.GEN_AI_RESPONSE_FINISH_REASONS,
  responseId: Attribute.GEN_AI_RESPONSE_ID,
  responseModel: Attribute.GEN_AI_RESPONSE_MODEL,
  systemInstructions: Attribute.GEN_AI_SYSTEM_INSTRUCTIONS,
  cacheReadTokens: Attribute.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  cacheWriteTokens: Attribute.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  costUsd: Attribute.GEN_AI_USAGE_COST_USD,
  inputTokens: Attribute.GEN_AI_USAGE_INPUT_TOKENS,
  outputTokens: Attribute.GEN_AI_USAGE_OUTPUT_TOKENS,
  reasoningTokens: Attribute.GEN_AI_USAGE_REASONING_TOKENS,
};

/** @satisfies {Record<keyof Required<ToolCall> | 'operation', string>} */
const TOOL_CALL = {
  ...ENDING,
  operation: Attribute.GEN_AI_OPERATION_NAME,
  arguments: Attribute.GEN_AI_TOOL_CALL_ARGUMENTS,
  callId: Attribute.GEN_AI_TOOL_CALL_ID,
  result: Attribute.GEN_AI_TOOL_CALL_RESULT,
  name: Attribute.GEN_AI_TOOL_NAME,
};

/** @satisfies {Record<keyof Required<AgentRun> | 'operation', string>} */
const AGENT_RUN = {
  ...ENDING,
  agentId: Attribute.GEN_AI_AGENT_ID,
  agentName: Attribute.GEN_AI_AGENT_NAME,
  conversationId: Attribute.GEN_AI_CONVERSATION_ID,
  inputMessages: Attribute.GEN_AI_INPUT_MESSAGES,
  operation: Attribute.GEN_AI_OPERATION_NAME,
  outputMessages: Attribute.GEN_AI_OUTPUT_MESSAGES,
  systemInstructions: Attribute.GEN_AI_SYSTEM_INSTRUCTIONS,
};

/** @param {ModelCall} call */
export function modelCall(call) {
  const { finishReason, operation, ...others } = call;
  const finishReasons = finishReason === undefined || finishReason === null ? undefined : [finishReason];
  return payload('modelCall', MODEL_CALL, { ...others, operation: operation ?? 'chat', finishReason: finishReasons });
}

/** @param {ToolCall} call */
export function toolCall(call) {
  return payload('toolCall', TOOL_CALL, { ...call, operation: 'execute_tool' });
}

/** @param {AgentRun} run */
export function agentRun(run) {
  return payload('agentRun', AGENT_RUN, { ...run, operation: 'invoke_agent' });
}

/**
 * @param {string} what
 * @param {Table} table
 * @param {Record<string, unknown>} given
 */
function payload(what, table, given) {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) throw invalidArgument(`${what}: it has no member ${JSON.stringify(name)}`);
  }
  /** @type {Record<string, unknown>} */
  const members = {};
  for (const [name, attribute] of Object.entries(table)) {
    if (given[name] !== undefined && given[name] !== null) members[attribute] = given[name];
  }
  return members;
}
