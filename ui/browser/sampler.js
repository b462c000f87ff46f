// The sampler of stn_core.transformer.sampler: an output pixel is a weighted sum of input pixels.

/** @import { Numbers } from "./points.js" */
/** @typedef {"nearest" | "bilinear" | "bicubic"} Kernel */
/** @typedef {"zeros" | "border"} Padding */

/** @type {Record<Kernel, number>} How many pixels along one axis a kernel mixes. */
const TAPS = { nearest: 1, bilinear: 2, bicubic: 4 };

// Keys' kernel with a = -0.75, at a distance d <= 1 and 1 < d < 2.
/** @param {number} d */
const near = (d) => (1.25 * d - 2.25) * d * d + 1;
/** @param {number} d */
const far = (d) => -0.75 * (((d - 5) * d + 8) * d - 4);

/** @param {number} d */
const nearSlope = (d) => (3.75 * d - 4.5) * d;
/** @param {number} d */
const farSlope = (d) => -0.75 * ((3 * d - 10) * d + 8);

/**
 * The weights along one axis at a place in pixels.
 * @param {Kernel} kernel
 * @param {number} place
 * @param {Float64Array} weights gets them
 * @returns {number} the first pixel that they belong to
 */
function weigh(kernel, place, weights) {
  if (kernel === "nearest") {
    weights[0] = 1;
    return Math.floor(place + 0.5);
  }
  const first = Math.floor(place);
  const d = place - first;
  if (kernel === "bilinear") {
    weights[0] = 1 - d;
    weights[1] = d;
    return first;
  }
  weights[0] = far(1 + d);
  weights[1] = near(d);
  weights[2] = near(1 - d);
  weights[3] = far(2 - d);
  return first - 1;
}

/**
 * How those weights change if the place moves on by a pixel.
 * @param {Kernel} kernel
 * @param {number} place
 * @param {Float64Array} slopes gets them
 */
function weighSlopes(kernel, place, slopes) {
  const d = place - Math.floor(place);
  if (kernel === "nearest") slopes[0] = 0;
  else if (kernel === "bilinear") {
    slopes[0] = -1;
    slopes[1] = 1;
  } else {
    slopes[0] = farSlope(1 + d);
    slopes[1] = nearSlope(d);
    slopes[2] = -nearSlope(1 - d);
    slopes[3] = -farSlope(2 - d);
  }
}

/**
 * k(d): the weight of a pixel at a distance along one axis, the place's less the pixel's.
 * @param {Kernel} kernel
 * @param {number} d
 */
export function weightAt(kernel, d) {
  const away = Math.abs(d);
  if (kernel === "nearest") return Math.floor(d + 0.5) === 0 ? 1 : 0;
  if (kernel === "bilinear") return Math.max(0, 1 - away);
  return away <= 1 ? near(away) : away < 2 ? far(away) : 0;
}

const across = new Float64Array(4);
const down = new Float64Array(4);
const acrossSlopes = new Float64Array(4);
const downSlopes = new Float64Array(4);

const { fround } = Math;

/**
 * A place in pixels as PyTorch finds it, in single precision: for a point on the centre of a pixel,
 * its rounding decides on which side of it the slope is taken, and what seeps in from there.
 * @param {number} x
 * @param {number} size
 */
const toRoundedPixel = (x, size) => fround(fround(fround(fround(fround(x) + 1) * size) - 1) / 2);

/**
 * V from U (height x width) at source points: one value a point.
 * @param {Numbers} image
 * @param {number} height
 * @param {number} width
 * @param {Numbers} points
 * @param {Kernel} kernel
 * @param {Padding} padding
 */
export function sample(image, height, width, points, kernel = "bilinear", padding = "zeros") {
  const count = TAPS[kernel];
  const border = padding === "border";
  const values = new Float32Array(points.length / 2);
  for (let at = 0; at < values.length; at++) {
    const x = toRoundedPixel(points[2 * at], width);
    const y = toRoundedPixel(points[2 * at + 1], height);
    if (!border && !(x > -3 && y > -3 && x < width + 2 && y < height + 2)) continue;
    const left = weigh(kernel, x, across);
    const top = weigh(kernel, y, down);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let row = top + i;
      if (border) row = Math.min(Math.max(row, 0), height - 1);
      else if (row < 0 || row >= height) continue;
      let line = 0;
      for (let j = 0; j < count; j++) {
        let column = left + j;
        if (border) column = Math.min(Math.max(column, 0), width - 1);
        else if (column < 0 || column >= width) continue;
        line += across[j] * image[row * width + column];
      }
      sum += down[i] * line;
    }
    values[at] = sum;
  }
  return values;
}

/**
 * dV/dx and dV/dy at source points with padding by zeros: how much brighter a value gets if its point
 * moves right, or down, by a pixel (equation 7).
 * @param {Numbers} image
 * @param {number} height
 * @param {number} width
 * @param {Numbers} points
 * @param {Kernel} kernel
 * @returns {[dx: Float32Array, dy: Float32Array]}
 */
export function sampleSlopes(image, height, width, points, kernel = "bilinear") {
  const count = TAPS[kernel];
  const dx = new Float32Array(points.length / 2);
  const dy = new Float32Array(points.length / 2);
  for (let at = 0; at < dx.length; at++) {
    const x = toRoundedPixel(points[2 * at], width);
    const y = toRoundedPixel(points[2 * at + 1], height);
    if (!(x > -3 && y > -3 && x < width + 2 && y < height + 2)) continue;
    const left = weigh(kernel, x, across);
    const top = weigh(kernel, y, down);
    weighSlopes(kernel, x, acrossSlopes);
    weighSlopes(kernel, y, downSlopes);
    for (let i = 0; i < count; i++) {
      const row = top + i;
      if (row < 0 || row >= height) continue;
      for (let j = 0; j < count; j++) {
        const column = left + j;
        if (column < 0 || column >= width) continue;
        const value = image[row * width + column];
        dx[at] += acrossSlopes[j] * down[i] * value;
        dy[at] += across[j] * downSlopes[i] * value;
      }
    }
  }
  return [dx, dy];
}

/**
 * The pixels that one sample at a place (in pixels) mixes, and whether they lie in the image.
 * @param {number} x
 * @param {number} y
 * @param {number} height
 * @param {number} width
 * @param {Kernel} kernel
 */
export function taps(x, y, height, width, kernel = "bilinear") {
  const left = weigh(kernel, x, across);
  const top = weigh(kernel, y, down);
  const found = [];
  for (let i = 0; i < TAPS[kernel]; i++) {
    for (let j = 0; j < TAPS[kernel]; j++) {
      const column = left + j;
      const row = top + i;
      const inside = column >= 0 && column < width && row >= 0 && row < height;
      found.push({ column, row, weight: across[j] * down[i], inside });
    }
  }
  return found;
}
