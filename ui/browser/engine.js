// The arithmetic of stn_core in the browser: transforms, sampler, distortions, networks. It knows nothing of the page.
// Conventions are stn_core's: points are (x, y), y down, in [-1, 1] from edge to edge (align_corners=False), T_theta maps output
// to input, angles are radians. Lists of points are flat: x0, y0, x1, y1, ... tests/test_engine.py holds all of it against torch.

const THETA_LIMIT = 1e12;
const HORIZON = 1e-6;
export const DIGIT = 28;
export const PATCH = 6;

// ---------------------------------------------------------------------------------------------------------------- transforms

export function regularPoints(height, width) {
  const points = new Float64Array(2 * height * width);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      points[at++] = (2 * column + 1) / width - 1;
      points[at++] = (2 * row + 1) / height - 1;
    }
  }
  return points;
}

// The matrix of 9 numbers that acts on (x, y, 1), for the families that have one.
const MATRICES = {
  translation: ([tx, ty]) => [1, 0, tx, 0, 1, ty, 0, 0, 1],
  attention: ([s, tx, ty]) => [s, 0, tx, 0, s, ty, 0, 0, 1],
  similarity: ([a, b, tx, ty]) => [a, -b, tx, b, a, ty, 0, 0, 1],
  affine: (theta) => [...theta, 0, 0, 1],
  projective: (theta) => [...theta, 1],
};

const CONTROL = Float64Array.from(
  { length: 32 },
  (_, i) => -1 + (2 / 3) * (i % 2 ? i >> 3 : (i >> 1) % 4),
); // the 4x4 grid

export const FAMILIES = {
  translation: { identity: [0, 0] },
  attention: { identity: [1, 0, 0] },
  similarity: { identity: [1, 0, 0, 0] },
  affine: { identity: [1, 0, 0, 0, 1, 0] },
  projective: { identity: [1, 0, 0, 0, 1, 0, 0, 0] },
  tps: { identity: Array.from(CONTROL) },
};

export const matrixOf = (family, theta) => MATRICES[family]?.(Array.from(theta));

// T_theta of target points: source points.
export function warp(family, theta, points) {
  const held = Array.from(theta, (value) => Math.min(Math.max(value, -THETA_LIMIT), THETA_LIMIT));
  return family === "tps"
    ? spline(held, splineFeatures(points))
    : homography(MATRICES[family](held), points);
}

export function homography([a, b, c, d, e, f, g, h, i], points) {
  const source = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    const x = points[at];
    const y = points[at + 1];
    let w = g * x + h * y + i;
    if (Math.abs(w) < HORIZON) w = w < 0 || Object.is(w, -0) ? -HORIZON : HORIZON;
    source[at] = (a * x + b * y + c) / w;
    source[at + 1] = (d * x + e * y + f) / w;
  }
  return source;
}

function spline(theta, features) {
  const count = features.length / 16;
  const source = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    let x = 0;
    let y = 0;
    for (let k = 0; k < 16; k++) {
      x += features[16 * i + k] * theta[2 * k];
      y += features[16 * i + k] * theta[2 * k + 1];
    }
    source[2 * i] = x;
    source[2 * i + 1] = y;
  }
  return source;
}

const bump = (dx, dy) => {
  const squared = dx * dx + dy * dy;
  return squared > 0 ? squared * Math.log(squared) : 0;
};

// The thin plate spline is linear in its control points' sources: 16 weights a target point, kept for every list of points seen.
const featuresOf = new WeakMap();
function splineFeatures(points) {
  if (featuresOf.has(points)) return featuresOf.get(points);
  const count = points.length / 2;
  const features = new Float64Array(16 * count);
  for (let i = 0; i < count; i++) {
    const x = points[2 * i];
    const y = points[2 * i + 1];
    const basis = [
      ...Array.from({ length: 16 }, (_, k) => bump(x - CONTROL[2 * k], y - CONTROL[2 * k + 1])),
      x,
      y,
      1,
    ];
    for (let k = 0; k < 16; k++)
      features[16 * i + k] = basis.reduce((sum, value, j) => sum + value * solution()[j][k], 0);
  }
  featuresOf.set(points, features);
  return features;
}

