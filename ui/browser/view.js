// A window onto an image: pixel (x, y) of it lies at ((x - left) * zoom, (y - top) * zoom).

/** @import { Point, Size } from "./points.js" */

export class View {
  /**
   * @param {number} left in pixels of the image
   * @param {number} top
   * @param {number} span
   * @param {number} side of the canvas
   */
  constructor(left, top, span, side) {
    this.left = left;
    this.top = top;
    this.span = span;
    this.side = side;
    this.zoom = side / span;
  }

  /**
   * The whole image, with room around it: a share of its size.
   * @param {Size} size
   * @param {number} room
   * @param {number} side
   */
  static whole([height, width], room, side) {
    const span = Math.max(height, width) * (1 + 2 * room);
    return new View((width - 1) / 2 - span / 2, (height - 1) / 2 - span / 2, span, side);
  }

  /**
   * @param {Point} pixel
   * @returns {Point}
   */
  at([x, y]) {
    return [(x - this.left) * this.zoom, (y - this.top) * this.zoom];
  }

  /**
   * @param {Point} place
   * @returns {Point}
   */
  pixel([x, y]) {
    return [x / this.zoom + this.left, y / this.zoom + this.top];
  }
}
