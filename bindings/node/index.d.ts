// `using` and `await using` need these declarations, which are in no edition of ECMAScript up to 2025.
/// <reference lib="esnext.disposable" />

/**
 * The options of a client. An option that is left out or null takes its value from the environment variable, if there is one, else the
 * default.
 */
export interface AxonPushOptions {
  /** An API key (`ak_…`), or a public ingest token (`pt_…`) that may only publish. Required, here or as AXONPUSH_API_KEY. */
  apiKey?: string | null;
  /** The organization that the calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID; default none. */
  tenantId?: string | null;
  /** URL of the service, with http or https. A path in it is kept as a prefix. AXONPUSH_BASE_URL; default https://api.axonpush.xyz. */
  baseUrl?: string | null;
  /** Environment slug. AXONPUSH_ENVIRONMENT; default none. */
  environment?: string | null;
  /** Channel of events that name none. AXONPUSH_CHANNEL_ID; default: the organization's default channel. */
  channelId?: string | null;
  /** Time limit in milliseconds for each attempt. Connecting may take at most 5000 of them. AXONPUSH_TIMEOUT, in seconds; default 30000. */
  timeoutMs?: number | null;
  /** The largest number of retries of a failed call; 0: none. AXONPUSH_MAX_RETRIES; default 3. */
  maxRetries?: number | null;
  /** Whether an unreachable service is a logged warning (true) or an error (false: strict mode). AXONPUSH_FAIL_OPEN; default true. */
  failOpen?: boolean | null;
  /** The largest number of events in the queue, including those being sent. Default 10000. */
  queueMaxEvents?: number | null;
  /** The largest number of bytes that these events may take. Default 33554432 (32 MiB). */
  queueMaxBytes?: number | bigint | null;
  /**
   * What happens to an event for which the queue has no room. Default `drop_oldest`.
   *
   * `drop_oldest`: the oldest event makes room and is rejected with AXONPUSH_ERR_QUEUE_FULL. `drop_newest`: the new event is
   * rejected with it. `block`: the new event waits for room in JavaScript's memory, and blocks nothing; see {@link Delivery.accepted}.
   */
  overflow?: 'drop_oldest' | 'drop_newest' | 'block' | null;
  /**
   * Time in milliseconds that an event waits for room with `overflow: 'block'`; it is then rejected with AXONPUSH_ERR_QUEUE_FULL. Default 0:
   * it waits until there is room.
   */
  blockTimeoutMs?: number | null;
  /** Time in milliseconds for which a queued event is retried. Default 300000. */
  deliveryTimeoutMs?: number | null;
  /**
   * The largest number of HTTP/1.1 connections of background publishing, at most 256. More than one is opened only when events pile up.
   * HTTP/2 needs one, at most four. Default 32.
   */
  maxConnections?: number | null;
  /**
   * The version of HTTP that background publishing speaks; calls speak HTTP/1.1. AXONPUSH_HTTP_VERSION; default `auto`.
   *
   * `auto`: the environment variable decides if it is set, else HTTP/2 is spoken where TLS agrees on it, and HTTP/1.1 otherwise. `1.1`:
   * HTTP/1.1. `2`: HTTP/2, without asking on http:// too ("prior knowledge"); a server that has only HTTP/1.1 cannot be reached then.
   */
  httpVersion?: 'auto' | '1.1' | '2' | null;
  /**
   * A folder in which queued events outlive the process: the next client with the same folder, service, tenant and environment delivers
   * what is left. It is made if it does not exist, for this user only. AXONPUSH_SPOOL_DIR; default none: the queue is in memory only.
   */
  spoolDir?: string | null;
  /** The largest number of bytes that the files of all clients in spoolDir may take together. Default 268435456 (256 MiB). */
  spoolMaxBytes?: number | bigint | null;
  /** Time in seconds for which an event in the spool is retried, in place of deliveryTimeoutMs. Default 259200, which is three days. */
  spoolMaxAgeS?: number | null;
  /**
   * When an event in the spool outlives a power failure; from the end of the process it is safe as soon as it is in the queue. Default
   * `interval`.
   *
   * `interval`: when spoolSyncMs have passed. `none`: when the system writes it to the disk. `each`: before enqueue() returns, which
   * blocks the event loop for one write to the disk.
   */
  spoolSync?: 'interval' | 'none' | 'each' | null;
  /** Time in milliseconds until `spoolSync: 'interval'` has made an event outlive a power failure. Default 1000. */
  spoolSyncMs?: number | null;
  /**
   * How queued events leave the process; other calls always go to the service. AXONPUSH_EXPORTER; default `events`.
   *
   * `events`: the environment variable decides if it is set, else each is a request of its own to the service, which stores it once.
   * `otlp`: as log records of OpenTelemetry (OTLP over HTTP, in JSON), in batches; each is delivered at least once, and one that comes
   * twice has the same attribute `log.record.uid`, its dedup key.
   */
  exporter?: 'events' | 'otlp' | null;
  /**
   * The base URL of an OpenTelemetry Collector: `exporter: 'otlp'` sends to /v1/logs below it, and no credential or header of the
   * service's goes there. AXONPUSH_OTLP_ENDPOINT; default none: the service's own /v1/logs.
   */
  otlpEndpoint?: string | null;
  /** The headers of every request to otlpEndpoint: `name=value,name=value`, the values percent-encoded. AXONPUSH_OTLP_HEADERS; default none. */
  otlpHeaders?: string | null;
  /** The largest number of events in one request of `exporter: 'otlp'`. Default 512. */
  otlpBatchMaxEvents?: number | null;
  /** The largest number of bytes in its body, before it is compressed. Default 1048576 (1 MiB). */
  otlpBatchMaxBytes?: number | null;
  /** Time in milliseconds for which an event waits for others to be sent with it. Default 1000. */
  otlpBatchTimeoutMs?: number | null;
  /** Whether these requests are compressed (gzip). Default false. */
  otlpGzip?: boolean | null;
  /** Time in milliseconds that close(), or the end of the process, may spend on delivering queued events. Default 2000. */
  shutdownTimeoutMs?: number | null;
  /** How much of prompts, messages, tool results and other content leaves the process. AXONPUSH_CONTENT_CAPTURE; default `metadata_only`. */
  contentCapture?: 'metadata_only' | 'redacted' | 'full' | null;
  /** Names of members whose values never leave the process, in upper or lower case: an array, or a string with commas. AXONPUSH_REDACT_KEYS; default none. */
  redactKeys?: string | readonly string[] | null;
  /** The number of Unicode characters after which any string is truncated. AXONPUSH_MAX_CONTENT_LENGTH; default 4096. */
  maxContentLength?: number | null;
  /** PEM file of certificate authorities to trust in place of the platform's. */
  caFile?: string | null;
  /** The same certificates as a string in PEM format. Takes precedence over caFile. */
  caPem?: string | null;
  /** URL of an HTTP proxy. Takes precedence over HTTPS_PROXY, HTTP_PROXY and NO_PROXY; "" means no proxy at all. */
  proxy?: string | null;
  /** Product token of your program ("my-app/1.0"), appended to the User-Agent. */
  userAgent?: string | null;
  /**
   * Is called with every line that the library logs, in place of stderr; null: stderr again. The log is that of the whole process: the
   * function that was set last gets the lines of all clients. How much is logged is set by {@link setLogLevel} or AXONPUSH_LOG.
   */
  log?: LogFunction | null;
  /** Path of the native library. AXONPUSH_LIBRARY; default: see README.md, "The native library". */
  library?: string;
}

