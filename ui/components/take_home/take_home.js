// The button and its menu. What makes the files is fetched when it is first needed.

import { element, fill, servedUrl } from "../../browser/dom.js";
import { themeOf } from "../../browser/theme.js";

/** @import { Theme } from "../../browser/theme.js" */
/** @import { Frame } from "./animation.js" */

/**
 * What __init__.py sends.
 * @typedef {object} Data
 * @property {string} script Plotly's, below static/
 * @property {string} name of the files
 * @property {string} title
 * @property {string} snippet
 * @property {string[]} notes
 * @property {boolean} training there is a player of recordings
 * @property {string} language
 * @property {Record<string, string>} words
 * @property {[key: string, label: string][]} sweeps
 * @property {Film} [film]
 */

/** @typedef {{ id: number, frames: Frame[] }} Film the answer to a wish */
/** @typedef {"png" | "gif" | "html" | "python"} Kind */
/** @typedef {(done: number, of: number) => void} Progress */

/** @type {[kind: Kind, label: string][]} */
const KINDS = [
  ["png", "PNG"],
  ["gif", "GIF"],
  ["html", "HTML"],
  ["python", "Python"],
];

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const href = URL.createObjectURL(blob);
  element("a", "", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/**
 * A page that came over plain http from another machine has no clipboard.
 * @param {string} text
 */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The old way, which works there too: what is selected is copied.
 * @param {HTMLElement} place that is shown
 * @param {string} text
 */
function copiedFrom(place, text) {
  const field = element("textarea", "take-home-field", { readonly: "" }, text);
  place.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}

/** @param {Blob} blob */
const sizeOf = ({ size }) =>
  size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`;

/** A line of the menu: a button and what it gives. */
class Line {
  /** @param {() => void} act */
  constructor(act) {
    this.button = element("button", "take-home-go");
    this.button.onclick = act;
    this.text = element("span", "take-home-text");
    this.element = element("div", "take-home-row", {}, this.button, this.text);
  }
}

class Menu {
  /**
   * @param {HTMLElement} parent
   * @param {Data} data
   */
  constructor(parent, data) {
    this.data = data;
    this.text = ""; // of the data
    this.busy = false;
    this.asked = 0; // the last wish
    /** @type {(film: Film) => void} */
    this.filmed = () => {};
    /** @type {(name: string, value: unknown) => void} */
    this.send = () => {};
    this.lines = {
      png: new Line(() => this.png()),
      gif: new Line(() => this.gif()),
      html: new Line(() => this.html()),
      python: new Line(() => this.python()),
    };
    this.which = element("select", "take-home-which");
    this.lines.gif.element.append(this.which);
    this.code = element("pre", "take-home-code", { tabindex: 0 });
    this.copy = element("button", "take-home-copy");
    this.copy.onclick = () => this.copyCode();
    this.status = element("div", "take-home-status", { role: "status" });
    const lines = KINDS.map(([kind]) => this.lines[kind].element);
    const parts = [...lines, this.code, this.copy, this.status];
    this.panel = element("div", "take-home-panel", { popover: "auto" }, ...parts);
    this.name = element("span", "take-home-name");
    const icon = element("span", "take-home-icon", { "aria-hidden": "true" }, "⤓");
    this.button = element("button", "take-home-open", {}, icon, this.name);
    this.button.popoverTargetElement = this.panel;
    parent.append(element("div", "take-home", {}, this.button, this.panel));
  }

  /** @param {Data} data */
  update(data) {
    this.data = data;
    const { film, words, sweeps, training, snippet } = data;
    if (film && film.id === this.asked) this.filmed(film);
    const text = JSON.stringify([words, sweeps, training, snippet]);
    if (text === this.text) return;
    this.text = text;
    this.name.textContent = words.title;
    this.button.title = words.title;
    this.panel.setAttribute("aria-label", words.title);
    for (const [kind, label] of KINDS) {
      const { button, text } = this.lines[kind];
      button.textContent = label;
      button.title = words[kind];
      text.textContent = words[kind === "gif" && training ? "gif_training" : kind];
    }
    this.lines.gif.element.hidden = !training && !sweeps.length;
    this.which.hidden = !sweeps.length;
    this.which.setAttribute("aria-label", words.gif);
    const chosen = this.which.value;
    const options = sweeps.map(([key, label]) => new Option(label, key, false, key === chosen));
    this.which.replaceChildren(...options);
    this.code.textContent = snippet;
    this.copy.textContent = words.copy;
  }

  /**
   * Do something that ends in a file; meanwhile the menu says so, and afterwards whether it worked.
   * @param {string} ending
   * @param {(theme: Theme, progress: Progress) => Promise<Blob>} job
   */
  async work(ending, job) {
    if (this.busy) return;
    const { words, name } = this.data;
    const file = `${name}.${ending}`;
    /** @param {string} text */
    const say = (text) => {
      this.status.textContent = text;
    };
    this.busy = true;
    this.panel.classList.add("busy");
    say(words.working);
    try {
      const blob = await job(themeOf(this.panel), (done, of) => {
        say(fill(words.progress, { done: done + 1, of }));
      });
      save(blob, file);
      say(fill(words.done, { file, size: sizeOf(blob) }));
    } catch (error) {
      say(fill(words.failed, { reason: error instanceof Error ? error.message : String(error) }));
    }
    this.busy = false;
    this.panel.classList.remove("busy");
  }

  png() {
    this.work("png", async (theme) => (await import("./pictures.js")).png(theme));
  }

  /** A training is drawn here; the figures over a slider's range come as an answer to a number. */
  gif() {
    if (this.busy) return;
    const { training } = this.data;
    if (!training) {
      this.asked = Date.now();
      this.send("asked", { id: this.asked, sweep: this.which.value });
    }
    this.work("gif", async (theme, progress) => {
      /** @type {Promise<Film>} */
      const film = new Promise((resolve) => {
        this.filmed = resolve;
      });
      const maker = await import("./animation.js");
      if (training) return maker.trainingFilm(theme, progress);
      return maker.sweepFilm((await film).frames, theme, progress);
    });
  }

  html() {
    const script = servedUrl(this.data.script);
    this.work("html", async (theme) => {
      const { offlinePage } = await import("./offline_page.js");
      return offlinePage(this.data, script, theme);
    });
  }

  python() {
    this.work("py", async () => new Blob([this.data.snippet], { type: "text/x-python" }));
  }

  async copyCode() {
    const { snippet, words } = this.data;
    const copied = (await toClipboard(snippet)) || copiedFrom(this.panel, snippet);
    this.status.textContent = copied ? words.copied : words.marked;
    if (!copied) getSelection()?.selectAllChildren(this.code);
  }
}

/** @typedef {HTMLElement & { menu?: Menu }} Parent */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {Parent} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setStateValue
 */
export function show({ data, parentElement, setStateValue }) {
  parentElement.menu ??= new Menu(parentElement, data);
  parentElement.menu.send = setStateValue;
  parentElement.menu.update(data);
}
