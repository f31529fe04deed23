/**
 * How a client is to behave. What is left out (or null) is the environment variable if there is one, else the default.
 */
export interface AxonPushOptions {
  /** An API key (`ak_…`), or a public ingest token (`pt_…`) that may only publish. Required, here or as AXONPUSH_API_KEY. */
  apiKey?: string | null;
  /** Organisation the calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID; default none. */
  tenantId?: string | null;
  /** The service: http or https, a path in it is kept as a prefix. AXONPUSH_BASE_URL; default https://api.axonpush.xyz. */
  baseUrl?: string | null;
  /** Environment slug. AXONPUSH_ENVIRONMENT; default none. */
  environment?: string | null;
  /** Channel of events that name none. AXONPUSH_CHANNEL_ID; default: the organisation's default channel. */
  channelId?: string | null;
  /** Milliseconds for one whole attempt, of which connecting takes at most 5000. AXONPUSH_TIMEOUT, in seconds; default 30000. */
  timeoutMs?: number | null;
  /** How often a failed call is repeated at most; 0: never. AXONPUSH_MAX_RETRIES; default 3. */
  maxRetries?: number | null;
  /** Whether an unreachable service is a logged warning (true) or an error (false: strict mode). AXONPUSH_FAIL_OPEN; default true. */
  failOpen?: boolean | null;
  /** Events that may wait for background delivery, those being sent included. Default 10000. */
  queueMaxEvents?: number | null;
  /** Bytes that these events may take. Default 33554432 (32 MiB). */
  queueMaxBytes?: number | bigint | null;
  /**
   * What happens to an event for which the queue has no room. Default `drop_oldest`.
   *
   * `drop_oldest`: the oldest event makes room and is rejected with AXONPUSH_ERR_QUEUE_FULL. `drop_newest`: the new event is
   * rejected with it. `block`: the new event waits for room, in memory of JavaScript's and without blocking anything; see
   * {@link Delivery.accepted}.
   */
  overflow?: 'drop_oldest' | 'drop_newest' | 'block' | null;
  /** Milliseconds for which a queued event is retried. Default 300000. */
  deliveryTimeoutMs?: number | null;
  /** Connections of background publishing, at most 256; more than one only under backlog. Default 8. */
  maxConnections?: number | null;
  /** Milliseconds that close(), or the end of the process, may spend on delivering what waits. Default 2000. */
  shutdownTimeoutMs?: number | null;
  /** How much of prompts, messages, tool results and other content leaves the process. AXONPUSH_CONTENT_CAPTURE; default `metadata_only`. */
  contentCapture?: 'metadata_only' | 'redacted' | 'full' | null;
  /** Names, in any case, of members whose values never leave the process; an array, or separated by commas. AXONPUSH_REDACT_KEYS; default none. */
  redactKeys?: string | readonly string[] | null;
  /** Unicode characters after which any string is cut. AXONPUSH_MAX_CONTENT_LENGTH; default 4096. */
  maxContentLength?: number | null;
  /** PEM file of the certificate authorities to trust in place of the platform's. */
  caFile?: string | null;
  /** The same as text; it wins over caFile. */
  caPem?: string | null;
  /** URL of an HTTP proxy. It wins over HTTPS_PROXY, HTTP_PROXY and NO_PROXY; "" means no proxy at all. */
  proxy?: string | null;
  /** Product token of your program ("my-app/1.0"), added to the User-Agent. */
  userAgent?: string | null;
  /** File of the native library. AXONPUSH_LIBRARY; default: see README.md, "The native library". */
  library?: string;
}

/** An object that JSON.stringify can write. */
export type JsonObject = object;

/** An event to publish. What is left out (or null) is left to the library or the service. */
export interface AxonPushEvent {
  /** What happened, such as the name of an operation. */
  identifier: string;
  /** An object, or the JSON text of one; at most 16 MiB and 127 levels deep. */
  payload: JsonObject | string;
  /** Where to publish it; default: the client's channel, else the organisation's. */
  channelId?: string | null;
  /** Default `custom`. Any text is legal. */
  eventType?: KnownEventType | (string & {}) | null;
  /** The agent that the event is about. */
  agentId?: string | null;
  /** The trace that the event belongs to; default: one of its own. */
  traceId?: string | null;
  /** The event's span; default: drawn at random (16 hex digits). */
  spanId?: string | null;
  /** The span it happened in. */
  parentSpanId?: string | null;
  /** The service stores an event once per key: 1 to 255 printable ASCII characters. Default: a UUID. Every retry carries the same. */
  dedupKey?: string | null;
  /** When it happened: a Date, or RFC 3339 in UTC. Default: now. */
  occurredAt?: Date | string | null;
  /** An object of your own making, or the JSON text of one. */
  metadata?: JsonObject | string | null;
}

