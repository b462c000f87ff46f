// The player: plays recordings of training from what it was sent once.

import { element } from "../../browser/dom.js";
import { term } from "../../browser/terms.js";
import { themeOf } from "../../browser/theme.js";
import { drawCurves, marginOf } from "./curves.js";
import { ROOM, drawDigits } from "./digits.js";
import { decoded, placeOf, reachOf, stepAt } from "./recorded.js";
import { clockText, curvesText, digitsText, wrongText } from "./spoken.js";
import { scale } from "./strokes.js";

/** @import { Colors } from "./digits.js" */
/** @import { Sent, Side } from "./recorded.js" */
/** @import { Words } from "./spoken.js" */

/**
 * What component.py sends.
 * @typedef {object} Data
 * @property {Sent[]} sides one or two
 * @property {number} start the step to begin at
 * @property {Words} words
 * @property {string} language
 * @property {Colors} colors
 * @property {number} digits that the answers are of
 */

const SECONDS = 20; // from the first step to the last
const STILL = 20; // pictures a run, for those who asked for reduced motion
const SMALLEST = 0.6; // an input is made smaller by this at most, where grids end far outside it

class Player {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stages = element("div", "replay-sides");
    this.button = element("button", "replay-play", { type: "button" });
    const range = { type: "range", min: 0, max: 1, step: "any" };
    this.scrubber = element("input", "replay-scrubber", range);
    this.clock = element("div", "replay-clock");
    this.canvas = element("canvas", "replay-curves", { role: "img" });
    const controls = element("div", "replay-controls", {}, this.button, this.scrubber);
    const parts = [this.stages, controls, this.clock, this.canvas];
    this.root = element("div", "replay", { role: "group" }, ...parts);
    parent.append(this.root);
    /** @type {HTMLCanvasElement[]} of the sides */
    this.canvases = [];
    /** @type {HTMLElement[]} of wrong answers, of the sides */
    this.counts = [];

    /** @type {Data | null} */
    this.data = null;
    this.text = ""; // of the data
    /** @type {Side[]} */
    this.sides = [];
    this.last = 1; // step
    this.zoom = 1; // of the inputs
    /** @type {(value: number) => string} */
    this.number = String;
    /** @type {(name: string, value: unknown) => void} */
    this.send = () => {};

