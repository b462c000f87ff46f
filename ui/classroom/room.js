// The lecturer's room: opened, steered and closed by this browser, which alone has its secret. What
// was guessed at each step stays here, too, for the picture of the whole lecture.

import { element, fill, put } from "../browser/dom.js";
import { themeOf } from "../browser/theme.js";
import { Bars, sharesOf } from "./bars.js";
import { Events } from "./events.js";
import { networkAt } from "../browser/networks.js";
import { download, paintOverview, table } from "./overview.js";
import { Scene } from "./scene.js";

/** @import { Chart, Series } from "./bars.js" */
/** @import { Entry } from "./overview.js" */
/** @import { Step, Told } from "./phone.js" */

/**
 * What component.py sends.
 * @typedef {object} Data
 * @property {string} lesson
 * @property {number} at
 * @property {Record<string, string>} words
 * @property {string} language
 */

/**
 * What this browser keeps.
 * @typedef {object} Kept
 * @property {string} room
 * @property {string} secret
 * @property {string} lesson
 * @property {number} at
 * @property {boolean} answered
 * @property {number} choices of the question
 * @property {boolean} hides
 * @property {number} used when, in ms
 * @property {string} address
 * @property {string[]} qr
 */

const KEPT = "stn class";
const RESULTS = "stn class results";
const IDLE = 2 * 3600 * 1000; // ms, as the server has it
const AGAIN = 1500; // ms until a step that did not reach the server is sent again
const CLASS = new URL("../../../../class", import.meta.url).href;
const DIGITS = Array.from({ length: 10 }, (_, i) => String(i));
const SVG = "http://www.w3.org/2000/svg";

/** @param {string} key */
function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value null to forget it
 */
function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // it lasts as long as the page
  }
}

/** @param {number} count */
const nonzero = (count) => (count ? String(count) : "");

/** The room itself: one for all the places of the page that show it. */
class Room {
  constructor() {
    /** @type {Kept | null} */
    this.kept = recall(KEPT);
    if (this.kept && Date.now() - this.kept.used > IDLE) this.kept = null;
    /** @type {Entry[]} */
    this.results = recall(RESULTS) ?? [];
    /** @type {Told | null} */
    this.told = null;
    this.here = 0;
    /** @type {number[]} */
    this.tally = [];
    this.problem = "";
    this.lost = false;
    /** @type {Set<() => void>} */
    this.watchers = new Set();
    /** @type {Events | null} */
    this.events = null;
    this.steering = Promise.resolve();
    /** @type {number | undefined} */
    this.timer = undefined;
    if (this.kept) this.begin(this.kept);
    document.addEventListener("toggle", (event) => this.toggled(event), true);
  }

  /** The panel's answer is opened or shut. */
  /** @param {Event} event */
  toggled(event) {
    const { target } = event;
    if (!this.kept || !(target instanceof HTMLDetailsElement)) return;
    if (target.matches(".lecture details")) this.steer({ answered: target.open });
  }

  notify() {
    for (const watcher of this.watchers) watcher();
  }

  async open() {
    const answer = await this.ask("", "POST", {});
    if (!answer.ok) {
      this.problem = (await answer.json().catch(() => ({}))).detail ?? String(answer.status);
      return this.notify();
    }
    const { room, secret } = await answer.json();
    const now = { lesson: "", at: 0, answered: false, choices: 0, hides: true, used: Date.now() };
    this.kept = { room, secret, ...now, address: "", qr: [] };
    this.problem = "";
    this.results = [];
    keep(RESULTS, null);
    this.begin(this.kept);
    await this.steer({});
  }

  /** @param {Kept} kept */
  begin({ room, secret }) {
    this.events?.end();
    const headers = { Authorization: `Bearer ${secret}` };
    /** @type {(status: number) => void} */
    const status = (status) => {
      this.lost = status !== 200;
      if (status === 404) this.restore();
      this.notify();
    };
    /** @type {(kind: string, data: any) => void} */
    const event = (kind, data) => this.hear(kind, data);
    this.events = new Events(`${CLASS}/${room}/events`, { event, status }, headers);
  }

  /** The server knows the room no longer: it was restarted, or nobody used the room. */
  restore() {
    const { kept } = this;
    if (kept && Date.now() - kept.used > IDLE) this.forget();
    else this.steer({});
  }

