// A class's probability with one window at many places, as colours over the photograph, and arrows:
// where the gradient through the pixels pulls, and where the map rises.

import { arrow } from "./marks.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { At, Pen } from "./marks.js" */

/** @typedef {[x: number, y: number, gx: number, gy: number, mx: number, my: number]} Pull */
/** @typedef {{ values: number[], reach: number, pulls: Pull[] }} Heat as component.py sends it */

/**
 * One cell a place, from transparent (lowest) to strong (highest).
 * @param {Pen} pen
 * @param {Heat} heat
 * @param {At} at
 * @param {number} width of the photograph
 * @param {number} height
 */
export function drawHeat(pen, { values, reach }, at, width, height) {
  const count = Math.sqrt(values.length);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const stepX = (reach / (count - 1)) * width;
  const stepY = (reach / (count - 1)) * height;
  /** @param {number} i */
  const along = (i) => -reach + (2 * reach * i) / (count - 1);
  values.forEach((value, i) => {
    const [left, top] = at([along(i % count), along(Math.floor(i / count))]);
    pen.fillStyle = heatColor((value - low) / Math.max(high - low, 1e-9));
    pen.fillRect(left - stepX / 2, top - stepY / 2, stepX + 0.5, stepY + 0.5);
  });
}

/**
 * Two arrows of equal length at some places.
 * @param {Pen} pen
 * @param {Heat} heat
 * @param {{ pull: string, slope: string }} colors
 * @param {At} at
 * @param {number} width of the photograph
 */
export function drawPulls(pen, { pulls }, { pull, slope }, at, width) {
  /** @type {(x: number, y: number) => Point} */
  const long = (x, y) => {
    const by = width / 26 / (Math.hypot(x, y) || 1);
    return [x * by, y * by];
  };
  for (const [x, y, gx, gy, mx, my] of pulls) {
    arrow(pen, at([x, y]), long(mx, my), slope);
    arrow(pen, at([x, y]), long(gx, gy), pull);
  }
}

const STOPS = [
  [20, 10, 60],
  [150, 30, 110],
  [240, 110, 40],
  [255, 245, 160],
];

/**
 * Dark blue over red to light yellow, half transparent: ordered for colour-blind people too, by
 * lightness.
 * @param {number} share
 */
function heatColor(share) {
  const place = Math.min(share, 0.9999) * (STOPS.length - 1);
  const k = Math.floor(place);
  const part = place % 1;
  const mixed = STOPS[k].map((value, i) => Math.round((1 - part) * value + part * STOPS[k + 1][i]));
  return `rgba(${mixed.join(", ")}, 0.66)`;
}
