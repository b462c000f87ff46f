// The live figures of the exhibit: one output pixel's sum, and a picture made smaller.

import { showFigure } from "../../browser/live_figure.js";
import { PixelFigure } from "./pixel.js";

/** @import { Component } from "../../browser/live_figure.js" */

/** @param {Component} component */
export const show = (component) => showFigure(PixelFigure, component);
