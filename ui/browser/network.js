// A digit model out of stn_core: its layers one by one, with the convolutions' inner loop in
// WebAssembly (kernel.wat). Maps lie in one memory as (H, W, C), with C filled up to a multiple of 8.

import { halves } from "./bytes.js";
import { plainKernel } from "./plain_kernel.js";
import { sample } from "./sampler.js";
import { grid } from "./transforms.js";

/** @import { Numbers, Size } from "./points.js" */
/** @import { Kernel, Padding } from "./sampler.js" */
/** @import { Family } from "./transforms.js" */
/** @typedef {[channels: number, height: number, width: number]} Shape */
/** @typedef {{ in: Shape, out: Shape }} Between */
/** @typedef {{ type: "conv", kernel: Size, weights: number, bias: number } & Between} Convolution */
/** @typedef {{ type: "maxpool" | "avgpool", kernel: Size, stride: Size } & Between} Pooling */
/** @typedef {Convolution | Pooling | { type: "relu" } & Between} Layer */

/**
 * @typedef {object} Transformer
 * @property {Family} family
 * @property {Size} size of its output
 * @property {Kernel} kernel
 * @property {Padding} padding
 * @property {Layer[]} localisation
 */

/**
 * A model as stn_core/interchange/browser_format.py describes it.
 * @typedef {object} Description
 * @property {Size} input
 * @property {number} [channels] of it; 1 where nothing is said
 * @property {Transformer | null} transformer
 * @property {Transformer[]} [beside] those in parallel with it; the outputs of all are concatenated
 * @property {Layer[]} classifier
 * @property {"float16" | "float32"} precision
 */

/** @typedef {{ theta: number[], output: Float32Array }} Warp what a transformer did, all channels */

/**
 * @typedef {object} Answer
 * @property {number[] | null} theta
 * @property {Float32Array | null} output of the transformer
 * @property {Warp[]} warps of all transformers; theta and output are those of the first
 * @property {number[]} probabilities
 */

/** Where a map begins in the memory, in bytes, and how many channels it has there. */
/** @typedef {{ at: number, channels: number }} Place */
/** @typedef {{ step: () => void, to: Place, weights?: number }} Step where a convolution's weights begin */
/** @typedef {{ layer: Layer, from: Place, to: Place, weights: number }} Link of the classifier */
/** @typedef {{ size: Size, channels: number, values: Float32Array }} Maps (height, width, channels) */

/** @param {number} channels */
const eight = (channels) => 8 * Math.ceil(channels / 8);

export class Network {
  /**
   * @param {Description} about
   * @param {ArrayBuffer} block its numbers
   * @param {BufferSource | null} wasm the kernel; null for plain JavaScript
   */
  constructor(about, block, wasm) {
    const numbers = about.precision === "float32" ? new Float32Array(block) : halves(block);
    const { transformer, classifier, channels = 1 } = about;
    const transformers = transformer ? [transformer, ...(about.beside ?? [])] : [];
    this.input = about.input;
    this.channels = channels;
    this.transformer = transformer;
    this.used = 16; // bytes of the memory
    /** @type {(() => void)[]} What fills the memory with weights, once it is there. */
    this.writes = [];
    this.transformers = transformers.map((about) => {
      return { about, localise: this.chain(about.localisation, numbers, this.input, channels) };
    });
    /** @type {Link[]} */
    this.links = [];
    const seen = channels * Math.max(transformers.length, 1);
    const size = transformer?.size ?? about.input;
    this.classify = this.chain(classifier, numbers, size, seen, this.links);
    const { heap, kernel } = compiled(wasm, this.used) ?? plain(this.used);
    this.heap = heap;
    this.kernel = kernel;
    for (const write of this.writes) write();
  }

  /** @param {number} count of floats; back comes where they begin, in bytes */
  room(count) {
    const at = this.used;
    this.used += 4 * (count + (-count & 3));
    return at;
  }

