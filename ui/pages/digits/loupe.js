// The big picture under the lens: input pixels with their values, the sampling grid's points among
// them, and the pixels that are mixed with their weights.

import { two } from "./arithmetic.js";
import { curve, dot, edges, frame, picture } from "../../browser/paint.js";

/** @import { Point, Size } from "../../browser/points.js" */
/** @import { Tap } from "./lens.js" */
/** @import { Pen } from "../../browser/paint.js" */
/** @import { Colors } from "./stage.js" */
/** @import { View } from "../../browser/view.js" */

export const LOUPE = 7; // input pixels across

/**
 * @typedef {object} Seen
 * @property {Float32Array} image
 * @property {Size} size
 * @property {Point} source the place that is looked at
 * @property {Point[]} others the grid's points around it
 * @property {Tap[]} found what is mixed
 */

/**
 * @param {Pen} pen
 * @param {View} view
 * @param {Seen} seen
 * @param {Colors} colors
 * @param {string} font
 */
export function paintLoupe(pen, view, { image, size, source, others, found }, colors, font) {
  const { side } = view;
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, side, side);
  pen.clip();
  pen.fillStyle = "rgba(128, 128, 128, 0.25)";
  pen.fillRect(0, 0, side, side);
  picture(pen, view, image, size);
  const pixels = pixelsIn(view);
  pen.strokeStyle = "rgba(128, 128, 128, 0.5)";
  pen.lineWidth = 1;
  for (const pixel of pixels) {
    const [corner] = edges(pixel);
    pen.strokeRect(...view.at(corner), view.zoom, view.zoom);
  }
  for (const point of others) dot(pen, view, point, 3, colors.grid);
  const columns = found.map((tap) => tap.column);
  const rows = found.map((tap) => tap.row);
  const mixed = edges(
    [Math.min(...columns), Math.min(...rows)],
    [Math.max(...columns), Math.max(...rows)],
  );
  curve(pen, view, mixed, colors.grid, 4, { open: false });
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const [column, line] of pixels) {
    const tap = found.find((tap) => tap.column === column && tap.row === line);
    const inside = column >= 0 && line >= 0 && column < size[1] && line < size[0];
    const value = inside ? image[line * size[1] + column] : null;
    writePixel(pen, view, [column, line], value, tap, colors, font);
  }
  ring(pen, view, source, colors);
  frame(pen, view, size, colors.input, 3);
  pen.restore();
  pen.strokeStyle = colors.quiet;
  pen.lineWidth = 1;
  pen.strokeRect(0.5, 0.5, side - 1, side - 1);
}

/**
 * @param {View} view
 * @returns {Point[]}
 */
function pixelsIn({ left, top }) {
  const count = LOUPE + 2;
  return Array.from({ length: count ** 2 }, (_, i) => [
    Math.floor(left) + (i % count),
    Math.floor(top) + Math.floor(i / count),
  ]);
}

/**
 * A pixel's value, and its weight if it is mixed.
 * @param {Pen} pen
 * @param {View} view
 * @param {Point} pixel
 * @param {number | null} value null outside the image
 * @param {Tap | undefined} tap
 * @param {Colors} colors
 * @param {string} font
 */
function writePixel(pen, view, pixel, value, tap, colors, font) {
  if (value === null && !tap) return;
  const big = Math.round(view.zoom / 3.6);
  const bright = (value ?? 0) > 0.55;
  const [x, y] = view.at(pixel);
  /** @type {(text: string, y: number, color: string, size: number, weight: number) => void} */
  const write = (text, y, color, size, weight) => {
    pen.font = `${weight} ${Math.round(size)}px ${font}`;
    pen.fillStyle = color;
    pen.strokeStyle = bright ? "#fff" : "#000";
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    if (tap) pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
  };
  const text = (value ?? 0).toFixed(2);
  const ink = bright ? "#000" : "#fff";
  pen.globalAlpha = tap ? 1 : 0.6;
  if (tap) {
    write(text, y - 0.22 * view.zoom, ink, big, 700);
    const color = bright ? "#8a5200" : colors.grid;
    write(`× ${two(tap.weight)}`, y + 0.24 * view.zoom, color, 0.92 * big, 700);
  } else {
    write(text, y, ink, 0.8 * big, 400);
  }
  pen.globalAlpha = 1;
}

/**
 * The place itself, as a ring, so that the figures can be read.
 * @param {Pen} pen
 * @param {View} view
 * @param {Point} source
 * @param {Colors} colors
 */
function ring(pen, view, source, colors) {
  pen.lineWidth = 5;
  for (const color of ["#000", colors.grid]) {
    pen.strokeStyle = color;
    pen.beginPath();
    pen.arc(...view.at(source), 9, 0, 7);
    pen.stroke();
    pen.lineWidth = 3;
  }
}
