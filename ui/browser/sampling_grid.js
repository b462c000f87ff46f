// The sampling grid as curves in pixels of the input.

import { meshPoints, pairs, toPixel } from "./points.js";
import { warp } from "./transforms.js";
import { curve, dot } from "./paint.js";

/** @import { Numbers, Point, Size } from "./points.js" */
/** @import { Family } from "./transforms.js" */
/** @import { Pen } from "./paint.js" */
/** @import { View } from "./view.js" */

const LINES = 9;
const FAR = 20; // curves are cut off far outside every picture, as in stn_core.explain.readings
const STRAIGHT = meshPoints(LINES, 2);
const BENT = meshPoints(LINES, 21);

/**
 * T_theta of equidistant lines across and down, each a list of points: the first and last of either
 * kind are the frame; and the control points, if theta is some.
 * @typedef {{ across: Point[][], down: Point[][], control: Point[] }} GridCurves
 */

/**
 * @param {Family} family
 * @param {Numbers} theta
 * @param {Size} size
 * @returns {GridCurves}
 */
export function gridCurves(family, theta, [height, width]) {
  const bends = family === "projective" || family === "tps";
  const mesh = bends ? BENT : STRAIGHT;
  const along = mesh.length / 2 / (2 * LINES);
  /** @param {number} value */
  const held = (value) => Math.min(Math.max(value, -FAR), FAR);
  /**
   * @param {Numbers} values
   * @returns {Point[]}
   */
  const pixels = (values) =>
    pairs(values).map(([x, y]) => [toPixel(held(x), width), toPixel(held(y), height)]);
  const source = pixels(warp(family, theta, mesh));
  const curves = Array.from({ length: 2 * LINES }, (_, i) =>
    source.slice(i * along, (i + 1) * along),
  );
  const control = family === "tps" ? pixels(theta) : [];
  return { across: curves.slice(0, LINES), down: curves.slice(LINES), control };
}

const MOST = 0.9;
const MARGIN = 0.03;

/**
 * As much room around an image as shows a whole grid, from `least` to MOST, with a MARGIN of what is
 * seen; shares of its longer side.
 * @param {GridCurves} curves
 * @param {Size} size
 * @param {number} least
 */
export function roomFor({ across, down }, [height, width], least) {
  const beyond = [...across, ...down]
    .flat()
    .map(([x, y]) => Math.max(-0.5 - x, x - width + 0.5, -0.5 - y, y - height + 0.5));
  const needed = Math.max(...beyond) / Math.max(height, width) + MARGIN;
  return Math.min(Math.max(least, needed / (1 - 2 * MARGIN)), MOST);
}

/**
 * @param {Pen} pen
 * @param {View} view
 * @param {GridCurves} curves
 * @param {{ grid: string, up: string }} colors
 * @param {{ thick?: number, dash?: number[], up?: boolean, inner?: boolean }} style whether to mark
 *   the upper side, and to draw what is inside the frame
 */
export function samplingGrid(pen, view, { across, down, control }, colors, style = {}) {
  const { thick = 1, dash = [], up = true, inner = true } = style;
  const sides = [across[0], across[LINES - 1], down[0], down[LINES - 1]];
  if (inner) {
    for (const line of [...across.slice(1, -1), ...down.slice(1, -1)]) {
      curve(pen, view, line, colors.grid, thick);
    }
  }
  for (const line of sides) curve(pen, view, line, colors.grid, 2.5 * thick, { dash });
  if (up) curve(pen, view, across[0], colors.up, 4.5 * thick);
  if (inner) for (const point of control) dot(pen, view, point, 3.2 * thick, colors.grid);
}
