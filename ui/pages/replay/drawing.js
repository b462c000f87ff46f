// What the player draws: digits with their grids, what the classifier sees of them, the curves. Stands behind recorded.js.

const ROOM = 1.22; // a picture's cell, in sides of the picture: room for what lies outside
const MARGIN = { left: 64, right: 150 }; // of the curves; the scrubber's ends stand over theirs

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// A canvas as wide as its element and `height` high, sharp on every display: its context, in CSS pixels.
function prepared(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.style.height = `${height}px`;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const scratch = document.createElement("canvas");

function drawPicture(context, values, [height, width], x, y, extent) {
  [scratch.width, scratch.height] = [width, height];
  const own = scratch.getContext("2d");
  const data = own.createImageData(width, height);
  for (let i = 0; i < values.length; i++)
    data.data.set([0, 0, 0, 255].fill(255 * values[i], 0, 3), 4 * i);
  own.putImageData(data, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, x, y, extent, extent);
}

function drawLine(context, points, color, width, dash = []) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.strokeStyle = color;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.lineJoin = "round";
  context.stroke();
  context.setLineDash([]);
}

function drawGrid(context, side, theta, x, y, extent, colors) {
  const source = warp(side.family, theta, side.mesh);
  const curve = (line) =>
    Array.from({ length: ALONG }, (_, i) => {
      const at = 2 * (line * ALONG + i);
      return [x + ((source[at] + 1) / 2) * extent, y + ((source[at + 1] + 1) / 2) * extent];
    });
  for (let line = 0; line < 2 * MESH; line++) {
    const border = line % MESH === 0 || line % MESH === MESH - 1;
    drawLine(context, curve(line), colors.grid, border ? extent / 32 : extent / 90);
  }
  drawLine(context, curve(0), colors.up, extent / 18);
}

// One digit in its cell: the input with the grid, below it what the classifier sees, below that the answer.
function drawDigit(context, player, side, digit, step, x, y, extent) {
  const { colors } = player.data;
  const [index, part] = momentAt(side, step);
  const below = y + ROOM * extent;
  const small = player.zoom * extent; // the input, in the middle of its cell
  const [left, top] = [x + (extent - small) / 2, y + (extent - small) / 2];
  drawPicture(context, imageOf(side, digit), side.size, left, top, small);
  drawPicture(context, outputOf(side, digit, step), side.output, x, below, extent);
  context.lineWidth = 2;
  context.strokeStyle = colors.input;
  context.strokeRect(left, top, small, small);
  context.strokeStyle = side.family ? colors.grid : colors.input;
  context.strokeRect(x, below, extent, extent);
  if (side.family) {
    context.save();
    context.beginPath();
    const room = ((ROOM - 1) / 2) * extent;
    context.rect(x - room, y - room, extent + 2 * room, extent + 2 * room);
    context.clip();
    drawGrid(context, side, thetaAt(side, digit, step), left, top, small, colors);
    context.restore();
    drawLine(
      context,
      [
        [x, below],
        [x + extent, below],
      ],
      colors.up,
      extent / 18,
    );
  }
  const at = index * side.count + digit;
  const answer = side.answers[at];
  const right = answer === side.labels[digit];
  const sure = between([side.sure[at], side.sure[at + side.count]], 0, part) / 255;
  const under = below + extent + 5;
  context.fillStyle = player.theme.quiet;
  context.fillRect(x, under, extent, 5);
  context.fillStyle = right ? colors.right : colors.wrong;
  context.fillRect(x, under, extent * sure, 5);
  write(context, player, `${answer} ${right ? "✓" : "✗"}`, x + extent / 2, under + 8, {
    size: 17,
    bold: true,
    align: "center",
    baseline: "top",
    color: `color-mix(in srgb, ${right ? colors.right : colors.wrong} 70%, ${player.theme.text})`, // as in figures: plot.css
  });
}

