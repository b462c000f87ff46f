// What every component does with the page.

/** @type {Record<string, [x: number, y: number]>} Keys, as steps. */
export const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
export function element(name, className = "", attributes = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/**
 * The layout is left alone where nothing changes.
 * @param {Node} node
 * @param {string} text
 */
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * A text with its {braces} filled in, each figure kept with its unit and its sign of equality.
 * @param {string} template
 * @param {Record<string, string | number>} values
 */
export const fill = (template, values) =>
  template
    .replace(/\{(\w+)\}/g, (_, name) => String(values[name]))
    .replaceAll(" %", "\u00a0%")
    .replaceAll(" = ", "\u00a0=\u00a0");

/**
 * A text with <sub> in it, which the app's own texts have.
 * @param {string} text
 */
export const rich = (text) =>
  text
    .split(/<sub>(.*?)<\/sub>/)
    .map((part, i) => (i % 2 ? element("sub", "", {}, part) : document.createTextNode(part)));

/**
 * A file that static_files.py serves, wherever this module came from there.
 * @param {string} name below static/
 */
export const servedUrl = (name) => new URL(`../../${name}`, import.meta.url).href;
