// A figure under a hand: what the hand does is painted in the same frame; what has settled goes to
// Python; what Python knows comes at every run of the page.

import { element, put } from "./dom.js";
import { Post } from "./post.js";
import { Sliders } from "./sliders.js";
import { View } from "./view.js";
import { Glide, bounded, fitted, held, still } from "./values.js";

/** @import { Values } from "./distortions.js" */
/** @import { Size } from "./points.js" */
/** @import { Hand } from "./hand.js" */
/** @import { Panel } from "./panel.js" */
/** @import { Ground, Subject, Touch } from "./touch.js" */
/** @import { Slider } from "./sliders.js" */
/** @import { Bounds } from "./values.js" */

/**
 * What ui/components/live.py sends at least.
 * @typedef {object} Given
 * @property {number} echo the message that it answers
 * @property {Values} values
 * @property {Record<string, Bounds>} [bounds] of values that have no slider
 * @property {Slider[]} sliders
 * @property {Record<string, string>} words
 * @property {Record<"input" | "grid" | "up" | "right" | "wrong" | "unknown" | "quiet", string>} colors
 */

export const GLIDE = 220; // ms: following a slider
const PAUSE = 250; // ms: waiting for the last key or turn of the wheel
export const SLID = 60; // ms: the same on a slider, whose keys come one by one
const QUIET = 400; // ms until it is said aloud
const CALM = 300; // ms that the browser has for Python's answer, before what was sent is painted by itself

/**
 * A page's own class says what is painted.
 * @template {Given} Data
 */
