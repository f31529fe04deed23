// @ts-check
/** JSON to read and to copy. */
import { copyButton, element } from './dom.js';

/** Longer text is cut on the page; Copy has all of it. */
const MOST_SHOWN = 200_000;

/** @param {unknown} value @param {string} title */
export function jsonPanel(value, title) {
  const text = JSON.stringify(value, null, 2) ?? 'null';
  const shown = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}\n… (Copy has all of it)` : text;
  return element('section', { class: 'json' },
    element('header', {}, element('h3', {}, title), copyButton(() => text)),
    element('pre', { tabindex: '0', 'aria-label': title }, shown));
}
