// A photograph with windows to drag, the crops beside it, the windows' way through training under it.
//
// A window is a matrix [a, b, tx, c, d, ty] that takes the crop's square [-1, 1]^2 into the photograph's; a hand moves tx and ty.

const GAP = 14; // between the photograph and the crops
const CAPTION = 22; // below a crop
const TALLEST = 560;
const SETTLED = 350; // ms after the last key press

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const signed = (value) => (value < -0.004 ? "−" : "") + Math.abs(value).toFixed(2);
const within = (value) => Math.min(1, Math.max(-1, value));

// ---- what is shown

// Where the windows are now: on their way through training, in the visitor's hand, or where the network put them.
function placesOf(state) {
  const { data, moment } = state;
  if (moment !== null) return data.way[moment];
  return state.places ?? data.matrices.map(([, , x, , , y]) => [x, y]);
}

const matrixAt = ([a, b, , c, d], [x, y]) => [a, b, x, c, d, y];
const cornersOf = ([a, b, x, c, d, y]) =>
  [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([u, v]) => [a * u + b * v + x, c * u + d * v + y]);

// The sizes of everything for the width that there is: the photograph's, a crop's side, columns of crops.
function measured(width, aspect, count) {
  const columns = Math.ceil(count / 2);
  const rows = Math.min(count, 2);
  // width = aspect * H + columns * (GAP + side), with rows * (side + CAPTION) + (rows - 1) * 4 = H
  const lost = rows * CAPTION + (rows - 1) * 4;
  const height = Math.min(
    TALLEST,
    (width - columns * GAP + (columns * lost) / rows) / (aspect + columns / rows),
  );
  const side = Math.max(40, (height - lost) / rows);
  return { photo: [aspect * height, height], side, columns };
}

function prepared(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  return context;
}

function draw(state) {
  const { element, data, image } = state;
  const width = element.clientWidth;
  if (!width) return;
  const size = measured(width, data.picture.aspect, data.matrices.length);
  const [w, h] = (state.size = size.photo);
  const context = prepared(state.photo, w, h);
  if (!image.complete || !image.naturalWidth) return;
  context.drawImage(image, 0, 0, w, h);
  const places = placesOf(state);
  const at = ([x, y]) => [((x + 1) / 2) * w, ((y + 1) / 2) * h];
  if (data.heat) drawHeat(context, data.heat, at, w, h);
  if (data.way && !data.heat?.pulls.length) drawWays(context, state, at); // arrows are enough
  if (state.places && state.moment === null) {
    data.matrices.forEach((matrix, i) =>
      outline(context, cornersOf(matrix).map(at), data.colors.windows[i], 2, [5, 5]),
    );
  }
  if (data.heat) drawPulls(context, data.heat, data.colors, at, w);
  places.forEach((place, i) => {
    const corners = cornersOf(matrixAt(data.matrices[i], place)).map(at);
    outline(context, corners, data.colors.windows[i], i === state.held ? 6 : 4);
    badge(context, corners[0], i + 1, data.colors.windows[i]);
  });
  for (const [x, y, head] of data.parts)
    dot(context, at([x, y]), head ? "#ffffff" : "#000000", head ? "#000000" : "#ffffff");
  state.crops.forEach((crop, i) => drawCrop(state, crop, i, places[i], size.side));
  state.grid.style.gridTemplateColumns = `repeat(${size.columns}, ${size.side}px)`;
}

function outline(context, corners, color, width, dash = []) {
  for (const [stroke, extra] of [
    ["rgba(0, 0, 0, 0.55)", 3],
    [color, 0],
  ]) {
    context.beginPath();
    corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.setLineDash(dash);
    context.strokeStyle = stroke;
    context.lineWidth = width + extra;
    context.stroke();
  }
  context.setLineDash([]);
}

function badge(context, [x, y], number, color) {
  context.fillStyle = color;
  context.fillRect(x - 2, y - 2, 24, 24);
  context.fillStyle = "#000000";
  context.font = "bold 17px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(number, x + 10, y + 11);
}

function dot(context, [x, y], color, ring) {
  context.beginPath();
  context.arc(x, y, 5, 0, 7);
  context.fillStyle = color;
  context.strokeStyle = ring;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
}

// The centres of the windows from the start of training to its end.
function drawWays(context, { data }, at) {
  data.matrices.forEach((_, i) => {
    const points = data.way.map((moment) => at(moment[i]));
    context.beginPath();
    points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.lineJoin = "round";
    for (const [stroke, width] of [
      ["rgba(0, 0, 0, 0.55)", 5],
      [data.colors.windows[i], 2.5],
    ]) {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.stroke();
    }
    points.forEach((point, k) => {
      if (k === 0 || k === points.length - 1)
        dot(
          context,
          point,
          k ? data.colors.windows[i] : "#000000",
          k ? "#000000" : data.colors.windows[i],
        );
    });
  });
}

