// The live stage: what the hand does goes through the engine to the screen in the same frame; what has settled goes to Python.

import { CANVAS, DIGIT, FAMILIES, Network, distort, grid, matrixOf, mnistForm, parametersOf, sample, taps, toPixel } from "./engine.js";
import { digitHand, thetaHand } from "./hands.js";
import { Pad } from "./pad.js";
import { View, bars, cleared, curve, dot, frame, matrixText, picture, readings, samplingGrid } from "./paint.js";

const MODES = ["digit", "grid", "look", "draw"];
const KERNELS = ["bilinear", "bicubic", "nearest"];
const ROOMS = { r: 0.24, rts: 0.1, p: 0.28, e: 0.16, tc: 0.05 }; // around the image, for handles: a share of its side
const GRID_ROOMS = { r: 0.22, rts: 0.11, p: 0.2, e: 0.14, tc: 0.05 }; // where sampling grids are shown over it
const LOUPE = 7; // input pixels across in the loupe
const BUDGET = 20; // ms of a frame for the networks; those that do not fit answer in the next one
const GLIDE = 220, PAUSE = 250; // ms: following a slider, waiting for the last key or turn of the wheel
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ICONS = { digit: "✥", grid: "▦", look: "⌕", draw: "✎" };

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const inkOf = (text) => Float32Array.from(bytesOf(text), (byte) => byte / 255);
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
    wasm ??= fetched(new URL("kernel.wasm", import.meta.url)).then((bytes) => (globalThis.WebAssembly?.validate(bytes) ? bytes : null));
    const read = Promise.all([fetched(new URL(file, import.meta.url)), wasm]).then(([buffer, kernel]) => {
      const length = new DataView(buffer).getUint32(0, true);
      const about = JSON.parse(new TextDecoder().decode(buffer.slice(4, 4 + length)));
      return new Network(about, buffer.slice(4 + length), kernel);
    });
    read.catch(() => networks.delete(file)); // the next run may have better luck
    networks.set(file, read);
  }
  return networks.get(file);
}

