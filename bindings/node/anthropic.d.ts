import type { AxonPush, CallbackOptions } from './index.js';

/** The result of `create`, which has three overloads in the SDK: without a stream, with one, and for a `stream` that may be either. */
type Created<Create, Body> = Create extends {
  (parameters: any, ...more: any[]): infer Message;
  (parameters: any, ...more: any[]): infer Stream;
  (parameters: any, ...more: any[]): infer Either;
}
  ? Body extends { stream: infer Wanted }
    ? Wanted extends true
      ? Stream
      : Wanted extends false | null | undefined
        ? Message
        : Either
    : Message
  : never;

/** Traces `messages.create` of Anthropic's SDK. It never throws by itself, and changes neither the results nor the errors of the SDK. */
export declare class AxonPushAnthropicTracer {
  constructor(client: AxonPush, options?: CallbackOptions);
  /** The number of events that could not be enqueued. */
  get lost(): number;
  /** Traces every `anthropic.messages.create()` from now on. Returns the same client. */
  wrap<Client extends { messages: { create: Function } }>(anthropic: Client): Client;
  /** Calls `anthropic.messages.create()` and traces it. Of a stream, only the beginning is traced. */
  createMessage<Create extends (...parameters: any[]) => any, const Body>(
    anthropic: { messages: { create: Create } },
    parameters: Body & Parameters<Create>[0],
    ...more: any[]
  ): Created<Create, Body>;
  /** Publishes the result of a tool that the model has called. */
  sendToolResult(toolUseId: string, result: unknown): void;
}