    this.step = 0;
    this.playing = false;
    this.told = 0; // the step that the page knows
    /** @type {number | undefined} */
    this.telling = undefined;
    this.listen();
  }

  /**
   * Take in what the server sent; most often it has been here before.
   * @param {Data} data
   */
  update(data) {
    const text = JSON.stringify(data);
    if (text === this.text) return;
    const first = this.data === null;
    const moved = !first && data.start !== this.data?.start; // by a lecture
    this.text = text;
    this.data = data;
    this.sides = data.sides.map(decoded);
    this.last = Math.max(...this.sides.map((side) => side.steps[side.steps.length - 1]), 1);
    const reach = Math.max(...this.sides.map(reachOf)); // the same on both sides
    this.zoom = Math.min(Math.max((0.97 * ROOM) / reach, SMALLEST), 1);
    const format = new Intl.NumberFormat(data.language);
    this.number = (value) => format.format(value);
    this.build(data);
    if (first || moved) this.step = this.told = data.start; // which the page knows
    this.step = Math.min(this.step, this.last);
    this.setPlaying(this.playing && !first && !moved);
  }

  /** @param {Data} data */
  build({ words }) {
    const pair = this.sides.length > 1;
    this.canvases = this.sides.map(() => element("canvas", "replay-digits", { role: "img" }));
    this.counts = this.sides.map(() => element("span", "replay-wrong"));
    const sections = this.sides.map((side, i) => {
      const mark = pair ? ["━ ", "┅ "][i] : "";
      const heading = { role: "heading", "aria-level": 4 };
      const name = element("span", "replay-name", heading, mark, term(side.name, side.about ?? ""));
      const head = element("div", "replay-head", {}, name, this.counts[i]);
      const legend = side.family ? words.legend : words.legend_plain;
      const below = element("div", "replay-legend", {}, legend);
      return element("section", "replay-side", {}, head, this.canvases[i], below);
    });
    this.stages.replaceChildren(...sections);
    this.stages.classList.toggle("replay-pair", pair);
    this.root.setAttribute("aria-label", words.player);
    this.scrubber.setAttribute("aria-label", words.scrubber);
  }

  draw() {
    const { root, data, sides, step, last, zoom, number } = this;
    if (!data || !root.isConnected || !root.clientWidth) return;
    const { words, colors, digits } = data;
    const theme = themeOf(root);
    const { right } = marginOf(root.clientWidth / scale());
    root.style.setProperty("--right", `${right * scale()}px`);
    sides.forEach((side, i) => {
      drawDigits(this.canvases[i], side, step, { theme, colors, zoom }, sides.length === 1);
      this.counts[i].textContent = wrongText(side, step, digits, words);
    });
    drawCurves(this.canvas, { sides, last, digits, words, number, theme }, step);
    this.scrubber.value = String(placeOf(step, last));
    const clock = clockText(sides, step, last, words, number);
    this.clock.textContent = clock;
    if (this.playing) return;
    this.scrubber.setAttribute("aria-valuetext", clock);
    sides.forEach((side, i) => {
      this.canvases[i].setAttribute("aria-label", digitsText(side, step, words));
    });
    const ends = sides.map((side) => curvesText(side, step, digits, words));
    this.canvas.setAttribute("aria-label", `${clock}. ${ends.join(" ")}`);
  }

  // ---- moving through time

  /** @param {number} step */
  seek(step) {
    this.step = Math.min(Math.max(step, 0), this.last);
    this.draw();
    clearTimeout(this.telling);
    if (!this.playing) this.telling = setTimeout(() => this.tell(), 400);
  }

  /** @param {number} place from 0 to 1 */
  seekPlace(place) {
    if (this.playing) this.setPlaying(false);
    this.seek(stepAt(Math.min(Math.max(place, 0), 1), this.last));
  }

  /** Let the page know, for the address. */
  tell() {
    const step = Math.round(this.step);
    if (this.root.isConnected && this.told !== step) this.send("step", (this.told = step));
  }

  /** @param {boolean} playing */
  setPlaying(playing) {
    if (!this.data) return;
    const { words } = this.data;
    const label = playing ? words.pause : words.play;
    this.playing = playing;
    this.button.textContent = playing ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    if (playing) this.run();
    else this.seek(this.step);
  }

  run() {
    clearTimeout(this.telling);
    if (this.step >= this.last) this.step = 0;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let place = placeOf(this.step, this.last);
    let before = performance.now();
    /** @param {number} now */
    const turn = (now) => {
      if (!this.playing || !this.root.isConnected) return;
      place = Math.min(1, place + Math.min(now - before, 100) / 1000 / SECONDS);
      before = now;
      const shown = still ? Math.floor(place * STILL) / STILL : place;
      const step = place === 1 ? this.last : stepAt(shown, this.last);
      if (!still || Math.abs(step - this.step) > 1e-6) this.seek(step);
      if (place === 1) this.setPlaying(false);
      else requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  /** For an animation: `show` the place in [0, 1] of the whole, as often as wanted; then `end`. */
  film() {
    const { step } = this;
    if (this.playing) this.setPlaying(false);
    clearTimeout(this.telling);
    /** @param {number} to */
    const go = (to) => {
      this.step = to;
      this.draw();
    };
    /** @param {number} place */
    const show = (place) => go(place === 1 ? this.last : stepAt(place, this.last));
    return { show, end: () => go(step) };
  }

  /**
   * To the next recorded moment, or back by as many.
   * @param {number} by
   */
  hop(by) {
    const moments = [...new Set(this.sides.flatMap((side) => side.steps))].sort((a, b) => a - b);
    const now =
      by > 0
        ? moments.findLastIndex((at) => at <= this.step)
        : moments.findIndex((at) => at >= this.step);
    const from = now < 0 ? (by > 0 ? -1 : moments.length) : now;
    this.seek(moments[Math.min(Math.max(from + by, 0), moments.length - 1)]);
  }

  // ---- what the hand does

  listen() {
    const { root, canvas, button, scrubber } = this;
    button.onclick = () => this.setPlaying(!this.playing);
    scrubber.oninput = () => this.seekPlace(Number(scrubber.value));
    /** @param {PointerEvent} event */
    const drag = (event) => {
      if (!event.buttons) return;
      const { left, width } = canvas.getBoundingClientRect();
      const [from, across] = [event.clientX - left, width].map((pixels) => pixels / scale());
      const margin = marginOf(across);
      this.seekPlace((from - margin.left) / (across - margin.left - margin.right));
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag(event);
    };
    canvas.onpointermove = drag;
    root.onkeydown = (event) => this.onKey(event);
    /** @param {KeyboardEvent} event */
    const fromAnywhere = (event) => {
      if (!root.isConnected) document.removeEventListener("keydown", fromAnywhere);
      else if (event.target === document.body) this.onKey(event); // nobody else has the focus
    };
    document.addEventListener("keydown", fromAnywhere);
    root.ontransitionend = (event) => {
      if (event.target === root) this.draw(); // the theme's text colour has changed
    };
    let size = "";
    new ResizeObserver(() => {
      const now = `${root.clientWidth} ${window.innerHeight}`;
      if (now !== size) requestAnimationFrame(() => this.draw());
      size = now;
    }).observe(root);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowRight: () => this.hop(1),
      ArrowUp: () => this.hop(1),
      ArrowLeft: () => this.hop(-1),
      ArrowDown: () => this.hop(-1),
      PageUp: () => this.hop(10),
      PageDown: () => this.hop(-10),
      Home: () => this.seek(0),
      End: () => this.seek(this.last),
      " ": () => this.setPlaying(!this.playing),
    };
    const action = actions[event.key];
    if (!action || (event.key === " " && event.target === this.button)) return; // which presses the button
    event.preventDefault();
    if (event.key !== " " && this.playing) this.setPlaying(false);
    action();
  }
}

/** @typedef {HTMLElement & { player?: Player }} Root where take_home finds the player */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {HTMLElement} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setTriggerValue
 */
export function show({ data, parentElement, setTriggerValue }) {
  /** @type {Root | null} */
  const root = parentElement.querySelector(".replay");
  const player = root?.player ?? new Player(parentElement);
  /** @type {Root} */ (player.root).player = player;
  player.send = setTriggerValue;
  player.update(data);
}