/** The event types that the service knows; any other text is legal. */
export declare const EventType: Readonly<{
  AGENT_START: 'agent.start';
  AGENT_END: 'agent.end';
  AGENT_MESSAGE: 'agent.message';
  AGENT_TOOL_CALL_START: 'agent.tool_call.start';
  AGENT_TOOL_CALL_END: 'agent.tool_call.end';
  AGENT_ERROR: 'agent.error';
  AGENT_HANDOFF: 'agent.handoff';
  AGENT_LLM_TOKEN: 'agent.llm.token';
  AGENT_LOG: 'agent.log';
  APP_LOG: 'app.log';
  APP_SPAN: 'app.span';
  CUSTOM: 'custom';
}>;

export type KnownEventType = (typeof EventType)[keyof typeof EventType];

/** Filters of events, all optional, all of them to be met. */
export interface EventQuery {
  /** Inclusive; default: the last 24 hours. */
  since?: Date | string | null;
  /** Exclusive. The oldest `createdAt` seen leads to the page before. */
  until?: Date | string | null;
  /** At most 500; default 50. */
  limit?: number | null;
  appId?: string | null;
  channelId?: string | null;
  environmentId?: string | null;
  eventType?: KnownEventType | (string & {}) | null;
  source?: string | null;
  status?: string | null;
  traceId?: string | null;
  agentId?: string | null;
  agentName?: string | null;
  toolName?: string | null;
  semanticKind?: string | null;
  serviceName?: string | null;
  operationName?: string | null;
  errorType?: string | null;
  /** Free text, in any case. */
  q?: string | null;
  /** An attribute; goes with `attrValue`. */
  attrKey?: string | null;
  attrValue?: string | null;
}

/** An event as the service has it. It may have more members than are named here. */
export interface StoredEvent {
  orgId: string;
  eventId: string;
  appId: string;
  channelId: string;
  eventType: string;
  source: string;
  createdAt: string;
  occurredAt: string;
  payloadSpilled: boolean;
  identifier?: string;
  payload?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  agentId?: string;
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  [member: string]: unknown;
}

/** The service's answer to an event. */
export interface PublishedData {
  eventId: string;
  [member: string]: unknown;
}

/** What the service answered. */
export declare class AxonPushResponse<Data = unknown> {
  private constructor();
  /** The answer, parsed when it is first read; null where it was empty. */
  get data(): Data;
  /** The same as JSON text, for numbers beyond 2^53. */
  readonly text: string;
  readonly httpStatus: number;
  /** The service's id of the request. */
  readonly requestId: string | null;
  /** `data.eventId`: the service's id of a published event. */
  get eventId(): Data extends PublishedData ? string : unknown;
}

export type Published = AxonPushResponse<PublishedData>;

/** The name of an axonpush_status other than AXONPUSH_OK; include/axonpush.h says cause and consequence of each. */
export type AxonPushStatus =
  | 'AXONPUSH_ERR_INVALID_ARGUMENT'
  | 'AXONPUSH_ERR_INVALID_HANDLE'
  | 'AXONPUSH_ERR_CONFIG'
  | 'AXONPUSH_ERR_CONNECTION'
  | 'AXONPUSH_ERR_AUTHENTICATION'
  | 'AXONPUSH_ERR_FORBIDDEN'
  | 'AXONPUSH_ERR_NOT_FOUND'
  | 'AXONPUSH_ERR_VALIDATION'
  | 'AXONPUSH_ERR_RATE_LIMIT'
  | 'AXONPUSH_ERR_SERVER'
  | 'AXONPUSH_ERR_API'
  | 'AXONPUSH_ERR_DECODE'
  | 'AXONPUSH_ERR_QUEUE_FULL'
  | 'AXONPUSH_ERR_TIMEOUT'
  | 'AXONPUSH_ERR_CLOSED'
  | 'AXONPUSH_ERR_INTERNAL';

