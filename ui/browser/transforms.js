// The families of transforms of stn_core.transformer.transforms: T_theta takes output to input.

import { homography } from "./homography.js";
import { regularPoints } from "./points.js";
import { CONTROL, spline } from "./tps.js";

/** @import { Numbers } from "./points.js" */
/** @typedef {"translation" | "attention" | "similarity" | "affine" | "projective"} MatrixFamily */
/** @typedef {MatrixFamily | "tps"} Family */

/** @type {Record<Family, number[]>} The theta of each family that leaves everything where it is. */
export const IDENTITY = {
  translation: [0, 0],
  attention: [1, 0, 0],
  similarity: [1, 0, 0, 0],
  affine: [1, 0, 0, 0, 1, 0],
  projective: [1, 0, 0, 0, 1, 0, 0, 0],
  tps: Array.from(CONTROL),
};

/** @type {Record<MatrixFamily, (theta: number[]) => number[]>} */
const MATRICES = {
  translation: ([tx, ty]) => [1, 0, tx, 0, 1, ty, 0, 0, 1],
  attention: ([s, tx, ty]) => [s, 0, tx, 0, s, ty, 0, 0, 1],
  similarity: ([a, b, tx, ty]) => [a, -b, tx, b, a, ty, 0, 0, 1],
  affine: (theta) => [...theta, 0, 0, 1],
  projective: (theta) => [...theta, 1],
};

/**
 * The matrix of 9 numbers that acts on (x, y, 1).
 * @param {MatrixFamily} family
 * @param {Numbers} theta
 */
export const matrixOf = (family, theta) => MATRICES[family](Array.from(theta));

const THETA_LIMIT = 1e12;

/**
 * T_theta of target points: source points.
 * @param {Family} family
 * @param {Numbers} theta
 * @param {Numbers} points
 */
export function warp(family, theta, points) {
  const held = Array.from(theta, (value) => Math.min(Math.max(value, -THETA_LIMIT), THETA_LIMIT));
  if (family === "tps") return spline(held, points);
  return homography(matrixOf(family, held), points);
}

/** @type {Map<number, Float64Array>} */
const regular = new Map();

/**
 * T_theta(G) for an output of height x width.
 * @param {Family} family
 * @param {Numbers} theta
 * @param {number} height
 * @param {number} width
 */
export function grid(family, theta, height, width) {
  const key = 10000 * height + width;
  let points = regular.get(key);
  if (!points) regular.set(key, (points = regularPoints(height, width)));
  return warp(family, theta, points);
}
