// Windows: a window is a matrix that takes the crop's square [-1, 1]^2 into the photograph's.

import { adjugate } from "../../browser/homography.js";
import { SQUARE, pairs } from "../../browser/points.js";
import { warp } from "../../browser/transforms.js";

/** @import { Point } from "../../browser/points.js" */
/** @typedef {[a: number, b: number, x: number, c: number, d: number, y: number]} Matrix */

const CORNERS = Float64Array.from(SQUARE.flat());

/** @type {(matrix: Matrix) => Point} */
export const centreOf = ([, , x, , , y]) => [x, y];

/** @type {(matrix: Matrix, centre: Point) => Matrix} */
export const movedTo = ([a, b, , c, d], [x, y]) => [a, b, x, c, d, y];

/** @type {(matrix: Matrix) => Point[]} */
export const cornersOf = (matrix) => pairs(warp("affine", matrix, CORNERS));

/**
 * From the photograph's square to the crop's.
 * @param {Matrix} matrix
 * @returns {Matrix}
 */
export function inverseOf(matrix) {
  const [a, b, x, c, d, y, , , det] = adjugate([...matrix, 0, 0, 1]);
  const by = det || 1e-9;
  return [a / by, b / by, x / by, c / by, d / by, y / by];
}

/**
 * Whether a point lies in a window, or just beside it.
 * @param {Matrix} matrix
 * @param {Point} point
 */
export function contains(matrix, point) {
  const inside = warp("affine", inverseOf(matrix), point);
  return inside.every((at) => Math.abs(at) <= 1.05);
}

/**
 * Of the windows that a point is in, the one whose centre is nearest; -1 if there is none.
 * @param {Matrix[]} matrices
 * @param {Point} point
 */
export function windowAt(matrices, point) {
  let best = -1;
  let least = Infinity;
  matrices.forEach((matrix, i) => {
    const [x, y] = centreOf(matrix);
    const distance = Math.hypot(point[0] - x, point[1] - y);
    if (distance >= least || !contains(matrix, point)) return;
    best = i;
    least = distance;
  });
  return best;
}
