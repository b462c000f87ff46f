// The hand on a digit in its frame: it is turned, scaled and moved.

import { DIGIT } from "./distortions.js";
import { handlesAt, turnHandle } from "./hand.js";
import { between, minus, plus, ratio, rotated, times, turned, wrapped } from "./plane.js";
import { SQUARE } from "./points.js";

/** @import { Values } from "./distortions.js" */
/** @import { Hand } from "./hand.js" */
/** @import { Point } from "./points.js" */

const HALF = DIGIT / 2;

/**
 * The values are `<prefix>_angle`, and for a digit that is free `<prefix>_scale`, `_x` and `_y`.
 * @param {number} side of the canvas
 * @param {string} prefix
 * @param {{ free: boolean }} options whether it is scaled and moved, too
 * @returns {Hand<Values>}
 */
export function boxHand(side, prefix, { free }) {
  const middle = (side - 1) / 2;
  const [angle, scale, x, y] = ["angle", "scale", "x", "y"].map((name) => `${prefix}_${name}`);
  /** @type {(v: Values) => Point} */
  const centre = (v) => (free ? [middle + v[x], middle + v[y]] : [middle, middle]);
  /** @param {Values} v */
  const corners = (v) => {
    const half = HALF * (free ? v[scale] : 1);
    return SQUARE.map((at) => plus(centre(v), rotated(times(at, half), v[angle])));
  };
  /** @type {(v: Values, dx: number, dy: number) => Values} */
  const move = (v, dx, dy) => ({ ...v, [x]: v[x] + dx, [y]: v[y] + dy });
  /** @type {(v: Values, by: number) => Values} */
  const zoom = (v, by) => ({ ...v, [scale]: v[scale] * by });
  /** @type {(v: Values, degrees: number) => Values} */
  const turn = (v, degrees) => ({ ...v, [angle]: wrapped(v[angle] + degrees) });
  return {
    handles(v) {
      const [a, b] = corners(v);
      const turning = turnHandle(centre(v), between(a, b), side);
      return free ? [...handlesAt("corner", corners(v)), turning] : [turning];
    },
    outlines: (v) => [{ points: corners(v) }],
    drag(v, id, from, to) {
      if (id === "turn" || !free) return turn(v, turned(centre(v), from, to));
      return id ? zoom(v, ratio(centre(v), from, to)) : move(v, ...minus(to, from));
    },
    move: free ? move : null,
    zoom: free ? zoom : null,
    turn,
  };
}