/** An object that JSON.stringify can write. */
export type JsonObject = object;

/** An event to publish. For members that are left out or null, the library or the service chooses a value. */
export interface AxonPushEvent {
  /** The name of the event or operation. */
  identifier: string;
  /** An object, or the JSON text of one; at most 16 MiB and 127 levels deep. */
  payload: JsonObject | string;
  /** The channel to publish to; default: the client's channel, else the organization's default channel. */
  channelId?: string | null;
  /** Default `custom`. Any string is legal. */
  eventType?: KnownEventType | (string & {}) | null;
  /** The agent that the event is about. */
  agentId?: string | null;
  /** The trace that the event belongs to; default: a trace of its own. */
  traceId?: string | null;
  /** The event's span; default: 16 random hexadecimal digits. */
  spanId?: string | null;
  /** The span that the event happened in. */
  parentSpanId?: string | null;
  /** The service stores an event once per key: 1 to 255 printable ASCII characters. Default: a UUID. All retries carry the same key. */
  dedupKey?: string | null;
  /** The time of the event: a Date, or RFC 3339 in UTC. Default: now. */
  occurredAt?: Date | string | null;
  /** An object with any members, or the JSON text of one. */
  metadata?: JsonObject | string | null;
}

/** The event types that the service knows; any other string is legal. */
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

