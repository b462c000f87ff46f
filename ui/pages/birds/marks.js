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

/** @typedef {{ left: number, top: number, width: number }} Box */

/**
 * A window's number and what it mostly holds; the number alone where that would hide a third of the photograph's
 * width or another badge, and to the right of a badge that is there already: the crops have the words too.
 * @param {Pen} pen
 * @param {Point} corner
 * @param {string} number
 * @param {string} role
 * @param {string} color
 * @param {number} wide the canvas, in which it stays
 * @param {Box[]} others badges that are there; this one is added
 */
export function badge(pen, [x, y], number, role, color, wide, others) {
  const size = rem();
  const height = 1.5 * size;
  pen.font = `700 ${size}px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.textBaseline = "middle";
  /** @param {string} label */
  const boxOf = (label) => {
    const width = Math.max(height, pen.measureText(label).width + 12);
    return { left: Math.max(0, Math.min(x - 2, wide - width)), top: Math.max(0, y - 2), width };
  };
  /** @type {(one: Box, other: Box) => boolean} */
  const overlap = (one, other) =>
    Math.abs(one.top - other.top) < height &&
    one.left < other.left + other.width &&
    other.left < one.left + one.width;
  const named = `${number} ${role}`.trim();
  const large = boxOf(named);
  const fits = large.width < wide / 3 && !others.some((other) => overlap(large, other));
  const label = fits ? named : number;
  const box = boxOf(label);
  for (const other of others) {
    const beside = Math.min(other.left + other.width, wide - box.width);
    if (overlap(box, other)) box.left = beside;
  }
  others.push(box);
  pen.fillStyle = color;
  pen.fillRect(box.left, box.top, box.width, height);
  pen.fillStyle = "#000000";
  pen.textAlign = "center";
  pen.fillText(label, box.left + box.width / 2, box.top + 0.8 * size);
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
