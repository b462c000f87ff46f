// A look inside the sampler: point at an output pixel and see the input pixels that it mixes, or the
// other way round.

import { CANVAS } from "../../browser/distortions.js";
import { ARROWS } from "../../browser/dom.js";
import { toPixel } from "../../browser/points.js";
import { taps } from "../../browser/sampler.js";
import { grid } from "../../browser/transforms.js";
import { fedText, sumText } from "./arithmetic.js";
import { LOUPE, paintLoupe } from "./loupe.js";
import { curve, dot, edges } from "../../browser/paint.js";
import { View } from "../../browser/view.js";

/** @import { Point, Size } from "../../browser/points.js" */
/** @import { Kernel } from "../../browser/sampler.js" */
/** @import { Pen } from "../../browser/paint.js" */
/** @import { Row, Warped } from "./row.js" */
/** @import { Stage } from "./stage.js" */

/** @typedef {{ column: number, row: number, weight: number, inside: boolean, value: number }} Tap */
/** @typedef {{ output: Point, weight: number }} Fed an output pixel and the weight that it takes */
/** @typedef {{ row: Row, output: Point, source: Point }} PointedOutput */

/** @type {Kernel[]} */
export const KERNELS = ["bilinear", "bicubic", "nearest"];

/** @type {(size: Size) => Point} */
const middleOf = ([height, width]) => [width >> 1, height >> 1];