  /**
   * To another step, or its answer; one wish after the other.
   * @param {Partial<Pick<Kept, "lesson" | "at" | "answered" | "hides">>} change
   */
  steer(change) {
    const { kept } = this;
    if (!kept) return this.steering;
    Object.assign(kept, change, { used: Date.now() });
    keep(KEPT, kept);
    this.notify();
    clearTimeout(this.timer);
    const wish = async () => {
      if (this.kept !== kept) return;
      const { lesson, at, answered } = kept;
      const known = this.told?.question === `${lesson}/${at}` ? this.told.step?.vote : 0;
      kept.choices = known ?? kept.choices;
      const from = CLASS.replace(/\/class$/, "");
      const said = { lesson, at, answered, choices: kept.choices, from };
      const answer = await this.ask(`/${kept.room}`, "PUT", said);
      if (answer.status === 403) return this.forget();
      if (answer.status === 429 || answer.status >= 500) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.steer({}), AGAIN);
      }
      if (!answer.ok) return;
      Object.assign(kept, await answer.json());
      keep(KEPT, kept);
      this.notify();
    };
    this.steering = this.steering.then(wish, wish);
    return this.steering;
  }

  async close() {
    const { kept } = this;
    if (!kept) return;
    await this.steering.catch(() => {});
    await this.ask(`/${kept.room}`, "DELETE", {});
    this.forget();
  }

  forget() {
    this.events?.end();
    this.kept = null;
    this.told = null;
    keep(KEPT, null);
    this.notify();
  }

  clear() {
    this.results = [];
    keep(RESULTS, null);
    this.notify();
  }

  /**
   * @param {string} path
   * @param {string} method
   * @param {object} said
   */
  async ask(path, method, said) {
    const headers = {
      "Content-Type": "application/json",
      Authorization: `Bearer ${this.kept?.secret ?? ""}`,
    };
    try {
      return await fetch(CLASS + path, { method, headers, body: JSON.stringify(said) });
    } catch (error) {
      return new Response(JSON.stringify({ detail: String(error) }), { status: 599 });
    }
  }

  /**
   * @param {string} kind
   * @param {any} data
   */
  hear(kind, data) {
    if (kind === "closed") return this.forget();
    if (kind === "state") this.arrive(data);
    if (kind === "votes" && data.question === this.told?.question) {
      this.tally = data.tally;
      this.here = data.here;
      this.record({ tally: data.tally });
    } else if (kind === "votes") this.here = data.here;
    this.notify();
  }

  /** @param {Told} told */
  arrive(told) {
    if (told.question !== this.told?.question) this.tally = [];
    if (told.tally) this.tally = told.tally;
    this.told = told;
    this.think(told);
  }

  /** @returns {Entry | undefined} what is kept of the present step */
  get entry() {
    return this.results.find((entry) => entry.question === this.told?.question);
  }

  /** @returns {boolean} whether the present guesses are kept back until the answer */
  get hides() {
    return !!this.kept?.hides && !this.told?.answered;
  }

  /** @returns {Entry[]} what may be seen */
  get seen() {
    return this.results.filter((entry) => !this.hides || entry !== this.entry);
  }

  /** @param {Partial<Entry>} more */
  record(more) {
    const { told } = this;
    const { step } = told ?? {};
    if (!told || !step?.vote) return;
    let { entry } = this;
    if (!entry) {
      const { title, question, choices, vote, at } = step;
      const asked = { title, asked: choices ? question : null, choices, vote, at };
      entry = { question: told.question, ...asked, right: null, tally: [], networks: [] };
      this.results = [...this.results, entry].sort((a, b) => a.at - b.at);
    }
    Object.assign(entry, more);
    if (step.right !== null) entry.right = step.right;
    keep(RESULTS, this.results);
  }

  /**
   * What the networks answer to the step's picture.
   * @param {Told} told
   */
  async think(told) {
    const { step } = told;
    this.record({});
    if (!step?.stage || step.choices || this.entry?.networks.length) return;
    const scene = new Scene(step.stage);
    const image = scene.image();
    const networks = [];
    for (const { name, file } of scene.models) {
      try {
        const network = await networkAt(`${CLASS}/models/${file}`);
        networks.push({ name, probabilities: network.answer(image).probabilities });
      } catch {
        // it is missing from the picture, then
      }
    }
    if (this.told?.question !== told.question) return;
    this.record({ networks });
    this.notify();
  }
}

/** @type {Room | null} */
let shared = null;

