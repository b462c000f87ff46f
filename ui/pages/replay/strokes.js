// Lines and texts on a canvas.

import { rem } from "../../browser/theme.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Theme } from "../../browser/theme.js" */

/** By how much a drawing is larger than its own pixels: so is the type around it. */
export const scale = () => rem() / 16;

/** @param {Theme} theme */
export const faintOf = ({ text }) => `color-mix(in srgb, ${text} 28%, transparent)`;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Point[]} points
 * @param {string} color
 * @param {number} width
 * @param {number[]} dash
 */
export function drawLine(pen, points, color, width, dash = []) {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.lineJoin = "round";
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * @typedef {object} Style
 * @property {number} [size] in pixels
 * @property {boolean} [bold]
 * @property {CanvasTextAlign} [align]
 * @property {CanvasTextBaseline} [baseline]
 * @property {string} [color]
 */

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Theme} theme
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {Style} style
 */
export function write(pen, theme, text, x, y, style = {}) {
  const { size = 13, bold = false, align = "left", baseline = "middle" } = style;
  pen.font = `${bold ? "600 " : ""}${size}px ${theme.font}`;
  pen.textAlign = align;
  pen.textBaseline = baseline;
  pen.fillStyle = style.color ?? theme.text;
  pen.fillText(text, x, y);
}
