// One picture of a whole lecture, question by question: what the class chose beside what the networks
// answered; and the same as a table.

import { element } from "../browser/dom.js";
import { sharesOf } from "./bars.js";

/**
 * What was asked and answered at one step.
 * @typedef {object} Entry
 * @property {string} question by which its votes are known
 * @property {number} at
 * @property {Record<string, string>} title
 * @property {Record<string, string> | null} asked null: which digit it is
 * @property {Record<string, string>[] | null} choices null: digits
 * @property {number} vote how many choices
 * @property {number | null} right
 * @property {number[]} tally
 * @property {{ name: string, probabilities: number[] }[]} networks
 */

/** @import { Theme } from "../browser/theme.js" */

/** @typedef {(text: Record<string, string> | null) => string} Say */

const WIDE = 1200;
const DENSE = 2; // pixels for each of these
const ROW = 30; // a choice
const HEAD = 62; // of an entry
const LABEL = 330;
const RIGHT = "#009E73";
const NETWORKS = ["#E69F00", "#CC79A7"];

/**
 * @param {Entry} entry
 * @param {Say} say
 */
const labelsOf = ({ choices, vote }, say) =>
  choices?.map((choice) => say(choice)) ?? Array.from({ length: vote }, (_, i) => String(i));

/**
 * The choices that anybody made, or a network gave one per cent; of texts all.
 * @param {Entry} entry
 */
function shown({ choices, vote, tally, networks, right }) {
  const all = Array.from({ length: vote }, (_, i) => i);
  if (choices) return all;
  return all.filter(
    (i) =>
      tally[i] || i === right || networks.some(({ probabilities }) => probabilities[i] >= 0.01),
  );
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Entry[]} entries
 * @param {Say} say
 * @param {Record<string, string>} words
 * @param {Theme} look
 */
export function paintOverview(canvas, entries, say, words, look) {
  const heights = entries.map((entry) => HEAD + ROW * shown(entry).length + 20);
  const high = 20 + heights.reduce((a, b) => a + b, 0);
  canvas.width = DENSE * WIDE;
  canvas.height = DENSE * high;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.scale(DENSE, DENSE);
  pen.fillStyle = look.background;
  pen.fillRect(0, 0, WIDE, high);
  pen.textBaseline = "middle";
  let top = 20;
  entries.forEach((entry, i) => {
    paintEntry(pen, entry, top, say, words, look);
    top += heights[i];
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Entry} entry
 * @param {number} top
 * @param {Say} say
 * @param {Record<string, string>} words
 * @param {Theme} look
 */
function paintEntry(pen, entry, top, say, words, look) {
  const labels = labelsOf(entry, say);
  const shares = sharesOf(labels.map((_, i) => entry.tally[i] ?? 0));
  const count = entry.tally.reduce((a, b) => a + b, 0);
  const series = [
    { name: `${words.room_class} (${count})`, color: look.primary, shares },
    ...entry.networks.map(({ name, probabilities }, i) => {
      return { name, color: NETWORKS[i % 2], shares: probabilities };
    }),
  ];
  pen.fillStyle = look.text;
  pen.textAlign = "left";
  pen.font = `700 20px ${look.font}`;
  const asked = entry.asked ? say(entry.asked) : words.which_digit;
  pen.fillText(`${entry.at} · ${say(entry.title)} · ${asked}`, 24, top + 14, WIDE - 48);
  const wide = (WIDE - LABEL - 40) / series.length;
  pen.font = `400 16px ${look.font}`;
  series.forEach(({ name }, k) => pen.fillText(name, LABEL + k * wide, top + 44, wide - 20));
  shown(entry).forEach((choice, row) => {
    const y = top + HEAD + ROW * row + ROW / 2;
    pen.fillStyle = choice === entry.right ? RIGHT : look.text;
    pen.font = `${choice === entry.right ? 700 : 400} 16px ${look.font}`;
    const mark = choice === entry.right ? "✓ " : "";
    pen.fillText(mark + labels[choice], 24, y, LABEL - 48);
    series.forEach(({ color, shares }, k) => {
      const left = LABEL + k * wide;
      const full = wide - 90;
      pen.fillStyle = color;
      pen.fillRect(left, y - 9, Math.max(full * shares[choice], 1), 18);
      pen.fillStyle = look.text;
      pen.font = `400 15px ${look.font}`;
      pen.fillText(`${Math.round(100 * shares[choice])} %`, left + full * shares[choice] + 8, y);
    });
  });
}

/**
 * The same as comma-separated values, with a mark for spreadsheets that it is UTF-8.
 * @param {Entry[]} entries
 * @param {Say} say
 * @param {Record<string, string>} words
 */
export function table(entries, say, words) {
  const rows = [
    ["step", "title", "question", "choice", "right", "votes", "network", "probability"],
  ];
  for (const entry of entries) {
    const asked = entry.asked ? say(entry.asked) : words.which_digit;
    labelsOf(entry, say).forEach((label, i) => {
      const right = entry.right === null ? "" : String(Number(i === entry.right));
      const begin = [String(entry.at), say(entry.title), asked, label, right];
      const votes = String(entry.tally[i] ?? 0);
      const networks = entry.networks.map(({ name, probabilities }) => [
        name,
        probabilities[i].toFixed(4),
      ]);
      for (const network of networks.length ? networks : [["", ""]]) {
        rows.push([...begin, votes, ...network]);
      }
    });
  }
  return `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/**
 * A cell that no spreadsheet takes for a formula.
 * @param {string} text
 */
function cell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = element("a", "", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