/** Why a call failed. `message` never holds the API key. */
export declare class AxonPushError extends Error {
  private constructor();
  readonly name: 'AxonPushError';
  /** May be one that a later library adds. */
  readonly status: AxonPushStatus | (string & {});
  /** The HTTP status of the answer; null if there was none. */
  readonly httpStatus: number | null;
  /** The service's machine-readable code, such as "validation_error". */
  readonly code: string | null;
  /** What the service suggests to do. */
  readonly hint: string | null;
  /** The service's id of the failed request, to quote to its support. */
  readonly requestId: string | null;
  /** How many milliseconds the service asks to wait before the next try. */
  readonly retryAfterMs: number | null;
  /** Whether the same call can succeed later. */
  readonly retryable: boolean;
}

/**
 * What becomes of an enqueued event: a promise of the service's answer, or of null if it was given up under fail-open. It is
 * rejected with an AxonPushError if the event was refused or not delivered.
 *
 * Await it, or leave it alone: as long as nobody calls then(), catch() or finally(), its failure is no unhandled rejection,
 * and it does not keep the process alive.
 */
export interface Delivery extends Promise<Published | null> {
  /**
   * Resolved when the event is in the queue: at once, but with `overflow: 'block'` when there is room. Await it before the
   * next event to produce no faster than events are delivered. Rejected as the delivery is if the event never gets there.
   */
  readonly accepted: Promise<void>;
}

export interface AxonPushEvents {
  /**
   * Publishes one event and waits for the answer, with retries. null: the service cannot be reached, suppressed by fail-open.
   * Calls that wait for the network are limited to half of libuv's threads at a time; the others wait for their turn.
   */
  publish(event: AxonPushEvent): Promise<Published | null>;
  /** Accepts one event for delivery in the background, in order, and returns at once. */
  enqueue(event: AxonPushEvent): Delivery;
  /** Events of a channel (default: the client's), newest first. An empty list: there are none, or suppressed by fail-open. */
  list(channelId?: string | null, query?: EventQuery): Promise<StoredEvent[]>;
  /** Events of the organisation, newest first. An empty list: there are none, or suppressed by fail-open. */
  search(query?: EventQuery): Promise<StoredEvent[]>;
  /**
   * Walks back through all events of a channel (null: of the organisation), from the newest to the oldest, page by page behind
   * the scenes: no event twice and none left out. `limit` is the size of a page (default 500); without `since` the service goes
   * back 24 hours. An unreachable service is the end, under fail-open.
   */
  iterate(channelId?: string | null, query?: EventQuery): AsyncGenerator<StoredEvent, void, undefined>;
}

export interface RequestOptions {
  /** Encoded text without "?", or parameters to be encoded. */
  query?: string | URLSearchParams | Record<string, string | number | boolean | null | undefined> | null;
  /** A value to be sent as JSON; undefined: none. */
  body?: unknown;
  /** The same as JSON text. */
  bodyText?: string;
}

/** What became of the events that enqueue() took, and of the network. Numbers beyond 2^53 lose their last digits. */
export interface AxonPushStats {
  /** Events that enqueue() took: the sum of the next six and queuedEvents. */
  accepted: number;
  /** The service said that it has them. */
  delivered: number;
  /** The service rejected them for good. */
  failed: number;
  /** Given up while the service was unreachable, under fail-open. */
  suppressed: number;
  /** Made room for newer ones. */
  dropped: number;
  /** Not delivered within deliveryTimeoutMs. */
  expired: number;
  /** Not delivered when a shutdown ran out of time. */
  abandoned: number;
  /** Waiting or being sent now. */
  queuedEvents: number;
  /** Bytes that these take. */
  queuedBytes: number;
  /** Attempts beyond the first, of all calls and events. */
  retried: number;
  /** Connections opened so far. */
  connections: number;
  /** Events that log sinks and framework callbacks could not hand over. */
  logEventsLost: number;
}

/** What the service has of an app, a channel and so on. It may have more members than are named here. */
export interface App {
  appId: string;
  name: string;
  [member: string]: unknown;
}
export interface Channel {
  channelId: string;
  name: string;
  [member: string]: unknown;
}
export interface Environment {
  slug: string;
  name: string;
  [member: string]: unknown;
}
export interface WebhookEndpoint {
  endpointId: string;
  url: string;
  [member: string]: unknown;
}
/** Any other object of the service's. */
export interface Resource {
  [member: string]: unknown;
}

/** The answer of the service; null: it could not be reached, suppressed by fail-open. */
export type Answer<Data = unknown> = Promise<AxonPushResponse<Data> | null>;

