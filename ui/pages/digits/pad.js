// A pad to draw a digit on: strokes that can be erased, undone and cleared, and the ink as mnistForm
// wants it.

import { cleared, drawGrey, penOf } from "../../browser/canvas.js";

/** @import { Point } from "../../browser/points.js" */
/** @import { Pen } from "../../browser/paint.js" */

const SIDE = 168; // the ink is read off at this size
const STEP = 0.004; // smaller ones are left out

/**
 * In sides of the pad.
 * @typedef {{ points: Point[], width: number, erases: boolean }} Stroke
 */

export class Pad {
  constructor() {
    /** @type {Stroke[]} */
    this.strokes = [];
    this.width = 0.1; // of a new stroke
    this.erasing = false;
    const ink = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    this.ink = penOf(ink, { willReadFrequently: true });
    this.layer = document.createElement("canvas"); // erasing must not eat the ground
  }

  /** @param {Point} point */
  begin(point) {
    this.strokes.push({ points: [point], width: this.width, erases: this.erasing });
  }

  /** @param {Point} point */
  go(point) {
    const { points } = this.strokes[this.strokes.length - 1];
    const [x, y] = points[points.length - 1];
    if (Math.hypot(point[0] - x, point[1] - y) > STEP) points.push(point);
  }

  undo() {
    this.strokes.pop();
  }

  clear() {
    this.strokes = [];
  }

  /**
   * Draw the strokes in white onto a square of `side`; erasing strokes take away.
   * @param {Pen} pen
   * @param {number} side
   */
  draw(pen, side) {
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#fff";
    for (const { points, width, erases } of this.strokes) {
      pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
      pen.lineWidth = width * side * (erases ? 1.6 : 1);
      const places = points.map(([x, y]) => [x * side, y * side]);
      pen.beginPath();
      pen.moveTo(places[0][0], places[0][1]);
      for (let i = 1; i < places.length; i++) {
        const [ax, ay] = places[i - 1]; // through the middles, so that a quick hand draws round
        const [bx, by] = places[i];
        pen.quadraticCurveTo(ax, ay, (ax + bx) / 2, (ay + by) / 2);
      }
      const [x, y] = places[places.length - 1];
      pen.lineTo(x, y);
      pen.stroke();
    }
    pen.globalCompositeOperation = "source-over";
  }

  /**
   * The pad as the visitor sees it: while it is empty, with the digit that the networks answer for,
   * dimly, and an invitation.
   * @param {Pen} pen
   * @param {number} side
   * @param {string} color of its frame
   * @param {Float32Array} digit 28x28
   * @param {string} invitation
   * @param {string} font
   */
  paint(pen, side, color, digit, invitation, font) {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, side, side);
    if (!this.strokes.length) {
      pen.globalAlpha = 0.4;
      drawGrey(pen, digit, [28, 28], 0, 0, side, side);
      pen.globalAlpha = 1;
    }
    this.draw(cleared(this.layer, side, side), side);
    pen.drawImage(this.layer, 0, 0, side, side);
    pen.strokeStyle = color;
    pen.lineWidth = 3;
    pen.strokeRect(1.5, 1.5, side - 3, side - 3);
    if (this.strokes.length) return;
    pen.fillStyle = "#c3cad4";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `600 ${Math.round(side / 18)}px ${font}`;
    pen.fillText(invitation, side / 2, 0.93 * side);
  }

  /**
   * The ink in [0, 1] with its height and width.
   * @returns {[ink: Float32Array, height: number, width: number]}
   */
  read() {
    this.ink.clearRect(0, 0, SIDE, SIDE);
    this.draw(this.ink, SIDE);
    const { data } = this.ink.getImageData(0, 0, SIDE, SIDE);
    const ink = Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255);
    return [ink, SIDE, SIDE];
  }
}
