// Pictures of what is on the page. The server is asked for nothing.

import { penOf } from "../../browser/canvas.js";
import { exhibits, figureOf } from "./exhibits.js";

/** @import { Theme } from "../../browser/theme.js" */
/** @import { Figure, Page } from "../plot/plot.js" */

const FINE = 2; // pictures are twice as fine as the figure's design
const GAP = 24; // between them

/**
 * Everything on the page in one picture, one below the other.
 * @param {Theme} theme
 * @returns {Promise<Blob>}
 */
export async function png(theme) {
  const pictures = [];
  for (const exhibit of exhibits()) pictures.push(await pictureOf(exhibit, theme));
  const gap = GAP * FINE;
  const width = Math.max(...pictures.map((picture) => picture.width)) + 2 * gap;
  const height = pictures.reduce((sum, picture) => sum + picture.height + gap, gap);
  const canvas = blank(width, height, theme);
  const pen = penOf(canvas);
  let top = gap;
  for (const picture of pictures) {
    pen.drawImage(picture, gap, top);
    top += picture.height + gap;
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png");
  });
}

/**
 * @param {Element} exhibit
 * @param {Theme} theme
 */
function pictureOf(exhibit, theme) {
  const plot = figureOf(exhibit);
  return plot ? figurePicture(plot.figure, theme) : photograph(exhibit, theme);
}

/** @type {Promise<string> | null} */
let font = null;

/**
 * The page's font as a style with a data URI: a picture of a figure can use no other than its own.
 * Empty if it is not found.
 */
export function fontRule() {
  font ??= findFont();
  return font;
}

async function findFont() {
  for (const sheet of document.styleSheets) {
    const url = sourceIn(sheet);
    if (!url) continue;
    const blob = await (await fetch(new URL(url, sheet.href ?? location.href))).blob();
    const data = await asDataUrl(blob);
    return `@font-face{font-family:"Source Sans";font-weight:200 900;src:url(${data})}`;
  }
  return "";
}

/** @param {CSSStyleSheet} sheet */
function sourceIn(sheet) {
  try {
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSFontFaceRule) || rule.style.fontStyle === "italic") continue;
      if (!/Source Sans/.test(rule.style.fontFamily)) continue;
      return rule.style.getPropertyValue("src").match(/url\("?([^")]+)"?\)/)?.[1];
    }
  } catch {
    // another host's, which may not be read
  }
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>}
 */
function asDataUrl(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsDataURL(blob);
  });
}

/**
 * What figures write in has the theme's colour.
 * @param {string} text
 * @param {Theme} theme
 */
export const coloured = (text, theme) => text.replaceAll("rgb(1, 2, 3)", theme.text);

/**
 * @param {Figure} figure
 * @param {Theme} theme
 * @param {number} scale
 */
export async function figurePicture({ data, layout }, theme, scale = FINE) {
  const { width, height } = layout;
  /** @type {Page} */
  const page = window;
  if (!page.Plotly) throw new Error("Plotly is not there");
  const options = { format: "svg", width, height, scale };
  const url = await page.Plotly.toImage({ data, layout }, options);
  const drawn = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  const svg = coloured(drawn.replace(">", `><style>${await fontRule()}</style>`), theme);
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = blank(width * scale, height * scale, theme);
  penOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return canvas;
}

/**
 * A canvas in the colour of the theme's ground.
 * @param {number} width
 * @param {number} height
 * @param {Theme} theme
 */
export function blank(width, height, theme) {
  const size = { width: Math.round(width), height: Math.round(height) };
  const canvas = Object.assign(document.createElement("canvas"), size);
  const pen = penOf(canvas);
  pen.fillStyle = theme.background;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/**
 * What stands in an element: its canvases as they are, and its texts.
 * @param {Element} root
 * @param {Theme} theme
 * @param {number} scale
 */
export function photograph(root, theme, scale = FINE) {
  const frame = root.getBoundingClientRect();
  const canvas = blank(frame.width * scale, frame.height * scale, theme);
  const pen = penOf(canvas);
  pen.scale(scale, scale);
  pen.translate(-frame.left, -frame.top);
  for (const picture of root.querySelectorAll("canvas")) {
    const { left, top, width, height } = picture.getBoundingClientRect();
    if (width && picture.width) pen.drawImage(picture, left, top, width, height);
  }
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) writeText(pen, /** @type {Text} */ (walker.currentNode));
  return canvas;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Text} node
 */
function writeText(pen, node) {
  const parent = node.parentElement;
  if (!parent || !node.data.trim()) return;
  if (parent.closest("button, .note") || !parent.checkVisibility()) return;
  const style = getComputedStyle(parent);
  pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  pen.fillStyle = style.color;
  pen.textBaseline = "middle";
  for (const { text, left, right, middle } of lines(node)) {
    pen.fillText(text, left, middle, right - left + 1);
  }
}

/** @typedef {{ from: number, text: string, left: number, right: number, top: number, middle: number }} Line */

/**
 * The lines of a text node as they are broken, and where they stand.
 * @param {Text} node
 */
function lines(node) {
  /** @type {Line[]} */
  const found = [];
  const range = document.createRange();
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    const end = index + word.length;
    range.setStart(node, index);
    range.setEnd(node, end);
    const { left, right, top, height } = range.getBoundingClientRect();
    const line = found.at(-1);
    if (line && Math.abs(line.top - top) < 3) {
      line.text = node.data.slice(line.from, end);
      line.right = right;
    } else {
      found.push({ from: index, text: word, left, right, top, middle: top + height / 2 });
    }
  }
  return found;
}
