// Pictures of what is on the page. The server is asked for nothing.

import { penOf } from "../../browser/canvas.js";
import { exhibits, figureOf } from "./exhibits.js";

/** @import { Theme } from "../../browser/theme.js" */
/** @import { Figure, Page } from "../plot/plot.js" */

const FINE = 2; // pictures are twice as fine as the figure's design
const WIDE = 2000; // pixels: a picture of the page, at least
const HIGHEST = 16_000; // pixels that every browser can draw
const GAP = 48; // pixels between rows, and around them

/**
 * Everything on the page in one picture: what stands side by side there does so here, and each row is
 * as wide as the picture.
 * @param {Theme} theme
 * @returns {Promise<Blob>}
 */
export async function png(theme) {
  const rows = inRows(
    exhibits().map((exhibit) => ({ exhibit, at: exhibit.getBoundingClientRect() })),
  );
  const spans = rows.map(spanOf);
  const wanted = Math.max(WIDE, ...spans.map(({ width }) => FINE * width));
  const needed = spans.reduce((sum, { width, height }) => sum + (height * wanted) / width, 0);
  const width = Math.min(wanted, (wanted * HIGHEST) / needed);
  const heights = spans.map((span) => (span.height * width) / span.width);
  const total = heights.reduce((sum, height) => sum + height + GAP, GAP);
  const canvas = blank(width + 2 * GAP, total, theme);
  const pen = penOf(canvas);
  let y = GAP;
  for (const [i, row] of rows.entries()) {
    const { left, top, width: span } = spans[i];
    const scale = width / span;
    for (const { exhibit, at } of row) {
      const picture = await pictureOf(exhibit, at.width, scale, theme);
      pen.drawImage(picture, GAP + (at.left - left) * scale, y + (at.top - top) * scale);
    }
    y += heights[i] + GAP;
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png");
  });
}

/** @typedef {{ exhibit: Element, at: DOMRect }} Placed an exhibit, and where it is on the page */

/**
 * What overlaps from top to bottom is one row.
 * @param {Placed[]} placed from top to bottom
 */
function inRows(placed) {
  /** @type {Placed[][]} */
  const rows = [];
  let end = -Infinity;
  for (const each of placed) {
    if (each.at.top > end - 1) rows.push([]);
    rows[rows.length - 1].push(each);
    end = Math.max(end, each.at.bottom);
  }
  return rows;
}

/** @param {Placed[]} row */
function spanOf(row) {
  const left = Math.min(...row.map(({ at }) => at.left));
  const top = Math.min(...row.map(({ at }) => at.top));
  const width = Math.max(...row.map(({ at }) => at.right)) - left;
  return { left, top, width, height: Math.max(...row.map(({ at }) => at.bottom)) - top };
}

/**
 * @param {Element} exhibit
 * @param {number} width on the page
 * @param {number} scale
 * @param {Theme} theme
 */
function pictureOf(exhibit, width, scale, theme) {
  const figure = figureOf(exhibit)?.figure;
  if (!figure) return photograph(exhibit, theme, scale);
  return figurePicture(figure, theme, (scale * width) / figure.layout.width);
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
