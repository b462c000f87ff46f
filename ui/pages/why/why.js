// The live figures of the exhibit: what moves inside a CNN, and what max-pools forgive.

import { showFigure } from "../../browser/live_figure.js";
import { Cnn } from "./cnn.js";
import { Pools } from "./pools.js";

/** @import { Component } from "../../browser/live_figure.js" */

/** @param {Component} component */
export const show = (component) =>
  component.data.view === "pools" ? showFigure(Pools, component) : showFigure(Cnn, component);
