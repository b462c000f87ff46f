// A step's picture under a finger, and what the networks make of it, in the same frame.

import { drawGrey, sized } from "../browser/canvas.js";
import { ARROWS, element, fill, put } from "../browser/dom.js";
import { meshPoints, regularPoints, toPixel } from "../browser/points.js";
import { sample } from "../browser/sampler.js";
import { warp } from "../browser/transforms.js";
import { Bars } from "./bars.js";
import { networkAt } from "../browser/networks.js";
import { Scene } from "./scene.js";

/** @import { Network } from "../browser/network.js" */
/** @import { Point, Size } from "../browser/points.js" */
/** @import { Given } from "./scene.js" */

/** @typedef {{ input: string, grid: string, up: string, quiet: string }} Colors */
/** @typedef {Record<string, string>} Words */

const ROOM = 0.12; // around a picture, of its size: grids go beyond it
const LINES = 7;
const ALONG = 15;
const MESH = meshPoints(LINES, ALONG);
const DIGITS = Array.from({ length: 10 }, (_, i) => String(i));

export class Live {
  /**
   * @param {string} models where the networks' files lie
   * @param {Colors} colors
   * @param {() => void} touched is called when a hand changes something
   */
  constructor(models, colors, touched) {
    this.models = models;
    this.colors = colors;
    this.touched = touched;
    /** @type {Words} */
    this.words = {};
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {(Network | null)[]} null while one is under way */
    this.networks = [];
    this.failed = false;
    this.chosen = 0;
    this.speaks = true; // whether the networks' answers are shown
    this.pending = false;
    this.canvas = element("canvas", "picture", { tabindex: 0, role: "application" });
    this.output = element("canvas", "output", { role: "img" });
    this.hint = element("p", "hint");
    this.chips = element("div", "chips", { role: "radiogroup" });
    this.turning = range();
    this.sizing = range();
    this.bars = new Bars();
    this.says = element("p", "says", { "aria-live": "polite" });
    this.sees = element("figure", "sees", {}, this.output, element("figcaption"));
    const ranges = element("div", "ranges", {}, this.turning.label, this.sizing.label);
    this.hand = element("div", "hand", {}, this.canvas, this.hint, ranges);
    this.answer = element("div", "answer", {}, this.sees, this.bars.root);
    this.mind = element("section", "mind", {}, this.chips, this.says, this.answer);
    this.listen();
    new ResizeObserver(() => this.request()).observe(this.hand);
  }

  /**
   * @param {Given | null} given
   * @param {Words} words
   */
  show(given, words) {
    this.words = words;
    this.scene = given && new Scene(given);
    this.chosen = given ? given.models.length - 1 : 0;
    this.networks = [];
    this.failed = false;
    this.hand.hidden = !given;
    this.mind.hidden = !given;
    if (!given) return;
    const { scene } = this;
    this.networks = given.models.map(() => null);
    given.models.forEach(({ file }, i) => {
      networkAt(this.models + file).then(
        (network) => {
          if (this.scene !== scene) return;
          this.networks[i] = network;
          this.request();
        },
        () => {
          if (this.scene !== scene) return;
          this.failed = true;
          this.request();
        },
      );
    });
    this.build();
    this.request();
  }

  /** @param {boolean} speaks */
  letSpeak(speaks) {
    if (this.speaks === speaks) return;
    this.speaks = speaks;
    this.request();
  }

  build() {
    const { scene, words } = this;
    if (!scene) return;
    const { freedom } = scene;
    const points = freedom.points ? "points" : freedom.moves ? "one" : "turn";
    const hint = words[scene.kind === "grid" ? "picture_grid" : `picture_${points}`];
    put(this.hint, hint);
    this.canvas.setAttribute("aria-label", hint);
    const caption = this.sees.querySelector("figcaption");
    if (caption) put(caption, words[scene.kind === "grid" ? "output" : "sees"]);
    const chips = scene.models.map(({ name }, i) => {
      const state = { type: "button", role: "radio", "aria-checked": String(i === this.chosen) };
      const chip = element("button", "chip", state, name);
      chip.onclick = () => {
        this.chosen = i;
        this.build();
        this.request();
      };
      return chip;
    });
    this.chips.replaceChildren(...chips);
    this.chips.hidden = chips.length < 2;
    this.chips.setAttribute("aria-label", words.network);
    put(this.turning.text, words.turn);
    put(this.sizing.text, words.size);
    this.turning.label.hidden = !freedom.turns;
    this.sizing.label.hidden = !freedom.zooms;
    const [low, high] = scene.bounds[scene.key("scale")] ?? [0.2, 3];
    Object.assign(this.turning.input, { min: "-180", max: "180", step: "1" });
    Object.assign(this.sizing.input, { min: String(low), max: String(high), step: "0.01" });
  }

