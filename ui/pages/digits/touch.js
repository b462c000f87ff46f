// Fingers, wheel and keys on the big picture: they move the distortion's values, or theta.

import { CANVAS } from "../../browser/distortions.js";
import { ARROWS } from "../../browser/dom.js";
import { angleOf, between, minus } from "../../browser/plane.js";
import { thetaHand } from "../../browser/theta_hand.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Point } from "../../browser/points.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Stage } from "./stage.js" */
/** @import { View } from "../../browser/view.js" */

/**
 * What is acted on, values or theta.
 * @typedef {object} Subject
 * @property {Hand<any>} hand
 * @property {any} value
 * @property {(value: any) => void} put
 */

/** @type {Record<string, number>} degrees, by keys */
const TURNS = { "[": -1, "]": 1, "{": -5, "}": 5 };
/** @type {Record<string, number>} steps, by keys */
const ZOOMS = { "+": 1, "=": 1, "-": -1, _: -1 };

/** @param {EventTarget | null} target */
const idOf = (target) => (target instanceof HTMLElement && target.dataset.id) || null;

export class Touch {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Map<number, { from: Point, now: Point }>} */
    this.fingers = new Map();
    /** @type {{ id: string | null, start: any, view: View } | null} */
    this.pulled = null;
    this.listen();
  }

  /** @returns {Subject | null} null where that is nothing, or not there yet */
  get subject() {
    const { stage } = this;
    if (stage.mode === "digit") {
      /** @param {Values} values */
      const put = (values) => stage.put(values);
      return { hand: stage.grip, value: stage.values, put };
    }
    const row = stage.held;
    const warped = row?.warped;
    if (!row || !warped) return null;
    const hand = thetaHand(warped.family, warped.input);
    /** @param {number[]} theta */
    const put = (theta) => stage.putTheta(row, theta);
    return { hand, value: row.mine ?? warped.ownTheta, put };
  }

  listen() {
    const { stage } = this;
    const { root, place } = stage;
    root.addEventListener("keydown", () => root.classList.add("keys"), true); // only then the focus is shown
    root.addEventListener("pointerdown", () => root.classList.remove("keys"), true);
    place.addEventListener("pointerdown", (event) => this.down(event));
    place.addEventListener("pointermove", (event) => {
      if (stage.mode === "look") return stage.lens.at(event, false);
      if (stage.stroking === event.pointerId) return stage.goOn(event);
      const finger = this.fingers.get(event.pointerId);
      if (!finger) return;
      finger.now = stage.local(event);
      this.pull();
    });
    place.addEventListener("pointerup", (event) => this.up(event));
    place.addEventListener("pointercancel", (event) => this.up(event));
    place.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && stage.mode === "look") stage.lens.pointNothing();
    });
    place.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { stage } = this;
    const { place } = stage;
    if (event.button) return;
    if (stage.mode === "look") return stage.lens.at(event, true);
    place.setPointerCapture(event.pointerId);
    if (stage.mode === "draw") return stage.beginStroke(event);
    const target = event.target instanceof Element ? event.target.closest("button") : null;
    (target ?? place).focus({ preventScroll: true });
    event.preventDefault();
    const from = stage.local(event);
    this.fingers.set(event.pointerId, { from, now: from });
    this.begin(idOf(event.target));
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { stage } = this;
    if (stage.stroking === event.pointerId) stage.endStroke();
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size) return this.begin(null); // one of two fingers is left
    this.pulled = null;
    stage.root.classList.remove("pulling");
    stage.settle();
  }

  /** @param {string | null} id of a handle; null for the body */
  begin(id) {
    const subject = this.subject;
    if (!subject) return;
    for (const finger of this.fingers.values()) finger.from = finger.now;
    this.pulled = { id, start: subject.value, view: this.stage.shown };
    this.stage.root.classList.add("pulling");
  }

  pull() {
    const subject = this.subject;
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

  get listening() {
    const { mode } = this.stage;
    return mode === "digit" || mode === "grid";
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const { stage, subject } = this;
    if (!this.listening || !subject?.hand.zoom) return;
    const [x, y] = stage.shown.pixel(stage.local(event));
    const [height, width] = CANVAS[stage.kind];
    if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return; // there the page scrolls
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    subject.put(subject.hand.zoom(subject.value, Math.exp((-event.deltaY * lines) / 900)));
    stage.settleLater();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { subject } = this;
    if (!this.listening || !subject || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = this.afterKey(subject, event);
    if (!next) return;
    event.preventDefault();
    subject.put(next);
    this.stage.settleLater();
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
    if (zoom && hand.zoom) return hand.zoom(value, this.zoomed(value, zoom));
    return null;
  }

  /**
   * @param {Hand<any>} hand
   * @param {any} value
   * @param {string | null} id of the handle that has the focus
   * @param {Point} step
   */
  afterArrow(hand, value, id, [dx, dy]) {
    if (id && id !== "turn") {
      const knob = hand.handles(value).find((handle) => handle.id === id);
      if (!knob) return null;
      return hand.drag(value, id, [knob.x, knob.y], [knob.x + dx, knob.y + dy]);
    }
    if (id === "turn" || !hand.move) return hand.turn?.(value, dx || dy);
    return hand.move(value, dx, dy);
  }

  /**
   * One step of the scale, as the slider has it.
   * @param {any} value
   * @param {number} step
   */
  zoomed(value, step) {
    const { stage } = this;
    if (stage.mode !== "digit") return 1.05 ** step;
    const key = `${stage.kind}_scale`;
    return (value[key] + step * stage.bounds[key][2]) / value[key];
  }
}
