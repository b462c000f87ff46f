// A photograph with windows to drag, the crops beside it, the windows' way through training under it.
// A hand moves a window's centre.

import { sized } from "../../browser/canvas.js";
import { ARROWS, element, fill } from "../../browser/dom.js";
import { Crop } from "./crop.js";
import { drawHeat, drawPulls } from "./heat.js";
import { badge, dot, outline, way } from "./marks.js";
import { centreOf, cornersOf, movedTo, windowAt } from "./windows.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Heat } from "./heat.js" */
/** @import { At, Box, Pen } from "./marks.js" */
/** @import { Matrix } from "./windows.js" */

/**
 * What component.py sends.
 * @typedef {object} Data
 * @property {string} name of the model
 * @property {string[]} roles what each window mostly holds, such as "mostly head"; "" if unknown
 * @property {string[]} shares how often, such as "97 %"
 * @property {{ key: string, source: string, aspect: number, name: string }} picture
 * @property {Matrix[]} matrices where the network puts its windows
 * @property {Point[] | null} hand where the visitor has put them
 * @property {Point[][] | null} way where the network put them during training
 * @property {[stage: number, count: number][]} moments of that
 * @property {[x: number, y: number, head: boolean][]} parts
 * @property {Heat | null} heat
 * @property {{ windows: string[], pull: string, slope: string }} colors
 * @property {number} echo the message that it answers
 * @property {Record<string, string>} words
 */

/** @typedef {(name: string, value: unknown) => void} Say */

const GAP = 14; // between the photograph and the crops
const CAPTION = 40; // below a crop: two lines
const TALLEST = 560;
const LARGE = 1.25; // the crops' height together, as a share of the photograph's
const SETTLED = 350; // ms after the last key press

/** @param {number} value */
const within = (value) => Math.min(1, Math.max(-1, value));
/** @param {number} value */
const percent = (value) => `${(100 * value).toFixed(0)} %`;

/**
 * The sizes of everything for the width that there is: the photograph's, a crop's side, columns of
 * crops.
 * @param {number} width
 * @param {number} aspect
 * @param {number} count of crops
 */
function measured(width, aspect, count) {
  const columns = Math.ceil(count / 2);
  const rows = Math.min(count, 2);
  // width = aspect * H + columns * (GAP + side),
  // with rows * (side + CAPTION) + (rows - 1) * 4 = LARGE * H
  // crops may end below the photograph, so that they are large
  const lost = rows * CAPTION + (rows - 1) * 4;
  const room = width - columns * GAP + (columns * lost) / rows;
  const high = Math.min(TALLEST, room / (aspect + (LARGE * columns) / rows));
  const side = Math.max(40, (LARGE * high - lost) / rows);
  return { wide: aspect * high, high, side, columns };
}

class Birds {
  /**
   * @param {HTMLElement} parent
   * @param {Data} data
   */
  constructor(parent, data) {
    this.data = data;
    this.key = ""; // of the picture
    this.image = new Image();
    /** @type {number | null} of training; null at its end */
    this.moment = null;
    /** @type {Point[] | null} where the visitor has put the windows */
    this.places = null;
    /** @type {number | null} the window in the hand */
    this.held = null;
    this.sent = 0; // the last message
    this.drawing = 0;
    /** @type {Say} */
    this.say = () => {};
    /** @type {Crop[]} */
    this.crops = [];
    this.photo = element("canvas", "birds-photo", { role: "img" });
    this.grid = element("div", "birds-crops");
    this.label = element("label");
    this.scrubber = element("input", "", { type: "range" });
    this.clock = element("output");
    this.back = element("button");
    this.signs = element("div", "birds-key");
    const row = element("div", "birds-row", {}, this.photo, this.grid);
    const controls = [this.label, this.scrubber, this.clock, this.back];
    const under = element("div", "birds-under", {}, ...controls);
    this.element = element("div", "birds", {}, row, under, this.signs);
    parent.append(this.element);
    this.listen();
  }

