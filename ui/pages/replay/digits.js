// A recording's digits at a step: each input with its sampling grid, below it what the classifier
// sees, below that the answer and how sure it is.

import { cleared, drawGrey } from "../../browser/canvas.js";
import { ALONG, MESH, between, imageOf, linesAt, momentAt, outputOf } from "./recorded.js";
import { drawLine, faintOf, scale, write } from "./strokes.js";

/** @import { Numbers, Point } from "../../browser/points.js" */
/** @import { Side } from "./recorded.js" */
/** @import { Theme } from "../../browser/theme.js" */

/** @typedef {{ input: string, grid: string, up: string, right: string, wrong: string }} Colors */
/** @typedef {{ pen: CanvasRenderingContext2D, theme: Theme, colors: Colors, zoom: number }} Drawing */
/** @typedef {{ x: number, y: number, extent: number }} Cell its picture's corner and side */

export const ROOM = 1.22; // a picture's cell, in sides of the picture: room for what lies outside

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Side} side
 * @param {number} step
 * @param {Omit<Drawing, "pen">} look
 * @param {boolean} alone on the page
 */
export function drawDigits(canvas, side, step, look, alone) {
  const wide = canvas.clientWidth;
  const columns = wide > 700 && alone ? 12 : 6;
  const rows = Math.ceil(side.count / columns);
  const pitch = wide / columns;
  const below = 40 * scale(); // an output: how sure, and the answer
  const most = (window.innerHeight - 530) / rows - below; // what the screen has room for
  const extent = Math.max(40, Math.min(pitch / ROOM, most / (ROOM + 1.05)));
  const high = (2 * ROOM - 0.13) * extent + below;
  canvas.style.height = `${rows * high}px`;
  const drawing = { ...look, pen: cleared(canvas, wide, rows * high) };
  for (let digit = 0; digit < side.count; digit++) {
    const x = ((digit % columns) + 0.5) * pitch - extent / 2;
    const y = Math.floor(digit / columns) * high + ((ROOM - 1) / 2) * extent;
    drawDigit(drawing, side, digit, step, { x, y, extent });
  }
}

/**
 * @param {Drawing} drawing
 * @param {Side} side
 * @param {number} digit
 * @param {number} step
 * @param {Cell} cell
 */
function drawDigit(drawing, side, digit, step, cell) {
  const { pen, colors, zoom } = drawing;
  const { x, y, extent } = cell;
  const below = y + ROOM * extent;
  const small = zoom * extent; // the input, in the middle of its cell
  const left = x + (extent - small) / 2;
  const top = y + (extent - small) / 2;
  drawGrey(pen, imageOf(side, digit), side.size, left, top, small, small);
  drawGrey(pen, outputOf(side, digit, step), side.output, x, below, extent, extent);
  pen.lineWidth = 2;
  pen.strokeStyle = colors.input;
  pen.strokeRect(left, top, small, small);
  pen.strokeStyle = side.family ? colors.grid : colors.input;
  pen.strokeRect(x, below, extent, extent);
  const lines = linesAt(side, digit, step);
  if (lines) {
    pen.save();
    pen.beginPath();
    const room = ((ROOM - 1) / 2) * extent;
    pen.rect(x - room, y - room, extent + 2 * room, extent + 2 * room);
    pen.clip();
    drawGrid(drawing, lines, { x: left, y: top, extent: small });
    pen.restore();
    /** @type {Point[]} */
    const edge = [
      [x, below],
      [x + extent, below],
    ];
    drawLine(pen, edge, colors.up, extent / 18);
  }
  drawAnswer(drawing, side, digit, step, { x, y: below + extent + 5, extent });
}

/**
 * @param {Drawing} drawing
 * @param {Numbers} lines
 * @param {Cell} cell
 */
function drawGrid({ pen, colors }, lines, { x, y, extent }) {
  /**
   * @param {number} line
   * @returns {Point[]}
   */
  const curve = (line) =>
    Array.from({ length: ALONG }, (_, i) => {
      const at = 2 * (line * ALONG + i);
      return [x + ((lines[at] + 1) / 2) * extent, y + ((lines[at + 1] + 1) / 2) * extent];
    });
  for (let line = 0; line < 2 * MESH; line++) {
    const border = line % MESH === 0 || line % MESH === MESH - 1;
    drawLine(pen, curve(line), colors.grid, border ? extent / 32 : extent / 90);
  }
  drawLine(pen, curve(0), colors.up, extent / 18);
}

/**
 * @param {Drawing} drawing
 * @param {Side} side
 * @param {number} digit
 * @param {number} step
 * @param {Cell} cell
 */
function drawAnswer({ pen, theme, colors }, side, digit, step, { x, y, extent }) {
  const [index, part] = momentAt(side, step);
  const at = index * side.count + digit;
  const answer = side.answers[at];
  const right = answer === side.labels[digit];
  const sure = between(side.sure[at], side.sure[at + side.count], part) / 255;
  const color = right ? colors.right : colors.wrong;
  pen.fillStyle = faintOf(theme);
  pen.fillRect(x, y, extent, 5);
  pen.fillStyle = color;
  pen.fillRect(x, y, extent * sure, 5);
  write(pen, theme, `${answer} ${right ? "✓" : "✗"}`, x + extent / 2, y + 8, {
    size: 17 * scale(),
    bold: true,
    align: "center",
    baseline: "top",
    color: `color-mix(in srgb, ${color} 70%, ${theme.text})`, // as in figures: plot.css
  });
}
