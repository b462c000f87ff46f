// One model's row: its network, what it makes of the picture, and the panels that show it.

import { element, put } from "./dom.js";
import { Network, matrixOf } from "./engine.js";
import {
  View,
  bars,
  cleared,
  curve,
  frame,
  gridCurves,
  matrixText,
  picture,
  readings,
  roomFor,
  samplingGrid,
} from "./paint.js";

const GRID_ROOMS = { r: 0.22, rts: 0.11, p: 0.2, e: 0.14, tc: 0.05 }; // around a picture at least: a share of its side

const percent = (value) => `${Math.round(100 * value)} %`;
const highest = (values) => values.indexOf(Math.max(...values));
const fetched = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.arrayBuffer();
};

// A network a file, read once however often it is shown. The file: the length of the description, the description, the numbers.
const networks = new Map();
let wasm = null;
function network(file) {
  if (!networks.has(file)) {
    wasm ??= fetched(new URL("kernel.wasm", import.meta.url)).then((bytes) =>
      globalThis.WebAssembly?.validate(bytes) ? bytes : null,
    );
    const read = Promise.all([fetched(new URL(file, import.meta.url)), wasm]).then(
      ([buffer, kernel]) => {
        const length = new DataView(buffer).getUint32(0, true);
        const about = JSON.parse(new TextDecoder().decode(buffer.slice(4, 4 + length)));
        return new Network(about, buffer.slice(4 + length), kernel);
      },
    );
    read.catch(() => networks.delete(file)); // the next run may have better luck
    networks.set(file, read);
  }
  return networks.get(file);
}

export class Row {
  constructor(stage, { id, name, file }) {
    Object.assign(this, {
      stage,
      id,
      name,
      file,
      network: null,
      answer: null,
      cost: 0,
      failed: false,
    });
    this.grid = element("canvas", "grid", { role: "img" });
    this.output = element("canvas", "output", { role: "img" });
    this.bars = element("canvas", "bars", { role: "img" });
    this.matrix = element("pre", "matrix");
    this.said = element("span", "answer");
    this.aside = element("span", "aside");
    this.theta = element("p", "theta");
    this.none = element("p", "none");
    const seen = element("div", "seen", {}, this.output, this.matrix, this.none);
    this.panels = element("div", "panels", {}, this.grid, seen, this.bars);
    this.element = element(
      "section",
      "row",
      { "aria-label": name },
      element("header", "", {}, element("h5", "", {}, name), this.aside, this.said),
      this.panels,
      this.theta,
    );
    network(file).then(
      (ready) => this.ready(ready),
      () => {
        this.failed = true;
        stage.request();
      },
    );
  }

  ready(network) {
    this.network = network;
    this.transformer = network.transformer;
    this.element.classList.toggle("plain", !this.transformer);
    this.element.classList.toggle("long", ["projective", "tps"].includes(this.transformer?.family)); // two lines of figures
    if (this.transformer) this.stage.lens.listen(this);
    this.stage.buildTools(); // one more grid to choose
    this.stage.changed();
  }

  get mine() {
    // theta from the visitor's hand
    const { mode, hand } = this.stage;
    return mode === "grid" && hand?.model === this.id ? hand.theta : null;
  }

  think(image) {
    const start = performance.now();
    const { mode, lens } = this.stage;
    const theta = this.mine;
    const sampler =
      mode === "look" && lens.kernel !== this.transformer?.kernel ? lens.kernel : null;
    this.image = image;
    this.answer = this.network.answer(image, theta, sampler);
    this.own = theta ? this.network.answer(image) : this.answer; // what the network says by itself
    this.cost = performance.now() - start;
  }

  paint() {
    const { stage, answer } = this;
    const { sizes, colors, label, words } = stage;
    if (!answer) {
      this.aside.textContent = this.failed ? words.no_weights : words.loading;
      return;
    }
    const { grid: side, output, bars: width } = sizes;
    const { input } = this.network;
    const least = GRID_ROOMS[stage.kind];
    const { family } = this.transformer ?? {};
    const curves = family && gridCurves(family, answer.theta, input);
    const room = curves ? roomFor(curves, input, least) : least;
    const view = (this.view = View.whole(input, room, side));
    const pen = cleared(this.grid, side, side);
    picture(pen, view, this.image, input);
    frame(pen, view, input, colors.input, 2);
    const best = highest(answer.probabilities);
    const good = label === null || best === label;
    const color = good ? colors.right : colors.wrong;
    const score = (values) =>
      `${highest(values)}${label === null ? "" : highest(values) === label ? " ✓" : " ✗"}  ${percent(Math.max(...values))}`;
    if (this.transformer) {
      const { size } = this.transformer;
      const thick = Math.max(side / 190, 0.8);
      if (this.mine)
        samplingGrid(
          pen,
          view,
          gridCurves(family, this.own.theta, input),
          { grid: colors.quiet, up: colors.quiet },
          { thick, dash: [4, 4], up: false, inner: false },
        );
      samplingGrid(pen, view, curves, colors, { thick });
      const outView = View.whole(size, 0, output);
      const out = cleared(this.output, output, output);
      picture(out, outView, answer.output, size);
      frame(out, outView, size, colors.grid, 4);
      curve(
        out,
        outView,
        [
          [-0.5, -0.5],
          [size[1] - 0.5, -0.5],
        ],
        colors.up,
        7,
        {},
      );
      stage.lens.mark(this, pen, view, out, outView);
      put(this.matrix, matrixText(family, matrixOf(family, answer.theta)));
      this.write(readings(family, answer.theta, input));
    } else {
      put(this.none, words.no_transformer);
    }
    const heads = this.mine ? words.you : "";
    put(this.said, heads + score(answer.probabilities));
    if (this.said.style.color !== color) this.said.style.color = color;
    put(this.aside, this.mine ? words.network + score(this.own.probabilities) : "");
    const pen2 = cleared(this.bars, width, side);
    bars(pen2, width, side, answer.probabilities, {
      color,
      quiet: colors.quiet,
      text: stage.text,
      font: stage.font,
      other: this.mine ? this.own.probabilities : null,
    });
  }

  write(lines) {
    if (this.theta.childElementCount !== lines.length)
      this.theta.replaceChildren(
        ...lines.map(([name]) =>
          element("span", "", {}, `${this.stage.words[name]} `, element("b")),
        ),
      );
    lines.forEach(([, figure], i) => put(this.theta.children[i].lastChild, figure));
  }

  describe() {
    // for screen readers, once things have settled
    const { words, label } = this.stage;
    if (!this.answer) return "";
    const best = highest(this.answer.probabilities);
    const text = `${this.name}: ${best}, ${percent(this.answer.probabilities[best])}`;
    this.grid.setAttribute("aria-label", this.transformer ? words.grid_label : words.input_label);
    this.output.setAttribute(
      "aria-label",
      this.transformer ? words.output_label : words.no_transformer,
    );
    this.bars.setAttribute("aria-label", `${words.bars_label} ${text}`);
    return text + (label === null ? "" : best === label ? ` ${words.right}` : ` ${words.wrong}`);
  }
}
