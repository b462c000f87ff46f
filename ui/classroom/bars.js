// Bars of shares, several series side by side: what a class chose, what networks answered.

import { element, put } from "../browser/dom.js";

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} look a class of the style: "class", "network" or "network second"
 * @property {number[]} shares in [0, 1]
 * @property {string[]} said what stands at each bar
 */

/**
 * @typedef {object} Chart
 * @property {string[]} labels of the choices
 * @property {Series[]} series
 * @property {number | null} right the choice to mark
 * @property {number | null} mine
 * @property {Record<string, string>} words "right_one" and "yours"
 */

/**
 * Shares of votes; nothing where there are none.
 * @param {number[]} tally
 */
export function sharesOf(tally) {
  const sum = tally.reduce((a, b) => a + b, 0);
  return tally.map((count) => (sum ? count / sum : 0));
}

/** Texts stand below each other, digits side by side, each with a bar for each series. */
export class Bars {
  constructor() {
    this.root = element("div", "bars");
    this.shape = "";
    /** @type {{ row: HTMLElement, label: HTMLElement, marks: HTMLElement, bars: HTMLElement[], said: HTMLElement[] }[]} */
    this.rows = [];
    this.legend = element("p", "legend");
  }

  /** @param {Chart} chart */
  show({ labels, series, right, mine, words }) {
    const shape = JSON.stringify([labels, series.map(({ name, look }) => [name, look])]);
    if (shape !== this.shape) this.build(labels, series);
    this.shape = shape;
    this.rows.forEach(({ row, marks, bars, said }, i) => {
      row.classList.toggle("right", i === right);
      const marked = [i === right && `✓ ${words.right_one}`, i === mine && `● ${words.yours}`];
      put(marks, marked.filter(Boolean).join(" · "));
      series.forEach(({ shares, said: texts }, k) => {
        bars[k].style.setProperty("--share", `${(100 * shares[i]).toFixed(1)}%`);
        put(said[k], texts[i]);
      });
    });
  }

  /**
   * @param {string[]} labels
   * @param {Series[]} series
   */
  build(labels, series) {
    const short = labels.every((label) => label.length < 3);
    this.root.classList.toggle("short", short);
    this.rows = labels.map((text) => {
      const label = element("span", "label", {}, text);
      const marks = element("span", "marks");
      const bars = series.map(({ look }) => element("i", look));
      const said = series.map(() => element("span", "value"));
      const lines = bars.map((bar, k) =>
        element("span", "line", {}, element("b", "", {}, bar), said[k]),
      );
      const head = element("span", "head", {}, label, marks);
      const row = element("div", "choice", {}, head, element("span", "lines", {}, ...lines));
      return { row, label, marks, bars, said };
    });
    const keys = series.map(({ name, look }) =>
      element("span", "", {}, element("i", look), ` ${name}`),
    );
    this.legend.replaceChildren(...keys);
    this.root.replaceChildren(this.legend, ...this.rows.map(({ row }) => row));
  }
}
