// A thread of a client's own, see own-thread.js: makes the native calls that it is asked for, one after the other.
import { parentPort, workerData } from 'node:worker_threads';

import { load } from './library.js';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const library = load(workerData);

port.on('message', ({ name, parameters }) => {
  const native = /** @type {import('./library.js').NativeFunction} */ (library.waiting.get(name));
  port.postMessage(native(...parameters));
});
port.postMessage('ready');
