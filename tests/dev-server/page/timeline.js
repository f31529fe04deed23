// @ts-check
/** One run as a timeline: a row for each span, in the order of the tree, and events without a span below what they belong to. */
import { element } from './dom.js';
import { clock, duration } from './format.js';
import { kind } from './list.js';
import { go } from './state.js';

/** @typedef {import('./api.js').NumberedEvent} NumberedEvent */
/**
 * @typedef {{
 *   id: string, parent: string | null, events: NumberedEvent[], start: number, end: number, children: Node[], depth: number,
 * }} Node
 */

/**
 * The spans as a tree. Events that share a span (its start and its end) are one row.
 * @param {NumberedEvent[]} events
 * @returns {Node[]} in the order in which they are shown
 */
export function tree(events) {
  /** @type {Map<string, Node>} */
  const nodes = new Map();
  for (const it of events) {
    const start = Date.parse(it.event.occurredAt);
    const end = start + (it.event.durationMs ?? 0);
    const isLog = it.event.semanticKind === 'log';
    // A log line is in a span, and no span itself.
    const id = it.event.spanId && !isLog ? `span ${it.event.spanId}` : `event ${it.number}`;
    const above = isLog ? it.event.spanId ?? it.event.parentSpanId : it.event.parentSpanId;
    const parent = above && above !== (isLog ? null : it.event.spanId) ? `span ${above}` : null;
    const known = nodes.get(id);
    if (known) {
      known.events.push(it);
      known.parent ??= parent;
      known.start = Math.min(known.start, start);
      known.end = Math.max(known.end, end);
    } else {
      nodes.set(id, { id, parent, events: [it], start, end, children: [], depth: 0 });
    }
  }
  /** @type {Node[]} */
  const roots = [];
  for (const node of nodes.values()) {
    const parent = node.parent === null ? undefined : nodes.get(node.parent);
    if (parent && !isBelow(parent, node, nodes)) parent.children.push(node);
    else roots.push(node);
  }
  /** @type {Node[]} */
  const ordered = [];
  const rest = sorted(roots).reverse().map((node) => ({ node, depth: 0 }));
  for (let next = rest.pop(); next; next = rest.pop()) {
    next.node.depth = next.depth;
    ordered.push(next.node);
    for (const child of sorted(next.node.children).reverse()) rest.push({ node: child, depth: next.depth + 1 });
  }
  return ordered;
}

/** Whether a node's parents lead to itself. @param {Node} node @param {Node} above @param {Map<string, Node>} nodes */
function isBelow(node, above, nodes) {
  const seen = new Set();
  for (let it = /** @type {Node | undefined} */ (node); it && !seen.has(it.id); it = it.parent ? nodes.get(it.parent) : undefined) {
    if (it === above) return true;
    seen.add(it.id);
  }
  return false;
}

/** @param {Node[]} nodes */
function sorted(nodes) {
  return [...nodes].sort((a, b) => a.start - b.start || a.events[0].number - b.events[0].number);
}

/**
 * @param {NumberedEvent[]} events
 * @param {number | null} selected
 */
export function timeline(events, selected) {
  const nodes = tree(events);
  const start = Math.min(...nodes.map((it) => it.start));
  const total = Math.max(1, Math.max(...nodes.map((it) => it.end)) - start);
  return element('ol', { class: 'timeline' }, nodes.map((node) => {
    const event = node.events.find((it) => it.number === selected) ?? node.events[0];
    const failed = node.events.find((it) => it.event.status === 'error');
    const took = node.end - node.start;
    const offset = node.start - start;
    const bar = element('span', { class: `bar kind-${kind(event.event)}` });
    // Through the object model: the page's policy forbids style attributes. The minimum width is in the style sheet.
    bar.style.left = `${(100 * offset) / total}%`;
    bar.style.width = `${(100 * took) / total}%`;
    const name = element('span', { class: 'name' }, event.event.identifier);
    name.style.paddingLeft = `${Math.min(node.depth, 12) * 0.9}rem`;
    const what = [event.event.semanticKind, event.event.requestModel ?? event.event.toolName].filter(Boolean).join(' · ');
    return element('li', {}, element('button', {
      type: 'button', class: `span${failed ? ' failed' : ''}`, 'data-key': node.id,
      'aria-current': node.events.some((it) => it.number === selected) ? 'true' : null,
      title: `${clock(event.event.occurredAt)} ${event.event.eventType}`,
      onclick: () => go({ event: (failed ?? event).number, tab: 'event' }),
    },
    name,
    element('span', { class: 'hidden' }, `, level ${node.depth + 1}, starts after ${duration(offset) || '0 ms'}, `),
    element('span', { class: 'what' }, what),
    element('span', { class: 'track' }, bar),
    element('span', { class: 'took' }, duration(took)),
    failed ? element('span', { class: 'failure' }, [failed.event.errorType, failed.event.errorMessage].filter(Boolean).join(': ') || 'error') : null));
  }));
}
