import { Callbacks, shortened } from './callbacks.js';
import { EventType } from './event-types.js';

/** @import { CallbackOptions } from '../index.js' */

/**
 * What is known about the agent that an open span belongs to.
 * @typedef {{name: string, spanId: string, outputLength: number | null}} Agent
 */

const SHUTDOWN_MS = 2000;

/** A tracing processor for OpenAI's Agents SDK. See openai-agents.d.ts. */
export class AxonPushTracingProcessor {
  #client;
  #callbacks;
  #agentId;
  /** The agent that each open span belongs to. @type {Map<string, Agent | undefined>} */
  #agents = new Map();

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {CallbackOptions} [options]
   */
  constructor(client, options = {}) {
    this.#client = client;
    this.#agentId = options.agentId ?? 'openai-agent';
    this.#callbacks = new Callbacks(client, options, this.#agentId);
  }

  get lost() {
    return this.#callbacks.lost;
  }

  async onTraceStart() {}
  async onTraceEnd() {}

  /** @param {any} span */
  async onSpanStart(span) {
    this.#callbacks.publish(() => {
      const { spanId, parentId, spanData } = span;
      const outer = this.#agents.get(parentId);
      if (spanData.type === 'agent') {
        const agent = { name: spanData.name || this.#agentId, spanId, outputLength: null };
        this.#agents.set(spanId, agent);
        const payload = { agent_name: agent.name, model: null };
        return this.#event(span, agent.name, outer, 'agent.run.start', EventType.AGENT_START, payload);
      }
      this.#agents.set(spanId, outer);
      if (spanData.type !== 'function') return null;
      const payload = { tool_name: spanData.name, agent_name: outer?.name ?? this.#agentId };
      return this.#event(span, payload.agent_name, outer, `tool.${spanData.name}.start`, EventType.AGENT_TOOL_CALL_START, payload);
    });
  }

  /** @param {any} span */
  async onSpanEnd(span) {
    this.#callbacks.publish(() => {
      const { spanId, parentId, spanData: data } = span;
      const agent = this.#agents.get(spanId);
      const outer = this.#agents.get(parentId);
      this.#agents.delete(spanId);
      const name = agent?.name ?? this.#agentId;
      switch (data.type) {
        case 'agent':
          if (span.error) return this.#failed(span, name, outer, 'agent.run.error', { agent_name: name });
          return this.#event(span, name, outer, 'agent.run.end', EventType.AGENT_END, { agent_name: name, output_length: agent?.outputLength ?? null });
        case 'function':
          if (span.error) return this.#failed(span, name, outer, `tool.${data.name}.error`, { tool_name: data.name, agent_name: name });
          return this.#event(span, name, outer, `tool.${data.name}.end`, EventType.AGENT_TOOL_CALL_END, {
            tool_name: data.name,
            result_length: textOf(data.output).length,
          });
        case 'handoff': {
          const from = data.from_agent ?? name;
          const payload = { from_agent: from, to_agent: data.to_agent ?? this.#agentId };
          return this.#event(span, from, outer, 'agent.handoff', EventType.AGENT_HANDOFF, payload);
        }
        case 'generation':
        case 'response':
          // An agent's span does not contain the agent's output. That is the last response of its model.
          if (agent) agent.outputLength = textOf(data.type === 'response' ? data._response?.output : data.output).length;
          return null;
        default:
          return null;
      }
    });
  }

  /** @param {number} [timeout] */
  async shutdown(timeout = SHUTDOWN_MS) {
    await this.#client.flush(timeout).catch(() => {});
  }

  async forceFlush() {
    await this.#client.flush().catch(() => {});
  }

  /**
   * @param {any} span
   * @param {string} agentId
   * @param {Agent | undefined} outer
   * @param {string} identifier
   * @param {string} eventType
   * @param {object} payload
   */
  #event(span, agentId, outer, identifier, eventType, payload) {
    return {
      identifier,
      eventType,
      payload,
      agentId,
      traceId: this.#callbacks.traceId(span.traceId),
      spanId: span.spanId,
      parentSpanId: outer?.spanId,
      metadata: { framework: 'openai-agents' },
    };
  }

  /**
   * @param {any} span
   * @param {string} agentId
   * @param {Agent | undefined} outer
   * @param {string} identifier
   * @param {object} payload
   */
  #failed(span, agentId, outer, identifier, payload) {
    const { message } = span.error;
    return this.#event(span, agentId, outer, identifier, EventType.AGENT_ERROR, { ...payload, error_type: 'SpanError', message: shortened(String(message)) });
  }
}

/**
 * Returns the text in the output of a model or a tool, which is a string or messages with parts.
 * @param {any} output
 * @returns {string}
 */
function textOf(output) {
  if (typeof output === 'string') return output;
  if (Array.isArray(output)) return output.map(textOf).join('');
  if (typeof output !== 'object' || output === null) return '';
  return textOf(output.text ?? output.content ?? output.output);
}
