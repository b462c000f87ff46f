// A digit to take hold of; what the CNN's layers and its answer were before, and what they are now.

import { boxHand } from "../../browser/box_hand.js";
import { sized } from "../../browser/canvas.js";
import { DigitFigure } from "../../browser/digit_figure.js";
import { posed } from "../../browser/distortions.js";
import { element, fill, put } from "../../browser/dom.js";
import { bars, curve, frame, picture } from "../../browser/paint.js";
import { between } from "../../browser/plane.js";
import { confidence, mosaic, overlap, strongest } from "./maps.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { OfDigit } from "../../browser/digit_figure.js" */
/** @import { Maps, Network } from "../../browser/network.js" */
/** @import { Point, Size } from "../../browser/points.js" */

/**
 * What component.py sends besides.
 * @typedef {object} Own
 * @property {number} label
 * @property {number[]} probabilities PyTorch's
 * @property {string[]} curves the sliders that each have one
 * @property {Values} rest the values that move nothing
 */
/** @typedef {OfDigit & Own} Data */
/** @typedef {{ maps: Maps[], probabilities: number[] }} Seen */
/** @typedef {Seen & { shown: { chosen: number[], top: number }[] }} Before and which channels of each layer are shown */

/** @type {Size} */
const SIZE = [28, 28];
const MEASURES = { room: 0.24, share: 0.4, narrow: 0.45, most: 560 }; // with room for handles
const STEPS = 24; // of a curve

/** @param {number} share */
const percent = (share) => `${Math.round(100 * share)} %`;

/** @extends {DigitFigure<Data>} */
export class Cnn extends DigitFigure {
  /**
   * @param {HTMLElement} root
   * @param {Data} data
   */
  constructor(root, data) {
    super(root, data, MEASURES);
    /** @type {Before | null} of the digit as it was */
    this.before = null;
    /** @type {Map<string, [value: number, sure: number]>} where each curve's slider stands */
    this.here = new Map();
    /** @type {Map<string, [value: number, sure: number][]>} of each curve, as far as it is known */
    this.curves = new Map();
    this.hand = boxHand(SIZE[0], "why", { free: true });
    this.now = "";
    this.home = element("button", "plain", { type: "button" });
    this.home.addEventListener("click", () => {
      this.glideTo(this.data.rest);
      this.settle();
    });
    this.hint = element("p", "hint");
    this.strip = element("p", "strip", { "aria-hidden": "true" }); // on a phone: one does not drag blind
    const hand = element(
      "div",
      "hand",
      {},
      this.strip,
      this.place,
      this.hint,
      this.sliders.element,
    );
    hand.append(element("div", "tools", {}, this.home));
    this.rows = [0, 1].map(() => {
      const name = element("h5");
      const answer = element("b", "answer");
      const canvases = [0, 1, 2].map(() => element("canvas", "", { role: "img" }));
      const captions = [0, 1].map(() => element("figcaption"));
      const layers = [0, 1].map((i) => element("figure", "", {}, captions[i], canvases[i]));
      const head = element("header", "", {}, name, answer);
      const panels = element(
        "div",
        "panels",
        {},
        ...layers,
        element("figure", "", {}, canvases[2]),
      );
      const section = element("section", "", {}, head, panels);
      return { name, answer, canvases, captions, section };
    });
    this.sure = element("h5");
    this.charts = [0, 1, 2].map(() => {
      const canvas = element("canvas", "", { role: "img" });
      const caption = element("figcaption");
      return { canvas, caption, figure: element("figure", "", {}, canvas, caption) };
    });
    const charts = element("div", "charts", {}, ...this.charts.map(({ figure }) => figure));
    const sections = this.rows.map(({ section }) => section).toReversed(); // what moves, first
    const seen = element("div", "seen", {}, ...sections, this.sure, charts);
    root.replaceChildren(element("div", "floor", {}, hand, seen), this.agreement, this.live);
  }

  /** @param {boolean} answers */
  took(answers) {
    super.took(answers);
    const { data, words } = this;
    put(this.home, words.reset);
    put(this.hint, words.hint);
    put(this.sure, fill(words.figure_sure, { label: data.label }));
    this.place.setAttribute("aria-label", words.place);
    this.charts.forEach(({ caption }, i) => put(caption, words[data.curves[i]]));
    put(this.rows[0].name, words.figure_learned);
    put(this.rows[1].name, words.figure_moved);
  }

  forget() {
    this.before = null;
    this.here.clear();
    this.curves.clear();
  }

  // ---- what is touched

  get subject() {
    return this.under(this.hand);
  }

  /**
   * One step of the slider.
   * @param {Values} values
   * @param {number} step
   */
  zoomed({ why_scale: scale }, step) {
    return (scale + 0.05 * step) / scale;
  }

  spoken() {
    return this.now;
  }

  // ---- frames

  /** @param {Values} values */
  image({ why_x: x, why_y: y, why_angle: angle, why_scale: scale }) {
    return posed(this.digit, { angle: (angle * Math.PI) / 180, scale, shift: [x, y] }, SIZE);
  }

