// The backward pass: from the loss of an answer through the classifier to the picture that it read,
// and on through the sampler to the grid and to theta (stn_core.explain.gradient_chain).

import { toNormal } from "./points.js";
import { sample, sampleSlopes } from "./sampler.js";
import { softmax } from "./network.js";
import { grid } from "./transforms.js";

/** @import { Convolution, Link, Network, Pooling } from "./network.js" */
/** @import { Numbers, Size } from "./points.js" */
/** @import { Kernel } from "./sampler.js" */
/** @import { MatrixFamily } from "./transforms.js" */

/**
 * The loss of a classifier for an image that it reads, and its slope.
 * @typedef {object} ImageSlope
 * @property {number} loss cross-entropy
 * @property {number[]} probabilities
 * @property {Float32Array} ofImage dL/dV
 */

/**
 * The cross-entropy of the class `label` for what the classifier reads, and its derivative by each of
 * the picture's pixels.
 * @param {Network} network
 * @param {Numbers} image
 * @param {number} label
 * @returns {ImageSlope}
 */
function imageSlope(network, image, label) {
  const probabilities = softmax(network.classify(image));
  let slope = Float32Array.from(probabilities, (value, i) => value - (i === label ? 1 : 0));
  let width = 0; // of a map's channels in `slope`: it fills up as the memory does
  for (const link of network.links.toReversed()) {
    slope = before(network, link, widened(slope, link.to.channels, width));
    width = link.from.channels;
  }
  const loss = -Math.log(Math.max(probabilities[label], 1e-37));
  return { loss, probabilities, ofImage: slope };
}

/**
 * @param {Float32Array} slope
 * @param {number} channels
 * @param {number} width 0 for the logits, which are not filled up yet
 */
function widened(slope, channels, width) {
  if (width) return slope;
  const wide = new Float32Array(channels);
  wide.set(slope);
  return wide;
}

/**
 * From a layer's output to its input.
 * @param {Network} network
 * @param {Link} link
 * @param {Float32Array} slope of the output
 */
function before(network, link, slope) {
  const { layer } = link;
  if (layer.type === "conv") return beforeConvolution(network, link, layer, slope);
  if (layer.type !== "relu") return beforePooling(network, link, layer, slope);
  const first = link.to.at / 4; // the layer works in place
  return slope.map((value, i) => (network.heap[first + i] > 0 ? value : 0));
}

/** @type {WeakMap<Link, Float32Array>} the weights of a convolution as its backward pass reads them */
const WEIGHTS = new WeakMap();

/**
 * The weights (outputs, height, width, channels) of a convolution: those of one output side by side, as
 * the pixels are on which they act.
 * @param {Network} network
 * @param {Link} link
 * @param {Convolution} layer
 */
function weightsByOutput({ heap }, link, { kernel: [height, width], out: [outputs] }) {
  const found = WEIGHTS.get(link);
  if (found) return found;
  const size = height * width * link.from.channels;
  const made = new Float32Array(outputs * size);
  for (let o = 0; o < outputs; o++) {
    const first = link.weights / 4 + (o >> 3) * 8 * size + (o & 7); // eight outputs lie side by side there
    for (let i = 0; i < size; i++) made[o * size + i] = heap[first + 8 * i];
  }
  WEIGHTS.set(link, made);
  return made;
}

/**
 * @param {Network} network
 * @param {Link} link
 * @param {Convolution} layer
 * @param {Float32Array} slope
 */
function beforeConvolution(network, link, layer, slope) {
  const { from, to } = link;
  const { channels } = from;
  const [high, wide] = layer.kernel;
  const [, height, width] = layer.in;
  const [outputs, , columns] = layer.out;
  const weights = weightsByOutput(network, link, layer);
  const run = wide * channels; // of weights, and of pixels, in one row
  const found = new Float32Array(height * width * channels);
  for (let at = 0; at < slope.length; at++) {
    const value = slope[at];
    const o = at % to.channels;
    if (!value || o >= outputs) continue; // most are 0, behind a pool and a ReLU
    const place = (at - o) / to.channels;
    const left = place % columns;
    const top = (place - left) / columns;
    for (let y = 0; y < high; y++) {
      const start = ((top + y) * width + left) * channels;
      const weight = (o * high + y) * run;
      for (let i = 0; i < run; i++) found[start + i] += value * weights[weight + i];
    }
  }
  return found;
}

