// The pages that need no server: what the app's pages would send to their components lies in files,
// and what a component says comes back to it as the next thing sent.

import { element, put } from "../browser/dom.js";
import { languageOf } from "../browser/language.js";

/** @typedef {Record<string, Record<string, string>>} Words by language */

/**
 * @typedef {object} Given
 * @property {string} page its name in the app
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
 * @property {Record<string, string>} [notes] below the page, by language
 * @property {Record<string, Sent>} [start] what the first page begins with, by language
 * @property {string[]} [kinds] of distortions
 */

/** @typedef {any} Sent what a component is sent */

const given = /** @type {Given} */ (
  JSON.parse(document.getElementById("given")?.textContent ?? "{}")
);
const LANGUAGES = Object.keys(given.words);
const LIVE = "digits"; // the first page
const FIRST = ["cnn", "st-cnn-affine"]; // models
const DIGITS = Array.from({ length: 10 }, (_, i) => String(i));

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

/**
 * @template T
 * @param {T[]} list
 */
const anyOf = (list) => list[Math.floor(list.length * Math.random())];

/**
 * The paragraphs of a page's text, with its **strong** words and its `code`.
 * @param {string} text
 */
const marked = (text) =>
  text.split("\n\n").map((paragraph) => {
    const parts = paragraph.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
      if (part.startsWith("**")) return element("strong", "", {}, part.slice(2, -2));
      return part.startsWith("`") ? element("code", "", {}, part.slice(1, -1)) : part;
    });
    return element("p", "", {}, ...parts);
  });

class Shell {
  constructor() {
    this.language = languageOf(LANGUAGES, true);
    this.words = given.words[this.language];
    this.place = found(".exhibit");
    this.choices = found(".choices");
    /** @type {ShadowRoot | null} */
    this.root = null;
    /** @type {(name: string, value: any) => void} what the component says */
    this.said = () => {};
    /** @type {Promise<string[]> | null} */
    this.digits = null;
  }

  async begin() {
    this.frame();
    if (given.page === "results") return;
    const Page = { [LIVE]: Live, replay: Replay }[given.page] ?? Exhibit;
    await new Page(this).begin();
  }

  frame() {
    const { words } = this;
    document.documentElement.lang = this.language;
    const live = given.page === LIVE;
    document.title = `${words[given.page]} · ${words.title}`;
    put(found("h1"), live ? words.title : words[given.page]);
    const above = live ? words.about : given.page === "results" ? words.table : "";
    this.tell(above, given.notes?.[this.language] ?? "");
    for (const node of document.querySelectorAll("[data-word]")) {
      put(node, words[node.getAttribute("data-word") ?? ""]);
    }
    const { app, ...pages } = given.links;
    const links = Object.entries(pages).map(([name, href]) => {
      const link = element("a", "", { href }, words[name]);
      if (name === given.page) link.setAttribute("aria-current", "page");
      return link;
    });
    const away = app ? [element("a", "", { href: `${app}?lang=${this.language}` }, words.app)] : [];
    const others = LANGUAGES.filter((code) => code !== this.language).map((code) =>
      element("a", "", { href: `?lang=${code}`, lang: code }, given.names[code]),
    );
    const row = element("div", "pages", {}, ...links);
    found("nav").replaceChildren(row, element("div", "", {}, ...away, ...others));
    const present = links.find((link) => link.hasAttribute("aria-current"));
    if (present) row.scrollLeft = present.offsetLeft - (row.clientWidth - present.offsetWidth) / 2;
  }

  /**
   * What is said above and below a component.
   * @param {string} above
   * @param {string} below
   */
  tell(above, below) {
    found(".about").replaceChildren(...marked(above));
    found(".below").replaceChildren(...marked(below));
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

  /**
   * Buttons for digits: the one that is shown gives another of its class.
   * @param {string} name
   * @param {Digit} shown
   * @param {(digit: Digit) => void} choose
   */
  digitGroup(name, shown, choose) {
    const options = DIGITS.map((label) => /** @type {[string, string]} */ ([label, label]));
    const group = this.group(name, options, [String(shown.label)], async (value) => {
      this.digits ??= read(given.digits ?? "");
      const each = given.each ?? 1;
      const again = String(shown.label) === value;
      const number = again ? ((shown.number ?? -1) + 1) % each : 0;
      const digit = (await this.digits)[Number(value) * each + number];
      choose({ digit, label: Number(value), number });
    });
    group.className = "digits";
    return group;
  }
}

/** @typedef {{ digit: string, label: number | null, number?: number }} Digit */

/** The digit under the hand. */
class Live {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.kinds = given.kinds ?? [];
    this.kind = this.kinds[0] ?? "";
    this.echo = 0;
    /** @type {Record<string, Sent>} by kind */
    this.data = { [this.kind]: given.start?.[shell.language] };
    /** @type {string[] | null} */
    this.shown = null; // ids of models
    /** @type {Sent} */
    this.now = null;
    /** @type {Digit | null} a digit of the visitor's, or another */
    this.other = null;
  }

  async begin() {
    this.shell.said = (_, said) => this.hear(said);
    await this.take(this.kind);
    await this.show();
  }

