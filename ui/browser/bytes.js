// Numbers as they come from Python: little-endian, in base64 or in a file.

/** @param {string} base64 */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/**
 * Grey values in [0, 1] that were sent as bytes.
 * @param {string} base64
 */
export const greysOf = (base64) => Float32Array.from(bytesOf(base64), (byte) => byte / 255);

/**
 * Single-precision numbers.
 * @param {string} base64
 */
export const floatsOf = (base64) => new Float32Array(bytesOf(base64).buffer);

/**
 * Half-precision numbers.
 * @param {ArrayBuffer} buffer
 */
export const halves = (buffer) =>
  Float32Array.from(new Uint16Array(buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (!exponent) return sign * 2 ** -24 * fraction;
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
