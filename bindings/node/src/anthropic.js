import { Callbacks, errorOf, shortened } from './callbacks.js';
import { EventType } from './event-types.js';

/** @import { CallbackOptions } from '../index.js' */

/** Traces `messages.create` of Anthropic's SDK. See anthropic.d.ts. */
export class AxonPushAnthropicTracer {
  #callbacks;
  /** The functions that wrap() has created. @type {WeakSet<Function>} */
  #wrappers = new WeakSet();

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {CallbackOptions} [options]
   */
  constructor(client, options = {}) {
    this.#callbacks = new Callbacks(client, options, 'claude');
  }

  get lost() {
    return this.#callbacks.lost;
  }

  /**
   * @param {any} anthropic
   * @param {any} parameters
   * @param {any[]} more
   */
  createMessage(anthropic, parameters, ...more) {
    const call = () => anthropic.messages.create(parameters, ...more);
    return this.#wrappers.has(anthropic.messages.create) ? call() : this.#create(call, parameters);
  }

  /**
   * @template {{messages: {create: Function}}} Client
   * @param {Client} anthropic
   * @returns {Client}
   */
  wrap(anthropic) {
    const { messages } = anthropic;
    const create = messages.create;
    if (this.#wrappers.has(create)) return anthropic;
    const tracer = this;
    /** @this {any} @param {any[]} parameters */
    const traced = function (...parameters) {
      return tracer.#create(() => create.apply(this, parameters), parameters[0]);
    };
    this.#wrappers.add(traced);
    messages.create = traced;
    return anthropic;
  }

  /**
   * @param {string} toolUseId
   * @param {unknown} result
   */
  sendToolResult(toolUseId, result) {
    this.#publish('tool.result', EventType.AGENT_TOOL_CALL_END, () => ({ tool_use_id: toolUseId, tool_result: shortened(result) }));
  }

  /**
   * @param {() => any} call
   * @param {any} parameters
   */
  #create(call, parameters) {
    this.#publish('conversation.turn', EventType.AGENT_START, () => ({
      model: parameters.model,
      message_count: parameters.messages?.length ?? 0,
      max_tokens: parameters.max_tokens,
    }));
    /** @param {any} message */
    const succeeded = (message) => {
      this.#responded(message);
      return message;
    };
    /** @param {unknown} error @returns {never} */
    const failed = (error) => {
      // The SDK for Python does nothing here, so that the turn never ends.
      this.#publish('conversation.error', EventType.AGENT_ERROR, () => errorOf(error));
      throw error;
    };
    /** @type {any} */
    let result;
    try {
      result = call();
    } catch (error) {
      failed(error);
    }
    // The promise is the SDK's own, with asResponse() and other methods. It calls parse() to read the response body when it is first
    // used. That must stay so, since a body can only be read once.
    const parse = result?.parse;
    if (typeof parse === 'function') {
      /** @type {Promise<any> | undefined} */
      let seen;
      result.parse = () => (seen ??= parse.call(result).then(succeeded, failed));
      return result;
    }
    // Clients other than the SDK's return plain promises, or no promise at all.
    return typeof result?.then === 'function' ? result.then(succeeded, failed) : succeeded(result);
  }

  /** @param {any} message the response; a stream is not looked into */
  #responded(message) {
    this.#callbacks.publish(() => {
      if (message?.usage) {
        const { usage, model, stop_reason } = message;
        const { input_tokens, output_tokens } = usage;
        this.#publish('agent.usage', EventType.AGENT_MESSAGE, () => ({ input_tokens, output_tokens, model, stop_reason }));
      }
      for (const block of Array.isArray(message?.content) ? message.content : []) {
        if (block?.type === 'tool_use') {
          this.#publish(`tool.${block.name}.start`, EventType.AGENT_TOOL_CALL_START, () => ({
            tool_name: block.name,
            tool_use_id: block.id,
            input: shortened(block.input),
          }));
        } else if (block?.type === 'text') {
          this.#publish('agent.response', EventType.AGENT_MESSAGE, () => ({ text_length: [...block.text].length }));
        }
      }
      return null;
    });
  }

  /**
   * @param {string} identifier
   * @param {string} eventType
   * @param {() => object} payload
   */
  #publish(identifier, eventType, payload) {
    this.#callbacks.publish(() => ({ identifier, eventType, payload: payload(), metadata: { framework: 'anthropic' } }));
  }
}
