// One model's row: its network, what it makes of the picture, and the panels that show it.

import { sized } from "../../browser/canvas.js";
import { element, put, servedUrl } from "../../browser/dom.js";
import { networkAt } from "../../browser/networks.js";
import { bars, curve, frame, picture } from "../../browser/paint.js";
import { matrixText, readings } from "../../browser/readings.js";
import { gridCurves, roomFor, samplingGrid } from "../../browser/sampling_grid.js";
import { term } from "../../browser/terms.js";
import { View } from "../../browser/view.js";

/** @import { Kind } from "../../browser/distortions.js" */
/** @import { Answer, Network, Transformer } from "../../browser/network.js" */
/** @import { Size } from "../../browser/points.js" */
/** @import { Family } from "../../browser/transforms.js" */
/** @import { Pen } from "../../browser/paint.js" */
/** @import { Stage } from "./stage.js" */

/** @typedef {{ id: string, name: string, about: string, file: string }} Model as component.py sends it */

/**
 * What a network made of an image.
 * @typedef {object} Thought
 * @property {Float32Array} image
 * @property {Answer} answer with the visitor's theta, if there is one
 * @property {Answer} own by itself
 */

/**
 * What its transformer did.
 * @typedef {object} Warped
 * @property {Family} family
 * @property {Size} input
 * @property {Size} size of the output
 * @property {Float32Array} image
 * @property {number[]} theta
 * @property {number[]} ownTheta the network's
 * @property {Float32Array} output
 */

/** @type {Record<Kind, number>} Around a picture at least: a share of its side. */
const ROOMS = { r: 0.22, rts: 0.11, p: 0.2, e: 0.14, tc: 0.05 };

/** @param {number} value */
const percent = (value) => `${Math.round(100 * value)} %`;
/** @param {number[]} values */
const highest = (values) => values.indexOf(Math.max(...values));

export class Row {
  /**
   * @param {Stage} stage
   * @param {Model} model
   */
  constructor(stage, { id, name, about, file }) {
    this.stage = stage;
    this.id = id;
    this.name = name;
    this.file = file;
    /** @type {Network | null} */
    this.network = null;
    /** @type {Thought | null} */
    this.thought = null;
    /** @type {View | null} of its picture */
    this.view = null;
    this.cost = 0; // ms that it thought
    this.failed = false;
    this.grid = element("canvas", "grid", { role: "img" });
    this.output = element("canvas", "output", { role: "img" });
    this.bars = element("canvas", "bars", { role: "img" });
    this.matrix = element("pre", "matrix");
    this.said = element("span", "answer");
    this.aside = element("span", "aside");
    this.theta = element("p", "theta");
    this.none = element("p", "none");
    const heading = element("h5", "", {}, term(name, about));
    const header = element("header", "", {}, heading, this.aside, this.said);
    const seen = element("div", "seen", {}, this.output, this.matrix, this.none);
    const panels = element("div", "panels", {}, this.grid, seen, this.bars);
    this.element = element("section", "row", { "aria-label": name }, header, panels, this.theta);
    networkAt(servedUrl(file)).then(
      (network) => this.ready(network),
      () => {
        this.failed = true;
        stage.request();
      },
    );
  }

  /** @param {Network} network */
  ready(network) {
    this.network = network;
    const family = this.transformer?.family;
    this.element.classList.toggle("plain", !family);
    this.element.classList.toggle("long", family === "projective" || family === "tps"); // two lines of figures
    if (family) this.stage.lens.listen(this);
    this.stage.buildTools(); // one more grid to choose
    this.stage.changed();
  }

  /** @returns {Transformer | null} null also while the network is under way */
  get transformer() {
    return this.network?.transformer ?? null;
  }

  /** @returns {number[] | null} theta from the visitor's hand */
  get mine() {
    const { mode, hand } = this.stage;
    return mode === "grid" && hand?.model === this.id ? hand.theta : null;
  }

  /** @returns {Warped | null} null without a transformer, and before the first thought */
  get warped() {
    const { network, transformer, thought } = this;
    if (!network || !transformer || !thought) return null;
    const { theta, output } = thought.answer;
    const ownTheta = thought.own.theta;
    if (!theta || !output || !ownTheta) return null;
    const { family, size } = transformer;
    return { family, size, input: network.input, image: thought.image, theta, ownTheta, output };
  }

  /**
   * @param {Network} network
   * @param {Float32Array} image
   */
  think(network, image) {
    const start = performance.now();
    const { mode, lens } = this.stage;
    const own = this.mine ? null : this.opened(network, image);
    const theta = this.mine ?? own;
    const other = mode === "look" && lens.kernel !== this.transformer?.kernel;
    const answer = network.answer(image, theta, other ? lens.kernel : null);
    this.thought = { image, answer, own: this.mine ? network.answer(image) : answer };
    this.cost = performance.now() - start;
  }

  /**
   * The theta that the opening is at.
   * @param {Network} network
   * @param {Float32Array} image
   */
  opened(network, image) {
    const { opening } = this.stage;
    if (!opening || opening.over || opening.share === 1 || !network.transformer) return null;
    const own = network.answer(image).theta;
    return own && opening.theta(network.transformer.family, own);
  }

