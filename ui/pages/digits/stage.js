// The live rows: what the hand does goes through the networks to the screen in the same frame; what
// has settled goes to Python.

import { greysOf } from "../../browser/bytes.js";
import { CANVAS, distort, parametersOf } from "../../browser/distortions.js";
import { element, put } from "../../browser/dom.js";
import { Knobs } from "../../browser/knobs.js";
import { GLIDE, LiveFigure, showFigure } from "../../browser/live_figure.js";
import { mnistForm } from "../../browser/mnist_form.js";
import { rem } from "../../browser/theme.js";
import { thetaHand } from "../../browser/theta_hand.js";
import { term } from "../../browser/terms.js";
import { Answers } from "./answers.js";
import { paintBig } from "./big_picture.js";
import { digitHand } from "../../browser/digit_hands.js";
import { Lens } from "./lens.js";
import { Opening } from "./opening.js";
import { Pad } from "./pad.js";
import { Row } from "./row.js";
import { tools } from "./tools.js";
import { StageTouch } from "./touch.js";

/** @import { Kind, Seeded, Values } from "../../browser/distortions.js" */
/** @import { Network } from "../../browser/network.js" */
/** @import { Point } from "../../browser/points.js" */
/** @import { Kernel } from "../../browser/sampler.js" */
/** @import { Component, Given } from "../../browser/live_figure.js" */
/** @import { Model } from "./row.js" */
/** @import { Mode } from "./tools.js" */

/** @typedef {Given["colors"]} Colors */

/**
 * A theta that the visitor set in place of a model's own; null while that one stands.
 * @typedef {{ model: string | null, theta: number[] | null }} ThetaInHand
 */

/**
 * What component.py sends: what Python knows.
 * @typedef {object} Own
 * @property {string} digit
 * @property {number | null} label
 * @property {Kind} kind
 * @property {Values} neutral values that distort nothing
 * @property {{ directions?: number[], patches?: string[], drops?: number[] }} seeded
 * @property {Model[]} models
 * @property {Record<string, number[][]>} answers PyTorch's probabilities, by the models' ids
 * @property {boolean} opening whether nobody has touched the page yet
 * @property {Mode} mode
 * @property {Kernel} kernel
 * @property {ThetaInHand | null} hand
 */
/** @typedef {Given & Own} Data */

/** @typedef {{ input: number, grid: number, output: number, bars: number }} Sizes in pixels */

const BUDGET = 20; // ms of a frame for the networks; those that do not fit answer in the next one

