// The hand on the big picture: it moves the distortion's values or theta, looks inside, or draws.

import { Touch } from "../../browser/touch.js";

/** @import { Stage } from "./stage.js" */

export class DigitTouch extends Touch {
  /** @param {Stage} stage */
  constructor(stage) {
    super(stage);
    this.stage = stage;
    stage.place.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && stage.mode === "look") stage.lens.pointNothing();
    });
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { stage } = this;
    if (event.button) return;
    if (stage.mode === "look") return stage.lens.at(event, true);
    if (stage.mode !== "draw") return super.down(event);
    stage.place.setPointerCapture(event.pointerId);
    stage.beginStroke(event);
  }

  /** @param {PointerEvent} event */
  go(event) {
    const { stage } = this;
    if (stage.mode === "look") return stage.lens.at(event, false);
    if (stage.stroking === event.pointerId) return stage.goOn(event);
    super.go(event);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (this.stage.stroking === event.pointerId) this.stage.endStroke();
    super.up(event);
  }
}
