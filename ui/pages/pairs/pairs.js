// Two digits, each under a hand of its own: the transformers' grids and outputs, channel by channel, and
// the answer, in the frame in which the hand moves.

import { greysOf } from "../../browser/bytes.js";
import { sized } from "../../browser/canvas.js";
import { digitHand, paintHand } from "../../browser/digit_hands.js";
import { CANVAS, distort, parametersOf } from "../../browser/distortions.js";
import { element, fill, put } from "../../browser/dom.js";
import { LiveFigure, SLID, showFigure } from "../../browser/live_figure.js";
import { Fetched } from "../../browser/networks.js";
import { bars, curve, frame, picture } from "../../browser/paint.js";
import { Panel } from "../../browser/panel.js";
import { readings } from "../../browser/readings.js";
import { gridCurves, roomFor, samplingGrid } from "../../browser/sampling_grid.js";
import { Sliders } from "../../browser/sliders.js";
import { bounded, fitted } from "../../browser/values.js";
import { Touch } from "../../browser/touch.js";
import { View } from "../../browser/view.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Component, Given } from "../../browser/live_figure.js" */
/** @import { Answer, Network, Warp } from "../../browser/network.js" */
/** @import { Point } from "../../browser/points.js" */
/** @import { Slider } from "../../browser/sliders.js" */
/** @import { Bounds } from "../../browser/values.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {string[]} digits
 * @property {number[]} labels
 * @property {"r" | "rts"} kind
 * @property {Slider[]} sliders of a digit
 * @property {string} model the file of the network
 * @property {string[]} heads what was measured of each transformer
 */
/** @typedef {Own & Omit<Given, "values"> & { values: Values[], bounds: Record<string, Bounds> }} Sent
 *   the values of each digit */
/** @typedef {Own & Given} Data the values of both, by the names that `keyOf` gives them */

/** @typedef {{ grids: HTMLCanvasElement[], outputs: HTMLCanvasElement[], theta: HTMLElement,
 *   element: HTMLElement }} Column of a transformer: by channel */

const CHANNELS = [0, 1];
const NAMES = ["first", "second"];
const ROOMS = { r: 0.24, rts: 0.1 }; // around an input, for the handles
const OUTPUT = 0.74; // of a grid's side
const [COLUMN_GAP, LINE_GAP] = [28, 12]; // as pairs.css has them

/** @type {(key: string, channel: number) => string} */
const keyOf = (key, channel) => `${channel} ${key}`;

/**
 * Each digit's own, as one.
 * @template Value
 * @param {Record<string, Value>[]} each
 * @returns {Record<string, Value>}
 */
const joined = (each) =>
  Object.fromEntries(
    each.flatMap((own, channel) =>
      Object.entries(own).map(([key, value]) => [keyOf(key, channel), value]),
    ),
  );

/** One digit: its picture, its handles and its sliders. */
class Channel {
  /**
   * @param {Pairs} figure
   * @param {number} number
   */
  constructor(figure, number) {
    this.figure = figure;
    this.number = number;
    this.digitText = "";
    this.digit = new Float32Array();
    this.image = new Float32Array();
    this.panel = new Panel();
    this.panel.canvas.className = "input";
    this.sliders = new Sliders(
      (key, value) => this.put({ ...this.values, [key]: value }),
      () => figure.settleLater(SLID),
    );
    this.name = element("h6");
    this.hands = element("div", "hands", {}, this.name, this.sliders.element);
  }

  /** The values of this digit, by the names that one digit has. */
  get values() {
    return this.figure.valuesOf(this.figure.values, this.number);
  }

  /** @param {Values} values */
  put(values) {
    const own = Object.entries(values).map(([key, value]) => [keyOf(key, this.number), value]);
    this.figure.put({ ...this.figure.values, ...Object.fromEntries(own) });
  }

  get subject() {
    /** @param {Values} values */
    const put = (values) => this.put(values);
    return { hand: this.figure.grip, value: this.values, put };
  }

  /** @param {Data} data */
  took({ digits, words, sliders }) {
    const { number, panel, name } = this;
    if (this.digitText !== digits[number]) {
      this.digitText = digits[number];
      this.digit = greysOf(digits[number]);
    }
    this.sliders.show(sliders);
    this.sliders.element.setAttribute("aria-label", words[NAMES[number]]);
    put(name, words[NAMES[number]]);
    panel.place.setAttribute("aria-label", `${words[NAMES[number]]}: ${words.place}`);
  }

