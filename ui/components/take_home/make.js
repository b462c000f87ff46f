// Makes what is taken home: a picture, an animation, a page. Loaded when it is first asked for; the server is asked for nothing.

import { emptyCounts, gif, reduced } from "./gif.js";

const FINE = 2; // pictures are twice as fine as the figure's design
const WIDE = 800; // of an animation, at most, in pixels
const [SHOWN, PAUSE] = [12, 100]; // how long a frame and the last one stand, in hundredths of a second
const MOMENTS = 60; // of a training in an animation
const STRIP = 56; // under an animation's frames: what changes, in pixels of the figure's design

// ---- what is on the page

// Figures, the player of recordings, birds with their windows and the live stage, from top to bottom.
function exhibits() {
  const stages = [...document.querySelectorAll("*")]
    .map((element) => element.shadowRoot?.querySelector(".stage .floor"))
    .filter(Boolean);
  const all = [
    ...document.querySelectorAll(".plot"),
    ...document.querySelectorAll(".replay, .birds"),
    ...stages,
  ];
  const top = (element) => element.getBoundingClientRect().top;
  return all.filter((element) => element.getClientRects().length).sort((a, b) => top(a) - top(b));
}

export const player = () => document.querySelector(".replay")?.player;

const pictureOf = (element, theme) =>
  element.latest ? figurePicture(element.latest.figure, theme) : photograph(element, theme);

// ---- pictures

let font; // the page's, as a data URI: a picture of a figure can use no other than its own

async function fontRule() {
  if (font !== undefined) return font;
  font = "";
  for (const sheet of document.styleSheets) {
    let rules = [];
    try {
      rules = [...sheet.cssRules];
    } catch {
      continue; // another host's
    }
    const face = rules.find(
      (rule) =>
        rule instanceof CSSFontFaceRule &&
        /Source Sans/.test(rule.style.fontFamily) &&
        rule.style.fontStyle !== "italic",
    );
    const url = face?.style.getPropertyValue("src").match(/url\("?([^")]+)"?\)/)?.[1];
    if (!url) continue;
    const blob = await (await fetch(new URL(url, sheet.href ?? location.href))).blob();
    const data = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(blob);
    });
    font = `@font-face{font-family:"Source Sans";font-weight:200 900;src:url(${data})}`;
    break;
  }
  return font;
}

const coloured = (text, theme) => text.replaceAll("rgb(1, 2, 3)", theme.text); // what figures write in has the theme's colour

async function figurePicture({ data, layout }, theme, scale = FINE) {
  const { width, height } = layout;
  const url = await window.Plotly.toImage(
    { data, layout },
    { format: "svg", width, height, scale },
  );
  const drawn = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  const svg = coloured(drawn.replace(">", `><style>${await fontRule()}</style>`), theme);
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = blank(width * scale, height * scale, theme);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return canvas;
}

function blank(width, height, theme) {
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.round(width),
    height: Math.round(height),
  });
  const pen = canvas.getContext("2d");
  pen.fillStyle = theme.background;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

// What stands in an element: its canvases as they are, and its texts.
function photograph(root, theme, scale = FINE) {
  const frame = root.getBoundingClientRect();
  const canvas = blank(frame.width * scale, frame.height * scale, theme);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.translate(-frame.left, -frame.top);
  for (const picture of root.querySelectorAll("canvas")) {
    const { left, top, width, height } = picture.getBoundingClientRect();
    if (width && picture.width) pen.drawImage(picture, left, top, width, height);
  }
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("button, .note") || !parent.checkVisibility()) continue;
    const style = getComputedStyle(parent);
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textBaseline = "middle";
    for (const { text, left, right, middle } of lines(node))
      pen.fillText(text, left, middle, right - left + 1);
  }
  return canvas;
}

// The lines of a text node as they are broken, and where they stand.
function lines(node) {
  const found = [];
  const range = document.createRange();
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const { left, right, top, height } = range.getBoundingClientRect();
    const line = found.at(-1);
    if (line && Math.abs(line.top - top) < 3)
      Object.assign(line, { text: node.data.slice(line.from, index + word.length), right });
    else found.push({ from: index, text: word, left, right, top, middle: top + height / 2 });
  }
  return found;
}

