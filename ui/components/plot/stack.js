// A wide figure for a narrow screen: its parts one below the other, in type that can be read.

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Box in the design's pixels */
/** @typedef {{ box: Box, axes?: string, note?: Record<string, any>, small?: number, moved?: number }} Part
   a panel or a text; `small` is the right edge of a text in the design's own type, `moved` how far the part went to the right */

const WIDEST = 640; // of a part that is scaled down; a wider chart gets narrower
const WIDE = 480; // a part of the design that is no wider stays in one piece
const GAP = 12; // between parts that may be parted, and between those that were
const LEAST = 19; // of a text, in the pixels of the new design: 14 on the screen
const NUMBERS = [3.2, 1]; // left and right of a chart for the numbers at its axes, in sizes of their type

/**
 * @param {{ data: any[], layout: any }} figure
 * @param {number} larger how many times as large the theme has its type
 * @returns {{ data: any[], layout: any } | null} WIDE pixels wide; null for one that does not part
 */
export function stacked({ data, layout }, larger) {
  const { width, height } = layout;
  const over = overlays(layout);
  const cuts = cut(beside(partsOf(layout, over, larger)), true);
  const [before, after] = NUMBERS.map((room) => room * LEAST * larger);
  const groups = cuts.map((parts) => {
    const box = around(parts);
    const wide = box.right - box.left;
    const panels = parts.flatMap(({ axes }) => (axes === undefined ? [] : [axes]));
    const picture = panels.some((axes) => layout[`yaxis${axes}`].scaleanchor);
    const chart = panels.length === 1 && !picture && wide > WIDEST;
    const scale = Math.min(1, (chart ? WIDE - before - after : WIDE) / wide);
    const start = chart ? before : (WIDE - scale * wide) / 2;
    return { parts, box, start, scale, upright: chart ? 1 : scale, chart };
  });
  if (groups.some(({ box, chart }) => !chart && box.right - box.left > WIDEST)) return null;
  /** @param {{ box: Box, upright: number }} group */
  const heightOf = ({ box, upright }) => (box.bottom - box.top) * upright + GAP;
  const tall = groups.reduce((sum, group) => sum + heightOf(group), 0);
  /** @type {Record<string, any>} */
  const next = { ...layout, width: WIDE, height: tall, annotations: [] };
  let below = 0;
  for (const group of groups) {
    const { parts, box, start, scale, upright } = group;
    const from = below;
    /** @param {number} at */
    const up = (at) => 1 - (from + upright * ((1 - at) * height - box.top)) / tall;
    for (const { axes, note, moved = 0 } of parts) {
      /** @param {number} at */
      const across = (at) => (start + scale * (at * width + moved - box.left)) / WIDE;
      if (axes !== undefined) {
        const x = layout[`xaxis${axes}`];
        const y = layout[`yaxis${axes}`];
        const [left, right] = x.domain.map(across);
        next[`xaxis${axes}`] = {
          ...x,
          domain: [
            numbered(y) ? Math.max(left, before / WIDE) : left,
            numbered(x) ? Math.min(right, 1 - after / WIDE) : right,
          ],
          tickfont: legible(x.tickfont),
        };
        next[`yaxis${axes}`] = { ...y, domain: y.domain.map(up), tickfont: legible(y.tickfont) };
      } else if (note) {
        const place = { x: across(note.x), y: up(note.y) };
        next.annotations.push({ ...note, ...place, font: legible(note.font) });
      }
    }
    below += heightOf(group);
  }
  const inside = layout.annotations.filter((/** @type {any} */ note) => note.xref !== "paper");
  for (const note of inside) next.annotations.push({ ...note, font: legible(note.font) });
  const kept = data.filter(({ xaxis }) => !over.includes(xaxis));
  return { data: kept.map(withLegibleText), layout: next };
}

/**
 * The x axes, as traces name them, of what is drawn over all panels, as lines from one to another: it does not part, and is left out.
 * @param {any} layout
 */
function overlays(layout) {
  /** @param {any} axis */
  const whole = ({ visible, domain }) => visible === false && domain[0] === 0 && domain[1] === 1;
  const numbers = Object.keys(layout).flatMap((name) => name.match(/^xaxis(\d*)$/)?.[1] ?? []);
  const over = numbers.filter((n) => whole(layout[`xaxis${n}`]) && whole(layout[`yaxis${n}`]));
  return over.map((number) => `x${number}`);
}

/** @param {any} axis */
const numbered = ({ visible, showticklabels }) => visible !== false && showticklabels !== false;

/** @param {any} trace */
function withLegibleText({ textfont, ...trace }) {
  if (!textfont) return trace;
  const size = textfont.size.map((/** @type {number} */ each) => Math.max(each, LEAST));
  return { ...trace, textfont: { ...textfont, size } };
}

/** @param {{ size: number } | undefined} font */
const legible = (font) => font && { ...font, size: Math.max(font.size, LEAST) };

/**
 * @param {any} layout
 * @param {string[]} over the x axes that are no part
 * @param {number} larger
 * @returns {Part[]}
 */
