// The hand on theta: handles on the sampling grid, which move theta within its family.

import { squareToQuadrilateral } from "./homography.js";
import { SQUARE, pairs, toNormal, toPixel } from "./points.js";
import { matrixOf, warp } from "./transforms.js";
import { handlesAt, numberOf, turnHandle } from "./hand.js";
import { between, minus, plus, ratio, rotated, times, turned } from "./plane.js";

/** @import { Numbers, Point, Size } from "./points.js" */
/** @import { Family, MatrixFamily } from "./transforms.js" */
/** @import { Hand } from "./hand.js" */

/** @type {Record<MatrixFamily, (matrix: number[]) => number[]>} Back to the parameters. */
const PARAMETERS = {
  translation: (m) => [m[2], m[5]],
  attention: (m) => [m[0], m[2], m[5]],
  similarity: (m) => [m[0], m[3], m[2], m[5]],
  affine: (m) => m.slice(0, 6),
  projective: (m) => m.slice(0, 8).map((value) => value / m[8]),
};

/**
 * @param {number[]} a 3x3
 * @param {number[]} b 3x3
 */
const product = (a, b) =>
  Array.from({ length: 9 }, (_, i) => {
    const row = 3 * Math.floor(i / 3);
    return [0, 1, 2].reduce((sum, k) => sum + a[row + k] * b[3 * k + (i % 3)], 0);
  });

/**
 * @param {Family} family
 * @param {Size} size of the input
 * @returns {Hand<number[]>}
 */
export function thetaHand(family, [height, width]) {
  const turns = family !== "translation" && family !== "attention";
  const zooms = family !== "translation";

  /** @type {(point: Point) => Point} */
  const pixel = ([x, y]) => [toPixel(x, width), toPixel(y, height)];
  /** @type {(point: Point) => Point} */
  const normal = ([x, y]) => [toNormal(x, width), toNormal(y, height)];

  /** @type {(theta: Numbers, points: Point[]) => Point[]} where T_theta takes them, in pixels */
  const at = (theta, points) =>
    pairs(warp(family, theta, Float64Array.from(points.flat()))).map(pixel);

  /** @type {(theta: Numbers) => Point} */
  function centre(theta) {
    if (family !== "tps") return at(theta, [[0, 0]])[0];
    const points = pairs(theta).map(pixel);
    return points.reduce((sum, p) => plus(sum, [p[0] / 16, p[1] / 16]), [0, 0]);
  }

  /**
   * A similarity of the input's pixels about a point, after T_theta.
   * @param {number[]} theta
   * @param {Point} about
   * @param {number} by
   * @param {number} degrees
   * @param {Point} shift
   */
  function after(theta, about, by, degrees, shift) {
    /** @param {Point} p normalised */
    const place = (p) => {
      const away = times(minus(pixel(p), about), by);
      return normal(plus(plus(about, rotated(away, degrees)), shift));
    };
    if (family === "tps") return pairs(theta).flatMap(place);
    const [o, x, y] = [place([0, 0]), place([1, 0]), place([0, 1])];
    const matrix = [x[0] - o[0], y[0] - o[0], o[0], x[1] - o[1], y[1] - o[1], o[1], 0, 0, 1];
    return PARAMETERS[family](product(matrix, matrixOf(family, theta)));
  }
  /** @type {(theta: number[], dx: number, dy: number) => number[]} */
  const move = (theta, dx, dy) => after(theta, [0, 0], 1, 0, [dx, dy]);
  /** @type {(theta: number[], by: number) => number[]} */
  const zoom = (theta, by) => after(theta, centre(theta), by, 0, [0, 0]);
  /** @type {(theta: number[], degrees: number) => number[]} */
  const turn = (theta, degrees) => after(theta, centre(theta), 1, degrees, [0, 0]);

  /** @type {(theta: number[], corner: number, from: Point, to: Point) => number[]} */
  function cornerDrag(theta, corner, from, to) {
    const pull = minus(to, from);
    if (family === "projective") {
      const places = at(theta, SQUARE).map((place, i) =>
        normal(i === corner ? plus(place, pull) : place),
      );
      const matrix = squareToQuadrilateral(places.flat());
      const behind = matrix[8] <= 0.02; // the horizon would cross the centre
      return behind ? theta : PARAMETERS.projective(matrix);
    }
    if (family === "affine") return affineDrag(theta, corner, pull);
    const about = centre(theta);
    const turnedTheta = turns ? turn(theta, turned(about, from, to)) : theta;
    return zoom(turnedTheta, ratio(about, from, to));
  }

  /**
   * The opposite corner goes the other way, the two others stay: with the turning handle and the
   * body, every affine map.
   * @type {(theta: number[], corner: number, pull: Point) => number[]}
   */
  function affineDrag(theta, corner, pull) {
    const corners = at(theta, SQUARE);
    const o = normal(centre(theta));
    const pulled = minus(normal(plus(corners[corner], pull)), o);
    const opposite = minus([0, 0], pulled);
    const [first, second] = corners.map((place) => minus(normal(place), o));
    const a = corner === 0 ? pulled : corner === 2 ? opposite : first;
    const b = corner === 1 ? pulled : corner === 3 ? opposite : second;
    const [ax, ay] = a;
    const [bx, by] = b;
    return [(bx - ax) / 2, -(ax + bx) / 2, theta[2], (by - ay) / 2, -(ay + by) / 2, theta[5]];
  }

  return {
    handles(theta) {
      const corners = at(theta, SQUARE);
      const points = family === "tps" ? pairs(theta).map(pixel) : corners;
      const handles = handlesAt("point", points);
      if (!turns) return handles;
      const side = between(corners[0], corners[1]);
      return [...handles, turnHandle(centre(theta), side, width)];
    },
    outlines: () => [],
    drag(theta, id, from, to) {
      if (id === "turn") return turn(theta, turned(centre(theta), from, to));
      const pull = minus(to, from);
      if (!id || !zooms) return move(theta, ...pull);
      const number = numberOf(id);
      if (family !== "tps") return cornerDrag(theta, number, from, to);
      return pairs(theta).flatMap((p, k) => (k === number ? normal(plus(pixel(p), pull)) : p));
    },
    move,
    zoom: zooms ? zoom : null,
    turn: turns ? turn : null,
  };
}
