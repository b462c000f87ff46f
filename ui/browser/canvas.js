// Canvases that are drawn on in CSS pixels and are as fine as the display, and grey images on them.

/** @import { Numbers, Size } from "./points.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function penOf(canvas, settings) {
  const pen = canvas.getContext("2d", settings);
  if (!pen) throw new Error("this browser has no canvas to draw on");
  return pen;
}

/**
 * A canvas of width x height, cleared; its element is left as it is. It keeps its size, and so its
 * memory, until that changes.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function cleared(canvas, width, height) {
  const fine = window.devicePixelRatio || 1;
  const w = Math.round(width * fine);
  const h = Math.round(height * fine);
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = penOf(canvas);
  pen.setTransform(fine, 0, 0, fine, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/**
 * The same, and the element gets that size.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function sized(canvas, width, height) {
  const { style } = canvas;
  if (style.width !== `${width}px`) style.width = `${width}px`;
  if (style.height !== `${height}px`) style.height = `${height}px`;
  return cleared(canvas, width, height);
}

/**
 * A grey image (height x width, values in [0, 1]) over a rectangle, its pixels as squares.
 * @param {CanvasRenderingContext2D} pen
 * @param {Numbers & object} image
 * @param {Size} size
 * @param {number} left
 * @param {number} top
 * @param {number} wide
 * @param {number} high
 */
export function drawGrey(pen, image, size, left, top, wide, high) {
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small(image, size), left, top, wide, high);
}

/**
 * @typedef {object} Buffer
 * @property {HTMLCanvasElement} canvas
 * @property {ImageData} pixels
 * @property {Uint32Array} words
 * @property {object | null} image whose pixels they are
 */

/** @type {Map<number, Buffer[]>} Two a size: an input, which many pictures show, and an output. */
const buffers = new Map();

/**
 * @param {Numbers & object} image
 * @param {Size} size
 */
function small(image, [height, width]) {
  const key = 10000 * height + width;
  const pair = buffers.get(key) ?? [buffer(height, width), buffer(height, width)];
  const found = pair.find((each) => each.image === image);
  if (found) return found.canvas;
  const [next, other] = pair;
  buffers.set(key, [other, next]);
  for (let i = 0; i < image.length; i++) {
    const value = Math.max(0, Math.min(255, Math.round(255 * image[i])));
    next.words[i] = 0xff000000 | (value * 0x010101);
  }
  penOf(next.canvas).putImageData(next.pixels, 0, 0);
  next.image = image;
  return next.canvas;
}

/**
 * @param {number} height
 * @param {number} width
 * @returns {Buffer}
 */
function buffer(height, width) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pixels = new ImageData(width, height);
  return { canvas, pixels, words: new Uint32Array(pixels.data.buffer), image: null };
}
