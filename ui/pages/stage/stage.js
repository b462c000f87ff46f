// The live stage: what the hand does goes through the engine to the screen in the same frame; what has settled goes to Python.

import { element, put } from "./dom.js";
import { CANVAS, distort, mnistForm, parametersOf } from "./engine.js";
import { digitHand, thetaHand } from "./hands.js";
import { Lens } from "./lens.js";
import { Pad } from "./pad.js";
import { View, cleared, curve, frame, gridCurves, picture, samplingGrid } from "./paint.js";
import { Row } from "./row.js";
import { tools } from "./tools.js";
import { Touch } from "./touch.js";

const ROOMS = { r: 0.24, rts: 0.1, p: 0.28, e: 0.16, tc: 0.05 }; // around the image, for handles: a share of its side
const BUDGET = 20; // ms of a frame for the networks; those that do not fit answer in the next one
const GLIDE = 220;
const PAUSE = 250; // ms: following a slider, waiting for the last key or turn of the wheel

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const inkOf = (text) => Float32Array.from(bytesOf(text), (byte) => byte / 255);
const onto = (a, b, share) =>
  Array.isArray(a) ? a.map((value, i) => onto(value, b[i], share)) : a + (b - a) * share;
const fitted = ([low, high, step], value) =>
  Number((low + Math.round((Math.min(Math.max(value, low), high) - low) / step) * step).toFixed(6));
