// What is drawn on canvases: images, sampling grids, bars. Lengths are CSS pixels; a canvas is as fine as the display.

import { decompose, toPixel, warp } from "./engine.js";
import { pairs } from "./hands.js";

// A canvas of width x height, cleared, to draw on in CSS pixels.
export function cleared(canvas, width, height) {
  const fine = window.devicePixelRatio || 1; // a canvas keeps its size, and so its memory, until that changes
  const [w, h] = [Math.round(width * fine), Math.round(height * fine)];
  if (canvas.width !== w || canvas.height !== h) {
    Object.assign(canvas, { width: w, height: h });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(fine, 0, 0, fine, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// A window onto an image: pixel (x, y) of it lies at ((x - left) * zoom, (y - top) * zoom).
export class View {
  constructor(left, top, span, side) {
    Object.assign(this, { left, top, span, side, zoom: side / span });
  }

  // The whole image (height, width), with room around it: a share of its size.
  static whole([height, width], room, side) {
    const size = Math.max(height, width);
    const span = size * (1 + 2 * room);
    return new View((width - 1) / 2 - span / 2, (height - 1) / 2 - span / 2, span, side);
  }

  at([x, y]) {
    return [(x - this.left) * this.zoom, (y - this.top) * this.zoom];
  }

  pixel([x, y]) {
    return [x / this.zoom + this.left, y / this.zoom + this.top];
  }
}

// Grey images as small canvases, two a size: the input, which several pictures show in a frame, and the output.
const buffers = new Map();
function small(image, height, width) {
  const key = 10000 * height + width;
  if (!buffers.has(key)) {
    buffers.set(
      key,
      [0, 1].map(() => {
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const pixels = new ImageData(width, height);
        return { canvas, pixels, words: new Uint32Array(pixels.data.buffer), image: null };
      }),
    );
  }
  const pair = buffers.get(key);
  const found = pair.find((buffer) => buffer.image === image);
  if (found) return found.canvas;
  const [buffer, other] = pair;
  buffers.set(key, [other, buffer]);
  for (let i = 0; i < image.length; i++) {
    const value = Math.max(0, Math.min(255, Math.round(255 * image[i])));
    buffer.words[i] = 0xff000000 | (value * 0x010101);
  }
  buffer.canvas.getContext("2d").putImageData(buffer.pixels, 0, 0);
  buffer.image = image;
  return buffer.canvas;
}

export function picture(pen, view, image, [height, width]) {
  pen.imageSmoothingEnabled = false;
  pen.drawImage(
    small(image, height, width),
    ...view.at([-0.5, -0.5]),
    width * view.zoom,
    height * view.zoom,
  );
}

export function frame(pen, view, [height, width], color, thick) {
  pen.strokeStyle = color;
  pen.lineWidth = thick;
  pen.setLineDash([]);
  pen.strokeRect(...view.at([-0.5, -0.5]), width * view.zoom, height * view.zoom);
}

// A curve through points in pixels; with a dark rim it shows on ink and on paper.
export function curve(pen, view, points, color, thick, { open = true, dash = [], rim = 0 } = {}) {
  const draw = (style, width) => {
    pen.beginPath();
    points.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...view.at(point)));
    if (!open) pen.closePath();
    Object.assign(pen, {
      strokeStyle: style,
      lineWidth: width,
      lineJoin: "round",
      lineCap: "round",
    });
    pen.stroke();
  };
  pen.setLineDash(dash);
  if (rim) draw("rgba(0, 0, 0, 0.55)", thick + 2 * rim);
  draw(color, thick);
  pen.setLineDash([]);
}

export function dot(pen, view, point, radius, color) {
  pen.beginPath();
  pen.arc(...view.at(point), radius, 0, 7);
  Object.assign(pen, { fillStyle: color, strokeStyle: "#000", lineWidth: 1 });
  pen.fill();
  pen.stroke();
}

const LINES = 9;
const FAR = 20; // curves are cut off far outside every picture, as in stn_core.explain.readings
const meshes = new Map();

// T_theta of equidistant lines across and down in pixels of the input, each a list of points: the first and last of either kind are
// the frame; and the control points, if theta is some.
export function gridCurves(family, theta, [height, width]) {
  const points = ["projective", "tps"].includes(family) ? 21 : 2;
  if (!meshes.has(points)) {
    const target = [];
    for (const down of [false, true]) {
      for (let i = 0; i < LINES; i++) {
        for (let j = 0; j < points; j++) {
          const across = -1 + (2 * i) / (LINES - 1);
          const along = -1 + (2 * j) / (points - 1);
          target.push(...(down ? [across, along] : [along, across]));
        }
      }
    }
    meshes.set(points, Float64Array.from(target));
  }
  const held = (value) => Math.min(Math.max(value, -FAR), FAR);
  const pixels = (values) =>
    pairs(values).map(([x, y]) => [toPixel(held(x), width), toPixel(held(y), height)]);
  const source = pixels(warp(family, theta, meshes.get(points)));
  const curves = Array.from({ length: 2 * LINES }, (_, i) =>
    source.slice(i * points, (i + 1) * points),
  );
  return {
    across: curves.slice(0, LINES),
    down: curves.slice(LINES),
    control: family === "tps" ? pixels(theta) : [],
  };
}

// As much room around an image as shows a whole grid, from `least` to MOST, with a MARGIN of what is seen; shares of its longer side.
const MOST = 0.9;
const MARGIN = 0.03;
export function roomFor({ across, down }, [height, width], least) {
  const beyond = [...across, ...down]
    .flat()
    .map(([x, y]) => Math.max(-0.5 - x, x - width + 0.5, -0.5 - y, y - height + 0.5));
  return Math.min(
    Math.max(least, (Math.max(...beyond) / Math.max(height, width) + MARGIN) / (1 - 2 * MARGIN)),
    MOST,
  );
}

export function samplingGrid(
  pen,
  view,
  { across, down, control },
  colors,
  { thick = 1, dash = [], up = true, inner = true } = {},
) {
  const sides = [across[0], across[LINES - 1], down[0], down[LINES - 1]];
  if (inner)
    for (const line of [...across.slice(1, -1), ...down.slice(1, -1)])
      curve(pen, view, line, colors.grid, thick);
  for (const line of sides) curve(pen, view, line, colors.grid, 2.5 * thick, { dash });
  if (up) curve(pen, view, across[0], colors.up, 4.5 * thick);
  if (inner) for (const point of control) dot(pen, view, point, 3.2 * thick, colors.grid);
}

// Class probabilities, the answer in its own colour; `other` are outlined beside them.
export function bars(
  pen,
  width,
  height,
  probabilities,
  { color, quiet, text, font, other = null },
) {
  const base = height - 20;
  const step = width / probabilities.length;
  const size = Math.min(16, Math.max(11, step * 0.8));
  const answer = probabilities.indexOf(Math.max(...probabilities));
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  probabilities.forEach((value, i) => {
    const x = i * step + step * 0.12;
    const w = step * 0.76;
    const h = Math.max(value * (base - 4), 1);
    pen.fillStyle = i === answer ? color : quiet;
    pen.fillRect(x, base - h, w, h);
    if (other) {
      Object.assign(pen, { strokeStyle: text, lineWidth: 1.5 });
      pen.setLineDash([3, 2]);
      pen.strokeRect(x - 1, base - other[i] * (base - 4), w + 2, other[i] * (base - 4));
      pen.setLineDash([]);
    }
    pen.fillStyle = text;
    pen.font = `${i === answer ? "700" : "400"} ${size}px ${font}`;
    pen.fillText(i, i * step + step / 2, height - 4);
  });
}

const signed = (value, digits) => {
  const figure = Math.abs(value).toFixed(digits);
  return (Number(figure) === 0 ? "\u2007" : value < 0 ? "−" : "+") + figure;
};

// theta in figures: [name, text] each, for an input of a size; rotation in degrees, shifts in pixels.
export function readings(family, theta, [height, width]) {
  const said = decompose(family, theta);
  const lines = [];
  if ("rotation" in said)
    lines.push(["rotation", `${signed((said.rotation * 180) / Math.PI, 1)}°`]);
  if ("scale" in said)
    lines.push([
      "scale",
      said.scale.map((value) => value.toFixed(2).replace("-", "−")).join(" × "),
    ]);
  if ("shear" in said) lines.push(["shear", signed(said.shear, 2)]);
  lines.push([
    "shift",
    `${signed((said.translation[0] * width) / 2, 1)}, ${signed((said.translation[1] * height) / 2, 1)} px`,
  ]);
  if ("perspective" in said)
    lines.push(["perspective", said.perspective.map((value) => signed(value, 2)).join(", ")]);
  if ("bending" in said) lines.push(["bending", `${((said.bending * width) / 2).toFixed(1)} px`]);
  return lines;
}

// theta as the rows of its matrix; for a spline nothing.
export function matrixText(family, matrix) {
  if (!matrix) return "";
  const rows = family === "projective" ? 3 : 2;
  return Array.from({ length: rows }, (_, i) =>
    matrix
      .slice(3 * i, 3 * i + 3)
      .map((value) => signed(value, 2))
      .join(" "),
  ).join("\n");
}
