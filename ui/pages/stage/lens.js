// A look inside the sampler: point at an output pixel and see the input pixels that it mixes, or the other way round.

import { ARROWS, element } from "./dom.js";
import { CANVAS, grid, taps, toPixel } from "./engine.js";
import { View, curve, dot, frame, picture } from "./paint.js";

export const KERNELS = ["bilinear", "bicubic", "nearest"];
const LOUPE = 7; // input pixels across

const two = (value) => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");

export class Lens {
  constructor(stage) {
    Object.assign(this, { stage, kernel: KERNELS[0], pointed: null, pinned: false });
  }

  get active() {
    return this.stage.mode === "look";
  }

  // The picture's part under the lens for a canvas of that side; null while no output pixel is pointed at.
  view(side) {
    if (!this.active || !this.pointed?.output) return null;
    const [x, y] = this.pointed.source;
    return new View(x - LOUPE / 2, y - LOUPE / 2, LOUPE, side);
  }

  clear() {
    Object.assign(this, { pointed: null, pinned: false });
  }

  keep(rows) {
    if (!rows.some((row) => row === this.pointed?.row)) this.pointed = null;
  }

  choose(kernel) {
    this.kernel = kernel;
    if (this.pointed?.output) this.pointOutput(this.pointed.row, this.pointed.output);
  }

  // Where output pixel (column, line) of a row comes from, in pixels of the input.
  sourceOf(row, [column, line]) {
    const { family, size } = row.transformer;
    const [height, width] = row.network.input;
    const points = grid(family, row.answer.theta, ...size);
    const at = 2 * (line * size[1] + column);
    return [toPixel(points[at], width), toPixel(points[at + 1], height)];
  }

  pointOutput(row, pixel) {
    if (!row.answer || !pixel) return this.pointNothing();
    const [height, width] = row.transformer.size;
    const output = [
      Math.min(Math.max(pixel[0], 0), width - 1),
      Math.min(Math.max(pixel[1], 0), height - 1),
    ];
    this.pointed = { row, output, source: this.sourceOf(row, output) };
    this.stage.note.replaceChildren(this.sum());
    this.stage.request();
  }

  pointInput(pixel) {
    const [height, width] = CANVAS[this.stage.kind];
    if (pixel[0] < 0 || pixel[1] < 0 || pixel[0] >= width || pixel[1] >= height)
      return this.pointNothing();
    this.pointed = { input: pixel };
    this.stage.note.replaceChildren(this.uses());
    this.stage.request();
  }

  pointNothing() {
    if (this.pinned) return;
    this.pointed = null;
    this.stage.note.replaceChildren(this.stage.hint());
    this.stage.request();
  }

  tapsNow() {
    const { row, source } = this.pointed;
    const [height, width] = row.network.input;
    return taps(...source, height, width, this.kernel).map((tap) => ({
      ...tap,
      value: tap.inside ? row.image[tap.row * width + tap.column] : 0,
    }));
  }

  sum() {
    const { row, output, source } = this.pointed;
    const found = this.tapsNow();
    const value = found.reduce((sum, tap) => sum + tap.weight * tap.value, 0);
    const head = element("b", "term", {}, `V(${output[0]}, ${output[1]})`);
    const terms = found.flatMap((tap, i) => [
      i ? " + " : " = ",
      element(
        "span",
        "term",
        {},
        `${two(tap.weight)}·`,
        element("i", tap.inside ? "" : "outside", {}, tap.value.toFixed(2)),
      ),
    ]);
    const place = this.stage.words.comes_from
      .replace("[x]", two(source[0]))
      .replace("[y]", two(source[1]));
    return element(
      "p",
      found.length > 4 ? "sum long" : "sum",
      {},
      `${row.name}: ${place} `,
      head,
      ...terms,
      " = ",
      element("b", "", {}, two(value)),
    );
  }

  // The output pixels of a row that an input pixel feeds, with its weight in each.
  fed(row) {
    const { family, size } = row.transformer;
    const [height, width] = row.network.input;
    const points = grid(family, row.answer.theta, ...size);
    const reach = this.kernel === "bicubic" ? 2 : 1;
    const [column, line] = this.pointed.input;
    const found = [];
    for (let i = 0; i < points.length / 2; i++) {
      const x = toPixel(points[2 * i], width);
      const y = toPixel(points[2 * i + 1], height);
      if (Math.abs(x - column) > reach || Math.abs(y - line) > reach) continue;
      const tap = taps(x, y, height, width, this.kernel).find(
        (tap) => tap.column === column && tap.row === line,
      );
      if (tap && Math.abs(tap.weight) > 1e-9)
        found.push({ output: [i % size[1], Math.floor(i / size[1])], weight: tap.weight });
    }
    return found;
  }

