// The toolbar: what the hand does, and what goes with that.

import { ARROWS, element } from "../../browser/dom.js";
import { IDENTITY } from "../../browser/transforms.js";
import { KERNELS } from "./lens.js";

/** @import { Stage } from "./stage.js" */

/** @typedef {"digit" | "grid" | "look" | "draw"} Mode what the hand does */

/** @type {[mode: Mode, icon: string][]} */
const MODES = [
  ["digit", "✥"],
  ["grid", "▦"],
  ["look", "⌕"],
  ["draw", "✎"],
];

/** @type {Record<Mode, (stage: Stage) => HTMLElement[]>} */
const MORE = { digit: () => [], grid: gridTools, look: lookTools, draw: drawTools };

/** @param {Stage} stage */
export function tools(stage) {
  const { words, mode } = stage;
  if (stage.opening) return waysOn(stage);
  const modes = MODES.map(([key, icon]) => option(key, `${icon} ${words[`mode_${key}`]}`));
  const always = [
    choice(stage, "modes", modes, mode, (key) => stage.enter(key)),
    ...MORE[mode](stage),
  ];
  const random = press(words.random, () => stage.wish("random"));
  const reset = press(words.reset, () => stage.wish("reset"));
  return mode === "draw" ? [...always, reset] : [...always, random, reset];
}

/**
 * The two ways on from the page as it opens.
 * @param {Stage} stage
 */
function waysOn(stage) {
  const { words } = stage;
  const lecture = press(words.start_lecture, () => stage.wish("lecture"));
  const trying = press(words.try_it, () => {
    stage.begin();
    stage.place.focus();
  });
  lecture.classList.add("first");
  return [lecture, trying];
}

/**
 * @template {string} Key
 * @typedef {{ key: Key, text: string }} Option
 */

/**
 * @template {string} Key
 * @param {Key} key
 * @param {string} text
 * @returns {Option<Key>}
 */
const option = (key, text) => ({ key, text });

/**
 * One of several: a radio group that the arrow keys move through.
 * @template {string} Key
 * @param {Stage} stage
 * @param {string} name
 * @param {Option<Key>[]} options
 * @param {Key | undefined} chosen
 * @param {(key: Key) => void} choose
 */
function choice(stage, name, options, chosen, choose) {
  const buttons = options.map(({ key, text }) => {
    const here = key === chosen;
    const role = { role: "radio", "aria-checked": String(here), tabindex: here ? "0" : "-1" };
    const button = element("button", "", { type: "button", ...role }, text);
    button.dataset.key = key;
    button.addEventListener("click", () => choose(key));
    return button;
  });
  const label = { role: "radiogroup", "aria-label": stage.words[name] };
  const group = element("div", `choice ${name}`, label, ...buttons);
  group.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    const now = buttons.findIndex((button) => button === event.target);
    const next = options[(now + step[0] + step[1] + options.length) % options.length];
    choose(next.key); // which builds the toolbar anew
    /** @type {NodeListOf<HTMLElement>} */
    const built = stage.tools.querySelectorAll(`.${name} button`);
    [...built].find((button) => button.dataset.key === next.key)?.focus();
  });
  return group;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function press(text, act) {
  const button = element("button", "plain", { type: "button" }, text);
  button.addEventListener("click", act);
  return button;
}

/** @param {Stage} stage */
function gridTools(stage) {
  const { words, transforming, held } = stage;
  const rows = transforming.map((row) => option(row.id, row.name));
  const which = choice(stage, "which", rows, held?.id, (id) => {
    stage.take({ model: id, theta: null });
  });
  const toNetwork = press(words.to_network, () => {
    stage.take({ model: held?.id ?? null, theta: null });
  });
  const toIdentity = press(words.to_identity, () => {
    if (!held?.transformer) return;
    stage.take({ model: held.id, theta: [...IDENTITY[held.transformer.family]] });
  });
  return rows.length > 1 ? [which, toNetwork, toIdentity] : [toNetwork, toIdentity];
}

/** @param {Stage} stage */
function lookTools(stage) {
  const { words, lens } = stage;
  const kernels = KERNELS.map((kernel) => option(kernel, words[kernel]));
  return [choice(stage, "kernels", kernels, lens.kernel, (kernel) => stage.choose(kernel))];
}

/** @param {Stage} stage */
function drawTools(stage) {
  const { words, pad } = stage;
  const both = [option("pen", words.pen), option("eraser", words.eraser)];
  const pens = choice(stage, "pens", both, pad.erasing ? "eraser" : "pen", (key) => {
    pad.erasing = key === "eraser";
    stage.buildTools();
  });
  const range = { type: "range", min: "0.04", max: "0.2", step: "0.01", value: String(pad.width) };
  const width = element("input", "", { ...range, "aria-label": words.width });
  width.addEventListener("input", () => {
    pad.width = Number(width.value);
  });
  const label = element("label", "width", {}, element("span", "", {}, words.width), width);
  const redraw = () => {
    stage.buildTools();
    stage.drawing();
    stage.settle();
  };
  const undo = press(words.undo, () => {
    pad.undo();
    redraw();
  });
  const clear = press(words.clear, () => {
    pad.clear();
    redraw();
  });
  return [pens, label, undo, clear];
}