function partsOf(layout, over, larger) {
  const { width, height } = layout;
  const panels = Object.keys(layout).filter((name) => /^xaxis\d*$/.test(name));
  const parted = panels.filter((name) => !over.includes(name.replace("axis", "")));
  const axes = parted.map((name) => {
    const number = name.slice(5);
    const [left, right] = layout[name].domain.map((/** @type {number} */ at) => at * width);
    const yaxis = layout[`yaxis${number}`];
    const [bottom, top] = yaxis.domain.map((/** @type {number} */ at) => (1 - at) * height);
    const ticks = layout[name].visible === false ? 0 : 24;
    return { box: { left, right, top, bottom: bottom + ticks }, axes: number };
  });
  const texts = layout.annotations.filter((/** @type {any} */ note) => note.xref === "paper");
  return [
    ...axes,
    ...texts.map((/** @type {any} */ note) => {
      const grown = larger * Math.max(note.font.size, LEAST);
      const { right: small } = boxOf(note, layout, note.font.size);
      return { box: boxOf(note, layout, grown), note, small };
    }),
  ];
}

/**
 * Parts that a text covers since its type grew go to the right, and with them all that is above and
 * below, or further to the right.
 * @param {Part[]} parts
 * @returns {Part[]}
 */
function beside(parts) {
  let all = parts;
  for (const { small, note } of parts) {
    if (small === undefined) continue;
    const { right, top, bottom } = /** @type {Part} */ (all.find((part) => part.note === note)).box;
    const covered = all.filter(
      ({ box, moved = 0 }) =>
        box.left - moved >= small && box.left < right && box.top < bottom && box.bottom > top,
    );
    if (!covered.length) continue;
    const first = Math.min(...covered.map(({ box }) => box.left));
    all = all.map((part) => {
      const { box, moved = 0 } = part;
      if ((box.left + box.right) / 2 < first) return part;
      const by = right + GAP - first;
      return {
        ...part,
        box: { ...box, left: box.left + by, right: box.right + by },
        moved: moved + by,
      };
    });
  }
  return all;
}

/**
 * Where a text stands, about.
 * @param {any} note
 * @param {{ width: number, height: number }} layout
 * @param {number} grown the size of its type, if it has several lines, or ends where something else begins
 * @returns {Box}
 */
function boxOf(note, { width, height }, grown) {
  /** @type {string[]} */
  const lines = note.text.replace(/<(?!br)[^>]*>/g, "").split("<br>");
  const size = lines.length > 1 || note.xanchor === "right" ? grown : note.font.size;
  const wide = size * Math.max(...lines.map((line) => widthOf(line, note.font.family ? 0.6 : 0.5)));
  const tall = 1.3 * size * lines.length;
  const left =
    note.x * width -
    { left: 0, center: 0.5, right: 1 }[/** @type {"left"} */ (note.xanchor)] * wide;
  const top =
    (1 - note.y) * height -
    { top: 0, middle: 0.5, bottom: 1 }[/** @type {"top"} */ (note.yanchor)] * tall;
  return { left, right: left + wide, top, bottom: top + tall };
}

/**
 * How wide a line is, about, in sizes of its type: Chinese characters are as wide as high.
 * @param {string} line
 * @param {number} letter how wide another character is
 */
function widthOf(line, letter) {
  const wide = line.match(/[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]/g)?.length ?? 0;
  return wide + letter * (line.length - wide);
}

/**
 * @param {Part[]} parts
 * @returns {Box}
 */
function around(parts) {
  const boxes = parts.map(({ box }) => box);
  return {
    left: Math.min(...boxes.map(({ left }) => left)),
    right: Math.max(...boxes.map(({ right }) => right)),
    top: Math.min(...boxes.map(({ top }) => top)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  };
}

/**
 * Parts in groups that are narrow enough, row by row, and each row from left to right; one that
 * nothing parts stays as it is.
 * @param {Part[]} parts
 * @param {boolean} first rows, else columns
 * @returns {Part[][]}
 */
function cut(parts, first) {
  const { left, right } = around(parts);
  if (right - left <= WIDE) return [parts];
  for (const rows of [first, !first]) {
    const runs = rows ? headed(apart(parts, rows)) : apart(parts, rows);
    if (runs.length === 1) continue;
    return (rows ? runs : together(runs)).flatMap((run) => cut(run, !rows));
  }
  return [parts];
}

/**
 * Parts with a gap between them.
 * @param {Part[]} parts
 * @param {boolean} rows
 */
function apart(parts, rows) {
  /** @type {Part[][]} */
  const runs = [];
  let end = -Infinity;
  const sorted = [...parts].sort((a, b) =>
    rows ? a.box.top - b.box.top : a.box.left - b.box.left,
  );
  for (const part of sorted) {
    const { box } = part;
    if ((rows ? box.top - GAP : box.left) >= end) runs.push([]);
    runs[runs.length - 1].push(part);
    end = Math.max(end, rows ? box.bottom : box.right);
  }
  return runs;
}

/**
 * Headings with the panels below them, if the two part into columns.
 * @param {Part[][]} rows
 */
function headed(rows) {
  /** @type {Part[][]} */
  const all = [];
  for (const row of rows) {
    const above = all.at(-1);
    const heading = above?.every(({ note }) => note) && row.some(({ note }) => !note);
    if (above && heading && apart([...above, ...row], false).length > 1) above.push(...row);
    else all.push([...row]);
  }
  return all;
}

/**
 * Neighbours together, as many as are narrow enough.
 * @param {Part[][]} runs
 */
function together(runs) {
  /** @type {Part[][]} */
  const groups = [];
  for (const run of runs) {
    const last = groups.at(-1);
    const both = last && around([...last, ...run]);
    if (last && both && both.right - both.left <= WIDE) last.push(...run);
    else groups.push([...run]);
  }
  return groups;
}
