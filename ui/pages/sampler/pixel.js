// One output pixel: the point where it is read, the pixels around it with their weights, the kernel,
// the sum, and its slope.

import { greysOf } from "../../browser/bytes.js";
import { sized } from "../../browser/canvas.js";
import { element, fill, put } from "../../browser/dom.js";
import { minus } from "../../browser/plane.js";
import { LiveFigure } from "../../browser/live_figure.js";
import { arrow, curve, edges, frame, picture } from "../../browser/paint.js";
import { Panel } from "../../browser/panel.js";
import { toNormal } from "../../browser/points.js";
import { signed } from "../../browser/readings.js";
import { sample, sampleSlopes, taps, weightAt } from "../../browser/sampler.js";
import { term } from "../../browser/terms.js";
import { rem } from "../../browser/theme.js";
import { Touch } from "../../browser/touch.js";
import { View } from "../../browser/view.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Given } from "../../browser/live_figure.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Point, Size } from "../../browser/points.js" */
/** @import { Kernel } from "../../browser/sampler.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {string} digit
 * @property {Kernel} kernel
 * @property {[value: number, dx: number, dy: number]} answer PyTorch's
 */
/** @typedef {Given & Own} Data */
/** @typedef {{ column: number, row: number, weight: number, value: number }} Tap */

/** @type {Size} */
const SIZE = [28, 28];
const PATCH = 7; // pixels on a side of what is shown around the point
const ROOM = 0.1; // around the input: the point may leave it
const LEAST = 1e-4; // a weight below it is none: a point on a pixel's centre, in single precision
const REACH = 2.6; // of the kernel's curve, in pixels
/** @type {Kernel[]} */
const KERNELS = ["nearest", "bilinear", "bicubic"];

