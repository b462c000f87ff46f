// What is drawn of a slope: pulls on the window's points, their sum, bars of dL/dtheta, the losses.

import { sized } from "../../browser/canvas.js";
import { toPixel } from "../../browser/points.js";
import { rem } from "../../browser/theme.js";

/** @import { Pen } from "../../browser/paint.js" */
/** @import { Numbers, Point } from "../../browser/points.js" */
/** @import { GridCurves } from "../../browser/sampling_grid.js" */
/** @import { LossSlope } from "../../browser/slopes.js" */
/** @import { View } from "../../browser/view.js" */

/** @typedef {Record<"ofOutput" | "ofPoint" | "ofSum" | "ofTheta" | "slope" | "longest" | "longestSum" | "most" | "mostBar", number>} Scale as figure.py has it */
/** @typedef {{ color: string, quiet: string, text: string, font: string }} Style */

const SIDE = 28;
const LEAST = 0.04; // of the longest arrow: none is drawn that is shorter

/**
 * Numbers from -limit (black) over 0 (grey) to limit (white).
 * @param {Float32Array} numbers
 * @param {number} limit
 */
export const signed = (numbers, limit) => numbers.map((value) => value / (2 * limit) + 0.5);

/** @type {(vector: Point, most: number) => Point} */
const held = ([x, y], most) => {
  const by = most / Math.max(Math.hypot(x, y), most);
  return [x * by, y * by];
};

/**
 * Where the loss pulls each grid point, and all of them together.
 * @param {Pen} pen
 * @param {View} view
 * @param {LossSlope} slope
 * @param {GridCurves} curves of the window
 * @param {Scale} scale
 * @param {Record<string, string>} colors
 */
export function pulls(pen, view, slope, curves, scale, colors) {
  const { points, ofOutput, dx, dy } = slope;
  const dots = new Path2D();
  const arrows = new Path2D();
  const size = 0.3 * view.zoom;
  /** @type {Point} */
  let sum = [0, 0];
  for (let i = 0; i < ofOutput.length; i++) {
    /** @type {Point} */
    const place = [toPixel(points[2 * i], SIDE), toPixel(points[2 * i + 1], SIDE)];
    const pull = /** @type {Point} */ ([-ofOutput[i] * dx[i], -ofOutput[i] * dy[i]]);
    sum = [sum[0] + pull[0], sum[1] + pull[1]];
    const [x, y] = view.at(place);
    if (x < 0 || y < 0 || x > view.side || y > view.side) continue;
    dots.rect(x - size / 2, y - size / 2, size, size);
    const [px, py] = held([pull[0] / scale.ofPoint, pull[1] / scale.ofPoint], scale.most);
    if (Math.hypot(px, py) < LEAST) continue;
    const long = scale.longest * view.zoom;
    head(arrows, [x, y], [x + long * px, y + long * py], 0.35);
  }
  pen.fillStyle = colors.grid;
  pen.fill(dots);
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = colors.right;
  pen.lineWidth = 2;
  pen.stroke(arrows);
  const [sx, sy] = held([sum[0] / scale.ofSum, sum[1] / scale.ofSum], scale.most);
  if (Math.hypot(sx, sy) < LEAST / 2) return;
  const corners = [...ends(curves.across[0]), ...ends(curves.across[curves.across.length - 1])];
  const centre = [0, 1].map((k) => corners.reduce((all, corner) => all + corner[k] / 4, 0));
  const [x, y] = view.at(/** @type {Point} */ (centre));
  const long = scale.longestSum * view.zoom;
  const whole = new Path2D();
  head(whole, [x, y], [x + long * sx, y + long * sy], 0.3);
  for (const [color, width] of /** @type {[string, number][]} */ ([
    ["#000", 11],
    [colors.sum, 6],
  ])) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.stroke(whole);
  }
}

/** @type {(line: Point[]) => Point[]} */
const ends = (line) => [line[0], line[line.length - 1]];

