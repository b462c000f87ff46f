// What fingers do on the stage, besides pulling: they point and draw.

import { Touch } from "../../browser/touch.js";

/** @import { Stage } from "./stage.js" */

export class StageTouch extends Touch {
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
    if (stage.mode !== "look" && stage.mode !== "draw") return super.down(event);
    if (event.button) return;
    if (stage.mode === "look") return stage.lens.at(event, true);
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
    const { stage } = this;
    if (stage.stroking === event.pointerId) stage.endStroke();
    super.up(event);
  }
}
