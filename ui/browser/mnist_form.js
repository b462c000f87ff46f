// A drawing in MNIST's form: its box reduced into 20 x 20 with its aspect kept, every pixel the mean
// of what it covers, the strokes as bright as MNIST's; then centred by mass in 28 x 28.

import { DIGIT } from "./distortions.js";

/** @import { Numbers } from "./points.js" */

const BOX = 20;
const CENTRE = 14; // MNIST's centre of mass, in pixels
const VISIBLE = 0.1; // ink

/**
 * @param {Numbers} ink in [0, 1]
 * @param {number} height
 * @param {number} width
 * @returns {Uint8Array | null} 784 bytes; null if it is blank
 */
export function mnistForm(ink, height, width) {
  const box = boxOf(ink, height, width);
  if (!box) return null;
  const { left, top, wide, high } = box;
  const zoom = BOX / Math.max(wide, high);
  const columns = Math.max(1, Math.round(wide * zoom));
  const rows = Math.max(1, Math.round(high * zoom));
  const lines = reduce(ink, width, top, top + high, left, wide / columns, columns); // first across
  const upright = reduce(transposed(lines, columns), high, 0, columns, 0, high / rows, rows);
  return centred(transposed(upright, rows), columns);
}

/**
 * @param {Numbers} ink
 * @param {number} height
 * @param {number} width
 */
function boxOf(ink, height, width) {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (ink[row * width + column] < VISIBLE) continue;
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    }
  }
  if (right < left) return null;
  return { left, top, wide: right + 1 - left, high: bottom + 1 - top };
}

/**
 * Rows first..last of an image, each reduced to `count` means over `step` pixels, from column
 * `start` on.
 * @param {Numbers} image
 * @param {number} width
 * @param {number} first
 * @param {number} last
 * @param {number} start
 * @param {number} step
 * @param {number} count
 */
function reduce(image, width, first, last, start, step, count) {
  const out = new Float64Array((last - first) * count);
  for (let row = first; row < last; row++) {
    for (let i = 0; i < count; i++) {
      const from = start + i * step;
      const to = Math.min(from + step, width);
      let sum = 0;
      for (let column = Math.floor(from); column < to; column++) {
        const part = Math.min(column + 1, to) - Math.max(column, from);
        sum += image[row * width + column] * part;
      }
      out[(row - first) * count + i] = sum / step;
    }
  }
  return out;
}

/**
 * @param {Float64Array} image
 * @param {number} columns
 */
function transposed(image, columns) {
  const rows = image.length / columns;
  return image.map((_, i) => image[(i % rows) * columns + Math.floor(i / rows)]);
}

/**
 * A digit of bytes from a small image, its centre of mass in the middle.
 * @param {Float64Array} small
 * @param {number} columns
 */
function centred(small, columns) {
  const highest = Math.max(...small);
  const mass = small.reduce((a, b) => a + b);
  /** @param {(i: number) => number} along */
  const middle = (along) => small.reduce((sum, value, i) => sum + value * along(i), 0) / mass;
  /** @type {(at: number, side: number) => number} */
  const held = (at, side) => Math.min(Math.max(Math.round(CENTRE - at), 0), DIGIT - side);
  const column = (/** @type {number} */ i) => i % columns;
  const row = (/** @type {number} */ i) => Math.floor(i / columns);
  const x = held(middle(column), columns);
  const y = held(middle(row), small.length / columns);
  const digit = new Uint8Array(DIGIT * DIGIT);
  small.forEach((value, i) => {
    digit[(y + row(i)) * DIGIT + x + column(i)] = Math.round((255 * value) / highest);
  });
  return digit;
}