/** @extends {LiveFigure<Data>} */
export class Stage extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data);
    // what is shown
    this.kind = data.kind;
    this.digit = greysOf(data.digit);
    this.digitText = "";
    this.label = data.label;
    this.answers = { values: data.values, probabilities: data.answers };
    this.neutral = data.neutral;
    /** @type {Seeded} */
    this.seeded = {};
    this.grip = digitHand(data.kind, this.seeded);
    this.image = new Float32Array();
    /** @type {Row[]} */
    this.rows = [];
    this.stale = new Set(this.rows); // those that have not answered to it
    // what the hand does
    /** @type {Mode} */
    this.mode = "digit";
    /** @type {ThetaInHand | null} */
    this.hand = null;
    this.given = ""; // mode and kernel, by Python
    this.pad = new Pad();
    /** @type {Uint8Array | null} a drawing that Python does not know yet */
    this.drawn = null;
    this.drawnText = "";
    /** @type {number | null} the pointer that draws */
    this.stroking = null;
    // the page
    /** @type {Sizes | null} */
    this.sizes = null;
    this.tools = element("div", "tools", { role: "toolbar" });
    this.canvas = element("canvas", "input");
    this.strip = new Answers();
    /** @type {Opening | null} while nobody has touched the page */
    this.opening = null;
    this.knobs = new Knobs();
    const application = { tabindex: "0", role: "application" };
    this.place = element("div", "place", application, this.canvas, this.knobs.element);
    this.note = element("div", "note");
    this.table = element("div", "rows");
    this.heads = element("div", "heads");
    const hand = element("div", "hand", {}, this.place, this.sliders.element, this.note);
    const floor = element("div", "floor", {}, hand, this.table);
    root.replaceChildren(this.tools, this.strip.element, floor, this.agreement, this.live);
    this.lens = new Lens(this);
    this.touch = new StageTouch(this);
  }

  /**
   * What Python knows: at every run of the page.
   * @param {Data} data
   * @param {(said: object) => void} send
   */
  receive(data, send) {
    const { first } = this;
    const before = this.state();
    const otherWords = this.listen(data, send);
    this.label = data.label;
    this.answers = { values: data.values, probabilities: data.answers };
    this.first = false;
    const turned = (first || this.isFresh) && this.takeIn(data, first);
    this.keepRows(data.models);
    if (first && data.opening) this.opening = new Opening(this);
    if (otherWords || first || turned) this.buildTools();
    this.arrange();
    if (first || this.state() !== before)
      this.changed(); // most runs bring back what is there already
    else this.compare();
  }

  /**
   * @param {Data} data
   * @param {boolean} first
   * @returns {boolean} whether the hand does something else now
   */
  takeIn(data, first) {
    this.drawn = null;
    if (this.digitText !== data.digit) {
      this.digitText = data.digit;
      this.digit = greysOf(data.digit);
      if (data.digit !== this.drawnText) this.pad.clear();
    }
    this.follow(data, first || data.kind !== this.kind);
    this.kind = data.kind;
    this.neutral = data.neutral;
    this.seeded = { ...data.seeded, patches: data.seeded.patches?.map(greysOf) };
    this.grip = digitHand(this.kind, this.seeded);
    this.hand = data.hand;
    const given = `${data.mode} ${data.kernel}`;
    const turned = given !== this.given && given !== `${this.mode} ${this.lens.kernel}`; // by the address: at first, or by a lecture
    this.given = given;
    if (!turned) return false;
    this.mode = data.mode;
    this.lens.kernel = data.kernel;
    this.lens.clear();
    return true;
  }

  /** All that a frame depends on, but for the size. */
  state() {
    const { kind, values, digitText, label, hand, mode, lens, colors, seeded, rows } = this;
    const files = rows.map((row) => row.file);
    const { color } = getComputedStyle(this.root);
    const look = [mode, lens.kernel, colors, color];
    return JSON.stringify([kind, values, digitText, label, hand, look, seeded, files]);
  }

  /** @param {Model[]} models */
  keepRows(models) {
    const kept = new Map(this.rows.map((row) => [row.file, row]));
    this.rows = models.map((model) => {
      const row = kept.get(model.file);
      return row && !row.failed ? row : new Row(this, model);
    });
    const elements = [this.heads, ...this.rows.map((row) => row.element)];
    this.strip.show(this.rows);
    const there = [...this.table.children];
    if (there.length !== elements.length || elements.some((each, i) => each !== there[i])) {
      this.table.replaceChildren(...elements);
    }
    this.lens.keep(this.rows);
  }

  /** The rows whose grid can be taken. */
  get transforming() {
    return this.rows.filter((row) => row.transformer);
  }

  /** The row whose grid is in the visitor's hand. */
  get held() {
    if (this.mode !== "grid") return null;
    const rows = this.transforming;
    return rows.find((row) => row.id === this.hand?.model) ?? rows[0];
  }

  // ----------------------------------------------------------------------------------------- frames

  changed() {
    this.stale = new Set(this.rows);
    this.request();
  }

  /** @param {number} now */
  paint(now) {
    if (!this.sizes) return false;
    this.opening?.step(now);
    const parameters = parametersOf(this.kind, this.values, this.seeded);
    this.image = distort(this.kind, this.digit, parameters);
    this.spent = this.think();
    for (const row of this.rows) row.paint();
    this.strip.put(this.rows);
    this.compare();
    paintBig(this, this.sizes.input);
    const more = this.rows.some((row) => row.network && this.stale.has(row));
    if (!more && this.glide) this.changed();
    return more;
  }

  /** Let the networks answer, as many as the frame has time for; back comes the time spent. */
  think() {
    let spent = 0;
    for (const row of this.rows) {
      const { network } = row;
      if (!network || !this.stale.has(row) || !this.fits(network)) continue;
      if (spent && spent + row.cost > BUDGET) continue;
      row.think(network, this.image);
      spent += row.cost;
      this.stale.delete(row);
    }
    return spent;
  }

  /** How far the browser's answers are from PyTorch's, once both are about the same. */
  compare() {
    const { values, probabilities } = this.answers;
    const same = !this.drawn && JSON.stringify(values) === JSON.stringify(this.values);
    const most = Math.max(...this.rows.map((row) => row.distance(probabilities[row.id])));
    this.agree(this.rows.length && same ? most : null);
  }

  /** @param {Network} network */
  fits(network) {
    return network.input[0] === CANVAS[this.kind][0];
  }

  /**
   * Sizes follow from the width, the window's height and the number of models; nothing that the hand
   * does changes them.
   */
  /** @param {number} width */
  layout(width) {
    const narrow = width < 640;
    const letter = rem();
    const tight = !narrow && width < 50 * letter; // the tools have a line of their own below the modes
    const above = (tight ? 18.4 : 15.5) * letter; // the page above the picture
    const count = Math.max(this.rows.length, 1);
    const gap = 24;
    const below = this.sliders.element.offsetHeight;
    const room = narrow ? 0.45 * innerHeight : innerHeight - above - below;
    const tall = Math.max(300, Math.min(room, 900));
    const input = Math.round(narrow ? Math.min(width, tall) : Math.min(0.44 * width, tall));
    const wide = narrow ? width : width - input - gap;
    const beside = Math.max(input, Math.min(input + below, innerHeight - above)) + 90;
    const around = 4.6 * letter; // a row's texts
    const grid = Math.round(Math.max(110, Math.min(0.36 * wide, beside / count - around, 360)));
    const output = Math.round(0.74 * grid);
    const bars = Math.round(Math.min(Math.max(wide - grid - output - 28, 90), 2.1 * grid));
    const before = JSON.stringify(this.sizes);
    this.sizes = { input, grid, output, bars };
    this.root.classList.toggle("tight", tight);
    this.root.classList.toggle("small", output < 150); // there theta's numbers would be too
    if (JSON.stringify(this.sizes) === before) return;
    this.root.style.setProperty("--input", `${input}px`);
    this.root.style.setProperty("--output", `${output}px`);
    this.root.style.setProperty("--grid", `${grid}px`);
    this.root.classList.toggle("narrow", narrow);
    this.changed();
  }

  // -------------------------------------------------------------------------- what stands around it

  buildTools() {
    const { words, mode } = this;
    const heads = ["grid", "output", "bars"].map((name) =>
      element("span", name, {}, term(words[`head_${name}`], words[`term_${name}`])),
    );
    this.heads.replaceChildren(...heads);
    this.strip.element.setAttribute("aria-label", words.answers_label);
    this.tools.setAttribute("aria-label", words.tools);
    this.tools.replaceChildren(...tools(this));
    this.root.classList.toggle("opening", this.opening !== null);
    this.root.dataset.mode = mode;
    this.place.setAttribute("aria-label", words[`place_${mode}`]);
    for (const row of this.transforming) row.output.tabIndex = mode === "look" ? 0 : -1;
    if (!this.lens.pointed) this.note.replaceChildren(this.hint());
  }

  hint() {
    const { words, mode, kind } = this;
    const all = document.createDocumentFragment();
    all.append(element("p", "hint", {}, words[`hint_${mode === "digit" ? kind : mode}`]));
    if (mode === "grid") all.append(element("p", "score"));
    return all;
  }

  /**
   * How sure of the right answer the network is with the visitor's theta, and with its own.
   * @param {Row} row
   */
  showScore({ thought }) {
    /** @type {HTMLElement | null} */
    const score = this.note.querySelector(".score");
    const { words, label } = this;
    if (!score || !thought) return;
    score.hidden = label === null;
    if (label === null) return;
    const mine = thought.answer.probabilities[label];
    const own = thought.own.probabilities[label];
    const text = words.score
      .replace("[digit]", String(label))
      .replace("[you]", (100 * mine).toFixed(1))
      .replace("[network]", (100 * own).toFixed(1));
    put(score, text);
    score.classList.toggle("ahead", mine > own + 5e-4);
  }

  // ---------------------------------------------------------------------------- what the tools choose

  /** What the visitor asks Python for. @param {"random" | "reset" | "lecture"} wish */
  wish(wish) {
    this.begin();
    this.settle(wish);
  }

  /** The page is not as it opens any more. */
  begin() {
    if (!this.opening) return;
    this.opening.stop();
    this.opening = null;
    this.buildTools();
  }

  /** @param {Mode} mode */
  enter(mode) {
    this.mode = mode;
    this.lens.clear();
    if (mode === "grid") this.hand ??= { model: this.transforming[0]?.id ?? null, theta: null };
    else this.hand = null;
    this.knobs.forget();
    this.anew();
    /** @type {HTMLElement | null} */
    const chosen = this.tools.querySelector("[aria-checked=true]");
    chosen?.focus({ preventScroll: true });
    this.settle();
  }

  /** @param {ThetaInHand} hand */
  take(hand) {
    this.hand = hand;
    this.anew();
    this.settle();
  }

  /** @param {Kernel} kernel */
  choose(kernel) {
    this.lens.choose(kernel);
    this.anew();
    this.settle();
  }

  anew() {
    this.buildTools();
    this.changed();
  }

  // ------------------------------------------------------------------------------ what the hand puts

  /**
   * Values within their bounds, though not yet on the sliders' steps.
   * @param {Values} values
   */
  put(values) {
    this.begin();
    super.put(values);
  }

  /**
   * @param {Row} row
   * @param {number[]} theta
   */
  putTheta(row, theta) {
    this.busy = true;
    this.hand = { model: row.id, theta };
    this.changed();
  }

  /**
   * Where a pointer is on the big picture, in pixels of the screen.
   * @param {MouseEvent} event
   * @returns {Point}
   */
  local(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /**
   * The same in sides of the pad.
   * @param {MouseEvent} event
   * @returns {Point}
   */
  onPad(event) {
    const [x, y] = this.local(event);
    const { input } = this.sizes ?? { input: 1 };
    return [x / input, y / input];
  }

  /** @param {PointerEvent} event */
  beginStroke(event) {
    event.preventDefault();
    if (!this.pad.strokes.length) this.glideTo({ ...this.values, ...this.neutral }, GLIDE); // one draws upright
    this.stroking = event.pointerId;
    this.pad.begin(this.onPad(event));
    this.drawing();
  }

  /** @param {PointerEvent} event */
  goOn(event) {
    const points = event.getCoalescedEvents?.() ?? [event];
    for (const point of points) this.pad.go(this.onPad(point));
    this.drawing();
  }

  endStroke() {
    this.stroking = null;
    this.settle();
  }

  drawing() {
    this.busy = true;
    this.drawn = mnistForm(...this.pad.read());
    if (this.drawn) {
      this.digit = Float32Array.from(this.drawn, (byte) => byte / 255);
      this.label = null;
    }
    this.changed();
  }

  // --------------------------------------------------------------------------------------- settling

  /** What the hand is on: values or theta. */
  get subject() {
    if (this.mode === "digit") {
      /** @param {Values} values */
      const put = (values) => this.put(values);
      return { hand: this.grip, value: this.values, put };
    }
    const row = this.held;
    const warped = row?.warped;
    if (!row || !warped) return null;
    const hand = thetaHand(warped.family, warped.input);
    /** @param {number[]} theta */
    const put = (theta) => this.putTheta(row, theta);
    return { hand, value: row.mine ?? warped.ownTheta, put };
  }

  get size() {
    return CANVAS[this.kind];
  }

  /**
   * One step of the scale, as the slider has it.
   * @param {any} value
   * @param {number} step
   */
  zoomed(value, step) {
    if (this.mode !== "digit") return super.zoomed(value, step);
    const key = `${this.kind}_scale`;
    return (value[key] + step * this.bounds[key][2]) / value[key];
  }

  get gripped() {
    return this.touch.pulled !== null || this.stroking !== null;
  }

  message() {
    const { kind, mode } = this;
    const own = this.drawn ? btoa(String.fromCharCode(...this.drawn)) : null;
    if (own) this.drawnText = own;
    return { kind, own, hand: this.settledHand(), mode, kernel: this.lens.kernel };
  }

  spoken() {
    const said = this.rows.map((row) => row.describe());
    return said.filter(Boolean).join(". ");
  }

  settledHand() {
    if (this.mode !== "grid") return null;
    const theta = this.hand?.theta?.map((value) => Number(value.toFixed(4))) ?? null;
    return { model: this.held?.id ?? null, theta };
  }
}

/** @param {Component} component */
export const show = (component) => showFigure(Stage, component);