export interface EnvironmentFields {
  name?: string | null;
  /** Default: made of the name, by the service. */
  slug?: string | null;
  /** For the dashboard, such as "#00aa00". */
  color?: string | null;
  /** Whether events that name no environment belong to it. */
  isDefault?: boolean | null;
  isProduction?: boolean | null;
}

export interface WebhookFields {
  /** The channel whose events are delivered. */
  channelId: string;
  url: string;
  /** Default: all. */
  eventTypes?: readonly (KnownEventType | (string & {}))[] | string | null;
  description?: string | null;
}

/** Filters of traces, and of the events in them. Where an array is allowed, any of its values is to be met. */
export interface TraceQuery extends EventQuery {
  service?: string | readonly string[] | null;
  operation?: string | readonly string[] | null;
  model?: string | readonly string[] | null;
  provider?: string | readonly string[] | null;
  agent?: string | readonly string[] | null;
  tool?: string | readonly string[] | null;
  release?: string | readonly string[] | null;
  session?: string | readonly string[] | null;
  user?: string | readonly string[] | null;
  /** What to sort by, as the service names it. */
  sort?: string | null;
  minDurationMs?: number | bigint | null;
  /** How many to pass over. */
  offset?: number | null;
  /** Only traces with an error in them. */
  errorsOnly?: boolean | null;
}

export interface AxonPushApps {
  list(): Promise<App[]>;
  create(name: string): Answer<App>;
  get(appId: string): Answer<App>;
  update(appId: string, name: string): Answer<App>;
  delete(appId: string): Answer;
}

export interface AxonPushChannels {
  list(appId: string): Promise<Channel[]>;
  create(appId: string, name: string): Answer<Channel>;
  get(appId: string, channelId: string): Answer<Channel>;
  update(appId: string, channelId: string, name: string): Answer<Channel>;
  delete(appId: string, channelId: string): Answer;
}

export interface AxonPushEnvironments {
  list(): Promise<Environment[]>;
  create(environment: EnvironmentFields & { name: string }): Answer<Environment>;
  /** Changes the members that are given. */
  update(slug: string, environment: EnvironmentFields): Answer<Environment>;
  delete(slug: string): Answer;
  /** Makes it the default one. */
  promote(slug: string): Answer;
}

export interface AxonPushWebhooks {
  list(channelId: string): Promise<WebhookEndpoint[]>;
  /** The answer has the endpoint's secret. */
  create(webhook: WebhookFields): Answer<WebhookEndpoint>;
  delete(endpointId: string): Answer;
  deliveries(endpointId: string): Promise<Resource[]>;
}

export interface AxonPushTraces {
  list(query?: TraceQuery): Promise<Resource[]>;
  /** A trace with its spans. */
  get(traceId: string): Answer<{ traceId: string; spans: StoredEvent[] | null; [member: string]: unknown }>;
}

export interface AxonPushOrganizations {
  /** The organizations of the key's user. */
  list(): Promise<Resource[]>;
  /** The organization that the key belongs to. */
  get(): Answer<Resource>;
  /** Changes the organization that the key belongs to: an object of the members to change. */
  update(changes: JsonObject): Answer<Resource>;
  delete(orgId: string): Answer;
  invite(orgId: string, invitedEmail: string, role: string): Answer<Resource>;
  cancelInvitation(orgId: string, invitationId: string): Answer;
  removeMember(orgId: string, userId: string): Answer;
  transferOwnership(orgId: string, userId: string): Answer;
  leave(orgId: string): Answer;
}

