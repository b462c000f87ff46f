// Fingers, wheel and keys on the big picture: they move the distortion's values, or theta.

import { ARROWS } from "./dom.js";
import { CANVAS } from "./engine.js";
import { thetaHand } from "./hands.js";

export class Touch {
  constructor(stage) {
    Object.assign(this, { stage, fingers: new Map(), pulled: null });
    this.listen();
  }

  // What is acted on; null where that is nothing, or not there yet.
  get subject() {
    const { stage } = this;
    if (stage.mode === "digit")
      return { hand: stage.grip, value: stage.values, put: (values) => stage.put(values) };
    const row = stage.held;
    if (!row?.answer) return null;
    const hand = thetaHand(row.transformer.family, row.network.input);
    return { hand, value: row.mine ?? row.own.theta, put: (theta) => stage.putTheta(row, theta) };
  }

  listen() {
    const { stage } = this;
    const { root, place } = stage;
    root.addEventListener("keydown", () => root.classList.add("keys"), true); // only then the focus is shown
    root.addEventListener("pointerdown", () => root.classList.remove("keys"), true);
    place.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      if (stage.mode === "look") return stage.lens.at(event, true);
      place.setPointerCapture(event.pointerId);
      if (stage.mode === "draw") return stage.beginStroke(event);
      const id = event.target.dataset?.id ?? null;
      (event.target.closest("button") ?? place).focus({ preventScroll: true });
      event.preventDefault();
      this.fingers.set(event.pointerId, { from: stage.local(event), now: stage.local(event) });
      this.begin(id);
    });
    place.addEventListener("pointermove", (event) => {
      if (stage.mode === "look") return stage.lens.at(event, false);
      if (stage.stroking === event.pointerId) return stage.goOn(event);
      const finger = this.fingers.get(event.pointerId);
      if (!finger) return;
      finger.now = stage.local(event);
      this.pull();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      place.addEventListener(end, (event) => {
        if (stage.stroking === event.pointerId) stage.endStroke();
        if (!this.fingers.delete(event.pointerId)) return;
        if (this.fingers.size)
          this.begin(null); // one of two fingers is left
        else {
          this.pulled = null;
          root.classList.remove("pulling");
          stage.settle();
        }
      });
    }
    place.addEventListener(
      "pointerleave",
      (event) =>
        event.pointerType === "mouse" && stage.mode === "look" && stage.lens.pointNothing(),
    );
    place.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.key(event));
  }

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
    const [one, two] = [...this.fingers.values()].map(({ from, now }) => [
      view.pixel(from),
      view.pixel(now),
    ]);
    if (!two) return put(hand.drag(start, id, ...one));
    const apart = (i) => [two[i][0] - one[i][0], two[i][1] - one[i][1]];
    const middle = (i) => [(one[i][0] + two[i][0]) / 2, (one[i][1] + two[i][1]) / 2];
    const [before, after] = [apart(0), apart(1)];
    const angle = (at) => (Math.atan2(at[1], at[0]) * 180) / Math.PI;
    let value = start;
    if (hand.turn) value = hand.turn(value, angle(after) - angle(before));
    if (hand.zoom)
      value = hand.zoom(value, Math.hypot(...after) / Math.max(Math.hypot(...before), 1e-3));
    if (hand.move)
      value = hand.move(value, middle(1)[0] - middle(0)[0], middle(1)[1] - middle(0)[1]);
    put(value);
  }

  wheel(event) {
    const { stage } = this;
    if (!["digit", "grid"].includes(stage.mode)) return;
    const subject = this.subject;
    const [x, y] = stage.shown.pixel(stage.local(event));
    const [height, width] = CANVAS[stage.kind];
    if (!subject?.hand.zoom || x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return; // beside the image the page scrolls
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    subject.put(subject.hand.zoom(subject.value, Math.exp((-event.deltaY * lines) / 900)));
    stage.settleLater();
  }

  key(event) {
    const { stage } = this;
    if (!["digit", "grid"].includes(stage.mode) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const subject = this.subject;
    const far = event.shiftKey ? 5 : 1;
    const id = event.target.dataset?.id ?? null;
    const arrow = ARROWS[event.key];
    if (!subject) return;
    const { hand, value, put } = subject;
    const turn = { "[": -1, "]": 1, "{": -5, "}": 5 }[event.key];
    const zoom = { "+": 1, "=": 1, "-": -1, _: -1 }[event.key];
    let next = null;
    if (arrow && id && id !== "turn") {
      const knob = hand.handles(value).find((handle) => handle.id === id);
      const from = [knob.x, knob.y];
      next = hand.drag(value, id, from, [from[0] + arrow[0] * far, from[1] + arrow[1] * far]);
    } else if (arrow && (id === "turn" || !hand.move))
      next = hand.turn(value, (arrow[0] || arrow[1]) * far);
    else if (arrow) next = hand.move(value, arrow[0] * far, arrow[1] * far);
    else if (turn && hand.turn) next = hand.turn(value, turn);
    else if (zoom && hand.zoom) next = hand.zoom(value, this.zoomed(value, zoom));
    if (!next) return;
    event.preventDefault();
    put(next);
    stage.settleLater();
  }

  // One step of the scale, as the slider has it.
  zoomed(value, step) {
    const { stage } = this;
    const key = `${stage.kind}_scale`;
    return stage.mode === "digit"
      ? (value[key] + step * stage.bounds[key][2]) / value[key]
      : 1.05 ** step;
  }
}