/** @param {number} value */
const two = (value) => signed(value, 2).replace("+", "").replace("\u2007", "");
/** @param {number} value */
const three = (value) => signed(value, 3).replace("+", "").replace("\u2007", "");
/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** @extends {LiveFigure<Data>} */
export class PixelFigure extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data);
    this.digit = greysOf(data.digit);
    this.panels = { input: new Panel(), patch: new Panel() };
    /** @type {Point} */
    this.corner = [0, 0]; // of the patch: its upper left pixel
    this.wide = 300; // of the kernel's chart
    const names = ["input", "patch", "value", "kernel", "sum", "slope"];
    this.heads = Object.fromEntries(names.map((name) => [name, element("h5")]));
    this.swatch = element("div", "swatch");
    this.chart = element("canvas", "chart", { role: "img" });
    this.terms = element("p", "terms");
    this.slopes = element("p", "terms");
    this.said = element("p", "said");
    const { heads, panels } = this;
    const value = element("div", "value", {}, heads.value, this.swatch);
    const sums = element("div", "sums", {}, heads.sum, this.terms, heads.slope, this.slopes);
    const parts = [
      element("div", "input", {}, heads.input, panels.input.place, value),
      element("div", "patch", {}, heads.patch, panels.patch.place),
      element("div", "arithmetic", {}, heads.kernel, this.chart, sums),
    ];
    const floor = element("div", "floor", {}, ...parts);
    root.replaceChildren(floor, this.said, this.sliders.element, this.agreement, this.live);
    this.touches = [panels.input, panels.patch].map(
      (panel) => new Touch(this.ground(panel, () => this.under(this.hand))),
    );
  }

  /** @returns {Hand<Values>} on the point */
  get hand() {
    /** @type {(v: Values, dx: number, dy: number) => Values} */
    const move = (v, dx, dy) => ({ ...v, s_x: v.s_x + dx, s_y: v.s_y + dy });
    return {
      handles: (v) => [
        { id: "point0", x: v.s_x, y: v.s_y, shape: "point", name: this.words.point },
      ],
      outlines: () => [],
      drag: (v, id, from, to) =>
        id ? move(v, ...minus(to, from)) : { ...v, s_x: to[0], s_y: to[1] },
      move,
      zoom: null,
      turn: null,
      step: 0.1,
    };
  }

  took() {
    const { data, words, heads, panels } = this;
    this.digit = greysOf(data.digit);
    put(heads.input, words.figure_input);
    put(heads.patch, words.figure_patch);
    put(heads.kernel, words.figure_kernel);
    put(heads.sum, words.figure_sum);
    if (heads.slope.textContent !== words.figure_slope + words.term_slope) {
      heads.slope.replaceChildren(term(words.figure_slope, words.term_slope));
    }
    for (const { place } of Object.values(panels)) place.setAttribute("aria-label", words.place);
    this.chart.setAttribute("aria-label", words.figure_kernel);
  }

  /** @param {number} width */
  layout(width) {
    const narrow = width < 640;
    this.root.classList.toggle("narrow", narrow);
    const tall = Math.max(innerHeight - 450, 280);
    const tallest = 0.8 * innerHeight; // on a phone, and where a page is zoomed
    const patch = Math.round(narrow ? Math.min(width, tallest) : Math.min(0.42 * width, tall, 620));
    const input = Math.round(narrow ? Math.min(0.6 * width, 0.6 * tallest) : 0.24 * width);
    this.panels.input.fit(SIZE, ROOM, input);
    this.panels.patch.fit([PATCH, PATCH], 0, patch);
    this.wide = narrow ? width : Math.round(width - patch - input - 40);
    this.swatch.style.width = this.swatch.style.height = `${Math.round(0.4 * input)}px`;
  }

  paint() {
    const { values, digit, data, words } = this;
    const { s_x: x, s_y: y } = values;
    const { kernel } = data;
    const point = [toNormal(x, SIZE[1]), toNormal(y, SIZE[0])];
    const [value] = sample(digit, ...SIZE, point, kernel);
    const [[dx], [dy]] = sampleSlopes(digit, ...SIZE, point, kernel);
    const found = taps(x, y, ...SIZE, kernel)
      .filter(({ inside, weight }) => inside && Math.abs(weight) > LEAST)
      .map(({ column, row, weight }) => {
        return { column, row, weight, value: digit[SIZE[1] * row + column] };
      });
    if (!this.touches[1].pulled) {
      this.corner = [Math.round(x) - (PATCH >> 1), Math.round(y) - (PATCH >> 1)];
    }
    this.paintInput();
    this.paintPatch(found, [dx, dy]);
    this.paintKernel(found);
    put(this.heads.value, `V = ${two(value)}`);
    const grey = Math.round(255 * Math.min(Math.max(value, 0), 1));
    this.swatch.style.background = `rgb(${grey}, ${grey}, ${grey})`;
    this.write(found, value, [dx, dy]);
    put(this.said, this.sentence(found, value));
    const same = JSON.stringify(values) === JSON.stringify(data.values);
    const gaps = [value, dx, dy].map((own, i) => Math.abs(own - data.answer[i]));
    this.agree(same ? Math.max(...gaps) : null);
    this.chart.setAttribute("aria-label", words.figure_kernel);
    return false;
  }

  paintInput() {
    const { input } = this.panels;
    const { colors, corner, values, words } = this;
    const pen = input.pen();
    picture(pen, input.view, this.digit, SIZE);
    frame(pen, input.view, SIZE, colors.input, 3);
    const [left, top] = corner;
    const last = /** @type {Point} */ ([left + PATCH - 1, top + PATCH - 1]);
    curve(pen, input.view, edges(corner, last), colors.grid, 3, { open: false });
    input.knobs.show(this.hand.handles(values), input.view, words, "theirs");
  }

  /**
   * @param {Tap[]} found
   * @param {Point} slope
   */
  paintPatch(found, [dx, dy]) {
    const { patch } = this.panels;
    const { colors, corner, values, words, digit, font } = this;
    const [left, top] = corner;
    patch.view = new View(left - 0.5, top - 0.5, PATCH, patch.side);
    const { view } = patch;
    const pen = patch.pen();
    pen.fillStyle = "rgba(128, 128, 128, 0.25)"; // outside the image
    pen.fillRect(0, 0, patch.side, patch.side);
    picture(pen, view, digit, SIZE);
    const { s_x, s_y } = values;
    if (Math.hypot(dx, dy) > 0.005) {
      const [from, to] = [view.at([s_x, s_y]), view.at([s_x + 2.5 * dx, s_y + 2.5 * dy])];
      arrow(pen, from, to, colors.up, 4, 1.5);
    }
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const size = Math.max(14, Math.round(view.zoom / 3.4));
    for (let row = top; row < top + PATCH; row++) {
      for (let column = left; column < left + PATCH; column++) {
        if (column < 0 || row < 0 || column >= SIZE[1] || row >= SIZE[0]) continue;
        const value = digit[SIZE[1] * row + column];
        const tap = found.find((tap) => tap.column === column && tap.row === row);
        const [x, y] = view.at([column, row]);
        pen.fillStyle = value < 0.46 ? "#fff" : "#000";
        pen.font = `400 ${size}px ${font}`;
        pen.fillText(value.toFixed(2), x, y - (tap ? 0.2 * view.zoom : 0));
        if (!tap) continue;
        pen.font = `700 ${size}px ${font}`;
        pen.fillText(`×${two(tap.weight)}`, x, y + 0.22 * view.zoom);
        pen.strokeStyle = colors.grid;
        pen.lineWidth = 2 + 4 * Math.abs(tap.weight);
        const side = 0.92 * view.zoom;
        pen.strokeRect(x - side / 2, y - side / 2, side, side);
      }
    }
    pen.strokeStyle = colors.quiet;
    pen.lineWidth = 2;
    pen.strokeRect(1, 1, patch.side - 2, patch.side - 2);
    patch.knobs.show(this.hand.handles(values), view, words, "theirs");
  }

  /** @param {Tap[]} found */
  paintKernel(found) {
    const { colors, wide, text, font, values } = this;
    const { kernel } = this.data;
    const high = Math.round(Math.min(0.52 * wide, 220));
    const size = 0.875 * rem();
    const pen = sized(this.chart, wide, high);
    /** @type {(d: number, k: number) => Point} */
    const at = (d, k) => [
      12 + ((d + REACH) / (2 * REACH)) * (wide - 24),
      14 + ((1.05 - k) / 1.25) * (high - 26 - size),
    ];
    pen.lineWidth = 1;
    pen.strokeStyle = colors.quiet;
    pen.fillStyle = text;
    pen.font = `${size}px ${font}`;
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    pen.beginPath();
    pen.moveTo(...at(-REACH, 0));
    pen.lineTo(...at(REACH, 0));
    pen.stroke();
    for (const d of [-2, -1, 0, 1, 2]) {
      pen.fillText(String(d).replace("-", "−"), at(d, 0)[0], high - 3);
    }
    for (const name of [...KERNELS].sort((a, b) => Number(a === kernel) - Number(b === kernel))) {
      const chosen = name === kernel;
      pen.beginPath();
      for (let i = 0; i <= 260; i++) {
        const d = -REACH + (2 * REACH * i) / 260;
        pen[i ? "lineTo" : "moveTo"](...at(d, weightAt(name, -d)));
      }
      pen.strokeStyle = chosen ? colors.grid : colors.quiet;
      pen.lineWidth = chosen ? 4 : 1.5;
      pen.stroke();
    }
    const { s_x, s_y } = values;
    const marks = [
      ...[...new Set(found.map(({ column }) => column))].map((at) => ["x", at - s_x]),
      ...[...new Set(found.map(({ row }) => row))].map((at) => ["y", at - s_y]),
    ];
    pen.textBaseline = "middle";
    pen.font = `700 ${size}px ${font}`;
    for (const [letter, away] of /** @type {[string, number][]} */ (marks)) {
      const [x, y] = at(away, weightAt(kernel, -away));
      pen.beginPath();
      pen.arc(x, y, 10, 0, 7);
      pen.fillStyle = "#fff";
      pen.strokeStyle = "#000";
      pen.lineWidth = 1;
      pen.fill();
      pen.stroke();
      pen.fillStyle = "#000";
      pen.fillText(letter, x, y);
    }
  }

  /**
   * The sum written out, the weightiest terms first, and its slope.
   * @param {Tap[]} found
   * @param {number} value
   * @param {Point} slope
   */
  write(found, value, [dx, dy]) {
    const sorted = [...found].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    const shown = sorted.length <= 5 ? sorted : sorted.slice(0, 4);
    const lines = shown.map(({ value, weight }) => {
      return `${two(value)} × ${two(weight)} = ${three(value * weight)}`;
    });
    const rest = sorted.slice(shown.length);
    if (rest.length) {
      const sum = rest.reduce((sum, { value, weight }) => sum + value * weight, 0);
      lines.push(`${fill(this.words.figure_more, { count: rest.length })}: ${three(sum)}`);
    }
    put(this.terms, [...lines, `V = ${three(value)}`].join("\n"));
    put(this.slopes, `∂V/∂x = ${three(dx)}\n∂V/∂y = ${three(dy)}`);
  }

  /**
   * As page.py says it of PyTorch's answer.
   * @param {Tap[]} found
   * @param {number} value
   */
  sentence(found, value) {
    const { words } = this;
    const total = found.reduce((sum, { weight }) => sum + weight, 0);
    const count = found.length;
    const most = Math.max(...found.map(({ weight }) => weight));
    const alone = this.data.kernel === "nearest" ? "one" : "centre";
    const edge = Math.abs(total - 1) > 0.005;
    const key = !count ? "nothing" : edge ? "edge" : count === 1 ? alone : "many";
    const figures = { value: two(value), count, most: percent(most), total: percent(total) };
    return fill(words[key], figures);
  }

  spoken() {
    return this.said.textContent ?? "";
  }
}
