// A figure whose hand is on one picture of a digit, beside or above what a network makes of it.

import { greysOf } from "./bytes.js";
import { LiveFigure } from "./live_figure.js";
import { Fetched } from "./networks.js";
import { Panel } from "./panel.js";
import { rem } from "./theme.js";
import { Touch } from "./touch.js";

/** @import { Given } from "./live_figure.js" */

/** @typedef {Given & { digit: string, file: string }} OfDigit the file of a network that reads it */

/**
 * How large the picture is.
 * @typedef {object} Measures
 * @property {number} room around it, a share of its side
 * @property {number} share of the width, beside the rest
 * @property {number} narrow share of a phone's height, above the rest
 * @property {number} most pixels of the screen
 */

const AROUND = 340; // pixels of a window's height that the picture leaves to the page and its own texts
const LEAST = 18; // rem, below which the sliders' names would break
const GAP = 24; // as the floor's style has it

/**
 * @template {OfDigit} Data
 * @extends {LiveFigure<Data>}
 */
export class DigitFigure extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   * @param {Measures} measures
   */
  constructor(root, data, measures) {
    super(root, data);
    this.measures = measures;
    this.wide = 300; // of what follows from it
    this.panel = new Panel();
    this.place = this.panel.place;
    this.touches = [new Touch(this)];
    this.digit = greysOf(data.digit);
    this.digitText = data.digit;
    this.fetched = new Fetched(() => {
      this.forget();
      this.changed();
    });
  }

  /** @param {boolean} _answers */
  took(_answers) {
    const { digit, file } = this.data;
    if (digit !== this.digitText) {
      this.digitText = digit;
      this.digit = greysOf(digit);
      this.forget();
    }
    this.fetched.fetch(file);
  }

  /** Drop what belongs to another digit, or another network. */
  forget() {}

  /** @param {number} width */
  layout(width) {
    const { share, narrow: high, most, room } = this.measures;
    const narrow = width < 640;
    const below = this.sliders.element.offsetHeight;
    const tall = Math.max(LEAST * rem(), Math.min(innerHeight - AROUND - below, most));
    const side = Math.round(
      narrow ? Math.min(width, high * innerHeight) : Math.min(share * width, tall),
    );
    this.wide = narrow ? width : width - side - GAP;
    this.panel.fit(this.size, room, side);
    this.shown = this.panel.view;
    this.root.style.setProperty("--input", `${side}px`);
    this.root.classList.toggle("narrow", narrow);
  }
}
