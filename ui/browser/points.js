// Points as in stn_core: (x, y), x to the right, y down, in [-1, 1] from edge to edge of an image
// (align_corners=False). Lists of points are flat: x0, y0, x1, y1, ... Sizes are [height, width].

/** @typedef {ArrayLike<number>} Numbers */
/** @typedef {[x: number, y: number]} Point */
/** @typedef {[height: number, width: number]} Size */

/** @type {Point[]} The corners of an image, clockwise from the upper left one. */
export const SQUARE = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];

/** @type {(pixel: number, size: number) => number} */
export const toNormal = (pixel, size) => (2 * pixel + 1) / size - 1;

/** @type {(x: number, size: number) => number} */
export const toPixel = (x, size) => ((x + 1) * size - 1) / 2;

/**
 * A flat list as points.
 * @param {Numbers} flat
 * @returns {Point[]}
 */
export const pairs = (flat) =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/**
 * The centres of an image's pixels, row by row.
 * @param {number} height
 * @param {number} width
 */
export function regularPoints(height, width) {
  const points = new Float64Array(2 * height * width);
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      points[at++] = toNormal(column, width);
      points[at++] = toNormal(row, height);
    }
  }
  return points;
}

/**
 * Equidistant lines over the whole square: as many from left to right, the uppermost first, as then
 * from top to bottom, the leftmost first.
 * @param {number} lines each way
 * @param {number} along points of each line
 */
export function meshPoints(lines, along) {
  const points = [];
  for (const upright of [false, true]) {
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < along; i++) {
        const across = -1 + (2 * line) / (lines - 1);
        const on = -1 + (2 * i) / (along - 1);
        points.push(...(upright ? [across, on] : [on, across]));
      }
    }
  }
  return Float64Array.from(points);
}
