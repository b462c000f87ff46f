// The live figure: a hand puts the window anywhere, and from there it goes down the gradient, step by
// step, with the browser's own backward pass.

import { sized } from "../../browser/canvas.js";
import { DigitFigure } from "../../browser/digit_figure.js";
import { posed } from "../../browser/distortions.js";
import { element, fill, put } from "../../browser/dom.js";
import { showFigure } from "../../browser/live_figure.js";
import { frame, picture } from "../../browser/paint.js";
import { gridCurves, samplingGrid } from "../../browser/sampling_grid.js";
import { descended, lossSlope } from "../../browser/slopes.js";
import { rem } from "../../browser/theme.js";
import { thetaHand } from "../../browser/theta_hand.js";
import { IDENTITY } from "../../browser/transforms.js";
import { still } from "../../browser/values.js";
import { View } from "../../browser/view.js";
import { bars, losses, pulls, signed } from "./draw.js";

/** @import { OfDigit } from "../../browser/digit_figure.js" */
/** @import { Component } from "../../browser/live_figure.js" */
/** @import { Network } from "../../browser/network.js" */
/** @import { Size } from "../../browser/points.js" */
/** @import { LossSlope } from "../../browser/slopes.js" */
/** @import { MatrixFamily } from "../../browser/transforms.js" */
/** @import { Scale } from "./draw.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {number} label
 * @property {MatrixFamily} family
 * @property {number[] | null} theta where the window starts, if a hand has put it there
 * @property {number[]} losses PyTorch's, from the start on
 * @property {string[]} names of theta's entries
 * @property {number[]} scale
 * @property {string} sum the colour of the sum of all pulls
 */
/** @typedef {OfDigit & Own} Data */
/** @typedef {{ theta: number[], slope: LossSlope }} Moment */

/** @type {Size} */
const SIZE = [28, 28];
const MEASURES = { room: 0.2, share: 0.44, narrow: 0.5, most: 620 }; // with room for handles
const BUDGET = 14; // ms of a frame for steps; the others are taken in the next ones
const PACE = 130; // ms of a step that is played
const STRIDE = 10; // steps at once for those who asked for reduced motion, and as long
const PARTS = /** @type {const} */ (["output", "of_output", "dx", "dy"]);