/**
 * The names of attributes that the service reads, for members of a payload or of metadata; any other name is legal. Those that
 * are content stay in the process by default ({@link AxonPushOptions.contentCapture}). docs/genai.md says what becomes of each.
 */
export declare const Attribute: Readonly<{
  /** The kind of event, where its type and operation do not tell: "agent", "tool", "llm", and so on. */
  AXONPUSH_SEMANTIC_KIND: 'axonpush.semantic_kind';
  /** How long it took, in milliseconds. The event's time is then when it began. */
  DURATION_MS: 'duration_ms';
  /** What went wrong, for people. It is no content by its name: quote no prompt in it. */
  ERROR_MESSAGE: 'error.message';
  /** The kind of failure, such as "timeout" or "429". An event that has one has failed. */
  ERROR_TYPE: 'error.type';
  /** The id of the agent. */
  GEN_AI_AGENT_ID: 'gen_ai.agent.id';
  /** The name of the agent. */
  GEN_AI_AGENT_NAME: 'gen_ai.agent.name';
  /** The conversation, session or thread that a call belongs to. */
  GEN_AI_CONVERSATION_ID: 'gen_ai.conversation.id';
  /** What a model or an agent was given: a list of messages, or text. This is content. */
  GEN_AI_INPUT_MESSAGES: 'gen_ai.input.messages';
  /** The operation: "chat", "embeddings", "execute_tool", "invoke_agent", and so on. */
  GEN_AI_OPERATION_NAME: 'gen_ai.operation.name';
  /** What a model or an agent responded: a list of messages, or text. This is content. */
  GEN_AI_OUTPUT_MESSAGES: 'gen_ai.output.messages';
  /** The id of the prompt that the service keeps. */
  GEN_AI_PROMPT_ID: 'gen_ai.prompt.id';
  /** The version of that prompt. */
  GEN_AI_PROMPT_VERSION: 'gen_ai.prompt.version';
  /** Whose model it is: "openai", "anthropic", "aws.bedrock", and so on. */
  GEN_AI_PROVIDER_NAME: 'gen_ai.provider.name';
  /** The model that was asked for. */
  GEN_AI_REQUEST_MODEL: 'gen_ai.request.model';
  /** Why the model stopped: a list of texts, one for each response, such as ["stop"]. */
  GEN_AI_RESPONSE_FINISH_REASONS: 'gen_ai.response.finish_reasons';
  /** The provider's id of the response. */
  GEN_AI_RESPONSE_ID: 'gen_ai.response.id';
  /** The model that responded. */
  GEN_AI_RESPONSE_MODEL: 'gen_ai.response.model';
  /** The instructions that were given apart from the messages. This is content. */
  GEN_AI_SYSTEM_INSTRUCTIONS: 'gen_ai.system_instructions';
  /** What a tool was given. This is content. */
  GEN_AI_TOOL_CALL_ARGUMENTS: 'gen_ai.tool.call.arguments';
  /** The model's id of the tool call. */
  GEN_AI_TOOL_CALL_ID: 'gen_ai.tool.call.id';
  /** What a tool returned. This is content. */
  GEN_AI_TOOL_CALL_RESULT: 'gen_ai.tool.call.result';
  /** The name of the tool. */
  GEN_AI_TOOL_NAME: 'gen_ai.tool.name';
  /** How many of the input tokens came from the provider's cache. */
  GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: 'gen_ai.usage.cache_read_input_tokens';
  /** How many of the input tokens were written to the provider's cache. */
  GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: 'gen_ai.usage.cache_write_input_tokens';
  /** What it cost, in US dollars. */
  GEN_AI_USAGE_COST_USD: 'gen_ai.usage.cost_usd';
  /** How many tokens the model was given. */
  GEN_AI_USAGE_INPUT_TOKENS: 'gen_ai.usage.input_tokens';
  /** How many tokens the model responded with. */
  GEN_AI_USAGE_OUTPUT_TOKENS: 'gen_ai.usage.output_tokens';
  /** How many of the output tokens were spent on reasoning. */
  GEN_AI_USAGE_REASONING_TOKENS: 'gen_ai.usage.reasoning_tokens';
  /** Input and output tokens together, where the two are not known. */
  GEN_AI_USAGE_TOTAL_TOKENS: 'gen_ai.usage.total_tokens';
  /** The program that the event comes from. */
  SERVICE_NAME: 'service.name';
  /** The release of that program. */
  SERVICE_VERSION: 'service.version';
  /** The session that the event belongs to; it goes before the conversation. */
  SESSION_ID: 'session.id';
  /** The user on whose behalf it happened. */
  USER_ID: 'user.id';
}>;

