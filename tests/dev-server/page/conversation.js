// @ts-check
/** A run as a conversation: what was said, the tools that were called, and what came of it. */
import { button, element } from './dom.js';
import { clock, duration } from './format.js';
import { go } from './state.js';

/** @typedef {import('./api.js').NumberedEvent} NumberedEvent */
/** @typedef {{ role: string, text: string, hidden?: 'redacted' | 'preview' | 'cut', event: NumberedEvent, title?: string }} Turn */

const REDACTED = '[REDACTED]';

/** Attributes and payload members that hold content, by the role that speaks in them. */
const SPOKEN = [
  ['system', ['gen_ai.system_instructions', 'system_instructions', 'system_prompt', 'instructions']],
  ['user', ['gen_ai.input.messages', 'gen_ai.prompt', 'llm.prompts', 'messages', 'prompt', 'prompts', 'inputs', 'input', 'input.value']],
  ['thought', ['reasoning', 'thought', 'thoughts']],
  ['assistant', ['gen_ai.output.messages', 'gen_ai.completion', 'llm.completions', 'completion', 'completions', 'response', 'outputs', 'output', 'output.value']],
];
const ARGUMENTS = ['gen_ai.tool.call.arguments', 'tool.parameters', 'tool_arguments', 'tool.arguments', 'arguments', 'input.value', 'input', 'inputs'];
const RESULTS = ['gen_ai.tool.call.result', 'tool_result', 'tool.result', 'tool_output', 'output.value', 'output', 'outputs'];

/** @param {NumberedEvent[]} events */
export function conversation(events) {
  const turns = events.flatMap(turnsOf);
  /** @type {Turn[]} */
  const told = [];
  const known = new Set();
  for (const turn of turns) {
    const last = told.at(-1);
    // Each call of a model repeats all that was said before.
    const key = JSON.stringify([turn.role, turn.text]);
    if (turn.role === 'token' && last?.role === 'token' && !turn.hidden && !last.hidden) last.text += turn.text;
    else if (turn.role === 'token' || turn.hidden === 'redacted' || !known.has(key)) told.push(turn);
    known.add(key);
  }
  if (told.length === 0) return element('p', { class: 'quiet' }, 'Nothing in this run says what was said.');
  const redacted = told.some((turn) => turn.hidden === 'redacted');
  return [
    redacted ? element('p', { class: 'hint' }, 'Some content is redacted: by default the library sends none. The option ',
      element('code', {}, 'content_capture'), ' (', element('code', {}, 'AXONPUSH_CONTENT_CAPTURE'), ') set to ',
      element('code', {}, 'redacted'), ' sends the first 256 characters, ', element('code', {}, 'full'), ' all of it.') : null,
    element('ol', { class: 'turns' }, told.map(show)),
  ];
}

/** @param {Turn} turn */
function show(turn) {
  const role = turn.role === 'token' ? 'assistant' : turn.role;
  const note = { redacted: 'redacted', preview: 'a preview of 256 characters', cut: 'cut at max_content_length' };
  return element('li', { class: `turn ${role}` },
    element('header', {},
      element('b', {}, turn.title ?? role), ' ',
      button(clock(turn.event.event.occurredAt), () => go({ event: turn.event.number, tab: 'event' }), {
        class: 'link', 'aria-label': `The event at ${clock(turn.event.event.occurredAt)}`,
      }),
      turn.event.event.durationMs ? ` ${duration(turn.event.event.durationMs)}` : '',
      turn.hidden ? [' ', element('span', { class: 'badge' }, note[turn.hidden])] : null),
    turn.hidden === 'redacted' ? null : element('p', {}, turn.text));
}

