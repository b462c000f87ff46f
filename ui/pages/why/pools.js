// A digit and a copy to shift, through one max-pool after the other; what has changed has a colour.

import { greysOf } from "../../browser/bytes.js";
import { sized } from "../../browser/canvas.js";
import { element, fill, put } from "../../browser/dom.js";
import { LiveFigure } from "../../browser/live_figure.js";
import { Panel } from "../../browser/panel.js";
import { Touch } from "../../browser/touch.js";
import { View } from "../../browser/view.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Given } from "../../browser/live_figure.js" */
/** @import { Size } from "../../browser/points.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {string} digit
 * @property {number[][]} table how much is unchanged, max-pools by shifts
 * @property {(number | null)[]} needed max-pools for each shift
 * @property {string} title of the table
 */
/** @typedef {Given & Own} Data */

const SIDE = 32; // of the canvas: a power of two
const DIGIT = 28;
const CHANGED = 0.02;
const LEAST = 0.35; // of a colour

/** @type {Size} */
const SIZE = [SIDE, SIDE];

/** @type {Hand<Values>} */
const HAND = {
  handles: () => [],
  outlines: () => [],
  drag: (values, _, from, to) => ({ ...values, why_shift: values.why_shift + to[0] - from[0] }),
  move: (values, dx) => ({ ...values, why_shift: values.why_shift + dx }),
  zoom: null,
  turn: null,
};

/**
 * A digit at the left of the canvas, moved right by whole pixels.
 * @param {Float32Array} digit
 * @param {number} shift
 */
function placed(digit, shift) {
  const image = new Float32Array(SIDE * SIDE);
  const top = (SIDE - DIGIT) / 2;
  for (let row = 0; row < DIGIT; row++) {
    for (let x = 0; x + shift < SIDE && x < DIGIT; x++) {
      image[(row + top) * SIDE + x + shift] = digit[row * DIGIT + x];
    }
  }
  return image;
}

/**
 * A map of side x side after a 2x2 max-pool.
 * @param {Float32Array} map
 * @param {number} side
 */
const pooled = (map, side) =>
  Float32Array.from({ length: (side * side) / 4 }, (_, i) => {
    const at = 2 * Math.floor(i / (side / 2)) * side + 2 * (i % (side / 2));
    return Math.max(map[at], map[at + 1], map[at + side], map[at + side + 1]);
  });

/**
 * @param {Float32Array} image
 * @param {number} count of maps
 */
function stack(image, count) {
  const maps = [image];
  for (let side = SIDE; maps.length < count; side /= 2) {
    maps.push(pooled(maps[maps.length - 1], side));
  }
  return maps;
}

/** @extends {LiveFigure<Data>} */
export class Pools extends LiveFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data);
    this.digit = greysOf(data.digit);
    this.side = 100;
    this.panel = new Panel(); // the shifted digit
    this.place = this.panel.place;
    this.hint = element("p", "hint");
    /** @type {HTMLCanvasElement[][]} those as they were, and those of the shifted digit */
    this.canvases = [[], []];
    this.captions = data.table.map(() => element("figcaption"));
    const stages = data.table.map((_, k) => {
      const both = this.canvases.map((row, i) => {
        if (i && !k) return this.place;
        const canvas = element("canvas", "", { role: "img" });
        row[k] = canvas;
        return canvas;
      });
      return element("figure", "", {}, this.captions[k], ...both);
    });
    this.title = element("h5");
    this.table = element("table");
    const floor = element("div", "floor pools", {}, element("div", "stages", {}, ...stages));
    floor.append(this.title, element("div", "wide", {}, this.table));
    root.replaceChildren(this.hint, this.sliders.element, floor, this.live);
    this.touches = [new Touch(this)];
  }

  /** @param {boolean} _answers */
  took(_answers) {
    const { data, words } = this;
    this.digit = greysOf(data.digit);
    put(this.hint, words.hint_pools);
    put(this.title, data.title);
    this.place.setAttribute("aria-label", words.place_pools);
    this.captions.forEach((caption, k) => {
      const side = SIDE >> k;
      const name = k ? fill(words.figure_pools, { number: k, side }) : "";
      put(caption, name || `${words.figure_input}: ${side} × ${side}`);
    });
    this.buildTable();
  }

  buildTable() {
    const { data, words } = this;
    const shifts = data.table[0].map((_, n) => element("th", "", { scope: "col" }, String(n)));
    const corner = `${words.figure_table_pools} ╲ ${words.figure_table_shift}`;
    const head = element("tr", "", {}, element("th", "", {}, corner), ...shifts);
    const rows = data.table.map((row, k) => {
      const cells = row.map((share, n) => {
        const enough = data.needed[n];
        const name = enough !== null && k >= enough ? "enough" : "";
        return element("td", name, {}, String(Math.round(100 * share)));
      });
      return element("tr", "", {}, element("th", "", { scope: "row" }, String(k)), ...cells);
    });
    this.table.replaceChildren(head, ...rows);
  }

  /** @param {number} width */
  layout(width) {
    const narrow = width < 640;
    const count = this.data.table.length;
    this.side = Math.floor(narrow ? (width - 12) / 2 : (width - 12 * (count - 1)) / count);
    this.panel.fit(SIZE, 0.02, this.side);
    this.shown = this.panel.view;
    this.root.classList.toggle("narrow", narrow);
  }

  get size() {
    return SIZE;
  }

  get subject() {
    return this.under(HAND);
  }

  spoken() {
    const shift = Math.round(this.values.why_shift);
    const column = this.data.table.map((row) => `${Math.round(100 * row[shift])} %`);
    return fill(this.words.figure_kept, { kept: column.join(", ") });
  }

  paint() {
    const { data, colors, side } = this;
    const shift = Math.round(this.values.why_shift);
    const before = stack(placed(this.digit, 0), data.table.length);
    const after = stack(placed(this.digit, shift), data.table.length);
    before.forEach((map, k) => {
      const own = sized(this.canvases[0][k], side, side);
      cells(own, View.whole([SIDE >> k, SIDE >> k], 0.02, side), map, map, colors.quiet, "");
      const pen = k ? sized(this.canvases[1][k], side, side) : this.panel.pen();
      const view = View.whole([SIDE >> k, SIDE >> k], 0.02, side);
      cells(pen, view, after[k], map, colors.input, colors.wrong);
    });
    for (const row of this.table.rows) {
      [...row.cells].forEach((cell, n) => cell.classList.toggle("now", n === shift + 1));
    }
    return false;
  }
}

/**
 * A map with what differs from another in colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Float32Array} map
 * @param {Float32Array} other
 * @param {string} edge
 * @param {string} color
 */
function cells(pen, view, map, other, edge, color) {
  const side = Math.sqrt(map.length);
  const [left, top] = view.at([-0.5, -0.5]);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const wide = side * view.zoom;
  for (let i = 0; i < map.length; i++) {
    const x = Math.round(left + (i % side) * view.zoom);
    const y = Math.round(top + Math.floor(i / side) * view.zoom);
    const size = Math.ceil(view.zoom);
    if (color && Math.abs(map[i] - other[i]) > CHANGED) {
      const light = Math.max(map[i], LEAST);
      pen.fillStyle = `rgb(${red * light} ${green * light} ${blue * light})`;
    } else {
      const grey = Math.round(255 * map[i]);
      pen.fillStyle = `rgb(${grey} ${grey} ${grey})`;
    }
    pen.fillRect(x, y, size, size);
  }
  pen.strokeStyle = edge;
  pen.lineWidth = 3;
  pen.strokeRect(left, top, wide, wide);
}