/** One place of the page that shows the room. */
class View {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    shared ??= new Room();
    this.room = shared;
    /** @type {Data | null} */
    this.data = null;
    this.went = ""; // where the page led the room
    this.bars = new Bars();
    this.large = new Bars();
    this.root = element("section", "class-room");
    this.dialog = element("dialog", "class-large");
    this.picture = element("canvas", "class-picture", { role: "img" });
    this.shape = "";
    /** @type {Record<string, HTMLElement>} */
    this.parts = {};
    parent.append(this.root, this.dialog);
    const watch = () => {
      if (this.root.isConnected) this.draw();
      else this.room.watchers.delete(watch);
    };
    this.room.watchers.add(watch);
    this.watch = watch;
  }

  /** @param {Data} data */
  update(data) {
    const words = JSON.stringify(data.words);
    if (this.data && words !== JSON.stringify(this.data.words)) this.shape = "";
    this.data = data;
    this.room.watchers.add(this.watch);
    const { lesson, at } = data;
    const { kept } = this.room;
    const goal = `${kept?.room} ${lesson} ${at}`;
    if (kept && at && goal !== this.went) {
      this.went = goal;
      if (kept.lesson !== lesson || kept.at !== at)
        this.room.steer({ lesson, at, answered: false });
    }
    this.draw();
  }

  // ---- what is shown

  draw() {
    const { data, room } = this;
    if (!data) return;
    const { kept, told, problem } = room;
    const shape = JSON.stringify([kept?.room, kept?.qr, kept?.address, data.at > 0, data.language]);
    const more = JSON.stringify([!!room.seen.length, problem]);
    if (shape + more !== this.shape) this.build();
    this.shape = shape + more;
    const { words } = data;
    if (kept) {
      put(this.parts.here, fill(words.room_here, { count: room.here }));
      const voted = room.tally.reduce((a, b) => a + b, 0);
      const asked = !!told?.step?.vote;
      const nothing = told?.step ? words.room_no_vote : words.room_begin;
      put(this.parts.voted, asked ? fill(words.room_voted, { count: voted }) : nothing);
      put(this.parts.lost, room.lost ? words.room_lost : "");
      const question = told?.step?.choices ? this.say(told.step.question) : words.which_digit;
      put(this.parts.question, asked ? question : told?.step ? "" : words.join);
      this.drawBars(asked);
      const [here, guessed] = [this.parts.here, this.parts.voted].map((part) => part.textContent);
      put(this.parts.largeCount, told?.step ? `${here} · ${guessed}` : here);
    }
    if (!data.at && room.seen.length) this.drawPicture();
  }

  /** @param {boolean} asked */
  drawBars(asked) {
    const { data, room } = this;
    const chart = asked && data ? this.chart() : null;
    const hidden = room.hides;
    this.bars.root.hidden = this.large.root.hidden = !chart || hidden;
    this.parts.png.hidden = this.parts.csv.hidden = !chart;
    const later = asked && hidden && data ? data.words.room_hidden : "";
    for (const part of [this.parts.hidden, this.parts.largeHidden]) put(part, later);
    if (!chart || hidden) return;
    this.bars.show(chart);
    this.large.show(chart);
  }

  /** @returns {Chart | null} */
  chart() {
    const { data, room } = this;
    const step = room.told?.step;
    if (!data || !step) return null;
    const labels = step.choices?.map((choice) => this.say(choice)) ?? DIGITS.slice(0, step.vote);
    const tally = labels.map((_, i) => room.tally[i] ?? 0);
    /** @type {Series[]} */
    const series = [
      {
        name: data.words.room_class,
        look: "class",
        shares: sharesOf(tally),
        said: tally.map(nonzero),
      },
    ];
    (room.entry?.networks ?? []).forEach(({ name, probabilities }, i) => {
      const said = probabilities.map((value) => nonzero(Math.round(100 * value)));
      const look = i ? "network second" : "network";
      series.push({ name: `${name}, %`, look, shares: probabilities, said });
    });
    const right = room.told?.answered ? step.right : null;
    return { labels, series, right, mine: null, words: data.words };
  }

  /** @param {Record<string, string> | null | undefined} text */
  say(text) {
    return text?.[this.data?.language ?? "en"] ?? text?.en ?? Object.values(text ?? {})[0] ?? "";
  }

  build() {
    const { data, room } = this;
    if (!data) return;
    const { kept } = room;
    if (!kept) this.dialog.close();
    const parts = [];
    if (kept) parts.push(...this.opened(kept));
    else if (!data.at) parts.push(...this.closed());
    if (!data.at && room.seen.length) parts.push(...this.whole());
    this.root.replaceChildren(...parts);
    this.root.hidden = !parts.length;
  }

  closed() {
    const { words } = /** @type {Data} */ (this.data);
    const open = button("primary", words.room_open, () => this.room.open());
    const parts = [element("p", "", {}, words.room_about), open];
    const { problem } = this.room;
    if (problem) {
      const why = fill(words.room_refused, { why: problem });
      parts.push(element("p", "problem", { role: "alert" }, why));
    }
    return parts;
  }

  /** @param {Kept} kept */
  opened(kept) {
    const { words, at } = /** @type {Data} */ (this.data);
    const here = element("span", "here");
    const voted = element("span", "voted");
    const hidden = element("p", "hidden");
    const largeHidden = element("p", "hidden");
    const lost = element("p", "problem", { role: "status" });
    const largeCount = element("p", "count");
    const question = element("h2");
    const tick = element("input", "", { type: "checkbox" });
    tick.checked = kept.hides;
    tick.onchange = () => {
      kept.hides = tick.checked;
      keep(KEPT, kept);
      this.room.notify();
    };
    const hides = element("label", "hides", {}, tick, ` ${words.room_hide}`);
    const { room } = this;
    const [png, csv] = this.exports(() => (room.entry ? [room.entry] : []), `class-${at}`);
    this.parts = { here, voted, hidden, largeHidden, lost, largeCount, png, csv, question };
    const code = element("b", "code", {}, kept.room);
    const large = button("", words.room_large, () => this.dialog.showModal());
    const close = button("", words.room_close, () => {
      if (close.classList.toggle("sure")) put(close, words.room_sure);
      else this.room.close();
    });
    const head = element("div", "head", {}, code, here, voted, large);
    const address = element("a", "address", { href: kept.address, target: "_blank" }, kept.address);
    const local = /^https?:\/\/(localhost|127\.|\[::1\])/.test(kept.address);
    const warning = local ? [element("p", "problem", {}, words.room_local)] : [];
    const small = button("", words.room_small, () => this.dialog.close());
    const below = element("div", "tools", {}, hides, png, csv, close, small);
    const left = element("div", "way", {}, this.qr(kept), element("p", "code", {}, kept.room));
    left.append(element("p", "address", {}, kept.address));
    const right = element("div", "guesses", {}, question, largeCount, largeHidden);
    right.append(this.large.root);
    this.dialog.replaceChildren(element("div", "sides", {}, left, right), below);
    if (at) return [head, this.bars.root, hidden, lost];
    return [head, element("div", "way", {}, this.qr(kept), address), ...warning, lost];
  }

  /** @param {Kept} kept */
  qr({ qr, address }) {
    const { words } = /** @type {Data} */ (this.data);
    const side = qr.length + 8; // with the margin that scanners want
    const svg = document.createElementNS(SVG, "svg");
    const dark = qr.flatMap((row, y) =>
      [...row].flatMap((bit, x) => (bit === "1" ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])),
    );
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", dark.join(""));
    svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
    svg.setAttribute("class", "qr");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", fill(words.room_qr, { address }));
    svg.append(path);
    return svg;
  }

  // ---- the whole lecture

  whole() {
    const { words } = /** @type {Data} */ (this.data);
    const { room } = this;
    const forget = button("", words.room_forget, () => room.clear());
    const tools = [...this.exports(() => room.seen, "class"), ...(room.kept ? [] : [forget])];
    const head = element("h5", "", {}, words.room_picture);
    return [head, this.picture, element("div", "tools", {}, ...tools)];
  }

  /**
   * Buttons that save entries as a picture and as a table.
   * @param {() => Entry[]} entries
   * @param {string} name of the files
   */
  exports(entries, name) {
    const { words } = /** @type {Data} */ (this.data);
    const png = button("", words.room_png, () => {
      const canvas = element("canvas");
      this.paint(canvas, entries());
      canvas.toBlob((blob) => blob && download(blob, `${name}.png`));
    });
    const csv = button("", words.room_csv, () => {
      const text = table(entries(), (said) => this.say(said), words);
      download(new Blob([text], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
    });
    return [png, csv];
  }

  drawPicture() {
    this.paint(this.picture, this.room.seen);
    this.picture.setAttribute("aria-label", this.data?.words.room_picture ?? "");
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Entry[]} entries
   */
  paint(canvas, entries) {
    const { words } = /** @type {Data} */ (this.data);
    paintOverview(canvas, entries, (said) => this.say(said), words, themeOf(this.root));
  }
}

/**
 * @param {string} className
 * @param {string} text
 * @param {() => void} act
 */
function button(className, text, act) {
  const made = element("button", className, { type: "button" }, text);
  made.onclick = act;
  return made;
}

/** @typedef {HTMLElement & { classRoom?: View }} Parent */

/**
 * @param {object} component
 * @param {Data} component.data
 * @param {Parent} component.parentElement
 */
export function show({ data, parentElement }) {
  parentElement.classRoom ??= new View(parentElement);
  parentElement.classRoom.update(data);
}
