// The map used the wrong way round, as stn_core.explain.resampling has it.

import { toPixel } from "./points.js";

/** @import { Numbers } from "./points.js" */

/**
 * Carry every pixel of an image to where a grid of its size says, rounded to a whole pixel.
 * @param {Numbers} image
 * @param {number} height
 * @param {number} width
 * @param {Numbers} grid
 * @returns {{ output: Float32Array, landed: Uint16Array }} and how many pixels landed on each
 */
export function forwardWarp(image, height, width, grid) {
  const output = new Float32Array(height * width);
  const landed = new Uint16Array(height * width);
  for (let at = 0; at < height * width; at++) {
    const column = Math.floor(toPixel(grid[2 * at], width) + 0.5);
    const row = Math.floor(toPixel(grid[2 * at + 1], height) + 0.5);
    if (!(column >= 0 && column < width && row >= 0 && row < height)) continue;
    const place = row * width + column;
    output[place] = Math.max(output[place], image[at]);
    landed[place]++;
  }
  return { output, landed };
}
