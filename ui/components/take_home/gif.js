// An animation as a GIF file: one palette for all frames, and of each frame only what changed since the one before it.
// Colours are counted in 5 bits a channel, which is what flat figures and grey digits need; the 255 most frequent ones stay.

const SAME = 255; // the palette's index for "as before"

// Pixels RGBA as 15-bit colours; `counts` (32 768 x 4: how many, and the sums of red, green and blue) grows by them.
export function reduced(pixels, counts) {
  const colors = new Uint16Array(pixels.length / 4);
  for (let i = 0, at = 0; i < colors.length; i++, at += 4) {
    const color = ((pixels[at] >> 3) << 10) | ((pixels[at + 1] >> 3) << 5) | (pixels[at + 2] >> 3);
    colors[i] = color;
    counts[4 * color]++;
    for (let channel = 0; channel < 3; channel++)
      counts[4 * color + 1 + channel] += pixels[at + channel];
  }
  return colors;
}

export const emptyCounts = () => new Float64Array(4 * 32768);

// The palette [r, g, b] x 255 at most, and the index in it of each 15-bit colour that occurs.
function palette(counts) {
  const used = Array.from({ length: 32768 }, (_, color) => color).filter(
    (color) => counts[4 * color],
  );
  const mean = (color) =>
    [1, 2, 3].map((channel) => Math.round(counts[4 * color + channel] / counts[4 * color]));
  const kept = used
    .sort((a, b) => counts[4 * b] - counts[4 * a])
    .slice(0, SAME)
    .map(mean);
  const index = new Uint8Array(32768);
  for (const color of used) {
    const wanted = mean(color);
    let least = Infinity;
    kept.forEach((other, i) => {
      const far = other.reduce((sum, value, channel) => sum + (value - wanted[channel]) ** 2, 0);
      if (far < least) [least, index[color]] = [far, i];
    });
  }
  return [kept, index];
}

// The file: `frames` from `reduced`, each shown for `delays[i]` hundredths of a second, for ever again.
export function gif(width, height, frames, delays, counts) {
  const [colors, index] = palette(counts);
  const bytes = [];
  const words = (...values) => values.forEach((value) => bytes.push(value & 255, value >> 8));
  const text = (value) => bytes.push(...[...value].map((letter) => letter.charCodeAt(0)));
  text("GIF89a");
  words(width, height);
  bytes.push(0xf7, 0, 0, ...colors.flat(), ...new Array(3 * (256 - colors.length)).fill(0)); // 256 colours for all frames
  bytes.push(0x21, 0xff, 11);
  text("NETSCAPE2.0");
  bytes.push(3, 1, 0, 0, 0);
  let before = null;
  frames.forEach((frame, i) => {
    const now = Uint8Array.from(frame, (color) => index[color]);
    const [left, top, wide, high] = before
      ? changed(before, now, width, height)
      : [0, 0, width, height];
    const part = new Uint8Array(wide * high);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const at = (top + y) * width + left + x;
        part[y * wide + x] = before && before[at] === now[at] ? SAME : now[at];
      }
    }
    bytes.push(0x21, 0xf9, 4, 0x05); // what is not drawn stays
    words(delays[i]);
    bytes.push(SAME, 0, 0x2c);
    words(left, top, wide, high);
    bytes.push(0, 8);
    const packed = lzw(part);
    for (let at = 0; at < packed.length; at += 255)
      bytes.push(Math.min(255, packed.length - at), ...packed.slice(at, at + 255));
    bytes.push(0);
    before = now;
  });
  bytes.push(0x3b);
  return Uint8Array.from(bytes);
}

// The smallest box [left, top, width, height] with every pixel that differs; one pixel if none does.
function changed(before, now, width, height) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let at = 0; at < now.length; at++) {
    if (before[at] === now[at]) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), y];
  }
  return right < 0 ? [0, 0, 1, 1] : [left, top, right - left + 1, bottom - top + 1];
}

// Lempel, Ziv and Welch's code of 8-bit indices, as GIF has it: 9 to 12 bits a code, the lowest bit first.
function lzw(indices) {
  const [clear, end] = [256, 257];
  const bytes = [];
  let [held, bits, size, next, table] = [0, 0, 9, 258, new Map()];
  const put = (code) => {
    held |= code << bits;
    for (bits += size; bits >= 8; bits -= 8, held >>>= 8) bytes.push(held & 255);
  };
  put(clear);
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i++) {
    const pair = (prefix << 8) | indices[i];
    const code = table.get(pair);
    if (code !== undefined) {
      prefix = code;
      continue;
    }
    put(prefix);
    if (next === 4096) {
      put(clear);
      [size, next, table] = [9, 258, new Map()];
    } else {
      if (next >= 1 << size) size++;
      table.set(pair, next++);
    }
    prefix = indices[i];
  }
  put(prefix);
  put(end);
  if (bits) bytes.push(held & 255);
  return bytes;
}