  /** @param {Data} data */
  update(data) {
    const other = this.key !== data.picture.key;
    this.data = data;
    this.key = data.picture.key;
    if (other) {
      this.image.src = data.picture.source;
      this.moment = null;
      this.held = null;
    }
    // else it answers an older message, or a hand has gone on since
    if (other || (this.held === null && data.echo >= this.sent)) this.places = data.hand;
    const alt = { model: data.name, picture: data.picture.name };
    this.photo.setAttribute("aria-label", fill(data.words.photo_alt, alt));
    this.keepCrops(data.matrices.length);
    this.back.textContent = data.words.to_network;
    this.offerTraining(data);
    this.signs.textContent = [...this.keys(data), data.words.move_keys].join(" · ");
    this.refresh();
  }

  /** @param {number} count */
  keepCrops(count) {
    for (const crop of this.crops.splice(count)) crop.figure.remove();
    while (this.crops.length < count) {
      const crop = new Crop(this.crops.length + 1);
      this.listenToKeys(crop.figure, this.crops.length);
      this.crops.push(crop);
      this.grid.append(crop.figure);
    }
  }

  /** @param {Data} data */
  offerTraining({ way, words }) {
    for (const part of [this.label, this.scrubber, this.clock]) part.hidden = !way;
    if (!way) return;
    this.label.textContent = words.training;
    this.scrubber.max = String(way.length);
    this.scrubber.setAttribute("aria-label", words.training);
    if (this.moment === null) this.scrubber.value = String(way.length);
  }

  /** @param {Data} data */
  keys({ parts, heat, words }) {
    const keys = parts.length ? [`○ ${words.head_part}`, `● ${words.other_part}`] : [];
    if (!heat) return keys;
    const low = fill(words.heat_low, { value: percent(Math.min(...heat.values)) });
    const high = fill(words.heat_high, { value: percent(Math.max(...heat.values)) });
    keys.push(`${low} … ${high}`);
    if (heat.pulls.length) keys.push(`↗ ${words.pull}`, `↗ ${words.slope}`);
    return keys;
  }

  // ---- what is shown

  /**
   * Where the windows are now: on their way through training, in the visitor's hand, or where the
   * network put them.
   * @returns {Point[]}
   */
  get shown() {
    const { matrices, way } = this.data;
    if (this.moment !== null && way) return way[this.moment];
    return this.places ?? matrices.map(centreOf);
  }

  /** Whether the windows are where the trained network puts them. */
  get isOwn() {
    return !this.places && this.moment === null;
  }

  get windows() {
    const places = this.shown;
    return this.data.matrices.map((matrix, i) => movedTo(matrix, places[i]));
  }

