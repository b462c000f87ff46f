// theta from quantities that a lecturer can name, as stn_core.explain.compose has them, and back.

import { decompose } from "./decompose.js";
import { homography } from "./homography.js";
import { pairs } from "./points.js";
import { CONTROL } from "./tps.js";

/** @import { Numbers } from "./points.js" */
/** @import { Family } from "./transforms.js" */

/**
 * The angle in radians, lengths normalised; `moves` are those of a spline's control points.
 * @typedef {object} Quantities
 * @property {number} x
 * @property {number} y
 * @property {number} scale
 * @property {number} angle
 * @property {number} stretch
 * @property {number} shear
 * @property {number} px
 * @property {number} py
 * @property {number} bulge
 * @property {number} wave
 * @property {Numbers} moves
 */

/** @type {Quantities} Where they change nothing. */
export const NOTHING = {
  ...{ x: 0, y: 0, scale: 1, angle: 0, stretch: 1, shear: 0, px: 0, py: 0, bulge: 0, wave: 0 },
  moves: new Float64Array(32),
};

/**
 * The matrix, 2x3, that quantities are.
 * @param {Quantities} quantities
 */
export function matrixIn({ x, y, scale, angle, stretch, shear }) {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const [a, b] = [scale * cos, scale * (cos * shear - sin * stretch)];
  const [c, d] = [scale * sin, scale * (sin * shear + cos * stretch)];
  return [a, b, x, c, d, y];
}

/**
 * @param {Family} family
 * @param {Quantities} quantities those that the family does not have are left out
 * @returns {number[]} theta
 */
export function compose(family, quantities) {
  const { x, y, scale, px, py, bulge, wave, moves } = quantities;
  const matrix = matrixIn(quantities);
  if (family === "translation") return [x, y];
  if (family === "attention") return [scale, x, y];
  if (family === "similarity") return [matrix[0], matrix[3], x, y];
  if (family === "affine") return matrix;
  if (family === "projective") return [...matrix, px, py];
  const bent = pairs(CONTROL).flatMap(([u, v], k) => {
    const out = 1 + bulge * (1 - Math.hypot(u, v) / Math.SQRT2) * 1.5;
    return [u * out + wave * Math.sin(Math.PI * v) + moves[2 * k], v * out + moves[2 * k + 1]];
  });
  return Array.from(homography([...matrix, 0, 0, 1], bent));
}

/**
 * The quantities of a theta of a family with a matrix.
 * @param {Exclude<Family, "tps">} family
 * @param {number[]} theta
 * @returns {Quantities}
 */
export function quantitiesOf(family, theta) {
  const linear = family === "projective" ? decompose("affine", theta) : decompose(family, theta);
  const { rotation = 0, scale: [scale, tall] = [1, 1], shear = 0, translation } = linear;
  const stretch = tall / Math.max(scale, 1e-9);
  const [px, py] = family === "projective" ? theta.slice(6) : [0, 0];
  const [x, y] = translation;
  return { ...NOTHING, x, y, scale, angle: rotation, stretch, shear, px, py };
}