/** What model calls, tool calls and agent runs have in common: how they ended. */
export interface GenAiEnding {
  /** How long it took, in milliseconds. Set the event's `occurredAt` to when it began. */
  durationMs?: number | null;
  /** Why it failed: `timeout`, `429`, … What has one has failed. */
  errorType?: string | null;
  /** The same for people. It is no content, so quote no prompt in it. */
  errorMessage?: string | null;
}

/** A request to a model and its response, for {@link modelCall}. What is left out or null is not said. */
export interface ModelCall extends GenAiEnding {
  /** Default `chat`; others are `text_completion` and `embeddings`. */
  operation?: string | null;
  /** Whose model it is: `openai`, `anthropic`, `aws.bedrock`, … */
  provider?: string | null;
  /** The model that was asked for. */
  requestModel?: string | null;
  /** The model that responded. */
  responseModel?: string | null;
  /** The provider's id of the response. */
  responseId?: string | null;
  /** Why the model stopped: `stop`, `length`, `tool_calls`, … */
  finishReason?: string | null;
  /** The conversation that the call belongs to. */
  conversationId?: string | null;
  /** How many tokens the model was given, those from a cache included. */
  inputTokens?: number | null;
  /** How many tokens it responded with, those for reasoning included. */
  outputTokens?: number | null;
  /** How many of the input tokens came from the provider's cache. */
  cacheReadTokens?: number | null;
  /** How many of the input tokens were written to that cache. */
  cacheWriteTokens?: number | null;
  /** How many of the output tokens were spent on reasoning. */
  reasoningTokens?: number | null;
  /** What it cost, in US dollars. */
  costUsd?: number | null;
  /** What the model was told apart from the messages. This is content. */
  systemInstructions?: unknown;
  /** What the model was given: `[{ role: 'user', content: 'Hello' }]`, or any other JSON, a string among it. This is content. */
  inputMessages?: unknown;
  /** What it responded. This is content. */
  outputMessages?: unknown;
}

/** A call of a tool and what it returned, for {@link toolCall}. What is left out or null is not said. */
export interface ToolCall extends GenAiEnding {
  /** The name of the tool. */
  name?: string | null;
  /** The model's id of the call. */
  callId?: string | null;
  /** What the tool was given. This is content. */
  arguments?: unknown;
  /** What it returned. This is content. */
  result?: unknown;
}

/**
 * A run of an agent, for {@link agentRun}. What is left out or null is not said. It has no tokens and no cost: those of its model calls
 * add up to them.
 */
export interface AgentRun extends GenAiEnding {
  /** The agent's id. Set the event's `agentId`, too. */
  agentId?: string | null;
  /** The agent's name. */
  agentName?: string | null;
  /** The conversation that the run belongs to. */
  conversationId?: string | null;
  /** What the agent was told to be. This is content. */
  systemInstructions?: unknown;
  /** What it was asked. This is content. */
  inputMessages?: unknown;
  /** What it answered. This is content. */
  outputMessages?: unknown;
}

/**
 * Returns the payload of a model call, under the names of {@link Attribute}; add others to it as you like. Publish it as
 * `EventType.APP_SPAN`, once the model has responded. A misspelt member is an AXONPUSH_ERR_INVALID_ARGUMENT.
 *
 * Content stays in the process by default; see {@link AxonPushOptions.contentCapture}.
 */
export declare function modelCall(call: ModelCall): Record<string, unknown>;

