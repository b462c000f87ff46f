// The curves under the digits: two strips over one axis of steps, the wrong answers and how
// differently the digits lie.

import { cleared } from "../../browser/canvas.js";
import { between, momentAt, placeOf } from "./recorded.js";
import { drawLine, faintOf, scale, write } from "./strokes.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Side } from "./recorded.js" */
/** @import { Theme } from "../../browser/theme.js" */

/**
 * Beside the curves; the scrubber's ends stand over theirs.
 * @param {number} wide
 */
export const marginOf = (wide) => ({ left: 64, right: wide < 640 ? 92 : 150 });

const HEIGHT = 236;
const [TOP, FLOOR] = [10, 206]; // of both strips together
const DASHES = [[], [7, 5]]; // the left side's curve, the right side's
const MARKS = ["━", "┅"];

/**
 * @typedef {object} Strip
 * @property {number} top
 * @property {number} bottom
 * @property {number} most at the top
 * @property {string} unit
 * @property {string} title
 * @property {(side: Side) => number[]} of its values
 * @property {number} decimals
 * @property {"top right" | "bottom left"} corner where its curves don't go: both fall
 */

/**
 * @typedef {object} Curves
 * @property {Side[]} sides one or two
 * @property {number} last step
 * @property {number} digits
 * @property {Record<string, string>} words
 * @property {(value: number) => string} number
 * @property {Theme} theme
 */

/**
 * @param {Curves} curves
 * @param {boolean} narrow
 * @returns {Strip[]}
 */
function stripsOf({ sides, digits, words }, narrow) {
  const most = Math.ceil(Math.max(...sides.flatMap((side) => side.misalignment), 1) / 2) * 2;
  return [
    {
      top: TOP,
      bottom: 106,
      most: 100,
      unit: " %",
      title: words.error,
      of: (side) => side.wrong.map((n) => (100 * n) / digits),
      decimals: 0,
      corner: narrow ? "bottom left" : "top right",
    },
    {
      top: 136,
      bottom: FLOOR,
      most,
      unit: " px",
      title: narrow ? words.apart : words.misalignment,
      of: (side) => side.misalignment,
      decimals: 1,
      corner: "bottom left",
    },
  ];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Curves} curves
 * @param {number} step
 */
export function drawCurves(canvas, curves, step) {
  const { last, words, number, theme } = curves;
  const unit = scale();
  const wide = canvas.clientWidth / unit;
  canvas.style.height = `${HEIGHT * unit}px`;
  const pen = cleared(canvas, canvas.clientWidth, HEIGHT * unit);
  pen.scale(unit, unit);
  const margin = marginOf(wide);
  const left = margin.left;
  const right = wide - margin.right;
  /** @param {number} at */
  const across = (at) => left + placeOf(at, last) * (right - left);
  /** @type {(at: number, from: number, color: string, width: number) => void} */
  const upright = (at, from, color, width) => {
    const x = across(at);
    drawLine(
      pen,
      [
        [x, from],
        [x, FLOOR],
      ],
      color,
      width,
    );
  };
  pen.font = `14px ${theme.font}`;
  const name = Math.min(right + 14, wide - pen.measureText(words.steps).width);
  for (let tick = 10; tick <= last; tick *= 10) {
    upright(tick, TOP, faintOf(theme), 1);
    if (across(tick) - left < 24 || across(tick) + 24 > name) continue; // beside the 0 and the name
    write(pen, theme, number(tick), across(tick), 222, { align: "center", size: 14 });
  }
  write(pen, theme, "0", left, 222, { align: "center", size: 14 });
  write(pen, theme, words.steps, name, 222, { size: 14 });
  for (const strip of stripsOf(curves, wide < 640))
    drawStrip(pen, curves, strip, step, left, right, across);
  upright(step, 4, theme.primary, 2);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Curves} curves
 * @param {Strip} strip
 * @param {number} step
 * @param {number} left
 * @param {number} right
 * @param {(step: number) => number} across
 */
function drawStrip(pen, { sides, theme }, strip, step, left, right, across) {
  const { top, bottom, most, unit, decimals } = strip;
  /** @param {number} value */
  const up = (value) => bottom - (value / most) * (bottom - top);
  for (const value of [0, most / 2, most]) {
    drawLine(
      pen,
      [
        [left, up(value)],
        [right, up(value)],
      ],
      faintOf(theme),
      1,
    );
    write(pen, theme, `${value}${unit}`, left - 8, up(value), { align: "right", size: 14 });
  }
  const ends = sides.map((side, i) => {
    const values = strip.of(side);
    const [index, part] = momentAt(side, step);
    const here = up(between(values[index], values[index + 1], part));
    const now = across(Math.min(step, side.steps[side.steps.length - 1]));
    /** @type {Point[]} */
    const whole = side.steps.map((at, k) => [across(at), up(values[k])]);
    drawLine(pen, whole, faintOf(theme), 2.5, DASHES[i]);
    drawLine(pen, [...whole.slice(0, index + 1), [now, here]], theme.text, 3, DASHES[i]);
    pen.beginPath();
    pen.arc(now, here, 6, 0, 7);
    pen.fillStyle = i ? theme.background : theme.text;
    pen.fill();
    pen.lineWidth = 2.5;
    pen.strokeStyle = theme.text;
    pen.stroke();
    return { y: here, text: `${MARKS[i]} ${values[index].toFixed(decimals)}${unit}` };
  });
  for (const { y, text } of apart(ends, 20, top, bottom)) {
    write(pen, theme, text, right + 14, y, { size: 16 });
  }
  writeTitle(pen, theme, strip, left, right);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Theme} theme
 * @param {Strip} strip
 * @param {number} left
 * @param {number} right
 */
function writeTitle(pen, theme, { title, corner, top, bottom }, left, right) {
  const size = 15;
  pen.font = `${size}px ${theme.font}`;
  const room = pen.measureText(title).width + 12;
  const x = corner === "top right" ? right - room : left + 2;
  const y = corner === "top right" ? top + 4 : bottom - size - 10;
  pen.fillStyle = theme.background;
  pen.fillRect(x, y, room, size + 6);
  write(pen, theme, title, x + 6, y + 3 + size / 2, { size, color: theme.text });
}

/**
 * Labels at their heights, moved apart where they would lie on each other.
 * @param {{ y: number, text: string }[]} labels
 * @param {number} room
 * @param {number} top
 * @param {number} bottom
 */
function apart(labels, room, top, bottom) {
  const [a, b] = labels;
  if (!b || Math.abs(a.y - b.y) >= room) return labels;
  const middle = Math.min(Math.max((a.y + b.y) / 2, top + room / 2), bottom - room / 2);
  const sign = a.y <= b.y ? -1 : 1; // at the same height the left side's stands first
  a.y = middle + sign * (room / 2);
  b.y = 2 * middle - a.y;
  return labels;
}