// Probabilities over a window's places, from transparent (lowest) to strong (highest), one cell a place.
function drawHeat(context, { window: which, values, reach }, at, w, h) {
  const count = Math.sqrt(values.length);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [stepX, stepY] = [(reach / (count - 1)) * w, (reach / (count - 1)) * h];
  values.forEach((value, i) => {
    const [x, y] = [
      -reach + (2 * reach * (i % count)) / (count - 1),
      -reach + (2 * reach * Math.floor(i / count)) / (count - 1),
    ];
    const [left, top] = at([x, y]);
    context.fillStyle = heatColor((value - low) / Math.max(high - low, 1e-9));
    context.fillRect(left - stepX / 2, top - stepY / 2, stepX + 0.5, stepY + 0.5);
  });
}

// Two arrows of equal length at some places: where the gradient through the pixels pulls, and where the map rises.
function drawPulls(context, { pulls }, { pull, slope }, at, w) {
  for (const [x, y, ...ways] of pulls) {
    const [left, top] = at([x, y]);
    for (const [gx, gy, color] of [
      [ways[2], ways[3], slope],
      [ways[0], ways[1], pull],
    ]) {
      const long = w / 26 / (Math.hypot(gx, gy) || 1);
      const [dx, dy] = [gx * long, gy * long];
      for (const [stroke, width] of [
        ["#000000", 5],
        [color, 2.5],
      ]) {
        context.beginPath();
        context.moveTo(left, top);
        context.lineTo(left + dx, top + dy);
        context.lineTo(left + 0.62 * dx - 0.24 * dy, top + 0.62 * dy + 0.24 * dx);
        context.moveTo(left + dx, top + dy);
        context.lineTo(left + 0.62 * dx + 0.24 * dy, top + 0.62 * dy - 0.24 * dx);
        context.strokeStyle = stroke;
        context.lineWidth = width;
        context.lineCap = "round";
        context.stroke();
      }
    }
  }
}

// Dark blue over red to light yellow, all half transparent: ordered for colour-blind people too, by lightness.
function heatColor(t) {
  const stops = [
    [20, 10, 60],
    [150, 30, 110],
    [240, 110, 40],
    [255, 245, 160],
  ];
  const place = Math.min(t, 0.9999) * (stops.length - 1);
  const [k, part] = [Math.floor(place), place % 1];
  const [r, g, b] = stops[k].map((value, i) =>
    Math.round((1 - part) * value + part * stops[k + 1][i]),
  );
  return `rgba(${r}, ${g}, ${b}, 0.66)`;
}

function drawCrop(state, crop, i, place, side) {
  const { data, image } = state;
  const context = prepared(crop.canvas, side, side);
  const ratio = crop.canvas.width / side;
  const [a, b, x, c, d, y] = matrixAt(data.matrices[i], place);
  context.fillStyle = "#000000";
  context.fillRect(0, 0, side, side);
  // photograph (u, v) in [0, 1]^2 -> normalised -> through the inverse of the matrix -> the crop's square
  const det = a * d - b * c || 1e-9;
  const half = side / 2;
  context.setTransform(
    (2 * d * half * ratio) / det,
    (-2 * c * half * ratio) / det,
    (-2 * b * half * ratio) / det,
    (2 * a * half * ratio) / det,
    half * ratio * (1 + (-d * (1 + x) + b * (1 + y)) / det),
    half * ratio * (1 + (c * (1 + x) - a * (1 + y)) / det),
  );
  context.drawImage(image, 0, 0, 1, 1);
  crop.canvas.style.borderColor = data.colors.windows[i];
  const where = { number: i + 1, x: signed(x), y: signed(y), scale: Math.hypot(a, c).toFixed(2) };
  crop.caption.textContent = fill(data.words.place, where);
  crop.figure.setAttribute("aria-label", fill(data.words.crop_alt, where));
}

// ---- what the hand does

function take(state, i, places) {
  state.moment = null;
  if (state.scrubber) state.scrubber.value = state.scrubber.max;
  state.places = places.map((place) => [...place]);
  state.held = i;
}

function move(state, i, x, y) {
  state.places[i] = [within(x), within(y)];
  refresh(state);
}

function send(state) {
  const id = Date.now();
  state.sent = id;
  state.say("said", { id, picture: state.data.picture.key, places: state.places });
}

function at(state, event) {
  const box = state.photo.getBoundingClientRect();
  return [
    (2 * (event.clientX - box.left)) / box.width - 1,
    (2 * (event.clientY - box.top)) / box.height - 1,
  ];
}

// The window under a point whose middle is nearest, or -1.
function windowAt(state, [x, y]) {
  let best = [-1, Infinity];
  placesOf(state).forEach((place, i) => {
    const [a, b, tx, c, d, ty] = matrixAt(state.data.matrices[i], place);
    const det = a * d - b * c || 1e-9;
    const [u, v] = [(d * (x - tx) - b * (y - ty)) / det, (a * (y - ty) - c * (x - tx)) / det];
    const distance = Math.hypot(x - tx, y - ty);
    if (Math.abs(u) <= 1.05 && Math.abs(v) <= 1.05 && distance < best[1]) best = [i, distance];
  });
  return best[0];
}

