// Sliders that a figure follows while they move. They are the browser's own, so that keys, fingers and
// screen readers find them.

import { element, put } from "./dom.js";
import { fitted } from "./values.js";

/** @import { Values } from "./distortions.js" */
/** @import { Bounds } from "./values.js" */

/**
 * A slider as ui/controls/live.py sends it; `asks` is one whose value means nothing to the browser,
 * such as a seed: only Python can follow it.
 * @typedef {{ key: string, label: string, low: number, high: number, step: number, unit: string,
 *   half: boolean, asks: boolean }} Slider
 */

/** @typedef {{ slider: Slider, bounds: Bounds, input: HTMLInputElement, figure: HTMLElement }} Line */

export class Sliders {
  /**
   * @param {(key: string, value: number, slider: Slider) => void} moved at every step of the way
   * @param {(key: string) => void} settled the hand has let go
   */
  constructor(moved, settled) {
    this.moved = moved;
    this.settled = settled;
    this.element = element("div", "sliders");
    this.made = ""; // what the lines were made from
    /** @type {Line[]} */
    this.lines = [];
  }

  /** @param {Slider[]} sliders */
  show(sliders) {
    const made = JSON.stringify(sliders);
    if (made === this.made) return;
    this.made = made;
    this.lines = sliders.map((slider) => this.line(slider));
    const labels = this.lines.map(({ slider, input, figure }) => {
      const name = element("span", "name", {}, slider.label);
      const className = slider.half ? "slider half" : "slider";
      return element("label", className, { "data-key": slider.key }, name, figure, input);
    });
    this.element.replaceChildren(...labels);
  }

  /**
   * @param {Slider} slider
   * @returns {Line}
   */
  line(slider) {
    const { key, low, high, step, label } = slider;
    const attributes = { type: "range", min: low, max: high, step, "aria-label": label };
    const input = element("input", "", attributes);
    input.addEventListener("input", () => this.moved(key, Number(input.value), slider));
    input.addEventListener("change", () => this.settled(key));
    return {
      slider,
      bounds: [low, high, step],
      input,
      figure: element("span", "figure", { "aria-hidden": "true" }),
    };
  }

  /** @param {Values} values */
  put(values) {
    for (const { slider, bounds, input, figure } of this.lines) {
      const value = fitted(bounds, values[slider.key]);
      if (Number(input.value) !== value) input.value = String(value);
      input.style.setProperty("--share", String((value - bounds[0]) / (bounds[1] - bounds[0])));
      const space = /^\p{L}/u.test(slider.unit) ? "\u00a0" : "";
      const text = String(value).replace("-", "−") + space + slider.unit;
      put(figure, text);
      if (input.ariaValueText !== text) input.ariaValueText = text;
    }
  }
}