/**
 * Returns the payload of a tool call. Publish it as `EventType.AGENT_TOOL_CALL_END` when the tool has returned; and, to see it before,
 * without the result as `EventType.AGENT_TOOL_CALL_START`, with the same `spanId`.
 */
export declare function toolCall(call: ToolCall): Record<string, unknown>;

/**
 * Returns the payload of an agent's run. Publish it as `EventType.AGENT_START`, without what is not known yet, and as
 * `EventType.AGENT_END`, or `EventType.AGENT_ERROR`, with the same `spanId`.
 */
export declare function agentRun(run: AgentRun): Record<string, unknown>;

/** Filters of events. All are optional, and an event must match every filter that is set. */
export interface EventQuery {
  /** Inclusive; default: the last 24 hours. */
  since?: Date | string | null;
  /** Exclusive. Pass the oldest `createdAt` seen to get the next older page. */
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
  /** Full-text search, in upper or lower case. */
  q?: string | null;
  /** The name of an attribute; its value is `attrValue`. */
  attrKey?: string | null;
  attrValue?: string | null;
}

/** An event as the service stores it. It may have more members than are declared here. */
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

/** The content of the service's response to an event. */
export interface PublishedData {
  eventId: string;
  [member: string]: unknown;
}

/** A response of the service. */
export declare class AxonPushResponse<Data = unknown> {
  private constructor();
  /** The response body, parsed on first use; null if it was empty. */
  get data(): Data;
  /** The same as JSON text, which has all digits of numbers beyond 2^53. */
  readonly text: string;
  readonly httpStatus: number;
  /** The service's id of the request, to quote to its support. */
  readonly requestId: string | null;
  /** The service's id of a published event: `data.eventId`. */
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
  | 'AXONPUSH_ERR_INTERNAL'
  | 'AXONPUSH_ERR_CANCELLED';

/** The error of a failed call. `message` never contains the API key. */
export declare class AxonPushError extends Error {
  private constructor();
  readonly name: 'AxonPushError';
  /** A later library may add others. */
  readonly status: AxonPushStatus | (string & {});
  /** The HTTP status of the response; null if there was none. */
  readonly httpStatus: number | null;
  /** The service's machine-readable code, such as "validation_error". */
  readonly code: string | null;
  /** What the service suggests doing. */
  readonly hint: string | null;
  /** The service's id of the failed request, to quote to its support. */
  readonly requestId: string | null;
  /** The time in milliseconds that the service asks to wait before the next attempt. */
  readonly retryAfterMs: number | null;
  /** Whether the same call can succeed later. */
  readonly retryable: boolean;
}

/**
 * The promise of the service's response to an enqueued event, or of null if delivery was given up under fail-open. It is rejected
 * with an AxonPushError if the event was refused or not delivered.
 *
 * You may await it or ignore it. As long as nobody calls then(), catch() or finally(), a failure is not an unhandled rejection, and
 * the event does not keep the process alive.
 */
export interface Delivery extends Promise<Published | null> {
  /**
   * Resolved when the event is in the queue. That is at once, except that with `overflow: 'block'` the event may have to wait for
   * room. Await it before the next event to produce no faster than events are delivered. It is rejected with the error of the
   * delivery if the event does not get into the queue. You may ignore it, too.
   */
  readonly accepted: Promise<void>;
}

/** What is used of an AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: any;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options that every call of the service takes as its last argument. */
export interface CallOptions {
  /**
   * Cancels the call: the promise is rejected with the signal's `reason` at once, and the request is interrupted. The service may have
   * received it by then.
   */
  signal?: AbortSignalLike | null;
  /**
   * Time in milliseconds for the whole call, including retries and the waits between them. Then it fails with
   * AXONPUSH_ERR_CONNECTION, or gives null or an empty list under fail-open. The client's timeoutMs still limits each attempt. Default:
   * no limit other than that of the attempts.
   */
  timeoutMs?: number | null;
}

export interface AxonPushEvents {
  /**
   * Publishes one event and waits for the response, with retries. null: the service cannot be reached, suppressed by fail-open.
   */
  publish(event: AxonPushEvent, options?: CallOptions): Promise<Published | null>;
  /** Enqueues one event for delivery in the background, in order, and returns at once. */
  enqueue(event: AxonPushEvent): Delivery;
  /** Events of a channel (default: the client's), newest first. An empty list: there are none, or suppressed by fail-open. */
  list(channelId?: string | null, query?: EventQuery, options?: CallOptions): Promise<StoredEvent[]>;
  /** Events of the organization, newest first. An empty list: there are none, or suppressed by fail-open. */
  search(query?: EventQuery, options?: CallOptions): Promise<StoredEvent[]>;
  /**
   * Iterates over all events of a channel (null: of the organization), from the newest to the oldest, and fetches them page by page:
   * no event twice, and none left out. `limit` is the size of a page (default 500). Without `since` the service goes back 24 hours.
   * Under fail-open, the iteration ends when the service cannot be reached. `options` are for the iteration as a whole.
   */
  iterate(channelId?: string | null, query?: EventQuery, options?: CallOptions): AsyncGenerator<StoredEvent, void, undefined>;
}

export interface RequestOptions extends CallOptions {
  /** An encoded string without "?", or parameters that will be encoded: an object, or pairs such as a URLSearchParams or a Map. */
  query?: string | Iterable<readonly [string, string]> | Record<string, string | number | boolean | null | undefined> | null;
  /** A value that is sent as JSON; undefined: none. */
  body?: unknown;
  /** The same as JSON text. */
  bodyText?: string;
}

/** Counters of the events that enqueue() accepted, and of network use. Numbers beyond 2^53 lose their last digits. */
export interface AxonPushStats {
  /** Events that enqueue() and the log sinks accepted. With `recovered`: the sum of the next six counters, `kept` and queuedEvents. */
  accepted: number;
  /** Events that the service confirmed. */
  delivered: number;
  /** Events that the service rejected for good. */
  failed: number;
  /** Events given up under fail-open, because the service was unreachable. */
  suppressed: number;
  /** Events removed from a full queue to make room for newer ones. */
  dropped: number;
  /** Events not delivered within deliveryTimeoutMs. */
  expired: number;
  /** Events not delivered when the time of a shutdown was over. */
  abandoned: number;
  /** Events that are waiting or being sent now. */
  queuedEvents: number;
  /** Bytes that these events take. */
  queuedBytes: number;
  /** Attempts beyond the first, of all calls and events. */
  retried: number;
  /** Connections opened so far. */
  connections: number;
  /** Events that log sinks and framework callbacks could not enqueue. */
  logEventsLost: number;
  /** Lines of the library's log that were not passed to the `log` function in time. */
  logLinesLost: number;
  /** Events taken over from the spool of a client that ended. */
  recovered: number;
  /** Events that were in the spool when the client was closed: the next one delivers them. */
  kept: number;
  /** Bytes that this client's events take in the spool. */
  spoolBytes: number;
  /** Requests with batches of events (`exporter: 'otlp'`), repeated ones included. */
  batches: number;
}

/** An app, a channel and so on, as the service stores it. It may have more members than are declared here. */
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
/** Any other object of the service. */
export interface Resource {
  [member: string]: unknown;
}

/** The promise of a response of the service; null: it could not be reached, suppressed by fail-open. */
export type ResponsePromise<Data = unknown> = Promise<AxonPushResponse<Data> | null>;

export interface EnvironmentFields {
  name?: string | null;
  /** Default: the service derives it from the name. */
  slug?: string | null;
  /** Color in the dashboard, such as "#00aa00". */
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

/** Filters of traces, and of the events in them. A trace must match every filter that is set; of an array, any value may match. */
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
  /** The sort order, as the service names it. */
  sort?: string | null;
  minDurationMs?: number | bigint | null;
  /** The number of traces to skip. */
  offset?: number | null;
  /** Return only traces that contain an error. */
  errorsOnly?: boolean | null;
}

export interface AxonPushApps {
  list(options?: CallOptions): Promise<App[]>;
  create(name: string, options?: CallOptions): ResponsePromise<App>;
  get(appId: string, options?: CallOptions): ResponsePromise<App>;
  update(appId: string, name: string, options?: CallOptions): ResponsePromise<App>;
  delete(appId: string, options?: CallOptions): ResponsePromise;
}

export interface AxonPushChannels {
  list(appId: string, options?: CallOptions): Promise<Channel[]>;
  create(appId: string, name: string, options?: CallOptions): ResponsePromise<Channel>;
  get(appId: string, channelId: string, options?: CallOptions): ResponsePromise<Channel>;
  update(appId: string, channelId: string, name: string, options?: CallOptions): ResponsePromise<Channel>;
  delete(appId: string, channelId: string, options?: CallOptions): ResponsePromise;
}

export interface AxonPushEnvironments {
  list(options?: CallOptions): Promise<Environment[]>;
  create(environment: EnvironmentFields & { name: string }, options?: CallOptions): ResponsePromise<Environment>;
  /** Changes the members that are set. */
  update(slug: string, environment: EnvironmentFields, options?: CallOptions): ResponsePromise<Environment>;
  delete(slug: string, options?: CallOptions): ResponsePromise;
  /** Makes the environment the default one. */
  promote(slug: string, options?: CallOptions): ResponsePromise;
}

export interface AxonPushWebhooks {
  list(channelId: string, options?: CallOptions): Promise<WebhookEndpoint[]>;
  /** The response contains the endpoint's secret. */
  create(webhook: WebhookFields, options?: CallOptions): ResponsePromise<WebhookEndpoint>;
  delete(endpointId: string, options?: CallOptions): ResponsePromise;
  deliveries(endpointId: string, options?: CallOptions): Promise<Resource[]>;
}

export interface AxonPushTraces {
  list(query?: TraceQuery, options?: CallOptions): Promise<Resource[]>;
  /** Returns a trace with its spans. */
  get(traceId: string, options?: CallOptions): ResponsePromise<{ traceId: string; spans: StoredEvent[] | null; [member: string]: unknown }>;
}

export interface AxonPushOrganizations {
  /** Lists the organizations of the key's user. */
  list(options?: CallOptions): Promise<Resource[]>;
  /** Returns the organization that the key belongs to. */
  get(options?: CallOptions): ResponsePromise<Resource>;
  /** Changes the organization that the key belongs to. `changes` has the members to change. */
  update(changes: JsonObject, options?: CallOptions): ResponsePromise<Resource>;
  delete(orgId: string, options?: CallOptions): ResponsePromise;
  invite(orgId: string, invitedEmail: string, role: string, options?: CallOptions): ResponsePromise<Resource>;
  cancelInvitation(orgId: string, invitationId: string, options?: CallOptions): ResponsePromise;
  removeMember(orgId: string, userId: string, options?: CallOptions): ResponsePromise;
  transferOwnership(orgId: string, userId: string, options?: CallOptions): ResponsePromise;
  leave(orgId: string, options?: CallOptions): ResponsePromise;
}

/** A client: configuration, connections, and a queue of its own. Close it when you no longer need it. */
export declare class AxonPush {
  /** Sends nothing. Throws an AxonPushError if the options are not valid. */
  constructor(options?: AxonPushOptions);
  readonly events: AxonPushEvents;
  readonly apps: AxonPushApps;
  readonly channels: AxonPushChannels;
  readonly environments: AxonPushEnvironments;
  readonly webhooks: AxonPushWebhooks;
  readonly traces: AxonPushTraces;
  readonly organizations: AxonPushOrganizations;
  /** The capabilities of the service. */
  readonly capabilities: { get(options?: CallOptions): ResponsePromise<Resource> };
  /** The health of the service. Under fail-open the response is null if the service cannot be reached. */
  readonly health: { get(options?: CallOptions): ResponsePromise<Resource> };
  /** The version of the native library. */
  get libraryVersion(): string;
  /**
   * Calls any other endpoint, with the same credentials, retries, errors and fail-open. `path` starts with "/" and is relative
   * to the base URL; use encodeURIComponent() for ids in it. A POST or PATCH whose response was lost is not repeated, since it may
   * have been carried out. null: suppressed by fail-open.
   */
  request<Data = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: RequestOptions,
  ): Promise<AxonPushResponse<Data> | null>;
  /**
   * Waits until every event enqueued so far is delivered or given up. Rejected with AXONPUSH_ERR_TIMEOUT after `timeoutMs` (default
   * 30000); the events stay queued then.
   */
  flush(timeoutMs?: number, options?: Pick<CallOptions, 'signal'>): Promise<void>;
  /**
   * Stops the client for good. New calls and events are rejected with AXONPUSH_ERR_CLOSED. Queued events and calls in progress have
   * `timeoutMs` (default: shutdownTimeoutMs) to finish. stats() can still be called. Rejected with AXONPUSH_ERR_TIMEOUT if events were
   * lost. When `signal` aborts, the wait ends, and the client is shut down but not finished: shutdown() and close() can be called again.
   */
  shutdown(timeoutMs?: number, options?: Pick<CallOptions, 'signal'>): Promise<void>;
  /** Shuts down within shutdownTimeoutMs and frees everything. Never rejected; repeated calls return the same promise. */
  close(): Promise<void>;
  /** For `using client = …`: begins to close the client and does not wait for it. */
  [Symbol.dispose](): void;
  /** For `await using client = …`: closes the client. */
  [Symbol.asyncDispose](): Promise<void>;
  stats(): AxonPushStats;
}

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