  refresh() {
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.draw());
    this.back.hidden = !this.places || this.moment !== null;
    if (this.data.way) this.clock.textContent = this.time();
  }

  time() {
    const { words, moments } = this.data;
    if (this.moment === null) return this.places ? words.by_hand : words.trained_now;
    const [stage, count] = moments[this.moment];
    return fill(words[stage ? "fine_tuning" : count ? "looking" : "start"], { count });
  }

  draw() {
    const { data, image, photo } = this;
    const width = this.element.clientWidth;
    if (!width) return;
    const { wide, high, side, columns } = measured(
      width,
      data.picture.aspect,
      data.matrices.length,
    );
    const pen = sized(photo, wide, high);
    pen.imageSmoothingQuality = "high";
    if (!image.complete || !image.naturalWidth) return;
    pen.drawImage(image, 0, 0, wide, high);
    this.drawMarks(pen, wide, high);
    const windows = this.windows;
    this.crops.forEach((crop, i) => {
      const role = this.isOwn ? [data.roles[i], data.shares[i]] : ["", ""];
      crop.draw(image, windows[i], side, data.colors.windows[i], data.words, role);
    });
    this.grid.style.gridTemplateColumns = `repeat(${columns}, ${side}px)`;
  }

  /**
   * @param {Pen} pen
   * @param {number} wide
   * @param {number} high
   */
  drawMarks(pen, wide, high) {
    const { heat, way: ways, matrices, parts, colors } = this.data;
    /** @type {At} */
    const at = ([x, y]) => [((x + 1) / 2) * wide, ((y + 1) / 2) * high];
    /** @type {(window: Matrix, i: number, width: number, dash?: number[]) => void} */
    const drawWindow = (window, i, width, dash) =>
      outline(pen, cornersOf(window).map(at), colors.windows[i], width, dash);
    if (heat) drawHeat(pen, heat, at, wide, high);
    if (ways && !heat?.pulls.length) {
      matrices.forEach((_, i) => {
        const points = ways.map((places) => at(places[i]));
        way(pen, points, colors.windows[i]); // else arrows are enough
      });
    }
    if (this.places && this.moment === null) {
      matrices.forEach((matrix, i) => drawWindow(matrix, i, 2, [5, 5]));
    }
    if (heat) drawPulls(pen, heat, colors, at, wide);
    this.windows.forEach((window, i) => drawWindow(window, i, i === this.held ? 6 : 4));
    /** @type {Box[]} */
    const badges = [];
    this.windows.forEach((window, i) => {
      const role = (this.isOwn && this.data.roles[i]) || "";
      badge(pen, at(cornersOf(window)[0]), `${i + 1}`, role, colors.windows[i], wide, badges);
    });
    for (const [x, y, head] of parts) {
      const [color, ring] = head ? ["#ffffff", "#000000"] : ["#000000", "#ffffff"];
      dot(pen, at([x, y]), color, ring);
    }
  }

  // ---- what the hand does

  /**
   * Take a window, from where all are.
   * @param {number} i
   */
  take(i) {
    this.places = this.shown.map(([x, y]) => [x, y]);
    this.moment = null;
    this.scrubber.value = this.scrubber.max;
    this.held = i;
    return this.places[i];
  }

  /**
   * @param {number} i
   * @param {Point} place
   */
  move(i, [x, y]) {
    if (this.places) this.places[i] = [within(x), within(y)];
    this.refresh();
  }

  letGo() {
    this.held = null;
    this.refresh();
    this.send();
  }

  send() {
    this.sent = Date.now();
    this.say("said", { id: this.sent, picture: this.data.picture.key, places: this.places });
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.photo.getBoundingClientRect();
    return [(2 * (clientX - left)) / width - 1, (2 * (clientY - top)) / height - 1];
  }

  listen() {
    const { photo, element, scrubber } = this;
    this.image.onload = () => this.refresh();
    scrubber.addEventListener("input", () => {
      const at = Number(scrubber.value);
      this.moment = at >= (this.data.way?.length ?? 0) ? null : at;
      this.refresh();
    });
    this.back.addEventListener("click", () => {
      this.places = null;
      this.refresh();
      this.send();
    });
    /** @type {Point | null} from the pointer to the centre of the window that it holds */
    let offset = null;
    photo.addEventListener("pointerdown", (event) => {
      const [x, y] = this.placeOf(event);
      const i = windowAt(this.windows, [x, y]);
      if (i < 0) return;
      event.preventDefault();
      photo.setPointerCapture(event.pointerId);
      const centre = this.take(i);
      offset = [centre[0] - x, centre[1] - y];
      photo.classList.add("holding");
      this.refresh();
    });
    photo.addEventListener("pointermove", (event) => {
      const [x, y] = this.placeOf(event);
      if (this.held !== null && offset) this.move(this.held, [x + offset[0], y + offset[1]]);
      else photo.style.cursor = windowAt(this.windows, [x, y]) < 0 ? "default" : "";
    });
    const release = () => {
      if (!offset) return;
      offset = null;
      photo.classList.remove("holding");
      this.letGo();
    };
    photo.addEventListener("pointerup", release);
    photo.addEventListener("pointercancel", release);
    let width = 0;
    new ResizeObserver(() => {
      if (element.clientWidth !== width) this.refresh();
      width = element.clientWidth;
    }).observe(element);
  }

  /**
   * @param {HTMLElement} figure
   * @param {number} i
   */
  listenToKeys(figure, i) {
    let waiting = 0;
    figure.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const step = event.shiftKey ? 0.1 : 0.02;
      const [x, y] = this.take(i);
      this.move(i, [x + step * way[0], y + step * way[1]]);
      clearTimeout(waiting);
      waiting = setTimeout(() => this.letGo(), SETTLED);
    });
  }
}

/** @typedef {HTMLElement & { birds?: Birds }} Parent */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {Parent} component.parentElement
 * @param {Say} component.setStateValue
 */
export function show({ data, parentElement, setStateValue }) {
  parentElement.birds ??= new Birds(parentElement, data);
  parentElement.birds.say = setStateValue;
  parentElement.birds.update(data);
}