const held = ([low, high], value) => Math.min(Math.max(value, low), high);
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class Stage {
  constructor(root) {
    Object.assign(this, { root, rows: [], values: null, mode: "digit", hand: null });
    Object.assign(this, {
      glide: null,
      busy: false,
      sent: 0,
      pending: false,
      pad: new Pad(),
      drawn: null,
      stroking: null,
    });
    this.frame = this.frame.bind(this);
    this.build();
    new ResizeObserver(() => this.layout()).observe(root);
    addEventListener("resize", () => this.layout());
  }

  build() {
    this.tools = element("div", "tools", { role: "toolbar" });
    this.canvas = element("canvas", "input");
    this.knobs = element("div", "knobs");
    this.place = element(
      "div",
      "place",
      { tabindex: "0", role: "application" },
      this.canvas,
      this.knobs,
    );
    this.note = element("div", "note");
    this.table = element("div", "rows");
    this.live = element("p", "live", { "aria-live": "polite" });
    this.root.replaceChildren(
      this.tools,
      element("div", "floor", {}, element("div", "hand", {}, this.place, this.note), this.table),
      this.live,
    );
    this.lens = new Lens(this);
    this.touch = new Touch(this);
  }

  // What Python knows: at every run of the page.
  receive(data, send) {
    const first = this.values === null;
    const { kind } = data;
    const before = this.state();
    const changedWords = JSON.stringify(data.words) !== JSON.stringify(this.words);
    const words = changedWords ? data.words : this.words;
    Object.assign(this, {
      send,
      words,
      colors: data.colors,
      label: data.label,
      bounds: data.bounds,
      neutral: data.neutral,
    });
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
      turned = given !== this.given && given !== `${this.mode} ${this.lens.kernel}`; // by the address: at first, or by a lecture
      if (turned) {
        this.mode = data.mode;
        this.lens.kernel = data.kernel;
        this.lens.clear();
      }
      this.given = given;
    }
    this.keepRows(data.models);
    if (changedWords || first || turned) this.buildTools();
    this.layout();
    if (this.state() !== before) this.changed(); // most runs bring back what is there already
  }

  // All that a frame depends on, but for the size.
  state() {
    const { kind, values, digitText, label, hand, mode, lens, colors, seeded, rows } = this;
    return JSON.stringify([
      kind,
      values,
      digitText,
      label,
      hand,
      mode,
      lens.kernel,
      colors,
      seeded,
      rows.map((row) => row.file),
      getComputedStyle(this.root).color,
    ]);
  }

  keepRows(models) {
    const kept = new Map(this.rows.map((row) => [row.file, row]));
    this.rows = models.map((model) =>
      kept.get(model.file)?.failed === false ? kept.get(model.file) : new Row(this, model),
    );
    if (
      this.rows.length !== this.table.childElementCount ||
      this.rows.some((row, i) => row.element !== this.table.children[i])
    ) {
      this.table.replaceChildren(...this.rows.map((row) => row.element));
    }
    this.lens.keep(this.rows);
  }

  get transforming() {
    // the rows whose grid can be taken
    return this.rows.filter((row) => row.transformer);
  }

  get held() {
    // the row whose grid is in the visitor's hand
    return this.mode === "grid"
      ? (this.transforming.find((row) => row.id === this.hand?.model) ?? this.transforming[0])
      : null;
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
      if (
        !row.network ||
        (this.stale && !this.stale.has(row)) ||
        row.network.input[0] !== CANVAS[this.kind][0]
      )
        continue;
      if (spent && spent + row.cost > BUDGET) continue;
      row.think(image);
      spent += row.cost;
      this.stale?.delete(row);
    }
    for (const row of this.rows) row.paint();
    this.paintInput();
    if (this.rows.some((row) => row.network && this.stale?.has(row))) this.request();
    else if (this.glide) this.changed();
    this.root.dispatchEvent(
      new CustomEvent("stage-frame", { bubbles: true, composed: true, detail: { spent } }),
    );
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
    for (const key of Object.keys(from))
      if (key.endsWith("_angle") && Math.abs(from[key] - values[key]) > 180)
        from[key] += from[key] < values[key] ? 360 : -360;
    this.glide = { from, to: values, start: performance.now(), time };
    this.changed();
  }

  advance(now) {
    const { from, to, start, time } = this.glide;
    const share = Math.min(Math.max((now - start) / time, 0), 1);
    const eased = 1 - (1 - share) ** 3;
    if (share === 1) {
      this.values = to;
      this.glide = null;
      return;
    }
    const whole = (key, value) =>
      /^tc_|_seed$/.test(key)
        ? Array.isArray(value)
          ? value.map(Math.round)
          : Math.round(value)
        : value;
    this.values = Object.fromEntries(
      Object.keys(to).map((key) => [
        key,
        whole(
          key,
          key === "tc_drops" || key === "tc_clutter" ? to[key] : onto(from[key], to[key], eased),
        ),
      ]),
    );
  }

  // ------------------------------------------------------------------------------------------------------------------- layout

  // Sizes follow from the width, the window's height and the number of models; nothing that the hand does changes them.
  layout() {
    const width = this.root.clientWidth;
    if (!width || !this.words) return;
    const narrow = width < 640;
    const count = Math.max(this.rows.length, 1);
    const gap = 24;
    const tall = Math.max(300, Math.min(innerHeight - 250, 900));
    const input = Math.round(narrow ? Math.min(width, tall) : Math.min(0.44 * width, tall));
    const wide = narrow ? width : width - input - gap;
    const grid = Math.round(Math.max(110, Math.min(0.36 * wide, (input + 90) / count - 66, 360)));
    const output = Math.round(0.74 * grid);
    const rest = wide - grid - output - 28;
    const before = JSON.stringify(this.sizes);
    this.sizes = {
      input,
      grid,
      output,
      bars: Math.round(Math.min(Math.max(rest, 90), 2.1 * grid)),
    };
    if (JSON.stringify(this.sizes) === before) return;
    this.root.style.setProperty("--input", `${input}px`);
    this.root.style.setProperty("--output", `${output}px`);
    this.root.style.setProperty("--grid", `${grid}px`);
    this.root.classList.toggle("narrow", narrow);
    this.changed();
  }

  view() {
    const size = CANVAS[this.kind];
    const side = this.sizes.input;
    return View.whole(
      size,
      this.mode === "grid"
        ? Math.max(0.2, ROOMS[this.kind])
        : this.mode === "look"
          ? 0.04
          : ROOMS[this.kind],
      side,
    );
  }

  // ------------------------------------------------------------------------------------------------------------- the big canvas

  paintInput() {
    const side = this.sizes.input;
    const pen = cleared(this.canvas, side, side);
    const { colors, mode, lens } = this;
    const size = CANVAS[this.kind];
    if (mode === "draw") return this.paintPad(pen, side);
    const near = lens.view(side);
    const view = near ?? this.view();
    this.shown = view;
    if (near) {
      lens.paint(pen, view);
      this.showKnobs([]);
      return;
    }
    picture(pen, view, this.image, size);
    frame(pen, view, size, colors.input, 3);
    if (mode === "look") {
      if (lens.pointed) {
        const [x, y] = lens.pointed.input;
        frame(pen, new View(view.left - x, view.top - y, view.span, side), [1, 1], colors.grid, 3);
      }
      this.showKnobs([]);
    } else if (mode === "grid") {
      const row = this.held;
      if (!row?.answer) return this.showKnobs([]);
      const { family } = row.transformer;
      const theta = row.mine ?? row.own.theta;
      samplingGrid(
        pen,
        view,
        gridCurves(family, row.own.theta, size),
        { grid: "#fff" },
        { thick: 1, dash: [6, 6], up: false, inner: false },
      );
      samplingGrid(pen, view, gridCurves(family, theta, size), colors, { thick: 1.5 });
      this.showKnobs(thetaHand(family, size).handles(theta), "theirs");
      this.showScore(row);
    } else {
      for (const outline of this.grip.outlines(this.values))
        curve(
          pen,
          view,
          outline,
          outline.open ? "rgba(255, 255, 255, 0.6)" : "#fff",
          outline.open ? 1 : 1.5,
          { open: Boolean(outline.open), dash: [7, 5], rim: outline.open ? 0.5 : 1 },
        );
      const knobs = this.grip.handles(this.values);
      const turning = knobs.find((knob) => knob.shape === "turn");
      if (turning) {
        const [a, b] = this.grip.outlines(this.values)[0];
        curve(
          pen,
          view,
          [
            [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2],
            [turning.x, turning.y],
          ],
          "#fff",
          1.5,
          { rim: 1 },
        );
      }
      this.showKnobs(knobs);
    }
  }

  // How sure of the right answer the network is with the visitor's theta, and with its own.
  showScore(row) {
    const score = this.note.querySelector(".score");
    const { words, label } = this;
    if (!score) return;
    score.hidden = label === null;
    if (label === null) return;
    const [mine, own] = [row.answer.probabilities[label], row.own.probabilities[label]];
    const text = words.score
      .replace("[digit]", label)
      .replace("[you]", (100 * mine).toFixed(1))
      .replace("[network]", (100 * own).toFixed(1));
    put(score, text);
    score.classList.toggle("ahead", mine > own + 5e-4);
  }

  // Handles are buttons, so that every finger, key and screen reader finds them.
  showKnobs(handles, whose = "") {
    const { knobs, shown } = this;
    const side = this.sizes.input;
    const names = handles.map((handle) => handle.id).join();
    if (knobs.dataset.names !== names + whose || this.knobWords !== this.words) {
      const focused = this.knobs.getRootNode().activeElement?.dataset?.id;
      this.knobWords = this.words;
      knobs.dataset.names = names + whose;
      knobs.replaceChildren(
        ...handles.map((handle) => {
          const knob = element("button", `knob ${handle.shape} ${whose}`, {
            type: "button",
            "data-id": handle.id,
            "aria-label": this.named(handle, handles.length),
          });
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

  // -------------------------------------------------------------------------------------------------------------------- tools

  buildTools() {
    const { words } = this;
    this.tools.setAttribute("aria-label", words.tools);
    this.tools.replaceChildren(...tools(this));
    this.root.dataset.mode = this.mode;
    this.place.setAttribute("aria-label", words[`place_${this.mode}`]);
    for (const row of this.transforming) row.output.tabIndex = this.mode === "look" ? 0 : -1;
    if (!this.lens.pointed) this.note.replaceChildren(this.hint());
  }

  hint() {
    const { words, mode } = this;
    const hint = element(
      "p",
      "hint",
      {},
      mode === "digit" ? words[`hint_${this.kind}`] : words[`hint_${mode}`],
    );
    const all = document.createDocumentFragment();
    all.append(hint, ...(mode === "grid" ? [element("p", "score")] : []));
    return all;
  }

  enter(mode) {
    this.mode = mode;
    this.lens.clear();
    if (mode === "grid" && !this.hand) this.hand = { model: this.transforming[0]?.id, theta: null };
    if (mode !== "grid") this.hand = null;
    delete this.knobs.dataset.names; // other handles, even under the same names
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

  choose(kernel) {
    this.lens.choose(kernel);
    this.buildTools();
    this.changed();
    this.settle();
  }

  // Values, those with bounds each brought into them by ``fit``.
  bounded(values, fit) {
    const within = (bounds, value) =>
      Array.isArray(value) ? value.map((one) => fit(bounds, one)) : fit(bounds, value);
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        this.bounds[key] ? within(this.bounds[key], value) : value,
      ]),
    );
  }

  // Values within their bounds, though not yet on the sliders' steps.
  put(values) {
    Object.assign(this, { glide: null, busy: true });
    this.values = this.bounded(values, held);
    this.changed();
  }

  putTheta(row, theta) {
    this.busy = true;
    this.hand = { model: row.id, theta };
    this.changed();
  }

  local(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  // ------------------------------------------------------------------------------------------------------------------ drawing

  beginStroke(event) {
    event.preventDefault();
    if (!this.pad.strokes.length) this.glideTo({ ...this.values, ...this.neutral }, GLIDE); // one draws upright
    this.stroking = event.pointerId;
    this.pad.begin(...this.local(event).map((at) => at / this.sizes.input));
    this.drawing();
  }

  endStroke() {
    this.stroking = null;
    this.settle();
  }

  goOn(event) {
    for (const point of event.getCoalescedEvents?.() ?? [event])
      this.pad.go(...this.local(point).map((at) => at / this.sizes.input));
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
    if (this.touch.pulled || this.stroking !== null) return;
    this.busy = false;
    const rest = this.glide?.to ?? this.values;
    const values = this.bounded(rest, fitted);
    this.sent = Math.max(Date.now(), this.sent + 1);
    const hand =
      this.mode === "grid"
        ? { model: this.held?.id ?? null, theta: this.hand?.theta ?? null }
        : null;
    if (hand?.theta) hand.theta = hand.theta.map((value) => Number(value.toFixed(4)));
    const own = this.drawn ? btoa(String.fromCharCode(...this.drawn)) : null;
    if (own) this.drawnText = own;
    this.drawn = null;
    this.send({
      id: this.sent,
      kind: this.kind,
      values,
      own,
      hand,
      mode: this.mode,
      kernel: this.lens.kernel,
    });
    if (!this.glide && JSON.stringify(values) !== JSON.stringify(this.values)) {
      this.values = values;
      this.changed();
    }
    this.sayLater(() =>
      this.rows
        .map((row) => row.describe())
        .filter(Boolean)
        .join(". "),
    );
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
