// What the figure shows, in one sentence, as page.py says it of PyTorch's answer.

import { fill } from "../../browser/dom.js";
import { signed } from "../../browser/readings.js";
import { IDENTITY, matrixOf } from "../../browser/transforms.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Family } from "../../browser/transforms.js" */
/** @typedef {Record<string, string>} Words */

/** @param {number} value */
const two = (value) => signed(value, 2).replace("+", "").replace("\u2007", "");

/**
 * Where the followed point comes from, and what the grid does against what the digit does.
 * @param {Family} family
 * @param {number[]} theta
 * @param {number} number of the point
 * @param {Point} source
 * @param {Words} words
 */
export function askedText(family, theta, number, source, words) {
  const moved = theta.some((value, i) => Math.abs(value - IDENTITY[family][i]) > 1e-6);
  if (!moved) return fill(words.identity, { point: number });
  const [x, y] = source.map(two);
  const outside = source.some((value) => Math.abs(value) > 1);
  const template = outside ? words.outside : words.sentence;
  return fill(template, { point: number, x, y, does: doesText(family, theta, words) });
}

/**
 * @param {Family} family
 * @param {number[]} theta
 * @param {Words} words
 */
function doesText(family, theta, words) {
  if (family === "projective" || family === "tps") return words.does_other;
  const [a, b, x, c, d, y] = matrixOf(family, theta);
  const det = a * d - b * c;
  if (Math.abs(det) < 1e-6) return words.does_other;
  const back = [d / det, -b / det, -c / det, a / det];
  const home = [-back[0] * x - back[1] * y, -back[2] * x - back[3] * y];
  const grid = mapText([a, b, c, d], [x, y], words);
  const digit = mapText(back, home, words);
  return grid && digit ? fill(words.does_linear, { grid, digit }) : words.does_other;
}

/**
 * A map of the plane in a few words: its rotation and scale, or else its shift; "" where it has next
 * to nothing of them, or does not keep angles.
 * @param {number[]} linear
 * @param {number[]} shift
 * @param {Words} words
 */
function mapText([a, b, c, d], shift, words) {
  if (Math.max(Math.abs(a - d), Math.abs(b + c)) > 1e-4) return "";
  const angle = (Math.atan2(c, a) * 180) / Math.PI;
  const factor = Math.hypot(a, c);
  const said = [];
  if (Math.round(Math.abs(angle))) {
    const way = angle > 0 ? words.turned_right : words.turned_left;
    said.push(fill(way, { angle: Math.abs(angle).toFixed(0) }));
  }
  if (Math.abs(factor - 1) >= 0.02) said.push(fill(words.smaller, { factor: factor.toFixed(2) }));
  if (said.length) return said.join(words.and);
  const ways = [
    [words.moved_left, words.moved_right],
    [words.moved_up, words.moved_down],
  ];
  shift.forEach((value, i) => {
    if (Math.abs(value) >= 0.005) said.push(ways[i][value > 0 ? 1 : 0]);
  });
  return said.join(words.and);
}

/**
 * @param {Uint16Array} landed
 * @param {Words} words
 */
export const pushedText = (landed, words) =>
  fill(words.push, { holes: landed.filter((count) => !count).length, all: landed.length });
