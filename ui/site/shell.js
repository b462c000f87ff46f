// The pages that need no server: what the app's pages would send to their components lies in files,
// and what a component says comes back to it as the next thing sent.

import { element, put } from "../browser/dom.js";

/** @typedef {Record<string, Record<string, string>>} Words by language */

/**
 * @typedef {object} Given
 * @property {"live" | "transformation" | "sampler" | "replay" | "results"} page
 * @property {Words} words
 * @property {Record<string, string>} names of languages
 * @property {Record<string, string>} links
 * @property {string} module
 * @property {string} html
 * @property {string} css
 * @property {Record<string, string>} data files, by language
 * @property {string} [digits] a file
 * @property {number} [each] digits of a class
 * @property {Record<string, string>} [sides] files of recordings, by name
 */

/** @typedef {any} Sent what a component is sent */

const given = /** @type {Given} */ (
  JSON.parse(document.getElementById("given")?.textContent ?? "{}")
);
const LANGUAGES = Object.keys(given.words);
const KEPT = "stn language";
const FIRST = ["cnn", "st-cnn-affine"]; // models

/** @param {string} file */
async function read(file) {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file} ${answer.status}`);
  return answer.json();
}

/**
 * @template {Element} T
 * @param {string} selector
 */
const found = (selector) => /** @type {T} */ (document.querySelector(selector));

function language() {
  const asked = new URLSearchParams(location.search).get("lang");
  let kept = null;
  try {
    if (asked && LANGUAGES.includes(asked)) localStorage.setItem(KEPT, asked);
    kept = localStorage.getItem(KEPT);
  } catch {
    // it is asked for at each page
  }
  const own = navigator.language.slice(0, 2);
  return [asked, kept, own].find((code) => code && LANGUAGES.includes(code)) ?? "en";
}

class Shell {
  constructor() {
    this.language = language();
    this.words = given.words[this.language];
    this.place = found(".exhibit");
    this.choices = found(".choices");
    /** @type {ShadowRoot | null} */
    this.root = null;
    /** @type {((component: object) => void) | null} */
    this.component = null;
    /** @type {(name: string, value: any) => void} what the component says */
    this.said = () => {};
  }

  async begin() {
    this.frame();
    if (given.page === "results") put(found(".about"), this.words.table);
    if (given.page === "live") await new Live(this).begin();
    if (given.page === "replay") await new Replay(this).begin();
    if (given.page === "transformation" || given.page === "sampler") {
      await new Exhibit(this).begin();
    }
  }

  frame() {
    const { words } = this;
    document.documentElement.lang = this.language;
    document.title = `${words[given.page]} · ${words.title}`;
    put(found("h1"), given.page === "live" ? words.title : words[given.page]);
    put(found(".about"), given.page === "live" ? words.about : "");
    const links = Object.entries(given.links).map(([name, href]) => {
      const link = element("a", name === "app" ? "end" : "", { href }, words[name]);
      if (name === given.page) link.setAttribute("aria-current", "page");
      return link;
    });
    const others = LANGUAGES.filter((code) => code !== this.language).map((code) =>
      element("a", "", { href: `?lang=${code}`, lang: code }, given.names[code]),
    );
    found("nav").replaceChildren(...links, ...others);
  }

  /** @param {Sent} data */
  async send(data) {
    const { show } = await import(new URL(given.module, document.baseURI).href);
    if (!this.root) {
      this.root = this.place.attachShadow({ mode: "open" });
      const parts = new DOMParser().parseFromString(given.html, "text/html").body.childNodes;
      this.root.append(element("style", "", {}, given.css), ...parts);
    }
    const say = (/** @type {string} */ name, /** @type {any} */ value) => this.said(name, value);
    show({ data, parentElement: this.root, setStateValue: say, setTriggerValue: say });
  }

  /**
   * Buttons of which one or several are pressed.
   * @param {string} name
   * @param {[value: string, text: string][]} options
   * @param {string[]} chosen
   * @param {(value: string) => void} choose
   */
  group(name, options, chosen, choose) {
    const buttons = options.map(([value, text]) => {
      const pressed = { type: "button", "aria-pressed": String(chosen.includes(value)) };
      const button = element("button", "", pressed, text);
      button.onclick = () => choose(value);
      return button;
    });
    return element("fieldset", "", {}, element("legend", "", {}, name), ...buttons);
  }
}

/** The digit under the hand. */
class Live {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.kind = "r";
    this.number = 0;
    this.echo = 0;
    /** @type {Record<string, Sent>} by kind */
    this.data = {};
    /** @type {string[]} */
    this.digits = [];
    /** @type {string[] | null} */
    this.shown = null; // ids of models
    /** @type {Sent} */
    this.now = null;
    /** @type {{ digit: string, label: number | null } | null} a digit of the visitor's, or another */
    this.other = null;
  }

  async begin() {
    const { shell } = this;
    const files = [read(given.data[shell.language]), read(given.digits ?? "")];
    [this.data, this.digits] = await Promise.all(files);
    shell.said = (_, said) => this.hear(said);
    this.take("r");
    await this.show();
  }

  /** @param {string} kind */
  take(kind) {
    this.kind = kind;
    this.now = { ...this.data[kind] };
    const ids = this.now.models.map((/** @type {Sent} */ { id }) => id);
    const kept = (this.shown ?? FIRST).filter((id) => ids.includes(id));
    this.shown = kept.length ? kept : ids.slice(0, 2);
  }

  /** @param {Sent} said */
  hear(said) {
    if (!said) return;
    this.echo = said.id;
    if (said.wish === "lecture") {
      location.href = given.links.lecture;
      return;
    }
    if (said.kind !== this.kind) this.take(said.kind);
    if (said.own) this.other = { digit: said.own, label: null };
    const { values, mode, kernel, hand } = said;
    Object.assign(this.now, { values, mode, kernel, hand, opening: false });
    if (said.wish === "reset") this.now.values = this.data[this.kind].values;
    if (said.wish === "random") this.now.values = this.random();
    this.show();
  }

  random() {
    const values = { ...this.now.values };
    for (const [key, [low, high, step]] of Object.entries(this.now.bounds)) {
      if (typeof values[key] !== "number" || key.endsWith("_seed")) continue;
      const share = 0.25 + 0.5 * Math.random(); // not the far ends
      values[key] = low + step * Math.round((share * (high - low)) / step);
    }
    return values;
  }

  async show() {
    const { shell, now, shown } = this;
    const { words } = shell;
    const digit = this.other ?? { digit: now.digit, label: now.label };
    const models = now.models.filter((/** @type {Sent} */ { id }) => shown?.includes(id));
    const kinds = Object.keys(this.data).map((kind) => [kind, kind.toUpperCase()]);
    const names = now.models.map((/** @type {Sent} */ { id, name }) => [id, name]);
    const numbers = Array.from({ length: 10 }, (_, i) => [String(i), String(i)]);
    const groups = [
      shell.group(words.digit, /** @type {any} */ (numbers), [String(digit.label)], (value) => {
        const again = String(this.other?.label) === value;
        this.number = again ? (this.number + 1) % (given.each ?? 1) : 0;
        const at = Number(value) * (given.each ?? 1) + this.number;
        this.other = { digit: this.digits[at], label: Number(value) };
        this.show();
      }),
      shell.group(words.distortion, /** @type {any} */ (kinds), [this.kind], (kind) => {
        this.take(kind);
        this.show();
      }),
      shell.group(words.models, names, shown ?? [], (id) => {
        const on = shown?.includes(id);
        const next = on ? shown?.filter((other) => other !== id) : [...(shown ?? []), id];
        this.shown = next?.length ? next : [id];
        this.show();
      }),
    ];
    shell.choices.replaceChildren(...groups);
    await shell.send({ ...now, ...digit, models, echo: this.echo });
  }
}

/** A live figure that asks for no network. */
class Exhibit {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.echo = 0;
    this.number = 0; // of the digit in its class
    /** @type {Sent} by the first group's option */
    this.data = null;
    /** @type {string[]} */
    this.digits = [];
    /** @type {Record<string, string>} options by their groups' keys */
    this.chosen = {};
    /** @type {Sent} */
    this.values = {};
    this.label = "";
    this.digit = "";
  }

  async begin() {
    const { shell } = this;
    const files = [read(given.data[shell.language]), read(given.digits ?? "")];
    [this.data, this.digits] = await Promise.all(files);
    for (const { key, chosen } of this.data.groups) this.chosen[key] = chosen;
    put(found(".about"), this.data.lead);
    shell.said = (_, said) => {
      this.echo = said.id;
      Object.assign(this.values, said.values);
      this.show();
    };
    await this.show();
  }

  async show() {
    const { shell, data, chosen } = this;
    const numbers = Array.from({ length: 10 }, (_, i) => [String(i), String(i)]);
    const each = given.each ?? 1;
    const digits = shell.group(
      shell.words.digit,
      /** @type {any} */ (numbers),
      [this.label],
      (n) => {
        this.number = n === this.label ? (this.number + 1) % each : 0;
        this.label = n;
        this.digit = this.digits[Number(n) * each + this.number];
        this.show();
      },
    );
    const groups = data.groups.map((/** @type {Sent} */ { key, name, options }) =>
      shell.group(name, options, [chosen[key]], (value) => {
        chosen[key] = value;
        this.show();
      }),
    );
    shell.choices.replaceChildren(...groups, digits);
    const sent = data.sent[chosen[data.groups[0].key]];
    const values = { ...sent.values };
    for (const key of Object.keys(values)) values[key] = this.values[key] ?? values[key];
    const digit = this.digit || sent.digit;
    await shell.send({ ...sent, ...chosen, values, digit, echo: this.echo });
  }
}

/** Two recordings of training, side by side. */
class Replay {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {Sent} */
    this.data = null;
    /** @type {string[]} names of recordings; an empty one is none */
    this.chosen = [];
  }

  async begin() {
    const { shell } = this;
    this.data = await read(given.data[shell.language]);
    const names = Object.keys(given.sides ?? {});
    const kept = this.data.chosen.filter((/** @type {string} */ name) => names.includes(name));
    this.chosen = kept.length ? kept : names.slice(0, 1);
    const { left, right, nothing } = shell.words;
    const selects = [left, right].map((name, i) => {
      const options = names.map((text) => element("option", "", { value: text }, text));
      const none = i ? [element("option", "", { value: "" }, nothing)] : [];
      const select = element("select", "", { "aria-label": name }, ...options, ...none);
      select.value = this.chosen[i] ?? "";
      select.onchange = () => {
        this.chosen[i] = select.value;
        this.show();
      };
      return element("fieldset", "", {}, element("legend", "", {}, name), select);
    });
    shell.choices.replaceChildren(...selects);
    await this.show();
  }

  async show() {
    const { words, language, colors, digits } = this.data;
    const files = this.chosen.filter(Boolean).map((name) => (given.sides ?? {})[name]);
    const sides = await Promise.all(files.map(read));
    await this.shell.send({ sides, start: 0, words, language, colors, digits });
  }
}

const shell = new Shell();
shell.begin().catch((error) => {
  const note = element(
    "p",
    "failed",
    { role: "alert" },
    `${shell.words.failed} (${error.message})`,
  );
  shell.place.replaceWith(note);
});
navigator.serviceWorker?.register("worker.js").catch(() => {}); // without it, there is only no offline
