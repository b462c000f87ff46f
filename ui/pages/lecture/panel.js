// The panel of a lecture. Next and back are keys that a presenter's clicker sends, whatever has the
// focus; arrows, space, Home and End are left to sliders, the stage and the player. The letters are
// taken only while nobody types.

import { element } from "../../browser/dom.js";
import { runs } from "../../browser/post.js";

/**
 * What panel.py sends.
 * @typedef {object} Data
 * @property {string} lesson
 * @property {number} at the step, from 1
 * @property {{ title: string, href: string }[]} steps
 * @property {number} heading of the page to begin at
 * @property {string} title
 * @property {string} text
 * @property {string} try
 * @property {string} question
 * @property {string} answer
 * @property {string} all the link to all lectures
 * @property {Record<string, string>} words
 */

const PATIENCE = 5000; // ms, after which a wish that was not met is forgotten
const AGAIN = 1000; // ms until one that no run has answered is said again: Streamlit drops some (post.js)
const TYPED =
  "textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox])";

/** @param {EventTarget} target */
const typesInto = (target) => target instanceof Element && target.matches(TYPED);

const controlsShown = () => document.documentElement.classList.contains("with-controls");

class Panel {
  /**
   * @param {HTMLElement} parent
   * @param {Data} data
   */
  constructor(parent, data) {
    this.data = data;
    this.text = ""; // of the data
    this.root = element("section", "lecture");
    parent.append(this.root);
    /** @type {number | null} the step that was asked for */
    this.wanted = null;
    /** @type {number | undefined} */
    this.waiting = undefined;
    /** @type {MutationObserver | null} */
    this.watching = null;
    /** @type {(name: string, value: unknown) => void} */
    this.send = () => {};
    this.listen();
  }

  /** @param {Data} data */
  update(data) {
    const text = JSON.stringify(data);
    if (text === this.text) return; // only the page has changed: an answer that is open stays open
    const { at, lesson } = this.data;
    const arrived = !this.text || at !== data.at || lesson !== data.lesson;
    this.text = text;
    this.data = data;
    this.build();
    if (!arrived) return;
    this.scroll();
    this.arrive();
  }

  // ---- to other steps

  /**
   * One wish is under way at a time; whoever presses on meanwhile gets to the last one in the end.
   * @param {number} at
   */
  go(at) {
    const wanted = Math.min(Math.max(at, 1), this.data.steps.length);
    const rests = this.waiting === undefined;
    if (rests && wanted === this.data.at) return; // as beyond the last step
    this.wanted = wanted;
    if (rests) this.ask();
  }

  ask() {
    const until = performance.now() + PATIENCE;
    const wait = () => {
      this.waiting = setTimeout(() => {
        if (performance.now() < until) {
          if (!runs()) this.send("go", this.wanted);
          wait();
        } else {
          this.waiting = undefined;
          this.wanted = null;
        }
      }, AGAIN);
    };
    this.send("go", this.wanted);
    wait();
  }

  /** The page has followed. */
  arrive() {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    if (this.wanted && this.wanted !== this.data.at) this.ask();
    else this.wanted = null;
  }

  /** @param {number} by */
  step(by) {
    this.go((this.wanted ?? this.data.at) + by);
  }

  /** Bring the step's heading to the top, as soon as the page has it. */
  scroll() {
    const main = document.querySelector(".stMain");
    const { heading } = this.data;
    this.watching?.disconnect();
    if (!main) return;
    const look = () => {
      const found = heading > 1 && main.querySelectorAll(".stMarkdown h4")[heading - 1];
      if (found) found.scrollIntoView();
      else main.scrollTo(0, 0);
      return found || heading === 1;
    };
    if (look()) return;
    this.watching = new MutationObserver((_, watching) => {
      if (look()) watching.disconnect();
    });
    this.watching.observe(main, { childList: true, subtree: true });
  }

  // ---- keys