// From the control points' sources to the spline's 19 coefficients: the first 16 columns of the system's inverse.
let solved = null;
function solution() {
  if (solved) return solved;
  const rows = Array.from({ length: 19 }, (_, i) =>
    Array.from({ length: 35 }, (_, j) => {
      if (j >= 19) return i === j - 19 ? 1 : 0;
      if (i >= 16 && j >= 16) return 0;
      if (i >= 16 || j >= 16)
        return [CONTROL[2 * Math.min(i, j)], CONTROL[2 * Math.min(i, j) + 1], 1][
          Math.max(i, j) - 16
        ];
      return bump(CONTROL[2 * i] - CONTROL[2 * j], CONTROL[2 * i + 1] - CONTROL[2 * j + 1]);
    }),
  );
  for (let k = 0; k < 19; k++) {
    // Gauss and Jordan, with the largest pivot
    const pivot = rows.reduce(
      (best, row, i) => (i >= k && Math.abs(row[k]) > Math.abs(rows[best][k]) ? i : best),
      k,
    );
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    const by = rows[k][k];
    rows[k] = rows[k].map((value) => value / by);
    for (let i = 0; i < 19; i++) {
      const factor = rows[i][k];
      if (i !== k && factor) rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
    }
  }
  return (solved = rows.map((row) => row.slice(19)));
}

// theta in quantities a lecturer can read, as Transform.decompose gives them; one scale stands for both where there is only one.
export function decompose(family, theta) {
  if (family === "translation") return { translation: [theta[0], theta[1]] };
  if (family === "attention")
    return { scale: [theta[0], theta[0]], translation: [theta[1], theta[2]] };
  if (family === "similarity") {
    const scale = Math.hypot(theta[0], theta[1]);
    return {
      rotation: Math.atan2(theta[1], theta[0]),
      scale: [scale, scale],
      translation: [theta[2], theta[3]],
    };
  }
  if (family === "affine") return linearParts(theta);
  if (family === "projective") {
    const [a, b, x, c, d, y, g, h] = theta;
    return {
      ...linearParts([a - x * g, b - x * h, x, c - y * g, d - y * h, y]),
      perspective: [g, h],
    };
  }
  const fit = [0, 0, 0, 0, 0, 0]; // the nearest affine map: the control points are symmetric, so each number is a mean
  const spread = CONTROL.reduce((sum, at) => sum + at * at, 0) / 2;
  for (let k = 0; k < 32; k++) {
    const row = 3 * (k % 2);
    const point = k - (k % 2);
    fit[row] += (theta[k] * CONTROL[point]) / spread;
    fit[row + 1] += (theta[k] * CONTROL[point + 1]) / spread;
    fit[row + 2] += theta[k] / 16;
  }
  const fitted = homography([...fit, 0, 0, 1], CONTROL);
  const bending = Math.sqrt(fitted.reduce((sum, at, k) => sum + (theta[k] - at) ** 2, 0) / 16);
  return { ...linearParts(fit), bending };
}

function linearParts([a, b, x, c, d, y]) {
  const wide = Math.hypot(a, c);
  const flat = wide < 1e-12;
  const rotation = flat ? Math.atan2(-b, d) : Math.atan2(c, a);
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  return {
    rotation,
    scale: [wide, cos * d - sin * b],
    shear: flat ? 0 : (cos * b + sin * d) / wide,
    translation: [x, y],
  };
}

const grids = new Map();
// T_theta(G) for an output of height x width.
export function grid(family, theta, height, width) {
  const key = 10000 * height + width;
  if (!grids.has(key)) grids.set(key, regularPoints(height, width));
  return warp(family, theta, grids.get(key));
}

// ------------------------------------------------------------------------------------------------------------------- sampler

export const toPixel = (x, size) => ((x + 1) * size - 1) / 2;
export const toNormal = (pixel, size) => (2 * pixel + 1) / size - 1;

const near = (d) => (1.25 * d - 2.25) * d * d + 1; // Keys' kernel, a = -0.75, for |d| <= 1
const far = (d) => -0.75 * (((d - 5) * d + 8) * d - 4); // and for 1 < |d| < 2

// The weights along one axis at a place in pixels: into `weights`, and the first pixel they belong to.
function weigh(kernel, place, weights) {
  if (kernel === "nearest") {
    weights[0] = 1;
    return Math.floor(place + 0.5);
  }
  const first = Math.floor(place);
  const d = place - first;
  if (kernel === "bilinear") {
    weights[0] = 1 - d;
    weights[1] = d;
    return first;
  }
  weights[0] = far(1 + d);
  weights[1] = near(d);
  weights[2] = near(1 - d);
  weights[3] = far(2 - d);
  return first - 1;
}

