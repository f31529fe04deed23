// @ts-check
/**
 * Elements without HTML: whatever comes from outside becomes a text node. The page's policy forbids every other way.
 */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {{ class?: string, [name: string]: unknown }} Properties
 */

/**
 * An element: `on...` properties are listeners, `true` and `false` make and unmake an attribute, the rest are attributes.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Properties} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...nodes(children));
  return made;
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  const given = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  return given.map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * Puts children in the place of those that are there.
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

/**
 * @param {string} label
 * @param {() => void} onclick
 * @param {Properties} [properties]
 */
export function button(label, onclick, properties = {}) {
  return element('button', { type: 'button', onclick, ...properties }, label);
}

/**
 * A button that copies text, and says that it did.
 * @param {() => string} text
 * @param {string} [label]
 */
export function copyButton(text, label = 'Copy') {
  const made = button(label, async () => {
    await navigator.clipboard.writeText(text());
    made.textContent = 'Copied';
    setTimeout(() => { made.textContent = label; }, 1500);
  }, { class: 'small' });
  return made;
}

/**
 * An element of the page that is always there.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * At most once in so many milliseconds, and once after the last call.
 * @param {number} pause
 * @param {() => unknown} work
 */
export function throttled(pause, work) {
  let waiting = false;
  let last = -Infinity;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      last = performance.now();
      work();
    }, Math.max(0, pause - (performance.now() - last)));
  };
}
