// The sampler's arithmetic in words.

import { element } from "../../browser/dom.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Fed, Tap } from "./lens.js" */
/** @typedef {Record<string, string>} Words */

/** @param {number} value */
export const two = (value) => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");

/**
 * The sum that an output pixel is.
 * @param {string} name of the model
 * @param {Point} output
 * @param {Point} source
 * @param {Tap[]} found
 * @param {Words} words
 */
export function sumText(name, output, source, found, words) {
  const value = found.reduce((sum, tap) => sum + tap.weight * tap.value, 0);
  const head = element("b", "term", {}, `V(${output[0]}, ${output[1]})`);
  const terms = found.flatMap((tap, i) => {
    const pixel = element("i", tap.inside ? "" : "outside", {}, tap.value.toFixed(2));
    return [i ? " + " : " = ", element("span", "term", {}, `${two(tap.weight)}·`, pixel)];
  });
  const place = words.comes_from.replace("[x]", two(source[0])).replace("[y]", two(source[1]));
  const total = element("b", "", {}, two(value));
  const className = found.length > 4 ? "sum long" : "sum";
  return element("p", className, {}, `${name}: ${place} `, head, ...terms, " = ", total);
}

/**
 * The output pixels that an input pixel feeds, of every model.
 * @param {Point} pixel
 * @param {number} value
 * @param {{ name: string, fed: Fed[] }[]} rows
 * @param {Words} words
 */
export function fedText([column, line], value, rows, words) {
  const head = element("b", "", {}, `U(${column}, ${line}) = ${value.toFixed(2)}`);
  const lines = rows.map(({ name, fed }) => {
    const most = [...fed].sort((a, b) => b.weight - a.weight).slice(0, 4);
    const terms = most.flatMap(({ output, weight }, i) => {
      const term = `V(${output.join(", ")}) × ${weight.toFixed(2)}`;
      return [i ? " · " : " ", element("span", "term", {}, term)];
    });
    const text = `${name}: ${words.feeds.replace("[count]", String(fed.length))}`;
    const more = fed.length > 4 ? " …" : "";
    return element("span", "", {}, element("br"), text, ...terms, more);
  });
  return element("p", "sum", {}, head, ...lines);
}
