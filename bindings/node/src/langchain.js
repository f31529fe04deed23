import { Callbacks, errorOf, parsed, shortened } from './callbacks.js';
import { EventType } from './event-types.js';

/** @import { LangChainOptions } from '../langchain.js' */

const MODEL = ['model', 'model_name', 'model_id'];
const RUN_METADATA = ['langgraph_node', 'langgraph_step', 'langgraph_triggers', 'thread_id'];

/** Runs that never end, such as abandoned streams, must not be remembered for ever. */
const MOST_OPEN_RUNS = 10_000;

/**
 * A callback handler for LangChain. See langchain.d.ts.
 *
 * Event types and payloads are those of the AxonPush SDK for Python, except that content has the names of callbacks.js. LangChain would
 * report a method that throws on the application's console, so none does.
 *
 * To LangChain, a handler is an object with the members below. This one does not extend BaseCallbackHandler: a package that npm installs
 * as a link resolves its imports in its own folder, not in that of the application, and would not find @langchain/core.
 */
export class AxonPushCallbackHandler {
  name = 'axonpush';
  /** The methods only enqueue, and have to run in the context of the run, where its trace is current: not in LangChain's queue. */
  awaitHandlers = true;
  #callbacks;
  #metadata;
  /** The trace of each open run. @type {Map<string, string>} */
  #traces = new Map();

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {LangChainOptions} [options]
   */
  constructor(client, options = {}) {
    this.#metadata = { ...options.metadata, framework: 'langchain' };
    this.#callbacks = new Callbacks(client, options, 'langchain');
  }

  get lost() {
    return this.#callbacks.lost;
  }

  /** LangChain expects every handler to have this method. */
  copy() {
    return this;
  }

