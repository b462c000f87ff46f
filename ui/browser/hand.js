// Direct manipulation: what a hand on the big picture is, and its handles. Places are pixels of the
// image, the centre of pixel j at j.

import { minus } from "./plane.js";

/** @import { Point } from "./points.js" */

/**
 * Where to take hold.
 * @typedef {object} Handle
 * @property {string} id
 * @property {number} x
 * @property {number} y
 * @property {"corner" | "turn" | "point" | "box" | "number"} shape
 * @property {number} [size] of a box, in pixels
 * @property {string} [name] for screen readers, where that does not follow from the id
 * @property {string} [text] on it
 * @property {boolean} [chosen] whether it is the one of several that matters
 */

/** @typedef {{ points: Point[], open?: boolean }} Outline a curve to draw */

/**
 * A hand on something of type Subject, which is never changed in place.
 * @template Subject
 * @typedef {object} Hand
 * @property {(subject: Subject) => Handle[]} handles
 * @property {(subject: Subject) => Outline[]} outlines
 * @property {(subject: Subject, id: string | null, from: Point, to: Point) => Subject} drag what a
 *   pull makes of it; id null is the body
 * @property {((subject: Subject, dx: number, dy: number) => Subject) | null} move these three for
 *   keys, wheel and two fingers; null where there is no such freedom
 * @property {((subject: Subject, by: number) => Subject) | null} zoom
 * @property {((subject: Subject, degrees: number) => Subject) | null} turn
 * @property {(subject: Subject, id: string) => Subject} [take] what taking hold of a handle makes of it
 * @property {number} [step] of an arrow key, in pixels; 1 where it is not said
 */

/** @type {(shape: "corner" | "point", points: Point[]) => Handle[]} */
export const handlesAt = (shape, points) =>
  points.map(([x, y], i) => ({ id: `${shape}${i}`, x, y, shape }));

/** @param {string} id */
export const numberOf = (id) => Number(id.replace(/\D+/, ""));

const FAR = 0.095; // a turning handle stands so far outside its box, in canvases

/**
 * A turning handle beyond the middle of a side, seen from the centre.
 * @param {Point} centre
 * @param {Point} side
 * @param {number} size of the canvas
 * @returns {Handle}
 */
export function turnHandle(centre, side, size) {
  const away = minus(side, centre);
  const length = Math.max(Math.hypot(...away), 1e-6);
  const far = length + FAR * size;
  const x = centre[0] + (away[0] / length) * far;
  const y = centre[1] + (away[1] / length) * far;
  return { id: "turn", x, y, shape: "turn" };
}
