// @ts-check
/** How numbers and times are written. */

/** @param {string | undefined} time */
export function clock(time) {
  if (!time) return '';
  const date = new Date(time);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** @param {number | null | undefined} milliseconds */
export function duration(milliseconds) {
  if (!milliseconds) return '';
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${round(milliseconds / 1000)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

/** @param {number} value */
function round(value) {
  return value < 10 ? Math.round(value * 100) / 100 : Math.round(value * 10) / 10;
}

/** @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined ? '' : value.toLocaleString('en');
}

/** @param {number | null | undefined} usd */
export function cost(usd) {
  if (usd === null || usd === undefined) return '';
  return `$${usd >= 0.01 ? usd.toFixed(2) : Number(usd.toPrecision(2))}`;
}

/**
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}
