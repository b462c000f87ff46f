// The hand on the digit: for each distortion, handles that move its values.

import { boxHand } from "./box_hand.js";
import { CANVAS, DIGIT, PATCH, dropsOf } from "./distortions.js";
import { SQUARE, pairs } from "./points.js";
import { handlesAt, numberOf } from "./hand.js";
import { curve } from "./paint.js";
import { between, minus, plus, rotatedAbout } from "./plane.js";

/** @import { Kind, Seeded, Values } from "./distortions.js" */
/** @import { Point } from "./points.js" */
/** @import { Hand, Outline } from "./hand.js" */
/** @import { Knobs } from "./knobs.js" */
/** @import { Pen } from "./paint.js" */
/** @import { View } from "./view.js" */

const HALF = DIGIT / 2;

/**
 * @param {Kind} kind
 * @param {Seeded} seeded
 * @returns {Hand<Values>}
 */
export function digitHand(kind, seeded) {
  if (kind === "p") return quad;
  if (kind === "e") return elasticHand(seeded);
  return kind === "tc"
    ? clutterHand(seeded)
    : boxHand(CANVAS[kind][0], kind, { free: kind === "rts" });
}

const middle = (CANVAS.p[0] - 1) / 2; // of P's and E's canvas, too

/**
 * The hand on points that may go anywhere, given where they are, and the values that put them
 * elsewhere.
 * @param {(v: Values) => Point[]} points
 * @param {(v: Values, places: Point[]) => Values} placed
 * @param {(points: Point[]) => Outline[]} outlines
 * @param {string} scale the value's key
 * @returns {Hand<Values>}
 */
function pointsHand(points, placed, outlines, scale) {
  /** @type {(v: Values, dx: number, dy: number) => Values} */
  const move = (v, dx, dy) => {
    const places = points(v).map((at) => plus(at, [dx, dy]));
    return placed(v, places);
  };
  return {
    handles: (v) => handlesAt("point", points(v)),
    outlines: (v) => outlines(points(v)),
    drag(v, id, from, to) {
      const pull = minus(to, from);
      if (!id) return move(v, ...pull);
      const places = points(v).map((at, k) => (k === numberOf(id) ? plus(at, pull) : at));
      return placed(v, places);
    },
    move,
    zoom: (v, by) => ({ ...v, [scale]: v[scale] * by }),
    turn(v, degrees) {
      const places = points(v).map((at) => rotatedAbout(at, [middle, middle], degrees));
      return placed(v, places);
    },
  };
}

const quad = pointsHand(
  (v) =>
    SQUARE.map(([x, y], i) => [middle + HALF * x + v[`p_x${i}`], middle + HALF * y + v[`p_y${i}`]]),
  (v, corners) => {
    const next = { ...v };
    corners.forEach(([x, y], i) => {
      next[`p_x${i}`] = x - middle - HALF * SQUARE[i][0];
      next[`p_y${i}`] = y - middle - HALF * SQUARE[i][1];
    });
    return next;
  },
  (points) => [{ points }],
  "p_scale",
);

/**
 * The spline maps output to input, so the ink near a control point goes against its move: a handle
 * stands where that ink stands.
 * @param {Seeded} seeded
 */
function elasticHand({ directions = [] }) {
  /** @type {Point[]} */
  const rest = Array.from({ length: 16 }, (_, k) => [
    middle + HALF * (-1 + (2 / 3) * (k % 4)),
    middle + HALF * (-1 + (2 / 3) * (k >> 2)),
  ]);
  /** @param {Values} v */
  const pushed = (v) => pairs(directions.map((at) => at * v.e_strength));
  return pointsHand(
    (v) => {
      const pushes = pushed(v);
      const moves = pairs(v.e_moves);
      return rest.map((at, k) => minus(minus(at, pushes[k]), moves[k]));
    },
    (v, places) => {
      const pushes = pushed(v);
      const moves = places.flatMap((at, k) => minus(minus(rest[k], pushes[k]), at));
      return { ...v, e_moves: moves };
    },
    lattice,
    "e_scale",
  );
}

/**
 * The lines of a 4x4 grid of points, across and down.
 * @param {Point[]} points
 */
const lattice = (points) =>
  [0, 1, 2, 3].flatMap((i) => [
    { points: points.slice(4 * i, 4 * i + 4), open: true },
    { points: points.filter((_, k) => k % 4 === i), open: true },
  ]);

/**
 * The digit and the distractors, to put down elsewhere.
 * @param {Seeded} seeded
 * @returns {Hand<Values>}
 */
function clutterHand(seeded) {
  const side = CANVAS.tc[0];
  /** @type {(at: number, size: number) => number} */
  const held = (at, size) => Math.min(Math.max(Math.round(at), 0), side - size);
  /** @type {(v: Values, dx: number, dy: number) => Values} */
  const move = (v, dx, dy) => {
    return { ...v, tc_x: held(v.tc_x + dx, DIGIT), tc_y: held(v.tc_y + dy, DIGIT) };
  };
  return {
    handles(v) {
      const shown = pairs(dropsOf(v, seeded)).slice(0, v.tc_clutter);
      const half = PATCH / 2;
      return shown.map(([x, y], i) => {
        return { id: `box${i}`, x: x - 0.5 + half, y: y - 0.5 + half, shape: "box", size: PATCH };
      });
    },
    outlines(v) {
      const [left, top] = [v.tc_x - 0.5, v.tc_y - 0.5];
      return [{ points: SQUARE.map(([i, j]) => [left + HALF * (i + 1), top + HALF * (j + 1)]) }];
    },
    drag(v, id, from, to) {
      const [dx, dy] = minus(to, from);
      if (!id) return move(v, dx, dy);
      const drops = [...v.tc_drops];
      const at = 2 * numberOf(id);
      const now = dropsOf(v, seeded);
      drops[at] = held(now[at] + dx, PATCH);
      drops[at + 1] = held(now[at + 1] + dy, PATCH);
      return { ...v, tc_drops: drops };
    },
    move,
    zoom: null,
    turn: null,
  };
}

/**
 * The hand on the digit: its outlines and handles.
 * @param {Hand<Values>} grip
 * @param {Values} values
 * @param {Knobs} knobs
 * @param {Record<string, string>} words
 * @param {Pen} pen
 * @param {View} view
 */
export function paintHand(grip, values, knobs, words, pen, view) {
  const outlines = grip.outlines(values);
  for (const { points, open = false } of outlines) {
    const style = { open, dash: [7, 5], rim: open ? 0.5 : 1 };
    curve(pen, view, points, open ? "rgba(255, 255, 255, 0.6)" : "#fff", open ? 1 : 1.5, style);
  }
  const handles = grip.handles(values);
  const turning = handles.find((handle) => handle.shape === "turn");
  if (turning) {
    const [a, b] = outlines[0].points;
    /** @type {Point[]} */
    const stalk = [between(a, b), [turning.x, turning.y]];
    curve(pen, view, stalk, "#fff", 1.5, { rim: 1 });
  }
  knobs.show(handles, view, words);
}
