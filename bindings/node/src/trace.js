import { AsyncLocalStorage } from 'node:async_hooks';

import { EVENT, checkString } from './layout.js';
import { anyLibrary } from './library.js';
import { shortLived, stringRoom } from './memory.js';

/** @import { AxonPushEvent } from '../index.js' */
/** @import { Member } from './layout.js' */
/** @import { Values } from './memory.js' */

// The library has a current trace for each thread. JavaScript does many things on one thread, so the trace that is current here is
// passed with each event instead.

/** @type {AsyncLocalStorage<Trace | null>} */
const storage = new AsyncLocalStorage();

const TRACE_ID = /** @type {Member} */ (EVENT.members.get('traceId'));
const PARENT = /** @type {Member} */ (EVENT.members.get('parentSpanId'));

/** A trace, and a span in it. See index.d.ts. */
export class Trace {
  /** @param {{traceId?: string | null, spanId?: string | null}} [ids] */
  constructor({ traceId, spanId } = {}) {
    const ids = [traceId, spanId].map((id, n) => (id ? checkString(n === 0 ? 'traceId' : 'spanId', id) : null));
    const memory = shortLived(64 + stringRoom(ids[0]) + stringRoom(ids[1]));
    const [trace, span] = ids.map((id) => (id === null ? 0 : memory.string(id)));
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
    const header = checkString('traceparent', traceparent);
    const library = anyLibrary();
    const memory = shortLived(64 + stringRoom(header));
    const made = library.traceParse(memory.string(header), memory.errorSlot);
    if (!made) throw library.takeError(memory.error);
    return new Trace(library.takeTrace(made));
  }

  /** Returns the trace that is current here. */
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
 * Puts an event into the current trace. The event's own members take precedence. The current span is the parent only of events in
 * the same trace.
 * @param {AxonPushEvent} event
 * @param {Values} values the event's values, which are added to
 */
export function addTrace(event, values) {
  const trace = storage.getStore();
  if (!trace || !event) return;
  if (!event.traceId) values.push(TRACE_ID, trace.traceId);
  else if (event.traceId !== trace.traceId) return;
  // An event that is the current span is not its own parent.
  if (!event.parentSpanId && event.spanId !== trace.spanId) values.push(PARENT, trace.spanId);
}
