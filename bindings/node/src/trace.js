import { AsyncLocalStorage } from 'node:async_hooks';

import { EVENT, text } from './layout.js';
import { anyLibrary } from './library.js';
import { shortLived, textRoom } from './memory.js';

/** @import { AxonPushEvent } from '../index.js' */
/** @import { Member } from './layout.js' */
/** @import { Values } from './memory.js' */

// The library knows a current trace, too, but of the thread, and JavaScript does many things on one. So the trace that is
// current here is given with each event.

/** @type {AsyncLocalStorage<Trace | null>} */
const storage = new AsyncLocalStorage();

const TRACE_ID = /** @type {Member} */ (EVENT.members.get('traceId'));
const PARENT = /** @type {Member} */ (EVENT.members.get('parentSpanId'));

/** A trace, and a span in it. See index.d.ts. */
export class Trace {
  /** @param {{traceId?: string | null, spanId?: string | null}} [ids] */
  constructor({ traceId, spanId } = {}) {
    const ids = [traceId, spanId].map((id, n) => (id ? text(n === 0 ? 'traceId' : 'spanId', id) : null));
    const memory = shortLived(64 + textRoom(ids[0]) + textRoom(ids[1]));
    const [trace, span] = ids.map((id) => (id === null ? 0 : memory.text(id)));
    const library = anyLibrary();
    const made = library.traceNew(trace, span, memory.errorSlot);
    if (!made) throw library.takeError(memory.error);
    const taken = library.takeTrace(made);
    this.traceId = taken.traceId;
    this.spanId = taken.spanId;
    this.traceparent = taken.traceparent;
    Object.freeze(this);
  }

  /** @param {string} traceparent */
  static parse(traceparent) {
    const header = text('traceparent', traceparent);
    const library = anyLibrary();
    const memory = shortLived(64 + textRoom(header));
    const made = library.traceParse(memory.text(header), memory.errorSlot);
    if (!made) throw library.takeError(memory.error);
    return new Trace(library.takeTrace(made));
  }

  /** The trace that is current here. */
  static current() {
    return storage.getStore() ?? null;
  }

  child() {
    return new Trace({ traceId: this.traceId });
  }
}

/**
 * @template Result
 * @param {Trace | null} trace
 * @param {() => Result} work
 */
export function withTrace(trace, work) {
  if (trace !== null && !(trace instanceof Trace)) throw new TypeError('withTrace: expected a Trace or null');
  return storage.run(trace, work);
}

/**
 * Puts an event into the trace that is current. What the event says itself wins; in another trace the span is nobody's parent.
 * @param {AxonPushEvent} event
 * @param {Values} values the event's, which get more
 */
export function addTrace(event, values) {
  const trace = storage.getStore();
  if (!trace || !event) return;
  if (!event.traceId) values.push(TRACE_ID, trace.traceId);
  else if (event.traceId !== trace.traceId) return;
  // An event that is the current span is not its own parent.
  if (!event.parentSpanId && event.spanId !== trace.spanId) values.push(PARENT, trace.spanId);
}
