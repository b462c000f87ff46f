// Two digits, each under a hand of its own: the transformers' grids and outputs, channel by channel, and
// the answer, in the frame in which the hand moves.

import { greysOf } from "../../browser/bytes.js";
import { sized } from "../../browser/canvas.js";
import { digitHand, paintHand } from "../../browser/digit_hands.js";
import { CANVAS, distort, parametersOf } from "../../browser/distortions.js";
import { ARROWS, element, fill, put } from "../../browser/dom.js";
import { Knobs } from "../../browser/knobs.js";
import { networkOf } from "../../browser/networks.js";
import { bars, curve, frame, picture } from "../../browser/paint.js";
import { Post } from "../../browser/post.js";
import { readings } from "../../browser/readings.js";
import { gridCurves, roomFor, samplingGrid } from "../../browser/sampling_grid.js";
import { Sliders } from "../../browser/sliders.js";
import { themeOf } from "../../browser/theme.js";
import { Glide, bounded, fitted, held, still } from "../../browser/values.js";
import { View } from "../../browser/view.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Answer, Network } from "../../browser/network.js" */
/** @import { Point } from "../../browser/points.js" */
/** @import { Slider } from "../../browser/sliders.js" */
/** @import { Bounds } from "../../browser/values.js" */

/**
 * What component.py sends: what Python knows.
 * @typedef {object} Data
 * @property {number} echo the message that it answers
 * @property {string[]} digits
 * @property {number[]} labels
 * @property {"r" | "rts"} kind
 * @property {Values[]} values of either digit
 * @property {Values} neutral values that distort nothing
 * @property {Record<string, Bounds>} bounds
 * @property {Slider[]} sliders of a digit
 * @property {string} model
 * @property {string[]} heads what was measured of each transformer
 * @property {Record<string, string>} words
 * @property {Record<"input" | "grid" | "up" | "right" | "wrong" | "quiet", string>} colors
 */

/** @typedef {{ grids: HTMLCanvasElement[], outputs: HTMLCanvasElement[], theta: HTMLElement,
 *   element: HTMLElement }} Column of a transformer: by channel */

const CHANNELS = [0, 1];
const NAMES = ["first", "second"];
const ROOMS = { r: 0.24, rts: 0.1 }; // around an input, for the handles
const GLIDE = 220; // ms
const SLID = 60; // ms: waiting for the last key of a slider
const PAUSE = 250; // ms: for the last key on a picture
const QUIET = 400; // ms until it is said aloud
const OUTPUT = 0.74; // of a grid's side
const [COLUMN_GAP, LINE_GAP] = [28, 12]; // as pairs.css has them

/** @param {EventTarget | null} target */
const idOf = (target) => (target instanceof HTMLElement && target.dataset.id) || null;

/** One digit: its picture, its handles and its sliders. */
class Channel {
  /**
   * @param {Pairs} page
   * @param {number} number
   */
  constructor(page, number) {
    this.page = page;
    this.number = number;
    this.digitText = "";
    this.digit = new Float32Array();
    /** @type {Values} */
    this.values = {};
    /** @type {Glide | null} */
    this.glide = null;
    this.image = new Float32Array();
    this.view = new View(0, 0, 1, 1);
    /** @type {{ pointer: number, id: string | null, start: Values, from: Point, view: View } | null} */
    this.pulled = null;
    this.canvas = element("canvas", "input");
    this.knobs = new Knobs();
    const application = { tabindex: "0", role: "application" };
    this.place = element("div", "place", application, this.canvas, this.knobs.element);
    this.sliders = new Sliders(
      (key, value) => page.put(this, { ...this.values, [key]: value }),
      () => page.settleLater(SLID),
    );
    this.name = element("h6");
    this.hands = element("div", "hands", {}, this.name, this.sliders.element);
    this.listen();
  }