/** A client: configuration, connections, and a queue of its own. Close it when you are done with it. */
export declare class AxonPush {
  /** Nothing is sent yet. Throws an AxonPushError for options that cannot be used. */
  constructor(options?: AxonPushOptions);
  readonly events: AxonPushEvents;
  readonly apps: AxonPushApps;
  readonly channels: AxonPushChannels;
  readonly environments: AxonPushEnvironments;
  readonly webhooks: AxonPushWebhooks;
  readonly traces: AxonPushTraces;
  readonly organizations: AxonPushOrganizations;
  /** What the service can do. */
  readonly capabilities: { get(): Answer<Resource> };
  /** Whether the service is well. Under fail-open an unreachable service is null. */
  readonly health: { get(): Answer<Resource> };
  /** The version of the native library. */
  get libraryVersion(): string;
  /**
   * Calls any other endpoint, with the same credentials, retries, errors and fail-open. `path` starts with "/" and is relative
   * to the base URL; use encodeURIComponent() for ids in it. null: suppressed by fail-open.
   */
  request<Data = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: RequestOptions,
  ): Promise<AxonPushResponse<Data> | null>;
  /**
   * Waits until every event enqueued so far has ended, delivered or not. Rejected with AXONPUSH_ERR_TIMEOUT after `timeoutMs`
   * (default 30000): the events stay queued.
   */
  flush(timeoutMs?: number): Promise<void>;
  /**
   * Stops the client for good: new calls and events are rejected with AXONPUSH_ERR_CLOSED, what is under way may finish within
   * `timeoutMs` (default: shutdownTimeoutMs), stats() stays readable. Rejected with AXONPUSH_ERR_TIMEOUT if events were lost.
   */
  shutdown(timeoutMs?: number): Promise<void>;
  /** Shuts down within shutdownTimeoutMs and frees everything. Never rejected; repeated calls give the same promise. */
  close(): Promise<void>;
  /** `using client = …`: begins to close, and does not wait for it. */
  [Symbol.dispose](): void;
  /** `await using client = …`: closes. */
  [Symbol.asyncDispose](): Promise<void>;
  stats(): AxonPushStats;
}

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

/**
 * Chooses what the library logs to stderr, for the whole process, over the variable AXONPUSH_LOG. Default `warn`.
 */
export declare function setLogLevel(level: LogLevel, options?: { library?: string }): void;

/**
 * A trace, and a span in it: what ties events together across functions and processes. Immutable.
 *
 * An incoming request: `withTrace(Trace.parse(headers.traceparent), () => …)`; an outgoing one gets `trace.traceparent`.
 */
export declare class Trace {
  /** Starts a trace, or goes on with one: what is not given is drawn at random (a UUID; 16 hex digits). */
  constructor(ids?: { traceId?: string | null; spanId?: string | null });
  /** Takes the trace of an incoming header (W3C Trace Context). A malformed one is refused: AXONPUSH_ERR_INVALID_ARGUMENT. */
  static parse(traceparent: string): Trace;
  /** The trace that withTrace() made current here; null: none. */
  static current(): Trace | null;
  readonly traceId: string;
  readonly spanId: string;
  /** The `traceparent` header to send with an outgoing request. */
  readonly traceparent: string;
  /** A new span in the same trace. */
  child(): Trace;
}

/**
 * Runs `work` with a trace current (null: none), and gives what it gives. Events published or enqueued meanwhile, and in
 * everything asynchronous that begins there, carry the trace's id, and its span as their parent, unless they say otherwise.
 */
export declare function withTrace<Result>(trace: Trace | null, work: () => Result): Result;

/**
 * Whether `signature`, the header X-AxonPush-Signature, is that of the exact `body` under the endpoint's secret: lower-case hex of
 * HMAC-SHA256, compared in constant time. Anything else is false, such as a header or a secret that is not there. Throws
 * AXONPUSH_ERR_INVALID_ARGUMENT for a body that is neither text nor bytes: one that was parsed cannot be verified.
 *
 * The scheme has no timestamp: refuse bodies that you have seen.
 */
export declare function verifyWebhook(
  secret: string | null | undefined,
  body: string | Uint8Array,
  signature: string | readonly string[] | null | undefined,
): boolean;

/** The signature of a body. Throws AXONPUSH_ERR_INVALID_ARGUMENT if the secret is empty. */
export declare function signWebhook(secret: string, body: string | Uint8Array): string;

/** What the log sinks of axonpush-native/pino and axonpush-native/winston have in common. */
export interface LogSinkOptions {
  /** Default: the client's channel. */
  channelId?: string | null;
  /** Default `app.log`. An agent's log is `agent.log`. */
  eventType?: 'app.log' | 'agent.log' | (string & {}) | null;
  /** The program, as `service.name`. */
  serviceName?: string | null;
  /** The agent whose log it is. */
  agentId?: string | null;
}

/** What the callbacks of axonpush-native/langchain, /openai-agents and /anthropic have in common. */
export interface CallbackOptions {
  /** Default: the client's channel. */
  channelId?: string | null;
  /** Default: a name for the framework, or the agent's own where it has one. */
  agentId?: string | null;
  /** Default: the trace that is current, else the framework's, else one of the object's own. */
  traceId?: string | null;
}