const TAPS = { nearest: 1, bilinear: 2, bicubic: 4 };
const across = new Float64Array(4);
const down = new Float64Array(4);

// V from U (height x width) at source points: one value a point.
export function sample(image, height, width, points, kernel = "bilinear", padding = "zeros") {
  const taps = TAPS[kernel];
  const border = padding === "border";
  const values = new Float32Array(points.length / 2);
  for (let at = 0; at < values.length; at++) {
    const x = toPixel(points[2 * at], width);
    const y = toPixel(points[2 * at + 1], height);
    if (!border && !(x > -3 && y > -3 && x < width + 2 && y < height + 2)) continue;
    const left = weigh(kernel, x, across);
    const top = weigh(kernel, y, down);
    let sum = 0;
    for (let i = 0; i < taps; i++) {
      let row = top + i;
      if (border) row = Math.min(Math.max(row, 0), height - 1);
      else if (row < 0 || row >= height) continue;
      let line = 0;
      for (let j = 0; j < taps; j++) {
        let column = left + j;
        if (border) column = Math.min(Math.max(column, 0), width - 1);
        else if (column < 0 || column >= width) continue;
        line += across[j] * image[row * width + column];
      }
      sum += down[i] * line;
    }
    values[at] = sum;
  }
  return values;
}

// The pixels that one sample at a place (in pixels) mixes: column, row, weight, and whether they lie in the image.
export function taps(x, y, height, width, kernel = "bilinear") {
  const left = weigh(kernel, x, across);
  const top = weigh(kernel, y, down);
  const found = [];
  for (let i = 0; i < TAPS[kernel]; i++) {
    for (let j = 0; j < TAPS[kernel]; j++) {
      const column = left + j;
      const row = top + i;
      const inside = column >= 0 && column < width && row >= 0 && row < height;
      found.push({ column, row, weight: across[j] * down[i], inside });
    }
  }
  return found;
}

// --------------------------------------------------------------------------------------------------------------- distortions

export const CANVAS = { r: [28, 28], rts: [42, 42], p: [28, 28], e: [28, 28], tc: [60, 60] };
const SQUARE = [-1, -1, 1, -1, 1, 1, -1, 1];

// The sliders' values, and what was moved by hand, as parameters; `seeded` is what the seed gives. ui/state.py: distorted.
export function parametersOf(kind, values, seeded) {
  const value = (name) => values[`${kind}_${name}`];
  if (kind === "p") {
    return {
      scale: value("scale"),
      moves: Array.from({ length: 8 }, (_, i) => value("xy"[i % 2] + Math.floor(i / 2))),
    };
  }
  if (kind === "e") {
    const { directions } = seeded;
    return {
      scale: value("scale"),
      moves: directions.map((at, i) => at * value("strength") + value("moves")[i]),
    };
  }
  if (kind === "tc") {
    const drops = dropsOf(values, seeded);
    const patches = seeded.patches
      .slice(0, value("clutter"))
      .map((pixels, i) => ({ pixels, x: drops[2 * i], y: drops[2 * i + 1] }));
    return { place: [value("x"), value("y")], patches };
  }
  const angle = (value("angle") * Math.PI) / 180;
  return kind === "r"
    ? { angle }
    : { angle, scale: value("scale"), shift: [value("x"), value("y")] };
}

// Where the distractors lie: where a hand dropped them, else where the seed did.
export const dropsOf = (values, { drops }) =>
  drops.map((at, i) => (values.tc_drops[i] < 0 ? at : values.tc_drops[i]));

// A digit (784 numbers in [0, 1]) distorted: parameters as in stn_core.data.distortions, lengths in pixels of the digit.
export function distort(kind, digit, parameters) {
  const [height, width] = CANVAS[kind];
  if (kind === "tc") return clutter(digit, parameters, height);
  return sample(digit, DIGIT, DIGIT, distortionGrid(kind, parameters));
}