/**
 * Is called with a line of the library's log. It runs some milliseconds after the line was written, whenever the program turns to this
 * package or waits for it. What it throws is reported by process.emitWarning.
 */
export type LogFunction = (level: Exclude<LogLevel, 'off'>, message: string) => void;

/**
 * Sets how much the library logs, for the whole process, and with `log` also where to: a function, or null for stderr, which is the
 * default. Takes precedence over the variable AXONPUSH_LOG. The default level is `warn`.
 */
export declare function setLogLevel(level: LogLevel, options?: { log?: LogFunction | null; library?: string }): void;

/**
 * A trace and a span in it, which connect events across functions and processes. Immutable.
 *
 * For an incoming request call `withTrace(Trace.parse(headers.traceparent), () => …)`; send `trace.traceparent` with an outgoing one.
 */
export declare class Trace {
  /** Starts a trace, or continues one. An id that is left out is random: a UUID for the trace, 16 hexadecimal digits for the span. */
  constructor(ids?: { traceId?: string | null; spanId?: string | null });
  /** Continues the trace of an incoming header (W3C Trace Context). Throws AXONPUSH_ERR_INVALID_ARGUMENT if it is malformed. */
  static parse(traceparent: string): Trace;
  /** Returns the trace that withTrace() made current here; null: none. */
  static current(): Trace | null;
  readonly traceId: string;
  readonly spanId: string;
  /** The `traceparent` header to send with an outgoing request. */
  readonly traceparent: string;
  /** Creates a new span in the same trace. */
  child(): Trace;
}