  uses() {
    const [column, line] = this.pointed.input;
    const value = this.stage.image[line * CANVAS[this.stage.kind][1] + column];
    const head = element("b", "", {}, `U(${column}, ${line}) = ${value.toFixed(2)}`);
    const rows = this.stage.transforming
      .filter((row) => row.answer)
      .map((row) => {
        const found = this.fed(row);
        const most = [...found].sort((a, b) => b.weight - a.weight).slice(0, 4);
        const terms = most.flatMap(({ output, weight }, i) => [
          i ? " · " : " ",
          element("span", "term", {}, `V(${output.join(", ")}) × ${weight.toFixed(2)}`),
        ]);
        return element(
          "span",
          "",
          {},
          element("br"),
          `${row.name}: ${this.stage.words.feeds.replace("[count]", found.length)}`,
          ...terms,
          found.length > 4 ? " …" : "",
        );
      });
    return element("p", "sum", {}, head, ...rows);
  }

  // What is pointed at, marked in a row's pictures.
  mark(row, pen, view, out, outView) {
    if (!this.active || !this.pointed) return;
    const { colors } = this.stage;
    if (this.pointed.row === row) {
      this.pointed.source = this.sourceOf(row, this.pointed.output);
      const [x, y] = this.pointed.output;
      curve(
        out,
        outView,
        [
          [x - 0.5, y - 0.5],
          [x + 0.5, y - 0.5],
          [x + 0.5, y + 0.5],
          [x - 0.5, y + 0.5],
        ],
        "#fff",
        2,
        { open: false, rim: 1.5 },
      );
      dot(pen, view, this.pointed.source, 5, "#fff");
    }
    if (this.pointed.input) {
      for (const {
        output: [x, y],
        weight,
      } of this.fed(row)) {
        out.fillStyle = colors.grid;
        out.globalAlpha = 0.25 + 0.75 * Math.min(Math.abs(weight), 1);
        out.fillRect(...outView.at([x - 0.5, y - 0.5]), outView.zoom, outView.zoom);
        out.globalAlpha = 1;
      }
      const [x, y] = this.pointed.input;
      curve(
        pen,
        view,
        [
          [x - 0.5, y - 0.5],
          [x + 0.5, y - 0.5],
          [x + 0.5, y + 0.5],
          [x - 0.5, y + 0.5],
        ],
        "#fff",
        2,
        { open: false, rim: 1.5 },
      );
    }
  }