  // ---- frames

  request() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  paint() {
    const { scene, canvas, colors } = this;
    if (!scene || !this.hand.isConnected) return;
    const side = Math.max(Math.min(this.hand.clientWidth, 0.3 * innerHeight, 460), 120);
    const image = scene.image();
    const pen = sized(canvas, side, side);
    const [height, width] = scene.size;
    const zoom = side / (width * (1 + 2 * ROOM));
    const corner = ROOM * width * zoom;
    drawGrey(pen, image, scene.size, corner, corner, width * zoom, height * zoom);
    pen.strokeStyle = colors.input;
    pen.lineWidth = 2;
    pen.strokeRect(corner, corner, width * zoom, height * zoom);
    this.paintRanges(scene);
    if (scene.kind === "grid") this.paintGridStep(scene, image, pen, zoom);
    else this.paintAnswer(scene, image, pen, zoom);
    pen.fillStyle = colors.input;
    for (const [x, y] of scene.points) {
      pen.beginPath();
      pen.arc(corner + (x + 0.5) * zoom, corner + (y + 0.5) * zoom, 6, 0, 7);
      pen.fill();
    }
  }

  /** @param {Scene} scene */
  paintRanges(scene) {
    const grid = scene.kind === "grid";
    const angle = grid ? scene.turned : scene.values[scene.key("angle")];
    const scale = grid ? scene.zoomed : scene.values[scene.key("scale")];
    if (angle !== undefined) this.turning.input.value = String(angle);
    if (scale !== undefined) this.sizing.input.value = String(scale);
  }

  /**
   * A step about transforms has no network: the grid, and what it cuts out.
   * @param {Scene} scene
   * @param {Float32Array} image
   * @param {CanvasRenderingContext2D} pen
   * @param {number} zoom
   */
  paintGridStep(scene, image, pen, zoom) {
    const [height, width] = scene.size;
    this.lines(pen, scene.warp(MESH), scene.size, zoom);
    const output = sample(image, height, width, scene.warp(regularPoints(height, width)));
    this.paintOutput(output, scene.size);
    this.says.hidden = true;
    this.bars.root.hidden = true;
    this.answer.hidden = false;
  }

  /**
   * @param {Scene} scene
   * @param {Float32Array} image
   * @param {CanvasRenderingContext2D} pen
   * @param {number} zoom
   */
  paintAnswer(scene, image, pen, zoom) {
    const { words, chosen } = this;
    const network = this.networks[chosen];
    this.says.hidden = false;
    this.answer.hidden = !network || !this.speaks;
    if (!scene.models.length) {
      this.says.hidden = true;
      return;
    }
    if (!this.speaks) return put(this.says, words.guess_first);
    if (!network) return put(this.says, this.failed ? words.no_network : words.loading);
    const { theta, output, probabilities } = network.answer(image);
    const { transformer } = network;
    if (theta && transformer && output) {
      this.lines(pen, warp(transformer.family, theta, MESH), scene.size, zoom);
      this.paintOutput(output, transformer.size);
    }
    this.sees.hidden = !output;
    const best = probabilities.indexOf(Math.max(...probabilities));
    const percent = Math.round(100 * probabilities[best]);
    put(this.says, fill(words.says, { name: scene.models[chosen].name, digit: best, percent }));
    this.bars.root.hidden = false;
    const said = probabilities.map((value) => `${Math.round(100 * value) || ""}`);
    const series = [
      { name: scene.models[chosen].name, look: "network", shares: probabilities, said },
    ];
    this.bars.show({ labels: DIGITS, series, right: null, mine: null, words });
  }

