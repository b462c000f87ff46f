// What stn_core.transformer.transforms and stn_core.transformer.sampler compute, once more in the browser, so that playing needs no server.
// Points are (x, y), normalised: the centre of column j of W is (2j + 1)/W - 1 (align_corners=False), y is down.
// A family is { name: "affine" | "projective" } or { name: "tps", control: [[x, y] x 16], solution: 19 x 16 numbers, row by row }.

const HORIZON = 1e-6; // a homography's denominator keeps this distance from 0

const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

// Little-endian half-precision numbers.
function halves(base64) {
  const view = new DataView(bytes(base64).buffer);
  return Float32Array.from({ length: view.byteLength / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
    return bits >> 15 ? -size : size;
  });
}

// The centres of the pixels of an image of size [H, W], row by row.
function regularPoints([height, width]) {
  const points = new Float64Array(2 * height * width);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      points[i++] = (2 * column + 1) / width - 1;
      points[i++] = (2 * row + 1) / height - 1;
    }
  }
  return points;
}

// What the family is linear in, for N points: N x 3, or N x 16 for the spline.
function features(family, points) {
  const count = points.length / 2;
  const width = family.name === "tps" ? 16 : 3;
  const result = new Float64Array(count * width);
  for (let i = 0; i < count; i++) {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    const basis =
      family.name === "tps"
        ? [...family.control.map(([cx, cy]) => bump((x - cx) ** 2 + (y - cy) ** 2)), x, y, 1]
        : [x, y, 1];
    if (width === 3) result.set(basis, 3 * i);
    else
      for (let k = 0; k < 16; k++)
        for (let j = 0; j < 19; j++) result[16 * i + k] += basis[j] * family.solution[16 * j + k];
  }
  return result;
}

const bump = (squared) => (squared ? squared * Math.log(squared) : 0);

// Source points of N target points, given as their features: 2 N numbers.
function warp(family, theta, features) {
  const width = family.name === "tps" ? 16 : 3;
  const count = features.length / width;
  const result = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    let [x, y, w] = [0, 0, 1];
    if (width === 16) {
      for (let k = 0; k < 16; k++) {
        const weight = features[16 * i + k];
        x += theta[2 * k] * weight;
        y += theta[2 * k + 1] * weight;
      }
    } else {
      const [px, py] = [features[3 * i], features[3 * i + 1]];
      x = theta[0] * px + theta[1] * py + theta[2];
      y = theta[3] * px + theta[4] * py + theta[5];
      if (family.name === "projective") w = theta[6] * px + theta[7] * py + 1;
      if (Math.abs(w) < HORIZON) w = w < 0 || Object.is(w, -0) ? -HORIZON : HORIZON;
    }
    result[2 * i] = x / w;
    result[2 * i + 1] = y / w;
  }
  return result;
}

// An image of size [H, W] read at points: bilinear, zeros outside.
function sample(image, [height, width], points) {
  const at = (row, column) =>
    row >= 0 && row < height && column >= 0 && column < width ? image[row * width + column] : 0;
  const result = new Float64Array(points.length / 2);
  for (let i = 0; i < result.length; i++) {
    const x = ((points[2 * i] + 1) * width - 1) / 2;
    const y = ((points[2 * i + 1] + 1) * height - 1) / 2;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [right, down] = [x - column, y - row];
    result[i] =
      (1 - down) * ((1 - right) * at(row, column) + right * at(row, column + 1)) +
      down * ((1 - right) * at(row + 1, column) + right * at(row + 1, column + 1));
  }
  return result;
}
