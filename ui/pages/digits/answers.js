// All answers in one line: on a telephone, where the rows lie below the picture, it stays in sight
// while one drags.

import { element, put } from "../../browser/dom.js";

/** @import { Row } from "./row.js" */

export class Answers {
  constructor() {
    this.element = element("div", "strip", { role: "group" });
    /** @type {HTMLElement[]} */
    this.figures = [];
  }

  /** @param {Row[]} rows */
  show(rows) {
    this.figures = rows.map(() => element("b"));
    const parts = rows.map((row, i) => element("span", "", {}, `${row.name} `, this.figures[i]));
    this.element.replaceChildren(...parts);
  }

  /** @param {Row[]} rows */
  put(rows) {
    rows.forEach(({ said }, i) => {
      put(this.figures[i], said.textContent ?? "");
      this.figures[i].style.color = said.style.color;
    });
  }
}