  // Input pixels with their values, the sampling grid's points among them, and the pixels that are mixed with their weights.
  paint(pen, view) {
    const { row } = this.pointed;
    const size = row.network.input;
    const [height, width] = size;
    const { colors, font, sizes } = this.stage;
    const side = sizes.input;
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, side, side);
    pen.clip();
    pen.fillStyle = "rgba(128, 128, 128, 0.25)";
    pen.fillRect(0, 0, side, side);
    picture(pen, view, row.image, size);
    const big = Math.round(view.zoom / 3.6);
    Object.assign(pen, { textAlign: "center", textBaseline: "middle" });
    const found = this.tapsNow();
    const used = new Map(found.map((tap) => [`${tap.column},${tap.row}`, tap]));
    const [left, top] = [Math.floor(view.left), Math.floor(view.top)];
    const pixels = Array.from({ length: (LOUPE + 2) ** 2 }, (_, i) => [
      left + (i % (LOUPE + 2)),
      top + Math.floor(i / (LOUPE + 2)),
    ]);
    Object.assign(pen, { strokeStyle: "rgba(128, 128, 128, 0.5)", lineWidth: 1 });
    for (const [column, line] of pixels)
      pen.strokeRect(...view.at([column - 0.5, line - 0.5]), view.zoom, view.zoom);
    const [column, line] = this.pointed.output;
    const [high, wide] = row.transformer.size;
    for (let i = Math.max(line - 6, 0); i <= Math.min(line + 6, high - 1); i++) {
      for (let j = Math.max(column - 6, 0); j <= Math.min(column + 6, wide - 1); j++) {
        if (i !== line || j !== column) dot(pen, view, this.sourceOf(row, [j, i]), 3, colors.grid);
      }
    }
    const lasts = (key) => [
      Math.min(...found.map((tap) => tap[key])),
      Math.max(...found.map((tap) => tap[key])),
    ];
    const [[x0, x1], [y0, y1]] = [lasts("column"), lasts("row")];
    curve(
      pen,
      view,
      [
        [x0 - 0.5, y0 - 0.5],
        [x1 + 0.5, y0 - 0.5],
        [x1 + 0.5, y1 + 0.5],
        [x0 - 0.5, y1 + 0.5],
      ],
      colors.grid,
      4,
      { open: false },
    );
    for (const [column, line] of pixels) {
      const inside = column >= 0 && line >= 0 && column < width && line < height;
      const tap = used.get(`${column},${line}`);
      const value = inside ? row.image[line * width + column] : 0;
      const bright = value > 0.55;
      const [x, y] = view.at([column, line]);
      const write = (text, y, color, size, weight) => {
        Object.assign(pen, {
          font: `${weight} ${Math.round(size)}px ${font}`,
          fillStyle: color,
          strokeStyle: bright ? "#fff" : "#000",
          lineWidth: 3,
          lineJoin: "round",
        });
        if (tap) pen.strokeText(text, x, y);
        pen.fillText(text, x, y);
      };
      pen.globalAlpha = tap ? 1 : 0.6;
      if (inside || tap)
        write(
          value.toFixed(2),
          y - (tap ? 0.22 * view.zoom : 0),
          bright ? "#000" : "#fff",
          tap ? big : 0.8 * big,
          tap ? 700 : 400,
        );
      if (tap)
        write(
          `× ${two(tap.weight)}`,
          y + 0.24 * view.zoom,
          bright ? "#8a5200" : colors.grid,
          0.92 * big,
          700,
        );
      pen.globalAlpha = 1;
    }
    for (const [color, thick] of [
      ["#000", 5],
      [colors.grid, 3],
    ]) {
      // the place itself, as a ring, so that the figures can be read
      Object.assign(pen, { strokeStyle: color, lineWidth: thick });
      pen.beginPath();
      pen.arc(...view.at(this.pointed.source), 9, 0, 7);
      pen.stroke();
    }
    frame(pen, view, size, colors.input, 3);
    pen.restore();
    Object.assign(pen, { strokeStyle: colors.quiet, lineWidth: 1 });
    pen.strokeRect(0.5, 0.5, side - 1, side - 1);
  }

  listen(row) {
    const { output: canvas, grid: map } = row;
    const pixel = (event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const [, wide] = row.transformer.size;
      return [
        Math.floor(((event.clientX - left) / width) * wide),
        Math.floor(((event.clientY - top) / width) * wide),
      ];
    };
    const point = (event) => {
      if (this.active && !this.pinned) this.pointOutput(row, pixel(event));
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.active) return;
      this.pinned = event.pointerType !== "mouse" ? false : !this.pinned;
      this.pointOutput(row, pixel(event));
      canvas.focus({ preventScroll: true });
    });
    canvas.addEventListener(
      "pointerleave",
      (event) => event.pointerType === "mouse" && this.active && this.pointNothing(),
    );
    canvas.addEventListener(
      "focus",
      () =>
        this.active &&
        canvas.matches(":focus-visible") &&
        this.pointed?.row !== row &&
        this.pointOutput(
          row,
          row.transformer.size.map((side) => side >> 1),
        ),
    );
    canvas.addEventListener("keydown", (event) => {
      if (!this.active) return;
      if (event.key === "Escape") {
        this.pinned = false;
        this.pointNothing();
      }
      if (!ARROWS[event.key]) return;
      event.preventDefault();
      this.pinned = true;
      const [dx, dy] = ARROWS[event.key];
      const [x, y] =
        this.pointed?.row === row
          ? this.pointed.output
          : row.transformer.size.map((side) => side >> 1);
      this.pointOutput(row, [x + dx, y + dy]);
      this.stage.sayLater(() => this.stage.note.textContent);
    });
    map.addEventListener("pointermove", (event) => {
      if (!this.active || this.pinned) return;
      const { left, top } = map.getBoundingClientRect();
      this.pointInput(row.view.pixel([event.clientX - left, event.clientY - top]).map(Math.round));
    });
    map.addEventListener("pointerleave", () => this.active && this.pointNothing());
  }

  // The pointer is on the big picture.
  at(event, pressed) {
    if (this.pointed?.output) {
      if (pressed) {
        this.pinned = false;
        this.pointNothing();
      }
      return;
    }
    if (pressed) event.preventDefault();
    const pixel = this.stage.shown.pixel(this.stage.local(event)).map(Math.round);
    if (pressed) this.pinned = !this.pinned && event.pointerType === "mouse";
    if (pressed || !this.pinned) this.pointInput(pixel);
  }
}
