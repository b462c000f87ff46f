// The distortion's values: their bounds and steps, and gliding from some to others.

/** @import { Values } from "./distortions.js" */
/** @typedef {[low: number, high: number, step: number]} Bounds of a slider */

/** Whether the system asks for no motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @type {(bounds: Bounds, value: number) => number} */
export const held = ([low, high], value) => Math.min(Math.max(value, low), high);

/** @type {(bounds: Bounds, value: number) => number} also on the slider's steps */
export const fitted = ([low, high, step], value) => {
  const steps = Math.round((held([low, high, step], value) - low) / step);
  return Number((low + steps * step).toFixed(6));
};

/**
 * Values, those with bounds each brought into them by `fit`.
 * @param {Values} values
 * @param {Record<string, Bounds>} bounds
 * @param {(bounds: Bounds, value: number) => number} fit
 */
export function bounded(values, bounds, fit) {
  const next = { ...values };
  for (const key of Object.keys(values)) {
    const own = bounds[key];
    if (own) next[key] = each(values[key], (value) => fit(own, value));
  }
  return next;
}

/** @type {(value: number | number[], make: (one: number) => number) => number | number[]} */
const each = (value, make) => (Array.isArray(value) ? value.map(make) : make(value));

export class Glide {
  /**
   * @param {Values} from
   * @param {Values} to
   * @param {number} time in ms
   */
  constructor(from, to, time) {
    this.from = { ...from };
    this.to = to;
    this.time = time;
    this.start = performance.now();
    for (const key of Object.keys(from)) {
      if (!key.endsWith("_angle") || Math.abs(from[key] - to[key]) <= 180) continue;
      this.from[key] += from[key] < to[key] ? 360 : -360; // the shorter way round
    }
  }

  /**
   * @param {number} now
   * @returns {{ values: Values, done: boolean }}
   */
  at(now) {
    const share = Math.min(Math.max((now - this.start) / this.time, 0), 1);
    if (share === 1) return { values: this.to, done: true };
    const eased = 1 - (1 - share) ** 3;
    /** @type {Values} */
    const values = {};
    for (const key of Object.keys(this.to)) {
      const jumps = key === "tc_drops" || key === "tc_clutter";
      const value = jumps ? this.to[key] : onto(this.from[key], this.to[key], eased);
      values[key] = /^tc_|_seed$/.test(key) ? each(value, Math.round) : value;
    }
    return { values, done: false };
  }
}

/**
 * @param {any} a a number or a list of them, as b
 * @param {any} b
 * @param {number} share of the way
 * @returns {any}
 */
const onto = (a, b, share) =>
  Array.isArray(a) ? a.map((value, i) => onto(value, b[i], share)) : a + (b - a) * share;