  /**
   * The sampling grid over the picture, its upper side marked.
   * @param {CanvasRenderingContext2D} pen
   * @param {ArrayLike<number>} source
   * @param {Size} size
   * @param {number} zoom
   */
  lines(pen, source, [height, width], zoom) {
    const corner = ROOM * width * zoom;
    for (let line = 2 * LINES - 1; line >= 0; line--) {
      const side = line % LINES === 0 || line % LINES === LINES - 1;
      pen.beginPath();
      for (let i = 0; i < ALONG; i++) {
        const at = 2 * (line * ALONG + i);
        const x = corner + (toPixel(source[at], width) + 0.5) * zoom;
        const y = corner + (toPixel(source[at + 1], height) + 0.5) * zoom;
        if (i) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      }
      pen.strokeStyle = line === 0 ? this.colors.up : this.colors.grid;
      pen.lineWidth = line === 0 ? 5 : side ? 3 : 1;
      pen.stroke();
    }
  }

  /**
   * @param {Float32Array} output
   * @param {Size} size
   */
  paintOutput(output, size) {
    this.sees.hidden = false;
    const side = 112;
    const pen = sized(this.output, side, side);
    drawGrey(pen, output, size, 0, 0, side, side);
    pen.strokeStyle = this.colors.grid;
    pen.lineWidth = 3;
    pen.strokeRect(0, 0, side, side);
  }

  // ---- the hand

  listen() {
    const { canvas } = this;
    /** @type {Map<number, Point>} */
    const fingers = new Map();
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, this.place(event));
    };
    canvas.onpointermove = (event) => {
      const before = fingers.get(event.pointerId);
      if (!before || !this.scene) return;
      const now = this.place(event);
      const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      fingers.set(event.pointerId, now);
      if (others.length) this.pinch(others[0], before, now);
      else this.drag(before, now);
      this.changed();
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
    canvas.onwheel = (event) => {
      if (!this.scene?.freedom.zooms) return;
      event.preventDefault();
      this.scene.zoom(Math.exp(-event.deltaY / 800));
      this.changed();
    };
    canvas.onkeydown = (event) => {
      const step = ARROWS[event.key];
      if (!step || !this.scene) return;
      event.preventDefault();
      const { freedom } = this.scene;
      if (freedom.moves) this.scene.move(step, [0, 0]);
      else this.scene.turn(5 * step[0]);
      this.changed();
    };
    this.turning.input.oninput = () => this.set("angle", Number(this.turning.input.value));
    this.sizing.input.oninput = () => this.set("scale", Number(this.sizing.input.value));
  }

  /**
   * @param {"angle" | "scale"} part
   * @param {number} value
   */
  set(part, value) {
    const { scene } = this;
    if (!scene) return;
    if (scene.kind !== "grid") scene.put(scene.key(part), value);
    else if (part === "angle") scene.turned = value;
    else scene.zoomed = value;
    this.changed();
  }

  changed() {
    this.touched();
    this.request();
  }

  /**
   * Where a pointer is, in pixels of the picture.
   * @param {PointerEvent} event
   * @returns {Point}
   */
  place(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const pixels = this.scene ? this.scene.size[1] : 1;
    const zoom = width / (pixels * (1 + 2 * ROOM));
    const corner = ROOM * pixels;
    return [
      (event.clientX - left) / zoom - corner - 0.5,
      (event.clientY - top) / zoom - corner - 0.5,
    ];
  }

  /**
   * @param {Point} from
   * @param {Point} to
   */
  drag(from, to) {
    const { scene } = this;
    if (!scene) return;
    const { freedom, size } = scene;
    if (freedom.moves || freedom.points) scene.move([to[0] - from[0], to[1] - from[1]], from);
    else scene.turn(angle(centre(size), to) - angle(centre(size), from));
  }

  /**
   * A second finger turns and zooms about the first one.
   * @param {Point} still
   * @param {Point} from
   * @param {Point} to
   */
  pinch(still, from, to) {
    this.scene?.turn(angle(still, to) - angle(still, from));
    const before = Math.hypot(from[0] - still[0], from[1] - still[1]);
    const after = Math.hypot(to[0] - still[0], to[1] - still[1]);
    this.scene?.zoom(after / Math.max(before, 0.5));
  }
}

/** @type {(size: Size) => Point} */
const centre = ([height, width]) => [(width - 1) / 2, (height - 1) / 2];

/** @type {(from: Point, to: Point) => number} in degrees */
const angle = (from, to) => (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;

function range() {
  const input = element("input", "", { type: "range" });
  const text = element("span");
  return { input, text, label: element("label", "", {}, text, input) };
}