  /**
   * The largest difference from PyTorch's probabilities; not a number while there are none.
   * @param {number[][] | undefined} given by itself, and with the visitor's theta
   */
  distance(given) {
    if (!this.thought || this.stage.stale.has(this) || this.stage.lens.changes(this)) return NaN;
    const { own, answer } = this.thought;
    const pairs = this.mine ? [own, answer] : [own];
    if (given?.length !== pairs.length) return NaN;
    const gaps = pairs.flatMap(({ probabilities }, i) =>
      probabilities.map((value, k) => Math.abs(value - given[i][k])),
    );
    return Math.max(...gaps);
  }

  paint() {
    const { stage, network, thought } = this;
    const { sizes, colors, words } = stage;
    if (!network || !thought || !sizes) {
      this.aside.textContent = this.failed ? words.no_weights : words.loading;
      return;
    }
    const { grid: side, bars: width } = sizes;
    const { input } = network;
    const { answer, own, image } = thought;
    const { mine, warped } = this;
    const least = ROOMS[stage.kind];
    const curves = warped && gridCurves(warped.family, warped.theta, input);
    const view = View.whole(input, curves ? roomFor(curves, input, least) : least, side);
    this.view = view;
    const pen = sized(this.grid, side, side);
    picture(pen, view, image, input);
    frame(pen, view, input, colors.input, 2);
    if (warped && curves) {
      const thick = Math.max(side / 190, 0.8);
      if (mine) {
        const quiet = { grid: colors.quiet, up: colors.quiet };
        const style = { thick, dash: [4, 4], up: false, inner: false };
        samplingGrid(pen, view, gridCurves(warped.family, warped.ownTheta, input), quiet, style);
      }
      samplingGrid(pen, view, curves, colors, { thick });
      this.paintOutput(pen, view, warped);
      put(this.matrix, matrixText(warped.family, warped.theta));
      this.write(readings(warped.family, warped.theta, input));
    } else {
      put(this.none, words.no_transformer);
    }
    const right = this.right(answer.probabilities);
    const color = right === null ? colors.unknown : right ? colors.right : colors.wrong;
    put(this.said, (mine ? words.you : "") + this.score(answer.probabilities));
    if (this.said.style.color !== color) this.said.style.color = color;
    put(this.aside, mine ? words.network + this.score(own.probabilities) : "");
    bars(sized(this.bars, width, side), width, side, answer.probabilities, {
      color,
      quiet: colors.quiet,
      text: stage.text,
      font: stage.font,
      other: mine ? own.probabilities : null,
    });
  }

  /**
   * What the classifier sees, and what is pointed at.
   * @param {Pen} pen of the input's picture
   * @param {View} view
   * @param {Warped} warped
   */
  paintOutput(pen, view, { size, output }) {
    const { stage } = this;
    const { colors, sizes } = stage;
    if (!sizes) return;
    const side = sizes.output;
    const outView = View.whole(size, 0, side);
    const out = sized(this.output, side, side);
    picture(out, outView, output, size);
    frame(out, outView, size, colors.grid, 4);
    const right = size[1] - 0.5;
    curve(
      out,
      outView,
      [
        [-0.5, -0.5],
        [right, -0.5],
      ],
      colors.up,
      7,
    );
    stage.lens.mark(this, pen, view, out, outView);
  }

  /**
   * Whether that is the right class; null for a digit without a label.
   * @param {number[]} probabilities
   */
  right(probabilities) {
    const { label } = this.stage;
    return label === null ? null : highest(probabilities) === label;
  }

  /** @param {number[]} probabilities */
  score(probabilities) {
    const right = this.right(probabilities);
    const mark = right === null ? "" : right ? " ✓" : " ✗";
    return `${highest(probabilities)}${mark}  ${percent(Math.max(...probabilities))}`;
  }

  /** @param {[name: string, figure: string][]} lines */
  write(lines) {
    const { words } = this.stage;
    if (this.theta.childElementCount !== lines.length + 1) {
      const spans = lines.map(([name]) => element("span", "", {}, `${words[name]} `, element("b")));
      this.theta.replaceChildren(term("θ", words.term_theta), ...spans);
    }
    lines.forEach(([, figure], i) => {
      const last = this.theta.children[i + 1].lastChild;
      if (last) put(last, figure);
    });
  }

  /** For screen readers, once things have settled. */
  describe() {
    const { words } = this.stage;
    if (!this.thought) return "";
    const { probabilities } = this.thought.answer;
    const best = highest(probabilities);
    const text = `${this.name}: ${best}, ${percent(probabilities[best])}`;
    const { transformer } = this;
    this.grid.setAttribute("aria-label", transformer ? words.grid_label : words.input_label);
    this.output.setAttribute("aria-label", transformer ? words.output_label : words.no_transformer);
    this.bars.setAttribute("aria-label", `${words.bars_label} ${text}`);
    const right = this.right(probabilities);
    return text + (right === null ? "" : ` ${right ? words.right : words.wrong}`);
  }
}
