// Fingers, wheel and keys on a picture: they move what a hand is on.

import { ARROWS } from "./dom.js";
import { angleOf, between, minus } from "./plane.js";

/** @import { Hand } from "./hand.js" */
/** @import { Point, Size } from "./points.js" */
/** @import { View } from "./view.js" */

/**
 * What is acted on.
 * @typedef {object} Subject
 * @property {Hand<any>} hand
 * @property {any} value
 * @property {(value: any) => void} put
 */

/**
 * The picture that is touched, and who is told.
 * @typedef {object} Ground
 * @property {HTMLElement} root gets the classes "keys" and "pulling"
 * @property {HTMLElement} place holds the picture, from its upper left corner, and the handles
 * @property {Subject | null} subject null where there is nothing to take hold of, or not yet
 * @property {View} shown where the picture's image lies
 * @property {Size} size of that image: beside it, the wheel scrolls the page
 * @property {(value: any, step: number) => number} zoomed by how much a key zooms
 * @property {() => void} settle the hand has let go
 * @property {() => void} settleLater a key or the wheel may go on
 */

/** @type {Record<string, number>} degrees, by keys */
const TURNS = { "[": -1, "]": 1, "{": -5, "}": 5 };
/** @type {Record<string, number>} steps, by keys */
const ZOOMS = { "+": 1, "=": 1, "-": -1, _: -1 };

/** @param {EventTarget | null} target */
const idOf = (target) => (target instanceof HTMLElement && target.dataset.id) || null;

export class Touch {
  /** @param {Ground} ground */
  constructor(ground) {
    this.ground = ground;
    /** @type {Map<number, { from: Point, now: Point }>} */
    this.fingers = new Map();
    /** @type {{ id: string | null, start: any, view: View } | null} */
    this.pulled = null;
    this.listen();
  }

  listen() {
    const { root, place } = this.ground;
    root.addEventListener("keydown", () => root.classList.add("keys"), true); // only then the focus is shown
    root.addEventListener("pointerdown", () => root.classList.remove("keys"), true);
    place.addEventListener("pointerdown", (event) => this.down(event));
    place.addEventListener("pointermove", (event) => this.go(event));
    place.addEventListener("pointerup", (event) => this.up(event));
    place.addEventListener("pointercancel", (event) => this.up(event));
    place.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.key(event));
  }

  /**
   * Where a pointer is on the picture, in pixels of the screen.
   * @param {MouseEvent} event
   * @returns {Point}
   */
  local(event) {
    const { left, top } = this.ground.place.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button || !this.ground.subject) return;
    const { place } = this.ground;
    place.setPointerCapture(event.pointerId);
    const target = event.target instanceof Element ? event.target.closest("button") : null;
    (target ?? place).focus({ preventScroll: true });
    event.preventDefault();
    const from = this.local(event);
    this.fingers.set(event.pointerId, { from, now: from });
    this.begin(idOf(target));
  }

  /** @param {PointerEvent} event */
  go(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    finger.now = this.local(event);
    this.pull();
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size) return this.begin(null); // one of two fingers is left
    this.pulled = null;
    this.ground.settle();
    setTimeout(() => this.ground.root.classList.remove("pulling"));
  }

  /** @param {string | null} id of a handle; null for the body */
  begin(id) {
    const { root, shown, subject } = this.ground;
    if (!subject) return;
    for (const finger of this.fingers.values()) finger.from = finger.now;
    const { hand, value, put } = subject;
    const start = id && hand.take ? hand.take(value, id) : value;
    this.pulled = { id, start, view: shown };
    root.classList.add("pulling");
    if (start !== value) put(start);
  }

  pull() {
    const { subject } = this.ground;
    if (!this.pulled || !subject) return;
    const { id, start, view } = this.pulled;
    const { hand, put } = subject;
    const [one, two] = [...this.fingers.values()].map(({ from, now }) => {
      return { from: view.pixel(from), now: view.pixel(now) };
    });
    if (!two) return put(hand.drag(start, id, one.from, one.now));
    const before = minus(two.from, one.from);
    const after = minus(two.now, one.now);
    const shift = minus(between(one.now, two.now), between(one.from, two.from));
    let value = start;
    if (hand.turn) value = hand.turn(value, angleOf(after) - angleOf(before));
    if (hand.zoom) {
      value = hand.zoom(value, Math.hypot(...after) / Math.max(Math.hypot(...before), 1e-3));
    }
    if (hand.move) value = hand.move(value, ...shift);
    put(value);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const { shown, size, subject } = this.ground;
    if (!subject?.hand.zoom) return;
    const [x, y] = shown.pixel(this.local(event));
    const [height, width] = size;
    if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return; // there the page scrolls
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    subject.put(subject.hand.zoom(subject.value, Math.exp((-event.deltaY * lines) / 900)));
    this.ground.settleLater();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { subject } = this.ground;
    if (!subject || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = this.afterKey(subject, event);
    if (!next) return;
    event.preventDefault();
    subject.put(next);
    this.ground.settleLater();
  }

  /**
   * @param {Subject} subject
   * @param {KeyboardEvent} event
   */
  afterKey({ hand, value }, event) {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const far = event.shiftKey ? 5 : 1;
      return this.afterArrow(hand, value, idOf(event.target), [arrow[0] * far, arrow[1] * far]);
    }
    const turn = TURNS[event.key];
    if (turn && hand.turn) return hand.turn(value, turn);
    const zoom = ZOOMS[event.key];
    if (zoom && hand.zoom) return hand.zoom(value, this.ground.zoomed(value, zoom));
    return null;
  }

  /**
   * @param {Hand<any>} hand
   * @param {any} value
   * @param {string | null} id of the handle that has the focus
   * @param {Point} step
   */
  afterArrow(hand, value, id, [dx, dy]) {
    const [x, y] = [dx, dy].map((at) => at * (hand.step ?? 1));
    if (id && id !== "turn") {
      const knob = hand.handles(value).find((handle) => handle.id === id);
      if (!knob) return null;
      const taken = hand.take ? hand.take(value, id) : value;
      return hand.drag(taken, id, [knob.x, knob.y], [knob.x + x, knob.y + y]);
    }
    if (id === "turn" || !hand.move) return hand.turn?.(value, dx || dy);
    return hand.move(value, x, y);
  }
}
