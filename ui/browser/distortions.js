// The distortions of stn_core.data.distortions; lengths are in pixels of the digit.

import { adjugate, homography, squareToQuadrilateral } from "./homography.js";
import { SQUARE, regularPoints } from "./points.js";
import { sample } from "./sampler.js";
import { CONTROL } from "./tps.js";
import { grid } from "./transforms.js";

/** @import { Numbers, Point, Size } from "./points.js" */
/** @typedef {"r" | "rts" | "p" | "e" | "tc"} Kind */

/**
 * The sliders' values and what was moved by hand, by their keys. Which keys there are goes with the
 * kind, so this is no closer type.
 * @typedef {Record<string, any>} Values
 */

/**
 * What the seed gives.
 * @typedef {object} Seeded
 * @property {number[]} [directions] of E's control points
 * @property {Float32Array[]} [patches] TC's distractors
 * @property {number[]} [drops] where they lie
 */

/**
 * @typedef {object} Parameters
 * @property {number} [angle] radians
 * @property {number} [scale]
 * @property {Point} [shift]
 * @property {number[]} [moves] of P's corners, of E's control points
 * @property {Point} [place] of TC's digit
 * @property {{ pixels: Numbers, x: number, y: number }[]} [patches]
 */

export const DIGIT = 28;
export const PATCH = 6;

/** @type {Record<Kind, Size>} */
export const CANVAS = { r: [28, 28], rts: [42, 42], p: [28, 28], e: [28, 28], tc: [60, 60] };

/**
 * The parameters that values stand for, as ui/controls has them: `distorted`.
 * @param {Kind} kind
 * @param {Values} values
 * @param {Seeded} seeded
 * @returns {Parameters}
 */
export function parametersOf(kind, values, seeded) {
  /** @param {string} name */
  const value = (name) => values[`${kind}_${name}`];
  if (kind === "p") {
    const moves = Array.from({ length: 8 }, (_, i) => value("xy"[i % 2] + Math.floor(i / 2)));
    return { scale: value("scale"), moves };
  }
  if (kind === "e") {
    const { directions = [] } = seeded;
    const moves = directions.map((at, i) => at * value("strength") + value("moves")[i]);
    return { scale: value("scale"), moves };
  }
  if (kind === "tc") {
    const drops = dropsOf(values, seeded);
    const shown = (seeded.patches ?? []).slice(0, value("clutter"));
    const patches = shown.map((pixels, i) => ({ pixels, x: drops[2 * i], y: drops[2 * i + 1] }));
    return { place: [value("x"), value("y")], patches };
  }
  const angle = (value("angle") * Math.PI) / 180;
  return kind === "r"
    ? { angle }
    : { angle, scale: value("scale"), shift: [value("x"), value("y")] };
}

/**
 * Where the distractors lie: where a hand dropped them, else where the seed did.
 * @param {Values} values
 * @param {Seeded} seeded
 * @returns {number[]}
 */
export const dropsOf = (values, { drops = [] }) =>
  drops.map((at, i) => (values.tc_drops[i] < 0 ? at : values.tc_drops[i]));

/**
 * A digit (784 numbers in [0, 1]) distorted.
 * @param {Kind} kind
 * @param {Float32Array} digit
 * @param {Parameters} parameters
 */
export function distort(kind, digit, parameters) {
  if (kind === "tc") return clutter(digit, parameters, CANVAS.tc[0]);
  return sample(digit, DIGIT, DIGIT, distortionGrid(kind, parameters));
}

/**
 * Where each pixel of the canvas comes from in the digit.
 * @param {Kind} kind
 * @param {Parameters} parameters
 */
export function distortionGrid(kind, { angle = 0, scale = 1, shift = [0, 0], moves = [] }) {
  const [height, width] = CANVAS[kind];
  if (kind === "p") {
    const frame = squareToQuadrilateral(SQUARE.flat().map((at, i) => at + moves[i] / (DIGIT / 2)));
    const scaled = frame.map((value, i) => (i % 3 < 2 ? scale * value : value)); // the digit, first
    return homography(adjugate(scaled), regularPoints(height, width));
  }
  if (kind === "e") {
    const sources = CONTROL.map((at, i) => (at + moves[i] / (DIGIT / 2)) / scale);
    return grid("tps", sources, height, width);
  }
  return poseGrid({ angle, scale, shift }, [height, width]);
}

/** @typedef {{ angle?: number, scale?: number, shift?: number[] }} Pose of a digit: radians, pixels */

/**
 * A digit turned, scaled and moved, on a canvas of a size.
 * @param {Float32Array} digit
 * @param {Pose} pose
 * @param {Size} size
 */
export const posed = (digit, pose, size) => sample(digit, DIGIT, DIGIT, poseGrid(pose, size));

/**
 * @param {Pose} pose
 * @param {Size} size
 */
function poseGrid({ angle = 0, scale = 1, shift = [0, 0] }, [height, width]) {
  const zoom = width / DIGIT / scale;
  const a = Math.cos(-angle) * zoom;
  const b = Math.sin(-angle) * zoom;
  const [x, y] = shift.map((pixels) => (pixels * 2) / width);
  return grid("similarity", [a, b, b * y - a * x, -b * x - a * y], height, width);
}

/**
 * A digit on a larger canvas, and the distractors over it.
 * @param {Float32Array} digit
 * @param {Parameters} parameters
 * @param {number} side
 */
function clutter(digit, { place: [x, y] = [0, 0], patches = [] }, side) {
  const canvas = new Float32Array(side * side);
  for (let row = 0; row < DIGIT; row++) {
    canvas.set(digit.subarray(DIGIT * row, DIGIT * (row + 1)), (y + row) * side + x);
  }
  for (const { pixels, x: left, y: top } of patches) {
    for (let i = 0; i < PATCH * PATCH; i++) {
      const at = (top + Math.floor(i / PATCH)) * side + left + (i % PATCH);
      canvas[at] = Math.max(canvas[at], pixels[i]);
    }
  }
  return canvas;
}