export class Lens {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Kernel} */
    this.kernel = KERNELS[0];
    /** @type {PointedOutput | null} */
    this.output = null;
    /** @type {Point | null} a pixel of the input */
    this.input = null;
    this.pinned = false;
  }

  get active() {
    return this.stage.mode === "look";
  }

  /**
   * Whether a row answers with another kernel than its own.
   * @param {Row} row
   */
  changes({ transformer }) {
    return this.active && transformer !== null && transformer.kernel !== this.kernel;
  }

  get pointed() {
    return this.output !== null || this.input !== null;
  }

  /**
   * The picture's part under the lens; null while no output pixel is pointed at.
   * @param {number} side of the canvas
   */
  view(side) {
    if (!this.active || !this.output) return null;
    const [x, y] = this.output.source;
    return new View(x - LOUPE / 2, y - LOUPE / 2, LOUPE, side);
  }

  clear() {
    this.output = null;
    this.input = null;
    this.pinned = false;
  }

  /** @param {Row[]} rows that are shown */
  keep(rows) {
    if (this.output && rows.includes(this.output.row)) return;
    this.output = null;
    this.input = null;
  }

  /** @param {Kernel} kernel */
  choose(kernel) {
    this.kernel = kernel;
    if (this.output) this.pointOutput(this.output.row, this.output.output);
  }

  /**
   * Where output pixel (column, line) comes from, in pixels of the input.
   * @param {Warped} warped
   * @param {Point} pixel
   * @returns {Point}
   */
  sourceOf({ family, theta, size, input }, [column, line]) {
    const points = grid(family, theta, ...size);
    const at = 2 * (line * size[1] + column);
    return [toPixel(points[at], input[1]), toPixel(points[at + 1], input[0])];
  }

  /**
   * @param {Row} row
   * @param {Point} pixel
   */
  pointOutput(row, pixel) {
    const { warped } = row;
    if (!warped) return this.pointNothing();
    const [height, width] = warped.size;
    /** @type {Point} */
    const output = [
      Math.min(Math.max(pixel[0], 0), width - 1),
      Math.min(Math.max(pixel[1], 0), height - 1),
    ];
    const source = this.sourceOf(warped, output);
    this.output = { row, output, source };
    this.input = null;
    const { words, note } = this.stage;
    note.replaceChildren(sumText(row.name, output, source, this.tapsAt(warped, source), words));
    this.stage.request();
  }

  /** @param {Point} pixel */
  pointInput(pixel) {
    const { stage } = this;
    const [height, width] = CANVAS[stage.kind];
    const [column, line] = pixel;
    if (column < 0 || line < 0 || column >= width || line >= height) return this.pointNothing();
    this.output = null;
    this.input = pixel;
    const rows = stage.rows.flatMap(({ name, warped }) =>
      warped ? [{ name, fed: this.fed(warped, pixel) }] : [],
    );
    const value = stage.image[line * width + column];
    stage.note.replaceChildren(fedText(pixel, value, rows, stage.words));
    stage.request();
  }

  pointNothing() {
    if (this.pinned) return;
    this.output = null;
    this.input = null;
    this.stage.note.replaceChildren(this.stage.hint());
    this.stage.request();
  }

  /**
   * The input pixels that are mixed at a place.
   * @param {Warped} warped
   * @param {Point} source
   * @returns {Tap[]}
   */
  tapsAt({ input: [height, width], image }, [x, y]) {
    return taps(x, y, height, width, this.kernel).map((tap) => {
      return { ...tap, value: tap.inside ? image[tap.row * width + tap.column] : 0 };
    });
  }

  /**
   * The output pixels that an input pixel feeds.
   * @param {Warped} warped
   * @param {Point} pixel
   * @returns {Fed[]}
   */
  fed({ family, theta, size, input: [height, width] }, [column, line]) {
    const points = grid(family, theta, ...size);
    const reach = this.kernel === "bicubic" ? 2 : 1;
    /** @type {Fed[]} */
    const found = [];
    for (let i = 0; i < points.length / 2; i++) {
      const x = toPixel(points[2 * i], width);
      const y = toPixel(points[2 * i + 1], height);
      if (Math.abs(x - column) > reach || Math.abs(y - line) > reach) continue;
      const all = taps(x, y, height, width, this.kernel);
      const tap = all.find((tap) => tap.column === column && tap.row === line);
      if (!tap || Math.abs(tap.weight) <= 1e-9) continue;
      found.push({ output: [i % size[1], Math.floor(i / size[1])], weight: tap.weight });
    }
    return found;
  }

  /**
   * What is pointed at, marked in a row's pictures.
   * @param {Row} row
   * @param {Pen} pen
   * @param {View} view
   * @param {Pen} out
   * @param {View} outView
   */
  mark(row, pen, view, out, outView) {
    const { warped } = row;
    if (!this.active || !warped) return;
    const style = { open: false, rim: 1.5 };
    if (this.output?.row === row) {
      this.output.source = this.sourceOf(warped, this.output.output);
      curve(out, outView, edges(this.output.output), "#fff", 2, style);
      dot(pen, view, this.output.source, 5, "#fff");
    }
    if (this.input) {
      for (const { output, weight } of this.fed(warped, this.input)) {
        const [[left, top]] = edges(output);
        out.fillStyle = this.stage.colors.grid;
        out.globalAlpha = 0.25 + 0.75 * Math.min(Math.abs(weight), 1);
        out.fillRect(...outView.at([left, top]), outView.zoom, outView.zoom);
        out.globalAlpha = 1;
      }
      curve(pen, view, edges(this.input), "#fff", 2, style);
    }
  }

  /**
   * The loupe on the big picture.
   * @param {Pen} pen
   * @param {View} view
   */
  paint(pen, view) {
    const { warped } = this.output?.row ?? {};
    if (!this.output || !warped) return;
    const { output, source } = this.output;
    const { colors, font } = this.stage;
    const [column, line] = output;
    const [high, wide] = warped.size;
    const others = [];
    for (let i = Math.max(line - 6, 0); i <= Math.min(line + 6, high - 1); i++) {
      for (let j = Math.max(column - 6, 0); j <= Math.min(column + 6, wide - 1); j++) {
        if (i !== line || j !== column) others.push(this.sourceOf(warped, [j, i]));
      }
    }
    const found = this.tapsAt(warped, source);
    paintLoupe(
      pen,
      view,
      { image: warped.image, size: warped.input, source, others, found },
      colors,
      font,
    );
  }

  // ------------------------------------------------------------------------------- pointers and keys

  /** @param {Row} row */
  listen(row) {
    const { output: canvas, grid: map } = row;
    const sizeOf = () => row.transformer?.size ?? [1, 1];
    /**
     * @param {PointerEvent} event
     * @returns {Point}
     */
    const pixel = (event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const wide = sizeOf()[1];
      return [
        Math.floor(((event.clientX - left) / width) * wide),
        Math.floor(((event.clientY - top) / width) * wide),
      ];
    };
    canvas.addEventListener("pointermove", (event) => {
      if (this.active && !this.pinned) this.pointOutput(row, pixel(event));
    });
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.active) return;
      this.pinned = event.pointerType === "mouse" && !this.pinned;
      this.pointOutput(row, pixel(event));
      canvas.focus({ preventScroll: true });
    });
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && this.active) this.pointNothing();
    });
    canvas.addEventListener("focus", () => {
      if (!this.active || !canvas.matches(":focus-visible") || this.output?.row === row) return;
      this.pointOutput(row, middleOf(sizeOf()));
    });
    canvas.addEventListener("keydown", (event) => this.key(row, event));
    map.addEventListener("pointermove", (event) => {
      if (!this.active || this.pinned || !row.view) return;
      const { left, top } = map.getBoundingClientRect();
      const [x, y] = row.view.pixel([event.clientX - left, event.clientY - top]);
      this.pointInput([Math.round(x), Math.round(y)]);
    });
    map.addEventListener("pointerleave", () => {
      if (this.active) this.pointNothing();
    });
  }

  /**
   * @param {Row} row
   * @param {KeyboardEvent} event
   */
  key(row, event) {
    if (!this.active) return;
    if (event.key === "Escape") {
      this.pinned = false;
      this.pointNothing();
    }
    const arrow = ARROWS[event.key];
    if (!arrow || !row.transformer) return;
    event.preventDefault();
    this.pinned = true;
    const own = this.output?.row === row ? this.output.output : middleOf(row.transformer.size);
    this.pointOutput(row, [own[0] + arrow[0], own[1] + arrow[1]]);
    this.stage.sayLater(() => this.stage.note.textContent ?? "");
  }

  /**
   * The pointer is on the big picture.
   * @param {PointerEvent} event
   * @param {boolean} pressed
   */
  at(event, pressed) {
    if (this.output) {
      if (pressed) {
        this.pinned = false;
        this.pointNothing();
      }
      return;
    }
    if (pressed) event.preventDefault();
    const [x, y] = this.stage.shown.pixel(this.stage.local(event));
    if (pressed) this.pinned = !this.pinned && event.pointerType === "mouse";
    if (pressed || !this.pinned) this.pointInput([Math.round(x), Math.round(y)]);
  }
}
