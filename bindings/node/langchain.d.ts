import { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import type { AxonPush, CallbackOptions, JsonObject } from './index.js';

export interface LangChainOptions extends CallbackOptions {
  /** Added to the metadata of every event. */
  metadata?: JsonObject;
}

/** A callback handler for LangChain: `chain.invoke(input, { callbacks: [new AxonPushCallbackHandler(client)] })`. It never throws. */
export declare class AxonPushCallbackHandler extends BaseCallbackHandler {
  constructor(client: AxonPush, options?: LangChainOptions);
  name: string;
  /** The number of events that could not be enqueued. */
  get lost(): number;
}