export class LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.first = true;
    this.words = data.words;
    this.colors = data.colors;
    /** @type {Values} */
    this.values = data.values;
    /** @type {Record<string, Bounds>} of the values */
    this.bounds = {};
    /** @type {Glide | null} */
    this.glide = null;
    this.busy = false; // a hand is at work, or what it did is not sent yet
    this.post = new Post(root, (wish) => this.settle(wish));
    this.pending = false;
    this.spent = 0; // ms of a frame in what is worth knowing of, else in all of it
    this.shown = new View(0, 0, 1, 1); // of the picture that is touched
    /** @type {Touch[]} */
    this.touches = [];
    this.text = ""; // the theme's colour of it
    this.font = "";
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {number | undefined} */
    this.saying = undefined;
    this.sliders = new Sliders(
      (key, value, { asks }) => {
        this.put(this.slid(key, value));
        if (asks) this.settle();
      },
      () => this.settleLater(SLID),
    );
    this.agreement = element("p", "agreement");
    this.live = element("p", "live", { "aria-live": "polite" });
    this.frame = this.frame.bind(this);
    new ResizeObserver(() => this.arrange()).observe(root);
    addEventListener("resize", () => this.arrange());
  }

  // -------------------------------------------------------------------------- what subclasses have

  /**
   * Take in what else was sent, at every run.
   * @param {boolean} _answers whether it answers what was sent last: what is shown may be taken over
   */
  took(_answers) {}

  /**
   * Fit everything into a width. Nothing that the hand does changes sizes.
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

  /** Whether a finger is down. */
  get gripped() {
    return this.touches.some(({ pulled }) => pulled);
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

  /** What a message says besides the values. */
  message() {
    return {};
  }

  /** For screen readers, once things have settled. */
  spoken() {
    return "";
  }

  /**
   * The values after a slider has moved.
   * @param {string} key
   * @param {number} value
   * @returns {Values}
   */
  slid(key, value) {
    return { ...this.values, [key]: value };
  }

  // ------------------------------------------------------------------------------ what is touched

  /**
   * A hand on the figure's own values.
   * @param {Hand<Values>} hand
   * @returns {Subject}
   */
  under(hand) {
    /** @param {Values} values */
    const put = (values) => this.put(values);
    return { hand, value: this.values, put };
  }

  /**
   * One of several pictures, to be touched.
   * @param {Panel} panel
   * @param {() => Subject | null} subject what a hand acts on there, now
   * @returns {Ground}
   */
  ground(panel, subject) {
    const figure = this;
    return {
      root: figure.root,
      place: panel.place,
      get subject() {
        return subject();
      },
      get shown() {
        return panel.view;
      },
      get size() {
        return figure.size;
      },
      zoomed: (value, step) => figure.zoomed(value, step),
      settle: () => figure.settle(),
      settleLater: () => figure.settleLater(),
    };
  }

  // ----------------------------------------------------------------------------- from Python, and back

  /**
   * What Python knows: at every run of the page.
   * @param {Data} data
   * @param {(said: object) => void} send
   */
  receive(data, send) {
    const { first } = this;
    this.listen(data, send);
    this.first = false;
    const answers = first || this.isFresh;
    if (answers) this.follow(data, first);
    this.took(answers);
    this.fit();
    requestAnimationFrame(() => this.changed()); // one frame after Plotly's figure, which came with it
  }

  /**
   * @param {Data} data
   * @param {(said: object) => void} send
   * @returns {boolean} whether the words are others now
   */
  listen(data, send) {
    const { words, colors } = data;
    this.data = data;
    this.post.receive(data.echo, send);
    this.colors = colors;
    if (JSON.stringify(words) === JSON.stringify(this.words)) return false;
    this.words = words;
    return true;
  }

  /** Whether what has come answers what was sent last, and no hand has gone on since. */
  get isFresh() {
    return this.post.answered && !this.busy;
  }

  /**
   * Go to the values that were sent.
   * @param {Given} data
   * @param {boolean} atOnce without a glide
   */
  follow(data, atOnce) {
    if (atOnce || still()) {
      this.values = data.values;
      this.glide = null; // it may be on the way to values of another kind
    } else {
      this.glideTo(data.values);
    }
    const bounds = data.sliders.map(({ key, low, high, step }) => [key, [low, high, step]]);
    this.bounds = { ...Object.fromEntries(bounds), ...data.bounds };
    this.sliders.show(data.sliders);
  }

  settleLater(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), pause);
  }

  /** Bring the values to the sliders' steps, and tell Python, which may be asked for something. */
  settle(wish = "") {
    clearTimeout(this.timer);
    if (this.gripped) return;
    this.busy = false;
    const values = bounded(this.glide?.to ?? this.values, this.bounds, fitted);
    this.post.say({ values, wish, ...this.message() });
    if (!this.glide && JSON.stringify(values) !== JSON.stringify(this.values)) {
      this.values = values;
      setTimeout(() => this.changed(), CALM);
    }
    this.sayLater(() => this.spoken());
  }

  /** @param {() => string} text for screen readers */
  sayLater(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.live.textContent = text();
    }, QUIET);
  }

  /**
   * How far the browser's numbers are from PyTorch's.
   * @param {number | null} most null while the two are about different states
   */
  agree(most) {
    const known = most !== null && Number.isFinite(most) && !this.glide;
    const figure = known && (most < 1e-6 ? "<\u00a00.000001" : most.toFixed(6));
    put(this.agreement, figure ? this.words.agreement.replace("[difference]", figure) : "");
  }

  // --------------------------------------------------------------------------------------- frames

  changed() {
    this.request();
  }

  request() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(this.frame);
  }

  /** @param {number} now */
  frame(now) {
    this.pending = false;
    if (!this.root.clientWidth || this.first) return;
    if (this.glide) {
      const { values, done } = this.glide.at(now);
      this.values = values;
      if (done) this.glide = null;
    }
    const { color, fontFamily } = getComputedStyle(this.root);
    this.text = color;
    this.font = fontFamily;
    const start = performance.now();
    this.spent = 0;
    const more = this.paint(now);
    this.sliders.put(this.values);
    if (more || this.glide) this.request();
    const detail = { spent: this.spent || performance.now() - start };
    const options = { bubbles: true, composed: true, detail };
    this.root.dispatchEvent(new CustomEvent("stage-frame", options)); // benchmarks/live.py counts them
  }

  fit() {
    const width = this.root.clientWidth;
    if (width && !this.first) this.layout(width);
  }

  arrange() {
    this.fit();
    this.changed();
  }

  /**
   * Glide from the values there are to others.
   * @param {Values} values
   * @param {number} [time]
   */
  glideTo(values, time = GLIDE) {
    if (JSON.stringify(values) === JSON.stringify(this.glide?.to ?? this.values)) return;
    const same = Object.keys(values).every((key) => key in this.values);
    if (same && !still()) {
      this.glide = new Glide(this.values, values, time);
    } else {
      this.values = values;
      this.glide = null;
    }
    this.changed();
  }

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
}

/**
 * What Streamlit gives to a component.
 * @typedef {object} Component
 * @property {any} data
 * @property {HTMLElement} parentElement
 * @property {(name: string, value: unknown) => void} setStateValue
 */

/**
 * The figure of a component, which is made at its first run, and anew where the page shows another.
 * @template {Given} Data
 * @param {new (root: HTMLElement, data: Data) => LiveFigure<Data>} Figure
 * @param {Component} component
 */
export function showFigure(Figure, { data, parentElement, setStateValue }) {
  /** @type {HTMLElement & { figure?: LiveFigure<Data> } | null} */
  let root = parentElement.querySelector(".exhibit, .stage");
  if (!root) parentElement.append((root = element("div", "exhibit")));
  if (!(root.figure instanceof Figure)) root.figure = new Figure(root, data);
  root.figure.receive(data, (said) => setStateValue("said", said));
}
