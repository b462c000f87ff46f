// The hands on the two pictures: one moves the grid, by the values of its sliders, the other the point
// that is followed.

import { compose, matrixIn, quantitiesOf, NOTHING } from "../../browser/compose.js";
import { numberOf } from "../../browser/hand.js";
import { minus, ratio, turned, wrapped } from "../../browser/plane.js";
import { toNormal, toPixel } from "../../browser/points.js";
import { thetaHand } from "../../browser/theta_hand.js";
import { fill } from "../../browser/dom.js";

/** @import { Quantities } from "../../browser/compose.js" */
/** @import { Values } from "../../browser/distortions.js" */
/** @import { Hand } from "../../browser/hand.js" */
/** @import { Point, Size } from "../../browser/points.js" */
/** @import { Family } from "../../browser/transforms.js" */

const DEGREE = Math.PI / 180;
const NAMES = /** @type {const} */ ([
  ...["x", "y", "scale", "stretch", "shear", "px", "py", "bulge", "wave", "moves"],
]);

/** @type {Point[]} The points that can be followed. */
export const POINTS = [-0.7, 0, 0.7].flatMap((y) =>
  [-0.7, 0, 0.7].map((x) => /** @type {Point} */ ([x, y])),
);

/** @type {(values: Values) => Quantities} */
function quantitiesIn(values) {
  const found = NAMES.map((name) => [name, values[`t_${name}`] ?? NOTHING[name]]);
  return { ...Object.fromEntries(found), angle: (values.t_angle ?? 0) * DEGREE };
}

/** @type {(family: Family, values: Values) => number[]} theta */
export const thetaOf = (family, values) => compose(family, quantitiesIn(values));

/**
 * Values, those that a theta says anew.
 * @param {Exclude<Family, "tps">} family
 * @param {number[]} theta
 * @param {Values} values
 */
function valuesOf(family, theta, values) {
  const quantities = quantitiesOf(family, theta);
  const next = { ...values };
  for (const name of NAMES) if (`t_${name}` in values) next[`t_${name}`] = quantities[name];
  if ("t_angle" in values) next.t_angle = quantities.angle / DEGREE;
  return next;
}

/**
 * The hand on the grid.
 * @param {Family} family
 * @param {Size} size of the picture that it lies on
 * @returns {Hand<Values>}
 */
export function gridHand(family, size) {
  const hand = thetaHand(family, size);
  const [height, width] = size;
  /** @type {(v: Values, dx: number, dy: number) => Values} */
  const move = (v, dx, dy) => {
    return { ...v, t_x: v.t_x + (2 * dx) / width, t_y: v.t_y + (2 * dy) / height };
  };
  /** @type {(v: Values, by: number) => Values} */
  const zoom = (v, by) => ({ ...v, t_scale: v.t_scale * by });
  /** @type {(v: Values, degrees: number) => Values} */
  const turn = (v, degrees) => ({ ...v, t_angle: wrapped(v.t_angle + degrees) });
  /** @type {(v: Values) => Point} */
  const centre = (v) => [toPixel(v.t_x, width), toPixel(v.t_y, height)];
  /**
   * A control point goes with the hand: the matrix maps its move, so the hand's is mapped back.
   * @type {(v: Values, number: number, pull: Point) => Values}
   */
  const bend = (v, number, [dx, dy]) => {
    const [a, b, , c, d] = matrixIn(quantitiesIn(v));
    const [x, y] = [(2 * dx) / width, (2 * dy) / height];
    const det = a * d - b * c;
    const moves = [...v.t_moves];
    moves[2 * number] += (d * x - b * y) / det;
    moves[2 * number + 1] += (a * y - c * x) / det;
    return { ...v, t_moves: moves };
  };
  return {
    handles: (v) => hand.handles(thetaOf(family, v)),
    outlines: () => [],
    drag(v, id, from, to) {
      const pull = minus(to, from);
      if (!id || family === "translation") return move(v, ...pull);
      if (id === "turn") return turn(v, turned(centre(v), from, to));
      if (family === "tps") return bend(v, numberOf(id), pull);
      if (family === "affine" || family === "projective") {
        return valuesOf(family, hand.drag(thetaOf(family, v), id, from, to), v);
      }
      const sized = zoom(v, ratio(centre(v), from, to));
      return family === "attention" ? sized : turn(sized, turned(centre(v), from, to));
    },
    move,
    zoom: hand.zoom && zoom,
    turn: hand.turn && turn,
  };
}

/**
 * The points that are followed: the regular ones, but for the chosen one, which may be anywhere.
 * @param {Values} values
 */
export const pointsOf = (values) =>
  POINTS.map((point, i) => (i === chosenOf(values) ? /** @type {Point} */ (values.t_at) : point));

/** @param {Values} values */
export const chosenOf = ({ t_follow }) => Math.round(t_follow) - 1;

/**
 * The hand on the point that is followed.
 * @param {Size} size of its picture
 * @param {Record<string, string>} words
 * @returns {Hand<Values>}
 */
export function linkHand([height, width], words) {
  /** @type {(v: Values, id: string) => Values} */
  const take = (v, id) => {
    const number = numberOf(id);
    return number === chosenOf(v) ? v : { ...v, t_follow: number + 1, t_at: POINTS[number] };
  };
  /** @type {(v: Values, dx: number, dy: number) => Values} */
  const move = (v, dx, dy) => {
    const [x, y] = v.t_at;
    return { ...v, t_at: [x + (2 * dx) / width, y + (2 * dy) / height] };
  };
  return {
    handles: (v) =>
      pointsOf(v).map(([x, y], i) => ({
        id: `number${i}`,
        x: toPixel(x, width),
        y: toPixel(y, height),
        shape: "number",
        text: String(i + 1),
        name: fill(words.point, { number: i + 1 }),
        chosen: i === chosenOf(v),
      })),
    outlines: () => [],
    drag(v, id, from, to) {
      if (id) return move(take(v, id), ...minus(to, from));
      return { ...v, t_at: [toNormal(to[0], width), toNormal(to[1], height)] };
    },
    take,
    move,
    zoom: null,
    turn: null,
  };
}