/**
 * Runs `work` with `trace` as the current trace (null: none), and returns its result. Events published or enqueued in it, and in
 * everything asynchronous that starts there, carry the trace's id, and its span as their parent, unless they have their own.
 */
export declare function withTrace<Result>(trace: Trace | null, work: () => Result): Result;

/**
 * Whether `signature`, the value of the header X-AxonPush-Signature, is the signature of the exact `body` under the endpoint's secret:
 * HMAC-SHA256 in lower-case hexadecimal digits, compared in constant time. The result is false for anything else, such as a missing
 * header or secret. Throws AXONPUSH_ERR_INVALID_ARGUMENT for a body that is neither a string nor bytes, since a parsed body cannot be
 * verified.
 *
 * The signature has no timestamp, so refuse a body that you have seen before.
 */
export declare function verifyWebhook(
  secret: string | null | undefined,
  body: string | Uint8Array,
  signature: string | readonly string[] | null | undefined,
): boolean;

/** Returns the signature of a body. Throws AXONPUSH_ERR_INVALID_ARGUMENT if the secret is empty. */
export declare function signWebhook(secret: string, body: string | Uint8Array): string;

/** The common options of the log sinks axonpush-native/pino and axonpush-native/winston. */
export interface LogSinkOptions {
  /** Default: the client's channel. */
  channelId?: string | null;
  /** Default `app.log`. An agent's log is `agent.log`. */
  eventType?: 'app.log' | 'agent.log' | (string & {}) | null;
  /** The name of the program, as `service.name`. */
  serviceName?: string | null;
  /** The agent that writes the log. */
  agentId?: string | null;
}

/** The common options of axonpush-native/langchain, /openai-agents and /anthropic. */
export interface CallbackOptions {
  /** Default: the client's channel. */
  channelId?: string | null;
  /** Default: the name of the agent where it has one, else a name for the framework. */
  agentId?: string | null;
  /** Default: the current trace, else the framework's, else one that the object creates. */
  traceId?: string | null;
}