function element(name, className, attributes = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const put = (node, text) => node.textContent !== text && (node.textContent = text); // the layout is left alone where nothing changes
const onto = (a, b, share) => (Array.isArray(a) ? a.map((value, i) => onto(value, b[i], share)) : a + (b - a) * share);
const fitted = ([low, high, step], value) => Number((low + Math.round((Math.min(Math.max(value, low), high) - low) / step) * step).toFixed(6));
const held = ([low, high], value) => Math.min(Math.max(value, low), high);
const two = (value) => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");
const percent = (value) => `${Math.round(100 * value)} %`;
const highest = (values) => values.indexOf(Math.max(...values));
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// ------------------------------------------------------------------------------------------------------------ one model's row

class Row {
  constructor(stage, { id, name, file }) {
    Object.assign(this, { stage, id, name, file, network: null, answer: null, cost: 0, failed: false });
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
    this.element = element("section", "row", { "aria-label": name }, element("header", "", {}, element("h5", "", {}, name), this.aside, this.said), this.panels, this.theta);
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
    if (this.transformer) this.stage.listenForPixels(this);
    this.stage.buildTools(); // one more grid to choose
    this.stage.changed();
  }

  get mine() { // theta from the visitor's hand
    const { mode, hand } = this.stage;
    return mode === "grid" && hand?.model === this.id ? hand.theta : null;
  }

  think(image) {
    const start = performance.now(), { mode, kernel } = this.stage, theta = this.mine;
    const sampler = mode === "look" && kernel !== this.transformer?.kernel ? kernel : null;
    this.image = image;
    this.answer = this.network.answer(image, theta, sampler);
    this.own = theta ? this.network.answer(image) : this.answer; // what the network says by itself
    this.cost = performance.now() - start;
  }

  paint() {
    const { stage, answer } = this, { sizes, colors, label, words } = stage;
    if (!answer) {
      this.aside.textContent = this.failed ? words.no_weights : words.loading;
      return;
    }
    const { grid: side, output, bars: width } = sizes, { input } = this.network;
    const view = View.whole(input, GRID_ROOMS[stage.kind], side), pen = cleared(this.grid, side, side);
    picture(pen, view, this.image, input);
    frame(pen, view, input, colors.input, 2);
    const best = highest(answer.probabilities), good = label === null || best === label;
    const color = good ? colors.right : colors.wrong;
    const score = (values) => `${highest(values)}${label === null ? "" : highest(values) === label ? " ✓" : " ✗"}  ${percent(Math.max(...values))}`;
    if (this.transformer) {
      const { family, size } = this.transformer, thick = Math.max(side / 190, 0.8);
      if (this.mine) samplingGrid(pen, view, family, this.own.theta, input, { grid: colors.quiet, up: colors.quiet }, { thick, dash: [4, 4], up: false, inner: false });
      samplingGrid(pen, view, family, answer.theta, input, colors, { thick });
      const outView = View.whole(size, 0, output), out = cleared(this.output, output, output);
      picture(out, outView, answer.output, size);
      frame(out, outView, size, colors.grid, 4);
      curve(out, outView, [[-0.5, -0.5], [size[1] - 0.5, -0.5]], colors.up, 7, {});
      stage.paintPointed(this, pen, view, out, outView);
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
    bars(pen2, width, side, answer.probabilities, { color, quiet: colors.quiet, text: stage.text, font: stage.font, other: this.mine ? this.own.probabilities : null });
  }

  write(lines) {
    if (this.theta.childElementCount !== lines.length) this.theta.replaceChildren(...lines.map(([name]) => element("span", "", {}, `${this.stage.words[name]} `, element("b"))));
    lines.forEach(([, figure], i) => put(this.theta.children[i].lastChild, figure));
  }

  describe() { // for screen readers, once things have settled
    const { words, label } = this.stage;
    if (!this.answer) return "";
    const best = highest(this.answer.probabilities), text = `${this.name}: ${best}, ${percent(this.answer.probabilities[best])}`;
    this.grid.setAttribute("aria-label", this.transformer ? words.grid_label : words.input_label);
    this.output.setAttribute("aria-label", this.transformer ? words.output_label : words.no_transformer);
    this.bars.setAttribute("aria-label", `${words.bars_label} ${text}`);
    return text + (label === null ? "" : best === label ? ` ${words.right}` : ` ${words.wrong}`);
  }
}

// -------------------------------------------------------------------------------------------------------------------- the stage

class Stage {
  constructor(root) {
    Object.assign(this, { root, rows: [], values: null, mode: "digit", kernel: "bilinear", hand: null, pointed: null, pinned: false });
    Object.assign(this, { glide: null, pulled: null, busy: false, sent: 0, pending: false, fingers: new Map(), pad: new Pad(), drawn: null, stroking: null });
    this.frame = this.frame.bind(this);
    this.build();
    new ResizeObserver(() => this.layout()).observe(root);
    addEventListener("resize", () => this.layout());
  }

  build() {
    this.tools = element("div", "tools", { role: "toolbar" });
    this.canvas = element("canvas", "input");
    this.knobs = element("div", "knobs");
    this.place = element("div", "place", { tabindex: "0", role: "application" }, this.canvas, this.knobs);
    this.note = element("div", "note");
    this.table = element("div", "rows");
    this.live = element("p", "live", { "aria-live": "polite" });
    this.root.replaceChildren(this.tools, element("div", "floor", {}, element("div", "hand", {}, this.place, this.note), this.table), this.live);
    this.listen();
  }

  // What Python knows: at every run of the page.
  receive(data, send) {
    const first = this.values === null, { kind } = data, before = this.state();
    const changedWords = JSON.stringify(data.words) !== JSON.stringify(this.words), words = changedWords ? data.words : this.words;
    Object.assign(this, { send, words, colors: data.colors, label: data.label, bounds: data.bounds, neutral: data.neutral });
    const fresh = data.echo >= this.sent && !this.busy; // it answers what was sent last, and no hand has gone on since
    let turned = false;
    if (first || fresh) {
      if (this.digitText !== data.digit) {
        this.digitText = data.digit;
        this.digit = inkOf(data.digit);
        if (data.digit !== this.drawnText) this.pad.clear();
      }
      if (first || kind !== this.kind || calm()) this.values = data.values;
      else this.glideTo(data.values, GLIDE);
      this.kind = kind;
      this.seeded = { ...data.seeded, patches: data.seeded.patches?.map(inkOf) };
      this.grip = digitHand(kind, this.seeded);
      this.hand = data.hand;
      const given = `${data.mode} ${data.kernel}`;
      turned = given !== this.given && given !== `${this.mode} ${this.kernel}`; // by the address: at first, or by a lecture
      if (turned) Object.assign(this, { mode: data.mode, kernel: data.kernel, pointed: null, pinned: false });
      this.given = given;
    }
    this.keepRows(data.models);
    if (changedWords || first || turned) this.buildTools();
    this.layout();
    if (this.state() !== before) this.changed(); // most runs bring back what is there already
  }

  // All that a frame depends on, but for the size.
  state() {
    const { kind, values, digitText, label, hand, mode, kernel, colors, seeded, rows } = this;
    return JSON.stringify([kind, values, digitText, label, hand, mode, kernel, colors, seeded, rows.map((row) => row.file), getComputedStyle(this.root).color]);
  }

  keepRows(models) {
    const kept = new Map(this.rows.map((row) => [row.file, row]));
    this.rows = models.map((model) => (kept.get(model.file)?.failed === false ? kept.get(model.file) : new Row(this, model)));
    if (this.rows.length !== this.table.childElementCount || this.rows.some((row, i) => row.element !== this.table.children[i])) {
      this.table.replaceChildren(...this.rows.map((row) => row.element));
    }
    if (!this.rows.some((row) => row === this.pointed?.row)) this.pointed = null;
  }

  get transforming() { // the rows whose grid can be taken
    return this.rows.filter((row) => row.transformer);
  }

  get held() { // the row whose grid is in the visitor's hand
    return this.mode === "grid" ? (this.transforming.find((row) => row.id === this.hand?.model) ?? this.transforming[0]) : null;
  }

  // ------------------------------------------------------------------------------------------------------------------- frames

  changed() {
    this.stale = new Set(this.rows);
    this.request();
  }

  request() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(this.frame);
  }

  frame(now) {
    this.pending = false;
    if (!this.values || !this.sizes) return;
    if (this.glide) this.advance(now);
    ({ color: this.text, fontFamily: this.font } = getComputedStyle(this.root));
    const image = distort(this.kind, this.digit, parametersOf(this.kind, this.values, this.seeded));
    this.image = image;
    let spent = 0;
    for (const row of this.rows) {
      if (!row.network || (this.stale && !this.stale.has(row)) || row.network.input[0] !== CANVAS[this.kind][0]) continue;
      if (spent && spent + row.cost > BUDGET) continue;
      row.think(image);
      spent += row.cost;
      this.stale?.delete(row);
    }
    for (const row of this.rows) row.paint();
    this.paintInput();
    if (this.rows.some((row) => row.network && this.stale?.has(row))) this.request();
    else if (this.glide) this.changed();
    this.root.dispatchEvent(new CustomEvent("stage-frame", { bubbles: true, composed: true, detail: { spent } }));
  }

  // Glide from the values there are to others.
  glideTo(values, time) {
    if (JSON.stringify(values) === JSON.stringify(this.glide?.to ?? this.values)) return;
    const same = Object.keys(values).every((key) => key in this.values);
    if (!same || calm()) {
      Object.assign(this, { values, glide: null });
      this.changed();
      return;
    }
    const from = { ...this.values };
    for (const key of Object.keys(from)) if (key.endsWith("_angle") && Math.abs(from[key] - values[key]) > 180) from[key] += from[key] < values[key] ? 360 : -360;
    this.glide = { from, to: values, start: performance.now(), time };
    this.changed();
  }

  advance(now) {
    const { from, to, start, time } = this.glide, share = Math.min(Math.max((now - start) / time, 0), 1), eased = 1 - (1 - share) ** 3;
    if (share === 1) {
      this.values = to;
      this.glide = null;
      return;
    }
    const whole = (key, value) => (/^tc_|_seed$/.test(key) ? (Array.isArray(value) ? value.map(Math.round) : Math.round(value)) : value);
    this.values = Object.fromEntries(Object.keys(to).map((key) => [key, whole(key, key === "tc_drops" || key === "tc_clutter" ? to[key] : onto(from[key], to[key], eased))]));
  }

  // ------------------------------------------------------------------------------------------------------------------- layout

  // Sizes follow from the width, the window's height and the number of models; nothing that the hand does changes them.
  layout() {
    const width = this.root.clientWidth;
    if (!width || !this.words) return;
    const narrow = width < 640, count = Math.max(this.rows.length, 1), gap = 24;
    const tall = Math.max(300, Math.min(innerHeight - 250, 900));
    const input = Math.round(narrow ? Math.min(width, tall) : Math.min(0.44 * width, tall));
    const wide = narrow ? width : width - input - gap;
    const grid = Math.round(Math.max(110, Math.min(0.36 * wide, (input + 90) / count - 66, 360)));
    const output = Math.round(0.74 * grid), rest = wide - grid - output - 28;
    const before = JSON.stringify(this.sizes);
    this.sizes = { input, grid, output, bars: Math.round(Math.min(Math.max(rest, 90), 2.1 * grid)) };
    if (JSON.stringify(this.sizes) === before) return;
    this.root.style.setProperty("--input", `${input}px`);
    this.root.style.setProperty("--output", `${output}px`);
    this.root.style.setProperty("--grid", `${grid}px`);
    this.root.classList.toggle("narrow", narrow);
    this.changed();
  }

  view() {
    const size = CANVAS[this.kind], side = this.sizes.input;
    const whole = View.whole(size, this.mode === "grid" ? Math.max(0.2, ROOMS[this.kind]) : this.mode === "look" ? 0.04 : ROOMS[this.kind], side);
    if (this.mode !== "look" || !this.pointed?.output) return whole;
    const [x, y] = this.pointed.source;
    return new View(x - LOUPE / 2, y - LOUPE / 2, LOUPE, side);
  }

  // ------------------------------------------------------------------------------------------------------------- the big canvas

  paintInput() {
    const side = this.sizes.input, pen = cleared(this.canvas, side, side), { colors, mode } = this, size = CANVAS[this.kind];
    if (mode === "draw") return this.paintPad(pen, side);
    const view = this.view();
    this.shown = view;
    if (mode === "look" && this.pointed?.output) {
      this.paintLoupe(pen, view);
      this.showKnobs([]);
      return;
    }
    picture(pen, view, this.image, size);
    frame(pen, view, size, colors.input, 3);
    if (mode === "look") {
      if (this.pointed?.input) frame(pen, new View(view.left - this.pointed.input[0], view.top - this.pointed.input[1], view.span, side), [1, 1], colors.grid, 3);
      this.showKnobs([]);
    } else if (mode === "grid") {
      const row = this.held;
      if (!row?.answer) return this.showKnobs([]);
      const { family } = row.transformer, theta = this.hand?.model === row.id && this.hand.theta ? this.hand.theta : row.own.theta;
      samplingGrid(pen, view, family, row.own.theta, size, { grid: "#fff" }, { thick: 1, dash: [6, 6], up: false, inner: false });
      samplingGrid(pen, view, family, theta, size, colors, { thick: 1.5 });
      this.showKnobs(thetaHand(family, size).handles(theta), "theirs");
      this.showScore(row);
    } else {
      for (const outline of this.grip.outlines(this.values)) curve(pen, view, outline, outline.open ? "rgba(255, 255, 255, 0.6)" : "#fff", outline.open ? 1 : 1.5, { open: Boolean(outline.open), dash: [7, 5], rim: outline.open ? 0.5 : 1 });
      const knobs = this.grip.handles(this.values), turning = knobs.find((knob) => knob.shape === "turn");
      if (turning) {
        const [a, b] = this.grip.outlines(this.values)[0];
        curve(pen, view, [[(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], [turning.x, turning.y]], "#fff", 1.5, { rim: 1 });
      }
      this.showKnobs(knobs);
    }
  }

  // How sure of the right answer the network is with the visitor's theta, and with its own.
  showScore(row) {
    const score = this.note.querySelector(".score"), { words, label } = this;
    if (!score) return;
    score.hidden = label === null;
    if (label === null) return;
    const [mine, own] = [row.answer.probabilities[label], row.own.probabilities[label]];
    const text = words.score.replace("[digit]", label).replace("[you]", (100 * mine).toFixed(1)).replace("[network]", (100 * own).toFixed(1));
    put(score, text);
    score.classList.toggle("ahead", mine > own + 5e-4);
  }

  // Handles are buttons, so that every finger, key and screen reader finds them.
  showKnobs(handles, whose = "") {
    const { knobs, shown } = this, side = this.sizes.input;
    const names = handles.map((handle) => handle.id).join();
    if (knobs.dataset.names !== names + whose || this.knobWords !== this.words) {
      const focused = this.knobs.getRootNode().activeElement?.dataset?.id;
      this.knobWords = this.words;
      knobs.dataset.names = names + whose;
      knobs.replaceChildren(
        ...handles.map((handle) => {
          const knob = element("button", `knob ${handle.shape} ${whose}`, { type: "button", "data-id": handle.id, "aria-label": this.named(handle, handles.length) });
          if (handle.shape === "turn") knob.textContent = "↻";
          return knob;
        }),
      );
      if (focused) [...knobs.children].find((knob) => knob.dataset.id === focused)?.focus();
    }
    handles.forEach((handle, i) => {
      let [x, y] = shown.at([handle.x, handle.y]);
      [x, y] = [x, y].map((at) => Math.min(Math.max(at, 13), side - 13)); // never out of reach
      const knob = knobs.children[i];
      knob.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      if (handle.shape === "box") knob.style.setProperty("--side", `${handle.size * shown.zoom}px`);
    });
  }

  named({ id, shape }, count) {
    const number = Number(id.replace(/\D+/, ""));
    const { words } = this;
    if (shape === "turn") return words.turn_handle;
    if (shape === "box") return `${words.distractor} ${number + 1}`;
    const four = count === 5 || count === 4; // with or without a handle that turns
    return four ? words.corners.split(",")[number].trim() : `${words.control_point} ${number + 1}`;
  }

  paintPad(pen, side) {
    this.showKnobs([]);
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, side, side);
    const layer = (this.layer ??= document.createElement("canvas")); // erasing must not eat the ground
    const inner = cleared(layer, side, side);
    this.pad.draw(inner, side);
    pen.drawImage(layer, 0, 0, side, side);
    Object.assign(pen, { strokeStyle: this.colors.input, lineWidth: 3 });
    pen.strokeRect(1.5, 1.5, side - 3, side - 3);
    if (!this.pad.strokes.length) {
      Object.assign(pen, { fillStyle: "#9aa3b0", textAlign: "center", textBaseline: "middle" });
      pen.font = `600 ${Math.round(side / 18)}px ${this.font}`;
      pen.fillText(this.words.draw_here, side / 2, side / 2);
    }
  }

  // ------------------------------------------------------------------------------------------------- look inside the sampler

  get kernelNow() {
    return this.mode === "look" ? this.kernel : "bilinear";
  }

  // Where output pixel (column, line) of a row comes from, in pixels of the input.
  sourceOf(row, [column, line]) {
    const { family, size } = row.transformer, [height, width] = row.network.input;
    const points = grid(family, row.answer.theta, ...size), at = 2 * (line * size[1] + column);
    return [toPixel(points[at], width), toPixel(points[at + 1], height)];
  }

  pointOutput(row, pixel) {
    if (!row.answer || !pixel) return this.pointNothing();
    const [height, width] = row.transformer.size;
    const output = [Math.min(Math.max(pixel[0], 0), width - 1), Math.min(Math.max(pixel[1], 0), height - 1)];
    this.pointed = { row, output, source: this.sourceOf(row, output) };
    this.note.replaceChildren(this.sum());
    this.request();
  }

  pointInput(pixel) {
    const [height, width] = CANVAS[this.kind];
    if (pixel[0] < 0 || pixel[1] < 0 || pixel[0] >= width || pixel[1] >= height) return this.pointNothing();
    this.pointed = { input: pixel };
    this.note.replaceChildren(this.uses());
    this.request();
  }

  pointNothing() {
    if (this.pinned) return;
    this.pointed = null;
    this.note.replaceChildren(this.hint());
    this.request();
  }

  tapsNow() {
    const { row, source } = this.pointed, [height, width] = row.network.input;
    return taps(...source, height, width, this.kernelNow).map((tap) => ({ ...tap, value: tap.inside ? row.image[tap.row * width + tap.column] : 0 }));
  }

  sum() {
    const { row, output, source } = this.pointed, found = this.tapsNow();
    const value = found.reduce((sum, tap) => sum + tap.weight * tap.value, 0);
    const head = element("b", "term", {}, `V(${output[0]}, ${output[1]})`);
    const terms = found.map((tap, i) => element("span", "term", {}, `${i ? " + " : " = "}${two(tap.weight)}·`, element("i", tap.inside ? "" : "outside", {}, tap.value.toFixed(2))));
    const place = this.words.comes_from.replace("[x]", two(source[0])).replace("[y]", two(source[1]));
    return element("p", found.length > 4 ? "sum long" : "sum", {}, `${row.name}: ${place} `, head, ...terms, " = ", element("b", "", {}, two(value)));
  }

  // The output pixels of a row that an input pixel feeds, with its weight in each.
  fed(row) {
    const { family, size } = row.transformer, [height, width] = row.network.input, points = grid(family, row.answer.theta, ...size);
    const reach = this.kernelNow === "bicubic" ? 2 : 1, [column, line] = this.pointed.input, found = [];
    for (let i = 0; i < points.length / 2; i++) {
      const x = toPixel(points[2 * i], width), y = toPixel(points[2 * i + 1], height);
      if (Math.abs(x - column) > reach || Math.abs(y - line) > reach) continue;
      const tap = taps(x, y, height, width, this.kernelNow).find((tap) => tap.column === column && tap.row === line);
      if (tap && Math.abs(tap.weight) > 1e-9) found.push({ output: [i % size[1], Math.floor(i / size[1])], weight: tap.weight });
    }
    return found;
  }

  uses() {
    const [column, line] = this.pointed.input, value = this.image[line * CANVAS[this.kind][1] + column];
    const head = element("b", "", {}, `U(${column}, ${line}) = ${value.toFixed(2)}`);
    const rows = this.transforming.filter((row) => row.answer).map((row) => {
      const found = this.fed(row), most = [...found].sort((a, b) => b.weight - a.weight).slice(0, 4);
      const list = most.map(({ output, weight }) => `V(${output.join(", ")}) × ${weight.toFixed(2)}`).join(" · ");
      return element("span", "term", {}, `${row.name}: ${this.words.feeds.replace("[count]", found.length)}${list ? ` ${list}` : ""}${found.length > 4 ? " …" : ""}`);
    });
    return element("p", "sum", {}, head, " ", ...rows.flatMap((row) => [row, element("br")]));
  }

  // What is pointed at, marked in a row's pictures.
  paintPointed(row, pen, view, out, outView) {
    if (this.mode !== "look" || !this.pointed) return;
    const { colors } = this;
    if (this.pointed.row === row) {
      this.pointed.source = this.sourceOf(row, this.pointed.output);
      const [x, y] = this.pointed.output;
      curve(out, outView, [[x - 0.5, y - 0.5], [x + 0.5, y - 0.5], [x + 0.5, y + 0.5], [x - 0.5, y + 0.5]], "#fff", 2, { open: false, rim: 1.5 });
      dot(pen, view, this.pointed.source, 5, "#fff");
    }
    if (this.pointed.input) {
      for (const { output: [x, y], weight } of this.fed(row)) {
        out.fillStyle = colors.grid;
        out.globalAlpha = 0.25 + 0.75 * Math.min(Math.abs(weight), 1);
        out.fillRect(...outView.at([x - 0.5, y - 0.5]), outView.zoom, outView.zoom);
        out.globalAlpha = 1;
      }
      const [x, y] = this.pointed.input;
      curve(pen, view, [[x - 0.5, y - 0.5], [x + 0.5, y - 0.5], [x + 0.5, y + 0.5], [x - 0.5, y + 0.5]], "#fff", 2, { open: false, rim: 1.5 });
    }
  }

  // Input pixels with their values, the sampling grid's points among them, and the pixels that are mixed with their weights.
  paintLoupe(pen, view) {
    const { row } = this.pointed, size = row.network.input, [height, width] = size, side = this.sizes.input, { colors } = this;
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, side, side);
    pen.clip();
    pen.fillStyle = "rgba(128, 128, 128, 0.25)";
    pen.fillRect(0, 0, side, side);
    picture(pen, view, row.image, size);
    const { font } = this, big = Math.round(view.zoom / 3.6);
    Object.assign(pen, { textAlign: "center", textBaseline: "middle" });
    const found = this.tapsNow(), used = new Map(found.map((tap) => [`${tap.column},${tap.row}`, tap]));
    const [left, top] = [Math.floor(view.left), Math.floor(view.top)];
    const pixels = Array.from({ length: (LOUPE + 2) ** 2 }, (_, i) => [left + (i % (LOUPE + 2)), top + Math.floor(i / (LOUPE + 2))]);
    Object.assign(pen, { strokeStyle: "rgba(128, 128, 128, 0.5)", lineWidth: 1 });
    for (const [column, line] of pixels) pen.strokeRect(...view.at([column - 0.5, line - 0.5]), view.zoom, view.zoom);
    const [column, line] = this.pointed.output, [high, wide] = row.transformer.size;
    for (let i = Math.max(line - 6, 0); i <= Math.min(line + 6, high - 1); i++) {
      for (let j = Math.max(column - 6, 0); j <= Math.min(column + 6, wide - 1); j++) {
        if (i !== line || j !== column) dot(pen, view, this.sourceOf(row, [j, i]), 3, colors.grid);
      }
    }
    const lasts = (key) => [Math.min(...found.map((tap) => tap[key])), Math.max(...found.map((tap) => tap[key]))];
    const [[x0, x1], [y0, y1]] = [lasts("column"), lasts("row")];
    curve(pen, view, [[x0 - 0.5, y0 - 0.5], [x1 + 0.5, y0 - 0.5], [x1 + 0.5, y1 + 0.5], [x0 - 0.5, y1 + 0.5]], colors.grid, 4, { open: false });
    for (const [column, line] of pixels) {
      const inside = column >= 0 && line >= 0 && column < width && line < height, tap = used.get(`${column},${line}`);
      const value = inside ? row.image[line * width + column] : 0, bright = value > 0.55, [x, y] = view.at([column, line]);
      const write = (text, y, color, size, weight) => {
        Object.assign(pen, { font: `${weight} ${Math.round(size)}px ${font}`, fillStyle: color, strokeStyle: bright ? "#fff" : "#000", lineWidth: 3, lineJoin: "round" });
        if (tap) pen.strokeText(text, x, y);
        pen.fillText(text, x, y);
      };
      pen.globalAlpha = tap ? 1 : 0.6;
      if (inside || tap) write(value.toFixed(2), y - (tap ? 0.22 * view.zoom : 0), bright ? "#000" : "#fff", tap ? big : 0.8 * big, tap ? 700 : 400);
      if (tap) write(`× ${two(tap.weight)}`, y + 0.24 * view.zoom, bright ? "#8a5200" : colors.grid, 0.92 * big, 700);
      pen.globalAlpha = 1;
    }
    for (const [color, thick] of [["#000", 5], [colors.grid, 3]]) { // the place itself, as a ring, so that the figures can be read
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

  listenForPixels(row) {
    const { output: canvas, grid: map } = row;
    const pixel = (event) => {
      const { left, top, width } = canvas.getBoundingClientRect(), [, wide] = row.transformer.size;
      return [Math.floor(((event.clientX - left) / width) * wide), Math.floor(((event.clientY - top) / width) * wide)];
    };
    const point = (event) => {
      if (this.mode === "look" && !this.pinned) this.pointOutput(row, pixel(event));
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", (event) => {
      if (this.mode !== "look") return;
      this.pinned = event.pointerType !== "mouse" ? false : !this.pinned;
      this.pointOutput(row, pixel(event));
      canvas.focus({ preventScroll: true });
    });
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.mode === "look" && this.pointNothing());
    canvas.addEventListener("focus", () => this.mode === "look" && canvas.matches(":focus-visible") && this.pointed?.row !== row && this.pointOutput(row, row.transformer.size.map((side) => side >> 1)));
    canvas.addEventListener("keydown", (event) => {
      if (this.mode !== "look") return;
      if (event.key === "Escape") {
        this.pinned = false;
        this.pointNothing();
      }
      if (!STEPS[event.key]) return;
      event.preventDefault();
      this.pinned = true;
      const [dx, dy] = STEPS[event.key], [x, y] = this.pointed?.row === row ? this.pointed.output : row.transformer.size.map((side) => side >> 1);
      this.pointOutput(row, [x + dx, y + dy]);
      this.sayLater(() => this.note.textContent);
    });
    map.addEventListener("pointermove", (event) => {
      if (this.mode !== "look" || this.pinned) return;
      const { left, top } = map.getBoundingClientRect();
      this.pointInput(View.whole(row.network.input, GRID_ROOMS[this.kind], this.sizes.grid).pixel([event.clientX - left, event.clientY - top]).map(Math.round));
    });
    map.addEventListener("pointerleave", () => this.mode === "look" && this.pointNothing());
  }

  // -------------------------------------------------------------------------------------------------------------------- tools

  buildTools() {
    const { words } = this;
    this.tools.setAttribute("aria-label", words.tools);
    const choice = (name, options, chosen, choose) => {
      const group = element("div", `choice ${name}`, { role: "radiogroup", "aria-label": words[name] });
      const buttons = options.map(([key, text, title]) => {
        const button = element("button", "", { type: "button", role: "radio", "aria-checked": String(key === chosen), tabindex: key === chosen ? "0" : "-1", ...(title && { title }) }, text);
        button.dataset.key = key;
        button.addEventListener("click", () => choose(key));
        return button;
      });
      group.addEventListener("keydown", (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const now = buttons.indexOf(event.target), next = buttons[(now + step[0] + step[1] + buttons.length) % buttons.length];
        choose(next.dataset.key);
        [...this.tools.querySelectorAll(`.${name} button`)].find((button) => button.dataset.key === next.dataset.key)?.focus();
      });
      group.append(...buttons);
      return group;
    };
    const press = (text, act, pressed) => {
      const button = element("button", "plain", { type: "button", ...(pressed !== undefined && { "aria-pressed": String(pressed) }) }, text);
      button.addEventListener("click", act);
      return button;
    };
    const parts = [choice("modes", MODES.map((mode) => [mode, `${ICONS[mode]} ${words[`mode_${mode}`]}`]), this.mode, (mode) => this.enter(mode))];
    if (this.mode === "grid") {
      if (this.transforming.length > 1) parts.push(choice("which", this.transforming.map((row) => [row.id, row.name]), this.held.id, (id) => this.take({ model: id, theta: null })));
      parts.push(press(words.to_network, () => this.take({ model: this.held?.id, theta: null })));
      parts.push(press(words.to_identity, () => this.held && this.take({ model: this.held.id, theta: [...FAMILIES[this.held.transformer.family].identity] })));
    }
    if (this.mode === "look") {
      parts.push(choice("kernels", KERNELS.map((kernel) => [kernel, words[kernel]]), this.kernel, (kernel) => {
        this.kernel = kernel;
        this.buildTools();
        if (this.pointed?.output) this.pointOutput(this.pointed.row, this.pointed.output);
        this.changed();
        this.settle();
      }));
    }
    if (this.mode === "draw") {
      const { pad } = this;
      const redraw = (act) => () => {
        act();
        this.buildTools();
        this.drawing();
        this.settle();
      };
      parts.push(choice("pens", [["pen", words.pen], ["eraser", words.eraser]], pad.erasing ? "eraser" : "pen", (key) => {
        pad.erasing = key === "eraser";
        this.buildTools();
      }));
      const width = element("input", "", { type: "range", min: "0.04", max: "0.2", step: "0.01", value: String(pad.width), "aria-label": words.width });
      width.addEventListener("input", () => (pad.width = Number(width.value)));
      parts.push(element("label", "width", {}, words.width, width), press(words.undo, redraw(() => pad.undo())), press(words.clear, redraw(() => pad.clear())));
    }
    this.tools.replaceChildren(...parts);
    this.root.dataset.mode = this.mode;
    this.place.setAttribute("aria-label", words[`place_${this.mode}`]);
    for (const row of this.transforming) row.output.tabIndex = this.mode === "look" ? 0 : -1;
    if (!this.pointed) this.note.replaceChildren(this.hint());
  }

  hint() {
    const { words, mode } = this;
    const hint = element("p", "hint", {}, mode === "digit" ? words[`hint_${this.kind}`] : words[`hint_${mode}`]), all = document.createDocumentFragment();
    all.append(hint, ...(mode === "grid" ? [element("p", "score")] : []));
    return all;
  }

  enter(mode) {
    Object.assign(this, { mode, pointed: null, pinned: false });
    if (mode === "grid" && !this.hand) this.hand = { model: this.transforming[0]?.id, theta: null };
    if (mode !== "grid") this.hand = null;
    this.knobs.dataset.names = "";
    this.buildTools();
    this.tools.querySelector("[aria-checked=true]")?.focus({ preventScroll: true });
    this.changed();
    this.settle();
  }

  take(hand) {
    this.hand = hand;
    this.buildTools();
    this.changed();
    this.settle();
  }

  // ------------------------------------------------------------------------------------------------------------ hand and keys

  // What the pointer and the keys act on: the distortion's values, or theta.
  get subject() {
    if (this.mode === "digit") return { hand: this.grip, value: this.values, put: (value) => this.put(value) };
    const row = this.held;
    if (!row?.answer) return null;
    const own = this.hand?.model === row.id ? this.hand.theta : null;
    return {
      hand: thetaHand(row.transformer.family, row.network.input),
      value: own ?? row.own.theta,
      put: (theta) => {
        this.busy = true;
        this.hand = { model: row.id, theta };
        this.changed();
      },
    };
  }

  // Values within their bounds, though not yet on the sliders' steps.
  put(values) {
    Object.assign(this, { glide: null, busy: true });
    this.values = Object.fromEntries(
      Object.entries(values).map(([key, value]) => {
        const bounds = this.bounds[key];
        return [key, bounds ? (Array.isArray(value) ? value.map((one) => held(bounds, one)) : held(bounds, value)) : value];
      }),
    );
    this.changed();
  }

  local(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  listen() {
    const { place } = this;
    this.root.addEventListener("keydown", () => this.root.classList.add("keys"), true); // only then the focus is shown
    this.root.addEventListener("pointerdown", () => this.root.classList.remove("keys"), true);
    place.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      if (this.mode === "look") return this.lookAt(event, true);
      place.setPointerCapture(event.pointerId);
      if (this.mode === "draw") return this.beginStroke(event);
      const id = event.target.dataset?.id ?? null;
      (event.target.closest("button") ?? place).focus({ preventScroll: true });
      event.preventDefault();
      this.fingers.set(event.pointerId, { from: this.local(event), now: this.local(event) });
      this.begin(id);
    });
    place.addEventListener("pointermove", (event) => {
      if (this.mode === "look") return this.lookAt(event, false);
      if (this.stroking === event.pointerId) return this.goOn(event);
      const finger = this.fingers.get(event.pointerId);
      if (!finger) return;
      finger.now = this.local(event);
      this.pull();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      place.addEventListener(end, (event) => {
        if (this.stroking === event.pointerId) {
          this.stroking = null;
          this.settle();
        }
        if (!this.fingers.delete(event.pointerId)) return;
        if (this.fingers.size) this.begin(null); // one of two fingers is left
        else {
          this.pulled = null;
          this.root.classList.remove("pulling");
          this.settle();
        }
      });
    }
    place.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.mode === "look" && this.pointNothing());
    place.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.key(event));
  }

  begin(id) {
    const subject = this.subject;
    if (!subject) return;
    for (const finger of this.fingers.values()) finger.from = finger.now;
    this.pulled = { id, start: subject.value, view: this.shown };
    this.root.classList.add("pulling");
  }

  pull() {
    const subject = this.subject;
    if (!this.pulled || !subject) return;
    const { id, start, view } = this.pulled, { hand, put } = subject;
    const [one, two] = [...this.fingers.values()].map(({ from, now }) => [view.pixel(from), view.pixel(now)]);
    if (!two) return put(hand.drag(start, id, ...one));
    const apart = (i) => [two[i][0] - one[i][0], two[i][1] - one[i][1]], middle = (i) => [(one[i][0] + two[i][0]) / 2, (one[i][1] + two[i][1]) / 2];
    const [before, after] = [apart(0), apart(1)], angle = (at) => (Math.atan2(at[1], at[0]) * 180) / Math.PI;
    let value = start;
    if (hand.turn) value = hand.turn(value, angle(after) - angle(before));
    if (hand.zoom) value = hand.zoom(value, Math.hypot(...after) / Math.max(Math.hypot(...before), 1e-3));
    if (hand.move) value = hand.move(value, middle(1)[0] - middle(0)[0], middle(1)[1] - middle(0)[1]);
    put(value);
  }

  wheel(event) {
    if (!["digit", "grid"].includes(this.mode)) return;
    const subject = this.subject, [x, y] = this.shown.pixel(this.local(event)), [height, width] = CANVAS[this.kind];
    if (!subject?.hand.zoom || x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return; // beside the image the page scrolls
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    subject.put(subject.hand.zoom(subject.value, Math.exp((-event.deltaY * lines) / 900)));
    this.settleLater();
  }

  key(event) {
    if (!["digit", "grid"].includes(this.mode) || event.ctrlKey || event.metaKey || event.altKey) return;
    const subject = this.subject, far = event.shiftKey ? 5 : 1, id = event.target.dataset?.id ?? null, arrow = STEPS[event.key];
    if (!subject) return;
    const { hand, value, put } = subject;
    const turn = { "[": -1, "]": 1, "{": -5, "}": 5 }[event.key], zoom = { "+": 1, "=": 1, "-": -1, "_": -1 }[event.key];
    let next = null;
    if (arrow && id && id !== "turn") {
      const knob = hand.handles(value).find((handle) => handle.id === id), from = [knob.x, knob.y];
      next = hand.drag(value, id, from, [from[0] + arrow[0] * far, from[1] + arrow[1] * far]);
    } else if (arrow && (id === "turn" || !hand.move)) next = hand.turn(value, (arrow[0] || arrow[1]) * far);
    else if (arrow) next = hand.move(value, arrow[0] * far, arrow[1] * far);
    else if (turn && hand.turn) next = hand.turn(value, turn);
    else if (zoom && hand.zoom) next = hand.zoom(value, this.zoomed(value, zoom));
    if (!next) return;
    event.preventDefault();
    put(next);
    this.settleLater();
  }

  // One step of the scale, as the slider has it.
  zoomed(value, step) {
    const key = `${this.kind}_scale`;
    return this.mode === "digit" ? (value[key] + step * this.bounds[key][2]) / value[key] : 1.05 ** step;
  }

  lookAt(event, pressed) {
    if (this.pointed?.output) {
      if (pressed) {
        this.pinned = false;
        this.pointNothing();
      }
      return;
    }
    if (pressed) event.preventDefault();
    const pixel = this.shown.pixel(this.local(event)).map(Math.round);
    if (pressed) this.pinned = !this.pinned && event.pointerType === "mouse";
    if (pressed || !this.pinned) this.pointInput(pixel);
  }

  // ------------------------------------------------------------------------------------------------------------------ drawing

  beginStroke(event) {
    event.preventDefault();
    if (!this.pad.strokes.length) this.glideTo({ ...this.values, ...this.neutral }, GLIDE); // one draws upright
    this.stroking = event.pointerId;
    this.pad.begin(...this.local(event).map((at) => at / this.sizes.input));
    this.drawing();
  }

  goOn(event) {
    for (const point of event.getCoalescedEvents?.() ?? [event]) this.pad.go(...this.local(point).map((at) => at / this.sizes.input));
    this.drawing();
  }

  drawing() {
    this.busy = true;
    const digit = mnistForm(...this.pad.read());
    this.drawn = digit;
    if (digit) {
      this.digit = Float32Array.from(digit, (byte) => byte / 255);
      this.label = null;
    }
    this.changed();
  }

  // ------------------------------------------------------------------------------------------------------------------- settling

  settleLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), PAUSE);
  }

  // Bring the values to the sliders' steps, and tell Python.
  settle() {
    clearTimeout(this.timer);
    if (this.pulled || this.stroking !== null) return;
    this.busy = false;
    const rest = this.glide?.to ?? this.values;
    const values = Object.fromEntries(
      Object.entries(rest).map(([key, value]) => {
        const bounds = this.bounds[key];
        return [key, bounds ? (Array.isArray(value) ? value.map((one) => fitted(bounds, one)) : fitted(bounds, value)) : value];
      }),
    );
    this.sent = Math.max(Date.now(), this.sent + 1);
    const hand = this.mode === "grid" ? { model: this.held?.id ?? null, theta: this.hand?.theta ?? null } : null;
    if (hand?.theta) hand.theta = hand.theta.map((value) => Number(value.toFixed(4)));
    const own = this.drawn ? btoa(String.fromCharCode(...this.drawn)) : null;
    if (own) this.drawnText = own;
    this.drawn = null;
    this.send({ id: this.sent, kind: this.kind, values, own, hand, mode: this.mode, kernel: this.kernel });
    if (!this.glide && JSON.stringify(values) !== JSON.stringify(this.values)) {
      this.values = values;
      this.changed();
    }
    this.sayLater(() => this.rows.map((row) => row.describe()).filter(Boolean).join(". "));
  }

  sayLater(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (this.live.textContent = text()), 400);
  }
}

export function show({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".stage");
  root.stage ??= new Stage(root);
  root.stage.receive(data, (said) => setStateValue("said", said));
}