/** @extends {DigitFigure<Data>} */
class Gradient extends DigitFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data, MEASURES);
    /** @type {number[] | null} */
    this.start = data.theta;
    /** @type {Moment[]} after 0, 1, ... steps */
    this.path = [];
    this.pathOf = ""; // what it depends on
    /** @type {LossSlope | null} of the integer kernel at the start */
    this.integer = null;
    /** @type {number | null} when the step that is played was begun */
    this.played = null;
    this.now = ""; // what is said of what is shown
    this.small = 100;
    this.head = element("h5");
    this.hint = element("p", "hint");
    this.buttons = ["play", "step", "steps", "start", "identity"].map((name) => {
      const button = element("button", "plain", { type: "button" });
      button.dataset.name = name;
      button.addEventListener("click", () => this.press(name));
      return button;
    });
    this.tools = element("div", "tools", {}, ...this.buttons);
    this.pictures = [...PARTS, "integer"].map(() => {
      const canvas = element("canvas", "", { role: "img" });
      const caption = element("figcaption");
      return { canvas, caption, figure: element("figure", "", {}, caption, canvas) };
    });
    this.sums = this.chart();
    this.curve = this.chart();
    const four = this.pictures.slice(0, 4).map(({ figure }) => figure);
    const seen = element("div", "seen", {}, element("div", "four", {}, ...four), this.sums.figure);
    seen.append(element("div", "last", {}, this.curve.figure, this.pictures[4].figure));
    const hand = element("div", "hand", {}, this.head, this.place, this.hint);
    hand.append(this.sliders.element);
    const floor = element("div", "floor", {}, hand, seen);
    root.replaceChildren(this.tools, floor, this.agreement, this.live);
  }

  chart() {
    const canvas = element("canvas", "", { role: "img" });
    const caption = element("figcaption");
    return { canvas, caption, figure: element("figure", "chart", {}, caption, canvas) };
  }

  /** @param {boolean} answers */
  took(answers) {
    super.took(answers);
    const { data, words } = this;
    if (answers) {
      if (JSON.stringify(data.theta) !== JSON.stringify(this.start)) this.played = null;
      this.start = data.theta;
    }
    put(this.hint, words.hint);
    this.place.setAttribute("aria-label", words.place);
    put(this.sums.caption, words.figure_theta);
    put(this.curve.caption, words.figure_loss);
    PARTS.forEach((part, i) => put(this.pictures[i].caption, words[`figure_${part}`]));
  }

  forget() {
    this.pathOf = "";
  }

  /** @param {number} width */
  layout(width) {
    super.layout(width);
    const narrow = this.root.classList.contains("narrow");
    this.small = Math.floor(narrow ? (width - 10) / 2 : (this.wide - 30) / 4);
  }

  // ---- where it stands

  get home() {
    return this.start ?? IDENTITY[this.data.family];
  }

  /** The step that is asked for. */
  get step() {
    return Math.round(this.values.g_steps);
  }

  get subject() {
    const { theta: here } = this.path[Math.min(this.step, this.path.length - 1)] ?? {};
    const value = this.step ? here : this.home; // two keys may come within one frame
    if (!value) return null;
    /** @param {number[]} theta */
    const put = (theta) => {
      this.start = theta;
      this.goTo(0);
    };
    return { hand: thetaHand(this.data.family, SIZE), value, put };
  }

  message() {
    return { theta: this.start?.map((value) => Number(value.toFixed(4))) ?? null };
  }

  spoken() {
    return this.now;
  }

  settle(wish = "") {
    if (this.start) this.start = this.message().theta; // as Python gets it
    super.settle(wish);
  }

  /**
   * @param {string} key
   * @param {number} value
   */
  slid(key, value) {
    this.played = null;
    return super.slid(key, value);
  }

  /** @param {number} step */
  goTo(step) {
    this.played = null;
    this.put({ ...this.values, g_steps: step });
  }

  // ---- what the buttons do

  /** @param {string} name */
  press(name) {
    const [, last] = this.bounds.g_steps;
    if (name === "play") return this.play();
    if (name === "identity") this.start = null;
    const by = { step: 1, steps: STRIDE, start: -last, identity: -last }[name] ?? 0;
    this.goTo(this.step + by);
    this.settle();
  }

  play() {
    const playing = this.played !== null;
    if (!playing && this.step >= this.bounds.g_steps[1]) this.goTo(0);
    this.played = playing ? null : performance.now();
    if (playing) this.settle();
    else this.busy = true;
    this.changed();
  }

  // ---- frames

  /**
   * Take the steps that are asked for, as many as a frame has time for.
   * @param {Network} network
   * @param {Float32Array} image
   * @param {string} key of what they depend on
   */
  descend(network, image, key) {
    const { label, family } = this.data;
    if (key !== this.pathOf) {
      this.pathOf = key;
      this.path = [];
      this.integer = null;
    }
    const begun = performance.now();
    const next = this.step + (this.played === null ? 0 : 1);
    while (this.path.length <= next && (!this.path.length || performance.now() - begun < BUDGET)) {
      const last = this.path.at(-1);
      const { g_rate: rate } = this.values;
      const theta = last ? descended(last.theta, last.slope.ofTheta, rate) : this.home;
      this.path.push({ theta, slope: lossSlope(network, image, SIZE, label, family, theta) });
    }
    this.integer ??= lossSlope(network, image, SIZE, label, family, this.home, "nearest");
    return this.path.length <= next;
  }

  /**
   * Go on with what is played: how far it is on its way to the next step.
   * @param {number} now
   */
  share(now) {
    if (this.played === null) return 0;
    const last = this.bounds.g_steps[1];
    const calm = still();
    const stride = calm ? STRIDE : 1;
    const spent = (now - this.played) / (PACE * stride);
    if (spent < 1) return calm ? 0 : Math.max(spent, 0);
    const { step } = this;
    if (this.path.length <= step + 1) return calm ? 0 : 1; // it is not taken yet
    this.put({ ...this.values, g_steps: Math.min(step + stride, last) });
    this.played = now;
    if (this.step < last) return 0;
    this.played = null;
    queueMicrotask(() => this.settle());
    return 0;
  }

  /** @param {number} now */
  paint(now) {
    const { values, data, words } = this;
    const { network, failed } = this.fetched;
    if (!network) {
      put(this.head, failed ? words.no_weights : words.loading);
      return false;
    }
    const { g_x: x, g_y: y, g_angle: angle, g_scale: scale, g_rate: rate } = values;
    const pose = { angle: (angle * Math.PI) / 180, scale, shift: [x, y] };
    const image = posed(this.digit, pose, SIZE);
    const share = this.share(now);
    const key = JSON.stringify([data.digit, data.family, x, y, angle, scale, rate, this.start]);
    const more = this.descend(network, image, key);
    const at = Math.min(this.step, this.path.length - 1);
    const moment = this.between(network, image, at, share);
    this.paintWindow(image, moment);
    this.paintRest(image, moment, at + share);
    this.compare();
    const playing = this.played !== null;
    this.buttons.forEach((button) => {
      const name = button.dataset.name ?? "";
      put(
        button,
        name === "play" ? (playing ? `❚❚ ${words.stop}` : `▶ ${words.play}`) : words[name],
      );
      if (name === "identity") button.hidden = !this.start;
      button.classList.toggle("first", name === "play");
    });
    return more || playing;
  }

  /**
   * What is so far on the way from a step to the next one.
   * @param {Network} network
   * @param {Float32Array} image
   * @param {number} at
   * @param {number} share
   * @returns {Moment}
   */
  between(network, image, at, share) {
    const here = this.path[at];
    const next = this.path[at + 1];
    if (!share || !next) return here;
    const theta = here.theta.map((value, i) => value + share * (next.theta[i] - value));
    const { label, family } = this.data;
    return { theta, slope: lossSlope(network, image, SIZE, label, family, theta) };
  }

  /** @returns {Scale} */
  get scale() {
    const [ofOutput, ofPoint, ofSum, ofTheta, slope, longest, longestSum, most, mostBar] =
      this.data.scale;
    return { ofOutput, ofPoint, ofSum, ofTheta, slope, longest, longestSum, most, mostBar };
  }

  /**
   * @param {Float32Array} image
   * @param {Moment} moment
   */
  paintWindow(image, { theta, slope }) {
    const { colors, data, panel, words } = this;
    const pen = panel.pen();
    picture(pen, panel.view, image, SIZE);
    frame(pen, panel.view, SIZE, colors.input, 3);
    const curves = gridCurves(data.family, theta, SIZE);
    const outline = { ...curves, across: ends(curves.across), down: ends(curves.down) };
    samplingGrid(pen, panel.view, curves, colors, { inner: false, thick: 1.3 });
    pulls(pen, panel.view, slope, outline, this.scale, { ...colors, sum: data.sum });
    panel.knobs.show(thetaHand(data.family, SIZE).handles(theta), panel.view, words, "theirs");
    const { probabilities, loss } = slope;
    const answer = probabilities.indexOf(Math.max(...probabilities));
    const right = answer === data.label;
    const text = `${loss.toFixed(2)}${words.answer} ${answer} ${right ? "✓" : "✗"}`;
    put(this.head, `${words.bilinear} ${text}`);
    this.head.classList.toggle("right", right);
    const said = { step: this.step, loss: loss.toFixed(2), answer };
    this.now = fill(words.spoken, said);
  }

  /**
   * @param {Float32Array} image
   * @param {Moment} moment
   * @param {number} step with its fraction
   */
  paintRest(image, { slope }, step) {
    const { colors, words, small, scale, integer, wide } = this;
    const shown = [
      slope.output,
      signed(slope.ofOutput, scale.ofOutput),
      signed(slope.dx, scale.slope),
      signed(slope.dy, scale.slope),
    ];
    shown.forEach((values, i) => {
      const view = View.whole(SIZE, 0.02, small);
      const pen = sized(this.pictures[i].canvas, small, small);
      picture(pen, view, values, SIZE);
      frame(pen, view, SIZE, i ? colors.quiet : colors.grid, 2.5);
    });
    const style = { color: colors.right, quiet: colors.quiet, text: this.text, font: this.font };
    const { names, family } = this.data;
    bars(this.sums.canvas, wide, 132, slope.ofTheta, names, scale, style);
    const last = this.bounds.g_steps[1];
    const narrow = this.root.classList.contains("narrow");
    const beside = narrow ? 0 : Math.max(small, 9 * rem()) + 14;
    const flat = integer?.loss ?? 0;
    const known = this.path.slice(0, Math.floor(step) + 1).map((moment) => moment.slope.loss);
    if (step % 1) known.push(slope.loss);
    const at = { step, loss: slope.loss, last, flat, word: words.figure_step };
    losses(this.curve.canvas, wide - beside, 150, known, at, style);
    const { canvas, caption } = this.pictures[4];
    const pen = sized(canvas, small, small);
    const view = View.whole(SIZE, 0.02, small);
    picture(pen, view, image, SIZE);
    frame(pen, view, SIZE, colors.input, 2.5);
    const curves = gridCurves(family, this.home, SIZE);
    samplingGrid(pen, view, curves, colors, { inner: false, thick: 0.8 });
    put(caption, fill(words.integer, { loss: flat.toFixed(2) }));
  }

  /** Both have gone the same way if Python knows the state that is shown. */
  compare() {
    const { losses: theirs, values, theta } = this.data;
    const same =
      JSON.stringify(values) === JSON.stringify(this.values) &&
      JSON.stringify(theta) === JSON.stringify(this.start) &&
      this.path.length >= theirs.length;
    const gaps = theirs.map((loss, i) => Math.abs(loss - (this.path[i]?.slope.loss ?? NaN)));
    this.agree(same ? Math.max(...gaps) : null);
  }
}

/** @template T @param {T[]} list */
const ends = (list) => [list[0], list[list.length - 1]];

/** @param {Component} component */
export const show = (component) => showFigure(Gradient, component);