// Where each pixel of the canvas comes from in the digit.
export function distortionGrid(kind, { angle = 0, scale = 1, shift = [0, 0], moves = [] }) {
  const [height, width] = CANVAS[kind];
  if (kind === "p") {
    const frame = squareToQuadrilateral(SQUARE.map((at, i) => at + moves[i] / (DIGIT / 2))); // the digit in it is scaled first
    return homography(
      adjugate(frame.map((value, i) => (i % 3 < 2 ? scale * value : value))),
      regularPoints(height, width),
    );
  }
  if (kind === "e")
    return grid(
      "tps",
      CONTROL.map((at, i) => (at + moves[i] / (DIGIT / 2)) / scale),
      height,
      width,
    );
  const zoom = width / DIGIT / scale;
  const a = Math.cos(-angle) * zoom;
  const b = Math.sin(-angle) * zoom;
  const [x, y] = shift.map((pixels) => (pixels * 2) / width);
  return grid("similarity", [a, b, b * y - a * x, -b * x - a * y], height, width);
}

// The homography from [-1, 1]^2 to a quadrilateral (Heckbert 1989); finite for every one.
export function squareToQuadrilateral([x0, y0, x1, y1, x2, y2, x3, y3]) {
  const cross = (ax, ay, bx, by) => ax * by - ay * bx;
  const ex = x0 - x1 + x2 - x3;
  const ey = y0 - y1 + y2 - y3;
  const g = cross(ex, ey, x3 - x2, y3 - y2);
  const h = cross(x1 - x2, y1 - y2, ex, ey);
  const w = cross(x1 - x2, y1 - y2, x3 - x2, y3 - y2);
  const rows = [
    [w * (x1 - x0) + g * x1, w * (x3 - x0) + h * x3, w * x0],
    [w * (y1 - y0) + g * y1, w * (y3 - y0) + h * y3, w * y0],
    [g, h, w],
  ];
  const matrix = rows.flatMap(([a, b, c]) => [a / 2, b / 2, (a + b) / 2 + c]); // [-1, 1]^2 to [0, 1]^2 first
  const [a, b, c, d, e, f, i, j, k] = matrix;
  const det = a * (e * k - f * j) - b * (d * k - f * i) + c * (d * j - e * i);
  const by = Math.max(...matrix.map(Math.abs), 1e-12) * (det < 0 ? -1 : 1);
  return matrix.map((value) => value / by);
}

export function adjugate([a, b, c, d, e, f, g, h, i]) {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

function clutter(digit, { place: [x, y], patches }, side) {
  const canvas = new Float32Array(side * side);
  for (let row = 0; row < DIGIT; row++)
    canvas.set(digit.subarray(DIGIT * row, DIGIT * (row + 1)), (y + row) * side + x);
  for (const { pixels, x: left, y: top } of patches) {
    for (let i = 0; i < PATCH * PATCH; i++) {
      const at = (top + Math.floor(i / PATCH)) * side + left + (i % PATCH);
      canvas[at] = Math.max(canvas[at], pixels[i]);
    }
  }
  return canvas;
}

// A drawing (ink in [0, 1], height x width) in MNIST's form, or null if it is blank: its box reduced into 20x20 with its aspect
// kept, every pixel the mean of what it covers, the strokes as bright as MNIST's; then centred by mass in 28x28. 784 bytes.
export function mnistForm(ink, height, width) {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (ink[row * width + column] < 0.1) continue;
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    }
  }
  if (right < left) return null;
  const [wide, high] = [right + 1 - left, bottom + 1 - top];
  const zoom = 20 / Math.max(wide, high);
  const columns = Math.max(1, Math.round(wide * zoom));
  const rows = Math.max(1, Math.round(high * zoom));
  const lines = reduce(ink, width, top, bottom + 1, left, wide / columns, columns); // first across, then down
  const small = transposed(
    reduce(transposed(lines, columns), high, 0, columns, 0, high / rows, rows),
    rows,
  );
  const highest = Math.max(...small);
  const mass = small.reduce((a, b) => a + b);
  const middle = (along) => small.reduce((sum, value, i) => sum + value * along(i), 0) / mass;
  const held = (at, side) => Math.min(Math.max(Math.round(14 - at), 0), DIGIT - side); // MNIST's centre is pixel 14
  const x = held(
    middle((i) => i % columns),
    columns,
  );
  const y = held(
    middle((i) => Math.floor(i / columns)),
    rows,
  );
  const digit = new Uint8Array(DIGIT * DIGIT);
  small.forEach(
    (value, i) =>
      (digit[(y + Math.floor(i / columns)) * DIGIT + x + (i % columns)] = Math.round(
        (255 * value) / highest,
      )),
  );
  return digit;
}

