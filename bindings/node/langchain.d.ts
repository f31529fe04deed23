import type { AxonPush, CallbackOptions, JsonObject } from './index.js';

export interface LangChainOptions extends CallbackOptions {
  /** Added to the metadata of every event. */
  metadata?: JsonObject;
}

/**
 * A callback handler for LangChain: `chain.invoke(input, { callbacks: [new AxonPushCallbackHandler(client)] })`. It never throws.
 *
 * The trace of a run is named after its root run, unless the options name one or a trace is current.
 */
export declare class AxonPushCallbackHandler {
  constructor(client: AxonPush, options?: LangChainOptions);
  /** By this name LangChain tells a handler from an object with some of its methods. */
  readonly name: string;
  readonly awaitHandlers: boolean;
  /** The number of events that could not be enqueued. */
  get lost(): number;
  copy(): this;
  handleChainStart(chain: any, inputs: any, runId: string, ...more: any[]): void;
  handleChainEnd(outputs: any, runId: string, parentRunId?: string): void;
  handleChainError(error: any, runId: string, parentRunId?: string): void;
  handleLLMStart(llm: any, prompts: string[], runId: string, ...more: any[]): void;
  handleLLMNewToken(token: string, index: any, runId: string, parentRunId?: string): void;
  handleLLMEnd(output: any, runId: string, parentRunId?: string): void;
  handleLLMError(error: any, runId: string, parentRunId?: string): void;
  handleToolStart(tool: any, input: string, runId: string, ...more: any[]): void;
  handleToolEnd(output: any, runId: string, parentRunId?: string): void;
  handleToolError(error: any, runId: string, parentRunId?: string): void;
}
