// The thin plate spline through 4 x 4 control points. It is linear in where these come from: the
// source of a target point is a sum of the control points' sources with 16 weights.

/** @import { Numbers } from "./points.js" */

/** The control points, row by row, corners at +-1. */
export const CONTROL = Float64Array.from(
  { length: 32 },
  (_, i) => -1 + (2 / 3) * (i % 2 ? i >> 3 : (i >> 1) % 4),
);

/**
 * Where target points come from.
 * @param {Numbers} theta the control points' sources
 * @param {Numbers & object} points
 */
export function spline(theta, points) {
  const weights = weightsOf(points);
  const count = weights.length / 16;
  const source = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    let x = 0;
    let y = 0;
    for (let k = 0; k < 16; k++) {
      x += weights[16 * i + k] * theta[2 * k];
      y += weights[16 * i + k] * theta[2 * k + 1];
    }
    source[2 * i] = x;
    source[2 * i + 1] = y;
  }
  return source;
}

/** @type {WeakMap<object, Float64Array>} Kept for every list of points seen. */
const known = new WeakMap();

/** @param {Numbers & object} points */
function weightsOf(points) {
  const found = known.get(points);
  if (found) return found;
  const count = points.length / 2;
  const weights = new Float64Array(16 * count);
  for (let i = 0; i < count; i++) {
    const x = points[2 * i];
    const y = points[2 * i + 1];
    const bumps = Array.from({ length: 16 }, (_, k) =>
      bump(x - CONTROL[2 * k], y - CONTROL[2 * k + 1]),
    );
    const basis = [...bumps, x, y, 1];
    for (let k = 0; k < 16; k++) {
      weights[16 * i + k] = basis.reduce((sum, value, j) => sum + value * solution()[j][k], 0);
    }
  }
  known.set(points, weights);
  return weights;
}

/** @type {(dx: number, dy: number) => number} r^2 log r^2 */
const bump = (dx, dy) => {
  const squared = dx * dx + dy * dy;
  return squared > 0 ? squared * Math.log(squared) : 0;
};

/** @type {number[][] | null} */
let solved = null;

/** From the control points' sources to the spline's 19 coefficients: 16 columns of an inverse. */
function solution() {
  solved ??= inverse(system()).map((row) => row.slice(0, 16));
  return solved;
}

/** The spline's 19 equations: the bumps between control points, bordered by x, y and 1. */
function system() {
  return Array.from({ length: 19 }, (_, i) =>
    Array.from({ length: 19 }, (_, j) => {
      if (i >= 16 && j >= 16) return 0;
      if (i < 16 && j < 16) {
        return bump(CONTROL[2 * i] - CONTROL[2 * j], CONTROL[2 * i + 1] - CONTROL[2 * j + 1]);
      }
      const point = 2 * Math.min(i, j);
      return [CONTROL[point], CONTROL[point + 1], 1][Math.max(i, j) - 16];
    }),
  );
}

/**
 * By Gauss and Jordan, with the largest pivot.
 * @param {number[][]} matrix
 */
function inverse(matrix) {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k; i < size; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    const by = rows[k][k];
    rows[k] = rows[k].map((value) => value / by);
    for (let i = 0; i < size; i++) {
      const factor = rows[i][k];
      if (i !== k && factor) rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
    }
  }
  return rows.map((row) => row.slice(size));
}
