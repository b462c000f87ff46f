// theta in figures.

import { decompose } from "./decompose.js";
import { matrixOf } from "./transforms.js";

/** @import { Numbers, Size } from "./points.js" */
/** @import { Family } from "./transforms.js" */

/** @type {(value: number, digits: number) => string} */
export const signed = (value, digits) => {
  const figure = Math.abs(value).toFixed(digits);
  return (Number(figure) === 0 ? "\u2007" : value < 0 ? "−" : "+") + figure;
};

/**
 * For an input of a size: rotation in degrees, shifts in pixels.
 * @param {Family} family
 * @param {Numbers} theta
 * @param {Size} size
 * @returns {[name: string, text: string][]}
 */
export function readings(family, theta, [height, width]) {
  const { rotation, scale, shear, translation, perspective, bending } = decompose(family, theta);
  /** @type {[string, string][]} */
  const lines = [];
  if (rotation !== undefined) lines.push(["rotation", `${signed((rotation * 180) / Math.PI, 1)}°`]);
  if (scale) {
    lines.push(["scale", scale.map((value) => value.toFixed(2).replace("-", "−")).join(" × ")]);
  }
  if (shear !== undefined) lines.push(["shear", signed(shear, 2)]);
  const [x, y] = [(translation[0] * width) / 2, (translation[1] * height) / 2];
  lines.push(["shift", `${signed(x, 1)}, ${signed(y, 1)} px`]);
  if (perspective) {
    lines.push(["perspective", perspective.map((value) => signed(value, 2)).join(", ")]);
  }
  if (bending !== undefined) lines.push(["bending", `${((bending * width) / 2).toFixed(1)} px`]);
  return lines;
}

/**
 * The rows of theta's matrix; nothing for a spline.
 * @param {Family} family
 * @param {Numbers} theta
 */
export function matrixText(family, theta) {
  if (family === "tps") return "";
  const matrix = matrixOf(family, theta);
  const rows = family === "projective" ? [0, 1, 2] : [0, 1];
  /** @param {number} row */
  const text = (row) => {
    const values = matrix.slice(3 * row, 3 * row + 3);
    return values.map((value) => signed(value, 2)).join(" ");
  };
  return rows.map(text).join("\n");
}
