// Runs calls that wait for the network on threads of libuv's pool.
//
// The pool belongs to the whole process. It has four threads, unless UV_THREADPOOL_SIZE says otherwise, on which Node also reads
// files, resolves names and compresses. One of our calls can take minutes while the service is silent, so at most half of the
// threads run our calls at a time, and further calls wait here in a queue. Background events, flush, stats and close do not wait
// in it.

const POOL = Math.min(1024, Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10) || 4);
export const AT_ONCE = Math.max(1, Math.floor(POOL / 2));

/**
 * @typedef {object} Call
 * @property {object} owner
 * @property {(done: () => void) => void} start
 * @property {() => void} cancel
 */

/** @type {Call[]} */
let waiting = [];
let running = 0;

/** @param {Call} call */
export function enter(call) {
  waiting.push(call);
  next();
}

function next() {
  while (running < AT_ONCE) {
    const call = waiting.shift();
    if (call === undefined) return;
    running += 1;
    call.start(() => {
      running -= 1;
      next();
    });
  }
}

/**
 * Cancels the calls of an owner that have not started yet.
 * @param {object} owner
 */
export function cancelWaiting(owner) {
  const cancelled = waiting.filter((call) => call.owner === owner);
  if (cancelled.length === 0) return;
  waiting = waiting.filter((call) => call.owner !== owner);
  for (const call of cancelled) call.cancel();
}
