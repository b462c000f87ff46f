// What is drawn on canvases, through a view of an image. Lengths are CSS pixels, points are pixels of
// the image.

import { drawGrey } from "./canvas.js";
import { rem } from "./theme.js";

/** @import { Numbers, Point, Size } from "./points.js" */
/** @import { View } from "./view.js" */
/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * @param {Pen} pen
 * @param {View} view
 * @param {Numbers & object} image
 * @param {Size} size
 */
export function picture(pen, view, image, size) {
  const [height, width] = size;
  const [left, top] = view.at([-0.5, -0.5]);
  drawGrey(pen, image, size, left, top, width * view.zoom, height * view.zoom);
}

/**
 * @param {Pen} pen
 * @param {View} view
 * @param {Size} size
 * @param {string} color
 * @param {number} thick
 */
export function frame(pen, view, [height, width], color, thick) {
  pen.strokeStyle = color;
  pen.lineWidth = thick;
  pen.setLineDash([]);
  pen.strokeRect(...view.at([-0.5, -0.5]), width * view.zoom, height * view.zoom);
}

/**
 * The edges of pixels from one to another.
 * @param {Point} first
 * @param {Point} last
 * @returns {Point[]}
 */
export const edges = ([x0, y0], [x1, y1] = [x0, y0]) => [
  [x0 - 0.5, y0 - 0.5],
  [x1 + 0.5, y0 - 0.5],
  [x1 + 0.5, y1 + 0.5],
  [x0 - 0.5, y1 + 0.5],
];

/**
 * A curve; with a dark rim it shows on ink and on paper.
 * @param {Pen} pen
 * @param {View} view
 * @param {Point[]} points
 * @param {string} color
 * @param {number} thick
 * @param {{ open?: boolean, dash?: number[], rim?: number }} style
 */
export function curve(pen, view, points, color, thick, style = {}) {
  const { open = true, dash = [], rim = 0 } = style;
  /** @type {(style: string, width: number) => void} */
  const draw = (style, width) => {
    pen.beginPath();
    points.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...view.at(point)));
    if (!open) pen.closePath();
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.lineJoin = pen.lineCap = "round";
    pen.stroke();
  };
  pen.setLineDash(dash);
  if (rim) draw("rgba(0, 0, 0, 0.55)", thick + 2 * rim);
  draw(color, thick);
  pen.setLineDash([]);
}

/**
 * @param {Pen} pen
 * @param {View} view
 * @param {Point} point
 * @param {number} radius
 * @param {string} color
 */
export function dot(pen, view, point, radius, color) {
  pen.beginPath();
  pen.arc(...view.at(point), radius, 0, 7);
  pen.fillStyle = color;
  pen.strokeStyle = "#000";
  pen.lineWidth = 1;
  pen.fill();
  pen.stroke();
}

/**
 * A point with its number.
 * @param {Pen} pen
 * @param {View} view
 * @param {Point} point
 * @param {number} number
 * @param {number} radius
 * @param {string} color
 * @param {string} font
 */
export function numbered(pen, view, point, number, radius, color, font) {
  dot(pen, view, point, radius, color);
  const [x, y] = view.at(point);
  pen.fillStyle = "#000";
  pen.font = `700 ${Math.max(14, Math.round(1.2 * radius))}px ${font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(String(number), x, y + 1);
}

/**
 * An arrow between two places on the canvas.
 * @param {Pen} pen
 * @param {Point} from
 * @param {Point} to
 * @param {string} color
 * @param {number} thick
 * @param {number} [rim] a black one, so wide
 */
export function arrow(pen, from, to, color, thick, rim = 0) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.max(Math.hypot(dx, dy), 1e-6);
  const [ux, uy] = [dx / length, dy / length];
  const head = Math.min(4 * thick, length);
  const shaft = new Path2D();
  shaft.moveTo(...from);
  shaft.lineTo(to[0] - 0.7 * head * ux, to[1] - 0.7 * head * uy);
  const tip = new Path2D();
  tip.moveTo(...to);
  tip.lineTo(to[0] - head * ux + 0.6 * head * uy, to[1] - head * uy - 0.6 * head * ux);
  tip.lineTo(to[0] - head * ux - 0.6 * head * uy, to[1] - head * uy + 0.6 * head * ux);
  tip.closePath();
  pen.lineCap = pen.lineJoin = "round";
  pen.setLineDash([]);
  if (rim) {
    pen.strokeStyle = "#000";
    pen.lineWidth = thick + 2 * rim;
    pen.stroke(shaft);
    pen.lineWidth = 2 * rim;
    pen.stroke(tip);
  }
  pen.strokeStyle = pen.fillStyle = color;
  pen.lineWidth = thick;
  pen.stroke(shaft);
  pen.fill(tip);
}

/**
 * Class probabilities, the answer in its own colour.
 * @param {Pen} pen
 * @param {number} width
 * @param {number} height
 * @param {number[]} probabilities
 * @param {object} style
 * @param {string} style.color
 * @param {string} style.quiet
 * @param {string} style.text
 * @param {string} style.font
 * @param {number[] | null} style.other probabilities, outlined beside them
 */
export function bars(pen, width, height, probabilities, { color, quiet, text, font, other }) {
  const step = width / probabilities.length;
  const most = rem();
  const size = Math.min(most, Math.max(0.875 * most, step * 0.8));
  const base = height - 1.25 * size;
  const answer = probabilities.indexOf(Math.max(...probabilities));
  const crowded = probabilities.length > 10 && step < 1.5 * size; // for names of two digits
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  probabilities.forEach((value, i) => {
    const x = i * step + step * 0.12;
    const w = step * 0.76;
    const h = Math.max(value * (base - 4), 1);
    pen.fillStyle = i === answer ? color : quiet;
    pen.fillRect(x, base - h, w, h);
    if (other) {
      const high = other[i] * (base - 4);
      pen.strokeStyle = text;
      pen.lineWidth = 1.5;
      pen.setLineDash([3, 2]);
      pen.strokeRect(x - 1, base - high, w + 2, high);
      pen.setLineDash([]);
    }
    if (crowded && i !== answer && (i % 2 || Math.abs(i - answer) === 1)) return;
    pen.fillStyle = text;
    pen.font = `${i === answer ? "700" : "400"} ${size}px ${font}`;
    pen.fillText(String(i), i * step + step / 2, height - 4);
  });
}
