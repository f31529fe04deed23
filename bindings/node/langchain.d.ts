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
  /** Events that could not be handed over. */
  get lost(): number;
}
