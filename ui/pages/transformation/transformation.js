// The live figure: G on the output, T_theta(G) on the input, and points that are followed from one to
// the other.

import { greysOf, floatsOf } from "../../browser/bytes.js";
import { cleared } from "../../browser/canvas.js";
import { element, fill, put, rich } from "../../browser/dom.js";
import { forwardWarp } from "../../browser/forward_warp.js";
import { LiveFigure, showFigure } from "../../browser/live_figure.js";
import { arrow, curve, dot, frame, numbered, picture } from "../../browser/paint.js";
import { Panel } from "../../browser/panel.js";
import { pairs, toPixel } from "../../browser/points.js";
import { signed } from "../../browser/readings.js";
import { sample } from "../../browser/sampler.js";
import { gridCurves, samplingGrid } from "../../browser/sampling_grid.js";
import { term } from "../../browser/terms.js";
import { Touch } from "../../browser/touch.js";
import { IDENTITY, grid, matrixOf, warp } from "../../browser/transforms.js";
import { POINTS, chosenOf, gridHand, linkHand, pointsOf, thetaOf } from "./hands.js";
import { askedText, pushedText } from "./sentence.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Component, Given } from "../../browser/live_figure.js" */
/** @import { Pen } from "../../browser/paint.js" */
/** @import { Point, Size } from "../../browser/points.js" */
/** @import { Family, MatrixFamily } from "../../browser/transforms.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {string} digit
 * @property {Family} family
 * @property {"pull" | "push"} way
 * @property {Values} neutral
 * @property {string} output PyTorch's, of these values
 */
/** @typedef {Given & Own} Data */

/** @type {Size} */
const SIZE = [28, 28];
const ROOM = 0.2; // around the picture where the grid may leave it
const LITTLE = 0.02; // around the other

/** @type {Record<MatrixFamily, number[]>} The matrix's cells that theta sets. */
const FREE = {
  translation: [2, 5],
  attention: [0, 2, 4, 5],
  similarity: [0, 1, 2, 3, 4, 5],
  affine: [0, 1, 2, 3, 4, 5],
  projective: [0, 1, 2, 3, 4, 5, 6, 7],
};

/** @type {Point[][]} The regular grid's lines, in pixels. */
const LINES = Array.from({ length: 7 }, (_, i) => -0.5 + (28 * (i + 1)) / 8).flatMap((at) => [
  [
    [at, -0.5],
    [at, 27.5],
  ],
  [
    [-0.5, at],
    [27.5, at],
  ],
]);

/** @type {(points: Point[]) => Point[]} */
const pixels = (points) => points.map(([x, y]) => [toPixel(x, SIZE[1]), toPixel(y, SIZE[0])]);

