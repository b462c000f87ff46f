// What a window cuts out of the photograph, with where it is.

import { sized } from "../../browser/canvas.js";
import { element, fill } from "../../browser/dom.js";
import { inverseOf } from "./windows.js";

/** @import { Matrix } from "./windows.js" */

/** @param {number} value */
const signed = (value) => (value < -0.004 ? "−" : "") + Math.abs(value).toFixed(2);

export class Crop {
  /** @param {number} number from 1 */
  constructor(number) {
    this.number = number;
    this.canvas = element("canvas");
    this.role = element("b");
    this.place = element("span");
    this.caption = element("figcaption", "", {}, this.role, this.place);
    const group = { tabindex: 0, role: "group" };
    this.figure = element("figure", "birds-crop", group, this.canvas, this.caption);
  }

  /**
   * @param {HTMLImageElement} image
   * @param {Matrix} matrix
   * @param {number} side
   * @param {string} color
   * @param {Record<string, string>} words
   * @param {string[]} role what it mostly holds, and how often
   */
  draw(image, matrix, side, color, words, [role, share]) {
    const pen = sized(this.canvas, side, side);
    pen.imageSmoothingQuality = "high";
    pen.fillStyle = "#000000";
    pen.fillRect(0, 0, side, side);
    // photograph in [0, 1]^2 -> normalised -> through the inverse of the matrix -> the crop's square
    const half = this.canvas.width / 2;
    const [a, b, x, c, d, y] = inverseOf(matrix).map((value) => value * half);
    pen.setTransform(2 * a, 2 * c, 2 * b, 2 * d, half + x - a - b, half + y - c - d);
    pen.drawImage(image, 0, 0, 1, 1);
    this.canvas.style.borderColor = color;
    const [xx, , tx, yx, , ty] = matrix;
    const scale = Math.hypot(xx, yx).toFixed(2);
    const where = { number: this.number, x: signed(tx), y: signed(ty), scale };
    const place = fill(words.place, where);
    this.role.textContent = role ? `${this.number} ${role}` : "";
    this.place.textContent = role ? share : place;
    this.caption.title = place;
    const label = fill(words.crop_alt, where);
    this.figure.setAttribute("aria-label", role ? `${label} ${role} (${share}).` : label);
  }
}