function listen(state) {
  const { photo } = state;
  let offset = null;
  photo.addEventListener("pointerdown", (event) => {
    const point = at(state, event);
    const i = windowAt(state, point);
    if (i < 0) return;
    event.preventDefault();
    photo.setPointerCapture(event.pointerId);
    const places = placesOf(state);
    offset = [places[i][0] - point[0], places[i][1] - point[1]];
    take(state, i, places);
    photo.classList.add("holding");
    refresh(state);
  });
  photo.addEventListener("pointermove", (event) => {
    const [x, y] = at(state, event);
    if (state.held !== null && offset) move(state, state.held, x + offset[0], y + offset[1]);
    else photo.style.cursor = windowAt(state, [x, y]) < 0 ? "default" : "";
  });
  const release = () => {
    if (!offset) return;
    offset = null;
    state.held = null;
    photo.classList.remove("holding");
    refresh(state);
    send(state);
  };
  photo.addEventListener("pointerup", release);
  photo.addEventListener("pointercancel", release);
}

function listenToKeys(state, figure, i) {
  let waiting = 0;
  figure.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const places = placesOf(state);
    const step = event.shiftKey ? 0.1 : 0.02;
    take(state, i, places);
    move(state, i, places[i][0] + step * way[0], places[i][1] + step * way[1]);
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      state.held = null;
      refresh(state);
      send(state);
    }, SETTLED);
  });
}

// ---- the page's part

const make = (tag, name, parent) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  parent.append(element);
  return element;
};

function refresh(state) {
  cancelAnimationFrame(state.frame);
  state.frame = requestAnimationFrame(() => draw(state));
  const { data } = state;
  const last = state.moment === null;
  state.back.hidden = !state.places || !last;
  if (!data.way) return;
  const [stage, count] = last ? [2, 0] : data.moments[state.moment];
  const key = last
    ? state.places
      ? "by_hand"
      : "trained_now"
    : stage
      ? "fine_tuning"
      : count
        ? "looking"
        : "start";
  state.clock.textContent = fill(data.words[key], { count });
}

function build(parent, say) {
  const element = make("div", "birds", parent);
  const state = {
    element,
    say,
    image: new Image(),
    moment: null,
    places: null,
    held: null,
    sent: 0,
    crops: [],
  };
  const row = make("div", "birds-row", element);
  state.photo = make("canvas", "birds-photo", row);
  state.photo.setAttribute("role", "img");
  state.grid = make("div", "birds-crops", row);
  const under = make("div", "birds-under", element);
  state.label = make("label", "", under);
  state.scrubber = make("input", "", under);
  state.scrubber.type = "range";
  state.clock = make("output", "", under);
  state.back = make("button", "", under);
  state.key = make("div", "birds-key", element);
  state.image.onload = () => refresh(state);
  state.scrubber.addEventListener("input", () => {
    const at = Number(state.scrubber.value);
    state.moment = at >= state.data.way.length ? null : at;
    refresh(state);
  });
  state.back.addEventListener("click", () => {
    state.places = null;
    refresh(state);
    send(state);
  });
  listen(state);
  let width = 0;
  new ResizeObserver(() => {
    if (element.clientWidth !== width) refresh(state);
    width = element.clientWidth;
  }).observe(element);
  return state;
}

function crops(state, count) {
  while (state.crops.length > count) state.crops.pop().figure.remove();
  while (state.crops.length < count) {
    const figure = make("figure", "birds-crop", state.grid);
    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    state.crops.push({
      figure,
      canvas: make("canvas", "", figure),
      caption: make("figcaption", "", figure),
    });
    listenToKeys(state, figure, state.crops.length - 1);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const state = (parentElement.birds ??= build(parentElement, setStateValue));
  const other = state.data?.picture.key !== data.picture.key;
  state.say = setStateValue;
  state.data = data;
  if (other) {
    state.image.src = data.picture.source;
    state.moment = state.held = null;
  }
  // else it answers an older message, or a hand has gone on since
  if (other || (state.held === null && data.echo >= state.sent)) state.places = data.hand;
  const { words } = data;
  state.photo.setAttribute(
    "aria-label",
    fill(words.photo_alt, { model: data.name, picture: data.picture.name }),
  );
  crops(state, data.matrices.length);
  state.back.textContent = words.to_network;
  for (const part of [state.label, state.scrubber, state.clock]) part.hidden = !data.way;
  if (data.way) {
    state.label.textContent = words.training;
    state.scrubber.max = data.way.length;
    state.scrubber.setAttribute("aria-label", words.training);
    if (state.moment === null) state.scrubber.value = data.way.length;
  }
  const low = data.heat && Math.min(...data.heat.values);
  const high = data.heat && Math.max(...data.heat.values);
  const percent = (value) => `${(100 * value).toFixed(0)} %`;
  const keys = data.parts.length ? [`○ ${words.head_part}`, `● ${words.other_part}`] : [];
  if (data.heat)
    keys.push(
      `${fill(words.heat_low, { value: percent(low) })} … ${fill(words.heat_high, { value: percent(high) })}`,
    );
  if (data.heat?.pulls.length) keys.push(`↗ ${words.pull}`, `↗ ${words.slope}`);
  state.key.textContent = [...keys, words.move_keys].join(" · ");
  refresh(state);
}
