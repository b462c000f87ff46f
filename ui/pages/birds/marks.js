// What is drawn over a photograph. Places are normalised; `at` brings them to the canvas.

import { rem } from "../../browser/theme.js";

/** @import { Point } from "../../browser/points.js" */
/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {(place: Point) => Point} At */

const SHADE = "rgba(0, 0, 0, 0.55)";

/**
 * A closed outline with a dark rim.
 * @param {Pen} pen
 * @param {Point[]} corners
 * @param {string} color
 * @param {number} width
 * @param {number[]} dash
 */
export function outline(pen, corners, color, width, dash = []) {
  trace(pen, corners);
  pen.closePath();
  pen.setLineDash(dash);
  twice(pen, SHADE, width + 3, color, width);
  pen.setLineDash([]);
}

/**
 * The way of a window's centre, from the start of training to its end.
 * @param {Pen} pen
 * @param {Point[]} points
 * @param {string} color
 */
export function way(pen, points, color) {
  trace(pen, points);
  pen.lineJoin = "round";
  twice(pen, SHADE, 5, color, 2.5);
  dot(pen, points[0], "#000000", color);
  dot(pen, points[points.length - 1], color, "#000000");
}

/**
 * An arrow.
 * @param {Pen} pen
 * @param {Point} from
 * @param {Point} by
 * @param {string} color
 */
export function arrow(pen, [left, top], [dx, dy], color) {
  pen.beginPath();
  pen.moveTo(left, top);
  pen.lineTo(left + dx, top + dy);
  pen.lineTo(left + 0.62 * dx - 0.24 * dy, top + 0.62 * dy + 0.24 * dx);
  pen.moveTo(left + dx, top + dy);
  pen.lineTo(left + 0.62 * dx + 0.24 * dy, top + 0.62 * dy - 0.24 * dx);
  pen.lineCap = "round";
  twice(pen, "#000000", 5, color, 2.5);
}

/**
 * A window's number and what it mostly holds; the number alone where that would hide a third of the photograph's
 * width: the crops have the words too.
 * @param {Pen} pen
 * @param {Point} corner
 * @param {string} number
 * @param {string} role
 * @param {string} color
 * @param {number} wide the canvas, in which it stays
 */
export function badge(pen, [x, y], number, role, color, wide) {
  const size = rem();
  pen.font = `700 ${size}px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.textBaseline = "middle";
  const named = `${number} ${role}`.trim();
  const label = pen.measureText(named).width + 12 < wide / 3 ? named : number;
  const width = Math.max(1.5 * size, pen.measureText(label).width + 12);
  const left = Math.max(0, Math.min(x - 2, wide - width));
  const top = Math.max(0, y - 2);
  pen.fillStyle = color;
  pen.fillRect(left, top, width, 1.5 * size);
  pen.fillStyle = "#000000";
  pen.textAlign = "center";
  pen.fillText(label, left + width / 2, top + 0.8 * size);
}

/**
 * @param {Pen} pen
 * @param {Point} point
 * @param {string} color
 * @param {string} ring
 */
export function dot(pen, [x, y], color, ring) {
  pen.beginPath();
  pen.arc(x, y, 5, 0, 7);
  pen.fillStyle = color;
  pen.strokeStyle = ring;
  pen.lineWidth = 2;
  pen.fill();
  pen.stroke();
}

/**
 * @param {Pen} pen
 * @param {Point[]} points
 */
function trace(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
}

/**
 * The path, and over it the same path.
 * @param {Pen} pen
 * @param {string} rim
 * @param {number} wide
 * @param {string} color
 * @param {number} width
 */
function twice(pen, rim, wide, color, width) {
  pen.strokeStyle = rim;
  pen.lineWidth = wide;
  pen.stroke();
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}
