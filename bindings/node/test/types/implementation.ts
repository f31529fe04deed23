// index.d.ts is written by hand: what it declares must be there in the JavaScript that it describes.
import type * as declared from '../../index.js';
import * as real from '../../src/index.js';
import { Background } from '../../src/background.js';
import { load } from '../../src/library.js';

export const client: declared.AxonPush = new real.AxonPush();
export const error: Omit<declared.AxonPushError, 'name' | 'status'> = new real.AxonPushError('AXONPUSH_ERR_API', '');
export const response: Pick<declared.AxonPushResponse, keyof declared.AxonPushResponse> = new real.AxonPushResponse('{}', 200, null);
export const delivery: declared.Delivery = new Background(load(undefined), 0, { blocks: false, blockTimeoutMs: 0 }).deliver();
export const setLogLevel: typeof declared.setLogLevel = real.setLogLevel;
export const trace: declared.Trace = new real.Trace();
export const Trace: typeof declared.Trace = real.Trace;
export const withTrace: typeof declared.withTrace = real.withTrace;
export const EventType: typeof declared.EventType = real.EventType;
export const verifyWebhook: typeof declared.verifyWebhook = real.verifyWebhook;
export const signWebhook: typeof declared.signWebhook = real.signWebhook;
