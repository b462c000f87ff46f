// A picture with handles on it, and the view through which it is seen.

import { sized } from "./canvas.js";
import { element } from "./dom.js";
import { Knobs } from "./knobs.js";
import { View } from "./view.js";

/** @import { Size } from "./points.js" */

export class Panel {
  constructor() {
    this.canvas = element("canvas");
    this.knobs = new Knobs();
    const application = { tabindex: "0", role: "application" };
    this.place = element("div", "place", application, this.canvas, this.knobs.element);
    this.view = new View(0, 0, 1, 1);
    this.side = 1;
  }

  /**
   * @param {Size} size of the image
   * @param {number} room around it, a share of its side
   * @param {number} side in pixels of the screen
   */
  fit(size, room, side) {
    this.side = side;
    this.view = View.whole(size, room, side);
    this.place.style.setProperty("--input", `${side}px`);
  }

  /** Cleared, to be painted anew. */
  pen() {
    return sized(this.canvas, this.side, this.side);
  }
}