  listen() {
    const { place, page } = this;
    place.addEventListener("pointerdown", (event) => {
      if (event.button || this.pulled) return;
      place.setPointerCapture(event.pointerId);
      const target = event.target instanceof Element ? event.target.closest("button") : null;
      (target ?? place).focus({ preventScroll: true });
      event.preventDefault();
      const { values: start, view } = this;
      const id = idOf(event.target);
      this.pulled = { pointer: event.pointerId, id, start, from: this.at(event, view), view };
      page.root.classList.add("pulling");
    });
    place.addEventListener("pointermove", (event) => {
      if (this.pulled?.pointer !== event.pointerId) return;
      const { id, start, from, view } = this.pulled;
      page.put(this, page.grip.drag(start, id, from, this.at(event, view)));
    });
    const end = (/** @type {PointerEvent} */ event) => {
      if (this.pulled?.pointer !== event.pointerId) return;
      this.pulled = null;
      page.root.classList.remove("pulling");
      page.settle();
    };
    place.addEventListener("pointerup", end);
    place.addEventListener("pointercancel", end);
    place.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
      const far = event.shiftKey ? 5 : 1;
      const next = this.afterArrow(idOf(event.target), arrow[0] * far, arrow[1] * far);
      if (!next) return;
      event.preventDefault();
      page.put(this, next);
      page.settleLater(PAUSE);
    });
  }

  /**
   * A pointer's place in pixels of the image.
   * @param {PointerEvent} event
   * @param {View} view
   */
  at(event, view) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return view.pixel([event.clientX - left, event.clientY - top]);
  }

  /**
   * @param {string | null} id of the handle that has the focus
   * @param {number} dx
   * @param {number} dy
   */
  afterArrow(id, dx, dy) {
    const { grip } = this.page;
    const { values } = this;
    if (id && id !== "turn") {
      const knob = grip.handles(values).find((handle) => handle.id === id);
      return knob ? grip.drag(values, id, [knob.x, knob.y], [knob.x + dx, knob.y + dy]) : null;
    }
    if (id === "turn" || !grip.move) return grip.turn?.(values, dx || dy) ?? null;
    return grip.move(values, dx, dy);
  }

  /** @param {number} side */
  paint(side) {
    const { page, values, knobs } = this;
    const size = CANVAS[page.kind];
    const view = View.whole(size, ROOMS[page.kind], side);
    this.view = view;
    const pen = sized(this.canvas, side, side);
    picture(pen, view, this.image, size);
    frame(pen, view, size, page.colors.input, 3);
    paintHand(page.grip, values, knobs, page.words, pen, view);
  }
}