  /**
   * @param {any} chain
   * @param {any} inputs
   * @param {string} runId
   * @param {string} [parentRunId] is the fourth argument, although LangChain's types say otherwise
   * @param {string[]} [tags]
   * @param {Record<string, any>} [metadata]
   * @param {string} [runType]
   * @param {string} [runName]
   */
  handleChainStart(chain, inputs, runId, parentRunId, tags, metadata, runType, runName) {
    this.#publish('chain.start', EventType.AGENT_START, runId, parentRunId, () => ({
      payload: {
        chain_type: runName || metadata?.langgraph_node || chain?.name || lastOf(chain?.id) || 'Runnable',
        input: shortened(inputs),
      },
      metadata: runMetadata(metadata, tags, runType),
    }));
  }

  /** @param {any} outputs @param {string} runId @param {string} [parentRunId] */
  handleChainEnd(outputs, runId, parentRunId) {
    this.#publish('chain.end', EventType.AGENT_END, runId, parentRunId, () => ({ payload: { output: shortened(outputs) } }));
  }

  /** @param {any} error @param {string} runId @param {string} [parentRunId] */
  handleChainError(error, runId, parentRunId) {
    this.#publish('chain.error', EventType.AGENT_ERROR, runId, parentRunId, () => ({ payload: errorOf(error) }));
  }

  /**
   * LangChain calls this for chat models, too, since there is no handleChatModelStart.
   * @param {any} llm
   * @param {string[]} prompts
   * @param {string} runId
   * @param {string} [parentRunId]
   * @param {Record<string, any>} [extra]
   * @param {string[]} [tags]
   * @param {Record<string, any>} [metadata]
   */
  handleLLMStart(llm, prompts, runId, parentRunId, extra, tags, metadata) {
    this.#publish('llm.start', EventType.AGENT_START, runId, parentRunId, () => ({
      payload: {
        model: firstOf(extra?.invocation_params, MODEL) || firstOf(llm?.kwargs, MODEL) || llm?.name || lastOf(llm?.id) || 'unknown',
        prompt_count: prompts.length,
      },
      metadata: runMetadata(metadata, tags),
    }));
  }

  /** @param {any} output @param {string} runId @param {string} [parentRunId] */
  handleLLMEnd(output, runId, parentRunId) {
    this.#publish('llm.end', EventType.AGENT_END, runId, parentRunId, () => ({ payload: { generations: output?.generations?.length ?? 0 } }));
  }

  /** The SDK for Python does nothing here, so that the failure of a model outside of any chain goes unnoticed. @param {any} error @param {string} runId @param {string} [parentRunId] */
  handleLLMError(error, runId, parentRunId) {
    this.#publish('llm.error', EventType.AGENT_ERROR, runId, parentRunId, () => ({ payload: errorOf(error) }));
  }

  /** @param {string} token @param {any} _index @param {string} runId @param {string} [parentRunId] */
  handleLLMNewToken(token, _index, runId, parentRunId) {
    this.#publish('llm.token', EventType.AGENT_LLM_TOKEN, runId, parentRunId, () => ({ payload: { output: token } }));
  }

  /**
   * @param {any} tool
   * @param {string} input
   * @param {string} runId
   * @param {string} [parentRunId]
   * @param {string[]} [_tags]
   * @param {Record<string, any>} [_metadata]
   * @param {string} [runName]
   */
  handleToolStart(tool, input, runId, parentRunId, _tags, _metadata, runName) {
    this.#publish('tool.start', EventType.AGENT_TOOL_CALL_START, runId, parentRunId, () => {
      const name = tool?.name || runName || lastOf(tool?.id) || 'unknown';
      return { identifier: `tool.${name}.start`, payload: { tool_name: name, input: shortened(parsed(input)) } };
    });
  }

  /** @param {any} output @param {string} runId @param {string} [parentRunId] */
  handleToolEnd(output, runId, parentRunId) {
    this.#publish('tool.end', EventType.AGENT_TOOL_CALL_END, runId, parentRunId, () => ({ payload: { output: shortened(output) } }));
  }

  /** @param {any} error @param {string} runId @param {string} [parentRunId] */
  handleToolError(error, runId, parentRunId) {
    this.#publish('tool.error', EventType.AGENT_ERROR, runId, parentRunId, () => ({ payload: errorOf(error) }));
  }

  /**
   * @param {string} identifier
   * @param {string} eventType
   * @param {string} runId
   * @param {string | undefined} parentRunId
   * @param {() => {identifier?: string, payload: object, metadata?: object}} make
   */
  #publish(identifier, eventType, runId, parentRunId, make) {
    this.#callbacks.publish(() => {
      const traceId = this.#callbacks.traceId(this.#traceOf(eventType, runId, parentRunId));
      const { metadata, ...made } = make();
      const runs = { langchain_run_id: runId, ...metadata, ...(parentRunId && { langchain_parent_run_id: parentRunId }) };
      return { identifier, eventType, ...made, traceId, spanId: runId, parentSpanId: parentRunId, metadata: { ...this.#metadata, ...runs } };
    });
  }

  /**
   * Returns the trace of a run, which is named after its root run. If that is not known, because it has ended or does not have this
   * handler, it is named after the parent run.
   * @param {string} eventType
   * @param {string} runId
   * @param {string | undefined} parentRunId
   */
  #traceOf(eventType, runId, parentRunId) {
    const traceId = this.#traces.get(runId) ?? this.#traces.get(parentRunId ?? '') ?? parentRunId ?? runId;
    if (eventType === EventType.AGENT_START || eventType === EventType.AGENT_TOOL_CALL_START) {
      this.#traces.set(runId, traceId);
      if (this.#traces.size > MOST_OPEN_RUNS) this.#traces.delete(/** @type {string} */ (this.#traces.keys().next().value));
    } else if (eventType !== EventType.AGENT_LLM_TOKEN) {
      this.#traces.delete(runId);
    }
    return traceId;
  }
}

/** @param {unknown} id */
const lastOf = (id) => (Array.isArray(id) ? id.at(-1) : undefined);

/** @param {any} object @param {string[]} names */
const firstOf = (object, names) => names.map((name) => object?.[name]).find(Boolean);

/**
 * @param {Record<string, any> | undefined} metadata
 * @param {string[] | undefined} tags
 * @param {string} [runType]
 */
function runMetadata(metadata, tags, runType) {
  /** @type {Record<string, unknown>} */
  const some = {};
  for (const name of RUN_METADATA) {
    const value = metadata?.[name];
    if (value !== undefined && value !== null && value !== '') some[name] = value;
  }
  if (runType) some.run_type = runType;
  if (tags?.length) some.tags = tags;
  return some;
}
