// Vectors in the plane; angles are in degrees.

/** @import { Point } from "./points.js" */

/** @type {(a: Point, b: Point) => Point} */
export const plus = ([a, b], [c, d]) => [a + c, b + d];

/** @type {(a: Point, b: Point) => Point} */
export const minus = ([a, b], [c, d]) => [a - c, b - d];

/** @type {(a: Point, by: number) => Point} */
export const times = ([a, b], by) => [a * by, b * by];

/** @type {(a: Point, b: Point) => Point} */
export const between = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** @type {(point: Point, degrees: number) => Point} */
export const rotated = ([x, y], degrees) => {
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return [cos * x - sin * y, sin * x + cos * y];
};

/** @type {(point: Point, centre: Point, degrees: number) => Point} */
export const rotatedAbout = (point, centre, degrees) =>
  plus(centre, rotated(minus(point, centre), degrees));

/** @type {(degrees: number) => number} into [-180, 180) */
export const wrapped = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180 || 0;

/** @param {Point} point */
export const angleOf = ([x, y]) => (Math.atan2(y, x) * 180) / Math.PI;

/** @type {(centre: Point, from: Point, to: Point) => number} the angle from one to the other */
export const turned = (centre, from, to) =>
  wrapped(angleOf(minus(to, centre)) - angleOf(minus(from, centre)));

/** @type {(centre: Point, from: Point, to: Point) => number} of their distances */
export const ratio = (centre, from, to) =>
  Math.hypot(...minus(to, centre)) / Math.max(Math.hypot(...minus(from, centre)), 0.5);
