// The panel of a lecture. Next and back are keys that a presenter's clicker sends, whatever has the focus; arrows, space, Home and
// End are left to sliders, the stage and the player. The letters are taken only while nobody types.

const element = (tag, parent, className = "", text = "", attributes = {}) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
};

const typed = (target) =>
  target?.matches?.(
    "textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox])",
  );

const PATIENCE = 5000; // ms, after which a wish that was not met is forgotten

// To another step, counted from 1. One wish is under way at a time; whoever presses on meanwhile gets to the last one in the end.
function go(panel, at) {
  panel.wanted = Math.min(Math.max(at, 1), panel.data.steps.length);
  if (!panel.waiting && panel.wanted !== panel.data.at) ask(panel);
}

function ask(panel) {
  panel.waiting = setTimeout(() => Object.assign(panel, { waiting: 0, wanted: null }), PATIENCE);
  panel.send("go", panel.wanted);
}

// The page has followed.
function arrive(panel) {
  clearTimeout(panel.waiting);
  panel.waiting = 0;
  if (panel.wanted && panel.wanted !== panel.data.at) ask(panel);
  else panel.wanted = null;
}

const forward = (panel) => go(panel, (panel.wanted ?? panel.data.at) + 1);
const backward = (panel) => go(panel, (panel.wanted ?? panel.data.at) - 1);

function toggleAnswer(panel) {
  const answer = panel.root.querySelector("details");
  if (answer) answer.open = !answer.open;
}

// The page's controls: hidden in a lecture unless asked for, and as they were at the next step.
function toggleControls(
  panel,
  shown = !document.documentElement.classList.contains("with-controls"),
) {
  document.documentElement.classList.toggle("with-controls", shown);
  panel.root.querySelector(".controls")?.setAttribute("aria-pressed", String(shown));
}

const KEYS = { PageDown: forward, PageUp: backward };
const LETTERS = { a: toggleAnswer, s: (panel) => toggleControls(panel) };

function listen(panel) {
  const onKey = (event) => {
    if (!panel.root.isConnected) return removeEventListener("keydown", onKey, true);
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const action =
      KEYS[event.key] ?? (typed(event.composedPath()[0]) ? null : LETTERS[event.key.toLowerCase()]);
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) action(panel);
  };
  addEventListener("keydown", onKey, true);
}

// A link that is followed inside the page; a new tab and a copied link work as links do.
function stepLink(panel, parent, { title, href }, at, now) {
  const link = element("a", parent, at < now ? "past" : at === now ? "now" : "", "", {
    href,
    title: `${at} ${title}`,
    "aria-label": `${at} ${title}`,
  });
  if (at === now) link.setAttribute("aria-current", "step");
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(panel, at);
  };
}

// Bring the step's heading to the top, as soon as the page has it.
function scroll(panel) {
  const main = document.querySelector(".stMain");
  const { heading } = panel.data;
  panel.watching?.disconnect();
  const look = () => {
    const found = heading > 1 && main.querySelectorAll(".stMarkdown h4")[heading - 1];
    if (found) found.scrollIntoView();
    else main.scrollTo(0, 0);
    return found || heading === 1;
  };
  if (look()) return;
  panel.watching = new MutationObserver((_, watching) => look() && watching.disconnect());
  panel.watching.observe(main, { childList: true, subtree: true });
}

function button(parent, className, text, key, act, attributes = {}) {
  const made = element("button", parent, className, text, { type: "button", ...attributes });
  if (key) element("kbd", made, "", key);
  made.onclick = () => {
    act();
    made.blur(); // the space bar stays with the page
  };
  return made;
}

function build(panel) {
  const { root, data } = panel;
  const { words, at, steps } = data;
  root.replaceChildren();
  root.setAttribute("aria-label", data.lesson);
  const progress = element("nav", root, "progress", "", { "aria-label": words.all });
  steps.forEach((step, i) => stepLink(panel, progress, step, i + 1, at));
  const bar = element("div", root, "bar");
  button(bar, "back", "‹", "PgUp", () => backward(panel), {
    "aria-label": words.back,
    title: words.back,
    ...(at === 1 && { disabled: "" }),
  });
  element("span", bar, "count", `${at} / ${steps.length}`, {
    title: words.progress,
    "aria-label": words.progress,
  });
  button(bar, "next", "›", "PgDn", () => forward(panel), {
    "aria-label": words.next,
    title: words.next,
    ...(at === steps.length && { disabled: "" }),
  });
  const said = element("div", root, "said", "", { "aria-live": "polite" });
  element("h2", said, "", data.title);
  element("p", said, "text", data.text);
  if (data.try) element("b", element("p", root, "try"), "", words.try).after(` ${data.try}`);
  if (data.question) {
    const details = element("details", root);
    const summary = element("summary", details, "", data.question);
    element("kbd", summary, "", "A", { title: words.answer });
    element("p", details, "answer", data.answer);
  }
  const tools = element("div", root, "tools");
  button(tools, "controls", words.controls, "S", () => toggleControls(panel));
  element("a", tools, "all", words.all, { href: data.all }).onclick = (event) => {
    event.preventDefault();
    panel.send("go", 0);
  };
  toggleControls(panel, document.documentElement.classList.contains("with-controls"));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root =
    parentElement.querySelector(".lecture") ?? element("section", parentElement, "lecture");
  if (!root.panel) listen((root.panel = { root }));
  const { panel } = root;
  const text = JSON.stringify(data);
  panel.send = setTriggerValue;
  if (panel.text === text) return; // only the page has changed: an answer that is open stays open
  const arrived = panel.data?.at !== data.at || panel.data?.lesson !== data.lesson;
  Object.assign(panel, { text, data });
  build(panel);
  if (!arrived) return;
  scroll(panel);
  arrive(panel);
}
