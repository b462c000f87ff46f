// A hand's handles on the big picture. They are buttons, so that every finger, key and screen reader
// finds them.

import { element } from "./dom.js";
import { numberOf } from "./hand.js";

/** @import { Handle } from "./hand.js" */
/** @import { View } from "./view.js" */
/** @typedef {Record<string, string>} Words */

const REACH = 13; // of a handle, in pixels: none is further out than that

export class Knobs {
  constructor() {
    this.element = element("div", "knobs");
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.names = ""; // of the handles
    /** @type {Words | null} */
    this.words = null;
  }

  /** Other handles will come, even if under the same names. */
  forget() {
    this.names = "none";
  }

  /**
   * @param {Handle[]} handles
   * @param {View} view
   * @param {Words} words
   * @param {string} whose a class
   */
  show(handles, view, words, whose = "") {
    const names = handles.map((handle) => handle.id).join() + whose;
    if (names !== this.names || words !== this.words) {
      this.names = names;
      this.words = words;
      this.build(handles, words, whose);
    }
    handles.forEach((handle, i) => {
      const place = view.at([handle.x, handle.y]);
      const [x, y] = place.map((at) => Math.min(Math.max(at, REACH), view.side - REACH));
      const { style, classList } = this.buttons[i];
      classList.toggle("chosen", handle.chosen ?? false);
      style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      if (handle.size) style.setProperty("--side", `${handle.size * view.zoom}px`);
    });
  }

  hide() {
    if (this.names) this.element.replaceChildren();
    this.names = "";
    this.buttons = [];
  }

  /**
   * @param {Handle[]} handles
   * @param {Words} words
   * @param {string} whose
   */
  build(handles, words, whose) {
    const focused = this.buttons.find((button) => button.matches(":focus"))?.dataset.id;
    this.buttons = handles.map((handle) => {
      const label = handle.name ?? nameOf(handle, handles.length, words);
      const attributes = { type: "button", "data-id": handle.id, "aria-label": label };
      const text = handle.text ?? (handle.shape === "turn" ? "↻" : "");
      return element("button", `knob ${handle.shape} ${whose}`, attributes, text);
    });
    this.element.replaceChildren(...this.buttons);
    if (focused) this.buttons.find((button) => button.dataset.id === focused)?.focus();
  }
}

/**
 * @param {Handle} handle
 * @param {number} count of all handles
 * @param {Words} words
 */
function nameOf({ id, shape }, count, words) {
  const number = numberOf(id);
  if (shape === "turn") return words.turn_handle;
  if (shape === "box") return `${words.distractor} ${number + 1}`;
  const four = count === 5 || count === 4; // with or without a handle that turns
  return four ? words.corners.split(",")[number].trim() : `${words.control_point} ${number + 1}`;
}