// Everything on the page in one picture, one below the other.
export async function png(theme) {
  const pictures = [];
  for (const element of exhibits()) pictures.push(await pictureOf(element, theme));
  const gap = 24 * FINE;
  const width = Math.max(...pictures.map((picture) => picture.width)) + 2 * gap;
  const canvas = blank(
    width,
    pictures.reduce((sum, picture) => sum + picture.height + gap, gap),
    theme,
  );
  let top = gap;
  for (const picture of pictures) {
    canvas.getContext("2d").drawImage(picture, gap, top);
    top += picture.height + gap;
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// ---- animations

// A GIF of pictures made one after the other: `picture(i)` is the i-th canvas. The first one gives the size.
async function animation(count, picture, progress) {
  const counts = emptyCounts();
  const frames = [];
  let small;
  for (let i = 0; i < count; i++) {
    progress(i, count);
    const canvas = await picture(i);
    small ??= sized(canvas);
    const pen = small.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "high";
    pen.drawImage(canvas, 0, 0, small.width, small.height);
    frames.push(reduced(pen.getImageData(0, 0, small.width, small.height).data, counts));
    await new Promise(requestAnimationFrame); // the page stays alive
  }
  const delays = frames.map((_, i) => (i === count - 1 ? PAUSE : SHOWN));
  return new Blob([gif(small.width, small.height, frames, delays, counts)], { type: "image/gif" });
}

function sized({ width, height }) {
  const share = Math.min(1, WIDE / width);
  return Object.assign(document.createElement("canvas"), {
    width: Math.round(width * share),
    height: Math.round(height * share),
  });
}

// Of a slider's range: the server made the figures.
export function sweep({ frames }, theme, progress) {
  const highest = Math.max(...frames.map(({ figure }) => figure.layout.height));
  return animation(
    frames.length,
    async (i) => {
      const { figure, text } = frames[i];
      const { width } = figure.layout;
      const fine = WIDE / (width + 32);
      const picture = await figurePicture(figure, theme, fine);
      const canvas = blank((width + 32) * fine, (highest + STRIP + 16) * fine, theme);
      const pen = canvas.getContext("2d");
      pen.drawImage(picture, 16 * fine, 16 * fine);
      pen.scale(fine, fine);
      const [y, from, to] = [highest + 16 + STRIP / 2, width / 2, width - 8];
      pen.fillStyle = theme.text;
      pen.font = `600 22px ${theme.font}`;
      pen.textBaseline = "middle";
      pen.fillText(text, 16, y);
      pen.globalAlpha = 0.3;
      pen.fillRect(from, y - 2, to - from, 4);
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.arc(from + ((to - from) * i) / Math.max(frames.length - 1, 1), y, 9, 0, 7);
      pen.fillStyle = theme.primary;
      pen.fill();
      return canvas;
    },
    progress,
  );
}

// Of a training: the player's own pictures, from the first step to the last. It is put back where it was.
export async function training(theme, progress) {
  const film = player().film();
  try {
    return await animation(
      MOMENTS,
      (i) => (film.show(i / (MOMENTS - 1)), photograph(player().root, theme, 1)),
      progress,
    );
  } finally {
    film.end();
  }
}

// ---- a page of its own

const escaped = (text) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
const asData = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");

const SHOW = `for (const element of document.querySelectorAll(".plot")) {
  const {data, layout} = figures[element.dataset.figure];
  element.style.width = layout.width + "px";
  Plotly.newPlot(element, data, layout, {displayModeBar: false});
}
const fit = () => {
  for (const element of document.querySelectorAll(".plot")) {
    element.style.zoom = Math.min(element.parentElement.clientWidth / parseFloat(element.style.width), 1.6);
  }
};
addEventListener("resize", fit);
fit();`;

// One file: figures that are drawn anew, pictures of what is no figure, the texts, the link and the snippet.
export async function page({ title, notes, snippet, words, script, language }, theme) {
  const figures = [];
  const body = [`<h1>${escaped(title)}</h1>`];
  for (const element of exhibits()) {
    if (element.latest) {
      const { figure, alt } = element.latest;
      body.push(
        `<p>${escaped(alt)}</p><div><div class="plot" role="img" aria-label="${escaped(alt)}" data-figure="${figures.length}"></div></div>`,
      );
      figures.push(
        JSON.parse(coloured(JSON.stringify({ data: figure.data, layout: figure.layout }), theme)),
      );
    } else {
      const picture = await photograph(element, theme);
      body.push(`<p><img src="${picture.toDataURL()}" alt="${escaped(title)}" width="100%"></p>`);
    }
  }
  body.push(...notes.map((note) => `<p class="note">${escaped(note)}</p>`));
  body.push(
    `<p>${escaped(words.link)} <a href="${escaped(location.href)}">${escaped(location.href)}</a></p>`,
  );
  body.push(`<h2>${escaped(words.python)}</h2><pre>${escaped(snippet)}</pre>`);
  const plotly = figures.length ? await (await fetch(script)).text() : "";
  const style = `${await fontRule()}
body{font:17px/1.5 "Source Sans",sans-serif;background:${theme.background};color:${theme.text};max-width:1200px;margin:2rem auto;padding:0 1rem}
a{color:${theme.primary};overflow-wrap:anywhere}pre{overflow-x:auto;border:1px solid;padding:1rem;font-size:14px}.note{opacity:.8}`;
  const scripts = figures.length
    ? `<script>${plotly}</script><script>const figures = ${asData(figures)};\n${SHOW}</script>`
    : "";
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head><body>
${body.join("\n")}
${scripts}</body></html>`;
  return new Blob([html], { type: "text/html" });
}
