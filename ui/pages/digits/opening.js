// The page before anybody has touched it: the tilted digit is straightened and read, a few times over.

import { IDENTITY } from "../../browser/transforms.js";
import { still } from "../../browser/values.js";

/** @import { Family } from "../../browser/transforms.js" */
/** @import { Stage } from "./stage.js" */

const ANGLES = [-60, 75, -35]; // degrees, one a round, before it rests where it began
const TURN = 1100; // ms of each part of a round
const LIE = 500;
const STRAIGHTEN = 1500;
const READ = 2000;
const ROUND = TURN + LIE + STRAIGHTEN + READ;
const TOUCHES = ["pointerdown", "keydown", "wheel", "touchstart"];

/** @param {number} share */
const eased = (share) => {
  const at = Math.min(Math.max(share, 0), 1);
  return at * at * (3 - 2 * at);
};

export class Opening {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.from = stage.values;
    this.start = performance.now();
    this.share = 1; // of the way from the identity to the network's theta
    this.stop = this.stop.bind(this);
    for (const name of TOUCHES) addEventListener(name, this.stop, { capture: true, passive: true });
    this.over = still();
    stage.changed();
  }

  /**
   * The digit's angle, and how far the grid has come, at a time.
   * @param {number} now
   */
  step(now) {
    if (this.over) return;
    const time = Math.max(now - this.start, 0);
    const round = Math.floor(time / ROUND);
    const { r_angle: home } = this.from;
    const before = round ? (ANGLES[round - 1] ?? home) : home;
    const next = ANGLES[round] ?? home;
    const within = time % ROUND;
    this.stage.values = { ...this.from, r_angle: before + (next - before) * eased(within / TURN) };
    this.share = eased((within - TURN - LIE) / STRAIGHTEN);
    if (round >= ANGLES.length && within > TURN + LIE + STRAIGHTEN) this.stop();
    this.stage.changed();
  }

  /**
   * A theta on the way from the identity to the network's.
   * @param {Family} family
   * @param {number[]} own
   */
  theta(family, own) {
    const { share } = this;
    if (this.over || share === 1) return null;
    return IDENTITY[family].map((at, i) => at + share * (own[i] - at));
  }

  stop() {
    for (const name of TOUCHES) removeEventListener(name, this.stop, { capture: true });
    if (this.over) return;
    this.over = true;
    this.stage.glideTo(this.from, 220);
    this.stage.changed();
  }
}
