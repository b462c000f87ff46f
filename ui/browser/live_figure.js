// What every live exhibit does: it takes in what Python knows, paints once a frame while a hand moves
// its values, and tells Python what has settled. A page's own class says what is painted.

import { element } from "./dom.js";
import { Sliders } from "./sliders.js";
import { Glide, bounded, fitted, held, still } from "./values.js";
import { View } from "./view.js";

/** @import { Values } from "./distortions.js" */
/** @import { Point, Size } from "./points.js" */
/** @import { Slider } from "./sliders.js" */
/** @import { Subject } from "./touch.js" */
/** @import { Bounds } from "./values.js" */

/**
 * What ui/components/live.py sends to every one of them.
 * @typedef {object} Given
 * @property {number} echo the message that it answers
 * @property {Values} values of the sliders, by their keys
 * @property {Slider[]} sliders
 * @property {Record<string, string>} words
 * @property {Record<string, string>} colors
 */

const GLIDE = 220; // ms: on the way to other values
const PAUSE = 250; // ms: waiting for the last key or turn of the wheel
const SLID = 60; // ms: the same on a slider, whose keys come one by one
const QUIET = 400; // ms until it is said aloud

/** @template {Given} Data */
export class LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.first = true;
    /** @type {Values} */
    this.values = data.values;
    /** @type {Record<string, Bounds>} of the values */
    this.bounds = {};
    /** @type {Glide | null} */
    this.glide = null;
    this.busy = false; // a hand is at work
    this.sent = 0; // the last message
    this.pending = false;
    /** @type {(said: object) => void} */
    this.send = () => {};
    this.text = ""; // the theme's colour of it
    this.font = "";
    this.shown = new View(0, 0, 1, 1); // of the picture that is touched
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {number | undefined} */
    this.saying = undefined;
    this.sliders = new Sliders(
      (key, value) => this.put({ ...this.values, [key]: value }),
      () => this.settleLater(SLID),
    );
    this.live = element("p", "live", { "aria-live": "polite" });
    this.frame = this.frame.bind(this);
    new ResizeObserver(() => this.arrange()).observe(root);
    addEventListener("resize", () => this.arrange());
  }

  // ---- what a page's own class says

  /**
   * Take in what else was sent, at every run.
   * @param {boolean} _answers whether it answers what was sent last: the page's state may be taken over
   */
  took(_answers) {}

  /**
   * Fit everything into a width.
   * @param {number} _width
   */
  layout(_width) {}

  /**
   * @param {number} _now
   * @returns {boolean} whether there is more to paint in the next frame
   */
  paint(_now) {
    return false;
  }

  /** What a message says besides the values. */
  message() {
    return {};
  }

  /** For screen readers, once things have settled. */
  spoken() {
    return "";
  }

  /** @returns {Subject | null} what fingers and keys act on: see touch.js */
  get subject() {
    return null;
  }

  /** @returns {Size} of the image that is touched */
  get size() {
    return [28, 28];
  }

  /**
   * By how much a key zooms.
   * @param {any} _value
   * @param {number} step
   */
  zoomed(_value, step) {
    return 1.05 ** step;
  }

  // ---- what Python says

  /**
   * @param {Data} data
   * @param {(said: object) => void} send
   */
  receive(data, send) {
    const { first } = this;
    const answers = first || (data.echo >= this.sent && !this.busy);
    this.send = send;
    this.data = data;
    this.first = false;
    this.bounds = Object.fromEntries(
      data.sliders.map(({ key, low, high, step }) => [key, [low, high, step]]),
    );
    this.sliders.show(data.sliders);
    if (first) this.values = data.values;
    else if (answers) this.glideTo(data.values);
    this.took(answers);
    this.arrange();
    this.changed();
  }

  /** @param {Values} values */
  glideTo(values) {
    if (JSON.stringify(values) === JSON.stringify(this.glide?.to ?? this.values)) return;
    const same = Object.keys(values).every((key) => key in this.values);
    this.glide = same && !still() ? new Glide(this.values, values, GLIDE) : null;
    if (!this.glide) this.values = values;
    this.changed();
  }

  // ---- frames

  arrange() {
    const width = this.root.clientWidth;
    if (!width || this.first) return;
    this.layout(width);
    this.changed();
  }

  changed() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(this.frame);
  }

  /** @param {number} now */
  frame(now) {
    this.pending = false;
    if (!this.root.isConnected || !this.root.clientWidth) return;
    const start = performance.now();
    if (this.glide) {
      const { values, done } = this.glide.at(now);
      this.values = values;
      if (done) this.glide = null;
    }
    const { color, fontFamily } = getComputedStyle(this.root);
    this.text = color;
    this.font = fontFamily;
    this.sliders.put(this.values);
    const more = this.paint(now);
    if (more || this.glide) this.changed();
    const detail = { spent: performance.now() - start };
    const options = { bubbles: true, composed: true, detail };
    this.root.dispatchEvent(new CustomEvent("stage-frame", options)); // benchmarks/live.py counts them
  }

  // ---- what the hand does

  /**
   * Values within their bounds, though not yet on the sliders' steps.
   * @param {Values} values
   */
  put(values) {
    this.glide = null;
    this.busy = true;
    this.values = bounded(values, this.bounds, held);
    this.changed();
  }

  settleLater(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), pause);
  }

  /** Bring the values to the sliders' steps, and tell Python. */
  settle() {
    clearTimeout(this.timer);
    this.busy = false;
    this.values = bounded(this.glide?.to ?? this.values, this.bounds, fitted);
    this.glide = null;
    this.changed();
    this.sent = Math.max(Date.now(), this.sent + 1);
    this.send({ id: this.sent, values: this.values, ...this.message() });
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.live.textContent = this.spoken();
    }, QUIET);
  }

  /**
   * Where a pointer is on an element.
   * @param {MouseEvent} event
   * @param {Element} on
   * @returns {Point}
   */
  local(event, on) {
    const { left, top } = on.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }
}

/**
 * The figure of a component, which is made at its first run.
 * @template {Given} Data
 * @param {new (root: HTMLElement, data: Data) => LiveFigure<Data>} Figure
 * @param {object} component what Streamlit gives
 * @param {Data} component.data
 * @param {HTMLElement} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setStateValue
 */
export function showFigure(Figure, { data, parentElement, setStateValue }) {
  /** @type {HTMLElement & { figure?: LiveFigure<Data> } | null} */
  let root = parentElement.querySelector(".exhibit");
  if (!root) parentElement.append((root = element("div", "exhibit")));
  if (!(root.figure instanceof Figure)) root.figure = new Figure(root, data); // another view of the page
  root.figure.receive(data, (said) => setStateValue("said", said));
}
