// The big picture that the hand is on, as the mode has it.

import { sized } from "../../browser/canvas.js";
import { CANVAS } from "../../browser/distortions.js";
import { paintHand } from "../../browser/digit_hands.js";
import { frame, picture } from "../../browser/paint.js";
import { gridCurves, samplingGrid } from "../../browser/sampling_grid.js";
import { thetaHand } from "../../browser/theta_hand.js";
import { View } from "../../browser/view.js";

/** @import { Kind } from "../../browser/distortions.js" */
/** @import { Pen } from "../../browser/paint.js" */
/** @import { Stage } from "./stage.js" */

/** @type {Record<Kind, number>} Around the image, for handles: a share of its side. */
const ROOMS = { r: 0.24, rts: 0.1, p: 0.28, e: 0.16, tc: 0.05 };

/** @param {Stage} stage */
function roomOf({ mode, kind }) {
  if (mode === "look") return 0.04;
  return mode === "grid" ? Math.max(0.2, ROOMS[kind]) : ROOMS[kind];
}

/**
 * @param {Stage} stage
 * @param {number} side
 */
export function paintBig(stage, side) {
  const { mode, lens, knobs, colors } = stage;
  const pen = sized(stage.canvas, side, side);
  if (mode === "draw") {
    knobs.hide();
    const { digit, words, font } = stage;
    stage.pad.paint(pen, side, colors.input, digit, words.draw_here, font);
    return;
  }
  const size = CANVAS[stage.kind];
  const near = lens.view(side);
  const view = near ?? View.whole(size, roomOf(stage), side);
  stage.shown = view;
  if (near) {
    lens.paint(pen, view);
    knobs.hide();
    return;
  }
  picture(pen, view, stage.image, size);
  frame(pen, view, size, colors.input, 3);
  if (mode === "look") paintPointed(stage, pen, view);
  else if (mode === "grid") paintTheta(stage, pen, view);
  else paintHand(stage.grip, stage.values, stage.knobs, stage.words, pen, view);
}

/**
 * The pixel that is pointed at.
 * @param {Stage} stage
 * @param {Pen} pen
 * @param {View} view
 */
function paintPointed({ lens, knobs, colors }, pen, view) {
  knobs.hide();
  if (!lens.input) return;
  const [x, y] = lens.input;
  const pixel = new View(view.left - x, view.top - y, view.span, view.side);
  frame(pen, pixel, [1, 1], colors.grid, 3);
}

/**
 * The grid in the visitor's hand, and the network's.
 * @param {Stage} stage
 * @param {Pen} pen
 * @param {View} view
 */
function paintTheta(stage, pen, view) {
  const { knobs, colors, held } = stage;
  const warped = held?.warped;
  if (!held || !warped) return knobs.hide();
  const { family, ownTheta } = warped;
  const size = CANVAS[stage.kind];
  const theta = held.mine ?? ownTheta;
  const white = { grid: "#fff", up: "#fff" };
  const dashed = { thick: 1, dash: [6, 6], up: false, inner: false };
  samplingGrid(pen, view, gridCurves(family, ownTheta, size), white, dashed);
  samplingGrid(pen, view, gridCurves(family, theta, size), colors, { thick: 1.5 });
  knobs.show(thetaHand(family, size).handles(theta), view, stage.words, "theirs");
  stage.showScore(held);
}
