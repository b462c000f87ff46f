// Terms of art that explain themselves where the mouse rests on them, where the focus is, and where
// a finger taps.

import "./notes.js";
import { element } from "./dom.js";

let count = 0;

/**
 * @param {string} text
 * @param {string} explanation empty: the text stays as it is
 */
export function term(text, explanation) {
  if (!explanation) return element("span", "", {}, text);
  const id = `term-${++count}`;
  const note = element("span", "explanation", { role: "tooltip", id }, explanation);
  return element("span", "explained", { tabindex: "0", "aria-describedby": id }, text, note);
}
