// The loop of kernel.wat for browsers without SIMD.

/** @import { Loop } from "./network.js" */

/**
 * @param {Float32Array} heap
 * @returns {Loop}
 */
export function plainKernel(heap) {
  /** @type {(at: number, rows: number, gap: number, run: number, weights: number, bias: number, out: number) => void} */
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
      if (j > 0 && out[j] === out[j - 1]) return; // the last four places may be fewer
      place(at / 4, rows, gap / 4, run, weights / 4, bias / 4, out[j] / 4);
    });
  };
}
