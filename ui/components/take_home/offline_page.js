// A page of its own, in one file: figures that are drawn anew, pictures of what is no figure, the
// texts, the link and the program.

import { exhibits, figureOf } from "./exhibits.js";
import { coloured, fontRule, photograph } from "./pictures.js";

/** @import { Theme } from "../../browser/theme.js" */
/** @import { Data } from "./take_home.js" */

/** @param {string} text */
const escaped = (text) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** @param {unknown} value */
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

/** @param {Theme} theme */
const styleOf = ({ background, text, primary }) => `body {
  font: 17px/1.5 "Source Sans", sans-serif; background: ${background}; color: ${text};
  max-width: 1200px; margin: 2rem auto; padding: 0 1rem;
}
a { color: ${primary}; overflow-wrap: anywhere; }
pre { overflow-x: auto; border: 1px solid; padding: 1rem; font-size: 14px; }
.note { opacity: 0.8; }`;

/**
 * @param {Data} about
 * @param {string} script the address of Plotly's
 * @param {Theme} theme
 */
export async function offlinePage({ title, notes, snippet, words, language }, script, theme) {
  /** @type {unknown[]} */
  const figures = [];
  const body = [`<h1>${escaped(title)}</h1>`];
  for (const exhibit of exhibits()) {
    const plot = figureOf(exhibit);
    if (plot) {
      const { figure, alt } = plot;
      const { data, layout } = figure;
      const about = `role="img" aria-label="${escaped(alt)}" data-figure="${figures.length}"`;
      body.push(`<p>${escaped(alt)}</p><div><div class="plot" ${about}></div></div>`);
      figures.push(JSON.parse(coloured(JSON.stringify({ data, layout }), theme)));
    } else {
      const source = photograph(exhibit, theme).toDataURL();
      body.push(`<p><img src="${source}" alt="${escaped(title)}" width="100%"></p>`);
    }
  }
  const address = escaped(location.href);
  body.push(...notes.map((note) => `<p class="note">${escaped(note)}</p>`));
  body.push(`<p>${escaped(words.link)} <a href="${address}">${address}</a></p>`);
  body.push(`<h2>${escaped(words.python)}</h2><pre>${escaped(snippet)}</pre>`);
  if (figures.length) {
    body.push(`<script>${await (await fetch(script)).text()}</script>`);
    body.push(`<script>const figures = ${asData(figures)};\n${SHOW}</script>`);
  }
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8">
<title>${escaped(title)}</title><style>${await fontRule()}
${styleOf(theme)}</style></head><body>
${body.join("\n")}</body></html>`;
  return new Blob([html], { type: "text/html" });
}
