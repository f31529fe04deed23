import type Anthropic from '@anthropic-ai/sdk';

import type { AxonPush, CallbackOptions } from './index.js';

/** Traces `messages.create` of Anthropic's SDK. It never throws by itself, and changes neither the results nor the errors of the SDK. */
export declare class AxonPushAnthropicTracer {
  constructor(client: AxonPush, options?: CallbackOptions);
  /** The number of events that could not be enqueued. */
  get lost(): number;
  /** Traces every `anthropic.messages.create()` from now on. Returns the same client. */
  wrap<Client extends { messages: { create: Function } }>(anthropic: Client): Client;
  /** Calls `anthropic.messages.create()` and traces it. Of a stream, only the beginning is traced. */
  createMessage: {
    (anthropic: Anthropic, parameters: Anthropic.MessageCreateParamsNonStreaming, options?: Anthropic.RequestOptions): ReturnType<Anthropic['messages']['create']> & PromiseLike<Anthropic.Message>;
    (anthropic: Anthropic, parameters: Anthropic.MessageCreateParams, options?: Anthropic.RequestOptions): ReturnType<Anthropic['messages']['create']>;
  };
  /** Publishes the result of a tool that the model has called. */
  sendToolResult(toolUseId: string, result: unknown): void;
}