  /**
   * @param {Network} network
   * @param {Float32Array} image
   * @returns {Seen}
   */
  see(network, image) {
    const { probabilities } = network.answer(image);
    return { probabilities, maps: network.features().slice(0, 2) };
  }

  /**
   * @param {Network} network
   * @returns {Before}
   */
  rest(network) {
    const seen = this.see(network, this.image(this.data.rest));
    return { ...seen, shown: seen.maps.map((maps) => strongest(maps, 6)) };
  }

  paint() {
    const { data, words, colors, panel, values } = this;
    const { network, failed } = this.fetched;
    const image = this.image(values);
    const pen = panel.pen();
    picture(pen, panel.view, image, SIZE);
    frame(pen, panel.view, SIZE, colors.input, 3);
    const [{ points }] = this.hand.outlines(values);
    const handles = this.hand.handles(values);
    const { x, y } = handles[handles.length - 1];
    curve(pen, panel.view, points, "#fff", 1.5, { open: false, dash: [7, 5], rim: 1 });
    curve(pen, panel.view, [between(points[0], points[1]), [x, y]], "#fff", 1.5, { rim: 1 });
    panel.knobs.show(handles, panel.view, words);
    if (!network) {
      put(this.rows[1].answer, failed ? words.no_weights : words.loading);
      return false;
    }
    this.before ??= this.rest(network);
    const after = this.see(network, image);
    const { before } = this;
    const kept = after.maps.map((maps, i) => overlap(before.maps[i], maps));
    [before, after].forEach((seen, row) => this.paintRow(row, seen, before, kept));
    const answer = highest(after.probabilities);
    const sure = percent(after.probabilities[answer]);
    this.now = fill(words.spoken, { answer, sure, kept: kept.map(percent).join(", ") });
    const same = JSON.stringify(data.values) === JSON.stringify(values);
    const gaps = data.probabilities.map((p, i) => Math.abs(p - after.probabilities[i]));
    this.agree(same ? Math.max(...gaps) : null);
    return this.paintCurves(network);
  }

  /**
   * @param {number} row 0 is the digit as it was, 1 the moved one
   * @param {Seen} seen
   * @param {Before} before
   * @param {number[]} kept of each layer
   */
  paintRow(row, { maps, probabilities }, before, kept) {
    const { colors, data, words, wide } = this;
    const narrow = this.root.classList.contains("narrow");
    const each = Math.floor(narrow ? wide : (wide - 28) / 3);
    const { answer, canvases, captions } = this.rows[row];
    maps.forEach((own, layer) => {
      const color = row ? colors.input : colors.quiet;
      mosaic(canvases[layer], each, own, before.shown[layer], color);
      const [side] = own.size;
      const name = fill(words.figure_layer, { number: layer + 1, side });
      put(captions[layer], row ? fill(words.figure_kept, { kept: percent(kept[layer]) }) : name);
      canvases[layer].setAttribute("aria-label", name);
    });
    const best = highest(probabilities);
    const right = best === data.label;
    const color = right ? colors.right : colors.wrong;
    put(answer, `${best} ${right ? "✓" : "✗"}  ${percent(probabilities[best])}`);
    answer.style.color = color;
    if (row) {
      put(this.strip, `${words.figure_answer}: ${answer.textContent}`);
      this.strip.style.color = color;
    }
    const high = Math.round(narrow ? 110 : each * 0.66 + 22);
    const style = { color, quiet: colors.quiet, text: this.text, font: this.font, other: null };
    bars(sized(canvases[2], each, high), each, high, probabilities, style);
    canvases[2].setAttribute(
      "aria-label",
      `${words.figure_answer}: ${best}, ${percent(probabilities[best])}`,
    );
  }

  /**
   * How sure it is of the right class if one value alone changes.
   * @param {Network} network
   * @returns {boolean} whether a part of a curve is still to come
   */
  paintCurves(network) {
    const { data, colors, wide } = this;
    /** @type {(key: string, value: number) => number} */
    const sureAt = (key, value) =>
      network.answer(this.image({ ...data.rest, [key]: value })).probabilities[data.label];
    const narrow = this.root.classList.contains("narrow");
    const each = Math.floor(narrow ? wide : (wide - 24) / 3);
    let spare = 8; // answers that this frame has time for
    data.curves.forEach((key, i) => {
      const [low, high] = this.bounds[key];
      const known = this.curves.get(key) ?? [];
      this.curves.set(key, known);
      while (spare && known.length <= STEPS) {
        const value = low + ((high - low) * known.length) / STEPS;
        known.push([value, sureAt(key, value)]);
        spare--;
      }
      const now = this.values[key];
      let here = this.here.get(key);
      if (!here || here[0] !== now) {
        here = [now, sureAt(key, now)];
        this.here.set(key, here);
      }
      const style = { line: colors.quiet, mark: colors.input, text: this.text, font: this.font };
      confidence(this.charts[i].canvas, each, 120, known, here, [low, high], style);
      this.charts[i].canvas.setAttribute("aria-label", percent(here[1]));
    });
    return data.curves.some((key) => (this.curves.get(key)?.length ?? 0) <= STEPS);
  }
}

/** @param {number[]} values */
const highest = (values) => values.indexOf(Math.max(...values));