  listen() {
    /** @type {Record<string, () => void>} */
    const keys = { PageDown: () => this.step(1), PageUp: () => this.step(-1) };
    /** @type {Record<string, () => void>} */
    const letters = { a: () => this.toggleAnswer(), s: () => this.showControls(!controlsShown()) };
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      if (!this.root.isConnected) return removeEventListener("keydown", onKey, true);
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const typing = typesInto(event.composedPath()[0]);
      const action = keys[event.key] ?? (typing ? null : letters[event.key.toLowerCase()]);
      if (!action) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) action();
    };
    addEventListener("keydown", onKey, true);
  }

  toggleAnswer() {
    const answer = this.root.querySelector("details");
    if (answer) answer.open = !answer.open;
  }

  /**
   * The page's controls: hidden in a lecture unless asked for, and as they were at the next step.
   * @param {boolean} shown
   */
  showControls(shown) {
    document.documentElement.classList.toggle("with-controls", shown);
    this.root.querySelector(".controls")?.setAttribute("aria-pressed", String(shown));
  }

  // ---- what is shown

  build() {
    const { lesson, title, text, question } = this.data;
    const heading = element("h2", "", {}, title);
    const paragraph = element("p", "text", {}, text);
    const said = element("div", "said", { "aria-live": "polite" }, heading, paragraph);
    const parts = [this.progress(), this.bar(), said];
    if (this.data.try) parts.push(this.suggestion());
    if (question) parts.push(this.question());
    this.root.replaceChildren(...parts, this.tools());
    this.root.setAttribute("aria-label", lesson);
    this.showControls(controlsShown());
  }

  /** Links that are followed inside the page; a new tab and a copied link work as links do. */
  progress() {
    const { steps, at: now, words } = this.data;
    const links = steps.map(({ title, href }, i) => {
      const at = i + 1;
      const name = at < now ? "past" : at === now ? "now" : "";
      const label = `${at} ${title}`;
      const link = element("a", name, { href, title: label, "aria-label": label });
      if (at === now) link.setAttribute("aria-current", "step");
      link.onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.go(at);
      };
      return link;
    });
    return element("nav", "progress", { "aria-label": words.all }, ...links);
  }

  bar() {
    const { at, steps, words } = this.data;
    const back = button("back", "‹", words.back, "PgUp", () => this.step(-1));
    const next = button("next", "›", words.next, "PgDn", () => this.step(1));
    back.disabled = at === 1;
    next.disabled = at === steps.length;
    const about = { title: words.progress, "aria-label": words.progress };
    const count = element("span", "count", about, `${at} / ${steps.length}`);
    return element("div", "bar", {}, back, count, next);
  }

  suggestion() {
    const head = element("b", "", {}, this.data.words.try);
    return element("p", "try", {}, head, ` ${this.data.try}`);
  }

  question() {
    const { question, answer, words } = this.data;
    const key = element("kbd", "", { title: words.answer }, "A");
    const summary = element("summary", "", {}, question, key);
    return element("details", "", {}, summary, element("p", "answer", {}, answer));
  }

  tools() {
    const { words, all } = this.data;
    const controls = button("controls", words.controls, "", "S", () => {
      this.showControls(!controlsShown());
    });
    const link = element("a", "all", { href: all }, words.all);
    link.onclick = (event) => {
      event.preventDefault();
      this.send("go", 0);
    };
    return element("div", "tools", {}, controls, link);
  }
}

/**
 * @param {string} className
 * @param {string} text
 * @param {string} label what it is called where the text is a sign
 * @param {string} key
 * @param {() => void} act
 */
function button(className, text, label, key, act) {
  const made = element("button", className, { type: "button" }, text, element("kbd", "", {}, key));
  if (label) {
    made.setAttribute("aria-label", label);
    made.title = label;
  }
  made.onclick = () => {
    act();
    made.blur(); // the space bar stays with the page
  };
  return made;
}

/** @typedef {HTMLElement & { lecture?: Panel }} Parent */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {Parent} component.parentElement
 * @param {(name: string, value: unknown) => void} component.setTriggerValue
 */
export function show({ data, parentElement, setTriggerValue }) {
  parentElement.lecture ??= new Panel(parentElement, data);
  parentElement.lecture.send = setTriggerValue;
  parentElement.lecture.update(data);
}
