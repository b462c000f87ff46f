// Homographies as the nine numbers of their matrix, row by row.

/** @import { Numbers } from "./points.js" */

const HORIZON = 1e-6; // the denominator keeps this distance from 0

/**
 * Where a matrix takes points.
 * @param {Numbers} matrix
 * @param {Numbers} points
 */
export function homography(matrix, points) {
  const [a, b, c, d, e, f, g, h, i] = Array.from(matrix);
  const source = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    const x = points[at];
    const y = points[at + 1];
    let w = g * x + h * y + i;
    if (Math.abs(w) < HORIZON) w = w < 0 || Object.is(w, -0) ? -HORIZON : HORIZON;
    source[at] = (a * x + b * y + c) / w;
    source[at + 1] = (d * x + e * y + f) / w;
  }
  return source;
}

/**
 * The inverse but for a factor, which a homography does not see.
 * @param {Numbers} matrix
 */
export function adjugate(matrix) {
  const [a, b, c, d, e, f, g, h, i] = Array.from(matrix);
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

/**
 * The matrix that takes [-1, 1]^2 to a quadrilateral (Heckbert 1989); finite for every one.
 * @param {Numbers} corners x0, y0, ... y3, clockwise from the upper left one
 */
export function squareToQuadrilateral(corners) {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = Array.from(corners);
  const ex = x0 - x1 + x2 - x3;
  const ey = y0 - y1 + y2 - y3;
  const g = cross(ex, ey, x3 - x2, y3 - y2);
  const h = cross(x1 - x2, y1 - y2, ex, ey);
  const w = cross(x1 - x2, y1 - y2, x3 - x2, y3 - y2);
  const rows = [
    [w * (x1 - x0) + g * x1, w * (x3 - x0) + h * x3, w * x0],
    [w * (y1 - y0) + g * y1, w * (y3 - y0) + h * y3, w * y0],
    [g, h, w],
  ];
  const matrix = rows.flatMap(([a, b, c]) => [a / 2, b / 2, (a + b) / 2 + c]); // [-1, 1]^2 to [0, 1]^2 first
  const [a, b, c, d, e, f, i, j, k] = matrix;
  const det = a * (e * k - f * j) - b * (d * k - f * i) + c * (d * j - e * i);
  const by = Math.max(...matrix.map(Math.abs), 1e-12) * (det < 0 ? -1 : 1);
  return matrix.map((value) => value / by);
}

/** @type {(ax: number, ay: number, bx: number, by: number) => number} */
const cross = (ax, ay, bx, by) => ax * by - ay * bx;