  /** @param {string} kind */
  async take(kind) {
    const { data } = this;
    if (!data[kind]) Object.assign(data, await read(given.data[this.shell.language]));
    this.kind = kind;
    this.now = { ...data[kind] };
    const ids = this.now.models.map((/** @type {Sent} */ { id }) => id);
    const kept = (this.shown ?? FIRST).filter((id) => ids.includes(id));
    this.shown = kept.length ? kept : ids.slice(0, 2);
  }

  /** @param {Sent} said */
  hear(said) {
    if (said?.kind !== this.kind) return;
    this.echo = said.id;
    if (said.wish === "lecture") {
      location.href = given.links.lecture;
      return;
    }
    if (said.own) this.other = { digit: said.own, label: null };
    const { values, mode, kernel, hand } = said;
    Object.assign(this.now, { values, mode, kernel, hand, opening: false });
    if (said.wish === "reset") this.now.values = this.data[this.kind].values;
    if (said.wish === "random") this.now.values = { ...values, ...anyOf(this.now.drawn) };
    this.show();
  }

  async show() {
    const { shell, now, shown } = this;
    const { words } = shell;
    const digit = this.other ?? { digit: now.digit, label: now.label };
    const models = now.models.filter((/** @type {Sent} */ { id }) => shown?.includes(id));
    const kinds = this.kinds.map((kind) => [kind, kind.toUpperCase()]);
    const names = now.models.map((/** @type {Sent} */ { id, name }) => [id, name]);
    const groups = [
      shell.digitGroup(words.digit, digit, (other) => {
        this.other = other;
        this.show();
      }),
      shell.group(words.distortion, /** @type {any} */ (kinds), [this.kind], async (kind) => {
        await this.take(kind);
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
    await shell.send({ ...now, digit: digit.digit, label: digit.label, models, echo: this.echo });
  }
}

/** A live figure, with one digit or with two. */
class Exhibit {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.echo = 0;
    /** @type {Sent} its choices, and what is sent for each option of the first one */
    this.data = null;
    /** @type {Record<string, string>} options by their groups' keys */
    this.chosen = {};
    /** @type {Sent[]} values that the hand has left, of each digit */
    this.values = [{}, {}];
    /** @type {Record<string, number[] | null>} the theta that it has left, by the first option */
    this.thetas = {};
    /** @type {Digit[]} */
    this.digits = [];
  }

  async begin() {
    const { shell } = this;
    this.data = await read(given.data[shell.language]);
    for (const { key, chosen } of this.data.groups) this.chosen[key] = chosen;
    shell.said = (_, said) => this.hear(said);
    await this.show();
  }

  get option() {
    return this.chosen[this.data.groups[0].key];
  }

  /** @param {Sent} said */
  hear(said) {
    const { neutral, drawn } = this.data.sent[this.option];
    this.echo = said.id;
    [said.values].flat().forEach((values, at) => {
      const straight = said.wish === "upright" && neutral;
      const random = said.wish === "random" && anyOf(drawn);
      Object.assign(this.values[at], straight || random || values);
    });
    if ("theta" in said) this.thetas[this.option] = said.theta;
    this.show();
  }

  async show() {
    const { shell, data, chosen, option } = this;
    const sent = data.sent[option];
    const names = sent.digits ? [sent.words.first, sent.words.second] : [shell.words.digit];
    const begun = (/** @type {number} */ at) =>
      sent.digits
        ? { digit: sent.digits[at], label: sent.labels[at] }
        : { digit: sent.digit, label: sent.label };
    const digits = names.map((_, at) => this.digits[at] ?? begun(at));
    const groups = data.groups.map((/** @type {Sent} */ { key, name, options }) =>
      shell.group(name, options, [chosen[key]], (value) => {
        chosen[key] = value;
        this.show();
      }),
    );
    const numbers = names.map((name, at) =>
      shell.digitGroup(name, digits[at], (digit) => {
        this.digits[at] = digit;
        this.show();
      }),
    );
    shell.choices.replaceChildren(...groups, ...numbers);
    shell.tell(sent.lead, sent.note);
    const values = [sent.values].flat().map((own, at) => kept(own, this.values[at]));
    const theta = this.thetas[option] ?? sent.theta;
    const shown = sent.digits
      ? { values, digits: digits.map((one) => one.digit), labels: digits.map((one) => one.label) }
      : { values: values[0], digit: digits[0].digit, label: digits[0].label, theta };
    await shell.send({ ...sent, ...chosen, ...shown, echo: this.echo });
  }
}

/**
 * Values, of which a hand may have left others.
 * @param {Sent} values
 * @param {Sent} left
 */
const kept = (values, left) =>
  Object.fromEntries(Object.keys(values).map((key) => [key, left[key] ?? values[key]]));

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

/** Keeps the site for later, once the page has what it needs itself; without it, nothing is lost. */
function keep() {
  const later = window.requestIdleCallback ?? setTimeout; // Safari has none
  later(() => navigator.serviceWorker?.register("worker.js").catch(() => {}));
}

const shell = new Shell();
shell.begin().then(keep, (error) => {
  const note = element(
    "p",
    "failed",
    { role: "alert" },
    `${shell.words.failed} (${error.message})`,
  );
  shell.place.replaceWith(note);
});
