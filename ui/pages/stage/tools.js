// The toolbar: what the hand does, and what goes with that.

import { ARROWS, element } from "./dom.js";
import { FAMILIES } from "./engine.js";
import { KERNELS } from "./lens.js";

const MODES = { digit: "✥", grid: "▦", look: "⌕", draw: "✎" };

// One of several: a radio group that the arrow keys move through. An option is its key and its text.
function choice(stage, name, options, chosen, choose) {
  const group = element("div", `choice ${name}`, {
    role: "radiogroup",
    "aria-label": stage.words[name],
  });
  const buttons = options.map(([key, text]) => {
    const here = key === chosen;
    const button = element(
      "button",
      "",
      { type: "button", role: "radio", "aria-checked": String(here), tabindex: here ? "0" : "-1" },
      text,
    );
    button.dataset.key = key;
    button.addEventListener("click", () => choose(key));
    return button;
  });
  group.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    const now = buttons.indexOf(event.target);
    const next = buttons[(now + step[0] + step[1] + buttons.length) % buttons.length];
    choose(next.dataset.key);
    [...stage.tools.querySelectorAll(`.${name} button`)]
      .find((button) => button.dataset.key === next.dataset.key)
      ?.focus();
  });
  group.append(...buttons);
  return group;
}

function press(text, act) {
  const button = element("button", "plain", { type: "button" }, text);
  button.addEventListener("click", act);
  return button;
}

function gridTools(stage) {
  const { words, transforming, held } = stage;
  const which = choice(
    stage,
    "which",
    transforming.map((row) => [row.id, row.name]),
    held?.id,
    (id) => stage.take({ model: id, theta: null }),
  );
  return [
    ...(transforming.length > 1 ? [which] : []),
    press(words.to_network, () => stage.take({ model: held?.id, theta: null })),
    press(
      words.to_identity,
      () =>
        held &&
        stage.take({ model: held.id, theta: [...FAMILIES[held.transformer.family].identity] }),
    ),
  ];
}

function lookTools(stage) {
  const { words, lens } = stage;
  return [
    choice(
      stage,
      "kernels",
      KERNELS.map((kernel) => [kernel, words[kernel]]),
      lens.kernel,
      (kernel) => stage.choose(kernel),
    ),
  ];
}

function drawTools(stage) {
  const { words, pad } = stage;
  const pens = choice(
    stage,
    "pens",
    [
      ["pen", words.pen],
      ["eraser", words.eraser],
    ],
    pad.erasing ? "eraser" : "pen",
    (key) => {
      pad.erasing = key === "eraser";
      stage.buildTools();
    },
  );
  const width = element("input", "", {
    type: "range",
    min: "0.04",
    max: "0.2",
    step: "0.01",
    value: String(pad.width),
    "aria-label": words.width,
  });
  width.addEventListener("input", () => (pad.width = Number(width.value)));
  const redraw = (act) => () => {
    act();
    stage.buildTools();
    stage.drawing();
    stage.settle();
  };
  return [
    pens,
    element("label", "width", {}, words.width, width),
    press(
      words.undo,
      redraw(() => pad.undo()),
    ),
    press(
      words.clear,
      redraw(() => pad.clear()),
    ),
  ];
}

const MORE = { digit: () => [], grid: gridTools, look: lookTools, draw: drawTools };

export function tools(stage) {
  const { words, mode } = stage;
  const modes = Object.entries(MODES).map(([key, icon]) => [
    key,
    `${icon} ${words[`mode_${key}`]}`,
  ]);
  return [choice(stage, "modes", modes, mode, (key) => stage.enter(key)), ...MORE[mode](stage)];
}
