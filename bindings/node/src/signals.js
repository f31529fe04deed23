/** @import { AbortSignalLike } from '../index.js' */

/** What is to be done when a signal aborts. Node warns of more than ten listeners, and any number of calls may share a signal. */
/** @type {WeakMap<AbortSignalLike, {cancels: Set<() => void>, listener: () => void}>} */
const listening = new WeakMap();

/**
 * Calls a function when a signal aborts.
 * @param {AbortSignalLike | undefined} signal undefined: never
 * @param {() => void} cancel
 * @returns {() => void} ends that
 */
export function onAbort(signal, cancel) {
  if (signal === undefined) return () => {};
  let entry = listening.get(signal);
  if (entry === undefined) {
    /** @type {Set<() => void>} */
    const cancels = new Set();
    entry = { cancels, listener: () => cancels.forEach((each) => each()) };
    listening.set(signal, entry);
    signal.addEventListener('abort', entry.listener);
  }
  const { cancels, listener } = entry;
  cancels.add(cancel);
  return () => {
    if (!cancels.delete(cancel) || cancels.size > 0) return;
    listening.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}
