// The player: plays recordings of training from what it was sent once. Stands behind drawing.js.

const SECONDS = 20; // from the first step to the last
const STILL = 20; // pictures a run, for those who asked for reduced motion
const SMALLEST = 0.6; // an input is made smaller by this at most, where grids end far outside it

// ---- moving through time

function seek(player, step) {
  player.step = Math.min(Math.max(step, 0), player.last);
  draw(player);
  clearTimeout(player.telling);
  if (!player.playing) player.telling = setTimeout(() => tell(player), 400);
}

// Let the page know, for the address.
function tell(player) {
  const step = Math.round(player.step);
  if (player.root.isConnected && player.told !== step) player.send("step", (player.told = step));
}

function setPlaying(player, playing) {
  player.playing = playing;
  player.button.textContent = playing ? "❚❚" : "▶";
  player.button.setAttribute(
    "aria-label",
    playing ? player.data.words.pause : player.data.words.play,
  );
  player.button.title = player.button.getAttribute("aria-label");
  if (!playing) return seek(player, player.step);
  clearTimeout(player.telling);
  if (player.step >= player.last) player.step = 0;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let place = placeOf(player.step, player.last);
  let before = performance.now();
  const turn = (now) => {
    if (!player.playing || !player.root.isConnected) return;
    place = Math.min(1, place + Math.min(now - before, 100) / 1000 / SECONDS);
    before = now;
    const step =
      place === 1
        ? player.last
        : stepAt(still ? Math.floor(place * STILL) / STILL : place, player.last);
    if (!still || Math.abs(step - player.step) > 1e-6) seek(player, step);
    if (place === 1) setPlaying(player, false);
    else requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
}

// For an animation: show the place in [0, 1] of the whole, as often as wanted, then go back to where it was.
function film(player) {
  const { step } = player;
  if (player.playing) setPlaying(player, false);
  clearTimeout(player.telling);
  const go = (to) => {
    player.step = to;
    draw(player);
  };
  return {
    show: (place) => go(place === 1 ? player.last : stepAt(place, player.last)),
    end: () => go(step),
  };
}

// To the next recorded moment, or back by as many.
function hop(player, by) {
  const moments = [...new Set(player.sides.flatMap((side) => side.steps))].sort((a, b) => a - b);
  const now =
    by > 0
      ? moments.findLastIndex((at) => at <= player.step)
      : moments.findIndex((at) => at >= player.step);
  const from = now < 0 ? (by > 0 ? -1 : moments.length) : now;
  seek(player, moments[Math.min(Math.max(from + by, 0), moments.length - 1)]);
}

function onKey(player, event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const actions = {
    ArrowRight: () => hop(player, 1),
    ArrowUp: () => hop(player, 1),
    ArrowLeft: () => hop(player, -1),
    ArrowDown: () => hop(player, -1),
    PageUp: () => hop(player, 10),
    PageDown: () => hop(player, -10),
    Home: () => seek(player, 0),
    End: () => seek(player, player.last),
    " ": () => setPlaying(player, !player.playing),
  };
  const action = actions[event.key];
  if (!action || (event.key === " " && event.target === player.button)) return; // which presses the button
  event.preventDefault();
  if (event.key !== " " && player.playing) setPlaying(player, false);
  action();
}

// ---- the element

const element = (tag, parent, className, attributes = {}) => {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
};

function create(parent) {
  const root = element("div", parent, "replay", { role: "group" });
  const player = { root, step: 0, playing: false, film: () => film(player) };
  player.stages = element("div", root, "replay-sides");
  const controls = element("div", root, "replay-controls");
  player.button = element("button", controls, "replay-play", { type: "button" });
  player.scrubber = element("input", controls, "replay-scrubber", {
    type: "range",
    min: 0,
    max: 1,
    step: "any",
  });
  player.clock = element("div", root, "replay-clock");
  player.canvas = element("canvas", root, "replay-curves", { role: "img" });
  player.button.onclick = () => setPlaying(player, !player.playing);
  player.scrubber.oninput = () => {
    const place = Number(player.scrubber.value);
    if (player.playing) setPlaying(player, false);
    seek(player, stepAt(place, player.last));
  };
  const drag = (event) => {
    if (!event.buttons) return;
    const { left, width } = player.canvas.getBoundingClientRect();
    const place = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    if (player.playing) setPlaying(player, false);
    seek(player, stepAt(Math.min(Math.max(place, 0), 1), player.last));
  };
  player.canvas.onpointerdown = (event) => {
    player.canvas.setPointerCapture(event.pointerId);
    drag(event);
  };
  player.canvas.onpointermove = drag;
  root.onkeydown = (event) => onKey(player, event);
  const fromAnywhere = (event) => {
    if (!root.isConnected) document.removeEventListener("keydown", fromAnywhere);
    else if (event.target === document.body) onKey(player, event); // nobody else has the focus
  };
  document.addEventListener("keydown", fromAnywhere);
  root.ontransitionend = (event) => event.target === root && draw(player); // the theme's text colour has changed
  let size = "";
  new ResizeObserver(() => {
    const now = `${root.clientWidth} ${window.innerHeight}`;
    if (now !== size) requestAnimationFrame(() => draw(player));
    size = now;
  }).observe(root);
  return player;
}

// Take in what the server sent; most often it has been here before.
function update(player, data) {
  const text = JSON.stringify(data);
  if (text === player.text) return;
  const first = !player.text;
  const moved = !first && data.start !== player.data.start; // by a lecture
  Object.assign(player, { text, data, sides: data.sides.map(decoded) });
  player.last = Math.max(...player.sides.map((side) => side.steps.at(-1)), 1);
  player.zoom = Math.min(
    Math.max((0.97 * ROOM) / Math.max(...player.sides.map(reachOf)), SMALLEST),
    1,
  ); // the same on both sides
  const format = new Intl.NumberFormat(data.language);
  player.number = (value) => format.format(value);
  player.stages.replaceChildren();
  player.stages.classList.toggle("replay-pair", player.sides.length > 1);
  player.canvases = [];
  player.counts = [];
  player.sides.forEach((side, i) => {
    const section = element("section", player.stages, "replay-side");
    const head = element("div", section, "replay-head");
    element("span", head, "replay-name", { role: "heading", "aria-level": 4 }).textContent =
      `${player.sides.length > 1 ? (i ? "┅ " : "━ ") : ""}${side.name}`;
    player.counts.push(element("span", head, "replay-wrong"));
    player.canvases.push(element("canvas", section, "replay-digits", { role: "img" }));
    element("div", section, "replay-legend").textContent = side.family
      ? data.words.legend
      : data.words.legend_plain;
  });
  player.root.setAttribute("aria-label", data.words.player);
  player.scrubber.setAttribute("aria-label", data.words.scrubber);
  if (first || moved) player.step = player.told = data.start; // which the page knows
  player.step = Math.min(player.step, player.last);
  setPlaying(player, player.playing && !first && !moved);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".replay");
  const player = root?.player ?? create(parentElement);
  player.root.player = player;
  player.send = setTriggerValue;
  update(player, data);
}
