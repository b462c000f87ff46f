// The hand on the big picture: it moves the distortion's values or theta, looks inside, or draws.

import { CANVAS } from "../../browser/distortions.js";
import { thetaHand } from "../../browser/theta_hand.js";
import { Touch } from "../../browser/touch.js";

/** @import { Values } from "../../browser/distortions.js" */
/** @import { Subject } from "../../browser/touch.js" */
/** @import { Stage } from "./stage.js" */

export class DigitTouch extends Touch {
  /** @param {Stage} stage */
  constructor(stage) {
    super({
      root: stage.root,
      place: stage.place,
      view: () => stage.shown,
      size: () => CANVAS[stage.kind],
      subject: () => subjectOf(stage),
      settle: () => stage.settle(),
      settleLater: () => stage.settleLater(),
    });
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

/**
 * What the hand is on: values or theta.
 * @param {Stage} stage
 * @returns {Subject | null}
 */
function subjectOf(stage) {
  if (stage.mode === "digit") {
    /** @param {Values} values */
    const put = (values) => stage.put(values);
    /** @param {number} steps of the slider */
    const zoomed = (steps) => {
      const key = `${stage.kind}_scale`;
      return (stage.values[key] + steps * stage.bounds[key][2]) / stage.values[key];
    };
    return { hand: stage.grip, value: stage.values, put, zoomed };
  }
  const row = stage.held;
  const warped = row?.warped;
  if (!row || !warped) return null;
  const hand = thetaHand(warped.family, warped.input);
  /** @param {number[]} theta */
  const put = (theta) => stage.putTheta(row, theta);
  return { hand, value: row.mine ?? warped.ownTheta, put };
}
