export { Attribute } from './attributes.js';
export { AxonPush } from './client.js';
export { AxonPushError } from './error.js';
export { EventType } from './event-types.js';
export { agentRun, modelCall, toolCall } from './genai.js';
export { setLogLevel } from './log.js';
export { AxonPushResponse } from './response.js';
export { Trace, withTrace } from './trace.js';
export { signWebhook, verifyWebhook } from './webhook.js';
