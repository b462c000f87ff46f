// Feature maps: which ones are shown, how much of them lies where it was, and pictures of them.

import { penOf, sized } from "../../browser/canvas.js";
import { rem } from "../../browser/theme.js";

/** @import { Maps } from "../../browser/network.js" */

const COLUMNS = 3;
const ROWS = 2;

/**
 * The channels that respond most.
 * @param {Maps} maps
 * @param {number} count
 */
export function strongest({ channels, values }, count) {
  const sums = new Float64Array(channels);
  values.forEach((value, i) => (sums[i % channels] += value));
  const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a]);
  return { chosen: order.slice(0, count), top: topOf(values, channels, order.slice(0, count)) };
}

/** @type {(values: Float32Array, channels: number, chosen: number[]) => number} */
const topOf = (values, channels, chosen) => {
  const picked = values.filter((_, i) => chosen.includes(i % channels));
  return Math.max(
    picked.reduce((most, value) => Math.max(most, value), 0),
    1e-9,
  );
};

/**
 * How much of two stacks of maps lies in the same places: stn_core.explain.cnn_invariance.overlap.
 * @param {Maps} one
 * @param {Maps} other
 */
export function overlap(one, other) {
  let together = 0;
  let either = 0;
  for (let i = 0; i < one.values.length; i++) {
    together += Math.min(one.values[i], other.values[i]);
    either += Math.max(one.values[i], other.values[i]);
  }
  return either > 0 ? together / either : 1;
}

const small = document.createElement("canvas");

/**
 * Six maps in two rows, on the scale of the digit as it was.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {Maps} maps
 * @param {{ chosen: number[], top: number }} shown
 * @param {string} color of the frame
 */
export function mosaic(canvas, width, { size: [high, wide], channels, values }, shown, color) {
  const gap = 6;
  const side = Math.floor((width - (COLUMNS - 1) * gap - 6) / COLUMNS);
  const pen = sized(canvas, width, ROWS * side + (ROWS - 1) * gap + 6);
  pen.imageSmoothingEnabled = false;
  if (small.width !== wide || small.height !== high) [small.width, small.height] = [wide, high];
  const pixels = new ImageData(wide, high);
  const words = new Uint32Array(pixels.data.buffer);
  shown.chosen.forEach((channel, k) => {
    for (let i = 0; i < words.length; i++) {
      const share = Math.min(values[i * channels + channel] / shown.top, 1);
      words[i] = 0xff000000 | (Math.round(255 * share) * 0x010101);
    }
    penOf(small).putImageData(pixels, 0, 0);
    const x = 3 + (k % COLUMNS) * (side + gap);
    const y = 3 + Math.floor(k / COLUMNS) * (side + gap);
    pen.drawImage(small, x, y, side, side);
    pen.strokeStyle = color;
    pen.lineWidth = 2;
    pen.strokeRect(x, y, side, side);
  });
}

/**
 * How sure a network is over a slider's range, and where the slider stands.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {[value: number, sure: number][]} known
 * @param {[value: number, sure: number]} here
 * @param {[low: number, high: number]} range
 * @param {{ line: string, mark: string, text: string, font: string }} style
 */
export function confidence(canvas, width, height, known, here, [low, high], style) {
  const pen = sized(canvas, width, height);
  const size = 0.9 * rem();
  const [left, bottom] = [1.2 * size, height - 1.5 * size];
  /** @param {number} value */
  const x = (value) => left + ((value - low) / (high - low)) * (width - left - 10);
  /** @param {number} sure */
  const y = (sure) => bottom - 4 - sure * (bottom - 14);
  pen.strokeStyle = style.line;
  pen.lineWidth = 1.5;
  pen.strokeRect(left, 4, width - left - 8, bottom - 4);
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.beginPath();
  for (const [value, sure] of known) pen.lineTo(x(value), y(sure));
  pen.stroke();
  pen.strokeStyle = style.mark;
  pen.lineWidth = 1.5;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.moveTo(x(here[0]), 4);
  pen.lineTo(x(here[0]), bottom);
  pen.stroke();
  pen.setLineDash([]);
  pen.beginPath();
  pen.arc(x(here[0]), y(here[1]), 6, 0, 7);
  pen.fillStyle = style.mark;
  pen.fill();
  pen.fillStyle = style.text;
  pen.font = `400 ${size}px ${style.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillText("1", 0, y(1));
  pen.fillText("0", 0, y(0));
  pen.textBaseline = "bottom";
  /** @param {number} value */
  const figure = (value) => String(value).replace("-", "−");
  for (const value of [low, (low + high) / 2, high]) {
    pen.textAlign = value === low ? "left" : value === high ? "right" : "center";
    pen.fillText(figure(value), value === high ? width - 4 : x(value), height);
  }
}