function write(
  context,
  player,
  text,
  x,
  y,
  { size = 13, bold = false, align = "left", baseline = "middle", color } = {},
) {
  context.font = `${bold ? "600 " : ""}${size}px ${player.theme.font}`;
  context.textAlign = align;
  context.textBaseline = baseline;
  context.fillStyle = color ?? player.theme.text;
  context.fillText(text, x, y);
}

function drawSide(player, side, canvas, step) {
  const columns = canvas.clientWidth > 700 && player.sides.length === 1 ? 12 : 6;
  const rows = Math.ceil(side.count / columns);
  const pitch = canvas.clientWidth / columns;
  const most = (window.innerHeight - 440) / rows - 40; // what the screen has room for
  const extent = Math.max(40, Math.min(pitch / ROOM, most / (ROOM + 1.05)));
  const high = (2 * ROOM - 0.13) * extent + 40;
  const context = prepared(canvas, rows * high);
  for (let digit = 0; digit < side.count; digit++) {
    const x = ((digit % columns) + 0.5) * pitch - extent / 2;
    const y = Math.floor(digit / columns) * high + ((ROOM - 1) / 2) * extent;
    drawDigit(context, player, side, digit, step, x, y, extent);
  }
}

const DASHES = [[], [7, 5]]; // the left side's curve, the right side's

// Two strips over one axis: the wrong answers, and how differently the digits lie.
function drawCurves(player, step) {
  const { canvas, sides, data, last } = player;
  const wide = canvas.clientWidth;
  const context = prepared(canvas, 236);
  const [left, right] = [MARGIN.left, wide - MARGIN.right];
  const across = (at) => left + placeOf(at, last) * (right - left);
  const most = Math.ceil(Math.max(...sides.flatMap((side) => side.misalignment), 1) / 2) * 2;
  const strips = [
    {
      top: 10,
      bottom: 106,
      most: 100,
      unit: " %",
      title: data.words.error,
      of: (side) => side.wrong.map((n) => (100 * n) / data.digits),
      decimals: 0,
      corner: "top right",
    },
    {
      top: 136,
      bottom: 206,
      most,
      unit: " px",
      title: data.words.misalignment,
      of: (side) => side.misalignment,
      decimals: 1,
      corner: "bottom left",
    },
  ];
  for (let tick = 1; tick <= last; tick *= 10) {
    if (tick < 10) continue;
    drawLine(
      context,
      [
        [across(tick), 10],
        [across(tick), 206],
      ],
      player.theme.faint,
      1,
    );
    write(context, player, player.number(tick), across(tick), 222, { align: "center", size: 14 });
  }
  write(context, player, "0", left, 222, { align: "center", size: 14 });
  write(context, player, data.words.steps, right + 14, 222, { size: 14 });
  for (const strip of strips) {
    const up = (value) => strip.bottom - (value / strip.most) * (strip.bottom - strip.top);
    for (const value of [0, strip.most / 2, strip.most]) {
      drawLine(
        context,
        [
          [left, up(value)],
          [right, up(value)],
        ],
        player.theme.faint,
        1,
      );
      write(context, player, `${value}${strip.unit}`, left - 8, up(value), {
        align: "right",
        size: 14,
      });
    }
    const ends = [];
    sides.forEach((side, i) => {
      const values = strip.of(side);
      const [index, part] = momentAt(side, step);
      const here = between(values, index, part);
      drawLine(
        context,
        side.steps.map((at, k) => [across(at), up(values[k])]),
        player.theme.faint,
        2.5,
        DASHES[i],
      );
      const past = side.steps.slice(0, index + 1).map((at, k) => [across(at), up(values[k])]);
      const now = Math.min(step, side.steps.at(-1));
      drawLine(context, [...past, [across(now), up(here)]], player.theme.text, 3, DASHES[i]);
      context.beginPath();
      context.arc(across(now), up(here), 6, 0, 7);
      context.fillStyle = i ? player.theme.background : player.theme.text;
      context.fill();
      context.lineWidth = 2.5;
      context.strokeStyle = player.theme.text;
      context.stroke();
      ends.push({
        y: up(here),
        text: `${i ? "┅" : "━"} ${values[index].toFixed(strip.decimals)}${strip.unit}`,
      });
    });
    apart(ends, 20, strip.top, strip.bottom).forEach(({ y, text }) =>
      write(context, player, text, right + 14, y, { size: 16 }),
    );
    writeTitle(context, player, strip, left, right);
  }
  drawLine(
    context,
    [
      [across(step), 4],
      [across(step), 206],
    ],
    player.theme.primary,
    2,
  );
}

