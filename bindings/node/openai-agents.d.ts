import type { AxonPush, CallbackOptions } from './index.js';

/** A tracing processor for OpenAI's Agents SDK: `addTraceProcessor(new AxonPushTracingProcessor(client))`. It never throws. */
export declare class AxonPushTracingProcessor {
  constructor(client: AxonPush, options?: CallbackOptions);
  /** The number of events that could not be enqueued. */
  get lost(): number;
  onTraceStart(): Promise<void>;
  onTraceEnd(): Promise<void>;
  onSpanStart(span: any): Promise<void>;
  onSpanEnd(span: any): Promise<void>;
  shutdown(timeout?: number): Promise<void>;
  forceFlush(): Promise<void>;
}