  /**
   * Room for layers now, and for later, when there is a memory, the function that runs them.
   * @param {Layer[]} layers
   * @param {Float32Array} numbers
   * @param {Size} size
   * @param {number} channels
   * @param {Link[]} links gets the layers
   * @returns {(image: Numbers) => Float32Array} from an image, channel by channel, to the last map
   */
  chain(layers, numbers, [height, width], channels, links = []) {
    const input = this.room(channels * height * width);
    let place = { at: input, channels };
    /** @type {(() => void)[]} */
    const steps = [];
    for (const layer of layers) {
      const { step, to, weights = 0 } = this.step(layer, numbers, place);
      steps.push(step);
      links.push({ layer, from: place, to, weights });
      place = to;
    }
    const first = place.at / 4;
    const count = layers[layers.length - 1].out[0];
    return (image) => {
      this.interleave(image, input / 4, channels);
      for (const step of steps) step();
      return this.heap.slice(first, first + count);
    };
  }

  /**
   * @param {Numbers} image channel by channel
   * @param {number} at where it goes, with the channels of a pixel side by side
   * @param {number} channels
   */
  interleave(image, at, channels) {
    const { heap } = this;
    if (channels === 1) return heap.set(image, at);
    const pixels = image.length / channels;
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < pixels; i++) heap[at + i * channels + c] = image[c * pixels + i];
    }
  }

  /**
   * @param {Layer} layer
   * @param {Float32Array} numbers
   * @param {Place} from
   * @returns {Step}
   */
  step(layer, numbers, from) {
    if (layer.type === "conv") return this.convolution(layer, numbers, from);
    if (layer.type === "relu") return this.relu(layer, from);
    const [, rows, columns] = layer.out;
    const to = { at: this.room(from.channels * rows * columns), channels: from.channels };
    return { step: () => this.pool(layer, from.at / 4, to.at / 4, from.channels), to };
  }

  /**
   * In place.
   * @param {Between} layer
   * @param {Place} place
   * @returns {Step}
   */
  relu({ in: [, height, width] }, place) {
    const first = place.at / 4;
    const last = first + place.channels * height * width;
    const step = () => {
      const { heap } = this;
      for (let i = first; i < last; i++) if (heap[i] < 0) heap[i] = 0;
    };
    return { step, to: place };
  }

  /**
   * @param {Pooling} layer
   * @param {number} at
   * @param {number} out
   * @param {number} channels
   */
  pool(layer, at, out, channels) {
    const { heap } = this;
    const { kernel, stride } = layer;
    const [, height, width] = layer.in;
    const [, rows, columns] = layer.out;
    const mean = layer.type === "avgpool";
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
            else {
              for (let c = 0; c < channels; c++) {
                if (heap[from + c] > heap[to + c]) heap[to + c] = heap[from + c];
              }
            }
          }
        }
      }
    }
  }

  /**
   * @param {Convolution} layer
   * @param {Float32Array} numbers
   * @param {Place} place
   * @returns {Step}
   */
  convolution(layer, numbers, { at, channels }) {
    const [height, width] = layer.kernel;
    const [inputs, , wide] = layer.in;
    const [outputs, rows, columns] = layer.out;
    const padded = eight(outputs);
    const run = width * channels;
    const block = 8 * height * run;
    const weights = this.room((padded / 8) * block);
    const bias = this.room(padded);
    const out = this.room(padded * rows * columns);
    this.writes.push(() => {
      const { heap } = this;
      const area = height * width;
      for (let o = 0; o < outputs; o++) {
        heap[bias / 4 + o] = numbers[layer.bias + o];
        for (let i = 0; i < inputs; i++) {
          for (let k = 0; k < area; k++) {
            const to = weights / 4 + (o >> 3) * block + 8 * (k * channels + i) + (o & 7);
            heap[to] = numbers[layer.weights + (o * inputs + i) * area + k];
          }
        }
      }
    });
    const line = 4 * wide * channels;
    const gap = line - 4 * run;
    const places = rows * columns;
    /** @param {number} place */
    const from = (place) =>
      at + Math.floor(place / columns) * line + (place % columns) * 4 * channels;
    /** @type {(place: number, channel: number) => number} */
    const to = (place, channel) => out + 4 * (place * padded + channel);
    const step = () => {
      const { kernel } = this;
      for (let p = 0; p < places; p += 4) {
        const q = Math.min(p + 1, places - 1); // the last four may be fewer: then one is done several times
        const r = Math.min(p + 2, places - 1);
        const s = Math.min(p + 3, places - 1);
        const [a, b, c, d] = [from(p), from(q), from(r), from(s)];
        for (let o = 0; o < padded; o += 8) {
          const w = weights + (o / 8) * 4 * block;
          kernel(
            a,
            b,
            c,
            d,
            height,
            gap,
            run,
            w,
            bias + 4 * o,
            to(p, o),
            to(q, o),
            to(r, o),
            to(s, o),
          );
        }
      }
    };
    return { step, to: { at: out, channels: padded }, weights };
  }

  /**
   * What each convolution of the classifier but the first, and each linear layer, has read of the
   * last image.
   * @returns {Maps[]}
   */
  features() {
    const read = this.links.filter(({ layer }) => layer.type === "conv").slice(1);
    return read.map(({ layer, from: { at, channels } }) => {
      const [, height, width] = layer.in;
      const values = this.heap.slice(at / 4, at / 4 + height * width * channels);
      return {
        size: [height, width],
        channels: layer.in[0],
        values: packed(values, channels, layer.in[0]),
      };
    });
  }

  /**
   * What the model makes of an image.
   * @param {Float32Array} image channel by channel
   * @param {Numbers | null} given a theta in the localisation networks' place
   * @param {Kernel | null} kernel in the place of the sampler's own
   * @returns {Answer}
   */
  answer(image, given = null, kernel = null) {
    const warps = this.transformers.map(({ about, localise }) => {
      const theta = Array.from(given ?? localise(image));
      return { theta, output: this.warp(about, theta, image, kernel) };
    });
    const [first] = warps;
    const seen = warps.length > 1 ? joined(warps.map(({ output }) => output)) : first?.output;
    const probabilities = softmax(this.classify(seen ?? image));
    return { theta: first?.theta ?? null, output: first?.output ?? null, warps, probabilities };
  }

  /**
   * @param {Transformer} transformer
   * @param {number[]} theta
   * @param {Float32Array} image
   * @param {Kernel | null} kernel
   */
  warp({ family, size, padding, kernel: own }, theta, image, kernel) {
    const [height, width] = this.input;
    const points = grid(family, theta, ...size);
    const channels = Array.from({ length: this.channels }, (_, c) => {
      const channel = image.subarray(c * height * width, (c + 1) * height * width);
      return sample(channel, height, width, points, kernel ?? own, padding);
    });
    return channels.length > 1 ? joined(channels) : channels[0];
  }
}

/**
 * @typedef {(a0: number, a1: number, a2: number, a3: number,
 *   rows: number, gap: number, run: number, weights: number, bias: number,
 *   out0: number, out1: number, out2: number, out3: number) => void} Loop kernel.wat
 */

/**
 * @param {BufferSource | null} wasm
 * @param {number} bytes
 * @returns null where the browser can't run it, or where the page's policy forbids it
 */
function compiled(wasm, bytes) {
  if (!wasm) return null;
  try {
    const module = new WebAssembly.Module(wasm);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
    const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
    return { heap: new Float32Array(memory.buffer), kernel: /** @type {Loop} */ (exports.k) };
  } catch {
    return null;
  }
}

/** @param {number} bytes */
function plain(bytes) {
  const heap = new Float32Array(bytes / 4);
  return { heap, kernel: plainKernel(heap) };
}

/** @param {Float32Array[]} parts one after the other */
function joined(parts) {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Without the channels that fill up.
 * @param {Float32Array} values
 * @param {number} padded
 * @param {number} channels
 */
const packed = (values, padded, channels) =>
  padded === channels ? values : values.filter((_, i) => i % padded < channels);

/** @param {Numbers} logits */
export function softmax(logits) {
  const values = Array.from(logits);
  const highest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}