/**
 * @param {Network} network
 * @param {Link} link
 * @param {Pooling} layer
 * @param {Float32Array} slope
 */
function beforePooling({ heap }, { from, to }, layer, slope) {
  const { channels } = from;
  const [, height, width] = layer.in;
  const [, , columns] = layer.out;
  const [high, wide] = layer.kernel;
  const mean = layer.type === "avgpool";
  const found = new Float32Array(height * width * channels);
  for (let at = 0; at < slope.length; at++) {
    const value = slope[at];
    if (!value) continue;
    const channel = at % channels;
    const place = (at - channel) / channels;
    const left = (place % columns) * layer.stride[1];
    const top = Math.floor(place / columns) * layer.stride[0];
    const most = heap[to.at / 4 + at]; // the pool's, or its ReLU's, which works in place: then it is positive
    for (let y = top; y < Math.min(top + high, height); y++) {
      let taken = false;
      for (let x = left; x < Math.min(left + wide, width); x++) {
        const i = (y * width + x) * channels + channel;
        if (mean) found[i] += value / (high * wide);
        else if (heap[from.at / 4 + i] === most) {
          found[i] += value;
          taken = true; // the first of several, as PyTorch has it
          break;
        }
      }
      if (taken) break;
    }
  }
  return found;
}

/**
 * The slope of the loss at each link of the chain.
 * @typedef {object} LossSlope
 * @property {number} loss
 * @property {number[]} probabilities
 * @property {Float64Array} points the grid, normalised
 * @property {Float32Array} output V
 * @property {Float32Array} ofOutput dL/dV
 * @property {Float32Array} dx dV/dx, per pixel
 * @property {Float32Array} dy
 * @property {number[]} ofTheta
 */

/**
 * The slope of the loss through a sampler of a size that reads an image of that size.
 * @param {Network} network
 * @param {Numbers} image
 * @param {Size} size
 * @param {number} label
 * @param {MatrixFamily} family that is linear in theta
 * @param {Numbers} theta
 * @param {Kernel} kernel
 * @returns {LossSlope}
 */
export function lossSlope(network, image, size, label, family, theta, kernel = "bilinear") {
  const [height, width] = size;
  const points = grid(family, theta, height, width);
  const output = sample(image, height, width, points, kernel);
  const { loss, probabilities, ofImage } = imageSlope(network, output, label);
  const [dx, dy] = sampleSlopes(image, height, width, points, kernel);
  let [sx, sy, xx, xy, yx, yy] = [0, 0, 0, 0, 0, 0]; // of the matrix's six entries
  for (let at = 0; at < ofImage.length; at++) {
    const x = toNormal(at % width, width);
    const y = toNormal(Math.floor(at / width), height);
    const gx = (ofImage[at] * dx[at] * width) / 2; // per normalised unit
    const gy = (ofImage[at] * dy[at] * height) / 2;
    xx += gx * x;
    xy += gx * y;
    sx += gx;
    yx += gy * x;
    yy += gy * y;
    sy += gy;
  }
  const ofTheta = OF_THETA[family]([xx, xy, sx, yx, yy, sy]);
  return { loss, probabilities, points, output, ofOutput: ofImage, dx, dy, ofTheta };
}

/** @type {Record<string, (ofMatrix: number[]) => number[]>} from the matrix's entries to theta's */
const OF_THETA = {
  translation: ([, , sx, , , sy]) => [sx, sy],
  attention: ([xx, , sx, , yy, sy]) => [xx + yy, sx, sy],
  similarity: ([xx, xy, sx, yx, yy, sy]) => [xx + yy, yx - xy, sx, sy],
  affine: (ofMatrix) => ofMatrix,
};

/**
 * One step of gradient descent, with gradients of at most length `clip`.
 * @param {number[]} theta
 * @param {number[]} gradient
 * @param {number} rate
 */
export function descended(theta, gradient, rate, clip = 1) {
  const by = rate * Math.min(1, clip / Math.max(Math.hypot(...gradient), 1e-12));
  return theta.map((value, i) => value - by * gradient[i]);
}
