// What the player says in words: the clock, and the pictures for those who can't see them.

import { fill } from "../../browser/dom.js";
import { momentAt } from "./recorded.js";

/** @import { Side } from "./recorded.js" */
/** @typedef {Record<string, string>} Words */

/**
 * @param {Side[]} sides
 * @param {number} step
 * @param {number} last
 * @param {Words} words
 * @param {(value: number) => string} number
 */
export function clockText(sides, step, last, words, number) {
  const { batch } = sides[0];
  const shared = batch && sides.every((side) => side.batch === batch) ? batch : null;
  const now = Math.round(step);
  const values = { step: number(now), last: number(last) };
  if (shared === null) return fill(words.clock_without_batch, values);
  return fill(words.clock, { ...values, seen: number(now * shared) });
}

/**
 * Every digit of a side and the answer to it.
 * @param {Side} side
 * @param {number} step
 * @param {Words} words
 */
export function digitsText(side, step, words) {
  const [index] = momentAt(side, step);
  const answers = side.labels.map((label, digit) => {
    const answer = side.answers[index * side.count + digit];
    return fill(answer === label ? words.alt_right : words.alt_wrong, { label, answer });
  });
  return fill(words.alt, { name: side.name, answers: answers.join(", ") });
}

/**
 * Where a side's curves are.
 * @param {Side} side
 * @param {number} step
 * @param {number} digits
 * @param {Words} words
 */
export function curvesText(side, step, digits, words) {
  const [index] = momentAt(side, step);
  return fill(words.alt_curve, {
    name: side.name,
    error: ((100 * side.wrong[index]) / digits).toFixed(0),
    px: side.misalignment[index].toFixed(1),
  });
}

/**
 * @param {Side} side
 * @param {number} step
 * @param {number} digits
 * @param {Words} words
 */
export function wrongText(side, step, digits, words) {
  return fill(words.wrong, { wrong: side.wrong[momentAt(side, step)[0]], digits });
}