/** @extends {LiveFigure<Data>} */
class Transformation extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data);
    this.shownAs = ""; // the family and the way that all is built for
    this.digit = greysOf(data.digit);
    this.output = new Float32Array();
    this.settledCells = ""; // of theta, as it was when the hand let go
    /** @type {Record<string, string> | null} that all is built with */
    this.spokenWords = null;
    this.panels = { input: new Panel(), output: new Panel() };
    const { input, output } = this.panels;
    this.links = element("canvas", "links", { "aria-hidden": "true" });
    this.heads = { input: element("h5"), theta: element("h5"), output: element("h5") };
    this.matrix = element("div", "matrix");
    this.way = element("p", "way");
    this.home = element("button", "plain", { type: "button" });
    this.home.addEventListener("click", () => this.goHome());
    this.said = element("p", "said");
    const tools = element("div", "tools", {}, this.home);
    const parts = [
      element("div", "input", {}, this.heads.input, input.place),
      element("div", "theta", {}, this.heads.theta, this.matrix, this.way, tools),
      element("div", "output", {}, this.heads.output, output.place),
    ];
    this.floor = element("div", "floor", {}, ...parts, this.links);
    root.replaceChildren(
      ...[this.floor, this.said, this.sliders.element, this.agreement, this.live],
    );
    this.touches = [input, output].map((panel) => {
      const hand = () => (panel === this.sides.asked ? this.hand : this.link);
      return new Touch(this.ground(panel, () => this.under(hand())));
    });
  }

  /** The picture that the regular grid lies on, and the one that T_theta leads to. */
  get sides() {
    const { input, output } = this.panels;
    return this.data.way === "push"
      ? { asking: input, asked: output }
      : { asking: output, asked: input };
  }

  get hand() {
    return gridHand(this.data.family, SIZE);
  }

  get link() {
    return linkHand(SIZE, this.words);
  }

  /**
   * One step of the slider.
   * @param {Values} values
   * @param {number} step
   */
  zoomed({ t_scale: scale }, step) {
    return (scale + 0.01 * step) / scale;
  }

  /**
   * @param {string} key
   * @param {number} value
   */
  slid(key, value) {
    const next = super.slid(key, value);
    return key === "t_follow" ? { ...next, t_at: POINTS[chosenOf(next)] } : next;
  }

  goHome() {
    this.glideTo({ ...this.values, ...this.data.neutral });
    this.settle();
  }

  took() {
    const { data, words } = this;
    this.digit = greysOf(data.digit);
    this.output = floatsOf(data.output);
    this.settledCells = "";
    const now = `${data.family} ${data.way}`;
    if (now === this.shownAs && words === this.spokenWords) return;
    this.shownAs = now;
    this.build();
    for (const { knobs } of Object.values(this.panels)) knobs.forget();
  }

  build() {
    const { words, data, heads, panels } = this;
    this.spokenWords = words;
    const { way, family } = data;
    const push = way === "push";
    heads.input.replaceChildren(...rich(push ? words.figure_input_pushed : words.figure_input));
    heads.output.replaceChildren(...rich(push ? words.figure_pushed : words.figure_output));
    const count = IDENTITY[family].length;
    heads.theta.replaceChildren(term(fill(words.figure_theta, { count }), words.term_theta));
    this.way.replaceChildren(
      ...rich(`T<sub>θ</sub> ${push ? words.figure_pushes : words.figure_asks}`),
    );
    put(this.home, words.reset);
    const { asked } = this.sides;
    for (const panel of Object.values(panels)) {
      const name = panel === asked ? words.place_grid : words.place_points;
      panel.place.setAttribute("aria-label", name);
    }
    if (family === "tps") {
      this.matrix.replaceChildren(...rich(words.figure_control.replace("<br>", " ")));
      this.matrix.className = "control";
      return;
    }
    const rows = family === "projective" ? 3 : 2;
    const cells = Array.from({ length: 3 * rows }, (_, i) =>
      element("span", FREE[family].includes(i) ? "" : "fixed"),
    );
    this.matrix.replaceChildren(...cells);
    this.matrix.className = "matrix";
  }

  /** @param {number} width */
  layout(width) {
    const narrow = width < 640;
    this.root.classList.toggle("narrow", narrow);
    const large = Math.round(
      narrow
        ? Math.min(width, 0.38 * innerHeight)
        : Math.min(0.42 * width, Math.max(innerHeight - 510, 290), 560),
    );
    const small = Math.round(narrow ? Math.min(0.56 * width, large) : 0.8 * large);
    const { asking, asked } = this.sides;
    asking.fit(SIZE, LITTLE, small);
    asked.fit(SIZE, ROOM, large);
  }

  paint() {
    const { data, values, digit, words, panels } = this;
    const { family, way } = data;
    const theta = thetaOf(family, values);
    const points = pointsOf(values);
    const sources = pairs(warp(family, theta, Float64Array.from(points.flat())));
    const asks = grid(family, theta, ...SIZE);
    const { output, landed } =
      way === "push"
        ? forwardWarp(digit, ...SIZE, asks)
        : { output: sample(digit, ...SIZE, asks), landed: null };
    const input = panels.input.pen();
    const out = panels.output.pen();
    this.paintPicture(input, panels.input, digit, this.colors.input);
    this.paintPicture(out, panels.output, output, this.colors.grid, landed);
    this.paintGrids(theta, sources);
    this.paintLinks(points, sources);
    this.writeTheta(theta);
    const number = chosenOf(values) + 1;
    const text = landed
      ? pushedText(landed, words)
      : askedText(family, theta, number, sources[number - 1], words);
    put(this.said, text);
    this.compare(output);
    return false;
  }

  /**
   * @param {Pen} pen
   * @param {Panel} panel
   * @param {Float32Array} image
   * @param {string} color
   * @param {Uint16Array | null} landed
   */
  paintPicture(pen, { view }, image, color, landed = null) {
    picture(pen, view, image, SIZE);
    if (landed) {
      pen.fillStyle = this.colors.wrong;
      pen.globalAlpha = 0.75;
      landed.forEach((count, i) => {
        if (count) return;
        const [x, y] = view.at([(i % SIZE[1]) - 0.5, Math.floor(i / SIZE[1]) - 0.5]);
        pen.fillRect(x, y, view.zoom, view.zoom);
      });
      pen.globalAlpha = 1;
    }
    frame(pen, view, SIZE, color, 3);
  }

  /**
   * @param {number[]} theta
   * @param {Point[]} sources
   */
  paintGrids(theta, sources) {
    const { colors, values, words, font, data } = this;
    const { asking, asked } = this.sides;
    const regular = asking.canvas.getContext("2d");
    const warped = asked.canvas.getContext("2d");
    if (!regular || !warped) return;
    for (const line of LINES) curve(regular, asking.view, line, colors.grid, 1);
    curve(
      regular,
      asking.view,
      [
        [-0.5, -0.5],
        [27.5, -0.5],
      ],
      colors.up,
      6,
    );
    const curves = gridCurves(data.family, theta, SIZE);
    samplingGrid(warped, asked.view, curves, colors, { thick: asked.side / 300 });
    pixels(sources).forEach((point, i) => {
      if (i !== chosenOf(values)) dot(warped, asked.view, point, 4, "#fff");
    });
    const chosen = chosenOf(values);
    const [x, y] = pixels([sources[chosen]])[0];
    numbered(warped, asked.view, [x, y], chosen + 1, 13, colors.grid, font);
    asked.knobs.show(this.hand.handles(values), asked.view, words, "theirs");
    asking.knobs.show(this.link.handles(values), asking.view, words);
  }

  /**
   * From each point to where T_theta leads, across the pictures; an arrow for the one followed.
   * @param {Point[]} points
   * @param {Point[]} sources
   */
  paintLinks(points, sources) {
    const { colors, values, floor, links } = this;
    const { asking, asked } = this.sides;
    const pen = cleared(links, floor.clientWidth, floor.clientHeight);
    const around = floor.getBoundingClientRect();
    /** @type {(panel: Panel, normal: Point[]) => Point[]} */
    const placed = (panel, normal) => {
      const { left, top } = panel.place.getBoundingClientRect();
      return pixels(normal).map((pixel) => {
        const [x, y] = panel.view.at(pixel);
        return [x + left - around.left, y + top - around.top];
      });
    };
    const starts = placed(asking, points);
    const ends = placed(asked, sources);
    const within = asked.place.getBoundingClientRect();
    const [left, top] = [within.left - around.left, within.top - around.top];
    /** @type {(end: Point) => Point} */
    const held = ([x, y]) => [
      Math.min(Math.max(x, left), left + asked.side),
      Math.min(Math.max(y, top), top + asked.side),
    ];
    const chosen = chosenOf(values);
    pen.strokeStyle = colors.quiet;
    pen.lineWidth = 0.8;
    starts.forEach((start, i) => {
      const [x, y] = held(ends[i]);
      if (i === chosen || x !== ends[i][0] || y !== ends[i][1]) return;
      pen.beginPath();
      pen.moveTo(...start);
      pen.lineTo(x, y);
      pen.stroke();
    });
    const [from, to] = [starts[chosen], held(ends[chosen])];
    const far = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (far < 40) return;
    /** @type {(at: number) => Point} */
    const along = (at) => [
      from[0] + ((to[0] - from[0]) * at) / far,
      from[1] + ((to[1] - from[1]) * at) / far,
    ];
    arrow(pen, along(15), along(far - 16), colors.grid, 4);
  }

  /**
   * The matrix; what the hand is changing of it stands out.
   * @param {number[]} theta
   */
  writeTheta(theta) {
    const { family } = this.data;
    if (family === "tps") return;
    const texts = matrixOf(family, theta).map((value) => signed(value, 2).replace("+", ""));
    const cells = [...this.matrix.children];
    if (!this.settledCells) this.settledCells = texts.join();
    const before = this.settledCells.split(",");
    cells.forEach((cell, i) => {
      put(cell, texts[i]);
      cell.classList.toggle("moved", this.busy && texts[i] !== before[i]);
    });
  }

  /**
   * How far the output is from PyTorch's.
   * @param {Float32Array} output
   */
  compare(output) {
    const same = JSON.stringify(this.values) === JSON.stringify(this.data.values);
    const gaps = output.map((value, i) => Math.abs(value - this.output[i]));
    this.agree(same && this.output.length === output.length ? Math.max(...gaps) : null);
  }

  spoken() {
    return this.said.textContent ?? "";
  }
}

/** @param {Component} component */
export const show = (component) => showFigure(Transformation, component);