  paint() {
    const { figure, values, panel } = this;
    const { kind } = figure.data;
    this.image = distort(kind, this.digit, parametersOf(kind, values, {}));
    this.sliders.put(values);
    const pen = panel.pen();
    picture(pen, panel.view, this.image, figure.size);
    frame(pen, panel.view, figure.size, figure.colors.input, 3);
    paintHand(figure.grip, values, panel.knobs, figure.words, pen, panel.view);
  }
}

/** @extends {LiveFigure<Data>} */
class Pairs extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data);
    root.classList.add("pairs");
    this.side = 0;
    this.fetched = new Fetched(() => {
      this.dress();
      this.arrange();
    });
    this.channels = CHANNELS.map((number) => new Channel(this, number));
    this.touches = this.channels.map(
      (channel) => new Touch(this.ground(channel.panel, () => channel.subject)),
    );
    /** @type {Column[]} */
    this.columns = [];
    this.tools = element("div", "tools");
    this.head = element("h6");
    const inputs = element("section", "column", {}, this.head);
    inputs.append(...this.channels.map(({ panel }) => element("div", "line", {}, panel.place)));
    this.inputs = inputs;
    this.floor = element("div", "floor", {}, inputs);
    this.none = element("p", "none");
    this.sum = element("p", "sum");
    this.bars = element("canvas", "bars", { role: "img" });
    const hands = this.channels.map((channel) => channel.hands);
    this.both = element("div", "both", {}, ...hands);
    this.hint = element("p", "hint");
    const answer = element("div", "said", {}, this.bars);
    this.wishes = element("div", "wishes");
    this.tools.append(this.wishes, this.sum);
    root.replaceChildren(
      this.tools,
      this.floor,
      this.none,
      this.both,
      this.hint,
      answer,
      this.live,
    );
  }

  get size() {
    return CANVAS[this.data.kind];
  }

  /** The hand on either digit. */
  get grip() {
    return digitHand(this.data.kind, {});
  }

  /**
   * @param {Values} values of both digits
   * @param {number} channel
   * @returns {Values}
   */
  valuesOf(values, channel) {
    const keys = this.data.sliders.map(({ key }) => key);
    return Object.fromEntries(keys.map((key) => [key, values[keyOf(key, channel)]]));
  }

  /**
   * @param {Data} data
   * @param {boolean} atOnce
   */
  follow(data, atOnce) {
    super.follow({ ...data, sliders: [] }, atOnce); // the channels have them
  }

  took() {
    for (const channel of this.channels) channel.took(this.data);
    this.fetched.fetch(this.data.model);
    this.dress();
  }

  /** Values of another distortion are followed at once: those that are shown mean nothing to it. */
  get isFresh() {
    return this.data.sliders.some(({ key }) => !(keyOf(key, 0) in this.values)) || super.isFresh;
  }

  /** What Python understands: the values of each digit. */
  message() {
    const values = bounded(this.glide?.to ?? this.values, this.bounds, fitted);
    return { kind: this.data.kind, values: CHANNELS.map((c) => this.valuesOf(values, c)) };
  }

  spoken() {
    return this.sum.textContent ?? "";
  }

  /** The texts, and a column for each transformer. */
  dress() {
    const { words, data } = this;
    const { network } = this.fetched;
    const button = (/** @type {"random" | "upright"} */ wish) => {
      const made = element("button", "plain", { type: "button" }, words[wish]);
      made.addEventListener("click", () => this.settle(wish));
      return made;
    };
    if (this.wishes.textContent !== words.random + words.upright) {
      this.wishes.replaceChildren(button("random"), button("upright"));
    }
    put(this.head, words.inputs);
    put(this.hint, words[`hint_${data.kind}`]);
    const count = network?.transformers.length ?? this.columns.length;
    put(this.none, network && !count ? words.no_transformer : "");
    this.none.hidden = !network || count > 0;
    if (this.columns.length !== count) {
      this.columns = Array.from({ length: count }, () => column());
      this.floor.replaceChildren(this.inputs, ...this.columns.map((each) => each.element));
    }
    this.columns.forEach((each, k) => {
      const [name, measured] = each.element.querySelectorAll("h6, .measured");
      put(name, fill(words.transformer, { number: k + 1 }));
      put(measured, data.heads[k] ?? "");
    });
  }

  /** @param {number} width */
  layout(width) {
    const narrow = width < 640;
    const count = this.columns.length;
    const room = (innerHeight - 420) / 2;
    const across = narrow
      ? (width - COLUMN_GAP) / 2
      : (width - (COLUMN_GAP + LINE_GAP) * count) / (1 + (1 + OUTPUT) * count);
    this.side = Math.floor(Math.max(110, narrow ? across : Math.min(across, room, 300)));
    for (const { panel } of this.channels) {
      panel.fit(this.size, ROOMS[this.data.kind], this.side);
    }
    this.root.style.setProperty("--input", `${this.side}px`);
    this.root.classList.toggle("narrow", narrow);
  }

  // ----------------------------------------------------------------------------------------- frames

  paint() {
    const { words, channels } = this;
    for (const channel of channels) channel.paint();
    const { network, failed } = this.fetched;
    if (network && network.input[0] === this.size[0]) {
      const [one, two] = channels.map(({ image }) => image);
      const pair = new Float32Array(one.length + two.length);
      pair.set(one);
      pair.set(two, one.length);
      this.paintAnswer(network, network.answer(pair));
    } else {
      put(this.sum, failed ? words.no_weights : words.loading);
    }
    return false;
  }

  /**
   * @param {Network} network
   * @param {Answer} answer
   */
  paintAnswer(network, { warps, probabilities }) {
    const { words, colors, data } = this;
    const { labels } = data;
    warps.forEach((warp, k) => {
      const { about } = network.transformers[k];
      const told = data.kind === "rts" ? ["shift", "rotation"] : ["rotation"];
      const said = new Map(readings(about.family, warp.theta, network.input));
      const texts = told.map((name) => `${words[name]} ${said.get(name)}`);
      put(this.columns[k].theta, `θ${k + 1}: ${texts.join("; ")}`);
      for (const channel of this.channels) this.paintWarp(k, channel, network, warp);
    });
    const best = probabilities.indexOf(Math.max(...probabilities));
    const right = best === labels[0] + labels[1];
    const share = Math.round(100 * probabilities[best]);
    const color = right ? colors.right : colors.wrong;
    const values = { first: labels[0], second: labels[1], sum: labels[0] + labels[1] };
    const mark = right ? "✓" : "✗";
    put(this.sum, `${fill(words.sum, { ...values, answer: best, share })}\u00a0${mark}`);
    this.sum.style.setProperty("--answer", color);
    const wide = this.bars.parentElement?.clientWidth ?? 300;
    const style = { color, quiet: colors.quiet, text: this.text, font: this.font, other: null };
    bars(sized(this.bars, wide, 96), wide, 96, probabilities, style);
    this.bars.setAttribute("aria-label", `${words.bars_label} ${best}, ${share} %`);
  }

  /**
   * What a transformer does with one channel.
   * @param {number} k
   * @param {Channel} channel
   * @param {Network} network
   * @param {Warp} warp
   */
  paintWarp(k, { number, image }, { input, transformers }, { theta, output }) {
    const { colors, side, words } = this;
    const { grids, outputs } = this.columns[k];
    const { family, size } = transformers[k].about;
    const small = Math.floor(side * OUTPUT);
    const curves = gridCurves(family, theta, input);
    const view = View.whole(input, roomFor(curves, input, ROOMS[this.data.kind]), side);
    const pen = sized(grids[number], side, side);
    picture(pen, view, image, input);
    frame(pen, view, input, colors.input, 2);
    samplingGrid(pen, view, curves, colors, { thick: Math.max(side / 190, 0.8) });
    const pixels = size[0] * size[1];
    const seen = output.subarray(number * pixels, (number + 1) * pixels);
    const near = View.whole(size, 0, small);
    const out = sized(outputs[number], small, small);
    picture(out, near, seen, size);
    frame(out, near, size, colors.grid, 4);
    const right = size[1] - 0.5;
    /** @type {Point[]} */
    const top = [
      [-0.5, -0.5],
      [right, -0.5],
    ];
    curve(out, near, top, colors.up, 7);
    const which = `${fill(words.transformer, { number: k + 1 })}, ${words[NAMES[number]]}`;
    grids[number].setAttribute("aria-label", `${which}: ${words.grid_label}`);
    outputs[number].setAttribute("aria-label", `${which}: ${words.output_label}`);
  }
}

/** @returns {Column} */
function column() {
  const grids = CHANNELS.map(() => element("canvas", "grid", { role: "img" }));
  const outputs = CHANNELS.map(() => element("canvas", "output", { role: "img" }));
  const theta = element("p", "theta");
  const lines = CHANNELS.map((c) => element("div", "line", {}, grids[c], outputs[c]));
  const measured = element("p", "measured");
  const made = element("section", "column", {}, element("h6"), ...lines, theta, measured);
  return { grids, outputs, theta, element: made };
}

/** @param {Component & { data: Sent }} component */
export function show({ data, ...component }) {
  const values = joined(data.values);
  const bounds = joined(CHANNELS.map(() => data.bounds));
  showFigure(Pairs, { ...component, data: { ...data, values, bounds } });
}