// A strip's title, in the corner where its curves don't go: both fall.
function writeTitle(context, player, { title, corner, top, bottom }, left, right) {
  const size = 15;
  context.font = `${size}px ${player.theme.font}`;
  const room = context.measureText(title).width + 12;
  const x = corner.endsWith("right") ? right - room : left + 2;
  const y = corner.startsWith("top") ? top + 4 : bottom - size - 10;
  context.fillStyle = player.theme.background;
  context.fillRect(x, y, room, size + 6);
  write(context, player, title, x + 6, y + 3 + size / 2, { size, color: player.theme.text });
}

// Labels at their heights, moved apart where they would lie on each other.
function apart(labels, room, top, bottom) {
  const [a, b] = labels;
  if (!b || Math.abs(a.y - b.y) >= room) return labels;
  const middle = Math.min(Math.max((a.y + b.y) / 2, top + room / 2), bottom - room / 2);
  const sign = a.y < b.y ? -1 : 1; // at the same height the left side's stands first
  a.y = middle + (a.y === b.y ? -1 : sign) * (room / 2);
  b.y = 2 * middle - a.y;
  return labels;
}

function draw(player) {
  const { root, data, step } = player;
  if (!root.isConnected || !root.clientWidth) return;
  readTheme(player);
  player.sides.forEach((side, i) => {
    drawSide(player, side, player.canvases[i], step);
    player.counts[i].textContent = fill(data.words.wrong, {
      wrong: side.wrong[momentAt(side, step)[0]],
      digits: data.digits,
    });
  });
  drawCurves(player, step);
  player.scrubber.value = placeOf(step, player.last);
  player.clock.textContent = clockText(player);
  if (!player.playing) describe(player);
}

function readTheme(player) {
  const style = getComputedStyle(player.root);
  const text = style.color;
  const faint = `color-mix(in srgb, ${text} 28%, transparent)`;
  const variable = (name) => style.getPropertyValue(name).trim();
  player.theme = {
    text,
    faint,
    quiet: faint,
    font: style.fontFamily,
    background: variable("--st-background-color"),
    primary: variable("--st-primary-color"),
  };
}

function clockText({ step, last, sides, data, number }) {
  const batch = sides[0].batch;
  const same = batch && sides.every((side) => side.batch === batch);
  const values = {
    step: number(Math.round(step)),
    last: number(last),
    seen: same ? number(Math.round(step) * batch) : "",
  };
  return fill(same ? data.words.clock : data.words.clock_without_batch, values);
}

// What the pictures show, for those who can't see them.
function describe(player) {
  const { data, step } = player;
  player.scrubber.setAttribute("aria-valuetext", clockText(player));
  player.sides.forEach((side, i) => {
    const [index] = momentAt(side, step);
    const answers = side.labels.map((label, digit) => {
      const answer = side.answers[index * side.count + digit];
      return fill(answer === label ? data.words.alt_right : data.words.alt_wrong, {
        label,
        answer,
      });
    });
    player.canvases[i].setAttribute(
      "aria-label",
      fill(data.words.alt, { name: side.name, answers: answers.join(", ") }),
    );
  });
  const ends = player.sides.map((side) => {
    const [index] = momentAt(side, step);
    return fill(data.words.alt_curve, {
      name: side.name,
      error: ((100 * side.wrong[index]) / data.digits).toFixed(0),
      px: side.misalignment[index].toFixed(1),
    });
  });
  player.canvas.setAttribute("aria-label", `${clockText(player)}. ${ends.join(" ")}`);
}
