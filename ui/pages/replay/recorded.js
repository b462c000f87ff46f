// Recordings of training as they were sent, and what they hold at a step: theta and what the classifier sees. Stands behind warp.js.
//
// Time runs in steps of training, u in [0, 1] is the place on the axis: logarithmic, but close to linear during the first EARLY
// steps, in which nothing can be seen to move. Between two recorded moments theta is interpolated; answers and counts are those
// of the last moment.

const EARLY = 30;
const MESH = 7; // lines of the grid each way
const ALONG = 25; // points a line of the mesh

const placeOf = (step, last) => Math.log1p(step / EARLY) / Math.log1p(last / EARLY);
const stepAt = (place, last) => EARLY * Math.expm1(place * Math.log1p(last / EARLY));

function decoded(side) {
  const points = regularPoints(side.output);
  const mesh = side.family && meshPoints();
  return {
    ...side,
    count: side.labels.length,
    images: Float32Array.from(bytes(side.images), (value) => value / 255),
    answers: bytes(side.answers),
    sure: bytes(side.sure),
    theta: side.theta && halves(side.theta),
    pixels: side.family && features(side.family, points),
    mesh: mesh && features(side.family, mesh),
  };
}

// MESH horizontal lines from the top to the bottom, then as many vertical ones from left to right.
function meshPoints() {
  const points = [];
  for (const upright of [false, true]) {
    for (let line = 0; line < MESH; line++) {
      for (let i = 0; i < ALONG; i++) {
        const [across, along] = [(2 * line) / (MESH - 1) - 1, (2 * i) / (ALONG - 1) - 1];
        points.push(...(upright ? [across, along] : [along, across]));
      }
    }
  }
  return Float64Array.from(points);
}

// The last moment at or before a step, and how far the next one is on the way: [index, 0 to 1).
function momentAt({ steps }, step) {
  let index = 0;
  while (index + 1 < steps.length && steps[index + 1] <= step) index++;
  if (step <= steps[index] || index + 1 === steps.length) return [index, 0];
  const [from, to] = [Math.log1p(steps[index] / EARLY), Math.log1p(steps[index + 1] / EARLY)];
  return [index, (Math.log1p(step / EARLY) - from) / (to - from)];
}

// How far the grids of most digits reach at the end, normalised: 1 is the edge of the input.
function reachOf(side) {
  if (!side.family) return 1;
  const last = side.steps.at(-1);
  const reaches = side.labels.map((_, digit) =>
    Math.max(...warp(side.family, thetaAt(side, digit, last), side.mesh).map(Math.abs)),
  );
  return reaches.sort((a, b) => a - b)[Math.floor(0.8 * (reaches.length - 1))];
}

function between(values, index, part) {
  return part ? (1 - part) * values[index] + part * values[index + 1] : values[index];
}

// theta of one digit at a step, interpolated.
function thetaAt(side, digit, step) {
  const [index, part] = momentAt(side, step);
  const length = side.theta.length / side.steps.length / side.count;
  const start = (index * side.count + digit) * length;
  const stride = side.count * length;
  return Float64Array.from({ length }, (_, i) =>
    between([side.theta[start + i], side.theta[start + stride + i]], 0, part),
  );
}

const imageOf = ({ images, size: [height, width] }, digit) =>
  images.subarray(digit * height * width, (digit + 1) * height * width);

// What the classifier sees of one digit at a step.
function outputOf(side, digit, step) {
  const image = imageOf(side, digit);
  return side.family
    ? sample(image, side.size, warp(side.family, thetaAt(side, digit, step), side.pixels))
    : image;
}