// Rows first..last of an image, each reduced to `count` means over `step` pixels, from column `start` on.
function reduce(image, width, first, last, start, step, count) {
  const out = new Float64Array((last - first) * count);
  for (let row = first; row < last; row++) {
    for (let i = 0; i < count; i++) {
      const from = start + i * step;
      const to = Math.min(from + step, width);
      let sum = 0;
      for (let column = Math.floor(from); column < to; column++) {
        sum += image[row * width + column] * (Math.min(column + 1, to) - Math.max(column, from));
      }
      out[(row - first) * count + i] = sum / step;
    }
  }
  return out;
}

const transposed = (image, columns) => {
  const rows = image.length / columns;
  return image.map((_, i) => image[(i % rows) * columns + Math.floor(i / rows)]);
};

// ------------------------------------------------------------------------------------------------------------------ networks

const eight = (channels) => 8 * Math.ceil(channels / 8);
const floats = ([channels, height, width]) => channels * height * width;

// Numbers of a block that Python packed, as float32.
export function unpack(buffer, precision) {
  if (precision === "float32") return new Float32Array(buffer);
  return Float32Array.from(new Uint16Array(buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  });
}

// A model out of stn_core. Maps lie in one memory, as (H, W, C) with C filled up to a multiple of 8: kernel.wat says why.
export class Network {
  // `about` and `block` as ui/stage/export.py makes them; `wasm`, the kernel's bytes, or null for plain JavaScript.
  constructor(about, block, wasm) {
    const numbers = unpack(block, about.precision);
    const { transformer, classifier } = about;
    Object.assign(this, { input: about.input, transformer, families: FAMILIES });
    this.used = 16; // bytes
    this.plan = [];
    const localisation = transformer
      ? this.chain(transformer.localisation, numbers, [1, ...about.input])
      : null;
    const rest = this.chain(classifier, numbers, [
      1,
      ...(transformer ? transformer.size : about.input),
    ]);
    this.open(wasm);
    for (const write of this.plan) write();
    this.localise = localisation?.();
    this.classify = rest();
  }