/** @param {NumberedEvent} numbered @returns {Turn[]} */
function turnsOf(numbered) {
  const { event } = numbered;
  const payload = event.payload ?? {};
  const all = { ...payload, ...payload.attributes, ...event.metadata };
  // Content that is recorded as events of a span.
  for (const it of Array.isArray(payload.events) ? payload.events : []) {
    if (typeof it?.name === 'string' && it.name.startsWith('gen_ai.')) Object.assign(all, prefixed(it.name, it.attributes));
  }
  if (event.semanticKind === 'log' && !event.eventType?.startsWith('agent.')) return [];
  const failure = event.status === 'error'
    ? [turn('error', [event.errorType, event.errorMessage].filter(Boolean).join(': ') || event.identifier, numbered)] : [];
  if (event.semanticKind === 'tool') {
    const name = event.toolName ?? event.identifier;
    return [
      ...first(all, ARGUMENTS).map((value) => turn('tool', written(value), numbered, `calls ${name}`)),
      ...first(all, RESULTS).map((value) => turn('tool', written(value), numbered, `${name} returns`)),
      ...failure,
    ];
  }
  if (event.eventType === 'agent.llm.token') return typeof all.token === 'string' ? [turn('token', all.token, numbered)] : [];
  if (event.eventType === 'agent.handoff') return [turn('note', `hands over${all.to ? ` to ${written(all.to)}` : ''}`, numbered)];
  const message = event.eventType === 'agent.message' ? first(all, ['content', 'message', 'text']) : [];
  const said = message.length
    ? message.flatMap((value) => messages(value, typeof all.role === 'string' ? all.role : 'assistant', numbered))
    : SPOKEN.flatMap(([role, names]) => [
      ...first(all, /** @type {string[]} */ (names)).flatMap((value) => messages(value, /** @type {string} */ (role), numbered)),
      ...flattened(all, /** @type {string} */ (role)).map(({ role: speaker, text }) => turn(speaker, text, numbered)),
    ]);
  return [...said, ...failure];
}

/** @param {string} name @param {any} attributes */
function prefixed(name, attributes) {
  const values = Object.values(attributes ?? {});
  if (name === 'gen_ai.content.prompt') return { prompt: values[0] };
  if (name === 'gen_ai.content.completion') return { completion: values[0] };
  return {};
}

/** The value under the first of these names that is there. @param {any} all @param {string[]} names @returns {unknown[]} */
function first(all, names) {
  const name = names.find((it) => all[it] !== undefined && all[it] !== null);
  return name === undefined ? [] : [all[name]];
}

/** OpenInference's lists: `llm.input_messages.0.message.content`. @param {any} all @param {string} role */
function flattened(all, role) {
  const list = { user: 'llm.input_messages', assistant: 'llm.output_messages' }[role];
  if (!list) return [];
  /** @type {{ role: string, text: string }[]} */
  const found = [];
  for (let i = 0; all[`${list}.${i}.message.content`] !== undefined; i += 1) {
    const speaker = all[`${list}.${i}.message.role`];
    found.push({
      role: typeof speaker === 'string' && speaker !== REDACTED ? speaker : role, text: written(all[`${list}.${i}.message.content`]),
    });
  }
  return found;
}

/** One message or many, in any of the shapes that are in use. @param {unknown} value @param {string} role @param {NumberedEvent} event @returns {Turn[]} */
function messages(value, role, event) {
  const parsed = typeof value === 'string' ? json(value) : value;
  if (Array.isArray(parsed)) return parsed.flatMap((it) => messages(it, role, event));
  if (parsed && typeof parsed === 'object') {
    const it = /** @type {{ [name: string]: any }} */ (parsed);
    const speaker = typeof it.role === 'string' ? it.role : role;
    const parts = it.parts ?? it.content ?? it.text ?? it.message;
    if (it.type === 'tool_call' || it.type === 'tool_use') {
      return [turn('tool', written(it.arguments ?? it.input ?? ''), event, `calls ${it.name}`)];
    }
    if (it.type === 'tool_call_response' || it.type === 'tool_result') {
      return [turn('tool', written(it.response ?? it.result ?? it.content ?? ''), event, 'tool result')];
    }
    if (parts !== undefined) return messages(parts, speaker, event);
    return [turn(speaker, written(it), event)];
  }
  return parsed === null || parsed === undefined || parsed === '' ? [] : [turn(role, String(parsed), event)];
}

/** @param {string} text */
function json(text) {
  if (!/^\s*[[{]/.test(text) || text === REDACTED) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {unknown} value */
function written(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** @param {string} role @param {string} text @param {NumberedEvent} event @param {string} [title] @returns {Turn} */
function turn(role, text, event, title) {
  const hidden = text === REDACTED ? 'redacted'
    : text.endsWith('…[REDACTED_PREVIEW]') ? 'preview'
      : text.endsWith('…[TRUNCATED]') ? 'cut' : undefined;
  return { role, text: text.replace(/…\[(REDACTED_PREVIEW|TRUNCATED)\]$/, '…'), hidden, event, title };
}
