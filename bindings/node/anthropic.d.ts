import type Anthropic from '@anthropic-ai/sdk';

import type { AxonPush, CallbackOptions } from './index.js';

/** Traces `messages.create` of Anthropic's SDK. It never throws; what the SDK throws and gives stays as it is. */
export declare class AxonPushAnthropicTracer {
  constructor(client: AxonPush, options?: CallbackOptions);
  /** Events that could not be handed over. */
  get lost(): number;
  /** Has every `anthropic.messages.create()` traced from now on; gives the same client. */
  wrap<Client extends { messages: { create: Function } }>(anthropic: Client): Client;
  /** `anthropic.messages.create()`, traced. Of a stream, only its beginning is. */
  createMessage: {
    (anthropic: Anthropic, parameters: Anthropic.MessageCreateParamsNonStreaming, options?: Anthropic.RequestOptions): ReturnType<Anthropic['messages']['create']> & PromiseLike<Anthropic.Message>;
    (anthropic: Anthropic, parameters: Anthropic.MessageCreateParams, options?: Anthropic.RequestOptions): ReturnType<Anthropic['messages']['create']>;
  };
  /** Says that a tool has returned what the model asked for. */
  sendToolResult(toolUseId: string, result: unknown): void;
}