class Pairs {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    this.root = root;
    this.first = true;
    this.kind = data.kind;
    this.words = data.words;
    this.colors = data.colors;
    this.labels = data.labels;
    this.heads = data.heads;
    this.bounds = data.bounds;
    this.model = "";
    /** @type {Network | null} */
    this.network = null;
    this.failed = false;
    this.busy = false;
    this.pending = false;
    this.side = 0;
    this.post = new Post(root, (wish) => this.settle(wish));
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {number | undefined} */
    this.saying = undefined;
    /** @type {Hand<Values>} */
    this.grip = digitHand(data.kind, {});
    this.channels = CHANNELS.map((number) => new Channel(this, number));
    /** @type {Column[]} */
    this.columns = [];
    this.tools = element("div", "tools");
    this.head = element("h6");
    const inputs = element("section", "column", {}, this.head);
    inputs.append(...this.channels.map(({ place }) => element("div", "line", {}, place)));
    this.inputs = inputs;
    this.floor = element("div", "floor", {}, inputs);
    this.none = element("p", "none");
    this.sum = element("p", "sum");
    this.bars = element("canvas", "bars", { role: "img" });
    const hands = this.channels.map((channel) => channel.hands);
    this.both = element("div", "both", {}, ...hands);
    this.hint = element("p", "hint");
    this.live = element("p", "live", { "aria-live": "polite" });
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
    root.addEventListener("keydown", () => root.classList.add("keys"), true); // only then the focus is shown
    root.addEventListener("pointerdown", () => root.classList.remove("keys"), true);
    this.frame = this.frame.bind(this);
    new ResizeObserver(() => this.layout()).observe(root);
    addEventListener("resize", () => this.layout());
  }

  /**
   * What Python knows: at every run of the page.
   * @param {Data} data
   * @param {(said: object) => void} send
   */
  receive(data, send) {
    const { first } = this;
    this.first = false;
    this.post.receive(data.echo, send);
    this.words = data.words;
    this.colors = data.colors;
    this.labels = data.labels;
    this.heads = data.heads;
    const same = data.kind === this.kind && !first && !still();
    this.kind = data.kind;
    this.bounds = data.bounds;
    this.grip = digitHand(data.kind, {});
    const fresh = first || (this.post.answered && !this.busy); // no hand has gone on
    for (const channel of this.channels) {
      const { number } = channel;
      if (channel.digitText !== data.digits[number]) {
        channel.digitText = data.digits[number];
        channel.digit = greysOf(data.digits[number]);
      }
      if (fresh || !same) this.glideTo(channel, data.values[number], same);
      channel.sliders.show(data.sliders);
      put(channel.name, data.words[NAMES[number]]);
      channel.place.setAttribute("aria-label", `${data.words[NAMES[number]]}: ${data.words.place}`);
      channel.sliders.element.setAttribute("aria-label", data.words[NAMES[number]]);
    }
    if (data.model !== this.model || this.failed) this.fetch(data.model);
    this.dress();
    this.layout();
    this.request();
  }

  /** @param {string} file */
  fetch(file) {
    this.model = file;
    this.network = null;
    this.failed = false;
    networkOf(file).then(
      (network) => {
        if (file !== this.model) return;
        this.network = network;
        this.dress();
        this.side = 0;
        this.layout();
      },
      () => {
        this.failed = true;
        this.request();
      },
    );
  }

  /** The texts, and a column for each transformer. */
  dress() {
    const { words, network } = this;
    const button = (/** @type {"random" | "upright"} */ wish) => {
      const made = element("button", "plain", { type: "button" }, words[wish]);
      made.addEventListener("click", () => this.settle(wish));
      return made;
    };
    if (this.wishes.textContent !== words.random + words.upright) {
      this.wishes.replaceChildren(button("random"), button("upright"));
    }
    put(this.head, words.inputs);
    put(this.hint, words[`hint_${this.kind}`]);
    const count = network?.transformers.length ?? 0;
    put(this.none, network && !count ? words.no_transformer : "");
    this.none.hidden = !network || count > 0;
    if (this.columns.length !== count) {
      this.columns = Array.from({ length: count }, () => column());
      this.floor.replaceChildren(this.inputs, ...this.columns.map((each) => each.element));
    }
    this.columns.forEach((each, k) => {
      const [name, measured] = each.element.querySelectorAll("h6, .measured");
      put(name, fill(words.transformer, { number: k + 1 }));
      put(measured, this.heads[k] ?? "");
    });
  }

  layout() {
    const width = this.root.clientWidth;
    if (!width || this.first) return;
    const narrow = width < 640;
    const count = this.columns.length;
    const room = (innerHeight - 420) / 2;
    const across = narrow
      ? (width - COLUMN_GAP) / 2
      : (width - (COLUMN_GAP + LINE_GAP) * count) / (1 + (1 + OUTPUT) * count);
    const side = Math.floor(Math.max(110, narrow ? across : Math.min(across, room, 300)));
    if (side === this.side) return;
    this.side = side;
    this.root.style.setProperty("--input", `${side}px`);
    this.root.classList.toggle("narrow", narrow);
    this.request();
  }

  // ----------------------------------------------------------------------------------------- frames

  request() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(this.frame);
  }

  /** @param {number} now */
  frame(now) {
    this.pending = false;
    const { side, network, channels } = this;
    if (!side) return;
    for (const channel of channels) {
      if (channel.glide) {
        const { values, done } = channel.glide.at(now);
        channel.values = values;
        if (done) channel.glide = null;
        else this.request();
      }
      const parameters = parametersOf(this.kind, channel.values, {});
      channel.image = distort(this.kind, channel.digit, parameters);
      channel.sliders.put(channel.values);
      channel.paint(side);
    }
    if (!network || network.input[0] !== CANVAS[this.kind][0]) {
      put(this.sum, this.failed ? this.words.no_weights : this.words.loading);
      return;
    }
    const [one, two] = channels.map(({ image }) => image);
    const pair = new Float32Array(one.length + two.length);
    pair.set(one);
    pair.set(two, one.length);
    this.paint(network, network.answer(pair));
  }

  /**
   * @param {Network} network
   * @param {Answer} answer
   */
  paint(network, { warps, probabilities }) {
    const { words, labels, colors, root } = this;
    const theme = themeOf(root);
    warps.forEach((warp, k) => {
      const { about } = network.transformers[k];
      const [turn] = readings(about.family, warp.theta, network.input);
      put(this.columns[k].theta, `θ${k + 1}: ${words.rotation} ${turn[1]}`);
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
    const style = { color, quiet: colors.quiet, text: theme.text, font: theme.font, other: null };
    bars(sized(this.bars, wide, 96), wide, 96, probabilities, style);
    this.bars.setAttribute("aria-label", `${words.bars_label} ${best}, ${share} %`);
  }

  /**
   * What a transformer does with one channel.
   * @param {number} k
   * @param {Channel} channel
   * @param {Network} network
   * @param {import("../../browser/network.js").Warp} warp
   */
  paintWarp(k, { number, image }, { input, transformers }, { theta, output }) {
    const { colors, side, words } = this;
    const { grids, outputs } = this.columns[k];
    const { family, size } = transformers[k].about;
    const small = Math.floor(side * OUTPUT);
    const curves = gridCurves(family, theta, input);
    const view = View.whole(input, roomFor(curves, input, ROOMS[this.kind]), side);
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

  // ------------------------------------------------------------------------------ what the hand puts

  /**
   * @param {Channel} channel
   * @param {Values} values
   */
  put(channel, values) {
    channel.glide = null;
    this.busy = true;
    channel.values = bounded(values, this.bounds, held);
    this.request();
  }

  /**
   * @param {Channel} channel
   * @param {Values} values
   * @param {boolean} gently
   */
  glideTo(channel, values, gently) {
    if (JSON.stringify(values) === JSON.stringify(channel.glide?.to ?? channel.values)) return;
    channel.glide = gently ? new Glide(channel.values, values, GLIDE) : null;
    if (!gently) channel.values = values;
    this.request();
  }

  settleLater(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), pause);
  }

  /** Bring the values to the sliders' steps, and tell Python, which may be asked for something. */
  settle(wish = "") {
    clearTimeout(this.timer);
    if (this.channels.some(({ pulled }) => pulled)) return;
    this.busy = false;
    for (const channel of this.channels) {
      const values = bounded(channel.glide?.to ?? channel.values, this.bounds, fitted);
      if (!channel.glide) channel.values = values;
      else channel.glide.to = values;
    }
    this.request();
    const values = this.channels.map(({ glide, values }) => glide?.to ?? values);
    this.post.say({ kind: this.kind, values, wish });
    clearTimeout(this.saying);
    this.saying = setTimeout(() => put(this.live, this.sum.textContent ?? ""), QUIET);
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

/** @typedef {HTMLElement & { pairs?: Pairs }} Root */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {HTMLElement} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setStateValue
 */
export function show({ data, parentElement, setStateValue }) {
  /** @type {Root} */
  const root = parentElement.querySelector(".pairs") ?? element("div", "pairs");
  if (!root.isConnected) parentElement.append(root);
  root.pairs ??= new Pairs(root, data);
  root.pairs.receive(data, (said) => setStateValue("said", said));
}
