// What a step shows, as class_step.py describes it: its picture, what networks make of it, and how a
// hand changes it.

import { greysOf } from "../browser/bytes.js";
import { CANVAS, DIGIT, distort, distortionGrid, parametersOf } from "../browser/distortions.js";
import { SQUARE, pairs } from "../browser/points.js";
import { sample } from "../browser/sampler.js";
import { warp } from "../browser/transforms.js";

/** @import { Kind, Seeded, Values } from "../browser/distortions.js" */
/** @import { Numbers, Point, Size } from "../browser/points.js" */

/**
 * A step's picture as it is sent.
 * @typedef {object} Given
 * @property {string} digit
 * @property {Kind | "pose" | "grid"} kind
 * @property {Values} values
 * @property {Record<string, [low: number, high: number, step: number]>} bounds
 * @property {{ directions?: number[], patches?: string[], drops?: number[] }} seeded
 * @property {{ name: string, file: string }[]} models
 */

/** @typedef {{ moves: boolean, turns: boolean, zooms: boolean, points: boolean }} Freedom */

const middle = (DIGIT - 1) / 2;
/** @type {(value: number, low: number, high: number) => number} */
const held = (value, low, high) => Math.min(Math.max(value, low), high);
/** @type {(degrees: number) => number} into [-180, 180) */
const wrapped = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

/** A picture under a hand. Places and lengths are in pixels of it. */
export class Scene {
  /** @param {Given} given */
  constructor(given) {
    this.kind = given.kind;
    this.digit = greysOf(given.digit);
    /** @type {Seeded} */
    this.seeded = { ...given.seeded, patches: given.seeded.patches?.map(greysOf) };
    this.bounds = given.bounds;
    this.models = given.models;
    this.values = { ...given.values };
    /** @type {Size} */
    this.size =
      given.kind === "pose" || given.kind === "grid" ? [DIGIT, DIGIT] : CANVAS[given.kind];
    // on top of a theta: a similarity, in normalised coordinates
    this.turned = 0;
    this.zoomed = 1;
    /** @type {Point} */
    this.shifted = [0, 0];
  }

  /** @returns {Freedom} what the hand can do */
  get freedom() {
    const { kind } = this;
    const free = kind === "rts" || kind === "pose";
    const family = kind === "grid" ? this.values.family : "";
    const whole = kind === "grid" && family !== "translation" && family !== "attention";
    return {
      moves: free || kind === "tc" || kind === "grid",
      turns: free || kind === "r" || whole,
      zooms: free || whole || family === "attention",
      points: kind === "p" || kind === "e",
    };
  }

  /** @param {string} part "angle", "scale", "x" or "y" */
  key(part) {
    return this.kind === "pose" ? part : `${this.kind}_${part}`;
  }

  /**
   * @param {string} key
   * @param {number} value
   */
  put(key, value) {
    const [low, high] = this.bounds[key] ?? [-Infinity, Infinity];
    this.values = { ...this.values, [key]: held(value, low, high) };
  }

  /**
   * @param {Point} by
   * @param {Point} from
   */
  move([dx, dy], from) {
    const { kind, values } = this;
    if (kind === "grid") {
      const [x, y] = this.shifted;
      this.shifted = [held(x + (2 * dx) / DIGIT, -1, 1), held(y + (2 * dy) / DIGIT, -1, 1)];
    } else if (kind === "p" || kind === "e") this.pull([dx, dy], from);
    else if (this.freedom.moves) {
      this.put(this.key("x"), values[this.key("x")] + dx);
      this.put(this.key("y"), values[this.key("y")] + dy);
    }
  }

  /** @param {number} degrees clockwise */
  turn(degrees) {
    if (!this.freedom.turns) return;
    if (this.kind === "grid") this.turned = wrapped(this.turned + degrees);
    else this.put(this.key("angle"), wrapped(this.values[this.key("angle")] + degrees));
  }

  /** @param {number} by */
  zoom(by) {
    if (!this.freedom.zooms) return;
    if (this.kind === "grid") this.zoomed = held(this.zoomed * by, 0.2, 3);
    else this.put(this.key("scale"), this.values[this.key("scale")] * by);
  }

  /** @returns {Point[]} where the points are that a hand pulls */
  get points() {
    const { kind, values, seeded } = this;
    if (kind === "p") {
      return SQUARE.map(([x, y], i) => [
        middle + (DIGIT / 2) * x + values[`p_x${i}`],
        middle + (DIGIT / 2) * y + values[`p_y${i}`],
      ]);
    }
    if (kind !== "e") return [];
    // the spline takes output to input: the ink goes against a control point's move
    const pushes = pairs((seeded.directions ?? []).map((at) => at * values.e_strength));
    const moves = pairs(values.e_moves);
    return pushes.map(([x, y], k) => [
      middle + (DIGIT / 2) * (-1 + (2 / 3) * (k % 4)) - x - moves[k][0],
      middle + (DIGIT / 2) * (-1 + (2 / 3) * (k >> 2)) - y - moves[k][1],
    ]);
  }

  /**
   * The point nearest to a place, by so much.
   * @param {Point} by
   * @param {Point} from
   */
  pull([dx, dy], from) {
    const distances = this.points.map(([x, y]) => Math.hypot(x - from[0], y - from[1]));
    const nearest = distances.indexOf(Math.min(...distances));
    if (this.kind === "p") {
      this.put(`p_x${nearest}`, this.values[`p_x${nearest}`] + dx);
      this.put(`p_y${nearest}`, this.values[`p_y${nearest}`] + dy);
    } else {
      const moves = [...this.values.e_moves];
      moves[2 * nearest] = held(moves[2 * nearest] - dx, -12, 12);
      moves[2 * nearest + 1] = held(moves[2 * nearest + 1] - dy, -12, 12);
      this.values = { ...this.values, e_moves: moves };
    }
  }

  /** @returns {Float32Array} the picture now */
  image() {
    const { kind, values } = this;
    if (kind === "grid") return this.digit;
    if (kind === "pose") {
      const { angle, scale, x, y } = values;
      /** @type {Point} */
      const shift = [x, y];
      const grid = distortionGrid("r", { angle: (angle * Math.PI) / 180, scale, shift });
      return sample(this.digit, DIGIT, DIGIT, grid);
    }
    const whole = kind === "tc" ? { ...values, tc_x: Math.round(values.tc_x) } : values;
    if (kind === "tc") whole.tc_y = Math.round(values.tc_y);
    return distort(kind, this.digit, parametersOf(kind, whole, this.seeded));
  }

  /**
   * The grid of a step about transforms, with what the hand did to it: source points.
   * @param {Numbers} points
   */
  warp(points) {
    const { family, theta } = this.values;
    const source = Float64Array.from(warp(family, theta, points));
    const cos = this.zoomed * Math.cos((this.turned * Math.PI) / 180);
    const sin = this.zoomed * Math.sin((this.turned * Math.PI) / 180);
    const [dx, dy] = this.shifted;
    for (let i = 0; i < source.length; i += 2) {
      const [x, y] = [source[i], source[i + 1]];
      source[i] = cos * x - sin * y + dx;
      source[i + 1] = sin * x + cos * y + dy;
    }
    return source;
  }
}
