// A pad to draw a digit on: strokes that can be erased, undone and cleared, and the ink as the engine wants it.

const SIDE = 168; // the ink is read off at this size

export class Pad {
  constructor() {
    this.strokes = [];
    this.width = 0.1; // of a new stroke, in sides of the pad
    this.erasing = false;
    this.ink = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    this.pen = this.ink.getContext("2d", { willReadFrequently: true });
  }

  begin(x, y) {
    this.strokes.push({ points: [[x, y]], width: this.width, erases: this.erasing });
  }

  go(x, y) {
    const { points } = this.strokes.at(-1);
    const [px, py] = points.at(-1);
    if (Math.hypot(x - px, y - py) > 0.004) points.push([x, y]);
  }

  undo() {
    this.strokes.pop();
  }

  clear() {
    this.strokes = [];
  }

  // Draw the strokes in white onto a square of `side`; erasing strokes take away.
  draw(pen, side) {
    Object.assign(pen, { lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    for (const { points, width, erases } of this.strokes) {
      pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
      pen.lineWidth = width * side * (erases ? 1.6 : 1);
      pen.beginPath();
      pen.moveTo(points[0][0] * side, points[0][1] * side);
      for (let i = 1; i < points.length; i++) {
        // through the middles of the segments, so that a quick hand draws round
        const [ax, ay] = points[i - 1];
        const [bx, by] = points[i];
        pen.quadraticCurveTo(ax * side, ay * side, ((ax + bx) / 2) * side, ((ay + by) / 2) * side);
      }
      pen.lineTo(points.at(-1)[0] * side, points.at(-1)[1] * side);
      pen.stroke();
    }
    pen.globalCompositeOperation = "source-over";
  }

  // The ink in [0, 1] with its height and width, for mnistForm.
  read() {
    this.pen.clearRect(0, 0, SIDE, SIDE);
    this.draw(this.pen, SIDE);
    const { data } = this.pen.getImageData(0, 0, SIDE, SIDE);
    return [
      Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255),
      SIDE,
      SIDE,
    ];
  }
}
