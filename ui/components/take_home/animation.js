// Animations as GIF files: one palette for all frames, and of each frame only what has changed.

import { penOf } from "../../browser/canvas.js";
import { playerOnPage } from "./exhibits.js";
import { GIFEncoder, applyPalette, quantize } from "./gifenc.js";
import { blank, figurePicture, photograph } from "./pictures.js";

/** @import { Theme } from "../../browser/theme.js" */
/** @import { Figure } from "../plot/plot.js" */
/** @import { Progress } from "./take_home.js" */

/** @typedef {{ figure: Figure, text: string }} Frame */

const WIDE = 800; // at most, in pixels
const SHOWN = 120; // ms that a frame stands
const PAUSE = 1000; // and the last one
const MOMENTS = 60; // of a training
const STRIP = 56; // under a figure: what changes, in pixels of its design
const MARGIN = 16; // around a figure
const COLORS = 255; // and one more: as in the frame before
const EVERY = 7; // pixel counts for the palette
const STAYS = 1; // GIF's word for a frame that the next one is drawn over

/**
 * Of a slider's range: the server made the figures.
 * @param {Frame[]} frames
 * @param {Theme} theme
 * @param {Progress} progress
 */
export function sweepFilm(frames, theme, progress) {
  const highest = Math.max(...frames.map(({ figure }) => figure.layout.height));
  /** @param {number} i */
  const picture = (i) =>
    sweepPicture(frames[i], i / Math.max(frames.length - 1, 1), highest, theme);
  return animation(frames.length, picture, progress);
}

/**
 * A figure, and under it where it is in the range.
 * @param {Frame} frame
 * @param {number} share of the range
 * @param {number} highest of all figures
 * @param {Theme} theme
 */
async function sweepPicture({ figure, text }, share, highest, theme) {
  const { width } = figure.layout;
  const fine = WIDE / (width + 2 * MARGIN);
  const picture = await figurePicture(figure, theme, fine);
  const canvas = blank((width + 2 * MARGIN) * fine, (highest + STRIP + MARGIN) * fine, theme);
  const pen = penOf(canvas);
  pen.drawImage(picture, MARGIN * fine, MARGIN * fine);
  pen.scale(fine, fine);
  const y = highest + MARGIN + STRIP / 2;
  const from = width / 2;
  const long = width / 2 - 8;
  pen.fillStyle = theme.text;
  pen.font = `600 22px ${theme.font}`;
  pen.textBaseline = "middle";
  pen.fillText(text, MARGIN, y);
  pen.globalAlpha = 0.3;
  pen.fillRect(from, y - 2, long, 4);
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.arc(from + long * share, y, 9, 0, 7);
  pen.fillStyle = theme.primary;
  pen.fill();
  return canvas;
}

/**
 * Of a training: the player's own pictures, from the first step to the last. It is put back where it
 * was.
 * @param {Theme} theme
 * @param {Progress} progress
 */
export async function trainingFilm(theme, progress) {
  const player = playerOnPage();
  if (!player) throw new Error("the player has gone");
  const film = player.film();
  /** @param {number} i */
  const picture = async (i) => {
    film.show(i / (MOMENTS - 1));
    return photograph(player.root, theme, 1);
  };
  try {
    return await animation(MOMENTS, picture, progress);
  } finally {
    film.end();
  }
}

/**
 * A GIF of pictures made one after the other; the first one gives the size.
 * @param {number} count
 * @param {(i: number) => Promise<HTMLCanvasElement>} picture the i-th one
 * @param {Progress} progress
 */
async function animation(count, picture, progress) {
  const first = await picture(0);
  const share = Math.min(1, WIDE / first.width);
  const size = { width: Math.round(first.width * share), height: Math.round(first.height * share) };
  const { width, height } = size;
  const small = penOf(Object.assign(document.createElement("canvas"), size), {
    willReadFrequently: true,
  });
  small.imageSmoothingQuality = "high";
  const frames = [];
  for (let i = 0; i < count; i++) {
    progress(i, count);
    small.drawImage(i ? await picture(i) : first, 0, 0, width, height);
    frames.push(small.getImageData(0, 0, width, height).data);
    await new Promise(requestAnimationFrame); // the page stays alive
  }
  return encoded(frames, width, height);
}

/**
 * @param {Uint8ClampedArray[]} frames RGBA
 * @param {number} width
 * @param {number} height
 */
async function encoded(frames, width, height) {
  const palette = quantize(sampled(frames), COLORS);
  const same = palette.length; // the index of what stays as it was
  const encoder = GIFEncoder();
  /** @type {Uint8Array | null} */
  let before = null;
  for (const [i, frame] of frames.entries()) {
    const now = applyPalette(frame, palette);
    const changed = before ? now.map((color, at) => (color === before?.[at] ? same : color)) : now;
    encoder.writeFrame(changed, width, height, {
      palette: i ? undefined : [...palette, [0, 0, 0]],
      delay: i === frames.length - 1 ? PAUSE : SHOWN,
      transparent: i > 0,
      transparentIndex: same,
      dispose: STAYS,
    });
    before = now;
    await new Promise(requestAnimationFrame);
  }
  encoder.finish();
  return new Blob([encoder.bytes()], { type: "image/gif" });
}

/**
 * Every so many pixels of all frames, others in each.
 * @param {Uint8ClampedArray[]} frames
 */
function sampled(frames) {
  const parts = frames.map((frame, i) => {
    const pixels = new Uint32Array(frame.buffer);
    return pixels.filter((_, at) => at % EVERY === i % EVERY);
  });
  const joined = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(joined.buffer);
}
