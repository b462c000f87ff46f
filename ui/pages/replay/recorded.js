// Recordings of training as they were sent, and what they hold at a step: theta and what the
// classifier sees.
//
// Time runs in steps of training; the place on the axis, in [0, 1], is logarithmic, but close to
// linear during the first EARLY steps, in which nothing can be seen to move. Between two recorded
// moments theta is interpolated; answers and counts are those of the last moment.

import { bytesOf, greysOf, halves } from "../../browser/bytes.js";
import { meshPoints } from "../../browser/points.js";
import { sample } from "../../browser/sampler.js";
import { grid, warp } from "../../browser/transforms.js";

/** @import { Size } from "../../browser/points.js" */
/** @import { Family } from "../../browser/transforms.js" */

/**
 * What both have: M moments of n digits.
 * @typedef {object} Both
 * @property {string} name
 * @property {string} [about] what the name means
 * @property {Family | null} family null without a transformer
 * @property {Size} size of the images
 * @property {Size} output of what the classifier sees
 * @property {number | null} batch
 * @property {number[]} steps (M)
 * @property {number[]} wrong (M) answers, of all digits
 * @property {number[]} misalignment (M) in pixels
 * @property {number[]} labels (n)
 */

/** @typedef {{ images: string, answers: string, sure: string, theta: string | null }} Packed */
/** @typedef {Both & Packed} Sent as component.py sends a recording */

/**
 * @typedef {object} Unpacked
 * @property {number} count n
 * @property {Float32Array} images (n, H, W)
 * @property {Uint8Array} answers (M, n)
 * @property {Uint8Array} sure (M, n) of the right class, 255 is certain
 * @property {Float32Array | null} theta (M, n, P)
 */

/** @typedef {Both & Unpacked} Side */

const EARLY = 30;
export const MESH = 7; // lines of the grid each way
export const ALONG = 25; // points of a line of the mesh
const LINES = meshPoints(MESH, ALONG);

/** @type {(step: number, last: number) => number} */
export const placeOf = (step, last) => Math.log1p(step / EARLY) / Math.log1p(last / EARLY);

/** @type {(place: number, last: number) => number} */
export const stepAt = (place, last) => EARLY * Math.expm1(place * Math.log1p(last / EARLY));

/**
 * @param {Sent} side
 * @returns {Side}
 */
export function decoded(side) {
  return {
    ...side,
    count: side.labels.length,
    images: greysOf(side.images),
    answers: bytesOf(side.answers),
    sure: bytesOf(side.sure),
    theta: side.theta === null ? null : halves(bytesOf(side.theta).buffer),
  };
}

/**
 * The last moment at or before a step, and how far the next one is on the way.
 * @param {Side} side
 * @param {number} step
 * @returns {[index: number, part: number]} part is in [0, 1)
 */
export function momentAt({ steps }, step) {
  let index = 0;
  while (index + 1 < steps.length && steps[index + 1] <= step) index++;
  if (step <= steps[index] || index + 1 === steps.length) return [index, 0];
  const from = Math.log1p(steps[index] / EARLY);
  const to = Math.log1p(steps[index + 1] / EARLY);
  return [index, (Math.log1p(step / EARLY) - from) / (to - from)];
}

/**
 * Between a value and the next moment's.
 * @type {(value: number, next: number, part: number) => number}
 */
export const between = (value, next, part) => (part ? (1 - part) * value + part * next : value);

/**
 * theta of one digit at a step, interpolated; null without a transformer.
 * @param {Side} side
 * @param {number} digit
 * @param {number} step
 */
export function thetaAt(side, digit, step) {
  const { theta, steps, count } = side;
  if (!theta) return null;
  const [index, part] = momentAt(side, step);
  const length = theta.length / steps.length / count;
  const start = (index * count + digit) * length;
  const stride = count * length;
  return Float64Array.from({ length }, (_, i) =>
    between(theta[start + i], theta[start + stride + i], part),
  );
}

/**
 * The lines of a digit's grid at a step, where they lie in its input: MESH from left to right, then
 * as many from top to bottom, each of ALONG points. Null without a transformer.
 * @param {Side} side
 * @param {number} digit
 * @param {number} step
 */
export function linesAt(side, digit, step) {
  const theta = thetaAt(side, digit, step);
  return theta && side.family && warp(side.family, theta, LINES);
}

/**
 * How far the grids of most digits reach at the end, normalised: 1 is the edge of the input.
 * @param {Side} side
 */
export function reachOf(side) {
  if (!side.family) return 1;
  const last = side.steps[side.steps.length - 1];
  const reaches = side.labels.map((_, digit) =>
    Math.max(...(linesAt(side, digit, last) ?? []).map(Math.abs)),
  );
  return reaches.sort((a, b) => a - b)[Math.floor(0.8 * (reaches.length - 1))];
}

/**
 * @param {Side} side
 * @param {number} digit
 */
export function imageOf({ images, size: [height, width] }, digit) {
  return images.subarray(digit * height * width, (digit + 1) * height * width);
}

/**
 * What the classifier sees of one digit at a step.
 * @param {Side} side
 * @param {number} digit
 * @param {number} step
 */
export function outputOf(side, digit, step) {
  const image = imageOf(side, digit);
  const theta = thetaAt(side, digit, step);
  if (!side.family || !theta) return image;
  return sample(image, ...side.size, grid(side.family, theta, ...side.output));
}
