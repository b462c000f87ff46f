// Terms of art that explain themselves where the mouse rests on them, where the focus is, and where
// a finger taps.

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
  const attributes = { tabindex: "0", "aria-describedby": id };
  const made = element("span", "explained", attributes, text, note);
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape") made.blur();
  });
  made.addEventListener("pointerenter", () => within(made, note));
  made.addEventListener("focus", () => within(made, note));
  return made;
}

/**
 * Keep an explanation inside the window, unless the page has placed it (ui/app/terms.js).
 * @param {HTMLElement} made
 * @param {HTMLElement} note
 */
function within(made, note) {
  if (note.style.position) return;
  const { left } = made.getBoundingClientRect();
  const room = document.documentElement.clientWidth - 12;
  note.style.left = `${Math.min(0, room - left - note.offsetWidth)}px`;
}
