// theta in quantities a lecturer can read, as Transform.decompose of stn_core gives them.

import { homography } from "./homography.js";
import { CONTROL } from "./tps.js";

/** @import { Numbers, Point } from "./points.js" */
/** @import { Family } from "./transforms.js" */

/**
 * Angles in radians, lengths normalised; one scale stands for both where there is only one.
 * @typedef {object} Readings
 * @property {number} [rotation]
 * @property {Point} [scale]
 * @property {number} [shear]
 * @property {Point} translation
 * @property {Point} [perspective]
 * @property {number} [bending]
 */

/**
 * @param {Family} family
 * @param {Numbers} theta
 * @returns {Readings}
 */
export function decompose(family, theta) {
  if (family === "translation") return { translation: [theta[0], theta[1]] };
  if (family === "attention") {
    return { scale: [theta[0], theta[0]], translation: [theta[1], theta[2]] };
  }
  if (family === "similarity") {
    const scale = Math.hypot(theta[0], theta[1]);
    const rotation = Math.atan2(theta[1], theta[0]);
    return { rotation, scale: [scale, scale], translation: [theta[2], theta[3]] };
  }
  if (family === "affine") return linearParts(theta);
  if (family === "projective") {
    const [a, b, x, c, d, y, g, h] = Array.from(theta);
    const linear = linearParts([a - x * g, b - x * h, x, c - y * g, d - y * h, y]);
    return { ...linear, perspective: [g, h] };
  }
  const fit = nearestAffine(theta);
  const fitted = homography([...fit, 0, 0, 1], CONTROL);
  const squares = fitted.reduce((sum, at, k) => sum + (theta[k] - at) ** 2, 0);
  return { ...linearParts(fit), bending: Math.sqrt(squares / 16) };
}

/**
 * Rotation, then shear and scales.
 * @param {Numbers} matrix 2x3
 * @returns {Readings}
 */
function linearParts(matrix) {
  const [a, b, x, c, d, y] = Array.from(matrix);
  const wide = Math.hypot(a, c);
  const flat = wide < 1e-12;
  const rotation = flat ? Math.atan2(-b, d) : Math.atan2(c, a);
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  const shear = flat ? 0 : (cos * b + sin * d) / wide;
  return { rotation, scale: [wide, cos * d - sin * b], shear, translation: [x, y] };
}

/**
 * The affine map nearest to a spline: its control points are symmetric, so each number is a mean.
 * @param {Numbers} theta
 */
function nearestAffine(theta) {
  const fit = [0, 0, 0, 0, 0, 0];
  const spread = CONTROL.reduce((sum, at) => sum + at * at, 0) / 2;
  for (let k = 0; k < 32; k++) {
    const row = 3 * (k % 2);
    const point = k - (k % 2);
    fit[row] += (theta[k] * CONTROL[point]) / spread;
    fit[row + 1] += (theta[k] * CONTROL[point + 1]) / spread;
    fit[row + 2] += theta[k] / 16;
  }
  return fit;
}