  open(wasm) {
    if (wasm) {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(this.used / 65536) });
      this.heap = new Float32Array(memory.buffer);
      this.kernel = new WebAssembly.Instance(new WebAssembly.Module(wasm), {
        m: { m: memory },
      }).exports.k;
    } else {
      this.heap = new Float32Array(this.used / 4);
      this.kernel = plainKernel(this.heap);
    }
  }

  room(count) {
    const at = this.used;
    this.used += 4 * (count + (-count & 3));
    return at;
  }

  // Room for the layers now, and later, when there is a memory, a function from an image to the last map.
  chain(layers, numbers, shape) {
    const input = this.room(floats(shape));
    let at = input;
    let channels = 1;
    const steps = [];
    for (const layer of layers) {
      const [step, out, outChannels] = this.step(layer, numbers, at, channels);
      steps.push(step);
      [at, channels] = [out, outChannels];
    }
    const count = layers.at(-1).out[0];
    return () => (image) => {
      this.heap.set(image, input / 4);
      for (const step of steps) step();
      return this.heap.slice(at / 4, at / 4 + count);
    };
  }

  step(layer, numbers, at, channels) {
    if (layer.type === "conv") return this.convolution(layer, numbers, at, channels);
    const [, height, width] = layer.in;
    const [, rows, columns] = layer.out;
    if (layer.type === "relu") {
      const [from, to] = [at / 4, at / 4 + channels * height * width];
      const relu = () => {
        for (let i = from; i < to; i++) if (this.heap[i] < 0) this.heap[i] = 0;
      };
      return [relu, at, channels];
    }
    const out = this.room(channels * rows * columns);
    return [() => this.pool(layer, at / 4, out / 4, channels), out, channels];
  }

  pool({ type, kernel, stride, in: [, height, width], out: [, rows, columns] }, at, out, channels) {
    const { heap } = this;
    const mean = type === "avgpool";
    const share = mean ? 1 / (kernel[0] * kernel[1]) : 1;
    for (let row = 0; row < rows; row++) {
      const top = row * stride[0];
      const bottom = Math.min(top + kernel[0], height);
      for (let column = 0; column < columns; column++) {
        const left = column * stride[1];
        const right = Math.min(left + kernel[1], width);
        const to = out + (row * columns + column) * channels;
        for (let c = 0; c < channels; c++) heap[to + c] = mean ? 0 : -Infinity;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) {
            const from = at + (y * width + x) * channels;
            if (mean) for (let c = 0; c < channels; c++) heap[to + c] += share * heap[from + c];
            else
              for (let c = 0; c < channels; c++)
                if (heap[from + c] > heap[to + c]) heap[to + c] = heap[from + c];
          }
        }
      }
    }
  }

  convolution(
    {
      kernel: [height, width],
      weights: first,
      bias: biasFirst,
      in: [inputs, , wide],
      out: [outputs, rows, columns],
    },
    numbers,
    at,
    channels,
  ) {
    const padded = eight(outputs);
    const run = width * channels;
    const block = 8 * height * run;
    const weights = this.room((padded / 8) * block);
    const bias = this.room(padded);
    const out = this.room(padded * rows * columns);
    this.plan.push(() => {
      for (let o = 0; o < outputs; o++) {
        this.heap[bias / 4 + o] = numbers[biasFirst + o];
        for (let i = 0; i < inputs; i++) {
          for (let k = 0; k < height * width; k++) {
            const to = weights / 4 + (o >> 3) * block + 8 * (k * channels + i) + (o & 7);
            this.heap[to] = numbers[first + (o * inputs + i) * height * width + k];
          }
        }
      }
    });
    const line = 4 * wide * channels;
    const gap = line - 4 * run;
    const places = rows * columns;
    const from = (place) =>
      at + Math.floor(place / columns) * line + (place % columns) * 4 * channels;
    const step = () => {
      for (let place = 0; place < places; place += 4) {
        // the last four may be fewer: then one is done several times
        const [p, q, r] = [1, 2, 3].map((next) => Math.min(place + next, places - 1));
        const [a, b, c, d] = [from(place), from(p), from(q), from(r)];
        for (let o = 0; o < padded; o += 8) {
          const to = (place) => out + 4 * (place * padded + o);
          this.kernel(
            a,
            b,
            c,
            d,
            height,
            gap,
            run,
            weights + (o / 8) * 4 * block,
            bias + 4 * o,
            to(place),
            to(p),
            to(q),
            to(r),
          );
        }
      }
    };
    return [step, out, padded];
  }

  // What the model makes of an image; `theta` from elsewhere takes the localisation network's place, `kernel` the sampler's.
  answer(image, theta = null, kernel = null) {
    let seen = image;
    let output = null;
    if (this.transformer) {
      const { family, size, padding } = this.transformer;
      const [height, width] = this.input;
      theta = Array.from(theta ?? this.localise(image));
      output = seen = sample(
        image,
        height,
        width,
        grid(family, theta, ...size),
        kernel ?? this.transformer.kernel,
        padding,
      );
    }
    return {
      theta: this.transformer ? theta : null,
      output,
      probabilities: softmax(this.classify(seen)),
    };
  }
}

export function softmax(logits) {
  const highest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}

// kernel.wat's loop where there is no SIMD.
function plainKernel(heap) {
  const place = (at, rows, gap, run, weights, bias, out) => {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = heap.subarray(bias, bias + 8);
    for (let row = 0; row < rows; row++, at += gap) {
      for (const end = at + run; at < end; at++, weights += 8) {
        const value = heap[at];
        s0 += value * heap[weights];
        s1 += value * heap[weights + 1];
        s2 += value * heap[weights + 2];
        s3 += value * heap[weights + 3];
        s4 += value * heap[weights + 4];
        s5 += value * heap[weights + 5];
        s6 += value * heap[weights + 6];
        s7 += value * heap[weights + 7];
      }
    }
    heap.set([s0, s1, s2, s3, s4, s5, s6, s7], out);
  };
  return (a, b, c, d, rows, gap, run, weights, bias, ...out) => {
    [a, b, c, d].forEach((at, j) => {
      if (j === 0 || out[j] !== out[j - 1])
        place(at / 4, rows, gap / 4, run, weights / 4, bias / 4, out[j] / 4);
    });
  };
}