/** @type {(path: Path2D, from: Point, to: Point, share: number) => void} an arrow whose head is that share of it */
function head(path, [x0, y0], [x1, y1], share) {
  const [x, y] = [share * (x1 - x0), share * (y1 - y0)];
  path.moveTo(x0, y0);
  path.lineTo(x1, y1);
  path.moveTo(x1 - x - 0.6 * y, y1 - y + 0.6 * x);
  path.lineTo(x1, y1);
  path.lineTo(x1 - x + 0.6 * y, y1 - y - 0.6 * x);
}

const letter = () => 0.9 * rem();

/** @param {number} value */
function text(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const figure = Math.abs(value).toFixed(digits);
  return (Number(figure) === 0 ? "" : value < 0 ? "−" : "+") + figure;
}

/**
 * dL/dtheta.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {number[]} values
 * @param {string[]} names
 * @param {Scale} scale
 * @param {Style} style
 */
export function bars(canvas, width, height, values, names, scale, style) {
  const pen = sized(canvas, width, height);
  const size = letter();
  const middle = (height - 1.4 * size) / 2;
  const room = middle - 1.3 * size;
  const step = width / values.length;
  pen.textAlign = "center";
  pen.fillStyle = style.quiet;
  pen.fillRect(0, middle - 0.75, width, 1.5);
  values.forEach((value, i) => {
    const share = Math.max(Math.min(value / scale.ofTheta, scale.mostBar), -scale.mostBar);
    const tall = (share / scale.mostBar) * room;
    const x = (i + 0.5) * step;
    pen.fillStyle = style.color;
    pen.fillRect(x - 0.27 * step, Math.min(middle, middle - tall), 0.54 * step, Math.abs(tall));
    pen.fillStyle = style.text;
    pen.font = `700 ${size}px ${style.font}`;
    pen.textBaseline = value >= 0 ? "bottom" : "top";
    pen.fillText(text(value), x, middle - tall + (value >= 0 ? -2 : 3));
    pen.font = `400 ${size}px ${style.font}`;
    pen.textBaseline = "bottom";
    pen.fillText(names[i], x, height);
  });
  canvas.setAttribute(
    "aria-label",
    values.map((value, i) => `${names[i]} ${text(value)}`).join(", "),
  );
}

/**
 * The losses so far, below the one that the integer kernel keeps.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {number[]} known
 * @param {{ step: number, loss: number, last: number, flat: number, word: string }} at
 * @param {Style} style
 */
export function losses(canvas, width, height, known, at, style) {
  const pen = sized(canvas, width, height);
  const size = letter();
  const [left, bottom] = [2.6 * size, height - 2.5 * size];
  const highest = Math.max(...known, at.flat, 0.1) * 1.12;
  /** @param {number} step */
  const x = (step) => left + (step / at.last) * (width - left - 8);
  /** @param {number} loss */
  const y = (loss) => bottom - (loss / highest) * (bottom - 6);
  /** @type {(color: string, thick: number, points: [number, number][], dash?: number[]) => void} */
  const line = (color, thick, points, dash = []) => {
    pen.strokeStyle = color;
    pen.lineWidth = thick;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    points.forEach(([px, py]) => pen.lineTo(px, py));
    pen.stroke();
    pen.setLineDash([]);
  };
  line(style.quiet, 1.5, [
    [left, 4],
    [left, bottom],
    [width, bottom],
  ]);
  line(
    style.quiet,
    3,
    [
      [left, y(at.flat)],
      [x(at.last), y(at.flat)],
    ],
    [8, 6],
  );
  const points = known.map((loss, i) => {
    return /** @type {[number, number]} */ ([x(Math.min(i, at.step)), y(loss)]);
  });
  line(style.color, 4, points);
  pen.beginPath();
  pen.arc(x(at.step), y(at.loss), 7, 0, 7);
  pen.fillStyle = style.color;
  pen.fill();
  pen.fillStyle = style.text;
  pen.font = `400 ${size}px ${style.font}`;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillText("0", left - 6, bottom);
  pen.fillText(at.flat.toFixed(1), left - 6, y(at.flat));
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (let step = 0; step <= at.last; step += 20) pen.fillText(String(step), x(step), bottom + 4);
  pen.fillText(at.word, x(at.last / 2) + 3 * size, bottom + 1.25 * size);
  canvas.setAttribute("aria-label", `${at.loss.toFixed(2)}`);
}
